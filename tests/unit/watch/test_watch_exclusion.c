/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a watcher calls an attempt dead when its own chain, pools and journal show it, and at no
 * other time, for nobody but the server; what it has said stays said, and what it called dead
 * explains nothing any more (policy/exclusion.h, docs/decisions/0009).
 *
 * Method: the whole watcher on a real chain (watch_rig.h).  A payment that both signers attested
 * and that is in no block; its till closed, emptied and 360 blocks deep: that is the yes.  Every no
 * is that, less or more by one thing.
 */
#include "policy/exclusion.h"

#include "base/check.h"
#include "ipc/frame.h"
#include "t.h"
#include "watch_rig.h"

#include "watch/watch_self.h"

static uint8_t order_raw[4096], attempt_raw[4096];
static struct bytes order_doc, attempt_doc;
static struct nem_tx unit;
static struct hash32 inner;
static uint64_t deadline, emptied;
static u128 outflow;

/* ---- what is asked, and what is answered ---- */

static struct bytes closing_made(uint8_t *raw, size_t cap)
{
	struct doc_closing c = { .account = r.chain[K_TILL].public_key,
				 .genesis = r.genesis_id,
				 .issuer = "officer-1",
				 .reason = "used up",
				 .time_ms = r.wall };

	return bytes_of(raw, made(raw, cap, NULL, DOC_CLOSING, &c, &r.person[0]));
}

static void till_closed(void)
{
	static uint8_t raw[2048];
	struct bytes item = closing_made(raw, sizeof raw);

	CHECK(reply_type(ask(ROLE_STOP, WATCHER_STOP_PUT, &item, 1)) == DOC_RECEIPT);
	replies_forget();
}

static struct doc_exclusion says;
static struct doc_refusal refusal;
static uint8_t said_raw[16384];
static size_t said_n;

/* True if it is called dead; says has it, else refusal. */
static bool asks_items(uint16_t role, const struct bytes *items, size_t n)
{
	const struct queued *q = ask(role, WATCHER_EXCLUDE, items, n);
	struct bytes item;
	struct doc d;
	size_t got = 0;
	bool dead;

	CHECK(frame_items_all(bytes_of(q->body, q->n), &item, 1, &got) == ERR_OK && got == 1);
	CHECK(doc_open(&d, item, &r.genesis_id, NULL) == ERR_OK);
	memset(&says, 0, sizeof says);
	memset(&refusal, 0, sizeof refusal);
	dead = d.type == DOC_EXCLUSION;
	if (dead) {
		CHECK(doc_signed_by(&d, &r.watcher[0].key));
		CHECK(doc_exclusion_read(&d, &says, NULL) == ERR_OK);
		memcpy(said_raw, item.p, item.n);
		said_n = item.n;
	} else {
		CHECK(doc_refusal_read(&d, &refusal, NULL) == ERR_OK);
	}
	replies_forget();
	return dead;
}

static bool dead(void)
{
	struct bytes items[2] = { order_doc, attempt_doc };

	return asks_items(ROLE_SERVER, items, 2);
}

/* Not dead, for this reason. */
static bool no(const char *code, const char *words)
{
	size_t batches = r.batches;
	bool well = !dead() && strcmp(refusal.code, code) == 0 &&
		    strstr(refusal.detail, words) != NULL && r.batches == batches;

	if (!well) {
		printf("# it says: %s: %s\n", refusal.code, refusal.detail);
	}
	return well;
}

/* ---- how it comes to that ---- */

static void keep_payment(void)
{
	unit = pay_whole(X(50));
	order_doc =
	    bytes_of(order_raw, made(order_raw, sizeof order_raw, NULL, DOC_ORDER, &r.order, NULL));
	attempt_doc = bytes_of(attempt_raw, made(attempt_raw, sizeof attempt_raw, NULL, DOC_ATTEMPT,
						 &r.attempt, NULL));
	inner = r.pay.inner_hash;
	deadline = r.attempt.deadline_nem_s;
	outflow = (u128)X(50) + money_units(&r.attempt.fee_inner) +
		  money_units(&r.attempt.fee_outer) + money_units(&r.attempt.fee_cosign);
}

static void blocks(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		mine(CLEAN);
	}
	feed_all();
	wait_ms(50);
}

