/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_mosaic.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/utf8.h"

enum {
	AMOUNT_DIVISOR = 1000000, /* a multiplier is written in micro-XEM */
	PERCENTILE_DIVISOR = 10000,
};

static_assert(NEM_NAMESPACE_ROOT_MAX + 2 * (1 + NEM_NAMESPACE_PART_MAX) > (int)NEM_NAMESPACE_MAX,
	      "the whole has a limit of its own");

const struct nem_mosaic_id nem_mosaic_xem = { .space = { "nem" }, .name = "xem" };

/* nem.md 3.5; C:model/mosaic/MosaicConstants.java. */
const struct key32 nem_sink_namespace_key = { { 0x3e, 0x82, 0xe1, 0xc1, 0xe4, 0xa7, 0x5a, 0xda,
						0xa3, 0xcb, 0xa8, 0xc1, 0x01, 0xc3, 0xcd, 0x31,
						0xd9, 0x81, 0x7a, 0x2e, 0xb9, 0x66, 0xeb, 0x3b,
						0x51, 0x1f, 0xb2, 0xed, 0x45, 0xb8, 0xe2, 0x62 } };
const struct key32 nem_sink_mosaic_key = { { 0x53, 0xe1, 0x40, 0xb5, 0x94, 0x7f, 0x10, 0x4c,
					     0xab, 0xc2, 0xd6, 0xfe, 0x8b, 0xae, 0xdb, 0xc3,
					     0x0e, 0xf9, 0xa0, 0x60, 0x9c, 0x71, 0x7d, 0x96,
					     0x13, 0xde, 0x59, 0x3e, 0xc2, 0xa2, 0x66, 0xd3 } };

static enum err refuse(const char **why, const char *words)
{
	if (why != NULL) {
		*why = words;
	}
	return ERR_FIELD_RANGE;
}

