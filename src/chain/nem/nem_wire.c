/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_wire.h"

#include <assert.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_network.h"
#include "chain/nem/nem_other.h"

/* nem.md 2.2-2.4.  Lengths that the format states before a field of fixed size. */
enum {
	SIGNATURE_LENGTH = 64,
	ADDRESS_LENGTH = NEM_ADDRESS_CHARS,
	ENTRY_LENGTH = 4 + 4 + NEM_WIRE_KEY,
	CHANGE_LENGTH = 4,
	HASH_OBJECT_LENGTH = 4 + NEM_WIRE_KEY,
	MESSAGE_HEAD = 4 + 4,

	SIGNING_HEAD = 60,
	SIGNED_HEAD = SIGNING_HEAD + 4 + SIGNATURE_LENGTH,
	ID_MAX = 4 + NEM_NAMESPACE_MAX + 4 + NEM_MOSAIC_NAME_MAX,
	TRANSFER_BODY_MAX = 4 + ADDRESS_LENGTH + 8 + 4 + MESSAGE_HEAD + NEM_MESSAGE_MAX + 4 +
			    NEM_MOSAICS_MAX * (4 + 4 + ID_MAX + 8),
	MODIFICATION_BODY_MAX = 4 + NEM_MODIFICATIONS_MAX * (4 + ENTRY_LENGTH) + 4 + CHANGE_LENGTH,
	PROVISION_BODY_MAX = 4 + ADDRESS_LENGTH + 8 + 2 * (4 + NEM_NAMESPACE_MAX),
	PROPERTIES_MAX = 4 + NEM_WIRE_PROPERTIES * (4 + 4 + 14 + 4 + NEM_WIRE_PROPERTY_VALUE_MAX),
	LEVY_MAX = 4 + 4 + ADDRESS_LENGTH + 4 + ID_MAX + 8,
	DEFINITION_BODY_MAX = 4 + 4 + NEM_WIRE_KEY + 4 + ID_MAX + 4 + NEM_DESCRIPTION_BYTES_MAX +
			      PROPERTIES_MAX + 4 + LEVY_MAX + 4 + ADDRESS_LENGTH + 8,
	COSIGNATURE_BODY = 4 + HASH_OBJECT_LENGTH + 4 + ADDRESS_LENGTH,
	COSIGNATURE_SIGNED = SIGNED_HEAD + COSIGNATURE_BODY,
	INNER_MAX = SIGNING_HEAD + TRANSFER_BODY_MAX,
	MULTISIG_SIGNED_MAX = SIGNED_HEAD + 4 + NEM_WIRE_INNER_MAX + 4 +
			      NEM_COSIGNATURES_MAX * (4 + COSIGNATURE_SIGNED),
};

static_assert(COSIGNATURE_SIGNED == 212, "nem.md 2.4: 212 bytes");
static_assert(SIGNING_HEAD + COSIGNATURE_BODY == (int)NEM_WIRE_COSIGNATURE_SIGNING, "nem.md 2.4");
static_assert(MODIFICATION_BODY_MAX <= (int)TRANSFER_BODY_MAX &&
		  PROVISION_BODY_MAX <= (int)TRANSFER_BODY_MAX &&
		  DEFINITION_BODY_MAX <= (int)TRANSFER_BODY_MAX,
	      "the transfer is the largest inner");
static_assert(INNER_MAX <= (int)NEM_WIRE_INNER_MAX, "the stated bound holds");
static_assert(MULTISIG_SIGNED_MAX <= (int)NEM_TX_BYTES_MAX, "the stated bound holds");
static_assert(SIGNING_HEAD + 4 + SIGNING_HEAD + MODIFICATION_BODY_MAX <=
		  (int)NEM_ANNOUNCE_BYTES_MAX,
	      "announce carries every change of control");

enum err nem_wire_check_version(uint32_t type, uint8_t version)
{
	if (!nem_type_known(type)) {
		return ERR_TYPE;
	}
	if (version == 1 || (version == 2 && (type == NEM_TRANSFER || type == NEM_MODIFICATION))) {
		return ERR_OK;
	}
	return ERR_VERSION;
}

