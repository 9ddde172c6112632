/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/guard.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "crypto/sha256.h"
#include "guard/guard_self.h"
#include "policy/approvals.h"

static enum err init_no(struct doc_fault *fault, enum err e, const char *field, const char *why)
{
	(void)snprintf(fault->field, sizeof fault->field, "%s", field);
	fault->why = why;
	return e;
}

/* Puts the document's name in front of the field that is at fault. */
static enum err init_in(struct doc_fault *fault, enum err e, const char *document)
{
	char field[sizeof fault->field];

	memcpy(field, fault->field, sizeof field);
	(void)snprintf(fault->field, sizeof fault->field, "%s.%.50s", document, field);
	return e;
}

static enum err init_documents(struct guard *g, struct doc_fault *fault)
{
	struct doc d;
	struct hash32 zero_id;
	enum err e = doc_open(&d, g->config.genesis, NULL, fault);

	if (e == ERR_OK && d.type != DOC_GENESIS) {
		return init_no(fault, ERR_TYPE, "genesis", "not a genesis document");
	}
	if (e == ERR_OK) {
		e = doc_genesis_read(&d, &g->genesis, fault);
	}
	if (e != ERR_OK) {
		return init_in(fault, e, "genesis");
	}
	g->genesis_id = d.id;

	e = doc_open(&d, g->config.roster, &g->genesis_id, fault);
	if (e == ERR_OK && d.type != DOC_ROSTER) {
		return init_no(fault, ERR_TYPE, "roster", "not a roster");
	}
	if (e == ERR_OK) {
		e = doc_roster_read(&d, &g->roster, fault);
	}
	if (e == ERR_OK) {
		e = approvals_keys(&g->roster, fault);
	}
	if (e != ERR_OK) {
		return init_in(fault, e, "roster");
	}
	doc_zero_id(&zero_id, &d);
	if (!hash32_eq(&zero_id, &g->genesis.roster)) {
		return init_no(fault, ERR_MISMATCH, "roster", "genesis names another roster");
	}
	g->roster_id = d.id;

	e = doc_open(&d, g->config.policy, &g->genesis_id, fault);
	if (e == ERR_OK && d.type != DOC_POLICY) {
		return init_no(fault, ERR_TYPE, "policy", "not a policy");
	}
	if (e == ERR_OK) {
		e = doc_policy_read(&d, &g->policy, fault);
	}
	if (e != ERR_OK) {
		return init_in(fault, e, "policy");
	}
	doc_zero_id(&zero_id, &d);
	if (!hash32_eq(&zero_id, &g->genesis.policy)) {
		return init_no(fault, ERR_MISMATCH, "policy", "genesis names another policy");
	}
	g->policy_id = d.id;
	return ERR_OK;
}

static enum err init_keys(struct guard *g, struct doc_fault *fault)
{
	const struct doc_signer_entry *own;
	struct key32 attest;

	if (g->config.chain_secret == NULL) {
		CHECK(g->config.attest_secret == NULL);
		return ERR_OK;
	}
	if (g->config.signer != DOC_SIGNER_A && g->config.signer != DOC_SIGNER_B) {
		return init_no(fault, ERR_FIELD_RANGE, "signer_id", "a signer is a or b");
	}
	own = &g->roster.signers[g->config.signer];
	if (!key32_eq(&own->chain_key, &g->config.chain_secret->public_key)) {
		return init_no(fault, ERR_KEY, "roster.signers.chain_key",
			       "the sealed key is not this signer's");
	}
	/* the second half of an Ed25519 secret is its public key (RFC 8032) */
	memcpy(attest.b, g->config.attest_secret + 32, sizeof attest.b);
	if (!key32_eq(&own->attest_key, &attest)) {
		return init_no(fault, ERR_KEY, "roster.signers.attest_key",
			       "the attest key is not this signer's");
	}
	if (g->genesis.chain_network != g->config.network) {
		return init_no(fault, ERR_NETWORK, "genesis.chain_network",
			       "not the network that this signer's operator consented to");
	}
	return ERR_OK;
}

/* A key for marks that nobody outside this process knows. */
static void mark_key(struct guard *g)
{
	struct sha256 s;
	struct hash32 key;

	sha256_init(&s);
	sha256_update(&s, bytes_str("kuramori guard marks v1\n"));
	sha256_update(&s, bytes_of(g->config.boot_random, sizeof g->config.boot_random));
	sha256_final(&s, &key);
	memcpy(g->mark_key, key.b, sizeof g->mark_key);
}