static bool is_alnum(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool nem_namespace_part_ok(struct bytes part)
{
	if (part.n == 0 || !is_alnum(part.p[0])) {
		return false;
	}
	for (size_t i = 1; i < part.n; i++) {
		if (!is_alnum(part.p[i]) && part.p[i] != '_' && part.p[i] != '-') {
			return false;
		}
	}
	return true;
}

enum err nem_namespace_parse(struct nem_namespace *out, struct bytes text, const char **why)
{
	unsigned level = 0;
	size_t start = 0;

	if (text.n == 0) {
		return refuse(why, "a namespace is empty");
	}
	if (text.n > NEM_NAMESPACE_MAX) {
		return refuse(why, "a namespace has at most 128 characters");
	}
	for (size_t i = 0; i <= text.n; i++) {
		size_t n = i - start;

		if (i < text.n && text.p[i] != '.') {
			continue;
		}
		if (level == NEM_NAMESPACE_LEVELS_MAX) {
			return refuse(why, "a namespace has at most three parts");
		}
		if (!nem_namespace_part_ok(bytes_of(text.p + start, n))) {
			return refuse(why, "a part of a namespace begins with a-z or 0-9 and holds "
					   "only these, _ and -");
		}
		if (n > (level == 0 ? NEM_NAMESPACE_ROOT_MAX : NEM_NAMESPACE_PART_MAX)) {
			return refuse(why, "the first part of a namespace has at most 16 "
					   "characters, each other 64");
		}
		level++;
		start = i + 1;
	}
	memset(out, 0, sizeof *out);
	memcpy(out->text, text.p, text.n);
	return ERR_OK;
}

struct bytes nem_namespace_bytes(const struct nem_namespace *n)
{
	return bytes_of(n->text, strnlen(n->text, NEM_NAMESPACE_MAX));
}

enum err nem_namespace_join(struct nem_namespace *out, const struct nem_namespace *parent,
			    struct bytes part)
{
	struct bytes above = nem_namespace_bytes(parent);
	uint8_t text[2 * NEM_NAMESPACE_MAX + 1];
	struct writer w = writer_make(text, sizeof text);

	if (above.n > 0) {
		writer_bytes(&w, above);
		writer_bytes(&w, bytes_str("."));
	}
	writer_bytes(&w, part);
	if (w.bad || !nem_namespace_part_ok(part)) {
		return ERR_FIELD_RANGE;
	}
	return nem_namespace_parse(out, bytes_of(text, w.n), NULL);
}

unsigned nem_namespace_levels(const struct nem_namespace *n)
{
	struct bytes text = nem_namespace_bytes(n);
	unsigned levels = text.n > 0;

	for (size_t i = 0; i < text.n; i++) {
		levels += text.p[i] == '.';
	}
	return levels;
}

void nem_namespace_root(struct nem_namespace *out, const struct nem_namespace *n)
{
	struct nem_namespace root = { { 0 } };

	for (size_t i = 0; i < NEM_NAMESPACE_MAX && n->text[i] != '\0' && n->text[i] != '.'; i++) {
		root.text[i] = n->text[i];
	}
	*out = root;
}

bool nem_namespace_eq(const struct nem_namespace *a, const struct nem_namespace *b)
{
	return bytes_eq(nem_namespace_bytes(a), nem_namespace_bytes(b));
}

bool nem_mosaic_name_ok(struct bytes name)
{
	bool after_blank = false;

	if (name.n == 0 || name.n > NEM_MOSAIC_NAME_MAX || !is_alnum(name.p[0])) {
		return false;
	}
	for (size_t i = 1; i < name.n; i++) {
		uint8_t c = name.p[i];

		if (c == ' ' ? after_blank : !is_alnum(c) && c != '\'' && c != '_' && c != '-') {
			return false;
		}
		after_blank = c == ' ';
	}
	return !after_blank;
}

enum err nem_mosaic_id_make(struct nem_mosaic_id *out, struct bytes space, struct bytes name,
			    const char **why)
{
	struct nem_mosaic_id id;
	enum err e;

	memset(&id, 0, sizeof id);
	e = nem_namespace_parse(&id.space, space, why);
	if (e != ERR_OK) {
		return e;
	}
	if (!nem_mosaic_name_ok(name)) {
		return refuse(why, "the name of a mosaic has 1 to 32 characters of a-z, 0-9, ', _, "
				   "- and single blanks inside, and begins with a-z or 0-9");
	}
	memcpy(id.name, name.p, name.n);
	*out = id;
	return ERR_OK;
}

enum err nem_mosaic_id_parse(struct nem_mosaic_id *out, struct bytes text, const char **why)
{
	const uint8_t *colon = text.n == 0 ? NULL : memchr(text.p, ':', text.n);
	size_t n;

	if (colon == NULL) {
		return refuse(why, "a mosaic is written namespace:name");
	}
	n = (size_t)(colon - text.p);
	return nem_mosaic_id_make(out, bytes_of(text.p, n), bytes_of(colon + 1, text.n - n - 1),
				  why);
}

static struct bytes name_bytes(const struct nem_mosaic_id *id)
{
	return bytes_of(id->name, strnlen(id->name, NEM_MOSAIC_NAME_MAX));
}

void nem_mosaic_id_put(char out[NEM_MOSAIC_ID_MAX + 1], const struct nem_mosaic_id *id)
{
	int n = snprintf(out, NEM_MOSAIC_ID_MAX + 1, "%.*s:%.*s", NEM_NAMESPACE_MAX, id->space.text,
			 NEM_MOSAIC_NAME_MAX, id->name);

	CHECK(n >= 0 && n <= NEM_MOSAIC_ID_MAX);
}

bool nem_mosaic_id_eq(const struct nem_mosaic_id *a, const struct nem_mosaic_id *b)
{
	return nem_namespace_eq(&a->space, &b->space) && bytes_eq(name_bytes(a), name_bytes(b));
}

bool nem_mosaic_id_ok(const struct nem_mosaic_id *id)
{
	struct nem_namespace same;

	return id->space.text[NEM_NAMESPACE_MAX] == '\0' && id->name[NEM_MOSAIC_NAME_MAX] == '\0' &&
	       nem_namespace_parse(&same, nem_namespace_bytes(&id->space), NULL) == ERR_OK &&
	       nem_mosaic_name_ok(name_bytes(id));
}

/* With the blank and colon that NIS prints behind it: a shorter name ends in a blank. */
enum { ORDER_TEXT = NEM_MOSAIC_ID_MAX + 3 };

static void order_text(char out[ORDER_TEXT], const struct nem_mosaic_id *id)
{
	(void)snprintf(out, ORDER_TEXT, "%.*s:%.*s :", NEM_NAMESPACE_MAX, id->space.text,
		       NEM_MOSAIC_NAME_MAX, id->name);
}

int nem_mosaic_id_cmp(const struct nem_mosaic_id *a, const struct nem_mosaic_id *b)
{
	char a_text[ORDER_TEXT];
	char b_text[ORDER_TEXT];

	order_text(a_text, a);
	order_text(b_text, b);
	return strcmp(a_text, b_text);
}

bool nem_mosaic_is_xem(const struct nem_mosaic_id *id)
{
	return nem_mosaic_id_eq(id, &nem_mosaic_xem);
}

enum err nem_mosaic_moved(uint64_t *out, uint64_t amount_micro, uint64_t quantity)
{
	u128 moved = (u128)amount_micro * quantity / AMOUNT_DIVISOR;

	if (moved > INT64_MAX) {
		return ERR_OVERFLOW;
	}
	*out = (uint64_t)moved;
	return ERR_OK;
}

/* Java multiplies two longs and keeps 64 bits; division cuts towards zero. */
static enum err percentile(uint64_t *out, uint64_t fee, uint64_t moved)
{
	int64_t due = (int64_t)(fee * moved) / PERCENTILE_DIVISOR;

	if (due < 0) {
		return ERR_OVERFLOW;
	}
	*out = (uint64_t)due;
	return ERR_OK;
}

enum err nem_levy_due(uint64_t *out, const struct nem_levy *levy, uint64_t moved)
{
	switch (levy->type) {
	case NEM_LEVY_NONE:
		*out = 0;
		return ERR_OK;
	case NEM_LEVY_ABSOLUTE:
		*out = levy->fee;
		return ERR_OK;
	case NEM_LEVY_PERCENTILE:
		return percentile(out, levy->fee, moved);
	}
	CHECK(false); /* a levy without a rule */
	return ERR_TYPE;
}

enum err nem_mosaic_units(uint64_t *out, uint64_t whole, uint8_t divisibility)
{
	u128 units = whole;

	if (divisibility > NEM_DIVISIBILITY_MAX) {
		return ERR_OVERFLOW;
	}
	for (unsigned i = 0; i < divisibility; i++) {
		units *= 10;
	}
	if (units > NEM_QUANTITY_MAX) {
		return ERR_OVERFLOW;
	}
	*out = (uint64_t)units;
	return ERR_OK;
}

/* Java's Character.isWhitespace: blanks and separators, but not the ones that do not break. */
static bool is_blank(uint32_t c)
{
	return (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x20) || c == 0x1680 ||
	       (c >= 0x2000 && c <= 0x200a && c != 0x2007) || c == 0x2028 || c == 0x2029 ||
	       c == 0x205f || c == 0x3000;
}

/* NIS refuses a blank description, and would write other bytes for what is not UTF-8. */
static bool description_ok(struct bytes text)
{
	unsigned chars = 0;
	bool all_blank = true;
	uint32_t c = 0;

	for (size_t i = 0; i < text.n;) {
		size_t n = utf8_step(text.p + i, text.n - i, &c);

		if (n == 0) {
			return false;
		}
		all_blank = all_blank && is_blank(c);
		chars += c > 0xffff ? 2 : 1;
		i += n;
	}
	return !all_blank && chars <= NEM_DESCRIPTION_CHARS_MAX;
}

static enum err levy_check(const struct nem_levy *levy, uint8_t network)
{
	struct nem_address same;

	if (levy->type == NEM_LEVY_NONE) {
		return ERR_OK;
	}
	if ((levy->type != NEM_LEVY_ABSOLUTE && levy->type != NEM_LEVY_PERCENTILE) ||
	    levy->fee > INT64_MAX || !nem_mosaic_id_ok(&levy->mosaic)) {
		return ERR_FIELD_RANGE;
	}
	return nem_address_parse(
	    &same, network,
	    bytes_of(levy->recipient.text,
		     strnlen(levy->recipient.text, sizeof levy->recipient.text)),
	    NULL);
}

enum err nem_mosaic_definition_check(const struct nem_mosaic_definition *d, uint8_t network)
{
	uint64_t units;

	if (!nem_mosaic_id_ok(&d->id) || d->description_bytes > NEM_DESCRIPTION_BYTES_MAX ||
	    !description_ok(bytes_of(d->description, d->description_bytes)) ||
	    nem_mosaic_units(&units, d->properties.initial_supply, d->properties.divisibility) !=
		ERR_OK) {
		return ERR_FIELD_RANGE;
	}
	return levy_check(&d->levy, network);
}
