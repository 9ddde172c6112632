/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite.c - the SQLite engine.  A batch is taken apart into a row and its blobs (store/row.h), in
 * one transaction.
 */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "store/row.h"

#define TABLE_BATCHES                                                                             \
	"CREATE TABLE batches(first_sequence INTEGER PRIMARY KEY, count INTEGER NOT NULL, "       \
	"previous BLOB NOT NULL, hash BLOB NOT NULL, root BLOB NOT NULL, records BLOB NOT NULL, " \
	"blobs BLOB NOT NULL) STRICT"
#define TABLE_BLOBS "CREATE TABLE blobs(hash BLOB PRIMARY KEY, bytes BLOB NOT NULL) STRICT"

enum {
	COLUMN_FIRST,
	COLUMN_COUNT,
	COLUMN_PREVIOUS,
	COLUMN_HASH,
	COLUMN_ROOT,
	COLUMN_RECORDS,
	COLUMN_BLOBS,
	SCHEMA_ROWS = 3, /* two tables and the index of blobs.hash */
	HASH = 32,
	ZEROS = 64 * 1024,
};

static_assert(offsetof(struct store_sqlite, base) == 0, "base is the first member");

static struct store_sqlite *sqlite_of(struct store *s)
{
	return (struct store_sqlite *)s;
}

static enum err kind_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return ERR_OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_BUSY;
	case SQLITE_FULL:
		return ERR_FULL;
	case SQLITE_NOTADB:
		return ERR_TYPE;
	case SQLITE_CORRUPT:
		return ERR_CORRUPT;
	default: /* SQLite's list, not ours: everything else is a failure of the medium */
		return ERR_IO;
	}
}

/* The fault of a SQLite code, in words that name the file. */
static enum err failed(struct store_sqlite *q, int code, const char *what)
{
	enum err e = kind_of(code);
	const char *words = q->db != NULL ? sqlite3_errmsg(q->db) : sqlite3_errstr(code);

	CHECK(e != ERR_OK);
	if (e == ERR_BUSY) {
		store_fault_set(&q->base.fault,
				"%s: locked: another process holds this database (%s)",
				q->base.path, words);
	} else if (e == ERR_TYPE) {
		store_fault_set(&q->base.fault, "%s: not a database", q->base.path);
	} else if ((code & 0xff) == SQLITE_READONLY) {
		store_fault_set(&q->base.fault, "%s: read-only: cannot %s", q->base.path, what);
	} else {
		store_fault_set(&q->base.fault, "%s: cannot %s: %s (code %d)", q->base.path, what,
				words, code);
	}
	return e;
}

/* Runs a statement that gives no row and makes it ready for the next use. */
static int run(sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);

	/* The code of the step is the answer; the reset only repeats it. */
	(void)sqlite3_reset(statement);
	(void)sqlite3_clear_bindings(statement);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* An empty blob is not NULL, which SQLite would make of a null pointer. */
static int bind_bytes(sqlite3_stmt *statement, int at, struct bytes b)
{
	if (b.n == 0) {
		return sqlite3_bind_zeroblob(statement, at, 0);
	}
	return sqlite3_bind_blob64(statement, at, b.p, b.n, SQLITE_STATIC);
}

static struct bytes column_bytes(sqlite3_stmt *statement, int column)
{
	const void *p = sqlite3_column_blob(statement, column);
	int n = sqlite3_column_bytes(statement, column);

	return bytes_of(p, p == NULL || n < 0 ? 0 : (size_t)n);
}

/* Puts the blobs of a batch and collects their names. */
static int put_blobs(struct store_sqlite *q, struct hash32 *names, const struct log_view *v)
{
	struct bytes blob;
	size_t at = 0, n = 0;

	while (log_view_next_blob(&blob, &names[n], v, &at)) {
		int code = bind_bytes(q->put_blob, 1, bytes_of(names[n].b, HASH));

		if (code == SQLITE_OK) {
			code = bind_bytes(q->put_blob, 2, blob);
		}
		if (code == SQLITE_OK) {
			code = run(q->put_blob);
		}
		if (code != SQLITE_OK) {
			return code;
		}
		n++;
	}
	CHECK(n == v->head.blob_count);
	return SQLITE_OK;
}

