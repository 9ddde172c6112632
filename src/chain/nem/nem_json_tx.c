/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON of transactions (nem.md 2.7); blocks, pairs and answers are in nem_json.c. */
#include "chain/nem/nem_json.h"

#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/check.h"
#include "chain/nem/nem_json_part.h"
#include "chain/nem/nem_network.h"

/* ---- writing ---- */

static json_t *put_head(enum nem_type type, const struct nem_header *h,
			const struct sig64 *signature)
{
	json_t *j = json_object();

	nem_json_put(&j, "type", json_integer((json_int_t)type));
	nem_json_put(&j, "version",
		     json_integer((int32_t)nem_network_version(h->network, h->version)));
	nem_json_put(&j, "timeStamp", nem_json_number(h->time_nem_s));
	nem_json_put(&j, "signer", nem_json_hex(h->signer.b, sizeof h->signer.b));
	nem_json_put(&j, "fee", nem_json_number(h->fee_micro));
	nem_json_put(&j, "deadline", nem_json_number(h->deadline_nem_s));
	if (signature != NULL) {
		nem_json_put(&j, "signature", nem_json_hex(signature->b, sizeof signature->b));
	}
	return j;
}

static json_t *id_json(const struct nem_mosaic_id *id)
{
	json_t *j = json_object();

	nem_json_put(&j, "namespaceId", json_string(id->space.text));
	nem_json_put(&j, "name", json_string(id->name));
	return j;
}

static void put_mosaics(json_t **j, const struct nem_transfer *t)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < t->mosaics; i++) {
		json_t *one = json_object();

		nem_json_put(&one, "quantity", nem_json_number(t->mosaic[i].quantity));
		nem_json_put(&one, "mosaicId", id_json(&t->mosaic[i].id));
		nem_json_append(&list, one);
	}
	nem_json_put(j, "mosaics", list);
}

static void put_transfer(json_t **j, const struct nem_transfer *t, uint8_t version)
{
	json_t *message = json_object();

	if (t->message_bytes > 0) {
		nem_json_put(&message, "payload", nem_json_hex(t->message, t->message_bytes));
		nem_json_put(&message, "type", json_integer((json_int_t)t->message_type));
	}
	nem_json_put(j, "recipient", json_string(t->recipient.text));
	nem_json_put(j, "amount", nem_json_number(t->amount_micro));
	nem_json_put(j, "message", message);
	if (version >= 2) {
		put_mosaics(j, t);
	}
}

static void put_modification(json_t **j, const struct nem_modification *m, uint8_t version)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < m->n; i++) {
		json_t *entry = json_object();

		nem_json_put(&entry, "modificationType",
			     json_integer((json_int_t)m->entry[i].type));
		nem_json_put(&entry, "cosignatoryAccount",
			     nem_json_hex(m->entry[i].cosigner.b, 32));
		nem_json_append(&list, entry);
	}
	nem_json_put(j, "modifications", list);
	if (version >= 2) {
		json_t *change = json_object();

		if (m->has_change) {
			nem_json_put(&change, "relativeChange", json_integer(m->change));
		}
		nem_json_put(j, "minCosignatories", change);
	}
}

static void put_provision(json_t **j, const struct nem_provision *p)
{
	nem_json_put(j, "rentalFeeSink", json_string(p->sink.text));
	nem_json_put(j, "rentalFee", nem_json_number(p->rental_fee_micro));
	nem_json_put(j, "newPart", json_string(p->part));
	nem_json_put(j, "parent",
		     p->parent.text[0] == '\0' ? json_null() : json_string(p->parent.text));
}

static void append_property(json_t **list, const char *name, json_t *value)
{
	json_t *one = json_object();

	nem_json_put(&one, "name", json_string(name));
	nem_json_put(&one, "value", value);
	nem_json_append(list, one);
}

static json_t *levy_json(const struct nem_levy *levy)
{
	json_t *j = json_object();

	if (levy->type == NEM_LEVY_NONE) {
		return j;
	}
	nem_json_put(&j, "type", json_integer((json_int_t)levy->type));
	nem_json_put(&j, "recipient", json_string(levy->recipient.text));
	nem_json_put(&j, "mosaicId", id_json(&levy->mosaic));
	nem_json_put(&j, "fee", nem_json_number(levy->fee));
	return j;
}

