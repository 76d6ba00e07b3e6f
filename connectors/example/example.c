/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * example: a connector in C for a partner that speaks a format of its own. It needs
 * nothing but connector.h: no library of the gateway, no JSON, no allocation.
 *
 * The partner is asked with POST and the number in the body, and answers in lines:
 *
 *     subject 999993653
 *     persoon.naam José de Vries
 *     uitkeringen - wet PW
 *     uitkeringen . bedrag 1.10
 *
 * "-" begins a new item of a list, "." goes on with it. The last line is "end"; without
 * it the answer was cut off.
 */
#include <ketenpoort/connector.h>

#include <string.h>

enum { LINE_MAX = 256, FIELDS_MAX = 16 };

/* What the connector knows of one source: which field of the catalogue is which cell. */
struct instance {
	uint32_t cells[FIELDS_MAX];
	uint32_t list;
};

struct call {
	char line[LINE_MAX];
	size_t len;
	uint32_t item;
	bool in_item;
	bool found;
	bool ended;
};

static const char *const names[] = {"persoon.naam", "persoon.geboren", "persoon.geslacht",
	"persoon.geheim", "uitkeringen.wet", "uitkeringen.bedrag", "uitkeringen.begin"};
enum { NAME_COUNT = sizeof(names) / sizeof(names[0]), FIRST_IN_LIST = 4 };

static struct kp_text
text(const char *bytes)
{
	return (struct kp_text){bytes, strlen(bytes)};
}

static int
fail(struct kp_fault *fault, const char *message)
{
	strncpy(fault->message, message, sizeof(fault->message) - 1);
	return KP_FAIL;
}

static int
open_example(const struct kp_host *host, struct kp_text manifest, void **ret_instance,
	struct kp_fault *fault)
{
	(void)manifest; /* a connector with options of its own reads them here */
	struct instance *instance = host->alloc(host->context, sizeof(*instance));
	if (instance == NULL) {
		return fail(fault, "no memory is left");
	}
	for (size_t i = 0; i < NAME_COUNT; i++) {
		instance->cells[i] = host->find_cell(host->context, text(names[i]));
	}
	instance->list = host->find_section(host->context, text("uitkeringen"));
	*ret_instance = instance;
	return KP_DONE;
}

static void
close_example(void *instance)
{
	(void)instance; /* the host frees what came from host->alloc */
}

static void
offers_example(const void *opaque, uint64_t *cells, uint32_t cell_words)
{
	const struct instance *instance = opaque;
	for (size_t i = 0; i < NAME_COUNT; i++) {
		if (instance->cells[i] / 64 < cell_words) {
			cells[instance->cells[i] / 64] |= UINT64_C(1)
				<< (instance->cells[i] % 64);
		}
	}
}

static int
prepare_example(const void *instance, void *call, const struct kp_call_host *host,
	const struct kp_need *need, const struct kp_request_writer *out,
	struct kp_fault *fault)
{
	(void)instance;
	(void)call;
	(void)host;
	if (!out->method(out->context, text("POST")) ||
		!out->target(out->context, text("/vraag")) ||
		!out->header(out->context, text("Content-Type"), text("text/plain")) ||
		!out->body(out->context, need->bsn)) {
		return fail(fault, "the request was refused");
	}
	return KP_DONE;
}

static int
head_example(const void *instance, void *call, const struct kp_head *head,
	const struct kp_sink *sink, struct kp_fault *fault)
{
	(void)instance;
	(void)call;
	(void)sink;
	bool plain = head->content_type.len >= 10 &&
		memcmp(head->content_type.data, "text/plain", 10) == 0;
	return head->status == 200 && plain ? KP_DONE
					    : fail(fault, "not the agreed answer");
}

/* Is `line` a field's name and a blank? Its number, or NAME_COUNT. */
static size_t
find_name(const char *name, size_t len)
{
	size_t i = 0;
	while (i < NAME_COUNT &&
		(strlen(names[i]) != len || memcmp(names[i], name, len) != 0)) {
		i++;
	}
	return i;
}

