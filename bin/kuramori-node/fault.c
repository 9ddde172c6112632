/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault.c - the two ports, and the faults that a test asks them for (docs/node.md, "Faults").
 *
 * A fault belongs to a path of a port, or to all of it.  Faults never hit the hooks under /dev/:
 * those end the faults.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "rest.h"

/* ---- what a test asks for ---- */

static const struct {
	const char *name;
	enum node_fault_kind kind;
} KINDS[] = {
	{ "none", NODE_FAULT_NONE },
	{ "delay", NODE_FAULT_DELAY },
	{ "unavailable", NODE_FAULT_UNAVAILABLE },
	{ "garbage", NODE_FAULT_GARBAGE },
	{ "silent", NODE_FAULT_SILENT },
	{ "drop", NODE_FAULT_DROP },
	{ "cut", NODE_FAULT_CUT },
	{ "truncated", NODE_FAULT_TRUNCATED },
	{ "drip", NODE_FAULT_DRIP },
	{ "lie", NODE_FAULT_LIE },
	{ "refuse", NODE_FAULT_REFUSE },
};

static const struct {
	const char *name;
	enum node_lie lie;
} LIES[] = {
	{ "height", NODE_LIE_HEIGHT },     { "balance", NODE_LIE_BALANCE },
	{ "hash", NODE_LIE_HASH },         { "empty", NODE_LIE_EMPTY },
	{ "accepted", NODE_LIE_ACCEPTED }, { "refused", NODE_LIE_REFUSED },
};

static bool read_kind(const json_t *j, struct node_fault *f)
{
	const char *text = json_string_value(json_object_get(j, "kind"));

	for (size_t i = 0; text != NULL && i < ARRAY_LEN(KINDS); i++) {
		if (strcmp(text, KINDS[i].name) == 0) {
			f->kind = KINDS[i].kind;
			return true;
		}
	}
	return false;
}

/* A lie says what about, and only a lie does. */
static bool read_lie(const json_t *j, struct node_fault *f)
{
	const json_t *about = json_object_get(j, "lie");
	const char *text = json_string_value(about);

	if (f->kind != NODE_FAULT_LIE) {
		return about == NULL;
	}
	for (size_t i = 0; text != NULL && i < ARRAY_LEN(LIES); i++) {
		if (strcmp(text, LIES[i].name) == 0) {
			f->lie = LIES[i].lie;
			return true;
		}
	}
	return false;
}

static bool read_whole(const json_t *j, const char *key, json_int_t min, json_int_t max,
		       json_int_t fallback, json_int_t *out)
{
	const json_t *v = json_object_get(j, key);

	*out = v == NULL ? fallback : json_integer_value(v);
	return v == NULL || (json_is_integer(v) && *out >= min && *out <= max);
}

static bool read_path(const json_t *j, struct node_fault *f)
{
	const json_t *v = json_object_get(j, "path");
	const char *text = json_string_value(v);

	if (v == NULL) {
		return true;
	}
	if (text == NULL || text[0] != '/' || strncmp(text, "/dev/", 5) == 0 ||
	    strlen(text) > NODE_FAULT_PATH_MAX) {
		return false;
	}
	memcpy(f->path, text, strlen(text) + 1);
	return true;
}

static const char *read_fault(const json_t *j, struct node_fault *f)
{
	json_int_t ms, times, by;

	if (!read_kind(j, f)) {
		return "kind none, delay, unavailable, garbage, silent, drop, cut, truncated, "
		       "drip, lie or refuse";
	}
	if (!read_lie(j, f)) {
		return "lie height, balance, hash, empty, accepted or refused, with kind lie alone";
	}
	if (!read_path(j, f)) {
		return "path: of this port, from / on, at most 63 characters, none under /dev/";
	}
	if (!read_whole(j, "delay_ms", 1, NODE_FAULT_MS_MAX, 1000, &ms) ||
	    !read_whole(j, "times", 0, NODE_FAULT_TIMES_MAX, 0, &times) ||
	    !read_whole(j, "by", -NODE_LIE_BY_MAX, NODE_LIE_BY_MAX, 1, &by)) {
		return "delay_ms 1 to 600000; times 0 (until it is changed) to 1000000; by up to "
		       "10^16 either way";
	}
	f->ms = (uint32_t)ms;
	f->times = (uint32_t)times;
	f->by = by;
	return NULL;
}

/* ---- a port's list ---- */

static struct node_fault *find(struct node_port *p, const char *path)
{
	for (size_t i = 0; i < p->faults_n; i++) {
		if (strcmp(p->faults[i].path, path) == 0) {
			return &p->faults[i];
		}
	}
	return NULL;
}

static void forget(struct node_port *p, struct node_fault *f)
{
	*f = p->faults[--p->faults_n];
}

