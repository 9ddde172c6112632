/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox_probe - one forbidden thing a run, for sandbox_probe.py.
 *
 *   sandbox_probe PROFILE --list         the names of everything this profile must die of
 *   sandbox_probe PROFILE --probe NAME   enters the sandbox, does it: must die of SIGSYS
 *   sandbox_probe PROFILE --bare NAME    the same without the sandbox (to show what death proves)
 *   sandbox_probe PROFILE --work         enters, does what is allowed, exits 0
 *
 * PROFILE is signer, daemon or offline.  A signer's list is every call of this kernel but the few
 * in signer_may, one offline all but those in offline_may, so a call that is added to the filter by
 * mistake is found.  The two lists here are written down on their own and not taken from
 * src/io/sandbox.c, which they judge.
 */
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"
#include "io/sandbox.h"

static const struct sandbox_profile *profile;

enum { NUMBERS = 512, SOMEBODY = 65534, TOO_LONG_S = 20 };

static const char *const signer_may[] = {
	"read",          "write",           "pread64",         "pwrite64",     "fdatasync",
	"epoll_wait",    "epoll_pwait",     "epoll_ctl",       "accept4",      "close",
	"clock_gettime", "gettimeofday",    "restart_syscall", "rt_sigreturn", "exit",
	"exit_group",    "timerfd_settime", "rt_sigprocmask",  "getpid",       "gettid",
	"tgkill", /* itself by SIGABRT only: see the probes beside */
};

static const char *const daemon_must_not[] = {
	"execve",
	"execveat",
	"fork",
	"vfork",
	"clone",
	"ptrace",
	"process_vm_readv",
	"process_vm_writev",
	"pidfd_getfd",
	"kcmp",
	"process_madvise",
	"mount",
	"umount2",
	"pivot_root",
	"move_mount",
	"fsopen",
	"fsconfig",
	"fsmount",
	"fspick",
	"open_tree",
	"mount_setattr",
	"chroot",
	"unshare",
	"setns",
	"bpf",
	"perf_event_open",
	"userfaultfd",
	"keyctl",
	"add_key",
	"request_key",
	"init_module",
	"finit_module",
	"delete_module",
	"kexec_load",
	"kexec_file_load",
	"reboot",
	"swapon",
	"swapoff",
	"settimeofday",
	"clock_settime",
	"adjtimex",
	"clock_adjtime",
	"io_uring_setup",
	"open_by_handle_at",
	"acct",
	"quotactl",
	"name_to_handle_at",
	"personality",
	"syslog",
	"sethostname",
	"setdomainname",
	"iopl",
	"ioperm",
	"modify_ldt",
	"vhangup",
};

/* Of ioctl and mmap some only: see the probes beside. */
static const char *const offline_may[] = {
	"read",          "write",           "pread64",        "pwrite64",
	"lseek",         "close",           "flock",          "poll",
	"openat",        "newfstatat",      "fadvise64",      "ftruncate",
	"fchmod",        "fsync",           "fdatasync",      "link",
	"unlink",        "renameat2",       "munmap",         "brk",
	"getrandom",     "rt_sigaction",    "rt_sigreturn",   "exit_group",
	"clock_gettime", "restart_syscall", "rt_sigprocmask", "getpid",
	"gettid",        "tgkill",          "mmap",
};

static void tgkill_other_process(void)
{
	(void)syscall(SYS_tgkill, getppid(), getppid(), SIGABRT);
}

static void tgkill_other_signal(void)
{
	(void)syscall(SYS_tgkill, getpid(), gettid(), SIGCONT);
}

#ifdef __x86_64__
/* The same machine's other call tables, where the numbers mean something else. */
static void x32_read(void)
{
	(void)syscall(0x40000000 | SYS_read, 0, 0, 0);
}

static void i386_getpid(void)
{
	long result = 20;

	__asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
}
#endif

/* A line that is typed for whoever sits at this terminal. */
static void ioctl_types(void)
{
	(void)ioctl(0, TIOCSTI, "x");
}

static void mmap_code(void)
{
	(void)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void libc_fork(void)
{
	if (fork() == 0) {
		_exit(0);
	}
}

enum { BY_SIGNER = 1, BY_DAEMON = 2, BY_OFFLINE = 4, BY_ALL = 7 };

static const struct {
	const char *name;
	unsigned by;
	void (*run)(void);
} special[] = {
	{ "tgkill-other-process", BY_SIGNER | BY_OFFLINE, tgkill_other_process },
	{ "tgkill-other-signal", BY_SIGNER | BY_OFFLINE, tgkill_other_signal },
	{ "ioctl-types", BY_SIGNER | BY_OFFLINE, ioctl_types },
	{ "mmap-code", BY_SIGNER | BY_OFFLINE, mmap_code },
	{ "libc-fork", BY_ALL, libc_fork },
#ifdef __x86_64__
	{ "x32-read", BY_ALL, x32_read },
	{ "i386-getpid", BY_ALL, i386_getpid },
#endif
};

static bool is_among(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(name, list[i]) == 0) {
			return true;
		}
	}
	return false;
}

/*
 * uretprobe() and uprobe(): newer kernels let these two pass every filter.  They serve a tracer's
 * breakpoints and from anywhere else only fail (seen on 6.18: SIGILL and an error).
 */
static bool is_past_all_filters(int number)
{
#ifdef __x86_64__
	return number == 335 || number == 336;
#else
	(void)number;
	return false;
#endif
}

