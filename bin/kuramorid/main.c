/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kuramorid - the server: books, withdrawals, API.  It holds no key and decides nothing that a
 * signer would not decide again; assume that it and its database are hostile.
 *
 * Guided.  One core, src/payout, behind one loop:
 *   HTTP requests    -> src/api      -> events of role ROLE_API
 *   signers, watchers (links we open) -> replies as events of their channels
 *   chain nodes      -> src/io/node  -> feed events
 * and the core's effects, in order: COMMIT to the sync thread that owns SQLite, and when that is
 * durable what stands behind it: SEND on the links, CALLs (io/behind.h).  A CALL is answered from
 * the loop (`soon`, `on_wake`), never from inside a step.
 * Everything that is remembered is in the journal: at start it is replayed, and what was begun goes
 * on.  --open-books is in opening.c, --refund-plan in refund.c, what is asked about the past in
 * past.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "chain/feed.h"
#include "crypto/crypto.h"
#include "crypto/key_tables.h"
#include "io/config.h"
#include "io/file.h"
#include "io/language.h"
#include "io/notes.h"
#include "io/notify.h"
#include "io/random.h"
#include "io/sandbox.h"
#include "ipc/msgs.h"
#include "server.h"

#include "kuramori_catalogues.h" /* needs io/language.h */

