/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_doctor_report: how the doctor speaks: a line per step as it goes, or one JSON
 * object at the end. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "commands/connector_doctor.h"
#include "commands/terminal_text.h"

#define TEXT_BYTES 4096

enum { EXIT_WELL = 0, EXIT_FOUND_FAULTS = 1, EXIT_WARNINGS_ONLY = 3 };

static const char *const words[] = {"ok", "warn", "fail"};

static void
write_json(struct kp_doctor *doctor, enum kp_doctor_level level, const char *step,
	const char *remedy, struct kp_slice text)
{
	struct kp_json_writer *writer = &doctor->writer;
	size_t whole = doctor->steps.len;
	kp_json_write_object_begin(writer);
	KP_JSON_WRITE_NAME(writer, "step");
	kp_json_write_string(writer, kp_slice_from(step));
	KP_JSON_WRITE_NAME(writer, "status");
	kp_json_write_string(writer, kp_slice_from(words[level]));
	KP_JSON_WRITE_NAME(writer, "text");
	kp_json_write_string(writer, text);
	if (remedy != NULL) {
		KP_JSON_WRITE_NAME(writer, "do");
		kp_json_write_string(writer, kp_slice_from(remedy));
	}
	kp_json_write_object_end(writer);
	if (doctor->steps.failed) {
		doctor->steps.len = whole;
		doctor->cut = true;
	}
}

/* What partners write comes along, and may not bear the number. */
static void
mask_number(const struct kp_doctor *doctor, char *text)
{
	size_t len = strlen(doctor->load.bsn);
	for (char *at = text; len > 0 && (at = strstr(at, doctor->load.bsn)) != NULL;) {
		memset(at, '*', len);
	}
}

/* What did not fit in TEXT_BYTES ends in an ellipsis, and not in a part of a character or
 * of the client's number. */
static void
end_cut(char *text, size_t wanted)
{
	static const char ellipsis[] = "\xe2\x80\xa6";
	if (wanted < TEXT_BYTES) {
		return;
	}
	size_t at = kp_slice_head(kp_slice_from(text), TEXT_BYTES - sizeof(ellipsis)).len;
	while (at > 0 && text[at - 1] >= '0' && text[at - 1] <= '9') {
		at--;
	}
	memcpy(text + at, ellipsis, sizeof(ellipsis));
}

void
kp_doctor_say(struct kp_doctor *doctor, enum kp_doctor_level level, const char *step,
	const char *remedy, const char *format, ...)
{
	char text[TEXT_BYTES];
	char safe[3 * TEXT_BYTES]; /* a newline grows to " / " */
	struct kp_buffer shown = {
		.data = safe, .capacity = sizeof(safe), .bytes_max = sizeof(safe)};
	va_list args;
	int len = snprintf(
		text, sizeof(text), "%s", doctor->about == NULL ? "" : doctor->about);
	va_start(args, format);
	int more = vsnprintf(text + len, sizeof(text) - (size_t)len, format, args);
	va_end(args);
	end_cut(text, (size_t)len + (size_t)more);
	mask_number(doctor, text);
	kp_terminal_add(&shown, kp_slice_from(text));
	doctor->counts[level]++;
	if (doctor->json) {
		write_json(doctor, level, step, remedy, kp_buffer_slice(&shown));
		return;
	}
	printf("%-4s  %-14s %.*s\n", words[level], step, (int)shown.len, safe);
	if (remedy != NULL) {
		printf("      %-14s do: ", "");
		(void)kp_terminal_print(stdout, kp_slice_from(remedy));
		(void)putchar('\n');
	}
	(void)fflush(stdout);
}

const char *
kp_doctor_text(struct kp_doctor *doctor, const char *format, ...)
{
	char text[TEXT_BYTES];
	va_list args;
	va_start(args, format);
	int len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	end_cut(text, (size_t)len);
	const char *copy = kp_arena_strdup(&doctor->load.arena, text);
	doctor->cut = doctor->cut || copy == NULL;
	return copy == NULL ? "" : copy;
}

const char *
kp_doctor_day(struct kp_doctor *doctor, int64_t time_s)
{
	char text[32] = "";
	struct tm parts;
	time_t seconds = (time_t)time_s;
	if (gmtime_r(&seconds, &parts) != NULL) {
		(void)strftime(text, sizeof(text), "%Y-%m-%d", &parts);
	}
	return kp_doctor_text(doctor, "%s", text);
}

/* What could not be kept is a fault of the report, which then has no other place. */
#define CUT_TEXT "memory ran out, so this report is not whole"
#define CUT_REMEDY "free memory on this machine and run it again"

int
kp_doctor_end(struct kp_doctor *doctor)
{
	if (doctor->cut && !doctor->json) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "report", CUT_REMEDY, CUT_TEXT);
	} else if (doctor->cut) {
		doctor->counts[KP_DOCTOR_FAIL]++;
	}
	unsigned fails = doctor->counts[KP_DOCTOR_FAIL];
	unsigned warnings = doctor->counts[KP_DOCTOR_WARN];
	if (doctor->json) {
		printf("{\"ok\":%s,\"fail\":%u,\"warn\":%u,\"steps\":[%.*s%s%s]}\n",
			fails == 0 ? "true" : "false", fails, warnings,
			(int)doctor->steps.len,
			doctor->steps.data == NULL ? "" : doctor->steps.data,
			doctor->cut && doctor->steps.len > 0 ? "," : "",
			doctor->cut ? "{\"step\":\"report\",\"status\":\"fail\","
				      "\"text\":\"" CUT_TEXT "\",\"do\":\"" CUT_REMEDY
				      "\"}"
				    : "");
	} else {
		printf("%u steps: %u fail, %u warn\n",
			fails + warnings + doctor->counts[KP_DOCTOR_OK], fails, warnings);
	}
	return fails > 0       ? EXIT_FOUND_FAULTS
		: warnings > 0 ? EXIT_WARNINGS_ONLY
			       : EXIT_WELL;
}
