/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: for every type, plain and wrapped, in both forms, the decoder accepts nothing but its own
 * encoder's bytes, whatever is done to them; each refusal has an error and writes nothing; each
 * field has its limits on both sides.
 * Method: every truncation, every flipped bit, every length field made to lie in every way that
 * hurts, the same for blocks; then each field of each type at its limit and one beyond, in the
 * struct and, where the struct cannot hold it, as bytes.
 */
#include "base/attr.h"
#include "chain/nem/nem_block.h"
#include "crypto/crypto.h"
#include "nem_samples.h"
#include "t.h"

/* Every sample plain and wrapped, and a lone cosignature. */
enum { FORMS = 2, SAMPLES = 2 * SAMPLES_PLAIN + 1 };

static uint8_t raw[NEM_TX_BYTES_MAX];
static uint8_t other[NEM_TX_BYTES_MAX];
static struct nem_tx tx;
static struct nem_tx untouched;

static void sample(struct nem_tx *out, unsigned i)
{
	if (i < SAMPLES_PLAIN) {
		sample_plain(out, (enum nem_sample)i);
	} else if (i < 2 * SAMPLES_PLAIN) {
		sample_wrapped(out, (enum nem_sample)(i - SAMPLES_PLAIN));
	} else {
		sample_cosignature(out);
	}
}

static size_t encode(uint8_t *to, const struct nem_tx *from, enum nem_form form)
{
	struct writer w = writer_make(to, NEM_TX_BYTES_MAX);

	nem_tx_encode(&w, from, form);
	if (w.bad) {
		abort();
	}
	return w.n;
}

/* Refused with an error and nothing written, or accepted and the same bytes again. */
static bool refused_or_same(struct bytes in, enum nem_form form, bool *accepted)
{
	static struct nem_tx out;
	enum err e;

	memcpy(&out, &untouched, sizeof out);
	e = nem_tx_decode(&out, SAMPLE_NETWORK, in, form);
	*accepted = e == ERR_OK;
	if (e != ERR_OK) {
		return memcmp(&out, &untouched, sizeof out) == 0 && err_slug(e)[0] != '\0';
	}
	return bytes_eq(bytes_of(other, encode(other, &out, form)), in) &&
	       nem_tx_check(&out) == ERR_OK;
}

static void truncated(void)
{
	for (unsigned i = 0; i < SAMPLES * FORMS; i++) {
		enum nem_form form = (enum nem_form)(i % FORMS);
		bool accepted;
		size_t n;

		sample(&tx, i / FORMS);
		n = encode(raw, &tx, form);
		T_CHECK(refused_or_same(bytes_of(raw, n), form, &accepted) && accepted);
		for (size_t k = 0; k < n; k++) {
			/* At the very end of its memory, so that a sanitiser sees a byte too far.
			 */
			uint8_t *exact = malloc(k + 1);

			T_CHECK(exact != NULL);
			memcpy(exact + 1, raw, k);
			T_CHECK(refused_or_same(bytes_of(exact + 1, k), form, &accepted));
			T_CHECK(!accepted);
			free(exact);
		}
		for (size_t more = 1; more <= 8; more++) {
			memset(raw + n, more % 2 == 0 ? 0 : 0xff, more);
			T_CHECK(refused_or_same(bytes_of(raw, n + more), form, &accepted));
			T_CHECK(!accepted);
		}
		/* The other form is never the same bytes. */
		T_CHECK(refused_or_same(bytes_of(raw, n),
					form == NEM_SIGNED ? NEM_SIGNING : NEM_SIGNED, &accepted));
		T_CHECK(!accepted);
	}
}