static const struct config_row rows[] = {
	{ "genesis_file", CONFIG_PATH, NULL, 0, 0, CONFIG_FIELD(server_config, genesis_file),
	  "FILE", "the genesis document" },
	{ "roster_file", CONFIG_PATH, NULL, 0, 0, CONFIG_FIELD(server_config, roster_file), "FILE",
	  "the roster" },
	{ "policy_file", CONFIG_PATH, NULL, 0, 0, CONFIG_FIELD(server_config, policy_file), "FILE",
	  "the policy" },
	{ "store", CONFIG_PLACE, NULL, 0, 0, CONFIG_FIELD(server_config, store), "PLACE",
	  "where the journal lies: a file (SQLite), made if it is not there, or a database "
	  "postgres://HOST[,HOST]/NAME that several servers may share (docs/scale.md)" },
	{ "replica_required", CONFIG_BOOL, "yes", 0, 0,
	  CONFIG_FIELD(server_config, replica_required), NULL,
	  "postgres:// only: every commit must wait for a synchronous replica; a database that "
	  "does not is refused" },
	{ "known_as", CONFIG_STRING, "", 0, 0, CONFIG_FIELD(server_config, known_as), "WHERE",
	  "postgres:// only: where clients find this server; told by those that stand by "
	  "(default: listen)" },
	{ "journal_secret_file", CONFIG_PATH, "", 0, 0,
	  CONFIG_FIELD(server_config, journal_secret_file), "FILE",
	  "64 hex digits, mode 0400: salts the journal's tree; made if it is not there (default: "
	  "store + .secret); with postgres:// it must be given and be there, the same for all" },
	{ "history", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(server_config, history), "DIRECTORY",
	  "what is derived from the journal for statements and balances of the past; may be "
	  "deleted while the program is stopped (default: store + .history; with postgres:// "
	  "none)" },
	{ "history_records", CONFIG_U32, "32768", HISTORY_RUN_MIN, HISTORY_RUN_MAX,
	  CONFIG_FIELD(server_config, history_records), "N",
	  "records that are kept in memory before they become a file of the history; about 480 "
	  "bytes each" },
	{ "listen", CONFIG_STRING, "127.0.0.1:8480", 0, 0, CONFIG_FIELD(server_config, listen),
	  "WHERE", "127.0.0.1:PORT or the absolute path of a Unix socket" },
	{ "token_file", CONFIG_PATH, NULL, 0, 0, CONFIG_FIELD(server_config, token_file), "FILE",
	  "bearer token of the API: 32 to 128 printable characters, mode 0400" },
	{ "settlement_token_file", CONFIG_PATH, "", 0, 0,
	  CONFIG_FIELD(server_config, settlement_token_file), "FILE",
	  "bearer token of POST /v1/transfers, as token_file and another one; without it that "
	  "route is off" },
	{ "signer_a_socket", CONFIG_PATH, NULL, 0, 0, CONFIG_FIELD(server_config, signer_a_socket),
	  "SOCKET", "server.sock of signer a" },
	{ "signer_b_socket", CONFIG_PATH, NULL, 0, 0, CONFIG_FIELD(server_config, signer_b_socket),
	  "SOCKET", "server.sock of signer b" },
	{ "watcher#_socket", CONFIG_PATH, "", 0, 0, CONFIG_ARRAY(server_config, watcher_socket),
	  "SOCKET", "server.sock of a watcher, in the roster's order" },
	{ "node_public", CONFIG_STRING, NULL, 0, 0, CONFIG_FIELD(server_config, node_public),
	  "HOST:PORT", "the node whose chain is followed" },
	{ "node_clean", CONFIG_STRING, "", 0, 0, CONFIG_FIELD(server_config, node_clean),
	  "HOST:PORT",
	  "a node that takes transactions from us alone; payments are announced to both" },
	{ "node_witness#", CONFIG_STRING, "", 0, 0, CONFIG_ARRAY(server_config, node_witness),
	  "HOST:PORT", "a node of somebody else, whose chain is compared with the followed one" },
	{ "node_identity_file", CONFIG_PATH, "", 0, 0,
	  CONFIG_FIELD(server_config, node_identity_file), "FILE",
	  "NEM key (kuramori nem key new) by which a clean node knows us; without it a "
	  "throw-away" },
	{ "nodes_agree", CONFIG_U32, "0", 0, SERVER_NODES, CONFIG_FIELD(server_config, nodes_agree),
	  "N",
	  "nodes that must have a block, the followed one among them, before anything is credited "
	  "or settled by it; 0: more than half of them" },
	{ "drill_folder", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(server_config, drill_folder),
	  "DIRECTORY",
	  "holding, roster-2 and on, and drills of cold holders: deposit messages are given out "
	  "only while enough drills are valid (docs/ceremony.md); without it they always are" },
	{ "network", CONFIG_U32, "152", 1, 255, CONFIG_FIELD(server_config, network), "BYTE",
	  "the network consented to: 152 is development; must be the genesis document's" },
	{ "poll_ms", CONFIG_U32, "50", 5, 60000, CONFIG_FIELD(server_config, poll_ms), "MS",
	  "between two looks at a node" },
	{ "settle_depth", CONFIG_U32, "20", 1, 360, CONFIG_FIELD(server_config, settle_depth),
	  "BLOCKS", "a payment is settled when it is this deep, its own block counted" },
	{ "deposit_depth", CONFIG_U32, "60", 1, 360, CONFIG_FIELD(server_config, deposit_depth),
	  "BLOCKS", "a deposit is credited when it is this deep" },
	{ "in_flight", CONFIG_U32, "16", 1, PAYOUT_IN_FLIGHT_MAX,
	  CONFIG_FIELD(server_config, in_flight), "N",
	  "payments that signers and chain are asked for at once" },
	{ "open_books", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(server_config, open_books), "CSV",
	  "book these opening claims (customer,micro-XEM) against the coins on chain, then end" },
	{ "refund_plan", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(server_config, refund_plan), "FILE",
	  "carry out this plan, which people have approved, then end; cut off anywhere it may be "
	  "started again" },
	{ "refund_rows", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(server_config, refund_rows), "FILE",
	  "the plan's rows, as kuramori books refund plan wrote them" },
};

static const struct config_program program = {
	.name = "kuramorid",
	.summary = "the server: books, withdrawals, API; holds no key",
	.text = "Starts with its journal and goes on where it was. Every withdrawal needs a "
		"request that the\n"
		"back end signed; signers and watchers judge each payment again. See "
		"docs/openapi.yaml for\n"
		"the routes, and `kuramori status` for how things stand.",
	.rows = rows,
	.n = ARRAY_LEN(rows),
};

/* --- CALLs and their answers --- */

static void soon(void *ctx)
{
	struct server *s = ctx;

	while (s->answers != NULL) {
		struct server_answer *a = s->answers;

		s->answers = a->next;
		if (s->answers == NULL) {
			s->answers_end = &s->answers;
		}
		if (a->number == PAYOUT_CALL_SETTLED) {
			api_settled(&s->api, bytes_of(a->body, a->n));
		} else if (s->refunding.asked) {
			refunding_answer(s, a->tag, bytes_of(a->body, a->n));
		} else if (s->opening.csv != NULL) {
			opening_answer(s, a->tag, bytes_of(a->body, a->n));
		} else {
			api_answer(&s->api, a->tag, bytes_of(a->body, a->n));
		}
		free(a);
	}
}