json_t *nem_json_definition(const struct nem_mosaic_definition *d)
{
	char number[24];
	json_t *list = json_array();
	json_t *j = json_object();

	(void)snprintf(number, sizeof number, "%u", d->properties.divisibility);
	append_property(&list, "divisibility", json_string(number));
	(void)snprintf(number, sizeof number, "%llu",
		       (unsigned long long)d->properties.initial_supply);
	append_property(&list, "initialSupply", json_string(number));
	append_property(&list, "supplyMutable",
			json_string(d->properties.supply_mutable ? "true" : "false"));
	append_property(&list, "transferable",
			json_string(d->properties.transferable ? "true" : "false"));
	nem_json_put(&j, "creator", nem_json_hex(d->creator.b, sizeof d->creator.b));
	nem_json_put(&j, "description",
		     json_stringn((const char *)d->description, d->description_bytes));
	nem_json_put(&j, "id", id_json(&d->id));
	nem_json_put(&j, "properties", list);
	nem_json_put(&j, "levy", levy_json(&d->levy));
	return j;
}

json_t *nem_json_mosaic_id(const struct nem_mosaic_id *id)
{
	return id_json(id);
}

static void put_body(json_t **j, enum nem_type type, uint8_t version, const union nem_body *body)
{
	switch (type) {
	case NEM_TRANSFER:
		put_transfer(j, &body->transfer, version);
		return;
	case NEM_IMPORTANCE:
		nem_json_put(j, "mode", json_integer((json_int_t)body->importance.mode));
		nem_json_put(j, "remoteAccount", nem_json_hex(body->importance.remote.b, 32));
		return;
	case NEM_MODIFICATION:
		put_modification(j, &body->modification, version);
		return;
	case NEM_NAMESPACE:
		put_provision(j, &body->provision);
		return;
	case NEM_DEFINITION:
		nem_json_put(j, "mosaicDefinition", nem_json_definition(&body->definition.mosaic));
		nem_json_put(j, "creationFeeSink", json_string(body->definition.sink.text));
		nem_json_put(j, "creationFee",
			     nem_json_number(body->definition.creation_fee_micro));
		return;
	case NEM_SUPPLY:
		nem_json_put(j, "mosaicId", id_json(&body->supply.mosaic));
		nem_json_put(j, "supplyType", json_integer((json_int_t)body->supply.type));
		nem_json_put(j, "delta", nem_json_number(body->supply.delta));
		return;
	case NEM_COSIGNATURE:
	case NEM_MULTISIG:
		break;
	}
	CHECK(false); /* a transaction type without JSON */
}

static void put_cosignature(json_t **j, const struct nem_cosignature *c)
{
	nem_json_put(j, "otherHash", nem_json_hash(&c->inner_hash));
	nem_json_put(j, "otherAccount", json_string(c->account.text));
}

static void put_multisig(json_t **j, const struct nem_multisig_body *m, enum nem_form form)
{
	json_t *inner = put_head(m->inner.type, &m->inner.head, NULL);
	json_t *list;

	put_body(&inner, m->inner.type, m->inner.head.version, &m->inner.body);
	nem_json_put(j, "otherTrans", inner);
	if (form == NEM_SIGNING) {
		return;
	}
	list = json_array();
	for (unsigned i = 0; i < m->n; i++) {
		const struct nem_attached *a = &m->cosignature[i];
		json_t *one = put_head(NEM_COSIGNATURE, &a->head, &a->signature);

		put_cosignature(&one, &a->body);
		nem_json_append(&list, one);
	}
	nem_json_put(j, "signatures", list);
}

json_t *nem_json_tx(const struct nem_tx *tx, enum nem_form form)
{
	json_t *j = put_head(tx->type, &tx->head, form == NEM_SIGNED ? &tx->signature : NULL);

	if (tx->type == NEM_MULTISIG) {
		put_multisig(&j, &tx->multisig, form);
	} else if (tx->type == NEM_COSIGNATURE) {
		put_cosignature(&j, &tx->cosignature);
	} else {
		put_body(&j, tx->type, tx->head.version, &tx->body);
	}
	return j;
}

