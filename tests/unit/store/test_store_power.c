/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a power cut at any moment costs the SQLite journal no acknowledged batch, whatever the disk
 * made of the writes that it had not synced.  Method: the store runs on a disk in memory (power.h);
 * the power goes before each write, truncation, sync and removal of a scenario in turn; unsynced
 * sectors are then lost, kept and torn in every combination where there are few and in random ones
 * where there are many; the journal is opened again, must hold all that was acknowledged and at
 * most the batch in flight, byte for byte, and must take the rest.  KURAMORI_POWER_WAYS: random
 * ways for each cut (default 20).
 */
#include "kit.h"
#include "power.h"
#include "store/sqlite.h"

enum {
	BATCHES = 8,
	FEW = 6, /* pieces of which every combination of lost and kept is tried */
};

static uint64_t log_ahead; /* its log is written ahead to so many bytes after the replay; 0: not */

/* One run over the disk as it is: open, replay, append until there are n batches, close. */
struct run {
	uint64_t found;        /* batches that the replay gave */
	uint64_t acknowledged; /* in all */
	enum err e;
};

static struct run run(uint64_t n, int checkpoint_pages)
{
	struct store_sqlite s;
	struct store_fault fault = { "" };
	struct kit_seen seen;
	struct run r = { 0, 0, ERR_OK };
	char sql[64];

	kit_seen_init(&seen);
	r.e = store_sqlite_open(&s, kit_path("journal"), &fault);
	if (r.e != ERR_OK) {
		return r;
	}
	(void)snprintf(sql, sizeof sql, "PRAGMA wal_autocheckpoint=%d", checkpoint_pages);
	if (sqlite3_exec(s.db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		r.e = ERR_IO;
	}
	if (r.e == ERR_OK) {
		r.e = store_replay(&s.base, kit_buffer, sizeof kit_buffer, kit_each, &seen);
	}
	if (r.e == ERR_OK && log_ahead != 0) {
		r.e = store_sqlite_log_ahead(&s, log_ahead);
	}
	r.found = r.acknowledged = seen.batches;
	while (r.e == ERR_OK && seen.batches < n) {
		struct bytes batch;

		if (!kit_seal(&batch, &seen.chain, seen.batches)) {
			r.e = ERR_STATE;
			break;
		}
		r.e = store_append(&s.base, batch);
		seen.batches += r.e == ERR_OK;
		r.acknowledged = seen.batches;
	}
	store_close(&s.base);
	return r;
}

static enum power_fate all_lost(void *ctx, size_t piece)
{
	(void)ctx;
	(void)piece;
	return POWER_LOST;
}

static enum power_fate by_bit(void *ctx, size_t piece)
{
	return (*(unsigned *)ctx >> piece & 1) != 0 ? POWER_KEPT : POWER_LOST;
}

static enum power_fate by_chance(void *ctx, size_t piece)
{
	unsigned like = *(unsigned *)ctx; /* some ways lose nearly all, some nearly nothing */
	uint64_t r = t_random() % 100;

	(void)piece;
	if (r < 10) {
		return POWER_TORN;
	}
	return r < 10 + like ? POWER_LOST : POWER_KEPT;
}

struct tally {
	unsigned long cuts, ways, lost;
};

/* After the power is back: what was acknowledged is there, at most one more, and work goes on. */
static bool survives(const struct run *before, int pages, struct tally *t)
{
	struct run r = run(BATCHES, pages);

	t->ways++;
	if (r.found < before->acknowledged) {
		t->lost++;
		return false;
	}
	return r.e == ERR_OK && r.found <= before->acknowledged + 1 && r.acknowledged == BATCHES;
}

/*
 * The power goes before call `at` of a second run over a journal of `first` batches.  *reached: it
 * went at all.  False at the first way in which something acknowledged is lost.
 */
static bool cut(unsigned long at, uint64_t first, int pages, unsigned ways, bool *reached,
		struct tally *t)
{
	static struct power_file then[POWER_FILES];
	struct run before = { 0, 0, ERR_OK };
	size_t pieces;
	unsigned likely = 50;