static void on_call(void *ctx, uint16_t number, uint64_t tag, struct bytes arguments)
{
	struct server *s = ctx;
	struct server_answer *a;

	if (number == CALL_ANNOUNCE) {
		uint32_t index;

		CHECK(arguments.n > 4);
		index = le32_get(arguments.p);
		if (index >= s->nodes_n ||
		    node_announce(s->nodes[index].node, tag,
				  bytes_of(arguments.p + 4, arguments.n - 4)) != ERR_OK) {
			NOTES(NOTES_UNUSUAL, "announce-not-sent", notes_u64("node", index));
		}
		return;
	}
	if (number == PAYOUT_CALL_BLOB) {
		struct hash32 name;

		CHECK(arguments.n == sizeof name.b);
		memcpy(name.b, arguments.p, sizeof name.b);
		if (store_sync_blob_ask(s->sync, tag, &name) != ERR_OK) {
			/* Whoever waits for it asks again. */
			NOTES(NOTES_UNUSUAL, "blob-not-asked", notes_u64("tag", tag));
		}
		return;
	}
	CHECK(number == PAYOUT_CALL_ANSWER || number == PAYOUT_CALL_SETTLED);
	a = malloc(sizeof *a + arguments.n);
	CHECK(a != NULL);
	*a = (struct server_answer){ .next = NULL, .number = number, .tag = tag, .n = arguments.n };
	if (arguments.n > 0) {
		memcpy(a->body, arguments.p, arguments.n);
	}
	*s->answers_end = a;
	s->answers_end = &a->next;
	loop_timer_set(&s->loop, &s->soon, 0, 0);
}

/* The sync thread has come further: its own thread wakes the loop's. */
static void wake(void *ctx)
{
	loop_wake(ctx);
}

static void on_wake(void *ctx)
{
	struct server *s = ctx;
	uint64_t tag;
	uint8_t *blob;
	size_t n;
	enum err e;

	behind_release(&s->behind);
	past_answers(s);
	while (store_sync_blob_next(s->sync, &tag, &e, &blob, &n)) {
		run_reply(&s->run, PAYOUT_CALL_BLOB, tag, e, bytes_of(blob, n));
		free(blob);
	}
}

void server_ask(void *ctx, uint16_t operation, uint64_t tag, struct bytes arguments)
{
	struct server *s = ctx;
	struct event e = { .kind = EVENT_FRAME,
			   .role = ROLE_API,
			   .number = operation,
			   .request_id = tag,
			   .body = arguments };

	if (operation >= API_PAST_FIRST) {
		past_ask(s, operation, tag, arguments);
		return;
	}
	if (operation == API_TOKEN && drills_refuse(s, tag)) {
		return;
	}
	run_event(&s->run, &e);
}

/* --- what comes in --- */

/* At the end of this turn of the loop: the transfers of all who came in it are one step. */
static void on_settle(void *ctx)
{
	struct server *s = ctx;

	api_flush(&s->api);
}

static void on_collected(void *ctx)
{
	struct server *s = ctx;

	if (!s->settle.armed) {
		loop_timer_set(&s->loop, &s->settle, 0, 0);
	}
}

static void on_feed(void *ctx, uint16_t number, uint64_t request_id, struct bytes body)
{
	struct server_node *n = ctx;
	struct event e = { .kind = EVENT_REPLY,
			   .role = ROLE_NODE,
			   .channel = n->index,
			   .number = number,
			   .request_id = request_id,
			   .status = ERR_OK,
			   .body = body };

	run_event(&n->server->run, &e);
	if (n->server->opening.csv != NULL && payout_chain_read(n->server->payout)) {
		opening_begin(n->server);
	}
}

static void on_tick(void *ctx)
{
	struct server *s = ctx;

	run_tick(&s->run);
}

static void step(void *core, const struct event *event, struct effects *effects)
{
	payout_step(core, event, effects);
}

static void start(void *core, uint64_t wall_ms, uint64_t mono_ms, struct effects *effects)
{
	payout_start(core, wall_ms, mono_ms, effects);
}

/* --- the end --- */

static void on_check(void *ctx)
{
	struct server *s = ctx;

	if (s->http == NULL || http_server_idle(s->http)) {
		loop_end(&s->loop);
	}
}

