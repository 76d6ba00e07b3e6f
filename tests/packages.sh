#!/bin/sh
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
#
# Installs the Debian packages of one or more sets that are not there yet.
#   sh tests/packages.sh run          what building and the demo need
#   sh tests/packages.sh run test     and what the tests need
#   sh tests/packages.sh bench        what the benchmarks compare with
set -eu

run="ca-certificates gcc libc6-dev cmake ninja-build pkg-config libcurl4-openssl-dev libuv1-dev
libjansson-dev libnghttp2-dev libssl-dev libseccomp-dev libpq-dev unixodbc-dev uthash-dev python3 curl
libxml2-dev libzip-dev libyaml-dev"
test="systemd
libcmocka-dev clang libclang-rt-14-dev clang-format git jq nodejs npm nginx man-db procps openssl
softhsm2 libengine-pkcs11-openssl chromium sslscan testssl.sh
nghttp2-client slowhttptest postgresql-15 odbc-postgresql libsqliteodbc
mariadb-server-core mariadb-client-core odbc-mariadb python3-jsonschema python3-jwt libz3-dev"
bench="nginx libnginx-mod-http-lua lua-cjson wrk nodejs nghttp2-client"

# A back office of the demo.
run="$run postgresql-15 openssl"
bench="$bench python3-psycopg2"
# What holds the soap connector to account.
test="$test libxml2-utils xmlsec1 default-jre-headless python3-yaml"
# Workbooks by other hands.
test="$test python3-openpyxl python3-xlsxwriter"
bench="$bench python3-zeep python3-openpyxl python3-xlsxwriter"

missing=""
for set in "$@"; do
	case $set in
	run) names=$run ;;
	test) names=$test ;;
	bench) names=$bench ;;
	*) echo "packages.sh: no such set: $set (run, test, bench)" >&2; exit 2 ;;
	esac
	for name in $names; do
		# A tool that is there under another package's name (nodejs from elsewhere) will do.
		case $name in
		nodejs) command -v node >/dev/null 2>&1 && continue ;;
		npm | git | jq | curl | gcc) command -v "$name" >/dev/null 2>&1 && continue ;;
		esac
		dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' ||
			missing="$missing $name"
	done
done
[ -n "$missing" ] || exit 0

sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo"
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# nginx is only ever started by a test or a benchmark, never as a service of this machine.
$sudo apt-get update -q >/dev/null
# shellcheck disable=SC2086
$sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -q -y --no-install-recommends $missing >/dev/null
