/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: checkpoints are exactly C2SP's, and nothing but a true one is read.
 * Method: key ids and verifier keys against published ones of Go's sumdb; one note byte for byte
 * (checked with golang.org/x/mod/sumdb/note and tlog.ParseTree when this test was written); then
 * every truncation, every flipped byte, odd spellings, other keys' lines, doubled lines, every
 * limit.
 */
#include "log/checkpoint.h"

#include "crypto/crypto.h"
#include "crypto/ed25519.h"
#include "t.h"

static struct key32 public_key, other_key;
static uint8_t secret[64], other_secret[64];

static void keys(void)
{
	uint8_t seed[32];

	for (uint8_t i = 0; i < 32; i++) {
		seed[i] = i;
	}
	ed25519_keypair(&public_key, secret, seed);
	seed[0] = 0xff;
	ed25519_keypair(&other_key, other_secret, seed);
}

static struct log_checkpoint sample(void)
{
	struct log_checkpoint c = { .origin = "kuramori.example/journal/signer-a",
				    .size = 1234567 };

	for (uint8_t i = 0; i < 32; i++) {
		c.root.b[i] = (uint8_t)(i * 7 + 1);
	}
	return c;
}

/* Of the sample text, by Python (tests/kit/ed25519.py). */
#define EXPECTED_SIGNATURE                                 \
	"WHhwa1WGsx0FlFTeBqiQ1R7WltBOoW4+6gDbKpJdgk0oBhWt" \
	"X8FvQKPm+ro/wg3XVzEuQdAoWf7+wL8Ep3DgrWDc2wM="

static const char *const name = "kuramori.example/signer-a";

/* The sample under our key.  Gives its length. */
static size_t make(uint8_t note[LOG_CHECKPOINT_WRITE_MAX])
{
	struct log_checkpoint c = sample();
	size_t n = 0;

	keys();
	if (log_checkpoint_write(note, &n, &c, bytes_str(name), &public_key, secret) != ERR_OK) {
		return 0;
	}
	return n;
}

/* golang.org/x/mod/sumdb/note's documentation, and the key of sum.golang.org. */
static void published_keys(void)
{
	static const uint8_t neumann[32] = { 0x1a, 0x5c, 0xd9, 0x07, 0x14, 0x3c, 0x38, 0x4c,
					     0x41, 0xe8, 0x30, 0xc5, 0xbc, 0xe1, 0x2a, 0xa8,
					     0x81, 0x7e, 0xc5, 0x64, 0x9a, 0xaa, 0xbf, 0x2c,
					     0x31, 0x38, 0x8b, 0x35, 0xb2, 0xd7, 0x44, 0xd6 };
	struct key32 k;
	char vkey[LOG_CHECKPOINT_VKEY_MAX];
	uint8_t id[4];

	memcpy(k.b, neumann, 32);
	T_EQ(log_checkpoint_vkey(vkey, bytes_str("PeterNeumann"), &k), ERR_OK);
	T_STR(vkey, "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
	log_checkpoint_key_id(id, bytes_str("PeterNeumann"), &k);
	T_MEM(id, "\xc7\x4f\x20\xa3", 4);
	log_checkpoint_key_id(id, bytes_str("PeterNeumanm"), &k);
	T_CHECK(memcmp(id, "\xc7\x4f\x20\xa3", 4) != 0);
	T_EQ(log_checkpoint_vkey(vkey, bytes_str("a b"), &k), ERR_INPUT);
}

static void round_trip(void)
{
	static const uint64_t sizes[] = { 0, 1, 9, 10, 1234567, INT64_MAX };
	uint8_t note[LOG_CHECKPOINT_WRITE_MAX];

	keys();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct log_checkpoint c = sample(), d;
		size_t n = 0;

		c.size = sizes[i];
		T_EQ(log_checkpoint_write(note, &n, &c, bytes_str(name), &public_key, secret),
		     ERR_OK);
		T_EQ(log_checkpoint_open(&d, bytes_of(note, n), bytes_str(name), &public_key),
		     ERR_OK);
		T_STR(d.origin, c.origin);
		T_EQ(d.size, c.size);
		T_CHECK(hash32_eq(&d.root, &c.root));
	}
}

static void exact_bytes(void)
{
	uint8_t note[LOG_CHECKPOINT_WRITE_MAX];
	size_t n = make(note);
	static const char want[] = "kuramori.example/journal/signer-a\n"
				   "1234567\n"
				   "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=\n"
				   "\n"
				   "\xe2\x80\x94 kuramori.example/signer-a SIGNATURE\n";
	const char *mark = strstr(want, "SIGNATURE");
	size_t before = (size_t)(mark - want);

	T_EQ(n, before + 92 + 1);
	T_MEM(note, want, before);
	T_EQ(note[n - 1], '\n');
	note[n - 1] = '\0';
	T_STR((const char *)note + before, EXPECTED_SIGNATURE);
}

