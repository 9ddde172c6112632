/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: from the same facts everybody derives the same attempt, sweep and bytes, and no other
 * passes the check.
 * Method: derive, then alter every field by one; sweeps for balances around every step of the fee
 * table; the bytes decoded again and compared with what was asked for; signatures flipped bit by
 * bit.
 */
#include "t.h"

#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_tx.h"
#include "crypto/crypto.h"
#include "crypto/edk.h"
#include "policy/payment.h"
#include "policy_world.h"

static struct world w;
static struct doc_attempt attempt;
static struct doc_sweep sweep;

static void make(void)
{
	world_make(&w);
	CHECK(attempt_make(&attempt, &w.policy, &w.order, &w.order_id, 1,
			   &w.genesis.hot[0].public_key, w.q.now.chain_s) == ERR_OK);
}

static struct policy_verdict check(void)
{
	return attempt_check(&w.genesis, &w.policy, &w.order, &w.order_id, &attempt, 0, &w.q.now);
}

#define ALTERED(change, e, f)             \
	do {                              \
		struct policy_verdict v_; \
		make();                   \
		change;                   \
		v_ = check();             \
		T_EQ(v_.err, e);          \
		T_STR(v_.field, f);       \
	} while (0)

static void attempts(void)
{
	make();
	T_EQ(check().err, ERR_OK);
	T_EQ(attempt.number, 1);
	T_EQ(attempt.deadline_nem_s, attempt.timestamp_nem_s + 3600);
	ALTERED(attempt.genesis.b[3] ^= 1, ERR_MISMATCH, "attempt.genesis");
	ALTERED(attempt.order.b[0] ^= 1, ERR_MISMATCH, "attempt.order");
	ALTERED(attempt.number = 2, ERR_STATE, "attempt.number");
	ALTERED(attempt.number = 0, ERR_STATE, "attempt.number");
	ALTERED(attempt.account = world_key(2), ERR_POLICY, "attempt.account"); /* a purse */
	ALTERED(attempt.account = world_key(3), ERR_POLICY, "attempt.account"); /* deposits */
	ALTERED(attempt.account = world_key(9), ERR_POLICY, "attempt.account"); /* a stranger */
	ALTERED(attempt.fee_inner = xem(99999), ERR_MISMATCH, "attempt.fee_inner");
	ALTERED(attempt.fee_inner = xem(100001), ERR_MISMATCH, "attempt.fee_inner");
	ALTERED(attempt.fee_inner = money_of(ASSET_JPY, 100000), ERR_MISMATCH, "attempt.fee_inner");
	ALTERED(attempt.fee_outer = xem(150001), ERR_MISMATCH, "attempt.fee_outer");
	ALTERED(attempt.fee_outer = xem(149999), ERR_MISMATCH, "attempt.fee_outer");
	ALTERED(attempt.fee_outer = xem(X(999000)), ERR_MISMATCH, "attempt.fee_outer");
	ALTERED(attempt.fee_cosign = xem(150001), ERR_MISMATCH, "attempt.fee_cosign");
	ALTERED(attempt.fee_cosign = xem(0), ERR_MISMATCH, "attempt.fee_cosign");
	ALTERED(attempt.deadline_nem_s++, ERR_MISMATCH, "attempt.deadline_nem_s");
	ALTERED(attempt.deadline_nem_s--, ERR_MISMATCH, "attempt.deadline_nem_s");
	ALTERED(attempt.timestamp_nem_s++, ERR_MISMATCH, "attempt.deadline_nem_s");
	ALTERED(attempt.deadline_nem_s = UINT64_MAX, ERR_FIELD_RANGE, "attempt.deadline_nem_s");
	ALTERED(attempt.timestamp_nem_s = UINT64_MAX, ERR_FIELD_RANGE, "attempt.deadline_nem_s");
	ALTERED(w.order.amount = xem(0), ERR_AMOUNT, "order.amount");
}

