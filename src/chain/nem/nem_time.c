/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_time.h"

#include "base/check.h"

static const uint64_t epoch_unix_ms = UINT64_C(1000) * NEM_TIME_EPOCH_UNIX_S;

enum err nem_time_from_unix_ms(uint32_t *nem_s, uint64_t unix_ms)
{
	uint64_t since_ms;
	uint64_t s;

	if (unix_ms < epoch_unix_ms) {
		return ERR_FIELD_RANGE;
	}
	since_ms = unix_ms - epoch_unix_ms;
	/* Rounded to the nearest second without an addition that could wrap. */
	s = since_ms / 1000 + (since_ms % 1000 >= 500 ? 1 : 0);
	if (s > NEM_TIME_MAX_S) {
		return ERR_FIELD_RANGE;
	}
	*nem_s = (uint32_t)s;
	return ERR_OK;
}

uint64_t nem_time_to_unix_ms(uint32_t nem_s)
{
	CHECK(nem_s <= NEM_TIME_MAX_S);
	return epoch_unix_ms + UINT64_C(1000) * nem_s;
}

enum err nem_time_network_ms(uint64_t *network_ms, uint64_t unix_ms)
{
	if (unix_ms < epoch_unix_ms) {
		return ERR_FIELD_RANGE;
	}
	*network_ms = unix_ms - epoch_unix_ms;
	return ERR_OK;
}
