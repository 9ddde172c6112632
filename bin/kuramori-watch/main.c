/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kuramori-watch: notices what leaves, and stops what nobody explains.
 *
 * Read in this order: this file (wiring); src/watch/watch.h (all rules are there);
 * src/io/node.h (how a chain node is read); src/ipc/signer.def and watcher.def (every message).
 *
 * Start: configuration; documents; the freeze key into locked memory; the journal replayed; own
 * sockets, links to both signers and the other watchers; ready.  The chain is read from its first
 * block as soon as the signers' records have been fetched (watch_caught_up()), or their time is
 * over: nobody has to be there for a watcher to start.
 *
 * It holds a key that can only stop.  One process, one thread; any failed write of the journal ends
 * it, and restarting is the service manager's work.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/hex.h"
#include "crypto/crypto.h"
#include "crypto/ed25519.h"
#include "crypto/key_tables.h"
#include "crypto/seal.h"
#include "crypto/sha256.h"
#include "io/clock.h"
#include "io/config.h"
#include "io/file.h"
#include "io/http_client.h"
#include "io/loop.h"
#include "io/node.h"
#include "io/notes.h"
#include "io/notify.h"
#include "io/random.h"
#include "io/run.h"
#include "io/sandbox.h"
#include "io/secret_arena.h"
#include "io/user.h"
#include "store/file.h"
#include "watch/watch.h"

enum {
	PATH_LIMIT = 256,
	TICK_MS = 20,
	CHANNELS = 24,
	CHANNELS_EACH = 8,
	IN_BYTES = FRAME_BYTES_MAX,
	OUT_BYTES = FRAME_BYTES_MAX + 16 * 1024,
	LINKS_MAX = DOC_SIGNERS + WATCH_PEERS_MAX,
	NODES = 2,
	UNDO = 16384,
};

struct settings {
	char genesis_file[PATH_LIMIT];
	char roster_file[PATH_LIMIT];
	char policy_file[PATH_LIMIT];
	char joined_roster_file[PATH_LIMIT];
	char key_file[PATH_LIMIT];
	char passphrase_file[PATH_LIMIT];
	uint32_t passphrase_fd;
	char watcher_id[DOC_NAME_MAX + 1];
	char journal_file[PATH_LIMIT];
	char signer_a_socket[UNIX_PATH_MAX];
	char signer_b_socket[UNIX_PATH_MAX];
	char peer_link[WATCH_PEERS_MAX][UNIX_PATH_MAX];
	char server_socket[UNIX_PATH_MAX];
	char stop_socket[UNIX_PATH_MAX];
	char peer_socket[UNIX_PATH_MAX];
	char node_public[PATH_LIMIT];
	char node_clean[PATH_LIMIT];
	char node_identity_file[PATH_LIMIT];
	char user[64];
	uint32_t network;
	uint32_t poll_ms;
	uint32_t barrier_ms;
	uint32_t silent_ms;
	uint32_t start_ms;
	uint32_t payments_max;
};

