/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer.c - what the API is told: arguments decoded, JSON written, answers sent after the commit.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "crypto/sha256.h"
#include "crypto/uuid7.h"
#include "payout/inner.h"

/* --- JSON --- */

/* A comma where one is due: after anything but an opening bracket or a colon. */
static void comma(struct writer *w)
{
	if (w->n > 0 && strchr("{[:", (char)w->p[w->n - 1]) == NULL) {
		json_put_raw(w, ",");
	}
}

static void put_key(struct writer *w, const char *key)
{
	comma(w);
	json_put_key(w, key);
}

static void put_text(struct writer *w, const char *key, const char *value)
{
	put_key(w, key);
	/* what strangers wrote and documents cannot carry does not get here; a log line might */
	if (json_put_string(w, bytes_str(value)) != ERR_OK) {
		json_put_raw(w, "\"\"");
	}
}

static void put_int(struct writer *w, const char *key, uint64_t value)
{
	put_key(w, key);
	if (json_put_int(w, value) != ERR_OK) {
		json_put_raw(w, "0");
	}
}

static void put_bool(struct writer *w, const char *key, bool value)
{
	put_key(w, key);
	json_put_bool(w, value);
}

static void put_amount(struct writer *w, const char *key, u128 amount)
{
	struct money m = money_of(ASSET_XEM, amount);
	char text[MONEY_TEXT_MAX];

	money_put(text, &m);
	put_text(w, key, text);
}

/* Empty text for a hash that is not there yet. */
static void put_hash(struct writer *w, const char *key, const struct hash32 *h)
{
	char hex[65] = "";

	if (!hash32_is_zero(h)) {
		hex_put(hex, bytes_of(h->b, sizeof h->b));
	}
	put_text(w, key, hex);
}

static void put_id(struct writer *w, const char *key, const struct id128 *id)
{
	char text[UUID7_TEXT_MAX];

	uuid7_put(text, id);
	put_text(w, key, text);
}

static void open_in(struct writer *w, const char *key, const char *bracket)
{
	if (key != NULL) {
		put_key(w, key);
	} else {
		comma(w);
	}
	json_put_raw(w, bracket);
}

/* --- the answer of a step --- */

static void begin(struct payout *p, uint64_t tag)
{
	p->answering = true;
	p->answer_tag = tag;
	p->answer_err = ERR_OK;
	p->answer_field[0] = '\0';
	p->answer_detail[0] = '\0';
	p->answer_format = "%s";
	p->answer = writer_make(p->answer_buffer, PAYOUT_ANSWER_MAX);
}

void answer_refuse(struct payout *p, enum err e, const char *field, const char *format, ...)
{
	va_list args;

	CHECK(e != ERR_OK);
	p->answer_err = e;
	p->counters[COUNT_REFUSED]++;
	(void)snprintf(p->answer_field, sizeof p->answer_field, "%s", field);
	va_start(args, format);
	(void)vsnprintf(p->answer_detail, sizeof p->answer_detail, format, args);
	p->answer_format = format;
	va_end(args);
}

void answer_refuse_doc(struct payout *p, enum err e, const struct doc_fault *fault)
{
	answer_refuse(p, e, fault->field, "%s", fault->why != NULL ? fault->why : err_words(e));
}

/* A flat object of texts, one call a member. */
void answer_text(struct payout *p, const char *key, const char *value)
{
	if (p->answer.n == 0) {
		json_put_raw(&p->answer, "{");
	} else {
		p->answer.n--; /* the bracket of the last member */
	}
	put_text(&p->answer, key, value);
	json_put_raw(&p->answer, "}");
}

void payout_put_refusal(struct writer *w, enum err e, const char *field, const char *detail,
			const char *format)
{
	const char *const part[] = { field, detail, format };

	CHECK(e != ERR_OK);
	writer_u32(w, (uint32_t)e);
	for (size_t i = 0; i < ARRAY_LEN(part); i++) {
		struct bytes text = bytes_str(part[i]);

		writer_u32(w, (uint32_t)text.n);
		writer_bytes(w, text);
	}
}

