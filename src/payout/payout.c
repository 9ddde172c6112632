/* SPDX-License-Identifier: Apache-2.0 */
#include "payout/payout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "crypto/sha256.h"
#include "crypto/uuid7.h"
#include "ipc/gate.h"
#include "ipc/msgs.h"
#include "payout/inner.h"

enum {
	CONTROL_STORE = 2 * 1024 * 1024, /* envelopes of freezes that bind; the same of the rest */
	EXPIRED_PER_TICK = 100,          /* holds; a batch has room for them beside all else */
};

enum { LOADS_KEPT = 16 }; /* places of a step that reading documents back leaves to others */

enum { CLOCK_SLACK_MS = 5000 }; /* what NTP steps without anybody being at fault */

enum err payout_grow(void **rows, size_t *cap, size_t n, size_t row_bytes)
{
	size_t wanted;
	void *p;

	if (n <= *cap) {
		return ERR_OK;
	}
	wanted = n + n / 4 + 16;
	p = realloc(*rows, wanted * row_bytes);
	if (p == NULL) {
		return ERR_FULL;
	}
	*rows = p;
	*cap = wanted;
	return ERR_OK;
}

uint32_t payout_index(const struct payout *p, const struct inner_withdrawal *w)
{
	return (uint32_t)(w - p->all);
}

/* --- documents --- */

static enum err open_typed(struct doc *d, struct bytes raw, const struct hash32 *genesis,
			   enum doc_type type, const char *name, struct doc_fault *fault)
{
	enum err e = doc_open(d, raw, genesis, fault);

	if (e == ERR_OK && d->type != type) {
		e = ERR_TYPE;
	}
	if (e != ERR_OK) {
		*fault = (struct doc_fault){ .why = "not a document of this type and genesis" };
		(void)snprintf(fault->field, sizeof fault->field, "%s", name);
	}
	return e;
}

/* Which of the three documents a field belongs to. */
static enum err name_fault(struct doc_fault *fault, const char *document, enum err e)
{
	char field[sizeof fault->field];

	if (e != ERR_OK) {
		(void)snprintf(field, sizeof field, "%s.%.40s", document, fault->field);
		memcpy(fault->field, field, sizeof field);
	}
	return e;
}

static enum err read_documents(struct payout *p, const struct payout_config *c,
			       struct doc_fault *fault)
{
	struct doc d;
	struct hash32 zero_id;
	enum err e = open_typed(&d, c->genesis, NULL, DOC_GENESIS, "genesis", fault);

	if (e != ERR_OK || (e = doc_genesis_read(&d, &p->genesis, fault)) != ERR_OK) {
		return name_fault(fault, "genesis", e);
	}
	p->genesis_id = d.id;
	if (p->genesis.chain_network != c->network) {
		*fault =
		    (struct doc_fault){ "genesis.chain_network", "not the network consented to" };
		return ERR_NETWORK;
	}
	/* The first roster and policy are written before genesis exists: they carry the zero id. */
	e = doc_open(&d, c->roster, NULL, fault);
	if (e != ERR_OK) {
		e = doc_open(&d, c->roster, &p->genesis_id, fault);
	}
	if (e != ERR_OK || (e = doc_roster_read(&d, &p->roster, fault)) != ERR_OK ||
	    (e = approvals_keys(&p->roster, fault)) != ERR_OK) {
		return name_fault(fault, "roster", e);
	}
	doc_zero_id(&zero_id, &d);
	p->roster_id = d.id;
	if (!hash32_eq(&zero_id, &p->genesis.roster)) {
		*fault = (struct doc_fault){ "genesis.roster", "genesis names another roster" };
		return ERR_MISMATCH;
	}
	e = doc_open(&d, c->policy, NULL, fault);
	if (e != ERR_OK) {
		e = doc_open(&d, c->policy, &p->genesis_id, fault);
	}
	if (e != ERR_OK || (e = doc_policy_read(&d, &p->policy, fault)) != ERR_OK) {
		return name_fault(fault, "policy", e);
	}
	doc_zero_id(&zero_id, &d);
	p->policy_id = d.id;
	if (!hash32_eq(&zero_id, &p->genesis.policy)) {
		*fault = (struct doc_fault){ "genesis.policy", "genesis names another policy" };
		return ERR_MISMATCH;
	}
	{
		struct policy_verdict v = policy_check(&p->policy);

		if (v.err != ERR_OK) {
			*fault = (struct doc_fault){ .why = v.words };
			(void)snprintf(fault->field, sizeof fault->field, "%s", v.field);
		}
		return v.err;
	}
}

