/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: what the chain shows is booked once, undone when it is undone, and a loss is a shortage at
 * once (P9); a chain for us alone credits nothing.
 * Method: the core as a step function in the world of test_payout.c, with blocks that come and go.
 */
#include "t.h"

#include "payout_world.h"

static void deposits(void)
{
	struct world *w = world_open();
	char token[PAYOUT_TOKEN_CHARS + 1], bent[PAYOUT_TOKEN_CHARS + 1];

	T_EQ(payout_token(token, w->p, bytes_str("nobody")), ERR_NOT_FOUND);
	T_EQ(payout_token(token, w->p, bytes_str("erin")), ERR_OK);
	pay_in(w, w->deposit_at.text, X(10), token);
	mine(w);
	T_STR(wrong(w), "");
	mine_n(w, 2);
	T_CHECK(customer_has(w, "erin") == 0); /* depth 3 of 4 */
	mine(w);
	T_CHECK(customer_has(w, "erin") == X(10));
	mine_n(w, 3);
	restart(w);
	mine_n(w, 3);
	T_CHECK(customer_has(w, "erin") == X(10)); /* once */
	/* each letter of the message wrong: suspense */
	for (size_t i = 0; i < 3; i++) {
		text_set(bent, sizeof bent, token);
		bent[i * 8] = bent[i * 8] == 'A' ? 'B' : 'A';
		pay_in(w, w->deposit_at.text, X(1) + i, bent);
	}
	pay_in(w, w->deposit_at.text, X(2), NULL);
	pay_in(w, w->box_at.text, X(3), token); /* not a deposit account */
	mine_n(w, 5);
	T_CHECK(customer_has(w, "erin") == X(10));
	T_CHECK(house_has(w, BOOKS_SUSPENSE) == X(8) + 3);
	T_CHECK(own_has(w, BOOKS_DEPOSIT, &w->deposit_at) == X(515) + 3);
	T_STR(wrong(w), "");
	world_free(w);
}

/* A transfer of version 2 with one mosaic, mined without asking any rule. */
static void pay_in_mosaic(struct world *w, const char *id, uint64_t quantity, uint64_t multiplier,
			  const char *message, bool wrapped)
{
	uint32_t t;
	struct nem_tx tx;
	struct nem_tx out;

	CHECK(nem_time_from_unix_ms(&t, w->wall_ms) == ERR_OK);
	tx = transfer_make(&w->stranger, w->deposit_at.text, multiplier, message, t);
	tx.head.version = 2;
	tx.transfer.mosaics = 1;
	CHECK(nem_mosaic_id_parse(&tx.transfer.mosaic[0].id, bytes_str(id), NULL) == ERR_OK);
	tx.transfer.mosaic[0].quantity = quantity;
	out = tx;
	if (wrapped) {
		memset(&out, 0, sizeof out);
		out.type = NEM_MULTISIG;
		out.head = tx.head;
		out.head.version = 1;
		out.head.fee_micro = NEM_FEE_MULTISIG_MICRO;
		out.multisig.inner.type = NEM_TRANSFER;
		out.multisig.inner.head = tx.head;
		out.multisig.inner.head.signer = w->harvester.public_key;
		out.multisig.inner.transfer = tx.transfer;
	}
	CHECK(nem_tx_sign(&out, &w->stranger) == ERR_OK);
	pool_add(w, &out);
}

/*
 * T44, nem.md 2.5: with mosaics the amount is a multiplier.  "1.0 XEM" with a worthless mosaic, or
 * one that is called almost like XEM, is nothing; nem:xem as a mosaic is what it is multiplied to.
 */
