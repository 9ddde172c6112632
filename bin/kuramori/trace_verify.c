/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "journal.h"
#include "store/columns_cold.h"
#include "trace.h"
#include "trace_command.h"
#include "trace_words.h"

static void progress(void *ctx, uint64_t done, uint64_t all)
{
	(void)all;
	cli_progress(ctx, done);
}

int cli_trace_verify(struct cli *c, const char *const *w, size_t n)
{
	struct columns_verified v = { 0, 0, 0, 0, 0 };
	struct columns_fault fault;
	struct stat s;
	struct cli_progress p;
	enum err e;

	if (n == 2) {
		return trace_compare(c, w[0], w[1]);
	}
	if (n != 1) {
		return cli_fail(ERR_USAGE,
				"it is: kuramori trace verify STORE, or trace verify BUNDLE STORE");
	}
	if (stat(w[0], &s) == 0 && S_ISREG(s.st_mode)) {
		return cli_fail(
		    ERR_USAGE,
		    "%s: a bundle alone is judged by kuramori-trace-verify; with the store "
		    "behind it this compares it with that ledger",
		    w[0]);
	}
	cli_progress_begin(&p, w[0]);
	e = columns_verify(&v, w[0], progress, &p, &fault);
	cli_progress_end(&p);
	if (e != ERR_OK) {
		return cli_trace_failed(e, w[0], &fault);
	}
	if (c->json) {
		printf("{\"events\":%" PRIu64 ",\"accounts\":%" PRIu64 ",\"transactions\":%" PRIu64
		       ",\"bytes\":%" PRIu64 ",\"cold\":%" PRIu64 "}\n",
		       v.events, v.accounts, v.transactions, v.bytes, v.cold);
	} else {
		printf(_("whole: %" PRIu64 " events, %" PRIu64 " accounts, %" PRIu64
			 " transactions; every balance adds up\n"),
		       v.events, v.accounts, v.transactions);
	}
	return 0;
}

int cli_trace_compact(struct cli *c, const char *const *w, size_t n)
{
	static const char *const known[] = { "segment", NULL };
	struct columns_compacted made = { 0, 0, 0 };
	uint64_t segment = COLUMNS_COLD_SEGMENT;
	int code;
	struct columns_fault fault;
	struct cli_progress p;
	enum err e;

	if (n < 1) {
		return cli_fail(ERR_USAGE, "it is: kuramori trace compact STORE [segment=N]");
	}
	code = trace_words_check(w + 1, n - 1, known);
	code = code != 0 ? code
			 : trace_words_number(w + 1, n - 1, "segment", COLUMNS_COLD_SEGMENT_MAX,
					      &segment);
	if (code != 0) {
		return code;
	}
	if (segment == 0 || segment % COLUMNS_COLD_STEP != 0) {
		return cli_fail(ERR_USAGE, "segment is a multiple of %d", COLUMNS_COLD_STEP);
	}
	cli_progress_begin(&p, w[0]);
	e = columns_compact(&made, w[0], NULL, segment, progress, &p, &fault);
	cli_progress_end(&p);
	if (e != ERR_OK) {
		return cli_trace_failed(e, w[0], &fault);
	}
	if (c->json) {
		printf("{\"events\":%" PRIu64 ",\"cold\":%" PRIu64 ",\"bytes\":%" PRIu64 "}\n",
		       made.events, made.cold, made.bytes);
	} else {
		printf(_("made cold   %" PRIu64 " events\n"), made.events);
		printf(_("cold        %" PRIu64 " events in %" PRIu64 " bytes\n"), made.cold,
		       made.bytes);
	}
	return 0;
}
