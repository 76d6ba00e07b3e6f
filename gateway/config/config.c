/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* config: gateway.json from text; see config.h. Files: config_files.c. */
#include "config/config_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "config/config_issuers.h"
#include "config/config_quotas.h"
#include "config/options.h"
#include "core/heap.h"

#define KNOWN_MAX 64

static void *
member_of(struct kp_config *config, const struct kp_option *option)
{
	return (char *)config + option->offset;
}

const char *
kp_config_resolve(struct kp_config_reader *reader, struct kp_slice path)
{
	struct kp_config *config = reader->config;
	if (path.len == 0 || path.data[0] == '/') {
		return kp_arena_copy(&config->arena, path).data;
	}
	return kp_arena_printf(
		&config->arena, "%s/%.*s", config->folder, KP_SLICE_ARG(path));
}

/* Unlike kp_json_get_text, takes an empty text. */
static bool
get_text(struct kp_config_reader *reader, const struct kp_json_node *object,
	const char *name, size_t bytes_max, struct kp_slice *ret_text)
{
	const struct kp_json_node *node = kp_json_member(object, name);
	if (node == NULL ||
		!kp_json_expect(&reader->document, node, KP_JSON_KIND_STRING)) {
		return false;
	}
	if (node->text.len > bytes_max ||
		memchr(node->text.data, 0, node->text.len) != NULL) {
		kp_json_finding(&reader->document, node,
			"this text has %zu bytes, and at most %zu (none of them zero) "
			"are allowed",
			node->text.len, bytes_max);
		return false;
	}
	*ret_text = node->text;
	return true;
}

static void
read_number(struct kp_config_reader *reader, const struct kp_json_node *section,
	const struct kp_option *option)
{
	int64_t number = (int64_t)option->value;
	(void)kp_json_get_integer(&reader->document, section, option->name,
		KP_JSON_OPTIONAL, (int64_t)option->min, (int64_t)option->max, &number);
	*(uint64_t *)member_of(reader->config, option) = (uint64_t)number;
}

static void
read_flag(struct kp_config_reader *reader, const struct kp_json_node *section,
	const struct kp_option *option)
{
	bool flag = option->value != 0;
	(void)kp_json_get_boolean(
		&reader->document, section, option->name, KP_JSON_OPTIONAL, &flag);
	*(bool *)member_of(reader->config, option) = flag;
}

/* What nobody should switch on by accident takes a whole sentence. */
static void
read_sentence(struct kp_config_reader *reader, const struct kp_json_node *section,
	const struct kp_option *option)
{
	const struct kp_json_node *node = kp_json_member(section, option->name);
	bool none = node == NULL ||
		(node->kind == KP_JSON_KIND_STRING && node->text.len == 0);
	bool said = node != NULL && node->kind == KP_JSON_KIND_STRING &&
		kp_slice_is(node->text, option->text);
	if (!none && !said) {
		kp_json_finding(&reader->document, node,
			"this takes the sentence '%s', or an empty text", option->text);
	}
	*(bool *)member_of(reader->config, option) = said;
}

static void
read_choice(struct kp_config_reader *reader, const struct kp_json_node *section,
	const struct kp_option *option)
{
	char copy[128];
	const char *words[KP_OPTION_CHOICES_MAX];
	size_t count = kp_option_choices(option, copy, sizeof(copy), words);
	size_t index = (size_t)option->value;
	(void)kp_json_get_choice(&reader->document, section, option->name,
		KP_JSON_OPTIONAL, words, count, &index);
	*(unsigned *)member_of(reader->config, option) = (unsigned)index;
}

static void
read_text(struct kp_config_reader *reader, const struct kp_json_node *section,
	const struct kp_option *option)
{
	struct kp_slice text = kp_slice_from(option->text);
	(void)get_text(reader, section, option->name, (size_t)option->max, &text);
	*(struct kp_slice *)member_of(reader->config, option) =
		kp_arena_copy(&reader->config->arena, text);
}

static void
read_path(struct kp_config_reader *reader, const struct kp_json_node *section,
	const struct kp_option *option)
{
	struct kp_slice text = kp_slice_from(option->text);
	(void)get_text(reader, section, option->name, (size_t)option->max, &text);
	*(const char **)member_of(reader->config, option) =
		kp_config_resolve(reader, text);
}

