/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* config: defaults, every option at and past its bounds, every fault in one go, secrets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "config/options.h"

static struct kp_findings findings;
static char text_out[16384];

/* Parses; leaves all findings as lines in text_out. */
static enum kp_status
parse(const char *text, struct kp_config **ret_config)
{
	kp_findings_deinit(&findings);
	kp_findings_init(&findings, KP_CONFIG_FINDINGS_MAX);
	enum kp_status status = kp_config_parse(
		kp_slice_from(text), "/etc/kp/gateway.json", &findings, ret_config);
	size_t at = 0;
	text_out[0] = '\0';
	for (size_t i = 0; i < findings.count; i++) {
		char line[700];
		at += (size_t)snprintf(text_out + at, sizeof(text_out) - at, "%s\n",
			kp_error_text(&findings.items[i], line, sizeof(line)));
	}
	return status;
}

static void
expect_fault(const char *text, const char *expected)
{
	struct kp_config *config = NULL;
	assert_int_equal(parse(text, &config), KP_E_CONFIG);
	assert_null(config);
	if (strstr(text_out, expected) == NULL) {
		fail_msg("expected '%s' in:\n%s", expected, text_out);
	}
}

/* A configuration that names so many shared objects. */
static const char *
plugins_text(size_t count)
{
	static char text[1024];
	size_t at = (size_t)snprintf(text, sizeof(text), "{\"plugins\":[");
	for (size_t i = 0; i < count; i++) {
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s\"%zu.so\"",
			i > 0 ? "," : "", i);
	}
	(void)snprintf(text + at, sizeof(text) - at, "]}");
	return text;
}

static void
an_empty_object_gives_the_defaults(void **state)
{
	(void)state;
	struct kp_config *config = NULL;
	assert_int_equal(parse("{}", &config), KP_OK);
	assert_int_equal(config->http_body_bytes_max, 65536);
	assert_int_equal(config->log_level, 2);
	assert_false(config->identity_development);
	assert_true(kp_slice_is(config->identity_purpose_header, "x-doelbinding"));
	assert_string_equal(config->policies_folder, "/etc/kp/policies");
	assert_string_equal(config->log_file, "");
	assert_int_equal(config->listener_count, 1);
	assert_string_equal(config->listeners[0].host, "127.0.0.1");
	assert_int_equal(config->listeners[0].port, 8080);
	struct kp_config *again = kp_config_ref(config);
	kp_config_unref(&config);
	assert_null(config);
	assert_int_equal(again->http_body_bytes_max, 65536);
	kp_config_unref(&again);
	kp_config_unref(&again);
}

static void
the_file_that_init_writes_says_the_defaults(void **state)
{
	(void)state;
	struct kp_arena arena;
	struct kp_buffer out;
	kp_arena_init(&arena, 1 << 20, NULL);
	kp_buffer_init(&out, &arena, 1 << 19);
	kp_options_write_file(&out);
	assert_false(out.failed);
	kp_buffer_add_char(&out, '\0');
	struct kp_config *written = NULL;
	struct kp_config *plain = NULL;
	if (parse(out.data, &written) != KP_OK) {
		fail_msg("%s", text_out);
	}
	assert_int_equal(parse("{}", &plain), KP_OK);
	for (size_t i = 0; i < kp_option_count(); i++) {
		const struct kp_option *option = kp_option_get(i);
		char *a = (char *)written + option->offset;
		char *b = (char *)plain + option->offset;
		switch (option->kind) {
		case KP_OPTION_NUMBER:
			assert_int_equal(*(uint64_t *)(void *)a, *(uint64_t *)(void *)b);
			break;
		case KP_OPTION_FLAG:
		case KP_OPTION_SENTENCE:
			assert_int_equal(*(bool *)a, *(bool *)b);
			break;
		case KP_OPTION_CHOICE:
			assert_int_equal(*(unsigned *)(void *)a, *(unsigned *)(void *)b);
			break;
		case KP_OPTION_TEXT:
			assert_true(kp_slice_equal(*(struct kp_slice *)(void *)a,
				*(struct kp_slice *)(void *)b));
			break;
		case KP_OPTION_PATH:
			assert_string_equal(*(char **)(void *)a, *(char **)(void *)b);
			break;
		}
	}
	assert_int_equal(written->secret_count, 3);
	kp_config_unref(&written);
	kp_config_unref(&plain);
	kp_arena_deinit(&arena);
}

