/* SPDX-License-Identifier: Apache-2.0 */
#include "io/secret_arena.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"

static size_t page_bytes(void)
{
	long n = sysconf(_SC_PAGESIZE);

	CHECK(n > 0);
	return (size_t)n;
}

enum err secret_arena_open(struct secret_arena *a, size_t bytes)
{
	size_t page = page_bytes();
	size_t cap = (bytes + page - 1) / page * page;
	uint8_t *p;

	CHECK(bytes > 0 && bytes <= (size_t)1 << 30);
	/* Everything is a guard at first; the middle is then opened. */
	p = mmap(NULL, cap + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED) {
		return ERR_IO;
	}
	if (mprotect(p + page, cap, PROT_READ | PROT_WRITE) != 0 || mlock(p + page, cap) != 0 ||
	    madvise(p + page, cap, MADV_DONTDUMP) != 0 ||
	    madvise(p + page, cap, MADV_DONTFORK) != 0) {
		(void)munmap(p, cap + 2 * page);
		return ERR_IO;
	}
	memset(p + page, 0, cap); /* pre-faulted, whatever mlock did */
	*a = (struct secret_arena){ .p = p + page, .cap = cap };
	check_secret(a->p, a->cap);
	return ERR_OK;
}

void *secret_arena_take(struct secret_arena *a, size_t n)
{
	size_t at = (a->used + 15) / 16 * 16;

	CHECK(!a->closed);
	CHECK(at <= a->cap && n <= a->cap - at);
	a->used = at + n;
	return a->p + at;
}

void secret_arena_close(struct secret_arena *a)
{
	a->closed = true;
}

size_t secret_arena_high_water(const struct secret_arena *a)
{
	return a->used;
}

void secret_arena_wipe(struct secret_arena *a)
{
	explicit_bzero(a->p, a->used);
}

void secret_arena_free(struct secret_arena *a)
{
	size_t page = page_bytes();

	if (a->p == NULL) {
		return;
	}
	explicit_bzero(a->p, a->cap);
	check_secret_forget(a->p);
	CHECK(munmap(a->p - page, a->cap + 2 * page) == 0);
	*a = (struct secret_arena){ 0 };
}
