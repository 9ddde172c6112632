/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_sign: a signer's processor time for one payment: SIGN judged, and SIGN behind PREPARE.
 *
 *   bench_sign [PAYMENTS]
 *
 * The real core under a virtual clock, each payment acknowledged by two watchers; the disk is not
 * in it.  Beside it, in turns in the same run: the same payments by a signer whose whole scratch
 * room is wiped before each frame, as it was until that was found to be of no use.  The frame
 * alone is timed, and the wipe with it.  One line of JSON; medians in microseconds.
 */
#include <stdlib.h>
#include <time.h>

#include "crypto/key_tables.h"
#include "guard/guard_rig.h"

enum { AMOUNT_MICRO = 10000, PAYMENTS_MAX = 2000, WIPED = 1 };

/* What was measured: without the wipe and with it. */
static double judged[2][PAYMENTS_MAX], asked[2][PAYMENTS_MAX];
static size_t n[2];

static double now_us(void)
{
	struct timespec t;

	CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* One frame of the server's; only guard_step() is timed. */
static uint64_t timed(int s, uint16_t number, struct bytes body, bool wiped, double *us)
{
	uint64_t id = ++r.ids;
	struct event ev = { .kind = EVENT_FRAME,
			    .role = ROLE_SERVER,
			    .number = number,
			    .channel = SERVER,
			    .request_id = id,
			    .wall_ms = r.wall,
			    .mono_ms = r.mono,
			    .body = body };
	double before;

	effects_init(&r.out, r.store, sizeof r.store);
	before = now_us();
	if (wiped) {
		memset(guard_self_scratch(GUARD_SCRATCH_BYTES), 0, GUARD_SCRATCH_BYTES);
	}
	guard_step(&r.g[s], &ev, &r.out);
	*us = now_us() - before;
	rig_run(s);
	return id;
}

/* A judges at SIGN; B at PREPARE, and its SIGN is behind that. */
static void pay(size_t i, bool wiped)
{
	static struct rig_bodies b;
	static uint8_t body[65536];
	struct writer w = writer_make(body, sizeof body);
	const struct rig_sent *a;
	struct bytes whole;
	double prepare;
	uint64_t id;

	rig_well(A);
	rig_well(B);
	rig_withdrawal(AMOUNT_MICRO, 0, (uint8_t)i);
	rig_encode(&b);
	id = timed(A, SIGNER_SIGN, rig_body(&w, b.items, b.n), wiped, &judged[wiped][n[wiped]]);
	CHECK(r.g[A].payments_n == i + 1);
	rig_acks(A);
	a = rig_answer(id);
	b.items[b.n++] = rig_item(a, 0);
	b.items[b.n++] = rig_item(a, 1);
	w = writer_make(body, sizeof body);
	whole = rig_body(&w, b.items, b.n);
	(void)timed(B, SIGNER_PREPARE, whole, wiped, &prepare);
	CHECK(r.g[B].payments_n == i + 1);
	rig_acks(B);
	id = timed(B, SIGNER_SIGN, whole, wiped, &asked[wiped][n[wiped]]);
	CHECK(rig_signed(id));
	rig_forget();
	n[wiped]++;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *of, size_t count)
{
	qsort(of, count, sizeof *of, by_size);
	return of[count / 2];
}

int main(int argc, char **argv)
{
	size_t payments = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	double j[2];
	double a[2];

	if (payments < 2 || payments > PAYMENTS_MAX) {
		(void)fprintf(stderr, "bench_sign: PAYMENTS is 2 to %d\n", PAYMENTS_MAX);
		return 2;
	}
	rig_make();
	key_tables_init(); /* as the program does */
	for (size_t i = 0; i < payments; i++) {
		pay(i, i % 2 == WIPED);
	}
	for (int wiped = 0; wiped < 2; wiped++) {
		j[wiped] = median(judged[wiped], n[wiped]);
		a[wiped] = median(asked[wiped], n[wiped]);
	}
	printf("{\"payments\": %zu, \"judged_us\": %.2f, \"judged_wiped_us\": %.2f, "
	       "\"judged_ratio\": %.3f, \"prepared_us\": %.2f, \"prepared_wiped_us\": %.2f, "
	       "\"prepared_ratio\": %.3f}\n",
	       payments, j[0], j[1], j[0] / j[1], a[0], a[1], a[0] / a[1]);
	return 0;
}
