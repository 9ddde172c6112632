/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_time.h - NEM seconds: since 2015-03-29T00:06:25Z (nem.md 3.4;
 * C:time/SystemTimeProvider.java).
 *
 * On the wire they are a signed 32-bit number that NIS never lets be negative: 0..2^31-1 here.
 */
#ifndef KURAMORI_CHAIN_NEM_TIME_H
#define KURAMORI_CHAIN_NEM_TIME_H

#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

enum {
	NEM_TIME_EPOCH_UNIX_S = 1427587585,
	NEM_TIME_MAX_S = 0x7fffffff,
	NEM_TIME_DEADLINE_MAX_S = 86400, /* deadline - timeStamp at most (else code 4) */
	NEM_TIME_FUTURE_MAX_S = 10,      /* timeStamp at most this far ahead (else code 10) */
};

/*
 * NIS's rounding: (unix_ms - epoch_ms + 500) / 1000.
 * ERR_FIELD_RANGE before the epoch or beyond NEM_TIME_MAX_S.
 */
MUST_CHECK enum err nem_time_from_unix_ms(uint32_t *nem_s, uint64_t unix_ms);

/* The first millisecond of the NEM second.  nem_s is at most NEM_TIME_MAX_S (dies otherwise). */
uint64_t nem_time_to_unix_ms(uint32_t nem_s);

/* Milliseconds since the epoch, for /time-sync/network-time.  ERR_FIELD_RANGE before it. */
MUST_CHECK enum err nem_time_network_ms(uint64_t *network_ms, uint64_t unix_ms);

#endif
