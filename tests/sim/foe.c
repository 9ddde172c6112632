/* SPDX-License-Identifier: Apache-2.0 */
/*
 * foe.c - who wants the coins: a thief with one chain key or two, a block of his own and what he
 * overheard; a server that is not ours any more; somebody in the place of signer A.
 *
 * He knows the documents and every byte that went over the server's links, and holds the keys that
 * the swarm gave him; nothing else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/attempt.h"
#include "policy/exclusion.h"
#include "policy/payment.h"
#include "sim/sim.h"

enum {
	ITEMS_MAX = 24,
	PLOTS_MAX = 48,
	DOC_MAX = 4096,
	DRAIN_FEE_XEM = 150,
};

/* One payment that the evil server wants signed: the documents, and how far it is. */
struct plot {
	bool used, with_a;
	size_t n; /* request, order, attempt, approvals */
	uint8_t doc[12][DOC_MAX];
	size_t doc_n[12];
	struct doc_order order;
	struct doc_attempt attempt;
	uint8_t a_attestation[8192], a_signature[1024];
	size_t a_attestation_n, a_signature_n;
	struct sig64 a, b;
	bool spoil_a; /* A's bytes are altered before B sees them */
	uint64_t tag;
};

static struct plot plots[PLOTS_MAX];
static size_t plots_n;

void foe_free(struct sim *s)
{
	for (size_t i = 0; i < s->papers_n; i++) {
		free(s->papers[i].p);
	}
	s->papers_n = 0;
	plots_n = 0;
}

void foe_overhears(struct sim *s, unsigned signer, bool reply, struct bytes body)
{
	struct paper *p = &s->papers[s->papers_n];

	if (s->papers_n == ARRAY_LEN(s->papers) || body.n == 0 ||
	    !(s->swarm.evil_server || s->swarm.key_b || s->swarm.key_a)) {
		return;
	}
	p->p = malloc(body.n);
	CHECK(p->p != NULL);
	memcpy(p->p, body.p, body.n);
	p->n = body.n;
	p->signer = signer;
	p->reply = reply;
	s->papers_n++;
}

/* ---- the server ----------------------------------------------------------------------------- */

static const struct paper *paper_pick(struct sim *s, unsigned signer, bool reply)
{
	size_t from;

	if (s->papers_n == 0) {
		return NULL;
	}
	from = (size_t)fate_below(&s->fate, s->papers_n);
	for (size_t i = 0; i < s->papers_n; i++) {
		const struct paper *p = &s->papers[(from + i) % s->papers_n];

		if (p->signer == signer && p->reply == reply) {
			return p;
		}
	}
	return NULL;
}

static bool plot_keep(struct plot *p, size_t i, struct bytes raw)
{
	if (i >= ARRAY_LEN(p->doc) || raw.n > DOC_MAX) {
		return false;
	}
	memcpy(p->doc[i], raw.p, raw.n);
	p->doc_n[i] = raw.n;
	p->n = i + 1 > p->n ? i + 1 : p->n;
	return true;
}

static bool plot_load(struct plot *p, const struct paper *paper)
{
	struct bytes items[ITEMS_MAX];
	size_t n = 0;
	struct doc d;

	*p = (struct plot){ 0 };
	if (frame_items_all(bytes_of(paper->p, paper->n), items, ITEMS_MAX, &n) != ERR_OK ||
	    n < 3) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (!plot_keep(p, i, items[i])) {
			return false;
		}
	}
	return doc_open(&d, items[1], &world.genesis_id, NULL) == ERR_OK &&
	       doc_order_read(&d, &p->order, NULL) == ERR_OK &&
	       doc_open(&d, items[2], &world.genesis_id, NULL) == ERR_OK &&
	       doc_attempt_read(&d, &p->attempt, NULL) == ERR_OK;
}

