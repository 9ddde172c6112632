/* SPDX-License-Identifier: Apache-2.0 */
#include "store/columns_feed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/check.h"
#include "crypto/sha256.h"

/*
 * A row of the block that is collected.  In the arena it stands as it goes into the block's hash:
 * u64 time, id of the transaction, u64 length and text of from, to and asset, u64 amount.
 */
struct row {
	uint64_t line, amount;
	size_t at; /* of the id in the arena */
	uint8_t from_n, to_n, asset_n;
};

struct utxo {
	uint64_t line;
	struct hash32 tx;
	bool coinbase;
	size_t input, inputs_n, output, outputs_n;
};

struct output {
	uint64_t amount;
	size_t address;
	uint8_t address_n;
};

struct columns_feed {
	struct columns *c;
	struct columns_feed_counts counts;
	uint64_t uncommitted;
	/* the block that is collected */
	bool has_block;
	uint64_t height, time_s, first_line;
	/* blocks that the store has, and whose pages were not looked at yet */
	bool has_known;
	uint64_t known_from, known_to;
	struct sha256 hash;
	struct row *row;
	size_t rows_n, row_cap;
	uint8_t *arena;
	size_t arena_n, arena_cap;
	size_t hashed; /* of the arena: what stands behind belongs to the hash, too */
	struct hash32 last_tx;
	bool has_last_index;
	uint64_t last_index;
	struct utxo *tx;
	size_t tx_n, tx_cap;
	struct ingest_input *input;
	size_t input_n, input_cap;
	struct output *output;
	size_t output_n, output_cap;
	uint32_t *sorted; /* transactions of the block by id */
	size_t sorted_cap;
	/* what goes to the store */
	struct columns_transfer batch[COLUMNS_BATCH];
	uint64_t batch_line[COLUMNS_BATCH];
	uint8_t name[2 * COLUMNS_BATCH][36];
	size_t batch_n;
	uint32_t asset; /* number of the asset that was named last */
	size_t asset_at;
	uint8_t asset_at_n;
	bool has_asset;
};

enum err columns_feed_new(struct columns_feed **out, struct columns *c)
{
	struct columns_feed *f = calloc(1, sizeof *f);

	if (f == NULL) {
		return ERR_FULL;
	}
	f->c = c;
	*out = f;
	return ERR_OK;
}

void columns_feed_free(struct columns_feed *f)
{
	if (f == NULL) {
		return;
	}
	free(f->row);
	free(f->arena);
	free(f->tx);
	free(f->input);
	free(f->output);
	free(f->sorted);
	free(f);
}

const struct columns_feed_counts *columns_feed_counts(const struct columns_feed *f)
{
	return &f->counts;
}

static enum err room(void **p, size_t *cap, size_t n, size_t size, struct columns_fault *fault)
{
	size_t more = *cap == 0 ? 1024 : *cap;
	void *at;

	while (more < n) {
		more *= 2;
	}
	if (more == *cap) {
		return ERR_OK;
	}
	at = realloc(*p, more * size);
	if (at == NULL) {
		columns_fault_say(fault, "out of memory");
		return ERR_FULL;
	}
	*p = at;
	*cap = more;
	return ERR_OK;
}

