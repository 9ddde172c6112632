/* SPDX-License-Identifier: Apache-2.0 */
/*
 * follow.c - what the chain did to our accounts, and what the books make of it.
 *
 * Node 0 is followed, block by block, from the first; every block proves itself (nem_follow.h).
 * That does not prove that the network has it, so nothing is booked by a block before
 * config.nodes_agree nodes have it (nem_agree.h); an outflow that nobody ordered is told at once.
 * Each transaction that touches an account of ours is a movement with one to three lines, each a
 * transfer between two accounts of the books.  A line has a target: what it should have booked as
 * of now, zero if its block is undone or not yet deep enough.  follow_book() moves every line
 * towards its target, as far as the books allow, and says so in the journal; so a re-mined deposit
 * is credited once, a rollback is the way back, and a restart continues where the records end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "chain/feed.h"
#include "chain/nem/nem_block.h"
#include "chain/nem/nem_effects.h"
#include "chain/nem/nem_result.h"
#include "crypto/uuid7.h"
#include "payout/inner.h"
#include "payout/reason.h"

enum {
	/* no more bookings in a step that has journalled so much: the next one goes on */
	BOOK_BYTES = PAYOUT_BATCH_BYTES / 4,
	POOL_MAX = 4096,
	NOTES_KEPT = 40, /* places of the list of effects that bookings leave to others */
};

static void own_add(struct payout *p, const char *text, uint32_t kind)
{
	struct inner_own *o;

	CHECK(p->own_n < PAYOUT_OWN_MAX);
	o = &p->own[p->own_n++];
	*o = (struct inner_own){ .kind = kind };
	memcpy(o->address.text, text, sizeof o->address.text);
	books_account_id(&o->id, kind, ASSET_XEM, nem_address_bytes(&o->address));
}

static uint32_t hot_kind(enum doc_hot_kind kind)
{
	switch (kind) {
	case DOC_HOT_TILL:
		return BOOKS_TILL;
	case DOC_HOT_PURSE:
		return BOOKS_PURSE;
	case DOC_HOT_DEPOSIT:
		return BOOKS_DEPOSIT;
	}
	CHECK(false);
	return 0;
}

enum err follow_init(struct payout *p)
{
	const struct doc_genesis *g = &p->genesis;

	p->follow = calloc(1, sizeof *p->follow);
	p->agree = calloc(1, sizeof *p->agree);
	if (p->follow == NULL || p->agree == NULL) {
		return ERR_FULL;
	}
	nem_agree_init(p->agree, p->config.nodes, p->config.nodes_agree);
	for (size_t i = 0; i < g->hot_count; i++) {
		struct nem_address a;

		nem_address_from_key(&a, &g->hot[i].public_key, (uint8_t)g->chain_network);
		own_add(p, a.text, hot_kind(g->hot[i].kind));
	}
	for (size_t i = 0; i < g->box_count; i++) {
		own_add(p, g->boxes[i].text, BOOKS_BOX);
	}
	for (size_t i = 0; i < g->spare_count; i++) {
		own_add(p, g->spares[i].text, BOOKS_SPARE);
	}
	return ERR_OK;
}

uint32_t follow_own(const struct payout *p, const char *address)
{
	for (size_t i = 0; i < p->own_n; i++) {
		if (strcmp(p->own[i].address.text, address) == 0) {
			return (uint32_t)i;
		}
	}
	return INNER_NONE;
}

uint32_t follow_index(const struct payout *p, const struct id128 *id)
{
	const struct books_account *a = books_account(&p->books, id);

	CHECK(a != NULL);
	return (uint32_t)(a - p->books.accounts);
}

/* --- movements --- */

static enum err move_add(struct payout *p, struct inner_move **out, const struct hash32 *tx)
{
	struct id128 id = payout_name("movement v1", bytes_of(tx->b, 32), bytes_of(NULL, 0));
	struct inner_move *m;
	uint32_t index;

	if (map_get(&p->by_move, &id, &index)) {
		*out = &p->moves[index];
		return ERR_OK;
	}
	if (p->moves_n >= PAYOUT_DEPOSITS_MAX ||
	    payout_grow((void **)&p->moves, &p->moves_cap, p->moves_n + 1, sizeof *p->moves) !=
		ERR_OK ||
	    payout_grow((void **)&p->pending, &p->pending_cap, p->moves_n + 1,
			sizeof *p->pending) != ERR_OK ||
	    map_put(&p->by_move, &id, (uint32_t)p->moves_n) != ERR_OK) {
		return ERR_FULL;
	}
	m = &p->moves[p->moves_n++];
	*m = (struct inner_move){ .tx = *tx,
				  .id = id,
				  .from = INNER_NONE,
				  .to = INNER_NONE,
				  .withdrawal = INNER_NONE,
				  .aside_of = INNER_NONE };
	*out = m;
	return ERR_OK;
}

static void pend(struct payout *p, struct inner_move *m)
{
	if (!m->pending) {
		m->pending = true;
		p->pending[p->pending_n++] = (uint32_t)(m - p->moves);
	}
}

static void short_set(struct payout *p, struct inner_move *m, uint64_t micro)
{
	uint32_t index = (uint32_t)(m - p->moves);
	size_t at = 0;

	if ((m->short_micro > 0) != (micro > 0)) {
		while (at < p->shorts_n && p->shorts[at] != index) {
			at++;
		}
		if (micro == 0) {
			CHECK(at < p->shorts_n);
			p->shorts[at] = p->shorts[--p->shorts_n];
		} else {
			CHECK(payout_grow((void **)&p->shorts, &p->shorts_cap, p->shorts_n + 1,
					  sizeof *p->shorts) == ERR_OK);
			p->shorts[p->shorts_n++] = index;
		}
	}
	m->short_micro = micro;
}

