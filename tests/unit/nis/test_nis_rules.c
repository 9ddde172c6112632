/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: the node answers with NIS's own code to every attempt that nem.md 4.3, 3.2 to 3.4 and 7.2
 * list, at each boundary and one beside it.
 * Method: small chains of two pools; transactions built and signed with the real encoder; after
 * each case every invariant of the chain and its pools is checked.
 */
#include "nis/nis_chain.h"
#include "nis_kit.h"

static void plain_transfer_is_mined(void)
{
	struct world w;
	struct nem_tx tx;

	T_CHECK(world_open(&w));
	tx = transfer(A, B, 5 * XEM, w.now);
	T_CHECK(sign(&tx, A));
	T_EQ(announce(&w, PUBLIC, &tx), NEM_SUCCESS);
	T_EQ(nis_pool_count(w.n, PUBLIC), 1);
	T_EQ(nis_pool_count(w.n, CLEAN), 0);
	T_EQ(announce(&w, PUBLIC, &tx), NEM_NEUTRAL);
	T_CHECK(mine(&w, CLEAN));
	T_EQ(seen(&w, &tx), 0);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(seen(&w, &tx), 1);
	T_EQ(balance(&w, B), 1000005 * (uint64_t)XEM);
	T_EQ(balance(&w, A), 999995 * (uint64_t)XEM - 50000);
	T_EQ(balance(&w, HARVESTER), 50000);
	T_EQ(nis_pool_count(w.n, PUBLIC), 0);
	T_EQ(announce(&w, PUBLIC, &tx), NEM_NEUTRAL);
	T_EQ(announce(&w, CLEAN, &tx), NEM_NEUTRAL);
	WORLD_CLOSE(&w);
}

static void signature_must_verify(void)
{
	struct world w;
	struct nem_tx tx;

	T_CHECK(world_open(&w));
	tx = transfer(A, B, XEM, w.now);
	T_CHECK(sign(&tx, A));
	for (unsigned i = 0; i < 64; i += 7) {
		tx.signature.b[i] ^= 1;
		T_EQ(announce(&w, PUBLIC, &tx), NEM_FAILURE_SIGNATURE_NOT_VERIFIABLE);
		tx.signature.b[i] ^= 1;
	}
	memset(&tx.signature, 0, sizeof tx.signature);
	T_EQ(announce(&w, PUBLIC, &tx), NEM_FAILURE_SIGNATURE_NOT_VERIFIABLE);
	T_EQ(nis_pool_count(w.n, PUBLIC), 0);
	WORLD_CLOSE(&w);
}

static void deadlines_to_the_second(void)
{
	struct world w;
	struct nem_tx tx;

	T_CHECK(world_open(&w));
	tx = transfer(A, B, XEM, w.now);
	tx.head.deadline_nem_s = w.now; /* not after its timestamp */
	T_EQ(say(&w, tx, A), NEM_FAILURE_PAST_DEADLINE);
	tx.head.deadline_nem_s = w.now + 1;
	T_EQ(say(&w, tx, A), NEM_SUCCESS);
	tx = transfer(A, B, XEM, w.now - 100);
	tx.head.deadline_nem_s = w.now - 1;
	T_EQ(say(&w, tx, A), NEM_FAILURE_PAST_DEADLINE);
	tx.head.deadline_nem_s = w.now;
	T_EQ(say(&w, tx, A), NEM_SUCCESS);
	tx = transfer(A, B, XEM, w.now);
	tx.head.deadline_nem_s = w.now + 86401;
	T_EQ(say(&w, tx, A), NEM_FAILURE_FUTURE_DEADLINE);
	tx.head.deadline_nem_s = w.now + 86400;
	T_EQ(say(&w, tx, A), NEM_SUCCESS);
	WORLD_CLOSE(&w);
}

static void timestamps_to_the_second(void)
{
	struct world w;

	T_CHECK(world_open(&w));
	T_EQ(say(&w, transfer(A, B, XEM, w.now + 11), A), NEM_FAILURE_TIMESTAMP_TOO_FAR_IN_FUTURE);
	T_EQ(say(&w, transfer(A, B, XEM, w.now + 10), A), NEM_SUCCESS);
	/* There is no lower bound but the deadline. */
	struct nem_tx old = transfer(A, B, XEM, w.now - 86399);

	old.head.deadline_nem_s = w.now + 1;
	T_EQ(say(&w, old, A), NEM_SUCCESS);
	WORLD_CLOSE(&w);
}

static void fees_to_the_micro(void)
{
	struct world w;
	struct nem_tx tx;

	T_CHECK(world_open(&w));
	tx = transfer(A, B, 19999 * (uint64_t)XEM, w.now);
	T_EQ(tx.head.fee_micro, 50000);
	tx.head.fee_micro--;
	T_EQ(say(&w, tx, A), NEM_FAILURE_INSUFFICIENT_FEE);
	tx = transfer(A, B, 20000 * (uint64_t)XEM, w.now);
	T_EQ(tx.head.fee_micro, 100000);
	tx.head.fee_micro--;
	T_EQ(say(&w, tx, A), NEM_FAILURE_INSUFFICIENT_FEE);
	tx.head.fee_micro = 900000 * (uint64_t)XEM; /* no maximum */
	T_EQ(say(&w, tx, A), NEM_SUCCESS);
	tx = modification(X, 1, w.now);
	entry(&tx, NEM_ADD, Y);
	tx.head.fee_micro--;
	T_EQ(say(&w, tx, X), NEM_FAILURE_INSUFFICIENT_FEE);
	tx.head.fee_micro++;
	T_EQ(say(&w, tx, X), NEM_SUCCESS);
	WORLD_CLOSE(&w);
}

