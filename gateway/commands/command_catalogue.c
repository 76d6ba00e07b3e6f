/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * command_catalogue: `ketenpoort catalogue CONFIG` shows what a dossier can hold and who
 * supplies it: per field its sources in the order of authority, which of them this
 * configuration can ask, and what nobody supplies.
 */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "assemble.h"
#include "commands.h"
#include "config/config.h"
#include "core/bits.h"

enum exit_code {
	EXIT_GOOD = 0,
	EXIT_FAULTS = 1,
	EXIT_WRONG_USE = 2,
};

static const char usage[] =
	"usage: ketenpoort catalogue [--json] [--en] CONFIG\n"
	"\n"
	"Shows every field of the catalogue with the sources that may supply it, in\n"
	"the order of authority. A source in [brackets] is one this configuration\n"
	"cannot ask for it: it has no manifest, or its manifest does not map the field.\n"
	"A field that nobody can supply is marked with '-'.\n"
	"\n"
	"  --json   one JSON object in place of a table\n"
	"  --en     labels in English\n";

static const char *const sensitivities[] = {
	"openbaar", "gewoon", "gevoelig", "vertrouwelijk", "bijzonder"};
static const char *const types[] = {"tekst", "getal", "bedrag", "janee", "datum", "code"};

struct showing {
	const struct kp_catalogue *catalogue;
	const struct kp_source_set *sources;
	bool english;
	uint32_t supplied;
};

/* Can this configuration ask the cell's source for it? */
static bool
can_ask(const struct showing *showing, uint32_t cell)
{
	uint32_t id = showing->catalogue->cells[cell].source;
	for (size_t i = 0; i < kp_source_set_count(showing->sources); i++) {
		const struct kp_source *source = kp_source_set_get(showing->sources, i);
		if (source->id == id && kp_bits_has(source->offers, cell)) {
			return true;
		}
	}
	return false;
}

static bool
is_supplied(const struct showing *showing, const struct kp_field *field)
{
	for (uint32_t i = 0; i < field->cell_count; i++) {
		if (can_ask(showing, field->first_cell + i)) {
			return true;
		}
	}
	return false;
}

static struct kp_slice
label_of(const struct showing *showing, struct kp_slice dutch, struct kp_slice english)
{
	return showing->english && english.len > 0 ? english : dutch;
}

/* Columns on the screen of a text in UTF-8, as far as one per character goes. */
static int
columns_of(struct kp_slice text)
{
	int columns = 0;
	for (size_t i = 0; i < text.len; i++) {
		columns += ((unsigned char)text.data[i] & 0xc0) == 0x80 ? 0 : 1;
	}
	return columns;
}

static void
print_padded(struct kp_slice text, int width)
{
	int pad = width - columns_of(text);
	(void)printf("%.*s%*s  ", KP_SLICE_ARG(text), pad > 0 ? pad : 0, "");
}

static void
print_sources(const struct showing *showing, const struct kp_field *field)
{
	for (uint32_t i = 0; i < field->cell_count; i++) {
		uint32_t cell = field->first_cell + i;
		struct kp_slice name =
			showing->catalogue
				->sources[showing->catalogue->cells[cell].source]
				.name;
		bool asked = can_ask(showing, cell);
		(void)printf("%s%s%.*s%s", i > 0 ? ", " : "", asked ? "" : "[",
			KP_SLICE_ARG(name), asked ? "" : "]");
	}
}

static void
print_section(struct showing *showing, const struct kp_section *section)
{
	const struct kp_catalogue *catalogue = showing->catalogue;
	struct kp_slice label = label_of(showing, section->label, section->label_en);
	(void)printf("\n%.*s: %.*s", KP_SLICE_ARG(section->name), KP_SLICE_ARG(label));
	if (section->list) {
		(void)printf(" (meervoudig");
		if (section->key_field != KP_NO_ID) {
			(void)printf(", sleutel %.*s",
				KP_SLICE_ARG(catalogue->fields[section->key_field].path));
		}
		(void)printf(")");
	}
	(void)putchar('\n');
	for (uint32_t i = 0; i < section->field_count; i++) {
		const struct kp_field *field =
			&catalogue->fields[section->first_field + i];
		bool supplied = is_supplied(showing, field);
		showing->supplied += supplied ? 1 : 0;
		(void)printf("%s ", supplied ? " " : "-");
		print_padded(field->path, 40);
		print_padded(kp_slice_from(types[field->type]), 6);
		print_padded(kp_slice_from(sensitivities[field->sensitivity]), 13);
		print_sources(showing, field);
		(void)putchar('\n');
	}
}