/* The order as it is now, and an attempt at it. */
static bool plot_order(struct sim *s, struct plot *p, uint32_t chain_s)
{
	uint8_t raw[DOC_MAX];
	struct writer w = writer_make(raw, sizeof raw);
	struct hash32 id;

	if (doc_order_make(&w, &id, &p->order, NULL) != ERR_OK ||
	    !plot_keep(p, 1, bytes_of(w.p, w.n))) {
		return false;
	}
	if (attempt_make(&p->attempt, &world.policy_doc, &p->order, &id, 1,
			 &world.hot_key[0].public_key, chain_s) != ERR_OK) {
		return false;
	}
	w = writer_make(raw, sizeof raw);
	if (doc_attempt_make(&w, NULL, &p->attempt, NULL) != ERR_OK) {
		return false;
	}
	(void)s;
	return plot_keep(p, 2, bytes_of(w.p, w.n));
}

static void order_of(struct sim *s, struct plot *p, const struct doc_request *r,
		     const struct hash32 *doc)
{
	p->order = (struct doc_order){ .amount = r->amount,
				       .asset = ASSET_XEM,
				       .chain = DOC_CHAIN_NEM,
				       .created_ms = SIM_START_MS + s->now,
				       .destination = r->destination,
				       .expires_ms = SIM_START_MS + s->now + 600000,
				       .fee_max = money_of(ASSET_XEM, (u128)3 * SIM_XEM),
				       .genesis = world.genesis_id,
				       .message_n = r->message_n,
				       .network = NEM_NETWORK_TEST,
				       .request = *doc,
				       .request_id = r->request_id,
				       .vault = DOC_VAULT_HOT };
	memcpy(p->order.message, r->message, sizeof p->order.message);
}

static void forged_approval(struct sim *s, struct plot *p)
{
	struct doc_approval a = { .decision = DOC_DECISION_YES,
				  .genesis = world.genesis_id,
				  .subject_type = DOC_ORDER,
				  .time_ms = SIM_START_MS + s->now };
	uint8_t raw[DOC_MAX];
	struct writer w = writer_make(raw, sizeof raw);
	struct doc d;

	(void)snprintf(a.person, sizeof a.person, "approver-%llu",
		       (unsigned long long)fate_range(&s->fate, 1, APPROVERS));
	if (doc_open(&d, bytes_of(p->doc[1], p->doc_n[1]), &world.genesis_id, NULL) == ERR_OK) {
		a.subject = d.id;
		CHECK(doc_approval_make(&w, NULL, &a, world.stranger.secret) == ERR_OK);
		(void)plot_keep(p, p->n, bytes_of(w.p, w.n));
	}
}

/* True approvals, of another order. */
static void grafted_approvals(struct sim *s, struct plot *p)
{
	const struct paper *paper = paper_pick(s, 0, false);
	struct bytes items[ITEMS_MAX];
	size_t n = 0;

	if (paper != NULL &&
	    frame_items_all(bytes_of(paper->p, paper->n), items, ITEMS_MAX, &n) == ERR_OK) {
		for (size_t i = 3; i < n; i++) {
			(void)plot_keep(p, p->n, items[i]);
		}
	}
}

/* A request of his own: with the stolen key, or with one that nobody knows. */
static bool own_request(struct sim *s, struct plot *p, bool stolen)
{
	uint64_t amount = fate_range(&s->fate, 1, fate_permille(&s->fate, 500) ? 99 : 900);
	struct doc_request r;
	struct hash32 id;
	size_t index = 0;

	*p = (struct plot){ 0 };
	if (stolen) {
		if (!people_request(s, 0, amount * SIM_XEM, &world.foe_address, "", true, &index)) {
			return false;
		}
		r = s->asked[index].request;
		id = s->asked[index].doc;
		if (!plot_keep(p, 0, bytes_of(s->asked[index].raw, s->asked[index].raw_n))) {
			return false;
		}
	} else {
		uint8_t raw[DOC_MAX], random[UUID7_RANDOM_BYTES];
		struct writer w = writer_make(raw, sizeof raw);

		fate_bytes(&s->fate, random, sizeof random);
		r = (struct doc_request){ .amount = money_of(ASSET_XEM, (u128)amount * SIM_XEM),
					  .asset = ASSET_XEM,
					  .customer = "c-1",
					  .genesis = world.genesis_id,
					  .time_ms = SIM_START_MS + s->now };
		uuid7_make(&r.request_id, r.time_ms, random);
		memcpy(r.destination.text, world.foe_address.text, sizeof r.destination.text);
		CHECK(doc_request_make(&w, &id, &r,
				       fate_permille(&s->fate, 500) ? world.stranger.secret
								    : NULL) == ERR_OK);
		if (!plot_keep(p, 0, bytes_of(w.p, w.n))) {
			return false;
		}
	}
	order_of(s, p, &r, &id);
	if (!plot_order(s, p, chain_now_s(s) - 3)) {
		return false;
	}
	if (fate_permille(&s->fate, 300)) {
		forged_approval(s, p);
	} else if (fate_permille(&s->fate, 700)) {
		grafted_approvals(s, p);
	}
	return true;
}

