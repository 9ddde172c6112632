/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: the list of effects names everything that a transaction does, for every type, plain and
 * inside a multisig; what cannot be named is refused, and a multiplier is never taken for money.
 * Method: each type's list written out and compared line by line; the same transaction wrapped has
 * the same list with the multisig account in the place of the signer; levies of both kinds in XEM
 * and in other mosaics; unknown mosaics; amounts at and above all there is; the deposit trap of
 * nem.md 2.5 (T44).
 */
#include "base/attr.h"
#include "chain/nem/nem_effects.h"
#include "crypto/crypto.h"
#include "nem_samples.h"
#include "t.h"

static struct chain_effects x;
static struct nem_tx tx;

/* ---- what mosaics there are ---- */

struct asset {
	const char *id;
	enum nem_levy_type type;
	uint64_t fee;
	const char *in; /* mosaic of the levy */
};

static const struct asset *assets_of;
static size_t assets_n;

static bool levy_of(void *context, const struct nem_mosaic_id *id, struct nem_levy *out)
{
	char text[NEM_MOSAIC_ID_MAX + 1];

	(void)context;
	nem_mosaic_id_put(text, id);
	for (size_t i = 0; i < assets_n; i++) {
		if (strcmp(text, assets_of[i].id) == 0) {
			memset(out, 0, sizeof *out);
			out->type = assets_of[i].type;
			if (out->type != NEM_LEVY_NONE) {
				out->recipient = sample_address(5);
				out->mosaic = sample_id(assets_of[i].in);
				out->fee = assets_of[i].fee;
			}
			return true;
		}
	}
	return false;
}

static const struct nem_effects_assets known = { .context = NULL, .levy = levy_of };

/* ---- comparing lists ---- */

struct line {
	enum chain_effect_kind kind;
	uint8_t to; /* seed; 0: nobody; 255: namespace sink; 254: mosaic sink */
	uint64_t micro;
	const char *token;
	uint64_t quantity;
	int32_t change;
};

static struct nem_address to_address(uint8_t seed)
{
	return seed == 255   ? sample_sink(&nem_sink_namespace_key)
	       : seed == 254 ? sample_sink(&nem_sink_mosaic_key)
			     : sample_address(seed);
}

static bool line_is(const struct chain_effect *e, const struct line *want)
{
	struct nem_address from = sample_address(1);
	struct nem_address to;

	if (want->to != 0) {
		to = to_address(want->to);
	}
	return e->kind == want->kind && strcmp(e->from.text, from.text) == 0 &&
	       strcmp(e->to.text, want->to == 0 ? "" : to.text) == 0 &&
	       money_asset(&e->amount) == ASSET_XEM && money_units(&e->amount) == want->micro &&
	       e->change == want->change && e->quantity == want->quantity &&
	       (want->token == NULL
		    ? e->token == 0
		    : e->token < x.tokens && strcmp(x.token[e->token].name, want->token) == 0);
}

/* The list is these lines and fees of the header, in the order of nem_effects.h. */
static void compare(const struct line *want, size_t n, const uint64_t *fees, size_t fee_n)
{
	T_EQ(x.n, n + fee_n);
	for (size_t i = 0; i < n; i++) {
		T_CHECK(line_is(&x.effect[i], &want[i]));
	}
	for (size_t i = 0; i < fee_n; i++) {
		struct line fee = { .kind = CHAIN_FEE, .micro = fees[i] };

		T_CHECK(line_is(&x.effect[n + i], &fee));
	}
}

struct row {
	enum nem_sample which;
	uint64_t fee;
	size_t n;
	struct line line[6];
};

static const struct asset plain_assets[] = {
	{ "a.b:c", NEM_LEVY_NONE, 0, NULL },
	{ "alice.vouchers:silver coin", NEM_LEVY_NONE, 0, NULL },
};

