/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ids.c - which ids were used, by which record, with which answer.
 *
 * A ring of the newest records; what leaves it is the shell's to find again.  Most ids are UUIDv7
 * made a moment ago: one that is younger than all that have left the ring cannot be among them, so
 * that the shell is asked for late retries and for names without a time only.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "books/inner.h"
#include "crypto/uuid7.h"

bool books_takes(uint16_t kind)
{
	return kind >= LOG_ACCOUNT && kind <= LOG_LIMIT;
}

bool books_names_id(uint16_t kind)
{
	return books_takes(kind) && kind != LOG_ACCOUNT;
}

enum err ids_reserve(struct books *b, size_t n)
{
	size_t count = (size_t)(b->used_next - b->used_first), wanted = count + n;
	struct log_record *records;
	uint8_t *verdicts;

	if (wanted > b->used_cap) {
		/*
		 * The ring may only grow while it has not turned: a window takes its whole room
		 * before the first record leaves it.
		 */
		CHECK(b->used_first == 0);
		wanted += wanted / 2 + 1024;
		if (b->window != 0 && (wanted > b->window || count + n > b->window)) {
			wanted = b->window + BOOKS_LINKED_MAX;
		}
		records = realloc(b->used, wanted * sizeof *records);
		if (records == NULL) {
			return ERR_FULL;
		}
		b->used = records;
		verdicts = realloc(b->verdicts, wanted * sizeof *verdicts);
		if (verdicts == NULL) {
			return ERR_FULL;
		}
		b->verdicts = verdicts;
		b->used_cap = wanted;
	}
	return index_reserve(&b->used_index, n);
}

bool ids_same(const struct log_record *a, const struct log_record *b)
{
	return a->kind == b->kind && a->asset == b->asset && a->amount == b->amount &&
	       id128_eq(&a->id, &b->id) && id128_eq(&a->debit, &b->debit) &&
	       id128_eq(&a->credit, &b->credit) && id128_eq(&a->ref, &b->ref) &&
	       hash32_eq(&a->link, &b->link);
}

/* Whether the shell must be asked for an id that is not in the window. */
static bool may_have_left(const struct books *b, const struct id128 *id)
{
	if (b->used_first == 0) {
		return false;
	}
	return uuid7_is_valid(id) ? uuid7_ms(id) <= b->let_go_ms : b->let_go_other;
}

enum err ids_find(const struct books *b, const struct id128 *id, struct log_record *out,
		  enum err *verdict)
{
	uint32_t tag = ids_tag(b, id), row;
	size_t at = index_start(&b->used_index, tag);
	enum err e;

	while (index_next(&b->used_index, tag, &at, &row)) {
		if (id128_eq(&b->used[row].id, id)) {
			*out = b->used[row];
			*verdict = (enum err)b->verdicts[row];
			return ERR_OK;
		}
	}
	if (b->find == NULL || !may_have_left(b, id)) {
		return ERR_NOT_FOUND;
	}
	e = b->find(b->find_context, id, out);
	*verdict = ERR_OK;
	if (e == ERR_OK && out->kind == LOG_REFUSED) {
		struct log_record refused = *out;

		e = books_refused(out, verdict, &refused) == ERR_OK ? ERR_OK : ERR_CORRUPT;
	}
	/* an index that answers with another id's record is not believed */
	return e == ERR_OK && !id128_eq(&out->id, id) ? ERR_CORRUPT : e;
}

enum err books_known(const struct books *b, const struct id128 *id, struct log_record *out,
		     enum err *answer)
{
	return ids_find(b, id, out, answer);
}

enum err ids_fresh(const struct id128 *id, uint64_t now_ms)
{
	uint64_t made_ms;

	if (!uuid7_is_valid(id)) {
		return ERR_OK;
	}
	made_ms = uuid7_ms(id);
	if (made_ms > now_ms && made_ms - now_ms > BOOKS_ID_AHEAD_MS) {
		return ERR_CLOCK;
	}
	return now_ms > made_ms && now_ms - made_ms > BOOKS_ID_AGE_MS ? ERR_STALE : ERR_OK;
}

