/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_wallet_loss.h"

#include "base/check.h"
#include "base/words.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_multisig.h"

/* One question, with what follows from it at once. */
struct asked {
	const struct nem_wallet_loss_account *a;
	uint32_t keys;
	unsigned mine;   /* keys that he holds */
	unsigned needed; /* signatures of an ordinary payment */
	bool harvester;
};

static unsigned count(uint32_t bits)
{
	return (unsigned)__builtin_popcount(bits);
}

/* ---- form ---- */

static bool holder_ok(const struct nem_wallet_loss_account *a, uint32_t bits)
{
	return a->holders == NEM_MULTISIG_COSIGNERS_MAX || bits >> a->holders == 0;
}

static bool unit_ok(const struct nem_wallet_loss_account *a, const struct nem_wallet_loss_unit *u)
{
	if (u->amount_micro > NEM_SUPPLY_MICRO || u->fee_inner_micro > NEM_SUPPLY_MICRO ||
	    u->fee_outer_micro > NEM_SUPPLY_MICRO || u->fee_outer_micro < NEM_FEE_MULTISIG_MICRO ||
	    u->fee_inner_micro < nem_fee_transfer(u->amount_micro, 0) ||
	    !holder_ok(a, u->cosigned)) {
		return false;
	}
	return u->wrapper == NEM_WALLET_LOSS_NOBODY ||
	       (u->wrapper < a->holders && (u->cosigned >> u->wrapper & 1) == 0);
}

static enum err form(const struct nem_wallet_loss_account *a,
		     const struct nem_wallet_loss_thief *thief)
{
	if (a->n > NEM_WALLET_LOSS_UNITS_MAX) {
		return ERR_TOO_LARGE;
	}
	if (a->holders < 1 || a->holders > NEM_MULTISIG_COSIGNERS_MAX || a->needed > a->holders ||
	    a->balance_micro > NEM_SUPPLY_MICRO || a->until_s < a->now_s ||
	    a->fee_cosign_micro < NEM_FEE_COSIGNATURE_MICRO ||
	    a->fee_cosign_micro > NEM_FEE_COSIGNATURE_MAX_MICRO || !holder_ok(a, thief->keys)) {
		return ERR_FIELD_RANGE;
	}
	for (size_t i = 0; i < a->n; i++) {
		if (!unit_ok(a, &a->units[i])) {
			return ERR_FIELD_RANGE;
		}
	}
	return ERR_OK;
}

/* ---- keeping the best ---- */

static void keep(struct nem_wallet_loss *best, const struct nem_wallet_loss *one)
{
	CHECK(one->total == one->burnt + one->taken + one->repeated);
	if (one->total > best->total || (one->total == best->total && one->taken > best->taken)) {
		*best = *one;
	}
}

/* So much in fees, and so much to who was paid already. */
static void keep_fees(struct nem_wallet_loss *best, const struct asked *q,
		      enum nem_wallet_loss_reason reason, size_t unit, uint64_t fees,
		      uint64_t repeated)
{
	const struct nem_wallet_loss one = { .total = fees + repeated,
					     .burnt = q->harvester ? 0 : fees,
					     .taken = q->harvester ? fees : 0,
					     .repeated = repeated,
					     .reason = reason,
					     .unit = (uint16_t)unit };

	keep(best, &one);
}

/* ---- with keys alone ---- */

/*
 * He signs payments himself: all that is there, the least of it in fees.  spent: fees paid before.
 */
static void spend(struct nem_wallet_loss *best, const struct asked *q,
		  enum nem_wallet_loss_reason reason, uint64_t spent, unsigned cosignatures)
{
	struct nem_wallet_loss one = { .total = q->a->balance_micro,
				       .reason = reason,
				       .unit = NEM_WALLET_LOSS_NOBODY };
	uint64_t amount, fee;

