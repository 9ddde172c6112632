/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: an account that an officer has closed is emptied into its own spare box, once nothing that
 * was attested for it is still to come, and no false closing or slow clock moves or stops anything;
 * an officer's security key closes as his software key does.
 * Method: a real chain (src/nis) and signers that sign what they are asked for (watch_rig.h);
 * closings by who may and who may not; rollbacks; hosts whose clocks are behind.
 */
#include "passkey_kit.h"
#include "watch/watch_self.h"
#include "watch_rig.h"
#include "watch_said.h"

static struct bytes closing_made(uint8_t *raw, size_t cap, enum who account, const char *issuer,
				 const struct key *k)
{
	struct doc_closing c = { .account = r.chain[account].public_key,
				 .genesis = r.genesis_id,
				 .reason = "used up",
				 .time_ms = r.wall };

	(void)snprintf(c.issuer, sizeof c.issuer, "%s", issuer);
	return bytes_of(raw, made(raw, cap, NULL, DOC_CLOSING, &c, k));
}

static const struct queued *close_put(enum who account, const char *issuer, const struct key *k)
{
	static uint8_t raw[2048];
	struct bytes item = closing_made(raw, sizeof raw, account, issuer, k);

	return ask(ROLE_STOP, WATCHER_STOP_PUT, &item, 1);
}

static uint64_t balance_of(enum who who)
{
	struct nem_address a = address_of(who);
	struct nis_account account;

	nis_account(r.nis, &a, &account);
	return account.balance;
}

static void closed_is_emptied(void)
{
	struct nem_tx unit;
	uint64_t purse;

	rig_up();
	r.push = true;
	T_STR(refused_as(close_put(K_TILL, "approver-1", &r.person[2])), "unknown-signer");
	T_STR(refused_as(close_put(K_TILL, "w1", &r.watcher[0])), "unknown-signer");
	T_STR(refused_as(close_put(K_TILL, "officer-1", &r.person[1])), "bad-signature");
	T_STR(refused_as(close_put(K_CUSTOMER, "officer-1", &r.person[0])), "policy");
	T_EQ(r.signer[A].sweeps, 0);
	/* Something of it is under way: it is waited for. */
	unit = pay_whole(X(50));
	purse = balance_of(K_PURSE);
	T_EQ(reply_type(close_put(K_TILL, "officer-1", &r.person[0])), DOC_RECEIPT);
	replies_forget();
	mine(CLEAN);
	feed_all();
	wait_ms(2000);
	T_EQ(r.signer[A].sweeps, 0);
	T_EQ(nis_say(CLEAN, &unit), NEM_SUCCESS);
	mine(CLEAN);
	feed_all();
	wait_ms(500);
	/* Signed by both, announced, mined: whole, home, and no alarm. */
	T_EQ(r.signer[A].sweeps, 1);
	T_EQ(r.signer[B].sweeps, 1);
	mine(CLEAN);
	feed_all();
	wait_ms(500);
	T_EQ(balance_of(K_TILL), 0);
	T_CHECK(balance_of(K_SPARE0) > X(99900));
	T_EQ(balance_of(K_PURSE), purse);
	T_CHECK(!watch_frozen(&r.w) && !watch_evacuating(&r.w));
	T_EQ(r.w.alarms, 0);
	/* Watched for ever: what arrives goes the same way, after a restart too. */
	rig_restart(r.batches);
	rig_connect();
	feed_all();
	unit = tx_transfer(K_CUSTOMER, K_TILL, X(100));
	tx_sign(&unit, K_CUSTOMER);
	T_EQ(nis_say(CLEAN, &unit), NEM_SUCCESS);
	mine(CLEAN);
	feed_all();
	wait_ms(500);
	mine(CLEAN);
	feed_all();
	wait_ms(500);
	T_EQ(balance_of(K_TILL), 0);
	T_CHECK(!watch_frozen(&r.w));
	/* The same once more, and by another document. */
	T_STR(refused_as(close_put(K_TILL, "officer-2", &r.person[1])), "already-used");
}

