/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a watcher's tally says what its own chain shows, and nothing is said while its nodes are
 * away, behind, apart, or have lied (docs/ceremony.md).
 *
 * Method: the whole watcher on a real chain (watch_rig.h).  The yes is a filled box; every no is
 * that, less or more by one thing.  A box that spends, blocks that are undone, a used box that its
 * holders make look like a new one.
 */
#include "base/check.h"
#include "chain/nem/nem_fee.h"
#include "ipc/frame.h"
#include "t.h"
#include "watch_rig.h"

#include "watch/watch_self.h"

static struct doc_tally said;
static struct doc_refusal refusal;

/* True: said has it; else refusal. */
static bool asks(uint16_t role, const struct bytes *items, size_t n)
{
	const struct queued *q = ask(role, WATCHER_TALLY, items, n);
	struct bytes item;
	struct doc d;
	size_t got = 0;

	CHECK(frame_items_all(bytes_of(q->body, q->n), &item, 1, &got) == ERR_OK && got == 1);
	CHECK(doc_open(&d, item, &r.genesis_id, NULL) == ERR_OK);
	memset(&said, 0, sizeof said);
	memset(&refusal, 0, sizeof refusal);
	if (d.type == DOC_TALLY) {
		CHECK(doc_signed_by(&d, &r.watcher[0].key));
		CHECK(doc_tally_read(&d, &said, NULL) == ERR_OK);
	} else {
		CHECK(doc_refusal_read(&d, &refusal, NULL) == ERR_OK);
	}
	replies_forget();
	return d.type == DOC_TALLY;
}

static bool tally(enum who who)
{
	struct nem_address a = address_of(who);
	struct bytes item = bytes_str(a.text);

	return asks(ROLE_STOP, &item, 1);
}

static bool refused(enum who who, const char *code)
{
	return !tally(who) && strcmp(refusal.code, code) == 0;
}

static uint64_t micro(const struct money *m)
{
	return (uint64_t)money_units(m);
}

/* Out of a box, with three of its five holders. */
static struct nem_tx out_of(enum who box, enum who to, uint64_t amount)
{
	struct nem_tx tx = tx_transfer(box, to, amount);
	struct nem_inner inner = inner_of(&tx);
	struct nem_tx unit = tx_wrap(K_HOLDER0, &inner, NEM_FEE_MULTISIG_MICRO);

	tx_cosign(&unit, K_HOLDER0 + 1);
	tx_cosign(&unit, K_HOLDER0 + 2);
	return unit;
}

static void what_the_chain_shows(void)
{
	struct nem_address two[2];
	struct bytes items[2];
	bool known[5] = { false };

	rig_up();
	T_CHECK(tally(K_BOX));
	T_STR(said.watcher, "w1");
	T_EQ(said.account_count, 1);
	T_CHECK(key32_eq(&said.accounts[0].account, &r.chain[K_BOX].public_key));
	T_EQ(micro(&said.accounts[0].balance), X(1000000) - NEM_FEE_MODIFICATION_MICRO);
	T_EQ(micro(&said.accounts[0].received), X(1000000) - NEM_FEE_MODIFICATION_MICRO);
	/* what the change of control cost is before the count */
	T_EQ(micro(&said.accounts[0].spent), 0);
	T_EQ(said.accounts[0].open, 0);
	T_EQ(said.accounts[0].needed, 3);
	T_EQ(said.accounts[0].cosigner_count, 5);
	for (size_t i = 0; i < 5; i++) {
		for (size_t k = 0; k < 5; k++) {
			known[k] = known[k] || key32_eq(&said.accounts[0].cosigners[i].key,
							&r.chain[K_HOLDER0 + k].public_key);
		}
	}
	T_CHECK(known[0] && known[1] && known[2] && known[3] && known[4]);
	T_EQ(said.height, watch_height(&r.w, PUBLIC));
	T_EQ(said.final_time_nem_s, START_S);
	two[0] = address_of(K_TILL);
	two[1] = address_of(K_SPARE1);
	items[0] = bytes_str(two[0].text);
	items[1] = bytes_str(two[1].text);
	T_CHECK(asks(ROLE_SERVER, items, 2));
	T_EQ(said.account_count, 2);
	T_CHECK(key32_eq(&said.accounts[0].account, &r.chain[K_TILL].public_key));
	T_EQ(said.accounts[0].needed, 2);
	T_EQ(micro(&said.accounts[1].balance), X(10) - NEM_FEE_MODIFICATION_MICRO);
}