static void attempt_times(void)
{
	make();
	attempt.timestamp_nem_s += 10;
	attempt.deadline_nem_s += 10;
	T_EQ(check().err, ERR_OK);
	attempt.timestamp_nem_s += 1;
	attempt.deadline_nem_s += 1;
	T_EQ(check().err, ERR_CLOCK);
	make();
	w.q.now.chain_s += 3599;
	T_EQ(check().err, ERR_OK);
	w.q.now.chain_s += 1;
	T_EQ(check().err, ERR_EXPIRED);
	make();
	w.q.now.wall_ms += 3600000; /* the host's clock alone ends it too */
	T_EQ(check().err, ERR_EXPIRED);
	/* what the chain cannot carry is not derived */
	make();
	T_EQ(attempt_make(&attempt, &w.policy, &w.order, &w.order_id, 1,
			  &w.genesis.hot[0].public_key, NEM_TIME_MAX_S - 3600),
	     ERR_OK);
	T_EQ(attempt_make(&attempt, &w.policy, &w.order, &w.order_id, 1,
			  &w.genesis.hot[0].public_key, NEM_TIME_MAX_S - 3599),
	     ERR_FIELD_RANGE);
	T_EQ(attempt_make(&attempt, &w.policy, &w.order, &w.order_id, 1,
			  &w.genesis.hot[0].public_key, (uint32_t)NEM_TIME_MAX_S + 1),
	     ERR_FIELD_RANGE);
	T_EQ(attempt_make(&attempt, &w.policy, &w.order, &w.order_id, 0,
			  &w.genesis.hot[0].public_key, 1000),
	     ERR_FIELD_RANGE);
	T_EQ(attempt_make(&attempt, &w.policy, &w.order, &w.order_id, DOC_ATTEMPTS_MAX,
			  &w.genesis.hot[0].public_key, 1000),
	     ERR_OK);
	T_EQ(attempt_make(&attempt, &w.policy, &w.order, &w.order_id, DOC_ATTEMPTS_MAX + 1,
			  &w.genesis.hot[0].public_key, 1000),
	     ERR_FIELD_RANGE);
	w.policy.attempt_life_s = NEM_TIME_DEADLINE_MAX_S + 1;
	T_EQ(attempt_make(&attempt, &w.policy, &w.order, &w.order_id, 1,
			  &w.genesis.hot[0].public_key, 1000),
	     ERR_FIELD_RANGE);
	w.policy.attempt_life_s = 0;
	T_EQ(attempt_make(&attempt, &w.policy, &w.order, &w.order_id, 1,
			  &w.genesis.hot[0].public_key, 1000),
	     ERR_FIELD_RANGE);
	/* a host whose clock is before the chain began: the chain's counts */
	make();
	w.q.now.wall_ms = 0;
	T_EQ(check().err, ERR_OK);
	w.q.now.chain_s += 3600;
	T_EQ(check().err, ERR_EXPIRED);
}

static enum err sweep_of(uint64_t balance)
{
	struct money m = xem(balance);
	const struct hash32 genesis = { { 1 } };

	return attempt_sweep_make(&sweep, &w.genesis, &w.policy, &genesis,
				  &w.genesis.hot[1].public_key, &m, w.q.now.chain_s);
}

static struct policy_verdict sweep_check(void)
{
	return attempt_sweep_check(&w.genesis, &w.policy, &sweep, &w.q.now);
}

static u128 sweep_total(void)
{
	return money_units(&sweep.amount) + money_units(&sweep.fee_inner) +
	       money_units(&sweep.fee_outer) + money_units(&sweep.fee_cosign);
}

/* Nothing is left and nothing is overdrawn, around every step of the fee table. */
static void whole_moves(void)
{
	world_make(&w);
	for (uint64_t step = 0; step <= 26; step++) {
		for (uint64_t near = 0; near < 60; near++) {
			uint64_t balance = X(10000) * step + 350000 + near * 13337;

			if (balance <= 350000) {
				T_EQ(sweep_of(balance), ERR_FUNDS);
				continue;
			}
			T_EQ(sweep_of(balance), ERR_OK);
			T_CHECK(sweep_total() == balance);
			T_CHECK(money_units(&sweep.fee_inner) >=
				nem_fee_transfer((uint64_t)money_units(&sweep.amount), 0));
			T_EQ(sweep_check().err, ERR_OK);
		}
	}
	T_EQ(sweep_of(0), ERR_FUNDS);
	T_EQ(sweep_of(350001), ERR_OK);
	T_CHECK(money_units(&sweep.amount) == 1);
	T_EQ(sweep_of(NEM_SUPPLY_MICRO), ERR_OK);
	T_EQ(sweep_of(NEM_SUPPLY_MICRO + 1), ERR_FIELD_RANGE);
	{
		const struct hash32 genesis = { { 1 } };
		struct money odd[] = { money_of(ASSET_JPY, 5000000),
				       money_of(ASSET_XEM, (u128)1 << 64) };

		for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
			T_EQ(attempt_sweep_make(&sweep, &w.genesis, &w.policy, &genesis,
						&w.genesis.hot[1].public_key, &odd[i],
						w.q.now.chain_s),
			     ERR_FIELD_RANGE);
		}
	}
	w.q.now.chain_s = (uint32_t)NEM_TIME_MAX_S + 1;
	T_EQ(sweep_of(X(5000)), ERR_FIELD_RANGE);
	w.q.now.chain_s = (uint32_t)NEM_TIME_MAX_S - 3599;
	T_EQ(sweep_of(X(5000)), ERR_FIELD_RANGE);
	w.q.now.chain_s = 1000;
	w.policy.attempt_life_s = 0;
	T_EQ(sweep_of(X(5000)), ERR_FIELD_RANGE);
	w.policy.attempt_life_s = NEM_TIME_DEADLINE_MAX_S + 1;
	T_EQ(sweep_of(X(5000)), ERR_FIELD_RANGE);
}

