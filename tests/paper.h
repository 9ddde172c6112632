/* SPDX-License-Identifier: Apache-2.0 */
/*
 * paper.h - a document as several people sign it, for tests that bring it to somebody.
 */
#ifndef KURAMORI_TESTS_PAPER_H
#define KURAMORI_TESTS_PAPER_H

#include "base/check.h"
#include "doc/document.h"
#include "doc/types.h"

enum { PAPER_BYTES = 16384 };

struct paper {
	uint8_t raw[PAPER_BYTES];
	size_t n;
	struct hash32 id;
};

/* Writes in, a struct of this type, and seals it with each of n secrets; dies if it cannot stand.
 */
static inline void paper_make(struct paper *p, enum doc_type type, const void *in,
			      const struct hash32 *genesis, const uint8_t *const *secrets, size_t n)
{
	static uint8_t body[PAPER_BYTES];
	struct writer w = writer_make(body, sizeof body);
	struct writer out = writer_make(p->raw, sizeof p->raw);
	struct doc_seal seals[DOC_GOVERNANCE_MAX];

	CHECK(n <= DOC_GOVERNANCE_MAX && doc_write(&w, type, in, NULL) == ERR_OK);
	doc_id(&p->id, type, doc_type_version(type), genesis, bytes_of(w.p, w.n));
	for (size_t i = 0; i < n; i++) {
		doc_sign(&seals[i], &p->id, secrets[i]);
	}
	CHECK(doc_close(&out, type, bytes_of(w.p, w.n), seals, n) == ERR_OK);
	p->n = out.n;
}

#endif