/* What a watcher that lies says of an attempt: everything that is asked for. */
static bool lie_make(struct sim *s, const struct doc_order *order,
		     const struct doc_attempt *attempt, const struct hash32 *attempt_id,
		     unsigned watcher, unsigned signed_by, struct writer *out)
{
	struct payment pay;
	struct doc_exclusion x = { .account = attempt->account,
				   .attempt = *attempt_id,
				   .final_height = 1,
				   .final_time_nem_s = attempt->deadline_nem_s + 1,
				   .genesis = world.genesis_id,
				   .height = nis_height(s->nis) + EXCLUSION_DEPTH,
				   .largest = money_of(ASSET_XEM, 0),
				   .residue = money_of(ASSET_XEM, 0),
				   .time_ms = SIM_START_MS + s->now };

	if (payment_make(&pay, NEM_NETWORK_TEST, &world.chain_key[0].public_key,
			 &world.chain_key[1].public_key, order, attempt) != ERR_OK) {
		return false;
	}
	x.inner_hash = pay.inner_hash;
	(void)snprintf(x.watcher, sizeof x.watcher, "w%u", watcher + 1);
	return doc_exclusion_make(out, NULL, &x, world.watcher[signed_by].secret) == ERR_OK;
}

/* Number 2 from the other till, with as much of a proof as one lying watcher can give. */
static bool second_attempt(struct sim *s, struct plot *p, uint32_t chain_s)
{
	static uint8_t first[DOC_MAX];
	uint8_t raw[DOC_MAX];
	struct writer w = writer_make(raw, sizeof raw);
	struct doc_attempt before = p->attempt;
	size_t first_n = p->doc_n[2];
	unsigned liar = s->swarm.liar == 0 ? 0 : s->swarm.liar - HOST_W1;
	uint64_t how = fate_below(&s->fate, 4);
	struct doc d;

	memcpy(first, p->doc[2], first_n);
	if (doc_open(&d, bytes_of(first, first_n), &world.genesis_id, NULL) != ERR_OK ||
	    attempt_make(&p->attempt, &world.policy_doc, &p->order, &before.order,
			 (unsigned)before.number + 1, &world.hot_key[4].public_key,
			 chain_s) != ERR_OK ||
	    doc_attempt_make(&w, NULL, &p->attempt, NULL) != ERR_OK ||
	    !plot_keep(p, 2, bytes_of(w.p, w.n))) {
		return false;
	}
	if (how == 0) {
		return true; /* no proof at all */
	}
	if (!plot_keep(p, p->n, bytes_of(first, first_n))) {
		return true;
	}
	for (unsigned i = 0; how > 1 && s->swarm.liar != 0 && i < how - 1; i++) {
		/* his own word, and then his in another's name */
		w = writer_make(raw, sizeof raw);
		if (!lie_make(s, &p->order, &before, &d.id, (liar + i) % WATCHERS, liar, &w) ||
		    !plot_keep(p, p->n, bytes_of(w.p, w.n))) {
			return true;
		}
	}
	return true;
}

