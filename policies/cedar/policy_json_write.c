/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* policy_json_write: ast to the JSON form, in the shape that Cedar itself prints. */
#include "core/json_write.h"
#include "expr_words.h"
#include "policy_json.h"
#include "utf8.h"

static void write_expr(struct kp_json_writer *writer, const struct kp_cedar_expr *expr);

static void
write_word(struct kp_json_writer *writer, const char *word)
{
	kp_json_write_string(writer, kp_slice_from(word));
}

static void
write_name(struct kp_json_writer *writer, const char *name)
{
	kp_json_write_name(writer, kp_slice_from(name));
}

static void
write_uid(struct kp_json_writer *writer, const struct kp_cedar_uid *uid)
{
	kp_json_write_object_begin(writer);
	KP_JSON_WRITE_NAME(writer, "type");
	kp_json_write_string(writer, uid->type->text);
	KP_JSON_WRITE_NAME(writer, "id");
	kp_json_write_string(writer, uid->id->text);
	kp_json_write_object_end(writer);
}

/* --- expressions --- */

static void
write_literal(struct kp_json_writer *writer, const struct kp_cedar_value *value)
{
	if (value->kind == KP_CEDAR_BOOL) {
		kp_json_write_bool(writer, value->boolean);
	} else if (value->kind == KP_CEDAR_LONG) {
		kp_json_write_int(writer, value->integer);
	} else if (value->kind == KP_CEDAR_STRING) {
		kp_json_write_string(writer, value->string);
	} else {
		KP_REQUIRE(value->kind == KP_CEDAR_ENTITY);
		kp_json_write_object_begin(writer);
		KP_JSON_WRITE_NAME(writer, "__entity");
		write_uid(writer, value->entity);
		kp_json_write_object_end(writer);
	}
}

static void
write_has(struct kp_json_writer *writer, const struct kp_cedar_expr *expr)
{
	KP_JSON_WRITE_NAME(writer, "left");
	write_expr(writer, expr->left);
	KP_JSON_WRITE_NAME(writer, "attr");
	if (expr->path_count == 1) {
		kp_json_write_string(writer, expr->path[0]->text);
		return;
	}
	kp_json_write_array_begin(writer);
	for (size_t i = 0; i < expr->path_count; i++) {
		kp_json_write_string(writer, expr->path[i]->text);
	}
	kp_json_write_array_end(writer);
}

/* One element for each character, as Cedar does. */
static void
write_part(struct kp_json_writer *writer, struct kp_slice part)
{
	size_t at = 0;
	while (at < part.len) {
		uint32_t code;
		size_t step = kp_cedar_utf8_next(part, at, &code);
		if (step == 0) {
			step = part.len - at;
		}
		kp_json_write_object_begin(writer);
		KP_JSON_WRITE_NAME(writer, "Literal");
		kp_json_write_string(writer, (struct kp_slice){part.data + at, step});
		kp_json_write_object_end(writer);
		at += step;
	}
}

static void
write_like(struct kp_json_writer *writer, const struct kp_cedar_expr *expr)
{
	KP_JSON_WRITE_NAME(writer, "left");
	write_expr(writer, expr->left);
	KP_JSON_WRITE_NAME(writer, "pattern");
	kp_json_write_array_begin(writer);
	for (size_t i = 0; i < expr->pattern->count; i++) {
		if (i > 0) {
			write_word(writer, "Wildcard");
		}
		write_part(writer, expr->pattern->parts[i]);
	}
	kp_json_write_array_end(writer);
}

static void
write_is(struct kp_json_writer *writer, const struct kp_cedar_expr *expr)
{
	KP_JSON_WRITE_NAME(writer, "left");
	write_expr(writer, expr->left);
	KP_JSON_WRITE_NAME(writer, "entity_type");
	kp_json_write_string(writer, expr->type->text);
	if (expr->right != NULL) {
		KP_JSON_WRITE_NAME(writer, "in");
		write_expr(writer, expr->right);
	}
}

static void
write_if(struct kp_json_writer *writer, const struct kp_cedar_expr *expr)
{
	KP_JSON_WRITE_NAME(writer, "if");
	write_expr(writer, expr->test);
	KP_JSON_WRITE_NAME(writer, "then");
	write_expr(writer, expr->then);
	KP_JSON_WRITE_NAME(writer, "else");
	write_expr(writer, expr->otherwise);
}

static void
write_items(struct kp_json_writer *writer, const struct kp_cedar_expr *expr)
{
	kp_json_write_array_begin(writer);
	for (size_t i = 0; i < expr->count; i++) {
		write_expr(writer, expr->items[i]);
	}
	kp_json_write_array_end(writer);
}

