/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: effects keep their order and their bytes, and never more than fits.
 * Method: fill a list of all kinds and read it back after the sources are gone; bodies built in
 * place; every overflow dies; log lines with hostile bytes stay one printable line.
 */
#include "log/step.h"

#include "t.h"

static uint8_t store[4096];

static void order_and_copies(void)
{
	struct effects e;
	uint8_t body[5] = { 1, 2, 3, 4, 5 };

	effects_init(&e, store, sizeof(store));
	T_EQ(effects_free(&e), EFFECTS_MAX);
	effects_commit(&e, bytes_of(body, 5));
	effects_send(&e, 7, 12, 99, bytes_of(body, 3));
	effects_call(&e, 3, 100, bytes_of(body, 1));
	effects_note(&e, "info %s n=%d", "started", 4);
	effects_close(&e, 8);
	effects_send(&e, 7, 13, 101, bytes_of(NULL, 0));
	memset(body, 0xee, sizeof(body));
	T_EQ(e.n, 6);
	T_EQ(effects_free(&e), EFFECTS_MAX - 6);
	T_EQ(e.list[0].kind, EFFECT_COMMIT);
	T_EQ(e.list[0].body.n, 5);
	T_MEM(e.list[0].body.p, "\1\2\3\4\5", 5);
	T_EQ(e.list[1].kind, EFFECT_SEND);
	T_EQ(e.list[1].channel, 7);
	T_EQ(e.list[1].number, 12);
	T_EQ(e.list[1].request_id, 99);
	T_EQ(e.list[1].body.n, 3);
	T_MEM(e.list[1].body.p, "\1\2\3", 3);
	T_EQ(e.list[2].kind, EFFECT_CALL);
	T_EQ(e.list[2].number, 3);
	T_EQ(e.list[2].request_id, 100);
	T_EQ(e.list[2].channel, 0);
	T_EQ(e.list[3].kind, EFFECT_NOTE);
	T_EQ(e.list[3].body.n, 16);
	T_MEM(e.list[3].body.p, "info started n=4", 16);
	T_EQ(e.list[4].kind, EFFECT_CLOSE);
	T_EQ(e.list[4].channel, 8);
	T_EQ(e.list[5].body.n, 0);
	effects_reset(&e);
	T_EQ(e.n, 0);
	T_EQ(effects_room(&e) <= sizeof(store) && effects_room(&e) > sizeof(store) - 16, 1);
}

static void built_in_place(void)
{
	struct effects e;
	uint8_t *p;
	size_t used;

	effects_init(&e, store, sizeof(store));
	effects_note(&e, "x");
	p = effects_take(&e, 100);
	T_EQ((uintptr_t)p % 16, 0);
	memset(p, 0x5a, 60);
	effects_give_back(&e, 40);
	used = e.used;
	effects_commit(&e, bytes_of(p, 60));
	T_EQ(e.used, used);
	T_CHECK(e.list[1].body.p == p);
	effects_note(&e, "after");
	T_EQ(e.list[1].body.p[59], 0x5a);
	/* a part of a body that stands in the store already */
	effects_send(&e, 1, 2, 3, bytes_of(p + 10, 20));
	T_CHECK(e.list[3].body.p == p + 10);
}

static void exact_fit(void)
{
	struct effects e;
	static uint8_t body[4096];

	effects_init(&e, store, sizeof(store));
	T_CHECK(effects_room(&e) > 4000);
	effects_commit(&e, bytes_of(body, effects_room(&e)));
	T_EQ(effects_room(&e), 0);
	effects_close(&e, 1);
	T_EQ(e.n, 2);
}

static void dies_too_many(void)
{
	struct effects e;

	effects_init(&e, store, sizeof(store));
	for (int i = 0; i < EFFECTS_MAX + 1; i++) {
		effects_close(&e, 1);
	}
}

static void fits_exactly(void)
{
	struct effects e;

	effects_init(&e, store, sizeof(store));
	for (int i = 0; i < EFFECTS_MAX; i++) {
		effects_close(&e, 1);
	}
	T_EQ(effects_free(&e), 0);
}

static void dies_too_large(void)
{
	struct effects e;
	static uint8_t body[4096];

	effects_init(&e, store, 100);
	effects_commit(&e, bytes_of(body, 101));
}

static void dies_taking(void)
{
	struct effects e;

	effects_init(&e, store, 100);
	(void)effects_take(&e, SIZE_MAX - 8);
}

static void dies_empty_commit(void)
{
	struct effects e;

	effects_init(&e, store, 100);
	effects_commit(&e, bytes_of(NULL, 0));
}

static void overflow_dies(void)
{
	T_CHECK(t_dies(SIGABRT, dies_too_many));
	T_CHECK(t_dies(SIGABRT, dies_too_large));
	T_CHECK(t_dies(SIGABRT, dies_taking));
	T_CHECK(t_dies(SIGABRT, dies_empty_commit));
}

static void hostile_lines(void)
{
	struct effects e;
	char text[2000];

	effects_init(&e, store, sizeof(store));
	effects_note(&e, "warn refused reason=%s", "a\nbroken forged\x1b[2J\xff\x7f");
	T_EQ(e.list[0].body.n, 41);
	T_MEM(e.list[0].body.p, "warn refused reason=a?broken forged?[2J??", 41);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	effects_note(&e, "%s", text);
	T_EQ(e.list[1].body.n, EFFECTS_NOTE_MAX - 1);
	T_MEM(e.list[1].body.p + e.list[1].body.n - 4, "x...", 4);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "order and copies", order_and_copies },
		{ "bodies built in place", built_in_place },
		{ "a body that fits exactly", exact_fit },
		{ "as many effects as fit", fits_exactly },
		{ "overflow dies", overflow_dies },
		{ "hostile bytes in log lines", hostile_lines },
	};

	return t_main(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
