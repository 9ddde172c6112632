/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inner.h - what the files of this module share; nobody else includes it.
 *
 *   payout.c   life, replay, the step, batches          withdraw.c  requests, approvals, freezes
 *   sign.c     attempts, signers, announcing            follow.c    blocks, movements, bookings
 *   open.c     opening the books                        answer.c    what the API is told
 *   token.c    deposit messages                         check.c     what must hold
 *   lock.c     time locks: who knows an order, and since when
 *   settle.c   transfers of the exchange's settlement
 *   prices.c   what price sources said last
 *   ruling.c   postings and plans that people decide    repay.c     the run of a refund plan
 */
#ifndef KURAMORI_PAYOUT_INNER_H
#define KURAMORI_PAYOUT_INNER_H

#include "base/words.h"
#include "books/refund.h"
#include "chain/nem/nem_address.h"
#include "chain/nem/nem_agree.h"
#include "chain/nem/nem_follow.h"
#include "payout/map.h"
#include "payout/name.h"
#include "payout/payout.h"
#include "policy/approvals.h"
#include "policy/control.h"
#include "policy/exclusion.h"
#include "policy/policy.h"
#include "policy/prices.h"

enum {
	/* of one withdrawal: request, order; of each attempt its own document, two attestations,
	 * two signatures and the unit; decisions and what proves them; what watchers say of dead
	 * attempts */
	INNER_DOCS_MAX =
	    2 + 6 * DOC_ATTEMPTS_MAX + 2 * PAYOUT_APPROVALS_MAX + EXCLUSION_STATEMENTS_MAX,
	INNER_REASON_MAX = 200,
	/* who changed a state: at most "watchers" and all their names */
	INNER_WHO_MAX = DOC_WATCHERS_MAX * (DOC_NAME_MAX + 1) + 16,
	INNER_LINES = 3,
	INNER_HISTORY = 16384,  /* payments of a day that the advisory policy remembers */
	INNER_WAITING_MAX = 16, /* answers that wait for blobs */
	INNER_FIELD_MAX = 64,
	INNER_DETAIL_MAX = 400,
	INNER_WATCHERS_MAX = DOC_WATCHERS_MAX,
	INNER_LINKS = 2 + DOC_WATCHERS_MAX,
	/* decisions of one order and what proves them: a SIGN holds them beside all else */
	INNER_DECISIONS_BYTES_MAX = 24 * 1024,
	INNER_PRICE_BYTES_MAX = 1024, /* of one price: a SIGN holds one of each source */
};

/* No account, no movement. */
#define INNER_NONE UINT32_MAX

/* record.amount of a DOCUMENT: enum doc_type, or: */
enum { INNER_DOC_UNIT = 1000 };

/* record.amount of DEPOSIT_SEEN and PAYMENT_SEEN, bits 64..: what happened to the movement */
enum inner_seen { SEEN_MINED = 1, SEEN_BOOKED = 2 };

/* A document of a withdrawal: its blob's name, and its bytes while they are needed. */
struct inner_doc {
	uint32_t type;   /* enum doc_type or INNER_DOC_UNIT */
	uint32_t signer; /* of attestation and signature: enum doc_signer */
	struct hash32 blob;
	uint8_t *p; /* NULL: only in the journal */
	size_t n;
	/* an approval that counts no more by the roster in force, and what proves it: kept, shown,
	 * and handed to nobody who judges */
	bool stale;
};

/* One change of state, as its record has it. */
struct inner_change {
	uint64_t time_ms, sequence;
	uint32_t words; /* who and why: index in payout.words */
	uint8_t old, next, what;
};

