/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history.c - what is new in memory, runs by a thread, questions over both.
 *
 * Two tables take turns: the active one is filled by the owner; the frozen one is being written by
 * the thread and still answers questions.  `lock` guards the list of runs and who has the frozen
 * table; files of the list are closed and removed only under it.
 */
#include "store/history.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "store/history_run.h"

enum {
	FAN = 8,                /* runs of a level that become one of the next */
	ENTRIES_PER_RECORD = 4, /* a post: two of each account */
	MERGE_LOOKS_UP = 4096,  /* entries between two looks at what else there is to do */
	HOLDS_FIRST = 64,
};

struct table {
	struct run_entry *entries;
	struct run_id *ids;
	size_t entries_n, ids_n;
	uint64_t first, end; /* sequences */
	struct hash32 head;  /* of the batch that ends there */
};

/* Room to sort in; the thread's. */
struct sorter {
	uint64_t *keys, *spare_keys;
	uint32_t *places, *spare_places;
	struct run_id *ids;
};

/* An open hold: what its post or void will do. */
struct open_hold {
	struct id128 id, debit, credit;
	u128 amount; /* 0: free place */
};

struct history {
	int directory;
	char path[192];
	size_t run_records;
	/* the owner's */
	struct table tables[2];
	struct table *active;
	uint64_t at;      /* fed so far */
	uint64_t indexed; /* what the runs had at the opening: below it only holds are followed */
	struct open_hold *holds;
	size_t holds_n, holds_cap;
	uint64_t rebuilds;

	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t work, done;
	struct table *frozen; /* the thread's until it is NULL again */
	struct run *runs;
	size_t runs_n, runs_cap;
	bool busy, stop, abandon, damaged;
	enum err failed;
	int number;               /* errno of it */
	struct run_entry *sorted; /* the thread's */
	struct run_id *sorted_ids;
	struct sorter sorter;
};

static void lock(struct history *h)
{
	CHECK(pthread_mutex_lock(&h->lock) == 0);
}

static void unlock(struct history *h)
{
	CHECK(pthread_mutex_unlock(&h->lock) == 0);
}

static size_t entries_cap(const struct history *h)
{
	return 2 * h->run_records + ENTRIES_PER_RECORD * (size_t)LOG_BATCH_RECORDS_MAX;
}

static size_t ids_cap(const struct history *h)
{
	return h->run_records + LOG_BATCH_RECORDS_MAX;
}

/* ---- the thread ---- */

/* The first eight bytes as a number: in the order of memcmp(). */
static uint64_t prefix(const uint8_t p[8])
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return __builtin_bswap64(v);
}

/*
 * The places of n keys in their order, equal ones as they stand: by one byte after the other, the
 * last first, without those that all keys have in common.  keys and places are used up; spare: room
 * for as many of both.  Ten times as fast as comparing, which would cost more than the books do.
 */
static uint32_t *radix(uint64_t *keys, uint32_t *places, uint64_t *spare_keys,
		       uint32_t *spare_places, size_t n)
{
	for (unsigned shift = 0; shift < 64; shift += 8) {
		size_t start[257] = { 0 };
		uint64_t *k = keys;
		uint32_t *p = places;

		for (size_t i = 0; i < n; i++) {
			start[(keys[i] >> shift & 0xff) + 1]++;
		}
		if (n == 0 || start[(keys[0] >> shift & 0xff) + 1] == n) {
			continue;
		}
		for (size_t i = 0; i < 256; i++) {
			start[i + 1] += start[i];
		}
		for (size_t i = 0; i < n; i++) {
			size_t to = start[keys[i] >> shift & 0xff]++;

			spare_keys[to] = keys[i];
			spare_places[to] = places[i];
		}
		keys = spare_keys;
		places = spare_places;
		spare_keys = k;
		spare_places = p;
	}
	return places;
}

/* Into h->sorted: by account, and of one account in the order of the journal, as they came. */
static void sort_entries(struct history *h, const struct table *t)
{
	struct sorter *r = &h->sorter;
	const uint32_t *order;

	for (size_t i = 0; i < t->entries_n; i++) {
		r->keys[i] = prefix(t->entries[i].account.b);
		r->places[i] = (uint32_t)i;
	}
	order = radix(r->keys, r->places, r->spare_keys, r->spare_places, t->entries_n);
	for (size_t i = 0; i < t->entries_n; i++) {
		struct run_entry e = t->entries[order[i]];
		size_t at = i;

		/* accounts that begin alike: hardly ever, and then few */
		for (; at > 0 &&
		       memcmp(h->sorted[at - 1].account.b, e.account.b, sizeof e.account.b) > 0;
		     at--) {
			h->sorted[at] = h->sorted[at - 1];
		}
		h->sorted[at] = e;
	}
}

