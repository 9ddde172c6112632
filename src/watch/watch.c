/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch.c - start, journal, tables, and who handles which event (watch.h).  Next: watch_judge.c.
 */
#include "watch/watch.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_network.h"
#include "ipc/frame.h"
#include "policy/approvals.h"
#include "watch/watch_self.h"

enum {
	ALARMS_LEAVE = 24, /* effects of a step that alarms leave to freezes */
};

/* ---- journal ------------------------------------------------------------------------------- */

void watch_self_begin(struct watch *w, struct log_batch *b)
{
	log_batch_begin(b, w->batch, sizeof w->batch);
}

enum err watch_self_add(struct watch *w, struct log_batch *b, struct log_record *r,
			const struct bytes *blob)
{
	r->time_ms = w->wall_ms;
	return blob == NULL ? log_batch_add_record(b, r) : log_batch_add_blob(b, r, *blob);
}

void watch_self_commit(struct watch *w, struct log_batch *b, struct effects *out)
{
	struct bytes sealed;

	log_batch_seal(&sealed, b, &w->chain, w->config.log_secret);
	w->journal_used += sealed.n;
	effects_commit(out, sealed);
}

struct id128 watch_self_short(const struct hash32 *id)
{
	struct id128 out;

	memcpy(out.b, id->b, sizeof out.b);
	return out;
}

struct policy_time watch_self_now(const struct watch *w)
{
	const struct watch_node *best = watch_self_best(w);

	return (struct policy_time){ .own_ms = w->wall_ms,
				     .wall_ms = w->wall_ms,
				     .chain_s = best == NULL ? 0 : best->time_nem_s };
}

/* ---- frames -------------------------------------------------------------------------------- */

void watch_self_send(struct watch *w, uint32_t channel, uint16_t number, uint64_t request_id,
		     const struct bytes *items, size_t n, struct effects *out)
{
	struct writer body = writer_make(w->reply, FRAME_BODY_MAX);

	for (size_t i = 0; i < n; i++) {
		writer_u32(&body, (uint32_t)items[i].n);
		writer_bytes(&body, items[i]);
	}
	CHECK(!body.bad);
	effects_send(out, channel, number, request_id, bytes_of(body.p, body.n));
}

void watch_self_refuse(struct watch *w, const struct event *ask, enum err e, const char *field,
		       const char *words, struct effects *out)
{
	struct doc_refusal refusal = { .genesis = w->genesis_id };
	struct writer text = writer_make(w->text, sizeof w->text);
	struct bytes item;

	(void)snprintf(refusal.code, sizeof refusal.code, "%s", err_slug(e));
	(void)snprintf(refusal.field, sizeof refusal.field, "%s", field);
	(void)snprintf(refusal.detail, sizeof refusal.detail, "%s", words);
	CHECK(doc_refusal_make(&text, NULL, &refusal, NULL) == ERR_OK);
	item = bytes_of(text.p, text.n);
	watch_self_send(w, ask->channel, MSGS_REPLY(ask->number), ask->request_id, &item, 1, out);
}

int watch_self_signer_of(const struct watch *w, uint16_t role, uint32_t channel)
{
	int s = role == WATCH_ROLE_SIGNER_A ? DOC_SIGNER_A : DOC_SIGNER_B;

	if (role != WATCH_ROLE_SIGNER_A && role != WATCH_ROLE_SIGNER_B) {
		return -1;
	}
	return w->signer[s].up && w->signer[s].channel == channel ? s : -1;
}

void watch_self_alarm(struct watch *w, enum watch_crime crime, const struct hash32 *about,
		      const struct hash32 *unit, const char *words, struct effects *out)
{
	struct log_record r = { .kind = LOG_WATCH_ALARM, .id = watch_self_short(about) };
	struct bytes blob = bytes_str(words);
	struct log_batch b;

	if (unit != NULL) {
		r.ref = watch_self_short(unit);
	}
	w->alarms++;
	if (effects_free(out) < ALARMS_LEAVE) {
		return; /* counted; this step has said enough, and a freeze may still follow */
	}
	if (w->alarms <= WATCH_ALARMS_JOURNALLED) {
		r.debit.b[0] = (uint8_t)crime;
		watch_self_begin(w, &b);
		CHECK(watch_self_add(w, &b, &r, &blob) == ERR_OK);
		watch_self_commit(w, &b, out);
		watch_self_call(w, (uint8_t)crime, &r.ref, w->wall_ms);
	}
	effects_note(out, "broken alarm %s", words);
}

void watch_self_call(struct watch *w, uint8_t crime, const struct id128 *unit, uint64_t time_ms)
{
	static const struct id128 nothing;

	/* full: what is not remembered is called again one day, and stops for nothing */
	if (w->called_n < ARRAY_LEN(w->called) && !id128_eq(unit, &nothing)) {
		w->called[w->called_n++] =
		    (struct watch_called){ .unit = *unit, .time_ms = time_ms, .crime = crime };
	}
}

