/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.c - where the journal lies, and who writes it.  A file is ours alone once it is open.  A
 * database may have other servers: then this one stands by, follows what the writer appends,
 * answers nobody but with 503 and whom to ask, and takes over when the writer has ended or is
 * silent (store/postgres.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/words.h"
#include "crypto/crypto.h"
#include "io/clock.h"
#include "io/notes.h"
#include "server.h"

enum {
	STAND_BY_MS = 200,           /* between two looks */
	OPENING_PATIENCE_MS = 20000, /* --open-books does not wait for another server's end */
};

/* The replay is done by two threads: one reads and verifies, the other applies. */
struct opened {
	struct log_view view;
	const uint8_t *from; /* what the view points into */
	struct log_chain after;
};

static enum err replay_verify(void *context, struct bytes batch, const struct log_view *checked,
			      void *note)
{
	struct server *s = context;
	struct opened *o = note;
	enum err e = log_batch_join(&s->verified, checked, &s->secret);

	o->view = *checked;
	o->from = batch.p;
	o->after = s->verified;
	return e;
}

static enum err replay_apply(void *context, struct bytes batch, void *note)
{
	struct server *s = context;
	struct opened *o = note;
	enum err e;

	log_view_move(&o->view, o->from, batch.p);
	e = payout_replay_opened(s->payout, &o->view, &o->after);
	if (e == ERR_OK) {
		past_batch(s, batch);
	}
	return e;
}

/* What the writer appends while we stand by. */
static enum err follow_one(void *context, struct bytes batch)
{
	struct server *s = context;
	enum err e = payout_replay(s->payout, batch);

	if (e == ERR_OK) {
		past_batch(s, batch);
	}
	return e;
}

static enum err fail(struct server *s, enum err e, const char *why)
{
	NOTES(NOTES_BROKEN, "start", notes_text("where", "store"), notes_text("detail", why),
	      notes_err(e));
	s->result = e;
	return e;
}

enum err journal_open(struct server *s)
{
	struct store_fault fault = { "" };
	enum err e;

	if (s->shared) {
		struct store_postgres_options options = {
			.url = s->config.store,
			.who =
			    s->config.known_as[0] != '\0' ? s->config.known_as : s->config.listen,
			.replica_required = s->config.replica_required,
			.mono_ms = clock_mono_ms,
		};

		e = store_postgres_open(&s->store.postgres, &options, &fault);
	} else if (strstr(s->config.store, "://") != NULL) {
		return fail(s, ERR_CONFIG, "a journal lies in a file (SQLite) or at postgres://");
	} else {
		e = store_sqlite_open(&s->store.sqlite, s->config.store, &fault);
	}
	if (e != ERR_OK) {
		return fail(s, e, fault.text);
	}
	s->journal_open = true;
	if (s->shared) {
		s->batch = malloc(PAYOUT_BATCH_BYTES);
		CHECK(s->batch != NULL);
	}
	log_chain_init(&s->verified);
	e = store_replay_ahead(&s->store.base,
			       &(struct store_ahead){ .batch_bytes = PAYOUT_BATCH_BYTES,
						      .note_bytes = sizeof(struct opened),
						      .verify = replay_verify,
						      .apply = replay_apply,
						      .context = s });
	if (e == ERR_OK && !s->shared) {
		e = store_sqlite_log_ahead(&s->store.sqlite, STORE_SQLITE_LOG_BYTES);
		if (e == ERR_FULL) {
			/* its commits are only slower for it */
			NOTES(NOTES_UNUSUAL, "log-not-ahead",
			      notes_text("detail", s->store.base.fault.text));
			e = ERR_OK;
		}
	}
	return e == ERR_OK ? ERR_OK : fail(s, e, s->store.base.fault.text);
}

/* A change is told once, not every 200 ms. */
static void told(struct server *s, enum err e)
{
	const struct store_postgres *p = &s->store.postgres;

	if (e == s->stood_by_for && p->seen.epoch == s->stood_by_epoch) {
		return;
	}
	s->stood_by_for = e;
	s->stood_by_epoch = p->seen.epoch;
	if (e == ERR_BUSY) {
		NOTES(NOTES_INFO, "stands-by", notes_text("writer", p->seen.who),
		      notes_u64("epoch", p->seen.epoch),
		      notes_u64("records", p->base.next_sequence));
	} else {
		NOTES(NOTES_UNUSUAL, "stands-by", notes_err(e),
		      notes_text("detail", p->base.fault.text));
	}
}

enum err journal_take(struct server *s)
{
	struct store_postgres *p = &s->store.postgres;
	enum err e;

	if (!s->shared) {
		return ERR_OK;
	}
	e = store_postgres_stand_by(p, s->batch, PAYOUT_BATCH_BYTES, follow_one, s);
	if (e == ERR_OK) {
		e = store_postgres_take(p, s->batch, PAYOUT_BATCH_BYTES, follow_one, s);
	}
	if (e == ERR_OK) {
		NOTES(NOTES_INFO, "writes", notes_u64("epoch", p->epoch),
		      notes_u64("records", p->base.next_sequence));
		return ERR_OK;
	}
	if (p->base.phase == STORE_BROKEN) {
		return fail(s, e, p->base.fault.text);
	}
	told(s, e);
	return ERR_BUSY;
}

static void on_stand_by(void *ctx)
{
	struct server *s = ctx;
	enum err e;

	if (s->stopping) {
		return;
	}
	e = journal_take(s);
	if (e == ERR_BUSY && s->opening.csv != NULL &&
	    clock_mono_ms() - s->stood_by_since_ms > OPENING_PATIENCE_MS) {
		e = fail(s, ERR_BUSY, s->store.base.fault.text);
	} else if (e == ERR_BUSY) {
		return;
	}
	loop_timer_off(&s->loop, &s->stand_by);
	if (e == ERR_OK) {
		e = server_lead(s);
	}
	if (e != ERR_OK) {
		s->result = e;
		loop_end(&s->loop);
	}
}

void journal_stand_by(struct server *s)
{
	s->stood_by_since_ms = clock_mono_ms();
	s->stand_by = (struct loop_timer){ .on = on_stand_by, .ctx = s };
	loop_timer_set(&s->loop, &s->stand_by, STAND_BY_MS, STAND_BY_MS);
}

const char *journal_whom(void *ctx, const char **format)
{
	static const char lapsed[] =
	    N_("this server has had no answer from its database for more than %d ms, and another "
	       "one may write by now; try again");
	static const char elsewhere[] = N_("this server stands by; ask %s");
	static const char alone[] =
	    N_("this server stands by and sees no other; try again in a moment");
	struct server *s = ctx;
	const struct store_postgres *p = &s->store.postgres;

	if (!s->shared || (s->leads && store_postgres_holds(&s->store.postgres))) {
		return NULL;
	}
	if (s->leads) {
		*format = lapsed;
		(void)snprintf(s->whom, sizeof s->whom, lapsed, STORE_POSTGRES_LEASE_MS);
	} else if (p->looked && p->seen.who[0] != '\0' && !p->seen.released) {
		*format = elsewhere;
		(void)snprintf(s->whom, sizeof s->whom, elsewhere, p->seen.who);
	} else {
		*format = alone;
		(void)snprintf(s->whom, sizeof s->whom, alone);
	}
	return s->whom;
}

size_t journal_about(void *ctx, bool metrics, char *out, size_t cap)
{
	struct server *s = ctx;
	const struct store_postgres *p = &s->store.postgres;
	const char *role = s->leads ? "writer" : "standby";
	unsigned long long epoch = 0, behind = 0;
	unsigned long long records = payout_journal(s->payout)->next_sequence;
	const char *whom = s->leads || !s->shared ? "" : p->seen.who;
	int n;

	if (s->shared) {
		epoch = s->leads ? p->epoch : p->seen.epoch;
		/* both are this thread's as long as the sync thread does not run */
		behind = !s->leads && p->seen.next_sequence > records
			     ? p->seen.next_sequence - records
			     : 0;
	}
	if (!metrics) {
		n = snprintf(out, cap,
			     "\"store\":{\"engine\":\"%s\",\"role\":\"%s\",\"epoch\":%llu,"
			     "\"records\":%llu,\"behind\":%llu,\"writer\":\"",
			     s->store.base.engine->name, role, epoch, records, behind);
		CHECK(n > 0 && (size_t)n < cap);
		/* printable ASCII: what could end the string is left out */
		for (const char *c = whom; *c != '\0' && (size_t)n + 4 < cap; c++) {
			if (*c != '"' && *c != '\\') {
				out[n++] = *c;
			}
		}
		out[n++] = '"';
		out[n++] = '}';
		return (size_t)n;
	}
	n = snprintf(
	    out, cap,
	    "# HELP kuramorid_store_writer 1 while this server writes the journal.\n"
	    "# TYPE kuramorid_store_writer gauge\nkuramorid_store_writer{engine=\"%s\"} %d\n"
	    "# HELP kuramorid_store_epoch How often the writer of the journal has changed.\n"
	    "# TYPE kuramorid_store_epoch gauge\nkuramorid_store_epoch %llu\n"
	    "# HELP kuramorid_store_records Records of the journal that this server has.\n"
	    "# TYPE kuramorid_store_records gauge\nkuramorid_store_records %llu\n"
	    "# HELP kuramorid_store_behind_records Records that the database has more.\n"
	    "# TYPE kuramorid_store_behind_records gauge\nkuramorid_store_behind_records %llu\n"
	    "# HELP kuramorid_signature_checks_total Signatures that this process has checked.\n"
	    "# TYPE kuramorid_signature_checks_total counter\n"
	    "kuramorid_signature_checks_total %llu\n",
	    s->store.base.engine->name, s->leads ? 1 : 0, epoch, records, behind,
	    (unsigned long long)crypto_checks());
	CHECK(n > 0 && (size_t)n < cap);
	return (size_t)n;
}
