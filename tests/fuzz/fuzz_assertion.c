/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no bytes bring the readers of client data and authenticator data down, and no bytes that
 * were not signed are believed, neither in an assertion nor in a line behind an envelope.
 * Method: the bytes are read as each of the two, from a buffer of exactly their size, then stand in
 * an assertion under a roster.  What is read as client data is JSON to jansson too.  Then they are
 * a line behind a freeze, stand in the assertion of such a line, and say which of some right and
 * wrong lines stand there and which bits of them are bent: only right ones, of one key a person,
 * count.
 */
#include "fuzz_main.h"

#include <jansson.h>

#include "crypto/crypto.h"
#include "passkey_kit.h"
#include "policy/assertion.h"
#include "policy/proofs.h"

enum {
	FIRST = 0, /* people of the roster; each line below is the word of one of them */
	SECOND = 1,
	NOBODY = 2, /* a wrong line */
	PEOPLE = 3, /* the third has no security key */
	LINES = 9,
	STEP_BYTES = 4, /* of the script */
	LINES_BYTES = 65536,
};

static struct doc_roster roster;
static struct hash32 approval, genesis;

/* A freeze that no software key has signed, and lines that may stand behind it. */
static struct line {
	uint8_t raw[4096];
	size_t n;
	unsigned whose;
} paper, lines[LINES];

static struct doc frozen;

/* key number `key` says `flags` of the document with this id, in a line that names `named`. */
static void line_make(struct line *out, unsigned whose, uint8_t key, const struct hash32 *id,
		      const struct hash32 *named, uint8_t flags, const struct hash32 *under)
{
	struct writer w = writer_make(out->raw, sizeof out->raw);
	struct doc_assertion a;

	passkey_assert(&a, key, id, 7, flags);
	a.approval = *named;
	a.genesis = *under;
	FUZZ_CHECK(doc_assertion_make(&w, NULL, &a, NULL) == ERR_OK);
	out->n = w.n;
	out->whose = whose;
}

static void lines_make(void)
{
	struct doc_freeze f = {
		.genesis = genesis, .issuer = "officer-1", .scope = DOC_SCOPE_ALL, .time_ms = 1
	};
	const struct hash32 elsewhere = { { 0x77 } };
	struct writer w = writer_make(paper.raw, sizeof paper.raw);

	FUZZ_CHECK(doc_freeze_make(&w, NULL, &f, NULL) == ERR_OK);
	paper.n = w.n;
	FUZZ_CHECK(doc_open(&frozen, bytes_of(paper.raw, paper.n), &genesis, NULL) == ERR_OK);
	line_make(&lines[0], FIRST, 1, &frozen.id, &frozen.id, 5, &genesis);
	line_make(&lines[1], SECOND, 2, &frozen.id, &frozen.id, 5, &genesis);
	line_make(&lines[2], SECOND, 3, &frozen.id, &frozen.id, 5, &genesis);
	/* for another document; that says it is for this one; of nobody's key */
	line_make(&lines[3], NOBODY, 1, &approval, &approval, 5, &genesis);
	line_make(&lines[4], NOBODY, 1, &approval, &frozen.id, 5, &genesis);
	line_make(&lines[5], NOBODY, 9, &frozen.id, &frozen.id, 5, &genesis);
	/* touched, but nobody was verified; of another genesis; no assertion at all */
	line_make(&lines[6], NOBODY, 2, &frozen.id, &frozen.id, 1, &genesis);
	line_make(&lines[7], NOBODY, 2, &frozen.id, &frozen.id, 5, &elsewhere);
	lines[8] = paper;
	lines[8].whose = NOBODY;
}

static void init(void)
{
	uint8_t secret[ED25519_SECRET_BYTES];

	FUZZ_CHECK(crypto_init() == ERR_OK);
	passkey_party(&roster.relying_party);
	roster.people_count = PEOPLE;
	for (unsigned i = 0; i < PEOPLE; i++) {
		memset(roster.people[i].key.b, (int)(0xc0 + i), sizeof roster.people[i].key.b);
	}
	roster.people[FIRST].passkey_count = 1;
	passkey_make(&roster.people[FIRST].passkeys[0], secret, 1);
	roster.people[SECOND].passkey_count = 2;
	passkey_make(&roster.people[SECOND].passkeys[0], secret, 2);
	passkey_make(&roster.people[SECOND].passkeys[1], secret, 3);
	memset(approval.b, 0x5a, sizeof approval.b);
	memset(genesis.b, 0x6b, sizeof genesis.b);
	lines_make();
}