/* Into h->sorted_ids, by all of their bytes. */
static void sort_ids(struct history *h, const struct table *t)
{
	struct sorter *r = &h->sorter;
	const uint32_t *order;
	bool whole = true;

	/* the second eight bytes, then the first: each time equal ones stay as they stand */
	for (size_t i = 0; i < t->ids_n; i++) {
		r->keys[i] = prefix(t->ids[i].b + 8);
		r->places[i] = (uint32_t)i;
	}
	order = radix(r->keys, r->places, r->spare_keys, r->spare_places, t->ids_n);
	for (size_t i = 0; i < t->ids_n; i++) {
		h->sorted_ids[i] = t->ids[order[i]];
	}
	for (size_t i = 0; i < t->ids_n; i++) {
		r->keys[i] = prefix(h->sorted_ids[i].b);
		r->places[i] = (uint32_t)i;
		whole = whole && (i == 0 || r->keys[i - 1] <= r->keys[i]);
	}
	if (whole) {
		return;
	}
	order = radix(r->keys, r->places, r->spare_keys, r->spare_places, t->ids_n);
	for (size_t i = 0; i < t->ids_n; i++) {
		h->sorter.ids[i] = h->sorted_ids[order[i]];
	}
	memcpy(h->sorted_ids, h->sorter.ids, t->ids_n * sizeof *h->sorted_ids);
}

static void fail(struct history *h, enum err e, int number)
{
	if (e == ERR_CORRUPT) {
		h->damaged = true;
	} else if (h->failed == ERR_OK) {
		h->failed = e;
		h->number = number;
	}
	CHECK(pthread_cond_broadcast(&h->done) == 0);
}

/* Room for one more in the list. */
static bool list_grow(struct history *h)
{
	size_t cap = h->runs_cap + h->runs_cap / 2 + 16;
	struct run *p;

	if (h->runs_n < h->runs_cap) {
		return true;
	}
	p = realloc(h->runs, cap * sizeof *p);
	if (p == NULL) {
		return false;
	}
	h->runs = p;
	h->runs_cap = cap;
	return true;
}

/* The frozen table becomes a run.  Called and left with the lock held. */
static void write_frozen(struct history *h)
{
	struct table *t = h->frozen;
	static const struct run none;
	struct run run = none;
	struct run_writer w;
	enum err e;

	unlock(h);
	sort_entries(h, t);
	sort_ids(h, t);
	run.first = t->first;
	run.end = t->end;
	run.head = t->head;
	history_run_begin(&w, h->directory, &run);
	for (size_t i = 0; i < t->entries_n; i++) {
		history_run_add_entry(&w, &h->sorted[i]);
	}
	for (size_t i = 0; i < t->ids_n; i++) {
		history_run_add_id(&w, &h->sorted_ids[i]);
	}
	e = history_run_commit(&run, &w);
	lock(h);
	if (e == ERR_OK && !list_grow(h)) {
		history_run_close(&run);
		e = ERR_FULL;
		w.number = ENOMEM;
	}
	if (e == ERR_OK) {
		h->runs[h->runs_n++] = run;
	} else {
		fail(h, e, w.number);
	}
	h->frozen = NULL;
	CHECK(pthread_cond_broadcast(&h->done) == 0);
}

/* True if the merge must end; what else waits is done first. */
static bool interrupted(struct history *h)
{
	bool end;

	lock(h);
	if (h->frozen != NULL && !h->abandon && !h->stop && h->failed == ERR_OK) {
		write_frozen(h);
	}
	end = h->abandon || h->stop || h->failed != ERR_OK;
	unlock(h);
	return end;
}

/* All entries of FAN runs: account by account, the runs in their order. */
static enum err merge_entries(struct history *h, struct run_writer *w, const struct run *runs,
			      struct run_cursor *c)
{
	uint64_t key[FAN] = { 0 }; /* the account's first bytes */
	bool has[FAN];
	size_t n = 0;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < FAN; i++) {
		history_run_rewind(&c[i], &runs[i]);
		e = history_run_next(&c[i]);
		has[i] = e == ERR_OK;
		key[i] = prefix(c[i].entry.account.b);
		e = e == ERR_NOT_FOUND ? ERR_OK : e;
	}
	while (e == ERR_OK) {
		size_t least = FAN;

		for (size_t i = 0; i < FAN; i++) {
			if (has[i] && (least == FAN || key[i] < key[least] ||
				       (key[i] == key[least] &&
					memcmp(c[i].entry.account.b, c[least].entry.account.b,
					       sizeof c[i].entry.account.b) < 0))) {
				least = i;
			}
		}
		if (least == FAN) {
			return ERR_OK;
		}
		history_run_add_entry(w, &c[least].entry);
		e = history_run_next(&c[least]);
		has[least] = e == ERR_OK;
		key[least] = prefix(c[least].entry.account.b);
		e = e == ERR_NOT_FOUND ? ERR_OK : e;
		if (++n % MERGE_LOOKS_UP == 0 && interrupted(h)) {
			return ERR_STOPPING;
		}
	}
	return e;
}

