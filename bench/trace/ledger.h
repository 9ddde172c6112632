/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger.h - a made ledger of the shape that ledgers have, for benchmarks: few accounts do most
 * (activity is log-uniform: each power of two of accounts as likely as the next), amounts spread
 * over eight powers of ten, three in five of them round, as people type them, one in ten empties
 * its account.  Who has nothing sends nothing: then new units are made.  Same seed, same ledger.
 */
#ifndef KURAMORI_BENCH_LEDGER_H
#define KURAMORI_BENCH_LEDGER_H

#include <stdint.h>
#include <stdlib.h>

#include "base/check.h"

enum { LEDGER_NAME = 40, LEDGER_BLOCK = 120 };

struct ledger {
	uint64_t state, accounts;
	uint64_t *holds; /* of each account */
};

struct ledger_move {
	uint64_t from, to, amount; /* from == accounts of the ledger: newly made */
};

/* The next number of SplitMix64 (Steele, Lea and Flood 2014). */
static inline uint64_t ledger_step(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static inline uint64_t ledger_random(struct ledger *l)
{
	return ledger_step(&l->state);
}

static inline void ledger_begin(struct ledger *l, uint64_t accounts)
{
	*l = (struct ledger){ 1, accounts, calloc((size_t)accounts, sizeof(uint64_t)) };
	CHECK(accounts > 1 && l->holds != NULL);
}

static inline void ledger_end(struct ledger *l)
{
	free(l->holds);
}

static inline uint64_t ledger_pick(struct ledger *l)
{
	unsigned bits = 63 - (unsigned)__builtin_clzll(l->accounts);
	uint64_t below = UINT64_C(2) << ledger_random(l) % (bits + 1);

	return ledger_random(l) % (below < l->accounts ? below : l->accounts);
}

static inline uint64_t ledger_amount(struct ledger *l)
{
	uint64_t ten = 1000;

	for (uint64_t k = ledger_random(l) % 8; k > 0; k--) {
		ten *= 10;
	}
	if (ledger_random(l) % 5 < 3) {
		return ten * (1 + ledger_random(l) % 20); /* as people type them */
	}
	return ten + ledger_random(l) % (9 * ten);
}

static inline struct ledger_move ledger_next(struct ledger *l)
{
	struct ledger_move m = { ledger_pick(l), ledger_pick(l), ledger_amount(l) };

	if (l->holds[m.from] == 0) {
		m.from = l->accounts;
	} else {
		if (m.amount > l->holds[m.from] || ledger_random(l) % 10 == 0) {
			m.amount = l->holds[m.from];
		}
		l->holds[m.from] -= m.amount;
	}
	l->holds[m.to] += m.amount;
	return m;
}

/* An address as NEM prints them, of a number: 40 characters that look like a hash. */
static inline void ledger_address(char out[LEDGER_NAME], uint64_t account)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	uint64_t state = account * 0xd1342543de82ef95u, z = 0;

	for (unsigned i = 0; i < LEDGER_NAME; i++) {
		z = i % 12 == 0 ? ledger_step(&state) : z;
		out[i] = alphabet[z & 31];
		z >>= 5;
	}
}

#endif
