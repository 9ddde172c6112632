/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_books.c - the commit path of the books: decide, seal, make durable, start again.
 *
 *   bench_books [--dir DIR] [--only engine|restart|read|memory] [--history yes|no] [--seconds N]
 *               [--accounts N] [--restart N] [--many N]
 *   bench_books store URL BATCH [--seconds N] [--accounts N]      (bench/store/measure.py)
 *   bench_books load PORT TOKEN-FILE CLIENTS SECONDS ACCOUNTS     (bench/books/measure.py)
 *
 * Method.  What kuramorid does with a record is done here with the same functions: the books judge
 * it (every law, idempotency by id), it goes into a batch, the batch is sealed (hash chain, salted
 * leaves, tree root) and handed to the sync thread, which checks it again and writes it to SQLite
 * with synchronous=FULL.  Ids are new, accounts drawn uniformly; a transfer counts when it is
 * durable.  The rate is taken each second, to the sync that ends it; printed are the median of the
 * seconds, the lowest and the highest.  Seconds of uniform accounts and of one hot account take
 * turns.
 *
 * Beside them, in the same run: fdatasync of the same disk, hashing alone (a record is hashed
 * five times: salt, leaf, node, batch by who seals and by who writes), memcpy alone, and processor
 * time of both threads, because the machine is shared and the wall clock knows of others.
 *
 * Each part runs in a process of its own; the restart is measured on a journal whose writer was
 * killed with SIGKILL.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "books/books.h"
#include "crypto/crypto.h"
#include "crypto/sha256.h"
#include "crypto/uuid7.h"
#include "log/batch.h"
#include "store/ahead.h"
#include "store/history.h"
#include "store/postgres.h"
#include "store/sqlite.h"
#include "store/sync.h"

enum {
	SAMPLES_MAX = 4096,
	EACH_ACCOUNT = 1000000000,
	BATCH_BYTES = 1024 * 1024, /* as kuramorid's */
	BLOCK = 4095,              /* records judged at a time: two make a batch */
	PATH_BYTES = 512,
	RESTARTS = 5, /* of each kind */
};

/* Of the first record; then 500 a millisecond. */
#define FIRST_MS UINT64_C(1700000000000)

static const struct log_secret secret = { { 7 } };
static const char *directory = "/tmp";
static const char *url; /* NULL: SQLite in directory */
static size_t batch_records = LOG_BATCH_RECORDS_MAX;
static unsigned seconds = 10;
static size_t accounts_n = 1000000, restart_n = 3000000, many_n = 10000000;
static uint64_t seed = 1;
static bool with_history = true; /* as kuramorid runs */

static double now(clockid_t clock)
{
	struct timespec t;

	CHECK(clock_gettime(clock, &t) == 0);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double wall(void)
{
	return now(CLOCK_MONOTONIC);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct spread {
	double median, low, high, p99;
};

static struct spread spread_of(double *v, size_t n)
{
	CHECK(n > 0);
	qsort(v, n, sizeof *v, by_value);
	return (struct spread){ v[n / 2], v[0], v[n - 1], v[n * 99 / 100] };
}

/* xorshift64*: the draw must not cost more than what is measured. */
static uint64_t draw(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * 0x2545f4914f6cdd1du;
}

/* --- the physical limits --- */

static double sync_ms(size_t bytes, struct spread *out)
{
	static uint8_t block[BATCH_BYTES];
	char path[PATH_BYTES];
	double v[200];
	int fd;

	(void)snprintf(path, sizeof path, "%s/bench-sync", directory);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && bytes <= sizeof block);
	CHECK(pwrite(fd, block, bytes, 0) == (ssize_t)bytes && fsync(fd) == 0);
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		double start;

		memset(block, (int)i, bytes);
		start = wall();
		CHECK(pwrite(fd, block, bytes, 0) == (ssize_t)bytes && fdatasync(fd) == 0);
		v[i] = (wall() - start) * 1000;
	}
	(void)close(fd);
	(void)unlink(path);
	*out = spread_of(v, ARRAY_LEN(v));
	return out->median;
}

enum { HASHED = 16 }; /* records that are hashed at a time */

/* The hashes of 16 records, as the tree makes them: salts, leaves, nodes. */
static void hash_ours(const uint8_t *p)
{
	static struct hmac_sha256_many_key key;
	static bool ready;
	static uint8_t in[HASHED][SHA256_MANY_ROOM];
	uint8_t number[HASHED][8];
	struct hash32 out[HASHED];

	if (!ready) {
		hmac_sha256_many_ready(&key, secret.b);
		ready = true;
	}
	for (size_t i = 0; i < HASHED; i++) {
		memcpy(number[i], p + 8 * i, 8);
		memcpy(in[i], p + i, 161);
	}
	hmac_sha256_many(out, &key, (const uint8_t(*)[8])number, HASHED);
	sha256_many(out, in, HASHED, 161);
	sha256_many(out, in, HASHED, 65);
}

