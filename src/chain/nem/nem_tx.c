/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_tx.h"

#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_network.h"
#include "chain/nem/nem_other.h"
#include "chain/nem/nem_time.h"
#include "chain/nem/nem_verified.h"
#include "chain/nem/nem_wire.h"
#include "crypto/keccak.h"

enum {
	PEEK_INNER_AT = 60 + 4, /* behind the wrapper's header and the length of the inner */
};

bool nem_type_is_plain(uint32_t type)
{
	switch (type) {
	case NEM_TRANSFER:
	case NEM_IMPORTANCE:
	case NEM_MODIFICATION:
	case NEM_NAMESPACE:
	case NEM_DEFINITION:
	case NEM_SUPPLY:
		return true;
	default:
		return false;
	}
}

bool nem_type_known(uint32_t type)
{
	return nem_type_is_plain(type) || type == NEM_COSIGNATURE || type == NEM_MULTISIG;
}

/* ---- order ---- */

static int entry_cmp(const struct nem_modification_entry *a, const struct nem_modification_entry *b,
		     uint8_t network)
{
	struct nem_address a_address;
	struct nem_address b_address;

	if (a->type != b->type) {
		return a->type < b->type ? -1 : 1;
	}
	nem_address_from_key(&a_address, &a->cosigner, network);
	nem_address_from_key(&b_address, &b->cosigner, network);
	return nem_address_cmp(&a_address, &b_address);
}

static void sort_entries(struct nem_modification *m, uint8_t network)
{
	CHECK(m->n <= NEM_MODIFICATIONS_MAX);
	for (unsigned i = 1; i < m->n; i++) {
		struct nem_modification_entry moving = m->entry[i];
		unsigned at = i;

		while (at > 0 && entry_cmp(&m->entry[at - 1], &moving, network) > 0) {
			m->entry[at] = m->entry[at - 1];
			at--;
		}
		m->entry[at] = moving;
	}
}

static void canonicalise(enum nem_type type, uint8_t network, union nem_body *body)
{
	if (type == NEM_TRANSFER) {
		if (body->transfer.message_bytes == 0) {
			body->transfer.message_type = NEM_MESSAGE_NONE;
		}
		nem_other_sort_mosaics(&body->transfer);
	} else if (type == NEM_MODIFICATION) {
		sort_entries(&body->modification, network);
	}
}

void nem_tx_canonicalise(struct nem_tx *tx)
{
	if (tx->type == NEM_MULTISIG) {
		nem_tx_canonicalise_inner(&tx->multisig.inner);
	} else {
		canonicalise(tx->type, tx->head.network, &tx->body);
	}
}

void nem_tx_canonicalise_inner(struct nem_inner *inner)
{
	canonicalise(inner->type, inner->head.network, &inner->body);
}

/* ---- what the format demands ---- */

static enum err check_head(const struct nem_header *h)
{
	const struct key32 *nemesis;

	if (!nem_network_known(h->network)) {
		return ERR_NETWORK;
	}
	if (h->time_nem_s > NEM_TIME_MAX_S || h->deadline_nem_s > NEM_TIME_MAX_S ||
	    h->fee_micro > NEM_AMOUNT_MAX) {
		return ERR_FIELD_RANGE;
	}
	/* NIS writes 0 for whatever fee the signer of the nemesis block states
	 * (C:model/Transaction.java getFee). */
	nemesis = nem_network_nemesis(h->network);
	if (h->fee_micro != 0 && nemesis != NULL && key32_eq(&h->signer, nemesis)) {
		return ERR_NOT_CANONICAL;
	}
	return ERR_OK;
}

static enum err check_transfer(const struct nem_transfer *t, const struct nem_header *h)
{
	enum err e;

	if (t->message_bytes > NEM_MESSAGE_MAX) {
		return ERR_TOO_LARGE;
	}
	if (t->message_type > NEM_MESSAGE_ENCRYPTED || t->amount_micro > NEM_AMOUNT_MAX) {
		return ERR_FIELD_RANGE;
	}
	switch (t->message_type) {
	case NEM_MESSAGE_NONE:
		if (t->message_bytes != 0) {
			return ERR_FIELD_RANGE;
		}
		break;
	case NEM_MESSAGE_PLAIN:
	case NEM_MESSAGE_ENCRYPTED:
		if (t->message_bytes == 0) {
			return ERR_NOT_CANONICAL;
		}
		break;
	}
	e = nem_other_check_mosaics(t, h->version);
	return e == ERR_OK ? nem_address_check(&t->recipient, h->network) : e;
}