/* Who was credited by a deposit. */
static uint32_t credited(const struct inner_move *m)
{
	return m->kind == MOVE_IN && m->line_n > 0 ? m->lines[0].credit : INNER_NONE;
}

bool follow_short(const struct payout *p, const struct id128 *customer)
{
	for (size_t i = 0; i < p->shorts_n; i++) {
		uint32_t account = credited(&p->moves[p->shorts[i]]);

		if (account != INNER_NONE && id128_eq(&p->books.accounts[account].id, customer)) {
			return true;
		}
	}
	return false;
}

/* A line more, with what an earlier life of this movement has booked on it. */
static void line_set(struct inner_move *m, const struct inner_line *old, size_t old_n,
		     uint32_t debit, uint32_t credit, uint64_t want)
{
	struct inner_line line = { .debit = debit, .credit = credit, .want = want };

	for (size_t i = 0; i < old_n; i++) {
		if (old[i].debit == debit && old[i].credit == credit) {
			line.done = old[i].done;
		}
	}
	if (want > 0 || line.done > 0) {
		CHECK(m->line_n < INNER_LINES);
		m->lines[m->line_n++] = line;
	}
}

static uint32_t customer_of(const struct payout *p, const struct nem_tx *tx)
{
	const struct nem_transfer *t = NULL;
	uint32_t index;

	if (tx->type == NEM_TRANSFER) {
		t = &tx->transfer;
	} else if (tx->type == NEM_MULTISIG && tx->multisig.inner.type == NEM_TRANSFER) {
		t = &tx->multisig.inner.transfer;
	}
	if (t == NULL || t->message_type != NEM_MESSAGE_PLAIN ||
	    !token_read(&index, &p->token_key, bytes_of(t->message, t->message_bytes)) ||
	    index >= p->books.account_count || p->books.accounts[index].kind != BOOKS_CUSTOMER ||
	    p->books.accounts[index].asset != ASSET_XEM) {
		return follow_index(p, &p->suspense);
	}
	return index;
}

/*
 * What came in.  Of a deposit that was set aside because its customer's account is closed, his line
 * keeps what was booked for him and what he left short of it; the rest goes to suspense.
 */
static void lines_in(struct payout *p, struct inner_move *m, const struct nem_tx *tx,
		     const struct inner_line *old, size_t old_n, uint32_t to)
{
	uint32_t suspense = follow_index(p, &p->suspense);
	uint32_t whom = p->own[m->to].kind == BOOKS_DEPOSIT ? customer_of(p, tx) : suspense;
	const struct inner_line *own = NULL, *aside = NULL;
	uint64_t his = 0;

	for (size_t i = 0; i < old_n; i++) {
		if (old[i].debit == to && old[i].credit == whom) {
			own = &old[i];
		} else if (old[i].debit == to && old[i].credit == suspense) {
			aside = &old[i];
		}
	}
	m->aside_of = aside == NULL ? INNER_NONE : whom;
	if (aside == NULL) {
		line_set(m, old, old_n, to, whom, m->amount);
		return;
	}
	if (own != NULL) {
		his = own->done + m->short_micro;
		his = his < m->amount ? his : m->amount;
		m->lines[m->line_n] = *own;
		m->lines[m->line_n++].want = his;
	}
	m->lines[m->line_n] = *aside;
	m->lines[m->line_n++].want = m->amount - his;
}

static void lines_make(struct payout *p, struct inner_move *m, const struct nem_tx *tx)
{
	struct inner_line old[INNER_LINES];
	size_t old_n = m->line_n;
	uint64_t total = m->amount + m->fee;
	uint32_t fee = follow_index(p, &p->fee), in_flight = follow_index(p, &p->in_flight);
	uint32_t from = m->from == INNER_NONE ? 0 : follow_index(p, &p->own[m->from].id);
	uint32_t to = m->to == INNER_NONE ? 0 : follow_index(p, &p->own[m->to].id);

	memcpy(old, m->lines, sizeof old);
	m->line_n = 0;
	switch ((enum inner_move_kind)m->kind) {
	case MOVE_PAYMENT: {
		const struct inner_withdrawal *w = &p->all[m->withdrawal];
		uint64_t held = (uint64_t)(w->amount + w->fee);

		line_set(m, old, old_n, in_flight, from, total < held ? total : held);
		/* what the network took beyond, or less than, what the customer paid for it */
		line_set(m, old, old_n, fee, from, total > held ? total - held : 0);
		line_set(m, old, old_n, in_flight, fee, total < held ? held - total : 0);
		return;
	}
	case MOVE_INTERNAL:
		line_set(m, old, old_n, to, from, m->amount);
		line_set(m, old, old_n, fee, from, m->fee);
		return;
	case MOVE_OUT:
		line_set(m, old, old_n, follow_index(p, &p->shortage), from, total);
		return;
	case MOVE_IN:
		lines_in(p, m, tx, old, old_n, to);
		return;
	}
	CHECK(false);
}

/* The withdrawal that explains this, if it may still be paid. */
static uint32_t withdrawal_of(const struct payout *p, const struct chain_effects *x, uint32_t from)
{
	struct id128 key = map_key(&x->payment);
	const struct inner_withdrawal *w;
	struct nem_address till;
	uint32_t index;

	if (!map_get(&p->by_payment, &key, &index)) {
		return INNER_NONE;
	}
	w = &p->all[index];
	nem_address_from_key(&till, &w->till, (uint8_t)p->genesis.chain_network);
	if (!hash32_eq(&w->payment, &x->payment) || w->state == PAYOUT_REFUSED ||
	    w->state == PAYOUT_EXPIRED || !nem_address_eq(&till, &p->own[from].address)) {
		return INNER_NONE;
	}
	return index;
}