static void name_accounts(struct payout *p)
{
	static const char coin[] = "nem:xem";
	static const char token[] = "kuramori deposit token v1";

	books_account_id(&p->in_flight, BOOKS_IN_FLIGHT, ASSET_XEM, bytes_str(coin));
	books_account_id(&p->fee, BOOKS_FEE, ASSET_XEM, bytes_str(coin));
	books_account_id(&p->shortage, BOOKS_SHORTAGE, ASSET_XEM, bytes_str(coin));
	books_account_id(&p->opening, BOOKS_OPENING, ASSET_XEM, bytes_str(coin));
	books_account_id(&p->suspense, BOOKS_SUSPENSE, ASSET_XEM, bytes_str(coin));
	books_account_id(&p->house, BOOKS_HOUSE, ASSET_XEM, bytes_str(coin));
	hmac_sha256(&p->token_key,
		    bytes_of(p->config.log_secret->b, sizeof p->config.log_secret->b),
		    bytes_str(token));
}

enum err payout_init(struct payout **out, const struct payout_config *config,
		     struct doc_fault *fault)
{
	struct payout *p = calloc(1, sizeof *p);
	enum err e = ERR_FULL;

	*fault = (struct doc_fault){ .why = "no memory" };
	if (p == NULL) {
		return ERR_FULL;
	}
	p->config = *config;
	if (config->settle_depth < 1 || config->settle_depth > NEM_FOLLOW_REWRITE_MAX ||
	    config->deposit_depth < 1 || config->deposit_depth > NEM_FOLLOW_REWRITE_MAX ||
	    config->nodes < 1 || config->nodes > PAYOUT_NODES_MAX || config->nodes_agree < 1 ||
	    config->nodes_agree > config->nodes || config->in_flight < 1 ||
	    config->in_flight > PAYOUT_IN_FLIGHT_MAX || config->log_secret == NULL) {
		*fault = (struct doc_fault){ "configuration", "depths, nodes or in_flight" };
		e = ERR_FIELD_RANGE;
		goto out;
	}
	e = read_documents(p, config, fault);
	if (e != ERR_OK) {
		goto out;
	}
	p->config.genesis = p->config.roster = p->config.policy = bytes_of(NULL, 0);
	name_accounts(p);
	log_chain_init(&p->journal);
	e = books_init(&p->books);
	if (e != ERR_OK) {
		goto out;
	}
	p->books.planted = config->books_planted;
	if (config->books_window != 0) {
		books_window(&p->books, config->books_window);
	}
	e = ERR_FULL;
	p->batch_buffer = malloc(PAYOUT_BATCH_BYTES);
	p->answer_buffer = malloc(PAYOUT_ANSWER_MAX);
	p->settle_room = settle_room_new();
	p->history_entries = calloc(INNER_HISTORY, sizeof *p->history_entries);
	p->stops = calloc(PAYOUT_STOPS_MAX, sizeof *p->stops);
	p->control_store = malloc((size_t)2 * CONTROL_STORE);
	if (p->batch_buffer == NULL || p->answer_buffer == NULL || p->settle_room == NULL ||
	    p->history_entries == NULL || p->stops == NULL || p->control_store == NULL) {
		goto out;
	}
	control_init(&p->control, &p->genesis_id,
		     &(struct control_rules){ &p->roster_id, &p->policy_id, &p->roster, &p->policy,
					      p->genesis.recovery.needed },
		     &(struct control_storage){ .freezes = p->control_store,
						.freezes_cap = CONTROL_STORE,
						.others = p->control_store + CONTROL_STORE,
						.others_cap = CONTROL_STORE },
		     0);
	policy_history_init(&p->history, p->history_entries, INNER_HISTORY);
	policy_own_make(&p->policy_own, &p->genesis);
	e = follow_init(p);
out:
	if (e != ERR_OK) {
		payout_free(p);
		return e;
	}
	*out = p;
	return ERR_OK;
}

