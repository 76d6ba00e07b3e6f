/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* The file of an index, whatever is in it: opened, and looked up when it opens. Nobody
 * gets past the sums without the secret, so the first byte says whether those of the
 * header and of the pages are put right. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source/row_index.h"
#include "source/row_index_private.h"

static const unsigned char secret[KP_ROW_INDEX_SECRET_BYTES];

/* Seals the pages behind the header. */
static void
seal_pages(int fd, const struct kp_row_index *index)
{
	for (uint32_t number = 1; number < index->header.pages % 16; number++) {
		struct kp_row_page page;
		off_t at = (off_t)number * KP_ROW_PAGE_BYTES;
		FUZZ_CHECK(pread(fd, &page, sizeof(page), at) == (ssize_t)sizeof(page));
		page.number = number;
		page.count %= kp_row_page_room(index->header.row_bytes) + 1;
		page.sum = kp_row_page_sum(index, &page);
		FUZZ_CHECK(pwrite(fd, &page, sizeof(page), at) == (ssize_t)sizeof(page));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char path[64];
	static const unsigned char origin[KP_ROW_INDEX_ORIGIN_BYTES];
	struct kp_row_index made = {0};
	struct kp_row_header *header = &made.header;
	struct kp_row_index *index = NULL;
	int fd = len < sizeof(*header) + 1 ? -1 : memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0) {
		return 0;
	}
	memcpy(header, bytes + 1, sizeof(*header));
	FUZZ_CHECK(kp_row_keys_make(secret, header->salt, &made.keys) == KP_OK);
	if (bytes[0] % 2 == 0) {
		memcpy(header->magic, KP_ROW_INDEX_MAGIC, sizeof(header->magic));
		header->version = KP_ROW_INDEX_VERSION;
		memset(header->origin, 0, sizeof(header->origin));
		header->row_bytes = (uint32_t)(bytes[0] % 4 == 0 ? KP_ROW_BYTES_SHORT
								 : KP_ROW_BYTES_LONG);
		header->sum = kp_row_header_sum(&made);
	}
	FUZZ_CHECK(pwrite(fd, header, sizeof(*header), 0) == (ssize_t)sizeof(*header));
	FUZZ_CHECK(pwrite(fd, bytes + 1 + sizeof(*header), len - 1 - sizeof(*header),
			   sizeof(*header)) >= 0);
	FUZZ_CHECK(ftruncate(fd, (off_t)(header->pages % 16) * KP_ROW_PAGE_BYTES) == 0);
	if (bytes[0] % 2 == 0) {
		seal_pages(fd, &made);
	}
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (kp_row_index_open(path, secret, origin, &index) == KP_OK) {
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
