/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parcel_scan.h - a parcel (ur/parcel.h) out of what a scanner says: texts, one a line, from a
 * file, a pipe, or a scanner that types like a keyboard.
 */
#ifndef KURAMORI_IO_PARCEL_SCAN_H
#define KURAMORI_IO_PARCEL_SCAN_H

#include "base/attr.h"
#include "base/err.h"
#include "ur/parcel.h"

/*
 * Reads lines from fd until they suffice; not a byte behind that line is taken from fd.  `ahead`:
 * bytes that were read from fd before (0 or 1 of them).  Empty lines are ignored.  For people, on
 * stderr: at a terminal how far it is, on one line that is written again; at the end how many texts
 * were refused and why, and the mark of what came.  At a terminal nothing is echoed meanwhile.
 *
 * ERR_INPUT: the lines ended before they sufficed; said on stderr too.  ERR_IO.
 */
MUST_CHECK enum err parcel_scan(struct parcel_reader *r, int fd, struct bytes ahead);

/*
 * For a scanner that types: asks a person at the terminal of fd to take it away and press Enter,
 * and drops lines until an empty one (or the end), so that no text of an animation that goes on
 * falls into the next question.  ERR_IO.
 */
MUST_CHECK enum err parcel_scan_settle(int fd);

#endif