static uint64_t till_holds(void)
{
	struct nem_address a = address_of(K_TILL);
	struct nis_account account;

	nis_account(r.nis, &a, &account);
	return account.balance;
}

/* What B's key makes of it when its time is over: A's old cosignature in a new wrapper. */
static struct nem_tx wrapped_again(void)
{
	struct nem_tx tx = unit;

	tx.head.time_nem_s = r.now_s;
	tx.head.deadline_nem_s = r.now_s + 3600;
	tx_sign(&tx, K_B);
	return tx;
}

/* Attested, in no block, its till closed and emptied: only the blocks on top are missing. */
static void emptied_till(void)
{
	rig_up();
	r.push = true;
	keep_payment();
	till_closed();
	rig_pass(r.policy.attempt_life_s * 1000 + r.policy.clock_skew_ms);
	blocks(1);
	wait_ms(500);
	blocks(1);
	CHECK(till_holds() == 0);
	emptied = r.fed[CLEAN];
}

/* The yes. */
static void buried(void)
{
	emptied_till();
	blocks(EXCLUSION_DEPTH);
}

/* ---- yes ---- */

static void a_dead_attempt_is_called_so(void)
{
	static uint8_t first[sizeof said_raw];
	struct hash32 id;
	size_t batches, n;
	struct doc d;

	buried();
	batches = r.batches;
	T_CHECK(dead());
	T_EQ(r.batches, batches + 1); /* journalled before it is said */
	T_EQ(says.final_height, emptied);
	T_EQ(says.height, emptied + EXCLUSION_DEPTH);
	T_CHECK(says.final_time_nem_s > deadline);
	T_CHECK(money_is_zero(&says.residue) && money_is_zero(&says.largest));
	T_MEM(&says.inner_hash, &inner, sizeof inner);
	T_MEM(&says.account, &r.chain[K_TILL].public_key, sizeof says.account);
	T_STR(says.watcher, "w1");
	T_EQ(doc_open(&d, attempt_doc, &r.genesis_id, NULL), ERR_OK);
	id = d.id;
	T_MEM(&says.attempt, &id, sizeof id);
	T_CHECK(watch_self_by_inner(&r.w, &inner)->dead);
	/* again, with more blocks, and after a restart: the same bytes, no new record */
	n = said_n;
	memcpy(first, said_raw, n);
	blocks(3);
	T_CHECK(dead());
	T_EQ(said_n, n);
	T_MEM(said_raw, first, n);
	T_EQ(r.batches, batches + 1);
	rig_restart(r.batches);
	rig_connect();
	feed_all();
	T_CHECK(watch_self_by_inner(&r.w, &inner)->dead);
	batches = r.batches;
	T_CHECK(dead());
	T_EQ(said_n, n);
	T_MEM(said_raw, first, n);
	T_EQ(r.batches, batches);
	T_CHECK(!watch_frozen(&r.w));
}

/* A crash between the record and the answer, and one before the record. */
static void cut_off_when_saying(void)
{
	size_t before;

	buried();
	before = r.batches;
	T_CHECK(dead());
	T_EQ(r.batches, before + 1);
	rig_restart(before); /* it was never durable, so it was never said */
	rig_connect();
	feed_all();
	before = r.batches;
	T_CHECK(dead());
	T_EQ(r.batches, before + 1);
}

/* Called dead, it explains nothing: in a block or a pool it is a theft. */
static void the_dead_explain_nothing(void)
{
	struct nem_tx again;

	buried();
	T_CHECK(dead());
	feed_given(PUBLIC, &unit, 1); /* its own time is over: nobody can mine that */
	wait_ms(50);
	T_CHECK(!watch_frozen(&r.w));
	again = wrapped_again();
	feed_given(PUBLIC, &again, 1);
	wait_ms(50);
	T_CHECK(watch_frozen(&r.w));
	T_CHECK(no("frozen", "a freeze is in force"));
}

/* What arrives in the till is swept again; less than the payment needs does not revive it. */
static void a_little_arrives(void)
{
	struct nem_tx gift;

	emptied_till();
	blocks(EXCLUSION_DEPTH - 10);
	gift = tx_transfer(K_CUSTOMER, K_TILL, X(20));
	tx_sign(&gift, K_CUSTOMER);
	T_EQ(nis_say(CLEAN, &gift), NEM_SUCCESS);
	blocks(1);
	wait_ms(500);
	blocks(9);
	T_EQ(till_holds(), 0);
	T_CHECK(dead());
	T_CHECK(money_units(&says.largest) == X(20));
	T_EQ(says.final_height, emptied);
}

