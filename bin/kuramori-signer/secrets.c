/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "crypto/crypto.h"
#include "crypto/sha256.h"
#include "signer.h"

void signer_secrets_derive(struct signer_secrets *secrets)
{
	struct bytes sealed = bytes_of(secrets->sealed, SIGNER_SECRET_BYTES);
	struct key32 attest_public;
	struct hash32 derived;

	edk_secret_from_nem(&secrets->chain, secrets->sealed);
	hmac_sha256(&derived, sealed, bytes_str("kuramori signer attest v1"));
	ed25519_keypair(&attest_public, secrets->attest, derived.b);
	hmac_sha256(&derived, sealed, bytes_str("kuramori signer journal v1"));
	memcpy(secrets->journal.b, derived.b, sizeof secrets->journal.b);
	crypto_wipe(&derived, sizeof derived);
}