void foe_lies(struct sim *s, uint32_t watcher, struct bytes *body)
{
	static uint8_t buffer[FRAME_BODY_MAX];
	struct attested *a = NULL;
	struct payout_view v;
	struct bytes item;
	size_t n = 0;
	struct doc d;

	if (frame_items_all(*body, &item, 1, &n) != ERR_OK || n != 1 ||
	    doc_open(&d, item, &world.genesis_id, NULL) != ERR_OK || d.type != DOC_REFUSAL) {
		return;
	}
	/* about any attempt that may be meant: the server says which */
	for (size_t i = 0; i < payout_count(host_payout()); i++) {
		payout_at(&v, host_payout(), i);
		if (v.attempts > v.dead &&
		    (v.state == PAYOUT_AUTHORISED || v.state == PAYOUT_ANNOUNCED)) {
			for (size_t k = 0; k < s->attested_n; k++) {
				if (hash32_eq(&s->attested[k].subject, &v.attempt)) {
					a = &s->attested[k];
				}
			}
		}
	}
	if (a != NULL) {
		uint8_t raw[DOC_MAX];
		struct writer w = writer_make(raw, sizeof raw);
		struct writer out = writer_make(buffer, sizeof buffer);
		struct doc_exclusion x = { .account = a->account,
					   .attempt = a->subject,
					   .final_height = 1,
					   .final_time_nem_s = a->deadline_nem_s + 1,
					   .genesis = world.genesis_id,
					   .height = EXCLUSION_DEPTH + 1,
					   .inner_hash = a->inner,
					   .largest = money_of(ASSET_XEM, 0),
					   .residue = money_of(ASSET_XEM, 0),
					   .time_ms = SIM_START_MS + s->now };

		(void)snprintf(x.watcher, sizeof x.watcher, "w%u", watcher + 1);
		CHECK(doc_exclusion_make(&w, NULL, &x, world.watcher[watcher].secret) == ERR_OK);
		writer_u32(&out, (uint32_t)w.n);
		writer_bytes(&out, bytes_of(w.p, w.n));
		CHECK(!out.bad);
		*body = bytes_of(buffer, out.n);
		sim_note(s, "foe: w%u calls an attempt dead that may live", watcher + 1);
	}
}

static bool plot_make(struct sim *s, struct plot *p)
{
	const struct paper *paper = paper_pick(s, 0, false);
	uint64_t kind = fate_below(&s->fate, 10);
	uint32_t chain_s = chain_now_s(s) - (uint32_t)fate_range(&s->fate, 1, 4);

	if (kind >= 8 || paper == NULL) {
		return own_request(s, p, s->swarm.evil_backend && fate_permille(&s->fate, 700));
	}
	if (!plot_load(p, paper)) {
		return false;
	}
	switch (kind) {
	case 0: /* the very same again */
		return true;
	case 1: /* a second attempt at the same order */
		return s->swarm.late ? second_attempt(s, p, chain_s) : plot_order(s, p, chain_s);
	case 2: /* a second order for the same request */
		p->order.created_ms += fate_range(&s->fate, 1, 500);
		return plot_order(s, p, chain_s);
	case 3: /* more */
		p->order.amount =
		    money_of(ASSET_XEM, money_units(&p->order.amount) +
					    (u128)fate_range(&s->fate, 1, 900) * SIM_XEM);
		return plot_order(s, p, chain_s);
	case 4: /* to himself */
		memcpy(p->order.destination.text, world.foe_address.text,
		       sizeof p->order.destination.text);
		return plot_order(s, p, chain_s);
	case 5: /* without the people */
		p->n = 3;
		forged_approval(s, p);
		return true;
	case 6: { /* one byte */
		size_t i = (size_t)fate_below(&s->fate, p->n);
		size_t at = (size_t)fate_below(&s->fate, p->doc_n[i]);

		p->doc[i][at] ^= (uint8_t)(1u << fate_below(&s->fate, 8));
		return true;
	}
	default: /* A's word altered on its way to B */
		p->spoil_a = true;
		return true;
	}
}

