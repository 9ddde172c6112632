/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: linked with nem_other_none.c, as kuramori-cold is, transfers of XEM and changes of who
 * holds an account are the same bytes as ever, and nothing else is hashed, written, read or signed.
 * Method: every sample, plain and wrapped; bytes that claim to be what is not known.
 */
#include "nem_samples.h"

#include "t.h"

#include "crypto/crypto.h"

static struct nem_tx tx;
static uint8_t raw[NEM_TX_BYTES_MAX];

static void plain(enum nem_sample which)
{
	memset(&tx, 0, sizeof tx);
	tx.type = sample_body(&tx.body, &tx.head, which, 1);
}

static bool is_known(enum nem_sample which)
{
	return which == SAMPLE_TRANSFER || which == SAMPLE_MESSAGE ||
	       which == SAMPLE_MODIFICATION_1 || which == SAMPLE_MODIFICATION_2 ||
	       which == SAMPLE_MODIFICATION_BARE;
}

static void knows_what_it_needs(void)
{
	static struct nem_tx again;

	for (enum nem_sample which = 0; which < SAMPLES_PLAIN; which++) {
		struct writer w = writer_make(raw, sizeof raw);

		if (!is_known(which)) {
			continue;
		}
		sample_wrapped(&tx, which);
		nem_tx_encode(&w, &tx, NEM_SIGNED);
		T_EQ(nem_tx_decode(&again, SAMPLE_NETWORK, bytes_of(raw, w.n), NEM_SIGNED), ERR_OK);
		T_EQ(nem_tx_verify(&again), ERR_OK);
	}
	/* a transfer of version 2 without mosaics is XEM alone */
	plain(SAMPLE_TRANSFER);
	tx.head.version = 2;
	sample_sign(&tx, 1);
	T_EQ(nem_tx_check(&tx), ERR_OK);
}

static void knows_nothing_else(void)
{
	for (enum nem_sample which = 0; which < SAMPLES_PLAIN; which++) {
		struct edk_secret secret = sample_secret(1);

		if (is_known(which)) {
			continue;
		}
		plain(which);
		T_EQ(nem_tx_check(&tx), ERR_TYPE);
		T_EQ(nem_tx_sign(&tx, &secret), ERR_TYPE);
		T_EQ(nem_tx_verify(&tx), ERR_TYPE);
		memset(&tx, 0, sizeof tx);
		tx.type = NEM_MULTISIG;
		tx.head = sample_head(3, 1, NEM_FEE_MULTISIG_MICRO);
		tx.multisig.inner.type =
		    sample_body(&tx.multisig.inner.body, &tx.multisig.inner.head, which, 1);
		secret = sample_secret(3);
		T_EQ(nem_tx_sign(&tx, &secret), ERR_TYPE);
	}
}

static void reads_nothing_else(void)
{
	static const uint32_t others[] = { NEM_IMPORTANCE, NEM_NAMESPACE, NEM_DEFINITION,
					   NEM_SUPPLY };
	struct writer w = writer_make(raw, sizeof raw);
	struct bytes all;

	sample_plain(&tx, SAMPLE_TRANSFER);
	nem_tx_encode(&w, &tx, NEM_SIGNED);
	all = bytes_of(raw, w.n);
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		le32_put(raw, others[i]);
		T_EQ(nem_tx_decode(&tx, SAMPLE_NETWORK, all, NEM_SIGNED), ERR_TYPE);
	}
	plain(SAMPLE_TRANSFER);
	tx.head.version = 2;
	sample_sign(&tx, 1);
	w = writer_make(raw, sizeof raw);
	nem_tx_encode(&w, &tx, NEM_SIGNED);
	all = bytes_of(raw, w.n);
	le32_put(raw + all.n - 4, 1);
	T_EQ(nem_tx_decode(&tx, SAMPLE_NETWORK, all, NEM_SIGNED), ERR_TYPE);
	T_EQ(nem_tx_decode(&tx, SAMPLE_NETWORK, bytes_of(raw, all.n - 1), NEM_SIGNED), ERR_TYPE);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "knows what it needs", knows_what_it_needs },
		{ "knows nothing else", knows_nothing_else },
		{ "reads nothing else", reads_nothing_else },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
