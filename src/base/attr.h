/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attr.h - compiler attributes under names that say what they are for.
 */
#ifndef KURAMORI_BASE_ATTR_H
#define KURAMORI_BASE_ATTR_H

#include <assert.h>

/* The result decides something: ignoring it is a compile error. */
#define MUST_CHECK        __attribute__((warn_unused_result))
#define NORETURN          __attribute__((noreturn))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
/* For wiping secrets only (style: never declared after a goto). */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/*
 * Asks memory for the line at p before it is needed.  A macro, and what uses it in a helper of its
 * own is INLINED: a compiler that sees a function without a result do nothing else takes the call
 * away.
 */
#define FETCH(p) __builtin_prefetch(p)
#define INLINED  inline __attribute__((always_inline))

/*
 * A function for processors that have these instructions, vectors of 64 bytes among them.  Not
 * under the address sanitizer: its stack for the detection of use after return gives such vectors
 * places of half that alignment (gcc 12), and they fault.  Tests hold such a function against the
 * plain one, and valgrind looks at it.
 */
#define WIDE_CODE(instructions) __attribute__((target(instructions), no_sanitize_address))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

__extension__ typedef unsigned __int128 u128;

#endif
