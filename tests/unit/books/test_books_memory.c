/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: when memory runs out at any allocation the books say ERR_FULL, have changed nothing, and
 * take the same records once there is memory again; the end is the same as if it had never run out.
 * Method: the linker puts wrap_ functions between the books and malloc, calloc and realloc
 * (meson.build); a history that lets every table grow several times is run once for each k, the
 * k-th allocation of which fails.
 */
#include "books/books.h"
#include "t.h"

enum { ROUNDS = 700 };

static unsigned long calls, fail_at;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t each);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t each);
void *__wrap_realloc(void *p, size_t n);

void *__wrap_malloc(size_t n)
{
	return ++calls == fail_at ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t each)
{
	return ++calls == fail_at ? NULL : __real_calloc(n, each);
}

void *__wrap_realloc(void *p, size_t n)
{
	return ++calls == fail_at ? NULL : __real_realloc(p, n);
}

static struct id128 id_of(uint64_t kind, uint64_t n)
{
	struct id128 id = { { 0 } };

	le64_put(id.b, n * 0x9e3779b97f4a7c15u);
	le64_put(id.b + 8, n << 8 | kind);
	return id;
}

/* Round n of the history: an account, a transfer into it, a hold on it, posted or voided. */
static size_t round_of(struct log_record out[4], uint64_t n)
{
	struct log_record r = { .asset = ASSET_XEM, .id = id_of(1, n) };

	r.kind = LOG_ACCOUNT;
	r.amount = n == 0 ? BOOKS_BOX : n == 1 ? BOOKS_OPENING : BOOKS_CUSTOMER;
	out[0] = r;
	if (n < 2) {
		return 1;
	}
	r = (struct log_record){ .kind = LOG_TRANSFER, .asset = ASSET_XEM, .id = id_of(2, n) };
	r.debit = id_of(1, 1);
	r.credit = id_of(1, n);
	r.amount = 1000 + n;
	if (n == 2) {
		r.debit = id_of(1, 0); /* the coins come first: box against opening */
		r.credit = id_of(1, 1);
		r.amount = 1u << 30;
	}
	out[1] = r;
	if (n == 2) {
		return 2;
	}
	r.kind = LOG_HOLD;
	r.id = id_of(3, n);
	r.debit = id_of(1, n);
	r.credit = id_of(1, n == 3 ? 4 : 3);
	r.amount = 10;
	if (n == 3) {
		return 2;
	}
	out[2] = r;
	r = (struct log_record){ .kind = n % 2 == 0 ? LOG_POST : LOG_VOID, .asset = ASSET_XEM };
	r.id = id_of(4, n);
	r.ref = id_of(3, n);
	r.amount = 10;
	out[3] = r;
	return n % 3 == 0 ? 3 : 4; /* a third of the holds stays open */
}

/* The whole history; *refused: how often there was no memory.  False at the first thing amiss. */
static bool history(struct hash32 *end, unsigned *refused)
{
	struct books b;
	const char *why = "";
	enum err e = books_init(&b);

	*refused = 0;
	if (e == ERR_FULL) {
		++*refused;
		e = books_init(&b);
	}
	for (uint64_t n = 0; e == ERR_OK && n < ROUNDS; n++) {
		struct log_record r[4];
		size_t count = round_of(r, n);
		unsigned long before = fail_at;
		struct hash32 was, is;

		/* the look itself needs memory, which must not be what fails */
		fail_at = 0;
		e = n % 16 == 0 ? books_hash(&b, &was) : ERR_OK;
		fail_at = before;
		if (e == ERR_OK) {
			e = books_apply_all(&b, r, count, NULL);
		}
		if (e == ERR_FULL) {
			++*refused;
			fail_at = 0;
			if (n % 16 == 0 &&
			    (books_hash(&b, &is) != ERR_OK || !hash32_eq(&was, &is))) {
				e = ERR_MISMATCH;
				break;
			}
			e = books_apply_all(&b, r, count, NULL);
		}
	}
	fail_at = 0;
	if (e == ERR_OK) {
		e = books_validate(&b, &why);
	}
	if (e == ERR_OK) {
		e = books_hash(&b, end);
	}
	if (e != ERR_OK) {
		printf("# %s %s\n", err_words(e), why == NULL ? "" : why);
	}
	books_free(&b);
	return e == ERR_OK;
}

static void every_allocation_fails_once(void)
{
	struct hash32 undisturbed, end;
	unsigned refused;
	unsigned long last, met = 0;

	calls = fail_at = 0;
	T_CHECK(history(&undisturbed, &refused));
	T_EQ(refused, 0);
	last = calls;
	for (unsigned long k = 1; k <= last; k++) {
		calls = 0;
		fail_at = k;
		T_CHECK(history(&end, &refused));
		T_CHECK(hash32_eq(&undisturbed, &end));
		met += refused;
	}
	printf("# %lu allocations, %lu of them refused once\n", last, met);
	T_CHECK(met > 15);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "every allocation fails once", every_allocation_fails_once },
	};

	return t_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
