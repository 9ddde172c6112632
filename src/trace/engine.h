/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine.h - follows stolen coins through the columns, exactly: up to 64 cases in one pass, each
 * under one rule (docs/trace.md has the rules, their laws, and what each is defeated by).
 *
 * All arithmetic is in whole smallest units.  For every case, after every event that changes it (in
 * long runs of such events after at most 4,096):
 *
 *     held + absorbed + stopped + evaporated + destroyed = stolen
 *
 * where `held` is kept by whoever writes an account and the others by whoever moves coins; the
 * engine dies if they do not agree, in release builds too.  trace_engine_certify() adds up every
 * account again.
 *
 * There are two ways to find the events that matter, which give the same result to the unit: the
 * scan looks at every sender, the frontier jumps from one outflow of a marked account to the next.
 * A core: no clock, no file; memory is its own.
 */
#ifndef KURAMORI_TRACE_ENGINE_H
#define KURAMORI_TRACE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "trace/columns.h"
#include "trace/nexts.h"
#include "trace/spans.h"

/* How coins that were stolen and coins that were not leave an account in which they are mixed. */
enum trace_policy {
	TRACE_POISON = 1,         /* whoever received from a marked account is marked, for ever */
	TRACE_POISON_EMPTIED = 2, /* the same, but an account that is emptied is clean again */
	TRACE_HAIRCUT = 3,        /* in proportion; the fraction of a unit stays with the sender */
	TRACE_HAIRCUT_TX = 4,     /* in proportion, shared over the legs by largest remainder */
	TRACE_FIFO = 5,           /* first in, first out (Clayton's Case) */
	TRACE_LIFO = 6,           /* last in, first out */
	TRACE_TAINT_FIRST = 7,    /* stolen coins leave first */
	TRACE_CLEAN_FIRST = 8,    /* own coins leave first (lowest intermediate balance) */
	TRACE_TIHO = 9, /* taint in, highest out: the largest leg of a transaction first */
};

enum { TRACE_POLICIES = 9, TRACE_CASES_MAX = 64 };

/* "haircut"; static storage.  Dies on a number that is no policy. */
const char *trace_policy_name(enum trace_policy p);
/* ERR_NOT_FOUND: no policy has this name. */
MUST_CHECK enum err trace_policy_parse(enum trace_policy *out, struct bytes name);
/* Poison marks accounts and has no amounts: nothing of it is conserved. */
bool trace_policy_counts(enum trace_policy p);

enum trace_seed_kind {
	/* the coins that one event moves, when they have arrived */
	TRACE_SEED_EVENT = 1,
	/* what one account holds after the first block at or above a height */
	TRACE_SEED_ACCOUNT = 2,
};

/*
 * What was stolen.  Coins of the case that are hit by a second seed do not count twice.  A part
 * (amount > 0) of an event is the first units of it; a part of a balance is its newest units.
 */
struct trace_seed {
	enum trace_seed_kind kind;
	uint32_t account; /* ACCOUNT: which */
	uint64_t at;      /* EVENT: index of the event; ACCOUNT: height */
	uint64_t amount;  /* smallest units; 0: all */
};

/* One case.  Everything here is part of its result and belongs into its report. */
struct trace_case {
	enum trace_policy policy;
	const struct trace_seed *seeds; /* borrowed until trace_engine_new() returns */
	size_t seeds_n;
	/* Accounts that absorb: what comes there goes no further (exchanges, services). */
	const uint32_t *sinks; /* borrowed until trace_engine_new() returns; any order */
	size_t sinks_n;
	/*
	 * Dilution floor: what one event would move goes to `evaporated` if it is below
	 * floor_units, or below floor_part / floor_whole of what the event moves in all.  0: no
	 * such floor. Poison: an event of an amount below floor_units does not mark.
	 */
	uint64_t floor_units;
	uint32_t floor_part;
	uint32_t floor_whole;
	/* The last block that is followed: by height, and by time; 0: no such end. */
	uint64_t stop_height;
	uint64_t
	    stop_time_s; /* the first block later than this is not followed, nor any after it */
	/* What has gone through so many events from its seed rests (`stopped`); 0: no such end. */
	uint32_t hops_max;
};

/* ERR_INPUT: the case makes no sense, and *why says how (static storage). */
MUST_CHECK enum err trace_case_check(const struct trace_case *c, size_t accounts_n,
				     const char **why);

/* Where the coins of one case are.  Smallest units; zero under poison but for the last two. */
struct trace_totals {
	uint64_t stolen;     /* by seeds so far */
	uint64_t held;       /* in accounts, and followed from there */
	uint64_t absorbed;   /* came to sinks */
	uint64_t stopped;    /* rests where hops_max ended */
	uint64_t evaporated; /* fell below a floor */
	uint64_t destroyed;  /* came to DESTROYED */
	uint64_t accounts;   /* that hold some, or are marked */
	uint64_t touched;    /* events with a marked sender */
};

enum trace_touch_kind {
	TRACE_MOVED = 1,      /* to another account, or back to the same */
	TRACE_SEEDED = 2,     /* became stolen by a seed */
	TRACE_ABSORBED = 3,   /* came to a sink */
	TRACE_STOPPED = 4,    /* rests: hops_max */
	TRACE_EVAPORATED = 5, /* below a floor */
	TRACE_ENDED = 6,      /* came to DESTROYED */
};

/* One event that moved stolen coins of one case, or one seed. */
struct trace_touch {
	enum trace_touch_kind kind;
	unsigned case_; /* below the number of cases */
	/* The event; for the seed of a balance the index of the first event after it. */
	size_t event;
	uint32_t from; /* TRACE_SEEDED of a balance: the account itself */
	uint32_t to;
	uint64_t amount; /* that the event moved in all; of a balance: all of it */
	uint64_t moved;  /* of them the case's; under poison all */
	uint32_t hops;   /* events from the nearest seed; 0 where hops_max is 0 */
	size_t seed;     /* TRACE_SEEDED: place in the case\'s seeds */
};

