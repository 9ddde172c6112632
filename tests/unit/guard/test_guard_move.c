/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a signer moves with its memory and in one place at a time (P7, T26).
 * Method: journals that were exported, imported, both, in every order: started, replayed, and with
 * hand-made records behind them.
 */
#include "t.h"

#include "guard_rig.h"

static void keep(struct bytes batch)
{
	CHECK(r.journal_n[A] + batch.n <= sizeof r.journal[A]);
	memcpy(r.journal[A] + r.journal_n[A], batch.p, batch.n);
	r.journal_n[A] += batch.n;
}

/* A's guard over the journal as it is, before guard_start(). */
static enum err stand(void)
{
	const struct guard_config c = rig_config(A);
	struct doc_fault fault;
	struct log_batch_head head;
	enum err e = ERR_OK;

	CHECK(guard_init(&r.g[A], &c, &fault) == ERR_OK);
	for (size_t at = 0; e == ERR_OK && at < r.journal_n[A]; at += head.bytes) {
		CHECK(log_batch_head_get(&head, r.journal[A] + at) == ERR_OK);
		e = guard_replay(&r.g[A], bytes_of(r.journal[A] + at, head.bytes));
	}
	return e;
}

static enum err commit(enum err e)
{
	if (e == ERR_OK) {
		CHECK(r.out.n == 1 && r.out.list[0].kind == EFFECT_COMMIT);
		keep(r.out.list[0].body);
	}
	return e;
}

static enum err export_it(void)
{
	effects_init(&r.out, r.store, sizeof r.store);
	return commit(guard_export(&r.g[A], r.wall, &r.out));
}

static enum err import_it(void)
{
	effects_init(&r.out, r.store, sizeof r.store);
	return commit(guard_import(&r.g[A], r.wall, &r.out));
}

static enum err start_it(void)
{
	effects_init(&r.out, r.store, sizeof r.store);
	return guard_start(&r.g[A], r.wall, 5000, &r.out);
}

static void ends_here_and_goes_on_there(void)
{
	uint64_t own_ms;

	rig_make();
	T_EQ(stand(), ERR_OK);
	own_ms = r.g[A].own_base_ms;
	T_CHECK(!guard_exported(&r.g[A]));
	T_EQ(import_it(), ERR_STATE);
	T_EQ(export_it(), ERR_OK);
	T_CHECK(guard_exported(&r.g[A]));
	T_EQ(export_it(), ERR_STATE);
	T_EQ(start_it(), ERR_STATE);
	T_EQ(r.out.n, 0u);
	/* the same after it was read again: there is no way back but an import */
	T_EQ(stand(), ERR_OK);
	T_EQ(start_it(), ERR_STATE);
	T_EQ(export_it(), ERR_STATE);
	r.wall -= 3600 * 1000; /* the other host's clock is an hour behind */
	T_EQ(import_it(), ERR_OK);
	T_CHECK(!guard_exported(&r.g[A]));
	T_EQ(stand(), ERR_OK);
	T_EQ(r.g[A].own_base_ms, own_ms);
	T_EQ(import_it(), ERR_STATE);
	/* and away again */
	T_EQ(export_it(), ERR_OK);
	T_EQ(import_it(), ERR_OK);
	T_EQ(start_it(), ERR_OK);
}

static void remembers_what_it_signed(void)
{
	uint64_t id;

	rig_make();
	rig_well(A);
	rig_withdrawal(X(50), 0, 1);
	id = rig_sign();
	rig_acks(A);
	T_CHECK(rig_answer(id) != NULL);
	T_EQ(stand(), ERR_OK);
	T_EQ(export_it(), ERR_OK);
	T_EQ(import_it(), ERR_OK);
	rig_restart(A);
	T_EQ(guard_spent(&r.g[A], POLICY_DAY_MS, false),
	     guard_spent(&r.g[A], POLICY_HOUR_MS, false));
	T_CHECK(guard_spent(&r.g[A], POLICY_DAY_MS, false) > X(50));
	T_EQ(r.g[A].payments_n, 1u);
}

static void nothing_to_move(void)
{
	rig_make();
	r.journal_n[A] = 0;
	T_EQ(stand(), ERR_OK);
	T_EQ(export_it(), ERR_STATE);
	T_EQ(import_it(), ERR_STATE);
}

static struct log_record record(uint16_t kind, unsigned signer)
{
	struct log_record rec = { .kind = kind, .amount = signer };

	le64_put(rec.debit.b, r.g[A].own_base_ms);
	return rec;
}

/* One more record, sealed with the journal's own secret, then all of it read again. */
static enum err with(uint16_t kind, unsigned signer)
{
	static uint8_t raw[65536];
	struct log_record rec = record(kind, signer);
	struct log_batch b;
	struct bytes sealed;
	size_t before = r.journal_n[A];
	enum err e;

	CHECK(stand() == ERR_OK);
	log_batch_begin(&b, raw, sizeof raw);
	CHECK(log_batch_add_record(&b, &rec) == ERR_OK);
	log_batch_seal(&sealed, &b, &r.g[A].chain, &r.log_secret);
	keep(sealed);
	e = stand();
	if (e != ERR_OK) {
		r.journal_n[A] = before;
	}
	return e;
}

static void journals_that_no_signer_wrote(void)
{
	rig_make();
	T_EQ(with(LOG_GUARD_IMPORT, A), ERR_CORRUPT); /* it was never exported */
	T_EQ(with(LOG_GUARD_EXPORT, B), ERR_CORRUPT);
	T_EQ(with(LOG_GUARD_EXPORT, A), ERR_OK);
	T_EQ(with(LOG_GUARD_EXPORT, A), ERR_CORRUPT);
	T_EQ(with(LOG_GUARD_PASSKEY, A), ERR_CORRUPT); /* behind its end */
	T_EQ(with(LOG_GUARD_IMPORT, B), ERR_CORRUPT);
	T_EQ(with(LOG_GUARD_IMPORT, A), ERR_OK);
	T_EQ(with(LOG_GUARD_IMPORT, A), ERR_CORRUPT);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "a journal ends here and goes on there", ends_here_and_goes_on_there },
		{ "what was signed is remembered", remembers_what_it_signed },
		{ "a signer that never started has nothing to move", nothing_to_move },
		{ "journals that no signer wrote", journals_that_no_signer_wrote },
	};
	int result = t_main(cases, ARRAY_LEN(cases), argc, argv);

	rig_forget();
	return result;
}
