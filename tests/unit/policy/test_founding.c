/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: nobody founds an exchange on documents that could not be mended later: a key that signs
 * nothing, one hand with two votes, names that are read as one, thresholds that nobody reaches,
 * practice taken for the main network.  Method: one good set, and each rule broken alone.
 */
#include "t.h"

#include "chain/nem/nem_network.h"
#include "crypto/crypto.h"
#include "crypto/ed25519.h"
#include "policy/founding.h"
#include "policy_world.h"

static struct world w;
static struct doc_roster r;
static struct doc_holding h;
static struct doc_fault fault;

/* A key that can sign. */
static struct key32 key(uint8_t n)
{
	uint8_t seed[ED25519_SEED_BYTES] = { n, 0x77 }, secret[ED25519_SECRET_BYTES];
	struct key32 k;

	ed25519_keypair(&k, secret, seed);
	return k;
}

/* The lowest y upon which no point lies. */
static struct key32 no_key(void)
{
	struct key32 k = { { 2 } };

	while (ed25519_key_ok(&k)) {
		k.b[0]++;
	}
	return k;
}

static void party(struct doc_party *p, const char *id, uint8_t n)
{
	(void)snprintf(p->id, sizeof p->id, "%s", id);
	p->key = key(n);
}

static void person(size_t i, const char *id, uint8_t n, uint32_t roles)
{
	(void)snprintf(r.people[i].id, sizeof r.people[i].id, "%s", id);
	r.people[i].key = key(n);
	r.people[i].roles = roles;
}

static void start(void)
{
	CHECK(crypto_init() == ERR_OK);
	world_make(&w);
	for (uint8_t i = 0; i < 3; i++) {
		w.genesis.hot[i].public_key = key((uint8_t)(60 + i));
	}
	w.genesis.chain_nemesis.b[0] = 1;
	w.genesis.recovery.holders = 3;
	w.genesis.recovery.needed = 2;
	memset(&r, 0, sizeof r);
	memset(&fault, 0, sizeof fault);
	r.governance = 2;
	r.number = 1;
	r.software_approvals = true;
	r.people_count = 4;
	person(0, "aiko", 1, DOC_ROLE_OFFICER | DOC_ROLE_APPROVER);
	person(1, "bunta", 2, DOC_ROLE_OFFICER);
	person(2, "chie", 3, DOC_ROLE_APPROVER);
	person(3, "daigo", 4, DOC_ROLE_AUDITOR);
	r.backend_count = 1;
	party(&r.backends[0], "shop", 5);
	r.watcher_count = 3;
	r.watchers_needed = 2;
	party(&r.watchers[0], "watch-x", 6);
	party(&r.watchers[1], "watch-y", 7);
	party(&r.watchers[2], "watch-z", 8);
	r.source_count = 1;
	party(&r.price_sources[0], "rates", 9);
	r.signer_count = 2;
	r.signers[0] = (struct doc_signer_entry){ key(10), key(11), DOC_SIGNER_A };
	r.signers[1] = (struct doc_signer_entry){ key(12), key(13), DOC_SIGNER_B };
	memset(&h, 0, sizeof h);
	h.number = 1;
	h.limit = xem(1);
	h.window_ms = 1;
	h.tally_age_ms = 1;
	h.holder_count = 3;
	for (uint8_t i = 0; i < 3; i++) {
		static const char *const ids[] = { "emi", "fumio", "goro" };

		(void)snprintf(h.holders[i].id, sizeof h.holders[i].id, "%s", ids[i]);
		h.holders[i].key = key((uint8_t)(20 + i));
		h.holders[i].attest_key = key((uint8_t)(30 + i));
	}
}

#define SAYS(call, e, f)                               \
	do {                                           \
		const struct policy_verdict v_ = call; \
		T_EQ(v_.err, e);                       \
		T_STR(v_.field, f);                    \
	} while (0)
#define ROSTER(e, f)  SAYS(founding_roster(&r, &fault), e, f)
#define POLICY(e, f)  SAYS(founding_policy(&w.policy, &r), e, f)
#define GENESIS(e, f) SAYS(founding_genesis(&w.genesis, &r, &w.policy), e, f)
#define HOLDING(e, f) SAYS(founding_holding(&h, &w.genesis, &r), e, f)

