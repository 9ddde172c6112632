/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: records and batches have one form, a chain accepts only its true next batch, and nothing
 * that was changed after sealing is ever read. Method: bytes against vectors.py (a second
 * implementation); every flipped byte, every truncation, batches of other chains, secrets and
 * places; forged batches whose hashes are right but whose contents are not; every limit and one
 * beyond.
 */
#include "log/batch.h"

#include "crypto/crypto.h"
#include "crypto/sha256.h"
#include "t.h"
#include "vectors.h"

static struct log_secret secret;
static uint8_t buffer[LOG_BATCH_BYTES_MAX + 256];
static uint8_t second[LOG_BATCH_BYTES_MAX + 256];

static void start(void)
{
	for (uint8_t i = 0; i < sizeof(secret.b); i++) {
		secret.b[i] = i;
	}
}

static struct id128 id_of(uint8_t v)
{
	struct id128 id;

	memset(id.b, v, sizeof(id.b));
	return id;
}

static struct log_record record(uint16_t kind, uint32_t asset, uint64_t time_ms, uint8_t seed,
				u128 amount)
{
	struct log_record r = {
		.kind = kind, .asset = asset, .time_ms = time_ms, .amount = amount
	};

	r.id = id_of(seed);
	r.debit = id_of((uint8_t)(seed + 1));
	r.credit = id_of((uint8_t)(seed + 2));
	r.ref = id_of((uint8_t)(seed + 3));
	return r;
}

/* The two batches of vectors.py. */
static enum err seal_vectors(struct bytes *one, struct bytes *two, struct log_chain *c)
{
	struct log_batch b;
	struct log_record r = record(LOG_TRANSFER, 1, 1516982533000, 0x10, 10000000);
	enum err e;

	start();
	log_chain_init(c);
	log_batch_begin(&b, buffer, sizeof(buffer));
	e = log_batch_add_record(&b, &r);
	if (e == ERR_OK) {
		r = record(LOG_DOCUMENT, 0, 1516982533001, 0x20, 0);
		e = log_batch_add_blob(&b, &r, bytes_str("a document"));
	}
	if (e != ERR_OK) {
		return e;
	}
	log_batch_seal(one, &b, c, &secret);
	log_batch_begin(&b, second, 512);
	r = record(LOG_GUARD_STOP, 1, UINT64_MAX, 0x30, ~(u128)0);
	e = log_batch_add_blob(&b, &r, bytes_of(NULL, 0));
	if (e == ERR_OK) {
		log_batch_seal(two, &b, c, &secret);
	}
	return e;
}

static void same_bytes_as_python(void)
{
	struct bytes one, two;
	struct log_chain c, d;
	struct log_view v;
	struct log_record r;
	struct bytes blob;

	T_EQ(seal_vectors(&one, &two, &c), ERR_OK);
	T_EQ(one.n, sizeof(batch_1));
	T_MEM(one.p, batch_1, sizeof(batch_1));
	T_EQ(two.n, sizeof(batch_2));
	T_MEM(two.p, batch_2, sizeof(batch_2));
	T_EQ(c.next_sequence, 3);
	T_MEM(c.head.b, batch_2 + 96, 32);

	log_chain_init(&d);
	T_EQ(log_batch_open(&v, &d, bytes_of(batch_1, sizeof(batch_1)), &secret), ERR_OK);
	T_EQ(v.head.first_sequence, 0);
	T_EQ(v.head.count, 2);
	T_EQ(v.head.blob_count, 1);
	T_EQ(log_view_record(&r, &v, 0), ERR_OK);
	T_EQ(r.kind, LOG_TRANSFER);
	T_EQ(r.asset, 1);
	T_EQ(r.time_ms, 1516982533000);
	T_EQ(r.amount, 10000000);
	T_EQ(r.id.b[15], 0x10);
	T_EQ(r.debit.b[0], 0x11);
	T_EQ(r.credit.b[0], 0x12);
	T_EQ(r.ref.b[0], 0x13);
	T_CHECK(hash32_is_zero(&r.link));
	T_EQ(log_view_blob(&blob, &v, &r.link), ERR_NOT_FOUND);
	T_EQ(log_view_record(&r, &v, 1), ERR_OK);
	T_EQ(log_view_blob(&blob, &v, &r.link), ERR_OK);
	T_EQ(blob.n, 10);
	T_MEM(blob.p, "a document", 10);
	T_EQ(log_batch_open(&v, &d, bytes_of(batch_2, sizeof(batch_2)), &secret), ERR_OK);
	T_EQ(log_view_record(&r, &v, 0), ERR_OK);
	T_CHECK(r.amount == ~(u128)0 && r.time_ms == UINT64_MAX);
	T_EQ(log_view_blob(&blob, &v, &r.link), ERR_OK);
	T_EQ(blob.n, 0);
	T_EQ(d.next_sequence, c.next_sequence);
	T_CHECK(hash32_eq(&d.head, &c.head));
	T_EQ(memcmp(&d.tree, &c.tree, sizeof(c.tree)), 0);
}

