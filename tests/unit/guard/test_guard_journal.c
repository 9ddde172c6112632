/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: documents that do not belong together and journals that no signer wrote begin no guard.
 * Method: one thing wrong at a time, beside the same thing right: genesis, roster and policy of the
 * start, and batches by hand behind a journal that the guard itself wrote.
 */
#include "guard_edges.h"

static void documents(void)
{
	static struct guard g;
	struct doc_fault fault;
	struct doc_roster roster;

#define BEGUN(change, e, field_)                       \
	do {                                           \
		struct guard_config c = rig_config(A); \
		change;                                \
		T_EQ(guard_init(&g, &c, &fault), e);   \
		T_STR(fault.field, field_);            \
	} while (0)
	rig_make();
	BEGUN((void)0, ERR_OK, "");
	/* another document where genesis, roster and policy belong */
	BEGUN(c.roster = c.policy, ERR_TYPE, "roster");
	BEGUN(c.roster = hollow_of(DOC_ROSTER), ERR_FIELD_MISSING, "roster.backends");
	BEGUN(c.roster.n = 1, ERR_INPUT, "roster.byte 1");
	BEGUN(c.policy = c.roster, ERR_TYPE, "policy");
	BEGUN(c.policy = hollow_of(DOC_POLICY), ERR_FIELD_MISSING, "policy.approval_tiers");
	BEGUN(c.signer = (enum doc_signer)2, ERR_FIELD_RANGE, "signer_id");
	BEGUN(c.storage.payments_cap = GUARD_PAYMENTS_MIN - 1, ERR_FIELD_RANGE, "storage");
	BEGUN(c.storage.payments_cap = GUARD_PAYMENTS_MAX + 1, ERR_FIELD_RANGE, "storage");
	BEGUN(c.storage.entries_cap = GUARD_PAYMENTS_MIN - 1, ERR_FIELD_RANGE, "storage");
	/* documents in the journal or in memory, and attestations in the journal */
	BEGUN(c.storage.control = r.control[0], ERR_OK, "");
	BEGUN(c.storage.read = NULL, ERR_FIELD_RANGE, "storage");
	BEGUN((c.storage.read = NULL, c.storage.control = r.control[0]), ERR_FIELD_RANGE,
	      "storage");
	/* the first roster and policy, from before there was a genesis, are no genesis */
	roster = r.roster;
	memset(&roster.genesis, 0, sizeof roster.genesis);
	{
		static uint8_t raw[65536];
		struct writer w = writer_make(raw, sizeof raw);

		CHECK(doc_roster_make(&w, NULL, &roster, NULL) == ERR_OK);
		BEGUN(c.genesis = bytes_of(w.p, w.n), ERR_TYPE, "genesis");
	}
	/* a security key that can never sign */
	passkey_point(&r.roster.people[1].passkeys[0], false);
	rig_documents_write();
	BEGUN((void)0, ERR_KEY, "roster.people[1].passkeys[0].key");
	passkey_point(&r.roster.people[1].passkeys[0], true);
	rig_documents_write();
	BEGUN((void)0, ERR_OK, "");
	/* a policy that reads and allows nothing in a day */
	r.policy.day_max = xem(0);
	rig_documents_write();
	BEGUN((void)0, ERR_POLICY, "policy.day_max");
#undef BEGUN
}

static struct guard_config stood; /* of the guard at hand */

/* A guard over signer A's journal, before guard_start(): hand-made batches come here. */
static void stand(void)
{
	struct doc_fault fault;
	struct log_batch_head head;
	size_t at = 0;

	CHECK(guard_init(&r.g[A], &stood, &fault) == ERR_OK);
	while (at < r.journal_n[A]) {
		CHECK(log_batch_head_get(&head, r.journal[A] + at) == ERR_OK);
		CHECK(guard_replay(&r.g[A], bytes_of(r.journal[A] + at, head.bytes)) == ERR_OK);
		at += head.bytes;
	}
}

/* The guard reads the batch at hand. */
static enum err read_back(void)
{
	return guard_replay(&r.g[A], made_batch());
}

static enum err replay_one(struct log_record rec, const struct bytes *blob)
{
	begin();
	add(rec, blob);
	return read_back();
}

