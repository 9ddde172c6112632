/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no text brings the readers of transfers, UTXO transactions and labels down; what they
 * accept keeps what their headers promise; what they refuse says why. Method: the first byte
 * chooses the reader; the rest is a file, in a buffer of exactly its size.
 */
#include "fuzz_main.h"

#include "ingest/labels.h"
#include "ingest/transfer.h"

static void init(void)
{
}

static void well(const struct ingest_transfer *t)
{
	FUZZ_CHECK(t->from.n <= INGEST_NAME_MAX && t->to.n <= INGEST_NAME_MAX);
	FUZZ_CHECK(t->from.n + t->to.n > 0 && t->asset.n > 0 && t->asset.n <= INGEST_ASSET_MAX);
}

static void refused(enum err e, const struct ingest_fault *fault)
{
	FUZZ_CHECK(e == ERR_OK || e == ERR_WAIT || fault->why[0] != '\0');
}

/* Each line of a file. */
static void lines(struct bytes file, void (*one)(void *ctx, struct bytes line), void *ctx)
{
	while (file.n > 0) {
		const uint8_t *stop = memchr(file.p, '\n', file.n);
		size_t n = stop != NULL ? (size_t)(stop - file.p) : file.n;

		one(ctx, bytes_of(file.p, n));
		n += stop != NULL ? 1 : 0;
		file = bytes_of(file.p + n, file.n - n);
	}
}

static void csv_line(void *ctx, struct bytes line)
{
	struct ingest_fault fault = { "", "" };
	struct ingest_transfer t;
	enum err e = ingest_csv_line(ctx, line, &t, &fault);

	refused(e, &fault);
	if (e == ERR_OK) {
		well(&t);
	}
}

static void json_line(void *ctx, struct bytes line)
{
	struct ingest_fault fault = { "", "" };
	struct ingest_transfer t;
	enum err e = ingest_json_line(ctx, line, &t, &fault);

	refused(e, &fault);
	if (e == ERR_OK) {
		well(&t);
	}
}

static void utxo_line(void *ctx, struct bytes line)
{
	struct ingest_fault fault = { "", "" };
	struct ingest_utxo_tx t;
	enum err e = ingest_utxo_line(ctx, line, &t, &fault);

	refused(e, &fault);
	if (e == ERR_OK) {
		FUZZ_CHECK(t.outputs_n > 0 && t.outputs_n <= INGEST_UTXO_PUTS_MAX);
		FUZZ_CHECK((t.inputs_n == 0) == t.coinbase);
		for (size_t i = 0; i < t.outputs_n; i++) {
			FUZZ_CHECK(t.output[i].address.n <= INGEST_NAME_MAX);
		}
	}
}

static void labels(struct bytes file, bool yaml)
{
	static const uint8_t seed[LABELS_SEED_BYTES] = { 1 };
	struct ingest_fault fault = { "", "" };
	uint64_t line = 0, skipped = 0;
	struct labels *l = NULL;
	enum err e;

	FUZZ_CHECK(labels_new(&l, seed) == ERR_OK);
	e = yaml ? labels_tagpack(l, "f", file, &skipped, &line, &fault)
		 : labels_csv(l, "f", file, &line, &fault);
	refused(e, &fault);
	FUZZ_CHECK(e == ERR_OK || labels_n(l) == 0);
	FUZZ_CHECK(labels_seal(l) == ERR_OK);
	for (size_t i = 0; i < labels_n(l); i++) {
		struct label one;

		labels_at(l, i, &one);
		FUZZ_CHECK(one.confidence <= LABELS_CONFIDENCE_MAX && one.address[0] != '\0');
		FUZZ_CHECK(labels_find(l, bytes_str(one.address)) != SIZE_MAX);
	}
	labels_free(l);
}

static void run(const uint8_t *p, size_t n)
{
	static struct ingest_csv csv;
	struct ingest_json json;
	struct ingest_utxo utxo;
	uint8_t *copy = malloc(n > 0 ? n : 1);
	struct bytes file;

	FUZZ_CHECK(copy != NULL);
	if (n > 0) {
		memcpy(copy, p + 1, n - 1);
	}
	file = bytes_of(copy, n > 0 ? n - 1 : 0);
	ingest_csv_init(&csv);
	ingest_json_init(&json);
	ingest_utxo_init(&utxo);
	switch (n > 0 ? p[0] : 'c') {
	case 'j':
		lines(file, json_line, &json);
		break;
	case 'u':
		lines(file, utxo_line, &utxo);
		break;
	case 'l':
		labels(file, false);
		break;
	case 'y':
		labels(file, true);
		break;
	default:
		lines(file, csv_line, &csv);
		break;
	}
	ingest_json_free(&json);
	ingest_utxo_free(&utxo);
	free(copy);
}
