/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kuramori-node: a development node for NEM (NIS1).
 *
 * Read in this order: this file (wiring); src/nis/nis.h (what a chain is and where it differs from
 * NIS on purpose); nemesis.c (the first block, from a file); clock.c (chain time, and who makes the
 * next block); rest.c (the REST interface of NIS); dev.c (the hooks under /dev/); disk.c (the file
 * of blocks); docs/node.md (all of it for users).
 *
 * One process, one thread, one chain.  Two ports with a pool each over the same chain: `public` is
 * what anybody reaches, `clean` stands for a node that harvests and takes unconfirmed transactions
 * from nobody but us (design.md 7).  Both listen on the loopback only.  It trusts nobody and is
 * trusted with nothing: its two keys are thrown away with the chain.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/hex.h"
#include "crypto/crypto.h"
#include "io/notes.h"
#include "io/notify.h"
#include "node.h"

enum { STOP_POLL_MS = 20 };

/* clang-format off */
static const struct config_row ROWS[] = {
	{ "public_port", CONFIG_U32, "7890", 0, 65535, CONFIG_FIELD(node_config, public_port),
	  "PORT", "Port of the public pool on the loopback; 0 chooses one and prints it." },
	{ "clean_port", CONFIG_U32, "7891", 0, 65535, CONFIG_FIELD(node_config, clean_port),
	  "PORT", "Port of the clean pool on the loopback; 0 chooses one and prints it." },
	{ "websocket_port", CONFIG_U32, "7778", 0, 65535, CONFIG_FIELD(node_config, websocket_port),
	  "PORT", "Port of the WebSocket on the loopback; 0 chooses one and prints it." },
	{ "websocket_heartbeat_ms", CONFIG_U32, "25000", 10, 3600000,
	  CONFIG_FIELD(node_config, websocket_heartbeat_ms),
	  "MS", "Between two heart-beats of SockJS." },
	{ "websocket_connections", CONFIG_U32, "64", 1, 512,
	  CONFIG_FIELD(node_config, websocket_connections),
	  "NUMBER", "Connections to the WebSocket port; one more is answered 503." },
	{ "websocket_queue_bytes", CONFIG_U32, "2097152", 65536, 67108864,
	  CONFIG_FIELD(node_config, websocket_queue_bytes),
	  "BYTES", "What may wait for one WebSocket client; a slower one is cut off." },
	{ "websocket_subscriptions", CONFIG_U32, "64", 1, 1024,
	  CONFIG_FIELD(node_config, websocket_subscriptions),
	  "NUMBER", "Subscriptions of one WebSocket client; one more ends its session." },
	{ "websocket_addresses", CONFIG_U32, "10000", 1, 1000000,
	  CONFIG_FIELD(node_config, websocket_addresses),
	  "NUMBER", "Addresses that all WebSocket clients together may have observed." },
	{ "nemesis_file", CONFIG_PATH, NULL, 0, 0, CONFIG_FIELD(node_config, nemesis_file),
	  "FILE", "Grants of the first block: a line `ADDRESS MICRO-XEM` each." },
	{ "nemesis_time", CONFIG_U32, NULL, 0, INT32_MAX, CONFIG_FIELD(node_config, nemesis_time),
	  "SECONDS", "Time of the first block in NEM seconds (since 2015-03-29 00:06:25 UTC)." },
	{ "nemesis_key_file", CONFIG_PATH, NULL, 0, 0, CONFIG_FIELD(node_config, nemesis_key_file),
	  "FILE", "Private key that signs the first block: 64 hex digits, mode 0400." },
	{ "harvester_key_file", CONFIG_PATH, NULL, 0, 0,
	  CONFIG_FIELD(node_config, harvester_key_file),
	  "FILE", "Private key of the harvester, who gets the fees: the same form." },
	{ "data_dir", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(node_config, data_dir),
	  "FOLDER", "Where blocks are kept; without it the chain is in memory only." },
	{ "blocks", CONFIG_STRING, "demand", 0, 0, CONFIG_FIELD(node_config, blocks),
	  "MODE", "demand: blocks and time move by /dev/; clock: wall time, a block each interval." },
	{ "block_interval_ms", CONFIG_U32, "60000", 10, 86400000,
	  CONFIG_FIELD(node_config, block_interval_ms), "MS", "Between two blocks of the clock." },
	{ "next_pool", CONFIG_STRING, "alternate", 0, 0, CONFIG_FIELD(node_config, next_pool),
	  "POOL", "Which pool makes the next block: alternate, public or clean." },
	{ "harvest_rule", CONFIG_STRING, "any", 0, 0, CONFIG_FIELD(node_config, harvest_rule),
	  "RULE", "any: a block is good in any second; nis: only in one in which its harvester hits." },
	{ "peers", CONFIG_STRING, "", 0, 0, CONFIG_FIELD(node_config, peers),
	  "HOST:PORT,...", "Public ports of other nodes of this network, at most 8." },
	{ "peer_interval_ms", CONFIG_U32, "1000", 10, 3600000,
	  CONFIG_FIELD(node_config, peer_interval_ms), "MS", "Between two rounds through the peers." },
	{ "clean_client#", CONFIG_STRING, "", 0, 0, CONFIG_ARRAY(node_config, clean_client),
	  "KEY", "A public key; envelopes of these alone bring transactions into the clean pool." },
	{ "retention_s", CONFIG_U32, "129600", 0, UINT32_MAX, CONFIG_FIELD(node_config, retention_s),
	  "SECONDS", "How long hashes are remembered (NIS: 36 h); 0 for ever." },
	{ "result_cache", CONFIG_BOOL, "yes", 0, 0, CONFIG_FIELD(node_config, result_cache),
	  "YES/NO", "Remember each answer by hash for ten minutes, as NIS does." },
	{ "spam_filter", CONFIG_BOOL, "no", 0, 0, CONFIG_FIELD(node_config, spam_filter),
	  "YES/NO", "NIS's spam filter, with no importance for anybody." },
	{ "development", CONFIG_BOOL, "no", 0, 0, CONFIG_FIELD(node_config, development),
	  "YES/NO", "Serve the hooks under /dev/ on the public port." },
};
/* clang-format on */

