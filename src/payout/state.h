/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.h - the states of a withdrawal and the one table of what may follow what (design.md 4).
 *
 *   requested -> screened -> approving <-> approved -> authorised -> announced -> confirming <->
 * settled \            \           \           (a key has spoken: no way back by time) refused
 * refused    refused / expired / frozen
 *
 * No I/O, no memory.  A cell that is not in the table is a refusal.
 */
#ifndef KURAMORI_PAYOUT_STATE_H
#define KURAMORI_PAYOUT_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

/* Stored in journals: append only.  0 is "does not exist yet". */
enum payout_state {
	PAYOUT_NONE = 0,
	PAYOUT_REQUESTED = 1,
	PAYOUT_SCREENED = 2,
	PAYOUT_APPROVING = 3,
	PAYOUT_APPROVED = 4,
	PAYOUT_AUTHORISED = 5, /* A's signature is here */
	PAYOUT_ANNOUNCED = 6,  /* the complete unit is here, and may be anywhere */
	PAYOUT_CONFIRMING = 7, /* in a block */
	PAYOUT_SETTLED = 8,    /* deep enough; the hold is posted */
	PAYOUT_REFUSED = 9,
	PAYOUT_EXPIRED = 10,
	PAYOUT_FROZEN = 11, /* a freeze was shown before a key had spoken */
	PAYOUT_STATES = 12,
};

/* What happens to a withdrawal.  Stored in journals: append only. */
enum payout_happening {
	PAYOUT_REQUEST = 1, /* booked: amount and fee are held */
	PAYOUT_SCREEN = 2,  /* destination and advisory policy passed */
	PAYOUT_ORDER = 3,   /* the order is fixed; people are needed */
	PAYOUT_APPROVE = 4, /* as many people as the tier asks for, be it none */
	PAYOUT_COSIGN = 5,  /* A's attestation and signature arrived and verify */
	PAYOUT_WRAP = 6,    /* B's too: the unit is complete */
	PAYOUT_MINE = 7,    /* seen in a block by its inner hash */
	PAYOUT_SETTLE = 8,  /* at depth */
	PAYOUT_UNMINE = 9,  /* its block was undone */
	PAYOUT_VETO = 10,   /* a person said no */
	PAYOUT_EXPIRE = 11, /* the order's time is over */
	PAYOUT_FREEZE = 12,
	PAYOUT_EXCLUDE = 13, /* the attempt is dead by the chain's rules: k watchers say so */
	PAYOUT_RESUME = 14,  /* the last freeze was lifted */
	PAYOUT_RECOUNT = 15, /* by the roster in force fewer people than needed have said yes */
	PAYOUT_HAPPENINGS = 16,
};

/* record.amount of a WITHDRAWAL_STATE, bits 24..: its blob is "who LF why". */
enum { STATE_NAMES_WHO = 1 };

/* "requested"; static.  NULL for a number that is no state. */
const char *state_name(unsigned state);
/* The state of this name; PAYOUT_NONE if there is none. */
enum payout_state state_of(struct bytes name);
/* "approve"; static.  NULL for a number that is no happening. */
const char *state_happening_name(unsigned happening);

/*
 * The one way to a new state.  old: what the caller believes the state is; now: what it is.
 * ERR_STATE: they differ, or the table has no such cell; *next is untouched.
 */
MUST_CHECK enum err state_next(enum payout_state *next, enum payout_state old,
			       enum payout_state now, enum payout_happening what);

/*
 * May `who` ("signer a", "approver bob": an actor of docs/withdrawal.md, with names where it has
 * them) have made this happen?
 */
bool state_may(enum payout_happening what, struct bytes who);
/* The actors of a happening without their names, as "policy, approver"; static.  NULL as above. */
const char *state_actors(unsigned happening);

/* Nothing can happen any more (a settled payment can still be undone by the chain). */
bool state_final(enum payout_state s);
/* The customer's amount is held: neither posted nor released. */
bool state_holds(enum payout_state s);
/* A signature of ours for it may exist outside: its coins must stay in the till. */
bool state_live(enum payout_state s);

#endif
