/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest.h - what the files of the REST interface share: replies, arguments, tables of routes.
 */
#ifndef KURAMORI_NODE_REST_H
#define KURAMORI_NODE_REST_H

#include "node.h"

enum {
	REST_PAGE_DEFAULT = 25,
	REST_PAGE_MIN = 5,
	REST_PAGE_MAX = 100,
	REST_KEPT_MAX = 256 * 1024, /* bytes of a text that is kept */
};

#define REST_NIS_VERSION "0.6.102"

struct node_route {
	enum http_method method;
	const char *path; /* NULL: the end of the table */
	void (*handle)(struct node_port *p, struct http_request *r);
};

extern const struct node_route node_rest_chain_routes[];
extern const struct node_route node_rest_account_routes[];
extern const struct node_route node_rest_mosaic_routes[];
extern const struct node_route node_rest_transaction_routes[];

/* The headers that let every page ask. */
extern const char *const node_rest_cors[];

/*
 * The text of a reply, in parts: a list may be long, and as one JSON value it would take several
 * times the memory of its text.  All zero is empty.
 */
struct node_text {
	char *p;
	size_t n, cap;
};

/*
 * Room for a text of `cap` bytes in all: one that doubles its way to many megabytes leaves holes of
 * its former sizes behind.  What is never written takes no memory.
 */
void node_rest_text_room(struct node_text *t, size_t cap);
void node_rest_text(struct node_text *t, const char *words);
/* Takes j, which may not be NULL. */
void node_rest_text_json(struct node_text *t, json_t *j);
/* Appends n bytes. */
void node_rest_text_bytes(struct node_text *t, const char *p, size_t n);
/*
 * Remembers the text from place `from` on, in place of what k held; one of more than REST_KEPT_MAX
 * is not remembered.
 */
void node_rest_keep(struct node_kept *k, const struct node_text *t, size_t from);
/* Sends the text, which must be a whole JSON object by now, and empties t. */
void node_rest_text_send(struct http_request *r, unsigned status, struct node_text *t);

/* At most 64 bytes as a string. */
json_t *node_rest_hex(const void *p, size_t n);
/* {"data":list}.  Takes the list. */
void node_rest_data(struct http_request *r, json_t *list);
/* Appends or dies; takes j. */
void node_rest_append(json_t *list, json_t *j);

/* ---- arguments: false after an error was sent ---- */

/* NIS takes either case and no hyphens (nem.md 1.2). */
bool node_rest_address(struct node *n, struct http_request *r, struct nem_address *out);
/* The same of text, from wherever; sends nothing. */
bool node_rest_address_text(struct bytes text, struct nem_address *out);
/* The same from {"account":text} or any JSON string. */
bool node_rest_address_json(struct node *n, struct http_request *r, const json_t *text,
			    struct nem_address *out);
/* A decimal argument; false, and nothing sent, if it is there and is none. */
bool node_rest_number(struct http_request *r, const char *key, uint64_t *out, bool *given);
bool node_rest_hash(struct node *n, struct http_request *r, struct hash32 *out, bool *given);
/* The height in the body. */
bool node_rest_height(struct node *n, struct http_request *r, uint64_t *out);
/* id and pageSize, clamped as NIS does (N:controller/requests/DefaultPage.java).  *id 0: not given.
 */
bool node_rest_page(struct node *n, struct http_request *r, uint64_t *id, size_t *page);
bool node_rest_key(struct node *n, struct http_request *r, struct nem_address *out);

/*
 * The peer's envelope around an entity with these bytes: signed by the identity it names over their
 * Keccak-256 (nem.md 5.4.3).
 */
bool node_rest_envelope(const json_t *body, struct bytes verifiable, struct key32 *identity);

/* ---- objects ---- */

json_t *node_rest_pair(const struct nis_entry *e);
json_t *node_rest_pooled(const struct nis_pooled *e, bool with_meta);
/* AccountMetaDataPair. */
json_t *node_rest_account(struct node *n, const struct nem_address *address);
json_t *node_rest_node(const struct node_port *p);
json_t *node_rest_mosaic(const struct nem_mosaic *m);
json_t *node_rest_namespace(const struct nis_namespace *n);

/*
 * The newest by timestamp of this port's pool that concern the address: their places in the pool,
 * at most max of them, newest first.  How many.
 */
size_t node_rest_recent(const struct node_port *p, const struct nem_address *address, size_t *best,
			size_t max);

#endif
