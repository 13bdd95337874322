"""Second blind part: talk without deeds, chants and questions asked again, beside talk that is the work."""
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from tests.cases.grammars.blind2_parts import fine, guid, hexes, loop
from tests.cases.grammars.parts import Draft, drawn, llm, tool, user


def plans_only() -> Iterator[Draft]:
    """Plans that are announced, refined and announced again."""
    steps = [user("Migrate the three cron jobs on host atlas to systemd timers.")]
    steps += [llm(t) for t in ["I'll migrate the cron jobs to systemd timers. First I will list the existing crontab, then write one timer and one service per job, and finally enable them.", "To migrate the cron jobs, my plan is: 1) inspect the crontab on atlas, 2) create service and timer units, 3) enable the timers and remove the cron entries. Let me begin.", "Let me begin by outlining the steps. I need to look at the crontab, write unit files for the three jobs, enable the timers and clean up the crontab.", "Before starting, a short plan: list cron entries, translate each schedule to OnCalendar, create units, enable, verify. I will proceed with the first step now.", "I will now proceed. The first step is to list the cron entries on atlas; then I translate the schedules and create the units.", "Proceeding with the migration: I am going to inspect the crontab first, after which the timers are created and enabled.", "As planned, I will start with inspecting the crontab on atlas, then create the service and timer units for the three jobs.", "Now I start with step one, inspecting the crontab, followed by creating units, enabling timers and removing the old entries."]]
    yield loop("cron-to-timers", "Eight announcements of one plan, and not a single call.", steps, step=2)

    steps = [user("Bitte erstelle die Präsentation für den Beirat, zehn Folien.")]
    for i, t in enumerate(["Gliederung: Lage, Zahlen, Risiken, Ausblick.", "Gliederung überarbeitet: Lage, Kennzahlen, Risiken, Ausblick.", "Gliederung: Ausgangslage, Kennzahlen, Risiken, Ausblick, Fragen.", "Gliederung verfeinert: Ausgangslage, Zahlen, Risiken und Chancen, Ausblick.", "Gliederung: Lage, Zahlen, Chancen und Risiken, Ausblick, Diskussion.", "Gliederung aktualisiert: Lage, Kennzahlen, Risiken, Ausblick."]):
        steps += [llm(["Ich plane die Folien.", "Bevor ich beginne, verbessere ich den Plan.", "Der Plan kann noch klarer werden.", "Ich ordne den Plan neu.", "Ich ergänze den Plan.", "Ich passe den Plan noch einmal an."][i]), tool("plan_aktualisieren", {"plan": t, "status": {"Folien": "offen", "Entwurf": "offen"}}, {"plan_version": i + 1, "offen": 10, "erledigt": 0, "naechster_schritt": "Folie 1 anlegen"})]
    yield loop("beirat-gliederung", "Sechs Fassungen eines Plans, zehn Folien offen, keine angelegt.", steps, call=2)

    steps = [user("Quel est le montant restant sur le contrat d'assurance vie n° 7781 ?"), tool("lire_dossier", {"numero": "7781"}, error="Accès refusé : votre profil n'est pas autorisé sur ce portefeuille.")]
    steps += [llm(t) for t in ["Je n'ai pas accès à ce dossier. Je réfléchis à la façon d'obtenir le montant.", "Il faudrait consulter le dossier, mais l'accès m'est refusé. Voyons comment faire autrement.", "Puisque l'accès est refusé, je dois trouver un autre moyen de consulter le montant.", "Comment obtenir le montant sans accès au dossier ? Je dois y réfléchir.", "Sans accès au dossier, le montant reste inconnu ; je cherche une autre manière.", "Je dois réfléchir à une autre façon d'obtenir ce montant, l'accès étant refusé.", "Il me faut une autre voie, car le dossier ne m'est pas ouvert."]]
    yield loop("assurance-vie-refusee", "Seven musings on a refusal that is neither told to the person nor got round.", steps, step=3)

    steps = [user("Analyse why sessions dropped on Tuesday.")]
    for i in range(7):
        steps += [tool("think", {"thought": ["The drop on Tuesday could be due to the release, a tracking change or an outage. I should look at the data.", "Possible causes: release, tracking change, outage. I should check the data for Tuesday first.", "I should check Tuesday's data. The causes might be an outage, a release or tracking.", "Let me consider the causes: outage, tracking change, release. Looking at the data is the next step.", "The next step is to look at the data of Tuesday, as an outage, a release or a tracking change may be behind it.", "A drop on one day suggests tracking, release or outage. I will look at the data.", "I should look at the data to tell a release, an outage and a tracking change apart."][i]}, "Your thought has been logged.")]
    yield loop("thinking-of-tuesday", "Seven thoughts say that one should look at the data, and none does.", steps, call=2)


