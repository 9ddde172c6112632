/* SPDX-License-Identifier: Apache-2.0 */
#include "base/money.h"

#include <string.h>

#include "base/check.h"

struct money money_of(uint32_t asset, u128 base_units)
{
	CHECK(asset != ASSET_NONE);
	return (struct money){ .base_units_ = base_units, .asset_ = asset };
}

struct money money_zero(uint32_t asset)
{
	return money_of(asset, 0);
}

enum err money_parse(struct money *out, uint32_t asset, struct bytes text)
{
	u128 v = 0;

	if (text.n == 0 || (text.n > 1 && text.p[0] == '0')) {
		return ERR_AMOUNT;
	}
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9') {
			return ERR_AMOUNT;
		}
	}
	for (size_t i = 0; i < text.n; i++) {
		if (__builtin_mul_overflow(v, (u128)10, &v) ||
		    __builtin_add_overflow(v, (u128)(text.p[i] - '0'), &v)) {
			return ERR_OVERFLOW;
		}
	}
	*out = money_of(asset, v);
	return ERR_OK;
}

void money_put(char out[MONEY_TEXT_MAX], const struct money *m)
{
	char digits[MONEY_TEXT_MAX];
	size_t n = 0;
	u128 v = m->base_units_;

	do {
		digits[n++] = (char)('0' + (int)(v % 10));
		v /= 10;
	} while (v != 0);
	CHECK(n < MONEY_TEXT_MAX);
	for (size_t i = 0; i < n; i++) {
		out[i] = digits[n - 1 - i];
	}
	out[n] = '\0';
}

enum err money_add(struct money *out, const struct money *a, const struct money *b)
{
	u128 sum;

	CHECK(a->asset_ != ASSET_NONE && b->asset_ != ASSET_NONE);
	if (a->asset_ != b->asset_) {
		return ERR_ASSET;
	}
	if (__builtin_add_overflow(a->base_units_, b->base_units_, &sum)) {
		return ERR_OVERFLOW;
	}
	*out = money_of(a->asset_, sum);
	return ERR_OK;
}

enum err money_sub(struct money *out, const struct money *a, const struct money *b)
{
	u128 difference;

	CHECK(a->asset_ != ASSET_NONE && b->asset_ != ASSET_NONE);
	if (a->asset_ != b->asset_) {
		return ERR_ASSET;
	}
	if (__builtin_sub_overflow(a->base_units_, b->base_units_, &difference)) {
		return ERR_OVERFLOW;
	}
	*out = money_of(a->asset_, difference);
	return ERR_OK;
}

int money_cmp(const struct money *a, const struct money *b)
{
	CHECK(a->asset_ != ASSET_NONE && a->asset_ == b->asset_);
	return a->base_units_ < b->base_units_ ? -1 : a->base_units_ > b->base_units_;
}

bool money_eq(const struct money *a, const struct money *b)
{
	return a->asset_ == b->asset_ && a->base_units_ == b->base_units_;
}

bool money_is_zero(const struct money *m)
{
	return m->base_units_ == 0;
}

uint32_t money_asset(const struct money *m)
{
	return m->asset_;
}

u128 money_units(const struct money *m)
{
	return m->base_units_;
}

enum err money_u64(uint64_t *out, const struct money *m)
{
	if (m->base_units_ > UINT64_MAX) {
		return ERR_OVERFLOW;
	}
	*out = (uint64_t)m->base_units_;
	return ERR_OK;
}
