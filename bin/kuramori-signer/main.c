/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kuramori-signer: holds one hot key and signs with it what it would have ordered itself.
 *
 * Read in this order: this file (wiring); src/guard/guard.h (the judgement; all rules are there);
 * src/policy (limits and windows, attempts, the bytes of a payment); src/ipc/signer.def (every
 * message there is); src/io/sandbox.h (what the process gave up).
 *
 * Start: configuration; privileges away; documents; the passphrase over the unlock socket; the key
 * into locked memory; the journal replayed; the role sockets; Landlock and seccomp; ready.  From
 * there on nothing is allocated, opened or connected.  One process, one thread.
 *
 * It connects to nobody.  The server, the watchers and people come to its sockets, each path being
 * one role, and nobody's word counts but by signature.  Any failed write of the journal ends it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/check.h"
#include "crypto/crypto.h"
#include "crypto/key_tables.h"
#include "crypto/sha256.h"
#include "guard/guard.h"
#include "io/ask.h"
#include "io/clock.h"
#include "io/config.h"
#include "io/file.h"
#include "io/loop.h"
#include "io/memory.h"
#include "io/notes.h"
#include "io/notify.h"
#include "io/random.h"
#include "io/run.h"
#include "io/sandbox.h"
#include "io/secret_arena.h"
#include "io/user.h"
#include "signer.h"
#include "store/file.h"

enum {
	TICK_MS = 50,
	READS_MAX = GUARD_FEEDS_MAX,
	LISTENERS_BEFORE_WATCHERS = 2,                    /* server, stop */
	CHANNELS_OF_OTHERS = 4,                           /* than watchers: two of each of these */
	GENESIS_AT = GUARD_EFFECTS_BYTES - DOC_BYTES_MAX, /* of signer.effects */
};

/* clang-format off */
static const struct config_row ROWS[] = {
	{ "genesis_file", CONFIG_PATH, NULL, 0, 0, CONFIG_FIELD(signer_config, genesis_file),
	  "FILE", "The genesis document: everything else must belong to it." },
	{ "roster_file", CONFIG_PATH, NULL, 0, 0, CONFIG_FIELD(signer_config, roster_file),
	  "FILE", "The first roster, which genesis names." },
	{ "policy_file", CONFIG_PATH, NULL, 0, 0, CONFIG_FIELD(signer_config, policy_file),
	  "FILE", "The first policy, which genesis names." },
	{ "sealed_key_file", CONFIG_PATH, NULL, 0, 0, CONFIG_FIELD(signer_config, sealed_key_file),
	  "FILE", "The key as --seal wrote it; mode 0400, owned by the signer's user." },
	{ "journal_file", CONFIG_PATH, "/var/lib/kuramori/kuramori-signer/journal", 0, 0,
	  CONFIG_FIELD(signer_config, journal_file), "FILE", "What the signer remembers." },
	{ "journal_bytes", CONFIG_U64, "67108864", 8388608, UINT64_C(1) << 40,
	  CONFIG_FIELD(signer_config, journal_bytes), "BYTES",
	  "Size of the journal, taken on disk when it is made." },
	{ "journal_create", CONFIG_BOOL, "no", 0, 0, CONFIG_FIELD(signer_config, journal_create),
	  "YES/NO", "Make the journal if it is not there.  For the ceremony and for development: "
	  "otherwise a signer that lost its journal does not start." },
	{ "server_socket", CONFIG_PATH, "/run/kuramori/signer-server.sock", 0, 0,
	  CONFIG_FIELD(signer_config, server_socket), "SOCKET", "Where kuramorid comes." },
	{ "stop_socket", CONFIG_PATH, "/run/kuramori/signer-stop.sock", 0, 0,
	  CONFIG_FIELD(signer_config, stop_socket), "SOCKET", "Where people bring freezes." },
	{ "watcher#_socket", CONFIG_PATH, NULL, 0, 0, CONFIG_ARRAY(signer_config, watcher_socket),
	  "SOCKET", "Where the watcher in this place of the roster comes; one path for each, and for "
	  "those whom a later roster adds." },
	{ "unlock_socket", CONFIG_PATH, "/run/kuramori/signer-unlock.sock", 0, 0,
	  CONFIG_FIELD(signer_config, unlock_socket), "SOCKET",
	  "Where the passphrase comes, once; gone afterwards." },
	{ "signer_id", CONFIG_STRING, NULL, 0, 0, CONFIG_FIELD(signer_config, signer_id), "a|b",
	  "a cosigns, b wraps." },
	{ "user", CONFIG_STRING, "", 0, 0, CONFIG_FIELD(signer_config, user), "USER",
	  "Name or number of the user to become; required when started as root." },
	{ "network", CONFIG_U32, NULL, 1, 255, CONFIG_FIELD(signer_config, network), "BYTE",
	  "The network this operator consents to sign for; must be that of genesis (152: "
	  "development)." },
	{ "payments_max", CONFIG_U32, "8192", GUARD_PAYMENTS_MIN, GUARD_PAYMENTS_MAX,
	  CONFIG_FIELD(signer_config, payments_max), "COUNT",
	  "Payments remembered; those of 36 days must fit, or signing stops." },
	{ "lock_memory", CONFIG_BOOL, "no", 0, 0, CONFIG_FIELD(signer_config, lock_memory),
	  "YES/NO", "Lock all memory, not only the key's (needs RLIMIT_MEMLOCK)." },
	{ "landlock_optional", CONFIG_BOOL, "no", 0, 0,
	  CONFIG_FIELD(signer_config, landlock_optional), "YES/NO",
	  "Start also where the kernel has no Landlock." },
};
/* clang-format on */

