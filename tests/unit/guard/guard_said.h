/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard_said.h - what a signer answered, and a document that says nothing, for tests over
 * guard_rig.h.
 */
#ifndef KURAMORI_TESTS_GUARD_SAID_H
#define KURAMORI_TESTS_GUARD_SAID_H

#include "base/hex.h"
#include "guard_rig.h"
#include "t.h"

/* The request was refused by this code, naming this field; both "": it was not refused. */
#define REFUSED(id, code, field)                \
	do {                                    \
		uint64_t id_ = (id);            \
		T_STR(rig_code(id_), (code));   \
		T_STR(rig_field(id_), (field)); \
	} while (0)

/* An envelope that opens, of this type, whose body says nothing but its genesis. */
static inline struct bytes hollow_of(enum doc_type type)
{
	static uint8_t raw[512];
	static char body[128];
	char genesis[65];
	struct writer w = writer_make(raw, sizeof raw);

	hex_put(genesis, bytes_of(r.genesis_id.b, sizeof r.genesis_id.b));
	(void)snprintf(body, sizeof body, "{\"genesis\":\"%s\"}", genesis);
	CHECK(doc_close(&w, type, bytes_str(body), NULL, 0) == ERR_OK);
	return bytes_of(w.p, w.n);
}

#endif
