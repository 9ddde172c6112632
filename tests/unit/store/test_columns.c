/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a column store says what was put in, at every committed state, whatever kills it between;
 * it takes blocks back to the very bytes; and damage is found and named.
 * Method: random ledgers beside trace_columns_builder; a disk that dies at every single write,
 * tears it, and forgets any part of what was not synced; bits flipped and files cut in every file.
 */
#include "t.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/attr.h"
#include "base/check.h"
#include "base/hex.h"
#include "crypto/sha256.h"
#include "store/columns_feed.h"

static char folder[64];
static struct columns_fault fault;

static int quick_write(void *ctx, int fd, const void *p, size_t n, uint64_t offset)
{
	(void)ctx;
	return pwrite(fd, p, n, (off_t)offset) == (ssize_t)n ? 0 : EIO;
}

static int quick_sync(void *ctx, int fd)
{
	(void)ctx;
	(void)fd;
	return 0;
}

static int quick_move(void *ctx, const char *from, const char *to)
{
	(void)ctx;
	return rename(from, to) == 0 ? 0 : errno;
}

/* Where nobody cuts the power. */
static const struct columns_disk quick = { NULL, quick_write, quick_sync, quick_move };

static void new_folder(void)
{
	static unsigned n;

	(void)snprintf(folder, sizeof folder, "/tmp/columns-%d-%u", (int)getpid(), n++);
}

static void remove_folder(void)
{
	char command[128];
	int n = snprintf(command, sizeof command, "%s", folder);
	pid_t pid = fork();

	CHECK(n > 0 && strncmp(folder, "/tmp/columns-", 13) == 0);
	if (pid == 0) {
		(void)execl("/bin/rm", "rm", "-rf", command, (char *)NULL);
		_exit(1);
	}
	(void)waitpid(pid, NULL, 0);
}

/* ---- a ledger ---- */

enum { ACCOUNTS = 40, BLOCKS = 30, BLOCK_EVENTS = 12, NAME_BYTES = 63 };

struct move {
	uint32_t from, to; /* 0 issuance, 1 destroyed, else account 2.. */
	uint64_t amount;
	unsigned asset;
	uint32_t tx;
};

static struct move moves[BLOCKS][BLOCK_EVENTS];
static unsigned moves_n[BLOCKS];

static const char *const asset_names[] = { "coin", "shop:points" };

static struct columns_name name_of(uint32_t account)
{
	static char text[ACCOUNTS + 2][NAME_BYTES + 1];

	if (account < 2) {
		return (struct columns_name){ NULL, 0, 0 };
	}
	/* short and long ones, to meet the heap */
	(void)snprintf(text[account], sizeof text[account], "ACCOUNT%u%.*s", account,
		       account % 3 == 0 ? 45 : 10,
		       "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX");
	return (struct columns_name){ (const uint8_t *)text[account],
				      (uint8_t)strlen(text[account]), COLUMNS_ADDRESS };
}

static struct hash32 tx_of(uint32_t tx)
{
	struct hash32 h = { { 0 } };

	le32_put(h.b, tx);
	h.b[31] = 1;
	return h;
}

static void make_ledger(void)
{
	uint64_t balance[2][ACCOUNTS + 2] = { { 0 } };
	uint32_t tx = 0;

	for (unsigned b = 0; b < BLOCKS; b++) {
		moves_n[b] = b % 7 == 3 ? 0 : 1 + (unsigned)t_below(BLOCK_EVENTS);
		for (unsigned i = 0; i < moves_n[b]; i++) {
			struct move *m = &moves[b][i];
			uint32_t from = (uint32_t)t_below(2 + 2 + b) % (ACCOUNTS + 2);

			m->asset = b > 4 && t_below(4) == 0 ? 1 : 0;
			m->to = 2 + (uint32_t)t_below(4 + b) % ACCOUNTS;
			m->tx = i > 0 && moves[b][i - 1].asset == m->asset && t_below(3) == 0
				    ? tx
				    : ++tx;
			if (from < 2 || balance[m->asset][from] == 0) {
				m->from = 0;
				m->amount = 1 + t_below(1000000);
			} else {
				m->from = from;
				m->amount = t_below(3) == 0 ? balance[m->asset][from]
							    : 1 + t_below(balance[m->asset][from]);
				m->to = t_below(8) == 0 ? 1 : t_below(9) == 0 ? from : m->to;
				balance[m->asset][from] -= m->amount;
			}
			balance[m->asset][m->to] += m->to == 1 ? 0 : m->amount;
		}
	}
}

static struct columns_transfer transfer_of(const struct move *m, uint32_t asset)
{
	return (struct columns_transfer){ name_of(m->from), name_of(m->to), m->amount, asset,
					  tx_of(m->tx) };
}

static enum err append_block(struct columns *c, unsigned b)
{
	struct hash32 hash = tx_of(1000 + b);
	enum err e = columns_block(c, 10 + 2 * b, 1000 + b, &hash, &fault);

	for (unsigned i = 0; e == ERR_OK && i < moves_n[b]; i++) {
		struct columns_transfer t;
		uint32_t asset = 0;
		size_t bad;

		e = columns_asset(c, bytes_str(asset_names[moves[b][i].asset]), &asset, &fault);
		if (e == ERR_OK) {
			t = transfer_of(&moves[b][i], asset);
			e = columns_append(c, &t, 1, &bad, &fault);
		}
	}
	return e == ERR_OK && b % 5 == 0 ? columns_facts_add(c, bytes_of("fact!", 5), &fault) : e;
}

static enum err open_store(struct columns **c, const struct columns_disk *disk)
{
	struct columns_options o = { .disk = disk, .source = COLUMNS_FROM_TRANSFERS };

	le64_put(o.seed, t_random());
	return columns_open(c, folder, &o, &fault);
}

/* Blocks [0, b) in memory, of one asset. */
static void build(struct trace_columns_builder *builder, unsigned b, unsigned asset,
		  uint32_t number[ACCOUNTS + 2])
{
	uint32_t accounts = 2, tx = UINT32_MAX, last = 0;

	CHECK(trace_columns_builder_init(builder) == ERR_OK);
	memset(number, 0, (ACCOUNTS + 2) * sizeof number[0]);
	number[1] = 1;
	for (unsigned k = 0; k < b; k++) {
		bool begun = false;

		for (unsigned i = 0; i < moves_n[k]; i++) {
			const struct move *m = &moves[k][i];

			if (m->asset != asset) {
				continue;
			}
			if (!begun) {
				CHECK(trace_columns_builder_block(builder, 10 + 2 * k, 1000 + k) ==
				      ERR_OK);
				begun = true;
			}
			if (m->from > 1 && number[m->from] == 0) {
				number[m->from] = accounts++;
			}
			if (m->to > 1 && number[m->to] == 0) {
				number[m->to] = accounts++;
			}
			tx += tx == UINT32_MAX || m->tx != last ? 1 : 0;
			last = m->tx;
			CHECK(trace_columns_builder_accounts(builder, accounts) == ERR_OK);
			CHECK(trace_columns_builder_event(builder, number[m->from], number[m->to],
							  m->amount, tx) == ERR_OK);
		}
	}
}