/* The same by libsodium, which has no use for the processor's SHA instructions. */
static void hash_sodium(const uint8_t *p)
{
	uint8_t out[crypto_hash_sha256_BYTES];

	for (unsigned i = 0; i < HASHED; i++) {
		CHECK(crypto_auth_hmacsha256(out, p, 8, secret.b) == 0);
		CHECK(crypto_hash_sha256(out, p, 161) == 0 && crypto_hash_sha256(out, p, 65) == 0);
	}
}

/* Records a second that hashing them and `batches` times their batch allows. */
static double hashing_alone(void (*some)(const uint8_t *p), bool sodium, unsigned batches)
{
	static uint8_t from[BATCH_BYTES];
	uint8_t out[crypto_hash_sha256_BYTES];
	struct hash32 h;
	double start = now(CLOCK_THREAD_CPUTIME_ID);
	size_t n = 25 * 8192;

	for (size_t i = 0; i < n; i += HASHED) {
		some(from + i % 8000 * 128);
		for (unsigned k = 0; i % 8192 == 0 && k < batches; k++) {
			if (sodium) {
				CHECK(crypto_hash_sha256(out, from, sizeof from) == 0);
			} else {
				sha256(&h, bytes_of(from, sizeof from));
			}
		}
	}
	return (double)n / (now(CLOCK_THREAD_CPUTIME_ID) - start);
}

static double copying_alone(void)
{
	static uint8_t from[BATCH_BYTES], to[BATCH_BYTES];
	double start = now(CLOCK_THREAD_CPUTIME_ID);

	for (size_t i = 0; i < 400; i++) {
		memcpy(to, from, sizeof from);
		from[i] = to[i] ^ 1;
	}
	return 400.0 * 8192 / (now(CLOCK_THREAD_CPUTIME_ID) - start);
}

/* --- the engine --- */

static void customer(struct id128 *out, size_t i)
{
	char name[32];
	int n = snprintf(name, sizeof name, "customer-%zu", i);

	books_account_id(out, BOOKS_CUSTOMER, ASSET_XEM, bytes_of(name, (size_t)n));
}

struct engine {
	struct books books;
	struct log_chain chain;
	struct log_batch batch;
	uint8_t *buffer;

	union {
		struct store base;
		struct store_sqlite sqlite;
		struct store_postgres postgres;
	} store;

	struct store_sync *sync;
	struct history *history; /* SQLite only, as kuramorid has it */
	uint64_t handed;
	struct id128 *ids;
	uint64_t counter;
	struct log_record waiting[BLOCK]; /* made, not yet judged */
	size_t waiting_n;
	uint64_t *record_of; /* records sealed after batch number i */
	size_t record_cap;
};

static void wake(void *ctx)
{
	(void)ctx;
}

static void flush(struct engine *x)
{
	struct bytes sealed;

	if (log_batch_count(&x->batch) == 0) {
		return;
	}
	log_batch_seal(&sealed, &x->batch, &x->chain, &secret);
	CHECK(store_sync_put(x->sync, &x->handed, sealed) == ERR_OK);
	if (x->handed >= x->record_cap) {
		x->record_cap = x->record_cap * 2 + 1024;
		x->record_of = realloc(x->record_of, x->record_cap * sizeof *x->record_of);
		CHECK(x->record_of != NULL);
	}
	x->record_of[x->handed] = x->chain.next_sequence;
	log_batch_begin(&x->batch, x->buffer, BATCH_BYTES);
}

/* The books judge what waits; what they took goes into the batch. */
static void judge(struct engine *x)
{
	static enum err answers[BLOCK];

	books_apply_batch(&x->books, x->waiting, x->waiting_n, answers);
	for (size_t i = 0; i < x->waiting_n; i++) {
		CHECK(answers[i] == ERR_OK);
		CHECK(log_batch_add_record(&x->batch, &x->waiting[i]) == ERR_OK);
		if (log_batch_count(&x->batch) == batch_records) {
			flush(x);
		}
	}
	x->waiting_n = 0;
}

static void book(struct engine *x, const struct log_record *r)
{
	x->waiting[x->waiting_n++] = *r;
	if (x->waiting_n == BLOCK) {
		judge(x);
	}
}

static struct id128 fresh_id(struct engine *x)
{
	uint8_t random[UUID7_RANDOM_BYTES];
	struct id128 id;

	le64_put(random, draw());
	le16_put(random + 8, (uint16_t)x->counter);
	uuid7_make(&id, FIRST_MS + x->counter++ / 500, random);
	return id;
}

static void transfer(struct engine *x, const struct id128 *debit, const struct id128 *credit,
		     u128 amount)
{
	struct log_record r = { .kind = LOG_TRANSFER,
				.asset = ASSET_XEM,
				.time_ms = FIRST_MS + x->counter / 500,
				.debit = *debit,
				.credit = *credit,
				.amount = amount };

	r.id = fresh_id(x);
	book(x, &r);
}