bool watch_self_lived(const struct watch *w, enum watch_crime crime, const struct hash32 *unit)
{
	struct id128 name = watch_self_short(unit);

	for (size_t i = 0; i < w->called_n; i++) {
		if (w->called[i].lived && w->called[i].crime == (uint8_t)crime &&
		    id128_eq(&w->called[i].unit, &name)) {
			return true;
		}
	}
	return false;
}

bool watch_self_called(struct watch *w, const struct hash32 *unit, enum watch_crime crime)
{
	size_t n = w->known_n < WATCH_KNOWN_MAX ? w->known_n : WATCH_KNOWN_MAX;

	for (size_t i = 0; i < n; i++) {
		if (w->known[i].crime == crime && hash32_eq(&w->known[i].unit, unit)) {
			return true;
		}
	}
	w->known[w->known_n % WATCH_KNOWN_MAX] =
	    (struct watch_known){ .unit = *unit, .crime = crime };
	w->known_n++;
	if (w->known_n == 2 * (size_t)WATCH_KNOWN_MAX) {
		w->known_n = WATCH_KNOWN_MAX; /* the ring stays full */
	}
	return false;
}

const char *watch_self_crime(enum watch_crime crime)
{
	static const char *const names[] = {
		[WATCH_CRIME_THEFT] = "theft",       [WATCH_CRIME_PROPOSAL] = "proposal",
		[WATCH_CRIME_DEAD_KEY] = "dead key", [WATCH_CRIME_RECORD] = "record",
		[WATCH_CRIME_BOX] = "box theft",
	};

	CHECK(crime >= 1 && crime <= WATCH_CRIME_KINDS);
	return names[crime];
}

/* ---- payments ------------------------------------------------------------------------------ */

/* The index has two halves of open addressing: by inner hash, and by request id.  0 is free. */
static uint32_t *place(const struct watch *w, size_t half, const uint8_t *key)
{
	size_t places = w->config.storage.index_cap / 2;
	size_t n = half == 0 ? sizeof(struct hash32) : sizeof(struct id128);
	uint32_t *table = w->config.storage.index + half * places;
	/* Keys are hashes, or ids whose last bytes are random. */
	size_t at = (size_t)le64_get(key + 8) & (places - 1);

	for (;;) {
		const struct watch_payment *p;
		const uint8_t *have;

		if (table[at] == 0) {
			return &table[at];
		}
		p = &w->config.storage.payments[table[at] - 1];
		have = half == 0 ? p->inner_hash.b : p->request_id.b;
		if (bytes_eq(bytes_of(have, n), bytes_of(key, n))) {
			return &table[at];
		}
		at = (at + 1) & (places - 1);
	}
}

struct watch_payment *watch_self_by_inner(const struct watch *w, const struct hash32 *inner)
{
	uint32_t i = *place(w, 0, inner->b);

	return i == 0 ? NULL : &w->config.storage.payments[i - 1];
}

struct watch_payment *watch_self_by_request(const struct watch *w, const struct id128 *id)
{
	uint32_t i = *place(w, 1, id->b);

	return i == 0 ? NULL : &w->config.storage.payments[i - 1];
}

struct watch_payment *watch_self_keep(struct watch *w, const struct watch_payment *p)
{
	static const struct id128 none;
	uint32_t *inner = place(w, 0, p->inner_hash.b);

	if (w->payments_n == w->config.storage.payments_cap) {
		return NULL;
	}
	CHECK(*inner == 0);
	w->config.storage.payments[w->payments_n++] = *p;
	*inner = (uint32_t)w->payments_n;
	if (!id128_eq(&p->request_id, &none)) {
		uint32_t *request = place(w, 1, p->request_id.b);

		*request = (uint32_t)w->payments_n; /* a later attempt stands for the request */
	}
	return &w->config.storage.payments[w->payments_n - 1];
}

const struct watch_payment *watch_payment_find(const struct watch *w, const struct hash32 *inner)
{
	return watch_self_by_inner(w, inner);
}

/* ---- own accounts -------------------------------------------------------------------------- */

static int own_cmp(const void *a, const void *b)
{
	const struct watch_own *x = a;
	const struct watch_own *y = b;

	return nem_address_cmp(&x->address, &y->address);
}

int watch_self_own(const struct watch *w, const struct nem_address *address)
{
	struct watch_own key = { .address = *address };
	const struct watch_own *found = bsearch(&key, w->own, w->own_n, sizeof w->own[0], own_cmp);

	return found == NULL ? -1 : (int)(found - w->own);
}

const struct watch_node *watch_self_best(const struct watch *w)
{
	const struct watch_node *best = NULL;

	for (unsigned i = 0; i < w->config.nodes; i++) {
		const struct watch_node *n = &w->node[i];

		if (n->up && n->synced && !n->lying && n->height > 0 &&
		    (best == NULL || n->height > best->height ||
		     (n->height == best->height && i == w->config.node_clean))) {
			best = n;
		}
	}
	return best;
}

