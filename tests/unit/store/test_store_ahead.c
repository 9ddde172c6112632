/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a replay by two threads gives every batch to both callbacks once and in order, verified
 * before applied, and ends with the first error of either, named by the batch it was about, with
 * nothing applied behind it. Method: SQLite and file journals of every length around the number of
 * places; an error of either callback at every batch; damage; a slow applier and a slow verifier.
 * Also run under ThreadSanitizer.
 */
#include <unistd.h>

#include "kit.h"
#include "store/ahead.h"
#include "store/sqlite.h"

struct note {
	uint64_t number;
	struct hash32 head;
};

struct both {
	/* the verifier's */
	struct kit_seen seen;
	uint64_t verify_fails; /* at this batch, counted from 0; UINT64_MAX: never */
	unsigned verify_pause_us;
	bool other_view;
	/* the applier's */
	struct log_chain again;
	uint64_t applied, apply_fails;
	unsigned apply_pause_us;
	bool wrong;
};

/* The view that comes with a batch shows all of it, and is what the rest of the checks needs. */
static bool view_whole(struct log_chain *c, struct bytes batch, const struct log_view *checked)
{
	struct log_view v;

	return log_batch_check(&v, batch) == ERR_OK &&
	       hash32_eq(&v.head.hash, &checked->head.hash) &&
	       v.head.count == checked->head.count && v.records.p == checked->records.p &&
	       v.records.n == checked->records.n && v.blobs.p == checked->blobs.p &&
	       v.blobs.n == checked->blobs.n && log_batch_join(c, checked, &kit_secret) == ERR_OK;
}

static enum err verify(void *context, struct bytes batch, const struct log_view *checked,
		       void *note)
{
	struct both *b = context;
	struct note *n = note;
	uint64_t number = b->seen.batches;
	struct log_chain joined = b->seen.chain;
	bool whole = view_whole(&joined, batch, checked);
	enum err e = kit_each(&b->seen, batch);

	b->other_view = b->other_view || whole != (e == ERR_OK) ||
			!hash32_eq(&joined.head, &b->seen.chain.head) ||
			joined.next_sequence != b->seen.chain.next_sequence;

	if (b->verify_pause_us > 0) {
		(void)usleep(b->verify_pause_us);
	}
	n->number = number;
	n->head = b->seen.chain.head;
	return e == ERR_OK && number == b->verify_fails ? ERR_POLICY : e;
}

static enum err apply(void *context, struct bytes batch, void *note)
{
	struct both *b = context;
	const struct note *n = note;
	struct log_view v;

	if (b->apply_pause_us > 0) {
		(void)usleep(b->apply_pause_us);
	}
	b->wrong = b->wrong || n->number != b->applied ||
		   log_batch_open(&v, &b->again, batch, &kit_secret) != ERR_OK ||
		   !hash32_eq(&n->head, &b->again.head) || n->number == b->verify_fails;
	if (b->applied == b->apply_fails) {
		return ERR_STALE;
	}
	b->applied++;
	return ERR_OK;
}

static void both_init(struct both *b)
{
	memset(b, 0, sizeof *b);
	kit_seen_init(&b->seen);
	log_chain_init(&b->again);
	b->verify_fails = b->apply_fails = UINT64_MAX;
}

static bool make(uint64_t n)
{
	struct store_sqlite s;
	struct store_fault fault;
	struct kit_seen seen;
	bool ok = kit_fresh() && store_sqlite_open(&s, kit_path("journal"), &fault) == ERR_OK;

	kit_seen_init(&seen);
	ok = ok && store_replay(&s.base, kit_buffer, sizeof kit_buffer, kit_each, &seen) == ERR_OK;
	for (uint64_t i = 0; ok && i < n; i++) {
		struct bytes batch;

		ok = kit_seal(&batch, &seen.chain, i) && store_append(&s.base, batch) == ERR_OK;
	}
	if (ok) {
		store_close(&s.base);
	}
	return ok;
}

/* The sequence of the first record of batch n (kit_seal: 1 to 3 records each). */
static uint64_t first_of(uint64_t n)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < n; i++) {
		sum += 1 + i % 3;
	}
	return sum;
}

static enum err again(struct store_sqlite *s, struct both *b)
{
	struct store_fault fault;
	struct store_ahead how = { .batch_bytes = KIT_BUFFER,
				   .note_bytes = sizeof(struct note),
				   .verify = verify,
				   .apply = apply,
				   .context = b };
	enum err e = store_sqlite_open(s, kit_path("journal"), &fault);

	return e == ERR_OK ? store_replay_ahead(&s->base, &how) : e;
}

static void every_length(void)
{
	for (uint64_t n = 0; n <= 2 * STORE_AHEAD_BATCHES + 3; n++) {
		for (unsigned slow = 0; slow < 3; slow++) {
			struct store_sqlite s;
			struct both b;
			struct bytes batch;

			T_CHECK(make(n));
			both_init(&b);
			b.verify_pause_us = slow == 1 ? 300 : 0;
			b.apply_pause_us = slow == 2 ? 300 : 0;
			T_EQ(again(&s, &b), ERR_OK);
			T_EQ(b.applied, n);
			T_EQ(b.seen.batches, n);
			T_CHECK(!b.wrong && !b.other_view);
			T_EQ(s.base.phase, STORE_READY);
			T_CHECK(kit_seal(&batch, &b.again, n));
			T_EQ(store_append(&s.base, batch), ERR_OK);
			store_close(&s.base);
		}
	}
}

static void errors_of_either(void)
{
	enum { N = 2 * STORE_AHEAD_BATCHES + 3 };

	T_CHECK(make(N));
	for (unsigned who = 0; who < 2; who++) {
		for (uint64_t at = 0; at < N; at++) {
			for (unsigned slow = 0; slow < 3; slow++) {
				struct store_sqlite s;
				struct both b;
				char words[64];

				both_init(&b);
				b.verify_pause_us = slow == 1 ? 200 : 0;
				b.apply_pause_us = slow == 2 ? 200 : 0;
				*(who == 0 ? &b.verify_fails : &b.apply_fails) = at;
				T_EQ(again(&s, &b), who == 0 ? ERR_POLICY : ERR_STALE);
				T_EQ(b.applied, at); /* all before it, nothing behind it */
				T_CHECK(!b.wrong && !b.other_view);
				T_EQ(s.base.phase, STORE_BROKEN);
				(void)snprintf(words, sizeof words, "batch of record %llu was",
					       (unsigned long long)first_of(at));
				T_CHECK(strstr(s.base.fault.text, words) != NULL);
				store_close(&s.base);
			}
		}
	}
}

static void damage(void)
{
	struct store_sqlite s;
	struct both b;
	sqlite3 *db = NULL;

	T_CHECK(make(20));
	T_EQ(sqlite3_open(kit_path("journal"), &db), SQLITE_OK);
	T_EQ(sqlite3_exec(db, "UPDATE batches SET root=zeroblob(32) WHERE first_sequence=6", NULL,
			  NULL, NULL),
	     SQLITE_OK);
	T_EQ(sqlite3_close(db), SQLITE_OK);
	both_init(&b);
	T_EQ(again(&s, &b), ERR_CORRUPT);
	T_EQ(b.applied, 3); /* 1 + 2 + 3 records before it */
	T_CHECK(!b.wrong && !b.other_view);
	store_close(&s.base);
}

static void clean(void)
{
	kit_clean();
	T_CHECK(kit_directory[0] == '\0');
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "every length", every_length },
		{ "errors of either", errors_of_either },
		{ "damage", damage },
		{ "cleaned up", clean },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
