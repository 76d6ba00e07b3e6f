/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* config_files: the files a configuration consists of and points to; see config.h. All
 * blocking, all through io/file.h, so that a scenario can supply them. */
#include "config/config.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/json_document.h"
#include "io/file.h"

#define POLICY_FILES_MAX ((size_t)4096)
#define POLICY_FILE_BYTES_MAX ((size_t)16 << 20)
#define MANIFEST_BYTES_MAX ((size_t)4 << 20)
#define KEY_FILE_BYTES_MAX ((size_t)65536)

/* A fault of a file as a finding; the file's name is the place when it has none. */
static void
add_finding(struct kp_findings *findings, const struct kp_error *err, const char *path)
{
	struct kp_error finding = *err;
	if (finding.file[0] == '\0') {
		kp_error_at(&finding, path, 0, 0, NULL);
	}
	kp_findings_add(findings, &finding);
}

enum kp_status
kp_config_load(
	const char *path, struct kp_findings *findings, struct kp_config **ret_config)
{
	struct kp_arena arena;
	kp_arena_init(&arena, 2 * KP_CONFIG_BYTES_MAX, NULL);
	struct kp_slice text = {NULL, 0};
	struct kp_error err = {0};
	enum kp_status status =
		kp_file_read_all(path, &arena, KP_CONFIG_BYTES_MAX, &text, &err);
	if (status != KP_OK) {
		add_finding(findings, &err, path);
		status = status == KP_E_MEMORY ? status : KP_E_CONFIG;
	} else {
		status = kp_config_parse(text, path, findings, ret_config);
	}
	kp_arena_deinit(&arena);
	return status;
}

/* A secret that others may read is none. A file that is not there is found on reading. */
static void
check_mode(const char *path, struct kp_findings *findings)
{
	struct stat found;
	if (stat(path, &found) != 0 || (found.st_mode & (S_IRWXG | S_IRWXO)) == 0) {
		return;
	}
	struct kp_error err;
	(void)kp_error_set(&err, KP_E_CONFIG,
		"others than the owner may use this secret (mode %04o); make it 0600",
		(unsigned)(found.st_mode & 07777));
	add_finding(findings, &err, path);
}

static void
read_secret(struct kp_config *config, struct kp_config_secret *secret,
	struct kp_findings *findings)
{
	struct kp_error err = {0};
	struct kp_slice value = {NULL, 0};
	if (kp_file_read_all(secret->path, &config->arena, KP_CONFIG_SECRET_BYTES_MAX,
		    &value, &err) != KP_OK) {
		(void)kp_error_wrap(&err, "secret '%.*s'", KP_SLICE_ARG(secret->name));
		add_finding(findings, &err, secret->path);
		return;
	}
	if (!secret->credential) {
		check_mode(secret->path, findings);
	}
	if (value.len > 0 && value.data[value.len - 1] == '\n') {
		value.len--;
	}
	if (value.len == 0) {
		(void)kp_error_set(&err, KP_E_CONFIG, "secret '%.*s' is empty",
			KP_SLICE_ARG(secret->name));
		add_finding(findings, &err, secret->path);
		return;
	}
	secret->value = value;
}

/* Lifetime: one reading of a key file. */
struct key_reader {
	struct kp_json_document document;
	struct kp_config *config;
};

static void
read_key(struct key_reader *reader, const struct kp_json_node *node,
	struct kp_pseudonym_key *key)
{
	static const char *const known[] = {"id", "key"};
	(void)kp_json_expect_members(&reader->document, node, known, 2);
	(void)kp_json_get_text(&reader->document, node, "id", KP_JSON_REQUIRED, &key->id);
	struct kp_slice text = {NULL, 0};
	size_t size = 0;
	if (!kp_json_get_text(&reader->document, node, "key", KP_JSON_REQUIRED, &text)) {
		return;
	}
	if (!kp_base64url_read(text, key->key, sizeof(key->key), &size) ||
		size != sizeof(key->key)) {
		/* The finding must not show the key. */
		kp_json_finding(&reader->document, kp_json_member(node, "key"),
			"a key is %zu bytes as %zu characters of base64url without "
			"padding",
			sizeof(key->key), KP_BASE64URL_LEN(sizeof(key->key)));
	}
}

static void
find_current(struct key_reader *reader, struct kp_slice current)
{
	struct kp_config *config = reader->config;
	size_t found = 0;
	for (size_t i = 0; i < config->pseudonym_key_count; i++) {
		if (kp_slice_equal(config->pseudonym_keys[i].id, current)) {
			config->pseudonym_key_current = i;
			found++;
		}
	}
	if (found != 1) {
		kp_json_finding(&reader->document,
			kp_json_member(reader->document.root, "current"),
			"%zu keys have this id, and exactly one must", found);
	}
}