static void balance_to_the_micro(void)
{
	struct world w;
	uint64_t all = 100 * (uint64_t)XEM;

	T_CHECK(world_open(&w));
	T_EQ(say(&w, transfer(T, B, all - 50000 + 1, w.now), T), NEM_FAILURE_INSUFFICIENT_BALANCE);
	T_EQ(say(&w, transfer(T, B, all - 50000, w.now), T), NEM_SUCCESS);
	/* The pool has executed it: nothing is left for another. */
	T_EQ(say(&w, transfer(T, B, 0, w.now + 1), T), NEM_FAILURE_INSUFFICIENT_BALANCE);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(balance(&w, T), 0);
	WORLD_CLOSE(&w);
}

static void amounts_that_overflow(void)
{
	struct world w;
	struct nem_tx tx;

	T_CHECK(world_open(&w));
	tx = transfer(A, B, UINT64_MAX, w.now);
	T_CHECK(say(&w, tx, A) != NEM_SUCCESS);
	tx.head.fee_micro = UINT64_MAX;
	T_CHECK(say(&w, tx, A) != NEM_SUCCESS);
	tx = transfer(A, B, (uint64_t)INT64_MAX, w.now);
	T_CHECK(say(&w, tx, A) != NEM_SUCCESS);
	tx.head.fee_micro = (uint64_t)INT64_MAX;
	T_CHECK(say(&w, tx, A) != NEM_SUCCESS);
	T_EQ(nis_pool_count(w.n, PUBLIC), 0);
	WORLD_CLOSE(&w);
}

