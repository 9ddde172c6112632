/* SPDX-License-Identifier: Apache-2.0 */
#include "watch_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_time.h"
#include "crypto/crypto.h"
#include "crypto/uuid7.h"
#include "house.h"
#include "ipc/frame.h"
#include "paper.h"
#include "passkey_kit.h"

struct rig r;
uint64_t rig_lock_ms;
struct doc_yen rig_yen;
const struct doc_hours *rig_hours;
bool rig_strict, rig_two_tills, rig_new_box;
struct bytes rig_joined;
bool rig_matured;
struct doc_maturity rig_word;
const struct key *rig_word_key;

struct money xem(uint64_t micro)
{
	return money_of(ASSET_XEM, micro);
}

void rig_key(struct key *k, uint8_t n)
{
	uint8_t seed[ED25519_SEED_BYTES] = { n, 99 };

	ed25519_keypair(&k->key, k->secret, seed);
}

struct nem_address address_of(enum who who)
{
	struct nem_address a;

	nem_address_from_key(&a, &r.chain[who].public_key, 0x98);
	return a;
}

void doc_address(struct doc_address *out, enum who who)
{
	struct nem_address a = address_of(who);

	memcpy(out->text, a.text, sizeof out->text);
}

void party(struct doc_party *p, const char *id, const struct key *k)
{
	(void)snprintf(p->id, sizeof p->id, "%s", id);
	p->key = k->key;
}

/* ---- chain --------------------------------------------------------------------------------- */

void tx_head(struct nem_tx *tx, enum nem_type type, enum who who)
{
	memset(tx, 0, sizeof *tx);
	tx->type = type;
	tx->head.network = 0x98;
	tx->head.version = 1;
	tx->head.time_nem_s = r.now_s;
	tx->head.deadline_nem_s = r.now_s + 3600;
	tx->head.signer = r.chain[who].public_key;
}

void tx_sign(struct nem_tx *tx, enum who who)
{
	CHECK(nem_tx_sign(tx, &r.chain[who]) == ERR_OK);
}

struct nem_tx tx_transfer(enum who from, enum who to, uint64_t amount)
{
	struct nem_tx tx;

	tx_head(&tx, NEM_TRANSFER, from);
	tx.transfer.recipient = address_of(to);
	tx.transfer.amount_micro = amount;
	tx.head.fee_micro = nem_fee_minimum(&tx);
	return tx;
}

struct nem_tx tx_modify(enum who of, int change, const enum who *add, size_t n)
{
	struct nem_tx tx;

	tx_head(&tx, NEM_MODIFICATION, of);
	tx.head.version = 2;
	tx.modification.has_change = true;
	tx.modification.change = change;
	for (size_t i = 0; i < n; i++) {
		tx.modification.entry[tx.modification.n++] =
		    (struct nem_modification_entry){ .type = NEM_ADD,
						     .cosigner = r.chain[add[i]].public_key };
	}
	tx.head.fee_micro = NEM_FEE_MODIFICATION_MICRO;
	nem_tx_canonicalise(&tx);
	return tx;
}

struct nem_tx tx_wrap(enum who initiator, const struct nem_inner *inner, uint64_t fee)
{
	struct nem_tx tx;

	tx_head(&tx, NEM_MULTISIG, initiator);
	tx.head.fee_micro = fee;
	tx.multisig.inner = *inner;
	tx_sign(&tx, initiator);
	return tx;
}

struct nem_inner inner_of(const struct nem_tx *tx)
{
	struct nem_inner in;

	memset(&in, 0, sizeof in);
	in.type = tx->type;
	in.head = tx->head;
	in.body = tx->body;
	return in;
}

void tx_cosign(struct nem_tx *wrapper, enum who who)
{
	struct nem_tx c;

	tx_head(&c, NEM_COSIGNATURE, who);
	c.head.fee_micro = NEM_FEE_COSIGNATURE_MICRO;
	nem_tx_hash_inner(&c.cosignature.inner_hash, &wrapper->multisig.inner);
	nem_address_from_key(&c.cosignature.account, &wrapper->multisig.inner.head.signer, 0x98);
	tx_sign(&c, who);
	CHECK(nem_tx_attach(wrapper, &c) == ERR_OK);
}

size_t tx_bytes(uint8_t *out, const struct nem_tx *tx)
{
	struct writer w = writer_make(out, NEM_TX_BYTES_MAX);

	nem_tx_encode(&w, tx, NEM_SIGNED);
	CHECK(!w.bad);
	return w.n;
}

int nis_say(unsigned pool, const struct nem_tx *tx)
{
	static uint8_t raw[NEM_TX_BYTES_MAX];
	struct nis_answer answer;

	if (nis_push(r.nis, pool, bytes_of(raw, tx_bytes(raw, tx)), r.now_s, &answer, NULL) !=
	    ERR_OK) {
		return -1;
	}
	return (int)answer.code;
}

void rig_pass(uint64_t ms)
{
	r.wall += ms;
	r.mono += ms;
	CHECK(nem_time_from_unix_ms(&r.now_s, r.wall) == ERR_OK);
}

void mine(unsigned pool)
{
	rig_pass(2000);
	CHECK(nis_mine(r.nis, pool, r.now_s) == ERR_OK);
}

void mine_given(const struct nem_tx *tx, size_t n)
{
	static uint8_t raw[8][NEM_TX_BYTES_MAX];
	struct bytes given[8];
	enum nem_result code;

	rig_pass(2000);
	for (size_t i = 0; i < n; i++) {
		given[i] = bytes_of(raw[i], tx_bytes(raw[i], &tx[i]));
	}
	CHECK(nis_mine_given(r.nis, given, n, r.now_s, NULL, &code) == ERR_OK);
	if (code != NEM_SUCCESS) {
		printf("# mine_given: %s\n", nem_result_name((int)code));
	}
	CHECK(code == NEM_SUCCESS);
}

/* ---- documents ----------------------------------------------------------------------------- */

