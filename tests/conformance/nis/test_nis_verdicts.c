/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: src/nis judges and executes as NIS does: every verdict on an announcement and on a block,
 * what a harvester puts into a block, what stays in the pool, and what everybody owns afterwards.
 *
 * Method: scenarios with the answers of NIS's own validators, caches and observers
 * (nem_verdicts.inc) are replayed.  Each row is a question and NIS's answer:
 *
 *  - open TIME NEMESIS HARVESTER: a new chain at this NEM second, private keys;
 *    grant ADDRESS AMOUNT: what its first block gives; begin: that is all.
 *  - announce TIME DATA SIGNATURE: the code, or E400 (no transaction, or NIS ends with an
 *    exception) or E404 (a recipient that is no address of this network).
 *    push TIME VERIFIABLE: the same for a whole transaction of a peer.
 *  - block TIME: one from the pool; beginnings of its hashes, and what the pool holds then.
 *    skip COUNT TIME: so many of them, a minute apart; of the last one.
 *    tx VERIFIABLE: one for the next given TIME HARVESTER, a block of exactly those; the code, and
 *    what the pool holds.
 *  - expire TIME: what the pool holds.
 *  - top: height and time of the last block.
 *    account ADDRESS: balance, harvested blocks, and as far as there are: m of cosigners, how many
 *    accounts it cosigns, remote status, mosaics.
 *    namespace NAME: owner, height.  namespaces: how many there are.
 *    mosaic NAME: supply, divisibility.  mosaics: how many there are, without nem:xem.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/check.h"
#include "base/hex.h"
#include "chain/nem/nem_network.h"
#include "chain/nem/nem_tx.h"
#include "crypto/crypto.h"
#include "nis/nis.h"
#include "t.h"

static const struct {
	const char *ask, *answer;
} rows[] = {

#include "nem_verdicts.inc"
};

/* A row that cannot be read, or a question that cannot be asked, ends the test. */
enum { WORDS = 4, GIVEN_MAX = 128, LIST_MAX = 128, BYTES_MAX = 1 << 20 };

/* What is asked, in words; missing ones are empty. */
struct ask {
	char text[4096];
	const char *word[WORDS];
};

/* An answer of ours, word by word. */
struct said {
	char text[8192];
	size_t n;
};

static struct {
	struct nis *n;
	struct nis_config config;
	struct nis_nemesis nemesis;
	struct nis_grant grant[64];
	struct bytes given[GIVEN_MAX];
	size_t given_n;
	uint8_t bytes[BYTES_MAX];
	size_t bytes_n;
} w;

static void split(struct ask *out, const char *text)
{
	char *rest = NULL;

	CHECK(strlen(text) < sizeof out->text);
	memcpy(out->text, text, strlen(text) + 1);
	for (unsigned i = 0; i < WORDS; i++) {
		const char *word = strtok_r(i == 0 ? out->text : NULL, " ", &rest);

		out->word[i] = word == NULL ? "" : word;
	}
}

static PRINTF(2, 3) void say(struct said *s, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(s->text + s->n, sizeof s->text - s->n, format, args);
	va_end(args);
	CHECK(n >= 0 && (size_t)n < sizeof s->text - s->n);
	s->n += (size_t)n;
}

static uint64_t number(const char *text)
{
	return strtoull(text, NULL, 10);
}

static uint32_t seconds(const char *text)
{
	return (uint32_t)number(text);
}

/* Bytes that live until the next one that begins anew. */
static struct bytes unhex(const char *text)
{
	size_t n = strlen(text) / 2;
	uint8_t *at = w.bytes + w.bytes_n;

	CHECK(w.bytes_n + n <= sizeof w.bytes);
	CHECK(hex_get(at, n, bytes_str(text), HEX_LOWER_ONLY) == ERR_OK);
	w.bytes_n += n;
	return bytes_of(at, n);
}

static void key(uint8_t out[static 32], const char *text)
{
	CHECK(hex_get(out, 32, bytes_str(text), HEX_LOWER_ONLY) == ERR_OK);
}

static struct nem_address address(const char *text)
{
	struct nem_address a;