static void deposits_of_mosaics(void)
{
	static const struct {
		const char *id;
		uint64_t quantity, multiplier, credit;
	} rows[] = {
		{ "fake:xem", 1, X(1), 0 },          { "fake:xem", NEM_QUANTITY_MAX, X(1), 0 },
		{ "nem.xem:xem", X(1000), X(1), 0 }, { "nem:xem-", X(1000), X(1), 0 },
		{ "xem:nem", X(1000), X(5), 0 },     { "nem:xem", 0, X(9000), 0 },
		{ "nem:xem", 1, X(1) - 1, 0 },       { "nem:xem", X(3), X(1), X(3) },
		{ "nem:xem", 7, X(2) + 500000, 17 },
	};

	for (int wrapped = 0; wrapped < 2; wrapped++) {
		struct world *w = world_open();
		char token[PAYOUT_TOKEN_CHARS + 1];
		u128 credit = 0;
		u128 before = own_has(w, BOOKS_DEPOSIT, &w->deposit_at);

		T_EQ(payout_token(token, w->p, bytes_str("erin")), ERR_OK);
		for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
			pay_in_mosaic(w, rows[i].id, rows[i].quantity, rows[i].multiplier, token,
				      wrapped != 0);
			pay_in_mosaic(w, rows[i].id, rows[i].quantity, rows[i].multiplier, NULL,
				      wrapped != 0);
			credit += rows[i].credit;
			mine_n(w, 5);
			T_CHECK(customer_has(w, "erin") == credit);
			T_CHECK(house_has(w, BOOKS_SUSPENSE) == credit);
			T_CHECK(own_has(w, BOOKS_DEPOSIT, &w->deposit_at) == before + 2 * credit);
			T_STR(wrong(w), "");
		}
		restart(w);
		mine_n(w, 5);
		T_CHECK(customer_has(w, "erin") == credit);
		T_STR(wrong(w), "");
		world_free(w);
	}
}

/* Whoever names our deposit account as a sink or levy, or in a definition, credits no customer. */
static void other_types_coming_in(void)
{
	struct world *w = world_open();
	struct nem_tx tx;
	uint32_t t;

	CHECK(nem_time_from_unix_ms(&t, w->wall_ms) == ERR_OK);
	for (unsigned i = 0; i < 3; i++) {
		tx = transfer_make(&w->stranger, w->deposit_at.text, 0, NULL, t);
		memset(&tx.body, 0, sizeof tx.body);
		if (i == 0) {
			tx.type = NEM_NAMESPACE;
			tx.provision.sink = w->deposit_at;
			tx.provision.rental_fee_micro = X(100);
			memcpy(tx.provision.part, "alice", 6);
		} else if (i == 1) {
			tx.type = NEM_DEFINITION;
			tx.definition.mosaic.creator = w->stranger.public_key;
			tx.definition.mosaic.description_bytes = 1;
			tx.definition.mosaic.description[0] = 'd';
			CHECK(nem_mosaic_id_parse(&tx.definition.mosaic.id, bytes_str("alice:g"),
						  NULL) == ERR_OK);
			tx.definition.mosaic.levy.type = NEM_LEVY_ABSOLUTE;
			tx.definition.mosaic.levy.recipient = w->deposit_at;
			tx.definition.mosaic.levy.mosaic = nem_mosaic_xem;
			tx.definition.mosaic.levy.fee = X(50);
			tx.definition.sink = w->deposit_at;
			tx.definition.creation_fee_micro = X(10);
		} else {
			tx.type = NEM_IMPORTANCE;
			tx.importance.mode = NEM_IMPORTANCE_ACTIVATE;
			tx.importance.remote = w->deposit.public_key;
		}
		CHECK(nem_tx_sign(&tx, &w->stranger) == ERR_OK);
		pool_add(w, &tx);
		mine_n(w, 5);
		T_STR(wrong(w), "");
	}
	/* The sinks' fees are coins that came from nobody we know: in suspense, and nothing else.
	 */
	T_CHECK(house_has(w, BOOKS_SUSPENSE) == X(110));
	T_CHECK(customer_has(w, "erin") == 0);
	world_free(w);
}

