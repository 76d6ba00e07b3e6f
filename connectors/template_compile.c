/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* template_compile: reads a template of the manifest, once. See template.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "connectors/template.h"
#include "core/nearest.h"

#define PARTS_MAX 64

static const struct {
	const char *text;
	enum kp_template_name name;
} names[] = {
	{"bsn", KP_TEMPLATE_BSN},
	{"doel", KP_TEMPLATE_PURPOSE},
	{"activiteit", KP_TEMPLATE_ACTIVITY},
	{"zaak", KP_TEMPLATE_CASE},
	{"medewerker", KP_TEMPLATE_EMPLOYEE},
	{"organisatie", KP_TEMPLATE_ORGANISATION},
	{"trace", KP_TEMPLATE_TRACE},
	{"nu", KP_TEMPLATE_NOW},
	{"pagina", KP_TEMPLATE_PAGE},
	{"vanaf", KP_TEMPLATE_OFFSET},
	{"vervolg", KP_TEMPLATE_CURSOR},
	{"vandaag", KP_TEMPLATE_TODAY},
	{"maand", KP_TEMPLATE_MONTH},
	{"vorigeMaand", KP_TEMPLATE_LAST_MONTH},
	{"jaar", KP_TEMPLATE_YEAR},
	{"vorigJaar", KP_TEMPLATE_LAST_YEAR},
	{"tijdstip", KP_TEMPLATE_MOMENT},
	{"bericht", KP_TEMPLATE_MESSAGE},
	{"velden", KP_TEMPLATE_FIELDS},
	{"ingesloten", KP_TEMPLATE_EMBEDDED},
};

/* Compiling: parts are gathered in `parts` and copied to the arena at the end. */
struct compiler {
	struct kp_arena *arena;
	const struct kp_manifest *manifest;
	const struct kp_template_faults *faults;
	struct kp_template_part *parts;
	size_t count;
	bool full;
};

static void report(struct compiler *compiler, const char *format, ...) KP_PRINTF(2, 3);

static void
report(struct compiler *compiler, const char *format, ...)
{
	char message[192];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	compiler->faults->report(compiler->faults->context, message);
}

static struct kp_template_part *
add_part(struct compiler *compiler, enum kp_template_name name, struct kp_slice text)
{
	if (compiler->count == PARTS_MAX) {
		if (!compiler->full) {
			report(compiler, "has more than %d parts", PARTS_MAX);
		}
		compiler->full = true;
		return NULL;
	}
	struct kp_template_part *part = &compiler->parts[compiler->count++];
	*part = (struct kp_template_part){.name = name, .text = text};
	return part;
}

static void
add_literal(struct compiler *compiler, const char *from, const char *to)
{
	if (to > from) {
		(void)add_part(compiler, KP_TEMPLATE_LITERAL,
			(struct kp_slice){from, (size_t)(to - from)});
	}
}

static const struct kp_manifest_table *
find_table(struct compiler *compiler, struct kp_slice name)
{
	for (size_t i = 0; i < compiler->manifest->table_count; i++) {
		const struct kp_manifest_table *table = &compiler->manifest->tables[i];
		if (kp_slice_equal(table->name, name)) {
			if (table->fetch != NULL) {
				report(compiler,
					"table '%.*s' is fetched: it translates answers, "
					"no questions",
					KP_SLICE_ARG(name));
			}
			return table;
		}
	}
	report(compiler, "'tables' has no table '%.*s'", KP_SLICE_ARG(name));
	return NULL;
}

static void
report_unknown(struct compiler *compiler, struct kp_slice inside)
{
	int shown = inside.len > 40 ? 40 : (int)inside.len;
	struct kp_nearest nearest;
	kp_nearest_begin(&nearest, inside);
	for (size_t i = 0; i < KP_ARRAY_LEN(names); i++) {
		kp_nearest_offer(&nearest, kp_slice_from(names[i].text));
	}
	if (nearest.best.data != NULL) {
		report(compiler, "'{%.*s}' is not known; nearest is {%.*s}", shown,
			inside.data, KP_SLICE_ARG(nearest.best));
	} else {
		report(compiler,
			"'{%.*s}' is not known; connectors/README.md has the names",
			shown, inside.data);
	}
}

static void
add_named(struct compiler *compiler, struct kp_slice inside)
{
	const struct kp_manifest_table *table = NULL;
	const char *bar = inside.len == 0 ? NULL : memchr(inside.data, '|', inside.len);
	if (bar != NULL) {
		struct kp_slice table_name = {
			bar + 1, inside.len - (size_t)(bar + 1 - inside.data)};
		table = find_table(compiler, table_name);
		inside.len = (size_t)(bar - inside.data);
	}
	enum kp_template_name name = KP_TEMPLATE_LITERAL;
	struct kp_slice text = {0};
	if (kp_slice_starts(inside, KP_SLICE("bekend:")) && inside.len > 7) {
		name = KP_TEMPLATE_KNOWN;
		text = (struct kp_slice){inside.data + 7, inside.len - 7};
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(names); i++) {
		if (kp_slice_is(inside, names[i].text)) {
			name = names[i].name;
		}
	}
	if (name == KP_TEMPLATE_LITERAL) {
		report_unknown(compiler, inside);
		return;
	}
	struct kp_template_part *part = add_part(compiler, name, text);
	if (part != NULL) {
		part->table = table;
		if (table != NULL && name == KP_TEMPLATE_EMBEDDED) {
			report(compiler, "{ingesloten} takes no table");
		}
	}
}

