/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: an index finds exactly the keys that it was told of, under any mix of putting, replacing
 * and removing, also where keys crowd; a map keeps what was put last; room keeps what was written.
 * Method: random mixes beside a plain list; keys of 32 and 40 bytes that differ in one byte only.
 */
#include "nis/nis_map.h"
#include "t.h"

#include <stdlib.h>

enum { KEYS = 700, STEPS = 20000 };

/* As long as the longest key, with something behind it. */
struct kept {
	uint8_t key[40];
	uint32_t other;
};

static struct kept kept[KEYS];

/* Keys that differ in one byte, at a place of its own for each run of 256. */
static void make_keys(size_t bytes)
{
	memset(kept, 0x5a, sizeof kept);
	for (size_t i = 0; i < KEYS; i++) {
		kept[i].key[(i / 256) * 13 % bytes] ^= (uint8_t)(i % 256 + (i >= 256 ? 1 : 0));
		kept[i].key[bytes - 1] ^= (uint8_t)(i / 256 * 64);
	}
}

/* What the index should say of key i: the number that was put last with it, or none. */
static void check_all(const struct nis_index *x, struct nis_keys keys, const uint32_t *says)
{
	size_t n = 0;

	for (size_t i = 0; i < KEYS; i++) {
		T_EQ(nis_index_find(x, keys, kept[i].key), says[i]);
		n += says[i] != NIS_MAP_NONE;
	}
	T_EQ(x->n, n);
}

static void index_with(size_t bytes)
{
	struct nis_keys keys = { .first = kept, .stride = sizeof kept[0], .bytes = bytes };
	struct nis_index x = { 0 };
	uint32_t says[KEYS];

	make_keys(bytes);
	for (size_t i = 0; i < KEYS; i++) {
		says[i] = NIS_MAP_NONE;
	}
	check_all(&x, keys, says);
	nis_index_remove(&x, keys, kept[0].key); /* of nothing */
	nis_index_clear(&x);
	for (size_t step = 0; step < STEPS; step++) {
		uint32_t i = (uint32_t)(t_random() % KEYS);

		/* Grows for a while, then shrinks, and again. */
		if (t_random() % 8 < (step / 2500 % 2 == 0 ? 6u : 2u)) {
			nis_index_put(&x, keys, i);
			says[i] = i;
		} else {
			nis_index_remove(&x, keys, kept[i].key);
			says[i] = NIS_MAP_NONE;
		}
		if (step % 500 == 0) {
			check_all(&x, keys, says);
		}
	}
	check_all(&x, keys, says);
	nis_index_clear(&x);
	for (size_t i = 0; i < KEYS; i++) {
		says[i] = NIS_MAP_NONE;
	}
	check_all(&x, keys, says);
	nis_index_free(&x);
	T_EQ(x.cap, 0);
}

static void digests(void)
{
	index_with(32);
}

static void addresses(void)
{
	index_with(40);
}

/* A later number of the same key takes the place of the earlier one, and gives it back. */
static void same_key(void)
{
	struct nis_keys keys = { .first = kept, .stride = sizeof kept[0], .bytes = 32 };
	struct nis_index x = { 0 };

	make_keys(32);
	kept[9] = kept[3];
	nis_index_put(&x, keys, 3);
	nis_index_put(&x, keys, 4);
	nis_index_put(&x, keys, 9);
	T_EQ(x.n, 2);
	T_EQ(nis_index_find(&x, keys, kept[3].key), 9);
	nis_index_put(&x, keys, 3);
	T_EQ(x.n, 2);
	T_EQ(nis_index_find(&x, keys, kept[9].key), 3);
	nis_index_remove(&x, keys, kept[9].key);
	T_EQ(nis_index_find(&x, keys, kept[3].key), NIS_MAP_NONE);
	T_EQ(nis_index_find(&x, keys, kept[4].key), 4);
	nis_index_free(&x);
}

static void map(void)
{
	struct nis_map m = { 0 };
	uint64_t says[KEYS] = { 0 }, got = 77;
	struct hash32 key;

	make_keys(32);
	memcpy(key.b, kept[0].key, sizeof key.b);
	T_CHECK(!nis_map_get(&m, &key, &got));
	T_EQ(got, 77);
	for (size_t step = 0; step < STEPS; step++) {
		size_t i = t_random() % KEYS;

		memcpy(key.b, kept[i].key, sizeof key.b);
		if (t_random() % 2 == 0) {
			says[i] = t_random() | 1;
			nis_map_put(&m, &key, says[i]);
		}
		got = 0;
		T_EQ(nis_map_get(&m, &key, &got), says[i] != 0);
		T_CHECK(got == says[i]);
	}
	nis_map_clear(&m);
	T_EQ(m.n, 0);
	T_CHECK(!nis_map_get(&m, &key, NULL));
	nis_map_put(&m, &key, 5);
	T_CHECK(nis_map_get(&m, &key, &got));
	T_EQ(got, 5);
	T_EQ(m.n, 1);
	nis_map_free(&m);
	T_CHECK(!nis_map_get(&m, &key, NULL));
}

static bool is_even(const void *calls, uint64_t value)
{
	++**(size_t *const *)calls;
	return value % 2 == 0;
}

static void sift(void)
{
	struct nis_map m = { 0 };
	size_t calls = 0, *count = &calls, at = 0;
	uint64_t got;
	struct hash32 key;

	make_keys(32);
	nis_map_sift(&m, is_even, &count); /* of nothing */
	T_EQ(calls, 0);
	for (size_t i = 0; i < KEYS; i++) {
		memcpy(key.b, kept[i].key, sizeof key.b);
		nis_map_put(&m, &key, i);
	}
	nis_map_sift(&m, is_even, &count);
	T_EQ(calls, KEYS);
	T_EQ(m.n, KEYS / 2);
	for (size_t i = 0; i < KEYS; i++) {
		memcpy(key.b, kept[i].key, sizeof key.b);
		T_EQ(nis_map_get(&m, &key, &got), i % 2 == 0);
		if (i % 2 == 0) {
			T_EQ(got, i);
			T_EQ(m.item[at++].value, i);
		}
	}
	nis_map_put(&m, &key, 4); /* the last, which is odd and gone */
	T_EQ(m.n, KEYS / 2 + 1);
	nis_map_free(&m);
}

static void room(void)
{
	size_t cap = 0, zero_cap = 0;
	uint32_t *p = NULL, *zero = NULL;

	for (size_t n = 1; n <= 1000; n++) {
		p = nis_map_room(p, &cap, n, sizeof p[0]);
		zero = nis_map_room_zero(zero, &zero_cap, n, sizeof zero[0]);
		p[n - 1] = (uint32_t)n;
		T_EQ(zero[n - 1], 0);
		T_EQ(zero[zero_cap - 1], 0);
		zero[n - 1] = (uint32_t)n;
	}
	for (size_t n = 1; n <= 1000; n++) {
		T_EQ(p[n - 1], n);
		T_EQ(zero[n - 1], n);
	}
	T_CHECK(cap >= 1000 && cap <= 2000);
	free(p);
	free(zero);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "an index of digests agrees with a list", digests },
		{ "an index of addresses agrees with a list", addresses },
		{ "a later number of the same key replaces", same_key },
		{ "a map keeps what was put last", map },
		{ "a map forgets what is refused", sift },
		{ "room keeps what was written", room },
	};

	return t_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