/* ---- no ---- */

static void only_to_the_server(void)
{
	static const uint16_t roles[] = { ROLE_STOP, ROLE_PEER, ROLE_STOP | ROLE_PEER };
	struct bytes items[2];
	size_t batches;

	buried();
	items[0] = order_doc;
	items[1] = attempt_doc;
	batches = r.batches;
	for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
		T_CHECK(!asks_items(roles[i], items, 2));
		T_STR(refusal.code, "not-for-this-path");
	}
	T_EQ(r.batches, batches);
	T_CHECK(dead());
}

static void questions_that_are_none(void)
{
	static uint8_t raw[6][4096];
	struct bytes made_docs[6], items[3];
	struct doc_order order;
	struct doc_attempt attempt;
	size_t batches;

	buried();
	order = r.order;
	attempt = r.attempt;
	attempt.fee_inner = xem((uint64_t)money_units(&attempt.fee_inner) + 1);
	made_docs[0] =
	    bytes_of(raw[0], made(raw[0], sizeof raw[0], NULL, DOC_ATTEMPT, &attempt, NULL));
	attempt = r.attempt;
	attempt.account = r.chain[K_PURSE].public_key;
	made_docs[1] =
	    bytes_of(raw[1], made(raw[1], sizeof raw[1], NULL, DOC_ATTEMPT, &attempt, NULL));
	attempt = r.attempt;
	attempt.order.b[0] ^= 1;
	made_docs[2] =
	    bytes_of(raw[2], made(raw[2], sizeof raw[2], NULL, DOC_ATTEMPT, &attempt, NULL));
	order.amount = xem(X(51));
	made_docs[3] = bytes_of(raw[3], made(raw[3], sizeof raw[3], NULL, DOC_ORDER, &order, NULL));
	attempt = r.attempt;
	attempt.deadline_nem_s++;
	made_docs[4] =
	    bytes_of(raw[4], made(raw[4], sizeof raw[4], NULL, DOC_ATTEMPT, &attempt, NULL));
	attempt = r.attempt; /* the same payment by another document */
	attempt.fee_cosign = xem((uint64_t)money_units(&attempt.fee_cosign) + 1);
	made_docs[5] =
	    bytes_of(raw[5], made(raw[5], sizeof raw[5], NULL, DOC_ATTEMPT, &attempt, NULL));
	batches = r.batches;
	for (unsigned row = 0; row < 13; row++) {
		size_t n = 2;

		items[0] = order_doc;
		items[1] = items[2] = attempt_doc;
		switch (row) {
		case 0:
			n = 0;
			break;
		case 1:
			n = 1;
			break;
		case 2:
			n = 3;
			break;
		case 3:
			items[1] = order_doc;
			break;
		case 4:
			items[0] = attempt_doc;
			break;
		case 5:
			items[0] = attempt_doc;
			items[1] = order_doc;
			break;
		case 6:
			items[1].n--;
			break;
		case 7:
			items[0] = bytes_str("{}");
			break;
		case 8:
			items[1] = made_docs[2]; /* of another order */
			break;
		case 9:
			items[0] = made_docs[3]; /* another amount: the attempt is not of it */
			break;
		case 10:
			items[1] = made_docs[0]; /* nobody told us of these */
			break;
		case 11:
			items[1] = made_docs[5];
			break;
		default:
			items[1] = made_docs[4];
			break;
		}
		T_CHECK(!asks_items(ROLE_SERVER, items, n));
		if (strcmp(refusal.code, "bad-input") != 0 &&
		    strcmp(refusal.code, "not-found") != 0) {
			printf("# row %u: %s %s\n", row, refusal.code, refusal.detail);
		}
		T_STR(refusal.code, row < 10 ? "bad-input" : "not-found");
	}
	items[0] = order_doc;
	items[1] = made_docs[1]; /* from the purse: another payment */
	T_CHECK(!asks_items(ROLE_SERVER, items, 2));
	T_EQ(r.batches, batches);
	T_CHECK(dead());
}

