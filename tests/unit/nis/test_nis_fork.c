/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a branch of another node replaces ours if and only if it is valid, scores higher and is not
 * deeper than 360 blocks; what was ours goes back to the pools; a branch that is refused leaves no
 * trace.  Harvesting by NIS's rule is possible from the second that is drawn, not before.
 * Method: two or three chains over one nemesis that mine for themselves and show each other their
 * blocks, honest, broken and invented; a digest over all that can be asked of a chain, ids
 * included, before and after; a twin that never saw the branch and must go on identically.
 */
#include "chain/nem/nem_block.h"
#include "crypto/keccak.h"
#include "nis_kit.h"

enum { BRANCH_MAX = 640 };

/* Copies of blocks, so that they outlive the chain that they come from. */
struct branch {
	struct bytes block[BRANCH_MAX];
	uint8_t *copy[BRANCH_MAX];
	size_t n;
};

static void branch_free(struct branch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		free(b->copy[i]);
	}
	b->n = 0;
}

static void branch_add(struct branch *b, struct bytes block)
{
	uint8_t *p = malloc(block.n);

	if (p == NULL || b->n == BRANCH_MAX) {
		abort();
	}
	memcpy(p, block.p, block.n);
	b->copy[b->n] = p;
	b->block[b->n++] = bytes_of(p, block.n);
}

/* The blocks of w above height. */
static void branch_take(struct branch *b, const struct world *w, uint64_t height)
{
	struct nis_block block;

	b->n = 0;
	while (nis_block_at(w->n, height + b->n + 1, &block)) {
		branch_add(b, block.verifiable);
	}
}

/* The verdict, or minus the error. */
static int adopt(struct world *w, const struct branch *b, uint32_t now)
{
	enum nem_result code = NEM_FAILURE_UNKNOWN;
	enum err e = nis_adopt(w->n, b->block, b->n, now, &code);

	return e == ERR_OK ? (int)code : -(int)e;
}

static void put_hash(struct keccak *k, const struct hash32 *h)
{
	keccak_update(k, bytes_of(h->b, sizeof h->b));
}

static void put(struct keccak *k, uint64_t v)
{
	uint8_t b[8];

	for (unsigned i = 0; i < 8; i++) {
		b[i] = (uint8_t)(v >> (8 * i));
	}
	keccak_update(k, bytes_of(b, sizeof b));
}

static void put_account(struct keccak *k, const struct nis *n, const struct nem_address *address)
{
	static struct nis_entry entry[500];
	struct nis_account a;
	struct nem_mosaic owned[50];
	struct nem_address forwarded;
	size_t many = nis_owned(n, address, owned, 50);
	size_t entries = nis_transfers(n, address, NIS_ALL, 0, entry, 500);

	nis_account(n, address, &a);
	put(k, a.balance);
	put(k, a.key_known);
	keccak_update(k, bytes_of(a.public_key.b, 32));
	put(k, a.cosigners);
	put(k, a.minimum);
	for (unsigned i = 0; i < a.cosigners; i++) {
		keccak_update(k, bytes_str(a.cosigner[i].text));
	}
	put(k, a.cosignatory_of);
	put(k, a.harvested);
	put(k, a.importance);
	for (size_t i = 0; i < many; i++) {
		keccak_update(k, bytes_str(owned[i].id.space.text));
		keccak_update(k, bytes_str(owned[i].id.name));
		put(k, owned[i].quantity);
	}
	put(k, (uint64_t)nis_remote_state(n, address, &forwarded));
	keccak_update(k, bytes_str(forwarded.text));
	for (size_t i = 0; i < entries; i++) {
		put(k, entry[i].id);
		put(k, entry[i].height);
		put_hash(k, &entry[i].hash);
	}
}

/* All that can be asked: blocks, accounts, transfers with ids, names, mosaics, pools. */
static struct hash32 digest(const struct world *w)
{
	struct keccak k;
	struct hash32 out;
	struct nis_namespace roots[50];
	struct nis_mosaic_info mosaics[50];
	size_t many;

