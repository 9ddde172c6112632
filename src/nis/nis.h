/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nis.h - the rules of a NEM node (NIS1): one chain, several pools over it, blocks.
 *
 * The core of kuramori-node and of the node in ./sim.  No input or output, no clock, no random:
 * times are NEM seconds passed in, keys come with the configuration, and the same calls in the same
 * order give the same bytes.  It allocates when it grows (only kuramori-node, tests and the
 * simulator link it) and ends the process if memory runs out.  Not thread safe; any number of
 * independent chains may exist in one process.  crypto_init() comes first.
 *
 * What is reproduced on purpose, although it is harmful (nem.md 2.8, 3.4, 4.4): a block judges the
 * deadline of the wrapper alone; hashes are forgotten after the retention time; the fee of a
 * wrapper has no maximum; a pool executes proposals that lack cosignatures; a short-lived
 * cosignature kills its proposal; results are cached by a hash that ignores the signature.
 *
 * What differs from NIS, on purpose:
 *  - The caller says when and from which pool a block is made.  Difficulty, score and fork choice
 * are NIS's; whether a harvester must have been drawn for the second of its block is a switch
 *    (must_hit), off for chains whose blocks are made by appointment.
 *  - Importance is not NEM's proof of importance: it is an account's share of the XEM of all that
 *    have at least 10,000, without vesting (docs/decisions/0007-importance-is-balance.md).
 *  - The generation hash of block 1, a constant of each network in NIS, is the hash of block 1.
 *  - The spam filter is a switch and counts every importance as 0 (nem.md 6).
 *  - After a block a pool also drops what would repeat a hash of the chain, instead of keeping it
 *    until its deadline.
 *  - An inner transaction that is a cosignature gets 71 (nem.md 4.3: NIS accepts it into the pool),
 *    a cosignature at the top of a block 73: NIS executes it and then fails to store the block.
 *  - What does not decode is refused before any other question (docs/node.md).
 *  - Where NIS's harvester would make no block because of one transaction (it names that harvester
 *    as a remote; a mosaic of it is no longer defined), this one leaves it out.
 */
#ifndef KURAMORI_NIS_NIS_H
#define KURAMORI_NIS_NIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "chain/nem/nem_address.h"
#include "chain/nem/nem_multisig.h"
#include "chain/nem/nem_result.h"
#include "crypto/edk.h"
#include "nis/nis_score.h"

enum {
	NIS_POOLS_MAX = 4,
	NIS_UNDO_MAX = 360,                 /* blocks: the rewrite limit (nem.md 6) */
	NIS_RETENTION_S = 36 * 3600,        /* nis.transactionHashRetentionTime (nem.md 5.4.3) */
	NIS_RESULT_CACHE_S = 600,           /* nem.md 5.4.2 */
	NIS_SPAM_START = 120,               /* nem.md 6 */
	NIS_NAMESPACE_BLOCKS = 525600,      /* a root lives so long (nem.md 3.5) */
	NIS_POOL_TRANSACTIONS_MAX = 100000, /* ours: then FAILURE_TRANSACTION_CACHE_TOO_FULL */
	NIS_BRANCH_MAX = 400,               /* blocks at once from another node (nem.md 6) */
};

/* The time of no block. */
#define NIS_NEVER UINT32_MAX

/* Bugs planted for ./sim, which must find them.  Programs leave `planted` at 0. */
enum nis_plant {
	NIS_PLANT_SKIP_DUPLICATE = 1, /* blocks accept an inner hash mined within the retention */
};

struct nis_config {
	uint8_t network;      /* NEM_NETWORK_... */
	unsigned pools;       /* 1..NIS_POOLS_MAX */
	uint32_t retention_s; /* of transaction hashes; 0: for ever */
	uint32_t
	    undo_blocks;   /* kept for nis_roll_back(); 0: NIS_UNDO_MAX, which is also the most */
	bool result_cache; /* 10 minutes by hash, each pool its own */
	bool spam_filter;
	bool must_hit;         /* blocks need hit < target (nem.md 6); off: any second will do */
	unsigned planted;      /* 0, or bits of enum nis_plant */
	uint8_t harvester[32]; /* private key as NEM prints it; throw-away keys only */
};

