/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: our bytes are NIS's bytes: addresses, transactions, hashes, signatures, a block.
 * Method: golden vectors of the reference node (golden.h) built here from their meaning and
 * compared byte for byte; every type read, written, hashed and signed; 200 addresses on three
 * networks; the Symbol project's payloads, whose fees are below zero to NIS, refused, and with
 * smaller fees decoded and encoded again, or refused where NIS refuses.
 */
#include "addresses.h"
#include "golden.h"
#include "golden_types.h"
#include "payloads.h"

#include "base/attr.h"
#include "base/hex.h"
#include "chain/nem/nem_address.h"
#include "chain/nem/nem_block.h"
#include "chain/nem/nem_network.h"
#include "chain/nem/nem_tx.h"
#include "crypto/crypto.h"
#include "nem_hex.h"
#include "t.h"

enum { NET = NEM_NETWORK_TEST, T0 = 300000000, HOUR = 3600 };

static uint8_t buf_a[NEM_BLOCK_BYTES_MAX];
static uint8_t buf_b[NEM_BLOCK_BYTES_MAX];

static struct key32 key(const char *hex)
{
	struct key32 k;

	(void)nem_hex(k.b, sizeof k.b, hex);
	return k;
}

static struct edk_secret secret(const char *hex)
{
	uint8_t raw[32];
	struct edk_secret s;

	(void)nem_hex(raw, sizeof raw, hex);
	edk_secret_from_nem(&s, raw);
	return s;
}

static struct nem_header head(const char *signer, uint64_t fee)
{
	return (struct nem_header){ .network = NET,
				    .version = 1,
				    .time_nem_s = T0,
				    .deadline_nem_s = T0 + HOUR,
				    .fee_micro = fee,
				    .signer = key(signer) };
}

static struct nem_transfer transfer(const char *to, uint64_t micro)
{
	struct nem_transfer t;

	memset(&t, 0, sizeof t);
	memcpy(t.recipient.text, to, NEM_ADDRESS_CHARS);
	t.amount_micro = micro;
	return t;
}

/* Built, signed, encoded, decoded: all as the vector says. */
static void compare(struct nem_tx *tx, const char *data, const char *hash, const char *sig,
		    const char *private_key)
{
	struct edk_secret s = secret(private_key);
	struct writer w = writer_make(buf_a, sizeof buf_a);
	struct bytes want = nem_hex(buf_b, sizeof buf_b, data);
	struct nem_tx back;
	struct hash32 h;
	uint8_t raw[64];

	nem_tx_canonicalise(tx);
	T_EQ(nem_tx_sign(tx, &s), ERR_OK);
	nem_tx_encode(&w, tx, NEM_SIGNING);
	T_CHECK(!w.bad);
	T_EQ(w.n, want.n);
	T_MEM(w.p, want.p, want.n);
	nem_tx_hash(&h, tx);
	T_MEM(h.b, nem_hex(raw, sizeof raw, hash).p, 32);
	T_MEM(tx->signature.b, nem_hex(raw, sizeof raw, sig).p, 64);
	T_EQ(nem_tx_verify(tx), ERR_OK);
	T_EQ(nem_tx_decode(&back, NET, want, NEM_SIGNING), ERR_OK);
	back.signature = tx->signature;
	T_EQ(nem_tx_verify(&back), ERR_OK);
	back.signature.b[0] ^= 1;
	T_EQ(nem_tx_verify(&back), ERR_SIGNATURE);
}

