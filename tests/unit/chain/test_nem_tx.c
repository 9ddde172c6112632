/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a decoder that accepts nothing but its own encoder's bytes, whatever is done to them.
 * Method: for a transaction of each kind, every truncation, one byte more, every byte flipped in
 * several ways, lengths that lie; limits on both sides; the order of cosignatures.
 */
#include "../../conformance/nem/golden.h"
#include "../../conformance/nem/golden_types.h"
#include "../../conformance/nem/nem_hex.h"

#include "base/attr.h"
#include "chain/nem/nem_network.h"
#include "chain/nem/nem_tx.h"
#include "chain/nem/nem_verified.h"
#include "crypto/crypto.h"
#include "t.h"

enum { NET = NEM_NETWORK_TEST };

static uint8_t raw_bytes[NEM_TX_BYTES_MAX];
static uint8_t again_bytes[NEM_TX_BYTES_MAX];

static const struct sample {
	const char *hex;
	enum nem_form form;
} wrapped[] = {
	{ golden_multisig_data, NEM_SIGNING },
	{ golden_multisig_signed, NEM_SIGNED },
};

/* Every type of the reference core, then the wrapped ones. */
enum { SAMPLES = ARRAY_LEN(golden_rows) + ARRAY_LEN(wrapped) };

static struct sample sample_at(size_t i)
{
	if (i < ARRAY_LEN(golden_rows)) {
		return (struct sample){ golden_rows[i].data, NEM_SIGNING };
	}
	return wrapped[i - ARRAY_LEN(golden_rows)];
}

/* Refused with nothing written, or accepted and the same bytes again. */
static bool refused_or_same(struct bytes raw, enum nem_form form, bool *accepted)
{
	struct nem_tx tx;
	struct nem_tx untouched;
	struct writer w = writer_make(again_bytes, sizeof again_bytes);

	memset(&tx, 0x5a, sizeof tx);
	memcpy(&untouched, &tx, sizeof tx);
	*accepted = nem_tx_decode(&tx, NET, raw, form) == ERR_OK;
	if (!*accepted) {
		return memcmp(&tx, &untouched, sizeof tx) == 0;
	}
	nem_tx_encode(&w, &tx, form);
	return !w.bad && bytes_eq(bytes_of(w.p, w.n), raw);
}

static void truncated(void)
{
	for (size_t i = 0; i < SAMPLES; i++) {
		struct bytes raw = nem_hex(raw_bytes, sizeof raw_bytes, sample_at(i).hex);
		bool accepted;

		for (size_t n = 0; n < raw.n; n++) {
			T_CHECK(refused_or_same(bytes_of(raw.p, n), sample_at(i).form, &accepted));
			T_CHECK(!accepted);
		}
		T_CHECK(refused_or_same(raw, sample_at(i).form, &accepted));
		T_CHECK(accepted);
		raw_bytes[raw.n] = 0;
		T_CHECK(refused_or_same(bytes_of(raw.p, raw.n + 1), sample_at(i).form, &accepted));
		T_CHECK(!accepted);
		/* The other form is never the same bytes. */
		T_CHECK(refused_or_same(
		    raw, sample_at(i).form == NEM_SIGNED ? NEM_SIGNING : NEM_SIGNED, &accepted));
		T_CHECK(!accepted);
	}
}

static void flipped(void)
{
	for (size_t i = 0; i < SAMPLES; i++) {
		struct bytes raw = nem_hex(raw_bytes, sizeof raw_bytes, sample_at(i).hex);
		unsigned refused = 0;

		for (size_t at = 0; at < raw.n; at++) {
			for (unsigned bit = 0; bit < 8; bit++) {
				bool accepted;

				raw_bytes[at] ^= (uint8_t)(1u << bit);
				T_CHECK(refused_or_same(raw, sample_at(i).form, &accepted));
				refused += !accepted;
				raw_bytes[at] ^= (uint8_t)(1u << bit);
			}
		}
		T_CHECK(refused > 20 * 8);
	}
}

/* Four bytes at every place become each of the numbers that hurt. */
static void lengths_lie(void)
{
	static const uint32_t numbers[] = { 0,    1,      31,         33,         39,        41,
					    1024, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff };

	for (size_t i = 0; i < SAMPLES; i++) {
		struct bytes raw = nem_hex(raw_bytes, sizeof raw_bytes, sample_at(i).hex);

		for (size_t at = 0; at + 4 <= raw.n; at += 4) {
			uint32_t old = le32_get(raw.p + at);

			for (size_t k = 0; k < ARRAY_LEN(numbers); k++) {
				bool accepted;

				le32_put(raw_bytes + at, numbers[k]);
				T_CHECK(refused_or_same(raw, sample_at(i).form, &accepted));
				T_CHECK(at != 12 || !accepted || numbers[k] == old);
			}
			le32_put(raw_bytes + at, old);
		}
	}
}

