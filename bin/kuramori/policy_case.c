/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_case.c - `kuramori policy explain` and `test`: what a policy says of one order, and of a
 * table of imagined ones.  The judgement is policy_judge(), the signers' own.
 *
 * A case is said in words NAME=VALUE, or in columns of those names.  docs/policy.md has them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "books_command.h"
#include "chain/nem/nem_time.h"
#include "io/clock.h"
#include "policy_command.h"
#include "policy_journal.h"

enum {
	CASES_BYTES_MAX = 1024 * 1024,
	COLUMNS_MAX = 24,
	CELL_MAX = 256,
	RATES_BYTES_MAX = 128,
	BEFORE_MAX = 8, /* entries that stand for what left before */
};

/* What is said of one case, and what was built from it. */
struct one {
	/* said */
	char name[CELL_MAX];
	char want[CELL_MAX]; /* "allowed", or an error's word; "" nothing is expected */
	char field[CELL_MAX];
	uint64_t at_ms;
	bool has_known, has_listed;
	uint64_t known_ms, listed_ms;
	uint64_t approvals;
	bool no;
	struct money hour, day, unapproved; /* that left before */
	uint64_t yen_hour, yen_day;
	char rates[RATES_BYTES_MAX];
	bool has_grant;
	struct doc_grant grant; /* without its destination */
	/* built */
	struct doc_order order;
	struct doc_request request;
	struct hash32 request_doc;
	struct policy_kept entries[BEFORE_MAX];
	struct policy_history history;
	struct policy_price prices[DOC_SOURCES_MAX];
	struct policy_own own;
	struct policy_question q;
};

static bool number(uint64_t *out, const char *text)
{
	char *end = NULL;

	if (text[0] < '0' || text[0] > '9') {
		return false;
	}
	*out = strtoull(text, &end, 10);
	return *end == '\0' && *out < UINT64_C(1) << 53;
}

static bool amount(struct money *out, const char *text)
{
	return money_parse(out, ASSET_XEM, bytes_str(text)) == ERR_OK;
}

static bool yes_no(bool *out, const char *text)
{
	*out = strcmp(text, "yes") == 0;
	return *out || strcmp(text, "no") == 0;
}

static bool text_fits(char *out, size_t cap, const char *text)
{
	return (size_t)snprintf(out, cap, "%s", text) < cap;
}

static bool set_at(struct one *o, const char *v)
{
	return books_time_get(&o->at_ms, v);
}

static bool set_known(struct one *o, const char *v)
{
	o->has_known = true;
	return books_time_get(&o->known_ms, v);
}

static bool set_listed(struct one *o, const char *v)
{
	o->has_listed = true;
	return books_time_get(&o->listed_ms, v);
}

static bool set_approvals(struct one *o, const char *v)
{
	return number(&o->approvals, v) && o->approvals <= 16;
}

static bool set_no(struct one *o, const char *v)
{
	return yes_no(&o->no, v);
}

static bool set_hour(struct one *o, const char *v)
{
	return amount(&o->hour, v);
}

static bool set_day(struct one *o, const char *v)
{
	return amount(&o->day, v);
}

static bool set_unapproved(struct one *o, const char *v)
{
	return amount(&o->unapproved, v);
}

static bool set_yen_hour(struct one *o, const char *v)
{
	return number(&o->yen_hour, v);
}

static bool set_yen_day(struct one *o, const char *v)
{
	return number(&o->yen_day, v);
}

static bool set_rates(struct one *o, const char *v)
{
	return text_fits(o->rates, sizeof o->rates, v);
}

/* UP_TO;FROM;UNTIL: to the order's own destination. */
static bool set_grant(struct one *o, const char *v)
{
	char text[CELL_MAX];
	char *from;
	char *until;

	if (!text_fits(text, sizeof text, v)) {
		return false;
	}
	from = strchr(text, ';');
	until = from == NULL ? NULL : strchr(from + 1, ';');
	if (until == NULL) {
		return false;
	}
	*from++ = '\0';
	*until++ = '\0';
	o->has_grant = true;
	return amount(&o->grant.up_to, text) && books_time_get(&o->grant.from_ms, from) &&
	       books_time_get(&o->grant.until_ms, until);
}

