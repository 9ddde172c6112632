/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.c - the same small exchange in every seed: keys, genesis, roster, policy, and the first two
 * blocks (grants; hot accounts become 2-of-3 of A, B and the recovery key).  Throw-away keys of the
 * development network.  Boxes, spares and customers are addresses whose keys nobody uses here.
 */
#include <stdio.h>
#include <string.h>

#include "sim/sim.h"

struct world world;

enum {
	KEY_CHAIN = 1,
	KEY_HOT = 10,
	KEY_BOX = 30,
	KEY_SPARE = 40,
	KEY_CUSTOMER = 60,
	KEY_PARTY = 80,
	KEY_SOURCE = 120,
	KEY_HOLDER = 130
};

static void nem_key(uint8_t out[32], unsigned n)
{
	memset(out, 0, 32);
	out[0] = 0x5a;
	out[31] = (uint8_t)n;
}

static void edk_key(struct edk_secret *out, unsigned n)
{
	uint8_t raw[32];

	nem_key(raw, n);
	edk_secret_from_nem(out, raw);
}

static void address_of(struct nem_address *out, unsigned n)
{
	struct edk_secret s;

	edk_key(&s, n);
	nem_address_from_key(out, &s.public_key, NEM_NETWORK_TEST);
}

static void party_make(struct party *p, unsigned n)
{
	uint8_t seed[ED25519_SEED_BYTES];

	nem_key(seed, n);
	ed25519_keypair(&p->key, p->secret, seed);
}

static void doc_address_of(struct doc_address *out, const struct nem_address *a)
{
	memcpy(out->text, a->text, sizeof out->text);
}

static struct money xem(uint64_t whole)
{
	return money_of(ASSET_XEM, (u128)whole * SIM_XEM);
}

static void keys_make(void)
{
	struct edk_secret s;

	edk_key(&world.chain_key[0], KEY_CHAIN);
	edk_key(&world.chain_key[1], KEY_CHAIN + 1);
	edk_key(&world.recovery, KEY_CHAIN + 2);
	edk_key(&world.harvester, KEY_CHAIN + 3);
	edk_key(&world.foe_harvester, KEY_CHAIN + 4);
	edk_key(&world.rich, KEY_CHAIN + 5);
	nem_address_from_key(&world.rich_address, &world.rich.public_key, NEM_NETWORK_TEST);
	nem_address_from_key(&world.foe_address, &world.foe_harvester.public_key, NEM_NETWORK_TEST);
	for (unsigned i = 0; i < HOT; i++) {
		edk_key(&world.hot_key[i], KEY_HOT + i);
		nem_address_from_key(&world.hot_address[i], &world.hot_key[i].public_key,
				     NEM_NETWORK_TEST);
	}
	for (unsigned i = 0; i < BOXES; i++) {
		address_of(&world.box_address[i], KEY_BOX + i);
	}
	for (unsigned i = 0; i < SPARES; i++) {
		address_of(&world.spare_address[i], KEY_SPARE + i);
	}
	for (unsigned i = 0; i < CUSTOMERS; i++) {
		edk_key(&s, KEY_CUSTOMER + i);
		nem_address_from_key(&world.customer_address[i], &s.public_key, NEM_NETWORK_TEST);
	}
	party_make(&world.attest[0], KEY_PARTY);
	party_make(&world.attest[1], KEY_PARTY + 1);
	party_make(&world.backend, KEY_PARTY + 2);
	party_make(&world.stranger, KEY_PARTY + 3);
	for (unsigned i = 0; i < WATCHERS; i++) {
		party_make(&world.watcher[i], KEY_PARTY + 10 + i);
	}
	for (unsigned i = 0; i < APPROVERS; i++) {
		party_make(&world.approver[i], KEY_PARTY + 20 + i);
	}
	for (unsigned i = 0; i < OFFICERS; i++) {
		party_make(&world.officer[i], KEY_PARTY + 30 + i);
	}
	party_make(&world.next_approver, KEY_PARTY + 36);
	party_make(&world.next_officer, KEY_PARTY + 37);
	for (unsigned i = 0; i < SOURCES; i++) {
		party_make(&world.source[i], KEY_SOURCE + i);
	}
	for (unsigned i = 0; i < HOLDERS; i++) {
		party_make(&world.holder[i], KEY_HOLDER + i);
	}
	for (unsigned i = 0; i < HOSTS; i++) {
		memset(world.log_secret[i].b, (int)(i + 1), sizeof world.log_secret[i].b);
	}
}

static void grant(const struct nem_address *to, uint64_t whole)
{
	CHECK(world.grants_n < ARRAY_LEN(world.grants));
	world.grants[world.grants_n].to = *to;
	world.grants[world.grants_n++].amount = whole * SIM_XEM;
}