struct inner_withdrawal {
	struct id128 id; /* the request id */
	enum payout_state state;
	char customer[DOC_NAME_MAX + 1];
	struct doc_address destination;
	struct id128 account; /* of the customer */
	u128 amount, fee;
	uint64_t created_ms, expires_ms, changed_ms;
	struct hash32 request_doc, order_doc, attempt_doc, payment;
	struct key32 till;
	uint32_t attempt_time; /* NEM seconds */
	unsigned attempts;
	unsigned dead;             /* of them, by the chain's rules: all, or all but the newest */
	unsigned needed, approved; /* people; needed: see withdraw.c, need() */
	unsigned needed_first;     /* by the policy that was in force when it was ordered */
	unsigned counted;          /* of them as the newest attempt has it in the history */
	bool recount;              /* roster or policy are others since they were counted */
	uint64_t price; /* of its attempt, nano-yen; 0: none, or it was made before our start */
	struct inner_change *changes; /* of state, in order */
	uint32_t changes_n;
	uint32_t move; /* its payment on the chain, INNER_NONE */
	struct inner_doc *docs;
	uint32_t docs_n;
	/* not in the journal */
	bool planted_new;
	bool wants_price; /* a signer found those that it was given not good enough */
	uint64_t tag;     /* of the SIGN that is out; 0 none */
	uint64_t asked_mono_ms, retry_mono_ms, pause_ms;
	uint64_t announce_mono_ms;
	uint32_t pool_seen;       /* bit per node */
	bool wanted;              /* an answer needs its documents */
	uint64_t exclude_mono_ms; /* when watchers are asked next whether its attempt is dead */

	struct inner_said {                     /* what they said so far; NULL: nothing */
		uint8_t *raw[DOC_WATCHERS_MAX]; /* each watcher's statement, ours; NULL: none */
		size_t raw_n[DOC_WATCHERS_MAX];
	} * said;

	/* with a time lock: who knows the order; NULL: nobody was told yet */
	struct inner_lock {
		uint32_t held, sent; /* bit per link: its receipt came; it was told */
		uint64_t sent_mono_ms, retry_mono_ms;
		uint64_t since_ms[INNER_LINKS]; /* as the receipts say, at most when they came */
	} * lock;

	char reason[INNER_REASON_MAX];
};

/* One booking: done of want has been transferred. */
struct inner_line {
	uint32_t debit, credit; /* index of the account in the books */
	uint64_t want, done;
};

enum inner_move_kind {
	MOVE_PAYMENT = 1,  /* a withdrawal of ours */
	MOVE_INTERNAL = 2, /* from one account of ours to another */
	MOVE_OUT = 3,      /* nothing explains it */
	MOVE_IN = 4,       /* a deposit, or whatever else came in */
};

/* What one transaction did to our accounts. */
struct inner_move {
	struct hash32 tx; /* the payment's name; the unit's where that name was seen before */
	struct id128 id;
	uint8_t kind; /* enum inner_move_kind */
	uint8_t line_n;
	bool pending;      /* stands in payout.pending */
	bool recorded;     /* the journal knows it */
	bool told;         /* people were told that it cannot be booked */
	uint32_t from, to; /* own accounts, INNER_NONE */
	uint32_t withdrawal;
	uint32_t aside_of;    /* a deposit set aside: the closed account that it is for */
	uint32_t transfers;   /* made for it, undone ones counted */
	uint64_t short_micro; /* of an undone deposit: what the customer no longer had */
	uint64_t height;      /* of its block; 0: in none now */
	uint64_t seen_height; /* in its newest record */
	uint64_t amount, fee;
	struct inner_line lines[INNER_LINES];
};

struct inner_own {
	struct nem_address address;
	uint32_t kind; /* enum books_kind */
	struct id128 id;
	uint64_t balance; /* on the chain, at p->top */
};

/* What a block did to one balance, to take it back. */
struct inner_delta {
	uint64_t height;
	uint64_t in, out;
	uint32_t own;
	uint32_t move; /* INNER_NONE */
};

struct inner_stop {
	struct hash32 id;
	uint8_t *p;
	size_t n;
	uint32_t held; /* bit per link: receipt arrived */
	uint32_t sent; /* bit per link: since it opened */
};

/* An answer that waits for documents that are only in the journal. */
struct inner_waiting {
	uint64_t tag; /* of the API event */
	uint32_t withdrawal;
	uint32_t next; /* of its documents, the first that was not looked at yet */
	bool used;
};

/* --- what people decide about the books --- */

