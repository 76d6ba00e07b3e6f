-- wrk: another client number in each question. Numbers are valid test BSNs, 9999xxxxx.
local numbers = {}

local function valid(n)
    local text, total = string.format("%09d", n), 0
    for i = 1, 8 do
        total = total + tonumber(text:sub(i, i)) * (10 - i)
    end
    return (total - tonumber(text:sub(9, 9))) % 11 == 0
end

function init(args)
    for n = 999900000, 999999999 do
        if valid(n) then
            numbers[#numbers + 1] = n
        end
    end
    math.randomseed(os.time())
end

local headers = {
    ["Content-Type"] = "application/json",
    ["x-origin-oin"] = "@OIN@",
    ["x-gebruiker"] = "bench",
    ["x-rollen"] = "@ROLES@",
}

function request()
    local body = '{"burgerservicenummer":"' .. numbers[math.random(#numbers)] ..
        '","doel":"@DOEL@","zaakkenmerk":"Z-2026-00001"}'
    return wrk.format("POST", "/v1/dossiers/_zoek", headers, body)
end

local wrong = 0
function response(status)
    if status ~= 200 then
        wrong = wrong + 1
    end
end

function done(summary, latency)
    io.write(string.format("RESULT %d %d %.1f %.1f\n", summary.requests,
        summary.errors.status + summary.errors.read + summary.errors.connect + summary.errors.timeout,
        latency:percentile(50), latency:percentile(99)))
end
