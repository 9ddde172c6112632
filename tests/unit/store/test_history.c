/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: the history answers what a walk through the whole journal would, at every moment, and
 * nothing else, whatever happens to its files.
 * Method: random journals of transfers, holds, posts and voids in a real SQLite store, with runs so
 * small that merges of merges happen; beside them plain arrays.  Then every way to lose or bend a
 * file: cut, flipped, swapped, of another journal, of a longer one; kills at each system call of
 * the writing thread; a full disk.
 */
#include "base/money.h"
#include "kit.h"
#include "store/history.h"
#include "store/sqlite.h"

#include <dirent.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>

enum {
	ACCOUNTS = 12,
	RECORDS_MAX = 60000,
	HOLDS_MAX = RECORDS_MAX,
	RUN = 64,
};

/* What the oracle knows: all that ever happened to each account. */
static struct log_record journal[RECORDS_MAX];
static size_t journal_n;
static struct store_sqlite store;
static struct log_chain chain;
static uint8_t batch_buffer[LOG_BATCH_BYTES_MAX], read_buffer[LOG_BATCH_BYTES_MAX];
static uint64_t now_ms, next_id;
static bool alike; /* ids differ only in bytes that are not kept */
static size_t open_holds[HOLDS_MAX], open_n;
static size_t ended[RECORDS_MAX]; /* of a post or void: where its hold stands */
static struct store_fault fault;

static struct id128 account_id(uint64_t n)
{
	struct id128 id;

	/* 0 is the busiest, and sorts in the middle */
	memset(id.b, (int)(n * 37 % 251), sizeof id.b);
	id.b[3] = (uint8_t)n;
	return id;
}

/* Mostly as UUIDv7 are made; now and then like an older one in the bytes that the index keeps. */
static struct id128 fresh_id(void)
{
	struct id128 id = { { 0 } };

	next_id++;
	for (size_t i = 0; i < 6; i++) {
		id.b[5 - i] = (uint8_t)(now_ms >> 8 * i);
	}
	le32_put(id.b + 8, (uint32_t)next_id); /* not kept */
	if (alike) {
		memset(id.b, 1, 6);
		memset(id.b + 12, 1, 4);
		return id;
	}
	le32_put(id.b + 12, next_id % 5 == 0 ? 7 : (uint32_t)(next_id * 2654435761u));
	return id;
}

/* Skewed: account 0 in every second pair. */
static uint64_t some_account(void)
{
	return t_random() % 2 == 0 ? 0 : 1 + t_random() % (ACCOUNTS - 1);
}

static struct log_record some_record(void)
{
	uint64_t what = t_random() % 16, debit = some_account(), credit = some_account();
	struct log_record r = { .kind = LOG_TRANSFER, .asset = ASSET_XEM };

	if (what == 0) {
		r.kind = t_random() % 2 == 0 ? LOG_CHAIN_HEIGHT : LOG_LIMIT;
		r.time_ms = now_ms;
		r.id = r.kind == LOG_LIMIT ? fresh_id() : r.id;
		return r;
	}
	while (credit == debit) {
		credit = some_account();
	}
	r.time_ms = now_ms;
	r.id = fresh_id();
	r.amount = t_random() % 3 == 0 ? (u128)t_random() << 50 : 1 + t_random() % 1000;
	if (what < 6 || open_n == 0) {
		r.kind = what < 2 ? LOG_HOLD : what < 3 ? LOG_HOLD_UNTIL : LOG_TRANSFER;
		r.debit = account_id(debit);
		r.credit = account_id(credit);
		if (r.kind != LOG_TRANSFER) {
			open_holds[open_n++] = journal_n;
		}
	} else if (what < 9) {
		size_t at = t_random() % open_n;
		const struct log_record *hold = &journal[open_holds[at]];

		r.kind = what < 8 ? LOG_POST : t_random() % 2 == 0 ? LOG_VOID : LOG_EXPIRE;
		r.ref = hold->id;
		/* a post may be of a part; the rest is released by the same record */
		r.amount = r.kind == LOG_POST && hold->amount > 1 && t_random() % 2 == 0
			       ? hold->amount / 2
			       : hold->amount;
		ended[journal_n] = open_holds[at];
		open_holds[at] = open_holds[--open_n];
	} else {
		r.debit = account_id(debit);
		r.credit = account_id(credit);
	}
	return r;
}