static const struct row rows[] = {
	{ SAMPLE_TRANSFER, 150000, 1, { { .kind = CHAIN_MOVE, .to = 2, .micro = 3000000 } } },
	{ SAMPLE_MESSAGE, 150000, 1, { { .kind = CHAIN_MOVE, .to = 2, .micro = 3000000 } } },
	{ SAMPLE_MOSAICS,
	  150000,
	  3,
	  { { .kind = CHAIN_TOKEN_MOVE, .to = 2, .token = "a.b:c", .quantity = 3 },
	    { .kind = CHAIN_TOKEN_MOVE,
	      .to = 2,
	      .token = "alice.vouchers:silver coin",
	      .quantity = 21 },
	    { .kind = CHAIN_MOVE, .to = 2, .micro = 4500000 } } },
	{ SAMPLE_IMPORTANCE, 150000, 1, { { .kind = CHAIN_DELEGATE, .to = 6 } } },
	{ SAMPLE_MODIFICATION_2,
	  500000,
	  3,
	  { { .kind = CHAIN_HOLDER_ADD, .to = 3 },
	    { .kind = CHAIN_HOLDER_REMOVE, .to = 4 },
	    { .kind = CHAIN_THRESHOLD, .change = -1 } } },
	{ SAMPLE_ROOT,
	  150000,
	  2,
	  { { .kind = CHAIN_MOVE, .to = 255, .micro = 100000000 },
	    { .kind = CHAIN_NAME, .token = "vouchers" } } },
	{ SAMPLE_SUB,
	  150000,
	  2,
	  { { .kind = CHAIN_MOVE, .to = 255, .micro = 10000000 },
	    { .kind = CHAIN_NAME, .token = "alice.vouchers" } } },
	{ SAMPLE_DEFINITION,
	  150000,
	  2,
	  { { .kind = CHAIN_MOVE, .to = 254, .micro = 10000000 },
	    { .kind = CHAIN_TOKEN_DEFINE, .token = "alice:gold", .quantity = 1000 } } },
	{ SAMPLE_LEVY,
	  150000,
	  2,
	  { { .kind = CHAIN_MOVE, .to = 254, .micro = 10000000 },
	    { .kind = CHAIN_TOKEN_DEFINE, .to = 5, .token = "alice:gold", .quantity = 1000 } } },
	{ SAMPLE_SUPPLY,
	  150000,
	  1,
	  { { .kind = CHAIN_TOKEN_MINT, .token = "alice:gold", .quantity = 100 } } },
};

static void every_type(void)
{
	assets_of = plain_assets;
	assets_n = ARRAY_LEN(plain_assets);
	for (size_t i = 0; i < ARRAY_LEN(rows) && !t_failed; i++) {
		struct nem_address signer = sample_address(1);
		struct hash32 hash;

		sample_plain(&tx, rows[i].which);
		T_EQ(nem_effects_list_with(&x, &tx, &known), ERR_OK);
		compare(rows[i].line, rows[i].n, &rows[i].fee, 1);
		T_STR(x.account.text, signer.text);
		T_STR(x.initiator.text, signer.text);
		nem_tx_hash(&hash, &tx);
		T_CHECK(hash32_eq(&x.unit, &hash) && hash32_eq(&x.payment, &hash));
	}
}

static void every_type_wrapped(void)
{
	assets_of = plain_assets;
	assets_n = ARRAY_LEN(plain_assets);
	for (size_t i = 0; i < ARRAY_LEN(rows) && !t_failed; i++) {
		uint64_t fees[3] = { rows[i].fee, 150000, 150000 };
		struct nem_address initiator = sample_address(3);
		struct nem_address account = sample_address(1);
		struct hash32 hash;

		sample_wrapped(&tx, rows[i].which);
		T_EQ(nem_effects_list_with(&x, &tx, &known), ERR_OK);
		compare(rows[i].line, rows[i].n, fees, 3);
		T_STR(x.account.text, account.text);
		T_STR(x.initiator.text, initiator.text);
		nem_tx_hash(&hash, &tx);
		T_CHECK(hash32_eq(&x.unit, &hash));
		nem_tx_hash_inner(&hash, &tx.multisig.inner);
		T_CHECK(hash32_eq(&x.payment, &hash));
	}
}