/* Of an attempt that no signer told of the watcher says nothing, however dead it is. */
static void an_attempt_that_nobody_attested(void)
{
	rig_up();
	r.push = true;
	pay_new(X(50));
	pay_link();
	order_doc =
	    bytes_of(order_raw, made(order_raw, sizeof order_raw, NULL, DOC_ORDER, &r.order, NULL));
	attempt_doc = bytes_of(attempt_raw, made(attempt_raw, sizeof attempt_raw, NULL, DOC_ATTEMPT,
						 &r.attempt, NULL));
	till_closed();
	rig_pass(r.policy.attempt_life_s * 1000 + r.policy.clock_skew_ms);
	blocks(1);
	wait_ms(500);
	blocks(1 + EXCLUSION_DEPTH);
	T_EQ(till_holds(), 0);
	T_CHECK(no("not-found", "no signer has told us"));
}

static void not_closed(void)
{
	rig_up();
	keep_payment();
	blocks(EXCLUSION_DEPTH + 5);
	T_CHECK(no("wrong-state", "not closed"));
}

static void one_block_too_early(void)
{
	emptied_till();
	T_CHECK(no("waiting", "no block is final yet"));
	for (unsigned left = EXCLUSION_DEPTH; left > 2; left -= left / 2) {
		blocks(left / 2);
		T_CHECK(!dead());
	}
	while (r.fed[CLEAN] < emptied + EXCLUSION_DEPTH - 1) {
		blocks(1);
	}
	T_CHECK(no("insufficient-funds", "not empty at the newest final block"));
	blocks(1);
	T_CHECK(dead());
}

/* By what it holds: the deadline that the honest wrapper has, judged by the final block's time. */
static void its_deadline(void)
{
	const struct nem_follow_at *at;
	const char *words = "";
	struct doc_exclusion x;

	buried();
	at = nem_follow_find(&r.w.node[CLEAN].follow, emptied);
	T_CHECK(at != NULL);
	T_EQ(watch_exclusion_look(&r.w, &r.chain[K_TILL].public_key, &inner, at->time_nem_s,
				  outflow, &x, &words),
	     ERR_WAIT);
	T_STR(words, "at the newest final block it could still be mined");
	T_EQ(watch_exclusion_look(&r.w, &r.chain[K_TILL].public_key, &inner, at->time_nem_s - 1,
				  outflow, &x, &words),
	     ERR_OK);
	/* accounts that are none of ours, or not hot */
	for (enum who who = K_A; who < K_WHO_N; who++) {
		if (who != K_TILL && who != K_PURSE) {
			T_EQ(watch_exclusion_look(&r.w, &r.chain[who].public_key, &inner, 0,
						  outflow, &x, &words),
			     ERR_POLICY);
		}
	}
	T_EQ(watch_exclusion_look(&r.w, &r.chain[K_PURSE].public_key, &inner, 0, outflow, &x,
				  &words),
	     ERR_STATE);
}

static void it_stands_in_a_block(void)
{
	rig_up();
	r.push = true;
	keep_payment();
	T_EQ(nis_say(CLEAN, &unit), NEM_SUCCESS);
	blocks(1);
	till_closed();
	blocks(1);
	wait_ms(500);
	blocks(1 + EXCLUSION_DEPTH);
	T_EQ(till_holds(), 0);
	T_CHECK(no("already-used", "it stands in a block"));
}

/* Enough for the payment lay in the till after the final block: it could have been mined there. */
static void filled_again(void)
{
	struct nem_tx gift;

	emptied_till();
	blocks(EXCLUSION_DEPTH - 10);
	gift = tx_transfer(K_CUSTOMER, K_TILL, X(60));
	tx_sign(&gift, K_CUSTOMER);
	T_EQ(nis_say(CLEAN, &gift), NEM_SUCCESS);
	blocks(1);
	wait_ms(500);
	blocks(9);
	T_EQ(till_holds(), 0);
	T_CHECK(no("insufficient-funds", "filled again"));
	/* until that is as deep */
	blocks(EXCLUSION_DEPTH - 10);
	T_CHECK(no("insufficient-funds", ""));
	blocks(3);
	T_CHECK(dead());
}

/* Not empty at the final block, though too little for the payment: it pays for its own move. */
static void something_lies_in_it(void)
{
	struct nem_tx gift;

	emptied_till();
	r.push = false; /* nobody sweeps it */
	gift = tx_transfer(K_CUSTOMER, K_TILL, X(20));
	tx_sign(&gift, K_CUSTOMER);
	T_EQ(nis_say(CLEAN, &gift), NEM_SUCCESS);
	blocks(EXCLUSION_DEPTH + 5);
	T_EQ(till_holds(), X(20));
	T_CHECK(no("insufficient-funds", "not empty at the newest final block"));
}