static int put_batch(struct store_sqlite *q, const struct log_view *v, struct bytes names)
{
	sqlite3_stmt *p = q->put_batch;
	const struct log_batch_head *h = &v->head;
	int code = sqlite3_bind_int64(p, COLUMN_FIRST + 1, (sqlite3_int64)h->first_sequence);

	if (code == SQLITE_OK) {
		code = sqlite3_bind_int64(p, COLUMN_COUNT + 1, (sqlite3_int64)h->count);
	}
	if (code == SQLITE_OK) {
		code = bind_bytes(p, COLUMN_PREVIOUS + 1, bytes_of(h->previous.b, HASH));
	}
	if (code == SQLITE_OK) {
		code = bind_bytes(p, COLUMN_HASH + 1, bytes_of(h->hash.b, HASH));
	}
	if (code == SQLITE_OK) {
		code = bind_bytes(p, COLUMN_ROOT + 1, bytes_of(h->root.b, HASH));
	}
	if (code == SQLITE_OK) {
		code = bind_bytes(p, COLUMN_RECORDS + 1, v->records);
	}
	if (code == SQLITE_OK) {
		code = bind_bytes(p, COLUMN_BLOBS + 1, names);
	}
	return code == SQLITE_OK ? run(p) : code;
}

/* False: it cannot be told; that is no reason to stop. */
static bool file_at(struct store_sqlite_file *out, const char *path)
{
	struct stat st;

	*out = (struct store_sqlite_file){ 0 };
	if (stat(path, &st) == 0) {
		*out = (struct store_sqlite_file){ st.st_dev, st.st_ino };
		return true;
	}
	return errno == ENOENT;
}

/* What stands at the places of the database and of its log. */
static void files_at(struct store_sqlite_file out[2], bool known[2], const struct store_sqlite *q)
{
	const char *path = sqlite3_db_filename(q->db, "main");

	known[0] = file_at(&out[0], path);
	known[1] = file_at(&out[1], sqlite3_filename_wal(path));
}

/*
 * A commit into a file that was moved away, or whose place another one took, is lost for the next
 * start; and who opened the other one has our log, if it is the same one.
 */
static enum err in_place(struct store_sqlite *q)
{
	struct store_sqlite_file now[2];
	bool known[2];

	files_at(now, known, q);
	for (size_t i = 0; i < ARRAY_LEN(now); i++) {
		if (known[i] &&
		    (now[i].device != q->opened[i].device || now[i].inode != q->opened[i].inode)) {
			store_fault_set(&q->base.fault,
					"%s: %s was moved away or replaced while it was open",
					q->base.path, i == 0 ? "it" : "its log");
			q->base.phase = STORE_BROKEN;
			(void)sqlite3_db_config(q->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
			return ERR_IO;
		}
	}
	return ERR_OK;
}

static enum err append(struct store *s, const struct store_batch *batches, size_t n)
{
	static struct hash32 names[LOG_BATCH_RECORDS_MAX]; /* one writer: one store at a time */
	struct store_sqlite *q = sqlite_of(s);
	const char *what = "begin";
	enum err e = in_place(q);
	int code;

	if (e != ERR_OK) {
		return e;
	}
	code = run(q->begin);

