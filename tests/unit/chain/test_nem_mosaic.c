/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: names, order, merging, multiplication, levies and definitions of mosaics are those of NIS,
 * at every limit and one beyond.
 * Method: tables of names on both sides of each rule; every character at every place; the traps of
 * NIS's order written out, and the order of random ids compared with the order of the whole
 * strings that NIS prints; sums and products at 2^63-1; a definition broken in each field.
 */
#include "base/attr.h"
#include "base/bytes.h"
#include "chain/nem/nem_mosaic.h"
#include "chain/nem/nem_network.h"
#include "chain/nem/nem_tx.h"
#include "crypto/crypto.h"
#include "t.h"

enum { NET = NEM_NETWORK_TEST };

/* n times c, in one of a few static buffers. */
static const char *many(char c, size_t n)
{
	static char text[4][256];
	static unsigned turn;
	char *out = text[turn++ % 4];

	memset(out, c, n);
	out[n] = '\0';
	return out;
}

static const char *joined(const char *a, const char *b, const char *c)
{
	static char text[3][400];
	static unsigned turn;
	char *out = text[turn++ % 3];

	(void)snprintf(out, sizeof text[0], "%s%s%s%s%s", a, b[0] != '\0' ? "." : "", b,
		       c[0] != '\0' ? "." : "", c);
	return out;
}

static enum err parse(const char *text)
{
	struct nem_namespace n;
	struct nem_namespace untouched;
	const char *why = NULL;
	enum err e;

	memset(&n, 0x5a, sizeof n);
	untouched = n;
	e = nem_namespace_parse(&n, bytes_str(text), &why);
	if (e == ERR_OK) {
		return bytes_eq(nem_namespace_bytes(&n), bytes_str(text)) ? ERR_OK : ERR_INPUT;
	}
	return memcmp(&n, &untouched, sizeof n) == 0 && why != NULL ? e : ERR_INPUT;
}

static void namespaces(void)
{
	static const char *const good[] = { "a",  "0",     "a-",  "a_",    "0-_", "alice.vouchers",
					    "9z", "a.b.c", "a.0", "nem.b", "nem" };
	static const char *const bad[] = { "",    ".",    "a.",   ".a",     "a..b",    "-a",
					   "_a",  "a.-b", "a._b", "A",      "aB",      "a b",
					   "a'b", "a:b",  "a/b",  "a.b.c.", "a.b.c.d", "\xc3\xa9",
					   "a\n", " a",   "a ",   "a.b .c" };

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		T_EQ(parse(good[i]), ERR_OK);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		T_EQ(parse(bad[i]), ERR_FIELD_RANGE);
	}
	T_EQ(parse(many('a', 16)), ERR_OK);
	T_EQ(parse(many('a', 17)), ERR_FIELD_RANGE);
	T_EQ(parse(joined("a", many('b', 64), "")), ERR_OK);
	T_EQ(parse(joined("a", many('b', 65), "")), ERR_FIELD_RANGE);
	T_EQ(parse(joined("a", "b", many('c', 64))), ERR_OK);
	T_EQ(parse(joined("a", "b", many('c', 65))), ERR_FIELD_RANGE);
	/* The whole: 16 + 1 + 64 + 1 + 46 = 128. */
	T_EQ(parse(joined(many('a', 16), many('b', 64), many('c', 46))), ERR_OK);
	T_EQ(parse(joined(many('a', 16), many('b', 64), many('c', 47))), ERR_FIELD_RANGE);
	T_EQ(parse(joined(many('a', 16), many('b', 64), many('c', 64))), ERR_FIELD_RANGE);
}

/* Every byte at the first place and behind it. */
static void namespace_characters(void)
{
	for (unsigned c = 0; c < 256; c++) {
		uint8_t first[2] = { (uint8_t)c, 'a' };
		uint8_t later[2] = { 'a', (uint8_t)c };
		bool alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		T_EQ(nem_namespace_part_ok(bytes_of(first, 2)), alnum);
		T_EQ(nem_namespace_part_ok(bytes_of(later, 2)), alnum || c == '-' || c == '_');
		T_EQ(nem_mosaic_name_ok(bytes_of(first, 2)), alnum);
		T_EQ(nem_mosaic_name_ok(bytes_of(later, 2)),
		     alnum || c == '-' || c == '_' || c == '\'');
	}
}

