/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli.h - what the commands of `kuramori` share.  Next file: main.c.
 */
#ifndef KURAMORI_BIN_CLI_H
#define KURAMORI_BIN_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/uuid7.h"
#include "doc/document.h"
#include "doc/types.h"
#include "io/words.h"
#include "ipc/frame.h"
#include "ipc/msgs.h"
#include "log/batch.h"
#include "log/checkpoint.h"

enum {
	CLI_PATH_MAX = 256,
	CLI_STOPS_MAX = 16,
	CLI_WORDS_MAX = 512,
	CLI_STRIKE_MAX = 2048, /* keys that a resume strikes */
	CLI_MOMENT_MAX = 32,
	CLI_ASKED = -1, /* no exit code: a security key is to be asked first */
};

struct cli {
	/* configuration */
	char api[CLI_PATH_MAX];
	char token_file[CLI_PATH_MAX];
	char genesis_file[CLI_PATH_MAX];
	char roster_file[CLI_PATH_MAX];
	char policy_file[CLI_PATH_MAX];
	char person[DOC_NAME_MAX + 1];
	char key_file[CLI_PATH_MAX];
	char passphrase_file[CLI_PATH_MAX];
	char passkey_file[CLI_PATH_MAX];
	char prove_file[CLI_PATH_MAX];
	char token_module[CLI_PATH_MAX];
	char token_key[CLI_PATH_MAX];
	char wrapped_file[CLI_PATH_MAX];
	char stop_socket[CLI_STOPS_MAX][CLI_PATH_MAX];
	char reason[DOC_REASON_MAX + 1];
	char strike[CLI_STRIKE_MAX];
	char journal_secret_file[CLI_PATH_MAX];
	char checkpoint_file[CLI_PATH_MAX];
	char as_of[32];
	char journal[CLI_PATH_MAX];
	char at[32];
	char id[UUID7_TEXT_MAX];
	bool server;
	char format[8];
	char rate[DOC_RATE_MAX + 1];
	bool evacuate;
	bool no;
	uint64_t timeout_ms;
	char network[16];
	char nem_key_file[CLI_PATH_MAX];
	char tagger_file[CLI_PATH_MAX];
	char cipher[8];
	uint64_t wait_s;
	uint32_t agree;
	uint32_t account;
	char holding_file[CLI_PATH_MAX];
	char drill_folder[CLI_PATH_MAX];
	char refill_floor[32];
	char refill_target[32];
	bool dry_run;
	/* how to answer */
	bool json;
	/* filled by cli_documents() */
	struct hash32 genesis_id;
	struct doc_genesis genesis;
	struct doc_roster roster;
	struct hash32 roster_id;
};

/* Says on stderr what was wrong, where, and what to do; returns the exit code of e.  The format is
 * put into the person's language here, so it stands without _(); words among the arguments do not.
 */
int cli_fail(enum err e, const char *format, ...) PRINTF(2, 3);

/* English words as they are to be printed: as they are in JSON, else in the person's language. */
const char *cli_words(const struct cli *c, const char *english) __attribute__((format_arg(2)));

/*
 * Reads genesis and, if configured, roster; checks that they belong together: the first roster is
 * named by genesis, a later one is the person's own to know.  0 or an exit code.
 */
int cli_documents(struct cli *c, bool need_roster);

/* The person's or price source's Ed25519 secret; asks for the passphrase on the terminal, or reads
 * it from passphrase_file.  The caller wipes secret.  0 or an exit code. */
int cli_secret(const struct cli *c, uint8_t secret[DOC_SECRET_BYTES]);
/* The key in key_file is that of person, who may be a watcher or back end, too: 0 or an exit code.
 */
int cli_key_stands(const struct cli *c);

/* Asks for a passphrase on the terminal, or reads it from passphrase_file; out is NUL-terminated
 * and the caller wipes it.  cli_passphrase_new() asks twice, where it asks.  0 or an exit code. */
int cli_passphrase(const struct cli *c, const char *prompt, char *out, size_t cap);
int cli_passphrase_new(const struct cli *c, char *out, size_t cap);

/* What a security key is to be asked about d, on stdout, and d into the new prove_file.  CLI_ASKED,
 * or an exit code (passkey.c). */
int cli_ask_key(const struct cli *c, const struct doc *d);

/* Signs a body of this type with the person's key, which is asked for.  *raw: the envelope, valid
 * until the next call.  0 or an exit code. */
int cli_sign(const struct cli *c, enum doc_type type, const void *body, struct bytes *raw,
	     struct hash32 *id);

/* POST /v1/documents; the answer's text, NUL-terminated.  0 or an exit code, said on stderr. */
int cli_hand_in(const struct cli *c, struct bytes raw, char *answer, size_t cap);

/* The same of a document that people approve next, and says what to do: what is "plan", people is
 * "three other people".  0 or an exit code. */
int cli_propose(const struct cli *c, struct bytes raw, const struct hash32 *id, const char *what,
		const char *people);

