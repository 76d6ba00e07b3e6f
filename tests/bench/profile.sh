#!/bin/sh
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
#
# Builds the program with a profile of its own work and as one whole (gcc): built once to count what
# runs, then every scenario is played on the virtual stage and dossiers are asked of the real program,
# then built again in the same folder, .build/release-pgo.
#
#   sh tests/bench/profile.sh
set -eu
cd "$(dirname "$0")/../.."
build=.build/release-pgo
# A cache of compiled objects does not know of the profile.
export CMAKE_C_COMPILER_LAUNCHER=

cmake --preset release-pgo -DKP_PROFILE=collect >/dev/null
cmake --build --preset release-pgo --target ketenpoort flow -- --quiet
find "$build" -name '*.gcda' -delete
for scenario in tests/flow/*.flow; do
	"$build/tests/flow/flow" "$scenario" "$PWD" >/dev/null
done
for scenario in dossier stream token; do
	"$build/tests/flow/flow" "tests/flow/$scenario.flow" "$PWD" http2 >/dev/null
done
python3 tests/bench/dossier/train.py --build "$build"
cmake --preset release-pgo >/dev/null
cmake --build --preset release-pgo --target ketenpoort -- --quiet
