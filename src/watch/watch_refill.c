/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_refill.c - refills that cold holders have signed: what explains it when a box is emptied,
 * and where each holder's journal stood (docs/ceremony.md).
 *
 * Nobody's word but documents: a holding that officers signed, a refill whose every part the cold
 * core judges again (cold/cold.h), answers of its holders with the chain's own signatures in them.
 * From these the unit is built here; exactly its bytes explain what pools and blocks show.
 *
 * A holder's answers are compared with those that we keep: his journal and his clock go on
 * together. One place in it for two answers, or a later answer from an earlier place, is a journal
 * that went back, or a key that somebody else has too: that is called as a signer's fork is, and
 * freezes.
 *
 * An answer whose mark is not of the token that the holding registered was made by a holder who is
 * forced, or by who forced him (cold/cold_mark.h).  It freezes; who brought it gets the same reply
 * as ever, and the freeze, which everybody reads, says nothing of it: only our own alarm does.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "cold/cold.h"
#include "ipc/frame.h"
#include "watch/watch_self.h"

enum { ANSWERS_AT = 2 }; /* items: the holding, the refill, its answers */

/* What was told, as far as it was read. */
struct told {
	struct cold_rules rules;
	struct policy_verdict held; /* is the holding one that may be believed here */
	enum watch_standing standing;
	struct cold_plan plan;
	size_t answers;
	struct doc_answer answer[DOC_HOLDERS_MAX];
	struct key32 holder[DOC_HOLDERS_MAX];          /* attest keys */
	const struct doc_holder *who[DOC_HOLDERS_MAX]; /* in rules */
	struct hash32 raw_id[DOC_HOLDERS_MAX];
	size_t own;
};

static const struct policy_verdict good = { .err = ERR_OK, .field = "", .words = "" };

/* ---- what was told ------------------------------------------------------------------------- */

static struct policy_verdict no(enum err e, const char *field, const char *words)
{
	return (struct policy_verdict){ .err = e, .field = field, .words = words };
}

static struct policy_verdict told_read(const struct watch *w, struct told *t,
				       const struct bytes *items, size_t n)
{
	const struct doc_holder *who = NULL;
	struct nem_address box;
	struct policy_verdict v;
	int own;

	memset(t, 0, sizeof *t);
	watch_rules(w, &t->rules);
	v = cold_holding_open(&t->rules, items[0]);
	if (v.err == ERR_OK) {
		/* said later: an answer that contradicts one of ours is told first */
		t->held = watch_holding_judge(w, &t->rules, items[0], &t->standing);
		v = cold_plan_open(&t->plan, &t->rules, items[1]);
	}
	for (size_t i = ANSWERS_AT; v.err == ERR_OK && i < n; i++) {
		size_t at = t->answers++;

		v = cold_plan_answer(&t->plan, &t->rules, items[i], &t->answer[at], &who);
		if (v.err == ERR_OK) {
			t->holder[at] = who->attest_key;
			t->who[at] = who;
		}
	}
	if (v.err != ERR_OK) {
		return v;
	}
	nem_address_from_key(&box, &t->plan.refill.account, t->rules.network);
	own = watch_self_own(w, &box);
	if (own < 0 || w->own[own].kind == WATCH_HOT) {
		return no(ERR_POLICY, "refill.account", "not a box of genesis");
	}
	t->own = (size_t)own;
	return v;
}

/* ---- whose journal went back --------------------------------------------------------------- */

static struct watch_holder *holder_find(struct watch *w, const struct key32 *key)
{
	for (size_t i = 0; i < w->holders_n; i++) {
		if (key32_eq(&w->holders[i].key, key)) {
			return &w->holders[i];
		}
	}
	return NULL;
}

/* Why this answer and one that we keep cannot be of one journal, or NULL. */
static const char *contradicts(const struct watch_head *kept, const struct doc_answer *a)
{
	bool in_order;

	if (a->sequence == kept->sequence) {
		return hash32_eq(&a->head, &kept->head)
			   ? NULL
			   : "two answers stand in one place of this holder's journal";
	}
	in_order = a->sequence > kept->sequence ? a->time_ms >= kept->time_ms
						: a->time_ms <= kept->time_ms;
	return in_order ? NULL
			: "this holder's journal went back: a later answer from an earlier place";
}

static const char *forks(struct watch *w, const struct told *t, size_t *at)
{
	for (*at = 0; *at < t->answers; (*at)++) {
		const struct watch_holder *h = holder_find(w, &t->holder[*at]);

		for (size_t i = 0; h != NULL && i < h->heads_n && i < WATCH_HEADS; i++) {
			const char *why = contradicts(&h->heads[i], &t->answer[*at]);

			if (why != NULL) {
				return why;
			}
		}
	}
	return NULL;
}