void watch_self_seen(struct watch *w, struct watch_payment *p, unsigned node, uint64_t height)
{
	for (unsigned s = 0; s < DOC_SIGNERS; s++) {
		u128 *promised = &w->node[node].promised[s][p->own];

		if (p->sweep || p->sequence[s] == 0 || (p->seen[node] == 0) == (height == 0)) {
			continue;
		}
		CHECK(height == 0 || *promised >= p->outflow_micro);
		*promised =
		    height == 0 ? *promised + p->outflow_micro : *promised - p->outflow_micro;
	}
	p->seen[node] = height;
}

uint64_t watch_self_remaining(const struct watch_node *n, size_t own)
{
	return n->balance[own] > n->pooled[own] ? n->balance[own] - n->pooled[own] : 0;
}

void watch_signature_checks(struct watch *w, uint64_t n)
{
	w->signature_checks = n;
}

bool watch_frozen(const struct watch *w)
{
	return w->control.binding > 0 || w->control.forked > 0;
}

size_t watch_accounts_closed(const struct watch *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->genesis.hot_count; i++) {
		n += w->closings[i].closed;
	}
	return n;
}

bool watch_account_closed(const struct watch *w, const struct key32 *account)
{
	for (size_t i = 0; i < w->genesis.hot_count; i++) {
		if (key32_eq(&w->genesis.hot[i].public_key, account)) {
			return w->closings[i].closed;
		}
	}
	return false;
}

bool watch_evacuating(const struct watch *w)
{
	return w->evacuating;
}

uint64_t watch_height(const struct watch *w, unsigned node)
{
	CHECK(node < w->config.nodes);
	return w->node[node].height;
}

bool watch_balance(const struct watch *w, unsigned node, const struct nem_address *address,
		   uint64_t *confirmed_micro, uint64_t *remaining_micro)
{
	int own = watch_self_own(w, address);

	CHECK(node < w->config.nodes);
	if (own < 0) {
		return false;
	}
	*confirmed_micro = w->node[node].balance[own];
	*remaining_micro = watch_self_remaining(&w->node[node], (size_t)own);
	return true;
}

/* ---- init ---------------------------------------------------------------------------------- */

static enum err fault_say(struct doc_fault *fault, enum err e, const char *field, const char *why)
{
	if (fault != NULL) {
		(void)snprintf(fault->field, sizeof fault->field, "%s", field);
		fault->why = why;
	}
	return e;
}

static enum err open_as(struct doc *d, struct bytes raw, enum doc_type type,
			const struct hash32 *genesis, struct doc_fault *fault)
{
	enum err e = doc_open(d, raw, genesis, fault);

	if (e == ERR_OK && d->type != type) {
		e = fault_say(fault, ERR_TYPE, "type", "another type of document is expected here");
	}
	return e;
}

static enum err own_add(struct watch *w, const char *text, const struct key32 *key,
			enum watch_own_kind kind, size_t hot)
{
	struct watch_own *o = &w->own[w->own_n];

	CHECK(w->own_n < WATCH_OWN_MAX);
	*o = (struct watch_own){ .kind = kind, .hot = (uint8_t)hot };
	if (key != NULL) {
		nem_address_from_key(&o->address, key, w->config.network);
	} else {
		enum err e =
		    nem_address_parse(&o->address, w->config.network, bytes_str(text), NULL);

		if (e != ERR_OK) {
			return e;
		}
	}
	w->own_n++;
	return ERR_OK;
}

static enum err own_init(struct watch *w, struct doc_fault *fault)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < w->genesis.hot_count; i++) {
		e = own_add(w, NULL, &w->genesis.hot[i].public_key, WATCH_HOT, i);
	}
	for (size_t i = 0; e == ERR_OK && i < w->genesis.box_count; i++) {
		e = own_add(w, w->genesis.boxes[i].text, NULL, WATCH_BOX, 0);
	}
	for (size_t i = 0; e == ERR_OK && i < w->genesis.spare_count; i++) {
		e = own_add(w, w->genesis.spares[i].text, NULL, WATCH_SPARE, 0);
	}
	if (e != ERR_OK) {
		return fault_say(fault, e, "genesis", "an address is not one of this network");
	}
	qsort(w->own, w->own_n, sizeof w->own[0], own_cmp);
	for (size_t i = 1; i < w->own_n; i++) {
		if (nem_address_eq(&w->own[i - 1].address, &w->own[i].address)) {
			return fault_say(fault, ERR_MISMATCH, "genesis",
					 "an address stands in two places");
		}
	}
	return ERR_OK;
}

static enum err documents_init(struct watch *w, struct doc_fault *fault)
{
	struct doc d;
	struct hash32 zero_id;
	struct policy_verdict v;
	enum err e = open_as(&d, w->config.genesis, DOC_GENESIS, NULL, fault);

