/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program.h - what the parts of kuramori-cold share.  Next file: main.c.
 */
#ifndef KURAMORI_BIN_COLD_PROGRAM_H
#define KURAMORI_BIN_COLD_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "cards.h"
#include "cold/cold.h"
#include "cold/cold_seed.h"
#include "cold/cold_side.h"
#include "crypto/seal.h"
#include "io/secret_arena.h"
#include "io/words.h"
#include "store/file.h"

enum {
	PROGRAM_PATH_MAX = 256,
	PROGRAM_ROSTERS = 16,
	PROGRAM_FILES_MAX = COLD_TALLIES_MAX + DOC_HOLDERS_MAX + 1,
	PROGRAM_ROOM = 1024 * 1024, /* bytes of all files of one call */
};

struct program_config {
	char genesis_file[PROGRAM_PATH_MAX];
	char roster_file[PROGRAM_ROSTERS][PROGRAM_PATH_MAX];
	char holding_file[PROGRAM_PATH_MAX];
	char key_file[PROGRAM_PATH_MAX];
	char new_key_file[PROGRAM_PATH_MAX];
	char journal_file[PROGRAM_PATH_MAX];
	char answer_file[PROGRAM_PATH_MAX];
	char unit_file[PROGRAM_PATH_MAX];
	char endorsed_file[PROGRAM_PATH_MAX];
	char list_file[PROGRAM_PATH_MAX];
	char transcript_file[PROGRAM_PATH_MAX];
	uint64_t journal_bytes;
	uint32_t seal_ops;
	uint32_t seal_mem_kib;
	bool show;
	bool drill;
	bool network_is_up;
	/* cards */
	char shares[128];
	uint32_t groups_needed;
	uint32_t shares_exponent;
	uint32_t words_back;
	char old_journal_file[PROGRAM_PATH_MAX];
	char drill_file[PROGRAM_PATH_MAX];
	uint32_t drill_days;
};

/* Everything secret, in the locked arena. */
struct program_secrets {
	char rolls[COLD_DICE_MAX + 2];
	char passphrase[SEAL_PASSPHRASE_MAX + 2];
	char again[SEAL_PASSPHRASE_MAX + 2];
	uint8_t kernel[COLD_ENTROPY_BYTES];
	char other[SEAL_PASSPHRASE_MAX + 2]; /* passphrase of the other side */
	uint8_t sealed[COLD_SIDE_KEY];       /* the key, and behind one of practice its mark */
	size_t sealed_n;
	uint8_t token[COLD_TOKEN_BYTES];
	uint8_t side[2][SEAL_PAIR_SECRET];
	uint8_t random[SEAL_PAIR_RANDOM];
	struct cold_secrets keys;
	struct cards cards;
};

struct program {
	struct program_config config;
	struct program_secrets *secrets;
	struct cold_rules rules;
	struct cold cold;
	struct cold_plan plan;
	struct cold_question question;
	struct store_file store;
	bool drill;    /* the key was made in a drill */
	uint8_t *room; /* PROGRAM_ROOM */
	size_t room_n;
	uint8_t *buffer; /* COLD_BATCH_BYTES */
	struct bytes rosters[PROGRAM_ROSTERS];
	struct bytes holding;
	struct bytes tallies[COLD_TALLIES_MAX];
	struct bytes answers[DOC_HOLDERS_MAX];
	struct bytes drills[DOC_HOLDERS_MAX];
};

/* Says so on stderr; gives the exit code of e. */
int program_fail(enum err e, const char *what);
int program_refused(const struct policy_verdict *v);

/* The whole of a file ("-": of stdin) into the room.  Complains and gives an exit code, or 0. */
int program_read(struct program *p, const char *path, struct bytes *out);

/*
 * A file that this command will make: its path is given, by the flag of this name, nothing stands
 * there yet, not even a link to nowhere, and its folder is there.  Asked before a person begins.
 * Complains and gives an exit code, or 0.
 */
