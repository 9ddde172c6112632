/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_policy.c - decisions a second of policy_judge(), with the memory of a full day: 10,000
 * payments, a list of 64 addresses, caps in yen by three sources, four times of the week.
 *
 *   bench_policy [--rounds N]        rounds of 100,000 decisions each, interleaved; default 9
 *
 * Beside it what no judge can do without: the checksum of the destination's address (Keccak-256);
 * and the same windows counted entry by entry.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "policy_world.h"

enum { ENTRIES = 10000, DECISIONS = 100000, WALKS = 200, ROUNDS_MAX = 99 };

static struct world w;
static struct policy_kept entries[ENTRIES + 1];
static volatile uint64_t sink;

static uint64_t now_ns(void)
{
	struct timespec t;

	CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void prepare(void)
{
	static const struct policy_price prices[] = { { "100.01", NOW - 500, 0 },
						      { "100.02", NOW - 400, 1 },
						      { "100.03", NOW - 300, 2 } };

	world_make(&w);
	w.policy.day_max = xem(X(1000000000));
	w.policy.hour_max = xem(X(1000000000));
	w.policy.unapproved_day_max = xem(X(1000000000));
	w.policy.unlisted_max = xem(0);
	w.policy.destination_count = DOC_DESTINATIONS_MAX;
	for (unsigned i = 0; i < DOC_DESTINATIONS_MAX; i++) {
		world_address(&w.policy.destinations[i].address, (uint8_t)(180 + i), 0x98);
	}
	w.policy.destinations[DOC_DESTINATIONS_MAX - 1].address = w.order.destination;
	w.policy.hours_count = 4;
	for (size_t i = 0; i < 4; i++) {
		w.policy.hours[i] = (struct doc_hours){ 127, 60 * i, xem(X(100)), 1440 };
	}
	w.policy.yen_count = 1;
	w.policy.yen[0] = (struct doc_yen){ .age_max_ms = 60000,
					    .day_max = (u128)1 << 80,
					    .hour_max = (u128)1 << 80,
					    .jump_max_bp = 500 };
	w.q.prices = prices;
	w.q.prices_n = ARRAY_LEN(prices);
	w.q.prices_needed = 2;
	policy_history_init(&w.history, entries, ARRAY_LEN(entries));
	for (uint32_t i = 0; i < ENTRIES; i++) {
		const uint32_t ago_s = (ENTRIES - i) * 8;
		const struct policy_entry e = { .own_ms = NOW - UINT64_C(1000) * ago_s,
						.chain_s = w.q.now.chain_s - ago_s,
						.approvals = i % 2,
						.outflow = (u128)X(50),
						.yen = 5000,
						.price = UINT64_C(100000000000) };

		CHECK(policy_history_add(&w.history, &e) == ERR_OK);
	}
}

static double judge(void)
{
	uint64_t begun = now_ns();

	for (unsigned i = 0; i < DECISIONS; i++) {
		world_amount(&w, X(50) + i);
		sink += policy_judge(&w.q).err;
	}
	CHECK(sink == 0); /* all of them were allowed */
	return (double)(now_ns() - begun) / DECISIONS;
}

static double checksum(void)
{
	uint64_t begun = now_ns();
	struct nem_address a;

	for (unsigned i = 0; i < DECISIONS; i++) {
		sink += nem_address_parse(&a, 0x98, bytes_str(w.order.destination.text), NULL);
	}
	return (double)(now_ns() - begun) / DECISIONS;
}

static double walk(void)
{
	const uint64_t windows[] = { POLICY_HOUR_MS, POLICY_DAY_MS, POLICY_DAY_MS };
	uint64_t begun = now_ns();

	for (unsigned k = 0; k < WALKS; k++) {
		for (size_t i = 0; i < ARRAY_LEN(windows); i++) {
			u128 sum = 0;

			for (size_t at = 0; at < w.history.n; at++) {
				const struct policy_kept *e = &w.history.entries[at];

				sum += policy_has_left(e->own_ms, e->chain_s, &w.q.now, windows[i])
					   ? 0
					   : e->outflow;
			}
			CHECK(sum > 0);
		}
	}
	return (double)(now_ns() - begun) / WALKS;
}

static int by_size(const void *a, const void *b)
{
	const double *x = a;
	const double *y = b;

	return (*x > *y) - (*x < *y);
}

static void print(const char *name, double *ns, unsigned rounds)
{
	qsort(ns, rounds, sizeof ns[0], by_size);
	printf("%-40s %10.1f ns (%.1f to %.1f)  %12.0f a second\n", name, ns[rounds / 2], ns[0],
	       ns[rounds - 1], 1e9 / ns[rounds / 2]);
}

int main(int argc, char **argv)
{
	static double ns[3][ROUNDS_MAX];
	unsigned rounds = 9;

	if (argc == 3 && strcmp(argv[1], "--rounds") == 0) {
		rounds = (unsigned)strtoul(argv[2], NULL, 10);
	} else if (argc != 1) {
		rounds = 0;
	}
	if (rounds == 0 || rounds > ROUNDS_MAX) {
		(void)fprintf(stderr, "usage: bench_policy [--rounds 1 to %d]\n", ROUNDS_MAX);
		return 2;
	}
	prepare();
	for (unsigned i = 0; i < rounds; i++) {
		ns[0][i] = judge();
		ns[1][i] = checksum();
		ns[2][i] = walk();
	}
	printf("%u rounds, processor time of one thread: median (lowest to highest)\n", rounds);
	print("one judgement", ns[0], rounds);
	print("the address's checksum alone", ns[1], rounds);
	print("three windows, entry by entry", ns[2], rounds);
	return 0;
}
