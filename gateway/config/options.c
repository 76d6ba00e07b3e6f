/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* options: see options.h. */
#include "config/options.h"

#include <inttypes.h>
#include <stdio.h>

#include "config/config.h"
#include "core/json_write.h"

static const struct kp_option_section sections[] = {
#define KP_SECTION(name_, help_) {.name = #name_, .help = help_},
#define KP_NUMBER(section, name, unit, min, max, value, help)
#define KP_FLAG(section, name, value, help)
#define KP_SENTENCE(section, name, sentence, help)
#define KP_CHOICE(section, name, choices, value, help)
#define KP_TEXT(section, name, bytes_max, value, help)
#define KP_PATH(section, name, value, help)
#include "config/options.def"
};

#define ROW(section_, name_, kind_)                                                      \
	.section = #section_, .name = #name_, .kind = KP_OPTION_##kind_,                 \
	.offset = offsetof(struct kp_config, section_##_##name_)

static const struct kp_option options[] = {
#define KP_SECTION(name, help)
#define KP_NUMBER(section_, name_, unit_, min_, max_, value_, help_)                     \
	{ROW(section_, name_, NUMBER), .unit = KP_UNIT_##unit_, .min = min_,             \
		.max = max_, .value = value_, .help = help_},
#define KP_FLAG(section_, name_, value_, help_)                                          \
	{ROW(section_, name_, FLAG), .value = value_, .help = help_},
#define KP_SENTENCE(section_, name_, sentence_, help_)                                   \
	{ROW(section_, name_, SENTENCE), .text = sentence_, .help = help_},
#define KP_CHOICE(section_, name_, choices_, value_, help_)                              \
	{ROW(section_, name_, CHOICE), .choices = choices_, .value = value_,             \
		.help = help_},
#define KP_TEXT(section_, name_, bytes_max_, value_, help_)                              \
	{ROW(section_, name_, TEXT), .max = bytes_max_, .text = value_, .help = help_},
#define KP_PATH(section_, name_, value_, help_)                                          \
	{ROW(section_, name_, PATH), .max = 4095, .text = value_, .help = help_},
#include "config/options.def"
};

size_t
kp_option_count(void)
{
	return KP_ARRAY_LEN(options);
}

const struct kp_option *
kp_option_get(size_t index)
{
	KP_REQUIRE(index < KP_ARRAY_LEN(options));
	return &options[index];
}

size_t
kp_option_section_count(void)
{
	return KP_ARRAY_LEN(sections);
}

const struct kp_option_section *
kp_option_section_get(size_t index)
{
	KP_REQUIRE(index < KP_ARRAY_LEN(sections));
	return &sections[index];
}

size_t
kp_option_choices(const struct kp_option *option, char *copy, size_t copy_size,
	const char *ret_words[KP_OPTION_CHOICES_MAX])
{
	(void)snprintf(copy, copy_size, "%s", option->choices);
	size_t count = 0;
	char *at = copy;
	while (at != NULL && count < KP_OPTION_CHOICES_MAX) {
		ret_words[count++] = at;
		at = strchr(at, '|');
		if (at != NULL) {
			*at++ = '\0';
		}
	}
	return count;
}

static const char *
unit_words(enum kp_option_unit unit)
{
	switch (unit) {
	case KP_UNIT_BYTES:
		return " bytes";
	case KP_UNIT_MS:
		return " milliseconds";
	case KP_UNIT_NONE:
	case KP_UNIT_COUNT:
		return "";
	}
	KP_UNREACHABLE();
}

/* The default as it stands in JSON. */
static void
write_default(struct kp_buffer *out, const struct kp_option *option)
{
	struct kp_json_writer json;
	char copy[128];
	const char *words[KP_OPTION_CHOICES_MAX];
	kp_json_writer_init(&json, out);
	switch (option->kind) {
	case KP_OPTION_NUMBER:
		kp_json_write_uint(&json, option->value);
		break;
	case KP_OPTION_FLAG:
		kp_json_write_bool(&json, option->value != 0);
		break;
	case KP_OPTION_SENTENCE:
		KP_BUFFER_ADD(out, "\"\"");
		break;
	case KP_OPTION_CHOICE:
		(void)kp_option_choices(option, copy, sizeof(copy), words);
		kp_json_write_string(&json, kp_slice_from(words[option->value]));
		break;
	case KP_OPTION_TEXT:
	case KP_OPTION_PATH:
		kp_json_write_string(&json, kp_slice_from(option->text));
		break;
	}
}

/* "0 to 256", "1 to 3600000 milliseconds", "error, warn, info or debug". */
static void
write_allowed(struct kp_buffer *out, const struct kp_option *option)
{
	char copy[128];
	const char *words[KP_OPTION_CHOICES_MAX];
	switch (option->kind) {
	case KP_OPTION_NUMBER:
		kp_buffer_printf(out, "%" PRIu64 " to %" PRIu64 "%s", option->min,
			option->max, unit_words(option->unit));
		break;
	case KP_OPTION_FLAG:
		KP_BUFFER_ADD(out, "true or false");
		break;
	case KP_OPTION_SENTENCE:
		kp_buffer_printf(out, "nothing, or the sentence '%s'", option->text);
		break;
	case KP_OPTION_CHOICE: {
		size_t count = kp_option_choices(option, copy, sizeof(copy), words);
		for (size_t i = 0; i < count; i++) {
			const char *between = i + 1 == count ? " or " : ", ";
			kp_buffer_printf(out, "%s%s", i == 0 ? "" : between, words[i]);
		}
		break;
	}
	case KP_OPTION_TEXT:
		kp_buffer_printf(out, "text of at most %" PRIu64 " bytes", option->max);
		break;
	case KP_OPTION_PATH:
		KP_BUFFER_ADD(out, "a path");
		break;
	}
}

/* A JSON string of a help text: what it is, then what is allowed. */
static void
write_comment(struct kp_buffer *out, const struct kp_option *option, bool last)
{
	kp_buffer_printf(out, "      \"%s: %s (", option->name, option->help);
	write_allowed(out, option);
	kp_buffer_printf(out, ")\"%s\n", last ? "" : ",");
}

static bool
in_section(size_t index, const char *section)
{
	return index < KP_ARRAY_LEN(options) &&
		strcmp(options[index].section, section) == 0;
}

static void
write_section(struct kp_buffer *out, const struct kp_option_section *section, bool last)
{
	size_t first = 0;
	while (!in_section(first, section->name)) {
		first++;
	}
	kp_buffer_printf(out, "  \"%s\": {\n    \"//\": [\n      \"%s\",\n",
		section->name, section->help);
	for (size_t i = first; in_section(i, section->name); i++) {
		write_comment(out, &options[i], !in_section(i + 1, section->name));
	}
	KP_BUFFER_ADD(out, "    ],\n");
	for (size_t i = first; in_section(i, section->name); i++) {
		kp_buffer_printf(out, "    \"%s\": ", options[i].name);
		write_default(out, &options[i]);
		kp_buffer_printf(
			out, "%s\n", in_section(i + 1, section->name) ? "," : "");
	}
	kp_buffer_printf(out, "  }%s\n", last ? "" : ",");
}

void
kp_options_write_file(struct kp_buffer *out)
{
	KP_BUFFER_ADD(out,
		"{\n"
		"  \"//\": [\n"
		"    \"The configuration of the gateway. A member named // is a comment, "
		"anywhere.\",\n"
		"    \"Every option stands here with its default: what you delete keeps "
		"it. "
		"Paths start at this file's folder.\",\n"
		"    \"Check an edit with: ketenpoort check gateway.json. The options "
		"are "
		"explained in ketenpoort.json(5),\",\n"
		"    \"and so are the issuers of access tokens (issuers), who say who "
		"asks.\"\n"
		"  ],\n"
		"  \"listeners\": [\n"
		"    { \"//\": \"numeric address and port, and tls for one that is not "
		"on "
		"loopback; several may be given\", "
		"\"host\": \"127.0.0.1\", \"port\": 8080 }\n"
		"  ],\n"
		"  \"secrets\": {\n"
		"    \"//\": [\n"
		"      \"What manifests call by name: { file } holds it (mode 0600), or "
		"{ credential } of systemd does.\",\n"
		"      \"The three below belong to the sample manifests.\"\n"
		"    ],\n"
		"    \"brp-sleutel\": { \"file\": \"secrets/brp-sleutel\" },\n"
		"    \"uwv-token\": { \"file\": \"secrets/uwv-token\" },\n"
		"    \"svb-token\": { \"file\": \"secrets/svb-token\" }\n"
		"  },\n"
		"  \"plugins\": [],\n"
		"  \"issuers\": [],\n"
		"  \"quotas\": {\n"
		"    \"//\": \"options of quota for one organisation, by its OIN: "
		"\\\"00000001830000001000\\\": { \\\"employee_per_minute\\\": 600 "
		"}\"\n"
		"  },\n");
	for (size_t i = 0; i < KP_ARRAY_LEN(sections); i++) {
		write_section(out, &sections[i], i + 1 == KP_ARRAY_LEN(sections));
	}
	KP_BUFFER_ADD(out, "}\n");
}

void
kp_options_write_manual(struct kp_buffer *out)
{
	const char *section = "";
	for (size_t i = 0; i < KP_ARRAY_LEN(options); i++) {
		const struct kp_option *option = &options[i];
		if (strcmp(section, option->section) != 0) {
			section = option->section;
			size_t at = 0;
			while (strcmp(sections[at].name, section) != 0) {
				at++;
			}
			kp_buffer_printf(out, ".SS %s\n%s\n", section, sections[at].help);
		}
		kp_buffer_printf(
			out, ".TP\n.B %s\n%s.\nAllowed: ", option->name, option->help);
		write_allowed(out, option);
		KP_BUFFER_ADD(out, ". Default: ");
		write_default(out, option);
		KP_BUFFER_ADD(out, ".\n");
	}
}

void
kp_options_write_markdown(struct kp_buffer *out)
{
	KP_BUFFER_ADD(
		out, "| option | allowed | default | meaning |\n|---|---|---|---|\n");
	for (size_t i = 0; i < KP_ARRAY_LEN(options); i++) {
		const struct kp_option *option = &options[i];
		kp_buffer_printf(out, "| `%s.%s` | ", option->section, option->name);
		write_allowed(out, option);
		KP_BUFFER_ADD(out, " | `");
		write_default(out, option);
		kp_buffer_printf(out, "` | %s |\n", option->help);
	}
}