enum {
	RULING_POSTING_APPROVALS = 2,             /* people, none of them the initiator */
	RULING_PLAN_APPROVALS = 3,                /* likewise, an officer among them */
	RULING_RECORDS_MAX = 2 * DOC_ENTRIES_MAX, /* of one posting, new accounts counted */
	RULING_DOCS_MAX = 128, /* of one: itself and the decisions, also those a freeze undid */
};

enum ruling_state {
	RULING_APPROVING = 1,
	RULING_APPROVED = 2, /* a plan: may be carried out */
	RULING_BEGUN = 3,    /* a plan: somebody may have been paid */
	RULING_DONE = 4,
	RULING_REFUSED = 5,
};

/* record.amount of LOG_REFUND */
enum inner_refund { REFUND_BEGUN = 1, REFUND_DONE = 2 };

struct inner_ruling_doc {
	struct hash32 id;
	uint8_t *p;
	size_t n;
};

struct inner_ruling {
	struct hash32 id;
	enum doc_type type; /* DOC_POSTING, DOC_PLAN */
	enum ruling_state state;
	char initiator[DOC_NAME_MAX + 1]; /* of the roster, when he proposed it */
	uint32_t yes;                     /* bit per person of the roster */
	struct inner_ruling_doc *docs;    /* itself, then the decisions */
	size_t docs_n;
	/* a plan: what its run has booked so far, over all cuts */
	uint64_t claims;
	u128 lost, paid;
	uint8_t *taken; /* by account: the claim was taken */
	size_t taken_n;
};

static_assert(DOC_PEOPLE_MAX <= 32, "a bit for everybody");

struct inner_repay;

struct payout {
	struct payout_config config;
	struct hash32 genesis_id, roster_id, policy_id;
	struct doc_genesis genesis;
	struct policy_own policy_own;
	struct doc_roster roster;
	struct doc_policy policy;

	struct books books;
	struct log_chain journal;
	bool has_genesis, started;
	uint64_t wall_ms, mono_ms; /* of this step */
	struct payout_looked looked;
	uint64_t looked_mono_ms;
	bool has_looked;
	uint64_t newest_ms; /* of the journal's newest record: records never go back */
	bool behind;        /* the clock is before it, and that was said */

	/* the batch of this step */
	uint8_t *batch_buffer;
	struct log_batch batch;
	bool batching;

	struct inner_withdrawal *all;
	size_t all_n, all_cap;
	uint32_t *open; /* not final, or final and its documents not let go yet */
	size_t open_n, open_cap;
	bool recounting;      /* some of them may wait to be counted again */
	bool counting_reads;  /* the recount waits for a document: one at a time, */
	uint64_t counting_id; /* the request of that one */
	struct map by_id, by_order, by_payment, by_attempt, by_key;
	struct hash32 *key_body; /* by_key's value: what the key was used for */
	uint32_t *key_withdrawal;
	size_t keys_n, keys_cap;
	struct policy_kept *history_entries;
	struct policy_history history;
	uint64_t tags; /* last one given */

	/* "who LF why" of changes of state, each text once */
	char **words;
	size_t words_n, words_cap;
	struct map by_words;

	/* chain */
	struct nem_follow *follow;
	struct nem_agree *agree;
	bool node_split[PAYOUT_NODES_MAX]; /* as last told: its chain is another than node 0's */
	bool following, synced, book_due;
	bool node_up[PAYOUT_NODES_MAX];
	uint64_t top;      /* blocks applied */
	uint64_t agreed;   /* so far of them nodes_agree nodes had the same chain */
	uint64_t said_top; /* node 0's word of how high it is, 0 before it gave one */
	uint32_t top_time; /* NEM seconds */
	uint64_t high;     /* highest block a booking stands on */
	struct inner_own own[PAYOUT_OWN_MAX];
	size_t own_n;
	struct inner_delta *deltas;
	size_t deltas_n, deltas_cap;
	struct inner_move *moves;
	size_t moves_n, moves_cap;
	struct map by_move; /* id of the move */
	uint32_t *pending;  /* moves in the chain that are not fully booked */
	size_t pending_n, pending_cap;
	uint32_t *shorts; /* undone deposits whose customers no longer had all of it */
	size_t shorts_n, shorts_cap;

