/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control.h - who may stop, who may start again, who may change the rules (P5, P13,
 * docs/decisions/0018): one table of control documents, kept alike by signers, watchers and the
 * server, each for himself.
 *
 *   freeze          one officer, watcher or signer; binds at once, until a resume names it
 *   resume          `governance` officers; lifts exactly what it names, strikes keys
 *   roster, policy  `governance` officers of the roster in force; names its predecessor.  What
 *                   tightens (compare.h) is in force at once; what loosens waits for loosening_ms
 *                   of the policy in force, by the slower of two clocks
 *   grant           `governance` officers; always waits like what loosens; then runs until its end,
 *                   which the faster clock says once and for all (T28).  It follows nothing and
 *                   nothing follows it
 *   recovery        a roster that says so: cold holders of the roster in force, as many as genesis
 *                   says, instead of its officers; changes people alone (recovery.h), always waits,
 *                   and ends when officers put another one into force (docs/decisions/0044)
 *   cancel          one officer or approver; what it names and what waits never comes into force,
 *                   a grant that runs is over, and an order that it names, or whose request
 *                   it names, is never paid: a person's `no` on the stop road
 *                   (docs/decisions/0025); of a recovery also one holder
 *
 * Two successors of one predecessor are a fork: somebody's quorum says two things, and which one
 * the others were told first is not to be known here.  It locks until a resume names it.  A
 * recovery is no part of a fork: while another successor of the same roster waits it does not come
 * into force, so of two recoveries somebody cancels one, and officers are stronger than holders.
 *
 * The head is SHA-256 over the sorted ids of all that is known, in force or not, so two who hold
 * the same documents have the same head, in whatever order they came.  What a resume names is
 * known from then on, even where it never arrived: that is how those who differ agree again.
 *
 * Struck keys count no more, whatever roster names them: control_take() takes them out of *roster,
 * where software keys become 32 zero bytes, under which no signature verifies.
 *
 * Who signs does it with his software key or a security key (proofs.h).  Signatures are checked
 * here; counts of security keys by who remembers them.  No I/O, no clock, no allocation; not thread
 * safe.  The same documents in the same order, with the same times, give the same table: it is
 * rebuilt by a replay.
 */
#ifndef KURAMORI_POLICY_CONTROL_H
#define KURAMORI_POLICY_CONTROL_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "doc/document.h"
#include "doc/types.h"
#include "policy/policy.h"
#include "policy/proofs.h"

enum {
	CONTROL_BIND_MAX = DOC_LIFTS_MAX, /* freezes that bind at once: one resume names them all */
	/* of them of one issuer: nobody can use up the table for others; the last is for an
	 * evacuation */
	CONTROL_BIND_EACH_MAX = 8,
	/* cancels that stop no roster or policy that is known: a `no` to an order, or a mistake; of
	 * one person, and of all: what rules and starts again needs room too */
	CONTROL_IDLE_EACH_MAX = 64,
	CONTROL_IDLE_MAX = 1024,
	CONTROL_STRUCK_MAX = 256, /* keys, ever */
	CONTROL_DOCS_MAX = 2048,  /* documents, ever; the last CONTROL_BIND_MAX are for freezes */
	CONTROL_RECOVERIES_MAX = 16, /* of one roster, ever: holders cannot fill the table */
	/* of all that wait: what stops, starts again and cancels finds room beside them */
	CONTROL_RECOVERY_BYTES = 2 * DOC_BYTES_MAX,
	CONTROL_GRANTS_MAX = 16,  /* that wait or run */
	CONTROL_GRANTS_KEPT = 32, /* those, and the last that are over: watchers judge the past */
};

