/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_open.c - whose database it is, what it would lose, and our tables in an empty one. */
#include "store/postgres_open.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "store/postgres_run.h"
#include "store/row.h"

/* --- the way in --- */

enum err postgres_config_fault(struct store_postgres *p, const char *where, const char *why)
{
	store_fault_set(&p->base.fault, "%s: %s: %s", p->base.path, where, why);
	return ERR_CONFIG;
}

/* A socket's directory or this machine: what is said there passes no network. */
static bool host_is_here(const char *host, size_t n)
{
	static const char *const here[] = { "localhost", "127.0.0.1", "::1" };

	if (n == 0 || host[0] == '/' || host[0] == '@') {
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(here); i++) {
		if (n == strlen(here[i]) && memcmp(host, here[i], n) == 0) {
			return true;
		}
	}
	return false;
}

static bool hosts_are_here(const char *list)
{
	for (;;) {
		size_t n = strcspn(list, ",");

		if (!host_is_here(list, n)) {
			return false;
		}
		if (list[n] == '\0') {
			return true;
		}
		list += n + 1;
	}
}

/* What the URL says and may say. */
struct given {
	PQconninfoOption *options;
	bool remote;
	const char *sslmode;
};

static enum err judge_option(struct store_postgres *p, const PQconninfoOption *o, struct given *g)
{
	static const char *const ours[] = { "target_session_attrs",
					    "client_encoding",
					    "application_name",
					    "fallback_application_name",
					    "service",
					    "replication",
					    "options",
					    "keepalives",
					    "tcp_user_timeout" };

	if (strcmp(o->keyword, "password") == 0 || strcmp(o->keyword, "sslpassword") == 0) {
		return postgres_config_fault(
		    p, o->keyword,
		    "a password in a URL is seen by everybody who lists processes; "
		    "use ~/.pgpass (mode 0600), a client certificate, or peer "
		    "authentication over a Unix socket");
	}
	for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
		if (strcmp(o->keyword, ours[i]) == 0) {
			return postgres_config_fault(p, o->keyword, "is not for the URL to say");
		}
	}
	if (strcmp(o->keyword, "host") == 0 || strcmp(o->keyword, "hostaddr") == 0) {
		g->remote = g->remote || !hosts_are_here(o->val);
	}
	if (strcmp(o->keyword, "sslmode") == 0) {
		g->sslmode = o->val;
	}
	return ERR_OK;
}

/* Configuration is the URL alone (design.md 10.3). */
static enum err judge_environment(struct store_postgres *p)
{
	PQconninfoOption *all = PQconndefaults();
	enum err e = ERR_OK;

	for (PQconninfoOption *o = all; o != NULL && o->keyword != NULL && e == ERR_OK; o++) {
		if (o->envvar != NULL && getenv(o->envvar) != NULL) {
			e = postgres_config_fault(
			    p, o->envvar,
			    "this variable of the environment would change where the "
			    "journal is; unset it");
		}
	}
	PQconninfoFree(all);
	return e;
}

static enum err judge_url(struct store_postgres *p, struct given *g)
{
	char *why = NULL;
	bool named = false;
	enum err e = ERR_OK;

	if (!store_postgres_is_url(p->url)) {
		return postgres_config_fault(p, "store",
					     "a URL postgres://HOST/DATABASE is wanted");
	}
	g->options = PQconninfoParse(p->url, &why);
	if (g->options == NULL) {
		char words[PG_LINE];

		postgres_one_line(words, why == NULL ? "no memory" : why);
		PQfreemem(why);
		return postgres_config_fault(p, "store", words);
	}
	for (PQconninfoOption *o = g->options; o->keyword != NULL && e == ERR_OK; o++) {
		if (o->val != NULL) {
			named = named || strcmp(o->keyword, "dbname") == 0;
			e = judge_option(p, o, g);
		}
	}
	if (e == ERR_OK && !named) {
		e = postgres_config_fault(p, "store", "the URL names no database");
	}
	if (e == ERR_OK && g->remote && g->sslmode != NULL &&
	    strcmp(g->sslmode, "verify-full") != 0) {
		e = postgres_config_fault(
		    p, "sslmode", "a database behind a network is asked with verify-full only");
	}
	return e == ERR_OK ? judge_environment(p) : e;
}

