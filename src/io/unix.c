/* SPDX-License-Identifier: Apache-2.0 */
#include "io/unix.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"
#include "io/clock.h"
#include "io/notes.h"

enum {
	BACKLOG = 64,
	ACCEPTS_AT_ONCE = 16,
	LISTEN_PAUSE_MS = 200,
};

static enum err address_of(const char *path, struct sockaddr_un *a)
{
	size_t n = strlen(path);

	if (n == 0 || n >= sizeof a->sun_path) {
		return ERR_FIELD_RANGE;
	}
	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(a->sun_path, path, n);
	return ERR_OK;
}

enum err unix_connect(const char *path, int *fd)
{
	struct sockaddr_un a;
	enum err e = address_of(path, &a);
	int s;

	if (e != ERR_OK) {
		return e;
	}
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s < 0) {
		return ERR_IO;
	}
	if (connect(s, (const struct sockaddr *)&a, sizeof a) != 0) {
		(void)close(s);
		return ERR_UNREACHABLE;
	}
	*fd = s;
	return ERR_OK;
}

/* What stands at the path: ERR_OK nothing or a dead socket, now removed. */
static enum err clear_path(const char *path, const struct sockaddr_un *a)
{
	struct stat st;
	int s;
	int why;

	if (lstat(path, &st) != 0) {
		return errno == ENOENT ? ERR_OK : ERR_IO;
	}
	if (!S_ISSOCK(st.st_mode)) {
		return ERR_EXISTS;
	}
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s < 0) {
		return ERR_IO;
	}
	why = connect(s, (const struct sockaddr *)a, sizeof *a) == 0 ? 0 : errno;
	(void)close(s);
	/* Only a refusal proves that nobody listens; EAGAIN is a full queue of somebody alive. */
	if (why != ECONNREFUSED) {
		return ERR_BUSY;
	}
	return unlink(path) == 0 ? ERR_OK : ERR_IO;
}

static int bind_with_mode(int s, const struct sockaddr_un *a, mode_t mode)
{
	mode_t old = umask(0777 & ~mode);
	int r = bind(s, (const struct sockaddr *)a, sizeof *a);

	(void)umask(old);
	return r;
}

