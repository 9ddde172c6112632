/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_tables.h - keys whose signatures are met again and again are verified by tables of their
 * multiples, in less than half the time: a payment is checked by six programs under a dozen keys.
 *
 * The verdict of ed25519_verify() and edk_verify_vartime() stays what it is, bit for bit: the same
 * integers times the same points, and what is special (S of zero, a key that libsodium refuses) is
 * left to the plain road.  A table is made when a key is asked for the second time, and stays while
 * it is used: others go the plain road meanwhile.
 */
#ifndef KURAMORI_CRYPTO_KEY_TABLES_H
#define KURAMORI_CRYPTO_KEY_TABLES_H

enum {
	KEY_TABLES = 16, /* tables, of 4 KB each: static */
	KEY_TABLES_STAY =
	    256, /* verifications for which a key that is not asked for keeps its table */
};

/*
 * From here on, in this thread alone; other threads verify as before.  After crypto_init(); asked
 * again it changes nothing.  Who does not call it does not link it.
 */
void key_tables_init(void);

#endif
