"""Second blind part: changes that take each other back and checks of what is done, beside changes that add up."""
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from tests.cases.grammars.blind2_parts import fine, hexes, loop, stamp
from tests.cases.grammars.parts import Draft, drawn, llm, tool, user


def done_and_undone() -> Iterator[Draft]:
    """Edits that are made, taken back and made again."""
    d = drawn("done_and_undone")
    good, bad = "const TTL = parseInt(process.env.TTL ?? '60', 10);", "const TTL = Number(process.env.TTL) || 60;"
    steps = [user("TTL=0 must be allowed. Make the test pass."), tool("bash", {"cmd": "npm test -- ttl"}, "FAIL test/ttl.spec.ts\n  ● TTL 0 is kept\n    expected 0, received 60\n  at Object.<anonymous> (test/ttl.spec.ts:14:22)\nTests: 1 failed, 5 passed")]
    for i in range(5):
        a, b = (bad, good) if i % 2 == 0 else (good, bad)
        steps += [tool("str_replace", {"path": "dist/config.js", "old_str": a, "new_str": b}, f"The file dist/config.js has been edited. Snippet:\n    11  'use strict';\n    12  {b}\n    13  exports.TTL = TTL;"), tool("bash", {"cmd": "npm test -- ttl"}, f"FAIL test/ttl.spec.ts\n  ● TTL 0 is kept\n    expected 0, received 60\n  at Object.<anonymous> (test/ttl.spec.ts:14:22)\nTests: 1 failed, 5 passed, 6 total\nTime: {d.uniform(1, 3):.3f} s"), llm(["That did not help, so I revert it.", "The original line did not help either; parseInt is right.", "Back to Number.", "Once more with parseInt.", "Reverting."][i])]
    yield loop("edits-in-dist", "A line of the built file is changed to and fro, while the test reads the sources.", steps, call=4)

    steps = [user("Setze im Vertrag die Frist auf drei Monate.")]
    for i in range(6):
        steps += [tool("absatz_ersetzen", {"dokument": "Rahmenvertrag.docx", "absatz": "§ 12 Abs. 2", "text": "Die Kündigungsfrist beträgt drei Monate zum Quartalsende." if i % 2 == 0 else "Die Kündigungsfrist beträgt drei Monate zum Ende eines Quartals."}, {"geaendert": True, "revision": 40 + i, "hinweis": "Vorlagentext: wird beim Speichern aus Klauselbank 12.2 überschrieben"}), tool("absatz_lesen", {"dokument": "Rahmenvertrag.docx", "absatz": "§ 12 Abs. 2"}, {"text": "Die Kündigungsfrist beträgt sechs Monate zum Jahresende.", "revision": 40 + i, "quelle": "Klauselbank 12.2"})]
    yield loop("klauselbank", "Sechsmal wird der Absatz ersetzt, und sechsmal setzt die Klauselbank ihn zurück.", steps, call=3)

    steps = [user("Haz que el botón sea azul corporativo."), tool("leer", {"archivo": "css/boton.css"}, ".btn { color: #fff; background: #888; border-radius: 4px; padding: 6px 14px }\n.btn:hover { background: #777 }\n/* tema: !important en css/tema-navidad.css */")]
    for i in range(6):
        c = ["#0A3D91", "#0B3E92", "#0A3D91 !important", "#0A3D91", "rgb(10,61,145)", "var(--azul)"][i]
        steps += [tool("editar", {"archivo": "css/boton.css", "buscar": "background:.*;", "poner": f"background: {c};"}, "1 sustitución"), tool("captura", {"url": "http://localhost:5173/", "selector": ".btn"}, {"color_fondo": "rgb(178, 24, 43)", "origen": "css/tema-navidad.css:3", "png": f"{hexes(d, 10)}.png"})]
        if i % 2:
            steps += [llm("El botón sigue rojo; ajusto el valor.")]
    yield loop("boton-sigue-rojo", "Seis valores en el archivo que no manda; la captura dice cada vez de cuál viene el rojo.", steps, call=4)

    steps = [user("Merge the two customer records of Ms Obi.")]
    for i in range(5):
        steps += [tool("crm.merge", {"keep": "C-118" if i % 2 == 0 else "C-940", "drop": "C-940" if i % 2 == 0 else "C-118"}, {"merged": True, "undo_token": hexes(d, 12)}), tool("crm.get", {"id": "C-118" if i % 2 == 0 else "C-940"}, {"name": "Ngozi Obi", "addresses": 1, "orders": 4, "lost_fields": ["loyalty_no"], "modified": stamp(i * 2)}), tool("crm.undo_merge", {"reason": "loyalty number lost"}, {"restored": ["C-118", "C-940"], "at": stamp(i * 2 + 1)})]
    yield loop("merge-and-unmerge", "The two records are merged and parted five times over one lost field.", steps, call=4)


