/* SPDX-License-Identifier: Apache-2.0 */
#include "nis/nis_pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "nis/nis_execute.h"

enum { RESULTS_PURGE_MIN = 4096, RESULTS_MAX = 262144 };

void nis_pool_init(struct nis *n, struct nis_pool *p)
{
	*p = (struct nis_pool){ .results_purge = RESULTS_PURGE_MIN, .earliest_s = UINT32_MAX };
	nis_state_view_init(&p->view, &n->state);
}

static void entry_free(struct nis_pool_entry *e)
{
	free(e->bytes);
	*e = (struct nis_pool_entry){ 0 };
}

void nis_pool_free(struct nis_pool *p)
{
	for (size_t i = 0; i < p->n; i++) {
		entry_free(&p->entry[i]);
	}
	free(p->entry);
	nis_index_free(&p->by_hash);
	nis_map_free(&p->parts);
	nis_map_free(&p->results);
	nis_state_view_free(&p->view);
	*p = (struct nis_pool){ 0 };
}

/* ---- the answers of the last ten minutes ---- */

static uint64_t result_pack(uint32_t now_s, enum nem_result code)
{
	return (uint64_t)now_s << 32 | (uint32_t)code;
}

static bool result_fresh(uint64_t packed, uint32_t now_s)
{
	uint64_t at = packed >> 32;

	/* A chain clock that was set back keeps what it remembers. */
	return (uint64_t)now_s < at + NIS_RESULT_CACHE_S;
}

static bool result_stays(const void *now_s, uint64_t packed)
{
	return result_fresh(packed, *(const uint32_t *)now_s);
}

bool nis_pool_remembered(const struct nis_pool *p, const struct hash32 *hash, uint32_t now_s,
			 enum nem_result *code)
{
	uint64_t packed;

	if (!nis_map_get(&p->results, hash, &packed) || !result_fresh(packed, now_s)) {
		return false;
	}
	*code = (enum nem_result)(packed & 0xffffffff);
	return true;
}

void nis_pool_remember(struct nis_pool *p, const struct hash32 *hash, uint32_t now_s,
		       enum nem_result code)
{
	if (p->results.n >= p->results_purge) {
		nis_map_sift(&p->results, result_stays, &now_s);
		if (p->results.n >= RESULTS_MAX) {
			nis_map_free(&p->results); /* too many in ten minutes: judged again */
		}
		p->results_purge =
		    p->results.n * 2 > RESULTS_PURGE_MIN ? p->results.n * 2 : RESULTS_PURGE_MIN;
	}
	nis_map_put(&p->results, hash, result_pack(now_s, code));
}

/* ---- the spam filter (nem.md 6; N:harvesting/TransactionSpamFilter.java) ---- */

/*
 * trunc(imp * e^(-3 size / 1200) * 100 * (1200 - size)) in integers: e^(-1/400) to 2^-62, raised to
 * size by repeated squaring; imp in millionths of a millionth.
 */
static uint64_t spam_allowance(uint64_t fee, size_t size)
{
	const uint64_t one = UINT64_C(1) << 62;
	uint64_t base = UINT64_C(4600171202898030261); /* 2^62 * e^(-1/400) */
	uint64_t power = one;
	/* min(0.01, XEM / 1000): fee is micro-XEM, so fee / 10^9; times 10^12 is fee * 1000. */
	uint64_t imp = fee >= 10000000 ? UINT64_C(10000000000) : fee * 1000;
	u128 value;

	if (size >= 1200) {
		return 0;
	}
	for (size_t left = size; left > 0; left /= 2) {
		if (left % 2 == 1) {
			power = (uint64_t)((u128)power * base >> 62);
		}
		base = (uint64_t)((u128)base * base >> 62);
	}
	value = (u128)power * imp >> 62;
	value = value * 100 * (1200 - size) / UINT64_C(1000000000000);
	return (uint64_t)value;
}

static bool is_spam(const struct nis *n, const struct nis_pool *p, const struct nem_tx *tx,
		    uint32_t debtor)
{
	bool is_multisig = tx->type == NEM_MULTISIG || tx->type == NEM_COSIGNATURE;
	size_t size = is_multisig ? p->multisigs : p->n - p->multisigs;
	uint64_t mine = 0;

	if (!n->spam_filter || size < NIS_SPAM_START) {
		return false;
	}
	for (size_t i = 0; i < p->n; i++) {
		mine += p->entry[i].has_inner == is_multisig && p->entry[i].debtor == debtor;
	}
	return mine >= spam_allowance(tx->head.fee_micro, size);
}

