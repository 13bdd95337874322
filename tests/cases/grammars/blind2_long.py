"""Second blind part: walls of text, refusals and long sessions, with and without a way on."""
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from tests.cases.grammars.blind2_parts import fine, guid, hexes, loop, stamp
from tests.cases.grammars.parts import Draft, Part, drawn, llm, tool, user

_USAGE = """Usage: fleetctl [GLOBAL OPTIONS] COMMAND [COMMAND OPTIONS] [ARGUMENTS]

Manage vehicles, drivers and depots of the fleet.

Commands:
  vehicle    list, show, retire
  driver     list, show, assign
  depot      list, show, open, close
  report     km, fuel, incidents

Global options:
  --profile NAME   profile of ~/.fleet.toml (default: none)
  --output FORM    table, json or csv
  --dry-run        show what would be done
  -h, --help       this text

error: no profile given; set --profile or FLEET_PROFILE
"""


def always_the_same_wall() -> Iterator[Draft]:
    """Help, consent banners and cut pages, whatever is asked."""
    d = drawn("always_the_same_wall")
    steps = [user("Which depot has the most fuel incidents this year?")]
    for i, c in enumerate(["fleetctl report incidents --kind fuel --by depot --year 2026", "fleetctl report incidents --by depot", "fleetctl incidents report --fuel", "fleetctl report fuel --incidents --group depot", "fleetctl depot list --incidents fuel", "fleetctl report incidents fuel 2026 depot", "fleetctl --output json report incidents --kind fuel", "fleetctl help report incidents"]):
        steps += [tool("terminal", {"command": c, "cwd": "/srv"}, _USAGE + f"[exit 2, {d.randint(18, 60)} ms]")]
        if i in (1, 4, 6):
            steps += [llm("The syntax seems to be different. Let me try another form.")]
    yield loop("fleetctl-usage", "Eight commands print the same usage, whose last line says that the profile is missing.", steps, call=2)

    banner = "Wir und unsere {n} Partner verarbeiten Daten. [Alle akzeptieren] [Einstellungen] [Nur notwendige]. Mit Ihrer Einwilligung dürfen wir Informationen auf Ihrem Gerät speichern, Inhalte personalisieren und Reichweiten messen. Sie können Ihre Wahl jederzeit unter Datenschutz ändern. Impressum · Datenschutz · AGB · Vorgang {g}"
    steps = [user("Was kostet die Wärmepumpe WP-9 bei den drei Händlern?")]
    for u in ["https://haendler-a.example/wp-9", "https://haendler-a.example/suche?q=WP-9", "https://haendler-a.example/waermepumpen", "https://haendler-a.example/produkt/wp-9", "https://haendler-a.example/wp-9?preis=1", "https://haendler-a.example/wp9", "https://haendler-a.example/preisliste"]:
        steps += [tool("seite_lesen", {"url": u, "als": "text"}, banner.format(n=d.randint(700, 799), g=guid(d))), llm(d.choice(["Nur das Banner. Ich versuche eine andere Seite.", "Der Preis ist nicht zu sehen, weiter.", "Vielleicht steht der Preis anderswo."]))]
    yield loop("nur-das-banner", "Sieben Adressen eines Händlers zeigen nur das Banner, und niemand klickt es weg.", steps, call=2)

    head = "2026-05-12 00:00:01 INFO  boot: collector 3.4.1 starting on ip-10-1-4-9\n" + "".join(f"2026-05-12 00:00:0{i} INFO  module {m} ready\n" for i, m in enumerate(["auth", "queue", "cache", "http", "cron", "mail", "geo"], 2))
    steps = [user("What was logged at the crash at 17:42?")]
    for a in [{}, {"lines": 500}, {"max_chars": 20000}, {"full": True}, {"limit": 100000}, {"truncate": False}, {"lines": 5000}, {"verbose": True}, {"max_bytes": -1}]:
        steps += [tool("fetch_log", {"service": "collector", "day": "2026-05-12", **a}, head + f"[output truncated: showing 8 of {d.randint(91200, 91400)} lines; use from_line=]")]
    yield loop("head-of-the-log", "Nine variants show the same eight lines, though the last says how to get further.", steps, call=2)

    steps = [user("Busca el teléfono de urgencias del veterinario en su web."), tool("abrir", {"url": "https://vetsol.example"}, "Inicio. Imagen de cabecera. Menú: Clínica, Equipo, Contacto.")]
    for i in range(9):
        steps += [tool("desplazar", {"direccion": "abajo", "px": [400, 600, 800, 800, 1200, 400, 2000, 800, 5000][i]}, {"y": 1844, "altura": 2644, "final": True, "texto_visible": "© Vet Sol 2026 · Aviso legal · Cookies", "captura": f"{hexes(d, 8)}.webp"})]
    yield loop("fin-de-pagina", "Nine scrolls at the end of a page, and the menu with the contact is not opened.", steps, call=3)


