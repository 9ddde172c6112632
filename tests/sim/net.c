/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net.c - connections between the parties: frames as bytes, through the real frame reader and the
 * real gate; HELLO first; late, cut off, and made anew.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

enum { TO_SERVER = 0, TO_CLIENT = 1, EXCUSE_MS = 2000, SLOW_MS = 250, FAR_MS = 200 };

static struct gate_table signer_table, watcher_table;

static void link_add(struct sim *s, uint32_t client, uint32_t server, uint16_t server_role,
		     uint16_t client_role, uint32_t channel)
{
	CHECK(s->links_n < ARRAY_LEN(s->links));
	s->links[s->links_n++] = (struct link){ .client = client,
						.server = server,
						.server_role = server_role,
						.client_role = client_role,
						.channel = channel };
}

void net_init(struct sim *s)
{
	if (signer_table.n == 0) {
		msgs_signer_table(&signer_table);
		msgs_watcher_table(&watcher_table);
	}
	for (uint32_t i = 0; i < HOSTS - 1; i++) {
		link_add(s, HOST_PAYOUT, HOST_A + i, ROLE_SERVER, 0, PAYOUT_CHANNEL_A + i);
	}
	for (uint32_t i = 0; i < WATCHERS; i++) {
		uint32_t channel = 1;

		link_add(s, HOST_W1 + i, HOST_A, GUARD_ROLE_WATCHER(i), WATCH_ROLE_SIGNER_A,
			 channel++);
		link_add(s, HOST_W1 + i, HOST_B, GUARD_ROLE_WATCHER(i), WATCH_ROLE_SIGNER_B,
			 channel++);
		for (uint32_t k = 0; k < WATCHERS; k++) {
			if (k != i) {
				link_add(s, HOST_W1 + i, HOST_W1 + k, ROLE_PEER, WATCH_ROLE_PEER,
					 channel++);
			}
		}
	}
}

static uint64_t delay_ms(struct sim *s)
{
	if (s->swarm.slow && !s->healing && fate_permille(&s->fate, 60)) {
		return fate_permille(&s->fate, 800) ? fate_range(&s->fate, 10, SLOW_MS)
						    : fate_range(&s->fate, SLOW_MS, 2500);
	}
	return fate_range(&s->fate, 1, 6);
}

/* A watcher waits a second for a signer that is silent, 150 ms for one that is gone (watch.h). */
static void excuse(struct sim *s, const struct conn *c, uint64_t until)
{
	uint64_t *e;

	if (c->client < HOST_W1 || c->client >= HOSTS ||
	    (c->server != HOST_A && c->server != HOST_B)) {
		return;
	}
	e = &s->excuse[c->client - HOST_W1];
	*e = until > *e ? until : *e;
}

bool net_hears(const struct sim *s, uint32_t watcher)
{
	unsigned open = 0;

	for (size_t i = 0; i < s->links_n; i++) {
		const struct link *l = &s->links[i];

		open += l->client == HOST_W1 + watcher && l->server < HOST_W1 && l->conn != 0 &&
			s->conns[l->conn - 1].client_open && !s->conns[l->conn - 1].broken;
	}
	return open == DOC_SIGNERS && s->now > s->excuse[watcher];
}

static bool client_alive(const struct sim *s, const struct conn *c)
{
	return c->client >= HOSTS ||
	       (s->host[c->client].up && s->host[c->client].generation == c->client_generation);
}

static bool server_alive(const struct sim *s, const struct conn *c)
{
	return s->host[c->server].up && s->host[c->server].generation == c->server_generation;
}

/* Puts one whole frame on the way. */
static void put(struct sim *s, uint32_t index, unsigned direction, uint16_t number, uint64_t id,
		struct bytes body)
{
	static uint8_t buffer[FRAME_BYTES_MAX];
	struct conn *c = &s->conns[index];
	struct item item = { .what = HAPPEN_FRAME, .a = index, .b = direction };
	struct bytes frame;
	uint64_t at = s->now + delay_ms(s);

	if (s->swarm.far != 0 && !s->healing && c->client == s->swarm.far) {
		at += fate_range(&s->fate, 60, FAR_MS);
	}

	CHECK(frame_raw(buffer, sizeof buffer, number, id, body, &frame) == ERR_OK);
	if (at < c->last[direction]) {
		at = c->last[direction];
	}
	if (at > s->now + SLOW_MS + FAR_MS) {
		excuse(s, c, at + EXCUSE_MS);
	}
	c->last[direction] = at;
	queue_add(s, at - s->now, item, frame);
}