#define SWEPT(change, e, f)                      \
	do {                                     \
		struct policy_verdict v_;        \
		world_make(&w);                  \
		T_EQ(sweep_of(X(5000)), ERR_OK); \
		change;                          \
		v_ = sweep_check();              \
		T_EQ(v_.err, e);                 \
		T_STR(v_.field, f);              \
	} while (0)

static void altered_sweeps(void)
{
	struct money m = xem(X(5000));
	const struct key32 stranger = world_key(9);
	const struct hash32 genesis = { { 1 } };

	SWEPT((void)0, ERR_OK, "");
	SWEPT(sweep.account = world_key(9), ERR_POLICY, "sweep.account");
	/* another account's spare, a stranger's address */
	SWEPT(sweep.account = world_key(1), ERR_POLICY, "sweep.destination");
	SWEPT(sweep.destination = w.genesis.hot[0].spare, ERR_POLICY, "sweep.destination");
	SWEPT(world_address(&sweep.destination, 200, 0x98), ERR_POLICY, "sweep.destination");
	SWEPT(sweep.amount = xem(0), ERR_AMOUNT, "sweep.amount");
	SWEPT(sweep.amount = xem(NEM_SUPPLY_MICRO + 1), ERR_AMOUNT, "sweep.amount");
	SWEPT(sweep.amount = money_of(ASSET_XEM, ~(u128)0), ERR_AMOUNT, "sweep.amount");
	SWEPT(sweep.amount = money_of(ASSET_JPY, 5), ERR_AMOUNT, "sweep.amount");
	SWEPT(sweep.fee_outer = xem(150001), ERR_MISMATCH, "sweep.fee_outer");
	SWEPT(sweep.fee_outer = xem(X(4000)), ERR_MISMATCH, "sweep.fee_outer");
	SWEPT(sweep.fee_cosign = xem(149999), ERR_MISMATCH, "sweep.fee_cosign");
	SWEPT(sweep.fee_inner = xem(50001), ERR_MISMATCH, "sweep.fee_inner");
	SWEPT(sweep.fee_inner = xem(49999), ERR_MISMATCH, "sweep.fee_inner");
	SWEPT(sweep.fee_inner = money_of(ASSET_XEM, ~(u128)0), ERR_MISMATCH, "sweep.fee_inner");
	SWEPT(sweep.fee_inner = xem(NEM_SUPPLY_MICRO + 1), ERR_MISMATCH, "sweep.fee_inner");
	SWEPT(sweep.fee_inner = money_of(ASSET_JPY, 50000), ERR_MISMATCH, "sweep.fee_inner");
	SWEPT(sweep.deadline_nem_s++, ERR_MISMATCH, "sweep.deadline_nem_s");
	SWEPT(sweep.timestamp_nem_s--, ERR_MISMATCH, "sweep.deadline_nem_s");
	SWEPT(w.q.now.chain_s += 3600, ERR_EXPIRED, "sweep.deadline_nem_s");
	/* no chain clock: the host's own is enough to evacuate */
	SWEPT(w.q.now.chain_s = 0, ERR_OK, "");
	T_EQ(attempt_sweep_make(&sweep, &w.genesis, &w.policy, &genesis, &stranger, &m,
				w.q.now.chain_s),
	     ERR_NOT_FOUND);
}