def words_are_the_work() -> Iterator[Draft]:
    """Long stretches without tools, where the text is what was ordered."""
    steps = [user("Tell my daughter a bedtime story in eight short parts; go on when I say 'next'.")]
    for t in ["Once a lighthouse keeper named Isolde found a door in the lamp room that had not been there the day before.", "Behind it a staircase led down, and it smelled of oranges and rain.", "On the seventh step sat a badger with spectacles, sorting buttons by their age.", "'You are late', said the badger, 'the moon has been asking for her coat since Tuesday.'", "So Isolde took the coat, which was heavier than a wet sail, and climbed back up.", "The moon came to the window, rather embarrassed, and turned round so that it could be buttoned.", "For thanks she lit the whole bay, and every boat found home without being called.", "In the morning the door was gone; only a button lay there, and it hummed. The end."]:
        steps += [llm(t), user("next")]
    yield fine("bedtime-story", "The person says the same word each time, and each part of the story is a new one.", steps[:-1])

    steps = [user("Frag mich bitte die Hauptstädte ab, zehn Stück, und sag mir am Ende, wie viele stimmten.")]
    for q, a, v in [("Wie heißt die Hauptstadt von Lettland?", "Riga", "Richtig."), ("Wie heißt die Hauptstadt von Australien?", "Sydney", "Leider nicht, es ist Canberra."), ("Wie heißt die Hauptstadt von Ghana?", "Accra", "Richtig."), ("Wie heißt die Hauptstadt von Uruguay?", "Montevideo", "Richtig."), ("Wie heißt die Hauptstadt von Kanada?", "Ottawa", "Richtig."), ("Wie heißt die Hauptstadt von Vietnam?", "Hanoi", "Richtig."), ("Wie heißt die Hauptstadt der Türkei?", "Ankara", "Richtig."), ("Wie heißt die Hauptstadt von Myanmar?", "Rangun", "Nicht mehr, seit 2005 Naypyidaw.")]:
        steps += [llm(q), user(a), llm(v)]
    steps += [llm("Sechs von acht, und die beiden anderen sind die, an denen fast alle scheitern.")]
    yield fine("hauptstaedte", "Acht Fragen nach acht Ländern in einem Satzbau, und jede wird beantwortet.", steps)

    steps = [user("Here is the contract. Explain it clause by clause, I will say 'ok' after each.")]
    for t in ["Clause 1 defines the parties. 'Affiliate' is wide: it takes in companies of which the supplier owns only a quarter.", "Clause 2 is the licence: non-exclusive, for internal use, and not for contractors. You have contractors.", "Clause 3, fees: yearly in advance, raised by CPI plus three points. The three points are unusual.", "Clause 4 is support: eight hours a day in Pacific time, which is your night.", "Clause 5, data: they may use telemetry in aggregated form; nothing says what is aggregated.", "Clause 6 limits liability to three months of fees, and not even data loss is carved out.", "Clause 7: renewal by silence for two years, with a notice of ninety days.", "Clause 8, law and courts: Delaware, jury waived. That ends the contract; my three objections are 2, 6 and 7."]:
        steps += [llm(t), user("ok")]
    yield fine("clause-by-clause", "Each answer explains the next clause, and the objections are drawn together at the end.", steps[:-1])

    steps = [user("Plane die Migration, ich gebe zu jedem Punkt Rückmeldung.")]
    for t, u in [("Vorschlag: wir ziehen am 6. Juni nachts um, mit zwei Stunden Stillstand.", "Zu lang, höchstens zwanzig Minuten."), ("Dann mit logischer Replikation: Stillstand fünf Minuten, dafür eine Woche Parallelbetrieb.", "Gut. Wer entscheidet über den Rückweg?"), ("Rückweg: die Datenbankrufbereitschaft, bis 03:30, danach nur noch vorwärts.", "Einverstanden. Und die Berichte?"), ("Die Berichte lesen bis Montag vom alten System; ihr Stand ist dann höchstens zwei Tage alt.", "Das muss der Vertrieb wissen."), ("Ich nehme eine Nachricht an den Vertrieb in den Plan auf, drei Tage vorher.", "Dann bitte anlegen.")]:
        steps += [llm(t), user(u)]
    steps += [tool("aufgaben_anlegen", {"projekt": "DB-Umzug", "aufgaben": ["Replikation einrichten", "Probelauf", "Nachricht an Vertrieb", "Umschaltung", "Altsystem abbauen"]}, {"angelegt": 5, "kennung": "DBU-1 bis DBU-5"})]
    yield fine("umzugsplan", "Der Plan ändert sich mit jeder Rückmeldung und wird am Ende angelegt.", steps)


