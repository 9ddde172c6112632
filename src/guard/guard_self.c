/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/guard_self.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_time.h"
#include "crypto/uuid7.h"
#include "ipc/frame.h"

void *guard_self_scratch(size_t n)
{
	/* the guard is not thread safe */
	static alignas(max_align_t) uint8_t room[GUARD_SCRATCH_BYTES];

	CHECK(n <= sizeof room);
	return room;
}

uint8_t *guard_reply_room(void)
{
	return guard_self_scratch(GUARD_BATCH_BYTES);
}

enum err guard_self_no(struct guard_no *no, enum err e, const char *field, const char *words)
{
	no->err = e;
	(void)snprintf(no->field, sizeof no->field, "%s", field);
	(void)snprintf(no->words, sizeof no->words, "%s", words);
	return e;
}

enum err guard_self_no_verdict(struct guard_no *no, const struct policy_verdict *v)
{
	no->err = v->err;
	(void)snprintf(no->field, sizeof no->field, "%s", v->field);
	policy_words(no->words, v);
	return v->err;
}

enum err guard_self_no_fault(struct guard_no *no, enum err e, const char *prefix,
			     const struct doc_fault *fault)
{
	no->err = e;
	(void)snprintf(no->field, sizeof no->field, "%.20s%s%.40s", prefix,
		       fault->field[0] == '\0' ? "" : ".", fault->field);
	(void)snprintf(no->words, sizeof no->words, "%s",
		       fault->why != NULL ? fault->why : err_words(e));
	return e;
}

enum err guard_self_no_open(const struct guard *g, struct guard_no *no, enum err e,
			    const char *prefix, const struct doc_fault *fault, const struct doc *d)
{
	char words[DOC_FOREIGN_WORDS];

	(void)guard_self_no_fault(no, e, prefix, fault);
	if (e == ERR_GENESIS) {
		doc_foreign_words(words, d, &g->genesis_id);
		(void)snprintf(no->words, sizeof no->words, "%s", words);
	}
	return e;
}

enum err guard_self_open(const struct guard *g, struct doc *d, struct bytes raw, enum doc_type type,
			 const char *prefix, struct guard_no *no)
{
	struct doc_fault fault = { "", NULL };
	enum err e = doc_open(d, raw, &g->genesis_id, &fault);

	if (e != ERR_OK) {
		return guard_self_no_open(g, no, e, prefix, &fault, d);
	}
	if (d->type != type) {
		return guard_self_no(no, ERR_TYPE, prefix,
				     "another document belongs in this place");
	}
	return ERR_OK;
}

enum err guard_self_backend(const struct guard *g, const struct doc *request, struct guard_no *no)
{
	if (request->signature_count == 0) {
		return guard_self_no(no, ERR_UNSIGNED, "request.signatures", "nobody signed it");
	}
	for (size_t i = 0; i < g->roster.backend_count; i++) {
		if (doc_signed_by(request, &g->roster.backends[i].key)) {
			return ERR_OK;
		}
	}
	return guard_self_no(no, ERR_SIGNATURE, "request.signatures",
			     "no back end of the roster signed it");
}

bool guard_self_fresh(const struct guard *g, const struct guard_watcher *w)
{
	return w->heard && g->mono_ms - w->issued_mono_ms <= g->policy.heartbeat_age_ms;
}

bool guard_self_quorum(const struct guard *g, uint8_t acked)
{
	return (unsigned)__builtin_popcount(acked) >= g->roster.watchers_needed;
}

bool guard_self_now(const struct guard *g, struct policy_time *now)
{
	const struct guard_watcher *fresh[DOC_WATCHERS_MAX];
	size_t needed = (size_t)g->roster.watchers_needed;
	uint32_t times[DOC_WATCHERS_MAX];
	size_t n = 0;

	*now = (struct policy_time){ .own_ms = g->own_ms, .wall_ms = g->wall_ms };
	for (size_t i = 0; i < g->roster.watcher_count; i++) {
		const struct guard_watcher *w = &g->watchers[i];
		size_t at = n;

		if (!guard_self_fresh(g, w)) {
			continue;
		}
		/* newest first */
		while (at > 0 && fresh[at - 1]->nonce_number < w->nonce_number) {
			fresh[at] = fresh[at - 1];
			at--;
		}
		fresh[at] = w;
		n++;
	}
	if (n < needed) {
		return false;
	}
	for (size_t i = 0; i < needed; i++) {
		size_t at = i;

		while (at > 0 && times[at - 1] > fresh[i]->chain_s) {
			times[at] = times[at - 1];
			at--;
		}
		times[at] = fresh[i]->chain_s;
	}
	/* of two in the middle the lower: what frees value waits for the slower */
	now->chain_s = times[(needed - 1) / 2];
	return true;
}

