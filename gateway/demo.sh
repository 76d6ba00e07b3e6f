#!/bin/sh
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
#
# From a bare Debian 12 to a virtual client dossier. Installs what is missing, builds, starts stand-in
# partners and the gateway, asks, shows, and ends by itself.
#
#   sh gateway/demo.sh           the whole story
#   sh gateway/demo.sh --keep    and leave everything running to play with (Ctrl-C stops it)
set -eu
cd "$(dirname "$0")/.."
keep=no
case ${1:-} in
"") ;;
--keep) keep=yes ;;
*) sed -n '5,9s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac

bold=$(printf '\033[1m') plain=$(printf '\033[0m')
[ -t 1 ] || bold="" plain=""
title() { printf '\n%s== %s%s\n' "$bold" "$1" "$plain"; }
show() { printf '%s$ %s%s\n' "$bold" "$*" "$plain"; }

# --- build ---
sh tests/packages.sh run
echo "building (release) ..."
cmake --preset release -DKP_TESTS=OFF -DKP_WERROR=OFF >/dev/null
cmake --build --preset release --target ketenpoort -- --quiet
gateway=$(pwd)/.build/release/gateway/ketenpoort

# --- partners and gateway, in a folder that goes afterwards ---
work=$(mktemp -d "${TMPDIR:-/tmp}/ketenpoort-demo-XXXXXX")
pids=""
finish() {
	status=$?
	trap - EXIT INT TERM
	# shellcheck disable=SC2086
	[ -z "$pids" ] || kill $pids 2>/dev/null || true
	wait 2>/dev/null || true
	if [ $status -ne 0 ] && [ -s "$work/gateway.log" ]; then
		echo "the gateway's log:"
		tail -n 20 "$work/gateway.log"
	fi
	rm -rf "$work"
	exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM

free_ports() {
	python3 - <<'PY'
import socket
held = [socket.socket() for _ in range(5)]
for one in held:
    one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in held))
PY
}
# shellcheck disable=SC2046
set -- $(free_ports)
port=$1 brp=$2 uwv=$3 svb=$4 werk=$5

start_partner() {
	python3 -B tests/partners/partners.py serve "$1" --port "$2" >"$work/$1.log" 2>&1 &
	pids="$pids $!"
	eval "pid_$1=$!"
}
await() { # url, options of curl
	tries=0
	until curl -fs -o /dev/null "$@"; do
		tries=$((tries + 1))
		[ $tries -lt 200 ] || { echo "nothing answers at $1" >&2; return 1; }
		sleep 0.05
	done
}
fault() { # port fault [ms]
	curl -fs -o /dev/null -d "{\"fault\":\"$2\",\"ms\":${3:-1000}}" "http://127.0.0.1:$1/_fault"
}

start_partner brp "$brp"
start_partner uwv "$uwv"
start_partner svb "$svb"
start_partner werkbedrijf "$werk"
"$gateway" init "$work/poort" >/dev/null
"$gateway" dev-pki "$work/poort/pki" >/dev/null
us=$work/poort/pki/clients/00000001830000001000
# A back office's PostgreSQL; it puts its manifest, anchor and secret in the configuration when it is ready.
python3 -B tests/partners/database.py "$work/poort" >"$work/database.log" 2>&1 &
pids="$pids $!"
# Who asks is what a token says; here the issuer is a key in a folder.
"$gateway" dev-token --organisatie 00000001830000001000 --medewerker m.jansen --rollen klantmanager \
	--geldig 21600 --uit "$work/token" "$work/inlog"
"$gateway" dev-token --organisatie 00000001830000001000 --medewerker m.jansen --rollen klantmanager \
	--geldig -100 --uit "$work/token-of-yesterday" "$work/inlog"
"$gateway" dev-token --organisatie 00000001830000001000 --medewerker s.yilmaz --rollen schuldhulpverlener \
	--geldig 21600 --uit "$work/token-of-counsellor" "$work/inlog"
token=$work/token
python3 - "$work/poort" "$port" "$brp" "$uwv" "$svb" "$werk" <<'PY'
import json, pathlib, sys
folder, port, *partners, werk = sys.argv[1:]
config = pathlib.Path(folder, "gateway.json")
data = json.loads(config.read_text())
data["listeners"] = [{"host": "127.0.0.1", "port": int(port), "tls": {
    "certificates": [{"certificate": "pki/server.pem", "key": "pki/server.key"}],
    "clients": "required", "anchors": "pki/root.pem", "crls": ["pki/crls.pem"]}}]
data["issuers"] = [{"issuer": "https://dev-token.invalid", "audiences": ["ketenpoort"],
                    "keys": {"file": "../inlog/jwks.json"}, "organisations": ["00000001830000001000"],
                    "organisation_claim": "oin", "roles_claim": "rollen", "binding": "optional"}]
