/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace.h - `kuramori trace`: what moved on a chain, and where stolen coins went.
 * Next files: trace.c (the table of its commands), trace_ingest.c (files), trace_nem.c (a node),
 * trace_verify.c (verify and compact).
 */
#ifndef KURAMORI_BIN_TRACE_H
#define KURAMORI_BIN_TRACE_H

#include <jansson.h>

#include "cli.h"
#include "store/columns.h"

/* `kuramori trace WORDS`: an exit code. */
int cli_trace(struct cli *c, const char *const *words, size_t n);

/* The commands; words are those behind the command's own. */
int cli_trace_ingest(struct cli *c, const char *const *words, size_t n);
int cli_trace_verify(struct cli *c, const char *const *words, size_t n);
int cli_trace_compact(struct cli *c, const char *const *words, size_t n);

/* What an ingest has done, for a person or as JSON. */
struct cli_trace_done {
	uint64_t rows, known, zeros, selves;
	uint64_t undone, checked; /* blocks taken back; accounts compared */
	uint64_t undos;           /* how often blocks were taken back */
	uint64_t kept;            /* the lowest height they were taken back to; if undos > 0 */
};

/* trace ingest STORE nem HOST:PORT: options are set.  check: so many accounts are compared with
 * what the node says they hold; 0: none, UINT64_MAX: all. */
int cli_trace_ingest_nem(struct cli *c, const char *store, const char *node,
			 struct columns_options *options, uint64_t check);

/* A store that is open for writing beside a NEM node, for who comes again: a round costs what is
 * new.  Texts are borrowed. */
struct cli_trace_nem;

/* 0 or an exit code, said on stderr; *out is set only on 0, and freed by cli_trace_nem_close(). */
int cli_trace_nem_open(struct cli_trace_nem **out, struct cli *c, const char *store,
		       const char *node, struct columns_options *options);
/*
 * Takes what is new, commits it, and says in *done what this round has done, also if it failed.
 * 0 or an exit code, said on stderr.  *broken: this one cannot go on, close it and open another.
 */
int cli_trace_nem_round(struct cli_trace_nem *g, uint64_t check, struct cli_trace_done *done,
			bool *broken);
/* NULL is fine. */
void cli_trace_nem_close(struct cli_trace_nem *g);

void cli_trace_done(const struct cli *c, const struct columns *s, const struct cli_trace_done *d);

/* Reports of a store: the store's name before the fault.  Returns the exit code. */
int cli_trace_failed(enum err e, const char *store, const struct columns_fault *fault);

#endif
