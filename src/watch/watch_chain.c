/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_chain.c - the chain as each node tells it, followed and verified here, and the judgement of
 * every transaction that touches an own account (design.md 5, 7; nem.md 2.8, 4).
 * Next: watch_stop.c.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_effects.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_verified.h"
#include "crypto/sha256.h"
#include "watch/watch_self.h"

enum {
	SETUP_FEE_FACTOR = 10, /* a conversion may pay this many times the least fee */
	HOT_COSIGNERS = 3,
	HOT_NEEDED = 2,
	WORDS = 400,
};

/* ---- what can be taken back ---------------------------------------------------------------- */

static struct watch_undo *undo_at(const struct watch *w, const struct watch_node *n, size_t i)
{
	size_t cap = w->config.storage.undo_cap;
	size_t node = (size_t)(n - w->node);

	return &w->config.storage.undo[node * cap + (n->undo_at + i) % cap];
}

uint64_t watch_self_held(const struct watch *w, const struct watch_node *n, size_t own,
			 uint64_t height, uint64_t *largest)
{
	uint64_t held = n->balance[own];

	*largest = held;
	/* newest first: what each change found was there after the one before it */
	for (size_t i = n->undo_n; i > 0; i--) {
		const struct watch_undo *u = undo_at(w, n, i - 1);

		if (u->height <= height) {
			break;
		}
		if (u->own == own) {
			held = u->balance;
			*largest = held > *largest ? held : *largest;
		}
	}
	return held;
}

void watch_self_undo(struct watch *w, struct watch_node *n, uint64_t height, size_t own)
{
	CHECK(w->config.storage.undo_cap > 0);
	for (size_t i = n->undo_n; i > 0; i--) {
		const struct watch_undo *u = undo_at(w, n, i - 1);

		if (u->height != height) {
			break;
		}
		if (u->own == own) {
			return; /* what it was before this block is kept already */
		}
	}
	if (n->undo_n == w->config.storage.undo_cap) {
		n->lost_below = undo_at(w, n, 0)->height;
		n->undo_at = (n->undo_at + 1) % w->config.storage.undo_cap;
		n->undo_n--;
	}
	*undo_at(w, n, n->undo_n) = (struct watch_undo){ .height = height,
							 .balance = n->balance[own],
							 .spent = n->spent[own],
							 .own = (uint16_t)own };
	n->undo_n++;
}

static void control_push(struct watch_node *n, uint64_t height, size_t own)
{
	if (n->controls_n == WATCH_CONTROLS_MAX) {
		n->lost_below = n->controls[n->controls_at].height > n->lost_below
				    ? n->controls[n->controls_at].height
				    : n->lost_below;
		n->controls_at = (n->controls_at + 1) % WATCH_CONTROLS_MAX;
		n->controls_n--;
	}
	n->controls[(n->controls_at + n->controls_n) % WATCH_CONTROLS_MAX] = (struct watch_control){
		.height = height,
		.own = (uint16_t)own,
		.converted = n->converted[own],
		.before = n->control[own],
	};
	n->controls_n++;
}

static void lies(struct watch *w, struct watch_node *n, const char *words, struct effects *out)
{
	unsigned node = (unsigned)(n - w->node);
	static const struct hash32 nothing;
	char text[WORDS];

	if (n->lying) {
		return;
	}
	n->lying = true;
	(void)snprintf(text, sizeof text, "node %u at height %" PRIu64 ": %s; it is not believed",
		       node, n->height, words);
	watch_self_alarm(w, WATCH_CRIME_RECORD, &nothing, NULL, text, out);
}

/* Back to the state after the block at this height. */
static void undo_to(struct watch *w, struct watch_node *n, uint64_t height, struct effects *out)
{
	const struct nem_follow_at *at = nem_follow_find(&n->follow, height);
	unsigned node = (unsigned)(n - w->node);

	if (height >= n->height) {
		return;
	}
	if (height < n->lost_below || at == NULL) {
		lies(w, n, "undoes more than can be taken back", out);
		return;
	}
	while (n->undo_n > 0 && undo_at(w, n, n->undo_n - 1)->height > height) {
		const struct watch_undo *u = undo_at(w, n, n->undo_n - 1);

		n->balance[u->own] = u->balance;
		n->spent[u->own] = u->spent;
		n->undo_n--;
	}
	while (n->controls_n > 0) {
		const struct watch_control *c =
		    &n->controls[(n->controls_at + n->controls_n - 1) % WATCH_CONTROLS_MAX];

		if (c->height <= height) {
			break;
		}
		n->control[c->own] = c->before;
		n->converted[c->own] = c->converted;
		n->controls_n--;
	}
	for (size_t i = 0; i < w->payments_n; i++) {
		if (w->config.storage.payments[i].seen[node] > height) {
			watch_self_seen(w, &w->config.storage.payments[i], node, 0);
		}
	}
	watch_refill_undo(w, node, height);
	for (size_t i = 0; i < w->suspects_n; i++) {
		if (w->suspects[i].node == node && w->suspects[i].height > height) {
			w->suspects[i].height = 0; /* what was signed stays signed */
		}
	}
	effects_note(out, "unusual rollback node=%u from=%" PRIu64 " to=%" PRIu64, node, n->height,
		     height);
	n->height = height;
	n->time_nem_s = at->time_nem_s;
	n->hash = at->hash;
}