enum err guard_self_well(const struct guard *g, struct guard_no *no)
{
	size_t fresh = 0;
	size_t agree = 0;

	for (size_t i = 0; i < g->roster.watcher_count; i++) {
		const struct guard_watcher *w = &g->watchers[i];

		if (!guard_self_fresh(g, w)) {
			continue;
		}
		fresh++;
		if (w->stop_count != g->control.n || !hash32_eq(&w->stop_head, &g->control.head)) {
			return guard_self_no(no, ERR_STALE, "heartbeat.stop_head",
					     "a watcher holds other stop documents than we do");
		}
		if (guard_recall_claims(g, i)) {
			fresh--; /* it speaks of another history than ours */
			continue;
		}
		agree += w->roster_agrees && w->policy_agrees;
	}
	if (fresh < g->roster.watchers_needed) {
		return guard_self_no(no, ERR_STALE, "heartbeat",
				     "too few watchers have answered lately");
	}
	if (agree < g->roster.watchers_needed) {
		return guard_self_no(no, ERR_STALE, "heartbeat.policy",
				     "too few watchers live under our roster and policy");
	}
	return ERR_OK;
}

void guard_self_begin(struct guard *g, struct log_batch *b, struct effects *out)
{
	size_t room = effects_room(out);
	size_t n = room < GUARD_BATCH_BYTES ? room : GUARD_BATCH_BYTES;

	log_batch_begin(b, effects_take(out, n), n);
	for (size_t i = 0; i < g->acks_n; i++) {
		const struct guard_ack *a = &g->acks[i];
		struct log_record r = { .kind = LOG_GUARD_ACK, .id = a->attestation };
		struct bytes raw = bytes_of(g->ack_bytes + a->at, a->n);

		r.credit.b[0] = a->watcher;
		guard_self_add(g, b, &r, 0, &raw);
	}
	g->acks_n = 0;
	g->ack_bytes_n = 0;
}

uint64_t guard_self_sequence(const struct guard *g, const struct log_batch *b)
{
	return g->chain.next_sequence + log_batch_count(b) + g->skip;
}

void guard_self_write_acks(struct guard *g, struct effects *out)
{
	struct log_batch b;

	if (g->acks_n > 0) {
		guard_self_begin(g, &b, out);
		guard_self_commit(g, &b, out);
	}
}

void guard_self_keep_ack(struct guard *g, const struct hash32 *attestation, size_t watcher,
			 struct bytes raw, struct effects *out)
{
	if (raw.n > sizeof g->ack_bytes - g->ack_bytes_n) {
		guard_self_write_acks(g, out);
	}
	/* two ids, a key and a signature in hex; the gate lets none pass of more than 2 KiB */
	CHECK(raw.n >= GUARD_ACKS_BYTES / GUARD_ACKS_KEPT &&
	      raw.n <= sizeof g->ack_bytes - g->ack_bytes_n && g->acks_n < GUARD_ACKS_KEPT);
	g->acks[g->acks_n++] = (struct guard_ack){ .attestation = guard_self_short(attestation),
						   .watcher = (uint8_t)watcher,
						   .at = g->ack_bytes_n,
						   .n = (uint32_t)raw.n };
	memcpy(g->ack_bytes + g->ack_bytes_n, raw.p, raw.n);
	g->ack_bytes_n += (uint32_t)raw.n;
}

void guard_self_add(struct guard *g, struct log_batch *b, struct log_record *r, uint32_t approvals,
		    const struct bytes *blob)
{
	struct policy_time now;
	enum err e;

	/* without k heartbeats the chain clock is unknown: zero keeps windows closed longest */
	(void)guard_self_now(g, &now);
	r->time_ms = g->wall_ms;
	le64_put(r->debit.b, g->own_ms);
	le32_put(r->debit.b + 8, now.chain_s);
	le32_put(r->debit.b + 12, approvals);
	e = blob != NULL ? log_batch_add_blob(b, r, *blob) : log_batch_add_record(b, r);
	/* GUARD_SIGN_BYTES_MAX and the sizes of our own documents were checked before */
	CHECK(e == ERR_OK);
}