	struct inner_closing {
		bool closed;
		struct inner_stop doc;
	} closings[DOC_HOT_MAX]; /* as genesis.hot: what an officer closed pays no more */

	struct inner_day {
		struct hash32 id;
		uint8_t *p; /* the envelope; NULL: there is none yet */
		size_t n;
		uint64_t time_ms;
		unsigned refused; /* bit i: signer i has refused it, so it is asked for without */
	} day;

	struct inner_ruling *rulings;
	size_t rulings_n, rulings_cap;
	struct map by_ruling;
	struct inner_repay *repay; /* the run under way; NULL: none */
	u128 *snapshot;            /* balances by account when config.snapshot records were read */
	size_t snapshot_n;
	struct hash32 snapshot_head;

	/* what each price source of the roster said last, in its order; n 0: nothing */
	struct inner_price {
		struct hash32 id;
		struct doc_price said;
		size_t n;
		uint8_t raw[INNER_PRICE_BYTES_MAX];
	} prices[DOC_SOURCES_MAX];

	bool hot_over, till_over; /* ceilings of the policy, as last told */

	/* opening */
	uint64_t
	    open_height; /* the books were opened on the balances after this block; 0 not yet */
	struct hash32 open_block;
	bool opened; /* and closed: business may begin */
	u128 claims; /* that the opening under way is about */

	/* signers and watchers */
	bool link_up[INNER_LINKS];
	char link_words[INNER_LINKS][INNER_REASON_MAX];
	struct control control;
	uint8_t *control_store;   /* its envelopes */
	struct inner_stop *stops; /* what is handed to signers and watchers */
	size_t stops_n;

	/* the answer of this step */
	bool answering;
	uint64_t answer_tag;
	enum err answer_err;
	char answer_field[INNER_FIELD_MAX + 1];
	char answer_detail[INNER_DETAIL_MAX];
	const char *answer_format; /* of the detail: static */
	struct writer answer;
	uint8_t *answer_buffer;
	struct inner_waiting waiting[INNER_WAITING_MAX];

	/* answers of API_TRANSFERS of this step, in the effects' store; NULL: none */
	uint8_t *settled_answers;
	struct settle_room *settle_room;
	size_t settled_n;

	uint64_t counters[16];
	struct id128 in_flight, fee, shortage, opening, suspense, house;
	struct hash32 token_key;
};

enum {
	COUNT_REQUESTS,
	COUNT_REFUSED,
	COUNT_SETTLED,
	COUNT_DEPOSITS,
	COUNT_SHORTAGE,
	COUNT_ROLLBACKS,
	COUNT_REPLIES_BAD,
	COUNT_BLOCKS,
	COUNT_TRANSFERS,
};

/* --- payout.c --- */
/* One record more in this step's batch; blob may be empty (p NULL): none.  The batch always has
 * room: steps are bounded by PAYOUT_BATCH_BYTES (dies otherwise). */
void payout_record(struct payout *p, struct log_record *r, struct bytes blob);
/* The time that the next record has: our clock's, or the newest record's if that is later. */
uint64_t payout_record_time(struct payout *p);
/* Applies to the books and records, if the books take it and it is new. */
MUST_CHECK enum err payout_book(struct payout *p, struct log_record *r);
/* The same with words, not empty, that lie beside the record and are named by its link. */
MUST_CHECK enum err payout_book_why(struct payout *p, struct log_record *r, struct bytes why);
/* Time and links of n records that are booked together, as the journal will have them. */
void payout_stamp(struct payout *p, struct log_record *r, size_t n);
MUST_CHECK enum err payout_book_all(struct payout *p, struct log_record *r, size_t n);
/* A document into memory (copied) and, with record, into the journal. */
void payout_keep(struct payout *p, struct inner_withdrawal *w, uint32_t type, uint32_t signer,
		 struct bytes raw, bool record);
