/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.h - one table a program: feeds the file reader, the flags, --help, and --check-config
 * (design.md 10.3).
 *
 * File: `key = value` lines, `#` comment lines, empty lines; no sections, includes, environment.
 * Unknown, repeated, malformed lines are refused with file and line.  Flags: --key VALUE (a `-` may
 * stand for each `_`), which win over the file; also --config FILE, --check-config, --help,
 * --version, and --json where the program has it.  Values go into the program's own struct by
 * offset.
 */
#ifndef KURAMORI_IO_CONFIG_H
#define KURAMORI_IO_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

enum config_type {
	CONFIG_STRING, /* char[size], not empty, at most size - 1 bytes, printable ASCII */
	CONFIG_PATH,   /* char[size], the same and absolute in files; flags may be relative */
	CONFIG_PLACE,  /* char[size], as CONFIG_PATH, or a URL: a text with "://" in it */
	CONFIG_U32,    /* uint32_t, decimal, min..max */
	CONFIG_U64,    /* uint64_t, decimal, min..max */
	CONFIG_BOOL,   /* bool: yes or no */
};

enum {
	CONFIG_LIST_MAX = 32,
	CONFIG_ROWS_MAX = 64,
	CONFIG_FILE_MAX = 65536,
	CONFIG_REST_MAX = 64,
	CONFIG_ERROR_MAX = 512,
};

struct config_row {
	const char *key; /* [a-z0-9_]+; one `#` stands for 1..count: "watcher#_socket" */
	enum config_type type;
	const char
	    *fallback; /* text of the default; NULL: required (lists: entry 1 is), "": optional */
	uint64_t min, max; /* numbers only */
	size_t offset;     /* of the (first) value in the program's struct */
	size_t size;       /* of one value */
	uint32_t count;    /* 1, or entries of the array for keys with `#` (<= CONFIG_LIST_MAX) */
	const char *argument; /* FILE, SOCKET, MS: for --help */
	const char *help;     /* one sentence; tools/words collects it */
};

#define CONFIG_FIELD(s, f) offsetof(struct s, f), sizeof(((struct s *)0)->f), 1
#define CONFIG_ARRAY(s, f)                                    \
	offsetof(struct s, f), sizeof(((struct s *)0)->f[0]), \
	    sizeof(((struct s *)0)->f) / sizeof(((struct s *)0)->f[0])

struct config_program {
	const char *name;    /* "kuramori-signer" */
	const char *summary; /* one line */
	const char *text;    /* more paragraphs for --help, or NULL */
	const char
	    *usage; /* words after the options ("order show FILE"), or NULL: none are taken */
	const struct config_row *rows;
	size_t n;
	bool json; /* takes --json */
	/* puts English words into the person's language (words_of); NULL: they stay English.  What
	 * text and usage point to is printed as it stands. */
	const char *(*words)(const char *english);
};

enum config_action { CONFIG_RUN, CONFIG_CHECK, CONFIG_HELP, CONFIG_VERSION };

struct config_result {
	enum config_action action;
	bool json;
	const char *rest[CONFIG_REST_MAX]; /* words that are no flags, borrowed from argv */
	size_t rest_n;
	char error[CONFIG_ERROR_MAX]; /* "signer.conf:12: key `x` is not known", empty on ERR_OK */
};

/*
 * The whole start: flags, then the file (--config, or /etc/kuramori/NAME.conf if there), fallbacks,
 * required keys.  values: the program's struct, zeroed by this function; written also on failure,
 * not to be used then.  ERR_USAGE flags, ERR_CONFIG file or value; out->error says where and why,
 * always written.
 */
MUST_CHECK enum err config_load(const struct config_program *p, void *values, int argc, char **argv,
				struct config_result *out);

/*
 * What every main() does with it: prints help, version or the verdict of --check-config on stdout,
 * errors on stderr.  True: go on with the values.  False: exit with *exit_code.
 */
bool config_start(const struct config_program *p, void *values, int argc, char **argv,
		  struct config_result *out, int *exit_code);

/* Only the file text (tests, fuzzing): name is for messages.  ERR_CONFIG. */
MUST_CHECK enum err config_text(const struct config_program *p, void *values, const char *name,
				const char *text, size_t n, char error[CONFIG_ERROR_MAX]);

/* --help, of which the man page is made (tests/gates/check_man.py), into out with a NUL.  Dies if
 * cap is too small. */
size_t config_help(const struct config_program *p, char *out, size_t cap);

#endif