static void open_account(struct engine *x, const struct id128 *id, uint32_t kind)
{
	struct log_record r = {
		.kind = LOG_ACCOUNT, .asset = ASSET_XEM, .id = *id, .amount = kind
	};

	book(x, &r);
}

/* Everything that was begun is durable. */
static void settle(struct engine *x)
{
	judge(x);
	flush(x);
	CHECK(store_sync_wait(x->sync, x->handed) == ERR_OK);
}

/* Coins, and the claims of n customers on them. */
static void fund(struct engine *x, size_t n)
{
	struct id128 till, opening;

	books_account_id(&till, BOOKS_TILL, ASSET_XEM, bytes_str("bench"));
	books_account_id(&opening, BOOKS_OPENING, ASSET_XEM, bytes_str("bench"));
	open_account(x, &till, BOOKS_TILL);
	open_account(x, &opening, BOOKS_OPENING);
	transfer(x, &till, &opening, (u128)n * EACH_ACCOUNT);
	x->ids = malloc(n * sizeof *x->ids);
	CHECK(x->ids != NULL);
	for (size_t i = 0; i < n; i++) {
		customer(&x->ids[i], i);
		open_account(x, &x->ids[i], BOOKS_CUSTOMER);
		transfer(x, &opening, &x->ids[i], EACH_ACCOUNT);
	}
	settle(x);
}

static enum err none(void *context, struct bytes batch)
{
	(void)context;
	(void)batch;
	return ERR_CORRUPT;
}

static void journal_path(char path[PATH_BYTES], const char *tail)
{
	(void)snprintf(path, PATH_BYTES, "%s/bench-books.db%s", directory, tail);
}

/* Bytes of all files of the history; they are removed if that is asked for. */
static uint64_t history_bytes(bool remove_them)
{
	char path[PATH_BYTES], file[2 * PATH_BYTES];
	const struct dirent *entry;
	uint64_t bytes = 0;
	struct stat st;
	DIR *d;

	journal_path(path, ".history");
	d = opendir(path);
	while (d != NULL && (entry = readdir(d)) != NULL) {
		(void)snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
		if (stat(file, &st) == 0 && S_ISREG(st.st_mode)) {
			bytes += (uint64_t)st.st_size;
			if (remove_them) {
				(void)unlink(file);
			}
		}
	}
	if (d != NULL) {
		(void)closedir(d);
	}
	if (remove_them) {
		(void)rmdir(path);
	}
	return bytes;
}

static void follow(void *ctx, struct bytes batch)
{
	history_batch(ctx, batch);
}

static bool follow_idly(void *ctx, struct store *s)
{
	static uint8_t buffer[LOG_BATCH_BYTES_MAX];

	return history_step(ctx, s, buffer);
}

static void journal_remove(void)
{
	static const char *const tails[] = { "", "-wal", "-shm" };

	for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
		char path[PATH_BYTES];

		journal_path(path, tails[i]);
		(void)unlink(path);
	}
	(void)history_bytes(true);
}

