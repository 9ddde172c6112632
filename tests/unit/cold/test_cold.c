/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: an evil online side gets no signature of a cold holder: each lie, old or doubled word,
 * twin address, used box and bent document is refused, by name, and a refill that is right is shown
 * with every effect.  Method: a world in which all is right; one thing bent at a time and sealed
 * again by who must, so that nothing but that one thing can be the reason.
 */
#include "cold_world.h"

#include "t.h"

#include "chain/nem/nem_address.h"
#include "cold/cold_self.h"

#define REFUSED(v, e, where)                  \
	do {                                  \
		struct policy_verdict v_ = v; \
		T_EQ(v_.err, e);              \
		T_STR(v_.field, where);       \
		T_CHECK(v_.words[0] != 0);    \
	} while (0)

/* Bends, asks, and makes the world new. */
#define BENT(bend, e, where)                    \
	do {                                    \
		bend;                           \
		REFUSED(world_ask(), e, where); \
		world_make();                   \
	} while (0)

#define R (&world.refill)
#define A (&world.tally[1].accounts[1])

/* ---- whom we believe ----------------------------------------------------------------------- */

static void believes(void)
{
	world_make();
	T_EQ(world_rules(1).err, ERR_OK);
	T_EQ(world.rules.roster.number, 1);
	T_EQ(world_rules(2).err, ERR_OK);
	T_EQ(world.rules.roster.number, 2);
	T_CHECK(hash32_eq(&world.rules.genesis_id, &world.genesis_id));
	T_EQ(world.rules.network, 0x98);
}

static void believes_no_other_rules(void)
{
	world_make();
	world.genesis_raw.p[10] ^= 1;
	REFUSED(world_rules(1), ERR_NOT_CANONICAL, "genesis");
	world_make();
	world.genesis_raw.n--;
	REFUSED(world_rules(1), ERR_INPUT, "genesis");
	world_make();
	world.genesis.chain_network = 7;
	world_found();
	REFUSED(world_rules(1), ERR_NETWORK, "genesis");
	/* another first roster than the one of genesis */
	world_make();
	world.roster[0].governance = 1;
	world_seal(&world.roster_raw[0], NULL, DOC_ROSTER, &world.roster[0], NULL, 0);
	REFUSED(world_rules(1), ERR_MISMATCH, "roster");
	world_make();
	world.roster_raw[0].n--;
	REFUSED(world_rules(1), ERR_INPUT, "roster");
	/* what is no roster */
	world_make();
	world.roster_raw[0] = world.refill_raw;
	REFUSED(world_rules(1), ERR_TYPE, "roster");
	/* successors: their number, whom they follow, who signed them */
	world_make();
	world.roster[1].number = 3;
	world_seal(&world.roster_raw[1], NULL, DOC_ROSTER, &world.roster[1], world.officer, 2);
	REFUSED(world_rules(2), ERR_MISMATCH, "roster");
	world_make();
	world.roster[1].previous.b[0] ^= 1;
	world_seal(&world.roster_raw[1], NULL, DOC_ROSTER, &world.roster[1], world.officer, 2);
	REFUSED(world_rules(2), ERR_MISMATCH, "roster");
	world_make();
	world_seal(&world.roster_raw[1], NULL, DOC_ROSTER, &world.roster[1], world.officer, 1);
	REFUSED(world_rules(2), ERR_APPROVALS, "signatures");
	/* a holding that one officer signed, or nobody, or that is none */
	world_make();
	world_seal(&world.holding_raw, NULL, DOC_HOLDING, &world.holding, world.officer, 1);
	REFUSED(world_rules(1), ERR_APPROVALS, "signatures");
	world_make();
	world_seal(&world.holding_raw, NULL, DOC_HOLDING, &world.holding, NULL, 0);
	REFUSED(world_rules(1), ERR_APPROVALS, "signatures");
	world_make();
	world.holding_raw = world.refill_raw;
	REFUSED(world_rules(1), ERR_TYPE, "holding");
	world_make();
	world.holding_raw.n = 0;
	REFUSED(world_rules(1), ERR_INPUT, "holding");
	/* two signatures, but of one officer and of somebody who is none */
	world_make();
	{
		uint8_t two[2][DOC_SECRET_BYTES];

		memcpy(two[0], world.officer[0], sizeof two[0]);
		memcpy(two[1], world.watcher[0], sizeof two[1]);
		world_seal(&world.holding_raw, NULL, DOC_HOLDING, &world.holding, two, 2);
		REFUSED(world_rules(1), ERR_APPROVALS, "signatures");
	}
}

