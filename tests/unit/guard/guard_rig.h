/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard_rig.h - two signers over a disk in memory, three watchers, a back end, people: everything
 * around guard_step() that a test needs, with every key at hand to misuse.
 *
 * The disk holds what EFFECT_COMMIT wrote.  rig.fuse counts effects: at zero the "machine" stops,
 * later effects of the step do not happen, and rig_restart() rebuilds the guard from the disk.
 */
#ifndef KURAMORI_TESTS_GUARD_RIG_H
#define KURAMORI_TESTS_GUARD_RIG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_address.h"
#include "chain/nem/nem_time.h"
#include "crypto/crypto.h"
#include "crypto/ed25519.h"
#include "crypto/sha256.h"
#include "crypto/uuid7.h"
#include "guard/guard.h"
#include "guard/guard_self.h"
#include "house.h"
#include "ipc/frame.h"
#include "paper.h"
#include "passkey_kit.h"
#include "policy/attempt.h"

#define NOW    UINT64_C(1516924800000)
#define X(xem) ((uint64_t)(xem)*1000000u)

enum { A = DOC_SIGNER_A, B = DOC_SIGNER_B };

#ifndef RIG_PAYMENTS_N
#define RIG_PAYMENTS_N 256 /* the bench of a start takes more */
#endif

enum {
	RIG_SENT_MAX = 8192,
	RIG_PAYMENTS = RIG_PAYMENTS_N,
	RIG_JOURNAL = RIG_PAYMENTS * 32 * 1024,
	SERVER = 1,
	STOPPER = 2,
	WATCHER = 10, /* channels 10, 11, 12 */
	NO_FUSE = -1,
	RIG_STALE_BYTE = 0xa5,
};

struct rig_key {
	struct key32 key;
	uint8_t secret[ED25519_SECRET_BYTES];
};

struct rig_sent {
	uint32_t channel;
	uint16_t number;
	uint64_t request_id;
	size_t n;
	uint8_t *body;
};

struct rig {
	struct guard g[2];
	struct guard_payment payments[2][RIG_PAYMENTS];
	struct policy_kept entries[2][RIG_PAYMENTS];
	uint8_t journal[2][RIG_JOURNAL];
	size_t journal_n[2];
	uint8_t store[GUARD_EFFECTS_BYTES];
	struct effects out;
	struct rig_sent sent[RIG_SENT_MAX];
	size_t sent_n;
	unsigned commits;
	const char *heed; /* notes that begin so are counted */
	unsigned heeded;
	int fuse;
	bool dead;
	unsigned planted, planted_control;
	uint64_t journal_bytes;
	bool unreadable; /* the disk gives nothing back */
	bool remembers;  /* documents that stop or rule in memory, as who only reads has them */
	uint8_t control[2][GUARD_STOP_BYTES + GUARD_CONTROL_BYTES]; /* there */
	size_t payments_cap;                                        /* 0: RIG_PAYMENTS */

	uint64_t wall, mono;
	uint64_t ids;

	struct rig_key backend, stranger, watcher[3], person[5], attest[2], source[3];
	struct edk_secret chain[2], till, purse, next_till, last_till;
	uint64_t till_micro; /* what watchers say of the first till */
	uint64_t next_micro; /* and of the second */
	struct log_secret log_secret;

	struct doc_genesis genesis;
	struct doc_roster roster;
	struct doc_policy policy;
	uint8_t genesis_raw[65536], roster_raw[65536], policy_raw[65536];
	size_t genesis_n, roster_n, policy_n;
	struct hash32 genesis_id, roster_id, policy_id;

	/* the request at hand */
	struct doc_request request;
	struct doc_order order;
	struct doc_attempt attempt;
	struct doc_approval approval[4];
	struct rig_key *request_key;
	struct rig_key *approval_key[4];
	size_t approvals;

	struct rig_proof { /* an assertion behind the approval */
		bool there;
		uint8_t key; /* number of a security key; person[i] has key i */
		uint8_t flags;
		uint32_t counter;
	} proof[4];

	struct doc_price price[DOC_SOURCES_MAX + 1];
	struct rig_key *price_key[DOC_SOURCES_MAX + 1];
	size_t prices;

