/* SPDX-License-Identifier: Apache-2.0 */
#include "books/verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum {
	ASSETS = BOOKS_ASSETS,
	IDS_FIRST = 1024,
};

enum err books_verify_init(struct books_verify *v, const struct log_secret *secret)
{
	memset(v, 0, sizeof *v);
	log_chain_init(&v->chain);
	v->secret = secret;
	v->ids_cap = IDS_FIRST;
	v->ids = calloc(v->ids_cap, sizeof *v->ids);
	if (v->ids == NULL) {
		return ERR_FULL;
	}
	if (books_init(&v->books) != ERR_OK) {
		free(v->ids);
		v->ids = NULL;
		return ERR_FULL;
	}
	books_window(&v->books, BOOKS_WINDOW);
	return ERR_OK;
}

void books_verify_free(struct books_verify *v)
{
	free(v->ids);
	v->ids = NULL;
	books_free(&v->books);
}

/* ---- ids ---- */

static bool is_zero(const struct id128 *id)
{
	static const struct id128 zero;

	return id128_eq(id, &zero);
}

/* Its place, or the free one where it would be. */
static struct id128 *id_place(const struct books_verify *v, const struct id128 *id)
{
	uint64_t mixed = (le64_get(id->b) ^ le64_get(id->b + 8) * UINT64_C(0x9e3779b97f4a7c15)) *
			 UINT64_C(0xd6e8feb86659fd93);
	size_t i = (size_t)((u128)mixed * v->ids_cap >> 64);

	while (!is_zero(&v->ids[i]) && !id128_eq(&v->ids[i], id)) {
		i = i + 1 == v->ids_cap ? 0 : i + 1;
	}
	return &v->ids[i];
}

static enum err ids_grow(struct books_verify *v)
{
	struct id128 *old = v->ids;
	size_t old_cap = v->ids_cap;

	if (v->ids_n * 4 < v->ids_cap * 3) {
		return ERR_OK;
	}
	v->ids_cap += v->ids_cap / 2;
	v->ids = calloc(v->ids_cap, sizeof *v->ids);
	if (v->ids == NULL) {
		v->ids = old;
		v->ids_cap = old_cap;
		return ERR_FULL;
	}
	for (size_t i = 0; i < old_cap; i++) {
		if (!is_zero(&old[i])) {
			*id_place(v, &old[i]) = old[i];
		}
	}
	free(old);
	return ERR_OK;
}

/* ERR_EXISTS: it was used before. */
static enum err id_use(struct books_verify *v, const struct id128 *id)
{
	struct id128 *place;
	enum err e = ids_grow(v);

	if (e != ERR_OK) {
		return e;
	}
	if (is_zero(id)) {
		e = v->zero_used ? ERR_EXISTS : ERR_OK;
		v->zero_used = true;
		return e;
	}
	place = id_place(v, id);
	if (!is_zero(place)) {
		return ERR_EXISTS;
	}
	*place = *id;
	v->ids_n++;
	return ERR_OK;
}

enum err books_verify_broken(struct books_verify *v, uint64_t at, enum err e, const char *format,
			     ...)
{
	va_list args;

	v->at = at;
	va_start(args, format);
	(void)vsnprintf(v->why, sizeof v->why, format, args);
	va_end(args);
	return e == ERR_VERSION || e == ERR_FULL ? e : ERR_CORRUPT;
}

/* ---- the chain ---- */

/* Why a batch that is whole does not come next; NULL if it does. */
static enum err follows(struct books_verify *v, const struct log_view *view)
{
	uint64_t first = view->head.first_sequence, next = v->chain.next_sequence;

	if (first > next) {
		return books_verify_broken(v, next, ERR_CORRUPT,
					   "records %" PRIu64 " to %" PRIu64
					   " are missing: the next batch begins at %" PRIu64,
					   next, first - 1, first);
	}
	if (first < next) {
		return books_verify_broken(
		    v, first, ERR_CORRUPT,
		    "a batch begins at record %" PRIu64
		    ", which an earlier batch has already: it stands twice, or out of "
		    "its place",
		    first);
	}
	if (!hash32_eq(&view->head.previous, &v->chain.head)) {
		return books_verify_broken(
		    v, first, ERR_CORRUPT,
		    "the batch of record %" PRIu64
		    " follows another batch than the one that stands before it: one of "
		    "the two was exchanged or written anew",
		    first);
	}
	return ERR_OK;
}