void answer_send(struct payout *p, struct effects *out)
{
	uint8_t *body;
	size_t n;

	if (!p->answering) {
		return;
	}
	p->answering = false;
	if (p->answer_err == ERR_OK && p->answer.bad) {
		p->answer_err = ERR_TOO_LARGE;
		(void)snprintf(p->answer_detail, sizeof p->answer_detail,
			       N_("the answer is larger than %d bytes"), PAYOUT_ANSWER_MAX);
		p->answer_format = "the answer is larger than %d bytes";
	}
	if (p->answer_err == ERR_OK) {
		n = 4 + p->answer.n;
		body = effects_take(out, n);
		le32_put(body, ERR_OK);
		memcpy(body + 4, p->answer.p, p->answer.n);
	} else {
		struct bytes field = bytes_str(p->answer_field),
			     detail = bytes_str(p->answer_detail),
			     format = bytes_str(p->answer_format);
		struct writer w;

		n = 4 + 4 + field.n + 4 + detail.n + 4 + format.n;
		body = effects_take(out, n);
		w = writer_make(body, n);
		payout_put_refusal(&w, p->answer_err, p->answer_field, p->answer_detail,
				   p->answer_format);
		CHECK(!w.bad);
	}
	effects_call(out, PAYOUT_CALL_ANSWER, p->answer_tag, bytes_of(body, n));
}

/* --- withdrawals --- */

static void put_lock(struct writer *w, const struct payout *p, const struct inner_withdrawal *x)
{
	uint64_t until_ms = lock_until(p, x);

	put_int(w, "locked_until_ms", until_ms == LOCK_NOT_BEGUN ? 0 : until_ms);
}

static void put_withdrawal(struct writer *w, const struct payout *p,
			   const struct inner_withdrawal *x, bool created)
{
	open_in(w, NULL, "{");
	put_amount(w, "amount", x->amount);
	if (!created) {
		put_int(w, "approvals", x->approved);
	}
	put_int(w, "approvals_needed", x->needed);
	if (!created) {
		put_int(w, "block_height", x->move == INNER_NONE ? 0 : p->moves[x->move].height);
		put_int(w, "changed_ms", x->changed_ms);
	}
	put_int(w, "created_ms", x->created_ms);
	put_text(w, "customer", x->customer);
	put_text(w, "destination", x->destination.text);
	put_int(w, "expires_ms", x->expires_ms);
	put_amount(w, "fee", x->fee);
	put_id(w, "id", &x->id);
	if (!created) {
		put_lock(w, p, x);
	}
	put_hash(w, "order", &x->order_doc);
	if (!created) {
		put_hash(w, "payment", &x->payment);
		put_text(w, "reason", x->reason);
	}
	put_hash(w, "request", &x->request_doc);
	if (!created) {
		put_text(w, "state", state_name(x->state));
	}
	json_put_raw(w, "}");
}

/*
 * created: only what never changes, so that a repeated request gets the same bytes as the first
 * (Idempotency-Key); how far it is, GET tells.
 */
void answer_withdrawal(struct payout *p, const struct inner_withdrawal *w, bool created)
{
	put_withdrawal(&p->answer, p, w, created);
}

static void one_withdrawal(struct payout *p, struct bytes args)
{
	struct id128 id;
	uint32_t index;

	CHECK(args.n == sizeof id.b);
	memcpy(id.b, args.p, sizeof id.b);
	if (!map_get(&p->by_id, &id, &index)) {
		answer_refuse(p, ERR_NOT_FOUND, "id", "no withdrawal has this id");
		return;
	}
	put_withdrawal(&p->answer, p, &p->all[index], false);
}