	if (e == ERR_OK) {
		e = doc_genesis_read(&d, &w->genesis, fault);
	}
	if (e != ERR_OK) {
		return e;
	}
	w->genesis_id = d.id;
	e = open_as(&d, w->config.roster, DOC_ROSTER, &w->genesis_id, fault);
	if (e == ERR_OK) {
		e = doc_roster_read(&d, &w->roster, fault);
	}
	if (e == ERR_OK) {
		e = approvals_keys(&w->roster, fault);
	}
	if (e != ERR_OK) {
		return e;
	}
	w->roster_id = d.id;
	doc_zero_id(&zero_id, &d);
	if (!hash32_eq(&zero_id, &w->genesis.roster)) {
		return fault_say(fault, ERR_MISMATCH, "genesis.roster", "names another roster");
	}
	e = open_as(&d, w->config.policy, DOC_POLICY, &w->genesis_id, fault);
	if (e == ERR_OK) {
		e = doc_policy_read(&d, &w->policy, fault);
	}
	if (e != ERR_OK) {
		return e;
	}
	w->policy_id = d.id;
	doc_zero_id(&zero_id, &d);
	if (!hash32_eq(&zero_id, &w->genesis.policy)) {
		return fault_say(fault, ERR_MISMATCH, "genesis.policy", "names another policy");
	}
	v = policy_check(&w->policy);
	return v.err == ERR_OK ? ERR_OK : fault_say(fault, v.err, v.field, v.words);
}

static enum err storage_check(const struct watch_config *c, struct doc_fault *fault)
{
	const struct watch_storage *s = &c->storage;

	if (s->payments_cap < WATCH_PAYMENTS_MIN || s->payments_cap > WATCH_PAYMENTS_MAX ||
	    s->index_cap < 4 * s->payments_cap || (s->index_cap & (s->index_cap - 1)) != 0 ||
	    s->entries_cap == 0 || s->undo_cap < WATCH_UNDO_MIN || s->payments == NULL ||
	    s->index == NULL || s->entries == NULL || s->undo == NULL) {
		return fault_say(fault, ERR_FIELD_RANGE, "storage", "a table is too small");
	}
	if (c->nodes < 1 || c->nodes > WATCH_NODES_MAX || c->node_clean >= c->nodes ||
	    c->node_public >= c->nodes || c->peers > WATCH_PEERS_MAX) {
		return fault_say(fault, ERR_FIELD_RANGE, "nodes", "a number is out of its range");
	}
	return ERR_OK;
}

/* Whom the roster has under our id; NULL: nobody. */
static const struct doc_party *own_party(const struct watch *w, const struct doc_roster *r)
{
	for (size_t i = 0; i < r->watcher_count; i++) {
		if (strcmp(r->watchers[i].id, w->config.watcher) == 0) {
			return &r->watchers[i];
		}
	}
	return NULL;
}

static bool names_us(const struct watch *w, const struct doc_roster *r)
{
	const struct doc_party *p = own_party(w, r);

	return p != NULL && key32_eq(&p->key, &w->own_key);
}

bool watch_stands(const struct watch *w)
{
	return names_us(w, &w->roster);
}

/* The later roster that was given has our key; or, where none was, the first one. */
static enum err own_check(struct watch *w, struct doc_fault *fault)
{
	static struct doc_roster joined;
	struct doc d;
	enum err e;

	if (w->config.joined.n == 0 && own_party(w, &w->roster) == NULL) {
		return fault_say(fault, ERR_MISMATCH, "roster.watchers",
				 "we do not stand there; joined_roster_file is to be the roster "
				 "that names us");
	}
	if (w->config.joined.n == 0) {
		return names_us(w, &w->roster)
			   ? ERR_OK
			   : fault_say(fault, ERR_KEY, "roster.watchers",
				       "our key is another one; joined_roster_file is to be the "
				       "roster that has it");
	}
	e = open_as(&d, w->config.joined, DOC_ROSTER, &w->genesis_id, fault);
	if (e == ERR_OK) {
		e = doc_roster_read(&d, &joined, fault);
	}
	if (e != ERR_OK) {
		return e;
	}
	if (!names_us(w, &joined)) {
		return fault_say(fault, ERR_KEY, "joined_roster.watchers",
				 "it has not our id with our key");
	}
	w->joined_number = joined.number;
	return ERR_OK;
}

enum err watch_init(struct watch *w, const struct watch_config *config, struct doc_fault *fault)
{
	enum err e = storage_check(config, fault);

