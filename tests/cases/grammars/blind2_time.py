"""Second blind part: what comes again after a compaction, by the hour or with new ids, beside duty and patience."""
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from tests.cases.grammars.blind2_parts import fine, guid, hexes, loop, stamp
from tests.cases.grammars.parts import Draft, drawn, every, llm, tool, user


def begun_anew() -> Iterator[Draft]:
    """Work that is forgotten with the context, and done over."""
    d = drawn("begun_anew")
    base = [("read_file", {"path": "docs/adr/0007-queue.md"}, "# 7. Queue\nWe use a transactional outbox. Consumers are idempotent by event id. Superseded parts: none. Context: 2024 outage of the broker, lost orders, manual repair for two weeks."), ("read_file", {"path": "services/order/outbox.go"}, "package order\n\nfunc (o *Outbox) Flush(ctx context.Context) error {\n\trows, err := o.db.Query(ctx, selectPending)\n\tif err != nil { return fmt.Errorf(\"select: %w\", err) }\n\tdefer rows.Close()\n\treturn o.publish(ctx, rows)\n}\n"), ("grep", {"pattern": "selectPending", "path": "services"}, "services/order/outbox.go:14:const selectPending = `SELECT id, topic, body FROM outbox WHERE sent_at IS NULL ORDER BY id LIMIT 100`"), ("read_file", {"path": "services/order/outbox_test.go"}, "package order\n\nfunc TestFlushPublishesInOrder(t *testing.T) { /* ... */ }\nfunc TestFlushSurvivesBrokerDown(t *testing.T) { /* ... */ }\n")]
    steps = [user("Make the outbox lock its rows so that two flushers can run.")]
    for i in range(4):
        steps += [tool(n, a, r) for n, a, r in base]
        if i < 3:
            steps += [llm(["Context is nearly full. Summary: the outbox has to lock its rows; I was about to edit services/order/outbox.go.", "Summary of the conversation so far: task is row locking in the outbox. Next: look at the relevant files.", "Conversation compacted. Goal: let two flushers run. I will gather the files first."][i], input_tokens=118000 + d.randint(0, 9000), output_tokens=410)]
    yield loop("outbox-read-over", "After each of three summaries the same four files are read again, and nothing is edited.", steps, call=5)

    steps = [user("Sende allen 9 Referenten die Reiseunterlagen.")]
    for i in range(3):
        for p in ["Amsel", "Bruch", "Colmar"]:
            steps += [tool("mail_senden", {"an": f"{p.lower()}@kongress.example", "vorlage": "reise-2026", "anhang": "ticket.pdf"}, {"status": "gesendet", "message_id": f"<{hexes(d, 12)}@mx>", "um": stamp(i * 25 + d.randint(0, 9))})]
        steps += [llm("Zusammenfassung: Die Reiseunterlagen sind an neun Referenten zu senden. Ich beginne mit Amsel.", input_tokens=96000 + i, output_tokens=60)]
    steps += [tool("mail_senden", {"an": "amsel@kongress.example", "vorlage": "reise-2026", "anhang": "ticket.pdf"}, {"status": "gesendet", "message_id": f"<{hexes(d, 12)}@mx>", "um": stamp(88)})]
    yield loop("unterlagen-mehrfach", "Nach jeder Zusammenfassung gehen dieselben drei Mails noch einmal hinaus.", steps, call=4)

    steps = [user("Levanta as 40 cláusulas abusivas dos contratos da pasta.")]
    for i in range(3):
        steps += [tool("abrir_pdf", {"arquivo": "contrato_01.pdf", "paginas": "1-6"}, "CONTRATO DE ADESÃO. Cláusula 4: a CONTRATADA poderá alterar unilateralmente os preços mediante aviso no sítio. Cláusula 9: foro de eleição na comarca da CONTRATADA, com renúncia a qualquer outro. Cláusula 11: multa de 50% do valor remanescente."), tool("abrir_pdf", {"arquivo": "contrato_02.pdf", "paginas": "1-5"}, "CONTRATO DE PRESTAÇÃO. Cláusula 3: renovação automática por 24 meses. Cláusula 7: a CONTRATADA não responde por danos de qualquer natureza, inclusive dolo de prepostos."), tool("planilha_gravar", {"planilha": "clausulas", "linhas": [["contrato_01", 4], ["contrato_01", 9], ["contrato_02", 7]]}, {"gravadas": 3, "total": 3, "sobrescritas": 3 if i else 0}), llm("O histórico foi resumido. Tarefa: levantar cláusulas abusivas. Começo pelo primeiro contrato.", output_tokens=48)]
    yield loop("clausulas-desde-o-inicio", "Três vezes desde o primeiro contrato, e as mesmas três linhas sobrescritas.", steps, call=4)

    steps = [user("Set up the demo tenant end to end.")]
    for i in range(3):
        steps += [tool("tenant_create", {"name": "demo-emea", "plan": "trial"}, {"id": "t-3310", "created": i == 0, "note": "" if i == 0 else "already exists"}), tool("user_invite", {"tenant": "t-3310", "email": "demo@emea.example"}, {"invite": hexes(d, 10), "state": "sent" if i == 0 else "sent again"}), tool("feature_set", {"tenant": "t-3310", "flag": "reports-v2", "on": True}, {"flag": "reports-v2", "on": True, "changed": i == 0}), llm("[context trimmed: earlier messages dropped] Starting with the tenant.", output_tokens=14)]
    yield loop("demo-tenant-thrice", "The three steps of the setup are done again after each trimming, and change nothing more.", steps, call=4)