static void forms(void)
{
	static const uint16_t with_blob[] = { LOG_GUARD_START,   LOG_DOCUMENT,    LOG_GUARD_REFUSE,
					      LOG_GUARD_ATTEST,  LOG_GUARD_ACK,   LOG_GUARD_STOP,
					      LOG_GUARD_CLOSING, LOG_GUARD_RECALL };
	static const uint16_t foreign[] = { LOG_TRANSFER, LOG_WATCH_ATTEST, LOG_SHUTDOWN };
	struct hash32 ids[3] = { { { 0x99 } }, r.roster_id, r.policy_id };
	struct bytes blob = bytes_of(ids, sizeof ids);
	struct log_record rec;

	rig_make();
	stood = rig_config(A);
	stand();
	T_EQ(replay_one(record(LOG_GUARD_START), &blob), ERR_OK);
	/* what the record names is not there */
	for (size_t i = 0; i < ARRAY_LEN(with_blob); i++) {
		stand();
		T_EQ(replay_one(record(with_blob[i]), NULL), ERR_CORRUPT);
		rec = record(with_blob[i]);
		rec.link.b[0] = 1; /* of nothing that is in the batch */
		stand();
		T_EQ(replay_one(rec, NULL), ERR_CORRUPT);
	}
	/* kinds of other programs */
	for (size_t i = 0; i < ARRAY_LEN(foreign); i++) {
		stand();
		T_EQ(replay_one(record(foreign[i]), NULL), ERR_CORRUPT);
	}
	/* a start that names two ids, or four */
	for (size_t n = 2; n <= 4; n += 2) {
		uint8_t some[4 * 32] = { 1 };

		blob = bytes_of(some, n * 32);
		stand();
		T_EQ(replay_one(record(LOG_GUARD_START), &blob), ERR_CORRUPT);
	}
	/* own time goes back by a millisecond */
	blob = bytes_str("x");
	stand();
	rec = record(LOG_GUARD_REFUSE);
	T_EQ(replay_one(rec, &blob), ERR_OK);
	stand();
	rec = record(LOG_GUARD_REFUSE);
	le64_put(rec.debit.b, r.g[A].own_base_ms - 1);
	T_EQ(replay_one(rec, &blob), ERR_CORRUPT);
	/* a day that is none: another document, and one without fields */
	blob = bytes_str("x");
	stand();
	rec = record(LOG_DOCUMENT);
	rec.amount = DOC_DAY;
	T_EQ(replay_one(rec, &blob), ERR_CORRUPT);
	blob = hollow_of(DOC_DAY);
	stand();
	T_EQ(replay_one(rec, &blob), ERR_CORRUPT);
	/* counts of security keys: none at all, and more than a key can show */
	stand();
	T_EQ(replay_one(record(LOG_GUARD_PASSKEY), NULL), ERR_CORRUPT);
	stand();
	rec = record(LOG_GUARD_PASSKEY);
	rec.amount = (u128)UINT32_MAX + 1;
	T_EQ(replay_one(rec, NULL), ERR_CORRUPT);
	stand();
	rec.amount = UINT32_MAX;
	T_EQ(replay_one(rec, NULL), ERR_OK);
}

/* The first record is genesis: ours, of this signer, and the only one. */
static void beginnings(void)
{
	struct bytes genesis;
	struct log_record rec;

	rig_make();
	stood = rig_config(A);
	genesis = stood.genesis;
	stand();
	rec = record(LOG_GENESIS);
	rec.id = guard_self_short(&r.genesis_id);
	T_EQ(replay_one(rec, &genesis), ERR_CORRUPT); /* a second one */

	r.journal_n[A] = 0;
	stand();
	T_EQ(replay_one(rec, &genesis), ERR_OK);
	stand();
	T_EQ(replay_one(record(LOG_GUARD_REFUSE), &genesis), ERR_CORRUPT);
	stand();
	rec.credit.b[0] = B;
	T_EQ(replay_one(rec, &genesis), ERR_GENESIS);
	stand();
	rec.credit.b[0] = A;
	rec.id.b[15] ^= 1;
	T_EQ(replay_one(rec, &genesis), ERR_GENESIS);
}

/* So many programs have signed here, and one more may not. */
static void programs(void)
{
	struct hash32 ids[3] = { { { 0 } }, r.roster_id, r.policy_id };
	struct bytes blob = bytes_of(ids, sizeof ids);
	unsigned n;

	rig_make(); /* the first is that of rig_config() */
	stood = rig_config(A);
	stand();
	for (n = 1; n < GUARD_PROGRAMS_MAX; n++) {
		ids[0].b[1] = (uint8_t)n;
		T_EQ(replay_one(record(LOG_GUARD_START), &blob), ERR_OK);
	}
	T_EQ(r.g[A].programs_n, GUARD_PROGRAMS_MAX);
	/* one that is known goes on; its place is found again */
	ids[0].b[1] = 7;
	T_EQ(replay_one(record(LOG_GUARD_START), &blob), ERR_OK);
	T_EQ(r.g[A].program_now, 7);
	T_EQ(r.g[A].programs_n, GUARD_PROGRAMS_MAX);
	/* neither this program nor a journal that holds one more starts */
	r.g[A].config.program.b[0] = 0x77;
	effects_init(&r.out, r.store, sizeof r.store);
	T_EQ(guard_start(&r.g[A], r.wall, r.mono, &r.out), ERR_FULL);
	T_EQ(r.out.n, 0);
	ids[0].b[1] = (uint8_t)n;
	T_EQ(replay_one(record(LOG_GUARD_START), &blob), ERR_FULL);
}

