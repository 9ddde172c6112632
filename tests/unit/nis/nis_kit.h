/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nis_kit.h - a small world for the tests of src/nis: a chain of two pools, keys 1..., and short
 * ways to build transactions.  Keys are throw-away: every byte of key i is i.
 */
#ifndef KURAMORI_TEST_NIS_KIT_H
#define KURAMORI_TEST_NIS_KIT_H

#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_network.h"
#include "chain/nem/nem_tx.h"
#include "crypto/crypto.h"
#include "crypto/edk.h"
#include "nis/nis.h"
#include "t.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	PUBLIC = 0,
	CLEAN = 1,
	NEMESIS = 90,
	HARVESTER = 91,
	START = 300000000,
	HOUR = 3600,
	XEM = 1000000,
};

/* The people: A, B, C, R are cosigners, M the account they share, X somebody else, T a thief. */
enum who { A = 1, B, C, R, M, X, T, Y, Z, WHO_N };

struct world {
	struct nis *n;
	uint32_t now;
};

/* Made once each: a search asks for them some hundred thousand times. */
struct person {
	bool made;
	struct edk_secret key;
	struct nem_address address;
};

static inline const struct person *person_of(unsigned who)
{
	static struct person people[256];
	struct person *p = &people[who % 256];

	if (!p->made) {
		uint8_t raw[32];

		memset(raw, (int)who, sizeof raw);
		edk_secret_from_nem(&p->key, raw);
		nem_address_from_key(&p->address, &p->key.public_key, NEM_NETWORK_TEST);
		p->made = true;
	}
	return p;
}

static inline struct edk_secret key_of(unsigned who)
{
	return person_of(who)->key;
}

static inline struct nem_address address_of(unsigned who)
{
	return person_of(who)->address;
}

static inline struct nis_config world_config(void)
{
	struct nis_config c = { .network = NEM_NETWORK_TEST,
				.pools = 2,
				.retention_s = NIS_RETENTION_S,
				.result_cache = false };

	memset(c.harvester, HARVESTER, sizeof c.harvester);
	return c;
}

/* Everybody but T has 1,000,000 XEM, T has 100. */
static inline bool world_open_with(struct world *w, const struct nis_config *c)
{
	struct nis_grant grants[WHO_N];
	struct nis_nemesis nemesis = { .time_s = START, .grants = grants };

	if (crypto_init() != ERR_OK) {
		return false;
	}
	for (unsigned i = A; i < WHO_N; i++) {
		grants[nemesis.n].to = address_of(i);
		grants[nemesis.n++].amount = i == T ? 100 * (uint64_t)XEM : 1000000 * (uint64_t)XEM;
	}
	memset(nemesis.key, NEMESIS, sizeof nemesis.key);
	w->n = NULL;
	w->now = START + 60;
	return nis_open(&w->n, c, &nemesis) == ERR_OK;
}

static inline bool world_open(struct world *w)
{
	struct nis_config c = world_config();

	return world_open_with(w, &c);
}

static inline void head(struct nem_tx *tx, enum nem_type type, unsigned who, uint32_t now)
{
	*tx = (struct nem_tx){ .type = type };
	tx->head.network = NEM_NETWORK_TEST;
	tx->head.version = 1;
	tx->head.time_nem_s = now;
	tx->head.deadline_nem_s = now + HOUR;
	tx->head.signer = key_of(who).public_key;
}

/* Unsigned, with the least fee. */
static inline struct nem_tx transfer(unsigned from, unsigned to, uint64_t amount, uint32_t now)
{
	struct nem_tx tx;

	head(&tx, NEM_TRANSFER, from, now);
	tx.transfer.recipient = address_of(to);
	tx.transfer.amount_micro = amount;
	tx.head.fee_micro = nem_fee_minimum(&tx);
	return tx;
}

static inline struct nem_tx modification(unsigned of, int change, uint32_t now)
{
	struct nem_tx tx;

	head(&tx, NEM_MODIFICATION, of, now);
	tx.head.version = 2;
	tx.modification.has_change = true;
	tx.modification.change = change;
	tx.head.fee_micro = NEM_FEE_MODIFICATION_MICRO;
	return tx;
}

static inline void entry(struct nem_tx *tx, enum nem_modification_type type, unsigned who)
{
	tx->modification.entry[tx->modification.n++] =
	    (struct nem_modification_entry){ .type = type, .cosigner = key_of(who).public_key };
	nem_tx_canonicalise(tx);
}

