/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: the sync thread writes everything in order, many batches at once when the disk is slow,
 * says nothing is durable that is not, writes nothing after a failure, keeps its memory bounded,
 * and reads blobs meanwhile. Method: the real SQLite and file engines, with an append in front of
 * theirs that waits at a gate or fails at the n-th call; the journal is replayed after each case.
 * Also run under ThreadSanitizer (the test "store sync races").
 */
#include <stdatomic.h>
#include <unistd.h>

#include "gate.h"
#include "store/sqlite.h"
#include "store/sync.h"

static struct store_sqlite journal;
static struct store_sync *sync_thread;
static atomic_uint wakes;

static void wake(void *ctx)
{
	(void)ctx;
	(void)atomic_fetch_add(&wakes, 1);
}

static bool begin(struct kit_seen *seen, unsigned passes, unsigned fail)
{
	struct store_fault fault;

	kit_seen_init(seen);
	if (!kit_fresh() || store_sqlite_open(&journal, kit_path("journal"), &fault) != ERR_OK ||
	    store_replay(&journal.base, kit_buffer, sizeof kit_buffer, kit_each, seen) != ERR_OK) {
		return false;
	}
	gate_before(&journal.base, passes, fail);
	atomic_store(&wakes, 0);
	return store_sync_start(&sync_thread, &journal.base, wake, NULL) == ERR_OK;
}

static enum err put_next(struct kit_seen *seen, uint64_t *number)
{
	struct bytes batch;
	enum err e;

	if (!kit_seal(&batch, &seen->chain, seen->batches)) {
		return ERR_STATE;
	}
	e = store_sync_put(sync_thread, number, batch);
	memset(kit_sealed, 0xee, sizeof kit_sealed); /* it was copied */
	if (e == ERR_OK) {
		seen->batches++;
	}
	return e;
}

/* Batches that a replay finds after the store was closed; -1: it does not replay. */
static int64_t found(void)
{
	struct kit_seen seen;
	struct store_fault fault;
	enum err e;

	store_close(&journal.base);
	kit_seen_init(&seen);
	if (store_sqlite_open(&journal, kit_path("journal"), &fault) != ERR_OK) {
		return -1;
	}
	e = store_replay(&journal.base, kit_buffer, sizeof kit_buffer, kit_each, &seen);
	store_close(&journal.base);
	return e == ERR_OK ? (int64_t)seen.batches : -1;
}

static void in_order(void)
{
	struct kit_seen seen;
	struct store_fault fault;
	uint64_t number = 0;

	T_CHECK(begin(&seen, UINT_MAX, 0));
	T_EQ(store_sync_durable(sync_thread), 0);
	T_EQ(store_sync_wait(sync_thread, 0), ERR_OK);
	for (uint64_t i = 1; i <= 300; i++) {
		T_EQ(put_next(&seen, &number), ERR_OK);
		T_EQ(number, i);
		if (i % 50 == 0) {
			T_EQ(store_sync_wait(sync_thread, number), ERR_OK);
			T_EQ(store_sync_durable(sync_thread), i);
		}
	}
	T_EQ(store_sync_failed(sync_thread, &fault), ERR_OK);
	T_EQ(store_sync_stop(sync_thread, &fault), ERR_OK);
	T_CHECK(atomic_load(&wakes) >= 6);
	/* the store is ours again */
	{
		struct bytes batch;

		T_CHECK(kit_seal(&batch, &seen.chain, seen.batches));
		T_EQ(store_append(&journal.base, batch), ERR_OK);
	}
	T_EQ(found(), 301);
}

/* The disk stands still: what comes meanwhile is one group, and not durable before its sync. */
static void slow_disk(void)
{
	struct kit_seen seen;
	struct store_fault fault;
	uint64_t number = 0;

	T_CHECK(begin(&seen, 0, 0));
	T_EQ(put_next(&seen, &number), ERR_OK);
	gate_wait(1);
	for (unsigned i = 0; i < STORE_GROUP_MAX + 10; i++) {
		T_EQ(put_next(&seen, &number), ERR_OK);
	}
	T_EQ(store_sync_durable(sync_thread), 0);
	T_EQ(atomic_load(&wakes), 0);
	gate_let(1);
	gate_wait(2); /* it is in the second append now: the first alone is durable */
	T_EQ(store_sync_durable(sync_thread), 1);
	gate_let(1);
	gate_wait(3);
	T_EQ(store_sync_durable(sync_thread), 1 + STORE_GROUP_MAX);
	gate_let(UINT_MAX);
	T_EQ(store_sync_wait(sync_thread, number), ERR_OK);
	T_EQ(gate_calls, 3);
	T_EQ(gate_sizes[0], 1);
	T_EQ(gate_sizes[1], STORE_GROUP_MAX);
	T_EQ(gate_sizes[2], 10);
	T_EQ(store_sync_stop(sync_thread, &fault), ERR_OK);
	T_EQ(found(), (int64_t)number);
}