def walls_that_open() -> Iterator[Draft]:
    """Help read to the end, pages read in turn, banners clicked away."""
    d = drawn("walls_that_open")
    steps = [user("Which depot has the most fuel incidents this year?"), tool("terminal", {"command": "fleetctl report incidents", "cwd": "/srv"}, _USAGE)]
    for c, r in [("fleetctl --profile prod report --help", "Usage: fleetctl report KIND [--since DATE] [--group FIELD]\nKinds: km, fuel, incidents\nFields: driver, vehicle, depot, month"), ("fleetctl --profile prod report incidents --help", "Options: --kind [fuel|damage|theft], --since DATE, --group FIELD, --top N"), ("fleetctl --profile prod report incidents --kind fuel --since 2026-01-01 --group depot --top 5", "DEPOT     INCIDENTS\nGdynia    41\nPorto     17\nGraz      12\nOulu       9\nMetz       4"), ("fleetctl --profile prod depot show Gdynia", "Gdynia, open since 2019, 63 vehicles, manager A. Nowak")]:
        steps += [tool("terminal", {"command": c, "cwd": "/srv"}, r)]
    steps += [llm("Gdynia, with 41 fuel incidents since January.")]
    yield fine("fleetctl-learnt", "Three helps are read, each of another command, and the question is answered.", steps)

    steps = [user("Lies das Urteil ganz und nenne die tragenden Gründe.")]
    for p, t in enumerate(["Tatbestand. Die Klägerin begehrt Ersatz für einen Fahrradunfall auf dem Betriebsgelände der Beklagten. Am Unfalltag lag nasses Laub.", "Die Beklagte hatte einen Räumdienst beauftragt, der am Vortag nicht erschien. Sie wusste dies seit dem Morgen.", "Entscheidungsgründe. Die Verkehrssicherungspflicht trifft den, der die Gefahrenquelle beherrscht. Die Übertragung entlastet nur bei Überwachung.", "Die Überwachung fehlte. Ein Anruf am Morgen hätte genügt; ein Schild wäre zumutbar gewesen.", "Mitverschulden: die Klägerin fuhr mit unangepasster Geschwindigkeit. Die Kammer bemisst es mit einem Drittel.", "Kosten, Streitwert, Rechtsmittel. Die Revision wird nicht zugelassen."], 1):
        steps += [tool("dokument_lesen", {"akte": "3 O 118/25", "seite": p}, {"seite": p, "von": 6, "text": t})]
    steps += [llm("Tragend sind die fehlende Überwachung des Räumdienstes und das Mitverschulden von einem Drittel.")]
    yield fine("urteil-in-sechs-seiten", "Sechs Seiten werden in Folge gelesen und dann zusammengefasst.", steps)

    steps = [user("Find all mentions of 'turbine' in the archive scans.")]
    for i in range(12):
        hit = i in (3, 8, 10)
        steps += [tool("ocr_page", {"file": "annual-1931.tif", "page": i + 1}, f"[page {i + 1} of 12] " + d.choice(["The directors have the honour to lay before the shareholders the accounts", "Of the works at Lower Bridge the foundations were completed", "The dispute with the canal company was settled out of court", "Wages rose by two shillings, coal by one and ninepence"]) + (" and a second turbine was ordered from Zurich." if hit else f", as in the year before, item {d.randint(2, 40)}.") + f" (confidence {d.uniform(0.71, 0.98):.2f})")]
    steps += [llm("Pages 4, 9 and 11 mention a turbine.")]
    yield fine("annual-1931", "Twelve scans are read once each, and three of them have the word.", steps)

    steps = [user("このサイトから営業時間を調べてください。")]
    for n, a, r in [("hiraku", "https://mise.example", "クッキーの同意画面が表示されています。ボタン:同意する、拒否する"), ("osu", "拒否する", "トップページ。項目:商品、店舗案内、採用情報"), ("osu", "店舗案内", "地域を選んでください。関東、関西、九州"), ("osu", "関西", "大阪店、京都店、神戸店"), ("osu", "京都店", "京都店 住所:四条通 営業時間:十時から十九時 定休日:水曜日")]:
        steps += [tool(n, {"対象": a}, {"画面": r, "番号": hexes(d, 6)})]
    steps += [llm("京都店は十時から十九時まで、水曜日が定休日です。")]
    yield fine("kyoto-no-mise", "Four clicks lead from the consent screen to the hours.", steps)


