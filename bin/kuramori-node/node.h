/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node.h - what the files of kuramori-node share: the chain, its clock, its file, its two ports.
 */
#ifndef KURAMORI_NODE_NODE_H
#define KURAMORI_NODE_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "chain/nem/nem_block.h"
#include "chain/nem/nem_tx.h"
#include "crypto/edk.h"
#include "io/config.h"
#include "io/http_client.h"
#include "io/http_server.h"
#include "io/loop.h"
#include "nis/nis.h"

enum { NODE_PUBLIC = 0, NODE_CLEAN = 1, NODE_PORTS = 2, NODE_NETWORK = 0x98 };

enum {
	NODE_BODY_MAX = 1048576,    /* /dev/block may carry 120 transactions */
	NODE_BLOCKS_AT_ONCE = 2000, /* /dev/blocks */
	NODE_FAULT_MS_MAX = 600000, /* and of a restart */
	NODE_FAULTS_MAX = 16,
	NODE_CLIENTS_MAX = 8,
	NODE_FAULT_PATH_MAX = 63,
	NODE_FAULT_TIMES_MAX = 1000000,
	NODE_UNLOCKED_MAX = 4, /* as NIS by default */
	NODE_PEERS_MAX = 8,
};

/* Twice all there is, in micro-XEM. */
#define NODE_LIE_BY_MAX INT64_C(10000000000000000)

struct node_config {
	char nemesis_file[512], nemesis_key_file[512], harvester_key_file[512];
	char data_dir[512];
	char blocks[16];
	char next_pool[16];
	char harvest_rule[16];
	char peers[1024];
	char clean_client[NODE_CLIENTS_MAX][65];
	uint32_t peer_interval_ms;
	uint32_t nemesis_time;
	uint32_t public_port, clean_port;
	uint32_t websocket_port, websocket_connections, websocket_queue_bytes;
	uint32_t websocket_subscriptions, websocket_addresses, websocket_heartbeat_ms;
	uint32_t block_interval_ms;
	uint32_t retention_s;
	bool development, result_cache, spam_filter;
};

/* What the chain's seconds follow (docs/node.md, "The clock"). */
enum node_clock {
	NODE_CLOCK_DEMAND,   /* stands; blocks move it */
	NODE_CLOCK_REAL,     /* wall time and an offset */
	NODE_CLOCK_INTERVAL, /* so many chain seconds in so many real milliseconds */
};

enum node_pool_choice { NODE_NEXT_ALTERNATE, NODE_NEXT_PUBLIC, NODE_NEXT_CLEAN };

enum node_fault_kind {
	NODE_FAULT_NONE,
	NODE_FAULT_DELAY,       /* answers late */
	NODE_FAULT_UNAVAILABLE, /* NIS_ILLEGAL_STATE_NOT_BOOTED */
	NODE_FAULT_GARBAGE,     /* 200 and no JSON */
	NODE_FAULT_SILENT,      /* takes the request and never answers */
	NODE_FAULT_DROP,        /* closes the connection in place of an answer */
	NODE_FAULT_CUT,         /* closes it in the middle of the answer */
	NODE_FAULT_TRUNCATED,   /* half of the JSON, as if it were the whole answer */
	NODE_FAULT_DRIP,        /* a byte of the answer now and then */
	NODE_FAULT_LIE,         /* a well-formed answer that is not true */
	NODE_FAULT_REFUSE,      /* the port is closed; the clean one only */
};

enum node_lie {
	NODE_LIE_NONE,
	NODE_LIE_HEIGHT,   /* every height moved */
	NODE_LIE_BALANCE,  /* every balance moved */
	NODE_LIE_HASH,     /* every hash another */
	NODE_LIE_EMPTY,    /* every list empty */
	NODE_LIE_ACCEPTED, /* announcements are thrown away and answered SUCCESS */
	NODE_LIE_REFUSED,  /* announcements are taken and answered as refused */
};

/* How requests of one path of one port fail. */
struct node_fault {
	enum node_fault_kind kind;
	enum node_lie lie;
	char path[NODE_FAULT_PATH_MAX + 1]; /* "": every path without a fault of its own */
	uint32_t ms;                        /* delay, drip */
	uint32_t times;                     /* how many requests more; 0: until it is changed */
	int64_t by;                         /* lies: what is added */
};

struct node;