/*
 * Blocks by the hour within seconds of ours: a chain in a hurry.  Only our own clock tells then
 * that a pool had it just now.
 */
static void a_pool_has_it(void)
{
	uint64_t shown;

	rig_up();
	r.push = true;
	keep_payment();
	till_closed();
	feed_given(PUBLIC, &unit, 1);
	shown = r.mono;
	rig_pass(r.policy.attempt_life_s * 1000 + r.policy.clock_skew_ms);
	for (unsigned i = 0; i < EXCLUSION_DEPTH + 2; i++) {
		mine(CLEAN);
		r.mono = shown + 1000 + i * 10;
		feed_all();
		if (i < 2) {
			wait_ms(500);
		}
	}
	T_EQ(till_holds(), 0);
	T_CHECK(!watch_frozen(&r.w));
	T_CHECK(r.mono < shown + WATCH_POOL_QUIET_MS);
	T_CHECK(no("waiting", "a pool has shown it lately"));
	rig_pass(shown + WATCH_POOL_QUIET_MS - 25 - r.mono);
	T_CHECK(no("waiting", "a pool has shown it lately"));
	tick(25);
	T_CHECK(dead());
}

/* A wrapper whose time is over cannot be mined: a node that shows it holds up nothing. */
static void a_pool_shows_what_is_over(void)
{
	buried();
	feed_given(PUBLIC, &unit, 1);
	wait_ms(50);
	T_CHECK(dead());
}

/* The public node's chain up to this height. */
static void feed_until(uint64_t height)
{
	struct nis_block b;

	while (r.fed[PUBLIC] < height && nis_block_at(r.nis, r.fed[PUBLIC] + 1, &b)) {
		feed(PUBLIC, FEED_BLOCK, b.verifiable);
		r.fed[PUBLIC]++;
	}
	feed_u64(PUBLIC, FEED_TOP, r.fed[PUBLIC]);
}

static void nodes_must_agree(void)
{
	buried();
	rig_restart(r.batches);
	rig_connect();
	/* no pool was shown since the start; one of the two knows a block less */
	feed_blocks(CLEAN);
	feed_until(emptied + EXCLUSION_DEPTH - 1);
	T_CHECK(no("waiting", "not shown its pool yet"));
	feed_pool(CLEAN, CLEAN);
	T_CHECK(no("waiting", "not shown its pool yet"));
	feed_pool(PUBLIC, PUBLIC);
	T_CHECK(no("insufficient-funds", "not empty at the newest final block"));
	/* one that nobody can see says nothing; none at all is no proof */
	feed(PUBLIC, FEED_DOWN, bytes_str("gone"));
	feed(CLEAN, FEED_DOWN, bytes_str("gone"));
	T_CHECK(no("unreachable", "no node shows its chain"));
	feed(PUBLIC, FEED_UP, bytes_of(NULL, 0));
	feed_until(emptied + EXCLUSION_DEPTH);
	T_CHECK(no("waiting", "not shown its pool yet"));
	feed_pool(PUBLIC, PUBLIC);
	/* what is named is the chain of the node that knows most */
	mine(CLEAN);
	mine(CLEAN);
	feed(CLEAN, FEED_UP, bytes_of(NULL, 0));
	feed_blocks(CLEAN);
	feed_pool(CLEAN, CLEAN);
	T_CHECK(dead());
	T_EQ(says.height, r.fed[PUBLIC] + 2);
	T_EQ(says.final_height, emptied + 2);
}

/* Blocks were undone by a node's word: what it held so far back is not known any more. */
static void blocks_undone(void)
{
	buried();
	feed_undo(PUBLIC, emptied + EXCLUSION_DEPTH - 1);
	feed_u64(PUBLIC, FEED_TOP, r.fed[PUBLIC]);
	T_CHECK(!dead());
	T_STR(refusal.code, "waiting");
	feed_all();
	T_CHECK(dead());
}