void payout_free(struct payout *p)
{
	if (p == NULL) {
		return;
	}
	for (size_t i = 0; i < p->all_n; i++) {
		withdraw_let_go(&p->all[i]);
		exclude_forget(&p->all[i]);
		lock_forget(&p->all[i]);
		free(p->all[i].docs);
		free(p->all[i].changes);
	}
	for (size_t i = 0; i < p->words_n; i++) {
		free(p->words[i]);
	}
	free(p->words);
	map_free(&p->by_words);
	free(p->shorts);
	for (size_t i = 0; i < DOC_HOT_MAX; i++) {
		free(p->closings[i].doc.p);
	}
	for (size_t i = 0; p->stops != NULL && i < p->stops_n; i++) {
		free(p->stops[i].p);
	}
	free(p->day.p);
	ruling_free(p);
	repay_free(p);
	books_free(&p->books);
	map_free(&p->by_id);
	map_free(&p->by_order);
	map_free(&p->by_payment);
	map_free(&p->by_attempt);
	map_free(&p->by_key);
	map_free(&p->by_move);
	free(p->key_body);
	free(p->key_withdrawal);
	free(p->all);
	free(p->open);
	free(p->stops);
	free(p->control_store);
	free(p->history_entries);
	free(p->follow);
	free(p->agree);
	free(p->deltas);
	free(p->moves);
	free(p->pending);
	free(p->batch_buffer);
	free(p->answer_buffer);
	free(p->settle_room);
	free(p);
}

/* --- the batch of a step --- */

uint64_t payout_record_time(struct payout *p)
{
	p->newest_ms = p->wall_ms > p->newest_ms ? p->wall_ms : p->newest_ms;
	return p->newest_ms;
}

void payout_record(struct payout *p, struct log_record *r, struct bytes blob)
{
	enum err e;

	/* What is asked as of a moment must have an answer that stays: time does not go back. */
	r->time_ms = payout_record_time(p);
	if (!p->batching) {
		log_batch_begin(&p->batch, p->batch_buffer, PAYOUT_BATCH_BYTES);
		p->batching = true;
	}
	if (blob.p != NULL) {
		e = log_batch_add_blob(&p->batch, r, blob);
	} else {
		e = log_batch_add_record(&p->batch, r);
	}
	CHECK(e == ERR_OK);
}

void payout_stamp(struct payout *p, struct log_record *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		/* the books judge by the time that the journal will have */
		r[i].time_ms = payout_record_time(p);
		r[i].flags = i + 1 < n ? LOG_FLAG_LINKED : 0;
	}
}

enum err payout_book_all(struct payout *p, struct log_record *r, size_t n)
{
	size_t before = p->books.applied;
	enum err e;

	payout_stamp(p, r, n);
	e = books_apply_all(&p->books, r, n, NULL);
	if (e != ERR_OK) {
		return e;
	}
	/* All were here before (a repetition), or all are new: callers never mix. */
	CHECK(p->books.applied == before || p->books.applied == before + n);
	if (p->books.applied == before) {
		return ERR_OK;
	}
	for (size_t i = 0; i < n; i++) {
		payout_record(p, &r[i], bytes_of(NULL, 0));
	}
	return ERR_OK;
}

enum err payout_book(struct payout *p, struct log_record *r)
{
	return payout_book_all(p, r, 1);
}

enum err payout_book_why(struct payout *p, struct log_record *r, struct bytes why)
{
	size_t before = p->books.applied;
	enum err e;

	log_batch_blob_name(&r->link, why);
	payout_stamp(p, r, 1);
	e = books_apply(&p->books, r);
	if (e == ERR_OK && p->books.applied != before) {
		payout_record(p, r, why);
	}
	return e;
}

static void commit(struct payout *p, struct effects *out)
{
	struct bytes sealed;

	if (!p->batching) {
		return;
	}
	log_batch_seal(&sealed, &p->batch, &p->journal, p->config.log_secret);
	effects_commit(out, sealed);
	p->batching = false;
}

/* --- documents of a withdrawal --- */

void payout_keep(struct payout *p, struct inner_withdrawal *w, uint32_t type, uint32_t signer,
		 struct bytes raw, bool record)
{
	struct inner_doc *d;

