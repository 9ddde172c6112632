/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe.c - what the real signer dies of, for test_signer.py.
 *
 * The objects of kuramori-signer as it ships, linked once more with --wrap=sandbox_enter: just
 * before it would close its sandbox, unlocked and with everything open, it forks a child for each
 * forbidden thing. The child enters the real sandbox and does it.  Never shipped: nothing in the
 * program knows of it.
 *
 * Lines on stdout: "probe NAME STATUS", where STATUS is 128 and the signal it died of, or 0 if it
 * succeeded, 1 if it was only refused; "bare NAME STATUS", the same without the sandbox, where it
 * must live; "number N STATUS" for every system call number that the filter may not know.
 */
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attr.h"
#include "io/sandbox.h"

enum { PAGE = 4096, NUMBERS = 512, TOO_LONG_S = 20 };

enum err __real_sandbox_enter(const struct sandbox_plan *plan, struct sandbox_report *r);
enum err __wrap_sandbox_enter(const struct sandbox_plan *plan, struct sandbox_report *r);

/* Made before, so that only the call itself is forbidden. */
static int pair[2], datagram;
static void *page;

static bool p_open(void)
{
	return open("/proc/self/status", O_RDONLY | O_CLOEXEC) >= 0;
}

static bool p_socket_unix(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0;
}

static bool p_socket_inet(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0;
}

static bool p_connect(void)
{
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };

	return connect(datagram, &nobody, sizeof nobody) == 0;
}

static bool p_recvmsg_descriptor(void)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };

	char byte;
	struct iovec one = { &byte, 1 };
	struct msghdr m = { .msg_iov = &one,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof control };

	return recvmsg(pair[0], &m, 0) == 1 && m.msg_controllen >= sizeof(struct cmsghdr);
}

static bool p_sendmsg(void)
{
	char byte = 'x';
	struct iovec one = { &byte, 1 };
	struct msghdr m = { .msg_iov = &one, .msg_iovlen = 1 };

	return sendmsg(pair[0], &m, 0) == 1;
}

static bool p_fork(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		_exit(0);
	}
	return pid > 0;
}

static int nothing(void *ctx)
{
	(void)ctx;
	return 0;
}

static bool p_thread(void)
{
	return clone(nothing, (uint8_t *)page + PAGE,
		     CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			 CLONE_SYSVSEM,
		     NULL) > 0;
}

static bool p_execve(void)
{
	char name[] = "/bin/true";
	char *const argv[] = { name, NULL };
	char *const none[] = { NULL };

	return execve(name, argv, none) == 0;
}

static bool p_ptrace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static bool p_process_vm_readv(void)
{
	char from[8] = "secret";
	char to[8];
	struct iovec local = { to, sizeof to };
	struct iovec remote = { from, sizeof from };

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == sizeof to;
}

static bool p_mmap(void)
{
	return mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	       MAP_FAILED;
}

static bool p_mmap_exec(void)
{
	return mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	       MAP_FAILED;
}

static bool p_mremap(void)
{
	return mremap(page, PAGE, (size_t)4 * PAGE, MREMAP_MAYMOVE) != MAP_FAILED;
}

static bool p_munmap(void)
{
	return munmap(page, PAGE) == 0;
}

static bool p_mprotect_exec(void)
{
	return mprotect(page, PAGE, PROT_READ | PROT_EXEC) == 0;
}

static bool p_brk(void)
{
	return syscall(SYS_brk, (uint8_t *)sbrk(0) + PAGE) > 0;
}

static bool p_malloc(void)
{
	volatile uint8_t *p = malloc((size_t)1024 * 1024);

	if (p == NULL) {
		return false;
	}
	*p = 1;
	return true;
}

static bool p_kill(void)
{
	return kill(getpid(), 0) == 0;
}

static bool p_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0;
}

static bool p_perf(void)
{
	struct perf_event_attr a = { .type = PERF_TYPE_SOFTWARE, .size = sizeof a };

	return syscall(SYS_perf_event_open, &a, 0, -1, -1, 0) >= 0;
}

static bool p_io_uring(void)
{
	uint8_t parameters[256] = { 0 };

	return syscall(SYS_io_uring_setup, 1, parameters) >= 0;
}

static bool p_memfd(void)
{
	return memfd_create("x", MFD_CLOEXEC) >= 0;
}

static bool p_userfaultfd(void)
{
	return syscall(SYS_userfaultfd, O_CLOEXEC) >= 0;
}

static bool p_shm(void)
{
	return shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600) >= 0;
}

static bool p_setrlimit(void)
{
	const struct rlimit none = { 0, 0 };

	return setrlimit(RLIMIT_CORE, &none) == 0;
}

static bool p_sigaction(void)
{
	const struct sigaction a = { .sa_handler = SIG_IGN };

	return sigaction(SIGSYS, &a, NULL) == 0;
}

static bool p_dup(void)
{
	return dup(0) >= 0;
}

