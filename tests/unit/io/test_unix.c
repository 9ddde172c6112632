/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: whatever a stranger sends to a socket, the gate holds, nobody else is disturbed, and an
 * honest client is served; a link comes back by itself. Method: real sockets; a server in this
 * process turned by hand, raw clients beside it: frames cut at every byte, byte by byte, wrong, too
 * large, repliers that never read, tables that are full.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/attr.h"
#include "io/clock.h"
#include "io/notes.h"
#include "io/unix.h"
#include "t.h"

enum { N = 6, IN_CAP = 16 + 256, OUT_CAP = 8192 };

static const struct gate_row rows[] = {
	{ "HELLO", 2, ROLE_ANY, 36, PHASE_HELLO },
	{ "ECHO", 4, ROLE_SERVER | ROLE_STOP, 256, PHASE_READY },
	{ "ANY", 6, ROLE_STOP, 8, PHASE_ANY },
	{ "FLOOD", 8, ROLE_SERVER, 0, PHASE_READY },
};

static struct loop l;
static struct gate_table table;
static struct unix_server server;
static struct unix_channel channels[N];
static uint8_t buffers[N * (IN_CAP + OUT_CAP)];
static char dir[] = "/tmp/kuramori-unix-XXXXXX";
static char path[64], stop_path[64];
static int served, opened, closed, last_role;
static uint32_t last_channel;
static enum err last_send;

static void on_open(void *ctx, uint32_t channel, uint16_t role)
{
	(void)ctx;
	(void)channel;
	(void)role;
	opened++;
}

static void on_frame(void *ctx, uint32_t channel, uint16_t role, uint16_t number, uint64_t id,
		     struct bytes body)
{
	uint8_t buf[16 + 4096];
	static const uint8_t much[4000];
	struct bytes out;

	(void)ctx;
	served++;
	last_role = role;
	last_channel = channel;
	if (number == 8) {
		body = bytes_of(much, sizeof much);
	}
	if (frame_raw(buf, sizeof buf, (uint16_t)(number + 1), id, body, &out) == ERR_OK) {
		last_send = unix_send(&server, channel, out);
	}
}

static void on_close(void *ctx, uint32_t channel, uint16_t role)
{
	(void)ctx;
	(void)channel;
	(void)role;
	closed++;
}

static void turn(int times)
{
	for (int i = 0; i < times; i++) {
		if (loop_turn(&l, 0) != ERR_OK) {
			abort();
		}
	}
}

static bool start(void)
{
	int fd = -1, stop = -1;

	served = opened = closed = 0;
	if (loop_init(&l) != ERR_OK || unix_listen(path, 0600, &fd) != ERR_OK ||
	    unix_listen(stop_path, 0660, &stop) != ERR_OK) {
		return false;
	}
	gate_table_init(&table, "test", 1, rows, ARRAY_LEN(rows));
	unix_server_init(&server, &l, &table, channels, N, buffers, IN_CAP, OUT_CAP);
	server.on_open = on_open;
	server.on_frame = on_frame;
	server.on_close = on_close;
	return unix_server_listen(&server, fd, ROLE_SERVER, 4) == ERR_OK &&
	       unix_server_listen(&server, stop, ROLE_STOP, 2) == ERR_OK;
}

static void finish(void)
{
	unix_server_close(&server);
	loop_close(&l);
}

static int dial(const char *to)
{
	int fd = -1;

	if (unix_connect(to, &fd) != ERR_OK) {
		return -1;
	}
	turn(2);
	return fd;
}

static size_t make(uint8_t *buf, uint16_t number, uint64_t id, struct bytes body)
{
	struct bytes out = { 0 };

	if (frame_raw(buf, FRAME_BYTES_MAX, number, id, body, &out) != ERR_OK) {
		abort();
	}
	return out.n;
}

static uint8_t buf[FRAME_BYTES_MAX];

static bool say(int fd, const void *p, size_t n)
{
	bool well = write(fd, p, n) == (ssize_t)n;

	turn(4);
	return well;
}