static enum kp_status
read_keys(struct key_reader *reader)
{
	static const char *const known[] = {"current", "keys"};
	const struct kp_json_node *root = reader->document.root;
	if (!kp_json_expect_members(&reader->document, root, known, 2)) {
		return KP_E_CONFIG;
	}
	struct kp_slice current = {NULL, 0};
	bool has_current = kp_json_get_text(
		&reader->document, root, "current", KP_JSON_REQUIRED, &current);
	const struct kp_json_node *keys =
		kp_json_get_array(&reader->document, root, "keys", KP_JSON_REQUIRED);
	if (keys == NULL) {
		return KP_E_CONFIG;
	}
	if (keys->count == 0 || keys->count > KP_PSEUDONYM_KEYS_MAX) {
		kp_json_finding(&reader->document, keys, "1 to %zu keys are needed",
			KP_PSEUDONYM_KEYS_MAX);
		return KP_E_CONFIG;
	}
	struct kp_config *config = reader->config;
	config->pseudonym_keys =
		KP_ARENA_ARRAY(&config->arena, struct kp_pseudonym_key, keys->count);
	if (config->pseudonym_keys == NULL) {
		return KP_E_MEMORY;
	}
	for (const struct kp_json_node *node = keys->first; node != NULL;
		node = node->next) {
		read_key(reader, node,
			&config->pseudonym_keys[config->pseudonym_key_count++]);
	}
	if (has_current) {
		find_current(reader, current);
	}
	return KP_OK;
}

static enum kp_status
read_key_file(struct kp_config *config, struct kp_findings *findings)
{
	const char *path = config->pseudonym_key_file;
	struct kp_slice text = {NULL, 0};
	struct kp_error err = {0};
	if (kp_file_read_all(path, &config->arena, KEY_FILE_BYTES_MAX, &text, &err) !=
		KP_OK) {
		(void)kp_error_wrap(&err, "pseudonym keys");
		add_finding(findings, &err, path);
		return KP_OK;
	}
	check_mode(path, findings);
	struct key_reader reader = {.config = config};
	enum kp_status status = kp_json_document_load(
		&config->arena, path, text, findings, &reader.document);
	if (status == KP_OK) {
		status = read_keys(&reader);
	}
	return status == KP_E_MEMORY ? status : KP_OK;
}

/* An issuer names the secret that its introspection needs. */
static void
resolve_issuer(
	struct kp_config *config, struct kp_issuer *issuer, struct kp_findings *findings)
{
	if (issuer->introspection_secret.len == 0) {
		return;
	}
	struct kp_slice value = kp_config_secret(config, issuer->introspection_secret);
	if (value.len == 0) {
		struct kp_error err;
		(void)kp_error_set(&err, KP_E_CONFIG,
			"issuer '%.*s': there is no secret '%.*s'",
			KP_SLICE_ARG(issuer->issuer),
			KP_SLICE_ARG(issuer->introspection_secret));
		kp_error_at(&err, config->path, 0, 0, "/issuers");
		kp_findings_add(findings, &err);
	}
	issuer->introspection_secret = value;
}

enum kp_status
kp_config_read_secrets(struct kp_config *config, struct kp_findings *findings)
{
	size_t before = findings->count + findings->dropped;
	for (size_t i = 0; i < config->secret_count; i++) {
		read_secret(config, &config->secrets[i], findings);
	}
	for (size_t i = 0; i < config->issuer_count; i++) {
		resolve_issuer(config, &config->issuers[i], findings);
	}
	enum kp_status status = read_key_file(config, findings);
	if (status != KP_OK) {
		return status;
	}
	return findings->count + findings->dropped > before ? KP_E_CONFIG : KP_OK;
}

static bool
ends_with(struct kp_slice name, const char *suffix)
{
	struct kp_slice end = kp_slice_from(suffix);
	return name.len > end.len &&
		memcmp(name.data + name.len - end.len, end.data, end.len) == 0;
}

static bool
is_policy_file(struct kp_slice name)
{
	return ends_with(name, ".cedar") || ends_with(name, ".json") ||
		ends_with(name, ".cedarschema");
}

static bool
is_manifest(struct kp_slice name)
{
	return ends_with(name, ".json") && memchr(name.data, '/', name.len) == NULL;
}

/* Lifetime: one reading of a folder. */
struct folder {
	const char *path;
	bool (*wanted)(struct kp_slice name);
	size_t count_max;
	size_t bytes_max;
	struct kp_arena *arena;
	struct kp_findings *findings;
};