static void
print_lines(struct showing *showing)
{
	const struct kp_catalogue *catalogue = showing->catalogue;
	(void)printf("catalogus %.*s: %u rubrieken, %u velden, %u bronnen\n",
		KP_SLICE_ARG(catalogue->version), catalogue->section_count,
		catalogue->field_count, catalogue->source_count);
	for (uint32_t i = 0; i < catalogue->section_count; i++) {
		print_section(showing, &catalogue->sections[i]);
	}
	(void)printf("\n%u velden te leveren door de bronnen van deze configuratie; "
		     "%u levert niemand (-)\n",
		showing->supplied, catalogue->field_count - showing->supplied);
}

static json_t *
text_of(struct kp_slice text)
{
	return json_stringn(text.data == NULL ? "" : text.data, text.len);
}

static json_t *
field_json(const struct showing *showing, const struct kp_field *field)
{
	const struct kp_catalogue *catalogue = showing->catalogue;
	json_t *sources = json_array();
	for (uint32_t i = 0; i < field->cell_count; i++) {
		uint32_t cell = field->first_cell + i;
		(void)json_array_append_new(sources,
			json_pack("{s:o, s:b}", "bron",
				text_of(catalogue->sources[catalogue->cells[cell].source]
						.name),
				"levert", can_ask(showing, cell)));
	}
	return json_pack("{s:o, s:o, s:o, s:s, s:s, s:b, s:o, s:b}", "pad",
		text_of(field->path), "label", text_of(field->label), "labelEn",
		text_of(field->label_en), "soort", types[field->type], "gevoeligheid",
		sensitivities[field->sensitivity], "derde", field->third_person,
		"bronnen", sources, "geleverd", is_supplied(showing, field));
}

static bool
print_json(const struct showing *showing)
{
	const struct kp_catalogue *catalogue = showing->catalogue;
	json_t *sections = json_array();
	for (uint32_t i = 0; i < catalogue->section_count; i++) {
		const struct kp_section *section = &catalogue->sections[i];
		json_t *fields = json_array();
		for (uint32_t j = 0; j < section->field_count; j++) {
			(void)json_array_append_new(fields,
				field_json(showing,
					&catalogue->fields[section->first_field + j]));
		}
		(void)json_array_append_new(sections,
			json_pack("{s:o, s:o, s:o, s:b, s:o}", "naam",
				text_of(section->name), "label", text_of(section->label),
				"labelEn", text_of(section->label_en), "meervoudig",
				section->list, "velden", fields));
	}
	json_t *answer = json_pack("{s:o, s:o}", "versie", text_of(catalogue->version),
		"rubrieken", sections);
	bool printed = answer != NULL && json_dumpf(answer, stdout, JSON_INDENT(1)) == 0;
	(void)putchar('\n');
	json_decref(answer);
	return printed;
}

static bool
show(const struct kp_snapshot *snapshot, bool json, bool english)
{
	struct showing showing = {.catalogue = snapshot->catalogue,
		.sources = snapshot->sources,
		.english = english};
	if (json) {
		return print_json(&showing);
	}
	print_lines(&showing);
	return true;
}

static void
print_findings(const struct kp_findings *findings)
{
	char text[700];
	for (size_t i = 0; i < findings->count; i++) {
		(void)fprintf(stderr, "%s\n",
			kp_error_text(&findings->items[i], text, sizeof(text)));
	}
}

static int
show_config(const char *path, bool json, bool english)
{
	struct kp_findings findings;
	struct kp_config *config = NULL;
	struct kp_snapshot *snapshot = NULL;
	const struct kp_assemble_means means = {.loops = 1};
	kp_findings_init(&findings, KP_CONFIG_FINDINGS_MAX);
	enum kp_status status = kp_config_load(path, &findings, &config);
	if (status == KP_OK) {
		status = kp_assemble(config, &means, &findings, &snapshot);
	}
	bool printed = status == KP_OK && show(snapshot, json, english);
	if (status == KP_OK) {
		kp_snapshot_unref(&snapshot);
	} else {
		print_findings(&findings);
	}
	kp_config_unref(&config);
	kp_findings_deinit(&findings);
	return printed ? EXIT_GOOD : EXIT_FAULTS;
}

int
kp_command_catalogue(int argc, char **argv)
{
	const char *path = NULL;
	bool json = false;
	bool english = false;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			(void)fputs(usage, stdout);
			return EXIT_GOOD;
		}
		if (strcmp(argv[i], "--json") == 0) {
			json = true;
		} else if (strcmp(argv[i], "--en") == 0) {
			english = true;
		} else if (argv[i][0] == '-' || path != NULL) {
			(void)fputs(usage, stderr);
			return EXIT_WRONG_USE;
		} else {
			path = argv[i];
		}
	}
	if (path == NULL) {
		(void)fputs(usage, stderr);
		return EXIT_WRONG_USE;
	}
	return show_config(path, json, english);
}
