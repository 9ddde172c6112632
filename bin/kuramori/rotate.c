/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rotate.c - `kuramori rotate`: the next holding is signed by officers and told to watchers, and
 * boxes of former holders move into new ones, one refill after another (docs/rotation.md).
 *
 * What moves where follows from the holdings and from the watchers' word (cold/cold_rotation.h):
 * nothing of a plan is kept, and nobody believes it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "chain/nem/nem_fee.h"
#include "cold/cold_rotation.h"
#include "crypto/crypto.h"
#include "io/file.h"
#include "policy/ceiling.h"
#include "refill.h"
#include "show.h"

enum { OLD_MAX = 16, WORDS_MAX = OLD_MAX + 3, BY_MAX = DOC_HOLDERS_MAX * (DOC_NAME_MAX + 1) };

static struct rotating {
	struct cold_rules rules;
	const char *old[OLD_MAX]; /* the words old=FILE */
	size_t olds;
	uint64_t a_day;
	struct cold_seen seen[COLD_BOXES_MAX];
	size_t seen_n;
	struct cold_rotation plan;
	struct cold_seen hot[DOC_HOT_MAX]; /* hot accounts of genesis, in its order */
	enum cold_hot_state hot_state[DOC_HOT_MAX];
	size_t exposed;
	/* of the same: watchers differ, or too few say anything: it may be what is still to be
	 * moved */
	bool seen_unclear[COLD_BOXES_MAX], hot_unclear[DOC_HOT_MAX];
	size_t unclear;
} k;

/* ---- a holding ----------------------------------------------------------------------------- */

/* Opens the holding of this file or, if old is not NULL, of the body in it.  0 or an exit code. */
static int holding_read(struct cli *c, const char *path, const struct cli_standing *old,
			uint8_t *raw, struct doc *d, struct doc_holding *h)
{
	static uint8_t text[DOC_BYTES_MAX];
	struct doc_fault fault = { .field = "", .why = "" };
	struct writer w = writer_make(raw, DOC_BYTES_MAX);
	size_t n = 0;
	int code = cli_read(path, text, sizeof text, &n);
	enum err e;

	h->number = 0;
	if (code != 0) {
		return code;
	}
	if (old != NULL && memmem(text, n, "\"signatures\"", 12) == NULL) {
		code = cli_draft_close(c, path, DOC_HOLDING, bytes_of(text, n), old, &w);
	} else {
		writer_bytes(&w, bytes_of(text, n));
	}
	if (code != 0) {
		return code;
	}
	e = doc_open(d, bytes_of(w.p, w.n), &c->genesis_id, &fault);
	if (e == ERR_OK) {
		e = doc_holding_read(d, h, &fault);
	}
	return e == ERR_OK ? 0
			   : cli_fail(e, "%s is no holding of this genesis: %s %s", path,
				      fault.field, words_of(fault.why));
}

static int sign(struct cli *c, const char *path)
{
	static uint8_t raw[DOC_BYTES_MAX], room[DOC_BYTES_MAX];
	struct writer w = writer_make(room, sizeof room);
	uint8_t secret[DOC_SECRET_BYTES];
	char words[DOC_ID_WORDS_BYTES], lines[DOC_ID_LINES_BYTES];
	struct cli_standing old;
	struct doc_holding h;
	struct doc_seal seal;
	struct doc d;
	unsigned signers;
	enum err e;
	int code = cli_documents(c, true);

	if (code == 0) {
		code = cli_standing(c, DOC_HOLDING, &old);
	}
	if (code == 0) {
		code = holding_read(c, path, &old, raw, &d, &h);
	}
	if (code == 0) {
		code = cli_follows(c, path, &d, &old);
	}
	if (code == 0) {
		code = cli_officer(c);
	}
	if (code == 0 && !c->json) {
		cli_document_print(&d);
	}
	if (code == 0) {
		code = cli_secret(c, secret);
	}
	if (code != 0) {
		return code;
	}
	doc_sign(&seal, &d.id, secret);
	crypto_wipe(secret, sizeof secret);
	e = doc_add_seal(&w, &d, &seal);
	if (e == ERR_OK) {
		e = doc_open(&d, bytes_of(room, w.n), &c->genesis_id, NULL);
	}
	if (e == ERR_OK) {
		e = file_write(path, 0644, d.raw);
	}
	if (e != ERR_OK) {
		return cli_fail(e, "%s", path);
	}
	signers = cli_officers_of(c, &d);
	doc_id_words(words, &d.id);
	if (c->json) {
		printf("{\"holding\":%" PRIu64 ",\"words\":\"%s\"}\n", h.number, words);
	} else {
		doc_id_lines(lines, &d.id);
		printf(_("holding number %" PRIu64 " has your signature, in words:\n%s\n"),
		       h.number, lines);
		printf(_("%u of %llu officers have signed it: %s\n"), signers,
		       (unsigned long long)c->roster.governance,
		       signers < c->roster.governance
			   ? _("give the file to the next one, who runs the same")
		       : h.number == 1
			   ? _("give it to each holder, for kuramori-cold check and drill")
			   : _("holders sign it, too, if it loosens (kuramori show); then "
			       "kuramori rotate tell"));
	}
	return 0;
}