/* A node may fill a block with lies: the list of effects must not end with it. */
static bool may_note(const struct effects *fx)
{
	return effects_free(fx) > NOTES_KEPT;
}

static void delta(struct payout *p, uint32_t own, uint64_t in, uint64_t out, uint32_t move,
		  struct effects *fx)
{
	uint64_t after;

	if (__builtin_add_overflow(p->own[own].balance, in, &after) ||
	    __builtin_sub_overflow(after, out, &after)) {
		if (may_note(fx)) {
			effects_note(fx, "broken node-lies why=\"a balance below zero\" account=%s",
				     p->own[own].address.text);
		}
		in = 0;
		out = after = 0;
	}
	CHECK(payout_grow((void **)&p->deltas, &p->deltas_cap, p->deltas_n + 1,
			  sizeof *p->deltas) == ERR_OK);
	p->own[own].balance = after;
	p->deltas[p->deltas_n++] = (struct inner_delta){
		.height = p->top, .in = in, .out = out, .own = own, .move = move
	};
}

/* An attempt that k watchers called dead, after another took its place. */
static bool is_dead_attempt(const struct payout *p, const struct inner_move *m)
{
	struct id128 key = map_key(&m->tx);
	uint32_t index;

	return map_get(&p->by_payment, &key, &index) && !hash32_eq(&p->all[index].payment, &m->tx);
}

static void note_outflow(const struct payout *p, const struct inner_move *m, struct effects *fx)
{
	/* a block full of them: the counter has them all */
	if (!may_note(fx)) {
		return;
	}
	char hex[65];

	hex_put(hex, bytes_of(m->tx.b, 32));
	effects_note(fx, "broken %s account=%s micro=%llu fee=%llu height=%llu payment=%s",
		     is_dead_attempt(p, m) ? "dead-attempt-mined" : "unexplained-outflow",
		     p->own[m->from].address.text, (unsigned long long)m->amount,
		     (unsigned long long)m->fee, (unsigned long long)m->height, hex);
}

static struct inner_move *move_of(struct payout *p, const struct chain_effects *x,
				  const struct nem_tx *tx, uint32_t from, uint32_t to,
				  uint64_t amount, uint64_t fee, struct effects *fx)
{
	struct inner_move *m;
	bool again = false;

	CHECK(move_add(p, &m, &x->payment) == ERR_OK);
	if (m->height != 0) {
		/* a name that is in the chain already: nothing explains a second one */
		again = true;
		CHECK(move_add(p, &m, &x->unit) == ERR_OK);
	}
	m->height = p->top;
	m->from = from;
	m->to = to;
	m->amount = amount;
	m->fee = fee;
	if (from != INNER_NONE) {
		m->withdrawal = again ? INNER_NONE : withdrawal_of(p, x, from);
		m->kind = m->withdrawal != INNER_NONE ? MOVE_PAYMENT
			  : to != INNER_NONE          ? MOVE_INTERNAL
						      : MOVE_OUT;
	} else {
		m->kind = MOVE_IN;
	}
	if (m->kind == MOVE_PAYMENT) {
		p->all[m->withdrawal].move = (uint32_t)(m - p->moves);
	}
	if (m->kind == MOVE_OUT && !m->recorded) {
		note_outflow(p, m, fx);
		p->counters[COUNT_SHORTAGE]++;
	}
	lines_make(p, m, tx);
	pend(p, m);
	return m;
}

static void apply_tx(struct payout *p, const struct nem_tx *tx, struct effects *fx)
{
	struct chain_effects x;
	uint32_t from = INNER_NONE, to = INNER_NONE, move = INNER_NONE;
	uint64_t moved = 0, fees = 0;

	if (nem_effects_list_seen(&x, tx) != ERR_OK) {
		if (may_note(fx)) {
			effects_note(
			    fx, "broken node-lies why=\"a transaction nobody could have made\"");
		}
		return;
	}
	for (size_t i = 0; i < x.n; i++) {
		const struct chain_effect *f = &x.effect[i];
		uint64_t micro;

		if (f->kind != CHAIN_MOVE && f->kind != CHAIN_FEE) {
			/* who controls an account of ours is the watchers' business */
			if (follow_own(p, f->from.text) != INNER_NONE) {
				from = follow_own(p, f->from.text);
			}
			continue;
		}
		CHECK(money_u64(&micro, &f->amount) == ERR_OK);
		if (follow_own(p, f->from.text) != INNER_NONE) {
			from = follow_own(p, f->from.text);
			moved += f->kind == CHAIN_MOVE ? micro : 0;
			fees += f->kind == CHAIN_FEE ? micro : 0;
		}
		if (f->kind == CHAIN_MOVE && follow_own(p, f->to.text) != INNER_NONE) {
			to = follow_own(p, f->to.text);
			moved = micro;
		}
	}
	if ((from == INNER_NONE && to == INNER_NONE) || moved + fees == 0) {
		return;
	}
	if (p->open_height != 0 && p->top > p->open_height) {
		move = (uint32_t)(move_of(p, &x, tx, from, to, moved, fees, fx) - p->moves);
	}
	if (from != INNER_NONE) {
		delta(p, from, 0, moved + fees, move, fx);
	}
	if (to != INNER_NONE) {
		delta(p, to, moved, 0, move, fx);
	}
}

static void trim(struct payout *p)
{
	size_t old = 0;

	while (old < p->deltas_n && p->deltas[old].height + NEM_FOLLOW_REWRITE_MAX + 1 < p->top) {
		old++;
	}
	if (old > 1024 && old > p->deltas_n / 2) {
		memmove(p->deltas, p->deltas + old, (p->deltas_n - old) * sizeof *p->deltas);
		p->deltas_n -= old;
	}
}

