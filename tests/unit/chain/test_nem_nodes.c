/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: what k of n nodes say is believed and nothing less; a node that is slow, dead, behind or
 * lies is named with the reason, and the honest are not.
 * Method: simulated nodes with seeded choices, every n to 9 and k; k-1 liars that work together
 * against each kind of question, and k liars as the limit that the header states; lists that
 * repeat, run backwards, go round under new ids or never end; clocks at and beyond each bound.
 */
#include "base/attr.h"
#include "chain/nem/nem_nodes.h"
#include "t.h"

static const struct nem_nodes_limits limits = {
	.backoff_ms = 100, .backoff_most_ms = 1600, .differ_blocks = 2, .differ_ms = 5000
};

static struct nem_nodes s;
static uint64_t seed;

/* A linear congruence (Knuth's MMIX); each round of a loop starts from its own number. */
static uint32_t roll(uint32_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % below;
}

static struct hash32 hash_of(uint64_t v)
{
	struct hash32 h = { { 0x7e } };

	le64_put(h.b + 8, v);
	return h;
}

static void backoff(void)
{
	static const uint64_t delay[] = { 100, 200, 400, 800, 1600, 1600, 1600 };
	uint64_t now = 50;

	nem_nodes_init(&s, 2, 1, &limits);
	for (size_t i = 0; i < ARRAY_LEN(delay); i++) {
		T_CHECK(nem_nodes_may_ask(&s, 0, now));
		nem_nodes_asked(&s, 0, now);
		T_CHECK(!nem_nodes_may_ask(&s, 0, now));
		nem_nodes_failed(&s, 0, now, 0, NEM_NODE_SILENT);
		T_CHECK(!nem_nodes_may_ask(&s, 0, now + delay[i] - 1));
		T_CHECK(nem_nodes_may_ask(&s, 0, now + delay[i]));
		T_CHECK(nem_nodes_may_ask(&s, 1, now));
		now += delay[i];
	}
	nem_nodes_answered(&s, 0);
	nem_nodes_failed(&s, 0, now, 0, NEM_NODE_SILENT);
	T_EQ(s.node[0].ready_ms, now + 100);
	for (seed = 1; seed < 500; seed += 7) {
		nem_nodes_init(&s, 1, 1, &limits);
		nem_nodes_failed(&s, 0, now, roll(UINT32_MAX), NEM_NODE_SILENT);
		T_CHECK(s.node[0].ready_ms >= now + 50 && s.node[0].ready_ms <= now + 100);
	}
	nem_nodes_failed(&s, 0, UINT64_MAX, 0, NEM_NODE_SILENT);
	T_EQ(s.node[0].ready_ms, UINT64_MAX);
}

/* k-1 liars at both ends of the range; the answer lies between honest words. */
static void heights(void)
{
	uint64_t h = 7;

	for (uint32_t n = 1; n <= 9; n++) {
		for (uint32_t k = 1; k <= n; k++) {
			uint64_t most = 0;

			seed = n * 100 + k;
			nem_nodes_init(&s, n, k, &limits);
			for (uint32_t i = 0; i < n; i++) {
				T_EQ(nem_nodes_agreed_height(&h, &s), i < k ? ERR_WAIT : ERR_OK);
				nem_nodes_height(&s, i, 1000 + roll(5));
			}
			for (uint32_t i = 0; i < n; i++) {
				if (i < k - 1) {
					nem_nodes_height(&s, i, UINT64_MAX - roll(3));
				} else if (s.node[i].height > most) {
					most = s.node[i].height;
				}
			}
			T_EQ(nem_nodes_agreed_height(&h, &s), ERR_OK);
			T_CHECK(h >= 1000 && h <= most);
			for (uint32_t i = 0; i < k - 1; i++) {
				nem_nodes_height(&s, i, 0);
			}
			T_EQ(nem_nodes_agreed_height(&h, &s), ERR_OK);
			T_CHECK(h <= most && (n < 2 * k - 1 || h >= 1000));
			/* The limit: k together are believed. */
			for (uint32_t i = 0; i < k; i++) {
				nem_nodes_height(&s, i, 77777);
			}
			T_EQ(nem_nodes_agreed_height(&h, &s), ERR_OK);
			T_EQ(h, 77777);
		}
	}
}

