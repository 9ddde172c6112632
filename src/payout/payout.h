/* SPDX-License-Identifier: Apache-2.0 */
/*
 * payout.h - the core of kuramorid: books, withdrawals from request to settled, deposits, and what
 * the chain says about our own accounts.  A step function (log/step.h) that holds no key and
 * decides nothing that a signer would not decide again.
 *
 * Life: payout_init, payout_replay for every batch of the journal, payout_start, then payout_step.
 *
 * The journal decides what is done after a crash: every document, state and booking is committed
 * before the effect that it allows.  An attempt is stored before A is asked; A's answer before B is
 * asked; the complete unit before it is announced.  So the same attempt is asked for again and the
 * same unit announced again, and never another one (P3), unless k watchers' word that it is dead
 * (policy/exclusion.h) is in the journal.
 *
 * Events
 *   EVENT_TICK                      at least every second
 *   EVENT_OPENED, EVENT_CLOSED      channel: a signer's or watcher's link is up or lost
 *   EVENT_FRAME  on such a channel  a reply of ipc/signer.def or ipc/watcher.def (odd number)
 *   EVENT_FRAME  role ROLE_API      number: enum payout_api, request_id: the caller's tag, body:
 * its arguments; answered by exactly one PAYOUT_CALL_ANSWER EVENT_REPLY  role ROLE_NODE
 * chain/feed.h; channel: index of the node EVENT_REPLY  role 0             number PAYOUT_CALL_BLOB:
 * the answer to that call
 *
 * Effects
 *   COMMIT; NOTE; SEND on the channels below;
 *   CALL of CALL_ANNOUNCE (chain/feed.h), PAYOUT_CALL_ANSWER, PAYOUT_CALL_BLOB.
 *
 * Money.  A request holds amount + network fee: debit customer, credit in-flight.  At settle_depth
 * the hold is posted and in-flight goes against the till.  What leaves an account of ours on chain
 * and is neither a payment nor a move to an account of ours goes to shortage at once, loudly.
 * Deposits are credited at deposit_depth, once, to whom their message names, else to suspense.
 * So for every account of ours: books = chain + what is mined but not yet booked (P9).
 */
#ifndef KURAMORI_PAYOUT_PAYOUT_H
#define KURAMORI_PAYOUT_PAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "books/books.h"
#include "books/refund.h"
#include "doc/types.h"
#include "log/batch.h"
#include "log/step.h"
#include "log/tree.h"
#include "payout/state.h"

enum {
	PAYOUT_CHANNEL_A =
	    1, /* links: signer A, signer B, then the watchers in the roster's order */
	PAYOUT_CHANNEL_B = 2,
	PAYOUT_CHANNEL_WATCHER = 3,

	PAYOUT_NODES_MAX = 8,
	PAYOUT_OPEN_MAX = 4096,        /* withdrawals that are not final: more are told to wait */
	PAYOUT_ALL_MAX = 1 << 20,      /* withdrawals ever */
	PAYOUT_DEPOSITS_MAX = 1 << 22, /* incoming and outgoing movements ever */
	PAYOUT_IN_FLIGHT_MAX = 64,
	PAYOUT_APPROVALS_MAX = 16, /* kept for one order */
	PAYOUT_STOPS_MAX = 1024,   /* documents that stop, start or rule (policy/control.h), ever */
	PAYOUT_KEY_MAX = 128,      /* characters of an idempotency key */
	PAYOUT_OWN_MAX = 240,      /* accounts of genesis */
	PAYOUT_LOOK_FREE = 16384,  /* accounts that a program looks at whenever it is asked */
	PAYOUT_TOKEN_CHARS = 24,   /* a customer's deposit message */
	PAYOUT_LIST_MAX = 100,     /* withdrawals in one listing */
	PAYOUT_CLAIMS_MAX = 2000,  /* customers in one API_OPEN_CLAIMS */
	PAYOUT_TRANSFERS_MAX = LOG_BATCH_RECORDS_MAX, /* entries of one API_TRANSFERS */
	PAYOUT_TRANSFER_BYTES = 88,
	PAYOUT_SETTLED_WAS = 40, /* of them text, filled up with zeros */
	PAYOUT_SETTLED_BYTES = 28 + PAYOUT_SETTLED_WAS,
	PAYOUT_RULINGS_MAX = 65536,             /* postings and plans ever */
	PAYOUT_REPAY_ROWS_MAX = 2500,           /* customers in one API_REPAY_PAY */
	PAYOUT_ROWS_BYTES_MAX = 256 << 20,      /* of a plan's rows */
	PAYOUT_ANSWER_MAX = 262144,             /* bytes of one answer */
	PAYOUT_BATCH_BYTES = 1024 * 1024,       /* no batch of ours is larger: buffer of a replay */
	PAYOUT_EFFECTS_BYTES = 4 * 1024 * 1024, /* of effects.store, for any one step */
};