/* ---- reading ---- */

static enum nem_type get_head(struct nem_json_get *g, const json_t *j, struct nem_header *h,
			      struct sig64 *signature)
{
	int64_t type = nem_json_get_integer(g, j, "type", INT32_MIN, INT32_MAX);
	int64_t version = nem_json_get_integer(g, j, "version", INT32_MIN, INT32_MAX);
	enum err e;

	h->time_nem_s = (uint32_t)nem_json_get_integer(g, j, "timeStamp", 0, INT32_MAX);
	nem_json_get_hex(g, j, "signer", h->signer.b, sizeof h->signer.b);
	h->fee_micro = (uint64_t)nem_json_get_integer(g, j, "fee", 0, INT64_MAX);
	h->deadline_nem_s = (uint32_t)nem_json_get_integer(g, j, "deadline", 0, INT32_MAX);
	if (signature != NULL) {
		nem_json_get_hex(g, j, "signature", signature->b, sizeof signature->b);
	}
	if (g->e != ERR_OK) {
		return NEM_TRANSFER;
	}
	e = nem_network_split(&h->network, &h->version, (uint32_t)version);
	if (e != ERR_OK) {
		nem_json_fail(g, e, "version");
	}
	if (type < 0 || !nem_type_known((uint32_t)type)) {
		nem_json_fail(g, ERR_TYPE, "type");
		return NEM_TRANSFER;
	}
	return (enum nem_type)type;
}

static void get_id(struct nem_json_get *g, const json_t *object, const char *name,
		   struct nem_mosaic_id *id)
{
	const json_t *j = nem_json_get_object(g, object, name);
	struct bytes space = nem_json_get_string(g, j, "namespaceId");
	struct bytes mosaic = nem_json_get_string(g, j, "name");
	enum err e;

	if (g->e == ERR_OK) {
		e = nem_mosaic_id_make(id, space, mosaic, NULL);
		if (e != ERR_OK) {
			nem_json_fail(g, e, name);
		}
	}
}

static void get_mosaics(struct nem_json_get *g, const json_t *j, struct nem_transfer *t)
{
	const json_t *list = nem_json_get_array(g, j, "mosaics", NEM_MOSAICS_MAX);

	for (size_t i = 0; g->e == ERR_OK && i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);

		get_id(g, one, "mosaicId", &t->mosaic[i].id);
		t->mosaic[i].quantity =
		    (uint64_t)nem_json_get_integer(g, one, "quantity", 0, INT64_MAX);
		t->mosaics = (uint8_t)(i + 1);
	}
}

static void get_message(struct nem_json_get *g, const json_t *j, struct nem_transfer *t)
{
	const json_t *message = nem_json_get_optional(g, j, "message");

	if (message == NULL) {
		return;
	}
	t->message_type = (enum nem_message_type)nem_json_get_integer(
	    g, message, "type", NEM_MESSAGE_PLAIN, NEM_MESSAGE_ENCRYPTED);
	t->message_bytes =
	    (uint16_t)nem_json_get_hex_upto(g, message, "payload", t->message, NEM_MESSAGE_MAX);
	if (t->message_bytes == 0) {
		t->message_type = NEM_MESSAGE_NONE;
	}
}

static void get_transfer(struct nem_json_get *g, const json_t *j, const struct nem_header *h,
			 struct nem_transfer *t)
{
	nem_json_get_address(g, j, "recipient", h->network, &t->recipient);
	t->amount_micro = (uint64_t)nem_json_get_integer(g, j, "amount", 0, INT64_MAX);
	get_message(g, j, t);
	if (h->version >= 2) {
		get_mosaics(g, j, t);
	}
}

static void get_modification(struct nem_json_get *g, const json_t *j, uint8_t version,
			     struct nem_modification *m)
{
	const json_t *list = nem_json_get_array(g, j, "modifications", NEM_MODIFICATIONS_MAX);