static enum err open_batch(struct books_verify *v, struct log_view *view, struct bytes batch)
{
	uint64_t next = v->chain.next_sequence;
	enum err e = log_batch_check(view, batch);

	if (e == ERR_VERSION) {
		return books_verify_broken(
		    v, next, e, "the batch of record %" PRIu64 " was written by a newer program",
		    next);
	}
	if (e != ERR_OK) {
		return books_verify_broken(v, next, e,
					   "the batch of record %" PRIu64
					   " is not what its hash says: bytes of it were changed",
					   next);
	}
	e = follows(v, view);
	if (e != ERR_OK) {
		return e;
	}
	if (v->secret == NULL) {
		v->chain.next_sequence += view->head.count;
		v->chain.head = view->head.hash;
		return ERR_OK;
	}
	/* Records that are not well formed are named one by one by who reads them next. */
	for (uint32_t i = 0; i < view->head.count; i++) {
		struct log_record r;

		if (log_view_record(&r, view, i) != ERR_OK) {
			return ERR_OK;
		}
	}
	e = log_batch_join(&v->chain, view, v->secret);
	if (e != ERR_OK) {
		return books_verify_broken(
		    v, next, e,
		    "the batch of record %" PRIu64
		    " has another tree root than its records give: it was written anew "
		    "without the journal's secret, or this is another journal's secret",
		    next);
	}
	return ERR_OK;
}

/* ---- records ---- */

/* What the books said, in words about the record. */
static const char *refusal(const struct log_record *r, enum err e)
{
	bool resolves = r->kind == LOG_POST || r->kind == LOG_VOID || r->kind == LOG_EXPIRE;

	switch (e) {
	case ERR_EXISTS:
		return r->kind == LOG_ACCOUNT ? "opens an account that is open as something else"
					      : "uses an id again that another record has";
	case ERR_NOT_FOUND:
		return resolves ? "ends a hold that was never made"
				: "names an account that was never opened";
	case ERR_ASSET:
		return "moves one asset between accounts of another";
	case ERR_AMOUNT:
		return resolves && r->amount != 0 ? "ends a hold with another amount than was held"
						  : "moves nothing: its amount is zero";
	case ERR_FUNDS:
		return "takes more from an account than it has";
	case ERR_CAP:
		return "credits customers with more than is there";
	case ERR_STATE:
		return resolves ? "ends a hold that had ended before"
				: "closes an account that is not empty";
	case ERR_CLOSED:
		return "touches an account that was closed";
	case ERR_LIMIT:
		return "brings an account above the most that it may hold";
	case ERR_EXPIRED:
		return "posts a hold after its moment";
	case ERR_WAIT:
		return "ends a hold by time before its moment";
	case ERR_STALE:
		return "uses an id that is older than any that could be new";
	case ERR_CLOCK:
		return "uses an id that is made in the future";
	case ERR_OVERFLOW:
		return "makes a sum of 2^128 or more";
	case ERR_INPUT:
		return r->kind == LOG_ACCOUNT ? "opens an account of no known kind"
					      : "has one account on both sides";
	default:
		return err_words(e);
	}
}

static enum err book(struct books_verify *v, const struct log_record *r, uint64_t at)
{
	size_t before = v->books.applied;
	enum err e;

	if (!books_takes(r->kind)) {
		return ERR_OK;
	}
	e = books_replay(&v->books, r);
	if (e == ERR_OK && v->books.applied != before && books_names_id(r->kind)) {
		e = id_use(v, &r->id);
	}
	if (e != ERR_OK) {
		return books_verify_broken(v, at, e, "record %" PRIu64 " (%s) %s", at,
					   log_record_kind_words(r->kind), refusal(r, e));
	}
	if (v->books.applied == before) {
		return books_verify_broken(v, at, ERR_CORRUPT,
					   "record %" PRIu64
					   " (%s) stands in the journal a second time",
					   at, log_record_kind_words(r->kind));
	}
	v->booked++;
	return ERR_OK;
}

