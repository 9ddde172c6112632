/* SPDX-License-Identifier: Apache-2.0 */
/*
 * books.h - double entry over journal records: who is owed what, and where the coins are.
 *
 * The journal is the truth; this is the state that its records add up to.  Every rule is enforced
 * when a record is applied, never in a report: a record that would break one is refused and
 * nothing changes.  design.md 6; ledger.md A.1 (holds are judged pessimistically).
 *
 * Sides.  A debit account (box, purse, till, deposit, spare, bank, fee, shortage) is what we have
 * or have lost; a credit account (customer, in-flight, suspense, house, ...) is what we owe or own.
 * For each account and both sides there is a posted and a held sum.  docs/books.md has the chart.
 *
 *   ACCOUNT   id = account, amount = enum books_kind, asset
 *   TRANSFER  id, debit, credit, amount; flag-free; opens nothing
 *   HOLD      id, debit, credit, amount: reserved on both sides until POST or VOID
 *   POST      id, ref = the hold, amount = the hold's: held becomes posted
 *   VOID      id, ref = the hold: held is released
 *
 * Laws after every record (P1):
 *   per asset, posted debits = posted credits and held debits = held credits;
 *   no limited account goes past zero, holds counted;
 *   a record that raises what customers are owed leaves it at or below what the chain accounts
 *   hold plus what is in flight (T41: no coin is credited that is not there).
 */
#ifndef KURAMORI_BOOKS_BOOKS_H
#define KURAMORI_BOOKS_BOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/money.h"
#include "log/record.h"

enum {
	BOOKS_LINKED_MAX = 64, /* records that stand or fall together */
};

/* Stored in journals: append only. */
enum books_kind {
	BOOKS_CUSTOMER = 1,
	BOOKS_BOX = 2,
	BOOKS_PURSE = 3,
	BOOKS_TILL = 4,
	BOOKS_DEPOSIT = 5,
	BOOKS_SPARE = 6,
	BOOKS_IN_FLIGHT = 7,   /* leaves the customer, has not left the till for good; holds only */
	BOOKS_FEE = 8,         /* network fees that the house bore */
	BOOKS_SHORTAGE = 9,    /* what theft or rollback took: a house account, never refused */
	BOOKS_OPENING = 10,    /* zero before and after the books are opened */
	BOOKS_SUSPENSE = 11,   /* arrived, owner unknown */
	BOOKS_HOUSE = 12,      /* the house's own coins */
	BOOKS_BANK = 13,       /* money at a bank: what JPY customers' credit stands on */
	BOOKS_FEE_INCOME = 14, /* what customers paid the house for a service */
	BOOKS_CONVERSION = 15, /* the house's position between two assets; both sides of a trade */
	BOOKS_KINDS = 16,      /* one above the largest; grows with the list */
};

/* Whose word a posting is.  The chart says for each kind who may touch it (books_kind_may()). */
enum books_poster {
	BOOKS_BY_CHAIN = 1,    /* kuramorid, for what a chain of ours did or a withdrawal holds */
	BOOKS_BY_CLIENT = 2,   /* the exchange's back end, by the API */
	BOOKS_BY_OPERATOR = 4, /* a person with an approval document; a run of an approved plan */
};

/* 64 bytes: there are hundreds of thousands.  What is held of one: books_held(). */
struct books_account {
	struct id128 id;
	u128 debits; /* posted */
	u128 credits;
	uint16_t asset;
	uint16_t kind; /* enum books_kind */
	uint32_t held; /* its row of books.held + 1; 0: nothing was ever held */
};

/* Sums of open holds, for the few accounts that have had one. */
struct books_sums {
	u128 debits;
	u128 credits;
};

struct books_hold {
	struct id128 id;
	uint32_t debit; /* index of the account */
	uint32_t credit;
	u128 amount;
	bool open; /* neither posted nor voided */
};

/* What is known of an id that was used: for idempotency. */
struct books_used {
	struct id128 id;
	uint64_t digest; /* of the record's content */
};

/* Fault injection for ./sim, off (0) in every program.  Each breaks one law on purpose. */
enum books_plant {
	BOOKS_PLANT_NONE = 0,
	BOOKS_PLANT_HOLD_UNCOUNTED = 1, /* a hold is not counted against the balance */
	BOOKS_PLANT_POST_TWICE = 2,     /* a hold may be posted again */
};

