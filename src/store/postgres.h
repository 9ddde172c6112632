/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres.h - the PostgreSQL engine (kuramorid): one journal, several servers, one of which
 * writes.  docs/scale.md says how to run it and what to do when something breaks.
 *
 *   batches(first_sequence bigint, epoch bigint, count integer, previous, hash, root, records,
 *           blobs bytea: names of the batch's blobs; primary key first_sequence, epoch)
 *   blobs(hash bytea, epoch bigint, bytes bytea; primary key hash, epoch)
 *   writer(id integer primary key: 1, application text, version integer, epoch bigint,
 *          next_sequence bigint, head bytea, beat bigint, released boolean, who text)
 *
 * The fence.  An append is one transaction whose last statement moves the writer row from the end
 * that this server knows to the new one, under its own epoch:
 *
 *   UPDATE writer SET next_sequence, head, beat + 1 WHERE id = 1 AND epoch AND next_sequence AND
 *   head
 *
 * It hits exactly one row, or nothing is committed and the error is ERR_FENCED.  Taking over is the
 * same kind of compare-and-set on epoch and beat.  Both change one row, so any database that does
 * not lose updates of a row puts them in an order, whatever its isolation level.  The epoch is part
 * of the primary keys so that a transaction which a dead or stopped server left open holds no lock
 * that a successor's rows could meet; and it takes the row's lock with its last statement, so that
 * between lock and commit there is one message, for which the database waits no longer than
 * STORE_POSTGRES_IDLE_MS.
 *
 * Who writes.  The writer's row gets a new beat with each append, and every STORE_POSTGRES_BEAT_MS
 * from store_beat().  A server that has seen the same beat for STORE_POSTGRES_PATIENCE_MS of its
 * own monotonic clock may take over; at a clean end the row is released and may be taken at once.
 * The writer holds its role only for STORE_POSTGRES_LEASE_MS after the begin of its last success:
 * less than anybody's patience, so that by then nobody else can have written
 * (store_postgres_holds()).  No two clocks are ever compared.
 *
 * A lost connection, a late answer, or a commit that came with a warning ("might not have been
 * replicated") leaves unknown whether the batch is durable: the handle is broken, the process ends,
 * and what was committed is read back by whoever writes next (docs/decisions/0013).
 */
#ifndef KURAMORI_STORE_POSTGRES_H
#define KURAMORI_STORE_POSTGRES_H

#include <libpq-fe.h>
#include <stdatomic.h>

#include "store/store.h"

enum {
	STORE_POSTGRES_VERSION = 1,
	STORE_POSTGRES_SERVER_MIN = 130000, /* PQserverVersion() */
	STORE_POSTGRES_BEAT_MS = 500,
	STORE_POSTGRES_LEASE_MS = 2500,
	STORE_POSTGRES_PATIENCE_MS = 4000,
	STORE_POSTGRES_IDLE_MS = 3000,    /* an open transaction that says nothing is ended */
	STORE_POSTGRES_LOCK_MS = 1000,    /* who takes over waits for the row's lock so long */
	STORE_POSTGRES_ANSWER_MS = 10000, /* a write that is not answered by then has failed */
	STORE_POSTGRES_LOOK_MS = 2000,    /* the same for a server that stands by */
	STORE_POSTGRES_TRIES = 8,         /* of a transaction that ends with 40001 */
	STORE_POSTGRES_WHO_MAX = 128,
	STORE_POSTGRES_URL_MAX = 512,
};

struct store_postgres_options {
	/*
	 * postgres://[USER@]HOST[:PORT][,HOST2[:PORT2]]/DATABASE[?name=value&...], libpq's
	 * spelling; less than STORE_POSTGRES_URL_MAX.  The hosts are tried in order; the first that
	 * takes writes is used.
	 */
	const char *url;
	/* Where this server is asked: told to the clients of those that stand by.  Printable ASCII,
	 * at most STORE_POSTGRES_WHO_MAX. */
	const char *who;
	/* A commit must wait for a replica: refuse a server whose settings do not say so, at the
	 * start and with every append. */
	bool replica_required;
	/* Only store_replay() and store_blob_get(): of any server, a replica too, beside a running
	 * writer; nothing is made, and how careful the server is does not matter. */
	bool read_only;
	uint64_t (*mono_ms)(void); /* a clock that never goes back, in milliseconds */
};

/* The writer row as it was last seen. */
struct store_postgres_seen {
	uint64_t epoch, next_sequence, beat;
	struct hash32 head;
	bool released;
	bool restoring; /* a restore has not ended: nobody may take over */
	char who[STORE_POSTGRES_WHO_MAX + 1];
};

struct store_postgres {
	struct store base;
	PGconn *db; /* NULL: lost; a server that stands by connects again */
	struct store_postgres_options options;
	char url[STORE_POSTGRES_URL_MAX];
	char who[STORE_POSTGRES_WHO_MAX + 1];
	bool writer;    /* it has taken over; stays true when it is fenced */
	uint64_t epoch; /* under which it writes */
	bool looked;    /* seen is valid */
	struct store_postgres_seen seen;
	uint64_t seen_since_ms;         /* when seen.beat was new */
	_Atomic uint64_t held_until_ms; /* by options.mono_ms */
	/* the pipeline under way */
	uint64_t deadline_ms;
	enum err result;
	bool again;   /* 40001: the whole transaction may be tried again */
	bool missed;  /* a statement that must change one row did not */
	bool doubted; /* a warning came */
};

/*
 * True if text begins as the URL of a PostgreSQL database (postgres:// or postgresql://).
 */
bool store_postgres_is_url(const char *text);

/*
 * Connects, judges the server and its settings, makes the tables in an empty database.  Strings of
 * options are copied.  Next: store_replay().
 *
 * ERR_CONFIG: the URL is not one, carries a password, or names a host of the network without
 * sslmode=verify-full; a variable of the environment that libpq would read is set.
 * ERR_NOT_FOUND: read_only, and the database is empty.  ERR_STATE: a restore into it has not ended.
 * ERR_UNREACHABLE: no host answers and takes writes.  ERR_UNAUTHORISED: it does not let us in or
 * do.  ERR_POLICY: a setting loses what it acknowledged (fsync, full_page_writes,
 * synchronous_commit), or no standby is waited for though required.  ERR_VERSION: the server is too
 * old, or the tables are of a newer program.  ERR_TYPE: a database of another program.
 * ERR_CORRUPT: its tables are not ours.  ERR_INPUT: its encoding is not UTF8.  ERR_IO, ERR_FULL,
 * ERR_TIMEOUT.  On error *s is closed and *fault says why.
 */
MUST_CHECK enum err store_postgres_open(struct store_postgres *s,
					const struct store_postgres_options *options,
					struct store_fault *fault);

/*
 * One look at a server that stands by, after store_replay(): connects again if the connection is
 * lost, replays what is new, and watches the beat.
 *
 * ERR_OK: released, or silent for long enough: store_postgres_take() may be tried.  ERR_BUSY:
 * another server writes (s->seen.who).  ERR_UNREACHABLE, ERR_TIMEOUT, ERR_UNAUTHORISED, ERR_IO: no
 * answer; look again later.  ERR_MISMATCH, ERR_CORRUPT: the database has another history than the
 * one read so far; else what each() returned: the handle is broken.
 */
MUST_CHECK enum err store_postgres_stand_by(struct store_postgres *s, uint8_t *buffer, size_t cap,
					    store_each each, void *context);

/*
 * Takes over what store_postgres_stand_by() found free, and replays what was still written before:
 * afterwards appends are allowed.
 *
 * ERR_BUSY: the old writer is alive after all, or another was faster: stand by on.  ERR_STATE: the
 * old writer was a restore that has not ended.  Other errors as store_postgres_stand_by().
 */
MUST_CHECK enum err store_postgres_take(struct store_postgres *s, uint8_t *buffer, size_t cap,
					store_each each, void *context);

/*
 * For a restore, by the writer: before the first batch (true), and behind the last one (false; dies
 * if there is none).  In between the database is nobody's journal: it is opened, read and taken
 * over by nobody, so that one whose restore was cut off is not taken for a shorter journal.  Errors
 * as an append: the handle is broken.
 */
MUST_CHECK enum err store_postgres_restoring(struct store_postgres *s, bool restoring);

/* True while nobody else can have become the writer.  From any thread. */
bool store_postgres_holds(struct store_postgres *s);

#endif
