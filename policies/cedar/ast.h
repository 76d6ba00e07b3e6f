/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * ast: policies and expressions as parsed, Cedar language 4.5. Everything lives in one
 * arena, is immutable once built and names are interned, so any thread may evaluate it.
 * Nothing is rewritten: `unless`, `>`, `!=`, `has a.b` and the order of things stay as
 * the author wrote them.
 */
#ifndef KP_CEDAR_AST_H
#define KP_CEDAR_AST_H

#include "core/arena.h"
#include "core/buffer.h"
#include "core/error.h"
#include "lex.h"
#include "names.h"
#include "value.h"

/* Brackets, braces, parentheses, if and unary operators inside each other. */
#define KP_CEDAR_NESTING_MAX 256
/* Height of an expression tree: what every walk over it may recurse. A chain a && b &&
 * ... is as high as it is long. */
#define KP_CEDAR_HEIGHT_MAX 1024

enum kp_cedar_op {
	KP_CEDAR_OP_LITERAL, /* bool, long, string, entity */
	KP_CEDAR_OP_VAR,
	KP_CEDAR_OP_NOT, /* unary: left */
	KP_CEDAR_OP_NEG,
	KP_CEDAR_OP_AND, /* binary: left, right */
	KP_CEDAR_OP_OR,
	KP_CEDAR_OP_EQ,
	KP_CEDAR_OP_NE,
	KP_CEDAR_OP_LT,
	KP_CEDAR_OP_LE,
	KP_CEDAR_OP_GT,
	KP_CEDAR_OP_GE,
	KP_CEDAR_OP_IN,
	KP_CEDAR_OP_ADD,
	KP_CEDAR_OP_SUB,
	KP_CEDAR_OP_MUL,
	KP_CEDAR_OP_CONTAINS, /* left.contains(right) */
	KP_CEDAR_OP_CONTAINS_ALL,
	KP_CEDAR_OP_CONTAINS_ANY,
	KP_CEDAR_OP_GET_TAG,
	KP_CEDAR_OP_HAS_TAG,
	KP_CEDAR_OP_IS_EMPTY, /* left */
	KP_CEDAR_OP_GET,      /* left.attr, left["attr"] */
	KP_CEDAR_OP_HAS,      /* left has a.b.c */
	KP_CEDAR_OP_LIKE,
	KP_CEDAR_OP_IS, /* left is Type [in right] */
	KP_CEDAR_OP_IF,
	KP_CEDAR_OP_SET,
	KP_CEDAR_OP_RECORD,
	KP_CEDAR_OP_CALL, /* extension function or method; a method's first argument is
			     its object */
};

enum kp_cedar_var {
	KP_CEDAR_VAR_PRINCIPAL,
	KP_CEDAR_VAR_ACTION,
	KP_CEDAR_VAR_RESOURCE,
	KP_CEDAR_VAR_CONTEXT,
};

/* Order as in the table of kp_cedar_fn_info. */
enum kp_cedar_fn {
	KP_CEDAR_FN_DECIMAL,
	KP_CEDAR_FN_IP,
	KP_CEDAR_FN_DATETIME,
	KP_CEDAR_FN_DURATION,
	KP_CEDAR_FN_LESS_THAN,
	KP_CEDAR_FN_LESS_THAN_OR_EQUAL,
	KP_CEDAR_FN_GREATER_THAN,
	KP_CEDAR_FN_GREATER_THAN_OR_EQUAL,
	KP_CEDAR_FN_IS_IPV4,
	KP_CEDAR_FN_IS_IPV6,
	KP_CEDAR_FN_IS_LOOPBACK,
	KP_CEDAR_FN_IS_MULTICAST,
	KP_CEDAR_FN_IS_IN_RANGE,
	KP_CEDAR_FN_OFFSET,
	KP_CEDAR_FN_DURATION_SINCE,
	KP_CEDAR_FN_TO_DATE,
	KP_CEDAR_FN_TO_TIME,
	KP_CEDAR_FN_TO_MILLISECONDS,
	KP_CEDAR_FN_TO_SECONDS,
	KP_CEDAR_FN_TO_MINUTES,
	KP_CEDAR_FN_TO_HOURS,
	KP_CEDAR_FN_TO_DAYS,
	KP_CEDAR_FN_COUNT,
};