/* One attestation by hand, with everything that belongs to it. */
static struct made {
	struct log_record reserve, attest;
	struct doc_attestation t;
	const struct rig_key *key;
	unsigned reserves;
	struct bytes instead; /* of the attestation */
	struct hash32 id;     /* of the attestation, when it was written */
} made;

static void make(uint8_t number)
{
	uint8_t tail[UUID7_RANDOM_BYTES] = { 9, number };

	made = (struct made){
		.reserve = record(LOG_GUARD_RESERVE),
		.attest = record(LOG_GUARD_ATTEST),
		.t = { .data_n = 100,
		       .genesis = r.genesis_id,
		       .head = r.g[A].chain.head,
		       .inner_hash = { { 3, number } },
		       .kind = DOC_ATTEST_COSIGN,
		       .policy = r.policy_id,
		       .previous = r.g[A].last,
		       .program = { { 0x99 } },
		       .roster = r.roster_id,
		       .sequence = r.g[A].chain.next_sequence + 1,
		       .signer = DOC_SIGNER_A,
		       .subject = { { 4, number } },
		       .subject_type = DOC_ATTEMPT,
		       .time_ms = r.wall },
		.key = &r.attest[A],
		.reserves = 1,
	};
	uuid7_make(&made.attest.id, r.wall, tail);
	made.reserve.id = made.attest.id;
	made.reserve.amount = X(10);
	made.reserve.asset = ASSET_XEM;
}

static enum err replay_made(void)
{
	uint8_t raw[8192];
	struct writer w = writer_make(raw, sizeof raw);
	struct bytes blob;

	CHECK(doc_attestation_make(&w, &made.id, &made.t, made.key->secret) == ERR_OK);
	blob = made.instead.n > 0 ? made.instead : bytes_of(w.p, w.n);
	begin();
	for (unsigned i = 0; i < made.reserves; i++) {
		add(made.reserve, NULL);
	}
	add(made.attest, &blob);
	return read_back();
}

static void attestations(void)
{
	struct hash32 ids[3] = { { { 0x55 } }, r.roster_id, r.policy_id };
	struct bytes blob = bytes_of(ids, sizeof ids);

#define MADE(change, e)                 \
	do {                            \
		stand();                \
		make(1);                \
		change;                 \
		T_EQ(replay_made(), e); \
	} while (0)
	rig_make();
	stood = rig_config(A);
	MADE((void)0, ERR_OK);
	T_EQ(r.g[A].payments_n, 1);
	T_EQ(r.payments[A][0].attestation, guard_self_mark(&r.g[A], &made.id));
	MADE((made.reserves = 0, made.t.sequence--, made.t.subject_type = DOC_SWEEP), ERR_OK);
	T_EQ(r.g[A].sweeps_n, 1);
	MADE(made.reserve.amount = POLICY_OUTFLOW_MAX - 1, ERR_OK);
	T_CHECK(guard_self_outflow(&r.payments[A][0]) == POLICY_OUTFLOW_MAX - 1);
	MADE(made.reserve.amount = POLICY_OUTFLOW_MAX, ERR_CORRUPT);
	MADE(le32_put(made.reserve.debit.b + 12, APPROVALS_MAX), ERR_OK);
	T_EQ(r.payments[A][0].approvals, APPROVALS_MAX);
	MADE(le32_put(made.reserve.debit.b + 12, APPROVALS_MAX + 1), ERR_CORRUPT);
	MADE(made.instead = hollow_of(DOC_ATTESTATION), ERR_CORRUPT);
	MADE(made.instead = stood.roster, ERR_CORRUPT);
	MADE(made.key = &r.attest[B], ERR_CORRUPT);
	MADE(made.key = &r.stranger, ERR_CORRUPT);
	MADE(made.t.signer = DOC_SIGNER_B, ERR_CORRUPT);
	MADE(made.t.sequence++, ERR_CORRUPT);
	MADE(made.t.head.b[31] ^= 1, ERR_CORRUPT); /* not the batches before it */
	MADE(made.t.roster.b[31] ^= 1, ERR_CORRUPT);
	MADE(made.t.policy.b[31] ^= 1, ERR_CORRUPT);
	MADE(made.attest.credit.b[0] = 3, ERR_CORRUPT); /* there are three hot accounts */
	MADE(made.attest.credit.b[0] = 2, ERR_OK);
	/* an amount is reserved for each payment, once, and for no sweep */
	MADE((made.reserves = 0, made.t.sequence--), ERR_CORRUPT);
	MADE((made.reserves = 2, made.t.sequence++), ERR_CORRUPT);
	MADE(made.t.subject_type = DOC_SWEEP, ERR_CORRUPT);
	MADE(made.t.program.b[0] = 0x55, ERR_CORRUPT); /* no start names it */
	/* a later start does, and then it may have attested */
	stand();
	T_EQ(replay_one(record(LOG_GUARD_START), &blob), ERR_OK);
	make(1);
	made.t.program.b[0] = 0x55;
	T_EQ(replay_made(), ERR_OK);
	T_EQ(r.payments[A][0].program, 1);
	/* reserved, and then nothing */
	stand();
	make(1);
	T_EQ(replay_one(made.reserve, NULL), ERR_CORRUPT);
#undef MADE
}