enum err guard_init(struct guard *g, const struct guard_config *config, struct doc_fault *fault)
{
	const struct guard_storage *s = &config->storage;
	struct policy_verdict v;
	enum err e;

	memset(g, 0, sizeof *g);
	*fault = (struct doc_fault){ "", "" };
	g->config = *config;
	if (s->payments_cap < GUARD_PAYMENTS_MIN || s->payments_cap > GUARD_PAYMENTS_MAX ||
	    s->entries_cap < GUARD_PAYMENTS_MIN ||
	    (s->read == NULL && (s->control == NULL || config->chain_secret != NULL))) {
		return init_no(fault, ERR_FIELD_RANGE, "storage",
			       "tables that are too small or large");
	}
	e = init_documents(g, fault);
	if (e == ERR_OK) {
		e = init_keys(g, fault);
	}
	if (e != ERR_OK) {
		return e;
	}
	v = policy_check(&g->policy);
	if (v.err != ERR_OK) {
		return init_no(fault, v.err, v.field, v.words);
	}
	policy_own_make(&g->policy_own, &g->genesis);
	control_init(&g->control, &g->genesis_id,
		     &(struct control_rules){ &g->roster_id, &g->policy_id, &g->roster, &g->policy,
					      g->genesis.recovery.needed },
		     &(struct control_storage){
			 .freezes = s->control,
			 .freezes_cap = GUARD_STOP_BYTES,
			 .others = s->control == NULL ? NULL : s->control + GUARD_STOP_BYTES,
			 .others_cap = GUARD_CONTROL_BYTES,
			 .read = s->control == NULL ? s->read : NULL,
			 .ctx = s->ctx,
			 .room = guard_self_scratch(DOC_BYTES_MAX) },
		     config->planted_control);
	mark_key(g);
	log_chain_init(&g->chain);
	policy_history_init(&g->history, s->entries, s->entries_cap);
	known_init(&g->known, g->orders, ARRAY_LEN(g->orders));
	g->refuse_credit_ms = (uint64_t)GUARD_REFUSE_BURST * GUARD_REFUSE_EACH_MS;
	return ERR_OK;
}

/* The program of these and later attestations.  ERR_FULL. */
static enum err program_add(struct guard *g, const struct hash32 *program)
{
	size_t at = 0;

	while (at < g->programs_n && !hash32_eq(&g->programs[at], program)) {
		at++;
	}
	if (at < g->programs_n) {
		g->program_now = (uint8_t)at;
		return ERR_OK;
	}
	if (g->programs_n == GUARD_PROGRAMS_MAX) {
		return ERR_FULL;
	}
	g->program_now = (uint8_t)g->programs_n;
	g->programs[g->programs_n++] = *program;
	return ERR_OK;
}

static enum err replay_genesis(struct guard *g, const struct log_record *r)
{
	struct id128 expected = guard_self_short(&g->genesis_id);

	if (g->has_genesis) {
		return ERR_CORRUPT;
	}
	if (!id128_eq(&r->id, &expected) || r->credit.b[0] != (uint8_t)g->config.signer) {
		return ERR_GENESIS;
	}
	g->has_genesis = true;
	return ERR_OK;
}

static enum err replay_start(struct guard *g, struct bytes blob)
{
	struct hash32 program;

	if (blob.n != 3 * sizeof program.b) {
		return ERR_CORRUPT;
	}
	memcpy(program.b, blob.p, sizeof program.b);
	return program_add(g, &program);
}

enum err guard_self_chain(struct guard *g, struct log_view *view, struct bytes batch)
{
	if (g->config.log_secret != NULL) {
		return log_batch_open(view, &g->chain, batch, g->config.log_secret);
	}
	/* guard_reading_batch() has looked at it, and at every record's form */
	CHECK(log_batch_check(view, batch) == ERR_OK);
	return log_batch_follow(&g->chain, view);
}

/* A batch that is read again: each of our records that names a blob brought it in its batch. */
struct replayed {
	struct log_view view;
	uint32_t blobs_left; /* of the records that are still to come */
};

/* ERR_CORRUPT: a record's blob is missing. */
static enum err replayed_open(struct replayed *p, struct guard *g, const struct log_view *checked)
{
	uint32_t named = 0;
	struct log_record r;
	enum err e = g->config.log_secret != NULL
			 ? log_batch_join(&g->chain, checked, g->config.log_secret)
			 : log_batch_follow(&g->chain, checked);