static void rig_documents(void)
{
	const struct key32 *const people[] = { &r.person[0].key, &r.person[1].key, &r.person[2].key,
					       &r.person[3].key, &r.person[4].key };
	static uint8_t scratch[65536];
	struct writer w;
	struct nis_block nemesis;

	CHECK(nis_block_at(r.nis, 1, &nemesis));
	r.roster = (struct doc_roster){ .backend_count = 1,
					.governance = 2,
					.number = 1,
					.signer_count = 2,
					.software_approvals = true,
					.watcher_count = 3,
					.watchers_needed = 2 };
	party(&r.roster.backends[0], "backend", &r.backend);
	house_people(&r.roster, people);
	r.roster.signers[A] =
	    (struct doc_signer_entry){ r.attest[A].key, r.chain[K_A].public_key, DOC_SIGNER_A };
	r.roster.signers[B] =
	    (struct doc_signer_entry){ r.attest[B].key, r.chain[K_B].public_key, DOC_SIGNER_B };
	party(&r.roster.watchers[0], "w1", &r.watcher[0]);
	party(&r.roster.watchers[1], "w2", &r.watcher[1]);
	party(&r.roster.watchers[2], "w3", &r.watcher[2]);
	if (rig_yen.age_max_ms != 0) {
		r.roster.source_count = 3;
		r.roster.prices_needed = 2;
		party(&r.roster.price_sources[0], "price-1", &r.source[0]);
		party(&r.roster.price_sources[1], "price-2", &r.source[1]);
		party(&r.roster.price_sources[2], "price-3", &r.source[2]);
	}
	r.policy = house_policy();
	r.policy.approval_tiers[1].delay_ms = rig_lock_ms;
	r.policy.approval_tiers[2].delay_ms = rig_lock_ms;
	r.policy.yen_count = rig_yen.age_max_ms != 0;
	r.policy.yen[0] = rig_yen;
	if (rig_strict) {
		r.policy.unlisted_max = xem(X(50));
		r.policy.destination_cooling_ms = 7200000;
		r.policy.grant_life_max_ms = 10800000;
	}
	r.policy.order_life_ms *= rig_two_tills ? 10 : 1;
	if (rig_hours != NULL) {
		r.policy.hours_count = 1;
		r.policy.hours[0] = *rig_hours;
	}
	r.genesis = (struct doc_genesis){
		.box_count = 1,
		.chain = DOC_CHAIN_NEM,
		.chain_network = 0x98,
		.chain_nemesis = nemesis.hash,
		.hot_count = 2,
		.hot = { { DOC_HOT_TILL, r.chain[K_TILL].public_key, { "" } },
			 { rig_two_tills ? DOC_HOT_TILL : DOC_HOT_PURSE,
			   r.chain[K_PURSE].public_key,
			   { "" } } },
		.recovery = { .holders = 5, .needed = 3 },
		.spare_count = 2,
	};
	doc_address(&r.genesis.boxes[0], K_BOX);
	if (rig_new_box) {
		doc_address(&r.genesis.boxes[r.genesis.box_count++], K_NEW_BOX);
	}
	doc_address(&r.genesis.spares[0], K_SPARE0);
	doc_address(&r.genesis.spares[1], K_SPARE1);
	r.genesis.hot[0].spare = r.genesis.spares[0];
	r.genesis.hot[1].spare = r.genesis.spares[1];

	w = writer_make(scratch, sizeof scratch);
	CHECK(doc_roster_make(&w, &r.genesis.roster, &r.roster, NULL) == ERR_OK);
	w = writer_make(scratch, sizeof scratch);
	CHECK(doc_policy_make(&w, &r.genesis.policy, &r.policy, NULL) == ERR_OK);
	w = writer_make(r.genesis_raw, sizeof r.genesis_raw);
	CHECK(doc_genesis_make(&w, &r.genesis_id, &r.genesis, NULL) == ERR_OK);
	r.genesis_n = w.n;
	r.roster.genesis = r.genesis_id;
	r.policy.genesis = r.genesis_id;
	w = writer_make(r.roster_raw, sizeof r.roster_raw);
	CHECK(doc_roster_make(&w, &r.roster_id, &r.roster, NULL) == ERR_OK);
	r.roster_n = w.n;
	w = writer_make(r.policy_raw, sizeof r.policy_raw);
	CHECK(doc_policy_make(&w, &r.policy_id, &r.policy, NULL) == ERR_OK);
	r.policy_n = w.n;
}

struct watch_config rig_config(void)
{
	struct watch_config c = {
		.genesis = bytes_of(r.genesis_raw, r.genesis_n),
		.roster = bytes_of(r.roster_raw, r.roster_n),
		.policy = bytes_of(r.policy_raw, r.policy_n),
		.joined = rig_joined,
		.watcher = "w1",
		.freeze_secret = r.watcher[0].secret,
		.log_secret = &r.log_secret,
		.network = 0x98,
		.nodes = 2,
		.node_clean = CLEAN,
		.node_public = PUBLIC,
		.peers = 1,
		.storage = { r.payments, PAYMENTS, r.index, 4 * PAYMENTS, r.entries, PAYMENTS,
			     r.undo, 2048 },
		.planted = r.planted,
	};

	le64_put(c.boot_random, r.mono);
	return c;
}

/* ---- signers, as their messages say -------------------------------------------------------- */

void put_item(struct writer *w, struct bytes item)
{
	writer_u32(w, (uint32_t)item.n);
	writer_bytes(w, item);
	CHECK(!w->bad);
}

void enqueue(uint32_t channel, uint16_t role, uint16_t number, uint64_t id, struct bytes body)
{
	struct queued *q = &r.queue[r.queue_n++];

	CHECK(r.queue_n < QUEUE_MAX);
	*q = (struct queued){ channel, role, number, id, body.n, malloc(body.n + 1) };
	CHECK(q->body != NULL);
	if (body.n > 0) {
		memcpy(q->body, body.p, body.n);
	}
}

uint16_t role_of(int s)
{
	return s == A ? WATCH_ROLE_SIGNER_A : WATCH_ROLE_SIGNER_B;
}

static size_t nonce_raw(uint8_t *out, size_t cap, int s)
{
	struct model *m = &r.signer[s];
	struct writer w = writer_make(out, cap);
	struct doc_nonce n = { .frozen = m->stop_count > 0,
			       .genesis = r.genesis_id,
			       .sequence = m->sequence,
			       .signer = (enum doc_signer)s,
			       .stop_count = m->stop_count,
			       .stop_head = m->stop_head };

	if (m->agrees) {
		n.stop_count = r.w.control.n;
		n.stop_head = r.w.control.head;
	}
	le64_put(n.nonce.b, m->nonce);
	n.nonce.b[31] = (uint8_t)(s + 1);
	CHECK(doc_nonce_make(&w, NULL, &n, NULL) == ERR_OK);
	return w.n;
}