	for (size_t i = 0; code == SQLITE_OK && i < n; i++) {
		const struct log_view *v = &batches[i].view;

		what = "write";
		code = put_blobs(q, names, v);
		if (code == SQLITE_OK) {
			code = put_batch(
			    q, v, bytes_of(names, v->head.blob_count * sizeof(struct hash32)));
		}
	}
	if (code == SQLITE_OK) {
		what = "commit";
		code = run(q->commit);
	}
	if (code != SQLITE_OK) {
		e = failed(q, code, what);
		/* Whether it reached the disk is unknown now: only a restart can tell. */
		s->phase = STORE_BROKEN;
		(void)run(q->rollback);
		return e;
	}
	return ERR_OK;
}

/* The stored bytes of a blob, a view until the statement is reset.  ERR_NOT_FOUND. */
static enum err find_blob(struct store_sqlite *q, struct bytes *out, const uint8_t name[HASH])
{
	int code = bind_bytes(q->get_blob, 1, bytes_of(name, HASH));

	if (code == SQLITE_OK) {
		code = sqlite3_step(q->get_blob);
	}
	if (code == SQLITE_DONE) {
		return ERR_NOT_FOUND;
	}
	if (code != SQLITE_ROW) {
		return failed(q, code, "read");
	}
	*out = column_bytes(q->get_blob, 0);
	return ERR_OK;
}

/* store_row_blob: the view is of a statement that is reset at the next call or by replay(). */
static enum err next_blob(void *context, struct bytes *out, const uint8_t *name, size_t at)
{
	struct store_sqlite *q = context;

	(void)at;
	(void)sqlite3_reset(q->get_blob);
	return find_blob(q, out, name);
}

/* The columns of the present row; views until the statement moves on. */
static struct store_row row_of(sqlite3_stmt *p)
{
	return (struct store_row){
		.first_sequence = sqlite3_column_int64(p, COLUMN_FIRST),
		.count = sqlite3_column_int64(p, COLUMN_COUNT),
		.previous = column_bytes(p, COLUMN_PREVIOUS),
		.hash = column_bytes(p, COLUMN_HASH),
		.root = column_bytes(p, COLUMN_ROOT),
		.records = column_bytes(p, COLUMN_RECORDS),
		.blobs = column_bytes(p, COLUMN_BLOBS),
	};
}

static enum err replay_row(struct store_sqlite *q, uint8_t *buffer, size_t cap, store_each each,
			   void *context)
{
	struct store_row row = row_of(q->each_batch);

	return store_row_replay(&q->base, &row, buffer, cap, next_blob, q, each, context);
}

static enum err replay(struct store *s, uint8_t *buffer, size_t cap, store_each each, void *context)
{
	struct store_sqlite *q = sqlite_of(s);
	enum err e = ERR_OK;
	int code;

	while ((code = sqlite3_step(q->each_batch)) == SQLITE_ROW) {
		e = replay_row(q, buffer, cap, each, context);
		if (e != ERR_OK) {
			goto out;
		}
	}
	if (code != SQLITE_DONE) {
		e = failed(q, code, "read");
	}
out:
	(void)sqlite3_reset(q->get_blob);
	(void)sqlite3_reset(q->each_batch);
	return e;
}

static enum err blob_get(struct store *s, struct bytes *out, uint8_t *buffer, size_t cap,
			 const struct hash32 *name)
{
	struct store_sqlite *q = sqlite_of(s);
	struct bytes blob = { NULL, 0 };
	enum err e = find_blob(q, &blob, name->b);

	if (e == ERR_NOT_FOUND) {
		store_fault_set(&s->fault, "%s: no such blob", s->path);
	}
	if (e == ERR_OK) {
		e = store_row_blob_copy(s, out, buffer, cap, blob, name);
	}
	(void)sqlite3_reset(q->get_blob);
	return e;
}

/* The row of the batch that has record number `sequence`, in get_batch until that is reset. */
static enum err find_row(struct store_sqlite *q, struct store_row *row, uint64_t sequence)
{
	int code = SQLITE_DONE;