/* Two that start at the same moment must not take each other for dead: the folder is the lock. */
static int lock_folder(const char *path)
{
	char dir[UNIX_PATH_MAX];
	const char *slash = strrchr(path, '/');
	int fd;

	if (slash == NULL) {
		(void)snprintf(dir, sizeof dir, ".");
	} else if (slash == path) {
		(void)snprintf(dir, sizeof dir, "/");
	} else {
		(void)snprintf(dir, sizeof dir, "%.*s", (int)(slash - path), path);
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && flock(fd, LOCK_EX) != 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

enum err unix_listen(const char *path, mode_t mode, int *fd)
{
	struct sockaddr_un a;
	int lock = -1;
	int s = -1;
	enum err e = address_of(path, &a);

	if (e != ERR_OK) {
		return e;
	}
	lock = lock_folder(path);
	if (lock < 0) {
		return ERR_IO;
	}
	e = clear_path(path, &a);
	if (e != ERR_OK) {
		goto out;
	}
	e = ERR_IO;
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s < 0) {
		goto out;
	}
	if (bind_with_mode(s, &a, mode) != 0 || listen(s, BACKLOG) != 0) {
		goto out;
	}
	*fd = s;
	s = -1;
	e = ERR_OK;

out:
	if (s >= 0) {
		(void)close(s);
	}
	(void)close(lock);
	return e;
}

/* The accepting side. */

static const char *role_word(uint16_t role)
{
	switch (role) {
	case ROLE_SERVER:
		return "server";
	case ROLE_WATCHER:
		return "watcher";
	case ROLE_STOP:
		return "stop";
	case ROLE_UNLOCK:
		return "unlock";
	case ROLE_PEER:
		return "peer";
	}
	return "none";
}

static struct unix_channel *channel_of(const struct unix_server *s, uint32_t handle)
{
	size_t index = handle & 0xffff;
	struct unix_channel *c;

	if (handle == 0 || index >= s->channels_n) {
		return NULL;
	}
	c = &s->channels[index];
	return c->used && !c->gone && c->handle == handle ? c : NULL;
}

/* Large frames. */

/* Gives the channel's place back, wiped; what it holds was handled or is nothing to keep. */
static void large_give_back(struct unix_channel *c)
{
	struct unix_server *s = c->server;

	if (c->large == NULL) {
		return;
	}
	explicit_bzero(c->large->bytes, c->in_n);
	c->large->used = false;
	c->large = NULL;
	c->in_n = 0;
	loop_timer_set(s->loop, &s->lend, 0, 0);
}

/* What has arrived of the frame moves to a free place.  False: there is none. */
static bool large_take(struct unix_channel *c)
{
	struct unix_server *s = c->server;

	for (size_t i = 0; i < s->large_n; i++) {
		struct unix_large *place = &s->large[i];

		if (!place->used) {
			place->used = true;
			place->since_ms = clock_mono_ms();
			memcpy(place->bytes, c->in, c->in_n);
			explicit_bzero(c->in, c->in_n);
			c->large = place;
			return true;
		}
	}
	return false;
}

/* The descriptor goes now; the slot and on_close when nobody of us is on the stack. */
static void channel_drop(struct unix_channel *c)
{
	if (c->gone) {
		return;
	}
	c->gone = true;
	loop_timer_off(c->server->loop, &c->limit);
	loop_del(c->server->loop, &c->io);
	(void)close(c->io.fd);
	c->io.fd = -1;
	loop_timer_set(c->server->loop, &c->server->reap, 0, 0);
}

static void channel_refuse(struct unix_channel *c, enum err e, uint16_t number)
{
	NOTES(NOTES_UNUSUAL, "frame-refused", notes_text("role", role_word(c->role)),
	      notes_u64("channel", c->handle), notes_u64("number", number), notes_err(e));
	channel_drop(c);
}

static void on_reap(void *ctx)
{
	struct unix_server *s = ctx;

	for (size_t i = 0; i < s->channels_n; i++) {
		struct unix_channel *c = &s->channels[i];
		uint32_t handle = c->handle;
		uint16_t role = c->role;
		bool known = c->opened;

		if (!c->used || !c->gone) {
			continue;
		}
		large_give_back(c);
		c->used = false;
		c->handle = 0;
		c->listener->channels--;
		/* The last passphrase or document of a stranger is nothing to keep. */
		explicit_bzero(c->in, s->in_cap);
		if (known && s->on_close != NULL) {
			s->on_close(s->ctx, handle, role);
		}
	}
}

static void on_limit(void *ctx)
{
	struct unix_channel *c = ctx;

	if (!c->finishing) {
		NOTES(NOTES_UNUSUAL, "no-hello", notes_text("role", role_word(c->role)),
		      notes_u64("channel", c->handle));
	}
	channel_drop(c);
}

static void channel_flush(struct unix_channel *c)
{
	size_t done = 0;

	while (done < c->out_n) {
		ssize_t n = write(c->io.fd, c->out + done, c->out_n - done);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0 && errno == EAGAIN) {
			break;
		}
		if (n <= 0) {
			channel_drop(c);
			return;
		}
		done += (size_t)n;
	}
	memmove(c->out, c->out + done, c->out_n - done);
	c->out_n -= done;
	if (c->out_n == 0 && c->finishing) {
		channel_drop(c);
		return;
	}
	if (loop_mod(c->server->loop, &c->io,
		     (c->finishing || c->waits ? 0u : (uint32_t)EPOLLIN) |
			 (c->out_n > 0 ? (uint32_t)EPOLLOUT : 0u)) != ERR_OK) {
		channel_drop(c);
	}
}

/* Both, one behind the other. */
static void put_in_two(uint8_t *out, struct bytes head, struct bytes body)
{
	memcpy(out, head.p, head.n);
	if (body.n > 0) {
		memcpy(out + head.n, body.p, body.n);
	}
}

/* As much of the front of *from as there is room for; how many bytes it was. */
static size_t put_front(uint8_t *out, size_t room, size_t *out_n, struct bytes *from)
{
	size_t n = from->n < room ? from->n : room;

	if (n > 0) {
		memcpy(out, from->p, n);
		*from = bytes_of(from->p + n, from->n - n);
	}
	*out_n += n;
	return n;
}

static enum err channel_send_in_two(struct unix_channel *c, struct bytes head, struct bytes body)
{
	size_t n = head.n + body.n;

	if (c->finishing) {
		return ERR_NOT_FOUND;
	}
	if (n > c->server->out_cap - c->out_n) {
		/* Room may have come since the last event. */
		channel_flush(c);
		if (c->gone) {
			return ERR_NOT_FOUND;
		}
	}
	/* What does not fit into the buffer at once fits when the kernel takes what stands there.
	 */
	while (n > 0) {
		size_t room = c->server->out_cap - c->out_n;

		if (room == 0) {
			NOTES(NOTES_UNUSUAL, "reader-too-slow",
			      notes_text("role", role_word(c->role)),
			      notes_u64("channel", c->handle), notes_u64("queued", c->out_n));
			channel_drop(c);
			return ERR_FULL;
		}
		n -= put_front(c->out + c->out_n, room, &c->out_n, &head);
		room = c->server->out_cap - c->out_n;
		n -= put_front(c->out + c->out_n, room, &c->out_n, &body);
		channel_flush(c);
		if (c->gone) {
			return ERR_NOT_FOUND;
		}
	}
	return ERR_OK;
}