def refused_each_time() -> Iterator[Draft]:
    """One refusal that no other attempt can change."""
    d = drawn("refused_each_time")
    steps = [user("Give the new analyst read access to the finance bucket."), tool("iam_get_policy", {"bucket": "fin-exports"}, {"bindings": 4, "etag": hexes(d, 8)})]
    for c in ["gcloud storage buckets add-iam-policy-binding gs://fin-exports --member=user:n.ito@corp.example --role=roles/storage.objectViewer", "gsutil iam ch user:n.ito@corp.example:objectViewer gs://fin-exports", "gcloud projects add-iam-policy-binding fin --member=user:n.ito@corp.example --role=roles/viewer", "gsutil acl ch -u n.ito@corp.example:R gs://fin-exports", "gcloud storage buckets set-iam-policy gs://fin-exports /tmp/policy.json", "gcloud storage objects add-iam-policy-binding gs://fin-exports/* --member=user:n.ito@corp.example --role=roles/storage.objectViewer", "gsutil -m acl ch -r -u n.ito@corp.example:R gs://fin-exports"]:
        steps += [tool("run_shell", {"script": c}, error=f"ERROR: (403) agent-sa@ops.example does not have storage.buckets.setIamPolicy access. Permission denied by organisation policy 'finance-perimeter'. (request {hexes(d, 14)})"), llm(d.choice(["Let me try another tool for this.", "Perhaps it works at another level.", "Trying the older command."]))]
    yield loop("finance-perimeter", "Seven ways to one grant are denied by one policy, and nobody is asked.", steps, call=3)

    steps = [user("Überweise die Kaution von 1200 Euro.")]
    for i, (b, z) in enumerate([(1200, "Kaution"), (1200, "Mietkaution"), (1199.99, "Kaution"), (1200, "Kaution Whg 4"), (1200, "Kaution Mai"), (1200.01, "Kaution"), (1200, "Sicherheit")]):
        steps += [tool("ueberweisung", {"iban": "DE02 1203 0000 0000 2020 51", "betrag": b, "zweck": z}, {"fehler": "LIMIT", "meldung": "Ihr Tageslimit beträgt 1.000,00 EUR.", "referenz": guid(d), "zeit": stamp(i * 2)})]
    yield loop("tageslimit", "Sieben Aufträge über dem Tageslimit, das jede Antwort nennt.", steps, call=2)

    steps = [user("Installe le paquet de reconnaissance vocale sur le boîtier.")]
    for c in ["apt-get install -y vosk", "apt-get update && apt-get install -y vosk", "pip install vosk", "pip3 install --user vosk", "python3 -m pip install vosk --no-cache-dir", "snap install vosk", "conda install -y vosk", "sudo apt-get install -y python3-vosk", "pip install vosk --break-system-packages"]:
        steps += [tool("ssh_exec", {"hote": "boitier-17", "commande": c}, {"code": 1, "sortie": f"[Errno 28] No space left on device: '/tmp/{hexes(d, 8)}'\n/dev/mmcblk0p2  3.6G  3.6G     0 100% /", "duree_s": round(d.uniform(0.4, 5.0), 1)})]
        if "pip3" in c or "snap" in c:
            steps += [llm("Essayons avec un autre gestionnaire.")]
    yield loop("carte-pleine", "Nine installers fail on a full card, which each output shows.", steps, call=2)

    steps = [user("Read patient 8812's lab values.")]
    for n, a in [("ehr.get_labs", {"pid": "8812"}), ("ehr.get_results", {"patient": "8812", "kind": "lab"}), ("ehr.fetch_observations", {"subject": "Patient/8812"}), ("ehr.query", {"resource": "Observation", "patient": 8812}), ("ehr.labs", {"mrn": "8812"}), ("ehr.patient_labs", {"id": 8812}), ("ehr.lab_report", {"patient_id": "8812"})]:
        steps += [tool(n, a, error=f"Tool '{n}' not found. Available tools: ehr.search_patient, ehr.read_document, ehr.message_staff")]
    yield loop("tools-that-are-not", "Seven invented tools, and each answer lists the three that there are.", steps, call=2)