static bool same_columns(const struct trace_columns *a, const struct trace_columns *b)
{
	return a->n == b->n && a->accounts_n == b->accounts_n &&
	       (a->n == 0 ||
		(memcmp(a->from, b->from, a->n * 4) == 0 && memcmp(a->to, b->to, a->n * 4) == 0 &&
		 memcmp(a->amount, b->amount, a->n * 8) == 0 &&
		 memcmp(a->balance, b->balance, a->n * 8) == 0 &&
		 memcmp(a->out, b->out, a->n * 8) == 0 && memcmp(a->in, b->in, a->n * 8) == 0 &&
		 memcmp(a->tx, b->tx, a->n * 4) == 0));
}

/* The store holds the first b blocks, and nothing else. */
static bool holds(unsigned b)
{
	struct columns_verified verified;
	struct columns_list l;
	bool same = true;

	if (columns_list(&l, folder, &fault) != ERR_OK) {
		return false;
	}
	if (columns_verify(&verified, folder, NULL, NULL, &fault) != ERR_OK) {
		columns_list_free(&l);
		return false;
	}
	same =
	    l.blocks == b &&
	    (b == 0 || (l.tip.height == 8 + 2 * b && l.tip.hash.b[0] == (uint8_t)(1000 + b - 1)));
	for (uint32_t i = 0; i < l.n; i++) {
		struct trace_columns_builder builder;
		uint32_t number[ACCOUNTS + 2];
		struct trace_columns want;
		struct columns_view v;

		build(&builder, b, strcmp(l.asset[i], asset_names[0]) == 0 ? 0 : 1, number);
		want = trace_columns_builder_view(&builder);
		same = same && columns_view_open(&v, folder, i, true, &fault) == ERR_OK;
		if (!same) {
			trace_columns_builder_free(&builder);
			break;
		}
		same = same_columns(&v.columns, &want) && v.blocks_n == builder.blocks_n &&
		       (v.blocks_n == 0 ||
			memcmp(v.blocks, builder.blocks, v.blocks_n * sizeof v.blocks[0]) == 0);
		for (uint32_t k = 2; same && k < ACCOUNTS + 2; k++) {
			uint32_t id = number[k];
			struct columns_name name = name_of(k);

			same = id == 0 ? columns_view_find(&v, name) == COLUMNS_NAMES_NONE
				       : bytes_eq(bytes_of(columns_view_name(&v, id).p,
							   columns_view_name(&v, id).n),
						  bytes_of(name.p, name.n)) &&
					     columns_view_find(&v, name) == id;
		}
		columns_view_close(&v);
		trace_columns_builder_free(&builder);
	}
	columns_list_free(&l);
	return same;
}

/* ---- cases ---- */

static void check_is_crc32(void)
{
	uint8_t bytes[5000];

	for (size_t i = 0; i < sizeof bytes; i++) {
		bytes[i] = (uint8_t)t_random();
	}
	for (size_t n = 0; n < 400; n++) {
		size_t at = (size_t)t_below(64);
		uint32_t begun = n % 2 == 0 ? 0 : (uint32_t)t_random();

		T_EQ(columns_head_check(begun, bytes_of(bytes + at, n)),
		     n == 0 ? begun : (uint32_t)crc32(begun, bytes + at, (uInt)n));
	}
	T_EQ(columns_head_check(0, bytes_of(bytes, sizeof bytes)),
	     (uint32_t)crc32(0, bytes, sizeof bytes));
	T_EQ(columns_head_check(0, bytes_of("123456789", 9)), 0xcbf43926);
}

static void heads_are_read_as_written(void)
{
	struct columns_head h = { .kind = COLUMNS_HEAD_ASSET, .generation = 7, .columns = 2 }, got;
	uint8_t file[COLUMNS_HEAD_BYTES] = { 0 };
	unsigned slot = 9;

	h.column[0] = (struct columns_extent){ 80, 5, 8 };
	h.column[1] = (struct columns_extent){ 0, 0, 4 };
	columns_head_encode(file, &h);
	h.generation = 9;
	columns_head_encode(file + COLUMNS_HEAD_SLOT_BYTES, &h);
	T_EQ(columns_head_choose(&got, &slot, COLUMNS_HEAD_ASSET, bytes_of(file, sizeof file),
				 UINT64_MAX),
	     ERR_OK);
	T_EQ(slot, 1);
	T_EQ(got.generation, 9);
	T_EQ(columns_head_choose(&got, &slot, COLUMNS_HEAD_ASSET, bytes_of(file, sizeof file), 8),
	     ERR_OK);
	T_EQ(slot, 0);
	T_EQ(columns_head_choose(&got, &slot, COLUMNS_HEAD_ASSET, bytes_of(file, sizeof file), 6),
	     ERR_NOT_FOUND);
	T_EQ(columns_head_choose(&got, &slot, COLUMNS_HEAD_ROOT, bytes_of(file, sizeof file), 9),
	     ERR_NOT_FOUND);
	/* every single bit of a slot matters */
	for (size_t i = 0; i < COLUMNS_HEAD_SLOT_BYTES; i++) {
		file[i] ^= (uint8_t)(1U << (i % 8));
		T_CHECK(columns_head_decode(&got, COLUMNS_HEAD_ASSET,
					    bytes_of(file, COLUMNS_HEAD_SLOT_BYTES)) != ERR_OK);
		file[i] ^= (uint8_t)(1U << (i % 8));
	}
}

static void says_what_was_put_in(void)
{
	struct columns *c = NULL;
	uint8_t facts[5];

	new_folder();
	make_ledger();
	T_EQ(open_store(&c, NULL), ERR_OK);
	for (unsigned b = 0; b < BLOCKS; b++) {
		T_EQ(append_block(c, b), ERR_OK);
		if (b % 3 == 2) {
			T_EQ(columns_commit(c, &fault), ERR_OK);
			T_CHECK(holds(b + 1));
		}
		if (b % 8 == 7) {
			/* what is open is not seen, and gone with the process */
			unsigned kept = b + 1 - (b % 3 == 2 ? 0 : b % 3 + 1);

			columns_close(c);
			T_CHECK(holds(kept));
			T_EQ(open_store(&c, NULL), ERR_OK);
			for (unsigned again = kept; again <= b; again++) {
				T_EQ(append_block(c, again), ERR_OK);
			}
		}
	}
	T_EQ(columns_commit(c, &fault), ERR_OK);
	T_EQ(columns_facts_bytes(c), 5 * 6);
	T_EQ(columns_facts_read(c, facts, 25, 5, &fault), ERR_OK);
	T_MEM(facts, "fact!", 5);
	columns_close(c);
	T_CHECK(holds(BLOCKS));
	remove_folder();
}

