/* SPDX-License-Identifier: Apache-2.0 */
/* nem_ask.h - questions to one NEM node, and to several of which k must agree (nem_nodes.h). */
#ifndef KURAMORI_BIN_NEM_ASK_H
#define KURAMORI_BIN_NEM_ASK_H

#include <jansson.h>

#include "chain/nem/nem_block.h"
#include "chain/nem/nem_multisig.h"
#include "chain/nem/nem_nodes.h"
#include "nem.h"

/*
 * GET (body NULL) or POST of http://node PATH.  ERR_OK: an HTTP answer came; *status is its status
 * and *out its JSON, which the caller gives back (json_decref), NULL if it is none.  Otherwise
 * *out is NULL and the errors are those of http_client_ask().
 */
MUST_CHECK enum err cli_nem_ask(const struct cli *c, const char *node, const char *path,
				const json_t *body, unsigned *status, json_t **out);

/* The same, an answer of status 200 in JSON; what is wrong is said on stderr.  0 or an exit code.
 */
int cli_nem_ask_200(const struct cli *c, const char *node, const char *path, const json_t *body,
		    json_t **out);

struct cli_nodes {
	const struct cli *c;
	const char *name[NEM_NODES_MAX]; /* HOST:PORT, the caller's */
	uint8_t network;
	struct nem_nodes s;
	enum nem_node_fault told[NEM_NODES_MAX]; /* what a person was told already */
};

/* `agree` of n nodes must say the same; by default more than half.  0 or an exit code. */
int cli_nodes_open(struct cli_nodes *p, const struct cli *c, const char *const *names, size_t n);

/* Asks each node whose back-off has passed how long its chain is. */
void cli_nodes_heights(struct cli_nodes *p);

/* The height that enough nodes have reached.  0 or an exit code. */
int cli_nodes_agreed(const struct cli_nodes *p, uint64_t *height);

/* Who is newly found at fault is named on stderr. */
void cli_nodes_tell(struct cli_nodes *p);

/*
 * What each node answered to one question (NULL: nothing of use, which was said already): *place is
 * that of the first answer that enough others equal.  Who answers otherwise is named on stderr.
 * 0 or an exit code.
 */
int cli_nodes_same(const struct cli_nodes *p, json_t *const *answers, size_t *place);

/* Asks each node for its block at this height; q then holds the hashes, and who differs is named.
 * form (may be NULL): the signed form of the agreed block, in the caller's NEM_BLOCK_BYTES_MAX.
 * ERR_WAIT, ERR_MISMATCH as nem_question_agreed(). */
MUST_CHECK enum err cli_nodes_block(struct cli_nodes *p, struct nem_question *q, uint64_t height,
				    uint8_t *raw, struct bytes *form);

/* What enough nodes say of an account. */
struct cli_control {
	struct nem_multisig control;
	uint64_t micro;
	/* blocks upon the last change of its control, at most 360; -1: one of them does not say */
	int64_t depth;
	bool used; /* by one of them something else than such a change was signed for it */
};

/* Asks each of them; who says otherwise is named on stderr.  0 or an exit code. */
int cli_nodes_control(struct cli_nodes *p, const struct nem_address *address,
		      struct cli_control *out);

#endif