/* Whose journal a record belongs to, and what must lie beside it. */
static enum err judge(struct books_verify *v, const struct log_record *r,
		      const struct log_view *view, uint64_t at)
{
	struct bytes blob;
	bool needs = r->kind == LOG_DOCUMENT ||
		     (r->kind == LOG_WITHDRAWAL_STATE && !hash32_is_zero(&r->link));

	if ((at == 0) != (r->kind == LOG_GENESIS)) {
		return books_verify_broken(
		    v, at, ERR_CORRUPT,
		    at == 0 ? "the first record does not name the genesis document"
			    : "record %" PRIu64 " names a genesis document once more",
		    at);
	}
	if (r->kind >= LOG_GUARD_RESERVE && r->kind < LOG_GENESIS) {
		return books_verify_broken(v, at, ERR_CORRUPT,
					   "record %" PRIu64
					   " (%s) is of a signer's or watcher's journal",
					   at, log_record_kind_words(r->kind));
	}
	if (needs && log_view_blob(&blob, view, &r->link) != ERR_OK) {
		return books_verify_broken(v, at, ERR_CORRUPT,
					   "record %" PRIu64 " (%s): what it names is missing", at,
					   log_record_kind_words(r->kind));
	}
	if (r->time_ms < v->newest_ms) {
		return books_verify_broken(
		    v, at, ERR_CORRUPT,
		    "record %" PRIu64 " (%s) is %" PRIu64 " ms older than the one before it", at,
		    log_record_kind_words(r->kind), v->newest_ms - r->time_ms);
	}
	v->newest_ms = r->time_ms;
	return ERR_OK;
}

/* Every sum once more from the accounts. */
static enum err add_up(struct books_verify *v)
{
	const char *why = NULL;
	enum err e = books_validate(&v->books, &why);

	v->unchecked = 0;
	if (e != ERR_OK) {
		return books_verify_broken(v, v->chain.next_sequence, e,
					   "after %" PRIu64 " records: %s", v->chain.next_sequence,
					   why);
	}
	return ERR_OK;
}

enum err books_verify_batch(struct books_verify *v, struct bytes batch)
{
	struct log_view view;
	u128 owed[ASSETS];
	uint64_t first = v->chain.next_sequence;
	enum err e = open_batch(v, &view, batch);

	for (size_t i = 0; i < ASSETS; i++) {
		owed[i] = v->books.totals.owed[i] + v->books.totals.in_flight[i];
	}
	for (uint32_t i = 0; e == ERR_OK && i < view.head.count; i++) {
		struct log_record r;

		books_fetch(&v->books, &view, i);
		e = log_view_record(&r, &view, i);
		if (e != ERR_OK) {
			return books_verify_broken(v, first + i, ERR_VERSION,
						   "record %" PRIu64
						   " is of a kind that this version does not know",
						   first + i);
		}
		e = judge(v, &r, &view, first + i);
		if (e == ERR_OK) {
			e = book(v, &r, first + i);
		}
		if (e == ERR_OK && v->also != NULL) {
			e = v->also->record(v->also_context, v, &r, &view, first + i);
		}
	}
	for (size_t i = 0; e == ERR_OK && i < ASSETS; i++) {
		u128 now = v->books.totals.owed[i] + v->books.totals.in_flight[i];

		if (now > owed[i] && now > v->books.totals.reserves[i]) {
			e = books_verify_broken(v, first, ERR_CORRUPT,
						"the commit that begins at record %" PRIu64
						" leaves customers with more than is there",
						first);
		}
	}
	if (e == ERR_OK && v->books.linked) {
		e = books_verify_broken(
		    v, first, ERR_CORRUPT,
		    "the batch of record %" PRIu64 " ends inside a group of linked records", first);
	}
	if (e == ERR_OK && v->also != NULL) {
		e = v->also->commit(v->also_context, v, first);
	}
	if (e != ERR_OK) {
		return e;
	}
	v->batches++;
	v->blobs += view.head.blob_count;
	v->unchecked += view.head.count;
	return v->unchecked > v->books.account_count + v->books.hold_count ? add_up(v) : ERR_OK;
}

enum err books_verify_end(struct books_verify *v)
{
	return add_up(v);
}
