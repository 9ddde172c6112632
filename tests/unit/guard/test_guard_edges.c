/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: every line and branch of the guard is taken by somebody who expects something of it
 * (tools/check-coverage): documents that do not belong together, journals that no signer wrote,
 * watchers' polls at their limits, tables and journals that are full.
 * Method: one thing wrong at a time, beside the same thing right; the refusal and its field are
 * named, and what must not have changed is compared.
 */
#include "t.h"

#include "base/hex.h"
#include "guard/guard_self.h"
#include "guard_rig.h"
#include "policy/approvals.h"
#include "policy/exclusion.h"

#define REFUSED(id, code, field)                \
	do {                                    \
		uint64_t id_ = (id);            \
		T_STR(rig_code(id_), (code));   \
		T_STR(rig_field(id_), (field)); \
	} while (0)

static const struct bytes nothing = { NULL, 0 };

static void start(void)
{
	rig_make();
	rig_well(A);
	rig_well(B);
}

/* An envelope that opens, of this type, whose body says nothing but its genesis. */
static struct bytes hollow(enum doc_type type)
{
	static uint8_t raw[512];
	static char body[128];
	char genesis[65];
	struct writer w = writer_make(raw, sizeof raw);

	hex_put(genesis, bytes_of(r.genesis_id.b, sizeof r.genesis_id.b));
	(void)snprintf(body, sizeof body, "{\"genesis\":\"%s\"}", genesis);
	CHECK(doc_close(&w, type, bytes_str(body), NULL, 0) == ERR_OK);
	return bytes_of(w.p, w.n);
}

/* ---- documents and keys ---- */

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
	BEGUN(c.roster = hollow(DOC_ROSTER), ERR_FIELD_MISSING, "roster.backends");
	BEGUN(c.roster.n = 1, ERR_INPUT, "roster.byte 1");
	BEGUN(c.policy = c.roster, ERR_TYPE, "policy");
	BEGUN(c.policy = hollow(DOC_POLICY), ERR_FIELD_MISSING, "policy.approval_tiers");
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

/* ---- journals that no signer wrote ---- */

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

static uint8_t batch_bytes[65536];
static struct log_batch batch;

static void begin(void)
{
	log_batch_begin(&batch, batch_bytes, sizeof batch_bytes);
}

static struct log_record record(uint16_t kind)
{
	struct log_record rec = { .kind = kind };

	le64_put(rec.debit.b, r.g[A].own_base_ms);
	return rec;
}

static void add(struct log_record rec, const struct bytes *blob)
{
	CHECK((blob == NULL ? log_batch_add_record(&batch, &rec)
			    : log_batch_add_blob(&batch, &rec, *blob)) == ERR_OK);
}

/* Sealed behind all that the guard has read, so that only the contents are at fault. */
static enum err read_back(void)
{
	struct log_chain at = r.g[A].chain;
	struct bytes sealed;

	log_batch_seal(&sealed, &batch, &at, &r.log_secret);
	return guard_replay(&r.g[A], sealed);
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
	blob = hollow(DOC_DAY);
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
	MADE(made.instead = hollow(DOC_ATTESTATION), ERR_CORRUPT);
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
	blob = hollow(DOC_ACK);
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
	blob = hollow(DOC_FREEZE);
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
	blob = hollow(DOC_CLOSING);
	T_EQ(replay_one(record(LOG_GUARD_CLOSING), &blob), ERR_CORRUPT);
	T_CHECK(!r.g[A].closings[0].closed);
}

/* ---- sockets, status, events ---- */

static bool status_says(int s, const char *name, const char *value)
{
	static struct doc_status status;
	struct doc d;
	uint64_t id = rig_frame(s, STOPPER, SIGNER_STATUS, nothing);

	if (rig_type(rig_item(rig_answer(id), 0), &d) != DOC_STATUS ||
	    doc_status_read(&d, &status, NULL) != ERR_OK) {
		return false;
	}
	for (size_t i = 0; i < status.detail_count; i++) {
		if (strcmp(status.detail[i].name, name) == 0) {
			return strcmp(status.detail[i].value, value) == 0;
		}
	}
	return false;
}

/* Why it signs, or does not. */
static void status(void)
{
	struct doc_heartbeat h;
	struct doc_freeze f;

	rig_make();
	T_CHECK(status_says(A, "signer", "a") && status_says(B, "signer", "b"));
	T_CHECK(status_says(A, "signs", "too few watchers have answered lately"));
	T_CHECK(status_says(A, "frozen", "no") && status_says(A, "locked", "no"));
	rig_well(A);
	T_CHECK(status_says(A, "signs", "ready"));
	T_CHECK(status_says(A, "watchers_fresh", "3"));
	rig_tick(A, 1001);
	h = rig_heartbeat(A, 0);
	h.records_sequence = 1000;
	(void)rig_beat_as(A, WATCHER, &h, &r.watcher[0]);
	T_CHECK(status_says(A, "locked", "yes") &&
		status_says(A, "signs",
			    "locked: watcher-1 holds record 1000 of ours that our journal "
			    "lacks"));
	T_CHECK(status_says(A, "frozen", "no"));
	f = rig_freeze("officer-1", 1);
	(void)rig_stop(A, STOPPER, &f, &r.person[0]);
	T_CHECK(status_says(A, "frozen", "yes"));
	T_CHECK(status_says(A, "signs", "a freeze is in force"));
	T_CHECK(status_says(A, "stops", "1"));
	/* what the shell knows: each name once, the newest value */
	guard_fact(&r.g[B], "seccomp", "0");
	guard_fact(&r.g[B], "memory", "1");
	guard_fact(&r.g[B], "memory", "2");
	T_EQ(r.g[B].facts_n, 2);
	T_CHECK(status_says(B, "memory", "2") && status_says(B, "seccomp", "0"));
}

/* The gate stands before; behind it the guard looks again. */
static void second_look(void)
{
	struct event ev = { .kind = EVENT_FRAME, .channel = WATCHER, .number = SIGNER_SYNC };
	uint64_t refused;

	start();
	/* a watcher's socket that is nobody's */
	ev.request_id = ++r.ids;
	ev.role = ROLE_WATCHER;
	rig_event(A, &ev);
	REFUSED(ev.request_id, "not-for-this-path", "");
	/* what the shell answers itself before the guard is at work */
	ev.role = ROLE_SERVER;
	ev.number = SIGNER_HELLO;
	ev.request_id = ++r.ids;
	rig_event(A, &ev);
	REFUSED(ev.request_id, "wrong-state", "");
	ev.role = ROLE_UNLOCK;
	ev.number = SIGNER_UNLOCK;
	ev.request_id = ++r.ids;
	rig_event(A, &ev);
	REFUSED(ev.request_id, "wrong-state", "");
	/* events that say nothing to it */
	refused = r.g[A].refused;
	ev = (struct event){ .kind = EVENT_OPENED, .channel = 77, .role = ROLE_SERVER };
	rig_event(A, &ev);
	T_EQ(r.out.n, 0);
	ev = (struct event){ .kind = EVENT_REPLY, .number = GUARD_CALL_READ + 1 };
	rig_event(A, &ev);
	T_EQ(r.out.n, 0);
	T_EQ(r.g[A].refused, refused);
	T_EQ(r.g[A].payments_n, 0);
}

/* ---- the watchers' feed ---- */

/* Does the last step say this in a line of its log? */
static bool noted(const char *words)
{
	for (size_t i = 0; i < r.out.n; i++) {
		const struct effect *e = &r.out.list[i];

		if (e->kind == EFFECT_NOTE && memmem(e->body.p, e->body.n, words, strlen(words))) {
			return true;
		}
	}
	return false;
}

static struct event frame_event(uint32_t channel, uint16_t number, struct bytes body)
{
	return (struct event){ .kind = EVENT_FRAME,
			       .channel = channel,
			       .role = GUARD_ROLE_WATCHER(0),
			       .number = number,
			       .request_id = ++r.ids,
			       .body = body };
}

static struct bytes one_item(struct bytes item)
{
	static uint8_t body[20000];
	struct writer w = writer_make(body, sizeof body);

	return rig_body(&w, &item, 1);
}

static struct bytes cursor(uint64_t after)
{
	static uint8_t raw[1024];
	struct doc_cursor c = { .after = after, .genesis = r.genesis_id };
	struct writer w = writer_make(raw, sizeof raw);

	CHECK(doc_cursor_make(&w, NULL, &c, NULL) == ERR_OK);
	return one_item(bytes_of(w.p, w.n));
}

/* The first watcher holds a NEXT on this channel; reads are answered at once. */
static uint64_t next_on(int s, uint32_t channel, uint64_t after)
{
	struct event ev = frame_event(channel, SIGNER_NEXT, cursor(after));

	rig_event(s, &ev);
	return ev.request_id;
}