static void kinds_and_flags(void)
{
	struct log_record r = record(LOG_TRANSFER, 1, 2, 3, 4), out;
	uint8_t bytes[LOG_RECORD_BYTES];
	unsigned known = 0;

	log_record_put(bytes, &r);
	for (unsigned kind = 0; kind <= UINT16_MAX; kind++) {
		le16_put(bytes, (uint16_t)kind);
		out.kind = 7777;
		if (log_record_kind_known((uint16_t)kind)) {
			known++;
			T_EQ(log_record_get(&out, bytes), ERR_OK);
			T_EQ(log_record_check(bytes), ERR_OK);
			T_EQ(out.kind, kind);
			T_CHECK(strlen(log_record_kind_words((uint16_t)kind)) > 0);
		} else {
			T_EQ(log_record_get(&out, bytes), ERR_TYPE);
			T_EQ(log_record_check(bytes), ERR_TYPE);
			T_EQ(out.kind, 7777);
		}
	}
	T_EQ(known, 49);
	le16_put(bytes, LOG_TRANSFER);
	for (unsigned flags = 0; flags <= UINT16_MAX; flags++) {
		le16_put(bytes + 2, (uint16_t)flags);
		T_EQ(log_record_get(&out, bytes), flags <= LOG_FLAG_LINKED ? ERR_OK : ERR_VERSION);
		T_EQ(log_record_check(bytes), flags <= LOG_FLAG_LINKED ? ERR_OK : ERR_VERSION);
	}
}

/* The names are those of the decoded record, also where the rest is nothing that can be decoded. */
static void names_alone(void)
{
	struct log_record r = record(LOG_TRANSFER, 1, 2, 3, 4);
	struct id128 id, debit, credit;
	uint8_t bytes[LOG_RECORD_BYTES];

	log_record_put(bytes, &r);
	le16_put(bytes, 9999);
	log_record_names(&id, &debit, &credit, bytes);
	T_CHECK(id128_eq(&id, &r.id) && id128_eq(&debit, &r.debit) && id128_eq(&credit, &r.credit));
	T_CHECK(!id128_eq(&id, &debit) && !id128_eq(&debit, &credit));
}

/* The second half of opening refuses what the first cannot see, and then moves nothing. */
static void joined_by_a_view(void)
{
	struct log_secret other = { { 1 } };
	struct log_chain c, before;
	struct log_view one, two, bent;
	uint8_t changed[sizeof(batch_1)];

	start();
	T_EQ(log_batch_check(&one, bytes_of(batch_1, sizeof(batch_1))), ERR_OK);
	T_EQ(log_batch_check(&two, bytes_of(batch_2, sizeof(batch_2))), ERR_OK);
	log_chain_init(&c);
	before = c;
	T_EQ(log_batch_join(&c, &two, &secret), ERR_CORRUPT); /* the second first */
	T_EQ(log_batch_join(&c, &one, &other), ERR_CORRUPT);  /* another journal's secret */
	bent = one;
	bent.head.root.b[31] ^= 1;
	T_EQ(log_batch_join(&c, &bent, &secret), ERR_CORRUPT); /* another tree */
	bent = one;
	bent.head.previous.b[0] ^= 1;
	T_EQ(log_batch_join(&c, &bent, &secret), ERR_CORRUPT); /* another past */
	bent = one;
	memcpy(changed, batch_1, sizeof(changed));
	log_view_move(&bent, batch_1, changed);
	changed[LOG_BATCH_HEAD_BYTES + 64] ^= 1; /* an amount, after the check */
	T_EQ(log_batch_join(&c, &bent, &secret), ERR_CORRUPT);
	changed[LOG_BATCH_HEAD_BYTES] = 77; /* a kind */
	T_EQ(log_batch_join(&c, &bent, &secret), ERR_TYPE);
	T_EQ(memcmp(&c, &before, sizeof(c)), 0);
	T_EQ(log_batch_join(&c, &one, &secret), ERR_OK);
	T_CHECK(hash32_eq(&c.head, &one.head.hash));
	before = c;
	T_EQ(log_batch_join(&c, &one, &secret), ERR_CORRUPT); /* twice */
	T_EQ(memcmp(&c, &before, sizeof(c)), 0);
	T_EQ(log_batch_join(&c, &two, &secret), ERR_OK);
	T_EQ(c.next_sequence, two.head.first_sequence + two.head.count);
}

