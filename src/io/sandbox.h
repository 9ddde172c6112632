/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.h - what a process gives up before it listens to anybody (docs/processes.md).
 *
 * Three steps.  sandbox_descriptors() first of all: nothing of who started us stays open.
 * sandbox_prepare() before a secret is in memory: no core files, no debugger, no privileges.
 * sandbox_enter() after everything was opened: Landlock denies the whole file system, seccomp kills
 * the process at the first call that is not on the list.
 */
#ifndef KURAMORI_IO_SANDBOX_H
#define KURAMORI_IO_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/err.h"

/* Allow-list, default kill: socket in, socket out, journal, clock, nothing else. */
extern const struct sandbox_profile sandbox_signer;
/* Deny-list for what no daemon needs (other processes, exec, ptrace, mount, keyring, bpf ...);
 * threads are allowed. */
extern const struct sandbox_profile sandbox_daemon;
/* Allow-list, default kill: files by name, the terminal, memory that is no code, the clock: a
 * person's program that has no peer. */
extern const struct sandbox_profile sandbox_offline;

struct sandbox_plan {
	const struct sandbox_profile *profile;
	uid_t uid; /* used only when started as root; must not be 0 then */
	gid_t gid;
	uint64_t files_max;  /* RLIMIT_NOFILE, >= the descriptors in use */
	uint64_t files_more; /* sandbox_signer: how many may still be opened in the sandbox */
	bool lock_memory;    /* mlockall(MCL_CURRENT): nothing of us is ever swapped */
	void (*last)(void);  /* called by sandbox_enter() when nothing is left but to bind; NULL */
	bool landlock_optional; /* a kernel without Landlock is reported instead of refused */
	int landlock_abi_max;   /* use no more than this of a newer kernel; 0: all it has */
};

/* What was really done: goes into the log and into `status`. */
struct sandbox_report {
	bool no_new_privs;
	bool undumpable;
	bool cores_off;
	bool memory_locked;
	bool uid_dropped; /* false also when not started as root */
	int landlock_abi; /* 0 none */
	bool landlock;
	bool seccomp; /* false in sanitizer builds, which cannot run under it */
	uid_t uid;
	gid_t gid;
};

/*
 * Closes all that was inherited but 0, 1 and 2, and opens /dev/null where one of these is missing:
 * a journal that became descriptor 2 would be written to by the first complaint.  From here on the
 * numbers follow from what the program opens.  Before anything is opened.  ERR_IO.
 */
MUST_CHECK enum err sandbox_descriptors(void);

/*
 * PR_SET_NO_NEW_PRIVS, PR_SET_DUMPABLE 0, RLIMIT_CORE 0, RLIMIT_NOFILE; as root: setgroups(0),
 * setresgid, setresuid to plan's, then proof that root does not come back.  sandbox_offline stays
 * the person who started it: its files are his.  ERR_POLICY root without a uid to go to; ERR_IO a
 * call failed: the caller ends then, half a sandbox is none.
 */
MUST_CHECK enum err sandbox_prepare(const struct sandbox_plan *plan, struct sandbox_report *r);

/*
 * The first half of sandbox_enter() for sandbox_signer: Landlock denies every open, change and name
 * in the file system (EACCES); descriptors that are open stay usable.  Of this thread and those it
 * starts.  *r keeps what it said and gains landlock, landlock_abi.  ERR_POLICY no Landlock and not
 * optional; ERR_IO.
 */
MUST_CHECK enum err sandbox_close_files(const struct sandbox_plan *plan, struct sandbox_report *r);

/*
 * Landlock (ABI 1 or newer, every right handled that it knows, none granted), RLIMIT_NOFILE down to
 * the descriptors that are open and files_more (both sandbox_signer only), and seccomp.  Cannot be
 * undone.  ERR_POLICY no Landlock and not optional; ERR_IO, also files_max is too small.
 */
MUST_CHECK enum err sandbox_enter(const struct sandbox_plan *plan, struct sandbox_report *r);

#endif