static void a_freeze_in_force(void)
{
	static uint8_t raw[2048];
	struct bytes item;

	buried();
	item = bytes_of(raw, freeze_made(raw, sizeof raw, "officer-1", &r.person[0], false,
					 bytes_of(NULL, 0), 7));
	T_EQ(reply_type(ask(ROLE_STOP, WATCHER_STOP_PUT, &item, 1)), DOC_RECEIPT);
	replies_forget();
	T_CHECK(no("frozen", "a freeze is in force"));
}

/* Said once, and the words are in the journal only: nobody fills it by asking in turn. */
static void said_and_forgotten(void)
{
	size_t batches;

	buried();
	T_CHECK(dead());
	memset(r.w.exclusions, 0, sizeof r.w.exclusions);
	batches = r.batches;
	T_CHECK(no("full", "kept in the journal only"));
	T_EQ(r.batches, batches);
}

static void records_that_it_never_wrote(void)
{
	static uint8_t raw[4096];
	struct log_record rec = { .kind = LOG_WATCH_EXCLUSION };
	struct doc_exclusion x;
	struct bytes good;

	buried();
	T_CHECK(dead());
	x = says;
	rec.debit.b[0] = watch_self_by_inner(&r.w, &inner)->own;
	good = bytes_of(said_raw, said_n);
	T_EQ(watch_exclusion_replay(&r.w, &rec, good), ERR_OK);
	rec.debit.b[0]++;
	T_EQ(watch_exclusion_replay(&r.w, &rec, good), ERR_CORRUPT);
	rec.debit.b[0]--;
	T_EQ(watch_exclusion_replay(&r.w, &rec, bytes_of(said_raw, said_n - 1)), ERR_CORRUPT);
	T_EQ(watch_exclusion_replay(&r.w, &rec, order_doc), ERR_CORRUPT);
	T_EQ(watch_exclusion_replay(&r.w, &rec, bytes_of(NULL, 0)), ERR_CORRUPT);
	/* another watcher's word, nobody's, and one about what was never judged here */
	good = bytes_of(raw, made(raw, sizeof raw, NULL, DOC_EXCLUSION, &x, &r.watcher[1]));
	T_EQ(watch_exclusion_replay(&r.w, &rec, good), ERR_CORRUPT);
	good = bytes_of(raw, made(raw, sizeof raw, NULL, DOC_EXCLUSION, &x, NULL));
	T_EQ(watch_exclusion_replay(&r.w, &rec, good), ERR_CORRUPT);
	x.inner_hash.b[0] ^= 1;
	good = bytes_of(raw, made(raw, sizeof raw, NULL, DOC_EXCLUSION, &x, &r.watcher[0]));
	T_EQ(watch_exclusion_replay(&r.w, &rec, good), ERR_CORRUPT);
}

/* ---- a second attempt, from the purse, while our own chain is behind ---- */

/* What the other two watchers say of the first. */
static size_t others_say(uint8_t *raw, size_t cap, unsigned which)
{
	struct doc_exclusion x = { .account = r.chain[K_TILL].public_key,
				   .final_height = emptied,
				   .final_time_nem_s = deadline + 1,
				   .genesis = r.genesis_id,
				   .height = emptied + EXCLUSION_DEPTH,
				   .inner_hash = inner,
				   .largest = xem(0),
				   .residue = xem(0),
				   .time_ms = r.wall };
	struct doc d;

	CHECK(doc_open(&d, attempt_doc, &r.genesis_id, NULL) == ERR_OK);
	x.attempt = d.id;
	(void)snprintf(x.watcher, sizeof x.watcher, "w%u", which + 1);
	return made(raw, cap, NULL, DOC_EXCLUSION, &x, &r.watcher[which]);
}

/* Signer s tells of the second attempt, A first. */
static struct hash32 second_told(int s)
{
	static uint8_t raw[4096];
	struct model *m = &r.signer[s];
	struct hash32 order_id, id;
	struct writer w;

	(void)made(raw, sizeof raw, &order_id, DOC_ORDER, &r.order, NULL);
	if (s == A) {
		CHECK(attempt_make(&r.attempt, &r.policy, &r.order, &order_id, 2,
				   &r.chain[K_PURSE].public_key, r.now_s) == ERR_OK);
	}
	r.is_sweep = false;
	r.att_made = false;
	id = att_tell(s);
	w = writer_make(m->told[m->told_n - 1].body, sizeof m->told[0].body);
	w.n = m->told[m->told_n - 1].n;
	put_item(&w, attempt_doc);
	for (unsigned i = 1; i <= 2; i++) {
		put_item(&w, bytes_of(raw, others_say(raw, sizeof raw, i)));
	}
	m->told[m->told_n - 1].n = w.n;
	rig_settle();
	wait_ms(200);
	return id;
}