static enum err merge_ids(struct history *h, struct run_writer *w, const struct run *runs,
			  struct run_id_cursor *c)
{
	struct run_id id[FAN];
	bool has[FAN];
	size_t n = 0;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < FAN; i++) {
		history_run_id_rewind(&c[i], &runs[i]);
		e = history_run_id_next(&c[i], &id[i]);
		has[i] = e == ERR_OK;
		e = e == ERR_NOT_FOUND ? ERR_OK : e;
	}
	while (e == ERR_OK) {
		size_t least = FAN;

		for (size_t i = 0; i < FAN; i++) {
			if (has[i] && (least == FAN || memcmp(id[i].b, id[least].b, 16) < 0)) {
				least = i;
			}
		}
		if (least == FAN) {
			return ERR_OK;
		}
		history_run_add_id(w, &id[least]);
		e = history_run_id_next(&c[least], &id[least]);
		has[least] = e == ERR_OK;
		e = e == ERR_NOT_FOUND ? ERR_OK : e;
		if (++n % MERGE_LOOKS_UP == 0 && interrupted(h)) {
			return ERR_STOPPING;
		}
	}
	return e;
}

/* The first of FAN neighbours of one level; h->runs_n: there are none. */
static size_t mergeable(const struct history *h)
{
	size_t same = 0;

	for (size_t i = 0; i < h->runs_n; i++) {
		same = i > 0 && h->runs[i].level == h->runs[i - 1].level ? same + 1 : 1;
		if (same == FAN) {
			return i + 1 - FAN;
		}
	}
	return h->runs_n;
}

static void remove_run(struct history *h, struct run *r)
{
	char name[RUN_NAME_MAX];

	history_run_close(r);
	history_run_name(name, r->first, r->end);
	/* A file that stays is inside a larger one: the next opening removes it. */
	(void)unlinkat(h->directory, name, 0);
}

/* FAN runs from `at` become one.  Called and left with the lock held. */
static void merge(struct history *h, size_t at)
{
	union {
		struct run_cursor entries[FAN];
		struct run_id_cursor ids[FAN];
	} *cursors = malloc(sizeof *cursors);
	struct run runs[FAN], merged;
	struct run_writer w;
	enum err e = cursors == NULL ? ERR_FULL : ERR_OK;

	memcpy(runs, h->runs + at, sizeof runs);
	unlock(h);
	merged = runs[FAN - 1];
	merged.first = runs[0].first;
	merged.level++;
	history_run_begin(&w, h->directory, &merged);
	if (e == ERR_OK) {
		e = merge_entries(h, &w, runs, cursors->entries);
	}
	if (e == ERR_OK) {
		e = merge_ids(h, &w, runs, cursors->ids);
	}
	if (e != ERR_OK) {
		w.failed = e; /* so that the commit only cleans up */
		w.number = ENOMEM;
	}
	e = history_run_commit(&merged, &w);
	free(cursors);
	lock(h);
	if (e == ERR_OK) {
		for (size_t i = 0; i < FAN; i++) {
			remove_run(h, &h->runs[at + i]);
		}
		h->runs[at] = merged;
		memmove(h->runs + at + 1, h->runs + at + FAN,
			(h->runs_n - at - FAN) * sizeof *h->runs);
		h->runs_n -= FAN - 1;
	} else if (e != ERR_STOPPING) {
		fail(h, e, w.number);
	}
}

static void *thread(void *argument)
{
	struct history *h = argument;

	lock(h);
	while (!h->stop) {
		size_t at = mergeable(h);
		bool idle = h->abandon || h->damaged || h->failed != ERR_OK;

		if (!idle && h->frozen != NULL) {
			h->busy = true;
			write_frozen(h);
		} else if (!idle && at < h->runs_n) {
			h->busy = true;
			merge(h, at);
		} else {
			h->busy = false;
			CHECK(pthread_cond_broadcast(&h->done) == 0);
			CHECK(pthread_cond_wait(&h->work, &h->lock) == 0);
		}
	}
	h->busy = false;
	CHECK(pthread_cond_broadcast(&h->done) == 0);
	unlock(h);
	return NULL;
}

/* ---- throwing away ---- */

static void begin_table(struct history *h, uint64_t first)
{
	h->active->entries_n = h->active->ids_n = 0;
	h->active->first = h->active->end = first;
}

/* Nothing of it is believed any more; it is built anew from the first batch. */
static void throw_away(struct history *h)
{
	lock(h);
	h->abandon = true;
	CHECK(pthread_cond_broadcast(&h->work) == 0);
	while (h->busy) {
		CHECK(pthread_cond_wait(&h->done, &h->lock) == 0);
	}
	for (size_t i = 0; i < h->runs_n; i++) {
		remove_run(h, &h->runs[i]);
	}
	h->runs_n = 0;
	h->frozen = NULL;
	h->damaged = h->abandon = false;
	h->rebuilds++;
	unlock(h);
	h->at = h->indexed = 0;
	h->holds_n = 0;
	memset(h->holds, 0, h->holds_cap * sizeof *h->holds);
	begin_table(h, 0);
}

/* ---- open holds ---- */

static size_t hold_home(const struct history *h, const struct id128 *id)
{
	uint64_t x = (le64_get(id->b) ^ le64_get(id->b + 8)) * 0x9e3779b97f4a7c15u;

	return (size_t)(x >> 32) & (h->holds_cap - 1);
}

/* Its place, or the free place where it would be. */
static struct open_hold *hold_place(const struct history *h, const struct id128 *id)
{
	size_t i = hold_home(h, id);