static void
write_record(struct kp_json_writer *writer, const struct kp_cedar_expr *expr)
{
	kp_json_write_object_begin(writer);
	for (size_t i = 0; i < expr->field_count; i++) {
		kp_json_write_name(writer, expr->fields[i].name->text);
		write_expr(writer, expr->fields[i].value);
	}
	kp_json_write_object_end(writer);
}

/* The members of the operators that are {"word": {...}}. */
static void
write_members(struct kp_json_writer *writer, const struct kp_cedar_expr *expr,
	const struct kp_cedar_expr_word *word)
{
	kp_json_write_object_begin(writer);
	if (word->shape == KP_CEDAR_SHAPE_ARG) {
		KP_JSON_WRITE_NAME(writer, "arg");
		write_expr(writer, expr->left);
	} else if (word->shape == KP_CEDAR_SHAPE_PAIR) {
		KP_JSON_WRITE_NAME(writer, "left");
		write_expr(writer, expr->left);
		KP_JSON_WRITE_NAME(writer, "right");
		write_expr(writer, expr->right);
	} else if (expr->op == KP_CEDAR_OP_GET) {
		KP_JSON_WRITE_NAME(writer, "left");
		write_expr(writer, expr->left);
		KP_JSON_WRITE_NAME(writer, "attr");
		kp_json_write_string(writer, expr->attr->text);
	} else if (expr->op == KP_CEDAR_OP_HAS) {
		write_has(writer, expr);
	} else if (expr->op == KP_CEDAR_OP_LIKE) {
		write_like(writer, expr);
	} else if (expr->op == KP_CEDAR_OP_IS) {
		write_is(writer, expr);
	} else {
		write_if(writer, expr);
	}
	kp_json_write_object_end(writer);
}

static void
write_expr(struct kp_json_writer *writer, const struct kp_cedar_expr *expr)
{
	kp_json_write_object_begin(writer);
	if (expr->op == KP_CEDAR_OP_CALL) {
		write_name(writer, kp_cedar_fn_info(expr->fn)->name);
		write_items(writer, expr);
		kp_json_write_object_end(writer);
		return;
	}
	const struct kp_cedar_expr_word *word = kp_cedar_expr_word_of(expr->op);
	write_name(writer, word->word);
	if (expr->op == KP_CEDAR_OP_LITERAL) {
		write_literal(writer, &expr->literal);
	} else if (expr->op == KP_CEDAR_OP_VAR) {
		write_word(writer, kp_cedar_var_word(expr->var));
	} else if (expr->op == KP_CEDAR_OP_SET) {
		write_items(writer, expr);
	} else if (expr->op == KP_CEDAR_OP_RECORD) {
		write_record(writer, expr);
	} else {
		write_members(writer, expr, word);
	}
	kp_json_write_object_end(writer);
}

/* --- policies --- */

static void
write_party(struct kp_json_writer *writer, const struct kp_cedar_scope *scope,
	const char *slot)
{
	if (scope->slot) {
		KP_JSON_WRITE_NAME(writer, "slot");
		write_word(writer, slot);
	} else {
		KP_JSON_WRITE_NAME(writer, "entity");
		write_uid(writer, scope->uid);
	}
}

static void
write_scope(struct kp_json_writer *writer, const char *name,
	const struct kp_cedar_scope *scope, const char *slot)
{
	static const char *const ops[] = {
		[KP_CEDAR_SCOPE_ALL] = "All",
		[KP_CEDAR_SCOPE_EQ] = "==",
		[KP_CEDAR_SCOPE_IN] = "in",
		[KP_CEDAR_SCOPE_IN_SET] = "in",
		[KP_CEDAR_SCOPE_IS] = "is",
		[KP_CEDAR_SCOPE_IS_IN] = "is",
	};
	write_name(writer, name);
	kp_json_write_object_begin(writer);
	KP_JSON_WRITE_NAME(writer, "op");
	write_word(writer, ops[scope->op]);
	if (scope->type != NULL) {
		KP_JSON_WRITE_NAME(writer, "entity_type");
		kp_json_write_string(writer, scope->type->text);
	}
	if (scope->op == KP_CEDAR_SCOPE_IN_SET && scope->uid_count == 1) {
		/* As Cedar writes it. */
		KP_JSON_WRITE_NAME(writer, "entity");
		write_uid(writer, scope->uids[0]);
	} else if (scope->op == KP_CEDAR_SCOPE_IN_SET) {
		KP_JSON_WRITE_NAME(writer, "entities");
		kp_json_write_array_begin(writer);
		for (size_t i = 0; i < scope->uid_count; i++) {
			write_uid(writer, scope->uids[i]);
		}
		kp_json_write_array_end(writer);
	} else if (scope->op == KP_CEDAR_SCOPE_IS_IN) {
		KP_JSON_WRITE_NAME(writer, "in");
		kp_json_write_object_begin(writer);
		write_party(writer, scope, slot);
		kp_json_write_object_end(writer);
	} else if (scope->op == KP_CEDAR_SCOPE_EQ || scope->op == KP_CEDAR_SCOPE_IN) {
		write_party(writer, scope, slot);
	}
	kp_json_write_object_end(writer);
}