static enum err channel_send(struct unix_channel *c, struct bytes frame)
{
	return channel_send_in_two(c, frame, bytes_of(NULL, 0));
}

static enum err hello_frame(const struct gate_table *t, uint16_t number, uint64_t id,
			    uint8_t buf[FRAME_HEADER_BYTES + GATE_HELLO_BYTES], struct bytes *out)
{
	uint8_t hello[GATE_HELLO_BYTES];

	gate_hello_put(t, hello);
	return frame_raw(buf, FRAME_HEADER_BYTES + GATE_HELLO_BYTES, number, id,
			 bytes_of(hello, sizeof hello), out);
}

static void channel_opened(struct unix_channel *c)
{
	if (c->opened || c->gone) {
		return;
	}
	c->opened = true;
	if (c->server->on_open != NULL) {
		c->server->on_open(c->server->ctx, c->handle, c->role);
	}
}

static void channel_hello(struct unix_channel *c, const struct frame *f)
{
	uint8_t buf[FRAME_HEADER_BYTES + GATE_HELLO_BYTES];
	struct bytes reply;
	enum err e = gate_hello(c->server->table, &c->gate, f->body);

	if (e != ERR_OK) {
		channel_refuse(c, e, f->number);
		return;
	}
	CHECK(hello_frame(c->server->table, (uint16_t)(f->number + 1), f->id, buf, &reply) ==
	      ERR_OK);
	if (channel_send(c, reply) == ERR_OK) {
		channel_opened(c);
	}
}

static void channel_frame(struct unix_channel *c, const struct frame *f)
{
	struct unix_server *s = c->server;
	enum err e = gate_check(s->table, &c->gate, c->role, f->number, (uint32_t)f->body.n);

	if (e != ERR_OK) {
		channel_refuse(c, e, f->number);
		return;
	}
	loop_timer_off(s->loop, &c->limit);
	if (f->number == gate_hello_number(s->table)) {
		channel_hello(c, f);
		return;
	}
	channel_opened(c);
	if (c->gone || c->finishing) {
		return; /* on_open did not want him */
	}
	s->on_frame(s->ctx, c->handle, c->role, f->number, f->id, f->body);
}

/* Judges a frame whose body is still on its way: what will be refused is refused now. */
static enum err early_check(const struct unix_channel *c, struct bytes have)
{
	struct gate_state copy = c->gate;

	if (have.n < FRAME_HEADER_BYTES) {
		return ERR_OK;
	}
	return gate_check(c->server->table, &copy, c->role, le16_get(have.p + 4), le32_get(have.p));
}

/* The frame that has begun, header and body; 0: its header is not all there. */
static size_t frame_whole(struct bytes have)
{
	return have.n < FRAME_HEADER_BYTES ? 0 : FRAME_HEADER_BYTES + (size_t)le32_get(have.p);
}

/* A frame that has begun and is larger than the channel's own buffer waits for a place. */
static void channel_make_way(struct unix_channel *c)
{
	struct unix_server *s = c->server;

	if (c->large != NULL || frame_whole(bytes_of(c->in, c->in_n)) <= s->in_cap ||
	    large_take(c)) {
		return;
	}
	c->waits = true;
	c->waits_since_ms = clock_mono_ms();
	loop_timer_set(s->loop, &s->lend, 0, 0);
	channel_flush(c); /* tells the loop not to look at what comes */
}

static void channel_parse(struct unix_channel *c)
{
	uint8_t *in = c->large != NULL ? c->large->bytes : c->in;
	size_t at = 0;

	while (!c->gone && !c->finishing) {
		struct frame f;
		size_t used = 0;
		struct bytes have = bytes_of(in + at, c->in_n - at);
		enum err e = frame_next(&f, &used, have);

		if (e == ERR_WAIT) {
			e = early_check(c, have);
			if (e != ERR_OK) {
				channel_refuse(c, e, le16_get(have.p + 4));
				return;
			}
			break;
		}
		if (e != ERR_OK) {
			channel_refuse(c, e, 0);
			return;
		}
		channel_frame(c, &f);
		if (c->role == ROLE_UNLOCK) {
			explicit_bzero(in + at, used);
		}
		at += used;
	}
	if (c->gone) {
		return; /* on_reap() wipes what is left */
	}
	if (c->large != NULL && at > 0) {
		large_give_back(c); /* it never holds more than one frame */
		return;
	}
	memmove(in, in + at, c->in_n - at);
	c->in_n -= at;
	if (!c->finishing) {
		channel_make_way(c);
	}
}