static void namespace_parts(void)
{
	struct nem_namespace n;
	struct nem_namespace root;
	struct nem_namespace none = { "" };
	struct nem_namespace out;

	T_EQ(nem_namespace_parse(&n, bytes_str("alice.b.c"), NULL), ERR_OK);
	T_EQ(nem_namespace_levels(&n), 3);
	nem_namespace_root(&root, &n);
	T_STR(root.text, "alice");
	T_EQ(nem_namespace_levels(&root), 1);
	T_EQ(nem_namespace_levels(&none), 0);
	T_CHECK(!nem_namespace_eq(&root, &n) && nem_namespace_eq(&n, &n));
	T_EQ(nem_namespace_join(&out, &root, bytes_str("b")), ERR_OK);
	T_STR(out.text, "alice.b");
	T_EQ(nem_namespace_join(&out, &out, bytes_str("c")), ERR_OK);
	T_STR(out.text, "alice.b.c");
	T_EQ(nem_namespace_join(&out, &n, bytes_str("d")), ERR_FIELD_RANGE);
	T_STR(out.text, "alice.b.c");
	T_EQ(nem_namespace_join(&out, &none, bytes_str("bob")), ERR_OK);
	T_STR(out.text, "bob");
	T_EQ(nem_namespace_join(&out, &none, bytes_str(many('b', 17))), ERR_FIELD_RANGE);
	T_EQ(nem_namespace_join(&out, &root, bytes_str(many('b', 64))), ERR_OK);
	T_EQ(nem_namespace_join(&out, &root, bytes_str(many('b', 65))), ERR_FIELD_RANGE);
	/* A part is one part: a dot in it would rent another level. */
	T_EQ(nem_namespace_join(&out, &root, bytes_str("b.c")), ERR_FIELD_RANGE);
	T_EQ(nem_namespace_join(&out, &none, bytes_str("b.c")), ERR_FIELD_RANGE);
	T_EQ(nem_namespace_join(&out, &root, bytes_str("")), ERR_FIELD_RANGE);
	T_EQ(nem_namespace_join(&out, &none, bytes_str("")), ERR_FIELD_RANGE);
}

static void mosaic_names(void)
{
	static const char *const good[] = {
		"a",       "0",    "a b", "silver coin", "a 'b", "a -b",
		"a b c d", "it's", "a_",  "a- b-",       "xem",  "0 0"
	};
	static const char *const bad[] = { "",    " ",    " a",   "a ",       "a  b", "'a",
					   "-a",  "_a",   "A",    "a.b",      "a:b",  "a\tb",
					   "a\n", "a b ", "a, b", "\xc3\xa9", "xem " };

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		T_CHECK(nem_mosaic_name_ok(bytes_str(good[i])));
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		T_CHECK(!nem_mosaic_name_ok(bytes_str(bad[i])));
	}
	T_CHECK(nem_mosaic_name_ok(bytes_str(many('a', 32))));
	T_CHECK(!nem_mosaic_name_ok(bytes_str(many('a', 33))));
	/* A NUL would hide what stands behind it. */
	T_CHECK(!nem_mosaic_name_ok(bytes_of("xem\0x", 5)));
	T_CHECK(!nem_namespace_part_ok(bytes_of("nem\0x", 5)));
}

