/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refill.c - `kuramori refill`; propose: when tills and purses hold too little, the smallest whole
 * box that brings them back, as a `refill` document for cold holders (docs/ceremony.md).
 *
 * Nothing is signed here and nobody believes it: holders' machines judge the file by themselves.
 * What it says is taken from tallies of k watchers, the worst of them for each question, and goes
 * through the same judgement as theirs before it is written.
 */
#include "refill.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_time.h"
#include "cold/cold_account.h"
#include "cold/cold_holding.h"
#include "io/clock.h"
#include "io/file.h"

/* What one account is, by the worst word of the watchers. */
struct account {
	struct nem_address address;
	struct doc_tallied says; /* control as the first of them says it */
	uint64_t least_micro, most_micro;
	uint64_t chain_s; /* the latest */
	uint64_t final_s; /* the earliest */
	bool spent, open;
};

/* What was asked for, and what comes of it. */
static struct proposal {
	struct cold_rules rules;
	struct nem_address box, to; /* empty: to be chosen */
	uint64_t floor_micro, target_micro;
	const char *by; /* ids with commas, who wraps last; NULL: to be chosen */
	struct doc_refill previous;
	struct hash32 previous_id; /* zero: none */
	uint64_t hot_micro;
	struct account chosen;
	uint64_t passed; /* boxes that were looked at and cannot be taken */
	uint64_t largest_micro;
	struct doc_refill refill;
	struct cold_plan plan;
} p;

static bool is_empty(const struct nem_address *a)
{
	return a->text[0] == '\0';
}

static uint64_t micro_of(const struct money *m)
{
	uint64_t out;

	return money_u64(&out, m) == ERR_OK ? out : UINT64_MAX;
}

/* ---- words of the command ------------------------------------------------------------------ */

static int previous_read(struct cli *c, const char *path)
{
	static uint8_t raw[DOC_BYTES_MAX];
	struct doc d;
	size_t n = 0;
	int code = cli_read(path, raw, sizeof raw, &n);

	if (code != 0) {
		return code;
	}
	if (doc_open(&d, bytes_of(raw, n), &c->genesis_id, NULL) != ERR_OK ||
	    d.type != DOC_REFILL || doc_refill_read(&d, &p.previous, NULL) != ERR_OK) {
		return cli_fail(ERR_TYPE, "%s is no refill of this genesis", path);
	}
	p.previous_id = d.id;
	nem_address_from_key(&p.box, &p.previous.account, p.rules.network);
	return 0;
}

static int address_read(struct nem_address *out, const char *value)
{
	return nem_address_normalise(out, p.rules.network, bytes_str(value), NULL) == ERR_OK
		   ? 0
		   : cli_fail(ERR_ADDRESS, "no address of this network: %.80s", value);
}

static int amount_read(uint64_t *out, const char *name, const char *value)
{
	struct money m;

	if (money_parse(&m, ASSET_XEM, bytes_str(value)) != ERR_OK ||
	    money_u64(out, &m) != ERR_OK || *out > NEM_SUPPLY_MICRO) {
		return cli_fail(ERR_AMOUNT, "%s: an amount in micro-XEM is expected", name);
	}
	return 0;
}

static int word_read(struct cli *c, const char *word)
{
	const char *value = strchr(word, '=');
	size_t n = value == NULL ? 0 : (size_t)(value - word);

	value = value == NULL ? "" : value + 1;
	if (n == 3 && strncmp(word, "box", n) == 0) {
		return address_read(&p.box, value);
	}
	if (n == 2 && strncmp(word, "to", n) == 0) {
		return address_read(&p.to, value);
	}
	if (n == 2 && strncmp(word, "by", n) == 0) {
		p.by = value;
		return 0;
	}
	if (n == 8 && strncmp(word, "previous", n) == 0) {
		return previous_read(c, value);
	}
	if (n == 3 && strncmp(word, "old", n) == 0) {
		return cli_refill_old(c, &p.rules, value);
	}
	return cli_fail(ERR_USAGE,
			"%.80s: known are box=ADDRESS, to=ADDRESS, by=HOLDER,HOLDER,... (the last "
			"one wraps), previous=FILE and old=HOLDING",
			word);
}

