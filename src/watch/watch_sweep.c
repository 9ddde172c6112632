/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_sweep.c - evacuation: each hot account whole to its own spare box, derived by rule from the
 * newest block, signed by A, then by B, announced to every node, again after each block while
 * anything is left (design.md 5.2).  The same for one account that is closed, without a freeze.
 */
#include <string.h>

#include "base/check.h"
#include "ipc/frame.h"
#include "policy/attempt.h"
#include "watch/watch_self.h"

enum {
	GROUNDS_MAX = 2,
	LIFE_LEFT_S = 120, /* a sweep with less time than this is derived anew */
	ANSWER_MS = 1000,  /* then the signer is asked again: the first asker may be another */
	STALE_BLOCKS = 30,
	ADOPT_BESIDE = 3, /* sweeps of an account beside which another's is taken up */
};

static struct watch_sweep *find_spending(struct watch *w, size_t own, uint64_t spends,
					 uint32_t now_s)
{
	for (size_t i = 0; i < WATCH_SWEEPS_MAX; i++) {
		struct watch_sweep *s = &w->sweeps[i];

		if (s->state != WATCH_SWEEP_NONE && s->own == own && s->spends_micro == spends &&
		    s->deadline_nem_s > now_s + LIFE_LEFT_S) {
			return s;
		}
	}
	return NULL;
}

/* A free place, or that of the oldest sweep of this account. */
static struct watch_sweep *place(struct watch *w, size_t own)
{
	struct watch_sweep *oldest = NULL;

	for (size_t i = 0; i < WATCH_SWEEPS_MAX; i++) {
		struct watch_sweep *s = &w->sweeps[i];

		if (s->state == WATCH_SWEEP_NONE) {
			return s;
		}
		if (s->own == own && (oldest == NULL || s->height < oldest->height)) {
			oldest = s;
		}
	}
	return oldest;
}

static uint64_t micro(const struct money *m)
{
	uint64_t v = 0;

	return money_u64(&v, m) == ERR_OK ? v : UINT64_MAX;
}

static bool sweep_begin(struct watch *w, size_t own, uint64_t height, const struct doc_sweep *doc)
{
	struct watch_sweep *s = place(w, own);
	struct writer raw;

	if (s == NULL) {
		return false;
	}
	memset(s, 0, sizeof *s);
	raw = writer_make(s->raw, sizeof s->raw);
	if (doc_sweep_make(&raw, &s->id, doc, NULL) != ERR_OK ||
	    payment_make_sweep(&s->payment, (uint8_t)w->genesis.chain_network,
			       &w->roster.signers[DOC_SIGNER_A].chain_key,
			       &w->roster.signers[DOC_SIGNER_B].chain_key, doc) != ERR_OK) {
		s->state = WATCH_SWEEP_NONE;
		return false;
	}
	s->raw_n = (uint32_t)raw.n;
	s->state = WATCH_SWEEP_A;
	s->own = (uint16_t)own;
	s->height = height;
	s->spends_micro = micro(&doc->amount) + micro(&doc->fee_inner) + micro(&doc->fee_outer) +
			  micro(&doc->fee_cosign);
	s->deadline_nem_s = (uint32_t)doc->deadline_nem_s;
	return true;
}

static void derive_one(struct watch *w, size_t own, const struct watch_node *best, uint64_t spends)
{
	struct money balance = money_of(ASSET_XEM, spends);
	struct doc_sweep doc;

	if (find_spending(w, own, spends, best->time_nem_s) != NULL ||
	    attempt_sweep_make(&doc, &w->genesis, &w->policy, &w->genesis_id,
			       &w->genesis.hot[w->own[own].hot].public_key, &balance,
			       best->time_nem_s) != ERR_OK) {
		return; /* under way already, or dust that does not pay for its own move */
	}
	(void)sweep_begin(w, own, best->height, &doc);
}

void watch_sweep_derive(struct watch *w, struct effects *out)
{
	const struct watch_node *best = watch_self_best(w);

	(void)out;
	if (best == NULL) {
		return;
	}
	for (size_t i = 0; i < WATCH_SWEEPS_MAX; i++) {
		struct watch_sweep *s = &w->sweeps[i];

		if (s->state != WATCH_SWEEP_NONE &&
		    (s->deadline_nem_s <= best->time_nem_s ||
		     best->height > s->height + STALE_BLOCKS || best->balance[s->own] == 0)) {
			s->state = WATCH_SWEEP_NONE;
		}
	}
	for (size_t own = 0; own < w->own_n; own++) {
		if (w->own[own].kind != WATCH_HOT ||
		    (!w->evacuating && !watch_closing_due(w, own, best))) {
			continue;
		}
		derive_one(w, own, best, best->balance[own]);
		/* Where a pool has executed what the thief announced, only the rest can be moved.
		 */
		for (unsigned i = 0; i < w->config.nodes; i++) {
			const struct watch_node *n = &w->node[i];

			if (n->up && n->synced && !n->lying && n->height == best->height &&
			    watch_self_remaining(n, own) != best->balance[own]) {
				derive_one(w, own, best, watch_self_remaining(n, own));
			}
		}
	}
	w->sweep_derived_height = best->height;
}

