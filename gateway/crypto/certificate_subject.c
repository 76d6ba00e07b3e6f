/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* certificate_subject: see certificate_subject.h. */
#include "crypto/certificate_subject.h"

#include <string.h>

#include "core/json_write.h"

#define TAG_OBJECT 0x06u
#define TAG_UTF8 0x0cu
#define TAG_PRINTABLE 0x13u
#define TAG_SEQUENCE 0x30u
#define TAG_SET 0x31u
#define PARTS_MAX 64u

/* Takes the element at the front off `rest` (X.690 section 10.1: shortest definite
 * lengths). */
static bool
take_element(struct kp_slice *rest, unsigned *ret_tag, struct kp_slice *ret_content)
{
	const unsigned char *at = (const unsigned char *)rest->data;
	if (rest->len < 2 || (at[0] & 0x1fu) == 0x1fu) {
		return false;
	}
	size_t head = 2;
	size_t len = at[1];
	if (len == 0x81) {
		head = 3;
		len = rest->len < head ? 0 : at[2];
		if (len < 0x80) {
			return false;
		}
	} else if (len == 0x82) {
		head = 4;
		len = rest->len < head ? 0 : (size_t)at[2] << 8 | at[3];
		if (len < 0x100) {
			return false;
		}
	} else if (len >= 0x80) {
		return false;
	}
	if (len > rest->len - head) {
		return false;
	}
	*ret_tag = at[0];
	*ret_content = (struct kp_slice){rest->data + head, len};
	*rest = (struct kp_slice){rest->data + head + len, rest->len - head - len};
	return true;
}

static bool
take_tagged(struct kp_slice *rest, unsigned tag, struct kp_slice *ret_content)
{
	unsigned found = 0;
	return take_element(rest, &found, ret_content) && found == tag;
}

static bool
is_printable(unsigned char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
		(byte >= 'a' && byte <= 'z') ||
		(byte != '\0' && strchr(" '()+,-./:=?", byte) != NULL);
}

/* Text of one of the two types that RFC 5280 lets new certificates use, without control
 * characters and without space around it. */
static bool
is_text(unsigned tag, struct kp_slice text)
{
	if (text.len == 0 || text.len > KP_SUBJECT_TEXT_BYTES_MAX ||
		text.data[0] == ' ' || text.data[text.len - 1] == ' ') {
		return false;
	}
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		if (byte < ' ' || byte == 0x7f ||
			(tag == TAG_PRINTABLE && !is_printable(byte))) {
			return false;
		}
	}
	return tag == TAG_PRINTABLE || (tag == TAG_UTF8 && kp_utf8_valid(text));
}

/* Lifetime: one parse. */
struct reader {
	struct kp_certificate_subject subject;
	bool has_serial;
	unsigned parts;
};

static bool
keep_once(struct kp_slice *ret_text, unsigned tag, struct kp_slice text)
{
	if (ret_text->len > 0 || !is_text(tag, text)) {
		return false;
	}
	*ret_text = text;
	return true;
}

static bool
keep_serial(struct reader *reader, unsigned tag, struct kp_slice text)
{
	if (reader->has_serial || !is_text(tag, text)) {
		return false;
	}
	reader->has_serial = true;
	if (kp_is_oin(text)) {
		reader->subject.oin = text;
	}
	return true;
}

/* AttributeTypeAndValue; the types we read have the OID 2.5.4.n. */
static bool
read_attribute(struct reader *reader, struct kp_slice attribute)
{
	struct kp_slice type;
	struct kp_slice value;
	unsigned tag = 0;
	if (!take_tagged(&attribute, TAG_OBJECT, &type) || type.len == 0 ||
		!take_element(&attribute, &tag, &value) || attribute.len > 0 ||
		++reader->parts > PARTS_MAX) {
		return false;
	}
	if (type.len != 3 || memcmp(type.data, "\x55\x04", 2) != 0) {
		return true;
	}
	switch (type.data[2]) {
	case 3:
		/* Several are usual, and it proves nothing: the first is shown. */
		if (reader->subject.common_name.len == 0 && is_text(tag, value)) {
			reader->subject.common_name = value;
		}
		return true;
	case 5:
		return keep_serial(reader, tag, value);
	case 10:
		return keep_once(&reader->subject.organisation, tag, value);
	default:
		return true;
	}
}

enum kp_status
kp_certificate_subject_parse(
	struct kp_slice der, struct kp_certificate_subject *ret_subject)
{
	struct reader reader = {0};
	struct kp_slice names;
	if (der.len > KP_SUBJECT_BYTES_MAX || !take_tagged(&der, TAG_SEQUENCE, &names) ||
		der.len > 0) {
		return KP_E_INVALID;
	}
	while (names.len > 0) {
		struct kp_slice set;
		struct kp_slice attribute;
		if (!take_tagged(&names, TAG_SET, &set) || set.len == 0) {
			return KP_E_INVALID;
		}
		while (set.len > 0) {
			if (!take_tagged(&set, TAG_SEQUENCE, &attribute) ||
				!read_attribute(&reader, attribute)) {
				return KP_E_INVALID;
			}
		}
	}
	*ret_subject = reader.subject;
	return KP_OK;
}