	CHECK(spent <= q->a->balance_micro);
	if (nem_fee_empty_account(&amount, &fee, q->a->balance_micro - spent, 0, cosignatures,
				  NEM_FEE_COSIGNATURE_MICRO) == ERR_OK) {
		one.taken = amount;
	}
	if (q->harvester) {
		one.taken = one.total;
	}
	one.burnt = one.total - one.taken;
	keep(best, &one);
}

static void with_keys(struct nem_wallet_loss *best, const struct asked *q)
{
	bool all = q->needed == q->a->holders;
	uint64_t least;

	if (q->mine >= q->needed) {
		/* Even a payment of nothing lets the wrapper's fee take all. */
		least = NEM_FEE_UNIT_MICRO + NEM_FEE_MULTISIG_MICRO +
			(uint64_t)(q->needed - 1) * NEM_FEE_COSIGNATURE_MICRO;
		if (q->a->balance_micro >= least) {
			spend(best, q, NEM_WALLET_LOSS_SPEND, 0, q->needed - 1);
		}
		return;
	}
	/*
	 * The signature of the one who is removed is not asked for where all must sign
	 * (nem.md 4.2); of those who stay all must sign again.
	 */
	if (all && q->mine + 1 == q->needed && q->mine > 0) {
		least = NEM_FEE_MODIFICATION_MICRO + NEM_FEE_MULTISIG_MICRO +
			(uint64_t)(q->mine - 1) * NEM_FEE_COSIGNATURE_MICRO;
		if (q->a->balance_micro >= least) {
			spend(best, q, NEM_WALLET_LOSS_REMOVE, least, q->mine - 1);
		}
	}
}

/* ---- with what others have signed ---- */

/* What the order of a unit lets leave the account: amount, and fees as ordered. */
static u128 due(const struct asked *q, const struct nem_wallet_loss_unit *u)
{
	unsigned cosignatures = count(u->cosigned);

	if (cosignatures + 1 < q->needed) {
		cosignatures = q->needed - 1;
	}
	return (u128)u->amount_micro + u->fee_inner_micro + u->fee_outer_micro +
	       (u128)cosignatures * q->a->fee_cosign_micro;
}

/* The reason for which a block may still hold this inner, or none. */
static enum nem_wallet_loss_reason alive(const struct asked *q,
					 const struct nem_wallet_loss_unit *u)
{
	if (!u->settled) {
		if (u->deadline_s >= q->a->now_s) {
			return NEM_WALLET_LOSS_REWRAP;
		}
		return q->harvester ? NEM_WALLET_LOSS_REVIVE : NEM_WALLET_LOSS_NONE;
	}
	/*
	 * Its deadline has passed long before it is forgotten: only a block of his own takes it.
	 * Forgotten is what is older than the retention when seen from the top block; one block
	 * goes before his.
	 */
	return q->harvester &&
		       (uint64_t)u->timestamp_s + NEM_WALLET_LOSS_RETENTION_S + 2 <= q->a->until_s
		   ? NEM_WALLET_LOSS_REPEAT
		   : NEM_WALLET_LOSS_NONE;
}

/* A wrapper of his own around an inner that others have cosigned: the rest is its fee. */
static void rewrap(struct nem_wallet_loss *best, const struct asked *q, size_t at)
{
	const struct nem_wallet_loss_unit *u = &q->a->units[at];
	enum nem_wallet_loss_reason reason = alive(q, u);
	unsigned others = count(u->cosigned & ~q->keys);
	uint64_t balance = q->a->balance_micro;
	unsigned theirs;
	u128 least, owed;

	if (reason == NEM_WALLET_LOSS_NONE || q->mine == 0 || others + q->mine < q->needed) {
		return;
	}
	theirs = q->needed > q->mine ? q->needed - q->mine : 0;
	least = (u128)u->amount_micro + u->fee_inner_micro + NEM_FEE_MULTISIG_MICRO +
		(u128)theirs * q->a->fee_cosign_micro +
		(u128)(q->needed - theirs - 1) * NEM_FEE_COSIGNATURE_MICRO;
	owed = due(q, u);
	if (least > balance) {
		return;
	}
	if (u->settled) {
		keep_fees(best, q, reason, at, balance - u->amount_micro, u->amount_micro);
	} else if (owed < balance) {
		keep_fees(best, q, reason, at, balance - (uint64_t)owed, 0);
	}
}

