/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* A manifest of anybody: read, opened by its connector, asked once. */
#include "connector_host.h"
#include "connectors/registry.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const char answer[] =
		"{\"personen\":[{\"bsn\":\"999993653\",\"a\":[{\"b\":1}]}]}";
	struct kp_registry registry;
	kp_registry_init(&registry);
	for (size_t i = 0; i < registry.count; i++) {
		const struct kp_connector *connector = registry.connectors[i];
		struct fuzz_host fuzz;
		struct kp_fault fault = {0};
		void *instance = NULL;
		fuzz_host_init(&fuzz);
		if (connector->open(&fuzz.host,
			    (struct kp_text){(const char *)bytes, len}, &instance,
			    &fault) == KP_DONE) {
			FUZZ_CHECK(instance != NULL);
			fuzz_host_call(&fuzz, connector, instance,
				(struct kp_text){answer, sizeof(answer) - 1}, 7);
			connector->close(instance);
		} else {
			FUZZ_CHECK(fault.message[0] != '\0');
		}
		fuzz_host_deinit(&fuzz);
	}
	kp_registry_deinit(&registry);
	return 0;
}
