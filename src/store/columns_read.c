/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "base/hex.h"
#include "store/columns.h"
#include "store/columns_compact.h"
#include "store/columns_layout.h"
#include "store/columns_self.h"
#include "store/columns_warm.h"

/* ---- heads ---- */

enum { TRIES = 100 };

static enum err out_of_memory(struct columns_fault *fault)
{
	columns_fault_say(fault, "out of memory");
	return ERR_FULL;
}

static enum err get_head(const char *folder, const char *name, uint8_t file[COLUMNS_HEAD_BYTES],
			 size_t *n, struct columns_fault *fault)
{
	char path[COLUMNS_PATH_MAX];
	int length = snprintf(path, sizeof path, "%s/%s", folder, name), fd;
	ssize_t got;

	if (length < 0 || (size_t)length >= sizeof path) {
		columns_fault_say(fault, "the path of the folder is too long");
		return ERR_IO;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		columns_fault_say(fault, "%s: cannot be opened: %s", name, strerror(errno));
		return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
	}
	got = pread(fd, file, COLUMNS_HEAD_BYTES, 0);
	(void)close(fd);
	if (got < 0) {
		columns_fault_say(fault, "%s: cannot be read: %s", name, strerror(errno));
		return ERR_IO;
	}
	*n = (size_t)got;
	return ERR_OK;
}

static enum err choose(struct columns_head *out, const char *folder, const char *name,
		       enum columns_head_kind kind, uint64_t most,
		       const struct columns_file_row *rows, uint32_t rows_n,
		       struct columns_fault *fault)
{
	uint8_t file[COLUMNS_HEAD_BYTES];
	size_t n = 0;
	unsigned slot;
	enum err e = get_head(folder, name, file, &n, fault);

	if (e != ERR_OK) {
		return e;
	}
	e = columns_head_choose(out, &slot, kind, bytes_of(file, n), most);
	if (e == ERR_VERSION || (e == ERR_OK && !columns_layout_ok(out, rows, rows_n))) {
		columns_fault_say(fault, "%s: made by a newer program", name);
		return ERR_VERSION;
	}
	if (e != ERR_OK) {
		columns_fault_say(fault,
				  "%s: bytes 0 to %d hold no whole state: take the store from a "
				  "copy, or ingest into a new folder",
				  name, COLUMNS_HEAD_BYTES - 1);
		return ERR_CORRUPT;
	}
	return ERR_OK;
}

static enum err root_head(struct columns_head *out, const char *folder, struct columns_fault *fault)
{
	enum err e = choose(out, folder, "head", COLUMNS_HEAD_ROOT, UINT64_MAX, columns_root_files,
			    ROOT_FILES, fault);

	if (e == ERR_NOT_FOUND) {
		columns_fault_say(fault, "there is no store here");
	}
	return e;
}

/* ---- what there is ---- */

static enum err list_rows(struct columns_list *out, const char *folder, size_t folder_n,
			  const struct columns_head *h, struct columns_fault *fault)
{
	struct columns_map assets = { NULL, 0 }, blocks = { NULL, 0 };
	enum err e = columns_map_open(&assets, folder, folder_n, "assets", &h->column[ROOT_ASSETS],
				      true, fault);

	if (e == ERR_OK) {
		e = columns_map_open(&blocks, folder, folder_n, "blocks", &h->column[ROOT_BLOCKS],
				     false, fault);
	}
	if (e == ERR_OK) {
		out->n = (uint32_t)(assets.bytes / ASSET_ROW);
		out->asset = calloc(out->n == 0 ? 1 : out->n, sizeof out->asset[0]);
		e = out->asset == NULL ? out_of_memory(fault) : ERR_OK;
	}
	for (uint32_t i = 0; e == ERR_OK && i < out->n; i++) {
		memcpy(out->asset[i], assets.p + (size_t)i * ASSET_ROW, COLUMNS_ASSET_NAME_MAX);
	}
	out->blocks = blocks.bytes / BLOCK_ROW;
	if (e == ERR_OK && out->blocks > 0) {
		out->tip = columns_block_get(blocks.p + blocks.bytes - BLOCK_ROW);
	}
	columns_map_close(&assets);
	columns_map_close(&blocks);
	return e;
}