static void
read_option(struct kp_config_reader *reader, const struct kp_json_node *section,
	const struct kp_option *option)
{
	switch (option->kind) {
	case KP_OPTION_NUMBER:
		read_number(reader, section, option);
		break;
	case KP_OPTION_FLAG:
		read_flag(reader, section, option);
		break;
	case KP_OPTION_SENTENCE:
		read_sentence(reader, section, option);
		break;
	case KP_OPTION_CHOICE:
		read_choice(reader, section, option);
		break;
	case KP_OPTION_TEXT:
		read_text(reader, section, option);
		break;
	case KP_OPTION_PATH:
		read_path(reader, section, option);
		break;
	}
}

/* A section that is left out is one without members. */
static void
read_section(struct kp_config_reader *reader, const char *name)
{
	static const struct kp_json_node empty = {.kind = KP_JSON_KIND_OBJECT};
	const char *known[KNOWN_MAX];
	size_t count = 0;
	const struct kp_json_node *section = kp_json_get_object(
		&reader->document, reader->document.root, name, KP_JSON_OPTIONAL);
	for (size_t i = 0; i < kp_option_count(); i++) {
		const struct kp_option *option = kp_option_get(i);
		if (strcmp(option->section, name) == 0) {
			KP_REQUIRE(count < KNOWN_MAX);
			known[count++] = option->name;
			read_option(reader, section == NULL ? &empty : section, option);
		}
	}
	if (section != NULL) {
		(void)kp_json_expect_members(&reader->document, section, known, count);
	}
}

static void
read_members(struct kp_config_reader *reader)
{
	const char *known[KNOWN_MAX] = {
		"listeners", "secrets", "plugins", "quotas", "issuers"};
	size_t count = 5;
	for (size_t i = 0; i < kp_option_section_count(); i++) {
		known[count++] = kp_option_section_get(i)->name;
	}
	(void)kp_json_expect_members(
		&reader->document, reader->document.root, known, count);
}

static const char *
credential_path(struct kp_config_reader *reader, const struct kp_json_node *node,
	struct kp_slice name)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	if (memchr(name.data, '/', name.len) != NULL) {
		kp_json_finding(
			&reader->document, node, "a credential is named without folders");
	} else if (folder == NULL) {
		kp_json_finding(&reader->document, node,
			"CREDENTIALS_DIRECTORY is not set: the program was not started "
			"by systemd "
			"with this credential");
	}
	return kp_arena_printf(&reader->config->arena, "%s/%.*s",
		folder == NULL ? "" : folder, KP_SLICE_ARG(name));
}

static void
read_secret(struct kp_config_reader *reader, const struct kp_json_node *node,
	struct kp_config_secret *secret)
{
	static const char *const known[] = {"file", "credential"};
	struct kp_slice file = {NULL, 0};
	struct kp_slice credential = {NULL, 0};
	if (!kp_json_expect_members(&reader->document, node, known, 2)) {
		return;
	}
	bool has_file = kp_json_get_text(
		&reader->document, node, "file", KP_JSON_OPTIONAL, &file);
	bool has_credential = kp_json_get_text(
		&reader->document, node, "credential", KP_JSON_OPTIONAL, &credential);
	if (has_file == has_credential) {
		kp_json_finding(&reader->document, node,
			"a secret has either a file or a credential");
		return;
	}
	secret->name = kp_arena_copy(&reader->config->arena, node->name);
	secret->credential = has_credential;
	secret->path = has_file ? kp_config_resolve(reader, file)
				: credential_path(reader, node, credential);
}

static enum kp_status
read_secrets(struct kp_config_reader *reader)
{
	const struct kp_json_node *object = kp_json_get_object(
		&reader->document, reader->document.root, "secrets", KP_JSON_OPTIONAL);
	if (object == NULL || object->count == 0) {
		return KP_OK;
	}
	if (object->count > KP_CONFIG_SECRETS_MAX) {
		kp_json_finding(&reader->document, object,
			"%" PRIu32 " secrets are given, and at most %zu are allowed",
			object->count, KP_CONFIG_SECRETS_MAX);
		return KP_OK;
	}
	struct kp_config *config = reader->config;
	config->secrets =
		KP_ARENA_ARRAY(&config->arena, struct kp_config_secret, object->count);
	if (config->secrets == NULL) {
		return KP_E_MEMORY;
	}
	for (const struct kp_json_node *node = object->first; node != NULL;
		node = node->next) {
		if (!kp_json_is_comment(node)) {
			read_secret(
				reader, node, &config->secrets[config->secret_count++]);
		}
	}
	return KP_OK;
}