/* What others had signed is taken up beside our own sweeps, never in their place. */
static bool may_adopt(const struct watch *w, size_t own)
{
	size_t free_places = 0;
	size_t each = 0;

	for (size_t i = 0; i < WATCH_SWEEPS_MAX; i++) {
		free_places += w->sweeps[i].state == WATCH_SWEEP_NONE;
		each += w->sweeps[i].state != WATCH_SWEEP_NONE && w->sweeps[i].own == own;
	}
	return free_places > 0 && each < ADOPT_BESIDE;
}

void watch_sweep_adopt(struct watch *w, struct bytes raw)
{
	const struct watch_node *best = watch_self_best(w);
	struct doc_sweep doc;
	struct nem_address account;
	struct doc d;
	uint64_t spends;
	int own;

	if (best == NULL || doc_open(&d, raw, &w->genesis_id, NULL) != ERR_OK ||
	    d.type != DOC_SWEEP || doc_sweep_read(&d, &doc, NULL) != ERR_OK) {
		return;
	}
	nem_address_from_key(&account, &doc.account, (uint8_t)w->genesis.chain_network);
	own = watch_self_own(w, &account);
	spends = micro(&doc.amount) + micro(&doc.fee_inner) + micro(&doc.fee_outer) +
		 micro(&doc.fee_cosign);
	if (own < 0 || !(w->evacuating || watch_closing_of(w, (size_t)own).n > 0) ||
	    spends > best->balance[own] || !may_adopt(w, (size_t)own) ||
	    find_spending(w, (size_t)own, spends, best->time_nem_s) != NULL) {
		return;
	}
	(void)sweep_begin(w, (size_t)own, best->height, &doc);
}

/* ---- asking the signers -------------------------------------------------------------------- */

static void ask(struct watch *w, struct watch_sweep *s, struct effects *out)
{
	struct bytes items[1 + GROUNDS_MAX + 2];
	size_t n = 1;
	int signer = s->state == WATCH_SWEEP_A ? DOC_SIGNER_A : DOC_SIGNER_B;
	size_t grounds = 0;

	s->grounds = CONTROL_DOCS_MAX;
	if (w->evacuating) {
		grounds = watch_stop_grounds(w, items + 1, GROUNDS_MAX, &s->grounds);
	}
	if (grounds == 0) {
		items[1] = watch_closing_of(w, s->own);
		grounds = items[1].n > 0;
	}
	if (grounds == 0) {
		return;
	}
	items[0] = bytes_of(s->raw, s->raw_n);
	n += grounds;
	if (s->state == WATCH_SWEEP_B) {
		items[n++] = bytes_of(s->attest, s->attest_n);
		items[n++] = bytes_of(s->sign, s->sign_n);
	}
	s->asked = true;
	s->asked_mono_ms = w->mono_ms;
	s->request_id = ++w->requests_made;
	watch_self_send(w, w->signer[signer].channel, SIGNER_SWEEP, s->request_id, items, n, out);
}

void watch_sweep_closed(struct watch *w, int signer)
{
	for (size_t i = 0; i < WATCH_SWEEPS_MAX; i++) {
		struct watch_sweep *s = &w->sweeps[i];

		if (s->state == (signer == DOC_SIGNER_A ? WATCH_SWEEP_A : WATCH_SWEEP_B)) {
			s->asked = false;
		}
	}
}

void watch_sweep_end(struct watch *w)
{
	for (size_t i = 0; i < WATCH_SWEEPS_MAX; i++) {
		struct watch_sweep *s = &w->sweeps[i];

		if (s->state != WATCH_SWEEP_NONE && watch_closing_of(w, s->own).n == 0) {
			s->state = WATCH_SWEEP_NONE;
		}
	}
}

/* [attestation, signature] of exactly what we derived: verified before it is used. */
static bool answer_read(struct watch *w, int signer, struct watch_sweep *s, struct bytes body)
{
	static struct doc_attestation t;
	struct doc_signature sign;
	struct bytes items[2];
	struct doc a;
	struct doc g;
	size_t n = 0;
	bool is_a = signer == DOC_SIGNER_A;
	struct bytes want = is_a ? payment_cosign(&s->payment) : payment_wrap(&s->payment);

	if (frame_items_all(body, items, 2, &n) != ERR_OK || n != 2 ||
	    doc_open(&a, items[0], &w->genesis_id, NULL) != ERR_OK || a.type != DOC_ATTESTATION ||
	    doc_attestation_read(&a, &t, NULL) != ERR_OK ||
	    doc_open(&g, items[1], &w->genesis_id, NULL) != ERR_OK || g.type != DOC_SIGNATURE ||
	    doc_signature_read(&g, &sign, NULL) != ERR_OK) {
		return false;
	}
	if (t.signer != (enum doc_signer)signer || !hash32_eq(&t.subject, &s->id) ||
	    !bytes_eq(bytes_of(t.data, t.data_n), want) || !hash32_eq(&sign.attestation, &a.id) ||
	    !doc_signed_by(&a, &w->roster.signers[signer].attest_key) ||
	    !(is_a ? payment_cosign_signed(&s->payment, &sign.signature)
		   : payment_wrap_signed(&s->payment, &sign.signature))) {
		return false;
	}
	s->signature[signer] = sign.signature;
	if (is_a) {
		if (items[0].n > sizeof s->attest || items[1].n > sizeof s->sign) {
			return false;
		}
		memcpy(s->attest, items[0].p, items[0].n);
		s->attest_n = (uint32_t)items[0].n;
		memcpy(s->sign, items[1].p, items[1].n);
		s->sign_n = (uint32_t)items[1].n;
	}
	return true;
}