static void ids(void)
{
	static const char *const bad[] = { "",      "a",       ":",        "a:",   ":b",
					   "a:b:c", "a b:c",   "a.:b",     "a:b ", "A:b",
					   "a:B",   "nem.xem", "a.b.c.d:e" };
	char text[NEM_MOSAIC_ID_MAX + 1];
	struct nem_mosaic_id id;
	const char *why = NULL;
	char longest[NEM_MOSAIC_ID_MAX + 2];

	T_EQ(nem_mosaic_id_parse(&id, bytes_str("alice.vouchers:silver coin"), &why), ERR_OK);
	T_STR(id.space.text, "alice.vouchers");
	T_STR(id.name, "silver coin");
	nem_mosaic_id_put(text, &id);
	T_STR(text, "alice.vouchers:silver coin");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		why = NULL;
		T_EQ(nem_mosaic_id_parse(&id, bytes_str(bad[i]), &why), ERR_FIELD_RANGE);
		T_CHECK(why != NULL);
		T_STR(id.name, "silver coin");
	}
	(void)snprintf(longest, sizeof longest, "%s:%s",
		       joined(many('a', 16), many('b', 64), many('c', 46)), many('d', 32));
	T_EQ(strlen(longest), NEM_MOSAIC_ID_MAX);
	T_EQ(nem_mosaic_id_parse(&id, bytes_str(longest), NULL), ERR_OK);
	nem_mosaic_id_put(text, &id);
	T_STR(text, longest);
	T_CHECK(nem_mosaic_id_ok(&id) && !nem_mosaic_is_xem(&id));
	/* A struct filled in by hand, without an end. */
	memset(&id, 'a', sizeof id);
	T_CHECK(!nem_mosaic_id_ok(&id));
	T_EQ(nem_mosaic_id_parse(&id, bytes_str("nem:xem"), NULL), ERR_OK);
	T_CHECK(nem_mosaic_is_xem(&id));
	/* What looks like XEM. */
	for (size_t i = 0; i < 6; i++) {
		static const char *const like[] = { "nem:xem-", "nem.xem:xem", "xem:nem",
						    "nem-:xem", "nem:x em",    "nem:xe" };

		T_EQ(nem_mosaic_id_parse(&id, bytes_str(like[i]), NULL), ERR_OK);
		T_CHECK(!nem_mosaic_is_xem(&id));
	}
}

static struct nem_mosaic_id id_of(const char *text)
{
	struct nem_mosaic_id id;

	if (nem_mosaic_id_parse(&id, bytes_str(text), NULL) != ERR_OK) {
		abort();
	}
	return id;
}

/*
 * The traps of nem.md 2.6: what stands in one line is less than the next line.  Blank < ' < - < . <
 * digits < : < _ < letters, and what is compared is "namespace:name : quantity".
 */
static void order(void)
{
	static const char *const rising[] = {
		"a-:z",    /* '-' is before ':' and '.' */
		"a.b:c",   /* '.' is before ':' */
		"a.b.c:a", /* not before a.b:c: ':' is behind '.' */
		"a0:z",    /* a digit is before ':' */
		"a:a",     /* "a:a :" */
		"a:a b",   /* "a:a b": the blank goes on with a letter, not with the colon */
		"a:a'",    "a:a-", "a:a0", "a:a_", "a:aa", "a_:a", /* '_' is behind ':' */
		"aa:a",    "b:a",
	};
	static const unsigned place[] = { 0, 2, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 };

	for (size_t i = 0; i < ARRAY_LEN(rising); i++) {
		for (size_t k = 0; k < ARRAY_LEN(rising); k++) {
			struct nem_mosaic_id a = id_of(rising[i]);
			struct nem_mosaic_id b = id_of(rising[k]);
			int got = nem_mosaic_id_cmp(&a, &b);

			T_EQ(got < 0 ? -1 : got > 0,
			     place[i] < place[k] ? -1 : place[i] > place[k]);
			T_EQ(got == 0, nem_mosaic_id_eq(&a, &b));
		}
	}
}

static void random_id(struct nem_mosaic_id *id)
{
	static const char letters[] = "ab0-_'. ";

	for (;;) {
		char text[24];
		size_t n = 3 + t_below(8);

		for (size_t i = 0; i < n; i++) {
			text[i] = letters[t_below(sizeof letters - 1)];
		}
		text[1 + t_below(n - 1)] = ':';
		text[n] = '\0';
		if (nem_mosaic_id_parse(id, bytes_str(text), NULL) == ERR_OK) {
			return;
		}
	}
}

