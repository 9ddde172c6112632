/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_ingest.c - transfers a second into a column store, from binary records and from CSV, and
 * tests of a label a second, with 500,000 labels; each also with a tenth of the data.
 *
 *   bench_ingest [--transfers N] [--accounts N] [--rounds N] [--folder PATH]
 *                [--only binary|csv|labels]
 *
 * default: 4,000,000 transfers, an eighth as many accounts, 3 rounds, a folder under /tmp.
 * Seconds of the processor (so a busy machine changes them little), but for the syncs, which are of
 * the clock.  Beside it, in the same run: the same bytes copied in memory; the same bytes written
 * to a file in large pieces; and a textbook way: a chained hash table of malloc'd names, rows of
 * structs by fwrite(), no checks.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "ingest/labels.h"
#include "ledger.h"
#include "store/columns_feed.h"

enum {
	CHUNK = 1 << 18,
	BLOCK = 120,
	NAME = 40,
	LABELS = 500000,
	TESTS = 4000000,
	TOGETHER = 64,
	ROUNDS_MAX = 99
};

/* What a binary block file would hold of a transfer. */
struct record {
	uint8_t from[NAME], to[NAME];
	uint64_t amount;
	struct hash32 tx;
};

static struct record *records;
static uint64_t state = 1;
static char folder[256] = "/tmp";
static struct columns_fault fault;
static volatile uint64_t sink;

static uint64_t next_random(void)
{
	return ledger_step(&state);
}

static double seconds(clockid_t clock)
{
	struct timespec t;

	CHECK(clock_gettime(clock, &t) == 0);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu(void)
{
	return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

/* Log-uniform activity, as trace.md E has it. */
static uint64_t pick(uint64_t accounts)
{
	unsigned bits = 63 - (unsigned)__builtin_clzll(accounts);
	uint64_t below = UINT64_C(2) << next_random() % (bits + 1);

	return next_random() % (below < accounts ? below : accounts);
}

static void make_chunk(size_t n, uint64_t accounts)
{
	for (size_t i = 0; i < n; i++) {
		struct record *r = &records[i];

		ledger_address((char *)r->from, pick(accounts));
		ledger_address((char *)r->to, pick(accounts));
		r->amount = 1 + next_random() % 1000;
		for (unsigned k = 0; k < 4; k++) {
			le64_put(r->tx.b + (size_t)8 * k, next_random());
		}
	}
}

static void remove_folder(const char *path)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)execl("/bin/rm", "rm", "-rf", path, (char *)NULL);
		_exit(1);
	}
	(void)waitpid(pid, NULL, 0);
}

static struct columns *open_store(char path[300])
{
	struct columns_options o = { .source = COLUMNS_FROM_TRANSFERS };
	struct columns *c = NULL;

	le64_put(o.seed, next_random());
	(void)snprintf(path, 300, "%s/bench-columns-%d", folder, (int)getpid());
	if (columns_open(&c, path, &o, &fault) != ERR_OK) {
		(void)fprintf(stderr, "%s\n", fault.text);
		exit(1);
	}
	return c;
}

struct result {
	double ingest, sync, memory, disk, textbook; /* seconds */
	uint64_t events, bytes;
};

static void append_chunk(struct columns *c, size_t n, uint64_t *height)
{
	struct columns_transfer t[BLOCK];
	uint32_t asset;
	size_t bad;

	for (size_t i = 0; i < n; i += BLOCK) {
		size_t some = n - i < BLOCK ? n - i : BLOCK;

		++*height;
		CHECK(columns_block(c, *height, *height, NULL, &fault) == ERR_OK &&
		      columns_asset(c, bytes_str("coin"), &asset, &fault) == ERR_OK);
		for (size_t k = 0; k < some; k++) {
			const struct record *r = &records[i + k];

			t[k] = (struct columns_transfer){ { r->from, NAME, COLUMNS_ADDRESS },
							  { r->to, NAME, COLUMNS_ADDRESS },
							  r->amount,
							  asset,
							  r->tx };
		}
		CHECK(columns_append(c, t, some, &bad, &fault) == ERR_OK);
	}
}

