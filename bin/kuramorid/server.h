/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.h - what the files of kuramorid share.  Read main.c first, then journal.c, opening.c and
 * past.c.
 */
#ifndef KURAMORI_BIN_SERVER_H
#define KURAMORI_BIN_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/api.h"
#include "doc/document.h"
#include "io/behind.h"
#include "io/http_client.h"
#include "io/http_server.h"
#include "io/loop.h"
#include "io/node.h"
#include "io/unix.h"
#include "log/tree.h"
#include "payout/payout.h"
#include "store/ahead.h"
#include "store/history.h"
#include "store/postgres.h"
#include "store/sqlite.h"
#include "store/sync.h"

enum {
	SERVER_PATH_MAX = 256,
	SERVER_WITNESSES = 6,                /* nodes whose chain is compared */
	SERVER_NODES = 2 + SERVER_WITNESSES, /* the public one, whose chain is followed, the clean
					      * one, and those */
	SERVER_LINKS_MAX = 2 + DOC_WATCHERS_MAX,
	SERVER_TICK_MS = 200,
	SERVER_CHECK_MS = 10, /* while stopping: is everything answered? */
};

struct server_config {
	char genesis_file[SERVER_PATH_MAX];
	char roster_file[SERVER_PATH_MAX];
	char policy_file[SERVER_PATH_MAX];
	char store[STORE_POSTGRES_URL_MAX];
	char known_as[STORE_POSTGRES_WHO_MAX];
	char journal_secret_file[SERVER_PATH_MAX];
	char history[SERVER_PATH_MAX];
	uint32_t history_records;
	char listen[SERVER_PATH_MAX];
	char token_file[SERVER_PATH_MAX];
	char settlement_token_file[SERVER_PATH_MAX];
	char signer_a_socket[UNIX_PATH_MAX];
	char signer_b_socket[UNIX_PATH_MAX];
	char watcher_socket[DOC_WATCHERS_MAX][UNIX_PATH_MAX];
	char node_public[SERVER_PATH_MAX];
	char node_clean[SERVER_PATH_MAX];
	char node_witness[SERVER_WITNESSES][SERVER_PATH_MAX];
	char node_identity_file[SERVER_PATH_MAX];
	char drill_folder[SERVER_PATH_MAX];
	char open_books[SERVER_PATH_MAX];
	char refund_plan[SERVER_PATH_MAX];
	char refund_rows[SERVER_PATH_MAX];
	uint32_t network;
	uint32_t poll_ms;
	uint32_t settle_depth;
	uint32_t deposit_depth;
	uint32_t in_flight;
	uint32_t nodes_agree;
	bool replica_required;
};

/* An answer that is given from the loop, never from inside a step. */
struct server_answer {
	struct server_answer *next;
	uint16_t number; /* PAYOUT_CALL_ANSWER or PAYOUT_CALL_SETTLED */
	uint64_t tag;
	size_t n;
	uint8_t body[];
};

struct server;

struct server_node {
	struct server *server;
	struct node *node;
	uint32_t index;
};

struct server_link {
	struct unix_link link;
	uint8_t in[FRAME_BYTES_MAX];
	uint8_t out[4 * FRAME_BYTES_MAX];
};

/* --open-books: see opening.c */
struct opening {
	uint8_t *csv; /* NULL: not asked for */
	size_t csv_n, at;
	u128 total;
	uint64_t customers;
	bool begun, ended;
	uint64_t tag;
	enum err result;
	uint8_t arguments[65536];
};

/* --refund-plan, --refund-rows: see refund.c */
struct refunding {
	bool asked; /* for a run; nothing else is served then */
	struct hash32 plan;
	uint64_t sequence; /* of the plan: where balances are kept in the replay */
	uint8_t *rows;
	size_t rows_n, at;

	enum { REFUNDING_BEGIN, REFUNDING_ROWS, REFUNDING_CHECK, REFUNDING_PAY } stage;

	uint64_t started_ms, started_cpu_ms;
	uint64_t tag;         /* of the newest operation */
	uint64_t outstanding; /* not answered yet: the newest so many */
	enum err result;
};