/* clang-format off */
static const struct config_row ROWS[] = {
	{ "genesis_file", CONFIG_PATH, NULL, 0, 0, CONFIG_FIELD(settings, genesis_file),
	  "FILE", "The genesis document: everything else must belong to it." },
	{ "roster_file", CONFIG_PATH, NULL, 0, 0, CONFIG_FIELD(settings, roster_file),
	  "FILE", "The first roster, which genesis names." },
	{ "policy_file", CONFIG_PATH, NULL, 0, 0, CONFIG_FIELD(settings, policy_file),
	  "FILE", "The first policy, which genesis names." },
	{ "joined_roster_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(settings, joined_roster_file),
	  "FILE", "A later roster, where the first has not our id with our key." },
	{ "key_file", CONFIG_PATH, NULL, 0, 0, CONFIG_FIELD(settings, key_file),
	  "FILE", "The freeze key: the Ed25519 seed, sealed; or, for development only, its 64 hex "
	  "digits.  Mode 0400." },
	{ "passphrase_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(settings, passphrase_file),
	  "FILE", "First line: the passphrase of a sealed key.  Mode 0400." },
	{ "passphrase_fd", CONFIG_U32, "0", 0, 1023, CONFIG_FIELD(settings, passphrase_fd),
	  "NUMBER", "A descriptor to read the passphrase from instead; 0: none." },
	{ "watcher_id", CONFIG_STRING, NULL, 0, 0, CONFIG_FIELD(settings, watcher_id),
	  "ID", "Our id in the roster." },
	{ "journal_file", CONFIG_PATH, "/var/lib/kuramori/kuramori-watch/journal", 0, 0,
	  CONFIG_FIELD(settings, journal_file), "FILE",
	  "What the watcher remembers; made if it is not there." },
	{ "signer_a_socket", CONFIG_PATH, NULL, 0, 0, CONFIG_FIELD(settings, signer_a_socket),
	  "SOCKET", "Our own socket of signer A." },
	{ "signer_b_socket", CONFIG_PATH, NULL, 0, 0, CONFIG_FIELD(settings, signer_b_socket),
	  "SOCKET", "Our own socket of signer B." },
	{ "peer#_socket", CONFIG_PATH, "", 0, 0, CONFIG_ARRAY(settings, peer_link),
	  "SOCKET", "The peer sockets of the other watchers: freezes are handed to them." },
	{ "server_socket", CONFIG_PATH, "/run/kuramori/watch-server.sock", 0, 0,
	  CONFIG_FIELD(settings, server_socket), "SOCKET", "Where kuramorid comes." },
	{ "stop_socket", CONFIG_PATH, "/run/kuramori/watch-stop.sock", 0, 0,
	  CONFIG_FIELD(settings, stop_socket), "SOCKET", "Where people bring freezes." },
	{ "peer_socket", CONFIG_PATH, "/run/kuramori/watch-peer.sock", 0, 0,
	  CONFIG_FIELD(settings, peer_socket), "SOCKET", "Where other watchers come." },
	{ "node_public", CONFIG_STRING, NULL, 0, 0, CONFIG_FIELD(settings, node_public),
	  "HOST:PORT", "An own NIS node that takes transactions from everybody." },
	{ "node_identity_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(settings, node_identity_file),
	  "FILE",
	  "NEM key (kuramori nem key new) by which a clean node knows us; without it a throw-away" },
	{ "node_clean", CONFIG_STRING, "", 0, 0, CONFIG_FIELD(settings, node_clean),
	  "HOST:PORT", "An own node that harvests and takes transactions from us alone." },
	{ "user", CONFIG_STRING, "", 0, 0, CONFIG_FIELD(settings, user), "USER",
	  "Name or number of the user to become when started as root." },
	{ "network", CONFIG_U32, "152", 1, 255, CONFIG_FIELD(settings, network), "BYTE",
	  "The network this operator consents to watch; must be that of genesis (152: "
	  "development)." },
	{ "poll_ms", CONFIG_U32, "50", 1, 60000, CONFIG_FIELD(settings, poll_ms), "MS",
	  "Pause between two looks at a node." },
	{ "barrier_ms", CONFIG_U32, "150", 1, 60000, CONFIG_FIELD(settings, barrier_ms), "MS",
	  "How long a suspect waits for a signer that was never heard, once start_ms is over." },
	{ "silent_ms", CONFIG_U32, "1000", 1, 60000, CONFIG_FIELD(settings, silent_ms), "MS",
	  "How long a suspect waits for a signer that does not answer, if the other one does not "
	  "know of it by then; if it answered and does not, nobody waits." },
	{ "start_ms", CONFIG_U32, "10000", 1, 600000, CONFIG_FIELD(settings, start_ms), "MS",
	  "The same from our start for a signer not heard since, and for the other's word on a "
	  "payment that one attested and that was judged good." },
	{ "payments_max", CONFIG_U32, "65536", WATCH_PAYMENTS_MIN, WATCH_PAYMENTS_MAX,
	  CONFIG_FIELD(settings, payments_max), "COUNT",
	  "Payments remembered; when they are full nothing more is acknowledged." },
};
/* clang-format on */

static const struct config_program PROGRAM = {
	.name = "kuramori-watch",
	.summary = "judges every outflow by itself, freezes what nobody explains, evacuates",
	.text = "It reads the chain from its own nodes and every attestation from both signers,\n"
		"acknowledges what it judged, and holds a key that can only stop.",
	.rows = ROWS,
	.n = ARRAY_LEN(ROWS),
};

