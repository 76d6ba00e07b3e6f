/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* log_line: fields as text in a bounded line; the part of log that must never let bytes
 * from outside break out of their value. Used by log.c and its tests. No allocation. */
#ifndef KP_CORE_LOG_LINE_H
#define KP_CORE_LOG_LINE_H

#include "core/log.h"

/* Lifetime: the caller's. Bytes past `size` are not written and set `cut`. */
struct kp_log_line {
	char *text;
	size_t size;
	size_t len;
	bool cut;
	enum kp_log_format format;
};

/* Adds `,"name":value` or ` name=value`, whole or not at all. */
void kp_log_line_field(struct kp_log_line *line, struct kp_log_field field);
/* The same for a text of ours under a name of ours. */
void kp_log_line_own(struct kp_log_line *line, const char *name, const char *text);
/* Bytes as they are, whole or not at all. */
void kp_log_line_raw(struct kp_log_line *line, const char *bytes, size_t len);
/* A UTC time as RFC 3339 with milliseconds; 24 characters and a NUL. Outside the years
 * 1900 to 9999: in 1970. */
void kp_log_time(int64_t wall_ms, char ret_text[32]);

#endif