	if (e != ERR_OK) {
		return e;
	}
	memset(w, 0, sizeof *w);
	w->config = *config;
	w->config.barrier_ms = config->barrier_ms == 0 ? WATCH_BARRIER_MS : config->barrier_ms;
	w->config.silent_ms = config->silent_ms == 0 ? WATCH_SILENT_MS : config->silent_ms;
	w->config.start_ms = config->start_ms == 0 ? WATCH_START_MS : config->start_ms;
	memset(config->storage.index, 0, config->storage.index_cap * sizeof(uint32_t));
	e = documents_init(w, fault);
	if (e != ERR_OK) {
		return e;
	}
	if (w->genesis.chain_network != config->network || !nem_network_known(config->network)) {
		return fault_say(fault, ERR_NETWORK, "genesis.chain_network",
				 "not the network that was consented to");
	}
	memcpy(w->own_key.b, config->freeze_secret + 32, sizeof w->own_key.b);
	e = own_check(w, fault);
	if (e != ERR_OK) {
		return e;
	}
	e = own_init(w, fault);
	if (e != ERR_OK) {
		return e;
	}
	policy_own_make(&w->policy_own, &w->genesis);
	w->first_roster = w->roster;
	w->first_policy = w->policy;
	control_init(&w->control, &w->genesis_id,
		     &(struct control_rules){ &w->roster_id, &w->policy_id, &w->roster, &w->policy,
					      w->genesis.recovery.needed },
		     &(struct control_storage){ .freezes = w->stop_bytes,
						.freezes_cap = sizeof w->stop_bytes,
						.others = w->control_bytes,
						.others_cap = sizeof w->control_bytes },
		     config->planted_control);
	log_chain_init(&w->chain);
	policy_history_init(&w->history, config->storage.entries, config->storage.entries_cap);
	known_init(&w->orders, w->orders_known, ARRAY_LEN(w->orders_known));
	return ERR_OK;
}

/* ---- replay -------------------------------------------------------------------------------- */

static enum err replay_genesis(struct watch *w, const struct log_record *r, struct bytes blob)
{
	struct id128 id = watch_self_short(&w->genesis_id);

	if (w->has_genesis || !id128_eq(&id, &r->id) ||
	    !bytes_eq(blob, bytes_str(w->config.watcher))) {
		return ERR_GENESIS;
	}
	w->has_genesis = true;
	return ERR_OK;
}

/* The documents since the last attestation of a batch. */
struct gathered {
	struct bytes items[FRAME_ITEMS_MAX]; /* [0]: the attestation */
	size_t n;
};

static enum err replay_attest(struct watch *w, const struct log_record *r, struct bytes blob,
			      struct gathered *documents, uint32_t batch)
{
	size_t n = documents->n + 1;

	if (r->debit.b[0] >= DOC_SIGNERS || r->debit.b[1] > WATCH_TAKEN_MAX) {
		return ERR_CORRUPT;
	}
	documents->items[0] = blob;
	documents->n = 0;
	return watch_record_replay(w, r->debit.b[0], r->debit.b[1], documents->items, n, batch);
}

static enum err replay_record(struct watch *w, const struct log_view *v, uint32_t i,
			      struct gathered *documents)
{
	struct log_record r;
	struct bytes blob = bytes_of(NULL, 0);
	enum err e = log_view_record(&r, v, i);

	if (e != ERR_OK) {
		return e;
	}
	if (!hash32_is_zero(&r.link) && log_view_blob(&blob, v, &r.link) != ERR_OK) {
		return ERR_CORRUPT;
	}
	if (r.kind == LOG_GENESIS) {
		return replay_genesis(w, &r, blob);
	}
	if (!w->has_genesis) {
		return ERR_GENESIS;
	}
	switch (r.kind) {
	case LOG_WATCH_START:
	case LOG_WATCH_SWEEP:
	case LOG_SHUTDOWN:
		return ERR_OK;
	case LOG_WATCH_ALARM:
		w->alarms++;
		watch_self_call(w, r.debit.b[0], &r.ref, r.time_ms);
		return ERR_OK;
	case LOG_WATCH_BLOCK:
		for (size_t p = 0; p < w->payments_n; p++) {
			struct watch_payment *one = &w->config.storage.payments[p];
			struct id128 name = watch_self_short(&one->inner_hash);

			if (id128_eq(&name, &r.id)) {
				one->settled = true;
			}
		}
		return ERR_OK;
	case LOG_DOCUMENT:
		if (documents->n + 1 >= FRAME_ITEMS_MAX) {
			return ERR_CORRUPT;
		}
		documents->items[++documents->n] = blob;
		return ERR_OK;
	case LOG_WATCH_ATTEST:
		return replay_attest(w, &r, blob, documents, v->head.bytes);
	case LOG_WATCH_REFILL:
		e = watch_refill_replay(w, &r, v->head.first_sequence + i, documents->items + 1,
					documents->n, blob);
		documents->n = 0;
		return e;
	case LOG_WATCH_HOLDING:
		return watch_holding_replay(w, blob);
	case LOG_WATCH_LATER:
		return watch_record_replay_later(w, &r);
	case LOG_WATCH_STOP:
		return watch_stop_replay(w, &r, v->head.first_sequence + i, blob);
	case LOG_WATCH_RULES:
		return watch_stop_replay_rules(w, &r, blob);
	case LOG_WATCH_ORDER:
		return watch_order_replay(w, &r, v->head.first_sequence + i, blob);
	case LOG_WATCH_EXCLUSION:
		return watch_exclusion_replay(w, &r, blob);
	case LOG_WATCH_CLOSING:
		return watch_closing_replay(w, v->head.first_sequence + i, r.time_ms, blob);
	}
	return ERR_TYPE;
}