/* The order of ids is that of the whole strings of NIS, whatever the quantities are. */
static void random_order(void)
{
	for (unsigned i = 0; i < 20000; i++) {
		struct nem_mosaic_id a;
		struct nem_mosaic_id b;
		char a_text[256];
		char b_text[256];
		int want;
		int got;

		random_id(&a);
		random_id(&b);
		if (nem_mosaic_id_eq(&a, &b)) {
			T_EQ(nem_mosaic_id_cmp(&a, &b), 0);
			continue;
		}
		(void)snprintf(a_text, sizeof a_text, "%s:%s : %llu", a.space.text, a.name,
			       (unsigned long long)(t_random() >> (1 + t_below(63))));
		(void)snprintf(b_text, sizeof b_text, "%s:%s : %llu", b.space.text, b.name,
			       (unsigned long long)(t_random() >> (1 + t_below(63))));
		want = strcmp(a_text, b_text);
		got = nem_mosaic_id_cmp(&a, &b);
		T_EQ(got < 0, want < 0);
		T_EQ(got > 0, want > 0);
	}
}

static void transfer_of(struct nem_tx *tx, const char *const *names, const uint64_t *quantities,
			unsigned n)
{
	struct key32 recipient = { { 7 } };

	memset(tx, 0, sizeof *tx);
	tx->type = NEM_TRANSFER;
	tx->head.network = NET;
	tx->head.version = 2;
	nem_address_from_key(&tx->transfer.recipient, &recipient, NET);
	tx->transfer.mosaics = (uint8_t)n;
	for (unsigned i = 0; i < n; i++) {
		tx->transfer.mosaic[i].id = id_of(names[i]);
		tx->transfer.mosaic[i].quantity = quantities[i];
	}
}

static void merging(void)
{
	static const char *const names[] = { "b:x", "a:x", "b:x", "nem:xem", "a:x", "b:x" };
	static const uint64_t quantities[] = { 1, 2, 3, 4, 5, (uint64_t)INT64_MAX - 4 };
	struct nem_tx tx;
	struct nem_mosaic zero;

	memset(&zero, 0, sizeof zero);
	transfer_of(&tx, names, quantities, 6);
	T_EQ(nem_tx_check(&tx), ERR_NOT_CANONICAL);
	nem_tx_canonicalise(&tx);
	T_EQ(nem_tx_check(&tx), ERR_OK);
	T_EQ(tx.transfer.mosaics, 3);
	T_STR(tx.transfer.mosaic[0].id.space.text, "a");
	T_EQ(tx.transfer.mosaic[0].quantity, 7);
	T_STR(tx.transfer.mosaic[1].id.space.text, "b");
	T_EQ(tx.transfer.mosaic[1].quantity, INT64_MAX);
	T_STR(tx.transfer.mosaic[2].id.space.text, "nem");
	for (unsigned i = 3; i < NEM_MOSAICS_MAX; i++) {
		T_MEM(&tx.transfer.mosaic[i], &zero, sizeof zero);
	}
	/* One more and the sum is no quantity: it stays apart and is refused. */
	transfer_of(&tx, names, quantities, 6);
	tx.transfer.mosaic[0].quantity++;
	nem_tx_canonicalise(&tx);
	T_EQ(tx.transfer.mosaics, 4);
	T_EQ(nem_tx_check(&tx), ERR_NOT_CANONICAL);
	/* The same where addition would wrap to something small. */
	transfer_of(&tx, names, quantities, 3);
	tx.transfer.mosaic[0].quantity = UINT64_MAX;
	nem_tx_canonicalise(&tx);
	T_CHECK(nem_tx_check(&tx) != ERR_OK);
	/* Canonical already: nothing changes. */
	transfer_of(&tx, names, quantities, 2);
	nem_tx_canonicalise(&tx);
	nem_tx_canonicalise(&tx);
	T_EQ(tx.transfer.mosaics, 2);
	T_EQ(tx.transfer.mosaic[0].quantity, 2);
}

