/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no message and no texts bring the reader of parcels down, and what it says is whole is one
 * parcel in its one form, with the digest of its items.
 * Method: the bytes are a message; then the items of a message with a right digest, so that more
 * than the digest is read; then texts, one a line, that one reader hears.  What opens is packed
 * again and must be the same bytes.
 */
#include "fuzz_main.h"

#include "crypto/crypto.h"
#include "crypto/sha256.h"
#include "ur/parcel.h"

enum { HEARD_MAX = 64, HEAD = 35 };

static struct parcel_reader reader;

static void init(void)
{
	FUZZ_CHECK(crypto_init() == ERR_OK);
}

static void check_parcel(const struct parcel *p, struct bytes message)
{
	struct parcel again = *p;
	uint8_t *out = malloc(message.n);
	struct writer w = writer_make(out, message.n);

	FUZZ_CHECK(out != NULL);
	FUZZ_CHECK(p->document_count <= PARCEL_ITEMS_MAX);
	FUZZ_CHECK(p->announcement_count <= PARCEL_ITEMS_MAX);
	memset(again.digest.b, 0, sizeof again.digest.b);
	FUZZ_CHECK(parcel_close(&w, &again) == ERR_OK);
	FUZZ_CHECK(bytes_eq(bytes_of(out, w.n), message));
	FUZZ_CHECK(hash32_eq(&again.digest, &p->digest));
	free(out);
}

static void as_message(struct bytes in)
{
	struct parcel p;

	if (parcel_open(&p, in) == ERR_OK) {
		check_parcel(&p, in);
	}
}

static void as_items(struct bytes in)
{
	uint8_t *m = malloc(HEAD + in.n);
	struct hash32 digest;
	struct sha256 s;

	FUZZ_CHECK(m != NULL);
	sha256_init(&s);
	sha256_update(&s, bytes_str("kuramori parcel v1\n"));
	sha256_update(&s, in);
	sha256_final(&s, &digest);
	memcpy(m, "\x83\x58\x20", 3);
	memcpy(m + 3, digest.b, sizeof digest.b);
	if (in.n > 0) {
		memcpy(m + HEAD, in.p, in.n);
	}
	as_message(bytes_of(m, HEAD + in.n));
	free(m);
}

static void as_texts(struct bytes in)
{
	size_t heard = 0;

	parcel_reader_start(&reader);
	for (size_t at = 0; at <= in.n && heard < HEARD_MAX; heard++) {
		const uint8_t *end = at < in.n ? memchr(in.p + at, '\n', in.n - at) : NULL;
		size_t n = end == NULL ? in.n - at : (size_t)(end - in.p) - at;
		bool before = reader.complete;
		enum ur_heard what = parcel_reader_take(&reader, bytes_of(in.p + at, n));

		FUZZ_CHECK(what <= UR_HEARD_FALSE);
		FUZZ_CHECK((what == UR_HEARD_ALL) == (!before && reader.complete));
		FUZZ_CHECK(before || reader.noise + reader.too_large + reader.parts == heard + 1);
		FUZZ_CHECK(parcel_reader_lead(&reader)->heard <= reader.parts);
		FUZZ_CHECK(parcel_reader_others(&reader) <= reader.parts);
		at += n + 1;
	}
	if (reader.complete) {
		check_parcel(&reader.parcel,
			     ur_decoder_message(&parcel_reader_lead(&reader)->decoder));
	}
}

static void run(const uint8_t *p, size_t n)
{
	/* exactly as long as it is: who reads on is seen by a sanitizer */
	uint8_t *copy = malloc(n > 0 ? n : 1);

	FUZZ_CHECK(copy != NULL);
	if (n > 0) {
		memcpy(copy, p, n);
	}
	as_message(bytes_of(copy, n));
	as_items(bytes_of(copy, n));
	as_texts(bytes_of(copy, n));
	free(copy);
}
