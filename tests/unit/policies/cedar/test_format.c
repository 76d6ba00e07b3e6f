/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* The one layout of policy text: where lines break, what stays, what is refused. */
#include "cedar_room.h"

#include "policies/cedar/format.h"

struct layout_case {
	const char *text;
	const char *formatted;
};

static const struct layout_case cases[] = {
	{"", "\n"},
	{"permit(principal,action,resource);", "permit (principal, action, resource);\n"},
	{"permit(principal,action,resource)when{true};forbid(principal,action,resource)"
	 "unless{1==1}when{false};",
		"permit (principal, action, resource)\nwhen { true };\n\n"
		"forbid (principal, action, resource)\nunless { 1 == 1 }\nwhen { false "
		"};\n"},
	{"@id(\"a\")@b permit(principal==User::\"x\",action in [Action::\"a\",],resource "
	 "is "
	 "A::B in C::\"y\");",
		"@id(\"a\")\n@b\npermit (\n  principal == User::\"x\",\n  action in "
		"[Action::\"a\"],\n  resource is A::B in C::\"y\"\n);\n"},
	{"permit(principal in ?principal,action,resource);",
		"permit (\n  principal in ?principal,\n  action,\n  resource\n);\n"},
	/* Parentheses and spelling stay. */
	{"permit(principal,action,resource)when{((007))+-1*!a.b==\"\\u{41}\"};", NULL},
	{"permit(principal,action,resource)when{(1 + (007)) - -1*2 == \"\\u{41}\"};",
		"permit (principal, action, resource)\nwhen { (1 + (007)) - -1 * 2 == "
		"\"\\u{41}\" };\n"},
	{"permit(principal,action,resource)when{{a:1,\"b\":[]}==context&&principal.a[\"b "
	 "c\"].isEmpty()};",
		"permit (principal, action, resource)\nwhen { { a: 1, \"b\": [] } == "
		"context && "
		"principal.a[\"b c\"].isEmpty() };\n"},
	/* What does not fit is broken at its outermost places first. */
	{"permit(principal,action,resource)when{principal.organisation == resource.owner "
	 "&& "
	 "context.purpose in Purpose::\"participatiewet\"};",
		"permit (principal, action, resource)\nwhen\n{\n  principal.organisation "
		"== "
		"resource.owner &&\n  context.purpose in "
		"Purpose::\"participatiewet\"\n};\n"},
	{"permit(principal,action,resource)when{if principal.organisation == "
	 "resource.owner "
	 "then context.purpose.active else resource.public};",
		"permit (principal, action, resource)\nwhen\n{\n  if\n    "
		"principal.organisation == resource.owner\n  then\n    "
		"context.purpose.active\n"
		"  else\n    resource.public\n};\n"},
	{"permit(principal,action,resource)when{[\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
	 "\"bbbbbbb"
	 "bbbbbbbbbbbbbbbbbbbbbbbbb\"].contains(principal.name)};",
		"permit (principal, action, resource)\nwhen\n{\n  "
		"[\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\n   "
		"\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"].contains\n    (\n      "
		"principal.name\n"
		"    )\n};\n"},
	/* A record that fits stays on its line when what follows it is broken. */
	{"permit(principal,action,resource)when{{a:context.aaaaaaaaaa,b:principal."
	 "bbbbbbbb}.cont"
	 "ainsAll(resource.cccccccccccc)};",
		"permit (principal, action, resource)\nwhen\n{\n  { a: "
		"context.aaaaaaaaaa, b: "
		"principal.bbbbbbbb }.containsAll\n    (\n      resource.cccccccccccc\n  "
		"  )\n"
		"};\n"},
	/* Comments stay with what they belong to. */
	{"// top\npermit(// open\nprincipal,action,resource) // close\n// why\nwhen{true "
	 "&& // "
	 "and\nfalse};// end\n\n// last\n",
		"// top\npermit\n( // open\nprincipal, action, resource) // close\n// "
		"why\nwhen\n"
		"{\n  true && // and\n  false\n}; // end\n// last\n"},
	/* Empty lines inside a string are no empty lines. */
	{"permit(principal,action,resource)when{\"a\n\n\n\\\"//b\" == \"\"};",
		"permit (principal, action, resource)\nwhen { \"a\n\n\n\\\"//b\" == \"\" "
		"};\n"},
	/* A wide character takes two columns, a mark on another none. */
	{"permit(principal,action,resource)when{"
	 "\"\xe5\xad\x97\xe5\xad\x97\xe5\xad\x97\xe5\xad\x97\xe5\xad\x97\xe5\xad\x97\" "
	 "== "
	 "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"};",
		"permit (principal, action, resource)\nwhen\n{ "
		"\"\xe5\xad\x97\xe5\xad\x97\xe5\xad\x97\xe5\xad\x97\xe5\xad\x97\xe5\xad"
		"\x97\" == "
		"\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" };\n"},
};

static enum kp_status
format(struct room *room, struct kp_slice text, struct kp_buffer *out)
{
	kp_buffer_init(out, &room->arena, 1 << 22);
	enum kp_status status =
		kp_cedar_format(&room->arena, "p", text, out, &room->errors);
	kp_buffer_add_char(out, '\0');
	out->len--;
	return status;
}

static void
there_is_one_layout(void **state)
{
	(void)state;
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		struct room room;
		struct kp_buffer out;
		struct kp_buffer again;
		room_open(&room);
		enum kp_status status = format(&room, kp_slice_from(cases[i].text), &out);
		if (cases[i].formatted == NULL) {
			assert_int_equal(status, KP_E_SYNTAX);
			assert_int_equal(out.len, 0);
			room_close(&room);
			continue;
		}
		assert_int_equal(status, KP_OK);
		assert_string_equal(out.data, cases[i].formatted);
		assert_int_equal(format(&room, kp_buffer_slice(&out), &again), KP_OK);
		assert_string_equal(again.data, out.data);
		room_close(&room);
	}
}

static void
every_fault_is_told(void **state)
{
	(void)state;
	struct room room;
	struct kp_buffer out;
	room_open(&room);
	assert_int_equal(format(&room,
				 KP_SLICE("permit(principal);\nforbid(principal, action, "
					  "resource) when { + };"),
				 &out),
		KP_E_SYNTAX);
	assert_int_equal(room.errors.count, 2);
	assert_int_equal(room.errors.items[1].line, 2);
	room_close(&room);
}

static void
memory_may_run_out(void **state)
{
	(void)state;
	for (size_t bytes = 0; bytes < 200000; bytes += 64) {
		struct room room;
		struct kp_buffer out;
		room_open(&room);
		room.arena.bytes_max = bytes;
		kp_buffer_init(&out, &room.arena, 1 << 20);
		enum kp_status status = kp_cedar_format(&room.arena, "p",
			kp_slice_from(cases[8].text), &out, &room.errors);
		assert_true(status == KP_OK || status == KP_E_MEMORY);
		room_close(&room);
		if (status == KP_OK) {
			return;
		}
	}
	fail_msg("never enough memory");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_is_one_layout),
		cmocka_unit_test(every_fault_is_told),
		cmocka_unit_test(memory_may_run_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