def file_by_file() -> Iterator[Draft]:
    """The same kind of change to one thing after the other."""
    d = drawn("file_by_file")
    steps = [user("Move all route handlers from callbacks to async/await.")]
    for f, fn in [("users", "getUser"), ("users", "putUser"), ("orders", "listOrders"), ("orders", "cancelOrder"), ("carts", "addItem"), ("carts", "checkout"), ("files", "upload"), ("search", "suggest"), ("admin", "impersonate"), ("health", "ready")]:
        steps += [tool("str_replace", {"path": f"src/routes/{f}.js", "old_str": f"function {fn}(req, res, next) {{\n  db.{fn}(req.params, (err, row) => {{\n    if (err) return next(err);\n    res.json(row);\n  }});\n}}", "new_str": f"async function {fn}(req, res) {{\n  res.json(await db.{fn}(req.params));\n}}"}, f"The file src/routes/{f}.js has been edited.")]
        if d.random() < 0.4:
            steps += [tool("bash", {"cmd": f"npx eslint src/routes/{f}.js && npx mocha test/{f}.spec.js"}, f"  {d.randint(3, 11)} passing ({d.randint(20, 90)}ms)")]
    steps += [tool("bash", {"cmd": "npm test"}, "  84 passing (2s)")]
    yield fine("callbacks-to-async", "Ten handlers of seven files get the same change once each, and all tests pass.", steps)

    steps = [user("Passe die Widerrufsfrist in allen Vertragsvorlagen an.")]
    for f in ["Strom-Privat", "Strom-Gewerbe", "Gas-Privat", "Gas-Gewerbe", "Wärme", "Internet-50", "Internet-250", "Wasser"]:
        steps += [tool("absatz_ersetzen", {"dokument": f"{f}.docx", "absatz": "Widerruf", "text": "Sie können binnen vierzehn Tagen ohne Angabe von Gründen widerrufen."}, {"geaendert": True, "revision": d.randint(3, 60)}), tool("absatz_lesen", {"dokument": f"{f}.docx", "absatz": "Widerruf"}, {"text": "Sie können binnen vierzehn Tagen ohne Angabe von Gründen widerrufen."})]
    yield fine("widerruf-in-acht-vorlagen", "Acht Vorlagen erhalten denselben Absatz, und jede wird einmal nachgelesen.", steps)

    steps = [user("Review this merge request, 14 files.")]
    for f, c in [("api/auth.py", "token compared with ==, use hmac.compare_digest"), ("api/users.py", None), ("api/export.py", "streams the whole table into memory"), ("core/clock.py", None), ("core/money.py", "float for cents"), ("core/ids.py", None), ("db/0042_add_index.sql", "needs CONCURRENTLY"), ("db/0043_backfill.sql", None), ("web/login.tsx", "label without htmlFor"), ("web/export.tsx", None), ("tests/test_auth.py", None), ("tests/test_money.py", "only round amounts")]:
        steps += [tool("get_diff", {"mr": 412, "file": f}, f"diff --git a/{f} b/{f}\nindex {hexes(d, 7)}..{hexes(d, 7)}\n@@ -{d.randint(1, 90)},6 +{d.randint(1, 90)},{d.randint(7, 30)} @@ … {d.randint(4, 60)} lines added, {d.randint(0, 20)} removed; touches {f.split('/')[-1].split('.')[0]}")]
        steps += [tool("post_comment", {"mr": 412, "file": f, "body": c}, {"note": d.randint(90000, 99999)})] if c else []
    yield fine("merge-request-412", "Twelve files are read once each and commented on where there is something to say.", steps)

    steps = [user("Traduza as legendas do episódio, bloco por bloco.")]
    for i, (en, pt) in enumerate([("You came back.", "Você voltou."), ("I never left.", "Eu nunca fui embora."), ("The harbour is closed.", "O porto está fechado."), ("Then we swim.", "Então a gente nada."), ("In this weather?", "Com esse tempo?"), ("Exactly in this weather.", "Justamente com esse tempo."), ("You are mad.", "Você é doido."), ("And you are my sister.", "E você é minha irmã."), ("Fine. After you.", "Tá bom. Você primeiro.")], 1):
        steps += [tool("legenda_gravar", {"episodio": "S02E05", "bloco": i, "inicio": f"00:0{i % 6}:{10 + i * 3}.200", "original": en, "texto": pt}, {"bloco": i, "cps": round(d.uniform(8, 16), 1), "linhas": 1})]
    yield fine("legendas-s02e05", "Nine blocks of subtitles, each with its own line, written once each.", steps)