static void deposit_undone(void)
{
	struct world *w = world_open();
	struct doc_request r;
	char token[PAYOUT_TOKEN_CHARS + 1];
	u128 gone;

	T_EQ(payout_token(token, w->p, bytes_str("erin")), ERR_OK);
	pay_in(w, w->deposit_at.text, X(100), token);
	mine_n(w, 4);
	T_CHECK(customer_has(w, "erin") == X(100));
	/* undone and mined again: credited once */
	undo(w, 4, true);
	T_CHECK(customer_has(w, "erin") == 0);
	T_STR(wrong(w), "");
	mine_n(w, 4);
	T_CHECK(customer_has(w, "erin") == X(100));
	T_STR(wrong(w), "");
	/* spent in between: the rest is the house's loss until it is back */
	r = request_of(w, "erin", X(40));
	post_request(w, "k", &r);
	T_EQ(w->err, ERR_OK);
	gone = see(w, &r.request_id).amount + see(w, &r.request_id).fee;
	undo(w, 4, true);
	T_CHECK(customer_has(w, "erin") == 0);
	T_CHECK(house_has(w, BOOKS_SHORTAGE) == gone);
	T_STR(wrong(w), "");
	restart(w);
	T_CHECK(house_has(w, BOOKS_SHORTAGE) == gone);
	T_STR(wrong(w), "");
	mine_n(w, 4);
	T_CHECK(house_has(w, BOOKS_SHORTAGE) == 0);
	T_CHECK(customer_has(w, "erin") == X(100) - gone);
	T_STR(wrong(w), "");
	T_CHECK(reach(w, &r.request_id, PAYOUT_SETTLED));
	T_STR(wrong(w), "");
	world_free(w);
}

/* T45: who spent a deposit that the chain took back for ever owes it, and gets nothing meanwhile.
 */
static void an_undone_deposit_is_owed(void)
{
	struct world *w = world_open();
	struct doc_request r;
	char token[PAYOUT_TOKEN_CHARS + 1];
	u128 gone;

	T_EQ(payout_token(token, w->p, bytes_str("erin")), ERR_OK);
	pay_in(w, w->deposit_at.text, X(100), token);
	mine_n(w, 4);
	T_CHECK(customer_has(w, "erin") == X(100));
	r = request_of(w, "erin", X(40));
	post_request(w, "k", &r);
	T_EQ(w->err, ERR_OK);
	gone = see(w, &r.request_id).amount + see(w, &r.request_id).fee;
	undo(w, 4, false);
	mine_n(w, 4);
	T_CHECK(customer_has(w, "erin") == 0);
	T_CHECK(house_has(w, BOOKS_SHORTAGE) == gone);
	/* what comes in covers that first; until it is covered nothing is paid out */
	for (unsigned round = 1; round <= 2; round++) {
		r = request_of(w, "erin", X(1));
		post_request(w, round == 1 ? "k1" : "k2", &r);
		T_EQ(w->err, ERR_STATE);
		pay_in(w, w->deposit_at.text, X(10), token);
		mine_n(w, 5);
		T_CHECK(customer_has(w, "erin") == 0);
		T_CHECK(house_has(w, BOOKS_SHORTAGE) == gone - X(10) * round);
		T_STR(wrong(w), "");
		restart(w);
		T_CHECK(house_has(w, BOOKS_SHORTAGE) == gone - X(10) * round);
		T_STR(wrong(w), "");
	}
	/* nobody else is concerned */
	r = request_of(w, "carol", X(1));
	post_request(w, "k3", &r);
	T_EQ(w->err, ERR_OK);
	pay_in(w, w->deposit_at.text, X(100), token);
	mine_n(w, 5);
	T_CHECK(house_has(w, BOOKS_SHORTAGE) == 0);
	T_CHECK(customer_has(w, "erin") == X(120) - gone);
	r = request_of(w, "erin", X(1));
	post_request(w, "k4", &r);
	T_EQ(w->err, ERR_OK);
	T_STR(wrong(w), "");
	restart(w);
	T_STR(wrong(w), "");
	world_free(w);
}

