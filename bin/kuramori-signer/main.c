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
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/check.h"
#include "crypto/crypto.h"
#include "crypto/sha256.h"
#include "guard/guard.h"
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
#include "signer.h"
#include "store/file.h"

enum {
	TICK_MS = 50,
	READS_MAX = GUARD_FEEDS_MAX,
	LISTENERS_BEFORE_WATCHERS = 2, /* server, stop */
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
	  "SOCKET", "Where the watcher in this place of the roster comes; one path for each." },
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
		"stdin.",
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
	uint8_t genesis[DOC_BYTES_MAX], roster[DOC_BYTES_MAX], policy[DOC_BYTES_MAX];
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
	uint8_t effects[GUARD_EFFECTS_BYTES];
	uint8_t batch[GUARD_BATCH_BYTES];
	int notify_fd;
} me;

static enum err say(const char *event, enum err e, const char *detail)
{
	NOTES(NOTES_BROKEN, event, notes_err(e), notes_text("detail", detail));
	return e;
}

/* A user by name or number: uid and gid to become. */
static enum err user_find(const char *user, struct sandbox_plan *plan)
{
	char *end = NULL;
	unsigned long number;
	const struct passwd *entry;

	if (user[0] == '\0') {
		return geteuid() == 0 ? ERR_CONFIG : ERR_OK;
	}
	errno = 0;
	number = strtoul(user, &end, 10);
	if (errno == 0 && end != user && *end == '\0' && number < UINT32_MAX) {
		entry = getpwuid((uid_t)number);
		plan->uid = (uid_t)number;
		plan->gid = entry != NULL ? entry->pw_gid : (gid_t)number;
		return ERR_OK;
	}
	entry = getpwnam(user);
	if (entry == NULL) {
		return ERR_NOT_FOUND;
	}
	plan->uid = entry->pw_uid;
	plan->gid = entry->pw_gid;
	return ERR_OK;
}

/* SHA-256 of the running program: what attestations name. */
static enum err program_hash(struct hash32 *out)
{
	struct sha256 s;
	ssize_t n;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return ERR_IO;
	}
	sha256_init(&s);
	for (;;) {
		n = read(fd, me.batch, sizeof me.batch);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			break;
		}
		sha256_update(&s, bytes_of(me.batch, (size_t)n));
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
	enum err e = document_read(c->genesis_file, me.genesis, &me.genesis_n);

	if (e == ERR_OK) {
		e = document_read(c->roster_file, me.roster, &me.roster_n);
	}
	if (e == ERR_OK) {
		e = document_read(c->policy_file, me.policy, &me.policy_n);
	}
	if (e != ERR_OK) {
		return e;
	}
	e = doc_open(&d, bytes_of(me.genesis, me.genesis_n), NULL, &fault);
	if (e != ERR_OK || d.type != DOC_GENESIS) {
		return say("genesis", e == ERR_OK ? ERR_TYPE : e, fault.field);
	}
	*genesis_id = d.id;
	e = file_read_private(c->sealed_key_file, me.sealed, sizeof me.sealed, &me.sealed_n);
	return e == ERR_OK ? ERR_OK : say("sealed-key", e, c->sealed_key_file);
}

static enum err guard_make(void)
{
	const struct signer_config *c = &me.config;
	struct guard_config g = {
		.genesis = bytes_of(me.genesis, me.genesis_n),
		.roster = bytes_of(me.roster, me.roster_n),
		.policy = bytes_of(me.policy, me.policy_n),
		.signer = c->signer_id[0] == 'a' ? DOC_SIGNER_A : DOC_SIGNER_B,
		.chain_secret = &me.secrets->chain,
		.attest_secret = me.secrets->attest,
		.log_secret = &me.secrets->journal,
		.network = (uint8_t)c->network,
		.journal_bytes = c->journal_bytes - STORE_FILE_BATCHES_AT,
		.storage = { .payments_cap = c->payments_max, .entries_cap = c->payments_max },
	};
	struct doc_fault fault = { "", NULL };
	enum err e;

