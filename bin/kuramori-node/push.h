/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push.h - what the two files of the WebSocket port share: push_port.c has its sockets, push.c what
 * is said on it.
 */
#ifndef KURAMORI_NODE_PUSH_H
#define KURAMORI_NODE_PUSH_H

#include "nis/subscriber.h"
#include "node.h"

enum {
	PUSH_HEAD_MS = 10000, /* a connection that has not asked for anything so long is closed */
	PUSH_CLOSE_MS = 2000, /* for a client to take what is left and hang up */
	PUSH_RETRY_MS = 100,  /* until the next look, when a descriptor could not be had */
	PUSH_READ_BYTES = 16384,  /* of one client in one turn */
	PUSH_ACCEPTS = 16,        /* connections in one turn */
	PUSH_SEND_BUFFER = 65536, /* the kernel's; the queue is ours and limited */
};

struct push_client {
	struct push *push;
	struct push_client *next;
	struct loop_fd io;
	struct loop_timer timer;
	struct subscriber *subscriber;
	enum subscriber_state timed; /* the state that the timer was set for */
	uint32_t events;             /* what its socket is watched for */
	bool shut;                   /* nothing more will be sent */
};

struct push {
	struct node *node;
	struct loop_fd listener;
	struct loop_timer retry;
	struct push_client *clients;
	unsigned clients_n;
	uint64_t clients_ever;
	struct nem_address *registered; /* in order */
	size_t registered_n;
};

/* A client's SEND (push.c). */
void push_on_send(void *push, struct bytes destination, struct bytes body);
/* Sends what waits and drops who is done or lost; not from inside push_on_send() (push_port.c). */
void push_settle(struct push *p);

#endif