/* The n-th append fails: all before it is durable, nothing after it is ever written. */
static void failing_append(void)
{
	for (unsigned n = 1; n <= 5; n++) {
		struct kit_seen seen;
		struct store_fault fault = { "" };
		uint64_t number = 0, good = 0;
		enum err e = ERR_OK;

		T_CHECK(begin(&seen, UINT_MAX, n));
		for (unsigned i = 1; e == ERR_OK && i <= 20; i++) {
			e = put_next(&seen, &number);
			if (e == ERR_OK) {
				e = store_sync_wait(sync_thread, number);
			}
			good += e == ERR_OK;
		}
		T_EQ(e, ERR_IO);
		T_EQ(good, n - 1);
		T_EQ(put_next(&seen, &number), ERR_IO);
		T_EQ(store_sync_wait(sync_thread, 0), ERR_IO);
		T_EQ(store_sync_durable(sync_thread), n - 1);
		T_EQ(store_sync_failed(sync_thread, &fault), ERR_IO);
		T_CHECK(strstr(fault.text, "planted") != NULL);
		T_EQ(store_sync_stop(sync_thread, &fault), ERR_IO);
		T_EQ(gate_calls, n);
		T_EQ(found(), n - 1);
	}
}

/* It fails while others wait behind: they are not written, and who waits for room wakes up. */
static void failure_with_a_queue(void)
{
	struct kit_seen seen;
	struct store_fault fault = { "" };
	uint64_t number = 0;

	T_CHECK(begin(&seen, 0, 2));
	T_EQ(put_next(&seen, &number), ERR_OK);
	gate_wait(1);
	for (unsigned i = 0; i < 200; i++) {
		T_EQ(put_next(&seen, &number), ERR_OK);
	}
	gate_let(UINT_MAX);
	T_EQ(store_sync_wait(sync_thread, number), ERR_IO);
	T_EQ(store_sync_stop(sync_thread, &fault), ERR_IO);
	T_EQ(gate_calls, 2);
	T_EQ(found(), 1);
}

/* Stopping writes what waits. */
static void *open_later(void *argument)
{
	(void)argument;
	(void)usleep(20000); /* no assertion hangs on it: the order is the same without */
	gate_let(UINT_MAX);
	return NULL;
}

static void stop_drains(void)
{
	struct kit_seen seen;
	struct store_fault fault;
	uint64_t number = 0;
	pthread_t other;

	T_CHECK(begin(&seen, 0, 0));
	for (unsigned i = 0; i < 150; i++) {
		T_EQ(put_next(&seen, &number), ERR_OK);
	}
	T_EQ(pthread_create(&other, NULL, open_later, NULL), 0);
	T_EQ(store_sync_stop(sync_thread, &fault), ERR_OK);
	T_EQ(pthread_join(other, NULL), 0);
	T_EQ(found(), 150);
}

/*
 * The queue is bounded: the putter blocks when it is full, by count and by bytes, and nothing is
 * lost or overwritten when the ring goes round, whatever the sizes.
 */
static uint8_t large[LOG_BATCH_BYTES_MAX];

static bool seal_large(struct bytes *out, struct log_chain *c, size_t blob)
{
	static uint8_t bytes[LOG_BATCH_BYTES_MAX];
	struct log_batch b;
	struct log_record r = { .kind = LOG_DOCUMENT, .time_ms = c->next_sequence };

	memset(bytes, (int)(c->next_sequence * 7 + 1), blob);
	log_batch_begin(&b, large, sizeof large);
	if (log_batch_add_blob(&b, &r, bytes_of(bytes, blob)) != ERR_OK) {
		return false;
	}
	log_batch_seal(out, &b, c, &kit_secret);
	return true;
}

