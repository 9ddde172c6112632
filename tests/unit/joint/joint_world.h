/* SPDX-License-Identifier: Apache-2.0 */
/*
 * joint_world.h - the documents of one walk, and what everybody calls them.
 *
 * An attestation is known by a name: whose it is, which payment, and whether it is the first or the
 * second of its journal.  Its bytes differ from way to way (they name the journal's head and a
 * time), so each core meets one spelling of it: a signer its own, a watcher that of record_body().
 * What a watcher says of a name is said to a signer in that signer's spelling, signed again with
 * the watcher's key.  joint_guard.h checks that nothing but head, number and time differs.
 *
 * With ROTATES there is one request, from one till, and a second roster with other keys of the
 * third watcher and of an officer.  The second of a payment's names is then that it was judged by
 * that roster; the three watchers are one that stays, the one who retires, and who comes in his
 * place, while the fourth of them, who would be needed for no quorum, is down.
 *
 * With BACKS a signer's journal is set back once, or each signer's, and there is one request.  The
 * second of a payment's names is then that it was attested since.
 */
#ifndef KURAMORI_TESTS_JOINT_WORLD_H
#define KURAMORI_TESTS_JOINT_WORLD_H

#include <stdlib.h>

#define RIG_PAYMENTS_N 16
#define RIG_SAME_MARKS
#include "guard_rig.h"

#include "chain/nem/nem_fee.h"
#include "nis/nis.h"
#include "policy/attempt.h"
#include "policy/payment.h"
#include "snap.h"

enum {
	WATCHERS = 3,
	/* one request from the till and from the next till; another that together with either is
	 * more than one hour's limit */
	VARIANTS = 3,
	OTHER_REQUEST = 2,
	POSITIONS = 2,
	NAMES = VARIANTS * POSITIONS,
	NO_NAME = NAMES,
	UNKNOWN_NAME, /* a record that the signer's journal has no more */
	SHOWS,
	PAYMENTS = 3, /* that one journal can come to hold, if all goes wrong */
	SECOND_JUDGED = 1,
	BLOCKS = 3, /* with the later one */
};

/* How far somebody has come on the stop road.  Who has the resume knows the freeze from it. */
enum level { FREE, FROZEN, RESUMED, LEVELS };

/* How far with the second roster. */
enum rules { RULES_FIRST, RULES_WAIT, RULES_SECOND, RULES };

/* What a heartbeat says of both, and whether its watcher has the second block: says_of(). */
enum { SAYS = LEVELS * RULES * 2 };

/* Of a walk with ROTATES. */
enum { STAYS, RETIRES, COMES, THIRD_PLACE = 2 };

/*
 * With ROTATES officer-2 has two keys: the first roster's, which signed FREEZE, RESUME and
 * CLOSING_OLD, and the second's, by which FREEZE_NEXT and RESUME_NEXT say the same (an id is of the
 * body alone).  CLOSING is officer-1's, whose key stays.
 */
enum paper_n { FREEZE, RESUME, CLOSING, ROSTER, FREEZE_NEXT, RESUME_NEXT, CLOSING_OLD, PAPERS };

/* What a walk has, beside payments, acknowledgements and heartbeats. */
enum {
	FREEZES = 1,
	RESUMES = 2,
	CLOSES = 4,
	CRASHES = 8,    /* everybody is killed between steps, signers also in the middle of one */
	AGES = 16,      /* all heartbeats that a signer has become too old */
	SECOND = 32,    /* the same request from another till */
	OTHER = 64,     /* another request */
	ROOM = 128,     /* the limit has room for both requests */
	PREPARES = 256, /* the server also has them prepare */
	ROTATES = 512,  /* a second roster, which waits; a second block, behind its wait */
	ONLY_A = 1024,  /* nothing happens to the other signer; */
	ONLY_B = 2048,  /* all of A's signatures are out from the start */
	BACKS = 4096,   /* a signer's journal is set back, once; watchers hand back what it lost */
	UNDOES = 8192,  /* the later block is undone and comes again, any number of times */
	MINES = 16384,  /* the later block has the first till's payment */
};

