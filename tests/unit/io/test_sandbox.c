/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: what the sandbox says it took away is gone, inside it what a signer needs works, and what
 * it does not need kills; as root and as anybody else.  (Every call of the kernel, one by one, is
 * the gate test sandbox_probe.) Method: a child for each attempt enters the real sandbox and makes
 * it; the same attempt just before entering must have worked, or its failing proves nothing.  Under
 * a sanitizer the filter cannot run, which the report must say.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/check.h"
#include "child.h"
#include "io/loop.h"
#include "io/notes.h"
#include "io/sandbox.h"
#include "io/sanitized.h"
#include "io/secret_arena.h"
#include "io/unix.h"
#include "t.h"

static const bool sanitized = IO_SANITIZED;

enum { SOMEBODY = 65534, FILES_MAX = 32 };

/* For everybody: only the sandbox may be what keeps us from it. */
static char dir[] = "/tmp/kuramori-sandbox-XXXXXX";
static char inside[64], fresh[64], socket_path[64];
static const struct sandbox_profile *profile;
static int abi_max; /* of Landlock; 0: what this kernel has */

static struct sandbox_plan plan_of(void)
{
	return (struct sandbox_plan){ .profile = profile,
				      .uid = SOMEBODY,
				      .gid = SOMEBODY,
				      .files_max = FILES_MAX,
				      .files_more = 1,
				      .landlock_abi_max = abi_max };
}

static struct sandbox_report prepare(void)
{
	const struct sandbox_plan plan = plan_of();
	struct sandbox_report r = { 0 };

	if (sandbox_prepare(&plan, &r) != ERR_OK) {
		_exit(90);
	}
	return r;
}

static struct sandbox_report enter(void)
{
	const struct sandbox_plan plan = plan_of();
	struct sandbox_report r = prepare();

	if (sandbox_enter(&plan, &r) != ERR_OK) {
		_exit(91);
	}
	return r;
}

static void prepared(void)
{
	struct rlimit limit;
	uid_t before = geteuid();
	struct sandbox_report r = prepare();
	uid_t ru, eu, su;
	gid_t rg, eg, sg;

	MUST(r.no_new_privs && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	MUST(r.undumpable && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	MUST(getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur == 0 && limit.rlim_max == 0);
	MUST(r.cores_off);
	MUST(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max == FILES_MAX);
	MUST(fcntl(0, F_DUPFD, FILES_MAX - 1) >= 0 && fcntl(0, F_DUPFD, FILES_MAX) < 0);
	MUST(!r.memory_locked && !r.seccomp && !r.landlock && r.landlock_abi == 0);
	MUST(getresuid(&ru, &eu, &su) == 0 && getresgid(&rg, &eg, &sg) == 0);
	MUST(r.uid == eu && r.gid == eg && eu != 0);
	MUST(r.uid_dropped == (before == 0));
	if (before == 0) {
		MUST(ru == SOMEBODY && eu == SOMEBODY && su == SOMEBODY);
		MUST(rg == SOMEBODY && eg == SOMEBODY && sg == SOMEBODY);
		MUST(getgroups(0, NULL) == 0);
	} else {
		MUST(eu == before);
	}
	MUST(setuid(0) != 0 && seteuid(0) != 0 && setgid(0) != 0);
	MUST(setgroups(0, NULL) != 0);
}

static void root_without_a_uid(void)
{
	struct sandbox_plan plan = plan_of();
	struct sandbox_report r = { .landlock_abi = 77 };

	plan.uid = 0;
	if (geteuid() != 0) {
		/* Not started as root, the plan's uid is not looked at. */
		MUST(sandbox_prepare(&plan, &r) == ERR_OK && !r.uid_dropped);
		return;
	}
	MUST(sandbox_prepare(&plan, &r) == ERR_POLICY);
	plan.uid = SOMEBODY;
	plan.gid = 0;
	MUST(sandbox_prepare(&plan, &r) == ERR_POLICY);
	MUST(r.landlock_abi == 77 && geteuid() == 0);
}

/* A person's program: no core, no debugger, and still his. */
static void offline(void)
{
	struct sandbox_plan plan = { .profile = &sandbox_offline, .files_max = FILES_MAX };
	struct sandbox_report r = { 0 };
	uid_t before = geteuid();
	struct rlimit limit;

	MUST(sandbox_prepare(&plan, &r) == ERR_OK);
	MUST(r.no_new_privs && r.undumpable && r.cores_off && !r.uid_dropped);
	MUST(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 &&
	     prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	MUST(getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0);
	MUST(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max == FILES_MAX);
	MUST(geteuid() == before && r.uid == before);
}

static void locked(void)
{
	struct rlimit limit;
	struct sandbox_plan plan = plan_of();
	struct sandbox_report r = { 0 };

	plan.lock_memory = true;
	if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && geteuid() != 0) {
		/* Too little is an error, never a quiet half. */
		limit.rlim_cur = 4096;
		MUST(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
		MUST(sandbox_prepare(&plan, &r) == ERR_IO && !r.memory_locked);
		return;
	}
	MUST(sandbox_prepare(&plan, &r) == ERR_OK && r.memory_locked);
	/* A locked page cannot be given back. */
	MUST(madvise((void *)((uintptr_t)&plan & ~(uintptr_t)4095), 4096, MADV_DONTNEED) != 0);
}

static void what_prepare_takes_away(void)
{
	profile = &sandbox_signer;
	T_EQ(child(prepared), 0);
	T_EQ(child(root_without_a_uid), 0);
	T_EQ(child(offline), 0);
	if (!sanitized) {
		T_EQ(child(locked), 0);
	}
}

static bool can_open(void)
{
	int fd = open(inside, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)close(fd);
	}
	return fd >= 0;
}

static bool can_write(void)
{
	int fd = open(inside, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd >= 0) {
		(void)close(fd);
	}
	return fd >= 0;
}

static bool can_make(void)
{
	int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0) {
		(void)close(fd);
		(void)unlink(fresh);
	}
	return fd >= 0;
}

static bool can_make_dir(void)
{
	bool well = mkdir(fresh, 0700) == 0;

	return well && rmdir(fresh) == 0;
}

static bool can_link(void)
{
	bool well = symlink("x", fresh) == 0;

	return well && unlink(fresh) == 0;
}

static bool can_list(void)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		(void)close(fd);
	}
	return fd >= 0;
}