static void other_forms(void)
{
	static const uint64_t fee = 150000;
	static const struct line off = { .kind = CHAIN_UNDELEGATE, .to = 6 };
	static const struct line burn = { .kind = CHAIN_TOKEN_BURN,
					  .token = "alice:gold",
					  .quantity = 100 };
	static const struct line zero = { .kind = CHAIN_MOVE, .to = 2 };

	sample_plain(&tx, SAMPLE_IMPORTANCE);
	tx.importance.mode = NEM_IMPORTANCE_DEACTIVATE;
	T_EQ(nem_effects_list(&x, &tx), ERR_OK);
	compare(&off, 1, &fee, 1);
	sample_plain(&tx, SAMPLE_SUPPLY);
	tx.supply.type = NEM_SUPPLY_DELETE;
	T_EQ(nem_effects_list(&x, &tx), ERR_OK);
	compare(&burn, 1, &fee, 1);
	sample_plain(&tx, SAMPLE_TRANSFER);
	tx.transfer.amount_micro = 0;
	T_EQ(nem_effects_list(&x, &tx), ERR_OK);
	compare(&zero, 1, &fee, 1);
	/* Version 2 without mosaics is version 1. */
	tx.head.version = 2;
	T_EQ(nem_effects_list(&x, &tx), ERR_OK);
	compare(&zero, 1, &fee, 1);
	sample_plain(&tx, SAMPLE_MODIFICATION_BARE);
	T_EQ(nem_effects_list(&x, &tx), ERR_OK);
	T_EQ(x.n, 3); /* no threshold without a change object */
}

static void one_mosaic(const char *id, uint64_t quantity, uint64_t multiplier)
{
	sample_plain(&tx, SAMPLE_MOSAICS);
	memset(tx.transfer.mosaic, 0, sizeof tx.transfer.mosaic);
	tx.transfer.amount_micro = multiplier;
	tx.transfer.mosaics = 1;
	tx.transfer.mosaic[0].id = sample_id(id);
	tx.transfer.mosaic[0].quantity = quantity;
}