/* A request that meets a fault: the user of the http_request meanwhile. */
struct node_faulty {
	struct node_fault fault;
	struct node_faulty *next; /* of those that are held back */
	struct node_port *port;
	struct http_request *request;
	struct loop_timer timer;
};

/* A text in JSON that many ask for again and again, and of what it is: nothing while p is NULL. */
struct node_kept {
	char *p;
	size_t n;
	struct hash32 block;   /* of this one */
	uint64_t pool_version; /* of a pool: nis_pool_version() */
};

struct node_port {
	struct node *node;
	unsigned pool;
	struct node_kept list;      /* of its pool */
	struct http_server *server; /* NULL while it refuses */
	uint16_t number;
	struct node_fault faults[NODE_FAULTS_MAX];
	size_t faults_n;
	struct node_faulty *held;
};

struct node {
	struct node_config config;
	struct loop loop;
	struct nis *nis;
	struct edk_secret identity;
	struct node_port port[NODE_PORTS];
	enum node_clock clock;
	int64_t offset_s;           /* of the real clock */
	uint32_t stand_s;           /* the demand clock: at least this */
	uint64_t tick_mono_ms;      /* interval clock: when the last block was due */
	uint32_t interval_ms;       /* between blocks by themselves; 0: on demand only */
	uint32_t interval_s;        /* chain seconds of one interval */
	enum node_pool_choice next; /* which pool makes the next block */
	bool last_was_public;
	struct node_kept top; /* the newest block, as /local/chain/blocks-after tells it */
	bool hold;            /* no blocks by themselves */
	uint32_t expired_at_s;
	struct loop_timer block_timer, stop_timer, begin_timer, restart_timer;
	int notify_fd;
	bool json;                                /* the ready line */
	bool restart;                             /* this life ends and another begins */
	uint32_t down_ms;                         /* between the two */
	enum err result;                          /* why it could not begin */
	struct key32 unlocked[NODE_UNLOCKED_MAX]; /* by /account/unlock: public keys only */
	size_t unlocked_n;
	struct push *push;  /* NULL: not open */
	uint32_t start_s;   /* when the program began, chain time */
	int disk_fd;        /* -1: in memory only */
	uint64_t *disk_end; /* of the file after block 1 + i */
	size_t disk_n, disk_cap;
	struct node_peer *peers;
	struct http_client *http;
	uint8_t *peers_block; /* NEM_BLOCK_BYTES_MAX */
	struct loop_timer peer_timer;
	/* who alone may put transactions into the clean pool; none: everybody */
	struct key32 clean_client[NODE_CLIENTS_MAX];
	size_t clean_clients;
};

/* ---- clock.c: chain time, and who makes the next block ---- */

/* NEM seconds and milliseconds now, as this chain sees them. */
uint32_t node_now_s(struct node *n);
uint64_t node_now_network_ms(struct node *n);
/* Starts or stops the timer of blocks after clock, interval or hold changed. */
void node_arm(struct node *n);
/*
 * When a block of that time from elsewhere is judged: the wall clock is right, the other clocks
 * follow the blocks.
 */
uint32_t node_judge_s(struct node *n, uint32_t time_s);
unsigned node_next_pool(struct node *n);
/*
 * One block at time_s from a pool, stored; the process ends if it cannot be stored.  Errors as
 * nis_mine().
 */
MUST_CHECK enum err node_mine(struct node *n, unsigned pool, uint32_t time_s);
/* Drops what has expired, at most once a chain second. */
void node_expire(struct node *n);

/* ---- disk.c: the file of blocks ---- */

/*
 * Opens data_dir/blocks, replays it into n->nis; a torn last block is cut off.  ERR_CORRUPT if it
 * does not follow from this nemesis or a block is not valid; ERR_BUSY another process has it;
 * ERR_IO.
 */
MUST_CHECK enum err node_disk_open(struct node *n);
/*
 * The chain is another above block `common`: cuts the file there and stores what the chain has.
 * Dies if it cannot: memory must not be ahead of the file.
 */
void node_disk_follow(struct node *n, uint64_t common);
void node_disk_close(struct node *n);

/* ---- peers.c: other nodes of the same network ---- */

/* Begins the rounds (docs/node.md, "Peers").  ERR_IO. */
MUST_CHECK enum err node_peers_open(struct node *n);
/* No more rounds; what is under way is forgotten. */
void node_peers_stop(struct node *n);
void node_peers_close(struct node *n);
/* `host:port,host:port`, at most NODE_PEERS_MAX; "" for none.  False, nothing changed: malformed.
 */
