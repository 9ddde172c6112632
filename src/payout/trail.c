/* SPDX-License-Identifier: Apache-2.0 */
#include "payout/trail.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "crypto/uuid7.h"
#include "doc/document.h"
#include "doc/types.h"
#include "payout/name.h"

void trail_free(struct trail *t)
{
	free(t->all);
	free(t->touched);
	map_free(&t->by_id);
	memset(t, 0, sizeof *t);
}

static enum err grow(void **rows, size_t *cap, size_t n, size_t row_bytes)
{
	size_t wanted = n + n / 2 + 64;
	void *p;

	if (n < *cap) {
		return ERR_OK;
	}
	p = realloc(*rows, wanted * row_bytes);
	if (p == NULL) {
		return ERR_FULL;
	}
	*rows = p;
	*cap = wanted;
	return ERR_OK;
}

static struct trail_withdrawal *find(const struct trail *t, const struct id128 *id)
{
	uint32_t index;

	return map_get(&t->by_id, id, &index) ? &t->all[index] : NULL;
}

/* Its hold is looked at when the commit ends. */
static enum err touch(struct trail *t, struct trail_withdrawal *w)
{
	if (w->touched) {
		return ERR_OK;
	}
	if (grow((void **)&t->touched, &t->touched_cap, t->touched_n, sizeof *t->touched) !=
	    ERR_OK) {
		return ERR_FULL;
	}
	w->touched = true;
	t->touched[t->touched_n++] = (uint32_t)(w - t->all);
	return ERR_OK;
}

/* A request: from here on there may be changes of state. */
static enum err asked(struct trail *t, struct books_verify *v, const struct log_record *r,
		      uint64_t at)
{
	char id[UUID7_TEXT_MAX];

	uuid7_put(id, &r->ref);
	if (find(t, &r->ref) != NULL) {
		return books_verify_broken(v, at, ERR_CORRUPT,
					   "record %" PRIu64 " asks for withdrawal %s once more",
					   at, id);
	}
	if (t->n >= UINT32_MAX - 1 ||
	    grow((void **)&t->all, &t->cap, t->n, sizeof *t->all) != ERR_OK ||
	    map_put(&t->by_id, &r->ref, (uint32_t)t->n) != ERR_OK) {
		return ERR_FULL;
	}
	t->all[t->n] = (struct trail_withdrawal){ .id = r->ref };
	return touch(t, &t->all[t->n++]);
}

/* Who and why: "who LF why" in the blob that link names. */
static const char *actor_fault(const struct log_record *r, const struct log_view *view,
			       uint8_t what)
{
	struct bytes text;
	const uint8_t *lf;

	if ((uint32_t)(r->amount >> 24) != STATE_NAMES_WHO || r->amount >> 56 != 0) {
		return "says nobody who did it";
	}
	if (log_view_blob(&text, view, &r->link) != ERR_OK) {
		return "names words about who and why that are missing";
	}
	lf = text.n == 0 ? NULL : memchr(text.p, '\n', text.n);
	if (lf == NULL || lf == text.p) {
		return "says nobody who did it";
	}
	return state_may((enum payout_happening)what, bytes_of(text.p, (size_t)(lf - text.p)))
		   ? NULL
		   : "says somebody did it who may not";
}

static enum err changed(struct trail *t, struct books_verify *v, const struct log_record *r,
			const struct log_view *view, uint64_t at)
{
	uint8_t old = (uint8_t)r->amount, to = (uint8_t)(r->amount >> 8),
		what = (uint8_t)(r->amount >> 16);
	struct trail_withdrawal *w = find(t, &r->id);
	const char *fault = NULL, *name = state_happening_name(what);
	enum payout_state next = PAYOUT_NONE;
	char id[UUID7_TEXT_MAX];

	uuid7_put(id, &r->id);
	if (w == NULL || !id128_eq(&r->id, &r->ref)) {
		fault = w == NULL ? "is about one that nobody asked for"
				  : "is about two withdrawals at once";
	} else if (w->state != PAYOUT_NONE && !id128_eq(&w->account, &r->debit)) {
		fault = "is about another customer's account than before";
	} else if (old != w->state) {
		return books_verify_broken(
		    v, at, ERR_CORRUPT,
		    "record %" PRIu64 " takes withdrawal %s from state `%s`, but it is in `%s`", at,
		    id, state_name(old) == NULL ? "?" : state_name(old), state_name(w->state));
	} else if (name == NULL ||
		   state_next(&next, (enum payout_state)old, (enum payout_state)w->state,
			      (enum payout_happening)what) != ERR_OK ||
		   next != (enum payout_state)to) {
		return books_verify_broken(v, at, ERR_CORRUPT,
					   "record %" PRIu64
					   " takes withdrawal %s from `%s` by `%s` to `%s`: the "
					   "table of states has no such step",
					   at, id, state_name(old), name == NULL ? "?" : name,
					   state_name(to) == NULL ? "?" : state_name(to));
	} else {
		fault = actor_fault(r, view, what);
	}
	if (fault != NULL) {
		return books_verify_broken(v, at, ERR_CORRUPT,
					   "record %" PRIu64 " (withdrawal %s changed state) %s",
					   at, id, fault);
	}
	w->account = r->debit;
	w->state = to;
	w->settled = w->settled || to == PAYOUT_SETTLED;
	t->changes++;
	return touch(t, w);
}

static enum err trail_record(void *context, struct books_verify *v, const struct log_record *r,
			     const struct log_view *view, uint64_t at)
{
	if (r->kind == LOG_WITHDRAWAL_STATE) {
		return changed(context, v, r, view, at);
	}
	return r->kind == LOG_DOCUMENT && r->amount == (u128)DOC_REQUEST ? asked(context, v, r, at)
									 : ERR_OK;
}

static const char *hold_fault(const struct books *b, const struct trail_withdrawal *w)
{
	struct id128 name = payout_hold_name(&w->id);
	const struct books_hold *hold = books_hold(b, &name);
	bool ended = w->settled || w->state == PAYOUT_REFUSED || w->state == PAYOUT_EXPIRED;

	if (w->state == PAYOUT_NONE) {
		return "it was asked for and has no state";
	}
	if (ended) {
		return hold == NULL ? NULL : "it has ended, and its amount is still held";
	}
	if (hold == NULL) {
		return "it has not ended, and nothing is held for it";
	}
	return id128_eq(&b->accounts[hold->debit].id, &w->account) &&
		       b->accounts[hold->credit].kind == BOOKS_IN_FLIGHT
		   ? NULL
		   : "what is held for it is not its customer's, or not for what is in flight";
}

static enum err trail_commit(void *context, struct books_verify *v, uint64_t first)
{
	struct trail *t = context;

	for (size_t i = 0; i < t->touched_n; i++) {
		struct trail_withdrawal *w = &t->all[t->touched[i]];
		const char *fault = hold_fault(&v->books, w);
		char id[UUID7_TEXT_MAX];

		w->touched = false;
		if (fault != NULL) {
			uuid7_put(id, &w->id);
			return books_verify_broken(v, first, ERR_CORRUPT,
						   "the commit that begins at record %" PRIu64
						   " leaves withdrawal %s in state `%s`: %s",
						   first, id, state_name(w->state), fault);
		}
	}
	t->touched_n = 0;
	return ERR_OK;
}

const struct books_verify_also trail_also = { trail_record, trail_commit };