enum payout_call {
	/*
	 * The answer to an API event.  request_id: its tag.  Arguments: u32 enum err; then
	 *   ERR_OK:  the bytes of a JSON object, or of checkpoint text (API_CHECKPOINT)
	 *   else:    u32 length and field, u32 length and detail (either may be empty), u32 length
	 *            and the format of which the detail was made, for whoever translates it
	 */
	PAYOUT_CALL_ANSWER = 32,
	/* Read a blob: 32 bytes, its name.  Reply: status, and the blob on ERR_OK. */
	PAYOUT_CALL_BLOB = 33,
	/*
	 * The answers to API_TRANSFERS: for each request of it, in order: u64 tag, u32 n, and n
	 * results of PAYOUT_SETTLED_BYTES: 16 bytes id, u32 enum payout_settled, u32 enum err, u32
	 * enum payout_settled_field, and for ERR_EXISTS what that field was when the id was used
	 * first, as text of PAYOUT_SETTLED_WAS bytes (empty: not one field of one entry).
	 */
	PAYOUT_CALL_SETTLED = 34,
};

/* Operations of the API; arguments in parentheses, little-endian, nothing left over. */
enum payout_api {
	API_WITHDRAW = 1, /* (u32 length + idempotency key, the request's envelope) */
	/*
	 * (an envelope: approval, freeze, closing, posting or plan; or {"documents":[an approval,
	 * its assertion]} in canonical JSON)
	 */
	API_DOCUMENT = 2,
	API_WITHDRAWAL = 3, /* (16 bytes: request id) */
	API_WITHDRAWALS =
	    4,            /* (u32 state or 0 for all, u32 limit 1..PAYOUT_LIST_MAX) newest first */
	API_ACCOUNT = 5,  /* (16 bytes: account id) */
	API_CUSTOMER = 6, /* (name of a customer, or address of one of our accounts) */
	API_ORDER = 7,    /* (32 bytes: document id of the order) */
	API_TOKEN = 8,    /* (name of a customer) */
	API_STATUS = 9,   /* () */
	API_AUDIT = 10,   /* () journal head, state hash of the books, reconciliation */
	API_METRICS = 11, /* () Prometheus text */
	API_OPEN_BEGIN = 12,  /* (16 bytes u128: sum of all claims, micro-XEM) */
	API_OPEN_CLAIMS = 13, /* (u32 count, each: u32 length + name, 16 bytes u128 amount) */
	API_OPEN_END = 14,    /* () what is left goes to the house; the opening account is zero */
	API_HISTORY = 15,   /* (16 bytes: request id) every change of state: when, what, who, why */
	API_TRANSFERS = 16, /* for each request: (u64 tag, u32 n, n entries): see below */
	API_PRICE = 17,     /* (an envelope: a price) */
	/* the run of a refund plan, in this order (repay.c) */
	API_REPAY_BEGIN = 40, /* (32 bytes: document id of the plan) */
	API_REPAY_ROWS = 41,  /* (whole lines of the file of rows) */
	API_REPAY_CHECK = 42, /* () all rows were given: is it the plan, is everything there? */
	API_REPAY_PAY = 43,   /* (u32 rows, 1..PAYOUT_REPAY_ROWS_MAX) the next so many */
	API_RULING = 44,      /* (32 bytes: document id of a posting or plan) */
};

/*
 * API_TRANSFERS: what the exchange's settlement books, between accounts that the chart allows it to
 * touch (books_kind_may(), BOOKS_BY_CLIENT): many requests in one event, one batch, one CALL of
 * PAYOUT_CALL_SETTLED.  At most PAYOUT_TRANSFERS_MAX entries in all (dies otherwise).
 *
 * An entry, PAYOUT_TRANSFER_BYTES, little-endian: u16 kind (LOG_ACCOUNT, LOG_TRANSFER, LOG_HOLD,
 * LOG_HOLD_UNTIL, LOG_POST, LOG_VOID, LOG_CLOSE, LOG_LIMIT), u16 1 if linked with the next one, u32
 * asset, u128 amount (ACCOUNT: enum books_kind; LIMIT: the most it may hold, 0 any), 16 bytes each:
 * id (UUIDv7; ACCOUNT: books_account_id()), debit, credit, ref (the hold of a POST or VOID, the
 * account of a CLOSE or LIMIT, the moment of a HOLD_UNTIL as books.h has it).  Entries that are
 * linked stand or fall together; others are independent of each other.
 */