/* Reads from a brace on; gives the first byte after the name. */
static const char *
read_brace(struct compiler *compiler, const char *at, const char *end)
{
	if (at + 1 < end && at[1] == '{') {
		add_literal(compiler, at, at + 1);
		return at + 2;
	}
	const char *close = memchr(at, '}', (size_t)(end - at));
	if (close == NULL) {
		report(compiler, "has a '{' without '}'; write '{{' for a brace");
		return end;
	}
	add_named(compiler, (struct kp_slice){at + 1, (size_t)(close - at - 1)});
	return close + 1;
}

static void
compile_text(struct compiler *compiler, const char *at, const char *end)
{
	const char *literal = at;
	while (at < end) {
		if (*at != '{') {
			at++;
			continue;
		}
		add_literal(compiler, literal, at);
		at = read_brace(compiler, at, end);
		literal = at;
	}
	add_literal(compiler, literal, at);
}

/* The closing quote of the string that opens at `at`. */
static const char *
string_end(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++) {
		if (*at == '\\' && at + 1 < end) {
			at++;
		}
	}
	return at;
}

static void
compile_json(struct compiler *compiler, const char *at, const char *end)
{
	const char *literal = at;
	while (at < end) {
		if (*at != '"') {
			at++;
			continue;
		}
		const char *close = string_end(at, end);
		struct kp_slice inside = {at + 1, (size_t)(close - at - 1)};
		if (kp_slice_is(inside, "{velden}")) {
			add_literal(compiler, literal, at);
			struct kp_template_part *part = add_part(
				compiler, KP_TEMPLATE_FIELDS, (struct kp_slice){0});
			if (part != NULL) {
				part->array = true;
			}
			literal = close < end ? close + 1 : end;
		} else if (inside.len > 0 &&
			memchr(inside.data, '{', inside.len) != NULL) {
			add_literal(compiler, literal, at + 1);
			compile_text(compiler, at + 1, close);
			literal = close;
		}
		at = close < end ? close + 1 : end;
	}
	add_literal(compiler, literal, end);
}

/* In canonical XML a quote opens or ends an attribute's value only inside a tag, and '<'
 * stands nowhere but at the start of one. */
static void
mark_attributes(struct kp_template_part *parts, size_t count)
{
	bool tag = false;
	bool value = false;
	for (size_t i = 0; i < count; i++) {
		if (parts[i].name != KP_TEMPLATE_LITERAL) {
			parts[i].attribute = tag;
			continue;
		}
		for (size_t at = 0; at < parts[i].text.len; at++) {
			char byte = parts[i].text.data[at];
			value = tag && byte == '"' ? !value : value;
			tag = byte == '<' || (tag && (value || byte != '>'));
		}
	}
}

static void
mark_path(struct kp_template_part *parts, size_t count)
{
	bool query = false;
	for (size_t i = 0; i < count; i++) {
		struct kp_slice text = parts[i].text;
		query = query ||
			(parts[i].name == KP_TEMPLATE_LITERAL &&
				memchr(text.data, '?', text.len) != NULL);
		parts[i].path = !query;
	}
}

/* {bekend:partner.burgerservicenummer} and the like. */
static bool
uses_known_number(const struct kp_template *compiled)
{
	static const struct kp_slice last = {"burgerservicenummer", 19};
	for (size_t i = 0; i < compiled->part_count; i++) {
		const struct kp_template_part *part = &compiled->parts[i];
		if (part->name == KP_TEMPLATE_KNOWN && part->text.len >= last.len &&
			memcmp(part->text.data + part->text.len - last.len, last.data,
				last.len) == 0) {
			return true;
		}
	}
	return false;
}

enum kp_status
kp_template_compile(struct kp_arena *arena, struct kp_slice text,
	enum kp_template_place place, const struct kp_manifest *manifest,
	const struct kp_template_faults *faults, struct kp_template *ret)
{
	struct kp_template_part *parts =
		KP_ARENA_ARRAY(arena, struct kp_template_part, PARTS_MAX);
	if (parts == NULL) {
		return KP_E_MEMORY;
	}
	struct compiler compiler = {
		.arena = arena, .manifest = manifest, .faults = faults, .parts = parts};
	if (text.len > 0) {
		if (place == KP_TEMPLATE_JSON) {
			compile_json(&compiler, text.data, text.data + text.len);
		} else {
			compile_text(&compiler, text.data, text.data + text.len);
		}
	}
	if (place == KP_TEMPLATE_XML) {
		mark_attributes(parts, compiler.count);
	} else if (place == KP_TEMPLATE_TARGET) {
		mark_path(parts, compiler.count);
	}
	for (size_t i = 0; i < compiler.count; i++) {
		if (parts[i].name == KP_TEMPLATE_MESSAGE && place != KP_TEMPLATE_XML) {
			report(&compiler, "{bericht} is for messages in XML");
		}
	}
	ret->place = place;
	ret->parts = parts;
	ret->part_count = compiler.count;
	bool agreed = manifest->request.bsn_in_url;
	bool number = kp_template_uses(ret, KP_TEMPLATE_BSN) && !agreed;
	bool url = place == KP_TEMPLATE_TARGET || place == KP_TEMPLATE_QUERY;
	if (url && (number || uses_known_number(ret))) {
		report(&compiler,
			"{bsn} may not be in a URL: addresses end up in logs; ask with "
			"POST "
			"and put it in the body");
	}
	return KP_OK;
}

bool
kp_template_uses(const struct kp_template *compiled, enum kp_template_name name)
{
	for (size_t i = 0; i < compiled->part_count; i++) {
		if (compiled->parts[i].name == name) {
			return true;
		}
	}
	return false;
}