struct nis_grant {
	struct nem_address to;
	uint64_t amount; /* micro-XEM, not 0 */
};

/* Block 1: transfers without fee, signed by the nemesis key, in this order. */
struct nis_nemesis {
	uint32_t time_s; /* of the block and all its transactions */
	uint8_t key[32]; /* private key as NEM prints it */
	const struct nis_grant *grants;
	size_t n;
};

struct nis;

/*
 * A chain of one block.  The same configuration and nemesis give the same block hash.
 * What the grants leave of NEM_SUPPLY_MICRO stays with the nemesis account, which may never send.
 * ERR_NETWORK; ERR_FIELD_RANGE (pools, undo_blocks, an amount of 0, time); ERR_FULL more grants
 * than a block holds (120); ERR_OVERFLOW if they exceed the supply; ERR_KEY if harvester and
 * nemesis share a key; ERR_ADDRESS if a grant is of another network.  *out belongs to the caller
 * until nis_close(); NULL may be closed.
 */
MUST_CHECK enum err nis_open(struct nis **out, const struct nis_config *config,
			     const struct nis_nemesis *nemesis);
void nis_close(struct nis *n);

/*
 * Switches that tests turn while the chain runs.  seconds 0: hashes are kept for ever; pools drop
 * what is now remembered again.
 */
void nis_set_retention(struct nis *n, uint32_t seconds, uint32_t now_s);
void nis_set_result_cache(struct nis *n, bool on);

/* ---- announcing (nem.md 5.4, 7.2) ---------------------------------------------------------- */

/* What NIS answers.  Codes at or above 2 are refusals; 0 and 1 are not failures. */
struct nis_answer {
	enum nem_result code;
	struct hash32 hash;
	bool has_inner;
	struct hash32 inner;          /* of a multisig: what cosigners sign */
	struct nem_mosaic_id unknown; /* with ERR_ASSET only; the rest is not written then */
};

/*
 * /transaction/announce: the non-verifiable bytes and their signature, judged by one pool (0..pools
 * - 1) against its own state.  ERR_OK with a verdict in *out, whatever its code; ERR_INPUT if the
 * bytes are no transaction, or one on which NIS ends with an exception (nis_judge.h); ERR_ADDRESS
 * if a recipient is not an address of this network (NIS answers 404); ERR_ASSET if a mosaic is not
 * defined (NIS answers 400); ERR_TYPE for a type not known here; ERR_TOO_LARGE.  *why (may be
 * NULL): words, static, on failure.
 */
MUST_CHECK enum err nis_announce(struct nis *n, unsigned pool, struct bytes data,
				 const struct sig64 *signature, uint32_t now_s,
				 struct nis_answer *out, const char **why);

/*
 * /push/transaction: one whole transaction in verifiable form, a multisig with its cosignatures,
 * validated as a unit: one bad part refuses all.  Errors as above.
 */
MUST_CHECK enum err nis_push(struct nis *n, unsigned pool, struct bytes verifiable, uint32_t now_s,
			     struct nis_answer *out, const char **why);

/* Drops what has expired at now_s from every pool, as NIS does once a second or so. */
void nis_expire(struct nis *n, uint32_t now_s);

/* Empties one pool, as a restart of that node would; its result cache too. */
void nis_drop_pool(struct nis *n, unsigned pool);

/* ---- pool content -------------------------------------------------------------------------- */

/* Changes whenever the content of the pool does. */
uint64_t nis_pool_version(const struct nis *n, unsigned pool);
size_t nis_pool_count(const struct nis *n, unsigned pool);