static void on_stop(void *ctx)
{
	struct server *s = ctx;

	s->stopping = true;
	if (notify_send(s->notify_fd, "STOPPING=1") != ERR_OK) {
		NOTES(NOTES_UNUSUAL, "nobody-told", notes_text("what", "STOPPING=1"));
	}
	NOTES(NOTES_INFO, "stopping", notes_u64("requests", s->api.requests));
	/* What has come is decided, and what was decided is told, before the rest is sent away. */
	if (s->leads) {
		api_flush(&s->api);
		behind_drain(&s->behind);
		soon(s);
	}
	if (s->http != NULL) {
		http_server_stop(s->http); /* requests that wait are answered 503 */
	}
	loop_timer_set(&s->loop, &s->check, 0, SERVER_CHECK_MS);
}

/* --- the start --- */

static enum err fail(enum err e, const char *where, const char *why)
{
	NOTES(NOTES_BROKEN, "start", notes_text("where", where), notes_text("detail", why),
	      notes_err(e));
	return e;
}

static enum err read_secret(struct server *s)
{
	char *path = s->config.journal_secret_file;
	char text[65] = "";
	size_t n = 0;
	enum err e;

	bool shared = store_postgres_is_url(s->config.store);

	if (path[0] == '\0' && shared) {
		return fail(ERR_CONFIG, "journal_secret_file",
			    "servers of one database need the same secret: make it once (openssl "
			    "rand -hex 32), mode 0400, and give it to each");
	}
	if (path[0] == '\0') {
		int length = snprintf(path, SERVER_PATH_MAX, "%.240s.secret", s->config.store);

		CHECK(length > 0 && length < SERVER_PATH_MAX);
	}
	e = file_read_private(path, text, sizeof text, &n);
	if (e == ERR_NOT_FOUND && !shared && store_sqlite_is(s->config.store)) {
		return fail(
		    e, path,
		    "the journal is there and its secret is not: bring it back from where it "
		    "was kept; with a new one nothing that is in the journal could be shown "
		    "or paid in any more");
	}
	if (e == ERR_NOT_FOUND && !shared) {
		uint8_t fresh[32];

		random_fill(fresh, sizeof fresh);
		hex_put(text, bytes_of(fresh, sizeof fresh));
		crypto_wipe(fresh, sizeof fresh);
		e = file_write_new(path, 0400, bytes_of(text, 64));
		n = 64;
	}
	if (e == ERR_OK && (n < 64 || hex_get(s->secret.b, sizeof s->secret.b, bytes_of(text, 64),
					      HEX_LOWER_ONLY) != ERR_OK)) {
		e = ERR_INPUT;
	}
	crypto_wipe(text, sizeof text);
	return e == ERR_OK ? ERR_OK : fail(e, path, "64 hex digits in a file of mode 0400 of ours");
}

/* The nodes in the order in which the core counts them. */
static uint32_t node_list(const struct server *s, const char *where[SERVER_NODES])
{
	uint32_t n = 0;

	where[n++] = s->config.node_public;
	if (s->config.node_clean[0] != '\0') {
		where[n++] = s->config.node_clean;
	}
	for (size_t i = 0; i < SERVER_WITNESSES; i++) {
		if (s->config.node_witness[i][0] != '\0') {
			where[n++] = s->config.node_witness[i];
		}
	}
	return n;
}

static enum err open_core(struct server *s)
{
	const char *where[SERVER_NODES];
	uint32_t nodes = node_list(s, where);
	static uint8_t raw[3][DOC_BYTES_MAX];
	const char *paths[3] = { s->config.genesis_file, s->config.roster_file,
				 s->config.policy_file };
	struct doc_fault fault = { .why = "" };
	size_t n[3];
	enum err e;

