/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: effects are carried out in the order of their list; nothing that stands behind a COMMIT
 * happens before it is durable, and nothing ever after one that failed; events say what happened,
 * by both clocks. Method: the real executor over a real journal file and real sockets, with a core
 * that does what the case tells it; fdatasync fails on demand; a child dies where the process must.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "base/attr.h"
#include "io/clock.h"
#include "io/notes.h"
#include "io/run.h"
#include "ipc/gate.h"
#include "t.h"
#include "unit/store/kit.h"

enum { N = 4, IN_CAP = 16 + 256, OUT_CAP = 1024, SEEN_MAX = 64 };

static const struct gate_row rows[] = {
	{ "HELLO", 2, ROLE_ANY, 36, PHASE_HELLO },
	{ "ASK", 4, ROLE_SERVER, 256, PHASE_READY },
};

static struct gate_table table;
static struct loop l;
static struct unix_server server;
static struct unix_channel channels[N];
static uint8_t buffers[N * (IN_CAP + OUT_CAP)];
static struct unix_link asking;
static uint8_t link_in[FRAME_BYTES_MAX], link_out[OUT_CAP];

static struct store_file journal;
static struct log_chain chain;
static uint64_t sealed;

static struct run serving, linked; /* one core behind the server, one behind the link */
static uint8_t scratch[2][256 * 1024];
static struct event seen[2][SEEN_MAX];
static size_t seen_n[2];
static char words[64]; /* body of the last frame, of whichever core */
static int calls;
static uint64_t call_id;
static unsigned long syncs_at_call;

/* What the core does at an event; NULL: nothing. */
static void (*act)(const struct event *event, struct effects *effects);

static void step(void *core, const struct event *event, struct effects *effects)
{
	size_t who = *(const size_t *)core;
	size_t n = event->body.n < sizeof words - 1 ? event->body.n : sizeof words - 1;

	if (seen_n[who] < SEEN_MAX) {
		seen[who][seen_n[who]++] = *event;
	}
	if (event->kind == EVENT_FRAME) {
		if (n > 0) {
			memcpy(words, event->body.p, n);
		}
		words[n] = '\0';
	}
	if (act != NULL) {
		act(event, effects);
	}
}

static void call(void *ctx, uint16_t number, uint64_t request_id, struct bytes arguments)
{
	(void)ctx;
	calls += number == 9 && arguments.n == 3;
	call_id = request_id;
	syncs_at_call = kit_syncs;
}

static bool open_journal(void)
{
	static struct kit_seen replayed;
	struct store_fault fault;

	kit_no_failures();
	kit_seen_init(&replayed);
	log_chain_init(&chain);
	sealed = 0;
	return kit_fresh() &&
	       store_file_open(&journal, kit_path("journal"), STORE_FILE_CREATE, 0, &fault) ==
		   ERR_OK &&
	       store_replay(&journal.base, kit_buffer, sizeof kit_buffer, kit_each, &replayed) ==
		   ERR_OK;
}

static bool start(void)
{
	static size_t ids[2] = { 0, 1 };
	int fd = -1;

	memset(seen_n, 0, sizeof seen_n);
	calls = 0;
	act = NULL;
	words[0] = '\0';
	if (!open_journal() || loop_init(&l) != ERR_OK ||
	    unix_listen(kit_path("socket"), 0600, &fd) != ERR_OK) {
		return false;
	}
	gate_table_init(&table, "run", 1, rows, ARRAY_LEN(rows));
	unix_server_init(&server, &l, &table, channels, N, buffers, IN_CAP, OUT_CAP);
	run_init(&serving, step, &ids[0], &journal.base, scratch[0], sizeof scratch[0]);
	run_init(&linked, step, &ids[1], NULL, scratch[1], sizeof scratch[1]);
	run_on_call(&serving, call, NULL);
	run_serve(&serving, &server);
	return unix_server_listen(&server, fd, ROLE_SERVER, N) == ERR_OK;
}

static void finish(void)
{
	unix_server_close(&server);
	loop_close(&l);
	store_close(&journal.base);
	kit_clean();
}

static void turn(int times)
{
	for (int i = 0; i < times; i++) {
		if (loop_turn(&l, 1) != ERR_OK) {
			abort();
		}
	}
}

/* Until core who has seen n events in all. */
static bool sees(size_t who, size_t n)
{
	uint64_t until = clock_mono_ms() + 5000;

	while (seen_n[who] < n && clock_mono_ms() < until) {
		turn(1);
	}
	return seen_n[who] == n;
}

static struct bytes next_batch(void)
{
	struct bytes batch = { 0 };

	if (!kit_seal(&batch, &chain, sealed++)) {
		abort();
	}
	return batch;
}