/* Everybody gets so much that nobody runs dry: not timed. */
static void fund(struct columns *c, uint64_t accounts)
{
	uint8_t name[NAME];
	uint32_t asset;
	size_t bad;

	CHECK(columns_block(c, 1, 0, NULL, &fault) == ERR_OK &&
	      columns_asset(c, bytes_str("coin"), &asset, &fault) == ERR_OK);
	for (uint64_t i = 0; i < accounts; i++) {
		struct columns_transfer t = { .amount = UINT64_C(1) << 40, .asset = asset };

		ledger_address((char *)name, i);
		t.to = (struct columns_name){ name, NAME, COLUMNS_ADDRESS };
		CHECK(columns_append(c, &t, 1, &bad, &fault) == ERR_OK);
	}
}

static void from_binary(struct result *out, uint64_t transfers, uint64_t accounts)
{
	struct columns_verified v;
	struct columns *c;
	char path[300];
	uint64_t height = 1;
	double begun;

	c = open_store(path);
	fund(c, accounts);
	out->ingest = 0;
	for (uint64_t i = 0; i < transfers; i += CHUNK) {
		size_t some = transfers - i < CHUNK ? (size_t)(transfers - i) : CHUNK;

		make_chunk(some, accounts);
		begun = cpu();
		append_chunk(c, some, &height);
		out->ingest += cpu() - begun;
	}
	begun = seconds(CLOCK_MONOTONIC);
	CHECK(columns_commit(c, &fault) == ERR_OK);
	out->sync = seconds(CLOCK_MONOTONIC) - begun;
	columns_close(c);
	CHECK(columns_verify(&v, path, NULL, NULL, &fault) == ERR_OK);
	out->events = v.events;
	out->bytes = v.bytes;
	remove_folder(path);
}

/* What nothing can do without: the records read, so many bytes written. */
static void in_memory(struct result *out, uint64_t transfers)
{
	enum { PIECE = 64 << 20 };

	uint8_t *to = malloc(PIECE), *from = malloc(PIECE);
	uint64_t all = out->bytes + transfers * sizeof(struct record);
	double begun;

	CHECK(to != NULL && from != NULL);
	memset(from, 1, PIECE);
	memset(to, 2, PIECE);
	begun = cpu();
	for (uint64_t i = 0; i < all; i += PIECE) {
		memcpy(to, from, all - i < PIECE ? (size_t)(all - i) : PIECE);
		sink += to[i % PIECE];
	}
	out->memory = cpu() - begun;
	free(to);
	free(from);
}

static void to_disk(struct result *out)
{
	static uint8_t piece[1 << 20];
	char path[300];
	double begun;
	int fd;

	(void)snprintf(path, sizeof path, "%s/bench-bytes-%d", folder, (int)getpid());
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	CHECK(fd >= 0);
	begun = cpu();
	for (uint64_t i = 0; i < out->bytes; i += sizeof piece) {
		CHECK(write(fd, piece, sizeof piece) == (ssize_t)sizeof piece);
	}
	out->disk = cpu() - begun;
	(void)close(fd);
	(void)unlink(path);
}

/* ---- a textbook's way ---- */

struct node {
	struct node *next;
	char *name;
	uint32_t id;
	uint64_t in, out;
};

static struct node **buckets;
static size_t buckets_n;
static uint32_t nodes_n;

static struct node *book_of(const uint8_t *name)
{
	uint64_t h = 0xcbf29ce484222325u;
	struct node *n;

	for (unsigned i = 0; i < NAME; i++) {
		h = (h ^ name[i]) * 0x100000001b3u;
	}
	for (n = buckets[h % buckets_n]; n != NULL; n = n->next) {
		if (bytes_eq(bytes_of(n->name, NAME), bytes_of(name, NAME))) {
			return n;
		}
	}
	n = malloc(sizeof *n);
	CHECK(n != NULL && (n->name = strndup((const char *)name, NAME)) != NULL);
	*n = (struct node){ buckets[h % buckets_n], n->name, nodes_n++, 0, 0 };
	buckets[h % buckets_n] = n;
	return n;
}

