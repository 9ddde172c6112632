/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/guard_self.h"

#include "policy/verdict.h"

/* What we attested without approvals behind this number; payments that are forgotten do not count.
 */
static u128 unapproved_after(const struct guard *g, uint64_t sequence)
{
	u128 sum = 0;

	/* payments stand in the order of their sequences */
	for (size_t i = g->payments_n; i-- > 0;) {
		const struct guard_payment *p = &g->config.storage.payments[i];

		if (p->sequence <= sequence) {
			break;
		}
		sum += p->approvals == 0 ? guard_self_outflow(p) : 0; /* a sweep's is zero */
	}
	return sum;
}

static struct day_point own_point(const struct guard *g, const struct doc_day *day)
{
	return day_point_of(day, g->config.signer);
}

/* Is this a point of our own journal, and is the sum up to there the one that was compared? */
static struct policy_verdict judge_point(const struct guard *g, const struct day_point *p,
					 u128 after)
{
	bool a = g->config.signer == DOC_SIGNER_A;
	const char *sequence = a ? "day.a_sequence" : "day.b_sequence";
	u128 sum = g->budget.ever - after;

	if (p->sequence > guard_self_newest(g)) {
		return refuse_figure(ERR_MISMATCH, sequence,
				     "compared further than this signer has attested", p->sequence,
				     guard_self_newest(g));
	}
	if (p->sequence < g->forgot_sequence) {
		return too_little(ERR_STALE, sequence,
				  "compared not as far as what is forgotten here", p->sequence,
				  g->forgot_sequence);
	}
	if (p->unapproved != sum) {
		return refuse_figure(ERR_MISMATCH, a ? "day.a_unapproved" : "day.b_unapproved",
				     "what was compared is not what this signer attested",
				     p->unapproved, sum);
	}
	return allowed;
}

enum err guard_day_judge(const struct guard *g, const struct doc *d, const struct doc_day *day,
			 struct proofs *proofs, u128 *since, bool *renews, struct guard_no *no)
{
	const struct day_point p = own_point(g, day);
	u128 after = unapproved_after(g, p.sequence);
	bool any = (g->config.planted & GUARD_PLANT_DAY_ANY) != 0;
	struct policy_verdict v;

	*renews = day_renews(&g->budget, &p);
	if (!*renews) {
		*since = g->budget.since;
		return ERR_OK;
	}
	v = day_judge(d, day, &g->roster, g->wall_ms + g->policy.clock_skew_ms, proofs);
	if (v.err == ERR_OK) {
		v = proofs_count(proofs, &g->counters);
	}
	if (v.err == ERR_OK && !any) { /* unreached: ./sim plants */
		v = judge_point(g, &p, after);
	}
	if (v.err != ERR_OK) {
		return guard_self_no_verdict(no, &v);
	}
	/* unreached: as above */
	*since = (g->config.planted & GUARD_PLANT_DAY_WHOLE) != 0 ? 0 : after;
	return ERR_OK;
}

void guard_day_take(struct guard *g, const struct doc_day *day, u128 since)
{
	const struct day_point p = own_point(g, day);

	day_take(&g->budget, &p, since);
}

enum err guard_day_replay(struct guard *g, struct bytes blob)
{
	struct doc_day day;
	struct doc d;

	if (doc_open(&d, blob, &g->genesis_id, NULL) != ERR_OK ||
	    doc_day_read(&d, &day, NULL) != ERR_OK) {
		return ERR_CORRUPT;
	}
	guard_day_take(g, &day, unapproved_after(g, own_point(g, &day).sequence));
	return ERR_OK;
}
