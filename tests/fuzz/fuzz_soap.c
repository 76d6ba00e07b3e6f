/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* A SOAP answer of a partner, read along a mapping that uses every kind of path. The
 * first byte chooses the size of the pieces. */
#include <string.h>

#include "connector_host.h"
#include "connectors/registry.h"

static const char manifest[] =
	"{\"source\":\"s\",\"organisation\":{\"oin\":\"00000000000000000001\",\"name\":"
	"\"n\"},\"connector\":\"soap\",\"endpoint\":\"http://127.0.0.1/b\",\"soap\":{"
	"\"action\":\"urn:a\",\"addressing\":{\"from\":\"urn:f\",\"to\":\"urn:{zaak}\"}},"
	"\"request\":{\"body\":\"<a z='{zaak}'>{bsn}{doel}</a>\"},"
	"\"response\":{\"root\":\"R/C\",\"subject\":\"B\",\"valid_on\":\"G\","
	"\"present\":{\"R/N\":\"nietsGevonden\",\"R\":\"nietVanToepassing\"},"
	"\"faults\":{\"x\":\"nietGerechtigd\"},"
	"\"notes\":{\"path\":\"R/F/*/Code\",\"texts\":{\"m\":\"t\"}},"
	"\"fields\":{\"persoon.naam\":\"n\",\"persoon.geboren\":{\"path\":\"g\",\"date\":"
	"\"yyyymmdd\",\"incomplete\":\"@o\"},\"persoon.er\":{\"path\":\"p/er\",\"form\":"
	"\"present\"},\"persoon.code\":{\"path\":\"@c\",\"table\":\"t\"},\"persoon.ja\":{"
	"\"path\":\"r/f[k=Ja]/v\",\"form\":\"yes_no\"},\"persoon.nee\":\"r/f[k=Nee]/v\"},"
	"\"lists\":{\"uitkeringen\":{\"items\":\"u/i\",\"valid_on\":\"d\",\"fields\":{"
	"\"uitkeringen.a\":{\"path\":\"a/w\",\"form\":\"cents\",\"sign\":\"s\"},"
	"\"uitkeringen.w\":\"../w\",\"uitkeringen.x\":\"../../n\",\"uitkeringen.n\":{"
	"\"path\":\"n\",\"form\":\"number\"}}},\"codesen\":{\"items\":\"u\",\"fields\":{"
	"\"codesen.k\":\"k\"}}}},\"tables\":{\"t\":{\"a\":true,\"*\":\"z\"}}}";

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
	const struct kp_connector *soap =
		kp_registry_find(&registry, kp_slice_from("soap"));
	fuzz_host_init(&fuzz);
	fuzz.head.content_type = (struct kp_text){"text/xml", 8};
	int verdict = soap->open(&fuzz.host,
		(struct kp_text){manifest, sizeof(manifest) - 1}, &instance, &fault);
	FUZZ_CHECK(verdict == KP_DONE);
	fuzz_host_call(&fuzz, soap, instance,
		(struct kp_text){(const char *)bytes + 1, len - 1},
		(size_t)bytes[0] % 32 + 1);
	soap->close(instance);
	fuzz_host_deinit(&fuzz);
	kp_registry_deinit(&registry);
	return 0;
}
