/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem.h - `kuramori nem`: keys, addresses, transactions and nodes of NEM, for people and scripts.
 * Next files: nem.c (keys, addresses), nem_tx.c, nem_words.c, nem_account.c, nem_node.c,
 * nem_tag.c, nem_message.c, nem_loss.c.
 *
 * Nothing here asks the policy and nothing here can move what Kuramori's signers guard: these keys
 * are plain files of one person's.
 */
#ifndef KURAMORI_BIN_NEM_H
#define KURAMORI_BIN_NEM_H

#include <stdint.h>

#include "chain/nem/nem_address.h"
#include "chain/nem/nem_tx.h"
#include "cli.h"
#include "crypto/edk.h"

/* `kuramori nem WORDS`: an exit code. */
int cli_nem(struct cli *c, const char *const *words, size_t n);
int cli_nem_tx(struct cli *c, const char *const *words, size_t n);
int cli_nem_account(struct cli *c, const char *const *words, size_t n);
int cli_nem_node(struct cli *c, const char *const *words, size_t n);
int cli_nem_tag(struct cli *c, const char *const *words, size_t n);
int cli_nem_message(struct cli *c, const char *const *words, size_t n);
int cli_nem_loss(struct cli *c, const char *const *words, size_t n);
int cli_nem_multisig(struct cli *c, const char *const *words, size_t n);

/*
 * A unit with all its cosignatures: the wrapper and each of them to every node, then as nem tx
 * announce, until it is in an agreed block.  0 or an exit code.
 */
int cli_nem_announce_unit(const struct cli *c, const struct nem_tx *unit, const char *const *names,
			  size_t n);

/* Waits until nodes are worth asking again.  False: a signal says to stop. */
bool cli_nem_wait(void);

/* The network byte that `network` names.  0 or an exit code. */
int cli_nem_network(const struct cli *c, uint8_t *network);

/* The private key in a file of mode 0400 or 0600, or on standard input for "-": 64 digits as NEM
 * prints them.  The caller wipes *out.  0 or an exit code. */
int cli_nem_key(const char *path, struct edk_secret *out);

#endif
