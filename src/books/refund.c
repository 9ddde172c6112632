/* SPDX-License-Identifier: Apache-2.0 */
#include "books/refund.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/decimal.h"
#include "base/hex.h"
#include "base/words.h"

static const char head[] = "kuramori refund rows v1 ";
static const char columns[] = "customer,lost,paid";
static const char leaf_label[] = "kuramori refund row v1\n";

enum err refund_rate_read(struct refund_rate *out, struct bytes rate)
{
	struct decimal d;
	u128 denominator = 1;
	enum err e = decimal_parse(&d, rate);

	if (e != ERR_OK) {
		return e;
	}
	if (d.units == 0) {
		return ERR_AMOUNT;
	}
	for (uint32_t i = 0; i < d.scale + REFUND_UNIT_DIGITS; i++) {
		if (__builtin_mul_overflow(denominator, (u128)10, &denominator)) {
			return ERR_OVERFLOW;
		}
	}
	*out = (struct refund_rate){ d.units, denominator };
	return ERR_OK;
}

enum err refund_due(u128 *paid, const struct refund_rate *rate, u128 lost)
{
	u128 product, rest;

	if (__builtin_mul_overflow(lost, rate->numerator, &product)) {
		return ERR_OVERFLOW;
	}
	rest = product % rate->denominator;
	/* rest >= half, without doubling; the quotient is at most 2^128 / 10^6 */
	*paid = product / rate->denominator + (rest >= rate->denominator - rest);
	return ERR_OK;
}

/* numerator / denominator, which is a power of ten, exactly and as short as it can be. */
static void fraction_put(char *out, const char *sign, u128 numerator, u128 denominator)
{
	struct money whole = money_of(ASSET_JPY, numerator / denominator);
	u128 rest = numerator % denominator;
	char text[MONEY_TEXT_MAX], digits[MONEY_TEXT_MAX];
	size_t n = 0;

	money_put(text, &whole);
	while (rest != 0) {
		denominator /= 10;
		digits[n++] = (char)('0' + (int)(rest / denominator));
		rest %= denominator;
	}
	digits[n] = '\0';
	(void)snprintf(out, REFUND_NUMBER_MAX, "%s%s%s%s", numerator == 0 ? "" : sign, text,
		       n == 0 ? "" : ".", digits);
}

enum err refund_exact_put(char out[REFUND_NUMBER_MAX], const struct refund_rate *rate, u128 lost)
{
	u128 product;

	if (__builtin_mul_overflow(lost, rate->numerator, &product)) {
		return ERR_OVERFLOW;
	}
	fraction_put(out, "", product, rate->denominator);
	return ERR_OK;
}

enum err refund_distance_put(char out[REFUND_NUMBER_MAX], const struct refund_rate *rate, u128 lost,
			     u128 paid)
{
	u128 exact, whole;

	if (__builtin_mul_overflow(lost, rate->numerator, &exact) ||
	    __builtin_mul_overflow(paid, rate->denominator, &whole)) {
		return ERR_OVERFLOW;
	}
	if (whole >= exact) {
		fraction_put(out, "+", whole - exact, rate->denominator);
	} else {
		fraction_put(out, "-", exact - whole, rate->denominator);
	}
	return ERR_OK;
}

void refund_head_put(struct writer *out, const struct hash32 *salt)
{
	char hex[65];

	hex_put(hex, bytes_of(salt->b, sizeof salt->b));
	writer_bytes(out, bytes_str(head));
	writer_bytes(out, bytes_str(hex));
	writer_bytes(out, bytes_str("\n"));
	writer_bytes(out, bytes_str(columns));
	writer_bytes(out, bytes_str("\n"));
}

static void put_amount(struct writer *out, u128 units)
{
	struct money m = money_of(ASSET_XEM, units); /* for its digits alone */
	char text[MONEY_TEXT_MAX];

	money_put(text, &m);
	writer_bytes(out, bytes_str(","));
	writer_bytes(out, bytes_str(text));
}

