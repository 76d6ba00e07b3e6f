/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* The first byte chooses: the rows of a database, read along a mapping, or the text of a
 * query with its named parameters. */
#include <stdlib.h>
#include <string.h>

#include "connector_host.h"
#include "connectors/registry.h"
#include "connectors/sql/statement.h"

static const char manifest[] =
	"{\"source\":\"s\",\"organisation\":{\"oin\":\"00000000000000000001\",\"name\":"
	"\"n\"},\"connector\":\"sql\",\"endpoint\":\"postgresql://127.0.0.1:1/"
	"d\",\"sql\":"
	"{\"user\":\"u\",\"queries\":{\"p\":\"select :bsn\",\"u\":\"select :doel, "
	":bsn\"}},"
	"\"response\":{\"subject\":\"bsn\",\"valid_on\":\"p.op\",\"fields\":{"
	"\"persoon.naam\":\"p.naam\",\"persoon.ja\":{\"path\":\"p.ja\",\"form\":"
	"\"yes_no\"}},\"lists\":{\"uitkeringen\":{\"items\":\"u\",\"fields\":{"
	"\"uitkeringen.b\":{\"path\":\"b\",\"form\":\"number\"},\"uitkeringen.d\":{"
	"\"path\":\"d\",\"date\":\"yyyymmdd\"}}}}}}";

static void
make_statement(const char *text, size_t len)
{
	struct kp_arena arena;
	struct kp_sql_statement *statement = malloc(sizeof(*statement));
	struct kp_error err = {0};
	kp_arena_init(&arena, (size_t)1 << 20, NULL);
	for (int numbered = 0; statement != NULL && numbered < 2; numbered++) {
		enum kp_status status = kp_sql_statement_make(&arena,
			(struct kp_slice){text, len}, numbered == 1, statement, &err);
		FUZZ_CHECK(status != KP_OK ||
			statement->text.data[statement->text.len] == '\0');
		FUZZ_CHECK(status != KP_OK ||
			statement->parameter_count <= KP_SQL_PARAMETERS_MAX);
	}
	kp_arena_deinit(&arena);
	free(statement);
}

static void
read_rows(const char *text, size_t len, size_t piece)
{
	struct kp_registry registry;
	struct fuzz_host fuzz;
	struct kp_fault fault = {0};
	void *instance = NULL;
	kp_registry_init(&registry);
	const struct kp_connector *sql =
		kp_registry_find(&registry, kp_slice_from("sql"));
	fuzz_host_init(&fuzz);
	int verdict = sql->open(&fuzz.host,
		(struct kp_text){manifest, sizeof(manifest) - 1}, &instance, &fault);
	FUZZ_CHECK(verdict == KP_DONE);
	fuzz_host_call(&fuzz, sql, instance, (struct kp_text){text, len}, piece);
	sql->close(instance);
	fuzz_host_deinit(&fuzz);
	kp_registry_deinit(&registry);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len == 0) {
		return 0;
	}
	if (bytes[0] == 'q') {
		make_statement((const char *)bytes + 1, len - 1);
	} else {
		read_rows((const char *)bytes + 1, len - 1, (size_t)bytes[0] % 32 + 1);
	}
	return 0;
}