/* A journal with more payments, or more of one day, than the tables hold. */
static void small_tables(void)
{
	uint8_t n;

	rig_make();
	stood = rig_config(A);
	stood.storage.payments_cap = GUARD_PAYMENTS_MIN;
	stand();
	for (n = 0; n < GUARD_PAYMENTS_MIN; n++) {
		make(n);
		T_EQ(replay_made(), ERR_OK);
	}
	make(n);
	T_EQ(replay_made(), ERR_FULL);

	stood = rig_config(A);
	stood.storage.entries_cap = GUARD_PAYMENTS_MIN;
	stand();
	for (n = 0; n < GUARD_PAYMENTS_MIN; n++) {
		make(n);
		T_EQ(replay_made(), ERR_OK);
	}
	make(n);
	T_EQ(replay_made(), ERR_FULL);
}

static enum err replay_ack(const struct hash32 *attestation, const char *watcher,
			   const struct rig_key *key)
{
	struct doc_ack ack = { .attestation = *attestation, .genesis = r.genesis_id };
	uint8_t raw[2048];
	struct writer w = writer_make(raw, sizeof raw);
	struct bytes blob;

	(void)snprintf(ack.watcher, sizeof ack.watcher, "%s", watcher);
	CHECK(doc_ack_make(&w, NULL, &ack, key->secret) == ERR_OK);
	blob = bytes_of(w.p, w.n);
	return replay_one(record(LOG_GUARD_ACK), &blob);
}

static void acknowledgements(void)
{
	struct hash32 id;
	struct hash32 gone;
	struct bytes blob;

	rig_make();
	stood = rig_config(A);
#define ACKED(what, watcher, key, e)                                 \
	do {                                                         \
		stand();                                             \
		make(1);                                             \
		T_EQ(replay_made(), ERR_OK);                         \
		id = made.id;                                        \
		what;                                                \
		T_EQ(replay_ack(&id, watcher, key), e);              \
		T_EQ(r.payments[A][0].acked, (e) == ERR_OK ? 1 : 0); \
	} while (0)
	ACKED((void)0, "watcher-1", &r.watcher[0], ERR_OK);
	ACKED((void)0, "watcher-1", &r.watcher[1], ERR_CORRUPT);
	ACKED((void)0, "officer-1", &r.person[0], ERR_CORRUPT);
	ACKED(id.b[0] ^= 1, "watcher-1", &r.watcher[0], ERR_CORRUPT);
#undef ACKED
	stand();
	blob = hollow_of(DOC_ACK);
	T_EQ(replay_one(record(LOG_GUARD_ACK), &blob), ERR_CORRUPT);
	blob = stood.roster;
	stand();
	T_EQ(replay_one(record(LOG_GUARD_ACK), &blob), ERR_CORRUPT);

	/* a late word on a payment that was forgotten for its age is no damage */
	stood.storage.payments_cap = GUARD_PAYMENTS_MIN;
	stand();
	for (uint8_t n = 0; n < GUARD_PAYMENTS_MIN - GUARD_PAYMENTS_MIN / GUARD_SWEEPS_SHARE; n++) {
		make(n);
		T_EQ(replay_made(), ERR_OK);
		if (n == 0) {
			gone = made.id;
		}
	}
	r.wall += (POLICY_REQUEST_DAYS + 2) * (uint64_t)POLICY_DAY_MS;
	r.g[A].own_base_ms += (POLICY_REQUEST_DAYS + 2) * (uint64_t)POLICY_DAY_MS;
	make(99);
	T_EQ(replay_made(), ERR_OK);
	T_EQ(r.g[A].payments_n, 1);
	T_EQ(replay_ack(&gone, "watcher-1", &r.watcher[0]), ERR_OK);
	T_EQ(r.payments[A][0].acked, 0);
}

