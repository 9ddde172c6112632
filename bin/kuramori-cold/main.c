/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kuramori-cold - the machine of one cold key holder: no network, one file, a person.
 *
 *   this file    configuration, no network, no sockets, the commands
 *   key.c        init: a key of kernel and dice; check: the same key, compared by two people;
 *                reseal, register: its two passphrases
 *   backup.c     backup, drill, restore: the key on cards of words; cards.c: the terminal
 *   accounts.c   accounts, convert: keys of accounts that become boxes, each used once
 *   holding.c    take and endorse: the holding that binds here, and its successor
 *   recovery.c   endorse and refuse: the roster that holders sign when officers cannot
 *   refill.c     explain and sign: every effect in words, confirmed, in the journal, signed
 *   record.c     the transcript of all of it, and a holder's seal on that
 *   scan.c       documents in, from files or a scanner; show.c: out, on the terminal
 *   src/cold     what is decided; docs/ceremony.md: what people do
 *
 * The program is one static file (static-pie) and links no socket code; seccomp kills it at the
 * first call that could reach a network, before the first document is read.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "cold/cold_drill.h"
#include "crypto/crypto.h"
#include "io/config.h"
#include "io/file.h"
#include "io/sandbox.h"
#include "picture.h"
#include "program.h"

#include "kuramori_catalogues.h" /* needs io/words.h */

#define INTERFACES "/sys/class/net"
#define USAGE      /* not words */                                                   \
	"init | check | reseal | register | backup | drill | restore [ANSWER...] | " \
	"accounts N NETWORK | convert N | take | endorse FILE | refuse FILE | "      \
	"explain FILE... | sign FILE... | show FILE... | journal | seal-transcript"

enum { FLAG_UP = 1 }; /* IFF_UP of netdevice(7) */

static const struct config_row rows[] = {
	{ "genesis_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(program_config, genesis_file), "FILE",
	  "The genesis document, whose words two people compare; all but accounts and reseal need "
	  "it." },
	{ "roster#_file", CONFIG_PATH, "", 0, 0, CONFIG_ARRAY(program_config, roster_file), "FILE",
	  "The first roster and its successors, in order." },
	{ "holding_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(program_config, holding_file), "FILE",
	  "The holding that officers signed." },
	{ "key_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(program_config, key_file), "FILE",
	  "The sealed key." },
	{ "new_key_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(program_config, new_key_file), "FILE",
	  "Where reseal puts the key under new passphrases, and convert what is left of a batch; "
	  "never over an old one." },
	{ "journal_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(program_config, journal_file), "FILE",
	  "What this key has signed; made by init and restore." },
	{ "journal_bytes", CONFIG_U64, "4194304", 1048576, 1073741824,
	  CONFIG_FIELD(program_config, journal_bytes), "BYTES",
	  "Size of a journal that init or restore makes." },
	{ "answer_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(program_config, answer_file), "FILE",
	  "Where sign puts the answer; never over an old one." },
	{ "unit_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(program_config, unit_file), "FILE",
	  "Where sign puts the complete transaction, if it was the last to sign, and convert the "
	  "conversions." },
	{ "list_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(program_config, list_file), "FILE",
	  "Where accounts puts addresses and public keys, for genesis; never over an old one." },
	{ "endorsed_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(program_config, endorsed_file),
	  "FILE",
	  "Where endorse puts the next holding or roster with this holder's signature, refuse "
	  "his no." },
	{ "transcript_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(program_config, transcript_file),
	  "FILE",
	  "What is shown, asked and confirmed goes there, behind what there is; no secret." },
	{ "show", CONFIG_BOOL, "yes", 0, 0, CONFIG_FIELD(program_config, show), "YES",
	  "Where sign has signed at a terminal: show the answer as QR codes." },
	{ "seal_ops", CONFIG_U32, "4", SEAL_OPS_MIN, SEAL_OPS_MAX,
	  CONFIG_FIELD(program_config, seal_ops), "N",
	  "Passes of Argon2id, for init, restore and reseal." },
	{ "seal_mem_kib", CONFIG_U32, "262144", SEAL_MEM_KIB_MIN, SEAL_MEM_KIB_MAX,
	  CONFIG_FIELD(program_config, seal_mem_kib), "KIB",
	  "Memory of Argon2id, for init, restore and reseal." },
	{ "shares", CONFIG_STRING, "2of3", 0, 0, CONFIG_FIELD(program_config, shares), "GROUPS",
	  "Cards of backup: 2of3, or groups as 2of3,3of5 (how many of each are needed)." },
	{ "groups_needed", CONFIG_U32, "0", 0, SHARES_GROUPS_MAX,
	  CONFIG_FIELD(program_config, groups_needed), "N",
	  "How many groups bring the key back; must be given if there are several." },
	{ "shares_exponent", CONFIG_U32, "1", 0, COLD_CARDS_EXPONENT_MAX,
	  CONFIG_FIELD(program_config, shares_exponent), "N",
	  "Each step doubles the time of a guess of the cards' passphrase." },
	{ "words_back", CONFIG_U32, "59", 4, SHARES_CARD_WORDS_MAX,
	  CONFIG_FIELD(program_config, words_back), "N",
	  "How many words of each card backup asks back; all if it has no more." },
	{ "old_journal_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(program_config, old_journal_file),
	  "FILE", "A copy of the lost machine's journal, for restore." },
	{ "drill_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(program_config, drill_file), "FILE",
	  "Where drill puts its signed result; never over an old one." },
	{ "drill_days", CONFIG_U32, "180", 1, COLD_DRILL_DAYS_MAX,
	  CONFIG_FIELD(program_config, drill_days), "DAYS", "How long a drill counts." },
	{ "drill", CONFIG_BOOL, "no", 0, 0, CONFIG_FIELD(program_config, drill), "YES",
	  "Practice: init makes the key from the dice alone, which signs nothing on the main "
	  "network; "
	  "restore and drill read the cards of such a key." },
	{ "network_is_up_and_i_know", CONFIG_BOOL, "no", 0, 0,
	  CONFIG_FIELD(program_config, network_is_up), "YES",
	  "Start although a network interface is up: for practice and tests." },
};

