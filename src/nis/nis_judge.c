/* SPDX-License-Identifier: Apache-2.0 */
#include "nis/nis_judge.h"

#include "base/check.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_multisig.h"
#include "chain/nem/nem_time.h"

/* The headers of a transaction in the order in which NIS judges them. */
struct parts {
	const struct nem_header *head[1 + NEM_COSIGNATURES_MAX + 1];
	unsigned n;
};

static struct parts parts_of(const struct nem_tx *tx)
{
	struct parts p = { .n = 0 };

	p.head[p.n++] = &tx->head;
	if (tx->type == NEM_MULTISIG) {
		for (unsigned i = 0; i < tx->multisig.n; i++) {
			p.head[p.n++] = &tx->multisig.cosignature[i].head;
		}
		p.head[p.n++] = &tx->multisig.inner.head;
	}
	return p;
}

/* N:validators/transaction/DeadlineValidator.java, unconfirmed/TransactionDeadlineValidator.java,
 * validators/block/TransactionDeadlineBlockValidator.java (nem.md 3.4). */
static enum nem_result deadlines(const struct nis_judge *j, const struct parts *p)
{
	for (unsigned i = 0; i < p->n; i++) {
		const struct nem_header *h = p->head[i];

		if (h->time_nem_s >= h->deadline_nem_s) {
			return NEM_FAILURE_PAST_DEADLINE;
		}
		if (h->deadline_nem_s - h->time_nem_s > NEM_TIME_DEADLINE_MAX_S) {
			return NEM_FAILURE_FUTURE_DEADLINE;
		}
		switch (j->place) {
		case NIS_JUDGE_POOL:
			if (h->deadline_nem_s < j->now_s) {
				return NEM_FAILURE_PAST_DEADLINE;
			}
			break;
		case NIS_JUDGE_BLOCK:
			/* Only the outermost: what nem.md 3.4 warns of. */
			if (i == 0 && h->deadline_nem_s < j->block_s) {
				return NEM_FAILURE_PAST_DEADLINE;
			}
			break;
		}
	}
	return NEM_SUCCESS;
}

/* N:validators/NonFutureEntityValidator.java. */
static enum nem_result timestamps(const struct nis_judge *j, const struct parts *p)
{
	for (unsigned i = 0; i < p->n; i++) {
		if ((uint64_t)p->head[i]->time_nem_s > (uint64_t)j->now_s + NEM_TIME_FUTURE_MAX_S) {
			return NEM_FAILURE_TIMESTAMP_TOO_FAR_IN_FUTURE;
		}
	}
	return NEM_SUCCESS;
}

/* N:validators/transaction/NemesisTransactionValidator (nem.md 4.5.7). */
static enum nem_result nemesis(const struct nis_judge *j, const struct parts *p)
{
	for (unsigned i = 0; i < p->n; i++) {
		if (key32_eq(&p->head[i]->signer, j->nemesis)) {
			return NEM_FAILURE_NEMESIS_ACCOUNT_TRANSACTION_AFTER_NEMESIS_BLOCK;
		}
	}
	return NEM_SUCCESS;
}

/* All fees and the amount, from the account that pays them (nem.md 3.3). */
static enum nem_result balance(const struct nis_judge *j, const struct nem_tx *tx)
{
	const struct nis_holding *h = nis_state_get(j->view, nis_state_debtor(j->state, tx));
	uint64_t cost;

	if (nis_state_cost(tx, &cost) != ERR_OK || h->balance < cost) {
		return NEM_FAILURE_INSUFFICIENT_BALANCE;
	}
	return NEM_SUCCESS;
}

/* N:validators/transaction/MultisigNonOperationalValidator.java: an inner transaction is the only
 * thing that a multisig account may be the signer of. */
static enum nem_result operational(const struct nis_judge *j, const struct nem_tx *tx,
				   const struct parts *p)
{
	unsigned n = tx->type == NEM_MULTISIG ? p->n - 1 : p->n;

	for (unsigned i = 0; i < n; i++) {
		uint32_t signer = nis_state_find_key(j->state, &p->head[i]->signer);
		enum nem_result code = nem_multisig_judge_plain(nis_state_control(j->view, signer));

		if (code != NEM_SUCCESS) {
			return code;
		}
	}
	return NEM_SUCCESS;
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

static enum nem_result multisig(const struct nis_judge *j, const struct nem_tx *tx)
{
	const struct nem_inner *inner = &tx->multisig.inner;
	uint32_t account = nis_state_find_key(j->state, &inner->head.signer);
	const struct nem_multisig *control = nis_state_control(j->view, account);
	struct nem_address initiator;
	enum nem_result code;

	nem_address_from_key(&initiator, &tx->head.signer, j->state->network);
	code = nem_multisig_judge_initiator(control, &initiator);
	if (code != NEM_SUCCESS) {
		return code;
	}
	if (inner->type == NEM_MODIFICATION) {
		code = modification(j, &inner->head.signer, &inner->modification);
		if (code != NEM_SUCCESS) {
			return code;
		}
	}
	switch (j->place) {
	case NIS_JUDGE_POOL:
		break;
	case NIS_JUDGE_BLOCK:
		return nem_multisig_judge_signatures(control, tx);
	}
	return NEM_SUCCESS;
}

/* What nis_state_execute() can carry out. */
static bool carried_out(enum nem_type type, const struct nem_header *head,
			const struct nem_transfer *transfer)
{
	switch (type) {
	case NEM_TRANSFER:
		return head->version == 1 && transfer->mosaics == 0;
	case NEM_MODIFICATION:
	case NEM_COSIGNATURE:
	case NEM_MULTISIG:
		return true;
	case NEM_IMPORTANCE:
	case NEM_NAMESPACE:
	case NEM_DEFINITION:
	case NEM_SUPPLY:
		return false;
	}
	return false;
}

enum nem_result nis_judge_transaction(const struct nis_judge *j, const struct nem_tx *tx)
{
	struct parts p = parts_of(tx);
	enum nem_result code = deadlines(j, &p);

	if (!carried_out(tx->type, &tx->head, &tx->transfer) ||
	    (tx->type == NEM_MULTISIG &&
	     !carried_out(tx->multisig.inner.type, &tx->multisig.inner.head,
			  &tx->multisig.inner.transfer))) {
		return NEM_FAILURE_ENTITY_INVALID_VERSION;
	}

	if (code == NEM_SUCCESS && nem_fee_check(tx) != ERR_OK) {
		code = NEM_FAILURE_INSUFFICIENT_FEE;
	}
	if (code == NEM_SUCCESS) {
		code = timestamps(j, &p);
	}
	if (code == NEM_SUCCESS) {
		code = nemesis(j, &p);
	}
	if (code == NEM_SUCCESS) {
		code = balance(j, tx);
	}
	if (code == NEM_SUCCESS) {
		code = operational(j, tx, &p);
	}
	if (code != NEM_SUCCESS) {
		return code;
	}
	if (tx->type == NEM_MODIFICATION) {
		return modification(j, &tx->head.signer, &tx->modification);
	}
	/* A cosignature travels in a block inside a wrapper only: nis.c refuses it. */
	return tx->type == NEM_MULTISIG ? multisig(j, tx) : NEM_SUCCESS;
}