void next_serve(int s)
{
	static uint8_t body[65536];
	static uint8_t nonce[2048];
	struct model *m = &r.signer[s];
	struct writer w = writer_make(body, sizeof body);
	const struct told *t = NULL;

	if (!m->held || m->silent || m->mute_next) {
		return;
	}
	for (size_t i = 0; i < m->told_n && t == NULL; i++) {
		if (m->told[i].sequence > m->held_after) {
			t = &m->told[i];
		}
	}
	if (t == NULL && m->told_nonce == m->nonce) {
		return;
	}
	put_item(&w, bytes_of(nonce, nonce_raw(nonce, sizeof nonce, s)));
	if (t != NULL) {
		writer_bytes(&w, bytes_of(t->body, t->n));
	} else {
		m->told_nonce = m->nonce;
	}
	m->held = false;
	enqueue(s == A ? CH_A : CH_B, role_of(s), SIGNER_NEXT + 1, m->held_id, bytes_of(body, w.n));
}

static size_t word_raw(uint8_t *raw, size_t cap, const struct hash32 *document)
{
	struct writer w = writer_make(raw, cap);
	struct doc_maturity said = rig_word;

	said.genesis = r.genesis_id;
	if (hash32_is_zero(&said.document)) {
		said.document = *document;
	}
	if (said.watcher[0] == '\0') {
		(void)snprintf(said.watcher, sizeof said.watcher, "w2");
	}
	CHECK(doc_maturity_make(&w, NULL, &said,
				rig_word_key != NULL ? rig_word_key->secret
						     : r.watcher[1].secret) == ERR_OK);
	return w.n;
}

static void receipt_give(uint32_t channel, uint16_t role, const struct effect *e,
			 const char *holder, const struct key *k)
{
	static uint8_t raw[4096], body[4096], word[2048];
	struct writer w = writer_make(raw, sizeof raw);
	struct writer b = writer_make(body, sizeof body);
	struct doc_receipt receipt = { .genesis = r.genesis_id,
				       .sequence = r.receipt_sequence == 0 ? 1 : r.receipt_sequence,
				       .time_ms = r.wall };
	struct bytes item;
	struct doc d;
	size_t n;

	CHECK(frame_items_all(e->body, &item, 1, &n) == ERR_OK && n == 1);
	CHECK(doc_open(&d, item, &r.genesis_id, NULL) == ERR_OK);
	receipt.document = d.id;
	(void)snprintf(receipt.holder, sizeof receipt.holder, "%s", holder);
	CHECK(doc_receipt_make(&w, NULL, &receipt, k->secret) == ERR_OK);
	put_item(&b, bytes_of(raw, w.n));
	if (rig_matured && channel == CH_PEER) {
		put_item(&b, bytes_of(word, word_raw(word, sizeof word, &d.id)));
	}
	enqueue(channel, role, SIGNER_STOP_PUT + 1, e->request_id, bytes_of(body, b.n));
}

/* Signs a sweep as the real one would, after what the test allows. */
static void sweep_serve(int s, const struct effect *e);

void refusal_give(int s, const struct effect *e, enum err code, const char *field)
{
	static uint8_t raw[2048], body[2048];
	struct doc_refusal f = { .genesis = r.genesis_id, .detail = "no" };
	struct writer text = writer_make(raw, sizeof raw);
	struct writer w = writer_make(body, sizeof body);

	(void)snprintf(f.code, sizeof f.code, "%s", err_slug(code));
	(void)snprintf(f.field, sizeof f.field, "%s", field);
	CHECK(doc_refusal_make(&text, NULL, &f, NULL) == ERR_OK);
	put_item(&w, bytes_of(raw, text.n));
	enqueue(s == A ? CH_A : CH_B, role_of(s), (uint16_t)(e->number + 1), e->request_id,
		bytes_of(body, w.n));
}

/* items: what is handed back, the attestation first; n 0: the watcher only asks. */
static void recall_serve(int s, const struct effect *e, const struct bytes *items, size_t n)
{
	static uint8_t raw[2048], body[2048];
	struct model *m = &r.signer[s];
	struct doc_cursor c = { .genesis = r.genesis_id };
	struct writer text = writer_make(raw, sizeof raw);
	struct writer w = writer_make(body, sizeof body);
	struct doc_attestation t;
	struct doc d;

	m->recalls++;
	if (n > 0) {
		CHECK(doc_open(&d, items[0], &r.genesis_id, NULL) == ERR_OK &&
		      doc_attestation_read(&d, &t, NULL) == ERR_OK);
		CHECK(m->recalled_n < RECORDS_MAX && t.signer == (enum doc_signer)s);
		m->recalled[m->recalled_n++] = d.id;
		m->recalled_documents = n - 1;
		if (m->forgets) {
			refusal_give(s, e, ERR_STATE, "attestation.previous");
			return;
		}
		m->recall_after = t.sequence;
	}
	c.after = m->recall_after;
	CHECK(doc_cursor_make(&text, NULL, &c, NULL) == ERR_OK);
	put_item(&w, bytes_of(raw, text.n));
	enqueue(s == A ? CH_A : CH_B, role_of(s), SIGNER_RECALL + 1, e->request_id,
		bytes_of(body, w.n));
}