/* Each hot account converts itself; all in block 2. */
static void block2_make(void)
{
	struct nis *n = NULL;
	struct nis_block top;
	uint32_t now = world.block2_s - 60;

	CHECK(nis_open(&n, &world.nis, &world.nemesis) == ERR_OK);
	for (unsigned i = 0; i < HOT; i++) {
		struct nem_tx tx = { .type = NEM_MODIFICATION };
		const struct key32 *cosigner[3] = { &world.chain_key[0].public_key,
						    &world.chain_key[1].public_key,
						    &world.recovery.public_key };
		uint8_t raw[NEM_TX_BYTES_MAX];
		struct writer w = writer_make(raw, sizeof raw);
		struct nis_answer answer;

		tx.head = (struct nem_header){ .network = NEM_NETWORK_TEST,
					       .version = 2,
					       .time_nem_s = now,
					       .deadline_nem_s = now + 3600,
					       .fee_micro = NEM_FEE_MODIFICATION_MICRO,
					       .signer = world.hot_key[i].public_key };
		tx.modification.has_change = true;
		tx.modification.change = 2;
		for (unsigned k = 0; k < 3; k++) {
			tx.modification.entry[tx.modification.n++] =
			    (struct nem_modification_entry){ .type = NEM_ADD,
							     .cosigner = *cosigner[k] };
		}
		nem_tx_canonicalise(&tx);
		CHECK(nem_tx_sign(&tx, &world.hot_key[i]) == ERR_OK);
		nem_tx_encode(&w, &tx, NEM_SIGNED);
		CHECK(nis_push(n, NODE_PUBLIC, bytes_of(raw, w.n), now, &answer, NULL) == ERR_OK);
		CHECK(answer.code == NEM_SUCCESS);
	}
	CHECK(nis_mine(n, NODE_PUBLIC, world.block2_s) == ERR_OK);
	top = nis_top(n);
	CHECK(top.transactions == HOT && top.verifiable.n <= sizeof world.block2);
	memcpy(world.block2, top.verifiable.p, top.verifiable.n);
	world.block2_n = top.verifiable.n;
	nis_close(n);
}

static void chain_make(struct hash32 *nemesis_hash)
{
	struct nis *n = NULL;
	uint32_t start_s = 0;

	CHECK(nem_time_from_unix_ms(&start_s, SIM_START_MS) == ERR_OK);
	world.nis = (struct nis_config){ .network = NEM_NETWORK_TEST,
					 .pools = NODES,
					 .retention_s = NIS_RETENTION_S,
					 .result_cache = false };
	nem_key(world.nis.harvester, KEY_CHAIN + 3);
	world.nemesis = (struct nis_nemesis){ .time_s = start_s - 240, .grants = world.grants };
	nem_key(world.nemesis.key, 200);
	grant(&world.hot_address[0], 20000);
	grant(&world.hot_address[1], 50000);
	grant(&world.hot_address[2], 50000);
	grant(&world.hot_address[3], 1000);
	grant(&world.hot_address[4], 20000);
	for (unsigned i = 0; i < BOXES; i++) {
		grant(&world.box_address[i], 1000000);
	}
	grant(&world.rich_address, 1000000);
	grant(&world.foe_address, 1000);
	world.nemesis.n = world.grants_n;
	world.block2_s = start_s - 120;
	CHECK(nis_open(&n, &world.nis, &world.nemesis) == ERR_OK);
	*nemesis_hash = nis_top(n).hash;
	nis_close(n);
	block2_make();
}

static void roster_make(struct doc_roster *r)
{
	*r = (struct doc_roster){ .number = 1,
				  .backend_count = 1,
				  .governance = 2,
				  .prices_needed = 2,
				  .signer_count = DOC_SIGNERS,
				  .software_approvals = true,
				  .watcher_count = WATCHERS,
				  .watchers_needed = WATCHERS_NEEDED };
	(void)snprintf(r->backends[0].id, sizeof r->backends[0].id, "backend");
	r->backends[0].key = world.backend.key;
	for (unsigned i = 0; i < APPROVERS; i++) {
		struct doc_person *p = &r->people[r->people_count++];

		(void)snprintf(p->id, sizeof p->id, "approver-%u", i + 1);
		p->key = world.approver[i].key;
		p->roles = DOC_ROLE_APPROVER;
	}
	for (unsigned i = 0; i < OFFICERS; i++) {
		struct doc_person *p = &r->people[r->people_count++];

		(void)snprintf(p->id, sizeof p->id, "officer-%u", i + 1);
		p->key = world.officer[i].key;
		p->roles = DOC_ROLE_OFFICER;
	}
	for (unsigned i = 0; i < HOLDERS; i++) {
		struct doc_party *p = &r->holders[r->holder_count++];

		(void)snprintf(p->id, sizeof p->id, "holder-%u", i + 1);
		p->key = world.holder[i].key;
	}
	for (unsigned i = 0; i < SOURCES; i++) {
		struct doc_party *p = &r->price_sources[r->source_count++];

		(void)snprintf(p->id, sizeof p->id, "price-%u", i + 1);
		p->key = world.source[i].key;
	}
	for (unsigned i = 0; i < DOC_SIGNERS; i++) {
		r->signers[i].id = (enum doc_signer)i;
		r->signers[i].attest_key = world.attest[i].key;
		r->signers[i].chain_key = world.chain_key[i].public_key;
	}
	for (unsigned i = 0; i < WATCHERS; i++) {
		(void)snprintf(r->watchers[i].id, sizeof r->watchers[i].id, "w%u", i + 1);
		r->watchers[i].key = world.watcher[i].key;
	}
}