def refused_then_granted() -> Iterator[Draft]:
    """Refusals that pass, by waiting or by doing what they ask for."""
    d = drawn("refused_then_granted")
    steps = [user("Give the new analyst read access to the finance bucket.")]
    for n, a, r, e in [("run_shell", {"script": "gsutil iam ch user:n.ito@corp.example:objectViewer gs://fin-exports"}, None, "ERROR: (403) needs elevation 'bucket-admin'"), ("request_elevation", {"role": "bucket-admin", "minutes": 15, "reason": "access for analyst, ticket ACC-881"}, {"state": "waiting for approval", "id": "EL-7"}, None), ("elevation_status", {"id": "EL-7"}, {"state": "waiting for approval"}, None), ("elevation_status", {"id": "EL-7"}, {"state": "approved", "by": "m.dube"}, None), ("run_shell", {"script": "gsutil iam ch user:n.ito@corp.example:objectViewer gs://fin-exports"}, "Updated IAM policy of gs://fin-exports", None)]:
        steps += [tool(n, a, r, error=e)]
    steps += [llm("n.ito can read the bucket now.")]
    yield fine("elevation-granted", "The refusal says what it needs, an approval is got, and the same call goes through.", steps)

    steps = [user("Importa los 6 ficheros de tarifas.")]
    for f in ("A", "B", "C", "D", "E", "F"):
        if f in "BE":
            steps += [tool("importar", {"fichero": f"tarifa_{f}.csv"}, error=f"503 servicio ocupado, reintente en {d.randint(2, 9)} s"), tool("importar", {"fichero": f"tarifa_{f}.csv"}, error=f"503 servicio ocupado, reintente en {d.randint(10, 19)} s")]
        steps += [tool("importar", {"fichero": f"tarifa_{f}.csv"}, {"fichero": f"tarifa_{f}.csv", "filas": d.randint(800, 9000), "rechazadas": d.randint(0, 4), "lote": hexes(d, 8)})]
    yield fine("seis-tarifas", "Two of six files are refused twice as busy and go in at the third attempt.", steps)

    steps = [user("Installe le paquet de reconnaissance vocale sur le boîtier.")]
    for c, code, out in [("pip install vosk", 1, "No space left on device"), ("du -xhd1 / | sort -h | tail -3", 0, "612M /usr\n1.1G /home\n1.7G /var"), ("journalctl --vacuum-size=50M", 0, "Vacuuming done, freed 1.4G of archived journals"), ("pip install vosk", 1, "ERROR: no matching distribution for armv6l"), ("uname -m && python3 -V", 0, "armv6l\nPython 3.11.2"), ("pip install --no-index --find-links /media/roues vosk==0.3.42", 0, "Successfully installed vosk-0.3.42"), ("python3 -c 'import vosk'", 0, "(aucune sortie)")]:
        steps += [tool("ssh_exec", {"hote": "boitier-17", "commande": c}, {"code": code, "sortie": out})]
    yield fine("carte-liberee", "First the space is freed, then a wheel for the processor is found, and the import works.", steps)

    steps = [user("Get me a slot for the passport office, any in June.")]
    for i, r in enumerate(["no slots in week 23", "no slots in week 24", "no slots in week 25", "no slots in week 26", "no slots in week 27"]):
        steps += [tool("slots.search", {"office": "Mitte", "week": 23 + i}, {"slots": [], "note": r})]
    for o in ("Nord", "Süd", "West"):
        steps += [tool("slots.search", {"office": o, "week": 24}, {"slots": ["2026-06-11T10:20"] if o == "West" else [], "note": "1 slot" if o == "West" else "no slots in week 24"})]
    steps += [tool("slots.book", {"office": "West", "at": "2026-06-11T10:20"}, {"code": "PW-4471"})]
    yield fine("passport-slot", "Five weeks and four offices are looked through once each, until one has a slot.", steps)