struct putter {
	struct log_chain chain;
	atomic_uint put;
	bool ok;
	unsigned n;
	bool vary;
};

static void *put_many(void *argument)
{
	struct putter *p = argument;

	p->ok = true;
	for (unsigned i = 0; p->ok && i < p->n; i++) {
		size_t blob = p->vary ? 1 + (size_t)i * 791900 % 1500000 : 10;
		struct bytes batch;
		uint64_t number = 0;

		p->ok = seal_large(&batch, &p->chain, blob) &&
			store_sync_put(sync_thread, &number, batch) == ERR_OK && number == i + 1;
		(void)atomic_fetch_add(&p->put, 1);
	}
	return NULL;
}

static enum err large_each(void *context, struct bytes batch)
{
	struct log_chain *c = context;
	struct log_view v;

	return log_batch_open(&v, c, batch, &kit_secret);
}

static void bounded(void)
{
	static uint8_t buffer[LOG_BATCH_BYTES_MAX];
	static struct putter p;

	for (unsigned how = 0; how < 2; how++) {
		struct kit_seen seen;
		struct store_fault fault;
		struct log_chain c;
		pthread_t other;
		unsigned most;

		T_CHECK(begin(&seen, 0, 0));
		memset(&p, 0, sizeof p);
		log_chain_init(&p.chain);
		p.vary = how == 1;
		p.n = how == 1 ? 60 : STORE_SYNC_BATCHES + 300;
		T_EQ(pthread_create(&other, NULL, put_many, &p), 0);
		gate_wait(1);
		/* It cannot get further than this, however long one waits. */
		most = how == 1 ? STORE_SYNC_BYTES / 700000 + 8 : STORE_SYNC_BATCHES;
		(void)usleep(50000);
		T_CHECK(atomic_load(&p.put) <= most && atomic_load(&p.put) < p.n);
		T_EQ(store_sync_durable(sync_thread), 0);
		gate_let(UINT_MAX);
		T_EQ(pthread_join(other, NULL), 0);
		T_CHECK(p.ok);
		T_EQ(store_sync_stop(sync_thread, &fault), ERR_OK);
		store_close(&journal.base);
		T_EQ(store_sqlite_open(&journal, kit_path("journal"), &fault), ERR_OK);
		log_chain_init(&c);
		T_EQ(store_replay(&journal.base, buffer, sizeof buffer, large_each, &c), ERR_OK);
		T_EQ(c.next_sequence, p.n);
		T_CHECK(hash32_eq(&c.head, &p.chain.head));
		store_close(&journal.base);
	}
}

/* Blobs are read by the same thread, in the order of the questions, between the appends. */
static void blobs(void)
{
	struct kit_seen seen;
	struct store_fault fault;
	struct log_chain c;
	struct hash32 names[64], name;
	struct bytes kept[64];
	size_t n = 0, told = 0;
	uint64_t number = 0, tag;
	uint8_t *p;
	size_t size;
	enum err e;

	T_CHECK(begin(&seen, UINT_MAX, 0));
	T_CHECK(!store_sync_blob_next(sync_thread, &tag, &e, &p, &size));
	for (unsigned i = 0; i < 40; i++) {
		T_EQ(put_next(&seen, &number), ERR_OK);
	}
	T_EQ(store_sync_wait(sync_thread, number), ERR_OK);
	log_chain_init(&c);
	for (uint64_t i = 0; i < 40 && n < 60; i++) {
		struct log_chain open = c;
		struct bytes batch, blob;
		struct log_view v;
		size_t at = 0;

		T_CHECK(kit_seal(&batch, &c, i));
		T_EQ(log_batch_open(&v, &open, batch, &kit_secret), ERR_OK);
		while (n < 60 && log_view_next_blob(&blob, &name, &v, &at)) {
			uint8_t *copy = malloc(blob.n);

			T_CHECK(copy != NULL);
			memcpy(copy, blob.p, blob.n);
			kept[n] = bytes_of(copy, blob.n);
			names[n] = name;
			T_EQ(store_sync_blob_ask(sync_thread, 1000 + n, &name), ERR_OK);
			n++;
		}
		T_EQ(put_next(&seen, &number), ERR_OK);
	}
	name.b[0] ^= 1;
	T_EQ(store_sync_blob_ask(sync_thread, 7, &name), ERR_OK);
	while (told <= n) {
		if (!store_sync_blob_next(sync_thread, &tag, &e, &p, &size)) {
			(void)usleep(200);
			continue;
		}
		if (told == n) {
			T_EQ(tag, 7);
			T_EQ(e, ERR_NOT_FOUND);
			T_CHECK(p == NULL && size == 0);
		} else {
			T_EQ(tag, 1000 + told);
			T_EQ(e, ERR_OK);
			T_CHECK(bytes_eq(bytes_of(p, size), kept[told]));
			free(p);
		}
		told++;
	}
	/* too many questions at once; those never asked for again are not lost memory */
	gate_let(0);
	for (unsigned i = 0; i < STORE_SYNC_BLOBS; i++) {
		T_EQ(store_sync_blob_ask(sync_thread, i, &names[i % n]), ERR_OK);
	}
	T_EQ(store_sync_blob_ask(sync_thread, 0, &names[0]), ERR_BUSY);
	gate_let(UINT_MAX);
	T_EQ(store_sync_stop(sync_thread, &fault), ERR_OK);
	for (size_t i = 0; i < n; i++) {
		free((void *)(uintptr_t)kept[i].p);
	}
	T_EQ(found(), (int64_t)number);
}