static void plot_ask(struct sim *s, struct plot *p, unsigned signer)
{
	struct bytes items[ITEMS_MAX];
	size_t n = 0;

	if (s->foe_conn[signer] == 0 || s->conns[s->foe_conn[signer] - 1].broken) {
		s->foe_conn[signer] =
		    net_open_stranger(s, CLIENT_FOE, HOST_A + signer, ROLE_SERVER);
	}
	if (s->foe_conn[signer] == 0) {
		return;
	}
	for (size_t i = 0; i < p->n; i++) {
		items[n++] = bytes_of(p->doc[i], p->doc_n[i]);
	}
	if (signer == 1) {
		if (p->spoil_a) {
			p->a_signature[fate_below(&s->fate, p->a_signature_n)] ^= 1;
		}
		items[n++] = bytes_of(p->a_attestation, p->a_attestation_n);
		items[n++] = bytes_of(p->a_signature, p->a_signature_n);
	}
	if (fate_permille(&s->fate, 200)) {
		net_ask(s, s->foe_conn[signer] - 1, SIGNER_PREPARE, ++s->foe_tags, items, n);
	}
	p->tag = ++s->foe_tags;
	net_ask(s, s->foe_conn[signer] - 1, SIGNER_SIGN, p->tag, items, n);
}

static void server_act(struct sim *s)
{
	struct plot *p;

	if (plots_n > 0 && fate_permille(&s->fate, 250)) {
		p = &plots[fate_below(&s->fate, plots_n)];
		plot_ask(s, p, p->with_a ? 1 : 0); /* again */
		return;
	}
	if (plots_n == PLOTS_MAX) {
		return;
	}
	p = &plots[plots_n];
	if (plot_make(s, p)) {
		p->used = true;
		plots_n++;
		plot_ask(s, p, 0);
	}
}

/* A second attempt at something that was asked for once, whatever became of it. */
static void late_act(struct sim *s)
{
	const struct paper *paper = paper_pick(s, 0, false);
	static struct plot p;

	if (paper != NULL && plot_load(&p, paper) && second_attempt(s, &p, chain_now_s(s) - 1)) {
		plot_ask(s, &p, 0);
	}
}

static void announce(struct sim *s, struct bytes unit)
{
	struct item item = { .what = HAPPEN_ANNOUNCE, .host = CLIENT_FOE, .a = NODE_PUBLIC };

	queue_add(s, fate_range(&s->fate, 1, 50), item, unit);
}

static void plot_signed(struct sim *s, struct plot *p, unsigned signer, const struct bytes *items)
{
	struct doc_signature signature;
	struct payment pay;
	uint8_t unit[PAYMENT_UNIT_MAX];
	size_t n = 0;
	struct doc d;

	if (doc_open(&d, items[1], &world.genesis_id, NULL) != ERR_OK ||
	    doc_signature_read(&d, &signature, NULL) != ERR_OK) {
		return;
	}
	s->foe_released++;
	if (signer == 0 && items[0].n <= sizeof p->a_attestation &&
	    items[1].n <= sizeof p->a_signature) {
		memcpy(p->a_attestation, items[0].p, items[0].n);
		memcpy(p->a_signature, items[1].p, items[1].n);
		p->a_attestation_n = items[0].n;
		p->a_signature_n = items[1].n;
		p->a = signature.signature;
		p->with_a = true;
		plot_ask(s, p, 1);
		return;
	}
	p->b = signature.signature;
	if (payment_make(&pay, NEM_NETWORK_TEST, &world.chain_key[0].public_key,
			 &world.chain_key[1].public_key, &p->order, &p->attempt) == ERR_OK &&
	    payment_unit(unit, sizeof unit, &n, &pay, &p->a, &p->b) == ERR_OK) {
		announce(s, bytes_of(unit, n));
	}
}