	if (sequence < q->base.next_sequence) {
		code = sqlite3_bind_int64(q->get_batch, 1, (sqlite3_int64)sequence);
		if (code == SQLITE_OK) {
			code = sqlite3_step(q->get_batch);
		}
	}
	if (code == SQLITE_DONE) {
		store_fault_set(&q->base.fault, "%s: there is no record %llu yet", q->base.path,
				(unsigned long long)sequence);
		return ERR_NOT_FOUND;
	}
	if (code != SQLITE_ROW) {
		return failed(q, code, "read");
	}
	*row = row_of(q->get_batch);
	return ERR_OK;
}

static enum err batch_get(struct store *s, struct bytes *out, uint8_t *buffer, size_t cap,
			  uint64_t sequence)
{
	struct store_sqlite *q = sqlite_of(s);
	struct store_row row;
	enum err e = find_row(q, &row, sequence);

	if (e == ERR_OK) {
		e = store_row_batch(s, out, buffer, cap, &row, next_blob, q);
	}
	(void)sqlite3_reset(q->get_blob);
	(void)sqlite3_reset(q->get_batch);
	return e;
}

/* By an incremental blob: of a large row only the pages on the way to the record are read. */
static enum err record_get(struct store *s, uint8_t out[LOG_RECORD_BYTES], uint64_t sequence)
{
	struct store_sqlite *q = sqlite_of(s);
	sqlite3_blob *records = NULL;
	sqlite3_int64 first = 0;
	int code = SQLITE_DONE;

	if (sequence < s->next_sequence) {
		code = sqlite3_bind_int64(q->get_first, 1, (sqlite3_int64)sequence);
		if (code == SQLITE_OK) {
			code = sqlite3_step(q->get_first);
		}
	}
	if (code == SQLITE_ROW) {
		first = sqlite3_column_int64(q->get_first, 0);
		code = SQLITE_OK;
	}
	(void)sqlite3_reset(q->get_first);
	if (code == SQLITE_DONE) {
		store_fault_set(&s->fault, "%s: there is no record %llu yet", s->path,
				(unsigned long long)sequence);
		return ERR_NOT_FOUND;
	}
	if (code == SQLITE_OK) {
		code = sqlite3_blob_open(q->db, "main", "batches", "records", first, 0, &records);
	}
	if (code == SQLITE_OK) {
		code = sqlite3_blob_read(records, out, LOG_RECORD_BYTES,
					 (int)(sequence - (uint64_t)first) * LOG_RECORD_BYTES);
	}
	/* Not kept: an open blob is an open reading, which an append would have to wait for. */
	(void)sqlite3_blob_close(records);
	return code == SQLITE_OK ? ERR_OK : failed(q, code, "read");
}

static void close_db(struct store *s)
{
	struct store_sqlite *q = sqlite_of(s);
	sqlite3_stmt **const all[] = { &q->begin,     &q->commit,    &q->rollback,
				       &q->put_batch, &q->put_blob,  &q->each_batch,
				       &q->get_batch, &q->get_first, &q->get_blob };

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		(void)sqlite3_finalize(*all[i]); /* repeats the last error, which was reported */
		*all[i] = NULL;
	}
	if (q->db != NULL) {
		CHECK(sqlite3_close(q->db) == SQLITE_OK); /* not OK: a statement was forgotten */
		q->db = NULL;
	}
}

static const struct store_engine engine = {
	.name = "sqlite",
	.append = append,
	.replay = replay,
	.blob_get = blob_get,
	.batch_get = batch_get,
	.record_get = record_get,
	.close = close_db,
};

static enum err execute(struct store_sqlite *q, const char *sql)
{
	int code = sqlite3_exec(q->db, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? ERR_OK : failed(q, code, "open");
}

/* The first column of the first row. */
static enum err ask(struct store_sqlite *q, sqlite3_int64 *out, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(q->db, sql, -1, &statement, NULL);
	enum err e = ERR_OK;

	if (code == SQLITE_OK) {
		code = sqlite3_step(statement);
	}
	if (code == SQLITE_ROW) {
		*out = sqlite3_column_int64(statement, 0);
	} else {
		e = failed(q, code == SQLITE_DONE ? SQLITE_CORRUPT : code, "open");
	}
	(void)sqlite3_finalize(statement);
	return e;
}

/* A new file: made here with mode 0600, because SQLite's own would be readable by others. */
static enum err make_file(struct store_sqlite *q, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0) {
		(void)close(fd); /* empty: nothing to lose */
		return ERR_OK;
	}
	if (errno == EEXIST) {
		return ERR_OK;
	}
	store_fault_set(&q->base.fault, "%s: cannot create: %s", q->base.path, strerror(errno));
	return ERR_IO;
}

