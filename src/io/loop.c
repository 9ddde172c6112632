/* SPDX-License-Identifier: Apache-2.0 */
#include "io/loop.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/check.h"
#include "io/clock.h"

/*
 * The timerfd goes off at the first timer of the list or before it.  It is set anew only to make it
 * earlier: to go off for a timer that was moved costs less than a system call for each move.
 */
static void timer_program(struct loop *l)
{
	struct itimerspec at = { 0 };
	uint64_t due;

	if (l->timers == NULL) {
		return;
	}
	/* Absolute; a due time of zero would mean "off". */
	due = l->timers->due_ms > 0 ? l->timers->due_ms : 1;
	if (l->shown_ms != 0 && l->shown_ms <= due) {
		return;
	}
	at.it_value.tv_sec = (time_t)(due / 1000);
	at.it_value.tv_nsec = (long)(due % 1000 * 1000000);
	CHECK(timerfd_settime(l->timer_fd.fd, TFD_TIMER_ABSTIME, &at, NULL) == 0);
	l->shown_ms = due;
}

static void timer_unlink(struct loop *l, struct loop_timer *t)
{
	for (struct loop_timer **at = &l->timers; *at != NULL; at = &(*at)->next) {
		if (*at == t) {
			*at = t->next;
			break;
		}
	}
	t->next = NULL;
	t->armed = false;
}

static void timer_link(struct loop *l, struct loop_timer *t)
{
	struct loop_timer **at = &l->timers;

	/* After those due at the same time: first armed, first called. */
	while (*at != NULL && (*at)->due_ms <= t->due_ms) {
		at = &(*at)->next;
	}
	t->next = *at;
	t->armed = true;
	*at = t;
}

void loop_timer_set(struct loop *l, struct loop_timer *t, uint64_t after_ms, uint64_t repeat_ms)
{
	uint64_t now = clock_mono_ms();

	CHECK(t->on != NULL && after_ms <= UINT64_MAX / 4 && repeat_ms <= UINT64_MAX / 4);
	if (t->armed) {
		timer_unlink(l, t);
	}
	t->due_ms = now + after_ms;
	t->repeat_ms = repeat_ms;
	timer_link(l, t);
}

void loop_timer_off(struct loop *l, struct loop_timer *t)
{
	if (t->armed) {
		timer_unlink(l, t);
	}
}

static void drain_u64(int fd)
{
	uint64_t count;
	ssize_t n = read(fd, &count, sizeof count);

	(void)n; /* EAGAIN: somebody moved the timer after it went off */
}

/* It has only ended the wait: the timers are looked at in every turn. */
static void on_timer(void *ctx, uint32_t events)
{
	struct loop *l = ctx;

	(void)events;
	drain_u64(l->timer_fd.fd);
	l->shown_ms = 0;
}

static bool timer_due(const struct loop *l, uint64_t now)
{
	return l->timers != NULL && l->timers->due_ms <= now;
}

static void run_timers(struct loop *l)
{
	uint64_t now = clock_mono_ms();
	size_t due = 0;

	/* Counted first: a timer that sets itself to "now" waits for its next turn like all others.
	 */
	for (const struct loop_timer *t = l->timers; t != NULL && t->due_ms <= now; t = t->next) {
		due++;
	}
	while (due-- > 0 && timer_due(l, now) && !l->ended) {
		struct loop_timer *t = l->timers;

		timer_unlink(l, t);
		if (t->repeat_ms > 0) {
			/* From now, not from the due time: what was missed is not made up for. */
			t->due_ms = now + t->repeat_ms;
			timer_link(l, t);
		}
		t->on(t->ctx); /* may free or set t */
	}
}

static void on_stop_limit(void *ctx)
{
	struct loop *l = ctx;

	l->result = ERR_TIMEOUT;
	l->ended = true;
}

void loop_stop(struct loop *l)
{
	if (l->stopping) {
		return;
	}
	l->stopping = true;
	if (l->on_stop == NULL) {
		l->ended = true;
		return;
	}
	loop_timer_set(l, &l->stop_limit, LOOP_STOP_MS, 0);
	l->on_stop(l->stop_ctx);
}

static void on_signal(void *ctx, uint32_t events)
{
	struct loop *l = ctx;
	struct signalfd_siginfo info;

	(void)events;
	while (read(l->signal_fd.fd, &info, sizeof info) == (ssize_t)sizeof info) {
		loop_stop(l);
	}
}

static void on_wake(void *ctx, uint32_t events)
{
	struct loop *l = ctx;

	(void)events;
	drain_u64(l->wake_fd.fd);
	if (l->on_wake != NULL) {
		l->on_wake(l->wake_ctx);
	}
}

