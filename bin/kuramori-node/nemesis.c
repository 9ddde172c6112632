/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nemesis.c - the first block, from a file of grants, a time and a key: who has these has the
 * chain.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "base/money.h"
#include "chain/nem/nem_address.h"
#include "chain/nem/nem_block.h"
#include "crypto/crypto.h"
#include "io/file.h"
#include "node.h"

enum { GRANTS_FILE_MAX = 131072, KEY_DIGITS = 64 };

/* 64 hex digits and at most a line end. */
static enum err read_key(uint8_t out[32], const char *path, char *what, size_t cap)
{
	char text[KEY_DIGITS + 2];
	size_t n = 0;
	enum err e = file_read_private(path, text, sizeof text, &n);

	(void)snprintf(what, cap, "%s", path);
	if (e == ERR_OK && n == KEY_DIGITS + 1 && text[KEY_DIGITS] == '\n') {
		n--;
	}
	if (e == ERR_OK &&
	    (n != KEY_DIGITS || hex_get(out, 32, bytes_of(text, n), HEX_ANY_CASE) != ERR_OK)) {
		e = ERR_KEY;
	}
	crypto_wipe(text, sizeof text);
	return e;
}

static enum err read_line(struct nis_grant *out, struct bytes line)
{
	struct bytes amount;
	struct money money;
	enum err e;

	if (line.n < NEM_ADDRESS_CHARS + 2 || line.p[NEM_ADDRESS_CHARS] != ' ') {
		return ERR_INPUT;
	}
	e = nem_address_parse(&out->to, NODE_NETWORK, bytes_of(line.p, NEM_ADDRESS_CHARS), NULL);
	if (e != ERR_OK) {
		return e;
	}
	amount = bytes_of(line.p + NEM_ADDRESS_CHARS + 1, line.n - NEM_ADDRESS_CHARS - 1);
	e = money_parse(&money, ASSET_XEM, amount);
	if (e == ERR_OK) {
		e = money_u64(&out->amount, &money);
	}
	return e == ERR_OK && out->amount == 0 ? ERR_AMOUNT : e;
}

/* Lines of `ADDRESS MICRO-XEM`; empty ones and comments (#) are skipped. */
static enum err read_grants(struct nis_grant *grants, size_t *n, const char *path, char *what,
			    size_t cap)
{
	char *text = malloc(GRANTS_FILE_MAX);
	size_t size = 0, at = 0;
	unsigned number = 0;
	enum err e;

	CHECK(text != NULL);
	(void)snprintf(what, cap, "%s", path);
	e = file_read(path, text, GRANTS_FILE_MAX, &size);
	while (e == ERR_OK && at < size) {
		const char *end = memchr(text + at, '\n', size - at);
		size_t length = end == NULL ? size - at : (size_t)(end - (text + at));

		number++;
		if (length > 0 && text[at] != '#') {
			(void)snprintf(what, cap, "%s:%u", path, number);
			e = *n < NEM_BLOCK_NEMESIS_MAX
				? read_line(&grants[*n], bytes_of(text + at, length))
				: ERR_FULL;
			*n += 1;
		}
		at += length + 1;
	}
	free(text);
	return e;
}

enum err node_nemesis_open(struct node *n, char *what, size_t cap)
{
	static struct nis_grant grants[NEM_BLOCK_NEMESIS_MAX];
	struct nis_config config = { .network = NODE_NETWORK,
				     .pools = NODE_PORTS,
				     .retention_s = n->config.retention_s,
				     .result_cache = n->config.result_cache,
				     .spam_filter = n->config.spam_filter,
				     .must_hit = strcmp(n->config.harvest_rule, "nis") == 0 };
	struct nis_nemesis plan = { .time_s = n->config.nemesis_time, .grants = grants };
	enum err e = read_grants(grants, &plan.n, n->config.nemesis_file, what, cap);

	if (e == ERR_OK) {
		e = read_key(plan.key, n->config.nemesis_key_file, what, cap);
	}
	if (e == ERR_OK) {
		e = read_key(config.harvester, n->config.harvester_key_file, what, cap);
	}
	if (e == ERR_OK) {
		(void)snprintf(what, cap, "%s", "the first block");
		e = nis_open(&n->nis, &config, &plan);
		edk_secret_from_nem(&n->identity, config.harvester);
	}
	crypto_wipe(&plan, sizeof plan);
	crypto_wipe(&config, sizeof config);
	return e;
}
