/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* query_print: see query_print.h. */
#include "commands/query_print.h"

#include <stdlib.h>
#include <string.h>

#include "commands/terminal_text.h"

#define PATH_SIZE 256
#define LABEL_COLUMNS 34
#define VALUE_COLUMNS 34

struct printer {
	const struct query_print_options *options;
	const json_t *provenance;  /* herkomst */
	const json_t *differences; /* afwijkingen */
};

/* --- terminal --- */

static const char *
style(const struct printer *printer, const char *code)
{
	return printer->options->colour ? code : "";
}

#define BOLD "\033[1m"
#define DIM "\033[2m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

static const char *
say(const struct printer *printer, const char *dutch, const char *english)
{
	return printer->options->english ? english : dutch;
}

static void
print_safe(FILE *out, const char *text)
{
	(void)kp_terminal_print(out, kp_slice_from(text));
}

/* At least one space behind it, also when it is longer than its column. */
static void
print_padded(FILE *out, const char *text, int width)
{
	int count = kp_terminal_print(out, kp_slice_from(text));
	(void)fprintf(out, "%*s", count < width ? width - count : 1, "");
}

static void
heading(const struct printer *printer, const char *text, size_t count)
{
	FILE *out = printer->options->out;
	(void)fprintf(out, "\n%s", style(printer, BOLD));
	print_safe(out, text);
	(void)fputs(style(printer, PLAIN), out);
	if (count > 0) {
		(void)fprintf(out, " (%zu)", count);
	}
	(void)fputc('\n', out);
}

/* --- values --- */

static const char *
text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text == NULL ? "" : text;
}

/* A scalar as it was written; the caller frees. */
static char *
value_text(const json_t *value)
{
	if (json_is_string(value)) {
		return strdup(json_string_value(value));
	}
	return json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
}

static const json_t *
entry_at(const json_t *list, const char *path)
{
	size_t i;
	const json_t *entry;
	json_array_foreach(list, i, entry)
	{
		if (strcmp(text_of(entry, "pad"), path) == 0) {
			return entry;
		}
	}
	return NULL;
}

static void
print_origin(const struct printer *printer, const char *path)
{
	FILE *out = printer->options->out;
	const json_t *origin = entry_at(printer->provenance, path);
	if (origin == NULL) {
		return;
	}
	(void)fputs(style(printer, DIM), out);
	print_safe(out, text_of(origin, "bron"));
	const char *valid = text_of(origin, "geldigOp");
	const char *fetched = text_of(origin, "opgehaaldOp");
	if (valid[0] != '\0') {
		(void)fprintf(out, ", %s ", say(printer, "geldig op", "valid on"));
		print_safe(out, valid);
	} else if (strlen(fetched) >= 19) {
		(void)fprintf(out, ", %s %.8s", say(printer, "opgehaald", "fetched"),
			fetched + 11);
	}
	if (json_is_true(json_object_get(origin, "inOnderzoek"))) {
		(void)fprintf(out, "%s %s[%s]", style(printer, PLAIN),
			style(printer, YELLOW),
			say(printer, "in onderzoek", "under investigation"));
	}
	(void)fputs(style(printer, PLAIN), out);
}

/* Beside a value: what other sources say instead. */
static void
print_difference(const struct printer *printer, const char *path)
{
	FILE *out = printer->options->out;
	const json_t *difference = entry_at(printer->differences, path);
	const char *shown = text_of(entry_at(printer->provenance, path), "bron");
	size_t i;
	const json_t *other;
	json_array_foreach(json_object_get(difference, "waarden"), i, other)
	{
		if (strcmp(text_of(other, "bron"), shown) == 0) {
			continue;
		}
		char *text = value_text(json_object_get(other, "waarde"));
		(void)fprintf(out, "\n%*s%s\xe2\x89\xa0 ", 2 + LABEL_COLUMNS, "",
			style(printer, YELLOW));
		print_padded(out, text == NULL ? "" : text, VALUE_COLUMNS - 2);
		(void)fputs(style(printer, PLAIN), out);
		(void)fputs(style(printer, DIM), out);
		print_safe(out, text_of(other, "bron"));
		(void)fputs(style(printer, PLAIN), out);
		free(text);
	}
}

static void
print_value(const struct printer *printer, const char *label, const char *path,
	const json_t *value)
{
	FILE *out = printer->options->out;
	char *text = value_text(value);
	(void)fputs("  ", out);
	print_padded(out, label, LABEL_COLUMNS - 1);
	(void)fputc(' ', out);
	print_padded(out, text == NULL ? "" : text, VALUE_COLUMNS - 1);
	(void)fputc(' ', out);
	print_origin(printer, path);
	print_difference(printer, path);
	(void)fputc('\n', out);
	free(text);
}

/* `label` is what stands before the value, relative to the section: "naam.voornamen". */
static void
print_group(
	const struct printer *printer, const char *label, const char *path, json_t *group)
{
	if (!json_is_object(group)) {
		print_value(printer, label, path, group);
		return;
	}
	void *at = json_object_iter(group);
	for (; at != NULL; at = json_object_iter_next(group, at)) {
		char inner_label[PATH_SIZE];
		char inner_path[PATH_SIZE];
		const char *name = json_object_iter_key(at);
		(void)snprintf(inner_label, sizeof(inner_label), "%s%s%s", label,
			label[0] != '\0' ? "." : "", name);
		(void)snprintf(inner_path, sizeof(inner_path), "%s/%s", path, name);
		print_group(printer, inner_label, inner_path, json_object_iter_value(at));
	}
}

