/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_tally.c - what accounts hold, for cold holders who have no network (docs/ceremony.md).
 *
 * What is said is what our own chain shows: balances and control from the effects of blocks that
 * were verified here, never a node's word about an account, and never more than one look at our own
 * tables, however long an account's history is.  Nothing is said while a node of ours is away, is
 * behind, has lied, or shows another chain than the other: who signs for cold coins can wait.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_time.h"
#include "ipc/frame.h"
#include "policy/ceiling.h"
#include "policy/exclusion.h"
#include "watch/watch_self.h"

enum { LAG_MS = 60 * 60 * 1000 }; /* as COLD_LAG_MS: who signs offline refuses more */

/* ---- what is remembered -------------------------------------------------------------------- */

static const struct key32 *key_of(const struct watch *w, const struct nem_address *address)
{
	for (size_t i = 0; i < w->keys_n; i++) {
		if (nem_address_eq(&w->keys[i].address, address)) {
			return &w->keys[i].key;
		}
	}
	return NULL;
}

/* A full table forgets nobody; of who is not in it nothing is said. */
static void key_keep(struct watch *w, const struct key32 *key)
{
	struct watch_key one = { .key = *key };

	nem_address_from_key(&one.address, key, (uint8_t)w->genesis.chain_network);
	if (w->keys_n < WATCH_KEYS_MAX && key_of(w, &one.address) == NULL) {
		w->keys[w->keys_n++] = one;
	}
}

void watch_tally_control(struct watch *w, struct watch_node *n, uint64_t height, size_t own,
			 const struct nem_tx *tx, const struct nem_modification *m)
{
	if (tx->type == NEM_MODIFICATION) {
		key_keep(w, &tx->head.signer);
	}
	for (unsigned i = 0; i < m->n; i++) {
		if (m->entry[i].type == NEM_ADD) {
			key_keep(w, &m->entry[i].cosigner);
		}
	}
	/* once: an account that lost its cosigners and got others is no new one */
	if (!n->converted[own] && nem_multisig_is(&n->control[own])) {
		watch_self_undo(w, n, height, own);
		n->converted[own] = true;
		n->spent[own] = 0;
	}
}

void watch_tally_open(struct watch *w, size_t own, const struct hash32 *inner_hash,
		      uint32_t deadline_nem_s)
{
	struct watch_open *o = NULL;

	for (size_t i = 0; i < WATCH_OPENS_MAX && o == NULL; i++) {
		if (w->opens[i].deadline_nem_s != 0 &&
		    hash32_eq(&w->opens[i].inner_hash, inner_hash)) {
			o = &w->opens[i];
		}
	}
	if (o == NULL) {
		o = &w->opens[w->opens_at++ % WATCH_OPENS_MAX];
		*o = (struct watch_open){ .inner_hash = *inner_hash, .own = (uint16_t)own };
	}
	if (deadline_nem_s >= o->deadline_nem_s) {
		o->deadline_nem_s = deadline_nem_s == 0 ? 1 : deadline_nem_s;
	}
}

/* ---- what is said -------------------------------------------------------------------------- */

struct said {
	const struct watch_node *node;
	struct doc_tally tally;
	const char *field, *words;
};

static enum err no(struct said *s, enum err e, const char *field, const char *words)
{
	s->field = field;
	s->words = words;
	return e;
}

/* All our nodes are well, and show one chain up to one block. */
static enum err nodes_agree(const struct watch *w, struct said *s)
{
	const struct watch_node *first = &w->node[0];

	for (unsigned i = 0; i < w->config.nodes; i++) {
		const struct watch_node *n = &w->node[i];

		if (n->lying) {
			return no(s, ERR_MISMATCH, "node",
				  "a node of ours told what cannot be; it is not believed until a "
				  "restart");
		}
		if (!n->up) {
			return no(s, ERR_UNREACHABLE, "node", "a node of ours does not answer");
		}
		if (!n->synced || n->height == 0 || !n->pool_told) {
			return no(s, ERR_WAIT, "node",
				  "a node of ours is behind its chain: ask again");
		}
	}
	for (unsigned i = 1; i < w->config.nodes; i++) {
		const struct watch_node *n = &w->node[i];
		const struct watch_node *high = n->height > first->height ? n : first;
		const struct watch_node *low = high == n ? first : n;
		const struct nem_follow_at *at = nem_follow_find(&high->follow, low->height);

		if (at == NULL || !hash32_eq(&at->hash, &low->hash)) {
			return no(s, ERR_MISMATCH, "node", "our nodes show different chains");
		}
		if (high->height != low->height) {
			return no(s, ERR_WAIT, "node",
				  "our nodes stand at different heights: ask again");
		}
	}
	s->node = first;
	return ERR_OK;
}

