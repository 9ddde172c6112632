/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prices.c - what price sources said last: kept until something newer comes, handed to the signers
 * beside each payment.
 *
 * Not in the journal: a price is worth nothing when it is old, and its source says the next one
 * soon.  After a start payments wait until the sources have spoken again (docs/decisions/0021).
 */
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "chain/nem/nem_time.h"
#include "payout/inner.h"
#include "payout/reason.h"
#include "policy/prices.h"

/* By the faster clock, as signers will count it; 0: from the future. */
static uint64_t age_ms(const struct payout *p, const struct inner_price *one)
{
	uint64_t chain_ms = nem_time_to_unix_ms(p->top_time);
	uint64_t latest = chain_ms > p->wall_ms ? chain_ms : p->wall_ms;

	return latest > one->said.time_ms ? latest - one->said.time_ms : 0;
}

bool prices_wanted(const struct payout *p)
{
	return p->policy.yen_count > 0;
}

static bool is_fresh(const struct payout *p, const struct inner_price *one)
{
	return one->n > 0 && prices_wanted(p) && age_ms(p, one) <= p->policy.yen[0].age_max_ms;
}

/* Those that are fresh and near each other; of[i] is the source of the set's i-th. */
static void choose(const struct payout *p, struct prices_set *set, size_t of[DOC_SOURCES_MAX])
{
	bool chosen[DOC_SOURCES_MAX] = { false };
	size_t n = 0;

	set->n = 0;
	for (size_t i = 0; i < DOC_SOURCES_MAX; i++) {
		if (is_fresh(p, &p->prices[i])) {
			of[set->n] = i;
			set->one[set->n++].said = p->prices[i].said;
		}
	}
	if (set->n > 0) {
		(void)prices_agree(set, p->policy.yen[0].jump_max_bp, chosen);
	}
	for (size_t i = 0; i < set->n; i++) {
		if (chosen[i]) {
			of[n] = of[i];
			set->one[n++] = set->one[i];
		}
	}
	set->n = n;
}

bool prices_ready(const struct payout *p, char words[INNER_REASON_MAX])
{
	struct prices_set set;
	size_t of[DOC_SOURCES_MAX];
	size_t fresh = 0;

	if (!prices_wanted(p)) {
		return true;
	}
	choose(p, &set, of);
	if (set.n >= p->roster.prices_needed) {
		return true;
	}
	for (size_t i = 0; i < DOC_SOURCES_MAX; i++) {
		fresh += is_fresh(p, &p->prices[i]);
	}
	(void)snprintf(words, INNER_REASON_MAX, REASON_PRICES, set.n,
		       (unsigned long long)p->roster.prices_needed, fresh);
	return false;
}

size_t prices_chosen(const struct payout *p, struct bytes out[DOC_SOURCES_MAX])
{
	struct prices_set set;
	size_t of[DOC_SOURCES_MAX];

	choose(p, &set, of);
	for (size_t i = 0; i < set.n; i++) {
		out[i] = bytes_of(p->prices[of[i]].raw, p->prices[of[i]].n);
	}
	return set.n;
}

size_t prices_asked(const struct payout *p, struct prices_set *set,
		    struct policy_price out[DOC_SOURCES_MAX])
{
	size_t of[DOC_SOURCES_MAX];

	choose(p, set, of);
	/* whose each is was judged when it was taken, by the roster that is in force */
	for (size_t i = 0; i < set->n; i++) {
		out[i] = (struct policy_price){ .rate = set->one[i].said.rate,
						.time_ms = set->one[i].said.time_ms,
						.source = of[i] };
	}
	return set->n;
}

uint64_t prices_counted(const struct payout *p)
{
	struct prices_set set;
	size_t of[DOC_SOURCES_MAX];

	choose(p, &set, of);
	return prices_highest(&set);
}

void prices_forget(struct payout *p)
{
	memset(p->prices, 0, sizeof p->prices);
}

/* What waits because a signer found no price good enough is asked for again at once. */
static void wake(struct payout *p)
{
	for (size_t i = 0; i < p->open_n; i++) {
		struct inner_withdrawal *w = &p->all[p->open[i]];

		if (w->wants_price) {
			w->wants_price = false;
			w->retry_mono_ms = 0;
		}
	}
}

/* Why it is not kept; NULL: it is. */
static const char *unfit(const struct payout *p, const struct inner_price *kept,
			 const struct inner_price *one, enum err *e)
{
	*e = ERR_CLOCK;
	if (one->said.time_ms > p->wall_ms + p->policy.clock_skew_ms) {
		return N_("a price from the future");
	}
	*e = ERR_STALE;
	if (prices_wanted(p) && age_ms(p, one) > p->policy.yen[0].age_max_ms) {
		return N_("the price is older than the policy takes");
	}
	return kept->n > 0 && one->said.time_ms <= kept->said.time_ms
		   ? N_("a price of this source that is as new is here already")
		   : NULL;
}

void prices_take(struct payout *p, struct bytes raw)
{
	struct doc_fault fault = { .why = NULL };
	struct policy_price said[DOC_SOURCES_MAX];
	struct prices_set set = { .n = 0 };
	struct inner_price one = { .n = raw.n };
	struct inner_price *kept;
	struct policy_verdict v;
	struct doc d;
	const char *why;
	char hex[65];
	enum err e = doc_open(&d, raw, &p->genesis_id, &fault);

	if (e == ERR_OK) {
		e = prices_add(&set, &d, &fault);
	}
	if (e != ERR_OK) {
		answer_refuse_doc(p, e, &fault);
		return;
	}
	v = prices_judge(&set, &p->roster, said);
	if (v.err != ERR_OK) {
		answer_refuse(p, v.err, v.field + strlen("price."), "%s", v.words);
		return;
	}
	if (raw.n > sizeof one.raw) {
		answer_refuse(p, ERR_TOO_LARGE, "signatures", "more than is kept of one");
		return;
	}
	kept = &p->prices[said[0].source];
	one.id = d.id;
	one.said = set.one[0].said;
	if (kept->n == 0 || !hash32_eq(&kept->id, &one.id)) {
		why = unfit(p, kept, &one, &e);
		if (why != NULL) {
			answer_refuse(p, e, "time_ms", "%s", why);
			return;
		}
		memcpy(one.raw, raw.p, raw.n);
		*kept = one;
		wake(p);
	}
	hex_put(hex, bytes_of(d.id.b, sizeof d.id.b));
	answer_text(p, "id", hex);
	answer_text(p, "state", "kept");
	answer_text(p, "type", "price");
}

bool prices_at(const struct payout *p, size_t source, struct prices_view *out)
{
	const struct inner_price *one = &p->prices[source];

	if (source >= p->roster.source_count || one->n == 0) {
		return false;
	}
	*out = (struct prices_view){ .age_ms = age_ms(p, one), .time_ms = one->said.time_ms };
	memcpy(out->rate, one->said.rate, sizeof out->rate);
	return true;
}
