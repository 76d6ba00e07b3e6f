/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* attr: the few compiler attributes the code uses, and the two ways to stop the process.
 */
#ifndef KP_CORE_ATTR_H
#define KP_CORE_ATTR_H

#include <stdnoreturn.h>

#define KP_MUST_USE __attribute__((warn_unused_result))
#define KP_PRINTF(format_at, args_at) __attribute__((format(printf, format_at, args_at)))
#define KP_UNUSED __attribute__((unused))
#define KP_EXPORT __attribute__((visibility("default")))
/* A large local that is written before it is read: not zeroed first. */
#define KP_UNINITIALIZED __attribute__((uninitialized))
/* Always a function of its own. clang knows no copies made for constant arguments. */
#ifdef __clang__
#define KP_APART __attribute__((noinline))
#else
#define KP_APART __attribute__((noinline, noclone))
#endif
#define KP_ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* The struct of `type` that embeds `member` at `pointer`. */
#define KP_CONTAINER_OF(pointer, type, member)                                           \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* A fact the programmer guarantees. Always compiled in; never about bytes from outside.
 */
#define KP_REQUIRE(fact) ((fact) ? (void)0 : kp_require_failed(#fact, __FILE__, __LINE__))
#define KP_UNREACHABLE() kp_require_failed("unreachable", __FILE__, __LINE__)

/* Says what and where on standard error, and aborts. */
noreturn void kp_require_failed(const char *fact, const char *file, int line);

#endif
