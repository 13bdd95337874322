"""Second blind part: looking for one thing in ever new words or numbers, beside looking for many things."""
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from tests.cases.grammars.blind2_parts import fine, guid, hexes, loop, stamp
from tests.cases.grammars.parts import Draft, drawn, llm, tool, user


def asked_in_other_words() -> Iterator[Draft]:
    """One question, which the source cannot answer, put again and again."""
    d = drawn("asked_in_other_words")
    steps = [user("Find a Ninth Circuit decision that holds a browsewrap notice below a sign-up button sufficient for a minor."), llm("I'll start with the case law index.")]
    pool = ["Nguyen v. Barnes & Noble Inc., 763 F.3d 1171 (9th Cir. 2014) - browsewrap, constructive notice, terms hyperlink at page bottom", "Berman v. Freedom Financial, 30 F.4th 849 (9th Cir. 2022) - conspicuousness of sign-up notice", "Oberstein v. Live Nation, 60 F.4th 505 (9th Cir. 2023) - sign-in wrap, adults", "In re Holl, 925 F.3d 1076 (9th Cir. 2019) - mandamus, arbitration clause by incorporation"]
    for q in ["browsewrap notice below sign-up button minor assent Ninth Circuit", "minor bound by browsewrap terms placed beneath registration button 9th Cir.", "Ninth Circuit infancy doctrine browsewrap sufficient notice sign up button", "is a minor's assent valid where terms link is under the sign-up button (Ninth Circuit)", "underage user browsewrap agreement conspicuous notice below button appellate holding", "9th Cir. minors online contract formation notice under registration button enforceable", "enforceability browsewrap vs. minor, notice beneath sign-up, Court of Appeals Ninth Circuit", "infant user assent sign-up button notice below browsewrap Ninth Circuit holding"]:
        d.shuffle(pool)
        steps += [tool("caselaw.search", {"q": q, "court": "ca9", "page_size": 4}, {"took_ms": d.randint(80, 400), "total": 4, "hits": [{"rank": i + 1, "cite": c, "score": round(d.uniform(3, 9), 2), "minor_party": False} for i, c in enumerate(pool)]})]
        if d.random() < 0.6:
            steps += [llm(d.choice(["None of these concerns a minor. Let me rephrase the query.", "Those are the adult cases. I'll try different wording.", "Not on point. Perhaps other terms will surface it.", "Still not what is asked for, trying a variation."]))]
    yield loop("case-law-on-minors", "Eight wordings of one query bring the same four decisions in another order, none on the point.", steps, call=2)

    steps = [user("Wie hoch ist der Freibetrag bei der Übergabe einer vermieteten Ferienwohnung an die Nichte, wenn Nießbrauch vorbehalten bleibt? Bitte mit BFH-Fundstelle.")]
    for i, q in enumerate(["BFH Nießbrauchsvorbehalt Ferienwohnung Nichte Freibetrag", "Freibetrag Schenkung Nichte vermietete Ferienwohnung Vorbehaltsnießbrauch BFH Urteil", "BFH Urteil Schenkungsteuer Ferienimmobilie Nießbrauch zurückbehalten Steuerklasse II Nichte", "Schenkung Ferienwohnung unter Nießbrauch an Nichte, Rechtsprechung Bundesfinanzhof", "Nießbrauch Ferienwohnung Übertragung Nichte Freibetrag § 16 ErbStG BFH", "Bundesfinanzhof Ferienwohnung Schenkung Nichte vorbehaltener Nießbrauch Freibetrag Höhe", "Entscheidung BFH zu Nießbrauch und Freibetrag Nichte Ferienwohnung vermietet"]):
        steps += [llm(["Ich suche in der Datenbank nach einer Fundstelle.", "Die Suche war zu eng, ich formuliere um.", "Ich probiere andere Schlagworte.", "Noch kein Treffer. Eine weitere Formulierung:", "Ich stelle die Begriffe um.", "Vielleicht führt die lange Form des Gerichtsnamens weiter.", "Ein letzter Versuch mit anderer Wortstellung."][i]),
                  tool("steuerrecht_recherche", {"suchtext": q, "gericht": "BFH", "zeitraum": "2005-2026"}, f"Ihre Suche ergab 0 Treffer. Vorgang {guid(d)}. Tipps: Prüfen Sie die Schreibweise, verwenden Sie allgemeinere Begriffe oder erweitern Sie den Zeitraum. Hinweis: Der Bestand Ihrer Lizenz umfasst Entscheidungen der Finanzgerichte, nicht des Bundesfinanzhofs. Abfrage beantwortet in {d.randint(12, 88)} ms.")]
    yield loop("steuerrecht-ohne-bfh", "Die Lizenz enthält das Gericht nicht, wie jede Antwort sagt, und doch wird siebenmal umformuliert.", steps, call=2)

    steps = [user("¿Necesita visado un residente en Andorra con pasaporte de Nepal para hacer escala de 14 horas en Doha saliendo del aeropuerto?")]
    for i, (name, q) in enumerate([("buscar_web", "visado escala Doha pasaporte Nepal residente Andorra"), ("buscar_web", "nepalí residente Andorra tránsito Qatar 14 horas visa"), ("consultar_normativa", "tránsito Qatar nacionalidad Nepal residencia Andorra"), ("buscar_web", "salir del aeropuerto de Doha en escala con pasaporte nepalí y residencia andorrana"), ("consultar_normativa", "Qatar visa de tránsito ciudadanos Nepal con permiso de residencia Andorra"), ("buscar_web", "Qatar transit visa Nepalese citizen Andorra resident stopover"), ("consultar_normativa", "requisitos escala larga Doha Nepal Andorra"), ("buscar_web", "escala larga Hamad International pasaporte de Nepal ¿visa? residente Andorra"), ("buscar_web", "visado tránsito Catar nepalíes residentes Andorra 2026")]):
        steps += [tool(name, {"consulta": q, "idioma": "es"}, (f"10 resultados ({d.randint(2, 9) / 10:.1f} s)\n1. Foro de viajeros - 'Escala en Doha, ¿merece la pena?' ... itinerarios por el Zoco Waqif y la Corniche\n2. Blog - Qué ver en Doha en 12 horas\n3. Ofertas de vuelos a Katmandú desde {d.randint(480, 690)} EUR\n4. Guía Andorra: cómo obtener la residencia pasiva" if name == "buscar_web" else f"No hay ninguna ficha para la combinación indicada. Referencia de consulta {hexes(d, 10)}. Diríjase a la representación diplomática correspondiente."))]
        if i in (2, 5, 7):
            steps += [llm("Los resultados son genéricos; intentaré precisar la consulta.")]
    yield loop("escala-en-doha", "Nine searches with the same words turned around bring travel blogs and an empty record each time.", steps, call=2)

    steps = [user("製品XR-220のファームウェア3.1で「E-47」が出る原因をナレッジベースから探してください。")]
    for i, q in enumerate(["XR-220 E-47 原因", "XR-220 エラー E-47 ファームウェア3.1", "E-47 エラーコード XR-220 対処方法", "ファームウェア 3.1 で E-47 が表示される", "XR-220 E-47 表示 トラブルシューティング", "エラーE-47 意味 XR-220 最新ファームウェア"]):
        steps += [llm(["ナレッジベースを検索します。", "別のキーワードで検索してみます。", "もう少し言い換えてみます。", "表現を変えて再検索します。", "別の言い方で試します。", "もう一度検索してみます。"][i]),
                  tool("kb_kensaku", {"キーワード": q, "上限": 3}, {"request_id": guid(d), "件数": 3, "結果": [{"題名": "XR-220 クイックスタートガイド", "抜粋": "箱を開けて電源アダプターを接続し、前面のボタンを三秒間押してください。ランプが緑に変われば準備完了です。"}, {"題名": "XR-200 エラーコード一覧(E-01~E-40)", "抜粋": "E-40 までの一覧です。E-41 以降は製造元にお問い合わせください。"}, {"題名": "保証と修理の受付", "抜粋": "修理のお申し込みは販売店まで。受付時間は平日九時から十七時です。"}]})]
    steps += [llm("申し訳ありません、もう一度別の言葉で検索します。"), tool("kb_kensaku", {"キーワード": "XR-220 いー47 エラー 原因 解決", "上限": 3}, {"request_id": guid(d), "件数": 0, "結果": []})]
    yield loop("nareji-e47", "The list ends at E-40 and says whom to ask, yet the question is searched for seven times.", steps, call=2)

    steps = [user("Trova un articolo che misuri l'effetto della luce blu sulla fotosintesi di Zostera noltei in Adriatico.")]
    papers = ["Light attenuation and Zostera marina in the Baltic (2014). Sampling of 41 stations; no spectral treatment.", "Blue light and growth of lettuce in vertical farms (2019). Lactuca sativa, LED 450 nm.", "Seagrass meadows of the northern Adriatic: a map (2011). Cover of four species by aerial images.", "Cryptochrome signalling in Arabidopsis: a review (2021).", "Effects of nutrient load on Zostera noltei in the Wadden Sea (2008)."]
    for q in ["blue light photosynthesis Zostera noltei Adriatic", "effect of blue irradiance on Zostera noltei photosynthetic rate northern Adriatic", "Zostera noltii blue wavelength photosynthesis Adriatic Sea", "seagrass Zostera noltei spectral quality blue photosynthetic response Adriatic", "photosynthesis response of dwarf eelgrass to blue light, Adriatic", "dwarf eelgrass blue LED photosynthetic efficiency Adriatic lagoon", "Nanozostera noltei 450 nm photosynthesis Adriatic", "blue spectrum effect eelgrass noltei photosynthetic yield Venice lagoon"]:
        steps += [tool("openalex_works", {"search": q, "per_page": 3, "mailto": "lab@example.org"}, {"meta": {"count": d.randint(3, 60), "db_response_time_ms": d.randint(20, 300)}, "results": [{"title": t, "relevance": round(d.uniform(2, 30), 2)} for t in d.sample(papers, 3)]})]
        if d.random() < 0.4:
            steps += [llm(d.choice(["Nessuno di questi è pertinente, riformulo.", "Provo con il sinonimo.", "Cambio le parole chiave."]))]
    yield loop("zostera-e-luce-blu", "Eight wordings bring the same five papers, of other plants or of other questions.", steps, call=2)


