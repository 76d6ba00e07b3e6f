/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* template: see template.h. */
#include "connectors/template.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "connectors/fault.h"
#include "connectors/value.h"
#include "core/json_text.h"
#include "core/mask.h"

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
		if (kp_slice_equal(compiler->manifest->tables[i].name, name)) {
			return &compiler->manifest->tables[i];
		}
	}
	report(compiler, "'tables' has no table '%.*s'", KP_SLICE_ARG(name));
	return NULL;
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
		report(compiler,
			"'{%.*s}' is not known; allowed are {bsn} {doel} {activiteit} "
			"{zaak} "
			"{medewerker} {organisatie} {trace} {nu} {vandaag} {maand} "
			"{jaar} "
			"{tijdstip} {bericht} {pagina} {vanaf} {vervolg} {velden} "
			"{ingesloten} "
			"{bekend:pad}",
			inside.len > 40 ? 40 : (int)inside.len, inside.data);
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
	if (place == KP_TEMPLATE_URL && (number || uses_known_number(ret))) {
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

static bool
is_unreserved(unsigned char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
		(byte >= '0' && byte <= '9') || (byte != 0 && memchr("-._~", byte, 4));
}

static void
write_url(struct kp_buffer *buffer, struct kp_slice text)
{
	static const char hex[] = "0123456789ABCDEF";
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		if (is_unreserved(byte)) {
			kp_buffer_add_char(buffer, (char)byte);
		} else {
			char code[3] = {'%', hex[byte >> 4], hex[byte & 15]};
			kp_buffer_add(buffer, code, sizeof(code));
		}
	}
}

static void
write_json(struct kp_buffer *buffer, struct kp_slice text)
{
	const char *at = text.len == 0 ? "" : text.data;
	const char *end = at + text.len;
	while (at < end) {
		const char *stop = kp_text_skip_plain(at, end);
		kp_buffer_add(buffer, at, (size_t)(stop - at));
		if (stop == end) {
			return;
		}
		unsigned char byte = (unsigned char)*stop;
		if (byte < 0x20) {
			kp_buffer_printf(buffer, "\\u%04x", byte);
		} else {
			if (byte < 0x80) {
				kp_buffer_add_char(buffer, '\\');
			}
			kp_buffer_add_char(buffer, (char)byte);
		}
		at = stop + 1;
	}
}

static bool
has_control(struct kp_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		if (byte < 0x20 || byte == 0x7f) {
			return true;
		}
	}
	return false;
}

bool
kp_template_escape_xml(struct kp_buffer *buffer, struct kp_slice text, bool attribute)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		bool space = byte == '\t' || byte == '\n' || byte == '\r';
		if (byte == '&') {
			KP_BUFFER_ADD(buffer, "&amp;");
		} else if (byte == '<') {
			KP_BUFFER_ADD(buffer, "&lt;");
		} else if (byte == '>' && !attribute) {
			KP_BUFFER_ADD(buffer, "&gt;");
		} else if (byte == '"' && attribute) {
			KP_BUFFER_ADD(buffer, "&quot;");
		} else if (byte == '\r' || (space && attribute)) {
			kp_buffer_printf(buffer, "&#x%X;", byte);
		} else if (byte < 0x20 && !space) {
			return false;
		} else {
			kp_buffer_add_char(buffer, (char)byte);
		}
	}
	return true;
}

static bool
write_escaped(enum kp_template_place place, bool attribute, struct kp_buffer *buffer,
	struct kp_slice text)
{
	switch (place) {
	case KP_TEMPLATE_XML:
		return kp_template_escape_xml(buffer, text, attribute);
	case KP_TEMPLATE_URL:
		write_url(buffer, text);
		return true;
	case KP_TEMPLATE_JSON:
		write_json(buffer, text);
		return true;
	case KP_TEMPLATE_HEADER:
		if (has_control(text)) {
			return false;
		}
		break;
	case KP_TEMPLATE_TEXT:
		break;
	}
	kp_buffer_add_slice(buffer, text);
	return true;
}

static void
write_fields(const struct kp_template *compiled, const struct kp_template_part *part,
	const struct kp_template_fields *fields, struct kp_buffer *buffer)
{
	if (part->array) {
		kp_buffer_add_char(buffer, '[');
	}
	size_t position = 0;
	bool first = true;
	struct kp_slice name;
	while (fields != NULL && fields->next != NULL &&
		fields->next(fields->context, part, &position, &name)) {
		if (!first) {
			kp_buffer_add_char(buffer, ',');
		}
		first = false;
		if (part->array) {
			kp_buffer_add_char(buffer, '"');
		}
		/* Names come from the manifest and were checked there. */
		(void)write_escaped(compiled->place, part->attribute, buffer, name);
		if (part->array) {
			kp_buffer_add_char(buffer, '"');
		}
	}
	if (part->array) {
		kp_buffer_add_char(buffer, ']');
	}
}

static struct kp_slice
from_text(struct kp_text text)
{
	return (struct kp_slice){text.data, text.len};
}

/* Digits of "2026-11-23T14:15:00Z": the first `len` of 20261123141500. */
static struct kp_slice
moment(const struct kp_need *need, size_t len, char *out)
{
	size_t at = 0;
	for (size_t i = 0; i < need->now.len && at < len; i++) {
		if (need->now.data[i] >= '0' && need->now.data[i] <= '9') {
			out[at++] = need->now.data[i];
		}
	}
	return (struct kp_slice){out, at};
}

