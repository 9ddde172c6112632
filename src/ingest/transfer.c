/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/transfer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/check.h"

const char *const ingest_transfer_names[INGEST_FIELDS] = {
	[INGEST_HEIGHT] = "height", [INGEST_TIME] = "time",   [INGEST_TXID] = "txid",
	[INGEST_INDEX] = "index",   [INGEST_FROM] = "from",   [INGEST_TO] = "to",
	[INGEST_AMOUNT] = "amount", [INGEST_ASSET] = "asset",
};

void ingest_fault_say(struct ingest_fault *fault, const char *field, const char *format, ...)
{
	va_list args;

	(void)snprintf(fault->field, sizeof fault->field, "%s", field);
	va_start(args, format);
	(void)vsnprintf(fault->why, sizeof fault->why, format, args);
	va_end(args);
}

/* ---- eight characters at once, as one number whose lowest byte is the first ---- */

static INLINED uint64_t each(uint8_t byte)
{
	return byte * UINT64_C(0x0101010101010101);
}

/* Eight digits.  False: they are not. */
static INLINED bool eight_digits(const uint8_t *p, uint64_t *out)
{
	uint64_t x = le64_get(p);

	/* a digit's high half is 3, and still is when 6 is added to it */
	if ((x & each(0xf0)) != each(0x30) || ((x + each(6)) & each(0xf0)) != each(0x30)) {
		return false;
	}
	/* tens with ones, then hundreds, then ten thousands */
	x = (x & each(0x0f)) * (10 * 0x100 + 1) >> 8;
	x = (x & UINT64_C(0x00ff00ff00ff00ff)) * (100 * 0x10000 + 1) >> 16;
	*out = (x & UINT64_C(0x0000ffff0000ffff)) * (UINT64_C(10000) * 0x100000000 + 1) >> 32;
	return true;
}

/* None of eight is a blank, a control character or above '~'. */
static INLINED bool eight_shown(const uint8_t *p)
{
	const uint64_t x = le64_get(p), low = x & each(0x7f);

	return ((x | ~(low + each(0x7f - ' ')) | (low + each(0x7f - '~'))) & each(0x80)) == 0;
}

/* Sixteen characters at once, where the compiler has registers for them. */
typedef uint8_t sixteen __attribute__((vector_size(16)));
typedef uint16_t eight __attribute__((vector_size(16)));
typedef uint8_t halves __attribute__((vector_size(8)));

/*
 * 64 hexadecimal digits into 32 bytes.  False: they are not.  This is the longest field of a line.
 */
static bool nibbles(const uint8_t *p, uint8_t out[32])
{
	sixteen all_good = (sixteen){ 0 } - 1;
	uint64_t good[2];

	for (size_t i = 0; i < 64; i += 16) {
		sixteen x, digit, letter, small;
		eight pairs;
		halves bytes;

		memcpy(&x, p + i, sizeof x);
		small = x | 0x20;
		digit = (sixteen)((uint8_t)'0' <= x) & (sixteen)(x <= (uint8_t)'9');
		letter = (sixteen)((uint8_t)'a' <= small) & (sixteen)(small <= (uint8_t)'f');
		all_good &= digit | letter;
		x = (x & 0x0f) + (letter & 9);
		/* the first of two is the high half, and the low byte of a pair */
		pairs = (eight)x;
		pairs = (pairs << 4 | pairs >> 8) & 0xff;
		bytes = __builtin_convertvector(pairs, halves);
		memcpy(out + i / 2, &bytes, sizeof bytes);
	}
	memcpy(good, &all_good, sizeof good);
	return (good[0] & good[1]) == UINT64_MAX;
}

/* Up to 19 digits, which 64 bits hold.  False: something else; the long way says what. */
static bool short_number(uint64_t *out, struct bytes text)
{
	uint64_t v = 0, part;
	size_t i = 0;

	if (text.n == 0 || text.n > 19) {
		return false;
	}
	for (; i + 8 <= text.n; i += 8) {
		if (!eight_digits(text.p + i, &part)) {
			return false;
		}
		v = v * 100000000 + part;
	}
	for (; i < text.n; i++) {
		unsigned digit = text.p[i] - (unsigned)'0';

		if (digit > 9) {
			return false;
		}
		v = v * 10 + digit;
	}
	*out = v;
	return true;
}

enum err ingest_number(uint64_t *out, const char *field, struct bytes text,
		       struct ingest_fault *fault)
{
	uint64_t v = 0;

