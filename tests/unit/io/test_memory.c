/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: after memory_settle() the kernel gives this process no page any more, because all are
 * there, and no stack; painting the stack wipes what was left on it and shows how deep it went.
 * What of the program is only read goes when it is told to, and nothing else.
 *
 * Method: a child for each attempt.  Page faults are counted by the kernel (ru_minflt); each thing
 * that must cost none is done without settling first, where it must cost many.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/attr.h"
#include "child.h"
#include "io/memory.h"
#include "io/sanitized.h"
#include "t.h"

enum {
	STATIC_BYTES = 1024 * 1024,
	SOMEBODY = 65534,
	PAGE = 4096,
	FRAME_BYTES = MEMORY_STACK_BYTES / 4
};

static uint8_t untouched[STATIC_BYTES];
static struct memory memory;

static long faults(void)
{
	struct rusage usage;

	MUST(getrusage(RUSAGE_SELF, &usage) == 0);
	return usage.ru_minflt + usage.ru_majflt;
}

/* `levels` frames of a quarter of the room each. */
/* NOLINTNEXTLINE(misc-no-recursion): its own depth is what it is for */
__attribute__((noinline)) static size_t deep(size_t levels)
{
	uint8_t frame[FRAME_BYTES];
	size_t more;

	memset(frame, (int)levels, sizeof frame);
	__asm__ volatile("" : : "r"(frame) : "memory");
	more = levels > 1 ? deep(levels - 1) : 0;
	/* the frame is needed to here, so that no compiler makes a loop of it */
	__asm__ volatile("" : : "r"(frame) : "memory");
	return more + 1;
}

static void touch_all(uint8_t *heap)
{
	for (size_t i = 0; i < STATIC_BYTES; i += PAGE) {
		((volatile uint8_t *)untouched)[i] = 1;
		((volatile uint8_t *)heap)[i] = 1;
	}
}

static uint8_t *heap_make(void)
{
	uint8_t *heap = malloc(STATIC_BYTES);

	MUST(heap != NULL);
	return heap;
}

static void without(void)
{
	uint8_t *heap = heap_make();
	long before = faults();

	touch_all(heap);
	/* the heap may be there already: MALLOC_PERTURB_ has it written to */
	MUST(faults() - before >= STATIC_BYTES / PAGE - 64);
	free(heap);
}

static void with(void)
{
	uint8_t *heap = heap_make();
	long before;

	MUST(memory_settle(&memory, false) == ERR_OK);
	MUST(memory.taken_bytes >= 2 * STATIC_BYTES + MEMORY_STACK_BYTES);
	(void)faults();
	before = faults();
	touch_all(heap);
	MUST(deep(2) == 2);
	MUST(faults() == before);
	free(heap);
}

static void no_page_is_missing(void)
{
	T_EQ(child(without), 0);
	T_EQ(child(with), 0);
}

static void deep_freely(void)
{
	MUST(deep(8) == 8);
}

static void deep_bounded(void)
{
	MUST(memory_settle(&memory, false) == ERR_OK);
	deep_freely();
}

static void the_stack_ends(void)
{
	T_EQ(child(deep_freely), 0);
	T_EQ(child(deep_bounded), 128 + SIGSEGV);
}

static const uint8_t secret[16] = "a secret of ours";

/* Leaves a secret where the next call will not come by soon. */
__attribute__((noinline)) static void careless(void)
{
	uint8_t frame[MEMORY_STACK_BYTES / 2];

	memcpy(frame + 100, secret, sizeof secret);
	/* the compiler must not think that nobody reads it */
	__asm__ volatile("" : : "r"(frame) : "memory");
}

static bool is_left(void)
{
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): the room is no object of C */
	const uint8_t *room = (const uint8_t *)memory.stack_at;

	return memmem(room, MEMORY_STACK_BYTES, secret, sizeof secret) != NULL;
}

static void paints(void)
{
	size_t high;

	MUST(memory_stack_high_water(&memory) == 0);
	MUST(memory_settle(&memory, false) == ERR_OK);
	MUST(memory_stack_high_water(&memory) == 0); /* not painted: nothing is known */
	careless();
	MUST(is_left());
	memory_stack_paint(&memory);
	MUST(!is_left());
	high = memory_stack_high_water(&memory);
	MUST(high < 8192);
	MUST(deep(1) == 1);
	high = memory_stack_high_water(&memory);
	MUST(high >= FRAME_BYTES && high < FRAME_BYTES + 8192);
	/* it does not forget */
	MUST(memory_stack_high_water(&memory) >= high);
	memory_stack_paint(&memory);
	MUST(memory_stack_high_water(&memory) < 8192);
}

static void painting(void)
{
	T_EQ(child(paints), 0);
}

static size_t locked_kib(void)
{
	char line[256];
	size_t kib = 0;
	FILE *status = fopen("/proc/self/status", "re");

	MUST(status != NULL);
	while (fgets(line, sizeof line, status) != NULL) {
		if (strncmp(line, "VmLck:", 6) == 0) {
			kib = strtoul(line + 6, NULL, 10);
		}
	}
	(void)fclose(status);
	return kib;
}

