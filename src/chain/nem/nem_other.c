/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_other.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_wire.h"

/* The null string of NIS: a namespace without parent. */
#define NULL_LENGTH UINT32_MAX

/* The four properties of a definition, in the one order of NIS. */
static const char *const property_name[NEM_WIRE_PROPERTIES] = { "divisibility", "initialSupply",
								"supplyMutable", "transferable" };

static void property_value(char out[NEM_WIRE_PROPERTY_VALUE_MAX + 1], unsigned i,
			   const struct nem_mosaic_properties *p)
{
	switch (i) {
	case 0:
		(void)snprintf(out, NEM_WIRE_PROPERTY_VALUE_MAX + 1, "%u", p->divisibility);
		return;
	case 1:
		(void)snprintf(out, NEM_WIRE_PROPERTY_VALUE_MAX + 1, "%llu",
			       (unsigned long long)p->initial_supply);
		return;
	case 2:
		(void)snprintf(out, NEM_WIRE_PROPERTY_VALUE_MAX + 1, "%s",
			       p->supply_mutable ? "true" : "false");
		return;
	case 3:
		(void)snprintf(out, NEM_WIRE_PROPERTY_VALUE_MAX + 1, "%s",
			       p->transferable ? "true" : "false");
		return;
	}
	CHECK(false); /* a property without a value */
}

/* ---- writing ---- */

static void put_id(struct writer *w, const struct nem_mosaic_id *id)
{
	size_t begin = nem_wire_object_begin(w);

	nem_wire_put_text(w, nem_namespace_bytes(&id->space));
	nem_wire_put_text(w, bytes_of(id->name, strnlen(id->name, NEM_MOSAIC_NAME_MAX)));
	nem_wire_object_end(w, begin);
}

void nem_other_put_mosaics(struct writer *w, const struct nem_transfer *t)
{
	CHECK(t->mosaics <= NEM_MOSAICS_MAX);
	writer_u32(w, t->mosaics);
	for (unsigned i = 0; i < t->mosaics; i++) {
		size_t begin = nem_wire_object_begin(w);

		put_id(w, &t->mosaic[i].id);
		writer_u64(w, t->mosaic[i].quantity);
		nem_wire_object_end(w, begin);
	}
}

static void put_provision(struct writer *w, const struct nem_provision *p)
{
	struct bytes parent = nem_namespace_bytes(&p->parent);

	nem_wire_put_field(w, p->sink.text, NEM_ADDRESS_CHARS);
	writer_u64(w, p->rental_fee_micro);
	nem_wire_put_text(w, bytes_of(p->part, strnlen(p->part, NEM_NAMESPACE_MAX)));
	if (parent.n == 0) {
		writer_u32(w, NULL_LENGTH);
	} else {
		nem_wire_put_text(w, parent);
	}
}

static void put_levy(struct writer *w, const struct nem_levy *levy)
{
	size_t begin;

	if (levy->type == NEM_LEVY_NONE) {
		writer_u32(w, 0);
		return;
	}
	begin = nem_wire_object_begin(w);
	writer_u32(w, levy->type);
	nem_wire_put_field(w, levy->recipient.text, NEM_ADDRESS_CHARS);
	put_id(w, &levy->mosaic);
	writer_u64(w, levy->fee);
	nem_wire_object_end(w, begin);
}

static void put_definition(struct writer *w, const struct nem_definition *d)
{
	size_t begin = nem_wire_object_begin(w);

	CHECK(d->mosaic.description_bytes <= NEM_DESCRIPTION_BYTES_MAX);
	nem_wire_put_field(w, d->mosaic.creator.b, NEM_WIRE_KEY);
	put_id(w, &d->mosaic.id);
	nem_wire_put_field(w, d->mosaic.description, d->mosaic.description_bytes);
	writer_u32(w, NEM_WIRE_PROPERTIES);
	for (unsigned i = 0; i < NEM_WIRE_PROPERTIES; i++) {
		char value[NEM_WIRE_PROPERTY_VALUE_MAX + 1];
		size_t property = nem_wire_object_begin(w);

		property_value(value, i, &d->mosaic.properties);
		nem_wire_put_text(w, bytes_str(property_name[i]));
		nem_wire_put_text(w, bytes_str(value));
		nem_wire_object_end(w, property);
	}
	put_levy(w, &d->mosaic.levy);
	nem_wire_object_end(w, begin);
	nem_wire_put_field(w, d->sink.text, NEM_ADDRESS_CHARS);
	writer_u64(w, d->creation_fee_micro);
}