	CHECK(w->docs_n < INNER_DOCS_MAX);
	if (w->docs_n % 4 == 0) {
		void *more = realloc(w->docs, (w->docs_n + 4) * sizeof *w->docs);

		CHECK(more != NULL);
		w->docs = more;
	}
	d = &w->docs[w->docs_n++];
	*d = (struct inner_doc){ .type = type, .signer = signer, .n = raw.n };
	d->p = malloc(raw.n);
	CHECK(d->p != NULL);
	memcpy(d->p, raw.p, raw.n);
	log_batch_blob_name(&d->blob, raw);
	if (record) {
		struct log_record r = { .kind = LOG_DOCUMENT,
					.id = w->id,
					.ref = w->id,
					.amount = type | (u128)signer << 32 };

		payout_record(p, &r, raw);
	}
}

uint64_t payout_load(struct effects *out, const struct payout *p, const struct inner_withdrawal *w,
		     const struct inner_doc *d)
{
	uint64_t id = (uint64_t)payout_index(p, w) << 16 | (uint64_t)(d - w->docs);

	effects_call(out, PAYOUT_CALL_BLOB, id, bytes_of(d->blob.b, sizeof d->blob.b));
	return id;
}

bool payout_docs_here(const struct inner_withdrawal *w)
{
	for (uint32_t i = 0; i < w->docs_n; i++) {
		if (w->docs[i].p == NULL) {
			return false;
		}
	}
	return true;
}

uint32_t payout_load_some(struct effects *out, const struct payout *p,
			  const struct inner_withdrawal *w, uint32_t from)
{
	while (from < w->docs_n && effects_free(out) > LOADS_KEPT) {
		if (w->docs[from].p == NULL) {
			(void)payout_load(out, p, w, &w->docs[from]);
		}
		from++;
	}
	return from;
}

bool payout_have_docs(struct effects *out, const struct payout *p, const struct inner_withdrawal *w)
{
	bool all = true;

	for (uint32_t i = 0; i < w->docs_n; i++) {
		if (w->docs[i].p == NULL) {
			/* as many as a step has places for; those who need them ask again */
			if (effects_free(out) > LOADS_KEPT) {
				(void)payout_load(out, p, w, &w->docs[i]);
			}
			all = false;
		}
	}
	return all;
}

void payout_put_back(struct inner_doc *d, struct bytes raw)
{
	CHECK(d->p == NULL && raw.n == d->n);
	d->p = malloc(raw.n);
	CHECK(d->p != NULL);
	memcpy(d->p, raw.p, raw.n);
}

/* The newest of its kind. */
const struct inner_doc *payout_doc(const struct inner_withdrawal *w, uint32_t type, uint32_t signer)
{
	for (uint32_t i = w->docs_n; i > 0; i--) {
		if (w->docs[i - 1].type == type && w->docs[i - 1].signer == signer) {
			return &w->docs[i - 1];
		}
	}
	return NULL;
}

void payout_open_doc(const struct payout *p, struct doc *out, const struct inner_doc *d)
{
	CHECK(d != NULL && d->p != NULL);
	CHECK(doc_open(out, bytes_of(d->p, d->n), &p->genesis_id, NULL) == ERR_OK);
}

/* The place of a text that was seen before, or a new one. */
static uint32_t words_of(struct payout *p, const struct hash32 *name, struct bytes text)
{
	struct id128 key = map_key(name);
	uint32_t index;
	char *copy;

	if (map_get(&p->by_words, &key, &index)) {
		return index;
	}
	copy = malloc(text.n + 1);
	CHECK(copy != NULL &&
	      payout_grow((void **)&p->words, &p->words_cap, p->words_n + 1, sizeof *p->words) ==
		  ERR_OK &&
	      map_put(&p->by_words, &key, (uint32_t)p->words_n) == ERR_OK);
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	p->words[p->words_n] = copy;
	return (uint32_t)p->words_n++;
}

static void change_add(struct inner_withdrawal *w, const struct inner_change *change)
{
	/* four places at a time */
	if (w->changes_n % 4 == 0) {
		void *more = realloc(w->changes, (w->changes_n + 4) * sizeof *w->changes);

		CHECK(more != NULL);
		w->changes = more;
	}
	w->changes[w->changes_n++] = *change;
}

