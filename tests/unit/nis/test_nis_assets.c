/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: namespaces, mosaics, levies and importance transfers as NIS judges and executes them.
 * Method: every code announced just inside and just outside, on a real chain with two pools; each
 * change rolled back; a random ledger of mosaics beside an independent model.
 */
#include "nis_kit.h"

#include "base/attr.h"

enum { REMOTE = 60 };

static uint64_t owned(const struct world *w, unsigned who, const char *id)
{
	struct nem_address a = address_of(who);
	struct nem_mosaic_id want = mosaic_id(id);
	struct nem_mosaic list[16];
	size_t n = nis_owned(w->n, &a, list, ARRAY_LEN(list));

	for (size_t i = 0; i < n; i++) {
		if (nem_mosaic_id_eq(&list[i].id, &want)) {
			return list[i].quantity;
		}
	}
	return 0;
}

/* A has the root "alice" and, below it, what the cases need. */
static bool open_alice(struct world *w)
{
	return world_open(w) && say(w, provision(A, "", "alice", w->now), A) == NEM_SUCCESS &&
	       mine(w, PUBLIC);
}

/* alice:gold, 1,000 pieces, all with A. */
static bool open_gold(struct world *w)
{
	return open_alice(w) && say(w, definition(A, "alice:gold", w->now), A) == NEM_SUCCESS &&
	       mine(w, PUBLIC);
}

static void namespaces(void)
{
	struct world w;
	struct nem_tx tx;
	char part[80];
	struct nis_namespace info;
	struct nem_namespace name;
	struct nem_address sink;

	T_CHECK(open_alice(&w));
	T_EQ(nem_namespace_parse(&name, bytes_str("alice"), NULL), ERR_OK);
	T_CHECK(nis_namespace(w.n, &name, &info));
	T_EQ(info.height, 2);
	T_CHECK(info.active);
	nem_address_from_key(&sink, &nem_sink_namespace_key, NEM_NETWORK_TEST);
	memset(part, 'a', sizeof part);
	part[16] = '\0';
	T_EQ(say(&w, provision(A, "", part, w.now), A), NEM_SUCCESS);
	part[16] = 'a';
	part[17] = '\0';
	T_EQ(say(&w, provision(A, "", part, w.now), A), -1); /* NIS answers 400: no namespace */
	part[17] = 'a';
	part[64] = '\0';
	T_EQ(say(&w, provision(A, "alice", part, w.now), A), NEM_SUCCESS);
	part[64] = 'a';
	part[65] = '\0';
	T_EQ(say(&w, provision(A, "alice", part, w.now), A), -1);
	T_EQ(say(&w, provision(A, "", "nem", w.now), A), NEM_FAILURE_NAMESPACE_NOT_CLAIMABLE);
	T_EQ(say(&w, provision(A, "alice", "gov", w.now), A), NEM_FAILURE_NAMESPACE_NOT_CLAIMABLE);
	T_EQ(say(&w, provision(A, "", "gove", w.now), A), NEM_SUCCESS);
	tx = provision(A, "", "bob", w.now);
	tx.provision.sink = address_of(B);
	T_EQ(say(&w, tx, A), NEM_FAILURE_NAMESPACE_INVALID_RENTAL_FEE_SINK);
	tx = provision(A, "", "bob", w.now);
	tx.provision.rental_fee_micro--;
	T_EQ(say(&w, tx, A), NEM_FAILURE_NAMESPACE_INVALID_RENTAL_FEE);
	tx = provision(A, "alice", "sub", w.now);
	tx.provision.rental_fee_micro--;
	T_EQ(say(&w, tx, A), NEM_FAILURE_NAMESPACE_INVALID_RENTAL_FEE);
	T_EQ(say(&w, provision(A, "nobody", "sub", w.now), A), NEM_FAILURE_NAMESPACE_UNKNOWN);
	T_EQ(say(&w, provision(A, "alice.nobody", "sub", w.now), A), NEM_FAILURE_NAMESPACE_UNKNOWN);
	T_EQ(say(&w, provision(B, "alice", "sub", w.now), B), NEM_FAILURE_NAMESPACE_OWNER_CONFLICT);
	T_EQ(say(&w, provision(A, "", "alice", w.now), A),
	     NEM_FAILURE_NAMESPACE_PROVISION_TOO_EARLY);
	T_EQ(say(&w, provision(B, "", "alice", w.now), B),
	     NEM_FAILURE_NAMESPACE_PROVISION_TOO_EARLY);
	/* The pool carries it out at once, so the child of what only waits is already possible. */
	T_EQ(say(&w, provision(A, "alice", "one", w.now), A), NEM_SUCCESS);
	T_EQ(say(&w, provision(A, "alice", "one", w.now + 1), A),
	     NEM_FAILURE_NAMESPACE_ALREADY_EXISTS);
	T_EQ(say(&w, provision(A, "alice.one", "two", w.now), A), NEM_SUCCESS);
	/* A fourth level is no namespace at all. */
	T_EQ(say(&w, provision(A, "alice.one.two", "three", w.now), A), -1);
	/* What is asked before the name is looked at is answered. */
	tx = provision(A, "alice.one.two", "three", w.now);
	tx.head.fee_micro--;
	T_EQ(say(&w, tx, A), NEM_FAILURE_INSUFFICIENT_FEE);
	T_CHECK(mine(&w, PUBLIC));
	/* In the order of fees a parent may come behind its child: it waits one more block. */
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(nem_namespace_parse(&name, bytes_str("alice.one.two"), NULL), ERR_OK);
	T_CHECK(nis_namespace(w.n, &name, &info));
	T_EQ(nis_roll_back(w.n, 2, w.now), ERR_OK);
	T_CHECK(!nis_namespace(w.n, &name, &info));
	{
		struct nis_account account;

		nis_account(w.n, &sink, &account);
		T_EQ(account.balance, NEM_FEE_RENTAL_ROOT_MICRO);
	}
	WORLD_CLOSE(&w);
}