void nem_other_put(struct writer *w, enum nem_type type, const union nem_body *body)
{
	switch (type) {
	case NEM_IMPORTANCE:
		writer_u32(w, body->importance.mode);
		nem_wire_put_field(w, body->importance.remote.b, NEM_WIRE_KEY);
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
	case NEM_TRANSFER:
	case NEM_MODIFICATION:
	case NEM_COSIGNATURE:
	case NEM_MULTISIG:
		break;
	}
	CHECK(false); /* a transaction type without an encoding */
}

/* ---- reading ---- */

/* A string into an array of max + 1 characters.  A NUL inside would hide what follows it. */
static enum err get_text(struct reader *r, char *out, size_t max)
{
	struct bytes text = nem_wire_get_sized(r);

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

static enum err get_id(struct reader *r, struct nem_mosaic_id *id)
{
	struct reader in = reader_make(nem_wire_get_sized(r));
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

enum err nem_other_get_mosaics(struct reader *r, struct nem_transfer *t)
{
	uint32_t n = reader_u32(r);

	if (r->bad) {
		return ERR_INPUT;
	}
	if (n > NEM_MOSAICS_MAX) {
		return ERR_TOO_LARGE;
	}
	for (uint32_t i = 0; i < n; i++) {
		struct reader in = reader_make(nem_wire_get_sized(r));
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

static enum err get_importance(struct reader *r, struct nem_importance *i)
{
	uint32_t mode = reader_u32(r);

	nem_wire_get_copy(r, i->remote.b, NEM_WIRE_KEY);
	if (r->bad) {
		return ERR_INPUT;
	}
	if (mode != NEM_IMPORTANCE_ACTIVATE && mode != NEM_IMPORTANCE_DEACTIVATE) {
		return ERR_FIELD_RANGE;
	}
	i->mode = (enum nem_importance_mode)mode;
	return ERR_OK;
}

static enum err get_provision(struct reader *r, struct nem_provision *p)
{
	enum err e;
	struct reader ahead;

	nem_wire_get_address(r, &p->sink);
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

	if (text.n == 0 || text.n > NEM_WIRE_PROPERTY_VALUE_MAX ||
	    (text.n > 1 && text.p[0] == '0')) {
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
	if (reader_u32(r) != NEM_WIRE_PROPERTIES) {
		return r->bad ? ERR_INPUT : ERR_NOT_CANONICAL;
	}
	for (unsigned i = 0; i < NEM_WIRE_PROPERTIES; i++) {
		struct reader in = reader_make(nem_wire_get_sized(r));
		struct bytes name = nem_wire_get_sized(&in);
		struct bytes value = nem_wire_get_sized(&in);
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
	struct bytes raw = nem_wire_get_sized(r);
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
	nem_wire_get_address(&in, &levy->recipient);
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

	nem_wire_get_copy(r, d->creator.b, NEM_WIRE_KEY);
	if (r->bad) {
		return ERR_INPUT;
	}
	e = get_id(r, &d->id);
	if (e != ERR_OK) {
		return e;
	}
	description = nem_wire_get_sized(r);
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
	struct reader in = reader_make(nem_wire_get_sized(r));
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
	nem_wire_get_address(r, &d->sink);
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

enum err nem_other_get(struct reader *r, enum nem_type type, union nem_body *body)
{
	switch (type) {
	case NEM_IMPORTANCE:
		return get_importance(r, &body->importance);
	case NEM_NAMESPACE:
		return get_provision(r, &body->provision);
	case NEM_DEFINITION:
		return get_definition(r, &body->definition);
	case NEM_SUPPLY:
		return get_supply(r, &body->supply);
	case NEM_TRANSFER:
	case NEM_MODIFICATION:
	case NEM_COSIGNATURE:
	case NEM_MULTISIG:
		break;
	}
	return ERR_TYPE;
}

/* ---- what the format demands ---- */

/* Equal ids become one entry, as far as their sum is a quantity at all; then the order of NIS. */
void nem_other_sort_mosaics(struct nem_transfer *t)
{
	unsigned n = 0;

	CHECK(t->mosaics <= NEM_MOSAICS_MAX);
	for (unsigned i = 0; i < t->mosaics; i++) {
		struct nem_mosaic moving = t->mosaic[i];
		unsigned at = n;

		while (at > 0 && nem_mosaic_id_cmp(&t->mosaic[at - 1].id, &moving.id) > 0) {
			at--;
		}
		if (at > 0 && nem_mosaic_id_eq(&t->mosaic[at - 1].id, &moving.id) &&
		    moving.quantity <= INT64_MAX &&
		    t->mosaic[at - 1].quantity <= INT64_MAX - moving.quantity) {
			t->mosaic[at - 1].quantity += moving.quantity;
			continue;
		}
		memmove(&t->mosaic[at + 1], &t->mosaic[at], (n - at) * sizeof t->mosaic[0]);
		t->mosaic[at] = moving;
		n++;
	}
	memset(&t->mosaic[n], 0, (t->mosaics - n) * sizeof t->mosaic[0]);
	t->mosaics = (uint8_t)n;
}

enum err nem_other_check_mosaics(const struct nem_transfer *t, uint8_t version)
{
	if (t->mosaics > NEM_MOSAICS_MAX) {
		return ERR_TOO_LARGE;
	}
	if (t->mosaics > 0 && version < 2) {
		return ERR_FIELD_RANGE;
	}
	for (unsigned i = 0; i < t->mosaics; i++) {
		if (!nem_mosaic_id_ok(&t->mosaic[i].id) || t->mosaic[i].quantity > INT64_MAX) {
			return ERR_FIELD_RANGE;
		}
		if (i > 0 && nem_mosaic_id_cmp(&t->mosaic[i - 1].id, &t->mosaic[i].id) >= 0) {
			return ERR_NOT_CANONICAL;
		}
	}
	return ERR_OK;
}

static enum err check_importance(const struct nem_importance *i)
{
	return i->mode == NEM_IMPORTANCE_ACTIVATE || i->mode == NEM_IMPORTANCE_DEACTIVATE
		   ? ERR_OK
		   : ERR_FIELD_RANGE;
}

static enum err check_provision(const struct nem_provision *p, uint8_t network)
{
	struct bytes parent = nem_namespace_bytes(&p->parent);
	struct nem_namespace same;

	if (p->part[NEM_NAMESPACE_MAX] != '\0' || p->parent.text[NEM_NAMESPACE_MAX] != '\0' ||
	    !nem_namespace_part_ok(bytes_str(p->part)) || p->rental_fee_micro > NEM_AMOUNT_MAX ||
	    (parent.n > 0 && nem_namespace_parse(&same, parent, NULL) != ERR_OK)) {
		return ERR_FIELD_RANGE;
	}
	return nem_address_check(&p->sink, network);
}

static enum err check_definition(const struct nem_definition *d, const struct nem_header *h)
{
	enum err e = nem_mosaic_definition_check(&d->mosaic, h->network);

	if (e != ERR_OK) {
		return e;
	}
	/* NIS does not even parse another one (C:model/MosaicDefinitionCreationTransaction.java).
	 */
	if (!key32_eq(&d->mosaic.creator, &h->signer)) {
		return ERR_KEY;
	}
	if (d->creation_fee_micro > NEM_AMOUNT_MAX) {
		return ERR_FIELD_RANGE;
	}
	return nem_address_check(&d->sink, h->network);
}

static enum err check_supply(const struct nem_supply_change *s)
{
	return nem_mosaic_id_ok(&s->mosaic) &&
		       (s->type == NEM_SUPPLY_CREATE || s->type == NEM_SUPPLY_DELETE) &&
		       s->delta >= 1 && s->delta <= NEM_QUANTITY_MAX
		   ? ERR_OK
		   : ERR_FIELD_RANGE;
}

enum err nem_other_check(enum nem_type type, const struct nem_header *h, const union nem_body *body)
{
	switch (type) {
	case NEM_IMPORTANCE:
		return check_importance(&body->importance);
	case NEM_NAMESPACE:
		return check_provision(&body->provision, h->network);
	case NEM_DEFINITION:
		return check_definition(&body->definition, h);
	case NEM_SUPPLY:
		return check_supply(&body->supply);
	case NEM_TRANSFER:
	case NEM_MODIFICATION:
	case NEM_COSIGNATURE:
	case NEM_MULTISIG:
		break;
	}
	return ERR_TYPE;
}