/* As rig_event(), but the disk does not answer. */
static void slow_event(int s, struct event *ev)
{
	ev->wall_ms = r.wall;
	ev->mono_ms = r.mono;
	effects_init(&r.out, r.store, sizeof r.store);
	rig_stale_room();
	guard_step(&r.g[s], ev, &r.out);
	rig_run(s);
}

static uint64_t slow_next(int s, uint32_t channel, uint64_t after)
{
	struct event ev = frame_event(channel, SIGNER_NEXT, cursor(after));

	slow_event(s, &ev);
	return ev.request_id;
}

/* The tag of the read that the last step has asked for; 0 none. */
static uint64_t asked(void)
{
	for (size_t i = 0; i < r.out.n; i++) {
		if (r.out.list[i].kind == EFFECT_CALL) {
			return r.out.list[i].request_id;
		}
	}
	return 0;
}

static void disk_says(int s, uint64_t call, enum err status, struct bytes body)
{
	struct event ev = { .kind = EVENT_REPLY,
			    .number = GUARD_CALL_READ,
			    .request_id = call,
			    .status = status,
			    .body = body };

	slow_event(s, &ev);
}

static struct bytes batch_of(int s, size_t payment)
{
	const struct guard_payment *p = &r.payments[s][payment];

	return bytes_of(r.journal[s] + p->batch_offset, p->batch_bytes);
}

/* This request was answered once, by the nonce and nothing else. */
static bool nonce_alone(uint64_t id)
{
	struct doc d;

	return rig_answers(id) == 1 && rig_type(rig_item(rig_answer(id), 0), &d) == DOC_NONCE &&
	       rig_item(rig_answer(id), 1).n == 0;
}

static bool subject_told(uint64_t id)
{
	struct doc d;

	return rig_answers(id) == 1 && rig_type(rig_item(rig_answer(id), 1), &d) == DOC_ATTESTATION;
}

/* Asked again after a restart: an attestation is what our journal gives back, or it is not. */
static void attested_before(void)
{
	static uint8_t whole[RIG_JOURNAL];
	struct guard_payment rows[2];
	struct log_batch_head head;
	uint64_t first, again;
	size_t blob;

	start();
	rig_withdrawal(X(5), 0, 2);
	(void)rig_sign();
	rig_withdrawal(X(50), 0, 1);
	first = rig_sign();
	rig_acks(A);
	T_CHECK(rig_signed(first));
	rig_restart(A);
	rig_well(A);
	T_EQ(r.g[A].payments_n, 2);
	memcpy(whole, r.journal[A], r.journal_n[A]);
	memcpy(rows, r.payments[A], sizeof rows);
	CHECK(log_batch_head_get(&head, whole + rows[1].batch_offset) == ERR_OK);
	blob = rows[1].batch_offset + LOG_BATCH_HEAD_BYTES + (size_t)head.count * LOG_RECORD_BYTES;
#define GONE(change, code)                               \
	do {                                             \
		const size_t journal_n = r.journal_n[A]; \
		change;                                  \
		again = rig_sign();                      \
		r.unreadable = false;                    \
		memcpy(r.journal[A], whole, journal_n);  \
		r.journal_n[A] = journal_n;              \
		r.payments[A][1] = rows[1];              \
		REFUSED(again, code, "attempt");         \
		T_EQ(r.g[A].payments_n, 2);              \
	} while (0)
	GONE(r.unreadable = true, "io");
	/* no batch begins there */
	GONE(r.journal[A][rows[1].batch_offset] ^= 1, "corrupt");
	GONE(r.payments[A][1].batch_offset = r.journal_n[A] - LOG_BATCH_HEAD_BYTES, "corrupt");
	/* longer than any; shorter; another byte; the disk ends in front of it, or within */
	GONE(le32_put(r.journal[A] + blob, UINT32_MAX), "corrupt");
	GONE(le32_put(r.journal[A] + blob, 1), "bad-input");
	GONE(r.journal[A][blob + 4] ^= 1, "bad-input");
	GONE(r.journal_n[A] = blob, "io");
	GONE(r.journal_n[A] = blob + 40, "io");
	/* the other one: it is not this payment's; and if it were, it is of other bytes */
	GONE(r.payments[A][1].batch_offset = rows[0].batch_offset, "corrupt");
	GONE((r.payments[A][1].batch_offset = rows[0].batch_offset,
	      r.payments[A][1].attestation = rows[0].attestation),
	     "corrupt");
#undef GONE
	again = rig_sign();
	T_EQ(rig_answers(again), 0);
	rig_acks(A); /* the restart has forgotten them */
	T_CHECK(rig_signed(again));
	T_EQ(rig_answer(again)->n, rig_answer(first)->n);
	T_MEM(rig_answer(again)->body, rig_answer(first)->body, rig_answer(first)->n);
}

/* What waits for watchers has a place for the longest attestation that there can be. */
static void longest_attestation(void)
{
	uint8_t raw[GUARD_ATTESTATION_BYTES];
	struct writer w = writer_make(raw, sizeof raw);
	struct doc_attestation t;

	rig_make();
	t = (struct doc_attestation){ .data_n = PAYMENT_WRAP_MAX,
				      .genesis = r.genesis_id,
				      .kind = DOC_ATTEST_COSIGN,
				      .signer = DOC_SIGNER_B,
				      .subject_type = DOC_ATTEMPT,
				      .sequence = JSON_INT_MAX,
				      .time_ms = JSON_INT_MAX };
	T_EQ(doc_attestation_make(&w, NULL, &t, r.attest[B].secret), ERR_OK);
	T_CHECK(w.n > sizeof raw / 2);
}

/* A row that by chance has the mark of another document: it is found, and not signed for. */
static void marks_alone(void)
{
	static struct rig_bodies b;
	uint64_t first, other;

	start();
	rig_withdrawal(X(50), 0, 1);
	first = rig_sign();
	r.attempt.timestamp_nem_s++;
	rig_encode(&b);
	T_CHECK(r.payments[A][0].subject != guard_self_mark(&r.g[A], &r.attempt_id));
	REFUSED(rig_sign(), "already-used", "order.request_id");
	r.payments[A][0].subject = guard_self_mark(&r.g[A], &r.attempt_id);
	/* while the first still waits, and when its attestation stands in the journal alone */
	other = rig_sign();
	REFUSED(other, "corrupt", "attempt");
	rig_acks(A);
	T_CHECK(rig_signed(first));
	other = rig_sign();
	REFUSED(other, "corrupt", "attempt");
	T_EQ(r.g[A].signatures_released, 1);
	T_EQ(r.g[A].payments_n, 1);
}

/* More channels than places: who only asked before gives way, who waits does not. */
static void many_channels(void)
{
	enum { FIRST = 100 };
	struct event closed = { .kind = EVENT_CLOSED };
	uint64_t held[GUARD_FEEDS_MAX];

	start();
	REFUSED(rig_frame(A, WATCHER, SIGNER_NEXT, one_item(hollow(DOC_CURSOR))), "field-missing",
		"cursor.after");
	REFUSED(rig_frame(A, WATCHER, SIGNER_NEXT, one_item(hollow(DOC_ACK))), "unknown-type",
		"cursor");
	REFUSED(rig_frame(A, WATCHER, SIGNER_NEXT, nothing), "bad-input", "body");
	REFUSED(rig_frame(A, WATCHER, SIGNER_HEARTBEAT, nothing), "bad-input", "body");
	for (uint32_t i = 0; i < GUARD_FEEDS_MAX; i++) {
		T_CHECK(nonce_alone(next_on(A, FIRST + i, 0)));
	}
	/* nobody waits: a new channel takes the place of one that was served */
	T_CHECK(nonce_alone(next_on(A, FIRST + GUARD_FEEDS_MAX, 0)));
	/* now all wait */
	for (uint32_t i = 0; i < GUARD_FEEDS_MAX; i++) {
		uint32_t channel = r.g[A].feeds[i].channel;

		held[i] = next_on(A, channel, 0);
		T_EQ(rig_answers(held[i]), 0);
	}
	REFUSED(next_on(A, 99, 0), "busy", "channel");
	for (uint32_t i = 0; i < GUARD_FEEDS_MAX; i++) {
		T_EQ(rig_answers(held[i]), 0);
	}
	/* one goes away: its place is free, and it is not answered any more */
	closed.channel = r.g[A].feeds[3].channel;
	rig_event(A, &closed);
	T_CHECK(nonce_alone(next_on(A, 99, 0)));
	rig_tick(A, 1001);
	for (uint32_t i = 0; i < GUARD_FEEDS_MAX; i++) {
		T_EQ(rig_answers(held[i]), i == 3 ? 0 : 1);
	}
}