static void
print_section(const struct printer *printer, const char *name, json_t *section)
{
	char path[PATH_SIZE];
	heading(printer, name, json_array_size(section));
	if (!json_is_array(section)) {
		(void)snprintf(path, sizeof(path), "/%s", name);
		print_group(printer, "", path, section);
		return;
	}
	size_t i;
	json_t *item;
	json_array_foreach(section, i, item)
	{
		if (i > 0) {
			(void)fputc('\n', printer->options->out);
		}
		(void)snprintf(path, sizeof(path), "/%s/%zu", name, i);
		print_group(printer, "", path, item);
	}
}

/* --- the rest of the answer --- */

static void
print_withheld(const struct printer *printer, const json_t *withheld)
{
	FILE *out = printer->options->out;
	if (json_array_size(withheld) == 0) {
		return;
	}
	heading(printer, say(printer, "Ingehouden", "Withheld"),
		json_array_size(withheld));
	size_t i;
	const json_t *entry;
	json_array_foreach(withheld, i, entry)
	{
		(void)fputs("  ", out);
		print_padded(out, text_of(entry, "veld"), LABEL_COLUMNS);
		print_safe(out, text_of(entry, "reden"));
		if (text_of(entry, "regel")[0] != '\0') {
			(void)fprintf(out, "  %s(", style(printer, DIM));
			print_safe(out, text_of(entry, "regel"));
			(void)fprintf(out, ")%s", style(printer, PLAIN));
		}
		(void)fputc('\n', out);
	}
}

static void
print_sources(const struct printer *printer, const json_t *sources)
{
	FILE *out = printer->options->out;
	if (json_array_size(sources) == 0) {
		return;
	}
	heading(printer, say(printer, "Bronnen", "Sources"), 0);
	size_t i;
	const json_t *source;
	json_array_foreach(sources, i, source)
	{
		const char *status = text_of(source, "status");
		bool good = strcmp(status, "gevonden") == 0;
		char took[32] = "";
		const char *ms = text_of(source, "duurMs");
		if (ms[0] != '\0') {
			(void)snprintf(took, sizeof(took), "%s ms", ms);
		}
		(void)fputs("  ", out);
		print_padded(out, text_of(source, "bron"), 22);
		(void)fputs(good ? "" : style(printer, YELLOW), out);
		print_padded(out, status, 20);
		(void)fputs(style(printer, PLAIN), out);
		(void)fprintf(out, "%8s  ", took);
		print_safe(out, text_of(source, "reden"));
		size_t j;
		const json_t *note;
		json_array_foreach(json_object_get(source, "meldingen"), j, note)
		{
			(void)fputs("  ", out);
			print_safe(out,
				json_is_string(note) ? json_string_value(note)
						     : text_of(note, "tekst"));
		}
		(void)fputc('\n', out);
	}
}

static void
print_account(const struct printer *printer, const json_t *answer)
{
	FILE *out = printer->options->out;
	const json_t *account = json_object_get(answer, "verantwoording");
	const json_t *complete = json_object_get(answer, "volledig");
	(void)fputc('\n', out);
	if (complete != NULL) {
		(void)fprintf(out, "%s: %s\n", say(printer, "Volledig", "Complete"),
			json_is_true(complete) ? say(printer, "ja", "yes")
					       : say(printer, "nee", "no"));
	}
	if (account != NULL) {
		const char *index = text_of(account, "logIndex");
		(void)fprintf(out, "%s%s: trace ", style(printer, DIM),
			say(printer, "Verantwoording", "Account"));
		print_safe(out, text_of(account, "traceId"));
		if (index[0] != '\0') {
			(void)fprintf(out, ", %s %s", say(printer, "journaal", "journal"),
				index);
		}
		(void)fputs(", ", out);
		(void)fprintf(out, "%s %.19s\xe2\x80\xa6%s\n",
			say(printer, "beleid", "policy"),
			text_of(account, "beleidsversie"), style(printer, PLAIN));
	}
}

void
kp_query_print_dossier(const json_t *answer, const struct query_print_options *options)
{
	struct printer printer = {.options = options,
		.provenance = json_object_get(answer, "herkomst"),
		.differences = json_object_get(answer, "afwijkingen")};
	json_t *dossier = json_object_get(answer, "dossier");
	void *at = json_object_iter(dossier);
	for (; at != NULL; at = json_object_iter_next(dossier, at)) {
		print_section(
			&printer, json_object_iter_key(at), json_object_iter_value(at));
	}
	if (json_array_size(printer.differences) > 0) {
		(void)fprintf(options->out, "\n%s\xe2\x89\xa0%s %s\n",
			style(&printer, YELLOW), style(&printer, PLAIN),
			say(&printer,
				"bronnen spreken elkaar tegen; getoond is de bron met "
				"het "
				"hoogste gezag",
				"sources contradict each other; shown is the one with "
				"most "
				"authority"));
	}
	print_withheld(&printer, json_object_get(answer, "ingehouden"));
	print_sources(&printer, json_object_get(answer, "bronnen"));
	print_account(&printer, answer);
}

void
kp_query_print_problem(const json_t *problem, const struct query_print_options *options)
{
	FILE *out = options->out;
	struct printer printer = {.options = options};
	(void)fprintf(out, "%s%s ", style(&printer, BOLD), text_of(problem, "status"));
	print_safe(out, text_of(problem, "title"));
	(void)fprintf(out, "%s\n", style(&printer, PLAIN));
	if (text_of(problem, "detail")[0] != '\0') {
		print_safe(out, text_of(problem, "detail"));
		(void)fputc('\n', out);
	}
	size_t i;
	const json_t *param;
	json_array_foreach(json_object_get(problem, "invalidParams"), i, param)
	{
		(void)fputs("  ", out);
		print_padded(out, text_of(param, "name"), 24);
		(void)fputc(' ', out);
		print_safe(out, text_of(param, "reason"));
		(void)fputc('\n', out);
	}
}