static void signer_take(int s, const struct effect *e)
{
	struct model *m = &r.signer[s];
	uint32_t channel = s == A ? CH_A : CH_B;
	static uint8_t body[4096], raw[4096];
	struct writer w = writer_make(body, sizeof body);
	struct bytes items[FRAME_ITEMS_MAX];
	struct doc d;
	size_t n = 0;

	CHECK(frame_items_all(e->body, items, FRAME_ITEMS_MAX, &n) == ERR_OK);
	if (m->silent) {
		return;
	}
	switch (e->number) {
	case SIGNER_NEXT: {
		struct doc_cursor c;

		CHECK(n == 1 && doc_open(&d, items[0], &r.genesis_id, NULL) == ERR_OK &&
		      doc_cursor_read(&d, &c, NULL) == ERR_OK);
		CHECK(!m->held);
		m->held = true;
		m->held_id = e->request_id;
		m->held_after = c.after;
		next_serve(s);
		return;
	}
	case SIGNER_SYNC:
		m->syncs++;
		put_item(&w, bytes_of(raw, nonce_raw(raw, sizeof raw, s)));
		enqueue(channel, role_of(s), SIGNER_SYNC + 1, e->request_id, bytes_of(body, w.n));
		return;
	case SIGNER_ACK: {
		struct doc_ack a;

		CHECK(n == 1 && doc_open(&d, items[0], &r.genesis_id, NULL) == ERR_OK &&
		      doc_ack_read(&d, &a, NULL) == ERR_OK);
		CHECK(doc_signed_by(&d, &r.watcher[0].key));
		if (m->acks_refused != ERR_OK) {
			refusal_give(s, e, m->acks_refused, "ack");
			return;
		}
		m->acked[m->acks++ % ARRAY_LEN(m->acked)] = a.attestation;
		enqueue(channel, role_of(s), SIGNER_ACK + 1, e->request_id, bytes_of(NULL, 0));
		return;
	}
	case SIGNER_HEARTBEAT:
		CHECK(n == 1 && doc_open(&d, items[0], &r.genesis_id, NULL) == ERR_OK &&
		      doc_heartbeat_read(&d, &m->heartbeat, NULL) == ERR_OK);
		CHECK(doc_signed_by(&d, &r.watcher[0].key));
		m->heartbeats++;
		if (m->lacks) {
			refusal_give(s, e, ERR_LOCKED, "heartbeat.records_sequence");
			return;
		}
		enqueue(channel, role_of(s), SIGNER_HEARTBEAT + 1, e->request_id,
			bytes_of(NULL, 0));
		return;
	case SIGNER_RECALL:
		recall_serve(s, e, items, n);
		return;
	case SIGNER_STOP_PUT:
		m->stops++;
		m->stop_n = items[0].n;
		memcpy(m->stop_raw, items[0].p, items[0].n);
		receipt_give(channel, role_of(s), e, s == A ? "a" : "b", &r.attest[s]);
		return;
	case SIGNER_STOP_GET:
		m->stop_gets++;
		enqueue(channel, role_of(s), SIGNER_STOP_GET + 1, e->request_id, bytes_of(NULL, 0));
		return;
	case SIGNER_SWEEP:
		m->sweeps++;
		if (m->refuses) {
			refusal_give(s, e, ERR_EVIDENCE, "freeze.evidence");
			return;
		}
		sweep_serve(s, e);
		return;
	}
	CHECK(0 && "a message that no signer takes");
}

static void peer_take(const struct effect *e)
{
	struct bytes item;
	size_t n = 0;

	if (e->number == WATCHER_STOP_GET) {
		r.peer.stop_gets++;
		enqueue(CH_PEER, WATCH_ROLE_PEER, WATCHER_STOP_GET + 1, e->request_id,
			bytes_of(NULL, 0));
		return;
	}
	CHECK(e->number == WATCHER_STOP_PUT);
	CHECK(frame_items_all(e->body, &item, 1, &n) == ERR_OK && n == 1);
	r.peer.stops++;
	r.peer.stop_n = item.n;
	memcpy(r.peer.stop_raw, item.p, item.n);
	receipt_give(CH_PEER, WATCH_ROLE_PEER, e, "w2", &r.watcher[1]);
}

bool rig_noted(const char *words)
{
	return strstr(r.notes, words) != NULL;
}

/* ---- running ------------------------------------------------------------------------------- */

static void rig_effects(void)
{
	for (size_t i = 0; i < r.out.n; i++) {
		const struct effect *e = &r.out.list[i];

		switch (e->kind) {
		case EFFECT_COMMIT:
			CHECK(r.journal_n + e->body.n <= JOURNAL && r.batches < BATCHES_MAX);
			memcpy(r.journal + r.journal_n, e->body.p, e->body.n);
			r.journal_n += e->body.n;
			r.batch_end[r.batches++] = r.journal_n;
			break;
		case EFFECT_SEND:
			if (e->channel == CH_A || e->channel == CH_B) {
				signer_take(e->channel == CH_A ? A : B, e);
			} else if (e->channel == CH_PEER) {
				peer_take(e);
			} else {
				struct queued *q = &r.replies[r.replies_n++];

				CHECK(r.replies_n < QUEUE_MAX && e->channel == CH_STOP);
				*q = (struct queued){ e->channel, 0,
						      e->number,  e->request_id,
						      e->body.n,  malloc(e->body.n + 1) };
				memcpy(q->body, e->body.p, e->body.n);
			}
			break;
		case EFFECT_CALL: {
			if (e->number == WATCH_CALL_READ) {
				CHECK(e->body.n == 12 && r.reads_n < DOC_SIGNERS);
				r.reads[r.reads_n++] =
				    (struct read){ e->request_id, le64_get(e->body.p),
						   le32_get(e->body.p + 8) };
				break;
			}
			CHECK(e->number == CALL_ANNOUNCE && e->body.n > 4);
			r.announced++;
			if (r.push) {
				struct nis_answer answer;

				CHECK(nis_push(r.nis, le32_get(e->body.p),
					       bytes_of(e->body.p + 4, e->body.n - 4), r.now_s,
					       &answer, NULL) == ERR_OK);
			}
			break;
		}
		case EFFECT_CLOSE:
			break;
		case EFFECT_NOTE:
			if (r.notes_n + e->body.n + 2 <= sizeof r.notes) {
				memcpy(r.notes + r.notes_n, e->body.p, e->body.n);
				r.notes_n += e->body.n;
				r.notes[r.notes_n++] = '\n';
				r.notes[r.notes_n] = '\0';
			}
			if (getenv("WATCH_NOTES") != NULL) {
				printf("# %.*s\n", (int)e->body.n, (const char *)e->body.p);
			}
			break;
		}
	}
}

void rig_one(struct event *ev)
{
	ev->wall_ms = r.wall;
	ev->mono_ms = r.mono;
	effects_init(&r.out, r.store, sizeof r.store);
	watch_step(&r.w, ev, &r.out);
	rig_effects();
}

/* The disk answers. */
static void rig_read(void)
{
	struct read want = r.reads[--r.reads_n];
	struct event ev = { .kind = EVENT_REPLY,
			    .number = WATCH_CALL_READ,
			    .request_id = want.id,
			    .status = r.read_fails };

	CHECK(want.offset + want.n <= r.journal_n);
	if (r.read_fails == ERR_OK) {
		ev.body = bytes_of(r.journal + want.offset, want.n);
	}
	r.reads_done++;
	rig_one(&ev);
}

