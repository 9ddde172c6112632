/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: Keccak with the original padding, SHA-256, HMAC-SHA-256 and RIPEMD-160 are right, however
 * the input is cut, and leave nothing behind.
 *
 * Method: published vectors; for Keccak every length around the rates against a Python
 * implementation from the specification (keccak_vectors.inc); every way to cut an input in two, and
 * random cuts.
 */
#include <signal.h>

#include "base/hex.h"
#include "crypto/crypto.h"
#include "crypto/keccak.h"
#include "crypto/ripemd160.h"
#include "crypto/sha256.h"
#include "t.h"

static const struct {
	size_t n;
	const char *k256, *k512;
} keccak_vectors[] = {

#include "keccak_vectors.inc"
};

static bool is_hex(const uint8_t *got, size_t n, const char *want)
{
	char text[2 * 64 + 1];

	hex_put(text, bytes_of(got, n));
	return strcmp(text, want) == 0;
}

static void keccak_published(void)
{
	struct hash32 h;
	uint8_t h512[64];

	keccak256(&h, bytes_of(NULL, 0));
	T_CHECK(
	    is_hex(h.b, 32, "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"));
	keccak256(&h, bytes_str("abc"));
	T_CHECK(
	    is_hex(h.b, 32, "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"));
	keccak512(h512, bytes_of(NULL, 0));
	T_CHECK(is_hex(h512, 64,
		       "0eab42de4c3ceb9235fc91acffe746b29c29a8c366b7c60e4e67c466f36a4304"
		       "c00fa9caf9d87976ba469bcbe06713b435f091ef2769fb160cdab33d3670680e"));
	keccak512(h512, bytes_str("abc"));
	T_CHECK(is_hex(h512, 64,
		       "18587dc2ea106b9a1563e32b3312421ca164c7f1f07bc922a9c83d77cea3a1e5"
		       "d0c69910739025372dc14ac9642629379540c17e2a65b19d77aa511a9d00bb96"));
}

static void keccak_is_not_sha3(void)
{
	struct hash32 h;

	keccak256(&h, bytes_of(NULL, 0));
	T_CHECK(
	    !is_hex(h.b, 32, "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a"));
}

static void keccak_lengths_and_cuts(void)
{
	T_CHECK(ARRAY_LEN(keccak_vectors) >= 35);
	for (size_t v = 0; v < ARRAY_LEN(keccak_vectors); v++) {
		const size_t n = keccak_vectors[v].n;
		uint8_t data[512], h512[64];
		struct hash32 h;

		T_CHECK(n <= sizeof data);
		for (size_t i = 0; i < n; i++) {
			data[i] = (uint8_t)(7 * i + n);
		}
		keccak256(&h, bytes_of(data, n));
		T_CHECK(is_hex(h.b, 32, keccak_vectors[v].k256));
		keccak512(h512, bytes_of(data, n));
		T_CHECK(is_hex(h512, 64, keccak_vectors[v].k512));
		for (size_t cut = 0; cut <= n; cut++) {
			struct keccak k;
			struct hash32 again;
			uint8_t again512[64];

			keccak256_init(&k);
			keccak_update(&k, bytes_of(data, cut));
			keccak_update(&k, bytes_of(data + cut, n - cut));
			keccak256_final(&k, &again);
			T_MEM(again.b, h.b, 32);
			keccak512_init(&k);
			keccak_update(&k, bytes_of(data, cut));
			keccak_update(&k, bytes_of(NULL, 0));
			keccak_update(&k, bytes_of(data + cut, n - cut));
			keccak512_final(&k, again512);
			T_MEM(again512, h512, 64);
		}
	}
}

static void keccak_many_pieces(void)
{
	uint8_t data[3000], want[64], got[64];

	for (size_t i = 0; i < sizeof data; i++) {
		data[i] = (uint8_t)t_random();
	}
	for (int round = 0; round < 200; round++) {
		size_t n = t_below(sizeof data + 1), at = 0;
		struct keccak k;

		keccak512(want, bytes_of(data, n));
		keccak512_init(&k);
		while (at < n) {
			size_t piece = t_below(n - at < 150 ? n - at + 1 : 150);

			keccak_update(&k, bytes_of(data + at, piece));
			at += piece;
		}
		keccak512_final(&k, got);
		T_MEM(got, want, 64);
	}
}

static void wrong_final(void)
{
	struct keccak k;
	struct hash32 h;

	keccak512_init(&k);
	keccak256_final(&k, &h);
}

static void final_twice(void)
{
	struct keccak k;
	struct hash32 h;

	keccak256_init(&k);
	keccak256_final(&k, &h);
	keccak256_final(&k, &h);
}

