/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_picture.h - what flowed where, as DOT, as an SVG picture by Graphviz, and as GraphML.
 *
 * The picture: time runs from left to right, lines are as wide as what flowed, services are
 * coloured; what is small is folded into a few boxes, and counted.  GraphML has everything,
 * unfolded.  Labels come from strangers: none of their bytes means anything to Graphviz, SVG or
 * XML.
 */
#ifndef KURAMORI_BIN_TRACE_PICTURE_H
#define KURAMORI_BIN_TRACE_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "trace_casefile.h"

enum {
	TRACE_PICTURE_ACCOUNTS = 24, /* that are drawn one by one, if not told otherwise */
	TRACE_PICTURE_FLOWS = 64,    /* lines that are drawn at most */
};

enum trace_picture_kind {
	TRACE_PICTURE_PLAIN,
	TRACE_PICTURE_SEED,     /* where the stolen coins were first */
	TRACE_PICTURE_THIEF,    /* a label of the category perpetrator */
	TRACE_PICTURE_EXCHANGE, /* a label of the category exchange */
	TRACE_PICTURE_SERVICE,  /* any other label */
	TRACE_PICTURE_END,      /* burnt, fees: nobody's */
};

struct trace_picture_account {
	const char *address; /* borrowed */
	const char *label;   /* "" without */
	const char *category;
	enum trace_picture_kind kind;
	uint64_t seeded;  /* that began here */
	uint64_t held;    /* that sits here at the end, absorbed by a sink too */
	uint64_t first_s; /* when the first came; seconds since 1970 */
	uint64_t order;   /* the event that brought it */
};

/* All that one account passed to another: one row a pair. */
struct trace_picture_flow {
	uint32_t from, to; /* places in accounts */
	uint64_t amount;
	uint64_t transfers;
	uint64_t first_s, last_s;
};

struct trace_picture {
	const struct casefile *the_case;
	const char *policy;
	uint64_t height, time_s; /* as of */
	uint64_t evaporated;
	unsigned most; /* accounts that are drawn; 0: TRACE_PICTURE_ACCOUNTS */
	struct trace_picture_account *accounts;
	size_t accounts_n;
	struct trace_picture_flow *flows;
	size_t flows_n;
};

/* Writes the folded graph for Graphviz. */
void trace_picture_dot(FILE *out, const struct trace_picture *p);
/* Writes all of it. */
void trace_picture_graphml(FILE *out, const struct trace_picture *p);
/* The folded graph as SVG, by the program `dot`.  0 or an exit code, said on stderr. */
int trace_picture_svg(FILE *out, const struct trace_picture *p);

/* "2018-01-26 00:02" (UTC). */
enum { TRACE_PICTURE_TIME_MAX = 24 };

void trace_picture_time(char out[TRACE_PICTURE_TIME_MAX], uint64_t time_s);

#endif
