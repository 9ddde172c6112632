/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cold_show.c - what a person sees: every effect of the very bytes that are signed, decoded again.
 *
 * Labels are words, values have no language.  What is to be typed follows from all of it.
 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "base/words.h"
#include "chain/nem/nem_time.h"
#include "cold/cold_holding.h"
#include "cold/cold_moved.h"
#include "cold/cold_self.h"
#include "crypto/sha256.h"

enum {
	GROUP = 6,
	ALIKE =
	    4, /* equal characters at both ends together that make an address resemble another */
	GROUPED_BYTES = NEM_ADDRESS_CHARS + NEM_ADDRESS_CHARS / GROUP + 1,
};

/* ---- known addresses ----------------------------------------------------------------------- */

static const char label_purse[] = N_("  our purse, number");
static const char label_spare[] = N_("  our spare box, number");

unsigned cold_pinned(const struct cold_rules *rules, const char *address, const char **label)
{
	const struct doc_genesis *g = &rules->genesis;
	unsigned purses = 0;

	for (size_t i = 0; i < g->hot_count; i++) {
		struct nem_address a;

		if (g->hot[i].kind != DOC_HOT_PURSE) {
			continue;
		}
		purses++;
		nem_address_from_key(&a, &g->hot[i].public_key, rules->network);
		if (strcmp(a.text, address) == 0) {
			if (label != NULL) {
				*label = label_purse;
			}
			return purses;
		}
	}
	for (size_t i = 0; i < g->spare_count; i++) {
		if (strcmp(g->spares[i].text, address) == 0) {
			if (label != NULL) {
				*label = label_spare;
			}
			return (unsigned)i + 1;
		}
	}
	return 0;
}

unsigned cold_new_box(const struct cold_rules *rules, const char *address)
{
	const struct doc_genesis *g = &rules->genesis;

	for (size_t i = 0; i < g->hot_count; i++) {
		if (strcmp(g->hot[i].spare.text, address) == 0) {
			return 0; /* what evacuations go to, with the cosigners it has */
		}
	}
	for (size_t i = 0; i < g->box_count + g->spare_count; i++) {
		const char *known =
		    i < g->box_count ? g->boxes[i].text : g->spares[i - g->box_count].text;

		if (strcmp(known, address) == 0) {
			return (unsigned)i + 1;
		}
	}
	return 0;
}

size_t cold_alike(const char *a, const char *b)
{
	size_t head = 1; /* the network's letter is the same in all */
	size_t tail = 0;

	while (head < NEM_ADDRESS_CHARS && a[head] == b[head]) {
		head++;
	}
	while (tail < NEM_ADDRESS_CHARS - head &&
	       a[NEM_ADDRESS_CHARS - 1 - tail] == b[NEM_ADDRESS_CHARS - 1 - tail]) {
		tail++;
	}
	return head - 1 + tail;
}

const char *cold_twin(const struct cold_rules *rules, const char *address,
		      struct nem_address *scratch)
{
	const struct doc_genesis *g = &rules->genesis;
	const char *best = NULL;
	size_t most = ALIKE - 1;

	for (size_t i = 0; i < g->box_count + g->spare_count + g->hot_count; i++) {
		struct nem_address a;
		const char *known;
		size_t n;

		if (i < g->box_count) {
			known = g->boxes[i].text;
		} else if (i < g->box_count + g->spare_count) {
			known = g->spares[i - g->box_count].text;
		} else {
			nem_address_from_key(&a,
					     &g->hot[i - g->box_count - g->spare_count].public_key,
					     rules->network);
			known = a.text;
		}
		n = cold_alike(known, address);
		if (n > most && n < NEM_ADDRESS_CHARS - 1) {
			most = n;
			memcpy(scratch->text, known, sizeof scratch->text);
			best = scratch->text;
		}
	}
	return best;
}

/* ---- lines --------------------------------------------------------------------------------- */

