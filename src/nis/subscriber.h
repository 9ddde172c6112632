/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subscriber.h - one client of the WebSocket port, from the first byte of HTTP to the last of its
 * queue: handshake, WebSocket, SockJS or not, STOMP, and what it subscribed to.
 *
 * Bytes in, bytes out, no socket and no clock: the shell reads and writes, and says when a
 * heart-beat is due.  What a server is to a client, here and below, is what Spring is in NIS
 * (SP:NisWebAppWebsocketInitializer.java, "simple broker"): receipts for DISCONNECT only, ACK and
 * transactions ignored, heart-beats of STOMP not offered (0,0).  Subscriptions are to exact
 * destinations, messages are text: Spring's patterns and binary frames are not there.  Allocates,
 * and ends the process if memory runs out: for kuramori-node and tests.
 */
#ifndef KURAMORI_NIS_SUBSCRIBER_H
#define KURAMORI_NIS_SUBSCRIBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum {
	SUBSCRIBER_DESTINATION_MAX = 128, /* bytes; the longest of NIS has 74 */
	SUBSCRIBER_ID_MAX = 64,           /* bytes of a subscription's id */
};

struct subscriber_plan {
	size_t queue_bytes;     /* that may wait to be sent: a client that leaves more is lost */
	unsigned subscriptions; /* of one client */
	uint64_t number;        /* of the client; part of its message ids */
	uint32_t entropy;       /* any number, for /info */
	/*
	 * The client sent body to destination (both valid during the call).  May publish, also to
	 * this subscriber, but not close it.
	 */
	void (*on_send)(void *ctx, struct bytes destination, struct bytes body);
	void *ctx;
};

enum subscriber_state {
	SUBSCRIBER_HEAD,      /* its request has not come */
	SUBSCRIBER_OPEN,      /* a WebSocket, STOMP not connected */
	SUBSCRIBER_CONNECTED, /* STOMP too */
	SUBSCRIBER_CLOSING,   /* send what waits, then close; what still comes is ignored */
	SUBSCRIBER_LOST,      /* close at once: it did not read, or went before it said anything */
};

struct subscriber;

/* NULL is never returned; subscriber_close(NULL) does nothing. */
struct subscriber *subscriber_open(const struct subscriber_plan *plan);
void subscriber_close(struct subscriber *s);

enum subscriber_state subscriber_state(const struct subscriber *s);

/* Bytes that arrived, in any cut. */
void subscriber_receive(struct subscriber *s, struct bytes in);

/* It is connected and subscribed to exactly this. */
bool subscriber_wants(const struct subscriber *s, struct bytes destination);
/* A MESSAGE for each subscription to destination; body is UTF-8 (JSON). */
void subscriber_publish(struct subscriber *s, struct bytes destination, struct bytes body);
/* SockJS's h, to those who speak it. */
void subscriber_heartbeat(struct subscriber *s);
/* The server stops: says goodbye and is CLOSING, or LOST without a WebSocket. */
void subscriber_leave(struct subscriber *s);

/* What is to be sent, valid until the next call; and that its first n bytes were. */
struct bytes subscriber_out(const struct subscriber *s);
void subscriber_sent(struct subscriber *s, size_t n);

#endif