static void takes_blocks_back(void)
{
	struct columns *c = NULL;
	unsigned b = 0;

	new_folder();
	make_ledger();
	T_EQ(open_store(&c, &quick), ERR_OK);
	for (unsigned step = 0; step < 40; step++) {
		unsigned to = (unsigned)t_below(BLOCKS + 1);

		if (to < b) {
			T_EQ(columns_undo(c, to == 0 ? 0 : 8 + 2 * to, &fault), ERR_OK);
			T_CHECK(holds(to));
		}
		for (; b > to; b--) {
		}
		for (; b < to; b++) {
			T_EQ(append_block(c, b), ERR_OK);
		}
		if (step % 4 == 1 && b < BLOCKS) {
			/* a block that is dropped was never there */
			T_EQ(append_block(c, b), ERR_OK);
			T_EQ(columns_drop(c, &fault), ERR_OK);
		}
		T_EQ(columns_commit(c, &fault), ERR_OK);
		T_CHECK(holds(b));
		if (step % 5 == 2) {
			columns_close(c);
			T_EQ(open_store(&c, &quick), ERR_OK);
		}
	}
	columns_close(c);
	remove_folder();
}

/* ---- a disk that dies ---- */

enum { LOG_MAX = 4096 };

static struct written {
	int fd;
	uint64_t offset;
	size_t n;
	uint8_t *before; /* what stood there */
	size_t before_n;
	dev_t dev;
	ino_t ino;
} written[LOG_MAX];

static size_t written_n;
static unsigned writes_left;
static bool dead;

static void forget(size_t i)
{
	free(written[i].before);
	(void)close(written[i].fd);
}

static int dying_write(void *ctx, int fd, const void *p, size_t n, uint64_t offset)
{
	struct written *w = &written[written_n];
	struct stat st;
	ssize_t got;

	(void)ctx;
	if (dead) {
		return EIO;
	}
	CHECK(written_n < LOG_MAX && fstat(fd, &st) == 0);
	w->fd = dup(fd);
	w->offset = offset;
	w->n = n;
	w->before = malloc(n);
	CHECK(w->before != NULL && w->fd >= 0);
	got = pread(fd, w->before, n, (off_t)offset);
	w->before_n = got > 0 ? (size_t)got : 0;
	w->dev = st.st_dev;
	w->ino = st.st_ino;
	written_n++;
	if (writes_left-- == 0) {
		dead = true;
		n = (size_t)t_below(n + 1);
		(void)!pwrite(fd, p, n, (off_t)offset);
		return EIO;
	}
	return pwrite(fd, p, n, (off_t)offset) == (ssize_t)n ? 0 : EIO;
}

static int dying_sync(void *ctx, int fd)
{
	struct stat st;

	(void)ctx;
	if (dead) {
		return EIO;
	}
	CHECK(fstat(fd, &st) == 0);
	for (size_t i = 0; i < written_n;) {
		if (written[i].dev == st.st_dev && written[i].ino == st.st_ino) {
			forget(i);
			memmove(&written[i], &written[i + 1],
				(written_n - i - 1) * sizeof written[0]);
			written_n--;
		} else {
			i++;
		}
	}
	return 0;
}

/* The power goes: of what was not synced, 512-byte sectors are as before or as written. */
static void power_cut(void)
{
	while (written_n > 0) {
		const struct written *w = &written[--written_n];

		for (uint64_t at = w->offset; at < w->offset + w->n;) {
			uint64_t end = (at / 512 + 1) * 512;
			size_t from = (size_t)(at - w->offset), n;

			end = end < w->offset + w->n ? end : w->offset + w->n;
			n = (size_t)(end - at);
			if (t_below(2) == 0) {
				uint8_t zeros[512] = { 0 };
				size_t old = from < w->before_n ? w->before_n - from : 0;

				old = old < n ? old : n;
				if (old > 0) {
					(void)!pwrite(w->fd, w->before + from, old, (off_t)at);
				}
				if (old < n) {
					(void)!pwrite(w->fd, zeros, n - old, (off_t)(at + old));
				}
			}
			at = end;
		}
		forget(written_n);
	}
}

/* Runs the ledger, with an undo in the middle.  *kept: the blocks of the last commit that ended. */
static enum err run_all(struct columns *c, unsigned b, unsigned *kept, unsigned *next, bool undo)
{
	enum err e = ERR_OK;

	for (; e == ERR_OK && b < BLOCKS; b++) {
		e = append_block(c, b);
		if (e == ERR_OK && (b % 4 == 3 || b + 1 == BLOCKS)) {
			*next = b + 1;
			e = columns_commit(c, &fault);
			*kept = e == ERR_OK ? b + 1 : *kept;
		}
		if (e == ERR_OK && undo && b == 19) {
			*next = 13;
			e = columns_undo(c, 8 + 2 * 13, &fault);
			*kept = e == ERR_OK ? 13 : *kept;
			b = e == ERR_OK ? 12 : b;
			undo = false;
		}
	}
	return e;
}

static void dies_at_every_write(void)
{
	static const struct columns_disk dying = { NULL, dying_write, dying_sync, quick_move };
	unsigned k = 0;
	bool ended = false;

	make_ledger();
	for (; !ended; k++) {
		struct columns *c = NULL;
		unsigned kept = 0, next = 0;

		new_folder();
		writes_left = k;
		dead = false;
		written_n = 0;
		ended =
		    open_store(&c, &dying) == ERR_OK && run_all(c, 0, &kept, &next, true) == ERR_OK;
		columns_close(c);
		power_cut();
		T_EQ(ended, !dead);
		T_EQ(open_store(&c, &quick), ERR_OK);
		/* the state before the commit that died or after it, and no other */
		T_CHECK(columns_blocks(c) == kept || columns_blocks(c) == next);
		kept = (unsigned)columns_blocks(c);
		T_EQ(run_all(c, kept, &kept, &next, false), ERR_OK);
		columns_close(c);
		T_CHECK(holds(BLOCKS));
		remove_folder();
	}
	printf("# died at each of %u writes\n", k - 1);
	T_CHECK(k > 100);
}

/* ---- damage ---- */

static void fill(unsigned blocks)
{
	struct columns *c = NULL;

	CHECK(open_store(&c, &quick) == ERR_OK);
	for (unsigned b = 0; b < blocks; b++) {
		CHECK(append_block(c, b) == ERR_OK);
		CHECK(columns_commit(c, &fault) == ERR_OK);
	}
	columns_close(c);
}