/* ---- writing ---- */

void nem_wire_put_field(struct writer *w, const void *p, uint32_t n)
{
	writer_u32(w, n);
	writer_bytes(w, bytes_of(p, n));
}

void nem_wire_put_text(struct writer *w, struct bytes text)
{
	nem_wire_put_field(w, text.p, (uint32_t)text.n);
}

/* An object's length stands before it and is known behind it. */
size_t nem_wire_object_begin(struct writer *w)
{
	writer_u32(w, 0);
	return w->n;
}

void nem_wire_object_end(struct writer *w, size_t begin)
{
	if (!w->bad) {
		le32_put(w->p + begin - 4, (uint32_t)(w->n - begin));
	}
}

static void put_head(struct writer *w, enum nem_type type, const struct nem_header *h,
		     const struct sig64 *signature)
{
	writer_u32(w, type);
	writer_u32(w, nem_network_version(h->network, h->version));
	writer_u32(w, h->time_nem_s);
	nem_wire_put_field(w, h->signer.b, NEM_WIRE_KEY);
	if (signature != NULL) {
		nem_wire_put_field(w, signature->b, SIGNATURE_LENGTH);
	}
	writer_u64(w, h->fee_micro);
	writer_u32(w, h->deadline_nem_s);
}

static void put_transfer(struct writer *w, const struct nem_transfer *t, uint8_t version)
{
	CHECK(t->message_bytes <= NEM_MESSAGE_MAX);
	nem_wire_put_field(w, t->recipient.text, ADDRESS_LENGTH);
	writer_u64(w, t->amount_micro);
	if (t->message_bytes == 0) {
		writer_u32(w, 0);
	} else {
		writer_u32(w, (uint32_t)MESSAGE_HEAD + t->message_bytes);
		writer_u32(w, t->message_type);
		nem_wire_put_field(w, t->message, t->message_bytes);
	}
	if (version >= 2) {
		nem_other_put_mosaics(w, t);
	}
}