/* realloc() of a typed pointer without a cast between pointer types. */
#define ROOM(f, member, n, fault)                                                              \
	(at = (f)->member, e = room(&at, &(f)->member##_cap, (n), sizeof *(f)->member, fault), \
	 (f)->member = at, e)

static enum err keep(struct columns_feed *f, struct bytes text, size_t *place,
		     struct columns_fault *fault)
{
	enum err e;
	void *at;

	if (ROOM(f, arena, f->arena_n + text.n, fault) != ERR_OK) {
		return e;
	}
	if (text.n > 0) {
		memcpy(f->arena + f->arena_n, text.p, text.n);
	}
	*place = f->arena_n;
	f->arena_n += text.n;
	return ERR_OK;
}

static void hash_number(struct sha256 *s, uint64_t v)
{
	uint8_t bytes[8];

	le64_put(bytes, v);
	sha256_update(s, bytes_of(bytes, sizeof bytes));
}

static void hash_text(struct sha256 *s, struct bytes text)
{
	hash_number(s, text.n);
	sha256_update(s, text);
}

/* What is left of the arena goes into the hash: in large pieces, while it is in the cache. */
static void hash_rows(struct columns_feed *f)
{
	if (f->arena_n > f->hashed) {
		sha256_update(&f->hash, bytes_of(f->arena + f->hashed, f->arena_n - f->hashed));
		f->hashed = f->arena_n;
	}
}

/* memcpy() without a call for what has the length of an address. */
static INLINED uint8_t *put_text(uint8_t *p, struct bytes text)
{
	enum { PIECE = 16 };

	le64_put(p, text.n);
	p += 8;
	if (text.n >= PIECE) {
		/* the last piece may lie over the one before */
		for (size_t i = 0; i + PIECE < text.n; i += PIECE) {
			memcpy(p + i, text.p + i, PIECE);
		}
		memcpy(p + text.n - PIECE, text.p + text.n - PIECE, PIECE);
	} else {
		for (size_t i = 0; i < text.n; i++) {
			p[i] = text.p[i];
		}
	}
	return p + text.n;
}

/* The row behind those of the arena; *place: where its id lies. */
static enum err keep_row(struct columns_feed *f, const struct ingest_transfer *t, size_t *place,
			 struct columns_fault *fault)
{
	enum { NUMBERS = 8 * 5, AT_ONCE = 1 << 12 };

	const size_t n = NUMBERS + sizeof t->tx.b + t->from.n + t->to.n + t->asset.n;
	uint8_t *p;
	enum err e;
	void *at;

	CHECK(t->from.n <= INGEST_NAME_MAX && t->to.n <= INGEST_NAME_MAX &&
	      t->asset.n <= INGEST_ASSET_MAX);
	if (ROOM(f, arena, f->arena_n + n, fault) != ERR_OK) {
		return e;
	}
	p = f->arena + f->arena_n;
	le64_put(p, t->time_s);
	memcpy(p + 8, t->tx.b, sizeof t->tx.b);
	*place = f->arena_n + 8;
	p = put_text(p + 8 + sizeof t->tx.b, t->from);
	p = put_text(p, t->to);
	p = put_text(p, t->asset);
	le64_put(p, t->amount);
	f->arena_n += n;
	if (f->arena_n - f->hashed >= AT_ONCE) {
		hash_rows(f);
	}
	return ERR_OK;
}

/* ---- into the store ---- */

static enum err send(struct columns_feed *f, uint64_t *bad_line, struct columns_fault *fault)
{
	size_t bad = 0;
	enum err e = columns_append(f->c, f->batch, f->batch_n, &bad, fault);

	if (e != ERR_OK) {
		*bad_line = f->batch_line[bad < f->batch_n ? bad : 0];
	}
	f->uncommitted += f->batch_n;
	f->batch_n = 0;
	return e;
}

static enum err asset_number(struct columns_feed *f, size_t at, uint8_t n,
			     struct columns_fault *fault)
{
	enum err e;

	if (f->has_asset && n == f->asset_at_n &&
	    memcmp(f->arena + at, f->arena + f->asset_at, n) == 0) {
		return ERR_OK;
	}
	e = columns_asset(f->c, bytes_of(f->arena + at, n), &f->asset, fault);
	f->has_asset = e == ERR_OK;
	f->asset_at = at;
	f->asset_at_n = n;
	return e;
}

static struct columns_name address_at(const struct columns_feed *f, size_t at, uint8_t n)
{
	return (struct columns_name){ n == 0 ? NULL : f->arena + at, n, COLUMNS_ADDRESS };
}

static enum err send_rows(struct columns_feed *f, uint64_t *bad_line, struct columns_fault *fault)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < f->rows_n; i++) {
		const struct row *r = &f->row[i];
		const size_t from = r->at + sizeof(struct hash32) + 8, to = from + r->from_n + 8;
		struct columns_transfer *x = &f->batch[f->batch_n];

		*bad_line = r->line;
		e = asset_number(f, to + r->to_n + 8, r->asset_n, fault);
		if (e != ERR_OK) {
			break;
		}
		f->batch_line[f->batch_n++] = r->line;
		x->from = address_at(f, from, r->from_n);
		x->to = address_at(f, to, r->to_n);
		x->amount = r->amount;
		x->asset = f->asset;
		memcpy(x->tx.b, f->arena + r->at, sizeof x->tx.b);
		if (f->batch_n == COLUMNS_BATCH) {
			e = send(f, bad_line, fault);
		}
	}
	return e == ERR_OK ? send(f, bad_line, fault) : e;
}

/* ---- UTXO ---- */

