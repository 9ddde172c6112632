/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate.h - which message may come in by which socket, and when (style.md 5: the permission table).
 *
 * The path a channel was accepted on is its identity; messages name no sender.  A table of rows,
 * one a message, says the number, who may send it, how large it may be and in which phase.
 * Everything that stands in no row is refused.  The checks run in this order: frame (ipc/frame.h),
 * number known, direction, capability, phase, size; then the handler decodes everything before it
 * acts.
 */
#ifndef KURAMORI_IPC_GATE_H
#define KURAMORI_IPC_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

/* Roles: one bit for each listening path.  A channel has exactly one; a row names a set. */
enum {
	ROLE_SERVER = 1 << 0,
	ROLE_WATCHER = 1 << 1,
	ROLE_STOP = 1 << 2,
	ROLE_UNLOCK = 1 << 3,
	ROLE_PEER = 1 << 4,
	ROLE_ANY = ROLE_SERVER | ROLE_WATCHER | ROLE_STOP | ROLE_UNLOCK | ROLE_PEER,
	/* What an event came from that came by no socket of ours (log/step.h); in no row ever. */
	ROLE_NODE = 1 << 5, /* a chain node's adapter: chain/feed.h */
	ROLE_API = 1 << 6,  /* an HTTP request: payout/payout.h */
};

enum gate_phase {
	PHASE_ANY = 0,   /* before and after HELLO */
	PHASE_HELLO = 1, /* only as the very first frame of a channel */
	PHASE_READY = 2, /* only after HELLO was accepted */
};

enum {
	GATE_ROWS_MAX = 128,
	GATE_HELLO_BYTES = 36, /* the whole body of a HELLO: version u32, table hash; no items */
};

/* One request.  Its reply is number + 1 and has no row. */
struct gate_row {
	const char *name;
	uint16_t number;     /* even, at least 2 */
	uint16_t capability; /* set of ROLE_ bits that may send it */
	uint32_t max_bytes;  /* of the whole body, <= FRAME_BODY_MAX */
	enum gate_phase phase;
};

/* A table with the hash of its own text: both sides must have compiled the same one. */
struct gate_table {
	const struct gate_row *rows; /* borrowed, static */
	size_t n;
	uint32_t version;
	struct hash32 hash;
};

/* What the gate remembers of one channel.  All zero is a fresh channel. */
enum gate_progress { GATE_NEW = 0, GATE_OPEN = 1, GATE_READY = 2 };

struct gate_state {
	enum gate_progress progress;
};

/*
 * Checks the rows (even unique numbers, sizes, capabilities within ROLE_ANY, exactly one row of
 * PHASE_HELLO) and computes the hash: SHA-256 over "kuramori ipc <name> <version>\n" and for each
 * row in order "<NAME> <number> <capability> <max_bytes> <phase>\n", numbers in decimal. rows must
 * outlive t.  Dies on rows that break the rules: they are our own.
 */
void gate_table_init(struct gate_table *t, const char *name, uint32_t version,
		     const struct gate_row *rows, size_t n);

/* The row of a request number, or NULL. */
const struct gate_row *gate_row_of(const struct gate_table *t, uint16_t number);

/* The number of the one PHASE_HELLO row. */
uint16_t gate_hello_number(const struct gate_table *t);

/*
 * May this request come in now?  role: the channel's one bit; number, body_bytes: from the frame.
 * On ERR_OK of a PHASE_ANY message a fresh channel loses its right to say HELLO; nothing else
 * changes.  ERR_INPUT number not known, or a reply sent as a request; ERR_CAPABILITY not for this
 * role; ERR_STATE wrong phase; ERR_TOO_LARGE.  Whatever is not ERR_OK closes the channel.
 */
MUST_CHECK enum err gate_check(const struct gate_table *t, struct gate_state *s, uint16_t role,
			       uint16_t number, uint32_t body_bytes);

/* The other direction: a reply to a request of this table (number odd, number - 1 known). */
MUST_CHECK enum err gate_check_reply(const struct gate_table *t, uint16_t number,
				     uint32_t body_bytes);

/* The body of a HELLO, of the request and of its reply alike. */
void gate_hello_put(const struct gate_table *t, uint8_t out[GATE_HELLO_BYTES]);

/*
 * Judges the body of a HELLO that passed gate_check() (or of its reply, with s of the asking side)
 * and makes the channel GATE_READY.  ERR_INPUT malformed; ERR_VERSION other version or other table;
 * the channel is closed then and s is unchanged.
 */
MUST_CHECK enum err gate_hello(const struct gate_table *t, struct gate_state *s, struct bytes body);

#endif
