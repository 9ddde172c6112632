/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_multisig.h"

#include <stddef.h>
#include <string.h>

#include "base/check.h"

bool nem_multisig_is(const struct nem_multisig *m)
{
	return m->n > 0;
}

bool nem_multisig_has(const struct nem_multisig *m, const struct nem_address *cosigner)
{
	for (unsigned i = 0; i < m->n; i++) {
		if (nem_address_eq(&m->cosigner[i], cosigner)) {
			return true;
		}
	}
	return false;
}

static bool all_must_sign(const struct nem_multisig *m)
{
	return m->min == 0 || m->min == m->n;
}

unsigned nem_multisig_required(const struct nem_multisig *m)
{
	return all_must_sign(m) ? m->n : m->min;
}

/* True if this entry names the same cosigner, in the same way, as one before it. */
static bool is_repeated(const struct nem_modification *m, unsigned at)
{
	for (unsigned i = 0; i < at; i++) {
		if (m->entry[i].type == m->entry[at].type &&
		    key32_eq(&m->entry[i].cosigner, &m->entry[at].cosigner)) {
			return true;
		}
	}
	return false;
}

static enum nem_result judge_entry(const struct nem_multisig *m, const struct nem_address *account,
				   const struct nem_address *cosigner,
				   enum nem_modification_type type,
				   const struct nem_multisig_lookup *others)
{
	switch (type) {
	case NEM_ADD:
		if (nem_multisig_has(m, cosigner)) {
			return NEM_FAILURE_MULTISIG_ALREADY_A_COSIGNER;
		}
		if (nem_address_eq(cosigner, account) ||
		    others->is_multisig(others->context, cosigner)) {
			return NEM_FAILURE_MULTISIG_ACCOUNT_CANNOT_BE_COSIGNER;
		}
		return NEM_SUCCESS;
	case NEM_DELETE:
		return nem_multisig_has(m, cosigner) ? NEM_SUCCESS
						     : NEM_FAILURE_MULTISIG_NOT_A_COSIGNER;
	}
	/* NIS passes over an unknown type here and finds the count wrong afterwards. */
	return NEM_SUCCESS;
}

/* N:NumCosignatoryRangeValidator: the range of the minimum first, then the number of cosigners. */
static enum nem_result judge_counts(const struct nem_multisig *m,
				    const struct nem_modification *modification, unsigned adds,
				    unsigned deletes)
{
	int64_t n = (int64_t)m->n + adds - deletes;
	int64_t min = (int64_t)m->min + (modification->has_change ? modification->change : 0);

	if (min < 0 || min > n) {
		return NEM_FAILURE_MULTISIG_MIN_COSIGNATORIES_OUT_OF_RANGE;
	}
	return n > NEM_MULTISIG_COSIGNERS_MAX ? NEM_FAILURE_TOO_MANY_MULTISIG_COSIGNERS
					      : NEM_SUCCESS;
}

/* The order of the checks is NIS's, because a transaction can be wrong in several ways. */
enum nem_result nem_multisig_judge(const struct nem_multisig *m, const struct nem_address *account,
				   uint8_t network, const struct nem_modification *modification,
				   const struct nem_multisig_lookup *others)
{
	unsigned adds = 0;
	unsigned deletes = 0;

	CHECK(modification->n <= NEM_MODIFICATIONS_MAX);
	for (unsigned i = 0; i < modification->n; i++) {
		const struct nem_modification_entry *entry = &modification->entry[i];
		struct nem_address cosigner;
		enum nem_result result;

		nem_address_from_key(&cosigner, &entry->cosigner, network);
		result = judge_entry(m, account, &cosigner, entry->type, others);
		if (result != NEM_SUCCESS) {
			return result;
		}
		if (!is_repeated(modification, i)) {
			adds += entry->type == NEM_ADD;
			deletes += entry->type == NEM_DELETE;
		}
	}
	if (deletes > 1) {
		return NEM_FAILURE_MULTISIG_MODIFICATION_MULTIPLE_DELETES;
	}
	if (adds + deletes != modification->n) {
		return NEM_FAILURE_MULTISIG_MODIFICATION_REDUNDANT_MODIFICATIONS;
	}
	if (others->is_cosigner(others->context, account)) {
		return NEM_FAILURE_MULTISIG_ACCOUNT_CANNOT_BE_COSIGNER;
	}
	return judge_counts(m, modification, adds, deletes);
}

static void remove_cosigner(struct nem_multisig *m, const struct nem_address *cosigner)
{
	for (unsigned i = 0; i < m->n; i++) {
		if (nem_address_eq(&m->cosigner[i], cosigner)) {
			memmove(&m->cosigner[i], &m->cosigner[i + 1],
				(m->n - i - 1u) * sizeof m->cosigner[0]);
			m->n--;
			memset(&m->cosigner[m->n], 0, sizeof m->cosigner[0]);
			return;
		}
	}
	CHECK(false); /* a judged delete names a cosigner */
}