static size_t place(const struct books *b, uint64_t number)
{
	return (size_t)(number % b->used_cap);
}

void ids_add(struct books *b, const struct log_record *r, enum err verdict)
{
	size_t row = place(b, b->used_next);

	CHECK(b->used_next - b->used_first < b->used_cap && (unsigned)verdict <= UINT8_MAX);
	b->used[row] = *r;
	b->verdicts[row] = (uint8_t)verdict;
	index_add(&b->used_index, ids_tag(b, &r->id), (uint32_t)row);
	b->used_next++;
}

static void leave(struct books *b, uint64_t number)
{
	size_t row = place(b, number);

	index_remove(&b->used_index, ids_tag(b, &b->used[row].id), (uint32_t)row);
}

void ids_fetch_leaving(const struct books *b, size_t ahead)
{
	uint64_t number = b->used_first + ahead;

	if (b->window != 0 && b->used_next - b->used_first >= b->window && number < b->used_next) {
		index_fetch(&b->used_index, ids_tag(b, &b->used[place(b, number)].id));
	}
}

void ids_take_back(struct books *b)
{
	CHECK(b->used_next > b->used_first);
	b->used_next--;
	leave(b, b->used_next);
}

void ids_let_go(struct books *b)
{
	while (b->window != 0 && b->used_next - b->used_first > b->window) {
		const struct id128 *id = &b->used[place(b, b->used_first)].id;

		if (!uuid7_is_valid(id)) {
			b->let_go_other = true;
		} else if (uuid7_ms(id) > b->let_go_ms) {
			b->let_go_ms = uuid7_ms(id);
		}
		leave(b, b->used_first);
		b->used_first++;
	}
}

const struct log_record *books_clash(const struct books *b)
{
	return &b->clash;
}

/* ---- a difference, for people ---- */

static void id_text(char out[BOOKS_VALUE_MAX], const struct id128 *id)
{
	uuid7_put(out, id);
}

static void number_text(char out[BOOKS_VALUE_MAX], u128 v)
{
	char digits[MONEY_TEXT_MAX];
	size_t n = sizeof digits;

	do {
		digits[--n] = (char)('0' + (int)(v % 10));
		v /= 10;
	} while (v != 0);
	memcpy(out, digits + n, sizeof digits - n);
	out[sizeof digits - n] = '\0';
}

static void kind_text(char out[BOOKS_VALUE_MAX], uint16_t kind)
{
	const char *words = log_record_kind_words(kind);
	size_t n = strlen(words);

	CHECK(n < BOOKS_VALUE_MAX);
	memcpy(out, words, n + 1);
}

bool books_differ(struct books_difference *out, const struct log_record *was,
		  const struct log_record *wanted)
{
	if (was->kind != wanted->kind) {
		out->field = "kind";
		kind_text(out->was, was->kind);
		kind_text(out->wanted, wanted->kind);
	} else if (was->asset != wanted->asset) {
		out->field = "asset";
		number_text(out->was, was->asset);
		number_text(out->wanted, wanted->asset);
	} else if (!id128_eq(&was->debit, &wanted->debit)) {
		out->field = "debit";
		id_text(out->was, &was->debit);
		id_text(out->wanted, &wanted->debit);
	} else if (!id128_eq(&was->credit, &wanted->credit)) {
		out->field = "credit";
		id_text(out->was, &was->credit);
		id_text(out->wanted, &wanted->credit);
	} else if (was->amount != wanted->amount) {
		out->field = "amount";
		number_text(out->was, was->amount);
		number_text(out->wanted, wanted->amount);
	} else if (!id128_eq(&was->ref, &wanted->ref)) {
		out->field = "ref";
		id_text(out->was, &was->ref);
		id_text(out->wanted, &wanted->ref);
	} else if (!hash32_eq(&was->link, &wanted->link)) {
		out->field = "link";
		hex_put(out->was, bytes_of(was->link.b, sizeof was->link.b));
		hex_put(out->wanted, bytes_of(wanted->link.b, sizeof wanted->link.b));
	} else {
		return false;
	}
	return true;
}