static const struct config_program PROGRAM = {
	.name = "kuramori-node",
	.summary = "a development node for NEM (NIS1), compatible with its REST interface",
	.text = "For development and tests only: network 0x98, throw-away keys, blocks by "
		"appointment.\n"
		"It reproduces the properties of NEM's multisig that a wallet must survive; "
		"docs/node.md\n"
		"lists them, the routes, and the hooks under /dev/.  With --json one line on "
		"stdout names\n"
		"the ports and the nemesis hash once it is ready.",
	.rows = ROWS,
	.n = sizeof ROWS / sizeof ROWS[0],
	.json = true,
};

/* The words that the table cannot judge.  False after a line on stderr. */
static bool choose(struct node *n)
{
	const struct node_config *c = &n->config;

	if (strcmp(c->blocks, "demand") != 0 && strcmp(c->blocks, "clock") != 0) {
		NOTES(NOTES_BROKEN, "config", notes_text("key", "blocks"),
		      notes_text("wants", "demand or clock"));
		return false;
	}
	if (strcmp(c->next_pool, "alternate") == 0) {
		n->next = NODE_NEXT_ALTERNATE;
	} else if (strcmp(c->next_pool, "public") == 0) {
		n->next = NODE_NEXT_PUBLIC;
	} else if (strcmp(c->next_pool, "clean") == 0) {
		n->next = NODE_NEXT_CLEAN;
	} else {
		NOTES(NOTES_BROKEN, "config", notes_text("key", "next_pool"),
		      notes_text("wants", "alternate, public or clean"));
		return false;
	}
	if (strcmp(c->harvest_rule, "any") != 0 && strcmp(c->harvest_rule, "nis") != 0) {
		NOTES(NOTES_BROKEN, "config", notes_text("key", "harvest_rule"),
		      notes_text("wants", "any or nis"));
		return false;
	}
	if (!node_peers_set(n, c->peers)) {
		NOTES(NOTES_BROKEN, "config", notes_text("key", "peers"),
		      notes_text("wants", "at most 8 of host:port with commas between"));
		return false;
	}
	for (size_t i = 0; i < NODE_CLIENTS_MAX; i++) {
		struct key32 *key = &n->clean_client[n->clean_clients];

		if (c->clean_client[i][0] == '\0') {
			continue;
		}
		if (hex_get(key->b, sizeof key->b, bytes_str(c->clean_client[i]), HEX_ANY_CASE) !=
		    ERR_OK) {
			NOTES(NOTES_BROKEN, "config", notes_text("key", "clean_client"),
			      notes_text("wants", "64 hexadecimal digits"));
			return false;
		}
		n->clean_clients++;
	}
	n->clock = strcmp(c->blocks, "clock") == 0 ? NODE_CLOCK_REAL : NODE_CLOCK_DEMAND;
	n->interval_ms = n->clock == NODE_CLOCK_REAL ? c->block_interval_ms : 0;
	n->interval_s = 60;
	return true;
}

