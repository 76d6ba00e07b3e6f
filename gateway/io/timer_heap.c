/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * timer_heap: see timer_heap.h. In a list of siblings `prev` of the first points to the
 * parent and `next` of the last is NULL.
 */
#include "io/timer_heap.h"

#include <stddef.h>

/* Joins two roots: the later one becomes the first child of the earlier one. */
static struct kp_timer *
join(struct kp_timer *a, struct kp_timer *b)
{
	if (a == NULL || b == NULL) {
		return a == NULL ? b : a;
	}
	struct kp_timer *first = b->due_us < a->due_us ? b : a;
	struct kp_timer *later = first == a ? b : a;
	later->prev = first;
	later->next = first->child;
	if (first->child != NULL) {
		first->child->prev = later;
	}
	first->child = later;
	return first;
}

/* Two passes over a list of siblings: join pairs from the left, then all from the right.
 * The bound on the heap's cost rests on this order. */
static struct kp_timer *
join_siblings(struct kp_timer *sibling)
{
	struct kp_timer *pairs = NULL;
	while (sibling != NULL) {
		struct kp_timer *second = sibling->next;
		struct kp_timer *rest = second == NULL ? NULL : second->next;
		sibling->next = NULL;
		sibling->prev = NULL;
		if (second != NULL) {
			second->next = NULL;
			second->prev = NULL;
		}
		struct kp_timer *pair = join(sibling, second);
		pair->next = pairs;
		pairs = pair;
		sibling = rest;
	}
	struct kp_timer *root = NULL;
	while (pairs != NULL) {
		struct kp_timer *rest = pairs->next;
		pairs->next = NULL;
		root = join(root, pairs);
		pairs = rest;
	}
	return root;
}

struct kp_timer *
kp_timer_heap_insert(struct kp_timer *root, struct kp_timer *timer)
{
	timer->child = NULL;
	timer->next = NULL;
	timer->prev = NULL;
	return join(root, timer);
}

struct kp_timer *
kp_timer_heap_remove(struct kp_timer *root, struct kp_timer *timer)
{
	struct kp_timer *below = join_siblings(timer->child);
	timer->child = NULL;
	if (timer == root) {
		return below;
	}
	if (timer->prev->child == timer) {
		timer->prev->child = timer->next;
	} else {
		timer->prev->next = timer->next;
	}
	if (timer->next != NULL) {
		timer->next->prev = timer->prev;
	}
	timer->next = NULL;
	timer->prev = NULL;
	return join(root, below);
}