static enum err chain_says(const struct watch *w, struct said *s)
{
	const struct watch_node *n = s->node;
	uint64_t chain_ms = nem_time_to_unix_ms(n->time_nem_s);
	uint64_t apart = chain_ms > w->wall_ms ? chain_ms - w->wall_ms : w->wall_ms - chain_ms;
	const struct nem_follow_at *final;

	if (apart > LAG_MS) {
		return no(s, ERR_STALE, "chain_time_nem_s",
			  "the newest block is more than an hour from our clock: the chain stands "
			  "still, or our clock is wrong");
	}
	/* block 1 is nobody's to undo */
	final = nem_follow_find(&n->follow,
				n->height > EXCLUSION_DEPTH ? n->height - EXCLUSION_DEPTH : 1);
	if (final == NULL) {
		return no(s, ERR_WAIT, "final_time_nem_s", "the final block is not known yet");
	}
	s->tally.block = n->hash;
	s->tally.height = n->height;
	s->tally.chain_time_nem_s = n->time_nem_s;
	s->tally.final_time_nem_s = final->time_nem_s;
	s->tally.genesis = w->genesis_id;
	s->tally.time_ms = w->wall_ms;
	(void)snprintf(s->tally.watcher, sizeof s->tally.watcher, "%s", w->config.watcher);
	return ERR_OK;
}

/*
 * Payments of the account that somebody signed and that are in no block: of a hot account all that
 * signers attested until they are excluded, and the whole move that is ahead of one that is closed;
 * else what pools have shown, until its deadline stands behind a block that nothing undoes.
 */
static uint64_t open_of(const struct watch *w, const struct said *s, size_t own)
{
	unsigned node = (unsigned)(s->node - w->node);
	uint64_t count = s->node->balance[own] > 0 && watch_closing_of(w, own).n > 0;

	for (size_t i = 0; i < w->payments_n; i++) {
		const struct watch_payment *p = &w->config.storage.payments[i];

		count += p->own == own && p->seen[node] == 0 && !p->dead;
	}
	for (size_t i = 0; i < WATCH_OPENS_MAX; i++) {
		const struct watch_open *o = &w->opens[i];

		count += o->deadline_nem_s != 0 && o->own == own &&
			 o->deadline_nem_s >= s->tally.final_time_nem_s &&
			 watch_self_by_inner(w, &o->inner_hash) == NULL &&
			 !watch_refill_is(w, &o->inner_hash);
	}
	return count + watch_refill_open(w, own, node, s->tally.final_time_nem_s);
}

static int key_cmp(const void *a, const void *b)
{
	const struct doc_cosigner *x = a;
	const struct doc_cosigner *y = b;

	return bytes_cmp(bytes_of(x->key.b, sizeof x->key.b), bytes_of(y->key.b, sizeof y->key.b));
}

/* What a box may hold and still wait for coins: strangers' gifts, as holders' machines see them. */
static u128 dust(const struct watch *w)
{
	const struct watch_held *const held[] = { &w->holding, &w->next_holding };
	u128 most = CEILING_DUST_MICRO;

	for (size_t i = 0; i < ARRAY_LEN(held); i++) {
		const u128 residue = money_units(&held[i]->doc.residue_max);

		most = held[i]->doc.number != 0 && residue > most ? residue : most;
	}
	return most;
}

/*
 * A box that waits for coins, and a block that can still be undone gave it to its holders: its old
 * key may come back, so nothing is to go there yet.  Of what coins are in already, and of where a
 * hot account is emptied to whatever happens, the chain's word is given as it is.
 */
static bool waits_young(const struct watch *w, const struct watch_node *n, size_t own)
{
	bool young = false;

	if (w->own[own].kind == WATCH_HOT || n->balance[own] > dust(w)) {
		return false;
	}
	for (size_t i = 0; i < w->genesis.hot_count; i++) {
		if (strcmp(w->genesis.hot[i].spare.text, w->own[own].address.text) == 0) {
			return false;
		}
	}
	for (size_t i = 0; i < n->controls_n; i++) {
		const struct watch_control *c =
		    &n->controls[(n->controls_at + i) % WATCH_CONTROLS_MAX];

		young = young || (c->own == own && n->height - c->height < EXCLUSION_DEPTH);
	}
	return young;
}