def taken_up_again() -> Iterator[Draft]:
    """After a compaction the notes are read once, and the work goes on where it stood."""
    d = drawn("taken_up_again")
    steps = [user("Port the 12 Jinja templates to MJML.")]
    for i, t in enumerate(["welcome", "verify", "reset", "invoice", "receipt", "dunning1", "dunning2", "renewal", "farewell"], 1):
        steps += [tool("read_file", {"path": f"mail/{t}.html.j2"}, f"{{% extends 'base' %}}<table width=600><tr><td>{{{{ {t}.headline }}}}</td></tr><tr><td>{{{{ {t}.body }}}}</td></tr></table> {{# {d.randint(30, 140)} lines #}}"), tool("write_file", {"path": f"mail/{t}.mjml", "content": f"<mjml><mj-body><mj-text>{{{{ {t}.headline }}}}</mj-text><mj-text>{{{{ {t}.body }}}}</mj-text></mj-body></mjml>"}, f"{d.randint(600, 2400)} bytes written")]
        if i in (3, 6):
            steps += [tool("write_file", {"path": "NOTES.md", "content": f"done: {i} of 12, last {t}"}, "31 bytes written"), llm(f"Summary: {i} of 12 templates are ported, continuing after {t}.", input_tokens=121000, output_tokens=90), tool("read_file", {"path": "NOTES.md"}, f"done: {i} of 12, last {t}")]
    yield fine("jinja-to-mjml", "After each summary the notes are read and the next template is taken.", steps)

    steps = [user("Durchsuche die 30 Protokolle nach Beschlüssen zum Dach.")]
    for i in (1, 7, 13, 19, 25):
        steps += [tool("protokolle_lesen", {"von": i, "bis": i + 5}, {"gefunden": d.randint(0, 3), "auszug": d.choice(["TOP 4: Dachsanierung vertagt.", "Beschluss: drei Angebote einholen.", "Keine Erwähnung.", "TOP 7: Sonderumlage 120 EUR je Anteil beschlossen, 14:3."])}), llm(f"Zusammengefasst bis Protokoll {i + 5}. Weiter mit {i + 6}.", input_tokens=90000 + i * 100, output_tokens=70)]
    steps += [llm("Drei Beschlüsse zum Dach, der letzte über die Sonderumlage.")]
    yield fine("protokolle-dach", "Fünf Abschnitte, fünf Zusammenfassungen, kein Protokoll zweimal.", steps)

    steps = [user("Reproduce table 3 of the paper.")]
    for n, a, r in [("read", "paper.pdf p. 7", "Table 3: accuracy by seed and size; 4 sizes, 3 seeds; mean and sd in the last row"), ("run", "python train.py --size s --seed 1", "epoch 20 val acc 0.712"), ("run", "python train.py --size s --seed 2", "epoch 20 val acc 0.709"), ("run", "python train.py --size m --seed 1", "epoch 20 val acc 0.754")]:
        steps += [tool(n, a, r)]
    steps += [llm("[compaction] Two sizes begun: s seeds 1-2, m seed 1 done. Re-reading the table once for the sizes.", output_tokens=33), tool("read", "paper.pdf p. 7", "Table 3: accuracy by seed and size; 4 sizes, 3 seeds; mean and sd in the last row")]
    for s in ("m --seed 2", "m --seed 3", "l --seed 1", "l --seed 2", "xl --seed 1"):
        steps += [tool("run", f"python train.py --size {s}", f"epoch 20 val acc {d.uniform(0.75, 0.82):.3f}")]
    yield fine("table-three", "One page is read again after the compaction, and then the runs that were missing are made.", steps)

    steps = [user("顧客アンケート五百件を分類してください。")]
    for b in range(8):
        steps += [tool("bunrui", {"開始": b * 50 + 1, "終了": b * 50 + 50}, {"価格": d.randint(5, 20), "操作性": d.randint(5, 20), "不具合": d.randint(1, 9), "その他": d.randint(1, 9), "処理時刻": stamp(b * 3)})]
        if b in (2, 5):
            steps += [llm(f"ここまでの要約:{b * 50 + 50}件まで分類済み。続きから再開します。", output_tokens=40)]
    yield fine("anketo-bunrui", "Batches of fifty, and after each summary the next fifty.", steps)


