/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * allocators: gives libcurl, OpenSSL, libxml2 and jansson allocators that wipe what they
 * free, so that nothing of a client stays behind in their memory, and keeps that memory
 * out of core dumps, debuggers and swap.
 */
#include "io/runtime.h"

#include <curl/curl.h>
#include <jansson.h>
#include <libxml/parser.h>
#include <openssl/crypto.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "core/heap.h"

static void *
crypto_alloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return kp_heap_alloc(size);
}

static void *
crypto_realloc(void *block, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	if (size == 0) {
		kp_heap_free(block);
		return NULL;
	}
	return kp_heap_realloc(block, size);
}

static void
crypto_free(void *block, const char *file, int line)
{
	(void)file;
	(void)line;
	kp_heap_free(block);
}

/* Not dumpable also means that only root may look into /proc/PID/mem or attach. */
static bool
forbid_dumps(void)
{
	const struct rlimit none = {0, 0};
	return setrlimit(RLIMIT_CORE, &none) == 0 &&
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

enum kp_status
kp_runtime_prepare(struct kp_error *err)
{
	if (!forbid_dumps()) {
		return kp_error_set(
			err, KP_E_INTERNAL, "core dumps cannot be turned off");
	}
	json_set_alloc_funcs(kp_heap_alloc, kp_heap_free);
	/* Seeds jansson's hash tables before there are threads. */
	json_object_seed(0);
	/* libxml2's tables too are made before there are threads. */
	if (xmlMemSetup(kp_heap_free, kp_heap_alloc, kp_heap_realloc, kp_heap_strdup) !=
		0) {
		return kp_error_set(err, KP_E_INTERNAL, "libxml2 takes no allocator");
	}
	xmlInitParser();
	if (CRYPTO_set_mem_functions(crypto_alloc, crypto_realloc, crypto_free) != 1) {
		return kp_error_set(err, KP_E_INTERNAL,
			"OpenSSL was in use before its allocator came");
	}
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, kp_heap_alloc, kp_heap_free,
		    kp_heap_realloc, kp_heap_strdup, kp_heap_calloc) != CURLE_OK) {
		return kp_error_set(err, KP_E_INTERNAL, "libcurl does not start");
	}
	return KP_OK;
}

/* Under a finite limit a later allocation would fail, so it is all or nothing. */
bool
kp_runtime_lock_memory(void)
{
	const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	return setrlimit(RLIMIT_MEMLOCK, &all) == 0 &&
		mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0;
}