void refund_row_put(struct writer *out, const struct refund_row *row)
{
	writer_bytes(out, row->customer);
	put_amount(out, row->lost);
	put_amount(out, row->paid);
	writer_bytes(out, bytes_str("\n"));
}

void refund_salt(struct hash32 *out, const struct hash32 *salt, struct bytes customer)
{
	hmac_sha256(out, bytes_of(salt->b, sizeof salt->b), customer);
}

void refund_leaf(struct hash32 *out, const struct hash32 *row_salt, const struct refund_row *row)
{
	uint8_t text[sizeof leaf_label + 65 + REFUND_LINE_MAX];
	struct writer w = writer_make(text, sizeof text);
	char hex[65];

	hex_put(hex, bytes_of(row_salt->b, sizeof row_salt->b));
	writer_bytes(&w, bytes_str(leaf_label));
	writer_bytes(&w, bytes_str(hex));
	writer_bytes(&w, bytes_str("\n"));
	refund_row_put(&w, row);
	CHECK(!w.bad);
	log_tree_leaf(out, bytes_of(text, w.n));
}

void refund_sum_init(struct refund_sum *s, const struct refund_rate *rate)
{
	memset(s, 0, sizeof *s);
	s->rate = *rate;
	sha256_init(&s->text);
	log_tree_init(&s->tree);
}

static enum err refuse(const struct refund_sum *s, struct doc_fault *fault, enum err e,
		       const char *why)
{
	(void)snprintf(fault->field, sizeof fault->field, "line %llu",
		       (unsigned long long)s->lines);
	fault->why = why;
	return e;
}

static enum err read_head(struct refund_sum *s, struct bytes line, struct doc_fault *fault)
{
	size_t n = strlen(head);

	if (line.n != n + 64 || !bytes_eq(bytes_of(line.p, n), bytes_str(head)) ||
	    hex_get(s->salt.b, sizeof s->salt.b, bytes_of(line.p + n, 64), HEX_LOWER_ONLY) !=
		ERR_OK) {
		return refuse(s, fault, ERR_INPUT, "not \"kuramori refund rows v1\" and a salt");
	}
	return ERR_OK;
}

/* The text up to the next comma or the end; *line stands behind it. */
static struct bytes next_part(struct bytes *line)
{
	const uint8_t *comma = line->n == 0 ? NULL : memchr(line->p, ',', line->n);
	size_t n = comma == NULL ? line->n : (size_t)(comma - line->p);
	struct bytes part = bytes_of(line->p, n);

	*line = comma == NULL ? bytes_of(NULL, 0) : bytes_of(comma + 1, line->n - n - 1);
	return part;
}

/* The form of a row alone. */
static enum err row_get(struct refund_row *row, struct bytes line)
{
	struct money lost, paid;
	enum err e;

	row->customer = next_part(&line);
	e = money_parse(&lost, ASSET_XEM, next_part(&line));
	if (e == ERR_OK) {
		e = money_parse(&paid, ASSET_JPY, line);
	}
	if (e == ERR_OK) {
		row->lost = money_units(&lost);
		row->paid = money_units(&paid);
	}
	return e;
}

bool refund_next(struct refund_row *row, struct bytes *text)
{
	while (text->n > 0) {
		const uint8_t *end = memchr(text->p, '\n', text->n);
		struct bytes line;

		CHECK(end != NULL); /* it was taken before */
		line = bytes_of(text->p, (size_t)(end - text->p));
		*text = bytes_of(end + 1, text->n - line.n - 1);
		if (row_get(row, line) == ERR_OK) {
			return true;
		} /* else one of the two lines of the head */
	}
	return false;
}

static enum err read_row(struct refund_sum *s, struct refund_row *row, struct bytes line,
			 struct doc_fault *fault)
{
	struct bytes last = bytes_str(s->last);
	u128 due;
	enum err e = row_get(row, line);