/* Every change of state: what its record says, and where in the journal it stands. */
static void history(struct payout *p, struct bytes args)
{
	struct writer *out = &p->answer;
	const struct inner_withdrawal *w;
	struct id128 id;
	uint32_t index;

	memcpy(id.b, args.p, sizeof id.b);
	if (!map_get(&p->by_id, &id, &index)) {
		answer_refuse(p, ERR_NOT_FOUND, "id", "no withdrawal has this id");
		return;
	}
	w = &p->all[index];
	json_put_raw(out, "{");
	put_int(out, "attempts", w->attempts);
	put_int(out, "attempts_dead", w->dead);
	open_in(out, "changes", "[");
	for (uint32_t i = 0; i < w->changes_n; i++) {
		const struct inner_change *c = &w->changes[i];
		const char *text = p->words[c->words];
		const char *lf = strchr(text, '\n');
		char who[INNER_WHO_MAX];

		CHECK(lf != NULL); /* the journal's form was checked */
		(void)snprintf(who, sizeof who, "%.*s", (int)(lf - text), text);
		open_in(out, NULL, "{");
		put_text(out, "new", state_name(c->next));
		put_text(out, "old", state_name(c->old));
		put_int(out, "sequence", c->sequence);
		put_int(out, "time_ms", c->time_ms);
		put_text(out, "what", state_happening_name(c->what));
		put_text(out, "who", who);
		put_text(out, "why", lf + 1);
		json_put_raw(out, "}");
	}
	json_put_raw(out, "]");
	put_id(out, "id", &w->id);
	put_lock(out, p, w);
	put_text(out, "state", state_name(w->state));
	json_put_raw(out, "}");
}

static void list_withdrawals(struct payout *p, struct bytes args)
{
	struct reader r = reader_make(args);
	uint32_t state = reader_u32(&r), limit = reader_u32(&r), n = 0;

	if (!reader_done(&r) || state >= PAYOUT_STATES || limit < 1 || limit > PAYOUT_LIST_MAX) {
		answer_refuse(p, ERR_FIELD_RANGE, "limit", "1 to %d", PAYOUT_LIST_MAX);
		return;
	}
	json_put_raw(&p->answer, "{");
	open_in(&p->answer, "withdrawals", "[");
	for (size_t i = p->all_n; i > 0 && n < limit; i--) {
		const struct inner_withdrawal *w = &p->all[i - 1];

		if (state == 0 || (uint32_t)w->state == state) {
			put_withdrawal(&p->answer, p, w, false);
			n++;
		}
	}
	json_put_raw(&p->answer, "]}");
}

/* --- accounts --- */

static void put_account(struct payout *p, const struct books_account *a, struct bytes name)
{
	struct writer *w = &p->answer;
	bool debit = books_kind_debit(a->kind);
	char text[DOC_NAME_MAX + 1];

	json_put_raw(w, "{");
	put_text(w, "asset", books_asset_name(a->asset));
	put_amount(w, "available", books_available(&p->books, &a->id));
	put_amount(w, "balance", books_balance(&p->books, &a->id));
	put_bool(w, "closed", a->closed);
	put_amount(w, "held",
		   debit ? books_held(&p->books, a).credits : books_held(&p->books, a).debits);
	put_id(w, "id", &a->id);
	put_text(w, "kind", books_kind_name(a->kind));
	put_amount(w, "limit", books_most(&p->books, a));
	if (name.n > 0) {
		(void)snprintf(text, sizeof text, "%.*s", (int)name.n, (const char *)name.p);
		put_text(w, "name", text);
	}
	put_amount(w, "posted_credits", a->credits);
	put_amount(w, "posted_debits", a->debits);
	json_put_raw(w, "}");
}

const struct books_account *payout_named(const struct payout *p, struct bytes name)
{
	const struct books_account *a = NULL;
	struct id128 id;

	if (name.n >= 1 && name.n <= DOC_NAME_MAX) {
		for (uint32_t kind = BOOKS_CUSTOMER; a == NULL && kind < BOOKS_KINDS; kind++) {
			books_account_id(&id, kind, ASSET_XEM, name);
			a = books_account(&p->books, &id);
		}
	}
	return a;
}

static void account_by_name(struct payout *p, struct bytes name)
{
	const struct books_account *a = payout_named(p, name);

	if (a == NULL) {
		answer_refuse(p, ERR_NOT_FOUND, "id", "no account has this name");
		return;
	}
	put_account(p, a, name);
}