/* A batch whose records and blobs are as we like, in a form that reads. */
static struct bytes made_batch(void)
{
	struct log_chain at = r.g[A].chain;
	struct bytes sealed;

	log_batch_seal(&sealed, &batch, &at, &r.log_secret);
	return sealed;
}

/* The same with this kind in its first record. */
static struct bytes with_kind(struct bytes sealed, uint16_t kind)
{
	struct log_batch_head head;
	struct sha256 h;

	le16_put(batch_bytes + LOG_BATCH_HEAD_BYTES, kind);
	CHECK(log_batch_head_get(&head, batch_bytes) == ERR_OK);
	sha256_init(&h);
	sha256_update(&h, bytes_of(batch_bytes, 28));
	sha256_update(&h, bytes_of(batch_bytes + 32, 64));
	sha256_update(
	    &h, bytes_of(batch_bytes + LOG_BATCH_HEAD_BYTES, sealed.n - LOG_BATCH_HEAD_BYTES));
	sha256_final(&h, &head.hash);
	log_batch_head_put(batch_bytes, &head);
	return sealed;
}

/* What the disk gives back is judged: a watcher is never told something else. */
static void bad_disk(void)
{
	static uint8_t copy[65536];
	struct log_record rec = { .kind = LOG_DOCUMENT, .amount = DOC_ORDER };
	struct bytes good, other, blob = bytes_str("x");
	uint64_t id, call;

	start();
	rig_withdrawal(X(50), 0, 1);
	(void)rig_sign();
	rig_withdrawal(X(51), 0, 2);
	(void)rig_sign();
	good = batch_of(A, 0);
	other = batch_of(A, 1);
#define READ(status, given, words)                     \
	do {                                           \
		id = slow_next(A, WATCHER, 0);         \
		call = asked();                        \
		T_CHECK(call != 0);                    \
		T_EQ(rig_answers(id), 0);              \
		disk_says(A, call, status, given);     \
		T_CHECK(nonce_alone(id));              \
		T_CHECK(noted("broken journal-read")); \
		T_CHECK(noted(words));                 \
	} while (0)
	READ(ERR_IO, nothing, "why=io");
	READ(ERR_OK, nothing, "why=corrupt");
	READ(ERR_OK, bytes_of(good.p, good.n - 1), "why=corrupt");
	CHECK(good.n <= sizeof copy);
	memcpy(copy, good.p, good.n);
	copy[good.n / 2] ^= 1;
	READ(ERR_OK, bytes_of(copy, good.n), "why=corrupt");
	/* the batch of another payment; one with no attestation at all */
	READ(ERR_OK, other, "why=corrupt");
	begin();
	add(rec, &blob);
	READ(ERR_OK, made_batch(), "why=corrupt");
	/* a document that is not there; a record of no kind that we know */
	begin();
	add(rec, NULL);
	READ(ERR_OK, made_batch(), "why=not-found");
	begin();
	add(rec, &blob);
	READ(ERR_OK, with_kind(made_batch(), 0x7777), "why=unknown-type");
	/* more documents than one answer holds */
	begin();
	for (unsigned i = 0; i < FRAME_ITEMS_MAX; i++) {
		uint8_t byte = (uint8_t)i;

		blob = bytes_of(&byte, 1);
		add(rec, &blob);
	}
	READ(ERR_OK, made_batch(), "why=corrupt");
#undef READ
	/* and the right one at last */
	id = slow_next(A, WATCHER, 0);
	disk_says(A, asked(), ERR_OK, good);
	T_CHECK(subject_told(id));
	T_CHECK(!noted("broken"));
	T_EQ(r.g[A].reads_out, 0);
}

/* Answers of the disk find the poll that they belong to, or nobody. */
static void late_disk(void)
{
	struct event closed = { .kind = EVENT_CLOSED, .channel = WATCHER };
	uint64_t served, idle, first, second, third;
	uint64_t call_first, call_second, call_third;

	start();
	rig_withdrawal(X(50), 0, 1);
	(void)rig_sign();
	served = next_on(A, WATCHER + 1, 0); /* a place that waits for nothing */
	T_CHECK(subject_told(served));
	(void)next_on(A, WATCHER + 2, r.payments[A][0].sequence);
	idle = next_on(A, WATCHER + 2, r.payments[A][0].sequence); /* waits, reads nothing */
	T_EQ(rig_answers(idle), 0);
	first = slow_next(A, 50, 0);
	call_first = asked();
	second = slow_next(A, 51, 0);
	call_second = asked();
	T_CHECK(call_first != 0 && call_second != 0 && call_first != call_second);
	T_EQ(r.g[A].reads_out, 2);
	/* a call that nobody made; then the second before the first */
	disk_says(A, 4711, ERR_OK, batch_of(A, 0));
	T_EQ(r.out.n, 0);
	T_EQ(r.g[A].reads_out, 1);
	disk_says(A, call_second, ERR_OK, batch_of(A, 0));
	T_CHECK(subject_told(second));
	T_EQ(rig_answers(first), 0);
	/* the first asks again while its read is under way: answered, and read anew */
	third = slow_next(A, 50, 0);
	call_third = asked();
	T_CHECK(nonce_alone(first));
	T_CHECK(call_third != 0 && call_third != call_first);
	disk_says(A, call_first, ERR_OK, batch_of(A, 0)); /* too late */
	T_EQ(rig_answers(third), 0);
	disk_says(A, call_third, ERR_OK, batch_of(A, 0));
	T_CHECK(subject_told(third));
	T_EQ(rig_answers(idle), 0);
	/* one that went away while the disk was busy is answered by nobody */
	first = slow_next(A, WATCHER, 0);
	call_first = asked();
	slow_event(A, &closed);
	disk_says(A, call_first, ERR_OK, batch_of(A, 0));
	T_EQ(rig_answers(first), 0);
}

/* So many reads at once and not one more: channels that come and go do not flood the disk. */
static void busy_disk(void)
{
	uint64_t calls[GUARD_FEEDS_MAX], id;
	struct event closed = { .kind = EVENT_CLOSED };

	start();
	rig_withdrawal(X(50), 0, 1);
	(void)rig_sign();
	for (uint32_t i = 0; i < GUARD_FEEDS_MAX; i++) {
		(void)slow_next(A, 100 + i, 0);
		calls[i] = asked();
		T_CHECK(calls[i] != 0);
	}
	T_EQ(r.g[A].reads_out, GUARD_FEEDS_MAX);
	closed.channel = 100;
	slow_event(A, &closed);
	id = slow_next(A, 200, 0);
	T_EQ(asked(), 0);
	T_EQ(rig_answers(id), 0);
	disk_says(A, calls[0], ERR_OK, batch_of(A, 0)); /* of the one that went away */
	T_CHECK(asked() != 0);
	T_EQ(r.g[A].reads_out, GUARD_FEEDS_MAX);
	disk_says(A, asked(), ERR_OK, batch_of(A, 0));
	T_CHECK(subject_told(id));
}

/* One step that has very much to say leaves some polls to the next. */
static void much_to_say(void)
{
	struct doc_freeze f = { 0 };
	uint64_t held[GUARD_FEEDS_MAX], signs[GUARD_PENDING_MAX];
	uint64_t newest, stop;
	size_t told = 0;

	start();
	for (uint8_t i = 0; i < GUARD_PENDING_MAX; i++) {
		rig_withdrawal(X(1) + i, 0, i);
		signs[i] = rig_sign();
		T_EQ(rig_answers(signs[i]), 0);
	}
	newest = guard_self_newest(&r.g[A]);
	for (uint32_t i = 0; i < GUARD_FEEDS_MAX; i++) {
		(void)next_on(A, 100 + i, newest);
		held[i] = next_on(A, 100 + i, newest);
		T_EQ(rig_answers(held[i]), 0);
	}
	r.mono += 1001;
	r.wall += 1001;
	f = rig_freeze("officer-1", 1);
	stop = rig_stop(A, STOPPER, &f, &r.person[0]);
	T_STR(rig_code(stop), "");
	T_EQ(rig_answers(stop), 1);
	for (size_t i = 0; i < GUARD_PENDING_MAX; i++) {
		T_STR(rig_code(signs[i]), "frozen"); /* all of them, whatever else fits */
	}
	for (size_t i = 0; i < GUARD_FEEDS_MAX; i++) {
		told += rig_answers(held[i]);
	}
	T_CHECK(told > 0 && told < GUARD_FEEDS_MAX);
	rig_tick(A, 1);
	for (size_t i = 0; i < GUARD_FEEDS_MAX; i++) {
		T_CHECK(nonce_alone(held[i]));
	}
}