def asked_of_other_things() -> Iterator[Draft]:
    """Searches alike in form, each for something else or each nearer to it."""
    d = drawn("asked_of_other_things")
    steps = [user("For each limitation period in the schedule, give me the leading authority in England and Wales.")]
    for q, hit in [("limitation period simple contract six years leading authority", "Limitation Act 1980 s.5; Gibbs v Guild (1882) 9 QBD 59 on concealed fraud; cause of action accrues at breach, not damage"), ("limitation latent damage negligence date of knowledge authority", "Haward v Fawcetts [2006] UKHL 9: knowledge of the essence of the act or omission starts time under s.14A"), ("limitation speciality deed twelve years authority", "Aiken v Stewart Wrightson [1995] 1 WLR 1281: obligation must be created by the deed itself"), ("limitation personal injury discretion to disapply authority", "Horton v Sadler [2006] UKHL 27: s.33 discretion is unfettered, second action allowed"), ("limitation defamation one year disapply authority", "Steedman v BBC [2001] EWCA Civ 1534: s.32A, delay and prejudice must be explained"), ("limitation unjust enrichment mistake of law authority", "Test Claimants in FII v HMRC [2020] UKSC 47: discoverability, overruling Deutsche Morgan Grenfell in part"), ("limitation contribution claims two years authority", "Knight v Rochdale Healthcare [2003] EWHC 1831: time runs from agreed sum"), ("limitation recovery of land adverse possession authority", "J A Pye (Oxford) Ltd v Graham [2002] UKHL 30: factual possession and intention to possess")]:
        steps += [tool("caselaw.search", {"q": q, "court": "ew", "page_size": 1}, {"took_ms": d.randint(70, 300), "total": d.randint(4, 90), "hits": [{"rank": 1, "cite": hit, "score": round(d.uniform(6, 11), 2)}]})]
    steps += [llm("All eight rows of the schedule now have an authority; here is the table.")]
    yield fine("limitation-schedule", "Eight rows of a schedule are looked up in one form of words, and each has its own authority.", steps)

    steps = [user("Which kinases phosphorylate tau at Ser202 in vivo, and with what evidence?")]
    for q, r in [("tau Ser202 phosphorylation kinase in vivo", "PMID 8506312: GSK-3beta and CDK5 both phosphorylate Ser202 in vitro (AT8). 212 further records."), ("GSK-3beta knock-in mouse tau Ser202 AT8", "PMID 11226152: conditional GSK-3beta overexpression raises AT8 in hippocampus by 2.4 fold; reversal on doxycycline."), ("p25 CDK5 transgenic mouse AT8 tau Ser202", "PMID 12628182: p25 overexpression increases AT8 without change in GSK-3 activity at 3 months."), ("MARK2 tau Ser202", "No direct evidence: MARK2 sites are Ser262/356 (PMID 9182803)."), ("DYRK1A Ts65Dn tau Ser202 harmine", "PMID 17906291: harmine lowers Ser202 in Ts65Dn cortex by 38 percent."), ("p38 delta MAPK13 tau Ser202 knockout", "PMID 28082446: MAPK12 knockout lowers pS202 little; MAPK12 acts at Thr205 and protects."), ("tau Ser202 phosphatase PP2A in vivo okadaic", "PMID 15546861: PP2A inhibition alone doubles AT8; a confounder for the above.")]:
        steps += [llm(d.choice(["Next candidate.", "Check the evidence in the animal.", "That narrows it, now the following one."])), tool("pubmed_esearch", {"term": q, "retmax": 5, "sort": "relevance"}, r + f" webenv=MCID_{hexes(d, 16)}")]
    steps += [llm("In vivo evidence is good for CDK5 and GSK-3beta, moderate for DYRK1A; PP2A is a confounder.")]
    yield fine("tau-kinases", "Each search takes the next candidate, and each answer says something new on it.", steps)

    steps = [user("Vergleiche bitte die Kündigungsfristen der sechs Stromanbieter aus der Liste.")]
    for a, r in [("Stadtwerke Lüne", "Grundversorgung: zwei Wochen, jederzeit (§ 20 StromGVV). Sondertarif: ein Monat zum Laufzeitende."), ("Nordlicht Energie", "Laufzeit 12 Monate, danach unbefristet mit einem Monat Frist."), ("Elbstrom24", "Keine Mindestlaufzeit, Frist vierzehn Tage in Textform."), ("Grünkraft eG", "Mitglieder: drei Monate zum Quartalsende; Nichtmitglieder: ein Monat."), ("Voltana", "24 Monate Erstlaufzeit, ein Monat zum Ende, sonst monatlich kündbar."), ("Heimatwatt", "Seite nicht erreichbar, Archivfassung vom März: sechs Wochen zum Laufzeitende (alt).")]:
        steps += [tool("websuche", {"anfrage": f"{a} Kündigungsfrist AGB Strom", "land": "DE"}, f"{a} - Allgemeine Geschäftsbedingungen, Stand 2026. {r} Quelle: agb-{hexes(d, 5)}.pdf, Seite {d.randint(2, 7)}.")]
    steps += [llm("Hier ist die Tabelle; bei Heimatwatt ist der Stand unsicher.")]
    yield fine("stromanbieter", "Sechs Anbieter, sechs Fristen, dieselbe Frage an jeden.", steps)

    steps = [user("Encuéntrame un vuelo Madrid-Medellín con perro en cabina, máximo una escala, segunda quincena de junio."), llm("Empiezo por los filtros amplios y voy cerrando.")]
    for args, r in [({"o": "MAD", "d": "MDE", "desde": "2026-06-15", "hasta": "2026-06-30"}, "143 vuelos; 0 con la marca 'mascota en cabina' porque el filtro está apagado. Aerolíneas: AV, IB, UX, TK, CM."), ({"o": "MAD", "d": "MDE", "desde": "2026-06-15", "hasta": "2026-06-30", "mascota": "cabina"}, "38 vuelos. AV (26), IB (9), CM (3). Peso máximo 8-10 kg con el transportín."), ({"o": "MAD", "d": "MDE", "desde": "2026-06-15", "hasta": "2026-06-30", "mascota": "cabina", "escalas_max": 1}, "29 vuelos. AV directo los martes, jueves y sábados; IB por BOG."), ({"o": "MAD", "d": "MDE", "desde": "2026-06-16", "hasta": "2026-06-20", "mascota": "cabina", "escalas_max": 1, "max_eur": 900}, "6 vuelos. Más barato AV11 18-jun 742 EUR + 150 mascota, queda 1 plaza de animal."), ({"o": "MAD", "d": "MDE", "desde": "2026-06-23", "hasta": "2026-06-27", "mascota": "cabina", "escalas_max": 1, "max_eur": 900}, "4 vuelos. AV11 25-jun 688 EUR + 150 mascota, quedan 3 plazas de animal.")]:
        steps += [tool("vuelos.buscar", args, r)]
    steps += [tool("vuelos.retener", {"vuelo": "AV11", "fecha": "2026-06-25", "mascota": 1}, "Retenido 24 h, localizador K7QWPD, importe 838 EUR."), llm("Le he retenido el AV11 del 25 de junio con la plaza para el perro.")]
    yield fine("perro-a-medellin", "Every search adds a condition and the list shrinks from 143 to 4, then one is held.", steps)

    steps = [user("Per ogni specie della lista cerca l'articolo più citato sull'Adriatico.")]
    for sp, t, c in [("Zostera noltei", "Seagrass meadows of the northern Adriatic: a map", 88), ("Cymodocea nodosa", "Seasonal growth of Cymodocea nodosa in the Gulf of Trieste", 131), ("Posidonia oceanica", "Relict stands of Posidonia oceanica off Grado", 64), ("Fucus virsoides", "Decline of the endemic Fucus virsoides", 57), ("Pinna nobilis", "Mass mortality of Pinna nobilis reaches the Adriatic", 204), ("Callinectes sapidus", "The blue crab in lagoons: spread and fisheries", 176), ("Mnemiopsis leidyi", "Recurrent blooms of Mnemiopsis leidyi in the northern Adriatic", 93)]:
        steps += [tool("openalex_works", {"search": f"{sp} Adriatic", "sort": "cited_by_count:desc", "per_page": 1}, {"meta": {"count": d.randint(9, 400), "db_response_time_ms": d.randint(20, 300)}, "results": [{"title": t, "cited_by_count": c, "id": f"W{d.randint(10**9, 4 * 10**9)}"}]})]
    steps += [llm("Ecco la tabella con sette specie e i rispettivi articoli.")]
    yield fine("sette-specie", "Seven species are searched for once each in one form of words, and each has its paper.", steps)


