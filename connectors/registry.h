/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * registry: which connectors there are. The ones that are linked in stand in a table
 * (registry.c); shared objects named in the configuration are added to it and checked
 * before any of their functions is called. What an object does by itself as it is loaded
 * comes before that: so one that another user could have put there is not loaded.
 */
#ifndef KP_CONNECTORS_REGISTRY_H
#define KP_CONNECTORS_REGISTRY_H

#include "connectors/connector.h"
#include "core/attr.h"
#include "core/error.h"
#include "core/slice.h"

#define KP_REGISTRY_LINKED_MAX 16
#define KP_REGISTRY_LOADED_MAX 64 /* as many as gateway.json may name */

/* Lifetime: the caller's; from init to deinit. Read-only after the last load. */
struct kp_registry {
	const struct kp_connector
		*connectors[KP_REGISTRY_LINKED_MAX + KP_REGISTRY_LOADED_MAX];
	size_t count;
	void *handles[KP_REGISTRY_LOADED_MAX]; /* of dlopen */
	size_t handle_count;
};

/* Starts with the connectors that are linked in. */
void kp_registry_init(struct kp_registry *registry);
/* Unloads; no connector of it may be in use any more. */
void kp_registry_deinit(struct kp_registry *registry);

/*
 * Loads a shared object (not thread-safe, like dlopen's messages). KP_E_CONFIG when it
 * cannot be loaded, exports no `kp_connector`, speaks another ABI, is incomplete, has a
 * name that is taken, or KP_REGISTRY_LOADED_MAX are there; it is unloaded again. And when
 * another user but root may write it or a folder on its way: then it is not loaded.
 */
enum kp_status kp_registry_load(
	struct kp_registry *registry, const char *path, struct kp_error *err) KP_MUST_USE;

/* NULL when there is none. */
const struct kp_connector *kp_registry_find(
	const struct kp_registry *registry, struct kp_slice name);

/* "rest, file, sql": the names there are, for messages. Returns `out`. */
const char *kp_registry_names(
	const struct kp_registry *registry, char *out, size_t out_size);

/* What is wrong with a connector's table; NULL when nothing. */
const char *kp_registry_fault(const struct kp_connector *connector);

#endif