/* What a signer persisted it has on its disk: the receipt is compared with it. */
static void officer_frame(struct sim *s, const struct conn *c, uint16_t number, struct bytes body)
{
	struct doc_receipt receipt;
	struct bytes item;
	size_t n = 0;
	struct doc d;
	bool closing;

	if (number != MSGS_REPLY(SIGNER_STOP_PUT) ||
	    frame_items_all(body, &item, 1, &n) != ERR_OK || n != 1 ||
	    doc_open(&d, item, &world.genesis_id, NULL) != ERR_OK || d.type != DOC_RECEIPT ||
	    doc_receipt_read(&d, &receipt, NULL) != ERR_OK) {
		return;
	}
	closing = hash32_eq(&receipt.document, &s->closing_id);
	if (closing ? !s->host[c->server].closed_on_disk : !s->host[c->server].stop_on_disk) {
		sim_broken(s, "P5", "%s gives a receipt for a %s that is not on its disk",
			   host_name(c->server), closing ? "closing" : "stop document");
	}
}

void foe_frame(struct sim *s, uint32_t conn, uint16_t number, uint64_t id, struct bytes body)
{
	const struct conn *c = &s->conns[conn];
	struct bytes items[2];
	size_t n = 0;

	if (c->client == CLIENT_OFFICER) {
		officer_frame(s, c, number, body);
		return;
	}
	if (number != MSGS_REPLY(SIGNER_SIGN) || frame_items_all(body, items, 2, &n) != ERR_OK ||
	    n != 2) {
		return;
	}
	for (size_t i = 0; i < plots_n; i++) {
		if (plots[i].tag == id) {
			plot_signed(s, &plots[i], c->server - HOST_A, items);
			return;
		}
	}
}

/* ---- the thief ------------------------------------------------------------------------------ */

static void head(struct nem_header *h, const struct key32 *signer, uint32_t now, uint64_t fee)
{
	*h = (struct nem_header){ .network = NEM_NETWORK_TEST,
				  .version = 1,
				  .time_nem_s = now,
				  .deadline_nem_s = now + 3600,
				  .fee_micro = fee,
				  .signer = *signer };
}

/* Pool, or a block of his own. */
static void send(struct sim *s, const struct nem_tx *tx, bool block)
{
	uint8_t raw[NEM_TX_BYTES_MAX];
	struct writer w = writer_make(raw, sizeof raw);
	uint32_t now = chain_now_s(s);
	struct bytes view;
	struct nis_answer a;
	enum nem_result code;

	nem_tx_encode(&w, tx, NEM_SIGNED);
	view = bytes_of(w.p, w.n);
	if (block && s->swarm.collude && now > nis_top(s->nis).time_s) {
		CHECK(nis_mine_given(s->nis, &view, 1, now, &world.foe_harvester, &code) == ERR_OK);
		sim_note(s, "thief: own block: %s", nem_result_name((int)code));
		laws_chain(s);
		return;
	}
	CHECK(nis_push(s->nis, NODE_PUBLIC, view, now, &a, NULL) == ERR_OK);
	sim_note(s, "thief: public node: %s", nem_result_name((int)a.code));
	laws_pool(s);
}

static void cosign(struct nem_tx *wrapper, unsigned signer, uint32_t now)
{
	struct nem_tx c = { .type = NEM_COSIGNATURE };

	head(&c.head, &world.chain_key[signer].public_key, now, NEM_FEE_COSIGNATURE_MICRO);
	nem_tx_hash_inner(&c.cosignature.inner_hash, &wrapper->multisig.inner);
	nem_address_from_key(&c.cosignature.account, &wrapper->multisig.inner.head.signer,
			     NEM_NETWORK_TEST);
	CHECK(nem_tx_sign(&c, &world.chain_key[signer]) == ERR_OK);
	CHECK(nem_tx_attach(wrapper, &c) == ERR_OK);
}