static enum err check_modification(const struct nem_modification *m, const struct nem_header *h)
{
	if (m->n > NEM_MODIFICATIONS_MAX) {
		return ERR_TOO_LARGE;
	}
	if (m->has_change ? h->version != 2 : m->change != 0) {
		return ERR_FIELD_RANGE;
	}
	if (m->n == 0 && !m->has_change) {
		return ERR_FIELD_RANGE;
	}
	for (unsigned i = 0; i < m->n; i++) {
		if (m->entry[i].type != NEM_ADD && m->entry[i].type != NEM_DELETE) {
			return ERR_FIELD_RANGE;
		}
	}
	/* Equal neighbours are a repeated entry: the rules refuse it (78), the format does not. */
	for (unsigned i = 1; i < m->n; i++) {
		if (entry_cmp(&m->entry[i - 1], &m->entry[i], h->network) > 0) {
			return ERR_NOT_CANONICAL;
		}
	}
	return ERR_OK;
}

static enum err check_plain(enum nem_type type, const struct nem_header *h,
			    const union nem_body *body)
{
	if (type == NEM_TRANSFER) {
		return check_transfer(&body->transfer, h);
	}
	return type == NEM_MODIFICATION ? check_modification(&body->modification, h)
					: nem_other_check(type, h, body);
}

static enum err check_inner(const struct nem_inner *inner)
{
	enum err e;

	if (!nem_type_is_plain(inner->type)) {
		return ERR_TYPE;
	}
	e = nem_wire_check_version(inner->type, inner->head.version);
	if (e == ERR_OK) {
		e = check_head(&inner->head);
	}
	return e == ERR_OK ? check_plain(inner->type, &inner->head, &inner->body) : e;
}

static enum err check_attached(const struct nem_attached *a, const struct nem_header *wrapper,
			       const struct hash32 *inner_hash, const struct nem_address *account)
{
	enum err e = nem_wire_check_version(NEM_COSIGNATURE, a->head.version);

	if (e == ERR_OK) {
		e = check_head(&a->head);
	}
	if (e != ERR_OK) {
		return e;
	}
	if (a->head.network != wrapper->network) {
		return ERR_NETWORK;
	}
	if (!hash32_eq(&a->body.inner_hash, inner_hash) ||
	    strncmp(a->body.account.text, account->text, sizeof account->text) != 0) {
		return ERR_MISMATCH;
	}
	/* NIS drops the initiator's own when it rebuilds the bytes. */
	return key32_eq(&a->head.signer, &wrapper->signer) ? ERR_NOT_CANONICAL : ERR_OK;
}

static enum err check_multisig(const struct nem_multisig_body *m, const struct nem_header *head)
{
	struct hash32 inner_hash;
	struct nem_address account;
	struct nem_address before;
	enum err e = check_inner(&m->inner);

	if (e != ERR_OK) {
		return e;
	}
	if (m->inner.head.network != head->network) {
		return ERR_NETWORK;
	}
	if (m->n > NEM_COSIGNATURES_MAX) {
		return ERR_TOO_LARGE;
	}
	nem_tx_hash_inner(&inner_hash, &m->inner);
	nem_address_from_key(&account, &m->inner.head.signer, head->network);
	for (unsigned i = 0; i < m->n; i++) {
		struct nem_address signer;

		e = check_attached(&m->cosignature[i], head, &inner_hash, &account);
		if (e != ERR_OK) {
			return e;
		}
		nem_address_from_key(&signer, &m->cosignature[i].head.signer, head->network);
		if (i > 0 && nem_address_cmp(&before, &signer) >= 0) {
			return ERR_NOT_CANONICAL;
		}
		before = signer;
	}
	return ERR_OK;
}

enum err nem_tx_check(const struct nem_tx *tx)
{
	enum err e = nem_wire_check_version(tx->type, tx->head.version);

	if (e == ERR_OK) {
		e = check_head(&tx->head);
	}
	if (e != ERR_OK) {
		return e;
	}
	if (tx->type == NEM_COSIGNATURE) {
		return nem_address_check(&tx->cosignature.account, tx->head.network);
	}
	return tx->type == NEM_MULTISIG ? check_multisig(&tx->multisig, &tx->head)
					: check_plain(tx->type, &tx->head, &tx->body);
}

/* ---- encoding and decoding ---- */

void nem_tx_encode(struct writer *w, const struct nem_tx *tx, enum nem_form form)
{
	enum err e = nem_tx_check(tx);

	CHECK(e == ERR_OK);
	nem_wire_put(w, tx, form);
}

