/* SPDX-License-Identifier: Apache-2.0 */
/*
 * payout_world.h - everything around one payout core: keys, documents, a chain of real blocks, two
 * signers that sign with real keys and remember what they signed, and a disk that can lose what was
 * not yet written when the process dies.
 *
 * The fake signers refuse a second attempt of an order, as real ones do, so that "paid once" is not
 * their doing by accident: every attempt that was ever asked for is kept and compared.
 */
#ifndef KURAMORI_TESTS_PAYOUT_WORLD_H
#define KURAMORI_TESTS_PAYOUT_WORLD_H

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "chain/feed.h"
#include "chain/nem/nem_block.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_time.h"
#include "chain/nem/nem_tx.h"
#include "crypto/crypto.h"
#include "crypto/ed25519.h"
#include "crypto/uuid7.h"
#include "doc/types.h"
#include "ipc/frame.h"
#include "ipc/gate.h"
#include "ipc/msgs.h"
#include "passkey_kit.h"
#include "payout/payout.h"
#include "policy/exclusion.h"
#include "policy/payment.h"

#define START  UINT64_C(1516924800000) /* 2018-01-26 00:00 UTC */
#define X(xem) ((uint64_t)(xem)*1000000u)

enum { NET = 0x98, BLOCKS_MAX = 600, BATCHES_MAX = 2000, SEEN_MAX = 4000, TX_MAX = 40 };

struct blob {
	uint8_t *p;
	size_t n;
};

struct person {
	struct key32 key;
	uint8_t secret[ED25519_SECRET_BYTES];
};

struct asked {
	struct hash32 order, attempt;
	int signer;
	unsigned proofs; /* assertions in it */
	unsigned days;   /* and days */
	unsigned prices;
	char people[80]; /* whose approvals, each behind a blank */
};

struct world {
	/* keys */
	struct person backend, alice, bob, cora, officer, omar, watcher[3], attest[2], source[3];
	struct edk_secret chain_key[2], till, purse, deposit, stranger, harvester;
	struct nem_address till_at, purse_at, deposit_at, stranger_at, box_at, spare_at[3];
	struct hash32 genesis_id;
	struct blob genesis, roster, policy;
	struct doc_policy rules;
	struct log_secret log_secret;
	struct payout_config config;

	/* the chain */
	struct blob block[BLOCKS_MAX + 1];
	struct hash32 block_hash[BLOCKS_MAX + 1];
	uint32_t block_time[BLOCKS_MAX + 1];
	size_t height;
	struct blob pool[TX_MAX];
	size_t pool_n;
	size_t mined_units; /* how often a unit of ours went into a block */

	/* the process and its disk */
	struct payout *p;
	struct effects fx;
	uint8_t *store;
	struct blob journal[BATCHES_MAX];
	size_t journal_n;
	size_t commits, crash_after; /* die after this many commits in all; 0: never */
	bool crashed;
	bool crash_before; /* die before the commit instead: it is lost */
	size_t restarts;

	/* the signers */
	bool silent[2], frozen[2], lie[2];
	struct blob reply[64];
	uint32_t reply_channel[64];
	uint64_t reply_tag[64];
	uint16_t reply_number[64];
	size_t reply_n;
	struct asked asked[SEEN_MAX];
	size_t asked_n;
	struct hash32 units[SEEN_MAX]; /* payments announced */
	size_t units_n;
	size_t announcements;
	unsigned stops_sent;
	unsigned orders_told;

	struct world_known { /* an order, and since when it is known on each link */
		struct hash32 order;
		uint64_t since[5];
	} known[32];

	size_t known_n;

	uint64_t wall_ms, mono_ms;
	uint32_t request_no;

	/* the answer to the last API event */
	bool answered;
	enum err err;
	char field[128];
	char detail[512];
	char text[PAYOUT_ANSWER_MAX];

	/* what people were told of grants */
	char grant_note[128];
	unsigned grant_notes;
};

static inline void text_set(char *out, size_t cap, const char *text)
{
	int n = snprintf(out, cap, "%s", text);

	CHECK(n >= 0 && (size_t)n < cap);
}

static inline struct money xem(uint64_t micro)
{
	return money_of(ASSET_XEM, micro);
}

static inline struct blob blob_of(struct bytes b)
{
	struct blob out = { .p = malloc(b.n + 1), .n = b.n };

	CHECK(out.p != NULL);
	if (b.n > 0) {
		memcpy(out.p, b.p, b.n);
	}
	return out;
}

static inline struct bytes view(const struct blob *b)
{
	return bytes_of(b->p, b->n);
}

static inline struct person person_make(uint8_t n)
{
	struct person p;
	uint8_t seed[32];

	memset(seed, n, sizeof seed);
	ed25519_keypair(&p.key, p.secret, seed);
	return p;
}

static inline struct edk_secret chain_key_make(uint8_t n, struct nem_address *at)
{
	struct edk_secret s;
	uint8_t seed[32];

	memset(seed, n, sizeof seed);
	edk_secret_make(&s, seed);
	if (at != NULL) {
		nem_address_from_key(at, &s.public_key, NET);
	}
	return s;
}

static inline void address_set(struct doc_address *out, const struct nem_address *a)
{
	memcpy(out->text, a->text, sizeof out->text);
}

/* --- the chain --- */

static inline struct nem_tx transfer_make(const struct edk_secret *from, const char *to,
					  uint64_t micro, const char *message, uint32_t time)
{
	struct nem_tx tx = { .type = NEM_TRANSFER };

	tx.head = (struct nem_header){ .network = NET,
				       .version = 1,
				       .time_nem_s = time,
				       .deadline_nem_s = time + 3600,
				       .signer = from->public_key };
	memcpy(tx.transfer.recipient.text, to, sizeof tx.transfer.recipient.text);
	tx.transfer.amount_micro = micro;
	if (message != NULL) {
		tx.transfer.message_type = NEM_MESSAGE_PLAIN;
		tx.transfer.message_bytes = (uint16_t)strlen(message);
		memcpy(tx.transfer.message, message, strlen(message));
	}
	nem_tx_canonicalise(&tx);
	tx.head.fee_micro = nem_fee_minimum(&tx);
	CHECK(nem_tx_sign(&tx, from) == ERR_OK);
	return tx;
}