static void account_by_id(struct payout *p, struct bytes args)
{
	const struct books_account *a;
	struct id128 id;

	CHECK(args.n == sizeof id.b);
	memcpy(id.b, args.p, sizeof id.b);
	a = books_account(&p->books, &id);
	if (a == NULL) {
		answer_refuse(p, ERR_NOT_FOUND, "id", "no account has this id");
		return;
	}
	put_account(p, a, bytes_of(NULL, 0));
}

static void deposit_token(struct payout *p, struct bytes name)
{
	char token[PAYOUT_TOKEN_CHARS + 1];
	char text[DOC_NAME_MAX + 1];
	struct writer *w = &p->answer;

	enum err e = name.n > DOC_NAME_MAX ? ERR_NOT_FOUND : payout_token(token, p, name);

	if (e != ERR_OK) {
		answer_refuse(p, e, "customer",
			      e == ERR_CLOSED ? "this customer's account is closed: what is sent "
						"to him goes to suspense"
					      : "no such customer");
		return;
	}
	(void)snprintf(text, sizeof text, "%.*s", (int)name.n, (const char *)name.p);
	json_put_raw(w, "{");
	open_in(w, "addresses", "[");
	for (size_t i = 0; i < p->own_n; i++) {
		if (p->own[i].kind == BOOKS_DEPOSIT) {
			comma(w);
			CHECK(json_put_string(w, nem_address_bytes(&p->own[i].address)) == ERR_OK);
		}
	}
	json_put_raw(w, "]");
	put_text(w, "customer", text);
	put_text(w, "message", token);
	json_put_raw(w, "}");
}

/* --- an order with everything that belongs to it --- */

static void put_order(struct payout *p, const struct inner_withdrawal *x)
{
	struct writer *w = &p->answer;
	const struct inner_doc *order = payout_doc(x, DOC_ORDER, 0);
	struct doc d;

	payout_open_doc(p, &d, order);
	json_put_raw(w, "{");
	put_int(w, "approvals", x->approved);
	put_int(w, "approvals_needed", x->needed);
	open_in(w, "documents", "[");
	for (uint32_t i = 0; i < x->docs_n; i++) {
		if (x->docs[i].type != INNER_DOC_UNIT) {
			comma(w);
			writer_bytes(w, bytes_of(x->docs[i].p, x->docs[i].n));
		}
	}
	json_put_raw(w, "]");
	put_hash(w, "id", &x->order_doc);
	put_key(w, "order");
	writer_bytes(w, d.body);
	put_hash(w, "payment", &x->payment);
	put_text(w, "reason", x->reason);
	put_text(w, "state", state_name(x->state));
	put_id(w, "withdrawal", &x->id);
	json_put_raw(w, "}");
}

static void one_order(struct payout *p, struct bytes args, uint64_t tag, struct effects *out)
{
	struct inner_withdrawal *w;
	struct hash32 id;
	struct id128 key;
	uint32_t index;

	CHECK(args.n == sizeof id.b);
	memcpy(id.b, args.p, sizeof id.b);
	key = map_key(&id);
	if (!map_get(&p->by_order, &key, &index) || !hash32_eq(&p->all[index].order_doc, &id)) {
		answer_refuse(p, ERR_NOT_FOUND, "id", "no order has this id");
		return;
	}
	w = &p->all[index];
	if (payout_docs_here(w)) {
		put_order(p, w);
		return;
	}
	for (size_t i = 0; i < INNER_WAITING_MAX; i++) {
		if (!p->waiting[i].used) {
			p->waiting[i] =
			    (struct inner_waiting){ .tag = tag,
						    .withdrawal = index,
						    .next = payout_load_some(out, p, w, 0),
						    .used = true };
			w->wanted = true;
			p->answering = false; /* answer_blob() asks for the rest, and answers */
			return;
		}
	}
	answer_refuse(p, ERR_BUSY, "", "too many orders are being read from the journal");
}

