/* SPDX-License-Identifier: Apache-2.0 */
/*
 * books.h - double entry over journal records: who is owed what, and where the coins are.
 *
 * The journal is the truth; this is the state that its records add up to.  Every rule is enforced
 * when a record is applied, never in a report: a record that would break one is refused and
 * nothing changes.  design.md 6; ledger.md A.1 (holds are judged pessimistically); docs/books.md
 * (chart, laws, records, what a repeat is answered); docs/journal.md (the bytes).
 *
 * Sides.  A debit account (box, purse, till, deposit, spare, bank, fee, shortage) is what we have
 * or have lost; a credit account (customer, in-flight, suspense, house, ...) is what we owe or own.
 * For each account and both sides there is a posted and a held sum.
 *
 *   ACCOUNT     id = account, amount = enum books_kind, asset, ref = most it may hold (0: any)
 *   TRANSFER    id, asset, debit, credit, amount; ref is the caller's
 *   HOLD        id, asset, debit, credit, amount: reserved on both sides; ref is the caller's
 *   HOLD_UNTIL  the same, gone by itself at a moment: ref = Unix milliseconds (8 bytes), 8 zeros
 *   POST        id, asset, ref = the hold, amount up to the hold's: posted; the rest is released
 *   VOID        id, asset, ref = the hold, amount = the hold's: released
 *   EXPIRE      as VOID, by the books' own time, not before the hold's moment
 *   CLOSE       id, asset, ref = account: empty and nothing held; no posting for ever
 *   LIMIT       id, asset, ref = account, amount = most it may hold from now on (0: any)
 *   REFUSED     id, debit, credit, amount, ref, link of a refused record; asset = its asset,
 *               its kind << 16, the reason (base/err.def) << 24: the same answer for ever
 *
 * Laws after every record, or group of linked ones (P1):
 *   per asset, posted debits = posted credits and held debits = held credits;
 *   no limited account goes past zero, holds counted; none past its own maximum, holds counted;
 *   a closed account is empty and nothing is held of it;
 *   T41: what raises customers' credit plus what is in flight leaves it at or below the reserves
 *   (coins in flight are still in the till or bank: no coin is credited that is not there).
 *
 * Time.  The books' time is the latest time_ms of all records that were applied: it never goes
 * back, whatever a clock does, and it is the same in every replay.
 *
 * Ids.  The window keeps the newest records that used an id; older ones are looked up through
 * books_ids_from(), by the shell's index of the journal.  Without it the books keep all (memory
 * grows) or, with a window, believe a replay's older ids to be new, as they were when the record
 * was decided.
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
#include "books/index.h"
#include "log/batch.h"
#include "log/record.h"

enum {
	BOOKS_LINKED_MAX = LOG_BATCH_RECORDS_MAX, /* records that stand or fall together */
	BOOKS_WINDOW = 1 << 19,                   /* records a long-lived program keeps: 72 MB */
	BOOKS_ASSETS = 3,                         /* ASSET_NONE, ASSET_XEM, ASSET_JPY */
	BOOKS_ID_AHEAD_MS = 600000, /* a UUIDv7 may be this far ahead of the books' time */
	BOOKS_VALUE_MAX = 65,       /* a value of a record as text, and a NUL */
};

/* A UUIDv7 older than this that is not known is refused as stale: 35 days (design.md 6). */
#define BOOKS_ID_AGE_MS (UINT64_C(35) * 24 * 3600 * 1000)

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

/* 64 bytes: there are millions.  What is held of one: books_held(). */
struct books_account {
	struct id128 id;
	u128 debits; /* posted */
	u128 credits;
	uint16_t asset;
	uint16_t kind;  /* enum books_kind */
	uint32_t held;  /* its row of books.held + 1; 0: nothing is held */
	uint32_t limit; /* its row of books.limits + 1; 0: never had one */
	bool closed;
};

/* Sums of open holds, for the few accounts that have one. */
struct books_sums {
	u128 debits;
	u128 credits;
};

/* For the accounts that have or had one. */
struct books_limit {
	u128 most;   /* 0: any */
	u128 opened; /* with this one */
};

struct books_hold {
	struct id128 id;
	u128 amount;
	uint64_t expires_ms; /* Unix; 0: never */
	uint32_t debit;      /* index of the account */
	uint32_t credit;
	uint32_t queue_at; /* place in books.queue + 1; 0: not in it */
	bool open;         /* false: a free row */
};

/* Kept up to date so that the reserve rule costs nothing.  Per asset: */
struct books_totals {
	u128 owed[BOOKS_ASSETS];      /* customers, credits - debits */
	u128 in_flight[BOOKS_ASSETS]; /* the same of what is in flight */
	u128 reserves[BOOKS_ASSETS];  /* accounts that count as reserve, debits - credits */
	uint64_t now_ms;              /* the books' time */
};

/* What one step of a group changed, to take it back. */
struct books_undo;