static uint64_t journal_bytes(void)
{
	struct stat st;
	char path[PATH_BYTES];

	journal_path(path, "");
	return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static uint64_t mono_ms(void)
{
	return (uint64_t)(now(CLOCK_MONOTONIC) * 1000);
}

/* An empty database, so nobody else writes and the first look is enough. */
static enum err take(struct store_postgres *s, uint8_t *buffer)
{
	enum err e = store_postgres_stand_by(s, buffer, BATCH_BYTES, none, NULL);

	return e == ERR_OK ? store_postgres_take(s, buffer, BATCH_BYTES, none, NULL) : e;
}

static void engine_start(struct engine *x)
{
	struct store_fault fault = { "" };
	char path[PATH_BYTES];
	enum err e;

	memset(x, 0, sizeof *x);
	journal_remove();
	journal_path(path, "");
	x->buffer = malloc(BATCH_BYTES);
	CHECK(x->buffer != NULL && books_init(&x->books) == ERR_OK);
	books_window(&x->books, BOOKS_WINDOW); /* as kuramorid */
	log_chain_init(&x->chain);
	log_batch_begin(&x->batch, x->buffer, BATCH_BYTES);
	if (url != NULL) {
		struct store_postgres_options options = {
			.url = url, .who = "bench", .replica_required = true, .mono_ms = mono_ms
		};

		e = store_postgres_open(&x->store.postgres, &options, &fault);
	} else {
		e = store_sqlite_open(&x->store.sqlite, path, &fault);
	}
	if (e != ERR_OK) {
		(void)fprintf(stderr, "bench_books: %s\n", fault.text);
		exit(1);
	}
	CHECK(store_replay(&x->store.base, x->buffer, BATCH_BYTES, none, NULL) == ERR_OK);
	CHECK(url == NULL || take(&x->store.postgres, x->buffer) == ERR_OK);
	CHECK(store_sync_start(&x->sync, &x->store.base, wake, NULL) == ERR_OK);
	if (url == NULL && with_history) {
		struct store_follower f = { .durable = follow, .idle = follow_idly };

		journal_path(path, ".history");
		CHECK(history_open(&x->history, path, 32768, &fault) == ERR_OK);
		f.ctx = x->history;
		store_sync_follow(x->sync, &f);
	}
}

/* What the kernel was made to write by this process, by its own count. */
static uint64_t written_bytes(void)
{
	char line[128];
	uint64_t v = 0;
	FILE *f = fopen("/proc/self/io", "re");

	while (f != NULL && fgets(line, sizeof line, f) != NULL) {
		if (strncmp(line, "write_bytes: ", 13) == 0) {
			v = strtoull(line + 13, NULL, 10);
		}
	}
	if (f != NULL) {
		(void)fclose(f);
	}
	return v;
}

struct rates {
	double a_second[SAMPLES_MAX];
	size_t n;
	double cpu_decide, cpu_sync; /* seconds of processor in all */
	double at_rest, written;     /* bytes in all */
	uint64_t transfers;
};

/* Some transfers; hot: every one of them has one account in common. */
static void some(struct engine *x, bool hot)
{
	for (unsigned i = 0; i < BLOCK; i++) {
		size_t a = hot ? 0 : draw() % accounts_n, b = draw() % accounts_n;

		if (a == b) {
			b = (b + 1) % accounts_n;
		}
		/* there and back, so that the hot account never runs dry */
		if ((i & 1) != 0) {
			transfer(x, &x->ids[a], &x->ids[b], 1 + (draw() & 1023));
		} else {
			transfer(x, &x->ids[b], &x->ids[a], 1 + (draw() & 1023));
		}
	}
}

/* Transfers for a second, all of them durable at its end. */
static void a_second(struct engine *x, struct rates *r, bool hot)
{
	double start = wall(), took;
	double own = now(CLOCK_THREAD_CPUTIME_ID), both = now(CLOCK_PROCESS_CPUTIME_ID);
	uint64_t rest = journal_bytes(), written = written_bytes(), first = x->chain.next_sequence;

	while (wall() - start < 1) {
		some(x, hot);
	}
	settle(x);
	took = wall() - start;
	own = now(CLOCK_THREAD_CPUTIME_ID) - own;
	r->cpu_decide += own;
	r->cpu_sync += now(CLOCK_PROCESS_CPUTIME_ID) - both - own;
	r->transfers += x->chain.next_sequence - first;
	r->at_rest += (double)(journal_bytes() - rest);
	r->written += (double)(written_bytes() - written);
	r->a_second[r->n++] = (double)(x->chain.next_sequence - first) / took;
}

/* Sorts r's seconds. */
static double say(const char *what, struct rates *r, double goal)
{
	struct spread s = spread_of(r->a_second, r->n);
	double n = (double)r->transfers;

	printf("%s: %.0f transfers/s (%.0f-%.0f)", what, s.median, s.low, s.high);
	if (goal > 0) {
		printf(", %.2f of the goal of %.0f", s.median / goal, goal);
	}
	printf("; processor %.2f us to decide and %.2f us to sync each\n", r->cpu_decide / n * 1e6,
	       r->cpu_sync / n * 1e6);
	return s.median;
}

static void part_engine(void)
{
	static struct engine x;
	static struct rates uniform, hot;
	static double ratio[SAMPLES_MAX];
	struct spread small, large, shares;
	double rate;
	double hashing = hashing_alone(hash_ours, false, 2), bound;
	double sodium = hashing_alone(hash_sodium, true, 2), copying = copying_alone();
	double all, written;

	(void)sync_ms(4096, &small);
	(void)sync_ms(BATCH_BYTES, &large);
	printf("disk: fdatasync of 4 KiB %.3f ms (%.3f-%.3f), of 1 MiB %.3f ms (%.3f-%.3f)\n",
	       small.median, small.low, small.high, large.median, large.low, large.high);
	bound = LOG_BATCH_RECORDS_MAX / large.median * 1000;
	printf("limits: %.0f records/s by that disk in batches of 8,190, %.0f by hashing alone on "
	       "one processor (%.0f with libsodium), %.0f by copying alone\n",
	       bound, hashing, sodium, copying);
	engine_start(&x);
	written = (double)written_bytes();
	fund(&x, accounts_n);
	/* In turn, so that a slow moment of the machine falls on both. */
	for (size_t i = 0; i < seconds && i < SAMPLES_MAX; i++) {
		a_second(&x, &uniform, false);
		a_second(&x, &hot, true);
		ratio[i] = hot.a_second[i] / uniform.a_second[i];
	}
	shares = spread_of(ratio, uniform.n);
	rate = say("uniform", &uniform, 500000);
	printf("uniform: %.2f of the disk's limit, %.2f of hashing's; %.0f bytes a transfer at "
	       "rest (goal 200), %.0f written (goal 500)\n",
	       rate / bound, rate / hashing, uniform.at_rest / (double)uniform.transfers,
	       uniform.written / (double)uniform.transfers);
	(void)say("one hot account", &hot, 0);
	printf("one hot account: %.2f (%.2f-%.2f) of uniform, goal 0.95\n", shares.median,
	       shares.low, shares.high);
	if (x.history != NULL) {
		struct store_fault fault = { "" };

		settle(&x);
		history_wait(x.history);
		CHECK(history_failed(x.history, &fault) == ERR_OK);
		all = (double)x.chain.next_sequence;
		printf(
		    "with the history (%zu files, %.0f bytes a record of it): %.0f bytes a record "
		    "at "
		    "rest (goal 200), %.0f written (goal 500), of %.0f records with the opening of "
		    "all accounts\n",
		    history_runs(x.history), (double)history_bytes(false) / all,
		    (double)(journal_bytes() + history_bytes(false)) / all,
		    ((double)written_bytes() - written) / all, all);
	}
	(void)fflush(stdout);
	journal_remove();
	_exit(0);
}

/* One database, batches of one size: what bench/store/measure.py reads. */
static void part_store(void)
{
	static struct engine x;
	static struct rates rates;
	struct store_fault fault = { "" };
	struct spread s;

	engine_start(&x);
	fund(&x, accounts_n);
	for (size_t i = 0; i < seconds && i < SAMPLES_MAX; i++) {
		a_second(&x, &rates, false);
	}
	s = spread_of(rates.a_second, rates.n);
	printf("{\"median\": %.0f, \"min\": %.0f, \"max\": %.0f, \"cpu_decide_us\": %.2f, "
	       "\"cpu_sync_us\": %.2f}\n",
	       s.median, s.low, s.high, rates.cpu_decide / (double)rates.transfers * 1e6,
	       rates.cpu_sync / (double)rates.transfers * 1e6);
	(void)fflush(stdout);
	CHECK(store_sync_stop(x.sync, &fault) == ERR_OK);
	store_close(&x.store.base);
}

/* --- reading --- */

static void part_read(void)
{
	static struct engine x;

	enum { ROUNDS = 21, READS = 200000 };

	double v[ROUNDS];
	u128 sum = 0;

	engine_start(&x);
	fund(&x, accounts_n);
	for (unsigned k = 0; k < ROUNDS; k++) {
		double start = now(CLOCK_THREAD_CPUTIME_ID);

		for (unsigned i = 0; i < READS; i++) {
			sum += books_available(&x.books, &x.ids[draw() % accounts_n]);
		}
		v[k] = (now(CLOCK_THREAD_CPUTIME_ID) - start) / READS * 1e6;
	}
	CHECK(sum == (u128)ROUNDS * READS * EACH_ACCOUNT);
	{
		struct spread s = spread_of(v, ROUNDS);

		printf("balance read of %zu accounts at random: %.3f us (%.3f-%.3f), goal 1\n",
		       accounts_n, s.median, s.low, s.high);
	}
	(void)fflush(stdout);
	journal_remove();
	_exit(0);
}

/* --- parts --- */

static void in_child(void (*part)(void))
{
	int status = 0;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		part();
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	if (status != 0) {
		(void)fprintf(stderr, "bench_books: a part ended with status %d\n", status);
		exit(1);
	}
}

/* --- restart --- */

struct again {
	const struct store *store;
	struct books books;
	struct log_chain chain; /* the reading thread's */
};

struct opened {
	struct log_view view;
	const uint8_t *from;
};

static enum err again_verify(void *context, struct bytes batch, const struct log_view *checked,
			     void *note)
{
	struct again *x = context;
	struct opened *o = note;

	o->from = batch.p;
	o->view = *checked;
	return log_batch_join(&x->chain, checked, &secret);
}

static enum err again_apply(void *context, struct bytes batch, void *note)
{
	struct again *x = context;
	struct opened *o = note;
	enum err e = ERR_OK;

	log_view_move(&o->view, o->from, batch.p);
	for (uint32_t i = 0; e == ERR_OK && i < o->view.head.count; i++) {
		struct log_record r;

		books_fetch(&x->books, &o->view, i);
		e = log_view_record(&r, &o->view, i);
		if (e == ERR_OK) {
			e = books_replay(&x->books, &r);
		}
	}
	return e;
}

static enum err again_alone(void *context, struct bytes batch)
{
	struct again *x = context;
	struct opened o;
	enum err e = again_verify(context, batch, &x->store->checked, &o);

	return e == ERR_OK ? again_apply(context, batch, &o) : e;
}

/* What a restart took, told to the parent by memory that both see. */
struct restart_took {
	double wall, cpu, records;
};

static struct restart_took *restarted;

static void restart(bool two_threads)
{
	static struct again x;
	static uint8_t buffer[LOG_BATCH_BYTES_MAX];
	const struct store_ahead how = { .batch_bytes = LOG_BATCH_BYTES_MAX,
					 .note_bytes = sizeof(struct opened),
					 .verify = again_verify,
					 .apply = again_apply,
					 .context = &x };
	struct store_sqlite store;
	struct store_fault fault;
	char path[PATH_BYTES];
	const char *why = "";
	double start = wall(), cpu = now(CLOCK_PROCESS_CPUTIME_ID);

	journal_path(path, "");
	log_chain_init(&x.chain);
	CHECK(books_init(&x.books) == ERR_OK);
	books_window(&x.books, BOOKS_WINDOW);
	CHECK(store_sqlite_open(&store, path, &fault) == ERR_OK);
	x.store = &store.base;
	CHECK((two_threads
		   ? store_replay_ahead(&store.base, &how)
		   : store_replay(&store.base, buffer, sizeof buffer, again_alone, &x)) == ERR_OK);
	restarted->wall = wall() - start;
	restarted->cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	restarted->records = (double)x.chain.next_sequence;
	CHECK(books_validate(&x.books, &why) == ERR_OK);
	store_close(&store.base);
	_exit(0);
}

static void part_restart_one(void)
{
	restart(false);
}

static void part_restart_two(void)
{
	restart(true);
}

/* The journal for it; killed by the parent when it has told that enough is durable. */
static void part_writer(int tell)
{
	static struct engine x;

	engine_start(&x);
	fund(&x, accounts_n / 10);
	accounts_n /= 10;
	for (;;) {
		size_t a = draw() % accounts_n,
		       b = (a + 1 + draw() % (accounts_n - 1)) % accounts_n;

		transfer(&x, &x.ids[a], &x.ids[b], 1 + (draw() & 1023));
		if (tell >= 0 && x.record_of[store_sync_durable(x.sync)] >= restart_n) {
			CHECK(write(tell, "x", 1) == 1);
			tell = -1;
		}
	}
}

static void kill_writer(void)
{
	int p[2], status = 0;
	char c;
	pid_t pid;

	CHECK(pipe(p) == 0);
	(void)fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		(void)close(p[0]);
		part_writer(p[1]);
		_exit(1);
	}
	(void)close(p[1]);
	CHECK(read(p[0], &c, 1) == 1 && kill(pid, SIGKILL) == 0);
	(void)close(p[0]);
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
}