static inline struct blob tx_blob(const struct nem_tx *tx)
{
	uint8_t raw[NEM_TX_BYTES_MAX];
	struct writer w = writer_make(raw, sizeof raw);

	nem_tx_encode(&w, tx, NEM_SIGNED);
	CHECK(!w.bad);
	return blob_of(bytes_of(raw, w.n));
}

static inline void pool_add(struct world *w, const struct nem_tx *tx)
{
	CHECK(w->pool_n < TX_MAX);
	w->pool[w->pool_n++] = tx_blob(tx);
}

/* A block of these transactions on top; everything in the pool for n < 0. */
static inline void mine_these(struct world *w, const struct blob *txs, size_t n)
{
	static uint8_t buffer[NEM_BLOCK_BYTES_MAX];
	struct nem_block_build build;
	struct nem_block_head head = {
		.type = w->height == 0 ? NEM_BLOCK_NEMESIS : NEM_BLOCK_NORMAL,
		.network = NET,
		.height = w->height + 1,
		.harvester = w->harvester.public_key,
	};
	struct bytes raw;
	struct nem_block block;
	uint32_t wall_s;

	CHECK(w->height < BLOCKS_MAX);
	CHECK(nem_time_from_unix_ms(&wall_s, w->wall_ms) == ERR_OK);
	head.time_nem_s = wall_s;
	if (w->height > 0) {
		head.previous = w->block_hash[w->height];
		if (head.time_nem_s <= w->block_time[w->height]) {
			head.time_nem_s = w->block_time[w->height] + 1;
		}
	}
	CHECK(nem_block_build_start(&build, buffer, sizeof buffer, &head) == ERR_OK);
	for (size_t i = 0; i < n; i++) {
		struct nem_tx tx;

		CHECK(nem_tx_decode(&tx, NET, view(&txs[i]), NEM_SIGNED) == ERR_OK);
		CHECK(nem_block_build_add(&build, &tx) == ERR_OK);
		w->mined_units += tx.type == NEM_MULTISIG;
	}
	CHECK(nem_block_build_sign(&build, &w->harvester, &raw) == ERR_OK);
	w->height++;
	free(w->block[w->height].p);
	w->block[w->height] = blob_of(raw);
	w->block_time[w->height] = head.time_nem_s;
	CHECK(nem_block_decode(&block, NET, view(&w->block[w->height])) == ERR_OK);
	nem_block_hash(&w->block_hash[w->height], &block);
}

static inline void mine_quiet(struct world *w)
{
	mine_these(w, w->pool, w->pool_n);
	for (size_t i = 0; i < w->pool_n; i++) {
		free(w->pool[i].p);
	}
	w->pool_n = 0;
}

/* --- the signers --- */

static inline void reply_push(struct world *w, uint32_t channel, uint16_t number, uint64_t tag,
			      const struct bytes *items, size_t n)
{
	uint8_t *body = malloc(FRAME_BODY_MAX);
	struct writer out = writer_make(body, FRAME_BODY_MAX);

	CHECK(body != NULL && w->reply_n < ARRAY_LEN(w->reply));
	for (size_t i = 0; i < n; i++) {
		writer_u32(&out, (uint32_t)items[i].n);
		writer_bytes(&out, items[i]);
	}
	CHECK(!out.bad);
	w->reply[w->reply_n] = (struct blob){ .p = body, .n = out.n };
	w->reply_channel[w->reply_n] = channel;
	w->reply_number[w->reply_n] = number;
	w->reply_tag[w->reply_n++] = tag;
}

static bool world_price_bad; /* signers do not take the prices that they are given */

static inline void refuse(struct world *w, uint32_t channel, uint64_t tag, const char *code,
			  const char *detail)
{
	struct doc_refusal r = { .genesis = w->genesis_id };
	uint8_t text[2048];
	struct writer out = writer_make(text, sizeof text);
	struct bytes item;

	text_set(r.code, sizeof r.code, code);
	text_set(r.detail, sizeof r.detail, detail);
	text_set(r.field, sizeof r.field, world_price_bad ? "price.time_ms" : "");
	CHECK(doc_refusal_make(&out, NULL, &r, NULL) == ERR_OK);
	item = bytes_of(text, out.n);
	reply_push(w, channel, MSGS_REPLY(SIGNER_SIGN), tag, &item, 1);
}

static inline struct blob doc_blob(enum doc_type type, const void *in, const uint8_t *secret,
				   struct hash32 *id);
static bool world_day_refused[2]; /* that signer takes no day */

static inline void refuse_day(struct world *w, uint32_t channel, uint64_t tag)
{
	struct doc_refusal r = { .code = "mismatch",
				 .detail = "not what this signer attested",
				 .field = "day.a_unapproved",
				 .genesis = w->genesis_id };
	struct blob b = doc_blob(DOC_REFUSAL, &r, NULL, NULL);
	struct bytes item = view(&b);

	reply_push(w, channel, MSGS_REPLY(SIGNER_SIGN), tag, &item, 1);
	free(b.p);
}

static const struct key32 *world_closed; /* signer B pays no more from this account */
static bool world_two_tills;
static struct doc_yen world_yen; /* of the policy; age_max_ms 0: no caps in yen */
static uint64_t world_order_life_ms = 3600000;
static bool world_excludes; /* watchers call every attempt dead that they are asked about */