struct nis_pooled {
	struct bytes verifiable; /* with the cosignatures so far; valid until the next change */
	struct hash32 hash;
	bool has_inner;
	struct hash32 inner;
	uint32_t timestamp_s;
};

/*
 * The index-th transaction, 0 <= index < nis_pool_count(): those that were there when the last
 * block came by falling fee, then the later ones as they arrived.
 */
struct nis_pooled nis_pool_at(const struct nis *n, unsigned pool, size_t index);

/*
 * True if the pooled transaction concerns the address: signer, recipient, multisig account, one of
 * its cosigners, or named by a modification (nem.md 5.2.2).
 */
bool nis_pool_concerns(const struct nis *n, unsigned pool, size_t index,
		       const struct nem_address *address);

/* The balance that this pool sees (confirmed and executed): what announces are judged against. */
uint64_t nis_pool_balance(const struct nis *n, unsigned pool, const struct nem_address *address);

/* ---- blocks (nem.md 2.9, 6) ---------------------------------------------------------------- */

struct nis_block {
	uint64_t height;
	uint32_t time_s;
	struct hash32 hash;
	struct bytes verifiable; /* with the harvester's signature; valid until rolled back */
	struct key32 harvester;
	struct nem_address
	    beneficiary;     /* who got the fees: the harvester, or who lent it importance */
	uint64_t fees;       /* micro-XEM */
	uint64_t difficulty; /* nem.md 6 */
	u128 score;          /* of the chain from block 1 (whose own is 0) up to this block */
	struct hash32 generation;
	unsigned transactions;     /* wrappers count once */
	unsigned all_transactions; /* inner and cosignatures counted */
};

uint64_t nis_height(const struct nis *n);
/* False if there is no block of this height. */
bool nis_block_at(const struct nis *n, uint64_t height, struct nis_block *out);
struct nis_block nis_top(const struct nis *n);

/*
 * The first second at which this harvester (a public key; NULL: the configured one) may make the
 * next block: the one after the top's, or with must_hit the first in which it hits.  NIS_NEVER: it
 * is the nemesis key, it may not because of its remote links (11), it has no importance, or that
 * second is beyond NEM's time.
 */
uint32_t nis_harvest_from(const struct nis *n, const struct key32 *harvester);

/*
 * Makes, signs, judges and appends the next block at time_s from one pool: expired ones dropped,
 * those with timestamp < time_s <= deadline and enough signatures, in fee order, at most 120, none
 * signed by the harvester or who lends him his importance.  ERR_FIELD_RANGE if time_s is before
 * nis_harvest_from(); ERR_STATE if that is NIS_NEVER.
 */
MUST_CHECK enum err nis_mine(struct nis *n, unsigned pool, uint32_t time_s);

/*
 * A block of exactly these transactions (verifiable form), past every pool: what a harvester
 * that colludes can do.  It is judged like any other block; the verdict is in *code, SUCCESS if it
 * was appended.  harvester NULL: the configured one.  ERR_OK with a verdict; ERR_INPUT if one of
 * the transactions cannot be decoded; ERR_FIELD_RANGE for the time; ERR_TOO_LARGE.
 */
MUST_CHECK enum err nis_mine_given(struct nis *n, const struct bytes *transactions, size_t count,
				   uint32_t time_s, const struct edk_secret *harvester,
				   enum nem_result *code);

/*
 * Judges and appends one complete block in verifiable form, from anybody (also the replay of a
 * stored chain).  ERR_OK with the verdict in *code; ERR_INPUT, ERR_TYPE, ERR_ADDRESS if it is no
 * block.  now_s: the block may lie at most 10 s after it.
 */
MUST_CHECK enum err nis_accept(struct nis *n, struct bytes verifiable, uint32_t now_s,
			       enum nem_result *code);