/* Appends one batch of n random records to the journal and hands it to h (not NULL). */
static bool grow(struct history *h, size_t n)
{
	struct log_batch b;
	struct bytes sealed;

	log_batch_begin(&b, batch_buffer, sizeof batch_buffer);
	for (size_t i = 0; i < n; i++) {
		now_ms += t_random() % 3;
		journal[journal_n] = some_record();
		if (log_batch_add_record(&b, &journal[journal_n++]) != ERR_OK) {
			return false;
		}
	}
	log_batch_seal(&sealed, &b, &chain, &kit_secret);
	if (store_append(&store.base, sealed) != ERR_OK) {
		return false;
	}
	if (h != NULL) {
		history_batch(h, sealed);
	}
	return true;
}

static bool begin(void)
{
	struct kit_seen seen;

	kit_seen_init(&seen);
	journal_n = open_n = 0;
	next_id = 0;
	now_ms = 1700000000000;
	log_chain_init(&chain);
	return kit_fresh() && store_sqlite_open(&store, kit_path("journal"), &fault) == ERR_OK &&
	       store_replay(&store.base, read_buffer, sizeof read_buffer, kit_each, &seen) ==
		   ERR_OK;
}

static enum err feed(void *context, struct bytes batch)
{
	history_batch(context, batch);
	return ERR_OK;
}

/* As kuramorid starts: the runs that there are, then the journal from its first batch. */
static bool start(struct history **h)
{
	store_close(&store.base);
	if (history_open(h, kit_path("history"), RUN, &fault) != ERR_OK ||
	    store_sqlite_open(&store, kit_path("journal"), &fault) != ERR_OK ||
	    store_replay(&store.base, read_buffer, sizeof read_buffer, feed, *h) != ERR_OK) {
		return false;
	}
	history_replayed(*h, store.base.next_sequence);
	return true;
}

static void catch_up(struct history *h)
{
	while (history_step(h, &store.base, read_buffer)) {
	}
}

/* ---- the oracle ---- */

/* The hold that record i ends. */
static const struct log_record *hold_of(size_t i)
{
	return &journal[ended[i]];
}

static void oracle_add(struct history_sums *s, const struct id128 *account,
		       const struct id128 *debit, const struct id128 *credit,
		       enum history_what what, u128 amount)
{
	s->of[what] += id128_eq(account, debit) ? amount : 0;
	s->of[what + 1] += id128_eq(account, credit) ? amount : 0;
}

static void oracle_record(struct history_sums *s, const struct id128 *account, size_t i)
{
	const struct log_record *r = &journal[i], *hold;

	if (r->kind == LOG_TRANSFER) {
		oracle_add(s, account, &r->debit, &r->credit, HISTORY_DEBIT, r->amount);
	} else if (r->kind == LOG_HOLD || r->kind == LOG_HOLD_UNTIL) {
		oracle_add(s, account, &r->debit, &r->credit, HISTORY_HELD_DEBIT, r->amount);
	} else if (r->kind == LOG_POST || r->kind == LOG_VOID || r->kind == LOG_EXPIRE) {
		hold = hold_of(i);
		if (r->kind == LOG_POST) {
			oracle_add(s, account, &hold->debit, &hold->credit, HISTORY_DEBIT,
				   r->amount);
		}
		oracle_add(s, account, &hold->debit, &hold->credit, HISTORY_FREED_DEBIT,
			   hold->amount);
	}
}

/* Every sum at every moment of one account; `every`: how many moments are looked at. */
static bool sums_agree(struct history *h, uint64_t account, size_t every)
{
	struct id128 id = account_id(account);
	struct history_sums want = { { 0 } }, got;

	for (size_t i = 0; i <= journal_n; i++) {
		if (i % every == 0 || i == journal_n) {
			enum err e = history_sums(h, &got, &id, i);

			if (e != ERR_OK || memcmp(&got, &want, sizeof got) != 0) {
				printf("# account %d at %zu of %zu: %s\n", (int)account, i,
				       journal_n, err_words(e));
				return false;
			}
		}
		if (i < journal_n) {
			oracle_record(&want, &id, i);
		}
	}
	return true;
}