/* Whatever is in it and in whatever order, sums are kept and the order is strict. */
static void random_merging(void)
{
	for (unsigned round = 0; round < 2000; round++) {
		static const char *const pool[] = { "a:x", "a:y", "a.b:x", "a-:x", "nem:xem" };
		uint64_t sum[ARRAY_LEN(pool)] = { 0 };
		const char *names[NEM_MOSAICS_MAX];
		uint64_t quantities[NEM_MOSAICS_MAX];
		unsigned n = (unsigned)t_below(NEM_MOSAICS_MAX + 1);
		struct nem_tx tx;

		for (unsigned i = 0; i < n; i++) {
			size_t which = t_below(ARRAY_LEN(pool));

			names[i] = pool[which];
			quantities[i] = t_below(1000);
			sum[which] += quantities[i];
		}
		transfer_of(&tx, names, quantities, n);
		nem_tx_canonicalise(&tx);
		T_EQ(nem_tx_check(&tx), ERR_OK);
		for (unsigned i = 0; i < tx.transfer.mosaics; i++) {
			for (size_t k = 0; k < ARRAY_LEN(pool); k++) {
				struct nem_mosaic_id id = id_of(pool[k]);

				if (nem_mosaic_id_eq(&id, &tx.transfer.mosaic[i].id)) {
					T_EQ(tx.transfer.mosaic[i].quantity, sum[k]);
					sum[k] = 0;
				}
			}
		}
		for (size_t k = 0; k < ARRAY_LEN(pool); k++) {
			T_EQ(sum[k], 0);
		}
	}
}

static void multiplication(void)
{
	static const struct {
		uint64_t amount, quantity, moved;
		enum err want;
	} rows[] = {
		{ 0, 5, 0, ERR_OK },
		{ 1000000, 0, 0, ERR_OK },
		{ 1000000, 7, 7, ERR_OK },
		{ 999999, 1, 0, ERR_OK },
		{ 1, 999999, 0, ERR_OK },
		{ 1, 1000000, 1, ERR_OK },
		{ 1999999, 1, 1, ERR_OK },
		{ 3000000, 7, 21, ERR_OK },
		{ 1000000, INT64_MAX, INT64_MAX, ERR_OK },
		{ 1000001, INT64_MAX, 0, ERR_OVERFLOW },
		{ INT64_MAX, 1000000, INT64_MAX, ERR_OK },
		{ INT64_MAX, 1000001, 0, ERR_OVERFLOW },
		{ INT64_MAX, INT64_MAX, 0, ERR_OVERFLOW },
		{ UINT64_MAX, UINT64_MAX, 0, ERR_OVERFLOW },
		/* 2^64 * 10^6 exactly: the low bits alone would say 0. */
		{ UINT64_C(1) << 32, (UINT64_C(1) << 32) * 1000000, 0, ERR_OVERFLOW },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t moved = 99;

		T_EQ(nem_mosaic_moved(&moved, rows[i].amount, rows[i].quantity), rows[i].want);
		T_CHECK(moved == (rows[i].want == ERR_OK ? rows[i].moved : 99));
	}
}

static void levies(void)
{
	static const struct {
		enum nem_levy_type type;
		uint64_t fee, moved, due;
		enum err want;
	} rows[] = {
		{ NEM_LEVY_NONE, 0, INT64_MAX, 0, ERR_OK },
		{ NEM_LEVY_ABSOLUTE, 10, 0, 10, ERR_OK },
		{ NEM_LEVY_ABSOLUTE, INT64_MAX, 5, INT64_MAX, ERR_OK },
		{ NEM_LEVY_PERCENTILE, 100, 99, 0, ERR_OK },
		{ NEM_LEVY_PERCENTILE, 100, 100, 1, ERR_OK },
		{ NEM_LEVY_PERCENTILE, 100, 199, 1, ERR_OK },
		{ NEM_LEVY_PERCENTILE, 10000, 12345, 12345, ERR_OK },
		{ NEM_LEVY_PERCENTILE, 0, INT64_MAX, 0, ERR_OK },
		{ NEM_LEVY_PERCENTILE, 1, INT64_MAX, INT64_MAX / 10000, ERR_OK },
		/* NIS multiplies in 64 bits: what wraps below zero fails, what wraps to something
		   small is what is paid. */
		{ NEM_LEVY_PERCENTILE, 2, (UINT64_C(1) << 62), 0, ERR_OVERFLOW },
		{ NEM_LEVY_PERCENTILE, 4, (UINT64_C(1) << 62), 0, ERR_OK },
		{ NEM_LEVY_PERCENTILE, UINT64_C(1) << 40, UINT64_C(1) << 30, 0, ERR_OK },
		{ NEM_LEVY_PERCENTILE, (UINT64_C(1) << 62) + 10000, 4, 4, ERR_OK },
		{ NEM_LEVY_PERCENTILE, 3, UINT64_C(6148914691236517205), 0, ERR_OK }, /* -1 */
		{ NEM_LEVY_PERCENTILE, INT64_MAX, 10000, 0, ERR_OVERFLOW },           /* -10000 */
		{ NEM_LEVY_PERCENTILE, INT64_MAX, 9999, UINT64_C(922337203685476), ERR_OK },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct nem_levy levy = { .type = rows[i].type, .fee = rows[i].fee };
		uint64_t due = 99;

		T_EQ(nem_levy_due(&due, &levy, rows[i].moved), rows[i].want);
		T_CHECK(due == (rows[i].want == ERR_OK ? rows[i].due : 99));
	}
}