enum err columns_list(struct columns_list *out, const char *folder, struct columns_fault *fault)
{
	struct columns_head h;
	enum err e;

	memset(out, 0, sizeof *out);
	fault->text[0] = '\0';
	e = root_head(&h, folder, fault);
	if (e != ERR_OK) {
		return e;
	}
	out->source = (enum columns_source)h.source;
	out->network = h.network;
	out->generation = h.generation;
	out->undos = h.undos;
	e = list_rows(out, folder, strlen(folder), &h, fault);
	if (e != ERR_OK) {
		columns_list_free(out);
	}
	return e;
}

void columns_list_free(struct columns_list *l)
{
	free(l->asset);
	memset(l, 0, sizeof *l);
}

/* ---- one asset ---- */

static enum err wrong(struct columns_fault *fault, uint32_t asset, const char *file, uint64_t row,
		      const char *what)
{
	columns_fault_say(fault,
			  "asset-%" PRIu32 "/%s: row %" PRIu64
			  " %s: take the store from a copy, or ingest into a new folder",
			  asset, file, row, what);
	return ERR_CORRUPT;
}

static enum err take_blocks(struct columns_view *v, uint32_t asset, struct columns_fault *fault)
{
	const struct columns_map *m = &v->map[ASSET_BLOCK];
	const size_t known = v->blocks_n;
	struct trace_block *owned;

	v->blocks_n = (size_t)(m->bytes / ASSET_BLOCK_ROW);
	owned = realloc(v->owned, (v->blocks_n + 1) * sizeof owned[0]);
	if (owned == NULL) {
		return out_of_memory(fault);
	}
	v->owned = owned;
	for (size_t i = known; i < v->blocks_n; i++) {
		struct columns_asset_block b = columns_asset_block_get(m->p + i * ASSET_BLOCK_ROW);

		v->owned[i] = (struct trace_block){ b.height, b.time_s, b.first };
		if (b.first > v->columns.n || (i == 0 && b.first != 0) ||
		    (i > 0 &&
		     (b.height <= v->owned[i - 1].height || b.first < v->owned[i - 1].first))) {
			return wrong(fault, asset, "block", i,
				     "does not stand behind the last one");
		}
	}
	v->blocks = v->owned;
	return ERR_OK;
}

static enum err take_columns(struct columns_view *v, uint32_t asset, struct columns_fault *fault)
{
	const struct columns_map *m = v->map;
	const size_t n = (size_t)(m[ASSET_FROM].bytes / 4);
	const size_t accounts = (size_t)m[ASSET_KIND].bytes;

	if (m[ASSET_TO].bytes / 4 != n || m[ASSET_AMOUNT].bytes / 8 != n ||
	    m[ASSET_BALANCE].bytes / 8 != n || m[ASSET_OUT].bytes / 8 != n ||
	    m[ASSET_IN].bytes / 8 != n || m[ASSET_TX].bytes / 4 != n ||
	    m[ASSET_NAME_END].bytes / 8 != accounts || m[ASSET_OWNER].bytes / 4 != accounts) {
		columns_fault_say(fault, "asset-%" PRIu32 "/head: columns of different lengths",
				  asset);
		return ERR_CORRUPT;
	}
	v->columns = (struct trace_columns){
		.n = n,
		.from = (const void *)m[ASSET_FROM].p,
		.to = (const void *)m[ASSET_TO].p,
		.amount = (const void *)m[ASSET_AMOUNT].p,
		.balance = (const void *)m[ASSET_BALANCE].p,
		.out = (const void *)m[ASSET_OUT].p,
		.in = (const void *)m[ASSET_IN].p,
		.tx = (const void *)m[ASSET_TX].p,
		.accounts_n =
		    accounts > TRACE_ACCOUNTS_RESERVED ? accounts : TRACE_ACCOUNTS_RESERVED,
	};
	v->txids = m[ASSET_TXID].p;
	v->txs_n = (size_t)(m[ASSET_TXID].bytes / TXID_ROW);
	v->name = m[ASSET_NAME].p;
	v->name_end = (const void *)m[ASSET_NAME_END].p;
	v->kind = m[ASSET_KIND].p;
	v->owner = (const void *)m[ASSET_OWNER].p;
	return ERR_OK;
}

