/* SPDX-License-Identifier: Apache-2.0 */
/*
 * paper.h - documents as several people sign them, for tests that bring them to somebody.
 */
#ifndef KURAMORI_TESTS_PAPER_H
#define KURAMORI_TESTS_PAPER_H

#include <stdio.h>

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

/* What price source i, called price-1 and on, says of one XEM in yen. */
static inline struct doc_price paper_price(const struct hash32 *genesis, size_t i, uint64_t time_ms,
					   const char *rate)
{
	struct doc_price p = {
		.asset = ASSET_XEM, .currency = ASSET_JPY, .genesis = *genesis, .time_ms = time_ms
	};

	(void)snprintf(p.rate, sizeof p.rate, "%s", rate);
	(void)snprintf(p.source, sizeof p.source, "price-%zu", i + 1);
	return p;
}

#endif
