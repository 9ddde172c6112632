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

static const struct key32 *officer_key(const struct watch *w, const char *id)
{
	for (size_t i = 0; i < w->roster.people_count; i++) {
		const struct doc_person *p = &w->roster.people[i];

		if (strcmp(p->id, id) == 0 && (p->roles & DOC_ROLE_OFFICER) != 0) {
			return &p->key;
		}
	}
	return NULL;
}

/* False: *e, *field and *words say why. */
static bool read(const struct watch *w, struct bytes raw, struct doc *d, struct doc_closing *c,
		 size_t *hot, enum err *e, const char **field, const char **words)
{
	struct doc_fault fault = { "", "" };
	const struct key32 *key;

	*field = "closing";
	*e = doc_open(d, raw, &w->genesis_id, &fault);
	if (*e == ERR_OK) {
		*e = d->type == DOC_CLOSING ? doc_closing_read(d, c, &fault) : ERR_TYPE;
	}
	if (*e != ERR_OK) {
		*words = fault.why != NULL && fault.why[0] != '\0' ? fault.why : err_words(*e);
		return false;
	}
	*hot = 0;
	while (*hot < w->genesis.hot_count &&
	       !key32_eq(&w->genesis.hot[*hot].public_key, &c->account)) {
		++*hot;
	}
	key = officer_key(w, c->issuer);
	*e = *hot == w->genesis.hot_count           ? ERR_POLICY
	     : key == NULL                          ? ERR_SIGNER_UNKNOWN
	     : d->signature_count == 0              ? ERR_UNSIGNED
	     : !doc_signed_by(d, key)               ? ERR_SIGNATURE
	     : d->raw.n > sizeof w->closings[0].raw ? ERR_TOO_LARGE
						    : ERR_OK;
	*field = *e == ERR_POLICY           ? "closing.account"
		 : *e == ERR_SIGNER_UNKNOWN ? "closing.issuer"
					    : "closing.signatures";
	*words = *e == ERR_POLICY           ? "not a hot account of the genesis document"
		 : *e == ERR_SIGNER_UNKNOWN ? "no officer of the roster"
		 : *e == ERR_TOO_LARGE      ? "more than is kept of one"
					    : "not signed by its issuer";
	return *e == ERR_OK;
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

static struct watch_closing *take(struct watch *w, const struct doc *d, const struct doc_closing *c,
				  size_t hot, struct effects *out)
{
	struct log_record r = { .kind = LOG_WATCH_CLOSING, .id = watch_self_short(&d->id) };
	uint64_t sequence = w->chain.next_sequence;
	struct watch_closing *k;
	struct log_batch b;

	r.debit.b[0] = (uint8_t)hot;
	watch_self_begin(w, &b);
	CHECK(watch_self_add(w, &b, &r, &d->raw) == ERR_OK);
	watch_self_commit(w, &b, out);
	k = keep(w, hot, d, sequence, w->wall_ms);
	effects_note(out, "unusual account_closed hot=%zu issuer=%s", hot, c->issuer);
	watch_sweep_derive(w, out);
	return k;
}

enum err watch_closing_replay(struct watch *w, uint64_t sequence, uint64_t time_ms,
			      struct bytes blob)
{
	struct doc_closing c;
	const char *field;
	const char *words;
	struct doc d;
	size_t hot = 0;
	enum err e;

	if (!read(w, blob, &d, &c, &hot, &e, &field, &words) || w->closings[hot].closed) {
		return ERR_CORRUPT;
	}
	(void)keep(w, hot, &d, sequence, time_ms);
	return ERR_OK;
}

bool watch_closing_is(const struct watch *w, struct bytes item)
{
	struct doc d;

	return doc_open(&d, item, &w->genesis_id, NULL) == ERR_OK && d.type == DOC_CLOSING;
}

void watch_closing_offer(struct watch *w, struct bytes raw, struct effects *out)
{
	struct doc_closing c;
	const char *field;
	const char *words;
	struct doc d;
	size_t hot = 0;
	enum err e;

	if (effects_free(out) >= 8 && read(w, raw, &d, &c, &hot, &e, &field, &words) &&
	    !w->closings[hot].closed) {
		(void)take(w, &d, &c, hot, out);
	}
}

void watch_closing_put(struct watch *w, const struct event *event, struct bytes item,
		       struct effects *out)
{
	struct watch_closing *k;
	struct doc_closing c;
	const char *field;
	const char *words;
	struct doc d;
	size_t hot = 0;
	enum err e;

	if (!read(w, item, &d, &c, &hot, &e, &field, &words)) {
		watch_self_refuse(w, event, e, field, words, out);
		return;
	}
	k = w->closings[hot].closed ? &w->closings[hot] : take(w, &d, &c, hot, out);
	if (!hash32_eq(&k->id, &d.id)) {
		watch_self_refuse(w, event, ERR_ONCE, "closing.account",
				  "this account is closed already, by another document", out);
		return;
	}
	watch_stop_receipt(w, event, &k->id, k->sequence, k->time_ms, out);
}

bool watch_closing_covers(const struct watch *w, struct bytes raw, const struct key32 *account)
{
	struct doc_closing c;
	const char *field;
	const char *words;
	struct doc d;
	size_t hot = 0;
	enum err e;

	return read(w, raw, &d, &c, &hot, &e, &field, &words) && key32_eq(&c.account, account);
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

		if (p->own == own && !p->sweep && p->seen[node] == 0 && !p->settled) {
			return false;
		}
	}
	return true;
}
