"""Second blind part: rounds that lead back and files passed to and fro, beside rounds and desks that get on."""
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from tests.cases.grammars.blind2_parts import fine, guid, hexes, loop, stamp
from tests.cases.grammars.parts import Draft, drawn, llm, tool, user


def round_and_back() -> Iterator[Draft]:
    """Two to five calls that end where they began."""
    d = drawn("round_and_back")
    steps = [user("Download the March statement from the supplier portal.")]
    for i in range(5):
        steps += [tool("browser_navigate", {"url": "https://portal.supplier.example/statements/2026-03"}, f"302 -> /login?next=%2Fstatements%2F2026-03 (csrf {hexes(d, 20)})"),
                  tool("browser_type", {"selector": "input[name=user]", "text": "ap-bot", "submit": True}, f"Page 'Enter the code' - A code was sent to the phone ending in 77. Request {guid(d)}"),
                  tool("browser_click", {"selector": "a.back-home"}, f"Page 'Welcome' - You are not signed in. Links: Statements, Contact, Imprint. Visitor {d.randint(10**6, 10**7)}")]
        if i % 2:
            steps += [llm("I am on the welcome page; opening the statements.")]
    yield loop("portal-with-a-second-factor", "Five rounds of statements, login and welcome page, for a code that nobody reads out.", steps, call=4)

    steps = [user("The checkout pods crash. Get them running."), tool("kubectl", "get pods -n shop -l app=checkout", "checkout-6c9f7-abcde 0/1 CrashLoopBackOff 14 (41s ago) 52m\ncheckout-6c9f7-fghij 0/1 CrashLoopBackOff 14 (12s ago) 52m")]
    for i in range(5):
        pod = f"checkout-{hexes(d, 5)}-{hexes(d, 5)}"
        steps += [tool("kubectl", "rollout restart deployment/checkout -n shop", "deployment.apps/checkout restarted"),
                  tool("kubectl", "get pods -n shop -l app=checkout", f"{pod} 0/1 CrashLoopBackOff {d.randint(1, 3)} ({d.randint(5, 29)}s ago) {d.randint(35, 80)}s"),
                  tool("kubectl", f"logs -n shop {pod} --tail=3", f"{stamp(i * 3, d.randint(0, 59))} FATAL config: secret key STRIPE_WEBHOOK_KEY is not set\n{stamp(i * 3 + 1)} exiting with status 1")]
        if i in (1, 3):
            steps += [llm("The pods are still crashing. A fresh restart may pick up the configuration.")]
    yield loop("restart-without-the-secret", "Five restarts meet the same missing secret, which nobody sets.", steps, call=5)

    steps = [user("Stimme den Monatsabschluss ab, bis Soll und Haben gleich sind.")]
    for i in range(4):
        steps += [tool("blatt_lesen", {"bereich": "Saldo!A1:C1"}, {"Soll": "118.402,11", "Haben": "118.392,11", "Differenz": "10,00"}),
                  tool("buchung_suchen", {"betrag": "10,00", "zeitraum": "2026-04"}, {"treffer": [{"beleg": "R-1180", "text": "Büromaterial", "betrag": "10,00", "konto": "4930"}], "abfrage": hexes(d, 6)}),
                  tool("buchung_stornieren", {"beleg": "R-1180"}, {"status": "storniert", "gegenbeleg": f"S-{d.randint(2000, 2999)}"}),
                  tool("buchung_anlegen", {"beleg": "R-1180", "konto": "4930", "betrag": "10,00", "text": "Büromaterial"}, {"status": "gebucht", "lfd": d.randint(7000, 7999)})]
        if i == 1:
            steps += [llm("Die Differenz besteht weiterhin, ich prüfe den Beleg erneut.")]
    yield loop("differenz-von-zehn-euro", "Viermal wird derselbe Beleg storniert und wieder gebucht, und die Differenz bleibt.", steps, call=5)

    steps = [user("Plan a route for the delivery robot from bay 2 to bay 9."), tool("map.query", {"from": "bay2", "to": "bay9"}, "2 corridors: north (blocked by pallet at x=14), south (door S3 closed)")]
    for i in range(6):
        steps += [tool("nav.goto", {"waypoint": "north_gate"}, f"arrived north_gate in {d.uniform(11, 14):.1f} s, battery {74 - 3 * i} %. Obstacle: pallet at x=14.{d.randint(0, 9)}"),
                  tool("nav.goto", {"waypoint": "south_gate"}, f"arrived south_gate in {d.uniform(19, 23):.1f} s, battery {72 - 3 * i} %. Door S3: closed, no remote opener")]
    steps += [llm("The south door is closed, so I will use the north corridor.")]
    yield loop("between-two-gates", "The robot drives six times between a pallet and a closed door, and only the battery changes.", steps, call=4)

    steps = [user("The nightly DAG is red. Make it green."), llm("I'll look at the DAG and its failed task.")]
    for i in range(5):
        run = f"manual__{stamp(i * 11)}"
        steps += [tool("airflow_trigger", {"dag_id": "sales_nightly", "conf": {}}, {"dag_run_id": run, "state": "queued"}),
                  tool("airflow_run_state", {"dag_run_id": run}, {"state": "failed", "failed_task": "load_fx_rates", "try_number": 3, "duration_s": round(d.uniform(180, 200), 1)}),
                  tool("airflow_task_log", {"dag_run_id": run, "task": "load_fx_rates", "tail": 4}, f"[{stamp(i * 11 + 3, d.randint(0, 59))}] {{taskinstance.py:1937}} ERROR - Task failed with exception\nTraceback (most recent call last):\n  File \"/opt/dags/fx.py\", line 41, in load\n    rates = json.loads(body)['rates']\nKeyError: 'rates'\n[{stamp(i * 11 + 3, 59)}] body was: {{\"error\": \"subscription ended on 2026-04-30\", \"ref\": \"{hexes(d, 8)}\"}}"),
                  tool("airflow_clear", {"dag_run_id": run, "task": "load_fx_rates", "downstream": True}, {"cleared": 4, "by": "agent"}),
                  tool("slack_post", {"channel": "#data", "text": "Restarted sales_nightly, should be green soon."}, {"ok": True, "ts": f"17785{d.randint(10000, 99999)}.{d.randint(100000, 999999)}"})]
        if i % 2 == 0:
            steps += [llm("The task failed again. Clearing it and starting over.")]
    yield loop("dag-with-an-ended-subscription", "Five rounds of five calls start a DAG whose source has ended its subscription, and promise green each time.", steps, call=6)


