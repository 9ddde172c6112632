/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_wallet_loss.h - the most that stolen keys can make one multisig account lose, by NIS's rules.
 *
 * What a cosigner has signed stays good (nem.md 2.8, 3.4): a cosignature names the inner
 * transaction alone, so whoever holds one key of the account may put it under a wrapper of his own,
 * whose fee has no maximum and is the account's to pay; the fee of a cosignature itself has a
 * maximum of NEM_FEE_COSIGNATURE_MAX_MICRO; blocks ask the wrapper's deadline alone; hashes are
 * forgotten. Which of these a state of an account allows, and what it costs, is computed here.  The
 * test that stands beside it plays every move on the rules of the development node (src/nis) and
 * finds the same figure.
 *
 * Loss is what leaves the account beyond what was ordered: of a payment that is owed, amount and
 * fees as ordered are no loss, whoever makes it happen; of one that is settled everything is.
 * Counted are coins only; a proposal that jams a pool (nem.md 4.4) takes none.
 */
#ifndef KURAMORI_CHAIN_NEM_WALLET_LOSS_H
#define KURAMORI_CHAIN_NEM_WALLET_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

enum {
	NEM_WALLET_LOSS_UNITS_MAX = 1024,
	NEM_WALLET_LOSS_NOBODY = 255, /* in `wrapper` and `unit` below */
	/* nis.transactionHashRetentionTime as nodes have it (nem.md 5.4.3) */
	NEM_WALLET_LOSS_RETENTION_S = 36 * 3600,
};

/*
 * A transfer for which at least one key of the account has signed.  Amounts and fees in micro-XEM,
 * times in NEM seconds.  Where the parts of a unit have different times, the earliest timestamp and
 * the latest deadline give an upper bound; with one for all (as ours) the result is exact.
 */
struct nem_wallet_loss_unit {
	uint64_t amount_micro;
	uint64_t fee_inner_micro;
	uint64_t fee_outer_micro; /* of the wrapper, as ordered */
	uint32_t cosigned;        /* bit i: a cosignature of holder i has left its signer */
	uint8_t wrapper;          /* the holder whose signed wrapper has left him, or nobody */
	bool settled;             /* it stands in a block that nothing undoes: no longer owed */
	uint32_t timestamp_s;     /* of the inner and its cosignatures */
	uint32_t deadline_s;      /* of the inner and its cosignatures */
	uint32_t wrapper_deadline_s;
};

struct nem_wallet_loss_account {
	unsigned holders; /* cosigners, 1..32 */
	unsigned needed;  /* as the chain has it: 0 means all */
	uint64_t balance_micro;
	uint64_t fee_cosign_micro; /* of each cosignature, as ordered */
	const struct nem_wallet_loss_unit *units;
	size_t n;
	uint32_t now_s; /* the earliest second of the next block */
	/* The last second in which a block may still spend from the account: then it is empty. */
	uint32_t until_s;
};

struct nem_wallet_loss_thief {
	uint32_t keys;  /* bit i: he holds the key of holder i; 0: none */
	bool harvester; /* and makes blocks of his own, whose fees are his */
};

enum nem_wallet_loss_reason {
	NEM_WALLET_LOSS_NONE = 0,
	NEM_WALLET_LOSS_RAISE = 1,  /* his own cosignature under honest wrappers, at a high fee */
	NEM_WALLET_LOSS_REWRAP = 2, /* a payment that is owed, under his wrapper, the rest as fee */
	NEM_WALLET_LOSS_REVIVE = 3, /* the same with one that has expired: needs his block */
	NEM_WALLET_LOSS_REPEAT = 4, /* the same with a settled one that nodes have forgotten */
	NEM_WALLET_LOSS_REMOVE = 5, /* throws the others out: n-of-n with all keys but one */
	NEM_WALLET_LOSS_SPEND = 6,  /* he holds as many keys as are needed */
};

/* total = burnt + taken + repeated */
struct nem_wallet_loss {
	uint64_t total;
	uint64_t burnt;    /* fees of blocks that are not his */
	uint64_t taken;    /* paid to him, or fees of his own blocks */
	uint64_t repeated; /* paid once more to who was paid already; his if that was he */
	enum nem_wallet_loss_reason reason;
	uint16_t unit; /* that is wrapped again; NEM_WALLET_LOSS_NOBODY if none */
};

/*
 * The largest loss from this state, and of the ways to it one that pays the thief most.  He may
 * wait until until_s, meanwhile nothing else happens to the account; he wins every race.
 * ERR_FIELD_RANGE: holders, needed, keys or wrapper outside the account, a wrapper among its own
 * cosignatures, a fee that no node takes, more than all the XEM there are, until_s before now_s;
 * ERR_TOO_LARGE: more than NEM_WALLET_LOSS_UNITS_MAX units.  *out is written on ERR_OK only.
 */
MUST_CHECK enum err nem_wallet_loss(struct nem_wallet_loss *out,
				    const struct nem_wallet_loss_account *account,
				    const struct nem_wallet_loss_thief *thief);

/* "none", "raise", "rewrap", "revive", "repeat", "remove", "spend".  Static. */
const char *nem_wallet_loss_word(enum nem_wallet_loss_reason reason);

#endif