def by_the_hour() -> Iterator[Draft]:
    """Scheduled runs or long waits that try the same again and tell nobody."""
    d = drawn("by_the_hour")
    steps = every([part for i in range(7) for part in (tool("s3.list", {"bucket": "partner-drop", "prefix": "2026-05-11/"}, {"KeyCount": 0, "RequestId": hexes(d, 16).upper()}, run=f"h{i}"), tool("http.get", {"url": "https://partner.example/export/2026-05-11.csv"}, error=f"401 token expired at 2026-05-10T23:59:59Z (ray {hexes(d, 12)})", run=f"h{i}"), llm("File not available yet, will try again on the next run.", run=f"h{i}"))], 1200.0, 6.0)
    yield loop("expired-token-every-hour", "Seven hourly runs meet a token that expired, call it 'not available yet' and tell nobody.", [user("Every hour: fetch the partner file, load it.", run="h0", start=-5.0, end=-4.0), *steps], call=3)

    steps = every([part for i in range(8) for part in (tool("thermostat.setzen", {"raum": "Bad", "soll_c": 23.5}, {"ok": True, "soll_c": 23.5, "ventil": "klemmt", "ist_c": 18.4}, run=f"r{i}"), llm("Soll erneut gesetzt.", run=f"r{i}"))], 900.0, 2.0)
    yield loop("ventil-klemmt", "Achtmal wird im Abstand einer halben Stunde dasselbe Soll gesetzt, und das Ventil klemmt.", steps, call=2)

    steps = [user("Call the clinic until somebody answers and move my appointment."), *every([tool("phone.dial", {"to": "+44 20 5550 0193", "script": "reschedule"}, {"outcome": "announcement", "transcript": "The number you have dialled is no longer in service. Please check the number.", "sip_call_id": guid(d), "duration_s": d.randint(7, 9)}) for _ in range(9)], 1800.0, 9.0, 10.0)]
    yield loop("number-out-of-service", "Nine calls in four hours to a number that is out of service, as the announcement says.", steps, call=2)

    steps = []
    for i in range(7):
        steps += [tool("ticket_ler", {"id": "INC-7781"}, {"estado": "aguardando cliente", "ultima_mensagem": "Olá, poderia nos informar a versão instalada? (agente)", "sla_h": -i}, run=f"t{i}"), tool("ticket_comentar", {"id": "INC-7781", "texto": ["Olá! Poderia nos informar a versão instalada?", "Oi, tudo bem? Qual versão está instalada?", "Bom dia, conseguiria nos dizer a versão?", "Olá, ainda precisamos saber a versão instalada.", "Oi! Poderia confirmar a versão do aplicativo?", "Olá, passando para saber a versão instalada.", "Bom dia! Qual é a versão instalada, por favor?"][i]}, {"comentario": d.randint(20000, 29999), "enviado": True}, run=f"t{i}")]
    yield loop("lembrete-da-versao", "Sete lembretes seguidos a um cliente que não responde, sem escalar nem fechar.", every(steps, 1500.0, 3.0), call=4)