static void fill_transfer(struct nem_tx *tx)
{
	struct bytes raw = nem_hex(raw_bytes, sizeof raw_bytes, golden_transfer_data);

	memset(tx, 0, sizeof *tx);
	if (nem_tx_decode(tx, NET, raw, NEM_SIGNING) != ERR_OK) {
		abort();
	}
}

static void messages(void)
{
	static const struct {
		uint16_t n;
		enum err want;
	} rows[] = { { 1, ERR_OK },    { 31, ERR_OK },   { 32, ERR_OK },
		     { 1023, ERR_OK }, { 1024, ERR_OK }, { 1025, ERR_TOO_LARGE } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct nem_tx tx;
		struct writer w = writer_make(again_bytes, sizeof again_bytes);

		fill_transfer(&tx);
		tx.transfer.message_type = NEM_MESSAGE_PLAIN;
		tx.transfer.message_bytes = rows[i].n;
		T_EQ(nem_tx_check(&tx), rows[i].want);
		if (rows[i].want == ERR_OK) {
			nem_tx_encode(&w, &tx, NEM_SIGNING);
			T_CHECK(!w.bad);
			T_EQ(nem_tx_decode(&tx, NET, bytes_of(w.p, w.n), NEM_SIGNING), ERR_OK);
			T_EQ(tx.transfer.message_bytes, rows[i].n);
		}
	}
}

static void message_without_bytes(void)
{
	struct nem_tx tx;
	struct bytes raw;

	fill_transfer(&tx);
	tx.transfer.message_type = NEM_MESSAGE_PLAIN;
	T_EQ(nem_tx_check(&tx), ERR_NOT_CANONICAL);
	nem_tx_canonicalise(&tx);
	T_EQ(nem_tx_check(&tx), ERR_OK);
	/* As bytes: a message object of length 0, which NIS would drop. */
	raw = nem_hex(raw_bytes, sizeof raw_bytes, golden_transfer_data);
	le32_put(raw_bytes + raw.n - 4, 8);
	le32_put(raw_bytes + raw.n, 1);
	le32_put(raw_bytes + raw.n + 4, 0);
	T_EQ(nem_tx_decode(&tx, NET, bytes_of(raw_bytes, raw.n + 8), NEM_SIGNING),
	     ERR_NOT_CANONICAL);
	le32_put(raw_bytes + raw.n - 4, 9);
	le32_put(raw_bytes + raw.n + 4, 1);
	raw_bytes[raw.n + 8] = 'x';
	T_EQ(nem_tx_decode(&tx, NET, bytes_of(raw_bytes, raw.n + 9), NEM_SIGNING), ERR_OK);
	le32_put(raw_bytes + raw.n, 3);
	T_EQ(nem_tx_decode(&tx, NET, bytes_of(raw_bytes, raw.n + 9), NEM_SIGNING), ERR_FIELD_RANGE);
}

static void heads(void)
{
	struct nem_tx tx;

	fill_transfer(&tx);
	tx.head.network = 0x12;
	T_EQ(nem_tx_check(&tx), ERR_NETWORK);
	fill_transfer(&tx);
	tx.head.network = NEM_NETWORK_MAIN; /* the recipient is of the test network */
	T_EQ(nem_tx_check(&tx), ERR_NETWORK);
	fill_transfer(&tx);
	tx.head.time_nem_s = 0x80000000u;
	T_EQ(nem_tx_check(&tx), ERR_FIELD_RANGE);
	fill_transfer(&tx);
	tx.head.deadline_nem_s = 0x80000000u;
	T_EQ(nem_tx_check(&tx), ERR_FIELD_RANGE);
	fill_transfer(&tx);
	tx.head.version = 2; /* a transfer without mosaics may have either version */
	T_EQ(nem_tx_check(&tx), ERR_OK);
	tx.head.version = 3;
	T_EQ(nem_tx_check(&tx), ERR_VERSION);
	fill_transfer(&tx);
	tx.transfer.recipient.text[5] = tx.transfer.recipient.text[5] == 'A' ? 'B' : 'A';
	T_EQ(nem_tx_check(&tx), ERR_ADDRESS);
	fill_transfer(&tx);
	T_EQ(nem_tx_decode(&tx, NEM_NETWORK_MAIN,
			   nem_hex(raw_bytes, sizeof raw_bytes, golden_transfer_data), NEM_SIGNING),
	     ERR_NETWORK);
}

