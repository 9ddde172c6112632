/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_bundle.h - the re-run bundle: one file with all that a stranger needs to compute a result
 * again, and the result (docs/trace-bundle.md).  tools/kuramori-trace-verify reads it.
 */
#ifndef KURAMORI_BIN_TRACE_BUNDLE_H
#define KURAMORI_BIN_TRACE_BUNDLE_H

#include <jansson.h>
#include <stdio.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "trace/pedigree.h"
#include "trace_interval.h"
#include "trace_run.h"
#include "trace_tally.h"

/*
 * Writes the bundle, with a proof of each interval, those of what was asked for too (NULL:
 * nothing); *id is the last hash of its chain, by which a report names it.  *left_out: no interval
 * stands in it but those that were asked for, since the network has more than
 * TRACE_INTERVAL_ARCS_MAX arcs or all together would cost more than TRACE_INTERVAL_STEPS.  Errors
 * of trace_bounds_new() and trace_bounds_prove(): what was written is no bundle.
 */
MUST_CHECK enum err trace_bundle_write(FILE *out, struct hash32 *id, const struct trace_run *r,
				       const struct trace_tally *t,
				       const struct trace_asked_list *asked, bool *left_out);

/*
 * Writes the bundle of a pedigree: a case whose seeds are the pieces that are not PASSED.  question
 * is its case line, with `asset` and `policy`; r has one rule, whose events are every outflow of an
 * account while it has coins that are followed, up to the deposit, the last one; moves[].units is
 * what of each is PASSED, moves[].kind is not 0 if the sender had any.
 */
void trace_bundle_pedigree(FILE *out, struct hash32 *id, json_t *question,
			   const struct trace_run *r, const struct trace_pedigree *p);

/* How a piece is called there: "passed", "issued", "origin", "earlier". */
const char *trace_bundle_piece(enum trace_piece_kind k);

#endif