/* Numbers are stored for ever: a row that moved would read old journals wrongly. */
static void numbers_stay(void)
{
	T_EQ(LOG_ACCOUNT, 1);
	T_EQ(LOG_TRANSFER, 2);
	T_EQ(LOG_HOLD, 3);
	T_EQ(LOG_POST, 4);
	T_EQ(LOG_VOID, 5);
	T_EQ(LOG_HOLD_UNTIL, 6);
	T_EQ(LOG_LIMIT, 10);
	T_EQ(LOG_WITHDRAWAL_STATE, 16);
	T_EQ(LOG_CHAIN_HEIGHT, 21);
	T_EQ(LOG_REFUND, 24);
	T_EQ(LOG_GUARD_RESERVE, 32);
	T_EQ(LOG_GUARD_START, 37);
	T_EQ(LOG_WATCH_ATTEST, 48);
	T_EQ(LOG_WATCH_START, 53);
	T_EQ(LOG_GENESIS, 64);
	T_EQ(LOG_SHUTDOWN, 65);
	T_EQ(LOG_COLD_ANSWER, 72);
	T_EQ(LOG_COLD_RESTORED, 73);
}

static void dies_unknown_kind(void)
{
	struct log_record r = record(999, 1, 2, 3, 4);
	uint8_t bytes[LOG_RECORD_BYTES];

	log_record_put(bytes, &r);
}

static void dies_flags(void)
{
	struct log_record r = record(LOG_TRANSFER, 1, 2, 3, 4);
	uint8_t bytes[LOG_RECORD_BYTES];

	r.flags = 2;
	log_record_put(bytes, &r);
}

static void dies_empty_batch(void)
{
	struct log_batch b;
	struct log_chain c;
	struct bytes out;

	log_chain_init(&c);
	log_batch_begin(&b, buffer, sizeof(buffer));
	log_batch_seal(&out, &b, &c, &secret);
}

static void dies_small_buffer(void)
{
	struct log_batch b;

	log_batch_begin(&b, buffer, 255);
}

static void our_own_bugs_die(void)
{
	T_CHECK(t_dies(SIGABRT, dies_unknown_kind));
	T_CHECK(t_dies(SIGABRT, dies_flags));
	T_CHECK(t_dies(SIGABRT, dies_empty_batch));
	T_CHECK(t_dies(SIGABRT, dies_small_buffer));
}

static void every_flipped_byte(void)
{
	uint8_t changed[sizeof(batch_1)];
	struct log_chain c, before;
	struct log_view v;

	start();
	log_chain_init(&before);
	for (size_t i = 0; i < sizeof(batch_1); i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			memcpy(changed, batch_1, sizeof(batch_1));
			changed[i] ^= (uint8_t)(1 << bit);
			c = before;
			T_CHECK(log_batch_check(&v, bytes_of(changed, sizeof(changed))) != ERR_OK);
			T_CHECK(log_batch_open(&v, &c, bytes_of(changed, sizeof(changed)),
					       &secret) != ERR_OK);
			T_EQ(memcmp(&c, &before, sizeof(c)), 0);
		}
	}
}

static void every_length(void)
{
	uint8_t longer[sizeof(batch_1) + 256] = { 0 };
	struct log_chain c;
	struct log_view v;

	start();
	log_chain_init(&c);
	memcpy(longer, batch_1, sizeof(batch_1));
	for (size_t n = 0; n <= sizeof(longer); n++) {
		struct log_chain d = c;

		T_EQ(log_batch_open(&v, &d, bytes_of(longer, n), &secret),
		     n == sizeof(batch_1) ? ERR_OK : ERR_CORRUPT);
	}
}