def _honest_work(d_name: str, count: int) -> list[Part]:
    d = drawn(d_name)
    kinds = [("read_file", {"path": "pipelines/ingest.py"}, "def ingest(src):\n    for batch in src.batches():\n        yield clean(batch)\n"), ("grep", {"pattern": "def clean"}, "pipelines/clean.py:8:def clean(batch: Batch) -> Batch:"), ("read_file", {"path": "pipelines/clean.py"}, "def clean(batch):\n    batch = drop_nulls(batch)\n    return to_utc(batch)\n"), ("sql", {"q": "select max(loaded_at) from events"}, "2026-05-11 23:40:12+00"), ("sql", {"q": "select count(*) from events where loaded_at is null"}, "0"), ("edit", {"path": "pipelines/clean.py", "old": "to_utc(batch)", "new": "to_utc(batch, tz=batch.tz)"}, "1 change"), ("run", {"cmd": "pytest tests/test_clean.py"}, "7 passed in 0.81s"), ("sql", {"q": "select source, count(*) from events group by 1"}, "app 881200\nweb 40112\nkiosk 931"), ("read_file", {"path": "dags/nightly.yaml"}, "schedule: 0 2 * * *\nretries: 2\ntasks: [ingest, clean, publish]"), ("edit", {"path": "dags/nightly.yaml", "old": "retries: 2", "new": "retries: 4"}, "1 change"), ("run", {"cmd": "dagctl validate nightly"}, "nightly: ok, 3 tasks"), ("run", {"cmd": "dagctl backfill nightly --day 2026-05-09"}, "run 5510 success in 4m11s"), ("run", {"cmd": "dagctl backfill nightly --day 2026-05-10"}, "run 5511 success in 4m02s"), ("sql", {"q": "select day, count(*) from events group by 1 order by 1 desc limit 2"}, "2026-05-10 301118\n2026-05-09 298004"), ("read_file", {"path": "docs/runbook.md"}, "# Nightly\nIf a day is missing, run a backfill and tell #data."), ("edit", {"path": "docs/runbook.md", "old": "tell #data", "new": "tell #data-ops"}, "1 change"), ("run", {"cmd": "ruff check pipelines"}, "All checks passed!"), ("run", {"cmd": "git commit -am 'Keep the zone of each batch'"}, "[fix-tz 81c2e0f] Keep the zone of each batch\n 3 files changed")]
    return [part for n, a, r in kinds[:count] for part in ([tool(n, a, r), llm("Good, next.")] if d.random() < 0.25 else [tool(n, a, r)])]


