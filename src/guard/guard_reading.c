/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/guard_reading.h"

#include <string.h>

#include "base/check.h"
#include "base/words.h"
#include "chain/nem/nem_time.h"
#include "guard/guard_self.h"
#include "policy/verdict.h"

void guard_reading_init(struct guard_reading *r, struct guard *g, uint64_t at_ms,
			const struct id128 *request, const struct hash32 *order)
{
	CHECK(g->config.chain_secret == NULL && !g->has_genesis);
	memset(r, 0, sizeof *r);
	r->guard = g;
	r->at_ms = at_ms;
	r->request = *request;
	r->order = *order;
	r->why = "";
}

static bool is_signers(uint16_t kind)
{
	switch (kind) {
	case LOG_GENESIS:
	case LOG_DOCUMENT:
	case LOG_GUARD_RESERVE:
	case LOG_GUARD_ATTEST:
	case LOG_GUARD_RECALL:
	case LOG_GUARD_STOP:
	case LOG_GUARD_ACK:
	case LOG_GUARD_REFUSE:
	case LOG_GUARD_START:
	case LOG_GUARD_CLOSING:
	case LOG_GUARD_ORDER:
	case LOG_GUARD_EXPORT:
	case LOG_GUARD_IMPORT:
	case LOG_GUARD_PASSKEY:
	case LOG_GUARD_RULES:
		return true;
	default:
		return false;
	}
}

/* The record's blob is an attestation that the signer itself signed: *t. */
static bool is_own_word(const struct guard *g, const struct log_view *view,
			const struct log_record *record, struct doc_attestation *t)
{
	const struct doc_signer_entry *own = &g->roster.signers[g->config.signer];
	struct bytes blob;
	struct doc d;

	return log_view_blob(&blob, view, &record->link) == ERR_OK &&
	       doc_open(&d, blob, &g->genesis_id, NULL) == ERR_OK &&
	       doc_attestation_read(&d, t, NULL) == ERR_OK && doc_signed_by(&d, &own->attest_key);
}

/* It was signed as the next thing in this very journal. */
static enum err vouch(struct guard_reading *r, const struct log_view *view,
		      const struct log_record *record)
{
	struct doc_attestation t;

	if (!is_own_word(r->guard, view, record, &t) || !hash32_eq(&t.head, &view->head.previous)) {
		r->why = N_("an attestation in it that this signer did not sign for this place");
		return ERR_SIGNATURE;
	}
	r->vouched = view->head.first_sequence;
	return ERR_OK;
}

/* What was handed back names a place in the journal that was lost: it binds nothing in this one. */
static enum err handed_back(struct guard_reading *r, const struct log_view *view,
			    const struct log_record *record)
{
	struct doc_attestation t;

	if (!is_own_word(r->guard, view, record, &t)) {
		r->why = N_("an attestation in it that was handed back and that this signer did "
			    "not sign");
		return ERR_SIGNATURE;
	}
	return ERR_OK;
}

static struct guard_said *said_new(struct guard_reading *r, const struct log_record *record,
				   uint64_t sequence)
{
	struct guard_said *s;

	if (r->said_n == GUARD_SAID_MAX) {
		memmove(r->said, r->said + 1, sizeof r->said - sizeof r->said[0]);
		r->said_n--;
		r->said_before++;
	}
	s = &r->said[r->said_n++];
	memset(s, 0, sizeof *s);
	s->sequence = sequence;
	s->time_ms = record->time_ms;
	return s;
}

static void hear(struct guard_reading *r, const struct log_view *view,
		 const struct log_record *record, uint64_t sequence)
{
	bool named = id128_eq(&record->id, &r->request);
	bool beside = id128_eq(&record->ref, &r->request);
	const struct id128 order = guard_self_short(&r->order);
	struct guard_said *s;
	struct bytes blob;

	if (record->kind == LOG_DOCUMENT && beside && record->amount == DOC_ORDER) {
		r->order_seen = record->id;
	} else if (record->kind == LOG_GUARD_ORDER && beside) {
		s = said_new(r, record, sequence);
		s->kind = GUARD_SAID_KNOWN;
		s->this_order = id128_eq(&record->id, &order);
	} else if (record->kind == LOG_GUARD_REFUSE && named) {
		s = said_new(r, record, sequence);
		s->kind = GUARD_SAID_REFUSED;
		s->err = (enum err)record->amount;
		/* guard_replay() has found it there */
		CHECK(log_view_blob(&blob, view, &record->link) == ERR_OK);
		memcpy(s->text, blob.p,
		       blob.n < GUARD_SAID_TEXT_MAX ? blob.n : GUARD_SAID_TEXT_MAX);
	} else if ((record->kind == LOG_GUARD_ATTEST || record->kind == LOG_GUARD_RECALL) &&
		   named) {
		s = said_new(r, record, sequence);
		s->kind = GUARD_SAID_ATTESTED;
		s->this_order = id128_eq(&r->order_seen, &order);
		s->number = guard_self_number(record);
		s->approvals = le32_get(record->debit.b + 12);
	}
}

/* What must be known of the first batch before it can be replayed: whose journal it is. */
static enum err begin(struct guard_reading *r, const struct log_view *view)
{
	struct log_record record;
	enum err e = log_view_record(&record, view, 0);

	if (e == ERR_OK && (record.kind != LOG_GENESIS || record.credit.b[0] > DOC_SIGNER_B)) {
		r->why = N_("not the journal of a signer");
		e = ERR_TYPE;
	}
	if (e == ERR_OK) {
		r->guard->config.signer = (enum doc_signer)record.credit.b[0];
		r->first_ms = record.time_ms;
	}
	return e;
}

