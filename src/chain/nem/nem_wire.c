/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_wire.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_network.h"

/* nem.md 2.2-2.4.  Lengths that the format states before a field of fixed size. */
enum {
	KEY_LENGTH = 32,
	SIGNATURE_LENGTH = 64,
	ADDRESS_LENGTH = NEM_ADDRESS_CHARS,
	ENTRY_LENGTH = 4 + 4 + KEY_LENGTH,
	CHANGE_LENGTH = 4,
	HASH_OBJECT_LENGTH = 4 + KEY_LENGTH,
	MESSAGE_HEAD = 4 + 4,
	PROPERTIES = 4,
	PROPERTY_VALUE_MAX = 20, /* "18446744073709551615" */

	SIGNING_HEAD = 60,
	SIGNED_HEAD = SIGNING_HEAD + 4 + SIGNATURE_LENGTH,
	ID_MAX = 4 + NEM_NAMESPACE_MAX + 4 + NEM_MOSAIC_NAME_MAX,
	TRANSFER_BODY_MAX = 4 + ADDRESS_LENGTH + 8 + 4 + MESSAGE_HEAD + NEM_MESSAGE_MAX + 4 +
			    NEM_MOSAICS_MAX * (4 + 4 + ID_MAX + 8),
	MODIFICATION_BODY_MAX = 4 + NEM_MODIFICATIONS_MAX * (4 + ENTRY_LENGTH) + 4 + CHANGE_LENGTH,
	PROVISION_BODY_MAX = 4 + ADDRESS_LENGTH + 8 + 2 * (4 + NEM_NAMESPACE_MAX),
	PROPERTIES_MAX = 4 + PROPERTIES * (4 + 4 + 14 + 4 + PROPERTY_VALUE_MAX),
	LEVY_MAX = 4 + 4 + ADDRESS_LENGTH + 4 + ID_MAX + 8,
	DEFINITION_BODY_MAX = 4 + 4 + KEY_LENGTH + 4 + ID_MAX + 4 + NEM_DESCRIPTION_BYTES_MAX +
			      PROPERTIES_MAX + 4 + LEVY_MAX + 4 + ADDRESS_LENGTH + 8,
	COSIGNATURE_BODY = 4 + HASH_OBJECT_LENGTH + 4 + ADDRESS_LENGTH,
	COSIGNATURE_SIGNED = SIGNED_HEAD + COSIGNATURE_BODY,
	INNER_MAX = SIGNING_HEAD + TRANSFER_BODY_MAX,
	MULTISIG_SIGNED_MAX = SIGNED_HEAD + 4 + NEM_WIRE_INNER_MAX + 4 +
			      NEM_COSIGNATURES_MAX * (4 + COSIGNATURE_SIGNED),
};

/* The null string of NIS: a namespace without parent. */
#define NULL_LENGTH UINT32_MAX

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

/* The four properties of a definition, in the one order of NIS. */
static const char *const property_name[PROPERTIES] = { "divisibility", "initialSupply",
						       "supplyMutable", "transferable" };

static void property_value(char out[PROPERTY_VALUE_MAX + 1], unsigned i,
			   const struct nem_mosaic_properties *p)
{
	switch (i) {
	case 0:
		(void)snprintf(out, PROPERTY_VALUE_MAX + 1, "%u", p->divisibility);
		return;
	case 1:
		(void)snprintf(out, PROPERTY_VALUE_MAX + 1, "%llu",
			       (unsigned long long)p->initial_supply);
		return;
	case 2:
		(void)snprintf(out, PROPERTY_VALUE_MAX + 1, "%s",
			       p->supply_mutable ? "true" : "false");
		return;
	case 3:
		(void)snprintf(out, PROPERTY_VALUE_MAX + 1, "%s",
			       p->transferable ? "true" : "false");
		return;
	}
	CHECK(false); /* a property without a value */
}

/* ---- writing ---- */

static void put_field(struct writer *w, const void *p, uint32_t n)
{
	writer_u32(w, n);
	writer_bytes(w, bytes_of(p, n));
}

static void put_text(struct writer *w, struct bytes text)
{
	put_field(w, text.p, (uint32_t)text.n);
}