static void wrong_place(void)
{
	struct log_secret other = { { 1 } };
	struct log_chain c;
	struct log_view v;
	struct bytes one = bytes_of(batch_1, sizeof(batch_1));
	struct bytes two = bytes_of(batch_2, sizeof(batch_2));

	start();
	log_chain_init(&c);
	T_EQ(log_batch_open(&v, &c, two, &secret), ERR_CORRUPT); /* the second first */
	T_EQ(log_batch_open(&v, &c, one, &other), ERR_CORRUPT);  /* another journal's secret */
	T_EQ(log_batch_open(&v, &c, one, &secret), ERR_OK);
	T_EQ(log_batch_open(&v, &c, one, &secret), ERR_CORRUPT); /* twice */
	c.head.b[0] ^= 1;
	T_EQ(log_batch_open(&v, &c, two, &secret), ERR_CORRUPT); /* another past */
	c.head.b[0] ^= 1;
	c.tree.node[1].b[5] ^= 1;
	T_EQ(log_batch_open(&v, &c, two, &secret), ERR_CORRUPT); /* another tree */
	c.tree.node[1].b[5] ^= 1;
	T_EQ(log_batch_open(&v, &c, two, &secret), ERR_OK);
}

/* Puts hash and check right again, as a forger with the file could. */
static void reseal(uint8_t *p, size_t n)
{
	struct log_batch_head h;
	struct sha256 s;

	h.first_sequence = le64_get(p + 8);
	h.count = le32_get(p + 16);
	h.blob_count = le32_get(p + 20);
	h.bytes = le32_get(p + 24);
	memcpy(h.previous.b, p + 32, 32);
	memcpy(h.root.b, p + 64, 32);
	sha256_init(&s);
	sha256_update(&s, bytes_of(p, 28));
	sha256_update(&s, bytes_of(p + 32, 64));
	sha256_update(&s, bytes_of(p + 128, n - 128));
	sha256_final(&s, &h.hash);
	log_batch_head_put(p, &h);
}

static void forged_contents(void)
{
	uint8_t f[sizeof(batch_1) + 128] = { 0 };
	struct bytes whole = bytes_of(f, sizeof(batch_1));
	struct log_chain c;
	struct log_view v;

	start();
	log_chain_init(&c);
	memcpy(f, batch_1, sizeof(batch_1));
	reseal(f, sizeof(batch_1));
	T_MEM(f, batch_1, sizeof(batch_1));

	f[128 + 64] ^= 1; /* an amount: hash right, root wrong */
	reseal(f, sizeof(batch_1));
	T_EQ(log_batch_check(&v, whole), ERR_OK);
	T_EQ(log_batch_open(&v, &c, whole, &secret), ERR_CORRUPT);
	memcpy(f, batch_1, sizeof(batch_1));
	f[128] = 77; /* an unknown kind */
	reseal(f, sizeof(batch_1));
	T_EQ(log_batch_open(&v, &c, whole, &secret), ERR_TYPE);
	memcpy(f, batch_1, sizeof(batch_1));
	f[130] = 2; /* a reserved flag */
	reseal(f, sizeof(batch_1));
	T_EQ(log_batch_open(&v, &c, whole, &secret), ERR_VERSION);
	memcpy(f, batch_1, sizeof(batch_1));
	f[384 + 4] ^= 1; /* a blob that no record names */
	reseal(f, sizeof(batch_1));
	T_EQ(log_batch_check(&v, whole), ERR_CORRUPT);
	memcpy(f, batch_1, sizeof(batch_1));
	f[sizeof(batch_1) - 1] = 1; /* padding that is not zero */
	reseal(f, sizeof(batch_1));
	T_EQ(log_batch_check(&v, whole), ERR_CORRUPT);
	memcpy(f, batch_1, sizeof(batch_1));
	le32_put(f + 20, 0); /* the blob is there, the count says none */
	reseal(f, sizeof(batch_1));
	T_EQ(log_batch_check(&v, whole), ERR_CORRUPT);
	memcpy(f, batch_1, sizeof(batch_1));
	le32_put(f + 20, 2); /* two blobs said, one there: the second would be empty and unnamed */
	reseal(f, sizeof(batch_1));
	T_EQ(log_batch_check(&v, whole), ERR_CORRUPT);
	memcpy(f, batch_1, sizeof(batch_1));
	le32_put(f + 384, 0xffffffff); /* a blob longer than the batch */
	reseal(f, sizeof(batch_1));
	T_EQ(log_batch_check(&v, whole), ERR_CORRUPT);
	memcpy(f, batch_1, sizeof(batch_1));
	le32_put(f + 24, sizeof(f)); /* a whole unit of padding: a second spelling */
	reseal(f, sizeof(f));
	T_EQ(log_batch_check(&v, bytes_of(f, sizeof(f))), ERR_CORRUPT);
}