static void put_modification(struct writer *w, const struct nem_modification *m, uint8_t version)
{
	CHECK(m->n <= NEM_MODIFICATIONS_MAX);
	writer_u32(w, m->n);
	for (unsigned i = 0; i < m->n; i++) {
		writer_u32(w, ENTRY_LENGTH);
		writer_u32(w, m->entry[i].type);
		nem_wire_put_field(w, m->entry[i].cosigner.b, NEM_WIRE_KEY);
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

static void put_body(struct writer *w, enum nem_type type, uint8_t version,
		     const union nem_body *body)
{
	if (type == NEM_TRANSFER) {
		put_transfer(w, &body->transfer, version);
	} else if (type == NEM_MODIFICATION) {
		put_modification(w, &body->modification, version);
	} else {
		nem_other_put(w, type, body);
	}
}

void nem_wire_put_inner(struct writer *w, const struct nem_inner *inner)
{
	put_head(w, inner->type, &inner->head, NULL);
	put_body(w, inner->type, inner->head.version, &inner->body);
}

static void put_cosignature(struct writer *w, const struct nem_cosignature *c)
{
	writer_u32(w, HASH_OBJECT_LENGTH);
	nem_wire_put_field(w, c->inner_hash.b, NEM_WIRE_KEY);
	nem_wire_put_field(w, c->account.text, ADDRESS_LENGTH);
}

void nem_wire_put_cosignature(struct writer *w, const struct nem_attached *a)
{
	put_head(w, NEM_COSIGNATURE, &a->head, NULL);
	put_cosignature(w, &a->body);
}

static void put_multisig(struct writer *w, const struct nem_multisig_body *m, enum nem_form form)
{
	size_t begin = nem_wire_object_begin(w);

	nem_wire_put_inner(w, &m->inner);
	nem_wire_object_end(w, begin);
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

void nem_wire_put(struct writer *w, const struct nem_tx *tx, enum nem_form form)
{
	put_head(w, tx->type, &tx->head, form == NEM_SIGNED ? &tx->signature : NULL);
	if (tx->type == NEM_MULTISIG) {
		put_multisig(w, &tx->multisig, form);
	} else if (tx->type == NEM_COSIGNATURE) {
		put_cosignature(w, &tx->cosignature);
	} else {
		put_body(w, tx->type, tx->head.version, &tx->body);
	}
}

/* ---- reading ---- */

/* A field whose length is stated and fixed: anything else is a lie. */
static struct bytes get_field(struct reader *r, uint32_t n)
{
	if (reader_u32(r) != n) {
		r->bad = true;
	}
	return reader_bytes(r, n);
}

void nem_wire_get_copy(struct reader *r, void *out, uint32_t n)
{
	struct bytes b = get_field(r, n);

	if (!r->bad) {
		memcpy(out, b.p, n);
	}
}

/* A string or object of any length; an empty view and bad if it does not fit. */
struct bytes nem_wire_get_sized(struct reader *r)
{
	uint32_t n = reader_u32(r);

	return reader_bytes(r, n);
}

void nem_wire_get_address(struct reader *r, struct nem_address *a)
{
	nem_wire_get_copy(r, a->text, ADDRESS_LENGTH);
	a->text[ADDRESS_LENGTH] = '\0';
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
	if (!nem_type_known(*type)) {
		return ERR_TYPE;
	}
	e = nem_network_split(&h->network, &h->version, version);
	if (e == ERR_OK) {
		e = nem_wire_check_version(*type, h->version);
	}
	if (e != ERR_OK) {
		return e;
	}
	nem_wire_get_copy(r, h->signer.b, NEM_WIRE_KEY);
	if (signature != NULL) {
		nem_wire_get_copy(r, signature->b, SIGNATURE_LENGTH);
	}
	h->fee_micro = reader_u64(r);
	h->deadline_nem_s = reader_u32(r);
	return r->bad ? ERR_INPUT : ERR_OK;
}

static enum err get_message(struct reader *r, struct nem_transfer *t)
{
	uint32_t field = reader_u32(r);
	uint32_t type;
	uint32_t n;
	struct bytes message;

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

static enum err get_transfer(struct reader *r, struct nem_transfer *t, uint8_t version)
{
	enum err e;

	nem_wire_get_address(r, &t->recipient);
	t->amount_micro = reader_u64(r);
	e = get_message(r, t);
	return e == ERR_OK && version >= 2 ? nem_other_get_mosaics(r, t) : e;
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
		nem_wire_get_copy(r, m->entry[i].cosigner.b, NEM_WIRE_KEY);
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

static enum err get_body(struct reader *r, enum nem_type type, uint8_t version,
			 union nem_body *body)
{
	if (type == NEM_TRANSFER) {
		return get_transfer(r, &body->transfer, version);
	}
	return type == NEM_MODIFICATION ? get_modification(r, &body->modification, version)
					: nem_other_get(r, type, body);
}

static enum err get_cosignature(struct reader *r, struct nem_cosignature *c)
{
	if (reader_u32(r) != HASH_OBJECT_LENGTH) {
		return ERR_INPUT;
	}
	nem_wire_get_copy(r, c->inner_hash.b, NEM_WIRE_KEY);
	nem_wire_get_address(r, &c->account);
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
	inner->type = (enum nem_type)type;
	e = get_body(&r, inner->type, inner->head.version, &inner->body);
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
	struct bytes inner = nem_wire_get_sized(r);
	uint32_t n;
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

enum err nem_wire_get(struct reader *r, struct nem_tx *tx, enum nem_form form)
{
	uint32_t type;
	enum err e = get_head(r, &tx->head, &type, form == NEM_SIGNED ? &tx->signature : NULL);

	if (e != ERR_OK) {
		return e;
	}
	tx->type = (enum nem_type)type;
	if (tx->type == NEM_MULTISIG) {
		e = get_multisig(r, &tx->multisig, form);
	} else if (tx->type == NEM_COSIGNATURE) {
		e = get_cosignature(r, &tx->cosignature);
	} else {
		e = get_body(r, tx->type, tx->head.version, &tx->body);
	}
	if (e != ERR_OK) {
		return e;
	}
	return reader_done(r) ? ERR_OK : ERR_INPUT;
}