def round_and_further() -> Iterator[Draft]:
    """Rounds of the same calls, each with something less to do."""
    d = drawn("round_and_further")
    steps = [user("Make the test-suite green again after the upgrade to pydantic 2.")]
    for left, f, old, new in [(23, "models/order.py", "@validator('sku')", "@field_validator('sku')"), (17, "models/order.py", "class Config:\n        orm_mode = True", "model_config = ConfigDict(from_attributes=True)"), (11, "api/export.py", "order.dict()", "order.model_dump()"), (6, "api/export.py", "order.json()", "order.model_dump_json()"), (4, "models/money.py", "__root__: Decimal", "RootModel[Decimal]"), (1, "tests/test_money.py", "Money.parse_obj('3')", "Money.model_validate('3')")]:
        steps += [tool("run_tests", {"cmd": "pytest -q -x --maxfail=30"}, f"{left} failed, {188 - left} passed in {d.uniform(9, 13):.2f}s\nFAILED tests/test_{f.split('/')[1][:-3]}.py - PydanticUserError near {old.splitlines()[0]!r}"), tool("edit_file", {"path": f, "old": old, "new": new}, f"edited {f}: {d.randint(1, 5)} replacement(s)")]
    steps += [tool("run_tests", {"cmd": "pytest -q"}, "188 passed in 11.92s"), llm("All green.")]
    yield fine("pydantic-upgrade", "Six rounds of test and edit bring the failures from 23 to none.", steps)

    steps = [user("Clear the dead-letter queue: look at each message, fix it, requeue it.")]
    for n, e in zip(range(8, 0, -1), ["missing currency", "bad postcode 0181O", "unknown SKU AX-9", "missing currency", "negative quantity", "duplicate of 8812", "bad e-mail", "unknown SKU AX-9"], strict=True):
        m = hexes(d, 8)
        steps += [tool("sqs_receive", {"queue": "orders-dlq", "max": 1}, {"MessageId": m, "ApproximateNumberOfMessages": n, "reason": e}), tool("order_fix", {"message": m, "reason": e}, {"fixed": e != "duplicate of 8812"}), tool("sqs_move" if "dup" not in e else "sqs_delete", {"message": m, "to": "orders"} if "dup" not in e else {"message": m}, "OK")]
    steps += [tool("sqs_receive", {"queue": "orders-dlq", "max": 1}, {"ApproximateNumberOfMessages": 0}), llm("The queue is empty: seven requeued, one deleted as a duplicate.")]
    yield fine("dead-letters", "Eight messages go through the same three calls, and the queue shrinks to nothing.", steps)

    steps = [user("Spiel eine Partie gegen mich, du hast Weiß. Züge über das Brettwerkzeug.")]
    for w, b in zip(["e4", "Nf3", "Bb5", "Ba4", "O-O", "Re1", "Bb3", "c3", "h3", "d4"], ["e5", "Nc6", "a6", "Nf6", "Be7", "b5", "d6", "O-O", "Na5", "Qc7"], strict=True):
        steps += [tool("brett.zug", {"farbe": "weiss", "zug": w}, f"ok. Stellung {hexes(d, 12)}, am Zug: Schwarz"), user(b), tool("brett.zug", {"farbe": "schwarz", "zug": b}, f"ok. Stellung {hexes(d, 12)}, am Zug: Weiß, Bewertung {d.uniform(0.1, 0.6):+.2f}")]
    yield fine("spanische-partie", "Zug um Zug eine andere Stellung, und der Mensch spielt mit.", steps)

    steps = [user("Sube las diez fotos del piso al anuncio.")]
    for i, r in enumerate(["salón", "cocina", "dormitorio 1", "dormitorio 2", "baño", "aseo", "terraza", "portal", "garaje", "plano"], 1):
        steps += [tool("fichero.abrir", {"ruta": f"fotos/IMG_{4400 + i}.jpg"}, f"JPEG 4032x3024, {d.uniform(2, 5):.1f} MB, EXIF con GPS; se ve: {r}"), tool("imagen.reducir", {"ruta": f"fotos/IMG_{4400 + i}.jpg", "ancho": 1600, "quitar_exif": True}, f"/tmp/{hexes(d, 6)}.jpg {d.randint(210, 460)} kB"), tool("anuncio.subir_foto", {"anuncio": 88123, "pie": r.capitalize(), "orden": i}, f"foto {i} de 10 publicada")]
    yield fine("fotos-del-piso", "Diez fotos pasan por los mismos tres pasos y se publican en orden.", steps)

    steps = [user("Backfill sales_nightly for the ten days that failed, and watch each.")]
    for i in range(10):
        run = f"backfill__2026-05-{i + 1:02d}"
        steps += [tool("airflow_trigger", {"dag_id": "sales_nightly", "conf": {"day": f"2026-05-{i + 1:02d}"}}, {"dag_run_id": run, "state": "queued"}),
                  tool("airflow_run_state", {"dag_run_id": run}, {"state": "running", "done": f"{d.randint(2, 5)}/7"}),
                  tool("airflow_run_state", {"dag_run_id": run}, {"state": "success", "done": "7/7", "rows": d.randint(80000, 99000), "duration_s": round(d.uniform(180, 260), 1)})]
        if i == 5:
            steps += [llm("Six days are in; four to go.")]
    steps += [tool("slack_post", {"channel": "#data", "text": "sales_nightly: 1 to 10 May are complete."}, {"ok": True})]
    yield fine("ten-days-backfilled", "Ten days run one after the other, each to its success, and then the channel is told.", steps)


