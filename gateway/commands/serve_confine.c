/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* serve_confine: see serve_confine.h. */
#include "serve_confine.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/attr.h"
#include "io/privilege.h"
#include "io/stream.h"
#include "source/source_private.h"

#define PATHS_MAX 256u

/* --- addresses --- */

static enum kp_status
bind_all(const struct kp_service *service, unsigned loops,
	struct kp_server_listen *listen, int *sockets, struct kp_error *err)
{
	int given = kp_service_socket(service, listen->host, listen->port);
	for (unsigned i = 0; i < loops; i++) {
		enum kp_status status = given >= 0
			? kp_service_copy(given, &sockets[i], err)
			: kp_listener_bind(listen->host, listen->port, &sockets[i],
				  &listen->port, err);
		if (status != KP_OK) {
			return kp_error_wrap(err, "'%.48s' port %u", listen->host,
				(unsigned)listen->port);
		}
	}
	listen->sockets = sockets;
	return KP_OK;
}

enum kp_status
kp_serve_bind(struct kp_config *config, const struct kp_service *service, unsigned loops,
	struct kp_server_listen listens[KP_SERVER_LISTENS_MAX], struct kp_error *err)
{
	if (config->listener_count > KP_SERVER_LISTENS_MAX) {
		return kp_error_set(err, KP_E_CONFIG,
			"%zu listeners are above the limit %u", config->listener_count,
			KP_SERVER_LISTENS_MAX);
	}
	int *sockets = KP_ARENA_ARRAY(&config->arena, int, config->listener_count *loops);
	if (sockets == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for sockets");
	}
	enum kp_status status = KP_OK;
	for (size_t i = 0; status == KP_OK && i < config->listener_count; i++) {
		const struct kp_config_listener *listener = &config->listeners[i];
		listens[i] = (struct kp_server_listen){
			.host = listener->host,
			.port = listener->port,
			.serves = listener->serves,
			.local = listener->loopback && listener->tls == NULL,
		};
		status = bind_all(service, loops, &listens[i], sockets + i * loops, err);
	}
	return status;
}

/* --- files --- */

/* Twice the paths that are listed. */
#define SIGHT_BYTES_MAX ((size_t)2 * PATHS_MAX * PATH_MAX)

struct path_list {
	struct kp_arena *arena;
	struct kp_privilege_path items[PATHS_MAX];
	size_t count;
	bool failed;
};

static void
add(struct path_list *list, const char *path, bool write)
{
	if (path == NULL || list->count == PATHS_MAX) {
		list->failed = true;
	} else if (path[0] != '\0') {
		list->items[list->count++] =
			(struct kp_privilege_path){.path = path, .write = write};
	}
}

/* Files are replaced by renaming another to their name, so it is the folder that counts.
 */
static void
add_folder_of(struct path_list *list, const char *path, bool write)
{
	const char *slash = path == NULL ? NULL : strrchr(path, '/');
	if (slash == NULL) {
		if (path == NULL || path[0] != '\0') {
			add(list, path == NULL ? NULL : ".", write);
		}
		return;
	}
	struct kp_slice folder = {path, slash == path ? 1 : (size_t)(slash - path)};
	add(list, kp_arena_copy(list->arena, folder).data, write);
}

/* "/a:/b" */
static void
add_listed(struct path_list *list, struct kp_slice paths, bool write)
{
	while (paths.len > 0) {
		const char *colon = memchr(paths.data, ':', paths.len);
		size_t len = colon == NULL ? paths.len : (size_t)(colon - paths.data);
		struct kp_slice path = {paths.data, len};
		size_t used = colon == NULL ? len : len + 1;
		if (len > 0) {
			add(list, kp_arena_copy(list->arena, path).data, write);
		}
		paths = (struct kp_slice){paths.data + used, paths.len - used};
	}
}

static void
add_tls(struct path_list *list, const struct kp_tls_server_options *tls)
{
	for (size_t i = 0; i < tls->certificate_count; i++) {
		const struct kp_tls_certificate *certificate = &tls->certificates[i];
		const char *const files[] = {certificate->certificate.path,
			certificate->key.path, certificate->ocsp.path};
		for (size_t j = 0; j < KP_ARRAY_LEN(files); j++) {
			if (files[j] != NULL && strncmp(files[j], "pkcs11:", 7) != 0) {
				add_folder_of(list, files[j], false);
			}
		}
	}
	if (tls->anchors.path != NULL) {
		add_folder_of(list, tls->anchors.path, false);
	}
	for (size_t i = 0; i < tls->crl_count; i++) {
		add_folder_of(list, tls->crls[i].path, false);
	}
}

/* The texts of an issuer have a NUL behind them. */
static void
add_issuer(struct path_list *list, const struct kp_issuer *issuer)
{
	const struct kp_slice files[] = {issuer->keys_file, issuer->anchor_file,
		issuer->certificate_file, issuer->key_file};
	for (size_t i = 0; i < KP_ARRAY_LEN(files); i++) {
		add_folder_of(list, files[i].data, false);
	}
}

static void
add_configured(struct path_list *list, const struct kp_config *config)
{
	add(list, config->folder, false);
	add(list, config->policies_folder, false);
	add(list, config->sources_folder, false);
	add(list, config->authzen_policy_set, false);
	add_folder_of(list, config->policies_signers_file, false);
	add_folder_of(list, config->pseudonym_key_file, false);
	for (size_t i = 0; i < config->secret_count; i++) {
		add_folder_of(list, config->secrets[i].path, false);
	}
	for (size_t i = 0; i < config->plugin_count; i++) {
		add_folder_of(list, config->plugins[i], false);
	}
	for (size_t i = 0; i < config->listener_count; i++) {
		if (config->listeners[i].tls != NULL) {
			add_tls(list, config->listeners[i].tls);
		}
	}
	for (size_t i = 0; i < config->issuer_count; i++) {
		add_issuer(list, &config->issuers[i]);
	}
	add_folder_of(list, config->identity_revoked_file, false);
	add_folder_of(list, config->pkcs11_module, false);
	add_folder_of(list, config->journal_file, true);
	add_folder_of(list, config->log_file, true);
	add_listed(list, config->process_readable, false);
	add_listed(list, config->process_writable, true);
}

