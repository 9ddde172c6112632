/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refund.c - `kuramorid --refund-plan FILE --refund-rows FILE`: carries out a plan that people have
 * approved, then ends.  Nothing is served meanwhile.  The rules are the core's (payout/repay.c);
 * here files are read, pieces handed in, and progress is shown.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "io/clock.h"
#include "io/file.h"
#include "server.h"

enum {
	PIECE_BYTES = 64 * 1024, /* of rows in one operation */
	AHEAD = 2,               /* one is decided while the one before it is made durable */
};

static enum err fail(enum err e, const char *path, const char *why)
{
	(void)fprintf(stderr, "kuramorid: %s: %s: %s\n", path, err_words(e), why);
	return e;
}

enum err refunding_read(struct server *s)
{
	static uint8_t genesis[DOC_BYTES_MAX], raw[DOC_BYTES_MAX];
	static struct doc_plan plan;
	struct refunding *f = &s->refunding;
	struct doc_fault fault = { .why = "" };
	const char *path = s->config.refund_plan;
	struct doc g, d;
	size_t n = 0;
	enum err e;

	if (s->config.refund_plan[0] == '\0' || s->config.refund_rows[0] == '\0' ||
	    s->config.open_books[0] != '\0') {
		return fail(ERR_CONFIG, "refund_plan",
			    "a run needs refund_plan and refund_rows, and does not open books");
	}
	e = file_read(s->config.genesis_file, genesis, sizeof genesis, &n);
	if (e == ERR_OK) {
		e = doc_open(&g, bytes_of(genesis, n), NULL, &fault);
	}
	if (e != ERR_OK) {
		return fail(e, s->config.genesis_file, fault.why);
	}
	e = file_read(path, raw, sizeof raw, &n);
	if (e == ERR_OK) {
		e = doc_open(&d, bytes_of(raw, n), &g.id, &fault);
	}
	if (e == ERR_OK) {
		e = doc_plan_read(&d, &plan, &fault);
	}
	if (e != ERR_OK) {
		return fail(e, path, fault.why);
	}
	f->asked = true;
	f->plan = d.id;
	f->sequence = plan.sequence;
	return opening_file(s->config.refund_rows, &f->rows, &f->rows_n);
}

static void ask(struct server *s, uint16_t operation, struct bytes arguments)
{
	s->refunding.tag = ++s->api.next_tag;
	s->refunding.outstanding++;
	server_ask(s, operation, s->refunding.tag, arguments);
}

void refunding_begin(struct server *s)
{
	struct refunding *f = &s->refunding;

	f->stage = REFUNDING_BEGIN;
	ask(s, API_REPAY_BEGIN, bytes_of(f->plan.b, sizeof f->plan.b));
}

/* As many whole lines as one operation takes; a line that is longer goes as it is and is refused.
 */
static void rows(struct server *s)
{
	struct refunding *f = &s->refunding;
	size_t left = f->rows_n - f->at, n = left < PIECE_BYTES ? left : PIECE_BYTES;

	while (n > 0 && n < left && f->rows[f->at + n - 1] != '\n') {
		n--;
	}
	n = n == 0 ? left : n;
	f->stage = REFUNDING_ROWS;
	f->at += n;
	ask(s, API_REPAY_ROWS, bytes_of(f->rows + f->at - n, n));
}

static void pay(struct server *s)
{
	uint8_t count[4];

	le32_put(count, PAYOUT_REPAY_ROWS_MAX);
	s->refunding.stage = REFUNDING_PAY;
	ask(s, API_REPAY_PAY, bytes_of(count, sizeof count));
}

static void put(char out[MONEY_TEXT_MAX], u128 units)
{
	struct money m = money_of(ASSET_JPY, units);

	money_put(out, &m);
}

static void tell(const struct payout_refund *r, uint64_t ms, uint64_t cpu_ms)
{
	char lost[MONEY_TEXT_MAX], planned[MONEY_TEXT_MAX], paid[MONEY_TEXT_MAX];

	put(lost, r->lost);
	put(planned, r->lost_planned);
	put(paid, r->paid);
	printf("refund done: %" PRIu64 " of %" PRIu64 " customers paid %s yen\n", r->claims,
	       r->customers, paid);
	printf("claims taken: %s of %s micro-XEM\n", lost, planned);
	printf("lost times rate: %s yen; the sum of what each was paid is %s from it\n", r->exact,
	       r->distance);
	printf("booked in %" PRIu64 " ms, %" PRIu64 " ms of the processors\n", ms, cpu_ms);
}

static bool refused(struct server *s, struct reader *r)
{
	struct refunding *f = &s->refunding;
	struct bytes field, detail;

	if (f->result == ERR_OK) {
		return false;
	}
	field = reader_bytes(r, reader_u32(r));
	detail = reader_bytes(r, reader_u32(r));
	(void)fprintf(stderr, "kuramorid: the refund stopped: %s: %.*s%s%.*s\n",
		      err_words(f->result), (int)field.n, field.n == 0 ? "" : (const char *)field.p,
		      field.n == 0 ? "" : ": ", (int)detail.n,
		      detail.n == 0 ? "" : (const char *)detail.p);
	loop_end(&s->loop);
	return true;
}

void refunding_answer(struct server *s, uint64_t tag, struct bytes answer)
{
	struct refunding *f = &s->refunding;
	struct reader r = reader_make(answer);
	uint32_t number = reader_u32(&r);
	bool show = isatty(STDERR_FILENO) != 0;
	struct payout_refund run = { .done = true };

	if (tag > f->tag || tag + f->outstanding <= f->tag) {
		return;
	}
	f->outstanding--;
	f->result = err_known(number) ? (enum err)number : ERR_INPUT;
	if (show) {
		(void)fprintf(stderr, "\r\033[K");
	}
	if (refused(s, &r)) {
		return;
	}
	switch (f->stage) {
	case REFUNDING_BEGIN:
		if (!payout_refund(&run, s->payout)) {
			printf("refund done already: nothing is booked twice\n");
			loop_end(&s->loop);
			return;
		}
		rows(s);
		return;
	case REFUNDING_ROWS:
		if (f->at < f->rows_n) {
			rows(s);
			return;
		}
		f->stage = REFUNDING_CHECK;
		ask(s, API_REPAY_CHECK, bytes_of(NULL, 0));
		return;
	case REFUNDING_CHECK:
		f->started_ms = clock_mono_ms();
		f->started_cpu_ms = clock_cpu_ms();
		for (int i = 0; i < AHEAD; i++) {
			pay(s);
		}
		return;
	case REFUNDING_PAY:
		break;
	}
	CHECK(payout_refund(&run, s->payout));
	if (run.done) {
		/* the core is ahead of the disk until everything is answered */
		if (f->outstanding == 0) {
			tell(&run, clock_mono_ms() - f->started_ms,
			     clock_cpu_ms() - f->started_cpu_ms);
			loop_end(&s->loop);
		}
		return;
	}
	if (show) {
		(void)fprintf(stderr, "\rrefund: %" PRIu64 " of %" PRIu64 " customers", run.rows,
			      run.customers);
	}
	pay(s);
}