/*
 * Both slots of an asset may have become newer than the head of the chain that was read before:
 * then that is read again.
 */
static enum err heads(struct columns_head *root, struct columns_head *out, const char *folder,
		      uint32_t asset, struct columns_fault *fault)
{
	char name[32];
	enum err e = ERR_OK;

	(void)snprintf(name, sizeof name, "asset-%" PRIu32 "/head", asset);
	for (int i = 0; i < TRIES; i++) {
		uint64_t seen = root->generation;

		e = root_head(root, folder, fault);
		if (e != ERR_OK) {
			return e;
		}
		if (asset >= root->column[ROOT_ASSETS].bytes / ASSET_ROW) {
			columns_fault_say(fault, "there is no asset %" PRIu32 " in this store",
					  asset);
			return ERR_NOT_FOUND;
		}
		e = choose(out, folder, name, COLUMNS_HEAD_ASSET, root->generation,
			   columns_asset_files, ASSET_FILES, fault);
		e = e == ERR_NOT_FOUND ? ERR_CORRUPT : e;
		if (e != ERR_CORRUPT || seen == root->generation) {
			return e;
		}
	}
	return e;
}

/* ---- what is cold ---- */

/* Takes over what an earlier view of the asset has decoded: the pages move, nothing is copied. */
static void take_over(struct columns_view *v, const struct columns_view *old)
{
	for (unsigned i = ASSET_FROM; i <= ASSET_TX; i++) {
		const size_t bytes = (size_t)(old->cold * columns_asset_files[i].width);

		if (mremap(old->map[i].p, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED,
			   v->map[i].p) == MAP_FAILED) {
			return; /* it is decoded again */
		}
	}
	v->cold = old->cold;
	v->cold_files = old->cold_files;
}

/* What is done with what is cold. */
enum cold_way { COLD_DECODED, COLD_WHEN_ASKED, COLD_LEFT_OUT };

/* v has the first blocks of an earlier view of the same asset, or is zeroed; old: that view, or
 * NULL. */
static enum err open_asset(struct columns_view *v, const struct columns_view *old,
			   const char *folder, uint32_t asset, bool check, enum cold_way way,
			   struct columns_head *root, struct columns_head *h,
			   struct columns_fault *fault)
{
	const uint64_t undos = v->undos;
	struct columns_map blocks = { NULL, 0 };
	char inside[COLUMNS_PATH_MAX];
	size_t folder_n = strlen(folder);
	enum err e;
	int n;

