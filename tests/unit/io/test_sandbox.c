/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: inside the signer's sandbox what it needs works, and every other call kills.
 * Method: a child for each call enters the real sandbox and makes it; SIGSYS is the only good end.
 * Under a sanitizer the filter cannot run, which the report must say.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/check.h"
#include "io/loop.h"
#include "io/notes.h"
#include "io/sandbox.h"
#include "io/secret_arena.h"
#include "t.h"

static int file = -1;

static struct sandbox_report enter(void)
{
	const struct sandbox_plan plan = { .profile = SANDBOX_SIGNER,
					   .uid = 65534,
					   .gid = 65534,
					   .files_max = 32,
					   .landlock_optional = true };
	struct sandbox_report r = { 0 };

	if (sandbox_prepare(&plan, &r) != ERR_OK || sandbox_enter(&plan, &r) != ERR_OK) {
		_exit(99);
	}
	return r;
}

static long number;
static long args[3];

static void call(void)
{
	(void)enter();
	(void)syscall(number, args[0], args[1], args[2], 0, 0, 0);
}

static void forbidden_calls_kill(void)
{
	static char *const none[] = { NULL };
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

	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		number = calls[i][0];
		memcpy(args, &calls[i][1], sizeof args);
		printf("# call %ld\n", number);
		T_CHECK(t_dies(SIGSYS, call));
	}
}

static void our_check_fails(void)
{
	(void)enter();
	CHECK(file == -12345);
}

static void a_broken_invariant_is_still_sigabrt(void)
{
	T_CHECK(t_dies(SIGABRT, our_check_fails));
}

static struct loop l;

static void ends(void *ctx)
{
	(void)ctx;
	loop_end(&l);
}

static void allowed_work(void)
{
	struct loop_timer t = { .on = ends };
	struct secret_arena a;
	struct sandbox_report r;
	uint8_t byte = 7;

	if (loop_init(&l) != ERR_OK || secret_arena_open(&a, 10000) != ERR_OK) {
		_exit(98);
	}
	memset(secret_arena_take(&a, 5000), 1, 5000);
	secret_arena_close(&a);
	r = enter();
	if (!r.seccomp || !r.no_new_privs || !r.undumpable || !r.cores_off || r.uid == 0) {
		_exit(97);
	}
	loop_timer_set(&l, &t, 5, 0);
	if (loop_run(&l) != ERR_OK || pwrite(file, &byte, 1, 0) != 1 || fdatasync(file) != 0 ||
	    pread(file, &byte, 1, 0) != 1) {
		_exit(96);
	}
	NOTES(NOTES_INFO, "in-sandbox", notes_u64("abi", (uint64_t)r.landlock_abi));
	kill(getpid(), SIGUSR1); /* the mark that all went well: dies of SIGSYS, not of an exit */
}

static void what_a_signer_needs_works(void)
{
	T_CHECK(t_dies(SIGSYS, allowed_work));
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

static void touch_guard(void)
{
	arena_open();
	((volatile uint8_t *)arena.p)[arena.cap] = 1;
}

static void arena_limits(void)
{
	T_EQ(secret_arena_open(&arena, 5000), ERR_OK);
	T_EQ(arena.cap, 8192);
	(void)secret_arena_take(&arena, 1);
	T_CHECK(((uint8_t *)secret_arena_take(&arena, 100) - arena.p) % 16 == 0);
	T_EQ(secret_arena_high_water(&arena), 116);
	secret_arena_free(&arena);
	T_CHECK(t_dies(SIGABRT, take_too_much));
	T_CHECK(t_dies(SIGABRT, take_after_close));
	T_CHECK(t_dies(SIGSEGV, touch_guard));
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "forbidden calls kill", forbidden_calls_kill },
		{ "a broken invariant is still SIGABRT", a_broken_invariant_is_still_sigabrt },
		{ "what a signer needs works", what_a_signer_needs_works },
		{ "the secret arena's limits", arena_limits },
	};
	char name[] = "/tmp/kuramori-sandbox-XXXXXX";

#if defined(__SANITIZE_ADDRESS__)
	(void)printf("1..0 # SKIP a sanitizer cannot run in the sandbox\n");
	return 0;
#endif
	file = mkstemp(name);
	(void)unlink(name);
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
