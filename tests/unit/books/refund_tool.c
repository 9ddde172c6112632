/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refund_tool RATE - books/refund.h for a program that was not written with it: lines of stdin to
 * lines of stdout.
 *
 *   due LOST              what is paid, or "overflow"
 *   exact LOST            lost x rate without rounding, or "overflow"
 *   distance LOST PAID    paid less that, or "overflow"
 *   row SALT NAME LOST PAID     its leaf in hex
 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "books/refund.h"

static u128 number(const char *text)
{
	struct money m;

	CHECK(money_parse(&m, ASSET_XEM, bytes_str(text)) == ERR_OK);
	return money_units(&m);
}

static void print_number(u128 v)
{
	struct money m = money_of(ASSET_JPY, v);
	char text[MONEY_TEXT_MAX];

	money_put(text, &m);
	puts(text);
}

int main(int argc, char **argv)
{
	char line[512], what[16], a[128], b[128], c[64], d[64], text[REFUND_NUMBER_MAX];
	struct refund_rate rate;

	if (argc != 2 || refund_rate_read(&rate, bytes_str(argv[1])) != ERR_OK) {
		return 2;
	}
	while (fgets(line, sizeof line, stdin) != NULL) {
		int n = sscanf(line, "%15s %127s %127s %63s %63s", what, a, b, c, d);
		enum err e = ERR_OK;
		u128 paid = 0;

		if (n == 2 && strcmp(what, "due") == 0) {
			e = refund_due(&paid, &rate, number(a));
			if (e == ERR_OK) {
				print_number(paid);
				continue;
			}
		} else if (n == 2 && strcmp(what, "exact") == 0) {
			e = refund_exact_put(text, &rate, number(a));
		} else if (n == 3 && strcmp(what, "distance") == 0) {
			e = refund_distance_put(text, &rate, number(a), number(b));
		} else if (n == 5 && strcmp(what, "row") == 0) {
			struct refund_row row = { bytes_str(b), number(c), number(d) };
			struct hash32 salt, row_salt, leaf;

			CHECK(hex_get(salt.b, 32, bytes_str(a), HEX_LOWER_ONLY) == ERR_OK);
			refund_salt(&row_salt, &salt, row.customer);
			refund_leaf(&leaf, &row_salt, &row);
			hex_put(text, bytes_of(leaf.b, 32));
		} else {
			return 2;
		}
		CHECK(e == ERR_OK || e == ERR_OVERFLOW);
		puts(e == ERR_OK ? text : "overflow");
	}
	return 0;
}