	if (short_number(out, text)) {
		return ERR_OK;
	}
	if (text.n == 0) {
		ingest_fault_say(fault, field, "is empty");
		return ERR_FIELD_MISSING;
	}
	for (size_t i = 0; i < text.n; i++) {
		unsigned digit = text.p[i] - (unsigned)'0';

		if (digit > 9) {
			ingest_fault_say(
			    fault, field,
			    "is a whole number of digits only, no sign, point or blank");
			return ERR_FIELD_TYPE;
		}
		if (v > (UINT64_MAX - digit) / 10) {
			ingest_fault_say(fault, field, "is more than 64 bits hold");
			return ERR_OVERFLOW;
		}
		v = v * 10 + digit;
	}
	*out = v;
	return ERR_OK;
}

static bool digits(const uint8_t *p, size_t n, unsigned *out)
{
	*out = 0;
	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9') {
			return false;
		}
		*out = *out * 10 + (p[i] - (unsigned)'0');
	}
	return true;
}

/* Days since 1970-01-01 of a date of the Gregorian calendar. */
static uint64_t days_of(unsigned year, unsigned month, unsigned day)
{
	static const unsigned before[12] = {
		0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334
	};
	unsigned y = year - 1;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return (uint64_t)365 * y + y / 4 - y / 100 + y / 400 - 719162 + before[month - 1] +
	       (leap && month > 2 ? 1 : 0) + day - 1;
}

static bool iso(uint64_t *out, struct bytes t)
{
	static const unsigned most[12] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	unsigned year, month, day, hour, minute, second;

	if (t.n != 20 || t.p[4] != '-' || t.p[7] != '-' || (t.p[10] != 'T' && t.p[10] != ' ') ||
	    t.p[13] != ':' || t.p[16] != ':' || t.p[19] != 'Z' || !digits(t.p, 4, &year) ||
	    !digits(t.p + 5, 2, &month) || !digits(t.p + 8, 2, &day) ||
	    !digits(t.p + 11, 2, &hour) || !digits(t.p + 14, 2, &minute) ||
	    !digits(t.p + 17, 2, &second)) {
		return false;
	}
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > most[month - 1] ||
	    (month == 2 && day == 29 && (year % 4 != 0 || (year % 100 == 0 && year % 400 != 0))) ||
	    hour > 23 || minute > 59 || second > 60) {
		return false;
	}
	*out = days_of(year, month, day) * 86400 + (uint64_t)hour * 3600 + (uint64_t)minute * 60 +
	       second;
	return true;
}

enum err ingest_time(uint64_t *out, const char *field, struct bytes text,
		     struct ingest_fault *fault)
{
	if (short_number(out, text)) {
		return ERR_OK;
	}
	if (text.n > 0 && memchr(text.p, '-', text.n) != NULL) {
		if (!iso(out, text)) {
			ingest_fault_say(fault, field,
					 "is neither seconds since 1970 nor a time as "
					 "2018-01-26T00:02:13Z");
			return ERR_FIELD_TYPE;
		}
		return ERR_OK;
	}
	return ingest_number(out, field, text, fault);
}

enum err ingest_address(const char *field, struct bytes text, struct ingest_fault *fault)
{
	if (text.n > INGEST_NAME_MAX) {
		ingest_fault_say(fault, field, "is longer than %d characters", INGEST_NAME_MAX);
		return ERR_FIELD_RANGE;
	}
	if (text.n >= 8) {
		/* the last eight may have been looked at before */
		bool shown = eight_shown(text.p + text.n - 8);

		for (size_t i = 0; i + 8 < text.n; i += 8) {
			shown = eight_shown(text.p + i) && shown;
		}
		if (shown) {
			return ERR_OK;
		}
	}
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] <= ' ' || text.p[i] > '~') {
			ingest_fault_say(fault, field,
					 "has a blank, or a character that no address has, at %zu",
					 i + 1);
			return ERR_FIELD_RANGE;
		}
	}
	return ERR_OK;
}

enum err ingest_txid(struct hash32 *out, const char *field, struct bytes text,
		     struct ingest_fault *fault)
{
	if (text.n > 2 && text.p[0] == '0' && (text.p[1] == 'x' || text.p[1] == 'X')) {
		text = bytes_of(text.p + 2, text.n - 2);
	}
	if (text.n != 64 || !nibbles(text.p, out->b)) {
		ingest_fault_say(fault, field, "is not 64 hexadecimal digits");
		return ERR_FIELD_TYPE;
	}
	return ERR_OK;
}

/* ---- CSV ---- */

void ingest_csv_init(struct ingest_csv *r)
{
	r->has_header = false;
	r->columns = 0;
}