/* Bugs of the world around the cores; those of the cores are theirs. */
enum {
	PLANT_DEAF = 1,         /* a signer thinks that watchers have the stops that it has */
	PLANT_DISK = 2,         /* a signer's newest batch is lost in a crash */
	PLANT_WATCH_DISK = 4,   /* a watcher's */
	PLANT_WATCH_TALKS = 8,  /* a watcher acknowledges although it holds a freeze */
	PLANT_AGELESS = 16,     /* a signer's heartbeats never become too old */
	PLANT_SPENT = 64,       /* a signer forgets in a crash what it spent */
	PLANT_ONE_OFFICER = 32, /* the evacuation is asked for on one officer's word */
	PLANT_ANY_RULES = 128,  /* a signer thinks that watchers have the rules that it has */
	PLANT_UNHEARD = 256,    /* a signer does not heed what watchers hold of it */
	PLANT_UNDO_RULES = 512, /* a watcher forgets with a block what that brought into force */
	PLANT_OPENS = 1024,     /* a signer's new roster opens what was closed */
	PLANT_LIFTS = 2048,     /* a signer's new roster lifts what was frozen */
	/* an officer's old key stops on, at a signer; */
	PLANT_OLD_KEY = 4096,
	PLANT_OLD_RESUME = 8192,        /* it starts again there; */
	PLANT_WATCH_OLD_RESUME = 16384, /* and at a watcher */
	PLANT_EARLY_RESUME = 32768,     /* a signer takes the key of a roster that waits */
	PLANT_RESUME_OPENS = 65536,     /* a resume opens what was closed, at a signer */
	PLANT_HASTY = 131072,     /* a watcher waits for no record of what it sees in a block */
	PLANT_UNDO_SEEN = 262144, /* it takes what was undone, and comes again, for a second one */
	PLANT_MINED_SPENT = 524288, /* a signer forgets what it spent when that is in a block */
};

static struct world {
	unsigned with, planted, planted_guard, planted_control;
	struct rig_bodies request[VARIANTS];
	struct hash32 attempt_id[VARIANTS];
	struct hash32 freeze_id, resume_id, roster_id, head[LEVELS][2]; /* [1]: with the roster */
	struct rig_key comes, officer;                                  /* of the second roster */

	struct {
		uint8_t body[16400];
		size_t n;
	} paper[PAPERS];

	/* what both signers say of each payment, when it is the only one */
	struct doc_attestation said[2][VARIANTS];
	/* A's: B gets it; with ROTATES by the roster that it was judged by */
	uint8_t answer_raw[VARIANTS][2][8192];
	struct bytes answer[VARIANTS][2];
	/* evacuation of the till */
	struct doc_sweep sweep;
	uint8_t sweep_raw[2][2][8192];
	struct bytes sweep_items[2]; /* A's answer */
	/* chain */
	struct nis *nis; /* while it is made */
	uint8_t block[BLOCKS][1 << 16];
	size_t block_n[BLOCKS];
	unsigned blocks;         /* that all have from the start: the later one is behind them */
	uint64_t block_later_ms; /* its time behind NOW */
	/* the first till's payment, and what both signers gave for it */
	struct payment payment;
	struct sig64 signature[2];
} world;

static bool rotates(void)
{
	return (world.with & ROTATES) != 0;
}

static bool mines(void)
{
	return (world.with & MINES) != 0;
}

static bool set_back(void)
{
	return (world.with & BACKS) != 0;
}

static bool has_paper(enum paper_n n)
{
	switch (n) {
	case FREEZE:
		return (world.with & FREEZES) != 0;
	case RESUME:
		return (world.with & RESUMES) != 0;
	case CLOSING:
		return (world.with & CLOSES) != 0;
	case ROSTER:
		return rotates();
	case FREEZE_NEXT:
		return rotates() && has_paper(FREEZE);
	case RESUME_NEXT:
		return rotates() && has_paper(RESUME);
	case CLOSING_OLD:
		return rotates() && has_paper(CLOSING);
	case PAPERS:
		break;
	}
	CHECK(false);
	return false;
}

static uint8_t says_of(enum level level, enum rules rules, bool later)
{
	return (uint8_t)(level + LEVELS * (rules + RULES * (later ? 1u : 0u)));
}

static uint8_t name_of(unsigned variant, unsigned position)
{
	return (uint8_t)(variant * POSITIONS + position);
}

static unsigned variant_of(uint8_t name)
{
	return name / POSITIONS;
}

/* Which of a signer's answers this name is of: a bit of joint.released. */
static unsigned answer_of(uint8_t name)
{
	return rotates() ? name % POSITIONS : variant_of(name);
}

/* Where in the roster a watcher of the walk stands, and with which key. */
static unsigned place_of(unsigned watcher)
{
	return rotates() && watcher != STAYS ? (unsigned)THIRD_PLACE : watcher;
}