	while (h->holds[i].amount != 0 && !id128_eq(&h->holds[i].id, id)) {
		i = (i + 1) & (h->holds_cap - 1);
	}
	return &h->holds[i];
}

static bool hold_put(struct history *h, const struct log_record *r)
{
	if (h->holds_n * 2 >= h->holds_cap) {
		struct open_hold *old = h->holds;
		size_t old_cap = h->holds_cap;

		h->holds = calloc(old_cap * 2, sizeof *h->holds);
		if (h->holds == NULL) {
			h->holds = old;
			return false;
		}
		h->holds_cap = old_cap * 2;
		for (size_t i = 0; i < old_cap; i++) {
			if (old[i].amount != 0) {
				*hold_place(h, &old[i].id) = old[i];
			}
		}
		free(old);
	}
	*hold_place(h, &r->id) = (struct open_hold){
		.id = r->id, .debit = r->debit, .credit = r->credit, .amount = r->amount
	};
	h->holds_n++;
	return true;
}

static void hold_take(struct history *h, struct open_hold *place)
{
	size_t hole = (size_t)(place - h->holds), i = hole;

	h->holds_n--;
	/* whoever stands behind the hole and could not reach his home without it moves up */
	for (;;) {
		h->holds[hole].amount = 0;
		for (;;) {
			size_t home;

			i = (i + 1) & (h->holds_cap - 1);
			if (h->holds[i].amount == 0) {
				return;
			}
			home = hold_home(h, &h->holds[i].id);
			if (((i - home) & (h->holds_cap - 1)) >=
			    ((i - hole) & (h->holds_cap - 1))) {
				break;
			}
		}
		h->holds[hole] = h->holds[i];
		hole = i;
	}
}

/* ---- feeding ---- */

static void add(struct history *h, const struct id128 *account, uint64_t sequence,
		enum history_what what, u128 amount)
{
	struct table *t = h->active;

	CHECK(t->entries_n < entries_cap(h));
	t->entries[t->entries_n++] = (struct run_entry){
		.account = *account, .sequence = sequence, .amount = amount, .what = what
	};
}

static void add_pair(struct history *h, const struct id128 *debit, const struct id128 *credit,
		     uint64_t sequence, enum history_what what, u128 amount)
{
	add(h, debit, sequence, what, amount);
	add(h, credit, sequence, what + 1, amount);
}

/* The kinds of the books whose id is the record's own; what else the journal has is not asked for.
 */
static bool names_id(uint16_t kind)
{
	return kind > LOG_ACCOUNT && kind <= LOG_LIMIT;
}

/* One record; entries only if they are wanted.  False: no memory. */
static bool take_record(struct history *h, const struct log_record *r, uint64_t sequence,
			bool wanted)
{
	struct open_hold *hold;

	if (wanted && names_id(r->kind)) {
		history_run_id_make(&h->active->ids[h->active->ids_n++], &r->id, sequence);
	}
	switch (r->kind) {
	case LOG_TRANSFER:
		if (wanted) {
			add_pair(h, &r->debit, &r->credit, sequence, HISTORY_DEBIT, r->amount);
		}
		return true;
	case LOG_HOLD:
	case LOG_HOLD_UNTIL:
		if (wanted) {
			add_pair(h, &r->debit, &r->credit, sequence, HISTORY_HELD_DEBIT, r->amount);
		}
		return r->amount == 0 || hold_put(h, r);
	case LOG_POST: /* whole or in part: the rest is released */
	case LOG_VOID:
	case LOG_EXPIRE:
		hold = hold_place(h, &r->ref);
		if (hold->amount == 0) {
			return true; /* nothing that the books would have taken */
		}
		if (wanted && r->kind == LOG_POST) {
			add_pair(h, &hold->debit, &hold->credit, sequence, HISTORY_DEBIT,
				 r->amount);
		}
		if (wanted) {
			add_pair(h, &hold->debit, &hold->credit, sequence, HISTORY_FREED_DEBIT,
				 hold->amount);
		}
		hold_take(h, hold);
		return true;
	default:
		return true;
	}
}

/* The active table goes to the thread; the other one is active. */
static void freeze(struct history *h)
{
	lock(h);
	while (h->frozen != NULL && h->failed == ERR_OK && !h->damaged) {
		CHECK(pthread_cond_wait(&h->done, &h->lock) == 0);
	}
	if (h->failed == ERR_OK && !h->damaged) {
		h->frozen = h->active;
		h->active = h->active == &h->tables[0] ? &h->tables[1] : &h->tables[0];
		CHECK(pthread_cond_broadcast(&h->work) == 0);
	}
	unlock(h);
	begin_table(h, h->at);
}

static bool broken(struct history *h)
{
	bool failed, damaged;

	lock(h);
	failed = h->failed != ERR_OK;
	damaged = h->damaged;
	unlock(h);
	if (damaged) {
		throw_away(h);
	}
	return failed;
}