def late_in_the_day() -> Iterator[Draft]:
    """Long good work that gets stuck near its end."""
    d = drawn("late_in_the_day")
    work = _honest_work("late-push", 18)
    steps = [user("Fix the time zone bug in the nightly pipeline and push."), *work]
    for i in range(6):
        steps += [tool("run", {"cmd": "git push origin fix-tz"}, f"remote: error: GH006: Protected branch update failed for refs/heads/fix-tz.\nremote: error: Required status check \"cla\" is expected. (id {hexes(d, 6)})\n ! [remote rejected] fix-tz -> fix-tz"), tool("run", {"cmd": f"git commit --amend -m 'Keep the zone of each batch{'' if i == 0 else ' (v' + str(i + 1) + ')'}'"}, f"[fix-tz {hexes(d, 7)}] Keep the zone of each batch\n 3 files changed")]
    yield loop("push-to-a-protected-branch", "Eighteen good calls, and then six pushes are rejected by the same missing check.", steps, call=21)

    steps = [user("Arbeite die Bestellliste ab.")]
    for a in ["Papier A4", "Toner 83X", "Klammern", "Heftgerät", "Locher", "Umschläge C5", "Ordner breit", "Kugelschreiber", "Textmarker", "Klebeband", "Etiketten", "Batterien AA", "Kaffee", "Tee"]:
        steps += [tool("artikel_suchen", {"text": a}, {"artikel": f"{d.randint(100000, 999999)}", "name": a, "lager": d.randint(3, 400), "preis_eur": round(d.uniform(1, 90), 2)}), tool("bestellen", {"text": a, "menge": d.randint(1, 10)}, {"position": d.randint(1, 99), "status": "bestellt"})]
    for q in ["Whiteboardschwamm", "Whiteboard Schwamm", "Schwamm für Whiteboard", "Tafelschwamm Whiteboard", "Whiteboard-Wischer", "Wischer Whiteboard", "Schwamm Whiteboard magnetisch", "Tafelwischer magnetisch"]:
        steps += [tool("artikel_suchen", {"text": q}, {"artikel": None, "vorschlaege": [], "hinweis": "Warengruppe 'Präsentation' ist für Ihre Kostenstelle gesperrt.", "anfrage": hexes(d, 8)})]
    yield loop("schwamm-am-schluss", "Vierzehn Artikel sind bestellt, und am fünfzehnten hängt es acht Suchen lang.", steps, call=30)

    steps = [user("Audit the 12 accounts, then write the summary.")]
    for i in range(12):
        steps += [tool("aws_iam", {"action": "ListAccessKeys", "user": f"svc-{['ci', 'etl', 'mail', 'bi', 'iot', 'pay', 'img', 'log', 'geo', 'doc', 'crm', 'dev'][i]}"}, {"keys": d.randint(0, 2), "oldest_days": d.randint(4, 900), "last_used": stamp(i * 4)}), *([tool("ticket_create", {"title": "rotate key", "n": i}, {"id": f"SEC-{300 + i}"})] if d.random() < 0.4 else [])]
    for t in ["Summary of the key audit: twelve accounts, several old keys.", "Key audit, summary: of twelve accounts several have old keys.", "Summary: twelve accounts were audited and several keys are old.", "Audit summary of twelve accounts with several old keys.", "Twelve accounts audited. Several keys are old. Summary.", "Summary of the audit (12 accounts): several old keys.", "The summary: twelve accounts, several keys too old."]:
        steps += [tool("doc_write", {"doc": "key-audit", "text": t}, {"doc": "key-audit", "words": len(t.split()), "saved_at": stamp(d.randint(60, 80), d.randint(0, 59)), "version": hexes(d, 8)})]
    yield loop("summary-rewritten", "After a good audit one sentence of summary is rewritten seven times and says no more.", steps, step=next(i for i, s in enumerate(steps) if s.get("name") == "doc_write") + 1)

    steps = [user("Reconstruct the family tree from the parish registers.")]
    for y in range(1780, 1800):
        steps += [tool("register_page", {"parish": "St. Veit", "year": y}, f"Anno {y}: {d.randint(3, 30)} baptisms, of these Moser {d.randint(0, 3)}. {d.choice(['Johann, son of Georg Moser, smith.', 'Maria, daughter of Lorenz Moser.', 'No Moser.', 'Twins of the innkeeper.'])}")]
    for i in range(7):
        steps += [tool("register_page", {"parish": "St. Veit", "year": 1800 + (i % 2)}, f"Volume damaged by water, pages not scanned. (image {hexes(d, 6)})")]
    yield loop("water-damage", "Twenty years are read once each, and then two lost ones are opened seven times in turn.", steps, call=23)

    steps = [user("Riordina le note spese di aprile: leggi ogni ricevuta e registrala.")]
    for i in range(1, 19):
        steps += [tool("ricevuta_leggi", {"file": f"aprile/ric_{i:02d}.jpg"}, {"esercente": d.choice(["Trattoria da Pino", "Trenitalia", "Taxi Lonati", "Hotel Cavour", "Bar Sport", "Autogrill"]), "totale": round(d.uniform(3, 180), 2), "data": f"2026-04-{i + 3:02d}", "fiducia": round(d.uniform(0.8, 0.99), 2)}), tool("spesa_registra", {"ricevuta": i, "centro": "VEN-IT"}, {"registrata": True, "protocollo": d.randint(40000, 49999)})]
    for t in ["La ricevuta 19 è sfocata, la rileggo.", "Provo di nuovo a leggere la ricevuta 19.", "Ancora illeggibile, rileggo.", "Un altro tentativo con la ricevuta 19.", "Rileggo la ricevuta.", "Provo ancora una volta.", "Torno alla ricevuta 19."]:
        steps += [llm(t), tool("ricevuta_leggi", {"file": "aprile/ric_19.jpg"}, {"esercente": None, "totale": None, "data": None, "fiducia": 0.04, "avviso": "immagine completamente nera", "richiesta": guid(d)})]
    yield loop("ricevuta-nera", "Diciotto ricevute sono registrate, e la diciannovesima, del tutto nera, è letta sette volte.", steps, call=38)


