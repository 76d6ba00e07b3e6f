/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* An answer of a partner, read along a mapping that uses every kind of path. The first
 * byte chooses the size of the pieces. */
#include <string.h>

#include "connector_host.h"
#include "connectors/registry.h"

static const char manifest[] =
	"{\"source\":\"s\",\"organisation\":{\"oin\":\"00000000000000000001\",\"name\":"
	"\"n\"},"
	"\"connector\":\"rest\",\"endpoint\":\"http://127.0.0.1/"
	"b\",\"request\":{\"method\":"
	"\"POST\",\"target\":\"/v\",\"body\":{\"b\":\"{bsn}\",\"f\":\"{velden}\"}},"
	"\"response\":{\"root\":\"personen[]\",\"subject\":\"bsn\",\"valid_on\":"
	"\"geldig\","
	"\"in_investigation\":\"inOnderzoek\",\"outcome\":{\"path\":\"code\",\"values\":{"
	"\"x\":\"fout\"}},\"notes\":{\"path\":\"meldingen[].code\",\"texts\":{\"m\":"
	"\"t\"}},"
	"\"fields\":{\"persoon.naam\":\"naam\",\"persoon.geboren\":{\"path\":\"geboren\","
	"\"form\":\"date_object\"},\"persoon.ja\":{\"path\":\"ja\",\"form\":\"yes_no\"},"
	"\"persoon.er\":{\"path\":\"er\",\"form\":\"present\"},\"persoon.code\":{"
	"\"path\":"
	"\"c\",\"table\":\"t\"},\"persoon.eerste\":\"p[].n[].v\",\"persoon.vast\":{"
	"\"constant\":1}},\"lists\":{\"uitkeringen\":{\"items\":\"u[]\",\"valid_on\":"
	"\"g\","
	"\"fields\":{\"uitkeringen.a\":\"a\",\"uitkeringen.d\":{\"path\":\"d\",\"date\":"
	"\"yyyymmdd\"}}},\"codesen\":{\"items\":\"k[]\",\"fields\":{\"codesen.k\":\".\"}}"
	"},"
	"\"paging\":{\"next\":\"volgende\"}},\"tables\":{\"t\":{\"a\":true,\"*\":\"z\"}}"
	"}";

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct kp_registry registry;
	struct fuzz_host fuzz;
	struct kp_fault fault = {0};
	void *instance = NULL;
	if (len == 0) {
		return 0;
	}
	kp_registry_init(&registry);
	const struct kp_connector *rest =
		kp_registry_find(&registry, kp_slice_from("rest"));
	fuzz_host_init(&fuzz);
	int verdict = rest->open(&fuzz.host,
		(struct kp_text){manifest, sizeof(manifest) - 1}, &instance, &fault);
	FUZZ_CHECK(verdict == KP_DONE);
	fuzz_host_call(&fuzz, rest, instance,
		(struct kp_text){(const char *)bytes + 1, len - 1},
		(size_t)bytes[0] % 32 + 1);
	rest->close(instance);
	fuzz_host_deinit(&fuzz);
	kp_registry_deinit(&registry);
	return 0;
}