/* B's feed names what is its own: A's attestation and signature stand in its journal only. */
static void feed_of_b(void)
{
	uint64_t a, id, held;
	struct doc d;

	start();
	rig_withdrawal(X(50), 0, 1);
	a = rig_sign();
	rig_acks(A);
	T_CHECK(rig_signed(a));
	(void)next_on(B, WATCHER + 1, 0);
	held = next_on(B, WATCHER + 1, 0);
	T_EQ(rig_answers(held), 0);
	(void)rig_sign_b(rig_answer(a));
	T_EQ(r.g[B].payments_n, 1);
	id = next_on(B, WATCHER, 0);
	T_CHECK(subject_told(id));
	for (size_t i = 2; rig_item(rig_answer(id), i).n > 0; i++) {
		enum doc_type type = rig_type(rig_item(rig_answer(id), i), &d);

		T_CHECK(type == DOC_ATTEMPT || type == DOC_ORDER || type == DOC_REQUEST);
		T_CHECK(i < 5);
	}
	/* who waited was told the same, in the step that attested */
	for (size_t i = 1; i <= 5; i++) {
		T_CHECK(bytes_eq(rig_item(rig_answer(held), i), rig_item(rig_answer(id), i)));
	}
}

/* Who has no room in the step that attests is told in the next one. */
static void told_later(void)
{
	const struct guard_payment *p;
	uint64_t held;
	size_t n;

	start();
	rig_withdrawal(X(50), 0, 1);
	(void)rig_sign();
	p = r.g[A].config.storage.payments;
	(void)next_on(A, WATCHER, p->sequence);
	held = next_on(A, WATCHER, p->sequence);
	T_EQ(rig_answers(held), 0);
	/* as if it had waited for this one */
	for (size_t i = 0; i < GUARD_FEEDS_MAX; i++) {
		r.g[A].feeds[i].after = 0;
	}
	effects_init(&r.out, r.store, sizeof r.store);
	while (effects_free(&r.out) > 4) {
		effects_note(&r.out, "info much to say");
	}
	n = r.out.n;
	guard_feed_attested(&r.g[A], p, bytes_str("what it attested"), NULL, 0, &r.out);
	T_EQ(r.out.n, n);
	T_EQ(rig_answers(held), 0);
	rig_tick(A, 1);
	T_CHECK(subject_told(held));
}

/* What a heartbeat says in another form than a watcher writes. */
static void odd_heartbeats(void)
{
	uint64_t before;

	start();
	before = r.g[A].watchers[0].nonce_number;
	rig_tick(A, 1001);
	REFUSED(rig_frame(A, WATCHER, SIGNER_HEARTBEAT, one_item(hollow(DOC_HEARTBEAT))),
		"field-missing", "heartbeat.balances");
	REFUSED(rig_frame(A, WATCHER, SIGNER_HEARTBEAT, one_item(hollow(DOC_ACK))), "unknown-type",
		"heartbeat");
	T_EQ(r.g[A].watchers[0].nonce_number, before);
}

/* ---- what was forgotten for its age ---- */

enum { PLACES = GUARD_PAYMENTS_MIN - GUARD_PAYMENTS_MIN / GUARD_SWEEPS_SHARE };

/* All places for payments taken. */
static void filled(void)
{
	rig_make();
	r.payments_cap = GUARD_PAYMENTS_MIN;
	rig_restart(A);
	rig_well(A);
	for (uint8_t i = 0; i < PLACES; i++) {
		rig_withdrawal(X(1) + i, 0, i);
		(void)rig_sign();
		rig_acks(A);
	}
	CHECK(r.g[A].payments_n == PLACES);
}

static void days_pass(void)
{
	rig_tick(A, (POLICY_REQUEST_DAYS + 2) * (uint64_t)POLICY_DAY_MS);
	rig_well(A);
}

static const char *beat_with_records(uint64_t sequence)
{
	struct doc_heartbeat h;

	rig_tick(A, 1001);
	h = rig_heartbeat(A, 0);
	h.records_sequence = sequence;
	return rig_code(rig_beat_as(A, WATCHER, &h, &r.watcher[0]));
}

/* A watcher that stayed behind holds what we have forgotten: no lock.  But not in between. */
static void forgotten_records(void)
{
	uint64_t old;

	filled();
	old = r.payments[A][3].sequence;
	days_pass();
	for (uint8_t i = 0; i < 2; i++) {
		rig_withdrawal(X(2) + i, 0, (uint8_t)(100 + i));
		T_STR(rig_code(rig_sign()), "");
	}
	T_EQ(r.g[A].payments_n, 2);
	T_STR(beat_with_records(old), "");
	T_CHECK(!guard_locked(&r.g[A]));
	T_STR(beat_with_records(r.payments[A][0].sequence + 1), "locked");
	T_CHECK(guard_locked(&r.g[A]));
	/* and it stays so, whatever is said later */
	T_STR(beat_with_records(r.payments[A][0].sequence + 1), "locked");
	T_STR(beat_with_records(0), "");
	T_CHECK(guard_locked(&r.g[A]));
}

/* Forgotten while the disk was busy with it. */
static void forgotten_read(void)
{
	static uint8_t copy[65536];
	uint64_t id, call;
	size_t n;

	filled();
	n = batch_of(A, 0).n;
	CHECK(n <= sizeof copy);
	memcpy(copy, batch_of(A, 0).p, n);
	days_pass();
	id = slow_next(A, WATCHER, 0);
	call = asked();
	rig_withdrawal(X(2), 0, 100);
	(void)rig_sign();
	T_EQ(r.g[A].payments_n, 1);
	T_EQ(rig_answers(id), 0);
	disk_says(A, call, ERR_OK, bytes_of(copy, n));
	T_CHECK(nonce_alone(id));
	T_CHECK(!noted("broken")); /* nothing is */
	/* asked again, the feed goes on with what is there */
	T_CHECK(subject_told(next_on(A, WATCHER, 0)));
}

/* Only the old makes room, by our own clock; a clock of 1970 forgets nothing. */
static void what_is_forgotten(void)
{
	struct guard *g = &r.g[A];
	uint64_t kept;
	uint64_t own;

	filled();
	T_CHECK(guard_self_by_sequence(g, 0) == NULL);
	T_CHECK(guard_self_by_sequence(g, guard_self_newest(g) + 1) == NULL);
	T_CHECK(guard_self_by_sequence(g, guard_self_newest(g)) == &r.payments[A][PLACES - 1]);
	T_CHECK(!guard_self_payment_room(g, 5, false));
	T_CHECK(guard_self_payment_room(g, 5, true)); /* the sweeps' own part */
	T_CHECK(!guard_self_payment_room(g, g->own_ms, false));
	/* the last of them is younger than the others */
	own = g->own_ms + (POLICY_REQUEST_DAYS + 2) * (uint64_t)POLICY_DAY_MS;
	uuid7_make(&r.payments[A][PLACES - 1].request_id, own - 1000,
		   (const uint8_t[UUID7_RANDOM_BYTES]){ 0 });
	/* and a sweep counts by the time of its attestation */
	r.payments[A][0].sweep = true;
	r.payments[A][0].sweep_ms = own - 1000;
	kept = r.payments[A][PLACES - 1].attestation;
	T_CHECK(guard_self_payment_room(g, own, false));
	T_CHECK(guard_self_payment_new(g, own, false) == &r.payments[A][2]);
	T_CHECK(g->forgot);
	T_CHECK(r.payments[A][0].sweep);
	T_EQ(r.payments[A][1].attestation, kept);
	/* once more, and forgotten it stays */
	own += (POLICY_REQUEST_DAYS + 2) * (uint64_t)POLICY_DAY_MS;
	while (g->payments_n < PLACES) {
		T_CHECK(guard_self_payment_new(g, own, false) != NULL);
	}
	T_CHECK(guard_self_payment_new(g, own, false) == &r.payments[A][0]);
	T_CHECK(g->forgot);
}

/* ---- what is asked of a signer ---- */

static uint64_t items_to(int s, uint32_t channel, uint16_t number, const struct bytes *items,
			 size_t n)
{
	static uint8_t body[65536];
	struct writer w = writer_make(body, sizeof body);

	return rig_frame(s, channel, number, rig_body(&w, items, n));
}

static void close_account(int s, const struct key32 *account)
{
	struct doc_closing c = { .account = *account,
				 .genesis = r.genesis_id,
				 .issuer = "officer-1",
				 .reason = "used up" };
	uint8_t raw[2048];
	struct writer w = writer_make(raw, sizeof raw);
	struct bytes item;

	CHECK(doc_closing_make(&w, NULL, &c, r.person[0].secret) == ERR_OK);
	item = bytes_of(w.p, w.n);
	(void)items_to(s, STOPPER, SIGNER_STOP_PUT, &item, 1);
}