static enum kp_status
read_plugins(struct kp_config_reader *reader)
{
	struct kp_slice *paths = NULL;
	size_t count = 0;
	if (!kp_json_get_texts(&reader->document, reader->document.root, "plugins",
		    KP_JSON_OPTIONAL, &paths, &count)) {
		return KP_OK;
	}
	if (count > KP_CONFIG_PLUGINS_MAX) {
		kp_json_finding(&reader->document,
			kp_json_member(reader->document.root, "plugins"),
			"%zu plugins are given, and at most %zu are allowed", count,
			KP_CONFIG_PLUGINS_MAX);
		return KP_OK;
	}
	const char **plugins =
		KP_ARENA_ARRAY(&reader->config->arena, const char *, count + 1);
	if (plugins == NULL) {
		return KP_E_MEMORY;
	}
	for (size_t i = 0; i < count; i++) {
		plugins[i] = kp_config_resolve(reader, paths[i]);
	}
	reader->config->plugins = plugins;
	reader->config->plugin_count = count;
	return KP_OK;
}

/* The member of a section, or the section, or the whole: where a finding belongs. */
static const struct kp_json_node *
place_of(const struct kp_config_reader *reader, const char *section, const char *name)
{
	const struct kp_json_node *at = kp_json_member(reader->document.root, section);
	const struct kp_json_node *member = at == NULL ? NULL : kp_json_member(at, name);
	if (member != NULL) {
		return member;
	}
	return at != NULL ? at : reader->document.root;
}

static void
check_order(struct kp_config_reader *reader, const char *section, const char *small_name,
	uint64_t small_value, const char *large_name, uint64_t large_value)
{
	if (small_value > large_value) {
		kp_json_finding(&reader->document, place_of(reader, section, small_name),
			"%s is %" PRIu64 ", above %s, which is %" PRIu64, small_name,
			small_value, large_name, large_value);
	}
}

/* A name that never comes would leave its member empty without a word. */
static bool
is_header_name(struct kp_slice name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
				      "XYZ0123456789-_";
	size_t good = 0;
	while (good < name.len && name.data[good] != '\0' &&
		strchr(allowed, name.data[good]) != NULL) {
		good++;
	}
	return name.len > 0 && good == name.len;
}

static bool
same_header(struct kp_slice a, struct kp_slice b)
{
	return a.len == b.len && a.len > 0 && strncasecmp(a.data, b.data, a.len) == 0;
}

static void
check_header_names(struct kp_config_reader *reader)
{
	const struct kp_config *config = reader->config;
	const struct {
		const char *option;
		struct kp_slice name;
	} headers[] = {
		{"purpose_header", config->identity_purpose_header},
		{"activity_header", config->identity_activity_header},
		{"employee_header", config->identity_employee_header},
		{"organisation_header", config->identity_organisation_header},
		{"mandator_header", config->identity_mandator_header},
		{"roles_header", config->identity_roles_header},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(headers); i++) {
		const struct kp_json_node *place =
			place_of(reader, "identity", headers[i].option);
		if (!is_header_name(headers[i].name)) {
			kp_json_finding(&reader->document, place,
				"a header's name has letters, digits, - and _, and no "
				"other characters");
		}
		for (size_t j = 0; j < i; j++) {
			if (same_header(headers[i].name, headers[j].name)) {
				kp_json_finding(&reader->document, place,
					"%s names the same header", headers[j].option);
			}
		}
	}
}

/* What no single option can say. */
static void
check_together(struct kp_config_reader *reader)
{
	const struct kp_config *config = reader->config;
	check_order(reader, "server", "drain_grace_ms", config->server_drain_grace_ms,
		"drain_timeout_ms", config->server_drain_timeout_ms);
	check_order(reader, "request", "budget_min_ms", config->request_budget_min_ms,
		"budget_default_ms", config->request_budget_default_ms);
	check_order(reader, "request", "budget_default_ms",
		config->request_budget_default_ms, "budget_max_ms",
		config->request_budget_max_ms);
	check_order(reader, "request", "body_bytes_max", config->request_body_bytes_max,
		"http.body_bytes_max", config->http_body_bytes_max);
	check_header_names(reader);
	for (size_t i = 0; i < config->listener_count; i++) {
		if (config->authzen_certification && !config->listeners[i].loopback) {
			kp_json_finding(&reader->document,
				place_of(reader, "authzen", "certification"),
				"certification believes every caller and is allowed on "
				"loopback only, but listener %zu is not",
				i + 1);
		}
		if (config->identity_development && !config->listeners[i].loopback) {
			kp_json_finding(&reader->document,
				place_of(reader, "identity", "development"),
				"the development identity believes anybody and is "
				"allowed on "
				"loopback only, but listener %zu is on '%s'",
				i + 1,
				config->listeners[i].host == NULL
					? "?"
					: config->listeners[i].host);
		}
	}
}