static void finds_damage_in_every_file(void)
{
	static const char *const files[] = {
		"blocks",          "facts",
		"assets",          "asset-0/from",
		"asset-0/to",      "asset-0/amount",
		"asset-0/balance", "asset-0/out",
		"asset-0/in",      "asset-0/tx",
		"asset-0/block",   "asset-0/txid",
		"asset-0/name",    "asset-0/name_end",
		"asset-0/kind",    "asset-0/owner",
	};

	new_folder();
	make_ledger();
	fill(BLOCKS);
	T_CHECK(holds(BLOCKS));
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		struct columns_verified verified;
		struct columns *c = NULL;
		char path[160];
		struct stat st;
		uint8_t byte, last;
		off_t at;
		int fd;

		(void)snprintf(path, sizeof path, "%s/%s", folder, files[i]);
		fd = open(path, O_RDWR);
		T_CHECK(fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0);
		at = (off_t)t_below((uint64_t)st.st_size);
		T_EQ(pread(fd, &byte, 1, at), 1);
		byte ^= (uint8_t)(1U << t_below(8));
		T_EQ(pwrite(fd, &byte, 1, at), 1);
		T_EQ(columns_verify(&verified, folder, NULL, NULL, &fault), ERR_CORRUPT);
		T_CHECK(strstr(fault.text, files[i]) != NULL &&
			strstr(fault.text, "page 0") != NULL);
		/* nobody writes behind damage that he could see */
		T_EQ(open_store(&c, NULL),
		     strncmp(files[i], "asset-0", 7) == 0 ? ERR_OK : ERR_CORRUPT);
		if (c != NULL) {
			uint64_t in, out;

			/* it is looked at when the asset is needed */
			T_CHECK(!columns_find(c, 0, name_of(2), &in, &out));
			columns_close(c);
		}
		/* mended again */
		T_EQ(pread(fd, &byte, 1, at), 1);
		T_CHECK(!holds(BLOCKS));
		(void)close(fd);
		remove_folder();
		new_folder();
		make_ledger();
		fill(BLOCKS);
		(void)snprintf(path, sizeof path, "%s/%s", folder, files[i]);
		fd = open(path, O_RDWR);
		T_CHECK(fd >= 0 && fstat(fd, &st) == 0);
		T_EQ(pread(fd, &last, 1, st.st_size - 1), 1);
		T_EQ(ftruncate(fd, st.st_size - 1), 0);
		T_EQ(columns_verify(&verified, folder, NULL, NULL, &fault), ERR_CORRUPT);
		T_CHECK(strstr(fault.text, files[i]) != NULL &&
			strstr(fault.text, "ends at byte") != NULL);
		T_EQ(pwrite(fd, &last, 1, st.st_size - 1), 1);
		(void)close(fd);
		T_CHECK(holds(BLOCKS));
	}
	remove_folder();
}

/* More than one page: the checks beside the columns. */
static void finds_damage_in_full_pages(void)
{
	enum { EVENTS = 600000, BIG_ACCOUNTS = 5000 };
	static struct columns_transfer t[EVENTS];
	static char names[BIG_ACCOUNTS][16];
	struct columns_verified verified;
	struct columns *c = NULL;
	uint32_t asset;
	size_t bad;
	char path[160];
	uint8_t byte;
	int fd;

	new_folder();
	for (unsigned i = 0; i < BIG_ACCOUNTS; i++) {
		(void)snprintf(names[i], sizeof names[i], "A%u", i);
	}
	for (size_t i = 0; i < EVENTS; i++) {
		const char *to = names[t_below(BIG_ACCOUNTS)];

		t[i] = (struct columns_transfer){ .to = { (const uint8_t *)to, (uint8_t)strlen(to),
							  COLUMNS_ADDRESS },
						  .amount = 1 + t_below(1000) };
	}
	T_EQ(open_store(&c, NULL), ERR_OK);
	T_EQ(columns_block(c, 1, 1, NULL, &fault), ERR_OK);
	T_EQ(columns_asset(c, bytes_str("coin"), &asset, &fault), ERR_OK);
	T_EQ(columns_append(c, t, EVENTS, &bad, &fault), ERR_OK);
	T_EQ(columns_commit(c, &fault), ERR_OK);
	/* back over pages and forward again: their checks are written anew */
	T_EQ(columns_block(c, 2, 2, NULL, &fault), ERR_OK);
	T_EQ(columns_append(c, t, EVENTS / 2, &bad, &fault), ERR_OK);
	T_EQ(columns_commit(c, &fault), ERR_OK);
	T_EQ(columns_undo(c, 1, &fault), ERR_OK);
	T_EQ(columns_block(c, 2, 2, NULL, &fault), ERR_OK);
	T_EQ(columns_append(c, t + EVENTS / 3, EVENTS / 2, &bad, &fault), ERR_OK);
	T_EQ(columns_commit(c, &fault), ERR_OK);
	columns_close(c);
	T_EQ(columns_verify(&verified, folder, NULL, NULL, &fault), ERR_OK);
	T_EQ(verified.events, EVENTS + EVENTS / 2);
	(void)snprintf(path, sizeof path, "%s/asset-0/amount", folder);
	fd = open(path, O_RDWR);
	T_EQ(pread(fd, &byte, 1, 3000000), 1);
	byte ^= 4;
	T_EQ(pwrite(fd, &byte, 1, 3000000), 1);
	T_EQ(columns_verify(&verified, folder, NULL, NULL, &fault), ERR_CORRUPT);
	T_STR(fault.text,
	      "asset-0/amount: page 2 (bytes 2097152 to 3145727) is not what was written there: "
	      "take the store from a copy, or ingest into a new folder");
	byte ^= 4;
	T_EQ(pwrite(fd, &byte, 1, 3000000), 1);
	(void)close(fd);
	(void)snprintf(path, sizeof path, "%s/asset-0/amount.sum", folder);
	T_EQ(truncate(path, 9), 0);
	T_EQ(columns_verify(&verified, folder, NULL, NULL, &fault), ERR_CORRUPT);
	T_CHECK(strstr(fault.text, "asset-0/amount.sum: the file ends at byte 9") != NULL);
	remove_folder();
}

