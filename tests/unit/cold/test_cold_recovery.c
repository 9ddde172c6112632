/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a holder's machine signs a recovery only of the roster that it goes by, of people alone,
 * under a holding that names it; it believes one that enough of the roster's holders signed, and no
 * other; it says no to any of them.
 *
 * Method: the world of cold_world.h whose roster names its holders; each case bends one thing.
 */
#include "cold_said.h"
#include "cold_world.h"

#include "t.h"

#include "cold/cold_holding.h"
#include "cold/cold_recovery.h"
#include "cold/cold_restore.h"

static struct doc_roster next;
static struct hash32 next_id;
static struct world_raw next_raw, out_raw;

/* The first `holders` of the holding stand in the roster, and a recovery of it is drawn up. */
static void ready(size_t holders)
{
	world_make();
	world.roster[0].holder_count = holders;
	for (size_t i = 0; i < holders; i++) {
		struct doc_party *h = &world.roster[0].holders[i];

		(void)snprintf(h->id, sizeof h->id, "cold-%zu", i);
		h->key = world.holding.holders[i].attest_key;
	}
	world_found();
	world.holding.genesis = world.genesis_id;
	world_believe();
	world_sit(0);
	next = world.roster[1];
	next.recovery = true;
	for (uint8_t i = 0; i < 2; i++) {
		(void)snprintf(next.people[i].id, sizeof next.people[i].id, "new-%u", i);
		next.people[i].key = world_key((uint8_t)(220 + i));
	}
}

/* Signed by n holders from `first` on, and by as many officers. */
static void next_seal(size_t first, size_t n, size_t officers)
{
	uint8_t secrets[8][DOC_SECRET_BYTES];

	CHECK(n + officers <= 8);
	for (size_t i = 0; i < n; i++) {
		memcpy(secrets[i], world.holder[first + i].attest, sizeof secrets[0]);
	}
	memcpy(secrets[n], world.officer, officers * sizeof secrets[0]);
	world_seal(&next_raw, &next_id, DOC_ROSTER, &next, secrets, n + officers);
}

/* Is it believed behind the first roster? */
static struct policy_verdict believed(void)
{
	const struct bytes raw[] = { raw_of(&world.roster_raw[0]), raw_of(&next_raw) };
	static struct cold_rules rules;

	return cold_rosters_open(&rules, raw_of(&world.genesis_raw), raw, 2);
}

static struct policy_verdict signs(size_t who)
{
	struct writer w = writer_make(out_raw.p, sizeof out_raw.p);
	struct policy_verdict v = cold_recovery_sign(&w, &world.cold, &world.rules,
						     &world.holder[who], raw_of(&next_raw), NOW);

	out_raw.n = w.n;
	return v;
}

static struct policy_verdict refuses(size_t who)
{
	struct writer w = writer_make(out_raw.p, sizeof out_raw.p);
	struct policy_verdict v =
	    cold_recovery_refuse(&w, &world.rules, &world.holder[who], raw_of(&next_raw));

	out_raw.n = w.n;
	return v;
}

static void holders_sign_one_after_the_other(void)
{
	struct hash32 id;

	ready(5);
	next_seal(0, 0, 0);
	id = next_id;
	for (size_t i = 0; i < 3; i++) {
		struct doc d;

		T_EQ(believed().err, ERR_APPROVALS);
		T_EQ(signs(i).err, ERR_OK);
		next_raw = out_raw;
		CHECK(doc_open(&d, raw_of(&next_raw), &world.genesis_id, NULL) == ERR_OK);
		T_MEM(&d.id, &id, sizeof id);
		T_EQ(d.signature_count, i + 1);
	}
	T_EQ(believed().err, ERR_OK);
}

static void believes_enough_holders_alone(void)
{
	ready(5);
	next_seal(1, 4, 0);
	T_EQ(believed().err, ERR_OK);
	/* two of them, with all officers */
	next_seal(0, 2, 2);
	REFUSED(believed(), ERR_APPROVALS, "signatures");
	/* the same one signs once, whatever he signs; who is in no roster not at all */
	ready(2);
	next_seal(0, 5, 0);
	REFUSED(believed(), ERR_APPROVALS, "signatures");
	/* an ordinary one is officers' matter */
	ready(5);
	next.recovery = false;
	next_seal(0, 5, 0);
	REFUSED(believed(), ERR_APPROVALS, "signatures");
	/* and a recovery of more than people is none */
	ready(5);
	next.governance = 1;
	next_seal(0, 5, 0);
	REFUSED(believed(), ERR_POLICY, "governance");
}

