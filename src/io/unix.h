/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unix.h - Unix stream sockets that carry frames (design.md 10.2), both sides.
 *
 * Accepting side: one path a role.  Each accepted connection is a channel in the caller's table
 * with the caller's buffers; the gate judges every frame, HELLO is answered here, and only what
 * passed is handed up.  Whoever sends a malformed or forbidden frame is closed and noted.  Whoever
 * does not read his replies is closed when his buffer is full.
 *
 * Asking side: a link connects, says HELLO, and reconnects by itself with a growing pause.
 */
#ifndef KURAMORI_IO_UNIX_H
#define KURAMORI_IO_UNIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "io/loop.h"
#include "ipc/frame.h"
#include "ipc/gate.h"

enum {
	UNIX_PATH_MAX = 108, /* with its NUL: sizeof sun_path */
	UNIX_LISTENERS_MAX = 16,
	UNIX_CHANNELS_MAX = 256,
	UNIX_HELLO_MS = 5000, /* a channel that has not said HELLO by then is closed */
	UNIX_LARGE_MAX = 8,   /* places for large frames */
	UNIX_LARGE_MS = 1000, /* a frame that takes longer leaves its place to who waits for one */
};

/*
 * A listening socket at path, non-blocking, with this mode (0600 or 0660) from its first moment.
 * A socket file nobody listens on is replaced; ERR_BUSY if somebody does; ERR_EXISTS if the path is
 * something else than a socket; ERR_FIELD_RANGE path too long; ERR_IO.  *fd written on ERR_OK,
 * owned by the caller.
 */
MUST_CHECK enum err unix_listen(const char *path, mode_t mode, int *fd);

/* A non-blocking connection begun to path.  ERR_UNREACHABLE nobody there; ERR_FIELD_RANGE; ERR_IO.
 */
MUST_CHECK enum err unix_connect(const char *path, int *fd);

struct unix_server;

/* A place for one frame that is too large for its channel's own buffer: lent until it is handled.
 */
struct unix_large {
	uint8_t *bytes; /* of the caller's memory */
	bool used;
	uint64_t since_ms; /* when it was lent */
};

/* One connection; the caller only provides the table.  Members are for unix.c only. */
struct unix_channel {
	struct loop_fd io;
	struct unix_server *server;
	struct unix_listener *listener;
	struct gate_state gate;
	struct loop_timer limit; /* to HELLO, later to the end of unix_finish() */
	uint8_t *in, *out;       /* in_cap, out_cap bytes of the caller's memory */
	size_t in_n, out_n;      /* in_n: of large->bytes, while it has one */
	struct unix_large *large;
	bool waits; /* for a large place; what comes stays with the kernel until then */
	uint64_t waits_since_ms;
	uint32_t handle; /* generation above, index in the low 16 bits; never 0 in use */
	uint16_t generation;
	uint16_t role;
	bool used, opened, finishing, gone;
};

struct unix_listener {
	struct loop_fd io;
	struct unix_server *server;
	struct loop_timer pause; /* no descriptors left: try again later */
	uint16_t role;
	uint16_t channels_max; /* of this role at once */
	uint16_t channels;
};

struct unix_server {
	struct loop *loop;
	const struct gate_table *table;
	struct unix_channel *channels;
	size_t channels_n;
	size_t in_cap, out_cap;
	struct unix_large large[UNIX_LARGE_MAX];
	size_t large_n, large_cap;
	struct loop_timer lend; /* a large place was given back, or may be taken away */
	struct unix_listener listeners[UNIX_LISTENERS_MAX];
	size_t listeners_n;
	struct loop_timer reap; /* frees channels that are gone, outside of anybody's call */
	/* A channel has sent its first valid frame (HELLO, where it says one).  May be NULL. */
	void (*on_open)(void *ctx, uint32_t channel, uint16_t role);
	/* A request that passed the gate.  body is valid during the call.  Reply now or later. */
	void (*on_frame)(void *ctx, uint32_t channel, uint16_t role, uint16_t number, uint64_t id,
			 struct bytes body);
	/*
	 * A channel that on_open told of is gone; never called from inside another function
	 * of this file, so a step is never entered twice.  May be NULL.
	 */
	void (*on_close)(void *ctx, uint32_t channel, uint16_t role);
	void *ctx;
};

/*
 * channels: caller's table of n (<= UNIX_CHANNELS_MAX) entries; buffers: n * (in_cap + out_cap)
 * bytes.  Both caps hold a HELLO at least, and without unix_server_lend() in_cap holds the largest
 * frame of the table (dies otherwise).  A frame may be larger than out_cap: what the kernel takes
 * at once needs no place here.  All must outlive s.  on_frame, on_close, ctx: set by the caller
 * afterwards.
 */
void unix_server_init(struct unix_server *s, struct loop *l, const struct gate_table *t,
		      struct unix_channel *channels, size_t n, uint8_t *buffers, size_t in_cap,
		      size_t out_cap);