static struct cold_line *line(struct cold_plan *plan, const char *label)
{
	CHECK(plan->line_count < COLD_LINES_MAX);
	plan->lines[plan->line_count].label = label;
	return &plan->lines[plan->line_count++];
}

static void line_text(struct cold_plan *plan, const char *label, const char *text)
{
	struct cold_line *l = line(plan, label);

	CHECK(strlen(text) < sizeof l->value);
	memcpy(l->value, text, strlen(text) + 1);
}

static void line_number(struct cold_plan *plan, const char *label, uint64_t n)
{
	struct cold_line *l = line(plan, label);

	(void)snprintf(l->value, sizeof l->value, "%llu", (unsigned long long)n);
}

static void grouped(char out[GROUPED_BYTES], const char *address)
{
	size_t n = 0;

	for (size_t i = 0; i < NEM_ADDRESS_CHARS; i++) {
		if (i > 0 && i % GROUP == 0) {
			out[n++] = '-';
		}
		out[n++] = address[i];
	}
	out[n] = '\0';
}

static void line_address(struct cold_plan *plan, const char *label, const char *address)
{
	char text[GROUPED_BYTES];

	grouped(text, address);
	line_text(plan, label, text);
}

/* "4,999,998.300000 XEM = 4999998300000 micro-XEM": who reads one misreads the other. */
static void line_amount(struct cold_plan *plan, const char *label, uint64_t micro)
{
	struct cold_line *l = line(plan, label);
	char digits[24];
	char whole[32];
	int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)(micro / 1000000));
	size_t at = 0;

	for (int i = 0; i < n; i++) {
		if (i > 0 && (n - i) % 3 == 0) {
			whole[at++] = ',';
		}
		whole[at++] = digits[i];
	}
	whole[at] = '\0';
	(void)snprintf(l->value, sizeof l->value, "%s.%06llu XEM = %llu micro-XEM", whole,
		       (unsigned long long)(micro % 1000000), (unsigned long long)micro);
}

/* Marks under each character that differs, in the groups of line_address(). */
static void line_differences(struct cold_plan *plan, const char *known, const char *address)
{
	char text[GROUPED_BYTES];
	size_t n = 0;

	for (size_t i = 0; i < NEM_ADDRESS_CHARS; i++) {
		if (i > 0 && i % GROUP == 0) {
			text[n++] = '-';
		}
		text[n++] = known[i] == address[i] ? '.' : '^';
	}
	text[n] = '\0';
	line_text(plan, N_("  differs from it at"), text);
}

static void show_address(struct cold_plan *plan, const struct cold_rules *rules, const char *label,
			 const char *address)
{
	struct nem_address scratch;
	const char *twin = cold_twin(rules, address, &scratch);

	line_address(plan, label, address);
	if (twin != NULL) {
		line_address(plan, N_("  take care, it resembles"), twin);
		line_differences(plan, twin, address);
	}
}

/* ---- effects ------------------------------------------------------------------------------- */

/* What the bytes do, and nothing else: our own transaction, so anything else is our own bug. */
static void show_effects(struct cold_plan *plan, const struct cold_rules *rules)
{
	uint8_t raw[NEM_TX_BYTES_MAX];
	struct writer w = writer_make(raw, sizeof raw);
	struct cold_moved moved;
	struct nem_address box;
	const char *label = NULL;
	uint64_t total;
	unsigned number;

	nem_tx_encode(&w, &plan->unit, NEM_SIGNED);
	CHECK(!w.bad && cold_moved_read(&moved, rules->network, bytes_of(raw, w.n)));
	CHECK(key32_eq(&moved.account, &plan->refill.account));
	CHECK(moved.fees == 2 + plan->refill.cosigner_count);
	nem_address_from_key(&box, &moved.account, rules->network);
	show_address(plan, rules, N_("from the box"), box.text);
	show_address(plan, rules, N_("to"), moved.to);
	number = cold_pinned(rules, moved.to, &label);
	if (number == 0) {
		number = cold_new_box(rules, moved.to);
		label = N_("  our box, number");
	}
	CHECK(number != 0);
	line_number(plan, label, number);
	line_amount(plan, N_("amount"), moved.amount_micro);
	total = moved.amount_micro;
	for (unsigned i = 0; i < moved.fees; i++) {
		line_amount(plan, N_("fee"), moved.fee_micro[i]);
		total += moved.fee_micro[i];
	}
	CHECK(total == plan->total_micro);
	line_amount(plan, N_("leaves the box in all"), plan->total_micro);
}