static int tell(struct cli *c, const char *const *paths, size_t n)
{
	static uint8_t raw[DOC_BYTES_MAX];
	struct doc_holding h;
	struct bytes item;
	struct doc d;
	int code = cli_documents(c, true);

	for (size_t i = 0; code == 0 && i < n; i++) {
		code = holding_read(c, paths[i], NULL, raw, &d, &h);
		if (code == 0) {
			item = d.raw;
			code = cli_refill_tell(c, &item, 1, &d.id, cli_holding_else);
		}
	}
	return code;
}

/* ---- what the watchers say ----------------------------------------------------------------- */

/* False: it is unclear, and not told. */
static bool look(struct cli *c, struct cold_seen *s, const char *text)
{
	memset(s, 0, sizeof *s);
	memcpy(s->address.text, text, sizeof s->address.text);
	if (cli_tallies_fetch(c, &s->address, 1, true) != 0) {
		/* one watcher alone hides no box by his silence: k must say that nobody controls it
		 */
		return cli_tallies.n == 0 && cli_tallies.uncontrolled >= c->roster.watchers_needed;
	}
	s->told = true;
	s->least_micro = UINT64_MAX;
	s->says = cli_tallies.list[0].tally.accounts[0];
	for (size_t i = 0; i < cli_tallies.n; i++) {
		const struct doc_tallied *a = &cli_tallies.list[i].tally.accounts[0];
		uint64_t held;

		if (money_u64(&held, &a->balance) != ERR_OK || a->needed != s->says.needed ||
		    a->cosigner_count != s->says.cosigner_count ||
		    !bytes_eq(bytes_of(a->cosigners, a->cosigner_count * sizeof a->cosigners[0]),
			      bytes_of(s->says.cosigners,
				       s->says.cosigner_count * sizeof a->cosigners[0]))) {
			s->told = false; /* they differ: nothing is done with it */
			return false;
		}
		s->least_micro = held < s->least_micro ? held : s->least_micro;
		s->most_micro = held > s->most_micro ? held : s->most_micro;
		s->spent = s->spent || !money_is_zero(&a->spent);
		s->open = s->open || a->open != 0;
	}
	return true;
}

/* One of the boxes of genesis. */
static void look_at_box(struct cli *c, const char *text)
{
	struct cold_seen *s = &k.seen[k.seen_n];
	bool clear = look(c, s, text);

	/* of whom no holding is known that was named here: perhaps one before those */
	clear = clear && !(cold_box_state(&k.rules, s) == COLD_BOX_FOREIGN &&
			   s->most_micro > CEILING_DUST_MICRO);
	k.seen_unclear[k.seen_n++] = !clear;
	k.unclear += !clear;
}

/* What was seen of the spare box of this hot account: genesis has it among its spare boxes. */
static const struct cold_seen *spare_of(const struct cli *c, size_t hot)
{
	size_t i = 0;

	while (strcmp(c->genesis.spares[i].text, c->genesis.hot[hot].spare.text) != 0) {
		i++;
		CHECK(i < c->genesis.spare_count); /* its reader has looked */
	}
	return &k.seen[c->genesis.box_count + i];
}