	for (size_t i = 0; g->e == ERR_OK && i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);

		m->entry[i].type = (enum nem_modification_type)nem_json_get_integer(
		    g, entry, "modificationType", NEM_ADD, NEM_DELETE);
		nem_json_get_hex(g, entry, "cosignatoryAccount", m->entry[i].cosigner.b, 32);
		m->n = (uint8_t)(i + 1);
	}
	if (version >= 2) {
		const json_t *change = nem_json_get_optional(g, j, "minCosignatories");

		if (change != NULL) {
			m->has_change = true;
			m->change = (int32_t)nem_json_get_integer(g, change, "relativeChange",
								  INT32_MIN, INT32_MAX);
		}
	}
}

static void get_name(struct nem_json_get *g, const json_t *j, const char *name,
		     char out[NEM_NAMESPACE_MAX + 1])
{
	struct bytes text = nem_json_get_string(g, j, name);

	if (g->e != ERR_OK) {
		return;
	}
	if (text.n > NEM_NAMESPACE_MAX || strnlen((const char *)text.p, text.n) != text.n) {
		nem_json_fail(g, ERR_FIELD_RANGE, name);
		return;
	}
	memcpy(out, text.p, text.n);
}

static void get_provision(struct nem_json_get *g, const json_t *j, uint8_t network,
			  struct nem_provision *p)
{
	nem_json_get_address(g, j, "rentalFeeSink", network, &p->sink);
	p->rental_fee_micro = (uint64_t)nem_json_get_integer(g, j, "rentalFee", 0, INT64_MAX);
	get_name(g, j, "newPart", p->part);
	if (!json_is_null(nem_json_get(g, j, "parent"))) {
		get_name(g, j, "parent", p->parent.text);
		if (g->e == ERR_OK && p->parent.text[0] == '\0') {
			nem_json_fail(g, ERR_FIELD_RANGE, "parent");
		}
	}
}

static void get_levy(struct nem_json_get *g, const json_t *j, uint8_t network,
		     struct nem_levy *levy)
{
	if (j == NULL) {
		return;
	}
	levy->type = (enum nem_levy_type)nem_json_get_integer(g, j, "type", NEM_LEVY_ABSOLUTE,
							      NEM_LEVY_PERCENTILE);
	nem_json_get_address(g, j, "recipient", network, &levy->recipient);
	get_id(g, j, "mosaicId", &levy->mosaic);
	levy->fee = (uint64_t)nem_json_get_integer(g, j, "fee", 0, INT64_MAX);
}

/* A number written as a string, as Java prints it. */
static uint64_t get_decimal(struct nem_json_get *g, struct bytes text, uint64_t max,
			    const char *name)
{
	uint64_t n = 0;

	if (text.n == 0 || text.n > 19 || (text.n > 1 && text.p[0] == '0')) {
		nem_json_fail(g, ERR_FIELD_RANGE, name);
		return 0;
	}
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9') {
			nem_json_fail(g, ERR_FIELD_RANGE, name);
			return 0;
		}
		n = n * 10 + (uint64_t)(text.p[i] - '0');
	}
	if (n > max) {
		nem_json_fail(g, ERR_FIELD_RANGE, name);
	}
	return n;
}

static bool get_boolean(struct nem_json_get *g, struct bytes text, const char *name)
{
	bool yes = bytes_eq(text, bytes_str("true"));

	if (!yes && !bytes_eq(text, bytes_str("false"))) {
		nem_json_fail(g, ERR_FIELD_RANGE, name);
	}
	return yes;
}