enum control_state {
	CONTROL_KEPT,      /* a resume or cancel: it has done what it says */
	CONTROL_BINDS,     /* a freeze */
	CONTROL_LIFTED,    /* a freeze, or an id that a resume named before it came */
	CONTROL_WAITS,     /* a grant, or a roster or policy that loosens */
	CONTROL_IN_FORCE,  /* a roster or policy; a grant that runs */
	CONTROL_PAST,      /* a roster or policy before the one in force; a grant that is over */
	CONTROL_CANCELLED, /* never in force, for ever */
	CONTROL_FORKED,    /* a second successor */
};

struct control_entry {
	struct hash32 id;
	struct hash32 names; /* the predecessor of a roster or policy; what a cancel stops */
	uint64_t at;         /* envelope in the store of its kind, or in the keeper's journal */
	uint32_t n;          /* 0: not kept any more */
	uint32_t chain_s;    /* with own_ms; 0: not known yet; the wait has not begun */
	uint64_t sequence;   /* of the record that has it */
	uint64_t time_ms;    /* of that record */
	uint64_t since_ms;   /* since when it is in its state, likewise */
	uint64_t own_ms;     /* when it was taken, by the keeper's two clocks */
	uint64_t wait_ms;    /* of what waits */
	uint64_t number;     /* of a roster or policy */
	enum doc_type type : 8;
	enum control_state state : 8;
	bool waited : 1;   /* a grant, or a roster or policy that loosens */
	bool disowned : 1; /* in force, and a cancel or resume that came too late names it */
	bool recovery : 1; /* a roster that holders signed */
	bool idle : 1;     /* a cancel that stopped nothing */
	bool officer : 1, evacuate : 1, evidence : 1; /* of a freeze */
	char issuer[DOC_NAME_MAX + 1];                /* of a freeze, cancel, resume */
};

static_assert(sizeof(struct control_entry) == 200, "thousands, all in memory");

/* Bugs that ./sim must find.  0 in every program. */
enum control_planted {
	CONTROL_PLANT_NONE = 0,
	CONTROL_PLANT_LIFT_ALL = 1,     /* a resume lifts what it does not name */
	CONTROL_PLANT_AT_ONCE = 2,      /* what loosens does not wait */
	CONTROL_PLANT_FORGET = 4,       /* a lifted freeze binds again when it comes back */
	CONTROL_PLANT_ENDLESS = 8,      /* a grant never ends */
	CONTROL_PLANT_GRANT_STAYS = 16, /* a cancel does not end one that runs */
};

/* Where the keeper has what is in force: his memory, written here. */
struct control_rules {
	struct hash32 *roster_id, *policy_id;
	struct doc_roster *roster; /* without what was struck */
	struct doc_policy *policy;
	uint64_t recovery_needed; /* holders, as genesis says */
};

/*
 * Where envelopes are kept: in memory of the keeper's, or, with read(), nowhere but in
 * his journal, from which they are read again.  How many bytes of them are kept is bounded alike.
 */
struct control_storage {
	uint8_t *freezes; /* envelopes of freezes that bind; NULL: with read() */
	size_t freezes_cap;
	uint8_t
	    *others; /* of the rest: the oldest that nobody needs make room; NULL: with read() */
	size_t others_cap;
	/* NULL, or: n bytes of the journal from control_news.at on; what it gives is looked at */
	enum err (*read)(void *ctx, uint8_t *into, size_t n, uint64_t at);
	void *ctx;
	uint8_t *room; /* DOC_BYTES_MAX for read(), needed within control_activate() alone */
};

/* A grant that waits or runs, or is over and its place not needed yet. */
struct control_grant {
	uint16_t place; /* 1 + index of its entry; 0: free */
	struct doc_grant grant;
};

