/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: nobody writes a change of a withdrawal's state into a journal, with right hashes, that the
 * table of states, the actors or the money do not allow, without books_verify naming the record.
 *
 * Method: journals of our own, each withdrawal brought into every state by a way that the table
 * has. Then, from every state, every step that can be written: 12 old states x 14 happenings x 12
 * new ones; exactly those of the table are taken.  Then each other kind of damage, one at a time.
 */
#include "t.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "doc/types.h"
#include "payout/name.h"
#include "payout/trail.h"

enum {
	BATCHES_MAX = 24,
	BATCH_BYTES = 4096,
	RECORDS_MAX = 8,
	BOX = 1,
	ANN = 2,
	BOB = 3,
	FLIGHT = 4,
	OPENING = 5,
	HELD = 50,
};

static const struct log_secret secret = { { 7, 7, 7 } };

struct journal {
	uint8_t bytes[BATCHES_MAX][BATCH_BYTES];
	struct bytes batch[BATCHES_MAX];
	size_t n;
	struct log_chain chain;
	uint64_t now_ms, next_id;
};

/* Records of one commit, each with a blob or NULL. */
struct commit {
	struct log_record r[RECORDS_MAX];
	const char *blob[RECORDS_MAX];
	size_t n;
};

static struct journal j;
static struct books_verify v;
static struct trail trail;

static struct id128 id_of(uint64_t n)
{
	struct id128 id = { { 0 } };

	le64_put(id.b, n);
	id.b[15] = 1;
	return id;
}

static struct id128 withdrawal(uint64_t n)
{
	return id_of(0x5000 + n);
}

static struct log_record *add(struct commit *c, const struct log_record *r, const char *blob)
{
	CHECK(c->n < RECORDS_MAX);
	c->blob[c->n] = blob;
	c->r[c->n] = *r;
	return &c->r[c->n++];
}

static void seal(struct commit *c)
{
	struct log_batch b;

	CHECK(j.n < BATCHES_MAX);
	log_batch_begin(&b, j.bytes[j.n], BATCH_BYTES);
	for (size_t i = 0; i < c->n; i++) {
		c->r[i].time_ms = j.now_ms += 10;
		CHECK((c->blob[i] != NULL ? log_batch_add_blob(&b, &c->r[i], bytes_str(c->blob[i]))
					  : log_batch_add_record(&b, &c->r[i])) == ERR_OK);
	}
	log_batch_seal(&j.batch[j.n], &b, &j.chain, &secret);
	j.n++;
	c->n = 0;
}

/* ---- a withdrawal's way ---- */

static struct log_record *request(struct commit *c, uint64_t w)
{
	return add(c,
		   &(struct log_record){
		       .kind = LOG_DOCUMENT, .ref = withdrawal(w), .amount = DOC_REQUEST },
		   "a request");
}

static struct log_record *hold(struct commit *c, uint64_t w, uint64_t account)
{
	struct id128 id = withdrawal(w);

	return add(c,
		   &(struct log_record){ .kind = LOG_HOLD,
					 .id = payout_hold_name(&id),
					 .asset = ASSET_XEM,
					 .debit = id_of(account),
					 .credit = id_of(FLIGHT),
					 .amount = HELD },
		   NULL);
}

static struct log_record *ends(struct commit *c, uint64_t w, enum log_kind kind)
{
	struct id128 id = withdrawal(w);

	return add(c,
		   &(struct log_record){ .kind = (uint16_t)kind,
					 .id = id_of(j.next_id++),
					 .asset = ASSET_XEM,
					 .ref = payout_hold_name(&id),
					 .amount = HELD },
		   NULL);
}

static const char *said_by(unsigned what)
{
	static const char *const words[PAYOUT_HAPPENINGS] = {
		[PAYOUT_REQUEST] = "back end shop\nasked for",
		[PAYOUT_SCREEN] = "policy\nwell",
		[PAYOUT_ORDER] = "policy\ntwo people",
		[PAYOUT_APPROVE] = "approver bob\n",
		[PAYOUT_COSIGN] = "signer a\nattempt 1",
		[PAYOUT_WRAP] = "signer b\nattempt 1",
		[PAYOUT_MINE] = "chain\nin block 5",
		[PAYOUT_SETTLE] = "chain\ndeep",
		[PAYOUT_UNMINE] = "chain\nundone",
		[PAYOUT_VETO] = "approver eve\nno",
		[PAYOUT_EXPIRE] = "clock\nits time is over",
		[PAYOUT_FREEZE] = "officer olga\na theft",
		[PAYOUT_EXCLUDE] = "watchers w1 w2\ndead",
		[PAYOUT_RESUME] = "officer olga\nlifted",
		[PAYOUT_RECOUNT] = "policy\nbob left",
	};

	return what < PAYOUT_HAPPENINGS && words[what] != NULL ? words[what] : "clock\n?";
}