	struct hash32 request_id, order_id, attempt_id;
	bool passkeys_only; /* of the roster */
	bool keep_links;    /* do not fill in the ids that link the documents */
};

static struct rig r;
static bool rig_three_tills;                 /* of the genesis that rig_make() writes */
static uint64_t rig_heartbeat_age_ms = 4000; /* of the policy that rig_make() writes */
static uint64_t rig_loosening_ms = 3600000;  /* the same */
static struct doc_yen rig_yen;               /* the same; age_max_ms 0: no caps in yen */

static inline struct money xem(uint64_t micro)
{
	return money_of(ASSET_XEM, micro);
}

static inline void rig_key(struct rig_key *k, uint8_t n)
{
	uint8_t seed[ED25519_SEED_BYTES] = { n, 77 };

	ed25519_keypair(&k->key, k->secret, seed);
}

static inline void rig_address(struct doc_address *out, const struct key32 *key)
{
	struct nem_address a;

	nem_address_from_key(&a, key, 0x98);
	memcpy(out->text, a.text, sizeof out->text);
}

static inline void rig_party(struct doc_party *p, const char *id, const struct rig_key *k)
{
	(void)snprintf(p->id, sizeof p->id, "%s", id);
	p->key = k->key;
}

/* Genesis, roster and policy as they stand in r, encoded and named by each other. */
static inline void rig_documents_write(void)
{
	struct writer w;
	uint8_t scratch[65536];

	memset(&r.roster.genesis, 0, sizeof r.roster.genesis);
	memset(&r.policy.genesis, 0, sizeof r.policy.genesis);
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

static inline void rig_documents(void)
{
	const struct key32 *const people[] = { &r.person[0].key, &r.person[1].key, &r.person[2].key,
					       &r.person[3].key, &r.person[4].key };

	r.roster = (struct doc_roster){ .backend_count = 1,
					.governance = 2,
					.number = 1,
					.signer_count = 2,
					.software_approvals = !r.passkeys_only,
					.watcher_count = 3,
					.watchers_needed = 2 };
	rig_party(&r.roster.backends[0], "backend", &r.backend);
	house_people(&r.roster, people);
	for (size_t i = 0; i < 2; i++) {
		r.roster.signers[i] =
		    (struct doc_signer_entry){ r.attest[i].key, r.chain[i].public_key,
					       (enum doc_signer)i };
	}
	rig_party(&r.roster.watchers[0], "watcher-1", &r.watcher[0]);
	rig_party(&r.roster.watchers[1], "watcher-2", &r.watcher[1]);
	rig_party(&r.roster.watchers[2], "watcher-3", &r.watcher[2]);
	if (rig_yen.age_max_ms != 0) {
		r.roster.source_count = 3;
		r.roster.prices_needed = 2;
		rig_party(&r.roster.price_sources[0], "price-1", &r.source[0]);
		rig_party(&r.roster.price_sources[1], "price-2", &r.source[1]);
		rig_party(&r.roster.price_sources[2], "price-3", &r.source[2]);
	}
	r.policy = house_policy();
	r.policy.heartbeat_age_ms = rig_heartbeat_age_ms;
	r.policy.loosening_ms = rig_loosening_ms;
	r.policy.yen_count = rig_yen.age_max_ms != 0;
	r.policy.yen[0] = rig_yen;
	r.genesis = (struct doc_genesis){
		.chain = DOC_CHAIN_NEM,
		.chain_network = 0x98,
		.hot_count = 3,
		.hot = { { DOC_HOT_TILL, r.till.public_key, { "" } },
			 { DOC_HOT_PURSE, r.purse.public_key, { "" } },
			 { DOC_HOT_TILL, r.next_till.public_key, { "" } } },
		.recovery = { .holders = 5, .needed = 3 },
		.spare_count = 3,
	};
	if (rig_three_tills) {
		r.genesis.hot_count = 4;
		r.genesis.hot[3] = (struct doc_hot){ DOC_HOT_TILL, r.last_till.public_key, { "" } };
		r.genesis.spare_count = 4;
		rig_address(&r.genesis.spares[3], &r.person[3].key);
		r.genesis.hot[3].spare = r.genesis.spares[3];
	}
	rig_address(&r.genesis.spares[0], &r.person[0].key);
	rig_address(&r.genesis.spares[1], &r.person[1].key);
	rig_address(&r.genesis.spares[2], &r.person[2].key);
	r.genesis.hot[2].spare = r.genesis.spares[2];
	r.genesis.hot[0].spare = r.genesis.spares[0];
	r.genesis.hot[1].spare = r.genesis.spares[1];
	rig_documents_write();
}

static int rig_signers[2] = { A, B };

/* What stands on the disk of this signer. */
static inline enum err rig_read(void *ctx, uint8_t *into, size_t n, uint64_t offset)
{
	int s = *(int *)ctx;

	if (r.unreadable || offset > r.journal_n[s] || n > r.journal_n[s] - offset) {
		return ERR_IO;
	}
	memcpy(into, r.journal[s] + offset, n);
	return ERR_OK;
}

static inline struct guard_config rig_config(int s)
{
	struct guard_config c = {
		.genesis = bytes_of(r.genesis_raw, r.genesis_n),
		.roster = bytes_of(r.roster_raw, r.roster_n),
		.policy = bytes_of(r.policy_raw, r.policy_n),
		.signer = (enum doc_signer)s,
		.chain_secret = &r.chain[s],
		.attest_secret = r.attest[s].secret,
		.log_secret = &r.log_secret,
		.program = { { 0x99 } },
		.network = 0x98,
		.journal_bytes = r.journal_bytes,
		.storage = { .payments = r.payments[s],
			     .payments_cap = r.payments_cap == 0 ? RIG_PAYMENTS : r.payments_cap,
			     .entries = r.entries[s],
			     .entries_cap = RIG_PAYMENTS,
			     .read = rig_read,
			     .control = r.remembers ? r.control[s] : NULL,
			     .ctx = &rig_signers[s] },
		.planted = r.planted,
		.planted_control = r.planted_control,
	};

	c.boot_random[0] = (uint8_t)s;
	le64_put(c.boot_random + 8, r.mono);
	return c;
}

/* Carries effects out in order until the fuse burns through. */
static inline void rig_run(int s)
{
	struct effects *out = &r.out;

	for (size_t i = 0; i < out->n; i++) {
		const struct effect *e = &out->list[i];

		if (r.fuse == 0) {
			r.dead = true;
			return;
		}
		if (r.fuse > 0) {
			r.fuse--;
		}
		if (e->kind == EFFECT_COMMIT) {
			CHECK(r.journal_n[s] + e->body.n <= RIG_JOURNAL);
			memcpy(r.journal[s] + r.journal_n[s], e->body.p, e->body.n);
			r.journal_n[s] += e->body.n;
			r.commits++;
		} else if (e->kind == EFFECT_SEND) {
			struct rig_sent *sent = &r.sent[r.sent_n++];

			CHECK(r.sent_n < RIG_SENT_MAX);
			*sent = (struct rig_sent){ e->channel, e->number, e->request_id, e->body.n,
						   malloc(e->body.n + 1) };
			CHECK(sent->body != NULL);
			if (e->body.n > 0) {
				memcpy(sent->body, e->body.p, e->body.n);
			}
		} else if (e->kind == EFFECT_NOTE && r.heed != NULL) {
			size_t n = strlen(r.heed);

			r.heeded += e->body.n >= n && memcmp(e->body.p, r.heed, n) == 0;
		}
	}
}

/* Whoever looks at what he has not written sees this, as he would see another's payment. */
static inline void rig_stale_room(void)
{
#ifdef RIG_STALE_ROOM
	memset(guard_self_scratch(GUARD_SCRATCH_BYTES), RIG_STALE_BYTE, GUARD_SCRATCH_BYTES);
#endif
}

static inline void rig_event(int s, struct event *ev)
{
	struct {
		uint64_t tag;
		uint64_t offset;
		uint32_t n;
	} reads[EFFECTS_MAX];

	size_t reads_n = 0;

	ev->wall_ms = r.wall;
	ev->mono_ms = r.mono;
	effects_init(&r.out, r.store, sizeof r.store);
	if (ev->kind != EVENT_REPLY) {
		rig_stale_room();
	}
	guard_step(&r.g[s], ev, &r.out);
	rig_run(s);
	for (size_t i = 0; i < r.out.n && !r.dead; i++) {
		const struct effect *e = &r.out.list[i];

		if (e->kind == EFFECT_CALL && e->number == GUARD_CALL_READ) {
			reads[reads_n].tag = e->request_id;
			reads[reads_n].offset = le64_get(e->body.p);
			reads[reads_n++].n = le32_get(e->body.p + 8);
		}
	}
	for (size_t i = 0; i < reads_n; i++) {
		struct event reply = { .kind = EVENT_REPLY,
				       .number = GUARD_CALL_READ,
				       .request_id = reads[i].tag,
				       .body = bytes_of(guard_reply_room(), reads[i].n) };

		/* where the program reads it, too: among what the next frame is judged in */
		CHECK(reads[i].n <= GUARD_BATCH_BYTES);
		CHECK(reads[i].offset + reads[i].n <= r.journal_n[s]);
		memcpy(guard_reply_room(), r.journal[s] + reads[i].offset, reads[i].n);
		rig_event(s, &reply);
	}
}

static inline void rig_tick(int s, uint64_t ms)
{
	struct event ev = { .kind = EVENT_TICK };

	r.wall += ms;
	r.mono += ms;
	rig_event(s, &ev);
}

/* Sends a frame; returns its request id. */
static inline uint64_t rig_frame(int s, uint32_t channel, uint16_t number, struct bytes body)
{
	struct event ev = { .kind = EVENT_FRAME,
			    .channel = channel,
			    .number = number,
			    .request_id = ++r.ids,
			    .body = body };

	ev.role = channel == SERVER    ? ROLE_SERVER
		  : channel == STOPPER ? ROLE_STOP
				       : GUARD_ROLE_WATCHER(channel - WATCHER);
	rig_event(s, &ev);
	return ev.request_id;
}

static inline const struct rig_sent *rig_answer(uint64_t request_id)
{
	for (size_t i = r.sent_n; i-- > 0;) {
		if (r.sent[i].request_id == request_id) {
			return &r.sent[i];
		}
	}
	return NULL;
}

static inline size_t rig_answers(uint64_t request_id)
{
	size_t n = 0;

	for (size_t i = 0; i < r.sent_n; i++) {
		n += r.sent[i].request_id == request_id;
	}
	return n;
}

/* Item i of an answer; empty if there is none. */
static inline struct bytes rig_item(const struct rig_sent *sent, size_t i)
{
	struct bytes items[FRAME_ITEMS_MAX];
	size_t n = 0;

	if (sent == NULL ||
	    frame_items_all(bytes_of(sent->body, sent->n), items, FRAME_ITEMS_MAX, &n) != ERR_OK ||
	    i >= n) {
		return (struct bytes){ NULL, 0 };
	}
	return items[i];
}

static inline enum doc_type rig_type(struct bytes item, struct doc *d)
{
	return item.n > 0 && doc_open(d, item, &r.genesis_id, NULL) == ERR_OK ? d->type
									      : (enum doc_type)0;
}

/* The refusal that answered this request, or NULL. */
static inline const struct doc_refusal *rig_refusal(uint64_t request_id)
{
	static struct doc_refusal refusal;
	struct doc d;

	if (rig_type(rig_item(rig_answer(request_id), 0), &d) != DOC_REFUSAL ||
	    doc_refusal_read(&d, &refusal, NULL) != ERR_OK) {
		return NULL;
	}
	return &refusal;
}

static inline const char *rig_code(uint64_t request_id)
{
	const struct doc_refusal *no = rig_refusal(request_id);

	return no == NULL ? "" : no->code;
}

static inline const char *rig_field(uint64_t request_id)
{
	const struct doc_refusal *no = rig_refusal(request_id);

	return no == NULL ? "" : no->field;
}

static inline void rig_guard(int s)
{
	struct guard_config c = rig_config(s);
	struct doc_fault fault;
	struct log_batch_head head;
	size_t at = 0;

	if (guard_init(&r.g[s], &c, &fault) != ERR_OK) {
		printf("# guard_init: %s: %s\n", fault.field, fault.why);
		CHECK(false);
	}
#ifdef RIG_SAME_MARKS /* a walk compares what is in memory across starts */
	memset(r.g[s].mark_key, RIG_STALE_BYTE, sizeof r.g[s].mark_key);
#endif
	while (at < r.journal_n[s]) {
		CHECK(log_batch_head_get(&head, r.journal[s] + at) == ERR_OK);
		CHECK(guard_replay(&r.g[s], bytes_of(r.journal[s] + at, head.bytes)) == ERR_OK);
		at += head.bytes;
	}
	effects_init(&r.out, r.store, sizeof r.store);
	CHECK(guard_start(&r.g[s], r.wall, r.mono, &r.out) == ERR_OK);
	r.fuse = NO_FUSE;
	r.dead = false;
	rig_run(s);
}

/* kill -9 and a new start; monotonic time begins anew, as after a reboot. */
static inline void rig_restart(int s)
{
	r.mono = 5000 + r.ids;
	rig_guard(s);
}

static inline void rig_forget(void)
{
	for (size_t i = 0; i < r.sent_n; i++) {
		free(r.sent[i].body);
	}
	r.sent_n = 0;
}

/* passkeys_only: the roster takes no software key for an approval. */
static inline void rig_make_as(bool passkeys_only)
{
	const uint8_t seeds[4] = { 21, 22, 23, 24 };
	uint8_t seed[32] = { 0 };

	rig_forget();
	memset(&r, 0, sizeof r);
	CHECK(crypto_init() == ERR_OK);
	r.passkeys_only = passkeys_only;
	r.wall = NOW;
	r.mono = 1000;
	memset(&r.log_secret, 0x3c, sizeof r.log_secret);
	rig_key(&r.backend, 1);
	rig_key(&r.stranger, 2);
	for (uint8_t i = 0; i < 3; i++) {
		rig_key(&r.watcher[i], (uint8_t)(30 + i));
		rig_key(&r.source[i], (uint8_t)(60 + i));
	}
	for (uint8_t i = 0; i < 5; i++) {
		rig_key(&r.person[i], (uint8_t)(40 + i));
	}
	rig_key(&r.attest[A], 50);
	rig_key(&r.attest[B], 51);
	seed[0] = seeds[0];
	edk_secret_make(&r.chain[A], seed);
	seed[0] = seeds[1];
	edk_secret_make(&r.chain[B], seed);
	seed[0] = seeds[2];
	edk_secret_make(&r.till, seed);
	seed[0] = seeds[3];
	edk_secret_make(&r.purse, seed);
	seed[0] = 0x77;
	edk_secret_make(&r.next_till, seed);
	seed[0] = 0x78;
	edk_secret_make(&r.last_till, seed);
	r.till_micro = r.next_micro = X(UINT64_C(8000000000));
	rig_documents();
	rig_guard(A);
	rig_guard(B);
}

static inline void rig_make(void)
{
	rig_make_as(false);
}

/* The newest nonce of a signer, as SYNC tells it. */
static inline struct doc_nonce rig_nonce(int s, unsigned watcher)
{
	struct doc_nonce nonce = { 0 };
	struct doc d;
	uint64_t id = rig_frame(s, WATCHER + watcher, SIGNER_SYNC, (struct bytes){ NULL, 0 });

	CHECK(rig_type(rig_item(rig_answer(id), 0), &d) == DOC_NONCE);
	CHECK(doc_nonce_read(&d, &nonce, NULL) == ERR_OK);
	return nonce;
}

static inline struct bytes rig_body(struct writer *w, const struct bytes *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		writer_u32(w, (uint32_t)items[i].n);
		writer_bytes(w, items[i]);
	}
	CHECK(!w->bad);
	return bytes_of(w->p, w->n);
}