/* Signs of life, as of a journal that other servers watch. */
static atomic_uint signs;
static atomic_uint signs_fail_at;

static enum err give_sign(struct store *s)
{
	unsigned n = atomic_fetch_add(&signs, 1) + 1;

	if (n == atomic_load(&signs_fail_at)) {
		s->phase = STORE_BROKEN;
		store_fault_set(&s->fault, "%s: another server has taken over", s->path);
		return ERR_FENCED;
	}
	return ERR_OK;
}

/* While nothing waits, signs are given; one that fails ends everything, and wakes the owner. */
static void signs_of_life(void)
{
	for (unsigned fail = 0; fail < 2; fail++) {
		struct kit_seen seen;
		struct store_fault fault = { "" };
		uint64_t number = 0;
		unsigned before;
		enum err e;

		kit_seen_init(&seen);
		T_CHECK(kit_fresh());
		T_EQ(store_sqlite_open(&journal, kit_path("journal"), &fault), ERR_OK);
		T_EQ(store_replay(&journal.base, kit_buffer, sizeof kit_buffer, kit_each, &seen),
		     ERR_OK);
		gate_before(&journal.base, UINT_MAX, 0);
		gate_engine.beat = give_sign;
		gate_engine.beat_ms = 1;
		atomic_store(&signs, 0);
		atomic_store(&wakes, 0);
		atomic_store(&signs_fail_at, fail == 1 ? 8 : 0);
		T_EQ(store_sync_start(&sync_thread, &journal.base, wake, NULL), ERR_OK);
		while (atomic_load(&signs) < 5) {
			(void)usleep(100);
		}
		if (fail == 1) {
			while (atomic_load(&wakes) == 0) {
				(void)usleep(100);
			}
			T_EQ(store_sync_failed(sync_thread, &fault), ERR_FENCED);
			T_CHECK(strstr(fault.text, "taken over") != NULL);
			T_EQ(put_next(&seen, &number), ERR_FENCED);
			before = atomic_load(&signs);
			T_EQ(before, 8); /* and no more of them */
			T_EQ(store_sync_stop(sync_thread, &fault), ERR_FENCED);
			T_EQ(atomic_load(&signs), before);
			T_EQ(found(), 0);
			continue;
		}
		T_EQ(put_next(&seen, &number), ERR_OK);
		T_EQ(store_sync_wait(sync_thread, number), ERR_OK);
		before = atomic_load(&signs);
		while (atomic_load(&signs) < before + 5) {
			(void)usleep(100);
		}
		e = store_sync_stop(sync_thread, &fault);
		T_EQ(e, ERR_OK);
		T_EQ(found(), 1);
	}
}

/* What a follower was given, and what it did when there was nothing to do. */
struct followed {
	struct log_chain chain;
	atomic_uint batches, idle;
	enum err e;
};

