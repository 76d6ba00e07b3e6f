/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* layout: see layout.h. */
#include "layout.h"

#include "utf8.h"

enum block_kind {
	BLOCK_TEXT,
	BLOCK_LINE,
	BLOCK_SOFTLINE,
	BLOCK_HARDLINE,
	BLOCK_JOIN,
	BLOCK_NEST,
	BLOCK_GROUP,
};

struct kp_cedar_block {
	enum block_kind kind;
	unsigned indent; /* NEST */
	size_t columns;  /* TEXT */
	struct kp_slice text;
	const struct kp_cedar_block *first; /* JOIN, NEST, GROUP */
	const struct kp_cedar_block *second;
};

static struct kp_cedar_block *
make(struct kp_cedar_layout *layout, enum block_kind kind)
{
	struct kp_cedar_block *block = layout->failed
		? NULL
		: KP_ARENA_NEW(layout->arena, struct kp_cedar_block);
	if (block == NULL) {
		layout->failed = true;
		return NULL;
	}
	layout->node_count++;
	block->kind = kind;
	return block;
}

/* Sorted; the marks that stand on or beside another character, and what is not shown. */
static const uint32_t no_column[][2] = {{0x300, 0x36f}, {0x483, 0x489}, {0x591, 0x5bd},
	{0x5bf, 0x5bf}, {0x5c1, 0x5c2}, {0x5c4, 0x5c5}, {0x5c7, 0x5c7}, {0x610, 0x61a},
	{0x61c, 0x61c}, {0x64b, 0x65f}, {0x670, 0x670}, {0x6d6, 0x6dc}, {0x6df, 0x6e4},
	{0x6e7, 0x6e8}, {0x6ea, 0x6ed}, {0x711, 0x711}, {0x730, 0x74a}, {0x7a6, 0x7b0},
	{0x7eb, 0x7f3}, {0x816, 0x82d}, {0x859, 0x85b}, {0x8d3, 0x902}, {0x93a, 0x93a},
	{0x93c, 0x93c}, {0x941, 0x948}, {0x94d, 0x94d}, {0x951, 0x957}, {0xe31, 0xe31},
	{0xe34, 0xe3a}, {0xe47, 0xe4e}, {0x135d, 0x135f}, {0x1ab0, 0x1aff},
	{0x1dc0, 0x1dff}, {0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x206f},
	{0x20d0, 0x20f0}, {0x302a, 0x302d}, {0x3099, 0x309a}, {0xfe00, 0xfe0f},
	{0xfe20, 0xfe2f}, {0xfeff, 0xfeff}, {0x1d167, 0x1d169}, {0xe0000, 0xe0fff}};
/* Sorted; East Asian wide characters and pictures. */
static const uint32_t two_columns[][2] = {{0x1100, 0x115f}, {0x231a, 0x231b},
	{0x2e80, 0x3029}, {0x302e, 0x303e}, {0x3041, 0x3098}, {0x309b, 0xa4cf},
	{0xa960, 0xa97c}, {0xac00, 0xd7a3}, {0xf900, 0xfaff}, {0xfe30, 0xfe6f},
	{0xff01, 0xff60}, {0xffe0, 0xffe6}, {0x17000, 0x18cff}, {0x1b000, 0x1b2ff},
	{0x1f300, 0x1f320}, {0x1f32d, 0x1f335}, {0x1f337, 0x1f37c}, {0x1f37e, 0x1f393},
	{0x1f3a0, 0x1f3ca}, {0x1f400, 0x1f43e}, {0x1f440, 0x1f440}, {0x1f442, 0x1f4fc},
	{0x1f4ff, 0x1f53d}, {0x1f5fb, 0x1f64f}, {0x1f680, 0x1f6c5}, {0x1f900, 0x1f9ff},
	{0x20000, 0x3fffd}};

static bool
in_ranges(uint32_t code, const uint32_t (*ranges)[2], size_t count)
{
	for (size_t i = 0; i < count && code >= ranges[i][0]; i++) {
		if (code <= ranges[i][1]) {
			return true;
		}
	}
	return false;
}

/* Columns that a terminal gives the text. */
static size_t
columns(struct kp_slice text)
{
	size_t count = 0;
	for (size_t at = 0; at < text.len;) {
		uint32_t code = 0;
		size_t step = kp_cedar_utf8_next(text, at, &code);
		at += step == 0 ? 1 : step;
		if (code < 0x300) {
			count++;
		} else if (!in_ranges(code, no_column, KP_ARRAY_LEN(no_column))) {
			count += in_ranges(code, two_columns, KP_ARRAY_LEN(two_columns))
				? 2
				: 1;
		}
	}
	return count;
}

const struct kp_cedar_block *
kp_cedar_layout_text(struct kp_cedar_layout *layout, struct kp_slice text)
{
	struct kp_cedar_block *block = make(layout, BLOCK_TEXT);
	if (block != NULL) {
		block->text = text;
		block->columns = columns(text);
	}
	return block;
}

const struct kp_cedar_block *
kp_cedar_layout_line(struct kp_cedar_layout *layout)
{
	return make(layout, BLOCK_LINE);
}

const struct kp_cedar_block *
kp_cedar_layout_softline(struct kp_cedar_layout *layout)
{
	return make(layout, BLOCK_SOFTLINE);
}

const struct kp_cedar_block *
kp_cedar_layout_hardline(struct kp_cedar_layout *layout)
{
	return make(layout, BLOCK_HARDLINE);
}