/* What the chain cannot carry has no bytes. */
static void no_bytes(void)
{
	const struct key32 a = world_key(7);
	const struct key32 b = world_key(8);
	struct payment p;

#define CARRIED(change, e)                                                   \
	do {                                                                 \
		make();                                                      \
		change;                                                      \
		T_EQ(payment_make(&p, 0x98, &a, &b, &w.order, &attempt), e); \
	} while (0)
	CARRIED((void)0, ERR_OK);
	CARRIED(attempt.timestamp_nem_s = (uint64_t)NEM_TIME_MAX_S + 1, ERR_FIELD_RANGE);
	CARRIED(attempt.deadline_nem_s = (uint64_t)NEM_TIME_MAX_S + 1, ERR_FIELD_RANGE);
	CARRIED(w.order.message_n = 1025, ERR_FIELD_RANGE);
	CARRIED(attempt.fee_inner = money_of(ASSET_JPY, 5), ERR_FIELD_RANGE);
	CARRIED(attempt.fee_inner = money_of(ASSET_XEM, (u128)1 << 64), ERR_FIELD_RANGE);
	CARRIED(attempt.fee_inner = money_of(ASSET_XEM, (u128)1 << 63), ERR_FIELD_RANGE);
	CARRIED(attempt.fee_outer = money_of(ASSET_JPY, 5), ERR_FIELD_RANGE);
	CARRIED(attempt.fee_cosign = money_of(ASSET_JPY, 5), ERR_FIELD_RANGE);
	CARRIED(w.order.amount = money_of(ASSET_XEM, ~(u128)0), ERR_FIELD_RANGE);
	CARRIED(world_address(&w.order.destination, 200, 0x68), ERR_NETWORK);
	/* what it has room for has bytes: judging is not their work */
	CARRIED(attempt.fee_outer = xem(INT64_MAX), ERR_OK);
	CARRIED(w.order.amount = xem(NEM_SUPPLY_MICRO + 1), ERR_OK);
	CARRIED(attempt.deadline_nem_s = attempt.timestamp_nem_s - 1, ERR_OK);
	CARRIED(attempt.fee_cosign = xem(INT64_MAX), ERR_OK);
#undef CARRIED
}