	keccak256_init(&k);
	for (uint64_t h = 1; h <= nis_height(w->n); h++) {
		struct nis_block b;

		if (!nis_block_at(w->n, h, &b)) {
			abort();
		}
		put_hash(&k, &b.hash);
		put_hash(&k, &b.generation);
		keccak_update(&k, b.verifiable);
		keccak_update(&k, bytes_str(b.beneficiary.text));
		put(&k, b.fees);
		put(&k, b.difficulty);
		put(&k, (uint64_t)b.score);
	}
	for (unsigned i = 0; i < 100; i++) {
		struct nem_address a = address_of(i);

		put_account(&k, w->n, &a);
	}
	many = nis_roots(w->n, 0, roots, 50);
	for (size_t i = 0; i < many; i++) {
		put(&k, roots[i].id);
		keccak_update(&k, bytes_str(roots[i].name.text));
		keccak_update(&k, bytes_str(roots[i].owner.text));
		put(&k, roots[i].height);
	}
	many = nis_mosaics(w->n, NULL, NULL, 0, mosaics, 50);
	for (size_t i = 0; i < many; i++) {
		put(&k, mosaics[i].id);
		keccak_update(&k, bytes_str(mosaics[i].definition->id.name));
		put(&k, mosaics[i].supply);
	}
	for (unsigned p = 0; p < 2; p++) {
		for (size_t i = 0; i < nis_pool_count(w->n, p); i++) {
			struct nis_pooled e = nis_pool_at(w->n, p, i);

			keccak_update(&k, e.verifiable);
		}
		for (unsigned i = 0; i < 100; i++) {
			struct nem_address a = address_of(i);

			put(&k, nis_pool_balance(w->n, p, &a));
		}
	}
	keccak256_final(&k, &out);
	return out;
}

static bool same_top(const struct world *a, const struct world *b)
{
	struct nis_block x = nis_top(a->n), y = nis_top(b->n);

	return hash32_eq(&x.hash, &y.hash) && x.score == y.score;
}

static bool mine_many(struct world *w, unsigned count, uint32_t seconds)
{
	for (unsigned i = 0; i < count; i++) {
		w->now += seconds;
		if (nis_mine(w->n, PUBLIC, w->now) != ERR_OK) {
			return false;
		}
	}
	return true;
}

/* A branch that is refused with `code` (or -error) changes nothing. */
#define REFUSED(w, branch, now, code)                \
	do {                                         \
		struct hash32 was_ = digest(w), is_; \
		T_EQ(adopt(w, branch, now), code);   \
		is_ = digest(w);                     \
		T_CHECK(hash32_eq(&is_, &was_));     \
	} while (0)

static void the_higher_score_wins(void)
{
	struct world here, there;
	struct branch b;
	struct nem_tx lost, common, theirs;
	struct nis_entry entry[8];
	struct nem_address x = address_of(X);
	uint64_t id;

	T_CHECK(world_open(&here) && world_open(&there));
	lost = transfer(A, X, 5 * XEM, here.now);
	T_EQ(say(&here, lost, A), NEM_SUCCESS);
	common = transfer(B, X, 6 * XEM, here.now);
	T_EQ(say(&here, common, B), NEM_SUCCESS);
	T_EQ(say(&there, common, B), NEM_SUCCESS);
	theirs = transfer(C, X, 7 * XEM, here.now);
	T_EQ(say(&there, theirs, C), NEM_SUCCESS);
	T_CHECK(mine_many(&here, 2, 60) && mine_many(&there, 2, 60));
	T_EQ(nis_transfers(here.n, &x, NIS_INCOMING, 0, entry, 8), 3);
	id = entry[0].id;
	branch_take(&b, &there, 1);
	REFUSED(&here, &b, there.now, NEM_NEUTRAL); /* as high is not higher */
	branch_free(&b);
	T_CHECK(mine_many(&there, 1, 60));
	branch_take(&b, &there, 1);
	T_EQ(adopt(&here, &b, there.now), NEM_SUCCESS);
	T_EQ(nis_height(here.n), 4);
	T_CHECK(same_top(&here, &there));
	/* What only we had waits again, what both had does not, and new ids were given. */
	T_EQ(nis_pool_count(here.n, PUBLIC), 1);
	T_EQ(nis_pool_count(here.n, CLEAN), 1);
	T_EQ(seen(&here, &lost), 0);
	T_EQ(seen(&here, &common), 1);
	T_EQ(seen(&here, &theirs), 1);
	T_EQ(nis_transfers(here.n, &x, NIS_INCOMING, 0, entry, 8), 3);
	T_CHECK(entry[1].id > id);
	T_EQ(balance(&here, X), balance(&there, X));
	here.now = there.now;
	T_CHECK(mine(&here, PUBLIC));
	T_EQ(seen(&here, &lost), 1);
	T_EQ(balance(&here, X), balance(&there, X) + 5 * XEM);
	REFUSED(&here, &b, here.now, NEM_NEUTRAL); /* we have it, and more */
	branch_free(&b);
	WORLD_CLOSE(&here);
	WORLD_CLOSE(&there);
}