static void policy_make(struct doc_policy *p)
{
	*p = (struct doc_policy){
		.tier_count = 3,
		.approval_tiers = { { 0, 0, xem(100) },
				    { 1, 2000, xem(600) },
				    { 2, 5000, xem(1400) } }, /* with time locks */
		.asset = ASSET_XEM,
		.attempt_life_s = 900,
		.clock_skew_ms = 600000,
		.day_max = xem(9000),
		.destination_kinds = DOC_TO_CUSTOMER,
		.fee_bp_max = 1000000,
		.fee_max = xem(3),
		.grant_life_max_ms = 7200000,
		.heartbeat_age_ms = 20000,
		.hot_ceiling_bp = 500,
		.hour_max = xem(1500),
		.loosening_ms = 3600000,
		.number = 1,
		.order_life_ms = 21600000,
		.payment_max = xem(1400),
		.till_max = xem(100000),
		.unapproved_day_max = xem(400),
		.unlisted_max = xem(1200),
	};
}

static struct bytes keep(const struct writer *w)
{
	return bytes_of(w->p, w->n);
}

void world_make(void)
{
	struct doc_genesis *g = &world.genesis_doc;
	struct doc d;
	struct writer w;

	keys_make();
	g->chain = DOC_CHAIN_NEM;
	g->chain_network = NEM_NETWORK_TEST;
	chain_make(&g->chain_nemesis);
	g->hot_count = HOT;
	for (unsigned i = 0; i < HOT; i++) {
		g->hot[i].kind = i == 0 || i == 4 ? DOC_HOT_TILL
				 : i == 3         ? DOC_HOT_DEPOSIT
						  : DOC_HOT_PURSE;
		g->hot[i].public_key = world.hot_key[i].public_key;
		doc_address_of(&g->hot[i].spare, &world.spare_address[i]);
	}
	g->box_count = BOXES;
	for (unsigned i = 0; i < BOXES; i++) {
		doc_address_of(&g->boxes[i], &world.box_address[i]);
	}
	g->spare_count = SPARES;
	for (unsigned i = 0; i < SPARES; i++) {
		doc_address_of(&g->spares[i], &world.spare_address[i]);
	}
	g->recovery.holders = HOLDERS;
	g->recovery.needed = HOLDERS_NEEDED;

	roster_make(&world.roster_doc);
	w = writer_make(world.roster_raw, sizeof world.roster_raw);
	CHECK(doc_roster_make(&w, NULL, &world.roster_doc, NULL) == ERR_OK);
	CHECK(doc_open(&d, keep(&w), NULL, NULL) == ERR_OK);
	doc_zero_id(&g->roster, &d);
	policy_make(&world.policy_doc);
	w = writer_make(world.policy_raw, sizeof world.policy_raw);
	CHECK(doc_policy_make(&w, NULL, &world.policy_doc, NULL) == ERR_OK);
	CHECK(doc_open(&d, keep(&w), NULL, NULL) == ERR_OK);
	doc_zero_id(&g->policy, &d);

	w = writer_make(world.genesis_raw, sizeof world.genesis_raw);
	CHECK(doc_genesis_make(&w, &world.genesis_id, g, NULL) == ERR_OK);
	world.genesis = keep(&w);
	world.roster_doc.genesis = world.genesis_id;
	w = writer_make(world.roster_raw, sizeof world.roster_raw);
	CHECK(doc_roster_make(&w, &world.roster_id, &world.roster_doc, NULL) == ERR_OK);
	world.roster = keep(&w);
	world.policy_doc.genesis = world.genesis_id;
	w = writer_make(world.policy_raw, sizeof world.policy_raw);
	CHECK(doc_policy_make(&w, &world.policy_id, &world.policy_doc, NULL) == ERR_OK);
	world.policy = keep(&w);
}