static bool p_unlink(void)
{
	return unlink("/proc/self/nothing") == 0;
}

static bool p_getrandom(void)
{
	char byte;

	return syscall(SYS_getrandom, &byte, 1, 0) == 1;
}

static bool p_madvise(void)
{
	return madvise(page, PAGE, MADV_DODUMP) == 0;
}

static bool p_munlock(void)
{
	return munlock(page, PAGE) == 0;
}

/* Not a call: one byte of stack more than was taken. */
static bool p_stack(void)
{
	volatile uint8_t frame[1024 * 1024];

	for (size_t i = sizeof frame; i-- > 0;) {
		frame[i] = 1;
	}
	return frame[0] == 1;
}

static const struct {
	const char *name;
	bool (*run)(void);
} probes[] = {
	{ "open", p_open },
	{ "socket-unix", p_socket_unix },
	{ "socket-inet", p_socket_inet },
	{ "connect", p_connect },
	{ "recvmsg-descriptor", p_recvmsg_descriptor },
	{ "sendmsg", p_sendmsg },
	{ "fork", p_fork },
	{ "thread", p_thread },
	{ "execve", p_execve },
	{ "ptrace", p_ptrace },
	{ "process_vm_readv", p_process_vm_readv },
	{ "mmap", p_mmap },
	{ "mmap-exec", p_mmap_exec },
	{ "mremap", p_mremap },
	{ "munmap", p_munmap },
	{ "mprotect-exec", p_mprotect_exec },
	{ "brk", p_brk },
	{ "malloc", p_malloc },
	{ "kill", p_kill },
	{ "prctl-dumpable", p_dumpable },
	{ "perf_event_open", p_perf },
	{ "io_uring_setup", p_io_uring },
	{ "memfd_create", p_memfd },
	{ "userfaultfd", p_userfaultfd },
	{ "shmget", p_shm },
	{ "setrlimit", p_setrlimit },
	{ "sigaction", p_sigaction },
	{ "dup", p_dup },
	{ "unlink", p_unlink },
	{ "getrandom", p_getrandom },
	{ "madvise-dump", p_madvise },
	{ "munlock", p_munlock },
	{ "stack", p_stack },
};

/* Numbers that a signer may use (tests/gates/sandbox_probe.c), or that pass every filter. */
static bool is_allowed(long number)
{
	static const long may[] = {
		SYS_read,
		SYS_write,
		SYS_pread64,
		SYS_pwrite64,
		SYS_fdatasync,
		SYS_epoll_wait,
		SYS_epoll_pwait,
		SYS_epoll_ctl,
		SYS_accept4,
		SYS_close,
		SYS_clock_gettime,
		SYS_gettimeofday,
		SYS_timerfd_settime,
		SYS_rt_sigprocmask,
		SYS_restart_syscall,
		SYS_rt_sigreturn,
		SYS_exit,
		SYS_exit_group,
		SYS_getpid,
		SYS_gettid,
		335,
		336, /* uretprobe, uprobe: newer kernels, for breakpoints only */
	};

	for (size_t i = 0; i < ARRAY_LEN(may); i++) {
		if (number == may[i]) {
			return true;
		}
	}
	return false;
}

static int child(const struct sandbox_plan *plan, bool enters, bool (*run)(void), long number)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct sandbox_report r = { 0 };
		bool well;

		(void)alarm(TOO_LONG_S);
		if (enters && (__real_sandbox_enter(plan, &r) != ERR_OK || !r.seccomp)) {
			_exit(90);
		}
		well = run != NULL ? run() : syscall(number, 0, 0, 0, 0, 0, 0) >= 0;
		_exit(well ? 0 : 1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		return -1;
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void send_descriptor(void)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };

	char byte = 'x';
	int fd = 0;
	struct iovec one = { &byte, 1 };
	struct msghdr m = { .msg_iov = &one,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof control };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(c), &fd, sizeof fd);
	if (sendmsg(pair[1], &m, 0) != 1) {
		_exit(91);
	}
}

enum err __wrap_sandbox_enter(const struct sandbox_plan *plan, struct sandbox_report *r)
{
	(void)r;
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	datagram = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (page == MAP_FAILED || datagram < 0 ||
	    socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) != 0) {
		_exit(92);
	}
	for (size_t i = 0; i < ARRAY_LEN(probes); i++) {
		for (int enters = 0; enters <= 1; enters++) {
			send_descriptor(); /* one for each who reads it */
			printf("%s %s %d\n", enters ? "probe" : "bare", probes[i].name,
			       child(plan, enters, probes[i].run, 0));
			(void)fflush(stdout);
			(void)recv(pair[0], &(char){ 0 }, 1, MSG_DONTWAIT); /* if it did not */
		}
	}
	for (long n = 0; n < NUMBERS; n++) {
		if (!is_allowed(n)) {
			printf("number %ld %d\n", n, child(plan, true, NULL, n));
		}
	}
	(void)fflush(stdout);
	_exit(0);
}