static void on_stop_poll(void *ctx)
{
	struct node *n = ctx;

	for (unsigned i = 0; i < NODE_PORTS; i++) {
		if (n->port[i].server != NULL && !http_server_idle(n->port[i].server)) {
			return;
		}
	}
	loop_end(&n->loop);
}

static void on_stop(void *ctx)
{
	struct node *n = ctx;

	if (!n->restart && notify_send(n->notify_fd, "STOPPING=1") != ERR_OK) {
		NOTES(NOTES_UNUSUAL, "notify", notes_err(ERR_IO)); /* it stops all the same */
	}
	n->hold = true;
	node_arm(n);
	node_peers_stop(n);
	for (unsigned i = 0; i < NODE_PORTS; i++) {
		if (n->port[i].server != NULL) {
			http_server_stop(n->port[i].server);
		}
	}
	node_push_stop(n);
	n->stop_timer.on = on_stop_poll;
	n->stop_timer.ctx = n;
	loop_timer_set(&n->loop, &n->stop_timer, STOP_POLL_MS, STOP_POLL_MS);
}

static void say_ready(struct node *n)
{
	struct nis_block nemesis;
	unsigned public_port = n->port[NODE_PUBLIC].number, clean_port = n->port[NODE_CLEAN].number;
	unsigned websocket_port = n->config.websocket_port;

	(void)nis_block_at(n->nis, 1, &nemesis);
	NOTES(NOTES_INFO, "ready", notes_u64("public_port", public_port),
	      notes_u64("clean_port", clean_port), notes_u64("websocket_port", websocket_port),
	      notes_u64("height", nis_height(n->nis)),
	      notes_hex("nemesis", bytes_of(nemesis.hash.b, 32)));
	if (n->json) {
		(void)printf("{\"clean_port\":%u,\"nemesis\":\"", clean_port);
		for (unsigned i = 0; i < 32; i++) {
			(void)printf("%02x", nemesis.hash.b[i]);
		}
		(void)printf("\",\"public_port\":%u,\"websocket_port\":%u}\n", public_port,
			     websocket_port);
	} else {
		(void)printf("public_port %u\nclean_port %u\nwebsocket_port %u\n", public_port,
			     clean_port, websocket_port);
	}
	(void)fflush(stdout);
}

static enum err open_ports(struct node *n)
{
	uint32_t numbers[NODE_PORTS] = { n->config.public_port, n->config.clean_port };
	enum err e = ERR_OK;