static void textbook(struct result *out, uint64_t transfers, uint64_t accounts)
{
	FILE *f = tmpfile();
	double begun;

	buckets_n = (size_t)accounts;
	nodes_n = 0;
	buckets = calloc(buckets_n, sizeof buckets[0]);
	CHECK(f != NULL && buckets != NULL);
	out->textbook = 0;
	for (uint64_t i = 0; i < transfers; i += CHUNK) {
		size_t some = transfers - i < CHUNK ? (size_t)(transfers - i) : CHUNK;

		make_chunk(some, accounts);
		begun = cpu();
		for (size_t k = 0; k < some; k++) {
			const struct record *r = &records[k];
			struct node *from = book_of(r->from), *to = book_of(r->to);

			struct {
				uint32_t from, to;
				uint64_t amount, balance, out, in;
				struct hash32 tx;
			} row = { from->id,  to->id, r->amount, from->in - from->out,
				  from->out, to->in, r->tx };

			from->out += r->amount;
			to->in += r->amount;
			CHECK(fwrite(&row, sizeof row, 1, f) == 1);
		}
		out->textbook += cpu() - begun;
	}
	for (size_t i = 0; i < buckets_n; i++) {
		for (struct node *n = buckets[i], *next; n != NULL; n = next) {
			next = n->next;
			free(n->name);
			free(n);
		}
	}
	free(buckets);
	(void)fclose(f);
}

/* ---- CSV ---- */

/* The lines of a text judged and taken apart, and nothing else. */
static double only_read(struct ingest_csv *csv, const char *at, const char *end)
{
	struct ingest_transfer t;
	struct ingest_fault why;
	double begun = cpu();

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		CHECK(ingest_csv_line(csv, bytes_of(at, (size_t)(stop - at)), &t, &why) == ERR_OK);
		sink += t.amount;
		at = stop + 1;
	}
	return cpu() - begun;
}

/* A textbook's way: strsep(), strtoull(), sscanf() for each byte of an id.  Spoils the text. */
static double read_by_the_book(char *at, const char *end)
{
	double begun = cpu();

	while (at < end) {
		char *stop = memchr(at, '\n', (size_t)(end - at)), *rest = at, *field[8];
		struct hash32 tx;

		*stop = '\0';
		for (unsigned i = 0; i < 8; i++) {
			field[i] = strsep(&rest, ",");
			CHECK(field[i] != NULL);
		}
		for (unsigned i = 0; i < 32; i++) {
			unsigned byte;

			CHECK(sscanf(field[2] + (size_t)2 * i, "%2x", &byte) == 1);
			tx.b[i] = (uint8_t)byte;
		}
		sink += strtoull(field[0], NULL, 10) + strtoull(field[1], NULL, 10) +
			strtoull(field[6], NULL, 10) + tx.b[0] + strlen(field[4]) +
			strlen(field[5]);
		at = stop + 1;
	}
	return cpu() - begun;
}

struct csv_times {
	double stored, read, textbook;
};

static struct csv_times from_csv(uint64_t transfers, uint64_t accounts, uint64_t *text_bytes)
{
	static struct ingest_csv csv;

	enum { LINE = 260 };

	char *text = malloc((size_t)CHUNK * LINE), path[300];
	struct ingest_fault why;
	struct columns_feed *f = NULL;
	struct columns *c = open_store(path);
	uint64_t line = 1, bad, height = 1;
	struct ingest_transfer t;
	struct csv_times all = { 0, 0, 0 };

	fund(c, accounts);
	CHECK(text != NULL && columns_feed_new(&f, c) == ERR_OK);
	ingest_csv_init(&csv);
	CHECK(ingest_csv_line(&csv, bytes_str("height,time,txid,index,from,to,amount,asset"), &t,
			      &why) == ERR_WAIT);
	*text_bytes = 0;
	for (uint64_t i = 0; i < transfers; i += CHUNK) {
		size_t some = transfers - i < CHUNK ? (size_t)(transfers - i) : CHUNK, n = 0;
		const char *at = text;
		double begun;

		make_chunk(some, accounts);
		for (size_t k = 0; k < some; k++) {
			const struct record *r = &records[k];

			height += (i + k) % BLOCK == 0 ? 1 : 0;
			n += (size_t)snprintf(
			    text + n, LINE,
			    "%" PRIu64 ",%" PRIu64 ",%016" PRIx64 "%016" PRIx64 "%016" PRIx64
			    "%016" PRIx64 ",0,%.40s,%.40s,%" PRIu64 ",coin\n",
			    height, height * 60, le64_get(r->tx.b), le64_get(r->tx.b + 8),
			    le64_get(r->tx.b + 16), le64_get(r->tx.b + 24), (const char *)r->from,
			    (const char *)r->to, r->amount);
		}
		*text_bytes += n;
		begun = cpu();
		while (at < text + n) {
			const char *stop = memchr(at, '\n', (size_t)(text + n - at));

			line++;
			CHECK(ingest_csv_line(&csv, bytes_of(at, (size_t)(stop - at)), &t, &why) ==
				  ERR_OK &&
			      columns_feed_transfer(f, &t, line, &bad, &fault) == ERR_OK);
			at = stop + 1;
		}
		all.stored += cpu() - begun;
		all.read += only_read(&csv, text, text + n);
		all.textbook += read_by_the_book(text, text + n);
	}
	CHECK(columns_feed_end(f, &bad, &fault) == ERR_OK);
	columns_feed_free(f);
	columns_close(c);
	free(text);
	remove_folder(path);
	return all;
}

