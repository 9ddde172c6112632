/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no head and no column brings a reader or the writer of a store down: files that anybody has
 * changed, with checks made to fit, are refused or read, never trusted.
 * Method: a small store; the bytes say which file gets which bytes where, then heads are given the
 * checks and lengths of what is there; it is listed, verified, viewed and opened.
 */
#include "fuzz_main.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/columns.h"

static const char *const files[] = { "blocks",  "facts",    "assets", "from", "to",    "amount",
				     "balance", "out",      "in",     "tx",   "block", "txid",
				     "name",    "name_end", "kind",   "owner" };

enum { ROOT_FILES_N = 3, FILES_N = 16, EVENTS = 12 };

static char folder[64];
static struct columns_fault fault;

static void path_of(char out[160], unsigned file)
{
	(void)snprintf(out, 160, "%s/%s%s", folder, file < ROOT_FILES_N ? "" : "asset-0/",
		       files[file]);
}

static void make(void)
{
	struct columns_options o = { .source = COLUMNS_FROM_TRANSFERS };
	struct columns *c = NULL;
	uint32_t asset;
	size_t bad;

	FUZZ_CHECK(columns_open(&c, folder, &o, &fault) == ERR_OK);
	for (unsigned i = 0; i < EVENTS; i++) {
		char name[8];
		struct columns_transfer t = { .amount = 5 + i };

		(void)snprintf(name, sizeof name, "A%u", i % 5);
		t.to = (struct columns_name){ (const uint8_t *)name, 2, COLUMNS_ADDRESS };
		FUZZ_CHECK(columns_block(c, i + 1, i, NULL, &fault) == ERR_OK);
		FUZZ_CHECK(columns_asset(c, bytes_str("coin"), &asset, &fault) == ERR_OK);
		FUZZ_CHECK(columns_facts_add(c, bytes_str("f"), &fault) == ERR_OK);
		FUZZ_CHECK(columns_append(c, &t, 1, &bad, &fault) == ERR_OK);
	}
	FUZZ_CHECK(columns_commit(c, &fault) == ERR_OK);
	columns_close(c);
}

static uint8_t original[FILES_N + 2][COLUMNS_HEAD_BYTES];
static size_t original_n[FILES_N + 2];

static void head_path(char out[160], bool root)
{
	(void)snprintf(out, 160, "%s/%shead", folder, root ? "" : "asset-0/");
}

static void put_file(const char *path, const uint8_t *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	FUZZ_CHECK(fd >= 0 && write(fd, p, n) == (ssize_t)n && close(fd) == 0);
}

static size_t get_file(const char *path, uint8_t *p)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	FUZZ_CHECK(fd >= 0);
	n = read(fd, p, COLUMNS_HEAD_BYTES);
	FUZZ_CHECK(n >= 0 && close(fd) == 0);
	return (size_t)n;
}

static void init(void)
{
	char path[160];

	(void)snprintf(folder, sizeof folder, "/tmp/fuzz-columns-%d", (int)getpid());
	make();
	for (unsigned i = 0; i < FILES_N + 2; i++) {
		if (i < FILES_N) {
			path_of(path, i);
		} else {
			head_path(path, i == FILES_N);
		}
		original_n[i] = get_file(path, original[i]);
	}
}

/* A head whose lengths and checks fit the files as they are. */
static void fit_head(bool root)
{
	static uint8_t bytes[COLUMNS_HEAD_BYTES], content[COLUMNS_HEAD_BYTES];
	struct columns_head h;
	unsigned slot;
	char path[160];

	FUZZ_CHECK(columns_head_choose(&h, &slot, root ? COLUMNS_HEAD_ROOT : COLUMNS_HEAD_ASSET,
				       bytes_of(original[root ? FILES_N : FILES_N + 1],
						original_n[root ? FILES_N : FILES_N + 1]),
				       UINT64_MAX) == ERR_OK);
	for (unsigned i = 0; i < h.columns; i++) {
		size_t n;

		path_of(path, root ? i : ROOT_FILES_N + i);
		n = get_file(path, content);
		n -= n % h.column[i].width;
		h.column[i].bytes = n;
		h.column[i].check = columns_head_check(0, bytes_of(content, n));
	}
	memset(bytes, 0, sizeof bytes);
	columns_head_encode(bytes, &h);
	head_path(path, root);
	put_file(path, bytes, sizeof bytes);
}

static void look(void)
{
	struct columns_options o = { .source = COLUMNS_FROM_TRANSFERS };
	struct columns_verified verified;
	struct columns_list l;
	struct columns_view v;
	struct columns *c = NULL;

	if (columns_list(&l, folder, &fault) == ERR_OK) {
		columns_list_free(&l);
	}
	if (columns_verify(&verified, folder, NULL, NULL, &fault) != ERR_OK) {
		FUZZ_CHECK(fault.text[0] != '\0');
	}
	if (columns_view_open(&v, folder, 0, true, &fault) == ERR_OK) {
		columns_view_close(&v);
	}
	if (columns_open(&c, folder, &o, &fault) == ERR_OK) {
		uint64_t in, out;

		if (columns_assets(c) > 0) {
			(void)columns_find(
			    c, 0, (struct columns_name){ (const uint8_t *)"A1", 2, 0 }, &in, &out);
		}
		columns_close(c);
	}
}

static void run(const uint8_t *p, size_t n)
{
	static uint8_t bytes[COLUMNS_HEAD_BYTES];
	struct columns_head h;
	char path[160];
	unsigned file = n > 0 ? p[0] % (FILES_N + 2) : 0;
	size_t at = n > 2 ? (size_t)(p[1] | p[2] << 8) : 0, size = original_n[file];

	/* a slot of its own: as it came, and with a check that fits */
	memset(bytes, 0, sizeof bytes);
	if (n > 0) {
		memcpy(bytes, p, n < COLUMNS_HEAD_SLOT_BYTES ? n : COLUMNS_HEAD_SLOT_BYTES);
	}
	le32_put(bytes + COLUMNS_HEAD_SLOT_BYTES - 4,
		 columns_head_check(0, bytes_of(bytes, COLUMNS_HEAD_SLOT_BYTES - 4)));
	if (columns_head_decode(&h, COLUMNS_HEAD_ASSET, bytes_of(bytes, COLUMNS_HEAD_SLOT_BYTES)) ==
	    ERR_OK) {
		FUZZ_CHECK(h.columns > 0 && h.columns <= COLUMNS_HEAD_MAX);
	}
	if (n < 4) {
		return;
	}
	at = size > 0 ? at % size : 0;
	memcpy(bytes, original[file], size);
	for (size_t i = 4; i < n && at + i - 4 < size; i++) {
		bytes[at + i - 4] = p[i];
	}
	/* odd: shorter */
	size = p[3] % 4 == 1 ? at : size;
	if (file < FILES_N) {
		path_of(path, file);
	} else {
		head_path(path, file == FILES_N);
	}
	put_file(path, bytes, size);
	if (file < FILES_N && p[3] % 2 == 0) {
		fit_head(file < ROOT_FILES_N);
	}
	look();
	put_file(path, original[file], original_n[file]);
	for (unsigned i = FILES_N; i < FILES_N + 2; i++) {
		head_path(path, i == FILES_N);
		put_file(path, original[i], original_n[i]);
	}
}
