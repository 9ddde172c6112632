/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.c - the form of a journal record.
 */
#include "log/record.h"

#include <string.h>

#include "base/check.h"

enum {
	AT_KIND = 0,
	AT_FLAGS = 2,
	AT_ASSET = 4,
	AT_TIME = 8,
	AT_ID = 16,
	AT_DEBIT = 32,
	AT_CREDIT = 48,
	AT_AMOUNT = 64,
	AT_REF = 80,
	AT_LINK = 96,
};

static_assert(AT_LINK + sizeof(struct hash32) == LOG_RECORD_BYTES, "the link ends the record");
static_assert(sizeof(struct id128) == 16 && sizeof(u128) == 16, "16-byte fields");

static const char *const words_by_kind[] = {
#define KIND(name, number, words) [LOG_##name] = (words),
#include "log/kinds.def"
#undef KIND
};

/* NULL for a number that kinds.def does not have. */
static const char *words_of(uint16_t kind)
{
	return kind < ARRAY_LEN(words_by_kind) ? words_by_kind[kind] : NULL;
}

bool log_record_kind_known(uint16_t kind)
{
	return words_of(kind) != NULL;
}

const char *log_record_kind_words(uint16_t kind)
{
	const char *words = words_of(kind);

	CHECK(words != NULL);
	return words;
}

void log_record_put(uint8_t out[LOG_RECORD_BYTES], const struct log_record *r)
{
	CHECK(log_record_kind_known(r->kind));
	CHECK((r->flags & ~LOG_FLAG_LINKED) == 0);
	le16_put(out + AT_KIND, r->kind);
	le16_put(out + AT_FLAGS, r->flags);
	le32_put(out + AT_ASSET, r->asset);
	le64_put(out + AT_TIME, r->time_ms);
	memcpy(out + AT_ID, r->id.b, sizeof(r->id.b));
	memcpy(out + AT_DEBIT, r->debit.b, sizeof(r->debit.b));
	memcpy(out + AT_CREDIT, r->credit.b, sizeof(r->credit.b));
	le128_put(out + AT_AMOUNT, r->amount);
	memcpy(out + AT_REF, r->ref.b, sizeof(r->ref.b));
	memcpy(out + AT_LINK, r->link.b, sizeof(r->link.b));
}

enum err log_record_check(const uint8_t in[LOG_RECORD_BYTES])
{
	if (!log_record_kind_known(le16_get(in + AT_KIND))) {
		return ERR_TYPE;
	}
	return (le16_get(in + AT_FLAGS) & ~LOG_FLAG_LINKED) != 0 ? ERR_VERSION : ERR_OK;
}

enum err log_record_get(struct log_record *out, const uint8_t in[LOG_RECORD_BYTES])
{
	enum err e = log_record_check(in);

	if (e != ERR_OK) {
		return e;
	}
	out->kind = le16_get(in + AT_KIND);
	out->flags = le16_get(in + AT_FLAGS);
	out->asset = le32_get(in + AT_ASSET);
	out->time_ms = le64_get(in + AT_TIME);
	memcpy(out->id.b, in + AT_ID, sizeof(out->id.b));
	memcpy(out->debit.b, in + AT_DEBIT, sizeof(out->debit.b));
	memcpy(out->credit.b, in + AT_CREDIT, sizeof(out->credit.b));
	out->amount = le128_get(in + AT_AMOUNT);
	memcpy(out->ref.b, in + AT_REF, sizeof(out->ref.b));
	memcpy(out->link.b, in + AT_LINK, sizeof(out->link.b));
	return ERR_OK;
}

void log_record_names(struct id128 *id, struct id128 *debit, struct id128 *credit,
		      const uint8_t in[LOG_RECORD_BYTES])
{
	memcpy(id->b, in + AT_ID, sizeof(id->b));
	memcpy(debit->b, in + AT_DEBIT, sizeof(debit->b));
	memcpy(credit->b, in + AT_CREDIT, sizeof(credit->b));
}