	CHECK(nem_address_parse(&a, NEM_NETWORK_TEST, bytes_str(text), NULL) == ERR_OK);
	return a;
}

static void say_pool(struct said *s)
{
	say(s, "%spool=%zu", s->n == 0 ? "" : " ", nis_pool_count(w.n, 0));
}

static void say_code(struct said *s, enum err e, enum nem_result code)
{
	if (e == ERR_OK) {
		say(s, "%d", (int)code);
	} else {
		say(s, e == ERR_ADDRESS ? "E404" : "E400");
	}
}

/* ---- what is done ---- */

static void open_chain(const struct ask *a, struct said *s)
{
	(void)s;
	nis_close(w.n);
	w.n = NULL;
	w.config = (struct nis_config){ .network = NEM_NETWORK_TEST,
					.pools = 1,
					.retention_s = NIS_RETENTION_S };
	w.nemesis =
	    (struct nis_nemesis){ .time_s = seconds(a->word[1]), .grants = w.grant, .n = 0 };
	key(w.nemesis.key, a->word[2]);
	key(w.config.harvester, a->word[3]);
}

static void grant(const struct ask *a, struct said *s)
{
	(void)s;
	CHECK(w.nemesis.n < ARRAY_LEN(w.grant));
	w.grant[w.nemesis.n].to = address(a->word[1]);
	w.grant[w.nemesis.n++].amount = number(a->word[2]);
}

static void begin(const struct ask *a, struct said *s)
{
	(void)a;
	(void)s;
	CHECK(nis_open(&w.n, &w.config, &w.nemesis) == ERR_OK);
}

static void announce(const struct ask *a, struct said *s)
{
	struct nis_answer answer = { .code = NEM_NEUTRAL };
	struct sig64 signature;
	struct bytes data = unhex(a->word[2]);
	enum err e;

	CHECK(hex_get(signature.b, sizeof signature.b, bytes_str(a->word[3]), HEX_LOWER_ONLY) ==
	      ERR_OK);
	e = nis_announce(w.n, 0, data, &signature, seconds(a->word[1]), &answer, NULL);
	say_code(s, e, answer.code);
}

static void push(const struct ask *a, struct said *s)
{
	struct nis_answer answer = { .code = NEM_NEUTRAL };
	enum err e = nis_push(w.n, 0, unhex(a->word[2]), seconds(a->word[1]), &answer, NULL);

	say_code(s, e, answer.code);
}

static void blocks(unsigned count, uint32_t time_s, struct said *s)
{
	struct nis_block top;

	for (unsigned i = 0; i < count; i++) {
		CHECK(nis_mine(w.n, 0, time_s + i * 60) == ERR_OK);
	}
	top = nis_top(w.n);
	for (unsigned i = 0; i < top.transactions; i++) {
		struct nis_entry e;

		CHECK(nis_entry_at(w.n, top.height, i, &e));
		say(s, "%s%02x%02x%02x%02x", i == 0 ? "" : ",", e.hash.b[0], e.hash.b[1],
		    e.hash.b[2], e.hash.b[3]);
	}
	say_pool(s);
}

static void block(const struct ask *a, struct said *s)
{
	blocks(1, seconds(a->word[1]), s);
}

static void skip(const struct ask *a, struct said *s)
{
	blocks((unsigned)number(a->word[1]), seconds(a->word[2]), s);
}

static void tx(const struct ask *a, struct said *s)
{
	(void)s;
	CHECK(w.given_n < GIVEN_MAX);
	w.given[w.given_n++] = unhex(a->word[1]);
}

static void given(const struct ask *a, struct said *s)
{
	struct edk_secret harvester;
	enum nem_result code = NEM_NEUTRAL;
	uint8_t raw[32];
	enum err e;

	key(raw, a->word[2]);
	edk_secret_from_nem(&harvester, raw);
	e = nis_mine_given(w.n, w.given, w.given_n, seconds(a->word[1]), &harvester, &code);
	w.given_n = 0;
	say_code(s, e, code);
	if (e == ERR_OK) {
		say_pool(s);
	}
}