static void
write_annotations(struct kp_json_writer *writer, const struct kp_cedar_policy *policy)
{
	if (policy->annotation_count == 0) {
		return;
	}
	KP_JSON_WRITE_NAME(writer, "annotations");
	kp_json_write_object_begin(writer);
	for (size_t i = 0; i < policy->annotation_count; i++) {
		const struct kp_cedar_annotation *annotation = &policy->annotations[i];
		kp_json_write_name(writer, annotation->name->text);
		if (annotation->has_value) {
			kp_json_write_string(writer, annotation->value);
		} else {
			kp_json_write_null(writer);
		}
	}
	kp_json_write_object_end(writer);
}

static void
write_policy(struct kp_json_writer *writer, const struct kp_cedar_policy *policy)
{
	kp_json_write_object_begin(writer);
	KP_JSON_WRITE_NAME(writer, "effect");
	write_word(writer, policy->effect == KP_CEDAR_PERMIT ? "permit" : "forbid");
	write_scope(writer, "principal", &policy->principal, "?principal");
	write_scope(writer, "action", &policy->action, "");
	write_scope(writer, "resource", &policy->resource, "?resource");
	KP_JSON_WRITE_NAME(writer, "conditions");
	kp_json_write_array_begin(writer);
	for (size_t i = 0; i < policy->condition_count; i++) {
		kp_json_write_object_begin(writer);
		KP_JSON_WRITE_NAME(writer, "kind");
		write_word(writer, policy->conditions[i].unless ? "unless" : "when");
		KP_JSON_WRITE_NAME(writer, "body");
		write_expr(writer, policy->conditions[i].expr);
		kp_json_write_object_end(writer);
	}
	kp_json_write_array_end(writer);
	write_annotations(writer, policy);
	kp_json_write_object_end(writer);
}

void
kp_cedar_policy_write_json(struct kp_buffer *buffer, const struct kp_cedar_policy *policy)
{
	struct kp_json_writer writer;
	kp_json_writer_init(&writer, buffer);
	write_policy(&writer, policy);
}

static void
write_link(struct kp_json_writer *writer, const struct kp_cedar_policy *policy)
{
	kp_json_write_object_begin(writer);
	KP_JSON_WRITE_NAME(writer, "templateId");
	kp_json_write_string(writer, policy->template->id->text);
	KP_JSON_WRITE_NAME(writer, "newId");
	kp_json_write_string(writer, policy->id->text);
	KP_JSON_WRITE_NAME(writer, "values");
	kp_json_write_object_begin(writer);
	if (policy->template->principal.slot) {
		KP_JSON_WRITE_NAME(writer, "?principal");
		write_uid(writer, policy->principal.uid);
	}
	if (policy->template->resource.slot) {
		KP_JSON_WRITE_NAME(writer, "?resource");
		write_uid(writer, policy->resource.uid);
	}
	kp_json_write_object_end(writer);
	kp_json_write_object_end(writer);
}

static void
write_list(struct kp_json_writer *writer, const char *name,
	const struct kp_cedar_policy_list *list)
{
	write_name(writer, name);
	kp_json_write_object_begin(writer);
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i]->template == NULL) {
			kp_json_write_name(writer, list->items[i]->id->text);
			write_policy(writer, list->items[i]);
		}
	}
	kp_json_write_object_end(writer);
}

void
kp_cedar_policy_set_write_json(
	struct kp_buffer *buffer, const struct kp_cedar_policy_set *set)
{
	struct kp_json_writer writer;
	kp_json_writer_init(&writer, buffer);
	kp_json_write_object_begin(&writer);
	write_list(&writer, "staticPolicies", &set->policies);
	write_list(&writer, "templates", &set->templates);
	KP_JSON_WRITE_NAME(&writer, "templateLinks");
	kp_json_write_array_begin(&writer);
	for (size_t i = 0; i < set->policies.count; i++) {
		if (set->policies.items[i]->template != NULL) {
			write_link(&writer, set->policies.items[i]);
		}
	}
	kp_json_write_array_end(&writer);
	kp_json_write_object_end(&writer);
}