static void named_for_height(void)
{
	nem_nodes_init(&s, 5, 3, &limits);
	nem_nodes_judge_heights(&s, 0);
	for (uint32_t i = 0; i < 3; i++) {
		nem_nodes_height(&s, i, 1000 + i);
	}
	nem_nodes_height(&s, 3, 997);
	nem_nodes_height(&s, 4, 1004);
	nem_nodes_judge_heights(&s, 100); /* 1001 is agreed: 1001, 1002, 1004 */
	nem_nodes_judge_heights(&s, 5100);
	T_EQ(s.node[3].fault, NEM_NODE_WELL);
	nem_nodes_judge_heights(&s, 5101);
	T_EQ(s.node[0].fault, NEM_NODE_WELL);
	T_EQ(s.node[1].fault, NEM_NODE_WELL);
	T_EQ(s.node[2].fault, NEM_NODE_WELL);
	T_EQ(s.node[3].fault, NEM_NODE_BEHIND);
	T_EQ(s.node[4].fault, NEM_NODE_AHEAD);
	nem_nodes_height(&s, 3, 1001);
	nem_nodes_judge_heights(&s, 5102);
	T_EQ(s.node[3].fault, NEM_NODE_WELL);
	/* A short absence in between starts the time anew. */
	nem_nodes_height(&s, 3, 900);
	nem_nodes_judge_heights(&s, 9000);
	nem_nodes_judge_heights(&s, 14000);
	T_EQ(s.node[3].fault, NEM_NODE_WELL);
	/* The dead one is named, and named well again when it speaks. */
	nem_nodes_failed(&s, 2, 1, 1, NEM_NODE_SILENT);
	nem_nodes_judge_heights(&s, 14000);
	T_EQ(s.node[2].fault, NEM_NODE_SILENT);
	nem_nodes_height(&s, 2, 1001);
	nem_nodes_judge_heights(&s, 14000);
	T_EQ(s.node[2].fault, NEM_NODE_WELL);
	/* What does not parse, and what is proved, stays for good. */
	nem_nodes_failed(&s, 2, 1, 1, NEM_NODE_BLOCK);
	nem_nodes_failed(&s, 2, 1, 1, NEM_NODE_GARBLED);
	nem_nodes_height(&s, 2, 1001);
	nem_nodes_judge_heights(&s, 14000);
	T_EQ(s.node[2].fault, NEM_NODE_BLOCK);
	for (int f = 0; f < NEM_NODE_FAULTS; f++) {
		T_CHECK(strlen(nem_node_fault_words((enum nem_node_fault)f)) > 3);
	}
}

static void proved_liars_have_no_voice(void)
{
	uint64_t h = 7;

	nem_nodes_init(&s, 3, 2, &limits);
	nem_nodes_failed(&s, 0, 0, 0, NEM_NODE_BLOCK);
	nem_nodes_height(&s, 0, 10);
	nem_nodes_height(&s, 1, 10);
	T_EQ(nem_nodes_agreed_height(&h, &s), ERR_WAIT);
	T_EQ(h, 7);
	nem_nodes_height(&s, 2, 10);
	T_EQ(nem_nodes_agreed_height(&h, &s), ERR_OK);
	T_EQ(h, 10);
	h = 7;
	nem_nodes_failed(&s, 1, 0, 0, NEM_NODE_PAGES);
	nem_nodes_height(&s, 1, 10);
	T_EQ(nem_nodes_agreed_height(&h, &s), ERR_WAIT);
	T_EQ(h, 7);
}

static void say(struct nem_question *q, bool hash, uint32_t i, uint64_t v)
{
	struct hash32 h = hash_of(v);

	if (hash) {
		nem_question_say_hash(q, i, &h);
	} else {
		T_EQ(nem_question_say_balance(q, i, 500, v, 500), ERR_OK);
	}
}

static enum err agreed(uint64_t *v, const struct nem_question *q, bool hash)
{
	struct hash32 h = hash_of(*v);
	enum err e = nem_question_agreed(&h, v, q, &s);