static void questions_that_are_none(void)
{
	struct nem_address box = address_of(K_BOX), other = address_of(K_THIEF);
	struct bytes items[5] = { bytes_str(box.text), bytes_str(box.text), bytes_str(box.text),
				  bytes_str(box.text), bytes_str(box.text) };

	rig_up();
	T_CHECK(!asks(ROLE_PEER, items, 1));
	T_STR(refusal.code, err_slug(ERR_CAPABILITY));
	T_CHECK(!asks(ROLE_STOP, items, 0));
	T_CHECK(!asks(ROLE_STOP, items, 5));
	T_CHECK(!asks(ROLE_STOP, items, 2));
	T_STR(refusal.code, err_slug(ERR_ONCE));
	items[1] = bytes_str(other.text);
	T_CHECK(!asks(ROLE_STOP, items, 2));
	T_STR(refusal.code, err_slug(ERR_NOT_FOUND));
	box.text[5] ^= 1;
	T_CHECK(!asks(ROLE_STOP, items, 1));
	T_STR(refusal.code, err_slug(ERR_INPUT));
}

static void nodes_that_are_away_or_behind(void)
{
	rig_make();
	rig_connect();
	T_CHECK(refused(K_BOX, err_slug(ERR_UNREACHABLE)));
	feed_blocks(PUBLIC);
	feed_pool(PUBLIC, PUBLIC);
	T_CHECK(refused(K_BOX, err_slug(ERR_UNREACHABLE)));
	feed_blocks(CLEAN);
	T_CHECK(refused(K_BOX, err_slug(ERR_WAIT))); /* its pool was not told */
	feed_pool(CLEAN, CLEAN);
	T_CHECK(tally(K_BOX));
	mine(PUBLIC);
	feed_blocks(PUBLIC);
	T_CHECK(refused(K_BOX, err_slug(ERR_WAIT))); /* one of them has a newer block */
	feed_blocks(CLEAN);
	T_CHECK(tally(K_BOX));
	feed(CLEAN, FEED_DOWN, bytes_str("gone"));
	T_CHECK(refused(K_BOX, err_slug(ERR_UNREACHABLE)));
	feed_all();
	T_CHECK(tally(K_BOX));
	rig_pass(3700000); /* no block for an hour: somebody keeps them from us */
	T_CHECK(refused(K_BOX, err_slug(ERR_STALE)));
	mine(PUBLIC);
	feed_all();
	T_CHECK(tally(K_BOX));
}

/* A node that tells what cannot be, and one that is on another chain. */
static void nodes_that_lie(void)
{
	struct nis_block b;
	static uint8_t raw[65536];

	rig_up();
	mine(PUBLIC);
	feed_blocks(PUBLIC);
	CHECK(nis_block_at(r.nis, r.fed[CLEAN] + 1, &b) && b.verifiable.n <= sizeof raw);
	memcpy(raw, b.verifiable.p, b.verifiable.n);
	raw[b.verifiable.n / 2] ^= 1; /* one bit of a block */
	feed(CLEAN, FEED_BLOCK, bytes_of(raw, b.verifiable.n));
	feed_u64(CLEAN, FEED_TOP, r.fed[PUBLIC]);
	T_CHECK(refused(K_BOX, err_slug(ERR_MISMATCH)));

	/* both well, and each with a last block of its own */
	rig_up();
	mine(PUBLIC);
	feed_blocks(PUBLIC);
	CHECK(nis_roll_back(r.nis, r.fed[PUBLIC] - 1, r.now_s) == ERR_OK);
	rig_pass(1000);
	mine(PUBLIC);
	feed_blocks(CLEAN);
	T_EQ(watch_height(&r.w, PUBLIC), watch_height(&r.w, CLEAN));
	T_CHECK(refused(K_BOX, err_slug(ERR_MISMATCH)));
}