static void update_after_final(void)
{
	struct keccak k;
	struct hash32 h;

	keccak256_init(&k);
	keccak256_final(&k, &h);
	keccak_update(&k, bytes_str("x"));
}

static void keccak_misuse_dies(void)
{
	T_CHECK(t_dies(SIGABRT, wrong_final));
	T_CHECK(t_dies(SIGABRT, final_twice));
	T_CHECK(t_dies(SIGABRT, update_after_final));
}

static void keccak_final_wipes(void)
{
	static const struct keccak zero;
	struct keccak k;
	struct hash32 h;

	keccak256_init(&k);
	keccak_update(&k, bytes_str("secret"));
	keccak256_final(&k, &h);
	T_MEM(&k, &zero, sizeof k);
}

static void sha256_published(void)
{
	struct hash32 h, again;
	struct sha256 s;
	const char *two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

	sha256(&h, bytes_of(NULL, 0));
	T_CHECK(
	    is_hex(h.b, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
	sha256(&h, bytes_str("abc"));
	T_CHECK(
	    is_hex(h.b, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	sha256(&h, bytes_str(two));
	T_CHECK(
	    is_hex(h.b, 32, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));
	for (size_t cut = 0; cut <= 56; cut++) {
		sha256_init(&s);
		sha256_update(&s, bytes_of(two, cut));
		sha256_update(&s, bytes_of(two + cut, 56 - cut));
		sha256_final(&s, &again);
		T_MEM(again.b, h.b, 32);
	}
}

static void many_too_long(void)
{
	static uint8_t in[1][SHA256_MANY_ROOM];
	struct hash32 out;

	sha256_many(&out, in, 1, SHA256_MANY_MAX + 1);
}

/*
 * Many at once are what each alone is: for every length and number of them, with neighbours that
 * differ in one bit, and nothing behind the last digest is touched.
 */
static void many_at_once(void)
{
	enum { MOST = 35 };

	static uint8_t in[MOST][SHA256_MANY_ROOM];
	uint8_t key[32], number[MOST][8];
	struct hmac_sha256_many_key ready;
	struct hash32 out[MOST + 1], want[MOST + 1];

	T_CHECK(t_dies(SIGABRT, many_too_long));
	memset(want[MOST].b, 0xa5, sizeof want[MOST].b);
	for (size_t n = 0; n <= SHA256_MANY_MAX; n++) {
		size_t count = n % (MOST + 1);

		for (size_t i = 0; i < MOST; i++) {
			for (size_t k = 0; k < sizeof in[i]; k++) {
				in[i][k] = (uint8_t)t_below(256);
			}
			if (i % 3 == 1) {
				memcpy(in[i], in[i - 1], sizeof in[i]);
				in[i][n / 2] ^= 1;
			}
			sha256(&want[i], bytes_of(in[i], n));
		}
		for (size_t i = count; i < MOST; i++) {
			want[i] = want[MOST];
		}
		memset(out, 0xa5, sizeof out);
		sha256_many(out, in, count, n);
		T_MEM(out, want, sizeof out);
	}
	for (size_t count = 0; count <= MOST; count++) {
		for (size_t i = 0; i < sizeof key; i++) {
			key[i] = (uint8_t)t_below(256);
		}
		for (size_t i = 0; i < MOST; i++) {
			le64_put(number[i], i % 2 == 0 ? t_random() : i);
			hmac_sha256(&want[i], bytes_of(key, 32), bytes_of(number[i], 8));
		}
		for (size_t i = count; i < MOST; i++) {
			want[i] = want[MOST];
		}
		hmac_sha256_many_ready(&ready, key);
		for (unsigned again = 0; again < 2; again++) {
			memset(out, 0xa5, sizeof out);
			hmac_sha256_many(out, &ready, (const uint8_t(*)[8])number, count);
			T_MEM(out, want, sizeof out);
		}
	}
}

/*
 * Messages of any lengths beside each other are what each alone is, wherever each is cut in two;
 * their number varies, and nothing behind the last digest is touched.
 */
static void each_of_any_length(void)
{
	enum { MOST = 9, LONGEST = 600 };

	static uint8_t text[MOST][LONGEST];
	struct sha256_message in[MOST];
	struct hash32 out[MOST + 1], want[MOST + 1];

	memset(want[MOST].b, 0xa5, sizeof want[MOST].b);
	for (unsigned round = 0; round < 4000; round++) {
		size_t count = round % (MOST + 1);

		for (size_t i = 0; i < MOST; i++) {
			/* the first of all lengths in order, cut at every place of some */
			size_t n =
			    i == 0 ? round % LONGEST : t_below(round % 3 == 0 ? 80 : LONGEST);
			size_t cut = t_below(4) == 0 ? 0 : t_below(n + 1);

			for (size_t k = 0; k < n; k++) {
				text[i][k] = (uint8_t)t_below(256);
			}
			in[i] = (struct sha256_message){ .head = bytes_of(text[i], cut),
							 .rest = bytes_of(text[i] + cut, n - cut) };
			sha256(&want[i], bytes_of(text[i], n));
		}
		for (size_t i = count; i < MOST; i++) {
			want[i] = want[MOST];
		}
		memset(out, 0xa5, sizeof out);
		sha256_each(out, in, count);
		T_MEM(out, want, sizeof out);
	}
}

/* RFC 4231, cases 1, 2, 3, 6, 7. */
static void hmac_published(void)
{
	uint8_t key[131], data[50];
	struct hash32 h, other;

	memset(key, 0x0b, 20);
	hmac_sha256(&h, bytes_of(key, 20), bytes_str("Hi There"));
	T_CHECK(
	    is_hex(h.b, 32, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"));
	hmac_sha256(&h, bytes_str("Jefe"), bytes_str("what do ya want for nothing?"));
	T_CHECK(
	    is_hex(h.b, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
	memset(key, 0xaa, sizeof key);
	memset(data, 0xdd, sizeof data);
	hmac_sha256(&h, bytes_of(key, 20), bytes_of(data, sizeof data));
	T_CHECK(
	    is_hex(h.b, 32, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"));
	hmac_sha256(&h, bytes_of(key, 131),
		    bytes_str("Test Using Larger Than Block-Size Key - Hash Key First"));
	T_CHECK(
	    is_hex(h.b, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
	hmac_sha256(
	    &h, bytes_of(key, 131),
	    bytes_str("This is a test using a larger than block-size key and a larger than "
		      "block-size data. The key needs to be hashed before being used by the "
		      "HMAC algorithm."));
	T_CHECK(
	    is_hex(h.b, 32, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"));
	/* every bit of the key counts, and so does its end */
	hmac_sha256(&h, bytes_of(key, 33), bytes_str("m"));
	for (size_t bit = 0; bit < 33 * 8; bit++) {
		key[bit / 8] ^= (uint8_t)(1u << bit % 8);
		hmac_sha256(&other, bytes_of(key, 33), bytes_str("m"));
		T_CHECK(!hash32_eq(&h, &other));
		key[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	hmac_sha256(&other, bytes_of(key, 34), bytes_str("m"));
	T_CHECK(!hash32_eq(&h, &other));
	hmac_sha256(&h, bytes_of(NULL, 0), bytes_of(NULL, 0));
	T_CHECK(
	    is_hex(h.b, 32, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"));
}

static void ripemd160_published(void)
{
	static const struct {
		const char *in, *out;
	} v[] = {
		{ "", "9c1185a5c5e9fc54612808977ee8f548b2258d31" },
		{ "a", "0bdc9d2d256b3ee9daae347be6f4dc835a467ffe" },
		{ "abc", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc" },
		{ "message digest", "5d0689ef49d2fae572b881b123a85ffa21595f36" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "12a053384a9c0c88e405a06c27dcf49ada62eb2b" },
	};

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		uint8_t h[RIPEMD160_BYTES];

		ripemd160(h, bytes_str(v[i].in));
		T_CHECK(is_hex(h, sizeof h, v[i].out));
	}
}

static void eq_and_wipe(void)
{
	uint8_t a[33] = { 0 }, b[33] = { 0 };
	static const uint8_t zero[33];

	T_CHECK(crypto_eq(a, b, 33));
	T_CHECK(crypto_eq(NULL, NULL, 0));
	for (size_t bit = 0; bit < 33 * 8; bit++) {
		b[bit / 8] = (uint8_t)(1u << bit % 8);
		T_CHECK(!crypto_eq(a, b, 33));
		T_CHECK(crypto_eq(a, b, bit / 8));
		b[bit / 8] = 0;
	}
	memset(a, 0x55, sizeof a);
	crypto_wipe(a, 32);
	T_EQ(a[32], 0x55);
	T_MEM(a, zero, 32);
	crypto_wipe(NULL, 0);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "keccak: published vectors", keccak_published },
		{ "keccak: not SHA-3", keccak_is_not_sha3 },
		{ "keccak: lengths around the rate, every cut", keccak_lengths_and_cuts },
		{ "keccak: many pieces", keccak_many_pieces },
		{ "keccak: misuse dies", keccak_misuse_dies },
		{ "keccak: final wipes", keccak_final_wipes },
		{ "sha256: published vectors", sha256_published },
		{ "hmac: RFC 4231", hmac_published },
		{ "many at once", many_at_once },
		{ "each of any length", each_of_any_length },
		{ "ripemd160: published vectors", ripemd160_published },
		{ "eq and wipe", eq_and_wipe },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