/* What a change of state means for the rest, now and in a replay. */
static void state_enter(struct inner_withdrawal *w, enum payout_happening what, struct bytes why)
{
	w->reason[0] = '\0';
	if (what == PAYOUT_VETO || what == PAYOUT_EXPIRE || what == PAYOUT_FREEZE ||
	    what == PAYOUT_RECOUNT) {
		(void)snprintf(w->reason, sizeof w->reason, "%.*s", (int)why.n,
			       why.n == 0 ? "" : (const char *)why.p);
	}
	w->recount = w->recount || what == PAYOUT_RESUME;
	if (what == PAYOUT_EXCLUDE) {
		w->dead = w->attempts;
	} else if (what == PAYOUT_MINE) {
		w->dead = w->attempts - 1; /* what is in a block is not dead, whoever said so */
	}
}

enum err payout_move_state(struct payout *p, struct inner_withdrawal *w, enum payout_state old,
			   enum payout_happening what, const char *who, const char *why)
{
	enum payout_state next;
	enum err e = state_next(&next, old, w->state, what);
	struct log_record r = { .kind = LOG_WITHDRAWAL_STATE, .id = w->id, .ref = w->id };
	char text[INNER_WHO_MAX + INNER_REASON_MAX + 2]; /* who is never cut */
	struct hash32 name;
	int n;

	if (e != ERR_OK) {
		return e;
	}
	CHECK(state_may(what, bytes_str(who)));
	n = snprintf(text, sizeof text, "%s\n%s", who, why);
	CHECK(n > 0);
	n = n < (int)sizeof text ? n : (int)sizeof text - 1;
	r.debit = w->account;
	r.amount = (u128)(unsigned)old | (u128)(unsigned)next << 8 | (u128)(unsigned)what << 16 |
		   (u128)STATE_NAMES_WHO << 24;
	payout_record(p, &r, bytes_of(text, (size_t)n));
	log_batch_blob_name(&name, bytes_of(text, (size_t)n));
	change_add(w, &(struct inner_change){
			  .time_ms = p->wall_ms,
			  .sequence = p->journal.next_sequence + log_batch_count(&p->batch) - 1,
			  .words = words_of(p, &name, bytes_of(text, (size_t)n)),
			  .old = (uint8_t)old,
			  .next = (uint8_t)next,
			  .what = (uint8_t)what });
	w->state = next;
	w->changed_ms = p->wall_ms;
	state_enter(w, what, bytes_str(why));
	return ERR_OK;
}

void payout_note(struct payout *p, struct effects *out, const char *what,
		 const struct inner_withdrawal *w)
{
	char id[UUID7_TEXT_MAX];

	(void)p;
	uuid7_put(id, &w->id);
	effects_note(out, "info withdrawal id=%s state=%s what=%s", id, state_name(w->state), what);
}

/* --- replay --- */

static enum err replay_genesis(struct payout *p, const struct log_record *r)
{
	if (p->has_genesis) {
		return ERR_CORRUPT;
	}
	if (!hash32_eq(&r->link, &p->genesis_id)) {
		return ERR_GENESIS;
	}
	p->has_genesis = true;
	return ERR_OK;
}

static enum err replay_document(struct payout *p, const struct log_record *r,
				const struct log_view *view)
{
	uint32_t type = (uint32_t)r->amount, signer = (uint32_t)(r->amount >> 32), index;
	struct bytes raw;
	struct doc d;
	struct inner_withdrawal *w;
	enum err e = log_view_blob(&raw, view, &r->link);

	if (e != ERR_OK) {
		return ERR_CORRUPT;
	}
	if (type == INNER_DOC_UNIT) {
		if (!map_get(&p->by_id, &r->ref, &index) ||
		    p->all[index].docs_n >= INNER_DOCS_MAX) {
			return ERR_CORRUPT;
		}
		payout_keep(p, &p->all[index], type, signer, raw, false);
		return ERR_OK;
	}
	if (doc_open(&d, raw, &p->genesis_id, NULL) != ERR_OK || d.type != type) {
		return ERR_CORRUPT;
	}
	if (control_is(type)) {
		return withdraw_control_replay(p, &d, r->time_ms);
	}
	if (type == DOC_CLOSING) {
		return withdraw_closing_replay(p, &d);
	}
	if (type == DOC_DAY) {
		return daily_replay(p, &d);
	}
	if (ruling_concerns(&d)) {
		return ruling_replay(p, &d);
	}
	if (type == DOC_ASSERTION && map_get(&p->by_ruling, &r->ref, &index)) {
		return ruling_replay_proof(&p->rulings[index], &d);
	}
	if (type == DOC_REQUEST) {
		struct doc_request request;

		if (doc_request_read(&d, &request, NULL) != ERR_OK) {
			return ERR_CORRUPT;
		}
		e = withdraw_add(p, &w, &request, &d.id);
		if (e != ERR_OK) {
			return e;
		}
	} else {
		if (!map_get(&p->by_id, &r->ref, &index)) {
			return ERR_CORRUPT;
		}
		w = &p->all[index];
	}
	if (w->docs_n >= INNER_DOCS_MAX) {
		return ERR_CORRUPT;
	}
	payout_keep(p, w, type, signer, raw, false);
	return withdraw_learn(p, w, &d);
}

