/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path.c - where the time of one payment goes: a library that measure.py --path loads in front of
 * the programs' own (LD_PRELOAD), so that the programs measured are the ones that are shipped.  The
 * signer is static and loads nothing: its objects are linked once more, with this beside them and
 * --wrap for each call (PATH_WRAPPED), as tests/scenario/signer/probe.c does it.
 *
 * It notes when each sync, each write and read of frames, and each wait begins and ends, by
 * CLOCK_MONOTONIC, in a file that is mapped before the sandbox closes: no system call is added, so
 * the signers' filter has nothing to refuse.  Without KURAMORI_PATH_FOLDER it notes nothing.
 *
 * The file: PATH_ROWS rows of struct row, those that were not reached all zero.  path.py reads it.
 */
/* its read() and epoll_wait() are inline functions, which could not be ours */
#undef _FORTIFY_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { PATH_ROWS = 1 << 18 };

enum what { SYNC = 1, READ, WRITE, WAIT };

struct row {
	uint64_t begin_ns, end_ns;
	uint32_t what;
	int32_t fd;
	int64_t result;  /* as the call's */
	uint32_t number; /* frames: of the first message in it; writes and reads of something else:
			    junk */
	uint32_t body_bytes;
	uint64_t request_id;
	uint64_t reserved[2];
};

static struct row *rows;
static atomic_uint rows_n;

#ifdef PATH_WRAPPED
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
#define REAL(call) __real_##call
#define OURS(call) __wrap_##call
int REAL(fdatasync)(int fd);
int REAL(fsync)(int fd);
ssize_t REAL(write)(int fd, const void *p, size_t n);
ssize_t REAL(read)(int fd, void *p, size_t n);
int REAL(epoll_wait)(int fd, struct epoll_event *events, int max, int wait_ms);
int OURS(fdatasync)(int fd);
int OURS(fsync)(int fd);
ssize_t OURS(write)(int fd, const void *p, size_t n);
ssize_t OURS(read)(int fd, void *p, size_t n);
int OURS(epoll_wait)(int fd, struct epoll_event *events, int max, int wait_ms);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
#else
#define REAL(call) real_##call
#define OURS(call) call
static int (*real_fdatasync)(int);
static int (*real_fsync)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_read)(int, void *, size_t);
static int (*real_epoll_wait)(int, struct epoll_event *, int, int);
#endif

static uint64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail for this clock */
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

#ifndef PATH_WRAPPED
/* The next of this name behind us; the program ends where there is none: nothing can be measured.
 */
static void next_of(void *function, const char *name)
{
	void *at = dlsym(RTLD_NEXT, name);

	if (at == NULL) {
		abort();
	}
	memcpy(function, &at, sizeof at); /* C has no cast from the one to the other */
}
#endif

__attribute__((constructor)) static void path_begin(void)
{
	const char *folder = getenv("KURAMORI_PATH_FOLDER");
	char name[512];
	void *map;
	int fd;

#ifndef PATH_WRAPPED
	next_of(&real_fdatasync, "fdatasync");
	next_of(&real_fsync, "fsync");
	next_of(&real_write, "write");
	next_of(&real_read, "read");
	next_of(&real_epoll_wait, "epoll_wait");
#endif
	if (folder == NULL ||
	    snprintf(name, sizeof name, "%s/%d.path", folder, (int)getpid()) >= (int)sizeof name) {
		return;
	}
	fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)(PATH_ROWS * sizeof *rows)) != 0) {
		abort();
	}
	map = mmap(NULL, PATH_ROWS * sizeof *rows, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED || close(fd) != 0) {
		abort();
	}
	rows = map;
}

/* frame: what was read or written, if it is that; the first 16 bytes of it are a frame's header. */
static void note(enum what what, int fd, uint64_t begin, int64_t result, const uint8_t *frame)
{
	uint64_t end = now_ns();
	int kept = errno;
	unsigned at;

	if (rows == NULL) {
		return;
	}
	at = atomic_fetch_add(&rows_n, 1) % PATH_ROWS;
	rows[at] = (struct row){ .begin_ns = begin, .end_ns = end, .fd = fd, .result = result };
	if (frame != NULL && result >= 16) {
		memcpy(&rows[at].body_bytes, frame, 4); /* little-endian, as the frames are */
		rows[at].number = (uint32_t)(frame[4] | frame[5] << 8);
		memcpy(&rows[at].request_id, frame + 8, 8);
	}
	rows[at].what = what;
	errno = kept;
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): libc's are reserved */
int OURS(fdatasync)(int fd)
{
	uint64_t begin = now_ns();
	int r = REAL(fdatasync)(fd);

	note(SYNC, fd, begin, r, NULL);
	return r;
}

int OURS(fsync)(int fd)
{
	uint64_t begin = now_ns();
	int r = REAL(fsync)(fd);

	note(SYNC, fd, begin, r, NULL);
	return r;
}

ssize_t OURS(write)(int fd, const void *p, size_t n)
{
	uint64_t begin = now_ns();
	ssize_t r = REAL(write)(fd, p, n);

	note(WRITE, fd, begin, r, p);
	return r;
}

ssize_t OURS(read)(int fd, void *p, size_t n)
{
	uint64_t begin = now_ns();
	ssize_t r = REAL(read)(fd, p, n);

	note(READ, fd, begin, r, p);
	return r;
}

int OURS(epoll_wait)(int fd, struct epoll_event *events, int max, int wait_ms)
{
	uint64_t begin = now_ns();
	int r = REAL(epoll_wait)(fd, events, max, wait_ms);

	note(WAIT, fd, begin, r, NULL);
	return r;
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