	p->view = *checked;
	for (uint32_t i = 0; e == ERR_OK && i < p->view.head.count; i++) {
		/* every record's form was looked at */
		CHECK(log_view_record(&r, &p->view, i) == ERR_OK);
		named += !hash32_is_zero(&r.link);
	}
	p->blobs_left = named;
	return e == ERR_OK && named != p->view.head.blob_count ? ERR_CORRUPT : e;
}

/*
 * The blob of the next record that names one.  The last record's blob stands first, and
 * log_batch_open() has compared each with its name: nothing is hashed again.
 */
static struct bytes replayed_blob(struct replayed *p)
{
	struct bytes blob = { NULL, 0 };
	size_t at = 0;

	for (uint32_t i = 0; i < p->blobs_left; i++) {
		CHECK(log_view_next_blob(&blob, NULL, &p->view, &at));
	}
	p->blobs_left--;
	return blob;
}

/* From the beginning of its batch. */
static uint64_t blob_offset(const struct replayed *p, struct bytes blob)
{
	return (uint64_t)(blob.p - p->view.records.p) + LOG_BATCH_HEAD_BYTES;
}

static enum err replay_record(struct guard *g, struct replayed *batch, uint32_t i,
			      const struct log_record *r, const struct log_record *reserve)
{
	bool has_blob = !hash32_is_zero(&r->link);
	struct bytes blob = has_blob ? replayed_blob(batch) : bytes_of(NULL, 0);
	const struct guard_place place = {
		.sequence = batch->view.head.first_sequence + i + g->skip,
		.offset = g->journal_used,
		.batch = &batch->view.head,
		.blob_at = has_blob ? g->journal_used + blob_offset(batch, blob) : 0,
	};

	if (g->exported && r->kind != LOG_GUARD_IMPORT) {
		return ERR_CORRUPT; /* it ended there */
	}
	switch (r->kind) {
	case LOG_GENESIS:
		return replay_genesis(g, r);
	case LOG_GUARD_START:
		return has_blob ? replay_start(g, blob) : ERR_CORRUPT;
	case LOG_DOCUMENT:
	case LOG_GUARD_REFUSE:
		if (!has_blob) {
			return ERR_CORRUPT;
		}
		return r->kind == LOG_DOCUMENT && r->amount == DOC_DAY ? guard_day_replay(g, blob)
								       : ERR_OK;
	case LOG_GUARD_PASSKEY:
		return guard_sign_replay_passkey(g, r);
	case LOG_GUARD_RESERVE:
		return ERR_OK; /* together with the attestation behind it */
	case LOG_GUARD_ATTEST:
		return has_blob ? guard_sign_replay_attest(g, r, &place, blob, reserve)
				: ERR_CORRUPT;
	case LOG_GUARD_RECALL:
		return has_blob ? guard_recall_replay(g, r, &place, blob, reserve) : ERR_CORRUPT;
	case LOG_GUARD_ACK:
		return has_blob ? guard_sign_replay_ack(g, blob) : ERR_CORRUPT;
	case LOG_GUARD_STOP:
		return has_blob ? guard_stop_replay(g, r, &place, blob) : ERR_CORRUPT;
	case LOG_GUARD_RULES:
		return guard_stop_replay_rules(g, r);
	case LOG_GUARD_EXPORT:
	case LOG_GUARD_IMPORT:
		return guard_move_replay(g, r);
	case LOG_GUARD_ORDER:
		return has_blob ? guard_order_replay(g, r, place.sequence, blob) : ERR_CORRUPT;
	case LOG_GUARD_CLOSING:
		return has_blob ? guard_closing_replay(g, place.sequence, r->time_ms, blob)
				: ERR_CORRUPT;
	default:
		return ERR_CORRUPT; /* a kind that no signer writes */
	}
}

enum err guard_replay(struct guard *g, struct bytes batch)
{
	struct log_view view;
	enum err e = log_batch_check(&view, batch);

	return e == ERR_OK ? guard_replay_checked(g, &view, batch) : e;
}

enum err guard_replay_checked(struct guard *g, const struct log_view *checked, struct bytes batch)
{
	struct replayed p;
	struct log_record reserve;
	bool reserved = false;
	enum err e;