/* ---- adding ---- */

static struct nis_judge judge_of(struct nis *n, const struct nis_pool *p, uint32_t now_s)
{
	return (struct nis_judge){ .state = &n->state,
				   .view = &p->view,
				   .nemesis = &n->nemesis,
				   .place = NIS_JUDGE_POOL,
				   .now_s = now_s };
}

static struct nis_keys entries(const struct nis_pool *p)
{
	return (struct nis_keys){ .first = p->entry,
				  .stride = sizeof p->entry[0],
				  .bytes = sizeof p->entry[0].hash };
}

static_assert(offsetof(struct nis_pool_entry, hash) == 0, "an entry begins with its key");

uint32_t nis_pool_known(const struct nis_pool *p, const struct hash32 *hash)
{
	uint32_t at = nis_index_find(&p->by_hash, entries(p), hash->b);
	uint64_t of;

	if (at == NIS_MAP_NONE && nis_map_get(&p->parts, hash, &of)) {
		at = (uint32_t)of;
	}
	return at;
}

struct hash32 nis_pool_inner(const struct nis_pool_entry *e)
{
	struct hash32 h;

	CHECK(e->has_inner);
	memcpy(h.b, e->bytes + e->bytes_n, sizeof h.b);
	return h;
}

static bool any_known(const struct nis_pool *p, const struct nis_parts *parts)
{
	for (unsigned i = 0; i < parts->n; i++) {
		if (nis_pool_known(p, &parts->hash[i]) != NIS_MAP_NONE) {
			return true;
		}
	}
	return false;
}

static bool any_retained(const struct nis *n, const struct nis_parts *parts)
{
	for (unsigned i = 0; i < parts->n; i++) {
		if (nis_chain_retained(n, &parts->hash[i])) {
			return true;
		}
	}
	return false;
}

static uint32_t earliest_deadline(const struct nem_tx *tx)
{
	uint32_t least = tx->head.deadline_nem_s;

	if (tx->type == NEM_MULTISIG) {
		if (tx->multisig.inner.head.deadline_nem_s < least) {
			least = tx->multisig.inner.head.deadline_nem_s;
		}
		for (unsigned i = 0; i < tx->multisig.n; i++) {
			if (tx->multisig.cosignature[i].head.deadline_nem_s < least) {
				least = tx->multisig.cosignature[i].head.deadline_nem_s;
			}
		}
	}
	return least;
}

/* inner: its hash if tx is a multisig, else NULL; not in the bytes of e. */
static void entry_write(struct nis *n, struct nis_pool_entry *e, const struct nem_tx *tx,
			const struct hash32 *inner)
{
	uint8_t buffer[NEM_TX_BYTES_MAX + sizeof inner->b];
	struct writer w = writer_make(buffer, sizeof buffer);

	nem_tx_encode(&w, tx, NEM_SIGNED);
	e->bytes_n = (uint32_t)w.n;
	if (inner != NULL) {
		writer_bytes(&w, bytes_of(inner->b, sizeof inner->b));
	}
	CHECK(!w.bad);
	free(e->bytes);
	e->bytes = nis_map_alloc(w.n);
	memcpy(e->bytes, buffer, w.n);
	e->timestamp_s = tx->head.time_nem_s;
	e->deadline_s = earliest_deadline(tx);
	e->outer_deadline_s = tx->head.deadline_nem_s;
	e->fee = tx->head.fee_micro;
	e->has_inner = inner != NULL;
	e->debtor = nis_state_debtor(&n->state, tx);
}

/* Names entry i by the hashes of all its parts. */
static void name_parts(struct nis_pool *p, uint32_t i, const struct nis_parts *parts)
{
	nis_index_put(&p->by_hash, entries(p), i);
	for (unsigned k = 1; k < parts->n; k++) {
		nis_map_put(&p->parts, &parts->hash[k], i);
	}
}

static void note_deadline(struct nis_pool *p, const struct nis_pool_entry *e)
{
	if (e->deadline_s < p->earliest_s) {
		p->earliest_s = e->deadline_s;
	}
}

static const struct hash32 *inner_of(const struct nis_parts *parts)
{
	return parts->has_inner ? &parts->hash[1] : NULL;
}