static bool set_name(struct one *o, const char *v)
{
	return text_fits(o->name, sizeof o->name, v);
}

static bool set_want(struct one *o, const char *v)
{
	return text_fits(o->want, sizeof o->want, v);
}

static bool set_field(struct one *o, const char *v)
{
	return text_fits(o->field, sizeof o->field, v);
}

static bool set_amount(struct one *o, const char *v)
{
	return amount(&o->order.amount, v) && !money_is_zero(&o->order.amount);
}

static bool set_to(struct one *o, const char *v)
{
	return strlen(v) == DOC_ADDRESS_CHARS &&
	       text_fits(o->order.destination.text, sizeof o->order.destination.text, v);
}

static bool set_message(struct one *o, const char *v)
{
	uint64_t n = 0;
	bool ok = number(&n, v) && n <= DOC_MESSAGE_MAX;

	o->order.message_n = ok ? (size_t)n : 0;
	memset(o->order.message, '.', o->order.message_n);
	return ok;
}

static const struct said {
	const char *name;
	bool (*set)(struct one *o, const char *value);
	bool order; /* says something that an order document says itself */
	bool known; /* says something that a signer's journal says */
} said[] = {
	{ "name", set_name, true, false },
	{ "want", set_want, true, false },
	{ "field", set_field, true, false },
	{ "amount", set_amount, true, false },
	{ "to", set_to, true, false },
	{ "message_bytes", set_message, true, false },
	{ "at", set_at, false, true },
	{ "known", set_known, false, true },
	{ "listed", set_listed, false, true },
	{ "approvals", set_approvals, false, false },
	{ "no", set_no, false, false },
	{ "hour", set_hour, false, true },
	{ "day", set_day, false, true },
	{ "unapproved", set_unapproved, false, true },
	{ "yen_hour", set_yen_hour, false, true },
	{ "yen_day", set_yen_day, false, true },
	{ "rates", set_rates, false, false },
	{ "grant", set_grant, false, true },
};

static const struct said *said_of(const char *name, size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(said); i++) {
		if (bytes_eq(bytes_str(said[i].name), bytes_of(name, n))) {
			return &said[i];
		}
	}
	return NULL;
}

static void one_init(struct one *o)
{
	memset(o, 0, sizeof *o);
	o->hour = o->day = o->unapproved = o->order.amount = money_zero(ASSET_XEM);
}

static bool moment(struct policy_moment *out, uint64_t ms)
{
	out->own_ms = ms;
	out->known = nem_time_from_unix_ms(&out->chain_s, ms) == ERR_OK;
	return out->known;
}

static bool remember(struct one *o, uint64_t ms, u128 outflow, uint32_t approvals, uint64_t yen)
{
	struct policy_entry e = {
		.own_ms = ms, .approvals = approvals, .outflow = outflow, .yen = yen
	};

	return nem_time_from_unix_ms(&e.chain_s, ms) == ERR_OK &&
	       ((outflow == 0 && yen == 0) || policy_history_add(&o->history, &e) == ERR_OK);
}

/* What left in the last hour, and what before that in the last day.  NULL or what is wrong. */
static const char *build_history(struct one *o)
{
	const uint64_t early_ms = o->at_ms - 2 * (uint64_t)POLICY_HOUR_MS;
	u128 hour = money_units(&o->hour);
	u128 day = money_units(&o->day);
	u128 unapproved = money_units(&o->unapproved);
	u128 early;

	policy_history_init(&o->history, o->entries, ARRAY_LEN(o->entries));
	day = day < hour ? hour : day;
	if (unapproved > day) {
		return N_("unapproved: more than left in the whole day");
	}
	early = unapproved < day - hour ? unapproved : day - hour;
	o->yen_day = o->yen_day < o->yen_hour ? o->yen_hour : o->yen_day;
	if (!remember(o, early_ms, day - hour - early, 1, o->yen_day - o->yen_hour) ||
	    !remember(o, early_ms, early, 0, 0) ||
	    !remember(o, o->at_ms, hour - (unapproved - early), 1, o->yen_hour) ||
	    !remember(o, o->at_ms, unapproved - early, 0, 0)) {
		return N_("at, hour, day: not a time or an amount that the chain knows");
	}
	return NULL;
}