void answer_blob(struct payout *p, const struct event *e, struct effects *out)
{
	uint64_t index = e->request_id >> 16, at = e->request_id & 0xffff;
	struct inner_withdrawal *w;
	struct inner_doc *d;
	struct hash32 name;

	p->counting_reads = p->counting_reads && p->counting_id != e->request_id;
	if (index >= p->all_n || at >= p->all[index].docs_n) {
		return;
	}
	w = &p->all[index];
	d = &w->docs[at];
	log_batch_blob_name(&name, e->body);
	if (e->status == ERR_OK && d->p == NULL && e->body.n == d->n &&
	    hash32_eq(&name, &d->blob)) {
		payout_put_back(d, e->body);
	}
	for (size_t i = 0; i < INNER_WAITING_MAX; i++) {
		struct inner_waiting *wait = &p->waiting[i];

		if (!wait->used || wait->withdrawal != index) {
			continue;
		}
		if (e->status == ERR_OK && !payout_docs_here(w)) {
			wait->next = payout_load_some(out, p, w, wait->next);
			continue;
		}
		wait->used = false;
		begin(p, wait->tag);
		if (payout_docs_here(w)) {
			put_order(p, w);
		} else {
			answer_refuse(p, ERR_IO, "", "the journal could not be read");
		}
		answer_send(p, out);
		w->wanted = false;
	}
	if (!w->wanted && state_final(w->state)) {
		withdraw_let_go(w);
	}
}

/* --- a posting or plan with what people said --- */

static void one_ruling(struct payout *p, struct bytes args)
{
	struct writer *w = &p->answer;
	const struct inner_ruling *x;
	struct hash32 id;

	memcpy(id.b, args.p, sizeof id.b);
	x = ruling_find(p, &id);
	if (x == NULL) {
		answer_refuse(p, ERR_NOT_FOUND, "id", "no posting or plan has this id");
		return;
	}
	json_put_raw(w, "{");
	put_int(w, "approvals", ruling_approved(x));
	put_int(w, "approvals_needed", ruling_needed(x));
	open_in(w, "documents", "[");
	for (size_t i = 0; i < x->docs_n; i++) {
		comma(w);
		writer_bytes(w, bytes_of(x->docs[i].p, x->docs[i].n));
	}
	json_put_raw(w, "]");
	put_hash(w, "id", &x->id);
	put_text(w, "state", ruling_state_name(x->state));
	put_text(w, "type", doc_type_name(x->type));
	json_put_raw(w, "}");
}

/* --- status, audit, metrics --- */

/* What each source said last, and how many must agree; nothing to say without caps in yen. */
static void put_prices(const struct payout *p, struct writer *w)
{
	struct prices_view one;

	open_in(w, "prices", "[");
	for (size_t i = 0; i < p->roster.source_count; i++) {
		if (prices_at(p, i, &one)) {
			open_in(w, NULL, "{");
			put_int(w, "age_ms", one.age_ms);
			put_text(w, "rate", one.rate);
			put_text(w, "source", p->roster.price_sources[i].id);
			put_int(w, "time_ms", one.time_ms);
			json_put_raw(w, "}");
		}
	}
	json_put_raw(w, "]");
	put_int(w, "prices_needed", prices_wanted(p) ? p->roster.prices_needed : 0);
}

