/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/guard_self.h"

#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_tx.h"
#include "crypto/sha256.h"
#include "ipc/frame.h"

/* SHA-256 over the sorted ids of all stop documents; zero when there are none (contract of
 * types.h). */
static void head_update(struct guard *g)
{
	const struct hash32 *sorted[GUARD_STOPS_MAX];
	struct sha256 s;

	if (g->stops_n == 0) {
		memset(&g->stop_head, 0, sizeof g->stop_head);
		return;
	}
	for (size_t i = 0; i < g->stops_n; i++) {
		size_t at = i;

		while (at > 0 && hash32_cmp(sorted[at - 1], &g->stops[i].id) > 0) {
			sorted[at] = sorted[at - 1];
			at--;
		}
		sorted[at] = &g->stops[i].id;
	}
	sha256_init(&s);
	for (size_t i = 0; i < g->stops_n; i++) {
		sha256_update(&s, bytes_of(sorted[i]->b, sizeof sorted[i]->b));
	}
	sha256_final(&s, &g->stop_head);
}

static const struct guard_stop *stop_find(const struct guard *g, const struct hash32 *id)
{
	for (size_t i = 0; i < g->stops_n; i++) {
		if (hash32_eq(&g->stops[i].id, id)) {
			return &g->stops[i];
		}
	}
	return NULL;
}

/* An officer or a watcher of the roster, with his signature. */
static enum err issuer_check(const struct guard *g, const struct doc *d, const struct doc_freeze *f,
			     bool *officer, struct guard_no *no)
{
	const struct key32 *key = NULL;

	*officer = false;
	for (size_t i = 0; i < g->roster.people_count; i++) {
		if (strcmp(g->roster.people[i].id, f->issuer) == 0) {
			if ((g->roster.people[i].roles & DOC_ROLE_OFFICER) == 0) {
				return guard_self_no(no, ERR_SIGNER_UNKNOWN, "freeze.issuer",
						     "this person is no officer");
			}
			key = &g->roster.people[i].key;
			*officer = true;
		}
	}
	for (size_t i = 0; key == NULL && i < g->roster.watcher_count; i++) {
		if (strcmp(g->roster.watchers[i].id, f->issuer) == 0) {
			key = &g->roster.watchers[i].key;
		}
	}
	if (key == NULL) {
		return guard_self_no(no, ERR_SIGNER_UNKNOWN, "freeze.issuer",
				     "neither an officer nor a watcher of the roster");
	}
	if (d->signature_count == 0) {
		return guard_self_no(no, ERR_UNSIGNED, "freeze.signatures", "nobody signed it");
	}
	if (!doc_signed_by(d, key)) {
		return guard_self_no(no, ERR_SIGNATURE, "freeze.signatures",
				     "not signed by its issuer");
	}
	return ERR_OK;
}

/*
 * The last place of each issuer is for a freeze that asks for evacuation: he who has frozen many
 * times can still say that the money must move.
 */
static bool has_place(const struct guard *g, const char *issuer, bool evacuate, size_t n)
{
	size_t max = evacuate ? GUARD_STOPS_EACH_MAX : GUARD_STOPS_EACH_MAX - 1;
	size_t each = 0;

	for (size_t i = 0; i < g->stops_n; i++) {
		each += strcmp(g->stops[i].issuer, issuer) == 0;
	}
	return g->stops_n < GUARD_STOPS_MAX && each < max &&
	       n <= sizeof g->stop_bytes - g->stop_used;
}

/* The table's part of taking a freeze: used alike when it comes in and when it is replayed. */
static void stop_keep(struct guard *g, const struct doc *d, const char *issuer, uint64_t sequence,
		      uint64_t time_ms)
{
	struct guard_stop *s = &g->stops[g->stops_n++];

	s->id = d->id;
	s->at = (uint32_t)g->stop_used;
	s->n = (uint32_t)d->raw.n;
	s->sequence = sequence;
	s->time_ms = time_ms;
	memcpy(s->issuer, issuer, strlen(issuer) + 1);
	memcpy(g->stop_bytes + g->stop_used, d->raw.p, d->raw.n);
	g->stop_used += d->raw.n;
	head_update(g);
}