/* An assertion that proves nothing is no help. */
static void believes_no_bad_proof(void)
{
	static const char proof[] = "\n{}";

	world_make();
	memcpy(world.holding_raw.p + world.holding_raw.n, proof, sizeof proof - 1);
	world.holding_raw.n += sizeof proof - 1;
	T_CHECK(world_rules(1).err != ERR_OK);
	world_make();
	{
		static struct doc_assertion a;
		static struct world_raw raw;
		struct doc d;

		CHECK(doc_open(&d, bytes_of(world.holding_raw.p, world.holding_raw.n),
			       &world.genesis_id, NULL) == ERR_OK);
		a.genesis = world.genesis_id;
		a.approval = d.id;
		world_seal(&raw, NULL, DOC_ASSERTION, &a, NULL, 0);
		world.holding_raw.p[world.holding_raw.n++] = '\n';
		memcpy(world.holding_raw.p + world.holding_raw.n, raw.p, raw.n);
		world.holding_raw.n += raw.n;
		REFUSED(world_rules(1), ERR_SIGNER_UNKNOWN, "assertion.credential");
	}
}

/* ---- a refill that is right ---------------------------------------------------------------- */

static const struct cold_line *line_of(const char *label)
{
	for (size_t i = 0; i < world.plan.line_count; i++) {
		if (strcmp(world.plan.lines[i].label, label) == 0) {
			return &world.plan.lines[i];
		}
	}
	return NULL;
}

static void shows_every_effect(void)
{
	struct cold_line first;
	unsigned fees = 0;

	world_make();
	T_EQ(world_ask().err, ERR_OK);
	T_EQ(world.plan.kind, DOC_ATTEST_COSIGN);
	T_EQ(world.plan.total_micro, BOX);
	T_CHECK(line_of("to") != NULL);
	T_EQ(strlen(line_of("to")->value), 46); /* in groups of six */
	T_STR(line_of("  our purse, number")->value, "1");
	T_CHECK(line_of("  take care, it resembles") == NULL);
	T_STR(line_of("amount")->value, "4,999,998.300000 XEM = 4999998300000 micro-XEM");
	T_STR(line_of("leaves the box in all")->value,
	      "5,000,000.000000 XEM = 5000000000000 micro-XEM");
	T_STR(line_of("stays behind at most")->value, "0.000000 XEM = 0 micro-XEM");
	T_STR(line_of("you are")->value, "holder-0");
	T_STR(line_of("signs last, wraps")->value, "holder-2");
	T_STR(line_of("  of your limit")->value,
	      "10,000,000.000000 XEM = 10000000000000 micro-XEM");
	for (size_t i = 0; i < world.plan.line_count; i++) {
		fees += strcmp(world.plan.lines[i].label, "fee") == 0;
	}
	T_EQ(fees, 4); /* inner, wrapper, two cosignatures */
	T_EQ(line_of("must be mined before")->time_ms, NOW + DAY);
	/* the words follow from what is shown, so what is changed asks for others */
	memcpy(&first, &world.plan.words, sizeof world.plan.words);
	world.holding.limit = xem(2 * BOX + 1);
	world_believe();
	T_EQ(world_ask().err, ERR_OK);
	T_CHECK(memcmp(&first, world.plan.words, strlen(world.plan.words)) != 0);
	/* to a spare box, and out of one */
	world_make();
	R->destination = world.genesis.spares[2];
	T_EQ(world_ask().err, ERR_OK);
	T_STR(line_of("  our spare box, number")->value, "3");
	world_make();
	R->account = world_key(102);
	for (size_t i = 0; i < 3; i++) {
		world.tally[i].accounts[1].account = world_key(102);
	}
	T_EQ(world_ask().err, ERR_OK);
	/* the second purse has its own number */
	world_make();
	world_address(&R->destination, &world.genesis.hot[2].public_key);
	T_EQ(world_ask().err, ERR_OK);
	T_STR(line_of("  our purse, number")->value, "2");
}