static void
parse_one_number(const struct kp_option *option, int64_t value, bool allowed)
{
	char text[256];
	struct kp_config *config = NULL;
	/* Neighbours that bound each other are set to the widest. */
	(void)snprintf(text, sizeof(text), "{\"%s\":{\"%s\":%" PRId64 "}}",
		option->section, option->name, value);
	enum kp_status status = parse(text, &config);
	bool bound =
		strstr(text_out, "above") != NULL && strstr(text_out, "which is") != NULL;
	if (allowed && status != KP_OK && !bound) {
		fail_msg("%s: %s", text, text_out);
	}
	if (!allowed) {
		assert_int_equal(status, KP_E_CONFIG);
		assert_non_null(strstr(text_out, option->name));
	} else if (status == KP_OK) {
		uint64_t *member = (uint64_t *)(void *)((char *)config + option->offset);
		assert_int_equal(*member, (uint64_t)value);
	}
	kp_config_unref(&config);
}

static void
every_number_is_held_to_its_bounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < kp_option_count(); i++) {
		const struct kp_option *option = kp_option_get(i);
		if (option->kind != KP_OPTION_NUMBER) {
			continue;
		}
		assert_true(option->min <= option->value && option->value <= option->max);
		parse_one_number(option, (int64_t)option->min, true);
		parse_one_number(option, (int64_t)option->max, true);
		parse_one_number(option, (int64_t)option->min - 1, false);
		parse_one_number(option, (int64_t)option->max + 1, false);
	}
}

static void
every_option_has_a_help_and_a_known_section(void **state)
{
	(void)state;
	for (size_t i = 0; i < kp_option_count(); i++) {
		const struct kp_option *option = kp_option_get(i);
		assert_true(strlen(option->help) > 3);
		assert_null(strpbrk(option->help, "\"\\\n|"));
		bool known = false;
		for (size_t j = 0; j < kp_option_section_count(); j++) {
			known = known ||
				strcmp(kp_option_section_get(j)->name, option->section) ==
					0;
		}
		assert_true(known);
	}
}

static void
all_faults_are_reported_at_once(void **state)
{
	(void)state;
	struct kp_config *config = NULL;
	assert_int_equal(parse("{\n"
			       "  \"//\": \"a comment\",\n"
			       "  \"lisseners\": [],\n"
			       "  \"http\": { \"boddy_bytes_max\": 1, \"//\": 3,\n"
			       "    \"header_count_max\": 5000 },\n"
			       "  \"log\": { \"level\": \"loud\", \"file\": 3 },\n"
			       "  \"listeners\": [ { \"host\": \"localhost\", \"port\": "
			       "70000 } ]\n"
			       "}\n",
				 &config),
		KP_E_CONFIG);
	assert_int_equal(findings.count, 7);
	static const char *const expected[] = {"gateway.json:3:", "listeners",
		"gateway.json:4:", "body_bytes_max", "gateway.json:5:", "5000", "1000",
		"gateway.json:6:", "loud", "debug", "gateway.json:7:", "numeric address",
		"70000"};
	for (size_t i = 0; i < KP_ARRAY_LEN(expected); i++) {
		if (strstr(text_out, expected[i]) == NULL) {
			fail_msg("'%s' is missing in:\n%s", expected[i], text_out);
		}
	}
}