/* The fault that this request meets; counts it. */
static struct node_fault meet(struct node_port *p, const char *path)
{
	struct node_fault *f = find(p, path), met;

	if (f == NULL) {
		f = find(p, "");
	}
	if (f == NULL) {
		return (struct node_fault){ .kind = NODE_FAULT_NONE };
	}
	met = *f;
	if (f->times > 0 && --f->times == 0) {
		forget(p, f);
	}
	return met;
}

/* ---- requests ---- */

static void held_free(struct node_faulty *h)
{
	struct node_faulty **at = &h->port->held;

	while (*at != h) {
		at = &(*at)->next;
	}
	*at = h->next;
	loop_timer_off(&h->port->node->loop, &h->timer);
	free(h);
}

static void held_done(void *ctx)
{
	struct node_faulty *h = ctx;
	struct node_port *p = h->port;
	struct http_request *r = h->request;

	held_free(h);
	http_set_user(r, NULL);
	node_rest_dispatch(p, r);
}

static void hold(struct node_port *p, struct http_request *r, const struct node_fault *f)
{
	struct node_faulty *h = calloc(1, sizeof *h);

	CHECK(h != NULL);
	h->fault = *f;
	h->port = p;
	h->request = r;
	h->timer.on = held_done;
	h->timer.ctx = h;
	h->next = p->held;
	p->held = h;
	http_set_user(r, h);
	if (f->kind == NODE_FAULT_DELAY) {
		loop_timer_set(&p->node->loop, &h->timer, f->ms, 0);
	}
}

/* What a fault of this path, or of every path, held back. */
static void release(struct node_port *p, const char *path)
{
	struct node_faulty *next;

	for (struct node_faulty *h = p->held; h != NULL; h = next) {
		next = h->next;
		if (path[0] == '\0' || strcmp(h->fault.path, path) == 0) {
			held_done(h);
		}
	}
}

/* The client of a request that is held back went away. */
static void on_gone(void *port, struct http_request *r)
{
	struct node_faulty *h = http_user(r);

	(void)port;
	if (h != NULL) {
		http_set_user(r, NULL);
		held_free(h);
	}
}

/* Handlers answer before they return, so the fault can live here. */
static void dispatch_with(struct node_port *p, struct http_request *r, const struct node_fault *f)
{
	struct node_faulty faulty = { .fault = *f, .port = p, .request = r };

	http_set_user(r, &faulty);
	node_rest_dispatch(p, r);
}

static void on_request(void *port, struct http_request *r)
{
	static const char garbage[] = "<html>{\"height\":";
	struct node_port *p = port;
	struct node_fault f;

	if (p->pool == NODE_PUBLIC && p->node->config.development &&
	    strncmp(http_path(r), "/dev/", 5) == 0) {
		if (!node_dev_request(p->node, r)) {
			node_rest_error(p->node, r, 404, "there is no such hook");
		}
		return;
	}
	f = meet(p, http_path(r));
	switch (f.kind) {
	case NODE_FAULT_NONE:
	case NODE_FAULT_REFUSE:
		node_rest_dispatch(p, r);
		return;
	case NODE_FAULT_DELAY:
	case NODE_FAULT_SILENT:
		hold(p, r, &f);
		return;
	case NODE_FAULT_UNAVAILABLE:
		node_rest_error(p->node, r, 503, "NIS_ILLEGAL_STATE_NOT_BOOTED");
		return;
	case NODE_FAULT_GARBAGE:
		http_reply(r, 200, "application/json", bytes_str(garbage), node_rest_cors);
		return;
	case NODE_FAULT_DROP:
		http_drop(r);
		return;
	case NODE_FAULT_CUT:
	case NODE_FAULT_TRUNCATED:
	case NODE_FAULT_DRIP:
	case NODE_FAULT_LIE:
		dispatch_with(p, r, &f);
		return;
	}
}

bool node_rest_open(struct node_port *p, uint16_t number, enum err *e)
{
	struct http_server_plan plan = { .port = number,
					 .body_max = NODE_BODY_MAX,
					 .on_request = on_request,
					 .on_gone = on_gone,
					 .ctx = p };

	*e = http_server_open(&p->server, &p->node->loop, &plan);
	if (*e != ERR_OK) {
		p->server = NULL;
		return false;
	}
	p->number = http_server_port(p->server);
	return true;
}

/* A closed port and an open one, as the fault wants it. */
static bool set_open(struct node_port *p, bool open)
{
	enum err e = ERR_OK;

	if (!open && p->server != NULL) {
		http_server_stop(p->server);
		http_server_close(p->server);
		p->server = NULL;
	}
	return !open || p->server != NULL || node_rest_open(p, p->number, &e);
}