enum payout_settled {
	PAYOUT_SETTLED_DONE = 1,
	PAYOUT_SETTLED_REPEATED = 2, /* the same id with the same content was done before */
	PAYOUT_SETTLED_REFUSED = 3,  /* nothing changed; the error says why, the field where */
};

enum payout_settled_field {
	PAYOUT_SETTLED_NOTHING,
	PAYOUT_SETTLED_ACCOUNT,
	PAYOUT_SETTLED_AMOUNT,
	PAYOUT_SETTLED_ASSET,
	PAYOUT_SETTLED_CREDIT,
	PAYOUT_SETTLED_DEBIT,
	PAYOUT_SETTLED_ID,
	PAYOUT_SETTLED_KIND,
	PAYOUT_SETTLED_LINKED,
	PAYOUT_SETTLED_REF,
	PAYOUT_SETTLED_UNTIL,
};

/* "amount"; "" for PAYOUT_SETTLED_NOTHING; NULL for a number that is none.  Static. */
const char *payout_settled_field(uint32_t field);

/* Bugs that ./sim must find.  0 in every program. */
enum payout_planted {
	PAYOUT_PLANT_NONE = 0,
	PAYOUT_PLANT_NEW_ATTEMPT =
	    1, /* after a restart a fresh attempt instead of the stored one */
	PAYOUT_PLANT_NO_EXCLUSION =
	    2,                    /* a closed till is proof enough that its attempts are dead */
	PAYOUT_PLANT_NO_LOCK = 3, /* signers are asked while a time lock runs: they must refuse */
};

struct payout_config {
	struct bytes genesis, roster, policy; /* envelopes; read during payout_init() only */
	const struct log_secret *log_secret;  /* of the journal; must outlive the payout */
	uint8_t network;        /* what the operator consented to; must be the genesis document's */
	uint32_t settle_depth;  /* 1..360 blocks, the payment's own counted */
	uint32_t deposit_depth; /* 1..360 */
	uint32_t nodes;         /* 1..PAYOUT_NODES_MAX; node 0 is the one whose chain is followed */
	uint32_t nodes_agree;   /* 1..nodes that must have a block, node 0 one of them, before
				 * anything is credited or settled by it */
	uint64_t snapshot;      /* records after which balances are kept for a refund; 0: never */
	uint32_t in_flight;     /* attempts at once, 1..PAYOUT_IN_FLIGHT_MAX */
	size_t look_free;       /* so many accounts payout_look() looks at whenever it is asked */
	unsigned planted;       /* enum payout_planted */
	unsigned books_planted; /* enum books_plant */
	/*
	 * Ids in memory: the newest books_window, with older ones found through books_find once the
	 * journal is replayed (books.h).  0 and NULL: all of them, and memory grows.
	 */
	size_t books_window;
	books_find books_find;
	void *books_find_context;
};

struct payout;

/*
 * Reads the three documents and checks that they belong together: genesis names this roster and
 * this policy; the network is the one consented to; the policy is complete.
 * ERR_FULL no memory; the errors of doc_open() and doc_X_read(); ERR_MISMATCH, ERR_NETWORK,
 * ERR_POLICY, ERR_FIELD_RANGE (depths, nodes, how many agree).  fault (not NULL) names document and
 * field. *out on ERR_OK only; the caller ends it with payout_free().
 */
MUST_CHECK enum err payout_init(struct payout **out, const struct payout_config *config,
				struct doc_fault *fault);
void payout_free(struct payout *p);

/*
 * One batch of our own journal, in order, before payout_start().
 * ERR_CORRUPT (form, chain, or content that this program could not have written), ERR_TYPE,
 * ERR_VERSION (a newer program's), ERR_GENESIS (of another genesis), ERR_FULL.  Not to be used
 * after an error.
 */
MUST_CHECK enum err payout_replay(struct payout *p, struct bytes batch);

/*
 * The same for a batch that log_batch_open() has opened against the chain where the last one ended;
 * after: where it ends itself.  Errors as payout_replay(), but for those of log_batch_open().
 */
MUST_CHECK enum err payout_replay_opened(struct payout *p, const struct log_view *view,
					 const struct log_chain *after);

/* Ends the replay; commits the genesis record of a fresh journal.  Once. */
void payout_start(struct payout *p, uint64_t wall_ms, uint64_t mono_ms, struct effects *out);