static enum err replay_state(struct payout *p, const struct log_record *r, uint64_t sequence,
			     const struct log_view *view)
{
	uint8_t old = (uint8_t)r->amount, next = (uint8_t)(r->amount >> 8),
		what = (uint8_t)(r->amount >> 16), form = (uint8_t)(r->amount >> 24);
	struct inner_change change = {
		.time_ms = r->time_ms, .sequence = sequence, .old = old, .next = next, .what = what
	};
	enum payout_state reached;
	struct inner_withdrawal *w;
	struct bytes text;
	const uint8_t *lf;
	uint32_t index;

	if (!map_get(&p->by_id, &r->id, &index)) {
		return ERR_CORRUPT;
	}
	w = &p->all[index];
	if (state_next(&reached, (enum payout_state)old, w->state, (enum payout_happening)what) !=
		ERR_OK ||
	    reached != (enum payout_state)next) {
		return ERR_CORRUPT;
	}
	if (form != STATE_NAMES_WHO || log_view_blob(&text, view, &r->link) != ERR_OK) {
		return ERR_CORRUPT;
	}
	lf = text.n == 0 ? NULL : memchr(text.p, '\n', text.n);
	if (lf == NULL ||
	    !state_may((enum payout_happening)what, bytes_of(text.p, (size_t)(lf - text.p)))) {
		return ERR_CORRUPT;
	}
	change.words = words_of(p, &r->link, text);
	text = bytes_of(lf + 1, text.n - (size_t)(lf + 1 - text.p));
	change_add(w, &change);
	w->state = reached;
	w->changed_ms = r->time_ms;
	state_enter(w, (enum payout_happening)what, text);
	p->counters[COUNT_SETTLED] += reached == PAYOUT_SETTLED;
	if (state_final(reached)) {
		withdraw_let_go(w);
	}
	return ERR_OK;
}

static enum err replay_height(struct payout *p, const struct log_record *r)
{
	if (r->amount > UINT64_MAX) {
		return ERR_CORRUPT;
	}
	if (p->open_height == 0) {
		p->open_height = (uint64_t)r->amount;
		p->open_block = r->link;
		p->high = p->open_height;
		return ERR_OK;
	}
	if (p->opened) {
		return ERR_CORRUPT;
	}
	p->opened = true;
	return ERR_OK;
}

