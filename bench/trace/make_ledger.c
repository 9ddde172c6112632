/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make_ledger.c - prints a made ledger (ledger.h) as the CSV that `kuramori trace ingest` reads.
 *
 *   make_ledger [--transfers N] [--accounts N]    default: 1,000,000 and a tenth of it
 */
#include <string.h>
#include <unistd.h>

#include "ledger.h"

enum { BUFFER = 1 << 20, LINE_MOST = 256 };

static char buffer[BUFFER];
static size_t used;

static void put(const char *text, size_t n)
{
	memcpy(buffer + used, text, n);
	used += n;
}

static void put_number(uint64_t v)
{
	char digits[20];
	size_t n = sizeof digits;

	do {
		digits[--n] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	put(digits + n, sizeof digits - n);
}

static void put_id(struct ledger *l)
{
	static const char hex[] = "0123456789abcdef";

	for (unsigned word = 0; word < 4; word++) {
		uint64_t v = ledger_random(l);

		for (unsigned i = 0; i < 16; i++, v >>= 4) {
			buffer[used++] = hex[v & 15];
		}
	}
}

static void flush(void)
{
	for (size_t done = 0; done < used;) {
		ssize_t n = write(STDOUT_FILENO, buffer + done, used - done);

		if (n <= 0) {
			_exit(1); /* nobody reads any more */
		}
		done += (size_t)n;
	}
	used = 0;
}

int main(int argc, char **argv)
{
	static const char header[] = "height,time,txid,from,to,amount\n";
	uint64_t transfers = 1000000, accounts = 0;
	char name[LEDGER_NAME];
	struct ledger l;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--transfers") == 0) {
			transfers = strtoull(argv[i + 1], NULL, 10);
		} else if (strcmp(argv[i], "--accounts") == 0) {
			accounts = strtoull(argv[i + 1], NULL, 10);
		}
	}
	accounts = accounts != 0 ? accounts : transfers / 10;
	ledger_begin(&l, accounts);
	put(header, sizeof header - 1);
	for (uint64_t i = 0; i < transfers; i++) {
		const struct ledger_move m = ledger_next(&l);
		uint64_t height = 1 + i / LEDGER_BLOCK;

		if (used > BUFFER - LINE_MOST) {
			flush();
		}
		put_number(height);
		put(",", 1);
		put_number(height * 60);
		put(",", 1);
		put_id(&l);
		put(",", 1);
		if (m.from < accounts) {
			ledger_address(name, m.from);
			put(name, sizeof name);
		}
		put(",", 1);
		ledger_address(name, m.to);
		put(name, sizeof name);
		put(",", 1);
		put_number(m.amount);
		put("\n", 1);
	}
	flush();
	ledger_end(&l);
	return 0;
}