/* Fault injection for tests, off (0) in every program.  Each breaks one law on purpose. */
enum books_plant {
	BOOKS_PLANT_NONE = 0,
	BOOKS_PLANT_HOLD_UNCOUNTED = 1, /* a hold is not counted against the balance */
	BOOKS_PLANT_POST_TWICE = 2,     /* a hold may be posted again */
	BOOKS_PLANT_LIMIT_LOST = 3,     /* a limited account may go below zero */
	BOOKS_PLANT_PART_KEPT = 4,      /* a post in part keeps the rest held */
};

/*
 * The shell's memory of older ids: the record that used this id, as it stands in the journal.  All
 * records for which books_names_id() holds and that the window has let go must be found.
 * ERR_NOT_FOUND: no record has it.  Anything else is handed through to who applies.
 */
typedef enum err (*books_find)(void *context, const struct id128 *id, struct log_record *out);

/* Read by everybody, changed only by src/books. */
struct books {
	struct books_account *accounts; /* in the order of their opening: an index stays */
	void *accounts_memory;          /* what is freed: accounts stand in it at a whole line */
	size_t account_count, account_cap;
	struct index account_index;
	struct books_sums *held;
	size_t held_count, held_cap, held_free; /* held_free: row + 1, chained through debits */
	struct books_limit *limits;
	size_t limit_count, limit_cap;
	struct books_hold *holds;               /* rows in use have open set */
	size_t hold_count, hold_cap, hold_free; /* hold_free: row + 1, chained through debit */
	struct index hold_index;
	uint32_t *queue; /* heap of the holds that expire, the earliest first */
	size_t queue_count, queue_cap;
	/* the window: record number n (counted from the first) stands at n % used_cap */
	struct log_record *used;
	uint8_t *verdicts; /* of each: 0 applied, else the error it was refused with */
	size_t used_cap, window;
	uint64_t used_first, used_next;
	uint64_t let_go_ms; /* latest UUIDv7 that has left the window */
	bool let_go_other;  /* an id without a time has left the window */
	struct index used_index;
	books_find find;
	void *find_context;
	struct books_undo *undo;
	size_t undo_cap, undo_count;
	struct log_record clash; /* books_clash() */
	bool linked;             /* books_replay() is inside a group */
	struct books_totals group_before;
	size_t applied; /* records that changed the books: a repetition leaves it as it was */
	uint64_t seed[2];
	struct books_totals totals;
	unsigned planted; /* enum books_plant */
};

/* Empty books that keep every id.  Memory is taken as they grow; ERR_FULL when there is none. */
MUST_CHECK enum err books_init(struct books *b);
void books_free(struct books *b);

/*
 * Before the first record: keep only the newest `window` records that used an id (at least 1), and
 * place ids in the tables by a secret, so that who chooses ids cannot choose to be slow.  Neither
 * changes a verdict as long as books_ids_from() knows what the window has let go.
 */
void books_window(struct books *b, size_t window);
void books_seed(struct books *b, const uint64_t seed[2]);

/* After a replay: where older ids are looked up.  NULL: nowhere. */
void books_ids_from(struct books *b, books_find find, void *context);

/* True for the kinds that books_apply() takes. */
bool books_takes(uint16_t kind);
/* True for those of them whose id is the record's own (all but ACCOUNT): what an index must hold.
 */
bool books_names_id(uint16_t kind);

/*
 * Applies one record.
 *
 * ERR_OK: done, or the very same record was applied before (idempotent; nothing changes; time is
 * not content).  A refusal that books_refuse() remembered gives its error again.
 *
 * By the record alone: ERR_TYPE (not a kind of the books), ERR_INPUT (debit = credit, unknown kind
 * of account, a moment or limit not well formed), ERR_AMOUNT (zero), ERR_ASSET (not one of ours).
 * By its id: ERR_EXISTS, used with other content, books_clash() has it (accounts have a name space
 * of their own); ERR_CLOCK, a UUIDv7 more than BOOKS_ID_AHEAD_MS ahead; ERR_STALE, one older than
 * BOOKS_ID_AGE_MS that nobody knows; what `find` says.
 * By the books: ERR_NOT_FOUND, account or hold unknown.  ERR_ASSET, the accounts' assets differ
 * from the record's.  ERR_CLOSED.  ERR_AMOUNT, a post of more, or a void of another amount, than is
 * held.  ERR_FUNDS, a limited account would go below zero.  ERR_LIMIT, an account above its
 * maximum, or a maximum below what is there.  ERR_CAP, customers would be owed more than is there.
 * ERR_STATE, the hold is resolved, or an account to close is not empty.  ERR_EXPIRED, the hold's
 * moment has passed; ERR_WAIT, an EXPIRE before it.  ERR_OVERFLOW.  ERR_FULL, no memory.
 * On every error the books are unchanged.
 */
MUST_CHECK enum err books_apply(struct books *b, const struct log_record *r);

/*
 * Applies n linked records, 1 to BOOKS_LINKED_MAX: all or none.  The reserve rule is judged once,
 * after the last: what only the whole group makes right is right.  *failed (may be NULL) is the
 * first that was refused; for ERR_CAP the last that raised what is owed.
 */
