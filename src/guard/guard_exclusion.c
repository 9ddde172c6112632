/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard_exclusion.c - may an order be tried once more?  Only when all its earlier attempts are
 * dead (policy/exclusion.h, docs/decisions/0009), by three witnesses that must agree: the
 * statements of k watchers, our own journal, and the balances in k fresh heartbeats.
 */
#include "base/check.h"
#include "guard/guard_self.h"

/* Nothing that we know of the order but these attempts, and each of their tills closed here. */
static enum err journal_agrees(const struct guard *g, const struct exclusion_set *set,
			       const struct id128 *request_id, struct guard_no *no)
{
	size_t known = 0;

	for (size_t i = 0; i < g->payments_n; i++) {
		const struct guard_payment *p = &g->config.storage.payments[i];

		if (p->sweep || !id128_eq(&p->request_id, request_id)) {
			continue;
		}
		/* unreached: payments count from 1, and none is above the newest, which is earlier
		 */
		if (p->number < 1 || p->number > set->earlier_n ||
		    guard_self_mark(g, &set->earlier[p->number - 1].doc.id) != p->subject) {
			return guard_self_no(no, ERR_ONCE, "earlier.number",
					     "we have signed another attempt of this order");
		}
		known++;
	}
	/* A speaks first, so it has signed every attempt that can ever be mined */
	if (g->config.signer == DOC_SIGNER_A && known != set->earlier_n) {
		return guard_self_no(no, ERR_NOT_FOUND, "earlier.number",
				     "our journal does not show this attempt");
	}
	for (size_t i = 0; i < set->earlier_n; i++) {
		if (!guard_closing_closed(g, &set->earlier[i].attempt.account)) {
			return guard_self_no(no, ERR_STATE, "earlier.account",
					     "the till of an earlier attempt is not closed");
		}
	}
	return ERR_OK;
}

/* A stranger may have filled the till again since: with money in it nothing is sure. */
static enum err still_empty(const struct guard *g, const struct exclusion_set *set,
			    struct guard_no *no)
{
	for (size_t i = 0; i < set->earlier_n; i++) {
		uint8_t hot = guard_self_hot(g, &set->earlier[i].attempt.account);
		unsigned yes = 0;

		for (size_t k = 0; k < g->roster.watcher_count; k++) {
			const struct guard_watcher *w = &g->watchers[k];

			yes += guard_self_fresh(g, w) && w->hot[hot].known &&
			       w->hot[hot].confirmed < set->earlier[i].outflow;
		}
		if (yes < g->roster.watchers_needed) {
			return guard_self_no(no, ERR_FUNDS, "earlier.account",
					     "the till of an earlier attempt holds money again");
		}
	}
	return ERR_OK;
}

enum err guard_exclusion_judge(const struct guard *g, struct exclusion_set *set,
			       const struct doc_order *order, const struct hash32 *order_id,
			       const struct doc_attempt *attempt, struct guard_no *no)
{
	const struct exclusion_question q = {
		.genesis = &g->genesis,
		.roster = &g->roster,
		.order = order,
		.order_id = order_id,
		.needed = (unsigned)g->roster.watchers_needed -
			  ((g->config.planted & GUARD_PLANT_EXCLUSION_FEW) != 0 ? 1 : 0),
	};
	struct policy_verdict v;
	enum err e;

	if ((g->config.planted & GUARD_PLANT_NO_EXCLUSION) != 0) {
		return ERR_OK;
	}
	v = exclusion_check(set, &q, attempt);
	if (v.err != ERR_OK) {
		return guard_self_no_verdict(no, &v);
	}
	if (set->earlier_n == 0) {
		return ERR_OK;
	}
	e = journal_agrees(g, set, &order->request_id, no);
	return e == ERR_OK ? still_empty(g, set, no) : e;
}

/* Officers have looked at it: they lifted the freeze that either of us asked for. */
static bool is_lifted(struct guard *g, const struct doc_order *order, const struct hash32 *order_id,
		      unsigned number)
{
	struct hash32 by_a;
	struct hash32 by_b;

	exclusion_freeze_id(&by_a, DOC_SIGNER_A, order, order_id, number);
	exclusion_freeze_id(&by_b, DOC_SIGNER_B, order, order_id, number);
	return control_lifted(&g->control, &by_a) || control_lifted(&g->control, &by_b);
}

enum err guard_exclusion_freeze(struct guard *g, const struct doc_order *order,
				const struct hash32 *order_id, unsigned number, struct guard_no *no,
				struct effects *out)
{
	struct doc_freeze f;
	uint8_t raw[4096];
	struct writer w = writer_make(raw, sizeof raw);
	struct control_news news;
	struct doc d;

	if (number <= EXCLUSION_FREE || is_lifted(g, order, order_id, number)) {
		return ERR_OK;
	}
	exclusion_freeze(&f, g->config.signer, order, order_id, number);
	CHECK(doc_freeze_make(&w, NULL, &f, g->config.attest_secret) == ERR_OK);
	CHECK(doc_open(&d, bytes_of(w.p, w.n), &g->genesis_id, NULL) == ERR_OK);
	effects_note(out, "broken attempts-dead number=%u", number);
	/* unreached: nothing binds, or may_pay() had refused, so there is place for a freeze */
	if (guard_stop_take(g, &d, &news, no, out) != ERR_OK) {
		/* unreached: as above */
		return no->err;
	}
	return guard_self_no(
	    no, ERR_FROZEN, "attempt.number",
	    "so many attempts of this order are dead that officers must look first");
}