struct books {
	struct books_account *accounts;
	size_t account_count, account_cap;
	uint32_t *account_slots; /* open addressing: index + 1, 0 empty */
	size_t account_slot_count;
	struct books_sums *held;
	size_t held_count, held_cap;
	struct books_hold *holds;
	size_t hold_count, hold_cap;
	uint32_t *hold_slots;
	size_t hold_slot_count;
	struct books_used *used;
	size_t used_count, used_slot_count;
	size_t applied; /* records that changed the books: a repetition leaves it as it was */
	/* per asset: kept up to date so that the reserve rule costs nothing */
	u128 owed[3];     /* customers, credits - debits */
	u128 reserves[3]; /* accounts that count as reserve, debits - credits */
	unsigned planted; /* enum books_plant */
};

/* Empty books.  Memory is taken as they grow; ERR_FULL when there is none. */
MUST_CHECK enum err books_init(struct books *b);
void books_free(struct books *b);

/*
 * Applies one record of kind ACCOUNT, TRANSFER, HOLD, POST or VOID.
 *
 * ERR_OK: done, or the very same record was applied before (idempotent; nothing changes).
 * ERR_EXISTS: the id was used with other content (accounts have a name space of their own).
 * ERR_NOT_FOUND: account or hold unknown. ERR_ASSET: the accounts' assets differ from the record's.
 * ERR_AMOUNT: zero, or a post of another amount than was held.  ERR_FUNDS: a limited account would
 * go below zero.  ERR_CAP: customers would be owed more than is there.  ERR_STATE: the hold is not
 * open.  ERR_OVERFLOW, ERR_FULL, ERR_TYPE (not a kind of the books), ERR_INPUT (debit = credit,
 * unknown account kind). On every error the books are unchanged.
 */
MUST_CHECK enum err books_apply(struct books *b, const struct log_record *r);

/*
 * Applies n linked records, 1 to BOOKS_LINKED_MAX: all or none.  *failed (may be NULL) is the first
 * that was refused.
 */
MUST_CHECK enum err books_apply_all(struct books *b, const struct log_record *r, size_t n,
				    size_t *failed);

/* NULL if there is none.  The pointer lives until the next record. */
const struct books_account *books_account(const struct books *b, const struct id128 *id);

/* NULL if there is none.  Also of holds that are no longer open.  Lives until the next record. */
const struct books_hold *books_hold_at(const struct books *b, const struct id128 *id);

/* True if a TRANSFER, HOLD, POST or VOID was applied under this id. */
bool books_known(const struct books *b, const struct id128 *id);

/* The sums of open holds on both sides of an account of b. */
struct books_sums books_held(const struct books *b, const struct books_account *a);

/* What may still be spent: the normal side's surplus less holds.  Zero for an unknown account. */
u128 books_available(const struct books *b, const struct id128 *id);

/* Posted surplus on the account's normal side; zero if it is on the other side. */
u128 books_balance(const struct books *b, const struct id128 *id);

/* True for accounts that hold coins on the chain. */
bool books_kind_on_chain(uint32_t kind);
/* True for accounts that customers' credit stands on: those on the chain, and the bank's. */
bool books_kind_reserve(uint32_t kind);
/* True if `who` may debit or credit accounts of this kind (docs/books.md, the chart). */
bool books_kind_may(uint32_t kind, enum books_poster who);
/* True for accounts that may not go past zero, holds counted. */
bool books_kind_limited(uint32_t kind);
/* True for accounts whose normal side is debit. */
bool books_kind_debit(uint32_t kind);
/* "customer"; static; NULL if unknown (0 and BOOKS_KINDS and above are). */
const char *books_kind_name(uint32_t kind);

/*
 * The 128-bit name of an account: the first 16 bytes of SHA-256("kuramori account v1" LF kind LF
 * asset LF name), marked as a UUID of version 8 (RFC 9562 5.8).  So whoever knows the name can find
 * the account, and a published record gives no customer away.
 */
void books_account_id(struct id128 *out, uint32_t kind, uint32_t asset, struct bytes name);

/*
 * Every law from the raw accounts and holds, nothing cached believed.  ERR_CORRUPT with *why set to
 * static words naming the law that is broken.
 */
MUST_CHECK enum err books_validate(const struct books *b, const char **why);

/* SHA-256 over all accounts and open holds in order of id: equal books have equal hashes. */
MUST_CHECK enum err books_hash(const struct books *b, struct hash32 *out);

#endif