static void a_longer_chain_may_be_worth_less(void)
{
	struct world here, there;
	struct branch b;

	T_CHECK(world_open(&here) && world_open(&there));
	T_CHECK(mine_many(&here, 40, 1) && mine_many(&there, 50, 600));
	T_CHECK(nis_top(here.n).score > nis_top(there.n).score);
	branch_take(&b, &there, 1);
	REFUSED(&here, &b, there.now, NEM_NEUTRAL);
	branch_free(&b);
	branch_take(&b, &here, 1);
	T_EQ(adopt(&there, &b, there.now), NEM_SUCCESS);
	T_EQ(nis_height(there.n), 41);
	T_CHECK(same_top(&here, &there));
	branch_free(&b);
	WORLD_CLOSE(&here);
	WORLD_CLOSE(&there);
}

/* A chain with something of every kind in its last blocks, and something waiting. */
static bool furnish(struct world *w)
{
	struct nem_tx inner = transfer(M, X, 11 * XEM, w->now), wrapper;
	static const unsigned abc[] = { A, B, C };

	if (!convert(w, M, abc, 3, 2) || say(w, provision(B, "", "space", w->now), B) != 1 ||
	    say(w, importance(X, 70, NEM_IMPORTANCE_ACTIVATE, w->now), X) != 1 ||
	    !mine(w, PUBLIC) || say(w, definition(B, "space:thing", w->now), B) != 1 ||
	    !mine(w, PUBLIC) || say(w, send(B, Y, "space:thing", 7, w->now), B) != 1 ||
	    say(w, supply(B, "space:thing", NEM_SUPPLY_CREATE, 5, w->now), B) != 1 ||
	    say(w, transfer(A, Z, 995000 * (uint64_t)XEM, w->now), A) != 1) {
		return false;
	}
	wrapper = wrap(C, &inner, w->now);
	if (say(w, wrapper, C) != 1 || say(w, cosignature(B, &wrapper, w->now), B) != 1 ||
	    !mine(w, PUBLIC)) {
		return false;
	}
	return say(w, transfer(Y, X, 3 * XEM, w->now), Y) == 1 &&
	       say(w, send(Y, Z, "space:thing", 2, w->now), Y) == 1;
}

/* Each block of a winning branch in turn is broken in one way: nothing of it stays. */
static void a_bad_block_in_the_middle(void)
{
	struct world here, twin, there;
	struct branch b, broken;
	struct nem_tx late;
	static uint8_t raw[4096];

	T_CHECK(world_open(&here) && world_open(&twin) && world_open(&there));
	T_CHECK(mine_many(&here, 3, 60) && mine_many(&twin, 3, 60) && mine_many(&there, 3, 60));
	T_CHECK(same_top(&here, &there));
	T_CHECK(furnish(&here) && furnish(&twin));
	for (unsigned i = 0; i < 8; i++) {
		/* Their branch moves the same accounts, and addresses that we never heard of. */
		T_EQ(say(&there, transfer(A + i % 3, 40 + i, 900 * XEM, there.now), A + i % 3), 1);
		T_CHECK(mine(&there, PUBLIC));
	}
	branch_take(&b, &there, 4);
	T_EQ(b.n, 8);
	for (size_t at = 0; at < b.n; at++) {
		/* The signature of the block, then of its transaction, then its amount. */
		static const size_t places[] = { 60, 168 + 4 + 60, 168 + 4 + 128 + 44 };

		for (unsigned i = 0; i < 3; i++) {
			broken = b;
			T_CHECK(b.block[at].n < sizeof raw);
			memcpy(raw, b.block[at].p, b.block[at].n);
			raw[places[i]] ^= 1;
			broken.block[at] = bytes_of(raw, b.block[at].n);
			T_CHECK(adopt(&here, &broken, there.now) != NEM_SUCCESS);
		}
	}
	{
		struct hash32 one = digest(&here), two = digest(&twin);

		T_MEM(one.b, two.b, 32);
	}
	late = transfer(C, X, XEM, here.now);
	T_EQ(say(&here, late, C), NEM_SUCCESS);
	T_EQ(say(&twin, late, C), NEM_SUCCESS);
	T_CHECK(mine_many(&here, 2, 60) && mine_many(&twin, 2, 60));
	{
		struct hash32 one = digest(&here), two = digest(&twin);

		T_MEM(one.b, two.b, 32); /* also the ids that it gives from now on */
	}
	T_EQ(nis_roll_back(here.n, 4, here.now), ERR_OK);
	T_EQ(nis_roll_back(twin.n, 4, here.now), ERR_OK);
	{
		struct hash32 one = digest(&here), two = digest(&twin);

		T_MEM(one.b, two.b, 32); /* and it can still go back */
	}
	T_EQ(adopt(&here, &b, there.now), NEM_SUCCESS);
	branch_free(&b);
	WORLD_CLOSE(&here);
	WORLD_CLOSE(&twin);
	WORLD_CLOSE(&there);
}