static void
single_faults_say_what_is_wrong(void **state)
{
	(void)state;
	expect_fault("{", "gateway.json:1:");
	expect_fault("[]", "object");
	expect_fault("{\"log\":{},\"log\":{}}", "log");
	expect_fault("{\"listeners\":[]}", "1 to 16");
	expect_fault("{\"listeners\":[{\"host\":\"::1\",\"port\":80},{\"host\":\"::1\","
		     "\"port\":80}]}",
		"listener 1 has the same address and port");
	expect_fault("{\"listeners\":[{\"host\":\"127.0.0.1\"}]}", "port");
	expect_fault(
		"{\"listeners\":[{\"host\":\"127.0.0.1\",\"port\":1,\"tsl\":1}]}", "tsl");
	expect_fault("{\"secrets\":{\"a\":{}}}", "either a file or a credential");
	expect_fault(
		"{\"secrets\":{\"a\":{\"file\":\"x\",\"credential\":\"y\"}}}", "either");
	expect_fault(
		"{\"secrets\":{\"a\":{\"credential\":\"../y\"}}}", "without folders");
	expect_fault("{\"secrets\":{\"a\":{\"value\":\"hunter2\"}}}", "value");
	expect_fault("{\"plugins\":[\"a\",\"a\"]}", "plugins");
	expect_fault(
		"{\"request\":{\"budget_default_ms\":40000}}", "above budget_max_ms");
	expect_fault("{\"identity\":{\"purpose_header\":\"x y\"}}", "letters, digits");
	expect_fault("{\"identity\":{\"employee_header\":\"\"}}", "letters, digits");
	expect_fault("{\"identity\":{\"roles_header\":\"X-DOELBINDING\"}}",
		"purpose_header names the same header");
	expect_fault("{\"request\":{\"budget_min_ms\":5000}}", "above budget_default_ms");
	expect_fault(
		"{\"request\":{\"body_bytes_max\":100000}}", "above http.body_bytes_max");
	expect_fault("{\"identity\":{\"roles_header\":\"a\\u0000b\"}}", "");
	char text[300];
	(void)snprintf(
		text, sizeof(text), "{\"identity\":{\"roles_header\":\"%065d\"}}", 0);
	expect_fault(text, "at most 64");
}

#define SENTENCE "ja, geloof onbewezen koppen; alleen voor ontwikkeling"

static void
the_development_identity_takes_a_whole_sentence(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"true", "1", "\"ja\"", "\"" SENTENCE " \"", "\"true\"", "null"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char text[200];
		(void)snprintf(text, sizeof(text), "{\"identity\":{\"development\":%s}}",
			wrong[i]);
		expect_fault(text, "this takes the sentence '" SENTENCE "'");
	}
	struct kp_config *config = NULL;
	assert_int_equal(parse("{\"identity\":{\"development\":\"\"}}", &config), KP_OK);
	assert_false(config->identity_development);
	kp_config_unref(&config);
}

static void
the_development_identity_needs_loopback(void **state)
{
	(void)state;
	struct kp_config *config = NULL;
	expect_fault("{\"identity\":{\"development\":\"" SENTENCE "\"},\"listeners\":["
		     "{\"host\":\"127.0.0.1\",\"port\":80},{\"host\":\"0.0.0.0\","
		     "\"port\":81}]}",
		"allowed on loopback only, but listener 2 is on '0.0.0.0'");
	expect_fault("{\"identity\":{\"development\":\"" SENTENCE "\"},\"listeners\":["
		     "{\"host\":\"::ffff:127.0.0.1\",\"port\":80}]}",
		"loopback only");
	assert_int_equal(
		parse("{\"identity\":{\"development\":\"" SENTENCE "\"},\"listeners\":["
		      "{\"host\":\"127.1.2.3\",\"port\":80},"
		      "{\"host\":\"::1\",\"port\":80}]}",
			&config),
		KP_OK);
	assert_true(config->identity_development);
	kp_config_unref(&config);
	expect_fault("{\"listeners\":[{\"host\":\"0.0.0.0\",\"port\":81}]}",
		"only a listener on loopback may do without tls");
}

#define TLS(members)                                                                     \
	"{\"listeners\":[{\"host\":\"0.0.0.0\",\"port\":81,\n\"tls\":{" members "}}]}"
#define CERTIFICATES "\"certificates\":[{\"certificate\":\"a.pem\",\"key\":\"a.key\"}],"

