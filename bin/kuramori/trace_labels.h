/* SPDX-License-Identifier: Apache-2.0 */
/* trace_labels.h - who an address belongs to, by the files of labels that a case names. */
#ifndef KURAMORI_BIN_TRACE_LABELS_H
#define KURAMORI_BIN_TRACE_LABELS_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "trace_casefile.h"

/* Texts of strangers, cleaned (casefile_clean()). */
struct trace_label {
	char *label;
	char *category; /* "exchange"; "" unknown */
	char *source;
	uint32_t confidence; /* percent */
};

struct trace_labels;

/* Reads all files of the case: CSV, or TagPack (.yaml).  Of several labels of an address that of
 * the highest confidence counts, and of equal ones the first.  0 or an exit code, said on stderr
 * with file and line; the caller frees *out, also then. */
int trace_labels_read(struct trace_labels **out, const struct casefile *file,
		      const char *case_path);
void trace_labels_free(struct trace_labels *l); /* NULL is fine */

/* The label of an address, NULL if there is none. */
const struct trace_label *trace_labels_find(const struct trace_labels *l, const char *address);
/* The same of n addresses: label[i] is that of address[i]. */
void trace_labels_find_many(const struct trace_labels *l, const char *const *address, size_t n,
			    const struct trace_label **label);
/* SHA-256 of the i-th file as it was read: its version. */
const struct hash32 *trace_labels_sha256(const struct trace_labels *l, size_t i);

#endif