static void hang_up(int s, uint32_t channel)
{
	struct event closed = { .kind = EVENT_CLOSED, .channel = channel };

	rig_event(s, &closed);
}

/* What stands beside an attempt, in every wrong form. */
static void beside(void)
{
	enum {
		MOST = 3 + 2 * APPROVALS_MAX + EXCLUSION_EARLIER_MAX + EXCLUSION_STATEMENTS_MAX +
		       DOC_SOURCES_MAX + 1,
	};
	static struct rig_bodies b;
	static uint8_t raw[65536];
	struct bytes many[FRAME_ITEMS_MAX];
	struct doc_exclusion x = { .final_height = 1, .height = 2, .watcher = "watcher-1" };
	struct writer w = writer_make(raw, sizeof raw);
	struct bytes word;

	start();
	x.genesis = r.genesis_id;
	x.account = r.till.public_key;
	x.largest = x.residue = xem(1);
	CHECK(doc_exclusion_make(&w, NULL, &x, r.watcher[0].secret) == ERR_OK);
	word = bytes_of(w.p, w.n);
	rig_withdrawal(X(500), 1, 1);
	rig_encode(&b);
#define BESIDE(item, times, code, field)                                          \
	do {                                                                      \
		size_t n_ = b.n;                                                  \
		memcpy(many, b.items, n_ * sizeof many[0]);                       \
		for (unsigned k = 0; k < (times); k++) {                          \
			many[n_++] = (item);                                      \
		}                                                                 \
		REFUSED(items_to(A, SERVER, SIGNER_SIGN, many, n_), code, field); \
	} while (0)
	BESIDE(hollow(DOC_ATTEMPT), 1, "field-missing", "earlier.account");
	BESIDE(hollow(DOC_EXCLUSION), 1, "field-missing", "exclusion.account");
	BESIDE(hollow(DOC_APPROVAL), 1, "field-missing", "approval.decision");
	/* more than any order has: attempts, words of watchers, approvals, documents at all */
	BESIDE(b.items[2], EXCLUSION_EARLIER_MAX + 1, "full", "earlier");
	BESIDE(word, EXCLUSION_STATEMENTS_MAX + 1, "full", "exclusion");
	BESIDE(b.items[3], APPROVALS_MAX, "bad-input", "body");
	for (size_t i = 0; i < FRAME_ITEMS_MAX; i++) {
		many[i] = bytes_str("x");
	}
	REFUSED(items_to(A, SERVER, SIGNER_SIGN, many, MOST + 1), "bad-input", "body");
	REFUSED(items_to(A, SERVER, SIGNER_SIGN, many, MOST), "bad-input", "request.byte 0");
	T_EQ(r.g[A].payments_n, 0);
#undef BESIDE
}

/* A's part, with something else in the place of its signature. */
static void others_part(void)
{
	static struct rig_bodies b;
	struct doc_signature signature;
	uint8_t raw[2048];
	struct writer w = writer_make(raw, sizeof raw);
	struct bytes given, good;
	uint64_t a;
	struct doc d;

	start();
	rig_withdrawal(X(50), 0, 1);
	a = rig_sign();
	rig_acks(A);
	T_CHECK(rig_signed(a));
	good = rig_item(rig_answer(a), 0);
	T_EQ(rig_type(rig_item(rig_answer(a), 1), &d), DOC_SIGNATURE);
	T_EQ(doc_signature_read(&d, &signature, NULL), ERR_OK);
#define PARTS(attestation, sig, code, field)           \
	do {                                           \
		rig_encode(&b);                        \
		b.items[b.n++] = (attestation);        \
		given = (sig);                         \
		b.items[b.n++] = given;                \
		REFUSED(rig_send(B, &b), code, field); \
	} while (0)
	PARTS(good, good, "unknown-type", "signature");
	PARTS(good, hollow(DOC_SIGNATURE), "field-missing", "signature.attestation");
	PARTS(rig_item(rig_answer(a), 1), good, "unknown-type", "attestation");
	signature.attestation.b[5] ^= 1;
	CHECK(doc_signature_make(&w, NULL, &signature, NULL) == ERR_OK);
	PARTS(good, bytes_of(w.p, w.n), "mismatch", "signature.attestation");
	T_EQ(r.g[B].payments_n, 0);
	PARTS(good, rig_item(rig_answer(a), 1), "", "");
	T_EQ(r.g[B].payments_n, 1);
#undef PARTS
}

/* Either of two back ends may sign a request. */
static void two_backends(void)
{
	rig_make();
	r.roster.backend_count = 2;
	rig_party(&r.roster.backends[1], "backend-2", &r.stranger);
	rig_documents_write();
	r.journal_n[A] = 0;
	rig_guard(A);
	rig_well(A);
	for (uint8_t i = 0; i < 2; i++) {
		rig_withdrawal(X(50) + i, 0, i);
		r.request_key = i == 0 ? &r.backend : &r.stranger;
		T_STR(rig_code(rig_sign()), "");
		T_EQ(r.g[A].payments_n, i + 1);
	}
	rig_withdrawal(X(52), 0, 3);
	r.request_key = &r.person[0];
	REFUSED(rig_sign(), "bad-signature", "request.signatures");
}

/* The attempt that was signed, beside an order or a request that it does not belong to. */
static void again_with_others(void)
{
	uint64_t id;

	start();
	rig_withdrawal(X(50), 0, 1);
	(void)rig_sign();
	rig_acks(A);
	r.keep_links = true;
	r.order.expires_ms++;
	REFUSED(rig_sign(), "mismatch", "attempt.order");
	r.order.expires_ms--;
	r.request.time_ms++;
	REFUSED(rig_sign(), "mismatch", "attempt.order");
	r.request.time_ms--;
	id = rig_sign();
	T_CHECK(rig_signed(id));
	T_EQ(r.g[A].payments_n, 1);
}

/* An address of another network. */
static void other_network(void)
{
	struct nem_address mainnet;

	start();
	rig_withdrawal(X(50), 0, 1);
	nem_address_from_key(&mainnet, &r.stranger.key, 0x68);
	memcpy(r.request.destination.text, mainnet.text, sizeof mainnet.text);
	r.order.destination = r.request.destination;
	REFUSED(rig_sign(), "wrong-network", "order.destination");
	T_EQ(r.g[A].payments_n, 0);
}

/* Sums at the end of what numbers hold do not wrap into cover. */
static void cover_does_not_wrap(void)
{
	const u128 most = ~(u128)0;
	const u128 one = X(50) + 400000;

	start();
	rig_withdrawal(X(50), 0, 1);
	T_STR(rig_code(rig_sign()), "");
	for (unsigned k = 0; k < 2; k++) {
		rig_tick(A, 1001);
		for (unsigned i = 0; i < 3; i++) {
			struct doc_heartbeat h = rig_heartbeat(A, i);

			h.balances[0].confirmed = money_of(ASSET_XEM, most);
			/* with this payment it just fits; with the one before it does not */
			h.balances[0].promised = money_of(ASSET_XEM, most - one - k * one);
			T_STR(rig_code(rig_beat_as(A, WATCHER + i, &h, &r.watcher[i])), "");
		}
		rig_withdrawal(X(50), 0, 2);
		r.attempt.timestamp_nem_s++;
		r.attempt.deadline_nem_s++;
		if (k == 0) {
			REFUSED(rig_sign(), "insufficient-funds", "attempt.account");
		} else {
			T_STR(rig_code(rig_sign()), "");
		}
	}
	T_EQ(r.g[A].payments_n, 2);
}

/* As many stops as we hold, and others. */
static void other_stops(void)
{
	struct doc_heartbeat h;

	start();
	rig_tick(A, 1001);
	h = rig_heartbeat(A, 2);
	h.stop_head.b[0] = 7;
	T_STR(rig_code(rig_beat_as(A, WATCHER + 2, &h, &r.watcher[2])), "");
	rig_withdrawal(X(50), 0, 1);
	REFUSED(rig_sign(), "stale", "heartbeat.stop_head");
	T_EQ(r.g[A].payments_n, 0);
}

static void odd_acks(void)
{
	start();
	rig_withdrawal(X(50), 0, 1);
	(void)rig_sign();
	REFUSED(rig_frame(A, WATCHER, SIGNER_ACK, nothing), "bad-input", "body");
	REFUSED(rig_frame(A, WATCHER, SIGNER_ACK, bytes_str("nonsense")), "bad-input", "body");
	REFUSED(rig_frame(A, WATCHER, SIGNER_ACK, one_item(hollow(DOC_ACK))), "field-missing",
		"ack.attestation");
	REFUSED(rig_frame(A, WATCHER, SIGNER_ACK, one_item(hollow(DOC_NONCE))), "unknown-type",
		"ack");
	T_EQ(r.payments[A][0].acked, 0);
}