/*
 * Between unix_server_init() and the first unix_server_listen(): channels need not hold the largest
 * frame each.  A frame that does not fit into in_cap gets one of n (1..UNIX_LARGE_MAX) places of
 * cap bytes each, which hold the largest of the table (dies otherwise); places: n * cap bytes that
 * outlive s.  Frames that fit never wait.  When all places are lent the channel waits unread, and
 * whoever has had his for UNIX_LARGE_MS without saying the whole frame is closed: n that never end
 * their frames delay the next one by that, and lose their channels.  A place is wiped when it is
 * given back.
 */
void unix_server_lend(struct unix_server *s, uint8_t *places, size_t n, size_t cap);

/*
 * Will the kernel take at least so many bytes from a writer on this socket, or on those accepted
 * from it, before he has to wait?  ERR_FULL: not as this host is set (net.core.wmem_default);
 * ERR_IO.
 */
MUST_CHECK enum err unix_kernel_takes(int fd, size_t bytes);

/*
 * Serve this listening descriptor (of unix_listen) as one role, at most channels_max at once: one
 * role cannot use up the table for another.  The server owns fd from then on.  ERR_FULL, ERR_IO.
 */
MUST_CHECK enum err unix_server_listen(struct unix_server *s, int fd, uint16_t role,
				       uint16_t channels_max);

/*
 * Queue one whole frame (frame_end) to a channel.  ERR_NOT_FOUND the channel is gone; ERR_FULL
 * neither the kernel nor his buffer has room for it: he is closed, perhaps in the middle of it.
 */
MUST_CHECK enum err unix_send(struct unix_server *s, uint32_t channel, struct bytes frame);

/* The same of a frame whose header (16 bytes) and body lie apart. */
MUST_CHECK enum err unix_send_in_two(struct unix_server *s, uint32_t channel, struct bytes head,
				     struct bytes body);

/* Close after what is queued was sent, at most UNIX_HELLO_MS. */
void unix_finish(struct unix_server *s, uint32_t channel);

/* The role of a living channel, 0 if gone. */
uint16_t unix_role(const struct unix_server *s, uint32_t channel);
/*
 * Which listener, counted from 0 in the order of unix_server_listen(), a living channel came by:
 * where one role has a path for each party, the path is the identity.  -1 if gone.
 */
int unix_listener_index(const struct unix_server *s, uint32_t channel);

/* Closes all channels and listeners. */
void unix_server_close(struct unix_server *s);

/* The asking side. */
struct unix_link {
	struct loop *loop;
	const struct gate_table *table;
	char path[UNIX_PATH_MAX];
	struct loop_fd io;
	struct loop_timer timer;
	struct gate_state gate;
	uint8_t *in, *out;
	size_t in_cap, in_n, out_cap, out_n;
	uint64_t pause_ms;

	enum unix_link_state {
		UNIX_LINK_STOPPED,
		UNIX_LINK_PAUSE, /* not connected; the timer tries again */
		UNIX_LINK_HELLO, /* connected; the timer gives up */
		UNIX_LINK_UP,
	} state;

	bool was_up;                /* on_down is owed */
	void (*on_up)(void *ctx);   /* HELLO was answered: requests may be sent */
	void (*on_down)(void *ctx); /* lost after on_up: what was asked is unanswered.
				     * Never called from inside unix_link_send(). */
	/* number is the reply's (odd).  body is valid during the call. */
	void (*on_reply)(void *ctx, uint16_t number, uint64_t id, struct bytes body);
	void *ctx;
};

enum { UNIX_PAUSE_MIN_MS = 50, UNIX_PAUSE_MAX_MS = 5000 };

/*
 * Keep a link to path: connects at once, again after 50 ms doubling to 5 s.  Buffers are the
 * caller's, in_cap FRAME_BYTES_MAX suffices.  Set on_* and ctx before unix_link_start().
 * ERR_FIELD_RANGE path too long.
 */
MUST_CHECK enum err unix_link_init(struct unix_link *k, struct loop *l, const struct gate_table *t,
				   const char *path, uint8_t *in, size_t in_cap, uint8_t *out,
				   size_t out_cap);
void unix_link_start(struct unix_link *k);
bool unix_link_up(const struct unix_link *k);
/* ERR_UNREACHABLE not up; ERR_FULL the buffer is full (the link is dropped and tried anew). */
MUST_CHECK enum err unix_link_send(struct unix_link *k, struct bytes frame);
/* The same of a frame whose header (16 bytes) and body lie apart. */
MUST_CHECK enum err unix_link_send_in_two(struct unix_link *k, struct bytes head,
					  struct bytes body);
/* Drop the connection and make a new one: on_down, then on_up again. */
void unix_link_again(struct unix_link *k);
void unix_link_stop(struct unix_link *k);

/*
 * For command-line tools: connect, HELLO, one request frame, its reply; blocking, within
 * timeout_ms. reply: caller's buffer of cap bytes; out is a view of it.  ERR_UNREACHABLE,
 * ERR_TIMEOUT, ERR_VERSION, ERR_INPUT an answer that makes no sense, ERR_IO.
 */
MUST_CHECK enum err unix_ask(const struct gate_table *t, const char *path, struct bytes request,
			     uint8_t *reply, size_t cap, uint64_t timeout_ms, struct frame *out);

#endif