/* The runs end where they say: the journal has that hash there. */
static bool agrees(struct history *h, const struct log_batch_head *head)
{
	uint64_t end = head->first_sequence + head->count;
	bool same = true;

	lock(h);
	for (size_t i = 0; i < h->runs_n; i++) {
		same = same && (h->runs[i].end != end || hash32_eq(&h->runs[i].head, &head->hash));
		/* a run ends with a batch */
		same = same && (h->runs[i].end <= head->first_sequence || h->runs[i].end >= end);
	}
	unlock(h);
	return same;
}

void history_batch(struct history *h, struct bytes batch)
{
	struct log_batch_head head;
	bool wanted;

	CHECK(batch.n >= LOG_BATCH_HEAD_BYTES && log_batch_head_get(&head, batch.p) == ERR_OK &&
	      batch.n == head.bytes);
	if (broken(h) || head.first_sequence != h->at) {
		return;
	}
	wanted = head.first_sequence >= h->indexed;
	if (!wanted && !agrees(h, &head)) {
		throw_away(h);
		return;
	}
	for (uint32_t i = 0; i < head.count; i++) {
		struct log_record r;

		CHECK(log_record_get(&r, batch.p + LOG_BATCH_HEAD_BYTES +
					     (size_t)i * LOG_RECORD_BYTES) == ERR_OK);
		if (!take_record(h, &r, head.first_sequence + i, wanted)) {
			lock(h);
			fail(h, ERR_FULL, ENOMEM);
			unlock(h);
			return;
		}
	}
	h->at += head.count;
	if (!wanted) {
		return;
	}
	h->active->end = h->at;
	h->active->head = head.hash;
	if (h->active->entries_n >= 2 * h->run_records || h->active->ids_n >= h->run_records) {
		freeze(h);
	}
}

void history_replayed(struct history *h, uint64_t end)
{
	if (h->indexed > end) {
		throw_away(h);
	}
}

uint64_t history_next(const struct history *h)
{
	return h->at > h->indexed ? h->at : h->indexed;
}

bool history_step(struct history *h, struct store *s, uint8_t *buffer)
{
	struct bytes batch;

	if (broken(h) || h->at >= s->next_sequence ||
	    store_batch_get(s, &batch, buffer, LOG_BATCH_BYTES_MAX, h->at) != ERR_OK) {
		return false;
	}
	history_batch(h, batch);
	return true;
}

void history_wait(struct history *h)
{
	lock(h);
	while (h->failed == ERR_OK && !h->damaged &&
	       (h->frozen != NULL || h->busy || mergeable(h) < h->runs_n)) {
		CHECK(pthread_cond_wait(&h->done, &h->lock) == 0);
	}
	unlock(h);
}

size_t history_runs(struct history *h)
{
	size_t n;

	lock(h);
	n = h->runs_n;
	unlock(h);
	return n;
}

uint64_t history_rebuilds(const struct history *h)
{
	return h->rebuilds;
}

enum err history_failed(struct history *h, struct store_fault *fault)
{
	enum err e;

	lock(h);
	e = h->failed;
	if (e != ERR_OK) {
		store_fault_set(fault, "%s: cannot write the history: %s", h->path,
				strerror(h->number));
	}
	unlock(h);
	return e;
}

/* ---- questions ---- */

static void sums_add(struct history_sums *to, const struct history_sums *more)
{
	for (size_t i = 0; i < HISTORY_WHATS; i++) {
		to->of[i] += more->of[i];
	}
}

/* The entries of an account in the order of the journal, wherever they lie. */
typedef bool (*each_entry)(void *ctx, const struct run_entry *e);

static enum err walk_run(const struct run *run, const struct id128 *account, uint64_t from,
			 each_entry each, void *ctx, bool *go_on)
{
	struct run_cursor c;
	enum err e = history_run_seek(&c, run, account, from);

	while (e == ERR_OK && *go_on && (e = history_run_next(&c)) == ERR_OK) {
		int order = memcmp(c.entry.account.b, account->b, sizeof account->b);

		if (order > 0) {
			return ERR_OK;
		}
		if (order == 0 && c.entry.sequence >= from) {
			*go_on = each(ctx, &c.entry);
		}
	}
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static void walk_table(const struct table *t, const struct id128 *account, uint64_t from,
		       each_entry each, void *ctx, bool *go_on)
{
	for (size_t i = 0; *go_on && i < t->entries_n; i++) {
		if (t->entries[i].sequence >= from && id128_eq(&t->entries[i].account, account)) {
			*go_on = each(ctx, &t->entries[i]);
		}
	}
}

/* With the lock held. */
static enum err walk(struct history *h, const struct id128 *account, uint64_t from, each_entry each,
		     void *ctx)
{
	bool go_on = true;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && go_on && i < h->runs_n; i++) {
		if (h->runs[i].end > from) {
			e = walk_run(&h->runs[i], account, from, each, ctx, &go_on);
		}
	}
	if (e == ERR_OK && h->frozen != NULL) {
		walk_table(h->frozen, account, from, each, ctx, &go_on);
	}
	if (e == ERR_OK) {
		walk_table(h->active, account, from, each, ctx, &go_on);
	}
	return e;
}