int program_vacant(const char *path, const char *flag);
/* The same of the key and the journal of a new key, which are two files. */
int program_vacant_key(const struct program *p);

/* Reads and believes genesis, rosters and holding; genesis alone if `genesis_only`. */
int program_rules(struct program *p, bool genesis_only);
/* Genesis and rosters, whether there is a holding or not. */
int program_rosters(struct program *p);

/* Asks for the passphrase and opens the key; then the journal, if `journal`. */
int program_unlock(struct program *p, bool journal);

/*
 * The journal, with the program as context: a new file with nothing in it (program_begin, with the
 * key: its first batch, too), a batch behind what there is, and one of this or an old journal
 * judged as this key's.
 */
MUST_CHECK enum err program_new_journal(struct program *p);
MUST_CHECK enum err program_begin(struct program *p);
MUST_CHECK enum err program_append(void *program, struct bytes batch);
MUST_CHECK enum err program_replay(void *program, struct bytes batch);

/* A question that is answered by its own word, in whatever language: false for anything else. */
bool program_confirm(const char *question, const char *word);

/* What was signed, into endorsed_file; says what it is. */
int program_endorsed(const struct program *p, struct bytes raw, const char *what);

/* This label, and behind it the moment in UTC. */
void program_print_moment(const char *label, uint64_t ms);

/* This label, and below it the 24 words of this id as people read them to each other. */
void program_print_words(const char *label, const struct hash32 *id);

void program_print_keys(const struct program *p);
void program_print_genesis(const struct program *p);

/* All of a holding, in words at the end; what comes and goes against old (or NULL); holding.c. */
void program_print_holding(const struct doc_holding *h, const struct hash32 *id,
			   const struct doc_holding *old);
/* Two people read the same words: asked, and answered by `same`. */
bool program_compared(void);

/* Says that the key is for practice, if it is. */
void program_print_drill(const struct program *p);

/* One line of JSON for /transaction/announce. */
void program_put_announce(struct writer *w, const struct nem_tx *tx);

/* Dice and kernel make the key of `sealed`, and `token`.  Complains and gives an exit code, or 0.
 */
int program_make_key(struct program *p);

/*
 * The two passphrases of a new key file, each twice, the second one or nothing, and not asked for
 * unless `second`; one that is too weak is asked for again, unless the key is for practice; then
 * the key of `sealed` under both, with `token` under the first, into a new file.  Each gives an
 * exit code, or 0.
 */
int program_ask_passphrase(struct program *p, bool second);
int program_seal(struct program *p, const char *path);

/*
 * The transcript, if there is to be one (record.c).  begin: before the sandbox, reads it and goes
 * on behind it; complains and gives an exit code, or 0.  typed: a person typed what was asked, or
 * something else.  end: gives code, or that of a transcript that is not whole.
 */
int program_record_begin(const struct program *p, const char *command);
void program_record_typed(const char *asked, bool same);
int program_record_end(const struct program *p, int code);

/* The commands.  Each gives the exit code. */
int program_init(struct program *p);
int program_check(struct program *p);
int program_reseal(struct program *p);
int program_register(struct program *p);
int program_refill(struct program *p, const char *const *files, size_t n, bool sign);
int program_journal(struct program *p);
int program_backup(struct program *p);
/* With answers that the key gave before, DOC_HOLDERS_MAX at most. */
int program_restore(struct program *p, const char *const *answers, size_t n);
int program_drill(struct program *p);
int program_take(struct program *p);
int program_endorse(struct program *p, const char *path);
int program_accounts(struct program *p, const char *count, const char *network);
int program_convert(struct program *p, const char *count);
/* Of a recovery that was read: compared by two people and signed, into endorsed_file. */
int program_recovery_endorse(struct program *p, struct bytes raw);
int program_recovery_refuse(struct program *p, const char *path);
int program_seal_transcript(struct program *p);

#endif