void nem_tx_encode_inner(struct writer *w, const struct nem_inner *inner)
{
	enum err e = check_inner(inner);

	CHECK(e == ERR_OK);
	nem_wire_put_inner(w, inner);
}

enum err nem_tx_decode(struct nem_tx *out, uint8_t network, struct bytes raw, enum nem_form form)
{
	struct nem_tx tx;
	uint8_t again[NEM_TX_BYTES_MAX];
	struct writer w = writer_make(again, sizeof again);
	struct reader r = reader_make(raw);
	enum err e;

	if (raw.n > NEM_TX_BYTES_MAX) {
		return ERR_TOO_LARGE;
	}
	memset(&tx, 0, sizeof tx);
	e = nem_wire_get(&r, &tx, form);
	if (e != ERR_OK) {
		return e;
	}
	if (tx.head.network != network) {
		return ERR_NETWORK;
	}
	e = nem_tx_check(&tx);
	if (e != ERR_OK) {
		return e;
	}
	/* Whatever slipped past the rules above, NIS would rebuild other bytes and refuse them. */
	nem_wire_put(&w, &tx, form);
	if (w.bad || !bytes_eq(bytes_of(again, w.n), raw)) {
		return ERR_NOT_CANONICAL;
	}
	*out = tx;
	return ERR_OK;
}

uint32_t nem_tx_peek_type(struct bytes raw)
{
	return raw.n < 4 ? 0 : le32_get(raw.p);
}

uint32_t nem_tx_peek_inner_type(struct bytes signing_form)
{
	if (nem_tx_peek_type(signing_form) != NEM_MULTISIG || signing_form.n < PEEK_INNER_AT + 4) {
		return 0;
	}
	return le32_get(signing_form.p + PEEK_INNER_AT);
}

/* ---- hashes and signatures ---- */

void nem_tx_hash(struct hash32 *out, const struct nem_tx *tx)
{
	uint8_t bytes[NEM_WIRE_SIGNING_MAX];
	struct writer w = writer_make(bytes, sizeof bytes);

	nem_wire_put(&w, tx, NEM_SIGNING);
	CHECK(!w.bad);
	keccak256(out, bytes_of(bytes, w.n));
}

void nem_tx_hash_inner(struct hash32 *out, const struct nem_inner *inner)
{
	uint8_t bytes[NEM_WIRE_INNER_MAX];
	struct writer w = writer_make(bytes, sizeof bytes);

	nem_wire_put_inner(&w, inner);
	CHECK(!w.bad);
	keccak256(out, bytes_of(bytes, w.n));
}

void nem_tx_payment_hash(struct hash32 *out, const struct nem_tx *tx)
{
	if (tx->type == NEM_COSIGNATURE) {
		*out = tx->cosignature.inner_hash;
	} else if (tx->type == NEM_MULTISIG) {
		nem_tx_hash_inner(out, &tx->multisig.inner);
	} else {
		nem_tx_hash(out, tx);
	}
}

static struct bytes signing_bytes(uint8_t *buffer, size_t buffer_bytes, const struct nem_tx *tx)
{
	struct writer w = writer_make(buffer, buffer_bytes);

	nem_wire_put(&w, tx, NEM_SIGNING);
	CHECK(!w.bad);
	return bytes_of(buffer, w.n);
}

enum err nem_tx_sign(struct nem_tx *tx, const struct edk_secret *secret)
{
	uint8_t buffer[NEM_WIRE_SIGNING_MAX];
	struct sig64 signature;
	struct bytes message;
	enum err e;

	if (!key32_eq(&secret->public_key, &tx->head.signer)) {
		return ERR_KEY;
	}
	e = nem_tx_check(tx);
	if (e != ERR_OK) {
		return e;
	}
	message = signing_bytes(buffer, sizeof buffer, tx);
	edk_sign(&signature, secret, message);
	if (!edk_verify_vartime(&tx->head.signer, message, &signature)) {
		return ERR_SIGNATURE;
	}
	tx->signature = signature;
	return ERR_OK;
}

static bool verify_one(const struct nem_tx *tx)
{
	uint8_t buffer[NEM_WIRE_SIGNING_MAX];

	return nem_verified(&tx->head.signer, signing_bytes(buffer, sizeof buffer, tx),
			    &tx->signature);
}

static bool verify_attached(const struct nem_attached *a)
{
	uint8_t buffer[NEM_WIRE_COSIGNATURE_SIGNING];
	struct writer w = writer_make(buffer, sizeof buffer);

	nem_wire_put_cosignature(&w, a);
	CHECK(!w.bad);
	return nem_verified(&a->head.signer, bytes_of(buffer, w.n), &a->signature);
}

