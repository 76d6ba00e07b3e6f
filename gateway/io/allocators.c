/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * allocators: gives libcurl, OpenSSL and jansson allocators that wipe what they free, so
 * that nothing of a client stays behind in their memory.
 */
#include "io/runtime.h"

#include <curl/curl.h>
#include <jansson.h>
#include <openssl/crypto.h>

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

enum kp_status
kp_runtime_prepare(struct kp_error *err)
{
	json_set_alloc_funcs(kp_heap_alloc, kp_heap_free);
	/* Seeds jansson's hash tables before there are threads. */
	json_object_seed(0);
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