/* ---- judging ------------------------------------------------------------------------------- */

/* A transaction of an own account, with nothing in it but what is validly signed. */
struct judged {
	int own;
	enum watch_crime crime; /* 0: explained, or no business of ours */
	bool garbage;           /* not signed by anybody who matters */
	int refill;             /* of cold holders, that explains it, or -1 */
	bool impossible;        /* in a block: NIS would not have taken it */
	struct hash32 name;
	struct nem_tx tx;
	struct watch_payment *payment; /* with this inner hash, or NULL */
};

static bool is_key(const struct watch *w, enum doc_signer s, const struct key32 *key)
{
	return key32_eq(key, &w->roster.signers[s].chain_key);
}

/* Who controls the account.  Before its chain is known: hot accounts are as genesis means them. */
static bool controls(const struct watch *w, const struct watch_node *n, size_t own,
		     const struct key32 *key)
{
	struct nem_address a;

	if (!nem_multisig_is(&n->control[own])) {
		return w->own[own].kind == WATCH_HOT && !n->synced &&
		       (is_key(w, DOC_SIGNER_A, key) || is_key(w, DOC_SIGNER_B, key));
	}
	nem_address_from_key(&a, key, (uint8_t)w->genesis.chain_network);
	return nem_multisig_has(&n->control[own], &a);
}

static bool complete(const struct watch *w, const struct watch_node *n, size_t own,
		     const struct nem_tx *tx)
{
	if (!nem_multisig_is(&n->control[own])) {
		return w->own[own].kind == WATCH_HOT && !n->synced && tx->multisig.n >= 1;
	}
	return nem_multisig_judge_signatures(&n->control[own], tx) == NEM_SUCCESS;
}

static bool signature_ok(const struct nem_tx *tx)
{
	static uint8_t buffer[NEM_TX_BYTES_MAX];
	struct writer bytes = writer_make(buffer, sizeof buffer);

	nem_tx_encode(&bytes, tx, NEM_SIGNING);
	CHECK(!bytes.bad);
	return nem_verified(&tx->head.signer, bytes_of(bytes.p, bytes.n), &tx->signature);
}

/* Takes out of a wrapper every cosignature that is not valid or not by a cosigner. */
static bool keep_valid(const struct watch *w, const struct watch_node *n, size_t own,
		       struct nem_tx *tx)
{
	struct nem_multisig_body *m = &tx->multisig;
	uint8_t kept = 0;
	bool all = true;

	for (uint8_t i = 0; i < m->n; i++) {
		static struct nem_tx one;

		nem_tx_from_attached(&one, &m->cosignature[i]);
		if (controls(w, n, own, &one.head.signer) && signature_ok(&one)) {
			m->cosignature[kept++] = m->cosignature[i];
		} else {
			all = false;
		}
	}
	m->n = kept;
	return all;
}

/*
 * The form in which both signers sign this payment: B's wrapper, exactly this one, and exactly this
 * cosignature of A, nobody else's.
 */
static bool fits(const struct watch_payment *p, const struct nem_tx *tx)
{
	struct hash32 hash;

	nem_tx_hash(&hash, tx);
	if (tx->type == NEM_COSIGNATURE) {
		return hash32_eq(&hash, &p->cosign_hash);
	}
	if (tx->type != NEM_MULTISIG || !hash32_eq(&hash, &p->wrap_hash)) {
		return false;
	}
	for (uint8_t i = 0; i < tx->multisig.n; i++) {
		static struct nem_tx one;

		nem_tx_from_attached(&one, &tx->multisig.cosignature[i]);
		nem_tx_hash(&hash, &one);
		if (!hash32_eq(&hash, &p->cosign_hash)) {
			return false;
		}
	}
	return true;
}

/*
 * A payment that was judged here, and whose every signature its signer attested.  One that was
 * called dead explains nothing any more; but what both signers made of it cannot be mined after its
 * deadline, so a node that shows it then shows an old letter, and no theft.
 */
static bool explained(const struct watch_payment *p, const struct nem_tx *tx, uint32_t now_s)
{
	bool a = tx->type == NEM_COSIGNATURE || (tx->type == NEM_MULTISIG && tx->multisig.n > 0);
	bool b = tx->type == NEM_MULTISIG;

	return p != NULL && fits(p, tx) && !p->late && (!a || p->sequence[DOC_SIGNER_A] != 0) &&
	       (!b || p->sequence[DOC_SIGNER_B] != 0) &&
	       (!p->dead || tx->head.deadline_nem_s < now_s);
}

static bool nobody(void *context, const struct nem_address *account)
{
	(void)context;
	(void)account;
	return false;
}

static const struct nem_multisig_lookup others = { NULL, nobody, nobody };

/*
 * The one thing an own account may do with its own key: come under the control that genesis means,
 * once, before it holds anything.  Hot: 2 of {A, B, a third}.  Boxes: the recovery rule, neither A
 * nor B among the holders.
 */