/* A whole file, or standard input for "-".  0 or an exit code. */
int cli_read(const char *path, uint8_t *buffer, size_t cap, size_t *n);

/* A file of one person's, mode 0400 or 0600; says what is wrong with it, not what might be. */
int cli_read_private(const char *path, char *out, size_t cap, size_t *n);

/*
 * One call of kuramorid's API with the bearer token.  body: NULL for GET.  idempotency_key may be
 * NULL.  reply is NUL-terminated.  0 if an HTTP answer came (*status says which), else an exit
 * code.
 */
int cli_api(const struct cli *c, const char *path, struct bytes body, unsigned *status, char *reply,
	    size_t cap);

/* The same for an answer that is no text: *n bytes of it. */
int cli_api_bytes(const struct cli *c, const char *path, unsigned *status, uint8_t *reply,
		  size_t cap, size_t *n);

/* Prints the problem document of an answer that was not 2xx; returns the exit code. */
int cli_problem(unsigned status, const char *reply);

/* Text of strangers: everything but printable ASCII becomes '?', cut at cap. */
void cli_ascii(char *out, size_t cap, struct bytes text);
/*
 * The same for a terminal that shows UTF-8, where letters, digits and signs of other scripts stay;
 * else cli_ascii().  What cannot be seen, moves the cursor or turns the direction of text becomes
 * '?', and so does each byte that is no UTF-8, and a third mark upon one letter.  Never cut within
 * a character.
 */
void cli_clean(char *out, size_t cap, struct bytes text);

/* Groups of six, as wallets print addresses: two people can compare them by eye. */
void cli_grouped(char out[48], const char *address);

/* A moment for people: 2018-01-26T00:02:13Z. */
void cli_moment(char out[CLI_MOMENT_MAX], uint64_t ms);

/* 1234567890123 micro-XEM as "1,234,567.890123 XEM". */
void cli_xem(char *out, size_t cap, const struct money *amount);

/* The commands: words are those after the command's own. */
int cli_order_show(struct cli *c, const char *what);
int cli_prove(struct cli *c, const char *path);
int cli_approve(struct cli *c, const char *id_hex);
/* Fetches and shows what is to be approved, and fills in the person's word on it; reads the
 * documents first.  0 or an exit code. */
int cli_subject(struct cli *c, const char *id_hex, struct doc_approval *approval);
/* `kuramori challenge ID FILE` and `kuramori approve FILE --passkey-file ANSWER` (passkey.c). */
int cli_challenge(struct cli *c, const char *id_hex, const char *path);
int cli_approve_passkey(struct cli *c, const char *path);
/* GET /v1/withdrawals/{id}/history, one line a change. */
int cli_withdrawal_history(struct cli *c, const char *id_text);
int cli_freeze(struct cli *c);
int cli_close(struct cli *c, const char *address);
/* The same for who has chosen the account by a rule, with c->reason: signs and tells everybody; the
 * documents were read.  0 or an exit code. */
int cli_close_account(struct cli *c, const struct key32 *account);

/* What became of a document that everybody was told. */
struct cli_spread {
	unsigned count, asked, refused, full, already;
	bool server;
	char id[65];
};

/*
 * A signed document to every stop socket and, last, to the server; says what became of it.  name:
 * what it is; meaning: one line for people.
 */
void cli_spread(const struct cli *c, const char *name, struct bytes raw, const struct hash32 *id,
		const char *meaning, struct cli_spread *s);
/*
 * One message to a stop socket, whichever of signer and watcher listens there; item may be empty.
 * Errors of unix_ask().
 */
MUST_CHECK enum err cli_ask_stop(uint64_t timeout_ms, const char *path, uint16_t number,
				 struct bytes item, uint8_t *reply, size_t cap, struct frame *out);

/* rule.c: what officers sign together.  path: the file that goes from one to the next. */
int cli_resume(struct cli *c, const char *path);
/* DOC_ROSTER or DOC_POLICY; a file with a draft (the body alone) becomes the document. */
int cli_rules_propose(struct cli *c, enum doc_type type, const char *path);

/* What the next one follows: number and id; a first holding: 0 and zeros. */
struct cli_standing {
	uint64_t number;
	struct hash32 id;
};

/* Of roster_file, policy_file or holding_file (not set, or no such file: the first is to come), by
 * the type; cli_documents() with the roster came first.  0 or an exit code. */
int cli_standing(struct cli *c, enum doc_type type, struct cli_standing *out);
/* Nothing that does not follow *old, which is cli_standing()'s, is signed: signers, watchers and
 * holders' machines would refuse it when all have signed.  *old itself may be signed once more.  0,
 * or an exit code and what would follow. */
int cli_follows(const struct cli *c, const char *path, const struct doc *d,
		const struct cli_standing *old);
/* A draft is the body alone, in any spelling of JSON: it becomes a document in its one spelling.
 * With neither number nor previous it gets those behind *old (NULL: it has its own). */
int cli_draft_close(struct cli *c, const char *path, enum doc_type type, struct bytes text,
		    const struct cli_standing *old, struct writer *w);
