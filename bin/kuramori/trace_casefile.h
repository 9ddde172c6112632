/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_casefile.h - the case file: what was stolen, by which rules it is followed, and where that
 * ends.
 *
 * JSON, in any spelling; every field is known and checked (docs/trace-bundle.md has them).  What
 * decides a result is the canonical form: all fields, sorted keys, no white space; its SHA-256 is
 * the case's id and stands in every result.
 */
#ifndef KURAMORI_BIN_CASEFILE_H
#define KURAMORI_BIN_CASEFILE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "trace/engine.h"

enum {
	CASEFILE_BYTES_MAX = 4 << 20,
	CASEFILE_SEEDS_MAX = 4096,
	CASEFILE_SINKS_MAX = 65536,
	CASEFILE_LABELS_MAX = 16,
	CASEFILE_NAME_MAX = 64,
	CASEFILE_NOTE_MAX = 500,
	CASEFILE_ADDRESS_MAX = 80, /* also HEX:N of an outpoint */
};

/* Coins that are followed: what a transaction brought to an address, or what an address held at the
 * end of the block of this height. */
struct casefile_seed {
	bool of_tx;
	struct hash32 tx;
	const char *address;
	uint64_t height;
	bool whole;      /* all of it, not `amount` */
	uint64_t amount; /* smallest units */
};

/* A file of labels: path as in the case, relative to its folder. */
struct casefile_labels {
	const char *file;
	bool has_sha256;
	struct hash32 sha256;
};

/* Texts are borrowed from what is kept. */
struct casefile {
	json_t *json; /* canonical: all fields */
	json_t *kept; /* as it was read */
	struct hash32 id;
	const char *name;
	const char *note;
	const char *asset;
	const char *unit; /* what people call one of it */
	unsigned decimals;
	bool generated; /* the data are made up, and every output says so */
	enum trace_policy policies[TRACE_POLICIES]; /* rising */
	size_t policies_n;
	uint64_t floor_units;       /* moved taint below it evaporates */
	uint64_t floor_per_million; /* or below this share of the transfer */
	uint64_t hops_max;          /* rests after so many transfers; 0: follows on */
	uint64_t hub_transfers;     /* who ever gets as many transfers is a sink; 0: nobody */
	uint64_t until_height;      /* the last block that is looked at; 0: the newest */
	struct casefile_seed *seeds;
	size_t seeds_n;
	const char **sinks; /* addresses */
	size_t sinks_n;
	const char **sink_categories;
	size_t sink_categories_n;
	struct casefile_labels labels[CASEFILE_LABELS_MAX];
	size_t labels_n;
};

/* Reads a case; freed by casefile_free() also after an error.  0 or an exit code, said on stderr
 * with file and field (or line). */
int casefile_read(struct casefile *out, const char *path);
/* The same of JSON that is there; what: how to call it in errors.  j stays the caller's. */
int casefile_from_json(struct casefile *out, json_t *j, const char *what);
void casefile_free(struct casefile *c);

/* The path of one of its files of labels, seen from where the case lies; malloc'd. */
char *casefile_beside(const char *case_path, const char *file);

/* An amount as people write it, "1,234.5 XEM"; at most CASEFILE_AMOUNT_MAX bytes with the NUL. */
enum { CASEFILE_AMOUNT_MAX = 64 };

void casefile_amount(char out[CASEFILE_AMOUNT_MAX], const struct casefile *c, uint64_t amount);

/* Canonical text: sorted keys, no white space; malloc'd.  Dies without memory. */
char *casefile_canonical(const json_t *j);

/* Text of strangers for a terminal, a picture or a page: UTF-8 with control and bidi characters as
 * `?`, cut to `columns` characters with "..". */
void casefile_clean(char *out, size_t cap, const char *dirty, size_t columns);

#endif