static struct columns_name outpoint(struct columns_feed *f, const struct hash32 *tx, size_t index,
				    unsigned which)
{
	uint8_t *p = f->name[2 * f->batch_n + which];

	memcpy(p, tx->b, sizeof tx->b);
	le32_put(p + 32, (uint32_t)index);
	return (struct columns_name){ p, 36, COLUMNS_OUTPOINT };
}

static struct columns_name transaction(const struct utxo *t)
{
	return (struct columns_name){ t->tx.b, sizeof t->tx.b, COLUMNS_TRANSACTION };
}

static enum err move(struct columns_feed *f, const struct utxo *t, struct columns_name from,
		     struct columns_name to, uint64_t amount, bool no_id, uint64_t *bad_line,
		     struct columns_fault *fault)
{
	struct columns_transfer *x = &f->batch[f->batch_n];

	if (amount == 0) {
		return ERR_OK;
	}
	*x = (struct columns_transfer){ from, to, amount, f->asset, { { 0 } } };
	if (!no_id) {
		x->tx = t->tx;
	}
	f->batch_line[f->batch_n++] = t->line;
	return f->batch_n == COLUMNS_BATCH ? send(f, bad_line, fault) : ERR_OK;
}

static int by_id(const void *a, const void *b, void *ctx)
{
	const struct columns_feed *sorting = ctx;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int c = hash32_cmp(&sorting->tx[x].tx, &sorting->tx[y].tx);

	return c != 0 ? c : x < y ? -1 : x > y;
}

static enum err sort_block(struct columns_feed *f, uint64_t *bad_line, struct columns_fault *fault)
{
	enum err e;
	void *at;

	if (ROOM(f, sorted, f->tx_n, fault) != ERR_OK) {
		return e;
	}
	for (size_t i = 0; i < f->tx_n; i++) {
		f->sorted[i] = (uint32_t)i;
	}
	qsort_r(f->sorted, f->tx_n, sizeof f->sorted[0], by_id, f);
	for (size_t i = 1; i < f->tx_n; i++) {
		if (hash32_eq(&f->tx[f->sorted[i]].tx, &f->tx[f->sorted[i - 1]].tx)) {
			*bad_line = f->tx[f->sorted[i]].line;
			columns_fault_say(fault, "txid: stands twice in block %" PRIu64, f->height);
			return ERR_EXISTS;
		}
	}
	return ERR_OK;
}

/* The transaction of this block with this id, before the number `before`; NULL. */
static const struct utxo *in_block(const struct columns_feed *f, const struct hash32 *id,
				   size_t before)
{
	size_t low = 0, high = f->tx_n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = hash32_cmp(&f->tx[f->sorted[middle]].tx, id);

		if (c == 0) {
			return f->sorted[middle] < before ? &f->tx[f->sorted[middle]] : NULL;
		}
		low = c < 0 ? middle + 1 : low;
		high = c < 0 ? high : middle;
	}
	return NULL;
}

static enum err value_of(struct columns_feed *f, const struct ingest_input *i, size_t before,
			 uint64_t *value, struct columns_fault *fault)
{
	const struct utxo *other;
	uint64_t in = 0, out = 0;

	if (columns_find(f->c, f->asset, outpoint(f, &i->tx, i->index, 0), &in, &out)) {
		if (in > 0 && in == out) {
			columns_fault_say(
			    fault, "inputs: output %" PRIu32 " of it is spent already", i->index);
			return ERR_EXISTS;
		}
		*value = in - out;
		return ERR_OK;
	}
	other = in_block(f, &i->tx, before);
	if (other == NULL || other->coinbase || i->index >= other->outputs_n) {
		columns_fault_say(fault,
				  "inputs: spends an output (%" PRIu32
				  ") that no earlier transaction made",
				  i->index);
		return ERR_NOT_FOUND;
	}
	*value = f->output[other->output + i->index].amount;
	return ERR_OK;
}

/* The sum of the outputs; ERR_OVERFLOW. */
static enum err given(const struct columns_feed *f, const struct utxo *t, uint64_t *sum,
		      struct columns_fault *fault)
{
	*sum = 0;
	for (size_t i = 0; i < t->outputs_n; i++) {
		uint64_t amount = f->output[t->output + i].amount;

		if (amount > UINT64_MAX - *sum) {
			columns_fault_say(fault, "outputs: add up to more than 64 bits hold");
			return ERR_OVERFLOW;
		}
		*sum += amount;
	}
	return ERR_OK;
}

static enum err fee_of(struct columns_feed *f, size_t at, uint64_t *fee,
		       struct columns_fault *fault)
{
	const struct utxo *t = &f->tx[at];
	uint64_t out = 0, in = 0;
	enum err e = given(f, t, &out, fault);

