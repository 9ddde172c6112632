/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.c - `kuramori policy check` and `compare`: is a policy complete, what does it allow at
 * most, and what would another one change?  Next: policy_case.c.
 *
 * Every answer comes from src/policy, as the signers' own does.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "cli.h"
#include "policy/compare.h"
#include "policy_command.h"

int policy_read(struct cli *c, const char *path, struct doc *d, struct doc_policy *out)
{
	static uint8_t raw[2][DOC_BYTES_MAX];
	static unsigned which;
	struct doc_fault fault = { .why = "" };
	size_t n = 0;
	int code;
	enum err e;

	which ^= 1; /* two are compared: both stay */
	code = cli_read(path, raw[which], sizeof raw[which], &n);
	if (code != 0) {
		return code;
	}
	e = doc_open(d, bytes_of(raw[which], n), &c->genesis_id, &fault);
	if (e == ERR_OK && d->type == DOC_POLICY) {
		e = doc_policy_read(d, out, &fault);
	}
	if (e != ERR_OK) {
		return cli_fail(e, "%s: %s: %s", path, fault.field, words_of(fault.why));
	}
	return 0;
}

int cli_policy_in_force(struct cli *c, struct doc *d, struct doc_policy *out)
{
	struct hash32 first;
	int code;

	if (c->policy_file[0] == '\0') {
		return cli_fail(ERR_CONFIG, "policy_file is not set; see kuramori --help");
	}
	code = policy_read(c, c->policy_file, d, out);
	if (code == 0 && d->type != DOC_POLICY) {
		code = cli_fail(ERR_TYPE, "%s is no policy", c->policy_file);
	}
	if (code != 0) {
		return code;
	}
	doc_zero_id(&first, d);
	return out->number > 1 || hash32_eq(&first, &c->genesis.policy)
		   ? 0
		   : cli_fail(ERR_MISMATCH, "%s: genesis names another first policy",
			      c->policy_file);
}

/* What `approvers` people together can let out, for people. */
static void print_exposure(const struct doc_policy *p, unsigned approvers)
{
	struct policy_exposure most;
	char payment[64], hour[64], day[64];
	struct money m;

	policy_exposure(&most, p, approvers);
	m = money_of(ASSET_XEM, most.payment);
	cli_xem(payment, sizeof payment, &m);
	m = money_of(ASSET_XEM, most.hour);
	cli_xem(hour, sizeof hour, &m);
	m = money_of(ASSET_XEM, most.day);
	cli_xem(day, sizeof day, &m);
	printf(_("%2u people  %s at once, %s in any hour, %s in any day\n"), approvers, payment,
	       hour, day);
}

static void print_policy(const struct doc_policy *p)
{
	char amount[64];
	unsigned most = 0;

	for (size_t i = 0; i < p->tier_count; i++) {
		const struct doc_tier *t = &p->approval_tiers[i];

		cli_xem(amount, sizeof amount, &t->up_to);
		printf(_("up to %s: %llu approvals, known for %llu s\n"), amount,
		       (unsigned long long)t->approvals, (unsigned long long)t->delay_ms / 1000);
		most = (unsigned)t->approvals;
	}
	cli_xem(amount, sizeof amount, &p->unlisted_max);
	printf(_("to whom is not listed: at most %s; listed: %zu, each after %llu s\n"), amount,
	       p->destination_count, (unsigned long long)p->destination_cooling_ms / 1000);
	printf(_("caps in yen: %s; times of the week: %zu; grants: at most %llu s\n"),
	       p->yen_count == 0 ? _("NONE") : _("yes"), p->hours_count,
	       (unsigned long long)p->grant_life_max_ms / 1000);
	printf(_("what loosens waits %llu s\n"), (unsigned long long)p->loosening_ms / 1000);
	if (p->approval_tiers[p->tier_count - 1].delay_ms >= p->order_life_ms) {
		printf(_("NOTE: an order lives %llu s: what must be known for longer can never be "
			 "paid\n"),
		       (unsigned long long)p->order_life_ms / 1000);
	}
	printf(_("who commands so many approvers, and a back end's key, can move at most:\n"));
	for (unsigned i = 0; i <= most; i++) {
		print_exposure(p, i);
	}
}

static json_t *exposure_json(const struct doc_policy *p, unsigned approvers)
{
	struct policy_exposure most;
	char text[3][MONEY_TEXT_MAX];
	struct money m;

	policy_exposure(&most, p, approvers);
	m = money_of(ASSET_XEM, most.payment);
	money_put(text[0], &m);
	m = money_of(ASSET_XEM, most.hour);
	money_put(text[1], &m);
	m = money_of(ASSET_XEM, most.day);
	money_put(text[2], &m);
	return json_pack("{s:i,s:s,s:s,s:s}", "approvers", (int)approvers, "payment", text[0],
			 "hour", text[1], "day", text[2]);
}

void policy_print_json(json_t *o)
{
	CHECK(o != NULL);
	(void)json_dumpf(o, stdout, JSON_COMPACT);
	(void)fputc('\n', stdout);
	json_decref(o);
}

