/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no branch and no address depends on a secret in edk_secret_make(), edk_sign(),
 * hd_root() and hd_child().
 *
 * Method: run under valgrind with the secret marked undefined: memcheck then reports every jump and
 * every address computed from it.  The gate runs it twice: as it is (no report but the
 * suppressed one), and with "leak", which branches on the secret on purpose and must be reported.
 */
#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "crypto/crypto.h"
#include "crypto/edk.h"
#include "crypto/hd.h"

int main(int argc, char **argv)
{
	const bool leak = argc > 1 && strcmp(argv[1], "leak") == 0;
	uint8_t seed[32], message[144];
	struct hd_node node;
	struct edk_secret secret;
	struct sig64 sig;

	if (crypto_init() != ERR_OK || !RUNNING_ON_VALGRIND) {
		(void)fprintf(stderr, "this runs under valgrind only\n");
		return 2;
	}
	memset(seed, 0x5a, sizeof seed);
	memset(message, 0xc3, sizeof message);
	VALGRIND_MAKE_MEM_UNDEFINED(seed, sizeof seed);
	edk_secret_from_nem(&secret, seed);
	/* the public key and the signature are for everybody */
	VALGRIND_MAKE_MEM_DEFINED(&secret.public_key, sizeof secret.public_key);
	edk_sign(&sig, &secret, bytes_of(message, sizeof message));
	VALGRIND_MAKE_MEM_DEFINED(&sig, sizeof sig);
	if (leak && secret.prefix[0] == 0x11) {
		(void)puts("# one in 256");
	}
	if (!edk_verify_vartime(&secret.public_key, bytes_of(message, sizeof message), &sig)) {
		return 3;
	}
	if (hd_root(&node, bytes_of(seed, sizeof seed)) != ERR_OK ||
	    hd_child(&node, &node, 44) != ERR_OK) {
		return 4;
	}
	edk_secret_make(&secret, node.key);
	hd_wipe(&node);
	edk_secret_wipe(&secret);
	return 0;
}
