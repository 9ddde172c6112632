/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fail_at.so - loaded into a program under test: counts its allocations and its system calls and,
 * when told to, lets one of them fail with an error number of the test's choice.
 *
 * The orders come through one shared page (the file named by KURAMORI_FAIL_PAGE), two rows of it:
 * row 0 for allocations, row 1 for system calls; each row: u64 calls so far, u64 the call to fail
 * (0: none), u64 the error number, u64 the calls that failed.  Row 2: by how many milliseconds
 * (signed) the wall clock is wrong.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

struct row {
	_Atomic uint64_t calls, fail_at, number, failed;
};

enum { MEMORY, SYSTEM, CLOCK };

static struct row *rows;

__attribute__((constructor)) static void open_page(void)
{
	const char *path = getenv("KURAMORI_FAIL_PAGE");
	void *here;
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	void *p = MAP_FAILED;

	if (fd >= 0) {
		p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		(void)syscall(SYS_close, fd);
	}
	(void)backtrace(&here, 1); /* what it needs is loaded before anything is counted */
	rows = p == MAP_FAILED ? NULL : p;
}

/*
 * glibc 2.36's gettext asks __gconv_create_spec() for the names of two character sets and does not
 * look whether it got them (intl/dcigettext.c, _nl_find_msg()): no program that says its words in
 * two languages can live through that, so the next allocation fails in its place.
 */
static int glibc_looks_away(void)
{
	void *callers[6];
	int n = backtrace(callers, 6);
	Dl_info at;

	for (int i = 0; i < n; i++) {
		if (dladdr(callers[i], &at) != 0 && at.dli_sname != NULL &&
		    strcmp(at.dli_sname, "__gconv_create_spec") == 0) {
			return 1;
		}
	}
	return 0;
}

/* Counts; true: this one is to fail, with errno set. */
static int fails(int kind)
{
	struct row *r = rows;

	if (r == NULL) {
		return 0;
	}
	r += kind;
	if (++r->calls != r->fail_at) {
		return 0;
	}
	if (kind == MEMORY && glibc_looks_away()) {
		r->fail_at++;
		return 0;
	}
	r->failed++;
	errno = (int)r->number;
	return 1;
}

/* glibc's own, by the names that it keeps for those who stand in front of it. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t each);
void *__libc_realloc(void *p, size_t n);

void *malloc(size_t n)
{
	return fails(MEMORY) ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t each)
{
	return fails(MEMORY) ? NULL : __libc_calloc(n, each);
}

void *realloc(void *p, size_t n)
{
	return fails(MEMORY) ? NULL : __libc_realloc(p, n);
}

/* name(params) is libc's, unless it is to fail: then -1. */
#define CALL(type, name, params, args)                                     \
	type name params                                                   \
	{                                                                  \
		static type(*real) params;                                 \
                                                                           \
		if (fails(SYSTEM)) {                                       \
			return -1;                                         \
		}                                                          \
		if (real == NULL) {                                        \
			*(void **)(void *)&real = dlsym(RTLD_NEXT, #name); \
		}                                                          \
		return real args;                                          \
	}

CALL(ssize_t, read, (int fd, void *p, size_t n), (fd, p, n))
CALL(ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n))
CALL(ssize_t, pread64, (int fd, void *p, size_t n, off_t at), (fd, p, n, at))
CALL(ssize_t, pwrite64, (int fd, const void *p, size_t n, off_t at), (fd, p, n, at))
CALL(int, fsync, (int fd), (fd))
CALL(int, fdatasync, (int fd), (fd))
CALL(int, ftruncate64, (int fd, off_t n), (fd, n))
CALL(int, fchmod, (int fd, mode_t mode), (fd, mode))
CALL(int, flock, (int fd, int how), (fd, how))
CALL(int, unlink, (const char *path), (path))
CALL(int, rename, (const char *from, const char *to), (from, to))
CALL(int, link, (const char *from, const char *to), (from, to))
CALL(int, stat64, (const char *path, struct stat64 *st), (path, st))
CALL(int, lstat64, (const char *path, struct stat64 *st), (path, st))
CALL(int, fstat64, (int fd, struct stat64 *st), (fd, st))
CALL(int, access, (const char *path, int mode), (path, mode))
CALL(int, socket, (int domain, int type, int protocol), (domain, type, protocol))
CALL(int, bind, (int fd, __CONST_SOCKADDR_ARG a, socklen_t n), (fd, a, n))
CALL(int, listen, (int fd, int n), (fd, n))
CALL(int, connect, (int fd, __CONST_SOCKADDR_ARG a, socklen_t n), (fd, a, n))
CALL(int, accept4, (int fd, __SOCKADDR_ARG a, socklen_t *n, int flags), (fd, a, n, flags))
CALL(int, setsockopt, (int fd, int level, int name, const void *p, socklen_t n),
     (fd, level, name, p, n))
CALL(int, getsockname, (int fd, __SOCKADDR_ARG a, socklen_t *n), (fd, a, n))
CALL(ssize_t, send, (int fd, const void *p, size_t n, int flags), (fd, p, n, flags))
CALL(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags), (fd, m, flags))
CALL(ssize_t, recv, (int fd, void *p, size_t n, int flags), (fd, p, n, flags))
CALL(int, epoll_create1, (int flags), (flags))
CALL(int, epoll_ctl, (int fd, int op, int other, struct epoll_event *e), (fd, op, other, e))
CALL(int, epoll_wait, (int fd, struct epoll_event *e, int n, int ms), (fd, e, n, ms))
CALL(int, poll, (struct pollfd * p, nfds_t n, int ms), (p, n, ms))
CALL(int, eventfd, (unsigned n, int flags), (n, flags))
CALL(int, signalfd, (int fd, const sigset_t *set, int flags), (fd, set, flags))
CALL(int, timerfd_create, (int clock, int flags), (clock, flags))
CALL(int, timerfd_settime,
     (int fd, int flags, const struct itimerspec *value, struct itimerspec *old),
     (fd, flags, value, old))
CALL(ssize_t, getrandom, (void *p, size_t n, unsigned flags), (p, n, flags))

int open64(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	if (fails(SYSTEM)) {
		return -1;
	}
	va_start(args, flags);
	mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
	va_end(args);
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* SQLite's locks. */
int fcntl64(int fd, int command, ...)
{
	va_list args;
	void *argument;

	if (fails(SYSTEM)) {
		return -1;
	}
	va_start(args, command);
	argument = va_arg(args, void *);
	va_end(args);
	return (int)syscall(SYS_fcntl, fd, command, argument);
}

/* Never failed: a clock does not.  It may be wrong. */
int clock_gettime(clockid_t clock, struct timespec *t)
{
	int r = (int)syscall(SYS_clock_gettime, clock, t);

	if (rows != NULL && clock == CLOCK_REALTIME && r == 0) {
		t->tv_sec += (int64_t)rows[CLOCK].calls / 1000;
	}
	return r;
}

/* Closed all the same: what a close that reports an error has done on Linux. */
int close(int fd)
{
	int r = (int)syscall(SYS_close, fd);

	return fails(SYSTEM) ? -1 : r;
}

int pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*run)(void *), void *ctx)
{
	static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

	if (fails(SYSTEM)) {
		return EAGAIN;
	}
	if (real == NULL) {
		*(void **)(void *)&real = dlsym(RTLD_NEXT, "pthread_create");
	}
	return real(t, a, run, ctx);
}