	if (hash) {
		*v = le64_get(h.b + 8);
	}
	return e;
}

/* The liars are a random set of at most k-1 that say the same; the rest is honest or dead. */
static void questions(void)
{
	for (uint64_t start = 1; start <= 4000; start++) {
		struct nem_question q;
		bool hash;
		uint32_t n;
		uint32_t k;
		uint32_t lies = 0;
		uint32_t truths = 0;
		uint64_t v = 7;
		bool liar[NEM_NODES_MAX] = { false };

		seed = start;
		hash = roll(2) == 0;
		n = 1 + roll(NEM_NODES_MAX);
		k = 1 + roll(n);
		nem_nodes_init(&s, n, k, &limits);
		if (hash) {
			nem_question_hash(&q, 500);
		} else {
			nem_question_balance(&q, 500);
		}
		for (uint32_t i = 0; i < n; i++) {
			uint32_t what = roll(3);

			if (what == 0 && lies < k - 1) {
				liar[i] = true;
				lies++;
				say(&q, hash, i, 666);
			} else if (what == 1) {
				truths++;
				say(&q, hash, i, 42);
			}
		}
		nem_question_judge(&q, &s);
		T_EQ(agreed(&v, &q, hash), truths >= k ? ERR_OK : ERR_WAIT);
		T_EQ(v, truths >= k ? 42 : 7);
		for (uint32_t i = 0; i < n; i++) {
			T_EQ(s.node[i].fault, !liar[i] || truths < k ? NEM_NODE_WELL
					      : hash                 ? NEM_NODE_HASH
								     : NEM_NODE_BALANCE);
		}
	}
}

static void question_limits(void)
{
	struct nem_question q;
	uint64_t v = 7;

	/* k and k: nobody is believed and nobody is named. */
	nem_nodes_init(&s, 4, 2, &limits);
	nem_question_balance(&q, 500);
	for (uint32_t i = 0; i < 4; i++) {
		say(&q, false, i, i / 2);
	}
	nem_question_judge(&q, &s);
	T_EQ(agreed(&v, &q, false), ERR_MISMATCH);
	T_EQ(s.node[0].fault, NEM_NODE_WELL);
	T_EQ(s.node[3].fault, NEM_NODE_WELL);
	/* A balance of another height is not compared. */
	nem_question_balance(&q, 500);
	T_EQ(nem_question_say_balance(&q, 0, 499, 5, 500), ERR_STALE);
	T_EQ(nem_question_say_balance(&q, 1, 500, 5, 501), ERR_STALE);
	T_EQ(agreed(&v, &q, false), ERR_WAIT);
	/* The limit: k liars and k-1 honest; the honest one is named. */
	nem_nodes_init(&s, 3, 2, &limits);
	nem_question_hash(&q, 500);
	say(&q, true, 0, 666);
	say(&q, true, 1, 666);
	say(&q, true, 2, 42);
	nem_question_judge(&q, &s);
	T_EQ(agreed(&v, &q, true), ERR_OK);
	T_EQ(v, 666);
	T_EQ(s.node[2].fault, NEM_NODE_HASH);
	/* A node that changed forks is heard with its last word. */
	say(&q, true, 1, 42);
	T_EQ(agreed(&v, &q, true), ERR_OK);
	T_EQ(v, 42);
}