	for (uint32_t i = 0; i < nodes; i++) {
		for (uint32_t j = 0; j < i; j++) {
			if (strcmp(where[i], where[j]) == 0) {
				return fail(ERR_CONFIG, where[i],
					    "a node that is named twice is no second witness");
			}
		}
	}
	if (s->config.nodes_agree > nodes) {
		return fail(ERR_CONFIG, "nodes_agree", "more than there are nodes");
	}
	for (size_t i = 0; i < 3; i++) {
		e = file_read(paths[i], raw[i], sizeof raw[i], &n[i]);
		if (e != ERR_OK) {
			return fail(e, paths[i], err_words(e));
		}
	}
	s->shared = store_postgres_is_url(s->config.store);
	if (!s->refunding.asked) {
		/* A run looks for no id of the past: it keeps all of them in memory. */
		past_open(s);
	}
	{
		struct payout_config config = {
			.genesis = bytes_of(raw[0], n[0]),
			.roster = bytes_of(raw[1], n[1]),
			.policy = bytes_of(raw[2], n[2]),
			.log_secret = &s->secret,
			.network = (uint8_t)s->config.network,
			.settle_depth = s->config.settle_depth,
			.deposit_depth = s->config.deposit_depth,
			.nodes = nodes,
			.nodes_agree =
			    s->config.nodes_agree == 0 ? nodes / 2 + 1 : s->config.nodes_agree,
			.snapshot = s->refunding.sequence,
			.in_flight = s->config.in_flight,
			.look_free = PAYOUT_LOOK_FREE,
		};

		if (s->history != NULL) {
			config.books_window = BOOKS_WINDOW;
			config.books_find = past_find;
			config.books_find_context = s;
		}

		e = payout_init(&s->payout, &config, &fault);
	}
	if (e != ERR_OK) {
		return fail(e, fault.field, fault.why == NULL ? "" : fault.why);
	}
	return journal_open(s);
}

static enum err open_link(struct server *s, const struct gate_table *table, const char *path)
{
	struct server_link *k = calloc(1, sizeof *k);
	uint32_t channel;
	enum err e;

	CHECK(k != NULL && s->links_n < SERVER_LINKS_MAX);
	s->links[s->links_n++] = k;
	e = unix_link_init(&k->link, &s->loop, table, path, k->in, sizeof k->in, k->out,
			   sizeof k->out);
	if (e != ERR_OK) {
		return fail(e, path, "the path of a socket is too long");
	}
	run_link(&s->run, &k->link, ROLE_SERVER, &channel);
	CHECK(channel == s->links_n); /* PAYOUT_CHANNEL_A, _B, _WATCHER and on */
	unix_link_start(&k->link);
	return ERR_OK;
}

static enum err open_links(struct server *s)
{
	enum err e = open_link(s, &s->signer_table, s->config.signer_a_socket);

	if (e == ERR_OK) {
		e = open_link(s, &s->signer_table, s->config.signer_b_socket);
	}
	for (size_t i = 0; e == ERR_OK && i < DOC_WATCHERS_MAX; i++) {
		if (s->config.watcher_socket[i][0] != '\0') {
			e = open_link(s, &s->watcher_table, s->config.watcher_socket[i]);
		}
	}
	return e;
}

static enum err read_identity(const struct server *s, struct edk_secret *identity)
{
	const char *path = s->config.node_identity_file;
	enum err e = path[0] == '\0' ? ERR_OK : node_identity_read(identity, path);

	return e == ERR_OK
		   ? ERR_OK
		   : fail(e, path, "a file of ours of mode 0400 with a NEM key of 64 digits");
}

/* What open_nodes() will need. */
static enum err judge_nodes(const struct server *s)
{
	struct edk_secret identity = { 0 };
	struct node_options options;
	const char *where[SERVER_NODES];
	uint32_t nodes = node_list(s, where);
	enum err e = read_identity(s, &identity);

	edk_secret_wipe(&identity);
	for (uint32_t i = 0; e == ERR_OK && i < nodes; i++) {
		e = node_address(options.host, &options.port, where[i]);
		if (e != ERR_OK) {
			return fail(e, where[i], "a node is given as HOST:PORT");
		}
	}
	return e;
}

static enum err open_nodes(struct server *s)
{
	struct edk_secret identity = { 0 };
	const char *where[SERVER_NODES];
	uint32_t nodes = node_list(s, where);
	static uint8_t raw[DOC_BYTES_MAX];
	static struct doc_genesis genesis;
	struct doc d;
	size_t n = 0;
	enum err e = file_read(s->config.genesis_file, raw, sizeof raw, &n);