static void say_restart(const char *how, double *took, double *cpu)
{
	struct spread t = spread_of(took, RESTARTS), c = spread_of(cpu, RESTARTS);

	printf("restart after SIGKILL, %s: %.0f records, every one verified: %.2f s (%.2f-%.2f) "
	       "for 10 million, %.2f s (%.2f-%.2f) of processor, goal 3\n",
	       how, restarted->records, t.median, t.low, t.high, c.median, c.low, c.high);
}

static void part_restart(void)
{
	double took[2][RESTARTS], cpu[2][RESTARTS];
	double hashing = hashing_alone(hash_ours, false, 1);

	restarted = mmap(NULL, sizeof *restarted, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(restarted != MAP_FAILED);
	kill_writer();
	/* In turn, so that a slow moment of the machine falls on both. */
	for (unsigned i = 0; i < RESTARTS; i++) {
		for (unsigned k = 0; k < 2; k++) {
			in_child(k == 0 ? part_restart_one : part_restart_two);
			took[k][i] = restarted->wall * 1e7 / restarted->records;
			cpu[k][i] = restarted->cpu * 1e7 / restarted->records;
		}
	}
	printf("restart: hashing alone, each record and each batch once, takes %.2f s of processor "
	       "for 10 million (%.2f with libsodium)\n",
	       1e7 / hashing, 1e7 / hashing_alone(hash_sodium, true, 1));
	say_restart("one thread", took[0], cpu[0]);
	say_restart("two threads", took[1], cpu[1]);
	(void)fflush(stdout);
	journal_remove();
}

/* --- memory --- */

static uint64_t resident_kb(void)
{
	char line[128];
	uint64_t v = 0;
	FILE *f = fopen("/proc/self/status", "re");

	while (f != NULL && fgets(line, sizeof line, f) != NULL) {
		if (strncmp(line, "VmRSS:", 6) == 0) {
			v = strtoull(line + 6, NULL, 10);
		}
	}
	if (f != NULL) {
		(void)fclose(f);
	}
	return v;
}

static uint64_t some_transfers; /* of part_memory() so far */

static void apply(struct books *b, uint16_t kind, const struct id128 *id, const struct id128 *debit,
		  const struct id128 *credit, u128 amount)
{
	struct log_record r = { .kind = kind,
				.asset = ASSET_XEM,
				.time_ms = FIRST_MS + some_transfers / 500,
				.id = *id,
				.amount = amount };

	if (debit != NULL) {
		r.debit = *debit;
		r.credit = *credit;
	}
	CHECK(books_apply(b, &r) == ERR_OK);
}

static void transfers(struct engine *x, const struct id128 *debit, const struct id128 *credit,
		      size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct id128 id = fresh_id(x);

		some_transfers = x->counter;
		apply(&x->books, LOG_TRANSFER, &id, debit, credit, 1);
	}
}