static void channel_read(struct unix_channel *c)
{
	uint8_t *in = c->large != NULL ? c->large->bytes : c->in;
	/* no byte behind the frame that it was lent for */
	size_t cap = c->large != NULL ? frame_whole(bytes_of(in, c->in_n)) : c->server->in_cap;
	ssize_t n;

	if (c->waits) {
		return; /* there is no room, and none read is none sent */
	}
	/* One read a turn: a channel that never pauses does not starve the others. */
	n = read(c->io.fd, in + c->in_n, cap - c->in_n);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (n <= 0) {
		channel_drop(c);
		return;
	}
	c->in_n += (size_t)n;
	channel_parse(c);
}

static void on_channel(void *ctx, uint32_t events)
{
	struct unix_channel *c = ctx;

	if ((events & EPOLLOUT) != 0) {
		channel_flush(c);
	}
	if (!c->gone && !c->finishing && (events & EPOLLIN) != 0) {
		channel_read(c);
		return;
	}
	if (!c->gone && (events & (EPOLLHUP | EPOLLERR)) != 0) {
		channel_drop(c);
	}
}

static struct unix_channel *channel_free(struct unix_server *s)
{
	for (size_t i = 0; i < s->channels_n; i++) {
		if (!s->channels[i].used) {
			return &s->channels[i];
		}
	}
	return NULL;
}

/*
 * Reads once from everybody who came by this listener, so that who hung up is seen to be gone:
 * under load the loop may meet a newcomer before it meets the one that leaves.  read() and nothing
 * else: a signer's sandbox kills what it does not know.
 */
static void make_room(struct unix_listener *li)
{
	struct unix_server *s = li->server;

	for (size_t i = 0; i < s->channels_n; i++) {
		struct unix_channel *c = &s->channels[i];

		if (c->used && !c->gone && !c->finishing && c->listener == li) {
			channel_read(c);
		}
	}
	on_reap(s);
}

/* Only ever called from the loop, with no channel of ours on the stack. */
static void channel_open(struct unix_listener *li, int fd)
{
	struct unix_server *s = li->server;
	struct unix_channel *c;
	size_t index;

	if (li->channels == li->channels_max) {
		make_room(li);
	}
	c = li->channels < li->channels_max ? channel_free(s) : NULL;

	if (c == NULL) {
		NOTES(NOTES_UNUSUAL, "too-many-channels", notes_text("role", role_word(li->role)),
		      notes_u64("max", li->channels_max));
		(void)close(fd);
		return;
	}
	index = (size_t)(c - s->channels);
	c->generation = c->generation == UINT16_MAX ? 1 : (uint16_t)(c->generation + 1);
	c->handle = (uint32_t)c->generation << 16 | (uint32_t)index;
	c->io = (struct loop_fd){ .fd = fd, .on = on_channel, .ctx = c };
	c->limit = (struct loop_timer){ .on = on_limit, .ctx = c };
	c->listener = li;
	c->role = li->role;
	c->gate = (struct gate_state){ .progress = GATE_NEW };
	c->in_n = 0;
	c->out_n = 0;
	c->waits = false;
	c->opened = false;
	c->finishing = false;
	c->gone = false;
	if (loop_add(s->loop, &c->io, EPOLLIN) != ERR_OK) {
		(void)close(fd);
		return;
	}
	c->used = true;
	li->channels++;
	loop_timer_set(s->loop, &c->limit, UNIX_HELLO_MS, 0);
}

static void on_listen_again(void *ctx)
{
	struct unix_listener *li = ctx;

	if (loop_add(li->server->loop, &li->io, EPOLLIN) != ERR_OK) {
		loop_timer_set(li->server->loop, &li->pause, LISTEN_PAUSE_MS, 0);
	}
}

static void on_listener(void *ctx, uint32_t events)
{
	struct unix_listener *li = ctx;

	(void)events;
	for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
		int fd = accept4(li->io.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			channel_open(li, fd);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
			/* Level triggered it would spin: rest a little instead. */
			NOTES(NOTES_UNUSUAL, "accept-failed",
			      notes_text("role", role_word(li->role)),
			      notes_u64("errno", (uint64_t)errno));
			loop_del(li->server->loop, &li->io);
			loop_timer_set(li->server->loop, &li->pause, LISTEN_PAUSE_MS, 0);
		}
		return;
	}
}

/* Who has waited for a large place for longest; NULL: nobody. */
static struct unix_channel *longest_waiting(struct unix_server *s)
{
	struct unix_channel *first = NULL;

	for (size_t i = 0; i < s->channels_n; i++) {
		struct unix_channel *c = &s->channels[i];

		if (c->used && !c->gone && c->waits &&
		    (first == NULL || c->waits_since_ms < first->waits_since_ms)) {
			first = c;
		}
	}
	return first;
}