static void memlock(rlim_t bytes)
{
	const struct rlimit r = { bytes, bytes };

	MUST(setrlimit(RLIMIT_MEMLOCK, &r) == 0);
	if (geteuid() == 0) {
		MUST(setresuid(SOMEBODY, SOMEBODY, SOMEBODY) == 0); /* whom the limit binds */
	}
}

static void too_little(void)
{
	memlock(MEMORY_STACK_BYTES / 2);
	memory.taken_bytes = 7;
	MUST(memory_settle(&memory, false) == ERR_IO && memory.taken_bytes == 0);
	memory_stack_paint(&memory);
	MUST(memory_stack_high_water(&memory) == 0);
}

static void the_stack_only(void)
{
	memlock((rlim_t)1024 * 1024); /* too little for all, enough for the stack */
	MUST(memory_settle(&memory, true) == ERR_IO);
	MUST(memory_settle(&memory, false) == ERR_OK);
	MUST(locked_kib() >= MEMORY_STACK_BYTES / 1024);
}

static void everything(void)
{
	struct rlimit r;

	MUST(getrlimit(RLIMIT_MEMLOCK, &r) == 0);
	if (geteuid() != 0 && r.rlim_cur < 6 * (rlim_t)STATIC_BYTES) {
		return; /* cannot be had here */
	}
	MUST(memory_settle(&memory, true) == ERR_OK);
	MUST(locked_kib() >= (STATIC_BYTES + MEMORY_STACK_BYTES) / 1024);
}

static void locks(void)
{
	T_EQ(child(too_little), 0);
	T_EQ(child(the_stack_only), 0);
	T_EQ(child(everything), 0);
}

/* Part of the program that is only read; and a part that the loader wrote addresses into. */
static const uint8_t constants[STATIC_BYTES] = { 1, 2, 3, [STATIC_BYTES - 1] = 9 };
static const char *volatile const words[] = { "relocated", "too" };

static size_t sum(const uint8_t *p)
{
	size_t n = 0;

	for (size_t i = 0; i < STATIC_BYTES; i++) {
		n += ((const volatile uint8_t *)p)[i];
	}
	return n;
}

/* Pages of the constants that are mapped now. */
static size_t mapped_pages(void)
{
	const uintptr_t first = (uintptr_t)constants / PAGE + 1;
	FILE *map = fopen("/proc/self/pagemap", "re");
	size_t n = 0;

	MUST(map != NULL);
	for (size_t i = 0; i < STATIC_BYTES / PAGE - 1; i++) {
		uint64_t entry = 0;

		MUST(fseek(map, (long)((first + i) * sizeof entry), SEEK_SET) == 0);
		MUST(fread(&entry, sizeof entry, 1, map) == 1);
		n += entry >> 63;
	}
	(void)fclose(map);
	return n;
}

static void what_is_read_goes(void)
{
	uint8_t *heap = heap_make();

	memset(heap, 5, STATIC_BYTES);
	untouched[7] = 7;
	MUST(sum(constants) == 15);
	MUST(mapped_pages() == STATIC_BYTES / PAGE - 1);
	memory_program_release();
	/* but for those that the kernel maps along with what this test itself reads */
	MUST(mapped_pages() <= 64);
	/* all of it is there when it is needed, and nothing that was written is lost */
	MUST(sum(constants) == 15);
	MUST(sum(heap) == (size_t)5 * STATIC_BYTES && untouched[7] == 7);
	MUST(strcmp(words[0], "relocated") == 0 && strcmp(words[1], "too") == 0);
	free(heap);
}

static void what_is_locked_stays(void)
{
	if (mlock(constants, STATIC_BYTES) != 0) {
		return; /* cannot be had here */
	}
	memory_program_release();
	MUST(mapped_pages() == STATIC_BYTES / PAGE - 1);
}

static void releases(void)
{
	T_EQ(child(what_is_read_goes), 0);
	T_EQ(child(what_is_locked_stays), 0);
}

static void under_a_sanitizer(void)
{
	T_EQ(memory_settle(&memory, true), ERR_OK);
	T_EQ(memory.taken_bytes, 0);
	memory_stack_paint(&memory);
	T_EQ(memory_stack_high_water(&memory), 0);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "no page is missing", no_page_is_missing },
		{ "the stack ends where it was taken to", the_stack_ends },
		{ "painting wipes and shows", painting },
		{ "what is locked, and with too little", locks },
		{ "the program's own pages", releases },
	};
	static const struct t_case sanitized[] = {
		{ "nothing, and it says so", under_a_sanitizer },
	};

	return IO_SANITIZED ? t_main(sanitized, ARRAY_LEN(sanitized), argc, argv)
			    : t_main(cases, ARRAY_LEN(cases), argc, argv);
}
