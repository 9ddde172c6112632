/* SPDX-License-Identifier: Apache-2.0 */
/*
 * labels.h - which addresses are known to be whose: exchanges, services, thieves (trace.md B.4,
 * E.4).
 *
 * A set is filled from lists (CSV, TagPack YAML), sealed once, and then only asked.  In front of
 * the exact table stands a filter of one 64-bit word per address group, which may only say "no";
 * what it lets through is compared byte by byte.  Both hash with a secret seed, because an address
 * with a wanted hash is cheap to grind.
 *
 * No I/O.  Allocates.
 */
#ifndef KURAMORI_INGEST_LABELS_H
#define KURAMORI_INGEST_LABELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "ingest/transfer.h"

enum {
	LABELS_MAX = 1 << 24,
	LABELS_TEXT_MAX = 255, /* bytes of a label, category or source */
	LABELS_SEED_BYTES = 32,
	LABELS_FILE_MAX = 64 << 20, /* bytes of one list */
	LABELS_CONFIDENCE_MAX = 100,
};

/* One tag.  Texts are borrowed from the set, NUL-terminated; "" where the list says nothing. */
struct label {
	const char *address;
	const char *label;
	const char *category; /* TagPack: category, else the first concept */
	const char *source;
	const char *list;        /* title of the list, or the name of its file */
	struct hash32 list_hash; /* SHA-256 of the list's bytes: its version */
	uint8_t confidence;      /* 0..100 (trace.md B.4) */
};

struct labels;

/* ERR_FULL: no memory.  seed: secret, random. */
MUST_CHECK enum err labels_new(struct labels **out, const uint8_t seed[LABELS_SEED_BYTES]);
void labels_free(struct labels *l);

/*
 * A whole list.  name: of its file, for messages and label.list.  All of it or, on error, nothing.
 * CSV: a header with address and label, and where wished category, confidence, source.
 * YAML: a TagPack; what its header says holds for each tag that does not say it itself.
 * ERR_INPUT: not such a file; ERR_FIELD_MISSING, ERR_FIELD_TYPE, ERR_FIELD_RANGE,
 * ERR_FIELD_UNKNOWN (a CSV header), ERR_TOO_LARGE: *line and *fault say where and what.  ERR_FULL.
 * Tags of a transaction (tx_hash) have no address and are counted in *skipped.
 * ERR_STATE: the set is sealed.
 */
MUST_CHECK enum err labels_csv(struct labels *l, const char *name, struct bytes file,
			       uint64_t *line, struct ingest_fault *fault);
MUST_CHECK enum err labels_tagpack(struct labels *l, const char *name, struct bytes file,
				   uint64_t *skipped, uint64_t *line, struct ingest_fault *fault);

/* Makes it ready to be asked.  Once.  ERR_FULL. */
MUST_CHECK enum err labels_seal(struct labels *l);

size_t labels_n(const struct labels *l);
/* The tag at a place below labels_n(); the order is that of reading. */
void labels_at(const struct labels *l, size_t place, struct label *out);

/*
 * The first tag of this address in a sealed set, the one with the highest confidence first, and of
 * equal ones the one that was read first; the place, or SIZE_MAX.  The others of the same address
 * follow by labels_next().
 */
size_t labels_find(const struct labels *l, struct bytes address);
/* The same of n addresses, whose memory is asked for ahead: place[i] is that of address[i]. */
void labels_find_many(const struct labels *l, const struct bytes *address, size_t n, size_t *place);
size_t labels_next(const struct labels *l, size_t place);

/* labels_find() without the filter, to compare. */
size_t labels_find_exact(const struct labels *l, struct bytes address);

/* For the readers: one tag; texts are copied. */
struct label_new {
	struct bytes address, label, category, source;
	uint8_t confidence;
};

MUST_CHECK enum err labels_add(struct labels *l, const struct label_new *tag, size_t list);
/* A new list; *list for labels_add(). */
MUST_CHECK enum err labels_list(struct labels *l, struct bytes title, const struct hash32 *hash,
				size_t *list);
/* Forgets the tags from this place on and the lists from that one on: a list that turned out bad.
 */
void labels_cut(struct labels *l, size_t tags, size_t lists);
size_t labels_lists(const struct labels *l);
bool labels_sealed(const struct labels *l);

#endif
