/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: blocks are read strictly, and the follower moves only along blocks that prove themselves.
 * Method: every truncation and bit of a block; weights on both sides of 120; then chains with
 * forks of every depth up to the rewrite limit and beyond, followed as a shell would, by asking.
 */
#include "base/attr.h"
#include "chain/nem/nem_block.h"
#include "chain/nem/nem_follow.h"
#include "chain/nem/nem_network.h"
#include "crypto/crypto.h"
#include "t.h"

enum { NET = NEM_NETWORK_TEST, CHAIN = 800, BYTES = 400 };

static struct edk_secret harvester;
static uint8_t big[NEM_BLOCK_BYTES_MAX];

/* Two branches of small blocks; the second shares the first's blocks up to a height. */
static struct branch {
	uint8_t raw[CHAIN][BYTES];
	size_t n[CHAIN]; /* 0: no block at this height */
	struct hash32 hash[CHAIN];
	uint64_t top;
} main_branch, side_branch;

static struct nem_follow_at start(void)
{
	return (struct nem_follow_at){ .height = 1, .time_nem_s = 0, .hash = { { 42 } } };
}

static void grow(struct branch *b, uint64_t to, uint32_t salt)
{
	for (uint64_t h = b->top + 1; h <= to; h++) {
		struct nem_block_head head = { .type = NEM_BLOCK_NORMAL,
					       .network = NET,
					       .time_nem_s = (uint32_t)h * 60 + salt,
					       .height = h,
					       .harvester = harvester.public_key,
					       .previous = b->hash[h - 1] };
		struct nem_block_build build;
		struct nem_block block;
		struct bytes raw;

		if (nem_block_build_start(&build, b->raw[h], BYTES, &head) != ERR_OK ||
		    nem_block_build_sign(&build, &harvester, &raw) != ERR_OK ||
		    nem_block_decode(&block, NET, raw) != ERR_OK) {
			abort();
		}
		b->n[h] = raw.n;
		nem_block_hash(&b->hash[h], &block);
	}
	b->top = to;
}

static void fresh(struct branch *b)
{
	memset(b, 0, sizeof *b);
	b->top = 1;
	b->hash[1] = start().hash;
}

static struct bytes at(const struct branch *b, uint64_t height)
{
	return bytes_of(b->raw[height], b->n[height]);
}

/* Fetches what is wanted until the tip is reached; the number of blocks that were undone. */
static enum err follow(struct nem_follow *f, const struct branch *b, uint32_t *undone)
{
	*undone = 0;
	for (unsigned steps = 0; steps < 2 * CHAIN; steps++) {
		struct nem_follow_verdict v;
		uint64_t want = nem_follow_want(f);
		enum err e;

		if (want > b->top) {
			if (nem_follow_tip(f)->height <= b->top) {
				return ERR_OK;
			}
			nem_follow_node_height(f, b->top);
			want = nem_follow_want(f);
		}
		e = nem_follow_offer(f, &v, NULL, at(b, want));
		if (e != ERR_OK) {
			return e;
		}
		if (v.kind == NEM_FOLLOW_FORK) {
			*undone += v.undone;
		}
		if (v.kind == NEM_FOLLOW_DUPLICATE && want == b->top) {
			return ERR_OK;
		}
	}
	return ERR_TIMEOUT;
}