static void definitions(void)
{
	struct world w;
	struct nem_tx tx;
	struct nis_mosaic_info info;
	struct nem_mosaic_id gold = mosaic_id("alice:gold");

	T_CHECK(open_gold(&w));
	T_CHECK(nis_mosaic(w.n, &gold, &info));
	T_EQ(info.supply, 1000);
	T_EQ(owned(&w, A, "alice:gold"), 1000);
	T_EQ(say(&w, definition(A, "nobody:gold", w.now), A), NEM_FAILURE_NAMESPACE_EXPIRED);
	T_EQ(say(&w, definition(B, "alice:silver", w.now), B),
	     NEM_FAILURE_NAMESPACE_OWNER_CONFLICT);
	T_EQ(say(&w, definition(A, "nem:silver", w.now), A), NEM_FAILURE_NAMESPACE_OWNER_CONFLICT);
	T_EQ(say(&w, definition(A, "nem.sub:silver", w.now), A), NEM_FAILURE_NAMESPACE_EXPIRED);
	tx = definition(A, "alice:silver", w.now);
	tx.definition.sink = address_of(B);
	T_EQ(say(&w, tx, A), NEM_FAILURE_MOSAIC_INVALID_CREATION_FEE_SINK);
	tx = definition(A, "alice:silver", w.now);
	tx.definition.creation_fee_micro--;
	T_EQ(say(&w, tx, A), NEM_FAILURE_MOSAIC_INVALID_CREATION_FEE);
	tx = definition(A, "alice:silver", w.now);
	tx.definition.mosaic.levy = (struct nem_levy){ .type = NEM_LEVY_ABSOLUTE,
						       .recipient = address_of(B),
						       .mosaic = mosaic_id("alice:lead"),
						       .fee = 1 };
	T_EQ(say(&w, tx, A), NEM_FAILURE_MOSAIC_UNKNOWN);
	tx.definition.mosaic.levy.mosaic = tx.definition.mosaic.id;
	tx.definition.mosaic.properties.transferable = false;
	T_EQ(say(&w, tx, A), NEM_FAILURE_MOSAIC_LEVY_NOT_TRANSFERABLE);
	tx.definition.mosaic.properties.transferable = true;
	T_EQ(say(&w, tx, A), NEM_SUCCESS);
	/* Nothing new, only words, other terms, other transferability. */
	T_EQ(say(&w, definition(A, "alice:gold", w.now + 1), A),
	     NEM_FAILURE_MOSAIC_MODIFICATION_NOT_ALLOWED);
	tx = definition(A, "alice:gold", w.now + 1);
	tx.definition.mosaic.properties.transferable = false;
	T_EQ(say(&w, tx, A), NEM_FAILURE_MOSAIC_MODIFICATION_NOT_ALLOWED);
	T_EQ(say(&w, send(A, B, "alice:gold", 1, w.now), A), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	tx = definition(A, "alice:gold", w.now);
	tx.definition.mosaic.properties.initial_supply = 5;
	T_EQ(say(&w, tx, A), NEM_FAILURE_MOSAIC_MODIFICATION_NOT_ALLOWED); /* B has one */
	tx = definition(A, "alice:gold", w.now);
	memcpy(tx.definition.mosaic.description, "else", 4);
	T_EQ(say(&w, tx, A), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(owned(&w, B, "alice:gold"), 1); /* words change no holding */
	T_EQ(say(&w, send(B, A, "alice:gold", 1, w.now), B), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	tx = definition(A, "alice:gold", w.now);
	tx.definition.mosaic.properties.initial_supply = 5;
	tx.definition.mosaic.properties.divisibility = 2;
	T_EQ(say(&w, tx, A), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(owned(&w, A, "alice:gold"), 500); /* born again */
	T_EQ(nis_roll_back(w.n, nis_height(w.n) - 1, w.now), ERR_OK);
	T_EQ(owned(&w, A, "alice:gold"), 1000);
	WORLD_CLOSE(&w);
}

static void supplies(void)
{
	struct world w;
	struct nem_tx tx;
	const uint64_t room = NEM_QUANTITY_MAX - 1000;

	T_CHECK(open_gold(&w));
	T_EQ(say(&w, supply(A, "alice:lead", NEM_SUPPLY_CREATE, 1, w.now), A),
	     NEM_FAILURE_MOSAIC_UNKNOWN);
	T_EQ(say(&w, supply(B, "alice:gold", NEM_SUPPLY_CREATE, 1, w.now), B),
	     NEM_FAILURE_MOSAIC_CREATOR_CONFLICT);
	T_EQ(say(&w, supply(A, "nem:xem", NEM_SUPPLY_CREATE, 1, w.now), A),
	     NEM_FAILURE_MOSAIC_CREATOR_CONFLICT);
	T_EQ(say(&w, supply(A, "alice:gold", NEM_SUPPLY_CREATE, room + 1, w.now), A),
	     NEM_FAILURE_MOSAIC_MAX_SUPPLY_EXCEEDED);
	T_EQ(say(&w, supply(A, "alice:gold", NEM_SUPPLY_CREATE, room, w.now), A), NEM_SUCCESS);
	T_EQ(say(&w, supply(A, "alice:gold", NEM_SUPPLY_CREATE, 1, w.now), A),
	     NEM_FAILURE_MOSAIC_MAX_SUPPLY_EXCEEDED);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(owned(&w, A, "alice:gold"), NEM_QUANTITY_MAX);
	T_EQ(say(&w, supply(A, "alice:gold", NEM_SUPPLY_DELETE, NEM_QUANTITY_MAX - 7, w.now), A),
	     NEM_SUCCESS);
	T_EQ(say(&w, send(A, B, "alice:gold", 3, w.now), A), NEM_SUCCESS);
	T_EQ(say(&w, supply(A, "alice:gold", NEM_SUPPLY_DELETE, 5, w.now), A),
	     NEM_FAILURE_MOSAIC_SUPPLY_NEGATIVE); /* B has three of the seven */
	T_EQ(say(&w, supply(A, "alice:gold", NEM_SUPPLY_DELETE, 4, w.now), A), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(owned(&w, A, "alice:gold"), 0);
	T_EQ(owned(&w, B, "alice:gold"), 3);
	tx = definition(A, "alice:iron", w.now);
	tx.definition.mosaic.properties.supply_mutable = false;
	T_EQ(say(&w, tx, A), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(say(&w, supply(A, "alice:iron", NEM_SUPPLY_CREATE, 1, w.now), A),
	     NEM_FAILURE_MOSAIC_SUPPLY_IMMUTABLE);
	WORLD_CLOSE(&w);
}

static void bags(void)
{
	struct world w;
	struct nem_tx tx;
	struct nis_answer answer;
	uint8_t raw[NEM_TX_BYTES_MAX];
	struct writer out = writer_make(raw, sizeof raw);

	T_CHECK(open_gold(&w));
	tx = send(A, B, "alice:lead", 1, w.now);
	T_CHECK(sign(&tx, A));
	nem_tx_encode(&out, &tx, NEM_SIGNING);
	T_EQ(nis_announce(w.n, PUBLIC, bytes_of(raw, out.n), &tx.signature, w.now, &answer, NULL),
	     ERR_ASSET);
	T_STR(answer.unknown.name, "lead");
	T_EQ(say(&w, send(A, B, "alice:gold", 1001, w.now), A), NEM_FAILURE_INSUFFICIENT_BALANCE);
	T_EQ(say(&w, send(A, B, "alice:gold", 1000, w.now), A), NEM_SUCCESS);
	T_EQ(say(&w, send(A, B, "alice:gold", 1, w.now), A), NEM_FAILURE_INSUFFICIENT_BALANCE);
	T_EQ(say(&w, send(B, C, "alice:gold", 1, w.now), B), NEM_SUCCESS); /* B's in the pool */
	/* The multiplier: whole XEM beside a mosaic, any beside nem:xem alone. */
	tx = send(B, C, "alice:gold", 1, w.now + 1);
	tx.transfer.amount_micro = XEM + 1;
	T_EQ(say(&w, tx, B), NEM_FAILURE_MOSAIC_DIVISIBILITY_VIOLATED);
	tx = send(B, C, "nem:xem", 3 * XEM, w.now);
	tx.transfer.amount_micro = XEM / 2 + 1;
	T_EQ(say(&w, tx, B), NEM_SUCCESS);
	/* Multiplied beyond all numbers. */
	tx = send(B, C, "alice:gold", INT64_MAX, w.now);
	tx.transfer.amount_micro = 9000000 * (uint64_t)XEM;
	T_EQ(say(&w, tx, B), -1); /* NIS ends with an exception */
	/* A multiplier of zero moves nothing, also of what nobody has. */
	tx = send(Z, C, "alice:gold", 7, w.now);
	tx.transfer.amount_micro = 0;
	T_EQ(say(&w, tx, Z), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(owned(&w, B, "alice:gold"), 999);
	T_EQ(owned(&w, C, "alice:gold"), 1);
	/* floor(500,001 * 3,000,000 / 10^6) micro-XEM, and fees of 1.25 XEM. */
	T_EQ(balance(&w, C), 1000000 * (uint64_t)XEM + 1500003);
	WORLD_CLOSE(&w);
}

static void too_many(void)
{
	struct world w;
	struct nem_tx tx;

	T_CHECK(open_alice(&w));
	for (unsigned i = 0; i < 12; i++) {
		char id[24];

		(void)snprintf(id, sizeof id, "alice:m%02u", i);
		T_EQ(say(&w, definition(A, id, w.now), A), NEM_SUCCESS);
	}
	T_CHECK(mine(&w, PUBLIC));
	tx = send(A, B, "alice:m00", 1, w.now);
	for (unsigned i = 1; i < 12; i++) {
		char id[24];

		(void)snprintf(id, sizeof id, "alice:m%02u", i);
		tx.transfer.mosaic[i] = (struct nem_mosaic){ mosaic_id(id), 1 };
	}
	tx.transfer.mosaics = 11;
	T_EQ(say(&w, tx, A), NEM_FAILURE_TOO_MANY_MOSAIC_TRANSFERS);
	tx.transfer.mosaics = 12;
	T_EQ(say(&w, tx, A), NEM_FAILURE_TOO_MANY_MOSAIC_TRANSFERS);
	tx.transfer.mosaics = 10;
	T_EQ(say(&w, tx, A), NEM_SUCCESS);
	tx.head.time_nem_s++;
	tx.transfer.mosaic[10] = (struct nem_mosaic){ nem_mosaic_xem, XEM }; /* not counted */
	tx.transfer.mosaics = 11;
	T_EQ(say(&w, tx, A), NEM_SUCCESS);
	/* The fee of ten pieces of small mosaics is ten units and one of nem:xem. */
	tx.head.time_nem_s++;
	tx.head.fee_micro = 11 * NEM_FEE_UNIT_MICRO - 1;
	T_EQ(say(&w, tx, A), NEM_FAILURE_INSUFFICIENT_FEE);
	tx.head.fee_micro++;
	T_EQ(say(&w, tx, A), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(owned(&w, B, "alice:m09"), 3);
	WORLD_CLOSE(&w);
}

static void not_transferable(void)
{
	struct world w;
	struct nem_tx tx;

	T_CHECK(open_alice(&w));
	tx = definition(A, "alice:tag", w.now);
	tx.definition.mosaic.properties.transferable = false;
	T_EQ(say(&w, tx, A), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(say(&w, send(A, T, "alice:tag", 1, w.now), A), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(say(&w, send(T, X, "alice:tag", 1, w.now), T), NEM_FAILURE_MOSAIC_NOT_TRANSFERABLE);
	T_EQ(say(&w, send(T, A, "alice:tag", 1, w.now), T), NEM_SUCCESS); /* back to its maker */
	WORLD_CLOSE(&w);
}

static struct nem_tx levied(unsigned who, const char *id, enum nem_levy_type type, unsigned to,
			    const char *in, uint64_t fee, uint32_t now)
{
	struct nem_tx tx = definition(who, id, now);

	tx.definition.mosaic.levy = (struct nem_levy){
		.type = type, .recipient = address_of(to), .mosaic = mosaic_id(in), .fee = fee
	};
	return tx;
}

static void levies(void)
{
	struct world w;
	uint64_t before;
	const uint64_t fee = 25 * NEM_FEE_UNIT_MICRO;

	T_CHECK(open_gold(&w));
	T_EQ(say(&w, levied(A, "alice:abs", NEM_LEVY_ABSOLUTE, Z, "nem:xem", 7, w.now), A),
	     NEM_SUCCESS);
	T_EQ(say(&w, levied(A, "alice:pct", NEM_LEVY_PERCENTILE, Z, "alice:pct", 150, w.now), A),
	     NEM_SUCCESS);
	T_EQ(say(&w, levied(A, "alice:key", NEM_LEVY_ABSOLUTE, A, "alice:gold", 1, w.now), A),
	     NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	before = balance(&w, A);
	T_EQ(say(&w, send(A, B, "alice:abs", 5, w.now), A), NEM_SUCCESS);
	T_EQ(say(&w, send(A, B, "alice:pct", 199, w.now), A), NEM_SUCCESS); /* floor(2.985) */
	T_EQ(say(&w, send(A, B, "alice:key", 1, w.now), A), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(balance(&w, A), before - 3 * fee - 7);
	T_EQ(balance(&w, Z), 1000000 * (uint64_t)XEM + 7);
	T_EQ(owned(&w, B, "alice:pct"), 199);
	T_EQ(owned(&w, Z, "alice:pct"), 2);
	T_EQ(owned(&w, A, "alice:pct"), 1000 - 201);
	T_EQ(owned(&w, A, "alice:gold"), 1000); /* paid to himself */
	/* B has the tag and no gold: it stays with him, as the trackers of 2018 wanted. */
	T_EQ(say(&w, send(B, C, "alice:key", 1, w.now), B), NEM_FAILURE_INSUFFICIENT_BALANCE);
	T_EQ(say(&w, send(B, A, "alice:key", 1, w.now), B), NEM_FAILURE_INSUFFICIENT_BALANCE);
	T_EQ(say(&w, send(A, B, "alice:gold", 1, w.now), A), NEM_SUCCESS);
	T_EQ(say(&w, send(B, A, "alice:key", 1, w.now), B), NEM_SUCCESS); /* given a way out */
	/* All that B has of pct cannot go: the levy comes on top. */
	T_EQ(say(&w, send(B, C, "alice:pct", 199, w.now), B), NEM_FAILURE_INSUFFICIENT_BALANCE);
	T_EQ(say(&w, send(B, C, "alice:pct", 197, w.now), B), NEM_SUCCESS);
	/* To himself: what comes back pays the levy. */
	T_EQ(say(&w, send(C, C, "alice:pct", 197, w.now), C), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(owned(&w, C, "alice:pct"), 195);
	WORLD_CLOSE(&w);
}

static void self_payment(void)
{
	struct world w;
	struct nem_tx tx;

	T_CHECK(world_open(&w));
	/* Everything to himself: it comes back before the fee is due (BalanceValidator). */
	tx = transfer(X, X, 1000000 * (uint64_t)XEM, w.now);
	T_EQ(say(&w, tx, X), NEM_SUCCESS);
	tx = transfer(Y, Z, 1000000 * (uint64_t)XEM, w.now);
	T_EQ(say(&w, tx, Y), NEM_FAILURE_INSUFFICIENT_BALANCE);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(balance(&w, X), 1000000 * (uint64_t)XEM - tx.head.fee_micro);
	WORLD_CLOSE(&w);
}

static void in_a_multisig(void)
{
	struct world w;
	struct nem_tx inner;
	struct nem_tx wrapper;

	T_CHECK(world_open(&w));
	T_CHECK(convert_m(&w));
	inner = provision(M, "", "shared", w.now);
	wrapper = wrap(A, &inner, w.now);
	T_EQ(say(&w, wrapper, A), NEM_SUCCESS);
	T_EQ(say(&w, cosignature(B, &wrapper, w.now), B), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(balance(&w, M), 1000000 * (uint64_t)XEM - NEM_FEE_MODIFICATION_MICRO -
				 NEM_FEE_RENTAL_ROOT_MICRO - 3 * NEM_FEE_OTHER_MICRO);
	/* The name is M's: nobody else's. */
	T_EQ(say(&w, definition(A, "shared:coin", w.now), A), NEM_FAILURE_NAMESPACE_OWNER_CONFLICT);
	inner = definition(M, "shared:coin", w.now);
	wrapper = wrap(A, &inner, w.now);
	T_EQ(say(&w, wrapper, A), NEM_SUCCESS);
	T_EQ(say(&w, cosignature(C, &wrapper, w.now), C), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(owned(&w, M, "shared:coin"), 1000);
	inner = send(M, X, "shared:coin", 1001, w.now);
	T_EQ(say(&w, wrap(A, &inner, w.now), A), NEM_FAILURE_INSUFFICIENT_BALANCE);
	/* A sink has what was paid to it, and nobody who could sign for it. */
	inner = transfer(M, X, XEM, w.now);
	inner.head.signer = nem_sink_mosaic_key;
	T_EQ(say(&w, wrap(A, &inner, w.now), A), NEM_FAILURE_MULTISIG_NOT_A_COSIGNER);
	WORLD_CLOSE(&w);
}

/* 149: a mosaic is not defined in the block that touches it or provides its namespace. */
static void conflicts(void)
{
	struct world w;
	struct nem_tx txs[2];

	T_CHECK(open_gold(&w));
	txs[0] = provision(A, "", "bob", w.now);
	txs[1] = definition(A, "bob:tin", w.now);
	T_CHECK(sign(&txs[0], A) && sign(&txs[1], A));
	T_EQ(given(&w, txs, 2, HARVESTER), NEM_FAILURE_CONFLICTING_MOSAIC_CREATION);
	T_EQ(given(&w, txs, 1, HARVESTER), NEM_SUCCESS);
	T_EQ(given(&w, txs + 1, 1, HARVESTER), NEM_SUCCESS);
	txs[0] = definition(A, "bob:tin", w.now);
	memcpy(txs[0].definition.mosaic.description, "more", 4);
	txs[1] = send(A, B, "bob:tin", 1, w.now);
	T_CHECK(sign(&txs[0], A) && sign(&txs[1], A));
	T_EQ(given(&w, txs, 2, HARVESTER), NEM_FAILURE_CONFLICTING_MOSAIC_CREATION);
	txs[1] = supply(A, "bob:tin", NEM_SUPPLY_CREATE, 1, w.now);
	T_CHECK(sign(&txs[1], A));
	T_EQ(given(&w, txs, 2, HARVESTER), NEM_FAILURE_CONFLICTING_MOSAIC_CREATION);
	/* From a pool the second one waits for the next block. */
	T_EQ(announce(&w, PUBLIC, &txs[0]), NEM_SUCCESS);
	T_EQ(announce(&w, PUBLIC, &txs[1]), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(nis_top(w.n).transactions, 1);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(nis_top(w.n).transactions, 1);
	WORLD_CLOSE(&w);
}

/* ---- importance ---- */

static enum nis_remote_state state_of(const struct world *w, unsigned who)
{
	struct nem_address a = address_of(who);

	return nis_remote_state(w->n, &a, NULL);
}

static bool mine_many(struct world *w, unsigned n)
{
	bool ok = true;

	for (unsigned i = 0; ok && i < n; i++) {
		ok = mine(w, PUBLIC);
	}
	return ok;
}

static void remotes(void)
{
	struct world w;
	struct nem_tx tx;
	uint64_t before;

	T_CHECK(world_open(&w));
	T_EQ(say(&w, importance(X, REMOTE, NEM_IMPORTANCE_DEACTIVATE, w.now), X),
	     NEM_FAILURE_IMPORTANCE_TRANSFER_IS_NOT_ACTIVE);
	T_EQ(say(&w, importance(X, B, NEM_IMPORTANCE_ACTIVATE, w.now), X),
	     NEM_FAILURE_DESTINATION_ACCOUNT_IN_USE);
	T_EQ(say(&w, importance(X, REMOTE, NEM_IMPORTANCE_ACTIVATE, w.now), X), NEM_SUCCESS);
	T_EQ(say(&w, importance(Y, REMOTE, NEM_IMPORTANCE_ACTIVATE, w.now), Y),
	     NEM_FAILURE_IMPORTANCE_TRANSFER_IN_PROGRESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(state_of(&w, X), NIS_REMOTE_STATE_ACTIVATING);
	T_EQ(state_of(&w, REMOTE), NIS_REMOTE_STATE_REMOTE);
	/* It can neither pay nor be paid any more. */
	T_EQ(say(&w, transfer(A, REMOTE, XEM, w.now), A),
	     NEM_FAILURE_TRANSACTION_NOT_ALLOWED_FOR_REMOTE);
	T_EQ(say(&w, importance(X, REMOTE, NEM_IMPORTANCE_DEACTIVATE, w.now), X),
	     NEM_FAILURE_IMPORTANCE_TRANSFER_IN_PROGRESS);
	T_EQ(given(&w, NULL, 0, REMOTE), NEM_FAILURE_INELIGIBLE_BLOCK_SIGNER);
	T_CHECK(mine_many(&w, 358));
	T_EQ(given(&w, NULL, 0, REMOTE), NEM_FAILURE_INELIGIBLE_BLOCK_SIGNER);
	T_EQ(say(&w, importance(X, REMOTE, NEM_IMPORTANCE_DEACTIVATE, w.now), X),
	     NEM_FAILURE_IMPORTANCE_TRANSFER_IN_PROGRESS);
	T_CHECK(mine(&w, PUBLIC));
	/* 360 blocks later it harvests, the owner no longer, and the owner has the fees. */
	T_EQ(given(&w, NULL, 0, X), NEM_FAILURE_INELIGIBLE_BLOCK_SIGNER);
	tx = transfer(A, B, XEM, w.now);
	T_CHECK(sign(&tx, A));
	before = balance(&w, X);
	T_EQ(given(&w, &tx, 1, REMOTE), NEM_SUCCESS);
	T_EQ(balance(&w, X), before + tx.head.fee_micro);
	T_EQ(state_of(&w, X), NIS_REMOTE_STATE_ACTIVE);
	/* Not with what the owner signed. */
	tx = transfer(X, B, XEM, w.now);
	T_CHECK(sign(&tx, X));
	T_EQ(given(&w, &tx, 1, REMOTE), NEM_FAILURE_SELF_SIGNED_TRANSACTION);
	T_EQ(say(&w, importance(X, 61, NEM_IMPORTANCE_ACTIVATE, w.now), X),
	     NEM_FAILURE_IMPORTANCE_TRANSFER_NEEDS_TO_BE_DEACTIVATED);
	T_EQ(say(&w, importance(Y, REMOTE, NEM_IMPORTANCE_ACTIVATE, w.now), Y),
	     NEM_FAILURE_IMPORTANCE_TRANSFER_NEEDS_TO_BE_DEACTIVATED);
	T_EQ(say(&w, importance(X, REMOTE, NEM_IMPORTANCE_DEACTIVATE, w.now), X), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(state_of(&w, X), NIS_REMOTE_STATE_DEACTIVATING);
	T_EQ(given(&w, NULL, 0, REMOTE), NEM_SUCCESS); /* still */
	T_EQ(nis_roll_back(w.n, nis_height(w.n) - 2, w.now), ERR_OK);
	T_EQ(state_of(&w, X), NIS_REMOTE_STATE_ACTIVE);
	WORLD_CLOSE(&w);
}

static void remotes_in_use(void)
{
	static const unsigned ab[] = { A, 62 };
	struct world w;

	T_CHECK(world_open(&w));
	T_CHECK(convert(&w, M, ab, 2, 1));
	/* A cosigner, an owner of a name or a mosaic, with nothing on it. */
	T_EQ(say(&w, importance(X, 62, NEM_IMPORTANCE_ACTIVATE, w.now), X),
	     NEM_FAILURE_DESTINATION_ACCOUNT_IN_USE);
	T_EQ(say(&w, provision(A, "", "alice", w.now), A), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(say(&w, definition(A, "alice:gold", w.now), A), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(say(&w, importance(X, 63, NEM_IMPORTANCE_ACTIVATE, w.now), X), NEM_SUCCESS);
	T_EQ(nis_roll_back(w.n, nis_height(w.n), w.now), ERR_OK);
	nis_drop_pool(w.n, PUBLIC);
	T_EQ(say(&w, send(A, 63, "alice:gold", 1, w.now), A), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(say(&w, importance(X, 63, NEM_IMPORTANCE_ACTIVATE, w.now), X),
	     NEM_FAILURE_DESTINATION_ACCOUNT_IN_USE);
	WORLD_CLOSE(&w);
}

/* ---- a random ledger of mosaics ---- */

enum { PEOPLE = 4, MOSAICS = 3, ROUNDS = 400 };

struct model {
	uint64_t held[PEOPLE][MOSAICS];
	uint64_t supply[MOSAICS];
};

static const char *const model_id[MOSAICS] = { "alice:m0", "alice:m1", "alice:m2" };
static const unsigned model_who[PEOPLE] = { A, B, C, X };

/* m1 asks 1 of m0 to C; m2 asks 2.5 % of m2 to B. */
static bool model_send(struct model *m, unsigned from, unsigned to, unsigned mosaic, uint64_t q)
{
	struct model next = *m;

	if (next.held[from][mosaic] < q) {
		return false;
	}
	next.held[from][mosaic] -= q;
	next.held[to][mosaic] += q;
	if (mosaic == 1) {
		if (next.held[from][0] < 1) {
			return false;
		}
		next.held[from][0]--;
		next.held[2][0]++;
	}
	if (mosaic == 2) {
		uint64_t due = 250 * q / 10000;

		if (next.held[from][2] < due) {
			return false;
		}
		next.held[from][2] -= due;
		next.held[1][2] += due;
	}
	*m = next;
	return true;
}

static bool model_fits(const struct world *w, const struct model *m)
{
	for (unsigned p = 0; p < PEOPLE; p++) {
		for (unsigned i = 0; i < MOSAICS; i++) {
			if (owned(w, model_who[p], model_id[i]) != m->held[p][i]) {
				return false;
			}
		}
	}
	return true;
}

static void random_ledger(void)
{
	struct world w;
	struct model m = { .supply = { 1000, 1000, 1000 } };
	struct model at_mark;
	uint64_t mark;
	unsigned sent = 0, refused = 0;

	T_CHECK(open_alice(&w));
	T_EQ(say(&w, definition(A, "alice:m0", w.now), A), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(say(&w, levied(A, "alice:m1", NEM_LEVY_ABSOLUTE, C, "alice:m0", 1, w.now), A),
	     NEM_SUCCESS);
	T_EQ(say(&w, levied(A, "alice:m2", NEM_LEVY_PERCENTILE, B, "alice:m2", 250, w.now), A),
	     NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	for (unsigned i = 0; i < MOSAICS; i++) {
		m.held[0][i] = 1000;
	}
	at_mark = m;
	mark = nis_height(w.n);
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned from = (unsigned)t_below(PEOPLE), to = (unsigned)t_below(PEOPLE);
		unsigned mosaic = (unsigned)t_below(MOSAICS);
		uint64_t q = t_below(300);
		struct nem_tx tx = send(model_who[from], model_who[to], model_id[mosaic], q, w.now);
		bool fits;
		int code;

		tx.head.time_nem_s -= round % 50; /* no two alike */
		fits = model_send(&m, from, to, mosaic, q);
		code = say(&w, tx, model_who[from]);
		T_EQ(code, code == NEM_NEUTRAL ? NEM_NEUTRAL
			   : fits              ? NEM_SUCCESS
					       : NEM_FAILURE_INSUFFICIENT_BALANCE);
		T_CHECK(code != NEM_NEUTRAL);
		sent += fits;
		refused += !fits;
		/* One block a payment: the order in a block is the pool's, not ours. */
		T_CHECK(mine(&w, PUBLIC));
		if (round % 40 == 0) {
			T_CHECK(model_fits(&w, &m));
			if (t_below(2) == 0) {
				at_mark = m;
				mark = nis_height(w.n);
			}
		}
		if (round % 97 == 96 && nis_height(w.n) - mark < 350) {
			T_EQ(nis_roll_back(w.n, mark, w.now), ERR_OK);
			nis_drop_pool(w.n, PUBLIC);
			nis_drop_pool(w.n, CLEAN);
			m = at_mark;
			T_CHECK(model_fits(&w, &m));
			T_CHECK(nis_validate(w.n) == NULL);
		}
	}
	T_CHECK(model_fits(&w, &m));
	printf("# %u sent, %u refused\n", sent, refused);
	T_CHECK(sent > 50 && refused > 20);
	WORLD_CLOSE(&w);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "namespaces, each code", namespaces },
		{ "definitions, each code, and anew", definitions },
		{ "supplies, to the piece", supplies },
		{ "what a transfer of mosaics moves", bags },
		{ "ten mosaics and nem:xem", too_many },
		{ "what may not be passed on", not_transferable },
		{ "levies", levies },
		{ "everything to himself", self_payment },
		{ "names and mosaics of a multisig", in_a_multisig },
		{ "what a block may not hold together", conflicts },
		{ "remote harvesting, to the block", remotes },
		{ "accounts in use may not harvest for others", remotes_in_use },
		{ "a random ledger beside a model", random_ledger },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