/* Signature of an extension function: for parser, evaluator, validator and JSON alike. */
struct kp_cedar_fn_info {
	const char *name;
	bool method;       /* called as x.name(...); else name(...) */
	uint8_t arg_count; /* with the object of a method */
	enum kp_cedar_kind args[2];
	enum kp_cedar_kind result;
};

/* Constant. */
const struct kp_cedar_fn_info *kp_cedar_fn_info(enum kp_cedar_fn fn);
/* False when there is no such function or method. */
bool kp_cedar_fn_find(struct kp_slice name, enum kp_cedar_fn *ret_fn);

/* Literal parts between wildcards: `a*b` is {"a","b"}, `*` is {"",""}; never empty. */
struct kp_cedar_pattern {
	const struct kp_slice *parts; /* UTF-8, escapes taken out */
	size_t count;                 /* wildcards + 1 */
};

struct kp_cedar_field {
	const struct kp_cedar_name *name;
	const struct kp_cedar_expr *value;
	struct kp_cedar_pos pos; /* of the name */
};

struct kp_cedar_expr {
	enum kp_cedar_op op;
	uint16_t height; /* 1 for a leaf; set by kp_cedar_expr_seal */
	struct kp_cedar_pos
		pos; /* from its first to its last byte, parentheses not counted */
	/* What it always evaluates to, when that is known without evaluating operators:
	 * literals, sets and records of such, constructors on a valid literal. Else NULL.
	 * Set by seal. */
	const struct kp_cedar_value *constant;
	union {
		struct kp_cedar_value literal;
		enum kp_cedar_var var;
		struct {
			const struct kp_cedar_expr *left;
			union {
				const struct kp_cedar_expr
					*right; /* binary; IS: may be NULL */
				const struct kp_cedar_name *attr;        /* GET */
				const struct kp_cedar_pattern *pattern;  /* LIKE */
				const struct kp_cedar_name *const *path; /* HAS */
			};
			union {
				const struct kp_cedar_name *type; /* IS */
				size_t path_count;                /* HAS; at least 1 */
			};
		};
		struct {
			const struct kp_cedar_expr *test; /* IF */
			const struct kp_cedar_expr *then;
			const struct kp_cedar_expr *otherwise;
		};
		struct { /* SET, CALL */
			const struct kp_cedar_expr *const *items;
			size_t count;
			enum kp_cedar_fn fn; /* CALL */
		};
		struct { /* RECORD; as written, names differ */
			const struct kp_cedar_field *fields;
			size_t field_count;
		};
	};
};

/* The operand at `index`, in order of evaluation; NULL behind the last. A HAS path and a
 * pattern are no operands. */
const struct kp_cedar_expr *kp_cedar_expr_child(
	const struct kp_cedar_expr *expr, size_t index);

/*
 * Ends the making of a node whose op, pos and operands are filled: sets height and
 * constant. Every maker of nodes calls it, children first. KP_E_LIMIT (at pos) when it is
 * higher than KP_CEDAR_HEIGHT_MAX, KP_E_MEMORY. `file` is for the error and may be NULL.
 */
enum kp_status kp_cedar_expr_seal(struct kp_arena *arena, const char *file,
	struct kp_cedar_expr *expr, struct kp_error *err) KP_MUST_USE;

enum kp_cedar_effect {
	KP_CEDAR_PERMIT,
	KP_CEDAR_FORBID,
};

