/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: addresses, time, fees, effects and result codes are those of nem.md 1-3, appendix A.
 * Method: tables with both sides of every step and limit; each way an address can be bad, by its
 * reason; the sum of listed effects against the fees; overflow and more-than-exists.
 */
#include "../../conformance/nem/golden.h"
#include "../../conformance/nem/golden_types.h"
#include "../../conformance/nem/nem_hex.h"

#include "base/attr.h"
#include "chain/chain.h"
#include "chain/nem/nem_effects.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_network.h"
#include "chain/nem/nem_result.h"
#include "chain/nem/nem_time.h"
#include "crypto/crypto.h"
#include "t.h"

enum { NET = NEM_NETWORK_TEST };

static uint8_t raw_bytes[NEM_TX_BYTES_MAX];

static void bad_addresses(void)
{
	static const struct {
		const char *text;
		enum err want;
		const char *word; /* stands in the reason */
	} rows[] = {
		{ "", ERR_ADDRESS, "empty" },
		{ "TDD2CT6LQLIYQ56KIXI3ENTM6EK3D44P5KZPFMK", ERR_ADDRESS, "shorter" },
		{ "TDD2CT6LQLIYQ56KIXI3ENTM6EK3D44P5KZPFMK22", ERR_ADDRESS, "longer" },
		{ "TDD2CT-6LQLIY-Q56KIX-I3ENTM-6EK3D4-4P5KZP-FMK2", ERR_ADDRESS, "hyphens" },
		{ "TDD2CT6LQLIYQ56KIXI3ENTM6EK3D44P5KZPFMK2 ", ERR_ADDRESS, "blanks" },
		{ "tdd2ct6lqliyq56kixi3entm6ek3d44p5kzpfmk2", ERR_ADDRESS, "lower-case" },
		{ "TDD2CT6LQLIYQ56KIXI3ENTM6EK3D44P5KZPFMK1", ERR_ADDRESS, "other than" },
		{ "TDD2CT6LQLIYQ56KIXI3ENTM6EK3D44P5KZPFM=2", ERR_ADDRESS, "other than" },
		{ "TDD2CT6LQLIYQ56KIXI3ENTM6EK3D44P5KZPFMK3", ERR_ADDRESS, "checksum" },
		{ "TDD2CT6LQLIYQ56KIXI3ENTM6EK3D44P5KZPFMKB", ERR_ADDRESS, "checksum" },
		{ "NDD2CT6LQLIYQ56KIXI3ENTM6EK3D44P5KZPFMK2", ERR_ADDRESS, "checksum" },
		{ "NDD2CT6LQLIYQ56KIXI3ENTM6EK3D44P5JFXJ4R4", ERR_NETWORK, "main network" },
		{ "MDD2CT6LQLIYQ56KIXI3ENTM6EK3D44P5LDT7JHT", ERR_NETWORK, "mijin" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct nem_address a = { "untouched" };
		const char *why = "";

		T_EQ(nem_address_parse(&a, NET, bytes_str(rows[i].text), &why), rows[i].want);
		T_CHECK(strstr(why, rows[i].word) != NULL);
		T_STR(a.text, "untouched");
		T_EQ(nem_address_parse(&a, NET, bytes_str(rows[i].text), NULL), rows[i].want);
	}
}

static void other_networks(void)
{
	struct nem_address a;
	struct key32 k = { { 1 } };
	const char *why = "";

	nem_address_from_key(&a, &k, 0x11);
	T_EQ(nem_address_parse(&a, 0x11, nem_address_bytes(&a), &why), ERR_NETWORK);
	T_CHECK(strstr(why, "no known network") != NULL);
	T_EQ(nem_address_parse(&a, NET, nem_address_bytes(&a), &why), ERR_NETWORK);
	T_EQ(nem_address_parse(&a, NEM_NETWORK_MAIN,
			       bytes_str("TDD2CT6LQLIYQ56KIXI3ENTM6EK3D44P5KZPFMK2"), &why),
	     ERR_NETWORK);
	T_CHECK(strstr(why, "test network") != NULL);
}

/* Every character of an address replaced by every other: never accepted. */
static void one_character_wrong(void)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

	for (size_t at = 0; at < NEM_ADDRESS_CHARS; at++) {
		for (size_t c = 0; c < 32; c++) {
			struct nem_address a;
			char text[] = "TDD2CT6LQLIYQ56KIXI3ENTM6EK3D44P5KZPFMK2";

			if (text[at] == alphabet[c]) {
				continue;
			}
			text[at] = alphabet[c];
			T_EQ(nem_address_parse(&a, NET, bytes_str(text), NULL), ERR_ADDRESS);
		}
	}
}