/* Who has had his place for longest; somebody waits, so all are lent. */
static struct unix_channel *longest_lent(struct unix_server *s)
{
	struct unix_channel *first = NULL;

	for (size_t i = 0; i < s->channels_n; i++) {
		struct unix_channel *c = &s->channels[i];

		if (c->large != NULL &&
		    (first == NULL || c->large->since_ms < first->large->since_ms)) {
			first = c;
		}
	}
	CHECK(first != NULL);
	return first;
}

/* Free places go to those who wait, the first first; a place that is held for too long is freed. */
static void on_lend(void *ctx)
{
	struct unix_server *s = ctx;
	struct unix_channel *c = longest_waiting(s);

	while (c != NULL && large_take(c)) {
		c->waits = false;
		channel_flush(c); /* the loop looks at it again */
		c = longest_waiting(s);
	}
	if (c != NULL) {
		struct unix_channel *slow = longest_lent(s);
		uint64_t held_ms = clock_mono_ms() - slow->large->since_ms;

		if (slow->gone) {
			return; /* on_reap() is about to give its place back */
		}
		if (held_ms < UNIX_LARGE_MS) {
			loop_timer_set(s->loop, &s->lend, UNIX_LARGE_MS - held_ms, 0);
			return;
		}
		NOTES(NOTES_UNUSUAL, "frame-too-slow", notes_text("role", role_word(slow->role)),
		      notes_u64("channel", slow->handle));
		channel_drop(slow); /* on_reap() gives its place back, and we are called again */
	}
}

void unix_server_init(struct unix_server *s, struct loop *l, const struct gate_table *t,
		      struct unix_channel *channels, size_t n, uint8_t *buffers, size_t in_cap,
		      size_t out_cap)
{
	CHECK(n > 0 && n <= UNIX_CHANNELS_MAX);
	CHECK(in_cap >= FRAME_HEADER_BYTES + GATE_HELLO_BYTES);
	CHECK(out_cap >= FRAME_HEADER_BYTES + GATE_HELLO_BYTES);
	*s = (struct unix_server){
		.loop = l,
		.table = t,
		.channels = channels,
		.channels_n = n,
		.in_cap = in_cap,
		.out_cap = out_cap,
	};
	s->reap = (struct loop_timer){ .on = on_reap, .ctx = s };
	s->lend = (struct loop_timer){ .on = on_lend, .ctx = s };
	for (size_t i = 0; i < n; i++) {
		uint8_t *own = buffers + i * (in_cap + out_cap);

		channels[i] = (struct unix_channel){
			.io = { .fd = -1 },
			.server = s,
			.in = own,
			.out = own + in_cap,
		};
	}
}

void unix_server_lend(struct unix_server *s, uint8_t *places, size_t n, size_t cap)
{
	CHECK(n > 0 && n <= UNIX_LARGE_MAX && s->listeners_n == 0);
	s->large_n = n;
	s->large_cap = cap;
	for (size_t i = 0; i < n; i++) {
		s->large[i] = (struct unix_large){ .bytes = places + i * cap };
	}
}

enum err unix_kernel_takes(int fd, size_t bytes)
{
	int room = 0;
	socklen_t n = sizeof room;

	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, &n) != 0 || room < 0) {
		return ERR_IO;
	}
	/* what it counts is its own bookkeeping too, which may be as much again */
	return (size_t)room / 2 >= bytes ? ERR_OK : ERR_FULL;
}

enum err unix_server_listen(struct unix_server *s, int fd, uint16_t role, uint16_t channels_max)
{
	struct unix_listener *li;
	enum err e;

	CHECK(role != 0 && (role & (role - 1)) == 0);
	for (size_t i = 0; i < s->table->n; i++) {
		size_t whole = FRAME_HEADER_BYTES + (size_t)s->table->rows[i].max_bytes;

		CHECK(whole <= s->in_cap || whole <= s->large_cap);
	}
	if (s->listeners_n == UNIX_LISTENERS_MAX) {
		return ERR_FULL;
	}
	li = &s->listeners[s->listeners_n];
	*li = (struct unix_listener){
		.io = { .fd = fd, .on = on_listener, .ctx = li },
		.server = s,
		.pause = { .on = on_listen_again, .ctx = li },
		.role = role,
		.channels_max = channels_max,
	};
	e = loop_add(s->loop, &li->io, EPOLLIN);
	if (e != ERR_OK) {
		return ERR_IO;
	}
	s->listeners_n++;
	return ERR_OK;
}

enum err unix_send(struct unix_server *s, uint32_t channel, struct bytes frame)
{
	struct unix_channel *c = channel_of(s, channel);