/* Under an honest wrapper that is not mined yet he may hang cosignatures at any fee. */
static bool may_raise(const struct asked *q, const struct nem_wallet_loss_unit *u)
{
	uint32_t signers;

	if (u->settled || u->wrapper == NEM_WALLET_LOSS_NOBODY ||
	    (q->keys >> u->wrapper & 1) != 0 || u->wrapper_deadline_s < q->a->now_s) {
		return false;
	}
	signers = u->cosigned | q->keys | UINT32_C(1) << u->wrapper;
	return count(signers) >= q->needed && (q->harvester || u->deadline_s >= q->a->now_s);
}

/*
 * As many payments as bring most: each gives room for more fee and takes what it owes.  Where a
 * wrapper of his own is possible too, that takes all the rest with one of them; where it is not,
 * the order has counted on his cosignature and every payment gives the same room, so the cheapest
 * are the best.
 */
static void raise(struct nem_wallet_loss *best, const struct asked *q)
{
	const uint64_t room =
	    (uint64_t)q->mine * (NEM_FEE_COSIGNATURE_MAX_MICRO - q->a->fee_cosign_micro);
	u128 paid = 0, rooms = 0, last = 0;
	size_t last_at = 0;
	bool first = true;

	for (;;) {
		const u128 balance = q->a->balance_micro;
		size_t at = q->a->n;
		u128 least = 0, gain;

		/* The next in the order of (what it owes, place). */
		for (size_t i = 0; i < q->a->n; i++) {
			u128 owed = due(q, &q->a->units[i]);

			if (may_raise(q, &q->a->units[i]) &&
			    (first || owed > last || (owed == last && i > last_at)) &&
			    (at == q->a->n || owed < least)) {
				at = i;
				least = owed;
			}
		}
		if (at == q->a->n || paid + least > balance) {
			return;
		}
		paid += least;
		rooms += room;
		gain = rooms < balance - paid ? rooms : balance - paid;
		keep_fees(best, q, NEM_WALLET_LOSS_RAISE, NEM_WALLET_LOSS_NOBODY, (uint64_t)gain,
			  0);
		last = least;
		last_at = at;
		first = false;
	}
}

enum err nem_wallet_loss(struct nem_wallet_loss *out, const struct nem_wallet_loss_account *account,
			 const struct nem_wallet_loss_thief *thief)
{
	const struct asked q = { .a = account,
				 .keys = thief->keys,
				 .mine = count(thief->keys),
				 .needed =
				     account->needed == 0 ? account->holders : account->needed,
				 .harvester = thief->harvester };
	struct nem_wallet_loss best = { .reason = NEM_WALLET_LOSS_NONE,
					.unit = NEM_WALLET_LOSS_NOBODY };
	enum err e = form(account, thief);

	if (e != ERR_OK) {
		return e;
	}
	if (q.mine > 0) {
		with_keys(&best, &q);
		for (size_t i = 0; i < account->n; i++) {
			rewrap(&best, &q, i);
		}
		raise(&best, &q);
	}
	*out = best;
	return ERR_OK;
}

const char *nem_wallet_loss_word(enum nem_wallet_loss_reason reason)
{
	switch (reason) {
	case NEM_WALLET_LOSS_NONE:
		return N_("none");
	case NEM_WALLET_LOSS_RAISE:
		return N_("raise");
	case NEM_WALLET_LOSS_REWRAP:
		return N_("rewrap");
	case NEM_WALLET_LOSS_REVIVE:
		return N_("revive");
	case NEM_WALLET_LOSS_REPEAT:
		return N_("repeat");
	case NEM_WALLET_LOSS_REMOVE:
		return N_("remove");
	case NEM_WALLET_LOSS_SPEND:
		return N_("spend");
	}
	CHECK(false); /* a reason without a word */
	return "";
}