/* One complete line. False: it is not what was agreed, or the host wants no more. */
static bool
take_line(const struct instance *instance, struct call *call, const struct kp_sink *sink)
{
	char name[LINE_MAX];
	char *value = memchr(call->line, ' ', call->len);
	size_t len = value == NULL ? call->len : (size_t)(value - call->line);
	if (value == NULL) {
		call->ended = len == 3 && memcmp(call->line, "end", 3) == 0;
		return call->ended;
	}
	memcpy(name, call->line, len);
	bool item = call->len > len + 3 && (value[1] == '-' || value[1] == '.') &&
		value[2] == ' ';
	if (item && value[1] == '-') {
		call->in_item = sink->item(sink->context, instance->list, &call->item);
		if (!call->in_item) {
			return false;
		}
	}
	if (item) {
		const char *field = value + 3;
		size_t rest = call->len - len - 3;
		value = memchr(field, ' ', rest);
		if (value == NULL) {
			return false;
		}
		name[len++] = '.';
		memcpy(name + len, field, (size_t)(value - field));
		len += (size_t)(value - field);
	}
	struct kp_text rest = {value + 1, call->len - (size_t)(value + 1 - call->line)};
	if (len == 7 && memcmp(name, "subject", 7) == 0) {
		call->found = true;
		return sink->subject(sink->context, rest);
	}
	size_t at = find_name(name, len);
	struct kp_value out = {.size = sizeof(out), .item = call->item, .bytes = rest};
	if (at == NAME_COUNT) {
		return sink->unmapped == NULL ||
			sink->unmapped(sink->context, (struct kp_text){name, len});
	}
	if (instance->cells[at] == UINT32_MAX) {
		return true; /* the catalogue does not let this source supply it */
	}
	out.cell = instance->cells[at];
	bool agreed =
		call->found && item == (at >= FIRST_IN_LIST) && (!item || call->in_item);
	return agreed && sink->value(sink->context, &out);
}

static int
consume_example(const void *opaque, void *memory, struct kp_text bytes,
	const struct kp_sink *sink, struct kp_fault *fault)
{
	struct call *call = memory;
	for (size_t i = 0; i < bytes.len; i++) {
		if (call->ended || call->len == LINE_MAX || bytes.data[i] == '\0') {
			return fail(fault, "not the agreed answer");
		}
		if (bytes.data[i] != '\n') {
			call->line[call->len++] = bytes.data[i];
			continue;
		}
		if (!take_line(opaque, call, sink)) {
			return fail(fault, "a line is not as agreed");
		}
		call->len = 0;
	}
	return KP_DONE;
}

static int
finish_example(const void *instance, void *memory, const struct kp_sink *sink,
	enum kp_outcome *ret_outcome, struct kp_fault *fault)
{
	const struct call *call = memory;
	(void)instance;
	(void)sink;
	*ret_outcome = call->found ? KP_FOUND : KP_NOTHING_FOUND;
	return call->ended ? KP_DONE : fail(fault, "the answer was cut off");
}

static void
end_example(const void *instance, void *call)
{
	(void)instance;
	(void)call;
}

extern KP_CONNECTOR_DEFINE;
KP_CONNECTOR_DEFINE = {
	.abi_major = KP_CONNECTOR_ABI_MAJOR,
	.abi_minor = KP_CONNECTOR_ABI_MINOR,
	.size = sizeof(struct kp_connector),
	.name = "example",
	.summary = "lines of text, to show how a connector is written",
	.transport = KP_TRANSPORT_HTTP,
	.call_size = sizeof(struct call),
	.open = open_example,
	.close = close_example,
	.offers = offers_example,
	.prepare = prepare_example,
	.head = head_example,
	.consume = consume_example,
	.finish = finish_example,
	.end = end_example,
};
