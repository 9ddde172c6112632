/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets of the WebSocket port: who connects, what waits, who is cut off. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "io/notes.h"
#include "io/random.h"
#include "io/tcp.h"
#include "nis/handshake.h"
#include "push.h"

static void drop(struct push_client *c)
{
	struct push_client **at = &c->push->clients;

	while (*at != c) {
		at = &(*at)->next;
	}
	*at = c->next;
	c->push->clients_n--;
	loop_timer_off(&c->push->node->loop, &c->timer);
	loop_del(&c->push->node->loop, &c->io);
	(void)close(c->io.fd);
	subscriber_close(c->subscriber);
	free(c);
}

/* Writes until the kernel takes no more.  False: the client is gone. */
static bool flush(struct push_client *c)
{
	struct bytes out = subscriber_out(c->subscriber);

	while (out.n > 0) {
		ssize_t n = send(c->io.fd, out.p, out.n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return errno == EAGAIN;
		}
		subscriber_sent(c->subscriber, (size_t)n);
		out = subscriber_out(c->subscriber);
	}
	return true;
}

/* Each state has its own patience. */
static void set_timer(struct push_client *c, enum subscriber_state state)
{
	struct loop *l = &c->push->node->loop;
	uint32_t heartbeat_ms = c->push->node->config.websocket_heartbeat_ms;

	if (state == c->timed) {
		return;
	}
	if (state == SUBSCRIBER_CLOSING) {
		loop_timer_set(l, &c->timer, PUSH_CLOSE_MS, 0);
	} else if (c->timed == SUBSCRIBER_HEAD) {
		loop_timer_set(l, &c->timer, heartbeat_ms, heartbeat_ms);
	}
	c->timed = state;
}

/* False: the client is to be dropped. */
static bool settle(struct push_client *c)
{
	enum subscriber_state state = subscriber_state(c->subscriber);
	uint32_t events = EPOLLIN;
	bool waits;

	if (state == SUBSCRIBER_LOST || !flush(c)) {
		return false;
	}
	waits = subscriber_out(c->subscriber).n > 0;
	set_timer(c, state);
	if (state == SUBSCRIBER_CLOSING && !waits && !c->shut) {
		/* Half of the connection: whoever is still sending must not lose what was said. */
		(void)shutdown(c->io.fd, SHUT_WR);
		c->shut = true;
	}
	events |= waits ? EPOLLOUT : 0u;
	if (events == c->events) {
		return true;
	}
	c->events = events;
	return loop_mod(&c->push->node->loop, &c->io, events) == ERR_OK;
}

void push_settle(struct push *p)
{
	struct push_client *next;

	for (struct push_client *c = p->clients; c != NULL; c = next) {
		next = c->next;
		if (!settle(c)) {
			if (subscriber_state(c->subscriber) == SUBSCRIBER_LOST) {
				NOTES(NOTES_UNUSUAL, "websocket-lost",
				      notes_u64("queue_bytes",
						p->node->config.websocket_queue_bytes));
			}
			drop(c);
		}
	}
}

static void on_client(void *ctx, uint32_t events)
{
	struct push_client *c = ctx;
	struct push *p = c->push;
	uint8_t in[PUSH_READ_BYTES];
	ssize_t n;

	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
		n = recv(c->io.fd, in, sizeof in, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
			drop(c);
			return;
		}
		if (n > 0) {
			subscriber_receive(c->subscriber, bytes_of(in, (size_t)n));
		}
	}
	push_settle(p);
}

static void on_timer(void *ctx)
{
	struct push_client *c = ctx;

	switch (subscriber_state(c->subscriber)) {
	case SUBSCRIBER_HEAD:
	case SUBSCRIBER_CLOSING:
	case SUBSCRIBER_LOST:
		drop(c);
		return;
	case SUBSCRIBER_OPEN:
	case SUBSCRIBER_CONNECTED:
		subscriber_heartbeat(c->subscriber);
		push_settle(c->push);
		return;
	}
}