static enum err control_of(const struct watch *w, struct said *s, size_t own,
			   struct doc_tallied *out)
{
	const struct nem_multisig *m = &s->node->control[own];

	if (!nem_multisig_is(m)) {
		return no(s, ERR_STATE, "accounts",
			  "an account that is under no cosigners' control");
	}
	if (waits_young(w, s->node, own)) {
		return no(s, ERR_STATE, "accounts",
			  "who controls this box can still be undone, until it is 360 blocks deep: "
			  "no coin goes there yet");
	}
	out->needed = nem_multisig_required(m);
	out->cosigner_count = m->n;
	for (unsigned i = 0; i < m->n; i++) {
		const struct key32 *key = key_of(w, &m->cosigner[i]);

		if (key == NULL) {
			return no(s, ERR_FULL, "accounts",
				  "more keys than are kept here: a cosigner's is not known");
		}
		out->cosigners[i].key = *key;
	}
	qsort(out->cosigners, out->cosigner_count, sizeof out->cosigners[0], key_cmp);
	return ERR_OK;
}

static enum err account_says(const struct watch *w, struct said *s, struct bytes text)
{
	struct doc_tallied *out = &s->tally.accounts[s->tally.account_count];
	const struct key32 *key;
	struct nem_address address;
	uint64_t balance, spent;
	int own;
	enum err e;

	if (nem_address_parse(&address, (uint8_t)w->genesis.chain_network, text, NULL) != ERR_OK) {
		return no(s, ERR_INPUT, "accounts", "not an address of this network");
	}
	own = watch_self_own(w, &address);
	if (own < 0) {
		return no(s, ERR_NOT_FOUND, "accounts", "not an account of the genesis document");
	}
	key = w->own[own].kind == WATCH_HOT ? &w->genesis.hot[w->own[own].hot].public_key
					    : key_of(w, &address);
	e = control_of(w, s, (size_t)own, out);
	if (e != ERR_OK) {
		return e;
	}
	if (key == NULL) {
		return no(s, ERR_FULL, "accounts",
			  "more keys than are kept here: this account's is not known");
	}
	for (size_t i = 0; i < s->tally.account_count; i++) {
		if (key32_eq(&s->tally.accounts[i].account, key)) {
			return no(s, ERR_ONCE, "accounts", "an account stands there twice");
		}
	}
	balance = s->node->balance[own];
	spent = s->node->spent[own];
	out->account = *key;
	out->balance = money_of(ASSET_XEM, balance);
	out->spent = money_of(ASSET_XEM, spent);
	out->received = money_of(ASSET_XEM, (u128)balance + spent);
	out->open = open_of(w, s, (size_t)own);
	s->tally.account_count++;
	return ERR_OK;
}

void watch_tally_asked(struct watch *w, const struct event *event, struct effects *out)
{
	static struct said s;
	struct bytes items[DOC_TALLIED_MAX];
	struct writer text = writer_make(w->text, sizeof w->text);
	struct bytes item;
	size_t n = 0;
	enum err e = ERR_OK;

	memset(&s, 0, sizeof s);
	if ((event->role & (ROLE_SERVER | ROLE_STOP)) == 0) {
		watch_self_refuse(w, event, ERR_CAPABILITY, "", "not on this socket", out);
		return;
	}
	if (frame_items_all(event->body, items, DOC_TALLIED_MAX, &n) != ERR_OK || n == 0) {
		e = no(&s, ERR_INPUT, "body", "one to four addresses are expected");
	}
	if (e == ERR_OK) {
		e = nodes_agree(w, &s);
	}
	if (e == ERR_OK) {
		e = chain_says(w, &s);
	}
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		e = account_says(w, &s, items[i]);
	}
	if (e != ERR_OK) {
		watch_self_refuse(w, event, e, s.field, s.words, out);
		return;
	}
	CHECK(doc_tally_make(&text, NULL, &s.tally, w->config.freeze_secret) == ERR_OK);
	item = bytes_of(text.p, text.n);
	watch_self_send(w, event->channel, MSGS_REPLY(event->number), event->request_id, &item, 1,
			out);
	effects_note(out, "info tally height=%" PRIu64 " accounts=%zu", s.tally.height, n);
}