static void units(void)
{
	uint64_t out = 5;

	T_EQ(nem_mosaic_units(&out, 0, 6), ERR_OK);
	T_EQ(out, 0);
	T_EQ(nem_mosaic_units(&out, NEM_QUANTITY_MAX, 0), ERR_OK);
	T_CHECK(out == NEM_QUANTITY_MAX);
	T_EQ(nem_mosaic_units(&out, UINT64_C(9000000000), 6), ERR_OK);
	T_CHECK(out == NEM_QUANTITY_MAX);
	T_EQ(nem_mosaic_units(&out, NEM_QUANTITY_MAX + 1, 0), ERR_OVERFLOW);
	T_EQ(nem_mosaic_units(&out, UINT64_C(9000000001), 6), ERR_OVERFLOW);
	T_EQ(nem_mosaic_units(&out, UINT64_MAX, 6), ERR_OVERFLOW);
	T_EQ(nem_mosaic_units(&out, 1, 7), ERR_OVERFLOW);
	T_EQ(nem_mosaic_units(&out, 0, 255), ERR_OVERFLOW);
	T_CHECK(out == NEM_QUANTITY_MAX);
}

static void definition_of(struct nem_mosaic_definition *d)
{
	struct key32 recipient = { { 9 } };

	memset(d, 0, sizeof *d);
	d->creator.b[0] = 1;
	d->id = id_of("alice:gold");
	d->description_bytes = 4;
	memcpy(d->description, "gold", 4);
	d->properties = (struct nem_mosaic_properties){ .divisibility = 3, .initial_supply = 1000 };
	d->levy.type = NEM_LEVY_PERCENTILE;
	d->levy.mosaic = nem_mosaic_xem;
	d->levy.fee = 10;
	nem_address_from_key(&d->levy.recipient, &recipient, NET);
}

static void describe(struct nem_mosaic_definition *d, const char *piece, unsigned times)
{
	size_t n = strlen(piece);

	for (unsigned i = 0; i < times; i++) {
		memcpy(d->description + i * n, piece, n);
	}
	d->description_bytes = (uint16_t)(n * times);
}

