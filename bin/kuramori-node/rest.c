/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest.c - the frame of the REST interface of NIS: replies, arguments, and the way from a path to
 * its table (rest_*.c).  Each handler parses its arguments, asks the chain and writes JSON; none
 * holds a rule of the chain.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/check.h"
#include "base/hex.h"
#include "rest.h"

const char *const node_rest_cors[] = { "Access-Control-Allow-Origin",
				       "*",
				       "Access-Control-Allow-Methods",
				       "GET, POST, OPTIONS",
				       "Access-Control-Allow-Headers",
				       "Content-Type",
				       NULL };

/* ---- replies ---- */

enum { TEXT_FIRST = 512 };

void node_rest_text_room(struct node_text *t, size_t cap)
{
	if (cap > t->cap) {
		t->p = realloc(t->p, cap);
		CHECK(t->p != NULL);
		t->cap = cap;
	}
}

static int on_text(const char *p, size_t n, void *ctx)
{
	struct node_text *t = ctx;
	size_t cap = t->cap == 0 ? TEXT_FIRST : t->cap;

	while (cap - t->n < n) {
		cap *= 2;
	}
	node_rest_text_room(t, cap);
	memcpy(t->p + t->n, p, n);
	t->n += n;
	return 0;
}

void node_rest_text(struct node_text *t, const char *words)
{
	(void)on_text(words, strlen(words), t);
}

void node_rest_text_bytes(struct node_text *t, const char *p, size_t n)
{
	(void)on_text(p, n, t);
}

static void forget(struct node_kept *k)
{
	free(k->p);
	*k = (struct node_kept){ 0 };
}

void node_rest_forget(struct node *n)
{
	forget(&n->top);
	for (size_t i = 0; i < ARRAY_LEN(n->port); i++) {
		forget(&n->port[i].list);
	}
}

void node_rest_keep(struct node_kept *k, const struct node_text *t, size_t from)
{
	size_t n = t->n - from;

	forget(k);
	if (n == 0 || n > REST_KEPT_MAX) {
		return;
	}
	k->p = malloc(n);
	CHECK(k->p != NULL);
	memcpy(k->p, t->p + from, n);
	k->n = n;
}

void node_rest_text_json(struct node_text *t, json_t *j)
{
	CHECK(j != NULL && json_dump_callback(j, on_text, t, JSON_COMPACT | JSON_ENCODE_ANY) == 0);
	json_decref(j);
}

void node_rest_text_send(struct http_request *r, unsigned status, struct node_text *t)
{
	if (http_user(r) != NULL) {
		/* A lie is told about values. */
		node_fault_reply(r, status, json_loadb(t->p, t->n, 0, NULL));
		free(t->p);
	} else {
		node_rest_text(t, "\r\n"); /* NIS ends its JSON so */
		http_reply_malloced(r, status, "application/json", t->p, t->n, node_rest_cors);
	}
	*t = (struct node_text){ 0 };
}

void node_rest_json(struct http_request *r, unsigned status, json_t *j)
{
	struct node_text t = { 0 };

	node_rest_text_json(&t, j);
	node_rest_text_send(r, status, &t);
}

static const char *reason(unsigned status)
{
	switch (status) {
	case 400:
		return "Bad Request";
	case 401:
		return "Unauthorized";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 415:
		return "Unsupported Media Type";
	case 503:
		return "Service Unavailable";
	default:
		return "Internal Server Error";
	}
}

void node_rest_error(struct node *n, struct http_request *r, unsigned status, const char *message)
{
	node_rest_json(r, status,
		       json_pack("{s:I,s:s,s:s,s:i}", "timeStamp", (json_int_t)node_now_s(n),
				 "error", reason(status), "message", message, "status",
				 (int)status));
}

json_t *node_rest_hex(const void *p, size_t n)
{
	char text[2 * 64 + 1];

	CHECK(n <= 64);
	hex_put(text, bytes_of(p, n));
	return json_string(text);
}

void node_rest_append(json_t *list, json_t *j)
{
	CHECK(j != NULL && json_array_append_new(list, j) == 0);
}

void node_rest_data(struct http_request *r, json_t *list)
{
	CHECK(list != NULL);
	node_rest_json(r, 200, json_pack("{s:o}", "data", list));
}

/* ---- arguments ---- */

json_t *node_rest_body(struct node *n, struct http_request *r)
{
	const char *type = http_header(r, "Content-Type", NULL);
	struct bytes body = http_body(r);
	json_error_t error;
	json_t *j;

	if (type == NULL || strncmp(type, "application/json", 16) != 0 ||
	    (type[16] != '\0' && type[16] != ';' && type[16] != ' ')) {
		node_rest_error(n, r, 415, "Content type must be application/json");
		return NULL;
	}
	j = json_loadb((const char *)body.p, body.n, 0, &error);
	if (!json_is_object(j)) {
		json_decref(j);
		node_rest_error(n, r, 400, "the body must be a JSON object");
		return NULL;
	}
	return j;
}