/* One of the hot accounts of genesis, whose spare box was looked at. */
static void look_at_hot(struct cli *c, size_t i)
{
	struct nem_address a;
	bool clear;

	nem_address_from_key(&a, &c->genesis.hot[i].public_key, k.rules.network);
	clear = look(c, &k.hot[i], a.text);
	k.hot_state[i] = cold_hot_state(&k.rules, &k.hot[i], spare_of(c, i));
	k.exposed += k.hot_state[i] == COLD_HOT_EXPOSED;
	/* whatever it holds, it is not evacuated to former holders */
	clear = clear || k.hot_state[i] == COLD_HOT_OURS || k.hot_state[i] == COLD_HOT_READY;
	k.hot_unclear[i] = !clear;
	k.unclear += !clear;
}

static int words_read(struct cli *c, const char *const *words, size_t n)
{
	static uint8_t raw[DOC_BYTES_MAX];
	size_t size = 0;
	int code = cli_refill_rules(c, &k.rules, raw, &size);

	k.a_day = 1;
	for (size_t i = 0; code == 0 && i < n; i++) {
		if (strncmp(words[i], "old=", 4) == 0 && k.olds < OLD_MAX) {
			k.old[k.olds++] = words[i];
			code = cli_refill_old(c, &k.rules, words[i] + 4);
		} else if (strncmp(words[i], "a_day=", 6) == 0 &&
			   strspn(words[i] + 6, "0123456789") == strlen(words[i] + 6) &&
			   strlen(words[i] + 6) < 4 && strtoull(words[i] + 6, NULL, 10) > 0) {
			k.a_day = strtoull(words[i] + 6, NULL, 10);
		} else {
			code = cli_fail(ERR_USAGE,
					"%.80s: known are old=HOLDING, at most 16 times, and "
					"a_day=N",
					words[i]);
		}
	}
	if (code == 0 && k.olds == 0) {
		code = cli_fail(ERR_USAGE, "say whose boxes are to move: old=HOLDING");
	}
	return code;
}

static int plan_make(struct cli *c, const char *const *words, size_t n)
{
	int code = words_read(c, words, n);

	/* too few watchers are said once, and not for each box */
	if (code == 0) {
		struct nem_address first;

		nem_address_from_key(&first, &c->genesis.hot[0].public_key, k.rules.network);
		code = c->genesis.hot_count == 0 ? 0 : cli_tallies_fetch(c, &first, 1, false);
	}
	if (code != 0) {
		return code;
	}
	for (size_t i = 0; i < c->genesis.box_count; i++) {
		look_at_box(c, c->genesis.boxes[i].text);
	}
	for (size_t i = 0; i < c->genesis.spare_count; i++) {
		look_at_box(c, c->genesis.spares[i].text);
	}
	for (size_t i = 0; i < c->genesis.hot_count; i++) {
		look_at_hot(c, i);
	}
	cold_rotation_plan(&k.plan, &k.rules, k.seen, k.seen_n, c->person, k.a_day);
	return 0;
}

/* ---- what is shown ------------------------------------------------------------------------- */

static const char *state_words(enum cold_box_state s)
{
	static const char *const words[] = {
		[COLD_BOX_UNKNOWN] = N_("watchers say nothing of it"),
		[COLD_BOX_FOREIGN] = N_("SOMEBODY ELSE has a part in it"),
		[COLD_BOX_NEW] = N_("new, for today's holders"),
		[COLD_BOX_FILLED] = N_("filled, today's holders"),
		[COLD_BOX_OLD] = N_("to be moved"),
		[COLD_BOX_BUSY] = N_("a move is under way"),
		[COLD_BOX_LARGE] = N_("to be moved, but above the limit"),
		[COLD_BOX_POOR] = N_("not worth its fees"),
		[COLD_BOX_DONE] = N_("emptied"),
		[COLD_BOX_DUST] = N_("EMPTIED, AND COINS CAME IN"),
	};

	return words_of(words[s]);
}