	for (unsigned i = 0; i < NODE_PORTS; i++) {
		n->port[i].node = n;
		n->port[i].pool = i;
		if (!node_rest_open(&n->port[i], (uint16_t)numbers[i], &e)) {
			NOTES(NOTES_BROKEN, "port", notes_u64("port", numbers[i]), notes_err(e));
			return e;
		}
	}
	e = node_push_open(n);
	if (e != ERR_OK) {
		NOTES(NOTES_BROKEN, "port", notes_u64("port", n->config.websocket_port),
		      notes_err(e));
	}
	return e;
}

/* The ports open and the clock starts.  Whoever cannot do that ends. */
static void begin(void *ctx)
{
	struct node *n = ctx;
	enum err e = open_ports(n);

	if (e == ERR_OK) {
		e = node_peers_open(n);
	}
	if (e == ERR_OK) {
		n->start_s = node_now_s(n);
		node_arm(n);
		say_ready(n);
		e = notify_send(n->notify_fd, "READY=1");
	}
	if (e != ERR_OK) {
		n->result = e;
		loop_end(&n->loop);
	}
}

/* From nothing to the end of one life: everything that is not in a file begins anew. */
static enum err live(struct node *n)
{
	char what[600] = "";
	enum err e = node_nemesis_open(n, what, sizeof what);

	if (e != ERR_OK) {
		NOTES(NOTES_BROKEN, "nemesis", notes_text("at", what), notes_err(e));
		return e;
	}
	e = node_disk_open(n);
	if (e != ERR_OK) {
		NOTES(NOTES_BROKEN, "disk", notes_text("folder", n->config.data_dir), notes_err(e));
		return e;
	}
	e = loop_init(&n->loop);
	if (e != ERR_OK) {
		NOTES(NOTES_BROKEN, "loop", notes_err(e));
		return e;
	}
	loop_on_stop(&n->loop, on_stop, n);
	n->begin_timer = (struct loop_timer){ .on = begin, .ctx = n };
	loop_timer_set(&n->loop, &n->begin_timer, n->down_ms, 0);
	e = loop_run(&n->loop);
	for (unsigned i = 0; i < NODE_PORTS; i++) {
		http_server_close(n->port[i].server);
	}
	node_push_close(n);
	node_peers_close(n);
	loop_close(&n->loop);
	return e == ERR_OK ? n->result : e;
}

static void end(struct node *n)
{
	node_peers_stop(n);
	node_disk_close(n);
	node_rest_forget(n);
	nis_close(n->nis);
	edk_secret_wipe(&n->identity);
}

/* What the next life knows of this one: the configuration, with the ports that were found. */
static void be_born_again(struct node *n)
{
	struct node next = { .disk_fd = -1,
			     .notify_fd = n->notify_fd,
			     .config = n->config,
			     .down_ms = n->down_ms,
			     .json = n->json };

	next.config.public_port = n->port[NODE_PUBLIC].number;
	next.config.clean_port = n->port[NODE_CLEAN].number;
	*n = next;
}

static enum err run(struct node *n)
{
	enum err e = crypto_init();
	bool again;

	if (e == ERR_OK) {
		e = notify_open(&n->notify_fd);
	}
	if (e != ERR_OK) {
		NOTES(NOTES_BROKEN, "start", notes_err(e));
		return e;
	}
	do {
		if (!choose(n)) {
			return ERR_CONFIG;
		}
		e = live(n);
		end(n);
		again = e == ERR_OK && n->restart;
		if (again) {
			be_born_again(n);
		}
	} while (again);
	return e;
}

int main(int argc, char **argv)
{
	static struct node n = { .disk_fd = -1, .notify_fd = -1 };
	struct config_result result;
	int exit_code = 0;

	notes_init("kuramori-node", NOTES_INFO);
	if (!config_start(&PROGRAM, &n.config, argc, argv, &result, &exit_code)) {
		return exit_code;
	}
	n.json = result.json;
	return err_exit(run(&n));
}