struct watcher_node {
	struct node *node;
	unsigned index;
};

struct watcher_link {
	struct unix_link link;
	uint8_t in[FRAME_BYTES_MAX];
	uint8_t out[2 * FRAME_BYTES_MAX];
};

/* Everything secret, in the locked arena. */
struct secrets {
	struct edk_secret identity; /* what a clean node knows us by */
	uint8_t seed[SEAL_SECRET_MAX];
	uint8_t freeze[ED25519_SECRET_BYTES];
	struct log_secret journal;
	char passphrase[SEAL_PASSPHRASE_MAX + 2];
	char text[SEAL_BYTES + 2]; /* of the key file */
};

struct read_wanted {
	uint64_t request_id;
	uint64_t offset;
	uint32_t n;
};

/* The process. */
static struct watcher {
	struct settings settings;
	struct sandbox_plan plan;
	struct sandbox_report report;
	bool sandboxed;
	struct secret_arena arena;
	struct secrets *secrets;
	uint8_t genesis[DOC_BYTES_MAX], roster[DOC_BYTES_MAX], policy[DOC_BYTES_MAX];
	uint8_t joined[DOC_BYTES_MAX];
	size_t genesis_n, roster_n, policy_n, joined_n;
	struct watch watch;
	struct store_file store;
	struct loop loop;
	struct loop_timer tick;
	struct loop_timer reads_timer;
	struct read_wanted reads[DOC_SIGNERS];
	size_t reads_n;
	struct gate_table signer_table, watcher_table;
	struct unix_server server;
	struct unix_channel channels[CHANNELS];
	uint8_t buffers[CHANNELS * (IN_BYTES + OUT_BYTES)];
	struct watcher_link links[LINKS_MAX];
	size_t links_n;
	struct run run;
	uint8_t effects[WATCH_EFFECTS_BYTES];
	uint8_t batch[WATCH_BATCH_BYTES];
	struct http_client *http;
	struct watcher_node nodes[NODES];
	bool nodes_open;
	int notify_fd;
} me;

static enum err say(const char *event, enum err e, const char *detail)
{
	NOTES(NOTES_BROKEN, event, notes_err(e), notes_text("detail", detail));
	return e;
}

static enum err say_fault(enum err e, const struct doc_fault *fault)
{
	NOTES(NOTES_BROKEN, "documents", notes_err(e), notes_text("field", fault->field),
	      notes_text("detail", fault->why));
	return e;
}

/* ---- documents and key --------------------------------------------------------------------- */

static enum err document_read(const char *path, uint8_t *into, size_t *n)
{
	enum err e = file_read(path, into, DOC_BYTES_MAX, n);

	return e == ERR_OK ? ERR_OK : say("document", e, path);
}

static enum err documents_read(void)
{
	const struct settings *c = &me.settings;
	enum err e = document_read(c->genesis_file, me.genesis, &me.genesis_n);

	if (e == ERR_OK) {
		e = document_read(c->roster_file, me.roster, &me.roster_n);
	}
	if (e == ERR_OK) {
		e = document_read(c->policy_file, me.policy, &me.policy_n);
	}
	if (e == ERR_OK && c->joined_roster_file[0] != '\0') {
		e = document_read(c->joined_roster_file, me.joined, &me.joined_n);
	}
	return e;
}

static enum err passphrase_read(size_t *n)
{
	const struct settings *c = &me.settings;
	char *into = me.secrets->passphrase;
	size_t have = 0;

	if (c->passphrase_file[0] != '\0') {
		enum err e = file_read_private(c->passphrase_file, into,
					       sizeof me.secrets->passphrase - 1, &have);

		if (e != ERR_OK) {
			return say("passphrase", e, c->passphrase_file);
		}
	} else if (c->passphrase_fd != 0) {
		ssize_t got = 1;

		while (got != 0 && have < sizeof me.secrets->passphrase - 1) {
			got = read((int)c->passphrase_fd, into + have,
				   sizeof me.secrets->passphrase - 1 - have);
			if (got < 0 && errno == EINTR) {
				continue;
			}
			if (got < 0) {
				return say("passphrase", ERR_IO, "passphrase_fd");
			}
			have += (size_t)got;
		}
		(void)close((int)c->passphrase_fd); /* read to its end; nothing depends on it */
	} else {
		return say("key", ERR_CONFIG,
			   "a sealed key needs passphrase_file or passphrase_fd");
	}
	into[have] = '\0';
	*n = strcspn(into, "\r\n");
	return ERR_OK;
}