static const struct config_program PROGRAM = {
	.name = "kuramori-signer",
	.summary = "holds one hot key; signs what was properly ordered, freezes, evacuates",
	.text = "Started, it waits on unlock_socket for the passphrase of its sealed key, then "
		"opens its\n"
		"other sockets and gives up every right it does not need.\n\n"
		"To seal a key first:  kuramori-signer --seal FILE [--ops N] [--mem-kib N] "
		"[--json]\n"
		"reads the private key and twice the passphrase from the terminal, or as lines of "
		"stdin.\n\n"
		"To move it to another host, with its memory:  kuramori-signer --export FOLDER "
		"here,\n"
		"kuramori-signer --import FOLDER there, each as the signer's user, with its\n"
		"configuration; they ask for the passphrase.",
	.rows = ROWS,
	.n = ARRAY_LEN(ROWS),
};

struct read_wanted {
	uint64_t request_id;
	uint64_t offset;
	uint32_t n;
};

/* The process.  One, static, made before the sandbox and never larger. */
static struct signer {
	struct signer_config config;
	struct sandbox_plan plan;
	struct sandbox_report report;
	struct memory memory;
	struct secret_arena arena;
	struct signer_secrets *secrets;
	size_t genesis_n, roster_n, policy_n;
	uint8_t sealed[SEAL_BYTES];
	size_t sealed_n;
	struct guard guard;
	struct store_file store;
	struct loop loop;
	struct loop_timer tick;
	struct loop_timer reads_timer;
	struct read_wanted reads[READS_MAX];
	size_t reads_n;
	struct gate_table table;
	struct unix_server server;
	struct signer_channels channels;
	struct run run;
	/* of one step; before the first, the files of roster, policy and, at its end, genesis are
	 * read into it, then each batch of the journal */
	uint8_t effects[GUARD_EFFECTS_BYTES];
	int notify_fd;
} me;

static_assert((int)GENESIS_AT >= 2 * (int)DOC_BYTES_MAX, "roster and policy");
static_assert((int)GENESIS_AT >= (int)GUARD_BATCH_BYTES, "a batch");

static uint8_t *roster_room(void)
{
	return me.effects;
}

static uint8_t *policy_room(void)
{
	return me.effects + DOC_BYTES_MAX;
}

/* It outlives the replay and is copied into the first batch, which is built in front of it. */
static uint8_t *genesis_room(void)
{
	return me.effects + GENESIS_AT;
}

static enum err say(const char *event, enum err e, const char *detail)
{
	NOTES(NOTES_BROKEN, event, notes_err(e), notes_text("detail", detail));
	return e;
}

/* The user to become, in plan; none is right when we are not root. */
static enum err user_take(const char *user, struct sandbox_plan *plan)
{
	if (user[0] == '\0') {
		return geteuid() == 0 ? ERR_CONFIG : ERR_OK;
	}
	return user_find(USER_FILE, user, &plan->uid, &plan->gid);
}