static void payment_undone(void)
{
	struct world *w = world_open();
	struct doc_request r = request_of(w, "carol", X(50));
	u128 before;

	mine_n(w, 6);
	r = request_of(w, "carol", X(50));
	post_request(w, "k", &r);
	T_CHECK(reach(w, &r.request_id, PAYOUT_SETTLED));
	before = own_has(w, BOOKS_TILL, &w->till_at);
	/* gone without a trace: announced again, the same unit */
	undo(w, 5, false);
	T_EQ(see(w, &r.request_id).state, PAYOUT_ANNOUNCED);
	T_CHECK(own_has(w, BOOKS_TILL, &w->till_at) == X(10000));
	T_STR(wrong(w), "");
	T_CHECK(reach(w, &r.request_id, PAYOUT_SETTLED));
	T_EQ(w->mined_units, 1);
	T_CHECK(own_has(w, BOOKS_TILL, &w->till_at) == before);
	T_STR(wrong(w), "");
	T_EQ(attempts_asked(w, &(struct hash32){ 0 }), 0);
	/* undone while we were down */
	{
		size_t top = w->height;

		for (size_t i = 0; i < 4; i++) {
			w->height--;
		}
		w->mined_units = 0;
		restart(w);
		/* the node is behind what we know: nothing is believed yet */
		T_EQ(see(w, &r.request_id).state, PAYOUT_SETTLED);
		while (w->height < top) {
			mine(w);
		}
	}
	T_EQ(see(w, &r.request_id).state, PAYOUT_ANNOUNCED);
	T_STR(wrong(w), "");
	T_CHECK(reach(w, &r.request_id, PAYOUT_SETTLED));
	T_EQ(w->mined_units, 1);
	T_STR(wrong(w), "");
	world_free(w);
}

static void shortage(void)
{
	struct world *w = world_open();
	uint32_t t;
	struct nem_tx tx;
	struct doc_request r = request_of(w, "carol", X(50));

	T_EQ(nem_time_from_unix_ms(&t, w->wall_ms), ERR_OK);
	tx = transfer_make(&w->till, w->stranger_at.text, X(10), NULL, t);
	pool_add(w, &tx);
	mine(w);
	T_CHECK(house_has(w, BOOKS_SHORTAGE) == X(10) + 50000);
	T_STR(wrong(w), "");
	undo(w, 1, true);
	T_CHECK(house_has(w, BOOKS_SHORTAGE) == 0);
	T_STR(wrong(w), "");
	mine(w);
	T_CHECK(house_has(w, BOOKS_SHORTAGE) == X(10) + 50000);
	restart(w);
	T_CHECK(house_has(w, BOOKS_SHORTAGE) == X(10) + 50000);
	T_STR(wrong(w), "");
	/* everything hot at once, in one block, with a withdrawal under way */
	post_request(w, "k", &r);
	tick(w);
	tx = transfer_make(&w->till, w->stranger_at.text, X(9900), NULL, t);
	pool_add(w, &tx);
	tx = transfer_make(&w->purse, w->stranger_at.text, X(19990), NULL, t);
	pool_add(w, &tx);
	/* a deposit not yet credited is stolen too */
	pay_in(w, w->deposit_at.text, X(100), NULL);
	mine(w);
	tx = transfer_make(&w->deposit, w->stranger_at.text, X(599), NULL, t);
	pool_add(w, &tx);
	mine(w);
	T_STR(wrong(w), "");
	mine_n(w, 6);
	T_STR(wrong(w), "");
	T_CHECK(house_has(w, BOOKS_SHORTAGE) > X(10 + 9900 + 19990 + 599));
	T_CHECK(customer_has(w, "dave") == X(300)); /* customers lose nothing in the books */
	world_free(w);
}