static inline struct doc_heartbeat rig_heartbeat(int s, unsigned watcher)
{
	struct doc_nonce nonce = rig_nonce(s, watcher);
	struct doc_heartbeat h = {
		.genesis = r.genesis_id,
		.height = 5,
		.nonce = nonce.nonce,
		.policy = r.policy_id,
		.roster = r.roster_id,
		.signer = (enum doc_signer)s,
		.stop_count = nonce.stop_count,
		.stop_head = nonce.stop_head,
		.balance_count = rig_three_tills ? 3 : 2,
		.balances = { { .account = r.till.public_key,
				.confirmed = xem(r.till_micro),
				.promised = xem(0),
				.remaining = xem(r.till_micro) },
			      { .account = r.next_till.public_key,
				.confirmed = xem(r.next_micro),
				.promised = xem(0),
				.remaining = xem(r.next_micro) },
			      { .account = r.last_till.public_key,
				.confirmed = xem(X(UINT64_C(8000000000))),
				.promised = xem(0),
				.remaining = xem(X(UINT64_C(8000000000))) } },
	};
	uint32_t chain_s = 0;

	CHECK(nem_time_from_unix_ms(&chain_s, r.wall) == ERR_OK);
	h.chain_time_nem_s = chain_s;
	(void)snprintf(h.watcher, sizeof h.watcher, "watcher-%u", watcher + 1);
	return h;
}

