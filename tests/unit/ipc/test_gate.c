/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: the gate lets in exactly what the tables say, and nothing by any other road.
 * Method: all 65,536 numbers x every set of roles x every progress x sizes around the limit, for
 * the real tables and a small one of every phase, against a second judgement written the other way
 * round.
 */
#include "base/attr.h"
#include "base/hex.h"
#include "crypto/sha256.h"
#include "ipc/frame.h"
#include "ipc/gate.h"
#include "ipc/msgs.h"
#include "t.h"

static const struct gate_row small_rows[] = {
	{ "HELLO", 2, ROLE_ANY, 36, PHASE_HELLO },
	{ "PING", 4, ROLE_SERVER | ROLE_PEER, 0, PHASE_ANY },
	{ "WORK", 0xfffe, ROLE_SERVER, 65536, PHASE_READY },
};

static void small_table(struct gate_table *t)
{
	gate_table_init(t, "small", 1, small_rows, ARRAY_LEN(small_rows));
}

static const enum gate_progress progresses[] = { GATE_NEW, GATE_OPEN, GATE_READY };

/* Listed as what may pass, not as what is refused. */
static bool may_pass(const struct gate_row *rows, size_t n, enum gate_progress progress,
		     uint16_t role, uint16_t number, uint32_t size)
{
	bool one = role == 1 || role == 2 || role == 4 || role == 8 || role == 16;

	for (size_t i = 0; i < n; i++) {
		if (rows[i].number == number && one && (rows[i].capability & role) != 0 &&
		    size <= rows[i].max_bytes) {
			if (rows[i].phase == PHASE_ANY) {
				return true;
			}
			if (rows[i].phase == PHASE_HELLO && progress == GATE_NEW) {
				return true;
			}
			if (rows[i].phase == PHASE_READY && progress == GATE_READY) {
				return true;
			}
		}
	}
	return false;
}

static bool walk(const struct gate_table *t, unsigned long *passed)
{
	for (uint32_t number = 0; number < 65536; number++) {
		const struct gate_row *row = gate_row_of(t, (uint16_t)number);
		uint32_t max = row != NULL ? row->max_bytes : 0;
		const uint32_t sizes[] = { 0, max, max + 1, 0xffffffff };

		for (uint16_t role = 0; role < 64; role++) {
			for (size_t p = 0; p < ARRAY_LEN(progresses); p++) {
				for (size_t z = 0; z < ARRAY_LEN(sizes); z++) {
					struct gate_state s = { .progress = progresses[p] };
					bool want = may_pass(t->rows, t->n, progresses[p], role,
							     (uint16_t)number, sizes[z]);
					enum err e =
					    gate_check(t, &s, role, (uint16_t)number, sizes[z]);
					bool moved = s.progress != progresses[p];
					bool may_move = want && progresses[p] == GATE_NEW &&
							row->phase == PHASE_ANY;

					if ((e == ERR_OK) != want || moved != may_move) {
						printf("# number %u role %u progress %zu size %u\n",
						       number, role, p, sizes[z]);
						return false;
					}
					*passed += want;
				}
				if (row == NULL) {
					break; /* without a row nothing else is looked at */
				}
			}
		}
	}
	return true;
}

static void every_number_role_phase(void)
{
	struct gate_table t;
	unsigned long passed = 0;

	small_table(&t);
	T_CHECK(walk(&t, &passed));
	T_CHECK(passed > 0);
	msgs_signer_table(&t);
	passed = 0;
	T_CHECK(walk(&t, &passed));
	T_CHECK(passed > 0);
	msgs_watcher_table(&t);
	passed = 0;
	T_CHECK(walk(&t, &passed));
	T_CHECK(passed > 0);
}

static void numbers_without_a_row_in_any_phase(void)
{
	struct gate_table t;

	msgs_signer_table(&t);
	for (uint32_t number = 0; number < 65536; number++) {
		for (size_t p = 0; p < ARRAY_LEN(progresses); p++) {
			struct gate_state s = { .progress = progresses[p] };

			if (gate_row_of(&t, (uint16_t)number) == NULL) {
				T_EQ(gate_check(&t, &s, ROLE_SERVER, (uint16_t)number, 0),
				     ERR_INPUT);
			}
		}
	}
}