/* Node's chain has this block.  What was agreed stays so while node 0 keeps it. */
static void agree_block(struct payout *p, uint32_t node, const struct nem_block *block)
{
	struct hash32 hash;
	uint64_t agreed;

	if (block->head.height == 0) {
		return;
	}
	nem_block_hash(&hash, block);
	nem_agree_block(p->agree, node, block->head.height, &hash);
	agreed = nem_agree_height(p->agree, 0);
	p->agreed = agreed > p->agreed ? agreed : p->agreed;
}

static void apply_block(struct payout *p, const struct nem_block *block, struct effects *fx)
{
	struct nem_block_walk walk = nem_block_walk_make(block);
	struct nem_tx *tx = malloc(sizeof *tx);

	CHECK(tx != NULL);
	p->top = block->head.height;
	p->top_time = block->head.time_nem_s;
	agree_block(p, 0, block);
	while (nem_block_walk_decode(&walk, tx)) {
		apply_tx(p, tx, fx);
	}
	free(tx);
	trim(p);
	p->counters[COUNT_BLOCKS]++;
	if (p->top == p->open_height && p->open_height != 0) {
		struct hash32 hash;

		nem_block_hash(&hash, block);
		if (!hash32_eq(&hash, &p->open_block)) {
			effects_note(fx,
				     "broken chain-rewritten why=\"the block on which the books "
				     "were opened is gone\"");
		}
	}
}

static void undo_to(struct payout *p, uint64_t height, struct effects *fx)
{
	if (height >= p->top) {
		return;
	}
	effects_note(fx, "unusual blocks-undone from=%llu to=%llu", (unsigned long long)p->top,
		     (unsigned long long)height);
	p->counters[COUNT_ROLLBACKS]++;
	while (p->deltas_n > 0 && p->deltas[p->deltas_n - 1].height > height) {
		const struct inner_delta *d = &p->deltas[--p->deltas_n];

		p->own[d->own].balance = p->own[d->own].balance - d->in + d->out;
		if (d->move != INNER_NONE && p->moves[d->move].height == d->height) {
			p->moves[d->move].height = 0;
			pend(p, &p->moves[d->move]);
		}
	}
	p->top = height;
	p->agreed = p->agreed < height ? p->agreed : height;
	nem_agree_undo(p->agree, 0, height);
	if (nem_follow_find(p->follow, height) != NULL) {
		p->top_time = nem_follow_find(p->follow, height)->time_nem_s;
	}
}

static void first_block(struct payout *p, struct bytes raw, struct effects *fx)
{
	struct nem_follow_at at;
	struct nem_block block;

	if (nem_block_decode(&block, (uint8_t)p->genesis.chain_network, raw) != ERR_OK) {
		effects_note(fx, "broken node-lies why=\"the first block does not decode\"");
		return;
	}
	nem_block_hash(&at.hash, &block);
	at.height = block.head.height;
	at.time_nem_s = block.head.time_nem_s;
	if (at.height != 1 || !hash32_eq(&at.hash, &p->genesis.chain_nemesis)) {
		effects_note(fx,
			     "broken other-chain why=\"not the first block that genesis names\"");
		return;
	}
	nem_follow_init(p->follow, (uint8_t)p->genesis.chain_network, &at);
	p->following = true;
	apply_block(p, &block, fx);
}

static void take_block(struct payout *p, struct bytes raw, struct effects *fx)
{
	struct nem_follow_verdict v;
	struct nem_block block;
	enum err e;

	if (!p->following) {
		first_block(p, raw, fx);
		return;
	}
	e = nem_follow_offer(p->follow, &v, &block, raw);
	if (e != ERR_OK) {
		effects_note(fx, "broken block-refused why=%s", err_slug(e));
		return;
	}
	switch (v.kind) {
	case NEM_FOLLOW_FORK:
	case NEM_FOLLOW_EXTENDS:
		undo_to(p, v.kind == NEM_FOLLOW_FORK ? v.ancestor.height : block.head.height - 1,
			fx);
		if (block.head.height != p->top + 1) {
			/* undone by the node's word alone, and now it goes on above that */
			effects_note(fx, "unusual gap height=%llu got=%llu",
				     (unsigned long long)p->top,
				     (unsigned long long)block.head.height);
			return;
		}
		apply_block(p, &block, fx);
		return;
	case NEM_FOLLOW_DUPLICATE:
		/* undone by the node's word alone, and now it is back */
		if (block.head.height == p->top + 1) {
			apply_block(p, &block, fx);
		}
		return;
	case NEM_FOLLOW_ASK:
		effects_note(fx, "unusual block-unconnected height=%llu",
			     (unsigned long long)block.head.height);
		return;
	}
	CHECK(false);
}

static void take_pool(struct payout *p, uint32_t node, struct bytes body, struct effects *fx)
{
	struct reader r = reader_make(body);
	uint32_t n = reader_u32(&r);
	struct nem_tx *tx = malloc(sizeof *tx);

	CHECK(tx != NULL);
	for (size_t i = 0; i < p->open_n; i++) {
		p->all[p->open[i]].pool_seen &= ~(1u << node);
	}
	for (uint32_t i = 0; i < n && i < POOL_MAX && !r.bad; i++) {
		struct bytes raw = reader_bytes(&r, reader_u32(&r));
		struct hash32 name;
		struct id128 key;
		uint32_t index;

		if (r.bad || nem_tx_decode(tx, (uint8_t)p->genesis.chain_network, raw,
					   NEM_SIGNED) != ERR_OK) {
			continue;
		}
		nem_tx_payment_hash(&name, tx);
		key = map_key(&name);
		if (map_get(&p->by_payment, &key, &index)) {
			p->all[index].pool_seen |= 1u << node;
		}
	}
	free(tx);
	(void)fx;
}