static void part_memory(void)
{
	static struct engine x; /* for fresh_id() */
	struct books *b = &x.books;
	struct id128 id, till, opening, last = { { 0 } };
	uint64_t start = resident_kb(), accounts, window, grown;
	size_t more = many_n / 2;

	CHECK(books_init(b) == ERR_OK);
	books_window(b, BOOKS_WINDOW);
	books_account_id(&till, BOOKS_TILL, ASSET_XEM, bytes_str("bench"));
	books_account_id(&opening, BOOKS_OPENING, ASSET_XEM, bytes_str("bench"));
	apply(b, LOG_ACCOUNT, &till, NULL, NULL, BOOKS_TILL);
	apply(b, LOG_ACCOUNT, &opening, NULL, NULL, BOOKS_OPENING);
	id = fresh_id(&x);
	apply(b, LOG_TRANSFER, &id, &till, &opening, (u128)1 << 100);
	for (size_t i = 0; i < many_n; i++) {
		customer(&last, i);
		apply(b, LOG_ACCOUNT, &last, NULL, NULL, BOOKS_CUSTOMER);
	}
	accounts = resident_kb() - start;
	transfers(&x, &opening, &last, BOOKS_WINDOW + BOOKS_WINDOW / 8);
	window = resident_kb() - start - accounts;
	transfers(&x, &opening, &last, more);
	grown = resident_kb() - start - accounts - window;
	printf("memory: %zu accounts in %.0f MB (goal 1000 at 10 million), the newest %d ids in "
	       "%.0f MB, and %.2f bytes a transfer after that (goal 0)\n",
	       many_n, (double)accounts / 1000, (int)BOOKS_WINDOW, (double)window / 1000,
	       (double)grown * 1024 / (double)more);
	(void)fflush(stdout);
	_exit(0);
}