static void order_of_the_checks(void)
{
	struct gate_table t;
	struct gate_state s = { 0 };

	small_table(&t);
	/* Unknown before role; role before phase; phase before size. */
	T_EQ(gate_check(&t, &s, 0, 6, 99999), ERR_INPUT);
	T_EQ(gate_check(&t, &s, ROLE_WATCHER, 0xfffe, 99999), ERR_CAPABILITY);
	T_EQ(gate_check(&t, &s, ROLE_SERVER, 0xfffe, 99999), ERR_STATE);
	s.progress = GATE_READY;
	T_EQ(gate_check(&t, &s, ROLE_SERVER, 0xfffe, 65537), ERR_TOO_LARGE);
	T_EQ(gate_check(&t, &s, ROLE_SERVER, 0xfffe, 65536), ERR_OK);
	T_EQ(gate_check(&t, &s, ROLE_SERVER, 0xffff, 0), ERR_INPUT);
	T_EQ(gate_check(&t, &s, ROLE_SERVER | ROLE_PEER, 4, 0), ERR_CAPABILITY);
}

static void hello_is_first_or_never(void)
{
	struct gate_table t;
	struct gate_state s = { 0 };
	uint8_t hello[GATE_HELLO_BYTES];

	small_table(&t);
	gate_hello_put(&t, hello);
	T_EQ(gate_check(&t, &s, ROLE_PEER, 4, 0), ERR_OK);
	T_EQ(gate_check(&t, &s, ROLE_PEER, 2, 36), ERR_STATE);
	T_EQ(gate_hello(&t, &s, bytes_of(hello, sizeof hello)), ERR_INPUT);
	s.progress = GATE_NEW;
	T_EQ(gate_check(&t, &s, ROLE_PEER, 2, 36), ERR_OK);
	T_EQ(gate_hello(&t, &s, bytes_of(hello, sizeof hello)), ERR_OK);
	T_EQ(s.progress, GATE_READY);
	T_EQ(gate_check(&t, &s, ROLE_PEER, 2, 36), ERR_STATE);
	T_EQ(gate_hello(&t, &s, bytes_of(hello, sizeof hello)), ERR_INPUT);
}

static void every_wrong_hello(void)
{
	struct gate_table t;
	uint8_t hello[GATE_HELLO_BYTES + 1] = { 0 };

	small_table(&t);
	for (size_t n = 0; n <= sizeof hello; n++) {
		struct gate_state s = { 0 };

		gate_hello_put(&t, hello);
		T_EQ(gate_hello(&t, &s, bytes_of(hello, n)),
		     n == GATE_HELLO_BYTES ? ERR_OK : ERR_INPUT);
	}
	for (size_t bit = 0; bit < (size_t)8 * GATE_HELLO_BYTES; bit++) {
		struct gate_state s = { 0 };

		gate_hello_put(&t, hello);
		hello[bit / 8] ^= (uint8_t)(1u << bit % 8);
		T_EQ(gate_hello(&t, &s, bytes_of(hello, GATE_HELLO_BYTES)), ERR_VERSION);
		T_EQ(s.progress, GATE_NEW);
	}
}

static void the_hash_names_every_detail(void)
{
	struct gate_table t;
	struct gate_table other;
	struct gate_row rows[ARRAY_LEN(small_rows)];
	struct hash32 want;

	small_table(&t);
	sha256(&want, bytes_str("kuramori ipc small 1\n"
				"HELLO 2 31 36 1\n"
				"PING 4 17 0 0\n"
				"WORK 65534 1 65536 2\n"));
	T_MEM(t.hash.b, want.b, 32);
	for (int change = 0; change < 7; change++) {
		const char *name = "small";
		uint32_t version = 1;

		memcpy(rows, small_rows, sizeof rows);
		switch (change) {
		case 0:
			name = "smalL";
			break;
		case 1:
			version = 2;
			break;
		case 2:
			rows[1].name = "PONG";
			break;
		case 3:
			rows[1].number = 6;
			break;
		case 4:
			rows[1].capability = ROLE_SERVER;
			break;
		case 5:
			rows[1].max_bytes = 1;
			break;
		case 6:
			rows[1].phase = PHASE_READY;
			break;
		}
		gate_table_init(&other, name, version, rows, ARRAY_LEN(rows));
		T_CHECK(!hash32_eq(&t.hash, &other.hash));
	}
	gate_table_init(&other, "small", 1, small_rows, 2);
	T_CHECK(!hash32_eq(&t.hash, &other.hash));
}

