/* SPDX-License-Identifier: Apache-2.0 */
#include "nis/nis_judge.h"

#include <string.h>

#include "base/attr.h"
#include "base/check.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_multisig.h"
#include "chain/nem/nem_time.h"
#include "nis/nis_asset.h"
#include "nis/nis_execute.h"

/* The parts of a transaction in the order in which NIS judges them. */
struct part {
	enum nem_type type;
	const struct nem_header *head;
	const union nem_body *body; /* of a plain type */
};

struct parts {
	struct part part[1 + NEM_COSIGNATURES_MAX + 1];
	unsigned n;
};

static struct parts parts_of(const struct nem_tx *tx)
{
	struct parts p = { .n = 0 };

	p.part[p.n++] = (struct part){
		.type = tx->type,
		.head = &tx->head,
		.body = nem_type_is_plain(tx->type) ? &tx->body : NULL,
	};
	if (tx->type == NEM_MULTISIG) {
		const struct nem_multisig_body *m = &tx->multisig;

		for (unsigned i = 0; i < m->n; i++) {
			p.part[p.n++] = (struct part){ .type = NEM_COSIGNATURE,
						       .head = &m->cosignature[i].head };
		}
		p.part[p.n++] = (struct part){ .type = m->inner.type,
					       .head = &m->inner.head,
					       .body = &m->inner.body };
	}
	return p;
}

/* N:validators/transaction/DeadlineValidator.java (nem.md 3.4). */
static enum nem_result deadline(const struct nem_header *h)
{
	if (h->time_nem_s >= h->deadline_nem_s) {
		return NEM_FAILURE_PAST_DEADLINE;
	}
	return h->deadline_nem_s - h->time_nem_s > NEM_TIME_DEADLINE_MAX_S
		   ? NEM_FAILURE_FUTURE_DEADLINE
		   : NEM_SUCCESS;
}

/*
 * N:validators/unconfirmed/TransactionDeadlineValidator.java: a pool's last question.  A block asks
 * for the outermost deadline alone, and when all is carried out (nis_chain.c).
 */
static enum nem_result expired(const struct nis_judge *j, const struct parts *p)
{
	for (unsigned i = 0; j->place == NIS_JUDGE_POOL && i < p->n; i++) {
		if (p->part[i].head->deadline_nem_s < j->now_s) {
			return NEM_FAILURE_PAST_DEADLINE;
		}
	}
	return NEM_SUCCESS;
}

/* N:validators/NonFutureEntityValidator.java. */
static enum nem_result timestamp(const struct nis_judge *j, const struct nem_header *h)
{
	return (uint64_t)h->time_nem_s > (uint64_t)j->now_s + NEM_TIME_FUTURE_MAX_S
		   ? NEM_FAILURE_TIMESTAMP_TOO_FAR_IN_FUTURE
		   : NEM_SUCCESS;
}

/* N:validators/transaction/NemesisSinkValidator.java (nem.md 4.5.7). */
static enum nem_result nemesis(const struct nis_judge *j, const struct nem_header *h)
{
	return key32_eq(&h->signer, j->nemesis)
		   ? NEM_FAILURE_NEMESIS_ACCOUNT_TRANSACTION_AFTER_NEMESIS_BLOCK
		   : NEM_SUCCESS;
}

/*
 * N:validators/transaction/MinimumFeeValidator.java.  What a mosaic costs depends on its supply; of
 * one that nobody defined NIS cannot tell.  The nemesis account has no fees.
 */
static enum nem_result fee(const struct nis_judge *j, const struct nem_tx *tx, const struct part *p,
			   struct nis_thrown *thrown)
{
	struct nis_view *view = NULL;
	struct nem_fee_lookup lookup = { .find = nis_asset_fee_lookup };
	uint64_t least = NEM_FEE_COSIGNATURE_MICRO;
	enum err e = ERR_OK;