/* Whose database is it?  Nothing is written before that is known. */
static enum err identify(struct store_sqlite *q, bool *empty)
{
	sqlite3_int64 application = 0, version = 0, rows = 0;
	enum err e = ask(q, &application, "PRAGMA application_id");

	if (e == ERR_OK) {
		e = ask(q, &version, "PRAGMA user_version");
	}
	if (e == ERR_OK) {
		e = ask(q, &rows, "SELECT count(*) FROM sqlite_schema");
	}
	if (e != ERR_OK) {
		return e;
	}
	*empty = application == 0 && version == 0 && rows == 0;
	if (*empty) {
		return ERR_OK;
	}
	if (application != STORE_SQLITE_APPLICATION_ID) {
		store_fault_set(&q->base.fault,
				"%s: not a Kuramori journal: a database of another program",
				q->base.path);
		return ERR_TYPE;
	}
	if (version > STORE_SQLITE_VERSION) {
		store_fault_set(&q->base.fault, "%s: schema version %lld, this program reads %d",
				q->base.path, (long long)version, STORE_SQLITE_VERSION);
		return ERR_VERSION;
	}
	if (version != STORE_SQLITE_VERSION) {
		return store_row_corrupt(&q->base, "its schema version is impossible");
	}
	return ERR_OK;
}

static enum err create_tables(struct store_sqlite *q)
{
	char sql[1024];
	int n = snprintf(sql, sizeof(sql),
			 "BEGIN EXCLUSIVE;" TABLE_BATCHES ";" TABLE_BLOBS
			 ";PRAGMA application_id=%d;PRAGMA user_version=%d;COMMIT",
			 STORE_SQLITE_APPLICATION_ID, STORE_SQLITE_VERSION);

	CHECK(n > 0 && (size_t)n < sizeof(sql));
	return execute(q, sql);
}

/* The tables are exactly ours: no column, trigger, view or index more or less. */
static enum err check_tables(struct store_sqlite *q)
{
	sqlite3_int64 rows = 0, ours = 0;
	enum err e = ask(q, &rows, "SELECT count(*) FROM sqlite_schema");

	if (e == ERR_OK) {
		e = ask(q, &ours,
			"SELECT count(*) FROM sqlite_schema WHERE sql IN ('" TABLE_BATCHES
			"','" TABLE_BLOBS "')");
	}
	if (e == ERR_OK && (rows != SCHEMA_ROWS || ours != 2)) {
		return store_row_corrupt(&q->base, "its tables are not ours");
	}
	return e;
}

static enum err prepare(struct store_sqlite *q)
{
	const struct {
		sqlite3_stmt **statement;
		const char *sql;
	} all[] = {
		{ &q->begin, "BEGIN IMMEDIATE" },
		{ &q->commit, "COMMIT" },
		{ &q->rollback, "ROLLBACK" },
		{ &q->put_batch, "INSERT INTO batches(first_sequence, count, previous, hash, root, "
				 "records, blobs) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)" },
		/* The same bytes again are the same row: the name says all of it. */
		{ &q->put_blob,
		  "INSERT INTO blobs(hash, bytes) VALUES(?1, ?2) ON CONFLICT(hash) DO NOTHING" },
		{ &q->each_batch,
		  "SELECT first_sequence, count, previous, hash, root, records, blobs "
		  "FROM batches ORDER BY first_sequence" },
		{ &q->get_batch,
		  "SELECT first_sequence, count, previous, hash, root, records, blobs "
		  "FROM batches WHERE first_sequence <= ?1 ORDER BY first_sequence DESC LIMIT 1" },
		{ &q->get_first, "SELECT first_sequence FROM batches WHERE first_sequence <= ?1 "
				 "ORDER BY first_sequence DESC LIMIT 1" },
		{ &q->get_blob, "SELECT bytes FROM blobs WHERE hash = ?1" },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		int code = sqlite3_prepare_v3(q->db, all[i].sql, -1, SQLITE_PREPARE_PERSISTENT,
					      all[i].statement, NULL);

		if (code != SQLITE_OK) {
			return failed(q, code, "open");
		}
	}
	return ERR_OK;
}