static const struct rig_key *key_of(unsigned watcher)
{
	return rotates() && watcher == COMES ? &world.comes : &r.watcher[place_of(watcher)];
}

static unsigned variant_by_subject(const struct hash32 *subject)
{
	for (unsigned v = 0; v < VARIANTS; v++) {
		if (hash32_eq(subject, &world.attempt_id[v])) {
			return v;
		}
	}
	CHECK(false);
	return 0;
}

/* Of a row of a signer's table. */
static unsigned variant_of_row(int s, size_t row)
{
	for (unsigned v = 0; v < VARIANTS; v++) {
		if (r.payments[s][row].subject == guard_self_mark(&r.g[s], &world.attempt_id[v])) {
			return v;
		}
	}
	CHECK(false);
	return 0;
}

static uint64_t stop_count(enum level level, enum rules rules)
{
	return (level == RESUMED ? 2u : level == FROZEN) + (rules != RULES_FIRST);
}

static bool is_paid_twice(unsigned variants)
{
	return (variants & 3) == 3;
}

static bool is_over_limit(unsigned variants)
{
	return (world.with & ROOM) == 0 && (variants >> OTHER_REQUEST & 1) != 0 &&
	       (variants & 3) != 0;
}

/* ---- making it ---- */

static void requests_make(void)
{
	uint32_t chain_s = 0;

	CHECK(nem_time_from_unix_ms(&chain_s, r.wall) == ERR_OK);
	for (unsigned v = 0; v < VARIANTS; v++) {
		const struct key32 *from = v == 0 ? &r.till.public_key : &r.next_till.public_key;

		if (v != 1) {
			rig_withdrawal(v == OTHER_REQUEST ? X(60) : X(50), 0, (uint8_t)(v + 1));
		}
		CHECK(attempt_make(&r.attempt, &r.policy, &r.order, &r.order_id, 1, from,
				   chain_s) == ERR_OK);
		rig_encode(&world.request[v]);
		world.attempt_id[v] = r.attempt_id;
		if (v == 0) {
			CHECK(payment_make(&world.payment, 0x98, &r.chain[A].public_key,
					   &r.chain[B].public_key, &r.order, &r.attempt) == ERR_OK);
		}
	}
}

/* SHA-256 over sorted ids (policy/control.h): of these, and the roster's if there is one. */
static struct hash32 head_of(enum level level, const struct hash32 *roster)
{
	struct hash32 ids[3];
	struct sha256 sum;
	struct hash32 head;
	size_t n = 0;

	if (level == FREE && roster == NULL) {
		return (struct hash32){ { 0 } };
	}
	if (level != FREE) {
		ids[n++] = world.freeze_id;
	}
	if (level == RESUMED) {
		ids[n++] = world.resume_id;
	}
	if (roster != NULL) {
		ids[n++] = *roster;
	}
	for (size_t i = 1; i < n; i++) {
		for (size_t k = i; k > 0 && hash32_cmp(&ids[k], &ids[k - 1]) < 0; k--) {
			struct hash32 swap = ids[k];

			ids[k] = ids[k - 1];
			ids[k - 1] = swap;
		}
	}
	sha256_init(&sum);
	for (size_t i = 0; i < n; i++) {
		sha256_update(&sum, bytes_of(ids[i].b, sizeof ids[i].b));
	}
	sha256_final(&sum, &head);
	return head;
}

static void paper_keep(enum paper_n n, struct bytes raw)
{
	struct writer w = writer_make(world.paper[n].body, sizeof world.paper[n].body);

	world.paper[n].n = rig_body(&w, &raw, 1).n;
}

static void resume_keep(enum paper_n n, const struct doc_resume *x, const struct rig_key *second)
{
	static struct paper p;
	const uint8_t *const officers[] = { r.person[0].secret, second->secret };

	paper_make(&p, DOC_RESUME, x, &r.genesis_id, officers, ARRAY_LEN(officers));
	paper_keep(n, bytes_of(p.raw, p.n));
	world.resume_id = p.id;
}

static void closing_keep(enum paper_n n, const char *issuer, const struct rig_key *k)
{
	static uint8_t raw[16384];
	struct doc_closing c = { .account = r.till.public_key,
				 .genesis = r.genesis_id,
				 .reason = "its keys are rotated" };
	struct writer w = writer_make(raw, sizeof raw);

	(void)snprintf(c.issuer, sizeof c.issuer, "%s", issuer);
	CHECK(doc_closing_make(&w, NULL, &c, k->secret) == ERR_OK);
	paper_keep(n, bytes_of(w.p, w.n));
}

