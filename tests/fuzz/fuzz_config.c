/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* config: any text is a configuration or a list of findings, never both or neither. */
#include "config/config.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct kp_findings findings;
	struct kp_config *config = NULL;
	kp_findings_init(&findings, 50);
	enum kp_status status =
		kp_config_parse((struct kp_slice){(const char *)bytes, len},
			"fuzz/gateway.json", &findings, &config);
	FUZZ_CHECK((status == KP_OK) == (config != NULL));
	FUZZ_CHECK((status == KP_E_CONFIG) == kp_findings_any(&findings));
	if (config != NULL) {
		FUZZ_CHECK(config->listener_count > 0);
		for (size_t i = 0; i < config->listener_count; i++) {
			FUZZ_CHECK(config->listeners[i].host != NULL);
			FUZZ_CHECK(!config->identity_development ||
				config->listeners[i].loopback);
		}
	}
	kp_config_unref(&config);
	kp_findings_deinit(&findings);
	return 0;
}