int cli_refill_rules(struct cli *c, struct cold_rules *rules, uint8_t *raw, size_t *n)
{
	struct policy_verdict v;
	int code = cli_documents(c, true);

	if (code == 0 && c->holding_file[0] == '\0') {
		code = cli_fail(ERR_CONFIG, "holding_file is missing: who the cold holders are");
	}
	if (code == 0) {
		code = cli_read(c->holding_file, raw, DOC_BYTES_MAX, n);
	}
	if (code != 0) {
		return code;
	}
	rules->genesis = c->genesis;
	rules->genesis_id = c->genesis_id;
	rules->roster = c->roster;
	rules->network = (uint8_t)c->genesis.chain_network;
	v = cold_holding_open(rules, bytes_of(raw, *n));
	return v.err == ERR_OK
		   ? 0
		   : cli_fail(v.err, "%s: %s: %s", c->holding_file, v.field, words_of(v.words));
}

int cli_refill_old(const struct cli *c, struct cold_rules *rules, const char *path)
{
	static uint8_t raw[DOC_BYTES_MAX];
	struct doc_holding old;
	struct doc d;
	size_t n = 0;
	int code = cli_read(path, raw, sizeof raw, &n);

	if (code != 0) {
		return code;
	}
	if (doc_open(&d, bytes_of(raw, n), &c->genesis_id, NULL) != ERR_OK ||
	    d.type != DOC_HOLDING || doc_holding_read(&d, &old, NULL) != ERR_OK) {
		return cli_fail(ERR_TYPE, "%s is no holding of this genesis", path);
	}
	return cold_retire(&rules->retired, &old, &rules->holding) == ERR_OK
		   ? 0
		   : cli_fail(ERR_FULL, "%s: more former holders than are kept", path);
}

static int levels_read(const struct cli *c)
{
	int code = 0;

	if (!is_empty(&p.box)) {
		return 0; /* the person has chosen: no floor is asked */
	}
	if (c->refill_floor[0] == '\0' || c->refill_target[0] == '\0') {
		return cli_fail(ERR_CONFIG,
				"refill_floor and refill_target say when a refill is proposed and "
				"how far it must lift; or choose with box=ADDRESS");
	}
	code = amount_read(&p.floor_micro, "refill_floor", c->refill_floor);
	if (code == 0) {
		code = amount_read(&p.target_micro, "refill_target", c->refill_target);
	}
	if (code == 0 && p.target_micro <= p.floor_micro) {
		code = cli_fail(ERR_CONFIG,
				"refill_target must be above refill_floor: else each payment would "
				"ask for a box");
	}
	return code;
}

/* ---- what watchers say --------------------------------------------------------------------- */

/* 0, or an exit code if they are too few or contradict each other. */
static int look(struct cli *c, const struct nem_address *address, bool quiet, struct account *out)
{
	int code = cli_tallies_fetch(c, address, 1, quiet);

	memset(out, 0, sizeof *out);
	out->address = *address;
	if (code != 0) {
		return code;
	}
	out->least_micro = UINT64_MAX;
	out->final_s = UINT64_MAX;
	out->says = cli_tallies.list[0].tally.accounts[0];
	for (size_t i = 0; i < cli_tallies.n; i++) {
		const struct doc_tally *t = &cli_tallies.list[i].tally;
		uint64_t held = micro_of(&t->accounts[0].balance);

		out->least_micro = held < out->least_micro ? held : out->least_micro;
		out->most_micro = held > out->most_micro ? held : out->most_micro;
		out->spent = out->spent || !money_is_zero(&t->accounts[0].spent);
		out->open = out->open || t->accounts[0].open != 0;
		out->chain_s =
		    t->chain_time_nem_s > out->chain_s ? t->chain_time_nem_s : out->chain_s;
		out->final_s =
		    t->final_time_nem_s < out->final_s ? t->final_time_nem_s : out->final_s;
	}
	return 0;
}