/* ---- memory -------------------------------------------------------------------------------- */

static void needs_its_memory(void)
{
	world_make();
	BENT(world.cold.begun = false, ERR_STATE, "journal");
	BENT(world.cold.broken = true, ERR_STATE, "journal");
	BENT(world.cold.genesis_id.b[3] ^= 1, ERR_GENESIS, "journal");
	BENT(world.q.now_ms = NOW - 1001, ERR_CLOCK, "clock");
	BENT(world.cold.roster_number = 2, ERR_STATE, "roster");
	BENT(world.cold.holding_number = 2, ERR_STATE, "holding");
	/* a clock before the chain began, and a journal from then */
	BENT(world.cold.last_ms = 0; world.q.now_ms = 1000, ERR_CLOCK, "clock");
}

/* ---- refill -------------------------------------------------------------------------------- */

static void sealed_refill(struct bytes raw)
{
	world.q.refill = raw;
}

static void refill_bytes(void)
{
	static uint8_t copy[WORLD_RAW];

	world_make();
	memset(copy, 'x', sizeof copy);
	sealed_refill(bytes_of(copy, COLD_REFILL_BYTES_MAX + 1));
	REFUSED(world_judge(), ERR_TOO_LARGE, "refill");
	sealed_refill(bytes_of(copy, COLD_REFILL_BYTES_MAX));
	REFUSED(world_judge(), ERR_INPUT, "refill");
	sealed_refill(world.tallies[0]);
	REFUSED(world_judge(), ERR_TYPE, "refill");
	for (size_t n = 0; n < world.refill_raw.n; n++) {
		sealed_refill(bytes_of(world.refill_raw.p, n));
		T_CHECK(world_judge().err != ERR_OK);
	}
	/* any bit: refused, or another refill (whose id no other holder has) that is shown as it is
	 */
	for (size_t i = 0; i < 8 * world.refill_raw.n; i++) {
		struct hash32 was = { { 0 } };

		memcpy(copy, world.refill_raw.p, world.refill_raw.n);
		sealed_refill(bytes_of(copy, world.refill_raw.n));
		if (i == 0) {
			T_EQ(world_judge().err, ERR_OK);
			was = world.plan.refill_id;
		}
		copy[i / 8] ^= (uint8_t)(1u << i % 8);
		if (world_judge().err == ERR_OK) {
			T_CHECK(!hash32_eq(&was, &world.plan.refill_id));
			T_STR(world.plan.refill.destination.text, world.refill.destination.text);
			T_CHECK(world.plan.total_micro >= BOX - 5000000); /* residue_max */
		}
	}
	/* hidden text has no place: control characters and what turns the direction of text */
	world_make();
	{
		static const char *const hidden[] = { "\x1b[2J", "\xe2\x80\xae", "\xc2\x9b" };

		for (size_t i = 0; i < ARRAY_LEN(hidden); i++) {
			uint8_t *at;
			size_t n = strlen(hidden[i]);

			memcpy(copy, world.refill_raw.p, world.refill_raw.n);
			at = memmem(copy, world.refill_raw.n, "\"aiko\"", 6);
			CHECK(at != NULL);
			memcpy(at + 1, hidden[i], n);
			sealed_refill(bytes_of(copy, world.refill_raw.n));
			T_CHECK(world_judge().err != ERR_OK);
		}
	}
}