static void evacuation(void)
{
	struct world *w = world_open();
	uint32_t t;
	struct nem_tx tx;

	T_EQ(nem_time_from_unix_ms(&t, w->wall_ms), ERR_OK);
	tx = transfer_make(&w->purse, w->spare_at[1].text, X(19990), NULL, t);
	pool_add(w, &tx);
	mine(w);
	T_CHECK(house_has(w, BOOKS_SHORTAGE) == 0);
	T_CHECK(own_has(w, BOOKS_SPARE, &w->spare_at[1]) == X(19990));
	T_CHECK(house_has(w, BOOKS_FEE) == tx.head.fee_micro);
	T_STR(wrong(w), "");
	restart(w);
	T_STR(wrong(w), "");
	world_free(w);
}

static bool status_says(struct world *w, const char *words)
{
	api(w, API_STATUS, bytes_of(NULL, 0));
	return w->err == ERR_OK && strstr(w->text, words) != NULL;
}

/*
 * The operator of node 0 alone, with no key of ours: a block for us alone in which his own
 * wrapper, signed by nobody else, carries an inner transfer "of" our box or till.
 */
static void a_theft_for_us_alone(void)
{
	struct world *w = world_open();
	struct nem_tx inner, tx = { .type = NEM_MULTISIG };
	uint32_t t;

	w->config.nodes = 2;
	w->config.nodes_agree = 2;
	restart(w);
	for (size_t h = 1; h <= w->height; h++) {
		feed(w, 1, FEED_BLOCK, view(&w->block[h]));
	}
	T_EQ(nem_time_from_unix_ms(&t, w->wall_ms), ERR_OK);
	inner = transfer_make(&w->stranger, w->stranger_at.text, X(9000), NULL, t);
	tx.head = (struct nem_header){ .network = NET,
				       .version = 1,
				       .time_nem_s = t,
				       .deadline_nem_s = t + 3600,
				       .fee_micro = 150000,
				       .signer = w->stranger.public_key };
	tx.multisig.inner.type = NEM_TRANSFER;
	tx.multisig.inner.head = inner.head;
	tx.multisig.inner.head.signer = w->till.public_key;
	tx.multisig.inner.transfer = inner.transfer;
	CHECK(nem_tx_sign(&tx, &w->stranger) == ERR_OK);
	pool_add(w, &tx);
	mine(w); /* node 1 never has this block */
	T_CHECK(house_has(w, BOOKS_SHORTAGE) == 0);
	world_free(w);
}

/* Node 0 takes three blocks back, then goes on above them as if it had not. */
static void a_gap_after_an_undo(void)
{
	struct world *w = world_open();
	char token[PAYOUT_TOKEN_CHARS + 1];
	size_t at;
	uint8_t low[8];

	T_EQ(payout_token(token, w->p, bytes_str("erin")), ERR_OK);
	at = w->height;
	pay_in(w, w->deposit_at.text, X(10), token);
	mine_n(w, 8);
	T_CHECK(customer_has(w, "erin") == X(10));
	le64_put(low, at);
	feed(w, 0, FEED_UNDO, bytes_of(low, sizeof low));
	mine_n(w, 6); /* block at+9 stands on at+8, which the core took back */
	T_CHECK(customer_has(w, "erin") == X(10) || !status_says(w, "\"height_agreed\":0"));
	{
		char words[40];

		api(w, API_STATUS, bytes_of(NULL, 0));
		snprintf(words, sizeof words, "\"height\":%zu,", at);
		T_CHECK(strstr(w->text, words) != NULL || customer_has(w, "erin") == X(10));
	}
	world_free(w);
}