def knob_to_and_fro() -> Iterator[Draft]:
    """Settings that swing between two values, whatever is measured."""
    d = drawn("knob_to_and_fro")
    steps = [user("Keep the greenhouse at 22 degrees and 60 % humidity.")]
    for i in range(6):
        steps += [tool("vent.set", {"open_pct": 80 if i % 2 == 0 else 10}, {"ack": True, "valve": 80 if i % 2 == 0 else 10, "msg": hexes(d, 6)}), tool("climate.read", {}, {"temp_c": round((19.6 if i % 2 == 0 else 24.5) + d.uniform(-0.2, 0.2), 1), "humidity_pct": round((48 if i % 2 == 0 else 73) + d.uniform(-1, 1)), "heater": "off", "at": stamp(i * 12)}), llm("Too cold and dry, closing the vents." if i % 2 == 0 else "Too warm and moist, opening the vents.")]
    yield loop("greenhouse-vents", "The vents swing between the same two settings six times, and the climate with them.", steps, call=5)

    steps = [user("Reduziere die Kosten je Klick unter 40 Cent, ohne Klicks zu verlieren.")]
    for _ in range(5):
        steps += [tool("gebot_setzen", {"kampagne": "Fahrrad-Herbst", "gebot_eur": 0.35}, {"status": "ok", "aenderung": hexes(d, 8)}), tool("bericht", {"kampagne": "Fahrrad-Herbst", "tag": "heute"}, {"cpc_eur": 0.34, "klicks": 12 + d.randint(-1, 1), "verloren": "82 % Rang"}), tool("gebot_setzen", {"kampagne": "Fahrrad-Herbst", "gebot_eur": 0.55}, {"status": "ok", "aenderung": hexes(d, 8)}), tool("bericht", {"kampagne": "Fahrrad-Herbst", "tag": "heute"}, {"cpc_eur": 0.53, "klicks": 160 + d.randint(-3, 3), "verloren": "7 % Rang"})]
    yield loop("gebot-35-oder-55", "Fünfmal 35 und fünfmal 55 Cent, mit denselben zwei Ergebnissen; dazwischen wird nichts versucht.", steps, call=5)

    steps = [user("The autoscaler flaps, please tune it."), tool("kubectl", "get hpa api -o yaml", "minReplicas: 4\nmaxReplicas: 20\nmetrics:\n- resource: {name: cpu, target: {averageUtilization: 70}}\nbehavior: {scaleDown: {stabilizationWindowSeconds: 0}}")]
    for i in range(6):
        v = 50 if i % 2 == 0 else 70
        steps += [tool("kubectl", f"patch hpa api --type=merge -p '{{\"spec\":{{\"metrics\":[{{\"resource\":{{\"name\":\"cpu\",\"target\":{{\"averageUtilization\":{v}}}}}}}]}}}}'", "horizontalpodautoscaler.autoscaling/api patched"), tool("kubectl", "get events --field-selector reason=SuccessfulRescale", f"{d.randint(10, 50)}s SuccessfulRescale hpa/api New size: {d.choice([4, 5])}; reason: All metrics below target\n{d.randint(51, 99)}s SuccessfulRescale hpa/api New size: {d.choice([11, 12])}; reason: cpu above target")]
    steps += [llm("It still flaps. I'll set the target back to 50.")]
    yield loop("hpa-50-70", "The target goes to 50 and back to 70 six times, and the replicas flap as before.", steps, call=4)

    steps = [user("Ajuste o brilho da esteira de inspeção para ler as etiquetas.")]
    for i in range(7):
        steps += [tool("camera.exposicao", {"us": 800 if i % 2 else 3200}, "ok"), tool("ocr.ler", {"janela": "etiqueta"}, {"texto": "", "motivo": "saturado" if i % 2 == 0 else "subexposto", "quadro": d.randint(10000, 99999), "confianca": 0.0})]
    yield loop("exposicao-da-camera", "A exposição vai e volta entre dois valores, saturado e escuro, e nenhum valor intermediário é tentado.", steps, call=5)


