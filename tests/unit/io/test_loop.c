/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: the loop calls what it was told, once, in order, and ends when it must.
 * Method: real descriptors, signals and timers; callbacks that remove each other in one batch.
 */
#include <signal.h>
#include <unistd.h>

#include "base/attr.h"
#include "io/clock.h"
#include "io/loop.h"
#include "t.h"

static struct loop l;
static char trace[64];

static void mark(void *ctx)
{
	size_t n = strlen(trace);

	if (n + 1 < sizeof trace) {
		trace[n] = *(const char *)ctx;
		trace[n + 1] = '\0';
	}
}

static void end(void *ctx)
{
	mark(ctx);
	loop_end(&l);
}

static char a = 'a', b = 'b', c = 'c', z = 'z';

static void timers_in_order(void)
{
	struct loop_timer ta = { .on = mark, .ctx = &a };
	struct loop_timer tb = { .on = mark, .ctx = &b };
	struct loop_timer tc = { .on = mark, .ctx = &c };
	struct loop_timer tz = { .on = end, .ctx = &z };
	uint64_t start = clock_mono_ms();

	trace[0] = '\0';
	T_EQ(loop_init(&l), ERR_OK);
	loop_timer_set(&l, &tz, 60, 0);
	loop_timer_set(&l, &tb, 20, 0);
	loop_timer_set(&l, &ta, 1, 0);
	loop_timer_set(&l, &tc, 5, 0);
	loop_timer_off(&l, &tc);
	loop_timer_off(&l, &tc);
	T_EQ(loop_run(&l), ERR_OK);
	T_STR(trace, "abz");
	T_CHECK(clock_mono_ms() - start >= 60);
	loop_close(&l);
}

/* A pipe that nobody reads, a file that may not grow: the call says so, no signal ends the process.
 */
static void what_a_write_says_kills_nobody(void)
{
	static const int signals[] = { SIGPIPE, SIGXFSZ };
	struct sigaction now;

	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		T_CHECK(signal(signals[i], SIG_DFL) != SIG_ERR);
	}
	T_EQ(loop_init(&l), ERR_OK);
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		T_EQ(sigaction(signals[i], NULL, &now), 0);
		T_CHECK(now.sa_handler == SIG_IGN);
	}
	loop_close(&l);
}

static void repeat_and_move(void)
{
	struct loop_timer ta = { .on = mark, .ctx = &a };
	struct loop_timer tz = { .on = end, .ctx = &z };

	trace[0] = '\0';
	T_EQ(loop_init(&l), ERR_OK);
	loop_timer_set(&l, &ta, 10000, 0);
	loop_timer_set(&l, &ta, 5, 20);
	loop_timer_set(&l, &tz, 75, 0);
	T_EQ(loop_run(&l), ERR_OK);
	T_CHECK(strncmp(trace, "aaa", 3) == 0 && strlen(trace) <= 6);
	loop_close(&l);
}

static struct loop_timer greedy;
static int greedy_calls;

static void again(void *ctx)
{
	(void)ctx;
	if (++greedy_calls < 1000) {
		loop_timer_set(&l, &greedy, 0, 0);
	}
}

static int piped[2];
static struct loop_fd pipe_fd;

static void on_pipe(void *ctx, uint32_t events)
{
	(void)ctx;
	(void)events;
	loop_end(&l);
}

static void a_greedy_timer_starves_nobody(void)
{
	T_EQ(loop_init(&l), ERR_OK);
	T_EQ(pipe(piped), 0);
	greedy_calls = 0;
	greedy = (struct loop_timer){ .on = again };
	pipe_fd = (struct loop_fd){ .fd = piped[0], .on = on_pipe };
	T_EQ(loop_add(&l, &pipe_fd, EPOLLIN), ERR_OK);
	loop_timer_set(&l, &greedy, 0, 0);
	T_EQ(write(piped[1], "x", 1), 1);
	T_EQ(loop_run(&l), ERR_OK);
	T_CHECK(greedy_calls < 10);
	(void)close(piped[0]);
	(void)close(piped[1]);
	loop_close(&l);
}

static struct loop_fd twins[2];
static int twin_calls;

static void on_twin(void *ctx, uint32_t events)
{
	(void)events;
	twin_calls++;
	/* Each removes the other: only the first of one batch may run. */
	loop_del(&l, ctx);
}

static void removed_in_the_same_batch(void)
{
	int p[2][2];

	T_EQ(loop_init(&l), ERR_OK);
	twin_calls = 0;
	for (int i = 0; i < 2; i++) {
		T_EQ(pipe(p[i]), 0);
		T_EQ(write(p[i][1], "x", 1), 1);
		twins[i] = (struct loop_fd){ .fd = p[i][0], .on = on_twin, .ctx = &twins[1 - i] };
		T_EQ(loop_add(&l, &twins[i], EPOLLIN), ERR_OK);
		T_EQ(loop_add(&l, &twins[i], EPOLLIN), ERR_EXISTS);
	}
	T_EQ(loop_turn(&l, 100), ERR_OK);
	T_EQ(twin_calls, 1);
	for (int i = 0; i < 2; i++) {
		loop_del(&l, &twins[i]);
		T_EQ(loop_mod(&l, &twins[i], EPOLLIN), ERR_NOT_FOUND);
		(void)close(p[i][0]);
		(void)close(p[i][1]);
	}
	loop_close(&l);
}

static int stops;

static void on_stop(void *ctx)
{
	(void)ctx;
	stops++;
	loop_end(&l);
}

static void signals_end_it_in_order(void)
{
	static const int signals[] = { SIGTERM, SIGINT };

	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		stops = 0;
		T_EQ(loop_init(&l), ERR_OK);
		loop_on_stop(&l, on_stop, NULL);
		T_EQ(kill(getpid(), signals[i]), 0);
		T_EQ(kill(getpid(), signals[i]), 0);
		T_EQ(loop_run(&l), ERR_OK);
		T_EQ(stops, 1);
		loop_close(&l);
	}
	/* Without a callback it just ends. */
	T_EQ(loop_init(&l), ERR_OK);
	T_EQ(kill(getpid(), SIGTERM), 0);
	T_EQ(loop_run(&l), ERR_OK);
	loop_close(&l);
}

static void never_ends(void *ctx)
{
	(void)ctx;
}

static void stopping_takes_five_seconds_at_most(void)
{
	uint64_t start = clock_mono_ms();
	uint64_t took;

	T_EQ(loop_init(&l), ERR_OK);
	loop_on_stop(&l, never_ends, NULL);
	loop_stop(&l);
	loop_stop(&l);
	T_EQ(loop_run(&l), ERR_TIMEOUT);
	took = clock_mono_ms() - start;
	T_CHECK(took >= LOOP_STOP_MS && took < LOOP_STOP_MS + 2000);
	loop_close(&l);
}

static void wakes(void)
{
	T_EQ(loop_init(&l), ERR_OK);
	trace[0] = '\0';
	loop_on_wake(&l, end, &b);
	loop_wake(&l);
	loop_wake(&l);
	T_EQ(loop_run(&l), ERR_OK);
	T_STR(trace, "b");
	loop_close(&l);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "timers in order", timers_in_order },
		{ "what a write says kills nobody", what_a_write_says_kills_nobody },
		{ "repeat and move", repeat_and_move },
		{ "a greedy timer starves nobody", a_greedy_timer_starves_nobody },
		{ "removed in the same batch", removed_in_the_same_batch },
		{ "signals end it in order", signals_end_it_in_order },
		{ "stopping takes five seconds at most", stopping_takes_five_seconds_at_most },
		{ "wakes", wakes },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