static enum err connect_db(struct store_postgres *p, const struct given *g)
{
	/* A host that is gone is noticed by the kernel too, a paused one by our deadlines. */
	static const char *const own[][2] = {
		{ "client_encoding", "UTF8" }, { "application_name", "kuramorid" },
		{ "connect_timeout", "2" },    { "keepalives", "1" },
		{ "keepalives_idle", "2" },    { "keepalives_interval", "1" },
		{ "keepalives_count", "3" },   { "tcp_user_timeout", "5000" },
	};
	const char *keys[64 + ARRAY_LEN(own)], *values[64 + ARRAY_LEN(own)];
	size_t n = 0;

	keys[n] = "target_session_attrs";
	values[n++] = p->options.read_only ? "any" : "read-write";
	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		keys[n] = own[i][0];
		values[n++] = own[i][1];
	}
	if (g->remote) {
		keys[n] = "sslmode";
		values[n++] = "verify-full";
	}
	for (const PQconninfoOption *o = g->options; o->keyword != NULL; o++) {
		if (o->val != NULL) {
			CHECK(n < ARRAY_LEN(keys) - 1);
			keys[n] = o->keyword;
			values[n++] = o->val; /* of a key that stands twice the last counts */
		}
	}
	keys[n] = NULL;
	values[n] = NULL;
	p->db = PQconnectdbParams(keys, values, 0);
	CHECK(p->db != NULL); /* no memory for a few hundred bytes */
	if (PQstatus(p->db) != CONNECTION_OK) {
		char words[PG_LINE];
		bool denied = strstr(PQerrorMessage(p->db), "authentication failed") != NULL ||
			      strstr(PQerrorMessage(p->db), "no pg_hba.conf entry") != NULL ||
			      PQconnectionNeedsPassword(p->db) != 0;
		bool read_only = strstr(PQerrorMessage(p->db), "read-only") != NULL;

		postgres_one_line(words, PQerrorMessage(p->db));
		store_fault_set(&p->base.fault, "%s: cannot connect: %s%s", p->base.path,
				read_only ? "it takes no writes: " : "", words);
		return denied ? ERR_UNAUTHORISED : ERR_UNREACHABLE;
	}
	(void)PQsetNoticeReceiver(p->db, postgres_on_notice, p);
	if (PQsetnonblocking(p->db, 1) != 0 || PQenterPipelineMode(p->db) == 0) {
		return postgres_lost(p, "open");
	}
	return ERR_OK;
}

/* SHOW name into out; longer ones are cut. */
static enum err show(struct store_postgres *p, char out[128], const char *name)
{
	char sql[64];
	PGresult *r = NULL;
	enum err e;

	(void)snprintf(sql, sizeof sql, "SHOW %s", name);
	e = postgres_ask_text(p, &r, sql);
	if (e == ERR_OK) {
		(void)snprintf(out, 128, "%s", PQntuples(r) == 1 ? PQgetvalue(r, 0, 0) : "");
	}
	PQclear(r);
	return e;
}

static enum err refuse_setting(struct store_postgres *p, const char *name, const char *value,
			       const char *why)
{
	store_fault_set(&p->base.fault, "%s: the database has %s = %s: %s", p->base.path, name,
			value, why);
	return ERR_POLICY;
}

enum err postgres_no_standby(struct store_postgres *p)
{
	store_fault_set(&p->base.fault,
			"%s: the database waits for no standby (synchronous_standby_names is "
			"empty), and replica_required is set",
			p->base.path);
	return ERR_POLICY;
}

/* What the server would do with what it acknowledges. */
static enum err judge_settings(struct store_postgres *p)
{
	static const struct {
		const char *name, *why;
	} on[] = {
		{ "fsync", "a crash of its machine would lose or damage the journal" },
		{ "full_page_writes", "a crash of its machine would damage the journal" },
	};

	char value[128] = "";
	enum err e;