static void modification_limits(void)
{
	struct nem_tx tx;
	struct writer w = writer_make(again_bytes, sizeof again_bytes);

	fill_transfer(&tx);
	tx.type = NEM_MODIFICATION;
	memset(&tx.modification, 0, sizeof tx.modification);
	T_EQ(nem_tx_check(&tx), ERR_FIELD_RANGE); /* version 1, empty */
	tx.modification.has_change = true;
	T_EQ(nem_tx_check(&tx), ERR_FIELD_RANGE); /* version 1 with a change */
	tx.head.version = 2;
	T_EQ(nem_tx_check(&tx), ERR_OK); /* a change of 0 alone, which NIS accepts */
	tx.modification.has_change = false;
	tx.modification.change = 1;
	T_EQ(nem_tx_check(&tx), ERR_FIELD_RANGE);
	tx.modification.change = 0;
	tx.modification.n = NEM_MODIFICATIONS_MAX;
	for (unsigned i = 0; i < NEM_MODIFICATIONS_MAX; i++) {
		tx.modification.entry[i].type = i % 2 == 0 ? NEM_ADD : NEM_DELETE;
		tx.modification.entry[i].cosigner.b[0] = (uint8_t)i;
	}
	T_EQ(nem_tx_check(&tx), ERR_NOT_CANONICAL);
	nem_tx_canonicalise(&tx);
	T_EQ(nem_tx_check(&tx), ERR_OK);
	nem_tx_encode(&w, &tx, NEM_SIGNED);
	T_CHECK(!w.bad);
	T_EQ(nem_tx_decode(&tx, NET, bytes_of(w.p, w.n), NEM_SIGNED), ERR_OK);
	tx.modification.entry[3].type = (enum nem_modification_type)3;
	T_EQ(nem_tx_check(&tx), ERR_FIELD_RANGE);
	/* One entry more than the limit, as bytes. */
	le32_put(again_bytes + 128, NEM_MODIFICATIONS_MAX + 1);
	T_EQ(nem_tx_decode(&tx, NET, bytes_of(w.p, w.n), NEM_SIGNED), ERR_TOO_LARGE);
}

static struct edk_secret maker(uint8_t seed)
{
	uint8_t raw[32] = { seed, 7 };
	struct edk_secret s;

	edk_secret_from_nem(&s, raw);
	return s;
}

/* A wrapper with the most cosignatures, attached in any order, comes out sorted and verifies. */
static void cosignatures(void)
{
	struct nem_tx tx;
	struct nem_tx co;
	struct nem_tx back;
	struct hash32 inner;
	struct writer w = writer_make(again_bytes, sizeof again_bytes);
	struct edk_secret a = maker(0);
	struct nem_attached swap;

	if (nem_tx_decode(&tx, NET, nem_hex(raw_bytes, sizeof raw_bytes, golden_multisig_data),
			  NEM_SIGNING) != ERR_OK) {
		abort();
	}
	tx.head.signer = a.public_key;
	T_EQ(nem_tx_sign(&tx, &a), ERR_OK);
	memset(&co, 0, sizeof co);
	co.type = NEM_COSIGNATURE;
	co.head = tx.head;
	nem_tx_hash_inner(&inner, &tx.multisig.inner);
	co.cosignature.inner_hash = inner;
	nem_address_from_key(&co.cosignature.account, &tx.multisig.inner.head.signer, NET);
	T_EQ(nem_tx_attach(&tx, &co), ERR_ONCE); /* the initiator's own */
	for (unsigned i = 1; i <= NEM_COSIGNATURES_MAX + 1; i++) {
		struct edk_secret s = maker((uint8_t)i);

		co.head.signer = s.public_key;
		T_EQ(nem_tx_sign(&co, &s), ERR_OK);
		co.cosignature.inner_hash.b[0] ^= 1;
		T_EQ(nem_tx_attach(&tx, &co), ERR_MISMATCH);
		co.cosignature.inner_hash.b[0] ^= 1;
		T_EQ(nem_tx_attach(&tx, &co), i <= NEM_COSIGNATURES_MAX ? ERR_OK : ERR_FULL);
	}
	T_EQ(nem_tx_check(&tx), ERR_OK);
	T_EQ(nem_tx_weight(&tx), 2 + NEM_COSIGNATURES_MAX);
	nem_tx_encode(&w, &tx, NEM_SIGNED);
	T_CHECK(!w.bad);
	T_EQ(nem_tx_decode(&back, NET, bytes_of(w.p, w.n), NEM_SIGNED), ERR_OK);
	T_EQ(nem_tx_verify(&back), ERR_OK);
	swap = back.multisig.cosignature[3];
	back.multisig.cosignature[3] = back.multisig.cosignature[4];
	T_EQ(nem_tx_check(&back), ERR_NOT_CANONICAL); /* one of them twice */
	back.multisig.cosignature[4] = swap;
	T_EQ(nem_tx_check(&back), ERR_NOT_CANONICAL); /* out of order */
	back = tx;
	back.multisig.cosignature[0].head.signer = a.public_key;
	T_EQ(nem_tx_check(&back), ERR_NOT_CANONICAL);
	back = tx;
	back.multisig.cosignature[0].body.account.text[7] ^= 1;
	T_EQ(nem_tx_check(&back), ERR_MISMATCH);
	back = tx;
	back.multisig.inner.transfer.amount_micro++; /* the cosignatures name another payment */
	T_EQ(nem_tx_check(&back), ERR_MISMATCH);
	back = tx;
	back.multisig.inner.type = NEM_MULTISIG;
	T_EQ(nem_tx_check(&back), ERR_TYPE);
	back.multisig.inner.type = NEM_COSIGNATURE;
	T_EQ(nem_tx_check(&back), ERR_TYPE);
}

