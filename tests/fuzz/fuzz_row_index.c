/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* The file of an index, whatever is in it: opened, and looked up when it opens. The
 * header has a checksum, so mostly the pages behind it are what is tried: the first byte
 * says whether the sum is put right. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source/row_index.h"
#include "source/row_index_private.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char path[64];
	static const unsigned char origin[KP_ROW_INDEX_ORIGIN_BYTES];
	struct kp_row_header header;
	struct kp_row_index *index = NULL;
	int fd = len < sizeof(header) + 1 ? -1 : memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0) {
		return 0;
	}
	memcpy(&header, bytes + 1, sizeof(header));
	if (bytes[0] % 2 == 0) {
		memcpy(header.magic, KP_ROW_INDEX_MAGIC, sizeof(header.magic));
		header.version = KP_ROW_INDEX_VERSION;
		memset(header.origin, 0, sizeof(header.origin));
		header.row_bytes = (uint32_t)(bytes[0] % 4 == 0 ? KP_ROW_BYTES_SHORT
								: KP_ROW_BYTES_LONG);
		header.sum = kp_row_header_sum(&header);
	}
	FUZZ_CHECK(pwrite(fd, &header, sizeof(header), 0) == (ssize_t)sizeof(header));
	FUZZ_CHECK(pwrite(fd, bytes + 1 + sizeof(header), len - 1 - sizeof(header),
			   sizeof(header)) >= 0);
	FUZZ_CHECK(ftruncate(fd, (off_t)(header.pages % 16) * KP_ROW_PAGE_BYTES) == 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (kp_row_index_open(path, origin, &index) == KP_OK) {
		struct kp_row_place places[16];
		size_t count = 0;
		enum kp_status status = kp_row_index_find(
			index, KP_SLICE("999993653"), places, 16, &count);
		FUZZ_CHECK(status != KP_OK || count <= 16);
		for (size_t i = 0; status == KP_OK && i < count; i++) {
			bool latest = false;
			FUZZ_CHECK(places[i].offset <= KP_ROW_INDEX_OFFSET_MAX);
			status = kp_row_index_latest(index, &places[i], &latest);
		}
		kp_row_index_close(&index);
	}
	(void)close(fd);
	return 0;
}