static inline uint64_t rig_beat_as(int s, uint32_t channel, const struct doc_heartbeat *h,
				   const struct rig_key *key)
{
	static uint8_t raw[16384];
	static uint8_t body[16400];
	struct writer w = writer_make(raw, sizeof raw);
	struct writer b = writer_make(body, sizeof body);
	struct bytes item;

	CHECK(doc_heartbeat_make(&w, NULL, h, key == NULL ? NULL : key->secret) == ERR_OK);
	item = bytes_of(w.p, w.n);
	return rig_frame(s, channel, SIGNER_HEARTBEAT, rig_body(&b, &item, 1));
}

/* One good heartbeat. */
static inline uint64_t rig_beat(int s, unsigned watcher)
{
	struct doc_heartbeat h = rig_heartbeat(s, watcher);

	return rig_beat_as(s, WATCHER + watcher, &h, &r.watcher[watcher]);
}

/* Time for a new nonce, and all three watchers answer. */
static inline void rig_well(int s)
{
	rig_tick(s, 1001);
	for (unsigned i = 0; i < 3; i++) {
		(void)rig_beat(s, i);
	}
}

/* A request of this amount with everything that A wants; alter it, then rig_sign(). */
static inline void rig_withdrawal(uint64_t micro, size_t approvals, uint8_t number)
{
	const uint8_t tail[UUID7_RANDOM_BYTES] = { 0, 3, 0, 0, 0, number };
	uint32_t chain_s = 0;
	static const struct key32 customer = { { 0x55 } };

	CHECK(nem_time_from_unix_ms(&chain_s, r.wall) == ERR_OK);
	r.keep_links = false;
	r.request = (struct doc_request){
		.amount = xem(micro),
		.asset = ASSET_XEM,
		.customer = "customer-1",
		.genesis = r.genesis_id,
		.message_n = 5,
		.message = "hello",
		.time_ms = r.wall - 10,
	};
	rig_address(&r.request.destination, &customer);
	uuid7_make(&r.request.request_id, r.wall - 10, tail);
	r.order = (struct doc_order){
		.amount = xem(micro),
		.asset = ASSET_XEM,
		.chain = DOC_CHAIN_NEM,
		.created_ms = r.wall,
		.destination = r.request.destination,
		.expires_ms = r.wall + 1800000,
		.fee_max = xem(X(2)),
		.genesis = r.genesis_id,
		.message_n = 5,
		.message = "hello",
		.network = 0x98,
		.request_id = r.request.request_id,
		.vault = DOC_VAULT_HOT,
	};
	CHECK(attempt_make(&r.attempt, &r.policy, &r.order, &r.order_id, 1, &r.till.public_key,
			   chain_s) == ERR_OK);
	r.approvals = approvals;
	memset(r.proof, 0, sizeof r.proof);
	r.request_key = &r.backend;
	for (size_t i = 0; i < approvals; i++) {
		r.approval[i] = (struct doc_approval){ .decision = DOC_DECISION_YES,
						       .genesis = r.genesis_id,
						       .subject_type = DOC_ORDER,
						       .time_ms = r.wall };
		(void)snprintf(r.approval[i].person, sizeof r.approval[i].person, "approver-%zu",
			       i + 1);
		r.approval_key[i] = &r.person[2 + i];
	}
}