static void normalised(void)
{
	struct nem_address a;

	T_EQ(nem_address_normalise(
		 &a, NET, bytes_str(" tdd2ct-6LQLIY-Q56KIX-I3ENTM-6EK3D4-4P5KZP-FMK2 "), NULL),
	     ERR_OK);
	T_STR(a.text, "TDD2CT6LQLIYQ56KIXI3ENTM6EK3D44P5KZPFMK2");
	T_EQ(nem_address_normalise(&a, NET, bytes_str("----"), NULL), ERR_ADDRESS);
	T_EQ(nem_address_normalise(&a, NET, bytes_str("TDD2CT6LQLIYQ56KIXI3ENTM6EK3D44P5KZPFMK2T"),
				   NULL),
	     ERR_ADDRESS);
	T_EQ(nem_address_normalise(&a, NET, bytes_str("TDD2CT6LQLIYQ56KIXI3ENTM6EK3D44P5KZPFMK2\n"),
				   NULL),
	     ERR_ADDRESS);
}

static void times(void)
{
	const uint64_t epoch = UINT64_C(1427587585000);
	uint32_t s = 77;
	uint64_t ms;

	T_EQ(nem_time_from_unix_ms(&s, epoch - 1), ERR_FIELD_RANGE);
	T_EQ(s, 77);
	T_EQ(nem_time_from_unix_ms(&s, 0), ERR_FIELD_RANGE);
	T_EQ(nem_time_from_unix_ms(&s, UINT64_MAX), ERR_FIELD_RANGE);
	T_EQ(nem_time_from_unix_ms(&s, epoch), ERR_OK);
	T_EQ(s, 0);
	T_EQ(nem_time_from_unix_ms(&s, epoch + 499), ERR_OK);
	T_EQ(s, 0);
	T_EQ(nem_time_from_unix_ms(&s, epoch + 500), ERR_OK);
	T_EQ(s, 1);
	T_EQ(nem_time_from_unix_ms(&s, epoch + UINT64_C(2147483647499)), ERR_OK);
	T_EQ(s, NEM_TIME_MAX_S);
	T_EQ(nem_time_from_unix_ms(&s, epoch + UINT64_C(2147483647500)), ERR_FIELD_RANGE);
	T_CHECK(nem_time_to_unix_ms(300000000) == epoch + UINT64_C(300000000000));
	T_EQ(nem_time_network_ms(&ms, epoch + 5), ERR_OK);
	T_EQ(ms, 5);
	T_EQ(nem_time_network_ms(&ms, epoch - 1), ERR_FIELD_RANGE);
}

static void versions(void)
{
	uint8_t network = 0;
	uint8_t version = 0;

	T_EQ((int32_t)nem_network_version(NEM_NETWORK_TEST, 1), -1744830463);
	T_EQ((int32_t)nem_network_version(NEM_NETWORK_TEST, 2), -1744830462);
	T_EQ((int32_t)nem_network_version(NEM_NETWORK_MAIN, 1), 1744830465);
	T_EQ((int32_t)nem_network_version(NEM_NETWORK_MIJIN, 2), 1610612738);
	T_EQ(nem_network_split(&network, &version, 0x98000001u), ERR_OK);
	T_EQ(network, 0x98);
	T_EQ(nem_network_split(&network, &version, 0x98000101u), ERR_FIELD_RANGE);
	T_EQ(nem_network_split(&network, &version, 0x98010001u), ERR_FIELD_RANGE);
	T_EQ(nem_network_split(&network, &version, 0x98000000u), ERR_FIELD_RANGE);
}

#define XEM(n) (UINT64_C(1000000) * (n))