/* What one run has of an account below `before`: one block has its sums and what is behind them. */
static enum err run_sums(struct history_sums *out, const struct run *run,
			 const struct id128 *account, uint64_t before)
{
	struct run_cursor c;
	struct history_sums found = { { 0 } };
	enum err e = history_run_seek(&c, run, account, before);

	while (e == ERR_OK && (e = history_run_next(&c)) == ERR_OK) {
		int order = memcmp(c.entry.account.b, account->b, sizeof account->b);

		if (order > 0 || (order == 0 && c.entry.sequence >= before)) {
			break;
		}
		if (order == 0) {
			found = c.sums;
		}
	}
	if (e == ERR_OK || e == ERR_NOT_FOUND) {
		sums_add(out, &found);
		return ERR_OK;
	}
	return e;
}

static void table_sums(struct history_sums *out, const struct table *t, const struct id128 *account,
		       uint64_t before)
{
	for (size_t i = 0; i < t->entries_n; i++) {
		const struct run_entry *e = &t->entries[i];

		if (e->sequence < before && id128_eq(&e->account, account)) {
			out->of[e->what] += e->amount;
		}
	}
}

/* With the lock held. */
static enum err sums(struct history *h, struct history_sums *out, const struct id128 *account,
		     uint64_t before)
{
	enum err e = ERR_OK;

	memset(out, 0, sizeof *out);
	for (size_t i = 0; e == ERR_OK && i < h->runs_n; i++) {
		if (h->runs[i].first < before) {
			e = run_sums(out, &h->runs[i], account, before);
		}
	}
	if (h->frozen != NULL) {
		table_sums(out, h->frozen, account, before);
	}
	table_sums(out, h->active, account, before);
	return e;
}

/* May it be asked? */
static enum err ready(struct history *h, uint64_t before)
{
	struct store_fault fault;
	enum err e = history_failed(h, &fault);

	if (e == ERR_OK && broken(h)) {
		e = ERR_IO;
	}
	return e == ERR_OK && before > history_next(h) ? ERR_BUSY : e;
}

static enum err judged(struct history *h, enum err e)
{
	if (e == ERR_CORRUPT) {
		throw_away(h);
	}
	return e;
}

enum err history_sums(struct history *h, struct history_sums *out, const struct id128 *account,
		      uint64_t before)
{
	enum err e = ready(h, before);

	if (e == ERR_OK) {
		lock(h);
		e = sums(h, out, account, before);
		unlock(h);
	}
	return judged(h, e);
}

struct page {
	struct history_line *lines;
	size_t limit, n;
	uint64_t before;
	bool more;
	struct history_sums now;
};

static bool page_entry(void *ctx, const struct run_entry *e)
{
	struct page *p = ctx;
	bool posting = e->what == HISTORY_DEBIT || e->what == HISTORY_CREDIT;

	if (e->sequence >= p->before) {
		return false;
	}
	if (posting && p->n == p->limit) {
		p->more = true;
		return false;
	}
	p->now.of[e->what] += e->amount;
	if (posting) {
		p->lines[p->n++] = (struct history_line){ .sequence = e->sequence,
							  .what = e->what,
							  .amount = e->amount };
	}
	/* what the same record frees belongs to its line */
	if (p->n > 0 && p->lines[p->n - 1].sequence == e->sequence) {
		p->lines[p->n - 1].after = p->now;
	}
	return true;
}

static enum err record_at(struct store *s, struct log_record *out, uint64_t sequence)
{
	uint8_t raw[LOG_RECORD_BYTES];
	enum err e = store_record_get(s, raw, sequence);

	return e == ERR_OK ? log_record_get(out, raw) : e;
}

/* Is it what the journal says?  Fills what only the journal knows. */
static enum err check_line(struct history *h, struct store *s, struct history_line *line,
			   const struct id128 *account)
{
	struct log_record hold;
	const struct id128 *debit = &line->record.debit, *credit = &line->record.credit;
	uint64_t at;
	enum err e = record_at(s, &line->record, line->sequence);

	if (e == ERR_OK && line->record.kind == LOG_POST) {
		e = history_find(h, s, &hold, &at, &line->record.ref);
		if (e == ERR_NOT_FOUND ||
		    (e == ERR_OK && hold.kind != LOG_HOLD && hold.kind != LOG_HOLD_UNTIL)) {
			return ERR_CORRUPT;
		}
		debit = &hold.debit;
		credit = &hold.credit;
	} else if (e == ERR_OK && line->record.kind != LOG_TRANSFER) {
		return ERR_CORRUPT;
	}
	if (e != ERR_OK) {
		return e;
	}
	line->other = line->what == HISTORY_DEBIT ? *credit : *debit;
	return line->record.amount == line->amount &&
		       id128_eq(account, line->what == HISTORY_DEBIT ? debit : credit)
		   ? ERR_OK
		   : ERR_CORRUPT;
}

