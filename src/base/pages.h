/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pages.h - large zeroed memory in whole pages of the kernel, as large as it gives: a table of many
 * megabytes that is read at random misses the processor's table of pages at every access where
 * these have 4 KiB.
 */
#ifndef KURAMORI_BASE_PAGES_H
#define KURAMORI_BASE_PAGES_H

#include <stddef.h>

/* Large pages of the kernel, where it has any; less memory than this gets small ones. */
#define PAGES_LARGE ((size_t)1 << 21)

/*
 * Zeroed memory of `bytes` > 0, which costs nothing before it is written (then a page; a large one
 * of 2 MiB, so ask for what will be used).  It begins at a multiple of PAGES_LARGE if it is as long
 * as that.  The caller gives it back with pages_give() and the same size.  NULL: no memory.
 */
void *pages_take(size_t bytes);
/*
 * The same memory with room for more, what is new is zeroed.  Its pages are moved by the kernel and
 * not copied, but once, when it becomes as long as PAGES_LARGE: small pages stay small when they
 * are moved.  0 < old <= bytes, old as it was asked for.  NULL: no memory; then p is as it was.
 */
void *pages_more(void *p, size_t old, size_t bytes);
/* NULL is allowed. */
void pages_give(void *p, size_t bytes);

#endif
