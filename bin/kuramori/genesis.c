/* SPDX-License-Identifier: Apache-2.0 */
/*
 * genesis.c - the genesis document in words.  It is entered at each machine by hand, and everything
 * hangs on its id; two people at two machines read words to each other, not 64 digits.
 */
#include <jansson.h>
#include <stdio.h>

#include "base/hex.h"
#include "show.h"

int cli_genesis_words(struct cli *c, const char *path)
{
	static uint8_t raw[DOC_BYTES_MAX];
	static struct doc_genesis genesis;
	struct doc_fault fault = { .why = "" };
	char hex[65], words[DOC_ID_WORDS_BYTES];
	struct doc d;
	size_t n = 0;
	enum err e;
	int code = cli_read(path, raw, sizeof raw, &n);

	if (code != 0) {
		return code;
	}
	e = doc_open(&d, bytes_of(raw, n), NULL, &fault);
	if (e == ERR_OK) {
		e = d.type == DOC_GENESIS ? doc_genesis_read(&d, &genesis, &fault) : ERR_TYPE;
	}
	if (e != ERR_OK) {
		return cli_fail(e, "%s is no genesis document: %s %s", path, fault.field,
				words_of(fault.why));
	}
	hex_put(hex, bytes_of(d.id.b, sizeof d.id.b));
	doc_id_words(words, &d.id);
	if (c->json) {
		json_t *o = json_pack("{s:s,s:s}", "genesis", hex, "words", words);

		(void)json_dumpf(o, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
		json_decref(o);
		return 0;
	}
	printf(_("genesis  %s\n"), hex);
	cli_id_words_print(&d.id);
	printf(_(
	    "Every machine writes these words into its log when it starts. They must be the same\n"
	    "at all of them, read out by one person and followed by another.\n"));
	return 0;
}