/* A transfer to himself from a hot account, wrapped by one key and, with both, complete. */
static void theft(struct sim *s, bool complete)
{
	struct nem_tx tx = { .type = NEM_MULTISIG };
	struct nem_inner *in = &tx.multisig.inner;
	uint32_t now = chain_now_s(s);
	unsigned hot = (unsigned)fate_below(&s->fate, HOT);
	unsigned first = s->swarm.key_a && s->swarm.key_b ? (unsigned)fate_below(&s->fate, 2)
			 : s->swarm.key_a                 ? 0
							  : 1;
	uint64_t have = chain_balance(s, &world.hot_address[hot]);

	if (have < 20 * SIM_XEM) {
		return;
	}
	in->type = NEM_TRANSFER;
	in->transfer.recipient = world.foe_address;
	in->transfer.amount_micro =
	    fate_permille(&s->fate, 300) ? 10 * SIM_XEM : fate_range(&s->fate, 1, have / 2);
	head(&in->head, &world.hot_key[hot].public_key, now, 0);
	in->head.fee_micro = nem_fee_minimum_inner(in);
	head(&tx.head, &world.chain_key[first].public_key, now, NEM_FEE_MULTISIG_MICRO);
	if (complete) {
		cosign(&tx, 1 - first, now);
	}
	CHECK(nem_tx_sign(&tx, &world.chain_key[first]) == ERR_OK);
	s->foul = true;
	sim_note(s, "thief: %s of %llu micro-XEM from hot %u", complete ? "theft" : "proposal",
		 (unsigned long long)in->transfer.amount_micro, hot);
	send(s, &tx, complete && fate_permille(&s->fate, 300));
}

/*
 * With key B and a cosignature of A that he overheard: the same payment in a wrapper of his own,
 * dearer or again.
 */
static void rewrap(struct sim *s)
{
	const struct paper *paper = paper_pick(s, 1, false);
	struct bytes items[ITEMS_MAX];
	struct doc_signature signature;
	struct nem_tx tx = { .type = NEM_MULTISIG };
	struct nem_tx cosignature, inner;
	struct payment pay;
	struct plot *p;
	size_t n = 0;
	struct doc d;

	if (paper == NULL || plots_n == PLOTS_MAX) {
		return;
	}
	p = &plots[PLOTS_MAX - 1];
	if (!plot_load(p, paper) ||
	    frame_items_all(bytes_of(paper->p, paper->n), items, ITEMS_MAX, &n) != ERR_OK ||
	    doc_open(&d, items[n - 1], &world.genesis_id, NULL) != ERR_OK ||
	    doc_signature_read(&d, &signature, NULL) != ERR_OK ||
	    payment_make(&pay, NEM_NETWORK_TEST, &world.chain_key[0].public_key,
			 &world.chain_key[1].public_key, &p->order, &p->attempt) != ERR_OK ||
	    nem_tx_decode(&cosignature, NEM_NETWORK_TEST, payment_cosign(&pay), NEM_SIGNING) !=
		ERR_OK ||
	    nem_tx_decode(&inner, NEM_NETWORK_TEST, bytes_of(pay.inner, pay.inner_n),
			  NEM_SIGNING) != ERR_OK) {
		return;
	}
	cosignature.signature = signature.signature;
	tx.multisig.inner.type = inner.type;
	tx.multisig.inner.head = inner.head;
	tx.multisig.inner.transfer = inner.transfer;
	head(&tx.head, &world.chain_key[1].public_key, chain_now_s(s),
	     fate_permille(&s->fate, 500) ? DRAIN_FEE_XEM * SIM_XEM : NEM_FEE_MULTISIG_MICRO);
	if (nem_tx_attach(&tx, &cosignature) != ERR_OK) {
		return;
	}
	CHECK(nem_tx_sign(&tx, &world.chain_key[1]) == ERR_OK);
	s->foul = true;
	sim_note(s, "thief: wraps a payment of ours anew, fee %llu",
		 (unsigned long long)tx.head.fee_micro);
	send(s, &tx, fate_permille(&s->fate, 600));
}

static void thief_act(struct sim *s)
{
	if (s->swarm.key_b && fate_permille(&s->fate, 400)) {
		rewrap(s);
	} else if (s->swarm.key_a && s->swarm.key_b && fate_permille(&s->fate, 600)) {
		theft(s, true);
	} else if (s->swarm.jam) {
		theft(s, false);
	}
}

/* ---- in the place of A ----------------------------------------------------------------------- */

/*
 * An answer to NEXT with A's attest key under a payment that nobody asked for.  The true nonce
 * stays in front.
 */