void rig_settle(void)
{
	next_serve(A);
	next_serve(B);
	for (unsigned limit = 0; r.queue_n > 0 || r.reads_n > 0; limit++) {
		struct queued q;
		struct event ev = { .kind = EVENT_FRAME,
				    .channel = r.queue[0].channel,
				    .role = r.queue[0].role,
				    .number = r.queue[0].number,
				    .request_id = r.queue[0].id,
				    .body = bytes_of(r.queue[0].body, r.queue[0].n) };

		CHECK(limit < 20000);
		if (r.reads_n > 0) {
			rig_read();
			continue;
		}
		q = r.queue[0];
		memmove(r.queue, r.queue + 1, (r.queue_n - 1) * sizeof r.queue[0]);
		r.queue_n--;
		rig_one(&ev);
		free(q.body);
		next_serve(A);
		next_serve(B);
	}
}

void rig_event(struct event *ev)
{
	rig_one(ev);
	rig_settle();
}

void tick(uint64_t ms)
{
	struct event ev = { .kind = EVENT_TICK };

	rig_pass(ms);
	rig_event(&ev);
}

void wait_ms(uint64_t ms)
{
	for (uint64_t i = 0; i < ms; i += 25) {
		tick(25);
	}
}

void feed(unsigned node, uint16_t number, struct bytes body)
{
	struct event ev = { .kind = EVENT_REPLY,
			    .role = ROLE_NODE,
			    .channel = node,
			    .number = number,
			    .body = body };

	rig_event(&ev);
}

void feed_u64(unsigned node, uint16_t number, uint64_t v)
{
	uint8_t raw[8];

	le64_put(raw, v);
	feed(node, number, bytes_of(raw, sizeof raw));
}

void feed_blocks(unsigned node)
{
	struct nis_block b;

	while (nis_block_at(r.nis, r.fed[node] + 1, &b)) {
		feed(node, FEED_BLOCK, b.verifiable);
		r.fed[node]++;
	}
	feed_u64(node, FEED_TOP, r.fed[node]);
}

void feed_undo(unsigned node, uint64_t height)
{
	feed_u64(node, FEED_UNDO, height);
	r.fed[node] = height;
}

void feed_pool(unsigned node, unsigned pool)
{
	static uint8_t raw[1 << 20];
	struct writer w = writer_make(raw, sizeof raw);

	nis_feed_pool(r.nis, pool, &w);
	CHECK(!w.bad);
	feed(node, FEED_POOL, bytes_of(raw, w.n));
}

void feed_given(unsigned node, const struct nem_tx *tx, size_t n)
{
	static uint8_t raw[1 << 20];
	static uint8_t one[NEM_TX_BYTES_MAX];
	struct writer w = writer_make(raw, sizeof raw);

	writer_u32(&w, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		put_item(&w, bytes_of(one, tx_bytes(one, &tx[i])));
	}
	feed(node, FEED_POOL, bytes_of(raw, w.n));
}

void feed_all(void)
{
	for (unsigned i = 0; i < 2; i++) {
		feed_blocks(i);
		feed_pool(i, i);
	}
}

void link_open(uint32_t channel, uint16_t role)
{
	struct event ev = { .kind = EVENT_OPENED, .channel = channel, .role = role };

	rig_event(&ev);
}

void link_close(uint32_t channel, uint16_t role)
{
	struct event ev = { .kind = EVENT_CLOSED, .channel = channel, .role = role };

	if (channel != CH_PEER) {
		r.signer[channel == CH_A ? A : B].held = false;
	}
	rig_event(&ev);
}

const struct queued *ask(uint16_t role, uint16_t number, const struct bytes *items, size_t n)
{
	static uint8_t body[65536];
	struct writer w = writer_make(body, sizeof body);
	struct event ev = { .kind = EVENT_FRAME,
			    .channel = CH_STOP,
			    .role = role,
			    .number = number,
			    .request_id = ++r.ids };
	size_t before = r.replies_n;

	for (size_t i = 0; i < n; i++) {
		put_item(&w, items[i]);
	}
	ev.body = bytes_of(body, w.n);
	rig_event(&ev);
	CHECK(r.replies_n == before + 1);
	CHECK(r.replies[before].number == number + 1 && r.replies[before].id == ev.request_id);
	return &r.replies[before];
}

enum doc_type reply_type(const struct queued *q)
{
	struct bytes item;
	struct doc d;
	size_t n = 0;

	CHECK(frame_items_all(bytes_of(q->body, q->n), &item, 1, &n) == ERR_OK && n == 1);
	CHECK(doc_open(&d, item, &r.genesis_id, NULL) == ERR_OK);
	return d.type;
}

/* ---- life ---------------------------------------------------------------------------------- */

static void rig_boot(void)
{
	struct watch_config c = rig_config();
	struct doc_fault fault = { "", "" };
	size_t at = 0;

	if (watch_init(&r.w, &c, &fault) != ERR_OK) {
		printf("# watch_init: %s %s\n", fault.field, fault.why);
		CHECK(0 && "watch_init");
	}
	for (size_t i = 0; i < r.batches; i++) {
		enum err e = watch_replay(&r.w, bytes_of(r.journal + at, r.batch_end[i] - at));

		if (e != ERR_OK) {
			printf("# replay of batch %zu: %s\n", i, err_words(e));
		}
		CHECK(e == ERR_OK);
		at = r.batch_end[i];
	}
	effects_init(&r.out, r.store, sizeof r.store);
	watch_start(&r.w, r.wall, r.mono, &r.out);
	rig_effects();
}

void rig_connect(void)
{
	link_open(CH_A, WATCH_ROLE_SIGNER_A);
	link_open(CH_B, WATCH_ROLE_SIGNER_B);
	link_open(CH_PEER, WATCH_ROLE_PEER);
	wait_ms(50);
}

void rig_restart(size_t batches)
{
	for (size_t i = 0; i < r.queue_n; i++) {
		free(r.queue[i].body);
	}
	r.queue_n = 0;
	r.batches = batches;
	r.journal_n = batches == 0 ? 0 : r.batch_end[batches - 1];
	memset(r.fed, 0, sizeof r.fed);
	for (int s = 0; s < 2; s++) {
		r.signer[s].held = false;
		r.signer[s].told_nonce = 0;
	}
	rig_pass(1000);
	rig_boot();
}