static inline void sign_asked(struct world *w, const struct effect *f)
{
	int signer = f->channel == PAYOUT_CHANNEL_A ? 0 : 1;
	struct bytes items[FRAME_ITEMS_MAX], out_items[2];
	struct doc request, order, attempt;
	struct doc_order o;
	struct doc_attempt a;
	struct payment pay;
	struct doc_attestation att = { .genesis = w->genesis_id };
	struct doc_signature sig = { .genesis = w->genesis_id };
	uint8_t text[2][8192];
	struct writer out[2] = { writer_make(text[0], sizeof text[0]),
				 writer_make(text[1], sizeof text[1]) };
	struct bytes data;
	struct doc last = { .type = 0 };
	unsigned words = 0, proofs = 0, days = 0, prices = 0;
	char people[sizeof w->asked[0].people] = "";
	bool later;
	size_t n;

	CHECK(frame_items_all(f->body, items, FRAME_ITEMS_MAX, &n) == ERR_OK);
	for (size_t i = 3; i < n; i++) {
		struct doc d;

		CHECK(doc_open(&d, items[i], &w->genesis_id, NULL) == ERR_OK);
		words += d.type == DOC_EXCLUSION;
		days += d.type == DOC_DAY;
		prices += d.type == DOC_PRICE;
		if (d.type == DOC_ASSERTION) {
			struct doc_assertion proof;

			/* as the signers take it: right behind its own approval */
			CHECK(doc_assertion_read(&d, &proof, NULL) == ERR_OK);
			CHECK(last.type == DOC_APPROVAL && hash32_eq(&last.id, &proof.approval));
			proofs++;
		}
		if (d.type == DOC_APPROVAL) {
			struct doc_approval said;
			size_t at = strlen(people);

			CHECK(doc_approval_read(&d, &said, NULL) == ERR_OK);
			CHECK(at + strlen(said.person) + 2 < sizeof people);
			snprintf(people + at, sizeof people - at, " %s", said.person);
		}
		last = d;
	}
	CHECK(n >= (signer == 0 ? 3u : 5u));
	CHECK(doc_open(&request, items[0], &w->genesis_id, NULL) == ERR_OK);
	CHECK(doc_open(&order, items[1], &w->genesis_id, NULL) == ERR_OK);
	CHECK(doc_open(&attempt, items[2], &w->genesis_id, NULL) == ERR_OK);
	CHECK(doc_order_read(&order, &o, NULL) == ERR_OK);
	CHECK(doc_attempt_read(&attempt, &a, NULL) == ERR_OK);
	later = a.number > 1 && words == 2 * (a.number - 1);
	CHECK(w->asked_n < SEEN_MAX);
	w->asked[w->asked_n++] = (struct asked){ .order = order.id,
						 .attempt = attempt.id,
						 .signer = signer,
						 .proofs = proofs,
						 .days = days,
						 .prices = prices };
	memcpy(w->asked[w->asked_n - 1].people, people, sizeof people);
	if (w->silent[signer]) {
		return;
	}
	if (days > 0 && world_day_refused[signer]) {
		refuse_day(w, f->channel, f->request_id);
		return;
	}
	if (w->frozen[signer]) {
		refuse(w, f->channel, f->request_id, "frozen", "a freeze is in force");
		return;
	}
	if (world_price_bad) {
		refuse(w, f->channel, f->request_id, "stale", "the price is too old");
		return;
	}
	if (world_closed != NULL && key32_eq(&a.account, world_closed)) {
		refuse(w, f->channel, f->request_id, "policy",
		       "this account is closed: it pays no more");
		return;
	}
	for (size_t i = 0; i < w->asked_n; i++) {
		if (hash32_eq(&w->asked[i].order, &order.id) && !later &&
		    !hash32_eq(&w->asked[i].attempt, &attempt.id)) {
			refuse(w, f->channel, f->request_id, "already-used", "another attempt");
			return;
		}
	}
	CHECK(payment_make(&pay, NET, &w->chain_key[0].public_key, &w->chain_key[1].public_key, &o,
			   &a) == ERR_OK);
	data = signer == 0 ? payment_cosign(&pay) : payment_wrap(&pay);
	att.data_n = data.n;
	memcpy(att.data, data.p, data.n);
	att.inner_hash = pay.inner_hash;
	att.kind = signer == 0 ? DOC_ATTEST_COSIGN : DOC_ATTEST_WRAP;
	att.sequence = 7;
	att.signer = (enum doc_signer)signer;
	att.subject = attempt.id;
	att.subject_type = DOC_ATTEMPT;
	att.time_ms = START;
	CHECK(doc_attestation_make(&out[0], &sig.attestation, &att, w->attest[signer].secret) ==
	      ERR_OK);
	edk_sign(&sig.signature, &w->chain_key[signer], data);
	if (w->lie[signer]) {
		sig.signature.b[5] ^= 1;
	}
	CHECK(doc_signature_make(&out[1], NULL, &sig, NULL) == ERR_OK);
	out_items[0] = bytes_of(text[0], out[0].n);
	out_items[1] = bytes_of(text[1], out[1].n);
	reply_push(w, f->channel, MSGS_REPLY(SIGNER_SIGN), f->request_id, out_items, 2);
}

static inline void stop_asked(struct world *w, const struct effect *f)
{
	struct doc_receipt r = { .genesis = w->genesis_id };
	const struct person *holder;
	struct doc d;
	struct bytes item;
	uint8_t text[2048];
	struct writer out = writer_make(text, sizeof text);
	size_t n;

	CHECK(frame_items_all(f->body, &item, 1, &n) == ERR_OK && n == 1);
	CHECK(doc_open(&d, item, &w->genesis_id, NULL) == ERR_OK);
	w->stops_sent++;
	r.document = d.id;
	if (f->channel < PAYOUT_CHANNEL_WATCHER) {
		holder = &w->attest[f->channel - 1];
		text_set(r.holder, sizeof r.holder, f->channel == PAYOUT_CHANNEL_A ? "a" : "b");
	} else {
		holder = &w->watcher[f->channel - PAYOUT_CHANNEL_WATCHER];
		text_set(r.holder, sizeof r.holder, "w1");
	}
	CHECK(doc_receipt_make(&out, NULL, &r, holder->secret) == ERR_OK);
	item = bytes_of(text, out.n);
	reply_push(w, f->channel, MSGS_REPLY(SIGNER_STOP_PUT), f->request_id, &item, 1);
}

static uint64_t world_lock_ms;     /* of tiers with approvals */
static uint32_t world_orders_mute; /* bit per link: it refuses to know an order */
static uint32_t world_orders_lie;  /* and gives a receipt that somebody else signed */