/* The whole statement in pages of `limit`, line by line. */
static bool statement_agrees(struct history *h, uint64_t account, size_t limit)
{
	struct id128 id = account_id(account);
	static struct history_line lines[HISTORY_PAGE_MAX];
	struct history_sums now = { { 0 } }, opening, last = { { 0 } };
	uint64_t from = 0;
	size_t i = 0, n;
	bool more = true;

	while (more) {
		if (history_page(h, &store.base, lines, limit, &n, &more, &opening, &id, from,
				 journal_n) != ERR_OK ||
		    n > limit || (more && n != limit)) {
			return false;
		}
		for (size_t k = 0; k < n; k++) {
			const struct history_line *l = &lines[k];
			const struct log_record *r, *pair;

			/* no posting of this account stands between the last line and this one */
			for (; i < l->sequence; i++) {
				u128 posted = now.of[HISTORY_DEBIT] + now.of[HISTORY_CREDIT];

				oracle_record(&now, &id, i);
				if (posted != now.of[HISTORY_DEBIT] + now.of[HISTORY_CREDIT]) {
					return false;
				}
			}
			if (k == 0 && memcmp(opening.of, now.of, 2 * sizeof now.of[0]) != 0 &&
			    memcmp(opening.of, last.of, 2 * sizeof now.of[0]) != 0) {
				return false;
			}
			oracle_record(&now, &id, i++);
			r = &journal[l->sequence];
			pair = r->kind == LOG_POST ? hold_of(l->sequence) : r;
			if (memcmp(&l->after, &now, sizeof now) != 0 || l->amount != r->amount ||
			    memcmp(&l->record, r, sizeof *r) != 0 ||
			    !id128_eq(&l->other,
				      l->what == HISTORY_DEBIT ? &pair->credit : &pair->debit)) {
				return false;
			}
			last = now;
			from = l->sequence + 1;
		}
	}
	for (; i < journal_n; i++) {
		u128 posted = now.of[HISTORY_DEBIT] + now.of[HISTORY_CREDIT];

		oracle_record(&now, &id, i);
		if (posted != now.of[HISTORY_DEBIT] + now.of[HISTORY_CREDIT]) {
			return false; /* a line was left out */
		}
	}
	return true;
}

static bool ids_agree(struct history *h, size_t every)
{
	struct log_record r;
	struct id128 none = { { 1, 2, 3 } };
	uint64_t at = 0;

	for (size_t i = 0; i < journal_n; i += every) {
		bool books = journal[i].kind >= LOG_TRANSFER && journal[i].kind <= LOG_LIMIT;

		if (books && (history_find(h, &store.base, &r, &at, &journal[i].id) != ERR_OK ||
			      at != i || memcmp(&r, &journal[i], sizeof r) != 0)) {
			return false;
		}
	}
	if (journal_n > 0) {
		/* alike in all the bytes that are kept */
		none = journal[journal_n / 2].id;
		none.b[10] ^= 1;
	}
	return history_find(h, &store.base, &r, &at, &none) == ERR_NOT_FOUND;
}

static bool all_agree(struct history *h, size_t every)
{
	for (uint64_t a = 0; a < ACCOUNTS; a++) {
		if (!sums_agree(h, a, every) || !statement_agrees(h, a, a % 3 == 0 ? 7 : 200)) {
			return false;
		}
	}
	return ids_agree(h, every > 7 ? 7 : 1);
}

/* ---- cases ---- */

static void random_journals(void)
{
	struct history *h = NULL;
	size_t most = getenv("KURAMORI_HISTORY_RECORDS") != NULL
			  ? strtoul(getenv("KURAMORI_HISTORY_RECORDS"), NULL, 10)
			  : 12000;
	struct id128 id = account_id(0);
	struct history_sums sums;

	T_CHECK(begin());
	T_EQ(history_open(&h, kit_path("history"), RUN, &fault), ERR_OK);
	T_CHECK(all_agree(h, 1));
	while (journal_n < 300) {
		T_CHECK(grow(h, 1 + t_random() % 9));
	}
	T_CHECK(all_agree(h, 1));
	while (journal_n + 400 < most) {
		T_CHECK(grow(h, t_random() % 20 == 0 ? 1 + t_random() % 400 : 1 + t_random() % 9));
	}
	T_EQ(history_next(h), journal_n);
	T_CHECK(all_agree(h, 97));
	T_CHECK(history_runs(h) < 8 * 4);
	T_EQ(history_sums(h, &sums, &id, journal_n + 1), ERR_BUSY);
	/* again, with what the files have */
	history_close(h);
	T_CHECK(start(&h));
	T_EQ(history_rebuilds(h), 0);
	T_CHECK(all_agree(h, 97));
	T_CHECK(grow(h, 50));
	T_CHECK(all_agree(h, 501));
	history_close(h);
	store_close(&store.base);
}