def numbers_that_drift() -> Iterator[Draft]:
    """The same call with another number, which changes nothing."""
    d = drawn("numbers_that_drift")
    steps = [user("How many refunds over 500 EUR did the Vilnius store issue?"), tool("list_tables", {}, "stores(id, city, opened_on), orders(id, store_id, total_eur, created_at), refunds(id, order_id, amount_eur, created_at)")]
    for n in (7, 14, 30, 60, 90, 180, 365, 730):
        steps += [tool("run_sql", {"sql": f"SELECT count(*) AS n, coalesce(sum(r.amount_eur),0) AS eur FROM refunds r JOIN orders o ON o.id = r.order_id JOIN stores s ON s.id = o.store_id WHERE s.city = 'Vilnus' AND r.amount_eur > 500 AND r.created_at >= now() - interval '{n} days'"}, f" n | eur\n---+-----\n 0 |   0\n(1 row)\n\nTime: {d.uniform(8, 190):.3f} ms\nquery_id {guid(d)}")]
        if n in (14, 60, 180):
            steps += [llm(f"No refunds within {n} days. I'll widen the window.")]
    yield loop("window-over-a-misspelt-city", "The city is misspelt, and eight windows of time find nothing in it.", steps, call=3)

    steps = [user("The map screenshot shows the wrong part of the harbour. Get me the crane numbers."), tool("open_url", {"url": "https://port.example/map#11/54.35/18.66"}, "Canvas 1280x800 loaded, 212 tiles, 0 text nodes")]
    for z in (12, 13, 14, 14.5, 15, 15.5, 16, 16.5, 17):
        steps += [tool("browser_evaluate", {"script": f"map.setZoom({z}); return document.body.innerText"}, f"'© OpenStreetMap contributors | Port authority | Imprint | session {hexes(d, 6)}'")]
    steps += [llm("The labels may appear at a higher zoom."), tool("browser_evaluate", {"script": "map.setZoom(17.5); return document.body.innerText"}, f"'© OpenStreetMap contributors | Port authority | Imprint | session {hexes(d, 6)}'")]
    yield loop("zoom-into-a-canvas", "A canvas has no text at any zoom, and ten zooms are tried for it.", steps, call=3)

    steps = [user("Fix the flaky upload step in the nightly job."), llm("It times out, let me raise the timeout.")]
    for t in (30, 45, 60, 90, 120, 180, 240):
        steps += [tool("shell", {"cmd": f"curl -sS --max-time {t} -F file=@out/report.tgz https://artifacts.corp.example/nightly"}, f"curl: (35) OpenSSL/3.0.13: error:0A00010B:SSL routines::wrong version number\nexit code 35 after 0.{d.randint(11, 39)}s"),]
        if t > 45:
            steps += [llm(f"Still failing, {t} s is perhaps not enough.")]
    yield loop("longer-timeouts-for-a-tls-error", "The call fails within half a second by TLS, and seven longer timeouts are tried.", steps, call=2)

    steps = [user("Quero saber onde o parâmetro 'taxa_mora' é lido no sistema legado."), tool("grep", "grep -n 'taxa_mora' -r src/cobranca", "src/cobranca/calc.cob:118:           COMPUTE WS-MORA = WS-SALDO * TAXA-MORA-W")]
    for n in (5, 10, 20, 40, 80, 120, 200, 350):
        steps += [tool("grep", f"grep -n -B{n} 'taxa_mora' src/cobranca/calc.cob", "grep: src/cobranca/calc.cob: binary file matches")]
    steps += [llm("Vou aumentar o contexto mais uma vez."), tool("grep", "grep -n -B600 'taxa_mora' src/cobranca/calc.cob", "grep: src/cobranca/calc.cob: binary file matches")]
    yield loop("contexto-do-grep", "Nove tamanhos de contexto, e nenhuma linha: o arquivo é tido por binário.", steps, call=3)