/* Every call of this kernel that is not among these. */
static void list_all_but(const char *const *may, size_t n)
{
	for (int i = 0; i < NUMBERS; i++) {
		char *name;

		if (is_past_all_filters(i)) {
			continue;
		}
		name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, i);

		if (name == NULL) {
			printf("number-%d\n", i); /* newer than the library, or a hole */
		} else if (!is_among(name, may, n)) {
			printf("%s\n", name);
		}
		free(name);
	}
}

static void list(void)
{
	unsigned by = BY_DAEMON;

	if (profile == &sandbox_signer) {
		by = BY_SIGNER;
		list_all_but(signer_may, ARRAY_LEN(signer_may));
	} else if (profile == &sandbox_offline) {
		by = BY_OFFLINE;
		list_all_but(offline_may, ARRAY_LEN(offline_may));
	}
	for (size_t i = 0; i < ARRAY_LEN(daemon_must_not) && by == BY_DAEMON; i++) {
		printf("%s\n", daemon_must_not[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(special); i++) {
		if ((special[i].by & by) != 0) {
			printf("%s\n", special[i].name);
		}
	}
}

static bool enter(void)
{
	const struct sandbox_plan plan = {
		.profile = profile, .uid = SOMEBODY, .gid = SOMEBODY, .files_max = 32
	};
	struct sandbox_report r = { 0 };

	return sandbox_prepare(&plan, &r) == ERR_OK && sandbox_enter(&plan, &r) == ERR_OK &&
	       r.seccomp && r.landlock == (profile == &sandbox_signer);
}

/* What to do, found before the sandbox, in which nothing can be looked up any more. */
static bool find(const char *name, void (**run)(void), long *number)
{
	for (size_t i = 0; i < ARRAY_LEN(special); i++) {
		if (strcmp(name, special[i].name) == 0) {
			*run = special[i].run;
			return true;
		}
	}
	if (strncmp(name, "number-", 7) == 0) {
		*number = strtol(name + 7, NULL, 10);
		return true;
	}
	*number = seccomp_syscall_resolve_name(name);
	return *number >= 0;
}

static int probe(const char *name, bool bare)
{
	void (*run)(void) = NULL;
	long number = -1;

	if (!find(name, &run, &number)) {
		(void)fprintf(stderr, "sandbox_probe: no such call: %s\n", name);
		return 2;
	}
	(void)alarm(TOO_LONG_S); /* a call that waits must not hang the test */
	if (!bare && !enter()) {
		(void)fprintf(stderr, "sandbox_probe: the sandbox cannot be entered\n");
		return 3;
	}
	if (run != NULL) {
		run();
	} else {
		(void)syscall(number, 0, 0, 0, 0, 0, 0);
	}
	_exit(1); /* it lived */
}

/* A file of its own by name, memory, and the terminal's question whether it is one. */
static int work_offline(void)
{
	char name[] = "/tmp/sandbox_probe.XXXXXX";
	int fd = mkstemp(name);
	uint8_t *p;

	if (fd < 0 || !enter()) {
		return 3;
	}
	p = mmap(NULL, 1 << 23, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED || getrandom(p, 16, 0) != 16 || write(fd, p, 16) != 16 ||
	    fdatasync(fd) != 0 || isatty(fd) != 0 || close(fd) != 0 ||
	    open(name, O_RDONLY | O_CLOEXEC) != fd || munmap(p, 1 << 23) != 0 ||
	    unlink(name) != 0) {
		_exit(1);
	}
	_exit(0);
}

static int work(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct timespec now;
	int ends[2], wait = epoll_create1(EPOLL_CLOEXEC);
	char byte = 'x';

	if (wait < 0 || pipe2(ends, O_CLOEXEC) != 0 || !enter()) {
		return 3;
	}
	if (write(ends[1], &byte, 1) != 1 || epoll_ctl(wait, EPOLL_CTL_ADD, ends[0], &event) != 0 ||
	    epoll_wait(wait, &event, 1, 0) != 1 || read(ends[0], &byte, 1) != 1 ||
	    close(ends[1]) != 0 || syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now) != 0) {
		_exit(1);
	}
	_exit(0);
}

static bool profile_of(const char *word)
{
	static const struct {
		const char *word;
		const struct sandbox_profile *profile;
	} all[] = { { "signer", &sandbox_signer },
		    { "daemon", &sandbox_daemon },
		    { "offline", &sandbox_offline } };

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (strcmp(word, all[i].word) == 0) {
			profile = all[i].profile;
			return true;
		}
	}
	return false;
}

int main(int argc, char **argv)
{
	if (argc < 3 || !profile_of(argv[1])) {
		(void)fprintf(stderr, "usage: sandbox_probe signer|daemon|offline "
				      "--list | --probe NAME | --bare NAME | --work\n");
		return 2;
	}
	if (argc == 3 && strcmp(argv[2], "--list") == 0) {
		list();
		return 0;
	}
	if (argc == 3 && strcmp(argv[2], "--work") == 0) {
		return profile == &sandbox_offline ? work_offline() : work();
	}
	if (argc == 4 && strcmp(argv[2], "--probe") == 0) {
		return probe(argv[3], false);
	}
	if (argc == 4 && strcmp(argv[2], "--bare") == 0) {
		return probe(argv[3], true);
	}
	return 2;
}