/* Rates are separated by a semicolon; each is of a source of its own, and of this moment. */
static const char *build_prices(struct one *o)
{
	char *at = o->rates;

	while (*at != '\0') {
		char *end = strchr(at, ';');

		if (o->q.prices_n == DOC_SOURCES_MAX) {
			return N_("rates: more than there can be sources");
		}
		o->prices[o->q.prices_n] = (struct policy_price){ .rate = at,
								  .time_ms = o->at_ms,
								  .source = o->q.prices_n };
		o->q.prices_n++;
		if (end == NULL) {
			break;
		}
		*end = '\0';
		at = end + 1;
	}
	return NULL;
}

/* The question from what was said.  NULL or what is wrong. */
static const char *build(struct one *o, const struct cli *c, const struct doc_policy *p)
{
	const char *wrong;

	o->request = (struct doc_request){ .amount = o->order.amount,
					   .asset = o->order.asset,
					   .destination = o->order.destination,
					   .genesis = o->order.genesis,
					   .message_n = o->order.message_n,
					   .request_id = o->order.request_id,
					   .time_ms = o->order.created_ms };
	memcpy(o->request.message, o->order.message, o->order.message_n);
	o->request_doc = o->order.request;
	policy_own_make(&o->own, &c->genesis);
	o->q = (struct policy_question){
		.genesis = &c->genesis,
		.own = &o->own,
		.policy = p,
		.order = &o->order,
		.request = &o->request,
		.request_doc = &o->request_doc,
		.history = &o->history,
		.prices = o->prices,
		.now = { .own_ms = o->at_ms, .wall_ms = o->at_ms },
		.approvals = (unsigned)o->approvals,
		.unapproved_since = money_units(&o->unapproved),
		.veto = o->no,
		.grants = &o->grant,
		.grants_n = o->has_grant,
	};
	o->grant.destination = o->order.destination;
	if (nem_time_from_unix_ms(&o->q.now.chain_s, o->at_ms) != ERR_OK) {
		return N_("at: not a time that the chain knows");
	}
	if ((o->has_known && !moment(&o->q.order_known, o->known_ms)) ||
	    (o->has_listed && !moment(&o->q.listed, o->listed_ms))) {
		return N_("known, listed: not a time that the chain knows");
	}
	wrong = build_history(o);
	if (wrong == NULL) {
		wrong = build_prices(o);
	}
	/* without a roster the case itself says how many sources there are */
	o->q.prices_needed =
	    c->roster_file[0] != '\0' ? (size_t)c->roster.prices_needed : o->q.prices_n;
	return wrong;
}

static void print_row(const struct policy_verdict *v)
{
	char figure[MONEY_TEXT_MAX], limit[MONEY_TEXT_MAX];
	struct money m;

	printf("%-4s %-32s", v->err == ERR_OK ? _("ok") : _("NO"), v->field);
	if (v->has_figure) {
		m = money_of(ASSET_XEM, v->figure);
		money_put(figure, &m);
		m = money_of(ASSET_XEM, v->limit);
		money_put(limit, &m);
		printf(" %s, %s %s", figure, v->least ? _("needs") : _("limit"), limit);
	}
	printf("%s%s\n", v->err == ERR_OK ? "" : "  ", v->err == ERR_OK ? "" : words_of(v->words));
}

static json_t *row_json(const struct policy_verdict *v)
{
	char figure[MONEY_TEXT_MAX], limit[MONEY_TEXT_MAX];
	struct money m;
	json_t *o = json_pack("{s:s,s:b,s:s,s:s}", "field", v->field, "allowed", v->err == ERR_OK,
			      "code", err_slug(v->err), "words", v->words);

	CHECK(o != NULL);
	if (v->has_figure) {
		m = money_of(ASSET_XEM, v->figure);
		money_put(figure, &m);
		m = money_of(ASSET_XEM, v->limit);
		money_put(limit, &m);
		CHECK(json_object_set_new(o, "figure", json_string(figure)) == 0);
		CHECK(json_object_set_new(o, v->least ? "needs" : "limit", json_string(limit)) ==
		      0);
	}
	return o;
}