static void status(struct payout *p)
{
	size_t by_state[PAYOUT_STATES] = { 0 };
	struct writer *w = &p->answer;
	struct follow_hot hot;

	follow_hot(&hot, p);
	for (size_t i = 0; i < p->all_n; i++) {
		by_state[p->all[i].state]++;
	}
	json_put_raw(w, "{");
	put_text(w, "books", p->opened ? "open" : p->open_height != 0 ? "opening" : "closed");
	put_bool(w, "chain_read", p->synced);
	open_in(w, "closed_accounts", "[");
	for (size_t i = 0; i < p->genesis.hot_count; i++) {
		if (p->closings[i].closed) {
			comma(w);
			CHECK(json_put_string(w, bytes_str(p->own[i].address.text)) == ERR_OK);
		}
	}
	json_put_raw(w, "]");
	put_int(w, "deposit_depth", p->config.deposit_depth);
	put_int(w, "freezes", p->control.binding);
	put_hash(w, "genesis", &p->genesis_id);
	put_int(w, "height", p->top);
	put_int(w, "height_agreed", p->agreed);
	put_bool(w, "hot_over_ceiling", hot.hot_over);
	put_int(w, "hot_share_bp", hot.all == 0 ? 0 : (uint64_t)(hot.hot * 10000 / hot.all));
	put_hash(w, "journal_head", &p->journal.head);
	put_int(w, "journal_records", p->journal.next_sequence);
	open_in(w, "links", "[");
	for (size_t i = 0; i < 2 + p->roster.watcher_count; i++) {
		open_in(w, NULL, "{");
		put_text(w, "id", i == 0 ? "a" : i == 1 ? "b" : p->roster.watchers[i - 2].id);
		put_text(w, "last_refusal", p->link_words[i]);
		put_text(w, "role", i < 2 ? "signer" : "watcher");
		put_bool(w, "up", p->link_up[i]);
		json_put_raw(w, "}");
	}
	json_put_raw(w, "]");
	put_int(w, "network", p->config.network);
	put_int(w, "nodes_agree", p->config.nodes_agree);
	open_in(w, "nodes_split", "[");
	for (uint32_t i = 0; i < p->config.nodes; i++) {
		comma(w);
		json_put_bool(w, p->node_split[i]);
	}
	json_put_raw(w, "]");
	open_in(w, "nodes_up", "[");
	for (uint32_t i = 0; i < p->config.nodes; i++) {
		comma(w);
		json_put_bool(w, p->node_up[i]);
	}
	json_put_raw(w, "]");
	put_hash(w, "policy", &p->policy_id);
	put_prices(p, w);
	put_text(w, "program", "kuramorid");
	put_hash(w, "roster", &p->roster_id);
	put_int(w, "settle_depth", p->config.settle_depth);
	put_bool(w, "till_over_ceiling", hot.till_over);
	put_text(w, "version", KURAMORI_VERSION);
	open_in(w, "withdrawals", "{");
	for (unsigned s = PAYOUT_REQUESTED; s < PAYOUT_STATES; s++) {
		put_int(w, state_name(s), by_state[s]);
	}
	json_put_raw(w, "}}");
}

static void audit(struct payout *p)
{
	static struct payout_account rows[PAYOUT_OWN_MAX];
	struct writer *w = &p->answer;
	size_t n = payout_reconcile_open(p, rows);
	struct payout_looked looked;
	bool explained = true;
	struct hash32 root;

	if (payout_look(p, &looked) != ERR_OK) {
		answer_refuse(p, ERR_FULL, "", "no memory");
		return;
	}
	json_put_raw(w, "{");
	open_in(w, "accounts", "[");
	for (size_t i = 0; i < n; i++) {
		open_in(w, NULL, "{");
		put_text(w, "address", rows[i].address);
		put_amount(w, "arriving", rows[i].arriving);
		put_amount(w, "books", rows[i].books);
		put_amount(w, "chain", rows[i].chain);
		put_bool(w, "explained", rows[i].explained);
		put_text(w, "kind", books_kind_name(rows[i].kind));
		put_amount(w, "leaving", rows[i].leaving);
		json_put_raw(w, "}");
		explained = explained && rows[i].explained;
	}
	json_put_raw(w, "]");
	put_hash(w, "books_hash", &looked.hash);
	put_int(w, "books_records", looked.records);
	put_bool(w, "books_valid", looked.valid);
	put_bool(w, "chain_read", p->synced);
	put_amount(w, "customers", p->books.totals.owed[ASSET_XEM]);
	put_bool(w, "explained", explained);
	put_amount(w, "fee", books_balance(&p->books, &p->fee));
	put_int(w, "height", p->top);
	put_amount(w, "house", books_balance(&p->books, &p->house));
	put_amount(w, "in_flight", books_balance(&p->books, &p->in_flight));
	put_hash(w, "journal_head", &p->journal.head);
	put_int(w, "journal_records", p->journal.next_sequence);
	log_tree_root(&root, &p->journal.tree);
	put_hash(w, "journal_root", &root);
	put_amount(w, "opening", books_balance(&p->books, &p->opening));
	put_amount(w, "reserves", p->books.totals.reserves[ASSET_XEM]);
	put_amount(w, "shortage", books_balance(&p->books, &p->shortage));
	put_amount(w, "suspense", books_balance(&p->books, &p->suspense));
	json_put_raw(w, "}");
}

