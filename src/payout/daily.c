/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daily.c - the newest `day` (policy/day.h): kept, and handed to signers beside each payment
 * without approvals.  Whether it renews anything is judged there; here only that it may be one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "payout/inner.h"
#include "policy/day.h"

/* A copy of the newest; the one before it goes.  False: no memory. */
static bool keep(struct payout *p, const struct doc *d, uint64_t time_ms)
{
	uint8_t *copy = malloc(d->raw.n);

	if (copy == NULL) {
		return false;
	}
	memcpy(copy, d->raw.p, d->raw.n);
	free(p->day.p);
	p->day = (struct inner_day){ .id = d->id, .p = copy, .n = d->raw.n, .time_ms = time_ms };
	return true;
}

enum err daily_replay(struct payout *p, const struct doc *d)
{
	struct doc_day day;

	if (doc_day_read(d, &day, NULL) != ERR_OK) {
		return ERR_CORRUPT;
	}
	return keep(p, d, day.time_ms) ? ERR_OK : ERR_FULL;
}

/* What waits for it is asked for at once. */
static void wake(struct payout *p)
{
	for (size_t i = 0; i < p->open_n; i++) {
		p->all[p->open[i]].retry_mono_ms = 0;
		p->all[p->open[i]].pause_ms = 0;
	}
}

void daily_take(struct payout *p, const struct doc *d, struct effects *out)
{
	struct log_record r = { .kind = LOG_DOCUMENT, .amount = DOC_DAY, .id = map_key(&d->id) };
	struct doc_fault fault = { .why = NULL };
	struct policy_verdict v;
	struct proofs proofs;
	struct doc_day day;
	char text[POLICY_WORDS_MAX];
	enum err e = doc_day_read(d, &day, &fault);

	if (e != ERR_OK) {
		answer_refuse_doc(p, e, &fault);
		return;
	}
	v = day_judge(d, &day, &p->roster, p->wall_ms + p->policy.clock_skew_ms, &proofs);
	if (v.err != ERR_OK) {
		policy_words(text, &v);
		answer_refuse(p, v.err, v.field, "%s", text);
		return;
	}
	if (p->day.p != NULL && day.time_ms < p->day.time_ms) {
		answer_refuse(p, ERR_STALE, "time_ms", "a later day is here already");
		return;
	}
	if (p->day.p == NULL || !hash32_eq(&p->day.id, &d->id)) {
		if (!keep(p, d, day.time_ms)) {
			answer_refuse(p, ERR_FULL, "day", "no memory for it");
			return;
		}
		payout_record(p, &r, d->raw);
		wake(p);
		effects_note(out, "unusual day person=%s a=%llu b=%llu", day.person,
			     (unsigned long long)day.a_sequence,
			     (unsigned long long)day.b_sequence);
	}
	hex_put(text, bytes_of(d->id.b, 32));
	answer_text(p, "id", text);
	answer_text(p, "state", "kept");
	answer_text(p, "type", "day");
}

struct bytes daily_for(const struct payout *p, const struct inner_withdrawal *w,
		       enum doc_signer signer)
{
	bool wanted =
	    p->day.p != NULL && w->approved == 0 && (p->day.refused >> (unsigned)signer & 1) == 0;

	return wanted ? bytes_of(p->day.p, p->day.n) : bytes_of(NULL, 0);
}

void daily_refused(struct payout *p, enum doc_signer signer, const char *field, struct effects *out)
{
	unsigned bit = 1u << (unsigned)signer;

	if (strncmp(field, "day", 3) != 0 || (p->day.refused & bit) != 0) {
		return;
	}
	p->day.refused |= bit;
	effects_note(out, "broken day-refused signer=%c why=\"%s\"", "ab"[signer],
		     p -> link_words[signer]);
}