static void forged_heads(void)
{
	static const struct {
		size_t at;
		uint64_t value;
		enum err want;
	} cases[] = {
		{ 8, INT64_MAX, ERR_CORRUPT }, /* the last sequence would overflow */
		{ 16, 0, ERR_CORRUPT },
		{ 16, LOG_BATCH_RECORDS_MAX + 1, ERR_CORRUPT },
		{ 16, 3, ERR_CORRUPT }, /* more records than bytes */
		{ 16, 0xffffffff, ERR_CORRUPT },
		{ 20, 3, ERR_CORRUPT }, /* more blobs than records */
		{ 24, 0, ERR_CORRUPT },
		{ 24, 511, ERR_CORRUPT },
		{ 24, LOG_BATCH_BYTES_MAX + 128, ERR_CORRUPT },
		{ 24, 0xffffff80, ERR_CORRUPT },
		{ 4, 0, ERR_CORRUPT }, /* version 0 */
		{ 4, 2, ERR_VERSION }, /* a newer one */
		{ 6, 1, ERR_CORRUPT },
	};
	struct log_batch_head h, got = { .count = 42 };
	uint8_t p[128];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sha256 s;
		struct hash32 check;

		memcpy(p, batch_1, sizeof(p));
		T_EQ(log_batch_head_get(&h, p), ERR_OK);
		if (cases[i].at == 8) {
			le64_put(p + 8, cases[i].value);
		} else if (cases[i].at < 8) {
			le16_put(p + cases[i].at, (uint16_t)cases[i].value);
		} else {
			le32_put(p + cases[i].at, (uint32_t)cases[i].value);
		}
		T_EQ(log_batch_head_get(&got, p), ERR_CORRUPT); /* the check is stale */
		sha256_init(&s);
		sha256_update(&s, bytes_of(p, 28));
		sha256_update(&s, bytes_of(p + 32, 96));
		sha256_final(&s, &check);
		memcpy(p + 28, check.b, 4);
		T_EQ(log_batch_head_get(&got, p), cases[i].want);
		T_EQ(got.count, 42);
	}
}

static void many_records(void)
{
	struct log_batch b;
	struct log_chain c, d;
	struct log_record r = record(LOG_TRANSFER, 1, 5, 6, 7), got;
	struct log_view v;
	struct bytes batch;

	start();
	log_chain_init(&c);
	log_batch_begin(&b, buffer, sizeof(buffer));
	for (unsigned i = 0; i < LOG_BATCH_RECORDS_MAX; i++) {
		r.amount = i;
		T_EQ(log_batch_add_record(&b, &r), ERR_OK);
	}
	T_EQ(log_batch_add_record(&b, &r), ERR_FULL);
	T_EQ(log_batch_add_blob(&b, &r, bytes_str("x")), ERR_FULL);
	T_CHECK(hash32_is_zero(&r.link));
	T_EQ(log_batch_count(&b), LOG_BATCH_RECORDS_MAX);
	T_EQ(log_batch_size(&b), 128 + 128 * LOG_BATCH_RECORDS_MAX);
	log_batch_seal(&batch, &b, &c, &secret);
	T_EQ(c.next_sequence, LOG_BATCH_RECORDS_MAX);
	log_chain_init(&d);
	T_EQ(log_batch_open(&v, &d, batch, &secret), ERR_OK);
	T_EQ(log_view_record(&got, &v, LOG_BATCH_RECORDS_MAX - 1), ERR_OK);
	T_EQ(got.amount, LOG_BATCH_RECORDS_MAX - 1);
}

