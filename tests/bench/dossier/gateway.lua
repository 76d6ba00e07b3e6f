-- The same job in Lua: ask all partners at once, keep the permitted fields, put them in one document.
local cjson = require "cjson.safe"

local keep = {
    { "brp", function(a)
        local p = a.personen[1]
        return { persoon = { naam = p.naam, geboorte = { datum = p.geboorte.datum.datum },
                             geslacht = p.geslacht.code },
                 adres = { straat = p.verblijfplaats.verblijfadres.officieleStraatnaam,
                           huisnummer = p.verblijfplaats.verblijfadres.huisnummer,
                           huisletter = p.verblijfplaats.verblijfadres.huisletter,
                           postcode = p.verblijfplaats.verblijfadres.postcode,
                           woonplaats = p.verblijfplaats.verblijfadres.woonplaats,
                           datumVan = p.verblijfplaats.datumVan.datum } }
    end },
    { "uwv", function(a)
        local jobs, benefits = {}, {}
        for i, d in ipairs(a.dienstverbanden) do
            jobs[i] = { werkgever = d.werkgever, soortContract = d.soortContract,
                        datumAanvang = d.datumAanvang, datumEinde = d.datumEinde,
                        loon = { bruto = d.loon.bruto, periode = d.loon.periode },
                        urenPerWeek = d.urenPerWeek }
        end
        for i, u in ipairs(a.uitkeringen) do
            benefits[i] = { wet = u.wet, datumAanvang = u.datumAanvang, datumEinde = u.datumEinde,
                            bedrag = { bruto = u.bedrag.bruto, periode = u.bedrag.periode } }
        end
        return { dienstverbanden = jobs, uitkeringen = benefits }
    end },
    { "svb", function(a)
        local list = {}
        for i, r in ipairs(a.regelingen) do
            list[i] = { wet = r.regeling, omschrijving = r.omschrijving, datumAanvang = r.sinds,
                        bedrag = { bruto = r.bedragPerMaand } }
        end
        return { regelingen = list }
    end },
    { "klantvolg", function(a)
        local list = {}
        for i, t in ipairs(a.trajecten) do
            list[i] = { naam = t.naam, datumAanvang = t.begin, status = t.status }
        end
        return { klantvolg = { klantnummer = a.klantnummer, consulent = a.consulent,
                               status = a.status }, trajecten = list }
    end },
    { "duo", function(a)
        local list = {}
        for i, o in ipairs(a.opleidingen) do
            list[i] = { naam = o.naam, niveau = o.niveau, diplomaDatum = o.einde }
        end
        return { opleidingen = list }
    end },
}

ngx.req.read_body()
local query = cjson.decode(ngx.req.get_body_data())
if not query then
    return ngx.exit(400)
end
local body = '{"burgerservicenummer":"' .. query.burgerservicenummer .. '"}'
local calls = {}
for i = 1, #keep do
    calls[i] = { "/partner/" .. i, { method = ngx.HTTP_POST, body = body } }
end
local answers = { ngx.location.capture_multi(calls) }
local dossier, sources = {}, {}
for i, answer in ipairs(answers) do
    local data = answer.status == 200 and cjson.decode(answer.body)
    sources[i] = { bron = keep[i][1], status = data and "gevonden" or "fout" }
    if data then
        for name, section in pairs(keep[i][2](data)) do
            dossier[name] = section
        end
    end
end
ngx.header.content_type = "application/json"
ngx.print(cjson.encode({ dossier = dossier, bronnen = sources }))
