/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no client brings the layers of the WebSocket port down together, none makes the node keep
 * more than its queue, and how its bytes are cut decides nothing.
 * Method: the bytes from HTTP on, at once and in pieces; every SEND is published to the client
 * itself; what waits is never taken.
 */
#include "fuzz_main.h"

#include "nis/subscriber.h"

enum { QUEUE = 32768 };

static struct subscriber *subscriber;

static void init(void)
{
}

static void on_send(void *ctx, struct bytes destination, struct bytes body)
{
	unsigned *sent = ctx;

	(*sent)++;
	subscriber_publish(subscriber, destination, body);
}

static struct subscriber *read_in_pieces(const uint8_t *p, size_t n, size_t step, unsigned *sent)
{
	struct subscriber_plan plan = { .queue_bytes = QUEUE,
					.subscriptions = 4,
					.number = 1,
					.on_send = on_send,
					.ctx = sent };
	struct subscriber *s = subscriber_open(&plan);

	subscriber = s;
	for (size_t at = 0; at < n; at += step) {
		size_t piece = n - at < step ? n - at : step;
		uint8_t *copy = malloc(piece);

		FUZZ_CHECK(copy != NULL);
		memcpy(copy, p + at, piece);
		subscriber_receive(s, bytes_of(copy, piece));
		free(copy);
		FUZZ_CHECK(subscriber_out(s).n <= QUEUE);
	}
	return s;
}

static void run(const uint8_t *p, size_t n)
{
	unsigned whole_sent = 0, pieces_sent = 0;
	struct subscriber *whole = read_in_pieces(p, n, n > 0 ? n : 1, &whole_sent);
	struct subscriber *pieces =
	    read_in_pieces(p, n, n > 0 ? 1 + p[n - 1] % 29 : 1, &pieces_sent);

	FUZZ_CHECK(subscriber_state(whole) == subscriber_state(pieces));
	FUZZ_CHECK(whole_sent == pieces_sent);
	FUZZ_CHECK(bytes_eq(subscriber_out(whole), subscriber_out(pieces)));
	subscriber_leave(whole);
	subscriber_heartbeat(whole);
	FUZZ_CHECK(subscriber_out(whole).n <= QUEUE);
	subscriber_close(whole);
	subscriber_close(pieces);
}
