/* SPDX-License-Identifier: Apache-2.0 */
/*
 * picture.h - documents in and out as animations of QR codes (docs/ur.md).  Next files: scan.c
 * (in), show.c (out).
 */
#ifndef KURAMORI_BIN_COLD_PICTURE_H
#define KURAMORI_BIN_COLD_PICTURE_H

#include "program.h"
#include "ur/parcel.h"

/*
 * The documents that `path` holds ("-": standard input): one document as it is, or what texts of
 * QR codes, one a line, put together.  Standard input is read up to the last text needed, and on to
 * an empty line.  They stay in p's room.  Complains and gives an exit code, or 0.
 */
int program_documents(struct program *p, const char *path, struct bytes *out, size_t cap,
		      size_t *n);

/* The answer that was signed, and the complete transaction if there is one, as program_play(). */
void program_show_answer(const struct program *p, struct bytes answer, const struct nem_tx *unit);

/* One more transaction of the parcel, as nodes take it; its bytes go into w, which has room
 * (dies otherwise). */
void program_pack(struct parcel *to, struct writer *w, const struct nem_tx *tx);

/* The parcel on the terminal until a key is pressed; nothing where there is no terminal, or no wish
 * for it.  It is in a file by then: what hinders is said and changes nothing. */
void program_play(const struct program *p, struct parcel *parcel);

/* `show FILE...`: documents of this genesis on the terminal. */
int program_show(struct program *p, const char *const *files, size_t n);

#endif