/* Sealed: SEAL_BYTES of seal.h.  Else 64 hex digits and perhaps a line feed, for development. */
static enum err key_read(void)
{
	const char *path = me.settings.key_file;
	struct secrets *s = me.secrets;
	struct hash32 derived;
	struct key32 public_key;
	size_t n = 0;
	size_t seed_n = 0;
	size_t passphrase_n = 0;
	enum err e = file_read_private(path, s->text, sizeof s->text - 1, &n);

	if (e != ERR_OK) {
		return say("key", e, path);
	}
	if (n == SEAL_BYTES) {
		e = passphrase_read(&passphrase_n);
		if (e == ERR_OK) {
			e = seal_open(s->seed, &seed_n, bytes_of(s->text, n),
				      bytes_of(s->passphrase, passphrase_n));
		}
		crypto_wipe(s->passphrase, sizeof s->passphrase);
	} else {
		if (n > 0 && s->text[n - 1] == '\n') {
			n--;
		}
		e = hex_get(s->seed, ED25519_SEED_BYTES, bytes_of(s->text, n), HEX_ANY_CASE);
		seed_n = ED25519_SEED_BYTES;
		NOTES(NOTES_UNUSUAL, "key-not-sealed", notes_text("path", path));
	}
	crypto_wipe(s->text, sizeof s->text);
	if (e == ERR_OK && seed_n != ED25519_SEED_BYTES) {
		e = ERR_KEY;
	}
	if (e != ERR_OK) {
		return say("key", e, path);
	}
	ed25519_keypair(&public_key, s->freeze, s->seed);
	hmac_sha256(&derived, bytes_of(s->seed, ED25519_SEED_BYTES),
		    bytes_str("kuramori watch journal v1"));
	memcpy(s->journal.b, derived.b, sizeof s->journal.b);
	crypto_wipe(&derived, sizeof derived);
	crypto_wipe(s->seed, sizeof s->seed);
	return ERR_OK;
}

/* ---- core and journal ---------------------------------------------------------------------- */

static enum err core_make(void)
{
	const struct settings *c = &me.settings;
	unsigned nodes = c->node_clean[0] == '\0' ? 1 : NODES;
	struct watch_config w = {
		.genesis = bytes_of(me.genesis, me.genesis_n),
		.roster = bytes_of(me.roster, me.roster_n),
		.policy = bytes_of(me.policy, me.policy_n),
		.joined = bytes_of(me.joined, me.joined_n),
		.freeze_secret = me.secrets->freeze,
		.log_secret = &me.secrets->journal,
		.network = (uint8_t)c->network,
		.nodes = nodes,
		.node_public = 0,
		.node_clean = nodes - 1,
		.barrier_ms = c->barrier_ms,
		.silent_ms = c->silent_ms,
		.start_ms = c->start_ms,
		.storage = { .payments_cap = c->payments_max,
			     .index_cap = 64,
			     .entries_cap = c->payments_max,
			     .undo_cap = UNDO },
	};
	struct doc_fault fault = { "", "" };
	enum err e;

	memcpy(w.watcher, c->watcher_id, sizeof w.watcher);
	for (size_t i = 0; i < WATCH_PEERS_MAX; i++) {
		w.peers += c->peer_link[i][0] != '\0';
	}
	while (w.storage.index_cap < 4 * (size_t)c->payments_max) {
		w.storage.index_cap *= 2;
	}
	/* sized by configuration; taken once, never given back */
	w.storage.payments = calloc(w.storage.payments_cap, sizeof *w.storage.payments);
	w.storage.index = calloc(w.storage.index_cap, sizeof *w.storage.index);
	w.storage.entries = calloc(w.storage.entries_cap, sizeof *w.storage.entries);
	w.storage.undo = calloc((size_t)nodes * UNDO, sizeof *w.storage.undo);
	if (w.storage.payments == NULL || w.storage.index == NULL || w.storage.entries == NULL ||
	    w.storage.undo == NULL) {
		return say("memory", ERR_FULL, "payments_max");
	}
	random_fill(w.boot_random, sizeof w.boot_random);
	e = watch_init(&me.watch, &w, &fault);
	return e == ERR_OK ? ERR_OK : say_fault(e, &fault);
}