static bool can_bind(void)
{
	int fd = -1;

	if (unix_listen(socket_path, 0600, &fd) != ERR_OK) {
		return false;
	}
	(void)close(fd);
	return unlink(socket_path) == 0;
}

static void files_are_closed(void)
{
	static bool (*const attempts[])(void) = { can_open, can_write, can_make, can_make_dir,
						  can_link, can_list,  can_bind };
	const struct sandbox_plan plan = plan_of(); /* Landlock is required */
	struct sandbox_report r = prepare();
	int fd = open(inside, O_RDWR | O_CLOEXEC);
	char byte = 'x';

	for (size_t i = 0; i < ARRAY_LEN(attempts); i++) {
		MUST(attempts[i]());
	}
	MUST(sandbox_close_files(&plan, &r) == ERR_OK);
	MUST(r.landlock && r.landlock_abi >= 1 && r.no_new_privs && !r.seccomp);
	MUST(abi_max == 0 || r.landlock_abi <= abi_max);
	for (size_t i = 0; i < ARRAY_LEN(attempts); i++) {
		errno = 0;
		MUST(!attempts[i]());
		MUST(errno == EACCES);
	}
	/* What was open stays so. */
	MUST(pwrite(fd, &byte, 1, 0) == 1 && fdatasync(fd) == 0 && pread(fd, &byte, 1, 0) == 1);
}

/* Debian 12's kernel has ABI 2, and the first one must do too: a refused file is refused by it. */
static void landlock_denies_the_file_system(void)
{
	profile = &sandbox_signer;
	for (abi_max = 2; abi_max >= 0; abi_max--) {
		T_EQ(child(files_are_closed), 0);
	}
	abi_max = 0;
}

static int abstract_listen(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(a.sun_path + 1, sizeof a.sun_path - 1, "kuramori-test-%d", (int)getpid());
	return fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 1) == 0 ? fd
											       : -1;
}

static int abstract_connect(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int why;

	(void)snprintf(a.sun_path + 1, sizeof a.sun_path - 1, "kuramori-test-%d", (int)getpid());
	why = connect(fd, (struct sockaddr *)&a, sizeof a) == 0 ? 0 : errno;
	(void)close(fd);
	return why;
}