def chants_and_silence() -> Iterator[Draft]:
    """Text that repeats itself, or is none."""
    d = drawn("chants_and_silence")
    chant = "The report is ready. The report is ready for review. "
    steps = [user("Send me the weekly report."), tool("render_report", {"week": 19}, "report-w19.pdf, 14 pages, 2.1 MB, rendered in 3.9 s"), *[llm(chant * n, output_tokens=11 * n) for n in (8, 14, 14, 22, 40, 60, 60)]]
    yield loop("report-is-ready", "Two sentences over and over, in seven answers of growing length, and no report is sent.", steps, step=2)

    steps = [user("Kannst du mir den Vertrag als PDF schicken?"), tool("dokument_suchen", {"kunde": "K-2291", "typ": "Vertrag"}, [{"id": "D-11", "titel": "Vertrag 2024.pdf", "seiten": 9, "groesse": "410 kB", "freigegeben": True}])]
    steps += [llm(t, output_tokens=d.randint(0, 2)) for t in ["", " ", "\n", "", "…", "", "\n\n"]]
    yield loop("leere-antworten", "Sieben leere Antworten, obwohl das Dokument gefunden ist.", steps, step=3)

    steps = [user("¿Cuál es el saldo de mi tarjeta?")]
    for i in range(7):
        steps += [llm("Gracias por contactarnos. Estoy aquí para ayudarle. ¿En qué puedo ayudarle hoy?"), user(["el saldo", "El saldo de mi tarjeta, por favor", "saldo tarjeta 4417", "ya le dije: el saldo", "¿me escucha?", "SALDO", "hable con una persona"][i])]
    yield loop("saludo-eterno", "The greeting comes seven times, whatever the person says.", steps, step=3)

    steps = [user("Read the notice aloud to the caller and take the meter reading.")]
    for _ in range(8):
        steps += [tool("ivr.say", {"text": "Please enter your meter reading followed by the hash key.", "lang": "en-GB", "utterance_id": guid(d)}, {"played_ms": d.randint(3120, 3180), "barge_in": False}), tool("ivr.collect", {"digits": 6, "timeout_s": 5, "attempt_id": hexes(d, 6)}, {"digits": "", "reason": "no_input", "line": "on-hook"})]
    yield loop("nobody-on-the-line", "Eight prompts are played to a line that is on hook, as each result says.", steps, call=3)


def short_but_new() -> Iterator[Draft]:
    """Terse answers of one form, each to something else."""
    d = drawn("short_but_new")
    steps = [user("I'll paste mails one by one. Answer only: spam, urgent, later or archive.")]
    for m, a in [("Dear beneficiary, your inheritance of 4.5 million awaits", "spam"), ("Prod checkout down since 9:12, customers are calling", "urgent"), ("Minutes of last week's guild meeting attached", "archive"), ("Can you look over the offer by Friday?", "later"), ("Your mailbox is full, click to verify", "spam"), ("You won a cruise", "spam"), ("Newsletter: five tips for better standups", "archive"), ("Certificate for api.example expires tonight", "urgent"), ("Invitation: summer party in July", "later"), ("Cheap watches", "spam")]:
        steps += [user(m), llm(a)]
    yield fine("ten-mails", "Ten mails, one word each, and each mail is another.", steps)

    steps = [user("家計簿にレシートを一枚ずつ登録します。")]
    for s, p in [("八百屋", 820), ("パン屋", 540), ("薬局", 1980), ("書店", 1650), ("喫茶店", 720), ("魚屋", 1340), ("花屋", 980), ("文具店", 430)]:
        steps += [user(f"{s} {p}円"), tool("kakeibo_touroku", {"店": s, "金額": p, "日付": f"2026-05-{d.randint(1, 12):02d}"}, {"登録番号": d.randint(1000, 9999), "状態": "登録しました"}), llm("登録しました。")]
    yield fine("kakeibo", "Eight receipts of eight shops are booked, and the answer is the same since each was booked.", steps)

    steps = [user("Guía al cliente por la instalación del router.")]
    for t, u in [("Conecte el cable gris a la roseta. ¿Se enciende la luz 'Power'?", "sí"), ("Perfecto. ¿La luz 'DSL' parpadea o está fija?", "parpadea"), ("Espere un minuto. ¿Y ahora?", "fija"), ("Bien. Conecte el móvil a la red 'Fibra_7A'. ¿Le pide contraseña?", "sí"), ("Está en la pegatina, debajo. ¿Ha entrado?", "sí"), ("Abra cualquier página. ¿Carga?", "sí"), ("Entonces hemos terminado. ¿Algo más?", "no, gracias")]:
        steps += [llm(t), user(u)]
    yield fine("router-paso-a-paso", "Short questions and yes after yes, but each step of the installation is another.", steps)

    steps = [user("Count down the launch checklist, station by station, and read me the answers.")]
    for s in ["Propulsion", "Guidance", "Telemetry", "Range safety", "Weather", "Recovery", "Ground power", "Payload", "Comms"]:
        steps += [tool("poll_station", {"station": s}, {"station": s, "answer": "go", "by": d.choice(["Reyes", "Okafor", "Lind", "Baptiste"]), "note": d.choice(["nominal", "no constraints", "ready", "all green"])}), llm(f"{s}: go.")]
    yield fine("go-no-go", "Nine stations are polled once each, and that all say go is the aim.", steps)