static enum err replay_record(struct payout *p, const struct log_record *r, uint64_t sequence,
			      const struct log_view *view)
{
	uint32_t index;
	enum err e;

	if (!p->has_genesis && r->kind != LOG_GENESIS) {
		return ERR_GENESIS;
	}
	switch ((enum log_kind)r->kind) {
	case LOG_GENESIS:
		return replay_genesis(p, r);
	case LOG_TRANSFER:
		e = books_replay(&p->books, r);
		if (e == ERR_OK) {
			repay_booked(p, r);
		}
		return e == ERR_OK ? follow_replay_transfer(p, r) : ERR_CORRUPT;
	case LOG_ACCOUNT:
	case LOG_HOLD:
	case LOG_POST:
	case LOG_VOID:
	case LOG_HOLD_UNTIL:
	case LOG_EXPIRE:
	case LOG_REFUSED:
	case LOG_CLOSE:
	case LOG_LIMIT:
		return books_replay(&p->books, r) == ERR_OK ? ERR_OK : ERR_CORRUPT;
	case LOG_DOCUMENT:
		return replay_document(p, r, view);
	case LOG_WITHDRAWAL_STATE:
		return replay_state(p, r, sequence, view);
	case LOG_IDEMPOTENCY:
		if (!map_get(&p->by_id, &r->ref, &index)) {
			return ERR_CORRUPT;
		}
		return withdraw_key(p, &r->id, index, &r->link);
	case LOG_PAYMENT_SEEN:
	case LOG_DEPOSIT_SEEN:
		return follow_replay_seen(p, r);
	case LOG_CHAIN_HEIGHT:
		return replay_height(p, r);
	case LOG_REFUND:
		return repay_replay(p, r);
	case LOG_RULES:
		return withdraw_rules_replay(p, r);
	case LOG_SHUTDOWN:
		return ERR_OK;
	case LOG_GUARD_RESERVE:
	case LOG_GUARD_ATTEST:
	case LOG_GUARD_RECALL:
	case LOG_GUARD_STOP:
	case LOG_GUARD_RULES:
	case LOG_GUARD_ACK:
	case LOG_GUARD_REFUSE:
	case LOG_GUARD_START:
	case LOG_GUARD_CLOSING:
	case LOG_GUARD_EXPORT:
	case LOG_GUARD_IMPORT:
	case LOG_GUARD_ORDER:
	case LOG_WATCH_ORDER:
	case LOG_WATCH_LATER:
	case LOG_WATCH_REFILL:
	case LOG_WATCH_HOLDING:
	case LOG_COLD_ANSWER:
	case LOG_COLD_RESTORED:
	case LOG_COLD_HOLDING:
	case LOG_GUARD_PASSKEY:
	case LOG_WATCH_ATTEST:
	case LOG_WATCH_STOP:
	case LOG_WATCH_RULES:
	case LOG_WATCH_ALARM:
	case LOG_WATCH_BLOCK:
	case LOG_WATCH_SWEEP:
	case LOG_WATCH_START:
	case LOG_WATCH_CLOSING:
	case LOG_WATCH_EXCLUSION:
		return ERR_CORRUPT; /* another daemon's journal */
	}
	return ERR_TYPE;
}

static enum err replay_view(struct payout *p, const struct log_view *view)
{
	enum err e = ERR_OK;

	for (uint32_t i = 0; e == ERR_OK && i < view->head.count; i++) {
		struct log_record r;

		books_fetch(&p->books, view, i);
		e = log_view_record(&r, view, i);
		if (e == ERR_OK) {
			p->newest_ms = r.time_ms > p->newest_ms ? r.time_ms : p->newest_ms;
			e = replay_record(p, &r, view->head.first_sequence + i, view);
		}
	}
	if (e == ERR_OK && p->config.snapshot != 0 &&
	    p->journal.next_sequence == p->config.snapshot) {
		e = repay_snapshot(p);
	}
	return e;
}

enum err payout_replay(struct payout *p, struct bytes batch)
{
	struct log_view view;
	enum err e;

	CHECK(!p->started);
	e = log_batch_open(&view, &p->journal, batch, p->config.log_secret);
	return e == ERR_OK ? replay_view(p, &view) : e;
}

enum err payout_replay_opened(struct payout *p, const struct log_view *view,
			      const struct log_chain *after)
{
	CHECK(!p->started);
	CHECK(view->head.first_sequence == p->journal.next_sequence &&
	      hash32_eq(&view->head.previous, &p->journal.head));
	CHECK(after->next_sequence == view->head.first_sequence + view->head.count &&
	      hash32_eq(&after->head, &view->head.hash));
	p->journal = *after;
	return replay_view(p, view);
}