/* ---- labels ---- */

struct label_result {
	double read, many, with, exact, textbook; /* ns a test */
};

static int by_name(const void *a, const void *b)
{
	return bytes_cmp(bytes_of(a, NAME), bytes_of(b, NAME));
}

static struct label_result test_labels(uint32_t n)
{
	uint8_t seed[LABELS_SEED_BYTES], (*asked)[NAME] = malloc((size_t)(1 << 16) * NAME);
	uint8_t(*sorted)[NAME] = malloc((size_t)n * NAME);
	const struct hash32 zero = { { 0 } };
	struct label_result r = { 0, 0, 0, 0, 0 };
	struct labels *l = NULL;
	size_t list = 0;
	/* not the sink, which is memory: each test would wait for the one before it to be added */
	uint64_t sum = 0;
	double begun;

	for (size_t i = 0; i < sizeof seed; i++) {
		seed[i] = (uint8_t)next_random();
	}
	CHECK(sorted != NULL && asked != NULL && labels_new(&l, seed) == ERR_OK &&
	      labels_list(l, bytes_str("x"), &zero, &list) == ERR_OK);
	for (uint32_t i = 0; i < n; i++) {
		struct label_new tag = { .label = bytes_str("x") };

		ledger_address((char *)sorted[i], i);
		tag.address = bytes_of(sorted[i], NAME);
		CHECK(labels_add(l, &tag, list) == ERR_OK);
	}
	CHECK(labels_seal(l) == ERR_OK);
	qsort(sorted, n, NAME, by_name);
	for (uint32_t i = 0; i < 1 << 16; i++) {
		ledger_address((char *)asked[i], n + next_random() % 100000000);
	}
	begun = cpu();
	for (uint32_t i = 0; i < TESTS; i++) {
		const uint8_t *p = asked[i & 0xffff];

		for (unsigned k = 0; k < NAME; k += 8) {
			sum += le64_get(p + k);
		}
	}
	r.read = (cpu() - begun) * 1e9 / TESTS;
	begun = cpu();
	for (uint32_t i = 0; i < TESTS; i += TOGETHER) {
		struct bytes address[TOGETHER];
		size_t place[TOGETHER];

		for (uint32_t k = 0; k < TOGETHER; k++) {
			address[k] = bytes_of(asked[(i + k) & 0xffff], NAME);
		}
		labels_find_many(l, address, TOGETHER, place);
		for (uint32_t k = 0; k < TOGETHER; k++) {
			sum += place[k];
		}
	}
	r.many = (cpu() - begun) * 1e9 / TESTS;
	begun = cpu();
	for (uint32_t i = 0; i < TESTS; i++) {
		sum += labels_find(l, bytes_of(asked[i & 0xffff], NAME));
	}
	r.with = (cpu() - begun) * 1e9 / TESTS;
	begun = cpu();
	for (uint32_t i = 0; i < TESTS; i++) {
		sum += labels_find_exact(l, bytes_of(asked[i & 0xffff], NAME));
	}
	r.exact = (cpu() - begun) * 1e9 / TESTS;
	begun = cpu();
	for (uint32_t i = 0; i < TESTS / 8; i++) {
		sum += bsearch(asked[i & 0xffff], sorted, n, NAME, by_name) != NULL;
	}
	r.textbook = (cpu() - begun) * 1e9 / (TESTS / 8.0);
	sink += sum;
	labels_free(l);
	free(sorted);
	free(asked);
	return r;
}

/* ---- */

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void say(const char *what, double *of, unsigned rounds, const char *unit)
{
	qsort(of, rounds, sizeof of[0], by_size);
	printf("  %-34s %8.2f %s  (%.2f to %.2f)\n", what, of[rounds / 2], unit, of[0],
	       of[rounds - 1]);
}

