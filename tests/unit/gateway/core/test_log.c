/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* log: one line per event, inherited fields, nothing that breaks out of its value, no
 * number of a client, whatever is thrown at it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/log.h"
#include "core/log_line.h"
#include "core/mask.h"

/* An invented number of the test range that passes the eleven-test. */
#define BSN "999993653"

struct kept {
	char text[KP_LOG_LINE_BYTES_MAX + 1];
	size_t len;
	size_t lines;
};

static void
keep(void *context, struct kp_slice line)
{
	struct kept *kept = context;
	assert_true(line.len <= KP_LOG_LINE_BYTES_MAX);
	memcpy(kept->text, line.data, line.len);
	kept->text[line.len] = '\0';
	kept->len = line.len;
	kept->lines++;
}

static int64_t
fixed_time(void *context)
{
	(void)context;
	return 1790000000123;
}

static struct kp_logger *
open_logger(struct kept *kept, enum kp_log_format format, enum kp_log_level level)
{
	struct kp_logger *logger = NULL;
	struct kp_logger_options options = {.level = level,
		.format = format,
		.write = keep,
		.wall_ms = fixed_time,
		.context = kept};
	assert_int_equal(kp_logger_open(&options, &logger, NULL), KP_OK);
	return logger;
}

static void
writes_one_line_with_inherited_fields(void **state)
{
	(void)state;
	struct kept kept = {0};
	struct kp_logger *logger =
		open_logger(&kept, KP_LOG_FORMAT_JSON, KP_LOG_LEVEL_INFO);
	struct kp_log process;
	struct kp_log request;
	kp_log_init(&process, logger);
	kp_log_bind(&process, kp_log_number(KP_LOG_LOOP, 1));
	kp_log_child(&request, &process);
	kp_log_bind(
		&request, kp_log_cstr(KP_LOG_TRACE, "4bf92f3577b34da6a3ce929d0e0e4736"));
	KP_LOG(&request, INFO, REQUEST, "request done", kp_log_number(KP_LOG_CALLS, 5),
		kp_log_flag(KP_LOG_COMPLETE, true), kp_log_cstr(KP_LOG_SOURCE, "brp"));
	assert_string_equal(kept.text,
		"{\"time\":\"2026-09-21T14:13:20.123Z\",\"level\":\"info\",\"area\":"
		"\"request\","
		"\"message\":\"request done\",\"loop\":1,"
		"\"trace\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"calls\":5,\"complete\":"
		"true,"
		"\"source\":\"brp\"}\n");
	KP_LOG_PLAIN(&process, WARN, PROCESS, "stopping");
	assert_string_equal(kept.text,
		"{\"time\":\"2026-09-21T14:13:20.123Z\",\"level\":\"warn\",\"area\":"
		"\"process\","
		"\"message\":\"stopping\",\"loop\":1}\n");
	kp_logger_close(&logger);
}

static void
writes_key_and_value_when_asked(void **state)
{
	(void)state;
	struct kept kept = {0};
	struct kp_logger *logger =
		open_logger(&kept, KP_LOG_FORMAT_TEXT, KP_LOG_LEVEL_INFO);
	struct kp_log log;
	kp_log_init(&log, logger);
	KP_LOG(&log, INFO, SERVER, "listening",
		kp_log_cstr(KP_LOG_ADDRESS, "a\nb c=\"d\""),
		kp_log_number(KP_LOG_PORT, 8080));
	assert_string_equal(kept.text,
		"time=\"2026-09-21T14:13:20.123Z\" level=\"info\" area=\"server\" "
		"message=\"listening\" address=\"a\\u000ab c=\\\"d\\\"\" port=8080\n");
	kp_logger_close(&logger);
}