/* Pages that were made to fit their checks still must add up. */
static void recounts_what_somebody_changed(void)
{
	struct columns_verified verified;
	struct columns_head h;
	uint8_t head[COLUMNS_HEAD_BYTES], row[8];
	struct bytes all = { head, sizeof head };
	unsigned slot;
	char path[160];
	struct stat st;
	uint8_t *file;
	int fd;

	new_folder();
	make_ledger();
	fill(BLOCKS);
	(void)snprintf(path, sizeof path, "%s/asset-0/amount", folder);
	fd = open(path, O_RDWR);
	T_CHECK(fd >= 0 && fstat(fd, &st) == 0);
	T_EQ(pread(fd, row, 8, 16), 8);
	le64_put(row, le64_get(row) + 1);
	T_EQ(pwrite(fd, row, 8, 16), 8);
	file = malloc((size_t)st.st_size);
	T_CHECK(file != NULL && pread(fd, file, (size_t)st.st_size, 0) == st.st_size);
	(void)close(fd);
	(void)snprintf(path, sizeof path, "%s/asset-0/head", folder);
	fd = open(path, O_RDWR);
	T_EQ(pread(fd, head, sizeof head, 0), (long long)sizeof head);
	T_EQ(columns_head_choose(&h, &slot, COLUMNS_HEAD_ASSET, all, UINT64_MAX), ERR_OK);
	h.column[2].check = columns_head_check(0, bytes_of(file, (size_t)h.column[2].bytes));
	columns_head_encode(head, &h);
	T_EQ(pwrite(fd, head, COLUMNS_HEAD_SLOT_BYTES, (off_t)slot * COLUMNS_HEAD_SLOT_BYTES),
	     COLUMNS_HEAD_SLOT_BYTES);
	(void)close(fd);
	free(file);
	T_EQ(columns_verify(&verified, folder, NULL, NULL, &fault), ERR_CORRUPT);
	T_CHECK(strstr(fault.text, "asset-0/") != NULL && strstr(fault.text, "row ") != NULL);
	remove_folder();
}

/* ---- what is refused ---- */

static enum err one(struct columns *c, uint32_t from, uint32_t to, uint64_t amount, uint32_t tx)
{
	struct columns_transfer t = { name_of(from), name_of(to), amount, 0, tx_of(tx) };
	size_t bad = 9;
	enum err e = columns_append(c, &t, 1, &bad, &fault);

	CHECK(bad == (e == ERR_OK ? 1 : 0));
	return e;
}

static void refuses_what_cannot_be(void)
{
	struct columns_options o = { .source = COLUMNS_FROM_TRANSFERS, .supply = 5000 };
	struct columns *c = NULL, *other = NULL;
	struct columns_verified verified;
	uint32_t asset;

	new_folder();
	T_EQ(columns_open(&c, folder, &o, &fault), ERR_OK);
	T_EQ(columns_open(&other, folder, &o, &fault), ERR_BUSY);
	T_EQ(columns_asset(c, bytes_str("coin"), &asset, &fault), ERR_STATE);
	T_EQ(columns_block(c, 5, 100, NULL, &fault), ERR_OK);
	T_EQ(columns_asset(c, bytes_str("coin"), &asset, &fault), ERR_OK);
	T_EQ(one(c, 0, 2, 1000, 1), ERR_OK);
	T_EQ(columns_commit(c, &fault), ERR_OK);
	T_EQ(columns_block(c, 5, 100, NULL, &fault), ERR_FIELD_RANGE);
	T_EQ(columns_block(c, 6, 99, NULL, &fault), ERR_FIELD_RANGE);
	T_EQ(columns_block(c, 6, 100, NULL, &fault), ERR_OK);
	T_EQ(one(c, 2, 3, 1001, 2), ERR_FUNDS);
	T_CHECK(strstr(fault.text, "holds 1000 and sends 1001") != NULL);
	T_EQ(columns_drop(c, &fault), ERR_OK);
	T_EQ(columns_block(c, 6, 100, NULL, &fault), ERR_OK);
	T_EQ(one(c, 2, 3, 0, 2), ERR_AMOUNT);
	T_EQ(columns_drop(c, &fault), ERR_OK);
	T_EQ(columns_block(c, 6, 100, NULL, &fault), ERR_OK);
	T_EQ(one(c, 2, 3, 1, 1), ERR_EXISTS);
	T_EQ(columns_drop(c, &fault), ERR_OK);
	T_EQ(columns_block(c, 6, 100, NULL, &fault), ERR_OK);
	T_EQ(one(c, 0, 3, 4001, 3), ERR_LIMIT);
	T_EQ(columns_drop(c, &fault), ERR_OK);
	T_EQ(columns_block(c, 6, 100, NULL, &fault), ERR_OK);
	T_EQ(one(c, 0, 3, UINT64_MAX, 3), ERR_OVERFLOW);
	T_EQ(columns_drop(c, &fault), ERR_OK);
	T_EQ(columns_block(c, 6, 100, NULL, &fault), ERR_OK);
	T_EQ(one(c, 2, 2, 1000, 4), ERR_OK); /* to himself: legal */
	T_EQ(one(c, 2, 3, 1000, 4), ERR_OK);
	/* the same id again after another one */
	T_EQ(one(c, 3, 2, 1, 5), ERR_OK);
	T_EQ(one(c, 3, 2, 1, 4), ERR_EXISTS);
	T_EQ(columns_drop(c, &fault), ERR_OK);
	T_EQ(columns_commit(c, &fault), ERR_OK);
	columns_close(c);
	T_EQ(columns_verify(&verified, folder, NULL, NULL, &fault), ERR_OK);
	T_EQ(verified.events, 1);
	T_EQ(verified.accounts, 1);
	/* another source, another network */
	o.network = 104;
	T_EQ(columns_open(&c, folder, &o, &fault), ERR_MISMATCH);
	remove_folder();
}

static void gives_opening_balances_if_asked(void)
{
	struct columns_options o = { .source = COLUMNS_FROM_TRANSFERS, .opening = true };
	struct columns_verified verified;
	struct columns *c = NULL;
	uint64_t in = 0, out = 0;
	uint32_t asset;

	new_folder();
	T_EQ(columns_open(&c, folder, &o, &fault), ERR_OK);
	T_EQ(columns_block(c, 5, 100, NULL, &fault), ERR_OK);
	T_EQ(columns_asset(c, bytes_str("coin"), &asset, &fault), ERR_OK);
	T_EQ(one(c, 2, 3, 10, 1), ERR_OK);
	T_EQ(one(c, 3, 2, 15, 2), ERR_OK);
	T_EQ(columns_openings(c), 2);
	T_CHECK(columns_find(c, 0, name_of(3), &in, &out));
	T_EQ(in, 15);
	T_EQ(out, 15);
	T_EQ(columns_commit(c, &fault), ERR_OK);
	columns_close(c);
	T_EQ(columns_verify(&verified, folder, NULL, NULL, &fault), ERR_OK);
	T_EQ(verified.events, 4);
	remove_folder();
}