/* SHA-256 of the running program: what attestations name. */
static enum err program_hash(struct hash32 *out)
{
	uint8_t *room = guard_reply_room();
	struct sha256 s;
	ssize_t n;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return ERR_IO;
	}
	sha256_init(&s);
	for (;;) {
		n = read(fd, room, GUARD_BATCH_BYTES);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			break;
		}
		sha256_update(&s, bytes_of(room, (size_t)n));
	}
	sha256_final(&s, out);
	(void)close(fd);
	return n == 0 ? ERR_OK : ERR_IO;
}

static enum err document_read(const char *path, uint8_t *into, size_t *n)
{
	enum err e = file_read(path, into, DOC_BYTES_MAX, n);

	return e == ERR_OK ? ERR_OK : say("document", e, path);
}

static enum err documents_read(struct hash32 *genesis_id)
{
	const struct signer_config *c = &me.config;
	struct doc_fault fault = { "", NULL };
	struct doc d;
	enum err e = document_read(c->genesis_file, genesis_room(), &me.genesis_n);

	if (e == ERR_OK) {
		e = document_read(c->roster_file, roster_room(), &me.roster_n);
	}
	if (e == ERR_OK) {
		e = document_read(c->policy_file, policy_room(), &me.policy_n);
	}
	if (e != ERR_OK) {
		return e;
	}
	e = doc_open(&d, bytes_of(genesis_room(), me.genesis_n), NULL, &fault);
	if (e != ERR_OK || d.type != DOC_GENESIS) {
		return say("genesis", e == ERR_OK ? ERR_TYPE : e, fault.field);
	}
	*genesis_id = d.id;
	e = file_read_private(c->sealed_key_file, me.sealed, sizeof me.sealed, &me.sealed_n);
	return e == ERR_OK ? ERR_OK : say("sealed-key", e, c->sealed_key_file);
}

static enum err journal_read(void *ctx, uint8_t *into, size_t n, uint64_t offset)
{
	return store_file_read(ctx, into, n, offset);
}

/* journal: the one that it will know, opened by then. */
static enum err guard_make(struct store_file *journal)
{
	const struct signer_config *c = &me.config;
	struct guard_config g = {
		.genesis = bytes_of(genesis_room(), me.genesis_n),
		.roster = bytes_of(roster_room(), me.roster_n),
		.policy = bytes_of(policy_room(), me.policy_n),
		.signer = c->signer_id[0] == 'a' ? DOC_SIGNER_A : DOC_SIGNER_B,
		.chain_secret = &me.secrets->chain,
		.attest_secret = me.secrets->attest,
		.log_secret = &me.secrets->journal,
		.network = (uint8_t)c->network,
		.journal_bytes = c->journal_bytes - STORE_FILE_BATCHES_AT,
		.storage = { .payments_cap = c->payments_max,
			     .entries_cap = c->payments_max,
			     .read = journal_read,
			     .ctx = journal },
	};
	struct doc_fault fault = { "", NULL };
	enum err e;

	/* the only memory that is sized by configuration; taken once, never given back */
	g.storage.payments = calloc(c->payments_max, sizeof *g.storage.payments);
	g.storage.entries = calloc(c->payments_max, sizeof *g.storage.entries);
	if (g.storage.payments == NULL || g.storage.entries == NULL) {
		free(g.storage.payments);
		free(g.storage.entries);
		return say("memory", ERR_FULL, "payments_max");
	}
	random_fill(g.boot_random, sizeof g.boot_random);
	e = program_hash(&g.program);
	if (e != ERR_OK) {
		return say("program", e, "/proc/self/exe");
	}
	e = guard_init(&me.guard, &g, &fault);
	if (e != ERR_OK) {
		NOTES(NOTES_BROKEN, "documents", notes_err(e), notes_text("field", fault.field),
		      notes_text("detail", fault.why));
		return e;
	}
	/* More: for those whom a later roster adds. */
	for (size_t i = 0; i < DOC_WATCHERS_MAX; i++) {
		if (c->watcher_socket[i][0] == '\0'
			? i < me.guard.roster.watcher_count
			: i != 0 && c->watcher_socket[i - 1][0] == '\0') {
			return say("config", ERR_CONFIG,
				   "one watcher#_socket for each watcher of the roster");
		}
	}
	return ERR_OK;
}

