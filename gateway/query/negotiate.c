/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* negotiate: see negotiate.h. */
#include "query/negotiate.h"

#include "core/attr.h"
#include "core/encode.h"

#define WEIGHT_MAX 1000u

/* How closely a media range names a form; a closer one overrules a wider one. */
enum closeness {
	NO_MATCH,
	ANYTHING,    /* any type */
	ANY_SUBTYPE, /* any application, any text */
	EXACT,
};

static char
lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

static bool
equal_ignoring_case(struct kp_slice a, struct kp_slice b)
{
	if (a.len != b.len) {
		return false;
	}
	for (size_t i = 0; i < a.len; i++) {
		if (lower(a.data[i]) != lower(b.data[i])) {
			return false;
		}
	}
	return true;
}

/* Takes what stands before the next `separator` off, outside quotes; false at the end. */
static bool
next_part(struct kp_slice *rest, char separator, struct kp_slice *ret_part)
{
	if (rest->data == NULL) {
		return false;
	}
	bool quoted = false;
	size_t at = 0;
	for (; at < rest->len; at++) {
		char byte = rest->data[at];
		if (quoted && byte == '\\' && at + 1 < rest->len) {
			at++;
		} else if (byte == '"') {
			quoted = !quoted;
		} else if (byte == separator && !quoted) {
			break;
		}
	}
	*ret_part = kp_slice_trim((struct kp_slice){rest->data, at});
	*rest = at == rest->len
		? (struct kp_slice){NULL, 0}
		: (struct kp_slice){rest->data + at + 1, rest->len - at - 1};
	return true;
}

/* name = value, quotes taken off. */
static void
split_parameter(
	struct kp_slice part, struct kp_slice *ret_name, struct kp_slice *ret_value)
{
	*ret_name = kp_slice_trim(kp_slice_cut(&part, '='));
	*ret_value = kp_slice_trim(part);
	if (ret_value->len >= 2 && ret_value->data[0] == '"' &&
		ret_value->data[ret_value->len - 1] == '"') {
		*ret_value = (struct kp_slice){ret_value->data + 1, ret_value->len - 2};
	}
}

/* qvalue of RFC 9110, section 12.4.2, in thousandths; anything else is 0: not wanted. */
static unsigned
parse_weight(struct kp_slice text)
{
	if (text.len == 0 || text.len > 5 ||
		(text.data[0] != '0' && text.data[0] != '1') ||
		(text.len > 1 && text.data[1] != '.')) {
		return 0;
	}
	unsigned weight = text.data[0] == '1' ? WEIGHT_MAX : 0;
	unsigned unit = WEIGHT_MAX / 10;
	for (size_t i = 2; i < text.len; i++, unit /= 10) {
		if (text.data[i] < '0' || text.data[i] > '9') {
			return 0;
		}
		weight += (unsigned)(text.data[i] - '0') * unit;
	}
	return weight > WEIGHT_MAX ? WEIGHT_MAX : weight;
}

struct kp_slice
kp_answer_content_type(enum kp_answer_form form)
{
	static const struct kp_slice types[KP_ANSWER_FORM_COUNT] = {
		[KP_ANSWER_JSON] = KP_SLICE_INIT("application/json"),
		[KP_ANSWER_NDJSON] = KP_SLICE_INIT("application/x-ndjson"),
		[KP_ANSWER_SSE] = KP_SLICE_INIT("text/event-stream"),
	};
	return types[form];
}

static enum closeness
compare_range(struct kp_slice range, enum kp_answer_form form)
{
	struct kp_slice type = kp_answer_content_type(form);
	if (equal_ignoring_case(range, type)) {
		return EXACT;
	}
	if (kp_slice_is(range, "*/*")) {
		return ANYTHING;
	}
	const char *slash = memchr(type.data, '/', type.len);
	size_t len = (size_t)(slash - type.data) + 1;
	bool group = range.len == len + 1 && range.data[len] == '*' &&
		equal_ignoring_case((struct kp_slice){range.data, len},
			(struct kp_slice){type.data, len});
	return group ? ANY_SUBTYPE : NO_MATCH;
}

/* A weight is kept with its closeness above it, so that the closer one is the larger. */
#define CLOSENESS_UNIT 10000u