	if (e == ERR_OK) {
		e = doc_open(&d, bytes_of(raw, n), NULL, NULL);
	}
	if (e == ERR_OK) {
		e = doc_genesis_read(&d, &genesis, NULL);
	}
	if (e == ERR_OK) {
		e = http_client_open(&s->client, &s->loop);
	}
	if (e != ERR_OK) {
		return fail(e, "nodes", err_words(e));
	}
	e = read_identity(s, &identity);
	if (e != ERR_OK) {
		return e;
	}
	for (size_t i = 0; e == ERR_OK && i < nodes; i++) {
		struct server_node *own = &s->nodes[i];
		struct node_options options = { .network = (uint8_t)s->config.network,
						.nemesis = genesis.chain_nemesis,
						.poll_ms = s->config.poll_ms,
						.pool = true,
						.identity = s->config.node_identity_file[0] == '\0'
								? NULL
								: &identity,
						.on_feed = on_feed,
						.ctx = own };

		e = node_address(options.host, &options.port, where[i]);
		CHECK(e == ERR_OK); /* judge_nodes() */
		own->server = s;
		own->index = (uint32_t)i;
		s->nodes_n = i + 1;
		e = node_open(&own->node, &s->loop, s->client, &options);
	}
	edk_secret_wipe(&identity);
	return e == ERR_OK ? ERR_OK : fail(e, "nodes", err_words(e));
}

/* A token's file, into *token: n characters without the line feed; the caller wipes it. */
static enum err read_token(char token[API_TOKEN_MAX + 2], size_t *n, const char *path)
{
	enum err e = file_read_private(path, token, API_TOKEN_MAX + 1, n);

	if (e != ERR_OK) {
		return fail(e, path, "a file of ours of mode 0400 with the bearer token");
	}
	*n = strcspn(token, "\r\n");
	return ERR_OK;
}

static enum err open_tokens(struct server *s)
{
	const char *path = s->config.token_file;
	char token[API_TOKEN_MAX + 2] = "";
	size_t n = 0;
	enum err e = read_token(token, &n, path);

	if (e != ERR_OK) {
		return e;
	}
	e = api_init(&s->api, bytes_of(token, n), server_ask, s);
	crypto_wipe(token, sizeof token);
	if (e == ERR_OK) {
		api_standing(&s->api, journal_whom, journal_about);
	}
	if (e == ERR_OK && s->config.settlement_token_file[0] != '\0') {
		path = s->config.settlement_token_file;
		e = read_token(token, &n, path);
		if (e != ERR_OK) {
			return e;
		}
		e = api_settlement(&s->api, bytes_of(token, n), on_collected);
		crypto_wipe(token, sizeof token);
	}
	if (e != ERR_OK) {
		return fail(e, path,
			    e == ERR_EXISTS
				? "the same token as token_file's: who may read may not settle"
			    : e == ERR_FULL ? "no memory"
					    : "32 to 128 printable characters without blanks");
	}
	return ERR_OK;
}

static enum err open_api(struct server *s)
{
	struct http_server_plan plan = { .on_request = api_on_request,
					 .on_gone = api_on_gone,
					 .body_max_of = api_body_max,
					 .ctx = &s->api };
	const char *colon = strrchr(s->config.listen, ':');
	enum err e = open_tokens(s);

	if (e != ERR_OK) {
		return e;
	}
	if (s->config.listen[0] == '/') {
		plan.unix_path = s->config.listen;
		plan.unix_mode = 0660;
	} else {
		char *end = NULL;
		unsigned long port = colon == NULL ? 0 : strtoul(colon + 1, &end, 10);

		/* Other hosts reach it by a proxy with TLS; here is none (design.md 10.10). */
		if (colon == NULL || end == NULL || *end != '\0' || port > 65535 ||
		    strncmp(s->config.listen, "127.0.0.1:", 10) != 0) {
			return fail(ERR_CONFIG, s->config.listen,
				    "listen is 127.0.0.1:PORT or the path of a Unix socket");
		}
		plan.port = (uint16_t)port;
	}
	e = http_server_open(&s->http, &s->loop, &plan);
	if (e != ERR_OK) {
		return fail(e, s->config.listen,
			    e == ERR_BUSY ? "another program listens there already" : err_words(e));
	}
	return ERR_OK;
}

enum err server_lead(struct server *s)
{
	enum err e = store_sync_start(&s->sync, &s->store.base, wake, &s->loop);

	if (e != ERR_OK) {
		return fail(e, s->store.base.path, "no thread for it");
	}
	past_follow(s, s->store.base.next_sequence);
	run_init(&s->run, step, s->payout, &s->store.base, s->scratch, PAYOUT_EFFECTS_BYTES);
	run_on_call(&s->run, on_call, s);
	loop_on_wake(&s->loop, on_wake, s);
	behind_start(&s->behind, &s->run, s->sync);
	s->leads = true;
	run_start(&s->run, start);
	if (s->refunding.asked) {
		refunding_begin(s); /* no link, no node, no route: nothing else happens */
		return ERR_OK;
	}
	if (s->opening.csv == NULL) {
		e = open_links(s);
	}
	if (e == ERR_OK) {
		e = open_nodes(s);
	}
	if (e == ERR_OK) {
		loop_timer_set(&s->loop, &s->tick, SERVER_TICK_MS, SERVER_TICK_MS);
	}
	return e;
}