static enum err replay_one(void *context, struct bytes batch)
{
	/* the store has just hashed it */
	return guard_replay_checked(context, &me.store.base.checked, batch);
}

static enum err journal_open(void)
{
	const struct signer_config *c = &me.config;
	struct store_fault fault = { "" };
	enum err e = store_file_open(&me.store, c->journal_file,
				     c->journal_create ? STORE_FILE_EITHER : STORE_FILE_EXISTING,
				     c->journal_bytes, &fault);

	if (e != ERR_OK) {
		return say("journal", e, fault.text);
	}
	e = store_replay(&me.store.base, me.effects, GUARD_BATCH_BYTES, replay_one, &me.guard);
	if (e != ERR_OK) {
		return say("journal", e, me.store.base.fault.text);
	}
	return guard_exported(&me.guard)
		   ? say("journal", ERR_STATE,
			 "this signer was exported; it starts where it was imported")
		   : ERR_OK;
}

/* Places for two connections of each watcher as long as the table reaches; one at least. */
static uint16_t each_watchers(size_t watchers)
{
	size_t each = watchers == 0 ? 0 : (SIGNER_CHANNELS - CHANNELS_OF_OTHERS) / watchers;

	return each > 2 ? 2 : (uint16_t)each;
}

static size_t watcher_sockets(void)
{
	size_t n = 0;

	while (n < DOC_WATCHERS_MAX && me.config.watcher_socket[n][0] != '\0') {
		n++;
	}
	return n;
}

/* As many channels as the sockets that are configured can fill. */
static enum err channels_take(void)
{
	size_t watchers = watcher_sockets();

	me.channels.n = CHANNELS_OF_OTHERS + watchers * each_watchers(watchers);
	me.channels.buffers_n = me.channels.n * (SIGNER_IN_BYTES + SIGNER_OUT_BYTES) +
				(size_t)SIGNER_LARGE * FRAME_BYTES_MAX;
	me.channels.buffers = calloc(1, me.channels.buffers_n);
	return me.channels.buffers == NULL ? say("memory", ERR_FULL, "channels") : ERR_OK;
}

/* Role sockets; the order of listeners is what watcher_of() counts on. */
static enum err sockets_open(void)
{
	const struct signer_config *c = &me.config;

	const struct {
		const char *path;
		uint16_t role;
		uint16_t channels;
	} fixed[LISTENERS_BEFORE_WATCHERS] = {
		{ c->server_socket, ROLE_SERVER, CHANNELS_OF_OTHERS / 2 },
		{ c->stop_socket, ROLE_STOP, CHANNELS_OF_OTHERS / 2 },
	};

	size_t watchers = watcher_sockets();

	if (watchers < me.guard.roster.watcher_count) {
		/* they count for nothing here; the others may suffice */
		NOTES(NOTES_BROKEN, "watchers", notes_err(ERR_CONFIG),
		      notes_u64("roster", me.guard.roster.watcher_count),
		      notes_u64("sockets", watchers));
	}
	msgs_signer_table(&me.table);
	signer_channels_serve(&me.channels, &me.server, &me.loop, &me.table);
	for (size_t i = 0; i < ARRAY_LEN(fixed) + watchers; i++) {
		bool watcher = i >= ARRAY_LEN(fixed);
		const char *path =
		    watcher ? c->watcher_socket[i - ARRAY_LEN(fixed)] : fixed[i].path;
		int fd = -1;
		enum err e = unix_listen(path, 0660, &fd);

		if (e == ERR_OK && unix_kernel_takes(fd, FRAME_BYTES_MAX) != ERR_OK) {
			(void)close(fd);
			return say("socket", ERR_CONFIG,
				   "sysctl net.core.wmem_default: no reply of 64 KiB fits; 212992 "
				   "is usual");
		}
		if (e == ERR_OK) {
			e = unix_server_listen(
			    &me.server, fd, watcher ? ROLE_WATCHER : fixed[i].role,
			    watcher ? each_watchers(watchers) : fixed[i].channels);
		}
		if (e != ERR_OK) {
			return say("socket", e, path);
		}
	}
	return ERR_OK;
}