static void rig_chain(void)
{
	static const enum who hot[] = { K_A, K_B, K_R };

	static const enum who holders[] = { K_HOLDER0, K_HOLDER0 + 1, K_HOLDER0 + 2, K_HOLDER0 + 3,
					    K_HOLDER0 + 4 };

	static const enum who boxes[] = { K_BOX, K_SPARE0, K_SPARE1 };
	struct nis_config config = { .network = 0x98, .pools = 2, .retention_s = NIS_RETENTION_S };
	struct nis_grant grants[] = {
		{ address_of(K_TILL), X(100000) }, { address_of(K_PURSE), X(50000) },
		{ address_of(K_BOX), X(1000000) }, { address_of(K_SPARE0), X(10) },
		{ address_of(K_SPARE1), X(10) },   { address_of(K_CUSTOMER), X(1000) },
		{ address_of(K_THIEF), X(100) },   { address_of(K_HOLDER0), X(10) },
	};
	struct nis_nemesis nemesis = { .time_s = START_S,
				       .grants = grants,
				       .n = ARRAY_LEN(grants) };
	struct nem_tx tx;

	memset(config.harvester, 91, sizeof config.harvester);
	memset(nemesis.key, 90, sizeof nemesis.key);
	nis_close(r.nis);
	r.nis = NULL;
	CHECK(nis_open(&r.nis, &config, &nemesis) == ERR_OK);
	tx = tx_modify(K_TILL, 2, hot, 3);
	tx_sign(&tx, K_TILL);
	CHECK(nis_say(PUBLIC, &tx) == NEM_SUCCESS);
	tx = tx_modify(K_PURSE, 2, hot, 3);
	tx_sign(&tx, K_PURSE);
	CHECK(nis_say(PUBLIC, &tx) == NEM_SUCCESS);
	for (size_t i = 0; i < ARRAY_LEN(boxes); i++) {
		tx = tx_modify(boxes[i], 3, holders, 5);
		tx_sign(&tx, boxes[i]);
		CHECK(nis_say(PUBLIC, &tx) == NEM_SUCCESS);
	}
	mine(PUBLIC);
	mine(CLEAN);
}

void replies_forget(void)
{
	for (size_t i = 0; i < r.replies_n; i++) {
		free(r.replies[i].body);
	}
	r.replies_n = 0;
}

int rig_end(int result)
{
	for (size_t i = 0; i < r.queue_n; i++) {
		free(r.queue[i].body);
	}
	r.queue_n = 0;
	replies_forget();
	nis_close(r.nis);
	r.nis = NULL;
	return result;
}

void rig_make(void)
{
	for (size_t i = 0; i < r.queue_n; i++) {
		free(r.queue[i].body);
	}
	replies_forget();
	nis_close(r.nis);
	memset(&r, 0, sizeof r);
	CHECK(crypto_init() == ERR_OK);
	r.wall = nem_time_to_unix_ms(START_S) + 60000;
	r.mono = 5000;
	CHECK(nem_time_from_unix_ms(&r.now_s, r.wall) == ERR_OK);
	for (unsigned i = 1; i < K_WHO_N; i++) {
		uint8_t raw[32];

		memset(raw, (int)i, sizeof raw);
		edk_secret_from_nem(&r.chain[i], raw);
	}
	rig_key(&r.backend, 1);
	rig_key(&r.stranger, 2);
	for (uint8_t i = 0; i < 3; i++) {
		rig_key(&r.watcher[i], (uint8_t)(10 + i));
		rig_key(&r.source[i], (uint8_t)(40 + i));
	}
	for (uint8_t i = 0; i < 5; i++) {
		rig_key(&r.person[i], (uint8_t)(20 + i));
	}
	rig_key(&r.attest[A], 30);
	rig_key(&r.attest[B], 31);
	memset(r.log_secret.b, 5, sizeof r.log_secret.b);
	for (int s = 0; s < 2; s++) {
		r.signer[s].nonce = 1;
		r.signer[s].agrees = true;
	}
	rig_chain();
	rig_documents();
	rig_boot();
}

void rig_up(void)
{
	rig_make();
	rig_connect();
	feed_all();
}

/* ---- payments ------------------------------------------------------------------------------ */

void pay_new(uint64_t amount)
{
	uint8_t tail[UUID7_RANDOM_BYTES] = { 0 };

	r.ids++;
	le64_put(tail, r.ids);
	tail[9] = (uint8_t)r.ids;
	r.is_sweep = false;
	r.att_made = false;
	r.with_freeze = false;
	r.with_day = false;
	r.attest_key = NULL;
	r.request_key = &r.backend;
	r.approvals = 0;
	memset(r.proof, 0, sizeof r.proof);
	r.request = (struct doc_request){ .amount = xem(amount),
					  .asset = ASSET_XEM,
					  .customer = "customer-1",
					  .genesis = r.genesis_id,
					  .message_n = 4,
					  .message = "memo",
					  .time_ms = r.wall - 100 };
	doc_address(&r.request.destination, K_CUSTOMER);
	uuid7_make(&r.request.request_id, r.wall - 100, tail);
	r.order = (struct doc_order){ .amount = r.request.amount,
				      .asset = ASSET_XEM,
				      .chain = DOC_CHAIN_NEM,
				      .created_ms = r.wall - 50,
				      .destination = r.request.destination,
				      .expires_ms = r.wall + r.policy.order_life_ms / 2,
				      .fee_max = xem(X(3)),
				      .genesis = r.genesis_id,
				      .message_n = 4,
				      .message = "memo",
				      .network = 0x98,
				      .request_id = r.request.request_id,
				      .vault = DOC_VAULT_HOT };
}

size_t made(uint8_t *raw, size_t cap, struct hash32 *id, enum doc_type type, const void *in,
	    const struct key *k)
{
	struct writer w = writer_make(raw, cap);
	struct doc_fault fault = { "", "" };
	enum err e = doc_make(&w, id, type, in, k == NULL ? NULL : k->secret, &fault);

	if (e != ERR_OK) {
		printf("# doc_make %s: %s %s %s\n", doc_type_name(type), err_words(e), fault.field,
		       fault.why);
	}
	CHECK(e == ERR_OK);
	return w.n;
}

void pay_link(void)
{
	static uint8_t scratch[16384];
	struct hash32 order_id;

	(void)made(scratch, sizeof scratch, &r.order.request, DOC_REQUEST, &r.request, NULL);
	(void)made(scratch, sizeof scratch, &order_id, DOC_ORDER, &r.order, NULL);
	CHECK(attempt_make(&r.attempt, &r.policy, &r.order, &order_id, 1,
			   &r.chain[K_TILL].public_key, r.now_s) == ERR_OK);
}