static void a_box_that_spends(void)
{
	struct nem_tx unit;
	uint64_t fees;
	uint64_t height;

	rig_up();
	height = watch_height(&r.w, PUBLIC);
	unit = out_of(K_BOX, K_PURSE, X(1000));
	fees = unit.multisig.inner.head.fee_micro + NEM_FEE_MULTISIG_MICRO +
	       2 * NEM_FEE_COSIGNATURE_MICRO;
	CHECK(nis_say(PUBLIC, &unit) == NEM_SUCCESS);
	feed_all();
	T_CHECK(tally(K_BOX));
	T_EQ(said.accounts[0].open, 1);
	T_EQ(micro(&said.accounts[0].spent), 0);
	/* the pool has forgotten it; what is signed stays signed */
	feed_given(PUBLIC, NULL, 0);
	T_CHECK(tally(K_BOX));
	T_EQ(said.accounts[0].open, 1);
	T_CHECK(tally(K_SPARE0));
	T_EQ(said.accounts[0].open, 0);
	mine(PUBLIC);
	feed_all();
	T_CHECK(tally(K_BOX));
	T_EQ(micro(&said.accounts[0].spent), X(1000) + fees);
	T_EQ(micro(&said.accounts[0].received), X(1000000) - NEM_FEE_MODIFICATION_MICRO);
	/* dust brings nothing back */
	unit = tx_transfer(K_CUSTOMER, K_BOX, X(10));
	tx_sign(&unit, K_CUSTOMER);
	CHECK(nis_say(PUBLIC, &unit) == NEM_SUCCESS);
	mine(PUBLIC);
	feed_all();
	T_CHECK(tally(K_BOX));
	T_EQ(micro(&said.accounts[0].spent), X(1000) + fees);
	T_EQ(micro(&said.accounts[0].received), X(1000010) - NEM_FEE_MODIFICATION_MICRO);
	/* undone: as if it had not been, but for what was signed */
	feed_undo(PUBLIC, height);
	feed_undo(CLEAN, height);
	feed_u64(PUBLIC, FEED_TOP, height);
	feed_u64(CLEAN, FEED_TOP, height);
	T_CHECK(tally(K_BOX));
	T_EQ(micro(&said.accounts[0].spent), 0);
	T_EQ(said.accounts[0].open, 1);
	feed_all();
	T_CHECK(tally(K_BOX));
	T_EQ(micro(&said.accounts[0].spent), X(1000) + fees);
}

/* Cosigners that leave and come again make no new box of it. */
static void a_used_box_stays_used(void)
{
	static const enum who again[] = { K_HOLDER0, K_HOLDER0 + 1 };
	struct nem_tx tx;

	rig_up();
	tx = out_of(K_BOX, K_PURSE, X(1000));
	CHECK(nis_say(PUBLIC, &tx) == NEM_SUCCESS);
	mine(PUBLIC);
	/* one by one, down to nobody: an ordinary account */
	for (int i = 4; i >= 0; i--) {
		struct nem_tx change = tx_modify(K_BOX, i >= 3 ? 0 : -1, NULL, 0);
		struct nem_inner inner;

		change.modification.entry[change.modification.n++] =
		    (struct nem_modification_entry){ .type = NEM_DELETE,
						     .cosigner =
							 r.chain[K_HOLDER0 + i].public_key };
		change.head.fee_micro = NEM_FEE_MODIFICATION_MICRO;
		nem_tx_canonicalise(&change);
		inner = inner_of(&change);
		tx = tx_wrap(K_HOLDER0, &inner, NEM_FEE_MULTISIG_MICRO);
		for (int k = 1; k < i && k < 3; k++) {
			tx_cosign(&tx, (enum who)(K_HOLDER0 + k));
		}
		T_EQ(nis_say(PUBLIC, &tx), NEM_SUCCESS);
		mine(PUBLIC);
	}
	feed_all();
	T_CHECK(refused(K_BOX, err_slug(ERR_STATE)));
	tx = tx_modify(K_BOX, 2, again, 2);
	tx_sign(&tx, K_BOX);
	T_EQ(nis_say(PUBLIC, &tx), NEM_SUCCESS);
	mine(PUBLIC);
	feed_all();
	T_CHECK(tally(K_BOX));
	T_EQ(said.accounts[0].cosigner_count, 2);
	T_CHECK(micro(&said.accounts[0].spent) > X(1000));
}

