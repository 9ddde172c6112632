/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show.c - what leaves this machine, as an animation on its terminal.
 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_tx.h"
#include "io/qr_screen.h"
#include "picture.h"

enum { CAPTION_BYTES = 256, UNIT_BYTES = PARCEL_ITEMS_MAX * 512 };

static enum err play(struct parcel *parcel)
{
	static uint8_t message[PARCEL_BYTES_MAX];
	struct writer w = writer_make(message, sizeof message);
	char caption[CAPTION_BYTES], mark[PARCEL_MARK_BYTES];
	struct qr_screen screen = { .type = PARCEL_TYPE,
				    .rate = QR_SCREEN_RATE,
				    .caption = caption };
	enum err e = parcel_close(&w, parcel);

	if (e != ERR_OK) {
		return e;
	}
	screen.message = bytes_of(message, w.n);
	parcel_mark(mark, parcel);
	(void)snprintf(caption, sizeof caption, _("mark %s - any key ends"), mark);
	e = qr_screen_show(&screen);
	if (e == ERR_OK) {
		(void)printf(_("the parcel's mark: %s\n"), mark);
	}
	return e;
}

void program_pack(struct parcel *to, struct writer *w, const struct nem_tx *tx)
{
	const size_t from = w->n;

	writer_bytes(w, bytes_of(tx->signature.b, sizeof tx->signature.b));
	nem_tx_encode(w, tx, NEM_SIGNING);
	CHECK(!w->bad);
	to->announcements[to->announcement_count++] = bytes_of(w->p + from, w->n - from);
}

void program_play(const struct program *p, struct parcel *parcel)
{
	enum err e = p->config.show && qr_screen_possible() ? play(parcel) : ERR_OK;

	/* it is signed and in its file: a window that is too small is no failure of signing */
	if (e != ERR_OK) {
		(void)program_fail(
		    e, _("not shown as QR; in a larger window: kuramori-cold show ANSWER"));
	}
}

void program_show_answer(const struct program *p, struct bytes answer, const struct nem_tx *unit)
{
	static uint8_t room[UNIT_BYTES];
	static struct parcel parcel;
	struct writer w = writer_make(room, sizeof room);

	parcel = (struct parcel){ .document_count = 1, .documents = { answer } };
	if (unit != NULL) {
		program_pack(&parcel, &w, unit);
		for (size_t i = 0; i < unit->multisig.n; i++) {
			struct nem_tx cosign;

			nem_tx_from_attached(&cosign, &unit->multisig.cosignature[i]);
			program_pack(&parcel, &w, &cosign);
		}
	}
	program_play(p, &parcel);
}

int program_show(struct program *p, const char *const *files, size_t n)
{
	static struct parcel parcel;
	int code = program_rules(p, true);

	for (size_t i = 0; code == 0 && i < n; i++) {
		struct bytes *at = &parcel.documents[parcel.document_count];
		size_t more = 0;

		code = program_documents(p, files[i], at, PARCEL_ITEMS_MAX - parcel.document_count,
					 &more);
		for (size_t k = 0; code == 0 && k < more; k++) {
			struct doc_fault fault = { .why = "" };
			struct doc d;
			enum err e = doc_open(&d, at[k], &p->rules.genesis_id, &fault);

			if (e != ERR_OK) {
				/* not words */
				(void)fprintf(stderr, "kuramori-cold: %s: %s: %s\n", files[i],
					      fault.field, words_of(fault.why));
				code = err_exit(e);
			}
		}
		parcel.document_count += code == 0 ? more : 0;
	}
	if (code == 0) {
		enum err e = play(&parcel);

		code = e == ERR_OK ? 0 : program_fail(e, _("the terminal, or its window's size"));
	}
	return code;
}