bool node_fault_set(struct node *n, const json_t *j, const char **wrong)
{
	const char *port = json_string_value(json_object_get(j, "port"));
	struct node_fault f = { .kind = NODE_FAULT_NONE }, *old;
	struct node_port *p;

	if (port == NULL || (strcmp(port, "public") != 0 && strcmp(port, "clean") != 0)) {
		*wrong = "port public or clean";
		return false;
	}
	p = &n->port[strcmp(port, "clean") == 0 ? NODE_CLEAN : NODE_PUBLIC];
	*wrong = read_fault(j, &f);
	if (*wrong != NULL) {
		return false;
	}
	if (f.kind == NODE_FAULT_REFUSE &&
	    (p->pool != NODE_CLEAN || f.path[0] != '\0' || f.times != 0)) {
		*wrong = "only the whole clean port can refuse, until it is changed";
		return false;
	}
	old = find(p, f.path);
	if (old == NULL && f.kind != NODE_FAULT_NONE && p->faults_n == NODE_FAULTS_MAX) {
		*wrong = "a port has at most 16 faults";
		return false;
	}
	if (f.path[0] == '\0' && !set_open(p, f.kind != NODE_FAULT_REFUSE)) {
		*wrong = "the clean port cannot be opened again: somebody has taken it";
		return false;
	}
	if (f.kind == NODE_FAULT_NONE && f.path[0] == '\0') {
		p->faults_n = 0;
	} else if (f.kind == NODE_FAULT_NONE && old != NULL) {
		forget(p, old);
	} else if (f.kind != NODE_FAULT_NONE && old != NULL) {
		*old = f;
	} else if (f.kind != NODE_FAULT_NONE) {
		p->faults[p->faults_n++] = f;
	}
	release(p, f.path);
	return true;
}

/* ---- answers ---- */

static const struct node_fault *fault_of(const struct http_request *r)
{
	const struct node_faulty *f = http_user(r);

	return f == NULL ? NULL : &f->fault;
}

enum node_lie node_fault_lie(const struct http_request *r)
{
	const struct node_fault *f = fault_of(r);

	return f == NULL ? NODE_LIE_NONE : f->lie;
}

/* A number that was not negative stays so: a liar of use is one that is not caught by its form. */
static void move(json_t *v, int64_t by)
{
	json_int_t told;

	if (!json_is_integer(v) || __builtin_add_overflow(json_integer_value(v), by, &told)) {
		return;
	}
	CHECK(json_integer_set(v, told < 0 ? 0 : told) == 0);
}

/* 64 hexadecimal digits become another hash. */
static void change_hash(json_t *v)
{
	const char *text = json_string_value(v);
	char other[65];

	if (text == NULL || strlen(text) != 64 || strspn(text, "0123456789abcdef") != 64) {
		return;
	}
	memcpy(other, text, sizeof other);
	other[0] = other[0] == 'f' ? '0' : 'f';
	CHECK(json_string_set(v, other) == 0);
}

/* Depth is what our own handlers made. */
static void tell(json_t *j, const struct node_fault *f) // NOLINT(misc-no-recursion)
{
	const char *key;
	json_t *v;
	size_t i;

	if (json_is_array(j)) {
		if (f->lie == NODE_LIE_EMPTY) {
			CHECK(json_array_clear(j) == 0);
		}
		json_array_foreach(j, i, v)
		{
			tell(v, f);
		}
		return;
	}
	json_object_foreach(j, key, v)
	{
		if ((f->lie == NODE_LIE_HEIGHT && strcmp(key, "height") == 0) ||
		    (f->lie == NODE_LIE_BALANCE &&
		     (strcmp(key, "balance") == 0 || strcmp(key, "vestedBalance") == 0))) {
			move(v, f->by);
		} else if (f->lie == NODE_LIE_HASH &&
			   (strcmp(key, "data") == 0 || strcmp(key, "hash") == 0)) {
			change_hash(v);
		}
		tell(v, f);
	}
}

void node_fault_reply(struct http_request *r, unsigned status, json_t *j)
{
	const struct node_fault *f = fault_of(r);
	struct http_breakage how = { .cut = SIZE_MAX };
	char *text;
	size_t n;

	CHECK(j != NULL && f != NULL);
	tell(j, f);
	text = json_dumps(j, JSON_COMPACT);
	CHECK(text != NULL);
	n = strlen(text);
	if (f->kind == NODE_FAULT_TRUNCATED) {
		n /= 2;
	} else if (f->kind == NODE_FAULT_CUT) {
		how.cut = n / 2;
	} else if (f->kind == NODE_FAULT_DRIP) {
		how.drip_ms = f->ms;
	}
	http_reply_broken(r, status, "application/json", bytes_of(text, n), node_rest_cors, &how);
	free(text);
	json_decref(j);
}
