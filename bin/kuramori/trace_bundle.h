/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_bundle.h - the re-run bundle: one file with all that a stranger needs to compute a result
 * again, and the result (docs/trace-bundle.md).  tools/kuramori-trace-verify reads it.
 */
#ifndef KURAMORI_BIN_TRACE_BUNDLE_H
#define KURAMORI_BIN_TRACE_BUNDLE_H

#include <stdio.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "trace_run.h"
#include "trace_tally.h"

/*
 * Writes the bundle, with a proof of each interval; *id is the last hash of its chain, by which a
 * report names it.  Errors of trace_bounds_new() and trace_bounds_prove(): what was written is no
 * bundle.
 */
MUST_CHECK enum err trace_bundle_write(FILE *out, struct hash32 *id, const struct trace_run *r,
				       const struct trace_tally *t);

#endif