static void print_plan(void)
{
	struct money left = money_of(ASSET_XEM, k.plan.left_micro);
	struct money moved = money_of(ASSET_XEM, k.plan.moved_micro);
	char amount[64], grouped[48];

	for (size_t i = 0; i < k.seen_n; i++) {
		struct money m = money_of(ASSET_XEM, k.seen[i].least_micro);

		cli_grouped(grouped, k.seen[i].address.text);
		cli_xem(amount, sizeof amount, &m);
		printf("%s %24s  %s\n", grouped, k.seen[i].told ? amount : "",
		       state_words(cold_box_state(&k.rules, &k.seen[i])));
	}
	cli_xem(amount, sizeof amount, &moved);
	printf(_("%zu boxes of today's holders hold %s\n"), k.plan.states[COLD_BOX_FILLED], amount);
	cli_xem(amount, sizeof amount, &left);
	printf(_("%zu emptied, %zu steps left; boxes of former holders hold %s\n"),
	       k.plan.states[COLD_BOX_DONE] + k.plan.states[COLD_BOX_DUST], k.plan.step_count,
	       amount);
	for (size_t i = 0; i < k.plan.step_count; i++) {
		const struct cold_step *s = &k.plan.step[i];
		struct money m = money_of(ASSET_XEM, s->total_micro);

		cli_xem(amount, sizeof amount, &m);
		printf(_("day %" PRIu64 ": %s\n"), s->day, amount);
		cli_grouped(grouped, k.seen[s->from].address.text);
		printf("  %s\n", grouped);
		cli_grouped(grouped, k.seen[s->to].address.text);
		printf("  -> %s\n  ", grouped);
		for (size_t n = 0; n < s->signer_count; n++) {
			printf("%s%s", n == 0 ? "" : ", ", s->signer[n]->id);
		}
		printf("\n");
	}
	if (k.unclear > 0) {
		printf(
		    _("%zu accounts are unclear (below): the rotation is not over, whatever else "
		      "is said here\n"),
		    k.unclear);
	}
	if (k.plan.homeless > 0) {
		printf(_("%zu boxes have nowhere to go or nobody to sign: prepare new boxes, or "
			 "another proposer\n"),
		       k.plan.homeless);
	}
}

/* The first hot account of this kind in that state; SIZE_MAX: none. */
static size_t hot_in(const struct cli *c, enum doc_hot_kind kind, enum cold_hot_state state)
{
	for (size_t i = 0; i < c->genesis.hot_count; i++) {
		if (c->genesis.hot[i].kind == kind && k.hot_state[i] == state) {
			return i;
		}
	}
	return SIZE_MAX;
}

/* What would be evacuated to former holders, and what to do about it. */
static void print_exposed(const struct cli *c, size_t hot)
{
	enum doc_hot_kind kind = c->genesis.hot[hot].kind;
	size_t ready = hot_in(c, kind, COLD_HOT_READY), later = hot_in(c, kind, COLD_HOT_LATER);
	struct money m = money_of(ASSET_XEM, k.hot[hot].most_micro);
	char amount[64], grouped[48];

	cli_xem(amount, sizeof amount, &m);
	cli_grouped(grouped, k.hot[hot].address.text);
	printf(_("HOT, AND EVACUATED TO FORMER HOLDERS: %s, %s\n"), grouped, amount);
	cli_grouped(grouped, c->genesis.hot[hot].spare.text);
	printf(_("  its spare box %s stays theirs: close the account (kuramori close) and move the "
		 "box\n"),
	       grouped);
	if (ready != SIZE_MAX) {
		cli_grouped(grouped, k.hot[ready].address.text);
		printf(_("  in its place take into use: %s\n"), grouped);
	} else if (later != SIZE_MAX) {
		cli_grouped(grouped, c->genesis.hot[later].spare.text);
		printf(_("  in its place: convert the new spare box %s for today's holders "
			 "(kuramori-cold convert), then take its account into use\n"),
		       grouped);
	} else {
		printf(_("  genesis has no other such account whose spare box could be today's "
			 "holders': former holders keep their keys as long as it is in use\n"));
	}
}

/* Watchers hide nothing by silence, nor by saying different things. */
static void print_unclear(const struct cli *c)
{
	char grouped[48];

	for (size_t i = 0; i < k.seen_n; i++) {
		if (k.seen_unclear[i]) {
			cli_grouped(grouped, k.seen[i].address.text);
			printf(
			    k.seen[i].told
				? _("UNCLEAR: %s holds coins, and no holding that was named here "
				    "has all who control it: old=HOLDING of those before\n")
				: _("UNCLEAR: %s: watchers say different things of it, or too "
				    "few say anything\n"),
			    grouped);
		}
	}
	for (size_t i = 0; i < c->genesis.hot_count; i++) {
		if (k.hot_unclear[i]) {
			cli_grouped(grouped, k.hot[i].address.text);
			printf(_("UNCLEAR: %s: watchers say different things of it, or too few say "
				 "anything\n"),
			       grouped);
		}
	}
}