static void metric(struct writer *w, const char *name, const char *type, const char *help,
		   uint64_t value)
{
	char line[400];

	(void)snprintf(line, sizeof line,
		       "# HELP kuramorid_%s %s\n# TYPE kuramorid_%s %s\nkuramorid_%s %" PRIu64 "\n",
		       name, help, name, type, name, value);
	json_put_raw(w, line);
}

static void metric_prices(const struct payout *p, struct writer *w)
{
	struct prices_view one;
	char line[200];

	metric(w, "prices_needed", "gauge", "Price sources that must agree; 0 without caps in yen.",
	       prices_wanted(p) ? p->roster.prices_needed : 0);
	json_put_raw(w, "# HELP kuramorid_price_age_milliseconds Age of a source's last price.\n"
			"# TYPE kuramorid_price_age_milliseconds gauge\n");
	for (size_t i = 0; i < p->roster.source_count; i++) {
		if (prices_at(p, i, &one)) {
			(void)snprintf(line, sizeof line,
				       "kuramorid_price_age_milliseconds{source=\"%s\"} %" PRIu64
				       "\n",
				       p->roster.price_sources[i].id, one.age_ms);
			json_put_raw(w, line);
		}
	}
}

static void metrics(struct payout *p)
{
	struct writer *w = &p->answer;
	size_t by_state[PAYOUT_STATES] = { 0 };
	struct follow_hot hot;
	char line[200];

	follow_hot(&hot, p);
	for (size_t i = 0; i < p->all_n; i++) {
		by_state[p->all[i].state]++;
	}
	metric(w, "accounts", "gauge", "Accounts in the books.", p->books.account_count);
	metric(w, "chain_height", "gauge", "Newest block applied.", p->top);
	metric(w, "chain_height_agreed", "gauge", "Newest block that enough nodes have.",
	       p->agreed);
	metric(w, "chain_read", "gauge", "1 when the chain was read to its top.", p->synced);
	metric(w, "hot_share_basis_points", "gauge", "Hot coins of all coins, 1/10,000.",
	       hot.all == 0 ? 0 : (uint64_t)(hot.hot * 10000 / hot.all));
	metric(w, "hot_over_ceiling", "gauge", "1 while the policy's hot ceiling is passed.",
	       hot.hot_over);
	metric(w, "till_over_ceiling", "gauge", "1 while a till holds more than till_max.",
	       hot.till_over);
	metric(w, "journal_records_total", "counter", "Records in the journal.",
	       p->journal.next_sequence);
	metric(w, "freezes", "gauge", "Freezes that bind.", p->control.binding);
	metric(w, "recoveries", "gauge", "Rosters by cold holders that wait.",
	       control_recoveries(&p->control));
	metric(w, "requests_total", "counter", "Requests taken since the start.",
	       p->counters[COUNT_REQUESTS]);
	metric(w, "refusals_total", "counter", "API requests refused since the start.",
	       p->counters[COUNT_REFUSED]);
	metric(w, "settled_total", "counter", "Payments settled.", p->counters[COUNT_SETTLED]);
	metric(w, "transfers_total", "counter", "Entries of settlement booked since the start.",
	       p->counters[COUNT_TRANSFERS]);
	metric(w, "deposits_total", "counter", "Incoming movements booked.",
	       p->counters[COUNT_DEPOSITS]);
	metric(w, "unexplained_outflows_total", "counter", "Outflows that nothing explains.",
	       p->counters[COUNT_SHORTAGE]);
	metric(w, "rollbacks_total", "counter", "Times that the chain undid blocks.",
	       p->counters[COUNT_ROLLBACKS]);
	metric(w, "bad_signer_answers_total", "counter", "Signer answers that did not verify.",
	       p->counters[COUNT_REPLIES_BAD]);
	json_put_raw(w, "# HELP kuramorid_withdrawals Withdrawals by state.\n"
			"# TYPE kuramorid_withdrawals gauge\n");
	for (unsigned s = PAYOUT_REQUESTED; s < PAYOUT_STATES; s++) {
		(void)snprintf(line, sizeof line, "kuramorid_withdrawals{state=\"%s\"} %zu\n",
			       state_name(s), by_state[s]);
		json_put_raw(w, line);
	}
	metric_prices(p, w);
	json_put_raw(w, "# HELP kuramorid_link_up 1 while the signer or watcher is connected.\n"
			"# TYPE kuramorid_link_up gauge\n");
	for (size_t i = 0; i < 2 + p->roster.watcher_count; i++) {
		(void)snprintf(line, sizeof line, "kuramorid_link_up{id=\"%s\"} %d\n",
			       i == 0   ? "a"
			       : i == 1 ? "b"
					: p->roster.watchers[i - 2].id,
			       p->link_up[i]);
		json_put_raw(w, line);
	}
}