static enum err replay_one(void *context, struct bytes batch)
{
	return watch_replay(context, batch);
}

static enum err journal_open(void)
{
	struct store_fault fault = { "" };
	struct doc_fault why = { "", "" };
	enum err e =
	    store_file_open(&me.store, me.settings.journal_file, STORE_FILE_EITHER, 0, &fault);

	if (e != ERR_OK) {
		return say("journal", e, fault.text);
	}
	e = store_replay(&me.store.base, me.batch, sizeof me.batch, replay_one, &me.watch);
	if (e != ERR_OK) {
		return say("journal", e, me.store.base.fault.text);
	}
	e = watch_replaced(&me.watch, &why);
	return e == ERR_OK ? ERR_OK : say_fault(e, &why);
}

/* ---- sockets and links --------------------------------------------------------------------- */

static enum err sockets_open(void)
{
	const struct {
		const char *path;
		uint16_t role;
	} sockets[] = {
		{ me.settings.server_socket, ROLE_SERVER },
		{ me.settings.stop_socket, ROLE_STOP },
		{ me.settings.peer_socket, ROLE_PEER },
	};

	unix_server_init(&me.server, &me.loop, &me.watcher_table, me.channels, CHANNELS, me.buffers,
			 IN_BYTES, OUT_BYTES);
	for (size_t i = 0; i < ARRAY_LEN(sockets); i++) {
		int fd = -1;
		enum err e = unix_listen(sockets[i].path, 0660, &fd);

		if (e == ERR_OK) {
			e = unix_server_listen(&me.server, fd, sockets[i].role, CHANNELS_EACH);
		}
		if (e != ERR_OK) {
			return say("socket", e, sockets[i].path);
		}
	}
	run_serve(&me.run, &me.server);
	return ERR_OK;
}

static enum err link_add(const char *path, const struct gate_table *table, uint16_t role)
{
	struct watcher_link *k = &me.links[me.links_n];
	uint32_t channel = 0;
	enum err e = unix_link_init(&k->link, &me.loop, table, path, k->in, sizeof k->in, k->out,
				    sizeof k->out);

	if (e != ERR_OK) {
		return say("link", e, path);
	}
	me.links_n++;
	run_link(&me.run, &k->link, role, &channel);
	return ERR_OK;
}

static enum err links_make(void)
{
	enum err e = link_add(me.settings.signer_a_socket, &me.signer_table, WATCH_ROLE_SIGNER_A);

	if (e == ERR_OK) {
		e = link_add(me.settings.signer_b_socket, &me.signer_table, WATCH_ROLE_SIGNER_B);
	}
	for (size_t i = 0; e == ERR_OK && i < WATCH_PEERS_MAX; i++) {
		if (me.settings.peer_link[i][0] != '\0') {
			e = link_add(me.settings.peer_link[i], &me.watcher_table, WATCH_ROLE_PEER);
		}
	}
	return e;
}

/* ---- nodes --------------------------------------------------------------------------------- */

static void on_feed(void *ctx, uint16_t number, uint64_t request_id, struct bytes body)
{
	const struct watcher_node *n = ctx;
	struct event event = { .kind = EVENT_REPLY,
			       .role = ROLE_NODE,
			       .channel = n->index,
			       .number = number,
			       .request_id = request_id,
			       .body = body };

	if (number == FEED_DOWN) {
		NOTES(NOTES_UNUSUAL, "node-down", notes_u64("node", n->index),
		      notes_bytes("why", body));
	}
	run_event(&me.run, &event);
}

static enum err node_where(unsigned index, struct node_options *options)
{
	const char *text = index == 0 ? me.settings.node_public : me.settings.node_clean;
	enum err e = node_address(options->host, &options->port, text);