static void extends_and_duplicates(void)
{
	static struct nem_follow f;
	struct nem_follow_at from = start();
	struct nem_follow_verdict v;
	uint32_t undone;

	fresh(&main_branch);
	grow(&main_branch, 400, 0);
	nem_follow_init(&f, NET, &from);
	T_EQ(nem_follow_want(&f), 2);
	T_EQ(nem_follow_offer(&f, &v, NULL, at(&main_branch, 5)), ERR_OK);
	T_EQ(v.kind, NEM_FOLLOW_ASK);
	T_EQ(v.ask, 2);
	T_EQ(follow(&f, &main_branch, &undone), ERR_OK);
	T_EQ(undone, 0);
	T_EQ(nem_follow_tip(&f)->height, 400);
	T_CHECK(hash32_eq(&nem_follow_tip(&f)->hash, &main_branch.hash[400]));
	T_EQ(f.n, NEM_FOLLOW_KEPT);
	T_CHECK(nem_follow_find(&f, 40) != NULL);
	T_CHECK(hash32_eq(&nem_follow_find(&f, 40)->hash, &main_branch.hash[40]));
	T_CHECK(nem_follow_find(&f, 39) == NULL);
	T_CHECK(nem_follow_find(&f, 401) == NULL);
	T_EQ(nem_follow_offer(&f, &v, NULL, at(&main_branch, 400)), ERR_OK);
	T_EQ(v.kind, NEM_FOLLOW_DUPLICATE);
	T_EQ(nem_follow_offer(&f, &v, NULL, at(&main_branch, 41)), ERR_OK);
	T_EQ(v.kind, NEM_FOLLOW_DUPLICATE);
	T_EQ(nem_follow_tip(&f)->height, 400);
	T_EQ(nem_follow_offer(&f, &v, NULL, at(&main_branch, 30)), ERR_STATE);
}

static void forks(void)
{
	static const uint64_t common[] = { 399, 398, 390, 301, 100, 41, 40 };

	for (size_t i = 0; i < ARRAY_LEN(common); i++) {
		static struct nem_follow f;
		struct nem_follow_at from = start();
		uint32_t undone;

		nem_follow_init(&f, NET, &from);
		T_EQ(follow(&f, &main_branch, &undone), ERR_OK);
		side_branch = main_branch;
		side_branch.top = common[i];
		grow(&side_branch, 402, 7);
		T_EQ(follow(&f, &side_branch, &undone), ERR_OK);
		T_EQ(undone, 400 - common[i]);
		T_EQ(nem_follow_tip(&f)->height, 402);
		T_CHECK(hash32_eq(&nem_follow_tip(&f)->hash, &side_branch.hash[402]));
		/* and back, which undoes two more */
		T_EQ(follow(&f, &main_branch, &undone),
		     402 - common[i] > NEM_FOLLOW_REWRITE_MAX ? ERR_STATE : ERR_OK);
	}
}

static void shorter_fork(void)
{
	static struct nem_follow f;
	struct nem_follow_at from = start();
	uint32_t undone;

	nem_follow_init(&f, NET, &from);
	T_EQ(follow(&f, &main_branch, &undone), ERR_OK);
	side_branch = main_branch;
	side_branch.top = 380;
	grow(&side_branch, 385, 9);
	T_EQ(follow(&f, &side_branch, &undone), ERR_OK);
	T_EQ(undone, 20);
	T_EQ(nem_follow_tip(&f)->height, 385);
}

static void too_deep(void)
{
	static struct nem_follow f;
	static struct nem_follow before;
	struct nem_follow_at from = start();
	uint32_t undone;

	nem_follow_init(&f, NET, &from);
	T_EQ(follow(&f, &main_branch, &undone), ERR_OK);
	side_branch = main_branch;
	side_branch.top = 39; /* 361 blocks would go */
	grow(&side_branch, 402, 11);
	T_EQ(follow(&f, &side_branch, &undone), ERR_STATE);
	T_EQ(undone, 0);
	T_CHECK(hash32_eq(&nem_follow_tip(&f)->hash, &main_branch.hash[400]));
	before = f;
	T_EQ(follow(&f, &side_branch, &undone), ERR_STATE);
	T_MEM(&f, &before, sizeof f);
}

