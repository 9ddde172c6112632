/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoint.c - what an auditor writes down: size and root of kuramorid's journal, signed as a
 * C2SP checkpoint that tools we did not write can read.  Later `audit verify --checkpoint-file`
 * shows whether the journal still begins with what was signed: a log that was cut or rewritten does
 * not.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "cli.h"
#include "crypto/crypto.h"

static const struct doc_person *auditor(const struct cli *c, const char *id)
{
	for (size_t i = 0; i < c->roster.people_count; i++) {
		const struct doc_person *p = &c->roster.people[i];

		if (strcmp(p->id, id) == 0 && (p->roles & DOC_ROLE_AUDITOR) != 0) {
			return p;
		}
	}
	return NULL;
}

/* The origin names the log: one journal of one genesis. */
static void origin_of(const struct cli *c, char out[LOG_CHECKPOINT_NAME_MAX + 1])
{
	char hex[65];

	hex_put(hex, bytes_of(c->genesis_id.b, sizeof c->genesis_id.b));
	(void)snprintf(out, LOG_CHECKPOINT_NAME_MAX + 1, "kuramori/%s/kuramorid", hex);
}

int cli_audit_checkpoint(struct cli *c)
{
	static char answer[262144];
	struct log_checkpoint point = { .size = 0 };
	uint8_t secret[DOC_SECRET_BYTES], note[LOG_CHECKPOINT_WRITE_MAX];
	const struct doc_person *p;
	const char *root;
	unsigned status = 0;
	json_t *words;
	size_t n = 0;
	enum err e;
	int code = cli_documents(c, true);

	if (code != 0) {
		return code;
	}
	p = auditor(c, c->person);
	if (p == NULL) {
		return cli_fail(ERR_SIGNER_UNKNOWN, "%s is no auditor on the roster", c->person);
	}
	code = cli_api(c, "/v1/audit", bytes_of(NULL, 0), &status, answer, sizeof answer);
	if (code != 0) {
		return code;
	}
	if (status != 200) {
		return cli_problem(status, answer);
	}
	words = json_loads(answer, 0, NULL);
	root = json_string_value(json_object_get(words, "journal_root"));
	point.size = (uint64_t)json_integer_value(json_object_get(words, "journal_records"));
	if (root == NULL || point.size == 0 ||
	    hex_get(point.root.b, sizeof point.root.b, bytes_str(root), HEX_LOWER_ONLY) != ERR_OK) {
		json_decref(words);
		return cli_fail(ERR_INPUT,
				"kuramorid's answer holds no size and root of its journal");
	}
	json_decref(words);
	origin_of(c, point.origin);
	code = cli_secret(c, secret);
	if (code != 0) {
		return code;
	}
	e = log_checkpoint_write(note, &n, &point, bytes_str(p->id), &p->key, secret);
	crypto_wipe(secret, sizeof secret);
	if (e != ERR_OK) {
		return cli_fail(e, "the name %s cannot stand in a checkpoint", p->id);
	}
	if (c->json) {
		json_t *all = json_pack("{s:I, s:s%}", "size", (json_int_t)point.size, "checkpoint",
					(const char *)note, n);

		(void)json_dumpf(all, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
		json_decref(all);
	} else {
		(void)fwrite(note, 1, n, stdout);
	}
	return 0;
}

int cli_checkpoint_read(struct cli *c, struct log_checkpoint *out)
{
	static uint8_t note[LOG_CHECKPOINT_READ_MAX];
	char origin[LOG_CHECKPOINT_NAME_MAX + 1];
	enum err e = ERR_UNSIGNED;
	size_t n = 0;
	int code = cli_documents(c, true);

	if (code == 0) {
		code = cli_read(c->checkpoint_file, note, sizeof note, &n);
	}
	if (code != 0) {
		return code;
	}
	for (size_t i = 0; e == ERR_UNSIGNED && i < c->roster.people_count; i++) {
		const struct doc_person *p = &c->roster.people[i];

		if ((p->roles & DOC_ROLE_AUDITOR) != 0) {
			e = log_checkpoint_open(out, bytes_of(note, n), bytes_str(p->id), &p->key);
		}
	}
	if (e != ERR_OK) {
		return cli_fail(e, "%s: not a checkpoint signed by an auditor of the roster",
				c->checkpoint_file);
	}
	origin_of(c, origin);
	if (strcmp(origin, out->origin) != 0) {
		return cli_fail(ERR_GENESIS, "%s is of another log: %s", c->checkpoint_file,
				out->origin);
	}
	return 0;
}
