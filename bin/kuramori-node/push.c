/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push.c - what is said on the WebSocket port, and what a client may ask for there
 * (N:websocket/MessagingService.java, WebsocketInitController.java; nem.md 5.6).
 *
 * As in NIS everything is said to everybody who subscribed to its topic, also what one client asked
 * for, and addresses are registered with the node, not with a client.
 */
#include "push.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_json.h"
#include "nis/nis_hearers.h"
#include "nis/sockjs.h"
#include "rest.h"

enum {
	TOPIC_BYTES = 96,
	RECENT_MAX = 25,
	UNCONFIRMED_MAX = 10, /* nem.md 5.6 */
	OWNED_MAX = 1024,
	NAMESPACES_MAX = 1000, /* N:service/MosaicInfoFactory.java */
	ADDRESSES_FIRST = 64,
};

/* ---- saying ---- */

static bool wanted(const struct push *p, const char *topic)
{
	for (const struct push_client *c = p->clients; c != NULL; c = c->next) {
		if (subscriber_wants(c->subscriber, bytes_str(topic))) {
			return true;
		}
	}
	return false;
}

static void say_bytes(struct push *p, struct bytes topic, struct bytes body)
{
	for (struct push_client *c = p->clients; c != NULL; c = c->next) {
		subscriber_publish(c->subscriber, topic, body);
	}
}

/* Takes j.  The text ends as all JSON of NIS does. */
static void say(struct push *p, const char *topic, json_t *j)
{
	char *text = j == NULL ? NULL : json_dumps(j, JSON_COMPACT);
	size_t n = text == NULL ? 0 : strlen(text);
	char *line = malloc(n + 2);

	CHECK(text != NULL && line != NULL);
	memcpy(line, text, n);
	line[n] = '\r';
	line[n + 1] = '\n';
	say_bytes(p, bytes_str(topic), bytes_of(line, n + 2));
	free(line);
	free(text);
	json_decref(j);
}

static const char *topic_of(char out[TOPIC_BYTES], const char *prefix, const struct nem_address *a)
{
	int n = snprintf(out, TOPIC_BYTES, "/%s/%s", prefix, a->text);

	CHECK(n > 0 && n < TOPIC_BYTES);
	return out;
}

/* ---- registered addresses ---- */