static void any_moment(void)
{
	uint64_t at = 0, moment;

	T_CHECK(begin());
	while (journal_n < 500) {
		T_CHECK(grow(NULL, 1 + t_random() % 9));
	}
	for (moment = journal[0].time_ms - 2; moment < now_ms + 2; moment++) {
		size_t want = 0;

		while (want < journal_n && journal[want].time_ms <= moment) {
			want++;
		}
		T_EQ(history_moment(&store.base, &at, journal_n, moment), ERR_OK);
		T_EQ(at, want);
	}
	store_close(&store.base);
}

/* A client that makes ids which the files cannot tell apart: the journal can. */
static void ids_that_look_alike(void)
{
	struct history *h = NULL;
	struct log_record r;
	uint64_t at;

	T_CHECK(begin());
	T_EQ(history_open(&h, kit_path("history"), RUN, &fault), ERR_OK);
	alike = true;
	while (journal_n < 1500) {
		T_CHECK(grow(h, 1 + t_random() % 9));
	}
	alike = false;
	T_CHECK(ids_agree(h, 1));
	/* while it does not know all it does not say that there is none */
	T_CHECK(grow(NULL, 3));
	T_EQ(history_find(h, &store.base, &r, &at, &journal[0].id), ERR_BUSY);
	catch_up(h);
	T_CHECK(ids_agree(h, 1));
	history_close(h);
	store_close(&store.base);
}

/* The n-th run file, in order of name; false if there are fewer. */
static bool nth_file(char out[300], size_t n)
{
	struct dirent **names = NULL;
	int count = scandir(kit_path("history"), &names, NULL, alphasort);
	bool found = false;

	for (int i = 0; i < count; i++) {
		if (strncmp(names[i]->d_name, "run-", 4) == 0 && n-- == 0) {
			(void)snprintf(out, 300, "%s/%s", kit_path("history"), names[i]->d_name);
			found = true;
		}
		free(names[i]);
	}
	free(names);
	return found;
}

/* A closed history over a journal of some thousand records. */
static bool prepared(size_t records)
{
	struct history *h = NULL;

	if (!begin() || history_open(&h, kit_path("history"), RUN, &fault) != ERR_OK) {
		return false;
	}
	while (journal_n < records) {
		if (!grow(h, 1 + t_random() % 9)) {
			return false;
		}
	}
	history_close(h);
	return true;
}

/*
 * After any damage the answers are right, or it says that it must build anew and then they are
 * right.
 */
static bool right_in_the_end(struct history *h)
{
	for (unsigned tries = 0; tries < 6; tries++) {
		uint64_t before = history_rebuilds(h);

		catch_up(h);
		if (all_agree(h, 193)) {
			return true;
		}
		if (history_rebuilds(h) == before) {
			return false;
		}
	}
	return false;
}

static void bent_files_are_thrown_away(void)
{
	static uint8_t bytes[1 << 20];
	char path[300];

	for (size_t way = 0; way < 40; way++) {
		struct history *h = NULL;
		ssize_t n;

		T_CHECK(prepared(2500));
		T_CHECK(nth_file(path, way % 3));
		n = kit_read(path, bytes, sizeof bytes);
		T_CHECK(n > 8192 && n < (ssize_t)sizeof bytes);
		if (way % 8 == 0) {
			T_CHECK(kit_write(path, bytes, (size_t)n / 2));
		} else if (way % 8 == 1) {
			T_EQ(unlink(path), 0);
		} else if (way % 8 == 2) {
			/* a block in another's place, its check right */
			memmove(bytes + 4096, bytes + n - 4096, 4096);
			T_CHECK(kit_write(path, bytes, (size_t)n));
		} else {
			T_CHECK(kit_poke(path, t_random() % (size_t)n, (uint8_t)(1u << way % 8)));
		}
		T_CHECK(start(&h));
		T_CHECK(right_in_the_end(h));
		T_CHECK(grow(h, 5));
		T_CHECK(right_in_the_end(h));
		history_close(h);
		store_close(&store.base);
	}
}

/* The history of one journal beside another: longer, shorter, with another end. */
static void another_journal(void)
{
	struct history *h = NULL;

	T_CHECK(prepared(1500));
	/* an older copy of the same journal, as a restored backup is */
	store_close(&store.base);
	T_EQ(unlink(kit_path("journal")), 0);
	journal_n = open_n = 0;
	next_id = 0;
	log_chain_init(&chain);
	{
		struct kit_seen seen;

		kit_seen_init(&seen);
		T_EQ(store_sqlite_open(&store, kit_path("journal"), &fault), ERR_OK);
		T_EQ(store_replay(&store.base, read_buffer, sizeof read_buffer, kit_each, &seen),
		     ERR_OK);
	}
	T_CHECK(grow(NULL, 10));
	T_CHECK(start(&h));
	T_EQ(history_rebuilds(h), 1);
	T_CHECK(right_in_the_end(h));
	while (journal_n < 3000) {
		T_CHECK(grow(h, 1 + t_random() % 9));
	}
	T_CHECK(right_in_the_end(h));
	T_EQ(history_rebuilds(h), 1);
	history_close(h);
	store_close(&store.base);
}

