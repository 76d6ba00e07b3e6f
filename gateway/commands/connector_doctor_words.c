/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_doctor_words: what an ODBC driver says, without the passwords of its
 * connection string, which it may repeat. */
#include <string.h>
#include <strings.h>

#include "commands/connector_doctor_sql.h"

#define CUT_MIN 3 /* fewer letters of a password tell nothing */

/* A password as it stands in the connection string; nothing is copied of it. */
struct secret {
	struct kp_slice value;
	bool braced; /* "}}" in it is one } */
};

static struct kp_slice
after_blanks(struct kp_slice text)
{
	while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
		text = (struct kp_slice){text.data + 1, text.len - 1};
	}
	return text;
}

/* ODBC, SQLDriverConnect: in braces up to the one that is not doubled, or else up to the
 * semicolon. */
static struct secret
read_value(struct kp_slice text)
{
	struct secret secret = {.value = after_blanks(text)};
	size_t len = 0;
	if (secret.value.len > 0 && secret.value.data[0] == '{') {
		secret.braced = true;
		secret.value.data++;
		secret.value.len--;
	}
	const char *data = secret.value.data;
	for (; len < secret.value.len; len++) {
		bool doubled = len + 1 < secret.value.len && data[len + 1] == '}';
		if (data[len] == (secret.braced ? '}' : ';')) {
			if (!secret.braced || !doubled) {
				break;
			}
			len++;
		}
	}
	while (!secret.braced && len > 0 && data[len - 1] == ' ') {
		len--;
	}
	secret.value.len = len;
	return secret;
}

/* Is `text` what comes after the name of a password? */
static bool
names_password(struct kp_slice text, struct kp_slice *ret_rest)
{
	static const char *const names[] = {"pwd", "password", "passwd"};
	for (size_t i = 0; i < KP_ARRAY_LEN(names); i++) {
		size_t len = strlen(names[i]);
		if (text.len > len && strncasecmp(text.data, names[i], len) == 0) {
			struct kp_slice rest = after_blanks(
				(struct kp_slice){text.data + len, text.len - len});
			if (rest.len > 1 && rest.data[0] == '=') {
				*ret_rest =
					(struct kp_slice){rest.data + 1, rest.len - 1};
				return true;
			}
		}
	}
	return false;
}

/* How much of `words` is this password, which the end of them may have cut. */
static size_t
match(const struct secret *secret, bool undo, const char *words)
{
	size_t len = 0;
	for (size_t i = 0; i < secret->value.len; i++, len++) {
		char byte = secret->value.data[i];
		if (words[len] == '\0') {
			return len < CUT_MIN ? 0 : len;
		}
		if (words[len] != byte) {
			return 0;
		}
		i += undo && byte == '}';
	}
	return len;
}

/* How much of `words` is a password of the connection string, at most. */
static size_t
hidden_at(struct kp_slice dsn, const char *words)
{
	size_t most = 0;
	for (; dsn.len > 0; dsn = (struct kp_slice){dsn.data + 1, dsn.len - 1}) {
		struct kp_slice rest;
		if (!names_password(dsn, &rest)) {
			continue;
		}
		struct secret secret = read_value(rest);
		for (int undo = 0; undo <= secret.braced; undo++) {
			size_t len = match(&secret, undo != 0, words);
			most = len > most ? len : most;
		}
	}
	return most;
}

const char *
kp_doctor_hide_passwords(struct kp_arena *arena, struct kp_slice dsn, const char *words)
{
	struct kp_buffer text;
	kp_buffer_init(&text, arena, strlen(words) * 3 + 1);
	while (*words != '\0') {
		size_t len = hidden_at(dsn, words);
		if (len > 0) {
			KP_BUFFER_ADD(&text, "***");
		} else {
			kp_buffer_add_char(&text, *words);
			len = 1;
		}
		words += len;
	}
	kp_buffer_add_char(&text, '\0');
	return text.failed ? "the driver's words are not shown: no memory is left"
			   : text.data;
}