/*
 * Writes the body of a PAYOUT_CALL_ANSWER that refuses, for a shell that answers in the core's
 * place. e: not ERR_OK.  field, detail: may be empty.  format: of which detail was made, "%s" if it
 * is all.
 */
void payout_put_refusal(struct writer *w, enum err e, const char *field, const char *detail,
			const char *format);

/* One event.  out was initialised with at least PAYOUT_EFFECTS_BYTES. */
void payout_step(struct payout *p, const struct event *event, struct effects *out);

/* The chain was read to its top once since the start, and nodes_agree nodes had all of it. */
bool payout_chain_read(const struct payout *p);

/* The books; lives as long as p. */
const struct books *payout_books(const struct payout *p);

/*
 * The account that a name means in the API: a customer's name, or the address of one of our
 * accounts.  NULL if there is none.  The pointer lives until the next step.
 */
const struct books_account *payout_named(const struct payout *p, struct bytes name);

/* Where the journal stands: head, next sequence, tree. */
const struct log_chain *payout_journal(const struct payout *p);

/* One account of ours on the chain. */
struct payout_account {
	char address[DOC_ADDRESS_CHARS + 1];
	uint32_t kind;  /* enum books_kind */
	u128 books;     /* posted */
	u128 chain;     /* as of the newest block that was applied */
	u128 arriving;  /* mined, not yet booked: comes in */
	u128 leaving;   /* mined, not yet booked: goes out */
	bool explained; /* books + arriving == chain + leaving */
};

/*
 * P9, computed from books and chain.  out: room for PAYOUT_OWN_MAX; returns how many.  Accounts are
 * in the order of genesis: hot, boxes, spares.  Before the books are opened they are zero and all
 * is explained, whatever the chain holds.
 */
size_t payout_reconcile(const struct payout *p, struct payout_account *out);
/*
 * The same, once the chain was read, from the movements alone that are not booked to the end: its
 * cost does not grow with what was ever booked.
 */
size_t payout_reconcile_open(const struct payout *p, struct payout_account *out);

/* What a look at every account and hold says, at one position of the journal. */
struct payout_looked {
	uint64_t records;   /* that the journal had */
	struct hash32 hash; /* books_hash() */
	bool valid;         /* books_validate() */
};

/*
 * The newest look.  Who asks often does not make us look often: with more than look_free accounts
 * we look again only after a pause that grows with them, so that all looks together take a small
 * part of the time whoever asks how often.  ERR_FULL: no memory.
 */
MUST_CHECK enum err payout_look(struct payout *p, struct payout_looked *out);

/* A withdrawal, for tests and the simulator. */
struct payout_view {
	struct id128 request_id;
	enum payout_state state;
	struct hash32 order;   /* document id; zero before the order is fixed */
	struct hash32 attempt; /* document id; zero before */
	struct hash32 payment; /* inner hash; zero before */
	unsigned attempts;     /* stored */
	unsigned dead;         /* of them shown to be dead; all but one at least */
	unsigned approvals;    /* people whose yes counts by the roster in force */
	unsigned needed; /* of them: by the policy of its order or that in force, the larger */
	u128 amount;
	u128 fee;        /* held for the network */
	uint64_t height; /* of its block; 0 */
};

/* The run of a refund plan, for showing. */
struct payout_refund {
	uint64_t customers; /* of the plan */
	uint64_t rows;      /* looked at by this run */
	uint64_t claims;    /* booked, by all runs: customers who were paid */
	u128 lost_planned, lost;
	u128 paid_planned, paid;
	bool done;
	char exact[REFUND_NUMBER_MAX];    /* lost x rate */
	char distance[REFUND_NUMBER_MAX]; /* paid less that */
};

/* False if there is none under way. */
bool payout_refund(struct payout_refund *out, const struct payout *p);

size_t payout_count(const struct payout *p);
/* i < payout_count(), in order of request. */
void payout_at(struct payout_view *out, const struct payout *p, size_t i);
/* ERR_NOT_FOUND. */
MUST_CHECK enum err payout_find(struct payout_view *out, const struct payout *p,
				const struct id128 *request_id);

/*
 * Everything that must hold of books, withdrawals and chain state (P1, P3, P9), recomputed.
 * ERR_CORRUPT with *why in static words.
 */
MUST_CHECK enum err payout_validate(const struct payout *p, const char **why);

/* The deposit message of a customer.  ERR_NOT_FOUND: no such customer in the books.  ERR_CLOSED. */
MUST_CHECK enum err payout_token(char out[PAYOUT_TOKEN_CHARS + 1], const struct payout *p,
				 struct bytes customer);

#endif