/* Our nodes have shown nothing yet. */
static void start_blind(void)
{
	rig_restart(r.batches);
	rig_connect();
	wait_ms(100);
}

static bool is_late(void)
{
	const struct watch_payment *p = watch_payment_find(&r.w, &r.pay.inner_hash);

	return p != NULL && p->late && !p->dead;
}

static void our_chain_is_behind(void)
{
	struct hash32 a, b, other;

	rig_two_tills = true;
	buried();
	rig_two_tills = false;
	start_blind();
	a = second_told(A);
	b = second_told(B);
	T_CHECK(is_late());
	T_CHECK(!was_acked(A, &a) && !was_acked(B, &b));
	/* nothing behind it waits */
	pay_new(X(20));
	pay_link();
	other = att_tell(A);
	rig_settle();
	T_CHECK(was_acked(A, &other));
	/* seen meanwhile it is no theft; when our chain is there both have our word */
	start_blind();
	T_EQ(r.w.payments_n, 3 + r.signer[A].sweeps);
	feed_all();
	wait_ms(500);
	T_CHECK(was_acked(A, &a) && was_acked(B, &b));
	T_CHECK(!watch_frozen(&r.w));
	T_CHECK(watch_self_by_inner(&r.w, &inner)->dead);
	rig_restart(r.batches);
	T_EQ(r.w.signer[A].later_n, 0);
	T_CHECK(watch_self_by_inner(&r.w, &inner)->dead);
}

/* Two watchers lie: the first stands in a block.  When our chain shows it, that is the crime. */
static void two_watchers_lie(void)
{
	struct nem_tx second;
	struct hash32 a;

	rig_two_tills = true;
	rig_up();
	rig_two_tills = false;
	r.push = true;
	keep_payment();
	T_EQ(nis_say(CLEAN, &unit), NEM_SUCCESS);
	blocks(1);
	emptied = r.fed[CLEAN];
	start_blind();
	a = second_told(A);
	(void)second_told(B);
	T_CHECK(is_late());
	second = pay_unit();
	feed_given(0, &second, 1);
	wait_ms(2000);
	T_EQ(r.w.control.binding, 0); /* it waits with its record */
	feed_all();
	wait_ms(500);
	T_CHECK(!was_acked(A, &a));
	T_CHECK(watch_frozen(&r.w));
	T_EQ(r.w.thefts, 1);
	T_CHECK(watch_evacuating(&r.w));
	rig_restart(r.batches);
	T_EQ(r.w.signer[A].later_n, 0);
	T_CHECK(watch_frozen(&r.w));
	/* judged bad: no word on it, when officers have lifted that freeze, either */
	rig_resume();
	rig_connect();
	wait_ms(500);
	T_CHECK(!was_acked(A, &a));
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "our chain is behind at a second attempt", our_chain_is_behind },
		{ "two watchers lie about the first", two_watchers_lie },
		{ "a dead attempt is called so, once for ever", a_dead_attempt_is_called_so },
		{ "cut off when saying it", cut_off_when_saying },
		{ "the dead explain nothing", the_dead_explain_nothing },
		{ "a little arrives", a_little_arrives },
		{ "only to the server", only_to_the_server },
		{ "questions that are none", questions_that_are_none },
		{ "an attempt that nobody attested", an_attempt_that_nobody_attested },
		{ "its till is not closed", not_closed },
		{ "one block too early", one_block_too_early },
		{ "its deadline, and whose account", its_deadline },
		{ "it stands in a block", it_stands_in_a_block },
		{ "filled again", filled_again },
		{ "something lies in it", something_lies_in_it },
		{ "a pool has it", a_pool_has_it },
		{ "a pool shows what is over", a_pool_shows_what_is_over },
		{ "nodes must agree", nodes_must_agree },
		{ "blocks undone", blocks_undone },
		{ "a freeze in force", a_freeze_in_force },
		{ "said, and forgotten", said_and_forgotten },
		{ "records that it never wrote", records_that_it_never_wrote },
	};

	return rig_end(t_main(cases, ARRAY_LEN(cases), argc, argv));
}
