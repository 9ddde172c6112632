/* SPDX-License-Identifier: Apache-2.0 */
#include "trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "trace_casefile.h"
#include "trace_command.h"

static const struct command {
	const char *name;
	int (*run)(struct cli *c, const char *const *words, size_t n);
} commands[] = {
	{ "bounds", trace_bounds_command }, { "case", trace_case_command },
	{ "compact", cli_trace_compact },   { "demo", trace_demo_command },
	{ "follow", trace_follow_command }, { "ingest", cli_trace_ingest },
	{ "path", trace_path_command },     { "pedigree", trace_pedigree_command },
	{ "report", trace_report_command }, { "verify", cli_trace_verify },
};

int cli_trace_failed(enum err e, const char *store, const struct columns_fault *fault)
{
	return fault->text[0] == '\0' ? cli_fail(e, "%s", store)
				      : cli_fail(e, "%s: %s", store, fault->text);
}

/* What a case and a pedigree call them. */
static void put_names(const struct columns *s)
{
	enum { SHOWN = 8 };

	printf("%s", _("assets     "));
	for (uint32_t i = 0; i < columns_assets(s) && i < SHOWN; i++) {
		struct bytes name = columns_asset_name(s, i);
		char text[COLUMNS_ASSET_NAME_MAX + 1], clean[128];

		memcpy(text, name.p, name.n);
		text[name.n] = '\0';
		casefile_clean(clean, sizeof clean, text, 60);
		printf(" %s", clean);
	}
	printf("%s\n", columns_assets(s) > SHOWN ? " .." : "");
}

void cli_trace_done(const struct cli *c, const struct columns *s, const struct cli_trace_done *d)
{
	struct columns_block tip = { 0, 0, 0, { { 0 } } };
	bool any = columns_tip(s, &tip) == ERR_OK;

	if (c->json) {
		printf("{\"rows\":%" PRIu64 ",\"known\":%" PRIu64 ",\"zeros\":%" PRIu64
		       ",\"selves\":%" PRIu64 ",\"openings\":%" PRIu64 ",\"events\":%" PRIu64
		       ",\"blocks\":%" PRIu64 ",\"undone\":%" PRIu64 ",\"checked\":%" PRIu64
		       ",\"assets\":%" PRIu32 ",\"height\":%" PRIu64 "}\n",
		       d->rows, d->known, d->zeros, d->selves, columns_openings(s),
		       columns_appended(s), columns_blocks(s), d->undone, d->checked,
		       columns_assets(s), tip.height);
		return;
	}
	printf(_("read        %" PRIu64 ", of them %" PRIu64 " that were there already\n"), d->rows,
	       d->known);
	printf(_("appended    %" PRIu64 " events\n"), columns_appended(s));
	if (d->zeros > 0) {
		printf(_("left out    %" PRIu64 " of amount 0: they move nothing\n"), d->zeros);
	}
	if (d->selves > 0) {
		printf(_("note        %" PRIu64 " go from an account to itself\n"), d->selves);
	}
	if (columns_openings(s) > 0) {
		printf(_("note        %" PRIu64
			 " times a sender was given what he had before the file began\n"),
		       columns_openings(s));
	}
	if (d->undone > 0) {
		printf(_("taken back  %" PRIu64 " blocks that the chain gave up\n"), d->undone);
	}
	if (d->checked > 0) {
		printf(_("compared    %" PRIu64 " accounts hold what the node says\n"), d->checked);
	}
	if (any) {
		printf(_("store       %" PRIu64 " blocks up to height %" PRIu64 ", %" PRIu32
			 " assets\n"),
		       columns_blocks(s), tip.height, columns_assets(s));
		put_names(s);
	}
}

int cli_trace(struct cli *c, const char *const *words, size_t n)
{
	for (size_t i = 0; n > 0 && i < ARRAY_LEN(commands); i++) {
		if (strcmp(words[0], commands[i].name) == 0) {
			return commands[i].run(c, words + 1, n - 1);
		}
	}
	return cli_fail(
	    ERR_USAGE,
	    "it is: kuramori trace demo|ingest|case|report|bounds|path|pedigree|follow|verify|"
	    "compact ...; kuramori trace --help says what each does");
}