static void follow(void *ctx, struct bytes batch)
{
	struct followed *f = ctx;
	struct log_view v;

	if (f->e == ERR_OK) {
		f->e = log_batch_open(&v, &f->chain, batch, &kit_secret);
	}
	(void)atomic_fetch_add(&f->batches, 1);
}

static bool follow_idly(void *ctx, struct store *s)
{
	struct followed *f = ctx;

	(void)s;
	return atomic_fetch_add(&f->idle, 1) < 20;
}

/* A question that knows how far the store was when it was read. */
struct asked {
	struct store_task task;
	uint64_t records;
};

static void ask(struct store_task *t, struct store *s)
{
	((struct asked *)t)->records = s->next_sequence;
}

/* Tasks see what was handed over before them; a follower sees all, in order, as it lies there. */
static void tasks_and_a_follower(void)
{
	static struct followed f;
	static struct asked asked[STORE_SYNC_TASKS + 1];
	struct store_follower follower = { .durable = follow, .idle = follow_idly, .ctx = &f };
	struct kit_seen seen;
	struct store_fault fault;
	uint64_t number = 0, after[8];

	log_chain_init(&f.chain);
	T_CHECK(begin(&seen, UINT_MAX, 0));
	store_sync_follow(sync_thread, &follower);
	for (unsigned i = 0; i < 8; i++) {
		for (unsigned k = 0; k <= 20 * i; k++) {
			T_EQ(put_next(&seen, &number), ERR_OK);
		}
		after[i] = seen.chain.next_sequence;
		asked[i].task.run = ask;
		T_EQ(store_sync_task(sync_thread, &asked[i].task), ERR_OK);
	}
	asked[8].task.run = ask;
	T_EQ(store_sync_call(sync_thread, &asked[8].task), ERR_OK);
	T_EQ(asked[8].records, seen.chain.next_sequence);
	for (unsigned i = 0; i < 8; i++) {
		T_CHECK(store_sync_task_next(sync_thread) == &asked[i].task);
		T_CHECK(asked[i].records >= after[i]);
	}
	T_CHECK(store_sync_task_next(sync_thread) == NULL);
	T_EQ(atomic_load(&f.batches), number); /* before any task that came later */
	while (atomic_load(&f.idle) < 20) {
		(void)usleep(200);
	}
	/* too many at once are refused, not lost */
	T_EQ(put_next(&seen, &number), ERR_OK);
	T_EQ(store_sync_wait(sync_thread, number), ERR_OK);
	gate_let(0);
	T_EQ(put_next(&seen, &number), ERR_OK);
	for (unsigned i = 0; i < STORE_SYNC_TASKS; i++) {
		asked[i].task.run = ask;
		T_EQ(store_sync_task(sync_thread, &asked[i].task), ERR_OK);
	}
	T_EQ(store_sync_task(sync_thread, &asked[STORE_SYNC_TASKS].task), ERR_BUSY);
	gate_let(UINT_MAX);
	T_EQ(store_sync_stop(sync_thread, &fault), ERR_OK);
	T_EQ(atomic_load(&f.batches), number);
	T_EQ(f.e, ERR_OK);
	T_CHECK(hash32_eq(&f.chain.head, &seen.chain.head));
	T_EQ(found(), (int64_t)number);
	/* after a failed append nothing more is read */
	T_CHECK(begin(&seen, UINT_MAX, 1));
	T_EQ(put_next(&seen, &number), ERR_OK);
	T_CHECK(store_sync_wait(sync_thread, number) != ERR_OK);
	T_CHECK(store_sync_task(sync_thread, &asked[0].task) != ERR_OK);
	T_CHECK(store_sync_call(sync_thread, &asked[0].task) != ERR_OK);
	T_CHECK(store_sync_stop(sync_thread, &fault) != ERR_OK);
	store_close(&journal.base);
}

static void clean(void)
{
	kit_clean();
	T_CHECK(kit_directory[0] == '\0');
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "in order", in_order },
		{ "slow disk", slow_disk },
		{ "failing append", failing_append },
		{ "failure with a queue", failure_with_a_queue },
		{ "stop drains", stop_drains },
		{ "bounded", bounded },
		{ "blobs", blobs },
		{ "signs of life", signs_of_life },
		{ "tasks and a follower", tasks_and_a_follower },
		{ "cleaned up", clean },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