static struct log_record *change(struct commit *c, uint64_t w, unsigned old, unsigned what,
				 unsigned next)
{
	return add(c,
		   &(struct log_record){ .kind = LOG_WITHDRAWAL_STATE,
					 .id = withdrawal(w),
					 .ref = withdrawal(w),
					 .debit = id_of(ANN),
					 .amount = old | (u128)next << 8 | (u128)what << 16 |
						   (u128)STATE_NAMES_WHO << 24 },
		   said_by(what));
}

/* What the books do beside it (docs/withdrawal.md). */
static void money(struct commit *c, uint64_t w, unsigned what, bool settled)
{
	if (what == PAYOUT_REQUEST) {
		(void)hold(c, w, ANN);
	} else if (what == PAYOUT_SETTLE && !settled) {
		(void)ends(c, w, LOG_POST);
	} else if ((what == PAYOUT_VETO || what == PAYOUT_EXPIRE) && !settled) {
		(void)ends(c, w, LOG_VOID);
	}
}

/* A way into each state; 0 ends it. */
static const uint8_t ways[PAYOUT_STATES][8] = {
	[PAYOUT_REQUESTED] = { PAYOUT_REQUEST },
	[PAYOUT_SCREENED] = { PAYOUT_REQUEST, PAYOUT_SCREEN },
	[PAYOUT_APPROVING] = { PAYOUT_REQUEST, PAYOUT_SCREEN, PAYOUT_ORDER },
	[PAYOUT_APPROVED] = { PAYOUT_REQUEST, PAYOUT_SCREEN, PAYOUT_APPROVE },
	[PAYOUT_AUTHORISED] = { PAYOUT_REQUEST, PAYOUT_SCREEN, PAYOUT_APPROVE, PAYOUT_COSIGN },
	[PAYOUT_ANNOUNCED] = { PAYOUT_REQUEST, PAYOUT_SCREEN, PAYOUT_APPROVE, PAYOUT_COSIGN,
			       PAYOUT_WRAP },
	[PAYOUT_CONFIRMING] = { PAYOUT_REQUEST, PAYOUT_SCREEN, PAYOUT_APPROVE, PAYOUT_COSIGN,
				PAYOUT_WRAP, PAYOUT_MINE },
	[PAYOUT_SETTLED] = { PAYOUT_REQUEST, PAYOUT_SCREEN, PAYOUT_APPROVE, PAYOUT_COSIGN,
			     PAYOUT_WRAP, PAYOUT_MINE, PAYOUT_SETTLE },
	[PAYOUT_REFUSED] = { PAYOUT_REQUEST, PAYOUT_SCREEN, PAYOUT_VETO },
	[PAYOUT_EXPIRED] = { PAYOUT_REQUEST, PAYOUT_EXPIRE },
	[PAYOUT_FROZEN] = { PAYOUT_REQUEST, PAYOUT_FREEZE },
};

static void begin(void)
{
	static const struct {
		uint64_t id;
		enum books_kind kind;
	} accounts[] = { { BOX, BOOKS_BOX },
			 { ANN, BOOKS_CUSTOMER },
			 { BOB, BOOKS_CUSTOMER },
			 { FLIGHT, BOOKS_IN_FLIGHT },
			 { OPENING, BOOKS_OPENING } };
	struct commit c = { .n = 0 };

	memset(&j, 0, sizeof j);
	log_chain_init(&j.chain);
	j.now_ms = 1000;
	j.next_id = 0x9000;
	(void)add(&c, &(struct log_record){ .kind = LOG_GENESIS, .link = { { 9 } } }, NULL);
	seal(&c);
	for (size_t i = 0; i < ARRAY_LEN(accounts); i++) {
		(void)add(&c,
			  &(struct log_record){ .kind = LOG_ACCOUNT,
						.id = id_of(accounts[i].id),
						.asset = ASSET_XEM,
						.amount = accounts[i].kind },
			  NULL);
	}
	for (uint64_t i = 0; i < 3; i++) {
		(void)add(&c,
			  &(struct log_record){ .kind = LOG_TRANSFER,
						.id = id_of(100 + i),
						.asset = ASSET_XEM,
						.debit = id_of(i == 0 ? BOX : OPENING),
						.credit = id_of(i == 0   ? OPENING
								: i == 1 ? ANN
									 : BOB),
						.amount = i == 0 ? 2000 : 1000 },
			  NULL);
	}
	seal(&c);
}

