/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.h - the memory of a process that gets none any more.
 *
 * A filter that kills brk, mmap and mremap is half of it: pages of static memory, of the heap and
 * of the stack come from the kernel when they are first touched, and the stack grows by itself.
 * memory_settle() takes them all before the sandbox, so that nothing is left that could be refused
 * later, and bounds the stack where it stands.
 */
#ifndef KURAMORI_IO_MEMORY_H
#define KURAMORI_IO_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

enum {
	MEMORY_STACK_BYTES = 128 * 1024, /* the stack below memory_settle()'s caller */
};

struct memory {
	size_t taken_bytes; /* all that this process can write to; 0 in sanitizer builds */
	uintptr_t stack_at; /* lowest address of the room */
	bool painted;
};

/*
 * The first thing in main(): the heap has no room in reserve from here on.  Otherwise Argon2id's
 * list of addresses, 128 KiB that it gives back, lies in that reserve, and all of it would be taken
 * for ever.
 */
void memory_begin(void);

/*
 * Takes every private writable page of the process from the kernel, and MEMORY_STACK_BYTES of stack
 * below the caller; locks that stack (a key passes over it), and everything else too if `lock`.
 * RLIMIT_STACK becomes what the stack has then: one page more is SIGSEGV.  Of the main thread,
 * once, after the last allocation.  Blocks while the kernel clears pages.  ERR_IO: /proc/self/maps,
 * or RLIMIT_MEMLOCK is too small.  In sanitizer builds it does nothing, and *m is zero.
 */
MUST_CHECK enum err memory_settle(struct memory *m, bool lock);

/*
 * Unmaps the pages of this program's file that it can only read or run, until it comes by again:
 * what reading the configuration or the passphrase took is not needed any more, and the kernel
 * keeps the file's pages anyhow.  What is free on top of the heap goes, too: for who allocates no
 * more.  Before the sandbox, which forbids the calls.  Not for a process that locks its memory: its
 * pages must stay, so the kernel refuses and nothing of the file changes.
 */
void memory_program_release(void);

/*
 * Overwrites the room below the caller: what earlier calls left there is gone, and what later calls
 * reach can be seen.  No system call; nothing in sanitizer builds.
 */
void memory_stack_paint(struct memory *m);

/* How many bytes of the room were used since it was painted; 0 if it was not. */
size_t memory_stack_high_water(const struct memory *m);

#endif
