"""Second blind part: guessed parameters and broken calls, beside interfaces that are learnt and forms that are filled."""
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.cases.grammars.blind2_parts import fine, guid, hexes, loop, stamp
from tests.cases.grammars.parts import Draft, drawn, llm, tool, user


def invented_parameters() -> Iterator[Draft]:
    """Guesses at an interface that says no each time in the same way."""
    d = drawn("invented_parameters")
    steps = [user("Void invoice INV-20931 and issue a credit note for the VAT part only."), tool("billing__get_invoice", {"number": "INV-20931"}, {"number": "INV-20931", "status": "paid", "net": "1240.00", "vat": "260.40", "currency": "EUR", "lines": 4})]
    for extra in [{"scope": "vat"}, {"part": "tax"}, {"vat_only": True}, {"amount_type": "VAT"}, {"lines": ["vat"]}, {"tax": {"only": True}}, {"reason": "vat_correction", "mode": "partial"}, {"type": "tax_credit"}]:
        steps += [tool("billing__create_credit_note", {"invoice": "INV-20931", **extra}, error=f"422 Unprocessable Entity: unknown field '{next(iter(extra))}'. Allowed fields: invoice, lines[].line_id, lines[].amount. trace={guid(d)}")]
        if d.random() < 0.5:
            steps += [llm(d.choice(["That field is not known. Another name, then.", "Let me try it with a different field.", "The API must have some option for the tax part."]))]
    yield loop("credit-note-for-vat", "Eight invented fields meet the same refusal, which names the allowed ones each time.", steps, call=3)

    steps = [user("Schalte das Licht im Flur auf Warmweiß, 30 Prozent.")]
    for svc, data in [("light.set_warm", {"entity_id": "light.flur", "brightness": 30}), ("light.warm_white", {"entity_id": "light.flur", "pct": 30}), ("light.set_color_temp", {"entity_id": "light.flur", "kelvin": 2700}), ("light.adjust", {"entity_id": "light.flur", "temp": "warm"}), ("light.set_white", {"entity_id": "light.flur", "value": "warm"}), ("light.temperature", {"entity_id": "light.flur", "mired": 370}), ("light.scene_warm", {"entity_id": "light.flur", "level": 0.3})]:
        steps += [llm("Ich rufe den passenden Dienst auf." if svc == "light.set_warm" else d.choice(["Dann heißt der Dienst wohl anders.", "Nächster Versuch mit einem anderen Dienst.", "Diesen Dienst gibt es nicht, ich probiere einen ähnlichen."])),
                  tool("call_service", {"service": svc, "data": data}, {"success": False, "error": {"code": "not_found", "message": f"Service {svc} not found."}, "id": d.randint(100, 999)})]
    yield loop("licht-im-flur", "Sieben erfundene Dienste, und keiner davon ist vorhanden; nach der Liste fragt niemand.", steps, call=2)

    steps = [user("Envoie le rapport de sinistre S-8841 à l'expert le plus proche de Clermont.")]
    for a in [{"sinistre": "S-8841", "ville": "Clermont"}, {"dossier": "S-8841", "localite": "Clermont-Ferrand"}, {"id_sinistre": "S-8841", "commune": "Clermont-Fd"}, {"reference": "S-8841", "lieu": {"ville": "Clermont-Ferrand", "cp": "63000"}}, {"ref_sinistre": "S8841", "code_commune": "63113"}, {"numero": "8841", "zone": "63"}, {"claim_id": "S-8841", "city": "Clermont-Ferrand"}]:
        steps += [tool("expert_affecter", a, f"<html><head><title>400</title></head><body><h1>Requête invalide</h1><p>La requête ne respecte pas le contrat de service ExpertAffecter v2.</p><hr><address>gw-{d.randint(1, 6)}.sinistres.example · {stamp(d.randint(1, 59), d.randint(0, 59))} · {hexes(d, 12)}</address></body></html>")]
    steps += [llm("Je vais essayer avec d'autres noms de champs."), tool("expert_affecter", {"sinistreId": "S-8841", "proximite": "Clermont-Ferrand"}, f"<html><head><title>400</title></head><body><h1>Requête invalide</h1><p>La requête ne respecte pas le contrat de service ExpertAffecter v2.</p><hr><address>gw-2.sinistres.example · {stamp(58)} · {hexes(d, 12)}</address></body></html>")]
    yield loop("expert-a-clermont", "Eight shapes of one request get the same page that the request is invalid.", steps, call=2)

    steps = [user("Dodaj do kampanii wiosennej wykluczenie wiekowe poniżej 25 lat."), llm("Sprawdzam możliwości API kampanii.")]
    for f, v in [("age_exclude", "<25"), ("exclude_age_below", 25), ("min_age", 25), ("targeting.age_min", 25), ("audience.age.from", 25), ("negative_age", [18, 24])]:
        steps += [tool("AdsMutate", {"campaignId": "7719203", "updateMask": f, "values": {f: v}}, {"partialFailureError": {"code": 3, "message": f"FieldMaskError.FIELD_NOT_FOUND: '{f}'", "details": [{"requestId": hexes(d, 22), "trigger": {"stringValue": f}, "location": {"fieldPathElements": [{"fieldName": "update_mask"}, {"fieldName": "paths", "index": 0}]}}]}})]
    steps += [llm("Spróbuję jeszcze innej nazwy pola."), tool("AdsMutate", {"campaignId": "7719203", "updateMask": "demographics.age", "values": {"demographics.age": {"gte": 25}}}, {"partialFailureError": {"code": 3, "message": "FieldMaskError.FIELD_NOT_FOUND: 'demographics.age'", "details": [{"requestId": hexes(d, 22), "trigger": {"stringValue": "demographics.age"}}]}})]
    yield loop("pole-wieku", "Seven guesses of a field's name, and seven times there is no such field.", steps, call=2)