/* An object's length stands before it and is known behind it. */
static size_t object_begin(struct writer *w)
{
	writer_u32(w, 0);
	return w->n;
}

static void object_end(struct writer *w, size_t begin)
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
	put_field(w, h->signer.b, KEY_LENGTH);
	if (signature != NULL) {
		put_field(w, signature->b, SIGNATURE_LENGTH);
	}
	writer_u64(w, h->fee_micro);
	writer_u32(w, h->deadline_nem_s);
}

static void put_id(struct writer *w, const struct nem_mosaic_id *id)
{
	size_t begin = object_begin(w);

	put_text(w, nem_namespace_bytes(&id->space));
	put_text(w, bytes_of(id->name, strnlen(id->name, NEM_MOSAIC_NAME_MAX)));
	object_end(w, begin);
}

static void put_mosaics(struct writer *w, const struct nem_transfer *t)
{
	CHECK(t->mosaics <= NEM_MOSAICS_MAX);
	writer_u32(w, t->mosaics);
	for (unsigned i = 0; i < t->mosaics; i++) {
		size_t begin = object_begin(w);

		put_id(w, &t->mosaic[i].id);
		writer_u64(w, t->mosaic[i].quantity);
		object_end(w, begin);
	}
}

static void put_transfer(struct writer *w, const struct nem_transfer *t, uint8_t version)
{
	CHECK(t->message_bytes <= NEM_MESSAGE_MAX);
	put_field(w, t->recipient.text, ADDRESS_LENGTH);
	writer_u64(w, t->amount_micro);
	if (t->message_bytes == 0) {
		writer_u32(w, 0);
	} else {
		writer_u32(w, (uint32_t)MESSAGE_HEAD + t->message_bytes);
		writer_u32(w, t->message_type);
		put_field(w, t->message, t->message_bytes);
	}
	if (version >= 2) {
		put_mosaics(w, t);
	}
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

static void put_provision(struct writer *w, const struct nem_provision *p)
{
	struct bytes parent = nem_namespace_bytes(&p->parent);

	put_field(w, p->sink.text, ADDRESS_LENGTH);
	writer_u64(w, p->rental_fee_micro);
	put_text(w, bytes_of(p->part, strnlen(p->part, NEM_NAMESPACE_MAX)));
	if (parent.n == 0) {
		writer_u32(w, NULL_LENGTH);
	} else {
		put_text(w, parent);
	}
}

static void put_levy(struct writer *w, const struct nem_levy *levy)
{
	size_t begin;

	if (levy->type == NEM_LEVY_NONE) {
		writer_u32(w, 0);
		return;
	}
	begin = object_begin(w);
	writer_u32(w, levy->type);
	put_field(w, levy->recipient.text, ADDRESS_LENGTH);
	put_id(w, &levy->mosaic);
	writer_u64(w, levy->fee);
	object_end(w, begin);
}

static void put_definition(struct writer *w, const struct nem_definition *d)
{
	size_t begin = object_begin(w);

	CHECK(d->mosaic.description_bytes <= NEM_DESCRIPTION_BYTES_MAX);
	put_field(w, d->mosaic.creator.b, KEY_LENGTH);
	put_id(w, &d->mosaic.id);
	put_field(w, d->mosaic.description, d->mosaic.description_bytes);
	writer_u32(w, PROPERTIES);
	for (unsigned i = 0; i < PROPERTIES; i++) {
		char value[PROPERTY_VALUE_MAX + 1];
		size_t property = object_begin(w);

		property_value(value, i, &d->mosaic.properties);
		put_text(w, bytes_str(property_name[i]));
		put_text(w, bytes_str(value));
		object_end(w, property);
	}
	put_levy(w, &d->mosaic.levy);
	object_end(w, begin);
	put_field(w, d->sink.text, ADDRESS_LENGTH);
	writer_u64(w, d->creation_fee_micro);
}

static void put_body(struct writer *w, enum nem_type type, uint8_t version,
		     const union nem_body *body)
{
	switch (type) {
	case NEM_TRANSFER:
		put_transfer(w, &body->transfer, version);
		return;
	case NEM_IMPORTANCE:
		writer_u32(w, body->importance.mode);
		put_field(w, body->importance.remote.b, KEY_LENGTH);
		return;
	case NEM_MODIFICATION:
		put_modification(w, &body->modification, version);
		return;
	case NEM_NAMESPACE:
		put_provision(w, &body->provision);
		return;
	case NEM_DEFINITION:
		put_definition(w, &body->definition);
		return;
	case NEM_SUPPLY:
		put_id(w, &body->supply.mosaic);
		writer_u32(w, body->supply.type);
		writer_u64(w, body->supply.delta);
		return;
	case NEM_COSIGNATURE:
	case NEM_MULTISIG:
		break;
	}
	CHECK(false); /* a transaction type without an encoding */
}

void nem_wire_put_inner(struct writer *w, const struct nem_inner *inner)
{
	put_head(w, inner->type, &inner->head, NULL);
	put_body(w, inner->type, inner->head.version, &inner->body);
}

static void put_cosignature(struct writer *w, const struct nem_cosignature *c)
{
	writer_u32(w, HASH_OBJECT_LENGTH);
	put_field(w, c->inner_hash.b, KEY_LENGTH);
	put_field(w, c->account.text, ADDRESS_LENGTH);
}

void nem_wire_put_cosignature(struct writer *w, const struct nem_attached *a)
{
	put_head(w, NEM_COSIGNATURE, &a->head, NULL);
	put_cosignature(w, &a->body);
}

static void put_multisig(struct writer *w, const struct nem_multisig_body *m, enum nem_form form)
{
	size_t begin = object_begin(w);

	nem_wire_put_inner(w, &m->inner);
	object_end(w, begin);
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

static void get_copy(struct reader *r, void *out, uint32_t n)
{
	struct bytes b = get_field(r, n);

	if (!r->bad) {
		memcpy(out, b.p, n);
	}
}

/* A string or object of any length; an empty view and bad if it does not fit. */
static struct bytes get_sized(struct reader *r)
{
	uint32_t n = reader_u32(r);

	return reader_bytes(r, n);
}

/* A string into an array of max + 1 characters.  A NUL inside would hide what follows it. */
static enum err get_text(struct reader *r, char *out, size_t max)
{
	struct bytes text = get_sized(r);

	if (r->bad) {
		return ERR_INPUT;
	}
	if (text.n > max || (text.n > 0 && memchr(text.p, '\0', text.n) != NULL)) {
		return ERR_FIELD_RANGE;
	}
	if (text.n > 0) {
		memcpy(out, text.p, text.n);
	}
	out[text.n] = '\0';
	return ERR_OK;
}

static void get_address(struct reader *r, struct nem_address *a)
{
	get_copy(r, a->text, ADDRESS_LENGTH);
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
	get_copy(r, h->signer.b, KEY_LENGTH);
	if (signature != NULL) {
		get_copy(r, signature->b, SIGNATURE_LENGTH);
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

static enum err get_id(struct reader *r, struct nem_mosaic_id *id)
{
	struct reader in = reader_make(get_sized(r));
	enum err e;

	if (r->bad) {
		return ERR_INPUT;
	}
	e = get_text(&in, id->space.text, NEM_NAMESPACE_MAX);
	if (e == ERR_OK) {
		e = get_text(&in, id->name, NEM_MOSAIC_NAME_MAX);
	}
	if (e != ERR_OK) {
		return e;
	}
	return reader_done(&in) ? ERR_OK : ERR_INPUT;
}

static enum err get_mosaics(struct reader *r, struct nem_transfer *t)
{
	uint32_t n = reader_u32(r);

	if (r->bad) {
		return ERR_INPUT;
	}
	if (n > NEM_MOSAICS_MAX) {
		return ERR_TOO_LARGE;
	}
	for (uint32_t i = 0; i < n; i++) {
		struct reader in = reader_make(get_sized(r));
		enum err e;

		if (r->bad) {
			return ERR_INPUT;
		}
		e = get_id(&in, &t->mosaic[i].id);
		if (e != ERR_OK) {
			return e;
		}
		t->mosaic[i].quantity = reader_u64(&in);
		if (!reader_done(&in)) {
			return ERR_INPUT;
		}
		t->mosaics = (uint8_t)(i + 1);
	}
	return ERR_OK;
}

static enum err get_transfer(struct reader *r, struct nem_transfer *t, uint8_t version)
{
	enum err e;

	get_address(r, &t->recipient);
	t->amount_micro = reader_u64(r);
	e = get_message(r, t);
	return e == ERR_OK && version >= 2 ? get_mosaics(r, t) : e;
}

static enum err get_importance(struct reader *r, struct nem_importance *i)
{
	uint32_t mode = reader_u32(r);

	get_copy(r, i->remote.b, KEY_LENGTH);
	if (r->bad) {
		return ERR_INPUT;
	}
	if (mode != NEM_IMPORTANCE_ACTIVATE && mode != NEM_IMPORTANCE_DEACTIVATE) {
		return ERR_FIELD_RANGE;
	}
	i->mode = (enum nem_importance_mode)mode;
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

static enum err get_provision(struct reader *r, struct nem_provision *p)
{
	enum err e;
	struct reader ahead;

	get_address(r, &p->sink);
	p->rental_fee_micro = reader_u64(r);
	e = get_text(r, p->part, NEM_NAMESPACE_MAX);
	if (e != ERR_OK) {
		return e;
	}
	ahead = *r;
	if (reader_u32(&ahead) == NULL_LENGTH && !ahead.bad) {
		*r = ahead;
		return ERR_OK;
	}
	e = get_text(r, p->parent.text, NEM_NAMESPACE_MAX);
	if (e == ERR_OK && p->parent.text[0] == '\0') {
		return ERR_FIELD_RANGE; /* an empty name is not the absent one */
	}
	return e;
}

/* Decimal as Java prints it, of at most max.  Anything else NIS would write differently. */
static enum err decimal(uint64_t *out, struct bytes text, uint64_t max)
{
	uint64_t n = 0;

	if (text.n == 0 || text.n > PROPERTY_VALUE_MAX || (text.n > 1 && text.p[0] == '0')) {
		return ERR_NOT_CANONICAL;
	}
	for (size_t i = 0; i < text.n; i++) {
		uint8_t digit = (uint8_t)(text.p[i] - '0');

		if (digit > 9) {
			return ERR_NOT_CANONICAL;
		}
		if (__builtin_mul_overflow(n, 10u, &n) || __builtin_add_overflow(n, digit, &n)) {
			return ERR_FIELD_RANGE;
		}
	}
	if (n > max) {
		return ERR_FIELD_RANGE;
	}
	*out = n;
	return ERR_OK;
}

static enum err boolean(bool *out, struct bytes text)
{
	*out = bytes_eq(text, bytes_str("true"));
	return *out || bytes_eq(text, bytes_str("false")) ? ERR_OK : ERR_NOT_CANONICAL;
}

static enum err get_property_value(unsigned i, struct bytes value, struct nem_mosaic_properties *p)
{
	uint64_t n = 0;
	enum err e;

	switch (i) {
	case 0:
		e = decimal(&n, value, NEM_DIVISIBILITY_MAX);
		p->divisibility = (uint8_t)n;
		return e;
	case 1:
		return decimal(&p->initial_supply, value, NEM_QUANTITY_MAX);
	case 2:
		return boolean(&p->supply_mutable, value);
	case 3:
		return boolean(&p->transferable, value);
	}
	CHECK(false); /* a property without a value */
	return ERR_TYPE;
}

static enum err get_properties(struct reader *r, struct nem_mosaic_properties *p)
{
	if (reader_u32(r) != PROPERTIES) {
		return r->bad ? ERR_INPUT : ERR_NOT_CANONICAL;
	}
	for (unsigned i = 0; i < PROPERTIES; i++) {
		struct reader in = reader_make(get_sized(r));
		struct bytes name = get_sized(&in);
		struct bytes value = get_sized(&in);
		enum err e;

		if (r->bad || !reader_done(&in)) {
			return ERR_INPUT;
		}
		if (!bytes_eq(name, bytes_str(property_name[i]))) {
			return ERR_NOT_CANONICAL;
		}
		e = get_property_value(i, value, p);
		if (e != ERR_OK) {
			return e;
		}
	}
	return ERR_OK;
}

static enum err get_levy(struct reader *r, struct nem_levy *levy)
{
	struct bytes raw = get_sized(r);
	struct reader in = reader_make(raw);
	uint32_t type;
	enum err e;

	if (r->bad) {
		return ERR_INPUT;
	}
	if (raw.n == 0) {
		return ERR_OK;
	}
	type = reader_u32(&in);
	get_address(&in, &levy->recipient);
	if (in.bad) {
		return ERR_INPUT;
	}
	if (type != NEM_LEVY_ABSOLUTE && type != NEM_LEVY_PERCENTILE) {
		return ERR_FIELD_RANGE;
	}
	levy->type = (enum nem_levy_type)type;
	e = get_id(&in, &levy->mosaic);
	if (e != ERR_OK) {
		return e;
	}
	levy->fee = reader_u64(&in);
	return reader_done(&in) ? ERR_OK : ERR_INPUT;
}

static enum err get_mosaic_definition(struct reader *r, struct nem_mosaic_definition *d)
{
	struct bytes description;
	enum err e;

	get_copy(r, d->creator.b, KEY_LENGTH);
	if (r->bad) {
		return ERR_INPUT;
	}
	e = get_id(r, &d->id);
	if (e != ERR_OK) {
		return e;
	}
	description = get_sized(r);
	if (r->bad) {
		return ERR_INPUT;
	}
	if (description.n == 0 || description.n > NEM_DESCRIPTION_BYTES_MAX) {
		return ERR_FIELD_RANGE;
	}
	memcpy(d->description, description.p, description.n);
	d->description_bytes = (uint16_t)description.n;
	e = get_properties(r, &d->properties);
	return e == ERR_OK ? get_levy(r, &d->levy) : e;
}

static enum err get_definition(struct reader *r, struct nem_definition *d)
{
	struct reader in = reader_make(get_sized(r));
	enum err e;

	if (r->bad) {
		return ERR_INPUT;
	}
	e = get_mosaic_definition(&in, &d->mosaic);
	if (e != ERR_OK) {
		return e;
	}
	if (!reader_done(&in)) {
		return ERR_INPUT;
	}
	get_address(r, &d->sink);
	d->creation_fee_micro = reader_u64(r);
	return r->bad ? ERR_INPUT : ERR_OK;
}

static enum err get_supply(struct reader *r, struct nem_supply_change *s)
{
	enum err e = get_id(r, &s->mosaic);
	uint32_t type;

	if (e != ERR_OK) {
		return e;
	}
	type = reader_u32(r);
	s->delta = reader_u64(r);
	if (r->bad) {
		return ERR_INPUT;
	}
	if (type != NEM_SUPPLY_CREATE && type != NEM_SUPPLY_DELETE) {
		return ERR_FIELD_RANGE;
	}
	s->type = (enum nem_supply_type)type;
	return ERR_OK;
}

static enum err get_body(struct reader *r, enum nem_type type, uint8_t version,
			 union nem_body *body)
{
	switch (type) {
	case NEM_TRANSFER:
		return get_transfer(r, &body->transfer, version);
	case NEM_IMPORTANCE:
		return get_importance(r, &body->importance);
	case NEM_MODIFICATION:
		return get_modification(r, &body->modification, version);
	case NEM_NAMESPACE:
		return get_provision(r, &body->provision);
	case NEM_DEFINITION:
		return get_definition(r, &body->definition);
	case NEM_SUPPLY:
		return get_supply(r, &body->supply);
	case NEM_COSIGNATURE:
	case NEM_MULTISIG:
		break;
	}
	return ERR_TYPE;
}

static enum err get_cosignature(struct reader *r, struct nem_cosignature *c)
{
	if (reader_u32(r) != HASH_OBJECT_LENGTH) {
		return ERR_INPUT;
	}
	get_copy(r, c->inner_hash.b, KEY_LENGTH);
	get_address(r, &c->account);
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
	struct bytes inner = get_sized(r);
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