bool node_peers_set(struct node *n, const char *text);
/* A transaction that came into the public pool goes to every peer. */
void node_peers_tell(struct node *n, const struct nem_tx *tx);
/*
 * After every change of the chain above block `common`: the clock has at least its time, the file
 * has it, and WebSocket clients and peers hear of new blocks.
 */
void node_chain_moved(struct node *n, uint64_t common);
/* nis_adopt() of blocks whose last one has this time, with all that follows from it. */
MUST_CHECK enum err node_adopt(struct node *n, const struct bytes *blocks, size_t count,
			       const struct nem_block_head *last, enum nem_result *code);
/* Asks the peers now: somebody has a block that does not fit ours. */
void node_peers_hurry(struct node *n);
/* How many gave a good answer last. */
size_t node_peers_active(const struct node *n);
/* Those as NIS's Node objects. */
json_t *node_peers_list(const struct node *n);

/* ---- fault.c: the ports, and what goes wrong on them ---- */

bool node_rest_open(struct node_port *p, uint16_t number, enum err *e);
/*
 * Sets, replaces or (kind none) ends the fault of a path, as a test asks for it (docs/node.md,
 * "Faults"); none for every path ends all of the port.  Answers what a lifted fault held back.
 * False and *wrong in words, nothing changed, if j says no such fault.
 */
bool node_fault_set(struct node *n, const json_t *j, const char **wrong);
/* What the answer to r is to be a lie about. */
enum node_lie node_fault_lie(const struct http_request *r);
/* Sends an answer the way the fault of r wants it.  Takes j. */
void node_fault_reply(struct http_request *r, unsigned status, json_t *j);

/* ---- rest.c: the REST interface of NIS ---- */

/* Answers a request; what node_fault_lie() says is told in the answer. */
void node_rest_dispatch(struct node_port *p, struct http_request *r);
/* Reply with NIS's JSON: text and CR LF.  Takes j. */
void node_rest_json(struct http_request *r, unsigned status, json_t *j);
/* Forgets the texts that are kept: the chain they are of is gone. */
void node_rest_forget(struct node *n);
/* NIS's error body (nem.md 5.0). */
void node_rest_error(struct node *n, struct http_request *r, unsigned status, const char *message);
/* The body as a JSON object, or NULL after an error was sent. */
json_t *node_rest_body(struct node *n, struct http_request *r);

/* ---- dev.c: the hooks of development under /dev/ ---- */

/* True if the path was one of them and has been answered. */
bool node_dev_request(struct node *n, struct http_request *r);

/* ---- push.c, push_port.c: the WebSocket port (docs/node.md, "WebSocket") ---- */

/* The port that was found is in the configuration then.  ERR_BUSY it is in use; ERR_IO; nothing
 * stays open then. */
MUST_CHECK enum err node_push_open(struct node *n);
/* Nobody new; goodbye to all.  Nothing happens if it is not open. */
void node_push_stop(struct node *n);
void node_push_close(struct node *n);

/* The blocks from `first` to the top are new, and came together: call it once they are stored. */
void node_push_blocks(struct node *n, uint64_t first);
/* The pool of this port took a transaction: its signing form and signature, or (NULL) its signed
 * form. */
void node_push_taken(struct node_port *port, struct bytes form, const struct sig64 *signature);
/*
 * What comes back to the pool when blocks are undone is said again, before the blocks that came in
 * their place (N:chain/BlockChainUpdateContext.java, updateOurChain()): remember first, returned
 * when they are undone.  The list belongs to the caller until node_push_returned() frees it.
 */
struct hash32 *node_push_remember(struct node *n, size_t *count);
void node_push_returned(struct node *n, struct hash32 *hash, size_t count);

/* ---- nemesis.c ---- */

/*
 * Reads the grants and the two keys and opens the chain (docs/node.md, "The first block").
 * ERR_NOT_FOUND, ERR_TOO_LARGE, ERR_IO, ERR_POLICY (a key file that others may read); ERR_INPUT,
 * ERR_ADDRESS, ERR_NETWORK, ERR_AMOUNT, ERR_OVERFLOW, ERR_KEY, ERR_FULL.  what: the file and line.
 */
MUST_CHECK enum err node_nemesis_open(struct node *n, char *what, size_t cap);

#endif