enum err guard_stop_take(struct guard *g, const struct doc *d, const struct doc_freeze *f,
			 bool *officer, struct guard_no *no, struct effects *out)
{
	struct log_record r = { .kind = LOG_GUARD_STOP, .id = guard_self_short(&d->id) };
	struct log_batch b;
	uint64_t sequence = g->chain.next_sequence;
	enum err e = issuer_check(g, d, f, officer, no);

	if (e != ERR_OK) {
		return e;
	}
	if (stop_find(g, &d->id) != NULL) {
		return ERR_OK;
	}
	if (!has_place(g, f->issuer, f->evacuate, d->raw.n)) {
		return guard_self_no(no, ERR_FULL, "freeze",
				     "no place for more stop documents; we are frozen already");
	}
	guard_self_begin(g, &b);
	guard_self_add(g, &b, &r, 0, &d->raw);
	guard_self_commit(g, &b, out);
	stop_keep(g, d, f->issuer, sequence, g->wall_ms);
	effects_note(out, "broken frozen issuer=%s evidence_bytes=%zu", f->issuer, f->evidence_n);
	/* the nonce names the stop head: watchers answer anew */
	guard_sign_freeze(g, out);
	return ERR_OK;
}

enum err guard_stop_replay(struct guard *g, uint64_t sequence, uint64_t time_ms, struct bytes blob)
{
	struct doc d;
	struct doc_freeze f;

	if (doc_open(&d, blob, &g->genesis_id, NULL) != ERR_OK || d.type != DOC_FREEZE ||
	    doc_freeze_read(&d, &f, NULL) != ERR_OK || stop_find(g, &d.id) != NULL) {
		return ERR_CORRUPT;
	}
	if (!has_place(g, f.issuer, f.evacuate, blob.n)) {
		return ERR_FULL;
	}
	stop_keep(g, &d, f.issuer, sequence, time_ms);
	return ERR_OK;
}

void guard_stop_receipt(struct guard *g, const struct guard_ask *ask, const struct hash32 *id,
			uint64_t sequence, uint64_t time_ms, struct effects *out)
{
	struct doc_receipt receipt = {
		.document = *id,
		.genesis = g->genesis_id,
		.sequence = sequence,
		.time_ms = time_ms,
	};
	struct writer w = writer_make(g->text, sizeof g->text);
	struct bytes item;

	receipt.holder[0] = g->config.signer == DOC_SIGNER_A ? 'a' : 'b';
	CHECK(doc_receipt_make(&w, NULL, &receipt, g->config.attest_secret) == ERR_OK);
	item = bytes_of(w.p, w.n);
	guard_self_answer(g, ask, &item, 1, out);
}

void guard_stop_put(struct guard *g, struct guard_ask *ask, struct effects *out)
{
	struct bytes item;
	struct doc d;
	struct doc_freeze f;
	struct doc_fault fault = { "", NULL };
	struct guard_no no;
	const struct guard_stop *kept;
	size_t n = 0;
	bool officer;
	enum err e;

	if (frame_items_all(ask->body, &item, 1, &n) != ERR_OK || n != 1) {
		(void)guard_self_no(&no, ERR_INPUT, "body",
				    "exactly one freeze or closing is expected");
		guard_self_refuse(g, ask, &no, out);
		return;
	}
	if (guard_closing_is(g, item)) {
		guard_closing_put(g, ask, item, out);
		return;
	}
	e = guard_self_open(g, &d, item, DOC_FREEZE, "freeze", &no);
	if (e == ERR_OK) {
		e = doc_freeze_read(&d, &f, &fault);
		if (e != ERR_OK) {
			(void)guard_self_no_fault(&no, e, "freeze", &fault);
		}
	}
	if (e == ERR_OK) {
		e = guard_stop_take(g, &d, &f, &officer, &no, out);
	}
	if (e != ERR_OK) {
		guard_self_refuse(g, ask, &no, out);
		return;
	}
	kept = stop_find(g, &d.id);
	CHECK(kept != NULL);
	guard_stop_receipt(g, ask, &kept->id, kept->sequence, kept->time_ms, out);
}