/* What comes of it: all of these are what signers answer, told apart for people. */
enum answer {
	ANSWER_ALLOWED,
	ANSWER_WAITS,     /* for time alone */
	ANSWER_ESCALATED, /* for people, and perhaps for time */
	ANSWER_REFUSED,
};

static const char *const answers[] = { "allowed", "waits", "escalated", "refused" };

/* A person's yes, or a `day`, lets it through (docs/decisions/0026). */
static bool asks_people(const struct policy_verdict *v)
{
	return v->err == ERR_APPROVALS ||
	       (v->err == ERR_CAP && strcmp(v->field, "policy.unapproved_day_max") == 0);
}

static enum answer answer_of(const struct policy_verdict *rows, size_t n, unsigned *broken)
{
	enum answer answer = ANSWER_ALLOWED;

	*broken = 0;
	for (size_t i = 0; i < n; i++) {
		enum answer one = rows[i].err == ERR_OK     ? ANSWER_ALLOWED
				  : rows[i].err == ERR_WAIT ? ANSWER_WAITS
				  : asks_people(&rows[i])   ? ANSWER_ESCALATED
							    : ANSWER_REFUSED;

		*broken += one != ANSWER_ALLOWED;
		answer = one > answer ? one : answer;
	}
	return answer;
}

static void print_answer(enum answer answer, unsigned broken, size_t n, bool whole)
{
	const char *more = whole ? "" : _("; what builds on the last was not looked at");

	switch (answer) {
	case ANSWER_ALLOWED:
		printf(_("it would be paid\n"));
		break;
	case ANSWER_WAITS:
		printf(_("it would wait: what it lacks comes with time\n"));
		break;
	case ANSWER_ESCALATED:
		printf(_("it would wait for people: their approvals, or a `day` where no approval "
			 "is needed\n"));
		break;
	case ANSWER_REFUSED:
		printf(_("it would be refused, by %u of %zu rules%s\n"), broken, n, more);
		break;
	}
}

/* j: NULL, or the signer whose rules stand before those of the policy. */
static int explain(const struct cli *c, const struct one *o, struct policy_journal *j)
{
	struct policy_verdict rows[GUARD_STANDS_MAX + POLICY_RULES_MAX];
	size_t stands = j == NULL ? 0 : guard_reading_stands(&j->reading, rows);
	size_t judged = policy_explain(rows + stands, &o->q);
	size_t n = stands + judged;
	json_t *list = json_array();
	unsigned broken = 0;
	enum answer answer = answer_of(rows, n, &broken);
	json_t *all;

	CHECK(list != NULL);
	if (j != NULL && !c->json) {
		policy_journal_print(j, &o->q);
	}
	for (size_t i = 0; i < n; i++) {
		if (c->json) {
			CHECK(json_array_append_new(list, row_json(&rows[i])) == 0);
		} else {
			print_row(&rows[i]);
		}
	}
	if (c->json) {
		all = json_pack("{s:b,s:s,s:O}", "allowed", broken == 0, "answer", answers[answer],
				"rules", list);
		CHECK(all != NULL);
		if (j != NULL) {
			CHECK(json_object_set_new(all, "journal", policy_journal_json(j, &o->q)) ==
			      0);
		}
		policy_print_json(all);
	} else {
		print_answer(answer, broken, n,
			     judged == POLICY_RULES_MAX || rows[n - 1].err == ERR_OK);
	}
	json_decref(list);
	return broken == 0 ? 0 : 1;
}

/* The words behind the order. */
static int read_facts(const struct cli *c, struct one *o, const char *const *facts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *equals = strchr(facts[i], '=');
		const struct said *s =
		    equals == NULL ? NULL : said_of(facts[i], (size_t)(equals - facts[i]));

		if (s == NULL || s->order) {
			return cli_fail(ERR_USAGE, "%.80s: not something that is said of an order",
					facts[i]);
		}
		if (s->known && c->journal[0] != '\0') {
			return cli_fail(ERR_USAGE,
					"%.80s: the journal says that; the moment is --at",
					facts[i]);
		}
		if (!s->set(o, equals + 1)) {
			return cli_fail(ERR_INPUT, "%.80s: not a value that it takes", facts[i]);
		}
	}
	return 0;
}

