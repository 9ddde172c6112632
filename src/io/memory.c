/* SPDX-License-Identifier: Apache-2.0 */
#include "io/memory.h"

#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/check.h"
#include "io/sanitized.h"

enum {
	PAINT = 0xa5,
	LINE_MAX_BYTES = 512, /* of /proc/self/maps; our paths are shorter */
	SEGMENTS_MAX = 32,    /* of a program; ours have a dozen */
	POPULATE_WRITE = 23,  /* MADV_POPULATE_WRITE, Linux 5.14; not in Debian 12's libc */
};

struct mapping {
	uintptr_t first, end;
	bool is_stack;
};

/* Touches the room of stack below its caller, and says where it is. */
__attribute__((noinline)) static uintptr_t room_write(void)
{
	uint8_t room[MEMORY_STACK_BYTES];
	uintptr_t at;

	memset(room, PAINT, sizeof room);
	/* a place, which outlives the object; and the compiler must not think that nobody reads it
	 */
	__asm__ volatile("" : "=r"(at) : "0"(room) : "memory");
	return at;
}

/* The bytes at an address of our own, which C knows no object for. */
static uint8_t *memory_at(uintptr_t address)
{
	return (uint8_t *)address; /* NOLINT(performance-no-int-to-ptr): from /proc/self/maps */
}

static bool mapping_read(const char *line, struct mapping *out)
{
	unsigned long first = 0;
	unsigned long end = 0;
	char rights[5] = "";

	/* NOLINTNEXTLINE(cert-err34-c): the kernel's own numbers, and the order is checked */
	if (sscanf(line, "%lx-%lx %4s", &first, &end, rights) != 3 || first >= end) {
		return false;
	}
	*out = (struct mapping){ .first = first,
				 .end = end,
				 .is_stack = strstr(line, "[stack]") != NULL };
	return strcmp(rights, "rw-p") == 0;
}

/* ERR_IO: a page cannot be had. */
static enum err take(const struct mapping *m, bool lock)
{
	size_t n = m->end - m->first;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (lock || m->is_stack) {
		return mlock(memory_at(m->first), n) == 0 ? ERR_OK : ERR_IO;
	}
	if (madvise(memory_at(m->first), n, POPULATE_WRITE) == 0) {
		return ERR_OK;
	}
	if (errno != EINVAL) {
		return ERR_IO;
	}
	/* An older kernel: what is written is taken, and memory that is missing is SIGBUS now. */
	for (uintptr_t at = m->first; at < m->end; at += page) {
		volatile uint8_t *byte = memory_at(at);
		uint8_t what_it_holds = *byte;

		*byte = what_it_holds;
	}
	return ERR_OK;
}

static enum err stack_bound(const struct mapping *m)
{
	const struct rlimit r = { .rlim_cur = m->end - m->first, .rlim_max = m->end - m->first };

	return setrlimit(RLIMIT_STACK, &r) == 0 ? ERR_OK : ERR_IO;
}

void memory_begin(void)
{
	(void)mallopt(M_TOP_PAD, 0);
}

enum err memory_settle(struct memory *m, bool lock)
{
	static char buffer[4096];
	struct memory done = { 0 };
	struct mapping one;
	char line[LINE_MAX_BYTES];
	bool bounded = false;
	enum err e = ERR_OK;
	FILE *maps = NULL;

	*m = done;
	if (IO_SANITIZED) {
		return ERR_OK;
	}
	done.stack_at = room_write();
	maps = fopen("/proc/self/maps", "re");
	if (maps == NULL) {
		return ERR_IO;
	}
	/* Its buffer is ours: nothing of the heap changes while the heap is being read about. */
	(void)setvbuf(maps, buffer, _IOFBF, sizeof buffer);
	while (e == ERR_OK && fgets(line, sizeof line, maps) != NULL) {
		if (!mapping_read(line, &one)) {
			continue;
		}
		e = take(&one, lock);
		if (e == ERR_OK && one.is_stack) {
			e = stack_bound(&one);
			bounded = true;
		}
		done.taken_bytes += one.end - one.first;
	}
	if (ferror(maps) != 0 || !bounded) {
		e = ERR_IO;
	}
	(void)fclose(maps);
	if (e == ERR_OK) {
		*m = done;
	}
	return e;
}

/* dl_iterate_phdr() names the program itself first, and is told to stop there. */
static int segments_release(struct dl_phdr_info *program, size_t n, void *ctx)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	ElfW(Phdr) segments[SEGMENTS_MAX];

	(void)n;
	(void)ctx;
	if (program->dlpi_phnum > SEGMENTS_MAX) {
		return 1;
	}
	/* they lie in the first of them, which looking at them again would bring back */
	memcpy(segments, program->dlpi_phdr, program->dlpi_phnum * sizeof segments[0]);
	for (size_t i = 0; i < program->dlpi_phnum; i++) {
		const ElfW(Phdr) *s = &segments[i];
		uintptr_t first = (program->dlpi_addr + s->p_vaddr) & ~(page - 1);
		uintptr_t end =
		    (program->dlpi_addr + s->p_vaddr + s->p_memsz + page - 1) & ~(page - 1);

		/*
		 * What can be written to differs from the file, also where it is read-only by now
		 * (relocated addresses): that would be lost.
		 */
		if (s->p_type == PT_LOAD && (s->p_flags & PF_W) == 0) {
			(void)madvise(memory_at(first), end - first, MADV_DONTNEED);
		}
	}
	return 1;
}

void memory_program_release(void)
{
	if (!IO_SANITIZED) {
		(void)malloc_trim(0);
		(void)dl_iterate_phdr(segments_release, NULL);
	}
}

void memory_stack_paint(struct memory *m)
{
	if (m->taken_bytes == 0) {
		return;
	}
	/* Near enough where it was at first that the pages below are those that were taken. */
	m->stack_at = room_write();
	m->painted = true;
}

size_t memory_stack_high_water(const struct memory *m)
{
	const uint8_t *room;
	size_t free_bytes = 0;

	if (!m->painted) {
		return 0;
	}
	room = memory_at(m->stack_at);
	while (free_bytes < MEMORY_STACK_BYTES && room[free_bytes] == PAINT) {
		free_bytes++;
	}
	return MEMORY_STACK_BYTES - free_bytes;
}
