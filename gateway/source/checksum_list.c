/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* checksum_list: see checksum_list.h. */
#include "source/checksum_list.h"

#include <string.h>

#include "core/encode.h"

#define HEX_LEN KP_HEX_LEN(KP_SHA256_BYTES)

/* Takes the next line off `rest`, without its end. */
static struct kp_slice
take_line(struct kp_slice *rest)
{
	struct kp_slice line = kp_slice_cut(rest, '\n');
	if (line.len > 0 && line.data[line.len - 1] == '\r') {
		line.len--;
	}
	return line;
}

/* One line in two. */
static bool
read_line(struct kp_slice line, unsigned char digest[KP_SHA256_BYTES],
	struct kp_slice *ret_name)
{
	if (line.len < HEX_LEN + 3 ||
		!kp_hex_read(
			(struct kp_slice){line.data, HEX_LEN}, digest, KP_SHA256_BYTES) ||
		line.data[HEX_LEN] != ' ' ||
		(line.data[HEX_LEN + 1] != ' ' && line.data[HEX_LEN + 1] != '*') ||
		memchr(line.data, '\0', line.len) != NULL) {
		return false;
	}
	struct kp_slice name = {line.data + HEX_LEN + 2, line.len - HEX_LEN - 2};
	if (kp_slice_starts(name, KP_SLICE("./"))) {
		name.data += 2;
		name.len -= 2;
	}
	*ret_name = name;
	return name.len > 0;
}

enum kp_status
kp_checksum_list_find(struct kp_slice text, struct kp_slice name,
	unsigned char ret_digest[KP_SHA256_BYTES])
{
	unsigned char found[KP_SHA256_BYTES];
	bool seen = false;
	size_t lines = 0;
	if (text.len > KP_CHECKSUM_LIST_BYTES_MAX) {
		return KP_E_LIMIT;
	}
	while (text.len > 0) {
		unsigned char digest[KP_SHA256_BYTES];
		struct kp_slice listed = {0};
		struct kp_slice line = take_line(&text);
		if (++lines > KP_CHECKSUM_LIST_LINES_MAX) {
			return KP_E_LIMIT;
		}
		if (kp_slice_trim(line).len == 0 || line.data[0] == '#') {
			continue;
		}
		if (!read_line(line, digest, &listed)) {
			return KP_E_SYNTAX;
		}
		if (!kp_slice_equal(listed, name)) {
			continue;
		}
		if (seen && memcmp(found, digest, sizeof(found)) != 0) {
			return KP_E_INVALID;
		}
		memcpy(found, digest, sizeof(found));
		seen = true;
	}
	if (seen) {
		memcpy(ret_digest, found, sizeof(found));
	}
	return seen ? KP_OK : KP_E_NOT_FOUND;
}

struct kp_slice
kp_checksum_list_comment(struct kp_slice text, struct kp_slice name)
{
	struct kp_slice value = {0};
	size_t count = 0;
	while (text.len > 0) {
		struct kp_slice line = take_line(&text);
		const char *colon = line.len == 0 || line.data[0] != '#'
			? NULL
			: memchr(line.data, ':', line.len);
		if (colon == NULL) {
			continue;
		}
		size_t at = (size_t)(colon - line.data);
		struct kp_slice told =
			kp_slice_trim((struct kp_slice){line.data + 1, at - 1});
		if (kp_slice_equal(told, name)) {
			value = kp_slice_trim(
				(struct kp_slice){colon + 1, line.len - at - 1});
			count++;
		}
	}
	return count == 1 ? value : (struct kp_slice){0};
}
