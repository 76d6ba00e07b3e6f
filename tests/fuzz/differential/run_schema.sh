#!/bin/sh
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2

# run_schema.sh: our schemas, validation, entity checks and policy JSON against
# @cedar-policy/cedar-wasm on random input.
#   run_schema.sh SCHEMA_DIFFERENTIAL SEED BATCHES      20 schemas, about 300 verdicts per batch
# NODE_PATH names the folder with the package (npm install @cedar-policy/cedar-wasm@4.13.0).
set -eu
here=$(dirname "$0")
if ! node -e 'require("@cedar-policy/cedar-wasm/nodejs")' 2>/dev/null; then
	echo "SKIPPED: no node, or no @cedar-policy/cedar-wasm in NODE_PATH"
	exit 0
fi
node --no-opt "$here/generate_schema.js" "$2" "$3" | "$1"