static void refill_people(void)
{
	struct key32 stranger = world_key(9);

	world_make();
	world.q.key = &stranger;
	REFUSED(world_ask(), ERR_SIGNER_UNKNOWN, "holder");
	world_make();
	world.q.key = &world.holder[3].chain.public_key;
	REFUSED(world_ask(), ERR_SIGNER_UNKNOWN, "refill.cosigners");
	world_make();
	BENT((void)snprintf(R->proposer, sizeof R->proposer, "nobody"), ERR_SIGNER_UNKNOWN,
	     "refill.proposer");
	/* T34: who asks does not sign */
	BENT((void)snprintf(R->proposer, sizeof R->proposer, "holder-0"), ERR_POLICY,
	     "refill.proposer");
}

static void refill_places(void)
{
	struct key32 key = world_key(77);
	struct policy_verdict v;
	struct nem_address twin;

	world_make();
	BENT(R->account = world_key(52), ERR_POLICY, "refill.account");
	BENT(R->account = world_key(1), ERR_POLICY, "refill.account"); /* a till */
	BENT(R->destination.text[39] = R->destination.text[39] == 'A' ? 'B' : 'A', ERR_ADDRESS,
	     "refill.destination");
	BENT(world_address(&R->destination, &R->account), ERR_POLICY, "refill.destination");
	/* T13: to anybody; to a till of ours, which pays in parts; to another box */
	BENT(world_address(&R->destination, &key), ERR_POLICY, "refill.destination");
	BENT(world_address(&R->destination, &world.genesis.hot[0].public_key), ERR_POLICY,
	     "refill.destination");
	BENT(R->destination = world.genesis.boxes[1], ERR_POLICY, "refill.destination");
	/* T14: the first address found that shares four characters with a known one */
	for (unsigned i = 0;; i++) {
		struct nem_address known, scratch;

		memcpy(key.b, &i, sizeof i);
		nem_address_from_key(&twin, &key, 0x98);
		memcpy(known.text, world.genesis.hot[1].spare.text, sizeof known.text);
		if (cold_twin(&world.rules, twin.text, &scratch) != NULL) {
			break;
		}
	}
	memcpy(R->destination.text, twin.text, sizeof twin.text);
	v = world_ask();
	REFUSED(v, ERR_POLICY, "refill.destination");
	T_CHECK(strstr(v.words, "deceive") != NULL);
	/* a pinned one that has a twin among our own: shown, and marked where they differ */
	world_make();
	memcpy(world.genesis.boxes[1].text, twin.text, sizeof twin.text);
	for (unsigned i = 0;; i++) {
		struct nem_address a;

		memcpy(key.b, &i, sizeof i);
		key.b[31] = 1;
		nem_address_from_key(&a, &key, 0x98);
		if (cold_alike(a.text, twin.text) >= 4) {
			memcpy(world.genesis.spares[2].text, a.text, sizeof a.text);
			memcpy(world.genesis.hot[2].spare.text, a.text, sizeof a.text);
			break;
		}
	}
	world_found();
	world.holding.genesis = R->genesis = world.genesis_id;
	for (size_t i = 0; i < 3; i++) {
		world.tally[i].genesis = world.genesis_id;
	}
	world_believe();
	world_sit(0);
	R->destination = world.genesis.spares[2];
	T_EQ(world_ask().err, ERR_OK);
	T_CHECK(line_of("  take care, it resembles") != NULL);
	T_CHECK(strchr(line_of("  differs from it at")->value, '^') != NULL);
	T_CHECK(strchr(line_of("  differs from it at")->value, '.') != NULL);
	T_EQ(cold_alike(twin.text, twin.text), NEM_ADDRESS_CHARS - 1);
}