static void forged(void)
{
	static struct nem_follow f;
	static struct nem_follow before;
	struct nem_follow_at from = start();
	struct nem_follow_verdict v;
	struct nem_block_head head;
	struct nem_block block;
	struct nem_block_build build;
	struct bytes raw;
	uint32_t undone;
	uint8_t copy[BYTES];
	size_t n;

	main_branch.top = 10;
	nem_follow_init(&f, NET, &from);
	T_EQ(follow(&f, &main_branch, &undone), ERR_OK);
	main_branch.top = 400;
	before = f;
	n = main_branch.n[11];
	for (size_t i = 0; i < n; i++) {
		memcpy(copy, main_branch.raw[11], n);
		copy[i] ^= 1;
		T_CHECK(nem_follow_offer(&f, &v, NULL, bytes_of(copy, n)) != ERR_OK);
		T_MEM(&f, &before, sizeof f);
		T_CHECK(nem_follow_offer(&f, &v, NULL, bytes_of(copy, i)) != ERR_OK);
	}
	/* well signed, but not later than its predecessor */
	T_EQ(nem_block_decode(&block, NET, at(&main_branch, 11)), ERR_OK);
	head = block.head;
	head.time_nem_s = 600;
	T_EQ(nem_block_build_start(&build, copy, sizeof copy, &head), ERR_OK);
	T_EQ(nem_block_build_sign(&build, &harvester, &raw), ERR_OK);
	T_EQ(nem_follow_offer(&f, &v, NULL, raw), ERR_CLOCK);
	T_MEM(&f, &before, sizeof f);
	/* a right predecessor under a wrong height */
	head = block.head;
	head.height = 10;
	T_EQ(nem_block_build_start(&build, copy, sizeof copy, &head), ERR_OK);
	T_EQ(nem_block_build_sign(&build, &harvester, &raw), ERR_OK);
	T_EQ(nem_follow_offer(&f, &v, NULL, raw), ERR_OK);
	T_EQ(v.kind, NEM_FOLLOW_ASK);
	T_EQ(nem_follow_tip(&f)->height, 10);
	T_EQ(nem_follow_offer(&f, &v, NULL, at(&main_branch, 11)), ERR_OK);
	T_EQ(v.kind, NEM_FOLLOW_EXTENDS);
}

static void transfer(struct nem_tx *tx, unsigned i)
{
	memset(tx, 0, sizeof *tx);
	tx->type = NEM_TRANSFER;
	tx->head = (struct nem_header){ .network = NET, .version = 1, .time_nem_s = i };
	tx->head.signer = harvester.public_key;
	nem_address_from_key(&tx->transfer.recipient, &harvester.public_key, NET);
}

static void weights(void)
{
	struct nem_block_head head = { .type = NEM_BLOCK_NORMAL,
				       .network = NET,
				       .height = 2,
				       .harvester = harvester.public_key };
	struct nem_block_build build;
	struct nem_block_build small;
	struct nem_block block;
	struct nem_tx tx;
	struct nem_tx multisig;
	struct bytes raw;

	transfer(&tx, 1);
	memset(&multisig, 0, sizeof multisig);
	multisig.type = NEM_MULTISIG;
	multisig.head = tx.head;
	multisig.multisig.inner.type = NEM_TRANSFER;
	multisig.multisig.inner.head = tx.head;
	multisig.multisig.inner.transfer = tx.transfer;
	T_EQ(nem_block_build_start(&build, big, sizeof big, &head), ERR_OK);
	for (unsigned i = 0; i < NEM_BLOCK_WEIGHT_MAX - 1; i++) {
		transfer(&tx, i);
		T_EQ(nem_block_build_add(&build, &tx), ERR_OK);
	}
	T_EQ(nem_block_build_add(&build, &multisig), ERR_FULL); /* weighs 2 */
	T_EQ(nem_block_build_add(&build, &tx), ERR_OK);
	T_EQ(nem_block_build_add(&build, &tx), ERR_FULL);
	T_EQ(nem_block_build_sign(&build, &harvester, &raw), ERR_OK);
	T_EQ(nem_block_decode(&block, NET, raw), ERR_OK);
	T_EQ(block.weight, NEM_BLOCK_WEIGHT_MAX);
	T_EQ(nem_block_verify(&block), ERR_OK);
	T_EQ(nem_block_verify_all(&block), ERR_SIGNATURE); /* nobody signed the transfers */
	le32_put(big + NEM_BLOCK_HEADER_BYTES - 4, NEM_BLOCK_WEIGHT_MAX + 1);
	T_EQ(nem_block_decode(&block, NET, raw), ERR_TOO_LARGE);
	le32_put(big + NEM_BLOCK_HEADER_BYTES - 4, NEM_BLOCK_WEIGHT_MAX - 1);
	T_EQ(nem_block_decode(&block, NET, raw), ERR_INPUT);
	T_EQ(nem_block_build_start(&small, big, NEM_BLOCK_HEADER_BYTES - 1, &head), ERR_FULL);
	T_EQ(nem_block_build_start(&small, big, NEM_BLOCK_HEADER_BYTES + 50, &head), ERR_OK);
	T_EQ(nem_block_build_add(&small, &tx), ERR_FULL);
	T_EQ(small.n, 0);
	tx.head.network = NEM_NETWORK_MAIN;
	T_EQ(nem_block_build_add(&build, &tx), ERR_NETWORK);
}

