/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signer.h - the parts of kuramori-signer: configuration, sealing, unlocking, moving.
 * Wiring only; what is signed is decided in src/guard.
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
#include "guard/guard.h"
#include "io/unix.h"
#include "log/tree.h"
#include "store/file.h"

enum {
	SIGNER_PATH_MAX = 256,
	SIGNER_SECRET_BYTES = 32, /* the sealed secret: a NEM private key as NEM prints it */
	SIGNER_CHANNELS = 12,
	/* heartbeats, acknowledgements, orders and almost all stop documents fit and never wait */
	SIGNER_IN_BYTES = FRAME_HEADER_BYTES + 16 * 1024,
	SIGNER_OUT_BYTES = 8 * 1024, /* behind what the kernel holds */
	SIGNER_LARGE = 3,            /* larger frames that come in at once */
	SIGNER_UNLOCK_TRIES = 10,    /* wrong passphrases until the process ends */
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
	size_t n; /* of them in use, SIGNER_CHANNELS at most */
	/* calloc'd, never given back: n * (SIGNER_IN_BYTES + SIGNER_OUT_BYTES), and behind them
	 * SIGNER_LARGE * FRAME_BYTES_MAX */
	uint8_t *buffers;
	size_t buffers_n;
};

/* A server with these channels and their buffers; nobody else may use them meanwhile. */
void signer_channels_serve(struct signer_channels *channels, struct unix_server *s, struct loop *l,
			   const struct gate_table *t);

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

/* What kuramori-signer is started for. */
enum signer_task {
	SIGNER_RUN,
	SIGNER_EXPORT,
	SIGNER_IMPORT,
};

/* A signer's move to another host. */
struct signer_move {
	const char *folder;
	const char *journal_file, *sealed_key_file; /* of the configuration */
	uint64_t journal_bytes;
	struct bytes sealed_key;
	struct guard *guard; /* nothing replayed yet */
	uint8_t *buffer;     /* GUARD_BATCH_BYTES; may be the same as */
	uint8_t *effects;    /* GUARD_EFFECTS_BYTES */
	struct store_file from, to;
	struct store_fault fault;
};

/*
 * `--export FOLDER`: ends the journal for good and copies it, with the sealed key, to a new folder.
 * `--import FOLDER`: brings both to where the configuration says, where no journal may be yet.
 * Both verify the whole journal with the key's secret, say what to do next and return the exit
 * code.
 */
int signer_export(struct signer_move *m);
int signer_import(struct signer_move *m);

#endif