static bool say_hello(int fd)
{
	uint8_t hello[GATE_HELLO_BYTES];
	uint8_t reply[256];

	gate_hello_put(&table, hello);
	return say(fd, buf, make(buf, 2, 7, bytes_of(hello, sizeof hello))) &&
	       read(fd, reply, sizeof reply) == 16 + 36 && le16_get(reply + 4) == 3 &&
	       le64_get(reply + 8) == 7 && memcmp(reply + 16, hello, sizeof hello) == 0;
}

/* Bytes there, 0 closed, -1 open and silent. */
static ssize_t look(int fd)
{
	uint8_t in[4096];
	ssize_t n = read(fd, in, sizeof in);

	return n < 0 && errno == ECONNRESET ? 0 : n;
}

static void an_honest_client(void)
{
	int fd;
	uint8_t in[64];

	T_CHECK(start());
	fd = dial(path);
	T_CHECK(fd >= 0 && say_hello(fd));
	T_EQ(opened, 1);
	T_CHECK(say(fd, buf, make(buf, 4, 99, bytes_str("words"))));
	T_EQ(read(fd, in, sizeof in), 16 + 5);
	T_EQ(le16_get(in + 4), 5);
	T_CHECK(le64_get(in + 8) == 99 && memcmp(in + 16, "words", 5) == 0);
	T_EQ(last_role, ROLE_SERVER);
	T_EQ(unix_role(&server, last_channel), ROLE_SERVER);
	(void)close(fd);
	turn(4);
	T_EQ(closed, 1);
	T_EQ(unix_role(&server, last_channel), 0);
	T_EQ(unix_send(&server, last_channel, bytes_of(in, 21)), ERR_NOT_FOUND);
	finish();
}

static void byte_by_byte_and_all_at_once(void)
{
	uint8_t hello[GATE_HELLO_BYTES];
	uint8_t all[512];
	size_t n;
	int fd;

	T_CHECK(start());
	gate_hello_put(&table, hello);
	n = make(all, 2, 1, bytes_of(hello, sizeof hello));
	n += make(buf, 4, 2, bytes_str("one"));
	memcpy(all + 52, buf, 19);
	(void)make(buf, 4, 3, bytes_str("two"));
	memcpy(all + 71, buf, 19);
	n = 90;
	fd = dial(path);
	for (size_t i = 0; i < n; i++) {
		T_CHECK(say(fd, all + i, 1));
	}
	T_EQ(served, 2);
	T_EQ(look(fd), 52 + 19 + 19);
	(void)close(fd);
	fd = dial(path);
	T_CHECK(say(fd, all, n));
	T_EQ(served, 4);
	(void)close(fd);
	finish();
}

/* Each gets no answer, is closed, and leaves an honest client untouched. */
static void refused_frames(void)
{
	static const struct {
		const char *name;
		bool hello, stop;
		uint16_t number;
		uint32_t body_bytes; /* as the header says; only the header is sent */
		uint16_t zero;
	} bad[] = {
		{ "before HELLO", false, false, 4, 0, 0 },
		{ "HELLO twice", true, false, 2, 36, 0 },
		{ "unknown number", true, false, 10, 0, 0 },
		{ "a reply", true, false, 5, 0, 0 },
		{ "number 0", true, false, 0, 0, 0 },
		{ "number 65535", true, false, 0xffff, 0, 0 },
		{ "not for this path", true, true, 8, 0, 0 },
		{ "not for this path either", true, false, 6, 0, 0 },
		{ "one byte over its limit", true, false, 4, 257, 0 },
		{ "largest body", true, false, 4, 65536, 0 },
		{ "larger than any body", true, false, 4, 65537, 0 },
		{ "4 GiB", true, false, 4, 0xffffffff, 0 },
		{ "reserved bits", true, false, 4, 0, 1 },
		{ "HELLO too short", false, false, 2, 0, 0 },
		{ "HELLO too long", false, false, 2, 37, 0 },
	};

	int honest;

	T_CHECK(start());
	honest = dial(path);
	T_CHECK(say_hello(honest));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		uint8_t h[16] = { 0 };
		int before = served;
		int fd = dial(bad[i].stop ? stop_path : path);

		printf("# %s\n", bad[i].name);
		T_CHECK(fd >= 0);
		T_CHECK(!bad[i].hello || say_hello(fd));
		le32_put(h, bad[i].body_bytes);
		le16_put(h + 4, bad[i].number);
		le16_put(h + 6, bad[i].zero);
		T_CHECK(say(fd, h, sizeof h));
		T_EQ(look(fd), 0);
		T_EQ(served, before);
		(void)close(fd);
		turn(4);
		T_CHECK(say(honest, buf, make(buf, 4, i, bytes_str("still here"))));
		T_EQ(look(honest), 16 + 10);
	}
	(void)close(honest);
	finish();
}