/* Block 1 is nobody's harvest: the limit of 120 is not for it, but another is. */
static void nemesis(void)
{
	struct nem_block_head head = { .type = NEM_BLOCK_NEMESIS,
				       .network = NET,
				       .height = 1,
				       .harvester = harvester.public_key };
	struct nem_block_build build;
	struct nem_block block;
	struct nem_tx tx;
	struct bytes raw;

	/* That of the main network (nem.md 1.2), by which a client knows it. */
	T_CHECK(NEM_BLOCK_NEMESIS_MAX >= 1353);
	T_EQ(nem_block_build_start(&build, big, sizeof big, &head), ERR_OK);
	for (unsigned i = 0; i < NEM_BLOCK_NEMESIS_MAX; i++) {
		transfer(&tx, i);
		T_EQ(nem_block_build_add(&build, &tx), ERR_OK);
	}
	T_EQ(nem_block_build_add(&build, &tx), ERR_FULL);
	T_EQ(nem_block_build_sign(&build, &harvester, &raw), ERR_OK);
	T_EQ(nem_block_decode(&block, NET, raw), ERR_OK);
	T_EQ(block.weight, NEM_BLOCK_NEMESIS_MAX);
	/* The same bytes as an ordinary block are too heavy. */
	le32_put(big, NEM_BLOCK_NORMAL);
	big[NEM_BLOCK_HEADER_BYTES - 12] = 2;
	T_EQ(nem_block_decode(&block, NET, raw), ERR_TOO_LARGE);
}

static void heads(void)
{
	struct nem_block_head good = { .type = NEM_BLOCK_NORMAL,
				       .network = NET,
				       .height = 2,
				       .harvester = harvester.public_key };
	struct nem_block_head h = good;
	struct nem_block_build build;

	h.height = 0;
	T_EQ(nem_block_build_start(&build, big, sizeof big, &h), ERR_FIELD_RANGE);
	h.height = 1; /* only the nemesis block */
	T_EQ(nem_block_build_start(&build, big, sizeof big, &h), ERR_FIELD_RANGE);
	h.type = NEM_BLOCK_NEMESIS;
	T_EQ(nem_block_build_start(&build, big, sizeof big, &h), ERR_OK);
	h.height = 2;
	T_EQ(nem_block_build_start(&build, big, sizeof big, &h), ERR_FIELD_RANGE);
	h = good;
	h.height = UINT64_MAX;
	T_EQ(nem_block_build_start(&build, big, sizeof big, &h), ERR_FIELD_RANGE);
	h = good;
	h.time_nem_s = 0x80000000u;
	T_EQ(nem_block_build_start(&build, big, sizeof big, &h), ERR_FIELD_RANGE);
	h = good;
	h.network = 1;
	T_EQ(nem_block_build_start(&build, big, sizeof big, &h), ERR_NETWORK);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "extends and duplicates", extends_and_duplicates },
		{ "forks", forks },
		{ "a fork that is shorter", shorter_fork },
		{ "a fork that is too deep", too_deep },
		{ "forged blocks", forged },
		{ "weights", weights },
		{ "the nemesis block", nemesis },
		{ "heads", heads },
	};
	uint8_t seed[32] = { 5 };

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	edk_secret_make(&harvester, seed);
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