/* Where it stands, or would. */
static size_t registered_at(const struct push *p, const struct nem_address *a, bool *there)
{
	size_t low = 0, high = p->registered_n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (nem_address_cmp(&p->registered[middle], a) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	*there = low < p->registered_n && nem_address_eq(&p->registered[low], a);
	return low;
}

static bool is_registered(const struct push *p, const struct nem_address *a)
{
	bool there;

	(void)registered_at(p, a, &there);
	return there;
}

/* False: there are as many as the configuration allows. */
static bool push_register(struct push *p, const struct nem_address *a)
{
	uint32_t max = p->node->config.websocket_addresses;
	bool there;
	size_t at = registered_at(p, a, &there);

	if (there) {
		return true;
	}
	if (p->registered_n == max) {
		return false;
	}
	if (p->registered == NULL) {
		p->registered = calloc(max, sizeof *p->registered);
		CHECK(p->registered != NULL);
	}
	memmove(p->registered + at + 1, p->registered + at,
		(p->registered_n - at) * sizeof *p->registered);
	p->registered[at] = *a;
	p->registered_n++;
	return true;
}

/* ---- what there is to say of an account ---- */

static void say_account(struct push *p, const struct nem_address *a)
{
	char topic[TOPIC_BYTES];

	if (wanted(p, topic_of(topic, "account", a))) {
		say(p, topic, node_rest_account(p->node, a));
	}
}

static void say_owned(struct push *p, const struct nem_address *a)
{
	static struct nem_mosaic owned[OWNED_MAX];
	char topic[TOPIC_BYTES];
	size_t n;

	if (!wanted(p, topic_of(topic, "account/mosaic/owned", a))) {
		return;
	}
	n = nis_owned(p->node->nis, a, owned, OWNED_MAX);
	for (size_t i = 0; i < n; i++) {
		say(p, topic, node_rest_mosaic(&owned[i]));
	}
}

static void say_definitions(struct push *p, const struct nem_address *a)
{
	static struct nem_mosaic owned[OWNED_MAX];
	char topic[TOPIC_BYTES];
	size_t n;

	if (!wanted(p, topic_of(topic, "account/mosaic/owned/definition", a))) {
		return;
	}
	n = nis_owned(p->node->nis, a, owned, OWNED_MAX);
	for (size_t i = 0; i < n; i++) {
		struct nis_mosaic_info m;

		CHECK(nis_mosaic(p->node->nis, &owned[i].id, &m));
		say(p, topic,
		    json_pack("{s:o,s:I}", "mosaicDefinition", nem_json_definition(m.definition),
			      "supply", (json_int_t)m.supply));
	}
}

static void say_namespaces(struct push *p, const struct nem_address *a)
{
	static struct nis_namespace owned[NAMESPACES_MAX];
	char topic[TOPIC_BYTES];
	size_t n;

	if (!wanted(p, topic_of(topic, "account/namespace/owned", a))) {
		return;
	}
	n = nis_namespaces_of(p->node->nis, a, NULL, 0, owned, NAMESPACES_MAX);
	for (size_t i = 0; i < n; i++) {
		say(p, topic, node_rest_namespace(&owned[i]));
	}
}

static void say_recent(struct push *p, const struct nem_address *a)
{
	struct nis_entry entry[RECENT_MAX];
	char topic[TOPIC_BYTES];
	json_t *list;
	size_t n;

	if (!wanted(p, topic_of(topic, "recenttransactions", a))) {
		return;
	}
	n = nis_transfers(p->node->nis, a, NIS_ALL, 0, entry, RECENT_MAX);
	list = json_array();
	CHECK(list != NULL);
	for (size_t i = 0; i < n; i++) {
		node_rest_append(list, node_rest_pair(&entry[i]));
	}
	say(p, topic, json_pack("{s:o}", "data", list));
}

/* ---- transactions ---- */

/* Each address once, as far as somebody listens to one of its topics. */
struct changed {
	struct nem_address *a;
	size_t n, cap;
};

static void changed_add(struct changed *set, const struct nem_address *a)
{
	for (size_t i = 0; i < set->n; i++) {
		if (nem_address_eq(&set->a[i], a)) {
			return;
		}
	}
	if (set->n == set->cap) {
		set->cap = set->cap == 0 ? ADDRESSES_FIRST : 2 * set->cap;
		set->a = realloc(set->a, set->cap * sizeof *set->a);
		CHECK(set->a != NULL);
	}
	set->a[set->n++] = *a;
}

/* To the topics of those whom NIS tells of it, if they are registered; the id of a pushed
 * transaction is always 0. */
static void say_pair(struct push *p, const char *prefix, uint64_t height, const struct nem_tx *tx,
		     const struct nis_hearers *hearers)
{
	for (size_t i = 0; i < hearers->told_n; i++) {
		char topic[TOPIC_BYTES];

		if (is_registered(p, &hearers->told[i]) &&
		    wanted(p, topic_of(topic, prefix, &hearers->told[i]))) {
			say(p, topic, nem_json_pair(tx, 0, height));
		}
	}
}

static void say_unconfirmed(struct push *p, const struct nem_tx *tx)
{
	struct nis_hearers hearers;

	if (wanted(p, "/unconfirmed")) {
		say(p, "/unconfirmed", nem_json_tx(tx, NEM_SIGNED));
	}
	nis_hearers(p->node->nis, tx, &hearers);
	say_pair(p, "unconfirmed", NEM_JSON_UNCONFIRMED_HEIGHT, tx, &hearers);
}

/* The newest of the public pool that concern the address, to all who listen. */
static void say_pool(struct push *p, const struct nem_address *a)
{
	size_t best[UNCONFIRMED_MAX];
	size_t n = node_rest_recent(&p->node->port[NODE_PUBLIC], a, best, UNCONFIRMED_MAX);

	for (size_t i = 0; i < n; i++) {
		struct nis_pooled e = nis_pool_at(p->node->nis, NODE_PUBLIC, best[i]);
		struct nem_tx tx;

		CHECK(nem_tx_decode(&tx, NODE_NETWORK, e.verifiable, NEM_SIGNED) == ERR_OK);
		say_unconfirmed(p, &tx);
	}
}

/* ---- blocks ---- */

static void say_block_transaction(struct push *p, uint64_t height, const struct nem_tx *tx,
				  struct changed *accounts, struct changed *mosaics,
				  struct changed *namespaces)
{
	struct nis_hearers hearers;

	nis_hearers(p->node->nis, tx, &hearers);
	say_pair(p, "transactions", height, tx, &hearers);
	for (size_t i = 0; i < hearers.told_n; i++) {
		if (is_registered(p, &hearers.told[i])) {
			changed_add(accounts, &hearers.told[i]);
		}
	}
	for (size_t i = 0; i < hearers.mosaics_n; i++) {
		changed_add(mosaics, &hearers.mosaics[i]);
	}
	for (size_t i = 0; i < hearers.namespaces_n; i++) {
		changed_add(namespaces, &hearers.namespaces[i]);
	}
}

static void for_each(struct push *p, const struct changed *set,
		     void (*what)(struct push *p, const struct nem_address *a))
{
	for (size_t i = 0; i < set->n; i++) {
		what(p, &set->a[i]);
	}
}

/* The block, its transactions, and then who changed: the harvester always did. */
static void say_block(struct push *p, uint64_t height)
{
	struct changed accounts = { 0 }, mosaics = { 0 }, namespaces = { 0 };
	struct nem_block_walk walk;
	struct nem_address harvester;
	struct nem_block block;
	struct nis_block b;
	struct nem_tx tx;

	CHECK(nis_block_at(p->node->nis, height, &b));
	CHECK(nem_block_decode(&block, NODE_NETWORK, b.verifiable) == ERR_OK);
	if (wanted(p, "/blocks")) {
		say(p, "/blocks", nem_json_block(&block));
	}
	walk = nem_block_walk_make(&block);
	while (nem_block_walk_decode(&walk, &tx)) {
		say_block_transaction(p, height, &tx, &accounts, &mosaics, &namespaces);
	}
	nem_address_from_key(&harvester, &b.harvester, NODE_NETWORK);
	changed_add(&accounts, &harvester);
	for_each(p, &accounts, say_account);
	for_each(p, &namespaces, say_namespaces);
	for_each(p, &mosaics, say_definitions);
	for_each(p, &mosaics, say_owned);
	free(accounts.a);
	free(mosaics.a);
	free(namespaces.a);
}

/* ---- what the node reports ---- */

/* Nobody listens: nothing is decoded or built. */
static bool silent(const struct node *n)
{
	return n->push == NULL || n->push->clients == NULL;
}

void node_push_blocks(struct node *n, uint64_t first)
{
	struct push *p = n->push;

	if (silent(n)) {
		return;
	}
	say(p, "/blocks/new", json_pack("{s:I}", "height", (json_int_t)first));
	for (uint64_t h = first; h <= nis_height(n->nis); h++) {
		say_block(p, h);
	}
	push_settle(p);
}

void node_push_taken(struct node_port *port, struct bytes form, const struct sig64 *signature)
{
	struct push *p = port->node->push;
	struct nem_tx tx;

	if (port->pool != NODE_PUBLIC || silent(port->node)) {
		return;
	}
	CHECK(nem_tx_decode(&tx, NODE_NETWORK, form,
			    signature != NULL ? NEM_SIGNING : NEM_SIGNED) == ERR_OK);
	if (signature != NULL) {
		tx.signature = *signature;
	}
	say_unconfirmed(p, &tx);
	push_settle(p);
}

static int compare_hashes(const void *a, const void *b)
{
	return hash32_cmp(a, b);
}

struct hash32 *node_push_remember(struct node *n, size_t *count)
{
	struct hash32 *hash;

	*count = silent(n) ? 0 : nis_pool_count(n->nis, NODE_PUBLIC);
	hash = calloc(*count + 1, sizeof *hash);
	CHECK(hash != NULL);
	for (size_t i = 0; i < *count; i++) {
		hash[i] = nis_pool_at(n->nis, NODE_PUBLIC, i).hash;
	}
	qsort(hash, *count, sizeof *hash, compare_hashes);
	return hash;
}

void node_push_returned(struct node *n, struct hash32 *hash, size_t count)
{
	size_t now = silent(n) ? 0 : nis_pool_count(n->nis, NODE_PUBLIC);

	for (size_t i = 0; i < now; i++) {
		struct nis_pooled e = nis_pool_at(n->nis, NODE_PUBLIC, i);
		struct nem_tx tx;

		if (bsearch(&e.hash, hash, count, sizeof *hash, compare_hashes) == NULL) {
			CHECK(nem_tx_decode(&tx, NODE_NETWORK, e.verifiable, NEM_SIGNED) == ERR_OK);
			say_unconfirmed(n->push, &tx);
		}
	}
	free(hash);
	if (!silent(n)) {
		push_settle(n->push);
	}
}

/* ---- what a client asks for ---- */

static void say_error(struct push *p, const char *message)
{
	say(p, "/errors",
	    json_pack("{s:I,s:s,s:s,s:i}", "timeStamp", (json_int_t)node_now_s(p->node), "error",
		      "Bad Request", "message", message, "status", 400));
}

/* {'account':'T...'}.  False: said to /errors. */
static bool account_of(struct push *p, struct bytes body, struct nem_address *out)
{
	struct bytes text = { 0 };
	enum err e = sockjs_loose_string(body, "account", &text);

	if (e == ERR_INPUT) {
		say_error(p, "unexpected data");
	} else if (e != ERR_OK) {
		say_error(p, "expected value for property account");
	} else if (!node_rest_address_text(text, out)) {
		say_error(p, "address must be valid");
	} else {
		return true;
	}
	return false;
}

static void block_last(struct push *p, const struct nem_address *a)
{
	(void)a;
	say_block(p, nis_height(p->node->nis));
}

static void node_info(struct push *p, const struct nem_address *a)
{
	(void)a;
	say(p, "/node/info", node_rest_node(&p->node->port[NODE_PUBLIC]));
}

static void account_subscribe(struct push *p, const struct nem_address *a)
{
	if (!push_register(p, a)) {
		say_error(p, "too many addresses are observed");
	}
}

static void account_get(struct push *p, const struct nem_address *a)
{
	account_subscribe(p, a);
	say_account(p, a);
}

static void transfers_all(struct push *p, const struct nem_address *a)
{
	say_recent(p, a);
	say_pool(p, a);
}

static void on_command(struct push *p, struct bytes destination, struct bytes body)
{
	static const struct {
		const char *destination;
		bool account; /* the body names one */
		void (*on)(struct push *p, const struct nem_address *a);
	} rows[] = {
		{ "/w/api/block/last", false, block_last },
		{ "/w/api/node/info", false, node_info },
		{ "/w/api/account/get", true, account_get },
		{ "/w/api/account/subscribe", true, account_subscribe },
		{ "/w/api/account/transfers/all", true, transfers_all },
		{ "/w/api/account/transfers/unconfirmed", true, say_pool },
		{ "/w/api/account/mosaic/owned", true, say_owned },
		{ "/w/api/account/mosaic/owned/definition", true, say_definitions },
		{ "/w/api/account/namespace/owned", true, say_namespaces },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct nem_address a = { 0 };

		if (bytes_eq(destination, bytes_str(rows[i].destination)) &&
		    (!rows[i].account || account_of(p, body, &a))) {
			rows[i].on(p, &a);
		}
	}
}

static bool begins(struct bytes b, const char *prefix)
{
	size_t n = strlen(prefix);

	return b.n >= n && bytes_eq(bytes_of(b.p, n), bytes_str(prefix));
}

/*
 * What is sent to a topic goes to all who subscribed to it, whoever sent it: the broker of NIS has
 * no guard before it (SP:NisWebAppWebsocketInitializer.java).  So a message is nobody's word.
 */
void push_on_send(void *push, struct bytes destination, struct bytes body)
{
	static const char *const topics[] = { "/blocks",  "/unconfirmed",  "/errors",
					      "/account", "/transactions", "/recenttransactions",
					      "/node" };
	struct push *p = push;

	if (begins(destination, "/w/api/")) {
		node_expire(p->node);
		on_command(p, destination, body);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(topics); i++) {
		if (begins(destination, topics[i])) {
			say_bytes(p, destination, body);
			return;
		}
	}
}
