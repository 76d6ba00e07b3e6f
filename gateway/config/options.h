/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* options: options.def as a table, and what is written from it: the configuration file
 * of `ketenpoort init` and the option list of the manual. Any thread. */
#ifndef KP_CONFIG_OPTIONS_H
#define KP_CONFIG_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "core/buffer.h"

enum kp_option_kind {
	KP_OPTION_NUMBER,
	KP_OPTION_FLAG,
	KP_OPTION_SENTENCE, /* on when the whole sentence stands there */
	KP_OPTION_CHOICE,
	KP_OPTION_TEXT,
	KP_OPTION_PATH,
};

enum kp_option_unit {
	KP_UNIT_NONE,
	KP_UNIT_COUNT,
	KP_UNIT_BYTES,
	KP_UNIT_MS,
};

/* One row of options.def. */
struct kp_option {
	const char *section;
	const char *name;
	enum kp_option_kind kind;
	enum kp_option_unit unit;
	uint64_t min;
	uint64_t max;        /* of a text: bytes */
	uint64_t value;      /* default of a number, flag or choice */
	const char *text;    /* default of a text or path; what a sentence must be */
	const char *choices; /* "a|b|c" */
	const char *help;
	size_t offset; /* in struct kp_config */
};

struct kp_option_section {
	const char *name;
	const char *help;
};

#define KP_OPTION_CHOICES_MAX 8

/* The rows of options.def and its sections, in order; an index is below the count. What
 * they give is constant. Any thread. */
size_t kp_option_count(void);
const struct kp_option *kp_option_get(size_t index);
size_t kp_option_section_count(void);
const struct kp_option_section *kp_option_section_get(size_t index);

/* Splits "a|b|c" in place of `copy`; returns how many there are. */
size_t kp_option_choices(const struct kp_option *option, char *copy, size_t copy_size,
	const char *ret_words[KP_OPTION_CHOICES_MAX]);

/* A whole gateway.json with every option at its default and what it means beside it. */
void kp_options_write_file(struct kp_buffer *out);
/* The options as a list in troff's man macros. */
void kp_options_write_manual(struct kp_buffer *out);
/* The options as a Markdown table. */
void kp_options_write_markdown(struct kp_buffer *out);

#endif