	for (size_t i = 0; e == ERR_OK && i < t->inputs_n; i++) {
		uint64_t value = 0;

		e = value_of(f, &f->input[t->input + i], at, &value, fault);
		if (e == ERR_OK && value > UINT64_MAX - in) {
			columns_fault_say(fault, "inputs: add up to more than 64 bits hold");
			e = ERR_OVERFLOW;
		}
		in += e == ERR_OK ? value : 0;
	}
	if (e == ERR_OK && in < out) {
		columns_fault_say(fault, "outputs: give %" PRIu64 ", the inputs hold %" PRIu64, out,
				  in);
		e = ERR_AMOUNT;
	}
	*fee = in - out;
	return e;
}

static enum err give_outputs(struct columns_feed *f, const struct utxo *t, uint64_t *bad_line,
			     struct columns_fault *fault)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < t->outputs_n; i++) {
		const struct output *o = &f->output[t->output + i];
		struct columns_name name = outpoint(f, &t->tx, i, 1);

		if (o->address_n > 0) {
			e = columns_own(f->c, f->asset, name,
					address_at(f, o->address, o->address_n), fault);
		}
		if (e == ERR_OK) {
			e = move(f, t, transaction(t), name, o->amount, false, bad_line, fault);
		}
	}
	return e;
}

/* Inputs fill the transaction in order, outputs empty it in order, the fee last. */
static enum err run(struct columns_feed *f, const struct utxo *t, const struct utxo *coinbase,
		    uint64_t fee, uint64_t *bad_line, struct columns_fault *fault)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < t->inputs_n; i++) {
		const struct ingest_input *in = &f->input[t->input + i];
		struct columns_name name = outpoint(f, &in->tx, in->index, 0);
		uint64_t came = 0, left = 0;

		/* one without value may be nowhere: it moves nothing */
		if (columns_find(f->c, f->asset, name, &came, &left)) {
			e = move(f, t, name, transaction(t), came - left, false, bad_line, fault);
		}
	}
	if (e == ERR_OK) {
		e = give_outputs(f, t, bad_line, fault);
	}
	return e == ERR_OK && fee > 0
		   ? move(f, t, transaction(t), transaction(coinbase), fee, false, bad_line, fault)
		   : e;
}

static enum err send_utxo(struct columns_feed *f, uint64_t *bad_line, struct columns_fault *fault)
{
	static const struct columns_name nobody = { NULL, 0, 0 };
	const struct utxo *coinbase = NULL;
	uint64_t fees = 0, fee = 0, out = 0;
	enum err e = sort_block(f, bad_line, fault);

	if (e == ERR_OK) {
		e = columns_asset(f->c, bytes_str("coin"), &f->asset, fault);
	}
	for (size_t i = 0; e == ERR_OK && i < f->tx_n; i++) {
		*bad_line = f->tx[i].line;
		if (!f->tx[i].coinbase) {
			e = fee_of(f, i, &fee, fault);
			fees += fee; /* no more than all coins there are */
		} else if (coinbase == NULL) {
			coinbase = &f->tx[i];
		} else {
			columns_fault_say(fault, "coinbase: block %" PRIu64 " has two", f->height);
			e = ERR_EXISTS;
		}
	}
	if (e == ERR_OK && fees > 0 && coinbase == NULL) {
		columns_fault_say(fault, "coinbase: block %" PRIu64 " has fees and no coinbase",
				  f->height);
		e = ERR_STATE;
	}
	if (e == ERR_OK && coinbase != NULL) {
		e = given(f, coinbase, &out, fault);
		if (e == ERR_OK && out > fees) {
			e = move(f, coinbase, nobody, transaction(coinbase), out - fees, true,
				 bad_line, fault);
		}
	}
	for (size_t i = 0; e == ERR_OK && i < f->tx_n; i++) {
		if (f->tx[i].coinbase) {
			continue;
		}
		/* what this block has made must be in the store to be seen */
		e = send(f, bad_line, fault);
		if (e == ERR_OK) {
			*bad_line = f->tx[i].line;
			e = fee_of(f, i, &fee, fault);
		}
		if (e == ERR_OK) {
			e = run(f, &f->tx[i], coinbase, fee, bad_line, fault);
		}
	}
	if (e == ERR_OK && coinbase != NULL) {
		e = give_outputs(f, coinbase, bad_line, fault);
		if (e == ERR_OK && out < fees) {
			e = move(f, coinbase, transaction(coinbase), nobody, fees - out, false,
				 bad_line, fault);
		}
	}
	return e == ERR_OK ? send(f, bad_line, fault) : e;
}