/* The month or the year before this one. */
static struct kp_slice
before(const struct kp_need *need, bool month, char *out, size_t out_size)
{
	unsigned year = 0;
	unsigned number = 0;
	struct kp_slice now = moment(need, 6, out);
	if (now.len != 6 || !kp_value_digits((struct kp_slice){out, 4}, &year) ||
		!kp_value_digits((struct kp_slice){out + 4, 2}, &number)) {
		return (struct kp_slice){0};
	}
	if (!month) {
		(void)snprintf(out, out_size, "%04u", year - 1);
	} else if (number > 1) {
		(void)snprintf(out, out_size, "%04u%02u", year, number - 1);
	} else {
		(void)snprintf(out, out_size, "%04u12", year - 1);
	}
	return kp_slice_from(out);
}

/* Which page, and what the connector alone knows. */
static struct kp_slice
own_value(const struct kp_template_part *part, const struct kp_need *need,
	const struct kp_template_fields *fields, char *scratch, size_t scratch_size)
{
	static const struct kp_template_fields none = {0};
	fields = fields == NULL ? &none : fields;
	if (part->name == KP_TEMPLATE_MESSAGE) {
		return fields->message;
	}
	if (part->name == KP_TEMPLATE_CURSOR) {
		return fields->cursor;
	}
	uint64_t number = part->name == KP_TEMPLATE_PAGE
		? (uint64_t)need->page + (fields->pages_from_zero ? 0 : 1)
		: (uint64_t)need->page * fields->page_size;
	(void)snprintf(scratch, scratch_size, "%llu", (unsigned long long)number);
	return kp_slice_from(scratch);
}

static struct kp_slice
part_value(const struct kp_template_part *part, const struct kp_need *need,
	const struct kp_template_fields *fields, char *scratch, size_t scratch_size)
{
	switch (part->name) {
	case KP_TEMPLATE_BSN:
		return from_text(need->bsn);
	case KP_TEMPLATE_PURPOSE:
		return from_text(need->purpose);
	case KP_TEMPLATE_ACTIVITY:
		return from_text(need->activity_uri);
	case KP_TEMPLATE_CASE:
		return from_text(need->case_id);
	case KP_TEMPLATE_EMPLOYEE:
		return from_text(need->employee);
	case KP_TEMPLATE_ORGANISATION:
		return from_text(need->organisation);
	case KP_TEMPLATE_TRACE:
		return from_text(need->trace_id);
	case KP_TEMPLATE_NOW:
		return from_text(need->now);
	case KP_TEMPLATE_PAGE:
	case KP_TEMPLATE_OFFSET:
	case KP_TEMPLATE_CURSOR:
	case KP_TEMPLATE_MESSAGE:
		return own_value(part, need, fields, scratch, scratch_size);
	case KP_TEMPLATE_TODAY:
		return moment(need, 8, scratch);
	case KP_TEMPLATE_MONTH:
		return moment(need, 6, scratch);
	case KP_TEMPLATE_YEAR:
		return moment(need, 4, scratch);
	case KP_TEMPLATE_MOMENT:
		return moment(need, 14, scratch);
	case KP_TEMPLATE_LAST_MONTH:
	case KP_TEMPLATE_LAST_YEAR:
		return before(need, part->name == KP_TEMPLATE_LAST_MONTH, scratch,
			scratch_size);
	case KP_TEMPLATE_KNOWN:
		if (need->known == NULL) {
			return (struct kp_slice){0};
		}
		return from_text(need->known(
			need, (struct kp_text){part->text.data, part->text.len}));
	case KP_TEMPLATE_LITERAL:
	case KP_TEMPLATE_FIELDS:
	case KP_TEMPLATE_EMBEDDED:
		break;
	}
	return part->text;
}

/* People write a client's number where a case's or their own should be. */
static bool
hides_number(enum kp_template_place place, const struct kp_template_part *part,
	struct kp_slice text)
{
	bool free_text =
		part->name == KP_TEMPLATE_CASE || part->name == KP_TEMPLATE_EMPLOYEE;
	return place == KP_TEMPLATE_URL && free_text && kp_bsn_within(text);
}

enum kp_template_result
kp_template_write(const struct kp_template *compiled, const struct kp_need *need,
	const struct kp_template_fields *fields, struct kp_buffer *buffer,
	struct kp_fault *fault)
{
	for (size_t i = 0; i < compiled->part_count; i++) {
		const struct kp_template_part *part = &compiled->parts[i];
		if (part->name == KP_TEMPLATE_LITERAL) {
			kp_buffer_add_slice(buffer, part->text);
			continue;
		}
		if (part->name == KP_TEMPLATE_FIELDS ||
			part->name == KP_TEMPLATE_EMBEDDED) {
			write_fields(compiled, part, fields, buffer);
			continue;
		}
		char scratch[24];
		struct kp_slice value =
			part_value(part, need, fields, scratch, sizeof(scratch));
		if (part->name == KP_TEMPLATE_KNOWN && value.len == 0) {
			return KP_TEMPLATE_NOTHING;
		}
		if (part->table != NULL) {
			const struct kp_manifest_row *row =
				kp_manifest_table_find(part->table, value);
			if (row == NULL) {
				(void)kp_fault_set(fault, "tables",
					"table '%.*s' has no row for the value of this "
					"question",
					KP_SLICE_ARG(part->table->name));
				return KP_TEMPLATE_UNMAPPED;
			}
			value = row->text;
		}
		if (hides_number(compiled->place, part, value)) {
			(void)kp_fault_set(fault, "request",
				"a value holds a client number and cannot be in a URL");
			return KP_TEMPLATE_FAILED;
		}
		if (!write_escaped(compiled->place, part->attribute, buffer, value)) {
			(void)kp_fault_set(fault, "request",
				"a value holds control characters that cannot be sent");
			return KP_TEMPLATE_FAILED;
		}
	}
	if (buffer->failed) {
		(void)kp_fault_set(
			fault, "request", "the request is larger than allowed");
		return KP_TEMPLATE_FAILED;
	}
	return KP_TEMPLATE_MADE;
}