static void descriptions(void)
{
	static const struct {
		const char *piece;
		unsigned times;
		enum err want;
	} rows[] = {
		{ "a", 1, ERR_OK },
		{ "a", 512, ERR_OK },
		{ "a", 513, ERR_FIELD_RANGE },
		{ "a", 0, ERR_FIELD_RANGE },
		{ "\xe9\x87\x91", 512, ERR_OK }, /* 1,536 bytes */
		{ "\xc3\xa9", 512, ERR_OK },
		{ "\xc3\xa9", 513, ERR_FIELD_RANGE },
		{ "\xf0\x9f\xaa\x99", 256, ERR_OK }, /* two UTF-16 units each */
		{ "\xf0\x9f\xaa\x99", 257, ERR_FIELD_RANGE },
		{ " ", 1, ERR_FIELD_RANGE },
		{ "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f ", 3, ERR_FIELD_RANGE },
		{ "\xe3\x80\x80", 2, ERR_FIELD_RANGE }, /* ideographic blank */
		{ "\xe2\x80\x87", 2, ERR_OK },          /* does not break: no blank to Java */
		{ "\xc2\xa0", 2, ERR_OK },              /* the same */
		{ "\xe2\x80\x8a\xe2\x80\xa8", 1, ERR_FIELD_RANGE },
		{ " a ", 1, ERR_OK },
		{ "\xff", 1, ERR_FIELD_RANGE },
		{ "a\xc3", 1, ERR_FIELD_RANGE },
		{ "\xc0\x80", 1, ERR_FIELD_RANGE },         /* a NUL the long way */
		{ "\xed\xa0\x80", 1, ERR_FIELD_RANGE },     /* half of a pair */
		{ "\xf4\x90\x80\x80", 1, ERR_FIELD_RANGE }, /* beyond Unicode */
	};
	struct nem_mosaic_definition d;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		definition_of(&d);
		describe(&d, rows[i].piece, rows[i].times);
		T_EQ(nem_mosaic_definition_check(&d, NET), rows[i].want);
	}
	definition_of(&d);
	d.description_bytes = NEM_DESCRIPTION_BYTES_MAX + 1;
	T_EQ(nem_mosaic_definition_check(&d, NET), ERR_FIELD_RANGE);
	d.description_bytes = UINT16_MAX;
	T_EQ(nem_mosaic_definition_check(&d, NET), ERR_FIELD_RANGE);
}

static void definitions(void)
{
	struct nem_mosaic_definition d;

	definition_of(&d);
	T_EQ(nem_mosaic_definition_check(&d, NET), ERR_OK);
	T_EQ(nem_mosaic_definition_check(&d, NEM_NETWORK_MAIN), ERR_NETWORK);
	d.properties.divisibility = 7;
	T_EQ(nem_mosaic_definition_check(&d, NET), ERR_FIELD_RANGE);
	d.properties.divisibility = 6;
	d.properties.initial_supply = UINT64_C(9000000000);
	T_EQ(nem_mosaic_definition_check(&d, NET), ERR_OK);
	d.properties.initial_supply++;
	T_EQ(nem_mosaic_definition_check(&d, NET), ERR_FIELD_RANGE);
	d.properties.initial_supply = 0;
	T_EQ(nem_mosaic_definition_check(&d, NET), ERR_OK);
	definition_of(&d);
	d.id.name[0] = '\0';
	T_EQ(nem_mosaic_definition_check(&d, NET), ERR_FIELD_RANGE);
	definition_of(&d);
	d.id.space.text[0] = '-';
	T_EQ(nem_mosaic_definition_check(&d, NET), ERR_FIELD_RANGE);
	definition_of(&d);
	d.levy.type = (enum nem_levy_type)3;
	T_EQ(nem_mosaic_definition_check(&d, NET), ERR_FIELD_RANGE);
	definition_of(&d);
	d.levy.fee = INT64_MAX;
	T_EQ(nem_mosaic_definition_check(&d, NET), ERR_OK);
	d.levy.fee++;
	T_EQ(nem_mosaic_definition_check(&d, NET), ERR_FIELD_RANGE);
	definition_of(&d);
	d.levy.mosaic.name[0] = 'X';
	T_EQ(nem_mosaic_definition_check(&d, NET), ERR_FIELD_RANGE);
	definition_of(&d);
	d.levy.recipient.text[39] = d.levy.recipient.text[39] == 'A' ? 'B' : 'A';
	T_EQ(nem_mosaic_definition_check(&d, NET), ERR_ADDRESS);
	definition_of(&d);
	memset(&d.levy, 0, sizeof d.levy);
	T_EQ(nem_mosaic_definition_check(&d, NEM_NETWORK_MAIN), ERR_OK);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "namespaces at their limits", namespaces },
		{ "every character", namespace_characters },
		{ "parts of namespaces", namespace_parts },
		{ "names of mosaics", mosaic_names },
		{ "ids, and what looks like XEM", ids },
		{ "the order of NIS", order },
		{ "the order of NIS at random", random_order },
		{ "merging", merging },
		{ "merging at random", random_merging },
		{ "multiplication", multiplication },
		{ "levies", levies },
		{ "units", units },
		{ "descriptions", descriptions },
		{ "definitions", definitions },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