enum err history_page(struct history *h, struct store *s, struct history_line *lines, size_t limit,
		      size_t *n, bool *more, struct history_sums *opening,
		      const struct id128 *account, uint64_t from, uint64_t before)
{
	struct page p = { .lines = lines, .limit = limit, .before = before };
	enum err e = ready(h, before);

	CHECK(limit >= 1 && limit <= HISTORY_PAGE_MAX);
	if (e == ERR_OK) {
		lock(h);
		e = sums(h, opening, account, from < before ? from : before);
		p.now = *opening;
		if (e == ERR_OK) {
			e = walk(h, account, from, page_entry, &p);
		}
		unlock(h);
	}
	for (size_t i = 0; e == ERR_OK && i < p.n; i++) {
		e = check_line(h, s, &lines[i], account);
	}
	*n = p.n;
	*more = p.more;
	return judged(h, e);
}

/* Records whose ids look alike in the bytes that are kept: who makes ids may make many. */
struct candidates {
	uint64_t *sequence;
	size_t n, cap;
};

static enum err candidate(struct candidates *c, const struct run_id *id)
{
	if (c->n == c->cap) {
		size_t cap = c->cap * 2 + 8;
		uint64_t *p = realloc(c->sequence, cap * sizeof *p);

		if (p == NULL) {
			return ERR_FULL;
		}
		c->sequence = p;
		c->cap = cap;
	}
	c->sequence[c->n++] = history_run_id_sequence(id);
	return ERR_OK;
}

static enum err candidates_in_table(struct candidates *c, const struct table *t,
				    const struct run_id *key)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < t->ids_n; i++) {
		if (memcmp(t->ids[i].b, key->b, RUN_KEY) == 0) {
			e = candidate(c, &t->ids[i]);
		}
	}
	return e;
}