static bool is_setup(const struct watch *w, const struct watch_node *n, size_t own,
		     const struct nem_tx *tx)
{
	uint8_t network = (uint8_t)w->genesis.chain_network;
	struct nem_multisig after = n->control[own];
	struct nem_address key[DOC_SIGNERS];
	bool has_a;
	bool has_b;

	if (tx->type != NEM_MODIFICATION || nem_multisig_is(&after) ||
	    tx->head.fee_micro > SETUP_FEE_FACTOR * nem_fee_minimum(tx) ||
	    nem_multisig_judge(&after, &w->own[own].address, network, &tx->modification, &others) !=
		NEM_SUCCESS) {
		return false;
	}
	nem_multisig_apply(&after, network, &tx->modification);
	for (int s = 0; s < DOC_SIGNERS; s++) {
		nem_address_from_key(&key[s], &w->roster.signers[s].chain_key, network);
	}
	has_a = nem_multisig_has(&after, &key[DOC_SIGNER_A]);
	has_b = nem_multisig_has(&after, &key[DOC_SIGNER_B]);
	if (w->own[own].kind == WATCH_HOT) {
		return has_a && has_b && after.n == HOT_COSIGNERS &&
		       nem_multisig_required(&after) == HOT_NEEDED;
	}
	return !has_a && !has_b && after.n == w->genesis.recovery.holders &&
	       nem_multisig_required(&after) == w->genesis.recovery.needed;
}

static void judge_plain(const struct watch *w, const struct watch_node *n, bool in_block,
			struct judged *j)
{
	nem_tx_hash(&j->name, &j->tx);
	if (!in_block && !signature_ok(&j->tx)) {
		j->garbage = true;
		return;
	}
	if (nem_multisig_is(&n->control[j->own])) {
		/* NIS answers 74: nothing can leave, but the key that was to be destroyed lives. */
		j->impossible = in_block;
		j->crime = WATCH_CRIME_DEAD_KEY;
		return;
	}
	if (!is_setup(w, n, (size_t)j->own, &j->tx)) {
		j->crime = WATCH_CRIME_THEFT;
	}
}

static void judge_wrapper(const struct watch *w, const struct watch_node *n, bool in_block,
			  struct judged *j)
{
	bool initiator = controls(w, n, (size_t)j->own, &j->tx.head.signer) &&
			 (in_block || signature_ok(&j->tx));
	bool all = keep_valid(w, n, (size_t)j->own, &j->tx);

	nem_tx_hash_inner(&j->name, &j->tx.multisig.inner);
	j->payment = watch_self_by_inner(w, &j->name);
	j->refill = initiator ? watch_refill_explains(w, &j->tx) : -1;
	if (!initiator) {
		j->impossible = in_block;
		/* A cosignature of ours under a stranger's wrapper is still a word of ours. */
		j->garbage = true;
		for (uint8_t i = 0; i < j->tx.multisig.n; i++) {
			static struct nem_tx one;

			nem_tx_from_attached(&one, &j->tx.multisig.cosignature[i]);
			if (!explained(j->payment, &one, n->time_nem_s) &&
			    watch_refill_explains(w, &one) < 0) {
				j->garbage = false;
				j->crime = WATCH_CRIME_PROPOSAL;
				j->tx = one;
				return;
			}
		}
		return;
	}
	j->impossible = in_block && (!all || !complete(w, n, (size_t)j->own, &j->tx));
	if (j->refill >= 0 && !(in_block && w->refills[j->refill].seen[n - w->node] != 0)) {
		return;
	}
	if (explained(j->payment, &j->tx, n->time_nem_s)) {
		/* dead and still explained: its deadline is over, and no honest block has it */
		j->impossible = j->impossible || (in_block && j->payment->dead);
		return;
	}
	j->crime =
	    complete(w, n, (size_t)j->own, &j->tx) ? WATCH_CRIME_THEFT : WATCH_CRIME_PROPOSAL;
}

static void judge_lone(const struct watch *w, const struct watch_node *n, bool in_block,
		       struct judged *j)
{
	j->name = j->tx.cosignature.inner_hash;
	j->payment = watch_self_by_inner(w, &j->name);
	if (!controls(w, n, (size_t)j->own, &j->tx.head.signer) ||
	    (!in_block && !signature_ok(&j->tx))) {
		j->garbage = true;
		return;
	}
	j->impossible = in_block;
	j->refill = watch_refill_explains(w, &j->tx);
	if (j->refill < 0 && !explained(j->payment, &j->tx, n->time_nem_s)) {
		j->crime = WATCH_CRIME_PROPOSAL;
	}
}

/* False: no transaction of ours. */
static bool judge(const struct watch *w, const struct watch_node *n, bool in_block,
		  const struct nem_tx *tx, struct judged *j)
{
	struct nem_address account;

	memset(j, 0, offsetof(struct judged, tx));
	j->payment = NULL;
	j->refill = -1;
	nem_effects_account(&account, tx);
	j->own = watch_self_own(w, &account);
	if (j->own < 0) {
		return false;
	}
	j->tx = *tx;
	if (tx->type == NEM_MULTISIG) {
		judge_wrapper(w, n, in_block, j);
	} else if (tx->type == NEM_COSIGNATURE) {
		judge_lone(w, n, in_block, j);
	} else {
		judge_plain(w, n, in_block, j);
	}
	return true;
}

/* ---- suspects ------------------------------------------------------------------------------ */