def knob_by_measure() -> Iterator[Draft]:
    """Settings moved step by step, with a figure that says whether it helped."""
    d = drawn("knob_by_measure")
    steps = [user("Find the batch size with the best throughput.")]
    for b, t in [(8, 112), (16, 208), (32, 371), (64, 590), (128, 702), (256, 655), (192, 731), (160, 744), (176, 739)]:
        steps += [tool("bench", {"model": "ranker-s", "batch": b, "steps": 200}, f"batch {b}: {t + d.uniform(-3, 3):.1f} items/s, p95 {b * d.uniform(1.2, 1.5):.0f} ms, mem {2 + b * 0.06:.1f} GiB, run {hexes(d, 6)}")]
    steps += [llm("160 is best with 744 items/s.")]
    yield fine("batch-size", "Nine sizes are measured around a summit, and the best is named.", steps)

    steps = [user("Optimiere das Gebot in kleinen Schritten.")]
    for g, c, k in [(0.35, 0.34, 12), (0.55, 0.53, 160), (0.45, 0.43, 96), (0.41, 0.40, 71), (0.43, 0.41, 88), (0.42, 0.40, 84)]:
        steps += [tool("gebot_setzen", {"kampagne": "Fahrrad-Herbst", "gebot_eur": g}, {"status": "ok"}), tool("bericht", {"kampagne": "Fahrrad-Herbst"}, {"cpc_eur": c, "klicks": k, "kosten_eur": round(c * k, 2)}), llm(f"{g:.2f} Euro: {k} Klicks zu {c:.2f}.")]
    yield fine("gebot-halbiert", "Die Spanne wird halbiert, bis 42 Cent die meisten Klicks zum Zielpreis bringen.", steps)

    steps = [user("Calibre o braço: erro abaixo de 0,1 mm.")]
    for i, e in enumerate([2.41, 1.18, -0.62, 0.33, -0.17, 0.08]):
        steps += [tool("braco.offset", {"eixo": "z", "mm": round(-0.51 * e, 2)}, "aplicado"), tool("braco.medir", {"alvo": "placa A", "repeticoes": 5}, {"erro_mm": e, "desvio": round(d.uniform(0.01, 0.05), 3), "ciclo": i + 1})]
    yield fine("calibracao-do-braco", "O erro cai de 2,41 a 0,08 milímetros em seis medidas.", steps)

    steps = [user("Drop the index bloat and get the query below 50 ms.")]
    for a, ms in [("EXPLAIN ANALYZE baseline", 812), ("CREATE INDEX ON visit (site_id, at)", 391), ("ANALYZE visit", 284), ("SET work_mem = '64MB'", 190), ("CREATE INDEX ON visit (site_id, at) INCLUDE (bytes)", 77), ("VACUUM visit", 44)]:
        steps += [tool("psql", a, "OK" if "EXPLAIN" not in a else "Seq Scan on visit (cost=0.00..91822.10 rows=3100211)"), tool("psql", "EXPLAIN (ANALYZE, BUFFERS) SELECT site_id, sum(bytes) FROM visit WHERE at > now() - interval '7 d' GROUP BY 1", f"Execution Time: {ms + d.uniform(-1, 1):.3f} ms\nBuffers: shared hit={ms * 31} read={ms * 4}")]
    yield fine("visit-query", "Five measures each bring the time down, from 812 to 44 milliseconds.", steps)