/* The whole chain was handed over: what the records know and it does not have is gone. */
void follow_hot(struct follow_hot *out, const struct payout *p)
{
	*out = (struct follow_hot){ 0 };
	for (size_t i = 0; i < p->own_n; i++) {
		const struct inner_own *o = &p->own[i];

		out->all += o->balance;
		if (o->kind == BOOKS_TILL && o->balance > out->till) {
			out->till = o->balance;
		}
		if (o->kind == BOOKS_TILL || o->kind == BOOKS_PURSE || o->kind == BOOKS_DEPOSIT) {
			out->hot += o->balance;
		}
	}
	out->hot_over = out->hot * 10000 > out->all * p->policy.hot_ceiling_bp;
	out->till_over = out->till > money_units(&p->policy.till_max);
}

/*
 * Nobody may move coins to cold but people with the policy's keys, so a ceiling that is passed is
 * told, loudly and once, and again when it is cured (T46: the minute of breach and of cure).
 */
static void tell_ceilings(struct payout *p, struct effects *fx)
{
	struct follow_hot h;

	follow_hot(&h, p);
	if (h.hot_over != p->hot_over) {
		effects_note(fx,
			     "%s hot-ceiling over=%s hot_micro=%llu all_micro=%llu ceiling_bp=%llu "
			     "height=%llu",
			     h.hot_over ? "broken" : "info", h.hot_over ? "yes" : "no",
			     (unsigned long long)h.hot, (unsigned long long)h.all,
			     (unsigned long long)p->policy.hot_ceiling_bp,
			     (unsigned long long)p->top);
		p->hot_over = h.hot_over;
	}
	if (h.till_over != p->till_over) {
		effects_note(fx, "%s till-ceiling over=%s till_micro=%llu height=%llu",
			     h.till_over ? "broken" : "info", h.till_over ? "yes" : "no",
			     (unsigned long long)h.till, (unsigned long long)p->top);
		p->till_over = h.till_over;
	}
}

/* Once after the start: the whole chain was handed over, and enough nodes have it. */
static void sync(struct payout *p, struct effects *fx)
{
	if (p->synced || !p->following || p->said_top != p->top || p->agreed < p->top) {
		return;
	}
	if (p->top < p->high) {
		effects_note(fx, "unusual node-behind height=%llu known=%llu",
			     (unsigned long long)p->top, (unsigned long long)p->high);
		return;
	}
	p->synced = true;
	for (size_t i = 0; i < p->moves_n; i++) {
		if (p->moves[i].height == 0) {
			pend(p, &p->moves[i]);
		}
	}
	effects_note(fx, "info chain-read height=%llu", (unsigned long long)p->top);
}

/* Whose chain is another than node 0's: one of the two is no longer the network's. */
static void tell_splits(struct payout *p, struct effects *fx)
{
	for (uint32_t i = 1; i < p->config.nodes; i++) {
		uint64_t from = nem_agree_split(p->agree, 0, i);

		if ((from != 0) == p->node_split[i]) {
			continue;
		}
		p->node_split[i] = from != 0;
		if (from != 0) {
			effects_note(fx, "unusual node-split node=%u from=%llu agreed=%llu", i,
				     (unsigned long long)from, (unsigned long long)p->agreed);
		} else {
			effects_note(fx, "info node-joined node=%u", i);
		}
	}
}

static void take_top(struct payout *p, uint64_t height, struct effects *fx)
{
	if (!p->following || height != p->top) {
		return;
	}
	p->said_top = height;
	p->book_due = true;
	tell_ceilings(p, fx);
	tell_splits(p, fx);
	sync(p, fx);
}

/* A block of a node that is not followed: only that it has it counts. */
static void take_witness(struct payout *p, uint32_t node, struct bytes raw, struct effects *fx)
{
	struct nem_block block;

	if (nem_block_decode(&block, (uint8_t)p->genesis.chain_network, raw) == ERR_OK) {
		agree_block(p, node, &block);
		sync(p, fx);
	}
}

static void take_announced(struct payout *p, const struct event *e, struct effects *fx)
{
	struct reader r = reader_make(e->body);
	uint32_t code = reader_u32(&r);
	struct inner_withdrawal *w;

	if (r.bad || e->request_id >= p->all_n || e->status != ERR_OK) {
		return;
	}
	w = &p->all[e->request_id];
	if (code != (uint32_t)NEM_SUCCESS && code != (uint32_t)NEM_NEUTRAL &&
	    w->state == PAYOUT_ANNOUNCED) {
		(void)snprintf(w->reason, sizeof w->reason, REASON_NODE, e->channel, code);
		effects_note(fx, "unusual announce-answer node=%u code=%u", e->channel, code);
	}
}

void follow_event(struct payout *p, const struct event *e, struct effects *fx)
{
	struct reader r = reader_make(e->body);
	uint64_t height;

	if (e->channel >= p->config.nodes) {
		return;
	}
	p->book_due = true;
	switch ((enum feed)e->number) {
	case FEED_BLOCK:
		if (e->channel == 0) {
			take_block(p, e->body, fx);
		} else {
			take_witness(p, e->channel, e->body, fx);
		}
		return;
	case FEED_UNDO:
		height = reader_u64(&r);
		if (!reader_done(&r) || height < 1) {
			return;
		}
		if (e->channel == 0) {
			undo_to(p, height, fx);
		} else {
			nem_agree_undo(p->agree, e->channel, height);
		}
		return;
	case FEED_POOL:
		take_pool(p, e->channel, e->body, fx);
		return;
	case FEED_DOWN:
		if (p->node_up[e->channel]) {
			effects_note(fx, "unusual node-down node=%u why=\"%.*s\"", e->channel,
				     (int)(e->body.n > 200 ? 200 : e->body.n),
				     (const char *)e->body.p);
		}
		p->node_up[e->channel] = false;
		return;
	case FEED_UP:
		p->node_up[e->channel] = true;
		return;
	case FEED_ANNOUNCED:
		take_announced(p, e, fx);
		return;
	case FEED_TOP:
		height = reader_u64(&r);
		p->node_up[e->channel] = true;
		if (e->channel == 0 && reader_done(&r)) {
			take_top(p, height, fx);
		}
		return;
	}
}