/* ---- a journal that is nearly full ---- */

/* So many bytes are left. */
static void left(uint64_t bytes)
{
	r.g[A].config.journal_bytes = r.g[A].journal_used + bytes;
}

static void nearly_full(void)
{
	struct doc_freeze f = { 0 };
	struct hash32 id;
	uint64_t sign, unlogged, refused;

	start();
	rig_withdrawal(X(50), 0, 1);
	sign = rig_sign();
	id = rig_newest(A);
	/* a refusal is not worth what is kept for freezes */
	left(GUARD_HEADROOM_BYTES + 100);
	unlogged = r.g[A].refused_unlogged;
	refused = r.commits;
	rig_withdrawal(X(60), 0, 2);
	REFUSED(rig_sign(), "full", "journal");
	T_EQ(r.g[A].refused_unlogged, unlogged + 1);
	T_EQ(r.commits, refused);
	/* nor are acknowledgements of payments */
	left(GUARD_HEADROOM_BYTES / 2);
	REFUSED(rig_ack(A, 0, &id), "full", "journal");
	T_EQ(r.payments[A][0].acked, 0);
	T_EQ(rig_answers(sign), 0);
	left(GUARD_HEADROOM_BYTES / 2 + 4096);
	T_STR(rig_code(rig_ack(A, 0, &id)), "");
	T_EQ(r.payments[A][0].acked, 1);
	/* nor is a closing */
	left(GUARD_HEADROOM_BYTES / 4);
	{
		uint64_t before = r.ids;

		close_account(A, &r.till.public_key);
		REFUSED(before + 1, "full", "journal");
		T_CHECK(!guard_closing_closed(&r.g[A], &r.till.public_key));
	}
	/* a freeze is taken to the end */
	f = rig_freeze("officer-1", 1);
	left(4096);
	T_STR(rig_code(rig_stop(A, STOPPER, &f, &r.person[0])), "");
	T_CHECK(guard_frozen(&r.g[A]));
	REFUSED(sign, "frozen", "");
	T_STR(rig_field(rig_frame(A, STOPPER, SIGNER_STOP_PUT, one_item(bytes_str("x")))),
	      "document.byte 0");
}

/* ---- who waits for watchers ---- */

static void who_waits(void)
{
	uint64_t first, id, ages;
	struct hash32 newest;

	start();
	/* released, and its place free; then all places taken */
	rig_withdrawal(X(50), 0, 200);
	first = rig_sign();
	rig_acks(A);
	T_CHECK(rig_signed(first));
	for (uint8_t i = 0; i < GUARD_PENDING_MAX; i++) {
		rig_withdrawal(X(1) + i, 0, i);
		T_STR(rig_code(rig_sign()), "");
	}
	/* what was signed before is asked for again: later */
	rig_withdrawal(X(50), 0, 200);
	REFUSED(rig_sign(), "busy", "");
	T_EQ(r.g[A].payments_n, 1 + GUARD_PENDING_MAX);
	/* all hang up: the places of the oldest are given away first, and in order */
	hang_up(A, SERVER);
	T_CHECK(rig_signed(rig_sign()));
	ages = r.g[A].ages;
	for (uint8_t i = 0; i < 2; i++) {
		rig_withdrawal(X(60) + i, 0, (uint8_t)(100 + i));
		T_STR(rig_code(rig_sign()), "");
		hang_up(A, SERVER);
	}
	T_EQ(r.g[A].pending[0].age, ages + 1);
	T_EQ(r.g[A].pending[1].age, ages + 2);
	T_CHECK(r.g[A].pending[2].used && r.g[A].pending[2].age < ages);
	/* k watchers know: nobody waits for it, so nothing leaves; asked again it does */
	newest = rig_newest(A);
	(void)rig_ack(A, 0, &newest);
	T_EQ(rig_answers(rig_ack(A, 1, &newest)), 1);
	T_EQ(r.g[A].signatures_released, 2);
	id = rig_sign();
	T_CHECK(rig_signed(id));
	T_EQ(r.g[A].signatures_released, 3);
}

/* Hung up before the freeze: nobody is told, and nothing is left to release. */
static void nobody_to_tell(void)
{
	struct doc_freeze f = { 0 };
	uint64_t id;

	start();
	rig_withdrawal(X(50), 0, 1);
	id = rig_sign();
	hang_up(A, SERVER);
	f = rig_freeze("officer-1", 1);
	(void)rig_stop(A, STOPPER, &f, &r.person[0]);
	T_EQ(rig_answers(id), 0);
	T_CHECK(!r.g[A].pending[0].used);
	rig_acks(A);
	T_EQ(rig_answers(id), 0);
}

/* What waits for 36 days and is forgotten meanwhile is never released. */
static void waited_too_long(void)
{
	struct doc_freeze f = { 0 };
	uint64_t id, other;

	filled();
	rig_tick(A, 1); /* writes the words of watchers */
	rig_restart(A);
	rig_well(A);
	id = rig_sign(); /* the last again: acknowledged, so given at once */
	T_CHECK(rig_signed(id));
	r.payments[A][PLACES - 1].acked = 0;
	id = rig_sign();
	T_EQ(rig_answers(id), 0);
	days_pass();
	rig_withdrawal(X(2), 0, 100);
	other = rig_sign();
	T_EQ(r.g[A].payments_n, 1);
	rig_acks(A);
	T_CHECK(rig_signed(other));
	T_EQ(rig_answers(id), 0);
	/* nor does the end of its account find it; a freeze does */
	close_account(A, &r.till.public_key);
	T_EQ(rig_answers(id), 0);
	f = rig_freeze("officer-1", 1);
	(void)rig_stop(A, STOPPER, &f, &r.person[0]);
	REFUSED(id, "frozen", "");
	T_EQ(r.g[A].signatures_released, 2);
}

/* ---- sweeps ---- */

static struct doc_sweep sweep;

static void sweep_make(const struct key32 *account, uint64_t balance)
{
	struct money m = xem(balance);
	uint32_t now = 0;

	CHECK(nem_time_from_unix_ms(&now, r.wall) == ERR_OK);
	CHECK(attempt_sweep_make(&sweep, &r.genesis, &r.policy, &r.genesis_id, account, &m, now) ==
	      ERR_OK);
}

/* An officer's word that the money must move. */
static struct bytes evacuate(unsigned officer, uint8_t number)
{
	static uint8_t raw[8][16384];
	static unsigned at;
	struct doc_freeze f = rig_freeze(officer == 0 ? "officer-1" : "officer-2", number);

	f.evacuate = true;
	f.time_ms = NOW;
	return rig_freeze_raw(raw[at++ % 8], &f, &r.person[officer]);
}

static struct bytes sweep_item(void)
{
	static uint8_t raw[4096];
	struct writer w = writer_make(raw, sizeof raw);

	CHECK(doc_sweep_make(&w, NULL, &sweep, NULL) == ERR_OK);
	return bytes_of(w.p, w.n);
}

/* The sweep at hand on the word of two officers, at a watcher's asking; a: A's part, or NULL. */
static uint64_t sweep_ask(int s, unsigned watcher, const struct rig_sent *a)
{
	struct bytes items[5] = { sweep_item(), evacuate(0, 1), evacuate(1, 1) };
	size_t n = 3;

	if (a != NULL) {
		items[n++] = rig_item(a, 0);
		items[n++] = rig_item(a, 1);
	}
	return items_to(s, WATCHER + watcher, SIGNER_SWEEP, items, n);
}