void pay_approve(size_t person, const char *name)
{
	struct doc_approval *a = &r.approval[r.approvals];

	*a = (struct doc_approval){ .decision = DOC_DECISION_YES,
				    .genesis = r.genesis_id,
				    .subject_type = DOC_ORDER,
				    .time_ms = r.wall };
	(void)snprintf(a->person, sizeof a->person, "%s", name);
	r.approval_key[r.approvals++] = &r.person[person];
}

void pay_prove(size_t approval, uint8_t key, uint8_t flags)
{
	r.proof[approval] = (struct proof){ .there = true, .key = key, .flags = flags };
}

void pay_price(size_t at, size_t i, const char *rate)
{
	r.price[at] = paper_price(&r.genesis_id, i, r.wall, rate);
	r.price_key[at] = &r.source[i];
}

void pay_prices(const char *rate)
{
	pay_price(0, 0, rate);
	pay_price(1, 1, rate);
	r.prices = 2;
}

/* An approval, and the proof that stands with it. */
static void put_approval(struct writer *w, size_t at)
{
	static uint8_t raw[16384], proof_raw[16384];
	const struct proof *p = &r.proof[at];
	struct doc_assertion proof;
	struct hash32 id;
	size_t n = made(raw, sizeof raw, &id, DOC_APPROVAL, &r.approval[at], r.approval_key[at]);
	size_t proof_n;

	if (!p->there) {
		put_item(w, bytes_of(raw, n));
		return;
	}
	passkey_assert(&proof, p->key, &id, 7, p->flags);
	proof.genesis = r.genesis_id;
	proof_n = made(proof_raw, sizeof proof_raw, NULL, DOC_ASSERTION, &proof, NULL);
	put_item(w, p->first ? bytes_of(proof_raw, proof_n) : bytes_of(raw, n));
	put_item(w, p->first ? bytes_of(raw, n) : bytes_of(proof_raw, proof_n));
}

void att_make(int s)
{
	static uint8_t scratch[65536];
	const struct key32 *a = &r.chain[K_A].public_key;
	const struct key32 *b = &r.chain[K_B].public_key;
	struct bytes data;

	memset(&r.att, 0, sizeof r.att);
	if (r.is_sweep) {
		CHECK(payment_make_sweep(&r.pay, 0x98, a, b, &r.sweep) == ERR_OK);
		(void)made(scratch, sizeof scratch, &r.att.subject, DOC_SWEEP, &r.sweep, NULL);
		r.att.subject_type = DOC_SWEEP;
	} else {
		CHECK(payment_make(&r.pay, 0x98, a, b, &r.order, &r.attempt) == ERR_OK);
		(void)made(scratch, sizeof scratch, &r.att.subject, DOC_ATTEMPT, &r.attempt, NULL);
		r.att.subject_type = DOC_ATTEMPT;
	}
	data = s == A ? payment_cosign(&r.pay) : payment_wrap(&r.pay);
	memcpy(r.att.data, data.p, data.n);
	r.att.data_n = data.n;
	r.att.genesis = r.genesis_id;
	r.att.inner_hash = r.pay.inner_hash;
	r.att.policy = r.policy_id;
	r.att.roster = r.roster_id;
	r.att.kind = s == A ? DOC_ATTEST_COSIGN : DOC_ATTEST_WRAP;
	r.att.signer = (enum doc_signer)s;
	r.att.time_ms = r.wall;
	r.att.sequence = r.signer[s].sequence + 3;
	memset(r.att.head.b, (int)r.att.sequence, sizeof r.att.head.b);
	r.att_made = true;
}

struct hash32 att_tell(int s)
{
	static uint8_t raw[16384];
	struct model *m = &r.signer[s];
	struct told *t = &m->told[m->told_n++];
	struct writer w = writer_make(t->body, sizeof t->body);
	struct hash32 id;
	struct hash32 order_id, id_of_day;
	struct doc_assertion proof;
	size_t n;

	CHECK(m->told_n <= RECORDS_MAX);
	if (!r.att_made) {
		att_make(s);
	}
	r.att_made = false;
	n = made(raw, sizeof raw, &id, DOC_ATTESTATION, &r.att,
		 r.attest_key != NULL ? r.attest_key : &r.attest[s]);
	put_item(&w, bytes_of(raw, n));
	if (r.is_sweep) {
		n = made(raw, sizeof raw, NULL, DOC_SWEEP, &r.sweep, NULL);
		put_item(&w, bytes_of(raw, n));
		if (r.with_freeze) {
			put_item(&w, bytes_of(r.freeze_raw, r.freeze_n));
		}
	} else {
		n = made(raw, sizeof raw, NULL, DOC_ATTEMPT, &r.attempt, NULL);
		put_item(&w, bytes_of(raw, n));
		n = made(raw, sizeof raw, &order_id, DOC_ORDER, &r.order, NULL);
		put_item(&w, bytes_of(raw, n));
		n = made(raw, sizeof raw, NULL, DOC_REQUEST, &r.request, r.request_key);
		put_item(&w, bytes_of(raw, n));
		for (size_t i = 0; i < r.approvals; i++) {
			if (hash32_is_zero(&r.approval[i].subject)) {
				r.approval[i].subject = order_id;
			}
			put_approval(&w, i);
		}
		for (size_t i = 0; i < r.prices; i++) {
			n = made(raw, sizeof raw, NULL, DOC_PRICE, &r.price[i], r.price_key[i]);
			put_item(&w, bytes_of(raw, n));
		}
	}
	if (r.with_day) {
		n = made(raw, sizeof raw / 2, &id_of_day, DOC_DAY, &r.day, r.day_key);
		if (r.day_proof.there) {
			passkey_assert(&proof, r.day_proof.key, &id_of_day, 7, r.day_proof.flags);
			proof.genesis = r.genesis_id;
			raw[n++] = '\n';
			n += made(raw + n, sizeof raw - n, NULL, DOC_ASSERTION, &proof, NULL);
		}
		put_item(&w, bytes_of(raw, n));
	}
	t->n = w.n;
	t->sequence = r.att.sequence;
	if (r.att.sequence > m->sequence) {
		m->sequence = r.att.sequence;
	}
	return id;
}

void pay_day(void)
{
	uint64_t sum[2] = { 0, 0 };

	for (size_t i = 0; i < r.w.payments_n; i++) {
		const struct watch_payment *p = &r.payments[i];

		for (int s = A; s <= B; s++) {
			sum[s] += p->sequence[s] != 0 && p->approvals == 0 ? p->outflow_micro : 0;
		}
	}
	r.with_day = true;
	r.day_key = &r.person[4];
	r.day = (struct doc_day){ .a_sequence = r.w.signer[A].held_sequence,
				  .a_unapproved = xem(sum[A]),
				  .b_sequence = r.w.signer[B].held_sequence,
				  .b_unapproved = xem(sum[B]),
				  .genesis = r.genesis_id,
				  .person = "auditor-1",
				  .time_ms = r.wall };
}

