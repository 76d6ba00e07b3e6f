#!/bin/sh
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2

# run.sh: our Cedar engine against @cedar-policy/cedar-wasm on random input.
#   run.sh CEDAR_DIFFERENTIAL SEED BATCHES      1800 evaluations per batch
# NODE_PATH names the folder with the package (npm install @cedar-policy/cedar-wasm@4.13.0).
set -eu
here=$(dirname "$0")
if ! node -e 'require("@cedar-policy/cedar-wasm/nodejs")' 2>/dev/null; then
	echo "SKIPPED: no node, or no @cedar-policy/cedar-wasm in NODE_PATH"
	exit 0
fi
# V8's optimiser crashes on this module now and then; without it, it does not.
node --no-opt "$here/generate.js" "$2" "$3" | "$1"