/*
 * Undoes every block above `height`.  Their transactions go back to every pool, as far as they are
 * still valid at now_s.  ERR_FIELD_RANGE if height is 0 or above the top; ERR_STATE if that is more
 * blocks than are kept.
 */
MUST_CHECK enum err nis_roll_back(struct nis *n, uint64_t height, uint32_t now_s);

/*
 * Fork choice (N:sync/BlockChainUpdateContext.java): count blocks of another node in verifiable
 * form, one after the other, the first one on a block of ours.  If they are valid, and the chain
 * that ends with them has a higher score than ours, they replace what we have above that block, and
 * the transactions of our blocks go back to every pool, as far as they still fit.  Otherwise
 * everything is as it was before, ids included (names and addresses that were first heard of keep
 * their place in memory).  Work that the blocks cannot pay for with their score is not begun.
 *
 * ERR_OK with the verdict in *code: SUCCESS they are our chain now; NEUTRAL not a higher score
 * (also when we have them), or a transaction that the chain remembers;
 * FAILURE_MAX_CHAIN_SIZE_EXCEEDED more than NIS_BRANCH_MAX; FAILURE_BLOCK_UNEXPECTED_HEIGHT there
 * is none of our blocks before the first, or the heights do not rise by one; FAILURE_CHAIN_INVALID
 * the first does not follow our block, one does not follow the other, the times do not rise, or
 * more than the kept blocks (at most NIS_UNDO_MAX) would have to go; else what nis_accept() says of
 * the first that is refused.  ERR_INPUT (also count 0), ERR_TYPE, ERR_ADDRESS: one of them is no
 * block.
 */
MUST_CHECK enum err nis_adopt(struct nis *n, const struct bytes *blocks, size_t count,
			      uint32_t now_s, enum nem_result *code);

/* ---- confirmed state ----------------------------------------------------------------------- */

struct nis_account {
	struct nem_address address;
	uint64_t balance; /* confirmed, micro-XEM */
	bool key_known;   /* it has signed, or a modification named it */
	struct key32 public_key;
	unsigned cosigners; /* 0: an ordinary account */
	unsigned minimum;   /* as stored: 0 means all (nem.md 4.1) */
	struct nem_address cosigner[NEM_MULTISIG_COSIGNERS_MAX];
	unsigned cosignatory_of; /* how many accounts; nis_cosignatory_of() lists them */
	uint64_t harvested;      /* blocks */
	uint64_t importance; /* share of NIS_IMPORTANCE_WHOLE; at the top, not every 359 blocks */
};

/* An address that never occurred has zeros: never an error (nem.md 5.2). */
void nis_account(const struct nis *n, const struct nem_address *address, struct nis_account *out);
/* The index-th account that was ever heard of, from 0; false if there is none. */
bool nis_account_at(const struct nis *n, size_t index, struct nis_account *out);
/* Writes up to cap addresses of multisig accounts that this one cosigns; returns how many. */
size_t nis_cosignatory_of(const struct nis *n, const struct nem_address *address,
			  struct nem_address *out, size_t cap);

/* One confirmed transaction. */
struct nis_entry {
	uint64_t id; /* rises; never used again, also after a rollback (nem.md 5.2.1) */
	uint64_t height;
	struct bytes verifiable; /* valid until rolled back */
	struct hash32 hash;
	bool has_inner;
	struct hash32 inner;
};

enum nis_direction { NIS_INCOMING, NIS_OUTGOING, NIS_ALL };

/*
 * Confirmed transactions of an address, newest first, with id < before_id (0: all), as
 * /account/transfers lists them.  Writes up to cap entries; returns how many.
 */
size_t nis_transfers(const struct nis *n, const struct nem_address *address,
		     enum nis_direction direction, uint64_t before_id, struct nis_entry *out,
		     size_t cap);

/*
 * The confirmed transaction with this hash (wrapper or plain, not inner), as long as the hash is
 * retained; false otherwise: "Hash was not found in cache" (nem.md 5.4.3).
 */
