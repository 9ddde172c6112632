/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node.h - the adapter of one NIS node: HTTP and JSON in, feed events (chain/feed.h) out.
 *
 * Polls from the first moment: the pool (POST /transactions/unconfirmed) and the height
 * (GET /chain/height) every poll_ms, blocks (POST /local/chain/blocks-after, ten a call, the next
 * call as soon as one is answered) until the top.  What it hands on is bytes in verifiable form,
 * rebuilt from the JSON; hashes that the node states are compared with those of the bytes, blocks
 * pass nem_follow_offer() (links, order, every signature).  A block of another chain makes it walk
 * back to where the chains agree and say FEED_UNDO.  Whoever listens judges again by itself.
 *
 * A node that is down, slow or talks rubbish is FEED_DOWN once, with words; it is asked again after
 * a pause that doubles up to NODE_PAUSE_MAX_MS, and says FEED_UP with its first good answer.
 *
 * CALL_ANNOUNCE: POST /push/transaction.  Plain NIS answers 200 and nothing; then only pool and
 * chain tell what became of it (nem.md 5.4.3), and the answer is FEED_ANNOUNCED with NODE_CODE_SEEN
 * when the unit is found there, or NODE_CODE_SILENT when it was not within NODE_ANNOUNCE_MS.  A
 * node that answers with a NemAnnounceResult (kuramori-node) gives its own code.
 *
 * For the loop's thread only.  Allocates: not for signers.
 */
#ifndef KURAMORI_IO_NODE_H
#define KURAMORI_IO_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "crypto/edk.h"
#include "io/http_client.h"
#include "io/loop.h"

enum {
	NODE_POLL_MS = 50,
	NODE_TIMEOUT_MS = 5000,
	NODE_PAUSE_MIN_MS = 100,
	NODE_PAUSE_MAX_MS = 2000,
	/*
	 * Ten blocks in the longest JSON: 120 transfers each, with a full message and twelve
	 * mosaics of the longest names (5.7 KB), every one twice, are 13.7 MB.  Anybody can fill
	 * blocks with them for the price of the fees, and who could not read them would be blind
	 * from then on.
	 */
	NODE_REPLY_MAX = 24 << 20,
	/* A transaction is shorter in bytes than in JSON: no pool that was read is cut. */
	NODE_POOL_MAX_BYTES = NODE_REPLY_MAX,
	NODE_ANNOUNCE_MS = 10000,
	NODE_ANNOUNCES_MAX = 64, /* that wait to be seen; more are answered ERR_FULL */
	NODE_HOST_MAX = 256,
	NODE_CODE_SEEN = 1,          /* SUCCESS of nem_result.def: it is in the pool or the chain */
	NODE_CODE_SILENT = 0x10000,  /* no code of NIS: the node said nothing and shows nothing */
	NODE_CODE_REFUSED = 0x10001, /* an HTTP status other than 200, or no answer at all */
};

struct node;

struct node_options {
	char host[NODE_HOST_MAX]; /* name, IPv4, or [IPv6] */
	uint16_t port;
	uint8_t network;
	struct hash32 nemesis; /* hash of block 1: another chain is refused (FEED_DOWN) */
	uint32_t poll_ms;      /* 0: NODE_POLL_MS */
	uint32_t timeout_ms;   /* 0: NODE_TIMEOUT_MS */
	bool pool;             /* poll the pool too */
	/* Who pushes units, to the node; copied.  NULL: a throw-away key. */
	const struct edk_secret *identity;
	/*
	 * One feed event: number of enum feed, request_id of the CALL or 0, body valid during the
	 * call. Never from inside node_open() or node_announce().
	 */
	void (*on_feed)(void *ctx, uint16_t number, uint64_t request_id, struct bytes body);
	void *ctx;
};

/*
 * Begins to poll.  http: shared by several nodes, must outlive it.  Malloc'd.  ERR_NETWORK;
 * ERR_FIELD_RANGE host or port; ERR_IO no memory.
 */
MUST_CHECK enum err node_open(struct node **out, struct loop *l, struct http_client *http,
			      const struct node_options *options);
/* No event comes any more.  NULL may be closed. */
void node_close(struct node *n);

/*
 * CALL_ANNOUNCE's unit: one whole transaction in verifiable form.  The answer is FEED_ANNOUNCED
 * with this request_id.  ERR_FULL too many wait; the errors of nem_tx_decode(): nothing was sent.
 */
MUST_CHECK enum err node_announce(struct node *n, uint64_t request_id, struct bytes unit);

/*
 * A key for options.identity: a file of ours of mode 0400 or 0600 with the 64 digits that NEM
 * prints
 * (`kuramori nem key new`).  The caller wipes *out.  The errors of file_read_private(); ERR_KEY.
 */
MUST_CHECK enum err node_identity_read(struct edk_secret *out, const char *path);

/*
 * "host:port" or "http://host:port" with an optional slash, as it stands in a configuration.
 * ERR_FIELD_RANGE.
 */
MUST_CHECK enum err node_address(char host[NODE_HOST_MAX], uint16_t *port, const char *text);

#endif
