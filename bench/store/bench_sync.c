/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_sync: what it costs to make one batch durable, by where its bytes go.
 *
 *   bench_sync [FOLDER] [ROUNDS]
 *
 * In turns, ROUNDS times (default 300), each a write and its sync, timed together by the clock:
 *
 *   bare             4 KiB over themselves: the disk's floor
 *   zeros            a batch into zeros that were written before: the file engine, appending
 *   beside           the same, while two other files do so at the same moment, as watchers do
 *   allocated        a batch into blocks that fallocate() gave and nobody wrote
 *   grows            a batch behind the end of a file
 *   log-ahead        the SQLite engine, its log written ahead
 *   log-grows        the SQLite engine, its log growing
 *
 * FOLDER: on the disk that is meant (default: /tmp).  A line of JSON for each: microseconds, the
 * fastest tenth, the median, nine tenths; the median over bare's of the same rounds, with what a
 * quarter of rounds stayed below and a quarter above; and how many writes and flushes the whole
 * device did for one, which says something only of a device that nobody else writes to.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "crypto/crypto.h"
#include "log/batch.h"
#include "store/file.h"
#include "store/sqlite.h"

enum { ROUNDS_MAX = 2000, BATCH_BYTES = 8192, OTHERS = 2, BLOB_BYTES = 2600, PAGE = 4096 };

enum way { BARE, ZEROS, BESIDE, ALLOCATED, GROWS, LOG_AHEAD, LOG_GROWS, WAYS };

static const char *const names[WAYS] = { "bare",  "zeros",     "beside",   "allocated",
					 "grows", "log-ahead", "log-grows" };
static double us[WAYS][ROUNDS_MAX];

/* What a device has done. */
struct device {
	unsigned long long writes, flushes;
};

static struct device did[WAYS];
static const char *folder;
static const struct log_secret secret = { { 1 } };

/* A journal with an engine, and its chain. */
struct journal {
	union {
		struct store base;
		struct store_file file;
		struct store_sqlite sqlite;
	} store;
	struct log_chain chain;
	uint8_t buffer[STORE_BUFFER_MIN];
};

static struct journal zeros, beside, others[OTHERS], ahead, grows;
static pthread_barrier_t at_once;
static size_t rounds = 300;

