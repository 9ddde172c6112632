/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_world.h - a genesis, a policy, and one order with its request that they allow.
 *
 * NOW is 2018-01-26 00:00 UTC; amounts in XEM through X().
 */
#ifndef KURAMORI_TESTS_POLICY_WORLD_H
#define KURAMORI_TESTS_POLICY_WORLD_H

#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_address.h"
#include "chain/nem/nem_time.h"
#include "crypto/uuid7.h"
#include "doc/types.h"
#include "policy/attempt.h"
#include "policy/policy.h"

#define NOW    UINT64_C(1516924800000)
#define X(xem) ((uint64_t)(xem)*1000000u)

struct world {
	struct doc_genesis genesis;
	struct policy_own own;
	struct doc_policy policy;
	struct doc_request request;
	struct doc_order order;
	struct hash32 request_doc;
	struct hash32 order_id;
	struct policy_kept entries[64];
	struct policy_history history;
	struct policy_question q;
};

static inline struct money xem(uint64_t micro)
{
	return money_of(ASSET_XEM, micro);
}

static inline struct key32 world_key(uint8_t n)
{
	struct key32 k;

	memset(k.b, n, sizeof k.b);
	return k;
}

static inline void world_address(struct doc_address *out, uint8_t n, uint8_t network)
{
	struct key32 k = world_key(n);
	struct nem_address a;

	nem_address_from_key(&a, &k, network);
	memcpy(out->text, a.text, sizeof out->text);
}

static inline struct doc_hot world_hot(enum doc_hot_kind kind, uint8_t n)
{
	struct doc_hot h = { .kind = kind, .public_key = world_key(n) };

	world_address(&h.spare, (uint8_t)(n + 100), 0x98);
	return h;
}

/* Hot accounts 1 (till), 2 (purse), 3 (deposit) with spares 101 to 103; box 50. */
static inline void world_make(struct world *w)
{
	const uint8_t tail[UUID7_RANDOM_BYTES] = { 7 };
	uint32_t chain_s = 0;

	memset(w, 0, sizeof *w);
	w->genesis.chain = DOC_CHAIN_NEM;
	w->genesis.chain_network = 0x98;
	w->genesis.hot_count = 3;
	w->genesis.hot[0] = world_hot(DOC_HOT_TILL, 1);
	w->genesis.hot[1] = world_hot(DOC_HOT_PURSE, 2);
	w->genesis.hot[2] = world_hot(DOC_HOT_DEPOSIT, 3);
	w->genesis.spare_count = 3;
	for (uint8_t i = 0; i < 3; i++) {
		w->genesis.spares[i] = w->genesis.hot[i].spare;
	}
	w->genesis.box_count = 1;
	world_address(&w->genesis.boxes[0], 50, 0x98);

	policy_own_make(&w->own, &w->genesis);

	w->policy = (struct doc_policy){
		.tier_count = 3,
		.approval_tiers = { { 0, 0, xem(X(100)) },
				    { 1, 0, xem(X(1000)) },
				    { 2, 0, xem(X(5000)) } },
		.asset = ASSET_XEM,
		.attempt_life_s = 3600,
		.clock_skew_ms = 600000,
		.day_max = xem(X(20000)),
		.destination_kinds = DOC_TO_CUSTOMER,
		.fee_bp_max = 1000000,
		.fee_max = xem(X(3)),
		.heartbeat_age_ms = 5000,
		.hot_ceiling_bp = 500,
		.hour_max = xem(X(10000)),
		.loosening_ms = 3600000,
		.number = 1,
		.order_life_ms = 3600000,
		.payment_max = xem(X(4000)),
		.till_max = xem(X(100000)),
		.unapproved_day_max = xem(X(500)),
		.unlisted_max = xem(X(4000)),
	};
	memset(w->request_doc.b, 0xaa, 32);
	memset(w->order_id.b, 0xbb, 32);
	w->request = (struct doc_request){
		.amount = xem(X(50)),
		.asset = ASSET_XEM,
		.customer = "customer-1",
		.message_n = 5,
		.message = "hello",
		.time_ms = NOW - 2000,
	};
	world_address(&w->request.destination, 200, 0x98);
	uuid7_make(&w->request.request_id, NOW - 2000, tail);
	w->order = (struct doc_order){
		.amount = w->request.amount,
		.asset = ASSET_XEM,
		.chain = DOC_CHAIN_NEM,
		.created_ms = NOW - 1000,
		.destination = w->request.destination,
		.expires_ms = NOW - 1000 + 1800000,
		.fee_max = xem(X(2)),
		.message_n = 5,
		.message = "hello",
		.network = 0x98,
		.request = w->request_doc,
		.request_id = w->request.request_id,
		.vault = DOC_VAULT_HOT,
	};
	policy_history_init(&w->history, w->entries, ARRAY_LEN(w->entries));
	CHECK(nem_time_from_unix_ms(&chain_s, NOW) == ERR_OK);
	w->q = (struct policy_question){
		.genesis = &w->genesis,
		.own = &w->own,
		.policy = &w->policy,
		.order = &w->order,
		.request = &w->request,
		.request_doc = &w->request_doc,
		.history = &w->history,
		.now = { .own_ms = NOW, .wall_ms = NOW, .chain_s = chain_s },
		.approvals = 0,
	};
}

/* Order and request ask for this amount. */
static inline void world_amount(struct world *w, uint64_t micro)
{
	w->order.amount = xem(micro);
	w->request.amount = xem(micro);
}

#endif
