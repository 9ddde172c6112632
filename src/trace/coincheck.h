/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coincheck.h - the theft of 26 January 2018 as a ledger to trace: what was published as it was
 * published, and between it a generated laundering that has the published totals.
 *
 * The eleven thefts and eleven of the thief's addresses are from press reports (coincheck.def names
 * them).  Nothing else is a record of what happened: no public file has the onward transfers.  Each
 * transfer and account says which it is, and whoever shows them must show that (README of the
 * output, docs/trace.md).  Of the exchanges only the names are real, not the addresses.
 *
 * What was published of the sum of it all stands in a table beside what the ledger has.
 */
#ifndef KURAMORI_TRACE_COINCHECK_H
#define KURAMORI_TRACE_COINCHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "chain/nem/nem_address.h"

enum coincheck_part {
	COINCHECK_VICTIM,   /* the hot wallet */
	COINCHECK_THIEF,    /* 24 accounts */
	COINCHECK_EXCHANGE, /* where a label says who has the coins now */
	COINCHECK_SERVICE,
	COINCHECK_HARVESTER, /* gets all fees */
	COINCHECK_OTHER,     /* buyers, one-time addresses, bystanders, customers */
};

struct coincheck_account {
	struct nem_address address;
	const char *name; /* "Bittrex"; "" for COINCHECK_OTHER.  Static. */
	enum coincheck_part part;
	bool published;   /* the address is a real one; else it is made and nobody has its key */
	uint64_t opening; /* micro-XEM that it has before the first transfer */
};

struct coincheck_transfer {
	uint64_t time_s; /* Unix seconds */
	uint32_t from;   /* index of an account */
	uint32_t to;
	uint64_t amount; /* micro-XEM; 0 is a message */
	uint64_t fee;    /* micro-XEM, paid by `from` to the harvester */
	bool published;  /* that it was made and its amount; the second is mostly chosen by us */
	bool theft;      /* one of the eleven */
};

struct coincheck {
	struct coincheck_account *accounts;
	size_t accounts_n;
	struct coincheck_transfer *transfers; /* by time */
	size_t transfers_n;
	uint32_t victim, harvester;
};

/*
 * Makes the ledger; the same seed makes the same.  No account ever pays what it has not.  The
 * caller frees it.  ERR_FULL: no memory; *out can be freed all the same.
 */
MUST_CHECK enum err coincheck_make(struct coincheck *out, uint64_t seed);
void coincheck_free(struct coincheck *c);

/* What is counted for a published figure; all up to, not with, a moment. */
enum coincheck_count {
	COINCHECK_STOLEN,   /* micro-XEM of the thefts */
	COINCHECK_LEFT,     /* micro-XEM that went from thief accounts to others */
	COINCHECK_SENDS,    /* transfers from thief accounts, to each other too */
	COINCHECK_LARGEST,  /* micro-XEM of the largest send from a thief account to another's */
	COINCHECK_PEAK,     /* micro-XEM that left so on the busiest day (JST) */
	COINCHECK_REACHED,  /* micro-XEM of stolen coins at `name`: by a tracing rule, not from here
			     */
	COINCHECK_ACCOUNTS, /* thief accounts that received coins */
};

struct coincheck_figure {
	const char *when; /* as published, JST */
	uint64_t until_s; /* Unix seconds */
	enum coincheck_count count;
	const char *name;   /* COINCHECK_REACHED: an exchange, or "exchanges" for all; else "" */
	bool at_least;      /* the source says "more than"; else "about" or exactly */
	uint64_t published; /* micro-XEM, or a number */
	const char *source;
};

/* The published figures, by time.  Static. */
const struct coincheck_figure *coincheck_figures(size_t *n);

/* The same of the ledger.  Dies on COINCHECK_REACHED, which a report answers. */
uint64_t coincheck_counted(const struct coincheck *c, const struct coincheck_figure *f);

#endif