	/* CockroachDB says who it is, has none of these, and cannot be told to be careless. */
	if (PQparameterStatus(p->db, "crdb_version") != NULL) {
		return ERR_OK;
	}
	for (size_t i = 0; i < ARRAY_LEN(on); i++) {
		e = show(p, value, on[i].name);
		if (e != ERR_OK) {
			return e;
		}
		if (strcmp(value, "on") != 0) {
			return refuse_setting(p, on[i].name, value, on[i].why);
		}
	}
	e = show(p, value, "synchronous_commit");
	if (e != ERR_OK) {
		return e;
	}
	if (strcmp(value, "off") == 0) {
		return refuse_setting(p, "synchronous_commit", value,
				      "it would acknowledge what it has not written");
	}
	if (!p->options.replica_required) {
		return ERR_OK;
	}
	if (strcmp(value, "on") != 0 && strcmp(value, "remote_apply") != 0) {
		return refuse_setting(p, "synchronous_commit", value,
				      "with replica_required it must be on or remote_apply");
	}
	e = show(p, value, "synchronous_standby_names");
	if (e == ERR_OK && value[0] == '\0') {
		e = postgres_no_standby(p);
	}
	return e;
}

static enum err judge_server(struct store_postgres *p)
{
	const char *encoding = PQparameterStatus(p->db, "server_encoding");
	int version = PQserverVersion(p->db);

	if (version < STORE_POSTGRES_SERVER_MIN) {
		store_fault_set(&p->base.fault,
				"%s: the server is of version %d.%d, at least %d is needed",
				p->base.path, version / 10000, version % 10000,
				STORE_POSTGRES_SERVER_MIN / 10000);
		return ERR_VERSION;
	}
	if (encoding == NULL || strcmp(encoding, "UTF8") != 0) {
		store_fault_set(&p->base.fault, "%s: the database's encoding is %s, UTF8 is wanted",
				p->base.path, encoding == NULL ? "unknown" : encoding);
		return ERR_INPUT;
	}
	return p->options.read_only ? ERR_OK : judge_settings(p);
}

/* --- the tables --- */

static const struct {
	const char *table, *column, *type;
} columns[] = {
	{ "batches", "first_sequence", "bigint" },
	{ "batches", "epoch", "bigint" },
	{ "batches", "count", "integer" },
	{ "batches", "previous", "bytea" },
	{ "batches", "hash", "bytea" },
	{ "batches", "root", "bytea" },
	{ "batches", "records", "bytea" },
	{ "batches", "blobs", "bytea" },
	{ "blobs", "hash", "bytea" },
	{ "blobs", "epoch", "bigint" },
	{ "blobs", "bytes", "bytea" },
	{ "writer", "id", "integer" },
	{ "writer", "application", "text" },
	{ "writer", "version", "integer" },
	{ "writer", "epoch", "bigint" },
	{ "writer", "next_sequence", "bigint" },
	{ "writer", "head", "bytea" },
	{ "writer", "beat", "bigint" },
	{ "writer", "released", "boolean" },
	{ "writer", "who", "text" },
};

/* In this order each is made only after the one before; the row of writer comes last of all, so
 * that a creation that was cut off shows and goes on. */
static const char *const creation[] = {
	"CREATE TABLE IF NOT EXISTS batches(first_sequence bigint NOT NULL, epoch bigint NOT NULL, "
	"count integer NOT NULL, previous bytea NOT NULL, hash bytea NOT NULL, root bytea NOT "
	"NULL, "
	"records bytea NOT NULL, blobs bytea NOT NULL, PRIMARY KEY(first_sequence, epoch))",
	"CREATE TABLE IF NOT EXISTS blobs(hash bytea NOT NULL, epoch bigint NOT NULL, "
	"bytes bytea NOT NULL, PRIMARY KEY(hash, epoch))",
	"CREATE TABLE IF NOT EXISTS writer(id integer NOT NULL PRIMARY KEY, application text NOT "
	"NULL, version integer NOT NULL, epoch bigint NOT NULL, next_sequence bigint NOT NULL, "
	"head bytea NOT NULL, beat bigint NOT NULL, released boolean NOT NULL, who text NOT NULL)",
	"INSERT INTO writer(id, application, version, epoch, next_sequence, head, beat, released, "
	"who) VALUES(1, '" PG_APPLICATION
	"', 1, 0, 0, '\\x0000000000000000000000000000000000000000000000000000000000000000', 0, "
	"true, '') ON CONFLICT(id) DO NOTHING",
};

static_assert(STORE_POSTGRES_VERSION == 1, "as in creation");