static void cry(struct watch *w, const struct watch_suspect *s, struct bytes raw,
		struct effects *out);

static void suspect_add(struct watch *w, unsigned node, uint64_t height, const struct judged *j,
			bool again, struct effects *out)
{
	static uint8_t buffer[NEM_TX_BYTES_MAX];
	struct writer raw = writer_make(buffer, sizeof buffer);
	struct watch_suspect s = { .crime = j->crime,
				   .node = node,
				   .height = height,
				   .own = (uint16_t)j->own,
				   .again = again,
				   .name = j->name,
				   .mono_ms = w->mono_ms };

	nem_tx_encode(&raw, &j->tx, NEM_SIGNED);
	CHECK(!raw.bad);
	sha256(&s.unit, bytes_of(raw.p, raw.n));
	if (again) {
		/* The same bytes as an honest payment: what is wrong is where they stand. */
		for (size_t i = 0; i < 8; i++) {
			s.unit.b[i] ^= (uint8_t)(height >> (8 * i));
		}
	}
	for (size_t i = 0; i < w->suspects_n; i++) {
		if (hash32_eq(&w->suspects[i].unit, &s.unit) && w->suspects[i].crime == s.crime) {
			if (height != 0 && w->suspects[i].height == 0) {
				w->suspects[i].height = height;
				w->suspects[i].node = node;
			}
			return;
		}
	}
	if (watch_self_called(w, &s.unit, s.crime)) {
		return;
	}
	if (w->suspect_wall_ms == 0 || w->suspects_n == 0) {
		w->suspect_wall_ms = w->wall_ms;
	}
	for (int i = 0; i < DOC_SIGNERS; i++) {
		s.need[i] = w->signer[i].sync_sent + 1;
	}
	s.at = (uint32_t)w->suspect_used;
	s.n = (uint32_t)raw.n;
	if (raw.n > DOC_EVIDENCE_MAX || raw.n > sizeof w->suspect_bytes - w->suspect_used ||
	    w->suspects_n == WATCH_SUSPECTS_MAX) {
		/* No room to wait: better stopped for nothing than robbed. */
		cry(w, &s, raw.n > DOC_EVIDENCE_MAX ? bytes_of(NULL, 0) : bytes_of(raw.p, raw.n),
		    out);
		return;
	}
	memcpy(w->suspect_bytes + w->suspect_used, raw.p, raw.n);
	w->suspect_used += raw.n;
	w->suspects[w->suspects_n++] = s;
}

static void suspect_remove(struct watch *w, size_t i)
{
	struct watch_suspect gone = w->suspects[i];

	memmove(w->suspect_bytes + gone.at, w->suspect_bytes + gone.at + gone.n,
		w->suspect_used - gone.at - gone.n);
	w->suspect_used -= gone.n;
	memmove(w->suspects + i, w->suspects + i + 1,
		(w->suspects_n - i - 1) * sizeof w->suspects[0]);
	w->suspects_n--;
	for (size_t k = 0; k < w->suspects_n; k++) {
		if (w->suspects[k].at > gone.at) {
			w->suspects[k].at -= gone.n;
		}
	}
}

/* This signer has told us everything that it had signed when the suspect was seen. */
static bool signer_answered(const struct watch *w, int s, const struct watch_suspect *one)
{
	const struct watch_signer *k = &w->signer[s];

	return k->up && k->sync_done >= one->need[s] && k->cursor >= k->newest;
}

/* It has not, and is waited for no longer. */
static bool signer_given_up(const struct watch *w, int s, const struct watch_suspect *one,
			    uint64_t patience_ms)
{
	const struct watch_signer *k = &w->signer[s];
	uint64_t age = w->mono_ms - one->mono_ms;
	uint64_t last = k->progress_mono_ms > one->mono_ms ? k->progress_mono_ms : one->mono_ms;

	if (k->up) {
		/* As long as what is missing comes in, it is waited for; not for ever. */
		return w->mono_ms - last >= patience_ms ||
		       age >= 20 * (uint64_t)w->config.silent_ms;
	}
	if (k->ever_up) {
		/* It may be back in a moment; and who cuts it off gains no more than this. */
		return age >= patience_ms;
	}
	return w->mono_ms - w->start_mono_ms >= w->config.start_ms && age >= w->config.barrier_ms;
}

static void name_keys(const struct watch *w, const struct nem_tx *tx, char *out, size_t cap)
{
	size_t n = tx->type == NEM_MULTISIG ? tx->multisig.n : 0;
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i <= n && used < cap; i++) {
		const struct key32 *key =
		    i == 0 ? &tx->head.signer : &tx->multisig.cosignature[i - 1].head.signer;
		struct nem_address a;
		int wrote;

		nem_address_from_key(&a, key, (uint8_t)w->genesis.chain_network);
		wrote = snprintf(out + used, cap - used, "%s%s", i == 0 ? "" : "+",
				 is_key(w, DOC_SIGNER_A, key)   ? "hot-key-A"
				 : is_key(w, DOC_SIGNER_B, key) ? "hot-key-B"
								: a.text);
		used += wrote > 0 ? (size_t)wrote : 0;
	}
}