static void expire(const struct ask *a, struct said *s)
{
	nis_expire(w.n, seconds(a->word[1]));
	say_pool(s);
}

/* ---- what is looked at ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void say_cosigners(struct said *s, const struct nis_account *a)
{
	char list[NEM_MULTISIG_COSIGNERS_MAX][NEM_ADDRESS_CHARS + 1];

	for (unsigned i = 0; i < a->cosigners; i++) {
		memcpy(list[i], a->cosigner[i].text, sizeof list[i]);
	}
	qsort(list, a->cosigners, sizeof list[0], by_text);
	say(s, " %uof:", a->minimum);
	for (unsigned i = 0; i < a->cosigners; i++) {
		say(s, "%s%s", i == 0 ? "" : ",", list[i]);
	}
}

static int by_id(const void *va, const void *vb)
{
	const struct nem_mosaic *a = va, *b = vb;
	char of_a[NEM_MOSAIC_ID_MAX + 1], of_b[NEM_MOSAIC_ID_MAX + 1];

	nem_mosaic_id_put(of_a, &a->id);
	nem_mosaic_id_put(of_b, &b->id);
	return strcmp(of_a, of_b);
}

static void say_owned(struct said *s, const struct nem_address *who)
{
	static struct nem_mosaic owned[LIST_MAX];
	size_t n = nis_owned(w.n, who, owned, LIST_MAX);

	qsort(owned, n, sizeof owned[0], by_id);
	for (size_t i = 0; i < n; i++) {
		char id[NEM_MOSAIC_ID_MAX + 1];

		if (!nem_mosaic_is_xem(&owned[i].id) && owned[i].quantity > 0) {
			nem_mosaic_id_put(id, &owned[i].id);
			say(s, " %s=%llu", id, (unsigned long long)owned[i].quantity);
		}
	}
}

static void account(const struct ask *a, struct said *s)
{
	static const char *const status[] = { [NIS_REMOTE_STATE_INACTIVE] = "",
					      [NIS_REMOTE_STATE_ACTIVATING] = " ACTIVATING",
					      [NIS_REMOTE_STATE_ACTIVE] = " ACTIVE",
					      [NIS_REMOTE_STATE_DEACTIVATING] = " DEACTIVATING",
					      [NIS_REMOTE_STATE_REMOTE] = " REMOTE" };
	struct nem_address who = address(a->word[1]);
	struct nis_account account;

	nis_account(w.n, &who, &account);
	say(s, "%llu h%llu", (unsigned long long)account.balance,
	    (unsigned long long)account.harvested);
	if (account.cosigners > 0) {
		say_cosigners(s, &account);
	}
	if (account.cosignatory_of > 0) {
		say(s, " of%u", account.cosignatory_of);
	}
	say(s, "%s", status[nis_remote_state(w.n, &who, NULL)]);
	say_owned(s, &who);
}

static void name_space(const struct ask *a, struct said *s)
{
	struct nem_namespace name;
	struct nis_namespace space;

	CHECK(nem_namespace_parse(&name, bytes_str(a->word[1]), NULL) == ERR_OK);
	CHECK(nis_namespace(w.n, &name, &space));
	say(s, "%s %llu", space.owner.text, (unsigned long long)space.height);
}

/* Each root's owner has what is below it. */
static void namespaces(const struct ask *a, struct said *s)
{
	static struct nis_namespace root[LIST_MAX], below[LIST_MAX];
	size_t n = nis_roots(w.n, 0, root, LIST_MAX), all = 0;

	(void)a;

	for (size_t i = 0; i < n; i++) {
		size_t m = nis_namespaces_of(w.n, &root[i].owner, NULL, 0, below, LIST_MAX);
		size_t length = strlen(root[i].name.text);

		for (size_t k = 0; k < m; k++) {
			all += strncmp(below[k].name.text, root[i].name.text, length) == 0 &&
			       (below[k].name.text[length] == '.' ||
				below[k].name.text[length] == '\0');
		}
	}
	say(s, "%zu", all);
}

