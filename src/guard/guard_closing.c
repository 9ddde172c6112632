/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard_closing.c - accounts that are used up (design.md 7): an officer closes one, it pays no
 * more, for ever, and may be emptied whole to its own spare box without a freeze.  Closing only
 * tightens, so one officer suffices and nobody can open an account again.
 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "guard/guard_self.h"
#include "ipc/frame.h"

bool guard_closing_is(const struct guard *g, struct bytes item)
{
	struct doc d;

	return doc_open(&d, item, &g->genesis_id, NULL) == ERR_OK && d.type == DOC_CLOSING;
}

bool guard_closing_closed(const struct guard *g, const struct key32 *account)
{
	for (size_t i = 0; i < g->genesis.hot_count; i++) {
		if (key32_eq(&g->genesis.hot[i].public_key, account)) {
			return g->closings[i].closed;
		}
	}
	return false;
}

/* An officer of the roster, with his signature or his security key's. */
static enum err issuer_check(const struct guard *g, const struct doc *d,
			     const struct doc_closing *c, struct proofs *proofs,
			     struct guard_no *no)
{
	struct policy_verdict v;

	for (size_t i = 0; i < g->roster.people_count; i++) {
		const struct doc_person *p = &g->roster.people[i];

		if (strcmp(p->id, c->issuer) != 0 || (p->roles & DOC_ROLE_OFFICER) == 0) {
			continue;
		}
		v = proofs_judge_one(proofs, d, c->time_ms, &g->roster, p);
		if (v.err == ERR_OK) {
			return ERR_OK;
		}
		(void)guard_self_no_verdict(no, &v);
		(void)snprintf(no->field, sizeof no->field, "closing.%.48s", v.field);
		return v.err;
	}
	return guard_self_no(no, ERR_SIGNER_UNKNOWN, "closing.issuer", "no officer of the roster");
}

static enum err read(const struct guard *g, struct bytes item, struct doc *d, struct doc_closing *c,
		     size_t *hot, struct proofs *proofs, struct guard_no *no)
{
	struct doc_fault fault = { "", NULL };
	enum err e = guard_self_open(g, d, item, DOC_CLOSING, "closing", no);

	if (e != ERR_OK) {
		return e;
	}
	e = doc_closing_read(d, c, &fault);
	if (e != ERR_OK) {
		return guard_self_no_fault(no, e, "closing", &fault);
	}
	if (!doc_closing_fits(d)) {
		return guard_self_no(no, ERR_TOO_LARGE, "closing.signatures",
				     "more than watchers keep of one");
	}
	*hot = 0;
	while (*hot < g->genesis.hot_count &&
	       !key32_eq(&g->genesis.hot[*hot].public_key, &c->account)) {
		++*hot;
	}
	if (*hot == g->genesis.hot_count) {
		return guard_self_no(no, ERR_POLICY, "closing.account",
				     "not a hot account of the genesis document");
	}
	return issuer_check(g, d, c, proofs, no);
}

static void keep(struct guard *g, size_t hot, const struct doc *d, uint64_t sequence,
		 uint64_t time_ms)
{
	g->closings[hot] = (struct guard_closing){
		.closed = true, .id = d->id, .sequence = sequence, .time_ms = time_ms
	};
}

enum err guard_closing_take(struct guard *g, struct bytes item, const struct key32 *account,
			    struct doc *d, size_t *hot, struct guard_no *no, struct effects *out)
{
	struct log_record r = { .kind = LOG_GUARD_CLOSING };
	struct doc_closing c;
	struct log_batch b;
	struct proofs proofs;
	uint64_t sequence;
	enum err e = read(g, item, d, &c, hot, &proofs, no);

	if (e != ERR_OK) {
		return e;
	}
	if (account != NULL && !key32_eq(account, &c.account)) {
		return guard_self_no(no, ERR_MISMATCH, "closing.account",
				     "it closes another account than the one that is to be moved");
	}
	if (g->closings[*hot].closed) {
		return ERR_OK;
	}
	if (!guard_self_room(g, d->raw.n + 1024, GUARD_HEADROOM_BYTES / 4)) {
		return guard_self_no(no, ERR_FULL, "journal",
				     "the journal is full but for freezes and sweeps");
	}
	r.id = guard_self_short(&d->id);
	r.credit.b[0] = (uint8_t)*hot;
	guard_self_begin(g, &b, out);
	sequence = guard_self_sequence(g, &b);
	guard_self_add(g, &b, &r, 0, &d->raw);
	guard_self_counts(g, &b, &proofs); /* a closing only stops: see guard_stop.c */
	guard_self_commit(g, &b, out);
	keep(g, *hot, d, sequence, g->wall_ms);
	effects_note(out, "unusual account_closed hot=%zu issuer=%s", *hot, c.issuer);
	guard_sign_account_closed(g, (uint8_t)*hot, out);
	return ERR_OK;
}

enum err guard_closing_replay(struct guard *g, uint64_t sequence, uint64_t time_ms,
			      struct bytes blob)
{
	struct doc_closing c;
	struct proofs proofs;
	struct guard_no no;
	struct doc d;
	size_t hot = 0;

	if (read(g, blob, &d, &c, &hot, &proofs, &no) != ERR_OK || g->closings[hot].closed) {
		return ERR_CORRUPT;
	}
	if ((g->config.planted & GUARD_PLANT_FORGET_CLOSING) == 0) {
		keep(g, hot, &d, sequence, time_ms);
	}
	return ERR_OK;
}

void guard_closing_put(struct guard *g, struct guard_ask *ask, struct bytes item,
		       struct effects *out)
{
	struct guard_no no;
	struct doc d;
	size_t hot = 0;
	enum err e = guard_closing_take(g, item, NULL, &d, &hot, &no, out);

	if (e == ERR_OK && !hash32_eq(&g->closings[hot].id, &d.id)) {
		e = guard_self_no(&no, ERR_ONCE, "closing.account",
				  "this account is closed already, by another document");
	}
	if (e != ERR_OK) {
		guard_self_refuse(g, ask, &no, out);
		return;
	}
	guard_stop_receipt(g, ask, &g->closings[hot].id, g->closings[hot].sequence,
			   g->closings[hot].time_ms, out);
}