static void refused_writes(void)
{
	static const char *const bad[] = { "",     "two words", "a+b",     "a\nb",
					   "a\tb", "\x7f",      "\xc3\xa9" };
	uint8_t note[LOG_CHECKPOINT_WRITE_MAX];
	char longest[LOG_CHECKPOINT_NAME_MAX + 2];
	struct log_checkpoint c = sample(), d;
	size_t n = 0;

	keys();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		c = sample();
		T_EQ(log_checkpoint_write(note, &n, &c, bytes_str(bad[i]), &public_key, secret),
		     ERR_INPUT);
		(void)snprintf(c.origin, sizeof(c.origin), "%s", bad[i]);
		T_EQ(log_checkpoint_write(note, &n, &c, bytes_str(name), &public_key, secret),
		     ERR_INPUT);
	}
	memset(longest, 'n', sizeof(longest));
	longest[LOG_CHECKPOINT_NAME_MAX + 1] = '\0';
	c = sample();
	T_EQ(log_checkpoint_write(note, &n, &c, bytes_str(longest), &public_key, secret),
	     ERR_INPUT);
	longest[LOG_CHECKPOINT_NAME_MAX] = '\0';
	memcpy(c.origin, longest, sizeof(c.origin));
	c.size = INT64_MAX;
	T_EQ(log_checkpoint_write(note, &n, &c, bytes_str(longest), &public_key, secret), ERR_OK);
	T_EQ(n, LOG_CHECKPOINT_WRITE_MAX);
	T_EQ(log_checkpoint_open(&d, bytes_of(note, n), bytes_str(longest), &public_key), ERR_OK);
	c.size = (uint64_t)INT64_MAX + 1;
	T_EQ(log_checkpoint_write(note, &n, &c, bytes_str(name), &public_key, secret),
	     ERR_OVERFLOW);
}

static void every_truncation(void)
{
	uint8_t note[LOG_CHECKPOINT_WRITE_MAX];
	size_t n = make(note);
	struct log_checkpoint d;

	T_CHECK(n > 0);
	for (size_t cut = 0; cut < n; cut++) {
		T_CHECK(log_checkpoint_open(&d, bytes_of(note, cut), bytes_str(name),
					    &public_key) != ERR_OK);
	}
}