	CHECK(!g->started);
	e = replayed_open(&p, g, checked);
	if (e != ERR_OK) {
		return e;
	}
	for (uint32_t i = 0; i < p.view.head.count; i++) {
		struct log_record r;
		uint64_t own_ms;

		CHECK(log_view_record(&r, &p.view, i) == ERR_OK);
		if (!g->has_genesis && r.kind != LOG_GENESIS) {
			return ERR_CORRUPT;
		}
		own_ms = le64_get(r.debit.b);
		if (own_ms < g->own_base_ms) {
			return ERR_CORRUPT; /* own time never goes back */
		}
		g->own_base_ms = own_ms;
		e = replay_record(g, &p, i, &r, reserved ? &reserve : NULL);
		if (e != ERR_OK) {
			return e;
		}
		if (r.kind == LOG_GUARD_RESERVE) {
			if (reserved) {
				return ERR_CORRUPT;
			}
			reserve = r;
			reserved = true;
		} else if (r.kind == LOG_GUARD_ATTEST || r.kind == LOG_GUARD_RECALL) {
			reserved = false;
		}
	}
	if (reserved) {
		return ERR_CORRUPT; /* reserve and attestation stand in one batch, always */
	}
	g->journal_used += batch.n;
	return ERR_OK;
}

static void clocks_set(struct guard *g, uint64_t wall_ms, uint64_t mono_ms)
{
	uint64_t elapsed = mono_ms > g->mono_ms ? mono_ms - g->mono_ms : 0;
	const uint64_t full = (uint64_t)GUARD_REFUSE_BURST * GUARD_REFUSE_EACH_MS;

	g->wall_ms = wall_ms;
	g->mono_ms += elapsed;
	g->own_ms = g->own_base_ms + (g->mono_ms - g->mono_base_ms);
	g->refuse_credit_ms =
	    elapsed >= full - g->refuse_credit_ms ? full : g->refuse_credit_ms + elapsed;
}

enum err guard_start(struct guard *g, uint64_t wall_ms, uint64_t mono_ms, struct effects *out)
{
	struct log_record start = { .kind = LOG_GUARD_START };
	struct hash32 ids[3] = { g->config.program, g->roster_id, g->policy_id };
	struct bytes blob = bytes_of(ids, sizeof ids);
	char words[DOC_ID_WORDS_BYTES];
	struct log_batch b;

	CHECK(!g->started && g->config.chain_secret != NULL);
	if (g->exported) {
		return ERR_STATE;
	}
	if (program_add(g, &g->config.program) != ERR_OK) {
		return ERR_FULL;
	}
	g->mono_ms = mono_ms;
	g->mono_base_ms = mono_ms;
	g->start_wall_ms = wall_ms;
	if (!g->has_genesis) {
		g->own_base_ms = wall_ms; /* the first start of all */
	}
	clocks_set(g, wall_ms, mono_ms);
	guard_feed_nonce(g);
	guard_recall_begin(g);
	guard_self_begin(g, &b, out);
	if (!g->has_genesis) {
		struct log_record genesis = { .kind = LOG_GENESIS,
					      .id = guard_self_short(&g->genesis_id) };

		genesis.credit.b[0] = (uint8_t)g->config.signer;
		guard_self_add(g, &b, &genesis, 0, &g->config.genesis);
		g->has_genesis = true;
	}
	guard_self_add(g, &b, &start, 0, &blob);
	guard_self_commit(g, &b, out);
	g->started = true;
	/* the caller's bytes were borrowed until here */
	g->config.genesis = g->config.roster = g->config.policy = (struct bytes){ NULL, 0 };
	doc_id_words(words, &g->genesis_id);
	effects_note(out, "info genesis words=\"%s\"", words);
	effects_note(out, "info started payments=%zu stops=%zu sequence=%llu", g->payments_n,
		     g->control.binding, (unsigned long long)guard_self_newest(g));
	return ERR_OK;
}

static void status_line(struct doc_status *s, const char *name, const char *value)
{
	struct doc_status_line *l;

	CHECK(s->detail_count < DOC_STATUS_MAX);
	l = &s->detail[s->detail_count++];
	(void)snprintf(l->name, sizeof l->name, "%s", name);
	(void)snprintf(l->value, sizeof l->value, "%s", value);
}

static void status_number(struct doc_status *s, const char *name, uint64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%llu", (unsigned long long)value);
	status_line(s, name, text);
}