/* --- booking --- */

static void record_seen(struct payout *p, struct inner_move *m, enum inner_seen what)
{
	struct log_record r = {
		.kind = m->kind == MOVE_PAYMENT ? LOG_PAYMENT_SEEN : LOG_DEPOSIT_SEEN,
		.id = m->id,
		.link = m->tx,
	};

	r.amount = (u128)m->height | (u128)(unsigned)what << 64 | (u128)m->kind << 72 |
		   (u128)(m->from & 0xffff) << 80 | (u128)(m->to & 0xffff) << 96;
	if (m->kind == MOVE_PAYMENT) {
		r.ref = p->all[m->withdrawal].id;
	}
	payout_record(p, &r, bytes_of(NULL, 0));
	m->recorded = true;
	m->seen_height = m->height;
	if (m->height > p->high) {
		p->high = m->height;
	}
}

enum err follow_replay_seen(struct payout *p, const struct log_record *r)
{
	struct inner_move *m;
	uint64_t height = (uint64_t)r->amount;
	uint8_t kind = (uint8_t)(r->amount >> 72);
	uint16_t from = (uint16_t)(r->amount >> 80), to = (uint16_t)(r->amount >> 96);
	uint32_t index;
	enum err e;

	if (kind < MOVE_PAYMENT || kind > MOVE_IN || (from != 0xffff && from >= p->own_n) ||
	    (to != 0xffff && to >= p->own_n)) {
		return ERR_CORRUPT;
	}
	e = move_add(p, &m, &r->link);
	if (e != ERR_OK) {
		return e;
	}
	m->kind = kind;
	m->recorded = true;
	m->seen_height = height;
	m->from = from == 0xffff ? INNER_NONE : from;
	m->to = to == 0xffff ? INNER_NONE : to;
	if (kind == MOVE_PAYMENT) {
		if (!map_get(&p->by_id, &r->ref, &index)) {
			return ERR_CORRUPT;
		}
		m->withdrawal = index;
		p->all[index].move = (uint32_t)(m - p->moves);
	}
	if (height > p->high) {
		p->high = height;
	}
	return ERR_OK;
}

static bool is_reversal(const struct payout *p, const struct inner_move *m,
			const struct inner_line *l, uint32_t debit, uint32_t credit)
{
	return (l->debit == credit && l->credit == debit) ||
	       (m->kind == MOVE_IN && l->debit == credit && debit == follow_index(p, &p->shortage));
}

enum err follow_replay_transfer(struct payout *p, const struct log_record *r)
{
	static const struct id128 none;
	struct inner_move *m;
	uint32_t index, debit, credit, shortage;

	/* our own bookings have derived names; a client's transfer may refer to anything */
	if (id128_eq(&r->ref, &none) || uuid7_is_valid(&r->id)) {
		return ERR_OK;
	}
	if (!map_get(&p->by_move, &r->ref, &index) || r->amount > UINT64_MAX) {
		return ERR_CORRUPT;
	}
	m = &p->moves[index];
	m->transfers++;
	debit = follow_index(p, &r->debit);
	credit = follow_index(p, &r->credit);
	shortage = follow_index(p, &p->shortage);
	for (size_t i = 0; i < m->line_n; i++) {
		struct inner_line *l = &m->lines[i];

		if (m->kind == MOVE_IN && credit == shortage &&
		    (l->debit == debit || l->credit == debit)) {
			/* mined again; or its customer has come to coins and covers it */
			if (r->amount > m->short_micro) {
				return ERR_CORRUPT;
			}
			short_set(p, m, m->short_micro - (uint64_t)r->amount);
			l->done += l->debit == debit ? (uint64_t)r->amount : 0;
			return ERR_OK;
		}
		if (l->debit == debit && l->credit == credit) {
			l->done += (uint64_t)r->amount;
			return ERR_OK;
		}
		if (is_reversal(p, m, l, debit, credit)) {
			if (l->credit != debit && l->done == 0 && i + 1 < m->line_n) {
				continue; /* of the next line: of this one nothing was left */
			}
			if (r->amount > l->done) {
				return ERR_CORRUPT;
			}
			l->done -= (uint64_t)r->amount;
			if (l->credit != debit) {
				short_set(p, m, m->short_micro + (uint64_t)r->amount);
			}
			return ERR_OK;
		}
	}
	if (m->line_n >= INNER_LINES) {
		return ERR_CORRUPT;
	}
	m->lines[m->line_n++] =
	    (struct inner_line){ .debit = debit, .credit = credit, .done = (uint64_t)r->amount };
	return ERR_OK;
}

static bool room(const struct payout *p)
{
	return !p->batching || log_batch_size(&p->batch) < BOOK_BYTES;
}

/* What the journal says of a deposit that goes to suspense because its account is closed. */
enum { ASIDE_WHY_MAX = 96 };

static void aside_why(char out[ASIDE_WHY_MAX], const struct payout *p, uint32_t account)
{
	char id[UUID7_TEXT_MAX];

	uuid7_put(id, &p->books.accounts[account].id);
	(void)snprintf(out, ASIDE_WHY_MAX, "%s: deposit for account %s", err_slug(ERR_CLOSED), id);
}