def passed_to_and_fro() -> Iterator[Draft]:
    """Agents that hand one case to each other and do nothing with it."""
    d = drawn("passed_to_and_fro")
    steps = [user("I was charged twice for March, account 55120.")]
    lines = [("billing", "The second charge comes from a plan change. That belongs to subscriptions."), ("subscriptions", "No plan change on file. A double charge is for billing to look at."), ("billing", "I see two captures, but captures after a plan change are handled by subscriptions."), ("subscriptions", "Nothing to do on our side; please let billing review the captures."), ("billing", "As the cause is the plan, I transfer to subscriptions."), ("subscriptions", "This is about payments. Transferring to billing."), ("billing", "Subscriptions must confirm the plan first."), ("subscriptions", "Billing must confirm the captures first."), ("billing", "Handing over to subscriptions for the plan."), ("subscriptions", "Handing over to billing for the captures.")]
    for who, says in lines:
        other = "subscriptions" if who == "billing" else "billing"
        steps += [llm(says, agent=who), tool(f"transfer_to_{other}", {"reason": says}, {"assistant": other}, agent=who)]
    yield loop("charged-twice", "Two desks name each other ten times, and nobody looks at the two captures.", steps, call=3)

    steps = [user("旅行の予約を変更したいです。予約番号はTK8821です。")]
    for who, says in [("受付", "変更は航空券担当におつなぎします。"), ("航空券担当", "パッケージの予約ですので、ツアー担当にお回しします。"), ("ツアー担当", "個人手配の扱いになっていますので、受付に戻します。"), ("受付", "航空券担当に確認をお願いします。"), ("航空券担当", "やはりツアー担当の案件です。お回しします。"), ("ツアー担当", "こちらでは扱えません。受付へお願いします。"), ("受付", "恐れ入ります、航空券担当にもう一度おつなぎします。"), ("航空券担当", "ツアー担当へ転送いたします。"), ("ツアー担当", "受付に転送いたします。")]:
        steps += [tool("tensou", {"予約番号": "TK8821", "備考": says}, {"結果": "転送済み", "受付番号": hexes(d, 6)}, agent=who)]
    yield loop("tabi-no-henkou", "Three desks send one booking round three times, and nothing about it is changed.", steps, call=4)

    steps = [user("Schreibe den Abschnitt zur Datensicherung und lass ihn prüfen.")]
    draft = "Die Datensicherung erfolgt täglich um zwei Uhr auf ein zweites System. Die Aufbewahrung beträgt dreißig Tage."
    for i in range(6):
        steps += [llm(draft, agent="autor"), tool("pruefung_anfordern", {"text": draft, "fassung": i + 1}, "eingereicht", agent="autor"), llm(["Bitte den Abschnitt zur Wiederherstellung ergänzen.", "Es fehlt die Wiederherstellung.", "Die Wiederherstellung ist noch nicht beschrieben.", "Wie bereits angemerkt: Wiederherstellung ergänzen.", "Weiterhin ohne Wiederherstellung, bitte ergänzen.", "Der Punkt Wiederherstellung ist offen."][i], agent="lektor")]
    yield loop("abschnitt-datensicherung", "Sechsmal wird derselbe Text eingereicht und sechsmal dasselbe vermisst.", steps, call=2)

    steps = [user("Patch CVE-2026-1188 in the base image.")]
    for i in range(5):
        steps += [tool("delegate", {"to": "builder", "task": ["Rebuild the base image with the patched openssl and report the digest.", "Please rebuild the base image including the openssl patch and give me the digest.", "Build again: base image, patched openssl, then send the digest.", "We need the base image rebuilt with fixed openssl; report its digest.", "Rebuild base with the openssl fix, digest please."][i]}, error=f"builder: I need approval of the scanner before I build. (task {hexes(d, 7)})", agent="lead"),
                  tool("delegate", {"to": "scanner", "task": ["Approve the rebuilt base image.", "Please scan and approve the base image.", "Approve the base image so that it can be built.", "We need your approval for the base image.", "Scan the base image and approve."][i]}, error=f"scanner: there is no new image to scan, ask builder first. (task {hexes(d, 7)})", agent="lead")]
    yield loop("build-waits-for-scan", "The builder waits for the scanner and the scanner for the builder, five times over.", steps, call=3)


