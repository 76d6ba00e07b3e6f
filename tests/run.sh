#!/bin/sh
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
#
# Installs what the tests need and runs all of them: debug build, address and undefined-behaviour
# sanitizers, thread sanitizer. Ends with one line: N passed, N failed, N skipped.
#
#   sh tests/run.sh              everything
#   sh tests/run.sh dev          one preset
#   sh tests/run.sh dev -R flow  one preset, ctest options
set -eu
cd "$(dirname "$0")/.."
sh tests/packages.sh run test

presets="dev asan tsan"
case ${1:-} in
dev | asan | tsan)
	presets=$1
	shift
	;;
esac

passed=0 failed=0 skipped=0 again=""
jobs=$(nproc)
for preset in $presets; do
	echo "== $preset"
	cmake --preset "$preset" >/dev/null
	cmake --build --preset "$preset" -- --quiet
	# The thread sanitizer finds races; programs without threads gain nothing from it.
	only=""
	[ "$preset" = tsan ] && only="-L threads"
	# Tests on real sockets and real time can be disturbed by a busy machine: a test that fails is
	# tried again once, and the end of the run names it.
	# Those of the label real mostly wait for the clock: twice as many go beside each other, but beside nothing that works.
	for real in -LE -L; do
		beside=$jobs
		[ "$real" = -L ] && beside=$((2 * jobs))
		rm -f ".build/$preset/junit.xml" ".build/$preset/ctest.log"
		# shellcheck disable=SC2086
		ctest --preset "$preset" -j "$beside" $real '^real$' --output-junit junit.xml --timeout 600 \
			--output-log ".build/$preset/ctest.log" --repeat until-pass:2 --no-tests=ignore $only "$@" && ended=0 || ended=$?
		if [ ! -s ".build/$preset/junit.xml" ]; then
			# Without tests of that kind it is well; without an end it is not.
			[ "$ended" -eq 0 ] || failed=$((failed + 1))
			continue
		fi
		counts=$(python3 tests/count.py ".build/$preset/junit.xml" ".build/$preset/ctest.log")
		passed=$((passed + $(echo "$counts" | cut -d' ' -f1)))
		failed=$((failed + $(echo "$counts" | cut -d' ' -f2)))
		skipped=$((skipped + $(echo "$counts" | cut -d' ' -f3)))
		for name in $(echo "$counts" | cut -s -d' ' -f4-); do
			again="$again $preset/$name"
		done
	done
done
[ -z "$again" ] || echo "passed only when tried again:$again"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