int program_fail(enum err e, const char *what)
{
	/* not words */
	(void)fprintf(stderr, "kuramori-cold: %s: %s\n", what, words_of(err_words(e)));
	return err_exit(e);
}

int program_refused(const struct policy_verdict *v)
{
	(void)fprintf(stderr, _("kuramori-cold: refused: %s: %s"), v->field, words_of(v->words));
	if (v->has_figure) {
		char figure[MONEY_TEXT_MAX], limit[MONEY_TEXT_MAX];
		struct money a = money_of(ASSET_XEM, v->figure);
		struct money b = money_of(ASSET_XEM, v->limit);

		money_put(figure, &a);
		money_put(limit, &b);
		(void)fprintf(stderr, " (%s, %s %s)", figure, v->least ? ">=" : "<=", limit);
	}
	(void)fputc('\n', stderr);
	return err_exit(v->err);
}

int program_read(struct program *p, const char *path, struct bytes *out)
{
	size_t cap = PROGRAM_ROOM - p->room_n;
	uint8_t *at = p->room + p->room_n;
	size_t n = 0;
	enum err e = ERR_OK;

	/* no document has more; a larger file is none */
	cap = cap < DOC_BYTES_MAX + 1 ? cap : DOC_BYTES_MAX + 1;
	if (strcmp(path, "-") != 0) {
		e = file_read(path, at, cap, &n);
	} else {
		ssize_t got = 1;

		while (got > 0 && n < cap) {
			got = read(STDIN_FILENO, at + n, cap - n);
			n += got > 0 ? (size_t)got : 0;
		}
		e = got < 0 ? ERR_IO : ERR_OK;
	}
	if (e == ERR_OK && n > DOC_BYTES_MAX) {
		e = ERR_TOO_LARGE;
	}
	if (e != ERR_OK) {
		return program_fail(e, path);
	}
	/* an editor's line feed at the end of a file is no part of the document */
	n -= n > 0 && at[n - 1] == '\n';
	*out = bytes_of(at, n);
	p->room_n += n;
	return 0;
}