bool node_rest_address_text(struct bytes text, struct nem_address *out)
{
	char upper[NEM_ADDRESS_CHARS];

	if (text.n != sizeof upper) {
		return false;
	}
	for (size_t i = 0; i < sizeof upper; i++) {
		upper[i] = (char)toupper(text.p[i]);
	}
	return nem_address_parse(out, NODE_NETWORK, bytes_of(upper, sizeof upper), NULL) == ERR_OK;
}

static bool address_text(struct node *n, struct http_request *r, const char *text,
			 struct nem_address *out)
{
	if (text == NULL || !node_rest_address_text(bytes_str(text), out)) {
		node_rest_error(n, r, 400, "address must be valid");
		return false;
	}
	return true;
}

bool node_rest_address(struct node *n, struct http_request *r, struct nem_address *out)
{
	return address_text(n, r, http_query(r, "address"), out);
}

bool node_rest_address_json(struct node *n, struct http_request *r, const json_t *text,
			    struct nem_address *out)
{
	return address_text(n, r, json_string_value(text), out);
}

bool node_rest_key(struct node *n, struct http_request *r, struct nem_address *out)
{
	const char *text = http_query(r, "publicKey");
	struct key32 key;

	if (text == NULL || hex_get(key.b, sizeof key.b, bytes_str(text), HEX_ANY_CASE) != ERR_OK) {
		node_rest_error(n, r, 400, "public key must be valid");
		return false;
	}
	nem_address_from_key(out, &key, NODE_NETWORK);
	return true;
}

bool node_rest_page(struct node *n, struct http_request *r, uint64_t *id, size_t *page)
{
	uint64_t size = REST_PAGE_DEFAULT;
	bool given;

	*id = 0;
	if (!node_rest_number(r, "id", id, &given) ||
	    !node_rest_number(r, "pageSize", &size, &given)) {
		node_rest_error(n, r, 400, "id and pageSize must be numbers");
		return false;
	}
	*page = size < REST_PAGE_MIN ? REST_PAGE_MIN : size > REST_PAGE_MAX ? REST_PAGE_MAX : size;
	return true;
}

/* A decimal argument; false if it is there and is none. */
bool node_rest_number(struct http_request *r, const char *key, uint64_t *out, bool *given)
{
	const char *text = http_query(r, key);
	char *end;
	unsigned long long v;

	*given = text != NULL;
	if (text == NULL) {
		return true;
	}
	if (text[0] < '0' || text[0] > '9' || strlen(text) > 18) {
		return false;
	}
	errno = 0;
	v = strtoull(text, &end, 10);
	if (*end != '\0' || errno != 0) {
		return false;
	}
	*out = v;
	return true;
}

bool node_rest_hash(struct node *n, struct http_request *r, struct hash32 *out, bool *given)
{
	const char *text = http_query(r, "hash");

	*given = text != NULL;
	if (text == NULL) {
		return true;
	}
	if (hex_get(out->b, sizeof out->b, bytes_str(text), HEX_ANY_CASE) != ERR_OK) {
		node_rest_error(n, r, 400, "hash must be 64 hexadecimal digits");
		return false;
	}
	return true;
}

bool node_rest_height(struct node *n, struct http_request *r, uint64_t *out)
{
	json_t *j = node_rest_body(n, r);
	const json_t *height;

	if (j == NULL) {
		return false;
	}
	height = json_object_get(j, "height");
	if (!json_is_integer(height)) {
		node_rest_error(n, r, height == NULL ? 500 : 400,
				height == NULL ? "expected value for property height"
					       : "height must be an integer");
		json_decref(j);
		return false;
	}
	*out = json_integer_value(height) < 1 ? 0 : (uint64_t)json_integer_value(height);
	json_decref(j);
	if (*out == 0) {
		node_rest_error(n, r, 400, "height must be positive");
		return false;
	}
	return true;
}

/* ---- routes ---- */

void node_rest_dispatch(struct node_port *p, struct http_request *r)
{
	static const struct node_route *const tables[] = { node_rest_chain_routes,
							   node_rest_account_routes,
							   node_rest_mosaic_routes,
							   node_rest_transaction_routes };
	const char *path = http_path(r);
	enum http_method method = http_method(r);
	bool known = false;

	node_expire(p->node);
	if (method == HTTP_OPTIONS) {
		http_reply(r, 200, NULL, bytes_of(NULL, 0), node_rest_cors);
		return;
	}
	for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
		for (const struct node_route *route = tables[t]; route->path != NULL; route++) {
			if (strcmp(path, route->path) != 0) {
				continue;
			}
			if (method == route->method) {
				route->handle(p, r);
				return;
			}
			known = true;
		}
	}
	node_rest_error(p->node, r, known ? 405 : 404,
			known ? "this request method is not supported" : "there is no such path");
}