/* ERR_FULL is no matter: officers sign a holding, and a roster of holders is small. */
static void head_keep(struct watch *w, const struct key32 *key, const struct doc_answer *a)
{
	struct watch_holder *h = holder_find(w, key);

	if (h == NULL && w->holders_n < WATCH_HOLDERS_MAX) {
		h = &w->holders[w->holders_n++];
		h->key = *key;
	}
	for (size_t i = 0; h != NULL && i < h->heads_n && i < WATCH_HEADS; i++) {
		if (h->heads[i].sequence == a->sequence) {
			return;
		}
	}
	if (h != NULL) {
		h->heads[h->heads_n++ % WATCH_HEADS] = (struct watch_head){ .sequence = a->sequence,
									    .time_ms = a->time_ms,
									    .head = a->head };
	}
}

/* ---- may it be believed here --------------------------------------------------------------- */

static struct watch_refill *refill_find(struct watch *w, const struct hash32 *id)
{
	for (size_t i = 0; i < w->refills_n; i++) {
		if (hash32_eq(&w->refills[i].id, id)) {
			return &w->refills[i];
		}
	}
	return NULL;
}

static bool in_block(const struct watch *w, const struct watch_refill *r)
{
	for (unsigned i = 0; i < w->config.nodes; i++) {
		if (r->seen[i] != 0) {
			return true;
		}
	}
	return false;
}

/* The newest refill of this box that holders have signed whole, but for this one. */
static const struct watch_refill *other_of(const struct watch *w, const struct told *t)
{
	const struct watch_refill *found = NULL;

	for (size_t i = 0; i < w->refills_n; i++) {
		const struct watch_refill *r = &w->refills[i];

		if (r->own == t->own && !hash32_eq(&r->id, &t->plan.refill_id)) {
			found = r;
		}
	}
	return found;
}

/* The holding may be believed here, and is what these answers were given under. */
static struct policy_verdict judge_holding(const struct told *t)
{
	if (t->held.err != ERR_OK) {
		return t->held;
	}
	for (size_t i = 0; i < t->answers; i++) {
		if (!hash32_eq(&t->answer[i].holding, &t->rules.holding_id)) {
			return no(ERR_MISMATCH, "answer.holding", "given under another holding");
		}
	}
	return good;
}

static struct policy_verdict judge_box(const struct watch *w, const struct told *t)
{
	const struct watch_refill *other = other_of(w, t);

	if (other != NULL && in_block(w, other)) {
		return no(ERR_ONCE, "refill.account", "another refill has emptied this box");
	}
	if (other != NULL && !hash32_eq(&other->id, &t->plan.refill.previous)) {
		return no(ERR_STATE, "refill.previous",
			  "holders signed another refill of this box, which this one does not "
			  "replace");
	}
	return good;
}

/* ---- who was forced ------------------------------------------------------------------------ */

/*
 * Freezes; why, our own alarm alone says, and everybody reads these words, whether somebody is
 * forced or a journal went back.  False: this was called before.
 */
static bool stop(struct watch *w, const struct hash32 *about, const struct hash32 *name,
		 struct effects *out)
{
	uint64_t alarms = w->alarms;

	watch_stop_issue(w, WATCH_CRIME_RECORD, false, bytes_of(NULL, 0), about, name,
			 "something is not in order; the alarm says what", out);
	return w->alarms != alarms;
}

static void call_duress(struct watch *w, const struct doc_answer *a, const struct hash32 *name,
			bool stops, struct effects *out)
{
	char words[300];

	/* once for each answer; and those who resumed knew of it */
	if (watch_self_lived(w, WATCH_CRIME_RECORD, name) ||
	    watch_self_called(w, name, WATCH_CRIME_RECORD)) {
		return;
	}
	(void)snprintf(words, sizeof words,
		       "duress: cold holder %s, answer %" PRIu64
		       ": not made under the ordinary passphrase; somebody forces this holder, or "
		       "has his key: help first, and do not let it be seen",
		       a->holder, a->sequence);
	if (stops) {
		(void)stop(w, &a->head, name, out);
	}
	watch_self_alarm(w, WATCH_CRIME_RECORD, name, NULL, words, out);
}

/*
 * Before anything is refused: who is forced is forced, whatever else is wrong with his answer.
 * stops: not under a holding that is in force no more, with which nothing moves and which a key
 * that left it would stop us by.
 */
