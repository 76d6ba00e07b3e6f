/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* check_typed: the types of expressions, shared by the files that find them. Only
 * check*.c include it. */
#ifndef KP_CEDAR_CHECK_TYPED_H
#define KP_CEDAR_CHECK_TYPED_H

#include "check_facts.h"
#include "check_room.h"

/* Type NULL: there was an error, and it is reported. */
struct kp_cedar_typed {
	const struct kp_cedar_type *type;
	const struct kp_cedar_facts *facts; /* when it is true */
};

static inline struct kp_cedar_typed
kp_cedar_typed_just(const struct kp_cedar_type *type)
{
	return (struct kp_cedar_typed){type, NULL};
}

static inline const struct kp_cedar_type *
kp_cedar_typed_bool(bool value)
{
	return kp_cedar_type_plain(value ? KP_CEDAR_TYPE_TRUE : KP_CEDAR_TYPE_FALSE);
}

/* The type of any expression, where these facts are known. */
struct kp_cedar_typed kp_cedar_check_visit(struct kp_cedar_checker *checker,
	const struct kp_cedar_expr *expr, const struct kp_cedar_facts *known);
/* The same, but of that kind (long, string, entity or set) or an error. */
const struct kp_cedar_type *kp_cedar_check_operand(struct kp_cedar_checker *checker,
	const struct kp_cedar_expr *expr, const struct kp_cedar_facts *known,
	enum kp_cedar_type_kind kind);
/* Reports that something else was found than `expected`. Always NULL. */
const struct kp_cedar_type *kp_cedar_check_wrong_type(struct kp_cedar_checker *checker,
	const struct kp_cedar_expr *expr, const char *expected,
	const struct kp_cedar_type *found);

/* .attr, has, and getTag or hasTag. */
struct kp_cedar_typed kp_cedar_check_get(struct kp_cedar_checker *checker,
	const struct kp_cedar_expr *expr, const struct kp_cedar_facts *known);
struct kp_cedar_typed kp_cedar_check_has(struct kp_cedar_checker *checker,
	const struct kp_cedar_expr *expr, const struct kp_cedar_facts *known);
struct kp_cedar_typed kp_cedar_check_tag(struct kp_cedar_checker *checker,
	const struct kp_cedar_expr *expr, const struct kp_cedar_facts *known);

#endif