static void other_tables_hello(void)
{
	uint8_t hello[GATE_HELLO_BYTES];
	int fd;

	T_CHECK(start());
	for (size_t at = 0; at < sizeof hello; at++) {
		gate_hello_put(&table, hello);
		hello[at] ^= 0x80;
		fd = dial(path);
		T_CHECK(say(fd, buf, make(buf, 2, 7, bytes_of(hello, sizeof hello))));
		T_EQ(look(fd), 0);
		(void)close(fd);
		turn(3);
	}
	T_EQ(opened, 0);
	T_EQ(closed, 0);
	finish();
}

/* Hanging up after every possible number of bytes leaves no channel behind. */
static void truncated_at_every_byte(void)
{
	uint8_t hello[GATE_HELLO_BYTES];
	uint8_t all[128];
	size_t n;
	int fd;

	T_CHECK(start());
	gate_hello_put(&table, hello);
	n = make(all, 2, 1, bytes_of(hello, sizeof hello));
	(void)make(buf, 4, 2, bytes_str("document"));
	memcpy(all + n, buf, 24);
	n += 24;
	for (size_t cut = 0; cut < n; cut++) {
		fd = dial(path);
		T_CHECK(fd >= 0);
		T_CHECK(cut == 0 || say(fd, all, cut));
		(void)close(fd);
		turn(4);
	}
	T_EQ(served, 0);
	T_EQ(opened, closed);
	for (size_t i = 0; i < N; i++) {
		T_CHECK(!channels[i].used);
	}
	fd = dial(path);
	T_CHECK(say_hello(fd));
	(void)close(fd);
	finish();
}

static void without_hello_where_the_table_says_so(void)
{
	int fd;

	T_CHECK(start());
	fd = dial(stop_path);
	T_CHECK(say(fd, buf, make(buf, 6, 1, bytes_str("stop"))));
	T_EQ(look(fd), 16 + 4);
	T_EQ(opened, 1);
	T_CHECK(say(fd, buf, make(buf, 4, 1, bytes_str("x"))));
	T_EQ(look(fd), 0);
	(void)close(fd);
	finish();
}