static void marks(struct watch *w, const struct told *t, bool stops, struct effects *out)
{
	const struct doc_answer *unknown = NULL;
	bool nothing = false;

	for (size_t i = 0; i < t->answers; i++) {
		const struct doc_answer *a = &t->answer[i];
		struct hash32 name;
		enum cold_mark mark;

		if (!hash32_eq(&a->holding, &t->rules.holding_id)) {
			continue; /* this holding says nothing of its mark */
		}
		mark = cold_mark_judge(&name, a, t->who[i], w->config.freeze_secret);
		if (mark == COLD_MARK_CALLS) {
			call_duress(w, a, &name, stops, out);
		} else if (mark == COLD_MARK_UNREGISTERED &&
			   (t->who[i]->registration_n > 0 || a->mark_n > 0)) {
			unknown = a;
			nothing = t->who[i]->registration_n == 0;
		}
	}
	if (unknown != NULL) {
		effects_note(out, "warn registration holder=%s: %s", unknown->holder,
			     nothing ? "the holding registers nothing of his"
				     : "not for this watcher");
	}
}

/* ---- what is kept -------------------------------------------------------------------------- */

/* Live and in a replay.  False: no room for one more that is whole. */
static bool learn(struct watch *w, const struct told *t, uint64_t sequence, uint64_t time_ms)
{
	struct watch_refill *r = refill_find(w, &t->plan.refill_id);
	const struct nem_tx *unit = &t->plan.unit;

	if (r == NULL && cold_plan_complete(&t->plan)) {
		if (w->refills_n == WATCH_REFILLS_MAX) {
			return false;
		}
		r = &w->refills[w->refills_n++];
		*r = (struct watch_refill){ .id = t->plan.refill_id,
					    .inner_hash = t->plan.inner_hash,
					    .deadline_nem_s =
						(uint32_t)t->plan.refill.deadline_nem_s,
					    .own = (uint16_t)t->own,
					    .sequence = sequence,
					    .time_ms = time_ms };
		nem_tx_hash(&r->wrap_hash, unit);
		for (uint8_t i = 0; i < unit->multisig.n; i++) {
			struct nem_tx one;

			nem_tx_from_attached(&one, &unit->multisig.cosignature[i]);
			nem_tx_hash(&r->cosign_hash[r->cosigners++], &one);
		}
	}
	watch_holding_learn(w, &t->rules, t->standing, cold_plan_complete(&t->plan));
	for (size_t i = 0; i < t->answers; i++) {
		head_keep(w, &t->holder[i], &t->answer[i]);
	}
	return true;
}

static void journal(struct watch *w, const struct told *t, const struct bytes *items, size_t n,
		    struct effects *out)
{
	struct log_record r = { .kind = LOG_WATCH_REFILL,
				.id = watch_self_short(&t->plan.refill_id),
				.ref = watch_self_short(&t->plan.inner_hash) };
	struct log_batch b;

	watch_self_begin(w, &b);
	for (size_t i = 0; i < n; i++) {
		struct log_record one = { .kind = LOG_DOCUMENT };

		if (i != 1) {
			CHECK(watch_self_add(w, &b, &one, &items[i]) == ERR_OK);
		}
	}
	CHECK(watch_self_add(w, &b, &r, &items[1]) == ERR_OK);
	watch_self_commit(w, &b, out);
}

/* Nothing in it that is not kept already. */
static bool is_known(struct watch *w, const struct told *t)
{
	if (refill_find(w, &t->plan.refill_id) == NULL && cold_plan_complete(&t->plan)) {
		return false;
	}
	for (size_t i = 0; i < t->answers; i++) {
		const struct watch_holder *h = holder_find(w, &t->holder[i]);
		bool kept = false;

		for (size_t k = 0; h != NULL && k < h->heads_n && k < WATCH_HEADS; k++) {
			kept = kept || h->heads[k].sequence == t->answer[i].sequence;
		}
		if (!kept) {
			return false;
		}
	}
	return true;
}

static void receipt(struct watch *w, const struct event *event, const struct told *t,
		    struct effects *out)
{
	const struct watch_refill *r = refill_find(w, &t->plan.refill_id);

	watch_stop_receipt(w, event, &t->plan.refill_id, r == NULL ? 0 : r->sequence,
			   r == NULL ? w->wall_ms : r->time_ms, out);
}