def all_day_long() -> Iterator[Draft]:
    """Fifty steps of work that comes to an end."""
    d = drawn("all_day_long")
    work = _honest_work("all-day", 18)
    steps = [user("Fix the time zone bug in the nightly pipeline and push."), *work]
    for cmd, r in [("git push origin fix-tz", "! [remote rejected] Required status check \"cla\" is expected"), ("gh pr create --fill", "https://git.example/data/pipelines/pull/412"), ("gh pr checks 412", "cla pending\ntest pending\nlint pass"), ("gh pr checks 412", "cla pass\ntest pending\nlint pass"), ("gh pr checks 412", "cla pass\ntest pass\nlint pass"), ("gh pr merge 412 --squash", "Merged pull request #412")]:
        steps += [tool("run", {"cmd": cmd}, r)]
    yield fine("push-by-pull-request", "The rejected push leads to a pull request, whose checks pass one after the other.", steps)

    steps = [user("Handle the support queue until 17:00.")]
    for t, q, r in [("T-1", "export broken", "known bug, fix in 5.3"), ("T-2", "invoice address", "changed in the CRM"), ("T-3", "cannot log in", "reset of the second factor"), ("T-4", "export broken", "known bug, fix in 5.3"), ("T-5", "data deletion", "passed to privacy"), ("T-6", "feature wish", "noted"), ("T-7", "cannot log in", "account was locked by HR"), ("T-8", "slow reports", "index missing, passed to engineering"), ("T-9", "export broken", "customer on 5.3 beta, works"), ("T-10", "price question", "sent price list")]:
        steps += [tool("helpdesk_next", {"queue": "tier1"}, {"ticket": t, "subject": q, "customer": f"c-{d.randint(100, 999)}", "waiting_min": d.randint(2, 90)}), tool("kb_search", {"q": q}, {"articles": [f"KB-{d.randint(10, 99)}" for _ in range(d.randint(0, 2))]}), tool("helpdesk_reply", {"ticket": t, "text": r}, {"sent": True, "status": "solved" if "passed" not in r else "escalated"})]
    yield fine("support-until-five", "Ten tickets of ten customers, some alike, and each is answered once.", steps)

    steps = [user("Explore this unknown repository and tell me how requests flow.")]
    for n, a, r in [("ls", ".", "cmd/ internal/ web/ Makefile go.mod README.md"), ("ls", "cmd", "gateway/ migrate/"), ("cat", "cmd/gateway/main.go", "func main() { cfg := config.Load(); srv := server.New(cfg); srv.Run() }"), ("ls", "internal", "auth/ config/ limiter/ proxy/ server/ store/"), ("cat", "internal/server/server.go", "r := chi.NewRouter(); r.Use(limiter.Middleware, auth.Middleware); r.Mount(\"/\", proxy.Handler(cfg))"), ("cat", "internal/limiter/limiter.go", "token bucket by API key, 50 rps, kept in redis"), ("cat", "internal/auth/auth.go", "JWT by JWKS, cached for ten minutes"), ("cat", "internal/proxy/proxy.go", "httputil.ReverseProxy, upstreams from store.Routes"), ("cat", "internal/store/routes.go", "SELECT prefix, upstream FROM routes; refreshed each 30 s"), ("grep", "-rn X-Request-Id internal", "internal/proxy/proxy.go:41: req.Header.Set(\"X-Request-Id\", id)"), ("ls", "web", "empty but for .gitkeep"), ("cat", "Makefile", "run: go run ./cmd/gateway\ntest: go test ./...")]:
        steps += [tool("bash", {"cmd": f"{n} {a}"}, r)]
    steps += [llm("Requests pass limiter, auth and proxy; routes come from Postgres each 30 s.")]
    yield fine("unknown-gateway", "Twelve looks at twelve places, and at the end the flow is told.", steps)

    steps = [user("Reconstruct the family tree from the parish registers.")]
    for y in range(1780, 1812):
        steps += [tool("register_page", {"parish": "St. Veit" if y < 1800 else "Maria Saal", "year": y}, f"Anno {y}: {d.randint(3, 30)} baptisms, of these Moser {d.randint(0, 3)}. {d.choice(['Johann, son of Georg Moser, smith.', 'Maria, daughter of Lorenz Moser.', 'No Moser.', 'Twins of the innkeeper.', 'Ursula Moser, natural child, the father is not named.'])}")]
        if y % 8 == 7:
            steps += [llm(f"Up to {y}: the smith's line holds, {d.randint(2, 6)} children so far.")]
    yield fine("two-parishes", "Thirty-two years are read once each, in the second parish from 1800 on.", steps)

    steps = [user("Riordina le note spese di marzo: leggi ogni ricevuta e registrala.")]
    for i in range(1, 25):
        steps += [tool("ricevuta_leggi", {"file": f"marzo/ric_{i:02d}.jpg"}, {"esercente": d.choice(["Trattoria da Pino", "Trenitalia", "Taxi Lonati", "Hotel Cavour", "Bar Sport", "Autogrill"]) if i != 19 else None, "totale": round(d.uniform(3, 180), 2) if i != 19 else None, "data": f"2026-03-{i + 3:02d}", "fiducia": round(d.uniform(0.8, 0.99), 2) if i != 19 else 0.04})]
        steps += [tool("spesa_registra", {"ricevuta": i, "centro": "VEN-IT"}, {"registrata": True, "protocollo": d.randint(40000, 49999)})] if i != 19 else [tool("spesa_sospendi", {"ricevuta": 19, "motivo": "immagine illeggibile, chiesta una copia"}, {"sospesa": True})]
    steps += [llm("Ventitré ricevute registrate, una sospesa in attesa di una copia.")]
    yield fine("ventiquattro-ricevute", "Ogni ricevuta è letta e registrata una volta, e quella illeggibile è messa da parte.", steps)