MUST_CHECK enum err books_apply_all(struct books *b, const struct log_record *r, size_t n,
				    size_t *failed);

/*
 * Applies n records that stand alone, or as groups: LOG_FLAG_LINKED links one with the next.  The
 * same as books_apply() and books_apply_all() for each in order, but faster: what the next ones
 * need is fetched ahead.  answers[i]: of record i; in a group that is refused the one that was has
 * its error, the others ERR_LINKED.  Who journals sees by books.applied, or asks one by one, which
 * were new. ERR_INPUT for all of a group that the last record leaves open; ERR_TOO_LARGE for one of
 * more than BOOKS_LINKED_MAX.
 */
void books_apply_batch(struct books *b, const struct log_record *r, size_t n, enum err *answers);

/*
 * Applies the next record of a journal, which was decided before.  A group is known by
 * LOG_FLAG_LINKED on all of its records but the last; each is applied as it comes, the reserve rule
 * is judged at the last.  Errors as above, and after one the books are of no further use: the
 * journal is not one of ours.  Not mixed with books_apply() inside a group (dies).
 */
MUST_CHECK enum err books_replay(struct books *b, const struct log_record *r);

/*
 * Before record i of a batch is replayed: asks memory for what those behind it will need, which is
 * what a replay waits for.  Changes nothing; records of kinds that are not the books' do no harm.
 */
void books_fetch(const struct books *b, const struct log_view *v, uint32_t i);

/*
 * The same for records that are still to be made: the place of a record's id, the place of an
 * account, and, a while after its place, the account.  Who has many asks for each of some first.
 */
void books_fetch_id(const struct books *b, const struct id128 *id);
void books_fetch_slot(const struct books *b, const struct id128 *account);
void books_fetch_account(const struct books *b, const struct id128 *account);

/*
 * Remembers that r was refused with `why`, as books_apply() just said: the same record gets the
 * same answer for ever, a late retry cannot surprise (ledger.md A.1).  *out is the REFUSED record,
 * applied already, for the caller to journal; books_apply() takes it in a replay.  For a group: its
 * failed record.  The caller decides whom it remembers for: who repeats under the same id until it
 * works (deposits after a theft) does not ask for this.
 *
 * ERR_STATE, *out untouched: nothing to remember, since no other moment could answer otherwise (the
 * record's own form, its id) or the answer was not the books' (memory, I/O).  ERR_FULL.
 */
MUST_CHECK enum err books_refuse(struct books *b, const struct log_record *r, enum err why,
				 struct log_record *out);

/*
 * What this id was used for: the record (what was refused, for a refused one) and the answer it
 * got. ERR_NOT_FOUND: nothing.  What `find` says.  Not for accounts: books_account().
 */
MUST_CHECK enum err books_known(const struct books *b, const struct id128 *id,
				struct log_record *out, enum err *answer);

/* The refused record that a REFUSED one speaks of.  ERR_INPUT: not well formed. */
MUST_CHECK enum err books_refused(struct log_record *out, enum err *why,
				  const struct log_record *refused);

/* After ERR_EXISTS: the record that used the id first (what was refused, for a refused one). */
const struct log_record *books_clash(const struct books *b);

struct books_difference {
	const char *field; /* "kind", "asset", "debit", "credit", "amount", "ref", "link"; static */
	char was[BOOKS_VALUE_MAX];
	char wanted[BOOKS_VALUE_MAX];
};

/* The first field in which two records differ, time apart; false: they have the same content. */
bool books_differ(struct books_difference *out, const struct log_record *was,
		  const struct log_record *wanted);

/* NULL if there is none.  The pointer lives until the next record. */
const struct books_account *books_account(const struct books *b, const struct id128 *id);

/* The open hold of this id; NULL if it never was or is resolved.  Lives until the next record. */
const struct books_hold *books_hold(const struct books *b, const struct id128 *id);

/*
 * The open hold whose moment comes first, NULL if none expires.  Who decides (kuramorid) writes the
 * EXPIRE of each whose moment has passed, by its clock or by the books' time.
 */
const struct books_hold *books_expiring(const struct books *b);
/* Its EXPIRE record, with an id that follows from the hold's; time_ms is the caller's to set. */
void books_expire_record(struct log_record *out, const struct books *b, const struct books_hold *h);

/* The sums of open holds on both sides of an account of b. */
struct books_sums books_held(const struct books *b, const struct books_account *a);

/* The most this account of b may hold; 0: any amount. */
u128 books_most(const struct books *b, const struct books_account *a);

/* What may still be spent: the normal side's surplus less holds.  Zero for an unknown account. */
u128 books_available(const struct books *b, const struct id128 *id);

/* Posted surplus on the account's normal side; zero if it is on the other side. */
u128 books_balance(const struct books *b, const struct id128 *id);

/* How much more customers may be credited of this asset (T41). */
u128 books_headroom(const struct books *b, uint32_t asset);

/* The kind of this name; 0: none. */
uint32_t books_kind_of(struct bytes name);
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

/* "nem:xem", "jpy"; static; NULL if unknown. */
const char *books_asset_name(uint32_t asset);

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