/*
 * More blobs than are hashed in one go, of many lengths: each is named, and each that changes is
 * found by its name though the batch has its hash.
 */
static void many_blobs(void)
{
	enum { BLOBS = 50 };

	static uint8_t blob[1 + BLOBS * 7], copy[32 * 1024];
	struct bytes batch;
	struct log_batch b;
	struct log_chain c, d;
	struct log_view v;
	size_t at = 0;

	start();
	log_chain_init(&c);
	log_batch_begin(&b, buffer, sizeof(copy));
	for (size_t i = 0; i < BLOBS; i++) {
		struct log_record r = record(LOG_DOCUMENT, 0, 5, 6, 7);

		memset(blob, (int)i, sizeof(blob));
		T_EQ(log_batch_add_blob(&b, &r, bytes_of(blob, 1 + i * 7)), ERR_OK);
		T_EQ(log_batch_add_record(&b, &r), ERR_OK); /* names it again */
	}
	log_batch_seal(&batch, &b, &c, &secret);
	log_chain_init(&d);
	T_EQ(log_batch_open(&v, &d, batch, &secret), ERR_OK);
	T_EQ(v.head.blob_count, BLOBS);
	at = (size_t)(v.blobs.p - batch.p);
	for (size_t i = BLOBS; i-- > 0;) {
		T_EQ(le32_get(batch.p + at), 1 + i * 7);
		at += 4;
		memcpy(copy, batch.p, batch.n);
		copy[at + t_below(1 + i * 7)] ^= (uint8_t)(1u << t_below(8));
		T_EQ(log_batch_check(&v, bytes_of(copy, batch.n)), ERR_CORRUPT);
		reseal(copy, batch.n);
		T_EQ(log_batch_check(&v, bytes_of(copy, batch.n)), ERR_CORRUPT);
		at += 1 + i * 7;
	}
	/* every name is asked for */
	for (size_t i = 0; i < BLOBS; i++) {
		memcpy(copy, batch.p, batch.n);
		copy[LOG_BATCH_HEAD_BYTES + (2 * i + 1) * LOG_RECORD_BYTES - 1] ^= 1;
		copy[LOG_BATCH_HEAD_BYTES + (2 * i + 2) * LOG_RECORD_BYTES - 1] ^= 1;
		reseal(copy, batch.n);
		T_EQ(log_batch_check(&v, bytes_of(copy, batch.n)), ERR_CORRUPT);
	}
	memcpy(copy, batch.p, batch.n);
	le32_put(copy + 20, BLOBS + 1); /* one blob more is said than there are */
	reseal(copy, batch.n);
	T_EQ(log_batch_check(&v, bytes_of(copy, batch.n)), ERR_CORRUPT);
}

/* Every capacity: what is accepted fits, what does not fit changes nothing. */
static void every_capacity(void)
{
	static uint8_t blob[600];
	static const uint8_t guard[64] = { 0 };

	start();
	for (size_t i = 0; i < sizeof(blob); i++) {
		blob[i] = (uint8_t)(i + 1);
	}
	for (size_t cap = 256; cap <= 1300; cap += 1) {
		struct log_batch b;
		struct log_chain c, d;
		struct log_view v;
		struct bytes batch;
		struct log_record r = record(LOG_DOCUMENT, 0, 1, 2, 0);
		size_t usable = cap / 128 * 128, size = 128;

		log_chain_init(&c);
		log_chain_init(&d);
		memset(buffer + cap, 0, sizeof(guard));
		log_batch_begin(&b, buffer, cap);
		for (size_t n = 0; n < 600; n += 150) {
			size_t raw = size + 128 + 4 + n;
			enum err e = log_batch_add_blob(&b, &r, bytes_of(blob, n));

			T_EQ(e, raw <= usable ? ERR_OK : ERR_FULL);
			if (e == ERR_OK) {
				size = raw;
			}
		}
		if (log_batch_count(&b) == 0) {
			T_EQ(usable, 256);
			continue;
		}
		T_EQ(log_batch_size(&b), (size + 127) / 128 * 128);
		log_batch_seal(&batch, &b, &c, &secret);
		T_EQ(batch.n, (size + 127) / 128 * 128);
		T_CHECK(batch.n <= cap);
		T_MEM(buffer + cap, guard, sizeof(guard));
		T_EQ(log_batch_open(&v, &d, batch, &secret), ERR_OK);
	}
}