static void refill_amounts(void)
{
	world_make();
	BENT(R->amount = xem((u128)1 << 70), ERR_AMOUNT, "refill.amount");
	BENT(R->amount = xem(NEM_SUPPLY_MICRO + 1), ERR_AMOUNT, "refill.amount");
	BENT(R->fee_inner = xem(NEM_SUPPLY_MICRO + 1), ERR_AMOUNT, "refill.amount");
	BENT(R->fee_outer = xem(NEM_SUPPLY_MICRO + 1), ERR_AMOUNT, "refill.amount");
	BENT(R->fee_cosign = xem(NEM_SUPPLY_MICRO + 1), ERR_AMOUNT, "refill.amount");
	/* T18: fees are not a choice of anybody, in either direction */
	BENT(R->fee_outer = xem(NEM_FEE_MULTISIG_MICRO + 1), ERR_MISMATCH, "refill.fee_outer");
	BENT(R->fee_outer = xem(0), ERR_MISMATCH, "refill.fee_outer");
	BENT(R->fee_cosign = xem(NEM_FEE_COSIGNATURE_MAX_MICRO), ERR_MISMATCH, "refill.fee_cosign");
	BENT(R->fee_inner = xem(1300000), ERR_MISMATCH, "refill.fee_inner");
	BENT(R->fee_inner = xem(1200000), ERR_MISMATCH, "refill.fee_inner");
	BENT(R->amount = xem(1); R->fee_inner = xem(0), ERR_MISMATCH, "refill.fee_inner");
	/* a small payment that would leave the box behind to be burnt (design.md 7) */
	BENT(world_amounts(BOX / 2), ERR_POLICY, "refill.amount");
	BENT(world_amounts(BOX - 5000001), ERR_POLICY, "refill.amount");
	BENT(world_amounts(BOX + 1), ERR_FUNDS, "tally.balance");
	/* dust on a box does not block it: up to residue_max stays behind */
	world_amounts(BOX - 5000000);
	T_EQ(world_ask().err, ERR_OK);
	T_STR(line_of("stays behind at most")->value, "5.000000 XEM = 5000000 micro-XEM");
}

static void refill_times(void)
{
	world_make();
	BENT(R->deadline_nem_s = R->timestamp_nem_s + 86401, ERR_FIELD_RANGE,
	     "refill.deadline_nem_s");
	BENT(R->timestamp_nem_s += 601;
	     R->deadline_nem_s += 601, ERR_CLOCK, "refill.timestamp_nem_s");
	BENT(R->timestamp_nem_s -= 86400; R->deadline_nem_s = R->timestamp_nem_s + 86400 + 1799,
					  ERR_FIELD_RANGE, "refill.deadline_nem_s");
	BENT(R->timestamp_nem_s -= 84601;
	     R->deadline_nem_s -= 84601, ERR_EXPIRED, "refill.deadline_nem_s");
	R->timestamp_nem_s -= 84600;
	R->deadline_nem_s -= 84600;
	T_EQ(world_ask().err, ERR_OK);
	/* our clock stands, the watchers' does not: the faster one ends things */
	world.tally[2].time_ms += 10 * 60000;
	world.tally[2].chain_time_nem_s += 10 * 60;
	world.tally[2].height += 10;
	REFUSED(world_ask(), ERR_EXPIRED, "refill.deadline_nem_s");
	world_make();
	world.tally[2].chain_time_nem_s += 120;
	world.tally[2].height += 2;
	T_EQ(world_ask().err, ERR_OK);
}

/* ---- tallies ------------------------------------------------------------------------------- */