static void unconfirmed_income_may_be_spent_in_the_pool(void)
{
	struct world w;
	struct nem_tx first, second;

	T_CHECK(world_open(&w));
	first = transfer(A, T, 500 * (uint64_t)XEM, w.now);
	second = transfer(T, B, 400 * (uint64_t)XEM, w.now);
	second.head.fee_micro = 10 * XEM; /* pays more, so it is tried first, and waits */
	T_EQ(say(&w, second, T), NEM_FAILURE_INSUFFICIENT_BALANCE);
	T_EQ(say(&w, first, A), NEM_SUCCESS);
	T_EQ(say(&w, second, T), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(seen(&w, &first), 1);
	T_EQ(seen(&w, &second), 0);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(seen(&w, &second), 1);
	WORLD_CLOSE(&w);
}

static void nemesis_and_harvester_do_not_pay(void)
{
	struct world w;
	struct nem_tx tx;

	T_CHECK(world_open(&w));
	/* That account has no fees: NIS rebuilds what it signed with 0, and then nothing verifies.
	 */
	tx = transfer(NEMESIS, A, XEM, w.now);
	T_EQ(say(&w, tx, NEMESIS), NEM_FAILURE_SIGNATURE_NOT_VERIFIABLE);
	tx.head.fee_micro = 0;
	T_EQ(say(&w, tx, NEMESIS), NEM_FAILURE_NEMESIS_ACCOUNT_TRANSACTION_AFTER_NEMESIS_BLOCK);
	T_EQ(say(&w, transfer(A, HARVESTER, 10 * XEM, w.now), A), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	tx = transfer(HARVESTER, A, XEM, w.now);
	T_EQ(say(&w, tx, HARVESTER), NEM_SUCCESS); /* taken, never mined by itself */
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(seen(&w, &tx), 0);
	T_EQ(nis_pool_count(w.n, PUBLIC), 1);
	T_CHECK(sign(&tx, HARVESTER));
	T_EQ(given(&w, &tx, 1, HARVESTER), NEM_FAILURE_SELF_SIGNED_TRANSACTION);
	T_EQ(given(&w, &tx, 1, Z), NEM_SUCCESS);
	WORLD_CLOSE(&w);
}

static void bytes_that_are_no_transaction(void)
{
	struct world w;
	struct nem_tx tx;
	struct nis_answer answer;
	uint8_t raw[NEM_TX_BYTES_MAX];
	struct writer out = writer_make(raw, sizeof raw);
	uint64_t version;

	T_CHECK(world_open(&w));
	tx = transfer(A, B, XEM, w.now);
	T_CHECK(sign(&tx, A));
	nem_tx_encode(&out, &tx, NEM_SIGNING);
	version = nis_pool_version(w.n, PUBLIC);
	for (size_t n = 0; n < out.n; n++) {
		T_CHECK(nis_announce(w.n, PUBLIC, bytes_of(raw, n), &tx.signature, w.now, &answer,
				     NULL) != ERR_OK ||
			answer.code >= 2);
	}
	for (size_t i = 0; i < out.n; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			raw[i] ^= (uint8_t)(1u << bit);
			T_CHECK(nis_announce(w.n, PUBLIC, bytes_of(raw, out.n), &tx.signature,
					     w.now, &answer, NULL) != ERR_OK ||
				answer.code >= 2);
			raw[i] ^= (uint8_t)(1u << bit);
		}
	}
	T_EQ(nis_pool_version(w.n, PUBLIC), version);
	/* Network and version get codes; a bad recipient is an error (404 over HTTP). */
	raw[7] = NEM_NETWORK_MAIN;
	T_EQ(nis_announce(w.n, PUBLIC, bytes_of(raw, out.n), &tx.signature, w.now, &answer, NULL),
	     ERR_OK);
	T_EQ(answer.code, NEM_FAILURE_WRONG_NETWORK);
	raw[7] = NEM_NETWORK_TEST;
	raw[4] = 3;
	T_EQ(nis_announce(w.n, PUBLIC, bytes_of(raw, out.n), &tx.signature, w.now, &answer, NULL),
	     ERR_OK);
	T_EQ(answer.code, NEM_FAILURE_ENTITY_INVALID_VERSION);
	raw[4] = 1;
	raw[70] = raw[70] == 'A' ? 'B' : 'A';
	T_EQ(nis_announce(w.n, PUBLIC, bytes_of(raw, out.n), &tx.signature, w.now, &answer, NULL),
	     ERR_ADDRESS);
	WORLD_CLOSE(&w);
}

/* What is refused leaves no account behind, however often strangers try. */
static void strangers_take_no_memory(void)
{
	struct world w;
	size_t accounts;

	T_CHECK(world_open(&w));
	T_CHECK(convert_m(&w));
	accounts = w.n->state.n;
	for (unsigned i = 100; i < 200; i++) {
		struct nem_tx inner = transfer(i, i + 1, XEM, w.now);
		struct nem_tx pay = wrap(i + 2, &inner, w.now);

		T_EQ(say(&w, inner, i), NEM_FAILURE_INSUFFICIENT_BALANCE);
		T_EQ(say(&w, pay, i + 2), NEM_FAILURE_INSUFFICIENT_BALANCE);
		T_EQ(say(&w, cosignature(i + 3, &pay, w.now), i + 3),
		     NEM_FAILURE_INSUFFICIENT_BALANCE);
		T_EQ(push(&w, CLEAN, &pay), NEM_FAILURE_SIGNATURE_NOT_VERIFIABLE);
	}
	T_EQ(w.n->state.n, accounts);
	WORLD_CLOSE(&w);
}

/* nem.md 5.4.1: 404 over HTTP for an address of elsewhere, 20 for a version field of elsewhere. */
static void other_networks(void)
{
	struct world w;
	struct nem_tx tx, pay;
	struct nem_address main;
	struct edk_secret x = key_of(X);
	uint8_t raw[NEM_TX_BYTES_MAX];
	struct writer out = writer_make(raw, sizeof raw);
	struct nis_answer answer;

	T_CHECK(world_open(&w));
	T_CHECK(convert_m(&w));
	nem_address_from_key(&main, &x.public_key, NEM_NETWORK_MAIN);
	tx = transfer(M, X, XEM, w.now);
	pay = wrap(A, &tx, w.now);
	T_CHECK(sign(&pay, A));
	nem_tx_encode(&out, &pay, NEM_SIGNING);
	T_EQ(raw[64 + 7], NEM_NETWORK_TEST);
	raw[64 + 7] = NEM_NETWORK_MAIN;
	T_EQ(nis_announce(w.n, PUBLIC, bytes_of(raw, out.n), &pay.signature, w.now, &answer, NULL),
	     ERR_OK);
	T_EQ(answer.code, NEM_FAILURE_WRONG_NETWORK);
	raw[64 + 7] = NEM_NETWORK_TEST;
	memcpy(raw + 64 + 64, main.text, NEM_ADDRESS_CHARS);
	T_EQ(nis_announce(w.n, PUBLIC, bytes_of(raw, out.n), &pay.signature, w.now, &answer, NULL),
	     ERR_ADDRESS);
	T_EQ(nis_pool_count(w.n, PUBLIC), 0);
	WORLD_CLOSE(&w);
}

/* A type that NIS has not is no transaction. */
static void other_types(void)
{
	struct world w;
	struct nem_tx tx;
	uint8_t raw[NEM_TX_BYTES_MAX];
	struct writer out = writer_make(raw, sizeof raw);
	struct nis_answer answer;
	const char *why = NULL;

	T_CHECK(world_open(&w));
	tx = transfer(A, X, XEM, w.now);
	T_CHECK(sign(&tx, A));
	nem_tx_encode(&out, &tx, NEM_SIGNING);
	le32_put(raw, 0x0102);
	T_EQ(nis_announce(w.n, PUBLIC, bytes_of(raw, out.n), &tx.signature, w.now, &answer, &why),
	     ERR_TYPE);
	T_CHECK(why != NULL);
	WORLD_CLOSE(&w);
}

static void messages_to_the_byte(void)
{
	struct world w;
	struct nem_tx tx;
	uint8_t raw[NEM_TX_BYTES_MAX];
	struct writer out = writer_make(raw, sizeof raw);
	struct nis_answer answer;

	T_CHECK(world_open(&w));
	tx = transfer(A, B, XEM, w.now);
	tx.transfer.message_type = NEM_MESSAGE_PLAIN;
	tx.transfer.message_bytes = NEM_MESSAGE_MAX;
	tx.head.fee_micro = nem_fee_minimum(&tx);
	T_CHECK(sign(&tx, A));
	T_EQ(announce(&w, PUBLIC, &tx), NEM_SUCCESS);
	/* One byte more does not fit the struct: the bytes are made by hand. */
	nem_tx_encode(&out, &tx, NEM_SIGNING);
	le32_put(raw + out.n - NEM_MESSAGE_MAX - 12, NEM_MESSAGE_MAX + 9);
	le32_put(raw + out.n - NEM_MESSAGE_MAX - 4, NEM_MESSAGE_MAX + 1);
	raw[out.n++] = 0;
	T_EQ(nis_announce(w.n, PUBLIC, bytes_of(raw, out.n), &tx.signature, w.now, &answer, NULL),
	     ERR_OK);
	T_EQ(answer.code, NEM_FAILURE_MESSAGE_TOO_LARGE);
	WORLD_CLOSE(&w);
}

static void conversions(void)
{
	struct world w;
	struct nem_tx tx;

	T_CHECK(world_open(&w));
	tx = modification(M, 1, w.now);
	entry(&tx, NEM_ADD, M);
	T_EQ(say(&w, tx, M), NEM_FAILURE_MULTISIG_ACCOUNT_CANNOT_BE_COSIGNER);
	tx = modification(M, 1, w.now);
	entry(&tx, NEM_ADD, A);
	entry(&tx, NEM_ADD, A);
	T_EQ(say(&w, tx, M), NEM_FAILURE_MULTISIG_MODIFICATION_REDUNDANT_MODIFICATIONS);
	tx = modification(M, 0, w.now);
	entry(&tx, NEM_DELETE, A);
	T_EQ(say(&w, tx, M), NEM_FAILURE_MULTISIG_NOT_A_COSIGNER);
	tx = modification(M, 3, w.now);
	entry(&tx, NEM_ADD, A);
	entry(&tx, NEM_ADD, B);
	T_EQ(say(&w, tx, M), NEM_FAILURE_MULTISIG_MIN_COSIGNATORIES_OUT_OF_RANGE);
	tx.modification.change = -1;
	T_EQ(say(&w, tx, M), NEM_FAILURE_MULTISIG_MIN_COSIGNATORIES_OUT_OF_RANGE);
	tx.modification.change = 2;
	T_EQ(say(&w, tx, M), NEM_SUCCESS);
	/* While the conversion is only in the pool, M may do nothing by itself. */
	T_EQ(say(&w, transfer(M, A, XEM, w.now), M),
	     NEM_FAILURE_TRANSACTION_NOT_ALLOWED_FOR_MULTISIG);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(say(&w, transfer(M, A, XEM, w.now), M),
	     NEM_FAILURE_TRANSACTION_NOT_ALLOWED_FOR_MULTISIG);
	tx = modification(M, 0, w.now);
	entry(&tx, NEM_ADD, C);
	T_EQ(say(&w, tx, M), NEM_FAILURE_TRANSACTION_NOT_ALLOWED_FOR_MULTISIG);
	tx = modification(A, 1, w.now); /* a cosigner becomes multisig */
	entry(&tx, NEM_ADD, X);
	T_EQ(say(&w, tx, A), NEM_FAILURE_MULTISIG_ACCOUNT_CANNOT_BE_COSIGNER);
	tx = modification(X, 1, w.now); /* a multisig as cosigner */
	entry(&tx, NEM_ADD, M);
	T_EQ(say(&w, tx, X), NEM_FAILURE_MULTISIG_ACCOUNT_CANNOT_BE_COSIGNER);
	WORLD_CLOSE(&w);
}

static void cosigners_to_the_32nd(void)
{
	struct world w;
	struct nem_tx tx;

	T_CHECK(world_open(&w));
	tx = modification(M, 1, w.now);
	for (unsigned i = 0; i < 33; i++) {
		entry(&tx, NEM_ADD, 100 + i);
	}
	T_EQ(say(&w, tx, M), NEM_FAILURE_TOO_MANY_MULTISIG_COSIGNERS);
	tx = modification(M, 1, w.now);
	for (unsigned i = 0; i < 32; i++) {
		entry(&tx, NEM_ADD, 100 + i);
	}
	T_EQ(say(&w, tx, M), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(seen(&w, &tx), 1);
	WORLD_CLOSE(&w);
}

static void version_1_means_all_must_sign(void)
{
	struct world w;
	struct nem_tx tx, pay, co;
	struct nem_address m = address_of(M);
	struct nis_account account;

	T_CHECK(world_open(&w));
	tx = modification(M, 0, w.now);
	tx.head.version = 1;
	tx.modification.has_change = false;
	entry(&tx, NEM_ADD, A);
	entry(&tx, NEM_ADD, B);
	T_EQ(say(&w, tx, M), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	nis_account(w.n, &m, &account);
	T_EQ(account.cosigners, 2);
	T_EQ(account.minimum, 0);
	tx = transfer(M, X, XEM, w.now);
	pay = wrap(A, &tx, w.now);
	T_EQ(say(&w, pay, A), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(seen(&w, &pay), 0);
	co = cosignature(B, &pay, w.now);
	T_EQ(say(&w, co, B), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(seen(&w, &pay), 1);
	WORLD_CLOSE(&w);
}

static void the_multisig_account_pays_everything(void)
{
	struct world w;
	struct nem_tx inner, pay;
	uint64_t before;

	T_CHECK(world_open(&w));
	T_CHECK(convert_m(&w));
	before = balance(&w, M);
	inner = transfer(M, X, 10 * XEM, w.now);
	inner.head.fee_micro = 1250000;
	pay = wrap(A, &inner, w.now);
	T_EQ(say(&w, pay, A), NEM_SUCCESS);
	T_EQ(say(&w, cosignature(B, &pay, w.now), B), NEM_SUCCESS);
	T_EQ(say(&w, cosignature(C, &pay, w.now), C), NEM_SUCCESS); /* surplus, charged as well */
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(seen(&w, &pay), 1);
	T_EQ(before - balance(&w, M), 11700000); /* nem.md 3.3 */
	T_EQ(balance(&w, A), 1000000 * (uint64_t)XEM);
	WORLD_CLOSE(&w);
}

static void who_may_propose_and_cosign(void)
{
	struct world w;
	struct nem_tx inner, pay, co, other;
	uint8_t raw[NEM_TX_BYTES_MAX];
	struct writer out = writer_make(raw, sizeof raw);
	struct nis_answer answer;

	T_CHECK(world_open(&w));
	T_CHECK(convert_m(&w));
	inner = transfer(M, X, XEM, w.now);
	T_EQ(say(&w, wrap(X, &inner, w.now), X), NEM_FAILURE_MULTISIG_NOT_A_COSIGNER);
	other = transfer(Y, X, XEM, w.now);
	T_EQ(say(&w, wrap(A, &other, w.now), A), NEM_FAILURE_MULTISIG_NOT_A_COSIGNER);
	T_EQ(say(&w, wrap(M, &inner, w.now), M), NEM_FAILURE_TRANSACTION_NOT_ALLOWED_FOR_MULTISIG);
	pay = wrap(A, &inner, w.now);
	co = cosignature(B, &pay, w.now);
	T_EQ(say(&w, co, B), NEM_FAILURE_MULTISIG_NO_MATCHING_MULTISIG); /* before its wrapper */
	T_EQ(say(&w, pay, A), NEM_SUCCESS);
	T_EQ(say(&w, cosignature(X, &pay, w.now), X), NEM_FAILURE_MULTISIG_NO_MATCHING_MULTISIG);
	T_EQ(say(&w, cosignature(A, &pay, w.now), A), NEM_FAILURE_MULTISIG_NO_MATCHING_MULTISIG);
	other = co;
	other.cosignature.inner_hash.b[0] ^= 1;
	T_EQ(say(&w, other, B), NEM_FAILURE_MULTISIG_NO_MATCHING_MULTISIG);
	other = co;
	other.cosignature.account = address_of(X);
	T_EQ(say(&w, other, B), NEM_FAILURE_MULTISIG_NO_MATCHING_MULTISIG);
	/* The hash of the wrapper is not what is signed. */
	other = co;
	nem_tx_hash(&other.cosignature.inner_hash, &pay);
	T_EQ(say(&w, other, B), NEM_FAILURE_MULTISIG_NO_MATCHING_MULTISIG);
	other = co;
	other.head.fee_micro = NEM_FEE_COSIGNATURE_MAX_MICRO + 1;
	T_EQ(say(&w, other, B), NEM_FAILURE_INSUFFICIENT_FEE);
	other.head.fee_micro = NEM_FEE_COSIGNATURE_MICRO - 1;
	T_EQ(say(&w, other, B), NEM_FAILURE_INSUFFICIENT_FEE);
	T_EQ(say(&w, co, B), NEM_SUCCESS);
	T_EQ(say(&w, co, B), NEM_NEUTRAL);
	other = cosignature(B, &pay, w.now + 1);
	T_EQ(say(&w, other, B), NEM_SUCCESS); /* a second one of the same signer: ignored */
	T_EQ(say(&w, wrap(B, &inner, w.now), B), NEM_NEUTRAL); /* the same inner, pending */
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(seen(&w, &co), 1);
	T_EQ(seen(&w, &other), 0);
	T_EQ(say(&w, co, B), NEM_NEUTRAL);
	T_EQ(say(&w, cosignature(C, &pay, w.now), C), NEM_FAILURE_MULTISIG_NO_MATCHING_MULTISIG);
	T_EQ(say(&w, wrap(B, &inner, w.now), B), NEM_NEUTRAL); /* the same inner, confirmed */
	/* An inner that is a multisig or a cosignature: the head of a known one, its type altered.
	 */
	nem_tx_encode(&out, &pay, NEM_SIGNING);
	le32_put(raw + 64, NEM_MULTISIG);
	T_EQ(nis_announce(w.n, PUBLIC, bytes_of(raw, out.n), &pay.signature, w.now, &answer, NULL),
	     ERR_OK);
	T_EQ(answer.code, NEM_FAILURE_MULTISIG_NOT_A_COSIGNER);
	le32_put(raw + 64, NEM_COSIGNATURE);
	T_EQ(nis_announce(w.n, PUBLIC, bytes_of(raw, out.n), &pay.signature, w.now, &answer, NULL),
	     ERR_OK);
	T_EQ(answer.code, NEM_FAILURE_MULTISIG_NOT_A_COSIGNER);
	WORLD_CLOSE(&w);
}

static void every_part_is_judged(void)
{
	struct world w;
	struct nem_tx inner, pay;

	T_CHECK(world_open(&w));
	T_CHECK(convert_m(&w));
	inner = transfer(M, X, XEM, w.now);
	inner.head.fee_micro--;
	T_EQ(say(&w, wrap(A, &inner, w.now), A), NEM_FAILURE_INSUFFICIENT_FEE);
	inner = transfer(M, X, XEM, w.now);
	pay = wrap(A, &inner, w.now);
	pay.head.fee_micro--;
	T_EQ(say(&w, pay, A), NEM_FAILURE_INSUFFICIENT_FEE);
	inner = transfer(M, X, XEM, w.now - 100);
	inner.head.deadline_nem_s = w.now - 1;
	T_EQ(say(&w, wrap(A, &inner, w.now), A), NEM_FAILURE_PAST_DEADLINE);
	inner = transfer(M, X, XEM, w.now + 11);
	T_EQ(say(&w, wrap(A, &inner, w.now), A), NEM_FAILURE_TIMESTAMP_TOO_FAR_IN_FUTURE);
	inner = transfer(M, X, XEM, w.now);
	inner.head.deadline_nem_s = w.now + 86401;
	T_EQ(say(&w, wrap(A, &inner, w.now), A), NEM_FAILURE_FUTURE_DEADLINE);
	/* Amount, inner fee and outer fee together, to the micro. */
	inner = transfer(M, X, balance(&w, M) - 1250000 - 150000 + 1, w.now);
	T_EQ(inner.head.fee_micro, 1250000);
	T_EQ(say(&w, wrap(A, &inner, w.now), A), NEM_FAILURE_INSUFFICIENT_BALANCE);
	inner.transfer.amount_micro--;
	pay = wrap(A, &inner, w.now);
	T_EQ(say(&w, pay, A), NEM_SUCCESS);
	/* Nothing is left for the cosignature's fee: the proposal can never be completed. */
	T_EQ(say(&w, cosignature(B, &pay, w.now), B), NEM_FAILURE_INSUFFICIENT_BALANCE);
	WORLD_CLOSE(&w);
}

/* nem.md 4.2: signatures of the others that remove one cosigner. */
static void removal(unsigned n, int needed, int change, unsigned others, bool enough)
{
	static const unsigned who[] = { A, B, C, R, X };
	struct world w;
	struct nem_tx inner, pay;

	T_CHECK(world_open(&w));
	T_CHECK(convert(&w, M, who, n, needed));
	inner = modification(M, change, w.now);
	entry(&inner, NEM_DELETE, who[n - 1]);
	pay = wrap(n == 1 ? A : who[0], &inner, w.now);
	T_EQ(say(&w, pay, who[0]), NEM_SUCCESS);
	for (unsigned i = 1; i < others; i++) {
		T_EQ(say(&w, cosignature(who[i], &pay, w.now), who[i]), NEM_SUCCESS);
	}
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(seen(&w, &pay), enough ? 1 : 0);
	WORLD_CLOSE(&w);
}

static void removals(void)
{
	removal(2, 2, -1, 1, true); /* 2-of-2 protects nothing */
	removal(3, 3, -1, 1, false);
	removal(3, 3, -1, 2, true);
	removal(3, 2, 0, 1, false);
	removal(3, 2, 0, 2, true);
	removal(3, 1, 0, 1, true);
	removal(5, 3, 0, 2, false);
	removal(5, 3, 0, 3, true);
	T_CHECK(!t_failed);
}

static void the_removed_one_does_not_count(void)
{
	struct world w;
	struct nem_tx inner, pay;

	T_CHECK(world_open(&w));
	T_CHECK(convert_m(&w));
	inner = modification(M, 0, w.now);
	entry(&inner, NEM_DELETE, C);
	pay = wrap(A, &inner, w.now);
	T_EQ(say(&w, pay, A), NEM_SUCCESS);
	T_EQ(say(&w, cosignature(C, &pay, w.now), C), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(seen(&w, &pay), 0);
	T_EQ(say(&w, cosignature(B, &pay, w.now), B), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(seen(&w, &pay), 1);
	WORLD_CLOSE(&w);
}

static void modifications_of_a_multisig(void)
{
	struct world w;
	struct nem_tx inner, swap;

	T_CHECK(world_open(&w));
	T_CHECK(convert_m(&w));
	inner = modification(M, 0, w.now);
	entry(&inner, NEM_DELETE, A);
	entry(&inner, NEM_DELETE, B);
	T_EQ(say(&w, wrap(C, &inner, w.now), C),
	     NEM_FAILURE_MULTISIG_MODIFICATION_MULTIPLE_DELETES);
	inner = modification(M, 0, w.now);
	entry(&inner, NEM_ADD, A);
	T_EQ(say(&w, wrap(C, &inner, w.now), C), NEM_FAILURE_MULTISIG_ALREADY_A_COSIGNER);
	inner = modification(M, 0, w.now);
	entry(&inner, NEM_DELETE, X);
	T_EQ(say(&w, wrap(C, &inner, w.now), C), NEM_FAILURE_MULTISIG_NOT_A_COSIGNER);
	inner = modification(M, 0, w.now);
	entry(&inner, NEM_DELETE, A);
	entry(&inner, NEM_ADD, X);
	swap = wrap(C, &inner, w.now);
	T_EQ(say(&w, swap, C), NEM_SUCCESS);
	T_EQ(say(&w, cosignature(B, &swap, w.now), B), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(seen(&w, &swap), 1);
	inner = transfer(M, Y, XEM, w.now);
	T_EQ(say(&w, wrap(A, &inner, w.now), A), NEM_FAILURE_MULTISIG_NOT_A_COSIGNER);
	T_EQ(say(&w, wrap(X, &inner, w.now), X), NEM_SUCCESS);
	WORLD_CLOSE(&w);
}

static void two_modifications_of_one_account_wait_for_each_other(void)
{
	struct world w;
	struct nem_tx one, two, first, second, both[2];

	T_CHECK(world_open(&w));
	T_CHECK(convert_m(&w));
	one = modification(M, 0, w.now);
	entry(&one, NEM_ADD, X);
	two = modification(M, 0, w.now);
	entry(&two, NEM_ADD, Y);
	first = wrap(A, &one, w.now);
	second = wrap(A, &two, w.now);
	T_EQ(say(&w, first, A), NEM_SUCCESS);
	T_EQ(say(&w, second, A), NEM_SUCCESS);
	T_EQ(say(&w, cosignature(B, &first, w.now), B), NEM_SUCCESS);
	T_EQ(say(&w, cosignature(B, &second, w.now), B), NEM_SUCCESS);
	for (unsigned i = 0; i < 2; i++) {
		struct nis_pooled p = nis_pool_at(w.n, PUBLIC, i);

		T_EQ(nem_tx_decode(&both[i], NEM_NETWORK_TEST, p.verifiable, NEM_SIGNED), ERR_OK);
	}
	T_EQ(given(&w, both, 2, Z), NEM_FAILURE_CONFLICTING_MULTISIG_MODIFICATION);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(seen(&w, &first) + seen(&w, &second), 1);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(seen(&w, &first) + seen(&w, &second), 2);
	WORLD_CLOSE(&w);
}

static void unwound_account_is_ordinary_again(void)
{
	static const unsigned a[] = { A };
	struct world w;
	struct nem_tx inner, pay;

	T_CHECK(world_open(&w));
	T_CHECK(convert(&w, M, a, 1, 1));
	inner = modification(M, 0, w.now);
	entry(&inner, NEM_DELETE, A);
	T_EQ(say(&w, wrap(A, &inner, w.now), A),
	     NEM_FAILURE_MULTISIG_MIN_COSIGNATORIES_OUT_OF_RANGE);
	inner.modification.change = -1;
	pay = wrap(A, &inner, w.now);
	T_EQ(say(&w, pay, A), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(seen(&w, &pay), 1);
	T_EQ(say(&w, transfer(M, X, XEM, w.now), M), NEM_SUCCESS);
	WORLD_CLOSE(&w);
}

/* All questions to the wrapper, then all to what is in it; a pool asks for the time last. */
static void the_wrapper_first_and_wholly(void)
{
	struct world w;
	struct nem_tx inner, tx;

	T_CHECK(world_open(&w));
	T_CHECK(convert_m(&w));
	inner = transfer(M, X, XEM, w.now);
	inner.head.deadline_nem_s = inner.head.time_nem_s; /* 3 */
	tx = wrap(A, &inner, w.now);
	T_EQ(say(&w, tx, A), NEM_FAILURE_PAST_DEADLINE);
	tx.head.fee_micro--;
	T_EQ(say(&w, tx, A), NEM_FAILURE_INSUFFICIENT_FEE);
	tx = wrap(X, &inner, w.now);
	T_EQ(say(&w, tx, X), NEM_FAILURE_MULTISIG_NOT_A_COSIGNER);
	/* Movements are the wrapper's: also of a mosaic that nobody defined, which has no fee. */
	inner = send(M, X, "nobody:gold", 1, w.now);
	tx = wrap(A, &inner, w.now);
	T_EQ(say(&w, tx, A), NEM_FAILURE_INSUFFICIENT_BALANCE);
	inner.transfer.mosaic[0].quantity = 0;
	tx = wrap(A, &inner, w.now);
	T_EQ(say(&w, tx, A), -1);
	tx = transfer(A, X, 2000000 * (uint64_t)XEM, w.now - 2 * HOUR);
	T_EQ(say(&w, tx, A), NEM_FAILURE_INSUFFICIENT_BALANCE); /* expired as well */
	tx = transfer(A, X, XEM, w.now - 2 * HOUR);
	T_EQ(say(&w, tx, A), NEM_FAILURE_PAST_DEADLINE);
	WORLD_CLOSE(&w);
}

/* A wrapper names what its parts name: a multisig account cannot take back what it lent. */
static void a_multisig_lends_for_ever(void)
{
	enum { REMOTE = 72 };
	struct world w;
	struct nem_tx inner, pay;

	T_CHECK(world_open(&w));
	T_CHECK(convert_m(&w));
	inner = importance(M, REMOTE, NEM_IMPORTANCE_ACTIVATE, w.now);
	pay = wrap(A, &inner, w.now);
	T_EQ(say(&w, pay, A), NEM_SUCCESS);
	T_EQ(say(&w, cosignature(B, &pay, w.now), B), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(seen(&w, &pay), 1);
	for (unsigned i = 0; i < NIS_UNDO_MAX + 1; i++) {
		T_CHECK(mine(&w, PUBLIC));
	}
	inner = importance(M, REMOTE, NEM_IMPORTANCE_DEACTIVATE, w.now);
	T_EQ(say(&w, wrap(A, &inner, w.now), A), NEM_FAILURE_TRANSACTION_NOT_ALLOWED_FOR_REMOTE);
	WORLD_CLOSE(&w);
}

/* A block is judged by what its transactions do, and then as a whole. */
static void a_block_as_a_whole(void)
{
	struct world w;
	struct nem_tx tx, two[2], pay, co;

	T_CHECK(world_open(&w));
	T_CHECK(convert_m(&w));
	tx = transfer(A, X, 2000000 * (uint64_t)XEM, w.now);
	T_CHECK(sign(&tx, A));
	T_EQ(given(&w, &tx, 1, A), NEM_FAILURE_INSUFFICIENT_BALANCE); /* his own as well */
	tx = transfer(A, X, XEM, w.now);
	tx.head.deadline_nem_s = w.now + 1;
	T_CHECK(sign(&tx, A));
	T_EQ(given(&w, &tx, 1, A), NEM_FAILURE_PAST_DEADLINE);
	tx = transfer(A, X, XEM, w.now);
	T_CHECK(sign(&tx, A));
	T_EQ(given(&w, &tx, 1, A), NEM_FAILURE_SELF_SIGNED_TRANSACTION);
	T_EQ(given(&w, &tx, 1, Z), NEM_SUCCESS);
	T_EQ(given(&w, &tx, 1, A), NEM_FAILURE_SELF_SIGNED_TRANSACTION);
	T_EQ(given(&w, &tx, 1, Z), NEM_NEUTRAL);
	two[0] = two[1] = transfer(A, X, XEM, w.now);
	T_CHECK(sign(&two[0], A) && sign(&two[1], A));
	T_EQ(given(&w, two, 2, Z), NEM_FAILURE_TRANSACTION_DUPLICATE_IN_CHAIN);
	/* What he has cosigned, and what he shares, he may take. */
	for (unsigned i = 0; i < 2; i++) {
		tx = transfer(M, X, XEM + i, w.now);
		pay = wrap(A, &tx, w.now);
		T_EQ(say(&w, pay, A), NEM_SUCCESS);
		co = cosignature(B, &pay, w.now);
		T_CHECK(sign(&co, B));
		T_EQ(nem_tx_attach(&pay, &co), ERR_OK);
		T_CHECK(sign(&pay, A));
		T_EQ(given(&w, &pay, 1, i == 0 ? B : C), NEM_SUCCESS);
	}
	WORLD_CLOSE(&w);
}

/* In the order of fees after a block, in its own order after an expiry. */
static void the_order_of_a_pool(void)
{
	struct world w;
	struct nem_tx cheap, dear, brief, late;
	struct hash32 hash;
	struct nis_pooled p;

	T_CHECK(world_open(&w));
	w.now += 100; /* none of these can be mined in the next block */
	cheap = transfer(A, X, XEM, w.now + 9);
	dear = transfer(A, Y, XEM, w.now + 9);
	dear.head.fee_micro += XEM;
	T_EQ(say(&w, cheap, A), NEM_SUCCESS);
	T_EQ(say(&w, dear, A), NEM_SUCCESS);
	T_EQ(nis_mine(w.n, PUBLIC, w.now), ERR_OK);
	T_EQ(nis_pool_count(w.n, PUBLIC), 2);
	nem_tx_hash(&hash, &dear);
	p = nis_pool_at(w.n, PUBLIC, 0);
	T_CHECK(hash32_eq(&p.hash, &hash));
	/* T has 100 XEM: late was taken only because brief left it nothing of the other's. */
	nis_drop_pool(w.n, PUBLIC);
	brief = transfer(A, T, XEM, w.now);
	brief.head.deadline_nem_s = w.now + 5;
	late = transfer(T, A, 60 * XEM, w.now);
	dear = transfer(T, B, 30 * XEM, w.now);
	dear.head.fee_micro += XEM;
	T_EQ(say(&w, brief, A), NEM_SUCCESS);
	T_EQ(say(&w, late, T), NEM_SUCCESS);
	T_EQ(say(&w, dear, T), NEM_SUCCESS);
	w.now += 6;
	nis_expire(w.n, w.now);
	T_EQ(nis_pool_count(w.n, PUBLIC), 2);
	nem_tx_hash(&hash, &late);
	p = nis_pool_at(w.n, PUBLIC, 0);
	T_CHECK(hash32_eq(&p.hash, &hash));
	WORLD_CLOSE(&w);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "a plain transfer is mined, and known afterwards", plain_transfer_is_mined },
		{ "signatures must verify", signature_must_verify },
		{ "deadlines, to the second", deadlines_to_the_second },
		{ "timestamps, to the second", timestamps_to_the_second },
		{ "fees, to the micro", fees_to_the_micro },
		{ "balance, to the micro", balance_to_the_micro },
		{ "amounts that overflow", amounts_that_overflow },
		{ "unconfirmed income may be spent in the pool",
		  unconfirmed_income_may_be_spent_in_the_pool },
		{ "nemesis and harvester", nemesis_and_harvester_do_not_pay },
		{ "truncated and flipped bytes", bytes_that_are_no_transaction },
		{ "strangers take no memory", strangers_take_no_memory },
		{ "other networks", other_networks },
		{ "other types", other_types },
		{ "messages, to the byte", messages_to_the_byte },
		{ "conversions", conversions },
		{ "cosigners, to the 32nd", cosigners_to_the_32nd },
		{ "version 1 means all must sign", version_1_means_all_must_sign },
		{ "the multisig account pays everything", the_multisig_account_pays_everything },
		{ "who may propose and cosign", who_may_propose_and_cosign },
		{ "every part is judged", every_part_is_judged },
		{ "removals (nem.md 4.2)", removals },
		{ "the removed one does not count", the_removed_one_does_not_count },
		{ "modifications of a multisig account", modifications_of_a_multisig },
		{ "two modifications of one account",
		  two_modifications_of_one_account_wait_for_each_other },
		{ "an unwound account is ordinary again", unwound_account_is_ordinary_again },
		{ "the wrapper first, and wholly", the_wrapper_first_and_wholly },
		{ "a multisig lends for ever", a_multisig_lends_for_ever },
		{ "a block as a whole", a_block_as_a_whole },
		{ "the order of a pool", the_order_of_a_pool },
	};

	return t_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