static void other_chain(void)
{
	struct world *w = world_new();
	struct payout_account rows[PAYOUT_OWN_MAX];
	struct doc_request r = request_of(w, "carol", X(50));

	/* another first block: nothing is read from it */
	payout_free(w->p);
	{
		struct doc_fault fault;
		struct world *v = world_new();

		v->wall_ms += 99000;
		v->height = 0;
		mine_these(v, NULL, 0);
		CHECK(payout_init(&w->p, &w->config, &fault) == ERR_OK);
		for (size_t i = 0; i < w->journal_n; i++) {
			T_EQ(payout_replay(w->p, view(&w->journal[i])), ERR_OK);
		}
		payout_start(w->p, w->wall_ms, w->mono_ms, &w->fx);
		feed(w, 0, FEED_BLOCK, view(&v->block[1]));
		feed_u64(w, FEED_TOP, 1);
		world_free(v);
	}
	T_EQ(payout_reconcile(w->p, rows), 7);
	T_CHECK(rows[0].chain == 0);
	open_sum(w, X(1));
	T_EQ(w->err, ERR_UNREACHABLE);
	post_request(w, "k", &r);
	T_EQ(w->err, ERR_STATE);
	/* the right one, then a block with one bit wrong, then rubbish */
	feed_from(w, 1);
	T_EQ(payout_reconcile(w->p, rows), 7);
	T_CHECK(rows[0].chain == X(10000));
	mine_quiet(w);
	for (size_t i = 0; i < w->block[w->height].n; i++) {
		w->block[w->height].p[i] ^= 4;
		feed(w, 0, FEED_BLOCK, view(&w->block[w->height]));
		w->block[w->height].p[i] ^= 4;
	}
	feed(w, 0, FEED_BLOCK, bytes_of("rubbish", 7));
	feed(w, 0, FEED_UNDO, bytes_of("x", 1));
	feed(w, 0, FEED_POOL, bytes_of("\xff\xff\xff\xff\xff\xff\xff\xff", 8));
	feed(w, 0, 77, bytes_of(NULL, 0));
	feed(w, 9, FEED_BLOCK, view(&w->block[w->height]));
	feed(w, 1, FEED_BLOCK, view(&w->block[w->height])); /* not the node that is followed */
	api(w, API_STATUS, bytes_of(NULL, 0));
	T_CHECK(strstr(w->text, "\"height\":1,") != NULL);
	feed_from(w, w->height);
	api(w, API_STATUS, bytes_of(NULL, 0));
	T_CHECK(strstr(w->text, "\"height\":2,") != NULL);
	T_STR(wrong(w), "");
	world_free(w);
}

static void witness(struct world *w, uint32_t node, size_t from, size_t to)
{
	for (size_t h = from; h <= to; h++) {
		feed(w, node, FEED_BLOCK, view(&w->block[h]));
	}
}

/*
 * Whoever runs the node that is followed makes blocks for us alone, valid in all that a reader can
 * check, and pays himself in: with money he does not have, or that he sent elsewhere on the
 * network's chain.
 */