/* How the database's tables compare with ours. */
struct tables {
	int rows;     /* columns of all tables of the schema */
	int ours;     /* of these, exactly as ours, in a row from the first */
	bool named;   /* a table writer with the columns application and version */
	int foreign;  /* tables in other schemas */
	int triggers; /* of the schema */
};

static enum err count_rows(struct store_postgres *p, int *out, const char *sql)
{
	PGresult *r = NULL;
	enum err e = postgres_ask_text(p, &r, sql);

	*out = e == ERR_OK ? PQntuples(r) : 0;
	PQclear(r);
	return e;
}

static enum err read_tables(struct store_postgres *p, struct tables *t)
{
	PGresult *r = NULL;
	bool application = false, version = false;
	enum err e =
	    postgres_ask_text(p, &r,
			      "SELECT CAST(table_name AS text), CAST(column_name AS text), "
			      "CAST(data_type AS text) FROM information_schema.columns WHERE "
			      "table_schema = 'public' ORDER BY table_name, ordinal_position");

	if (e != ERR_OK) {
		return e;
	}
	*t = (struct tables){ .rows = PQntuples(r) };
	for (int i = 0; i < t->rows; i++) {
		const char *table = PQgetvalue(r, i, 0), *column = PQgetvalue(r, i, 1);
		const char *type = PQgetvalue(r, i, 2);

		if (i == t->ours && i < (int)ARRAY_LEN(columns) &&
		    strcmp(table, columns[i].table) == 0 &&
		    strcmp(column, columns[i].column) == 0 && strcmp(type, columns[i].type) == 0) {
			t->ours++;
		}
		if (strcmp(table, "writer") == 0) {
			application = application || (strcmp(column, "application") == 0 &&
						      strcmp(type, "text") == 0);
			version = version ||
				  (strcmp(column, "version") == 0 && strcmp(type, "integer") == 0);
		}
	}
	t->named = application && version;
	PQclear(r);
	e = count_rows(p, &t->foreign,
		       "SELECT 1 FROM information_schema.tables WHERE table_schema NOT IN "
		       "('public', 'pg_catalog', 'information_schema', 'crdb_internal', "
		       "'pg_extension')");
	if (e == ERR_OK) {
		e = count_rows(p, &t->triggers,
			       "SELECT 1 FROM information_schema.triggers WHERE "
			       "event_object_schema = 'public'");
	}
	return e;
}

enum err postgres_half_restored(struct store_postgres *p)
{
	store_fault_set(&p->base.fault,
			"%s: a restore into this database has not ended: it has a part of the "
			"backup. If nobody is restoring now, drop the database and restore again",
			p->base.path);
	return ERR_STATE;
}

static enum err foreign_database(struct store_postgres *p)
{
	store_fault_set(&p->base.fault, "%s: not a Kuramori journal: a database of another program",
			p->base.path);
	return ERR_TYPE;
}

/* One reading for identify().  *headless: there are batches, and no writer row was seen before. */
static enum err identify_once(struct store_postgres *p, bool *empty, bool *headless)
{
	struct tables t;
	PGresult *r = NULL;
	char application[64] = "";
	int rows = 0;
	long version = 0;
	enum err e = read_tables(p, &t);

	*empty = false;
	*headless = false;
	if (e != ERR_OK) {
		return e;
	}
	if (t.named) {
		e = postgres_ask_text(p, &r, "SELECT application, version FROM writer");
		if (e != ERR_OK) {
			return e;
		}
		rows = PQntuples(r);
		if (rows == 1) {
			postgres_column_text(application, sizeof application, r, 0, 0);
			version = strtol(PQgetvalue(r, 0, 1), NULL, 10);
		}
		PQclear(r);
	}
	if (rows == 0) {
		/* empty, or exactly what a creation that was cut off left */
		if (t.foreign > 0 || t.rows != t.ours || t.triggers > 0) {
			return foreign_database(p);
		}
		rows = 0;
		if (t.rows > 0) { /* the first table that is made is batches */
			e = count_rows(p, &rows, "SELECT 1 FROM batches LIMIT 1");
		}
		*headless = e == ERR_OK && rows > 0;
		*empty = e == ERR_OK && rows == 0;
		return e;
	}
	if (strcmp(application, PG_RESTORING) == 0) {
		return postgres_half_restored(p);
	}
	if (strcmp(application, PG_APPLICATION) != 0) {
		return foreign_database(p);
	}
	if (version > STORE_POSTGRES_VERSION) {
		store_fault_set(&p->base.fault, "%s: schema version %ld, this program reads %d",
				p->base.path, version, STORE_POSTGRES_VERSION);
		return ERR_VERSION;
	}
	if (version != STORE_POSTGRES_VERSION) {
		return store_row_corrupt(&p->base, "its schema version is impossible");
	}
	if (t.rows != (int)ARRAY_LEN(columns) || t.ours != t.rows || t.triggers > 0) {
		return store_row_corrupt(&p->base, "its tables are not ours");
	}
	return ERR_OK;
}