static void show_tallies(struct cold_plan *plan, const struct cold_tallied *t)
{
	for (size_t i = 0; i < t->n; i++) {
		char hex[17];

		hex_put(hex, bytes_of(t->block[i].b, 8));
		line_text(plan, N_("watcher"), t->watcher[i]);
		line_number(plan, N_("  at height"), t->height[i]);
		line_text(plan, N_("  block begins with"), hex);
		line_amount(plan, N_("  says the box holds"), t->balance[i]);
	}
	line_amount(plan, N_("stays behind at most"), t->most_micro - plan->total_micro);
}

static void show_key(struct cold_plan *plan, const struct cold_rules *rules, const char *label,
		     const struct key32 *key)
{
	bool retired = false;
	const struct doc_holder *h = cold_known(rules, key, &retired);

	CHECK(h != NULL); /* all cosigners of the box are holders, or were */
	line_text(plan, label, h->id);
	if (retired) {
		line_text(plan, N_("  a former holder"), h->id);
	}
}

static void words_of_lines(struct cold_plan *plan)
{
	char all[DOC_ID_WORDS_BYTES];
	struct sha256 s;
	struct hash32 digest;
	const char *end = all;

	sha256_init(&s);
	for (size_t i = 0; i < plan->line_count; i++) {
		const struct cold_line *l = &plan->lines[i];
		uint8_t time[8];

		le64_put(time, l->time_ms);
		sha256_update(&s, bytes_of(l->label, strlen(l->label) + 1));
		sha256_update(&s, bytes_of(l->value, strlen(l->value) + 1));
		sha256_update(&s, bytes_of(time, sizeof time));
	}
	sha256_final(&s, &digest);
	doc_id_words(all, &digest);
	for (size_t i = 0; i < COLD_WORDS; i++) {
		end = strchr(end + (i > 0), ' ');
		CHECK(end != NULL);
	}
	CHECK((size_t)(end - all) < sizeof plan->words);
	memcpy(plan->words, all, (size_t)(end - all));
	plan->words[end - all] = '\0';
}

void cold_show(struct cold_plan *plan, const struct cold_rules *rules,
	       const struct cold_tallied *tallied)
{
	const struct doc_refill *r = &plan->refill;
	uint64_t limit;
	char hex[65];

	hex_put(hex, bytes_of(plan->refill_id.b, sizeof plan->refill_id.b));
	line_text(plan, N_("refill"), hex);
	line_text(plan, N_("proposed by"), r->proposer);
	show_effects(plan, rules);
	show_tallies(plan, tallied);
	line(plan, N_("must be mined before"))->time_ms =
	    nem_time_to_unix_ms((uint32_t)r->deadline_nem_s);
	for (size_t i = 0; i < r->cosigner_count; i++) {
		show_key(plan, rules, N_("cosigns"), &r->cosigners[i].key);
	}
	show_key(plan, rules, N_("signs last, wraps"), &r->initiator);
	line_text(plan, N_("you are"), plan->me->id);
	line_amount(plan, N_("you sign for, within your limit's time"), plan->spent_micro);
	if (cold_micro(&limit, &rules->holding.limit)) {
		line_amount(plan, N_("  of your limit"), limit);
	}
	words_of_lines(plan);
}