void guard_self_count(struct guard *g, struct log_batch *b, const struct counters_seen *seen)
{
	struct log_record r = { .kind = LOG_GUARD_PASSKEY,
				.id = seen->approval,
				.ref = seen->key,
				.amount = seen->counter };

	if (seen->counter == 0 || counters_known(&g->counters, seen)) {
		return;
	}
	le64_put(r.credit.b, seen->time_ms);
	guard_self_add(g, b, &r, 0, NULL);
	counters_learn(&g->counters, seen, &g->roster);
}

void guard_self_counts(struct guard *g, struct log_batch *b, const struct proofs *proofs)
{
	for (size_t i = 0; i < proofs->n; i++) {
		guard_self_count(g, b, &proofs->one[i].seen);
	}
}

void guard_self_commit(struct guard *g, struct log_batch *b, struct effects *out)
{
	const uint8_t *end = out->store + out->used;
	struct bytes sealed;

	log_batch_seal(&sealed, b, &g->chain, g->config.log_secret);
	g->journal_used += sealed.n;
	/* nothing was added since it was begun: it is the last that was taken */
	CHECK(sealed.p < end && end - sealed.p <= GUARD_BATCH_BYTES);
	effects_give_back(out, (size_t)(end - sealed.p) - sealed.n);
	effects_commit(out, sealed);
}

bool guard_self_room(const struct guard *g, uint64_t bytes, uint64_t keep)
{
	/* a record, a length and what fills up the batch */
	uint64_t kept = g->ack_bytes_n + g->acks_n * UINT64_C(132) + 256;

	return g->config.journal_bytes == 0 ||
	       g->journal_used + kept + bytes + keep <= g->config.journal_bytes;
}

struct id128 guard_self_short(const struct hash32 *id)
{
	struct id128 s;

	memcpy(s.b, id->b, sizeof s.b);
	return s;
}

uint8_t guard_self_hot(const struct guard *g, const struct key32 *account)
{
	size_t i = 0;

	while (!key32_eq(&g->genesis.hot[i].public_key, account)) {
		i++;
		CHECK(i < g->genesis.hot_count);
	}
	return (uint8_t)i;
}

struct bytes guard_self_body(const struct bytes *items, size_t n, struct effects *out)
{
	size_t bytes = 0;
	struct writer w;

	for (size_t i = 0; i < n; i++) {
		bytes += FRAME_ITEM_HEADER_BYTES + items[i].n;
	}
	CHECK(bytes <= FRAME_BODY_MAX);
	w = writer_make(effects_take(out, bytes), bytes);
	for (size_t i = 0; i < n; i++) {
		writer_u32(&w, (uint32_t)items[i].n);
		writer_bytes(&w, items[i]);
	}
	CHECK(!w.bad);
	return bytes_of(w.p, w.n);
}

void guard_self_answer(const struct guard_ask *ask, const struct bytes *items, size_t n,
		       struct effects *out)
{
	effects_send(out, ask->channel, ask->reply, ask->request_id,
		     guard_self_body(items, n, out));
}

/* At most GUARD_REFUSE_BURST at once: who asks nonsense quickly must not fill the journal. */
static bool refusal_may_be_logged(struct guard *g)
{
	if (g->refuse_credit_ms < GUARD_REFUSE_EACH_MS ||
	    !guard_self_room(g, 4096, GUARD_HEADROOM_BYTES)) {
		return false;
	}
	g->refuse_credit_ms -= GUARD_REFUSE_EACH_MS;
	return true;
}

/* The field as it may be shown. */
static void field_put(char field[DOC_FIELD_MAX + 1], const struct guard_no *no)
{
	size_t n = strlen(no->field);

	memcpy(field, no->field, n + 1);
	for (size_t i = 0; i < n; i++) {
		/* unreached: faults of documents are printable, and all else is our own words */
		field[i] = field[i] < 0x20 || field[i] > 0x7e ? '?' : field[i];
	}
}