/* What the C library, OpenSSL, the resolver and shared objects read. */
static void
add_system(struct path_list *list)
{
	static const char *const paths[] = {"/etc", "/usr", "/lib", "/lib64",
		"/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager",
		"/dev/urandom", "/dev/random", "/sys/devices/system/cpu",
		"/proc/sys/vm/overcommit_memory"};
	for (size_t i = 0; i < KP_ARRAY_LEN(paths); i++) {
		add(list, paths[i], false);
	}
	add(list, "/dev/null", true);
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	if (credentials != NULL) {
		add(list, credentials, false);
	}
}

static bool
is_below(const char *path, const char *folder)
{
	char real[PATH_MAX];
	if (realpath(folder, real) == NULL) {
		return false;
	}
	size_t len = strlen(real);
	return strncmp(path, real, len) == 0 &&
		(path[len] == '\0' || path[len] == '/' || len == 1);
}

static bool
sees(const struct path_list *list, const char *folder)
{
	char real[PATH_MAX];
	/* One that is not there yet is another matter. */
	bool seen = realpath(folder, real) == NULL;
	for (size_t i = 0; !seen && i < list->count; i++) {
		seen = is_below(real, list->items[i].path);
	}
	return seen;
}

void
kp_serve_find_unseen(const struct kp_config *config, const struct kp_source_set *sources,
	struct kp_findings *findings)
{
	struct kp_arena arena;
	kp_arena_init(&arena, SIGHT_BYTES_MAX, NULL);
	struct path_list list = {.arena = &arena};
	add_configured(&list, config);
	add_system(&list);
	for (size_t i = 0; config->process_confine_files && !list.failed &&
		i < kp_source_set_count(sources);
		i++) {
		const struct kp_source_private *private =
			kp_source_set_get(sources, i)->private;
		struct path_list own = {.arena = &arena};
		add_folder_of(&own, private->path == NULL ? "" : private->path, false);
		if (own.count == 0 || sees(&list, own.items[0].path)) {
			continue;
		}
		struct kp_error err;
		(void)kp_error_set(&err, KP_E_CONFIG,
			"the gateway will not see '%s': name that folder in "
			"process.readable",
			own.items[0].path);
		kp_error_at(&err, private->file, 0, 0, "/file/path");
		kp_findings_add(findings, &err);
	}
	kp_arena_deinit(&arena);
}

void
kp_serve_warn_of_unseen(const struct kp_config *config,
	const struct kp_source_set *sources, const struct kp_log *log)
{
	struct kp_findings unseen;
	kp_findings_init(&unseen, KP_CONFIG_FINDINGS_MAX);
	kp_serve_find_unseen(config, sources, &unseen);
	for (size_t i = 0; i < unseen.count; i++) {
		kp_log_error(log, KP_LOG_LEVEL_WARN, KP_LOG_AREA_SOURCE,
			"an export is out of sight", &unseen.items[i]);
	}
	kp_findings_deinit(&unseen);
}

static enum kp_status
confine_files(struct kp_config *config, unsigned *ret_landlock, struct kp_error *err)
{
	struct path_list list = {.arena = &config->arena};
	add_configured(&list, config);
	add_system(&list);
	if (list.failed) {
		return kp_error_set(err, KP_E_LIMIT,
			"more than %u folders are to be seen", PATHS_MAX);
	}
	return kp_privilege_confine_files(list.items, list.count, ret_landlock, err);
}

/* --- all of it --- */

enum kp_status
kp_serve_become_user(struct kp_config *config, struct kp_error *err)
{
	const char *user = kp_arena_printf(
		&config->arena, "%.*s", KP_SLICE_ARG(config->process_user));
	const char *group = kp_arena_printf(
		&config->arena, "%.*s", KP_SLICE_ARG(config->process_group));
	if (user == NULL || group == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for a name");
	}
	return kp_privilege_drop(user, group, err);
}

enum kp_status
kp_serve_confine_files(
	struct kp_config *config, unsigned *ret_landlock, struct kp_error *err)
{
	*ret_landlock = 0;
	if (!config->process_confine_files || kp_privilege_hindrance() != NULL) {
		return KP_OK;
	}
	return confine_files(config, ret_landlock, err);
}

static void
tell(const struct kp_config *config, unsigned landlock, const struct kp_log *log)
{
	const char *hindrance = kp_privilege_hindrance();
	if (kp_privilege_is_root()) {
		KP_LOG_PLAIN(log, WARN, PROCESS,
			"running as root: name a user in process.user");
	}
	if (hindrance != NULL) {
		KP_LOG(log, WARN, PROCESS, "neither files nor system calls are confined",
			kp_log_cstr(KP_LOG_STATE, hindrance));
		return;
	}
	if (config->process_confine_files && landlock == 0) {
		KP_LOG_PLAIN(log, WARN, PROCESS,
			"files are not confined: this kernel has no Landlock");
	}
}

enum kp_status
kp_serve_confine_calls(const struct kp_config *config, unsigned landlock,
	const struct kp_log *log, struct kp_error *err)
{
	tell(config, landlock, log);
	if (kp_privilege_hindrance() != NULL) {
		return KP_OK;
	}
	return kp_privilege_confine_calls(
		(enum kp_privilege_calls)config->process_unknown_calls, err);
}
