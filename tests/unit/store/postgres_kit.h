/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres_kit.h - journals on a real PostgreSQL (tests/kit/postgres.py run), and a clock that a
 * test can move on: nobody waits here for somebody's patience to end.
 */
#ifndef KURAMORI_TESTS_STORE_POSTGRES_KIT_H
#define KURAMORI_TESTS_STORE_POSTGRES_KIT_H

#include "kit.h"
#include "store/postgres.h"

static PGconn *pk_admin; /* of the database "journal" */
static uint64_t pk_ahead;

static inline uint64_t pk_mono(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000 + pk_ahead;
}

static inline const char *pk_url(const char *database, const char *more)
{
	static char url[8][STORE_POSTGRES_URL_MAX];
	static unsigned next;
	char *u = url[next++ % 8];
	const char *where = getenv("KURAMORI_POSTGRES");

	(void)snprintf(u, sizeof url[0], "%s%s%s", where == NULL ? "nowhere" : where, database,
		       more);
	return u;
}

/* One statement of an administrator; its first field in out if not NULL. */
static inline bool pk_ask(PGconn *db, const char *sql, char out[256])
{
	PGresult *r = PQexec(db, sql);
	bool ok = PQresultStatus(r) == PGRES_COMMAND_OK || PQresultStatus(r) == PGRES_TUPLES_OK;

	if (!ok) {
		printf("# %s: %s", sql, PQerrorMessage(db));
	}
	if (out != NULL) {
		(void)snprintf(out, 256, "%s", PQntuples(r) > 0 ? PQgetvalue(r, 0, 0) : "");
	}
	PQclear(r);
	return ok;
}

static inline bool pk_sql(const char *sql)
{
	return pk_ask(pk_admin, sql, NULL);
}

static inline void pk_quiet(void *ctx, const PGresult *r)
{
	(void)ctx;
	(void)r;
}

/* The administrator, once.  Without a server there is nothing to test, and that is a failure. */
static inline bool pk_begin(void)
{
	PGconn *first;

	if (pk_admin != NULL) {
		return true;
	}
	if (getenv("KURAMORI_POSTGRES") == NULL) {
		printf("# no server: run this by tests/kit/postgres.py run\n");
		return false;
	}
	first = PQconnectdb(pk_url("postgres", ""));
	if (!pk_ask(first, "CREATE DATABASE journal", NULL)) {
		PQfinish(first);
		return false;
	}
	PQfinish(first);
	pk_admin = PQconnectdb(pk_url("journal", ""));
	(void)PQsetNoticeReceiver(pk_admin, pk_quiet, NULL);
	return PQstatus(pk_admin) == CONNECTION_OK;
}

/* What a case that failed may have left: a standby that never comes holds up every commit. */
static inline bool pk_no_standby(void)
{
	char text[256] = "x";

	for (unsigned i = 0; i < 2000 && text[0] != '\0'; i++) {
		if (!pk_ask(pk_admin, "SHOW synchronous_standby_names", text)) {
			return false;
		}
		if (text[0] != '\0' && (!pk_sql("ALTER SYSTEM RESET synchronous_standby_names") ||
					!pk_sql("SELECT pg_reload_conf()"))) {
			return false;
		}
	}
	return text[0] == '\0';
}

/* An empty database. */
static inline bool pk_fresh(void)
{
	return pk_begin() && pk_no_standby() && pk_sql("DROP SCHEMA public CASCADE") &&
	       pk_sql("CREATE SCHEMA public") && pk_sql("GRANT USAGE ON SCHEMA public TO PUBLIC") &&
	       pk_sql("DROP SCHEMA IF EXISTS other CASCADE");
}

static inline enum err pk_open(struct store_postgres *s, const char *url, bool replica_required,
			       struct store_fault *fault)
{
	struct store_postgres_options o = { .url = url,
					    .who = "127.0.0.1:8480",
					    .replica_required = replica_required,
					    .mono_ms = pk_mono };

	return store_postgres_open(s, &o, fault);
}

/* Takes over, however long the last writer has to be silent for that. */
static inline enum err pk_lead(struct store_postgres *s, struct kit_seen *seen)
{
	enum err e = ERR_BUSY;

	for (unsigned i = 0; i < 2000 && e == ERR_BUSY; i++) {
		struct timespec wait = { 0, 2000000 };

		e = store_postgres_stand_by(s, kit_buffer, sizeof(kit_buffer), kit_each, seen);
		if (e == ERR_OK) {
			e = store_postgres_take(s, kit_buffer, sizeof(kit_buffer), kit_each, seen);
		}
		if (e == ERR_BUSY) {
			pk_ahead += STORE_POSTGRES_PATIENCE_MS + 1;
			(void)nanosleep(&wait, NULL);
		}
	}
	return e;
}

/* Opens, replays, takes over. */
static inline enum err pk_start(struct store_postgres *s, struct kit_seen *seen, const char *url,
				struct store_fault *fault)
{
	enum err e = pk_open(s, url, false, fault);

	kit_seen_init(seen);
	if (e != ERR_OK) {
		return e;
	}
	e = store_replay(&s->base, kit_buffer, sizeof(kit_buffer), kit_each, seen);
	if (e == ERR_OK) {
		e = pk_lead(s, seen);
	}
	if (e != ERR_OK) {
		*fault = s->base.fault;
		store_close(&s->base);
	}
	return e;
}

#endif