/* WAL and the rest, once the database is known to be ours. */
static enum err configure(struct store_sqlite *q)
{
	char sql[64];
	int n = snprintf(sql, sizeof(sql), "PRAGMA synchronous=FULL;PRAGMA wal_autocheckpoint=%d",
			 STORE_SQLITE_CHECKPOINT_PAGES);
	sqlite3_stmt *statement = NULL;
	bool wal = false;
	int code = sqlite3_prepare_v2(q->db, "PRAGMA journal_mode=WAL", -1, &statement, NULL);

	if (code == SQLITE_OK) {
		code = sqlite3_step(statement);
	}
	if (code == SQLITE_ROW) {
		const unsigned char *mode = sqlite3_column_text(statement, 0);

		wal = mode != NULL && strcmp((const char *)mode, "wal") == 0;
	}
	/* The mode is told before it is written; the end of the statement says whether it was. */
	if (sqlite3_finalize(statement) != SQLITE_OK || code != SQLITE_ROW) {
		return failed(q, sqlite3_extended_errcode(q->db), "open");
	}
	if (!wal) {
		store_fault_set(&q->base.fault, "%s: cannot use a write-ahead log here",
				q->base.path);
		return ERR_IO;
	}
	CHECK(n > 0 && (size_t)n < sizeof(sql));
	return execute(q, sql);
}

static enum err open_db(struct store_sqlite *q, const char *path)
{
	bool empty = false, known[2];
	sqlite3_int64 busy = 0;
	enum err e = make_file(q, path);
	int code;