static void sweep_forms(void)
{
	static uint8_t large[GUARD_SIGN_BYTES_MAX + 1];
	struct bytes items[8];
	uint64_t a, b;

	start();
	sweep_make(&r.till.public_key, X(5000));
#define SWEPT(s, n, code, field) REFUSED(items_to(s, WATCHER, SIGNER_SWEEP, items, n), code, field)
	REFUSED(rig_frame(A, WATCHER, SIGNER_SWEEP, nothing), "bad-input", "body");
	REFUSED(rig_frame(A, WATCHER, SIGNER_SWEEP, bytes_str("nonsense")), "bad-input", "body");
	REFUSED(rig_frame(A, WATCHER, SIGNER_SWEEP, bytes_of(large, sizeof large)), "too-large",
		"body");
	items[0] = sweep_item();
	for (uint8_t i = 0; i < 5; i++) {
		items[1 + i] = evacuate(0, i);
	}
	SWEPT(A, 6, "bad-input", "body");
	items[0] = hollow(DOC_SWEEP);
	SWEPT(A, 2, "field-missing", "sweep.account");
	SWEPT(B, 4, "field-missing", "sweep.account");
	items[0] = hollow(DOC_ACK);
	SWEPT(A, 2, "unknown-type", "sweep");
	items[0] = sweep_item();
	items[1] = hollow(DOC_FREEZE);
	SWEPT(A, 2, "field-missing", "freeze.evacuate");
	items[1] = hollow(DOC_ACK);
	SWEPT(A, 2, "unknown-type", "freeze");
	/* B: without A's part nothing, not even the freezes, is taken */
	items[1] = evacuate(0, 1);
	items[2] = evacuate(1, 1);
	items[3] = hollow(DOC_ATTESTATION);
	items[4] = items[3];
	SWEPT(B, 5, "field-missing", "attestation.data");
	T_CHECK(!guard_frozen(&r.g[A]) && !guard_frozen(&r.g[B]));
	/* A's part of another move */
	a = sweep_ask(A, 0, NULL);
	rig_acks(A);
	T_CHECK(rig_signed(a));
	sweep_make(&r.till.public_key, X(5001));
	REFUSED(sweep_ask(B, 0, rig_answer(a)), "mismatch", "attestation.subject");
	T_EQ(r.g[B].payments_n, 0);
	T_CHECK(guard_frozen(&r.g[B])); /* but the officers' word stands */
	sweep_make(&r.till.public_key, X(5000));
	b = sweep_ask(B, 0, rig_answer(a));
	rig_acks(B);
	T_CHECK(rig_signed(b));
	/* a journal that is full even for sweeps; and for their acknowledgements */
	sweep_make(&r.till.public_key, X(70));
	left(GUARD_HEADROOM_BYTES / 2);
	REFUSED(sweep_ask(A, 0, NULL), "full", "journal");
	left(GUARD_HEADROOM_BYTES);
	a = sweep_ask(A, 0, NULL);
	T_STR(rig_code(a), "");
	{
		struct hash32 id = rig_newest(A);

		left(GUARD_HEADROOM_BYTES / 4);
		REFUSED(rig_ack(A, 0, &id), "full", "journal");
		left(GUARD_HEADROOM_BYTES / 2); /* where no payment's would be taken */
		T_STR(rig_code(rig_ack(A, 0, &id)), "");
	}
#undef SWEPT
}

static bool told_of(uint64_t id, const struct hash32 *attestation)
{
	struct doc d;

	return rig_answers(id) == 1 &&
	       rig_type(rig_item(rig_answer(id), 1), &d) == DOC_ATTESTATION &&
	       hash32_eq(&d.id, attestation);
}

/*
 * A signer that lost its memory evacuates by lower numbers than a watcher has heard from it: each
 * nonce tells it the sweeps that wait for its word, one after the other.
 */
static void unheard_sweeps(void)
{
	const uint64_t heard = 1000000;
	struct hash32 first, second;
	struct event closed = { .kind = EVENT_CLOSED, .channel = WATCHER };
	uint64_t id;

	start();
	/* no payment is told again: numbers of those that go back are a crime */
	rig_withdrawal(X(50), 0, 1);
	(void)rig_sign();
	T_CHECK(nonce_alone(next_on(A, WATCHER + 1, heard)));
	id = next_on(A, WATCHER + 1, heard);
	rig_tick(A, 1001);
	T_CHECK(nonce_alone(id));
	sweep_make(&r.till.public_key, X(5000));
	T_STR(rig_code(sweep_ask(A, 0, NULL)), "");
	first = rig_newest(A);
	sweep_make(&r.till.public_key, X(4000));
	T_STR(rig_code(sweep_ask(A, 0, NULL)), "");
	second = rig_newest(A);
	/* a new link has its nonce first */
	T_CHECK(nonce_alone(next_on(A, WATCHER + 2, heard)));
	id = next_on(A, WATCHER + 1, heard);
	T_EQ(rig_answers(id), 0);
	rig_tick(A, 1001);
	T_CHECK(told_of(id, &first));
	id = next_on(A, WATCHER + 1, heard);
	T_CHECK(told_of(id, &second));
	/* all, once for this nonce */
	id = next_on(A, WATCHER + 1, heard);
	T_EQ(rig_answers(id), 0);
	T_STR(rig_code(rig_ack(A, 0, &first)), "");
	T_EQ(rig_answers(id), 0);
	rig_tick(A, 1001);
	T_CHECK(told_of(id, &second));
	T_EQ(rig_answers(next_on(A, WATCHER + 1, heard)), 0);
	T_STR(rig_code(rig_ack(A, 0, &second)), "");
	id = next_on(A, WATCHER + 1, heard);
	rig_tick(A, 1001);
	T_CHECK(nonce_alone(id));
	/* what k have said is let out, and waits for nobody */
	T_STR(rig_code(rig_ack(A, 1, &second)), "");
	T_STR(rig_code(rig_ack(A, 1, &first)), "");
	T_EQ(r.g[A].signatures_released, 2);
	id = next_on(A, WATCHER + 1, heard);
	rig_tick(A, 1001);
	T_CHECK(nonce_alone(id));
	/* in their order wherever they stand: the third has the place of the first */
	sweep_make(&r.till.public_key, X(3000));
	T_STR(rig_code(sweep_ask(A, 0, NULL)), "");
	first = rig_newest(A);
	sweep_make(&r.till.public_key, X(2000));
	T_STR(rig_code(sweep_ask(A, 0, NULL)), "");
	second = rig_newest(A);
	T_STR(rig_code(rig_ack(A, 0, &first)), "");
	T_STR(rig_code(rig_ack(A, 1, &first)), "");
	/* who waits for what is behind it is not told of it */
	id = next_on(A, WATCHER + 1, heard);
	sweep_make(&r.till.public_key, X(1000));
	T_STR(rig_code(sweep_ask(A, 0, NULL)), "");
	first = rig_newest(A);
	T_EQ(rig_answers(id), 0);
	rig_tick(A, 1001);
	T_CHECK(told_of(id, &second));
	T_CHECK(told_of(next_on(A, WATCHER + 1, heard), &first));
	/* who asked for them is gone, and asks again when he is back */
	rig_event(A, &closed);
	id = next_on(A, WATCHER + 1, heard);
	rig_tick(A, 1001);
	T_CHECK(nonce_alone(id));
}

/* An officer who says it twice beside another is still two officers. */
static void three_words(void)
{
	struct bytes items[4];

	start();
	sweep_make(&r.till.public_key, X(5000));
	items[0] = sweep_item();
	items[1] = evacuate(0, 1);
	items[2] = evacuate(1, 1);
	items[3] = evacuate(1, 2);
	T_STR(rig_code(items_to(A, WATCHER, SIGNER_SWEEP, items, 4)), "");
	T_EQ(r.g[A].payments_n, 1);
}

/* One watcher that asks for much leaves places and shares to the others. */
static void shares(void)
{
	const struct key32 *accounts[3];
	const size_t all = GUARD_SWEEPS_MAX / 3;
	uint64_t id = 0, ages;

	start();
	accounts[0] = &r.till.public_key;
	accounts[1] = &r.purse.public_key;
	accounts[2] = &r.next_till.public_key;
	for (unsigned i = 0; i < GUARD_PENDING_EACH; i++) {
		sweep_make(accounts[i % 3], X(5000) + i);
		T_STR(rig_code(sweep_ask(A, 0, NULL)), "");
	}
	sweep_make(accounts[0], X(6000));
	REFUSED(sweep_ask(A, 0, NULL), "busy", "");
	T_STR(rig_code(sweep_ask(A, 1, NULL)), "");
	T_EQ(r.g[A].sweeps_n, GUARD_PENDING_EACH + 1);
	/* who hangs up waits for nothing, and has all his places again */
	hang_up(A, WATCHER);
	ages = r.g[A].ages;
	sweep_make(accounts[0], X(6001));
	T_STR(rig_code(sweep_ask(A, 0, NULL)), "");
	T_EQ(r.g[A].ages, ages + 1);
	/* his share of all, though no account's is used up */
	for (unsigned i = 0; r.g[A].sweeps_n < all + 1 && i < 2 * all; i++) {
		sweep_make(accounts[i % 3], X(7000) + i);
		id = sweep_ask(A, 0, NULL);
		T_STR(rig_code(id), "");
		rig_acks(A);
		T_CHECK(rig_signed(id));
	}
	sweep_make(accounts[0], X(9000));
	REFUSED(sweep_ask(A, 0, NULL), "full", "sweep.account");
	T_EQ(r.g[A].sweeps_n, all + 1);
	id = sweep_ask(A, 1, NULL);
	T_STR(rig_code(id), "");
	/* the whole table's share, as a roster with other watchers may have used it */
	r.g[A].sweeps_n = GUARD_SWEEPS_MAX;
	sweep_make(accounts[0], X(9001));
	REFUSED(sweep_ask(A, 1, NULL), "full", "sweep.account");
}