	/* the only memory that is sized by configuration; taken once, never given back */
	g.storage.payments = calloc(c->payments_max, sizeof *g.storage.payments);
	g.storage.entries = calloc(c->payments_max, sizeof *g.storage.entries);
	if (g.storage.payments == NULL || g.storage.entries == NULL) {
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
	for (size_t i = 0; i < DOC_WATCHERS_MAX; i++) {
		if ((i < me.guard.roster.watcher_count) != (c->watcher_socket[i][0] != '\0')) {
			return say("config", ERR_CONFIG,
				   "one watcher#_socket for each watcher of the roster");
		}
	}
	return ERR_OK;
}

static enum err replay_one(void *context, struct bytes batch)
{
	return guard_replay(context, batch);
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
	e = store_replay(&me.store.base, me.batch, sizeof me.batch, replay_one, &me.guard);
	return e == ERR_OK ? ERR_OK : say("journal", e, me.store.base.fault.text);
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
		{ c->server_socket, ROLE_SERVER, 2 },
		{ c->stop_socket, ROLE_STOP, 2 },
	};

	size_t watchers = me.guard.roster.watcher_count;

	msgs_signer_table(&me.table);
	unix_server_init(&me.server, &me.loop, &me.table, me.channels.channel, SIGNER_CHANNELS,
			 me.channels.buffers, SIGNER_IN_BYTES, SIGNER_OUT_BYTES);
	for (size_t i = 0; i < ARRAY_LEN(fixed) + watchers; i++) {
		bool watcher = i >= ARRAY_LEN(fixed);
		const char *path =
		    watcher ? c->watcher_socket[i - ARRAY_LEN(fixed)] : fixed[i].path;
		/* places for two connections each as long as the table reaches; one at least */
		uint16_t each = (uint16_t)((SIGNER_CHANNELS - 4) / watchers);
		int fd = -1;
		enum err e = unix_listen(path, 0660, &fd);

		if (e == ERR_OK) {
			e = unix_server_listen(&me.server, fd,
					       watcher ? ROLE_WATCHER : fixed[i].role,
					       watcher ? (each > 2 ? 2 : each) : fixed[i].channels);
		}
		if (e != ERR_OK) {
			return say("socket", e, path);
		}
	}
	return ERR_OK;
}

/* How deep the stack went so far, for STATUS. */
static void fact_stack(void)
{
	char text[64];

	(void)snprintf(text, sizeof text, "%zu of %d", memory_stack_high_water(&me.memory),
		       MEMORY_STACK_BYTES);
	guard_fact(&me.guard, "stack_high_water", text);
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
		fact_stack();
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
	(void)ctx;
	while (me.reads_n > 0) {
		struct read_wanted want = me.reads[0];
		enum err e = ERR_TOO_LARGE;

		me.reads_n--;
		memmove(me.reads, me.reads + 1, me.reads_n * sizeof me.reads[0]);
		if (want.n <= sizeof me.batch) {
			e = store_file_read(&me.store, me.batch, want.n, want.offset);
		}
		run_reply(&me.run, GUARD_CALL_READ, want.request_id, e,
			  bytes_of(me.batch, e == ERR_OK ? want.n : 0));
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

	effects_init(&out, me.effects, sizeof me.effects);
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
	e = user_find(me.config.user, &me.plan);
	if (e != ERR_OK) {
		return say("config", e, "user: required when started as root");
	}
	me.plan.profile = SANDBOX_SIGNER;
	me.plan.files_max = 64;
	me.plan.files_more = SIGNER_CHANNELS + 1; /* one is taken only to be told that there is no
						     place */
	me.plan.lock_memory = me.config.lock_memory;
	me.plan.landlock_optional = me.config.landlock_optional;
	e = crypto_init();
	if (e == ERR_OK) {
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
	e = signer_unlock(&me.config, &genesis_id, bytes_of(me.sealed, me.sealed_n), &me.channels,
			  me.secrets);
	if (e == ERR_STOPPING) {
		return ERR_OK; /* asked to end before anybody unlocked it */
	}
	if (e != ERR_OK) {
		return say("unlock", e, me.config.unlock_socket);
	}
	e = guard_make();
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

int main(int argc, char **argv)
{
	struct config_result result;
	int exit_code = 0;
	enum err e;

	if (argc > 1 && strcmp(argv[1], "--seal") == 0) {
		return signer_seal(argc, argv);
	}
	if (!config_start(&PROGRAM, &me.config, argc, argv, &result, &exit_code)) {
		return exit_code;
	}
	notes_init("kuramori-signer", NOTES_INFO);
	me.notify_fd = -1;
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