static enum kp_status
read_all(struct kp_config_reader *reader)
{
	if (!kp_json_expect(
		    &reader->document, reader->document.root, KP_JSON_KIND_OBJECT)) {
		return KP_E_CONFIG;
	}
	read_members(reader);
	for (size_t i = 0; i < kp_option_section_count(); i++) {
		read_section(reader, kp_option_section_get(i)->name);
	}
	enum kp_status status = kp_config_read_listeners(reader);
	if (status == KP_OK) {
		status = read_secrets(reader);
	}
	if (status == KP_OK) {
		status = read_plugins(reader);
	}
	if (status == KP_OK) {
		status = kp_config_read_quotas(&reader->document, reader->config);
	}
	if (status == KP_OK) {
		status = kp_config_read_issuers(&reader->document, reader->config);
	}
	if (status == KP_OK) {
		check_together(reader);
	}
	return status;
}

static struct kp_config *
make_config(struct kp_slice text, const char *path)
{
	struct kp_config *config = kp_heap_calloc(1, sizeof(*config));
	if (config == NULL) {
		return NULL;
	}
	config->refs = 1;
	kp_arena_init(&config->arena, KP_CONFIG_ARENA_BYTES_MAX, NULL);
	const char *slash = strrchr(path, '/');
	struct kp_slice folder = {path, slash == NULL ? 0 : (size_t)(slash - path)};
	if (slash == NULL || slash == path) {
		folder = slash == NULL ? KP_SLICE(".") : KP_SLICE("/");
	}
	config->path = kp_arena_strdup(&config->arena, path);
	config->folder = kp_arena_copy(&config->arena, folder).data;
	config->text = kp_arena_copy(&config->arena, text);
	if (config->path == NULL || config->folder == NULL || config->text.data == NULL) {
		kp_config_unref(&config);
		return NULL;
	}
	kp_sha256(&text, 1, config->digest);
	return config;
}

/* An option whose copy found no room. */
static bool
out_of_memory(struct kp_config *config)
{
	for (size_t i = 0; i < kp_option_count(); i++) {
		const struct kp_option *option = kp_option_get(i);
		const void *member = member_of(config, option);
		if ((option->kind == KP_OPTION_PATH &&
			    *(const char *const *)member == NULL) ||
			(option->kind == KP_OPTION_TEXT &&
				((const struct kp_slice *)member)->data == NULL)) {
			return true;
		}
	}
	for (size_t i = 0; i < config->secret_count; i++) {
		if (config->secrets[i].path == NULL ||
			config->secrets[i].name.data == NULL) {
			return true;
		}
	}
	return false;
}

enum kp_status
kp_config_parse(struct kp_slice text, const char *path, struct kp_findings *findings,
	struct kp_config **ret_config)
{
	size_t before = findings->count + findings->dropped;
	struct kp_config_reader reader = {.config = make_config(text, path)};
	if (reader.config == NULL) {
		return KP_E_MEMORY;
	}
	struct kp_config *config = reader.config;
	enum kp_status status = kp_json_document_load(
		&config->arena, config->path, config->text, findings, &reader.document);
	if (status == KP_OK) {
		status = read_all(&reader);
	}
	if (findings->count + findings->dropped > before) {
		status = KP_E_CONFIG;
	} else if (status == KP_OK && out_of_memory(config)) {
		status = KP_E_MEMORY;
	}
	if (status != KP_OK) {
		kp_config_unref(&config);
		return status;
	}
	*ret_config = config;
	return KP_OK;
}

struct kp_config *
kp_config_ref(struct kp_config *config)
{
	(void)__atomic_add_fetch(&config->refs, 1, __ATOMIC_RELAXED);
	return config;
}

void
kp_config_unref(struct kp_config **config)
{
	struct kp_config *gone = *config;
	*config = NULL;
	if (gone == NULL || __atomic_sub_fetch(&gone->refs, 1, __ATOMIC_ACQ_REL) > 0) {
		return;
	}
	kp_arena_deinit(&gone->arena);
	kp_heap_free(gone);
}

struct kp_slice
kp_config_secret(void *config, struct kp_slice name)
{
	const struct kp_config *with = config;
	for (size_t i = 0; i < with->secret_count; i++) {
		if (kp_slice_equal(with->secrets[i].name, name)) {
			return with->secrets[i].value;
		}
	}
	return (struct kp_slice){NULL, 0};
}