def on_duty() -> Iterator[Draft]:
    """Agents whose work is to look, and who act when there is something to see."""
    d = drawn("on_duty")
    steps = [user("Watch the grid frequency for this shift and log anything outside 49.9 to 50.1.")]
    rows = []
    for i in range(16):
        f = d.uniform(49.93, 50.07) if i != 11 else 49.86
        rows += [tool("scada.read", {"tag": "GRID.F"}, {"value_hz": round(f, 3), "at": stamp(i * 15), "quality": "good", "rocof": round(d.uniform(-0.02, 0.02), 3)})]
        if i == 11:
            rows += [tool("logbook.write", {"entry": f"{stamp(i * 15)} under-frequency 49.86 Hz, recovered within 40 s"}, {"entry_id": 5512})]
    yield fine("grid-shift", "The job is to read a value each quarter of an hour, and the one that is out of bounds is logged.", [*steps, *every(rows, 900.0, 0.3, 5.0)])

    rows = []
    for i, (n, act) in enumerate([(0, None), (2, "two new mails, answered"), (0, None), (1, "one new mail, forwarded to sales"), (0, None), (0, None), (4, "four new mails, three archived, one escalated"), (1, "one new mail, answered")]):
        rows += [tool("imap_search", {"folder": "INBOX", "query": "UNSEEN"}, {"uids": [d.randint(4000, 9000) for _ in range(n)], "uidnext": 9000 + i}, run=f"m{i}")]
        rows += [tool("imap_process", {"count": n}, act, run=f"m{i}")] if act else [llm("Inbox is empty.", run=f"m{i}")]
    yield fine("inbox-duty", "Every half hour the inbox is looked at, and what came is dealt with.", every(rows, 900.0, 2.0))

    rows = []
    for i in range(6):
        rows += [tool("siem.alertas", {"desde": stamp(i * 20), "severidad": "alta"}, {"alertas": [{"id": d.randint(100000, 999999), "regla": r, "equipo": f"pc-{d.randint(100, 999)}"} for r in d.sample(["PowerShell codificado", "inicio de sesión imposible", "USB nuevo", "tarea programada nueva", "DNS poco común"], 2)]}), tool("siem.cerrar", {"cantidad": 2, "motivo": d.choice(["falso positivo: script de inventario", "usuario de viaje, confirmado por teléfono", "aislado el equipo y abierto INC"])}, "2 alertas actualizadas")]
    yield fine("turno-de-noche", "Each twenty minutes brings other alerts of other hosts, and each pair is closed with its reason.", [user("Eres el analista de guardia."), *every(rows, 600.0, 4.0, 3.0)])

    rows = [tool("feeder.status", {"tank": "B"}, {"level_pct": v, "temp_c": round(d.uniform(22.1, 23.4), 1), "fish_near": d.randint(0, 40)}) for v in (64, 61, 57, 52, 48, 43, 37, 31, 24)]
    yield fine("fish-feeder", "The level falls from reading to reading, and at a quarter the refill is ordered.", [user("Check the feeder of tank B every hour, order a refill below 25 %."), *every([*rows, tool("order.create", {"sku": "PELLET-3MM", "qty": 2}, {"order": "PO-4418"})], 3600.0, 1.0, 2.0)])


def new_ids_only() -> Iterator[Draft]:
    """Results in which nothing differs but ids, times and the like."""
    d = drawn("new_ids_only")
    steps = [user("Deploy web 4.12.0 to staging and tell me when it is live."), tool("deploy_start", {"app": "web", "version": "4.12.0", "env": "staging"}, {"deployment": "dpl_881", "state": "QUEUED"})]
    for i in range(11):
        steps += [tool("deploy_status", {"deployment": "dpl_881"}, {"deployment": "dpl_881", "state": "QUEUED", "reason": "no runner with label 'gpu-a100' is registered", "checked_at": stamp(i, d.randint(0, 59)), "request_id": guid(d), "latency_ms": d.randint(9, 70), "etag": f'W/"{hexes(d, 12)}"'})]
    yield loop("queued-without-a-runner", "Eleven looks at a deployment that has no runner, and only ids and times differ.", steps, call=3)

    steps = [user("Vérifie si le colis 6A1180 est arrivé et préviens le client.")]
    for i in range(8):
        steps += [tool("suivi_colis", {"numero": "6A1180"}, f"<div class='suivi' data-sid='{hexes(d, 16)}'><h2>Colis 6A1180</h2><p>Statut : retour à l'expéditeur, dossier clos le 02/05/2026.</p><p>Pub : {d.choice(['-20 % sur les cartons', 'Assurez vos envois', 'Téléchargez notre application'])}</p><footer>Page générée en 0,{d.randint(11, 98)} s le 12/05/2026 à 09:{10 + i}:{d.randint(10, 59)}</footer></div>")]
        if i % 3 == 2:
            steps += [llm("Le colis n'est pas encore arrivé, je revérifie.")]
    yield loop("colis-clos", "Eight looks at a parcel whose file is closed; only the advertisement changes.", steps, call=2)

    steps = [user("Why is the p99 of search so high?")]
    for i in range(7):
        steps += [tool("get_dashboard_panel", {"dashboard": "search-latency", "panel": 4, "range": "1h"}, {"panel": "p99", "status": "error", "message": "Data source 'prom-eu' not found", "traceId": hexes(d, 32), "time": stamp(i * 2, d.randint(0, 59))}), llm(d.choice(["Let me look at the p99 panel.", "Checking the latency panel again.", "I need the p99 figures for the last hour.", "Opening the panel."]))]
    yield loop("panel-without-source", "Seven times the same panel, whose data source is missing, under new trace ids.", steps, call=2)

    steps = [user("Generiere ein Logo, Ente mit Zylinder, Strichzeichnung.")]
    for i in range(7):
        steps += [tool("bild_erzeugen", {"prompt": "Ente mit Zylinder, Strichzeichnung", "seed": d.randint(1, 10**9)}, {"status": "blocked", "job": guid(d), "policy": "Kontingent erschöpft, nächste Freigabe am 01.06.2026", "wartezeit_ms": d.randint(100, 900), "versuch": hexes(d, 8)})]
        if i in (1, 3, 4):
            steps += [llm("Ich versuche es mit einem anderen Startwert.")]
    yield loop("ente-mit-zylinder", "Sieben Startwerte gegen ein erschöpftes Kontingent, und stets dieselbe Ablehnung.", steps, call=2)