/* One transfer for a movement.  The books may refuse. */
static enum err transfer(struct payout *p, struct inner_move *m, uint32_t debit, uint32_t credit,
			 uint64_t micro)
{
	bool aside = m->aside_of != INNER_NONE && credit == follow_index(p, &p->suspense);
	char why[ASIDE_WHY_MAX] = "";
	uint8_t counter[4];
	struct log_record r = { .kind = LOG_TRANSFER,
				.asset = ASSET_XEM,
				.amount = micro,
				.debit = p->books.accounts[debit].id,
				.credit = p->books.accounts[credit].id,
				.ref = m->id };
	enum err e;

	le32_put(counter, m->transfers);
	r.id = payout_name("booking v1", bytes_of(m->id.b, 16), bytes_of(counter, 4));
	if (aside) {
		aside_why(why, p, m->aside_of);
	}
	e = aside ? payout_book_why(p, &r, bytes_str(why)) : payout_book(p, &r);
	m->transfers += e == ERR_OK;
	return e;
}

/* How much of this may be taken from debit and credit by the books as they are. */
static uint64_t allowed(const struct payout *p, uint32_t debit, uint32_t credit, uint64_t micro)
{
	const struct books_account *d = &p->books.accounts[debit], *c = &p->books.accounts[credit];
	u128 most = micro;

	/* a chain account gives on its credit side, one that we owe on its debit side */
	if (books_kind_on_chain(c->kind) && books_available(&p->books, &c->id) < most) {
		most = books_available(&p->books, &c->id);
	}
	if ((d->kind == BOOKS_IN_FLIGHT || d->kind == BOOKS_CUSTOMER ||
	     d->kind == BOOKS_SUSPENSE) &&
	    books_available(&p->books, &d->id) < most) {
		most = books_available(&p->books, &d->id);
	}
	return (uint64_t)most;
}

/*
 * Whom this line credits is closed: what is left of it goes to suspense, where people find it with
 * the reason.  Waiting would be for ever.  On a line of its own if he was credited before.
 */
static void set_aside(struct payout *p, struct inner_move *m, struct inner_line *l, uint64_t left,
		      struct effects *fx)
{
	struct inner_line aside = { .debit = l->debit,
				    .credit = follow_index(p, &p->suspense),
				    .want = left };
	char why[ASIDE_WHY_MAX];

	CHECK(m->line_n == 1 && m->aside_of == INNER_NONE);
	m->aside_of = l->credit;
	if (m->transfers == 0) {
		*l = aside;
	} else {
		l->want = l->done;
		m->lines[m->line_n++] = aside;
	}
	aside_why(why, p, m->aside_of);
	effects_note(fx, "unusual deposit-set-aside micro=%llu height=%llu why=\"%s\"",
		     (unsigned long long)left, (unsigned long long)m->height, why);
}

static void line_forward(struct payout *p, struct inner_move *m, struct inner_line *l,
			 struct effects *fx)
{
	uint32_t shortage = follow_index(p, &p->shortage);
	uint64_t left = l->want - l->done, part;
	enum err e;

	if (m->kind == MOVE_IN && m->short_micro > 0) {
		part = m->short_micro < left ? m->short_micro : left;
		if (transfer(p, m, l->debit, shortage, part) == ERR_OK) {
			short_set(p, m, m->short_micro - part);
			l->done += part;
			left -= part;
		}
	}
	if (left > 0 && m->kind == MOVE_IN && p->books.accounts[l->credit].closed) {
		set_aside(p, m, l, left, fx);
		left = l->want - l->done;
	}
	part = allowed(p, l->debit, l->credit, left);
	if (part == 0) {
		return;
	}
	e = transfer(p, m, l->debit, l->credit, part);
	if (e == ERR_OK) {
		l->done += part;
	} else if (!m->told) {
		/* T41: after a theft no customer is credited beyond what is there */
		m->told = true;
		effects_note(fx, "broken booking-refused why=%s micro=%llu", err_slug(e),
			     (unsigned long long)part);
	}
}

static void line_back(struct payout *p, struct inner_move *m, struct inner_line *l, uint64_t target,
		      struct effects *fx)
{
	uint64_t left = l->done - target;
	uint64_t part = allowed(p, l->credit, l->debit, left);

	if (part > 0 && transfer(p, m, l->credit, l->debit, part) == ERR_OK) {
		l->done -= part;
		left -= part;
	}
	if (left == 0 || m->kind != MOVE_IN) {
		return;
	}
	/* What the customer has spent already is the house's loss until the deposit is back. */
	part = allowed(p, follow_index(p, &p->shortage), l->debit, left);
	if (part > 0 && transfer(p, m, follow_index(p, &p->shortage), l->debit, part) == ERR_OK) {
		l->done -= part;
		short_set(p, m, m->short_micro + part);
		if (may_note(fx)) {
			char id[UUID7_TEXT_MAX];

			uuid7_put(id, &p->books.accounts[l->credit].id);
			effects_note(
			    fx,
			    "broken deposit-undone account=%s short_micro=%llu why=\"spent "
			    "before: the account is frozen for withdrawals\"",
			    id, (unsigned long long)m->short_micro);
		}
	}
}

/*
 * T45: who spent a deposit that the chain took back owes it; what comes to the account later covers
 * that first, and until it is covered nothing is paid out (follow_short()).
 */
static void cover(struct payout *p, struct effects *fx)
{
	for (size_t i = p->shorts_n; i > 0 && room(p) && may_note(fx); i--) {
		struct inner_move *m = &p->moves[p->shorts[i - 1]];
		uint32_t account = credited(m), shortage = follow_index(p, &p->shortage);
		uint64_t part;

		if (m->height != 0 || account == INNER_NONE ||
		    p->books.accounts[account].kind != BOOKS_CUSTOMER) {
			continue; /* in a block again: it covers itself at its depth */
		}
		part = allowed(p, account, shortage, m->short_micro);
		if (part > 0 && transfer(p, m, account, shortage, part) == ERR_OK) {
			short_set(p, m, m->short_micro - part);
			effects_note(fx, "info deposit-covered micro=%llu left=%llu",
				     (unsigned long long)part, (unsigned long long)m->short_micro);
		}
	}
}