def numbers_that_count() -> Iterator[Draft]:
    """The same call with another number, and each answer is news."""
    d = drawn("numbers_that_count")
    steps = [user("Which revision made the parser slower? r4100 is good, r4356 is bad.")]
    for r, v in [(4228, 91), (4292, 143), (4260, 92), (4276, 141), (4268, 92), (4272, 142), (4270, 142), (4269, 91)]:
        steps += [tool("shell", {"cmd": f"svn up -q -r{r} && make -s bench-parser"}, f"At revision {r}.\nparse 10k docs: {v + d.uniform(-1, 1):.1f} ms (median of 21), sd {d.uniform(0.4, 1.9):.1f}"), llm("good" if v < 100 else "bad")]
    steps += [llm("r4270 is the first slow one: it replaced the token table by a map.")]
    yield fine("bisect-by-revision", "Halving 256 revisions takes eight measurements, and the last names the culprit.", steps)

    names = ["Aalto", "Berg", "Costa", "Dubois", "Eriksen", "Fischer", "Greco", "Horvat", "Ivanova", "Jansen", "Kowalski", "Lindqvist"]
    steps = [user("Export all contacts of the segment 'renewal-q3' to the sheet.")]
    for p in range(1, 12):
        steps += [tool("crm_list_contacts", {"segment": "renewal-q3", "page": p, "per_page": 3}, {"page": p, "total_pages": 11, "contacts": [{"id": d.randint(10000, 99999), "name": f"{d.choice('ABCDEFGHJKLM')}. {d.choice(names)}", "mrr_eur": d.randint(40, 2400), "renewal": f"2026-0{d.randint(7, 9)}-{d.randint(10, 28)}"} for _ in range(3)]})]
    steps += [tool("sheet_append", {"sheet": "renewals", "rows": 33}, "33 rows appended, A2:D34")]
    yield fine("crm-pages", "Eleven pages of contacts are turned to the last and written to a sheet.", steps)

    steps = [user("Find the smallest memory limit at which the importer survives the 4 GB file.")]
    for m, ok, why in [(2048, True, "peak 1391 MiB"), (1024, False, "OOMKilled at chunk 61 of 96"), (1536, True, "peak 1388 MiB"), (1280, False, "OOMKilled at chunk 88 of 96"), (1408, True, "peak 1386 MiB, 22 MiB headroom"), (1344, False, "OOMKilled at chunk 94 of 96"), (1376, False, "OOMKilled at chunk 95 of 96"), (1392, True, "peak 1387 MiB, 5 MiB headroom")]:
        steps += [tool("k8s_run_job", {"template": "importer", "limits": {"memory": f"{m}Mi"}, "wait": True}, f"job importer-{hexes(d, 5)} {'Complete' if ok else 'Failed'}: {why}; duration {d.randint(180, 260)} s")]
    steps += [llm("1392 MiB is the least that works; I suggest 1536 MiB for headroom.")]
    yield fine("least-memory", "A bracket around the limit closes from a gigabyte to sixteen mebibytes.", steps)

    steps = [user("本日のセンサー値を一時間ごとに集計してください。")]
    for h in range(6, 18):
        steps += [tool("query_timeseries", {"測定点": "ボイラー2", "開始": f"2026-05-12T{h:02d}:00", "終了": f"2026-05-12T{h + 1:02d}:00", "集計": "mean"}, {"温度": round(61 + h * 1.3 + d.uniform(-4, 4), 1), "圧力": round(d.uniform(2.1, 3.4), 2), "欠測": d.randint(0, 3), "生成": stamp(0, h)})]
    steps += [llm("十二時間分の集計が終わりました。最高は午後五時の値です。")]
    yield fine("boiler-by-the-hour", "Twelve hours of one day are asked for once each, and each has its own mean.", steps)