	if (!power_on() || (first > 0 && run(first, pages).acknowledged != first)) {
		return false;
	}
	power_calls = 0;
	power_cut_at = at;
	before = run(BATCHES, pages);
	*reached = power_gone;
	if (!*reached) {
		/* nothing was cut while it ran; the end of this loop */
		return before.e == ERR_OK;
	}
	before.acknowledged = before.acknowledged > first ? before.acknowledged : first;
	if (!power_copy(then)) {
		return false;
	}
	t->cuts++;
	pieces = power_pending_count();
	if (pieces <= FEW) {
		for (unsigned bits = 0; bits < 1u << pieces; bits++) {
			power_back(then, by_bit, &bits);
			if (!survives(&before, pages, t)) {
				return false;
			}
		}
	} else {
		power_back(then, all_lost, NULL);
		if (!survives(&before, pages, t)) {
			return false;
		}
	}
	for (unsigned i = 0; pieces > 0 && i < ways; i++) {
		likely = (unsigned)(t_random() % 91);
		power_back(then, by_chance, &likely);
		if (!survives(&before, pages, t)) {
			printf("# cut before call %lu, %zu pieces, %u%% lost\n", at, pieces,
			       likely);
			return false;
		}
	}
	return true;
}

static unsigned ways_asked(void)
{
	const char *text = getenv("KURAMORI_POWER_WAYS");

	return text == NULL ? 20 : (unsigned)strtoul(text, NULL, 10);
}

/* Every cut of one scenario.  lies: the disk lies about syncs, and a loss must be seen. */
static bool every_cut(uint64_t first, int pages, bool lies, struct tally *t)
{
	bool reached = true, ok = true;

	*t = (struct tally){ 0, 0, 0 };
	for (unsigned long at = 1; ok && reached && at < 2000; at++) {
		ok = kit_fresh();
		power_sync_lies = lies;
		ok = ok && cut(at, first, pages, ways_asked(), &reached, t);
		power_sync_lies = false;
	}
	printf("# %lu cuts, %lu ways, %lu losses\n", t->cuts, t->ways, t->lost);
	return ok && !reached;
}

/* The journal is being made. */
static void while_it_is_made(void)
{
	struct tally t;

	T_CHECK(every_cut(0, 2048, false, &t));
	T_CHECK(t.cuts > 40 && t.ways >= t.cuts);
}

/* It exists, was closed cleanly, and is opened and written. */
static void while_it_is_written(void)
{
	struct tally t;

	T_CHECK(every_cut(3, 2048, false, &t));
	T_CHECK(t.cuts > 20 && t.ways >= t.cuts);
}

/* The write-ahead log goes into the database again and again, and starts from its front. */
static void while_it_checkpoints(void)
{
	struct tally t;

	T_CHECK(every_cut(2, 3, false, &t));
	T_CHECK(t.cuts > 60 && t.ways >= t.cuts);
}

/* The same three with a log written ahead: its frames overwrite zeros, and then go beyond them. */
static void with_a_log_ahead(void)
{
	struct tally t;

	for (int i = 0; i < 2; i++) {
		log_ahead = i == 0 ? 40000 : 300000;
		T_CHECK(every_cut(0, 2048, false, &t));
		T_CHECK(t.cuts > 40 && t.ways >= t.cuts);
		T_CHECK(every_cut(3, 2048, false, &t));
		T_CHECK(t.cuts > 20 && t.ways >= t.cuts);
		T_CHECK(every_cut(2, 3, false, &t));
		T_CHECK(t.cuts > 60 && t.ways >= t.cuts);
	}
	T_CHECK(!every_cut(2, 3, true, &t)); /* and a disk that lies is seen */
	T_CHECK(t.lost > 0);
	log_ahead = 0;
}

/* The check itself can fail: on a disk that lies about syncs batches are lost, and it sees that. */
static void a_lying_disk_is_seen(void)
{
	struct tally t;

	T_CHECK(!every_cut(2, 3, true, &t));
	T_CHECK(t.lost > 0);
}

/* Twice: the power goes again while the journal is opened after a cut. */
static void cut_while_recovering(void)
{
	static struct power_file then[POWER_FILES];
	unsigned long recoveries = 0;

	for (unsigned round = 0; round < 4 * ways_asked(); round++) {
		unsigned likely = (unsigned)(t_random() % 91);
		struct run before, again;

		T_CHECK(kit_fresh() && power_on());
		T_EQ(run(2, 3).acknowledged, 2);
		power_calls = 0;
		power_cut_at = 1 + t_random() % 120;
		before = run(BATCHES, 3);
		if (!power_gone) {
			continue;
		}
		before.acknowledged = before.acknowledged > 2 ? before.acknowledged : 2;
		for (unsigned second = 0; second < 3; second++) {
			T_CHECK(power_copy(then));
			power_back(then, by_chance, &likely);
			power_cut_at = 1 + t_random() % 30;
			again = run(before.acknowledged, 3);
			T_CHECK(again.found >= before.acknowledged || power_gone);
			recoveries += power_gone;
			if (!power_gone) {
				break;
			}
		}
		T_CHECK(power_copy(then));
		power_back(then, by_chance, &likely);
		again = run(BATCHES, 3);
		T_EQ(again.e, ERR_OK);
		T_CHECK(again.found >= before.acknowledged && again.acknowledged == BATCHES);
	}
	printf("# %lu cuts while recovering\n", recoveries);
	T_CHECK(recoveries > 0);
}

static void clean(void)
{
	kit_clean();
	T_CHECK(kit_directory[0] == '\0');
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "the power goes while the journal is made", while_it_is_made },
		{ "the power goes while it is written", while_it_is_written },
		{ "the power goes while it checkpoints", while_it_checkpoints },
		{ "the power goes while it recovers", cut_while_recovering },
		{ "the power goes with a log written ahead", with_a_log_ahead },
		{ "a disk that lies about syncs is seen", a_lying_disk_is_seen },
		{ "cleaned up", clean },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
