/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: difficulty, hit, target and waiting time are NIS's.
 * Method: the vectors of NIS's own BlockScorerTest and BlockDifficultyScorerTest; hits computed by
 * OpenJDK 17 with NIS's expression, (long) (2^54 * Math.abs(Math.log(x))), over hashes chosen for
 * long runs of zeros and ones (200,000 random ones were compared once: one differed, by 2, where
 * Math.log itself is not rounded correctly); targets by search against waiting times.
 */
#include "base/hex.h"
#include "nis/nis_score.h"
#include "t.h"

static uint64_t hit_of(const char *hex)
{
	struct hash32 h;

	return hex_get(h.b, sizeof h.b, bytes_str(hex), HEX_ANY_CASE) == ERR_OK ? nis_score_hit(&h)
										: 1;
}

static void hits_of_nis(void)
{
	static const struct {
		const char *generation;
		uint64_t hit;
	} vectors[] = {
		/* N:BlockScorerTest.java hitIsCalculatedCorrectly */
		{ "f7f6f5f4f3f2f1f0e7e6e5e4e3e2e1e0d7d6d5d4d3d2d1d0c7c6c5c4c3c2c1c0",
		  UINT64_C(0x20a80e8435e74) },
		{ "99170fbb183477a35a94c9bf390b770209d32a595d4a987d41f4b3e592471abe",
		  UINT64_C(9262119448953208) },
		{ "00194bb55dcab3910016175aa147e1f3e98ee81edf7fae40bfe793d9fced52b2",
		  UINT64_C(141588110919743168) },
		{ "00000015e5c4caaf166fc2edcea4fb1b65e240a4e944b31d0705e6c8b71cf8bd",
		  UINT64_C(343972973433451136) },
		{ "ffffc696693058b22edd1479f1953297e1c82141a6a46d99364cf461b317c99f",
		  UINT64_C(61646262256) },
		{ "ffffffffffff029f8f814e38d93995b694aa2150847891d75da8ddddc46434af",
		  UINT64_C(64) },
		{ "ffffffffffffffffb3a3f3707eab79470ba3c885b66c499800da641a22a420ee", UINT64_C(0) },
		{ "00000000000000000000000000000000000000000000000000000000000000dc",
		  UINT64_C(3099414205268953088) },
		{ "ffffffffffffffc5347dd8728b234273149eb6e9bb0ff5f4111a021c9a0168a9", UINT64_C(0) },
		{ "81181c9a324f0aec09395a3213018ebde232b69b463dffe94c73ba9c9960c80b",
		  UINT64_C(12333290950156496) },
		{ "6a214cc7b067f90295b0180a98eba8fce9bf8a819b01f5529ebc20efacd4d95a",
		  UINT64_C(15861893221828420) },
		{ "6166595aac5e505cd63fcdf74452a17edaf2ce71419a6512500fcbc182e1ef30",
		  UINT64_C(17408273043692004) },
		{ "721c8d57fcee80eefd07ad4165535585b7631557828266251de9a5922a085741",
		  UINT64_C(14555654276530650) },
		{ "38340c697fa982fdf2e1e031eefc636a590b94b3ede70bfeb7c6e8d2988f49d8",
		  UINT64_C(27313461902923008) },
		{ "67b8331c96310e56cf20194df51cd6eaec0958b9d72ecb53418e134a23dd84dc",
		  UINT64_C(16275775157854906) },
		{ "437cb251a58953f96424e7bd33a2e0636ebdbbc1d586f9d6d6c93e220a5d0110",
		  UINT64_C(24017535336556668) },
		{ "261aba5c976f7d07b2bbc679878c62d4332819cc438fd8e801b24847eafa8ebb",
		  UINT64_C(34314682360315348) },
		{ "0000000000000000000000000000000000000000000000000000000000000000",
		  UINT64_C(0x7fffffffffffffff) },
		{ "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0 },
		{ "0000000000000000000000000000000000000000000000000000000000000001",
		  UINT64_C(3196577161300663808) },
		/* A half: 2^54 * ln 2. */
		{ "8000000000000000000000000000000000000000000000000000000000000000",
		  UINT64_C(12486629536330718) },
	};

	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		T_EQ(hit_of(vectors[i].generation), vectors[i].hit);
	}
}

/* A hit never falls when the hash falls. */
static void hits_are_monotonic(void)
{
	struct hash32 h;
	uint64_t last = INT64_MAX;

	memset(h.b, 0, sizeof h.b);
	for (unsigned i = 1; i < 65536; i += 7) {
		uint64_t hit;

		h.b[0] = (uint8_t)(i >> 8);
		h.b[1] = (uint8_t)i;
		hit = nis_score_hit(&h);
		T_CHECK(hit < last);
		last = hit;
	}
}

static uint64_t evenly(size_t n, uint64_t difficulty, uint32_t seconds)
{
	uint64_t d[NIS_DIFFICULTY_BLOCKS];
	uint32_t t[NIS_DIFFICULTY_BLOCKS];

	for (size_t i = 0; i < n; i++) {
		d[i] = difficulty;
		t[i] = 12345 + (uint32_t)i * seconds;
	}
	return nis_score_difficulty(d, t, n);
}

