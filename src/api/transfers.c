/* SPDX-License-Identifier: Apache-2.0 */
#include "api/transfers.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "base/money.h"
#include "base/words.h"
#include "books/books.h"
#include "crypto/uuid7.h"
#include "doc/json.h"
#include "payout/payout.h"

enum { UUID_CHARS = 36 };

/* The fields of an entry, in byte order as they stand in it. */
enum field { ACCOUNT, AMOUNT, ASSET, CREDIT, DEBIT, ID, KIND_OF, LINKED, REF, UNTIL, FIELDS };

static const char *const field_names[FIELDS] = {
	"account", "amount", "asset", "credit", "debit", "id", "kind", "linked", "ref", "until_ms",
};

#define BIT(f) (1U << (f))

static const struct kind {
	const char *name;
	uint16_t number;
	unsigned required; /* fields, as bits */
	unsigned allowed;
} entry_kinds[] = {
	{ "account", LOG_ACCOUNT, BIT(ACCOUNT) | BIT(ASSET), 0 },
	{ "close", LOG_CLOSE, BIT(ACCOUNT) | BIT(ASSET) | BIT(ID), BIT(LINKED) },
	{ "hold", LOG_HOLD, BIT(AMOUNT) | BIT(ASSET) | BIT(CREDIT) | BIT(DEBIT) | BIT(ID),
	  BIT(LINKED) | BIT(UNTIL) },
	{ "limit", LOG_LIMIT, BIT(ACCOUNT) | BIT(AMOUNT) | BIT(ASSET) | BIT(ID), BIT(LINKED) },
	{ "post", LOG_POST, BIT(AMOUNT) | BIT(ASSET) | BIT(ID) | BIT(REF), BIT(LINKED) },
	{ "transfer", LOG_TRANSFER, BIT(AMOUNT) | BIT(ASSET) | BIT(CREDIT) | BIT(DEBIT) | BIT(ID),
	  BIT(LINKED) },
	{ "void", LOG_VOID, BIT(AMOUNT) | BIT(ASSET) | BIT(ID) | BIT(REF), BIT(LINKED) },
};

struct parsing {
	struct json j;
	struct transfers_fault *fault;
	uint32_t at; /* entry */
};

static enum err entry_bad(struct parsing *p, enum err e, const char *field, const char *why)
{
	(void)snprintf(p->fault->field, sizeof p->fault->field, "transfers[%lu]%s%s",
		       (unsigned long)p->at, field[0] == '\0' ? "" : ".", field);
	p->fault->why = why;
	return e;
}

static enum err field_bad(struct parsing *p, enum err e, enum field f, const char *why)
{
	return entry_bad(p, e, field_names[f], why);
}

static enum err next(struct parsing *p, struct json_token *t)
{
	enum err e = json_next(&p->j, t);

	if (e != ERR_OK) {
		(void)snprintf(p->fault->field, sizeof p->fault->field, "body at byte %zu",
			       p->j.fault_at);
		p->fault->why = p->j.fault_why;
	}
	return e;
}

static int field_of(struct bytes key)
{
	for (int i = 0; i < FIELDS; i++) {
		if (bytes_eq(key, bytes_str(field_names[i]))) {
			return i;
		}
	}
	return -1;
}

/* A UUID of any version, in lower case. */
static bool any_uuid(struct id128 *out, struct bytes text)
{
	char hex[32];
	size_t n = 0;

	if (text.n != UUID_CHARS) {
		return false;
	}
	for (size_t i = 0; i < UUID_CHARS; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash != (text.p[i] == '-')) {
			return false;
		}
		if (!dash) {
			hex[n++] = (char)text.p[i];
		}
	}
	return hex_get(out->b, sizeof out->b, bytes_of(hex, n), HEX_LOWER_ONLY) == ERR_OK;
}

/* KIND:NAME, the name as customers' are: 1 to 64 of [A-Za-z0-9._:-]. */
static enum err named(uint32_t *kind, struct bytes *name, struct bytes text)
{
	const uint8_t *colon = text.n == 0 ? NULL : memchr(text.p, ':', text.n);
	struct bytes word;