static int tcp_bind(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int why = bind(fd, (struct sockaddr *)&a, sizeof a) == 0 ? 0 : errno;

	(void)close(fd);
	return why;
}

/* What newer kernels can deny besides files is denied, even where no filter would. */
static void newer_kernels_close_more(void)
{
	const struct sandbox_plan plan = plan_of();
	struct sandbox_report r = prepare();
	int listener = abstract_listen();
	int ends[2];
	pid_t other;

	MUST(pipe2(ends, O_CLOEXEC) == 0);
	other = fork();
	if (other == 0) {
		char byte;

		/* until we end: what we cannot signal must not outlive us */
		(void)close(ends[1]);
		_exit(read(ends[0], &byte, 1) == 0 ? 0 : 1);
	}
	MUST(listener >= 0 && other > 0);
	MUST(kill(other, 0) == 0 && tcp_bind() == 0 && abstract_connect() == 0);
	MUST(sandbox_close_files(&plan, &r) == ERR_OK);
	printf("# Landlock ABI %d\n", r.landlock_abi);
	MUST(tcp_bind() == (r.landlock_abi >= 4 ? EACCES : 0));
	MUST(abstract_connect() == (r.landlock_abi >= 6 ? EPERM : 0));
	if (r.landlock_abi >= 6) {
		MUST(kill(other, SIGKILL) != 0 && errno == EPERM);
		MUST(kill(getpid(), 0) == 0); /* abort() must still reach itself */
	} else {
		MUST(kill(other, SIGKILL) == 0);
	}
	(void)fflush(stdout);
}

static void newer_kernels(void)
{
	profile = &sandbox_signer;
	T_EQ(child(newer_kernels_close_more), 0);
	abi_max = 2;
	T_EQ(child(newer_kernels_close_more), 0);
	abi_max = 0;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void inherited_are_closed(void)
{
	struct stat null;
	struct stat first;
	char byte;

	for (int fd = 3; fd < 30; fd++) {
		MUST(dup2(2, fd) == fd);
	}
	MUST(close(0) == 0 && sandbox_descriptors() == ERR_OK);
	for (int fd = 0; fd < 1024; fd++) {
		MUST(is_open(fd) == (fd < 3));
	}
	MUST(stat("/dev/null", &null) == 0 && fstat(0, &first) == 0);
	MUST(first.st_rdev == null.st_rdev && read(0, &byte, 1) == 0);
}

/* Started without any: what is opened next must not be taken for the place to complain to. */
static void none_inherited(void)
{
	int fd;

	MUST(close(0) == 0 && close(1) == 0 && close(2) == 0);
	MUST(sandbox_descriptors() == ERR_OK);
	fd = open(inside, O_RDONLY | O_CLOEXEC);
	MUST(fd == 3 && write(2, "x", 1) == 1);
}

static void no_null_to_open(void)
{
	const struct rlimit none_left = { 2, 2 };

	MUST(close(2) == 0 && setrlimit(RLIMIT_NOFILE, &none_left) == 0);
	MUST(sandbox_descriptors() == ERR_IO);
}

static void descriptors(void)
{
	T_EQ(child(inherited_are_closed), 0);
	T_EQ(child(none_inherited), 0);
	T_EQ(child(no_null_to_open), 0);
}

static void as_many_as_planned(void)
{
	struct sandbox_plan plan = plan_of();
	int listener = -1;
	int peers[3];
	struct sandbox_report r;

	MUST(sandbox_descriptors() == ERR_OK &&
	     unix_listen(socket_path, 0666, &listener) == ERR_OK);
	for (int i = 0; i < 3; i++) {
		MUST(unix_connect(socket_path, &peers[i]) == ERR_OK);
	}
	r = prepare();
	plan.files_more = 2;
	MUST(sandbox_enter(&plan, &r) == ERR_OK);
	MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC) >= 0);
	MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC) >= 0);
	MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC) < 0 && errno == EMFILE);
	MUST(close(peers[0]) == 0 && accept4(listener, NULL, NULL, SOCK_CLOEXEC) >= 0);
}

static void more_than_the_unit_grants(void)
{
	struct sandbox_plan plan = plan_of();
	struct sandbox_report r = prepare();

	plan.files_more = FILES_MAX;
	MUST(sandbox_enter(&plan, &r) == ERR_IO && !r.seccomp);
}