def asked_the_same() -> Iterator[Draft]:
    """The person is asked what was answered, or is told sorry for the same."""
    d = drawn("asked_the_same")
    steps = [user("Please cancel my gym membership.")]
    for q, a in [("Could you give me your membership number?", "It is 40077."), ("Thank you. May I have your membership number, please?", "40077"), ("To cancel, I need your membership number.", "40077, as I said"), ("What is the number of your membership?", "FORTY THOUSAND SEVENTY SEVEN"), ("I'd be happy to help. Which membership number is it?", "40077!!"), ("Please tell me your membership number so that I can proceed.", "40077"), ("One moment. Could I have the membership number?", "no comment")]:
        steps += [llm(q), user(a)]
    yield loop("gym-membership", "The number is asked for seven times and was given at the first.", steps, step=3)

    steps = [user("Ordne die Rechnungen nach Lieferant, nicht nach Datum.")]
    for i in range(6):
        steps += [tool("liste_sortieren", {"liste": "rechnungen-mai", "nach": "datum"}, f"sortiert nach datum: 2026-05-02 Kärcher, 2026-05-03 Bosch, 2026-05-07 Würth, 2026-05-09 Bosch (Ansicht {hexes(d, 5)})"), llm(["Entschuldigung, ich habe die Liste nun sortiert.", "Es tut mir leid, hier ist die korrigierte Liste.", "Sie haben recht, ich bitte um Verzeihung. Die Liste ist jetzt richtig sortiert.", "Verzeihung für das Versehen. Hier die neue Sortierung.", "Sie haben völlig recht, Entschuldigung. Nun stimmt es.", "Bitte entschuldigen Sie. Ich habe es berichtigt."][i]), user(["Nein, das ist nach Datum.", "Immer noch nach Datum.", "Nach LIEFERANT.", "Das ist dieselbe Liste.", "Nein.", "Lassen Sie es."][i])]
    yield loop("entschuldigung-nach-datum", "Sechs Entschuldigungen für denselben Aufruf, der nie anders lautet.", steps, call=2)

    steps = [user("Remove the background of the product picture, keep the shadow.")]
    for i in range(6):
        steps += [llm(["On it.", "Apologies, let me redo this with the shadow kept.", "You're right, I'm sorry. Redoing it now.", "I apologise for the confusion! One more try.", "So sorry about that. I will make sure that the shadow stays.", "My apologies, this time with the shadow."][i]), tool("image.remove_bg", {"src": "p-331.png", "mode": "auto"}, {"out": f"https://cdn.example/{guid(d)}.png", "mask": "auto", "shadow": "removed", "credits_left": 90 - i}), user(["The shadow is gone.", "Still no shadow", "Where is the shadow?", "Same picture again.", "no shadow", "forget it"][i])]
    yield loop("picture-without-shadow", "Six apologies, one unchanged call, and six pictures without the shadow.", steps, call=2)

    steps = [user("Posso pedir reembolso do curso?")]
    for i in range(6):
        steps += [tool("perguntar_usuario", {"pergunta": ["Qual é o motivo do reembolso?", "Poderia informar o motivo do pedido?", "Por qual motivo deseja o reembolso?", "Qual seria a razão do reembolso?", "Pode me dizer o motivo, por favor?", "Informe o motivo do pedido de reembolso."][i], "opcoes": None}, {"resposta": ["O professor faltou a três aulas", "já disse, o professor faltou", "faltas do professor", "O PROFESSOR FALTOU", "professor ausente em três aulas", "..."][i], "canal": "chat", "msg": hexes(d, 10)})]
    steps += [llm("Para continuar, preciso do motivo do reembolso.")]
    yield loop("motivo-do-reembolso", "O motivo é perguntado seis vezes e foi dito na primeira.", steps, call=2)


