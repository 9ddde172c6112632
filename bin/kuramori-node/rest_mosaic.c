/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces and mosaics (nem.md 5.2, 5.3). */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_json.h"
#include "rest.h"

enum { OWNED_MAX = 1024 };

/* ---- objects ---- */

json_t *node_rest_namespace(const struct nis_namespace *n)
{
	return json_pack("{s:s,s:s,s:I}", "owner", n->owner.text, "fqn", n->name.text, "height",
			 (json_int_t)n->height);
}

json_t *node_rest_mosaic(const struct nem_mosaic *m)
{
	return json_pack("{s:I,s:o}", "quantity", (json_int_t)m->quantity, "mosaicId",
			 nem_json_mosaic_id(&m->id));
}

static json_t *supply_json(const struct nis_mosaic_info *m)
{
	return json_pack("{s:o,s:I}", "mosaicId", nem_json_mosaic_id(&m->definition->id), "supply",
			 (json_int_t)m->supply);
}

static json_t *with_meta(uint64_t id, const char *what, json_t *j)
{
	return json_pack("{s:{s:I},s:o}", "meta", "id", (json_int_t)id, what, j);
}

/* ---- arguments ---- */

static bool namespace_arg(struct node *n, struct http_request *r, const char *key,
			  struct nem_namespace *out)
{
	const char *text = http_query(r, key);
	char message[NEM_NAMESPACE_MAX + 64];

	if (text == NULL) {
		(void)snprintf(message, sizeof message,
			       "Required String parameter '%s' is not present", key);
	} else if (nem_namespace_parse(out, bytes_str(text), NULL) == ERR_OK) {
		return true;
	} else {
		(void)snprintf(message, sizeof message, "'%.128s' is not a valid namespace.", text);
	}
	node_rest_error(n, r, 400, message);
	return false;
}

static bool mosaic_text(struct node *n, struct http_request *r, const char *text,
			struct nem_mosaic_id *out)
{
	char message[NEM_MOSAIC_ID_MAX + 64];

	if (text != NULL && nem_mosaic_id_parse(out, bytes_str(text), NULL) == ERR_OK) {
		return true;
	}
	(void)snprintf(message, sizeof message,
		       text == NULL ? "Required String parameter 'mosaicId' is not present"
				    : "pattern '%.128s' could not be parsed",
		       text == NULL ? "" : text);
	node_rest_error(n, r, 400, message);
	return false;
}

/* An empty parent is none: so nem-sdk asks. */
static bool parent_given(const struct http_request *r)
{
	const char *text = http_query(r, "parent");

	return text != NULL && text[0] != '\0';
}

/* The mosaic that ?mosaicId= names; what nobody defined, or (unless asked for) expired, is 404. */
static bool mosaic_arg(struct node *n, struct http_request *r, bool expired_too,
		       struct nis_mosaic_info *out)
{
	const char *text = http_query(r, "mosaicId");
	struct nem_mosaic_id id;
	char message[NEM_MOSAIC_ID_MAX + 64];

	if (!mosaic_text(n, r, text, &id)) {
		return false;
	}
	if (nis_mosaic(n->nis, &id, out) && (out->active || expired_too)) {
		return true;
	}
	(void)snprintf(message, sizeof message, "mosaic definition not found: %.161s", text);
	node_rest_error(n, r, 404, message);
	return false;
}

/* ---- what an account has ---- */

static void get_owned(struct node_port *p, struct http_request *r)
{
	static struct nem_mosaic owned[OWNED_MAX];
	struct nem_address address;
	json_t *list;
	size_t n;

	if (!node_rest_address(p->node, r, &address)) {
		return;
	}
	n = nis_owned(p->node->nis, &address, owned, OWNED_MAX);
	list = json_array();
	for (size_t i = 0; i < n; i++) {
		node_rest_append(list, node_rest_mosaic(&owned[i]));
	}
	node_rest_data(r, list);
}

static void append_owned(struct node *n, const struct nem_address *address, json_t *list)
{
	static struct nem_mosaic owned[OWNED_MAX];
	size_t count = nis_owned(n->nis, address, owned, OWNED_MAX);

	for (size_t i = 0; i < count; i++) {
		struct nis_mosaic_info m;

		CHECK(nis_mosaic(n->nis, &owned[i].id, &m));
		node_rest_append(list, nem_json_definition(m.definition));
	}
}

static void get_owned_definitions(struct node_port *p, struct http_request *r)
{
	struct nem_address address;
	json_t *list;

	if (node_rest_address(p->node, r, &address)) {
		list = json_array();
		append_owned(p->node, &address, list);
		node_rest_data(r, list);
	}
}