	if (colon == NULL) {
		return ERR_INPUT;
	}
	word = bytes_of(text.p, (size_t)(colon - text.p));
	*name = bytes_of(colon + 1, text.n - word.n - 1);
	if (name->n < 1 || name->n > DOC_NAME_MAX) {
		return ERR_FIELD_RANGE;
	}
	for (size_t i = 0; i < name->n; i++) {
		uint8_t c = name->p[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		      c == '.' || c == '_' || c == ':' || c == '-')) {
			return ERR_FIELD_RANGE;
		}
	}
	for (uint32_t k = 1; k < BOOKS_KINDS; k++) {
		const char *have = books_kind_name(k);

		if (have != NULL && bytes_eq(word, bytes_str(have))) {
			*kind = k;
			return ERR_OK;
		}
	}
	return ERR_TYPE;
}

/* by_id: its UUID will do, too. */
static enum err account(struct parsing *p, struct id128 *out, uint32_t *kind, uint32_t asset,
			enum field f, bool by_id, struct bytes text)
{
	struct bytes name;
	enum err e;

	if (by_id && any_uuid(out, text)) {
		return ERR_OK;
	}
	e = named(kind, &name, text);
	if (e != ERR_OK) {
		return field_bad(
		    p, e, f,
		    e == ERR_TYPE ? N_("no such kind of account; docs/books.md lists them")
		    : !by_id      ? N_("KIND:NAME, the name 1 to 64 of A-Z a-z 0-9 . _ : -")
				  : N_("an account's UUID, or KIND:NAME, the name 1 to 64 of A-Z "
					    "a-z 0-9 . _ : -"));
	}
	books_account_id(out, *kind, asset, name);
	return ERR_OK;
}

static enum err asset_of(uint32_t *out, struct bytes text)
{
	if (bytes_eq(text, bytes_str("nem:xem"))) {
		*out = ASSET_XEM;
		return ERR_OK;
	}
	if (bytes_eq(text, bytes_str("jpy"))) {
		*out = ASSET_JPY;
		return ERR_OK;
	}
	return ERR_ASSET;
}

/* An asset's name for the number that the books' records have. */
static const char *asset_named(struct bytes number)
{
	return number.p[0] == '0' + ASSET_XEM ? "nem:xem" : "jpy";
}

static void entry_write(struct writer *out, const struct log_record *r, bool linked)
{
	uint8_t amount[16];

	le128_put(amount, r->amount);
	writer_u16(out, r->kind);
	writer_u16(out, linked);
	writer_u32(out, r->asset);
	writer_bytes(out, bytes_of(amount, sizeof amount));
	writer_bytes(out, bytes_of(r->id.b, sizeof r->id.b));
	writer_bytes(out, bytes_of(r->debit.b, sizeof r->debit.b));
	writer_bytes(out, bytes_of(r->credit.b, sizeof r->credit.b));
	writer_bytes(out, bytes_of(r->ref.b, sizeof r->ref.b));
}