/*
 * Asks for those of its documents from this place on that memory has not, as many as the step has
 * places for.  Returns the place of the first that was not looked at, docs_n at the end.
 */
uint32_t payout_load_some(struct effects *out, const struct payout *p,
			  const struct inner_withdrawal *w, uint32_t from);
/* Asks for a document that is only in the journal; answer_blob() puts it back in its place. */
uint64_t payout_load(struct effects *out, const struct payout *p, const struct inner_withdrawal *w,
		     const struct inner_doc *d);
void payout_put_back(struct inner_doc *d, struct bytes raw);
const struct inner_doc *payout_doc(const struct inner_withdrawal *w, uint32_t type,
				   uint32_t signer);
/* Reads a kept document again: it was accepted once (dies otherwise). */
void payout_open_doc(const struct payout *p, struct doc *out, const struct inner_doc *d);
/*
 * The one function by which a withdrawal changes state: recorded with old, new, what, who (an actor
 * of docs/withdrawal.md, not empty) and why (words, may be empty).
 */
MUST_CHECK enum err payout_move_state(struct payout *p, struct inner_withdrawal *w,
				      enum payout_state old, enum payout_happening what,
				      const char *who, const char *why);
/* All documents are in memory. */
bool payout_docs_here(const struct inner_withdrawal *w);
/* The same; what is not is asked for. */
bool payout_have_docs(struct effects *out, const struct payout *p,
		      const struct inner_withdrawal *w);
void payout_note(struct payout *p, struct effects *out, const char *what,
		 const struct inner_withdrawal *w);
uint32_t payout_index(const struct payout *p, const struct inner_withdrawal *w);
/* realloc that grows by a quarter; ERR_FULL. */
MUST_CHECK enum err payout_grow(void **rows, size_t *cap, size_t n, size_t row_bytes);

/* --- withdraw.c --- */
void withdraw_request(struct payout *p, struct bytes key, struct bytes raw, struct effects *out);
void withdraw_document(struct payout *p, struct bytes raw, struct effects *out);
/* Time: what has expired. */
void withdraw_tick(struct payout *p, struct effects *out);
MUST_CHECK enum err withdraw_add(struct payout *p, struct inner_withdrawal **out,
				 const struct doc_request *r, const struct hash32 *id);
MUST_CHECK enum err withdraw_key(struct payout *p, const struct id128 *key, uint32_t withdrawal,
				 const struct hash32 *body);
/* From the journal: checked when it was taken.  ERR_CORRUPT: it cannot have been. */
MUST_CHECK enum err withdraw_closing_replay(struct payout *p, const struct doc *d);

/* --- daily.c --- */

MUST_CHECK enum err daily_replay(struct payout *p, const struct doc *d);
/* Answers. */
void daily_take(struct payout *p, const struct doc *d, struct effects *out);
/* What stands beside this withdrawal's documents when this signer is asked; empty: nothing. */
struct bytes daily_for(const struct payout *p, const struct inner_withdrawal *w,
		       enum doc_signer signer);
/* A signer refused a payment for this field, with the words that link_words has. */
void daily_refused(struct payout *p, enum doc_signer signer, const char *field,
		   struct effects *out);
/* The same of what stops, starts or rules, and of a LOG_RULES record. */
MUST_CHECK enum err withdraw_control_replay(struct payout *p, const struct doc *d,
					    uint64_t time_ms);
MUST_CHECK enum err withdraw_rules_replay(struct payout *p, const struct log_record *r);
/* A freeze binds, or the rules are forked: nothing new is taken, nothing is asked for. */
bool withdraw_frozen(const struct payout *p);
/* Counts approvals again that were given under another roster or policy, some in each step; before
 * attempts are made. */
void withdraw_recounts(struct payout *p, struct effects *out);
/* Its approvals are counted by roster and policy in force, and are enough: signers may be asked. */
bool withdraw_counted(const struct inner_withdrawal *w);
/* Reads a document of a withdrawal into its fields: new ones and those of a replay alike. */
MUST_CHECK enum err withdraw_learn(struct payout *p, struct inner_withdrawal *w,
				   const struct doc *d);