static inline void order_asked(struct world *w, const struct effect *f)
{
	uint32_t link = f->channel - 1;
	struct doc_receipt r = { .genesis = w->genesis_id };
	struct doc_refusal no = { .genesis = w->genesis_id, .code = "full" };
	const struct person *holder = link < 2 ? &w->attest[link] : &w->watcher[link - 2];
	struct world_known *k = w->known;
	struct bytes items[2], item;
	uint8_t text[2048];
	struct writer out = writer_make(text, sizeof text);
	struct doc request, order;
	size_t n;

	CHECK(frame_items_all(f->body, items, 2, &n) == ERR_OK && n == 2 && link < 5);
	CHECK(doc_open(&request, items[0], &w->genesis_id, NULL) == ERR_OK);
	CHECK(doc_open(&order, items[1], &w->genesis_id, NULL) == ERR_OK);
	CHECK(request.type == DOC_REQUEST && order.type == DOC_ORDER);
	w->orders_told++;
	while (k < w->known + w->known_n && !hash32_eq(&k->order, &order.id)) {
		k++;
	}
	if (k == w->known + w->known_n) {
		CHECK(w->known_n++ < ARRAY_LEN(w->known));
		k->order = order.id;
	}
	if ((world_orders_mute >> link & 1) != 0) {
		CHECK(doc_refusal_make(&out, NULL, &no, NULL) == ERR_OK);
	} else {
		k->since[link] = k->since[link] == 0 ? w->wall_ms : k->since[link];
		r.document = order.id;
		r.time_ms = k->since[link];
		text_set(r.holder, sizeof r.holder, link < 2 ? "a" : "w1");
		holder = (world_orders_lie >> link & 1) != 0 ? &w->alice : holder;
		CHECK(doc_receipt_make(&out, NULL, &r, holder->secret) == ERR_OK);
	}
	item = bytes_of(text, out.n);
	reply_push(w, f->channel, MSGS_REPLY(SIGNER_ORDER), f->request_id, &item, 1);
}

/* A watcher is asked whether an attempt is dead. */
static inline void exclude_asked(struct world *w, const struct effect *f)
{
	unsigned who = f->channel - PAYOUT_CHANNEL_WATCHER;
	struct bytes items[2], item;
	struct doc order, attempt;
	struct doc_order o;
	struct doc_attempt a;
	struct payment pay;
	struct doc_exclusion x = { .genesis = w->genesis_id };
	uint8_t text[2048];
	struct writer out = writer_make(text, sizeof text);
	size_t n;

	if (!world_excludes) {
		struct doc_refusal r = { .genesis = w->genesis_id };

		text_set(r.code, sizeof r.code, "waiting");
		text_set(r.detail, sizeof r.detail, "it may live");
		CHECK(doc_refusal_make(&out, NULL, &r, NULL) == ERR_OK);
		item = bytes_of(text, out.n);
		reply_push(w, f->channel, MSGS_REPLY(WATCHER_EXCLUDE), f->request_id, &item, 1);
		return;
	}
	CHECK(frame_items_all(f->body, items, 2, &n) == ERR_OK && n == 2);
	CHECK(doc_open(&order, items[0], &w->genesis_id, NULL) == ERR_OK);
	CHECK(doc_open(&attempt, items[1], &w->genesis_id, NULL) == ERR_OK);
	CHECK(doc_order_read(&order, &o, NULL) == ERR_OK);
	CHECK(doc_attempt_read(&attempt, &a, NULL) == ERR_OK);
	CHECK(payment_make(&pay, NET, &w->chain_key[0].public_key, &w->chain_key[1].public_key, &o,
			   &a) == ERR_OK);
	x.account = a.account;
	x.attempt = attempt.id;
	x.final_height = 1;
	x.final_time_nem_s = a.deadline_nem_s + 1;
	x.height = 1 + EXCLUSION_DEPTH;
	x.inner_hash = pay.inner_hash;
	x.largest = x.residue = money_of(ASSET_XEM, 0);
	(void)snprintf(x.watcher, sizeof x.watcher, "w%u", who + 1);
	CHECK(doc_exclusion_make(&out, NULL, &x, w->watcher[who].secret) == ERR_OK);
	item = bytes_of(text, out.n);
	reply_push(w, f->channel, MSGS_REPLY(WATCHER_EXCLUDE), f->request_id, &item, 1);
}

/* --- the shell --- */

static inline void announced(struct world *w, struct bytes body)
{
	struct nem_tx tx;
	struct hash32 name, other;

	CHECK(body.n > 4);
	CHECK(nem_tx_decode(&tx, NET, bytes_of(body.p + 4, body.n - 4), NEM_SIGNED) == ERR_OK);
	CHECK(nem_tx_verify(&tx) == ERR_OK);
	nem_tx_payment_hash(&name, &tx);
	w->announcements++;
	if (le32_get(body.p) != 0) {
		return;
	}
	CHECK(w->units_n < SEEN_MAX);
	w->units[w->units_n++] = name;
	for (size_t i = 0; i < w->pool_n; i++) {
		struct nem_tx known;

		CHECK(nem_tx_decode(&known, NET, view(&w->pool[i]), NEM_SIGNED) == ERR_OK);
		nem_tx_payment_hash(&other, &known);
		if (hash32_eq(&name, &other)) {
			return;
		}
	}
	/* a node refuses what is in a block already */
	for (size_t h = 1; h <= w->height; h++) {
		struct nem_block block;
		struct nem_block_walk walk;

		CHECK(nem_block_decode(&block, NET, view(&w->block[h])) == ERR_OK);
		walk = nem_block_walk_make(&block);
		while (nem_block_walk_decode(&walk, &tx)) {
			nem_tx_payment_hash(&other, &tx);
			if (hash32_eq(&name, &other)) {
				return;
			}
		}
	}
	CHECK(w->pool_n < TX_MAX);
	w->pool[w->pool_n++] = blob_of(bytes_of(body.p + 4, body.n - 4));
}

static inline void answer_take(struct world *w, struct bytes body)
{
	struct reader r = reader_make(body);
	struct bytes part;

	w->answered = true;
	w->field[0] = w->detail[0] = w->text[0] = '\0';
	w->err = (enum err)reader_u32(&r);
	if (w->err == ERR_OK) {
		memcpy(w->text, r.p, r.left);
		w->text[r.left] = '\0';
		return;
	}
	part = reader_bytes(&r, reader_u32(&r));
	snprintf(w->field, sizeof w->field, "%.*s", (int)part.n, (const char *)part.p);
	part = reader_bytes(&r, reader_u32(&r));
	snprintf(w->detail, sizeof w->detail, "%.*s", (int)part.n, (const char *)part.p);
	part = reader_bytes(&r, reader_u32(&r));
	CHECK(part.n > 0 && reader_done(&r));
}