static uint32_t conn_make(struct sim *s, uint32_t client, uint32_t server, uint16_t server_role)
{
	struct conn *c;

	CHECK(s->conns_n < CONNS_MAX);
	c = &s->conns[s->conns_n];
	*c = (struct conn){ .client = client,
			    .server = server,
			    .server_role = server_role,
			    .server_generation = s->host[server].generation,
			    .client_generation = client < HOSTS ? s->host[client].generation : 0,
			    .table = server < HOST_W1 ? &signer_table : &watcher_table,
			    .server_channel = s->host[server].next_channel++ };
	return (uint32_t)s->conns_n++;
}

static void say_hello(struct sim *s, uint32_t index)
{
	struct conn *c = &s->conns[index];
	uint8_t hello[GATE_HELLO_BYTES];

	gate_hello_put(c->table, hello);
	put(s, index, TO_SERVER, gate_hello_number(c->table), 0, bytes_of(hello, sizeof hello));
}

void net_dial(struct sim *s, uint32_t link)
{
	struct link *l = &s->links[link];
	struct item again = { .what = HAPPEN_DIAL, .a = link };
	struct conn *c;
	uint32_t index;

	if (!s->host[l->client].up || l->conn != 0) {
		return;
	}
	if (!s->host[l->server].up || s->conns_n + 64 >= CONNS_MAX) {
		queue_add(s, fate_range(&s->fate, 100, 600), again, bytes_of(NULL, 0));
		return;
	}
	index = conn_make(s, l->client, l->server, l->server_role);
	c = &s->conns[index];
	c->link = link + 1;
	c->client_role = l->client_role;
	c->client_channel = l->channel;
	l->conn = index + 1;
	say_hello(s, index);
}

uint32_t net_open_stranger(struct sim *s, uint32_t client, uint32_t server, uint16_t role)
{
	uint32_t index;

	if (!s->host[server].up || s->conns_n + 64 >= CONNS_MAX) {
		return 0;
	}
	index = conn_make(s, client, server, role);
	say_hello(s, index);
	return index + 1;
}

/* Both sides learn of it, each at its own time; what is on the way is lost. */
void net_break(struct sim *s, uint32_t index)
{
	struct conn *c = &s->conns[index];

	if (c->broken) {
		return;
	}
	c->broken = true;
	excuse(s, c, s->now + EXCUSE_MS);
	for (unsigned side = 0; side < 2; side++) {
		struct item item = { .what = HAPPEN_LOST, .a = index, .b = side };

		queue_add(s, delay_ms(s), item, bytes_of(NULL, 0));
	}
}

void net_lost(struct sim *s, const struct item *i)
{
	struct conn *c = &s->conns[i->a];
	struct event e = { .kind = EVENT_CLOSED };

	if (i->b == TO_SERVER) {
		if (c->server_open && server_alive(s, c)) {
			c->server_open = false;
			e.channel = c->server_channel;
			e.role = c->server_role;
			host_step(s, c->server, &e);
		}
		return;
	}
	if (c->client == CLIENT_FOE || c->client == CLIENT_OFFICER) {
		foe_frame(s, i->a, 0, 0, bytes_of(NULL, 0));
		return;
	}
	if (!client_alive(s, c)) {
		return;
	}
	if (c->link != 0 && s->links[c->link - 1].conn == i->a + 1) {
		struct item again = { .what = HAPPEN_DIAL, .a = c->link - 1 };

		s->links[c->link - 1].conn = 0;
		queue_add(s, fate_range(&s->fate, 50, 300), again, bytes_of(NULL, 0));
	}
	if (c->client_open) {
		c->client_open = false;
		e.channel = c->client_channel;
		e.role = c->client_role;
		host_step(s, c->client, &e);
	}
}

void net_host_gone(struct sim *s, uint32_t h)
{
	for (uint32_t i = 0; i < s->conns_n; i++) {
		struct conn *c = &s->conns[i];

		if (!c->broken && (c->server == h || c->client == h)) {
			net_break(s, i);
		}
	}
	for (uint32_t i = 0; i < s->links_n; i++) {
		if (s->links[i].client == h) {
			s->links[i].conn = 0;
		}
	}
}

static void open_server(struct sim *s, struct conn *c)
{
	struct event e = { .kind = EVENT_OPENED,
			   .channel = c->server_channel,
			   .role = c->server_role };

	c->server_open = true;
	host_step(s, c->server, &e);
}

static void at_server(struct sim *s, uint32_t index, const struct frame *f)
{
	struct conn *c = &s->conns[index];
	struct event e = { .kind = EVENT_FRAME,
			   .channel = c->server_channel,
			   .role = c->server_role,
			   .number = f->number,
			   .request_id = f->id,
			   .body = f->body };
	uint8_t hello[GATE_HELLO_BYTES];
	uint16_t role = (uint16_t)(c->server_role & 0xff);

	if (!server_alive(s, c)) {
		return;
	}
	if (gate_check(c->table, &c->at_server, role, f->number, (uint32_t)f->body.n) != ERR_OK) {
		net_break(s, index);
		return;
	}
	if (f->number == gate_hello_number(c->table)) {
		if (gate_hello(c->table, &c->at_server, f->body) != ERR_OK) {
			net_break(s, index);
			return;
		}
		gate_hello_put(c->table, hello);
		put(s, index, TO_CLIENT, MSGS_REPLY(f->number), f->id,
		    bytes_of(hello, sizeof hello));
		open_server(s, c);
		return;
	}
	host_step(s, c->server, &e);
}