	if (e != ERR_OK) {
		return e;
	}
	code = sqlite3_open_v2(path, &q->db,
			       SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
			       NULL);
	if (code != SQLITE_OK) {
		return failed(q, code, "open");
	}
	if (sqlite3_db_readonly(q->db, "main") != 0) {
		store_fault_set(&q->base.fault, "%s: read-only: no permission to write",
				q->base.path);
		return ERR_IO;
	}
	(void)sqlite3_db_config(q->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(q->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	/* The lock mode first: then WAL needs no shared memory, and the first access takes the
	 * lock. */
	e = execute(q, "PRAGMA locking_mode=EXCLUSIVE;PRAGMA mmap_size=0;PRAGMA page_size=8192;"
		       "PRAGMA cache_size=-2000;PRAGMA cell_size_check=ON");
	if (e == ERR_OK) {
		e = identify(q, &empty);
	}
	if (e == ERR_OK && empty) {
		e = create_tables(q);
	}
	if (e == ERR_OK) {
		e = check_tables(q);
	}
	if (e == ERR_OK) {
		e = configure(q);
	}
	if (e == ERR_OK) {
		e = execute(q, "BEGIN EXCLUSIVE;COMMIT");
	}
	/* A dead process may have left commits that only memory holds: onto the disk with them. */
	if (e == ERR_OK) {
		e = ask(q, &busy, "PRAGMA wal_checkpoint(TRUNCATE)");
	}
	if (e == ERR_OK && busy != 0) {
		e = failed(q, SQLITE_BUSY, "open");
	}
	if (e == ERR_OK) {
		e = prepare(q);
	}
	if (e == ERR_OK) {
		files_at(q->opened, known, q);
		if (!known[0] || !known[1]) {
			store_fault_set(&q->base.fault, "%s: cannot look at it and its log",
					q->base.path);
			e = ERR_IO;
		}
	}
	return e == ERR_OK ? store_sync_directory(path, &q->base.fault) : e;
}

bool store_sqlite_is(const char *path)
{
	/* the file format's own header: the magic, and at 68 the application, big-endian */
	uint8_t head[72];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : pread(fd, head, sizeof(head), 0);

	if (fd >= 0) {
		(void)close(fd);
	}
	return n == (ssize_t)sizeof(head) && memcmp(head, "SQLite format 3", 16) == 0 &&
	       ((uint32_t)head[68] << 24 | (uint32_t)head[69] << 16 | (uint32_t)head[70] << 8 |
		(uint32_t)head[71]) == STORE_SQLITE_APPLICATION_ID;
}

enum err store_sqlite_open(struct store_sqlite *s, const char *path, struct store_fault *fault)
{
	enum err e;

	memset(s, 0, sizeof(*s));
	store_init(&s->base, &engine, path);
	e = open_db(s, path);
	if (e != ERR_OK) {
		*fault = s->base.fault;
		store_close(&s->base);
	}
	return e;
}

/* Zeros from the end of the file on. */
static int write_behind(sqlite3_file *f, sqlite3_int64 from, sqlite3_int64 to)
{
	static const uint8_t zeros[ZEROS];
	int code = SQLITE_OK;

	while (code == SQLITE_OK && from < to) {
		int n = to - from < ZEROS ? (int)(to - from) : ZEROS;

		code = f->pMethods->xWrite(f, zeros, n, from);
		from += n;
	}
	return code;
}

/* A write that had no room, for which SQLite has a code only where the disk is full. */
static bool no_room(sqlite3_file *f, int code)
{
	int number = 0;

	(void)f->pMethods->xFileControl(f, SQLITE_FCNTL_LAST_ERRNO, &number);
	return code == SQLITE_FULL ||
	       (code == SQLITE_IOERR_WRITE && (number == EFBIG || number == EDQUOT));
}

enum err store_sqlite_log_ahead(struct store_sqlite *s, uint64_t bytes)
{
	sqlite3_file *log = NULL;
	sqlite3_int64 before = 0;
	int code;

	CHECK(bytes <= (uint64_t)1 << 30);
	if (s->base.phase != STORE_OPENED && s->base.phase != STORE_READY) {
		return ERR_STATE;
	}
	/* of a database in WAL mode this is the log; our lock keeps everybody else out of it */
	code = sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
	CHECK(code == SQLITE_OK && log != NULL && log->pMethods != NULL);
	code = log->pMethods->xFileSize(log, &before);
	if (code == SQLITE_OK && (uint64_t)before >= bytes) {
		return ERR_OK;
	}
	/* A truncation that a power cut may take back comes first: the log of before, a part of it
	 * zeros, would end too early, and put old pages over the database's newer ones. */
	if (code == SQLITE_OK) {
		code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
	}
	if (code == SQLITE_OK) {
		code = write_behind(log, before, (sqlite3_int64)bytes);
		if (code == SQLITE_OK) {
			code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
		} else if (no_room(log, code)) {
			const char *why = sqlite3_errstr(code);

			code = log->pMethods->xTruncate(log, before);
			if (code == SQLITE_OK) {
				store_fault_set(&s->base.fault,
						"%s: cannot write its log ahead: %s", s->base.path,
						why);
				return ERR_FULL;
			}
		}
	}
	if (code == SQLITE_OK) {
		return ERR_OK;
	}
	s->base.phase = STORE_BROKEN;
	store_fault_set(&s->base.fault, "%s: cannot write its log ahead: %s (code %d)",
			s->base.path, sqlite3_errstr(code), code);
	return ERR_IO;
}