/* Random mixtures of records with and without blobs, shared and repeated names. */
static void random_chains(void)
{
	struct log_chain c, d;

	start();
	log_chain_init(&c);
	log_chain_init(&d);
	for (unsigned round = 0; round < 200; round++) {
		struct log_batch b;
		struct log_view v;
		struct bytes batch, blob;
		struct hash32 links[20];
		bool brought[20] = { false };
		uint32_t n = (uint32_t)t_below(20) + 1, blobs = 0;
		size_t at = 0;

		log_batch_begin(&b, buffer, sizeof(buffer));
		for (uint32_t i = 0; i < n; i++) {
			struct log_record r = record(LOG_TRANSFER, 1, t_random(), (uint8_t)i, i);
			uint8_t content[40];

			memset(content, (int)t_below(3), sizeof(content));
			if (i > 0 && t_below(3) == 0) {
				r.link = links[t_below(i)];
			}
			if (t_below(2) == 0) {
				T_EQ(log_batch_add_blob(&b, &r, bytes_of(content, t_below(40))),
				     ERR_OK);
				brought[i] = true;
				blobs++;
			} else {
				T_EQ(log_batch_add_record(&b, &r), ERR_OK);
			}
			links[i] = r.link;
		}
		log_batch_seal(&batch, &b, &c, &secret);
		T_EQ(log_batch_open(&v, &d, batch, &secret), ERR_OK);
		T_EQ(v.head.count, n);
		T_EQ(v.head.blob_count, blobs);
		for (uint32_t i = 0; i < n; i++) {
			struct log_record r;

			T_EQ(log_view_record(&r, &v, i), ERR_OK);
			T_CHECK(hash32_eq(&r.link, &links[i]));
			if (brought[i]) {
				T_EQ(log_view_blob(&blob, &v, &links[i]), ERR_OK);
			}
		}
		while (log_view_next_blob(&blob, NULL, &v, &at)) {
			blobs--;
		}
		T_EQ(blobs, 0);
		T_EQ(memcmp(&c, &d, sizeof(c)), 0);
	}
}

/* Where a blob will stand is known before it stands there, whatever was added before and behind. */
static void newest_blob(void)
{
	start();
	for (unsigned before = 0; before < 3; before++) {
		for (unsigned behind = 0; behind < 3; behind++) {
			struct log_record r = record(LOG_DOCUMENT, 0, 1516982533001, 0x20, 0);
			const struct bytes mine = bytes_str("mine");
			struct bytes sealed;
			struct log_chain c;
			struct log_batch b;
			size_t at;

			log_chain_init(&c);
			log_batch_begin(&b, buffer, 4096);
			for (unsigned i = 0; i < before; i++) {
				T_EQ(log_batch_add_blob(&b, &r, bytes_str("another")), ERR_OK);
			}
			T_EQ(log_batch_add_blob(&b, &r, mine), ERR_OK);
			r = record(LOG_DOCUMENT, 0, 1516982533001, 0x20, 0);
			for (unsigned i = 0; i < behind; i++) {
				T_EQ(log_batch_add_record(&b, &r), ERR_OK);
			}
			at = log_batch_newest_blob(&b);
			log_batch_seal(&sealed, &b, &c, &secret);
			T_CHECK(at + mine.n <= sealed.n);
			T_CHECK(bytes_eq(bytes_of(sealed.p + at, mine.n), mine));
			T_EQ(le32_get(sealed.p + at - 4), mine.n);
		}
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "the same bytes as vectors.py", same_bytes_as_python },
		{ "every kind and flag", kinds_and_flags },
		{ "names alone", names_alone },
		{ "joined by a view", joined_by_a_view },
		{ "numbers stay", numbers_stay },
		{ "our own bugs die", our_own_bugs_die },
		{ "every flipped bit", every_flipped_byte },
		{ "every length", every_length },
		{ "wrong place, past, secret", wrong_place },
		{ "forged contents", forged_contents },
		{ "forged headers", forged_heads },
		{ "the most records", many_records },
		{ "many blobs", many_blobs },
		{ "every capacity", every_capacity },
		{ "where the newest blob stands", newest_blob },
		{ "random chains", random_chains },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