static void a_good_set(void)
{
	start();
	ROSTER(ERR_OK, "");
	POLICY(ERR_OK, "");
	GENESIS(ERR_OK, "");
	HOLDING(ERR_OK, "");
}

static void keys_of_a_roster(void)
{
	struct key32 *const all[] = { &r.backends[0].key,       &r.people[3].key,
				      &r.price_sources[0].key,  &r.watchers[2].key,
				      &r.signers[0].attest_key, &r.signers[1].chain_key };
	static const char *const ids[] = { "shop", "daigo", "rates", "watch-z", "a", "b" };

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		start();
		*all[i] = no_key();
		ROSTER(ERR_KEY, ids[i]);
		memset(all[i], 0, sizeof *all[i]);
		ROSTER(ERR_KEY, ids[i]);
	}
	start();
	r.holder_count = 1;
	party(&r.holders[0], "emi", 30);
	ROSTER(ERR_OK, "");
	r.holders[0].key = no_key();
	ROSTER(ERR_KEY, "emi");
}

static void names_of_a_roster(void)
{
	static const char *const twins[][2] = {
		{ "chie", "Chie" },   { "chie", "ch1e" }, { "chie", "ch.ie" },
		{ "chie", "-chie-" }, { "chie", "CHLE" }, { "o-0:_", "oo" },
		{ "w1", "wl" },       { "A", "a" },       { "officer-1", "officerI" },
	};

	for (size_t i = 0; i < ARRAY_LEN(twins); i++) {
		start();
		(void)snprintf(r.people[2].id, sizeof r.people[2].id, "%s", twins[i][0]);
		(void)snprintf(r.people[3].id, sizeof r.people[3].id, "%s", twins[i][1]);
		T_EQ(founding_roster(&r, &fault).err, ERR_POLICY);
	}
	/* between kinds, too */
	start();
	(void)snprintf(r.watchers[0].id, sizeof r.watchers[0].id, "AIK0");
	ROSTER(ERR_POLICY, "AIK0");
}

static void who_can_do_nothing(void)
{
	start();
	r.governance = 3;
	ROSTER(ERR_POLICY, "governance");
	start();
	r.software_approvals = false;
	ROSTER(ERR_POLICY, "aiko");
	r.people[0].passkey_count = 1;
	r.people[0].passkeys[0].algorithm = DOC_ALGORITHM_EDDSA;
	ROSTER(ERR_POLICY, "chie");
	r.people[2].passkey_count = 1;
	r.people[2].passkeys[0].algorithm = DOC_ALGORITHM_EDDSA;
	ROSTER(ERR_OK, "");
}

static void thresholds_that_nobody_reaches(void)
{
	start();
	w.policy.payment_max = xem(0);
	POLICY(ERR_POLICY, "policy.payment_max");
	start();
	r.people[2].roles = DOC_ROLE_AUDITOR; /* one approver is left, a tier asks for two */
	POLICY(ERR_POLICY, "policy.approval_tiers");
	start();
	w.policy.approval_tiers[2].delay_ms = w.policy.order_life_ms;
	POLICY(ERR_POLICY, "policy.approval_tiers");
	w.policy.approval_tiers[2].delay_ms--;
	POLICY(ERR_OK, "");
	w.policy.yen_count = 1;
	w.policy.yen[0] = (struct doc_yen){
		.age_max_ms = 60000, .day_max = 2, .hour_max = 1, .jump_max_bp = 100
	};
	POLICY(ERR_POLICY, "policy.yen");
	r.prices_needed = 1;
	POLICY(ERR_OK, "");
}

static void which_network(void)
{
	const struct hash32 *main1 = nem_network_block1(NEM_NETWORK_MAIN);

	start();
	w.genesis.chain_network = 1;
	GENESIS(ERR_NETWORK, "chain_network");
	start();
	memset(&w.genesis.chain_nemesis, 0, sizeof w.genesis.chain_nemesis);
	GENESIS(ERR_MISMATCH, "chain_nemesis");
	w.genesis.chain_nemesis = *main1;
	GENESIS(ERR_MISMATCH, "chain_nemesis");
	w.genesis.chain_network = NEM_NETWORK_MAIN;
	GENESIS(ERR_NETWORK, w.genesis.boxes[0].text); /* addresses of practice */
	w.genesis.chain_nemesis.b[3] ^= 1;
	GENESIS(ERR_MISMATCH, "chain_nemesis");
	T_CHECK(nem_network_block1(NEM_NETWORK_TEST) == NULL);
}