static void believed_by_jansson(struct bytes in)
{
	json_error_t fault;
	json_t *all = json_loadb((const char *)in.p, in.n, 0, &fault);

	/* numbers beyond a double are JSON, but not to jansson */
	FUZZ_CHECK(all != NULL || json_error_code(&fault) == json_error_numeric_overflow);
	json_decref(all);
}

static void read_client(struct bytes in)
{
	struct webauthn_client client, kept;
	const char *why = NULL;
	enum err e;

	memset(&client, 0x7e, sizeof client);
	kept = client;
	e = webauthn_client_read(&client, in, &why);
	FUZZ_CHECK(why != NULL);
	if (e != ERR_OK) {
		FUZZ_CHECK(e == ERR_INPUT || e == ERR_FIELD_MISSING || e == ERR_TOO_LARGE);
		FUZZ_CHECK(memcmp(&client, &kept, sizeof client) == 0);
		return;
	}
	FUZZ_CHECK(memchr(client.type, 0, sizeof client.type) != NULL);
	FUZZ_CHECK(memchr(client.challenge, 0, sizeof client.challenge) != NULL);
	FUZZ_CHECK(memchr(client.origin, 0, sizeof client.origin) != NULL);
	believed_by_jansson(in);
}

static void read_device(struct bytes in)
{
	struct webauthn_device device;
	const char *why = NULL;
	enum err e = webauthn_device_read(&device, in, &why);

	FUZZ_CHECK(why != NULL);
	FUZZ_CHECK(e == ERR_OK || e == ERR_INPUT || e == ERR_FIELD_RANGE);
	FUZZ_CHECK(e != ERR_OK ||
		   (in.n >= WEBAUTHN_PLAIN_BYTES && memcmp(in.p, device.relying_party.b, 32) == 0 &&
		    (in.n == WEBAUTHN_PLAIN_BYTES) == ((in.p[32] & 0x80) == 0)));
}

/* In the place of what was signed, they pass only if they are what was signed. */
static void stand_in(struct bytes in)
{
	static struct doc_assertion good, a;
	uint32_t counter;

	passkey_assert(&good, 1, &approval, 7, 5);
	a = good;
	FUZZ_CHECK(assertion_check(&a, &approval, &roster, &roster.people[0], &counter).err ==
		       ERR_OK &&
		   counter == 7);
	if (in.n <= sizeof a.client_data) {
		if (in.n > 0) {
			memcpy(a.client_data, in.p, in.n);
		}
		a.client_data_n = in.n;
		FUZZ_CHECK(
		    bytes_eq(in, bytes_of(good.client_data, good.client_data_n)) ||
		    assertion_check(&a, &approval, &roster, &roster.people[0], &counter).err !=
			ERR_OK);
	}
	a = good;
	if (in.n <= sizeof a.authenticator_data) {
		if (in.n > 0) {
			memcpy(a.authenticator_data, in.p, in.n);
		}
		a.authenticator_data_n = in.n;
		FUZZ_CHECK(
		    bytes_eq(in, bytes_of(good.authenticator_data, good.authenticator_data_n)) ||
		    assertion_check(&a, &approval, &roster, &roster.people[0], &counter).err !=
			ERR_OK);
	}
}

/* What is written behind the freeze; its envelope stands there already. */
static uint8_t behind[sizeof paper.raw + LINES_BYTES];
static size_t behind_n;

static void behind_start(void)
{
	memcpy(behind, paper.raw, paper.n);
	behind_n = paper.n;
}

static void behind_add(struct bytes line)
{
	FUZZ_CHECK(line.n < sizeof behind - behind_n);
	behind[behind_n++] = '\n';
	if (line.n > 0) {
		memcpy(behind + behind_n, line.p, line.n);
	}
	behind_n += line.n;
}