static double now_us(void)
{
	struct timespec t;

	CHECK(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static const char *path(const char *name)
{
	static char text[512];

	CHECK(snprintf(text, sizeof text, "%s/%s", folder, name) < (int)sizeof text);
	return text;
}

static enum err none(void *context, struct bytes batch)
{
	(void)context;
	(void)batch;
	return ERR_STATE;
}

static void begin(struct journal *j, const char *name, bool sqlite)
{
	struct store_fault fault;
	enum err e = sqlite ? store_sqlite_open(&j->store.sqlite, path(name), &fault)
			    : store_file_open(&j->store.file, path(name), STORE_FILE_CREATE,
					      (uint64_t)16 * 1024 * 1024, &fault);

	if (e != ERR_OK) {
		(void)fprintf(stderr, "%s\n", fault.text);
		exit(1);
	}
	log_chain_init(&j->chain);
	CHECK(store_replay(&j->store.base, j->buffer, sizeof j->buffer, none, NULL) == ERR_OK);
}

/* As large as what a watcher writes of one attestation; each with another blob. */
static void append(struct journal *j, size_t round)
{
	uint8_t room[BATCH_BYTES], blob[BLOB_BYTES];
	struct log_record r = { .kind = LOG_DOCUMENT, .time_ms = round };
	struct log_batch b;
	struct bytes sealed;

	r.id.b[15] = 1;
	memset(blob, 7, sizeof blob);
	memcpy(blob, &round, sizeof round);
	log_batch_begin(&b, room, sizeof room);
	CHECK(log_batch_add_blob(&b, &r, bytes_of(blob, sizeof blob)) == ERR_OK);
	log_batch_seal(&sealed, &b, &j->chain, &secret);
	CHECK(store_append(&j->store.base, sealed) == ERR_OK);
}

static void *other(void *journal)
{
	for (size_t i = 0; i < rounds; i++) {
		(void)pthread_barrier_wait(&at_once);
		append(journal, i);
	}
	return NULL;
}

static int file_of(const char *name, off_t written, off_t allocated)
{
	static const uint8_t zero[PAGE];
	int fd = open(path(name), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	for (off_t at = 0; at < written; at += PAGE) {
		CHECK(pwrite(fd, zero, PAGE, at) == PAGE);
	}
	CHECK(allocated == 0 || posix_fallocate(fd, 0, allocated) == 0);
	CHECK(fsync(fd) == 0);
	return fd;
}

static void put(int fd, const uint8_t *p, size_t n, size_t at)
{
	CHECK(pwrite(fd, p, n, (off_t)at) == (ssize_t)n);
	CHECK(fdatasync(fd) == 0);
}

/* All zero where the kernel tells nothing of it. */
static struct device device_of(int fd)
{
	struct device d = { 0, 0 };
	char name[64];
	struct stat st;
	FILE *f;

	CHECK(fstat(fd, &st) == 0);
	(void)snprintf(name, sizeof name, "/sys/dev/block/%u:%u/stat", major(st.st_dev),
		       minor(st.st_dev));
	f = fopen(name, "re");
	if (f != NULL) {
		/* the fifth number, and the last but one of seventeen */
		if (fscanf(f, "%*u %*u %*u %*u %llu %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %llu",
			   &d.writes, &d.flushes) != 2) {
			d = (struct device){ 0, 0 };
		}
		(void)fclose(f);
	}
	return d;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void tell(enum way w)
{
	static double sorted[ROUNDS_MAX], ratio[ROUNDS_MAX];

	for (size_t i = 0; i < rounds; i++) {
		sorted[i] = us[w][i];
		ratio[i] = us[w][i] / us[BARE][i];
	}
	qsort(sorted, rounds, sizeof sorted[0], by_size);
	qsort(ratio, rounds, sizeof ratio[0], by_size);
	printf("{\"way\":\"%s\",\"low_us\":%.0f,\"us\":%.0f,\"high_us\":%.0f,\"over_bare\":%.2f,"
	       "\"over_bare_low\":%.2f,\"over_bare_high\":%.2f,\"writes\":%.1f,\"flushes\":%.1f}\n",
	       names[w], sorted[rounds / 10], sorted[rounds / 2], sorted[rounds * 9 / 10],
	       ratio[rounds / 2], ratio[rounds / 4], ratio[rounds * 3 / 4],
	       (double)did[w].writes / (double)rounds, (double)did[w].flushes / (double)rounds);
}

static void one(enum way w, size_t i, const int fd[WAYS])
{
	enum { BATCH = 3072 }; /* as long as those of append() */

	struct device was = device_of(fd[BARE]), is;
	uint8_t page[PAGE];
	double before;

	memset(page, (int)(i % 255 + 1), sizeof page);
	if (w == BESIDE) {
		(void)pthread_barrier_wait(&at_once);
	}
	before = now_us();
	switch (w) {
	case BARE:
		put(fd[w], page, PAGE, 0);
		break;
	case ZEROS:
		append(&zeros, i);
		break;
	case BESIDE:
		append(&beside, i);
		break;
	case ALLOCATED:
	case GROWS:
		put(fd[w], page, BATCH, i * BATCH);
		break;
	case LOG_AHEAD:
		append(&ahead, i);
		break;
	case LOG_GROWS:
		append(&grows, i);
		break;
	case WAYS:
		CHECK(false);
	}
	us[w][i] = now_us() - before;
	is = device_of(fd[BARE]);
	did[w].writes += is.writes - was.writes;
	did[w].flushes += is.flushes - was.flushes;
}

int main(int argc, char **argv)
{
	static const char *const files[] = { "bare",      "zeros", "beside",   "other-0", "other-1",
					     "allocated", "grows", "ahead.db", "log.db" };
	pthread_t threads[OTHERS];
	int fd[WAYS] = { 0 };
	char own[256];

	if (argc > 2) {
		rounds = strtoul(argv[2], NULL, 10);
		rounds = rounds < 10 ? 10 : rounds > ROUNDS_MAX ? ROUNDS_MAX : rounds;
	}
	CHECK(crypto_init() == ERR_OK);
	(void)snprintf(own, sizeof own, "%s/kuramori-sync-XXXXXX", argc > 1 ? argv[1] : "/tmp");
	folder = mkdtemp(own);
	if (folder == NULL) {
		perror(own);
		return 1;
	}
	fd[BARE] = file_of("bare", PAGE, 0);
	fd[ALLOCATED] = file_of("allocated", 0, (off_t)ROUNDS_MAX * PAGE);
	fd[GROWS] = file_of("grows", 0, 0);
	begin(&zeros, "zeros", false);
	begin(&beside, "beside", false);
	begin(&ahead, "ahead.db", true);
	begin(&grows, "log.db", true);
	CHECK(store_sqlite_log_ahead(&ahead.store.sqlite, STORE_SQLITE_LOG_BYTES) == ERR_OK);
	CHECK(pthread_barrier_init(&at_once, NULL, OTHERS + 1) == 0);
	for (size_t i = 0; i < OTHERS; i++) {
		begin(&others[i], i == 0 ? "other-0" : "other-1", false);
		CHECK(pthread_create(&threads[i], NULL, other, &others[i]) == 0);
	}
	for (size_t i = 0; i < rounds; i++) {
		for (enum way w = BARE; w < WAYS; w++) {
			one(w, i, fd);
		}
	}
	for (size_t i = 0; i < OTHERS; i++) {
		CHECK(pthread_join(threads[i], NULL) == 0);
		store_close(&others[i].store.base);
	}
	store_close(&zeros.store.base);
	store_close(&beside.store.base);
	store_close(&ahead.store.base);
	store_close(&grows.store.base);
	for (enum way w = BARE; w < WAYS; w++) {
		tell(w);
	}
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		(void)unlink(path(files[i]));
	}
	return rmdir(folder) == 0 ? 0 : 1;
}
