/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* registry: see registry.h. */
#include "connectors/registry.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The connectors that are linked in. To add one: its declaration and a row. */
extern const struct kp_connector kp_connector_rest;
extern const struct kp_connector kp_connector_soap;
extern const struct kp_connector kp_connector_file;
extern const struct kp_connector kp_connector_sql;

static const struct kp_connector *const linked[] = {
	&kp_connector_rest,
	&kp_connector_soap,
	&kp_connector_file,
	&kp_connector_sql,
};

#define NAME_BYTES_MAX 32
#define CALL_BYTES_MAX ((size_t)1 << 20)

_Static_assert(KP_ARRAY_LEN(linked) <= KP_REGISTRY_LINKED_MAX, "there is room for these");

void
kp_registry_init(struct kp_registry *registry)
{
	memset(registry, 0, sizeof(*registry));
	for (size_t i = 0; i < KP_ARRAY_LEN(linked); i++) {
		registry->connectors[registry->count++] = linked[i];
	}
}

void
kp_registry_deinit(struct kp_registry *registry)
{
	for (size_t i = 0; i < registry->handle_count; i++) {
		(void)dlclose(registry->handles[i]);
	}
	memset(registry, 0, sizeof(*registry));
}

static bool
name_fits(const char *name)
{
	size_t len = name == NULL ? 0 : strnlen(name, NAME_BYTES_MAX + 1);
	for (size_t i = 0; i < len; i++) {
		char byte = name[i];
		bool fine = (byte >= 'a' && byte <= 'z') || byte == '_' || byte == '-' ||
			(byte >= '0' && byte <= '9' && i > 0);
		if (!fine) {
			return false;
		}
	}
	return len > 0 && len <= NAME_BYTES_MAX;
}

const char *
kp_registry_fault(const struct kp_connector *connector)
{
	if (connector->abi_major != KP_CONNECTOR_ABI_MAJOR) {
		return "it speaks another major version of the connector ABI";
	}
	if (connector->abi_minor > KP_CONNECTOR_ABI_MINOR) {
		return "it was built for a newer gateway (minor version of the ABI)";
	}
	if (connector->size < sizeof(struct kp_connector)) {
		return "its table is shorter than version 1.0 has it";
	}
	if (!name_fits(connector->name) || connector->summary == NULL) {
		return "it has no good name (a-z, 0-9, - and _, at most 32) or no "
		       "summary";
	}
	if (connector->open == NULL || connector->close == NULL ||
		connector->offers == NULL || connector->prepare == NULL ||
		connector->head == NULL || connector->consume == NULL ||
		connector->finish == NULL || connector->end == NULL) {
		return "one of its functions is missing";
	}
	if (connector->transport == KP_TRANSPORT_FILE && connector->scan == NULL) {
		return "a connector for files needs a scan function";
	}
	if ((unsigned)connector->transport > KP_TRANSPORT_SQL) {
		return "its transport is not known";
	}
	if (connector->call_size > CALL_BYTES_MAX ||
		connector->scan_size > CALL_BYTES_MAX) {
		return "it asks for more than 1 MiB of memory per call";
	}
	return NULL;
}

/* Another version: which, and what to do about it. */
static enum kp_status
refuse_version(
	const struct kp_connector *connector, const char *path, struct kp_error *err)
{
	return kp_error_set(err, KP_E_CONFIG,
		"connector '%.100s' is not used: it was built for version %u.%u of the "
		"connector ABI, and this gateway has %u.%u; build it again with this "
		"gateway's connector.h",
		path, (unsigned)connector->abi_major, (unsigned)connector->abi_minor,
		KP_CONNECTOR_ABI_MAJOR, KP_CONNECTOR_ABI_MINOR);
}

/* Only root and this user itself could have put something else there, as far as owner and
 * mode tell. In a sticky folder everybody may write, and only the owner replace. */
static bool
others_may_replace(const struct stat *found)
{
	bool theirs = found->st_uid != 0 && found->st_uid != geteuid();
	mode_t open = S_IWOTH | (found->st_gid == getegid() ? 0 : S_IWGRP);
	bool sticky = S_ISDIR(found->st_mode) && (found->st_mode & S_ISVTX) != 0;
	return theirs || ((found->st_mode & open) != 0 && !sticky);
}