static enum err candidates_in_run(struct candidates *c, const struct run *run,
				  const struct run_id *key)
{
	struct run_id_cursor at;
	struct run_id id;
	enum err e;

	if (run->ids == 0 || memcmp(key->b, run->least, RUN_KEY) < 0 ||
	    memcmp(key->b, run->most, RUN_KEY) > 0) {
		return ERR_OK;
	}
	e = history_run_id_seek(&at, run, key->b);
	while (e == ERR_OK && (e = history_run_id_next(&at, &id)) == ERR_OK) {
		int order = memcmp(id.b, key->b, RUN_KEY);

		if (order > 0) {
			return ERR_OK;
		}
		if (order == 0) {
			e = candidate(c, &id);
		}
	}
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* With the lock held: the newest runs first, which is where it mostly is. */
static enum err candidates_of(struct history *h, struct candidates *c, const struct run_id *key)
{
	enum err e = candidates_in_table(c, h->active, key);

	if (e == ERR_OK && h->frozen != NULL) {
		e = candidates_in_table(c, h->frozen, key);
	}
	for (size_t i = h->runs_n; e == ERR_OK && i > 0; i--) {
		e = candidates_in_run(c, &h->runs[i - 1], key);
	}
	return e;
}

enum err history_find(struct history *h, struct store *s, struct log_record *out,
		      uint64_t *sequence, const struct id128 *id)
{
	struct candidates c = { .n = 0 };
	struct run_id key;
	enum err e = ready(h, s->next_sequence);

	if (e != ERR_OK) {
		return e;
	}
	history_run_id_make(&key, id, 0);
	lock(h);
	e = candidates_of(h, &c, &key);
	unlock(h);
	for (size_t i = 0; e == ERR_OK && i < c.n; i++) {
		struct log_record r;

		e = record_at(s, &r, c.sequence[i]);
		if (e == ERR_OK && id128_eq(&r.id, id) && names_id(r.kind)) {
			*out = r;
			*sequence = c.sequence[i];
			free(c.sequence);
			return ERR_OK;
		}
	}
	free(c.sequence);
	return e == ERR_OK ? ERR_NOT_FOUND : judged(h, e);
}

enum err history_moment(struct store *s, uint64_t *sequence, uint64_t end, uint64_t time_ms)
{
	uint64_t low = 0, high = end;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		struct log_record r;
		enum err e = record_at(s, &r, middle);

		if (e != ERR_OK) {
			return e;
		}
		if (r.time_ms <= time_ms) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	*sequence = low;
	return ERR_OK;
}

/* ---- opening ---- */

static int run_order(const void *a, const void *b)
{
	const struct run *x = a, *y = b;

	if (x->first != y->first) {
		return x->first < y->first ? -1 : 1;
	}
	return (x->end < y->end) - (x->end > y->end); /* the longer one first */
}

/* Every file of the directory that is a whole run; others of our names are removed. */
static enum err collect(struct history *h)
{
	int copy = openat(h->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;

	if (d == NULL) {
		if (copy >= 0) {
			(void)close(copy);
		}
		return ERR_IO;
	}
	while ((entry = readdir(d)) != NULL) {
		struct run r;

		if (strncmp(entry->d_name, "run-", 4) != 0) {
			continue;
		}
		if (!list_grow(h)) {
			(void)closedir(d);
			return ERR_FULL;
		}
		if (history_run_open(&r, h->directory, entry->d_name) == ERR_OK) {
			h->runs[h->runs_n++] = r;
		} else {
			(void)unlinkat(h->directory, entry->d_name, 0);
		}
	}
	(void)closedir(d);
	return ERR_OK;
}

/* Those that follow each other from the first record on stay. */
static void keep_neighbours(struct history *h)
{
	size_t kept = 0;

	if (h->runs_n > 0) {
		qsort(h->runs, h->runs_n, sizeof *h->runs, run_order);
	}
	for (size_t i = 0; i < h->runs_n; i++) {
		if (h->runs[i].first == h->indexed) {
			h->indexed = h->runs[i].end;
			h->runs[kept++] = h->runs[i];
		} else {
			remove_run(h, &h->runs[i]);
		}
	}
	h->runs_n = kept;
}

static enum err make_tables(struct history *h)
{
	bool whole = true;

	for (size_t i = 0; i < 2; i++) {
		h->tables[i].entries = malloc(entries_cap(h) * sizeof(struct run_entry));
		h->tables[i].ids = malloc(ids_cap(h) * sizeof(struct run_id));
		whole = whole && h->tables[i].entries != NULL && h->tables[i].ids != NULL;
	}
	h->sorted = malloc(entries_cap(h) * sizeof *h->sorted);
	h->sorted_ids = malloc(ids_cap(h) * sizeof *h->sorted_ids);
	h->sorter = (struct sorter){
		.keys = malloc(entries_cap(h) * sizeof(uint64_t)),
		.spare_keys = malloc(entries_cap(h) * sizeof(uint64_t)),
		.places = malloc(entries_cap(h) * sizeof(uint32_t)),
		.spare_places = malloc(entries_cap(h) * sizeof(uint32_t)),
		.ids = malloc(ids_cap(h) * sizeof(struct run_id)),
	};
	whole = whole && h->sorter.keys != NULL && h->sorter.spare_keys != NULL &&
		h->sorter.places != NULL && h->sorter.spare_places != NULL && h->sorter.ids != NULL;
	h->holds = calloc(HOLDS_FIRST, sizeof *h->holds);
	h->holds_cap = HOLDS_FIRST;
	return whole && h->sorted != NULL && h->sorted_ids != NULL && h->holds != NULL ? ERR_OK
										       : ERR_FULL;
}

static void release(struct history *h)
{
	for (size_t i = 0; i < h->runs_n; i++) {
		history_run_close(&h->runs[i]);
	}
	for (size_t i = 0; i < 2; i++) {
		free(h->tables[i].entries);
		free(h->tables[i].ids);
	}
	free(h->sorted);
	free(h->sorted_ids);
	free(h->sorter.keys);
	free(h->sorter.spare_keys);
	free(h->sorter.places);
	free(h->sorter.spare_places);
	free(h->sorter.ids);
	free(h->holds);
	free(h->runs);
	if (h->directory >= 0) {
		(void)close(h->directory);
	}
	free(h);
}

static enum err start_thread(struct history *h)
{
	sigset_t all, before;
	int code;

	CHECK(pthread_mutex_init(&h->lock, NULL) == 0);
	CHECK(pthread_cond_init(&h->work, NULL) == 0 && pthread_cond_init(&h->done, NULL) == 0);
	/* Signals are the loop's. */
	CHECK(sigfillset(&all) == 0 && pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
	code = pthread_create(&h->thread, NULL, thread, h);
	CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
	return code == 0 ? ERR_OK : ERR_FULL;
}

enum err history_open(struct history **out, const char *directory, size_t run_records,
		      struct store_fault *fault)
{
	struct history *h = calloc(1, sizeof *h);
	enum err e = ERR_OK;

	CHECK(run_records >= HISTORY_RUN_MIN && run_records <= HISTORY_RUN_MAX);
	if (h == NULL) {
		store_fault_set(fault, "%s: no memory", directory);
		return ERR_FULL;
	}
	(void)snprintf(h->path, sizeof h->path, "%s", directory);
	h->run_records = run_records;
	h->active = &h->tables[0];
	h->directory = -1;
	if (mkdir(directory, 0700) != 0 && errno != EEXIST) {
		e = errno == ENOSPC ? ERR_FULL : ERR_IO;
	}
	if (e == ERR_OK) {
		h->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		e = h->directory < 0 ? ERR_IO : ERR_OK;
	}
	if (e == ERR_OK) {
		e = collect(h);
	}
	if (e != ERR_OK) {
		store_fault_set(fault, "%s: cannot be used: %s", directory, strerror(errno));
	} else {
		keep_neighbours(h);
		e = make_tables(h);
		if (e == ERR_OK) {
			begin_table(h, h->indexed);
			e = start_thread(h);
		}
		if (e != ERR_OK) {
			store_fault_set(fault, "%s: no memory", directory);
		}
	}
	if (e != ERR_OK) {
		release(h);
		return e;
	}
	*out = h;
	return ERR_OK;
}

void history_close(struct history *h)
{
	if (h == NULL) {
		return;
	}
	lock(h);
	h->stop = true;
	CHECK(pthread_cond_broadcast(&h->work) == 0);
	unlock(h);
	CHECK(pthread_join(h->thread, NULL) == 0);
	CHECK(pthread_mutex_destroy(&h->lock) == 0);
	CHECK(pthread_cond_destroy(&h->work) == 0 && pthread_cond_destroy(&h->done) == 0);
	release(h);
}
