/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pages.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "base/check.h"

static void *map(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void *pages_take(size_t bytes)
{
	uint8_t *p;
	size_t before;

	CHECK(bytes > 0);
	if (bytes < PAGES_LARGE) {
		return map(bytes);
	}
	if (bytes > SIZE_MAX / 2) {
		return NULL;
	}
	/* a large page begins at a multiple of its size: so much more, and the rest given back */
	bytes = (bytes + 4095) & ~(size_t)4095;
	p = map(bytes + PAGES_LARGE);
	if (p == NULL) {
		return NULL;
	}
	before = (PAGES_LARGE - ((uintptr_t)p & (PAGES_LARGE - 1))) & (PAGES_LARGE - 1);
	pages_give(before == 0 ? NULL : p, before);
	p += before;
	if (before != PAGES_LARGE) {
		pages_give(p + bytes, PAGES_LARGE - before);
	}
	/* advice: it works without */
	(void)madvise(p, bytes, MADV_HUGEPAGE);
	return p;
}

void *pages_more(void *p, size_t old, size_t bytes)
{
	void *place;

	CHECK(p != NULL && old > 0 && old <= bytes);
	/* the kernel alone would move it to where no large page begins */
	place = pages_take(bytes);
	if (place == NULL) {
		return NULL;
	}
	if (old < PAGES_LARGE && bytes >= PAGES_LARGE) {
		/* moved small pages stay small, and what was there first is used most */
		memcpy(place, p, old);
		pages_give(p, old);
		return place;
	}
	if (mremap(p, old, old, MREMAP_MAYMOVE | MREMAP_FIXED, place) == MAP_FAILED) {
		pages_give(place, bytes);
		return NULL;
	}
	/* advice, also for what was too little before */
	if (bytes >= PAGES_LARGE) {
		(void)madvise(place, bytes, MADV_HUGEPAGE);
	}
	return place;
}

void pages_give(void *p, size_t bytes)
{
	if (p != NULL) {
		CHECK(munmap(p, bytes) == 0);
	}
}