static void
take_range(struct kp_slice element, unsigned weights[KP_ANSWER_FORM_COUNT])
{
	struct kp_slice range;
	struct kp_slice part;
	unsigned weight = WEIGHT_MAX;
	if (!next_part(&element, ';', &range)) {
		return;
	}
	while (next_part(&element, ';', &part)) {
		struct kp_slice name;
		struct kp_slice value;
		split_parameter(part, &name, &value);
		if (equal_ignoring_case(name, KP_SLICE("q"))) {
			weight = parse_weight(value);
		}
	}
	for (unsigned i = 0; i < KP_ANSWER_FORM_COUNT; i++) {
		enum closeness closeness = compare_range(range, (enum kp_answer_form)i);
		unsigned mark = (unsigned)closeness * CLOSENESS_UNIT + weight;
		if (closeness != NO_MATCH && mark > weights[i]) {
			weights[i] = mark;
		}
	}
}

void
kp_negotiate_accept(struct kp_slice accept, unsigned weights[KP_ANSWER_FORM_COUNT])
{
	struct kp_slice element;
	while (next_part(&accept, ',', &element)) {
		take_range(element, weights);
	}
}

bool
kp_negotiate_choose(
	const unsigned weights[KP_ANSWER_FORM_COUNT], enum kp_answer_form *ret_form)
{
	unsigned best = 0;
	for (unsigned i = 0; i < KP_ANSWER_FORM_COUNT; i++) {
		unsigned weight = weights[i] % CLOSENESS_UNIT;
		if (weight > best) {
			best = weight;
			*ret_form = (enum kp_answer_form)i;
		}
	}
	return best > 0;
}

bool
kp_content_type_is_json(struct kp_slice content_type)
{
	struct kp_slice type;
	struct kp_slice part;
	if (!next_part(&content_type, ';', &type) ||
		!equal_ignoring_case(type, KP_SLICE("application/json"))) {
		return false;
	}
	while (next_part(&content_type, ';', &part)) {
		struct kp_slice name;
		struct kp_slice value;
		split_parameter(part, &name, &value);
		if (equal_ignoring_case(name, KP_SLICE("charset")) &&
			!equal_ignoring_case(value, KP_SLICE("utf-8"))) {
			return false;
		}
	}
	return true;
}

bool
kp_prefers_dry_run(struct kp_slice prefer)
{
	struct kp_slice element;
	while (next_part(&prefer, ',', &element)) {
		struct kp_slice preference;
		struct kp_slice name;
		struct kp_slice value;
		if (!next_part(&element, ';', &preference)) {
			continue;
		}
		split_parameter(preference, &name, &value);
		if (equal_ignoring_case(name, KP_SLICE("handling")) &&
			equal_ignoring_case(value, KP_SLICE("dry-run"))) {
			return true;
		}
	}
	return false;
}

/* Lower-case hexadecimal, not only zeroes. */
static bool
id_holds(const char *text, size_t len)
{
	bool any = false;
	for (size_t i = 0; i < len; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';
		if (!digit && (text[i] < 'a' || text[i] > 'f')) {
			return false;
		}
		any = any || text[i] != '0';
	}
	return any;
}

bool
kp_trace_parse(struct kp_slice traceparent, struct kp_trace *ret_trace)
{
	/* version "-" trace-id "-" parent-id "-" flags */
	const size_t len = 2 + 1 + KP_TRACE_ID_LEN + 1 + KP_SPAN_ID_LEN + 1 + 2;
	const char *text = traceparent.data;
	if (traceparent.len < len) {
		return false;
	}
	const char *trace_id = text + 3;
	const char *parent_id = trace_id + KP_TRACE_ID_LEN + 1;
	const char *flags = parent_id + KP_SPAN_ID_LEN + 1;
	bool version_00 = text[0] == '0' && text[1] == '0';
	if ((!version_00 && !id_holds(text, 2)) || (text[0] == 'f' && text[1] == 'f') ||
		text[2] != '-' || trace_id[KP_TRACE_ID_LEN] != '-' ||
		parent_id[KP_SPAN_ID_LEN] != '-') {
		return false;
	}
	bool flags_zero = flags[0] == '0' && flags[1] == '0';
	if (!id_holds(trace_id, KP_TRACE_ID_LEN) ||
		!id_holds(parent_id, KP_SPAN_ID_LEN) ||
		(!flags_zero && !id_holds(flags, 2))) {
		return false;
	}
	if (traceparent.len > len && (version_00 || text[len] != '-')) {
		return false;
	}
	memcpy(ret_trace->trace_id, trace_id, KP_TRACE_ID_LEN);
	memcpy(ret_trace->parent_id, parent_id, KP_SPAN_ID_LEN);
	ret_trace->sampled = (kp_hex_digit(flags[1]) & 1) != 0;
	return true;
}