/* Of several accounts, each definition once. */
static void post_owned_definitions(struct node_port *p, struct http_request *r)
{
	json_t *body = node_rest_body(p->node, r);
	json_t *all = json_array(), *once = json_array();
	const json_t *asked = json_object_get(body, "data");
	bool ok = body != NULL;

	if (ok && !json_is_array(asked)) {
		node_rest_error(p->node, r, 500, "expected value for property data");
		ok = false;
	}
	for (size_t i = 0; ok && i < json_array_size(asked); i++) {
		struct nem_address address;

		ok = node_rest_address_json(
		    p->node, r, json_object_get(json_array_get(asked, i), "account"), &address);
		if (ok) {
			append_owned(p->node, &address, all);
		}
	}
	for (size_t i = 0; ok && i < json_array_size(all); i++) {
		bool seen = false;

		for (size_t k = 0; k < json_array_size(once); k++) {
			seen = seen || json_equal(json_array_get(once, k), json_array_get(all, i));
		}
		if (!seen) {
			node_rest_append(once, json_incref(json_array_get(all, i)));
		}
	}
	json_decref(body);
	json_decref(all);
	if (ok) {
		node_rest_data(r, once);
	} else {
		json_decref(once);
	}
}

static void get_created(struct node_port *p, struct http_request *r)
{
	struct nis_mosaic_info found[REST_PAGE_MAX];
	struct nem_address address;
	struct nem_namespace parent;
	bool has_parent = parent_given(r);
	uint64_t id;
	size_t page, n;
	json_t *list;

	if (!node_rest_address(p->node, r, &address) || !node_rest_page(p->node, r, &id, &page) ||
	    (has_parent && !namespace_arg(p->node, r, "parent", &parent))) {
		return;
	}
	n = nis_mosaics(p->node->nis, has_parent ? &parent : NULL, &address, id, found, page);
	list = json_array();
	for (size_t i = 0; i < n; i++) {
		node_rest_append(list, nem_json_definition(found[i].definition));
	}
	node_rest_data(r, list);
}

static void get_account_namespaces(struct node_port *p, struct http_request *r)
{
	struct nis_namespace found[REST_PAGE_MAX];
	struct nem_address address;
	struct nem_namespace parent;
	bool has_parent = parent_given(r);
	uint64_t id;
	size_t page, n;
	json_t *list;

	if (!node_rest_address(p->node, r, &address) || !node_rest_page(p->node, r, &id, &page) ||
	    (has_parent && !namespace_arg(p->node, r, "parent", &parent))) {
		return;
	}
	n = nis_namespaces_of(p->node->nis, &address, has_parent ? &parent : NULL, id, found, page);
	list = json_array();
	for (size_t i = 0; i < n; i++) {
		node_rest_append(list, node_rest_namespace(&found[i]));
	}
	node_rest_data(r, list);
}

/* ---- namespaces ---- */

static void get_namespace(struct node_port *p, struct http_request *r)
{
	struct nem_namespace name;
	struct nis_namespace n;
	char message[NEM_NAMESPACE_MAX + 64];

	if (!namespace_arg(p->node, r, "namespace", &name)) {
		return;
	}
	if (!nis_namespace(p->node->nis, &name, &n)) {
		(void)snprintf(message, sizeof message, "namespace not found: %s", name.text);
		node_rest_error(p->node, r, 404, message);
		return;
	}
	node_rest_json(r, 200, node_rest_namespace(&n));
}

static void get_roots(struct node_port *p, struct http_request *r)
{
	struct nis_namespace found[REST_PAGE_MAX];
	uint64_t id;
	size_t page, n;
	json_t *list;

	if (!node_rest_page(p->node, r, &id, &page)) {
		return;
	}
	n = nis_roots(p->node->nis, id, found, page);
	list = json_array();
	for (size_t i = 0; i < n; i++) {
		node_rest_append(
		    list, with_meta(found[i].id, "namespace", node_rest_namespace(&found[i])));
	}
	node_rest_data(r, list);
}

/* ---- mosaics ---- */

static void get_definition(struct node_port *p, struct http_request *r)
{
	struct nis_mosaic_info m;

	if (mosaic_arg(p->node, r, false, &m)) {
		node_rest_json(r, 200, nem_json_definition(m.definition));
	}
}

static void get_last_definition(struct node_port *p, struct http_request *r)
{
	struct nis_mosaic_info m;

	if (mosaic_arg(p->node, r, true, &m)) {
		node_rest_json(r, 200, nem_json_definition(m.definition));
	}
}

