/* SPDX-License-Identifier: Apache-2.0 */
/* The two ports, and the faults that a test asks them for (docs/node.md, "Hooks"). */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "rest.h"

static void held_free(struct node_held *h)
{
	struct node_held **at = &h->port->held;

	while (*at != h) {
		at = &(*at)->next;
	}
	*at = h->next;
	loop_timer_off(&h->port->node->loop, &h->timer);
	free(h);
}

static void held_done(void *ctx)
{
	struct node_held *h = ctx;
	struct node_port *p = h->port;
	struct http_request *r = h->request;

	held_free(h);
	http_set_user(r, NULL);
	node_rest_dispatch(p, r);
}

static void hold(struct node_port *p, struct http_request *r, bool for_ever)
{
	struct node_held *h = calloc(1, sizeof *h);

	CHECK(h != NULL);
	h->port = p;
	h->request = r;
	h->timer.on = held_done;
	h->timer.ctx = h;
	h->next = p->held;
	p->held = h;
	http_set_user(r, h);
	if (!for_ever) {
		loop_timer_set(&p->node->loop, &h->timer, p->fault_ms, 0);
	}
}

void node_rest_release(struct node_port *p)
{
	while (p->held != NULL) {
		held_done(p->held);
	}
}

void node_rest_gone(void *port, struct http_request *r)
{
	struct node_held *h = http_user(r);

	(void)port;
	if (h != NULL) {
		http_set_user(r, NULL);
		held_free(h);
	}
}

void node_rest_request(void *port, struct http_request *r)
{
	static const char garbage[] = "<html>{\"height\":";
	struct node_port *p = port;

	if (p->pool == NODE_PUBLIC && p->node->config.development &&
	    strncmp(http_path(r), "/dev/", 5) == 0) {
		/* Faults never hit the hooks: they end the faults. */
		if (!node_dev_request(p->node, r)) {
			node_rest_error(p->node, r, 404, "there is no such hook");
		}
		return;
	}
	switch (p->fault) {
	case NODE_FAULT_NONE:
	case NODE_FAULT_REFUSE:
		break;
	case NODE_FAULT_DELAY:
		hold(p, r, false);
		return;
	case NODE_FAULT_SILENT:
		hold(p, r, true);
		return;
	case NODE_FAULT_503:
		node_rest_error(p->node, r, 503, "NIS_ILLEGAL_STATE_NOT_BOOTED");
		return;
	case NODE_FAULT_GARBAGE:
		http_reply(r, 200, "application/json", bytes_str(garbage), node_rest_cors);
		return;
	}
	node_rest_dispatch(p, r);
}

bool node_rest_open(struct node_port *p, uint16_t number, enum err *e)
{
	struct http_server_plan plan = { .port = number,
					 .body_max = NODE_BODY_MAX,
					 .on_request = node_rest_request,
					 .on_gone = node_rest_gone,
					 .ctx = p };

	*e = http_server_open(&p->server, &p->node->loop, &plan);
	if (*e != ERR_OK) {
		p->server = NULL;
		return false;
	}
	p->number = http_server_port(p->server);
	return true;
}