	if (!doc_name_ok(row->customer)) {
		return refuse(s, fault, ERR_INPUT,
			      "a customer is 1 to 64 of A-Z, a-z, 0-9, . _ : -");
	}
	if (e != ERR_OK) {
		return refuse(s, fault, e, "a row is CUSTOMER,LOST,PAID in whole smallest units");
	}
	if (row->lost == 0) {
		return refuse(s, fault, ERR_AMOUNT, "who lost nothing has no row");
	}
	if (bytes_cmp(last, row->customer) >= 0) {
		return refuse(s, fault, ERR_INPUT, "customers rise in byte order, each once");
	}
	if (refund_due(&due, &s->rate, row->lost) != ERR_OK) {
		return refuse(s, fault, ERR_OVERFLOW, "more than can be computed with");
	}
	if (due != row->paid) {
		return refuse(s, fault, ERR_MISMATCH, "paid is not lost times rate, half up");
	}
	return ERR_OK;
}

static enum err take_row(struct refund_sum *s, struct bytes line, refund_on_row on_row, void *ctx,
			 struct doc_fault *fault)
{
	struct refund_row row;
	struct hash32 salt, leaf;
	u128 lost, paid;
	enum err e = read_row(s, &row, line, fault);

	if (e != ERR_OK) {
		return e;
	}
	if (__builtin_add_overflow(s->lost, row.lost, &lost) ||
	    __builtin_add_overflow(s->paid, row.paid, &paid)) {
		return refuse(s, fault, ERR_OVERFLOW, "the sum has more than 128 bits");
	}
	refund_salt(&salt, &s->salt, row.customer);
	refund_leaf(&leaf, &salt, &row);
	if (on_row != NULL) {
		e = on_row(ctx, &row, &leaf);
		if (e != ERR_OK) {
			return refuse(s, fault, e, err_words(e));
		}
	}
	log_tree_append(&s->tree, &leaf);
	memcpy(s->last, row.customer.p, row.customer.n);
	s->last[row.customer.n] = '\0';
	s->customers++;
	s->lost = lost;
	s->paid = paid;
	return ERR_OK;
}

enum err refund_sum_read(struct refund_sum *s, struct bytes text, refund_on_row on_row, void *ctx,
			 struct doc_fault *fault)
{
	enum err e = ERR_OK;

	sha256_update(&s->text, text);
	while (e == ERR_OK && text.n > 0) {
		const uint8_t *end = memchr(text.p, '\n', text.n);
		struct bytes line;

		s->lines++;
		if (end == NULL || end - text.p >= REFUND_LINE_MAX) {
			return refuse(s, fault, ERR_INPUT, "the line does not end");
		}
		line = bytes_of(text.p, (size_t)(end - text.p));
		text = bytes_of(end + 1, text.n - line.n - 1);
		if (s->lines == 1) {
			e = read_head(s, line, fault);
		} else if (s->lines == 2) {
			e = bytes_eq(line, bytes_str(columns))
				? ERR_OK
				: refuse(s, fault, ERR_INPUT, "not \"customer,lost,paid\"");
		} else {
			e = take_row(s, line, on_row, ctx, fault);
		}
	}
	return e;
}

enum err refund_sum_judge(const struct refund_sum *s, const struct doc_plan *plan,
			  struct doc_fault *fault)
{
	struct sha256 text = s->text;
	struct hash32 rows, root;
	const char *field = NULL;

	sha256_final(&text, &rows);
	log_tree_root(&root, &s->tree);
	*fault = (struct doc_fault){ .why = N_("the rows say something else than the plan") };
	if (s->customers != plan->customers) {
		field = "customers";
	} else if (s->lost != plan->lost) {
		field = "lost";
	} else if (s->paid != plan->paid) {
		field = "paid";
	} else if (!hash32_eq(&root, &plan->root)) {
		field = "root";
	} else if (!hash32_eq(&rows, &plan->rows)) {
		field = "rows";
	}
	if (field == NULL) {
		return ERR_OK;
	}
	(void)snprintf(fault->field, sizeof fault->field, "%s", field);
	return ERR_MISMATCH;
}