def finished_and_checked() -> Iterator[Draft]:
    """A job that is done is looked at over and over."""
    d = drawn("finished_and_checked")
    steps = [user("Create the branch release/5.2 and push it."), tool("git", "switch -c release/5.2", "Switched to a new branch 'release/5.2'"), tool("git", "push -u origin release/5.2", "branch 'release/5.2' set up to track 'origin/release/5.2'.")]
    for i in range(5):
        steps += [tool("git", ["status -sb", "branch -vv", "ls-remote --heads origin release/5.2", "status", "branch --show-current"][i], ["## release/5.2...origin/release/5.2", "* release/5.2 4c1e0aa [origin/release/5.2] Bump version", "4c1e0aa0b1 refs/heads/release/5.2", "On branch release/5.2\nYour branch is up to date with 'origin/release/5.2'.\nnothing to commit, working tree clean", "release/5.2"][i]), llm("The branch is pushed. Let me verify once more.")]
    for i in range(4):
        steps += [tool("git", ["status -sb", "ls-remote --heads origin release/5.2"][i % 2], ["## release/5.2...origin/release/5.2", "4c1e0aa0b1 refs/heads/release/5.2"][i % 2])]
    yield loop("branch-verified-again", "The branch is pushed after two calls, and nine looks at it follow.", steps, call=5)

    steps = [user("Trage den Termin mit Dr. Weiss ein."), tool("kalender_anlegen", {"titel": "Dr. Weiss", "beginn": "2026-05-19T15:00", "dauer_min": 45}, {"id": "ev-771", "status": "bestätigt"})]
    for i in range(8):
        steps += [tool("kalender_lesen", {"id": "ev-771"}, {"id": "ev-771", "titel": "Dr. Weiss", "beginn": "2026-05-19T15:00", "status": "bestätigt", "etag": hexes(d, 10)})]
        if i % 2:
            steps += [llm("Ich vergewissere mich, dass der Termin gespeichert ist.")]
    yield loop("termin-bei-dr-weiss", "Der Termin ist bestätigt und wird achtmal nachgelesen.", steps, call=3)

    steps = [user("Réserve une table pour quatre samedi."), tool("reserver", {"restaurant": "Chez Odile", "couverts": 4, "quand": "2026-05-16T20:00"}, {"reservation": "R-1181", "etat": "confirmée"})]
    steps += [llm(t) for t in ["Votre table chez Odile est réservée pour samedi à 20 h.", "La réservation est confirmée : Chez Odile, samedi 20 h, quatre couverts.", "C'est fait, votre table pour quatre samedi à 20 h est confirmée.", "Je vous confirme la table chez Odile samedi à vingt heures pour quatre personnes.", "Tout est prêt : quatre couverts, samedi 20 h, Chez Odile.", "Votre réservation R-1181 est bien confirmée pour samedi à 20 h.", "La table est réservée, samedi 20 h, quatre personnes."]]
    yield loop("table-pour-quatre", "La table est confirmée une fois et annoncée sept fois, sans fin.", steps, step=3)

    steps = [user("Upload the tax return and finish."), tool("portal.upload", {"form": "T1-2025", "file": "t1.xml"}, {"receipt": "NR-55-118", "state": "received"})]
    for i in range(6):
        steps += [tool("portal.validate", {"form": "T1-2025"}, {"state": "received", "errors": 0, "warnings": 0, "checked": stamp(i * 3)}), tool("portal.download_receipt", {"receipt": "NR-55-118"}, f"%PDF-1.7 receipt NR-55-118, form T1-2025, state received, printed {stamp(i * 3 + 1)}, 1 page")]
    yield loop("tax-return-received", "The return is received without errors, and is validated and printed six times over.", steps, call=4)