static void signing(void)
{
	struct nem_tx tx;
	struct edk_secret other = maker(9);

	fill_transfer(&tx);
	T_EQ(nem_tx_sign(&tx, &other), ERR_KEY);
	tx.head.signer = other.public_key;
	tx.transfer.message_type = NEM_MESSAGE_PLAIN;
	T_EQ(nem_tx_sign(&tx, &other), ERR_NOT_CANONICAL);
	tx.transfer.message_type = NEM_MESSAGE_NONE;
	T_EQ(nem_tx_verify(&tx), ERR_SIGNATURE);
	T_EQ(nem_tx_sign(&tx, &other), ERR_OK);
	T_EQ(nem_tx_verify(&tx), ERR_OK);
	tx.transfer.amount_micro++;
	T_EQ(nem_tx_verify(&tx), ERR_SIGNATURE);
}

/* What has verified once helps nothing that differs from it, however it is put together. */
static void verified_again(void)
{
	struct edk_secret one = maker(8);
	struct edk_secret two = maker(9);
	struct sig64 signature;
	uint8_t text[200] = { 1 };
	struct bytes message = bytes_of(text, sizeof text);

	edk_sign(&signature, &one, message);
	for (int times = 0; times < 3; times++) {
		T_CHECK(nem_verified(&one.public_key, message, &signature));
		T_CHECK(!nem_verified(&two.public_key, message, &signature));
		T_CHECK(
		    !nem_verified(&one.public_key, bytes_of(text, sizeof text - 1), &signature));
	}
	for (size_t bit = 0; bit < 8 * sizeof signature.b; bit += 5) {
		signature.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		T_CHECK(!nem_verified(&one.public_key, message, &signature));
		T_CHECK(!nem_verified(&one.public_key, message, &signature));
		signature.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * sizeof text; bit += 13) {
		text[bit / 8] ^= (uint8_t)(1 << bit % 8);
		T_CHECK(!nem_verified(&one.public_key, message, &signature));
		text[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	/* more than are remembered */
	for (unsigned i = 0; i < 1200; i++) {
		le32_put(text, i);
		edk_sign(&signature, &two, message);
		T_CHECK(nem_verified(&two.public_key, message, &signature));
		text[4] ^= 1;
		T_CHECK(!nem_verified(&two.public_key, message, &signature));
		text[4] ^= 1;
	}
}

static void peeks(void)
{
	struct bytes raw = nem_hex(raw_bytes, sizeof raw_bytes, golden_multisig_data);

	T_EQ(nem_tx_peek_type(raw), NEM_MULTISIG);
	T_EQ(nem_tx_peek_inner_type(raw), NEM_TRANSFER);
	T_EQ(nem_tx_peek_type(bytes_of(raw.p, 3)), 0);
	T_EQ(nem_tx_peek_inner_type(bytes_of(raw.p, 67)), 0);
	raw = nem_hex(raw_bytes, sizeof raw_bytes, golden_transfer_data);
	T_EQ(nem_tx_peek_inner_type(raw), 0);
}

static void encode_invalid(void)
{
	struct nem_tx tx;
	struct writer w = writer_make(again_bytes, sizeof again_bytes);

	memset(&tx, 0, sizeof tx);
	nem_tx_encode(&w, &tx, NEM_SIGNING);
}

static void dies_on_own_mistake(void)
{
	T_CHECK(t_dies(SIGABRT, encode_invalid));
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "every truncation, one byte more, the other form", truncated },
		{ "every bit flipped", flipped },
		{ "lengths that lie", lengths_lie },
		{ "message sizes", messages },
		{ "a message without bytes", message_without_bytes },
		{ "heads", heads },
		{ "modification limits", modification_limits },
		{ "cosignatures: order, repeats, limits", cosignatures },
		{ "signing", signing },
		{ "what has verified once", verified_again },
		{ "peeks", peeks },
		{ "encoding what is not valid dies", dies_on_own_mistake },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