#ifdef __SSE2__

enum { BLOCK = 64, PIECE = 16 };

/*
 * A bit for each comma of a line from c on, at most BLOCK of them.  False: there is a quote.  The
 * last piece of a line is its last PIECE bytes, some of which may have been looked at before.
 */
static INLINED bool commas_of(uint64_t *commas, struct bytes line, size_t c)
{
	const __m128i comma = _mm_set1_epi8(','), quote = _mm_set1_epi8('"');
	const size_t end = line.n - c < BLOCK ? line.n : c + BLOCK;
	__m128i quotes = _mm_setzero_si128();

	*commas = 0;
	for (size_t i = c; i < end; i += PIECE) {
		const size_t at = i + PIECE <= line.n ? i : line.n - PIECE;
		const __m128i x = _mm_loadu_si128((const void *)(line.p + at));
		const uint64_t here = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(x, comma));

		quotes = _mm_or_si128(quotes, _mm_cmpeq_epi8(x, quote));
		*commas |= at >= c ? here << (at - c) : here >> (c - at);
	}
	return _mm_movemask_epi8(quotes) == 0;
}

/* The fields of a line without quotes, many bytes at once.  False: the long way says what it is. */
static bool split_plain(struct bytes *out, size_t cap, size_t *n, struct bytes line)
{
	size_t fields = 0, begin = 0;

	for (size_t c = 0; c < line.n; c += BLOCK) {
		uint64_t commas;

		if (line.n < PIECE || !commas_of(&commas, line, c)) {
			return false;
		}
		for (; commas != 0; commas &= commas - 1) {
			const size_t stop = c + (size_t)__builtin_ctzll(commas);

			if (fields + 1 >= cap) {
				return false;
			}
			out[fields++] = bytes_of(line.p + begin, stop - begin);
			begin = stop + 1;
		}
	}
	if (line.n == 0 || cap == 0) {
		return false;
	}
	out[fields++] = bytes_of(line.p + begin, line.n - begin);
	*n = fields;
	return true;
}

#else

static bool split_plain(struct bytes *out, size_t cap, size_t *n, struct bytes line)
{
	(void)out;
	(void)cap;
	(void)n;
	(void)line;
	return false;
}

#endif

enum err ingest_csv_split(struct bytes *out, size_t cap, size_t *n, uint8_t *room,
			  struct bytes line, struct ingest_fault *fault)
{
	const uint8_t *p = line.p, *end = line.p + line.n;
	size_t fields = 0;

	if (split_plain(out, cap, n, line)) {
		return ERR_OK;
	}
	for (;;) {
		if (fields == cap) {
			ingest_fault_say(fault, "", "there are more than %zu fields", cap);
			return ERR_TOO_LARGE;
		}
		if (p < end && *p == '"') {
			uint8_t *begin = room;

			for (p++; p < end && (*p != '"' || (p + 1 < end && p[1] == '"')); p++) {
				p += *p == '"' ? 1 : 0;
				*room++ = *p;
			}
			if (p == end || (p + 1 < end && p[1] != ',')) {
				ingest_fault_say(
				    fault, "", "a quote is not closed before the end of field %zu",
				    fields + 1);
				return ERR_INPUT;
			}
			p++;
			out[fields++] = bytes_of(begin, (size_t)(room - begin));
		} else {
			const uint8_t *comma = p == end ? NULL : memchr(p, ',', (size_t)(end - p));
			const uint8_t *stop = comma != NULL ? comma : end;

			out[fields++] = bytes_of(p, (size_t)(stop - p));
			p = stop;
		}
		if (p == end) {
			*n = fields;
			return ERR_OK;
		}
		p++; /* the comma */
	}
}

static enum err read_header(struct ingest_csv *r, const struct bytes *field, size_t n,
			    struct ingest_fault *fault)
{
	unsigned seen = 0;

	for (size_t i = 0; i < n; i++) {
		r->field[i] = -1;
		for (int k = 0; k < INGEST_FIELDS; k++) {
			if (!bytes_eq(field[i], bytes_str(ingest_transfer_names[k]))) {
				continue;
			}
			if ((seen & 1U << k) != 0) {
				ingest_fault_say(fault, ingest_transfer_names[k],
						 "stands twice in the header");
				return ERR_FIELD_UNKNOWN;
			}
			seen |= 1U << k;
			r->field[i] = (int8_t)k;
		}
	}
	for (int k = INGEST_FROM; k <= INGEST_AMOUNT; k++) {
		if ((seen & 1U << k) == 0) {
			ingest_fault_say(fault, ingest_transfer_names[k],
					 "is not in the header: the first line names the columns");
			return ERR_FIELD_MISSING;
		}
	}
	if ((seen & (1U << INGEST_HEIGHT | 1U << INGEST_TIME)) == 0) {
		ingest_fault_say(fault, "height", "or time must be in the header");
		return ERR_FIELD_MISSING;
	}
	r->columns = (unsigned)n;
	r->has_header = true;
	return ERR_WAIT;
}