/* The first half of a branch pays for the attempt, its last block is refused for what it does. */
static void a_theft_at_the_end(void)
{
	struct world here, there;
	struct branch b;
	struct nem_block_build build;
	static uint8_t buffer[NEM_BLOCK_BYTES_MAX];
	struct edk_secret z = key_of(Z);
	struct nis_block top;
	struct nem_tx bad[4];
	static const int codes[] = { NEM_FAILURE_INSUFFICIENT_BALANCE,
				     NEM_FAILURE_TRANSACTION_UNVERIFIABLE,
				     NEM_FAILURE_TRANSACTION_NOT_ALLOWED_FOR_MULTISIG,
				     NEM_FAILURE_SELF_SIGNED_TRANSACTION };

	T_CHECK(world_open(&here) && world_open(&there));
	T_CHECK(furnish(&here));
	branch_take(&b, &here, 1);
	T_EQ(adopt(&there, &b, here.now), NEM_SUCCESS);
	branch_free(&b);
	there.now = here.now;
	T_EQ(nis_roll_back(there.n, 2, there.now), ERR_OK);
	nis_drop_pool(there.n, PUBLIC);
	T_EQ(say(&there, transfer(B, 45, 999900 * (uint64_t)XEM, there.now), B), NEM_SUCCESS);
	T_CHECK(mine_many(&there, 6, 60));
	bad[0] = transfer(B, X, 200 * XEM, there.now);
	bad[1] = transfer(C, X, 1 * XEM, there.now);
	bad[2] = transfer(M, X, 1 * XEM, there.now);
	bad[3] = transfer(Z, X, 1 * XEM, there.now);
	T_CHECK(sign(&bad[0], B) && sign(&bad[1], C) && sign(&bad[2], M) && sign(&bad[3], Z));
	bad[1].signature.b[3] ^= 4;
	top = nis_top(there.n);
	for (unsigned i = 0; i < 4; i++) {
		struct nem_block_head h = { .type = NEM_BLOCK_NORMAL,
					    .network = NEM_NETWORK_TEST,
					    .time_nem_s = top.time_s + 60,
					    .height = top.height + 1,
					    .harvester = z.public_key,
					    .previous = top.hash };
		struct bytes block;

		T_EQ(nem_block_build_start(&build, buffer, sizeof buffer, &h), ERR_OK);
		T_EQ(nem_block_build_add(&build, &bad[i]), ERR_OK);
		T_EQ(nem_block_build_sign(&build, &z, &block), ERR_OK);
		branch_take(&b, &there, 2);
		branch_add(&b, block);
		REFUSED(&here, &b, there.now + 60, codes[i]);
		REFUSED(&here, &b, there.now + 60, codes[i]); /* and once more */
		branch_free(&b);
	}
	WORLD_CLOSE(&here);
	WORLD_CLOSE(&there);
}

static void no_deeper_than_360(void)
{
	struct world here, deeper, there;
	struct branch b;
	struct hash32 common;

	T_CHECK(world_open(&here) && world_open(&deeper) && world_open(&there));
	T_CHECK(mine_many(&here, 360, 60) && mine_many(&deeper, 361, 60));
	T_CHECK(mine_many(&there, 380, 59));
	branch_take(&b, &there, 1);
	REFUSED(&deeper, &b, deeper.now, NEM_FAILURE_CHAIN_INVALID); /* 361 would have to go */
	T_EQ(adopt(&here, &b, there.now), NEM_SUCCESS);
	T_CHECK(same_top(&here, &there));
	/* Of the new ones, too, 360 can go, and no more. */
	T_EQ(nis_roll_back(here.n, 20, here.now), ERR_STATE);
	common = nis_top(here.n).hash;
	T_EQ(nis_roll_back(here.n, 21, here.now), ERR_OK);
	branch_free(&b);
	branch_take(&b, &there, 21);
	T_EQ(adopt(&here, &b, there.now), NEM_SUCCESS);
	T_MEM(nis_top(here.n).hash.b, common.b, 32);
	branch_free(&b);
	WORLD_CLOSE(&here);
	WORLD_CLOSE(&deeper);
	WORLD_CLOSE(&there);
}