enum err watch_replay(struct watch *w, struct bytes batch)
{
	struct gathered documents = { .n = 0 };
	struct log_view v;
	enum err e;

	CHECK(!w->started);
	e = log_batch_open(&v, &w->chain, batch, w->config.log_secret);
	for (uint32_t i = 0; e == ERR_OK && i < v.head.count; i++) {
		e = replay_record(w, &v, i, &documents);
	}
	if (e == ERR_OK && documents.n != 0) {
		e = ERR_CORRUPT; /* documents of nothing */
	}
	w->journal_used += batch.n;
	return e;
}

enum err watch_replaced(const struct watch *w, struct doc_fault *fault)
{
	if (watch_stands(w) || w->joined_number > w->roster.number) {
		return ERR_OK;
	}
	return fault_say(
	    fault, ERR_KEY, "roster.watchers",
	    "our key stands there no more: another machine is this watcher now, or "
	    "the key was struck; joined_roster_file is to be a later roster that has it");
}

void watch_start(struct watch *w, uint64_t wall_ms, uint64_t mono_ms, struct effects *out)
{
	char words[DOC_ID_WORDS_BYTES];
	struct log_batch b;
	struct log_record start = { .kind = LOG_WATCH_START };

	CHECK(!w->started);
	w->started = true;
	w->wall_ms = wall_ms;
	w->mono_ms = mono_ms;
	w->start_mono_ms = mono_ms;
	for (unsigned s = 0; s < DOC_SIGNERS; s++) {
		for (size_t i = 0; i < w->signer[s].later_n; i++) {
			w->signer[s].later[i].mono_ms =
			    mono_ms; /* how long it was off nobody says */
		}
	}
	watch_self_begin(w, &b);
	if (!w->has_genesis) {
		struct log_record genesis = { .kind = LOG_GENESIS,
					      .id = watch_self_short(&w->genesis_id) };
		struct bytes id = bytes_str(w->config.watcher);

		CHECK(watch_self_add(w, &b, &genesis, &id) == ERR_OK);
		w->has_genesis = true;
	}
	CHECK(watch_self_add(w, &b, &start, NULL) == ERR_OK);
	watch_self_commit(w, &b, out);
	watch_stop_weigh(w, out);
	doc_id_words(words, &w->genesis_id);
	effects_note(out, "info genesis words=\"%s\"", words);
	effects_note(out, "info started watcher=%s payments=%zu stops=%zu", w->config.watcher,
		     w->payments_n, w->control.binding);
}

/* ---- status -------------------------------------------------------------------------------- */

static void PRINTF(3, 4) line(struct doc_status *s, const char *name, const char *format, ...)
{
	struct doc_status_line *l = &s->detail[s->detail_count];
	va_list args;

	CHECK(s->detail_count < DOC_STATUS_MAX);
	s->detail_count++;
	(void)snprintf(l->name, sizeof l->name, "%s", name);
	va_start(args, format);
	(void)vsnprintf(l->value, sizeof l->value, format, args);
	va_end(args);
}

static void status_nodes(const struct watch *w, struct doc_status *s)
{
	for (unsigned i = 0; i < w->config.nodes; i++) {
		const struct watch_node *n = &w->node[i];
		char name[32];

		(void)snprintf(name, sizeof name, "height_%u", i);
		line(s, name, "%" PRIu64, n->height);
		(void)snprintf(name, sizeof name, "node_%u", i);
		line(s, name, "%s",
		     n->lying    ? "lying"
		     : !n->up    ? "down"
		     : n->synced ? "up"
				 : "behind");
		(void)snprintf(name, sizeof name, "poll_age_ms_%u", i);
		line(s, name, "%" PRIu64,
		     n->heard_mono_ms == 0 ? 0 : w->mono_ms - n->heard_mono_ms);
	}
}

static void status_balances(const struct watch *w, struct doc_status *s)
{
	static const char *const names[] = { [WATCH_HOT] = "hot_micro",
					     [WATCH_BOX] = "boxes_micro",
					     [WATCH_SPARE] = "spares_micro" };
	const struct watch_node *best = watch_self_best(w);
	u128 sum[4] = { 0 };

	if (best == NULL) {
		return;
	}
	for (size_t i = 0; i < w->own_n; i++) {
		sum[w->own[i].kind] += best->balance[i];
	}
	for (int kind = WATCH_HOT; kind <= WATCH_SPARE; kind++) {
		char text[MONEY_TEXT_MAX];
		struct money m = money_of(ASSET_XEM, sum[kind]);

		money_put(text, &m);
		line(s, names[kind], "%s", text);
	}
	line(s, "balance_height", "%" PRIu64, best->height);
}