enum kp_cedar_scope_op {
	KP_CEDAR_SCOPE_ALL,
	KP_CEDAR_SCOPE_EQ,     /* == uid or slot */
	KP_CEDAR_SCOPE_IN,     /* in uid or slot */
	KP_CEDAR_SCOPE_IN_SET, /* in [uids]; action only */
	KP_CEDAR_SCOPE_IS,     /* is Type */
	KP_CEDAR_SCOPE_IS_IN,  /* is Type in uid or slot */
};

struct kp_cedar_scope {
	enum kp_cedar_scope_op op;
	bool slot; /* ?principal or ?resource stands where the uid would; uid is then NULL
		    */
	struct kp_cedar_pos pos;
	struct kp_cedar_pos uid_pos;
	struct kp_cedar_pos type_pos;
	const struct kp_cedar_uid *uid;
	const struct kp_cedar_name *type;
	const struct kp_cedar_uid *const *uids; /* IN_SET; may be empty */
	const struct kp_cedar_pos *uids_pos;    /* one for each of uids; may be NULL */
	size_t uid_count;
};

struct kp_cedar_annotation {
	const struct kp_cedar_name *name;
	bool has_value; /* @a and @a("") differ in print only; value is then empty */
	struct kp_slice value;
	struct kp_cedar_pos pos;
};

struct kp_cedar_condition {
	bool unless; /* else: when */
	const struct kp_cedar_expr *expr;
	struct kp_cedar_pos pos;
};

/* A policy, a template (has_slots) or a policy linked from one. */
struct kp_cedar_policy {
	const struct kp_cedar_name *id; /* "policy0" by position in a text */
	enum kp_cedar_effect effect;
	bool has_slots;
	const char *file; /* for messages; may be NULL */
	struct kp_cedar_pos pos;
	const struct kp_cedar_annotation *annotations; /* as written, names differ */
	size_t annotation_count;
	struct kp_cedar_scope principal;
	struct kp_cedar_scope action;
	struct kp_cedar_scope resource;
	const struct kp_cedar_condition *conditions;
	size_t condition_count;
	const struct kp_cedar_policy *template; /* what it was linked from, else NULL */
};

/* Grows in its arena. A set that is evaluated holds no templates in `policies`. */
struct kp_cedar_policy_list {
	struct kp_arena *arena;
	const struct kp_cedar_policy **items;
	size_t count;
	size_t capacity;
};

struct kp_cedar_policy_set {
	struct kp_cedar_policy_list policies;  /* static and linked: these decide */
	struct kp_cedar_policy_list templates; /* with slots; never evaluated */
};

/* Empty; all of it will be in the arena. */
void kp_cedar_policy_set_init(struct kp_cedar_policy_set *set, struct kp_arena *arena);
/* At the end; borrowed for the life of the set. KP_E_MEMORY. */
enum kp_status kp_cedar_policy_list_add(struct kp_cedar_policy_list *list,
	const struct kp_cedar_policy *policy) KP_MUST_USE;
/* NULL when there is none; looks one by one. */
const struct kp_cedar_policy *kp_cedar_policy_list_find(
	const struct kp_cedar_policy_list *list, const struct kp_cedar_name *id);
/* The annotation of that name, NULL when there is none. */
const struct kp_cedar_annotation *kp_cedar_policy_annotation(
	const struct kp_cedar_policy *policy, const char *name);

/* Same structure; positions, ids and files do not count. Names must come from the same
 * tables. */
bool kp_cedar_expr_equal(const struct kp_cedar_expr *a, const struct kp_cedar_expr *b);
bool kp_cedar_policy_equal(
	const struct kp_cedar_policy *a, const struct kp_cedar_policy *b);

/* Write text that parses back to an equal tree: one line per policy, only needed
 * parentheses. */
void kp_cedar_expr_write(struct kp_buffer *buffer, const struct kp_cedar_expr *expr);
void kp_cedar_policy_write(
	struct kp_buffer *buffer, const struct kp_cedar_policy *policy);
void kp_cedar_pattern_write(
	struct kp_buffer *buffer, const struct kp_cedar_pattern *pattern);

#endif