def it_moves() -> Iterator[Draft]:
    """The same call, and the answer shows that something happens."""
    d = drawn("it_moves")
    stages = ["PENDING", "PULLING image 12 %", "PULLING image 71 %", "STARTING", "MIGRATING 3/9", "MIGRATING 8/9", "HEALTHCHECK 1/3", "HEALTHCHECK 3/3", "LIVE"]
    steps = [user("Deploy web 4.12.0 to staging and tell me when it is live."), *[tool("deploy_status", {"deployment": "dpl_902"}, {"deployment": "dpl_902", "state": s, "checked_at": stamp(i), "request_id": guid(d)}) for i, s in enumerate(stages)], llm("4.12.0 is live on staging.")]
    yield fine("deployment-goes-live", "Nine looks at one deployment, nine states, and the last is live.", steps)

    steps = [user("Warte, bis der Export fertig ist, und lade ihn herunter.")]
    for p in (3, 9, 17, 26, 38, 49, 57, 70, 84, 93, 100):
        steps += [tool("export_status", {"auftrag": "EX-88"}, f"Auftrag EX-88: {p} % ({p * 4127} von 412700 Zeilen), geschätzte Restzeit {max(0, 100 - p) * 4} s. Anfrage {hexes(d, 8)}")]
    steps += [tool("export_laden", {"auftrag": "EX-88"}, {"datei": "ex88.parquet", "bytes": 88213991})]
    yield fine("export-in-prozent", "Elf Abfragen eines Auftrags, der bis hundert Prozent läuft und geladen wird.", steps)

    steps = [user("Keep the auction open in the browser and bid up to 140."), *[part for i, (bid, left) in enumerate([(92, 310), (95, 250), (95, 190), (104, 130), (110, 80), (118, 40), (121, 12)]) for part in ([tool("page_text", {"tab": 1}, f"Lot 77, walnut radio. Highest bid {bid} EUR, {left} s left, {3 + i} watchers"), *([tool("place_bid", {"lot": 77, "eur": bid + 3}, f"You are the highest bidder at {bid + 3}")] if i in (3, 6) else [])])], llm("Won at 124.")]
    yield fine("walnut-radio", "The same page is read seven times, the price and the clock move, and the lot is won.", steps)

    steps = [user("Train until the loss stops falling, look every epoch.")]
    steps += [tool("tail", "tail -1 runs/42/train.log", f"epoch {i + 1:02d} loss {1.91 * 0.81 ** i + 0.21:.4f} val {1.95 * 0.82 ** i + 0.26:.4f} lr {3e-4 * 0.9 ** i:.2e}") for i in range(14)]
    steps += [tool("kill", "kill -INT 4411", "checkpoint saved: runs/42/best.pt (epoch 14)")]
    yield fine("loss-by-epoch", "One line of a log is read fourteen times, and each epoch's loss is lower.", steps)