def interface_learnt() -> Iterator[Draft]:
    """Refusals that teach: each complaint is another, and in the end the call goes through."""
    d = drawn("interface_learnt")
    steps = [user("Book the loading dock for Thursday, 7:30, truck WX 4471, frozen goods.")]
    body: dict[str, object] = {"dock": "D4", "date": "2026-05-14"}
    for err, add in [("400 slot_start: field required (ISO 8601 with offset)", {"slot_start": "2026-05-14T07:30"}), ("400 slot_start: offset missing, got '2026-05-14T07:30'", {"slot_start": "2026-05-14T07:30+02:00"}), ("400 vehicle: field required", {"vehicle": {"plate": "WX 4471"}}), ("400 vehicle.axles: field required, integer 2..8", {"vehicle": {"plate": "WX 4471", "axles": 5}}), ("409 dock D4 has no cold chain; D7 and D9 have", {"dock": "D9", "goods": "frozen"})]:
        steps += [tool("dock_booking.create", dict(body), error=err), llm(f"Right: {err.split(' ', 1)[1]}. I add that.")]
        body.update(add)
    steps += [tool("dock_booking.create", dict(body), {"booking": "DB-55120", "dock": "D9", "slot": "07:30-08:15", "gate_code": 4471}), llm("Booked: dock D9, Thursday 7:30, gate code 4471.")]
    yield fine("loading-dock", "Five different complaints are each answered by what they ask for, and the sixth call books.", steps)

    steps = [user("Hol mir die Umsätze je Filiale aus dem Warehouse.")]
    for q, error, result in [
        ("select filiale, sum(umsatz) from verkauf group by 1", 'ERROR: relation "verkauf" does not exist', None),
        ("select table_name from information_schema.tables where table_name ilike '%verk%'", None, "dwh.f_verkaeufe\ndwh.f_verkaeufe_hist\nstg.verk_roh\n(3 Zeilen)"),
        ("select filiale, sum(umsatz) from dwh.f_verkaeufe group by 1", 'ERROR: column "filiale" does not exist', None),
        ("select column_name, data_type from information_schema.columns where table_name='f_verkaeufe'", None, "verkauf_sk bigint\nfiliale_sk bigint\nartikel_sk bigint\nbetrag_netto numeric\ntag date\n(5 Zeilen)"),
        ("select f.name, sum(v.betrag_netto) from dwh.f_verkaeufe v join dwh.d_filiale f on f.sk = v.filiale_sk group by 1", "ERROR: operator does not exist: text = bigint. HINT: you might need to add explicit type casts.", None),
        ("select f.name, sum(v.betrag_netto) from dwh.f_verkaeufe v join dwh.d_filiale f on f.sk::bigint = v.filiale_sk group by 1 order by 2 desc", None, "Hamburg | 1884112.40\nKöln | 1402889.15\nLeipzig | 911340.00\nUlm | 402118.75\n(4 Zeilen)"),
    ]:
        steps += [tool("sql", {"query": q}, result, error=error)]
    steps += [llm("Hamburg führt mit 1,88 Mio. EUR, Ulm ist mit 0,40 Mio. EUR das Schlusslicht.")]
    yield fine("umsatz-je-filiale", "Three different errors each lead to a look at the catalogue, and the last query answers.", steps)

    steps = [user("Add a 'snooze 10 minutes' button to the wake-up routine.")]
    for n, a, r in [("routine_get", {"id": "wakeup"}, '{"id":"wakeup","rev":12,"actions":[{"type":"light","ramp_s":600},{"type":"radio","station":"bbc4"}]}'), ("schema_get", {"type": "button"}, '{"required":["label","on_press"],"on_press":{"oneOf":["delay","cancel","repeat"]}}'), ("routine_patch", {"id": "wakeup", "rev": 11, "add": [{"type": "button", "label": "Snooze", "on_press": {"delay": 10}}]}, '{"error":"conflict","detail":"rev is 12"}'), ("routine_patch", {"id": "wakeup", "rev": 12, "add": [{"type": "button", "label": "Snooze", "on_press": {"delay": 10}}]}, '{"error":"invalid","detail":"delay is an ISO 8601 duration"}'), ("routine_patch", {"id": "wakeup", "rev": 12, "add": [{"type": "button", "label": "Snooze", "on_press": {"delay": "PT10M"}}]}, '{"ok":true,"rev":13}'), ("routine_test", {"id": "wakeup", "press": "Snooze"}, '{"ran":["light off","radio off"],"scheduled":"+600 s"}')]:
        steps += [tool(n, a, r)]
    steps += [llm("The button is there and the dry run postpones everything by ten minutes.")]
    yield fine("snooze-button", "A conflict and a wrong unit are mended one after the other, and a dry run proves it.", steps)

    steps = [user("Exporte les dossiers médicaux anonymisés au format FHIR pour l'étude."), llm("Je construis la ressource pas à pas avec le validateur.")]
    for v, left in [("Patient sans identifiant", 9), ("+ identifier.system", 7), ("+ birthDate arrondie au mois", 6), ("+ Encounter.class codé AMB", 4), ("+ Observation.code LOINC 4548-4", 2), ("+ unité UCUM % pour HbA1c", 1), ("+ meta.security ANONYED", 0)]:
        steps += [tool("fhir_validate", {"bundle": f"etude-hba1c-v{9 - left}.json", "modification": v, "profil": "fr-core"}, {"issues": left, "premier": ["aucun", "meta.security manquant", "unité non UCUM pour valueQuantity", "", "code LOINC absent", "", "class hors du jeu de valeurs", "birthDate trop précise pour l'étude", "", "identifier.system obligatoire"][left] or "cardinalité", "dureeMs": d.randint(300, 900)})]
    steps += [tool("fhir_export", {"bundle": "etude-hba1c-v9.json"}, {"ressources": 1288, "fichier": "export-0512.ndjson", "sha256": hexes(d, 16)})]
    yield fine("validateur-fhir", "Nine complaints of a validator shrink to none, and then the export runs.", steps)