static uint64_t leaves(const struct watch *w, const struct nem_tx *tx, size_t own)
{
	static struct chain_effects effects;
	struct chain_address from;
	struct money sum;
	uint64_t out;

	nem_effects_address(&from, &w->own[own].address);
	if (nem_effects_list_seen(&effects, tx) != ERR_OK ||
	    chain_outflow(&sum, &effects, &from) != ERR_OK || money_u64(&out, &sum) != ERR_OK) {
		return UINT64_MAX;
	}
	return out;
}

static void cry(struct watch *w, const struct watch_suspect *s, struct bytes raw,
		struct effects *out)
{
	static struct nem_tx tx;
	bool hot = w->own[s->own].kind == WATCH_HOT;
	enum watch_crime crime = s->crime == WATCH_CRIME_THEFT && !hot ? WATCH_CRIME_BOX : s->crime;
	char words[WORDS];
	char keys[140] = "unknown";
	uint64_t amount = 0;
	const char *what = "unexplained";
	const struct watch_payment *p = watch_self_by_inner(w, &s->name);
	bool decoded = raw.n > 0 && nem_tx_decode(&tx, (uint8_t)w->genesis.chain_network, raw,
						  NEM_SIGNED) == ERR_OK;

	if (decoded) {
		name_keys(w, &tx, keys, sizeof keys);
		amount = leaves(w, &tx, s->own);
		if (tx.type == NEM_MODIFICATION ||
		    (tx.type == NEM_MULTISIG && tx.multisig.inner.type == NEM_MODIFICATION)) {
			what = "change of control";
		}
	}
	if (p != NULL) {
		what = s->again                  ? "payment seen twice"
		       : p->dead                 ? "payment that does not count any more"
		       : decoded && fits(p, &tx) ? "payment that only one signer attested"
						 : "known payment in another form";
	}
	w->thefts += s->crime == WATCH_CRIME_THEFT;
	(void)snprintf(words, sizeof words,
		       "%s: %s from %s keys=%s leaves=%" PRIu64 " node=%u height=%" PRIu64,
		       watch_self_crime(crime), what, w->own[s->own].address.text, keys, amount,
		       s->node, s->height);
	watch_stop_issue(w, crime, crime == WATCH_CRIME_THEFT, raw, &s->name, &s->unit, words, out);
}

/*
 * No attestation that may still come can explain it.  B signs nothing that A did not sign before,
 * so a transaction of ours has both their words, and a lone cosignature A's: one of them who has
 * answered and knows nothing of it is enough, wherever the other is.
 */
static bool hopeless(const struct watch *w, const struct watch_suspect *s,
		     const struct watch_payment *p, const struct nem_tx *tx)
{
	if (p != NULL && !fits(p, tx)) {
		return true;
	}
	for (int i = 0; i < DOC_SIGNERS; i++) {
		bool needed = i == DOC_SIGNER_A || tx->type != NEM_COSIGNATURE;

		if (needed && (p == NULL || p->sequence[i] == 0) && signer_answered(w, i, s)) {
			return true;
		}
	}
	return false;
}

/*
 * Nobody is left who could still speak for it.  What has exactly the form of a payment that one
 * signer attested and that was judged good here goes where people wanted it: nothing is lost while
 * the other's word is waited for, so that a signer which restarts makes no false alarm.
 */
static bool all_heard(const struct watch *w, const struct watch_suspect *s, bool half_known)
{
	uint64_t patience_ms = half_known && w->config.start_ms > w->config.silent_ms
				   ? w->config.start_ms
				   : w->config.silent_ms;

	for (int i = 0; i < DOC_SIGNERS; i++) {
		if (!signer_answered(w, i, s) && !signer_given_up(w, i, s, patience_ms)) {
			return false;
		}
	}
	return true;
}

/*
 * A record of it is put off (watch_record.c).  Good but for what our own chain shows yet, or for a
 * wait that by our own clocks is not over: others have acknowledged it, so its payment may be seen
 * before we judge it.  It pays no more than its order; k watchers have said that nothing else pays
 * that, or officers have signed what it waits for.  What was not judged at all vouches for nothing:
 * it is waited for as long as for a signer that does not answer.
 */
static bool put_off(const struct watch *w, const struct watch_suspect *s,
		    const struct watch_payment *p, const struct nem_tx *tx)
{
	if (p != NULL) {
		return p->late && !s->again && fits(p, tx);
	}
	return !hash32_is_zero(&s->name) && watch_later_claims(w, &s->name) &&
	       w->mono_ms - s->mono_ms < w->config.silent_ms;
}