static void a_reader_keeps_its_state(void)
{
	struct trace_columns_builder builder;
	uint32_t number[ACCOUNTS + 2];
	struct trace_columns want;
	struct columns *c = NULL;
	struct columns_view v, on;

	new_folder();
	make_ledger();
	T_EQ(open_store(&c, &quick), ERR_OK);
	for (unsigned b = 0; b < 10; b++) {
		T_EQ(append_block(c, b), ERR_OK);
	}
	T_EQ(columns_commit(c, &fault), ERR_OK);
	T_EQ(columns_view_open(&v, folder, 0, true, &fault), ERR_OK);
	T_EQ(columns_view_open(&on, folder, 0, true, &fault), ERR_OK);
	for (unsigned b = 10; b < BLOCKS; b++) {
		T_EQ(append_block(c, b), ERR_OK);
		T_EQ(columns_commit(c, &fault), ERR_OK);
	}
	build(&builder, 10, 0, number);
	want = trace_columns_builder_view(&builder);
	T_CHECK(same_columns(&v.columns, &want));
	T_EQ(v.tip.height, 8 + 2 * 10);
	T_EQ(v.undos, 0);
	columns_view_close(&v);
	/* one that goes on with the store is one that is opened anew, also over what was taken back
	 */
	for (unsigned turn = 0; turn < 4; turn++) {
		T_EQ(columns_view_renew(&on, folder, 0, &fault), ERR_OK);
		T_EQ(columns_view_open(&v, folder, 0, true, &fault), ERR_OK);
		T_EQ(v.undos, turn == 0 ? 0 : turn == 3 ? 2 : 1);
		T_EQ(on.undos, v.undos);
		T_EQ(on.generation, v.generation);
		T_EQ(on.tip.height, v.tip.height);
		T_EQ(on.blocks_n, v.blocks_n);
		T_CHECK(memcmp(on.blocks, v.blocks, v.blocks_n * sizeof v.blocks[0]) == 0);
		T_CHECK(same_columns(&on.columns, &v.columns));
		columns_view_close(&v);
		if (turn == 0) {
			T_EQ(columns_undo(c, 8 + 2 * 9, &fault), ERR_OK);
		} else if (turn == 1) {
			T_EQ(append_block(c, 9), ERR_OK);
			T_EQ(append_block(c, 10), ERR_OK);
			T_EQ(columns_commit(c, &fault), ERR_OK);
		} else {
			T_EQ(columns_undo(c, 8 + 2 * 5, &fault), ERR_OK);
		}
	}
	T_EQ(columns_view_open(&v, folder, 7, true, &fault), ERR_NOT_FOUND);
	trace_columns_builder_free(&builder);
	columns_close(c);
	remove_folder();
	T_EQ(columns_view_open(&v, folder, 0, true, &fault), ERR_NOT_FOUND);
	T_EQ(columns_view_renew(&on, folder, 0, &fault), ERR_NOT_FOUND);
	T_CHECK(on.blocks == NULL);
}

/* ---- blocks of files ---- */

static void hash_u64(struct sha256 *s, uint64_t v)
{
	uint8_t row[8];

	le64_put(row, v);
	sha256_update(s, bytes_of(row, sizeof row));
}

static void hash_text(struct sha256 *s, struct bytes text)
{
	hash_u64(s, text.n);
	sha256_update(s, text);
}

/* Stores that are there know their blocks by it: what a block's hash is made of never changes. */
static void a_block_is_known_by_its_rows(void)
{
	enum { ROWS = 300 };

	struct columns_feed *feed = NULL;
	struct columns_block block;
	const struct columns_options o = { .source = COLUMNS_FROM_TRANSFERS, .opening = true };
	char names[2][64];
	struct columns *c = NULL;
	struct hash32 want[3];
	uint64_t bad;

	new_folder();
	T_EQ(columns_open(&c, folder, &o, &fault), ERR_OK);
	T_EQ(columns_feed_new(&feed, c), ERR_OK);
	for (unsigned b = 0; b < 3; b++) {
		struct sha256 s;

		sha256_init(&s);
		for (unsigned i = 0; i < (b == 1 ? 1 : ROWS); i++) {
			struct ingest_transfer t = { .height = b + 1,
						     .time_s = 60 * (uint64_t)b + i / 200,
						     .tx = tx_of(1000 * b + i),
						     .amount = i % 7,
						     .asset = bytes_str("coin") };

			/* every length that a name may have; the sender issues now and then */
			for (unsigned k = 0; k < 2; k++) {
				(void)snprintf(names[k], sizeof names[k], "%0*u",
					       1 + (int)(i + k) % 63, k);
			}
			t.from = i % 5 == 0 ? bytes_of(NULL, 0) : bytes_str(names[0]);
			t.to = bytes_str(names[1]);
			hash_u64(&s, t.time_s);
			sha256_update(&s, bytes_of(t.tx.b, sizeof t.tx.b));
			hash_text(&s, t.from);
			hash_text(&s, t.to);
			hash_text(&s, t.asset);
			hash_u64(&s, t.amount);
			T_EQ(columns_feed_transfer(feed, &t, i, &bad, &fault), ERR_OK);
		}
		sha256_final(&s, &want[b]);
	}
	T_EQ(columns_feed_end(feed, &bad, &fault), ERR_OK);
	T_EQ(columns_feed_counts(feed)->zeros, 2 * 43 + 1);
	T_EQ(columns_blocks(c), 3);
	for (unsigned b = 0; b < 3; b++) {
		T_EQ(columns_block_at(c, b, &block, &fault), ERR_OK);
		T_CHECK(hash32_eq(&block.hash, &want[b]));
	}
	columns_feed_free(feed);
	columns_close(c);
	remove_folder();
}

/* ---- batches ---- */

enum { BATCH_MOST = 2 * COLUMNS_BATCH + 9, BATCH_NAMES = 400 };

static struct columns_name batch_name(uint32_t i)
{
	static char text[BATCH_NAMES][NAME_BYTES + 1];

	/* runs of one length, of several, and some in the heap */
	(void)snprintf(text[i], sizeof text[i], "%0*" PRIu32, i % 100 < 60 ? 40 : (int)(3 + i % 58),
		       i);
	return (struct columns_name){ (const uint8_t *)text[i], (uint8_t)strlen(text[i]),
				      COLUMNS_ADDRESS };
}

/* One after the other; *bad is where it stopped. */
static enum err append_singly(struct columns *c, const struct columns_transfer *t, size_t n,
			      size_t *bad)
{
	enum err e = ERR_OK;

	for (*bad = 0; e == ERR_OK && *bad < n; *bad += e == ERR_OK ? 1 : 0) {
		size_t ignored;

		e = columns_append(c, t + *bad, 1, &ignored, &fault);
	}
	return e;
}

/* What is looked up ahead of its turn says nothing that its turn would not: names come up first in
 * the middle of a batch and again behind, and a batch stops at any place. */