	if (key32_eq(&p->head->signer, j->nemesis)) {
		return NEM_SUCCESS;
	}
	/* The pointer itself loses its const: the look-up only reads. */
	memcpy(&view, &j->view, sizeof view); /* NOLINT(bugprone-sizeof-expression) */
	lookup.context = view;
	if (p->head == &tx->head) {
		e = nem_fee_minimum_of(&least, tx, &lookup, &thrown->unknown);
	} else if (p->type != NEM_COSIGNATURE) {
		e = nem_fee_minimum_of_inner(&least, &tx->multisig.inner, &lookup,
					     &thrown->unknown);
	}
	if (e != ERR_OK) {
		thrown->why = "no fee can be found for a mosaic that nobody defined";
		return NEM_FAILURE_UNKNOWN;
	}
	return p->head->fee_micro < least || (p->type == NEM_COSIGNATURE &&
					      p->head->fee_micro > NEM_FEE_COSIGNATURE_MAX_MICRO)
		   ? NEM_FAILURE_INSUFFICIENT_FEE
		   : NEM_SUCCESS;
}

/* What one account has gained or lost of one asset so far. */
struct net {
	uint32_t account, mosaic;
	u128 in, out;
};

struct nets {
	struct net net[2 * NIS_FLOW_MAX];
	unsigned n;
};

static struct net *net_of(struct nets *nets, uint32_t account, uint32_t mosaic)
{
	for (unsigned i = 0; i < nets->n; i++) {
		if (nets->net[i].account == account && nets->net[i].mosaic == mosaic) {
			return &nets->net[i];
		}
	}
	nets->net[nets->n] = (struct net){ .account = account, .mosaic = mosaic };
	return &nets->net[nets->n++];
}

static u128 held(const struct nis_judge *j, uint32_t account, uint32_t mosaic)
{
	struct nis_mosaic m;

	if (mosaic == NIS_MAP_NONE) {
		return nis_state_get(j->view, account)->balance;
	}
	if (mosaic == NIS_FLOW_NOTHING) {
		return 0;
	}
	return nis_asset_mosaic_at(j->view, mosaic, &m) ? nis_asset_quantity(j->view, account, &m)
							: 0;
}

/*
 * N:validators/transaction/BalanceValidator.java and MosaicBalanceValidator.java: step by step, and
 * never below zero, so that what comes back may pay what follows.
 */
static enum nem_result balances(const struct nis_judge *j, const struct nis_flow *flow,
				bool of_mosaics)
{
	struct nets nets = { .n = 0 };

	for (unsigned i = 0; i < flow->n; i++) {
		const struct nis_flow_step *f = &flow->step[i];
		struct net *from;

		if ((f->mosaic != NIS_MAP_NONE) != of_mosaics) {
			continue;
		}
		from = net_of(&nets, f->from, f->mosaic);
		from->out += f->quantity;
		if (from->out > from->in + held(j, f->from, f->mosaic)) {
			return NEM_FAILURE_INSUFFICIENT_BALANCE;
		}
		if (f->to != NIS_MAP_NONE) {
			net_of(&nets, f->to, f->mosaic)->in += f->quantity;
		}
	}
	return NEM_SUCCESS;
}

/* ---- accounts that may not take part ---- */

static bool is_working_remote(const struct nis_judge *j, uint32_t account)
{
	struct nis_remote link = nis_asset_remote(j->view, account);

	return link.exists && link.is_remote &&
	       nis_asset_remote_status(&link, nis_state_height(j->view)) != NIS_REMOTE_INACTIVE;
}

static bool is_working_remote_address(const struct nis_judge *j, const struct nem_address *address)
{
	return is_working_remote(j, nis_state_find(j->state, address));
}

static bool names_remote(const struct nis_judge *j, const struct part *p)
{
	const union nem_body *body = p->body;

	CHECK(p->type == NEM_COSIGNATURE || p->type == NEM_MULTISIG || body != NULL);
	switch (p->type) {
	case NEM_TRANSFER:
		return is_working_remote_address(j, &body->transfer.recipient);
	case NEM_NAMESPACE:
		return is_working_remote_address(j, &body->provision.sink);
	case NEM_DEFINITION:
		return is_working_remote_address(j, &body->definition.sink) ||
		       (body->definition.mosaic.levy.type != NEM_LEVY_NONE &&
			is_working_remote_address(j, &body->definition.mosaic.levy.recipient));
	case NEM_MODIFICATION:
		for (unsigned i = 0; i < body->modification.n; i++) {
			if (is_working_remote(
				j, nis_state_find_key(j->state,
						      &body->modification.entry[i].cosigner))) {
				return true;
			}
		}
		return false;
	case NEM_IMPORTANCE:
		return is_working_remote(j, nis_state_find_key(j->state, &body->importance.remote));
	case NEM_COSIGNATURE: /* names no account but its signer's */
	case NEM_SUPPLY:
	case NEM_MULTISIG: /* its parts do */
		return false;
	}
	return false;
}