/* How deep the stack went and how much was verified so far, for STATUS. */
static void facts_of_now(void)
{
	char text[64];

	(void)snprintf(text, sizeof text, "%zu of %d", memory_stack_high_water(&me.memory),
		       MEMORY_STACK_BYTES);
	guard_fact(&me.guard, "stack_high_water", text);
	(void)snprintf(text, sizeof text, "%llu", (unsigned long long)crypto_checks());
	guard_fact(&me.guard, "signature_checks", text);
}

/* The path that a watcher's channel came by says which watcher it is. */
static void step(void *core, const struct event *event, struct effects *out)
{
	struct event told = *event;

	if (event->kind == EVENT_FRAME && event->role == ROLE_WATCHER) {
		int index = unix_listener_index(&me.server, event->channel);

		CHECK(index >= LISTENERS_BEFORE_WATCHERS);
		told.role = GUARD_ROLE_WATCHER(index - LISTENERS_BEFORE_WATCHERS);
	}
	if (event->kind == EVENT_FRAME && event->number == SIGNER_STATUS) {
		facts_of_now();
	}
	guard_step(core, &told, out);
}

static void on_call(void *ctx, uint16_t number, uint64_t request_id, struct bytes arguments)
{
	struct read_wanted *want;

	(void)ctx;
	CHECK(number == GUARD_CALL_READ && arguments.n == 12 && me.reads_n < READS_MAX);
	want = &me.reads[me.reads_n++];
	want->request_id = request_id;
	want->offset = le64_get(arguments.p);
	want->n = le32_get(arguments.p + 8);
	loop_timer_set(&me.loop, &me.reads_timer, 0, 0);
}

static void on_reads(void *ctx)
{
	uint8_t *room = guard_reply_room();

	(void)ctx;
	while (me.reads_n > 0) {
		struct read_wanted want = me.reads[0];
		enum err e = ERR_TOO_LARGE;

		me.reads_n--;
		memmove(me.reads, me.reads + 1, me.reads_n * sizeof me.reads[0]);
		if (want.n <= GUARD_BATCH_BYTES) {
			e = store_file_read(&me.store, room, want.n, want.offset);
		}
		run_reply(&me.run, GUARD_CALL_READ, want.request_id, e,
			  bytes_of(room, e == ERR_OK ? want.n : 0));
	}
}