/* All four, in any order, each once: NIS sorts them itself. */
static void get_properties(struct nem_json_get *g, const json_t *j, struct nem_mosaic_properties *p)
{
	static const char *const name[] = { "divisibility", "initialSupply", "supplyMutable",
					    "transferable" };
	const json_t *list = nem_json_get_array(g, j, "properties", ARRAY_LEN(name));
	unsigned seen = 0;

	for (size_t i = 0; g->e == ERR_OK && i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		struct bytes key = nem_json_get_string(g, one, "name");
		struct bytes value = nem_json_get_string(g, one, "value");
		unsigned which = 0;

		while (which < ARRAY_LEN(name) && !bytes_eq(key, bytes_str(name[which]))) {
			which++;
		}
		if (g->e != ERR_OK) {
			return;
		}
		if (which == ARRAY_LEN(name) || (seen & 1u << which) != 0) {
			nem_json_fail(g, ERR_FIELD_UNKNOWN, "properties");
			return;
		}
		seen |= 1u << which;
		if (which == 0) {
			p->divisibility =
			    (uint8_t)get_decimal(g, value, NEM_DIVISIBILITY_MAX, name[which]);
		} else if (which == 1) {
			p->initial_supply = get_decimal(g, value, NEM_QUANTITY_MAX, name[which]);
		} else if (which == 2) {
			p->supply_mutable = get_boolean(g, value, name[which]);
		} else {
			p->transferable = get_boolean(g, value, name[which]);
		}
	}
	if (g->e == ERR_OK && seen != (1u << ARRAY_LEN(name)) - 1) {
		nem_json_fail(g, ERR_FIELD_MISSING, "properties");
	}
}

static void get_mosaic_definition(struct nem_json_get *g, const json_t *j, uint8_t network,
				  struct nem_mosaic_definition *d)
{
	struct bytes description = nem_json_get_string(g, j, "description");

	nem_json_get_hex(g, j, "creator", d->creator.b, sizeof d->creator.b);
	get_id(g, j, "id", &d->id);
	get_properties(g, j, &d->properties);
	get_levy(g, nem_json_get_optional(g, j, "levy"), network, &d->levy);
	if (g->e != ERR_OK) {
		return;
	}
	if (description.n == 0 || description.n > NEM_DESCRIPTION_BYTES_MAX) {
		nem_json_fail(g, ERR_FIELD_RANGE, "description");
		return;
	}
	memcpy(d->description, description.p, description.n);
	d->description_bytes = (uint16_t)description.n;
}

enum err nem_json_definition_read(struct nem_mosaic_definition *out, uint8_t network,
				  const json_t *j, const char **where)
{
	struct nem_json_get g = { ERR_OK, NULL };
	struct nem_mosaic_definition d;

	memset(&d, 0, sizeof d);
	get_mosaic_definition(&g, j, network, &d);
	if (g.e == ERR_OK) {
		enum err e = nem_mosaic_definition_check(&d, network);

		if (e == ERR_OK) {
			*out = d;
		} else {
			nem_json_fail(&g, e, "mosaicDefinition");
		}
	}
	return nem_json_finish(&g, where);
}

static void get_body(struct nem_json_get *g, const json_t *j, enum nem_type type,
		     const struct nem_header *h, union nem_body *body)
{
	switch (type) {
	case NEM_TRANSFER:
		get_transfer(g, j, h, &body->transfer);
		return;
	case NEM_IMPORTANCE:
		body->importance.mode = (enum nem_importance_mode)nem_json_get_integer(
		    g, j, "mode", NEM_IMPORTANCE_ACTIVATE, NEM_IMPORTANCE_DEACTIVATE);
		nem_json_get_hex(g, j, "remoteAccount", body->importance.remote.b, 32);
		return;
	case NEM_MODIFICATION:
		get_modification(g, j, h->version, &body->modification);
		return;
	case NEM_NAMESPACE:
		get_provision(g, j, h->network, &body->provision);
		return;
	case NEM_DEFINITION:
		get_mosaic_definition(g, nem_json_get_object(g, j, "mosaicDefinition"), h->network,
				      &body->definition.mosaic);
		nem_json_get_address(g, j, "creationFeeSink", h->network, &body->definition.sink);
		body->definition.creation_fee_micro =
		    (uint64_t)nem_json_get_integer(g, j, "creationFee", 0, INT64_MAX);
		return;
	case NEM_SUPPLY:
		get_id(g, j, "mosaicId", &body->supply.mosaic);
		body->supply.type = (enum nem_supply_type)nem_json_get_integer(
		    g, j, "supplyType", NEM_SUPPLY_CREATE, NEM_SUPPLY_DELETE);
		body->supply.delta =
		    (uint64_t)nem_json_get_integer(g, j, "delta", 1, (int64_t)NEM_QUANTITY_MAX);
		return;
	case NEM_COSIGNATURE:
	case NEM_MULTISIG:
		break;
	}
	nem_json_fail(g, ERR_TYPE, "otherTrans");
}