/* What price source i says of one XEM. */
static inline void rig_price(size_t at, size_t i, const char *rate)
{
	r.price[at] = paper_price(&r.genesis_id, i, r.wall, rate);
	r.price_key[at] = &r.source[i];
}

/* Two sources say this, and it goes with every payment from now on. */
static inline void rig_prices(const char *rate)
{
	rig_price(0, 0, rate);
	rig_price(1, 1, rate);
	r.prices = 2;
}

struct rig_bodies {
	uint8_t raw[11 + DOC_SOURCES_MAX + 1][8192];
	struct bytes items[24];
	size_t n;
};

/* Links (unless keep_links), signs and encodes the documents at hand. */
static inline void rig_encode(struct rig_bodies *b)
{
	struct writer w;

	b->n = 0;
	w = writer_make(b->raw[0], sizeof b->raw[0]);
	CHECK(doc_request_make(&w, &r.request_id, &r.request,
			       r.request_key == NULL ? NULL : r.request_key->secret) == ERR_OK);
	b->items[b->n++] = bytes_of(w.p, w.n);
	if (!r.keep_links) {
		r.order.request = r.request_id;
	}
	w = writer_make(b->raw[1], sizeof b->raw[1]);
	CHECK(doc_order_make(&w, &r.order_id, &r.order, NULL) == ERR_OK);
	b->items[b->n++] = bytes_of(w.p, w.n);
	if (!r.keep_links) {
		r.attempt.order = r.order_id;
	}
	w = writer_make(b->raw[2], sizeof b->raw[2]);
	CHECK(doc_attempt_make(&w, &r.attempt_id, &r.attempt, NULL) == ERR_OK);
	b->items[b->n++] = bytes_of(w.p, w.n);
	for (size_t i = 0; i < r.approvals; i++) {
		struct doc_assertion proof;
		struct hash32 id;

		if (!r.keep_links) {
			r.approval[i].subject = r.order_id;
		}
		w = writer_make(b->raw[3 + i], sizeof b->raw[3 + i]);
		CHECK(doc_approval_make(
			  &w, &id, &r.approval[i],
			  r.approval_key[i] == NULL ? NULL : r.approval_key[i]->secret) == ERR_OK);
		b->items[b->n++] = bytes_of(w.p, w.n);
		if (!r.proof[i].there) {
			continue;
		}
		passkey_assert(&proof, r.proof[i].key, &id, r.proof[i].counter, r.proof[i].flags);
		proof.genesis = r.genesis_id;
		w = writer_make(b->raw[7 + i], sizeof b->raw[7 + i]);
		CHECK(doc_assertion_make(&w, NULL, &proof, NULL) == ERR_OK);
		b->items[b->n++] = bytes_of(w.p, w.n);
	}
	for (size_t i = 0; i < r.prices; i++) {
		w = writer_make(b->raw[11 + i], sizeof b->raw[0]);
		CHECK(doc_price_make(&w, NULL, &r.price[i],
				     r.price_key[i] == NULL ? NULL : r.price_key[i]->secret) ==
		      ERR_OK);
		b->items[b->n++] = bytes_of(w.p, w.n);
	}
}

