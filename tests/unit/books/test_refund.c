/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: what a customer is paid is exact, the file of rows has one spelling, and a plan that says
 * anything else than its rows is refused by name.
 * Method: the figures of 2018 (T47), edges of 53 to 128 bits, each line of a good file bent, each
 * figure of a good plan changed.  tests/conformance/refund compares with Python's fractions.
 */
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "books/refund.h"
#include "t.h"

static struct refund_rate rate;
static struct doc_fault fault;

static void the_refund_of_2018(void)
{
	char text[REFUND_NUMBER_MAX];
	u128 paid = 0, all = (u128)526300010 * 1000000;

	T_EQ(refund_rate_read(&rate, bytes_str("88.549")), ERR_OK);
	T_EQ(refund_due(&paid, &rate, all), ERR_OK);
	T_CHECK(paid == 46603339585u);
	T_EQ(refund_exact_put(text, &rate, all), ERR_OK);
	T_STR(text, "46603339585.49");
	T_EQ(refund_distance_put(text, &rate, all, paid), ERR_OK);
	T_STR(text, "-0.49");
	T_EQ(refund_distance_put(text, &rate, all, paid + 13), ERR_OK);
	T_STR(text, "+12.51");
	T_EQ(refund_exact_put(text, &rate, 0), ERR_OK);
	T_STR(text, "0");
	T_EQ(refund_distance_put(text, &rate, 0, 0), ERR_OK);
	T_STR(text, "0");
	T_EQ(refund_exact_put(text, &rate, 1), ERR_OK);
	T_STR(text, "0.000088549");
}

static void half_goes_up(void)
{
	static const struct {
		const char *rate;
		uint64_t lost, paid;
	} rows[] = {
		{ "1", 499999, 0 },    { "1", 500000, 1 },   { "1", 500001, 1 },
		{ "1", 1499999, 1 },   { "1", 1500000, 2 },  { "1", 0, 0 },
		{ "0.5", 1000000, 1 }, { "0.5", 999999, 0 }, { "88.549", 5646, 0 },
		{ "88.549", 5647, 1 }, { "1000000", 1, 1 },  { "2500000", 1, 3 },
		{ "2499999", 1, 2 },   { "0.000001", 1, 0 }, { "0.000001", 500000000000, 1 },
	};

	u128 paid;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		T_EQ(refund_rate_read(&rate, bytes_str(rows[i].rate)), ERR_OK);
		T_EQ(refund_due(&paid, &rate, rows[i].lost), ERR_OK);
		T_CHECK(paid == rows[i].paid);
	}
}

static void overflow_is_refused(void)
{
	const u128 most = ~(u128)0;
	char text[REFUND_NUMBER_MAX] = "stands";
	u128 paid = 42;

	T_EQ(refund_rate_read(&rate, bytes_str("88.549")), ERR_OK);
	T_EQ(refund_due(&paid, &rate, most / 88549), ERR_OK);
	paid = 42;
	T_EQ(refund_due(&paid, &rate, most / 88549 + 1), ERR_OVERFLOW);
	T_EQ(refund_due(&paid, &rate, (u128)1 << 127), ERR_OVERFLOW);
	T_CHECK(paid == 42);
	T_EQ(refund_exact_put(text, &rate, most), ERR_OVERFLOW);
	T_EQ(refund_distance_put(text, &rate, 1, most), ERR_OVERFLOW);
	T_STR(text, "stands");
	T_EQ(refund_rate_read(&rate, bytes_str("1.000000000000000000000000000000001")),
	     ERR_OVERFLOW);
	T_EQ(refund_rate_read(&rate, bytes_str("0")), ERR_AMOUNT);
	T_EQ(refund_rate_read(&rate, bytes_str("88,549")), ERR_AMOUNT);
	T_CHECK(rate.numerator == 88549);
}

#define SALT "6d707376797c7f8285888b8e9194979a9da0a3a6a9acafb2b5b8bbbec1c4c7ca"
#define HEAD "kuramori refund rows v1 " SALT "\ncustomer,lost,paid\n"

static enum err read_text(struct refund_sum *s, const char *text)
{
	struct refund_rate r;

	enum err e = refund_rate_read(&r, bytes_str("88.549"));

	if (e != ERR_OK) {
		return e;
	}
	refund_sum_init(s, &r);
	memset(&fault, 0, sizeof fault);
	return refund_sum_read(s, bytes_str(text), NULL, NULL, &fault);
}