static void a_chain_for_us_alone(void)
{
	struct world *w = world_open();
	char token[PAYOUT_TOKEN_CHARS + 1];
	struct blob alone[7];
	size_t fork;
	struct doc_request r = request_of(w, "carol", X(50));

	w->config.nodes = 3;
	w->config.nodes_agree = 2;
	restart(w);
	/* One node's word does not begin business. */
	T_CHECK(status_says(w, "\"chain_read\":false"));
	witness(w, 1, 1, w->height - 1);
	T_CHECK(status_says(w, "\"chain_read\":false"));
	witness(w, 1, w->height, w->height);
	T_CHECK(status_says(w, "\"chain_read\":true"));
	T_EQ(payout_token(token, w->p, bytes_str("erin")), ERR_OK);
	fork = w->height;
	pay_in(w, w->deposit_at.text, X(999), token);
	mine_n(w, 6);
	T_CHECK(customer_has(w, "erin") == 0);
	T_STR(wrong(w), "");
	for (size_t i = 1; i <= 6; i++) {
		alone[i] = blob_of(view(&w->block[fork + i]));
	}
	/* His second node is another's, and does not follow him. */
	undo(w, 6, false);
	mine_n(w, 6);
	witness(w, 1, fork + 1, w->height);
	for (size_t i = 1; i <= 6; i++) {
		feed(w, 2, FEED_BLOCK, view(&alone[i]));
		free(alone[i].p);
	}
	feed_u64(w, FEED_TOP, w->height);
	T_CHECK(status_says(w, "\"nodes_split\":[false,false,true]"));
	T_CHECK(customer_has(w, "erin") == 0);
	/* What both have is credited, at its depth in what both have. */
	pay_in(w, w->deposit_at.text, X(10), token);
	mine_n(w, 6);
	witness(w, 1, fork + 7, fork + 9);
	T_CHECK(customer_has(w, "erin") == 0);
	witness(w, 1, fork + 10, fork + 10);
	T_CHECK(customer_has(w, "erin") == X(10));
	/* A witness that goes away, or back, takes nothing with it. */
	{
		uint8_t one[8];

		le64_put(one, 1);
		feed(w, 1, FEED_UNDO, bytes_of(one, sizeof one));
		feed(w, 1, FEED_DOWN, bytes_str("gone"));
	}
	mine(w);
	T_CHECK(customer_has(w, "erin") == X(10));
	T_STR(wrong(w), "");
	/* A payment is seen by one, and settled by two. */
	post_request(w, "k", &r);
	T_EQ(w->err, ERR_OK);
	T_CHECK(reach(w, &r.request_id, PAYOUT_CONFIRMING));
	mine_n(w, 6);
	T_EQ(see(w, &r.request_id).state, PAYOUT_CONFIRMING);
	witness(w, 2, 2, w->height);
	T_EQ(see(w, &r.request_id).state, PAYOUT_SETTLED);
	T_CHECK(status_says(w, "\"nodes_split\":[false,false,true]")); /* told at the next top */
	feed_u64(w, FEED_TOP, w->height);
	T_CHECK(status_says(w, "\"nodes_split\":[false,false,false]"));
	T_STR(wrong(w), "");
	world_free(w);
}

/* T46: the policy's ceilings are watched block by block, and a rollback takes the breach back. */
static void ceilings_are_told(void)
{
	struct world *w = world_open();
	struct nem_tx cold, full;

	/* 30,500 of 130,500 XEM are hot: 23 %, and the ceiling is 5 % */
	T_CHECK(status_says(w, "\"hot_over_ceiling\":true,\"hot_share_bp\":2337,"));
	T_CHECK(status_says(w, "\"till_over_ceiling\":false"));
	cold =
	    transfer_make(&w->stranger, w->box_at.text, X(700000), NULL, w->block_time[w->height]);
	pool_add(w, &cold);
	mine(w);
	T_CHECK(status_says(w, "\"hot_over_ceiling\":false,\"hot_share_bp\":367,"));
	full = transfer_make(&w->stranger, w->till_at.text, X(90000) + 1, NULL,
			     w->block_time[w->height]);
	pool_add(w, &full);
	mine(w);
	T_CHECK(status_says(w, "\"till_over_ceiling\":true"));
	T_CHECK(status_says(w, "\"hot_over_ceiling\":true"));
	undo(w, 1, false);
	mine(w);
	T_CHECK(status_says(w, "\"till_over_ceiling\":false"));
	T_CHECK(status_says(w, "\"hot_over_ceiling\":false"));
	T_STR(wrong(w), "");
	world_free(w);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "deposits by message, once, at depth", deposits },
		{ "deposits that are mosaics", deposits_of_mosaics },
		{ "other types coming in", other_types_coming_in },
		{ "a deposit undone and mined again", deposit_undone },
		{ "a deposit undone for ever is owed", an_undone_deposit_is_owed },
		{ "a payment undone and announced again", payment_undone },
		{ "what nobody ordered is a shortage at once", shortage },
		{ "a sweep to an own spare is no loss", evacuation },
		{ "a theft for us alone", a_theft_for_us_alone },
		{ "a gap after an undo", a_gap_after_an_undo },
		{ "another chain, and a node that lies", other_chain },
		{ "a chain for us alone credits nothing", a_chain_for_us_alone },
		{ "the ceilings of the policy are told", ceilings_are_told },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