static inline bool sign(struct nem_tx *tx, unsigned who)
{
	struct edk_secret s = key_of(who);

	return nem_tx_sign(tx, &s) == ERR_OK;
}

static inline struct nem_tx wrap(unsigned initiator, const struct nem_tx *inner, uint32_t now)
{
	struct nem_tx tx;

	head(&tx, NEM_MULTISIG, initiator, now);
	tx.head.fee_micro = NEM_FEE_MULTISIG_MICRO;
	tx.multisig.inner.type = inner->type;
	tx.multisig.inner.head = inner->head;
	tx.multisig.inner.body = inner->body;
	return tx;
}

static inline struct nem_tx provision(unsigned who, const char *parent, const char *part,
				      uint32_t now)
{
	struct nem_tx tx;

	head(&tx, NEM_NAMESPACE, who, now);
	nem_address_from_key(&tx.provision.sink, &nem_sink_namespace_key, NEM_NETWORK_TEST);
	tx.provision.rental_fee_micro =
	    parent[0] == '\0' ? NEM_FEE_RENTAL_ROOT_MICRO : NEM_FEE_RENTAL_SUB_MICRO;
	(void)snprintf(tx.provision.parent.text, sizeof tx.provision.parent.text, "%s", parent);
	(void)snprintf(tx.provision.part, sizeof tx.provision.part, "%s", part);
	tx.head.fee_micro = NEM_FEE_OTHER_MICRO;
	return tx;
}

static inline struct nem_mosaic_id mosaic_id(const char *text)
{
	struct nem_mosaic_id id = { .name = "" };

	if (nem_mosaic_id_parse(&id, bytes_str(text), NULL) != ERR_OK) {
		abort();
	}
	return id;
}

/* 1,000 pieces that cannot be divided, mutable, transferable, without levy. */
static inline struct nem_tx definition(unsigned who, const char *id, uint32_t now)
{
	struct nem_tx tx;
	struct nem_mosaic_definition *d = &tx.definition.mosaic;

	head(&tx, NEM_DEFINITION, who, now);
	d->creator = key_of(who).public_key;
	d->id = mosaic_id(id);
	d->description_bytes = 4;
	memcpy(d->description, "what", 4);
	d->properties = (struct nem_mosaic_properties){ .initial_supply = 1000,
							.supply_mutable = true,
							.transferable = true };
	nem_address_from_key(&tx.definition.sink, &nem_sink_mosaic_key, NEM_NETWORK_TEST);
	tx.definition.creation_fee_micro = NEM_FEE_CREATION_MICRO;
	tx.head.fee_micro = NEM_FEE_OTHER_MICRO;
	return tx;
}

static inline struct nem_tx supply(unsigned who, const char *id, enum nem_supply_type type,
				   uint64_t delta, uint32_t now)
{
	struct nem_tx tx;

	head(&tx, NEM_SUPPLY, who, now);
	tx.supply.mosaic = mosaic_id(id);
	tx.supply.type = type;
	tx.supply.delta = delta;
	tx.head.fee_micro = NEM_FEE_OTHER_MICRO;
	return tx;
}

/* So much of one mosaic, with the multiplier one. */
static inline struct nem_tx send(unsigned from, unsigned to, const char *id, uint64_t quantity,
				 uint32_t now)
{
	struct nem_tx tx = transfer(from, to, XEM, now);

	tx.head.version = 2;
	tx.transfer.mosaics = 1;
	tx.transfer.mosaic[0] = (struct nem_mosaic){ mosaic_id(id), quantity };
	tx.head.fee_micro = 25 * NEM_FEE_UNIT_MICRO; /* enough for any */
	return tx;
}

static inline struct nem_tx importance(unsigned owner, unsigned remote,
				       enum nem_importance_mode mode, uint32_t now)
{
	struct nem_tx tx;

	head(&tx, NEM_IMPORTANCE, owner, now);
	tx.importance.mode = mode;
	tx.importance.remote = key_of(remote).public_key;
	tx.head.fee_micro = NEM_FEE_OTHER_MICRO;
	return tx;
}