/* Sums what tills and purses hold, and chooses the emptiest purse if none was named.  What has ever
 * paid is used up: the watchers would take home what comes in. */
static int hot_look(struct cli *c)
{
	uint64_t least = UINT64_MAX;
	bool choose = is_empty(&p.to);

	for (size_t i = 0; i < c->genesis.hot_count; i++) {
		const struct doc_hot *hot = &c->genesis.hot[i];
		struct nem_address address;
		struct account a;
		int code;

		if (hot->kind == DOC_HOT_DEPOSIT) {
			continue; /* customers' coins on their way, not the float */
		}
		nem_address_from_key(&address, &hot->public_key, p.rules.network);
		code = look(c, &address, false, &a);
		if (code != 0) {
			return code;
		}
		p.hot_micro += a.least_micro;
		if (!choose && nem_address_eq(&address, &p.to) && (a.spent || a.open)) {
			return cli_fail(ERR_STATE, "%s: %s", p.to.text,
					words_of(N_("coins have left this purse before: a purse is "
						    "used once")));
		}
		if (choose && hot->kind == DOC_HOT_PURSE && !a.spent && !a.open &&
		    a.least_micro < least) {
			least = a.least_micro;
			p.to = address;
		}
	}
	return is_empty(&p.to)
		   ? cli_fail(ERR_POLICY, "genesis has no purse that was never emptied: say "
					  "to=ADDRESS of a spare box")
		   : 0;
}

/* ---- which box ----------------------------------------------------------------------------- */

/* All who control it are holders; the count is what NEM asks for. */
static bool held_by_holders(const struct account *a)
{
	for (size_t i = 0; i < a->says.cosigner_count; i++) {
		bool retired = false;

		if (cold_known(&p.rules, &a->says.cosigners[i].key, &retired) == NULL) {
			return false;
		}
	}
	return a->says.needed >= 2;
}

/* Why this box cannot be taken, or NULL. */
static const char *unfit(const struct account *a)
{
	uint64_t residue_max = micro_of(&p.rules.holding.residue_max);

	if (a->spent) {
		return N_("coins have left this box before: a box is used once");
	}
	if (a->open) {
		return N_("a payment of this box is signed and still open");
	}
	if (a->least_micro == 0) {
		return N_("it is empty");
	}
	if (a->most_micro - a->least_micro > residue_max) {
		return N_("more than residue_max has just come in: more would stay behind");
	}
	if (a->least_micro > micro_of(&p.rules.holding.limit)) {
		return N_("it holds more than one holder may sign for (the holding's limit)");
	}
	return held_by_holders(a) ? NULL
				  : N_("somebody who is no holder of the holding controls it");
}

static void consider(struct cli *c, const char *text)
{
	struct nem_address address;
	struct account a;

	if (nem_address_parse(&address, p.rules.network, bytes_str(text), NULL) != ERR_OK ||
	    nem_address_eq(&address, &p.to) || look(c, &address, true, &a) != 0 ||
	    unfit(&a) != NULL) {
		p.passed++;
		return;
	}
	p.largest_micro = a.least_micro > p.largest_micro ? a.least_micro : p.largest_micro;
	if (p.hot_micro + a.least_micro >= p.target_micro &&
	    (is_empty(&p.chosen.address) || a.least_micro < p.chosen.least_micro)) {
		p.chosen = a;
	}
}

