/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nemesis.c - the first block comes from a file, so that whoever has the file has the chain.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/money.h"
#include "chain/nem/nem_address.h"
#include "chain/nem/nem_block.h"
#include "crypto/crypto.h"
#include "io/file.h"
#include "node.h"

enum { NEMESIS_FILE_MAX = 131072, GRANTS_MAX = NEM_BLOCK_NEMESIS_MAX };

struct nemesis {
	uint32_t time_s;
	uint8_t key[32], harvester[32];
	struct nis_grant grant[GRANTS_MAX];
	size_t n;
};

static enum err read_key(uint8_t out[32], const json_t *j, const char *name, char where[64])
{
	const json_t *v = json_object_get(j, name);
	const char *text = json_string_value(v);

	(void)snprintf(where, 64, "%s", name);
	if (v == NULL) {
		return ERR_FIELD_MISSING;
	}
	if (text == NULL) {
		return ERR_FIELD_TYPE;
	}
	return hex_get(out, 32, bytes_str(text), HEX_ANY_CASE) == ERR_OK ? ERR_OK : ERR_KEY;
}

static enum err read_grant(struct nis_grant *out, const json_t *j, size_t i, char where[64])
{
	const char *address = json_string_value(json_object_get(j, "address"));
	const char *amount = json_string_value(json_object_get(j, "amount"));
	struct money money;
	enum err e;

	(void)snprintf(where, 64, "grants[%zu].address", i);
	if (address == NULL || json_object_size(j) != 2) {
		return address == NULL ? ERR_FIELD_MISSING : ERR_FIELD_UNKNOWN;
	}
	e = nem_address_parse(&out->to, NODE_NETWORK, bytes_str(address), NULL);
	if (e != ERR_OK) {
		return e;
	}
	(void)snprintf(where, 64, "grants[%zu].amount", i);
	if (amount == NULL) {
		return ERR_FIELD_MISSING;
	}
	e = money_parse(&money, ASSET_XEM, bytes_str(amount));
	if (e == ERR_OK) {
		e = money_u64(&out->amount, &money);
	}
	return e == ERR_OK && out->amount == 0 ? ERR_AMOUNT : e;
}

static enum err read_nemesis(struct nemesis *out, const json_t *j, char where[64])
{
	const json_t *time = json_object_get(j, "time_nem_s");
	const json_t *grants = json_object_get(j, "grants");
	enum err e;

	(void)snprintf(where, 64, "the file");
	if (!json_is_object(j)) {
		return ERR_INPUT;
	}
	if (json_object_size(j) != 4) {
		return json_object_size(j) < 4 ? ERR_FIELD_MISSING : ERR_FIELD_UNKNOWN;
	}
	(void)snprintf(where, 64, "time_nem_s");
	if (time == NULL) {
		return ERR_FIELD_MISSING;
	}
	if (!json_is_integer(time)) {
		return ERR_FIELD_TYPE;
	}
	if (json_integer_value(time) < 0 || json_integer_value(time) > INT32_MAX) {
		return ERR_FIELD_RANGE;
	}
	out->time_s = (uint32_t)json_integer_value(time);
	e = read_key(out->key, j, "key", where);
	if (e == ERR_OK) {
		e = read_key(out->harvester, j, "harvester", where);
	}
	if (e != ERR_OK) {
		return e;
	}
	(void)snprintf(where, 64, "grants");
	if (!json_is_array(grants)) {
		return grants == NULL ? ERR_FIELD_MISSING : ERR_FIELD_TYPE;
	}
	out->n = json_array_size(grants);
	if (out->n > GRANTS_MAX) {
		return ERR_FULL;
	}
	for (size_t i = 0; i < out->n; i++) {
		e = read_grant(&out->grant[i], json_array_get(grants, i), i, where);
		if (e != ERR_OK) {
			return e;
		}
	}
	(void)snprintf(where, 64, "the file");
	return ERR_OK;
}

enum err node_nemesis_open(struct node *n, char where[64])
{
	struct nis_config config = { .network = NODE_NETWORK,
				     .pools = NODE_PORTS,
				     .retention_s = n->config.retention_s,
				     .result_cache = n->config.result_cache,
				     .spam_filter = n->config.spam_filter };
	static struct nemesis nemesis; /* large: not on the stack */
	struct nis_nemesis plan;
	char *text = malloc(NEMESIS_FILE_MAX);
	json_t *j = NULL;
	size_t size;
	enum err e = ERR_IO;

	(void)snprintf(where, 64, "%s", "the file");
	if (text != NULL) {
		e = file_read_private(n->config.nemesis_file, text, NEMESIS_FILE_MAX, &size);
	}
	if (e == ERR_OK) {
		j = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
		e = j == NULL ? ERR_INPUT : read_nemesis(&nemesis, j, where);
	}
	if (e == ERR_OK) {
		plan = (struct nis_nemesis){ .time_s = nemesis.time_s,
					     .grants = nemesis.grant,
					     .n = nemesis.n };
		memcpy(plan.key, nemesis.key, sizeof plan.key);
		memcpy(config.harvester, nemesis.harvester, sizeof config.harvester);
		e = nis_open(&n->nis, &config, &plan);
		edk_secret_from_nem(&n->identity, nemesis.harvester);
		crypto_wipe(&plan, sizeof plan);
		crypto_wipe(&config, sizeof config);
	}
	if (text != NULL) {
		crypto_wipe(text, NEMESIS_FILE_MAX);
	}
	crypto_wipe(&nemesis, sizeof nemesis);
	free(text);
	json_decref(j);
	return e;
}
