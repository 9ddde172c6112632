/* SPDX-License-Identifier: Apache-2.0 */
/*
 * columns_head.h - the head of a column store or of one asset in it: how long each column is.
 *
 *   0     slot 0, 4096 bytes
 *   4096  slot 1, 4096 bytes
 *
 *   slot: "kuramori columns", u32 version 1, u32 kind, u64 generation, u64 undos, u32 source,
 *         u32 network, u32 columns, u32 zero; for each column u64 bytes, u32 check, u32 width;
 *         zeros; at 4092 the check of the 4092 bytes before
 *
 * All numbers little-endian.  A check is CRC-32 as zlib and Ethernet have it.  The check of a
 * column is that of its last page as far as it is filled (0 bytes: 0).  A commit writes the slot
 * that does not hold the newest state, so a torn write leaves the other one.
 *
 * No I/O.
 */
#ifndef KURAMORI_STORE_COLUMNS_HEAD_H
#define KURAMORI_STORE_COLUMNS_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum {
	COLUMNS_HEAD_SLOT_BYTES = 4096,
	COLUMNS_HEAD_BYTES = 2 * COLUMNS_HEAD_SLOT_BYTES,
	COLUMNS_HEAD_VERSION = 1,
	COLUMNS_HEAD_MAX = 16, /* columns of one head */
};

enum columns_head_kind { COLUMNS_HEAD_ROOT = 1, COLUMNS_HEAD_ASSET = 2 };

struct columns_extent {
	uint64_t bytes; /* durable, a multiple of width */
	uint32_t check; /* of the last page as far as it is filled */
	uint32_t width; /* bytes of a row */
};

struct columns_head {
	enum columns_head_kind kind;
	uint64_t generation; /* 1, 2, ...: of the commit */
	uint64_t undos;      /* root: how often blocks were taken back, ever */
	uint32_t source;     /* root: enum columns_source */
	uint32_t network;    /* root: the chain's own number of its network, or 0 */
	uint32_t columns;    /* 1..COLUMNS_HEAD_MAX */
	struct columns_extent column[COLUMNS_HEAD_MAX];
};

/* CRC-32 of more bytes behind those that gave `check` (0 at the beginning). */
uint32_t columns_head_check(uint32_t check, struct bytes more);

/* Writes one slot.  Dies on a head that decode would refuse. */
void columns_head_encode(uint8_t out[COLUMNS_HEAD_SLOT_BYTES], const struct columns_head *head);

/*
 * Reads one slot.  ERR_INPUT: not a head of this kind, or its check is wrong.  ERR_VERSION: of a
 * newer program.  ERR_FIELD_RANGE: counts, widths or lengths that cannot be.  *out is written on
 * ERR_OK only.
 */
MUST_CHECK enum err columns_head_decode(struct columns_head *out, enum columns_head_kind kind,
					struct bytes slot);

/*
 * The slot (0 or 1) with the newest state that is not newer than `most`, decoded into *out.
 * ERR_NOT_FOUND: neither slot is whole and that old.  ERR_VERSION: one is of a newer program.
 */
MUST_CHECK enum err columns_head_choose(struct columns_head *out, unsigned *slot,
					enum columns_head_kind kind, struct bytes file,
					uint64_t most);

#endif