	fault->text[0] = '\0';
	e = heads(root, h, folder, asset, fault);
	n = snprintf(inside, sizeof inside, "%s/asset-%" PRIu32, folder, asset);
	if (e == ERR_OK && (n < 0 || (size_t)n >= sizeof inside)) {
		columns_fault_say(fault, "the path of the folder is too long");
		e = ERR_IO;
	}
	for (unsigned i = 0; e == ERR_OK && i < ASSET_FILES; i++) {
		e = columns_map_open(&v->map[i], inside, folder_n, columns_asset_files[i].name,
				     &h->column[i], check && i > ASSET_TX, fault);
	}
	if (e == ERR_OK &&
	    (root->undos != undos || v->map[ASSET_BLOCK].bytes / ASSET_BLOCK_ROW < v->blocks_n)) {
		v->blocks_n = 0;
	}
	if (e == ERR_OK) {
		e = take_columns(v, asset, fault);
	}
	if (e == ERR_OK && old != NULL && old->cold > 0 && old->cold <= v->columns.n) {
		take_over(v, old);
	}
	if (e == ERR_OK && way != COLD_LEFT_OUT) {
		e = columns_warm_take(v, inside, folder_n, way == COLD_WHEN_ASKED, fault);
	}
	for (unsigned i = ASSET_FROM; e == ERR_OK && check && i <= ASSET_TX; i++) {
		e = columns_map_check(&v->map[i], inside, folder_n, columns_asset_files[i].name,
				      &h->column[i], 0, UINT64_MAX, fault);
	}
	if (e == ERR_OK) {
		e = take_blocks(v, asset, fault);
	}
	if (e == ERR_OK) {
		e = columns_map_open(&blocks, folder, folder_n, "blocks",
				     &root->column[ROOT_BLOCKS], check, fault);
	}
	if (e == ERR_OK && blocks.bytes > 0) {
		v->tip = columns_block_get(blocks.p + blocks.bytes - BLOCK_ROW);
	}
	v->generation = root->generation;
	v->undos = root->undos;
	columns_map_close(&blocks);
	if (e != ERR_OK) {
		columns_view_close(v);
	}
	return e;
}

static enum err view_open(struct columns_view *v, const struct columns_view *old,
			  const char *folder, uint32_t asset, bool check, enum cold_way way,
			  struct columns_fault *fault)
{
	struct columns_head root = { .generation = 0 }, h, now;
	enum err e = ERR_CORRUPT;

	/* a writer may go on, and make cold what was not yet there in the state that we read first
	 */
	for (int i = 0; e == ERR_CORRUPT && i < TRIES; i++) {
		struct columns_fault again;

		e = open_asset(v, i == 0 ? old : NULL, folder, asset, check, way, &root, &h, fault);
		if (e == ERR_CORRUPT && (root_head(&now, folder, &again) != ERR_OK ||
					 now.generation == root.generation)) {
			break;
		}
	}
	return e;
}

enum err columns_view_open(struct columns_view *v, const char *folder, uint32_t asset, bool check,
			   struct columns_fault *fault)
{
	memset(v, 0, sizeof *v);
	return view_open(v, NULL, folder, asset, check, COLD_DECODED, fault);
}

enum err columns_view_open_cold(struct columns_view *v, const char *folder, uint32_t asset,
				struct columns_fault *fault)
{
	memset(v, 0, sizeof *v);
	return view_open(v, NULL, folder, asset, false, COLD_WHEN_ASKED, fault);
}

enum err columns_view_renew(struct columns_view *v, const char *folder, uint32_t asset,
			    struct columns_fault *fault)
{
	struct columns_view old = *v;
	enum err e;

	CHECK(v->ranges == NULL);
	memset(v, 0, sizeof *v);
	v->owned = old.owned;
	v->blocks_n = old.blocks_n;
	v->undos = old.undos;
	old.owned = NULL;
	e = view_open(v, &old, folder, asset, false, COLD_DECODED, fault);
	columns_view_close(&old);
	return e;
}

enum err columns_view_open_hot(struct columns_view *v, const char *folder, uint32_t asset,
			       struct columns_head *h, struct columns_fault *fault)
{
	struct columns_head root = { .generation = 0 };

	memset(v, 0, sizeof *v);
	return open_asset(v, NULL, folder, asset, false, COLD_LEFT_OUT, &root, h, fault);
}

void columns_view_close(struct columns_view *v)
{
	for (unsigned i = 0; i < ASSET_FILES; i++) {
		columns_map_close(&v->map[i]);
	}
	free(v->owned);
	free(v->ranges);
	free(v->folder);
	memset(v, 0, sizeof *v);
}

/* ---- names ---- */

struct columns_name columns_view_name(const struct columns_view *v, uint32_t account)
{
	uint64_t begin = account == 0 ? 0 : v->name_end[account - 1];

	CHECK(account < v->map[ASSET_KIND].bytes && begin < v->name_end[account] &&
	      v->name_end[account] - begin <= COLUMNS_NAME_MAX &&
	      v->name_end[account] <= v->map[ASSET_NAME].bytes);
	return (struct columns_name){ v->name + begin, (uint8_t)(v->name_end[account] - begin),
				      v->kind[account] };
}