	return c == NULL ? ERR_NOT_FOUND : channel_send(c, frame);
}

enum err unix_send_in_two(struct unix_server *s, uint32_t channel, struct bytes head,
			  struct bytes body)
{
	struct unix_channel *c = channel_of(s, channel);

	return c == NULL ? ERR_NOT_FOUND : channel_send_in_two(c, head, body);
}

void unix_finish(struct unix_server *s, uint32_t channel)
{
	struct unix_channel *c = channel_of(s, channel);

	if (c == NULL || c->finishing) {
		return;
	}
	c->finishing = true;
	loop_timer_set(s->loop, &c->limit, UNIX_HELLO_MS, 0);
	channel_flush(c);
}

uint16_t unix_role(const struct unix_server *s, uint32_t channel)
{
	const struct unix_channel *c = channel_of(s, channel);

	return c == NULL ? 0 : c->role;
}

int unix_listener_index(const struct unix_server *s, uint32_t channel)
{
	const struct unix_channel *c = channel_of(s, channel);

	return c == NULL ? -1 : (int)(c->listener - s->listeners);
}

void unix_server_close(struct unix_server *s)
{
	for (size_t i = 0; i < s->listeners_n; i++) {
		struct unix_listener *li = &s->listeners[i];

		loop_timer_off(s->loop, &li->pause);
		loop_del(s->loop, &li->io);
		(void)close(li->io.fd);
	}
	for (size_t i = 0; i < s->channels_n; i++) {
		if (s->channels[i].used) {
			channel_drop(&s->channels[i]);
		}
	}
	on_reap(s);
	loop_timer_off(s->loop, &s->reap);
	loop_timer_off(s->loop, &s->lend);
	s->listeners_n = 0;
}

/* The asking side. */

/* Connection gone: on_down and the next try come from the timer, never from inside a call. */
static void link_drop(struct unix_link *k)
{
	if (k->state != UNIX_LINK_HELLO && k->state != UNIX_LINK_UP) {
		return;
	}
	loop_del(k->loop, &k->io);
	(void)close(k->io.fd);
	k->io.fd = -1;
	k->was_up = k->was_up || k->state == UNIX_LINK_UP;
	k->state = UNIX_LINK_PAUSE;
	loop_timer_set(k->loop, &k->timer, k->was_up ? 0 : k->pause_ms, 0);
}

static void link_flush(struct unix_link *k)
{
	size_t done = 0;

	while (done < k->out_n) {
		ssize_t n = write(k->io.fd, k->out + done, k->out_n - done);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0 && errno == EAGAIN) {
			break;
		}
		if (n <= 0) {
			link_drop(k);
			return;
		}
		done += (size_t)n;
	}
	memmove(k->out, k->out + done, k->out_n - done);
	k->out_n -= done;
	if (loop_mod(k->loop, &k->io,
		     (uint32_t)EPOLLIN | (k->out_n > 0 ? (uint32_t)EPOLLOUT : 0u)) != ERR_OK) {
		link_drop(k);
	}
}

static void link_hello(struct unix_link *k, const struct frame *f)
{
	enum err e = ERR_INPUT;

	if (f->number == (uint16_t)(gate_hello_number(k->table) + 1)) {
		e = gate_hello(k->table, &k->gate, f->body);
	}
	if (e != ERR_OK) {
		k->pause_ms = UNIX_PAUSE_MAX_MS;
		NOTES(NOTES_UNUSUAL, "hello-refused", notes_text("path", k->path), notes_err(e));
		link_drop(k);
		return;
	}
	loop_timer_off(k->loop, &k->timer);
	k->state = UNIX_LINK_UP;
	k->pause_ms = UNIX_PAUSE_MIN_MS;
	if (k->on_up != NULL) {
		k->on_up(k->ctx);
	}
}

static void link_parse(struct unix_link *k)
{
	size_t at = 0;

	while (k->state == UNIX_LINK_HELLO || k->state == UNIX_LINK_UP) {
		struct frame f;
		size_t used = 0;
		enum err e = frame_next(&f, &used, bytes_of(k->in + at, k->in_n - at));

		if (e == ERR_WAIT && k->in_n - at < k->in_cap) {
			break;
		}
		if (e == ERR_OK) {
			e = gate_check_reply(k->table, f.number, (uint32_t)f.body.n);
		}
		if (e != ERR_OK) {
			NOTES(NOTES_UNUSUAL, "reply-refused", notes_text("path", k->path),
			      notes_err(e));
			link_drop(k);
			return;
		}
		if (k->state == UNIX_LINK_HELLO) {
			link_hello(k, &f);
		} else if (k->on_reply != NULL) {
			k->on_reply(k->ctx, f.number, f.id, f.body);
		}
		at += used;
	}
	if (k->state == UNIX_LINK_HELLO || k->state == UNIX_LINK_UP) {
		memmove(k->in, k->in + at, k->in_n - at);
		k->in_n -= at;
	}
}

