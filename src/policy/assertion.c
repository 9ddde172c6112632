/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/assertion.h"

#include <string.h>

#include "crypto/ed25519.h"
#include "crypto/es256.h"
#include "crypto/sha256.h"
#include "policy/verdict.h"
#include "policy/webauthn.h"

static const struct doc_passkey *passkey_of(const struct doc_person *person,
					    const struct doc_assertion *a)
{
	struct bytes wanted = bytes_of(a->credential, a->credential_n);

	for (size_t i = 0; i < person->passkey_count; i++) {
		const struct doc_passkey *k = &person->passkeys[i];

		if (bytes_eq(bytes_of(k->credential, k->credential_n), wanted)) {
			return k;
		}
	}
	return NULL;
}

static bool is_origin(const struct doc_relying_party *party, const char *origin)
{
	bool found = false;

	for (size_t i = 0; i < party->origin_count; i++) {
		found = found || strcmp(party->origins[i].origin, origin) == 0;
	}
	return found;
}

static struct policy_verdict client_check(const struct doc_assertion *a,
					  const struct hash32 *approval,
					  const struct doc_relying_party *party)
{
	static const char field[] = "assertion.client_data";
	char challenge[WEBAUTHN_CHALLENGE_CHARS + 1];
	struct webauthn_client client;
	const char *why;
	enum err e =
	    webauthn_client_read(&client, bytes_of(a->client_data, a->client_data_n), &why);

	if (e != ERR_OK) {
		return refuse(e, field, why);
	}
	if (strcmp(client.type, "webauthn.get") != 0) {
		return refuse(ERR_MISMATCH, field, "not the answer to a question of a page");
	}
	webauthn_challenge(challenge, approval);
	if (strcmp(client.challenge, challenge) != 0) {
		return refuse(ERR_MISMATCH, field, "the key answered to another challenge");
	}
	if (!is_origin(party, client.origin)) {
		return refuse(ERR_MISMATCH, field, "a page that is not among the roster's origins");
	}
	if (client.cross_origin) {
		return refuse(ERR_POLICY, field, "asked from inside a page of somebody else");
	}
	return allowed;
}

static struct policy_verdict device_check(const struct doc_assertion *a,
					  const struct doc_relying_party *party, uint32_t *counter)
{
	static const char field[] = "assertion.authenticator_data";
	struct webauthn_device device;
	struct hash32 id;
	const char *why;
	enum err e = webauthn_device_read(
	    &device, bytes_of(a->authenticator_data, a->authenticator_data_n), &why);

	if (e != ERR_OK) {
		return refuse(e, field, why);
	}
	sha256(&id, bytes_str(party->id));
	if (!hash32_eq(&id, &device.relying_party)) {
		return refuse(ERR_MISMATCH, field, "the key signed for another relying party");
	}
	if (!device.present) {
		return refuse(ERR_POLICY, field, "nobody touched the key");
	}
	if (!device.verified) {
		return refuse(ERR_POLICY, field, "the key did not ask who touched it");
	}
	*counter = device.counter;
	return allowed;
}

static bool signature_ok(const struct doc_assertion *a, const struct doc_passkey *k)
{
	uint8_t data[DOC_AUTHENTICATOR_MAX + sizeof(struct hash32)];
	struct hash32 hash;
	struct bytes message;
	struct key32 key;
	struct sig64 signature;

	sha256(&hash, bytes_of(a->client_data, a->client_data_n));
	memcpy(data, a->authenticator_data, a->authenticator_data_n);
	memcpy(data + a->authenticator_data_n, hash.b, sizeof hash.b);
	message = bytes_of(data, a->authenticator_data_n + sizeof hash.b);
	if (k->algorithm == DOC_ALGORITHM_ES256) {
		return es256_verify(k->key, message, bytes_of(a->signature, a->signature_n));
	}
	if (a->signature_n != sizeof signature.b) {
		return false;
	}
	memcpy(key.b, k->key, sizeof key.b);
	memcpy(signature.b, a->signature, sizeof signature.b);
	return ed25519_verify(&key, message, &signature);
}

struct policy_verdict assertion_check(const struct doc_assertion *a, const struct hash32 *approval,
				      const struct doc_roster *roster,
				      const struct doc_person *person, uint32_t *counter)
{
	const struct doc_relying_party *party = &roster->relying_party;
	const struct doc_passkey *k = passkey_of(person, a);
	struct policy_verdict v;
	uint32_t count = 0;

	if (!hash32_eq(&a->approval, approval)) {
		return refuse(ERR_MISMATCH, "assertion.approval", "it belongs to another document");
	}
	if (k == NULL) {
		return refuse(ERR_SIGNER_UNKNOWN, "assertion.credential",
			      "not a security key of this person in the roster");
	}
	v = client_check(a, approval, party);
	if (v.err == ERR_OK) {
		v = device_check(a, party, &count);
	}
	if (v.err != ERR_OK) {
		return v;
	}
	if (!signature_ok(a, k)) {
		return refuse(ERR_SIGNATURE, "assertion.signature",
			      "not this key's over what it and the browser say");
	}
	*counter = count;
	return allowed;
}