/* Withdrawal 1 in this state, a commit a step. */
static void reach(unsigned state)
{
	enum payout_state now = PAYOUT_NONE;
	struct commit c = { .n = 0 };

	begin();
	for (size_t i = 0; i < ARRAY_LEN(ways[0]) && ways[state][i] != 0; i++) {
		enum payout_happening what = (enum payout_happening)ways[state][i];
		enum payout_state next;

		CHECK(state_next(&next, now, now, what) == ERR_OK);
		if (what == PAYOUT_REQUEST) {
			(void)request(&c, 1);
		}
		money(&c, 1, what, false);
		(void)change(&c, 1, now, what, next);
		seal(&c);
		now = next;
	}
	CHECK(now == (enum payout_state)state);
}

/* Words and record are in v, what was seen in trail; end() after a look. */
static enum err judge(void)
{
	enum err e = books_verify_init(&v, &secret);

	memset(&trail, 0, sizeof trail);
	v.also = &trail_also;
	v.also_context = &trail;
	for (size_t i = 0; e == ERR_OK && i < j.n; i++) {
		e = books_verify_batch(&v, j.batch[i]);
	}
	if (e == ERR_OK) {
		e = books_verify_end(&v);
	}
	books_verify_free(&v);
	trail_free(&trail);
	return e;
}

static bool says(const char *words)
{
	if (strstr(v.why, words) == NULL) {
		printf("# it says: %s\n", v.why);
		return false;
	}
	return true;
}

static void every_state_is_reached(void)
{
	for (unsigned s = PAYOUT_REQUESTED; s < PAYOUT_STATES; s++) {
		reach(s);
		T_EQ(judge(), ERR_OK);
	}
}

static void exactly_the_steps_of_the_table(void)
{
	unsigned taken = 0, refused = 0;

	for (unsigned s = PAYOUT_REQUESTED; s < PAYOUT_STATES; s++) {
		for (unsigned old = 0; old < PAYOUT_STATES; old++) {
			for (unsigned what = 0; what < PAYOUT_HAPPENINGS + 1; what++) {
				for (unsigned to = 0; to < PAYOUT_STATES + 1; to++) {
					struct commit c = { .n = 0 };
					enum payout_state next;
					uint64_t at;
					bool well =
					    state_next(&next, (enum payout_state)old,
						       (enum payout_state)s,
						       (enum payout_happening)what) == ERR_OK &&
					    (unsigned)next == to;

					reach(s);
					(void)change(&c, 1, old, what, to);
					at = j.chain.next_sequence;
					money(&c, 1, what, s == PAYOUT_SETTLED);
					seal(&c);
					T_EQ(judge(), well ? ERR_OK : ERR_CORRUPT);
					taken += well;
					refused += !well;
					if (well) {
						continue;
					}
					T_EQ(v.at, at);
					T_CHECK(says(old != s ? "but it is in"
							      : "the table of states has no such "
								"step"));
				}
			}
		}
	}
	T_EQ(taken, 32); /* all rows but the one from nothing */
	T_CHECK(refused > 20000);
}

static void undone_and_settled_again(void)
{
	struct commit c = { .n = 0 };

	reach(PAYOUT_SETTLED);
	for (unsigned i = 0; i < 3; i++) {
		(void)change(&c, 1, PAYOUT_SETTLED, PAYOUT_UNMINE, PAYOUT_CONFIRMING);
		seal(&c);
		(void)change(&c, 1, PAYOUT_CONFIRMING, PAYOUT_SETTLE, PAYOUT_SETTLED);
		seal(&c);
	}
	T_EQ(judge(), ERR_OK);
}