static void on_link(void *ctx, uint32_t events)
{
	struct unix_link *k = ctx;
	ssize_t n;

	if ((events & EPOLLOUT) != 0) {
		link_flush(k);
		if (k->io.fd < 0) {
			return;
		}
	}
	if ((events & EPOLLIN) != 0) {
		n = read(k->io.fd, k->in + k->in_n, k->in_cap - k->in_n);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			return;
		}
		if (n <= 0) {
			link_drop(k);
			return;
		}
		k->in_n += (size_t)n;
		link_parse(k);
		return;
	}
	if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
		link_drop(k);
	}
}

static void link_connect(struct unix_link *k)
{
	uint8_t buf[FRAME_HEADER_BYTES + GATE_HELLO_BYTES];
	struct bytes hello;
	int fd = -1;
	uint64_t pause = k->pause_ms;

	k->pause_ms = pause >= UNIX_PAUSE_MAX_MS / 2 ? UNIX_PAUSE_MAX_MS : pause * 2;
	k->state = UNIX_LINK_PAUSE;
	if (unix_connect(k->path, &fd) != ERR_OK) {
		loop_timer_set(k->loop, &k->timer, pause, 0);
		return;
	}
	k->io = (struct loop_fd){ .fd = fd, .on = on_link, .ctx = k };
	if (loop_add(k->loop, &k->io, EPOLLIN) != ERR_OK) {
		(void)close(fd);
		k->io.fd = -1;
		loop_timer_set(k->loop, &k->timer, pause, 0);
		return;
	}
	k->state = UNIX_LINK_HELLO;
	k->gate = (struct gate_state){ .progress = GATE_NEW };
	k->in_n = 0;
	k->out_n = 0;
	loop_timer_set(k->loop, &k->timer, UNIX_HELLO_MS, 0);
	CHECK(hello_frame(k->table, gate_hello_number(k->table), 0, buf, &hello) == ERR_OK);
	memcpy(k->out, hello.p, hello.n);
	k->out_n = hello.n;
	link_flush(k);
}

static void on_link_timer(void *ctx)
{
	struct unix_link *k = ctx;

	if (k->was_up) {
		k->was_up = false;
		if (k->on_down != NULL) {
			k->on_down(k->ctx);
		}
		if (k->state == UNIX_LINK_PAUSE) {
			loop_timer_set(k->loop, &k->timer, k->pause_ms, 0);
		}
		return;
	}
	switch (k->state) {
	case UNIX_LINK_PAUSE:
		link_connect(k);
		return;
	case UNIX_LINK_HELLO:
		link_drop(k);
		return;
	case UNIX_LINK_STOPPED:
	case UNIX_LINK_UP:
		return;
	}
}

enum err unix_link_init(struct unix_link *k, struct loop *l, const struct gate_table *t,
			const char *path, uint8_t *in, size_t in_cap, uint8_t *out, size_t out_cap)
{
	struct sockaddr_un a;
	enum err e = address_of(path, &a);

	if (e != ERR_OK) {
		return e;
	}
	CHECK(in_cap >= FRAME_BYTES_MAX && out_cap >= FRAME_HEADER_BYTES + GATE_HELLO_BYTES);
	*k = (struct unix_link){
		.loop = l,
		.table = t,
		.io = { .fd = -1 },
		.timer = { .on = on_link_timer, .ctx = k },
		.in = in,
		.in_cap = in_cap,
		.out = out,
		.out_cap = out_cap,
		.pause_ms = UNIX_PAUSE_MIN_MS,
		.state = UNIX_LINK_STOPPED,
	};
	memcpy(k->path, a.sun_path, sizeof k->path);
	return ERR_OK;
}

void unix_link_start(struct unix_link *k)
{
	if (k->state == UNIX_LINK_STOPPED) {
		k->pause_ms = UNIX_PAUSE_MIN_MS;
		link_connect(k);
	}
}

bool unix_link_up(const struct unix_link *k)
{
	return k->state == UNIX_LINK_UP;
}

enum err unix_link_send_in_two(struct unix_link *k, struct bytes head, struct bytes body)
{
	size_t n = head.n + body.n;