static int box_choose(struct cli *c)
{
	char hot[64], target[64], largest[64];
	struct money m;
	const char *why;
	int code;

	if (!is_empty(&p.box)) {
		code = look(c, &p.box, false, &p.chosen);
		why = code == 0 ? unfit(&p.chosen) : NULL;
		return why == NULL ? code
				   : cli_fail(ERR_STATE, "%s: %s", p.box.text, words_of(why));
	}
	for (size_t i = 0; i < c->genesis.box_count; i++) {
		consider(c, c->genesis.boxes[i].text);
	}
	if (!is_empty(&p.chosen.address)) {
		return 0;
	}
	m = money_of(ASSET_XEM, p.hot_micro);
	cli_xem(hot, sizeof hot, &m);
	m = money_of(ASSET_XEM, p.target_micro);
	cli_xem(target, sizeof target, &m);
	m = money_of(ASSET_XEM, p.largest_micro);
	cli_xem(largest, sizeof largest, &m);
	return cli_fail(ERR_FUNDS,
			"no single box lifts %s to %s: the largest that can be taken holds %s, and "
			"%" PRIu64 " cannot be taken; choose with box=ADDRESS",
			hot, target, largest, p.passed);
}

/* ---- who signs ----------------------------------------------------------------------------- */

/* The i-th of the holding, then of former ones; NULL: behind the last, or no cosigner of the box.
 */
static const struct doc_holder *candidate(size_t i)
{
	const struct cold_rules *r = &p.rules;
	size_t n = r->holding.holder_count;
	const struct doc_holder *h = i < n ? &r->holding.holders[i] : &r->retired.list[i - n];

	for (size_t k = 0; k < p.chosen.says.cosigner_count; k++) {
		if (key32_eq(&h->key, &p.chosen.says.cosigners[k].key)) {
			return h;
		}
	}
	return NULL;
}

static size_t candidates(void)
{
	return p.rules.holding.holder_count + p.rules.retired.n;
}

static const struct doc_holder *holder_named(const char *id, size_t n)
{
	for (size_t i = 0; i < candidates(); i++) {
		const struct doc_holder *h = candidate(i);

		if (h != NULL && strlen(h->id) == n && strncmp(h->id, id, n) == 0) {
			return h;
		}
	}
	return NULL;
}

/* The n-th who signs, or NULL: by name, or the first of the holding but the proposer. */
static const struct doc_holder *signer_at(const struct cli *c, size_t at)
{
	const char *name = p.by;

	if (name != NULL) {
		for (size_t i = 0; name != NULL && i < at; i++) {
			name = strchr(name, ',');
			name = name == NULL ? NULL : name + 1;
		}
		return name == NULL ? NULL : holder_named(name, strcspn(name, ","));
	}
	for (size_t i = 0; i < candidates(); i++) {
		const struct doc_holder *h = candidate(i);

		if (h != NULL && strcmp(h->id, c->person) != 0 && at-- == 0) {
			return h;
		}
	}
	return NULL;
}

static void cosigner_insert(struct doc_refill *r, const struct key32 *key)
{
	size_t at = r->cosigner_count++;

	while (at > 0 && bytes_cmp(bytes_of(r->cosigners[at - 1].key.b, sizeof key->b),
				   bytes_of(key->b, sizeof key->b)) > 0) {
		r->cosigners[at] = r->cosigners[at - 1];
		at--;
	}
	r->cosigners[at].key = *key;
}

static int people_choose(struct cli *c)
{
	struct doc_refill *r = &p.refill;

	for (size_t i = 0; i < p.chosen.says.needed; i++) {
		const struct doc_holder *h = signer_at(c, i);

		if (h == NULL) {
			return cli_fail(ERR_SIGNER_UNKNOWN,
					"%" PRIu64
					" holders of the holding must sign; say who with "
					"by=HOLDER,HOLDER,... (who proposes does not sign)",
					p.chosen.says.needed);
		}
		if (i + 1 == p.chosen.says.needed) {
			r->initiator = h->key;
		} else {
			cosigner_insert(r, &h->key);
		}
	}
	return signer_at(c, p.chosen.says.needed) != NULL && p.by != NULL
		   ? cli_fail(ERR_USAGE, "by: the box needs %" PRIu64 " holders, no more",
			      p.chosen.says.needed)
		   : 0;
}