def desk_to_desk() -> Iterator[Draft]:
    """Agents that hand on, and each adds its part."""
    d = drawn("desk_to_desk")
    steps = [user("Work through the claims of the hailstorm.")]
    for c in [f"H-{d.randint(1000, 9999)}" for _ in range(5)]:
        steps += [tool("transfer", {"to": "assessor", "claim": c}, "accepted", agent="intake"), tool("estimate_damage", {"claim": c}, {"dents": d.randint(8, 90), "estimate_eur": d.randint(300, 5200)}, agent="assessor"), tool("transfer", {"to": "payer", "claim": c}, "accepted", agent="assessor"), tool("pay", {"claim": c, "iban": f"DE{d.randint(10, 99)}…{d.randint(1000, 9999)}"}, {"payment": hexes(d, 8), "state": "released"}, agent="payer"), tool("transfer", {"to": "intake", "claim": c}, "accepted, closed", agent="payer")]
    yield fine("hailstorm", "Five claims go round three desks, and each is paid before the next begins.", steps)

    steps = [user("Je veux un poème en alexandrins sur la pluie, relu jusqu'à ce que le compte y soit.")]
    for i, (v, c) in enumerate([("La pluie sur le toit chante toute la nuit", "Onze syllabes au vers 1 ; au vers 3, la césure tombe mal. 5/10"), ("La pluie au bord du toit chantonne dans la nuit", "Vers 1 juste. Le vers 3 compte treize syllabes. 7/10"), ("Et l'eau sur les carreaux dessine un long chemin", "Vers 3 juste. La rime 2-4 est pauvre (« nuit / bruit » à garder, « vent / dedans » à revoir). 8/10"), ("Quand le vent se retient d'entrer par la maison", "Rime corrigée ; virgule superflue au vers 4. 9/10"), ("Quand le vent se retient, par-delà la saison", "Rien à redire. 10/10")]):
        steps += [llm(v, agent="poete"), tool("relire", {"vers": v, "tour": i + 1}, c, agent="relecteur")]
    steps += [llm("Voici le poème, relu et juste.")]
    yield fine("alexandrins", "Chaque tour corrige ce qui fut relevé, et la note monte de cinq à dix.", steps)

    steps = [user("Guest in room 512: broken shower, wants to move, and has a flight question.")]
    for who, n, a, r in [("concierge", "transfer_to_maintenance", {"room": 512, "issue": "shower"}, "assigned"), ("maintenance", "create_workorder", {"room": 512, "item": "thermostat cartridge"}, {"wo": 7713, "eta": "tomorrow 10:00"}), ("maintenance", "transfer_to_frontdesk", {"note": "not before tomorrow, please move guest"}, "assigned"), ("frontdesk", "find_room", {"type": "king", "nights": 2}, ["604", "611"]), ("frontdesk", "assign_room", {"from": 512, "to": 611}, "key cards ready"), ("frontdesk", "transfer_to_concierge", {"note": "room 611, luggage at 15:00"}, "assigned"), ("concierge", "flight_status", {"flight": "LX 155"}, {"status": "delayed", "new_departure": "23:40"}), ("concierge", "order_taxi", {"at": "20:30", "pickup": "lobby"}, {"car": "T-88"})]:
        steps += [tool(n, a, r, agent=who)]
    steps += [llm("You are in 611, the luggage follows at three, and your flight leaves at 23:40; a taxi is ordered for 20:30.")]
    yield fine("room-512", "Three desks pass one guest on three times, and each has settled something before.", steps)

    steps = [user("Summarise the 12 interviews by theme.")]
    for i in range(1, 13):
        steps += [tool("spawn_subagent", {"role": "reader", "instruction": f"Read interview {i:02d} and return the themes with one quote each. Do not summarise others."}, {"themes": d.sample(["pricing", "onboarding", "trust", "speed", "support", "missing exports", "team roles", "mobile"], 3), "quote": d.choice(["I only found the button after a week.", "We trust it because finance does.", "It is quick, until you export.", "Nobody answered on Friday."]) + f" (line {d.randint(12, 300)})"}, agent="lead")]
    steps += [tool("spawn_subagent", {"role": "writer", "instruction": "Merge the twelve lists into one table by theme, with counts."}, "table of 8 themes, 36 mentions; pricing 7, trust 6, onboarding 6", agent="lead")]
    yield fine("twelve-interviews", "Twelve interviews are handed out in one wording and merged into one table.", steps)