static void tally_bytes(void)
{
	static uint8_t copy[WORLD_RAW];

	world_make();
	memset(copy, 'x', sizeof copy);
	world.tallies[1] = bytes_of(copy, COLD_TALLY_BYTES_MAX + 1);
	REFUSED(world_judge(), ERR_TOO_LARGE, "tally");
	world.tallies[1] = bytes_of(copy, COLD_TALLY_BYTES_MAX);
	REFUSED(world_judge(), ERR_INPUT, "tally");
	world.tallies[1] = world.q.refill;
	REFUSED(world_judge(), ERR_TYPE, "tally");
	for (size_t n = 0; n < world.tally_raw[1].n; n++) {
		world.tallies[1] = bytes_of(world.tally_raw[1].p, n);
		T_CHECK(world_judge().err != ERR_OK);
	}
	/* a tally is signed: no bit of it can be changed, but for signatures of others beside it */
	for (size_t i = 0; i < 8 * world.tally_raw[1].n; i++) {
		memcpy(copy, world.tally_raw[1].p, world.tally_raw[1].n);
		copy[i / 8] ^= (uint8_t)(1u << i % 8);
		world.tallies[1] = bytes_of(copy, world.tally_raw[1].n);
		T_CHECK(world_judge().err != ERR_OK);
	}
	world_make();
	world.q.tally_count = COLD_TALLIES_MAX + 1;
	REFUSED(world_judge(), ERR_TOO_LARGE, "tally");
}

static void tally_words(void)
{
	world_make();
	BENT((void)snprintf(world.tally[1].watcher, 8, "w9"), ERR_SIGNER_UNKNOWN, "tally.watcher");
	/* forged: signed by another watcher than it names */
	BENT((void)snprintf(world.tally[1].watcher, 8, "w3"), ERR_SIGNATURE, "tally.signatures");
	/* one watcher twice: the same bytes, and another word of his */
	world_again();
	world.tallies[1] = world.tallies[0];
	REFUSED(world_judge(), ERR_ONCE, "tally.watcher");
	world_make();
	(void)snprintf(world.tally[1].watcher, 8, "w1");
	world.tally[1].height++;
	memcpy(world.watcher[1], world.watcher[0], sizeof world.watcher[0]);
	REFUSED(world_ask(), ERR_ONCE, "tally.watcher");
	/* fewer than the roster asks for */
	world_make();
	world.q.tally_count = 1;
	REFUSED(world_ask(), ERR_STALE, "tally");
	world.q.tally_count = 0;
	REFUSED(world_ask(), ERR_STALE, "tally");
	world.q.tally_count = 2;
	T_EQ(world_ask().err, ERR_OK);
	world_make();
	BENT(world.tally[1].accounts[1].account = world_key(53), ERR_NOT_FOUND, "tally.accounts");
}

static void tally_times(void)
{
	world_make();
	BENT(world.tally[1].time_ms = NOW + 600001, ERR_CLOCK, "tally.time_ms");
	BENT(world.tally[1].time_ms = NOW - DAY - 1, ERR_STALE, "tally.time_ms");
	/* as old as may be, with a chain of that moment */
	world.tally[1].time_ms = NOW - DAY;
	world.tally[1].chain_time_nem_s -= 86400 - 120;
	world.tally[1].final_time_nem_s -= 86400;
	world.tally[1].height -= 1400;
	T_EQ(world_ask().err, ERR_OK);
	world_make();
	BENT(world.tally[1].chain_time_nem_s -= 3601;
	     world.tally[1].final_time_nem_s -= 3601, ERR_STALE, "tally.chain_time_nem_s");
	BENT(world.tally[1].chain_time_nem_s += 3601, ERR_STALE, "tally.chain_time_nem_s");
	/* a clock that is ahead of us by less is believed */
	world.tally[1].time_ms = NOW + 600000;
	T_EQ(world_ask().err, ERR_OK);
}