static inline void blob_asked(struct world *w, const struct effect *f);

static inline void note_keep(struct world *w, struct bytes note)
{
	static const char grant[] = "unusual grant ";

	if (note.n > strlen(grant) && memcmp(note.p, grant, strlen(grant)) == 0) {
		snprintf(w->grant_note, sizeof w->grant_note, "%.*s", (int)note.n,
			 (const char *)note.p);
		w->grant_notes++;
	}
}

static inline void carry_out(struct world *w)
{
	struct effects now = w->fx;
	uint64_t blob_id = 0;
	struct effect blob_call = { 0 };

	for (size_t i = 0; i < now.n && !w->crashed; i++) {
		const struct effect *f = &now.list[i];

		switch (f->kind) {
		case EFFECT_COMMIT:
			w->commits++;
			if (w->commits == w->crash_after && w->crash_before) {
				w->crashed = true;
				break;
			}
			CHECK(w->journal_n < BATCHES_MAX);
			w->journal[w->journal_n++] = blob_of(f->body);
			w->crashed = w->commits == w->crash_after;
			break;
		case EFFECT_SEND:
			if (f->number == SIGNER_SIGN) {
				sign_asked(w, f);
			} else if (f->number == SIGNER_STOP_PUT) {
				stop_asked(w, f);
			} else if (f->number == SIGNER_ORDER) {
				order_asked(w, f);
			} else if (f->number == WATCHER_EXCLUDE &&
				   f->channel >= PAYOUT_CHANNEL_WATCHER) {
				exclude_asked(w, f);
			}
			break;
		case EFFECT_CALL:
			if (f->number == CALL_ANNOUNCE) {
				announced(w, f->body);
			} else if (f->number == PAYOUT_CALL_ANSWER) {
				answer_take(w, f->body);
			} else if (f->number == PAYOUT_CALL_BLOB) {
				blob_id++;
				blob_call = *f;
				/* one at a time suffices: each answer comes as an event of its own
				 */
				blob_asked(w, &blob_call);
			}
			break;
		case EFFECT_NOTE:
			note_keep(w, f->body);
			break;
		case EFFECT_CLOSE:
			break;
		}
	}
}

static inline void step(struct world *w, struct event *e)
{
	if (w->crashed) {
		return;
	}
	e->wall_ms = w->wall_ms;
	e->mono_ms = w->mono_ms;
	effects_reset(&w->fx);
	payout_step(w->p, e, &w->fx);
	carry_out(w);
}

struct blob_wait {
	uint64_t id;
	struct blob content;
};

static struct blob_wait blob_queue[256];
static size_t blob_queue_n;

static inline void blob_asked(struct world *w, const struct effect *f)
{
	struct hash32 name, at;

	memcpy(name.b, f->body.p, 32);
	for (size_t i = 0; i < w->journal_n; i++) {
		struct log_view v;
		struct bytes b;
		size_t walk = 0;

		CHECK(log_batch_check(&v, view(&w->journal[i])) == ERR_OK);
		while (log_view_next_blob(&b, &at, &v, &walk)) {
			if (hash32_eq(&at, &name) && blob_queue_n < ARRAY_LEN(blob_queue)) {
				blob_queue[blob_queue_n++] =
				    (struct blob_wait){ f->request_id, blob_of(b) };
				return;
			}
		}
	}
	CHECK(0 && "a blob that the journal does not have");
}

static inline void blobs_deliver(struct world *w)
{
	for (size_t i = 0; i < blob_queue_n; i++) {
		struct event e = { .kind = EVENT_REPLY,
				   .number = PAYOUT_CALL_BLOB,
				   .request_id = blob_queue[i].id,
				   .status = ERR_OK,
				   .body = view(&blob_queue[i].content) };

		step(w, &e);
		free(blob_queue[i].content.p);
	}
	blob_queue_n = 0;
}

static inline void feed(struct world *w, uint32_t node, uint16_t number, struct bytes body)
{
	struct event e = { .kind = EVENT_REPLY,
			   .role = ROLE_NODE,
			   .channel = node,
			   .number = number,
			   .body = body };

	step(w, &e);
}

static inline void feed_u64(struct world *w, uint16_t number, uint64_t v)
{
	uint8_t b[8];

	le64_put(b, v);
	feed(w, 0, number, bytes_of(b, sizeof b));
}

static inline void feed_from(struct world *w, size_t from)
{
	for (size_t h = from; h <= w->height; h++) {
		feed(w, 0, FEED_BLOCK, view(&w->block[h]));
	}
	feed_u64(w, FEED_TOP, w->height);
}

static inline void mine(struct world *w)
{
	w->wall_ms += 1000;
	w->mono_ms += 1000;
	mine_quiet(w);
	feed_from(w, w->height);
}

static inline void mine_n(struct world *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		mine(w);
	}
}

/* Takes blocks away; what was in them is forgotten unless keep puts it back into the pool. */
static inline void undo(struct world *w, size_t n, bool keep)
{
	CHECK(n < w->height);
	for (size_t i = 0; i < n; i++) {
		struct nem_block block;
		struct nem_block_walk walk;
		struct nem_tx tx;

		CHECK(nem_block_decode(&block, NET, view(&w->block[w->height])) == ERR_OK);
		walk = nem_block_walk_make(&block);
		while (nem_block_walk_decode(&walk, &tx)) {
			w->mined_units -= tx.type == NEM_MULTISIG;
			if (keep) {
				pool_add(w, &tx);
			}
		}
		w->height--;
	}
	feed_u64(w, FEED_UNDO, w->height);
}

static inline void channel(struct world *w, uint32_t n, bool up)
{
	struct event e = { .kind = up ? EVENT_OPENED : EVENT_CLOSED,
			   .channel = n,
			   .role = n < PAYOUT_CHANNEL_WATCHER ? ROLE_SERVER : ROLE_PEER };

	step(w, &e);
}