/* A raw client of the server that has said HELLO; -1. */
static int client(void)
{
	uint8_t buf[64], hello[GATE_HELLO_BYTES];
	struct bytes frame;
	int fd = -1;

	gate_hello_put(&table, hello);
	if (unix_connect(kit_path("socket"), &fd) != ERR_OK ||
	    frame_raw(buf, sizeof buf, 2, 1, bytes_of(hello, sizeof hello), &frame) != ERR_OK) {
		return -1;
	}
	turn(2);
	if (write(fd, frame.p, frame.n) != (ssize_t)frame.n) {
		return -1;
	}
	turn(4);
	return read(fd, buf, sizeof buf) == 16 + GATE_HELLO_BYTES ? fd : -1;
}

/* The request ids of the whole frames that wait at fd, as letters. */
static const char *heard(int fd)
{
	static char ids[16];
	uint8_t buf[1024];
	ssize_t n = read(fd, buf, sizeof buf);
	struct bytes have = bytes_of(buf, n > 0 ? (size_t)n : 0);
	struct frame f;
	size_t used, k = 0;

	while (frame_next(&f, &used, have) == ERR_OK && k < sizeof ids - 1) {
		ids[k++] = (char)f.id;
		have = bytes_of(have.p + used, have.n - used);
	}
	ids[k] = '\0';
	return ids;
}

static struct bytes spoilt; /* instead of the second batch, if n > 0 */

/* a, COMMIT, b, COMMIT, c, CALL, d */
static void act_long(const struct event *event, struct effects *effects)
{
	uint32_t to = seen[0][0].channel;

	if (event->kind != EVENT_TICK) {
		return;
	}
	effects_send(effects, to, 5, 'a', bytes_str("1"));
	effects_commit(effects, next_batch());
	effects_note(effects, "info test-of-run step=%d", 1);
	effects_send(effects, to, 5, 'b', bytes_str("2"));
	effects_commit(effects, spoilt.n > 0 ? spoilt : next_batch());
	effects_send(effects, to, 5, 'c', bytes_str("3"));
	effects_call(effects, 9, 42, bytes_str("arg"));
	effects_send(effects, to, 5, 'd', bytes_str("4"));
}

static void in_order(void)
{
	int fd;

	T_CHECK(start());
	fd = client();
	T_CHECK(fd >= 0);
	T_EQ(seen_n[0], 1);
	act = act_long;
	spoilt.n = 0;
	kit_no_failures();
	run_tick(&serving);
	T_EQ(kit_syncs, 2);
	T_EQ(syncs_at_call, 2);
	T_EQ(calls, 1);
	T_EQ(call_id, 42);
	T_STR(heard(fd), "abcd");
	T_EQ(serving.lost, 0);
	T_EQ(serving.effects.n, 0);
	T_CHECK(!serving.running);
	(void)close(fd);
	finish();
}