static enum kp_status
read_one(const struct folder *folder, struct kp_slice name, struct kp_config_file *file)
{
	file->name = kp_arena_copy(folder->arena, name).data;
	char *path = kp_arena_printf(
		folder->arena, "%s/%.*s", folder->path, KP_SLICE_ARG(name));
	if (file->name == NULL || path == NULL) {
		return KP_E_MEMORY;
	}
	struct kp_error err = {0};
	enum kp_status status = kp_file_read_all(
		path, folder->arena, folder->bytes_max, &file->text, &err);
	if (status != KP_OK && status != KP_E_MEMORY) {
		add_finding(folder->findings, &err, path);
		return KP_OK;
	}
	return status;
}

static enum kp_status
read_folder(
	const struct folder *folder, struct kp_config_file **ret_files, size_t *ret_count)
{
	size_t before = folder->findings->count + folder->findings->dropped;
	struct kp_slice *names = NULL;
	size_t name_count = 0;
	struct kp_error err = {0};
	enum kp_status status = kp_file_list(folder->path, folder->arena,
		folder->count_max, &names, &name_count, &err);
	if (status != KP_OK) {
		add_finding(folder->findings, &err, folder->path);
		return status == KP_E_MEMORY ? status : KP_E_CONFIG;
	}
	struct kp_config_file *files =
		KP_ARENA_ARRAY(folder->arena, struct kp_config_file, name_count + 1);
	if (files == NULL) {
		return KP_E_MEMORY;
	}
	size_t count = 0;
	for (size_t i = 0; i < name_count; i++) {
		if (!folder->wanted(names[i])) {
			continue;
		}
		status = read_one(folder, names[i], &files[count]);
		if (status != KP_OK) {
			return status;
		}
		count++;
	}
	if (folder->findings->count + folder->findings->dropped > before) {
		return KP_E_CONFIG;
	}
	*ret_files = files;
	*ret_count = count;
	return KP_OK;
}

static enum kp_status
read_policy_folder(const char *path, struct kp_arena *arena, struct kp_findings *findings,
	struct kp_config_file **ret_files, size_t *ret_count)
{
	struct folder folder = {.path = path,
		.wanted = is_policy_file,
		.count_max = POLICY_FILES_MAX,
		.bytes_max = POLICY_FILE_BYTES_MAX,
		.arena = arena,
		.findings = findings};
	return read_folder(&folder, ret_files, ret_count);
}

enum kp_status
kp_config_read_policies(const struct kp_config *config, struct kp_arena *arena,
	struct kp_findings *findings, struct kp_config_file **ret_files,
	size_t *ret_count)
{
	return read_policy_folder(
		config->policies_folder, arena, findings, ret_files, ret_count);
}

enum kp_status
kp_config_read_policy_set(const struct kp_config *config, struct kp_arena *arena,
	struct kp_findings *findings, struct kp_config_file **ret_files,
	size_t *ret_count)
{
	return read_policy_folder(
		config->authzen_policy_set, arena, findings, ret_files, ret_count);
}

enum kp_status
kp_config_read_manifests(const struct kp_config *config, struct kp_arena *arena,
	struct kp_findings *findings, struct kp_config_file **ret_files,
	size_t *ret_count)
{
	struct folder folder = {.path = config->sources_folder,
		.wanted = is_manifest,
		.count_max = (size_t)config->sources_count_max,
		.bytes_max = MANIFEST_BYTES_MAX,
		.arena = arena,
		.findings = findings};
	return read_folder(&folder, ret_files, ret_count);
}

/* A key in a token has no path in the file system. */
static bool
is_file(const char *path)
{
	return path != NULL && path[0] != '\0' && strncmp(path, "pkcs11:", 7) != 0;
}

enum kp_status
kp_config_private_paths(const struct kp_config *config, struct kp_arena *arena,
	const char *const **ret_paths)
{
	size_t most = config->secret_count + 4;
	for (size_t i = 0; i < config->listener_count; i++) {
		const struct kp_tls_server_options *tls = config->listeners[i].tls;
		most += tls == NULL ? 0 : tls->certificate_count;
	}
	const char **paths = KP_ARENA_ARRAY(arena, const char *, most);
	if (paths == NULL) {
		return KP_E_MEMORY;
	}
	size_t count = 0;
	paths[count++] = config->folder;
	paths[count++] = config->journal_file;
	paths[count++] = config->pseudonym_key_file;
	for (size_t i = 0; i < config->secret_count; i++) {
		paths[count++] = config->secrets[i].path;
	}
	for (size_t i = 0; i < config->listener_count; i++) {
		const struct kp_tls_server_options *tls = config->listeners[i].tls;
		for (size_t j = 0; tls != NULL && j < tls->certificate_count; j++) {
			paths[count++] = tls->certificates[j].key.path;
		}
	}
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (is_file(paths[i])) {
			paths[kept++] = paths[i];
		}
	}
	paths[kept] = NULL;
	*ret_paths = paths;
	return KP_OK;
}