/*
 * Told of each, in the order of events and within an event of cases.  What moved nothing is not
 * told: the columns say the same without it.  A seed whose coins are at a sink or destroyed is told
 * twice: TRACE_SEEDED, then TRACE_ABSORBED or TRACE_ENDED.  Must not call the engine.
 */
typedef void trace_observer(void *context, const struct trace_touch *touch);

struct trace_engine;

/*
 * An engine for n cases (1 to TRACE_CASES_MAX) over accounts 0 .. accounts_n-1 (it grows by itself
 * later) that can take back its last undo_blocks blocks (0: none; NEM rewrites at most 360).
 * The caller frees *out with trace_engine_free().
 * ERR_INPUT: no case, too many, or one that trace_case_check() refuses.  ERR_FULL: no memory.
 */
MUST_CHECK enum err trace_engine_new(struct trace_engine **out, const struct trace_case *cases,
				     size_t n, size_t accounts_n, unsigned undo_blocks);
/* NULL is allowed. */
void trace_engine_free(struct trace_engine *e);

/* Who is told from now on; NULL: nobody. */
void trace_engine_observe(struct trace_engine *e, trace_observer *observer, void *context);

/*
 * Follows blocks up to blocks[blocks_n - 1], from the one after the last that it was given; blocks
 * and columns are the whole chain each time, so block k is the k-th that was ever given, and the
 * last block's events end with the columns.  The scan (nexts NULL) or the frontier (nexts of
 * c, for a chain that stands; both may be used in turn).  The columns are a ledger: who reads
 * them from a file has checked that they are (every from and to below accounts_n above all).
 *
 * ERR_STATE: fewer blocks or events than were followed, or an earlier error.
 * ERR_FUNDS: a seed is more than its event moves or its account holds: *blame, if not NULL, says
 * which case and seed.
 * ERR_OVERFLOW: more than 64 bits were stolen.  ERR_FULL: no memory.
 * After any error but ERR_STATE the engine answers nothing more but ERR_STATE, and is to be freed.
 */
struct trace_blame {
	size_t case_;
	size_t seed; /* place in the case's seeds */
};

MUST_CHECK enum err trace_engine_run(struct trace_engine *e, const struct trace_columns *c,
				     const struct trace_block *blocks, size_t blocks_n,
				     const struct trace_nexts *nexts, struct trace_blame *blame);

/*
 * Says that an account absorbs for one case from the next event on, or that it does not: for
 * accounts that came into being behind the blocks followed so far.  It is no part of what
 * trace_engine_undo_block() takes back: who numbers accounts anew says it anew.
 * ERR_STATE: the account holds some of the case, or some rests there; or an earlier error.
 * ERR_INPUT: one of the reserved accounts, or beyond TRACE_COUNT_MAX.  ERR_FULL: no memory.
 * Unchanged on error.  Dies on a case that is none.
 */
MUST_CHECK enum err trace_engine_sink(struct trace_engine *e, unsigned case_, uint32_t account,
				      bool absorbs);

/*
 * Takes back the last block: the state is what it was before, to the byte.  Observers are not
 * told.  ERR_STATE: none left in the log.
 */
MUST_CHECK enum err trace_engine_undo_block(struct trace_engine *e);

/* Blocks followed, and how many of them can be taken back. */
size_t trace_engine_blocks(const struct trace_engine *e);
size_t trace_engine_undoable(const struct trace_engine *e);

/* Results of one case (dies on a number that is none). */
struct trace_totals trace_engine_totals(const struct trace_engine *e, unsigned case_);
/* Seeds whose event or height was not reached yet. */
size_t trace_engine_pending(const struct trace_engine *e, unsigned case_);
/* The case has reached its last block: nothing changes it any more. */
bool trace_engine_stopped(const struct trace_engine *e, unsigned case_);

/* Units of the case that the account holds and that are followed; 0 under poison. */
uint64_t trace_engine_taint(const struct trace_engine *e, unsigned case_, uint32_t account);
/* It holds some, or poison marked it. */
bool trace_engine_marked(const struct trace_engine *e, unsigned case_, uint32_t account);
/* Units that came to the account and rest there: it is a sink, or hops_max ended there. */
uint64_t trace_engine_rests(const struct trace_engine *e, unsigned case_, uint32_t account);
/* Least number of events from a seed; 0 where hops_max is 0 or nothing is held. */
uint32_t trace_engine_hops(const struct trace_engine *e, unsigned case_, uint32_t account);
/*
 * FIFO and LIFO: the account's intervals, borrowed until the next run; NULL and *n = 0 if none.
 * The first *settled of LIFO's are levels, all others lie on the inflow axis (spans.h).
 */
const struct trace_span *trace_engine_spans(const struct trace_engine *e, unsigned case_,
					    uint32_t account, size_t *n, size_t *settled);

/* Each account that holds some, or is marked, or where some rests, in rising order. */
typedef void trace_holder(void *context, uint32_t account, uint64_t taint, uint64_t rests);

void trace_engine_each(const struct trace_engine *e, unsigned case_, trace_holder *holder,
		       void *context);

/*
 * Adds up every account of every case from nothing and dies unless the totals say the same: the
 * certificate of conservation.  Costs a look at every account that was ever touched.
 */
void trace_engine_certify(const struct trace_engine *e);

/* SHA-256 over the whole state in one canonical order: equal states, equal digests. */
void trace_engine_digest(const struct trace_engine *e, struct hash32 *out);

#endif