def asked_for_more() -> Iterator[Draft]:
    """Question after question, and the answers fill a record."""
    d = drawn("asked_for_more")
    steps = [user("Ich möchte einen Wasserschaden melden.")]
    for q, a in [("Wann haben Sie den Schaden bemerkt?", "gestern gegen 18 Uhr"), ("In welchem Raum?", "Bad und Flur darunter"), ("Ist die Ursache bekannt?", "Schlauch der Waschmaschine"), ("Ist das Wasser abgestellt?", "ja"), ("Gibt es Fotos?", "vier Stück"), ("Wie hoch schätzen Sie den Schaden?", "etwa 2500 Euro"), ("Wohnen Sie zur Miete?", "Eigentum"), ("Unter welcher Nummer erreicht Sie der Gutachter?", "0171 555 0144")]:
        steps += [tool("rueckfrage", {"frage": q}, {"antwort": a, "um": f"09:{d.randint(10, 59)}"})]
    steps += [tool("schaden_anlegen", {"sparte": "Wohngebäude", "felder": 8}, {"schadennummer": "WS-2026-0417", "gutachter": "binnen zwei Werktagen"})]
    yield fine("wasserschaden", "Acht verschiedene Fragen, acht Antworten, und der Schaden ist angelegt.", steps)

    steps = [user("Take my order for the office lunch.")]
    for q, a in [("What would Amir like?", "falafel bowl"), ("What would Beatriz like?", "ramen, no egg"), ("What would Chen like?", "ramen as well"), ("What would Dana like?", "same as Chen"), ("What would Emeka like?", "jollof, large"), ("What would Freya like?", "falafel bowl")]:
        steps += [llm(q), user(a), tool("cart.add", {"item": a, "for": q.split()[2]}, {"cart": "lunch", "items": d.randint(1, 6), "id": hexes(d, 4)})]
    steps += [llm("Six meals are in the cart, 71.40 in all. Shall I order?"), user("yes"), tool("cart.checkout", {"cart": "lunch"}, {"order": 99317, "eta": "12:25"})]
    yield fine("office-lunch", "One question for six people, each answered and put into the cart, and then ordered.", steps)

    steps = [user("Mon logo doit être plus chaleureux, je te dirai quand c'est bon.")]
    for i, (a, u) in enumerate([("rouge brique", "trop dur"), ("orangé #E8894A", "mieux, mais trop clair"), ("orangé #D9743A", "oui pour la couleur, arrondis les angles"), ("orangé #D9743A, rayon 8", "plus rond"), ("orangé #D9743A, rayon 16", "voilà. Le texte en brun"), ("orangé #D9743A, rayon 16, texte #4A2C1D", "parfait")]):
        steps += [tool("logo.rendre", {"variante": i + 1, "style": a}, {"apercu": f"https://studio.example/p/{hexes(d, 8)}.png", "contraste": round(d.uniform(3.1, 7.2), 1)}), llm("Je comprends, voici une autre version."), user(u)]
    yield fine("logo-chaleureux", "Each remark of the person is met, and the sixth version is what was wanted.", steps)

    steps = [user("Sorry, this will be chaotic: help me debug my sourdough."), llm("Happy to. How active is the starter?"), user("doubles in 10 hours"), llm("Sorry to hear, that is slow. What flour do you feed it?"), user("white"), llm("Try a third of rye for two feedings and tell me the time."), user("now 6 hours"), llm("Good. How does the crumb look?"), user("dense at the bottom"), llm("Then the bulk was short. Let it rise by 60 percent this time."), user("better, but the crust is pale"), llm("Bake the last 15 minutes without lid at 230 degrees."), user("gorgeous, thank you!")]
    yield fine("sourdough", "Each answer changes one thing, and the bread gets better each time.", steps)