static void insert_cosigner(struct nem_multisig *m, const struct nem_address *cosigner)
{
	unsigned at = 0;

	CHECK(m->n < NEM_MULTISIG_COSIGNERS_MAX);
	while (at < m->n && nem_address_cmp(&m->cosigner[at], cosigner) < 0) {
		at++;
	}
	CHECK(at == m->n || !nem_address_eq(&m->cosigner[at], cosigner));
	memmove(&m->cosigner[at + 1], &m->cosigner[at], (m->n - at) * sizeof m->cosigner[0]);
	m->cosigner[at] = *cosigner;
	m->n++;
}

void nem_multisig_apply(struct nem_multisig *m, uint8_t network,
			const struct nem_modification *modification)
{
	int64_t min = (int64_t)m->min + (modification->has_change ? modification->change : 0);

	CHECK(modification->n <= NEM_MODIFICATIONS_MAX);
	/* Deletes first, or the swap of a full account would not fit for a moment. */
	for (unsigned pass = 0; pass < 2; pass++) {
		for (unsigned i = 0; i < modification->n; i++) {
			const struct nem_modification_entry *entry = &modification->entry[i];
			struct nem_address cosigner;

			nem_address_from_key(&cosigner, &entry->cosigner, network);
			if (pass == 0 && entry->type == NEM_DELETE) {
				remove_cosigner(m, &cosigner);
			} else if (pass == 1 && entry->type == NEM_ADD) {
				insert_cosigner(m, &cosigner);
			}
		}
	}
	CHECK(min >= 0 && min <= m->n);
	m->min = (uint8_t)min;
}

enum nem_result nem_multisig_judge_plain(const struct nem_multisig *m)
{
	return nem_multisig_is(m) ? NEM_FAILURE_TRANSACTION_NOT_ALLOWED_FOR_MULTISIG : NEM_SUCCESS;
}

enum nem_result nem_multisig_judge_initiator(const struct nem_multisig *m,
					     const struct nem_address *initiator)
{
	return nem_multisig_has(m, initiator) ? NEM_SUCCESS : NEM_FAILURE_MULTISIG_NOT_A_COSIGNER;
}

enum nem_result nem_multisig_judge_cosignature(const struct nem_multisig *m,
					       const struct nem_tx *wrapper,
					       const struct nem_tx *cosignature)
{
	const struct nem_cosignature *c = &cosignature->cosignature;
	struct hash32 inner_hash;
	struct nem_address account;
	struct nem_address signer;

	CHECK(wrapper->type == NEM_MULTISIG && cosignature->type == NEM_COSIGNATURE);
	nem_tx_hash_inner(&inner_hash, &wrapper->multisig.inner);
	nem_address_from_key(&account, &wrapper->multisig.inner.head.signer, wrapper->head.network);
	nem_address_from_key(&signer, &cosignature->head.signer, cosignature->head.network);
	if (!hash32_eq(&inner_hash, &c->inner_hash) || !nem_address_eq(&account, &c->account) ||
	    key32_eq(&cosignature->head.signer, &wrapper->head.signer) ||
	    !nem_multisig_has(m, &signer)) {
		return NEM_FAILURE_MULTISIG_NO_MATCHING_MULTISIG;
	}
	return NEM_SUCCESS;
}

/* True if the inner transaction deletes this account from the cosigners. */
static bool removes(const struct nem_inner *inner, const struct nem_address *cosigner)
{
	if (inner->type != NEM_MODIFICATION) {
		return false;
	}
	for (unsigned i = 0; i < inner->modification.n; i++) {
		const struct nem_modification_entry *entry = &inner->modification.entry[i];
		struct nem_address removed;

		if (entry->type != NEM_DELETE) {
			continue;
		}
		nem_address_from_key(&removed, &entry->cosigner, inner->head.network);
		if (nem_address_eq(&removed, cosigner)) {
			return true;
		}
	}
	return false;
}

unsigned nem_multisig_signatures_needed(const struct nem_multisig *m, const struct nem_inner *inner)
{
	unsigned left = 0;

	if (!all_must_sign(m)) {
		return m->min;
	}
	for (unsigned i = 0; i < m->n; i++) {
		left += !removes(inner, &m->cosigner[i]);
	}
	return left;
}

enum nem_result nem_multisig_judge_signatures(const struct nem_multisig *m,
					      const struct nem_tx *wrapper)
{
	const struct nem_inner *inner = &wrapper->multisig.inner;
	unsigned counted = 0;

	CHECK(wrapper->type == NEM_MULTISIG && wrapper->multisig.n <= NEM_COSIGNATURES_MAX);
	/* -1 is the initiator; attached signers differ from it and from each other (nem_tx_check).
	 */
	for (int i = -1; i < (int)wrapper->multisig.n; i++) {
		const struct nem_header *head =
		    i < 0 ? &wrapper->head : &wrapper->multisig.cosignature[i].head;
		struct nem_address signer;

		nem_address_from_key(&signer, &head->signer, wrapper->head.network);
		if (!nem_multisig_has(m, &signer)) {
			return NEM_FAILURE_MULTISIG_INVALID_COSIGNERS;
		}
		counted += !removes(inner, &signer);
	}
	/*
	 * Distinct cosigners, none removed: with n-of-n their number equals that of all who remain
	 * only if they are exactly those.
	 */
	return counted >= nem_multisig_signatures_needed(m, inner)
		   ? NEM_SUCCESS
		   : NEM_FAILURE_MULTISIG_INVALID_COSIGNERS;
}
