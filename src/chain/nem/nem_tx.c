/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_tx.h"

#include <assert.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_network.h"
#include "chain/nem/nem_time.h"
#include "crypto/keccak.h"

/* nem.md 2.2-2.4.  Lengths that the format states before a field of fixed size. */
enum {
	KEY_LENGTH = 32,
	SIGNATURE_LENGTH = 64,
	ADDRESS_LENGTH = NEM_ADDRESS_CHARS,
	ENTRY_LENGTH = 4 + 4 + KEY_LENGTH,
	CHANGE_LENGTH = 4,
	HASH_OBJECT_LENGTH = 4 + KEY_LENGTH,
	MESSAGE_HEAD = 4 + 4,

	SIGNING_HEAD = 60,
	SIGNED_HEAD = SIGNING_HEAD + 4 + SIGNATURE_LENGTH,
	TRANSFER_BODY_MAX = 4 + ADDRESS_LENGTH + 8 + 4 + MESSAGE_HEAD + NEM_MESSAGE_MAX,
	MODIFICATION_BODY_MAX = 4 + NEM_MODIFICATIONS_MAX * (4 + ENTRY_LENGTH) + 4 + CHANGE_LENGTH,
	COSIGNATURE_BODY = 4 + HASH_OBJECT_LENGTH + 4 + ADDRESS_LENGTH,
	COSIGNATURE_SIGNED = SIGNED_HEAD + COSIGNATURE_BODY,
	INNER_MAX = SIGNING_HEAD + MODIFICATION_BODY_MAX,
	MULTISIG_SIGNING_MAX = SIGNING_HEAD + 4 + INNER_MAX,
	MULTISIG_SIGNED_MAX =
	    SIGNED_HEAD + 4 + INNER_MAX + 4 + NEM_COSIGNATURES_MAX * (4 + COSIGNATURE_SIGNED),

	PEEK_INNER_AT = SIGNING_HEAD + 4,
};

static_assert(COSIGNATURE_SIGNED == 212, "nem.md 2.4: 212 bytes");
static_assert(TRANSFER_BODY_MAX <= MODIFICATION_BODY_MAX, "the modification is the larger inner");
static_assert(MULTISIG_SIGNED_MAX <= (int)NEM_TX_BYTES_MAX, "the stated bound holds");
static_assert(MULTISIG_SIGNING_MAX <= (int)NEM_ANNOUNCE_BYTES_MAX,
	      "announce carries every wrapper");

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

static void canonicalise(enum nem_type type, uint8_t network, struct nem_transfer *transfer,
			 struct nem_modification *modification)
{
	if (type == NEM_TRANSFER && transfer->message_bytes == 0) {
		transfer->message_type = NEM_MESSAGE_NONE;
	} else if (type == NEM_MODIFICATION) {
		sort_entries(modification, network);
	}
}

void nem_tx_canonicalise(struct nem_tx *tx)
{
	if (tx->type == NEM_MULTISIG) {
		nem_tx_canonicalise_inner(&tx->multisig.inner);
	} else {
		canonicalise(tx->type, tx->head.network, &tx->transfer, &tx->modification);
	}
}

void nem_tx_canonicalise_inner(struct nem_inner *inner)
{
	canonicalise(inner->type, inner->head.network, &inner->transfer, &inner->modification);
}

/* ---- what the format demands ---- */

static enum err check_head(const struct nem_header *h)
{
	if (!nem_network_known(h->network)) {
		return ERR_NETWORK;
	}
	if (h->time_nem_s > NEM_TIME_MAX_S || h->deadline_nem_s > NEM_TIME_MAX_S) {
		return ERR_FIELD_RANGE;
	}
	return ERR_OK;
}

static enum err check_version(uint32_t type, uint8_t version)
{
	if (type == NEM_TRANSFER && version == 2) {
		/* Mosaics: the amount would be a multiplier (nem.md 2.5).  Not known in full here.
		 */
		return ERR_TYPE;
	}
	if (version == 1 || (type == NEM_MODIFICATION && version == 2)) {
		return ERR_OK;
	}
	return ERR_VERSION;
}

static enum err check_address(const struct nem_address *a, uint8_t network)
{
	struct nem_address same;

	return nem_address_parse(&same, network,
				 bytes_of(a->text, strnlen(a->text, sizeof a->text)), NULL);
}