void watch_chain_resolve(struct watch *w, struct effects *out)
{
	static struct nem_tx tx;
	static uint8_t evidence[DOC_EVIDENCE_MAX];

	for (size_t i = 0; i < w->suspects_n && effects_free(out) >= 8;) {
		struct watch_suspect s = w->suspects[i];
		struct watch_payment *p = watch_self_by_inner(w, &s.name);
		bool now_explained;
		bool heard;
		int refill;

		if (p == NULL && !signer_answered(w, DOC_SIGNER_A, &s) &&
		    !signer_answered(w, DOC_SIGNER_B, &s) && !all_heard(w, &s, false)) {
			i++;
			continue;
		}
		CHECK(nem_tx_decode(&tx, (uint8_t)w->genesis.chain_network,
				    bytes_of(w->suspect_bytes + s.at, s.n), NEM_SIGNED) == ERR_OK);
		if (put_off(w, &s, p, &tx)) {
			i++;
			continue;
		}
		refill = watch_refill_explains(w, &tx);
		now_explained =
		    !s.again && (refill >= 0 || explained(p, &tx, w->node[s.node].time_nem_s));
		heard = all_heard(w, &s, !s.again && p != NULL && fits(p, &tx));
		if (!now_explained && !heard && (s.again || !hopeless(w, &s, p, &tx))) {
			i++;
			continue;
		}
		memcpy(evidence, w->suspect_bytes + s.at, s.n);
		suspect_remove(w, i);
		if (p != NULL && s.height != 0) {
			if (p->seen[s.node] != 0 && p->seen[s.node] != s.height) {
				now_explained = false;
			} else {
				watch_self_seen(w, p, s.node, s.height);
			}
		}
		if (now_explained && refill >= 0 && s.height != 0) {
			w->refills[refill].seen[s.node] = s.height;
		}
		if (!now_explained) {
			cry(w, &s, bytes_of(evidence, s.n), out);
		}
	}
}

bool watch_chain_theft(const struct watch *w, struct bytes evidence)
{
	static struct nem_tx tx;
	static struct judged j;
	const struct watch_node *best = watch_self_best(w);
	/* Before the chain is known control is what genesis means. */
	const struct watch_node *n = best != NULL ? best : &w->node[0];

	if (evidence.n == 0 ||
	    nem_tx_decode(&tx, (uint8_t)w->genesis.chain_network, evidence, NEM_SIGNED) != ERR_OK ||
	    tx.type != NEM_MULTISIG || nem_tx_verify(&tx) != ERR_OK) {
		return false;
	}
	if (!judge(w, n, false, &tx, &j) || w->own[j.own].kind != WATCH_HOT) {
		return false;
	}
	if (j.crime == WATCH_CRIME_THEFT) {
		return true;
	}
	/* Since it was signed the thieves may have changed who controls the account. */
	return j.payment == NULL && tx.multisig.n >= 1 &&
	       (is_key(w, DOC_SIGNER_A, &tx.head.signer) ||
		is_key(w, DOC_SIGNER_B, &tx.head.signer)) &&
	       (is_key(w, DOC_SIGNER_A, &tx.multisig.cosignature[0].head.signer) ||
		is_key(w, DOC_SIGNER_B, &tx.multisig.cosignature[0].head.signer));
}

/* ---- blocks -------------------------------------------------------------------------------- */

/* The payments that one block settles for the first time. */
struct settled {
	size_t n;
	struct watch_payment *payment[NEM_BLOCK_WEIGHT_MAX];
};

static void settle(struct watch *w, unsigned node, uint64_t height, struct judged *j,
		   struct settled *list, struct effects *out)
{
	struct watch_payment *p = j->payment;

	if (p->seen[node] != 0) {
		j->crime = WATCH_CRIME_THEFT;
		suspect_add(w, node, height, j, true, out);
		return;
	}
	watch_self_seen(w, p, node, height);
	if (!p->settled) {
		CHECK(list->n < NEM_BLOCK_WEIGHT_MAX);
		p->settled = true;
		list->payment[list->n++] = p;
	}
}

static void settled_journal(struct watch *w, unsigned node, uint64_t height,
			    const struct settled *list, struct effects *out)
{
	struct log_batch b;

	if (list->n == 0) {
		return;
	}
	watch_self_begin(w, &b);
	for (size_t i = 0; i < list->n; i++) {
		struct log_record r = { .kind = LOG_WATCH_BLOCK,
					.id = watch_self_short(&list->payment[i]->inner_hash),
					.amount = height };

		r.debit.b[0] = (uint8_t)node;
		CHECK(watch_self_add(w, &b, &r, NULL) == ERR_OK);
	}
	watch_self_commit(w, &b, out);
}

/*
 * A box is used once and watched for ever: whatever comes into one that was emptied is called, each
 * payment once.  It stops nothing, since anybody can send coins anywhere; and of one box it is
 * called so often a start at most, for the same reason.
 */
static void used_box(struct watch *w, const struct watch_node *n, size_t own, uint64_t micro,
		     const struct nem_tx *tx, struct effects *out)
{
	struct hash32 name;
	struct id128 unit;
	char text[WORDS];

	if (w->own[own].kind == WATCH_HOT || !n->converted[own] || n->spent[own] == 0) {
		return;
	}
	nem_tx_hash(&name, tx);
	unit = watch_self_short(&name);
	for (size_t i = 0; i < w->called_n; i++) {
		if (w->called[i].crime == WATCH_CALL_USED_BOX &&
		    id128_eq(&w->called[i].unit, &unit)) {
			return;
		}
	}
	if (w->used_called[own] == WATCH_USED_CALLS_MAX) {
		return;
	}
	w->used_called[own]++;
	(void)snprintf(text, sizeof text,
		       "box %s was emptied, and %" PRIu64
		       " micro-XEM came into it at height %" PRIu64
		       ": it is used no more, nobody moves them",
		       w->own[own].address.text, micro, n->height);
	watch_self_alarm(w, WATCH_CALL_USED_BOX, &name, &name, text, out);
}