/*
 * N:validators/transaction/RemoteNonOperationalValidator.java.  An importance transfer alone may
 * name a remote; a wrapper names what its parts name, and is asked first: so no multisig account
 * can end what it delegated.
 */
static enum nem_result remote(const struct nis_judge *j, const struct parts *p, unsigned at)
{
	unsigned last = p->part[at].type == NEM_MULTISIG ? p->n - 1 : at;
	bool of_one = at == last;

	for (unsigned i = at; i <= last; i++) {
		const struct part *q = &p->part[i];

		if (is_working_remote(j, nis_state_find_key(j->state, &q->head->signer)) ||
		    ((!of_one || q->type != NEM_IMPORTANCE) && names_remote(j, q))) {
			return NEM_FAILURE_TRANSACTION_NOT_ALLOWED_FOR_REMOTE;
		}
	}
	return NEM_SUCCESS;
}

/* N:validators/transaction/MultisigNonOperationalValidator.java: an inner transaction is the only
 * thing that a multisig account may be the signer of. */
static enum nem_result operational(const struct nis_judge *j, const struct parts *p, unsigned at)
{
	bool is_inner = at > 0 && at == p->n - 1;
	uint32_t signer = nis_state_find_key(j->state, &p->part[at].head->signer);

	return is_inner ? NEM_SUCCESS
			: nem_multisig_judge_plain(nis_state_control(j->view, signer));
}

static bool is_multisig(void *context, const struct nem_address *address)
{
	const struct nis_judge *j = context;

	return nem_multisig_is(nis_state_control(j->view, nis_state_find(j->state, address)));
}

static bool is_cosigner(void *context, const struct nem_address *address)
{
	const struct nis_judge *j = context;

	return nis_state_get(j->view, nis_state_find(j->state, address))->cosigner_of > 0;
}

static enum nem_result modification(const struct nis_judge *j, const struct key32 *signer,
				    const struct nem_modification *m)
{
	struct nis_judge copy = *j;
	struct nem_multisig_lookup lookup = { .context = &copy,
					      .is_multisig = is_multisig,
					      .is_cosigner = is_cosigner };
	struct nem_address address;
	uint32_t account;

	nem_address_from_key(&address, signer, j->state->network);
	account = nis_state_find(j->state, &address);
	return nem_multisig_judge(nis_state_control(j->view, account), &address, j->state->network,
				  m, &lookup);
}

/* N:validators/transaction/FeeSinkNonOperationalValidator.java: since the treasury was issued anew,
 * which a development network did in block 1. */
static bool is_sink(const struct key32 *signer)
{
	return key32_eq(signer, &nem_sink_namespace_key) || key32_eq(signer, &nem_sink_mosaic_key);
}

static enum nem_result initiator(const struct nis_judge *j, const struct nem_tx *tx)
{
	const struct key32 *of = &tx->multisig.inner.head.signer;
	struct nem_address signer;
	enum nem_result code;

	nem_address_from_key(&signer, &tx->head.signer, j->state->network);
	code = nem_multisig_judge_initiator(
	    nis_state_control(j->view, nis_state_find_key(j->state, of)), &signer);
	if (code == NEM_SUCCESS && is_sink(of)) {
		code = NEM_FAILURE_TRANSACTION_NOT_ALLOWED_FOR_MULTISIG;
	}
	return code;
}

