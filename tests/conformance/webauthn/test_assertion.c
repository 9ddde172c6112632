/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a signer believes the assertions that real devices and browsers make, and no other.
 *
 * Method: what Chromium's virtual authenticators said (chromium.inc); the formats of other devices
 * and some hundred single faults, each signed by its key (formats.inc, by an implementation in
 * Python that shares nothing with ours); then every bit and every length of what was good.
 *
 * test_assertion --judge APPROVAL ALGORITHM KEY CREDENTIAL AUTHENTICATOR_DATA CLIENT_DATA SIGNATURE
 * judges one from outside (chromium.py live): 0 it holds.
 */
#include "base/hex.h"
#include "crypto/crypto.h"
#include "policy/assertion.h"
#include "t.h"

struct row {
	const char *name, *approval, *algorithm, *key, *credential, *device, *client, *signature;
	enum err err;
};

static const struct row formats[] = {

#include "formats.inc"
};

static const struct row chromium[] = {

#include "chromium.inc"
};

static struct doc_roster roster;
static struct doc_assertion assertion;
static struct hash32 approval;

static bool unhex(uint8_t *out, size_t cap, size_t *n, const char *text)
{
	*n = strlen(text) / 2;
	return *n <= cap && hex_get(out, *n, bytes_str(text), HEX_LOWER_ONLY) == ERR_OK;
}

/* A roster of two people, the second with this key among others, and the assertion. */
static bool load(const struct row *row)
{
	struct doc_person *person = &roster.people[1];
	struct doc_passkey *k = &person->passkeys[1];
	size_t n;

	memset(&roster, 0, sizeof roster);
	memset(&assertion, 0, sizeof assertion);
	(void)snprintf(roster.relying_party.id, sizeof roster.relying_party.id, "approve.example");
	roster.relying_party.origin_count = 2;
	(void)snprintf(roster.relying_party.origins[0].origin, DOC_ORIGIN_MAX,
		       "https://approve.example");
	(void)snprintf(roster.relying_party.origins[1].origin, DOC_ORIGIN_MAX,
		       "https://kuramori.approve.example:8443");
	roster.people_count = 2;
	roster.people[0].passkey_count = person->passkey_count = 2;
	for (size_t i = 0; i < 2; i++) {
		roster.people[0].passkeys[i].algorithm = DOC_ALGORITHM_EDDSA;
		roster.people[0].passkeys[i].credential_n = 1 + i;
		roster.people[0].passkeys[i].key_n = 32;
	}
	person->passkeys[0] = roster.people[0].passkeys[0];
	k->algorithm =
	    strcmp(row->algorithm, "es256") == 0 ? DOC_ALGORITHM_ES256 : DOC_ALGORITHM_EDDSA;
	return unhex(k->key, sizeof k->key, &k->key_n, row->key) &&
	       unhex(k->credential, sizeof k->credential, &k->credential_n, row->credential) &&
	       unhex(approval.b, sizeof approval.b, &n, row->approval) &&
	       unhex(assertion.approval.b, sizeof approval.b, &n, row->approval) &&
	       unhex(assertion.authenticator_data, DOC_AUTHENTICATOR_MAX,
		     &assertion.authenticator_data_n, row->device) &&
	       unhex(assertion.client_data, DOC_CLIENT_MAX, &assertion.client_data_n,
		     row->client) &&
	       unhex(assertion.credential, DOC_CREDENTIAL_MAX, &assertion.credential_n,
		     row->credential) &&
	       unhex(assertion.signature, DOC_ASSERTION_MAX, &assertion.signature_n,
		     row->signature);
}

static struct policy_verdict judge(uint32_t *counter)
{
	return assertion_check(&assertion, &approval, &roster, &roster.people[1], counter);
}

static void judge_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t counter = 12345;
		struct policy_verdict v;

		T_CHECK(load(&rows[i]));
		v = judge(&counter);
		if (v.err != rows[i].err) {
			printf("# %s: %s: %s\n", rows[i].name, v.field, v.words);
		}
		T_EQ(v.err, rows[i].err);
		T_CHECK((counter == 12345) == (v.err != ERR_OK));
		/* what holds for this person holds for nobody else */
		T_EQ(assertion_check(&assertion, &approval, &roster, &roster.people[0], &counter)
			 .err,
		     ERR_SIGNER_UNKNOWN);
	}
}

static void formats_of_devices(void)
{
	size_t good = 0;

	judge_rows(formats, ARRAY_LEN(formats));
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		good += formats[i].err == ERR_OK;
	}
	T_CHECK(good >= 15);
	T_CHECK(ARRAY_LEN(formats) - good >= 100);
}