/* Entering needs descriptors of its own for a moment, and must not want them counted. */
static void none_planned(void)
{
	struct sandbox_plan plan = plan_of();
	struct sandbox_report r = prepare();

	plan.files_more = 0;
	MUST(sandbox_enter(&plan, &r) == ERR_OK && r.seccomp == !sanitized);
}

static void numbers_are_counted(void)
{
	profile = &sandbox_signer;
	T_EQ(child(as_many_as_planned), 0);
	(void)unlink(socket_path);
	T_EQ(child(more_than_the_unit_grants), 0);
	T_EQ(child(none_planned), 0);
}

/* A kernel that has no Landlock, by a filter that says so. */
static void no_landlock_here(void)
{
	scmp_filter_ctx f;

	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	f = seccomp_init(SCMP_ACT_ALLOW);
	MUST(f != NULL);
	MUST(seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(landlock_create_ruleset), 0) ==
	     0);
	MUST(seccomp_load(f) == 0);
	seccomp_release(f);
}

static void landlock_missing_and_required(void)
{
	const struct sandbox_plan plan = plan_of();
	struct sandbox_report r;

	no_landlock_here();
	r = prepare();
	MUST(sandbox_enter(&plan, &r) == ERR_POLICY);
	/* Refused before the filter: the caller can still say why. */
	MUST(!r.landlock && !r.seccomp && can_open());
}

static void landlock_missing_and_optional(void)
{
	struct sandbox_plan plan = plan_of();
	struct sandbox_report r;

	no_landlock_here();
	r = prepare();
	plan.landlock_optional = true;
	MUST(sandbox_enter(&plan, &r) == ERR_OK);
	MUST(!r.landlock && r.landlock_abi == 0 && r.seccomp == !sanitized);
}

static void a_kernel_without_landlock(void)
{
	profile = &sandbox_signer;
	T_EQ(child(landlock_missing_and_required), 0);
	T_EQ(child(landlock_missing_and_optional), 0);
}

static long number;
static long args[3];

static void call(void)
{
	(void)enter();
	(void)syscall(number, args[0], args[1], args[2], 0, 0, 0);
}

static char *const none[] = { NULL };

static void signer_calls_that_kill(void)
{
	const long calls[][4] = {
		{ SYS_open, (long)"/etc/passwd", O_RDONLY, 0 },
		{ SYS_openat, AT_FDCWD, (long)"/etc/passwd", O_RDONLY },
		{ SYS_socket, AF_UNIX, SOCK_STREAM, 0 },
		{ SYS_connect, 0, 0, 0 },
		{ SYS_sendto, 0, 0, 0 },
		{ SYS_recvmsg, 0, 0, 0 },
		{ SYS_fork, 0, 0, 0 },
		{ SYS_clone, 0, 0, 0 },
		{ SYS_execve, (long)"/bin/true", (long)none, (long)none },
		{ SYS_ptrace, PTRACE_TRACEME, 0, 0 },
		{ SYS_mmap, 0, 4096, PROT_READ },
		{ SYS_munmap, 0, 4096, 0 },
		{ SYS_brk, 0, 0, 0 },
		{ SYS_mprotect, 0, 4096, PROT_EXEC },
		{ SYS_kill, 1, 0, 0 },
		{ SYS_tgkill, 1, 1, SIGABRT },
		{ SYS_tgkill, 0, 0, SIGKILL },
		{ SYS_getrandom, 0, 0, 0 },
		{ SYS_ioctl, 0, 0, 0 },
		{ SYS_prctl, 0, 0, 0 },
		{ SYS_setuid, 0, 0, 0 },
		{ SYS_unlink, (long)"/tmp/x", 0, 0 },
		{ SYS_dup, 0, 0, 0 },
	};

	profile = &sandbox_signer;
	for (size_t i = 0; i < ARRAY_LEN(calls) && !sanitized; i++) {
		number = calls[i][0];
		memcpy(args, &calls[i][1], sizeof args);
		printf("# call %ld\n", number);
		T_CHECK(t_dies(SIGSYS, call));
	}
	T_CHECK(true);
}

static void our_check_fails(void)
{
	(void)enter();
	CHECK(number == -12345);
}

static void a_broken_invariant_is_still_sigabrt(void)
{
	profile = &sandbox_signer;
	T_CHECK(t_dies(SIGABRT, our_check_fails));
	profile = &sandbox_daemon;
	T_CHECK(t_dies(SIGABRT, our_check_fails));
}

