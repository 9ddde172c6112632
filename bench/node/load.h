/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.h - what is asked of a kuramori-node: signed transfers, a node of one's own, connections.
 * Everything ends the process with a line on stderr when it fails: a benchmark has no second way.
 */
#ifndef KURAMORI_BENCH_LOAD_H
#define KURAMORI_BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "nis/nis.h"

enum {
	LOAD_SENDERS = 64,
	LOAD_START = 300000000, /* NEM seconds of block 1 */
	LOAD_BYTES = 116,       /* the signing form of a transfer without message */
	LOAD_REQUEST_MAX = 768,
	LOAD_CONNECTIONS_MAX = 64,
	LOAD_DEADLINE_S = 82800, /* 23 hours: nothing expires on the way */
};

struct load_tx {
	uint8_t data[LOAD_BYTES];
	struct sig64 signature;
	struct key32 signer;
};

/* Names the line in which the process ended. */
_Noreturn void load_die(const char *what);

/* Grants of the senders, and a chain of two pools with them; nis_close() ends it. */
void load_grants(struct nis_grant grants[LOAD_SENDERS]);
struct nis *load_chain(void);

/*
 * Transfers number `first` and on, signed at time_s, each another; to one of `recipients` addresses
 * in turn.
 */
void load_make(struct load_tx *out, size_t n, size_t first, uint32_t time_s, size_t recipients);

/* The whole HTTP request that announces tx; its bytes. */
size_t load_request(char out[LOAD_REQUEST_MAX], const struct load_tx *tx);

/* ---- processes ---- */

struct load_process {
	pid_t pid;
	uint16_t port;
};

/* The number of a processor for what is measured and for what measures; the same if there is one
 * only. */
void load_processors(unsigned *measured, unsigned *measuring);
void load_pin(pid_t pid, unsigned processor);
/* A kuramori-node with the senders' grants, pinned, ready. */
struct load_process load_node(const char *program, unsigned processor);
/* Answers every POST with 200 and as many bytes as an announce is answered with: what
 * libmicrohttpd alone costs. */
struct load_process load_echo(unsigned processor);
void load_end(const struct load_process *p);
/* Processor time used so far. */
uint64_t load_cpu_ns(const struct load_process *p);
/* The largest resident set so far, as the kernel counts it (VmHWM). */
uint64_t load_peak_kib(const struct load_process *p);

/* ---- connections ---- */

struct load_client {
	int fd[LOAD_CONNECTIONS_MAX];
	size_t n;
};

/* Keep-alive, on the loopback. */
struct load_client load_connect(uint16_t port, size_t connections);
void load_disconnect(struct load_client *c);
/*
 * Sends every request, one at a time on each connection, and reads the answers.  expected: words
 * that each answer must contain.
 */
void load_send(struct load_client *c, const struct load_tx *txs, size_t n, const char *expected);
/*
 * POSTs a JSON text and returns the body of the answer (static), whose size is *bytes; only its
 * beginning if it is long.
 */
const char *load_post(struct load_client *c, const char *path, const char *json, size_t *bytes);

#endif