static void what_chromium_said(void)
{
	T_CHECK(ARRAY_LEN(chromium) >= 10);
	judge_rows(chromium, ARRAY_LEN(chromium));
}

/* Chromium's devices count, two answers each. */
static void counters_move(void)
{
	for (size_t i = 0; i + 1 < ARRAY_LEN(chromium); i += 2) {
		uint32_t first = 0, second = 0;

		T_CHECK(load(&chromium[i]));
		T_EQ(judge(&first).err, ERR_OK);
		T_CHECK(load(&chromium[i + 1]));
		T_EQ(judge(&second).err, ERR_OK);
		T_CHECK(first > 0 ? second > first : second == 0);
	}
}

static void flip(uint8_t *p, size_t n)
{
	for (size_t bit = 0; bit < 8 * n; bit++) {
		uint32_t counter = 0;

		p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		T_CHECK(judge(&counter).err != ERR_OK);
		p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void cut(size_t *n)
{
	const size_t whole = *n;

	for (*n = 0; *n < whole; (*n)++) {
		uint32_t counter = 0;

		T_CHECK(judge(&counter).err != ERR_OK);
	}
}

static void every_bit_and_length(void)
{
	const struct row *good[] = { &chromium[0], &chromium[6], &formats[8] };

	T_STR(good[1]->algorithm, "eddsa");
	T_STR(good[2]->name, "Apple's platform, another origin of ours");
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct doc_passkey *k = &roster.people[1].passkeys[1];
		uint32_t counter = 0;

		T_CHECK(load(good[i]));
		flip(assertion.approval.b, sizeof assertion.approval.b);
		flip(approval.b, sizeof approval.b);
		flip(assertion.authenticator_data, assertion.authenticator_data_n);
		flip(assertion.client_data, assertion.client_data_n);
		flip(assertion.credential, assertion.credential_n);
		flip(assertion.signature, assertion.signature_n);
		flip(k->key, k->key_n);
		cut(&assertion.authenticator_data_n);
		cut(&assertion.client_data_n);
		cut(&assertion.credential_n);
		cut(&assertion.signature_n);
		T_EQ(judge(&counter).err, ERR_OK);
		assertion.signature_n++;
		T_EQ(judge(&counter).err, ERR_SIGNATURE);
	}
}

/* What belongs to another roster, or to none. */
static void other_rosters(void)
{
	struct doc_passkey other;
	uint32_t counter = 0;

	T_CHECK(load(&chromium[0]));
	roster.relying_party.origin_count = 0;
	T_EQ(judge(&counter).err, ERR_MISMATCH);
	T_CHECK(load(&chromium[0]));
	roster.relying_party.id[0] = '\0';
	T_EQ(judge(&counter).err, ERR_MISMATCH);
	T_CHECK(load(&chromium[0]));
	roster.people[1].passkey_count = 1; /* it was taken out */
	T_EQ(judge(&counter).err, ERR_SIGNER_UNKNOWN);
	T_CHECK(load(&chromium[0]));
	roster.people[1].passkeys[1].algorithm = DOC_ALGORITHM_EDDSA;
	T_EQ(judge(&counter).err, ERR_SIGNATURE);
	T_CHECK(load(&chromium[6]));
	roster.people[1].passkeys[1].algorithm = DOC_ALGORITHM_ES256;
	T_EQ(judge(&counter).err, ERR_SIGNATURE);
	/* somebody else's key under this person's credential */
	T_CHECK(load(&chromium[2]));
	other = roster.people[1].passkeys[1];
	T_CHECK(load(&chromium[0]));
	memcpy(roster.people[1].passkeys[1].key, other.key, sizeof other.key);
	T_EQ(judge(&counter).err, ERR_SIGNATURE);
}

static int judge_one(char **argv)
{
	const struct row row = { .approval = argv[0],
				 .algorithm = argv[1],
				 .key = argv[2],
				 .credential = argv[3],
				 .device = argv[4],
				 .client = argv[5],
				 .signature = argv[6] };
	uint32_t counter = 0;

	return load(&row) && judge(&counter).err == ERR_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "formats of devices, and single faults", formats_of_devices },
		{ "what Chromium's virtual authenticators said", what_chromium_said },
		{ "their counters move", counters_move },
		{ "every bit and every length", every_bit_and_length },
		{ "other rosters", other_rosters },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	if (argc == 9 && strcmp(argv[1], "--judge") == 0) {
		return judge_one(argv + 2);
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