/* The place is a box, and none that a hot account is emptied to whatever happens. */
static bool is_new_box(const struct cli *c)
{
	for (size_t i = 0; i < c->genesis.hot_count; i++) {
		if (strcmp(c->genesis.hot[i].spare.text, p.to.text) == 0) {
			return false;
		}
	}
	return cold_account_place(&p.rules, &p.to) != 0;
}

/* ---- the document -------------------------------------------------------------------------- */

static int body_make(struct cli *c)
{
	struct doc_refill *r = &p.refill;
	unsigned n = (unsigned)p.chosen.says.needed - 1;
	uint64_t amount, inner;
	int code;

	*r = (struct doc_refill){ .account = p.chosen.says.account,
				  .genesis = c->genesis_id,
				  .previous = p.previous_id,
				  .time_ms = clock_wall_ms(),
				  .timestamp_nem_s = p.chosen.chain_s,
				  .deadline_nem_s = p.chosen.chain_s + NEM_TIME_DEADLINE_MAX_S };
	if (nem_fee_empty_account(&amount, &inner, p.chosen.least_micro, 0, n,
				  NEM_FEE_COSIGNATURE_MICRO) != ERR_OK) {
		return cli_fail(ERR_FUNDS, "%s holds less than the fees of emptying it",
				p.chosen.address.text);
	}
	r->amount = money_of(ASSET_XEM, amount);
	r->fee_inner = money_of(ASSET_XEM, inner);
	r->fee_outer = money_of(ASSET_XEM, NEM_FEE_MULTISIG_MICRO);
	r->fee_cosign = money_of(ASSET_XEM, NEM_FEE_COSIGNATURE_MICRO);
	memcpy(r->destination.text, p.to.text, sizeof r->destination.text);
	(void)snprintf(r->proposer, sizeof r->proposer, "%s", c->person);
	code = people_choose(c);
	if (code == 0 && !hash32_is_zero(&p.previous_id) &&
	    p.chosen.final_s <= p.previous.deadline_nem_s) {
		char moment[CLI_MOMENT_MAX];

		cli_moment(moment, nem_time_to_unix_ms((uint32_t)p.previous.deadline_nem_s));
		code = cli_fail(ERR_WAIT,
				"the refill that it replaces can still be included: no final block "
				"is later than its deadline, %s, yet",
				moment);
	}
	return code;
}

static void print_line(const char *label, const struct money *m)
{
	char cell[160], amount[64];

	cli_xem(amount, sizeof amount, m);
	printf("%s %s\n", words_column(cell, sizeof cell, label, 16), amount);
}

static void print_plan(void)
{
	const struct doc_refill *r = &p.refill;
	struct money after = money_of(ASSET_XEM, (u128)p.hot_micro + micro_of(&r->amount));
	struct money hot = money_of(ASSET_XEM, p.hot_micro);
	char grouped[48], moment[CLI_MOMENT_MAX], cell[160];

	print_line(_("tills, purses"), &hot);
	cli_grouped(grouped, p.chosen.address.text);
	printf("%s %s\n", words_column(cell, sizeof cell, _("empties box"), 16), grouped);
	cli_grouped(grouped, p.to.text);
	printf("%s %s\n", words_column(cell, sizeof cell, _("to"), 16), grouped);
	print_line(_("amount"), &r->amount);
	print_line(_("fee"), &r->fee_inner);
	print_line(_("fee of wrapper"), &r->fee_outer);
	for (size_t i = 0; i < r->cosigner_count; i++) {
		print_line(_("fee of cosigner"), &r->fee_cosign);
	}
	print_line(_("then hold"), &after);
	for (size_t i = 0; i < candidates(); i++) {
		const struct doc_holder *h = candidate(i);
		bool wraps, cosigns = false;

		if (h == NULL) {
			continue;
		}
		wraps = key32_eq(&h->key, &r->initiator);
		for (size_t k = 0; k < r->cosigner_count; k++) {
			cosigns = cosigns || key32_eq(&h->key, &r->cosigners[k].key);
		}
		if (wraps || cosigns) {
			printf("%s %s\n",
			       words_column(cell, sizeof cell,
					    wraps ? _("wraps, last") : _("cosigns"), 16),
			       h->id);
		}
	}
	cli_moment(moment, nem_time_to_unix_ms((uint32_t)r->deadline_nem_s));
	printf("%s %s\n", words_column(cell, sizeof cell, _("until"), 16), moment);
}

