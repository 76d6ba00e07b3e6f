/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * connector_new: the first byte says what the rest is: OpenAPI as JSON or YAML, a WSDL,
 * the beginning of an export. Whatever it is, it is refused, or becomes a manifest that
 * reads as one.
 */
#include <stdio.h>
#include <string.h>

#include "commands/connector_new.h"
#include "source/source.h"

#define ARENA_BYTES ((size_t)128 << 20)

static const char catalogue_text[] =
	"{\"versie\":\"1\",\"bronnen\":[{\"naam\":\"a\",\"titel\":\"A\",\"titel"
	"En\":\"A\",\"oin\":\"00000000000000000001\"}],\"rubrieken\":[{\"naam\""
	":\"persoon\",\"label\":\"Persoon\",\"labelEn\":\"Person\",\"bronnen\":"
	"[\"a\"],\"velden\":[{\"pad\":\"naam.voornamen\",\"label\":\"Voornamen"
	"\",\"labelEn\":\"First names\",\"soort\":\"tekst\"},{\"pad\":\"geboort"
	"e.datum\",\"label\":\"Geboortedatum\",\"labelEn\":\"Date of birth\",\""
	"soort\":\"datum\"},{\"pad\":\"geheim\",\"label\":\"Geheim\",\"labelEn"
	"\":\"Secret\",\"soort\":\"janee\"}]},{\"naam\":\"uitkeringen\",\"label"
	"\":\"Uitkeringen\",\"labelEn\":\"Benefits\",\"meervoudig\":true,\"bron"
	"nen\":[\"a\"],\"velden\":[{\"pad\":\"wet\",\"label\":\"Wet\",\"labelEn"
	"\":\"Act\",\"soort\":\"tekst\"},{\"pad\":\"bedrag\",\"label\":\"Bedrag"
	"\",\"labelEn\":\"Amount\",\"soort\":\"bedrag\"}]}]}";

static enum kp_status
read_as(struct kp_new *new, char kind, struct kp_slice text, struct kp_error *err)
{
	switch (kind & 3) {
	case 0:
	case 1:
		return kp_new_read_openapi(new, "fuzz", text, NULL, err);
	case 2:
		return kp_new_read_wsdl(new, "fuzz", text, false, NULL, err);
	default:
		return (kind & 8) != 0
			? kp_new_read_ndjson(new, "fuzz", text, err)
			: kp_new_read_csv(new, "fuzz", NULL, text, (kind & 4) != 0, err);
	}
}

static struct kp_slice
any_secret(void *context, struct kp_slice name)
{
	(void)context;
	(void)name;
	return KP_SLICE("name:secret");
}

/* As `connector check` does. */
static void
check_manifest(struct kp_new *new)
{
	struct kp_findings findings;
	struct kp_source_set *set = NULL;
	char *text = json_dumps(new->manifest, 0);
	FUZZ_CHECK(text != NULL);
	const struct kp_manifest_file file = {
		.name = "new", .text = {text, strlen(text)}};
	const struct kp_source_set_options options = {.catalogue = new->catalogue,
		.files = &file,
		.file_count = 1,
		.folder = ".",
		.secret = any_secret};
	kp_findings_init(&findings, 10);
	enum kp_status status = kp_source_set_create(&options, &findings, &set);
	if (status == KP_E_CONFIG) {
		(void)fprintf(stderr, "%s\n", text);
		for (size_t i = 0; i < findings.count; i++) {
			char words[700];
			(void)fprintf(stderr, "%s\n",
				kp_error_text(&findings.items[i], words, sizeof(words)));
		}
	}
	FUZZ_CHECK(status != KP_E_CONFIG);
	kp_source_set_destroy(&set);
	kp_findings_deinit(&findings);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kp_arena arena;
	struct kp_findings findings;
	struct kp_catalogue *catalogue = NULL;
	struct kp_error err = {0};
	if (size == 0) {
		return 0;
	}
	kp_arena_init(&arena, ARENA_BYTES, NULL);
	kp_findings_init(&findings, 10);
	FUZZ_CHECK(kp_catalogue_load(&arena, "c", kp_slice_from(catalogue_text),
			   &findings, &catalogue) == KP_OK);
	struct kp_new new = {.arena = &arena,
		.failures_before = kp_heap_failures(),
		.catalogue = catalogue,
		.manifest = json_pack("{s:s, s:{s:s, s:s}}", "source", "a",
			"organisation", "oin", "00000000000000000001", "name", "A"),
		.todo = json_array()};
	/* Texts of files have a NUL behind them. */
	char *copy = kp_arena_bytes(&arena, size);
	FUZZ_CHECK(copy != NULL);
	memcpy(copy, data + 1, size - 1);
	copy[size - 1] = '\0';
	if (read_as(&new, (char)data[0], (struct kp_slice){copy, size - 1}, &err) ==
			KP_OK &&
		kp_new_propose(&new) && kp_new_write_response(&new)) {
		check_manifest(&new);
	}
	json_decref(new.manifest);
	json_decref(new.todo);
	kp_findings_deinit(&findings);
	kp_arena_deinit(&arena);
	return 0;
}
