/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_closing.c - accounts that an officer has closed: emptied whole to their own spare boxes, as
 * in an evacuation but without a freeze, as soon as nothing that was attested for them can still be
 * mined by us; and again if anything ever arrives there.
 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "ipc/frame.h"
#include "watch/watch_self.h"

static const struct doc_person *officer_of(const struct watch *w, const char *id)
{
	for (size_t i = 0; i < w->roster.people_count; i++) {
		const struct doc_person *p = &w->roster.people[i];

		if (strcmp(p->id, id) == 0 && (p->roles & DOC_ROLE_OFFICER) != 0) {
			return p;
		}
	}
	return NULL;
}

/* A closing as it was read, and why it is none. */
struct reading {
	struct doc d;
	struct doc_closing c;
	size_t hot;
	enum err e;
	const char *field, *words;
};

static bool no(struct reading *r, enum err e, const char *field, const char *words)
{
	r->e = e;
	r->field = field;
	r->words = words;
	return false;
}

static bool read(const struct watch *w, struct bytes raw, struct reading *r)
{
	struct doc_fault fault = { "", "" };
	const struct doc_person *officer;
	struct policy_verdict v;
	struct proofs proofs;
	enum err e = doc_open(&r->d, raw, &w->genesis_id, &fault);

	if (e == ERR_OK) {
		e = r->d.type == DOC_CLOSING ? doc_closing_read(&r->d, &r->c, &fault) : ERR_TYPE;
	}
	if (e != ERR_OK) {
		return no(r, e, "closing",
			  fault.why != NULL && fault.why[0] != '\0' ? fault.why : err_words(e));
	}
	r->hot = 0;
	while (r->hot < w->genesis.hot_count &&
	       !key32_eq(&w->genesis.hot[r->hot].public_key, &r->c.account)) {
		r->hot++;
	}
	if (r->hot == w->genesis.hot_count) {
		return no(r, ERR_POLICY, "closing.account",
			  "not a hot account of the genesis document");
	}
	officer = officer_of(w, r->c.issuer);
	if (officer == NULL) {
		return no(r, ERR_SIGNER_UNKNOWN, "closing.issuer", "no officer of the roster");
	}
	v = proofs_judge_one(&proofs, &r->d, r->c.time_ms, &w->roster, officer);
	if (v.err != ERR_OK) {
		return no(r, v.err,
			  strcmp(v.field, "signatures") == 0 ? "closing.signatures" : v.field,
			  v.words);
	}
	if (!doc_closing_fits(&r->d)) {
		return no(r, ERR_TOO_LARGE, "closing.signatures", "more than are kept of one");
	}
	return true;
}

static struct watch_closing *keep(struct watch *w, size_t hot, const struct doc *d,
				  uint64_t sequence, uint64_t time_ms)
{
	struct watch_closing *k = &w->closings[hot];

	k->closed = true;
	k->id = d->id;
	k->sequence = sequence;
	k->time_ms = time_ms;
	k->n = (uint32_t)d->raw.n;
	memcpy(k->raw, d->raw.p, d->raw.n);
	return k;
}

static struct watch_closing *take(struct watch *w, const struct reading *r, struct effects *out)
{
	struct log_record record = { .kind = LOG_WATCH_CLOSING, .id = watch_self_short(&r->d.id) };
	uint64_t sequence = w->chain.next_sequence;
	struct watch_closing *k;
	struct log_batch b;

	record.debit.b[0] = (uint8_t)r->hot;
	watch_self_begin(w, &b);
	CHECK(watch_self_add(w, &b, &record, &r->d.raw) == ERR_OK);
	watch_self_commit(w, &b, out);
	k = keep(w, r->hot, &r->d, sequence, w->wall_ms);
	effects_note(out, "unusual account_closed hot=%zu issuer=%s", r->hot, r->c.issuer);
	watch_sweep_derive(w, out);
	return k;
}

enum err watch_closing_replay(struct watch *w, uint64_t sequence, uint64_t time_ms,
			      struct bytes blob)
{
	struct reading r;

	if (!read(w, blob, &r) || w->closings[r.hot].closed) {
		return ERR_CORRUPT;
	}
	(void)keep(w, r.hot, &r.d, sequence, time_ms);
	return ERR_OK;
}

bool watch_closing_is(const struct watch *w, struct bytes item)
{
	struct doc d;

	return doc_open(&d, item, &w->genesis_id, NULL) == ERR_OK && d.type == DOC_CLOSING;
}

void watch_closing_offer(struct watch *w, struct bytes raw, struct effects *out)
{
	struct reading r;

	if (effects_free(out) >= 8 && read(w, raw, &r) && !w->closings[r.hot].closed) {
		(void)take(w, &r, out);
	}
}

void watch_closing_put(struct watch *w, const struct event *event, struct bytes item,
		       struct effects *out)
{
	struct watch_closing *k;
	struct reading r;

	if (!read(w, item, &r)) {
		watch_self_refuse(w, event, r.e, r.field, r.words, out);
		return;
	}
	k = w->closings[r.hot].closed ? &w->closings[r.hot] : take(w, &r, out);
	if (!hash32_eq(&k->id, &r.d.id)) {
		watch_self_refuse(w, event, ERR_ONCE, "closing.account",
				  "this account is closed already, by another document", out);
		return;
	}
	watch_stop_receipt(w, event, &k->id, k->sequence, k->time_ms, out);
}

bool watch_closing_covers(const struct watch *w, struct bytes raw, const struct key32 *account)
{
	struct reading r;

	return read(w, raw, &r) && key32_eq(&r.c.account, account);
}

struct bytes watch_closing_of(const struct watch *w, size_t own)
{
	const struct watch_closing *k = &w->closings[w->own[own].hot];

	return w->own[own].kind == WATCH_HOT && k->closed ? bytes_of(k->raw, k->n)
							  : bytes_of(NULL, 0);
}

bool watch_closing_due(const struct watch *w, size_t own, const struct watch_node *best)
{
	const struct watch_closing *k = &w->closings[w->own[own].hot];
	size_t node = (size_t)(best - w->node);

	if (watch_closing_of(w, own).n == 0) {
		return false;
	}
	if (w->wall_ms >= k->time_ms + w->policy.attempt_life_s * 1000 + w->policy.clock_skew_ms) {
		return true;
	}
	for (size_t i = 0; i < w->payments_n; i++) {
		const struct watch_payment *p = &w->config.storage.payments[i];

		if (p->own == own && !p->sweep && p->seen[node] == 0 &&
		    p->deadline_nem_s >= best->time_nem_s) {
			return false;
		}
	}
	return true;
}