/* As a signer knew it; what was said of approvals, noes and prices stays. */
static int explain_by_journal(const struct cli *c, struct one *o, const struct hash32 *id)
{
	static struct policy_journal j;
	int code = policy_journal_read(c, &j, o->at_ms, &o->order.request_id, id);

	if (code == 0) {
		const struct guard_said *s = guard_reading_attested(&j.reading);

		guard_reading_question(&j.reading, &o->q);
		if (s != NULL && o->approvals == 0) {
			o->q.approvals = s->approvals;
		}
		code = explain(c, o, &j);
	}
	policy_journal_free(&j);
	return code;
}

int policy_case_explain(struct cli *c, const char *order, const char *const *facts, size_t n)
{
	static uint8_t raw[DOC_BYTES_MAX];
	static struct doc_policy p;
	static struct one o;
	struct doc_fault fault = { .why = "" };
	const char *wrong;
	size_t raw_n = 0;
	struct doc d;
	int code;
	enum err e;

	if (c->policy_file[0] == '\0') {
		return cli_fail(ERR_CONFIG, "policy_file is not set; see kuramori --help");
	}
	code = policy_read(c, c->policy_file, &d, &p);
	if (code == 0 && d.type != DOC_POLICY) {
		code = cli_fail(ERR_TYPE, "%s is a %s, not a policy", c->policy_file,
				doc_type_name(d.type));
	}
	if (code == 0) {
		code = cli_read(order, raw, sizeof raw, &raw_n);
	}
	if (code != 0) {
		return code;
	}
	one_init(&o);
	e = doc_open(&d, bytes_of(raw, raw_n), &c->genesis_id, &fault);
	if (e == ERR_OK) {
		e = doc_order_read(&d, &o.order, &fault);
	}
	if (e != ERR_OK) {
		return cli_fail(e, "%s: %s: %s", order, fault.field, words_of(fault.why));
	}
	o.at_ms = clock_wall_ms();
	if (c->at[0] != '\0' && !books_time_get(&o.at_ms, c->at)) {
		return cli_fail(ERR_CONFIG, "at: milliseconds since 1970, or a time as "
					    "2018-01-26T00:02:13Z");
	}
	code = read_facts(c, &o, facts, n);
	if (code != 0) {
		return code;
	}
	wrong = build(&o, c, &p);
	if (wrong != NULL) {
		return cli_fail(ERR_INPUT, "%s", words_of(wrong));
	}
	return c->journal[0] == '\0' ? explain(c, &o, NULL) : explain_by_journal(c, &o, &d.id);
}

/* ---- a table of cases ------------------------------------------------------------------------ */

struct table {
	const char *path;
	const struct said *columns[COLUMNS_MAX];
	size_t n;
	unsigned line;
};

/* One cell: up to the next comma or the end; *at moves behind it.  False: too long. */
static bool cell(char out[CELL_MAX], const char **at, bool *last)
{
	size_t n = strcspn(*at, ",");

	*last = (*at)[n] == '\0';
	if (n >= CELL_MAX) {
		return false;
	}
	memcpy(out, *at, n);
	out[n] = '\0';
	*at += *last ? n : n + 1;
	return true;
}

static int read_header(struct table *t, const char *line)
{
	char name[CELL_MAX];
	bool last = false;

	while (!last) {
		const struct said *s = NULL;

		if (cell(name, &line, &last)) {
			s = said_of(name, strlen(name));
		}
		for (size_t i = 0; s != NULL && i < t->n; i++) {
			s = t->columns[i] == s ? NULL : s;
		}
		if (s == NULL || t->n == COLUMNS_MAX) {
			return cli_fail(ERR_INPUT,
					"%s:%u: %.80s: not a column, or one that stands twice",
					t->path, t->line, name);
		}
		t->columns[t->n++] = s;
	}
	return 0;
}