static inline void boot(struct world *w)
{
	struct doc_fault fault;

	CHECK(payout_init(&w->p, &w->config, &fault) == ERR_OK);
	for (size_t i = 0; i < w->journal_n; i++) {
		CHECK(payout_replay(w->p, view(&w->journal[i])) == ERR_OK);
	}
	effects_reset(&w->fx);
	payout_start(w->p, w->wall_ms, w->mono_ms, &w->fx);
	carry_out(w);
	for (uint32_t c = 1; c <= 5; c++) {
		channel(w, c, true);
	}
	feed_from(w, 1);
}

static inline void restart(struct world *w)
{
	for (size_t i = 0; i < w->reply_n; i++) {
		free(w->reply[i].p);
	}
	w->reply_n = 0;
	for (size_t i = 0; i < blob_queue_n; i++) {
		free(blob_queue[i].content.p);
	}
	blob_queue_n = 0;
	w->crashed = false;
	w->restarts++;
	payout_free(w->p);
	w->mono_ms = 5;
	boot(w);
}

static inline void replies_deliver(struct world *w)
{
	while (w->reply_n > 0 && !w->crashed) {
		struct blob b = w->reply[0];
		struct event e = { .kind = EVENT_FRAME,
				   .role = ROLE_SERVER,
				   .channel = w->reply_channel[0],
				   .number = w->reply_number[0],
				   .request_id = w->reply_tag[0],
				   .body = view(&b) };

		w->reply_n--;
		memmove(w->reply, w->reply + 1, w->reply_n * sizeof *w->reply);
		memmove(w->reply_channel, w->reply_channel + 1,
			w->reply_n * sizeof *w->reply_channel);
		memmove(w->reply_number, w->reply_number + 1, w->reply_n * sizeof *w->reply_number);
		memmove(w->reply_tag, w->reply_tag + 1, w->reply_n * sizeof *w->reply_tag);
		step(w, &e);
		free(b.p);
	}
}

static inline void tick(struct world *w)
{
	struct event e = { .kind = EVENT_TICK };

	w->wall_ms += 1000;
	w->mono_ms += 1000;
	step(w, &e);
	replies_deliver(w);
	blobs_deliver(w);
}

static inline void api(struct world *w, uint16_t number, struct bytes body)
{
	struct event e = { .kind = EVENT_FRAME,
			   .role = ROLE_API,
			   .number = number,
			   .request_id = 42,
			   .body = body };

	w->answered = false;
	step(w, &e);
	blobs_deliver(w);
}

/* --- documents --- */

static inline struct blob doc_blob(enum doc_type type, const void *in, const uint8_t *secret,
				   struct hash32 *id)
{
	static uint8_t text[DOC_BYTES_MAX];
	struct writer out = writer_make(text, sizeof text);

	CHECK(doc_make(&out, id, type, in, secret, NULL) == ERR_OK);
	return blob_of(bytes_of(text, out.n));
}

static bool world_passkeys_only; /* the roster takes no software key for an approval */
static bool world_all_approve;   /* all five are approvers, and the last tier asks for them */

static inline void world_documents(struct world *w)
{
	static struct doc_genesis g;
	static struct doc_roster r;
	struct doc_policy *p = &w->rules;
	struct doc d;
	struct nem_address unused;

	memset(&g, 0, sizeof g);
	memset(&r, 0, sizeof r);
	*p = (struct doc_policy){
		.tier_count = 3,
		.approval_tiers = { { 0, 0, xem(X(100)) },
				    { 1, world_lock_ms, xem(X(1000)) },
				    { 2, world_lock_ms, xem(X(4000)) } },
		.asset = ASSET_XEM,
		.attempt_life_s = 3600,
		.clock_skew_ms = 600000,
		.day_max = xem(X(50000)),
		.destination_kinds = DOC_TO_CUSTOMER,
		.fee_bp_max = 1000000,
		.fee_max = xem(X(3)),
		.heartbeat_age_ms = 5000,
		.hot_ceiling_bp = 500,
		.hour_max = xem(X(50000)),
		.loosening_ms = 3600000,
		.number = 1,
		.order_life_ms = world_order_life_ms,
		.payment_max = xem(X(4000)),
		.till_max = xem(X(100000)),
		.unapproved_day_max = xem(X(2000)),
		.unlisted_max = xem(X(4000)),
		.yen_count = world_yen.age_max_ms != 0,
		.yen = { world_yen },
	};
	if (world_yen.age_max_ms != 0) {
		r.source_count = 3;
		r.prices_needed = 2;
		r.price_sources[0] = (struct doc_party){ .id = "p1", .key = w->source[0].key };
		r.price_sources[1] = (struct doc_party){ .id = "p2", .key = w->source[1].key };
		r.price_sources[2] = (struct doc_party){ .id = "p3", .key = w->source[2].key };
	}
	r.backend_count = 1;
	r.backends[0] = (struct doc_party){ .id = "backend", .key = w->backend.key };
	r.governance = 2;
	r.number = 1;
	r.people_count = 5;
	r.people[0] =
	    (struct doc_person){ .id = "alice", .key = w->alice.key, .roles = DOC_ROLE_APPROVER };
	r.people[1] =
	    (struct doc_person){ .id = "bob", .key = w->bob.key, .roles = DOC_ROLE_APPROVER };
	r.people[2] =
	    (struct doc_person){ .id = "olga", .key = w->officer.key, .roles = DOC_ROLE_OFFICER };
	r.people[3] =
	    (struct doc_person){ .id = "cora", .key = w->cora.key, .roles = DOC_ROLE_APPROVER };
	r.people[4] = (struct doc_person){ .id = "omar",
					   .key = w->omar.key,
					   .roles = DOC_ROLE_OFFICER | DOC_ROLE_AUDITOR };
	for (size_t i = 0; i < r.people_count; i++) {
		uint8_t secret[ED25519_SECRET_BYTES];

		r.people[i].passkey_count = 1;
		passkey_make(&r.people[i].passkeys[0], secret, (uint8_t)i);
		if (world_all_approve) {
			r.people[i].roles |= DOC_ROLE_APPROVER;
			p->approval_tiers[2].approvals = r.people_count;
		}
	}
	passkey_party(&r.relying_party);
	r.signer_count = 2;
	r.software_approvals = !world_passkeys_only;
	for (int i = 0; i < 2; i++) {
		r.signers[i] =
		    (struct doc_signer_entry){ w->attest[i].key, w->chain_key[i].public_key,
					       (enum doc_signer)i };
	}
	r.watcher_count = 3;
	for (int i = 0; i < 3; i++) {
		snprintf(r.watchers[i].id, sizeof r.watchers[i].id, "w%d", i + 1);
		r.watchers[i].key = w->watcher[i].key;
	}
	r.watchers_needed = 2;
	w->roster = doc_blob(DOC_ROSTER, &r, NULL, NULL);
	w->policy = doc_blob(DOC_POLICY, p, NULL, NULL);

	g.box_count = 1;
	chain_key_make(50, &w->box_at);
	address_set(&g.boxes[0], &w->box_at);
	g.chain = DOC_CHAIN_NEM;
	g.chain_network = NET;
	g.chain_nemesis = w->block_hash[1];
	g.hot_count = 3;
	g.hot[0] = (struct doc_hot){ .kind = DOC_HOT_TILL, .public_key = w->till.public_key };
	g.hot[1] = (struct doc_hot){ .kind = world_two_tills ? DOC_HOT_TILL : DOC_HOT_PURSE,
				     .public_key = w->purse.public_key };
	g.hot[2] = (struct doc_hot){ .kind = DOC_HOT_DEPOSIT, .public_key = w->deposit.public_key };
	g.spare_count = 3;
	for (int i = 0; i < 3; i++) {
		chain_key_make((uint8_t)(60 + i), &w->spare_at[i]);
		address_set(&g.spares[i], &w->spare_at[i]);
		address_set(&g.hot[i].spare, &w->spare_at[i]);
	}
	(void)unused;
	g.recovery.holders = 5;
	g.recovery.needed = 3;
	CHECK(doc_open(&d, view(&w->roster), NULL, NULL) == ERR_OK);
	doc_zero_id(&g.roster, &d);
	CHECK(doc_open(&d, view(&w->policy), NULL, NULL) == ERR_OK);
	doc_zero_id(&g.policy, &d);
	w->genesis = doc_blob(DOC_GENESIS, &g, NULL, &w->genesis_id);
}

