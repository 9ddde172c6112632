/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.c - what must hold, recomputed from the parts (P1, P3, P9).
 */
#include <stdlib.h>
#include <string.h>

#include "payout/inner.h"

/*
 * Accounts for which one look at all of them waits a millisecond: measured, a look at 260,000 takes
 * less than a fiftieth of what it waits then, however many there are.
 */
enum { LOOK_ACCOUNTS_PER_MS = 8 };

static void difference(u128 chain, u128 booked, u128 *more, u128 *less)
{
	if (chain > booked) {
		*more += chain - booked;
	} else {
		*less += booked - chain;
	}
}

/* What movements in the chain, or booked, still owe to the books of one account. */
static void unbooked(const struct payout *p, const struct inner_move *m, size_t own,
		     struct payout_account *row)
{
	u128 in = 0, out = 0, booked_in = 0, booked_out = 0;
	bool in_chain = m->height != 0;

	if (m->from == own && in_chain) {
		out = (u128)m->amount + m->fee;
	}
	if (m->to == own && in_chain) {
		in = m->amount;
	}
	for (size_t i = 0; i < m->line_n; i++) {
		const struct inner_line *l = &m->lines[i];

		if (id128_eq(&p->books.accounts[l->credit].id, &p->own[own].id)) {
			booked_out += l->done;
		}
		if (id128_eq(&p->books.accounts[l->debit].id, &p->own[own].id)) {
			booked_in += l->done;
		}
	}
	difference(out, booked_out, &row->leaving, &row->arriving);
	difference(in, booked_in, &row->arriving, &row->leaving);
}

/* Of these movements, or (NULL) of all. */
static size_t reconcile(const struct payout *p, const uint32_t *moves, size_t n,
			struct payout_account *out)
{
	for (size_t i = 0; i < p->own_n; i++) {
		struct payout_account *row = &out[i];

		*row = (struct payout_account){ .kind = p->own[i].kind,
						.chain = p->own[i].balance,
						.books = books_balance(&p->books, &p->own[i].id) };
		memcpy(row->address, p->own[i].address.text, sizeof row->address);
	}
	for (size_t k = 0; k < n; k++) {
		const struct inner_move *m = &p->moves[moves == NULL ? k : moves[k]];

		if (m->from != INNER_NONE) {
			unbooked(p, m, m->from, &out[m->from]);
		}
		if (m->to != INNER_NONE && m->to != m->from) {
			unbooked(p, m, m->to, &out[m->to]);
		}
	}
	for (size_t i = 0; i < p->own_n; i++) {
		/* Until the chain was read and the books were opened there is nothing to compare.
		 */
		out[i].explained = !p->synced || p->open_height == 0 ||
				   out[i].books + out[i].arriving == out[i].chain + out[i].leaving;
	}
	return p->own_n;
}

size_t payout_reconcile(const struct payout *p, struct payout_account *out)
{
	return reconcile(p, NULL, p->moves_n, out);
}

size_t payout_reconcile_open(const struct payout *p, struct payout_account *out)
{
	/* until the chain was read, what it had booked before is not in it again */
	return p->synced ? reconcile(p, p->pending, p->pending_n, out) : payout_reconcile(p, out);
}

enum err payout_look(struct payout *p, struct payout_looked *out)
{
	struct payout_looked *l = &p->looked;
	uint64_t pause_ms = p->books.account_count / LOOK_ACCOUNTS_PER_MS;
	bool few = p->books.account_count <= p->config.look_free;
	const char *why;

	if (!p->has_looked || (l->records != p->journal.next_sequence &&
			       (few || p->mono_ms - p->looked_mono_ms > pause_ms))) {
		enum err e = books_hash(&p->books, &l->hash);

		if (e != ERR_OK) {
			return e;
		}
		l->valid = books_validate(&p->books, &why) == ERR_OK;
		l->records = p->journal.next_sequence;
		p->looked_mono_ms = p->mono_ms;
		p->has_looked = true;
	}
	*out = *l;
	return ERR_OK;
}

size_t payout_count(const struct payout *p)
{
	return p->all_n;
}

void payout_at(struct payout_view *out, const struct payout *p, size_t i)
{
	const struct inner_withdrawal *w = &p->all[i];

	*out = (struct payout_view){
		.request_id = w->id,
		.state = w->state,
		.order = w->order_doc,
		.attempt = w->attempt_doc,
		.payment = w->payment,
		.attempts = w->attempts,
		.dead = w->dead,
		.approvals = w->approved,
		.needed = w->needed,
		.amount = w->amount,
		.fee = w->fee,
		.height = w->move == INNER_NONE ? 0 : p->moves[w->move].height,
	};
}

enum err payout_find(struct payout_view *out, const struct payout *p,
		     const struct id128 *request_id)
{
	uint32_t index;

	if (!map_get(&p->by_id, request_id, &index)) {
		return ERR_NOT_FOUND;
	}
	payout_at(out, p, index);
	return ERR_OK;
}

static const struct books_hold *hold_of(const struct payout *p, const struct inner_withdrawal *w)
{
	struct id128 id = payout_hold_name(&w->id);

	return books_hold(&p->books, &id);
}

static enum err check_withdrawals(const struct payout *p, const char **why)
{
	for (size_t i = 0; i < p->all_n; i++) {
		const struct inner_withdrawal *w = &p->all[i];
		const struct books_hold *hold = hold_of(p, w);
		bool paid = w->state == PAYOUT_SETTLED;
		bool posted = withdraw_settled_once(w);
		struct id128 key = map_key(&w->payment);
		uint32_t index;

		*why = "a withdrawal has more attempts than one that may live";
		if (w->attempts > w->dead + 1 || w->dead > w->attempts ||
		    w->attempts > DOC_ATTEMPTS_MAX) {
			return ERR_CORRUPT;
		}
		*why = "a key has spoken for a withdrawal without an attempt";
		if (w->attempts == 0 && w->state >= PAYOUT_AUTHORISED &&
		    w->state <= PAYOUT_SETTLED) {
			return ERR_CORRUPT;
		}
		*why = "two withdrawals have one payment";
		if (w->attempts > 0 &&
		    (!map_get(&p->by_payment, &key, &index) || index != (uint32_t)i)) {
			return ERR_CORRUPT;
		}
		*why = "a withdrawal's hold is not what its state says";
		if (hold != NULL
			? hold->amount != w->amount + w->fee || paid ||
			      w->state == PAYOUT_REFUSED || w->state == PAYOUT_EXPIRED
			: (w->state < PAYOUT_ANNOUNCED || w->state == PAYOUT_FROZEN) && !posted) {
			return ERR_CORRUPT;
		}
	}
	return ERR_OK;
}

enum err payout_validate(const struct payout *p, const char **why)
{
	struct payout_account *rows;
	enum err e = books_validate(&p->books, why);
	size_t n;

	if (e != ERR_OK) {
		return e;
	}
	e = check_withdrawals(p, why);
	if (e != ERR_OK) {
		return e;
	}
	*why = "no memory to check with";
	rows = calloc(PAYOUT_OWN_MAX, sizeof *rows);
	if (rows == NULL) {
		return ERR_FULL;
	}
	n = payout_reconcile(p, rows);
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		if (!rows[i].explained) {
			*why = "books and chain differ by more than what is in flight";
			e = ERR_CORRUPT;
		}
	}
	free(rows);
	if (e == ERR_OK) {
		*why = NULL;
	}
	return e;
}