/* Each folder on the way, as this path names it. */
static enum kp_status
check_folders(const char *path, struct kp_error *err)
{
	char folder[PATH_MAX];
	struct stat found;
	for (const char *at = strchr(path, '/'); at != NULL; at = strchr(at + 1, '/')) {
		size_t len = at == path ? 1 : (size_t)(at - path);
		if (len >= sizeof(folder)) {
			return kp_error_set(err, KP_E_CONFIG,
				"connector '%.100s' is not used: its path is too long",
				path);
		}
		memcpy(folder, path, len);
		folder[len] = '\0';
		if (stat(folder, &found) == 0 && others_may_replace(&found)) {
			return kp_error_set(err, KP_E_CONFIG,
				"connector '%.100s' is not used: another user may put "
				"another in its place, by folder '%.100s' (owner %u, "
				"mode %04o)",
				path, folder, (unsigned)found.st_uid,
				(unsigned)(found.st_mode & 07777));
		}
	}
	return KP_OK;
}

/* As the path names it, and where symbolic links lead. */
static enum kp_status
check_ways(const char *path, struct kp_error *err)
{
	char real[PATH_MAX];
	if (realpath(path, real) == NULL) {
		return kp_error_set(err, KP_E_CONFIG,
			"connector '%.100s' is not used: where its path leads cannot be "
			"told: %s",
			path, strerror(errno));
	}
	return check_folders(path, err) != KP_OK ? KP_E_CONFIG : check_folders(real, err);
}

/* It runs as the gateway, so nobody else may have a hand in it. */
static enum kp_status
check_path(const char *path, struct kp_error *err)
{
	struct stat found;
	if (strchr(path, '/') == NULL) {
		return kp_error_set(err, KP_E_CONFIG,
			"connector '%s' is not used: say where it is (./%.64s); it is "
			"looked for nowhere else",
			path, path);
	}
	if (stat(path, &found) != 0) {
		return KP_OK; /* dlopen says why */
	}
	if ((found.st_mode & S_IWOTH) != 0) {
		return kp_error_set(err, KP_E_CONFIG,
			"connector '%s' is not used: everybody may write it (mode %04o); "
			"chmod o-w",
			path, (unsigned)(found.st_mode & 07777));
	}
	if (others_may_replace(&found)) {
		return kp_error_set(err, KP_E_CONFIG,
			"connector '%s' is not used: another user may write it (owner "
			"%u, group %u, mode %04o)",
			path, (unsigned)found.st_uid, (unsigned)found.st_gid,
			(unsigned)(found.st_mode & 07777));
	}
	return check_ways(path, err);
}

enum kp_status
kp_registry_load(struct kp_registry *registry, const char *path, struct kp_error *err)
{
	const char *fault = NULL;
	if (check_path(path, err) != KP_OK) {
		return KP_E_CONFIG;
	}
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL) {
		const char *why = dlerror();
		return kp_error_set(err, KP_E_CONFIG,
			"connector '%s' cannot be loaded: %s", path,
			why == NULL ? "no reason given" : why);
	}
	const struct kp_connector *connector = dlsym(handle, "kp_connector");
	if (connector == NULL) {
		fault = "it exports no 'kp_connector'";
	} else if (connector->abi_major != KP_CONNECTOR_ABI_MAJOR ||
		connector->abi_minor > KP_CONNECTOR_ABI_MINOR) {
		enum kp_status status = refuse_version(connector, path, err);
		(void)dlclose(handle);
		return status;
	} else {
		fault = kp_registry_fault(connector);
	}
	if (fault == NULL &&
		kp_registry_find(registry, kp_slice_from(connector->name)) != NULL) {
		fault = "there is a connector of that name already";
	}
	if (fault == NULL && registry->handle_count == KP_REGISTRY_LOADED_MAX) {
		fault = "64 others are loaded, as many as there may be";
	}
	if (fault != NULL) {
		enum kp_status status = kp_error_set(
			err, KP_E_CONFIG, "connector '%s' is not used: %s", path, fault);
		(void)dlclose(handle);
		return status;
	}
	registry->connectors[registry->count++] = connector;
	registry->handles[registry->handle_count++] = handle;
	return KP_OK;
}

const struct kp_connector *
kp_registry_find(const struct kp_registry *registry, struct kp_slice name)
{
	for (size_t i = 0; i < registry->count; i++) {
		if (kp_slice_is(name, registry->connectors[i]->name)) {
			return registry->connectors[i];
		}
	}
	return NULL;
}

const char *
kp_registry_names(const struct kp_registry *registry, char *out, size_t out_size)
{
	size_t at = 0;
	out[0] = '\0';
	for (size_t i = 0; i < registry->count && at < out_size; i++) {
		int written = snprintf(out + at, out_size - at, "%s%s", i > 0 ? ", " : "",
			registry->connectors[i]->name);
		at += written > 0 ? (size_t)written : 0;
	}
	return out;
}