static void refusal_send(struct guard *g, const struct guard_ask *ask, const struct guard_no *no,
			 struct effects *out)
{
	struct doc_refusal refusal = { .genesis = g->genesis_id };
	struct writer w = writer_make(g->text, sizeof g->text);
	char field[DOC_FIELD_MAX + 1];
	struct bytes item;

	field_put(field, no);
	(void)snprintf(refusal.code, sizeof refusal.code, "%s", err_slug(no->err));
	(void)snprintf(refusal.field, sizeof refusal.field, "%s", field);
	(void)snprintf(refusal.detail, sizeof refusal.detail, "%s", no->words);
	CHECK(doc_refusal_make(&w, NULL, &refusal, NULL) == ERR_OK);
	item = bytes_of(w.p, w.n);
	guard_self_answer(ask, &item, 1, out);
}

void guard_self_refuse_quietly(struct guard *g, const struct guard_ask *ask,
			       const struct guard_no *no, struct effects *out)
{
	g->refused++;
	g->refused_unlogged++;
	refusal_send(g, ask, no, out);
}

void guard_self_refuse(struct guard *g, const struct guard_ask *ask, const struct guard_no *no,
		       struct effects *out)
{
	char field[DOC_FIELD_MAX + 1];

	g->refused++;
	field_put(field, no);
	/* a freeze answers all who wait in one step: they are told, even where nothing more fits */
	if (effects_free(out) > GUARD_PENDING_MAX + 8 && refusal_may_be_logged(g)) {
		char line[DOC_FIELD_MAX + POLICY_WORDS_MAX + 4];
		struct log_record r = { .kind = LOG_GUARD_REFUSE,
					.id = ask->about,
					.amount = (u128)no->err };
		struct log_batch b;
		struct bytes blob;

		(void)snprintf(line, sizeof line, "%s: %s", field, no->words);
		blob = bytes_str(line);
		guard_self_begin(g, &b, out);
		guard_self_add(g, &b, &r, 0, &blob);
		guard_self_commit(g, &b, out);
	} else {
		g->refused_unlogged++;
	}
	if (effects_free(out) > GUARD_PENDING_MAX + 8) {
		effects_note(out, "unusual refused code=%s field=%s words=\"%s\"",
			     err_slug(no->err), field, no->words);
	}
	refusal_send(g, ask, no, out);
}

uint64_t guard_self_mark(const struct guard *g, const struct hash32 *h)
{
	return mark(g->mark_key, h);
}

u128 guard_self_outflow(const struct guard_payment *p)
{
	return (u128)p->outflow_high << 64 | p->outflow_low;
}

void guard_self_outflow_set(struct guard_payment *p, u128 outflow)
{
	/* no chain carries so much, and a journal that says it is corrupt */
	CHECK(outflow < POLICY_OUTFLOW_MAX);
	p->outflow_low = (uint64_t)outflow;
	p->outflow_high = (uint32_t)(outflow >> 64);
}

struct guard_payment *guard_self_by_request(const struct guard *g, const struct id128 *id)
{
	for (size_t i = g->payments_n; i-- > 0;) {
		struct guard_payment *p = &g->config.storage.payments[i];

		if (!p->sweep && id128_eq(&p->request_id, id)) {
			return p;
		}
	}
	return NULL;
}

struct guard_payment *guard_self_by_inner(const struct guard *g, const struct hash32 *inner)
{
	const uint64_t mark = guard_self_mark(g, inner);

	for (size_t i = g->payments_n; i-- > 0;) {
		struct guard_payment *p = &g->config.storage.payments[i];

		if (p->inner_hash == mark) {
			return p;
		}
	}
	return NULL;
}

struct guard_payment *guard_self_by_subject(const struct guard *g, const struct hash32 *subject)
{
	const uint64_t mark = guard_self_mark(g, subject);

	for (size_t i = g->payments_n; i-- > 0;) {
		struct guard_payment *p = &g->config.storage.payments[i];

		if (p->subject == mark) {
			return p;
		}
	}
	return NULL;
}

struct guard_payment *guard_self_by_mark(const struct guard *g, uint64_t mark)
{
	for (size_t i = g->payments_n; i-- > 0;) {
		struct guard_payment *p = &g->config.storage.payments[i];

		if (p->attestation == mark) {
			return p;
		}
	}
	return NULL;
}