static void turn_away(int fd)
{
	uint8_t raw[HANDSHAKE_ANSWER_MAX];
	struct writer w = writer_make(raw, sizeof raw);
	ssize_t n;

	handshake_put(&w, HANDSHAKE_FULL, NULL, 0);
	n = send(fd, raw, w.n, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)n; /* he sees a closed connection in any case */
	(void)close(fd);
}

static void welcome(struct push *p, int fd)
{
	const struct node_config *config = &p->node->config;
	struct subscriber_plan plan = { .queue_bytes = config->websocket_queue_bytes,
					.subscriptions = config->websocket_subscriptions,
					.number = ++p->clients_ever,
					.on_send = push_on_send,
					.ctx = p };
	struct push_client *c = calloc(1, sizeof *c);
	int size = PUSH_SEND_BUFFER, on = 1;

	CHECK(c != NULL);
	random_fill(&plan.entropy, sizeof plan.entropy);
	*c = (struct push_client){ .push = p,
				   .next = p->clients,
				   .io = { .fd = fd, .on = on_client, .ctx = c },
				   .timer = { .on = on_timer, .ctx = c },
				   .subscriber = subscriber_open(&plan),
				   .timed = SUBSCRIBER_HEAD,
				   .events = EPOLLIN };
	p->clients = c;
	p->clients_n++;
	loop_timer_set(&p->node->loop, &c->timer, PUSH_HEAD_MS, 0);
	/* Each message at once: a hint that waits for an acknowledgement is late. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) != 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
	    loop_add(&p->node->loop, &c->io, EPOLLIN) != ERR_OK) {
		drop(c);
	}
}

static void on_retry(void *ctx)
{
	struct push *p = ctx;

	if (loop_add(&p->node->loop, &p->listener, EPOLLIN) != ERR_OK) {
		loop_timer_set(&p->node->loop, &p->retry, PUSH_RETRY_MS, 0);
	}
}

static void on_listener(void *ctx, uint32_t events)
{
	struct push *p = ctx;

	(void)events;
	for (unsigned i = 0; i < PUSH_ACCEPTS; i++) {
		int fd = accept4(p->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			if (p->clients_n < p->node->config.websocket_connections) {
				welcome(p, fd);
			} else {
				turn_away(fd);
			}
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			/* The connection stays in the queue: looking again at once would be all
			 * that this program does. */
			loop_del(&p->node->loop, &p->listener);
			loop_timer_set(&p->node->loop, &p->retry, PUSH_RETRY_MS, 0);
		}
		return;
	}
}

enum err node_push_open(struct node *n)
{
	struct push *p = calloc(1, sizeof *p);
	uint16_t number = 0;
	enum err e;

	CHECK(p != NULL);
	p->node = n;
	p->listener = (struct loop_fd){ .fd = -1, .on = on_listener, .ctx = p };
	p->retry = (struct loop_timer){ .on = on_retry, .ctx = p };
	n->push = p;
	e = tcp_listen((uint16_t)n->config.websocket_port, &p->listener.fd, &number);
	if (e == ERR_OK) {
		e = loop_add(&n->loop, &p->listener, EPOLLIN);
	}
	if (e != ERR_OK) {
		node_push_close(n);
		return e;
	}
	n->config.websocket_port = number;
	return ERR_OK;
}

void node_push_stop(struct node *n)
{
	struct push *p = n->push;

	if (p == NULL) {
		return;
	}
	loop_timer_off(&n->loop, &p->retry);
	loop_del(&n->loop, &p->listener);
	for (struct push_client *c = p->clients; c != NULL; c = c->next) {
		subscriber_leave(c->subscriber);
	}
	push_settle(p);
}

void node_push_close(struct node *n)
{
	struct push *p = n->push;

	if (p == NULL) {
		return;
	}
	while (p->clients != NULL) {
		drop(p->clients);
	}
	loop_timer_off(&n->loop, &p->retry);
	loop_del(&n->loop, &p->listener);
	if (p->listener.fd >= 0) {
		(void)close(p->listener.fd);
	}
	free(p->registered);
	free(p);
	n->push = NULL;
}
