/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our shares and our texts for QR codes on a command line, for tests against other people's code
 * (tests/sdk/test_cold.py).
 *
 *   split GROUPS_NEEDED T/N,T/N,... EXPONENT EXTENDABLE SECRET PASSPHRASE RANDOM   (hex)
 *     prints the cards, one a line
 *   combine PASSPHRASE   (hex)
 *     reads cards, one a line; prints "secret HEX" or "fault KIND"
 *   ur-encode TYPE FRAGMENT_MAX SEQ COUNT MESSAGE   (hex)
 *     prints COUNT texts, from part SEQ + 1 on
 *   ur-decode TYPE
 *     reads texts, one a line; prints "message HEX TEXTS_READ" or "progress SOLVED PARTS NOISE
 * OTHERS"
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "crypto/crypto.h"
#include "shares/shares.h"
#include "ur/ur.h"

enum { LINE_MAX_BYTES = 8192, HEX_MAX_BYTES = 65536 };

static struct bytes hex_arg(uint8_t *out, const char *text)
{
	size_t n = strlen(text) / 2;

	if (n > HEX_MAX_BYTES || hex_get(out, n, bytes_str(text), HEX_LOWER_ONLY) != ERR_OK) {
		(void)fprintf(stderr, "not hex: %s\n", text);
		exit(2);
	}
	return bytes_of(out, n);
}

static int split(char **a)
{
	static struct share cards[SHARES_CARDS_MAX];
	static uint8_t secret[HEX_MAX_BYTES], passphrase[HEX_MAX_BYTES], random[HEX_MAX_BYTES];
	struct shares_plan plan = { .group_threshold = (uint8_t)strtoul(a[0], NULL, 10),
				    .exponent = (uint8_t)strtoul(a[2], NULL, 10),
				    .extendable = strcmp(a[3], "1") == 0 };
	struct bytes s = hex_arg(secret, a[4]), p = hex_arg(passphrase, a[5]);
	size_t count = 0, bytes = 0;
	const char *at = a[1];

	while (*at != 0 && plan.group_count < SHARES_GROUPS_MAX) {
		char *end;

		plan.groups[plan.group_count].threshold = (uint8_t)strtoul(at, &end, 10);
		plan.groups[plan.group_count].count = (uint8_t)strtoul(end + 1, &end, 10);
		plan.group_count++;
		at = *end == ',' ? end + 1 : end;
	}
	if (shares_need(&plan, s.n, &count, &bytes) != ERR_OK || hex_arg(random, a[6]).n < bytes ||
	    shares_split(cards, &plan, s, p, bytes_of(random, bytes)) != ERR_OK) {
		return 1;
	}
	for (size_t i = 0; i < count; i++) {
		char text[SHARES_TEXT_BYTES];

		shares_text(text, &cards[i]);
		(void)puts(text);
	}
	return 0;
}

static int combine(char **a)
{
	static struct share cards[SHARES_CARDS_MAX];
	static char line[LINE_MAX_BYTES];
	static uint8_t passphrase[HEX_MAX_BYTES];
	struct bytes p = hex_arg(passphrase, a[0]);
	uint8_t out[SHARES_SECRET_MAX];
	struct shares_fault fault;
	size_t count = 0, n = 0;

	while (count < SHARES_CARDS_MAX && fgets(line, sizeof line, stdin) != NULL) {
		line[strcspn(line, "\n")] = 0;
		if (shares_read(&cards[count++], bytes_str(line), &fault) != ERR_OK) {
			(void)printf("fault %d\n", (int)fault.kind);
			return 0;
		}
	}
	if (shares_combine(out, &n, cards, count, p, &fault) != ERR_OK) {
		(void)printf("fault %d\n", (int)fault.kind);
		return 0;
	}
	(void)printf("secret ");
	for (size_t i = 0; i < n; i++) {
		(void)printf("%02x", out[i]);
	}
	(void)puts("");
	return 0;
}

static int ur_encode(char **a)
{
	static struct ur_encoder e;
	static uint8_t message[HEX_MAX_BYTES], text[UR_TEXT_MAX];
	size_t count = strtoul(a[3], NULL, 10);

	if (ur_encoder_start(&e, a[0], hex_arg(message, a[4]), strtoul(a[1], NULL, 10), false) !=
	    ERR_OK) {
		return 1;
	}
	e.seq = (uint32_t)strtoul(a[2], NULL, 10);
	for (size_t i = 0; i < count; i++) {
		struct writer w = writer_make(text, sizeof text);

		if (ur_encoder_next(&e, &w) != ERR_OK) {
			return 1;
		}
		(void)printf("%.*s\n", (int)w.n, (const char *)text);
	}
	return 0;
}

static int ur_decode(char **a)
{
	static struct ur_decoder d;
	static uint8_t room[HEX_MAX_BYTES + UR_FRAGMENT_MAX];
	static char line[LINE_MAX_BYTES];
	size_t read = 0;

	if (ur_decoder_start(&d, a[0], room, sizeof room) != ERR_OK) {
		return 1;
	}
	while (fgets(line, sizeof line, stdin) != NULL) {
		line[strcspn(line, "\n")] = 0;
		read++;
		if (ur_decoder_take(&d, bytes_str(line)) == UR_HEARD_ALL) {
			struct bytes m = ur_decoder_message(&d);

			(void)printf("message ");
			for (size_t i = 0; i < m.n; i++) {
				(void)printf("%02x", m.p[i]);
			}
			(void)printf(" %zu\n", read);
			return 0;
		}
	}
	(void)printf("progress %zu %zu %u %u\n", d.solved, d.parts, d.noise, d.others);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int arguments;
		int (*run)(char **a);
	} verbs[] = {
		{ "split", 7, split },
		{ "combine", 1, combine },
		{ "ur-encode", 5, ur_encode },
		{ "ur-decode", 1, ur_decode },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (argc >= 2 && strcmp(argv[1], verbs[i].name) == 0 &&
		    argc == 2 + verbs[i].arguments) {
			return verbs[i].run(argv + 2);
		}
	}
	(void)fprintf(stderr, "cold_tool: which verb? see the head of cold_tool.c\n");
	return 2;
}