static void get_cosignature(struct nem_json_get *g, const json_t *j, uint8_t network,
			    struct nem_cosignature *c)
{
	nem_json_get_hex(g, nem_json_get_object(g, j, "otherHash"), "data", c->inner_hash.b, 32);
	nem_json_get_address(g, j, "otherAccount", network, &c->account);
}

static void get_multisig(struct nem_json_get *g, const json_t *j, uint8_t network,
			 enum nem_form form, struct nem_multisig_body *m)
{
	const json_t *inner = nem_json_get_object(g, j, "otherTrans");
	const json_t *list;

	m->inner.type = get_head(g, inner, &m->inner.head, NULL);
	get_body(g, inner, m->inner.type, &m->inner.head, &m->inner.body);
	if (g->e == ERR_OK && m->inner.head.network != network) {
		nem_json_fail(g, ERR_NETWORK, "otherTrans");
	}
	if (form == NEM_SIGNING) {
		return;
	}
	list = nem_json_get_array(g, j, "signatures", NEM_COSIGNATURES_MAX);
	for (size_t i = 0; g->e == ERR_OK && i < json_array_size(list); i++) {
		struct nem_attached *a = &m->cosignature[i];
		const json_t *one = json_array_get(list, i);

		if (get_head(g, one, &a->head, &a->signature) != NEM_COSIGNATURE) {
			nem_json_fail(g, ERR_TYPE, "signatures");
		}
		get_cosignature(g, one, network, &a->body);
		m->n = (uint8_t)(i + 1);
	}
}

static void get_tx(struct nem_json_get *g, const json_t *j, uint8_t network, enum nem_form form,
		   bool any_order, struct nem_tx *tx)
{
	enum err e;

	memset(tx, 0, sizeof *tx);
	if (!json_is_object(j)) {
		nem_json_fail(g, ERR_INPUT, "transaction");
		return;
	}
	tx->type = get_head(g, j, &tx->head, form == NEM_SIGNED ? &tx->signature : NULL);
	if (g->e == ERR_OK && tx->head.network != network) {
		nem_json_fail(g, ERR_NETWORK, "version");
	}
	if (tx->type == NEM_MULTISIG) {
		get_multisig(g, j, network, form, &tx->multisig);
	} else if (tx->type == NEM_COSIGNATURE) {
		get_cosignature(g, j, network, &tx->cosignature);
	} else {
		get_body(g, j, tx->type, &tx->head, &tx->body);
	}
	if (g->e != ERR_OK) {
		return;
	}
	if (any_order) {
		nem_tx_canonicalise(tx);
	}
	e = nem_tx_check(tx);
	if (e != ERR_OK) {
		nem_json_fail(g, e, "transaction");
	}
}

void nem_json_get_tx(struct nem_json_get *g, const json_t *j, uint8_t network, enum nem_form form,
		     struct nem_tx *tx)
{
	get_tx(g, j, network, form, false, tx);
}

static enum err read_tx(struct nem_tx *out, uint8_t network, const json_t *j, enum nem_form form,
			bool any_order, const char **where)
{
	struct nem_json_get g = { ERR_OK, NULL };
	struct nem_tx tx;

	get_tx(&g, j, network, form, any_order, &tx);
	if (g.e == ERR_OK) {
		*out = tx;
	}
	return nem_json_finish(&g, where);
}

enum err nem_json_tx_read(struct nem_tx *out, uint8_t network, const json_t *j, enum nem_form form,
			  const char **where)
{
	return read_tx(out, network, j, form, false, where);
}

enum err nem_json_tx_read_any_order(struct nem_tx *out, uint8_t network, const json_t *j,
				    const char **where)
{
	return read_tx(out, network, j, NEM_SIGNING, true, where);
}