void columns_name_text(char out[COLUMNS_TEXT_MAX], struct columns_name name)
{
	switch ((enum columns_kind)name.kind) {
	case COLUMNS_OUTPOINT:
		if (name.n == 36) {
			hex_put(out, bytes_of(name.p, 32));
			(void)snprintf(out + 64, COLUMNS_TEXT_MAX - 64, ":%" PRIu32,
				       le32_get(name.p + 32));
			return;
		}
		break;
	case COLUMNS_TRANSACTION:
		if (name.n == 32) {
			hex_put(out, bytes_of(name.p, 32));
			return;
		}
		break;
	case COLUMNS_ADDRESS:
	case COLUMNS_SPECIAL:
		break;
	}
	memcpy(out, name.p, name.n);
	out[name.n] = '\0';
}

uint32_t columns_view_find(const struct columns_view *v, struct columns_name name)
{
	uint64_t begin = 0;

	for (uint32_t i = 0; i < v->map[ASSET_KIND].bytes; i++) {
		uint64_t end = v->name_end[i];

		if (end - begin == name.n && v->kind[i] == name.kind &&
		    memcmp(v->name + begin, name.p, name.n) == 0) {
			return i;
		}
		begin = end;
	}
	return COLUMNS_NAMES_NONE;
}

/* ---- every law ---- */

struct verifying {
	struct columns_verified *out;
	void (*progress)(void *ctx, uint64_t done, uint64_t all);
	void *ctx;
	uint64_t done, all;
	struct columns_fault *fault;
};

static enum err verify_names(const struct verifying *g, const struct columns_view *v,
			     uint32_t asset)
{
	uint64_t begin = 0;

	for (uint32_t i = 0; i < v->map[ASSET_KIND].bytes; i++) {
		uint64_t end = v->name_end[i];

		if (end <= begin || end - begin > COLUMNS_NAME_MAX ||
		    end > v->map[ASSET_NAME].bytes) {
			return wrong(g->fault, asset, "name_end", i, "ends no name");
		}
		if (v->owner[i] >= i && v->owner[i] != 0) {
			return wrong(g->fault, asset, "owner", i, "names no earlier account");
		}
		begin = end;
	}
	return begin == v->map[ASSET_NAME].bytes
		   ? ERR_OK
		   : wrong(g->fault, asset, "name", begin, "belongs to no account");
}

static enum err verify_event(const struct verifying *g, const struct columns_view *v,
			     uint32_t asset, size_t i, uint64_t *in, uint64_t *out)
{
	const struct trace_columns *c = &v->columns;
	uint32_t from = c->from[i], to = c->to[i], last = i == 0 ? UINT32_MAX : c->tx[i - 1];
	uint64_t amount = c->amount[i], balance;

	if (from >= c->accounts_n || from == TRACE_DESTROYED) {
		return wrong(g->fault, asset, "from", i, "names no sender");
	}
	if (to >= c->accounts_n || to == TRACE_ISSUANCE) {
		return wrong(g->fault, asset, "to", i, "names no receiver");
	}
	balance = from == TRACE_ISSUANCE ? 0 : in[from] - out[from];
	if (c->balance[i] != balance) {
		return wrong(g->fault, asset, "balance", i,
			     "is not what the events before it add up to");
	}
	if (c->out[i] != out[from]) {
		return wrong(g->fault, asset, "out", i,
			     "is not what the events before it add up to");
	}
	if (c->in[i] != in[to]) {
		return wrong(g->fault, asset, "in", i,
			     "is not what the events before it add up to");
	}
	if (amount == 0 || (from != TRACE_ISSUANCE && amount > balance) ||
	    amount > UINT64_MAX - in[to] || amount > UINT64_MAX - out[from]) {
		return wrong(g->fault, asset, "amount", i, "is nothing, or more than there is");
	}
	if (c->tx[i] >= v->txs_n || (c->tx[i] != last && c->tx[i] != last + 1)) {
		return wrong(g->fault, asset, "tx", i,
			     "is neither the last transaction nor the next");
	}
	out[from] += amount;
	in[to] += amount;
	return ERR_OK;
}