/* What is announced and not in force yet, and what runs for a while: one person can cancel it. */
static void status_waiting(const struct guard *g, struct doc_status *s,
			   const struct policy_time *now)
{
	char text[DOC_STATUS_VALUE_MAX + 1];

	control_waiting_words(&g->control, now, text, sizeof text);
	status_line(s, "waiting", text);
}

static void lock_words(const struct guard *g, char out[sizeof "locked: " + POLICY_WORDS_MAX])
{
	char words[POLICY_WORDS_MAX] = "two successors of one roster or policy were signed";

	if (g->locked) {
		guard_recall_words(g, words);
	}
	(void)snprintf(out, sizeof "locked: " + POLICY_WORDS_MAX, "locked: %s", words);
}

static void status_send(struct guard *g, const struct guard_ask *ask, struct effects *out)
{
	struct doc_status *s = guard_self_scratch(sizeof *s);
	struct writer w = writer_make(g->text, sizeof g->text);
	struct policy_time now;
	struct guard_no no;
	char head[65];
	char rules[64];
	char recalled[64];
	char locked[sizeof "locked: " + POLICY_WORDS_MAX];
	size_t fresh = 0;
	size_t closed = 0;
	struct bytes item;

	memset(s, 0, sizeof *s);
	s->genesis = g->genesis_id;
	(void)snprintf(s->program, sizeof s->program, "kuramori-signer");
	for (size_t i = 0; i < g->roster.watcher_count; i++) {
		fresh += guard_self_fresh(g, &g->watchers[i]);
	}
	for (size_t i = 0; i < g->genesis.hot_count; i++) {
		closed += g->closings[i].closed;
	}
	(void)guard_self_now(g, &now);
	lock_words(g, locked);
	(void)snprintf(recalled, sizeof recalled, "%zu, newest payment %llu", g->recalled,
		       (unsigned long long)g->last_sequence);
	if (guard_self_well(g, &no) == ERR_OK) {
		(void)guard_self_no(&no, ERR_OK, "", "ready");
	}
	hex_put(head, bytes_of(g->chain.head.b, sizeof g->chain.head.b));
	status_line(s, "signer", g->config.signer == DOC_SIGNER_A ? "a" : "b");
	status_line(s, "frozen", guard_frozen(g) ? "yes" : "no");
	status_line(s, "locked", guard_locked(g) ? "yes" : "no");
	status_line(s, "signs",
		    guard_frozen(g)   ? "a freeze is in force"
		    : guard_locked(g) ? locked
				      : no.words);
	status_line(s, "recalled", recalled);
	status_number(s, "stops", g->control.binding);
	(void)snprintf(rules, sizeof rules, "roster %llu policy %llu",
		       (unsigned long long)g->roster.number, (unsigned long long)g->policy.number);
	status_line(s, "rules", rules);
	status_waiting(g, s, &now);
	status_number(s, "accounts_closed", closed);
	status_number(s, "watchers_fresh", fresh);
	status_number(s, "watchers_needed", g->roster.watchers_needed);
	status_number(s, "chain_time_nem_s", now.chain_s);
	status_number(s, "own_time_ms", g->own_ms);
	status_number(s, "payments", g->payments_n - g->sweeps_n);
	status_number(s, "payments_max", g->config.storage.payments_cap);
	status_number(s, "sweeps", g->sweeps_n);
	status_number(s, "released", g->signatures_released);
	status_number(s, "refused", g->refused);
	status_number(s, "refused_unlogged", g->refused_unlogged);
	status_number(s, "sequence", guard_self_newest(g));
	status_number(s, "journal_records", g->chain.next_sequence);
	status_number(s, "journal_used", g->journal_used);
	status_number(s, "journal_bytes", g->config.journal_bytes);
	status_line(s, "journal_head", head);
	for (size_t i = 0; i < g->facts_n; i++) {
		status_line(s, g->facts[i].name, g->facts[i].value);
	}
	CHECK(doc_status_make(&w, NULL, s, NULL) == ERR_OK);
	item = bytes_of(w.p, w.n);
	guard_self_answer(ask, &item, 1, out);
}

/* The gate stands before us; this is the second look at the same table. */
static uint16_t capability(uint16_t number)
{
	/* clang-format off */
	static const struct {
		uint16_t number;
		uint16_t roles;
	} rows[] = {
#define MSG(name, n, capability, max_bytes, phase) { (n), (capability) },
#include "ipc/signer.def"
#undef MSG
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].number == number) {
			return rows[i].roles;
		}
	}
	return 0;
}

