/* SPDX-License-Identifier: Apache-2.0 */
/*
 * price.c - `kuramori price sign` and `put`: a price source of the roster says what one coin costs,
 * and somebody hands it to the server.  A source says it again and again: a price is of use only
 * while it is fresh.  Previous: rule.c.
 */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "io/clock.h"

static const struct doc_party *source_of(const struct cli *c, const char *id)
{
	for (size_t i = 0; i < c->roster.source_count; i++) {
		if (strcmp(c->roster.price_sources[i].id, id) == 0) {
			return &c->roster.price_sources[i];
		}
	}
	return NULL;
}

/* Prints the signed document, one line, and nothing else: it goes into a file or to `put -`. */
static int sign(struct cli *c, const char *rate)
{
	struct doc_price price = { .asset = ASSET_XEM,
				   .currency = ASSET_JPY,
				   .time_ms = clock_wall_ms() };
	const struct doc_party *source;
	struct hash32 id;
	struct bytes raw;
	int code = cli_documents(c, true);

	if (code != 0) {
		return code;
	}
	source = source_of(c, c->person);
	if (source == NULL) {
		return cli_fail(ERR_SIGNER_UNKNOWN,
				"%s is no price source of the roster; set person to one that is",
				c->person[0] == '\0' ? _("nobody") : c->person);
	}
	if (strlen(rate) >= sizeof price.rate) {
		return cli_fail(ERR_FIELD_RANGE, "rate: at most %d characters", DOC_RATE_MAX);
	}
	price.genesis = c->genesis_id;
	(void)snprintf(price.rate, sizeof price.rate, "%s", rate);
	(void)snprintf(price.source, sizeof price.source, "%s", source->id);
	code = cli_sign(c, DOC_PRICE, &price, &raw, &id);
	if (code != 0) {
		return code;
	}
	(void)fwrite(raw.p, 1, raw.n, stdout);
	(void)fputc('\n', stdout);
	return 0;
}

/* FILE as `sign` has printed it; what it says is judged by the server and by every signer. */
static int put(struct cli *c, const char *path)
{
	static uint8_t raw[DOC_BYTES_MAX];
	static char answer[65536];
	struct doc_fault fault = { .why = "" };
	struct doc_price price;
	struct doc d;
	unsigned status = 0;
	size_t n = 0;
	enum err e;
	int code = cli_documents(c, false);

	if (code == 0) {
		code = cli_read(path, raw, sizeof raw, &n);
	}
	if (code != 0) {
		return code;
	}
	n -= n > 0 && raw[n - 1] == '\n';
	e = doc_open(&d, bytes_of(raw, n), &c->genesis_id, &fault);
	if (e == ERR_OK && d.type != DOC_PRICE) {
		return cli_fail(ERR_TYPE, "%s is a %s, not a price", path, doc_type_name(d.type));
	}
	if (e == ERR_OK) {
		e = doc_price_read(&d, &price, &fault);
	}
	if (e != ERR_OK) {
		return cli_fail(e, "%s is no price: %s: %s", path, fault.field,
				fault.why == NULL ? err_words(e) : fault.why);
	}
	code = cli_api(c, "/v1/prices", bytes_of(raw, n), &status, answer, sizeof answer);
	if (code != 0) {
		return code;
	}
	if (status < 200 || status > 299) {
		return cli_problem(status, answer);
	}
	if (c->json) {
		printf("%s\n", answer);
	} else {
		printf(_("kept: %s says %s yen for 1 XEM\n"), price.source, price.rate);
	}
	return 0;
}

int cli_price(struct cli *c, const char *verb, const char *what)
{
	return strcmp(verb, "sign") == 0 ? sign(c, what)
	       : strcmp(verb, "put") == 0
		   ? put(c, what)
		   : cli_fail(ERR_USAGE, "it is: kuramori price sign YEN, or price put FILE|-");
}
