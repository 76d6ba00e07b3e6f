/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * cell_classes: which cells a condition cannot tell apart. A condition that mixes the
 * field with the request (`resource.gevoeligheid <= 2 || context.heeftZaak`) is evaluated
 * per request, but once for each class of cells instead of for each cell.
 */
#include "core/bits.h"
#include "policies/atoms.h"
#include "policies/expr_walk.h"

/* Parts of conditions that read the cell alone; more than these is refused. */
#define PARTS_MAX 64u

struct parts {
	const struct kp_cedar_expr *items[PARTS_MAX];
	size_t count;
	bool overflow;
};

/* A value, or the fact that there is none. */
struct outcome {
	enum kp_cedar_failure failure;
	struct kp_cedar_value value;
};

/* The largest subexpressions that depend on the cell and nothing else. */
static void
collect(const struct kp_model *model, const struct kp_cedar_expr *expr,
	struct parts *parts)
{
	unsigned depends = kp_expr_depends(model, expr);
	if ((depends & KP_DEPENDS_CELL) == 0) {
		return;
	}
	if (depends == KP_DEPENDS_CELL) {
		parts->overflow = parts->overflow || parts->count == PARTS_MAX;
		if (!parts->overflow) {
			parts->items[parts->count++] = expr;
		}
		return;
	}
	const struct kp_cedar_expr *child;
	for (size_t i = 0; (child = kp_cedar_expr_child(expr, i)) != NULL; i++) {
		collect(model, child, parts);
	}
}

static void
evaluate(struct kp_atoms *atoms, const struct parts *parts, uint32_t cell,
	struct outcome *outcomes)
{
	const struct kp_cedar_request request = {
		.principal = atoms->principals[0],
		.action = atoms->model->actions[KP_ACTION_READ],
		.resource = atoms->model->cells[cell],
		.context = atoms->fact_contexts[0],
	};
	struct kp_cedar_eval eval = {.request = &request,
		.entities = &atoms->entities,
		.arena = atoms->scratch};
	for (size_t i = 0; i < parts->count; i++) {
		outcomes[i].failure =
			kp_cedar_eval_expr(&eval, parts->items[i], &outcomes[i].value);
	}
}

static bool
same(const struct outcome *a, const struct outcome *b, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (a[i].failure != b[i].failure ||
			(a[i].failure == KP_CEDAR_FAIL_NONE &&
				!kp_cedar_value_equal(&a[i].value, &b[i].value))) {
			return false;
		}
	}
	return true;
}

uint32_t
kp_atoms_classify(struct kp_atoms *atoms, struct kp_atom *const *list, size_t count,
	const uint64_t *cells, uint32_t *ret_classes)
{
	struct parts parts = {.count = 0};
	for (size_t i = 0; i < count; i++) {
		collect(atoms->model, list[i]->expr, &parts);
	}
	uint32_t cell_count = atoms->model->catalogue->cell_count;
	size_t width = parts.count > 0 ? parts.count : 1;
	struct outcome *seen =
		KP_ARENA_ARRAY(atoms->scratch, struct outcome, (cell_count + 1) * width);
	if (seen == NULL) {
		return 0;
	}
	uint32_t classes = 0;
	for (uint32_t cell = 0; cell < cell_count; cell++) {
		if (!kp_bits_has(cells, cell)) {
			continue;
		}
		struct outcome *mine = &seen[classes * width];
		evaluate(atoms, &parts, cell, mine);
		uint32_t group = 0;
		while (group < classes &&
			(parts.overflow ||
				!same(&seen[group * width], mine, parts.count))) {
			group++;
		}
		classes += group == classes ? 1 : 0;
		ret_classes[cell] = group;
	}
	return classes;
}