static void papers_make(void)
{
	static uint8_t raw[16384];
	struct doc_freeze f = rig_freeze("officer-2", 1);
	struct doc_resume x = { .genesis = r.genesis_id,
				.initiator = "officer-1",
				.lift_count = 1,
				.scope = DOC_SCOPE_ALL };
	struct bytes item = rig_freeze_raw(raw, &f, &r.person[1]);
	struct doc d;

	paper_keep(FREEZE, item);
	CHECK(doc_open(&d, item, &r.genesis_id, NULL) == ERR_OK);
	world.freeze_id = d.id;
	x.freezes[0].id = d.id;
	paper_keep(FREEZE_NEXT, rig_freeze_raw(raw, &f, &world.officer));
	resume_keep(RESUME, &x, &r.person[1]);
	resume_keep(RESUME_NEXT, &x, &world.officer);
	closing_keep(CLOSING, "officer-1", &r.person[0]);
	closing_keep(CLOSING_OLD, "officer-2", &r.person[1]);
}

/* Other keys of a watcher and of an officer; what comes into force with them has to wait. */
static void roster_make(void)
{
	static struct paper p;
	const uint8_t *const officers[] = { r.person[0].secret, r.person[1].secret };
	struct doc_roster next = r.roster;

	next.number = 2;
	next.previous = r.roster_id;
	next.watchers[THIRD_PLACE].key = world.comes.key;
	next.people[1].key = world.officer.key;
	paper_make(&p, DOC_ROSTER, &next, &r.genesis_id, officers, ARRAY_LEN(officers));
	paper_keep(ROSTER, bytes_of(p.raw, p.n));
	world.roster_id = p.id;
	for (enum level l = FREE; l < LEVELS; l++) {
		world.head[l][0] = head_of(l, NULL);
		world.head[l][1] = head_of(l, &p.id);
	}
}

static void block_keep(unsigned n)
{
	struct nis_block b;

	CHECK(nis_block_at(world.nis, n + 1, &b) && b.verifiable.n <= sizeof world.block[n]);
	memcpy(world.block[n], b.verifiable.p, b.verifiable.n);
	world.block_n[n] = b.verifiable.n;
	if (n == 0) {
		r.genesis.chain_nemesis = b.hash;
	}
}

/* One block of these transactions, or an empty one. */
static void block_make(const struct bytes *tx, size_t n, uint32_t time_s)
{
	enum nem_result code = NEM_SUCCESS;

	CHECK(nis_mine_given(world.nis, tx, n, time_s, NULL, &code) == ERR_OK);
	CHECK(code == NEM_SUCCESS);
}

/* A till comes under the control that genesis means: two of A, B and a third. */
static struct bytes conversion(uint8_t raw[NEM_TX_BYTES_MAX], const struct edk_secret *till,
			       uint32_t time_s)
{
	struct writer w = writer_make(raw, NEM_TX_BYTES_MAX);
	struct nem_tx tx = { .type = NEM_MODIFICATION,
			     .head = { .network = 0x98,
				       .version = 2,
				       .time_nem_s = time_s,
				       .deadline_nem_s = time_s + 3600,
				       .signer = till->public_key,
				       .fee_micro = NEM_FEE_MODIFICATION_MICRO } };
	const struct key32 *const cosigner[] = { &r.chain[A].public_key, &r.chain[B].public_key,
						 &r.purse.public_key };

	tx.modification.has_change = true;
	tx.modification.change = 2;
	for (size_t i = 0; i < ARRAY_LEN(cosigner); i++) {
		tx.modification.entry[tx.modification.n++] =
		    (struct nem_modification_entry){ .type = NEM_ADD, .cosigner = *cosigner[i] };
	}
	nem_tx_canonicalise(&tx);
	CHECK(nem_tx_sign(&tx, till) == ERR_OK);
	nem_tx_encode(&w, &tx, NEM_SIGNED);
	CHECK(!w.bad);
	return bytes_of(w.p, w.n);
}

/* A block in which both tills have more than anybody asks for; with MINES, another that makes them
 * what signers pay from. */