/* A refused branch that is longer than what is kept: all of it can be undone again. */
static void a_long_branch_that_fails_at_its_end(void)
{
	struct world here, there;
	struct branch b;
	static uint8_t raw[512];

	T_CHECK(world_open(&here) && world_open(&there));
	T_CHECK(mine_many(&here, 360, 60) && mine_many(&there, 400, 59));
	there.now += 3600; /* both clocks are ahead of both chains */
	branch_take(&b, &there, 1);
	T_EQ(b.n, 400);
	memcpy(raw, b.block[399].p, b.block[399].n);
	raw[60] ^= 1;
	b.block[399].p = raw;
	REFUSED(&here, &b, there.now, NEM_FAILURE_BLOCK_UNVERIFIABLE);
	T_EQ(nis_roll_back(here.n, 1, here.now), ERR_OK);
	b.block[399].p = b.copy[399];
	T_EQ(adopt(&here, &b, there.now), NEM_SUCCESS);
	branch_free(&b);
	WORLD_CLOSE(&here);
	WORLD_CLOSE(&there);
}

static void an_endless_chain_comes_in_pieces(void)
{
	struct world here, there;
	struct branch b;

	T_CHECK(world_open(&here) && world_open(&there));
	T_CHECK(mine_many(&there, 401, 60));
	branch_take(&b, &there, 1);
	REFUSED(&here, &b, there.now, NEM_FAILURE_MAX_CHAIN_SIZE_EXCEEDED);
	b.n--;
	T_EQ(adopt(&here, &b, there.now), NEM_SUCCESS);
	b.n++;
	branch_free(&b);
	branch_take(&b, &there, nis_height(here.n));
	T_EQ(b.n, 1);
	T_EQ(adopt(&here, &b, there.now), NEM_SUCCESS);
	T_CHECK(same_top(&here, &there));
	branch_free(&b);
	WORLD_CLOSE(&here);
	WORLD_CLOSE(&there);
}

static void another_nemesis(void)
{
	struct world here, there = { .now = START + 60 };
	struct nis_config c = world_config();
	struct nis_grant grant = { .to = address_of(A), .amount = 5 * XEM };
	struct nis_nemesis nemesis = { .time_s = START, .grants = &grant, .n = 1 };
	struct branch b;

	T_CHECK(world_open(&here));
	memset(nemesis.key, NEMESIS, sizeof nemesis.key);
	T_EQ(nis_open(&there.n, &c, &nemesis), ERR_OK);
	T_CHECK(mine_many(&there, 5, 60) && mine_many(&here, 2, 60));
	branch_take(&b, &there, 1);
	REFUSED(&here, &b, there.now, NEM_FAILURE_CHAIN_INVALID);
	branch_free(&b);
	branch_take(&b, &there, 0); /* with its block 1 */
	REFUSED(&here, &b, there.now, NEM_FAILURE_BLOCK_UNEXPECTED_HEIGHT);
	branch_free(&b);
	WORLD_CLOSE(&here);
	nis_close(there.n);
}