enum err nem_tx_verify(const struct nem_tx *tx)
{
	enum err e = nem_tx_check(tx);

	if (e != ERR_OK) {
		return e;
	}
	if (!verify_one(tx)) {
		return ERR_SIGNATURE;
	}
	if (tx->type != NEM_MULTISIG) {
		return ERR_OK;
	}
	for (unsigned i = 0; i < tx->multisig.n; i++) {
		if (!verify_attached(&tx->multisig.cosignature[i])) {
			return ERR_SIGNATURE;
		}
	}
	return ERR_OK;
}

/* ---- parts ---- */

/* Where a signer's cosignature belongs; *is_there if there is one of this signer already. */
static unsigned attach_place(const struct nem_multisig_body *m, const struct nem_header *head,
			     bool *is_there)
{
	struct nem_address signer;
	unsigned place = 0;

	*is_there = false;
	nem_address_from_key(&signer, &head->signer, head->network);
	for (unsigned i = 0; i < m->n; i++) {
		struct nem_address other;
		int order;

		nem_address_from_key(&other, &m->cosignature[i].head.signer, head->network);
		order = nem_address_cmp(&other, &signer);
		if (order == 0) {
			*is_there = true;
		} else if (order < 0) {
			place = i + 1;
		}
	}
	return place;
}

enum err nem_tx_attach(struct nem_tx *multisig, const struct nem_tx *cosignature)
{
	struct nem_multisig_body *m = &multisig->multisig;
	struct hash32 inner_hash;
	struct nem_address account;
	unsigned place;
	bool is_there;
	enum err e;

	if (multisig->type != NEM_MULTISIG || cosignature->type != NEM_COSIGNATURE) {
		return ERR_TYPE;
	}
	e = nem_tx_check(multisig);
	if (e == ERR_OK) {
		e = nem_tx_check(cosignature);
	}
	if (e != ERR_OK) {
		return e;
	}
	if (cosignature->head.network != multisig->head.network) {
		return ERR_NETWORK;
	}
	nem_tx_hash_inner(&inner_hash, &m->inner);
	nem_address_from_key(&account, &m->inner.head.signer, multisig->head.network);
	if (!hash32_eq(&inner_hash, &cosignature->cosignature.inner_hash) ||
	    !nem_address_eq(&account, &cosignature->cosignature.account)) {
		return ERR_MISMATCH;
	}
	place = attach_place(m, &cosignature->head, &is_there);
	if (is_there || key32_eq(&cosignature->head.signer, &multisig->head.signer)) {
		return ERR_ONCE;
	}
	if (m->n == NEM_COSIGNATURES_MAX) {
		return ERR_FULL;
	}
	memmove(&m->cosignature[place + 1], &m->cosignature[place],
		(m->n - place) * sizeof m->cosignature[0]);
	m->cosignature[place] = (struct nem_attached){ .head = cosignature->head,
						       .body = cosignature->cosignature,
						       .signature = cosignature->signature };
	m->n++;
	return ERR_OK;
}

void nem_tx_from_attached(struct nem_tx *out, const struct nem_attached *attached)
{
	memset(out, 0, sizeof *out);
	out->type = NEM_COSIGNATURE;
	out->head = attached->head;
	out->signature = attached->signature;
	out->cosignature = attached->body;
}

enum err nem_tx_delivered(uint64_t *out_micro, struct nem_address *recipient,
			  const struct nem_tx *tx)
{
	const struct nem_transfer *t = tx->type == NEM_TRANSFER ? &tx->transfer : NULL;
	uint64_t micro = 0;
	enum err e = ERR_OK;

	if (tx->type == NEM_MULTISIG && tx->multisig.inner.type == NEM_TRANSFER) {
		t = &tx->multisig.inner.transfer;
	}
	if (t != NULL && t->mosaics == 0) {
		micro = t->amount_micro;
		e = micro <= INT64_MAX ? ERR_OK : ERR_OVERFLOW;
	}
	for (unsigned i = 0; t != NULL && i < t->mosaics; i++) {
		if (nem_mosaic_is_xem(&t->mosaic[i].id)) {
			e = nem_mosaic_moved(&micro, t->amount_micro, t->mosaic[i].quantity);
		}
	}
	if (e != ERR_OK) {
		return e;
	}
	if (micro > 0 && recipient != NULL) {
		*recipient = t->recipient;
	}
	*out_micro = micro;
	return ERR_OK;
}

unsigned nem_tx_weight(const struct nem_tx *tx)
{
	return tx->type == NEM_MULTISIG ? 2u + tx->multisig.n : 1u;
}