static void frame(struct guard *g, const struct event *event, struct effects *out)
{
	uint16_t role = event->role & 0xff;
	struct guard_ask ask = {
		.channel = event->channel,
		.request_id = event->request_id,
		.reply = MSGS_REPLY(event->number),
		.watcher = (int)(event->role >> 8) - 1,
		.prepare = event->number == SIGNER_PREPARE,
		.body = event->body,
	};
	struct guard_no no;

	if ((capability(event->number) & role) == 0 ||
	    (role == ROLE_WATCHER &&
	     (ask.watcher < 0 || (size_t)ask.watcher >= g->roster.watcher_count))) {
		(void)guard_self_no(&no, ERR_CAPABILITY, "", "not on this socket");
		guard_self_refuse(g, &ask, &no, out);
		return;
	}
	/* unreached: any other number; capability() has looked it up in the same table */
	switch ((enum msgs_signer)event->number) {
	case SIGNER_SIGN:
	case SIGNER_PREPARE:
		guard_sign_frame(g, &ask, out);
		return;
	case SIGNER_ORDER:
		guard_order_frame(g, &ask, out);
		return;
	case SIGNER_STATUS:
		status_send(g, &ask, out);
		return;
	case SIGNER_STOP_PUT:
		guard_stop_put(g, &ask, out);
		return;
	case SIGNER_STOP_GET:
		guard_stop_get(g, &ask, out);
		return;
	case SIGNER_NEXT:
		guard_feed_next(g, &ask, out);
		return;
	case SIGNER_HEARTBEAT:
		guard_feed_heartbeat(g, &ask, out);
		return;
	case SIGNER_ACK:
		guard_sign_ack(g, &ask, out);
		return;
	case SIGNER_SYNC:
		guard_feed_sync(g, &ask, out);
		return;
	case SIGNER_SWEEP:
		guard_sign_sweep(g, &ask, out);
		return;
	case SIGNER_RECALL:
		guard_recall_frame(g, &ask, out);
		return;
	case SIGNER_HELLO:
	case SIGNER_UNLOCK:
		break; /* the shell's own */
	}
	(void)guard_self_no(&no, ERR_STATE, "", "not a message for a signer at work");
	guard_self_refuse(g, &ask, &no, out);
}

void guard_step(struct guard *g, const struct event *event, struct effects *out)
{
	CHECK(g->started);
	clocks_set(g, event->wall_ms, event->mono_ms);
	guard_feed_nonce(g);
	if (event->kind != EVENT_REPLY) {
		guard_stop_due(g,
			       out); /* a reply stands where rules are read; the next tick comes */
	}
	/* unreached: any other kind; the shell makes none */
	switch (event->kind) {
	case EVENT_FRAME:
		frame(g, event, out);
		break;
	case EVENT_CLOSED:
		guard_sign_closed(g, event->channel);
		guard_feed_closed(g, event->channel);
		break;
	case EVENT_REPLY:
		if (event->number == GUARD_CALL_READ) {
			guard_feed_reply(g, event, out);
		}
		break;
	case EVENT_TICK:
		guard_self_write_acks(g, out);
		break;
	case EVENT_OPENED:
		break;
	}
	guard_feed_serve(g, out);
}

void guard_fact(struct guard *g, const char *name, const char *value)
{
	size_t at = 0;

	while (at < g->facts_n && strcmp(g->facts[at].name, name) != 0) {
		at++;
	}
	if (at == g->facts_n) {
		CHECK(g->facts_n < GUARD_FACTS_MAX);
		g->facts_n++;
		(void)snprintf(g->facts[at].name, sizeof g->facts[at].name, "%s", name);
	}
	(void)snprintf(g->facts[at].value, sizeof g->facts[at].value, "%s", value);
}

bool guard_frozen(const struct guard *g)
{
	return g->control.binding > 0;
}

bool guard_locked(const struct guard *g)
{
	return g->locked || g->control.forked > 0;
}

u128 guard_spent(const struct guard *g, uint64_t window_ms, bool unapproved_only)
{
	struct policy_time now;

	(void)guard_self_now(g, &now);
	return policy_history_sum(&g->history, &now, window_ms, unapproved_only);
}