/* What is announced and not in force yet: one person can still cancel it. */
static void status_waiting(const struct watch *w, struct doc_status *s)
{
	struct policy_time now = watch_self_now(w);
	char text[DOC_STATUS_VALUE_MAX + 1];

	control_waiting_words(&w->control, &now, text, sizeof text);
	line(s, "waiting", "%s", text);
}

static void status_reply(struct watch *w, const struct event *event, struct effects *out)
{
	static struct doc_status s;
	struct writer text = writer_make(w->text, sizeof w->text);
	struct bytes item;
	char hex[65];

	memset(&s, 0, sizeof s);
	s.genesis = w->genesis_id;
	(void)snprintf(s.program, sizeof s.program, "kuramori-watch");
	line(&s, "watcher", "%s", w->config.watcher);
	line(&s, "stands", "%s", watch_stands(w) ? "yes" : "no");
	line(&s, "frozen", "%s", watch_frozen(w) ? "yes" : "no");
	line(&s, "evacuating", "%s", w->evacuating ? "yes" : "no");
	line(&s, "stops", "%zu", w->control.binding);
	hex_put(hex, bytes_of(w->control.head.b, sizeof w->control.head.b));
	line(&s, "stop_head", "%s", hex);
	line(&s, "rules", "roster %" PRIu64 " policy %" PRIu64, w->roster.number, w->policy.number);
	status_waiting(w, &s);
	line(&s, "accounts_closed", "%zu", watch_accounts_closed(w));
	line(&s, "freeze_ms", "%" PRIu64, w->freeze_wall_ms);
	line(&s, "seen_ms", "%" PRIu64, w->suspect_wall_ms);
	line(&s, "acks", "%" PRIu64, w->acks);
	line(&s, "not_acked", "%" PRIu64, w->not_acked);
	line(&s, "alarms", "%" PRIu64, w->alarms);
	line(&s, "thefts", "%" PRIu64, w->thefts);
	line(&s, "payments", "%zu", w->payments_n);
	line(&s, "signature_checks", "%" PRIu64, w->signature_checks);
	line(&s, "announced", "%" PRIu64, w->announced);
	line(&s, "signer_a", "%s", w->signer[DOC_SIGNER_A].up ? "up" : "down");
	line(&s, "signer_b", "%s", w->signer[DOC_SIGNER_B].up ? "up" : "down");
	line(&s, "records_a", "%" PRIu64, w->signer[DOC_SIGNER_A].held_sequence);
	line(&s, "records_b", "%" PRIu64, w->signer[DOC_SIGNER_B].held_sequence);
	line(&s, "journal_sequence", "%" PRIu64, w->chain.next_sequence);
	hex_put(hex, bytes_of(w->chain.head.b, sizeof w->chain.head.b));
	line(&s, "journal_head", "%s", hex);
	status_balances(w, &s);
	if (s.detail_count + (size_t)3 * w->config.nodes <= DOC_STATUS_MAX) {
		status_nodes(w, &s);
	}
	CHECK(doc_status_make(&text, NULL, &s, NULL) == ERR_OK);
	item = bytes_of(text.p, text.n);
	watch_self_send(w, event->channel, MSGS_REPLY(event->number), event->request_id, &item, 1,
			out);
}

/* ---- step ---------------------------------------------------------------------------------- */

static void opened(struct watch *w, const struct event *event, struct effects *out)
{
	if (event->role == WATCH_ROLE_SIGNER_A || event->role == WATCH_ROLE_SIGNER_B) {
		int s = event->role == WATCH_ROLE_SIGNER_A ? DOC_SIGNER_A : DOC_SIGNER_B;
		struct watch_signer *k = &w->signer[s];

		k->up = true;
		k->ever_up = true;
		k->channel = event->channel;
		k->next_out = false;
		k->sync_out = false;
		k->has_nonce = false;
		k->want_heartbeat = false;
		k->paid_shown = false;
		watch_recall_closed(k);
		k->acks_mono_ms = 0;
		k->progress_mono_ms = w->mono_ms;
		/* What was asked on the old link is answered by nobody: who waits asks again. */
		for (size_t i = 0; i < w->suspects_n; i++) {
			w->suspects[i].need[s] = k->sync_sent + 1;
		}
		k->cursor = k->rewound ? 0 : watch_later_reach(w, (unsigned)s);
		k->peek = 0;
		/* An acknowledgement may have been lost with the link: all recent ones again. */
		for (size_t i = 0; i < k->recent_n; i++) {
			k->recent[i].acked = false;
		}
		watch_order_opened(w, (unsigned)s);
		watch_stop_opened(w, (size_t)s, event->channel, out);
		return;
	}
	if (event->role == WATCH_ROLE_PEER) {
		for (size_t i = DOC_SIGNERS; i < ARRAY_LEN(w->dest); i++) {
			if (!w->dest[i].up) {
				watch_stop_opened(w, i, event->channel, out);
				return;
			}
		}
	}
}