/* What NIS asks of the kind of one part. */
static enum nem_result of_type(const struct nis_judge *j, const struct nem_tx *tx,
			       const struct part *p)
{
	uint32_t signer = nis_state_find_key(j->state, &p->head->signer);

	switch (p->type) {
	case NEM_TRANSFER:
		return nis_judge_bag(j, &p->head->signer, &p->body->transfer);
	case NEM_IMPORTANCE:
		return nis_judge_importance(j, signer, &p->body->importance);
	case NEM_MULTISIG:
		return initiator(j, tx);
	case NEM_MODIFICATION:
		return modification(j, &p->head->signer, &p->body->modification);
	case NEM_NAMESPACE:
		return nis_judge_provision(j, signer, &p->body->provision);
	case NEM_DEFINITION:
		return nis_judge_definition(j, signer, &p->body->definition);
	case NEM_SUPPLY:
		return nis_judge_supply(j, &p->head->signer, &p->body->supply);
	case NEM_COSIGNATURE: /* in a block it travels inside a wrapper only: nis.c refuses it */
		return NEM_SUCCESS;
	}
	return NEM_FAILURE_UNKNOWN;
}

static enum nem_result complete(const struct nis_judge *j, const struct nem_tx *tx,
				const struct part *p)
{
	if (p->type != NEM_MULTISIG || j->place == NIS_JUDGE_POOL) {
		return NEM_SUCCESS;
	}
	return nem_multisig_judge_signatures(
	    nis_state_control(j->view,
			      nis_state_find_key(j->state, &tx->multisig.inner.head.signer)),
	    tx);
}

/* Where NIS ends with an exception when it plays a transaction through. */
static bool plays(const struct nis_judge *j, const struct nem_tx *tx, struct nis_flow *flow,
		  struct nis_thrown *thrown)
{
	bool wraps = tx->type == NEM_MULTISIG;
	enum nem_type type = wraps ? tx->multisig.inner.type : tx->type;
	const struct nem_provision *p = wraps ? &tx->multisig.inner.provision : &tx->provision;
	struct nem_namespace name;

	if (type == NEM_NAMESPACE &&
	    nem_namespace_join(&name, &p->parent, bytes_str(p->part)) != ERR_OK) {
		thrown->why = "not a valid namespace";
	} else if (nis_execute_flow(flow, j->view, NULL, tx) != ERR_OK) {
		thrown->why = "an amount is beyond what NIS computes with";
	}
	return thrown->why == NULL;
}

/* All that NIS asks of one part before it looks at the next; the wrapper stands for all movements.
 */
static enum nem_result judge_part(const struct nis_judge *j, const struct nem_tx *tx,
				  const struct parts *p, unsigned at, struct nis_thrown *thrown)
{
	const struct part *part = &p->part[at];
	struct nis_flow flow = { .n = 0 };
	enum nem_result code = deadline(part->head);

	if (code == NEM_SUCCESS) {
		code = fee(j, tx, part, thrown);
	}
	if (code == NEM_SUCCESS) {
		code = timestamp(j, part->head);
	}
	if (code == NEM_SUCCESS) {
		code = nemesis(j, part->head);
	}
	if (code == NEM_SUCCESS && at == 0) {
		code =
		    plays(j, tx, &flow, thrown) ? balances(j, &flow, false) : NEM_FAILURE_UNKNOWN;
	}
	if (code == NEM_SUCCESS) {
		code = remote(j, p, at);
	}
	if (code == NEM_SUCCESS) {
		code = operational(j, p, at);
	}
	if (code == NEM_SUCCESS) {
		code = of_type(j, tx, part);
	}
	if (code == NEM_SUCCESS) {
		code = balances(j, &flow, true);
	}
	if (code == NEM_SUCCESS) {
		code = complete(j, tx, part);
	}
	return code == NEM_SUCCESS && at == 0 ? expired(j, p) : code;
}

enum nem_result nis_judge_transaction(const struct nis_judge *j, const struct nem_tx *tx,
				      struct nis_thrown *thrown)
{
	struct parts p = parts_of(tx);
	struct nis_thrown none = { .why = NULL };
	enum nem_result code = NEM_SUCCESS;

	for (unsigned i = 0; code == NEM_SUCCESS && i < p.n; i++) {
		code = judge_part(j, tx, &p, i, &none);
	}
	if (thrown != NULL) {
		*thrown = none;
	}
	return code;
}