static void on_tick(void *ctx)
{
	(void)ctx;
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

/* What the start of the guard commits, before the first event. */
static enum err guard_begin(void)
{
	struct effects out;
	enum err e;

	effects_init(&out, me.effects, GENESIS_AT);
	e = guard_start(&me.guard, clock_wall_ms(), clock_mono_ms(), &out);
	for (size_t i = 0; e == ERR_OK && i < out.n; i++) {
		if (out.list[i].kind == EFFECT_COMMIT) {
			e = store_append(&me.store.base, out.list[i].body);
		} else if (out.list[i].kind == EFFECT_NOTE) {
			notes_core(out.list[i].body);
		}
	}
	return e == ERR_OK ? ERR_OK : say("start", e, me.store.base.fault.text);
}

/* What STATUS tells about the process itself. */
static void facts(void)
{
	struct rusage usage = { 0 };
	char text[64];

	guard_fact(&me.guard, "seccomp", me.report.seccomp ? "yes" : "no");
	(void)snprintf(text, sizeof text, "%s, abi %d", me.report.landlock ? "yes" : "no",
		       me.report.landlock_abi);
	guard_fact(&me.guard, "landlock", text);
	(void)snprintf(text, sizeof text, "%u", (unsigned)me.report.uid);
	guard_fact(&me.guard, "uid", text);
	(void)snprintf(text, sizeof text, "%zu", secret_arena_high_water(&me.arena));
	guard_fact(&me.guard, "secret_bytes", text);
	if (getrusage(RUSAGE_SELF, &usage) == 0) {
		(void)snprintf(text, sizeof text, "%ld", usage.ru_maxrss);
		guard_fact(&me.guard, "memory_high_water_kib", text);
	}
	(void)snprintf(text, sizeof text, "%zu", me.memory.taken_bytes / 1024);
	guard_fact(&me.guard, "memory_kib", text);
	guard_fact(&me.guard, "version", KURAMORI_VERSION);
}

static enum err work(void)
{
	enum err e;

	run_init(&me.run, step, &me.guard, &me.store.base, me.effects, sizeof me.effects);
	run_on_call(&me.run, on_call, NULL);
	run_serve(&me.run, &me.server);
	me.tick.on = on_tick;
	me.reads_timer.on = on_reads;
	loop_on_stop(&me.loop, on_stop, NULL);
	secret_arena_close(&me.arena);
	e = memory_settle(&me.memory, me.config.lock_memory);
	if (e != ERR_OK) {
		return say("memory", e, "not all of it can be had; RLIMIT_MEMLOCK");
	}
	facts();
	/* what made the filter is needed no more either */
	me.plan.last = memory_program_release;
	e = sandbox_enter(&me.plan, &me.report);
	if (e != ERR_OK) {
		return say("sandbox", e, "enter");
	}
	memory_stack_paint(&me.memory);
	guard_fact(&me.guard, "seccomp", me.report.seccomp ? "yes" : "no");
	guard_fact(&me.guard, "landlock", me.report.landlock ? "yes" : "no");
	e = guard_begin();
	if (e != ERR_OK) {
		return e;
	}
	loop_timer_set(&me.loop, &me.tick, TICK_MS, TICK_MS);
	NOTES(NOTES_INFO, "ready", notes_text("signer", me.config.signer_id),
	      notes_u64("seccomp", me.report.seccomp), notes_u64("landlock", me.report.landlock),
	      notes_u64("uid", me.report.uid));
	e = notify_send(me.notify_fd, "READY=1");
	if (e != ERR_OK) {
		return say("notify", e, "READY=1");
	}
	return loop_run(&me.loop);
}

static enum err start(void)
{
	struct hash32 genesis_id;
	enum err e;

	if (strcmp(me.config.signer_id, "a") != 0 && strcmp(me.config.signer_id, "b") != 0) {
		return say("config", ERR_CONFIG, "signer_id is a or b");
	}
	e = user_take(me.config.user, &me.plan);
	if (e != ERR_OK) {
		return say("config", e, "user: required when started as root");
	}
	me.plan.profile = &sandbox_signer;
	me.plan.files_max = 64;
	/* one is taken only to be told that there is no place */
	me.plan.files_more = SIGNER_CHANNELS + 1;
	me.plan.lock_memory = me.config.lock_memory;
	me.plan.landlock_optional = me.config.landlock_optional;
	e = crypto_init();
	if (e == ERR_OK) {
		key_tables_init();
		e = notify_open(&me.notify_fd);
	}
	if (e == ERR_OK) {
		e = sandbox_prepare(&me.plan, &me.report);
	}
	if (e != ERR_OK) {
		return say("start", e, "privileges");
	}
	e = documents_read(&genesis_id);
	if (e != ERR_OK) {
		return e;
	}
	e = secret_arena_open(&me.arena, sizeof *me.secrets);
	if (e != ERR_OK) {
		return say("memory", e, "the key's memory cannot be locked");
	}
	me.secrets = secret_arena_take(&me.arena, sizeof *me.secrets);
	e = channels_take();
	if (e != ERR_OK) {
		return e;
	}
	e = signer_unlock(&me.config, &genesis_id, bytes_of(me.sealed, me.sealed_n), &me.channels,
			  me.secrets);
	if (e == ERR_STOPPING) {
		return ERR_OK; /* asked to end before anybody unlocked it */
	}
	if (e != ERR_OK) {
		return say("unlock", e, me.config.unlock_socket);
	}
	e = guard_make(&me.store);
	if (e == ERR_OK) {
		e = journal_open();
	}
	if (e == ERR_OK) {
		e = loop_init(&me.loop);
	}
	if (e == ERR_OK) {
		e = sockets_open();
	}
	if (e == ERR_OK) {
		e = work();
	}
	return e;
}

/* The sealed key opens with the passphrase that is asked for. */
static enum err unseal(void)
{
	char *passphrase = secret_arena_take(&me.arena, SEAL_PASSPHRASE_MAX + 2);
	size_t n = 0;
	enum err e = ask_secret("passphrase", passphrase, SEAL_PASSPHRASE_MAX + 2);

	if (e == ERR_OK) {
		e = seal_open(me.secrets->sealed, &n, bytes_of(me.sealed, me.sealed_n),
			      bytes_str(passphrase));
	}
	if (e == ERR_OK && n != SIGNER_SECRET_BYTES) {
		e = ERR_KEY;
	}
	if (e == ERR_OK) {
		signer_secrets_derive(me.secrets);
	}
	return e == ERR_OK ? ERR_OK : say("passphrase", e, me.config.sealed_key_file);
}

/* The signer's files must stay the signer's: no other user may make them. */
static enum err is_its_user(void)
{
	struct sandbox_plan plan = { .uid = geteuid() };
	enum err e = me.config.user[0] == '\0' ? ERR_OK : user_take(me.config.user, &plan);

	return e == ERR_OK && plan.uid == geteuid()
		   ? ERR_OK
		   : say("user", e == ERR_OK ? ERR_POLICY : e,
			 "run this as the signer's user (runuser -u USER -- ...)");
}

/* Export or import; the exit code. */
static int move(enum signer_task task, const char *folder)
{
	static struct signer_move m;
	struct signer_config *c = &me.config;
	char key[sizeof c->sealed_key_file];
	struct hash32 genesis_id;
	bool import = task == SIGNER_IMPORT;
	enum err e = is_its_user();

	memcpy(key, c->sealed_key_file, sizeof key);
	if (import && snprintf(c->sealed_key_file, sizeof c->sealed_key_file, "%s/sealed-key",
			       folder) >= (int)sizeof c->sealed_key_file) {
		e = say("config", ERR_TOO_LARGE, folder);
	}
	if (e == ERR_OK) {
		e = crypto_init();
	}
	if (e == ERR_OK) {
		e = documents_read(&genesis_id);
	}
	if (e == ERR_OK) {
		e = secret_arena_open(&me.arena, sizeof *me.secrets + SEAL_PASSPHRASE_MAX + 2);
	}
	if (e == ERR_OK) {
		me.secrets = secret_arena_take(&me.arena, sizeof *me.secrets);
		e = unseal();
	}
	if (e == ERR_OK) {
		e = guard_make(&m.from);
	}
	if (e != ERR_OK) {
		return err_exit(e);
	}
	m = (struct signer_move){ .folder = folder,
				  .journal_file = c->journal_file,
				  .sealed_key_file = key,
				  .journal_bytes = c->journal_bytes,
				  .sealed_key = bytes_of(me.sealed, me.sealed_n),
				  .guard = &me.guard,
				  .buffer = me.effects,
				  .effects = me.effects };
	return import ? signer_import(&m) : signer_export(&m);
}

/* --export FOLDER and --import FOLDER stand first; the rest is configuration. */
static enum signer_task task_of(int *argc, char **argv, const char **folder)
{
	static const char *const words[] = {
		[SIGNER_EXPORT] = "--export", [SIGNER_IMPORT] = "--import"
	};

	for (enum signer_task t = SIGNER_EXPORT; *argc > 2 && t <= SIGNER_IMPORT; t++) {
		if (strcmp(argv[1], words[t]) == 0) {
			*folder = argv[2];
			memmove(argv + 1, argv + 3, (size_t)(*argc - 2) * sizeof *argv);
			*argc -= 2;
			return t;
		}
	}
	return SIGNER_RUN;
}

int main(int argc, char **argv)
{
	struct config_result result;
	const char *folder = NULL;
	enum signer_task task;
	int exit_code = 0;
	enum err e;

	memory_begin();
	if (argc > 1 && strcmp(argv[1], "--seal") == 0) {
		return signer_seal(argc, argv);
	}
	task = task_of(&argc, argv, &folder);
	if (!config_start(&PROGRAM, &me.config, argc, argv, &result, &exit_code)) {
		return exit_code;
	}
	notes_init("kuramori-signer", NOTES_INFO);
	me.notify_fd = -1;
	if (task != SIGNER_RUN) {
		exit_code = move(task, folder);
		if (me.secrets != NULL) {
			secret_arena_wipe(&me.arena);
		}
		return exit_code;
	}
	e = sandbox_descriptors();
	if (e == ERR_OK) {
		e = start();
	}
	if (me.secrets != NULL) {
		secret_arena_wipe(&me.arena);
	}
	/* not exit(): its handlers have no place in the sandbox */
	_exit(err_exit(e));
}
