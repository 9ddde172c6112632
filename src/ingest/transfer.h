/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer.h - transfers of any account chain, as CSV or JSON lines: one line in, one transfer out
 * (docs/trace-ingest.md has the fields).
 *
 * The caller cuts the file into lines.  No I/O.
 */
#ifndef KURAMORI_INGEST_TRANSFER_H
#define KURAMORI_INGEST_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum {
	INGEST_LINE_MAX = 1 << 16, /* bytes of a line of CSV or JSON lines */
	INGEST_NAME_MAX = 63,      /* bytes of an address */
	INGEST_ASSET_MAX = 239,
	INGEST_WHY_MAX = 160,
};

/* What is wrong with a line: which field, and what a person should know. */
struct ingest_fault {
	char field[48]; /* "" : the line as a whole */
	char why[INGEST_WHY_MAX];
};

/* Views are borrowed from the line, or from the reader until the next line. */
struct ingest_transfer {
	uint64_t height;  /* of the block; the time where the file has no heights */
	uint64_t time_s;  /* seconds since 1970; 0 where the file has no times */
	struct hash32 tx; /* zeros: none */
	bool has_index;
	uint64_t index;     /* of the leg in its transaction */
	struct bytes from;  /* empty: newly made */
	struct bytes to;    /* empty: destroyed */
	uint64_t amount;    /* smallest units; 0 is legal here */
	struct bytes asset; /* "coin" where the file has no assets */
};

enum ingest_field {
	INGEST_HEIGHT,
	INGEST_TIME,
	INGEST_TXID,
	INGEST_INDEX,
	INGEST_FROM,
	INGEST_TO,
	INGEST_AMOUNT,
	INGEST_ASSET,
	INGEST_FIELDS,
};

enum { INGEST_COLUMNS_MAX = 64 };

/* A reader of CSV.  Caller's storage. */
struct ingest_csv {
	bool has_header;
	unsigned columns;                 /* of the header */
	int8_t field[INGEST_COLUMNS_MAX]; /* of each column; -1: not ours, skipped */
	uint8_t unquoted[INGEST_LINE_MAX];
};

/* Fields of one line of CSV (RFC 4180, no line breaks inside of fields): views of line or of
 * room (as long as the line).  ERR_INPUT: quotes; ERR_TOO_LARGE: more than cap. */
MUST_CHECK enum err ingest_csv_split(struct bytes *out, size_t cap, size_t *n, uint8_t *room,
				     struct bytes line, struct ingest_fault *fault);

void ingest_csv_init(struct ingest_csv *r);

/*
 * One line without its end.  ERR_WAIT: the header, or an empty line; nothing to append.
 * ERR_FIELD_MISSING, ERR_FIELD_TYPE, ERR_FIELD_RANGE, ERR_FIELD_UNKNOWN (a header that names a
 * field twice or none of ours), ERR_AMOUNT, ERR_OVERFLOW (more than 64 bits), ERR_INPUT (quotes,
 * bytes that are no text), ERR_TOO_LARGE: with *fault.
 */
MUST_CHECK enum err ingest_csv_line(struct ingest_csv *r, struct bytes line,
				    struct ingest_transfer *out, struct ingest_fault *fault);

/* A reader of JSON lines: the same fields as members.  Freed once. */
struct ingest_json {
	void *root; /* json_t of the last line */
};

void ingest_json_init(struct ingest_json *r);
void ingest_json_free(struct ingest_json *r);
/* As ingest_csv_line(); also ERR_INPUT: not an object, or a member twice. */
MUST_CHECK enum err ingest_json_line(struct ingest_json *r, struct bytes line,
				     struct ingest_transfer *out, struct ingest_fault *fault);

/* ---- parts that the other readers use ---- */

extern const char *const ingest_transfer_names[INGEST_FIELDS];
/* A transfer of the texts of its fields; p NULL: not there.  Errors as ingest_csv_line(). */
MUST_CHECK enum err ingest_transfer_take(struct ingest_transfer *out,
					 const struct bytes field[INGEST_FIELDS],
					 struct ingest_fault *fault);
/* printf into the fault. */
void ingest_fault_say(struct ingest_fault *fault, const char *field, const char *format, ...)
    PRINTF(3, 4);
/* Digits only.  ERR_FIELD_MISSING empty, ERR_FIELD_TYPE, ERR_OVERFLOW. */
MUST_CHECK enum err ingest_number(uint64_t *out, const char *field, struct bytes text,
				  struct ingest_fault *fault);
/* Seconds since 1970, or "2018-01-26T00:02:13Z".  ERR_FIELD_TYPE, ERR_FIELD_RANGE. */
MUST_CHECK enum err ingest_time(uint64_t *out, const char *field, struct bytes text,
				struct ingest_fault *fault);
/* An address: 1..INGEST_NAME_MAX printable characters without blanks.  ERR_FIELD_RANGE. */
MUST_CHECK enum err ingest_address(const char *field, struct bytes text,
				   struct ingest_fault *fault);
/* 64 hexadecimal digits, "0x" before them or not.  ERR_FIELD_TYPE. */
MUST_CHECK enum err ingest_txid(struct hash32 *out, const char *field, struct bytes text,
				struct ingest_fault *fault);

/* ---- UTXO transactions, JSON lines ---- */

enum { INGEST_UTXO_LINE_MAX = 16 << 20, INGEST_UTXO_PUTS_MAX = 100000 };

struct ingest_input {
	struct hash32 tx;
	uint32_t index;
};

struct ingest_output {
	uint64_t amount;      /* 0 is legal */
	struct bytes address; /* empty: nobody's in particular */
};

/* Arrays belong to the reader and are valid until the next line. */
struct ingest_utxo_tx {
	uint64_t height, time_s;
	struct hash32 tx;
	bool coinbase;
	size_t inputs_n, outputs_n;
	struct ingest_input *input;
	struct ingest_output *output;
};

struct ingest_utxo {
	void *root;
	size_t inputs_cap, outputs_cap;
	struct ingest_input *input;
	struct ingest_output *output;
};

void ingest_utxo_init(struct ingest_utxo *r);
void ingest_utxo_free(struct ingest_utxo *r);
/* As ingest_json_line(); ERR_FULL: no memory. */
MUST_CHECK enum err ingest_utxo_line(struct ingest_utxo *r, struct bytes line,
				     struct ingest_utxo_tx *out, struct ingest_fault *fault);

#endif