/* ---- blocks ---- */

/* The block of this height in the store.  ERR_NOT_FOUND. */
static enum err stored(struct columns_feed *f, uint64_t height, struct columns_block *out,
		       struct columns_fault *fault)
{
	uint64_t low = 0, high = columns_blocks(f->c);

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		enum err e = columns_block_at(f->c, middle, out, fault);

		if (e != ERR_OK) {
			return e;
		}
		if (out->height == height) {
			return ERR_OK;
		}
		low = out->height < height ? middle + 1 : low;
		high = out->height < height ? high : middle;
	}
	return ERR_NOT_FOUND;
}

static void begin(struct columns_feed *f, uint64_t height, uint64_t time_s, uint64_t line)
{
	f->has_block = true;
	f->height = height;
	f->time_s = time_s;
	f->first_line = line;
	f->rows_n = f->arena_n = f->hashed = f->tx_n = f->input_n = f->output_n = f->batch_n = 0;
	f->has_asset = f->has_last_index = false;
	memset(&f->last_tx, 0, sizeof f->last_tx);
	sha256_init(&f->hash);
}

/* The store said that it has these blocks: does it still? */
static enum err check_known(struct columns_feed *f, struct columns_fault *fault)
{
	if (!f->has_known) {
		return ERR_OK;
	}
	f->has_known = false;
	return columns_check(f->c, f->known_from, f->known_to, fault);
}

/* The collected block against the store's of this height. */
static enum err compare(struct columns_feed *f, const struct hash32 *hash,
			struct columns_fault *fault)
{
	struct columns_block old;
	enum err e = stored(f, f->height, &old, fault);

	if (!f->has_known) {
		f->known_from = f->height;
	}
	f->has_known = true;
	f->known_to = f->height;
	if (e == ERR_NOT_FOUND || (e == ERR_OK && !hash32_eq(hash, &old.hash))) {
		/* is it the store that changed? */
		e = check_known(f, fault);
		if (e != ERR_OK) {
			return e;
		}
		columns_fault_say(fault,
				  "the rows of height %" PRIu64
				  " are not those that the store has: take them back from "
				  "there, or ingest into a new folder",
				  f->height);
		return ERR_MISMATCH;
	}
	f->counts.known += f->rows_n + f->tx_n;
	return e;
}

/* Puts the collected block into the store, or compares it with what is there. */
static enum err finish(struct columns_feed *f, uint64_t *bad_line, struct columns_fault *fault)
{
	struct columns_block tip;
	struct hash32 hash;
	enum err e;

	if (!f->has_block) {
		return ERR_OK;
	}
	f->has_block = false;
	hash_rows(f);
	sha256_final(&f->hash, &hash);
	*bad_line = f->first_line;
	if (columns_tip(f->c, &tip) == ERR_OK && f->height <= tip.height) {
		return compare(f, &hash, fault);
	}
	e = check_known(f, fault);
	if (e != ERR_OK) {
		return e;
	}
	e = columns_block(f->c, f->height, f->time_s, &hash, fault);
	if (e == ERR_OK) {
		e = f->tx_n > 0 ? send_utxo(f, bad_line, fault) : send_rows(f, bad_line, fault);
		if (e != ERR_OK) {
			struct columns_fault ignored;
			enum err dropped = columns_drop(f->c, &ignored);

			/* what came before is good, and stays */
			if (dropped == ERR_OK) {
				dropped = columns_commit(f->c, &ignored);
			}
			if (dropped != ERR_OK) {
				*fault = ignored;
				return dropped;
			}
		}
	}
	f->counts.blocks += e == ERR_OK ? 1 : 0;
	if (e == ERR_OK && f->uncommitted >= COLUMNS_FEED_COMMIT) {
		f->uncommitted = 0;
		e = columns_commit(f->c, fault);
	}
	return e;
}

/* A row that cannot be: the block that is collected does not count, what came before it stays. */
static enum err refused(struct columns_feed *f, enum err why, struct columns_fault *fault)
{
	struct columns_fault other;
	enum err e = columns_commit(f->c, &other);

	if (e != ERR_OK) {
		*fault = other;
		return e;
	}
	return why;
}

