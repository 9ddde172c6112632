/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refill.c - a refill is explained, confirmed, and signed; what was signed is looked up.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "chain/nem/nem_network.h"
#include "chain/nem/nem_time.h"
#include "cold/cold_holding.h"
#include "cold/cold_restore.h"
#include "crypto/crypto.h"
#include "io/ask.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/random.h"
#include "picture.h"
#include "program.h"

enum { LABEL_COLUMNS = 40, LABEL_BYTES = 256 };

/* Sorts one document by what it is. */
static int take(struct program *p, const char *path, struct bytes raw)
{
	struct cold_question *q = &p->question;
	struct doc_fault fault = { .why = "" };
	struct doc d;
	enum err e = doc_open(&d, raw, &p->rules.genesis_id, &fault);

	if (e != ERR_OK) {
		/* not words */
		(void)fprintf(stderr, "kuramori-cold: %s: %s: %s\n", path, fault.field,
			      words_of(fault.why));
		return err_exit(e);
	}
	if (d.type == DOC_REFILL && q->refill.n == 0) {
		q->refill = raw;
	} else if (d.type == DOC_TALLY && q->tally_count < COLD_TALLIES_MAX) {
		p->tallies[q->tally_count++] = raw;
	} else if (d.type == DOC_ANSWER && q->answer_count < DOC_HOLDERS_MAX) {
		p->answers[q->answer_count++] = raw;
	} else if (d.type == DOC_DRILL && q->drill_count < DOC_HOLDERS_MAX) {
		p->drills[q->drill_count++] = raw;
	} else {
		return program_fail(ERR_TYPE, path);
	}
	return 0;
}

/* One file, or one animation of several documents. */
static int take_file(struct program *p, const char *path)
{
	struct bytes documents[PARCEL_ITEMS_MAX];
	size_t n = 0;
	int code = program_documents(p, path, documents, PARCEL_ITEMS_MAX, &n);

	for (size_t i = 0; code == 0 && i < n; i++) {
		code = take(p, path, documents[i]);
	}
	return code;
}

static void print_plan(const struct program *p)
{
	char label[LABEL_BYTES];

	for (size_t i = 0; i < p->plan.line_count; i++) {
		const struct cold_line *l = &p->plan.lines[i];

		words_column(label, sizeof label, words_of(l->label), LABEL_COLUMNS);
		if (l->time_ms != 0) {
			program_print_moment(label, l->time_ms);
		} else {
			(void)printf("%s %s\n", label, l->value);
		}
	}
	program_print_moment(
	    words_column(label, sizeof label, _("this machine's clock says"), LABEL_COLUMNS),
	    p->question.now_ms);
}

void program_put_announce(struct writer *w, const struct nem_tx *tx)
{
	static uint8_t raw[NEM_TX_BYTES_MAX];
	static char hex[2 * NEM_TX_BYTES_MAX + 1];
	struct writer bytes = writer_make(raw, sizeof raw);

	nem_tx_encode(&bytes, tx, NEM_SIGNING);
	hex_put(hex, bytes_of(raw, bytes.n));
	writer_bytes(w, bytes_str("{\"data\":\""));
	writer_bytes(w, bytes_str(hex));
	hex_put(hex, bytes_of(tx->signature.b, sizeof tx->signature.b));
	writer_bytes(w, bytes_str("\",\"signature\":\""));
	writer_bytes(w, bytes_str(hex));
	writer_bytes(w, bytes_str("\"}\n"));
}

/* One line for /transaction/announce each: the wrapper, then its cosignatures. */
static int write_unit(const struct program *p)
{
	static uint8_t room[64 * 1024];
	struct writer w = writer_make(room, sizeof room);
	const struct nem_tx *unit = &p->plan.unit;
	enum err e;

	program_put_announce(&w, unit);
	for (size_t i = 0; i < unit->multisig.n; i++) {
		struct nem_tx cosign;

		nem_tx_from_attached(&cosign, &unit->multisig.cosignature[i]);
		program_put_announce(&w, &cosign);
	}
	e = w.bad ? ERR_TOO_LARGE : file_write_new(p->config.unit_file, 0644, bytes_of(room, w.n));
	return e == ERR_OK ? 0 : program_fail(e, p->config.unit_file);
}