static void difficulties_of_nis(void)
{
	const uint64_t start = NIS_DIFFICULTY_START;

	T_EQ(evenly(1, start, 60), start);
	T_EQ(evenly(1, NIS_DIFFICULTY_MAX, 60), start); /* one is none */
	T_EQ(evenly(10, start, 60), start);
	T_EQ(evenly(60, start, 60), start);
	T_EQ(evenly(10, start, 61), UINT64_C(98360655737704));
	T_EQ(evenly(10, start, 59), UINT64_C(101694915254237));
	T_EQ(evenly(2, start, 58), UINT64_C(103448275862068));
	T_EQ(evenly(2, start, 1), UINT64_C(105000000000000));     /* five per cent up */
	T_EQ(evenly(2, start, 100000), UINT64_C(95000000000000)); /* and down */
	T_EQ(evenly(60, NIS_DIFFICULTY_MAX, 1), NIS_DIFFICULTY_MAX);
	T_EQ(evenly(60, NIS_DIFFICULTY_MIN, INT32_MAX / 64), NIS_DIFFICULTY_MIN);
	T_EQ(evenly(60, NIS_DIFFICULTY_MAX, INT32_MAX / 64), UINT64_C(950000000000000));
}

/* N:BlockDifficultyScorerTest.java percentageChange, with the window of the chain. */
static void it_takes_more_than_forty_blocks_to_the_end(void)
{
	static const uint32_t seconds[] = { 2, 248 };

	for (unsigned way = 0; way < 2; way++) {
		uint64_t d[160] = { NIS_DIFFICULTY_START, NIS_DIFFICULTY_START };
		uint32_t t[160] = { 100, 100 + seconds[way] };
		unsigned n = 2;

		while (n < 160 && d[n - 1] > NIS_DIFFICULTY_MIN && d[n - 1] < NIS_DIFFICULTY_MAX) {
			unsigned many = n < 60 ? n : 60;
			uint64_t step;

			d[n] = nis_score_difficulty(d + n - many, t + n - many, many);
			t[n] = t[n - 1] + seconds[way];
			step = d[n] > d[n - 1] ? d[n] - d[n - 1] : d[n - 1] - d[n];
			T_CHECK(step <= d[n - 1] / 20 + 1);
			T_CHECK(way == 0 ? d[n] > d[n - 1] : d[n] < d[n - 1]);
			n++;
		}
		T_CHECK(n > 42 && n < 160);
		T_EQ(d[n - 1], way == 0 ? NIS_DIFFICULTY_MAX : NIS_DIFFICULTY_MIN);
	}
}

static void targets(void)
{
	const uint64_t start = NIS_DIFFICULTY_START;

	T_EQ(nis_score_target(100, 0, start), 0);
	T_EQ(nis_score_target(0, NIS_IMPORTANCE_WHOLE, start), 0);
	/* 100 * 72 * 2^64 / 60e12 */
	T_EQ(nis_score_target(100, 72, UINT64_C(60000000000000)), UINT64_C(2213609288));
	T_EQ(nis_score_target(60, NIS_IMPORTANCE_WHOLE, start), UINT64_C(99612417986963532));
	T_CHECK(nis_score_target(UINT32_MAX, NIS_IMPORTANCE_WHOLE, NIS_DIFFICULTY_MIN) ==
		UINT64_MAX);
	T_CHECK(nis_score_target(2000000000, 50000, start) == UINT64_MAX);
}

static void waiting_is_the_least_time(void)
{
	T_EQ(nis_score_wait(0, 0, NIS_DIFFICULTY_START), UINT32_MAX);
	T_EQ(nis_score_wait(0, NIS_IMPORTANCE_WHOLE, NIS_DIFFICULTY_START), 1);
	T_EQ(nis_score_wait(INT64_MAX, 1, NIS_DIFFICULTY_MAX), UINT32_MAX);
	for (unsigned i = 0; i < 20000; i++) {
		uint64_t hit = t_random() >> (1 + t_below(30));
		uint64_t importance = t_below(NIS_IMPORTANCE_WHOLE) + 1;
		uint64_t difficulty =
		    NIS_DIFFICULTY_MIN + t_below(NIS_DIFFICULTY_MAX - NIS_DIFFICULTY_MIN + 1);
		uint32_t wait = nis_score_wait(hit, importance, difficulty);

		T_CHECK(wait >= 1);
		if (wait == UINT32_MAX) {
			continue;
		}
		T_CHECK(hit < nis_score_target(wait, importance, difficulty));
		T_CHECK(wait == 1 || hit >= nis_score_target(wait - 1, importance, difficulty));
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "hits are those of NIS", hits_of_nis },
		{ "a smaller hash is a larger hit", hits_are_monotonic },
		{ "difficulties are those of NIS", difficulties_of_nis },
		{ "five per cent a block", it_takes_more_than_forty_blocks_to_the_end },
		{ "targets", targets },
		{ "waiting is the least time", waiting_is_the_least_time },
	};

	return t_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