static const char *only;

static bool wanted(const char *part)
{
	return only == NULL || strcmp(only, part) == 0;
}

static void run(uint64_t transfers, uint64_t accounts, unsigned rounds)
{
	double v[9][ROUNDS_MAX];
	struct result r;
	struct rusage usage;
	double million = (double)transfers / 1e6;

	memset(&r, 0, sizeof r);
	printf("%" PRIu64 " transfers, %" PRIu64 " accounts\n", transfers, accounts);
	for (unsigned i = 0; i < rounds; i++) {
		struct csv_times csv;
		uint64_t text = 0;

		if (wanted("binary")) {
			from_binary(&r, transfers, accounts);
			in_memory(&r, transfers);
			to_disk(&r);
			textbook(&r, transfers, accounts);
			v[0][i] = million / r.ingest;
			v[1][i] = r.sync;
			v[2][i] = million / r.memory;
			v[3][i] = million / r.disk;
			v[4][i] = million / r.textbook;
		}
		if (wanted("csv")) {
			csv = from_csv(transfers, accounts, &text);
			v[5][i] = million / csv.stored;
			v[6][i] = million / csv.read;
			v[7][i] = million / csv.textbook;
		}
	}
	if (wanted("binary")) {
		say("from binary records", v[0], rounds, "M/s");
		say("  the same bytes copied in memory", v[2], rounds, "M/s");
		say("  the same bytes written to a file", v[3], rounds, "M/s");
		say("  a textbook's way", v[4], rounds, "M/s");
		say("the last sync", v[1], rounds, "s (clock)");
	}
	if (wanted("csv")) {
		say("from CSV", v[5], rounds, "M/s");
		say("  its lines read, not stored", v[6], rounds, "M/s");
		say("  read by a textbook's way", v[7], rounds, "M/s");
	}
	if (!wanted("binary")) {
		return;
	}
	(void)getrusage(RUSAGE_SELF, &usage);
	printf(
	    "  bytes an event: 40 for the engines, %.1f in all files (tx ids, names, blocks); most "
	    "memory so far %ld MB\n",
	    (double)r.bytes / (double)r.events, usage.ru_maxrss / 1024);
}

int main(int argc, char **argv)
{
	uint64_t transfers = 4000000, accounts = 0;
	unsigned rounds = 3;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--transfers") == 0) {
			transfers = strtoull(argv[i + 1], NULL, 10);
		} else if (strcmp(argv[i], "--accounts") == 0) {
			accounts = strtoull(argv[i + 1], NULL, 10);
		} else if (strcmp(argv[i], "--rounds") == 0) {
			rounds = (unsigned)strtoul(argv[i + 1], NULL, 10);
		} else if (strcmp(argv[i], "--folder") == 0) {
			(void)snprintf(folder, sizeof folder, "%s", argv[i + 1]);
		} else if (strcmp(argv[i], "--only") == 0) {
			only = argv[i + 1];
		}
	}
	CHECK(transfers >= 10000 && rounds > 0 && rounds < ROUNDS_MAX);
	accounts = accounts != 0 ? accounts : transfers / 8;
	records = malloc(CHUNK * sizeof records[0]);
	CHECK(records != NULL);
	if (only == NULL || strcmp(only, "labels") != 0) {
		run(transfers, accounts, rounds);
		run(transfers / 10, accounts / 10, rounds);
	}
	for (uint32_t n = LABELS; wanted("labels") && n >= LABELS / 10; n /= 10) {
		double v[5][ROUNDS_MAX];

		for (unsigned i = 0; i < rounds; i++) {
			struct label_result l = test_labels(n);

			v[3][i] = l.many;
			v[4][i] = l.read;
			v[0][i] = l.with;
			v[1][i] = l.exact;
			v[2][i] = l.textbook;
		}
		printf("%u labels, tests of addresses that have none\n", n);
		say("as the engine asks, many at once", v[3], rounds, "ns");
		say("filter, then the exact table", v[0], rounds, "ns");
		say("  the addresses alone, read", v[4], rounds, "ns");
		say("  the exact table alone", v[1], rounds, "ns");
		say("  binary search", v[2], rounds, "ns");
	}
	free(records);
	return 0;
}