static bool deep(const struct payout *p, const struct inner_move *m)
{
	/* of the blocks that enough nodes have; 0: its own is not one of them */
	uint64_t depth = p->agreed < m->height ? 0 : p->agreed - m->height + 1;

	switch ((enum inner_move_kind)m->kind) {
	case MOVE_PAYMENT:
		return depth >= p->config.settle_depth;
	case MOVE_IN:
		return depth >= p->config.deposit_depth;
	case MOVE_INTERNAL:
	case MOVE_OUT:
		return depth >= 1;
	}
	CHECK(false);
	return false;
}

static void post_hold(struct payout *p, struct inner_withdrawal *w)
{
	struct log_record r = { .kind = LOG_POST,
				.asset = ASSET_XEM,
				.amount = w->amount + w->fee };

	r.id = payout_name("post v1", bytes_of(w->id.b, 16), bytes_of(NULL, 0));
	r.ref = payout_hold_name(&w->id);
	CHECK(payout_book(p, &r) == ERR_OK);
}

/* The states of a withdrawal follow its payment. */
static void payment_state(struct payout *p, struct inner_move *m, bool settle, struct effects *fx)
{
	struct inner_withdrawal *w = &p->all[m->withdrawal];
	enum payout_state next;
	char why[64];

	if (m->height == 0) {
		while (state_next(&next, w->state, w->state, PAYOUT_UNMINE) == ERR_OK) {
			CHECK(payout_move_state(p, w, w->state, PAYOUT_UNMINE, "chain",
						REASON_UNMINED) == ERR_OK);
			CHECK(withdraw_reopen(p, m->withdrawal) == ERR_OK);
			w->announce_mono_ms = 0;
			w->pool_seen = 0;
			payout_note(p, fx, "undone-by-the-chain", w);
		}
		return;
	}
	if (state_next(&next, w->state, w->state, PAYOUT_MINE) == ERR_OK) {
		record_seen(p, m, SEEN_MINED);
		if (w->dead == w->attempts) {
			/* nothing was tried in its place yet: it is paid, and somebody lied */
			payout_note(p, fx, "dead-attempt-mined", w);
			effects_note(fx, "broken dead-attempt-mined height=%llu",
				     (unsigned long long)m->height);
		}
		(void)snprintf(why, sizeof why, REASON_MINED, (unsigned long long)m->height);
		CHECK(payout_move_state(p, w, w->state, PAYOUT_MINE, "chain", why) == ERR_OK);
		payout_note(p, fx, "mined", w);
	}
	if (settle && w->state == PAYOUT_CONFIRMING) {
		post_hold(p, w);
		(void)snprintf(why, sizeof why, REASON_DEEP, (unsigned long long)m->height,
			       p->config.settle_depth);
		CHECK(payout_move_state(p, w, PAYOUT_CONFIRMING, PAYOUT_SETTLE, "chain", why) ==
		      ERR_OK);
		p->counters[COUNT_SETTLED]++;
		payout_note(p, fx, "settled", w);
	}
}

/* True when nothing is left to do until the chain changes. */
static bool book_one(struct payout *p, struct inner_move *m, struct effects *fx)
{
	bool in_chain = m->height != 0, ready = in_chain && deep(p, m), finished = true;

	if (m->kind == MOVE_PAYMENT) {
		payment_state(p, m, ready, fx);
	}
	for (size_t i = 0; i < m->line_n; i++) {
		const struct inner_line *l = &m->lines[i];
		uint64_t target = ready ? l->want : 0;

		/* once a block: what follows in the journal belongs to this movement */
		if (l->done != target && (ready || !in_chain) &&
		    (!m->recorded || (in_chain && m->seen_height != m->height))) {
			record_seen(p, m, SEEN_BOOKED);
			break;
		}
	}
	for (size_t i = 0; i < m->line_n; i++) {
		struct inner_line *l = &m->lines[i];

		if (ready && l->done < l->want) {
			line_forward(p, m, l, fx);
		} else if (ready && l->done > l->want) {
			line_back(p, m, l, l->want, fx);
		} else if (!in_chain && l->done > 0) {
			line_back(p, m, l, 0, fx);
		}
		finished = finished && l->done == (in_chain ? l->want : 0);
	}
	if (finished && m->kind == MOVE_IN && in_chain && !m->told) {
		p->counters[COUNT_DEPOSITS]++;
	}
	return finished && (!in_chain || ready);
}

void follow_book(struct payout *p, struct effects *fx)
{
	size_t kept = 0;

	if (!p->book_due || !p->synced || !p->opened) {
		return;
	}
	p->book_due = false;
	/* newest first: what came later is taken back before what it stood on */
	for (size_t i = p->pending_n; i > 0 && room(p) && may_note(fx); i--) {
		struct inner_move *m = &p->moves[p->pending[i - 1]];

		if (m->height == 0) {
			m->pending = !book_one(p, m, fx);
		}
	}
	for (size_t i = 0; i < p->pending_n; i++) {
		struct inner_move *m = &p->moves[p->pending[i]];

		if (m->pending && m->height != 0 && room(p) && may_note(fx)) {
			m->pending = !book_one(p, m, fx);
		}
		if (m->pending) {
			p->pending[kept++] = p->pending[i];
		}
	}
	p->pending_n = kept;
	cover(p, fx);
	if (!room(p) || !may_note(fx)) {
		p->book_due = true;
	}
}
