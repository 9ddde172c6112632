/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doc_tool - shows the module to programs that were not written with it.
 *
 *   doc_tool tables          the field tables as they stand in docs/documents.md
 *   doc_tool samples         per type one line: type, id, signed envelope
 *   doc_tool check           stdin: texts (u32 length, little-endian, and bytes); one line each:
 *                            "canonical" or "refused"
 *   doc_tool open GENESIS    stdin: envelopes, framed alike; one line each: id and "signed",
 *                            "unsigned", "forged", or "refused" alone
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/hex.h"
#include "crypto/crypto.h"
#include "samples.h"

static uint8_t space[4 * DOC_BYTES_MAX];

static void print_words(const struct doc_word *words)
{
	for (const struct doc_word *w = words; w->text != NULL; w++) {
		printf("%s`%s`", w == words ? "" : ", ", w->text);
	}
}

static void print_kind(const struct doc_field *f)
{
	switch (f->kind) {
	case DOC_KIND_TEXT:
		printf("text, %llu to %llu bytes", (unsigned long long)f->min,
		       (unsigned long long)f->max);
		break;
	case DOC_KIND_NAME:
		printf("name");
		break;
	case DOC_KIND_SLUG:
		printf("slug");
		break;
	case DOC_KIND_ADDRESS:
		printf("address");
		break;
	case DOC_KIND_ADDRESSES:
		printf("array of at most %llu addresses", (unsigned long long)f->max);
		break;
	case DOC_KIND_HEX:
		printf("hex, %zu bytes", f->size);
		break;
	case DOC_KIND_DATA:
		printf("hex, at most %llu bytes", (unsigned long long)f->max);
		break;
	case DOC_KIND_UUID:
		printf("UUIDv7");
		break;
	case DOC_KIND_AMOUNT:
	case DOC_KIND_UNITS:
		printf(f->min > 0 ? "amount, not zero" : "amount");
		break;
	case DOC_KIND_INT:
		if (f->max == JSON_INT_MAX) {
			printf("number, %llu or more", (unsigned long long)f->min);
		} else if (f->min == f->max) {
			printf("number, %llu", (unsigned long long)f->min);
		} else {
			printf("number, %llu to %llu", (unsigned long long)f->min,
			       (unsigned long long)f->max);
		}
		break;
	case DOC_KIND_BOOL:
		printf("`true`, `false`");
		break;
	case DOC_KIND_WORD:
		printf("word: ");
		print_words(f->words);
		break;
	case DOC_KIND_WORDS:
		printf("array of words, sorted: ");
		print_words(f->words);
		break;
	case DOC_KIND_OBJECT:
		printf("object");
		break;
	case DOC_KIND_LIST:
		printf("array of at most %llu objects", (unsigned long long)f->max);
		break;
	case DOC_KIND_RAW:
		printf("object as it stands");
		break;
	}
}

static void print_fields(const struct doc_table *t, const char *prefix)
{
	char below[128];

	for (size_t i = 0; i < t->count; i++) {
		const struct doc_field *f = &t->fields[i];

		printf("| `%s%s` | ", prefix, f->name);
		print_kind(f);
		printf(" |\n");
		if (f->of != NULL) {
			(void)snprintf(below, sizeof below, "%s%s%s.", prefix, f->name,
				       f->kind == DOC_KIND_LIST ? "[]" : "");
			print_fields(f->of, below);
		}
	}
}

static int tables(void)
{
	static const struct {
		enum doc_type type;
		const char *name;
		unsigned number;
		unsigned version;
		const char *signed_by;
	} rows[] = {

#define DOC(NAME, name, number, version, signed_by) \
	{ DOC_##NAME, #name, number, version, signed_by },
#include "doc/types.def"
#undef DOC
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		printf("### %u. %s, version %u\n\nSigned by %s.\n\n| field | value |\n|---|---|\n",
		       rows[i].number, rows[i].name, rows[i].version, rows[i].signed_by);
		print_fields(doc_table_of(rows[i].type), "");
		printf("\n");
	}
	return 0;
}

static int samples(void)
{
	uint8_t secret[DOC_SECRET_BYTES];
	static union sample s;
	struct key32 key;
	struct hash32 id;
	char hex[65];

	sample_key(secret, &key, 0x05);
	for (size_t i = 0; i < SAMPLE_TYPES; i++) {
		struct writer w = writer_make(space, sizeof space);

		sample_fill(sample_types[i], &s);
		if (doc_make(&w, &id, sample_types[i], &s, secret, NULL) != ERR_OK) {
			return 1;
		}
		hex_put(hex, bytes_of(id.b, sizeof id.b));
		printf("%s %s %.*s\n", doc_type_name(sample_types[i]), hex, (int)w.n,
		       (const char *)space);
	}
	return 0;
}

/* The next framed text of stdin; false at the end. */
static bool next_text(struct bytes *out)
{
	uint8_t head[4];
	uint32_t n;

	if (fread(head, 1, sizeof head, stdin) != sizeof head) {
		return false;
	}
	n = le32_get(head);
	if (n > sizeof space || fread(space, 1, n, stdin) != n) {
		exit(1);
	}
	*out = bytes_of(space, n);
	return true;
}

static int check(void)
{
	struct bytes text;

	while (next_text(&text)) {
		printf("%s\n", json_check(text, NULL, NULL) == ERR_OK ? "canonical" : "refused");
	}
	return 0;
}

static int open_all(const struct hash32 *genesis)
{
	struct bytes raw;
	char hex[65];
	struct doc d;

	while (next_text(&raw)) {
		enum err e = doc_open(&d, raw, genesis, NULL);

		if (e == ERR_OK) {
			e = doc_check(&d, NULL);
		}
		if (e != ERR_OK) {
			printf("refused\n");
			continue;
		}
		e = doc_verify_all(&d);
		hex_put(hex, bytes_of(d.id.b, sizeof d.id.b));
		printf("%s %s\n", hex,
		       e == ERR_OK         ? "signed"
		       : e == ERR_UNSIGNED ? "unsigned"
					   : "forged");
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct hash32 genesis;

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	if (argc == 2 && strcmp(argv[1], "tables") == 0) {
		return tables();
	}
	if (argc == 2 && strcmp(argv[1], "samples") == 0) {
		return samples();
	}
	if (argc == 2 && strcmp(argv[1], "check") == 0) {
		return check();
	}
	if (argc == 3 && strcmp(argv[1], "open") == 0 &&
	    hex_get(genesis.b, sizeof genesis.b, bytes_str(argv[2]), HEX_LOWER_ONLY) == ERR_OK) {
		return open_all(&genesis);
	}
	(void)fputs("usage: doc_tool tables | samples | check | open GENESIS\n", stderr);
	return 2;
}