def broken_calls() -> Iterator[Draft]:
    """Calls that never reach the tool, since their arguments cannot be read."""
    d = drawn("broken_calls")
    steps = [user("Write the handover note into the ticket SUP-3391."), llm("Adding the comment now.")]
    note = "Customer says \"it just stopped\" after the update; logs attached, see C:\\temp\\dump"
    for raw in ['{"ticket": "SUP-3391", "body": "' + note, '{"ticket": "SUP-3391", "body": "Customer says "it just stopped" after the update"}', "{'ticket': 'SUP-3391', 'body': 'Customer says \"it just stopped\"'}", '{"ticket": "SUP-3391", "body": "Customer says \\"it just stopped\\" see C:\\temp\\dump"', '```json\n{"ticket": "SUP-3391", "body": "Customer says it "just stopped""}\n```', '{"ticket": SUP-3391, "body": "Customer says it just stopped", }', '{"ticket": "SUP-3391" "body": "Customer reports a stop after the update, dump in C:\\temp"}']:
        steps += [tool("add_comment", raw, error=f"InvalidToolInput: could not parse arguments as JSON (line 1 column {d.randint(18, 80)}). Please call the tool again with valid JSON."), llm(d.choice(["I apologise, let me correct the JSON.", "Let me fix the quoting.", "I need to escape this properly."]))]
    yield loop("comment-with-quotes", "Seven attempts at one comment are all unreadable, and nothing is ever written.", steps, call=2)

    steps = [user("Crea la fórmula de comisiones en la hoja 'Mayo'.")]
    for f in ["=SI(B2>1000;B2*0,05;B2*0,03", "=SI(B2>1000,B2*0.05;B2*0.03)", "=IF(B2>1000;B2*0,05;B2*0,03))", "=SI((B2>1000;B2*0,05;B2*0,03)", "=SI(B2>1000;B2*0,05 B2*0,03)", "=SI(B2>1000;;B2*0,05;B2*0,03)"]:
        steps += [llm("Escribo la fórmula." if f.endswith("0,03") and f.startswith("=SI(B2>1000;B2*0,05;") else d.choice(["Corrijo la sintaxis.", "Falta algo en la fórmula, la reescribo.", "Pruebo con otro separador."])), tool("hoja_escribir", {"hoja": "Mayo", "rango": "D2:D48", "formula": f}, {"estado": "error", "codigo": "FORMULA_PARSE", "mensaje": "Error de análisis de la fórmula.", "peticion": guid(d)})]
    yield loop("comisiones-de-mayo", "Seis fórmulas mal escritas dan el mismo error de análisis, y la columna sigue vacía.", steps, call=2)

    steps = [user("Move the arm to the tray and pick up vial 3.")]
    for a in [{}, {"": ""}, {"": {}}, {"pose": ""}, {}, {"pose": None}, {"": []}, {}]:
        steps += [tool("arm.move_to", a, error="validation failed: pose: missing; expected {x_mm, y_mm, z_mm, rot_deg}"), llm(d.choice(["Moving to the tray.", "Executing the movement.", "I will move the arm to the tray position.", ""]))]
    yield loop("arm-without-a-pose", "Eight moves are called without the pose that they need, and the arm stands still.", steps, call=2)

    steps = [user("Refactor the retry helper so that it takes a policy object."), tool("read_file", {"path": "src/net/retry.ts"}, "export async function retry<T>(fn: () => Promise<T>, times = 3, waitMs = 200): Promise<T> {\n  let last: unknown;\n  for (let i = 0; i < times; i++) {\n    try { return await fn(); } catch (e) { last = e; await sleep(waitMs * 2 ** i); }\n  }\n  throw last;\n}\n")]
    for i, hunk in enumerate(["@@ -1,3 +1,4 @@\n-export async function retry<T>(fn: () => Promise<T>, times = 3)\n+export async function retry<T>(fn, policy)", "@@ -1,9 +1,9 @@\n-export async function retry(fn, times, waitMs) {\n+export async function retry<T>(fn: () => Promise<T>, policy: Policy) {", "@@ -2 +2 @@\n- let last;\n+  const { times, waitMs } = policy;", "--- a/retry.ts\n+++ b/retry.ts\n@@ retry @@\n-  for (let i = 0; i < times; ++i) {\n+  for (let i = 0; i < policy.times; i++) {", "*** Begin Patch\n*** Update File: src/net/retry.ts\n-export async function retry<T>(\n+export async function retry<T>(policy: Policy,\n*** End Patch", "@@ -1,7 +1,7 @@\n export async function retry<T>\n-  times = 3, waitMs = 200\n+  policy: Policy"]):
        steps += [llm(f"Applying the patch{'' if not i else ' with corrected context'}."), tool("apply_patch", {"path": "src/net/retry.ts", "patch": hunk}, error=f"patch does not apply: corrupt patch at line {d.randint(3, 9)} (hunk #1 FAILED). File unchanged.")]
    yield loop("patch-that-never-fits", "Six patches for the same lines, each malformed in its way, and the file is unchanged.", steps, call=3)


