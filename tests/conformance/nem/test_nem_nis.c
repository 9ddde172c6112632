/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: what we accept NIS's own code accepts too, as the same transaction or block; where we are
 * stricter than NIS is written down.
 *
 * Method: bytes that NIS's deserialiser, hash, signature and fee code has judged (nem_nis.inc): our
 * verdict on each is the stated one; what we accept NIS wrote again to the same bytes, and has its
 * hash, its verdict on the signatures and its minimum fees.
 */
#include "base/attr.h"
#include "base/hex.h"
#include "chain/nem/nem_block.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_tx.h"
#include "crypto/crypto.h"
#include "nem_hex.h"
#include "t.h"

enum verdict { NIS_SAME, NIS_REBUILDS, NIS_CANNOT_WRITE, NIS_REFUSES };

static const struct row {
	const char *name;
	uint8_t network;
	char form;
	const char *bytes;
	enum verdict verdict;
	const char *why, *hash;
	bool verifies;
	uint64_t fee, inner_fee;
	enum err ours;
} rows[] = {

#include "nem_nis.inc"
};

static uint8_t raw[NEM_BLOCK_BYTES_MAX];
static uint8_t again[NEM_TX_BYTES_MAX];

/* What NIS's fee code was told of any mosaic but nem:xem: it depends on the name. */
static bool told(void *context, const struct nem_mosaic_id *id, struct nem_fee_mosaic *out)
{
	static const uint64_t supplies[] = {
		0, 1, 9999, 10000, 10001, 123456789, 8999999999, 7, 1000000, NEM_QUANTITY_MAX,
	};
	char text[NEM_MOSAIC_ID_MAX + 1];
	uint64_t most = NEM_QUANTITY_MAX;
	uint32_t h = 0;

	(void)context;
	nem_mosaic_id_put(text, id);
	for (const char *p = text; *p != '\0'; p++) {
		h = h * 31 + (uint8_t)*p; /* String.hashCode() of Java */
	}
	h &= INT32_MAX;
	out->divisibility = (uint8_t)(h % 7);
	for (unsigned i = 0; i < out->divisibility; i++) {
		most /= 10;
	}
	out->supply = supplies[h / 7 % ARRAY_LEN(supplies)];
	out->supply = out->supply < most ? out->supply : most;
	return true;
}

static void same_hash(const struct row *row, const struct hash32 *got)
{
	struct hash32 want;

	T_EQ(nem_hex(want.b, sizeof want.b, row->hash).n, sizeof want.b);
	T_MEM(got->b, want.b, sizeof want.b);
}

static void same_tx(const struct row *row, const struct nem_tx *tx, struct bytes in,
		    enum nem_form form)
{
	const struct nem_fee_lookup lookup = { .find = told };
	struct writer w = writer_make(again, sizeof again);
	struct hash32 hash;
	uint64_t fee = 0;

	nem_tx_encode(&w, tx, form);
	T_CHECK(!w.bad && bytes_eq(bytes_of(w.p, w.n), in));
	nem_tx_hash(&hash, tx);
	same_hash(row, &hash);
	if (form == NEM_SIGNED) {
		T_EQ(nem_tx_verify(tx) == ERR_OK, row->verifies);
	}
	T_EQ(nem_fee_minimum_of(&fee, tx, &lookup, NULL), ERR_OK);
	T_EQ(fee, row->fee);
	if (tx->type == NEM_MULTISIG) {
		T_EQ(nem_fee_minimum_of_inner(&fee, &tx->multisig.inner, &lookup, NULL), ERR_OK);
		T_EQ(fee, row->inner_fee);
	}
}

static void same_block(const struct row *row, const struct nem_block *block)
{
	struct hash32 hash;

	nem_block_hash(&hash, block);
	same_hash(row, &hash);
	/* NIS's verify() of a block is the harvester's signature alone, and so is this. */
	T_EQ(nem_block_verify(block) == ERR_OK, row->verifies);
}

static void judge(const struct row *row)
{
	static struct nem_tx tx;
	struct bytes in = nem_hex(raw, sizeof raw, row->bytes);
	enum nem_form form = row->form == 'U' ? NEM_SIGNING : NEM_SIGNED;
	struct nem_block block;
	enum err e = row->form == 'B' ? nem_block_decode(&block, row->network, in)
				      : nem_tx_decode(&tx, row->network, in, form);

	if (e != row->ours) {
		printf("# %s (NIS: %s)\n", row->name, row->why);
	}
	T_EQ(e, row->ours);
	if (e != ERR_OK) {
		return;
	}
	T_EQ(row->verdict, NIS_SAME);
	if (row->form == 'B') {
		same_block(row, &block);
	} else {
		same_tx(row, &tx, in, form);
	}
	if (t_failed) {
		printf("# %s\n", row->name);
	}
}

static void verdicts(void)
{
	unsigned of[NIS_REFUSES + 1] = { 0 };
	unsigned stricter = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows) && !t_failed; i++) {
		judge(&rows[i]);
		of[rows[i].verdict]++;
		stricter += rows[i].verdict != NIS_REFUSES && rows[i].ours != ERR_OK;
	}
	if (t_failed) {
		return;
	}
	T_EQ(of[NIS_SAME], 127);
	T_EQ(of[NIS_REBUILDS], 66);
	T_EQ(of[NIS_CANNOT_WRITE], 5);
	T_EQ(of[NIS_REFUSES], 135);
	T_EQ(stricter, 85);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = { { "verdicts of NIS's own code", verdicts } };

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