static void each_line_bent(void)
{
	static char long_line[REFUND_LINE_MAX + 2];

	static const struct {
		const char *text;
		enum err e;
		const char *field;
	} rows[] = {
		{ "kuramori refund rows v2 " SALT "\n", ERR_INPUT, "line 1" },
		{ "kuramori refund rows v1 " SALT "0\n", ERR_INPUT, "line 1" },
		{ "\n", ERR_INPUT, "line 1" },
		{ "kuramori refund rows v1 " SALT "\ncustomer,lost\n", ERR_INPUT, "line 2" },
		{ HEAD "a,1000000,89", ERR_INPUT, "line 3" },
		{ HEAD "a,1000000,88\n", ERR_MISMATCH, "line 3" },
		{ HEAD "a,1000000,90\n", ERR_MISMATCH, "line 3" },
		{ HEAD "a,1000000\n", ERR_AMOUNT, "line 3" },
		{ HEAD "a,1000000,89,0\n", ERR_AMOUNT, "line 3" },
		{ HEAD "a,1000000,89 \n", ERR_AMOUNT, "line 3" },
		{ HEAD "a,1000000,89\r\n", ERR_AMOUNT, "line 3" },
		{ HEAD "a,01000000,89\n", ERR_AMOUNT, "line 3" },
		{ HEAD "a,-1000000,89\n", ERR_AMOUNT, "line 3" },
		{ HEAD "a,0,0\n", ERR_AMOUNT, "line 3" },
		{ HEAD ",1000000,89\n", ERR_INPUT, "line 3" },
		{ HEAD "a b,1000000,89\n", ERR_INPUT, "line 3" },
		{ HEAD "\n", ERR_INPUT, "line 3" },
		{ HEAD "b,1000000,89\na,1000000,89\n", ERR_INPUT, "line 4" },
		{ HEAD "a,1000000,89\na,1000000,89\n", ERR_INPUT, "line 4" },
		{ HEAD "a,4000000000000000000000000000000000,89\n", ERR_OVERFLOW, "line 3" },
		{ HEAD "a,340282366920938463463374607431768211456,89\n", ERR_OVERFLOW, "line 3" },
	};
	struct refund_sum s;

	T_EQ(read_text(&s, HEAD "a,1000000,89\nab,5647,1\nb,1,0\n"), ERR_OK);
	T_EQ(s.customers, 3);
	T_CHECK(s.lost == 1005648 && s.paid == 90);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum err e = read_text(&s, rows[i].text);

		T_EQ(e, rows[i].e);
		T_STR(fault.field, rows[i].field);
		T_CHECK(fault.why != NULL);
	}
	memset(long_line, 'a', sizeof long_line - 2);
	long_line[sizeof long_line - 2] = '\n';
	T_EQ(read_text(&s, long_line), ERR_INPUT);
}

/* Many sums in one go and one at a time are one. */
static void pieces_are_the_whole(void)
{
	static const char text[] = HEAD "a,1000000,89\nab,5647,1\nb,1,0\n";
	struct refund_sum whole, parts;
	struct hash32 a, b;
	struct sha256 h;

	T_EQ(read_text(&whole, text), ERR_OK);
	T_EQ(read_text(&parts, ""), ERR_OK);
	for (size_t at = 0; text[at] != '\0';) {
		size_t n = strcspn(text + at, "\n") + 1;

		T_EQ(refund_sum_read(&parts, bytes_of(text + at, n), NULL, NULL, &fault), ERR_OK);
		at += n;
	}
	log_tree_root(&a, &whole.tree);
	log_tree_root(&b, &parts.tree);
	T_CHECK(hash32_eq(&a, &b));
	h = whole.text;
	sha256_final(&h, &a);
	h = parts.text;
	sha256_final(&h, &b);
	T_CHECK(hash32_eq(&a, &b));
}

static void a_plan_that_says_something_else(void)
{
	struct refund_sum s;
	struct doc_plan plan = { .customers = 3, .lost = 1005648, .paid = 90 };
	struct sha256 text;

	T_EQ(read_text(&s, HEAD "a,1000000,89\nab,5647,1\nb,1,0\n"), ERR_OK);
	text = s.text;
	sha256_final(&text, &plan.rows);
	log_tree_root(&plan.root, &s.tree);
	T_EQ(refund_sum_judge(&s, &plan, &fault), ERR_OK);
	T_EQ(refund_sum_judge(&s, &plan, &fault), ERR_OK);
#define CHANGED(member, by, name)                                       \
	do {                                                            \
		struct doc_plan bad = plan;                             \
                                                                        \
		bad.member by;                                          \
		T_EQ(refund_sum_judge(&s, &bad, &fault), ERR_MISMATCH); \
		T_STR(fault.field, name);                               \
	} while (0)
	CHANGED(customers, += 1, "customers");
	CHANGED(lost, += 1, "lost");
	CHANGED(paid, -= 1, "paid");
	CHANGED(root.b[31], ^= 1, "root");
	CHANGED(rows.b[0], ^= 1, "rows");
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "the refund of 2018", the_refund_of_2018 },
		{ "half goes up", half_goes_up },
		{ "overflow is refused", overflow_is_refused },
		{ "each line bent", each_line_bent },
		{ "pieces are the whole", pieces_are_the_whole },
		{ "a plan that says something else", a_plan_that_says_something_else },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