static int genesis_alone(struct program *p)
{
	struct bytes genesis = { .n = 0 };
	struct doc_fault fault = { .why = "" };
	struct doc d;
	int code = program_read(p, p->config.genesis_file, &genesis);
	enum err e;

	if (code != 0) {
		return code;
	}
	e = doc_open(&d, genesis, NULL, &fault);
	if (e == ERR_OK) {
		e = doc_genesis_read(&d, &p->rules.genesis, &fault);
	}
	if (e != ERR_OK) {
		return program_fail(e, p->config.genesis_file);
	}
	p->rules.genesis_id = d.id;
	p->rules.network = (uint8_t)p->rules.genesis.chain_network;
	return 0;
}

int program_rosters(struct program *p)
{
	struct bytes genesis = { .n = 0 };
	struct policy_verdict v;
	size_t n = 0;
	int code = program_read(p, p->config.genesis_file, &genesis);

	while (code == 0 && n < PROGRAM_ROSTERS && p->config.roster_file[n][0] != '\0') {
		code = program_read(p, p->config.roster_file[n], &p->rosters[n]);
		n++;
	}
	if (code == 0 && n == 0) {
		return program_fail(ERR_USAGE, "needed: --roster1-file");
	}
	if (code != 0) {
		return code;
	}
	v = cold_rosters_open(&p->rules, genesis, p->rosters, n);
	return v.err == ERR_OK ? 0 : program_refused(&v);
}

int program_vacant(const char *path, const char *flag)
{
	char folder[PROGRAM_PATH_MAX];
	size_t n = strlen(path);
	int fd;

	if (n == 0) {
		return program_fail(ERR_USAGE, flag);
	}
	fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 || (errno != ENOENT && errno != ENOTDIR)) {
		if (fd >= 0) {
			(void)close(fd);
		}
		return program_fail(ERR_EXISTS, path);
	}
	while (n > 0 && path[n - 1] != '/') {
		n--;
	}
	memcpy(folder, path, n);
	folder[n] = '\0';
	fd = open(n == 0 ? "." : folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		return program_fail(ERR_NOT_FOUND, folder);
	}
	(void)close(fd);
	return 0;
}

int program_vacant_key(const struct program *p)
{
	int code = program_vacant(p->config.key_file, "--key-file");

	if (code == 0) {
		code = program_vacant(p->config.journal_file, "--journal-file");
	}
	if (code == 0 && strcmp(p->config.key_file, p->config.journal_file) == 0) {
		code = program_fail(ERR_EXISTS, p->config.journal_file);
	}
	return code;
}

int program_rules(struct program *p, bool genesis_only)
{
	struct policy_verdict v;
	int code;

	if (genesis_only) {
		return genesis_alone(p);
	}
	if (p->config.roster_file[0][0] == '\0' || p->config.holding_file[0] == '\0') {
		return program_fail(ERR_USAGE, "needed: --roster1-file, --holding-file");
	}
	code = program_rosters(p);
	if (code == 0) {
		code = program_read(p, p->config.holding_file, &p->holding);
	}
	if (code != 0) {
		return code;
	}
	v = cold_holding_open(&p->rules, p->holding);
	return v.err == ERR_OK ? 0 : program_refused(&v);
}

/* The name of an interface other than lo that is up, or that cannot be judged; NULL: there is none.
 */
static const char *interface_up(void)
{
	static char name[256];
	DIR *d = opendir(INTERFACES);
	const struct dirent *entry;
	bool up = false;

	if (d == NULL) {
		return INTERFACES;
	}
	while (!up && (entry = readdir(d)) != NULL) {
		char path[512], text[32] = "";
		int fd;

		if (entry->d_name[0] == '.' || strcmp(entry->d_name, "lo") == 0) {
			continue;
		}
		(void)snprintf(name, sizeof name, "%s", entry->d_name);
		(void)snprintf(path, sizeof path, INTERFACES "/%s/flags", entry->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 && errno == ENOTDIR) {
			continue; /* a file of the bonding driver, no interface */
		}
		up = fd < 0 || read(fd, text, sizeof text - 1) <= 0 ||
		     (strtoul(text, NULL, 16) & FLAG_UP) != 0;
		if (fd >= 0) {
			(void)close(fd);
		}
	}
	(void)closedir(d);
	return up ? name : NULL;
}