static void
tls_of_listeners(void **state)
{
	(void)state;
	struct kp_config *config = NULL;
	expect_fault(TLS(""), "certificates");
	expect_fault(TLS(CERTIFICATES "\"//\":1"), "clients");
	expect_fault(TLS("\"certificates\":[],\"clients\":\"none\""), "1 to 16");
	expect_fault(TLS(CERTIFICATES "\"clients\":\"some\""), "required");
	expect_fault(TLS(CERTIFICATES "\"clients\":\"required\",\"crls\":[]"), "anchors");
	/* Revocation is left out in so many words or not at all. */
	expect_fault(
		TLS(CERTIFICATES "\"clients\":\"optional\",\"anchors\":\"b\""), "crls");
	expect_fault(TLS(CERTIFICATES "\"clients\":\"none\",\"anchors\":\"b\""),
		"of no use while clients is none");
	expect_fault(TLS("\"clients\":\"none\",\"certificates\":[{\"certificate\":\"a\","
			 "\"key\":\"pkcs11:object=k?pin-value=1234\"}]"),
		"a PIN does not belong here");
	assert_int_equal(
		parse(TLS(CERTIFICATES "\"clients\":\"required\","
				       "\"anchors\":\"b.pem\",\"crls\":[\"c.pem\"]"),
			&config),
		KP_OK);
	const struct kp_tls_server_options *tls = config->listeners[0].tls;
	assert_false(config->listeners[0].loopback);
	assert_int_equal(tls->clients, KP_TLS_CLIENTS_REQUIRED);
	assert_int_equal(tls->certificate_count, 1);
	assert_string_equal(
		tls->certificates[0].key.place, "/listeners/0/tls/certificates/0/key");
	assert_int_equal(tls->certificates[0].key.line, 2);
	assert_int_equal(tls->crl_count, 1);
	assert_int_equal(tls->session_ms, 3600000);
	kp_config_unref(&config);
}

static void
no_memory_is_an_ordinary_answer(void **state)
{
	(void)state;
	/* More listeners than the bound, and a text larger than the arena. */
	size_t size = KP_CONFIG_ARENA_BYTES_MAX + 1000;
	char *text = malloc(size + 1);
	assert_non_null(text);
	memset(text, ' ', size);
	memcpy(text, "{}", 2);
	text[size] = '\0';
	struct kp_config *config = NULL;
	assert_int_not_equal(parse(text, &config), KP_OK);
	assert_null(config);
	free(text);
}