static void levies(void)
{
	static const struct asset list[] = {
		{ "l:absolute", NEM_LEVY_ABSOLUTE, 10, "nem:xem" },
		{ "l:percent", NEM_LEVY_PERCENTILE, 250, "nem:xem" },
		{ "l:other", NEM_LEVY_ABSOLUTE, 12, "o:token" },
		{ "l:itself", NEM_LEVY_PERCENTILE, 5000, "l:itself" },
		{ "l:small", NEM_LEVY_PERCENTILE, 1, "nem:xem" },
		{ "l:much", NEM_LEVY_ABSOLUTE, NEM_SUPPLY_MICRO + 1, "nem:xem" },
		{ "l:wraps", NEM_LEVY_PERCENTILE, UINT64_C(3000000000000000), "nem:xem" },
		{ "l:toomany", NEM_LEVY_ABSOLUTE, NEM_QUANTITY_MAX + 1, "o:token" },
	};

	static const struct {
		const char *id;
		struct line levy;
		enum err want;
	} cases[] = {
		{ "l:absolute", { .kind = CHAIN_MOVE, .to = 5, .micro = 10 }, ERR_OK },
		/* floor(250 * 4,000 / 10,000) */
		{ "l:percent", { .kind = CHAIN_MOVE, .to = 5, .micro = 100 }, ERR_OK },
		{ "l:other",
		  { .kind = CHAIN_TOKEN_MOVE, .to = 5, .token = "o:token", .quantity = 12 },
		  ERR_OK },
		{ "l:itself",
		  { .kind = CHAIN_TOKEN_MOVE, .to = 5, .token = "l:itself", .quantity = 2000 },
		  ERR_OK },
		{ "l:small", { .kind = CHAIN_MOVE, .to = 5, .micro = 0 }, ERR_OK },
		{ "l:much", { .kind = CHAIN_MOVE }, ERR_AMOUNT },
		{ "l:wraps", { .kind = CHAIN_MOVE }, ERR_AMOUNT },
		{ "l:toomany", { .kind = CHAIN_MOVE }, ERR_AMOUNT },
		{ "l:unheard", { .kind = CHAIN_MOVE }, ERR_ASSET },
	};

	static const uint64_t fee = 150000;

	assets_of = list;
	assets_n = ARRAY_LEN(list);
	for (size_t i = 0; i < ARRAY_LEN(cases) && !t_failed; i++) {
		struct line want[2];
		struct money out;
		uint64_t delivered = 9;

		/* 4.0 as multiplier of 1,000. */
		one_mosaic(cases[i].id, 1000, 4000000);
		x.n = 77;
		T_EQ(nem_effects_list_with(&x, &tx, &known), cases[i].want);
		if (cases[i].want != ERR_OK) {
			T_EQ(x.n, 77);
			continue;
		}
		want[0] = (struct line){
			.kind = CHAIN_TOKEN_MOVE, .to = 2, .token = cases[i].id, .quantity = 4000
		};
		want[1] = cases[i].levy;
		compare(want, 2, &fee, 1);
		/* A levy in XEM leaves the sender, and does not reach the recipient. */
		T_EQ(chain_outflow(&out, &x, &x.account), ERR_OK);
		T_CHECK(money_units(&out) == fee + cases[i].levy.micro);
		T_EQ(nem_tx_delivered(&delivered, NULL, &tx), ERR_OK);
		T_EQ(delivered, 0);
	}
}

/* Nobody who does not know the mosaic signs; who only watches says that there may be a levy. */
static void unknown_levies(void)
{
	sample_plain(&tx, SAMPLE_MOSAICS);
	T_EQ(nem_effects_list(&x, &tx), ERR_ASSET);
	T_EQ(nem_effects_list_seen(&x, &tx), ERR_OK);
	T_EQ(x.n, 6);
	T_EQ(x.effect[0].kind, CHAIN_TOKEN_MOVE);
	T_EQ(x.effect[1].kind, CHAIN_LEVY_UNKNOWN);
	T_EQ(x.effect[1].token, x.effect[0].token);
	T_EQ(x.effect[2].kind, CHAIN_TOKEN_MOVE);
	T_EQ(x.effect[3].kind, CHAIN_LEVY_UNKNOWN);
	T_EQ(x.effect[4].kind, CHAIN_MOVE);
	T_EQ(x.effect[5].kind, CHAIN_FEE);
	T_EQ(x.tokens, 2);
	sample_wrapped(&tx, SAMPLE_MOSAICS);
	T_EQ(nem_effects_list(&x, &tx), ERR_ASSET);
	T_EQ(nem_effects_list_seen(&x, &tx), ERR_OK);
	/* nem:xem alone is known to everybody. */
	one_mosaic("nem:xem", 5, 1000000);
	T_EQ(nem_effects_list(&x, &tx), ERR_OK);
	T_EQ(x.n, 2);
	T_CHECK(money_units(&x.effect[0].amount) == 5);
	T_EQ(x.tokens, 0);
}

/* The neutral interface, which signers use, says the same. */
static void neutral(void)
{
	static uint8_t raw[NEM_TX_BYTES_MAX];
	struct writer w = writer_make(raw, sizeof raw);
	const struct chain *nem = chain_find(bytes_str("nem"));

	T_CHECK(nem != NULL);
	sample_wrapped(&tx, SAMPLE_MOSAICS);
	nem_tx_encode(&w, &tx, NEM_SIGNED);
	T_EQ(nem->effects(&x, SAMPLE_NETWORK, bytes_of(raw, w.n), true), ERR_ASSET);
	T_EQ(nem->effects(&x, SAMPLE_NETWORK, bytes_of(raw, w.n), false), ERR_INPUT);
	T_EQ(nem->effects(&x, NEM_NETWORK_MAIN, bytes_of(raw, w.n), true), ERR_NETWORK);
}