void withdraw_let_go(struct inner_withdrawal *w);
/* It was settled at some time, so its hold is posted. */
bool withdraw_settled_once(const struct inner_withdrawal *w);
/* Somebody of the roster; NULL if there is none. */
const struct doc_person *withdraw_person(const struct payout *p, const char *id);
/* A settled payment that the chain undid: looked after again. */
MUST_CHECK enum err withdraw_reopen(struct payout *p, uint32_t index);

/* --- sign.c --- */
void sign_advance(struct payout *p, struct effects *out);
/* After the commit. */
void sign_send(struct payout *p, struct effects *out);
void sign_reply(struct payout *p, uint32_t channel, uint16_t number, uint64_t tag,
		struct bytes body, struct effects *out);
void sign_link(struct payout *p, uint32_t channel, bool up);

/* --- prices.c --- */
/* A price that was handed in: the newest of each source is kept. */
void prices_take(struct payout *p, struct bytes raw);
/* The policy has caps in yen. */
bool prices_wanted(const struct payout *p);
/* Enough of them are fresh and near each other, or none are wanted; else why not, in words. */
bool prices_ready(const struct payout *p, char words[INNER_REASON_MAX]);
/* Those that are to be handed to a signer: views that live until the next is taken. */
size_t prices_chosen(const struct payout *p, struct bytes out[DOC_SOURCES_MAX]);
/* The same for a question to the policy; out's texts lie in set. */
size_t prices_asked(const struct payout *p, struct prices_set *set,
		    struct policy_price out[DOC_SOURCES_MAX]);
/* The price that a payment counts at now, nano-yen; 0: there is none. */
uint64_t prices_counted(const struct payout *p);
/* Another roster, or a key that was struck: sources say it again. */
void prices_forget(struct payout *p);

/* What a source said last, for people. */
struct prices_view {
	char rate[DOC_RATE_MAX + 1];
	uint64_t age_ms, time_ms;
};

/* False: nothing. */
bool prices_at(const struct payout *p, size_t source, struct prices_view *out);

/* --- exclude.c --- */
/* Asks watchers whether attempts whose tills are closed are dead; after the commit. */
void exclude_send(struct payout *p, struct effects *out);
/* A watcher's answer. */
void exclude_reply(struct payout *p, uint32_t channel, uint64_t tag, struct bytes body,
		   struct effects *out);
void exclude_forget(struct inner_withdrawal *w);
/* The till of the withdrawal's newest attempt is closed. */
bool exclude_till_closed(const struct payout *p, const struct inner_withdrawal *w);

/* --- lock.c --- */
/* lock_until(): too few know the order for its time lock to run. */
#define LOCK_NOT_BEGUN UINT64_MAX
/* Tells orders with a time lock to signers and watchers; after the commit. */
void lock_send(struct payout *p, struct effects *out);
/* A signer's or watcher's answer. */
void lock_reply(struct payout *p, uint32_t channel, uint64_t tag, struct bytes body,
		struct effects *out);
/* A link has opened or closed: what was told there and not answered is told again. */
void lock_link(struct payout *p, uint32_t channel);
void lock_forget(struct inner_withdrawal *w);
/*
 * Unix milliseconds from which both signers and k watchers can be expected to say yes; 0: there is
 * no time lock.  Advice: each of them goes by its own clocks.
 */
uint64_t lock_until(const struct payout *p, const struct inner_withdrawal *w);
/* An attempt may be made; if not, why stands in w->reason. */
bool lock_is_over(const struct payout *p, struct inner_withdrawal *w);

/* --- follow.c --- */
/* A deposit of this customer was credited, undone by the chain, and is not covered yet. */
bool follow_short(const struct payout *p, const struct id128 *customer);
MUST_CHECK enum err follow_init(struct payout *p);
void follow_event(struct payout *p, const struct event *e, struct effects *fx);
void follow_book(struct payout *p, struct effects *fx);
/* Place of an account in the books; dies if it is not there. */
uint32_t follow_index(const struct payout *p, const struct id128 *id);
MUST_CHECK enum err follow_replay_seen(struct payout *p, const struct log_record *r);
MUST_CHECK enum err follow_replay_transfer(struct payout *p, const struct log_record *r);
uint32_t follow_own(const struct payout *p, const char *address);