/* What never comes into a block is waited for no longer than an attempt lives. */
static void closed_waits_no_longer_than_an_attempt(void)
{
	rig_up();
	(void)pay_whole(X(50));
	T_EQ(reply_type(close_put(K_TILL, "officer-1", &r.person[0])), DOC_RECEIPT);
	mine(CLEAN);
	feed_all();
	wait_ms(1000);
	T_EQ(r.signer[A].sweeps, 0);
	rig_pass(r.policy.attempt_life_s * 1000 + r.policy.clock_skew_ms);
	mine(CLEAN);
	feed_all();
	wait_ms(1000);
	T_EQ(r.signer[A].sweeps, 1);
}

/* A sweep that names a closing of another account, or of nobody's, is no explanation. */
static void sweep_with_a_false_closing(void)
{
	struct money balance = xem(X(1000));
	struct bytes raw;

	for (int i = 0; i < 2; i++) {
		rig_up();
		r.is_sweep = true;
		r.with_freeze = true; /* the place of its grounds */
		raw = closing_made(r.freeze_raw, sizeof r.freeze_raw, i == 0 ? K_PURSE : K_TILL,
				   "officer-1", i == 0 ? &r.person[0] : &r.person[2]);
		r.freeze_n = raw.n;
		r.attest_key = NULL;
		T_CHECK(attempt_sweep_make(&r.sweep, &r.genesis, &r.policy, &r.genesis_id,
					   &r.chain[K_TILL].public_key, &balance,
					   r.now_s) == ERR_OK);
		(void)att_tell(A);
		rig_settle();
		T_EQ(r.signer[A].acks, 0);
		STOPPED("not an officer's closing", false, false);
	}
}

/*
 * Signer A's wall clock is behind by more than the policy's skew.  It refuses every payment
 * for that (test_guard_stop), and signs the sweep of a closed account.
 */
static void sweep_by_a_slow_clock(bool evacuating)
{
	struct money balance = xem(X(1000));
	struct bytes raw;

	rig_up();
	r.w.evacuating = evacuating;
	raw = closing_made(r.freeze_raw, sizeof r.freeze_raw, K_TILL, "officer-1", &r.person[0]);
	r.freeze_n = raw.n;
	r.is_sweep = true;
	r.with_freeze = true;
	r.attest_key = NULL;
	T_CHECK(attempt_sweep_make(&r.sweep, &r.genesis, &r.policy, &r.genesis_id,
				   &r.chain[K_TILL].public_key, &balance, r.now_s) == ERR_OK);
	att_make(A);
	r.att.time_ms -= r.policy.clock_skew_ms + 60000;
	(void)att_tell(A);
	rig_settle();
	if (r.signer[A].acks == 0 && r.w.control.binding > 0) {
		printf("# %.*s\n", (int)r.w.control.entries[0].n, (const char *)r.w.stop_bytes);
	}
	/* the model of a signer attests an adopted sweep anew, which is another crime: not looked
	 * at */
	T_CHECK(r.signer[A].acks >= 1);
}

static void closed_by_a_slow_clock(void)
{
	sweep_by_a_slow_clock(false);
}

/* The same in an evacuation: unacknowledged, so its signature is never released. */
static void evacuated_by_a_slow_clock(void)
{
	sweep_by_a_slow_clock(true);
}

/*
 * A payment of the closed account was in a block that the chain took back.  It is under way
 * again, within its life, and goes before the account is emptied.
 */
static void closed_after_a_rollback(void)
{
	struct nem_tx unit;
	uint64_t height;

	rig_up();
	r.push = true;
	unit = pay_whole(X(50));
	height = nis_height(r.nis);
	T_EQ(nis_say(PUBLIC, &unit), NEM_SUCCESS);
	mine(PUBLIC);
	feed_all();
	T_CHECK(nis_roll_back(r.nis, height, r.now_s) == ERR_OK);
	for (unsigned i = 0; i < 2; i++) {
		feed_undo(i, height);
		feed_pool(i, i);
	}
	T_EQ(watch_payment_find(&r.w, &r.pay.inner_hash)->seen[0], 0);
	T_EQ(reply_type(close_put(K_TILL, "officer-1", &r.person[0])), DOC_RECEIPT);
	mine_given(NULL, 0); /* without the payment, which is in the pools */
	feed_all();
	wait_ms(500);
	T_EQ(watch_payment_find(&r.w, &r.pay.inner_hash)->seen[0], 0);
	for (int i = 0; i < 3; i++) {
		mine_given(NULL, 0);
		feed_all();
		wait_ms(500);
	}
	T_EQ(r.signer[A].sweeps, 0);
}

