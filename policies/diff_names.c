/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* diff_names: what exists in either of two sets, by name. */
#include "policies/diff_work.h"

/* Names of one kind in one bundle. */
typedef struct kp_slice (*name_fn)(
	struct kp_arena *arena, const struct kp_bundle *bundle, uint32_t index);

static struct kp_slice
role_name(struct kp_arena *arena, const struct kp_bundle *bundle, uint32_t index)
{
	(void)arena;
	return bundle->registers.roles[index].id;
}

static struct kp_slice
organisation_name(struct kp_arena *arena, const struct kp_bundle *bundle, uint32_t index)
{
	(void)arena;
	return bundle->registers.organisations[index].oin;
}

static struct kp_slice
purpose_name(struct kp_arena *arena, const struct kp_bundle *bundle, uint32_t index)
{
	(void)arena;
	return bundle->registers.purposes[index].id;
}

static struct kp_slice
cell_name(struct kp_arena *arena, const struct kp_bundle *bundle, uint32_t index)
{
	const struct kp_catalogue *catalogue = bundle->catalogue;
	const struct kp_cell *cell = &catalogue->cells[index];
	const char *name = kp_arena_printf(arena, "%.*s@%.*s",
		KP_SLICE_ARG(catalogue->fields[cell->field].path),
		KP_SLICE_ARG(catalogue->sources[cell->source].name));
	return name == NULL ? (struct kp_slice){NULL, 0} : kp_slice_from(name);
}

static bool
add_old(struct kp_arena *arena, struct kp_diff_names *names,
	const struct kp_bundle *bundle, uint32_t count, name_fn name_of)
{
	for (uint32_t i = 0; i < count; i++) {
		struct kp_slice name = name_of(arena, bundle, i);
		if (name.data == NULL) {
			return false;
		}
		names->names[i] = name;
		names->in_old[i] = i;
		names->in_new[i] = KP_NO_ID;
	}
	names->count = count;
	return true;
}

static bool
add_new(struct kp_arena *arena, struct kp_diff_names *names,
	const struct kp_bundle *bundle, uint32_t count, name_fn name_of)
{
	struct kp_name_index index;
	bool made = kp_name_index_init(arena, &index, (size_t)names->count + count + 1);
	for (uint32_t i = 0; made && i < names->count; i++) {
		made = kp_name_index_add(&index, names->names[i], i);
	}
	for (uint32_t i = 0; made && i < count; i++) {
		struct kp_slice name = name_of(arena, bundle, i);
		uint32_t at =
			name.data == NULL ? KP_NO_ID : kp_name_index_find(&index, name);
		made = name.data != NULL;
		if (made && at == KP_NO_ID) {
			at = names->count++;
			names->names[at] = name;
			names->in_old[at] = KP_NO_ID;
		}
		if (made) {
			names->in_new[at] = i;
		}
	}
	return made;
}

static bool
unite(struct kp_arena *arena, const struct kp_diff *diff, uint32_t old_count,
	uint32_t new_count, name_fn name_of, struct kp_diff_names *names)
{
	size_t room = (size_t)old_count + new_count + 1;
	names->names = KP_ARENA_ARRAY(arena, struct kp_slice, room);
	names->in_old = KP_ARENA_ARRAY(arena, uint32_t, room);
	names->in_new = KP_ARENA_ARRAY(arena, uint32_t, room);
	return names->names != NULL && names->in_old != NULL && names->in_new != NULL &&
		add_old(arena, names, diff->old_bundle, old_count, name_of) &&
		add_new(arena, names, diff->new_bundle, new_count, name_of);
}

enum kp_status
kp_diff_names_make(struct kp_arena *arena, struct kp_diff *diff)
{
	const struct kp_registers *was = &diff->old_bundle->registers;
	const struct kp_registers *is = &diff->new_bundle->registers;
	bool made = unite(arena, diff, was->role_count, is->role_count, role_name,
			    &diff->roles) &&
		unite(arena, diff, was->organisation_count, is->organisation_count,
			organisation_name, &diff->organisations) &&
		unite(arena, diff, was->purpose_count, is->purpose_count, purpose_name,
			&diff->purposes) &&
		unite(arena, diff, diff->old_bundle->catalogue->cell_count,
			diff->new_bundle->catalogue->cell_count, cell_name, &diff->cells);
	return made ? KP_OK : KP_E_MEMORY;
}