/* What lies hot at the newest block, beside the policy's ceilings. */
struct follow_hot {
	u128 hot, all; /* tills, purses and deposit accounts; and with boxes and spares */
	u128 till;     /* the fullest till */
	bool hot_over, till_over;
};

void follow_hot(struct follow_hot *out, const struct payout *p);

/* --- open.c --- */
void open_begin(struct payout *p, u128 claims, struct effects *out);
void open_claims(struct payout *p, struct bytes rows, struct effects *out);
void open_end(struct payout *p, struct effects *out);

/* --- ruling.c --- */
void ruling_free(struct payout *p);
/* True for postings, plans, and decisions about them. */
bool ruling_concerns(const struct doc *d);
/* A posting or plan that was handed in. */
void ruling_take(struct payout *p, const struct doc *d, struct effects *out);
/* A person's decision about one; person and proof were checked.  proof: the assertion behind d, or
 * NULL. */
void ruling_approve(struct payout *p, const struct doc *d, const struct doc *proof,
		    const struct doc_approval *a, const struct doc_person *person,
		    struct effects *out);
/* One of those documents from the journal.  ERR_CORRUPT, ERR_FULL. */
MUST_CHECK enum err ruling_replay(struct payout *p, const struct doc *d);
/* What proves a decision about this posting or plan is kept with it. */
MUST_CHECK enum err ruling_replay_proof(struct inner_ruling *x, const struct doc *d);
/* A freeze was recorded: what has not been carried out needs its people again. */
void ruling_freeze(struct payout *p);
/* NULL if there is none. */
struct inner_ruling *ruling_find(const struct payout *p, const struct hash32 *id);
/* The plan that x holds. */
void ruling_plan(const struct payout *p, struct doc_plan *out, const struct inner_ruling *x);
const char *ruling_state_name(enum ruling_state s);
unsigned ruling_needed(const struct inner_ruling *x);
unsigned ruling_approved(const struct inner_ruling *x);

/* --- repay.c --- */
void repay_free(struct payout *p);
/* Keeps the balances of this moment of the replay.  ERR_FULL. */
MUST_CHECK enum err repay_snapshot(struct payout *p);
void repay_begin(struct payout *p, const struct hash32 *id);
void repay_rows(struct payout *p, struct bytes text);
void repay_check(struct payout *p, struct effects *out);
void repay_pay(struct payout *p, uint32_t rows, struct effects *out);
MUST_CHECK enum err repay_replay(struct payout *p, const struct log_record *r);
/* A transfer with a link was booked: of a plan's run? */
void repay_booked(struct payout *p, const struct log_record *r);

/* --- answer.c --- */
void answer_api(struct payout *p, const struct event *e, struct effects *out);
void answer_blob(struct payout *p, const struct event *e, struct effects *out);
/* Ends the answer of this step; field and detail are copied, cut to fit. */
void answer_refuse(struct payout *p, enum err e, const char *field, const char *format, ...)
    PRINTF(4, 5);
/* The same for a document that was refused. */
void answer_refuse_doc(struct payout *p, enum err e, const struct doc_fault *fault);
void answer_withdrawal(struct payout *p, const struct inner_withdrawal *w, bool created);
void answer_text(struct payout *p, const char *key, const char *value);
/* After the commit. */
void answer_send(struct payout *p, struct effects *out);

/* --- settle.c --- */
/* Room for a group of entries; free() it.  NULL: no memory. */
struct settle_room *settle_room_new(void);
void settle_transfers(struct payout *p, struct bytes requests, struct effects *out);
/* After the commit. */
void settle_answer(struct payout *p, struct effects *out);

/* --- token.c --- */
void token_make(char out[PAYOUT_TOKEN_CHARS + 1], const struct hash32 *key, uint32_t index);
/* False: no token of ours. */
bool token_read(uint32_t *index, const struct hash32 *key, struct bytes text);

#endif