void policy_tell(char out[POLICY_TELL_MAX], const struct policy_verdict *v)
{
	char figure[MONEY_TEXT_MAX], limit[MONEY_TEXT_MAX];
	struct money f = money_of(ASSET_XEM, v->figure), l = money_of(ASSET_XEM, v->limit);

	if (!v->has_figure) {
		(void)snprintf(out, POLICY_TELL_MAX, "%s", words_of(v->words));
		return;
	}
	money_put(figure, &f);
	money_put(limit, &l);
	(void)snprintf(out, POLICY_TELL_MAX,
		       v->least ? _("%s: %s, needs %s") : _("%s: %s, limit %s"), words_of(v->words),
		       figure, limit);
}

static int check(struct cli *c, const char *path)
{
	static struct doc_policy p;
	struct policy_verdict v;
	char words[POLICY_TELL_MAX];
	struct doc d;
	int code = policy_read(c, path, &d, &p);

	if (code == 0 && d.type != DOC_POLICY) {
		code = cli_fail(ERR_TYPE, "%s is a %s, not a policy", path, doc_type_name(d.type));
	}
	if (code != 0) {
		return code;
	}
	v = policy_check(&p);
	if (v.err != ERR_OK) {
		policy_tell(words, &v);
		return cli_fail(v.err, "%s: %s: %s; under it nothing would be paid", path, v.field,
				words);
	}
	if (c->json) {
		json_t *all = json_array();
		unsigned most = (unsigned)p.approval_tiers[p.tier_count - 1].approvals;

		for (unsigned i = 0; i <= most; i++) {
			CHECK(json_array_append_new(all, exposure_json(&p, i)) == 0);
		}
		policy_print_json(json_pack("{s:b,s:o}", "complete", 1, "exposure", all));
		return 0;
	}
	print_policy(&p);
	return 0;
}

static int read_roster(const struct doc *d, const char *path, struct doc_roster *out)
{
	struct doc_fault fault = { .why = "" };
	enum err e = doc_roster_read(d, out, &fault);

	return e == ERR_OK ? 0 : cli_fail(e, "%s: %s: %s", path, fault.field, words_of(fault.why));
}

static void print_comparison(const struct cli *c, const struct comparison *found)
{
	json_t *fields = json_object();

	CHECK(fields != NULL);
	for (size_t i = 0; i < found->n; i++) {
		const char *word = compare_word(found->rows[i].change);

		CHECK(json_object_set_new(fields, found->rows[i].field, json_string(word)) == 0);
		if (!c->json && found->rows[i].change != CHANGE_NONE) {
			printf("%-24s %s\n", found->rows[i].field, words_of(word));
		}
	}
	if (c->json) {
		policy_print_json(
		    json_pack("{s:s,s:o}", "whole", compare_word(found->whole), "fields", fields));
		return;
	}
	json_decref(fields);
	printf("%s\n", found->whole == CHANGE_LOOSENS
			   ? _("it LOOSENS: it waits, announced, and one person can cancel it")
		       : found->whole == CHANGE_TIGHTENS ? _("it tightens: in force at once")
							 : _("the same rules"));
}

static int compare(struct cli *c, const char *before, const char *after)
{
	static struct doc_policy policies[2];
	static struct doc_roster rosters[2];
	struct comparison found;
	struct doc docs[2];
	int code = policy_read(c, before, &docs[0], &policies[0]);

	if (code == 0) {
		code = policy_read(c, after, &docs[1], &policies[1]);
	}
	if (code != 0) {
		return code;
	}
	if (docs[0].type == DOC_POLICY && docs[1].type == DOC_POLICY) {
		policy_compare(&found, &policies[0], &policies[1]);
	} else if (docs[0].type == DOC_ROSTER && docs[1].type == DOC_ROSTER) {
		code = read_roster(&docs[0], before, &rosters[0]);
		if (code == 0) {
			code = read_roster(&docs[1], after, &rosters[1]);
		}
		if (code != 0) {
			return code;
		}
		roster_compare(&found, &rosters[0], &rosters[1]);
	} else {
		return cli_fail(ERR_TYPE, "a %s and a %s: two policies or two rosters are compared",
				doc_type_name(docs[0].type), doc_type_name(docs[1].type));
	}
	print_comparison(c, &found);
	return found.whole == CHANGE_LOOSENS ? 1 : 0;
}

int cli_policy(struct cli *c, const char *const *words, size_t n)
{
	bool is_case = n > 0 && (strcmp(words[0], "explain") == 0 || strcmp(words[0], "test") == 0);
	int code = 0;

	/* without a genesis: drafts, from before there is one */
	if (is_case || c->genesis_file[0] != '\0') {
		code = cli_documents(c, c->roster_file[0] != '\0' && is_case);
	}
	if (code != 0) {
		return code;
	}
	if (n == 2 && strcmp(words[0], "check") == 0) {
		return check(c, words[1]);
	}
	if (n == 3 && strcmp(words[0], "compare") == 0) {
		return compare(c, words[1], words[2]);
	}
	if (n >= 2 && strcmp(words[0], "explain") == 0) {
		return policy_case_explain(c, words[1], words + 2, n - 2);
	}
	if (n == 3 && strcmp(words[0], "test") == 0) {
		return policy_case_test(c, words[1], words[2]);
	}
	return cli_fail(ERR_USAGE,
			"it is: kuramori policy propose FILE, policy grant FILE [NAME=VALUE...], "
			"policy check FILE, policy compare OLD NEW, "
			"policy explain ORDER [NAME=VALUE...], policy test POLICY CASES");
}