static void most_at_once(void)
{
	static struct asset list[NEM_MOSAICS_MAX];
	static char names[NEM_MOSAICS_MAX][16];
	static char levies_in[NEM_MOSAICS_MAX][16];

	sample_wrapped(&tx, SAMPLE_MOSAICS);
	tx.multisig.n = 0;
	tx.multisig.inner.transfer.mosaics = NEM_MOSAICS_MAX;
	for (unsigned i = 0; i < NEM_MOSAICS_MAX; i++) {
		(void)snprintf(names[i], sizeof names[i], "m:%c", 'a' + (int)i);
		(void)snprintf(levies_in[i], sizeof levies_in[i], "o:%c", 'a' + (int)i);
		list[i] = (struct asset){ names[i], NEM_LEVY_ABSOLUTE, i, levies_in[i] };
		tx.multisig.inner.transfer.mosaic[i].id = sample_id(names[i]);
		tx.multisig.inner.transfer.mosaic[i].quantity = i;
	}
	for (unsigned i = 0; i < NEM_COSIGNATURES_MAX; i++) {
		static struct nem_tx consent;

		memset(&consent, 0, sizeof consent);
		consent.type = NEM_COSIGNATURE;
		consent.head = sample_head((uint8_t)(10 + i), 1, 150000);
		nem_tx_hash_inner(&consent.cosignature.inner_hash, &tx.multisig.inner);
		consent.cosignature.account = sample_address(1);
		T_EQ(nem_tx_attach(&tx, &consent), ERR_OK);
	}
	assets_of = list;
	assets_n = NEM_MOSAICS_MAX;
	T_EQ(nem_effects_list_with(&x, &tx, &known), ERR_OK);
	T_EQ(x.n, 2 * NEM_MOSAICS_MAX + 2 + NEM_COSIGNATURES_MAX);
	T_EQ(x.tokens, 2 * NEM_MOSAICS_MAX);
	T_EQ(nem_effects_list_seen(&x, &tx), ERR_OK);
	T_EQ(x.tokens, NEM_MOSAICS_MAX);
	/* And the most changes of control. */
	tx.multisig.inner.type = NEM_MODIFICATION;
	memset(&tx.multisig.inner.body, 0, sizeof tx.multisig.inner.body);
	tx.multisig.inner.modification.n = NEM_MODIFICATIONS_MAX;
	tx.multisig.inner.modification.has_change = true;
	for (unsigned i = 0; i < NEM_MODIFICATIONS_MAX; i++) {
		tx.multisig.inner.modification.entry[i].type = NEM_ADD;
		tx.multisig.inner.modification.entry[i].cosigner.b[0] = (uint8_t)i;
	}
	nem_tx_canonicalise(&tx);
	for (unsigned i = 0; i < NEM_COSIGNATURES_MAX; i++) {
		nem_tx_hash_inner(&tx.multisig.cosignature[i].body.inner_hash, &tx.multisig.inner);
	}
	T_EQ(nem_effects_list(&x, &tx), ERR_OK);
	T_EQ(x.n, NEM_MODIFICATIONS_MAX + 1 + 2 + NEM_COSIGNATURES_MAX);
}

