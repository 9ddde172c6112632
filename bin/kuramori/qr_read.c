/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qr_read.c - `kuramori qr read`: texts of a scanner become files again, each judged first.
 *
 * All of a parcel is written, or nothing: what is wrong with one item was wrong with who packed it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "chain/nem/nem_tx.h"
#include "io/file.h"
#include "io/parcel_scan.h"
#include "qr.h"

enum { PATH_BYTES = CLI_PATH_MAX + 64, UNIT_BYTES = PARCEL_ITEMS_MAX * 2048 };

/* One file to be: its name and what goes into it. */
struct item {
	char path[PATH_BYTES];
	struct bytes content;
};

struct items {
	size_t n;
	struct item all[PARCEL_ITEMS_MAX + 1];
	uint8_t unit[UNIT_BYTES];
};

static int add(struct items *to, const char *folder, const char *name, unsigned number,
	       struct bytes content)
{
	struct item *i = &to->all[to->n++];
	int n = number == 0 ? snprintf(i->path, sizeof i->path, "%s/%s", folder, name)
			    : snprintf(i->path, sizeof i->path, "%s/%s-%u", folder, name, number);

	if (n < 0 || (size_t)n >= sizeof i->path) {
		return cli_fail(ERR_TOO_LARGE, "%s", folder);
	}
	if (access(i->path, F_OK) == 0) {
		return cli_fail(ERR_EXISTS, "%s: nothing was written", i->path);
	}
	i->content = content;
	return 0;
}

/* Each document under its type, counted: answer-1, answer-2, tally-1. */
static int judge_documents(const struct cli *c, const struct parcel *p, const char *folder,
			   struct items *to)
{
	unsigned counts[UINT8_MAX + 1] = { 0 };
	int code = 0;

	for (size_t i = 0; code == 0 && i < p->document_count; i++) {
		struct doc_fault fault = { .why = "" };
		struct doc d;
		enum err e = doc_open(&d, p->documents[i], &c->genesis_id, &fault);

		if (e != ERR_OK) {
			return cli_fail(e, "document %zu of the parcel: %s: %s", i + 1, fault.field,
					words_of(fault.why));
		}
		code = add(to, folder, doc_type_name(d.type), ++counts[(uint8_t)d.type],
			   p->documents[i]);
	}
	return code;
}

/* One line for /transaction/announce, as kuramori-cold writes it into its unit_file. */
static enum err put_announcement(struct writer *w, uint8_t network, struct bytes raw)
{
	static struct nem_tx tx;
	static char hex[2 * NEM_TX_BYTES_MAX + 1];
	struct bytes data;
	enum err e;

	if (raw.n <= PARCEL_SIGNATURE_BYTES || raw.n - PARCEL_SIGNATURE_BYTES > NEM_TX_BYTES_MAX) {
		return ERR_INPUT;
	}
	data = bytes_of(raw.p + PARCEL_SIGNATURE_BYTES, raw.n - PARCEL_SIGNATURE_BYTES);
	e = nem_tx_decode(&tx, network, data, NEM_SIGNING);
	if (e != ERR_OK) {
		return e;
	}
	memcpy(tx.signature.b, raw.p, sizeof tx.signature.b);
	e = nem_tx_verify(&tx);
	if (e != ERR_OK) {
		return e;
	}
	hex_put(hex, data);
	writer_bytes(w, bytes_str("{\"data\":\""));
	writer_bytes(w, bytes_str(hex));
	hex_put(hex, bytes_of(raw.p, PARCEL_SIGNATURE_BYTES));
	writer_bytes(w, bytes_str("\",\"signature\":\""));
	writer_bytes(w, bytes_str(hex));
	writer_bytes(w, bytes_str("\"}\n"));
	return w->bad ? ERR_TOO_LARGE : ERR_OK;
}

static int judge_announcements(const struct cli *c, const struct parcel *p, const char *folder,
			       struct items *to)
{
	struct writer w = writer_make(to->unit, sizeof to->unit);

	for (size_t i = 0; i < p->announcement_count; i++) {
		enum err e =
		    put_announcement(&w, (uint8_t)c->genesis.chain_network, p->announcements[i]);

		if (e != ERR_OK) {
			return cli_fail(e, "transaction %zu of the parcel", i + 1);
		}
	}
	return w.n == 0 ? 0 : add(to, folder, "unit", 0, bytes_of(to->unit, w.n));
}

static int scan(struct parcel_reader *r, const char *texts)
{
	const bool stdin_too = strcmp(texts, "-") == 0;
	int fd = stdin_too ? STDIN_FILENO : open(texts, O_RDONLY | O_CLOEXEC);
	enum err e;

	if (fd < 0) {
		return cli_fail(errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s", texts);
	}
	parcel_reader_start(r);
	e = parcel_scan(r, fd, bytes_of(NULL, 0));
	if (!stdin_too) {
		(void)close(fd);
	}
	return e == ERR_OK ? 0 : cli_fail(e, "%s: nothing was written", texts);
}

int cli_qr_read(struct cli *c, const char *texts, const char *folder)
{
	static struct parcel_reader reader;
	static struct items items;
	enum err e = ERR_OK;
	int code = cli_documents(c, false);

	if (code == 0) {
		code = scan(&reader, texts);
	}
	if (code == 0) {
		code = judge_documents(c, &reader.parcel, folder, &items);
	}
	if (code == 0) {
		code = judge_announcements(c, &reader.parcel, folder, &items);
	}
	if (code != 0) {
		return code;
	}
	e = file_mkdir(folder, 0755);
	if (e != ERR_OK) {
		return cli_fail(e, "%s", folder);
	}
	for (size_t i = 0; i < items.n; i++) {
		e = file_write_new(items.all[i].path, 0644, items.all[i].content);
		if (e != ERR_OK) {
			return cli_fail(e, "%s", items.all[i].path);
		}
		(void)printf("%s\n", items.all[i].path);
	}
	return 0;
}