/* The values of one entry, known to be there and of the right type, into its record. */
static enum err convert(struct parsing *p, const struct bytes text[FIELDS], unsigned have,
			bool linked, uint64_t until_ms, struct writer *out)
{
	struct log_record r = { 0 };
	const struct kind *k = NULL;
	struct money amount;
	uint32_t kind = 0;
	enum err e;

	for (size_t i = 0; i < ARRAY_LEN(entry_kinds); i++) {
		if (bytes_eq(text[KIND_OF], bytes_str(entry_kinds[i].name))) {
			k = &entry_kinds[i];
		}
	}
	if ((have & BIT(KIND_OF)) == 0) {
		return field_bad(p, ERR_FIELD_MISSING, KIND_OF, "this field is required");
	}
	if (k == NULL) {
		return field_bad(p, ERR_TYPE, KIND_OF,
				 "transfer, hold, post, void, account, close or limit");
	}
	for (int f = 0; f < FIELDS; f++) {
		if ((k->required & ~have & BIT(f)) != 0) {
			return field_bad(p, ERR_FIELD_MISSING, (enum field)f,
					 "this kind of entry requires this field");
		}
		if ((have & ~(k->required | k->allowed | BIT(KIND_OF)) & BIT(f)) != 0) {
			return field_bad(p, ERR_FIELD_UNKNOWN, (enum field)f,
					 "this kind of entry does not have this field");
		}
	}
	r.kind = k->number;
	if (asset_of(&r.asset, text[ASSET]) != ERR_OK) {
		return field_bad(p, ERR_ASSET, ASSET, "nem:xem or jpy");
	}
	if ((have & BIT(AMOUNT)) != 0) {
		e = money_parse(&amount, r.asset, text[AMOUNT]);
		if (e != ERR_OK) {
			return field_bad(p, e, AMOUNT,
					 "digits only: smallest units, below 2^128, no sign, no "
					 "point, no leading zero");
		}
		r.amount = money_units(&amount);
	}
	if ((have & BIT(ID)) != 0 && uuid7_get(&r.id, text[ID]) != ERR_OK) {
		return field_bad(p, ERR_FIELD_RANGE, ID, "a UUID of version 7 in lower case");
	}
	if ((have & BIT(REF)) != 0 && uuid7_get(&r.ref, text[REF]) != ERR_OK) {
		return field_bad(p, ERR_FIELD_RANGE, REF,
				 "the hold's id, a UUID of version 7 in lower case");
	}
	e = ERR_OK;
	if (k->number == LOG_ACCOUNT) {
		e = account(p, &r.id, &kind, r.asset, ACCOUNT, false, text[ACCOUNT]);
		r.amount = kind;
	} else if ((have & BIT(ACCOUNT)) != 0) {
		e = account(p, &r.ref, &kind, r.asset, ACCOUNT, true, text[ACCOUNT]);
	}
	if (e == ERR_OK && (have & BIT(DEBIT)) != 0) {
		e = account(p, &r.debit, &kind, r.asset, DEBIT, true, text[DEBIT]);
	}
	if (e == ERR_OK && (have & BIT(CREDIT)) != 0) {
		e = account(p, &r.credit, &kind, r.asset, CREDIT, true, text[CREDIT]);
	}
	if (e == ERR_OK && (have & BIT(UNTIL)) != 0) {
		r.kind = LOG_HOLD_UNTIL;
		le64_put(r.ref.b, until_ms);
		e = until_ms > 0 ? ERR_OK
				 : field_bad(p, ERR_FIELD_RANGE, UNTIL,
					     "a moment: Unix milliseconds above 0");
	}
	if (e == ERR_OK) {
		entry_write(out, &r, linked);
	}
	return e;
}

/* Behind the brace of an entry. */
static enum err entry(struct parsing *p, struct writer *out)
{
	struct bytes text[FIELDS] = { { NULL, 0 } };
	unsigned have = 0;
	bool linked = false;
	uint64_t until_ms = 0;

	for (;;) {
		struct json_token t;
		enum err e = next(p, &t);
		int f;

		if (e != ERR_OK) {
			return e;
		}
		if (t.kind == JSON_OBJECT_CLOSE) {
			return convert(p, text, have, linked, until_ms, out);
		}
		f = field_of(t.text);
		if (f < 0) {
			char name[16];

			(void)snprintf(name, sizeof name, "%.*s",
				       (int)(t.text.n < 15 ? t.text.n : 15),
				       (const char *)t.text.p);
			return entry_bad(p, ERR_FIELD_UNKNOWN, name, "an entry has no such field");
		}
		e = next(p, &t);
		if (e != ERR_OK) {
			return e;
		}
		if (t.kind != (f == LINKED ? JSON_BOOL : f == UNTIL ? JSON_INT : JSON_TEXT)) {
			return field_bad(p, ERR_FIELD_TYPE, (enum field)f,
					 f == LINKED  ? N_("true or false")
					 : f == UNTIL ? N_("a whole number: Unix milliseconds")
						      : N_("a string"));
		}
		have |= BIT(f);
		linked = f == LINKED ? t.truth : linked;
		until_ms = f == UNTIL ? t.number : until_ms;
		text[f] = t.text;
	}
}

static enum err whole_bad(struct parsing *p, enum err e, const char *why)
{
	(void)snprintf(p->fault->field, sizeof p->fault->field, "transfers");
	p->fault->why = why;
	return e;
}