static void accounts_of_genesis(void)
{
	start();
	w.genesis.box_count = 0;
	GENESIS(ERR_POLICY, "boxes");
	start();
	w.genesis.hot_count = 0;
	GENESIS(ERR_POLICY, "hot");
	start();
	w.genesis.boxes[0].text[39] = w.genesis.boxes[0].text[39] == 'A' ? 'B' : 'A';
	GENESIS(ERR_ADDRESS, w.genesis.boxes[0].text);
	start();
	w.genesis.boxes[0] = w.genesis.spares[2]; /* the reader looks within one list */
	GENESIS(ERR_POLICY, w.genesis.spares[2].text);
	start();
	{
		struct nem_address a;

		nem_address_from_key(&a, &w.genesis.hot[1].public_key, 0x98);
		memcpy(w.genesis.boxes[0].text, a.text, sizeof a.text);
		GENESIS(ERR_POLICY, "hot");
	}
	start();
	w.genesis.hot[1].public_key = r.signers[0].chain_key;
	GENESIS(ERR_KEY, "a");
	w.genesis.hot[1].public_key = no_key();
	GENESIS(ERR_KEY, "hot");
	start();
	w.policy.destination_count = 1;
	world_address(&w.policy.destinations[0].address, 9, 0x98);
	GENESIS(ERR_OK, "");
	world_address(&w.policy.destinations[0].address, 9, NEM_NETWORK_MAIN);
	GENESIS(ERR_NETWORK, w.policy.destinations[0].address.text);
}

static void holders(void)
{
	start();
	h.holder_count = 2;
	HOLDING(ERR_MISMATCH, "holders");
	start();
	h.limit = xem(0);
	HOLDING(ERR_POLICY, "limit");
	start();
	h.holders[1].key = no_key();
	HOLDING(ERR_KEY, "fumio");
	start();
	h.holders[1].attest_key = no_key();
	HOLDING(ERR_KEY, "fumio");
	/* an officer's key, a signer's, a hot account's */
	start();
	h.holders[2].key = r.signers[1].chain_key;
	HOLDING(ERR_KEY, "goro");
	start();
	h.holders[2].attest_key = r.people[1].key;
	HOLDING(ERR_KEY, "goro");
	start();
	h.holders[2].key = w.genesis.hot[0].public_key;
	HOLDING(ERR_KEY, "goro");
	start();
	h.holders[2].attest_key = w.genesis.hot[2].public_key;
	HOLDING(ERR_KEY, "goro");
	/* an officer under another spelling of his name, and one holder twice */
	start();
	(void)snprintf(h.holders[0].id, sizeof h.holders[0].id, "A1ko");
	HOLDING(ERR_POLICY, "A1ko");
	start();
	(void)snprintf(h.holders[2].id, sizeof h.holders[2].id, "FUM10");
	HOLDING(ERR_POLICY, "FUM10");
}

static void holders_of_the_roster(void)
{
	start();
	r.holder_count = 1;
	party(&r.holders[0], "emi", 30);
	HOLDING(ERR_OK, "");
	h.holders[0].attest_key = key(99); /* swapped on the way */
	HOLDING(ERR_MISMATCH, "emi");
	start();
	r.holder_count = 1;
	party(&r.holders[0], "hana", 31); /* fumio's key under another name */
	HOLDING(ERR_KEY, "fumio");
	party(&r.holders[0], "hana", 99);
	HOLDING(ERR_STATE, "hana");
}

static void registrations(void)
{
	start();
	h.holders[1].registration_n = DOC_MARK_KEY + 3 * DOC_REGISTRATION_PART;
	HOLDING(ERR_OK, "");
	h.holders[1].registration_n = DOC_MARK_KEY + 2 * DOC_REGISTRATION_PART;
	HOLDING(ERR_FIELD_RANGE, "fumio");
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "a good set", a_good_set },
		{ "keys of a roster", keys_of_a_roster },
		{ "names of a roster", names_of_a_roster },
		{ "who can do nothing", who_can_do_nothing },
		{ "thresholds that nobody reaches", thresholds_that_nobody_reaches },
		{ "which network", which_network },
		{ "accounts of genesis", accounts_of_genesis },
		{ "holders", holders },
		{ "holders of the roster", holders_of_the_roster },
		{ "registrations", registrations },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