/* Puts a judged root transaction at the end and executes it. */
static void append(struct nis *n, struct nis_pool *p, const struct nem_tx *tx,
		   const struct nis_parts *parts)
{
	struct nis_pool_entry e = { .hash = parts->hash[0] };

	entry_write(n, &e, tx, inner_of(parts));
	p->entry = nis_map_room(p->entry, &p->cap, p->n + 1, sizeof p->entry[0]);
	p->entry[p->n] = e;
	name_parts(p, (uint32_t)p->n, parts);
	note_deadline(p, &e);
	p->n++;
	p->multisigs += e.has_inner;
	(void)nis_execute(&p->view, &n->state, tx); /* a pool gives its fees to nobody */
	p->version++;
}

/*
 * A cosignature looks for its wrapper.  Who is a cosigner is asked of the confirmed state, as NIS
 * does (N:harvesting/MultisigSignatureMatchPredicate.java).
 */
static enum nem_result cosign(struct nis *n, struct nis_pool *p, const struct nem_tx *cosignature,
			      const struct hash32 *hash)
{
	struct nem_tx wrapper;
	struct nis_view confirmed;
	uint32_t account;
	uint32_t at = nis_pool_known(p, &cosignature->cosignature.inner_hash);
	struct hash32 inner;
	enum nem_result code;

	if (at == NIS_MAP_NONE || !p->entry[at].has_inner) {
		return NEM_FAILURE_MULTISIG_NO_MATCHING_MULTISIG;
	}
	inner = nis_pool_inner(&p->entry[at]);
	if (!hash32_eq(&inner, &cosignature->cosignature.inner_hash)) {
		return NEM_FAILURE_MULTISIG_NO_MATCHING_MULTISIG;
	}
	nis_chain_decode(n, bytes_of(p->entry[at].bytes, p->entry[at].bytes_n), &wrapper);
	account = nis_state_find_key(&n->state, &wrapper.multisig.inner.head.signer);
	nis_state_view_init(&confirmed, &n->state);
	code = nem_multisig_judge_cosignature(nis_state_control(&confirmed, account), &wrapper,
					      cosignature);
	if (code != NEM_SUCCESS) {
		return code;
	}
	nis_map_put(&p->parts, hash, at);
	if (nem_tx_attach(&wrapper, cosignature) != ERR_OK) {
		/* This signer's second one: accepted, neither counted nor charged (nem.md 3.3). */
		return NEM_SUCCESS;
	}
	entry_write(n, &p->entry[at], &wrapper, &inner);
	note_deadline(p, &p->entry[at]);
	(void)nis_execute(&p->view, &n->state, cosignature);
	p->version++;
	return NEM_SUCCESS;
}

/* Every attached cosignature is a cosigner's of the confirmed state. */
static bool cosigners_belong(const struct nis *n, const struct nem_tx *tx)
{
	const struct nem_multisig *control;
	uint32_t account;

	if (tx->type != NEM_MULTISIG) {
		return true;
	}
	account = nis_state_find_key(&n->state, &tx->multisig.inner.head.signer);
	control = account == NIS_MAP_NONE ? NULL : n->state.holding[account].control;
	for (unsigned i = 0; i < tx->multisig.n; i++) {
		struct nem_address a;

		nem_address_from_key(&a, &tx->multisig.cosignature[i].head.signer, n->network);
		if (control == NULL || !nem_multisig_has(control, &a)) {
			return false;
		}
	}
	return true;
}

enum nem_result nis_pool_add(struct nis *n, struct nis_pool *p, const struct nem_tx *tx,
			     const struct nis_parts *parts, uint32_t now_s, bool whole,
			     struct nis_thrown *thrown)
{
	struct nis_judge j = judge_of(n, p, now_s);
	enum nem_result code;

	*thrown = (struct nis_thrown){ .why = NULL };
	if (any_known(p, parts)) {
		return NEM_NEUTRAL;
	}
	if (p->n >= NIS_POOL_TRANSACTIONS_MAX ||
	    is_spam(n, p, tx, nis_state_debtor(&n->state, tx))) {
		return NEM_FAILURE_TRANSACTION_CACHE_TOO_FULL;
	}
	if (any_retained(n, parts)) {
		return NEM_NEUTRAL;
	}
	if (!nis_chain_verifies(n, tx)) {
		return NEM_FAILURE_SIGNATURE_NOT_VERIFIABLE;
	}
	code = nis_judge_transaction(&j, tx, thrown);
	if (code != NEM_SUCCESS) {
		return code;
	}
	if (tx->type == NEM_COSIGNATURE) {
		return cosign(n, p, tx, &parts->hash[0]);
	}
	if (whole && !cosigners_belong(n, tx)) {
		return NEM_FAILURE_MULTISIG_INVALID_COSIGNERS;
	}
	append(n, p, tx, parts);
	return NEM_SUCCESS;
}