static void transfer_fees(void)
{
	static const struct {
		uint64_t micro;
		uint32_t message;
		uint64_t units;
	} rows[] = {
		{ 0, 0, 1 },
		{ XEM(19999), 0, 1 },
		{ XEM(20000) - 1, 0, 1 },
		{ XEM(20000), 0, 2 },
		{ XEM(29999), 0, 2 },
		{ XEM(30000), 0, 3 },
		{ XEM(250000) - 1, 0, 24 },
		{ XEM(250000), 0, 25 },
		{ XEM(260000), 0, 25 },
		{ NEM_SUPPLY_MICRO, 0, 25 },
		{ UINT64_MAX, 0, 25 },
		{ 0, 1, 2 },
		{ 0, 31, 2 },
		{ 0, 32, 3 },
		{ 0, 63, 3 },
		{ 0, 64, 4 },
		{ 0, 1024, 34 },
		{ XEM(250000), 1024, 58 },
		{ XEM(100000), 31, 11 },
		{ XEM(110000), 30, 12 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		T_EQ(nem_fee_transfer(rows[i].micro, rows[i].message), rows[i].units * 50000);
	}
}

static void load(struct nem_tx *tx, const char *hex, enum nem_form form)
{
	if (nem_tx_decode(tx, NET, nem_hex(raw_bytes, sizeof raw_bytes, hex), form) != ERR_OK) {
		abort();
	}
}

static void fee_limits(void)
{
	struct nem_tx tx;
	uint64_t total;

	load(&tx, golden_multisig_signed, NEM_SIGNED);
	T_EQ(nem_fee_check(&tx), ERR_OK);
	T_EQ(nem_fee_minimum(&tx), 150000);
	T_EQ(nem_fee_minimum_inner(&tx.multisig.inner), 50000);
	T_EQ(nem_fee_total(&total, &tx), ERR_OK);
	T_EQ(total, 350000);
	tx.multisig.cosignature[0].head.fee_micro = 149999;
	T_EQ(nem_fee_check(&tx), ERR_FIELD_RANGE);
	tx.multisig.cosignature[0].head.fee_micro = 1000000000;
	T_EQ(nem_fee_check(&tx), ERR_OK);
	tx.multisig.cosignature[0].head.fee_micro = 1000000001;
	T_EQ(nem_fee_check(&tx), ERR_FIELD_RANGE);
	tx.multisig.cosignature[0].head.fee_micro = 150000;
	tx.multisig.inner.head.fee_micro = 49999;
	T_EQ(nem_fee_check(&tx), ERR_FIELD_RANGE);
	tx.multisig.inner.head.fee_micro = 50000;
	tx.head.fee_micro = 149999;
	T_EQ(nem_fee_check(&tx), ERR_FIELD_RANGE);
	tx.head.fee_micro = UINT64_MAX; /* a wrapper's fee has no maximum */
	T_EQ(nem_fee_check(&tx), ERR_OK);
	T_EQ(nem_fee_total(&total, &tx), ERR_OVERFLOW);
	load(&tx, golden_modification_v2_data, NEM_SIGNING);
	T_EQ(nem_fee_minimum(&tx), 500000);
	load(&tx, golden_cosignature_data, NEM_SIGNING);
	T_EQ(nem_fee_minimum(&tx), 150000);
	tx.head.fee_micro = 1000000001;
	T_EQ(nem_fee_check(&tx), ERR_FIELD_RANGE);
}

/* Emptied to the last micro-XEM, at every step of the fee and around it. */
static void empty_accounts(void)
{
	uint64_t amount = 5;
	uint64_t fee = 5;

	T_EQ(nem_fee_empty_account(&amount, &fee, 0, 0, 1, 150000), ERR_FUNDS);
	T_EQ(nem_fee_empty_account(&amount, &fee, 350000, 0, 1, 150000), ERR_FUNDS);
	T_EQ(amount, 5);
	T_EQ(nem_fee_empty_account(&amount, &fee, UINT64_MAX, 0, 3, UINT64_MAX), ERR_FUNDS);
	T_EQ(nem_fee_empty_account(&amount, &fee, 350001, 0, 1, 150000), ERR_OK);
	T_EQ(amount, 1);
	for (uint64_t xem = 10000; xem <= 270000; xem += 10000) {
		for (uint64_t off = 0; off < 3000000; off += 24999) {
			uint64_t balance = XEM(xem) - 1000000 + off;

			T_EQ(nem_fee_empty_account(&amount, &fee, balance, 20, 2, 150000), ERR_OK);
			T_EQ(amount + fee + 450000, balance);
			T_CHECK(fee >= nem_fee_transfer(amount, 20));
			T_CHECK(fee <= nem_fee_transfer(amount, 20) + 50000);
		}
	}
}

static void effects_of_a_multisig(void)
{
	static struct chain_effects e;
	struct nem_tx tx;
	struct money out;
	struct hash32 inner;

	load(&tx, golden_multisig_signed, NEM_SIGNED);
	T_EQ(nem_effects_list(&e, &tx), ERR_OK);
	T_EQ(e.n, 4);
	T_STR(e.account.text, golden_m_address);
	T_STR(e.initiator.text, golden_a_address);
	nem_tx_hash_inner(&inner, &tx.multisig.inner);
	T_CHECK(hash32_eq(&e.payment, &inner));
	T_CHECK(!hash32_eq(&e.payment, &e.unit));
	T_EQ(e.effect[0].kind, CHAIN_MOVE);
	T_STR(e.effect[0].from.text, golden_m_address);
	T_STR(e.effect[0].to.text, golden_b_address);
	T_EQ(money_units(&e.effect[0].amount), 1000000000);
	for (size_t i = 1; i < 4; i++) {
		T_EQ(e.effect[i].kind, CHAIN_FEE);
		T_STR(e.effect[i].from.text, golden_m_address);
		T_STR(e.effect[i].to.text, "");
	}
	/* The account pays inner, outer and cosignature; its cosigners pay nothing. */
	T_EQ(chain_outflow(&out, &e, &e.account), ERR_OK);
	T_EQ(money_units(&out), 1000350000);
	T_EQ(chain_outflow(&out, &e, &e.initiator), ERR_OK);
	T_CHECK(money_is_zero(&out));
	tx.multisig.inner.transfer.amount_micro = NEM_SUPPLY_MICRO + 1;
	tx.multisig.n = 0;
	T_EQ(nem_effects_list(&e, &tx), ERR_AMOUNT);
	tx.multisig.inner.transfer.amount_micro = NEM_SUPPLY_MICRO;
	T_EQ(nem_effects_list(&e, &tx), ERR_OK);
	tx.head.fee_micro = NEM_SUPPLY_MICRO + 1;
	T_EQ(nem_effects_list(&e, &tx), ERR_AMOUNT);
	tx.head.fee_micro = 150000;
	tx.multisig.inner.head.network = NEM_NETWORK_MAIN;
	T_EQ(nem_effects_list(&e, &tx), ERR_NETWORK);
}

static void effects_of_control(void)
{
	static struct chain_effects e;
	struct nem_tx tx;

	load(&tx, golden_modification_v2_data, NEM_SIGNING);
	tx.modification.entry[2].type = NEM_DELETE;
	T_EQ(nem_effects_list(&e, &tx), ERR_OK);
	T_EQ(e.n, 5);
	T_EQ(e.effect[0].kind, CHAIN_HOLDER_ADD);
	T_STR(e.effect[0].to.text, golden_b_address);
	T_EQ(e.effect[2].kind, CHAIN_HOLDER_REMOVE);
	T_STR(e.effect[2].to.text, golden_a_address);
	T_EQ(e.effect[3].kind, CHAIN_THRESHOLD);
	T_EQ(e.effect[3].change, 2);
	T_EQ(e.effect[4].kind, CHAIN_FEE);
	load(&tx, golden_cosignature_data, NEM_SIGNING);
	T_EQ(nem_effects_list(&e, &tx), ERR_OK);
	T_EQ(e.n, 2);
	T_STR(e.effect[0].from.text, golden_m_address); /* not the cosigner */
	T_EQ(e.effect[1].kind, CHAIN_CONSENT);
	T_STR(e.effect[1].to.text, golden_b_address);
}

static void neutral_interface(void)
{
	static struct chain_effects e;
	const struct chain *nem = chain_find(bytes_str("nem"));
	struct chain_address a;
	const char *why = "";

	T_CHECK(nem != NULL);
	T_CHECK(chain_find(bytes_str("nemo")) == NULL);
	T_CHECK(chain_find(bytes_str("")) == NULL);
	T_EQ(nem->address_parse(&a, NET, bytes_str(golden_a_address), &why), ERR_OK);
	T_STR(a.text, golden_a_address);
	T_EQ(nem->address_parse(&a, NET, bytes_str("X"), &why), ERR_ADDRESS);
	T_EQ(nem->effects(&e, NET, nem_hex(raw_bytes, sizeof raw_bytes, golden_multisig_data),
			  false),
	     ERR_OK);
	T_EQ(e.n, 3);
	T_EQ(nem->effects(&e, NET, bytes_of(raw_bytes, 100), false), ERR_INPUT);
	/* Row 2 moves a mosaic whose levy the bytes do not tell. */
	T_EQ(
	    nem->effects(&e, NET, nem_hex(raw_bytes, sizeof raw_bytes, golden_rows[2].data), false),
	    ERR_ASSET);
}

static void results(void)
{
	unsigned known = 0;

	for (int i = -5; i < 1000; i++) {
		known += nem_result_known(i);
		T_CHECK(nem_result_known(i) == (nem_result_name(i) != NULL));
	}
	T_EQ(known, 71);
	T_STR(nem_result_name(0), "NEUTRAL");
	T_STR(nem_result_name(1), "SUCCESS");
	T_STR(nem_result_name(5), "FAILURE_INSUFFICIENT_BALANCE");
	T_STR(nem_result_name(73), "FAILURE_MULTISIG_NO_MATCHING_MULTISIG");
	T_STR(nem_result_name(82), "FAILURE_MULTISIG_MIN_COSIGNATORIES_OUT_OF_RANGE");
	T_EQ(NEM_FAILURE_MOSAIC_LEVY_UNKNOWN, 154);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "each way an address can be bad", bad_addresses },
		{ "addresses of other networks", other_networks },
		{ "one character wrong", one_character_wrong },
		{ "what people type", normalised },
		{ "times", times },
		{ "version fields", versions },
		{ "fees of transfers", transfer_fees },
		{ "fee limits and totals", fee_limits },
		{ "accounts emptied whole", empty_accounts },
		{ "effects of a multisig", effects_of_a_multisig },
		{ "effects on control", effects_of_control },
		{ "the neutral interface", neutral_interface },
		{ "result codes", results },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