def checked_point_by_point() -> Iterator[Draft]:
    """Checks after the work, each of something else."""
    d = drawn("checked_point_by_point")
    steps = [user("Run the pre-release checklist for 5.2.")]
    for a, r in [("git status --porcelain", ""), ("npm ci", "added 1188 packages in 31s"), ("npm test", "842 passing (19s)"), ("npm run lint", "> eslint .\n(no output)"), ("npm run typecheck", "> tsc --noEmit\n(no output)"), ("npm audit --omit=dev", "found 0 vulnerabilities"), ("npm run build", "dist/app.js 411.2 kB, gzip 122.9 kB"), ("npx size-limit", "412 kB of 450 kB, OK"), ("npm run e2e", "41 passed (3.2m)"), ("npm pack --dry-run", "npm notice total files: 88, unpacked size: 1.9 MB")]:
        steps += [tool("shell", {"cmd": a}, r or "(no output)")]
    yield fine("pre-release-checklist", "Ten commands check ten points, and none is run twice.", steps)

    steps = [user("Prüfe nach dem Umzug, ob alle Datenbanken vollständig sind.")]
    for t in ["kunden", "auftraege", "rechnungen", "mahnungen", "artikel", "lager", "benutzer", "protokoll"]:
        n = d.randint(10**4, 10**7)
        steps += [tool("sql_alt", f"select count(*), md5(string_agg(md5(t::text), '' order by id)) from {t} t", f"{n} | {(h := hexes(d, 32))}"), tool("sql_neu", f"select count(*), md5(string_agg(md5(t::text), '' order by id)) from {t} t", f"{n} | {h}")]
    steps += [llm("Alle acht Tabellen stimmen in Zahl und Prüfsumme überein.")]
    yield fine("umzug-geprueft", "Acht Tabellen werden je einmal alt und neu gezählt; dass es gleich ist, ist das Ziel.", steps)

    steps = [user("Walk through the restaurant's hygiene audit.")]
    for p, v in [("fridge 1 temperature", "3.8 °C"), ("fridge 2 temperature", "4.1 °C"), ("freezer temperature", "-19 °C"), ("hand wash station", "soap and towels present"), ("date labels", "two items overdue, discarded"), ("chopping boards", "colour separated"), ("dishwasher rinse", "83 °C"), ("pest traps", "none triggered"), ("allergen sheet", "version of April, update needed"), ("first aid kit", "plasters missing")]:
        steps += [tool("ask_inspector", {"point": p}, {"answer": v, "photo": f"IMG_{d.randint(1000, 9999)}.jpg"}), tool("audit_record", {"point": p, "finding": v}, {"saved": True})]
    yield fine("hygiene-audit", "Ten points are asked for and recorded once each, and three have a finding.", steps)

    steps = [user("サーバーの移行後の確認をお願いします。"), *[tool("kakunin", {"項目": k}, {"項目": k, "結果": r, "所要ミリ秒": d.randint(20, 900)}) for k, r in [("名前解決", "正常"), ("証明書の期限", "残り八十九日"), ("ログイン", "正常"), ("メール送信", "正常"), ("夜間バッチの登録", "三件登録済み"), ("バックアップ", "昨夜二時に成功"), ("監視の登録", "未登録でしたので登録しました"), ("負荷試験", "毎秒四百件まで正常")]], llm("八項目の確認が終わりました。監視のみ追加しました。")]
    yield fine("ikou-kakunin", "Eight points are checked once each, and the one that was missing is added.", steps)