static enum err open_own(struct loop *l, struct loop_fd *f, int fd,
			 void (*on)(void *ctx, uint32_t events))
{
	if (fd < 0) {
		return ERR_IO;
	}
	f->fd = fd;
	f->on = on;
	f->ctx = l;
	return loop_add(l, f, EPOLLIN);
}

enum err loop_init(struct loop *l)
{
	sigset_t stops;
	enum err e;

	*l = (struct loop){ .epoll = -1,
			    .timer_fd = { .fd = -1 },
			    .signal_fd = { .fd = -1 },
			    .wake_fd = { .fd = -1 } };
	l->stop_limit = (struct loop_timer){ .on = on_stop_limit, .ctx = l };
	(void)sigemptyset(&stops);
	(void)sigaddset(&stops, SIGTERM);
	(void)sigaddset(&stops, SIGINT);
	if (sigprocmask(SIG_BLOCK, &stops, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
	    signal(SIGXFSZ, SIG_IGN) == SIG_ERR) {
		return ERR_IO;
	}
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0) {
		return ERR_IO;
	}
	e = open_own(l, &l->timer_fd, timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC),
		     on_timer);
	if (e != ERR_OK) {
		goto out;
	}
	e = open_own(l, &l->signal_fd, signalfd(-1, &stops, SFD_NONBLOCK | SFD_CLOEXEC), on_signal);
	if (e != ERR_OK) {
		goto out;
	}
	e = open_own(l, &l->wake_fd, eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), on_wake);

out:
	if (e != ERR_OK) {
		loop_close(l);
	}
	return e;
}

void loop_close(struct loop *l)
{
	struct loop_fd *own[] = { &l->timer_fd, &l->signal_fd, &l->wake_fd };

	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		if (own[i]->fd >= 0) {
			loop_del(l, own[i]);
			(void)close(own[i]->fd);
			own[i]->fd = -1;
		}
	}
	if (l->epoll >= 0) {
		(void)close(l->epoll);
		l->epoll = -1;
	}
}

enum err loop_add(struct loop *l, struct loop_fd *f, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data = { .ptr = f } };

	CHECK(f->on != NULL);
	if (f->watched) {
		return ERR_EXISTS;
	}
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, f->fd, &ev) != 0) {
		return ERR_IO;
	}
	f->watched = true;
	return ERR_OK;
}

enum err loop_mod(struct loop *l, struct loop_fd *f, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data = { .ptr = f } };

	if (!f->watched) {
		return ERR_NOT_FOUND;
	}
	return epoll_ctl(l->epoll, EPOLL_CTL_MOD, f->fd, &ev) == 0 ? ERR_OK : ERR_IO;
}

void loop_del(struct loop *l, struct loop_fd *f)
{
	if (!f->watched) {
		return;
	}
	/* Fails only if the descriptor is gone already, and then so is the watch. */
	(void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, f->fd, NULL);
	f->watched = false;
	for (int i = l->batch_i; i < l->batch_n; i++) {
		if (l->batch[i].data.ptr == f) {
			l->batch[i].data.ptr = NULL;
		}
	}
}

void loop_on_stop(struct loop *l, void (*on)(void *ctx), void *ctx)
{
	l->on_stop = on;
	l->stop_ctx = ctx;
}

void loop_on_wake(struct loop *l, void (*on)(void *ctx), void *ctx)
{
	l->on_wake = on;
	l->wake_ctx = ctx;
}

void loop_wake(struct loop *l)
{
	uint64_t one = 1;
	ssize_t n = write(l->wake_fd.fd, &one, sizeof one);

	(void)n; /* EAGAIN: the counter is full, so it is awake anyway */
}

void loop_end(struct loop *l)
{
	l->ended = true;
}

enum err loop_turn(struct loop *l, int wait_ms)
{
	int n;

	if (timer_due(l, clock_mono_ms())) {
		wait_ms = 0;
	} else {
		timer_program(l);
	}
	n = epoll_wait(l->epoll, l->batch, LOOP_BATCH, wait_ms);
	if (n < 0) {
		return errno == EINTR ? ERR_OK : ERR_IO;
	}
	l->batch_n = n;
	for (l->batch_i = 0; l->batch_i < l->batch_n && !l->ended;) {
		struct epoll_event ev = l->batch[l->batch_i++];
		struct loop_fd *f = ev.data.ptr;

		if (f != NULL) {
			f->on(f->ctx, ev.events);
		}
	}
	l->batch_n = 0;
	l->batch_i = 0;
	run_timers(l);
	return ERR_OK;
}

enum err loop_run(struct loop *l)
{
	while (!l->ended) {
		enum err e = loop_turn(l, -1);

		if (e != ERR_OK) {
			return e;
		}
	}
	return l->result;
}