static void every_flipped_bit(void)
{
	uint8_t note[LOG_CHECKPOINT_WRITE_MAX];
	size_t n = make(note);
	struct log_checkpoint d;

	T_CHECK(n > 0);
	for (size_t i = 0; i < n * 8; i++) {
		note[i / 8] ^= (uint8_t)(1 << i % 8);
		T_CHECK(log_checkpoint_open(&d, bytes_of(note, n), bytes_str(name), &public_key) !=
			ERR_OK);
		note[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	T_EQ(log_checkpoint_open(&d, bytes_of(note, n), bytes_str(name), &public_key), ERR_OK);
}

static void wrong_keys(void)
{
	uint8_t note[LOG_CHECKPOINT_WRITE_MAX];
	size_t n = make(note);
	struct log_checkpoint d = { .size = 5 }, c = sample();

	T_EQ(log_checkpoint_open(&d, bytes_of(note, n), bytes_str(name), &other_key), ERR_UNSIGNED);
	T_EQ(log_checkpoint_open(&d, bytes_of(note, n), bytes_str("kuramori.example/signer-b"),
				 &public_key),
	     ERR_UNSIGNED);
	T_EQ(log_checkpoint_open(&d, bytes_of(note, n), bytes_str("a b"), &public_key), ERR_INPUT);
	/* our name and key id over another key's signature */
	T_EQ(log_checkpoint_write(note, &n, &c, bytes_str(name), &public_key, other_secret),
	     ERR_OK);
	T_EQ(log_checkpoint_open(&d, bytes_of(note, n), bytes_str(name), &public_key),
	     ERR_SIGNATURE);
	T_EQ(d.size, 5);
}

/* Text by hand, signed truly: the form alone is refused. */
static enum err signed_text(const char *text)
{
	uint8_t note[LOG_CHECKPOINT_WRITE_MAX], made[LOG_CHECKPOINT_WRITE_MAX];
	struct log_checkpoint d, c = sample();
	size_t n = 0, line;
	const uint8_t *dash;
	struct writer w = writer_make(note, sizeof(note));

	/* Only the form is judged before the signature, so that of the sample will do. */
	keys();
	if (log_checkpoint_write(made, &n, &c, bytes_str(name), &public_key, secret) != ERR_OK) {
		return ERR_STATE;
	}
	dash = memchr(made, 0xe2, n);
	line = n - (size_t)(dash - made);
	writer_bytes(&w, bytes_str(text));
	writer_bytes(&w, bytes_of(dash, line));
	return w.bad ? ERR_STATE
		     : log_checkpoint_open(&d, bytes_of(note, w.n), bytes_str(name), &public_key);
}

#define ROOT "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o="

static void odd_spellings(void)
{
	T_EQ(signed_text("kuramori.example/journal/signer-a\n1234567\n" ROOT "\n\n"), ERR_OK);
	T_EQ(signed_text("o\n1234567\n" ROOT "\n\n"), ERR_SIGNATURE);
	T_EQ(signed_text("o\n01\n" ROOT "\n\n"), ERR_INPUT);
	T_EQ(signed_text("o\n-1\n" ROOT "\n\n"), ERR_INPUT);
	T_EQ(signed_text("o\n+1\n" ROOT "\n\n"), ERR_INPUT);
	T_EQ(signed_text("o\n\n" ROOT "\n\n"), ERR_INPUT);
	T_EQ(signed_text("o\n1 \n" ROOT "\n\n"), ERR_INPUT);
	T_EQ(signed_text("o\n9223372036854775807\n" ROOT "\n\n"), ERR_SIGNATURE);
	T_EQ(signed_text("o\n9223372036854775808\n" ROOT "\n\n"), ERR_INPUT);
	T_EQ(signed_text("o\n18446744073709551617\n" ROOT "\n\n"), ERR_INPUT);
	T_EQ(signed_text("o\n99999999999999999999\n" ROOT "\n\n"), ERR_INPUT);
	T_EQ(signed_text("\n1\n" ROOT "\n\n"), ERR_INPUT);
	T_EQ(signed_text("a b\n1\n" ROOT "\n\n"), ERR_INPUT);
	T_EQ(signed_text("o\r\n1\n" ROOT "\n\n"), ERR_INPUT);
	T_EQ(signed_text("o\n1\n" ROOT "\nextension\n\n"), ERR_INPUT);
	T_EQ(signed_text("o\n1\n" ROOT "\n"), ERR_INPUT);
	T_EQ(signed_text("o\n1\n" ROOT "\n\n\n"), ERR_INPUT);
	T_EQ(signed_text("o\n1\nAQgP\n\n"), ERR_INPUT);
	T_EQ(signed_text("o\n1\n\n\n"), ERR_INPUT);
	/* the last character's spare bits are not zero; no padding; URL alphabet */
	T_EQ(signed_text("o\n1\nAQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09p=\n\n"), ERR_INPUT);
	T_EQ(signed_text("o\n1\nAQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09oA\n\n"), ERR_INPUT);
	T_EQ(signed_text("o\n1\nAQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o\n\n"), ERR_INPUT);
	T_EQ(signed_text("o\n1\n-QgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=\n\n"), ERR_INPUT);
}

/* The note with `more` behind it. */
static enum err with_lines(const char *more, unsigned times)
{
	static uint8_t note[2 * LOG_CHECKPOINT_READ_MAX];
	size_t n = make(note), more_n = strlen(more);
	struct log_checkpoint d;

	for (unsigned i = 0; i < times; i++) {
		memcpy(note + n, more, more_n);
		n += more_n;
	}
	return log_checkpoint_open(&d, bytes_of(note, n), bytes_str(name), &public_key);
}

#define DASH "\xe2\x80\x94 "

static void other_lines(void)
{
	char ours[400];
	uint8_t note[LOG_CHECKPOINT_WRITE_MAX];
	size_t n = make(note);
	const uint8_t *dash = memchr(note, 0xe2, n);

	(void)snprintf(ours, sizeof(ours), "%.*s", (int)(n - (size_t)(dash - note)),
		       (const char *)dash);
	T_EQ(with_lines(DASH "witness.example AAAAAAEBAQE=\n", 1), ERR_OK);
	T_EQ(with_lines(DASH "witness.example AAAAAAEBAQE=\n", LOG_CHECKPOINT_LINES_MAX - 1),
	     ERR_OK);
	T_EQ(with_lines(DASH "witness.example AAAAAAEBAQE=\n", LOG_CHECKPOINT_LINES_MAX),
	     ERR_TOO_LARGE);
	T_EQ(with_lines(ours, 1), ERR_INPUT); /* ours twice */
	/* our name with another key id is somebody else's */
	T_EQ(with_lines(DASH "kuramori.example/signer-a AAAAAAEBAQE=\n", 1), ERR_OK);
	T_EQ(with_lines(DASH "witness.example AAAAAA==\n", 1), ERR_INPUT); /* id, no signature */
	T_EQ(with_lines(DASH "witness.example\n", 1), ERR_INPUT);
	T_EQ(with_lines(DASH " AAAAAAEBAQE=\n", 1), ERR_INPUT);
	T_EQ(with_lines(DASH "witness.example AAAAAAEBAQE= \n", 1), ERR_INPUT);
	T_EQ(with_lines(DASH "witness.example AAAAAAEBAQE\n", 1), ERR_INPUT);
	T_EQ(with_lines("- witness.example AAAAAAEBAQE=\n", 1), ERR_INPUT);
	T_EQ(with_lines(DASH "witness.example AAAAAAEBAQE=", 1), ERR_INPUT); /* no LF */
	T_EQ(with_lines("\n", 1), ERR_INPUT);
	T_EQ(with_lines("0123456789abcde\n", LOG_CHECKPOINT_READ_MAX / 16), ERR_TOO_LARGE);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "published keys", published_keys },
		{ "round trip", round_trip },
		{ "exact bytes", exact_bytes },
		{ "what must not be written", refused_writes },
		{ "every truncation", every_truncation },
		{ "every flipped bit", every_flipped_bit },
		{ "wrong keys", wrong_keys },
		{ "odd spellings", odd_spellings },
		{ "lines of others", other_lines },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
