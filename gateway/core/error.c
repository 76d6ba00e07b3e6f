/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* error: see error.h. */
#include "core/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct kp_status_info infos[KP_STATUS_COUNT] = {
#define KP_ERROR(code, class_, http_, type_, safe_, title_)                              \
	[code] = {.name = #code,                                                         \
		.class = KP_CLASS_##class_,                                              \
		.http = http_,                                                           \
		.problem_type = type_,                                                   \
		.safe = safe_,                                                           \
		.title = title_},
#include "core/error.def"
#undef KP_ERROR
};

void
kp_require_failed(const char *fact, const char *file, int line)
{
	fprintf(stderr, "ketenpoort: required fact failed: %s (%s:%d)\n", fact, file,
		line);
	abort();
}

const struct kp_status_info *
kp_status_info(enum kp_status status)
{
	KP_REQUIRE((unsigned)status < KP_STATUS_COUNT);
	return &infos[status];
}

enum kp_status
kp_error_set(struct kp_error *err, enum kp_status status, const char *format, ...)
{
	if (err == NULL) {
		return status;
	}
	memset(err, 0, sizeof(*err));
	err->status = status;
	va_list args;
	va_start(args, format);
	(void)vsnprintf(err->message, sizeof(err->message), format, args);
	va_end(args);
	return status;
}

enum kp_status
kp_error_wrap(struct kp_error *err, const char *format, ...)
{
	KP_REQUIRE(err != NULL);
	char inner[sizeof(err->message)];
	memcpy(inner, err->message, sizeof(inner));
	va_list args;
	va_start(args, format);
	int written = vsnprintf(err->message, sizeof(err->message), format, args);
	va_end(args);
	if (written < 0) {
		written = 0;
	}
	size_t at = (size_t)written;
	if (at < sizeof(err->message)) {
		(void)snprintf(
			err->message + at, sizeof(err->message) - at, ": %s", inner);
	}
	return err->status;
}

static void
copy_text(char *out, size_t out_size, const char *text)
{
	if (text != NULL) {
		(void)snprintf(out, out_size, "%s", text);
	}
}

void
kp_error_at(struct kp_error *err, const char *file, unsigned line, unsigned column,
	const char *place)
{
	if (err == NULL) {
		return;
	}
	copy_text(err->file, sizeof(err->file), file);
	copy_text(err->place, sizeof(err->place), place);
	err->line = line;
	err->column = column;
}

static int
write_position(const struct kp_error *err, char *out, size_t out_size)
{
	const char *file = err->file[0] != '\0' ? err->file : "line";
	if (err->line == 0) {
		return err->file[0] == '\0' ? 0
					    : snprintf(out, out_size, "%s: ", err->file);
	}
	if (err->column == 0) {
		return snprintf(out, out_size, "%s:%u: ", file, err->line);
	}
	return snprintf(out, out_size, "%s:%u:%u: ", file, err->line, err->column);
}

const char *
kp_error_text(const struct kp_error *err, char *out, size_t out_size)
{
	KP_REQUIRE(out_size > 0);
	out[0] = '\0';
	int written = write_position(err, out, out_size);
	size_t at = written > 0 ? (size_t)written : 0;
	if (at >= out_size) {
		return out;
	}
	(void)snprintf(out + at, out_size - at, "%s%s%s", err->place,
		err->place[0] != '\0' ? ": " : "",
		err->message[0] != '\0' ? err->message
					: kp_status_info(err->status)->title);
	return out;
}

void
kp_findings_init(struct kp_findings *findings, size_t count_max)
{
	*findings = (struct kp_findings){.count_max = count_max};
}

void
kp_findings_deinit(struct kp_findings *findings)
{
	free(findings->items);
	*findings = (struct kp_findings){0};
}

static bool
grow(struct kp_findings *findings)
{
	size_t capacity = findings->capacity == 0 ? 8 : findings->capacity * 2;
	struct kp_error *items = realloc(findings->items, capacity * sizeof(*items));
	if (items == NULL) {
		return false;
	}
	findings->items = items;
	findings->capacity = capacity;
	return true;
}

static bool
is_known(const struct kp_findings *findings, const struct kp_error *err)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct kp_error *other = &findings->items[i];
		if (other->line == err->line && other->column == err->column &&
			strcmp(other->message, err->message) == 0 &&
			strcmp(other->place, err->place) == 0 &&
			strcmp(other->file, err->file) == 0) {
			return true;
		}
	}
	return false;
}

void
kp_findings_add(struct kp_findings *findings, const struct kp_error *err)
{
	if (is_known(findings, err)) {
		return;
	}
	bool full = findings->count >= findings->count_max;
	if (full || (findings->count == findings->capacity && !grow(findings))) {
		findings->dropped++;
		return;
	}
	findings->items[findings->count++] = *err;
}