void payout_start(struct payout *p, uint64_t wall_ms, uint64_t mono_ms, struct effects *out)
{
	char words[DOC_ID_WORDS_BYTES];

	CHECK(!p->started);
	p->started = true;
	books_ids_from(&p->books, p->config.books_find, p->config.books_find_context);
	p->wall_ms = wall_ms;
	p->mono_ms = mono_ms;
	p->recounting = true; /* what the replay found to be counted again */
	if (!p->has_genesis) {
		struct log_record r = { .kind = LOG_GENESIS, .link = p->genesis_id };

		payout_record(p, &r, bytes_of(NULL, 0));
		p->has_genesis = true;
	}
	for (size_t i = 0; i < p->open_n; i++) {
		struct inner_withdrawal *w = &p->all[p->open[i]];

		/* The planted bug: what was decided before the crash is decided again. */
		w->planted_new = p->config.planted == PAYOUT_PLANT_NEW_ATTEMPT &&
				 w->state == PAYOUT_APPROVED && w->attempts > 0;
	}
	commit(p, out);
	doc_id_words(words, &p->genesis_id);
	effects_note(out, "info genesis words=\"%s\"", words);
	effects_note(out,
		     "info journal-replayed records=%llu accounts=%zu withdrawals=%zu open=%zu",
		     (unsigned long long)p->journal.next_sequence, p->books.account_count, p->all_n,
		     p->open_n);
}

/* --- the step --- */

/*
 * What is held until a moment is released when it has come, by our clock or by the time in the
 * books, which may be ahead of a clock that was set back.  The rest waits for the next tick.
 */
static void expire_holds(struct payout *p)
{
	for (unsigned i = 0; i < EXPIRED_PER_TICK; i++) {
		const struct books_hold *h = books_expiring(&p->books);
		struct log_record r;

		if (h == NULL ||
		    (h->expires_ms > p->wall_ms && h->expires_ms > p->books.totals.now_ms)) {
			return;
		}
		books_expire_record(&r, &p->books, h);
		CHECK(payout_book(p, &r) == ERR_OK);
	}
}

static void one_event(struct payout *p, const struct event *event, struct effects *out)
{
	switch (event->kind) {
	case EVENT_TICK:
		expire_holds(p);
		withdraw_tick(p, out);
		return;
	case EVENT_OPENED:
		sign_link(p, event->channel, true);
		return;
	case EVENT_CLOSED:
		sign_link(p, event->channel, false);
		return;
	case EVENT_FRAME:
		if (event->role == ROLE_API) {
			answer_api(p, event, out);
		} else if (event->number == MSGS_REPLY(SIGNER_ORDER)) {
			lock_reply(p, event->channel, event->request_id, event->body, out);
		} else if (event->number == MSGS_REPLY(WATCHER_EXCLUDE)) {
			exclude_reply(p, event->channel, event->request_id, event->body, out);
		} else {
			sign_reply(p, event->channel, event->number, event->request_id, event->body,
				   out);
		}
		return;
	case EVENT_REPLY:
		if (event->role == ROLE_NODE) {
			follow_event(p, event, out);
		} else if (event->number == PAYOUT_CALL_BLOB) {
			answer_blob(p, event, out);
		}
		return;
	}
	CHECK(false);
}

/* A clock that was wrong once leaves records in the future; until then they all have one time. */
static void look_at_clock(struct payout *p, struct effects *out)
{
	bool behind = p->wall_ms + CLOCK_SLACK_MS < p->newest_ms;

	if (behind && !p->behind) {
		effects_note(out,
			     "unusual clock-behind-journal ms=%llu next=\"is the clock right? "
			     "records keep the newest time\"",
			     (unsigned long long)(p->newest_ms - p->wall_ms));
	}
	p->behind = behind;
}

void payout_step(struct payout *p, const struct event *event, struct effects *out)
{
	CHECK(p->started);
	p->wall_ms = event->wall_ms;
	p->mono_ms = event->mono_ms;
	look_at_clock(p, out);
	p->answering = false;
	if (event->kind == EVENT_FRAME && event->role == ROLE_API &&
	    event->number == API_TRANSFERS) {
		/* a batch of its own: what time and chain bring waits for the next event */
		settle_transfers(p, event->body, out);
		commit(p, out);
		settle_answer(p, out);
		return;
	}
	one_event(p, event, out);
	follow_book(p, out);
	withdraw_recounts(p, out);
	sign_advance(p, out);
	/* P10: what was decided is durable before anybody hears of it. */
	commit(p, out);
	answer_send(p, out);
	sign_send(p, out);
	exclude_send(p, out);
	lock_send(p, out);
}

bool payout_chain_read(const struct payout *p)
{
	return p->synced;
}

const struct books *payout_books(const struct payout *p)
{
	return &p->books;
}

const struct log_chain *payout_journal(const struct payout *p)
{
	return &p->journal;
}
