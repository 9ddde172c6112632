/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hand.c - the attacker's hand on a machine: preloaded into a real program it moves its clocks, and
 * lets the power fail, or the disk fill, at a chosen sync.  Built and used by tests/attack alone.
 *
 * ATTACK_HAND names a file of 32 bytes that the attack writes while the program runs:
 *   i64 nanoseconds added to the wall clock, i64 added to the monotonic clock,
 *   i32 what happens at a sync (0 nothing, 1 power fails before, 2 after, 3 the disk is full),
 *   i32 syncs until it happens, i32 syncs so far (we count), i32 zero.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

struct hand {
	int64_t wall_ns;
	int64_t mono_ns;
	int32_t what;
	int32_t countdown;
	int32_t syncs;
	int32_t zero;
};

static volatile struct hand *hand;
static int (*real_clock_gettime)(clockid_t, struct timespec *);
static int (*real_fdatasync)(int);
static int (*real_fsync)(int);
static int (*real_timerfd_settime)(int, int, const struct itimerspec *, struct itimerspec *);

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("ATTACK_HAND");
	void *map;
	int fd;

	if (hand != NULL) {
		return;
	}
	*(void **)&real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
	*(void **)&real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
	*(void **)&real_fsync = dlsym(RTLD_NEXT, "fsync");
	*(void **)&real_timerfd_settime = dlsym(RTLD_NEXT, "timerfd_settime");
	fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		abort();
	}
	map = mmap(NULL, sizeof *hand, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		abort();
	}
	(void)close(fd);
	hand = map;
}

static void power_off(void)
{
	(void)kill(getpid(), SIGKILL); /* in a sandbox the call itself is the end */
	__builtin_trap();
}

int clock_gettime(clockid_t id, struct timespec *out)
{
	int64_t ns, more;

	begin(); /* other libraries begin before this one */
	more = id == CLOCK_REALTIME ? hand->wall_ns : hand->mono_ns;
	if (real_clock_gettime(id, out) != 0) {
		return -1;
	}
	ns = (int64_t)out->tv_sec * 1000000000 + out->tv_nsec + more;
	out->tv_sec = ns / 1000000000;
	out->tv_nsec = ns % 1000000000;
	return 0;
}

/* A time of the moved clock, for the kernel's own. */
int timerfd_settime(int fd, int flags, const struct itimerspec *when, struct itimerspec *old)
{
	struct itimerspec own = *when;
	int64_t ns;

	begin();
	if ((flags & TFD_TIMER_ABSTIME) != 0 &&
	    (own.it_value.tv_sec != 0 || own.it_value.tv_nsec != 0)) {
		ns = (int64_t)own.it_value.tv_sec * 1000000000 + own.it_value.tv_nsec -
		     hand->mono_ns;
		ns = ns > 0 ? ns : 1; /* zero would disarm it */
		own.it_value.tv_sec = ns / 1000000000;
		own.it_value.tv_nsec = ns % 1000000000;
	}
	return real_timerfd_settime(fd, flags, &own, old);
}

static int synced(int fd, int (**real)(int))
{
	int32_t what;
	int result;

	begin();
	what = hand->what;
	hand->syncs++;
	if (what != 0 && --hand->countdown > 0) {
		what = 0;
	}
	if (what == 1) {
		power_off();
	}
	if (what == 3) {
		errno = ENOSPC;
		return -1;
	}
	result = (*real)(fd);
	if (what == 2) {
		power_off();
	}
	return result;
}

int fdatasync(int fd)
{
	return synced(fd, &real_fdatasync);
}

int fsync(int fd)
{
	return synced(fd, &real_fsync);
}