static struct loop l;

static void ends(void *ctx)
{
	(void)ctx;
	loop_end(&l);
}

/* The life of a signer: memory, files and sockets before; a peer, the journal, a timer after. */
static void allowed_work(void)
{
	struct loop_timer t = { .on = ends };
	struct secret_arena a;
	struct sandbox_report r;
	uint8_t byte = 7;
	int file = open(inside, O_RDWR | O_CLOEXEC), listener = -1, peer = -1, taken;

	MUST(loop_init(&l) == ERR_OK && secret_arena_open(&a, 10000) == ERR_OK);
	memset(secret_arena_take(&a, 5000), 1, 5000);
	secret_arena_close(&a);
	(void)unlink(socket_path);
	MUST(unix_listen(socket_path, 0600, &listener) == ERR_OK);
	MUST(unix_connect(socket_path, &peer) == ERR_OK);
	r = enter();
	MUST(r.seccomp == !sanitized && r.landlock && r.no_new_privs && r.undumpable);
	MUST(r.cores_off && r.uid != 0);
	loop_timer_set(&l, &t, 5, 0);
	MUST(loop_run(&l) == ERR_OK);
	taken = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	MUST(taken >= 0 && write(peer, &byte, 1) == 1 && read(taken, &byte, 1) == 1);
	MUST(write(taken, &byte, 1) == 1 && read(peer, &byte, 1) == 1 && close(taken) == 0);
	MUST(pwrite(file, &byte, 1, 0) == 1 && fdatasync(file) == 0);
	MUST(pread(file, &byte, 1, 0) == 1);
	NOTES(NOTES_INFO, "in-sandbox", notes_u64("abi", (uint64_t)r.landlock_abi));
	secret_arena_wipe(&a);
}

static void what_a_signer_needs_works(void)
{
	profile = &sandbox_signer;
	T_EQ(child(allowed_work), 0);
	(void)unlink(socket_path);
}

static void *other_thread(void *ctx)
{
	*(bool *)ctx = can_open();
	return NULL;
}

static void daemon_work(void)
{
	struct sandbox_report r = enter();
	pthread_t thread;
	bool well = false;
	uint8_t byte;
	void *p;

	MUST(r.seccomp == !sanitized && !r.landlock && r.no_new_privs && r.undumpable);
	MUST(can_open() && can_make() && can_make_dir());
	MUST(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0);
	MUST(getrandom(&byte, 1, 0) == 1);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(p != MAP_FAILED && munmap(p, 4096) == 0);
	MUST(pthread_create(&thread, NULL, other_thread, &well) == 0);
	MUST(pthread_join(thread, NULL) == 0 && well);
}

static void daemon_forks(void)
{
	pid_t pid;

	(void)enter();
	pid = fork();
	if (pid == 0) {
		_exit(0);
	}
}

static pthread_barrier_t both;

static void *early_thread(void *ctx)
{
	(void)ctx;
	(void)pthread_barrier_wait(&both);
	(void)pthread_barrier_wait(&both);
	(void)syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
	return NULL;
}

static void thread_from_before(void)
{
	pthread_t thread;

	MUST(pthread_barrier_init(&both, NULL, 2) == 0);
	MUST(pthread_create(&thread, NULL, early_thread, NULL) == 0);
	(void)pthread_barrier_wait(&both);
	(void)enter();
	(void)pthread_barrier_wait(&both);
	(void)pthread_join(thread, NULL);
}

