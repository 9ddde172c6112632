/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our pictures of a text on a command line, for test_qr.py: qr_tool pgm|blocks SCALE LEVEL TEXT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/qr.h"

int main(int argc, char **argv)
{
	static uint8_t out[1 << 23];
	struct writer w = writer_make(out, sizeof out);
	static struct qr code;

	if (argc != 5 || qr_make(&code, bytes_str(argv[4]),
				 (enum qr_level)(strtoul(argv[3], NULL, 10) & 3)) != ERR_OK) {
		return 2;
	}
	if (strcmp(argv[1], "blocks") == 0) {
		qr_blocks(&w, &code);
	} else {
		qr_pgm(&w, &code, (unsigned)strtoul(argv[2], NULL, 10));
	}
	return w.bad || fwrite(out, 1, w.n, stdout) != w.n;
}