static inline uint64_t rig_send(int s, const struct rig_bodies *b)
{
	static uint8_t body[65536];
	struct writer w = writer_make(body, sizeof body);

	return rig_frame(s, SERVER, SIGNER_SIGN, rig_body(&w, b->items, b->n));
}

/* SIGN to A with the documents at hand. */
static inline uint64_t rig_sign(void)
{
	static struct rig_bodies b;

	rig_encode(&b);
	return rig_send(A, &b);
}

/* SIGN to B: the same with A's attestation and signature. */
static inline uint64_t rig_sign_b(const struct rig_sent *a)
{
	static struct rig_bodies b;

	rig_encode(&b);
	b.items[b.n++] = rig_item(a, 0);
	b.items[b.n++] = rig_item(a, 1);
	return rig_send(B, &b);
}

/* What a row of the table stands for, whole: of hashes the table has marks. */
struct rig_attested {
	struct hash32 id;
	struct doc_attestation t;
};

static inline struct rig_attested rig_attested(int s, size_t row)
{
	const struct guard_payment *p = &r.payments[s][row];
	struct rig_attested a = { .id = { { 0 } } };
	struct log_view view;
	struct doc d;

	CHECK(row < r.g[s].payments_n);
	CHECK(log_batch_check(&view, bytes_of(r.journal[s] + p->batch_offset, p->batch_bytes)) ==
	      ERR_OK);
	for (uint32_t i = 0; i < view.head.count; i++) {
		struct log_record record;
		struct bytes blob;

		CHECK(log_view_record(&record, &view, i) == ERR_OK);
		if (record.kind == LOG_GUARD_ATTEST || record.kind == LOG_GUARD_RECALL) {
			CHECK(log_view_blob(&blob, &view, &record.link) == ERR_OK);
			CHECK(doc_open(&d, blob, &r.genesis_id, NULL) == ERR_OK);
			CHECK(doc_attestation_read(&d, &a.t, NULL) == ERR_OK);
			a.id = d.id;
		}
	}
	return a;
}