static enum err check_transfer(const struct nem_transfer *t, uint8_t network)
{
	if (t->message_bytes > NEM_MESSAGE_MAX) {
		return ERR_TOO_LARGE;
	}
	if (t->message_type > NEM_MESSAGE_ENCRYPTED) {
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
	return check_address(&t->recipient, network);
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

static enum err check_inner(const struct nem_inner *inner)
{
	enum err e;

	if (inner->type != NEM_TRANSFER && inner->type != NEM_MODIFICATION) {
		return ERR_TYPE;
	}
	e = check_version(inner->type, inner->head.version);
	if (e == ERR_OK) {
		e = check_head(&inner->head);
	}
	if (e != ERR_OK) {
		return e;
	}
	return inner->type == NEM_TRANSFER ? check_transfer(&inner->transfer, inner->head.network)
					   : check_modification(&inner->modification, &inner->head);
}

static enum err check_attached(const struct nem_attached *a, const struct nem_header *wrapper,
			       const struct hash32 *inner_hash, const struct nem_address *account)
{
	enum err e = check_version(NEM_COSIGNATURE, a->head.version);

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

static bool type_known(uint32_t type)
{
	return type == NEM_TRANSFER || type == NEM_MODIFICATION || type == NEM_COSIGNATURE ||
	       type == NEM_MULTISIG;
}

enum err nem_tx_check(const struct nem_tx *tx)
{
	enum err e;

	if (!type_known(tx->type)) {
		return ERR_TYPE;
	}
	e = check_version(tx->type, tx->head.version);
	if (e == ERR_OK) {
		e = check_head(&tx->head);
	}
	if (e != ERR_OK) {
		return e;
	}
	switch (tx->type) {
	case NEM_TRANSFER:
		return check_transfer(&tx->transfer, tx->head.network);
	case NEM_MODIFICATION:
		return check_modification(&tx->modification, &tx->head);
	case NEM_COSIGNATURE:
		return check_address(&tx->cosignature.account, tx->head.network);
	case NEM_MULTISIG:
		return check_multisig(&tx->multisig, &tx->head);
	}
	return ERR_TYPE;
}

/* ---- encoding ---- */

static void put_field(struct writer *w, const void *p, uint32_t n)
{
	writer_u32(w, n);
	writer_bytes(w, bytes_of(p, n));
}

static void put_head(struct writer *w, enum nem_type type, const struct nem_header *h,
		     const struct sig64 *signature)
{
	writer_u32(w, type);
	writer_u32(w, nem_network_version(h->network, h->version));
	writer_u32(w, h->time_nem_s);
	put_field(w, h->signer.b, KEY_LENGTH);
	if (signature != NULL) {
		put_field(w, signature->b, SIGNATURE_LENGTH);
	}
	writer_u64(w, h->fee_micro);
	writer_u32(w, h->deadline_nem_s);
}

static void put_transfer(struct writer *w, const struct nem_transfer *t)
{
	CHECK(t->message_bytes <= NEM_MESSAGE_MAX);
	put_field(w, t->recipient.text, ADDRESS_LENGTH);
	writer_u64(w, t->amount_micro);
	if (t->message_bytes == 0) {
		writer_u32(w, 0);
		return;
	}
	writer_u32(w, (uint32_t)MESSAGE_HEAD + t->message_bytes);
	writer_u32(w, t->message_type);
	put_field(w, t->message, t->message_bytes);
}

static void put_modification(struct writer *w, const struct nem_modification *m, uint8_t version)
{
	CHECK(m->n <= NEM_MODIFICATIONS_MAX);
	writer_u32(w, m->n);
	for (unsigned i = 0; i < m->n; i++) {
		writer_u32(w, ENTRY_LENGTH);
		writer_u32(w, m->entry[i].type);
		put_field(w, m->entry[i].cosigner.b, KEY_LENGTH);
	}
	if (version < 2) {
		return;
	}
	if (m->has_change) {
		writer_u32(w, CHANGE_LENGTH);
		writer_u32(w, (uint32_t)m->change);
	} else {
		writer_u32(w, 0);
	}
}

static void put_cosignature(struct writer *w, const struct nem_cosignature *c)
{
	writer_u32(w, HASH_OBJECT_LENGTH);
	put_field(w, c->inner_hash.b, KEY_LENGTH);
	put_field(w, c->account.text, ADDRESS_LENGTH);
}

static void put_inner(struct writer *w, const struct nem_inner *inner)
{
	put_head(w, inner->type, &inner->head, NULL);
	if (inner->type == NEM_TRANSFER) {
		put_transfer(w, &inner->transfer);
	} else {
		put_modification(w, &inner->modification, inner->head.version);
	}
}

static void put_multisig(struct writer *w, const struct nem_multisig_body *m, enum nem_form form)
{
	uint8_t bytes[INNER_MAX];
	struct writer inner = writer_make(bytes, sizeof bytes);

	put_inner(&inner, &m->inner);
	CHECK(!inner.bad);
	put_field(w, bytes, (uint32_t)inner.n);
	if (form == NEM_SIGNING) {
		return;
	}
	CHECK(m->n <= NEM_COSIGNATURES_MAX);
	writer_u32(w, m->n);
	for (unsigned i = 0; i < m->n; i++) {
		writer_u32(w, COSIGNATURE_SIGNED);
		put_head(w, NEM_COSIGNATURE, &m->cosignature[i].head, &m->cosignature[i].signature);
		put_cosignature(w, &m->cosignature[i].body);
	}
}

/* Encodes whatever is in bounds; the public functions have checked the rest. */
static void put_tx(struct writer *w, const struct nem_tx *tx, enum nem_form form)
{
	put_head(w, tx->type, &tx->head, form == NEM_SIGNED ? &tx->signature : NULL);
	switch (tx->type) {
	case NEM_TRANSFER:
		put_transfer(w, &tx->transfer);
		return;
	case NEM_MODIFICATION:
		put_modification(w, &tx->modification, tx->head.version);
		return;
	case NEM_COSIGNATURE:
		put_cosignature(w, &tx->cosignature);
		return;
	case NEM_MULTISIG:
		put_multisig(w, &tx->multisig, form);
		return;
	}
	CHECK(false); /* a transaction type without an encoding */
}

void nem_tx_encode(struct writer *w, const struct nem_tx *tx, enum nem_form form)
{
	enum err e = nem_tx_check(tx);

	CHECK(e == ERR_OK);
	put_tx(w, tx, form);
}

void nem_tx_encode_inner(struct writer *w, const struct nem_inner *inner)
{
	enum err e = check_inner(inner);

	CHECK(e == ERR_OK);
	put_inner(w, inner);
}

/* ---- decoding ---- */

/* A field whose length is stated and fixed: anything else is a lie. */
static struct bytes get_field(struct reader *r, uint32_t n)
{
	if (reader_u32(r) != n) {
		r->bad = true;
	}
	return reader_bytes(r, n);
}

static void get_copy(struct reader *r, void *out, uint32_t n)
{
	struct bytes b = get_field(r, n);

	if (!r->bad) {
		memcpy(out, b.p, n);
	}
}

static enum err get_head(struct reader *r, struct nem_header *h, uint32_t *type,
			 struct sig64 *signature)
{
	uint32_t version;
	enum err e;

	*type = reader_u32(r);
	version = reader_u32(r);
	h->time_nem_s = reader_u32(r);
	if (r->bad) {
		return ERR_INPUT;
	}
	if (!type_known(*type)) {
		return ERR_TYPE;
	}
	e = nem_network_split(&h->network, &h->version, version);
	if (e == ERR_OK) {
		e = check_version(*type, h->version);
	}
	if (e != ERR_OK) {
		return e;
	}
	get_copy(r, h->signer.b, KEY_LENGTH);
	if (signature != NULL) {
		get_copy(r, signature->b, SIGNATURE_LENGTH);
	}
	h->fee_micro = reader_u64(r);
	h->deadline_nem_s = reader_u32(r);
	return r->bad ? ERR_INPUT : ERR_OK;
}

static enum err get_transfer(struct reader *r, struct nem_transfer *t)
{
	uint32_t field;
	uint32_t type;
	uint32_t n;
	struct bytes message;

	get_copy(r, t->recipient.text, ADDRESS_LENGTH);
	t->recipient.text[ADDRESS_LENGTH] = '\0';
	t->amount_micro = reader_u64(r);
	field = reader_u32(r);
	if (r->bad) {
		return ERR_INPUT;
	}
	if (field == 0) {
		return ERR_OK;
	}
	type = reader_u32(r);
	n = reader_u32(r);
	if (r->bad) {
		return ERR_INPUT;
	}
	if (n > NEM_MESSAGE_MAX) {
		return ERR_TOO_LARGE;
	}
	if (field != (uint32_t)MESSAGE_HEAD + n) {
		return ERR_INPUT;
	}
	if (n == 0) {
		return ERR_NOT_CANONICAL;
	}
	if (type != NEM_MESSAGE_PLAIN && type != NEM_MESSAGE_ENCRYPTED) {
		return ERR_FIELD_RANGE;
	}
	t->message_type = (enum nem_message_type)type;
	t->message_bytes = (uint16_t)n;
	message = reader_bytes(r, n);
	if (r->bad) {
		return ERR_INPUT;
	}
	memcpy(t->message, message.p, n);
	return ERR_OK;
}

static enum err get_modification(struct reader *r, struct nem_modification *m, uint8_t version)
{
	uint32_t n = reader_u32(r);

	if (r->bad) {
		return ERR_INPUT;
	}
	if (n > NEM_MODIFICATIONS_MAX) {
		return ERR_TOO_LARGE;
	}
	m->n = (uint8_t)n;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t type;

		if (reader_u32(r) != ENTRY_LENGTH) {
			return ERR_INPUT;
		}
		type = reader_u32(r);
		get_copy(r, m->entry[i].cosigner.b, KEY_LENGTH);
		if (r->bad) {
			return ERR_INPUT;
		}
		if (type != NEM_ADD && type != NEM_DELETE) {
			return ERR_FIELD_RANGE;
		}
		m->entry[i].type = (enum nem_modification_type)type;
	}
	if (version >= 2) {
		uint32_t length = reader_u32(r);

		if (length == CHANGE_LENGTH) {
			m->has_change = true;
			m->change = (int32_t)reader_u32(r);
		} else if (length != 0) {
			return ERR_INPUT;
		}
	}
	return r->bad ? ERR_INPUT : ERR_OK;
}

static enum err get_cosignature(struct reader *r, struct nem_cosignature *c)
{
	if (reader_u32(r) != HASH_OBJECT_LENGTH) {
		return ERR_INPUT;
	}
	get_copy(r, c->inner_hash.b, KEY_LENGTH);
	get_copy(r, c->account.text, ADDRESS_LENGTH);
	c->account.text[ADDRESS_LENGTH] = '\0';
	return r->bad ? ERR_INPUT : ERR_OK;
}

static enum err get_inner(struct bytes raw, struct nem_inner *inner)
{
	struct reader r = reader_make(raw);
	uint32_t type;
	enum err e = get_head(&r, &inner->head, &type, NULL);

	if (e != ERR_OK) {
		return e;
	}
	if (type != NEM_TRANSFER && type != NEM_MODIFICATION) {
		return ERR_TYPE;
	}
	inner->type = (enum nem_type)type;
	e = type == NEM_TRANSFER ? get_transfer(&r, &inner->transfer)
				 : get_modification(&r, &inner->modification, inner->head.version);
	if (e != ERR_OK) {
		return e;
	}
	return reader_done(&r) ? ERR_OK : ERR_INPUT;
}

static enum err get_attached(struct bytes raw, struct nem_attached *a)
{
	struct reader r = reader_make(raw);
	uint32_t type;
	enum err e = get_head(&r, &a->head, &type, &a->signature);

	if (e != ERR_OK) {
		return e;
	}
	if (type != NEM_COSIGNATURE) {
		return ERR_TYPE;
	}
	e = get_cosignature(&r, &a->body);
	if (e != ERR_OK) {
		return e;
	}
	return reader_done(&r) ? ERR_OK : ERR_INPUT;
}

static enum err get_multisig(struct reader *r, struct nem_multisig_body *m, enum nem_form form)
{
	uint32_t n = reader_u32(r);
	struct bytes inner = reader_bytes(r, n);
	enum err e;

	if (r->bad) {
		return ERR_INPUT;
	}
	e = get_inner(inner, &m->inner);
	if (e != ERR_OK || form == NEM_SIGNING) {
		return e;
	}
	n = reader_u32(r);
	if (r->bad) {
		return ERR_INPUT;
	}
	if (n > NEM_COSIGNATURES_MAX) {
		return ERR_TOO_LARGE;
	}
	m->n = (uint8_t)n;
	for (uint32_t i = 0; i < n; i++) {
		struct bytes raw = get_field(r, COSIGNATURE_SIGNED);

		if (r->bad) {
			return ERR_INPUT;
		}
		e = get_attached(raw, &m->cosignature[i]);
		if (e != ERR_OK) {
			return e;
		}
	}
	return ERR_OK;
}

static enum err get_tx(struct reader *r, struct nem_tx *tx, enum nem_form form)
{
	uint32_t type;
	enum err e = get_head(r, &tx->head, &type, form == NEM_SIGNED ? &tx->signature : NULL);

	if (e != ERR_OK) {
		return e;
	}
	tx->type = (enum nem_type)type;
	switch (tx->type) {
	case NEM_TRANSFER:
		e = get_transfer(r, &tx->transfer);
		break;
	case NEM_MODIFICATION:
		e = get_modification(r, &tx->modification, tx->head.version);
		break;
	case NEM_COSIGNATURE:
		e = get_cosignature(r, &tx->cosignature);
		break;
	case NEM_MULTISIG:
		e = get_multisig(r, &tx->multisig, form);
		break;
	}
	if (e != ERR_OK) {
		return e;
	}
	return reader_done(r) ? ERR_OK : ERR_INPUT;
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
	e = get_tx(&r, &tx, form);
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
	put_tx(&w, &tx, form);
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
	uint8_t bytes[MULTISIG_SIGNING_MAX];
	struct writer w = writer_make(bytes, sizeof bytes);

	put_tx(&w, tx, NEM_SIGNING);
	CHECK(!w.bad);
	keccak256(out, bytes_of(bytes, w.n));
}

void nem_tx_hash_inner(struct hash32 *out, const struct nem_inner *inner)
{
	uint8_t bytes[INNER_MAX];
	struct writer w = writer_make(bytes, sizeof bytes);

	put_inner(&w, inner);
	CHECK(!w.bad);
	keccak256(out, bytes_of(bytes, w.n));
}

void nem_tx_payment_hash(struct hash32 *out, const struct nem_tx *tx)
{
	switch (tx->type) {
	case NEM_TRANSFER:
	case NEM_MODIFICATION:
		nem_tx_hash(out, tx);
		return;
	case NEM_COSIGNATURE:
		*out = tx->cosignature.inner_hash;
		return;
	case NEM_MULTISIG:
		nem_tx_hash_inner(out, &tx->multisig.inner);
		return;
	}
	CHECK(false); /* a transaction type without a name */
}

static struct bytes signing_bytes(uint8_t *buffer, size_t buffer_bytes, const struct nem_tx *tx)
{
	struct writer w = writer_make(buffer, buffer_bytes);

	put_tx(&w, tx, NEM_SIGNING);
	CHECK(!w.bad);
	return bytes_of(buffer, w.n);
}

enum err nem_tx_sign(struct nem_tx *tx, const struct edk_secret *secret)
{
	uint8_t buffer[MULTISIG_SIGNING_MAX];
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
	uint8_t buffer[MULTISIG_SIGNING_MAX];

	return edk_verify_vartime(&tx->head.signer, signing_bytes(buffer, sizeof buffer, tx),
				  &tx->signature);
}

static bool verify_attached(const struct nem_attached *a)
{
	uint8_t buffer[SIGNING_HEAD + COSIGNATURE_BODY];
	struct writer w = writer_make(buffer, sizeof buffer);

	put_head(&w, NEM_COSIGNATURE, &a->head, NULL);
	put_cosignature(&w, &a->body);
	CHECK(!w.bad);
	return edk_verify_vartime(&a->head.signer, bytes_of(buffer, w.n), &a->signature);
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

void nem_tx_from_inner(struct nem_tx *out, const struct nem_inner *inner)
{
	memset(out, 0, sizeof *out);
	out->type = inner->type;
	out->head = inner->head;
	if (inner->type == NEM_TRANSFER) {
		out->transfer = inner->transfer;
	} else {
		out->modification = inner->modification;
	}
}

unsigned nem_tx_weight(const struct nem_tx *tx)
{
	return tx->type == NEM_MULTISIG ? 2u + tx->multisig.n : 1u;
}
