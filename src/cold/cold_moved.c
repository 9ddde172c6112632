/* SPDX-License-Identifier: Apache-2.0 */
#include "cold/cold_moved.h"

#include <string.h>

/* Types of transactions, and what lengths are stated before a part of fixed size. */
enum {
	TRANSFER = 0x0101,
	COSIGNATURE = 0x1002,
	MULTISIG = 0x1004,

	KEY = 32,
	SIGNATURE = 64,
	INNER = 60 + 4 + COLD_MOVED_ADDRESS + 8 + 4,
	ATTACHED = 128 + 4 + 4 + KEY + 4 + COLD_MOVED_ADDRESS,
};

static void expect(struct reader *r, uint32_t n)
{
	if (reader_u32(r) != n) {
		r->bad = true;
	}
}

static void copy(struct reader *r, void *out, uint32_t n)
{
	struct bytes field;

	expect(r, n);
	field = reader_bytes(r, n);
	if (!r->bad) {
		memcpy(out, field.p, n);
	}
}

/* What every transaction begins with; gives its fee. */
static uint64_t head(struct reader *r, uint32_t type, uint8_t network, struct key32 *signer,
		     bool is_signed)
{
	uint8_t signature[SIGNATURE];
	uint64_t fee;

	expect(r, type);
	expect(r, (uint32_t)network << 24 | 1);
	(void)reader_u32(r); /* when it was made */
	copy(r, signer->b, KEY);
	if (is_signed) {
		copy(r, signature, SIGNATURE);
	}
	fee = reader_u64(r);
	(void)reader_u32(r); /* its deadline, which the judgement compared */
	return fee;
}

bool cold_moved_read(struct cold_moved *out, uint8_t network, struct bytes unit)
{
	struct reader r = reader_make(unit);
	struct key32 cosigner;
	struct hash32 inner;
	char account[COLD_MOVED_ADDRESS];
	uint32_t n;

	memset(out, 0, sizeof *out);
	out->fee_micro[1] = head(&r, MULTISIG, network, &cosigner, true);
	expect(&r, INNER);
	out->fee_micro[0] = head(&r, TRANSFER, network, &out->account, false);
	copy(&r, out->to, COLD_MOVED_ADDRESS);
	out->amount_micro = reader_u64(&r);
	expect(&r, 0); /* no message */
	n = reader_u32(&r);
	if (r.bad || n > COLD_MOVED_COSIGNERS_MAX) {
		return false;
	}
	out->fees = 2 + n;
	for (unsigned i = 2; i < out->fees; i++) {
		expect(&r, ATTACHED);
		out->fee_micro[i] = head(&r, COSIGNATURE, network, &cosigner, true);
		expect(&r, 4 + KEY);
		copy(&r, inner.b, KEY);
		copy(&r, account, COLD_MOVED_ADDRESS);
	}
	return reader_done(&r);
}