static void at_client(struct sim *s, uint32_t index, const struct frame *f)
{
	struct conn *c = &s->conns[index];
	struct event e = { .channel = c->client_channel, .role = c->client_role };

	if (!client_alive(s, c)) {
		return;
	}
	if (gate_check_reply(c->table, f->number, (uint32_t)f->body.n) != ERR_OK) {
		sim_broken(s, "P6", "%s answers with number %u, which nobody asked",
			   host_name(c->server), f->number);
		return;
	}
	if (f->number == MSGS_REPLY(gate_hello_number(c->table))) {
		if (gate_hello(c->table, &c->at_client, f->body) != ERR_OK) {
			net_break(s, index);
			return;
		}
		c->client_open = true;
		excuse(s, c, s->now + EXCUSE_MS);
		if (c->client < HOSTS) {
			e.kind = EVENT_OPENED;
			host_step(s, c->client, &e);
		}
		return;
	}
	if (c->client >= HOSTS) {
		foe_frame(s, index, f->number, f->id, f->body);
		return;
	}
	e.kind = EVENT_FRAME;
	e.number = f->number;
	e.request_id = f->id;
	e.body = f->body;
	if (c->client >= HOST_W1 && c->server == HOST_A && f->number == MSGS_REPLY(SIGNER_NEXT)) {
		(void)foe_replaces(s, c->client - HOST_W1, f->body, &e.body);
	}
	if (c->client == HOST_PAYOUT && c->server == s->swarm.liar &&
	    f->number == MSGS_REPLY(WATCHER_EXCLUDE)) {
		foe_lies(s, c->server - HOST_W1, &e.body);
	}
	host_step(s, c->client, &e);
}

void net_frame(struct sim *s, const struct item *i)
{
	struct conn *c = &s->conns[i->a];
	struct frame f;
	size_t used = 0;

	if (c->broken) {
		return;
	}
	CHECK(frame_next(&f, &used, bytes_of(i->body, i->n)) == ERR_OK && used == i->n);
	if (i->b == TO_SERVER) {
		at_server(s, i->a, &f);
	} else {
		at_client(s, i->a, &f);
	}
}

static uint32_t conn_of(const struct sim *s, uint32_t h, uint32_t channel, unsigned *direction)
{
	for (uint32_t i = (uint32_t)s->conns_n; i > 0; i--) {
		const struct conn *c = &s->conns[i - 1];

		if (c->broken) {
			continue;
		}
		if (c->server == h && c->server_channel == channel && c->server_open &&
		    server_alive(s, c)) {
			*direction = TO_CLIENT;
			return i;
		}
		if (c->client == h && c->client_channel == channel && c->client_open &&
		    client_alive(s, c)) {
			*direction = TO_SERVER;
			return i;
		}
	}
	return 0;
}

void net_send(struct sim *s, uint32_t h, const struct effect *f)
{
	unsigned direction = 0;
	uint32_t index = conn_of(s, h, f->channel, &direction);

	if (index == 0) {
		return; /* gone: nobody's fault (io/run.h) */
	}
	if (h == HOST_PAYOUT && direction == TO_SERVER && f->number == SIGNER_SIGN) {
		foe_overhears(s, s->conns[index - 1].server - HOST_A, false, f->body);
	}
	if (direction == TO_CLIENT && s->conns[index - 1].client == HOST_PAYOUT &&
	    f->number == MSGS_REPLY(SIGNER_SIGN)) {
		foe_overhears(s, h - HOST_A, true, f->body);
	}
	put(s, index - 1, direction, f->number, f->request_id, f->body);
}

void net_ask(struct sim *s, uint32_t conn, uint16_t number, uint64_t id, const struct bytes *items,
	     size_t n)
{
	static uint8_t buffer[FRAME_BODY_MAX];
	struct writer w = writer_make(buffer, sizeof buffer);

	for (size_t i = 0; i < n; i++) {
		writer_u32(&w, (uint32_t)items[i].n);
		writer_bytes(&w, items[i]);
	}
	if (w.bad || s->conns[conn].broken) {
		return;
	}
	put(s, conn, TO_SERVER, number, id, bytes_of(buffer, w.n));
}

void net_close(struct sim *s, uint32_t h, uint32_t channel)
{
	unsigned direction = 0;
	uint32_t index = conn_of(s, h, channel, &direction);

	if (index != 0) {
		net_break(s, index - 1);
	}
}
