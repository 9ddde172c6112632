/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.h - the one thread of a daemon: epoll, one timerfd, one signalfd, one eventfd.
 *
 * Callers own every struct; the loop allocates nothing, opens everything in loop_init() and needs
 * only epoll_wait, epoll_ctl, timerfd_settime, clock_gettime, read and write afterwards (so it runs
 * in the signer's sandbox).  In one turn descriptors come first, then the timers that are due, so a
 * timer of 0 ms that a descriptor's callback sets runs at the end of the same turn.  Not thread
 * safe except loop_wake().  It never sleeps: it waits.
 */
#ifndef KURAMORI_IO_LOOP_H
#define KURAMORI_IO_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/attr.h"
#include "base/err.h"

enum {
	LOOP_BATCH = 64,     /* events taken at once */
	LOOP_STOP_MS = 5000, /* from SIGTERM to the end, at most (design.md 10.4) */
};

/* A watched descriptor.  Zero it, fill fd, on and ctx; keep it where it is until loop_del(). */
struct loop_fd {
	int fd;
	void (*on)(void *ctx, uint32_t events); /* EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR */
	void *ctx;
	bool watched; /* the loop's own */
};

/* A timer.  Zero it, fill on and ctx. */
struct loop_timer {
	void (*on)(void *ctx);
	void *ctx;
	uint64_t due_ms;    /* the loop's own, monotonic */
	uint64_t repeat_ms; /* the loop's own, 0 once */
	struct loop_timer *next;
	bool armed;
};

struct loop {
	int epoll;
	struct loop_fd timer_fd, signal_fd, wake_fd;
	struct loop_timer *timers; /* by due time */
	uint64_t shown_ms;         /* when the timerfd goes off; 0: it does not */
	struct loop_timer stop_limit;
	struct epoll_event batch[LOOP_BATCH];
	int batch_n, batch_i;
	void (*on_stop)(void *ctx);
	void *stop_ctx;
	void (*on_wake)(void *ctx);
	void *wake_ctx;
	bool stopping, ended;
	enum err result;
};

/*
 * Opens the descriptors, blocks SIGTERM and SIGINT (they arrive through the signalfd) and ignores
 * SIGPIPE and SIGXFSZ: a write that meets a closed pipe or the limit of a file's size
 * (RLIMIT_FSIZE) says so (EPIPE, EFBIG), and its caller decides.  ERR_IO; nothing stays open then.
 */
MUST_CHECK enum err loop_init(struct loop *l);
void loop_close(struct loop *l);

/* Watch f->fd for events (level triggered).  ERR_EXISTS watched already; ERR_IO. */
MUST_CHECK enum err loop_add(struct loop *l, struct loop_fd *f, uint32_t events);
/* ERR_NOT_FOUND not watched; ERR_IO. */
MUST_CHECK enum err loop_mod(struct loop *l, struct loop_fd *f, uint32_t events);
/*
 * Stop watching; call it before close(f->fd).  Also from inside callbacks: an event of the same
 * batch that still waits for f is dropped.  Nothing happens if f is not watched.
 */
void loop_del(struct loop *l, struct loop_fd *f);

/* First after after_ms, then every repeat_ms (0: once).  An armed timer is moved. */
void loop_timer_set(struct loop *l, struct loop_timer *t, uint64_t after_ms, uint64_t repeat_ms);
void loop_timer_off(struct loop *l, struct loop_timer *t);

/*
 * What the first SIGTERM, SIGINT or loop_stop() calls, once: finish what was begun, then
 * loop_end(). Without it the loop ends at once.
 */
void loop_on_stop(struct loop *l, void (*on)(void *ctx), void *ctx);
void loop_stop(struct loop *l);

/* Another thread (the sync thread) may call loop_wake(); on then runs in the loop's thread. */
void loop_on_wake(struct loop *l, void (*on)(void *ctx), void *ctx);
void loop_wake(struct loop *l);

/* loop_run() returns after the callback that said so. */
void loop_end(struct loop *l);

/* Until loop_end(): ERR_OK.  ERR_TIMEOUT stopping took more than 5 seconds; ERR_IO epoll failed. */
MUST_CHECK enum err loop_run(struct loop *l);

/* One round, waiting at most wait_ms: for tests.  ERR_OK, ERR_IO. */
MUST_CHECK enum err loop_turn(struct loop *l, int wait_ms);

#endif