def forms_filled() -> Iterator[Draft]:
    """Field after field, record after record."""
    d = drawn("forms_filled")
    steps = [user("Fill in the visa form with the data from my profile."), tool("browser.open", {"url": "https://evisa.example/apply"}, "Form 'Visitor eVisa' - 14 inputs, step 1 of 3, autosave on")]
    for s, v in [("#surname", "Okonkwo"), ("#given", "Adaeze Miriam"), ("#dob", "1988-11-03"), ("#pob", "Enugu"), ("#nat", "NGA"), ("#ppno", "A09331277"), ("#ppissue", "2022-02-14"), ("#ppexp", "2032-02-13"), ("#next1", "click"), ("#addr", "14 Rumens Road"), ("#city", "Lagos"), ("#phone", "+234 803 555 0149"), ("#purpose", "conference"), ("#next2", "click"), ("#host", "Kigali Convention Centre"), ("#arr", "2026-07-02"), ("#dep", "2026-07-09")]:
        steps += [tool("browser.fill" if v != "click" else "browser.click", {"selector": s, **({"value": v} if v != "click" else {})}, "ok, valid, autosaved" if v != "click" else f"step {s[-1:]} of 3 complete")]
    steps += [tool("browser.click", {"selector": "#submit"}, "Application received, reference RW-2026-118842"), llm("The application is in, reference RW-2026-118842.")]
    yield fine("evisa", "Seventeen fields of three pages are filled once each, and the form is received.", steps)

    steps = [user("Erfasse die Stundenzettel vom Montag.")]
    for p, h, k in [("Arslan", 8.0, "4711"), ("Brandt", 7.5, "4711"), ("Celik", 8.0, "4711"), ("Demir", 8.0, "4711"), ("Ebert", 6.0, "4720"), ("Fuchs", 8.0, "4711"), ("Gruber", 8.0, "4711"), ("Huber", 8.0, "4720"), ("Imhof", 4.0, "4711"), ("Jung", 8.0, "4711")]:
        steps += [tool("zeiterfassung_buchen", {"mitarbeiter": p, "datum": "2026-05-11", "stunden": h, "kostenstelle": k}, "Buchung gespeichert.")]
    steps += [llm("Zehn Stundenzettel sind gebucht, zusammen 73,5 Stunden.")]
    yield fine("stundenzettel", "Zehn Personen, je eine Buchung, und dass die Antwort gleich lautet, ist der Zweck.", steps)

    steps = [user("Register the 9 samples of rack C in the LIMS.")]
    for i in range(1, 10):
        bad = i in (4, 7)
        code = f"C{i:02d}-{hexes(d, 6).upper()}"
        steps += [tool("scan_barcode", {"rack": "C", "position": i}, {"barcode": code, "quality": round(d.uniform(0.81, 0.99), 2)})]
        if bad:
            steps += [tool("lims_register", json.dumps({"barcode": code, "type": "plasma"}), error="409 volume below minimum for plasma (0.5 ml); register as 'plasma-low'"), tool("lims_register", json.dumps({"barcode": code, "type": "plasma-low"}), {"sample": f"S-{d.randint(80000, 89999)}", "freezer": "F2"})]
        else:
            steps += [tool("lims_register", json.dumps({"barcode": code, "type": "plasma"}), {"sample": f"S-{d.randint(80000, 89999)}", "freezer": "F1"})]
    yield fine("rack-c", "Nine tubes are scanned and registered; two are of low volume and get their own type.", steps)

    steps = [user("日本語の設定画面の文言を、残りの言語に訳してファイルに入れてください。")]
    for k, lang, v in [("save", "fr", "Enregistrer"), ("save", "de", "Speichern"), ("save", "pt", "Salvar"), ("cancel", "fr", "Annuler"), ("cancel", "de", "Abbrechen"), ("cancel", "pt", "Cancelar"), ("undo", "fr", "Rétablir l'état précédent"), ("undo", "de", "Rückgängig"), ("undo", "pt", "Desfazer"), ("theme", "fr", "Thème"), ("theme", "de", "Farbschema"), ("theme", "pt", "Tema"), ("logout", "fr", "Se déconnecter"), ("logout", "de", "Abmelden"), ("logout", "pt", "Sair")]:
        steps += [tool("i18n.set", {"key": f"settings.{k}", "locale": lang, "value": v}, {"ok": True})]
    steps += [tool("i18n.check", {"prefix": "settings."}, {"missing": 0, "keys": 5, "locales": 4})]
    yield fine("settings-in-three-languages", "Five keys in three languages are set once each, and none is missing at the end.", steps)