static void
leaves_out_what_is_below_the_level(void **state)
{
	(void)state;
	struct kept kept = {0};
	struct kp_logger *logger =
		open_logger(&kept, KP_LOG_FORMAT_JSON, KP_LOG_LEVEL_WARN);
	struct kp_log log;
	kp_log_init(&log, logger);
	KP_LOG_PLAIN(&log, INFO, SERVER, "not written");
	assert_int_equal(kept.lines, 0);
	kp_logger_set_level(logger, KP_LOG_LEVEL_DEBUG);
	KP_LOG_PLAIN(&log, DEBUG, SERVER, "written");
	assert_int_equal(kept.lines, 1);
	kp_log_init(&log, NULL);
	KP_LOG(&log, ERROR, SERVER, "nowhere", kp_log_number(KP_LOG_COUNT, 1));
	assert_int_equal(kept.lines, 1);
	kp_logger_close(&logger);
}

/* Logs bytes in one field and gives back the JSON value that came out. */
static void
log_bytes(struct kept *kept, struct kp_log *log, const char *bytes, size_t len, char *out,
	size_t out_size)
{
	KP_LOG(log, INFO, SERVER, "bytes",
		kp_log_text(KP_LOG_ERROR, (struct kp_slice){bytes, len}));
	json_t *line = json_loadb(
		kept->text, kept->len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	assert_non_null(line);
	assert_null(memchr(kept->text, '\n', kept->len - 1));
	const char *value = json_string_value(json_object_get(line, "error"));
	assert_non_null(value);
	(void)snprintf(out, out_size, "%s", value);
	json_decref(line);
}

static void
any_bytes_stay_inside_their_value(void **state)
{
	(void)state;
	struct kept kept = {0};
	struct kp_logger *logger =
		open_logger(&kept, KP_LOG_FORMAT_JSON, KP_LOG_LEVEL_INFO);
	struct kp_log log;
	kp_log_init(&log, logger);
	char out[2048];
	log_bytes(&kept, &log, "a\"b\\c", 5, out, sizeof(out));
	assert_string_equal(out, "a\"b\\c");
	log_bytes(&kept, &log, "x\x80y\xc0\xafz\xed\xa0\x80", 10, out, sizeof(out));
	assert_string_equal(out, "x\ufffdy\ufffd\ufffdz\ufffd\ufffd\ufffd");
	static const char *const controls[] = {
		"\x1b[2J", "\xc2\x9b", "\xe2\x80\xa8", "\x7f", "\r\n"};
	for (size_t i = 0; i < KP_ARRAY_LEN(controls); i++) {
		KP_LOG(&log, INFO, SERVER, "bytes",
			kp_log_cstr(KP_LOG_ERROR, controls[i]));
		assert_null(strstr(kept.text, controls[i]));
	}
	uint64_t seed = 88172645463325252u;
	for (int round = 0; round < 20000; round++) {
		char bytes[200];
		for (size_t i = 0; i < sizeof(bytes); i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			bytes[i] = (char)(seed >> 24);
		}
		log_bytes(&kept, &log, bytes, seed % sizeof(bytes), out, sizeof(out));
	}
	kp_logger_close(&logger);
}

static void
long_texts_are_cut_between_characters(void **state)
{
	(void)state;
	struct kept kept = {0};
	struct kp_logger *logger =
		open_logger(&kept, KP_LOG_FORMAT_JSON, KP_LOG_LEVEL_INFO);
	struct kp_log log;
	kp_log_init(&log, logger);
	char text[300];
	memset(text, 'a', sizeof(text));
	char out[600];
	log_bytes(&kept, &log, text, KP_LOG_TEXT_BYTES_MAX, out, sizeof(out));
	assert_int_equal(strlen(out), KP_LOG_TEXT_BYTES_MAX);
	log_bytes(&kept, &log, text, KP_LOG_TEXT_BYTES_MAX + 1, out, sizeof(out));
	assert_int_equal(strlen(out), KP_LOG_TEXT_BYTES_MAX + strlen("…"));
	memcpy(text + KP_LOG_TEXT_BYTES_MAX - 2, "€", 3);
	log_bytes(&kept, &log, text, 200, out, sizeof(out));
	assert_int_equal(strlen(out), KP_LOG_TEXT_BYTES_MAX - 2 + strlen("…"));
	kp_logger_close(&logger);
}

static void
a_full_line_is_cut_and_says_so(void **state)
{
	(void)state;
	struct kept kept = {0};
	struct kp_logger *logger =
		open_logger(&kept, KP_LOG_FORMAT_JSON, KP_LOG_LEVEL_INFO);
	struct kp_log log;
	kp_log_init(&log, logger);
	char control[KP_LOG_TEXT_BYTES_MAX];
	memset(control, 1, sizeof(control));
	struct kp_slice text = {control, sizeof(control)};
	struct kp_log_field fields[12];
	for (size_t i = 0; i < KP_ARRAY_LEN(fields); i++) {
		fields[i] = kp_log_text(KP_LOG_ERROR, text);
	}
	kp_log_write(&log, KP_LOG_LEVEL_INFO, KP_LOG_AREA_SERVER, "much", fields,
		KP_ARRAY_LEN(fields));
	assert_true(kept.len <= KP_LOG_LINE_BYTES_MAX);
	assert_non_null(strstr(kept.text, ",\"cut\":true}\n"));
	json_t *line = json_loadb(kept.text, kept.len, 0, NULL);
	assert_non_null(line);
	json_decref(line);
	for (int i = 0; i < 20; i++) {
		kp_log_bind(&log, kp_log_text(KP_LOG_ERROR, text));
	}
	KP_LOG_PLAIN(&log, INFO, SERVER, "context is bounded");
	kp_logger_close(&logger);
}

static void
a_burgerservicenummer_never_gets_through(void **state)
{
	(void)state;
	struct kept kept = {0};
	struct kp_logger *logger =
		open_logger(&kept, KP_LOG_FORMAT_JSON, KP_LOG_LEVEL_DEBUG);
	struct kp_log log;
	kp_log_init(&log, logger);
	static const char *const texts[] = {BSN, "x" BSN "y", "/personen/" BSN "?a=1",
		"bsn=" BSN "," BSN, "9999.93.653", "999.993.653", "9999 93 653",
		"999-993-653"};
	for (size_t i = 0; i < KP_ARRAY_LEN(texts); i++) {
		KP_LOG(&log, INFO, SERVER, "text", kp_log_cstr(KP_LOG_ERROR, texts[i]));
		assert_null(strstr(kept.text, "653"));
	}
	/* Across the place where a text is cut. */
	for (size_t before = 100; before <= KP_LOG_TEXT_BYTES_MAX; before++) {
		char text[200];
		memset(text, 'a', before);
		(void)snprintf(text + before, sizeof(text) - before, "%s", BSN);
		KP_LOG(&log, INFO, SERVER, "text", kp_log_cstr(KP_LOG_ERROR, text));
		assert_null(strstr(kept.text, "99"));
	}
	KP_LOG(&log, INFO, SERVER, "number", kp_log_number(KP_LOG_BYTES, 999993653));
	assert_non_null(strstr(kept.text, "\"bytes\":\"*********\""));
	struct kp_error err;
	(void)kp_error_set(&err, KP_E_SOURCE, "nothing about %s", BSN);
	kp_log_error(&log, KP_LOG_LEVEL_WARN, KP_LOG_AREA_SOURCE, "call failed", &err);
	assert_null(strstr(kept.text, BSN));
	/* An id is hexadecimal, so a stray text in it is not let through. */
	KP_LOG(&log, INFO, SERVER, "id", kp_log_cstr(KP_LOG_TRACE, "Jansen \"x\n"));
	assert_non_null(strstr(kept.text, "\"trace\":\"?a??e?????\""));
	kp_logger_close(&logger);
}

static void
other_numbers_stay_readable(void **state)
{
	(void)state;
	static const char *const kept[] = {"999993654", "00000001003214345000",
		"192.168.100.12", "127.0.0.1:40112", "2026-11-23", "12345678",
		"000000000", "9999936530"};
	for (size_t i = 0; i < KP_ARRAY_LEN(kept); i++) {
		char copy[64];
		(void)snprintf(copy, sizeof(copy), "%s", kept[i]);
		assert_int_equal(kp_mask_bsn(copy, strlen(copy)), 0);
		assert_string_equal(copy, kept[i]);
	}
	assert_true(kp_bsn_valid(KP_SLICE(BSN)));
	assert_false(kp_bsn_valid(KP_SLICE("000000000")));
	assert_false(kp_bsn_valid(KP_SLICE("99999365")));
}

static void *
log_many(void *context)
{
	struct kp_log log;
	kp_log_init(&log, context);
	for (int i = 0; i < 2000; i++) {
		KP_LOG(&log, INFO, SERVER, "line", kp_log_number(KP_LOG_COUNT, i));
	}
	return NULL;
}

static size_t
count_lines(const char *path)
{
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	char line[KP_LOG_LINE_BYTES_MAX];
	size_t count = 0;
	while (fgets(line, sizeof(line), file) != NULL) {
		json_t *parsed = json_loads(line, 0, NULL);
		assert_non_null(parsed);
		json_decref(parsed);
		count++;
	}
	(void)fclose(file);
	return count;
}

static void
threads_and_rotation_lose_no_line(void **state)
{
	(void)state;
	char folder[] = "/tmp/kp-log-XXXXXX";
	assert_non_null(mkdtemp(folder));
	char path[64];
	char rotated[64];
	(void)snprintf(path, sizeof(path), "%s/log", folder);
	(void)snprintf(rotated, sizeof(rotated), "%s/log.1", folder);
	struct kp_logger *logger = NULL;
	struct kp_logger_options options = {.level = KP_LOG_LEVEL_INFO, .path = path};
	assert_int_equal(kp_logger_open(&options, &logger, NULL), KP_OK);
	pthread_t threads[4];
	for (size_t i = 0; i < KP_ARRAY_LEN(threads); i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, log_many, logger), 0);
	}
	assert_int_equal(rename(path, rotated), 0);
	assert_int_equal(kp_logger_reopen(logger, NULL), KP_OK);
	for (size_t i = 0; i < KP_ARRAY_LEN(threads); i++) {
		(void)pthread_join(threads[i], NULL);
	}
	assert_int_equal(kp_logger_lost(logger), 0);
	assert_int_equal(count_lines(path) + count_lines(rotated), 8000);
	kp_logger_close(&logger);
	(void)unlink(path);
	(void)unlink(rotated);
	(void)rmdir(folder);
	struct kp_error err;
	assert_int_equal(kp_logger_open(&options, &logger, &err), KP_E_IO);
	assert_non_null(strstr(err.message, "cannot be opened"));
}

