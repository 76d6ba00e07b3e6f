/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* manifest_delivery: what is asked of a partner's deliveries: `file/verify`. See
 * manifest_reader.h. */
#include <string.h>

#include "connectors/manifest_reader.h"

/* The name of a file beside the delivery. */
static void
check_beside(struct reader *reader, const struct kp_json_node *object, const char *name)
{
	struct kp_slice text = text_at(object, name);
	if (text.len > 0 && memchr(text.data, '/', text.len) != NULL) {
		kp_json_finding(&reader->document, kp_json_member(object, name),
			"is a file beside the delivery: no '/'");
	} else if (kp_slice_is(text, "{file}")) {
		kp_json_finding(&reader->document, kp_json_member(object, name),
			"is the delivery itself");
	}
}

static void
read_verify(struct reader *reader, const struct kp_json_node *file)
{
	const struct kp_json_node *object = object_at(file, "verify");
	struct kp_manifest_verify *verify = &reader->manifest->file.verify;
	if (object == NULL) {
		return;
	}
	verify->place = place_of(reader, object);
	verify->checksums = text_at(object, "checksums");
	verify->signature = text_at(object, "signature");
	verify->anchor_file = text_at(object, "anchor_file");
	verify->oin = text_at(object, "oin");
	check_beside(reader, object, "checksums");
	check_beside(reader, object, "signature");
	if (verify->checksums.len == 0 && verify->signature.len == 0) {
		kp_json_finding(&reader->document, object,
			"names neither checksums nor a signature");
	}
	if ((verify->signature.len > 0) != (verify->anchor_file.len > 0)) {
		kp_json_finding(&reader->document, object,
			"signature and anchor_file go together");
	}
	if (verify->oin.len > 0 && (verify->oin.len != 20 || !all_digits(verify->oin))) {
		kp_json_finding(&reader->document, kp_json_member(object, "oin"),
			"an OIN has 20 digits");
	}
}

void
kp_manifest_read_delivery(struct reader *reader, const struct kp_json_node *file)
{
	read_verify(reader, file);
}