/* The process dies at the k-th write of the thread; the next one is right. */
static void killed_anywhere(void)
{
	unsigned long k = 1;
	bool over = false;

	while (!over) {
		struct history *h = NULL;
		int status = 0;
		pid_t child;

		T_CHECK(begin());
		for (size_t i = 0; i < 300; i++) {
			T_CHECK(grow(NULL, 1 + t_random() % 9));
		}
		store_close(&store.base);
		(void)fflush(stdout);
		child = fork();
		if (child == 0) {
			kit_no_failures();
			kit_kill_write = k;
			if (!start(&h)) {
				_exit(2);
			}
			catch_up(h);
			history_close(h);
			_exit(0);
		}
		T_CHECK(child > 0);
		T_EQ(waitpid(child, &status, 0), child);
		T_CHECK(!WIFEXITED(status) || WEXITSTATUS(status) == 0);
		over = WIFEXITED(status);
		T_CHECK(start(&h));
		T_EQ(history_rebuilds(h), 0);
		T_CHECK(right_in_the_end(h));
		history_close(h);
		store_close(&store.base);
		k += k < 12 ? 1 : 1 + k / 3;
	}
	T_CHECK(k > 30);
}

/* A disk that is full: no answers, but nothing else stops. */
static void full_disk(void)
{
	struct history *h = NULL;
	struct id128 id = account_id(0);
	struct history_sums sums;
	struct rlimit limit = { 0, 0 }, before;

	T_CHECK(begin());
	T_EQ(history_open(&h, kit_path("history"), RUN, &fault), ERR_OK);
	T_CHECK(grow(h, 20));
	T_EQ(history_sums(h, &sums, &id, 20), ERR_OK);
	T_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
	for (size_t i = 0; i < 100; i++) {
		T_CHECK(grow(NULL, 30));
	}
	/* fsize counts every file: only the history is written from here on */
	limit = before;
	limit.rlim_cur = 5000;
	T_CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	T_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
	catch_up(h);
	T_CHECK(history_step(h, &store.base, read_buffer) == false);
	history_wait(h);
	T_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
	T_EQ(history_failed(h, &fault), ERR_FULL);
	T_CHECK(strstr(fault.text, "history") != NULL && strstr(fault.text, "large") != NULL);
	T_EQ(history_sums(h, &sums, &id, 20), ERR_FULL);
	T_CHECK(grow(h, 20));
	history_close(h);
	T_CHECK(start(&h));
	T_CHECK(right_in_the_end(h));
	history_close(h);
	/* and one that may not be written */
	store_close(&store.base);
	T_EQ(history_open(&h, kit_path("journal"), RUN, &fault), ERR_IO);
	T_CHECK(strstr(fault.text, "journal: cannot be used") != NULL);
	T_EQ(history_open(&h, kit_path("no/such"), RUN, &fault), ERR_IO);
}

/* Bytes of an index at rest and written, of a million accounts' worth of different ones. */
static void its_size(void)
{
	struct history *h = NULL;
	struct stat st;
	char path[300];
	uint64_t bytes = 0;

	T_CHECK(begin());
	T_EQ(history_open(&h, kit_path("history"), 4096, &fault), ERR_OK);
	while (journal_n + 512 < 50000) {
		T_CHECK(grow(h, 512));
	}
	history_wait(h);
	history_close(h);
	for (size_t i = 0; nth_file(path, i); i++) {
		T_EQ(stat(path, &st), 0);
		bytes += (uint64_t)st.st_size;
	}
	printf("# %llu bytes of history for %zu records\n", (unsigned long long)bytes, journal_n);
	T_CHECK(bytes < journal_n * 72); /* with the journal's 128 below 200 */
	store_close(&store.base);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "random journals", random_journals },
		{ "any moment", any_moment },
		{ "ids that look alike", ids_that_look_alike },
		{ "bent files are thrown away", bent_files_are_thrown_away },
		{ "another journal", another_journal },
		{ "killed anywhere", killed_anywhere },
		{ "full disk", full_disk },
		{ "its size", its_size },
	};
	int code = t_main(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);

	kit_clean();
	return code;
}