struct server {
	struct server_config config;
	struct loop loop;
	struct loop_timer tick, soon, check, settle, stand_by;
	struct run run;
	struct behind behind;
	struct store_sync *sync; /* owns store once it runs, and history with it */
	struct history *history; /* NULL: it could not be opened */

	union {
		struct store base;
		struct store_sqlite sqlite;
		struct store_postgres postgres;
	} store;

	bool journal_open; /* store is to be closed */
	bool shared;       /* store is a database that other servers may write */
	bool leads;        /* we write: the core runs */
	enum err stood_by_for;
	uint64_t stood_by_epoch, stood_by_since_ms;
	char whom[STORE_POSTGRES_WHO_MAX + 128];
	struct log_secret secret;
	struct log_chain verified; /* while the journal is replayed: the reading thread's */
	struct payout *payout;
	struct gate_table signer_table, watcher_table;
	struct server_link *links[SERVER_LINKS_MAX];
	size_t links_n;
	struct http_client *client;
	struct server_node nodes[SERVER_NODES];
	size_t nodes_n;
	struct http_server *http;
	struct api api;
	struct server_answer *answers, **answers_end;
	struct opening opening;
	struct refunding refunding;
	int notify_fd;
	enum err result; /* of the program, if it ends by itself */
	bool stopping;
	uint8_t *scratch; /* PAYOUT_EFFECTS_BYTES */
	uint8_t *batch;   /* PAYOUT_BATCH_BYTES: for what is followed; NULL unless shared */
};

/* An operation into the core; the answer comes by server.soon. */
void server_ask(void *ctx, uint16_t operation, uint64_t tag, struct bytes arguments);

/* drills.c: whether a deposit message may be given out.  True: it may not, and `tag` is answered.
 */
bool drills_refuse(struct server *s, uint64_t tag);

/* past.c: what is asked about the past, and who follows the journal for that.  past_ask() is of
 * enum api_past; its answer goes to api_answer(). */
void past_open(struct server *s);
void past_batch(struct server *s, struct bytes batch);
void past_follow(struct server *s, uint64_t end);
void past_ask(struct server *s, uint16_t operation, uint64_t tag, struct bytes arguments);
void past_answers(struct server *s);
/* books_find of the core; ctx: the server. */
enum err past_find(void *ctx, const struct id128 *id, struct log_record *out);
/* Before and after the sync thread ends. */
void past_drain(struct server *s);
void past_close(struct server *s);

/* Reads the CSV "customer,amount in micro-XEM" and adds it up.  Says what is wrong and where. */
MUST_CHECK enum err opening_read(struct server *s);
/* The chain has been read: begin. */
void opening_begin(struct server *s);
/* The core's answer to one of our tags; drives the next step, at the end stops the loop. */
void opening_answer(struct server *s, uint64_t tag, struct bytes answer);

/* journal.c: opens the journal and reads it; what is wrong has been said. */
MUST_CHECK enum err journal_open(struct server *s);
/* One look: ERR_OK, we are the writer now; ERR_BUSY, not yet; else it has been said why never. */
MUST_CHECK enum err journal_take(struct server *s);
/* Looks on from the loop, and calls server_lead() when it is our turn. */
void journal_stand_by(struct server *s);
/* For struct api: NULL, or why another server is to be asked; what status and metrics say of it. */
const char *journal_whom(void *ctx, const char **format);
size_t journal_about(void *ctx, bool metrics, char *out, size_t cap);

/* main.c: the journal is ours; the core begins. */
MUST_CHECK enum err server_lead(struct server *s);

/* A whole file of 1 byte to 256 MiB into fresh memory that is the caller's.  Says what is wrong. */
MUST_CHECK enum err opening_file(const char *path, uint8_t **out, size_t *n);

/* Reads plan and rows; what they say is judged by the core.  Says what is wrong and where. */
MUST_CHECK enum err refunding_read(struct server *s);
void refunding_begin(struct server *s);
/* As opening_answer(). */
void refunding_answer(struct server *s, uint64_t tag, struct bytes answer);

#endif