/* clang-format off */
/* The commands that are a word and nothing more. */
static const struct {
	const char *word;
	int (*run)(struct program *p);
} alone[] = {
	{ "init", program_init },
	{ "check", program_check },
	{ "reseal", program_reseal },
	{ "register", program_register },
	{ "backup", program_backup },
	{ "drill", program_drill },
	{ "take", program_take },
	{ "journal", program_journal },
	{ "seal-transcript", program_seal_transcript },
};

/* clang-format on */

static int command(struct program *p, const struct config_result *r)
{
	const char *word = r->rest_n > 0 ? r->rest[0] : "";

	if (p->config.genesis_file[0] == '\0' && strcmp(word, "accounts") != 0 &&
	    strcmp(word, "reseal") != 0) {
		return program_fail(ERR_USAGE, "needed: --genesis-file");
	}
	for (size_t i = 0; i < ARRAY_LEN(alone); i++) {
		if (strcmp(word, alone[i].word) == 0 && r->rest_n == 1) {
			return alone[i].run(p);
		}
	}
	if ((strcmp(word, "explain") == 0 || strcmp(word, "sign") == 0) && r->rest_n > 1) {
		return program_refill(p, r->rest + 1, r->rest_n - 1, strcmp(word, "sign") == 0);
	}
	if (strcmp(word, "restore") == 0 && r->rest_n <= 1 + DOC_HOLDERS_MAX) {
		return program_restore(p, r->rest + 1, r->rest_n - 1);
	}
	if (strcmp(word, "show") == 0 && r->rest_n > 1) {
		return program_show(p, r->rest + 1, r->rest_n - 1);
	}
	if (strcmp(word, "endorse") == 0 && r->rest_n == 2) {
		return program_endorse(p, r->rest[1]);
	}
	if (strcmp(word, "refuse") == 0 && r->rest_n == 2) {
		return program_recovery_refuse(p, r->rest[1]);
	}
	if (strcmp(word, "accounts") == 0 && r->rest_n == 3) {
		return program_accounts(p, r->rest[1], r->rest[2]);
	}
	if (strcmp(word, "convert") == 0 && r->rest_n == 2) {
		return program_convert(p, r->rest[1]);
	}
	return program_fail(ERR_USAGE, USAGE);
}

static int run(struct program *p, const struct config_result *r)
{
	/* no user to go to: a person starts this, and it holds no socket to be attacked by */
	const struct sandbox_plan plan = { .profile = &sandbox_offline, .files_max = 64 };
	struct sandbox_report report = { 0 };
	struct secret_arena arena;
	const char *up = interface_up();
	enum err e;
	int code;

	if (up != NULL && !p->config.network_is_up) {
		(void)fprintf(
		    stderr,
		    _("kuramori-cold: the network interface %s is up: this machine must have no "
		      "network\n"),
		    up);
		return err_exit(ERR_POLICY);
	}
	code = program_record_begin(p, r->rest_n > 0 ? r->rest[0] : "");
	if (code != 0) {
		return code;
	}
	e = sandbox_prepare(&plan, &report);
	if (e == ERR_OK) {
		e = crypto_init();
	}
	if (e == ERR_OK) {
		e = secret_arena_open(&arena, sizeof *p->secrets);
	}
	if (e == ERR_OK) {
		e = sandbox_enter(&plan, &report);
	}
	if (e != ERR_OK) {
		return program_fail(e, "start");
	}
	p->secrets = secret_arena_take(&arena, sizeof *p->secrets);
	code = command(p, r);
	secret_arena_wipe(&arena);
	return program_record_end(p, code);
}

int main(int argc, char **argv)
{
	static const struct config_program program = {
		.name = "kuramori-cold",
		.summary = N_("hold a cold key on a machine without network"),
		.text = NULL,
		.usage = USAGE,
		.rows = rows,
		.n = ARRAY_LEN(rows),
		.words = words_of,
	};
	static uint8_t room[PROGRAM_ROOM];
	static uint8_t buffer[COLD_BATCH_BYTES];
	static struct program p = { .room = room, .buffer = buffer };
	struct config_result result;
	int code = 0;

	if (sandbox_descriptors() != ERR_OK) {
		return err_exit(ERR_IO);
	}
	words_begin("kuramori", catalogues, ARRAY_LEN(catalogues));
	if (!config_start(&program, &p.config, argc, argv, &result, &code)) {
		return code;
	}
	return run(&p, &result);
}
