/* SPDX-License-Identifier: Apache-2.0 */
/*
 * payment.h - the bytes on the chain that an order with its attempt, or a sweep, stands for.
 *
 * One road for everybody: signers sign what they built here, watchers compare what they saw with
 * it, payout assembles the unit to announce from it.  Nobody ever signs or accepts bytes that came
 * from elsewhere (P6).
 *
 * NEM (nem.md 2.2, 2.4, 2.8): the inner transfer v1 of the hot account, whose hash names the
 * payment; A's cosignature over that hash; B's multisig wrapper around the inner.  All three carry
 * the timestamp and deadline of the attempt.
 */
#ifndef KURAMORI_POLICY_PAYMENT_H
#define KURAMORI_POLICY_PAYMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

struct doc_order;
struct doc_attempt;
struct doc_sweep;

enum {
	PAYMENT_INNER_MAX = 1152, /* 116 + 8 + a message of 1,024 bytes, rounded up */
	PAYMENT_COSIGN_BYTES = 144,
	PAYMENT_WRAP_MAX = 64 + PAYMENT_INNER_MAX,
	PAYMENT_UNIT_MAX = PAYMENT_WRAP_MAX + 68 + 4 + 4 + PAYMENT_COSIGN_BYTES + 68,
};

/* Everything that follows from the documents; non-verifiable forms are what is signed. */
struct payment {
	struct key32 account;     /* the hot account that pays */
	struct key32 cosigner;    /* A's chain key */
	struct key32 wrapper;     /* B's chain key */
	struct hash32 inner_hash; /* the payment's name */
	struct hash32 cosign_hash;
	struct hash32 wrap_hash;
	uint8_t inner[PAYMENT_INNER_MAX];
	size_t inner_n;
	uint8_t cosign[PAYMENT_COSIGN_BYTES];
	size_t cosign_n;
	uint8_t wrap[PAYMENT_WRAP_MAX];
	size_t wrap_n;
};

/*
 * network: the genesis document's; a_key, b_key: chain keys of signers a and b.
 * ERR_ADDRESS, ERR_NETWORK: the destination; ERR_FIELD_RANGE: an amount, time or message that the
 * chain cannot carry.  *out only on ERR_OK.  Judging is attempt_check()'s and policy_judge()'s
 * work.
 */
MUST_CHECK enum err payment_make(struct payment *out, uint8_t network, const struct key32 *a_key,
				 const struct key32 *b_key, const struct doc_order *order,
				 const struct doc_attempt *attempt);
MUST_CHECK enum err payment_make_sweep(struct payment *out, uint8_t network,
				       const struct key32 *a_key, const struct key32 *b_key,
				       const struct doc_sweep *sweep);

/* The signing bytes, and so the attestation's data: A's cosignature, B's wrapper. */
struct bytes payment_cosign(const struct payment *p);
struct bytes payment_wrap(const struct payment *p);

/* A's signature over the cosignature; B's over the wrapper.  By the rule of NIS (edk.h). */
bool payment_cosign_signed(const struct payment *p, const struct sig64 *a);
bool payment_wrap_signed(const struct payment *p, const struct sig64 *b);

/*
 * The completed unit: the wrapper with B's signature and A's cosignature attached, verifiable form,
 * as CALL_ANNOUNCE takes it and as blocks carry it.  ERR_SIGNATURE if one of the two does not
 * verify; ERR_FULL if cap (PAYMENT_UNIT_MAX suffices) is too small.  *n only on ERR_OK.
 */
MUST_CHECK enum err payment_unit(uint8_t *out, size_t cap, size_t *n, const struct payment *p,
				 const struct sig64 *a, const struct sig64 *b);

#endif