static void too_much(void)
{
	assets_of = plain_assets;
	assets_n = ARRAY_LEN(plain_assets);
	/* All XEM there are, as amount and as product. */
	sample_plain(&tx, SAMPLE_TRANSFER);
	tx.transfer.amount_micro = NEM_SUPPLY_MICRO;
	T_EQ(nem_effects_list(&x, &tx), ERR_OK);
	tx.transfer.amount_micro++;
	T_EQ(nem_effects_list(&x, &tx), ERR_AMOUNT);
	tx.transfer.amount_micro = INT64_MAX;
	T_EQ(nem_effects_list(&x, &tx), ERR_AMOUNT);
	tx.transfer.amount_micro++;
	T_EQ(nem_effects_list(&x, &tx), ERR_FIELD_RANGE);
	one_mosaic("nem:xem", NEM_SUPPLY_MICRO, 1000000);
	T_EQ(nem_effects_list(&x, &tx), ERR_OK);
	tx.transfer.mosaic[0].quantity++;
	T_EQ(nem_effects_list(&x, &tx), ERR_AMOUNT);
	one_mosaic("nem:xem", INT64_MAX, 2000000);
	T_EQ(nem_effects_list(&x, &tx), ERR_AMOUNT);
	/* 2^32 times 2^32 * 10^6: nothing, if somebody multiplied in 64 bits. */
	one_mosaic("nem:xem", (UINT64_C(1) << 32) * 1000000, UINT64_C(1) << 32);
	T_EQ(nem_effects_list(&x, &tx), ERR_AMOUNT);
	one_mosaic("a.b:c", NEM_QUANTITY_MAX, 1000000);
	T_EQ(nem_effects_list_with(&x, &tx, &known), ERR_OK);
	tx.transfer.mosaic[0].quantity++;
	T_EQ(nem_effects_list_with(&x, &tx, &known), ERR_AMOUNT);
	T_EQ(nem_effects_list_seen(&x, &tx), ERR_AMOUNT);
	sample_plain(&tx, SAMPLE_ROOT);
	tx.provision.rental_fee_micro = NEM_SUPPLY_MICRO + 1;
	T_EQ(nem_effects_list(&x, &tx), ERR_AMOUNT);
	tx.provision.rental_fee_micro = INT64_MAX;
	T_EQ(nem_effects_list(&x, &tx), ERR_AMOUNT);
	sample_plain(&tx, SAMPLE_DEFINITION);
	tx.definition.creation_fee_micro = NEM_SUPPLY_MICRO + 1;
	T_EQ(nem_effects_list(&x, &tx), ERR_AMOUNT);
	for (unsigned i = 0; i < SAMPLES_PLAIN; i++) {
		sample_plain(&tx, (enum nem_sample)i);
		tx.head.fee_micro = NEM_SUPPLY_MICRO + 1;
		T_EQ(nem_effects_list_seen(&x, &tx), ERR_AMOUNT);
		sample_wrapped(&tx, (enum nem_sample)i);
		tx.head.fee_micro = INT64_MAX;
		T_EQ(nem_effects_list_seen(&x, &tx), ERR_AMOUNT);
		sample_wrapped(&tx, (enum nem_sample)i);
		tx.multisig.cosignature[0].head.fee_micro = NEM_SUPPLY_MICRO + 1;
		T_EQ(nem_effects_list_seen(&x, &tx), ERR_AMOUNT);
	}
}

/* A name that no node takes as a whole has no effect to list (NIS: 125, or a failure to parse). */
static void names_too_long(void)
{
	sample_plain(&tx, SAMPLE_ROOT);
	memset(tx.provision.part, 'a', 16);
	tx.provision.part[16] = '\0';
	T_EQ(nem_effects_list(&x, &tx), ERR_OK);
	tx.provision.part[16] = 'a';
	tx.provision.part[17] = '\0';
	T_EQ(nem_tx_check(&tx), ERR_OK);
	T_EQ(nem_effects_list(&x, &tx), ERR_FIELD_RANGE);
	sample_plain(&tx, SAMPLE_SUB);
	memcpy(tx.provision.parent.text, "a.b.c", 6);
	T_EQ(nem_tx_check(&tx), ERR_OK);
	T_EQ(nem_effects_list(&x, &tx), ERR_FIELD_RANGE);
	T_EQ(nem_effects_list_seen(&x, &tx), ERR_FIELD_RANGE);
}