/* --- clients over HTTP --- */

struct client {
	int fd;
	char request[1024];
	size_t request_n, sent;
	char answer[2048];
	size_t have;
	double since;
	bool connected;
};

static const char *http_token;
static size_t http_accounts;

static void client_next(struct client *c, uint64_t *counter)
{
	uint8_t random[UUID7_RANDOM_BYTES];
	char id[UUID7_TEXT_MAX], body[512];
	struct id128 name;
	struct timespec t;
	size_t a = draw() % http_accounts,
	       b = (a + 1 + draw() % (http_accounts - 1)) % http_accounts;
	int n;

	CHECK(clock_gettime(CLOCK_REALTIME, &t) == 0);
	le64_put(random, draw());
	le16_put(random + 8, (uint16_t)(*counter)++);
	uuid7_make(&name, (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000, random);
	uuid7_put(id, &name);
	n = snprintf(
	    body, sizeof body,
	    "{\"transfers\":[{\"amount\":\"%u\",\"asset\":\"nem:xem\",\"credit\":\"customer:"
	    "c%zu\",\"debit\":\"customer:c%zu\",\"id\":\"%s\",\"kind\":\"transfer\"}]}",
	    (unsigned)(1 + (draw() & 1023)), a, b, id);
	n = snprintf(c->request, sizeof c->request,
		     "POST /v1/transfers HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n"
		     "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		     http_token, n, body);
	CHECK(n > 0 && (size_t)n < sizeof c->request);
	c->request_n = (size_t)n;
	c->sent = 0;
	c->have = 0;
	c->since = wall();
}

/* True when a whole answer is here; dies on one that is not "done". */
static bool client_whole(const struct client *c)
{
	const char *end = memmem(c->answer, c->have, "\r\n\r\n", 4), *length;
	size_t head, n;

	if (end == NULL) {
		return false;
	}
	head = (size_t)(end - c->answer) + 4;
	length = memmem(c->answer, head, "Content-Length: ", 16);
	CHECK(length != NULL);
	n = strtoul(length + 16, NULL, 10);
	if (c->have < head + n) {
		return false;
	}
	if (memmem(c->answer, c->have, "\"result\":\"done\"", 15) == NULL) {
		(void)fprintf(stderr, "bench_books: %.*s\n", (int)c->have, c->answer);
		exit(1);
	}
	return true;
}

static void client_send(struct client *c)
{
	ssize_t n = send(c->fd, c->request + c->sent, c->request_n - c->sent, MSG_NOSIGNAL);

	CHECK(n > 0); /* a request is smaller than a socket's buffer */
	c->sent += (size_t)n;
	CHECK(c->sent == c->request_n);
}

static int load(int argc, char **argv)
{
	static double latency[20000000];
	static char token[256];
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct client *clients;
	size_t n, done = 0;
	uint64_t counter = 0;
	double start, end, v[SAMPLES_MAX], mark;
	size_t samples = 0, before = 0;
	int epoll = epoll_create1(EPOLL_CLOEXEC), fd;
	ssize_t got;

	if (argc != 7) {
		(void)fprintf(stderr,
			      "bench_books load PORT TOKEN-FILE CLIENTS SECONDS ACCOUNTS\n");
		return 2;
	}
	fd = open(argv[3], O_RDONLY | O_CLOEXEC);
	got = read(fd, token, sizeof token - 1);
	CHECK(fd >= 0 && got > 0 && epoll >= 0);
	(void)close(fd);
	token[strcspn(token, "\r\n")] = '\0';
	http_token = token;
	n = strtoul(argv[4], NULL, 10);
	seconds = (unsigned)strtoul(argv[5], NULL, 10);
	http_accounts = strtoul(argv[6], NULL, 10);
	to.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	clients = calloc(n, sizeof *clients);
	CHECK(clients != NULL && n > 0 && http_accounts > 1);
	for (size_t i = 0; i < n; i++) {
		struct epoll_event ev = { .events = EPOLLIN, .data = { .ptr = &clients[i] } };

		clients[i].fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		CHECK(clients[i].fd >= 0 &&
		      connect(clients[i].fd, (const struct sockaddr *)&to, sizeof to) == 0);
		CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, clients[i].fd, &ev) == 0);
		client_next(&clients[i], &counter);
		client_send(&clients[i]);
	}
	start = mark = wall();
	end = start + seconds;
	while (wall() < end && done < ARRAY_LEN(latency)) {
		struct epoll_event ev[64];
		int k = epoll_wait(epoll, ev, ARRAY_LEN(ev), 1000);

		for (int i = 0; i < k; i++) {
			struct client *c = ev[i].data.ptr;

			got = recv(c->fd, c->answer + c->have, sizeof c->answer - c->have, 0);
			CHECK(got > 0);
			c->have += (size_t)got;
			if (client_whole(c)) {
				latency[done++] = (wall() - c->since) * 1000;
				client_next(c, &counter);
				client_send(c);
			}
		}
		if (wall() - mark >= 1 && samples < SAMPLES_MAX) {
			v[samples++] = (double)(done - before) / (wall() - mark);
			before = done;
			mark = wall();
		}
	}
	if (done > 0 && samples > 0) {
		struct spread rate = spread_of(v, samples), took = spread_of(latency, done);

		printf("{\"clients\":%zu,\"rate\":%.0f,\"rate_low\":%.0f,\"rate_high\":%.0f,"
		       "\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"n\":%zu,"
		       "\"processor_us\":%.2f}\n",
		       n, rate.median, rate.low, rate.high, took.median, took.p99, took.high, done,
		       now(CLOCK_PROCESS_CPUTIME_ID) / (double)done * 1e6);
	}
	return 0;
}