/* Members are for control*.c; callers read entries, n, head, binding, grants_over. */
struct control {
	struct control_rules rules;
	struct hash32 first_roster_id, first_policy_id;
	uint16_t roster_place, policy_place; /* of what is in force; 0: genesis names it */
	uint64_t first_roster_end_ms, first_policy_end_ms; /* when it was superseded; 0: never */
	uint64_t struck_ms; /* when a key was struck last; 0: never */
	struct control_storage storage;
	unsigned planted; /* bits of enum control_planted */
	struct hash32 genesis_id;
	struct control_entry entries[CONTROL_DOCS_MAX]; /* in the order in which they came */
	uint16_t sorted[CONTROL_DOCS_MAX];              /* indices, by id */
	size_t n;
	struct hash32 head; /* zero: n is 0 */
	size_t binding;     /* freezes that bind */
	size_t forked;
	size_t freezes_used, others_used;
	struct doc_struck struck[CONTROL_STRUCK_MAX];
	size_t struck_n;
	bool has_before;
	struct hash32 before_id;
	struct doc_roster before; /* the roster before the one in force, as it was signed */
	/* since when each destination of the policy in force is listed, in its order */
	struct policy_moment listed[DOC_DESTINATIONS_MAX];
	struct control_grant grants[CONTROL_GRANTS_KEPT];
	uint16_t grants_over; /* that ran and run no more: counts what was judged by fewer grants */

	/* what control_check() has read, and why not */
	struct doc_fault fault;

	union {
		struct doc_freeze freeze;
		struct doc_resume resume;
		struct doc_cancel cancel;
		struct doc_roster roster;
		struct doc_policy policy;
		struct doc_grant grant;
	} news;
};

/* What a document would do. */
struct control_news {
	bool known; /* it is in the table already: nothing changes */
	size_t index;
	enum doc_type type;
	bool loosens; /* a grant, or a roster or policy that waits */
	bool forks;
	bool recovery;      /* a roster that holders signed */
	bool late;          /* a recovery whose predecessor has another successor in force */
	bool officer;       /* of a freeze: an officer's, else a watcher's or signer's */
	const char *issuer; /* of freeze, cancel, resume; points into the control */
	uint64_t
	    at; /* with read(): where the keeper's journal has it; he says so to control_take() */
	struct proofs proofs; /* of what is not known yet: views a roster until control_take() */
};

/* rules: as genesis names them; from now on this module writes them.  What they point to, and the
 * storage, outlives *c. */
void control_init(struct control *c, const struct hash32 *genesis_id,
		  const struct control_rules *rules, const struct control_storage *storage,
		  unsigned planted);

/* A type of document that belongs here. */
bool control_is(enum doc_type type);

/*
 * Would this opened document be taken?  The first rule that is broken is the answer:
 *   the errors of doc_X_read()
 *   ERR_TYPE            not of a type that belongs here
 *   ERR_SIGNER_UNKNOWN, ERR_UNSIGNED, ERR_SIGNATURE   who signed it may not
 *   ERR_APPROVALS       fewer officers signed than the roster's governance, or holders than a
 *                       recovery needs
 *   ERR_MISMATCH        no successor of what is known here; signers that differ
 *   ERR_STATE           its predecessor waits or was cancelled; a holder cancels what is no
 *                       recovery that is known
 *   ERR_FIELD_RANGE     a holder's cancel with a reason or a time: there is one for each recovery
 *   ERR_STALE           a fork further back than one can judge
 *   ERR_KEY             a security key that is none (approvals.h)
 *   ERR_POLICY          rules under which nobody could ever change anything; a struck key; a
 *                       recovery that changes more than people
 *   ERR_FULL            a table is full; CONTROL_GRANTS_MAX grants wait or run;
 *                       CONTROL_RECOVERIES_MAX recoveries of one roster, or no room for one more
 *                       until one that waits is cancelled
 * How long a grant may last is not asked here but when something is paid: policies change, and all
 * who keep this table must take the same documents.
 * *news is written on ERR_OK.  d is not kept.  The verdict's field may stand in c->fault.
 */
struct policy_verdict control_check(struct control *c, const struct doc *d,
				    struct control_news *news);

/*
 * Takes what control_check() has just allowed, and was not known.  sequence, time_ms: of the
 * journal record that holds it; now: the keeper's clocks.  Afterwards rules, head, binding and the
 * states of entries may be others.  The entry stays where it is.
 */