static bool effects_apply(struct watch *w, struct watch_node *n, uint64_t height,
			  const struct nem_tx *tx, int harvester, struct effects *out)
{
	static struct chain_effects effects;

	if (nem_effects_list_seen(&effects, tx) != ERR_OK) {
		return false;
	}
	for (size_t i = 0; i < effects.n; i++) {
		const struct chain_effect *e = &effects.effect[i];
		struct nem_address a;
		uint64_t micro;
		int from;
		int to;

		if ((e->kind != CHAIN_MOVE && e->kind != CHAIN_FEE) || money_is_zero(&e->amount)) {
			continue;
		}
		if (money_u64(&micro, &e->amount) != ERR_OK) {
			return false;
		}
		memset(&a, 0, sizeof a);
		memcpy(a.text, e->from.text, NEM_ADDRESS_CHARS);
		from = watch_self_own(w, &a);
		memcpy(a.text, e->to.text, NEM_ADDRESS_CHARS);
		to = e->kind == CHAIN_FEE ? harvester : watch_self_own(w, &a);
		if (from >= 0) {
			watch_self_undo(w, n, height, (size_t)from);
			if (n->balance[from] < micro ||
			    __builtin_add_overflow(n->spent[from], micro, &n->spent[from])) {
				return false;
			}
			n->balance[from] -= micro;
		}
		if (to >= 0) {
			used_box(w, n, (size_t)to, micro, tx, out);
			watch_self_undo(w, n, height, (size_t)to);
			if (__builtin_add_overflow(n->balance[to], micro, &n->balance[to])) {
				return false;
			}
		}
	}
	return true;
}

static bool control_apply(struct watch *w, struct watch_node *n, uint64_t height,
			  const struct nem_tx *tx)
{
	uint8_t network = (uint8_t)w->genesis.chain_network;
	const struct nem_modification *m = NULL;
	struct nem_address account;
	int own;

	if (tx->type == NEM_MODIFICATION) {
		m = &tx->modification;
	} else if (tx->type == NEM_MULTISIG && tx->multisig.inner.type == NEM_MODIFICATION) {
		m = &tx->multisig.inner.modification;
	}
	nem_effects_account(&account, tx);
	own = m == NULL ? -1 : watch_self_own(w, &account);
	if (own < 0) {
		return true;
	}
	if (nem_multisig_judge(&n->control[own], &account, network, m, &others) != NEM_SUCCESS) {
		return false;
	}
	control_push(n, height, (size_t)own);
	nem_multisig_apply(&n->control[own], network, m);
	watch_tally_control(w, n, height, (size_t)own, tx, m);
	return true;
}

static void apply(struct watch *w, struct watch_node *n, const struct nem_block *block,
		  const struct hash32 *hash, struct effects *out)
{
	static struct nem_tx tx;
	static struct judged j;
	unsigned node = (unsigned)(n - w->node);
	bool blind = (w->config.planted & WATCH_PLANT_IGNORE_BLOCKS) != 0;
	struct nem_block_walk walk = nem_block_walk_make(block);
	struct settled settled = { .n = 0 };
	struct nem_address harvester;
	int own_harvester;

	nem_address_from_key(&harvester, &block->head.harvester, (uint8_t)w->genesis.chain_network);
	own_harvester = watch_self_own(w, &harvester);
	n->height = block->head.height;
	n->time_nem_s = block->head.time_nem_s;
	n->hash = *hash;
	w->blocks++;
	while (nem_block_walk_decode(&walk, &tx)) {
		/* Judged under the control that was in force when it was mined. */
		bool ours =
		    !blind && block->head.type != NEM_BLOCK_NEMESIS && judge(w, n, true, &tx, &j);

		if (ours && j.impossible) {
			lies(w, n, "a block holds what no node can have accepted", out);
		}
		/* Whoever lies: what is validly signed is signed. */
		if (ours && j.crime != 0) {
			suspect_add(w, node, j.impossible ? 0 : n->height, &j,
				    (j.payment != NULL && j.payment->seen[node] != 0) ||
					j.refill >= 0,
				    out);
		} else if (ours && !j.impossible && j.refill >= 0) {
			w->refills[j.refill].seen[node] = n->height;
		} else if (ours && !j.impossible && j.payment != NULL) {
			settle(w, node, n->height, &j, &settled, out);
		}
		if (!effects_apply(w, n, n->height, &tx, own_harvester, out) ||
		    !control_apply(w, n, n->height, &tx)) {
			lies(w, n, "a block spends what is not there, or changes what cannot be",
			     out);
			break;
		}
	}
	settled_journal(w, node, n->height, &settled, out);
}

static void first_block(struct watch *w, struct watch_node *n, struct bytes raw,
			struct effects *out)
{
	struct nem_block block;
	struct hash32 hash;
	struct nem_follow_at at;