/* One record of a well made way is spoilt, or one too many stands beside it. */
static void every_other_damage(void)
{
	for (unsigned row = 0; row < 16; row++) {
		struct commit c = { .n = 0 };
		const char *words = NULL;
		struct log_record *r;
		uint64_t at;

		reach(PAYOUT_SCREENED);
		at = j.chain.next_sequence;
		r = change(&c, 1, PAYOUT_SCREENED, PAYOUT_APPROVE, PAYOUT_APPROVED);
		switch (row) {
		case 0:
			words = "nobody asked for";
			r->id = r->ref = withdrawal(2);
			break;
		case 1:
			words = "two withdrawals at once";
			r->ref = withdrawal(2);
			break;
		case 2:
			words = "another customer's account";
			r->debit = id_of(BOB);
			break;
		case 3:
			words = "says nobody who did it"; /* as old programs wrote it */
			r->amount &= 0xffffff;
			break;
		case 4:
			words = "says nobody who did it"; /* a bit that has no meaning */
			r->amount |= (u128)1 << 100;
			break;
		case 5:
			words = "says nobody who did it";
			r->amount |= (u128)2 << 24;
			break;
		case 6:
			words = "says nobody who did it";
			c.blob[0] = "approver bob";
			break;
		case 7:
			words = "says nobody who did it";
			c.blob[0] = "\nno name";
			break;
		case 8:
			words = "who may not";
			c.blob[0] = "clock\nwhy not";
			break;
		case 9:
			words = "who may not";
			c.blob[0] = "approver bob eve\n";
			break;
		case 10:
			words = "what it names is missing";
			c.blob[0] = NULL;
			r->link.b[0] = 1;
			break;
		case 11:
			words = "who and why that are missing";
			c.blob[0] = NULL;
			break;
		case 12:
			words = "nothing is held for it"; /* the money is gone, the state stays */
			(void)ends(&c, 1, LOG_VOID);
			break;
		case 13:
			words = "asks for withdrawal";
			(void)request(&c, 1);
			at++;
			break;
		case 14:
			words = "asked for and has no state";
			(void)request(&c, 2);
			break;
		default:
			words = "but it is in `approved`"; /* the same once more */
			(void)change(&c, 1, PAYOUT_SCREENED, PAYOUT_APPROVE, PAYOUT_APPROVED);
			at++;
			break;
		}
		seal(&c);
		T_EQ(judge(), ERR_CORRUPT);
		T_CHECK(says(words));
		T_EQ(v.at, at);
	}
}

/* Beginnings and ends without the money that belongs to them. */
static void states_without_their_money(void)
{
	static const struct {
		unsigned from, what, to;
		bool settles; /* the wrong way to end the hold */
		const char *words;
	} rows[] = {
		{ PAYOUT_CONFIRMING, PAYOUT_SETTLE, PAYOUT_SETTLED, false, "still held" },
		{ PAYOUT_SCREENED, PAYOUT_VETO, PAYOUT_REFUSED, false, "still held" },
		{ PAYOUT_APPROVED, PAYOUT_EXPIRE, PAYOUT_EXPIRED, false, "still held" },
		{ PAYOUT_APPROVED, PAYOUT_COSIGN, PAYOUT_AUTHORISED, true, "nothing is held" },
		{ PAYOUT_ANNOUNCED, PAYOUT_MINE, PAYOUT_CONFIRMING, true, "nothing is held" },
		{ PAYOUT_APPROVED, PAYOUT_FREEZE, PAYOUT_FROZEN, true, "nothing is held" },
	};
	struct commit c = { .n = 0 };
	uint64_t at;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		reach(rows[i].from);
		at = j.chain.next_sequence;
		(void)change(&c, 1, rows[i].from, rows[i].what, rows[i].to);
		if (rows[i].settles) {
			(void)ends(&c, 1, LOG_POST);
		}
		seal(&c);
		T_EQ(judge(), ERR_CORRUPT);
		T_CHECK(says(rows[i].words));
		T_EQ(v.at, at);
	}
	/* a request: nothing held, somebody else's coins held, held for somebody's own account */
	for (unsigned row = 0; row < 3; row++) {
		begin();
		at = j.chain.next_sequence;
		(void)request(&c, 1);
		if (row > 0) {
			struct log_record *r = hold(&c, 1, row == 1 ? BOB : ANN);

			r->credit = row == 2 ? id_of(BOB) : r->credit;
		}
		(void)change(&c, 1, PAYOUT_NONE, PAYOUT_REQUEST, PAYOUT_REQUESTED);
		seal(&c);
		T_EQ(judge(), ERR_CORRUPT);
		T_CHECK(says(row == 0 ? "nothing is held" : "not its customer's"));
		T_EQ(v.at, at);
	}
}

/* What is not a request asks for nothing: an order of the same withdrawal, one signed by nobody. */
static void other_documents_are_no_requests(void)
{
	struct commit c = { .n = 0 };
	uint64_t at;

	begin();
	(void)request(&c, 1);
	c.r[0].amount = DOC_ORDER;
	(void)hold(&c, 1, ANN);
	at = j.chain.next_sequence + 2;
	(void)change(&c, 1, PAYOUT_NONE, PAYOUT_REQUEST, PAYOUT_REQUESTED);
	seal(&c);
	T_EQ(judge(), ERR_CORRUPT);
	T_CHECK(says("nobody asked for"));
	T_EQ(v.at, at);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "every state is reached", every_state_is_reached },
		{ "exactly the steps of the table", exactly_the_steps_of_the_table },
		{ "undone and settled again", undone_and_settled_again },
		{ "every other damage", every_other_damage },
		{ "states without their money", states_without_their_money },
		{ "other documents are no requests", other_documents_are_no_requests },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
