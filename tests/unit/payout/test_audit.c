/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: who asks GET /v1/audit often does not make the books be looked through often; and every
 * number that it gets is exact at the position that it names.
 * Method: random histories of deposits, blocks, rollbacks, withdrawals and restarts.  After each
 * step what is said is compared with a full sum over all accounts and movements, and the hash with
 * the one that the books had at the position that is named.
 */
#include "payout_world.h"

#include "base/hex.h"
#include "t.h"

enum { STEPS = 150, POSITIONS = 4096 };

static struct {
	uint64_t records;
	struct hash32 hash;
} was[POSITIONS];

static size_t was_n;
static unsigned keys;

static void note(const struct world *w)
{
	CHECK(was_n < POSITIONS);
	was[was_n].records = payout_journal(w->p)->next_sequence;
	was[was_n++].hash = books_now(w);
}

/* The text behind "name": in the answer. */
static const char *told(const struct world *w, const char *name)
{
	char key[64];
	const char *at;

	(void)snprintf(key, sizeof key, "\"%s\":", name);
	at = strstr(w->text, key);
	CHECK(at != NULL);
	return at + strlen(key);
}

static bool says(const struct world *w, const char *name, u128 want)
{
	char text[MONEY_TEXT_MAX], key[96];
	struct money m = money_of(ASSET_XEM, want);

	money_put(text, &m);
	(void)snprintf(key, sizeof key, "\"%s\"", text);
	return strncmp(told(w, name), key, strlen(key)) == 0;
}

static void ask(struct world *w)
{
	api(w, API_AUDIT, bytes_of(NULL, 0));
	CHECK(w->err == ERR_OK);
}

/* The hash that is told is the one of the position that is told. */
static bool exact_somewhere(const struct world *w, uint64_t *records)
{
	char hex[65];

	*records = strtoull(told(w, "books_records"), NULL, 10);
	for (size_t i = was_n; i > 0; i--) {
		if (was[i - 1].records == *records) {
			hex_put(hex, bytes_of(was[i - 1].hash.b, 32));
			return strncmp(told(w, "books_hash") + 1, hex, 64) == 0 &&
			       strncmp(told(w, "books_valid"), "true", 4) == 0;
		}
	}
	printf("# nobody knows position %llu\n", (unsigned long long)*records);
	return false;
}

/* What is told beside it is the full sum, now. */
static bool exact_now(const struct world *w)
{
	static struct payout_account all[PAYOUT_OWN_MAX], open[PAYOUT_OWN_MAX];
	const struct books *b = payout_books(w->p);
	u128 owed = 0, reserves = 0;
	size_t n = payout_reconcile(w->p, all);

	for (size_t i = 0; i < b->account_count; i++) {
		const struct books_account *a = &b->accounts[i];

		owed += a->kind == BOOKS_CUSTOMER ? a->credits - a->debits : 0;
		reserves += books_kind_reserve(a->kind) ? a->debits - a->credits : 0;
	}
	if (!says(w, "customers", owed) || !says(w, "reserves", reserves) ||
	    strtoull(told(w, "journal_records"), NULL, 10) != payout_journal(w->p)->next_sequence ||
	    payout_reconcile_open(w->p, open) != n) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (open[i].arriving != all[i].arriving || open[i].leaving != all[i].leaving ||
		    open[i].books != all[i].books || open[i].chain != all[i].chain ||
		    open[i].explained != all[i].explained || !all[i].explained) {
			return false;
		}
	}
	return true;
}

static void happen(struct world *w)
{
	struct doc_request r;
	char key[16];

	switch (t_random() % 8) {
	case 0:
	case 1:
		pay_in(w, w->deposit_at.text, 1 + t_random() % X(20), "memo");
		return;
	case 2:
		r = request_of(w, "carol", X(50) + t_random() % X(3));
		(void)snprintf(key, sizeof key, "k%u", ++keys);
		post_request(w, key, &r);
		return;
	case 3:
		if (w->height > 40) {
			undo(w, 1 + (size_t)(t_random() % 3), true);
			mine_n(w, 4);
		}
		return;
	case 4:
		if (t_random() % 8 == 0) {
			restart(w);
			was_n = 0;
		}
		return;
	case 5:
		tick(w);
		return;
	default:
		mine(w);
		return;
	}
}

static void random_histories(size_t free)
{
	struct world *w = world_open();
	uint64_t records;

	payout_free(w->p);
	w->config.look_free = free;
	boot(w);
	was_n = 0;
	mine_n(w, 12);
	for (unsigned i = 0; i < STEPS; i++) {
		happen(w);
		note(w);
		for (unsigned again = 0; again < 3; again++) {
			ask(w);
			note(w);
			T_CHECK(exact_somewhere(w, &records));
			T_CHECK(exact_now(w));
			T_CHECK(free == 0 || records == payout_journal(w->p)->next_sequence);
		}
	}
	world_free(w);
}

static void exact_when_few(void)
{
	random_histories(PAYOUT_LOOK_FREE);
}

static void exact_when_many(void)
{
	random_histories(0);
}

/* However often it is asked, one look in so long; and none without anything new. */
static void asked_all_the_time(void)
{
	struct world *w = world_open();
	struct payout_looked first, now;
	struct doc_request r;
	char key[16];

	payout_free(w->p);
	w->config.look_free = 0;
	boot(w);
	T_EQ(payout_look(w->p, &first), ERR_OK);
	T_EQ(first.records, payout_journal(w->p)->next_sequence);
	for (unsigned i = 0; i < 20; i++) {
		r = request_of(w, "carol", X(50) + i);
		(void)snprintf(key, sizeof key, "k%u", i);
		post_request(w, key, &r);
		T_EQ(w->err, ERR_OK);
		T_EQ(payout_look(w->p, &now), ERR_OK);
		T_EQ(now.records, first.records); /* no time has passed */
	}
	T_CHECK(payout_journal(w->p)->next_sequence > first.records);
	tick(w);
	T_EQ(payout_look(w->p, &now), ERR_OK);
	T_EQ(now.records, payout_journal(w->p)->next_sequence);
	T_CHECK(now.valid && now.records > first.records);
	world_free(w);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "few accounts: always of now", exact_when_few },
		{ "many accounts: exact at the position that is named", exact_when_many },
		{ "asked all the time", asked_all_the_time },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