static void clocks(void)
{
	struct nem_clock_reading r[NEM_NODES_MAX + 1];
	int64_t d = 7;

	for (size_t i = 0; i < 5; i++) {
		r[i] = (struct nem_clock_reading){ 100000, 100200, 100100 + 10 * i };
	}
	T_EQ(nem_clock_check(&d, r, 5, 3, 200, 20), ERR_OK);
	T_EQ(d, 20);
	T_EQ(nem_clock_check(&d, r, 5, 3, 200, 19), ERR_CLOCK);
	T_EQ(nem_clock_check(&d, r, 5, 3, 199, 20), ERR_WAIT);
	T_EQ(nem_clock_check(&d, r, 4, 3, 200, 20), ERR_WAIT);
	T_EQ(nem_clock_check(&d, r, 0, 1, 200, 20), ERR_WAIT);
	T_EQ(d, 20);
	/* Two liars of five, either way, stay between honest words. */
	r[0].node_ms = r[1].node_ms = 0;
	T_EQ(nem_clock_check(&d, r, 5, 3, 200, 100), ERR_OK);
	T_EQ(d, 20);
	r[0].node_ms = r[1].node_ms = 2147483647000;
	T_EQ(nem_clock_check(&d, r, 5, 3, 200, 100), ERR_OK);
	T_EQ(d, 40);
	r[0].node_ms = UINT64_MAX; /* no clock says this: not counted */
	T_EQ(nem_clock_check(&d, r, 5, 3, 200, 100), ERR_WAIT);
	for (size_t i = 0; i < 3; i++) {
		r[i] = (struct nem_clock_reading){ 100000, 100000, 99900 };
	}
	T_EQ(nem_clock_check(&d, r, 3, 2, 0, 100), ERR_OK);
	T_EQ(d, -100);
	T_EQ(nem_clock_check(&d, r, 3, 2, 0, 99), ERR_CLOCK);
	r[1].received_ms = 99999;
	T_EQ(nem_clock_check(&d, r, 3, 2, 200, 100), ERR_WAIT);
}

static size_t page(struct nem_page_entry *out, uint64_t below, uint64_t newest)
{
	size_t n = 0;

	for (uint64_t id = below == 0 ? newest : below - 1; id > 0 && n < NEM_PAGE_ENTRIES; id--) {
		out[n++] = (struct nem_page_entry){ id, hash_of(id) };
	}
	return n;
}

static void lists(void)
{
	struct nem_page_entry e[NEM_PAGE_ENTRIES + 1];
	struct nem_pages p;
	struct nem_pages before;

	for (uint64_t newest = 0; newest < 120; newest++) {
		uint64_t asked = 0;

		nem_pages_init(&p, 120);
		while (!p.done) {
			T_EQ(nem_pages_take(&p, e, page(e, p.below, newest)), ERR_OK);
			asked++;
		}
		T_EQ(p.entries, newest);
		T_EQ(asked, (newest + 24) / 25 + 1);
		T_EQ(nem_pages_take(&p, e, 0), ERR_STATE);
	}
	nem_pages_init(&p, 120);
	T_EQ(nem_pages_take(&p, e, page(e, 0, 60)), ERR_OK);
	before = p;
	T_EQ(nem_pages_take(&p, e, page(e, 0, 60)), ERR_NODE);  /* the same page again */
	T_EQ(nem_pages_take(&p, e, page(e, 37, 60)), ERR_NODE); /* one entry twice */
	(void)page(e, p.below, 60);
	e[3].id = e[2].id;
	T_EQ(nem_pages_take(&p, e, 25), ERR_NODE);
	e[3].id = 0;
	T_EQ(nem_pages_take(&p, e, 25), ERR_NODE);
	T_EQ(nem_pages_take(&p, e, 26), ERR_NODE);
	T_MEM(&p, &before, sizeof p);
	nem_pages_init(&p, 24);
	T_EQ(nem_pages_take(&p, e, page(e, 0, 60)), ERR_FULL);
	T_EQ(p.entries, 0);
}

/* A list that goes round, each time under new and lower ids. */
static void rounds(void)
{
	for (uint64_t length = 1; length < 90; length++) {
		struct nem_pages p;
		uint64_t i = 0;
		enum err e = ERR_OK;

		nem_pages_init(&p, 100000);
		while (e == ERR_OK && i < 1000) {
			struct nem_page_entry one = { 100000 - i, hash_of(i % length) };

			e = nem_pages_take(&p, &one, 1);
			i++;
		}
		T_EQ(e, ERR_NODE);
		T_CHECK(i <= 3 * length + 1);
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "back-off", backoff },
		{ "heights", heights },
		{ "who is named for a height", named_for_height },
		{ "proved liars have no voice", proved_liars_have_no_voice },
		{ "questions, seeded", questions },
		{ "limits of agreement", question_limits },
		{ "clocks", clocks },
		{ "lists", lists },
		{ "lists that go round", rounds },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