static struct gate_row broken[3];

static void init_broken(void)
{
	struct gate_table t;

	gate_table_init(&t, "broken", 1, broken, 3);
}

static void our_own_bad_rows_die(void)
{
	for (int fault = 0; fault < 9; fault++) {
		memcpy(broken, small_rows, sizeof broken);
		switch (fault) {
		case 0:
			broken[1].number = 5;
			break;
		case 1:
			broken[1].number = 0;
			break;
		case 2:
			broken[1].number = 2;
			break;
		case 3:
			broken[1].capability = 0;
			break;
		case 4:
			broken[1].capability = ROLE_ANY + 1;
			break;
		case 5:
			broken[1].max_bytes = 65537;
			break;
		case 6:
			broken[0].phase = PHASE_ANY;
			break;
		case 7:
			broken[1].phase = PHASE_HELLO;
			broken[1].max_bytes = 36;
			break;
		case 8:
			broken[0].max_bytes = 40;
			break;
		}
		T_CHECK(t_dies(SIGABRT, init_broken));
	}
}

static void replies(void)
{
	struct gate_table t;

	small_table(&t);
	T_EQ(gate_check_reply(&t, 3, 65536), ERR_OK);
	T_EQ(gate_check_reply(&t, 5, 0), ERR_OK);
	T_EQ(gate_check_reply(&t, 0xffff, 0), ERR_OK);
	T_EQ(gate_check_reply(&t, 3, 65537), ERR_TOO_LARGE);
	for (uint32_t n = 0; n < 65536; n++) {
		bool known = n == 3 || n == 5 || n == 0xffff;

		T_EQ(gate_check_reply(&t, (uint16_t)n, 0), known ? ERR_OK : ERR_INPUT);
	}
}

/* Who may ask a signer to sign, to unlock, to lift nothing: in words, apart from the .def. */
static void powers_of_the_signers_sockets(void)
{
	struct gate_table t;
	struct gate_state s = { .progress = GATE_READY };

	msgs_signer_table(&t);
	T_EQ(gate_check(&t, &s, ROLE_SERVER, SIGNER_SIGN, 0), ERR_OK);
	T_EQ(gate_check(&t, &s, ROLE_WATCHER, SIGNER_SIGN, 0), ERR_CAPABILITY);
	T_EQ(gate_check(&t, &s, ROLE_STOP, SIGNER_SIGN, 0), ERR_CAPABILITY);
	T_EQ(gate_check(&t, &s, ROLE_UNLOCK, SIGNER_SIGN, 0), ERR_CAPABILITY);
	T_EQ(gate_check(&t, &s, ROLE_PEER, SIGNER_SIGN, 0), ERR_CAPABILITY);
	T_EQ(gate_check(&t, &s, ROLE_SERVER, SIGNER_UNLOCK, 0), ERR_CAPABILITY);
	T_EQ(gate_check(&t, &s, ROLE_SERVER, SIGNER_ACK, 0), ERR_CAPABILITY);
	T_EQ(gate_check(&t, &s, ROLE_SERVER, SIGNER_SWEEP, 0), ERR_CAPABILITY);
	T_EQ(gate_check(&t, &s, ROLE_SERVER, SIGNER_HEARTBEAT, 0), ERR_CAPABILITY);
	T_EQ(gate_check(&t, &s, ROLE_STOP, SIGNER_STOP_PUT, 0), ERR_OK);
	s.progress = GATE_NEW;
	T_EQ(gate_check(&t, &s, ROLE_SERVER, SIGNER_SIGN, 0), ERR_STATE);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "every number, role, phase and size", every_number_role_phase },
		{ "a number without a row is refused in any phase",
		  numbers_without_a_row_in_any_phase },
		{ "the order of the checks", order_of_the_checks },
		{ "HELLO is first or never", hello_is_first_or_never },
		{ "every wrong HELLO", every_wrong_hello },
		{ "the hash names every detail", the_hash_names_every_detail },
		{ "our own bad rows die", our_own_bad_rows_die },
		{ "replies", replies },
		{ "powers of the signer's sockets", powers_of_the_signers_sockets },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