static enum err verify_asset(struct verifying *g, const struct columns_view *v, uint32_t asset)
{
	enum { TELL_EVERY = 1 << 20 };

	uint64_t *in = calloc(v->columns.accounts_n, sizeof *in);
	uint64_t *out = calloc(v->columns.accounts_n, sizeof *out);
	enum err e =
	    in != NULL && out != NULL ? verify_names(g, v, asset) : out_of_memory(g->fault);

	for (size_t i = 0; e == ERR_OK && i < v->columns.n; i++) {
		e = verify_event(g, v, asset, i, in, out);
		if (++g->done % TELL_EVERY == 0 && g->progress != NULL) {
			g->progress(g->ctx, g->done, g->all);
		}
	}
	if (e == ERR_OK && v->columns.n > 0 && v->columns.tx[v->columns.n - 1] + 1 != v->txs_n) {
		e = wrong(g->fault, asset, "txid", v->txs_n - 1, "belongs to no event");
	}
	free(in);
	free(out);
	return e;
}

static enum err verify_pages_of_root(const char *folder, struct columns_fault *fault)
{
	struct columns_head root;
	enum err e = root_head(&root, folder, fault);
	struct columns_block last = { 0, 0, 0, { { 0 } } };
	struct columns_map m[ROOT_FILES];

	memset(m, 0, sizeof m);
	for (unsigned i = 0; e == ERR_OK && i < ROOT_FILES; i++) {
		e = columns_map_open(&m[i], folder, strlen(folder), columns_root_files[i].name,
				     &root.column[i], true, fault);
	}
	for (uint64_t i = 0; e == ERR_OK && i < m[ROOT_BLOCKS].bytes / BLOCK_ROW; i++) {
		struct columns_block b = columns_block_get(m[ROOT_BLOCKS].p + i * BLOCK_ROW);

		if (b.facts > m[ROOT_FACTS].bytes || b.facts < last.facts ||
		    (i > 0 && (b.height <= last.height || b.time_s < last.time_s))) {
			columns_fault_say(fault,
					  "blocks: row %" PRIu64
					  " does not stand behind the last one: take the store "
					  "from a copy, or ingest into a new folder",
					  i);
			e = ERR_CORRUPT;
		}
		last = b;
	}
	for (unsigned i = 0; i < ROOT_FILES; i++) {
		columns_map_close(&m[i]);
	}
	return e;
}

enum err columns_verify(struct columns_verified *out, const char *folder,
			void (*progress)(void *ctx, uint64_t done, uint64_t all), void *ctx,
			struct columns_fault *fault)
{
	struct columns_verified sum = { 0, 0, 0, 0, 0 };
	struct verifying g = { &sum, progress, ctx, 0, 0, fault };
	struct columns_list l;
	enum err e = columns_list(&l, folder, fault);

	if (e != ERR_OK) {
		return e;
	}
	e = verify_pages_of_root(folder, fault);
	for (uint32_t i = 0; e == ERR_OK && i < l.n; i++) {
		struct columns_view v;

		e = columns_view_open(&v, folder, i, true, fault);
		if (e != ERR_OK) {
			break;
		}
		g.all = g.done + v.columns.n;
		e = verify_asset(&g, &v, i);
		sum.events += v.columns.n;
		sum.accounts += v.columns.accounts_n - TRACE_ACCOUNTS_RESERVED;
		sum.transactions += v.txs_n;
		sum.cold += v.cold;
		for (unsigned k = 0; k < ASSET_FILES; k++) {
			sum.bytes += v.map[k].bytes;
		}
		columns_view_close(&v);
	}
	columns_list_free(&l);
	if (e == ERR_OK) {
		*out = sum;
	}
	return e;
}
