/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.h - the journal record: 128 bytes that say one decision (design.md 6).
 *
 *   offset  bytes  field
 *        0      2  kind      a number of kinds.def
 *        2      2  flags     LOG_FLAG_LINKED or zero; the other bits are reserved, zero
 *        4      4  asset     ASSET_* or ASSET_NONE
 *        8      8  time_ms   Unix milliseconds of the writer's clock
 *       16     16  id        name of the thing: transfer, hold, account, withdrawal
 *       32     16  debit     account
 *       48     16  credit    account
 *       64     16  amount    smallest units of asset
 *       80     16  ref       another record's id: the hold of a post, the withdrawal of a document
 *       96     32  link      SHA-256 of a blob, or zero
 *
 * All numbers little-endian; ids are bytes as they are.  What a field means for a kind is said
 * where the kind is written (books, payout, guard, watch); this file only knows the form.
 */
#ifndef KURAMORI_LOG_RECORD_H
#define KURAMORI_LOG_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum {
	LOG_RECORD_BYTES = 128,
	LOG_FLAG_LINKED = 1, /* stands or falls with the next record (books); same batch */
};

enum log_kind {

#define KIND(name, number, words) LOG_##name = (number),
#include "log/kinds.def"
#undef KIND
};

struct log_record {
	uint16_t kind;  /* enum log_kind */
	uint16_t flags; /* LOG_FLAG_ */
	uint32_t asset;
	uint64_t time_ms;
	struct id128 id;
	struct id128 debit;
	struct id128 credit;
	struct id128 ref;
	u128 amount;
	struct hash32 link;
};

/* True if kinds.def has this number. */
bool log_record_kind_known(uint16_t kind);

/* The words of kinds.def.  Static storage.  Dies on an unknown kind: ask log_record_kind_known().
 */
const char *log_record_kind_words(uint16_t kind);

/* Writes the 128 bytes.  Dies on an unknown kind or flag: our own bug. */
void log_record_put(uint8_t out[LOG_RECORD_BYTES], const struct log_record *r);

/* ERR_TYPE on an unknown kind (a newer writer), ERR_VERSION on reserved flags that are set. */
MUST_CHECK enum err log_record_check(const uint8_t in[LOG_RECORD_BYTES]);

/* Reads 128 bytes.  Errors as log_record_check(); writes *out only on ERR_OK. */
MUST_CHECK enum err log_record_get(struct log_record *out, const uint8_t in[LOG_RECORD_BYTES]);

/* The names in 128 bytes, whatever its kind is: for who asks memory ahead for what they name. */
void log_record_names(struct id128 *id, struct id128 *debit, struct id128 *credit,
		      const uint8_t in[LOG_RECORD_BYTES]);

#endif
