/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret_arena.h - memory for secrets, all of it taken before the sandbox: page aligned,
 * pre-faulted, locked, not dumped, not inherited by fork, between two guard pages.  Taken by
 * bumping, never given back.
 */
#ifndef KURAMORI_IO_SECRET_ARENA_H
#define KURAMORI_IO_SECRET_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

struct secret_arena {
	uint8_t *p;
	size_t cap;
	size_t used;
	bool closed;
};

/* bytes is rounded up to pages.  Registered with check_secret().  ERR_IO (RLIMIT_MEMLOCK, memory).
 */
MUST_CHECK enum err secret_arena_open(struct secret_arena *a, size_t bytes);

/* n zeroed bytes, 16-byte aligned, for the life of the process.  Dies when full or closed. */
void *secret_arena_take(struct secret_arena *a, size_t n);

/* No more takes. */
void secret_arena_close(struct secret_arena *a);

/* Bytes taken so far. */
size_t secret_arena_high_water(const struct secret_arena *a);

/* Overwrites everything that was taken. */
void secret_arena_wipe(struct secret_arena *a);

/* Wipes, unlocks and unmaps (tests; outside a sandbox only). */
void secret_arena_free(struct secret_arena *a);

#endif