static inline struct nem_tx cosignature(unsigned who, const struct nem_tx *wrapper, uint32_t now)
{
	struct nem_tx tx;

	head(&tx, NEM_COSIGNATURE, who, now);
	tx.head.fee_micro = NEM_FEE_COSIGNATURE_MICRO;
	nem_tx_hash_inner(&tx.cosignature.inner_hash, &wrapper->multisig.inner);
	nem_address_from_key(&tx.cosignature.account, &wrapper->multisig.inner.head.signer,
			     NEM_NETWORK_TEST);
	return tx;
}

/* Announces what is signed already; -1 if the bytes were refused as such. */
static inline int announce(struct world *w, unsigned pool, const struct nem_tx *tx)
{
	uint8_t buffer[NEM_TX_BYTES_MAX];
	struct writer out = writer_make(buffer, sizeof buffer);
	struct nis_answer answer;

	nem_tx_encode(&out, tx, NEM_SIGNING);
	if (nis_announce(w->n, pool, bytes_of(buffer, out.n), &tx->signature, w->now, &answer,
			 NULL) != ERR_OK) {
		return -1;
	}
	return (int)answer.code;
}

/* Signs and announces to the public pool. */
static inline int say(struct world *w, struct nem_tx tx, unsigned who)
{
	return sign(&tx, who) ? announce(w, PUBLIC, &tx) : -2;
}

static inline int push(struct world *w, unsigned pool, const struct nem_tx *tx)
{
	uint8_t buffer[NEM_TX_BYTES_MAX];
	struct writer out = writer_make(buffer, sizeof buffer);
	struct nis_answer answer;

	nem_tx_encode(&out, tx, NEM_SIGNED);
	if (nis_push(w->n, pool, bytes_of(buffer, out.n), w->now, &answer, NULL) != ERR_OK) {
		return -1;
	}
	return (int)answer.code;
}

/* A block of exactly these, and NIS's verdict; -1 if they were no transactions. */
static inline int given(struct world *w, const struct nem_tx *txs, size_t n, unsigned harvester)
{
	static uint8_t buffer[8][NEM_TX_BYTES_MAX];
	struct bytes views[8];
	struct edk_secret s = key_of(harvester);
	enum nem_result code;

	for (size_t i = 0; i < n; i++) {
		struct writer out = writer_make(buffer[i], sizeof buffer[i]);

		nem_tx_encode(&out, &txs[i], NEM_SIGNED);
		views[i] = bytes_of(buffer[i], out.n);
	}
	w->now += 60;
	return nis_mine_given(w->n, views, n, w->now, &s, &code) == ERR_OK ? (int)code : -1;
}

/* The next block, a minute later. */
static inline bool mine(struct world *w, unsigned pool)
{
	w->now += 60;
	return nis_mine(w->n, pool, w->now) == ERR_OK;
}

static inline uint64_t balance(const struct world *w, unsigned who)
{
	struct nem_address a = address_of(who);
	struct nis_account account;

	nis_account(w->n, &a, &account);
	return account.balance;
}

/* who becomes needed-of-n with the given cosigners, confirmed. */
static inline bool convert(struct world *w, unsigned who, const unsigned *cosigners, unsigned n,
			   int needed)
{
	struct nem_tx tx = modification(who, needed, w->now);

	for (unsigned i = 0; i < n; i++) {
		entry(&tx, NEM_ADD, cosigners[i]);
	}
	return say(w, tx, who) == NEM_SUCCESS && mine(w, PUBLIC);
}

/* M becomes 2-of-3 {A, B, C}. */
static inline bool convert_m(struct world *w)
{
	static const unsigned abc[] = { A, B, C };

	return convert(w, M, abc, 3, 2);
}

static inline unsigned seen(const struct world *w, const struct nem_tx *tx)
{
	struct hash32 h;

	nem_tx_hash(&h, tx);
	return nis_seen(w->n, &h);
}

/* How often the inner of a wrapper stands in the chain. */
static inline unsigned seen_inner(const struct world *w, const struct nem_tx *wrapper)
{
	struct hash32 h;

	nem_tx_hash_inner(&h, &wrapper->multisig.inner);
	return nis_seen(w->n, &h);
}

/* The end of every case: nothing that must hold was broken. */
#define WORLD_CLOSE(w)                                     \
	do {                                               \
		const char *wrong_ = nis_validate((w)->n); \
		T_STR(wrong_ != NULL ? wrong_ : "", "");   \
		nis_close((w)->n);                         \
	} while (0)

#endif
