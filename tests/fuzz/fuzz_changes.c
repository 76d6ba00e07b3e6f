/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* A change file, and the same bytes as the whole delivery before it. The first byte
 * chooses pieces and form; of a workbook the bytes are what it unpacks to. */
#include "export_host.h"

#define MANIFEST(form)                                                                   \
	"{\"source\":\"s\",\"organisation\":{\"oin\":\"00000000000000000001\","          \
	"\"name\":\"n\"},\"connector\":\"file\",\"file\":{\"path\":\"x-yyyymmdd\","      \
	"\"dated_by\":\"name\",\"form\":\"" form "\",\"series\":{\"path\":"              \
	"\"m-yyyymmdd-{volgnummer}\",\"key\":[\"Dossier\",\"Deel\"],\"operation\":"      \
	"\"Mutatie\",\"operations\":{\"T\":\"toevoegen\",\"V\":\"verwijderen\"}},"       \
	"\"key\":\"BSN\"},\"response\":{\"subject\":\"BSN\",\"fields\":"                 \
	"{\"persoon.naam\":\"Naam\"}}}"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const char *const manifests[] = {
		MANIFEST("csv"), MANIFEST("ndjson"), MANIFEST("xlsx")};
	if (len > 0) {
		struct kp_slice file = {(const char *)bytes + 1, len - 1};
		const char *manifest = manifests[bytes[0] >= 0x80 ? 2 : bytes[0] % 2];
		fuzz_change_file(manifest, file, (size_t)bytes[0] / 2 + 1);
		fuzz_export(manifest, file, (size_t)bytes[0] / 2 + 1);
	}
	return 0;
}