/* Whose database is it?  Nothing is written before that is known. */
static enum err identify(struct store_postgres *p, bool *empty)
{
	bool headless = false;
	enum err e = identify_once(p, empty, &headless);

	if (e == ERR_OK && headless) {
		/* Another server may have created it and written since we looked for the row, which
		 * is there before any batch: then it is seen now. */
		e = identify_once(p, empty, &headless);
	}
	return e == ERR_OK && headless ? store_row_corrupt(&p->base, "the writer row is missing")
				       : e;
}

/* Two servers may do this at once: what the other has made is there, and that is all right. */
static enum err create_tables(struct store_postgres *p)
{
	enum err e = ERR_OK;
	bool empty = true;

	for (unsigned tries = 0; tries < STORE_POSTGRES_TRIES && empty; tries++) {
		e = ERR_OK;
		for (size_t i = 0; i < ARRAY_LEN(creation) && e == ERR_OK; i++) {
			e = postgres_ask_text(p, NULL, creation[i]);
		}
		if (e != ERR_OK && (e == ERR_UNREACHABLE || e == ERR_TIMEOUT ||
				    e == ERR_UNAUTHORISED || e == ERR_FULL)) {
			return e;
		}
		{
			struct store_fault fault = p->base.fault;
			enum err again = identify(p, &empty);

			if (again != ERR_OK) {
				return again;
			}
			p->base.fault = fault;
		}
	}
	return empty ? (e == ERR_OK ? ERR_IO : e) : ERR_OK;
}

/*
 * The database compresses the records of a batch: LZ4 costs it less than its own way
 * (bench/README.md).  Older servers, those built without, and others have no such setting: as well.
 */
static enum err compress_quickly(struct store_postgres *p)
{
	enum err e = postgres_ask_text(p, NULL, "SET default_toast_compression = 'lz4'");

	return e == ERR_UNREACHABLE || e == ERR_TIMEOUT ? e : ERR_OK;
}

/* Connection, server, tables, statements.  create: an empty database gets our tables. */
enum err postgres_start(struct store_postgres *p, bool create)
{
	struct given g = { .options = NULL };
	bool empty = false;
	enum err e = judge_url(p, &g);

	if (e == ERR_OK) {
		e = connect_db(p, &g);
	}
	PQconninfoFree(g.options);
	if (e == ERR_OK) {
		e = judge_server(p);
	}
	if (e == ERR_OK) {
		e = postgres_ask_text(p, NULL, "SET search_path = public");
	}
	if (e == ERR_OK) {
		e = postgres_ask_text(p, NULL, "SET idle_in_transaction_session_timeout = 3000");
	}
	if (e == ERR_OK) {
		e = postgres_ask_text(p, NULL, "SET statement_timeout = 0");
	}
	if (e == ERR_OK) {
		e = compress_quickly(p);
	}
	if (e == ERR_OK) {
		e = identify(p, &empty);
	}
	if (e == ERR_OK && empty && p->options.read_only) {
		store_fault_set(&p->base.fault, "%s: no journal is here", p->base.path);
		return ERR_NOT_FOUND;
	}
	if (e == ERR_OK && empty && !create) {
		store_fault_set(&p->base.fault, "%s: the journal that was there is gone",
				p->base.path);
		e = ERR_MISMATCH;
	}
	if (e == ERR_OK && empty) {
		e = create_tables(p);
	}
	return e == ERR_OK ? postgres_prepare(p) : e;
}

static_assert(STORE_POSTGRES_IDLE_MS == 3000, "as in postgres_start()");