static void branches_that_are_none(void)
{
	struct world here, there;
	struct branch b, c;
	static uint8_t raw[512];

	T_CHECK(world_open(&here) && world_open(&there));
	T_CHECK(mine_many(&here, 3, 60) && mine_many(&there, 6, 61));
	branch_take(&b, &there, 1);
	c = b;
	c.n = 0;
	REFUSED(&here, &c, there.now, -(int)ERR_INPUT);
	c = b;
	c.block[3].n--;
	REFUSED(&here, &c, there.now, -(int)ERR_INPUT);
	c = b;
	c.block[3] = b.block[4]; /* a gap */
	REFUSED(&here, &c, there.now, NEM_FAILURE_BLOCK_UNEXPECTED_HEIGHT);
	c = b;
	c.block[3] = b.block[2]; /* one twice */
	REFUSED(&here, &c, there.now, NEM_FAILURE_BLOCK_UNEXPECTED_HEIGHT);
	c = b;
	c.block[0] = b.block[1]; /* heights fit, hashes do not */
	c.n = 1;
	REFUSED(&here, &c, there.now, NEM_FAILURE_CHAIN_INVALID);
	c.block[0] = b.block[5]; /* from above our top */
	REFUSED(&here, &c, there.now, NEM_FAILURE_BLOCK_UNEXPECTED_HEIGHT);
	/* Its last block is ahead of our clock. */
	REFUSED(&here, &b, there.now - 11, NEM_FAILURE_TIMESTAMP_TOO_FAR_IN_FUTURE);
	/* Times, heights and hashes changed in the header of each block in turn. */
	for (size_t at = 0; at < b.n; at++) {
		for (size_t i = 0; i < b.block[at].n; i++) {
			c = b;
			memcpy(raw, b.block[at].p, b.block[at].n);
			raw[i] ^= 0x40;
			c.block[at] = bytes_of(raw, b.block[at].n);
			T_CHECK(adopt(&here, &c, there.now) != NEM_SUCCESS);
		}
	}
	T_EQ(nis_height(here.n), 4);
	T_EQ(adopt(&here, &b, there.now - 10), NEM_SUCCESS);
	branch_free(&b);
	WORLD_CLOSE(&here);
	WORLD_CLOSE(&there);
}

/* ---- harvesting by NIS's rule ---- */

static bool world_of_hits(struct world *w, unsigned harvester)
{
	struct nis_config c = world_config();

	c.must_hit = true;
	memset(c.harvester, (int)harvester, sizeof c.harvester);
	return world_open_with(w, &c);
}

static bool mine_hits(struct world *w, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		uint32_t from = nis_harvest_from(w->n, NULL);

		if (from == NIS_NEVER || nis_mine(w->n, PUBLIC, from) != ERR_OK) {
			return false;
		}
		w->now = from;
	}
	return true;
}

static void harvesting_waits_for_a_hit(void)
{
	struct world w, there;
	struct branch b;
	struct edk_secret a = key_of(A), b_key = key_of(B);
	enum nem_result code;
	unsigned waited = 0, foreign = 0;
	uint64_t sum = 0;

	T_CHECK(world_of_hits(&w, A) && world_of_hits(&there, B));
	for (unsigned i = 0; i < 600; i++) {
		uint32_t from = nis_harvest_from(w.n, NULL), top = nis_top(w.n).time_s;
		uint32_t other = nis_harvest_from(w.n, &b_key.public_key);

		T_EQ(from, nis_harvest_from(w.n, &a.public_key));
		T_CHECK(from > top && from != NIS_NEVER);
		if (i < 30 && from > top + 1) {
			T_EQ(nis_mine(w.n, PUBLIC, from - 1), ERR_FIELD_RANGE);
			T_EQ(nis_mine_given(w.n, NULL, 0, from - 1, &a, &code), ERR_OK);
			T_EQ(code, NEM_FAILURE_BLOCK_NOT_HIT);
			waited++;
		}
		if (i < 30 && other > top + 1) {
			T_EQ(nis_mine_given(w.n, NULL, 0, other - 1, &b_key, &code), ERR_OK);
			T_EQ(code, NEM_FAILURE_BLOCK_NOT_HIT);
			foreign++;
		}
		T_EQ(nis_mine(w.n, PUBLIC, from), ERR_OK);
		if (i >= 200) {
			sum += from - top;
		}
	}
	T_CHECK(waited > 20 && foreign > 20);
	/* The difficulty finds the pace: a minute a block, give or take. */
	T_CHECK(sum / 400 >= 50 && sum / 400 <= 70);
	w.now = nis_top(w.n).time_s;
	branch_take(&b, &w, 1);
	b.n = 400;
	T_EQ(adopt(&there, &b, w.now), NEM_SUCCESS);
	b.n = 600;
	branch_free(&b);
	WORLD_CLOSE(&w);
	WORLD_CLOSE(&there);
}