static bool sized(struct payout *p, struct bytes body, size_t n)
{
	if (body.n != n) {
		answer_refuse(p, ERR_INPUT, "", "arguments of the wrong size");
		return false;
	}
	return true;
}

void answer_api(struct payout *p, const struct event *e, struct effects *out)
{
	struct reader r = reader_make(e->body);
	struct bytes key;

	begin(p, e->request_id);
	switch ((enum payout_api)e->number) {
	case API_WITHDRAW:
		key = reader_bytes(&r, reader_u32(&r));
		if (r.bad) {
			answer_refuse(p, ERR_INPUT, "", "arguments of the wrong size");
			return;
		}
		withdraw_request(p, key, bytes_of(r.p, r.left), out);
		return;
	case API_DOCUMENT:
		withdraw_document(p, e->body, out);
		return;
	case API_WITHDRAWAL:
		if (sized(p, e->body, 16)) {
			one_withdrawal(p, e->body);
		}
		return;
	case API_HISTORY:
		if (sized(p, e->body, 16)) {
			history(p, e->body);
		}
		return;
	case API_WITHDRAWALS:
		list_withdrawals(p, e->body);
		return;
	case API_ACCOUNT:
		if (sized(p, e->body, 16)) {
			account_by_id(p, e->body);
		}
		return;
	case API_CUSTOMER:
		account_by_name(p, e->body);
		return;
	case API_ORDER:
		if (sized(p, e->body, 32)) {
			one_order(p, e->body, e->request_id, out);
		}
		return;
	case API_TOKEN:
		deposit_token(p, e->body);
		return;
	case API_STATUS:
		status(p);
		return;
	case API_AUDIT:
		audit(p);
		return;
	case API_METRICS:
		metrics(p);
		return;
	case API_OPEN_BEGIN:
		if (sized(p, e->body, 16)) {
			open_begin(p, le128_get(e->body.p), out);
		}
		return;
	case API_OPEN_CLAIMS:
		open_claims(p, e->body, out);
		return;
	case API_OPEN_END:
		open_end(p, out);
		return;
	case API_TRANSFERS:
		break; /* payout_step() has taken it */
	case API_PRICE:
		prices_take(p, e->body);
		return;
	case API_REPAY_BEGIN:
		if (sized(p, e->body, 32)) {
			struct hash32 plan;

			memcpy(plan.b, e->body.p, sizeof plan.b);
			repay_begin(p, &plan);
		}
		return;
	case API_REPAY_ROWS:
		repay_rows(p, e->body);
		return;
	case API_REPAY_CHECK:
		repay_check(p, out);
		return;
	case API_REPAY_PAY:
		if (sized(p, e->body, 4)) {
			repay_pay(p, le32_get(e->body.p), out);
		}
		return;
	case API_RULING:
		if (sized(p, e->body, 32)) {
			one_ruling(p, e->body);
		}
		return;
	}
	answer_refuse(p, ERR_TYPE, "", "no such operation");
}