static void stops_and_closings(void)
{
	static uint8_t raw[16384], closing_raw[2048];
	struct doc_freeze f;
	struct doc_closing c = { .issuer = "officer-1", .reason = "used up" };
	struct writer w = writer_make(closing_raw, sizeof closing_raw);
	struct bytes freeze, closing, blob;

	rig_make();
	stood = rig_config(A);
	f = rig_freeze("officer-1", 1);
	freeze = rig_freeze_raw(raw, &f, &r.person[0]);
	c.account = r.till.public_key;
	c.genesis = r.genesis_id;
	CHECK(doc_closing_make(&w, NULL, &c, r.person[0].secret) == ERR_OK);
	closing = bytes_of(w.p, w.n);
	stand();
	T_EQ(replay_one(record(LOG_GUARD_STOP), &freeze), ERR_OK);
	T_CHECK(guard_frozen(&r.g[A]));
	T_EQ(replay_one(record(LOG_GUARD_STOP), &freeze), ERR_CORRUPT); /* twice */
	stand();
	T_EQ(replay_one(record(LOG_GUARD_STOP), &closing), ERR_CORRUPT);
	stand();
	blob = hollow_of(DOC_FREEZE);
	T_EQ(replay_one(record(LOG_GUARD_STOP), &blob), ERR_CORRUPT);
	stand();
	blob = bytes_str("{}");
	T_EQ(replay_one(record(LOG_GUARD_STOP), &blob), ERR_CORRUPT);
	T_CHECK(!guard_frozen(&r.g[A]));

	stand();
	T_EQ(replay_one(record(LOG_GUARD_CLOSING), &closing), ERR_OK);
	T_CHECK(r.g[A].closings[0].closed);
	T_EQ(replay_one(record(LOG_GUARD_CLOSING), &closing), ERR_CORRUPT);
	stood.planted = GUARD_PLANT_FORGET_CLOSING; /* as the walk must find it */
	stand();
	T_EQ(replay_one(record(LOG_GUARD_CLOSING), &closing), ERR_OK);
	T_CHECK(!r.g[A].closings[0].closed);
	stood.planted = 0;
	stand();
	T_EQ(replay_one(record(LOG_GUARD_CLOSING), &freeze), ERR_CORRUPT);
	stand();
	blob = hollow_of(DOC_CLOSING);
	T_EQ(replay_one(record(LOG_GUARD_CLOSING), &blob), ERR_CORRUPT);
	T_CHECK(!r.g[A].closings[0].closed);
}

/* An attestation names the payment before it: no other, older or of another history. */
static void follows_another(void)
{
	enum { NOTHING, OLDER, STRANGE, OLDER_OF_SWEEP, LAST, WAYS };

	rig_make();
	stood = rig_config(A);
	for (unsigned i = 0; i < WAYS; i++) {
		struct hash32 first;

		stand();
		make(1);
		T_EQ(replay_made(), ERR_OK);
		first = made.id;
		make(2);
		T_EQ(replay_made(), ERR_OK);
		T_CHECK(hash32_eq(&r.g[A].last, &made.id));
		make(3);
		if (i == NOTHING) {
			memset(&made.t.previous, 0, sizeof made.t.previous);
		} else if (i == STRANGE) {
			made.t.previous.b[31] ^= 1;
		} else if (i != LAST) {
			made.t.previous = first;
		}
		if (i == OLDER_OF_SWEEP) {
			made.t.subject_type = DOC_SWEEP;
			made.reserves = 0;
			made.t.sequence--;
		}
		T_EQ(replay_made(), i == LAST ? ERR_OK : ERR_CORRUPT);
		T_EQ(r.g[A].payments_n, i == LAST ? 3 : 2);
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "documents that do not belong together", documents },
		{ "records in a form that no signer writes", forms },
		{ "the first record", beginnings },
		{ "programs of one journal", programs },
		{ "attestations, each wrong in one thing", attestations },
		{ "more than the tables hold", small_tables },
		{ "acknowledgements in the journal", acknowledgements },
		{ "stops and closings in the journal", stops_and_closings },
		{ "an attestation that follows another", follows_another },
	};
	int result = t_main(cases, ARRAY_LEN(cases), argc, argv);

	rig_forget();
	return result;
}