/* A document that no software key signed, told with the word of key number `key` behind it. */
static const struct queued *put_proven(enum doc_type type, const void *in, uint8_t key,
				       uint8_t flags, bool of_another)
{
	static uint8_t raw[16384];
	const struct hash32 other = { { 0x55 } };
	struct doc_assertion proof;
	struct hash32 id;
	size_t n = made(raw, sizeof raw / 2, &id, type, in, NULL);
	struct bytes item;

	passkey_assert(&proof, key, of_another ? &other : &id, 7, flags);
	proof.genesis = r.genesis_id;
	raw[n++] = '\n';
	n += made(raw + n, sizeof raw - n, NULL, DOC_ASSERTION, &proof, NULL);
	item = bytes_of(raw, n);
	return ask(ROLE_STOP, WATCHER_STOP_PUT, &item, 1);
}

/* An officer's security key closes and a person's says no, each for this very document. */
static void said_by_key(void)
{
	struct doc_closing closing;
	struct doc_cancel no;

	rig_up();
	closing = (struct doc_closing){ .account = r.chain[K_TILL].public_key,
					.genesis = r.genesis_id,
					.issuer = "officer-1",
					.reason = "used up",
					.time_ms = r.wall };
	no = (struct doc_cancel){ .document = { { 0x66 } },
				  .genesis = r.genesis_id,
				  .time_ms = r.wall };
	(void)snprintf(no.person, sizeof no.person, "%s", r.roster.people[3].id);
	for (unsigned i = 0; i < 2; i++) {
		const enum doc_type type = i == 0 ? DOC_CLOSING : DOC_CANCEL;
		const void *in = i == 0 ? (const void *)&closing : &no;
		const uint8_t whose = i == 0 ? 0 : 3;

		T_STR(refused_as(put_proven(type, in, 1, 5, false)), "bad-signature");
		T_STR(refused_as(put_proven(type, in, 99, 5, false)), "unknown-signer");
		T_STR(refused_as(put_proven(type, in, whose, 1, false)), "policy");
		T_STR(refused_as(put_proven(type, in, whose, 5, true)), "mismatch");
		T_EQ(reply_type(put_proven(type, in, whose, 5, false)), DOC_RECEIPT);
		replies_forget();
	}
	mine(CLEAN);
	feed_all();
	wait_ms(2000);
	T_EQ(r.signer[A].sweeps, 1);
	T_CHECK(!watch_frozen(&r.w));
	/* both are read again at a start; the till stays closed, by this document */
	rig_restart(r.batches);
	rig_connect();
	feed_all();
	T_EQ(reply_type(put_proven(DOC_CLOSING, &closing, 0, 5, false)), DOC_RECEIPT);
	T_EQ(reply_type(put_proven(DOC_CANCEL, &no, 3, 5, false)), DOC_RECEIPT);
	T_STR(refused_as(close_put(K_TILL, "officer-2", &r.person[1])), "already-used");
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "a closed account is emptied home", closed_is_emptied },
		{ "a closing waits no longer than an attempt lives",
		  closed_waits_no_longer_than_an_attempt },
		{ "a sweep with a false closing", sweep_with_a_false_closing },
		{ "a sweep by a slow clock", closed_by_a_slow_clock },
		{ "an evacuation by a slow clock", evacuated_by_a_slow_clock },
		{ "closed after a rollback", closed_after_a_rollback },
		{ "a closing and a no by security key", said_by_key },
	};

	return rig_end(t_main(cases, ARRAY_LEN(cases), argc, argv));
}