enum err guard_reading_batch(struct guard_reading *r, struct bytes batch)
{
	struct guard *g = r->guard;
	struct log_record record;
	struct log_view view;
	enum err e = log_batch_check(&view, batch);

	if (e == ERR_OK && g->chain.next_sequence == 0) {
		e = begin(r, &view);
	}
	for (uint32_t i = 0; e == ERR_OK && i < view.head.count; i++) {
		e = log_view_record(&record, &view, i);
		if (e == ERR_OK && !is_signers(record.kind)) {
			r->why = N_("not the journal of a signer");
			e = ERR_TYPE;
		}
		if (e == ERR_OK && record.kind == LOG_GUARD_ATTEST) {
			e = vouch(r, &view, &record);
		}
		if (e == ERR_OK && record.kind == LOG_GUARD_RECALL) {
			e = handed_back(r, &view, &record);
		}
		if (e == ERR_OK && i == 0) {
			r->past = r->past || record.time_ms > r->at_ms;
		}
	}
	if (e == ERR_OK) {
		e = r->past ? guard_self_chain(g, &view, batch) : guard_replay(g, batch);
	}
	for (uint32_t i = 0; e == ERR_OK && !r->past && i < view.head.count; i++) {
		CHECK(log_view_record(&record, &view, i) == ERR_OK);
		hear(r, &view, &record, view.head.first_sequence + i);
		r->last_ms = record.time_ms;
		r->taken = view.head.first_sequence + i + 1;
	}
	return e;
}

enum err guard_reading_end(struct guard_reading *r)
{
	struct guard *g = r->guard;
	const struct control_entry *due;

	if (!g->has_genesis) {
		return ERR_STATE;
	}
	/* as if it ran until the moment: a signer that is off counts no time, and signs nothing */
	g->own_ms = g->own_base_ms + (r->at_ms > r->last_ms ? r->at_ms - r->last_ms : 0);
	g->wall_ms = r->at_ms;
	r->now = (struct policy_time){ .own_ms = g->own_ms, .wall_ms = r->at_ms };
	if (nem_time_from_unix_ms(&r->now.chain_s, r->at_ms) != ERR_OK) {
		return ERR_FIELD_RANGE;
	}
	for (due = control_due(&g->control, &r->now); due != NULL;
	     due = control_due(&g->control, &r->now)) {
		const struct id128 name = guard_self_short(&due->id);

		CHECK(control_activate(&g->control, &name, r->at_ms, &r->now));
		r->rules_due++;
	}
	r->stops = g->control.binding;
	return ERR_OK;
}

const struct guard_said *guard_reading_attested(const struct guard_reading *r)
{
	for (size_t i = r->said_n; i-- > 0;) {
		if (r->said[i].kind == GUARD_SAID_ATTESTED) {
			return r->said[i].this_order ? &r->said[i] : NULL;
		}
	}
	return NULL;
}

const struct control_entry *guard_reading_freeze(const struct guard_reading *r, size_t i)
{
	const struct control *c = &r->guard->control;

	for (size_t k = 0; k < c->n; k++) {
		if (c->entries[k].state == CONTROL_BINDS && i-- == 0) {
			return &c->entries[k];
		}
	}
	return NULL;
}

static bool all_closed(const struct guard *g)
{
	size_t closed = 0;

	for (size_t i = 0; i < g->genesis.hot_count; i++) {
		closed += g->closings[i].closed;
	}
	return closed == g->genesis.hot_count;
}

size_t guard_reading_stands(struct guard_reading *r, struct policy_verdict rows[GUARD_STANDS_MAX])
{
	const struct guard *g = r->guard;
	bool other =
	    guard_self_by_request(g, &r->request) != NULL && guard_reading_attested(r) == NULL;
	size_t n = 0;

	rows[n++] = guard_frozen(g) ? refuse(ERR_FROZEN, "signer.freeze", "a freeze is in force")
				    : passes("signer.freeze");
	rows[n++] = guard_locked(g) ? refuse(ERR_LOCKED, "signer.lock",
					     "two successors of one roster or policy were signed")
				    : passes("signer.lock");
	rows[n++] = g->exported ? refuse(ERR_STATE, "signer.export",
					 "this signer was exported; it goes on elsewhere")
				: passes("signer.export");
	rows[n++] = all_closed(g) ? refuse(ERR_POLICY, "signer.accounts",
					   "every hot account is closed: none pays any more")
				  : passes("signer.accounts");
	rows[n++] = other ? refuse(ERR_ONCE, "order.request_id",
				   "another order of this request was signed for")
			  : passes("order.request_id");
	return n;
}

void guard_reading_question(struct guard_reading *r, struct policy_question *q)
{
	struct guard *g = r->guard;
	const struct guard_payment *p = guard_self_by_request(g, &r->request);
	const struct control_grants_ask ask = { .to = &q->order->destination, .at = &r->now };

	q->genesis = &g->genesis;
	q->own = &g->policy_own;
	q->policy = &g->policy;
	q->history = &g->history;
	q->prices_needed = (size_t)g->roster.prices_needed;
	q->now = r->now;
	q->unapproved_since = g->budget.since;
	q->order_known = guard_order_since(g, q->order, &r->order);
	q->listed = control_listed(&g->control, ask.to);
	q->grants = r->grants;
	q->grants_n = control_grants(&g->control, &ask, r->grants);
	if (p != NULL) {
		/* it is not to be counted twice */
		r->own = guard_sign_entry(p);
		q->dead = &r->own;
		q->dead_n = 1;
		if (p->approvals == 0 && p->sequence > g->budget.sequence) {
			q->unapproved_since -= guard_self_outflow(p);
		}
	}
	q->veto = q->veto || control_said_no(&g->control, &r->order, q->request_doc);
}