const struct kp_cedar_block *
kp_cedar_layout_join(struct kp_cedar_layout *layout, const struct kp_cedar_block *first,
	const struct kp_cedar_block *second)
{
	if (first == NULL || second == NULL) {
		return first == NULL ? second : first;
	}
	struct kp_cedar_block *block = make(layout, BLOCK_JOIN);
	if (block != NULL) {
		block->first = first;
		block->second = second;
	}
	return block;
}

const struct kp_cedar_block *
kp_cedar_layout_nest(struct kp_cedar_layout *layout, unsigned indent,
	const struct kp_cedar_block *inner)
{
	struct kp_cedar_block *block = inner == NULL ? NULL : make(layout, BLOCK_NEST);
	if (block != NULL) {
		block->indent = indent;
		block->first = inner;
	}
	return block;
}

const struct kp_cedar_block *
kp_cedar_layout_group(struct kp_cedar_layout *layout, const struct kp_cedar_block *inner)
{
	struct kp_cedar_block *block = inner == NULL ? NULL : make(layout, BLOCK_GROUP);
	if (block != NULL) {
		block->first = inner;
	}
	return block;
}

struct step {
	unsigned indent;
	bool flat;
	const struct kp_cedar_block *block;
};

/* What is still to be written, the next on top; and room for looking ahead. */
struct setter {
	struct step *steps;
	size_t count;
	const struct kp_cedar_block **ahead;
	size_t column;
	size_t width;
	struct kp_buffer *out;
};

/*
 * Does `block` fit on this line, with what comes behind it up to the first place where
 * that may break?
 */
static bool
fits(struct setter *setter, const struct kp_cedar_block *block)
{
	size_t column = setter->column;
	size_t behind = setter->count;
	size_t count = 0;
	bool flat = true;
	setter->ahead[count++] = block;
	while (true) {
		if (count == 0) {
			if (behind == 0) {
				return true;
			}
			flat = false;
			setter->ahead[count++] = setter->steps[--behind].block;
		}
		const struct kp_cedar_block *next = setter->ahead[--count];
		switch (next->kind) {
		case BLOCK_TEXT:
			column += next->columns;
			break;
		case BLOCK_LINE:
			column += 1;
			if (!flat) {
				return true;
			}
			break;
		case BLOCK_SOFTLINE:
			if (!flat) {
				return true;
			}
			break;
		case BLOCK_HARDLINE:
			return !flat;
		case BLOCK_JOIN:
			setter->ahead[count++] = next->second;
			setter->ahead[count++] = next->first;
			break;
		case BLOCK_NEST:
		case BLOCK_GROUP:
			setter->ahead[count++] = next->first;
			break;
		}
		if (column > setter->width) {
			return false;
		}
	}
}

static void
new_line(struct setter *setter, unsigned indent)
{
	kp_buffer_add_char(setter->out, '\n');
	for (unsigned i = 0; i < indent; i++) {
		kp_buffer_add_char(setter->out, ' ');
	}
	setter->column = indent;
}

static void
push(struct setter *setter, unsigned indent, bool flat,
	const struct kp_cedar_block *block)
{
	setter->steps[setter->count++] = (struct step){indent, flat, block};
}

static void
set_break(struct setter *setter, const struct step *step)
{
	if (step->flat && step->block->kind != BLOCK_HARDLINE) {
		if (step->block->kind == BLOCK_LINE) {
			kp_buffer_add_char(setter->out, ' ');
			setter->column++;
		}
		return;
	}
	/* The line belongs to what comes on it, which may be indented otherwise. */
	new_line(setter,
		setter->count > 0 ? setter->steps[setter->count - 1].indent
				  : step->indent);
}

static void
set(struct setter *setter, const struct step *step)
{
	const struct kp_cedar_block *block = step->block;
	switch (block->kind) {
	case BLOCK_TEXT:
		kp_buffer_add_slice(setter->out, block->text);
		setter->column += block->columns;
		break;
	case BLOCK_LINE:
	case BLOCK_SOFTLINE:
	case BLOCK_HARDLINE:
		set_break(setter, step);
		break;
	case BLOCK_JOIN:
		push(setter, step->indent, step->flat, block->second);
		push(setter, step->indent, step->flat, block->first);
		break;
	case BLOCK_NEST:
		push(setter, step->indent + block->indent, step->flat, block->first);
		break;
	case BLOCK_GROUP:
		push(setter, step->indent, step->flat || fits(setter, block->first),
			block->first);
		break;
	}
}

void
kp_cedar_layout_write(struct kp_cedar_layout *layout, size_t width,
	const struct kp_cedar_block *block, struct kp_buffer *out)
{
	if (layout->failed || block == NULL) {
		return;
	}
	/* Each block is on the stack once at most, as are those looked at ahead. */
	struct setter setter = {.width = width, .out = out};
	setter.steps = KP_ARENA_ARRAY(layout->arena, struct step, layout->node_count + 2);
	setter.ahead = KP_ARENA_ARRAY(
		layout->arena, const struct kp_cedar_block *, layout->node_count + 2);
	if (setter.steps == NULL || setter.ahead == NULL) {
		layout->failed = true;
		return;
	}
	push(&setter, 0, false, block);
	while (setter.count > 0) {
		struct step step = setter.steps[--setter.count];
		set(&setter, &step);
	}
}