void guard_stop_get(struct guard *g, struct guard_ask *ask, struct effects *out)
{
	struct bytes items[FRAME_ITEMS_MAX];
	size_t bytes = 0;
	size_t n = 0;

	/* as many as fit, in the order in which they came */
	for (size_t i = 0; i < g->stops_n && n < FRAME_ITEMS_MAX; i++) {
		size_t more = FRAME_ITEM_HEADER_BYTES + g->stops[i].n;

		if (bytes + more > FRAME_BODY_MAX) {
			break;
		}
		bytes += more;
		items[n++] = bytes_of(g->stop_bytes + g->stops[i].at, g->stops[i].n);
	}
	guard_self_answer(g, ask, items, n, out);
}

static bool is_ours(const struct guard *g, const struct key32 *key)
{
	return key32_eq(key, &g->roster.signers[DOC_SIGNER_A].chain_key) ||
	       key32_eq(key, &g->roster.signers[DOC_SIGNER_B].chain_key);
}

static bool is_hot(const struct guard *g, const struct key32 *key)
{
	for (size_t i = 0; i < g->genesis.hot_count; i++) {
		if (key32_eq(&g->genesis.hot[i].public_key, key)) {
			return true;
		}
	}
	return false;
}

/* Every part of ours carries the times of the attempt, as the inner transaction does. */
static bool times_are_ours(const struct nem_header *part, const struct nem_header *inner)
{
	return part->time_nem_s == inner->time_nem_s &&
	       part->deadline_nem_s == inner->deadline_nem_s;
}

/*
 * What we attested appears on chain only in one form: B's wrapper at the minimum fee with A's
 * cosignature alone, at its minimum fee, and the times of the attempt (contract: "explained on
 * chain").  So an inner of ours fixes every byte: a wrapper of another second shows that somebody
 * else has B's key, and watchers call it a theft for that.
 */
static bool form_is_ours(const struct guard *g, const struct nem_tx *tx)
{
	const struct nem_multisig_body *m = &tx->multisig;
	const struct nem_attached *c = &m->cosignature[0];

	return key32_eq(&tx->head.signer, &g->roster.signers[DOC_SIGNER_B].chain_key) &&
	       m->n == 1 && key32_eq(&c->head.signer, &g->roster.signers[DOC_SIGNER_A].chain_key) &&
	       tx->head.fee_micro == NEM_FEE_MULTISIG_MICRO &&
	       c->head.fee_micro == NEM_FEE_COSIGNATURE_MICRO &&
	       times_are_ours(&tx->head, &m->inner.head) &&
	       times_are_ours(&c->head, &m->inner.head);
}

enum err guard_stop_theft(const struct guard *g, struct bytes evidence, struct guard_no *no)
{
	struct nem_tx tx;
	struct hash32 inner;
	size_t ours;
	enum err e;

	if (evidence.n == 0) {
		return guard_self_no(no, ERR_EVIDENCE, "freeze.evidence", "there is none");
	}
	e = nem_tx_decode(&tx, (uint8_t)g->genesis.chain_network, evidence, NEM_SIGNED);
	if (e != ERR_OK) {
		return guard_self_no(no, ERR_EVIDENCE, "freeze.evidence",
				     "not a transaction in its verifiable form");
	}
	if (tx.type != NEM_MULTISIG || !is_hot(g, &tx.multisig.inner.head.signer)) {
		return guard_self_no(no, ERR_EVIDENCE, "freeze.evidence",
				     "not a transaction of one of our hot accounts");
	}
	if (nem_tx_verify(&tx) != ERR_OK) {
		return guard_self_no(no, ERR_EVIDENCE, "freeze.evidence",
				     "a signature does not verify");
	}
	/*
	 * Hot accounts are 2-of-3 {A, B, recovery}: the initiator and one more complete it.  The
	 * recovery key stands in no document, so one of ours must be among them: a stranger's two
	 * keys show nothing.
	 */
	ours = is_ours(g, &tx.head.signer);
	for (size_t i = 0; i < tx.multisig.n; i++) {
		ours += is_ours(g, &tx.multisig.cosignature[i].head.signer);
	}
	if (tx.multisig.n == 0 || ours == 0) {
		return guard_self_no(no, ERR_EVIDENCE, "freeze.evidence",
				     "incomplete: it cannot take anything");
	}
	nem_tx_hash_inner(&inner, &tx.multisig.inner);
	if (guard_self_by_inner(g, &inner) != NULL && form_is_ours(g, &tx)) {
		return guard_self_no(no, ERR_EVIDENCE, "freeze.evidence",
				     "this is a payment that we signed ourselves");
	}
	return ERR_OK;
}