static void a_batch_is_its_transfers_one_by_one(void)
{
	struct columns *c[2];
	struct columns_options o = { .source = COLUMNS_FROM_TRANSFERS, .disk = &quick };
	char folders[2][sizeof folder];
	uint32_t tx = 0, known = 0;

	for (unsigned k = 0; k < 2; k++) {
		new_folder();
		memcpy(folders[k], folder, sizeof folder);
		o.seed[0] = (uint8_t)(9 + k);
		T_EQ(columns_open(&c[k], folder, &o, &fault), ERR_OK);
	}
	for (uint64_t b = 1; b <= 120; b++) {
		static struct columns_transfer t[BATCH_MOST];
		const size_t n = 1 + (size_t)t_below(b % 4 == 0 ? BATCH_MOST : 20);
		const size_t spoiled = t_below(3) == 0 ? (size_t)t_below(n) : n;
		const uint32_t names = known, ids = tx;
		enum err want = ERR_OK;
		uint32_t asset[2];
		size_t bad[2];

		for (size_t i = 0; i < n; i++) {
			const bool is_new = known == 0 || (i % 5 == 0 && known < BATCH_NAMES);
			const uint32_t to = is_new ? known : (uint32_t)t_below(known);

			t[i] = (struct columns_transfer){ .to = batch_name(to),
							  .amount = UINT64_C(1) << 32,
							  .tx = tx_of(++tx) };
			if (!is_new && t_below(2) == 0) {
				t[i].from = batch_name((uint32_t)t_below(known));
				t[i].amount = 1;
			}
			known += is_new ? 1 : 0;
		}
		if (spoiled < n && ids > 0 && b % 2 == 0) {
			t[spoiled].tx = tx_of(1 + (uint32_t)t_below(ids));
			want = ERR_EXISTS;
		} else if (spoiled < n && names > 0) {
			t[spoiled].from = batch_name((uint32_t)t_below(names));
			t[spoiled].amount = UINT64_MAX / 2;
			want = ERR_FUNDS;
		}
		for (unsigned k = 0; k < 2; k++) {
			T_EQ(columns_block(c[k], b, b, NULL, &fault), ERR_OK);
			T_EQ(columns_asset(c[k], bytes_str("coin"), &asset[k], &fault), ERR_OK);
			T_EQ(asset[k], 0);
		}
		T_EQ(columns_append(c[0], t, n, &bad[0], &fault), want);
		T_EQ(append_singly(c[1], t, n, &bad[1]), want);
		T_EQ(bad[1], want == ERR_OK ? n : spoiled);
		T_CHECK(want == ERR_OK || bad[0] == spoiled);
		for (unsigned k = 0; want != ERR_OK && k < 2; k++) {
			T_EQ(columns_drop(c[k], &fault), ERR_OK);
		}
		known = want == ERR_OK ? known : names;
		tx = want == ERR_OK ? tx : ids;
		T_EQ(columns_accounts(c[0], 0), TRACE_ACCOUNTS_RESERVED + known);
		T_EQ(columns_accounts(c[1], 0), TRACE_ACCOUNTS_RESERVED + known);
	}
	T_CHECK(known > 0);
	for (uint32_t i = 0; i < known; i++) {
		const struct columns_name name = batch_name(i);
		const struct columns_name kept =
		    columns_account(c[0], 0, TRACE_ACCOUNTS_RESERVED + i);
		uint64_t in[2] = { 0, 1 }, out[2] = { 0, 1 };

		T_CHECK(bytes_eq(bytes_of(kept.p, kept.n), bytes_of(name.p, name.n)));
		for (unsigned k = 0; k < 2; k++) {
			T_CHECK(columns_find(c[k], 0, name, &in[k], &out[k]));
		}
		T_EQ(in[0], in[1]);
		T_EQ(out[0], out[1]);
	}
	for (unsigned k = 0; k < 2; k++) {
		struct columns_verified v;

		T_EQ(columns_commit(c[k], &fault), ERR_OK);
		columns_close(c[k]);
		T_EQ(columns_verify(&v, folders[k], NULL, NULL, &fault), ERR_OK);
		memcpy(folder, folders[k], sizeof folder);
		remove_folder();
	}
}

/* ---- names ---- */

static void ground_addresses_do_not_collide(void)
{
	enum { GROUND = 600, PLACES = 4096 };

	static char text[GROUND][24];
	const uint64_t known[2] = { 1, 2 }, secret[2] = { t_random(), t_random() };
	unsigned at[PLACES] = { 0 }, most = 0;
	unsigned n = 0;

	/* addresses whose hashes under a seed that the attacker knows share their place */
	for (unsigned i = 0; n < GROUND; i++) {
		struct columns_name name = { (const uint8_t *)text[n], 0, COLUMNS_ADDRESS };

		name.n = (uint8_t)snprintf(text[n], sizeof text[n], "N%u", i);
		n += columns_names_hash(known, name) % PLACES == 7 ? 1 : 0;
	}
	for (unsigned i = 0; i < GROUND; i++) {
		struct columns_name name = { (const uint8_t *)text[i], (uint8_t)strlen(text[i]),
					     COLUMNS_ADDRESS };
		unsigned place = (unsigned)(columns_names_hash(secret, name) % PLACES);

		most = ++at[place] > most ? at[place] : most;
	}
	T_CHECK(most < 12);
}

static void names_and_tags_come_and_go(void)
{
	static const uint8_t seed[COLUMNS_SEED_BYTES] = { 3 };
	struct columns_names t;
	struct columns_tags tags;
	char text[80];
	bool is_new;
	size_t n = 0;

	T_EQ(columns_names_init(&t, seed), ERR_OK);
	T_EQ(columns_tags_init(&tags, seed), ERR_OK);
	for (unsigned step = 0; step < 60; step++) {
		size_t to = (size_t)t_below(9000);

		for (; n < to; n++) {
			struct columns_name name = { (const uint8_t *)text, 0, (uint8_t)(n % 2) };
			struct hash32 id = tx_of((uint32_t)n);

			name.n =
			    (uint8_t)snprintf(text, sizeof text, "%0*zu", n % 5 == 0 ? 60 : 9, n);
			T_EQ(columns_names_reserve(&t), ERR_OK);
			T_EQ(columns_tags_reserve(&tags), ERR_OK);
			T_EQ(columns_names_add(&t, name, columns_names_hash(t.seed, name), &is_new),
			     n);
			T_CHECK(is_new);
			columns_tags_add(&tags, columns_tags_hash(&tags, &id), (uint32_t)n);
		}
		for (; n > to; n--) {
			struct hash32 id = tx_of((uint32_t)n - 1);

			columns_tags_remove(&tags, columns_tags_hash(&tags, &id), (uint32_t)n - 1);
		}
		columns_names_cut(&t, n);
		for (size_t i = 0; i < 9000; i += 7) {
			struct columns_name name = { (const uint8_t *)text, 0, (uint8_t)(i % 2) };
			struct hash32 id = tx_of((uint32_t)i);
			uint64_t at = 0;
			uint32_t number = 0;
			bool found = false;

			name.n =
			    (uint8_t)snprintf(text, sizeof text, "%0*zu", i % 5 == 0 ? 60 : 9, i);
			T_EQ(columns_names_find(&t, name, columns_names_hash(t.seed, name)),
			     i < n ? i : COLUMNS_NAMES_NONE);
			while (
			    columns_tags_next(&tags, columns_tags_hash(&tags, &id), &at, &number)) {
				found = found || number == i;
			}
			T_EQ(found, i < n);
		}
	}
	columns_names_free(&t);
	columns_tags_free(&tags);
}