/*
 * T44, the deposit trap of nem.md 2.5: with mosaics `amount` is a multiplier, and XEM arrives only
 * as nem:xem.
 */
static void delivered(void)
{
	static const struct {
		const char *id;
		uint64_t quantity, amount, micro;
		enum err want;
	} cases[] = {
		{ "l:tag", 1, 1000000, 0, ERR_OK }, /* "1.0 XEM" that is nothing */
		{ "l:tag", INT64_MAX, 1000000, 0, ERR_OK },
		{ "l:tag", INT64_MAX, INT64_MAX, 0, ERR_OK },
		{ "nem:xem", 1, 1000000, 1, ERR_OK },
		{ "nem:xem", 1, 999999, 0, ERR_OK },
		{ "nem:xem", 0, 1000000, 0, ERR_OK },
		{ "nem:xem", 1000000, 0, 0, ERR_OK },
		{ "nem:xem", 1000000, 1500000, 1500000, ERR_OK },
		{ "nem:xem-", 1000000, 1500000, 0, ERR_OK },
		{ "nem.xem:xem", 1000000, 1500000, 0, ERR_OK },
		{ "xem:xem", 1000000, 1500000, 0, ERR_OK },
		{ "nem:xem", INT64_MAX, 1000001, 0, ERR_OVERFLOW },
	};
	struct nem_address to;
	struct nem_address none = { "untouched" };
	uint64_t micro;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (int wrapped = 0; wrapped < 2; wrapped++) {
			struct nem_transfer t;

			one_mosaic(cases[i].id, cases[i].quantity, cases[i].amount);
			if (wrapped) {
				t = tx.transfer;
				sample_wrapped(&tx, SAMPLE_MOSAICS);
				tx.multisig.n = 0;
				tx.multisig.inner.transfer = t;
			}
			micro = 123;
			to = none;
			T_EQ(nem_tx_delivered(&micro, &to, &tx), cases[i].want);
			T_CHECK(micro == (cases[i].want == ERR_OK ? cases[i].micro : 123));
			if (cases[i].want == ERR_OK && cases[i].micro > 0) {
				struct nem_address want = sample_address(2);

				T_STR(to.text, want.text);
			} else {
				T_STR(to.text, "untouched");
			}
		}
	}
	for (unsigned i = 0; i < SAMPLES_PLAIN; i++) {
		uint64_t want = i == SAMPLE_TRANSFER || i == SAMPLE_MESSAGE ? 3000000
				: i == SAMPLE_MOSAICS                       ? 4500000
									    : 0;

		sample_plain(&tx, (enum nem_sample)i);
		T_EQ(nem_tx_delivered(&micro, &to, &tx), ERR_OK);
		T_CHECK(micro == want);
		sample_wrapped(&tx, (enum nem_sample)i);
		T_EQ(nem_tx_delivered(&micro, NULL, &tx), ERR_OK);
		T_CHECK(micro == want);
	}
	sample_cosignature(&tx);
	to = none;
	T_EQ(nem_tx_delivered(&micro, &to, &tx), ERR_OK);
	T_EQ(micro, 0);
	T_STR(to.text, "untouched");
	sample_plain(&tx, SAMPLE_TRANSFER);
	tx.transfer.amount_micro = (uint64_t)INT64_MAX + 1;
	T_EQ(nem_tx_delivered(&micro, NULL, &tx), ERR_OVERFLOW);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "every type", every_type },
		{ "every type inside a multisig", every_type_wrapped },
		{ "other forms", other_forms },
		{ "levies", levies },
		{ "mosaics that nobody knows", unknown_levies },
		{ "the neutral interface", neutral },
		{ "the most at once", most_at_once },
		{ "more than there is", too_much },
		{ "names too long", names_too_long },
		{ "what is delivered", delivered },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