static void
times_are_written_as_rfc_3339_says(void **state)
{
	(void)state;
	static const struct {
		int64_t wall_ms;
		const char *text;
	} times[] = {
		{0, "1970-01-01T00:00:00.000Z"},
		{-1, "1969-12-31T23:59:59.999Z"},
		{951782399007, "2000-02-28T23:59:59.007Z"},
		{951782400070, "2000-02-29T00:00:00.070Z"},
		{1795779045123, "2026-11-27T11:30:45.123Z"},
		{253402300799999, "9999-12-31T23:59:59.999Z"},
		{253402300800000, "1970-01-01T00:00:00.000Z"},
		{INT64_MAX, "1970-01-01T00:00:00.807Z"},
	};
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		char text[32];
		kp_log_time(times[i].wall_ms, text);
		assert_string_equal(text, times[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_written_as_rfc_3339_says),
		cmocka_unit_test(writes_one_line_with_inherited_fields),
		cmocka_unit_test(writes_key_and_value_when_asked),
		cmocka_unit_test(leaves_out_what_is_below_the_level),
		cmocka_unit_test(any_bytes_stay_inside_their_value),
		cmocka_unit_test(long_texts_are_cut_between_characters),
		cmocka_unit_test(a_full_line_is_cut_and_says_so),
		cmocka_unit_test(a_burgerservicenummer_never_gets_through),
		cmocka_unit_test(other_numbers_stay_readable),
		cmocka_unit_test(threads_and_rotation_lose_no_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