enum err ingest_transfer_take(struct ingest_transfer *out, const struct bytes field[INGEST_FIELDS],
			      struct ingest_fault *fault)
{
	struct ingest_transfer t;
	enum err e = ERR_OK;

	memset(&t, 0, sizeof t);
	if (field[INGEST_HEIGHT].p != NULL) {
		e = ingest_number(&t.height, "height", field[INGEST_HEIGHT], fault);
	}
	if (e == ERR_OK && field[INGEST_TIME].p != NULL) {
		e = ingest_time(&t.time_s, "time", field[INGEST_TIME], fault);
	}
	if (e == ERR_OK && field[INGEST_HEIGHT].p == NULL) {
		if (field[INGEST_TIME].p == NULL) {
			ingest_fault_say(fault, "height", "or time is missing");
			return ERR_FIELD_MISSING;
		}
		t.height = t.time_s;
	}
	if (e == ERR_OK && field[INGEST_TXID].n > 0) {
		e = ingest_txid(&t.tx, "txid", field[INGEST_TXID], fault);
	}
	if (e == ERR_OK && field[INGEST_INDEX].n > 0) {
		t.has_index = true;
		e = ingest_number(&t.index, "index", field[INGEST_INDEX], fault);
	}
	if (e == ERR_OK) {
		t.from = field[INGEST_FROM];
		e = ingest_address("from", t.from, fault);
	}
	if (e == ERR_OK) {
		t.to = field[INGEST_TO];
		e = ingest_address("to", t.to, fault);
	}
	if (e == ERR_OK && t.from.n == 0 && t.to.n == 0) {
		ingest_fault_say(fault, "from", "and to are both empty");
		e = ERR_FIELD_MISSING;
	}
	if (e == ERR_OK) {
		e = ingest_number(&t.amount, "amount", field[INGEST_AMOUNT], fault);
	}
	if (e == ERR_OK) {
		t.asset = field[INGEST_ASSET].n > 0 ? field[INGEST_ASSET] : bytes_of("coin", 4);
		if (t.asset.n > INGEST_ASSET_MAX || memchr(t.asset.p, 0, t.asset.n) != NULL) {
			ingest_fault_say(fault, "asset",
					 "is longer than %d bytes, or has a zero byte",
					 INGEST_ASSET_MAX);
			e = ERR_FIELD_RANGE;
		}
	}
	if (e == ERR_OK) {
		*out = t;
	}
	return e;
}

enum err ingest_csv_line(struct ingest_csv *r, struct bytes line, struct ingest_transfer *out,
			 struct ingest_fault *fault)
{
	struct bytes field[INGEST_COLUMNS_MAX], mine[INGEST_FIELDS];
	size_t n = 0;
	enum err e;

	if (line.n > 0 && line.p[line.n - 1] == '\r') {
		line.n--;
	}
	if (line.n == 0) {
		return ERR_WAIT;
	}
	if (line.n > INGEST_LINE_MAX) {
		ingest_fault_say(fault, "", "is longer than %d bytes", INGEST_LINE_MAX);
		return ERR_TOO_LARGE;
	}
	if (!r->has_header && line.n >= 3 && line.p[0] == 0xef && line.p[1] == 0xbb &&
	    line.p[2] == 0xbf) {
		line = bytes_of(line.p + 3, line.n - 3); /* spreadsheets' byte order mark */
	}
	e = ingest_csv_split(field, INGEST_COLUMNS_MAX, &n, r->unquoted, line, fault);
	if (e != ERR_OK) {
		return e;
	}
	if (!r->has_header) {
		return read_header(r, field, n, fault);
	}
	if (n != r->columns) {
		ingest_fault_say(fault, "", "has %zu fields, the header %u", n, r->columns);
		return n < r->columns ? ERR_FIELD_MISSING : ERR_FIELD_UNKNOWN;
	}
	memset(mine, 0, sizeof mine);
	for (size_t i = 0; i < n; i++) {
		if (r->field[i] >= 0) {
			mine[r->field[i]] = field[i];
		}
	}
	return ingest_transfer_take(out, mine, fault);
}