/* The signer sees no theft in the freeze that it was shown. */
static bool evidence_refused(const struct watch *w, struct bytes body)
{
	struct doc_refusal refusal;
	struct bytes item;
	struct doc d;
	size_t n = 0;

	return frame_items_all(body, &item, 1, &n) == ERR_OK && n == 1 &&
	       doc_open(&d, item, &w->genesis_id, NULL) == ERR_OK && d.type == DOC_REFUSAL &&
	       doc_refusal_read(&d, &refusal, NULL) == ERR_OK &&
	       strcmp(refusal.code, err_slug(ERR_EVIDENCE)) == 0;
}

void watch_sweep_reply(struct watch *w, int signer, const struct event *event, struct effects *out)
{
	enum watch_sweep_state state = signer == DOC_SIGNER_A ? WATCH_SWEEP_A : WATCH_SWEEP_B;

	for (size_t i = 0; i < WATCH_SWEEPS_MAX; i++) {
		struct watch_sweep *s = &w->sweeps[i];

		if (s->state != state || !s->asked || s->request_id != event->request_id) {
			continue;
		}
		if (!answer_read(w, signer, s, event->body)) {
			/* Refused, or nonsense: asked again when its time has come. */
			effects_note(out, "unusual sweep_refused signer=%c account=%s",
				     "ab"[signer], w -> own[s->own].address.text);
			if (evidence_refused(w, event->body)) {
				watch_stop_refused(w, s->grounds, out);
			}
			return;
		}
		s->asked = false;
		s->state = signer == DOC_SIGNER_A ? WATCH_SWEEP_B : WATCH_SWEEP_READY;
		return;
	}
}

/* ---- announcing ---------------------------------------------------------------------------- */

static void journal(struct watch *w, struct watch_sweep *s, struct effects *out)
{
	struct log_record r = { .kind = LOG_WATCH_SWEEP,
				.id = watch_self_short(&s->id),
				.asset = ASSET_XEM,
				.amount = s->spends_micro };
	struct bytes blob = bytes_of(s->raw, s->raw_n);
	struct log_batch b;

	s->journalled = true;
	watch_self_begin(w, &b);
	CHECK(watch_self_add(w, &b, &r, &blob) == ERR_OK);
	watch_self_commit(w, &b, out);
}

static void announce(struct watch *w, struct watch_sweep *s, struct effects *out)
{
	uint8_t body[4 + PAYMENT_UNIT_MAX];
	const struct watch_payment *p = watch_self_by_inner(w, &s->payment.inner_hash);

	for (unsigned i = 0; i < w->config.nodes; i++) {
		const struct watch_node *n = &w->node[i];
		size_t unit = 0;

		if (!n->up || n->lying || s->announced_height[i] >= n->height ||
		    (p != NULL && p->seen[i] != 0) || effects_free(out) < 6) {
			continue;
		}
		if (!s->journalled) {
			journal(w, s, out);
		}
		CHECK(payment_unit(body + 4, sizeof body - 4, &unit, &s->payment,
				   &s->signature[DOC_SIGNER_A],
				   &s->signature[DOC_SIGNER_B]) == ERR_OK);
		le32_put(body, i);
		s->announced_height[i] = n->height;
		w->announced++;
		effects_call(out, CALL_ANNOUNCE, ++w->requests_made, bytes_of(body, 4 + unit));
	}
}

void watch_sweep_pump(struct watch *w, struct effects *out)
{
	for (size_t i = 0; i < WATCH_SWEEPS_MAX && effects_free(out) > 6; i++) {
		struct watch_sweep *s = &w->sweeps[i];
		int signer = s->state == WATCH_SWEEP_A ? DOC_SIGNER_A : DOC_SIGNER_B;
		bool waiting = s->asked && w->mono_ms - s->asked_mono_ms < ANSWER_MS;

		if (s->state == WATCH_SWEEP_READY) {
			announce(w, s, out);
		} else if (s->state != WATCH_SWEEP_NONE && w->signer[signer].up && !waiting) {
			ask(w, s, out);
		}
	}
}