static void definitions(struct node_port *p, struct http_request *r,
			const struct nem_namespace *space)
{
	struct nis_mosaic_info found[REST_PAGE_MAX];
	uint64_t id;
	size_t page, n;
	json_t *list;

	if (!node_rest_page(p->node, r, &id, &page)) {
		return;
	}
	n = nis_mosaics(p->node->nis, space, NULL, id, found, page);
	list = json_array();
	for (size_t i = 0; i < n; i++) {
		node_rest_append(list, with_meta(found[i].id, "mosaic",
						 nem_json_definition(found[i].definition)));
	}
	node_rest_data(r, list);
}

static void get_definitions(struct node_port *p, struct http_request *r)
{
	definitions(p, r, NULL);
}

static void get_namespace_definitions(struct node_port *p, struct http_request *r)
{
	struct nem_namespace space;

	if (namespace_arg(p->node, r, "namespace", &space)) {
		definitions(p, r, &space);
	}
}

static void get_supply(struct node_port *p, struct http_request *r)
{
	struct nis_mosaic_info m;

	if (mosaic_arg(p->node, r, false, &m)) {
		node_rest_json(r, 200, supply_json(&m));
	}
}

/* {"data":[{"namespaceId","name"},...]} */
static void post_supplies(struct node_port *p, struct http_request *r)
{
	json_t *body = node_rest_body(p->node, r);
	const json_t *asked = json_object_get(body, "data");
	json_t *list = json_array();
	const char *wrong = json_is_array(asked) ? NULL : "expected value for property data";

	if (body == NULL) {
		json_decref(list);
		return;
	}
	for (size_t i = 0; wrong == NULL && i < json_array_size(asked); i++) {
		const json_t *one = json_array_get(asked, i);
		const char *space = json_string_value(json_object_get(one, "namespaceId"));
		const char *name = json_string_value(json_object_get(one, "name"));
		struct nem_mosaic_id id;
		struct nis_mosaic_info m;

		if (space == NULL || name == NULL ||
		    nem_mosaic_id_make(&id, bytes_str(space), bytes_str(name), NULL) != ERR_OK) {
			wrong = "a mosaic id is not valid";
		} else if (nis_mosaic(p->node->nis, &id, &m) && m.active) {
			node_rest_append(list, supply_json(&m));
		}
	}
	json_decref(body);
	if (wrong != NULL) {
		json_decref(list);
		node_rest_error(p->node, r, 400, wrong);
		return;
	}
	node_rest_data(r, list);
}

/* ExpirationHeight of what never ends: the largest height there is. */
static void get_local_supply(struct node_port *p, struct http_request *r)
{
	struct nis_mosaic_info m;
	struct nis_namespace space;
	uint64_t end = INT64_MAX;

	if (!mosaic_arg(p->node, r, true, &m)) {
		return;
	}
	if (nis_namespace(p->node->nis, &m.definition->id.space, &space) &&
	    space.height < INT64_MAX - NIS_NAMESPACE_BLOCKS) {
		end = space.height + NIS_NAMESPACE_BLOCKS;
	}
	node_rest_json(r, 200,
		       json_pack("{s:[{s:o,s:I,s:I}]}", "data", "mosaicDefinition",
				 nem_json_definition(m.definition), "supply", (json_int_t)m.supply,
				 "expirationHeight", (json_int_t)end));
}

const struct node_route node_rest_mosaic_routes[] = {
	{ HTTP_GET, "/account/mosaic/owned", get_owned },
	{ HTTP_GET, "/account/mosaic/owned/definition", get_owned_definitions },
	{ HTTP_POST, "/account/mosaic/owned/definition/batch", post_owned_definitions },
	{ HTTP_GET, "/account/mosaic/definition/page", get_created },
	{ HTTP_GET, "/account/namespace/page", get_account_namespaces },
	{ HTTP_GET, "/namespace", get_namespace },
	{ HTTP_GET, "/namespace/root/page", get_roots },
	{ HTTP_GET, "/namespace/mosaic/definition/page", get_namespace_definitions },
	{ HTTP_GET, "/mosaic/definition", get_definition },
	{ HTTP_GET, "/mosaic/definition/last", get_last_definition },
	{ HTTP_GET, "/mosaic/definition/page", get_definitions },
	{ HTTP_GET, "/mosaic/supply", get_supply },
	{ HTTP_POST, "/mosaic/supply/batch", post_supplies },
	{ HTTP_GET, "/local/mosaic/definition/supply", get_local_supply },
	{ HTTP_GET, NULL, NULL },
};