/* The count begins with the control, and goes with it when that is undone. */
static void control_undone(void)
{
	rig_up();
	T_CHECK(tally(K_BOX));
	feed_undo(PUBLIC, 1);
	feed_undo(CLEAN, 1);
	feed_u64(PUBLIC, FEED_TOP, 1);
	feed_u64(CLEAN, FEED_TOP, 1);
	T_CHECK(refused(K_BOX, err_slug(ERR_STATE)));
	feed_all();
	T_CHECK(tally(K_BOX));
	T_EQ(micro(&said.accounts[0].spent), 0);
}

/* An empty box whose conversion a node may still undo gets no word: nobody sends coins there. */
static void a_young_box(void)
{
	struct nem_tx give;

	rig_up();
	T_CHECK(tally(K_SPARE1)); /* a hot account is emptied there whatever happens */
	for (size_t i = 0; i < r.w.genesis.hot_count; i++) {
		doc_address(&r.w.genesis.hot[i].spare, K_SPARE0);
	}
	T_CHECK(tally(K_SPARE0));
	T_CHECK(refused(K_SPARE1, err_slug(ERR_STATE)));
	T_CHECK(strstr(refusal.detail, "360 blocks deep") != NULL);
	T_CHECK(tally(K_BOX)); /* coins are in it */
	/* what a stranger sent counts as nothing where the holders' machines count it as nothing */
	give = tx_transfer(K_CUSTOMER, K_SPARE1, X(150));
	tx_sign(&give, K_CUSTOMER);
	mine_given(&give, 1);
	feed_all();
	T_CHECK(tally(K_SPARE1));
	r.w.holding.doc.number = 1;
	r.w.holding.doc.residue_max = xem(X(200));
	T_CHECK(refused(K_SPARE1, err_slug(ERR_STATE)));
	r.w.next_holding = r.w.holding;
	r.w.holding.doc.residue_max = xem(X(5));
	T_CHECK(refused(K_SPARE1, err_slug(ERR_STATE)));
	while (watch_height(&r.w, PUBLIC) < 361) {
		T_CHECK(refused(K_SPARE1, err_slug(ERR_STATE)));
		mine(PUBLIC);
		feed_all();
	}
	mine(PUBLIC);
	feed_all();
	mine(PUBLIC);
	feed_all();
	T_CHECK(tally(K_SPARE1));
	T_EQ(said.accounts[0].cosigner_count, 5);
}

/* What an officer has closed is on its way home until it is there: nobody chooses it again. */
static void a_closed_account(void)
{
	static uint8_t raw[2048];
	struct doc_closing c = { .genesis = r.genesis_id, .issuer = "officer-1", .reason = "over" };
	struct bytes item;

	rig_up();
	r.push = true;
	T_CHECK(tally(K_PURSE) && tally(K_TILL));
	T_CHECK(said.accounts[0].open == 0 && micro(&said.accounts[0].balance) > 0);
	c.genesis = r.genesis_id;
	c.account = r.chain[K_PURSE].public_key;
	c.time_ms = r.wall;
	item = bytes_of(raw, made(raw, sizeof raw, NULL, DOC_CLOSING, &c, &r.person[0]));
	T_EQ(reply_type(ask(ROLE_STOP, WATCHER_STOP_PUT, &item, 1)), DOC_RECEIPT);
	replies_forget();
	T_CHECK(tally(K_PURSE) && said.accounts[0].open >= 1);
	T_CHECK(tally(K_TILL) && said.accounts[0].open == 0);
	for (unsigned i = 0; i < 4; i++) {
		wait_ms(2000);
		mine(CLEAN);
		feed_all();
	}
	T_CHECK(tally(K_PURSE));
	T_EQ(micro(&said.accounts[0].balance), 0);
	T_EQ(said.accounts[0].open, 0);
	T_CHECK(micro(&said.accounts[0].spent) > 0);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "what the chain shows", what_the_chain_shows },
		{ "questions that are none", questions_that_are_none },
		{ "nodes that are away or behind", nodes_that_are_away_or_behind },
		{ "nodes that lie", nodes_that_lie },
		{ "a box that spends", a_box_that_spends },
		{ "a used box stays used", a_used_box_stays_used },
		{ "control undone", control_undone },
		{ "a young box", a_young_box },
		{ "a closed account", a_closed_account },
	};

	return rig_end(t_main(cases, ARRAY_LEN(cases), argc, argv));
}
