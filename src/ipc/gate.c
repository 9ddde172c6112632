/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/gate.h"

#include <string.h>

#include "base/check.h"
#include "crypto/sha256.h"
#include "ipc/frame.h"

static void hash_text(struct sha256 *h, const char *s)
{
	sha256_update(h, bytes_str(s));
}

static void hash_number(struct sha256 *h, uint32_t v)
{
	char digits[10];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	sha256_update(h, bytes_of(digits + at, sizeof digits - at));
}

static void hash_row(struct sha256 *h, const struct gate_row *r)
{
	const uint32_t numbers[] = { r->number, r->capability, r->max_bytes, (uint32_t)r->phase };

	hash_text(h, r->name);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		hash_text(h, " ");
		hash_number(h, numbers[i]);
	}
	hash_text(h, "\n");
}

static void check_row(const struct gate_row *r)
{
	CHECK(r->name != NULL && r->name[0] != '\0');
	CHECK(r->number >= 2 && r->number % 2 == 0);
	CHECK(r->capability != 0 && (r->capability & ~ROLE_ANY) == 0);
	CHECK(r->max_bytes <= FRAME_BODY_MAX);
	CHECK(r->phase == PHASE_ANY || r->phase == PHASE_HELLO || r->phase == PHASE_READY);
}

void gate_table_init(struct gate_table *t, const char *name, uint32_t version,
		     const struct gate_row *rows, size_t n)
{
	struct sha256 h;
	size_t hellos = 0;

	CHECK(n >= 1 && n <= GATE_ROWS_MAX);
	*t = (struct gate_table){ .rows = rows, .n = n, .version = version };
	sha256_init(&h);
	hash_text(&h, "kuramori ipc ");
	hash_text(&h, name);
	hash_text(&h, " ");
	hash_number(&h, version);
	hash_text(&h, "\n");
	for (size_t i = 0; i < n; i++) {
		check_row(&rows[i]);
		for (size_t j = 0; j < i; j++) {
			CHECK(rows[j].number != rows[i].number);
		}
		if (rows[i].phase == PHASE_HELLO) {
			CHECK(rows[i].max_bytes == GATE_HELLO_BYTES);
			hellos++;
		}
		hash_row(&h, &rows[i]);
	}
	CHECK(hellos == 1);
	sha256_final(&h, &t->hash);
}

const struct gate_row *gate_row_of(const struct gate_table *t, uint16_t number)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->rows[i].number == number) {
			return &t->rows[i];
		}
	}
	return NULL;
}

uint16_t gate_hello_number(const struct gate_table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->rows[i].phase == PHASE_HELLO) {
			return t->rows[i].number;
		}
	}
	CHECK(false);
	return 0;
}

static bool phase_allows(enum gate_phase phase, enum gate_progress progress)
{
	switch (phase) {
	case PHASE_ANY:
		return true;
	case PHASE_HELLO:
		return progress == GATE_NEW;
	case PHASE_READY:
		return progress == GATE_READY;
	}
	return false;
}

enum err gate_check(const struct gate_table *t, struct gate_state *s, uint16_t role,
		    uint16_t number, uint32_t body_bytes)
{
	const struct gate_row *r;

	/* Replies are odd and have no row: an unknown number and a reply get the same answer. */
	r = gate_row_of(t, number);
	if (r == NULL) {
		return ERR_INPUT;
	}
	/* One bit: a channel that were two roles at once would be a bug, and gets nothing. */
	if (role == 0 || (role & (role - 1)) != 0 || (r->capability & role) == 0) {
		return ERR_CAPABILITY;
	}
	if (!phase_allows(r->phase, s->progress)) {
		return ERR_STATE;
	}
	if (body_bytes > r->max_bytes) {
		return ERR_TOO_LARGE;
	}
	if (s->progress == GATE_NEW && r->phase == PHASE_ANY) {
		s->progress = GATE_OPEN;
	}
	return ERR_OK;
}

enum err gate_check_reply(const struct gate_table *t, uint16_t number, uint32_t body_bytes)
{
	if (number % 2 == 0 || gate_row_of(t, (uint16_t)(number - 1)) == NULL) {
		return ERR_INPUT;
	}
	return body_bytes <= FRAME_BODY_MAX ? ERR_OK : ERR_TOO_LARGE;
}

void gate_hello_put(const struct gate_table *t, uint8_t out[GATE_HELLO_BYTES])
{
	le32_put(out, t->version);
	memcpy(out + 4, t->hash.b, sizeof t->hash.b);
}

enum err gate_hello(const struct gate_table *t, struct gate_state *s, struct bytes body)
{
	uint8_t want[GATE_HELLO_BYTES];

	if (s->progress != GATE_NEW || body.n != sizeof want) {
		return ERR_INPUT;
	}
	gate_hello_put(t, want);
	if (!bytes_eq(body, bytes_of(want, sizeof want))) {
		return ERR_VERSION;
	}
	s->progress = GATE_READY;
	return ERR_OK;
}