/* The tag of a hash that belongs to one of six lines about the end of the table, however large. */
static uint64_t crowded(void)
{
	for (;;) {
		uint64_t hash = t_random();
		size_t place = columns_tags_place(columns_tags_tag(hash), 511);

		if (place < 3 || place >= 509) {
			return hash;
		}
	}
}

static void crowded_tags_stay_where_they_are_found(void)
{
	enum { MOST = 9000 };

	static const uint8_t seed[COLUMNS_SEED_BYTES] = { 3 };
	static uint64_t hash[MOST];
	struct columns_tags t;
	size_t n = 0, lines;

	T_EQ(columns_tags_init(&t, seed), ERR_OK);
	lines = t.mask;
	for (unsigned step = 0; step < 12; step++) {
		size_t to = step == 6 ? MOST : (size_t)t_below(MOST);

		for (; n < to; n++) {
			T_EQ(columns_tags_reserve(&t), ERR_OK);
			/* every third tag stands twice */
			hash[n] = n % 3 == 2 ? hash[n - 1] : crowded();
			columns_tags_add(&t, hash[n], (uint32_t)n);
		}
		for (; n > to; n--) {
			columns_tags_remove(&t, hash[n - 1], (uint32_t)n - 1);
		}
		T_EQ(t.n, n);
		for (size_t i = 0; i < n; i++) {
			uint64_t at = 0;
			uint32_t number = 0;
			unsigned found = 0;

			while (columns_tags_next(&t, hash[i], &at, &number)) {
				T_CHECK(number < n && hash[number] >> 32 == hash[i] >> 32);
				found += number == i ? 1 : 0;
			}
			T_EQ(found, 1);
		}
	}
	T_CHECK(t.mask > 2 * lines);
	columns_tags_free(&t);
}

/* What of n tags a table finds under their own numbers; what it was not given it does not find. */
static void all_are_found(const struct columns_tags *t, const uint64_t *hash, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t at = 0;
		uint32_t number = 0;
		unsigned found = 0;

		while (columns_tags_next(t, hash[i], &at, &number)) {
			found += number == i ? 1 : 0;
		}
		T_EQ(found, 1);
		/* the same line, and a tag that has one bit of difference */
		at = 0;
		while (columns_tags_next(t, hash[i] ^ UINT64_C(1) << 63, &at, &number)) {
			T_CHECK(hash[number] >> 32 == (hash[i] ^ UINT64_C(1) << 63) >> 32);
		}
	}
}

static void tables_fill_to_three_quarters(void)
{
	enum { GROWS = 5, MOST = (512 * COLUMNS_LINE) << GROWS };

	static const uint8_t seed[COLUMNS_SEED_BYTES] = { 4 };
	static uint64_t hash[MOST];
	struct columns_tags t;
	unsigned grown = 0;

	T_EQ(columns_tags_init(&t, seed), ERR_OK);
	for (size_t n = 0; grown < GROWS; n++) {
		const size_t mask = t.mask, places = (mask + 1) * COLUMNS_LINE;
		bool soon = n + COLUMNS_NAMES_AHEAD + 1 == mask * COLUMNS_LINE / 4 * 3;

		T_EQ(columns_tags_reserve(&t), ERR_OK);
		if (soon || t.mask != mask) {
			all_are_found(&t, hash, n);
		}
		if (t.mask != mask) {
			T_CHECK(t.mask == 2 * mask + 1);
			T_CHECK(n + COLUMNS_NAMES_AHEAD + COLUMNS_LINE >= places / 4 * 3);
			T_CHECK(n < places / 4 * 3);
			grown++;
		}
		hash[n] = t_random();
		columns_tags_fetch_more(&t, hash[n]);
		columns_tags_add(&t, hash[n], (uint32_t)n);
	}
	columns_tags_free(&t);
}

/* Names that end where nothing may be read any more, of lengths that change or are all the same. */
static void many_hashes_are_those_of_each(void)
{
	enum { MOST = 60, ROOM = 4096 };

	uint8_t *text =
	    mmap(NULL, 2 * ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	T_CHECK(text != MAP_FAILED && mprotect(text + ROOM, ROOM, PROT_NONE) == 0);
	for (size_t k = 0; k < ROOM; k++) {
		text[k] = (uint8_t)t_random();
	}
	for (unsigned round = 0; round < 400; round++) {
		const uint64_t seed[2] = { t_random(), t_random() };
		const uint8_t one = (uint8_t)(round % 64);
		struct columns_name name[MOST];
		uint64_t many[MOST];
		size_t n = (size_t)t_below(MOST + 1);

		for (size_t i = 0; i < n; i++) {
			/* all, some in a row, or none of one length */
			const bool same = round % 3 == 0 || (round % 3 == 1 && i / 8 % 3 != 1);

			name[i].n = same ? one : (uint8_t)t_below(COLUMNS_NAME_MAX + 1);
			name[i].kind = (uint8_t)t_below(4);
			name[i].p = text + ROOM - name[i].n - (i % 2 == 0 ? 0 : t_below(ROOM / 2));
			if (name[i].n == 0) {
				name[i].p = NULL;
			}
		}
		columns_names_hash_many(seed, name, n, many);
		for (size_t i = 0; i < n; i++) {
			T_EQ(many[i], columns_names_hash(seed, name[i]));
		}
	}
	T_EQ(munmap(text, 2 * ROOM), 0);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "a check is CRC-32", check_is_crc32 },
		{ "heads are read as written", heads_are_read_as_written },
		{ "a block is known by its rows", a_block_is_known_by_its_rows },
		{ "names and tags come and go", names_and_tags_come_and_go },
		{ "tables fill to three quarters", tables_fill_to_three_quarters },
		{ "crowded tags stay where they are found",
		  crowded_tags_stay_where_they_are_found },
		{ "many hashes are those of each", many_hashes_are_those_of_each },
		{ "a batch is its transfers one by one", a_batch_is_its_transfers_one_by_one },
		{ "ground addresses do not collide", ground_addresses_do_not_collide },
		{ "says what was put in", says_what_was_put_in },
		{ "takes blocks back", takes_blocks_back },
		{ "a reader keeps its state", a_reader_keeps_its_state },
		{ "refuses what cannot be", refuses_what_cannot_be },
		{ "gives opening balances if asked", gives_opening_balances_if_asked },
		{ "finds damage in every file", finds_damage_in_every_file },
		{ "finds damage in full pages", finds_damage_in_full_pages },
		{ "recounts what somebody changed", recounts_what_somebody_changed },
		{ "dies at every write", dies_at_every_write },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