static void a_daemon(void)
{
	const long calls[][4] = {
		{ SYS_execve, (long)"/bin/true", (long)none, (long)none },
		{ SYS_execveat, AT_FDCWD, (long)"/bin/true", (long)none },
		{ SYS_fork, 0, 0, 0 },
		{ SYS_vfork, 0, 0, 0 },
		{ SYS_clone, SIGCHLD, 0, 0 },
		{ SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0 },
		{ SYS_ptrace, PTRACE_TRACEME, 0, 0 },
		{ SYS_process_vm_readv, 1, 0, 0 },
		{ SYS_mount, 0, 0, 0 },
		{ SYS_fsopen, (long)"tmpfs", 0, 0 },
		{ SYS_unshare, CLONE_NEWUSER, 0, 0 },
		{ SYS_setns, 0, 0, 0 },
		{ SYS_bpf, 0, 0, 0 },
		{ SYS_keyctl, 0, 0, 0 },
		{ SYS_io_uring_setup, 1, 0, 0 },
		{ SYS_perf_event_open, 0, 0, 0 },
		{ SYS_userfaultfd, 0, 0, 0 },
		{ SYS_chroot, (long)"/", 0, 0 },
	};

	profile = &sandbox_daemon;
	T_EQ(child(daemon_work), 0);
	if (sanitized) {
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		number = calls[i][0];
		memcpy(args, &calls[i][1], sizeof args);
		printf("# call %ld\n", number);
		T_CHECK(t_dies(SIGSYS, call));
	}
	T_CHECK(t_dies(SIGSYS, daemon_forks));
	T_CHECK(t_dies(SIGSYS, thread_from_before));
}

static struct secret_arena arena;

/* In the child itself: the arena is not inherited. */
static void arena_open(void)
{
	if (secret_arena_open(&arena, 5000) != ERR_OK) {
		_exit(95);
	}
}

static void take_too_much(void)
{
	arena_open();
	(void)secret_arena_take(&arena, arena.cap - arena.used + 1);
}

static void take_after_close(void)
{
	arena_open();
	secret_arena_close(&arena);
	(void)secret_arena_take(&arena, 1);
}

/* Without a sanitizer's own handler. */
static void plain_faults(void)
{
	(void)signal(SIGSEGV, SIG_DFL);
}

static void touch_guard(void)
{
	plain_faults();
	arena_open();
	((volatile uint8_t *)arena.p)[arena.cap] = 1;
}

static void touch_guard_below(void)
{
	plain_faults();
	arena_open();
	((volatile uint8_t *)arena.p)[-1] = 1;
}

static void touch_inherited(void)
{
	plain_faults();
	((volatile uint8_t *)arena.p)[0] = 1;
}

static void arena_limits(void)
{
	static const uint8_t zero[5000];
	const int fault = 128 + SIGSEGV;
	uint8_t *p;

	T_EQ(secret_arena_open(&arena, 5000), ERR_OK);
	T_EQ(arena.cap, 8192);
	(void)secret_arena_take(&arena, 1);
	T_CHECK(((uint8_t *)secret_arena_take(&arena, 100) - arena.p) % 16 == 0);
	T_EQ(secret_arena_high_water(&arena), 116);
	p = secret_arena_take(&arena, 5000);
	T_MEM(p, zero, sizeof zero);
	memset(p, 0xaa, 5000);
	secret_arena_wipe(&arena);
	T_MEM(p, zero, sizeof zero);
	T_EQ(child(touch_inherited), fault);
	secret_arena_free(&arena);
	T_CHECK(t_dies(SIGABRT, take_too_much));
	T_CHECK(t_dies(SIGABRT, take_after_close));
	T_EQ(child(touch_guard), fault);
	T_EQ(child(touch_guard_below), fault);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "what prepare takes away", what_prepare_takes_away },
		{ "Landlock denies the file system", landlock_denies_the_file_system },
		{ "a kernel without Landlock", a_kernel_without_landlock },
		{ "what newer kernels can deny besides", newer_kernels },
		{ "what was inherited is closed", descriptors },
		{ "as many descriptors as planned", numbers_are_counted },
		{ "signer: calls that kill", signer_calls_that_kill },
		{ "a broken invariant is still SIGABRT", a_broken_invariant_is_still_sigabrt },
		{ "what a signer needs works", what_a_signer_needs_works },
		{ "a daemon", a_daemon },
		{ "the secret arena's limits", arena_limits },
	};
	int fd, result;

	if (mkdtemp(dir) == NULL || chmod(dir, 0777) != 0) {
		return 1;
	}
	(void)snprintf(inside, sizeof inside, "%s/inside", dir);
	(void)snprintf(fresh, sizeof fresh, "%s/fresh", dir);
	(void)snprintf(socket_path, sizeof socket_path, "%s/socket", dir);
	fd = open(inside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || fchmod(fd, 0666) != 0) {
		return 1;
	}
	(void)close(fd);
	result = t_main(cases, ARRAY_LEN(cases), argc, argv);
	(void)unlink(inside);
	(void)rmdir(dir);
	return result;
}