#define COMPARE(tx, name, who)                                                       \
	compare(tx, golden_##name##_data, golden_##name##_hash, golden_##name##_sig, \
		golden_##who##_private)

static void transfers(void)
{
	struct nem_tx tx;

	memset(&tx, 0, sizeof tx);
	tx.type = NEM_TRANSFER;
	tx.head = head(golden_a_public, 50000);
	tx.transfer = transfer(golden_b_address, UINT64_C(12345000000));
	COMPARE(&tx, transfer, a);
	tx.head.fee_micro = 100000;
	tx.transfer.amount_micro = 1500000;
	tx.transfer.message_type = NEM_MESSAGE_PLAIN;
	tx.transfer.message_bytes = 10;
	memcpy(tx.transfer.message, "deposit 42", 10);
	COMPARE(&tx, message, a);
}

static void modifications(void)
{
	struct nem_tx tx;

	memset(&tx, 0, sizeof tx);
	tx.type = NEM_MODIFICATION;
	tx.head = head(golden_m_public, 500000);
	tx.modification.n = 3;
	/* Given in the wrong order; the canonical one is B, C, A. */
	tx.modification.entry[0] = (struct nem_modification_entry){ NEM_ADD, key(golden_a_public) };
	tx.modification.entry[1] = (struct nem_modification_entry){ NEM_ADD, key(golden_b_public) };
	tx.modification.entry[2] = (struct nem_modification_entry){ NEM_ADD, key(golden_c_public) };
	COMPARE(&tx, modification_v1, m);
	tx.head.version = 2;
	COMPARE(&tx, modification_v2_bare, m);
	tx.modification.has_change = true;
	tx.modification.change = 2;
	COMPARE(&tx, modification_v2, m);
}

static void build_multisig(struct nem_tx *tx)
{
	memset(tx, 0, sizeof *tx);
	tx->type = NEM_MULTISIG;
	tx->head = head(golden_a_public, 150000);
	tx->multisig.inner.type = NEM_TRANSFER;
	tx->multisig.inner.head = head(golden_m_public, 50000);
	tx->multisig.inner.transfer = transfer(golden_b_address, 1000000000);
}

static void build_cosignature(struct nem_tx *tx)
{
	memset(tx, 0, sizeof *tx);
	tx->type = NEM_COSIGNATURE;
	tx->head = head(golden_b_public, 150000);
	tx->head.time_nem_s += 5;
	tx->head.deadline_nem_s += 5;
	(void)nem_hex(tx->cosignature.inner_hash.b, 32, golden_inner_hash);
	memcpy(tx->cosignature.account.text, golden_m_address, NEM_ADDRESS_CHARS);
}

static void multisig_and_cosignature(void)
{
	struct nem_tx tx;
	struct nem_tx co;
	struct nem_tx back;
	struct hash32 h;
	struct hash32 again;
	struct writer w;
	struct bytes want;
	uint8_t raw[32];

	build_multisig(&tx);
	COMPARE(&tx, multisig, a);
	build_cosignature(&co);
	COMPARE(&co, cosignature, b);
	w = writer_make(buf_a, sizeof buf_a);
	nem_tx_encode_inner(&w, &tx.multisig.inner);
	want = nem_hex(buf_b, sizeof buf_b, golden_inner_data);
	T_EQ(w.n, want.n);
	T_MEM(w.p, want.p, want.n);
	nem_tx_payment_hash(&h, &tx);
	T_MEM(h.b, nem_hex(raw, sizeof raw, golden_inner_hash).p, 32);
	nem_tx_payment_hash(&again, &co);
	T_CHECK(hash32_eq(&h, &again));
	T_EQ(nem_tx_attach(&tx, &co), ERR_OK);
	T_EQ(nem_tx_attach(&tx, &co), ERR_ONCE);
	w = writer_make(buf_a, sizeof buf_a);
	nem_tx_encode(&w, &tx, NEM_SIGNED);
	want = nem_hex(buf_b, sizeof buf_b, golden_multisig_signed);
	T_EQ(w.n, want.n);
	T_MEM(w.p, want.p, want.n);
	T_EQ(nem_tx_decode(&back, NET, want, NEM_SIGNED), ERR_OK);
	T_EQ(nem_tx_verify(&back), ERR_OK);
	nem_tx_hash(&h, &back);
	T_MEM(h.b, nem_hex(raw, sizeof raw, golden_multisig_hash).p, 32);
	back.multisig.cosignature[0].signature.b[63] ^= 1;
	T_EQ(nem_tx_verify(&back), ERR_SIGNATURE);
}

/* Two adds whose order differs between NIS and symbol-sdk: only NIS's is accepted. */
static void sort_order(void)
{
	struct bytes raw = nem_hex(buf_a, sizeof buf_a, golden_sorted);
	struct nem_tx tx;
	struct nem_modification_entry first;
	struct writer w = writer_make(buf_b, sizeof buf_b);

	T_EQ(nem_tx_decode(&tx, NET, raw, NEM_SIGNING), ERR_OK);
	first = tx.modification.entry[0];
	tx.modification.entry[0] = tx.modification.entry[1];
	tx.modification.entry[1] = first;
	T_EQ(nem_tx_check(&tx), ERR_NOT_CANONICAL);
	nem_tx_canonicalise(&tx);
	nem_tx_encode(&w, &tx, NEM_SIGNING);
	T_EQ(w.n, raw.n);
	T_MEM(w.p, raw.p, raw.n);
	/* The same bytes with the two keys exchanged, as symbol-sdk would write them. */
	memcpy(buf_b, raw.p, raw.n);
	memcpy(buf_b + 60 + 4 + 12, raw.p + 60 + 4 + 44 + 12, 32);
	memcpy(buf_b + 60 + 4 + 44 + 12, raw.p + 60 + 4 + 12, 32);
	T_EQ(nem_tx_decode(&tx, NET, bytes_of(buf_b, raw.n), NEM_SIGNING), ERR_NOT_CANONICAL);
}

/* Every row: read, written, hashed and signed to the byte as NIS does. */
static void every_type(void)
{
	static const struct {
		const char *public_key, *private_key;
	} signers[] = { { golden_a_public, golden_a_private },
			{ golden_b_public, golden_b_private },
			{ golden_m_public, golden_m_private } };

	static const enum nem_type known[] = { NEM_TRANSFER,    NEM_IMPORTANCE, NEM_MODIFICATION,
					       NEM_COSIGNATURE, NEM_NAMESPACE,  NEM_DEFINITION,
					       NEM_SUPPLY };

	unsigned types = 0; /* seen, a bit each */

	for (size_t i = 0; i < ARRAY_LEN(golden_rows); i++) {
		const struct golden_row *row = &golden_rows[i];
		struct bytes raw = nem_hex(buf_a, sizeof buf_a, row->data);
		struct writer w = writer_make(buf_b, sizeof buf_b);
		struct nem_tx tx;
		struct hash32 hash;
		uint8_t want[64];
		unsigned signed_by = 0;

		T_EQ(nem_tx_decode(&tx, NET, raw, NEM_SIGNING), ERR_OK);
		nem_tx_encode(&w, &tx, NEM_SIGNING);
		T_EQ(w.n, raw.n);
		T_MEM(w.p, raw.p, raw.n);
		nem_tx_hash(&hash, &tx);
		T_MEM(hash.b, nem_hex(want, sizeof want, row->hash).p, 32);
		for (size_t s = 0; s < ARRAY_LEN(signers); s++) {
			struct key32 k = key(signers[s].public_key);
			struct edk_secret sk = secret(signers[s].private_key);

			if (key32_eq(&k, &tx.head.signer)) {
				T_EQ(nem_tx_sign(&tx, &sk), ERR_OK);
				signed_by++;
			}
		}
		T_EQ(signed_by, 1);
		T_MEM(tx.signature.b, nem_hex(want, sizeof want, row->signature).p, 64);
		T_EQ(nem_tx_verify(&tx), ERR_OK);
		for (size_t t = 0; t < ARRAY_LEN(known); t++) {
			types |= tx.type == known[t] ? 1u << t : 0;
		}
	}
	T_EQ(types, (1u << ARRAY_LEN(known)) - 1);
}

static void block_42(void)
{
	struct edk_secret c = secret(golden_c_private);
	struct bytes want = nem_hex(buf_b, sizeof buf_b, golden_block_data);
	struct nem_block_head h = { .type = NEM_BLOCK_NORMAL,
				    .network = NET,
				    .time_nem_s = T0 + 60,
				    .height = 42,
				    .harvester = key(golden_c_public) };
	struct nem_block_build build;
	struct nem_block_walk walk;
	struct nem_block block;
	struct bytes signed_form;
	struct nem_tx tx;
	struct nem_tx co;
	struct hash32 hash;
	struct edk_secret b = secret(golden_b_private);
	struct edk_secret a = secret(golden_a_private);
	uint8_t raw[64];

	(void)nem_hex(h.previous.b, 32,
		      "33496b75b6e5827cd11f50070df2dd38b31e20398b166cb719dd544d4844ed59");
	T_EQ(nem_block_build_start(&build, buf_a, sizeof buf_a, &h), ERR_OK);
	memset(&tx, 0, sizeof tx);
	tx.type = NEM_TRANSFER;
	tx.head = head(golden_b_public, 50000);
	tx.transfer = transfer(golden_a_address, 1000000);
	T_EQ(nem_tx_sign(&tx, &b), ERR_OK);
	T_EQ(nem_block_build_add(&build, &tx), ERR_OK);
	build_multisig(&tx);
	T_EQ(nem_tx_sign(&tx, &a), ERR_OK);
	build_cosignature(&co);
	T_EQ(nem_tx_sign(&co, &b), ERR_OK);
	T_EQ(nem_tx_attach(&tx, &co), ERR_OK);
	T_EQ(nem_block_build_add(&build, &tx), ERR_OK);
	T_EQ(nem_block_build_sign(&build, &a, &signed_form), ERR_KEY);
	T_EQ(nem_block_build_sign(&build, &c, &signed_form), ERR_OK);
	T_EQ(signed_form.n, want.n + 68);
	T_MEM(signed_form.p, want.p, 48);
	T_MEM(signed_form.p + 48 + 68, want.p + 48, want.n - 48);
	T_EQ(nem_block_decode(&block, NET, signed_form), ERR_OK);
	T_EQ(block.n, 2);
	T_EQ(block.weight, 4);
	T_MEM(block.signature.b, nem_hex(raw, sizeof raw, golden_block_sig).p, 64);
	nem_block_hash(&hash, &block);
	T_MEM(hash.b, nem_hex(raw, sizeof raw, golden_block_hash).p, 32);
	T_EQ(nem_block_verify_all(&block), ERR_OK);
	walk = nem_block_walk_make(&block);
	T_CHECK(nem_block_walk_decode(&walk, &tx));
	T_EQ(walk.index, 0);
	T_EQ(tx.type, NEM_TRANSFER);
	T_CHECK(nem_block_walk_decode(&walk, &tx));
	T_EQ(walk.index, 1);
	T_EQ(tx.type, NEM_MULTISIG);
	T_CHECK(!nem_block_walk_decode(&walk, &tx));
}

static void addresses(void)
{
	for (size_t i = 0; i < ARRAY_LEN(address_rows); i++) {
		const struct address_row *row = &address_rows[i];

		const struct {
			uint8_t network;
			const char *text;
		} want[] = { { NEM_NETWORK_MAIN, row->main },
			     { NEM_NETWORK_TEST, row->test },
			     { NEM_NETWORK_MIJIN, row->mijin } };
		struct key32 k = key(row->key);

		for (size_t j = 0; j < ARRAY_LEN(want); j++) {
			struct nem_address a;
			struct nem_address parsed;

			nem_address_from_key(&a, &k, want[j].network);
			T_STR(a.text, want[j].text);
			T_EQ(nem_address_parse(&parsed, want[j].network, bytes_str(want[j].text),
					       NULL),
			     ERR_OK);
			T_EQ(nem_address_network(&parsed), want[j].network);
		}
	}
}

/*
 * What the other project writes: the same bytes come back, but for definitions whose creator is not
 * the signer: NIS does not parse those either (nem.md 8).
 */
/* Their fees, the outer and the inner one, with the highest bit cleared: below zero to NIS. */
static unsigned halve_fees(uint8_t *p, size_t n)
{
	static const uint8_t fee[8] = { 0xe0, 0xfe, 0xee, 0xef, 0xfe, 0xee, 0xef, 0xfe };
	unsigned found = 0;

	for (size_t i = 0; i + sizeof fee <= n; i++) {
		if (memcmp(p + i, fee, sizeof fee) == 0) {
			p[i + sizeof fee - 1] &= 0x7f;
			found++;
		}
	}
	return found;
}

static void payloads(void)
{
	unsigned refused = 0;
	unsigned accepted = 0;

	for (size_t i = 0; i < ARRAY_LEN(payload_rows); i++) {
		struct bytes raw = nem_hex(buf_a, sizeof buf_a, payload_rows[i].payload);
		struct nem_tx tx;
		struct writer w;
		enum err e = nem_tx_decode(&tx, NET, raw, NEM_SIGNED);

		T_CHECK(e == ERR_FIELD_RANGE || e == ERR_KEY);
		T_CHECK(halve_fees(buf_a, raw.n) > 0);
		e = nem_tx_decode(&tx, NET, raw, NEM_SIGNED);
		if (e != ERR_OK) {
			T_EQ(e, ERR_KEY);
			T_CHECK(strncmp(payload_rows[i].name, "MosaicDefinition", 16) == 0);
			refused++;
			continue;
		}
		w = writer_make(buf_b, sizeof buf_b);
		nem_tx_encode(&w, &tx, NEM_SIGNED);
		T_EQ(w.n, raw.n);
		T_MEM(w.p, raw.p, raw.n);
		T_EQ(nem_tx_verify(&tx), ERR_SIGNATURE);
		accepted++;
	}
	T_EQ(accepted + refused, ARRAY_LEN(payload_rows));
	T_EQ(accepted, 22);
	T_EQ(refused, 5);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "transfers", transfers },
		{ "modifications", modifications },
		{ "multisig and cosignature", multisig_and_cosignature },
		{ "sort order of modifications", sort_order },
		{ "every type of the reference core", every_type },
		{ "block 42", block_42 },
		{ "addresses of 200 keys on three networks", addresses },
		{ "payloads of the Symbol project", payloads },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