static void who_does_not_read_is_closed(void)
{
	int lazy;
	int honest;
	int asked = 0;
	int small = 4096;

	T_CHECK(start());
	honest = dial(path);
	T_CHECK(say_hello(honest));
	lazy = dial(path);
	T_CHECK(say_hello(lazy));
	T_EQ(setsockopt(lazy, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
	last_send = ERR_OK;
	while (asked < 5000 && last_send == ERR_OK) {
		asked++;
		if (!say(lazy, buf, make(buf, 8, 1, bytes_of(NULL, 0)))) {
			break;
		}
	}
	T_CHECK(last_send != ERR_OK);
	turn(4);
	T_EQ(closed, 1);
	T_CHECK(say(honest, buf, make(buf, 4, 1, bytes_str("still here"))));
	T_EQ(look(honest), 26);
	(void)close(lazy);
	(void)close(honest);
	finish();
}

static void one_role_cannot_use_up_the_table(void)
{
	int fds[5];
	int stop;

	T_CHECK(start());
	for (int i = 0; i < 5; i++) {
		fds[i] = dial(path);
		T_CHECK(fds[i] >= 0);
		T_CHECK(i == 4 || say_hello(fds[i]));
	}
	T_EQ(look(fds[4]), 0);
	stop = dial(stop_path);
	T_CHECK(say_hello(stop));
	(void)close(fds[0]);
	turn(4);
	fds[0] = dial(path);
	T_CHECK(say_hello(fds[0]));
	for (int i = 0; i < 5; i++) {
		(void)close(fds[i]);
	}
	(void)close(stop);
	finish();
}

static void a_stale_handle_reaches_nobody(void)
{
	uint8_t out[20] = { 0 };
	uint32_t old;
	int fd;

	T_CHECK(start());
	fd = dial(path);
	T_CHECK(say_hello(fd));
	T_CHECK(say(fd, buf, make(buf, 4, 1, bytes_str("x"))));
	old = last_channel;
	(void)close(fd);
	turn(4);
	fd = dial(path);
	T_CHECK(say_hello(fd));
	T_CHECK(say(fd, buf, make(buf, 4, 1, bytes_str("x"))));
	T_EQ(look(fd), 17);
	T_EQ(last_channel & 0xffff, old & 0xffff);
	T_CHECK(last_channel != old && last_channel > 65535);
	T_EQ(unix_send(&server, old, bytes_of(out, sizeof out)), ERR_NOT_FOUND);
	T_EQ(look(fd), -1);
	unix_finish(&server, last_channel);
	turn(3);
	T_EQ(look(fd), 0);
	T_EQ(closed, 2);
	(void)close(fd);
	finish();
}

static void listening(void)
{
	struct stat st;
	char long_path[200];
	int fd = -1;
	int second = -7;
	int file;

	T_EQ(unix_listen(path, 0600, &fd), ERR_OK);
	T_EQ(lstat(path, &st), 0);
	T_EQ(st.st_mode & 07777, 0600);
	T_EQ(unix_listen(path, 0600, &second), ERR_BUSY);
	T_EQ(second, -7);
	(void)close(fd); /* as if the process had died: the file stays */
	T_EQ(unix_connect(path, &second), ERR_UNREACHABLE);
	T_EQ(unix_listen(path, 0660, &fd), ERR_OK);
	T_EQ(lstat(path, &st), 0);
	T_EQ(st.st_mode & 07777, 0660);
	(void)close(fd);
	(void)unlink(path);
	file = open(path, O_CREAT | O_WRONLY, 0600);
	T_CHECK(file >= 0);
	(void)close(file);
	T_EQ(unix_listen(path, 0600, &fd), ERR_EXISTS);
	(void)unlink(path);
	memset(long_path, 'x', sizeof long_path);
	memcpy(long_path, "/nonexistent/", 13);
	long_path[107] = '\0';
	T_EQ(unix_listen(long_path, 0600, &fd), ERR_IO);
	long_path[107] = 'x';
	long_path[108] = '\0';
	T_EQ(unix_listen(long_path, 0600, &fd), ERR_FIELD_RANGE);
	T_EQ(unix_listen("", 0600, &fd), ERR_FIELD_RANGE);
	T_EQ(unix_connect("/nonexistent/socket", &fd), ERR_UNREACHABLE);
}

static int ups, downs, replies;

static void on_up(void *ctx)
{
	(void)ctx;
	ups++;
}

static void on_down(void *ctx)
{
	(void)ctx;
	downs++;
}

static void on_reply(void *ctx, uint16_t number, uint64_t id, struct bytes body)
{
	(void)ctx;
	if (number == 5 && id == 31 && bytes_eq(body, bytes_str("ping"))) {
		replies++;
	}
}

static bool turn_until(const int *what, int value)
{
	uint64_t until = clock_mono_ms() + 3000;

	while (*what != value && clock_mono_ms() < until) {
		if (loop_turn(&l, 10) != ERR_OK) {
			return false;
		}
	}
	return *what == value;
}

static void a_link_comes_back_by_itself(void)
{
	static uint8_t in[FRAME_BYTES_MAX], out[4096];
	struct unix_link k;
	int fd = -1;
	struct bytes frame;

	ups = downs = replies = 0;
	T_CHECK(start());
	T_EQ(unix_link_init(&k, &l, &table, path, in, sizeof in, out, sizeof out), ERR_OK);
	k.on_up = on_up;
	k.on_down = on_down;
	k.on_reply = on_reply;
	T_EQ(frame_raw(buf, sizeof buf, 4, 31, bytes_str("ping"), &frame), ERR_OK);
	T_EQ(unix_link_send(&k, frame), ERR_UNREACHABLE);
	unix_link_start(&k);
	T_CHECK(turn_until(&ups, 1));
	T_EQ(unix_link_send(&k, frame), ERR_OK);
	T_CHECK(turn_until(&replies, 1));
	unix_server_close(&server);
	T_CHECK(turn_until(&downs, 1));
	T_CHECK(!unix_link_up(&k));
	(void)unlink(stop_path);
	T_EQ(unix_listen(path, 0600, &fd), ERR_OK);
	unix_server_init(&server, &l, &table, channels, N, buffers, IN_CAP, OUT_CAP);
	server.on_frame = on_frame;
	T_EQ(unix_server_listen(&server, fd, ROLE_SERVER, 4), ERR_OK);
	T_CHECK(turn_until(&ups, 2));
	T_EQ(frame_raw(buf, sizeof buf, 4, 31, bytes_str("ping"), &frame), ERR_OK);
	T_EQ(unix_link_send(&k, frame), ERR_OK);
	T_CHECK(turn_until(&replies, 2));
	/* More than its buffer at once: dropped, not grown, and tried anew. */
	T_EQ(unix_link_send(&k, bytes_of(buf, sizeof out + 1)), ERR_FULL);
	T_CHECK(turn_until(&downs, 2));
	T_CHECK(turn_until(&ups, 3));
	unix_link_again(&k);
	T_CHECK(turn_until(&downs, 3));
	T_CHECK(turn_until(&ups, 4));
	unix_link_stop(&k);
	turn(5);
	T_EQ(downs, 3);
	finish();
}

/* A listener that answers rubbish: the link never believes it. */
static void a_link_refuses_rubbish(void)
{
	static uint8_t in[FRAME_BYTES_MAX], out[4096];
	static const uint8_t rubbish[][20] = {
		{ 0xff, 0xff, 0xff, 0xff },
		{ 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, /* HELLO without a hash */
		{ 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, /* a request */
		{ 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, /* a reply, but not HELLO's */
	};
	struct unix_link k;
	int fd = -1;

	(void)unlink(path);
	T_EQ(loop_init(&l), ERR_OK);
	gate_table_init(&table, "test", 1, rows, ARRAY_LEN(rows));
	T_EQ(unix_listen(path, 0600, &fd), ERR_OK);
	ups = downs = 0;
	for (size_t i = 0; i < ARRAY_LEN(rubbish); i++) {
		int peer;

		T_EQ(unix_link_init(&k, &l, &table, path, in, sizeof in, out, sizeof out), ERR_OK);
		k.on_up = on_up;
		k.on_down = on_down;
		unix_link_start(&k);
		peer = accept(fd, NULL, NULL);
		T_CHECK(peer >= 0);
		T_EQ(write(peer, rubbish[i], 16), 16);
		turn(3);
		T_EQ(k.state, UNIX_LINK_PAUSE);
		T_EQ(ups, 0);
		unix_link_stop(&k);
		(void)close(peer);
	}
	(void)close(fd);
	loop_close(&l);
}

/* The blocking side against a child that serves, and against a listener that says nothing. */
static void asking(void)
{
	static uint8_t reply[FRAME_BYTES_MAX];
	struct bytes request;
	struct frame f;
	int silent = -1;
	pid_t child;
	struct gate_table other;

	T_CHECK(start());
	T_EQ(frame_raw(buf, sizeof buf, 4, 12, bytes_str("hello"), &request), ERR_OK);
	(void)fflush(stdout);
	child = fork();
	if (child == 0) {
		_exit(loop_run(&l) == ERR_OK ? 0 : 1);
	}
	T_EQ(unix_ask(&table, path, request, reply, sizeof reply, 3000, &f), ERR_OK);
	T_CHECK(bytes_eq(f.body, bytes_str("hello")) && f.id == 12 && f.number == 5);
	/* Refused by the gate: closed without an answer. */
	T_EQ(frame_raw(buf, sizeof buf, 10, 12, bytes_str("hello"), &request), ERR_OK);
	T_EQ(unix_ask(&table, path, request, reply, sizeof reply, 3000, &f), ERR_UNREACHABLE);
	gate_table_init(&other, "test", 2, rows, ARRAY_LEN(rows));
	T_EQ(unix_ask(&other, path, request, reply, sizeof reply, 3000, &f), ERR_UNREACHABLE);
	(void)kill(child, SIGKILL); /* its signalfd is watched in the parent's name */
	(void)waitpid(child, NULL, 0);
	finish();
	T_EQ(unix_ask(&table, path, request, reply, sizeof reply, 3000, &f), ERR_UNREACHABLE);
	T_EQ(unix_listen(path, 0600, &silent), ERR_OK);
	T_EQ(unix_ask(&table, path, request, reply, sizeof reply, 50, &f), ERR_TIMEOUT);
	(void)close(silent);
}

/* Large frames on small channels: PLACES places for all of them. */
enum { PLACES = 2, SMALL_CAP = 16 + 36, PLACE_CAP = 16 + 256 };

static uint8_t places[PLACES * PLACE_CAP];

static bool start_lent(void)
{
	static uint8_t small[N * (SMALL_CAP + SMALL_CAP)];
	int fd = -1, stop = -1;

	served = opened = closed = 0;
	if (loop_init(&l) != ERR_OK || unix_listen(path, 0600, &fd) != ERR_OK ||
	    unix_listen(stop_path, 0660, &stop) != ERR_OK) {
		return false;
	}
	memset(places, 0, sizeof places);
	gate_table_init(&table, "test", 1, rows, ARRAY_LEN(rows));
	unix_server_init(&server, &l, &table, channels, N, small, SMALL_CAP, SMALL_CAP);
	unix_server_lend(&server, places, PLACES, PLACE_CAP);
	server.on_open = on_open;
	server.on_frame = on_frame;
	server.on_close = on_close;
	return unix_server_listen(&server, fd, ROLE_SERVER, 4) == ERR_OK &&
	       unix_server_listen(&server, stop, ROLE_STOP, 2) == ERR_OK;
}

static bool places_wiped(void)
{
	for (size_t i = 0; i < sizeof places; i++) {
		if (places[i] != 0) {
			return false;
		}
	}
	return true;
}

/* Frames of every size, several in one write and each in two, cut at every byte. */
static void large_frames_on_small_channels(void)
{
	static uint8_t all[4 * PLACE_CAP], in[4 * PLACE_CAP];
	uint8_t body[256];
	int fd;

	for (size_t i = 0; i < sizeof body; i++) {
		body[i] = (uint8_t)(i + 1);
	}
	T_CHECK(start_lent());
	fd = dial(path);
	T_CHECK(say_hello(fd));
	for (size_t n = 0; n <= sizeof body; n++) {
		size_t one = make(all, 4, n, bytes_of(body, n));

		T_CHECK(say(fd, all, one));
		T_EQ(read(fd, in, sizeof in), 16 + n);
		T_CHECK(le64_get(in + 8) == n && memcmp(in + 16, body, n) == 0);
	}
	for (size_t cut = 1; cut < PLACE_CAP; cut++) {
		size_t one = make(all, 4, cut, bytes_of(body, sizeof body));

		T_CHECK(say(fd, all, cut));
		T_EQ(look(fd), -1);
		T_CHECK(say(fd, all + cut, one - cut));
		T_EQ(look(fd), PLACE_CAP);
		T_CHECK(places_wiped());
	}
	for (size_t first = 0; first <= sizeof body; first += 7) {
		size_t n = make(all, 4, 1, bytes_of(body, first));

		n += make(buf, 4, 2, bytes_of(body, sizeof body));
		memcpy(all + 16 + first, buf, PLACE_CAP);
		n += make(buf, 4, 3, bytes_str("end"));
		memcpy(all + 16 + first + PLACE_CAP, buf, 19);
		T_CHECK(say(fd, all, n));
		turn(8);
		T_EQ(look(fd), n);
	}
	T_CHECK(places_wiped());
	T_EQ(closed, 0);
	(void)close(fd);
	finish();
}

/* Begins a large frame on a new channel and leaves it there. */
static int begin_large(size_t bytes)
{
	static const uint8_t body[256] = { 0xee };
	int fd = dial(path);
	bool greeted = say_hello(fd);

	(void)make(buf, 4, 1, bytes_of(body, sizeof body));
	return greeted && say(fd, buf, bytes) ? fd : -1;
}

static void who_hangs_up_gives_his_place_back(void)
{
	int fd;

	T_CHECK(start_lent());
	for (int i = 0; i < 3 * PLACES; i++) {
		fd = begin_large(100);
		(void)close(fd);
		turn(4);
		T_CHECK(places_wiped());
		T_CHECK(!server.large[0].used && !server.large[1].used);
	}
	T_EQ(closed, 3 * PLACES);
	finish();
}

/*
 * All places are lent to channels that never end their frames: small frames pass at once, the large
 * one when the first of those has had his time; he is closed and the other is not.
 */
static void who_never_ends_a_frame_keeps_nobody_out(void)
{
	uint8_t body[256] = { 0x11 };
	int slow[PLACES], honest, small;
	uint64_t before;

	T_CHECK(start_lent());
	slow[0] = begin_large(60);
	before = clock_mono_ms();
	slow[1] = begin_large(PLACE_CAP - 1);
	honest = dial(path);
	small = dial(stop_path);
	T_CHECK(say_hello(honest) && say_hello(small));
	T_CHECK(say(honest, buf, make(buf, 4, 5, bytes_of(body, sizeof body))));
	T_EQ(look(honest), -1);
	T_CHECK(say(small, buf, make(buf, 4, 6, bytes_str("stop"))));
	T_EQ(look(small), 20);
	while (look(honest) == -1 && clock_mono_ms() - before < 20 * UNIX_LARGE_MS) {
		T_EQ(loop_turn(&l, 10), ERR_OK);
	}
	T_EQ(look(slow[0]), 0);
	T_EQ(look(slow[1]), -1);
	T_EQ(served, 2);
	/* Nobody waits now: the other keeps his place for as long as he likes, and ends his frame.
	 */
	T_CHECK(say(slow[1], body, 1));
	T_EQ(look(slow[1]), PLACE_CAP);
	T_CHECK(places_wiped());
	for (int i = 0; i < PLACES; i++) {
		(void)close(slow[i]);
	}
	(void)close(honest);
	(void)close(small);
	finish();
}

/* Who waits and hangs up is gone; who waits longest is next, as soon as a place is free. */
static void who_waits_is_served_in_turn(void)
{
	static const uint8_t body[256] = { 0xee };
	int slow[PLACES], first, second;

	T_CHECK(start_lent());
	slow[0] = begin_large(100);
	slow[1] = begin_large(100);
	first = begin_large(100);
	T_EQ(look(first), -1);
	(void)close(first);
	turn(4);
	T_EQ(closed, 1);
	second = begin_large(100);
	T_CHECK(say(slow[0], body, PLACE_CAP - 100));
	T_EQ(look(slow[0]), PLACE_CAP);
	T_CHECK(say(second, body, PLACE_CAP - 100));
	T_EQ(look(second), PLACE_CAP);
	T_EQ(closed, 1);
	(void)close(slow[0]);
	(void)close(slow[1]);
	(void)close(second);
	finish();
}

/* A reply that is much larger than the channel's buffer leaves whole; one that nobody reads closes.
 */
static void replies_larger_than_the_buffer(void)
{
	int fd, asked = 0;
	size_t got = 0;

	T_CHECK(start_lent());
	fd = dial(path);
	T_CHECK(say_hello(fd));
	T_CHECK(say(fd, buf, make(buf, 8, 1, bytes_of(NULL, 0))));
	while (got < 16 + 4000) {
		ssize_t n = look(fd);

		T_CHECK(n > 0);
		got += (size_t)n;
	}
	T_EQ(last_send, ERR_OK);
	T_EQ(got, 16 + 4000);
	while (asked < 5000 && last_send == ERR_OK) {
		asked++;
		if (!say(fd, buf, make(buf, 8, 1, bytes_of(NULL, 0)))) {
			break;
		}
	}
	T_EQ(last_send, ERR_FULL);
	turn(4);
	T_EQ(closed, 1);
	(void)close(fd);
	finish();
}

static void what_the_kernel_takes(void)
{
	int fd = -1, least = 4096;

	T_EQ(unix_listen(path, 0600, &fd), ERR_OK);
	T_EQ(unix_kernel_takes(fd, FRAME_BYTES_MAX), ERR_OK);
	T_EQ(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof least), 0);
	T_EQ(unix_kernel_takes(fd, FRAME_BYTES_MAX), ERR_FULL);
	T_EQ(unix_kernel_takes(fd, 4096), ERR_OK);
	(void)close(fd);
	T_EQ(unix_kernel_takes(-1, 1), ERR_IO);
}

/* The place of who has hung up is free at once, though the loop has not come round to it. */
static void who_left_makes_room(void)
{
	int a, b, c = -1, d = -1, e = -1;

	T_CHECK(start());
	a = dial(stop_path);
	b = dial(stop_path);
	T_CHECK(a >= 0 && b >= 0 && look(a) == -1 && look(b) == -1);
	(void)close(a);
	T_EQ(unix_connect(stop_path, &c), ERR_OK);
	turn(4);
	T_EQ(look(c), -1);
	/* The newcomer is seen before the one that leaves. */
	T_EQ(unix_connect(stop_path, &d), ERR_OK);
	(void)close(b);
	turn(4);
	T_EQ(look(d), -1);
	/* Both are there: a third finds no room. */
	T_EQ(unix_connect(stop_path, &e), ERR_OK);
	turn(4);
	T_EQ(look(e), 0);
	T_EQ(look(c), -1);
	T_EQ(look(d), -1);
	(void)close(c);
	(void)close(d);
	(void)close(e);
	finish();
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "an honest client", an_honest_client },
		{ "byte by byte and all at once", byte_by_byte_and_all_at_once },
		{ "refused frames", refused_frames },
		{ "the HELLO of another table", other_tables_hello },
		{ "truncated at every byte", truncated_at_every_byte },
		{ "without HELLO where the table says so", without_hello_where_the_table_says_so },
		{ "who does not read is closed", who_does_not_read_is_closed },
		{ "one role cannot use up the table", one_role_cannot_use_up_the_table },
		{ "who left makes room", who_left_makes_room },
		{ "large frames on small channels", large_frames_on_small_channels },
		{ "who hangs up gives his place back", who_hangs_up_gives_his_place_back },
		{ "who never ends a frame keeps nobody out",
		  who_never_ends_a_frame_keeps_nobody_out },
		{ "who waits is served in turn", who_waits_is_served_in_turn },
		{ "replies larger than the buffer", replies_larger_than_the_buffer },
		{ "what the kernel takes", what_the_kernel_takes },
		{ "a stale handle reaches nobody", a_stale_handle_reaches_nobody },
		{ "listening", listening },
		{ "a link comes back by itself", a_link_comes_back_by_itself },
		{ "a link refuses rubbish", a_link_refuses_rubbish },
		{ "asking", asking },
	};
	int failed;

	notes_init("test", NOTES_BROKEN + 1);
	if (mkdtemp(dir) == NULL) {
		return 1;
	}
	(void)snprintf(path, sizeof path, "%s/server.sock", dir);
	(void)snprintf(stop_path, sizeof stop_path, "%s/stop.sock", dir);
	failed = t_main(cases, ARRAY_LEN(cases), argc, argv);
	(void)unlink(path);
	(void)unlink(stop_path);
	(void)rmdir(dir);
	return failed;
}
