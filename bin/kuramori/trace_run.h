/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_run.h - one case over one store: what every command of `kuramori trace` tells about.
 *
 * The engine runs all policies of the case in one pass, and beside them a cover: poison without
 * floors, which touches every transfer that any rule could touch.  Those transfers, with what each
 * rule moved by them, are kept; nothing else of the ledger matters to the result.
 */
#ifndef KURAMORI_BIN_TRACE_RUN_H
#define KURAMORI_BIN_TRACE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli.h"
#include "store/columns.h"
#include "trace/bounds.h"
#include "trace/engine.h"
#include "trace_casefile.h"
#include "trace_labels.h"

/* Why an account is a sink. */
enum trace_run_sink {
	TRACE_RUN_OPEN,
	TRACE_RUN_SINK_ADDRESS,
	TRACE_RUN_SINK_CATEGORY,
	TRACE_RUN_SINK_HUB,
};

/* An account of the ledger that the case touches. */
struct trace_run_account {
	uint32_t account;
	uint32_t owner; /* of an outpoint; else the account itself */
	char *name;
	const struct trace_label *label; /* of its owner; NULL without */
	enum trace_run_sink sink;
	uint64_t first; /* event that first brought something, or seeded it */
	uint64_t first_s;
	uint64_t in, out; /* as of the end */
};

/* A seed as it was found in the ledger. */
struct trace_run_seed {
	size_t of; /* which seed of the case */
	bool of_tx;
	size_t event; /* of a transaction: that event; of an address: the first event behind it */
	uint32_t account;
	uint64_t amount;      /* asked for; 0: all */
	uint64_t in, balance; /* of an address, at that time */
	uint64_t time_s;      /* of the block that it is found in */
};

/* What one event was under one policy: enum trace_touch_kind, 0 nothing. */
struct trace_run_move {
	uint64_t units;
	uint8_t kind;
};

struct trace_run {
	const struct casefile *file;
	const char *store;
	struct columns_view view;
	bool view_open;
	struct trace_columns c; /* up to the end of the last block that is looked at */
	size_t blocks_n;
	/*
	 * Where following begins: the block of the first seed.  Of what is cold before it nothing
	 * is decoded, so c has no events there to be read.
	 */
	size_t first_block, first_event;
	uint64_t height, time_s; /* of the end */
	struct trace_labels *labels;
	struct trace_engine *engine; /* policies in the order of the case, the cover last */
	struct trace_totals totals[TRACE_POLICIES];
	unsigned n; /* policies */
	struct trace_run_seed *seeds;
	size_t seeds_n, seeds_cap;
	uint32_t *sinks;
	size_t sinks_n;
	size_t sinks_by[4]; /* by enum trace_run_sink */
	/* touched events in order, and n moves for each */
	uint32_t *events;
	struct trace_run_move *moves;
	uint64_t *left;   /* of each: what had left the receiver when it came */
	uint64_t *seeded; /* n for each seed: what became stolen by it */
	size_t events_n, events_cap;
	struct trace_run_account *accounts; /* by number */
	size_t accounts_n;
	uint64_t *held;   /* n for each account: followed there */
	uint64_t *rests;  /* n for each account: absorbed or stopped there */
	uint8_t *reasons; /* why each account of the ledger is a sink */
	uint32_t *came;   /* how often each was paid; NULL if hubs do not count */
	size_t known_n;   /* places in reasons and came */
	uint32_t asset;
};

enum { TRACE_RUN_ONCE = UINT32_MAX >> 1 };

/*
 * Opens the store, reads the labels, follows the case to its end or to as_of (0: its own end).
 * case_path: where files of labels are looked for.  undo: so many blocks can be taken back by
 * trace_run_on(); TRACE_RUN_ONCE: it is not called, and only what the case needs is looked at.  0
 * or an exit code, said on stderr; freed by trace_run_free() also then.
 */
int trace_run_open(struct trace_run *r, const struct casefile *file, const char *case_path,
		   const char *store, uint64_t as_of, unsigned undo);
void trace_run_free(struct trace_run *r);

/* What the chain has done since a run saw it. */
struct trace_run_news {
	uint64_t undos; /* how often the caller has had blocks taken back */
	uint64_t kept;  /* the lowest height that was left; if undos > 0 */
};

/*
 * Follows a run to the newest commit of its store: takes back what the chain took back, then
 * follows what is new, which is all that it costs.  Then events and moves are the touched ones of
 * the new blocks only, and accounts, totals, held, rests, left and first are not kept up.
 *
 * *again, if it is not NULL then: this cannot be done, why (for people), and the run is to be
 * opened anew.  0 or an exit code, said on stderr; after both the run can only be freed.
 */
int trace_run_on(struct trace_run *r, const struct trace_run_news *news, const char **again);

/*
 * Lists the accounts of events and seeds, with what had come to and left each, and what had left
 * each event's receiver.  Part of trace_run_open(); who fills view, c, events, seeds and reasons of
 * a run himself calls it once, and frees all with trace_run_free().  labels may be NULL.  0 or an
 * exit code, said on stderr.
 */
int trace_run_list_accounts(struct trace_run *r);

/* The place of an account in accounts; it is there. */
size_t trace_run_place(const struct trace_run *r, uint32_t account);
/* The block that an event is in. */
const struct trace_block *trace_run_block(const struct trace_run *r, size_t event);

/* The move of the k-th touched event under policy p of the case. */
static inline const struct trace_run_move *trace_run_move(const struct trace_run *r, size_t k,
							  unsigned p)
{
	return &r->moves[k * r->n + p];
}

/*
 * What no rule can deny, for these seeds, sinks and `also` as sinks, up to this end; floors and
 * hops do not count.  Their events are counted from first_event.  Freed by trace_bounds_free();
 * errors of trace_bounds_new().
 */
MUST_CHECK enum err trace_run_bounds(const struct trace_run *r, const uint32_t *also, size_t also_n,
				     struct trace_bounds **out);

/* The ledger has an account that people write so. */
bool trace_run_knows(const struct trace_run *r, const char *address);

/* An event as the bounds of trace_run_bounds() count it; SIZE_MAX of one before they begin. */
static inline size_t trace_run_bounds_event(const struct trace_run *r, size_t event)
{
	return event < r->first_event ? SIZE_MAX : event - r->first_event;
}

/*
 * The one payment of a transaction to an address, or to an output of his, up to the end of a run;
 * its event can be read then.  what: how the caller's word is called in errors.  0 or an exit code,
 * said on stderr.
 */
int trace_run_payment(struct trace_run *r, const char *what, const struct hash32 *tx,
		      const char *address, size_t *event);

/* Of what is followed under a policy: what is with accounts that have no label. */
uint64_t trace_run_unknown(const struct trace_run *r, unsigned p);

/* "address", "category", "hub"; "" of none. */
const char *trace_run_sink_word(enum trace_run_sink s);

/* The policy of the case with this name, NULL: FIFO if it is there, else the first that counts.
 * Its place in the case; 0 or an exit code. */
int trace_run_policy(const struct casefile *file, const char *name, unsigned *p);

#endif