	return e == ERR_OK ? ERR_OK : say("config", ERR_CONFIG, text);
}

static enum err nodes_start(void)
{
	me.nodes_open = true;
	for (unsigned i = 0; i < me.watch.config.nodes; i++) {
		struct node_options options = { .network = (uint8_t)me.settings.network,
						.nemesis = me.watch.genesis.chain_nemesis,
						.poll_ms = me.settings.poll_ms,
						.pool = true,
						.identity =
						    me.settings.node_identity_file[0] == '\0'
							? NULL
							: &me.secrets->identity,
						.on_feed = on_feed,
						.ctx = &me.nodes[i] };
		enum err e = node_where(i, &options);

		me.nodes[i].index = i;
		if (e == ERR_OK) {
			e = node_open(&me.nodes[i].node, &me.loop, me.http, &options);
		}
		if (e != ERR_OK) {
			return e;
		}
	}
	return ERR_OK;
}

static void on_call(void *ctx, uint16_t number, uint64_t request_id, struct bytes arguments)
{
	uint32_t index;
	enum err e;

	(void)ctx;
	if (number == WATCH_CALL_READ) {
		CHECK(arguments.n == 12 && me.reads_n < ARRAY_LEN(me.reads));
		me.reads[me.reads_n++] = (struct read_wanted){ .request_id = request_id,
							       .offset = le64_get(arguments.p),
							       .n = le32_get(arguments.p + 8) };
		loop_timer_set(&me.loop, &me.reads_timer, 0, 0);
		return;
	}
	CHECK(number == CALL_ANNOUNCE && arguments.n > 4);
	index = le32_get(arguments.p);
	CHECK(index < me.watch.config.nodes && me.nodes[index].node != NULL);
	e = node_announce(me.nodes[index].node, request_id,
			  bytes_of(arguments.p + 4, arguments.n - 4));
	if (e != ERR_OK) {
		/* After the next block it is announced again. */
		NOTES(NOTES_UNUSUAL, "announce", notes_err(e), notes_u64("node", index));
	}
}

/* What was asked for is read when the step is over. */
static void on_reads(void *ctx)
{
	(void)ctx;
	while (me.reads_n > 0) {
		struct read_wanted want = me.reads[--me.reads_n];
		enum err e = ERR_TOO_LARGE;

		if (want.n <= sizeof me.batch) {
			e = store_file_read(&me.store, me.batch, want.n, want.offset);
		}
		run_reply(&me.run, WATCH_CALL_READ, want.request_id, e,
			  bytes_of(me.batch, e == ERR_OK ? want.n : 0));
	}
}

/* ---- life ---------------------------------------------------------------------------------- */

static void on_tick(void *ctx)
{
	(void)ctx;
	if (!me.nodes_open && watch_caught_up(&me.watch, clock_mono_ms())) {
		enum err e = nodes_start();

		if (e != ERR_OK) {
			_exit(err_exit(say("nodes", e, "cannot be read")));
		}
	}
	run_tick(&me.run);
}

static void on_stop(void *ctx)
{
	(void)ctx;
	if (notify_send(me.notify_fd, "STOPPING=1") != ERR_OK) {
		NOTES(NOTES_UNUSUAL, "notify", notes_err(ERR_IO)); /* it stops all the same */
	}
	/* what was decided is in the journal; whoever waits asks again */
	loop_end(&me.loop);
}

static void core_step(void *core, const struct event *event, struct effects *effects)
{
	if (event->kind == EVENT_FRAME && event->number == WATCHER_STATUS) {
		watch_signature_checks(core, crypto_checks());
	}
	watch_step(core, event, effects);
}

static void core_start(void *core, uint64_t wall_ms, uint64_t mono_ms, struct effects *effects)
{
	watch_start(core, wall_ms, mono_ms, effects);
}

static enum err privileges_drop(void)
{
	const char *user = me.settings.user;
	enum err e;

