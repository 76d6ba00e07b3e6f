/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* journal: recovery of any bytes. What is found whole stays whole when it is cut at the
 * end recovery named, and indexes have no gaps. */
#include "audit/journal_frame.h"
#include "audit/record.h"

struct file {
	const uint8_t *bytes;
	size_t len;
	uint64_t next;
};

static enum kp_status
read_file(void *context, uint64_t offset, char *bytes, size_t len, size_t *ret_read)
{
	const struct file *file = context;
	FUZZ_CHECK(offset <= file->len && len <= file->len - offset);
	memcpy(bytes, file->bytes + offset, len);
	*ret_read = len;
	return KP_OK;
}

static bool
visit(void *context, uint64_t index, enum kp_record_type type, struct kp_slice payload)
{
	struct file *file = context;
	FUZZ_CHECK(index == file->next);
	FUZZ_CHECK(type >= KP_RECORD_START && type <= KP_RECORD_DECISION);
	FUZZ_CHECK(payload.len <= KP_RECORD_BYTES_MAX);
	file->next++;
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct file file = {.bytes = bytes, .len = len};
	struct kp_journal_scan scan = {.read = read_file,
		.context = &file,
		.size = len,
		.visit = visit,
		.visit_context = &file};
	struct kp_journal_state state;
	if (kp_journal_scan(&scan, &state, NULL) != KP_OK) {
		return 0;
	}
	FUZZ_CHECK(state.size + state.torn == len);
	FUZZ_CHECK(state.next_index == file.next);
	struct kp_journal_state again;
	scan.size = state.size;
	scan.visit = NULL;
	FUZZ_CHECK(kp_journal_scan(&scan, &again, NULL) == KP_OK);
	FUZZ_CHECK(again.torn == 0 && again.next_index == state.next_index);
	return 0;
}