static void tally_balances(void)
{
	world_make();
	/* a used box, by the chain's word */
	BENT(A->spent = xem(1); A->received = xem(BOX + 1), ERR_ONCE, "tally.spent");
	/* a box with an open inner */
	BENT(A->open = 1, ERR_STATE, "tally.open");
	BENT(A->balance = A->received = xem((u128)1 << 80), ERR_AMOUNT, "tally.balance");
	/* lied balances: one watcher's word alone moves nothing */
	BENT(A->balance = A->received = xem(BOX - 1), ERR_FUNDS, "tally.balance");
	BENT(A->balance = A->received = xem(BOX + 5000001), ERR_POLICY, "refill.amount");
	/* two watchers, one height, two balances or two blocks */
	BENT(A->balance = A->received = xem(BOX + 1), ERR_MISMATCH, "tally.block");
	BENT(world.tally[1].block.b[0] ^= 1, ERR_MISMATCH, "tally.block");
	/* dust that came between two heights is no lie; the most is what may stay behind */
	A->balance = A->received = xem(BOX + 7);
	world.tally[1].height++;
	T_EQ(world_ask().err, ERR_OK);
	T_STR(line_of("stays behind at most")->value, "0.000007 XEM = 7 micro-XEM");
	world_make();
	world.tally[0].accounts[1].balance = world.tally[0].accounts[1].received = xem(BOX + 7);
	world.tally[0].height++;
	T_EQ(world_ask().err, ERR_OK);
	/* residues and limits that no chain has are none */
	world_make();
	world.holding.residue_max = world.holding.limit = xem((u128)1 << 100);
	world_believe();
	T_EQ(world_ask().err, ERR_OK);
	T_CHECK(line_of("  of your limit") == NULL);
	world_amounts(BOX / 2);
	T_EQ(world_ask().err, ERR_OK);
}

static void tally_control(void)
{
	world_make();
	/* two watchers name two sets of people */
	BENT(A->needed = 2, ERR_MISMATCH, "tally.cosigners");
	BENT(A->cosigner_count = 4, ERR_MISMATCH, "tally.cosigners");
	BENT(memset(A->cosigners[4].key.b, 0xff, 32), ERR_MISMATCH, "tally.cosigners");
	/* all name the same, but not what the refill needs */
	for (size_t i = 0; i < 3; i++) {
		world.tally[i].accounts[1].needed = 4;
	}
	REFUSED(world_ask(), ERR_MISMATCH, "refill.cosigners");
	world_make();
	R->cosigner_count = 1;
	R->cosigners[0].key = *world.q.key;
	world_amounts(BOX);
	REFUSED(world_ask(), ERR_MISMATCH, "refill.cosigners");
	/* somebody who is no cosigner of the box: as initiator, and beside us */
	world_make();
	BENT(R->initiator = world_key(8), ERR_MISMATCH, "refill.cosigners");
	R->cosigners[0].key = *world.q.key;
	memset(R->cosigners[1].key.b, 0xff, 32);
	REFUSED(world_ask(), ERR_MISMATCH, "refill.cosigners");
	/* a hostile cosigner who came into the box by night */
	world_make();
	for (size_t i = 0; i < 3; i++) {
		world.tally[i].accounts[1].cosigner_count = 6;
		memset(world.tally[i].accounts[1].cosigners[5].key.b, 0xff, 32);
	}
	REFUSED(world_ask(), ERR_MISMATCH, "tally.cosigners");
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "believes the rules that officers signed", believes },
		{ "believes no other rules", believes_no_other_rules },
		{ "believes no bad proof", believes_no_bad_proof },
		{ "shows every effect", shows_every_effect },
		{ "needs its memory", needs_its_memory },
		{ "bytes of a refill", refill_bytes },
		{ "people of a refill", refill_people },
		{ "places of a refill", refill_places },
		{ "amounts of a refill", refill_amounts },
		{ "times of a refill", refill_times },
		{ "bytes of a tally", tally_bytes },
		{ "words of a tally", tally_words },
		{ "times of a tally", tally_times },
		{ "balances of a tally", tally_balances },
		{ "control of a box", tally_control },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