static void closed(struct watch *w, const struct event *event)
{
	int s = watch_self_signer_of(w, event->role, event->channel);

	if (s >= 0) {
		w->signer[s].up = false;
		w->signer[s].next_out = false;
		w->signer[s].sync_out = false;
		w->dest[s].up = false;
		watch_sweep_closed(w, s);
		return;
	}
	for (size_t i = DOC_SIGNERS; event->role == WATCH_ROLE_PEER && i < ARRAY_LEN(w->dest);
	     i++) {
		if (w->dest[i].up && w->dest[i].channel == event->channel) {
			w->dest[i].up = false;
		}
	}
}

static void signer_frame(struct watch *w, int s, const struct event *event, struct effects *out)
{
	switch (event->number) {
	case MSGS_REPLY(SIGNER_NEXT):
	case MSGS_REPLY(SIGNER_SYNC):
	case MSGS_REPLY(SIGNER_ACK):
	case MSGS_REPLY(SIGNER_HEARTBEAT):
		watch_feed_reply(w, s, event, out);
		return;
	case MSGS_REPLY(SIGNER_RECALL):
		watch_recall_reply(w, (unsigned)s, event->body, out);
		return;
	case MSGS_REPLY(SIGNER_STOP_PUT):
	case MSGS_REPLY(SIGNER_STOP_GET):
		watch_stop_reply(w, (size_t)s, event, out);
		return;
	case MSGS_REPLY(SIGNER_SWEEP):
		watch_sweep_reply(w, s, event, out);
		return;
	}
}

static void peer_frame(struct watch *w, const struct event *event, struct effects *out)
{
	for (size_t i = DOC_SIGNERS; i < ARRAY_LEN(w->dest); i++) {
		if (w->dest[i].up && w->dest[i].channel == event->channel) {
			watch_stop_reply(w, i, event, out);
			return;
		}
	}
}

static void frame(struct watch *w, const struct event *event, struct effects *out)
{
	int s = watch_self_signer_of(w, event->role, event->channel);

	if (s >= 0) {
		signer_frame(w, s, event, out);
		return;
	}
	if (event->role == WATCH_ROLE_PEER) {
		peer_frame(w, event, out);
		return;
	}
	if ((event->role & (ROLE_SERVER | ROLE_STOP | ROLE_PEER)) == 0) {
		return;
	}
	switch (event->number) {
	case WATCHER_STATUS:
		status_reply(w, event, out);
		return;
	case WATCHER_ORDER:
		watch_order_told(w, event, out);
		return;
	case WATCHER_STOP_PUT:
		watch_stop_put(w, event, out);
		return;
	case WATCHER_STOP_GET:
		watch_stop_get(w, event, out);
		return;
	case WATCHER_EXCLUDE:
		watch_exclusion_asked(w, event, out);
		return;
	case WATCHER_REFILL:
		watch_refill_told(w, event, out);
		return;
	case WATCHER_TALLY:
		watch_tally_asked(w, event, out);
		return;
	}
}

void watch_step(struct watch *w, const struct event *event, struct effects *out)
{
	CHECK(w->started);
	w->wall_ms = event->wall_ms;
	w->mono_ms = event->mono_ms > w->mono_ms ? event->mono_ms : w->mono_ms;
	switch (event->kind) {
	case EVENT_TICK:
		break;
	case EVENT_OPENED:
		opened(w, event, out);
		break;
	case EVENT_FRAME:
		frame(w, event, out);
		break;
	case EVENT_CLOSED:
		closed(w, event);
		break;
	case EVENT_REPLY:
		if (event->role == ROLE_NODE && event->channel < w->config.nodes) {
			watch_chain_feed(w, event, out);
		} else if (event->role == 0 && event->number == WATCH_CALL_READ) {
			watch_recall_read(w, event, out);
		}
		break;
	}
	watch_stop_due(w, out);
	/* In this order: who is asked first, what is then known, what follows from it. */
	watch_feed_pump(w, out);
	watch_record_again(w, out);
	watch_order_pump(w, out);
	watch_chain_resolve(w, out);
	watch_stop_pump(w, out);
	watch_sweep_pump(w, out);
}

bool watch_caught_up(const struct watch *w, uint64_t mono_ms)
{
	for (int s = 0; s < DOC_SIGNERS; s++) {
		const struct watch_signer *k = &w->signer[s];

		bool ruled = true;

		for (size_t i = 0; i < k->later_n; i++) {
			ruled = ruled && !k->later[i].rules;
		}
		if (!(k->up && k->sync_done > 0 && k->cursor >= k->newest && ruled) &&
		    mono_ms - w->start_mono_ms < w->config.start_ms) {
			return false;
		}
	}
	return true;
}