static int plan(struct cli *c, const char *const *words, size_t n)
{
	int code = plan_make(c, words, n);

	if (code != 0) {
		return code;
	}
	if (c->json) {
		/* not words */
		printf("{\"left\":%" PRIu64 ",\"moved\":%" PRIu64
		       ",\"steps\":%zu,\"emptied\":%zu,\"under_way\":%zu,\"homeless\":%zu,"
		       "\"exposed\":%zu,\"unclear\":%zu,\"days\":%" PRIu64 "}\n",
		       k.plan.left_micro, k.plan.moved_micro, k.plan.step_count,
		       k.plan.states[COLD_BOX_DONE] + k.plan.states[COLD_BOX_DUST],
		       k.plan.states[COLD_BOX_BUSY], k.plan.homeless, k.exposed, k.unclear,
		       k.plan.step_count == 0 ? 0 : k.plan.step[k.plan.step_count - 1].day + 1);
	} else {
		print_plan();
		for (size_t i = 0; i < c->genesis.hot_count; i++) {
			if (k.hot_state[i] == COLD_HOT_EXPOSED) {
				print_exposed(c, i);
			}
		}
		print_unclear(c);
	}
	return 0;
}

/* ---- one step ------------------------------------------------------------------------------ */

static int next(struct cli *c, const char *path, const char *const *words, size_t n)
{
	static char box[64], to[64], by[BY_MAX + 4];
	const char *given[WORDS_MAX] = { box, to, by };
	size_t at = 3;
	const struct cold_step *s = &k.plan.step[0];
	struct writer w = writer_make((uint8_t *)by, sizeof by - 1);
	int code = plan_make(c, words, n);

	if (code != 0) {
		return code;
	}
	if (k.plan.states[COLD_BOX_BUSY] > 0) {
		return cli_fail(ERR_WAIT, "a move is under way: one after the other");
	}
	if (k.plan.step_count == 0 && k.unclear > 0) {
		return cli_fail(ERR_STATE,
				"nothing can be moved now, and the rotation is not over: %zu "
				"accounts are unclear; kuramori rotate plan names them",
				k.unclear);
	}
	if (k.plan.step_count == 0 && k.plan.homeless == 0 && k.plan.left_micro == 0 &&
	    k.exposed > 0) {
		return cli_fail(ERR_STATE,
				"all boxes have moved, but the rotation is not over: %zu hot "
				"accounts are evacuated to former holders; kuramori rotate plan "
				"says what to do",
				k.exposed);
	}
	if (k.plan.step_count == 0) {
		return k.plan.homeless == 0 && k.plan.left_micro == 0
			   ? cli_fail(ERR_NOT_FOUND, "nothing is left to be moved")
			   : cli_fail(ERR_STATE, "nothing can be moved: see kuramori rotate plan");
	}
	(void)snprintf(box, sizeof box, "box=%s", k.seen[s->from].address.text);
	(void)snprintf(to, sizeof to, "to=%s", k.seen[s->to].address.text);
	writer_bytes(&w, bytes_str("by="));
	for (size_t i = 0; i < s->signer_count; i++) {
		writer_bytes(&w, bytes_str(i == 0 ? "" : ","));
		writer_bytes(&w, bytes_str(s->signer[i]->id));
	}
	CHECK(!w.bad);
	for (size_t i = 0; i < k.olds; i++) {
		given[at++] = k.old[i];
	}
	return cli_refill_propose(c, path, given, at);
}

int cli_rotate(struct cli *c, const char *const *words, size_t n)
{
	if (n == 2 && strcmp(words[0], "sign") == 0) {
		return sign(c, words[1]);
	}
	if (n >= 2 && strcmp(words[0], "tell") == 0) {
		return tell(c, words + 1, n - 1);
	}
	if (n >= 1 && strcmp(words[0], "plan") == 0) {
		return plan(c, words + 1, n - 1);
	}
	if (n >= 2 && strcmp(words[0], "next") == 0) {
		return next(c, words[1], words + 2, n - 2);
	}
	return cli_fail(
	    ERR_USAGE,
	    "it is: kuramori rotate sign FILE, kuramori rotate tell HOLDING..., kuramori "
	    "rotate plan old=HOLDING... or kuramori rotate next FILE old=HOLDING...");
}