bool was_acked(int s, const struct hash32 *id)
{
	for (size_t i = 0; i < r.signer[s].acks && i < ARRAY_LEN(r.signer[s].acked); i++) {
		if (hash32_eq(&r.signer[s].acked[i], id)) {
			return true;
		}
	}
	return false;
}

struct nem_tx pay_unit(void)
{
	static uint8_t raw[PAYMENT_UNIT_MAX];
	struct sig64 a;
	struct sig64 b;
	struct nem_tx tx;
	size_t n = 0;

	edk_sign(&a, &r.chain[K_A], payment_cosign(&r.pay));
	edk_sign(&b, &r.chain[K_B], payment_wrap(&r.pay));
	CHECK(payment_unit(raw, sizeof raw, &n, &r.pay, &a, &b) == ERR_OK);
	CHECK(nem_tx_decode(&tx, 0x98, bytes_of(raw, n), NEM_SIGNED) == ERR_OK);
	return tx;
}

struct nem_tx pay_whole(uint64_t amount)
{
	pay_new(amount);
	pay_link();
	(void)att_tell(A);
	(void)att_tell(B);
	rig_settle();
	wait_ms(50);
	return pay_unit();
}

static void sweep_serve(int s, const struct effect *e)
{
	static uint8_t raw[16384], raw2[1024], body[20000];
	struct bytes items[FRAME_ITEMS_MAX];
	struct writer w = writer_make(body, sizeof body);
	struct doc_signature sign = { .genesis = r.genesis_id };
	struct hash32 id;
	struct doc d;
	size_t n = 0;

	CHECK(frame_items_all(e->body, items, FRAME_ITEMS_MAX, &n) == ERR_OK);
	CHECK(n == (s == A ? 2u : 4u) || n == (s == A ? 3u : 5u));
	CHECK(doc_open(&d, items[0], &r.genesis_id, NULL) == ERR_OK &&
	      doc_sweep_read(&d, &r.sweep, NULL) == ERR_OK);
	for (size_t i = 0; i < r.signer[s].swept_n; i++) {
		if (hash32_eq(&r.signer[s].swept[i].id, &d.id)) {
			enqueue(s == A ? CH_A : CH_B, role_of(s), SIGNER_SWEEP + 1, e->request_id,
				bytes_of(r.signer[s].swept[i].body, r.signer[s].swept[i].n));
			return;
		}
	}
	CHECK(r.signer[s].swept_n < ARRAY_LEN(r.signer[s].swept));
	r.signer[s].swept[r.signer[s].swept_n].id = d.id;
	CHECK(doc_open(&d, items[1], &r.genesis_id, NULL) == ERR_OK &&
	      (d.type == DOC_FREEZE || d.type == DOC_CLOSING));
	r.is_sweep = true;
	r.with_freeze = true;
	memcpy(r.freeze_raw, items[1].p, items[1].n);
	r.freeze_n = items[1].n;
	r.attest_key = NULL;
	att_make(s);
	n = made(raw, sizeof raw, &id, DOC_ATTESTATION, &r.att, &r.attest[s]);
	sign.attestation = id;
	edk_sign(&sign.signature, &r.chain[s == A ? K_A : K_B],
		 s == A ? payment_cosign(&r.pay) : payment_wrap(&r.pay));
	put_item(&w, bytes_of(raw, n));
	n = made(raw2, sizeof raw2, NULL, DOC_SIGNATURE, &sign, NULL);
	put_item(&w, bytes_of(raw2, n));
	(void)att_tell(s);
	CHECK(w.n <= sizeof r.signer[s].swept[0].body);
	memcpy(r.signer[s].swept[r.signer[s].swept_n].body, body, w.n);
	r.signer[s].swept[r.signer[s].swept_n++].n = w.n;
	enqueue(s == A ? CH_A : CH_B, role_of(s), SIGNER_SWEEP + 1, e->request_id,
		bytes_of(body, w.n));
}

bool handed_freeze(struct doc_freeze *f)
{
	struct doc d;

	return r.signer[A].stop_n > 0 &&
	       doc_open(&d, bytes_of(r.signer[A].stop_raw, r.signer[A].stop_n), &r.genesis_id,
			NULL) == ERR_OK &&
	       doc_freeze_read(&d, f, NULL) == ERR_OK;
}

size_t freeze_made(uint8_t *raw, size_t cap, const char *issuer, const struct key *k, bool evacuate,
		   struct bytes evidence, uint8_t nonce)
{
	static struct doc_freeze f;

	memset(&f, 0, sizeof f);
	f.evacuate = evacuate;
	f.evidence_n = evidence.n;
	if (evidence.n > 0) {
		memcpy(f.evidence, evidence.p, evidence.n);
	}
	f.genesis = r.genesis_id;
	(void)snprintf(f.issuer, sizeof f.issuer, "%s", issuer);
	f.nonce[0] = nonce;
	(void)snprintf(f.reason, sizeof f.reason, "test");
	f.scope = DOC_SCOPE_ALL;
	f.time_ms = r.wall;
	return made(raw, cap, NULL, DOC_FREEZE, &f, k);
}

void rig_resume(void)
{
	static struct paper p;
	const uint8_t *officers[2] = { r.person[0].secret, r.person[1].secret };
	struct doc_resume x = { .genesis = r.genesis_id,
				.initiator = "officer-1",
				.nonce = { (uint8_t)++r.ids },
				.scope = DOC_SCOPE_ALL,
				.time_ms = r.wall };
	struct bytes item;

	for (size_t i = 0; i < r.w.control.n; i++) {
		const struct control_entry *e = &r.w.control.entries[r.w.control.sorted[i]];

		if (e->state == CONTROL_BINDS) {
			x.freezes[x.lift_count++].id = e->id;
		}
	}
	paper_make(&p, DOC_RESUME, &x, &r.genesis_id, officers, 2);
	item = bytes_of(p.raw, p.n);
	CHECK(reply_type(ask(ROLE_STOP, WATCHER_STOP_PUT, &item, 1)) == DOC_RECEIPT);
	CHECK(!watch_frozen(&r.w));
	wait_ms(200);
}
