/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/columns.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { ROOM_FIRST = 64 };

static bool grow_32(uint32_t **a, size_t cap)
{
	uint32_t *more = realloc(*a, cap * sizeof **a);

	if (more == NULL) {
		return false;
	}
	*a = more;
	return true;
}

static bool grow_64(uint64_t **a, size_t cap)
{
	uint64_t *more = realloc(*a, cap * sizeof **a);

	if (more == NULL) {
		return false;
	}
	*a = more;
	return true;
}

/* Twice as much, so that an append costs a constant on the average. */
static size_t room(size_t cap, size_t wanted)
{
	size_t more = cap == 0 ? ROOM_FIRST : cap;

	while (more < wanted) {
		more *= 2;
	}
	return more;
}

enum err trace_columns_builder_init(struct trace_columns_builder *b)
{
	enum err e;

	*b = (struct trace_columns_builder){ 0 };
	e = trace_columns_builder_accounts(b, TRACE_ACCOUNTS_RESERVED);
	if (e != ERR_OK) {
		trace_columns_builder_free(b);
	}
	return e;
}

void trace_columns_builder_free(struct trace_columns_builder *b)
{
	free(b->from);
	free(b->to);
	free(b->tx);
	free(b->amount);
	free(b->balance);
	free(b->out);
	free(b->in);
	free(b->blocks);
	free(b->total_in);
	free(b->total_out);
	*b = (struct trace_columns_builder){ 0 };
}

enum err trace_columns_builder_accounts(struct trace_columns_builder *b, size_t n)
{
	if (n <= b->accounts_n) {
		return ERR_OK;
	}
	if (n > TRACE_COUNT_MAX) {
		return ERR_OVERFLOW;
	}
	if (n > b->accounts_cap) {
		size_t cap = room(b->accounts_cap, n);

		if (!grow_64(&b->total_in, cap) || !grow_64(&b->total_out, cap)) {
			return ERR_FULL;
		}
		b->accounts_cap = cap;
	}
	memset(b->total_in + b->accounts_n, 0, (n - b->accounts_n) * sizeof *b->total_in);
	memset(b->total_out + b->accounts_n, 0, (n - b->accounts_n) * sizeof *b->total_out);
	b->accounts_n = n;
	return ERR_OK;
}

enum err trace_columns_builder_block(struct trace_columns_builder *b, uint64_t height,
				     uint64_t time_s)
{
	if (b->blocks_n > 0 && height <= b->blocks[b->blocks_n - 1].height) {
		return ERR_INPUT;
	}
	if (b->blocks_n == TRACE_COUNT_MAX) {
		return ERR_OVERFLOW;
	}
	if (b->blocks_n == b->blocks_cap) {
		size_t cap = room(b->blocks_cap, b->blocks_n + 1);
		struct trace_block *more = realloc(b->blocks, cap * sizeof *more);

		if (more == NULL) {
			return ERR_FULL;
		}
		b->blocks = more;
		b->blocks_cap = cap;
	}
	b->blocks[b->blocks_n++] =
	    (struct trace_block){ .height = height, .time_s = time_s, .first = b->n };
	return ERR_OK;
}

static bool grow_events(struct trace_columns_builder *b)
{
	size_t cap = room(b->cap, b->n + 1);

	if (!grow_32(&b->from, cap) || !grow_32(&b->to, cap) || !grow_32(&b->tx, cap) ||
	    !grow_64(&b->amount, cap) || !grow_64(&b->balance, cap) || !grow_64(&b->out, cap) ||
	    !grow_64(&b->in, cap)) {
		return false;
	}
	b->cap = cap;
	return true;
}

enum err trace_columns_builder_event(struct trace_columns_builder *b, uint32_t from, uint32_t to,
				     uint64_t amount, uint32_t tx)
{
	uint64_t balance = 0;
	uint64_t out;
	uint64_t in;
	size_t i = b->n;

	if (b->blocks_n == 0) {
		return ERR_STATE;
	}
	if (from >= b->accounts_n || to >= b->accounts_n) {
		return ERR_NOT_FOUND;
	}
	if (to == TRACE_ISSUANCE || from == TRACE_DESTROYED) {
		return ERR_TYPE;
	}
	if (amount == 0) {
		return ERR_AMOUNT;
	}
	out = b->total_out[from];
	in = b->total_in[to];
	if (from != TRACE_ISSUANCE) {
		balance = b->total_in[from] - out;
		if (amount > balance) {
			return ERR_FUNDS;
		}
	}
	if (amount > UINT64_MAX - out || amount > UINT64_MAX - in || i == TRACE_COUNT_MAX) {
		return ERR_OVERFLOW;
	}
	if (i == b->cap && !grow_events(b)) {
		return ERR_FULL;
	}
	b->from[i] = from;
	b->to[i] = to;
	b->tx[i] = tx;
	b->amount[i] = amount;
	b->balance[i] = balance;
	b->out[i] = out;
	b->in[i] = in;
	b->total_out[from] = out + amount;
	b->total_in[to] = in + amount;
	b->n = i + 1;
	return ERR_OK;
}

enum err trace_columns_builder_undo_block(struct trace_columns_builder *b)
{
	uint64_t first;

	if (b->blocks_n == 0) {
		return ERR_STATE;
	}
	first = b->blocks[--b->blocks_n].first;
	while (b->n > first) {
		size_t i = --b->n;

		b->total_out[b->from[i]] = b->out[i];
		b->total_in[b->to[i]] = b->in[i];
	}
	return ERR_OK;
}

struct trace_columns trace_columns_builder_view(const struct trace_columns_builder *b)
{
	return (struct trace_columns){ .n = b->n,
				       .from = b->from,
				       .to = b->to,
				       .amount = b->amount,
				       .balance = b->balance,
				       .out = b->out,
				       .in = b->in,
				       .tx = b->tx,
				       .accounts_n = b->accounts_n };
}

uint64_t trace_columns_builder_balance(const struct trace_columns_builder *b, uint32_t account)
{
	CHECK(account < b->accounts_n);
	/* what DESTROYED has stays there; ISSUANCE has given what it never had */
	return account == TRACE_ISSUANCE ? 0 : b->total_in[account] - b->total_out[account];
}

struct trace_account trace_columns_account(const struct trace_columns *c, uint32_t account,
					   size_t index)
{
	struct trace_account a = { 0 };
	bool in_known = account == TRACE_ISSUANCE;
	bool out_known = account == TRACE_DESTROYED;

	CHECK(index <= c->n && account < c->accounts_n);
	for (size_t i = index; i-- > 0 && !(in_known && out_known);) {
		/* a self-transfer is both: its inflow is the later half */
		if (!in_known && c->to[i] == account) {
			a.in = c->in[i] + c->amount[i];
			in_known = true;
		}
		if (!out_known && c->from[i] == account) {
			a.out = c->out[i] + c->amount[i];
			out_known = true;
			/* nothing has come since: all in was what had left and what was left */
			if (!in_known) {
				a.in = c->out[i] + c->balance[i];
				in_known = true;
			}
		}
	}
	a.balance = account == TRACE_ISSUANCE ? 0 : a.in - a.out;
	return a;
}