enum err transfers_read(struct writer *out, uint32_t *n, struct bytes body,
			struct transfers_fault *fault)
{
	struct parsing p = { .fault = fault };
	struct json_token t;
	enum err e;

	json_init_sized(&p.j, body, TRANSFERS_BODY_MAX,
			(unsigned)PAYOUT_TRANSFERS_MAX * (FIELDS + 1) + 2);
	e = next(&p, &t);
	if (e == ERR_OK) {
		e = next(&p, &t);
	}
	if (e != ERR_OK) {
		return e;
	}
	if (t.kind != JSON_KEY) {
		return whole_bad(&p, ERR_FIELD_MISSING, "the body is {\"transfers\":[...]}");
	}
	if (!bytes_eq(t.text, bytes_str("transfers"))) {
		return whole_bad(&p, ERR_FIELD_UNKNOWN,
				 "the body has one field, and it is called transfers");
	}
	e = next(&p, &t);
	if (e != ERR_OK) {
		return e;
	}
	if (t.kind != JSON_ARRAY_OPEN) {
		return whole_bad(&p, ERR_FIELD_TYPE, "a list of entries");
	}
	for (;; p.at++) {
		e = next(&p, &t);
		if (e != ERR_OK) {
			return e;
		}
		if (t.kind == JSON_ARRAY_CLOSE) {
			break;
		}
		if (p.at == PAYOUT_TRANSFERS_MAX) {
			return whole_bad(&p, ERR_TOO_LARGE, "at most 8,190 entries");
		}
		if (t.kind != JSON_OBJECT_OPEN) {
			return entry_bad(&p, ERR_FIELD_TYPE, "", "an entry is an object");
		}
		e = entry(&p, out);
		if (e != ERR_OK) {
			return e;
		}
	}
	if (p.at == 0) {
		return whole_bad(&p, ERR_FIELD_RANGE, "at least one entry");
	}
	*n = p.at;
	e = next(&p, &t);
	if (e == ERR_OK && t.kind != JSON_OBJECT_CLOSE) {
		return whole_bad(&p, ERR_FIELD_UNKNOWN,
				 "the body has one field, and it is called transfers");
	}
	return e == ERR_OK ? next(&p, &t) : e;
}

void transfers_answer(struct writer *out, uint32_t n, struct bytes results)
{
	static const char *const words[] = { [PAYOUT_SETTLED_DONE] = "done",
					     [PAYOUT_SETTLED_REPEATED] = "repeated",
					     [PAYOUT_SETTLED_REFUSED] = "refused" };
	struct reader in = reader_make(results);

	json_put_raw(out, "{\"transfers\":[");
	for (uint32_t i = 0; i < n; i++) {
		struct bytes raw = reader_bytes(&in, sizeof(struct id128));
		uint32_t result = reader_u32(&in), e = reader_u32(&in), field = reader_u32(&in);
		char text[UUID7_TEXT_MAX];
		struct id128 id;

		struct bytes was = reader_bytes(&in, PAYOUT_SETTLED_WAS);

		CHECK(!in.bad && result >= PAYOUT_SETTLED_DONE && result < ARRAY_LEN(words));
		memcpy(id.b, raw.p, sizeof id.b);
		uuid7_put(text, &id);
		json_put_raw(out, i == 0 ? "{" : ",{");
		if (result == PAYOUT_SETTLED_REFUSED) {
			CHECK(err_known(e));
			json_put_raw(out, "\"code\":\"");
			json_put_raw(out, err_slug((enum err)e));
			json_put_raw(out, "\",\"field\":\"");
			json_put_raw(out, payout_settled_field(field));
			json_put_raw(out, "\",");
		}
		json_put_raw(out, "\"id\":\"");
		json_put_raw(out, text);
		json_put_raw(out, "\",\"result\":\"");
		json_put_raw(out, words[result]);
		if (was.p[0] != '\0') {
			json_put_raw(out, "\",\"was\":\"");
			json_put_raw(out, field == PAYOUT_SETTLED_ASSET ? asset_named(was)
									: (const char *)was.p);
		}
		json_put_raw(out, "\"}");
	}
	CHECK(reader_done(&in));
	json_put_raw(out, "]}");
}
