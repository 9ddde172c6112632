/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: of each type of transaction, alone and in a wrapper, exactly those hear whom NIS tells, in
 * its order (N:websocket/MessagingService.java).
 * Method: the lists as strings of names, for every type; with a levy, known to the chain or not.
 */
#include "nis/nis_hearers.h"

#include "base/attr.h"
#include "nis_kit.h"

static char text[1024];

/* M for address_of(M); ? for anybody else. */
static void names(const struct nem_address *list, size_t n, char mark)
{
	static const char letters[] = "?ABCRMXTYZ";
	size_t at = strlen(text);

	text[at++] = mark;
	for (size_t i = 0; i < n; i++) {
		char name = '?';

		for (unsigned who = A; who < WHO_N; who++) {
			struct nem_address a = address_of(who);

			name = nem_address_eq(&a, &list[i]) ? letters[who] : name;
		}
		text[at++] = name;
	}
	text[at] = '\0';
}

/* "!told$mosaics@namespaces" */
static const char *hear(const struct world *w, const struct nem_tx *tx)
{
	static struct nis_hearers h;

	memset(&h, 0xa5, sizeof h);
	nis_hearers(w->n, tx, &h);
	text[0] = '\0';
	names(h.told, h.told_n, '!');
	names(h.mosaics, h.mosaics_n, '$');
	names(h.namespaces, h.namespaces_n, '@');
	return text;
}

static const char *hear_wrapped(const struct world *w, const struct nem_tx *inner)
{
	struct nem_tx tx = wrap(A, inner, w->now);

	return hear(w, &tx);
}

static void alone_and_wrapped(void)
{
	struct world w;
	struct nem_tx tx;

	T_CHECK(world_open(&w));
	tx = transfer(M, X, 5, w.now);
	T_STR(hear(&w, &tx), "!MX$@");
	T_STR(hear_wrapped(&w, &tx), "!AMX$@");
	tx = transfer(M, M, 5, w.now);
	T_STR(hear(&w, &tx), "!MM$@");
	tx = importance(M, R, NEM_IMPORTANCE_ACTIVATE, w.now);
	T_STR(hear(&w, &tx), "!MR$@");
	T_STR(hear_wrapped(&w, &tx), "!AMR$@");
	tx = provision(M, "", "alice", w.now);
	T_STR(hear(&w, &tx), "!M$@M");
	T_STR(hear_wrapped(&w, &tx), "!AM$@M");
	tx = modification(M, 1, w.now);
	T_STR(hear(&w, &tx), "!M$@");
	entry(&tx, NEM_ADD, B);
	entry(&tx, NEM_DELETE, C);
	T_STR(hear(&w, &tx), "!MBC$@");
	T_STR(hear_wrapped(&w, &tx), "!AMBC$@");
	tx = definition(M, "alice:gold", w.now);
	T_STR(hear(&w, &tx), "!M$M@");
	T_STR(hear_wrapped(&w, &tx), "!AM$M@");
	tx.definition.mosaic.levy = (struct nem_levy){ .type = NEM_LEVY_ABSOLUTE,
						       .recipient = address_of(Z),
						       .mosaic = nem_mosaic_xem,
						       .fee = 1 };
	T_STR(hear(&w, &tx), "!MZ$MZ@");
	tx = supply(M, "alice:gold", NEM_SUPPLY_CREATE, 1, w.now);
	T_STR(hear(&w, &tx), "!M$M@");
	T_STR(hear_wrapped(&w, &tx), "!AM$M@");
	/* a mosaic that nobody knows has no levy */
	tx = send(M, X, "alice:gold", 5, w.now);
	T_STR(hear(&w, &tx), "!MX$XM@");
	T_STR(hear_wrapped(&w, &tx), "!AMX$AXM@");
	WORLD_CLOSE(&w);
}

static void cosignatures(void)
{
	struct world w;
	struct nem_tx tx, inner;

	T_CHECK(world_open(&w));
	inner = transfer(M, X, 5, w.now);
	tx = wrap(A, &inner, w.now);
	tx = cosignature(B, &tx, w.now);
	T_STR(hear(&w, &tx), "!$@");
	WORLD_CLOSE(&w);
}

static void levies_of_the_chain(void)
{
	struct world w;
	struct nem_tx tx;

	T_CHECK(world_open(&w));
	T_EQ(say(&w, provision(A, "", "alice", w.now), A), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	tx = definition(A, "alice:gold", w.now);
	tx.definition.mosaic.levy = (struct nem_levy){ .type = NEM_LEVY_ABSOLUTE,
						       .recipient = address_of(Z),
						       .mosaic = nem_mosaic_xem,
						       .fee = 1 };
	T_EQ(say(&w, tx, A), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	tx = send(M, X, "alice:gold", 5, w.now);
	T_STR(hear(&w, &tx), "!MX$XMZ@");
	tx = supply(A, "alice:gold", NEM_SUPPLY_CREATE, 1, w.now);
	T_STR(hear(&w, &tx), "!AZ$AZ@");
	/* the definition is undone, and with it the levy */
	T_EQ(nis_roll_back(w.n, 2, w.now), ERR_OK);
	T_STR(hear(&w, &tx), "!A$A@");
	WORLD_CLOSE(&w);
}

/* As many as there can be: every entry of a modification, every mosaic with a levy. */
static void most(void)
{
	struct world w;
	struct nem_tx tx;
	struct nis_hearers h;

	T_CHECK(world_open(&w));
	T_EQ(say(&w, provision(A, "", "alice", w.now), A), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	for (unsigned i = 0; i < NEM_MOSAICS_MAX; i++) {
		char id[32];

		(void)snprintf(id, sizeof id, "alice:m%02u", i);
		tx = definition(A, id, w.now);
		tx.definition.mosaic.levy = (struct nem_levy){ .type = NEM_LEVY_ABSOLUTE,
							       .recipient = address_of(1 + i % 9),
							       .mosaic = nem_mosaic_xem,
							       .fee = 1 };
		T_EQ(say(&w, tx, A), NEM_SUCCESS);
	}
	T_CHECK(mine(&w, PUBLIC));
	tx = send(M, X, "alice:m00", 1, w.now);
	for (unsigned i = 0; i < NEM_MOSAICS_MAX; i++) {
		char id[32];

		(void)snprintf(id, sizeof id, "alice:m%02u", i);
		tx.transfer.mosaic[i] = (struct nem_mosaic){ mosaic_id(id), 1 };
	}
	tx.transfer.mosaics = NEM_MOSAICS_MAX;
	T_STR(hear_wrapped(&w, &tx), "!AMX$AXMABCRMXTYZABC@");
	tx = modification(M, 1, w.now);
	for (unsigned i = 0; i < NEM_MODIFICATIONS_MAX; i++) {
		entry(&tx, NEM_ADD, 100 + i);
	}
	tx = wrap(A, &tx, w.now);
	nis_hearers(w.n, &tx, &h);
	T_EQ(h.told_n, NIS_TOLD_MAX);
	WORLD_CLOSE(&w);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "every type, alone and in a wrapper", alone_and_wrapped },
		{ "a cosignature is nobody's by name", cosignatures },
		{ "a levy that the chain knows", levies_of_the_chain },
		{ "the most there can be", most },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