/* ---- after a block ---- */

static int by_fee(const void *va, const void *vb, void *pool)
{
	const struct nis_pool *p = pool;
	size_t a = *(const size_t *)va, b = *(const size_t *)vb;
	const struct nis_pool_entry *x = &p->entry[a], *y = &p->entry[b];

	if (x->fee != y->fee) {
		return x->fee > y->fee ? -1 : 1;
	}
	if (x->timestamp_s != y->timestamp_s) {
		return x->timestamp_s < y->timestamp_s ? -1 : 1;
	}
	return a < b ? -1 : a > b;
}

size_t *nis_pool_order(struct nis_pool *p)
{
	size_t *order = nis_map_alloc((p->n + 1) * sizeof *order);

	for (size_t i = 0; i < p->n; i++) {
		order[i] = i;
	}
	qsort_r(order, p->n, sizeof *order, by_fee, p);
	return order;
}

/* Adds what came back from undone blocks as entries that are not executed yet. */
static void take_back(struct nis *n, struct nis_pool *p, const struct bytes *extra, size_t extra_n)
{
	for (size_t i = 0; i < extra_n; i++) {
		struct nis_pool_entry e = { .bytes_n = 0 };
		struct nem_tx tx;
		struct nis_parts parts;

		nis_chain_decode(n, extra[i], &tx);
		nis_chain_parts(&parts, &tx);
		e.hash = parts.hash[0];
		entry_write(n, &e, &tx, inner_of(&parts));
		p->entry = nis_map_room(p->entry, &p->cap, p->n + 1, sizeof p->entry[0]);
		p->entry[p->n++] = e;
	}
}

/* Puts an entry to the end and executes it again if it still fits; true if so. */
static bool replay(struct nis *n, struct nis_pool *p, const struct nis_pool_entry *e,
		   uint32_t now_s)
{
	struct nis_judge j = judge_of(n, p, now_s);
	struct nem_tx tx;
	struct nis_parts parts;

	nis_chain_decode(n, bytes_of(e->bytes, e->bytes_n), &tx);
	nis_chain_parts(&parts, &tx);
	if (any_known(p, &parts) || any_retained(n, &parts) ||
	    nis_judge_transaction(&j, &tx, NULL) != NEM_SUCCESS) {
		return false;
	}
	p->entry[p->n] = *e;
	name_parts(p, (uint32_t)p->n, &parts);
	note_deadline(p, e);
	p->n++;
	p->multisigs += e->has_inner;
	(void)nis_execute(&p->view, &n->state, &tx);
	return true;
}

/* Begins again with these numbers of p's entries, in this order; the rest goes. */
static void begin_again(struct nis *n, struct nis_pool *p, uint32_t now_s, const size_t *order,
			size_t order_n, size_t before_n)
{
	struct nis_pool_entry *old = p->entry;
	size_t old_n = p->n;

	nis_index_clear(&p->by_hash);
	nis_map_clear(&p->parts);
	nis_state_view_clear(&p->view);
	p->entry = nis_map_alloc((old_n + 1) * sizeof p->entry[0]);
	p->cap = old_n + 1;
	p->n = 0;
	p->multisigs = 0;
	p->earliest_s = UINT32_MAX;
	for (size_t k = 0; k < order_n; k++) {
		if (replay(n, p, &old[order[k]], now_s)) {
			old[order[k]].bytes = NULL;
		}
	}
	for (size_t i = 0; i < old_n; i++) {
		entry_free(&old[i]);
	}
	free(old);
	if (p->n != old_n || old_n != before_n) {
		p->version++;
	}
}

void nis_pool_reset(struct nis *n, struct nis_pool *p, uint32_t now_s, const struct bytes *extra,
		    size_t extra_n)
{
	size_t before_n = p->n;
	size_t *order;

	take_back(n, p, extra, extra_n);
	order = nis_pool_order(p);
	begin_again(n, p, now_s, order, p->n, before_n);
	free(order);
}

void nis_pool_expire(struct nis *n, struct nis_pool *p, uint32_t now_s)
{
	size_t *order;
	size_t stay = 0;

	if (p->earliest_s >= now_s) {
		return;
	}
	order = nis_map_alloc((p->n + 1) * sizeof *order);
	for (size_t i = 0; i < p->n; i++) {
		if (p->entry[i].deadline_s >= now_s) {
			order[stay++] = i;
		}
	}
	begin_again(n, p, now_s, order, stay, p->n);
	free(order);
}