static void
write_text(const char *folder, const char *name, const char *text, mode_t mode)
{
	char path[256];
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	(void)unlink(path);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static enum kp_status
load_folder(const char *folder, struct kp_config **ret_config)
{
	char path[256];
	(void)snprintf(path, sizeof(path), "%s/gateway.json", folder);
	kp_findings_deinit(&findings);
	kp_findings_init(&findings, KP_CONFIG_FINDINGS_MAX);
	enum kp_status status = kp_config_load(path, &findings, ret_config);
	if (status != KP_OK) {
		return status;
	}
	return kp_config_read_secrets(*ret_config, &findings);
}

static void
expect_secret_fault(const char *folder, const char *expected)
{
	struct kp_config *config = NULL;
	char line[700] = "";
	assert_int_equal(load_folder(folder, &config), KP_E_CONFIG);
	assert_true(findings.count > 0);
	(void)kp_error_text(&findings.items[0], line, sizeof(line));
	if (strstr(line, expected) == NULL) {
		fail_msg("expected '%s' in: %s", expected, line);
	}
	kp_config_unref(&config);
}

#define KEY "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void
secrets_and_keys_come_from_files(void **state)
{
	(void)state;
	char folder[] = "/tmp/kp-config-XXXXXX";
	assert_non_null(mkdtemp(folder));
	write_text(folder, "gateway.json",
		"{\"secrets\":{\"//\":\"x\",\"a\":{\"file\":\"a\"}},"
		"\"pseudonym\":{\"key_file\":\"keys\"}}",
		0644);
	expect_secret_fault(folder, "secret 'a'");
	write_text(folder, "a", "hunter2\n", 0600);
	expect_secret_fault(folder, "pseudonym keys");
	static const char good[] =
		"{\"current\":\"b\",\"keys\":[{\"id\":\"a\",\"key\":\"" KEY "\"},"
		"{\"id\":\"b\",\"key\":\"" KEY "\"}]}";
	write_text(folder, "keys", good, 0600);
	struct kp_config *config = NULL;
	assert_int_equal(load_folder(folder, &config), KP_OK);
	assert_true(kp_slice_is(kp_config_secret(config, KP_SLICE("a")), "hunter2"));
	assert_int_equal(kp_config_secret(config, KP_SLICE("b")).len, 0);
	assert_int_equal(config->pseudonym_key_count, 2);
	assert_int_equal(config->pseudonym_key_current, 1);
	kp_config_unref(&config);
	write_text(folder, "a", "hunter2\n", 0640);
	expect_secret_fault(folder, "make it 0600");
	write_text(folder, "a", "\n", 0600);
	expect_secret_fault(folder, "is empty");
	write_text(folder, "a", "x", 0600);
	write_text(folder, "keys",
		"{\"current\":\"c\",\"keys\":[{\"id\":\"a\",\"key\":\"" KEY "\"}]}",
		0600);
	expect_secret_fault(folder, "0 keys have this id");
	write_text(folder, "keys",
		"{\"current\":\"a\",\"keys\":[{\"id\":\"a\",\"key\":\"c2VjcmV0\"}]}",
		0600);
	expect_secret_fault(folder, "32 bytes as 43 characters");
	assert_null(strstr(findings.items[0].message, "c2VjcmV0"));
	write_text(folder, "keys", "{\"current\":\"a\",\"keys\":[]}", 0600);
	expect_secret_fault(folder, "1 to 64 keys");
	static const char *const names[] = {"a", "keys", "gateway.json"};
	for (size_t i = 0; i < KP_ARRAY_LEN(names); i++) {
		char path[256];
		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	expect_secret_fault(folder, "gateway.json");
	(void)rmdir(folder);
}

#define ISSUER_START "{\"issuers\":[{\"issuer\":\"https://a.nl\",\"audiences\":[\"p\"],"
#define ISSUER_OIN "\"organisations\":[\"00000001823288444000\"],"
#define ISSUER_FILE "\"keys\":{\"file\":\"k.json\"}"

static void
issuers_are_read_with_all_faults(void **state)
{
	(void)state;
	struct kp_config *config = NULL;
	static const struct {
		const char *rest; /* after issuer and audiences */
		const char *fault;
	} cases[] = {
		{ISSUER_FILE "}]}", "organisations"},
		{ISSUER_OIN "\"x\":1," ISSUER_FILE "}]}", "x"},
		{ISSUER_OIN "\"keys\":{}}]}", "one of discovery, url and file"},
		{ISSUER_OIN "\"keys\":{\"file\":\"a\",\"url\":\"https://a.nl/k\"}}]}",
			"one of discovery, url and file"},
		{ISSUER_OIN "\"keys\":{\"discovery\":\"oidc\"}}]}", "trust_anchor"},
		{ISSUER_OIN "\"keys\":{\"discovery\":\"saml\"}}]}", "saml"},
		{ISSUER_OIN "\"keys\":{\"url\":\"http://a.nl/k\"}}]}", "https address"},
		{ISSUER_OIN "\"keys\":{\"url\":\"ftp://a.nl/k\"}}]}", "https address"},
		{ISSUER_OIN "\"algorithms\":[\"none\"]," ISSUER_FILE "}]}",
			"'none' is none"},
		{ISSUER_OIN "\"algorithms\":[\"HS256\"]," ISSUER_FILE "}]}", "'HS256'"},
		{ISSUER_OIN "\"algorithms\":[]," ISSUER_FILE "}]}", "1 to 64"},
		{ISSUER_OIN "\"binding\":\"none\"," ISSUER_FILE "}]}", "optional"},
		{ISSUER_OIN "\"binding\":\"dpop\"," ISSUER_FILE "}]}", "public_url"},
		{ISSUER_OIN "\"rsa_bits_min\":2047," ISSUER_FILE "}]}", "2048"},
		{ISSUER_OIN "\"skew_s\":301," ISSUER_FILE "}]}", "300"},
		{ISSUER_OIN "\"refetch_s\":0," ISSUER_FILE "}]}", "below the limit 1"},
		{ISSUER_OIN "\"certificate\":\"c.pem\"," ISSUER_FILE "}]}",
			"come together"},
		{ISSUER_OIN "\"introspection\":{\"url\":\"http://127.0.0.1/i\","
			    "\"client_id\":\"c\"}," ISSUER_FILE "}]}",
			"needs a secret"},
		{ISSUER_OIN "\"refresh_s\":61,\"keys_age_max_s\":60," ISSUER_FILE "}]}",
			"above keys_age_max_s"},
		{ISSUER_OIN "\"group\":\"g\"," ISSUER_FILE "}]}", "group"},
		{ISSUER_OIN "\"kind\":\"fsc\",\"group\":\"g\",\"service\":\"s\","
			    "\"inway\":\"x\"," ISSUER_FILE "}]}",
			"loopback"},
		{ISSUER_OIN "\"kind\":\"fsc\",\"group\":\"g\"," ISSUER_FILE "}]}",
			"service"},
		{"\"organisations\":[\"1\"]," ISSUER_FILE "}]}", "20 digits"},
		{"\"organisations\":[\"*\"]," ISSUER_FILE "}]}", "organisation_claim"},
		{ISSUER_OIN ISSUER_FILE
			"},{\"issuer\":\"https://a.nl\",\"audiences\":[\"p\"]," ISSUER_OIN
				ISSUER_FILE "}]}",
			"issuer 2 has the same name"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[1024];
		(void)snprintf(text, sizeof(text), "%s%s", ISSUER_START, cases[i].rest);
		expect_fault(text, cases[i].fault);
	}
	assert_int_equal(
		parse(ISSUER_START ISSUER_OIN
			"\"keys\":{\"url\":\"http://127.0.0.1:1/k\"},\"skew_s\":300,"
			"\"rsa_bits_min\":8192,\"roles\":{\"KM\":\"klantmanager\"}}]}",
			&config),
		KP_OK);
	assert_int_equal(config->issuer_count, 1);
	const struct kp_issuer *issuer = &config->issuers[0];
	assert_int_equal(issuer->skew_s, 300);
	assert_int_equal(issuer->binding, KP_BINDING_REQUIRED);
	assert_true(kp_slice_is(issuer->types.items[0], "at+jwt"));
	assert_true(kp_slice_is(issuer->employee_claim, "sub"));
	assert_true(kp_slice_is(issuer->roles[0].ours, "klantmanager"));
	kp_config_unref(&config);
}

/* ketenpoort.json(5) says what the table says. KP_UPDATE=1 writes it anew. */
static void
the_manual_is_the_table(void **state)
{
	(void)state;
	static const char begin[] = ".\\\" begin of the options\n";
	static const char end[] = ".\\\" end of the options\n";
	const char *path = KP_SOURCE_DIR "/gateway/man/ketenpoort.json.5";
	struct kp_arena arena;
	struct kp_buffer out;
	kp_arena_init(&arena, 4 << 20, NULL);
	kp_buffer_init(&out, &arena, 1 << 20);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	char *text = kp_arena_alloc(&arena, 1 << 20);
	size_t len = fread(text, 1, (1 << 20) - 1, file);
	(void)fclose(file);
	assert_true(len > 0);
	char *from = strstr(text, begin);
	char *to = strstr(text, end);
	assert_non_null(from);
	assert_non_null(to);
	from += strlen(begin);
	kp_options_write_manual(&out);
	bool same =
		(size_t)(to - from) == out.len && memcmp(from, out.data, out.len) == 0;
	if (!same && getenv("KP_UPDATE") != NULL) {
		file = fopen(path, "w");
		assert_non_null(file);
		(void)fwrite(text, 1, (size_t)(from - text), file);
		(void)fwrite(out.data, 1, out.len, file);
		(void)fputs(to, file);
		assert_int_equal(fclose(file), 0);
		same = true;
	}
	if (!same) {
		fail_msg("gateway/man/ketenpoort.json.5 is not what options.def says; "
			 "run this "
			 "test with KP_UPDATE=1");
	}
	kp_arena_deinit(&arena);
}

static void
an_organisation_has_quotas_of_its_own(void **state)
{
	(void)state;
	struct kp_config *config = NULL;
	if (parse("{\"quotas\":{\"//"
		  "\":\"x\",\"00000001830000002000\":{\"concurrent_max\":7},"
		  "\"00000001830000001000\":{}},\"quota\":{\"concurrent_max\":9,"
		  "\"employee_burst\":8}}",
		    &config) != KP_OK) {
		fail_msg("%s", text_out);
	}
	assert_int_equal(config->quota_count, 2);
	assert_true(kp_slice_is(config->quotas[0].organisation, "00000001830000001000"));
	for (size_t i = 0; i < kp_option_count(); i++) {
		const struct kp_option *option = kp_option_get(i);
		if (strcmp(option->section, "quota") == 0 &&
			strcmp(option->name, "concurrent_max") == 0) {
			assert_int_equal(config->quotas[0].values[i], 9);
			assert_int_equal(config->quotas[1].values[i], 7);
		} else if (strcmp(option->name, "employee_burst") == 0) {
			assert_int_equal(config->quotas[1].values[i], 8);
		}
	}
	kp_config_unref(&config);
	expect_fault("{\"quotas\":{\"123\":{}}}", "named by its OIN");
	expect_fault(
		"{\"quotas\":{\"00000001830000002000\":{\"entries\":2000}}}", "entries");
	expect_fault("{\"quotas\":{\"00000001830000002000\":{\"concurrent_max\":-1}}}",
		"concurrent_max");
	expect_fault("{\"quotas\":{\"00000001830000002000\":7}}", "quotas");
	expect_fault("{\"quotas\":[]}", "quotas");
	char many[64 * 1024] = "{\"quotas\":{";
	size_t len = strlen(many);
	for (unsigned i = 0; i <= KP_CONFIG_QUOTAS_MAX; i++) {
		len += (size_t)snprintf(many + len, sizeof(many) - len, "%s\"%020u\":{}",
			i == 0 ? "" : ",", i);
	}
	(void)snprintf(many + len, sizeof(many) - len, "}}");
	expect_fault(many, "at most 1024");
}

static void
a_listener_serves_what_it_says(void **state)
{
	(void)state;
	struct kp_config *config = NULL;
	if (parse("{\"listeners\":[{\"host\":\"127.0.0.1\",\"port\":1},{\"host\":\"::1\","
		  "\"port\":2,\"serves\":[\"metrics\",\"health\"]},{\"host\":\"127.0.0."
		  "1\","
		  "\"port\":3,\"serves\":[\"api\"]}]}",
		    &config) != KP_OK) {
		fail_msg("%s", text_out);
	}
	assert_int_equal(config->listeners[0].serves, 15);
	assert_int_equal(config->listeners[1].serves, 12);
	assert_int_equal(config->listeners[2].serves, 1);
	assert_string_equal(kp_config_served[3], "metrics");
	kp_config_unref(&config);
#define SERVES(what)                                                                     \
	"{\"listeners\":[{\"host\":\"127.0.0.1\",\"port\":1,\"serves\":" what "}]}"
	expect_fault(SERVES("[]"), "of no use");
	expect_fault(SERVES("[\"api\",\"console\"]"), "api, authzen, health or metrics");
	expect_fault(SERVES("[7]"), "api, authzen, health or metrics");
	expect_fault(SERVES("\"api\""), "serves");
}

static void
as_many_plugins_as_may_be(void **state)
{
	(void)state;
	struct kp_config *config = NULL;
	assert_int_equal(parse(plugins_text(KP_CONFIG_PLUGINS_MAX), &config), KP_OK);
	assert_int_equal(config->plugin_count, KP_CONFIG_PLUGINS_MAX);
	assert_string_equal(config->plugins[KP_CONFIG_PLUGINS_MAX - 1], "/etc/kp/63.so");
	kp_config_unref(&config);
	expect_fault(plugins_text(KP_CONFIG_PLUGINS_MAX + 1),
		"plugins: 65 plugins are given, and at most 64 are allowed");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_object_gives_the_defaults),
		cmocka_unit_test(as_many_plugins_as_may_be),
		cmocka_unit_test(the_file_that_init_writes_says_the_defaults),
		cmocka_unit_test(every_number_is_held_to_its_bounds),
		cmocka_unit_test(every_option_has_a_help_and_a_known_section),
		cmocka_unit_test(all_faults_are_reported_at_once),
		cmocka_unit_test(single_faults_say_what_is_wrong),
		cmocka_unit_test(the_development_identity_takes_a_whole_sentence),
		cmocka_unit_test(the_development_identity_needs_loopback),
		cmocka_unit_test(an_organisation_has_quotas_of_its_own),
		cmocka_unit_test(tls_of_listeners),
		cmocka_unit_test(a_listener_serves_what_it_says),
		cmocka_unit_test(no_memory_is_an_ordinary_answer),
		cmocka_unit_test(secrets_and_keys_come_from_files),
		cmocka_unit_test(issuers_are_read_with_all_faults),
		cmocka_unit_test(the_manual_is_the_table),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	kp_findings_deinit(&findings);
	return failed;
}