/* A payment to the till's own spare box may be, byte for byte, the move of a whole balance. */
static void move_that_was_paid(void)
{
	uint32_t now = 0;
	uint64_t id;

	rig_make();
	r.policy.destination_kinds |= DOC_TO_BOX;
	rig_documents_write();
	r.journal_n[A] = 0;
	rig_guard(A);
	rig_well(A);
	CHECK(nem_time_from_unix_ms(&now, r.wall) == ERR_OK);
	sweep_make(&r.till.public_key, X(50));
	rig_withdrawal(X(50), 0, 1);
	r.request.amount = r.order.amount = sweep.amount;
	r.request.destination = r.order.destination = sweep.destination;
	r.request.message_n = r.order.message_n = 0;
	CHECK(attempt_make(&r.attempt, &r.policy, &r.order, &r.order_id, 1, &r.till.public_key,
			   now) == ERR_OK);
	id = rig_sign();
	T_STR(rig_code(id), "");
	rig_acks(A);
	T_CHECK(rig_signed(id));
	REFUSED(sweep_ask(A, 0, NULL), "already-used", "sweep.timestamp_nem_s");
	T_EQ(r.g[A].payments_n, 1);
	T_EQ(r.g[A].sweeps_n, 0);
	/* a second later it is another */
	rig_tick(A, 1000);
	sweep_make(&r.till.public_key, X(50));
	T_STR(rig_code(sweep_ask(A, 0, NULL)), "");
	T_EQ(r.g[A].sweeps_n, 1);
}

/* Stops in another form. */
static void odd_stops(void)
{
	start();
	REFUSED(rig_frame(A, STOPPER, SIGNER_STOP_PUT, nothing), "bad-input", "body");
	REFUSED(rig_frame(A, STOPPER, SIGNER_STOP_PUT, one_item(hollow(DOC_FREEZE))),
		"field-missing", "freeze.evacuate");
	REFUSED(rig_frame(A, STOPPER, SIGNER_STOP_PUT, one_item(hollow(DOC_CLOSING))),
		"field-missing", "closing.account");
	T_CHECK(!guard_frozen(&r.g[A]));
}

/* An account ends: what waits of others, and a sweep that waits, go on. */
static void ends_alone(void)
{
	uint64_t payment, other;

	start();
	rig_withdrawal(X(50), 0, 1);
	payment = rig_sign();
	rig_withdrawal(X(60), 0, 2);
	r.attempt.account = r.next_till.public_key;
	other = rig_sign();
	T_EQ(r.g[A].payments_n, 2);
	/* the purse is closed: neither has anything to do with it */
	close_account(A, &r.purse.public_key);
	T_EQ(rig_answers(payment) + rig_answers(other), 0);
	close_account(A, &r.till.public_key);
	REFUSED(payment, "policy", "attempt.account");
	T_EQ(rig_answers(other), 0);
	rig_acks(A);
	T_CHECK(rig_signed(other));
	/* a sweep waits while another account ends */
	sweep_make(&r.till.public_key, X(5000));
	payment = sweep_ask(A, 0, NULL);
	close_account(A, &r.next_till.public_key);
	T_EQ(rig_answers(payment), 0);
	rig_acks(A);
	T_CHECK(rig_signed(payment));
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

/* A frame with this very number, as its asker chose it. */
static void frame_as(uint32_t channel, uint16_t role, uint64_t id, uint16_t number,
		     const struct bytes *items, size_t n)
{
	static uint8_t body[65536];
	struct writer w = writer_make(body, sizeof body);
	struct event ev = { .kind = EVENT_FRAME,
			    .channel = channel,
			    .role = role,
			    .number = number,
			    .request_id = id,
			    .body = rig_body(&w, items, n) };

	rig_event(A, &ev);
}

/* How many answers of this number went to this channel; *last: the newest. */
static size_t told(uint32_t channel, uint64_t id, const struct rig_sent **last)
{
	size_t n = 0;

	for (size_t i = 0; i < r.sent_n; i++) {
		if (r.sent[i].channel == channel && r.sent[i].request_id == id) {
			*last = &r.sent[i];
			n++;
		}
	}
	return n;
}

/* While it waits: the last asker has the answer, each other one is told, nobody is told twice. */
static void asked_elsewhere(void)
{
	enum { NUMBER = 7000000 }; /* of no other frame */
	static struct rig_bodies b;
	const struct rig_sent *last = NULL;
	struct bytes items[3];
	uint64_t first, second;
	struct doc d;

	start();
	/* the same number on the same channel: one question, one answer */
	rig_withdrawal(X(50), 0, 1);
	rig_encode(&b);
	first = rig_send(A, &b);
	frame_as(SERVER, ROLE_SERVER, first, SIGNER_SIGN, b.items, b.n);
	T_EQ(rig_answers(first), 0);
	T_EQ(r.g[A].payments_n, 1);
	rig_acks(A);
	T_EQ(rig_answers(first), 1);
	T_CHECK(rig_signed(first));
	/* another watcher asks for the same move */
	sweep_make(&r.till.public_key, X(5000));
	first = sweep_ask(A, 0, NULL);
	T_EQ(rig_answers(first), 0);
	second = sweep_ask(A, 1, NULL);
	REFUSED(first, "busy", "");
	T_EQ(rig_answers(second), 0);
	rig_acks(A);
	T_CHECK(rig_signed(second));
	T_EQ(rig_answers(first), 1);
	/* under the number that the first one chose: numbers are each channel's own */
	sweep_make(&r.till.public_key, X(5001));
	items[0] = sweep_item();
	items[1] = evacuate(0, 1);
	items[2] = evacuate(1, 1);
	frame_as(WATCHER, GUARD_ROLE_WATCHER(0), NUMBER, SIGNER_SWEEP, items, 3);
	frame_as(WATCHER + 1, GUARD_ROLE_WATCHER(1), NUMBER, SIGNER_SWEEP, items, 3);
	T_EQ(r.g[A].payments_n, 3);
	T_EQ(told(WATCHER + 1, NUMBER, &last), 0);
	T_EQ(told(WATCHER, NUMBER, &last), 1);
	T_EQ(rig_type(rig_item(last, 0), &d), DOC_REFUSAL);
	rig_acks(A);
	T_EQ(told(WATCHER, NUMBER, &last), 1);
	T_EQ(told(WATCHER + 1, NUMBER, &last), 1);
	T_EQ(rig_type(rig_item(last, 1), &d), DOC_SIGNATURE);
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
		{ "status", status },
		{ "frames and events that are not the guard's", second_look },
		{ "asked again for what our journal does not give back", attested_before },
		{ "another document of the same mark", marks_alone },
		{ "the longest attestation", longest_attestation },
		{ "more channels than places", many_channels },
		{ "a disk that gives back something else", bad_disk },
		{ "a disk that answers late", late_disk },
		{ "a disk that is busy", busy_disk },
		{ "a step that has much to say", much_to_say },
		{ "B's feed", feed_of_b },
		{ "told when there is room", told_later },
		{ "heartbeats in another form", odd_heartbeats },
		{ "a watcher that holds what was forgotten", forgotten_records },
		{ "forgotten while it was read", forgotten_read },
		{ "what is forgotten", what_is_forgotten },
		{ "what stands beside an attempt", beside },
		{ "A's part in another form", others_part },
		{ "two back ends", two_backends },
		{ "asked again with other documents", again_with_others },
		{ "an address of another network", other_network },
		{ "sums at the end of numbers", cover_does_not_wrap },
		{ "as many stops, and others", other_stops },
		{ "acknowledgements in another form", odd_acks },
		{ "a journal that is nearly full", nearly_full },
		{ "who waits, and who has hung up", who_waits },
		{ "nobody to tell", nobody_to_tell },
		{ "waited for so long that it was forgotten", waited_too_long },
		{ "sweeps in every wrong form", sweep_forms },
		{ "three words of two officers", three_words },
		{ "sweeps that a watcher has not heard of", unheard_sweeps },
		{ "shares of watchers", shares },
		{ "a move that was paid before", move_that_was_paid },
		{ "stops in another form", odd_stops },
		{ "an account ends alone", ends_alone },
		{ "an attestation that follows another", follows_another },
		{ "asked again elsewhere, or under the same number", asked_elsewhere },
	};
	int result = t_main(cases, ARRAY_LEN(cases), argc, argv);

	rig_forget();
	return result;
}