/* The freeze with what stands behind it is read and believed; and then by those people alone. */
static bool believed(bool by[PEOPLE])
{
	/* exactly as long as it is: who reads on is seen by a sanitizer */
	uint8_t *raw = malloc(behind_n);
	struct proofs proofs;
	struct doc d;
	bool good;

	FUZZ_CHECK(raw != NULL);
	memcpy(raw, behind, behind_n);
	good = doc_open(&d, bytes_of(raw, behind_n), &genesis, NULL) == ERR_OK;
	if (good) {
		/* lines are no part of the id, and no line is a software key's word */
		FUZZ_CHECK(memcmp(&d.id, &frozen.id, sizeof d.id) == 0 && d.signature_count == 0);
		good = proofs_judge(&proofs, &d, 1, &roster).err == ERR_OK;
	}
	for (size_t i = 0; i < PEOPLE; i++) {
		by[i] = good && proofs_by(&proofs, &d, &roster.people[i]);
	}
	FUZZ_CHECK(!good || proofs.n == (size_t)by[FIRST] + by[SECOND]);
	free(raw);
	return good;
}

/* As the line itself, they prove only if they are one of the right ones. */
static void as_line(struct bytes in)
{
	bool by[PEOPLE], right = false;

	if (in.n > LINES_BYTES / 2) {
		return;
	}
	for (unsigned i = 0; i < LINES; i++) {
		right = right || (lines[i].whose != NOBODY &&
				  bytes_eq(in, bytes_of(lines[i].raw, lines[i].n)));
	}
	behind_start();
	behind_add(in);
	FUZZ_CHECK(!believed(by) || right);
	/* a right line before it makes up for nothing */
	behind_start();
	behind_add(bytes_of(lines[0].raw, lines[0].n));
	behind_add(in);
	FUZZ_CHECK(!believed(by) || right);
}

/* In the place of what the key signed, in an assertion that is whole and canonical. */
static void in_line(struct bytes in)
{
	static struct doc_assertion good, a;
	uint8_t raw[8192];
	bool by[PEOPLE];

	passkey_assert(&good, 1, &frozen.id, 7, 5);
	good.genesis = genesis;
	for (unsigned device = 0; device < 2; device++) {
		struct writer w = writer_make(raw, sizeof raw);
		struct bytes was;

		a = good;
		was = device ? bytes_of(good.authenticator_data, good.authenticator_data_n)
			     : bytes_of(good.client_data, good.client_data_n);
		if (in.n == 0 ||
		    in.n > (device ? sizeof a.authenticator_data : sizeof a.client_data)) {
			continue;
		}
		memcpy(device ? a.authenticator_data : a.client_data, in.p, in.n);
		*(device ? &a.authenticator_data_n : &a.client_data_n) = in.n;
		if (doc_assertion_make(&w, NULL, &a, NULL) != ERR_OK) {
			continue;
		}
		behind_start();
		behind_add(bytes_of(w.p, w.n));
		FUZZ_CHECK(believed(by) == bytes_eq(in, was));
	}
}

/* A script: each step is a line, by its number, and whether and where a bit of it is bent. */
static void as_script(struct bytes in)
{
	bool by[PEOPLE], said[PEOPLE] = { false }, right = true;
	unsigned count = 0;

	behind_start();
	for (size_t at = 0; at + STEP_BYTES <= in.n && count < DOC_PROOFS_MAX + 1;
	     at += STEP_BYTES) {
		const uint8_t *step = in.p + at;
		struct line line = lines[(step[0] & 0x7f) % LINES];

		if (step[0] & 0x80) {
			line.raw[((size_t)step[1] << 8 | step[2]) % line.n] ^=
			    (uint8_t)(1u << (step[3] & 7));
			line.whose = NOBODY;
		}
		right = right && line.whose != NOBODY && !said[line.whose];
		said[line.whose] = true;
		behind_add(bytes_of(line.raw, line.n));
		count++;
	}
	FUZZ_CHECK(believed(by) == right);
	for (size_t i = 0; i < PEOPLE; i++) {
		FUZZ_CHECK(by[i] == (right && said[i]));
	}
}

static void run(const uint8_t *p, size_t n)
{
	uint8_t *copy = malloc(n > 0 ? n : 1);

	FUZZ_CHECK(copy != NULL);
	if (n > 0) {
		memcpy(copy, p, n);
	}
	read_client(bytes_of(copy, n));
	read_device(bytes_of(copy, n));
	stand_in(bytes_of(copy, n));
	as_line(bytes_of(copy, n));
	in_line(bytes_of(copy, n));
	as_script(bytes_of(copy, n));
	free(copy);
}
