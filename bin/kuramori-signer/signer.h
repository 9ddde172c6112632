/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signer.h - the parts of kuramori-signer: configuration, sealing, unlocking.  Wiring only; what is
 * signed is decided in src/guard.
 */
#ifndef KURAMORI_SIGNER_SIGNER_H
#define KURAMORI_SIGNER_SIGNER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "crypto/ed25519.h"
#include "crypto/edk.h"
#include "crypto/seal.h"
#include "doc/types.h"
#include "io/unix.h"
#include "log/tree.h"

enum {
	SIGNER_PATH_MAX = 256,
	SIGNER_SECRET_BYTES = 32, /* the sealed secret: a NEM private key as NEM prints it */
	SIGNER_CHANNELS = 12,
	SIGNER_IN_BYTES = FRAME_BYTES_MAX,
	SIGNER_OUT_BYTES = FRAME_BYTES_MAX + 16 * 1024,
	SIGNER_UNLOCK_TRIES = 10, /* wrong passphrases until the process ends */
};

struct signer_config {
	char genesis_file[SIGNER_PATH_MAX];
	char roster_file[SIGNER_PATH_MAX];
	char policy_file[SIGNER_PATH_MAX];
	char sealed_key_file[SIGNER_PATH_MAX];
	char journal_file[SIGNER_PATH_MAX];
	uint64_t journal_bytes;
	bool journal_create;
	char server_socket[UNIX_PATH_MAX];
	char stop_socket[UNIX_PATH_MAX];
	char watcher_socket[DOC_WATCHERS_MAX][UNIX_PATH_MAX];
	char unlock_socket[UNIX_PATH_MAX];
	char signer_id[4];
	char user[64];
	uint32_t network;
	uint32_t payments_max;
	bool lock_memory;
	bool landlock_optional;
};

/* Everything secret, in the locked arena.  All of it follows from the sealed 32 bytes. */
struct signer_secrets {
	uint8_t sealed[SEAL_SECRET_MAX];
	struct edk_secret chain;
	uint8_t attest[ED25519_SECRET_BYTES];
	struct log_secret journal;
};

/* The channel table and its buffers: used by the unlock socket first, by the roles afterwards. */
struct signer_channels {
	struct unix_channel channel[SIGNER_CHANNELS];
	uint8_t buffers[SIGNER_CHANNELS * (SIGNER_IN_BYTES + SIGNER_OUT_BYTES)];
};

/*
 * Derives all keys from secrets->sealed (SIGNER_SECRET_BYTES of it):
 *   chain    NEM key pair of these bytes as they are printed (nem.md 1.1)
 *   attest   Ed25519 of seed HMAC-SHA-256(sealed, "kuramori signer attest v1")
 *   journal  HMAC-SHA-256(sealed, "kuramori signer journal v1"): salts of leaves
 */
void signer_secrets_derive(struct signer_secrets *secrets);

/*
 * Waits on the unlock socket for the passphrase of the sealed key and derives the keys.  Runs a
 * loop of its own; the socket is removed afterwards.  ERR_STOPPING: SIGTERM came first.
 * ERR_UNAUTHORISED: SIGNER_UNLOCK_TRIES wrong passphrases.  Errors of loop and unix.
 */
MUST_CHECK enum err signer_unlock(const struct signer_config *config,
				  const struct hash32 *genesis_id, struct bytes sealed_key,
				  struct signer_channels *channels, struct signer_secrets *secrets);

/*
 * `kuramori-signer --seal FILE [--ops N] [--mem-kib N] [--json]`: key, passphrase and passphrase
 * again, from the terminal with echo off or, where stdin is none, as three lines; never from
 * arguments or the environment.  Writes FILE (0400, never over an old one) and prints the public
 * keys.  Returns the exit code.
 */
int signer_seal(int argc, char **argv);

#endif