/* person is an officer of the roster: 0, or an exit code, said. */
int cli_officer(const struct cli *c);
/* How many different officers of the roster have signed it. */
unsigned cli_officers_of(const struct cli *c, const struct doc *d);
/* Shows *d, which was read from path or goes there, adds this officer's signature, keeps the file,
 * and hands it out if that was the last one that is needed.  0 or an exit code. */
int cli_sign_together(struct cli *c, const char *path, const struct doc *d);
/* The same document with one more signature or proof: into the file, and to everybody if that is
 * enough. */
int cli_go_on(struct cli *c, const char *path, const struct doc *signed_doc);
/* A freeze, closing or cancel that is signed, to everybody (stop.c); a cancel (rule.c). */
int cli_stop_tell(struct cli *c, const struct doc *d);
int cli_rules_tell(struct cli *c, const struct doc *d, const char *meaning);
int cli_cancel(struct cli *c, const char *id_hex);

/* grant.c: words NAME=VALUE make the file, without them it is signed. */
int cli_grant(struct cli *c, const char *path, const char *const *words, size_t n);
void cli_grant_print(const struct doc_grant *g);
/* Signs this person's cancel of what has this id and tells everybody; the documents were read.
 * meaning: one line for people.  0 or an exit code. */
int cli_no(struct cli *c, const struct hash32 *names, const char *meaning);
/* `kuramori price sign YEN` and `kuramori price put FILE` (price.c). */
int cli_price(struct cli *c, const char *verb, const char *what);
int cli_status(struct cli *c);
/* `kuramori genesis words FILE`: its id, and the same in 24 words for two people to compare. */
int cli_genesis_words(struct cli *c, const char *path);
/* `kuramori show FILE|-...`: an exit code, ERR_SIGNATURE's if a signature does not verify (show.c).
 */
int cli_show(struct cli *c, const char *const *paths, size_t n);
/*
 * found.c: the first document of this type, or the next one, out of words NAME=VALUE, into the new
 * file path; DOC_GENESIS: genesis and what it names into the folder path.  An exit code.
 */
int cli_found(struct cli *c, enum doc_type type, const char *path, const char *const *given,
	      size_t n, bool next);
/* `kuramori key check`: key_file is person's on the roster. */
int cli_key_check(struct cli *c);
/* `kuramori tally FOLDER WORDS`: an exit code (tally.c). */
int cli_tally(struct cli *c, const char *folder, const char *const *words, size_t n);
/* `kuramori refill WORDS`: an exit code (refill.c). */
int cli_refill(struct cli *c, const char *const *words, size_t n);
/* `kuramori sweep status|close`: an exit code (sweep.c). */
int cli_sweep(struct cli *c, const char *what);
/* `kuramori rotate WORDS`: an exit code (rotate.c). */
int cli_recover(struct cli *c, const char *const *words, size_t n);
int cli_rotate(struct cli *c, const char *const *words, size_t n);
/* `kuramori prepare WORDS`: an exit code (prepare.c). */
int cli_prepare(struct cli *c, const char *const *words, size_t n);
/* `kuramori transcript WORDS`: an exit code (transcript.c). */
int cli_transcript(struct cli *c, const char *const *words, size_t n);
/* Brings the passphrase of a sealed key to the signer that waits on this socket. */
int cli_unlock(struct cli *c, const char *socket_path);
/* Makes the new file `path` that only the token opens, out of a passphrase. */
int cli_token_wrap(struct cli *c, const char *path);
/*
 * One batch without its journal's secret: its own hash, and that it follows the one before it; only
 * the salted tree is not recomputed.  ERR_CORRUPT and the errors of log_batch_check().
 */
MUST_CHECK enum err cli_journal_next(struct log_chain *chain, struct log_view *view,
				     struct bytes batch);
/* `kuramori policy WORDS`: an exit code. */
int cli_policy(struct cli *c, const char *const *words, size_t n);
/* `kuramori books WORDS`: an exit code. */
int cli_books(struct cli *c, const char *const *words, size_t n);
/* `kuramori books post FILE` and `kuramori books refund WORDS`. */
int cli_post(struct cli *c, const char *path);
int cli_refund(struct cli *c, const char *const *words, size_t n);
/*
 * A posting or plan out of GET /v1/documents/{id}, shown from its own bytes unless c->json; *type 0
 * if the server knows no such one.  0 or an exit code.
 */
int cli_ruling_fetch(const struct cli *c, const char *id_hex, struct hash32 *id,
		     enum doc_type *type);
/* `kuramori day WORDS`: an exit code. */
int cli_day(struct cli *c, const char *const *words, size_t n);
int cli_audit_verify(struct cli *c, const char *const *paths, size_t n);
int cli_audit_checkpoint(struct cli *c);

/*
 * Reads checkpoint_file and verifies it: signed by an auditor of the roster, of this genesis' log.
 * 0 or an exit code, said on stderr.
 */
int cli_checkpoint_read(struct cli *c, struct log_checkpoint *out);
int cli_key_new(struct cli *c, const char *path);

#endif