bool foe_replaces(struct sim *s, uint32_t watcher, struct bytes body, struct bytes *out)
{
	static uint8_t buffer[FRAME_BODY_MAX];
	static uint8_t raw[8192];
	struct writer w = writer_make(buffer, sizeof buffer);
	struct writer doc = writer_make(raw, sizeof raw);
	struct attested *known;
	struct doc_nonce nonce;
	struct doc_attestation t;
	struct bytes items[FRAME_ITEMS_MAX];
	struct payment pay;
	static struct plot p;
	size_t n = 0;
	struct doc d;

	if (!s->swarm.rogue_a || s->healing || s->now < s->swarm.thief_from || s->opening < 3 ||
	    !fate_permille(&s->fate, 15) || s->attested_n == ATTESTS_MAX ||
	    frame_items_all(body, items, FRAME_ITEMS_MAX, &n) != ERR_OK || n == 0 ||
	    doc_open(&d, items[0], &world.genesis_id, NULL) != ERR_OK ||
	    doc_nonce_read(&d, &nonce, NULL) != ERR_OK || !own_request(s, &p, false) ||
	    payment_make(&pay, NEM_NETWORK_TEST, &world.chain_key[0].public_key,
			 &world.chain_key[1].public_key, &p.order, &p.attempt) != ERR_OK) {
		return false;
	}
	t = (struct doc_attestation){ .genesis = world.genesis_id,
				      .head = nonce.head,
				      .inner_hash = pay.inner_hash,
				      .kind = DOC_ATTEST_COSIGN,
				      .policy = world.policy_id,
				      .roster = world.roster_id,
				      .sequence = nonce.sequence + 50,
				      .signer = DOC_SIGNER_A,
				      .subject_type = DOC_ATTEMPT,
				      .time_ms = SIM_START_MS + s->now };
	CHECK(doc_open(&d, bytes_of(p.doc[2], p.doc_n[2]), &world.genesis_id, NULL) == ERR_OK);
	t.subject = d.id;
	memcpy(t.data, pay.cosign, pay.cosign_n);
	t.data_n = pay.cosign_n;
	known = &s->attested[s->attested_n++];
	*known = (struct attested){ .forged = true,
				    .inner = pay.inner_hash,
				    .request_id = p.order.request_id };
	CHECK(doc_attestation_make(&doc, &known->id, &t, world.attest[0].secret) == ERR_OK);
	writer_u32(&w, (uint32_t)items[0].n);
	writer_bytes(&w, items[0]);
	writer_u32(&w, (uint32_t)doc.n);
	writer_bytes(&w, bytes_of(doc.p, doc.n));
	for (size_t i = 0; i < 3; i++) {
		/* attempt, order, request: the order of a true reply */
		writer_u32(&w, (uint32_t)p.doc_n[2 - i]);
		writer_bytes(&w, bytes_of(p.doc[2 - i], p.doc_n[2 - i]));
	}
	CHECK(!w.bad);
	s->foul = true;
	sim_note(s, "foe: a false attestation of A goes to w%u", watcher + 1);
	*out = bytes_of(buffer, w.n);
	return true;
}

void foe_act(struct sim *s)
{
	struct item again = { .what = HAPPEN_FOE };

	if (s->healing && s->swarm.late && s->swarm.evil_server && s->swarm.liar != 0) {
		/* in the quiet hours tills are empty: now a second attempt may be had for a lie */
		queue_add(s, sim_is_quiet(s) ? 150000 : 9000, again, bytes_of(NULL, 0));
		late_act(s);
		return;
	}
	if (s->healing) {
		return;
	}
	queue_add(s, fate_range(&s->fate, 200, 2500), again, bytes_of(NULL, 0));
	if (s->opening < 3) {
		return;
	}
	if (s->swarm.evil_server && fate_permille(&s->fate, 700)) {
		server_act(s);
	} else if ((s->swarm.key_a || s->swarm.key_b) && s->now >= s->swarm.thief_from) {
		thief_act(s);
	}
}