static void bytes(void)
{
	const uint8_t seed_a[EDK_SEED_BYTES] = { 1 };
	const uint8_t seed_b[EDK_SEED_BYTES] = { 2 };
	struct edk_secret a;
	struct edk_secret b;
	struct payment p;
	struct sig64 sig_a;
	struct sig64 sig_b;
	struct nem_tx tx;
	struct hash32 inner;
	uint8_t unit[PAYMENT_UNIT_MAX];
	size_t n = 0;

	T_EQ(crypto_init(), ERR_OK);
	edk_secret_make(&a, seed_a);
	edk_secret_make(&b, seed_b);
	make();
	T_EQ(payment_make(&p, 0x98, &a.public_key, &b.public_key, &w.order, &attempt), ERR_OK);
	T_EQ(p.cosign_n, PAYMENT_COSIGN_BYTES);

	/* what it says, read by the decoder */
	T_EQ(nem_tx_decode(&tx, 0x98, payment_wrap(&p), NEM_SIGNING), ERR_OK);
	T_EQ(tx.type, NEM_MULTISIG);
	T_CHECK(key32_eq(&tx.head.signer, &b.public_key));
	T_EQ(tx.head.fee_micro, 150000);
	T_EQ(tx.head.time_nem_s, attempt.timestamp_nem_s);
	T_EQ(tx.head.deadline_nem_s, attempt.deadline_nem_s);
	T_EQ(tx.multisig.inner.type, NEM_TRANSFER);
	T_CHECK(key32_eq(&tx.multisig.inner.head.signer, &attempt.account));
	T_EQ(tx.multisig.inner.transfer.amount_micro, X(50));
	T_STR(tx.multisig.inner.transfer.recipient.text, w.order.destination.text);
	T_EQ(tx.multisig.inner.transfer.message_bytes, 5);
	T_EQ(tx.multisig.inner.head.time_nem_s, attempt.timestamp_nem_s);
	nem_tx_hash_inner(&inner, &tx.multisig.inner);
	T_CHECK(hash32_eq(&inner, &p.inner_hash));
	T_EQ(nem_tx_decode(&tx, 0x98, payment_cosign(&p), NEM_SIGNING), ERR_OK);
	T_EQ(tx.type, NEM_COSIGNATURE);
	T_CHECK(key32_eq(&tx.head.signer, &a.public_key));
	T_CHECK(hash32_eq(&tx.cosignature.inner_hash, &p.inner_hash));

	/* the unit */
	edk_sign(&sig_a, &a, payment_cosign(&p));
	edk_sign(&sig_b, &b, payment_wrap(&p));
	T_EQ(payment_unit(unit, sizeof unit, &n, &p, &sig_a, &sig_b), ERR_OK);
	T_EQ(nem_tx_decode(&tx, 0x98, bytes_of(unit, n), NEM_SIGNED), ERR_OK);
	T_EQ(nem_tx_verify(&tx), ERR_OK);
	T_EQ(tx.multisig.n, 1);
	T_EQ(nem_fee_check(&tx), ERR_OK);
	for (size_t cap = 0; cap < n; cap += 97) {
		size_t untouched = 12345;

		T_EQ(payment_unit(unit, cap, &untouched, &p, &sig_a, &sig_b), ERR_FULL);
		T_EQ(untouched, 12345);
	}
	T_EQ(payment_unit(unit, sizeof unit, &n, &p, &sig_b, &sig_a), ERR_SIGNATURE);
	for (unsigned bit = 0; bit < 512; bit += 37) {
		sig_a.b[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		T_CHECK(!payment_cosign_signed(&p, &sig_a));
		T_EQ(payment_unit(unit, sizeof unit, &n, &p, &sig_a, &sig_b), ERR_SIGNATURE);
		sig_a.b[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		sig_b.b[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		T_CHECK(!payment_wrap_signed(&p, &sig_b));
		T_EQ(payment_unit(unit, sizeof unit, &n, &p, &sig_a, &sig_b), ERR_SIGNATURE);
		sig_b.b[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}

	/* another field, another name */
	{
		struct payment other;

		w.order.amount = xem(X(50) + 1);
		T_EQ(payment_make(&other, 0x98, &a.public_key, &b.public_key, &w.order, &attempt),
		     ERR_OK);
		T_CHECK(!hash32_eq(&other.inner_hash, &p.inner_hash));
		T_CHECK(!payment_cosign_signed(&other, &sig_a));
		make();
		attempt.timestamp_nem_s++;
		T_EQ(payment_make(&other, 0x98, &a.public_key, &b.public_key, &w.order, &attempt),
		     ERR_OK);
		T_CHECK(!hash32_eq(&other.inner_hash, &p.inner_hash));
		make();
		attempt.fee_inner = xem(X(40));
		T_EQ(payment_make(&other, 0x98, &a.public_key, &b.public_key, &w.order, &attempt),
		     ERR_OK);
		T_CHECK(!hash32_eq(&other.inner_hash, &p.inner_hash));
	}

	/* a sweep, the largest message, and what no chain carries */
	T_EQ(sweep_of(X(77)), ERR_OK);
	T_EQ(payment_make_sweep(&p, 0x98, &a.public_key, &b.public_key, &sweep), ERR_OK);
	T_EQ(nem_tx_decode(&tx, 0x98, payment_wrap(&p), NEM_SIGNING), ERR_OK);
	T_STR(tx.multisig.inner.transfer.recipient.text, w.genesis.hot[1].spare.text);
	make();
	w.order.message_n = DOC_MESSAGE_MAX;
	T_EQ(payment_make(&p, 0x98, &a.public_key, &b.public_key, &w.order, &attempt), ERR_OK);
	T_EQ(payment_make(&p, 0x68, &a.public_key, &b.public_key, &w.order, &attempt), ERR_NETWORK);
	w.order.message_n = DOC_MESSAGE_MAX + 1;
	T_EQ(payment_make(&p, 0x98, &a.public_key, &b.public_key, &w.order, &attempt),
	     ERR_FIELD_RANGE);
	make();
	attempt.timestamp_nem_s = (uint64_t)NEM_TIME_MAX_S + 1;
	T_EQ(payment_make(&p, 0x98, &a.public_key, &b.public_key, &w.order, &attempt),
	     ERR_FIELD_RANGE);
	make();
	w.order.amount = money_of(ASSET_XEM, ~(u128)0);
	T_EQ(payment_make(&p, 0x98, &a.public_key, &b.public_key, &w.order, &attempt),
	     ERR_FIELD_RANGE);
	make();
	w.order.destination.text[5] ^= 1;
	T_CHECK(payment_make(&p, 0x98, &a.public_key, &b.public_key, &w.order, &attempt) != ERR_OK);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "attempts: derived, and every field altered", attempts },
		{ "attempts: times", attempt_times },
		{ "sweeps move everything", whole_moves },
		{ "sweeps: every field altered", altered_sweeps },
		{ "the bytes say what the documents say", bytes },
		{ "what the chain cannot carry has no bytes", no_bytes },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