struct guard_payment *guard_self_by_attestation(const struct guard *g, const struct hash32 *id)
{
	return guard_self_by_mark(g, guard_self_mark(g, id));
}

struct guard_payment *guard_self_after(const struct guard *g, uint64_t sequence)
{
	size_t low = 0;
	size_t high = g->payments_n;

	/* payments stand in the order of their sequences */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (g->config.storage.payments[middle].sequence > sequence) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return low < g->payments_n ? &g->config.storage.payments[low] : NULL;
}

struct guard_payment *guard_self_by_sequence(const struct guard *g, uint64_t sequence)
{
	struct guard_payment *p = sequence == 0 ? NULL : guard_self_after(g, sequence - 1);

	return p != NULL && p->sequence == sequence ? p : NULL;
}

uint64_t guard_self_newest(const struct guard *g)
{
	return g->payments_n == 0 ? 0 : g->config.storage.payments[g->payments_n - 1].sequence;
}

/*
 * Request ids older than 35 days are refused by policy_judge(), by the faster clock; a day more by
 * our own, slower clock is therefore safe to forget.
 */
static bool forgettable(const struct guard_payment *p, uint64_t own_ms)
{
	const uint64_t age = (POLICY_REQUEST_DAYS + 1) * (uint64_t)POLICY_DAY_MS;
	uint64_t named_ms = p->sweep ? p->sweep_ms : uuid7_ms(&p->request_id);

	return own_ms > age && named_ms < own_ms - age;
}

/* How many entries there may be before old ones make room. */
static size_t payments_limit(const struct guard *g, bool sweep)
{
	size_t cap = g->config.storage.payments_cap;
	size_t share = cap / GUARD_SWEEPS_SHARE;

	return sweep ? cap : cap - (share < GUARD_SWEEPS_MAX ? share : GUARD_SWEEPS_MAX);
}

bool guard_self_payment_room(const struct guard *g, uint64_t own_ms, bool sweep)
{
	size_t kept = 0;

	if (g->payments_n < payments_limit(g, sweep)) {
		return true;
	}
	for (size_t i = 0; i < g->payments_n; i++) {
		kept += !forgettable(&g->config.storage.payments[i], own_ms);
	}
	return kept < payments_limit(g, sweep);
}

struct guard_payment *guard_self_payment_new(struct guard *g, uint64_t own_ms, bool sweep)
{
	struct guard_payment *all = g->config.storage.payments;

	if (g->payments_n >= payments_limit(g, sweep)) {
		size_t kept = 0;

		for (size_t i = 0; i < g->payments_n; i++) {
			if (!forgettable(&all[i], own_ms)) {
				all[kept++] = all[i];
			} else if (all[i].sequence > g->forgot_sequence) {
				g->forgot_sequence = all[i].sequence;
			}
		}
		g->forgot = g->forgot || kept < g->payments_n;
		g->payments_n = kept;
	}
	if (g->payments_n == g->config.storage.payments_cap) {
		return NULL;
	}
	all[g->payments_n] = (struct guard_payment){ 0 };
	return &all[g->payments_n++];
}

struct guard_payment *guard_self_payment_sort(struct guard *g)
{
	struct guard_payment *all = g->config.storage.payments;
	size_t at = g->payments_n - 1;
	struct guard_payment last = all[at];

	while (at > 0 && all[at - 1].sequence > last.sequence) {
		all[at] = all[at - 1];
		at--;
	}
	all[at] = last;
	return &all[at];
}

enum err guard_self_program(struct guard *g, const struct hash32 *program, uint8_t *place)
{
	size_t at = 0;

	while (at < g->programs_n && !hash32_eq(&g->programs[at], program)) {
		at++;
	}
	if (at == g->programs_n) {
		if (at >= GUARD_PROGRAMS_MAX / 2) {
			return ERR_FULL;
		}
		g->programs[g->programs_n++] = *program;
	}
	*place = (uint8_t)at;
	return ERR_OK;
}

uint8_t guard_self_number(const struct log_record *r)
{
	/* the first is written as 0, as before there were others */
	return r->credit.b[3] < 1 ? 1 : r->credit.b[3];
}