	if (nem_block_decode(&block, (uint8_t)w->genesis.chain_network, raw) != ERR_OK ||
	    block.head.height != 1) {
		lies(w, n, "its first block is not block 1", out);
		return;
	}
	nem_block_hash(&hash, &block);
	if (!hash32_eq(&hash, &w->genesis.chain_nemesis)) {
		lies(w, n, "another chain: block 1 is not the nemesis block of genesis", out);
		return;
	}
	at = (struct nem_follow_at){ .height = 1,
				     .time_nem_s = block.head.time_nem_s,
				     .hash = hash };
	nem_follow_init(&n->follow, (uint8_t)w->genesis.chain_network, &at);
	apply(w, n, &block, &hash, out);
}

static void block_feed(struct watch *w, struct watch_node *n, struct bytes raw, struct effects *out)
{
	unsigned node = (unsigned)(n - w->node);
	struct nem_follow_verdict v;
	struct nem_block block;
	enum err e;

	if (n->height == 0) {
		first_block(w, n, raw, out);
		return;
	}
	e = nem_follow_offer(&n->follow, &v, &block, raw);
	if (e != ERR_OK) {
		lies(w, n, err_words(e), out);
		return;
	}
	if (v.kind == NEM_FOLLOW_FORK && v.ancestor.height < n->height) {
		undo_to(w, n, v.ancestor.height, out);
	}
	if (v.kind == NEM_FOLLOW_ASK ||
	    (v.kind != NEM_FOLLOW_DUPLICATE && block.head.height != n->height + 1)) {
		n->synced = false;
		effects_note(out, "unusual gap node=%u height=%" PRIu64 " got=%" PRIu64, node,
			     n->height, block.head.height);
		return;
	}
	/* A duplicate is news when a rollback was told before it. */
	if (!n->lying && block.head.height == n->height + 1 &&
	    hash32_eq(&block.head.previous, &n->hash)) {
		apply(w, n, &block, &v.hash, out);
	}
}

/* ---- pools --------------------------------------------------------------------------------- */

static void pool_one(struct watch *w, struct watch_node *n, const struct nem_tx *tx,
		     struct effects *out)
{
	static struct judged j;
	unsigned node = (unsigned)(n - w->node);

	if (!judge(w, n, false, tx, &j)) {
		return;
	}
	if (j.garbage) {
		w->garbage++;
		return;
	}
	if (j.payment == NULL && j.refill < 0 && j.tx.type != NEM_MODIFICATION) {
		watch_tally_open(w, (size_t)j.own, &j.name, j.tx.head.deadline_nem_s);
	}
	if (j.payment != NULL && j.tx.head.deadline_nem_s >= n->time_nem_s) {
		j.payment->pooled_mono_ms = w->mono_ms;
	}
	/* What the pool has executed is not there for the next one; our own sweeps are. */
	if (j.tx.type != NEM_COSIGNATURE && (j.payment == NULL || !j.payment->sweep) &&
	    (j.payment == NULL || j.payment->seen[node] == 0)) {
		uint64_t out_micro = leaves(w, &j.tx, (size_t)j.own);

		if (__builtin_add_overflow(n->pooled[j.own], out_micro, &n->pooled[j.own])) {
			n->pooled[j.own] = UINT64_MAX;
		}
	}
	if (j.crime != 0) {
		suspect_add(w, node, 0, &j, false, out);
	}
}

static void pool_feed(struct watch *w, struct watch_node *n, struct bytes body, struct effects *out)
{
	static struct nem_tx tx;
	struct reader r = reader_make(body);
	uint32_t count = reader_u32(&r);

	n->pool_told = true;
	memset(n->pooled, 0, sizeof n->pooled);
	for (uint32_t i = 0; i < count && !r.bad; i++) {
		struct bytes one = reader_bytes(&r, reader_u32(&r));

		/* A form that is not known here cannot be of an account of ours and valid. */
		if (!r.bad && nem_tx_decode(&tx, (uint8_t)w->genesis.chain_network, one,
					    NEM_SIGNED) == ERR_OK) {
			pool_one(w, n, &tx, out);
		}
	}
	if (!reader_done(&r)) {
		effects_note(out, "unusual pool node=%u cut=yes", (unsigned)(n - w->node));
	}
}

void watch_chain_feed(struct watch *w, const struct event *event, struct effects *out)
{
	struct watch_node *n = &w->node[event->channel];
	struct reader r = reader_make(event->body);

	n->heard_mono_ms = w->mono_ms;
	if (n->lying) {
		return;
	}
	switch (event->number) {
	case FEED_BLOCK:
		n->up = true;
		block_feed(w, n, event->body, out);
		return;
	case FEED_UNDO:
		undo_to(w, n, reader_u64(&r), out);
		return;
	case FEED_POOL:
		n->up = true;
		pool_feed(w, n, event->body, out);
		return;
	case FEED_DOWN:
		n->up = false;
		n->synced = false;
		n->pool_told = false;
		effects_note(out, "unusual node_down node=%u", (unsigned)event->channel);
		return;
	case FEED_UP:
		n->up = true;
		return;
	case FEED_ANNOUNCED:
		effects_note(out, "info announced node=%u code=%u", (unsigned)event->channel,
			     reader_u32(&r));
		return;
	case FEED_TOP:
		n->up = true;
		n->synced = n->height > 0 && n->height == reader_u64(&r);
		if (n->synced && n->height != w->weighed_height) {
			w->weighed_height = n->height;
			watch_stop_weigh(w, out);
			watch_sweep_derive(w, out);
		}
		return;
	}
}