static inline struct hash32 rig_newest(int s)
{
	return rig_attested(s, r.g[s].payments_n - 1).id;
}

static inline uint64_t rig_ack_as(int s, uint32_t channel, const char *name,
				  const struct hash32 *attestation, const struct rig_key *key)
{
	struct doc_ack ack = { .attestation = *attestation,
			       .genesis = r.genesis_id,
			       .time_ms = r.wall };
	uint8_t raw[2048];
	uint8_t body[2052];
	struct writer w = writer_make(raw, sizeof raw);
	struct writer b = writer_make(body, sizeof body);
	struct bytes item;

	(void)snprintf(ack.watcher, sizeof ack.watcher, "%s", name);
	CHECK(doc_ack_make(&w, NULL, &ack, key == NULL ? NULL : key->secret) == ERR_OK);
	item = bytes_of(w.p, w.n);
	return rig_frame(s, channel, SIGNER_ACK, rig_body(&b, &item, 1));
}

static inline uint64_t rig_ack(int s, unsigned watcher, const struct hash32 *attestation)
{
	char name[16];

	(void)snprintf(name, sizeof name, "watcher-%u", watcher + 1);
	return rig_ack_as(s, WATCHER + watcher, name, attestation, &r.watcher[watcher]);
}

/* [attestation, signature] answered this request. */
static inline bool rig_signed(uint64_t id)
{
	const struct rig_sent *a = rig_answer(id);
	struct doc d;

	return rig_type(rig_item(a, 0), &d) == DOC_ATTESTATION &&
	       rig_type(rig_item(a, 1), &d) == DOC_SIGNATURE;
}

