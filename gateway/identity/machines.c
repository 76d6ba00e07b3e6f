/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* machines: see machines.h. */
#include "identity/machines.h"

#include "core/oin.h"

/* The next word before any of `ends`; empty at the end of the text. */
static struct kp_slice
take_word(struct kp_slice *text, const char *ends)
{
	while (text->len > 0 && text->data[0] == ' ') {
		*text = (struct kp_slice){text->data + 1, text->len - 1};
	}
	size_t len = 0;
	while (len < text->len && strchr(ends, text->data[len]) == NULL) {
		len++;
	}
	struct kp_slice word = {text->data, len};
	*text = (struct kp_slice){text->data + len, text->len - len};
	return word;
}

static bool
take_byte(struct kp_slice *text, char byte)
{
	while (text->len > 0 && text->data[0] == ' ') {
		*text = (struct kp_slice){text->data + 1, text->len - 1};
	}
	if (text->len == 0 || text->data[0] != byte) {
		return false;
	}
	*text = (struct kp_slice){text->data + 1, text->len - 1};
	return true;
}

static bool
parse_machine(struct kp_slice *text, struct kp_machine *machine)
{
	machine->organisation = take_word(text, " :;");
	if (!kp_is_oin(machine->organisation) || !take_byte(text, ':')) {
		return false;
	}
	for (;;) {
		struct kp_slice role = take_word(text, " :;");
		if (role.len == 0) {
			return machine->role_count > 0;
		}
		if (machine->role_count == KP_MACHINE_ROLES_MAX) {
			return false;
		}
		machine->roles[machine->role_count++] = role;
	}
}

enum kp_status
kp_machines_parse(struct kp_arena *arena, struct kp_slice text,
	struct kp_machines *ret_machines, struct kp_error *err)
{
	size_t room = 1;
	for (size_t i = 0; i < text.len; i++) {
		room += text.data[i] == ';';
	}
	struct kp_machines machines = {.count = 0};
	struct kp_machine *items = room > KP_MACHINES_MAX
		? NULL
		: KP_ARENA_ARRAY(arena, struct kp_machine, room);
	if (items == NULL) {
		return kp_error_set(err,
			room > KP_MACHINES_MAX ? KP_E_CONFIG : KP_E_MEMORY,
			"%zu machines are given, and at most %zu are allowed", room,
			KP_MACHINES_MAX);
	}
	for (bool more = text.len > 0; more; more = take_byte(&text, ';')) {
		struct kp_machine *machine = &items[machines.count];
		machines.items = items;
		if (!parse_machine(&text, machine) ||
			kp_machines_find(&machines, machine->organisation) != NULL) {
			return kp_error_set(err, KP_E_CONFIG,
				"machine %zu is not an OIN of its own, a colon and 1 to "
				"%zu roles",
				machines.count + 1, KP_MACHINE_ROLES_MAX);
		}
		machines.count++;
	}
	if (text.len > 0) {
		return kp_error_set(err, KP_E_CONFIG,
			"after machine %zu a semicolon is needed", machines.count);
	}
	machines.items = items;
	*ret_machines = machines;
	return KP_OK;
}

const struct kp_machine *
kp_machines_find(const struct kp_machines *machines, struct kp_slice organisation)
{
	for (size_t i = 0; i < machines->count; i++) {
		if (kp_slice_equal(machines->items[i].organisation, organisation)) {
			return &machines->items[i];
		}
	}
	return NULL;
}