static void mosaic(const struct ask *a, struct said *s)
{
	struct nem_mosaic_id id;
	struct nis_mosaic_info info;

	CHECK(nem_mosaic_id_parse(&id, bytes_str(a->word[1]), NULL) == ERR_OK);
	CHECK(nis_mosaic(w.n, &id, &info));
	say(s, "%llu %u", (unsigned long long)info.supply,
	    info.definition->properties.divisibility);
}

static void mosaics(const struct ask *a, struct said *s)
{
	static struct nis_mosaic_info all[LIST_MAX];

	(void)a;
	CHECK(nis_validate(w.n) == NULL);
	say(s, "%zu", nis_mosaics(w.n, NULL, NULL, 0, all, LIST_MAX));
}

static void top(const struct ask *a, struct said *s)
{
	struct nis_block b = nis_top(w.n);

	(void)a;
	say(s, "%llu %u", (unsigned long long)b.height, b.time_s);
}

/* ---- the replay ---- */

static const struct {
	const char *what;
	void (*ask)(const struct ask *a, struct said *s);
} verbs[] = {
	{ "open", open_chain },
	{ "grant", grant },
	{ "begin", begin },
	{ "announce", announce },
	{ "push", push },
	{ "block", block },
	{ "skip", skip },
	{ "tx", tx },
	{ "given", given },
	{ "expire", expire },
	{ "top", top },
	{ "account", account },
	{ "namespace", name_space },
	{ "namespaces", namespaces },
	{ "mosaic", mosaic },
	{ "mosaics", mosaics },
};

static void do_row(const struct ask *a, struct said *s)
{
	size_t i = 0;

	if (strcmp(a->word[0], "tx") != 0 && strcmp(a->word[0], "given") != 0) {
		w.bytes_n = 0;
	}
	while (strcmp(a->word[0], verbs[i].what) != 0) {
		i++;
		CHECK(i < ARRAY_LEN(verbs));
	}
	verbs[i].ask(a, s);
}

/* The codes that the rows show, so that none is lost when they are made anew. */
static void note_code(bool *seen, const char *answer)
{
	unsigned long code = strtoul(answer, NULL, 10);

	if (answer[0] != 'E' && code < 256) {
		seen[code] = true;
	}
}

static void replay(void)
{
	static const uint8_t announced[] = { 0,   1,   3,   4,   5,   6,   8,   10,  17,  18,
					     20,  22,  62,  63,  64,  65,  66,  71,  73,  74,
					     75,  77,  78,  80,  81,  82,  121, 122, 123, 124,
					     126, 127, 128, 129, 141, 142, 143, 144, 145, 146,
					     147, 148, 150, 151, 152, 153 };
	static const uint8_t in_blocks[] = { 0,  1,  3,  5,  10, 11,  15,  16,
					     18, 71, 72, 74, 79, 105, 106, 149 };
	bool code[256] = { false }, block_code[256] = { false };
	unsigned announcements = 0, mined = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ask a;
		struct said s = { .n = 0 };

		split(&a, rows[i].ask);
		do_row(&a, &s);
		if (strcmp(s.text, rows[i].answer) != 0) {
			printf("# row %zu: %.60s\n", i, rows[i].ask);
		}
		T_STR(s.text, rows[i].answer);
		if (strcmp(a.word[0], "announce") == 0 || strcmp(a.word[0], "push") == 0) {
			note_code(code, rows[i].answer);
			announcements++;
		} else if (strcmp(a.word[0], "given") == 0) {
			note_code(block_code, rows[i].answer);
			mined++;
		} else if (strcmp(a.word[0], "block") == 0) {
			mined++;
		}
	}
	nis_close(w.n);
	w.n = NULL;
	for (size_t i = 0; i < sizeof announced; i++) {
		T_CHECK(code[announced[i]]);
	}
	for (size_t i = 0; i < sizeof in_blocks; i++) {
		T_CHECK(block_code[in_blocks[i]]);
	}
	printf("# %u announcements, %u blocks\n", announcements, mined);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = { { "every scenario ends as in NIS", replay } };

	return crypto_init() == ERR_OK ? t_main(cases, ARRAY_LEN(cases), argc, argv) : 1;
}