static void signs_the_next_of_its_own_alone(void)
{
	ready(5);
	next_seal(0, 0, 0);
	next_raw.p[0] = '[';
	REFUSED(signs(0), ERR_INPUT, "roster");
	world_seal(&next_raw, NULL, DOC_HOLDING, &world.holding, NULL, 0);
	REFUSED(signs(0), ERR_TYPE, "roster");
	next.genesis.b[0] ^= 1;
	{
		const struct hash32 ours = world.genesis_id;

		world.genesis_id = next.genesis;
		next_seal(0, 0, 0);
		world.genesis_id = ours;
	}
	REFUSED(signs(0), ERR_GENESIS, "roster");
	ready(5);
	next.recovery = false;
	next_seal(0, 0, 0);
	REFUSED(signs(0), ERR_MISMATCH, "roster");
	ready(5);
	next.number++;
	next_seal(0, 0, 0);
	REFUSED(signs(0), ERR_MISMATCH, "roster");
	ready(5);
	next.previous.b[0] ^= 1;
	next_seal(0, 0, 0);
	REFUSED(signs(0), ERR_MISMATCH, "roster");
	ready(5);
	next.watchers[0].key = world_key(230);
	next_seal(0, 0, 0);
	REFUSED(signs(0), ERR_POLICY, "watchers");
}

static void signs_as_a_present_holder_alone(void)
{
	/* named by the holding, not by the roster */
	ready(2);
	next_seal(0, 0, 0);
	REFUSED(signs(4), ERR_SIGNER_UNKNOWN, "holder");
	T_EQ(signs(1).err, ERR_OK);
	/* by the roster, not by the holding any more */
	ready(5);
	world.holding.holder_count = 4;
	world_believe();
	next_seal(0, 0, 0);
	REFUSED(signs(4), ERR_SIGNER_UNKNOWN, "holder");
	/* under a holding that binds here, and with a journal that goes on */
	ready(5);
	world.rules.holding.number = 2;
	next_seal(0, 0, 0);
	REFUSED(signs(0), ERR_STATE, "holding");
	ready(5);
	next_seal(0, 0, 0);
	world.cold.broken = true;
	T_CHECK(signs(0).err != ERR_OK);
	/* no ninth signature */
	ready(5);
	{
		uint8_t secrets[8][DOC_SECRET_BYTES];
		struct key32 key;

		for (uint8_t i = 0; i < 8; i++) {
			world_secret(secrets[i], &key, (uint8_t)(60 + i));
		}
		world_seal(&next_raw, &next_id, DOC_ROSTER, &next, secrets, 8);
	}
	REFUSED(signs(0), ERR_FIELD_RANGE, "signatures");
}

static void says_no(void)
{
	struct doc_cancel no;
	struct doc d;

	ready(4);
	next_seal(1, 3, 0);
	for (size_t i = 0; i < 2; i++) {
		T_EQ(refuses(i).err, ERR_OK);
		CHECK(doc_open(&d, raw_of(&out_raw), &world.genesis_id, NULL) == ERR_OK);
		CHECK(doc_cancel_read(&d, &no, NULL) == ERR_OK);
		T_MEM(&no.document, &next_id, sizeof next_id);
		T_STR(no.person, i == 0 ? "cold-0" : "cold-1");
		/* one for each recovery: keepers take no other */
		T_STR(no.reason, "");
		T_EQ(no.time_ms, 0);
		T_CHECK(doc_signed_by(&d, &world.roster[0].holders[i].key));
	}
	REFUSED(refuses(4), ERR_SIGNER_UNKNOWN, "holder");
	next.previous.b[0] ^= 1;
	next_seal(0, 3, 0);
	REFUSED(refuses(0), ERR_MISMATCH, "roster");
}

/* Who leaves the holding has left the roster before: else the retired could still recover it. */
static void retired_by_the_roster_first(void)
{
	struct doc_holding after;
	static struct world_raw raw;
	struct cold_rules rules;
	struct hash32 id;

	ready(5);
	after = world.holding;
	after.number = 2;
	after.previous = world.rules.holding_id;
	after.holder_count = 4;
	world_seal(&raw, &id, DOC_HOLDING, &after, world.officer, 2);
	rules = world.rules;
	CHECK(cold_holding_open(&rules, raw_of(&raw)).err == ERR_OK);
	REFUSED(cold_holding_follows(&rules, raw_of(&raw), &world.holding, &world.rules.holding_id),
		ERR_STATE, "holding");
	rules.roster.holder_count = 4;
	T_EQ(
	    cold_holding_follows(&rules, raw_of(&raw), &world.holding, &world.rules.holding_id).err,
	    ERR_OK);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "holders sign one after the other", holders_sign_one_after_the_other },
		{ "believes enough holders alone", believes_enough_holders_alone },
		{ "signs the next of its own alone", signs_the_next_of_its_own_alone },
		{ "signs as a present holder alone", signs_as_a_present_holder_alone },
		{ "says no", says_no },
		{ "retired by the roster first", retired_by_the_roster_first },
	};

	CHECK(crypto_init() == ERR_OK);
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
