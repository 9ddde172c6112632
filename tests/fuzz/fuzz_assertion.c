/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no bytes bring the readers of client data and authenticator data down, and no bytes that
 * were not signed are believed.
 * Method: the bytes are read as each of the two, from a buffer of exactly their size, then stand in
 * an assertion under a roster.  What is read as client data is JSON to jansson too.
 */
#include "fuzz_main.h"

#include <jansson.h>

#include "crypto/crypto.h"
#include "passkey_kit.h"
#include "policy/assertion.h"

static struct doc_roster roster;
static struct hash32 approval;

static void init(void)
{
	uint8_t secret[ED25519_SECRET_BYTES];

	FUZZ_CHECK(crypto_init() == ERR_OK);
	passkey_party(&roster.relying_party);
	roster.people_count = 1;
	roster.people[0].passkey_count = 1;
	passkey_make(&roster.people[0].passkeys[0], secret, 1);
	memset(approval.b, 0x5a, sizeof approval.b);
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
	free(copy);
}