/* Coins: till 10,000, purse 20,000, deposit 500, box 100,000 XEM. */
static inline struct world *world_new(void)
{
	struct world *w = calloc(1, sizeof *w);
	struct edk_secret rich;
	struct blob txs[6];
	uint32_t t;

	CHECK(w != NULL && crypto_init() == ERR_OK);
	w->wall_ms = START;
	w->mono_ms = 1000;
	w->backend = person_make(1);
	w->alice = person_make(2);
	w->bob = person_make(3);
	w->officer = person_make(4);
	w->omar = person_make(5);
	w->cora = person_make(6);
	for (uint8_t i = 0; i < 3; i++) {
		w->watcher[i] = person_make((uint8_t)(10 + i));
		w->source[i] = person_make((uint8_t)(80 + i));
	}
	for (uint8_t i = 0; i < 2; i++) {
		w->attest[i] = person_make((uint8_t)(20 + i));
		w->chain_key[i] = chain_key_make((uint8_t)(30 + i), NULL);
	}
	w->till = chain_key_make(40, &w->till_at);
	w->purse = chain_key_make(41, &w->purse_at);
	w->deposit = chain_key_make(42, &w->deposit_at);
	w->stranger = chain_key_make(43, &w->stranger_at);
	w->harvester = chain_key_make(44, NULL);
	rich = chain_key_make(45, NULL);
	chain_key_make(50, &w->box_at);

	CHECK(nem_time_from_unix_ms(&t, START) == ERR_OK);
	{
		struct nem_tx tx[5] = {
			transfer_make(&rich, w->till_at.text, X(10000), NULL, t),
			transfer_make(&rich, w->purse_at.text, X(20000), NULL, t),
			transfer_make(&rich, w->deposit_at.text, X(500), NULL, t),
			transfer_make(&rich, w->box_at.text, X(100000), NULL, t),
			transfer_make(&rich, w->stranger_at.text, X(1000000), NULL, t),
		};

		for (int i = 0; i < 5; i++) {
			txs[i] = tx_blob(&tx[i]);
		}
	}
	mine_these(w, txs, 5);
	for (int i = 0; i < 5; i++) {
		free(txs[i].p);
	}
	world_documents(w);
	memset(w->log_secret.b, 7, sizeof w->log_secret.b);
	w->config = (struct payout_config){
		.genesis = view(&w->genesis),
		.roster = view(&w->roster),
		.policy = view(&w->policy),
		.log_secret = &w->log_secret,
		.network = NET,
		.settle_depth = 3,
		.deposit_depth = 4,
		.nodes = 2,
		.nodes_agree = 1,
		.in_flight = 8,
		.look_free = PAYOUT_LOOK_FREE,
	};
	w->store = malloc(PAYOUT_EFFECTS_BYTES);
	CHECK(w->store != NULL);
	effects_init(&w->fx, w->store, PAYOUT_EFFECTS_BYTES);
	boot(w);
	return w;
}

static inline void world_free(struct world *w)
{
	for (size_t i = 0; i < w->reply_n; i++) {
		free(w->reply[i].p);
	}
	for (size_t i = 0; i < w->pool_n; i++) {
		free(w->pool[i].p);
	}
	for (size_t i = 0; i <= BLOCKS_MAX; i++) {
		free(w->block[i].p);
	}
	for (size_t i = 0; i < w->journal_n; i++) {
		free(w->journal[i].p);
	}
	payout_free(w->p);
	free(w->genesis.p);
	free(w->roster.p);
	free(w->policy.p);
	free(w->store);
	free(w);
}

/* --- what tests say --- */

static inline void open_sum(struct world *w, uint64_t micro)
{
	uint8_t b[16];

	le128_put(b, micro);
	api(w, API_OPEN_BEGIN, bytes_of(b, sizeof b));
}

