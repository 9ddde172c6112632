/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: the cards of SLIP-0039 that exist are read as everybody reads them, and those that must be
 * refused are, for the right reason.
 * Method: the 45 official vectors; beside each that must fail stands what is to be said of it.
 */
#include <string.h>

#include "base/hex.h"
#include "crypto/crypto.h"
#include "shares/shares.h"
#include "t.h"

enum { CARDS_MAX = 5, VECTORS = 45 };

static const struct {
	const char *what;
	const char *cards[CARDS_MAX];
	const char *secret;
} vectors[] = {

#include "slip39.inc"
};

/* By the number that the description begins with; what is not here is good. */
static const enum shares_fault_kind faults[VECTORS + 1] = {
	[2] = SHARES_CHECKSUM,         [3] = SHARES_PADDING,         [5] = SHARES_TOO_FEW_CARDS,
	[6] = SHARES_OTHER_SET,        [7] = SHARES_OTHER_SET,       [8] = SHARES_OTHER_SET,
	[9] = SHARES_OTHER_SET,        [10] = SHARES_THRESHOLD,      [11] = SHARES_SAME_MEMBER,
	[12] = SHARES_OTHER_THRESHOLD, [13] = SHARES_GROUP_DIGEST,   [14] = SHARES_TOO_FEW_GROUPS,
	[15] = SHARES_TOO_FEW_GROUPS,  [16] = SHARES_TOO_FEW_CARDS,  [21] = SHARES_CHECKSUM,
	[22] = SHARES_PADDING,         [24] = SHARES_TOO_FEW_CARDS,  [25] = SHARES_OTHER_SET,
	[26] = SHARES_OTHER_SET,       [27] = SHARES_OTHER_SET,      [28] = SHARES_OTHER_SET,
	[29] = SHARES_THRESHOLD,       [30] = SHARES_SAME_MEMBER,    [31] = SHARES_OTHER_THRESHOLD,
	[32] = SHARES_GROUP_DIGEST,    [33] = SHARES_TOO_FEW_GROUPS, [34] = SHARES_TOO_FEW_GROUPS,
	[35] = SHARES_TOO_FEW_CARDS,   [39] = SHARES_LENGTH,         [40] = SHARES_LENGTH,
};

static void official(void)
{
	T_EQ(ARRAY_LEN(vectors), VECTORS);
	for (size_t i = 0; i < VECTORS; i++) {
		struct share cards[CARDS_MAX];
		uint8_t out[SHARES_SECRET_MAX], want[SHARES_SECRET_MAX];
		struct shares_fault fault = { .kind = SHARES_GOOD };
		size_t count = 0, n = 0;
		enum err e = ERR_OK;

		while (e == ERR_OK && count < CARDS_MAX && vectors[i].cards[count] != NULL) {
			e = shares_read(&cards[count], bytes_str(vectors[i].cards[count]), &fault);
			count++;
		}
		if (e == ERR_OK) {
			e = shares_combine(out, &n, cards, count, bytes_str("TREZOR"), &fault);
		}
		printf("# %s\n", vectors[i].what);
		T_EQ(fault.kind, faults[strtoul(vectors[i].what, NULL, 10)]);
		T_EQ(e == ERR_OK, vectors[i].secret[0] != 0);
		if (e == ERR_OK) {
			T_EQ(strlen(vectors[i].secret), 2 * n);
			T_EQ(hex_get(want, n, bytes_str(vectors[i].secret), HEX_LOWER_ONLY),
			     ERR_OK);
			T_MEM(out, want, n);
		}
	}
}

/* What is read is written again as it was. */
static void written_again(void)
{
	size_t good = 0;

	for (size_t i = 0; i < VECTORS; i++) {
		for (size_t k = 0; k < CARDS_MAX && vectors[i].cards[k] != NULL; k++) {
			char text[SHARES_TEXT_BYTES];
			struct shares_fault fault;
			struct share card;

			if (shares_read(&card, bytes_str(vectors[i].cards[k]), &fault) == ERR_OK) {
				shares_text(text, &card);
				T_STR(text, vectors[i].cards[k]);
				good++;
			}
		}
	}
	T_CHECK(good > 60);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "the official vectors", official },
		{ "written again", written_again },
	};

	return crypto_init() == ERR_OK ? t_main(cases, ARRAY_LEN(cases), argc, argv) : 1;
}