void watch_refill_told(struct watch *w, const struct event *event, struct effects *out)
{
	static struct told t; /* large */
	struct bytes items[ANSWERS_AT + DOC_HOLDERS_MAX];
	struct policy_verdict v, held = good;
	const char *fork = NULL;
	size_t n = 0;
	size_t at;

	if ((event->role & (ROLE_SERVER | ROLE_STOP)) == 0) {
		watch_self_refuse(w, event, ERR_CAPABILITY, "", "not on this socket", out);
		return;
	}
	if (frame_items_all(event->body, items, ARRAY_LEN(items), &n) != ERR_OK || n == 0 ||
	    n == ANSWERS_AT) {
		watch_self_refuse(w, event, ERR_INPUT, "body",
				  "a holding, a refill and answers to it are expected", out);
		return;
	}
	if (n == 1) {
		watch_holding_told(w, event, items[0], out);
		return;
	}
	v = told_read(w, &t, items, n);
	if (v.err == ERR_OK) {
		held = judge_holding(&t);
		marks(w, &t, held.err == ERR_OK, out);
		fork = forks(w, &t, &at);
	}
	if (fork != NULL) {
		char words[300];

		(void)snprintf(words, sizeof words, "cold holder %s, answer %" PRIu64 ": %s",
			       t.answer[at].holder, t.answer[at].sequence, fork);
		if (stop(w, &t.answer[at].head, &t.answer[at].head, out)) {
			watch_self_alarm(w, WATCH_CRIME_RECORD, &t.answer[at].head, NULL, words,
					 out);
		}
		watch_self_refuse(w, event, ERR_ONCE, "answer.sequence", fork, out);
		return;
	}
	if (v.err == ERR_OK) {
		v = held.err == ERR_OK ? judge_box(w, &t) : held;
	}
	if (v.err == ERR_OK && !is_known(w, &t)) {
		if (w->refills_n == WATCH_REFILLS_MAX) {
			v = no(ERR_FULL, "refill", "the memory of refills is full");
		} else {
			journal(w, &t, items, n, out);
			CHECK(learn(w, &t, w->chain.next_sequence - 1, w->wall_ms));
			effects_note(out, "info refill box=%s answers=%zu complete=%s",
				     w->own[t.own].address.text, t.answers,
				     cold_plan_complete(&t.plan) ? "yes" : "no");
		}
	}
	if (v.err != ERR_OK) {
		watch_self_refuse(w, event, v.err, v.field, v.words, out);
		return;
	}
	receipt(w, event, &t, out);
}

enum err watch_refill_replay(struct watch *w, const struct log_record *r, uint64_t sequence,
			     const struct bytes *documents, size_t n, struct bytes refill)
{
	static struct told t;
	struct bytes items[ANSWERS_AT + DOC_HOLDERS_MAX];

	if (n < 2 || n + 1 > ARRAY_LEN(items)) {
		return ERR_CORRUPT;
	}
	items[0] = documents[0];
	items[1] = refill;
	memcpy(&items[ANSWERS_AT], documents + 1, (n - 1) * sizeof items[0]);
	if (told_read(w, &t, items, n + 1).err != ERR_OK || t.held.err != ERR_OK) {
		return ERR_CORRUPT;
	}
	return learn(w, &t, sequence, r->time_ms) ? ERR_OK : ERR_FULL;
}

/* ---- what it explains ---------------------------------------------------------------------- */

static bool cosigned_so(const struct watch_refill *r, const struct nem_tx *cosignature)
{
	struct hash32 hash;

	nem_tx_hash(&hash, cosignature);
	for (size_t i = 0; i < r->cosigners; i++) {
		if (hash32_eq(&hash, &r->cosign_hash[i])) {
			return true;
		}
	}
	return false;
}

int watch_refill_explains(const struct watch *w, const struct nem_tx *tx)
{
	struct hash32 inner, hash;
	const struct watch_refill *r;
	size_t at = 0;

	if (tx->type == NEM_MULTISIG) {
		nem_tx_hash_inner(&inner, &tx->multisig.inner);
	} else if (tx->type == NEM_COSIGNATURE) {
		inner = tx->cosignature.inner_hash;
	} else {
		return -1;
	}
	while (at < w->refills_n && !hash32_eq(&w->refills[at].inner_hash, &inner)) {
		at++;
	}
	if (at == w->refills_n) {
		return -1;
	}
	r = &w->refills[at];
	if (tx->type == NEM_COSIGNATURE) {
		return cosigned_so(r, tx) ? (int)at : -1;
	}
	nem_tx_hash(&hash, tx);
	for (uint8_t i = 0; i < tx->multisig.n; i++) {
		static struct nem_tx one;

		nem_tx_from_attached(&one, &tx->multisig.cosignature[i]);
		if (!cosigned_so(r, &one)) {
			return -1;
		}
	}
	return hash32_eq(&hash, &r->wrap_hash) ? (int)at : -1;
}

bool watch_refill_is(const struct watch *w, const struct hash32 *inner)
{
	for (size_t i = 0; i < w->refills_n; i++) {
		if (hash32_eq(&w->refills[i].inner_hash, inner)) {
			return true;
		}
	}
	return false;
}

void watch_refill_undo(struct watch *w, unsigned node, uint64_t height)
{
	for (size_t i = 0; i < w->refills_n; i++) {
		if (w->refills[i].seen[node] > height) {
			w->refills[i].seen[node] = 0;
		}
	}
}

uint64_t watch_refill_open(const struct watch *w, size_t own, unsigned node, uint64_t final_nem_s)
{
	uint64_t count = 0;

	for (size_t i = 0; i < w->refills_n; i++) {
		const struct watch_refill *r = &w->refills[i];

		count += r->own == own && r->seen[node] == 0 && r->deadline_nem_s >= final_nem_s;
	}
	return count;
}