bool nis_find(const struct nis *n, const struct hash32 *hash, struct nis_entry *out);

/* How often this hash (plain, wrapper, inner or cosignature) stands in the chain, for ever. */
unsigned nis_seen(const struct nis *n, const struct hash32 *hash);

/* The index-th transaction of a block, 0 <= index < its transactions.  False if there is none. */
bool nis_entry_at(const struct nis *n, uint64_t height, unsigned index, struct nis_entry *out);

/* ---- namespaces and mosaics, confirmed (nem.md 5.3) ---------------------------------------- */

struct nis_namespace {
	uint64_t id; /* of this node; rises */
	struct nem_namespace name;
	struct nem_address owner;
	uint64_t height; /* of the root's last provision, also for what is below it */
	bool active;     /* false: expired */
};

/* False if nobody ever provided it, or somebody else took over its root since. "nem" is there. */
bool nis_namespace(const struct nis *n, const struct nem_namespace *name,
		   struct nis_namespace *out);
/* Roots with id < before_id (0: all), newest first; expired ones too.  How many were written. */
size_t nis_roots(const struct nis *n, uint64_t before_id, struct nis_namespace *out, size_t cap);
/* Namespaces of an owner, active ones only; parent NULL: any level, else directly below it. */
size_t nis_namespaces_of(const struct nis *n, const struct nem_address *owner,
			 const struct nem_namespace *parent, uint64_t before_id,
			 struct nis_namespace *out, size_t cap);

struct nis_mosaic_info {
	uint64_t id;                                    /* of this node; rises */
	const struct nem_mosaic_definition *definition; /* valid until nis_close() */
	uint64_t supply;                                /* whole units */
	bool active;                                    /* its namespace has not expired */
};

/* False if it was never defined, or belongs to somebody who lost the root.  nem:xem is there. */
bool nis_mosaic(const struct nis *n, const struct nem_mosaic_id *id, struct nis_mosaic_info *out);
/*
 * Definitions, newest first, with id < before_id (0: all), active ones only; in this namespace and
 * by this creator, as far as they are given (NULL: any).
 */
size_t nis_mosaics(const struct nis *n, const struct nem_namespace *space,
		   const struct nem_address *creator, uint64_t before_id,
		   struct nis_mosaic_info *out, size_t cap);
/* What an address owns, nem:xem first even if 0; expired mosaics are left out. */
size_t nis_owned(const struct nis *n, const struct nem_address *address, struct nem_mosaic *out,
		 size_t cap);

enum nis_remote_state {
	NIS_REMOTE_STATE_INACTIVE,
	NIS_REMOTE_STATE_ACTIVATING,
	NIS_REMOTE_STATE_ACTIVE,
	NIS_REMOTE_STATE_DEACTIVATING,
	NIS_REMOTE_STATE_REMOTE, /* it harvests for somebody */
};

/*
 * The remote status of /account/status.  *forwarded (may be NULL): the account behind an address
 * that harvests for another, else the address itself.
 */
enum nis_remote_state nis_remote_state(const struct nis *n, const struct nem_address *address,
				       struct nem_address *forwarded);

/* ---- the feed (chain/feed.h), for the simulator -------------------------------------------- */

/* Bytes that nis_feed_pool() writes now. */
size_t nis_feed_pool_bytes(const struct nis *n, unsigned pool);
/* The body of FEED_POOL: u32 count, each u32 length and verifiable bytes, as nis_pool_at(). */
void nis_feed_pool(const struct nis *n, unsigned pool, struct writer *out);

/* ---- invariants ---------------------------------------------------------------------------- */

/*
 * Everything that must always hold, on the chain and every pool: balances and supply, multisig
 * links, block links, hashes, indices.  Returns NULL, or words for what is broken.  Cost grows with
 * the chain: for tests and the simulator.
 */
const char *nis_validate(const struct nis *n);

#endif