static void who_may_not_harvest(void)
{
	struct world w, poor;
	struct edk_secret nemesis = key_of(NEMESIS), t = key_of(T);
	enum nem_result code;

	T_CHECK(world_of_hits(&w, A) && world_of_hits(&poor, HARVESTER));
	/* No importance: none at all, 100 XEM, the nemesis account with the most of all. */
	T_EQ(nis_harvest_from(poor.n, NULL), NIS_NEVER);
	T_EQ(nis_mine(poor.n, PUBLIC, poor.now), ERR_STATE);
	T_EQ(nis_harvest_from(w.n, &t.public_key), NIS_NEVER);
	T_EQ(nis_harvest_from(w.n, &nemesis.public_key), NIS_NEVER);
	T_EQ(nis_mine_given(w.n, NULL, 0, w.now + 100000, &t, &code), ERR_OK);
	T_EQ(code, NEM_FAILURE_BLOCK_NOT_HIT);
	T_EQ(nis_mine_given(w.n, NULL, 0, w.now + 100000, &nemesis, &code), ERR_OK);
	T_EQ(code, NEM_FAILURE_BLOCK_NOT_HIT); /* what a block may not be comes after the hit */
	T_EQ(nis_height(w.n), 1);
	WORLD_CLOSE(&w);
	WORLD_CLOSE(&poor);
}