/* In a child: the tick, then what the process would do if it lived. */
static int tick_in_child(void)
{
	int status = 0;
	pid_t pid;

	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		run_tick(&serving);
		turn(3);
		_exit(calls == 1 ? 0 : 99);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		return -1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void a_failed_commit_is_the_end(void)
{
	static uint8_t copy[KIT_BUFFER];
	struct bytes batch;
	int fd;

	/* The sync of the first, of the second, neither (the control). */
	for (unsigned long at = 0; at <= 2; at++) {
		T_CHECK(start());
		fd = client();
		T_CHECK(fd >= 0);
		act = act_long;
		spoilt.n = 0;
		kit_no_failures();
		kit_fail_sync = at;
		T_EQ(tick_in_child(), at == 0 ? 0 : err_exit(ERR_IO));
		T_STR(heard(fd), at == 0 ? "abcd" : at == 1 ? "a" : "ab");
		(void)close(fd);
		finish();
	}
	/* A disk that is full, a damaged batch, the same batch again. */
	for (int how = 0; how < 3; how++) {
		T_CHECK(start());
		fd = client();
		T_CHECK(fd >= 0);
		act = act_long;
		kit_no_failures();
		spoilt.n = 0;
		if (how == 0) {
			kit_fail_write = 1;
			kit_fail_errno = ENOSPC;
		} else {
			batch = next_batch();
			memcpy(copy, batch.p, batch.n);
			copy[batch.n - 1] ^= how == 1 ? 1 : 0;
			spoilt = bytes_of(copy, batch.n);
			log_chain_init(&chain);
			sealed = 0;
		}
		T_EQ(tick_in_child(), err_exit(how == 0   ? ERR_FULL
					       : how == 1 ? ERR_CORRUPT
							  : ERR_MISMATCH));
		T_STR(heard(fd), how == 0 ? "a" : "ab");
		(void)close(fd);
		finish();
	}
	spoilt.n = 0;
}

static void act_send_nowhere(const struct event *event, struct effects *effects)
{
	static const uint32_t nobody[] = { 0, 1, 16, 17, 65535, 65537, 0x7fff0000, 0xffffffff };

	if (event->kind != EVENT_TICK) {
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(nobody); i++) {
		effects_send(effects, nobody[i], 5, 'x', bytes_str("x"));
		effects_close(effects, nobody[i]);
	}
	effects_send(effects, seen[0][0].channel, 5, 'y', bytes_str("y"));
	effects_call(effects, 9, 1, bytes_str("arg"));
}

static void a_channel_that_is_gone(void)
{
	int fd, other;

	T_CHECK(start());
	fd = client();
	T_CHECK(fd >= 0);
	act = act_send_nowhere;
	run_tick(&serving);
	T_EQ(serving.lost, 8);
	T_EQ(calls, 1);
	T_STR(heard(fd), "y");
	/* Now he is gone too, and his place is taken by another, who must hear nothing of it. */
	(void)close(fd);
	T_CHECK(sees(0, 3));
	T_EQ(seen[0][2].kind, EVENT_CLOSED);
	T_EQ(seen[0][2].channel, seen[0][0].channel);
	other = client();
	T_CHECK(other >= 0 && sees(0, 4));
	T_CHECK(seen[0][3].kind == EVENT_OPENED && seen[0][3].channel != seen[0][0].channel);
	run_tick(&serving);
	T_EQ(serving.lost, 8 + 9);
	T_EQ(calls, 2);
	T_STR(heard(other), "");
	(void)close(other);
	finish();
}

/* He takes nothing: his buffer is full some day, that SEND is lost and he is closed. */
static void act_flood(const struct event *event, struct effects *effects)
{
	static const uint8_t much[1000];

	if (event->kind == EVENT_TICK) {
		effects_send(effects, seen[0][0].channel, 5, 'z', bytes_of(much, sizeof much));
	}
}

static void a_channel_that_never_reads(void)
{
	int fd;

	T_CHECK(start());
	fd = client();
	T_CHECK(fd >= 0);
	act = act_flood;
	for (int i = 0; i < 5000 && serving.lost == 0; i++) {
		run_tick(&serving);
	}
	T_EQ(serving.lost, 1);
	act = NULL;
	/* Told of outside of the step that lost it. */
	T_CHECK(seen[0][seen_n[0] - 1].kind == EVENT_TICK);
	seen_n[0] = 0;
	T_CHECK(sees(0, 1));
	T_EQ(seen[0][0].kind, EVENT_CLOSED);
	(void)close(fd);
	finish();
}

static bool clocks_lie_between(const struct event *e, const uint64_t wall[2],
			       const uint64_t mono[2])
{
	return e->wall_ms >= wall[0] && e->wall_ms <= wall[1] && e->mono_ms >= mono[0] &&
	       e->mono_ms <= mono[1];
}

static void events_carry_both_clocks(void)
{
	uint64_t wall[2], mono[2];
	struct event lie = { .kind = EVENT_REPLY, .wall_ms = 1, .mono_ms = 2 };

	T_CHECK(start());
	wall[0] = clock_wall_ms();
	mono[0] = clock_mono_ms();
	run_tick(&serving);
	run_reply(&serving, 7, 1234, ERR_NODE, bytes_str("why"));
	run_event(&serving, &lie);
	wall[1] = clock_wall_ms();
	mono[1] = clock_mono_ms();
	T_EQ(seen_n[0], 3);
	for (size_t i = 0; i < 3; i++) {
		T_CHECK(clocks_lie_between(&seen[0][i], wall, mono));
	}
	T_EQ(seen[0][0].kind, EVENT_TICK);
	T_EQ(seen[0][1].kind, EVENT_REPLY);
	T_EQ(seen[0][1].number, 7);
	T_EQ(seen[0][1].request_id, 1234);
	T_EQ(seen[0][1].status, ERR_NODE);
	T_EQ(seen[0][1].body.n, 3);
	T_EQ(seen[0][1].channel, 0);
	finish();
}

/* The asking core says "ping" when its link is up; the serving one answers, then closes at "go". */
static void act_talk(const struct event *event, struct effects *effects)
{
	if (event->kind == EVENT_OPENED && event->channel == 1) {
		effects_send(effects, 1, 4, 77, bytes_str("ping"));
	} else if (event->kind == EVENT_FRAME && event->channel > 65535) {
		effects_send(effects, event->channel, 5, event->request_id, bytes_str("pong"));
		effects_close(effects, event->channel);
	}
}

static void both_sides(void)
{
	uint32_t channel = 0;

	T_CHECK(start());
	act = act_talk;
	T_EQ(unix_link_init(&asking, &l, &table, kit_path("socket"), link_in, sizeof link_in,
			    link_out, sizeof link_out),
	     ERR_OK);
	run_link(&linked, &asking, ROLE_PEER, &channel);
	T_EQ(channel, 1);
	unix_link_start(&asking);
	T_CHECK(sees(0, 3));
	T_CHECK(seen[0][0].kind == EVENT_OPENED && seen[0][0].role == ROLE_SERVER);
	T_CHECK(seen[0][0].channel > 65535);
	T_CHECK(seen[0][1].kind == EVENT_FRAME && seen[0][1].number == 4);
	T_EQ(seen[0][1].request_id, 77);
	T_EQ(seen[0][1].role, ROLE_SERVER);
	T_EQ(seen[0][1].body.n, 4);
	T_EQ(seen[0][1].channel, seen[0][0].channel);
	T_CHECK(seen[0][2].kind == EVENT_CLOSED && seen[0][2].channel == seen[0][0].channel);
	T_CHECK(seen_n[1] >= 3 || sees(1, 3));
	T_CHECK(seen[1][0].kind == EVENT_OPENED && seen[1][0].role == ROLE_PEER);
	T_CHECK(seen[1][1].kind == EVENT_FRAME && seen[1][1].number == 5);
	T_EQ(seen[1][1].request_id, 77);
	T_EQ(seen[1][1].channel, 1);
	T_CHECK(seen[1][2].kind == EVENT_CLOSED && seen[1][2].channel == 1);
	T_STR(words, "pong");
	/* It comes again by itself, as the same channel. */
	act = NULL;
	T_CHECK(sees(1, 4));
	T_CHECK(seen[1][3].kind == EVENT_OPENED && seen[1][3].channel == 1);
	T_EQ(linked.lost, 0);
	unix_link_stop(&asking);
	finish();
}

static void act_call(const struct event *event, struct effects *effects)
{
	(void)event;
	effects_call(effects, 9, 1, bytes_str("arg"));
}

static void act_commit(const struct event *event, struct effects *effects)
{
	(void)event;
	effects_commit(effects, next_batch());
}

static void act_too_large(const struct event *event, struct effects *effects)
{
	static const uint8_t much[FRAME_BODY_MAX + 1];

	(void)event;
	effects_send(effects, 1, 5, 1, bytes_of(much, sizeof much));
}

static void act_unknown(const struct event *event, struct effects *effects)
{
	(void)event;
	effects_call(effects, 9, 1, bytes_str("arg"));
	effects->list[0].kind = (enum effect_kind)99;
}

static void answer_inside(void *ctx, uint16_t number, uint64_t request_id, struct bytes arguments)
{
	run_reply(ctx, number, request_id, ERR_OK, arguments);
}

static void mistake_answers_inside(void)
{
	act = act_call;
	run_on_call(&serving, answer_inside, &serving);
	run_tick(&serving);
}

static void mistake_nobody_to_call(void)
{
	act = act_call;
	run_tick(&linked);
}

static void mistake_no_journal(void)
{
	act = act_commit;
	run_tick(&linked);
}

static void mistake_too_large(void)
{
	act = act_too_large;
	run_tick(&serving);
}

static void mistake_unknown_effect(void)
{
	act = act_unknown;
	run_tick(&serving);
}

static void mistake_two_servers(void)
{
	run_serve(&serving, &server);
}

static void mistake_many_links(void)
{
	uint32_t channel;

	for (int i = 0; i <= RUN_LINKS_MAX; i++) {
		run_link(&linked, &asking, ROLE_PEER, &channel);
	}
}

static void as_many_links_as_allowed(void)
{
	uint32_t channel = 0;

	for (int i = 0; i < RUN_LINKS_MAX; i++) {
		run_link(&linked, &asking, ROLE_PEER, &channel);
	}
	_exit(channel == RUN_LINKS_MAX ? 0 : 1);
}

static void our_own_mistakes_die(void)
{
	static void (*const mistakes[])(void) = {
		mistake_answers_inside, mistake_nobody_to_call, mistake_no_journal,
		mistake_too_large,      mistake_unknown_effect, mistake_two_servers,
		mistake_many_links,
	};

	T_CHECK(start());
	for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
		printf("# mistake %zu\n", i);
		T_CHECK(t_dies(SIGABRT, mistakes[i]));
	}
	T_CHECK(!t_dies(SIGABRT, as_many_links_as_allowed));
	finish();
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "effects in order", in_order },
		{ "a failed commit is the end", a_failed_commit_is_the_end },
		{ "a channel that is gone", a_channel_that_is_gone },
		{ "a channel that never reads", a_channel_that_never_reads },
		{ "events carry both clocks", events_carry_both_clocks },
		{ "both sides of a socket", both_sides },
		{ "our own mistakes die", our_own_mistakes_die },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