static enum err next(struct columns_feed *f, uint64_t height, uint64_t time_s, uint64_t line,
		     uint64_t *bad_line, struct columns_fault *fault)
{
	enum err e;

	*bad_line = line;
	if (f->has_block && (height < f->height || time_s < f->time_s)) {
		columns_fault_say(fault,
				  "%s: goes back from %" PRIu64 " to %" PRIu64
				  ": rows must be sorted by height and time",
				  height < f->height ? "height" : "time",
				  height < f->height ? f->height : f->time_s,
				  height < f->height ? height : time_s);
		return refused(f, ERR_FIELD_RANGE, fault);
	}
	if (f->has_block && height == f->height) {
		return ERR_OK;
	}
	e = finish(f, bad_line, fault);
	if (e == ERR_OK) {
		begin(f, height, time_s, line);
	}
	return e;
}

enum err columns_feed_transfer(struct columns_feed *f, const struct ingest_transfer *t,
			       uint64_t line, uint64_t *bad_line, struct columns_fault *fault)
{
	enum err e = next(f, t->height, t->time_s, line, bad_line, fault);
	size_t place = 0;
	void *at;

	if (e != ERR_OK) {
		return e;
	}
	f->counts.rows++;
	f->counts.selves += bytes_eq(t->from, t->to) ? 1 : 0;
	*bad_line = line;
	if (t->has_index && f->has_last_index && !hash32_is_zero(&t->tx) &&
	    hash32_eq(&t->tx, &f->last_tx) && t->index <= f->last_index) {
		columns_fault_say(fault,
				  "index: %" PRIu64 " does not stand behind %" PRIu64
				  " of the same transaction",
				  t->index, f->last_index);
		return refused(f, ERR_EXISTS, fault);
	}
	f->last_tx = t->tx;
	f->has_last_index = t->has_index;
	f->last_index = t->index;
	e = keep_row(f, t, &place, fault);
	if (e != ERR_OK) {
		return e;
	}
	if (t->amount == 0) {
		f->counts.zeros++;
		return ERR_OK;
	}
	if (ROOM(f, row, f->rows_n + 1, fault) != ERR_OK) {
		return e;
	}
	f->row[f->rows_n++] = (struct row){
		line, t->amount, place, (uint8_t)t->from.n, (uint8_t)t->to.n, (uint8_t)t->asset.n
	};
	return ERR_OK;
}

enum err columns_feed_utxo(struct columns_feed *f, const struct ingest_utxo_tx *t, uint64_t line,
			   uint64_t *bad_line, struct columns_fault *fault)
{
	enum err e = next(f, t->height, t->time_s, line, bad_line, fault);
	struct utxo *x;
	void *at;

	if (e != ERR_OK || ROOM(f, tx, f->tx_n + 1, fault) != ERR_OK ||
	    ROOM(f, input, f->input_n + t->inputs_n, fault) != ERR_OK ||
	    ROOM(f, output, f->output_n + t->outputs_n, fault) != ERR_OK) {
		return e;
	}
	*bad_line = line;
	f->counts.rows++;
	x = &f->tx[f->tx_n++];
	*x = (struct utxo){ line,        t->tx,       t->coinbase, f->input_n,
			    t->inputs_n, f->output_n, t->outputs_n };
	hash_number(&f->hash, t->time_s);
	sha256_update(&f->hash, bytes_of(t->tx.b, sizeof t->tx.b));
	hash_number(&f->hash, t->coinbase ? 1 : 0);
	hash_number(&f->hash, t->inputs_n);
	for (size_t i = 0; i < t->inputs_n; i++) {
		f->input[f->input_n++] = t->input[i];
		sha256_update(&f->hash, bytes_of(t->input[i].tx.b, sizeof t->input[i].tx.b));
		hash_number(&f->hash, t->input[i].index);
	}
	hash_number(&f->hash, t->outputs_n);
	for (size_t i = 0; e == ERR_OK && i < t->outputs_n; i++) {
		struct output *o = &f->output[f->output_n++];

		o->amount = t->output[i].amount;
		o->address_n = (uint8_t)t->output[i].address.n;
		hash_number(&f->hash, o->amount);
		hash_text(&f->hash, t->output[i].address);
		e = keep(f, t->output[i].address, &o->address, fault);
	}
	/* the hash has it already, in its own order */
	f->hashed = f->arena_n;
	return e;
}

enum err columns_feed_end(struct columns_feed *f, uint64_t *bad_line, struct columns_fault *fault)
{
	enum err e = finish(f, bad_line, fault);

	e = e == ERR_OK ? check_known(f, fault) : e;
	return e == ERR_OK ? columns_commit(f->c, fault) : e;
}