	if (k->state != UNIX_LINK_UP) {
		return ERR_UNREACHABLE;
	}
	if (n > k->out_cap - k->out_n) {
		link_flush(k);
	}
	if (k->state != UNIX_LINK_UP) {
		return ERR_UNREACHABLE;
	}
	if (n > k->out_cap - k->out_n) {
		NOTES(NOTES_UNUSUAL, "link-too-slow", notes_text("path", k->path),
		      notes_u64("queued", k->out_n));
		link_drop(k);
		return ERR_FULL;
	}
	put_in_two(k->out + k->out_n, head, body);
	k->out_n += n;
	link_flush(k);
	return k->state == UNIX_LINK_UP ? ERR_OK : ERR_UNREACHABLE;
}

enum err unix_link_send(struct unix_link *k, struct bytes frame)
{
	return unix_link_send_in_two(k, frame, bytes_of(NULL, 0));
}

void unix_link_again(struct unix_link *k)
{
	link_drop(k);
}

void unix_link_stop(struct unix_link *k)
{
	link_drop(k);
	loop_timer_off(k->loop, &k->timer);
	k->was_up = false;
	k->state = UNIX_LINK_STOPPED;
}

/* The blocking side, for command-line tools. */

static enum err wait_for(int fd, short events, uint64_t until_ms)
{
	for (;;) {
		uint64_t now = clock_mono_ms();
		struct pollfd p = { .fd = fd, .events = events };
		int n;

		if (now >= until_ms) {
			return ERR_TIMEOUT;
		}
		n = poll(&p, 1, until_ms - now > 60000 ? 60000 : (int)(until_ms - now));
		if (n > 0) {
			return ERR_OK;
		}
		if (n < 0 && errno != EINTR) {
			return ERR_IO;
		}
	}
}

static enum err ask_write(int fd, struct bytes b, uint64_t until_ms)
{
	size_t done = 0;

	while (done < b.n) {
		/* The asker may be a tool that did not ignore SIGPIPE. */
		ssize_t n = send(fd, b.p + done, b.n - done, MSG_NOSIGNAL);

		if (n > 0) {
			done += (size_t)n;
			continue;
		}
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			enum err e = wait_for(fd, POLLOUT, until_ms);

			if (e != ERR_OK) {
				return e;
			}
			continue;
		}
		return ERR_UNREACHABLE;
	}
	return ERR_OK;
}

/* One whole frame into buf; a second frame behind it is not expected and refused. */
static enum err ask_read(int fd, uint8_t *buf, size_t cap, uint64_t until_ms, struct frame *out)
{
	size_t have = 0;

	for (;;) {
		struct frame f;
		size_t used = 0;
		ssize_t n;
		enum err e = frame_next(&f, &used, bytes_of(buf, have));

		if (e == ERR_OK) {
			if (used != have) {
				return ERR_INPUT;
			}
			*out = f;
			return ERR_OK;
		}
		if (e != ERR_WAIT) {
			return e;
		}
		if (have == cap) {
			return ERR_TOO_LARGE;
		}
		e = wait_for(fd, POLLIN, until_ms);
		if (e != ERR_OK) {
			return e;
		}
		n = read(fd, buf + have, cap - have);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			continue;
		}
		if (n <= 0) {
			return ERR_UNREACHABLE;
		}
		have += (size_t)n;
	}
}

enum err unix_ask(const struct gate_table *t, const char *path, struct bytes request,
		  uint8_t *reply, size_t cap, uint64_t timeout_ms, struct frame *out)
{
	uint64_t until = clock_mono_ms() + timeout_ms;
	uint8_t buf[FRAME_HEADER_BYTES + GATE_HELLO_BYTES];
	struct gate_state gate = { .progress = GATE_NEW };
	struct frame asked;
	struct frame f;
	struct bytes hello;
	size_t used = 0;
	int fd = -1;
	enum err e;

	CHECK(frame_next(&asked, &used, request) == ERR_OK && used == request.n);
	e = unix_connect(path, &fd);
	if (e != ERR_OK) {
		return e;
	}
	CHECK(hello_frame(t, gate_hello_number(t), 0, buf, &hello) == ERR_OK);
	e = ask_write(fd, hello, until);
	if (e != ERR_OK) {
		goto out;
	}
	e = ask_read(fd, reply, cap, until, &f);
	if (e != ERR_OK) {
		goto out;
	}
	if (f.number != (uint16_t)(gate_hello_number(t) + 1)) {
		e = ERR_INPUT;
		goto out;
	}
	e = gate_hello(t, &gate, f.body);
	if (e != ERR_OK) {
		goto out;
	}
	e = ask_write(fd, request, until);
	if (e != ERR_OK) {
		goto out;
	}
	e = ask_read(fd, reply, cap, until, &f);
	if (e != ERR_OK) {
		goto out;
	}
	if (f.id != asked.id || f.number != (uint16_t)(asked.number + 1)) {
		e = ERR_INPUT;
		goto out;
	}
	*out = f;

out:
	(void)close(fd);
	return e;
}