struct control_entry *control_take(struct control *c, const struct doc *d,
				   const struct control_news *news, uint64_t sequence,
				   uint64_t time_ms, const struct policy_time *now);

/*
 * The oldest entry whose wait is over by both clocks of now (chain_s 0: unknown, none is), or grant
 * that runs and whose end the host's or the chain's clock has reached; or NULL.  The keeper
 * journals that it comes into force or is over, then says so here; the id's first 16 bytes name it.
 */
struct control_entry *control_due(struct control *c, const struct policy_time *now);
/*
 * What waits comes into force, a grant that runs is over: whatever clocks say later.  A grant that
 * waited until its end is over at once, and never in force.  time_ms: of the record that says so;
 * now: its own_ms and chain_s.  False, and nothing changed: nothing of this name waits or runs, or
 * its document cannot be read again.
 */
MUST_CHECK bool control_activate(struct control *c, const struct id128 *name, uint64_t time_ms,
				 const struct policy_time *now);

/*
 * Since when this destination is listed without a gap by the policy in force, for policy_question:
 * the first policy lists from the beginning.  Not known: it is not listed.
 */
struct policy_moment control_listed(const struct control *c, const struct doc_address *to);

/* Which grants are asked for. */
struct control_grants_ask {
	const struct doc_address *to;
	const struct policy_time *at; /* when it is or was judged */
	/* 0: what is over is over; else what was still running so long before at->wall_ms counts
	 * too: who judges what others signed has clocks of his own */
	uint64_t late_ms;
	bool waiting; /* those that wait, too */
};

/* Into out; returns how many.  Their dates are for policy_judge(). */
size_t control_grants(const struct control *c, const struct control_grants_ask *ask,
		      struct doc_grant out[CONTROL_GRANTS_KEPT]);

/*
 * What was in force is named by its place, which never changes: 0 the one that genesis names, else
 * 1 + the index of its entry.
 */
const struct hash32 *control_roster_id(const struct control *c, uint16_t place);
const struct hash32 *control_policy_id(const struct control *c, uint16_t place);

struct control_entry *control_find(struct control *c, const struct hash32 *id);
/* This roster or policy is in force, or was. */
bool control_ruled(const struct control *c, enum doc_type type, const struct hash32 *id);
/* The envelope, as long as it is kept; else empty.  Of a keeper with memory for them. */
struct bytes control_raw(const struct control *c, const struct control_entry *e);
/* A copy of it in into, e->n bytes at most; empty also if it cannot be read, or is another one. */
struct bytes control_copy(const struct control *c, const struct control_entry *e, uint8_t *into);
/* Somebody's cancel names this order, or the request that it pays: it is never signed, and never
 * again, for a cancel is not taken back. */
bool control_said_no(const struct control *c, const struct hash32 *order,
		     const struct hash32 *request);
/* This freeze was lifted, or a resume has named its id: it is no ground for anything. */
bool control_lifted(struct control *c, const struct hash32 *id);
/*
 * What waits, forks, or runs for a while, for people: "policy 2 1122334455667788 in 3600 s", "grant
 * 1122334455667788 in 60 s", "grant 1122334455667788 runs, 60 s left", several behind semicolons,
 * cut to fit; "none".  now: the keeper's clocks; chain_s 0: unknown.
 */
void control_waiting_words(const struct control *c, const struct policy_time *now, char *out,
			   size_t cap);

/* A recovery, while another successor of the same roster waits: no clock brings it into force. */
bool control_held_up(const struct control *c, const struct control_entry *e);

/* Recoveries that wait: people must hear of them. */
size_t control_recoveries(const struct control *c);

/* "policy", "recovery" for a roster that is one; static. */
const char *control_type_name(enum doc_type type, bool recovery);

/* "binds", "waits"; static. */
const char *control_state_name(enum control_state s);

#endif
