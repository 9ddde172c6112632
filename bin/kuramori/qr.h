/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qr.h - `kuramori qr`: documents as an animation of QR codes, and back (docs/ur.md).
 * Next files: qr.c (show), qr_read.c.
 */
#ifndef KURAMORI_BIN_QR_H
#define KURAMORI_BIN_QR_H

#include "cli.h"

/* `kuramori qr WORDS`: an exit code. */
int cli_qr(struct cli *c, const char *const *words, size_t n);

/* Texts from a file, or standard input for "-", into new files of this folder. */
int cli_qr_read(struct cli *c, const char *texts, const char *folder);

#endif