/* Fills *o from a line; the order lives as long as the policy lets one live. */
static int read_case(const struct table *t, const char *line, const struct cli *c,
		     const struct doc_policy *p, struct one *o)
{
	const uint8_t tail[UUID7_RANDOM_BYTES] = { 0 };
	char value[CELL_MAX];
	const char *wrong;
	bool last = false;
	size_t i = 0;

	one_init(o);
	for (; !last && i < t->n; i++) {
		if (!cell(value, &line, &last) ||
		    (value[0] != '\0' && !t->columns[i]->set(o, value))) {
			return cli_fail(ERR_INPUT, "%s:%u: %s: not a value that it takes", t->path,
					t->line, t->columns[i]->name);
		}
	}
	if (i != t->n || !last) {
		return cli_fail(ERR_INPUT, "%s:%u: as many cells as columns are expected", t->path,
				t->line);
	}
	if (o->at_ms == 0 || o->want[0] == '\0' || o->order.destination.text[0] == '\0' ||
	    money_is_zero(&o->order.amount)) {
		return cli_fail(ERR_INPUT, "%s:%u: every case says at, to, amount and want",
				t->path, t->line);
	}
	o->order.asset = p->asset;
	o->order.chain = c->genesis.chain;
	o->order.created_ms = o->at_ms - 1;
	o->order.expires_ms = o->order.created_ms + p->order_life_ms;
	o->order.fee_max = p->fee_max;
	o->order.genesis = c->genesis_id;
	o->order.network = c->genesis.chain_network;
	o->order.vault = DOC_VAULT_HOT;
	uuid7_make(&o->order.request_id, o->order.created_ms, tail);
	wrong = build(o, c, p);
	return wrong == NULL ? 0
			     : cli_fail(ERR_INPUT, "%s:%u: %s", t->path, t->line, words_of(wrong));
}

/* True if it is judged as it says. */
static bool judged_so(const struct table *t, const struct one *o)
{
	struct policy_verdict v = policy_judge(&o->q);
	const char *got = v.err == ERR_OK ? "allowed" : err_slug(v.err);
	char words[POLICY_TELL_MAX];

	if (strcmp(got, o->want) == 0 && (o->field[0] == '\0' || strcmp(o->field, v.field) == 0)) {
		return true;
	}
	policy_tell(words, &v);
	printf(_("%s:%u: %s: wanted %s%s%s, it is %s"), t->path, t->line, o->name, o->want,
	       o->field[0] == '\0' ? "" : _(" by "), o->field, got);
	if (v.err != ERR_OK) {
		printf(_(" by %s: %s"), v.field, words);
	}
	printf("\n");
	return false;
}

static int run(struct table *t, char *text, const struct cli *c, const struct doc_policy *p)
{
	static struct one o;
	unsigned cases = 0;
	unsigned failed = 0;
	int code = 0;

	for (char *line = text, *next; code == 0 && line != NULL; line = next) {
		next = strchr(line, '\n');
		if (next != NULL) {
			*next++ = '\0';
		}
		t->line++;
		if (line[0] == '\0' || line[0] == '#') {
			continue;
		}
		if (t->n == 0) {
			code = read_header(t, line);
			continue;
		}
		code = read_case(t, line, c, p, &o);
		if (code == 0) {
			cases++;
			failed += !judged_so(t, &o);
		}
	}
	if (code != 0) {
		return code;
	}
	if (cases == 0) {
		return cli_fail(ERR_INPUT, "%s: no cases: nothing was tested", t->path);
	}
	if (c->json) {
		policy_print_json(
		    json_pack("{s:i,s:i}", "cases", (int)cases, "failed", (int)failed));
	} else {
		printf(_("%u cases, %u of them judged otherwise than they say\n"), cases, failed);
	}
	return failed == 0 ? 0 : 1;
}

int policy_case_test(struct cli *c, const char *policy, const char *cases)
{
	static char text[CASES_BYTES_MAX + 1];
	static struct doc_policy p;
	struct table t = { .path = cases };
	size_t n = 0;
	struct doc d;
	int code = policy_read(c, policy, &d, &p);

	if (code == 0 && d.type != DOC_POLICY) {
		code =
		    cli_fail(ERR_TYPE, "%s is a %s, not a policy", policy, doc_type_name(d.type));
	}
	if (code == 0) {
		code = cli_read(cases, (uint8_t *)text, sizeof text - 1, &n);
	}
	if (code != 0) {
		return code;
	}
	if (memchr(text, '\0', n) != NULL) {
		return cli_fail(ERR_INPUT, "%s: not a text", cases);
	}
	text[n] = '\0';
	return run(&t, text, c, &p);
}