static enum err serve(struct server *s)
{
	enum err e = notify_open(&s->notify_fd);

	s->answers_end = &s->answers;
	s->tick = (struct loop_timer){ .on = on_tick, .ctx = s };
	s->soon = (struct loop_timer){ .on = soon, .ctx = s };
	s->settle = (struct loop_timer){ .on = on_settle, .ctx = s };
	s->check = (struct loop_timer){ .on = on_check, .ctx = s };
	msgs_signer_table(&s->signer_table);
	msgs_watcher_table(&s->watcher_table);
	if (e == ERR_OK) {
		e = loop_init(&s->loop);
	}
	if (e != ERR_OK) {
		return fail(e, "loop", err_words(e));
	}
	if (s->config.refund_plan[0] != '\0' || s->config.refund_rows[0] != '\0') {
		e = refunding_read(s);
	} else if (s->config.open_books[0] != '\0') {
		e = opening_read(s);
	}
	if (e != ERR_OK) {
		return e;
	}
	e = read_secret(s);
	if (e == ERR_OK) {
		e = open_core(s);
	}
	if (e == ERR_OK && !s->refunding.asked) {
		e = open_api(s); /* the token and the port are judged even where nobody will ask */
	}
	if (e == ERR_OK) {
		e = judge_nodes(s); /* here too: not only when it is our turn */
	}
	if (e != ERR_OK) {
		return e;
	}
	e = journal_take(s);
	if (e == ERR_OK) {
		e = server_lead(s);
	} else if (e == ERR_BUSY) {
		journal_stand_by(s);
		e = ERR_OK;
	}
	if (e != ERR_OK) {
		return e;
	}
	loop_on_stop(&s->loop, on_stop, s);
	NOTES(NOTES_INFO, "ready", notes_text("listen", s->config.listen),
	      notes_u64("records", payout_journal(s->payout)->next_sequence));
	e = notify_send(s->notify_fd, "READY=1");
	if (e == ERR_OK) {
		e = loop_run(&s->loop);
	}
	if (e == ERR_OK) {
		e = s->result;
	}
	if (e == ERR_OK) {
		e = s->refunding.asked ? s->refunding.result : s->opening.result;
	}
	return e;
}

int main(int argc, char **argv)
{
	static struct server s = { .notify_fd = -1 };
	struct config_result result;
	int exit_code = 0;
	enum err e;

	notes_init("kuramorid", NOTES_INFO);
	if (sandbox_descriptors() != ERR_OK) {
		return err_exit(fail(ERR_IO, "start", "inherited descriptors do not close"));
	}
	if (crypto_init() != ERR_OK) {
		return err_exit(fail(ERR_IO, "libsodium", "does not start"));
	}
	key_tables_init();
	if (!config_start(&program, &s.config, argc, argv, &result, &exit_code)) {
		return exit_code;
	}
	/* its own words are English: only what the API says to people is not (decision 28) */
	languages_begin("kuramori", catalogues, ARRAY_LEN(catalogues));
	s.scratch = malloc(PAYOUT_EFFECTS_BYTES);
	CHECK(s.scratch != NULL);
	e = serve(&s);
	if (s.sync != NULL) {
		struct store_fault fault = { "" };
		enum err written;

		past_drain(&s);
		written = store_sync_stop(s.sync, &fault);

		if (written != ERR_OK) {
			run_end(written, &fault);
		}
	}
	past_close(&s);
	http_server_close(s.http);
	for (size_t i = 0; i < s.nodes_n; i++) {
		node_close(s.nodes[i].node);
	}
	if (s.client != NULL) {
		http_client_close(s.client);
	}
	for (size_t i = 0; i < s.links_n; i++) {
		unix_link_stop(&s.links[i]->link);
		free(s.links[i]);
	}
	if (s.journal_open) {
		store_close(&s.store.base);
	}
	payout_free(s.payout);
	log_secret_wipe(&s.secret);
	api_free(&s.api);
	free(s.opening.csv);
	free(s.refunding.rows);
	free(s.scratch);
	free(s.batch);
	return err_exit(e);
}