/* --- all of it --- */

static bool number(size_t *out, const char *text)
{
	char *end = NULL;
	unsigned long v = strtoul(text, &end, 10);

	*out = v;
	return end != text && *end == '\0' && v > 1;
}

static const struct {
	const char *name;
	void (*part)(void);
} parts[] = { { "engine", part_engine },
	      { "restart", part_restart },
	      { "read", part_read },
	      { "memory", part_memory } };

static bool part_known(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (strcmp(name, parts[i].name) == 0) {
			return true;
		}
	}
	return false;
}

int main(int argc, char **argv)
{
	const char *only = NULL; /* NULL: all parts */
	size_t s = seconds;

	CHECK(crypto_init() == ERR_OK);
	if (argc > 1 && strcmp(argv[1], "load") == 0) {
		return load(argc, argv);
	}
	if (argc > 3 && strcmp(argv[1], "store") == 0) {
		url = argv[2];
		if (!number(&batch_records, argv[3]) || batch_records > LOG_BATCH_RECORDS_MAX) {
			(void)fprintf(stderr, "bench_books: a batch has 2 to 8190 records\n");
			return 2;
		}
		argc -= 3;
		argv += 3;
	}
	for (int i = 1; i + 1 < argc; i += 2) {
		bool ok = true;

		if (strcmp(argv[i], "--dir") == 0) {
			directory = argv[i + 1];
		} else if (strcmp(argv[i], "--only") == 0) {
			only = argv[i + 1];
			ok = part_known(only);
		} else if (strcmp(argv[i], "--seconds") == 0) {
			ok = number(&s, argv[i + 1]);
		} else if (strcmp(argv[i], "--history") == 0) {
			with_history = strcmp(argv[i + 1], "no") != 0;
		} else if (strcmp(argv[i], "--accounts") == 0) {
			ok = number(&accounts_n, argv[i + 1]);
		} else if (strcmp(argv[i], "--restart") == 0) {
			ok = number(&restart_n, argv[i + 1]);
		} else if (strcmp(argv[i], "--many") == 0) {
			ok = number(&many_n, argv[i + 1]);
		} else {
			ok = false;
		}
		if (!ok) {
			(void)fprintf(stderr, "bench_books: %s %s is not understood\n", argv[i],
				      argv[i + 1]);
			return 2;
		}
	}
	seconds = (unsigned)s;
	if (url != NULL) {
		in_child(part_store);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (only == NULL || strcmp(only, parts[i].name) == 0) {
			in_child(parts[i].part);
		}
	}
	return 0;
}