static inline void open_claim(struct world *w, const char *name, uint64_t micro)
{
	uint8_t raw[256];
	uint8_t amount[16];
	struct writer out = writer_make(raw, sizeof raw);

	le128_put(amount, micro);
	writer_u32(&out, 1);
	writer_u32(&out, (uint32_t)strlen(name));
	writer_bytes(&out, bytes_str(name));
	writer_bytes(&out, bytes_of(amount, sizeof amount));
	api(w, API_OPEN_CLAIMS, bytes_of(raw, out.n));
}

/* carol 20,000, dave 300, erin 0 XEM; the rest is the house's. */
static inline void open_books(struct world *w)
{
	open_sum(w, X(20300));
	CHECK(w->crashed || w->err == ERR_OK);
	open_claim(w, "carol", X(20000));
	open_claim(w, "dave", X(300));
	open_claim(w, "erin", 0);
	api(w, API_OPEN_END, bytes_of(NULL, 0));
	CHECK(w->crashed || w->err == ERR_OK);
}

static inline struct world *world_open(void)
{
	struct world *w = world_new();

	open_books(w);
	return w;
}

static inline struct doc_request request_of(struct world *w, const char *customer, uint64_t micro)
{
	struct doc_request r = { .amount = xem(micro),
				 .asset = ASSET_XEM,
				 .genesis = w->genesis_id,
				 .time_ms = w->wall_ms };
	uint8_t tail[UUID7_RANDOM_BYTES] = { 0 };

	le32_put(tail + 5, ++w->request_no);
	uuid7_make(&r.request_id, w->wall_ms, tail);
	text_set(r.customer, sizeof r.customer, customer);
	address_set(&r.destination, &w->stranger_at);
	return r;
}

static inline void post(struct world *w, const char *key, struct bytes envelope)
{
	static uint8_t raw[DOC_BYTES_MAX + 1024];
	struct writer out = writer_make(raw, sizeof raw);

	writer_u32(&out, (uint32_t)strlen(key));
	writer_bytes(&out, bytes_str(key));
	writer_bytes(&out, envelope);
	CHECK(!out.bad);
	api(w, API_WITHDRAW, bytes_of(raw, out.n));
}

static inline void post_request(struct world *w, const char *key, const struct doc_request *r)
{
	struct blob b = doc_blob(DOC_REQUEST, r, w->backend.secret, NULL);

	post(w, key, view(&b));
	free(b.p);
}

static inline struct payout_view see(const struct world *w, const struct id128 *id)
{
	struct payout_view v = { .state = PAYOUT_NONE };

	(void)!payout_find(&v, w->p, id);
	return v;
}

static inline void approve(struct world *w, const struct person *who, const char *name,
			   const struct hash32 *order, enum doc_decision decision)
{
	struct doc_approval a = { .decision = decision,
				  .genesis = w->genesis_id,
				  .subject = *order,
				  .subject_type = DOC_ORDER,
				  .time_ms = w->wall_ms };
	struct blob b;

	text_set(a.person, sizeof a.person, name);
	b = doc_blob(DOC_APPROVAL, &a, who->secret, NULL);
	api(w, API_DOCUMENT, view(&b));
	free(b.p);
}

/* The stranger pays in: into the pool, to be mined. */
static inline void pay_in(struct world *w, const char *to, uint64_t micro, const char *message)
{
	uint32_t t;
	struct nem_tx tx;

	CHECK(nem_time_from_unix_ms(&t, w->wall_ms) == ERR_OK);
	tx = transfer_make(&w->stranger, to, micro, message, t);
	pool_add(w, &tx);
}

/* One more batch of the journal with this record, as somebody else had it written; and a restart.
 */
static inline void journal_add(struct world *w, const struct log_record *r)
{
	static uint8_t buffer[4096];
	struct log_chain chain = *payout_journal(w->p);
	struct log_record stamped = *r;
	struct log_batch batch;
	struct bytes sealed;

	stamped.time_ms = w->wall_ms;
	log_batch_begin(&batch, buffer, sizeof buffer);
	CHECK(log_batch_add_record(&batch, &stamped) == ERR_OK);
	log_batch_seal(&sealed, &batch, &chain, w->config.log_secret);
	CHECK(w->journal_n < BATCHES_MAX);
	w->journal[w->journal_n++] = blob_of(sealed);
	restart(w);
}

static inline u128 customer_has(const struct world *w, const char *name)
{
	struct id128 id;

	books_account_id(&id, BOOKS_CUSTOMER, ASSET_XEM, bytes_str(name));
	return books_available(payout_books(w->p), &id);
}

static inline u128 house_has(const struct world *w, uint32_t kind)
{
	struct id128 id;

	books_account_id(&id, kind, ASSET_XEM, bytes_str("nem:xem"));
	return books_balance(payout_books(w->p), &id);
}

static inline u128 own_has(const struct world *w, uint32_t kind, const struct nem_address *at)
{
	struct id128 id;

	books_account_id(&id, kind, ASSET_XEM, nem_address_bytes(at));
	return books_balance(payout_books(w->p), &id);
}

static inline struct hash32 books_now(const struct world *w)
{
	struct hash32 h;

	CHECK(books_hash(payout_books(w->p), &h) == ERR_OK);
	return h;
}

/* Why not, or "". */
static inline const char *wrong(const struct world *w)
{
	const char *why = "";

	return payout_validate(w->p, &why) == ERR_OK ? "" : why;
}

/* Until this state, with a block every other tick; false if it is not reached. */
static inline bool reach(struct world *w, const struct id128 *id, enum payout_state state)
{
	for (int i = 0; i < 60; i++) {
		if (see(w, id).state == state) {
			return true;
		}
		tick(w);
		mine(w);
		if (w->crashed) {
			return false;
		}
	}
	return false;
}

/* Different attempts that any signer was asked for. */
static inline size_t attempts_asked(const struct world *w, const struct hash32 *order)
{
	size_t n = 0;

	for (size_t i = 0; i < w->asked_n; i++) {
		bool before = false;

		if (!hash32_eq(&w->asked[i].order, order)) {
			continue;
		}
		for (size_t k = 0; k < i; k++) {
			before |= hash32_eq(&w->asked[k].order, order) &&
				  hash32_eq(&w->asked[k].attempt, &w->asked[i].attempt);
		}
		n += !before;
	}
	return n;
}

#endif