	if (user[0] == '\0' && geteuid() == 0) {
		/* Only in development: the unit file gives it a user. */
		NOTES(NOTES_UNUSUAL, "running-as-root", notes_text("sandbox", "no"));
		return ERR_OK;
	}
	if (user[0] != '\0') {
		if (user_find(USER_FILE, user, &me.plan.uid, &me.plan.gid) != ERR_OK) {
			return say("config", ERR_CONFIG, "user: no such user");
		}
		if (me.plan.uid == 0) {
			return say("config", ERR_CONFIG, "user: root is no user to become");
		}
	}
	me.plan.profile = &sandbox_daemon;
	me.plan.files_max = 256;
	me.plan.landlock_optional = true;
	e = sandbox_prepare(&me.plan, &me.report);
	if (e != ERR_OK) {
		return say("sandbox", e, "prepare");
	}
	me.sandboxed = true;
	return ERR_OK;
}

static enum err work(void)
{
	enum err e = http_client_open(&me.http, &me.loop);

	if (e != ERR_OK) {
		return say("http", e, "client");
	}
	secret_arena_close(&me.arena);
	if (me.sandboxed) {
		e = sandbox_enter(&me.plan, &me.report);
		if (e != ERR_OK) {
			return say("sandbox", e, "enter");
		}
	}
	loop_on_stop(&me.loop, on_stop, NULL);
	run_start(&me.run, core_start);
	for (size_t i = 0; i < me.links_n; i++) {
		unix_link_start(&me.links[i].link);
	}
	me.tick.on = on_tick;
	me.reads_timer.on = on_reads;
	loop_timer_set(&me.loop, &me.tick, TICK_MS, TICK_MS);
	NOTES(NOTES_INFO, "ready", notes_text("watcher", me.settings.watcher_id),
	      notes_u64("records", me.store.base.next_sequence),
	      notes_u64("seccomp", me.report.seccomp));
	e = notify_send(me.notify_fd, "READY=1");
	return e == ERR_OK ? loop_run(&me.loop) : say("notify", e, "READY=1");
}

static enum err start(void)
{
	struct node_options options;
	enum err e = crypto_init();

	if (e == ERR_OK) {
		key_tables_init();
		e = notify_open(&me.notify_fd);
	}
	if (e != ERR_OK) {
		return say("start", e, "crypto, NOTIFY_SOCKET");
	}
	for (unsigned i = 0; i < (me.settings.node_clean[0] == '\0' ? 1u : 2u); i++) {
		e = node_where(i, &options);
		if (e != ERR_OK) {
			return e;
		}
	}
	e = privileges_drop();
	if (e == ERR_OK) {
		e = documents_read();
	}
	if (e != ERR_OK) {
		return e;
	}
	e = secret_arena_open(&me.arena, sizeof *me.secrets);
	if (e != ERR_OK) {
		return say("memory", e, "the key's memory cannot be locked");
	}
	me.secrets = secret_arena_take(&me.arena, sizeof *me.secrets);
	e = key_read();
	if (e == ERR_OK && me.settings.node_identity_file[0] != '\0') {
		e = node_identity_read(&me.secrets->identity, me.settings.node_identity_file);
		if (e != ERR_OK) {
			return say("identity", e, me.settings.node_identity_file);
		}
	}
	if (e == ERR_OK) {
		e = core_make();
	}
	if (e == ERR_OK) {
		e = journal_open();
	}
	if (e != ERR_OK) {
		return e;
	}
	e = loop_init(&me.loop);
	if (e != ERR_OK) {
		return say("loop", e, "epoll");
	}
	msgs_signer_table(&me.signer_table);
	msgs_watcher_table(&me.watcher_table);
	run_init(&me.run, core_step, &me.watch, &me.store.base, me.effects, sizeof me.effects);
	run_on_call(&me.run, on_call, NULL);
	e = sockets_open();
	if (e == ERR_OK) {
		e = links_make();
	}
	return e == ERR_OK ? work() : e;
}

int main(int argc, char **argv)
{
	struct config_result result;
	int exit_code = 0;
	enum err e;

	if (!config_start(&PROGRAM, &me.settings, argc, argv, &result, &exit_code)) {
		return exit_code;
	}
	notes_init("kuramori-watch", NOTES_INFO);
	me.notify_fd = -1;
	e = sandbox_descriptors();
	if (e == ERR_OK) {
		e = start();
	}
	if (me.secrets != NULL) {
		secret_arena_wipe(&me.arena);
	}
	_exit(err_exit(e));
}