static int sign(struct program *p)
{
	const struct cold_journal journal = { p, program_append };
	static uint8_t room[COLD_ANSWER_BYTES];
	struct writer w = writer_make(room, sizeof room);
	char typed[COLD_WORDS_BYTES + 1];
	enum err e;
	int code = 0;

	(void)printf(_("\nIf all of this is what you agreed on, type these words: %s\n"),
		     p->plan.words);
	(void)fflush(stdout);
	e = ask_line("", typed, sizeof typed);
	program_record_typed(p->plan.words, e == ERR_OK && strcmp(typed, p->plan.words) == 0);
	random_fill(p->secrets->keys.fresh, sizeof p->secrets->keys.fresh);
	if (e == ERR_OK) {
		e = cold_sign(&w, &p->cold, &p->plan, &p->rules, &p->secrets->keys,
			      bytes_str(typed), clock_wall_ms(), &journal, p->buffer);
	}
	if (e != ERR_OK) {
		return program_fail(e, _("nothing was signed"));
	}
	if (p->plan.kind == DOC_ATTEST_WRAP && p->config.unit_file[0] != '\0') {
		code = write_unit(p);
	}
	e = file_write_new(p->config.answer_file, 0644, bytes_of(room, w.n));
	if (e != ERR_OK) {
		return program_fail(e, p->config.answer_file);
	}
	(void)printf(_("signed; the answer is in %s\n"), p->config.answer_file);
	if (code == 0) {
		program_show_answer(p, bytes_of(room, w.n),
				    p->plan.kind == DOC_ATTEST_WRAP ? &p->plan.unit : NULL);
	}
	return code;
}

int program_refill(struct program *p, const char *const *files, size_t n, bool signing)
{
	struct cold_question *q = &p->question;
	struct policy_verdict v;
	/* before the journal has anything of it: an answer is never written over another */
	int code = signing ? program_vacant(p->config.answer_file, "--answer-file") : 0;

	if (code == 0) {
		code = program_rules(p, false);
	}
	for (size_t i = 0; code == 0 && i < n; i++) {
		code = take_file(p, files[i]);
	}
	if (code == 0) {
		code = program_unlock(p, true);
	}
	if (code != 0) {
		return code;
	}
	program_print_drill(p);
	if (p->drill && p->rules.network == NEM_NETWORK_MAIN) {
		return program_fail(ERR_POLICY, "drill");
	}
	cold_rules_know(&p->rules, &p->cold);
	q->rules = &p->rules;
	q->key = &p->secrets->keys.chain.public_key;
	q->tallies = p->tallies;
	q->answers = p->answers;
	q->drills = p->drills;
	q->now_ms = clock_wall_ms();
	v = cold_judge(&p->plan, &p->cold, q);
	if (v.err != ERR_OK) {
		return program_refused(&v);
	}
	print_plan(p);
	return signing ? sign(p) : 0;
}

int program_journal(struct program *p)
{
	uint64_t now = clock_wall_ms();
	uint32_t chain_s = 0;
	char hex[65], label[LABEL_BYTES];
	int code = program_rules(p, false);

	if (code == 0) {
		code = program_unlock(p, true);
	}
	if (code == 0 && nem_time_from_unix_ms(&chain_s, now) != ERR_OK) {
		code = program_fail(ERR_CLOCK, "clock");
	}
	if (code != 0) {
		return code;
	}
	hex_put(hex, bytes_of(p->cold.chain.head.b, sizeof p->cold.chain.head.b));
	/* not words: a program reads it */
	(void)printf("head %s\nrecords %llu\nanswers %llu\nspent %llu\nlimit ", hex,
		     (unsigned long long)p->cold.chain.next_sequence,
		     (unsigned long long)p->cold.answers,
		     (unsigned long long)cold_spent(&p->cold, &p->rules, now, chain_s, NULL));
	money_put(hex, &p->rules.holding.limit);
	(void)printf("%s\n", hex);
	if (p->cold.restored_ms != 0) {
		program_print_moment("restored", p->cold.restored_ms);
		program_print_moment("signs_from", cold_restored_until(&p->cold, &p->rules));
	}
	if (p->cold.held) {
		hex_put(hex, bytes_of(p->cold.holding_id.b, sizeof p->cold.holding_id.b));
		/* not words */
		(void)printf("holding %llu %s\n", (unsigned long long)p->cold.holding.number, hex);
	}
	if (p->cold.holding_from_ms != 0) {
		program_print_moment("binds_from", p->cold.holding_from_ms);
	}
	for (size_t i = 0; i < p->cold.box_count; i++) {
		const struct cold_box *b = &p->cold.boxes[i];

		hex_put(hex, bytes_of(b->account.b, sizeof b->account.b));
		/* not words */
		(void)snprintf(label, sizeof label, "box %s %llu", hex,
			       (unsigned long long)b->total_micro);
		program_print_moment(label, b->wall_ms);
	}
	return 0;
}
