/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_replay: how long a signer's judgement takes to read its journal again at the start.
 *
 *   bench_replay [PAYMENTS]
 *
 * The real core signs that many payments under a virtual clock, each acknowledged by two watchers;
 * that journal is replayed as a start does it, whole and in parts: verification of the chain and of
 * every leaf, documents, windows, tables.  The disk is not in it.  One line of JSON.
 */
#include <stdlib.h>
#include <time.h>

#include "guard/guard_rig.h"

enum { PARTS = 4, ROUNDS = 5, AMOUNT_MICRO = 10000 };

static struct guard again;

static double now_s(void)
{
	struct timespec t;

	CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void pay(size_t payments)
{
	uint64_t id;

	for (size_t i = 0; i < payments; i++) {
		rig_well(A);
		rig_withdrawal(AMOUNT_MICRO, 0, (uint8_t)i);
		id = rig_sign();
		if (r.g[A].payments_n != i + 1) {
			(void)fprintf(stderr, "bench_replay: payment %zu: %s %s\n", i, rig_code(id),
				      rig_field(id));
			exit(1);
		}
		rig_acks(A);
		rig_forget();
	}
}

/* Replays the first `bytes` of the journal; counts entries.  The best of some rounds, in seconds.
 */
static double replay(size_t bytes, size_t *entries)
{
	double best = 1e9;

	for (int round = 0; round < ROUNDS; round++) {
		struct guard_config c = rig_config(A);
		struct log_batch_head head;
		struct doc_fault fault;
		size_t at = 0;
		double before = now_s();

		*entries = 0;
		CHECK(guard_init(&again, &c, &fault) == ERR_OK);
		while (at < bytes) {
			CHECK(log_batch_head_get(&head, r.journal[A] + at) == ERR_OK);
			CHECK(guard_replay(&again, bytes_of(r.journal[A] + at, head.bytes)) ==
			      ERR_OK);
			at += head.bytes;
			*entries += head.count;
		}
		if (now_s() - before < best) {
			best = now_s() - before;
		}
	}
	return best;
}

int main(int argc, char **argv)
{
	size_t payments = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;
	size_t entries = 0;
	double seconds = 0;

	if (payments < PARTS || payments > RIG_PAYMENTS) {
		(void)fprintf(stderr, "bench_replay: PAYMENTS is %d to %d\n", PARTS, RIG_PAYMENTS);
		return 2;
	}
	rig_make();
	pay(payments);
	printf("{\"payments\": %zu, \"bytes\": %zu, \"us_an_entry\": [", payments, r.journal_n[A]);
	for (size_t part = 1; part <= PARTS; part++) {
		size_t wanted = r.journal_n[A] / PARTS * part;
		size_t at = 0;
		struct log_batch_head head;

		/* whole batches only */
		while (at < wanted && at < r.journal_n[A]) {
			CHECK(log_batch_head_get(&head, r.journal[A] + at) == ERR_OK);
			at += head.bytes;
		}
		seconds = replay(at, &entries);
		printf("%s%.2f", part > 1 ? ", " : "", seconds * 1e6 / (double)entries);
	}
	printf("], \"entries\": %zu, \"seconds\": %.3f, \"seconds_a_million\": %.2f}\n", entries,
	       seconds, seconds * 1e6 / (double)entries);
	return 0;
}