/* Judged as holders' machines will judge it, shown, and written unless it is only tried. */
static int finish(struct cli *c, const char *path)
{
	static uint8_t raw[DOC_BYTES_MAX];
	struct writer w = writer_make(raw, sizeof raw);
	struct policy_verdict v;
	struct hash32 id;
	char hex[65];
	enum err e = doc_refill_make(&w, &id, &p.refill, NULL);

	if (e != ERR_OK) {
		return cli_fail(e, "%s", path);
	}
	v = cold_plan_open(&p.plan, &p.rules, bytes_of(raw, w.n));
	if (v.err != ERR_OK) {
		return cli_fail(v.err, "%s: %s", v.field, words_of(v.words));
	}
	hex_put(hex, bytes_of(id.b, sizeof id.b));
	if (!c->json) {
		print_plan();
	}
	if (!c->dry_run) {
		e = file_write_new(path, 0644, bytes_of(raw, w.n));
		if (e != ERR_OK) {
			return cli_fail(e, "%s", path);
		}
	}
	if (c->json) {
		/* not words */
		printf("{\"refill\":\"%s\",\"box\":\"%s\",\"to\":\"%s\",\"written\":%s}\n", hex,
		       p.chosen.address.text, p.to.text, c->dry_run ? "false" : "true");
	} else if (c->dry_run) {
		printf(_("tried only: nothing was written\n"));
	} else {
		printf(_("refill %s is in %s; next: kuramori tally FOLDER %s, and the holders\n"),
		       hex, path, path);
	}
	return 0;
}

int cli_refill_propose(struct cli *c, const char *path, const char *const *words, size_t n)
{
	static uint8_t raw[DOC_BYTES_MAX];
	size_t size = 0;
	int code = cli_refill_rules(c, &p.rules, raw, &size);

	for (size_t i = 0; code == 0 && i < n; i++) {
		code = word_read(c, words[i]);
	}
	if (code == 0) {
		code = levels_read(c);
	}
	if (code == 0) {
		code = hot_look(c);
	}
	if (code == 0 && is_empty(&p.box) && p.hot_micro >= p.floor_micro) {
		if (c->json) {
			printf("{\"refill\":null}\n"); /* not words */
		} else {
			struct money hot = money_of(ASSET_XEM, p.hot_micro);

			print_line(_("tills, purses"), &hot);
			printf(_("not below refill_floor: no refill is proposed\n"));
		}
		return 0;
	}
	/* what goes to a box must come back from it */
	if (code == 0 && is_new_box(c)) {
		code = cli_drills_judge(c, &p.rules);
	}
	if (code == 0) {
		code = box_choose(c);
	}
	if (code == 0) {
		code = body_make(c);
	}
	return code == 0 ? finish(c, path) : code;
}

int cli_refill(struct cli *c, const char *const *words, size_t n)
{
	if (n >= 2 && strcmp(words[0], "propose") == 0) {
		return cli_refill_propose(c, words[1], words + 2, n - 2);
	}
	if (n >= 2 && strcmp(words[0], "collect") == 0) {
		return cli_refill_collect(c, words + 1, n - 1);
	}
	if (n >= 2 && strcmp(words[0], "status") == 0) {
		return cli_refill_status(c, words + 1, n - 1);
	}
	if (n == 1 && strcmp(words[0], "holding") == 0) {
		return cli_refill_holding(c);
	}
	return cli_fail(ERR_USAGE, "it is: kuramori refill propose FILE [NAME=VALUE...], kuramori "
				   "refill collect REFILL ANSWER... [node=HOST:PORT...], kuramori "
				   "refill status REFILL [ANSWER...] or kuramori refill holding");
}