static void chain_make(void)
{
	static uint8_t raw[2][NEM_TX_BYTES_MAX];
	struct nis_config config = { .network = 0x98, .pools = 1, .retention_s = NIS_RETENTION_S };
	const uint64_t till = X(100000) + (mines() ? NEM_FEE_MODIFICATION_MICRO : 0);
	struct nis_grant grants[3] = { { .amount = till },
				       { .amount = till },
				       { .amount = X(100000) } };
	struct nis_nemesis nemesis = { .grants = grants, .n = ARRAY_LEN(grants) };
	struct edk_secret harvester;
	uint32_t now_s;

	CHECK(nem_time_from_unix_ms(&now_s, r.wall) == ERR_OK);
	nemesis.time_s = now_s - (mines() ? 4 : 0);
	nem_address_from_key(&grants[0].to, &r.till.public_key, 0x98);
	nem_address_from_key(&grants[1].to, &r.next_till.public_key, 0x98);
	memset(config.harvester, 91, sizeof config.harvester);
	edk_secret_from_nem(&harvester, config.harvester);
	nem_address_from_key(&grants[2].to, &harvester.public_key, 0x98);
	memset(nemesis.key, 90, sizeof nemesis.key);
	CHECK(nis_open(&world.nis, &config, &nemesis) == ERR_OK);
	world.blocks = 1;
	block_keep(0);
	if (mines()) {
		struct bytes tx[] = { conversion(raw[0], &r.till, now_s - 4),
				      conversion(raw[1], &r.next_till, now_s - 4) };

		block_make(tx, ARRAY_LEN(tx), now_s - 2);
		world.blocks = 2;
		block_keep(1);
	}
	r.till_micro = r.next_micro = X(100000);
}

/* The later block: empty, or with what both signers have signed. */
static void chain_end(void)
{
	static uint8_t raw[PAYMENT_UNIT_MAX];
	struct bytes unit = { 0 };
	uint32_t later_s = nis_harvest_from(world.nis, NULL);
	uint32_t now_s;

	CHECK(nem_time_from_unix_ms(&now_s, NOW) == ERR_OK && later_s != NIS_NEVER);
	if (mines()) {
		CHECK(payment_unit(raw, sizeof raw, &unit.n, &world.payment, &world.signature[A],
				   &world.signature[B]) == ERR_OK);
		unit.p = raw;
		later_s = now_s + 2;
	}
	block_make(&unit, mines() ? 1 : 0, later_s);
	world.block_later_ms = (uint64_t)(later_s - now_s) * 1000;
	block_keep(world.blocks);
	nis_close(world.nis);
	world.nis = NULL;
}

static void sweep_make(void)
{
	struct money m = xem(r.till_micro);
	uint32_t now = 0;

	CHECK(nem_time_from_unix_ms(&now, r.wall) == ERR_OK);
	CHECK(attempt_sweep_make(&world.sweep, &r.genesis, &r.policy, &r.genesis_id,
				 &r.till.public_key, &m, now) == ERR_OK);
}

static void world_make(void)
{
	/* less than ACT_AGE and the second block bring */
	rig_loosening_ms = rotates() ? 1000 : 3600000;
	rig_make();
	chain_make();
	r.policy.hour_max = xem((world.with & ROOM) != 0 ? X(1000) : X(100));
	r.policy.payment_max = xem(X(90));
	rig_documents_write();
	r.planted = world.planted_guard;
	r.planted_control = world.planted_control;
	for (int s = A; s <= B; s++) {
		r.journal_n[s] = 0; /* never started */
		rig_guard(s);
	}
	rig_key(&world.comes, 91);
	rig_key(&world.officer, 92);
	requests_make();
	papers_make();
	roster_make();
	sweep_make();
}

/* The attestation of this name as every watcher is told it. */
static struct doc_attestation record_of(int s, uint8_t name)
{
	struct doc_attestation t = world.said[s][variant_of(name)];

	t.sequence = 100 + name % POSITIONS;
	if (rotates() && name % POSITIONS == SECOND_JUDGED) {
		t.roster = world.roster_id;
	}
	memset(&t.head, 0, sizeof t.head);
	t.head.b[0] = (uint8_t)(1 + name);
	return t;
}

static struct bytes record_raw(uint8_t raw[8192], int s, uint8_t name, struct hash32 *id)
{
	struct doc_attestation t = record_of(s, name);
	struct writer w = writer_make(raw, 8192);

	CHECK(doc_attestation_make(&w, id, &t, r.attest[s].secret) == ERR_OK);
	return bytes_of(w.p, w.n);
}

#endif