static void importance_is_a_share(void)
{
	struct world w;
	struct nis_account account;
	struct nem_address a = address_of(A), t = address_of(T), n = address_of(NEMESIS);
	uint64_t before;

	T_CHECK(world_open(&w));
	nis_account(w.n, &a, &account);
	T_EQ(account.importance, NIS_IMPORTANCE_WHOLE / 8); /* eight have a million each */
	before = account.importance;
	nis_account(w.n, &t, &account);
	T_EQ(account.importance, 0);
	nis_account(w.n, &n, &account);
	T_EQ(account.importance, 0);
	/* B keeps 9,999 XEM and something, which is not enough, and the others' shares grow. */
	T_EQ(say(&w, transfer(B, A, 990000 * (uint64_t)XEM, w.now), B), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	a = address_of(B);
	nis_account(w.n, &a, &account);
	T_CHECK(account.balance < 10000 * (uint64_t)XEM && account.importance == 0);
	a = address_of(A);
	nis_account(w.n, &a, &account);
	T_EQ(account.importance, (u128)1990000 * NIS_IMPORTANCE_WHOLE / 7990000);
	T_EQ(nis_roll_back(w.n, 1, w.now), ERR_OK);
	nis_account(w.n, &a, &account);
	T_EQ(account.importance, before);
	WORLD_CLOSE(&w);
}

static void a_remote_harvests_with_what_it_is_lent(void)
{
	enum { REMOTE = 71 };
	struct world w;
	struct edk_secret remote = key_of(REMOTE);
	enum nem_result code;
	uint32_t from;

	T_CHECK(world_of_hits(&w, A));
	T_EQ(nis_harvest_from(w.n, &remote.public_key), NIS_NEVER);
	T_CHECK(mine_hits(&w, 1)); /* from here our clock is the chain's */
	T_EQ(say(&w, importance(X, REMOTE, NEM_IMPORTANCE_ACTIVATE, w.now), X), NEM_SUCCESS);
	T_CHECK(mine_hits(&w, 300));
	T_EQ(nis_harvest_from(w.n, &remote.public_key), NIS_NEVER);
	T_CHECK(mine_hits(&w, 70));
	from = nis_harvest_from(w.n, &remote.public_key);
	T_CHECK(from != NIS_NEVER);
	T_EQ(nis_mine_given(w.n, NULL, 0, from, &remote, &code), ERR_OK);
	T_EQ(code, NEM_SUCCESS);
	{
		struct nem_address x = address_of(X);
		struct nis_block top = nis_top(w.n);
		struct edk_secret owner = key_of(X);

		T_CHECK(nem_address_eq(&top.beneficiary, &x));
		T_EQ(nis_harvest_from(w.n, &owner.public_key), NIS_NEVER);
	}
	WORLD_CLOSE(&w);
}

/*
 * A stranger may name our harvester as his remote.  A block that he makes with it is none of his
 * (NIS then makes none at all): he leaves it, and once another has it, he harvests nothing, and
 * lives.
 */
static void a_stranger_lends_the_harvester(void)
{
	struct world w;
	struct nem_tx tx;

	T_CHECK(world_open(&w));
	tx = importance(X, HARVESTER, NEM_IMPORTANCE_ACTIVATE, w.now);
	T_EQ(say(&w, tx, X), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(seen(&w, &tx), 0);
	T_CHECK(sign(&tx, X));
	T_EQ(given(&w, &tx, 1, HARVESTER), NEM_FAILURE_INELIGIBLE_BLOCK_SIGNER);
	T_EQ(given(&w, &tx, 1, Z), NEM_SUCCESS);
	T_EQ(nis_harvest_from(w.n, NULL), NIS_NEVER);
	T_EQ(nis_mine(w.n, PUBLIC, w.now + 60), ERR_STATE);
	T_EQ(nis_height(w.n), 3);
	T_EQ(nis_roll_back(w.n, 1, w.now), ERR_OK);
	T_CHECK(nis_harvest_from(w.n, NULL) != NIS_NEVER);
	WORLD_CLOSE(&w);
}

/* ---- at random ---- */

static void act(struct world *w, const uint32_t *now)
{
	unsigned from = A + (unsigned)t_below(WHO_N - A), to = A + (unsigned)t_below(60);

	w->now = *now > w->now ? *now : w->now;
	switch (t_below(5)) {
	case 0:
		(void)say(w, transfer(from, to, t_below(400000) * XEM, w->now), from);
		break;
	case 1:
		(void)say(
		    w,
		    importance(from, 60 + (unsigned)t_below(30), NEM_IMPORTANCE_ACTIVATE, w->now),
		    from);
		break;
	case 2:
		(void)say(w, provision(from, "", t_below(2) == 0 ? "one" : "two", w->now), from);
		break;
	case 3:
		(void)say(w, definition(from, "one:thing", w->now), from);
		break;
	case 4:
		(void)say(w, send(from, to, "one:thing", t_below(9), w->now), from);
		break;
	}
}

static void three_nodes_at_random(void)
{
	struct world w[3];
	uint32_t now = START + 60;
	unsigned adopted = 0, neutral = 0, lied = 0;

	for (unsigned i = 0; i < 3; i++) {
		T_CHECK(world_open(&w[i]));
	}
	for (unsigned step = 0; step < 600; step++) {
		struct world *one = &w[t_below(3)], *other = &w[t_below(3)];
		struct branch b;
		uint64_t common = 1, most = nis_height(one->n);
		struct nis_block x, y;
		int code;

		now += 5;
		for (unsigned i = 0; i < 3; i++) {
			act(one, &now);
		}
		if (t_below(3) != 0) {
			T_CHECK(mine(one, (unsigned)t_below(2)));
			now = one->now > now ? one->now : now;
			continue;
		}
		while (common < most && nis_block_at(one->n, common + 1, &x) &&
		       nis_block_at(other->n, common + 1, &y) && hash32_eq(&x.hash, &y.hash)) {
			common++;
		}
		branch_take(&b, other, common);
		if (b.n == 0) {
			continue;
		}
		if (t_below(3) == 0) {
			size_t at = t_below(b.n);

			b.copy[at][t_below(b.block[at].n)] ^= (uint8_t)(1 << t_below(8));
			lied++;
			REFUSED(one, &b, now, adopt(one, &b, now));
			branch_free(&b);
			continue;
		}
		if (nis_top(other->n).score > nis_top(one->n).score) {
			code = adopt(one, &b, now);
			T_EQ(code, NEM_SUCCESS);
			T_CHECK(same_top(one, other));
			adopted++;
		} else {
			REFUSED(one, &b, now, NEM_NEUTRAL);
			neutral++;
		}
		branch_free(&b);
		T_STR(nis_validate(one->n) != NULL ? nis_validate(one->n) : "", "");
	}
	T_CHECK(adopted > 20 && neutral > 20 && lied > 20);
	for (unsigned i = 0; i < 3; i++) {
		WORLD_CLOSE(&w[i]);
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "the higher score wins", the_higher_score_wins },
		{ "a longer chain may be worth less", a_longer_chain_may_be_worth_less },
		{ "a bad block in the middle", a_bad_block_in_the_middle },
		{ "a theft at the end", a_theft_at_the_end },
		{ "no deeper than 360", no_deeper_than_360 },
		{ "a long branch that fails at its end", a_long_branch_that_fails_at_its_end },
		{ "an endless chain comes in pieces", an_endless_chain_comes_in_pieces },
		{ "another nemesis", another_nemesis },
		{ "branches that are none", branches_that_are_none },
		{ "harvesting waits for a hit", harvesting_waits_for_a_hit },
		{ "who may not harvest", who_may_not_harvest },
		{ "importance is a share", importance_is_a_share },
		{ "a remote harvests with what it is lent",
		  a_remote_harvests_with_what_it_is_lent },
		{ "a stranger lends the harvester", a_stranger_lends_the_harvester },
		{ "three nodes at random", three_nodes_at_random },
	};

	return t_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