data.setdefault("secrets", {})["inkomen-database"] = {"file": "secrets/inkomen-database"}
config.write_text(json.dumps(data, indent=2))
for name, old, new in zip(("brp", "uwv", "svb"), (8081, 8082, 8083), partners):
    manifest = pathlib.Path(folder, "sources", name + ".json")
    manifest.write_text(manifest.read_text().replace(f"127.0.0.1:{old}", f"127.0.0.1:{new}"))
# A fifth speaks SOAP, by a shipped manifest of Suwinet.
soap = pathlib.Path("connectors/soap/manifests/suwinet-uwv-werkbedrijf.json").read_text()
pathlib.Path(folder, "sources", "uwv-werkbedrijf.json").write_text(soap.replace("127.0.0.1:5020", f"127.0.0.1:{werk}"))
PY
python3 -B tests/partners/partners.py export --out "$work/poort/klantvolg.csv"
# A department without a system sends its spreadsheet.
python3 -B tests/partners/partners.py spreadsheet --out "$work/poort/schuldhulp.xlsx"
cp tests/partners/spreadsheet/gemeente-schuldhulp.json "$work/poort/sources/"
tries=0
until [ -s "$work/poort/sources/gemeente-inkomen.json" ]; do
	tries=$((tries + 1))
	[ $tries -lt 600 ] || { cat "$work/database.log" >&2; exit 1; }
	sleep 0.05
done
await "http://127.0.0.1:$brp/_health"
await "http://127.0.0.1:$uwv/_health"
await "http://127.0.0.1:$svb/_health"
await "http://127.0.0.1:$werk/_health"
"$gateway" check "$work/poort/gateway.json"
"$gateway" serve "$work/poort/gateway.json" 2>"$work/gateway.log" &
pids="$pids $!"
await "https://localhost:$port/health/ready" --cacert "$work/poort/pki/root.pem" --cert "$us.pem" --key "$us.key"

printf '999910061\n' >"$work/bsn"
printf '999910206\n' >"$work/bsn-elsewhere"
KETENPOORT_GATEWAY="https://localhost:$port"
export KETENPOORT_GATEWAY
ask() { # expected exit code, then arguments for query
	expected=$1
	shift
	show ketenpoort query "$@"
	code=0
	"$gateway" query --cacert "$work/poort/pki/root.pem" --cert "$us.pem" --key "$us.key" \
		--bsn-file "$work/bsn" --token-file "$token" "$@" || code=$?
	if [ "$code" -ne "$expected" ]; then
		echo "demo: expected exit code $expected, got $code" >&2
		exit 1
	fi
}

# --- the story ---
title "A dossier for an intake: six partners (REST, SOAP, a database, an export), one answer, the source beside every value"
ask 3 --doel participatiewet-intake --zaak Z-2026-00123

title "The same client for a narrower purpose: an address check opens less"
ask 0 --doel adrescontrole --zaak Z-2026-00123

title "A debt counsellor asks: the seventh partner delivers a spreadsheet (.xlsx)"
token=$work/token-of-counsellor
ask 0 --doel schuldhulpverlening --zaak Z-2026-00124 --velden persoon.naam,schuldhulp,schulden
token=$work/token

title "A purpose this role may not ask for: refused, and recorded"
ask 5 --doel fraudeonderzoek

title "A token that has expired: refused, and nothing tells what is wrong with it"
token=$work/token-of-yesterday
ask 5 --doel adrescontrole
token=$work/token

title "A partner is switched off: its section says so, the rest is there"
kill "$pid_svb"
wait "$pid_svb" 2>/dev/null || true
ask 3 --doel participatiewet-intake --velden uitkeringen

title "A slow partner under a short budget: 'nietBereikt' is not 'nothing known'"
fault "$uwv" slow 3000
ask 3 --doel participatiewet-intake --velden persoon.naam,uitkeringen --budget 400

title "The stream: each source's block as soon as it is there, the slow one last"
fault "$uwv" slow 700
ask 0 --doel participatiewet-intake --velden persoon.naam.geslachtsnaam,klantvolg --ndjson
fault "$uwv" none

title "What the gateway can prove afterwards: the journal (no client number, no value)"
show ketenpoort audit show journal/ketenpoort.journal
cp "$work/poort/journal/ketenpoort.journal" "$work/journal.copy"
"$gateway" audit show "$work/journal.copy"

if [ $keep = yes ]; then
	title "Left running; Ctrl-C stops it"
	cat <<TEXT
gateway    https://localhost:$port     configuration $work/poort
partners   brp $brp, uwv $uwv, werkbedrijf (SOAP) $werk          break one: curl -d '{"fault":"slow","ms":2000}' http://127.0.0.1:$uwv/_fault
ask        KETENPOORT_GATEWAY=$KETENPOORT_GATEWAY $gateway query \\
             --cacert $work/poort/pki/root.pem --cert $us.pem --key $us.key \\
             --token-file $work/token \\
             --doel participatiewet-intake --bsn-file $work/bsn
TEXT
	wait
fi
title "Done"
