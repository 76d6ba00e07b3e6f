/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* tls_files: reads what a configuration names for TLS, and says what is wrong with it
 * where it is named. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/heap.h"
#include "io/file.h"
#include "io/tls_private.h"

#define READING_BYTES_MAX ((size_t)64 << 20)
#define CERTIFICATES_MAX 64

void
kp_tls_reading_init(struct kp_tls_reading *reading, struct kp_findings *findings,
	const struct kp_tls_token *token, struct kp_tls_terms *terms)
{
	*reading = (struct kp_tls_reading){.findings = findings,
		.token = token,
		.terms = terms,
		.now_s = (int64_t)time(NULL)};
	kp_arena_init(&reading->arena, READING_BYTES_MAX, NULL);
}

enum kp_status
kp_tls_reading_end(struct kp_tls_reading *reading)
{
	kp_arena_deinit(&reading->arena);
	ERR_clear_error();
	return reading->failed           ? KP_E_CONFIG
		: reading->out_of_memory ? KP_E_MEMORY
					 : KP_OK;
}

static void
add_finding(struct kp_tls_reading *reading, const struct kp_tls_file *file,
	struct kp_error *err)
{
	reading->failed = true;
	if (err->status != KP_E_CONFIG) {
		err->status = KP_E_CONFIG;
	}
	kp_error_at(err, file->named_in, file->line, file->column, file->place);
	kp_findings_add(reading->findings, err);
	ERR_clear_error();
}

void
kp_tls_finding(struct kp_tls_reading *reading, const struct kp_tls_file *file,
	const char *format, ...)
{
	char text[200];
	struct kp_error err = {0};
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	(void)kp_error_set(&err, KP_E_CONFIG, "'%.120s' %s", file->path, text);
	add_finding(reading, file, &err);
}

bool
kp_tls_read_text(struct kp_tls_reading *reading, const struct kp_tls_file *file,
	struct kp_slice *ret_text)
{
	struct kp_error err = {0};
	enum kp_status status = kp_file_read_all(
		file->path, &reading->arena, KP_TLS_FILE_BYTES_MAX, ret_text, &err);
	if (status == KP_E_MEMORY) {
		reading->out_of_memory = true;
	} else if (status != KP_OK) {
		(void)kp_error_wrap(&err, "'%.120s'", file->path);
		add_finding(reading, file, &err);
	}
	return status == KP_OK;
}

void
kp_tls_add_term(struct kp_tls_reading *reading, const struct kp_tls_file *file,
	const char *what, int64_t not_after_s)
{
	struct kp_tls_terms *terms = reading->terms;
	struct kp_tls_term *items =
		kp_heap_realloc(terms->items, (terms->count + 1) * sizeof(*terms->items));
	char *path = kp_heap_strdup(file->path);
	if (items != NULL) {
		terms->items = items;
	}
	if (items == NULL || path == NULL) {
		kp_heap_free(path);
		reading->out_of_memory = true;
		return;
	}
	terms->items[terms->count++] = (struct kp_tls_term){
		.path = path, .what = what, .not_after_s = not_after_s};
}

void
kp_tls_terms_free(struct kp_tls_terms *terms)
{
	for (size_t i = 0; i < terms->count; i++) {
		/* The list made the copy; the struct promises not to change it. */
		char *path;
		memcpy(&path, &terms->items[i].path, sizeof(path));
		kp_heap_free(path);
	}
	kp_heap_free(terms->items);
	*terms = (struct kp_tls_terms){0};
}

int64_t
kp_tls_time(const ASN1_TIME *time)
{
	struct tm parts;
	if (time == NULL || ASN1_TIME_to_tm(time, &parts) != 1) {
		return 0;
	}
	return (int64_t)timegm(&parts);
}

int
kp_tls_no_passphrase(char *buffer, int size, int writing, void *data)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)data;
	return -1;
}

/* Did reading PEM stop because there was no more, and not because of what there was? */
static bool
at_end(void)
{
	unsigned long code = ERR_peek_last_error();
	return ERR_GET_LIB(code) == ERR_LIB_PEM &&
		ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

bool
kp_tls_read_certificates(struct kp_tls_reading *reading, const struct kp_tls_file *file,
	STACK_OF(X509) * *ret_certificates)
{
	struct kp_slice text;
	if (!kp_tls_read_text(reading, file, &text)) {
		return false;
	}
	BIO *bio = BIO_new_mem_buf(text.data, (int)text.len);
	STACK_OF(X509) *certificates = sk_X509_new_null();
	bool good = bio != NULL && certificates != NULL;
	X509 *one = NULL;
	ERR_clear_error();
	while (good && sk_X509_num(certificates) < CERTIFICATES_MAX &&
		(one = PEM_read_bio_X509(bio, NULL, kp_tls_no_passphrase, NULL)) !=
			NULL) {
		good = sk_X509_push(certificates, one) > 0;
		if (!good) {
			X509_free(one);
		}
	}
	reading->out_of_memory = reading->out_of_memory || !good;
	if (good && (sk_X509_num(certificates) == 0 || !at_end())) {
		kp_tls_finding(reading, file,
			"has no certificates in PEM, or one that does not read");
		good = false;
	}
	BIO_free(bio);
	if (!good) {
		sk_X509_pop_free(certificates, X509_free);
		return false;
	}
	*ret_certificates = certificates;
	return true;
}