static void flipped(void)
{
	for (unsigned i = 0; i < SAMPLES * FORMS; i++) {
		enum nem_form form = (enum nem_form)(i % FORMS);
		unsigned refused = 0;
		size_t n;

		sample(&tx, i / FORMS);
		n = encode(raw, &tx, form);
		for (size_t bit = 0; bit < 8 * n; bit++) {
			bool accepted;

			raw[bit / 8] ^= (uint8_t)(1u << bit % 8);
			T_CHECK(refused_or_same(bytes_of(raw, n), form, &accepted));
			refused += !accepted;
			/* Type, version and the length of the key are never another's. */
			T_CHECK(!accepted || bit >= 8 * 8);
			T_CHECK(!accepted || bit < 8 * 12 || bit >= 8 * 16);
			raw[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		T_CHECK(refused >= 20 * 8);
	}
}

/*
 * Every four bytes that could be read as a length or count, and all others, become each number that
 * hurts: near what it was, near what is left, and near the ends of its type.
 */
static void lengths_lie(void)
{
	for (unsigned i = 0; i < SAMPLES * FORMS; i++) {
		enum nem_form form = (enum nem_form)(i % FORMS);
		size_t n;

		sample(&tx, i / FORMS);
		n = encode(raw, &tx, form);
		for (size_t at = 0; at + 4 <= n; at++) {
			uint32_t old = le32_get(raw + at);
			uint32_t left = (uint32_t)(n - at - 4);
			const uint32_t numbers[] = { 0,          1,          old - 1,   old + 1,
						     left,       left - 1,   left + 1,  0x7fffffff,
						     0x80000000, 0xfffffffe, 0xffffffff };

			for (size_t k = 0; k < ARRAY_LEN(numbers); k++) {
				bool accepted;

				le32_put(raw + at, numbers[k]);
				T_CHECK(refused_or_same(bytes_of(raw, n), form, &accepted));
			}
			le32_put(raw + at, old);
		}
	}
}

/* Lengths that lie together: an object gives a byte to its neighbour. */
static void lengths_conspire(void)
{
	for (unsigned i = 0; i < SAMPLES * FORMS; i++) {
		enum nem_form form = (enum nem_form)(i % FORMS);
		size_t n;

		sample(&tx, i / FORMS);
		n = encode(raw, &tx, form);
		for (unsigned round = 0; round < 800; round++) {
			size_t at[2] = { t_below(n - 4), t_below(n - 4) };
			uint32_t old[2];
			bool accepted;

			for (int k = 0; k < 2; k++) {
				old[k] = le32_get(raw + at[k]);
				le32_put(raw + at[k], old[k] + (k == 0 ? 1 : UINT32_MAX));
			}
			T_CHECK(refused_or_same(bytes_of(raw, n), form, &accepted));
			for (int k = 1; k >= 0; k--) {
				le32_put(raw + at[k], old[k]);
			}
		}
	}
}

/* ---- blocks ---- */

static uint8_t block_bytes[NEM_BLOCK_BYTES_MAX];

static size_t make_block(void)
{
	struct edk_secret harvester = sample_secret(8);
	struct nem_block_head head = { .type = NEM_BLOCK_NORMAL,
				       .network = SAMPLE_NETWORK,
				       .time_nem_s = SAMPLE_TIME,
				       .height = 42,
				       .harvester = harvester.public_key };
	struct nem_block_build build;
	struct bytes done = { 0 };

	if (nem_block_build_start(&build, block_bytes, sizeof block_bytes, &head) != ERR_OK) {
		abort();
	}
	for (unsigned i = 0; i < SAMPLES; i++) {
		/* A lone cosignature is no transaction of a block, but it has a form all the same.
		 */
		sample(&tx, i);
		if (nem_block_build_add(&build, &tx) != ERR_OK) {
			abort();
		}
	}
	if (nem_block_build_sign(&build, &harvester, &done) != ERR_OK) {
		abort();
	}
	return done.n;
}

static bool block_refused_or_same(size_t n, bool *accepted)
{
	static const struct nem_block before = { .n = 77 };
	struct nem_block b = before;
	struct nem_block_walk walk;
	unsigned count = 0;
	enum err e = nem_block_decode(&b, SAMPLE_NETWORK, bytes_of(block_bytes, n));

	*accepted = e == ERR_OK;
	if (e != ERR_OK) {
		return memcmp(&b, &before, sizeof b) == 0;
	}
	walk = nem_block_walk_make(&b);
	while (nem_block_walk_decode(&walk, &tx)) {
		count++;
	}
	return count == b.n;
}

/* Everything in the head of a block and of its first transaction, and some of what follows: the
 * transactions have tests of their own. */
static size_t step(size_t at, size_t most)
{
	return at < NEM_BLOCK_HEADER_BYTES + 64 ? 1 : 1 + t_below(most);
}

static void hostile_blocks(void)
{
	size_t n = make_block();
	struct nem_block b;
	struct hash32 hash;
	bool accepted;

	T_CHECK(block_refused_or_same(n, &accepted) && accepted);
	T_EQ(nem_block_decode(&b, SAMPLE_NETWORK, bytes_of(block_bytes, n)), ERR_OK);
	T_EQ(nem_block_verify_all(&b), ERR_OK);
	nem_block_hash(&hash, &b);
	for (size_t k = 0; k < n; k += step(k, 40)) {
		T_CHECK(block_refused_or_same(k, &accepted) && !accepted);
	}
	block_bytes[n] = 0;
	T_CHECK(block_refused_or_same(n + 1, &accepted) && !accepted);
	for (size_t bit = 0; bit < 8 * n; bit += step(bit / 8, 120)) {
		block_bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		T_CHECK(block_refused_or_same(n, &accepted));
		if (accepted) {
			struct hash32 changed;

			/* Another block, or the same with another signature of the harvester. */
			T_EQ(nem_block_decode(&b, SAMPLE_NETWORK, bytes_of(block_bytes, n)),
			     ERR_OK);
			nem_block_hash(&changed, &b);
			T_EQ(hash32_eq(&hash, &changed), bit / 8 >= 52 && bit / 8 < 116);
		}
		block_bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t at = 0; at + 4 <= n; at += step(at, 60)) {
		uint32_t old = le32_get(block_bytes + at);
		uint32_t left = (uint32_t)(n - at - 4);
		const uint32_t numbers[] = { 0,        old - 1,    old + 1,    left,
					     left + 1, 0x7fffffff, 0x80000000, 0xffffffff };

		for (size_t k = 0; k < ARRAY_LEN(numbers); k++) {
			le32_put(block_bytes + at, numbers[k]);
			T_CHECK(block_refused_or_same(n, &accepted));
		}
		le32_put(block_bytes + at, old);
	}
}

/* ---- limits ---- */

/* The struct is judged so, and if it is good its bytes come back. */
static enum err judged(void)
{
	static struct nem_tx back;
	enum err e = nem_tx_check(&tx);
	size_t n;

	if (e != ERR_OK) {
		return e;
	}
	n = encode(raw, &tx, NEM_SIGNING);
	e = nem_tx_decode(&back, SAMPLE_NETWORK, bytes_of(raw, n), NEM_SIGNING);
	if (e != ERR_OK) {
		return e;
	}
	return bytes_eq(bytes_of(other, encode(other, &back, NEM_SIGNING)), bytes_of(raw, n))
		   ? ERR_OK
		   : ERR_NOT_CANONICAL;
}

static void limits_heads(void)
{
	static const enum nem_sample one_version[] = { SAMPLE_IMPORTANCE, SAMPLE_ROOT,
						       SAMPLE_DEFINITION, SAMPLE_SUPPLY };

	for (size_t i = 0; i < ARRAY_LEN(one_version); i++) {
		sample_plain(&tx, one_version[i]);
		T_EQ(judged(), ERR_OK);
		tx.head.version = 2;
		T_EQ(judged(), ERR_VERSION);
		tx.head.version = 0;
		T_EQ(judged(), ERR_VERSION);
	}
	for (unsigned i = 0; i < SAMPLES; i++) {
		sample(&tx, i);
		tx.head.time_nem_s = INT32_MAX;
		tx.head.deadline_nem_s = INT32_MAX;
		T_EQ(judged(), ERR_OK);
		tx.head.time_nem_s++;
		T_EQ(judged(), ERR_FIELD_RANGE);
		sample(&tx, i);
		tx.head.deadline_nem_s = UINT32_MAX;
		T_EQ(judged(), ERR_FIELD_RANGE);
		sample(&tx, i);
		tx.head.network = NEM_NETWORK_MAIN;
		T_CHECK(nem_tx_check(&tx) == ERR_NETWORK || tx.type == NEM_IMPORTANCE ||
			tx.type == NEM_SUPPLY || tx.type == NEM_MODIFICATION);
		sample(&tx, i);
		tx.head.network = 0x69;
		T_EQ(judged(), ERR_NETWORK);
		sample(&tx, i);
		tx.type = (enum nem_type)0x0102;
		T_EQ(judged(), ERR_TYPE);
	}
}

static void limits_mosaics(void)
{
	char name[16];

	sample_plain(&tx, SAMPLE_MOSAICS);
	tx.transfer.mosaic[1].quantity = INT64_MAX;
	T_EQ(judged(), ERR_OK);
	tx.transfer.mosaic[1].quantity++;
	T_EQ(judged(), ERR_FIELD_RANGE);
	sample_plain(&tx, SAMPLE_MOSAICS);
	tx.transfer.mosaic[1].quantity = 0;
	T_EQ(judged(), ERR_OK);
	tx.head.version = 1;
	T_EQ(judged(), ERR_FIELD_RANGE);
	sample_plain(&tx, SAMPLE_MOSAICS);
	tx.transfer.mosaic[1].id = tx.transfer.mosaic[0].id;
	T_EQ(judged(), ERR_NOT_CANONICAL);
	sample_plain(&tx, SAMPLE_MOSAICS);
	tx.transfer.mosaic[1] = tx.transfer.mosaic[2];
	tx.transfer.mosaic[2].id = sample_id("alice.vouchers:silver coin");
	T_EQ(judged(), ERR_NOT_CANONICAL);
	sample_plain(&tx, SAMPLE_MOSAICS);
	tx.transfer.mosaic[0].id.name[0] = 'A';
	T_EQ(judged(), ERR_FIELD_RANGE);
	sample_plain(&tx, SAMPLE_MOSAICS);
	memset(tx.transfer.mosaic[0].id.space.text, 'a',
	       sizeof tx.transfer.mosaic[0].id.space.text);
	T_EQ(judged(), ERR_FIELD_RANGE);
	sample_plain(&tx, SAMPLE_MOSAICS);
	for (unsigned i = 0; i < NEM_MOSAICS_MAX; i++) {
		(void)snprintf(name, sizeof name, "a:%c", 'a' + (int)i);
		tx.transfer.mosaic[i].id = sample_id(name);
	}
	tx.transfer.mosaics = NEM_MOSAICS_MAX;
	T_EQ(judged(), ERR_OK);
	tx.transfer.mosaics++;
	T_EQ(judged(), ERR_TOO_LARGE);
	/* As bytes: the count of mosaics stands behind the (empty) message. */
	sample_plain(&tx, SAMPLE_MOSAICS);
	{
		size_t n = encode(raw, &tx, NEM_SIGNING);

		T_EQ(le32_get(raw + 116), 3);
		le32_put(raw + 116, NEM_MOSAICS_MAX + 1);
		T_EQ(nem_tx_decode(&tx, SAMPLE_NETWORK, bytes_of(raw, n), NEM_SIGNING),
		     ERR_TOO_LARGE);
	}
}

static void limits_importance(void)
{
	sample_plain(&tx, SAMPLE_IMPORTANCE);
	for (unsigned mode = 0; mode < 5; mode++) {
		size_t n;

		tx.importance.mode = NEM_IMPORTANCE_ACTIVATE;
		n = encode(raw, &tx, NEM_SIGNING);
		le32_put(raw + 60, mode);
		T_EQ(nem_tx_decode(&untouched, SAMPLE_NETWORK, bytes_of(raw, n), NEM_SIGNING),
		     mode == 1 || mode == 2 ? ERR_OK : ERR_FIELD_RANGE);
		tx.importance.mode = (enum nem_importance_mode)mode;
		T_EQ(judged(), mode == 1 || mode == 2 ? ERR_OK : ERR_FIELD_RANGE);
	}
	memset(&untouched, 0x5a, sizeof untouched);
}

static void limits_provision(void)
{
	static const struct {
		const char *part;
		const char *parent;
		enum err want;
	} rows[] = {
		{ "a", "", ERR_OK },
		{ "a", "b", ERR_OK },
		{ "a", "b.c", ERR_OK },
		{ "a", "b.c.d", ERR_OK }, /* a fourth level: the rules refuse it, not the format */
		{ "a", "b.c.d.e", ERR_FIELD_RANGE },
		{ "a", "b.", ERR_FIELD_RANGE },
		{ "a", ".b", ERR_FIELD_RANGE },
		{ "a", "B", ERR_FIELD_RANGE },
		{ "a", "bbbbbbbbbbbbbbbbb", ERR_FIELD_RANGE },
		{ "", "", ERR_FIELD_RANGE },
		{ "", "b", ERR_FIELD_RANGE },
		{ "A", "", ERR_FIELD_RANGE },
		{ "a.b", "", ERR_FIELD_RANGE },
		{ "-a", "", ERR_FIELD_RANGE },
		{ "a b", "", ERR_FIELD_RANGE },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		sample_plain(&tx, SAMPLE_ROOT);
		memset(tx.provision.part, 0, sizeof tx.provision.part);
		memcpy(tx.provision.part, rows[i].part, strlen(rows[i].part));
		memcpy(tx.provision.parent.text, rows[i].parent, strlen(rows[i].parent));
		T_EQ(judged(), rows[i].want);
	}
	sample_plain(&tx, SAMPLE_ROOT);
	memset(tx.provision.part, 'a', NEM_NAMESPACE_MAX);
	T_EQ(judged(), ERR_OK);
	tx.provision.part[NEM_NAMESPACE_MAX] = 'a';
	T_EQ(judged(), ERR_FIELD_RANGE);
	sample_plain(&tx, SAMPLE_ROOT);
	memset(tx.provision.parent.text, 'a', sizeof tx.provision.parent.text);
	T_EQ(judged(), ERR_FIELD_RANGE);
	sample_plain(&tx, SAMPLE_ROOT);
	tx.provision.rental_fee_micro = 0;
	T_EQ(judged(), ERR_OK);
	tx.provision.sink.text[20] = tx.provision.sink.text[20] == 'A' ? 'B' : 'A';
	T_EQ(judged(), ERR_ADDRESS);
	/* An absent parent is 0xffffffff and nothing else: an empty one is another length. */
	sample_plain(&tx, SAMPLE_ROOT);
	{
		size_t n = encode(raw, &tx, NEM_SIGNING);

		T_EQ(le32_get(raw + n - 4), UINT32_MAX);
		le32_put(raw + n - 4, 0);
		T_EQ(nem_tx_decode(&tx, SAMPLE_NETWORK, bytes_of(raw, n), NEM_SIGNING),
		     ERR_FIELD_RANGE);
		le32_put(raw + n - 4, UINT32_MAX - 1);
		T_EQ(nem_tx_decode(&tx, SAMPLE_NETWORK, bytes_of(raw, n), NEM_SIGNING), ERR_INPUT);
	}
}

static void limits_supply(void)
{
	static const struct {
		unsigned type;
		uint64_t delta;
		enum err want;
	} rows[] = {
		{ 1, 1, ERR_OK },
		{ 2, 1, ERR_OK },
		{ 1, NEM_QUANTITY_MAX, ERR_OK },
		{ 1, NEM_QUANTITY_MAX + 1, ERR_FIELD_RANGE },
		{ 1, 0, ERR_FIELD_RANGE },
		{ 2, 0, ERR_FIELD_RANGE },
		{ 1, UINT64_MAX, ERR_FIELD_RANGE },
		{ 0, 1, ERR_FIELD_RANGE },
		{ 3, 1, ERR_FIELD_RANGE },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t n;

		sample_plain(&tx, SAMPLE_SUPPLY);
		n = encode(raw, &tx, NEM_SIGNING);
		le32_put(raw + n - 12, rows[i].type);
		for (unsigned k = 0; k < 8; k++) {
			raw[n - 8 + k] = (uint8_t)(rows[i].delta >> (8 * k));
		}
		T_EQ(nem_tx_decode(&untouched, SAMPLE_NETWORK, bytes_of(raw, n), NEM_SIGNING),
		     rows[i].want);
		tx.supply.type = (enum nem_supply_type)rows[i].type;
		tx.supply.delta = rows[i].delta;
		T_EQ(judged(), rows[i].want);
	}
	memset(&untouched, 0x5a, sizeof untouched);
	sample_plain(&tx, SAMPLE_SUPPLY);
	tx.supply.mosaic.name[0] = ' ';
	T_EQ(judged(), ERR_FIELD_RANGE);
}

static void limits_definition(void)
{
	sample_plain(&tx, SAMPLE_LEVY);
	tx.definition.mosaic.creator.b[0] ^= 1;
	T_EQ(judged(), ERR_KEY);
	sample_wrapped(&tx, SAMPLE_LEVY);
	tx.multisig.n = 0;
	tx.multisig.inner.definition.mosaic.creator =
	    tx.head.signer; /* the initiator made nothing */
	T_EQ(judged(), ERR_KEY);
	sample_plain(&tx, SAMPLE_LEVY);
	tx.definition.sink.text[3] = 'a';
	T_EQ(judged(), ERR_ADDRESS);
	sample_plain(&tx, SAMPLE_LEVY);
	tx.definition.mosaic.properties.divisibility = 6;
	tx.definition.mosaic.properties.initial_supply = UINT64_C(9000000000);
	T_EQ(judged(), ERR_OK);
	tx.definition.mosaic.properties.initial_supply++;
	T_EQ(judged(), ERR_FIELD_RANGE);
	sample_plain(&tx, SAMPLE_LEVY);
	tx.definition.mosaic.properties.initial_supply = 0;
	T_EQ(judged(), ERR_OK);
	tx.definition.mosaic.levy.fee = INT64_MAX;
	T_EQ(judged(), ERR_OK);
	tx.definition.mosaic.levy.fee++;
	T_EQ(judged(), ERR_FIELD_RANGE);
	sample_plain(&tx, SAMPLE_LEVY);
	tx.definition.mosaic.levy.type = NEM_LEVY_PERCENTILE;
	T_EQ(judged(), ERR_OK);
	tx.definition.mosaic.levy.type = (enum nem_levy_type)3;
	T_EQ(judged(), ERR_FIELD_RANGE);
	sample_plain(&tx, SAMPLE_LEVY);
	memset(tx.definition.mosaic.description, 'd', NEM_DESCRIPTION_CHARS_MAX);
	tx.definition.mosaic.description_bytes = NEM_DESCRIPTION_CHARS_MAX;
	T_EQ(judged(), ERR_OK);
	tx.definition.mosaic.description[NEM_DESCRIPTION_CHARS_MAX] = 'd';
	tx.definition.mosaic.description_bytes++;
	T_EQ(judged(), ERR_FIELD_RANGE);
}

/* Values of properties that NIS would read and write otherwise. */
static void property_spelling(void)
{
	static const struct {
		const char *from, *to; /* of equal length */
		enum err want;
	} rows[] = {
		{ "1000", "0100", ERR_NOT_CANONICAL },
		{ "1000", "+100", ERR_NOT_CANONICAL },
		{ "1000", "-100", ERR_NOT_CANONICAL },
		{ "1000", "100 ", ERR_NOT_CANONICAL },
		{ "1000", "0x10", ERR_NOT_CANONICAL },
		{ "1000", "1e10", ERR_NOT_CANONICAL },
		{ "true", "True", ERR_NOT_CANONICAL },
		{ "true", "trux", ERR_NOT_CANONICAL },
		{ "false", "False", ERR_NOT_CANONICAL },
		{ "false", "true\0", ERR_NOT_CANONICAL },
		{ "divisibility", "Divisibility", ERR_NOT_CANONICAL },
		{ "supplyMutable", "supplymutable", ERR_NOT_CANONICAL },
		{ "1000", "9999", ERR_OK },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t length = strlen(rows[i].from);
		uint8_t *at;
		size_t n;

		sample_plain(&tx, SAMPLE_LEVY);
		n = encode(raw, &tx, NEM_SIGNING);
		at = memmem(raw, n, rows[i].from, length);
		T_CHECK(at != NULL);
		memcpy(at, rows[i].to, length);
		T_EQ(nem_tx_decode(&untouched, SAMPLE_NETWORK, bytes_of(raw, n), NEM_SIGNING),
		     rows[i].want);
	}
	memset(&untouched, 0x5a, sizeof untouched);
	/* Two of the four in each other's place. */
	sample_plain(&tx, SAMPLE_LEVY);
	{
		size_t n = encode(raw, &tx, NEM_SIGNING);
		uint8_t *third = memmem(raw, n, "supplyMutable", 13);
		uint8_t *fourth = memmem(raw, n, "transferable", 12);
		uint8_t swap[2][40];
		size_t a = 4 + 4 + 13 + 4 + 4;
		size_t b = 4 + 4 + 12 + 4 + 5;

		T_CHECK(third != NULL && fourth != NULL && third - 8 + a == fourth - 8);
		memcpy(swap[0], third - 8, a);
		memcpy(swap[1], fourth - 8, b);
		memcpy(third - 8, swap[1], b);
		memcpy(third - 8 + b, swap[0], a);
		T_EQ(nem_tx_decode(&tx, SAMPLE_NETWORK, bytes_of(raw, n), NEM_SIGNING),
		     ERR_NOT_CANONICAL);
	}
}

/* What cannot be inside a wrapper is in none, however it is written. */
static void nested(void)
{
	static uint8_t inner[NEM_TX_BYTES_MAX];
	static const unsigned inside[] = { SAMPLES_PLAIN, 2 * SAMPLES_PLAIN };

	for (size_t i = 0; i < ARRAY_LEN(inside); i++) {
		size_t n;
		size_t length;

		sample(&tx, inside[i]);
		length = encode(inner, &tx, NEM_SIGNING);
		sample_wrapped(&tx, SAMPLE_TRANSFER);
		n = encode(raw, &tx, NEM_SIGNING);
		T_CHECK(n > 64);
		le32_put(raw + 60, (uint32_t)length);
		memcpy(raw + 64, inner, length);
		memcpy(&tx, &untouched, sizeof tx);
		T_EQ(nem_tx_decode(&tx, SAMPLE_NETWORK, bytes_of(raw, 64 + length), NEM_SIGNING),
		     ERR_TYPE);
		T_MEM(&tx, &untouched, sizeof tx);
	}
	/* An inner of another network. */
	sample_wrapped(&tx, SAMPLE_SUPPLY);
	{
		size_t n = encode(raw, &tx, NEM_SIGNING);

		T_EQ(raw[64 + 7], SAMPLE_NETWORK);
		raw[64 + 7] = NEM_NETWORK_MAIN;
		T_EQ(nem_tx_decode(&tx, SAMPLE_NETWORK, bytes_of(raw, n), NEM_SIGNING),
		     ERR_NETWORK);
	}
}

/* What a wrapper signs is bound to each field of the inner. */
static void signatures_bind(void)
{
	for (unsigned i = 0; i < SAMPLES; i++) {
		size_t n;

		sample(&tx, i);
		T_EQ(nem_tx_verify(&tx), ERR_OK);
		n = encode(raw, &tx, NEM_SIGNED);
		for (size_t bit = 0; bit < 8 * n; bit += 1 + t_below(97)) {
			raw[bit / 8] ^= (uint8_t)(1u << bit % 8);
			if (nem_tx_decode(&tx, SAMPLE_NETWORK, bytes_of(raw, n), NEM_SIGNED) ==
			    ERR_OK) {
				T_EQ(nem_tx_verify(&tx), ERR_SIGNATURE);
			}
			raw[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "every truncation, more bytes, the other form", truncated },
		{ "every bit flipped", flipped },
		{ "lengths that lie", lengths_lie },
		{ "lengths that lie together", lengths_conspire },
		{ "blocks", hostile_blocks },
		{ "limits of heads", limits_heads },
		{ "limits of mosaics", limits_mosaics },
		{ "limits of importance", limits_importance },
		{ "limits of namespaces", limits_provision },
		{ "limits of supply changes", limits_supply },
		{ "limits of definitions", limits_definition },
		{ "how properties are spelt", property_spelling },
		{ "what is never inside", nested },
		{ "signatures bind every field", signatures_bind },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	memset(&untouched, 0x5a, sizeof untouched);
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