/* Both acknowledgements that are needed. */
static inline void rig_acks(int s)
{
	struct hash32 id = rig_newest(s);

	(void)rig_ack(s, 0, &id);
	(void)rig_ack(s, 1, &id);
}

static inline struct doc_freeze rig_freeze(const char *issuer, uint8_t number)
{
	struct doc_freeze f = { .genesis = r.genesis_id,
				.nonce = { number },
				.reason = "test",
				.scope = DOC_SCOPE_ALL,
				.time_ms = r.wall };

	(void)snprintf(f.issuer, sizeof f.issuer, "%s", issuer);
	return f;
}

static inline struct bytes rig_freeze_raw(uint8_t raw[16384], const struct doc_freeze *f,
					  const struct rig_key *key)
{
	struct writer w = writer_make(raw, 16384);

	CHECK(doc_freeze_make(&w, NULL, f, key == NULL ? NULL : key->secret) == ERR_OK);
	return bytes_of(w.p, w.n);
}

static inline uint64_t rig_stop(int s, uint32_t channel, const struct doc_freeze *f,
				const struct rig_key *key)
{
	static uint8_t raw[16384];
	static uint8_t body[16400];
	struct writer b = writer_make(body, sizeof body);
	struct bytes item = rig_freeze_raw(raw, f, key);

	return rig_frame(s, channel, SIGNER_STOP_PUT, rig_body(&b, &item, 1));
}

#endif
