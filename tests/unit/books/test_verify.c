/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: nobody changes a journal so that books_verify does not say where and why.
 * Method: a small journal with every kind of record; each byte of it flipped; batches taken out,
 * doubled and exchanged; then the insider's way: each law broken by a record with right hashes.
 */
#include "base/check.h"
#include "books/verify.h"
#include "books_records.h"
#include "t.h"

enum {
	BATCHES_MAX = 16,
	BATCH_BYTES = 4096,
	BOX = 1,
	ANN = 2,
	BOB = 3,
	FLIGHT = 4,
	SHORT = 5,
	OPENING = 6,
	YEN = 7,
};

static const struct log_secret secret = { { 7, 7, 7 } };
static const struct log_secret other_secret = { { 8 } };

/* Sealed batches, as they would lie in a store. */
struct journal {
	uint8_t bytes[BATCHES_MAX][BATCH_BYTES];
	struct bytes batch[BATCHES_MAX];
	size_t n;
	struct log_chain chain;
	uint64_t now_ms;
};

static struct journal clean, bent;

static struct log_record account(uint64_t id, enum books_kind kind, uint32_t asset)
{
	return (struct log_record){
		.kind = LOG_ACCOUNT, .id = id_of(id), .asset = asset, .amount = kind
	};
}

/* One batch of these records; a blob beside the first if it is not NULL. */
static void seal(struct journal *j, struct log_record *r, size_t n, const char *blob)
{
	struct log_batch b;

	CHECK(j->n < BATCHES_MAX);
	log_batch_begin(&b, j->bytes[j->n], BATCH_BYTES);
	for (size_t i = 0; i < n; i++) {
		if (r[i].time_ms == 0) {
			r[i].time_ms = j->now_ms += 10;
		}
		CHECK((i == 0 && blob != NULL ? log_batch_add_blob(&b, &r[i], bytes_str(blob))
					      : log_batch_add_record(&b, &r[i])) == ERR_OK);
	}
	log_batch_seal(&j->batch[j->n], &b, &j->chain, &secret);
	j->n++;
}

static void begin(struct journal *j)
{
	struct log_record genesis = { .kind = LOG_GENESIS, .link = { { 9 } } };
	struct log_record open[] = {
		account(BOX, BOOKS_BOX, ASSET_XEM),
		account(ANN, BOOKS_CUSTOMER, ASSET_XEM),
		account(BOB, BOOKS_CUSTOMER, ASSET_XEM),
		account(FLIGHT, BOOKS_IN_FLIGHT, ASSET_XEM),
		account(SHORT, BOOKS_SHORTAGE, ASSET_XEM),
		account(OPENING, BOOKS_OPENING, ASSET_XEM),
		account(YEN, BOOKS_CUSTOMER, ASSET_JPY),
		move(LOG_TRANSFER, 100, BOX, OPENING, 1000),
		move(LOG_TRANSFER, 101, OPENING, ANN, 600),
		move(LOG_TRANSFER, 102, OPENING, BOB, 400),
	};
	struct log_record document = { .kind = LOG_DOCUMENT, .id = id_of(1) };
	struct log_record hold[] = { move(LOG_HOLD, 103, ANN, FLIGHT, 50),
				     move(LOG_HOLD, 104, BOB, FLIGHT, 40) };
	struct log_record ends[] = { settle(LOG_POST, 105, 103, 50),
				     settle(LOG_VOID, 106, 104, 40) };

	memset(j, 0, sizeof *j);
	log_chain_init(&j->chain);
	j->now_ms = 1000;
	seal(j, &genesis, 1, NULL);
	seal(j, open, ARRAY_LEN(open), NULL);
	seal(j, &document, 1, "a document");
	seal(j, hold, ARRAY_LEN(hold), NULL);
	seal(j, ends, ARRAY_LEN(ends), NULL);
}

static struct books_verify v;

/* Verifies; why and at are in v. */
static enum err judge(const struct journal *j, const struct log_secret *with)
{
	enum err e = books_verify_init(&v, with);

	for (size_t i = 0; e == ERR_OK && i < j->n; i++) {
		e = books_verify_batch(&v, j->batch[i]);
	}
	if (e == ERR_OK) {
		e = books_verify_end(&v);
	}
	books_verify_free(&v);
	return e;
}

static bool says(const char *words)
{
	if (strstr(v.why, words) == NULL) {
		printf("# it says: %s\n", v.why);
		return false;
	}
	return true;
}

static void a_clean_journal_is_clean(void)
{
	begin(&clean);
	T_EQ(judge(&clean, NULL), ERR_OK);
	T_EQ(v.batches, 5);
	T_EQ(v.chain.next_sequence, 16);
	T_EQ(v.booked, 14);
	T_EQ(v.blobs, 1);
	T_EQ(judge(&clean, &secret), ERR_OK);
	T_EQ(v.chain.tree.size, 16);
	T_EQ(judge(&clean, &other_secret), ERR_CORRUPT);
	T_EQ(v.at, 0);
	T_CHECK(says("tree root"));
	clean.n = 0;
	T_EQ(judge(&clean, NULL), ERR_OK);
}

static void every_flipped_bit_is_named(void)
{
	begin(&clean);
	for (size_t i = 0; i < clean.n; i++) {
		struct log_batch_head head;

		T_EQ(log_batch_head_get(&head, clean.bytes[i]), ERR_OK);
		for (size_t at = 0; at < clean.batch[i].n; at++) {
			clean.bytes[i][at] ^= (uint8_t)(1u << at % 8);
			T_CHECK(judge(&clean, NULL) != ERR_OK);
			T_EQ(v.at, head.first_sequence);
			T_CHECK(says("record"));
			clean.bytes[i][at] ^= (uint8_t)(1u << at % 8);
		}
	}
	T_EQ(judge(&clean, NULL), ERR_OK);
}

static void batches_have_their_place(void)
{
	struct bytes kept;
	char words[64];

	begin(&clean);
	for (size_t out = 0; out + 1 < clean.n; out++) {
		struct log_batch_head head, next;

		bent = clean;
		T_EQ(log_batch_head_get(&head, clean.batch[out].p), ERR_OK);
		T_EQ(log_batch_head_get(&next, clean.batch[out + 1].p), ERR_OK);
		memmove(&bent.batch[out], &bent.batch[out + 1],
			(bent.n - out - 1) * sizeof bent.batch[0]);
		bent.n--;
		T_EQ(judge(&bent, NULL), ERR_CORRUPT);
		T_EQ(v.at, head.first_sequence);
		(void)snprintf(words, sizeof words, "records %d to %d are missing",
			       (int)head.first_sequence, (int)next.first_sequence - 1);
		T_CHECK(says(words));

		bent = clean;
		kept = bent.batch[out];
		bent.batch[out] = bent.batch[out + 1];
		bent.batch[out + 1] = kept;
		T_EQ(judge(&bent, NULL), ERR_CORRUPT);
		T_EQ(v.at, head.first_sequence);
		T_CHECK(says("are missing"));

		bent = clean;
		bent.batch[out + 1] = bent.batch[out];
		T_EQ(judge(&bent, NULL), ERR_CORRUPT);
		T_EQ(v.at, head.first_sequence);
		T_CHECK(says("stands twice"));
	}
	/* the end of one journal on the beginning of another */
	begin(&bent);
	bent.n = 0;
	log_chain_init(&bent.chain);
	{
		struct log_record genesis = { .kind = LOG_GENESIS, .time_ms = 5 };

		seal(&bent, &genesis, 1, NULL);
	}
	for (size_t i = 1; i < clean.n; i++) {
		bent.batch[bent.n++] = clean.batch[i];
	}
	T_EQ(judge(&bent, NULL), ERR_CORRUPT);
	T_EQ(v.at, 1);
	T_CHECK(says("exchanged or written anew"));
}

/* Whoever can write the journal can make hashes; the laws are left. */
static void a_forged_record_breaks_a_law(void)
{
	static struct {
		struct log_record r[3];
		size_t n;
		const char *words;
	} rows[24];

	size_t n = 0;

#define FORGED(says_, ...)                                \
	do {                                              \
		struct log_record r_[] = { __VA_ARGS__ }; \
		memcpy(rows[n].r, r_, sizeof r_);         \
		rows[n].n = ARRAY_LEN(r_);                \
		rows[n++].words = (says_);                \
	} while (0)

	FORGED("takes more", move(LOG_TRANSFER, 200, ANN, BOB, 551));
	FORGED("takes more", move(LOG_HOLD, 200, BOB, FLIGHT, 401));
	FORGED("more than is there", move(LOG_TRANSFER, 200, SHORT, ANN, 1 + 50));
	FORGED("amount is zero", move(LOG_TRANSFER, 200, ANN, BOB, 0));
	FORGED("both sides", move(LOG_TRANSFER, 200, ANN, ANN, 1));
	FORGED("never opened", move(LOG_TRANSFER, 200, ANN, 99, 1));
	FORGED("of another", move(LOG_TRANSFER, 200, ANN, YEN, 1));
	FORGED("2^128", move(LOG_TRANSFER, 200, SHORT, OPENING, ~(u128)0));
	FORGED("never made", settle(LOG_POST, 200, 99, 1));
	FORGED("had ended before", settle(LOG_POST, 200, 103, 50));
	FORGED("had ended before", settle(LOG_VOID, 200, 104, 40));
	FORGED("another amount", move(LOG_HOLD, 200, ANN, FLIGHT, 5),
	       settle(LOG_POST, 201, 200, 6));
	FORGED("uses an id again", move(LOG_TRANSFER, 101, OPENING, ANN, 601));
	FORGED("a second time", move(LOG_TRANSFER, 101, OPENING, ANN, 600));
	FORGED("a second time", account(ANN, BOOKS_CUSTOMER, ASSET_XEM));
	FORGED("open as something else", account(ANN, BOOKS_TILL, ASSET_XEM));
	FORGED("no known kind", account(60, (enum books_kind)99, ASSET_XEM));
	FORGED("once more", (struct log_record){ .kind = LOG_GENESIS });
	FORGED("signer's or watcher's", (struct log_record){ .kind = LOG_GUARD_STOP });
	FORGED("is missing", (struct log_record){ .kind = LOG_DOCUMENT, .link = { { 1 } } });
	FORGED("is missing",
	       (struct log_record){ .kind = LOG_WITHDRAWAL_STATE, .link = { { 1 } } });
	FORGED("ms older", (struct log_record){ .kind = LOG_SHUTDOWN, .time_ms = 1 });
#undef FORGED
	for (size_t i = 0; i < n; i++) {
		size_t last = rows[i].n - 1;

		begin(&bent);
		seal(&bent, rows[i].r, rows[i].n, NULL);
		T_EQ(judge(&bent, &secret), ERR_CORRUPT);
		T_EQ(v.at, 16 + last);
		T_CHECK(says(rows[i].words));
	}
	/* a first record that is no genesis */
	memset(&bent, 0, sizeof bent);
	log_chain_init(&bent.chain);
	{
		struct log_record r = account(BOX, BOOKS_BOX, ASSET_XEM);

		seal(&bent, &r, 1, NULL);
	}
	T_EQ(judge(&bent, NULL), ERR_CORRUPT);
	T_CHECK(says("genesis"));
}

/* An id that the books themselves have long let go is still an id that was used. */
static void an_id_is_used_once_for_ever(void)
{
	struct log_record twice = move(LOG_TRANSFER, 300, ANN, BOB, 1);
	static uint8_t buffer[LOG_BATCH_BYTES_MAX];
	struct log_chain chain;
	struct bytes sealed;
	uint64_t id = 1000;
	enum err e;

	begin(&clean);
	seal(&clean, &twice, 1, NULL);
	T_EQ(books_verify_init(&v, NULL), ERR_OK);
	for (size_t i = 0; i < clean.n; i++) {
		T_EQ(books_verify_batch(&v, clean.batch[i]), ERR_OK);
	}
	chain = clean.chain;
	while (id < 1000 + BOOKS_WINDOW + 10) {
		struct log_batch b;

		log_batch_begin(&b, buffer, sizeof buffer);
		for (size_t i = 0; i < LOG_BATCH_RECORDS_MAX; i++, id++) {
			struct log_record r = move(LOG_TRANSFER, id, id % 2 == 0 ? ANN : BOB,
						   id % 2 == 0 ? BOB : ANN, 1);

			r.time_ms = clean.now_ms;
			CHECK(log_batch_add_record(&b, &r) == ERR_OK);
		}
		log_batch_seal(&sealed, &b, &chain, &secret);
		T_EQ(books_verify_batch(&v, sealed), ERR_OK);
	}
	{
		struct log_batch b;

		twice.time_ms = clean.now_ms;
		log_batch_begin(&b, buffer, sizeof buffer);
		CHECK(log_batch_add_record(&b, &twice) == ERR_OK);
		log_batch_seal(&sealed, &b, &chain, &secret);
	}
	e = books_verify_batch(&v, sealed);
	books_verify_free(&v);
	T_EQ(e, ERR_CORRUPT);
	T_EQ(v.at, chain.next_sequence - 1);
	T_CHECK(says("uses an id again"));
}

/* Hashes made anew without the journal's secret: only the tree knows. */
static void the_tree_knows_what_hashes_do_not(void)
{
	struct log_batch_head head;
	struct log_view view;

	begin(&bent);
	/* the last batch: Ann's post of 50 becomes a void; same length, all hashes right */
	bent.chain.next_sequence -= 2;
	T_EQ(log_batch_head_get(&head, bent.batch[4].p), ERR_OK);
	{
		struct log_record r[] = { settle(LOG_VOID, 105, 103, 50),
					  settle(LOG_VOID, 106, 104, 40) };
		struct log_chain c = { .next_sequence = 14, .head = head.previous };
		struct log_batch b;

		c.tree.size = 14; /* whatever: he does not know the leaves' salts */
		log_batch_begin(&b, bent.bytes[4], BATCH_BYTES);
		for (size_t i = 0; i < 2; i++) {
			r[i].time_ms = bent.now_ms;
			T_EQ(log_batch_add_record(&b, &r[i]), ERR_OK);
		}
		log_batch_seal(&bent.batch[4], &b, &c, &other_secret);
	}
	T_EQ(log_batch_check(&view, bent.batch[4]), ERR_OK);
	T_EQ(judge(&bent, NULL), ERR_OK);
	T_EQ(judge(&bent, &secret), ERR_CORRUPT);
	T_EQ(v.at, 14);
	T_CHECK(says("without the journal's secret"));
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "a clean journal is clean", a_clean_journal_is_clean },
		{ "every flipped bit is named", every_flipped_bit_is_named },
		{ "batches have their place", batches_have_their_place },
		{ "a forged record breaks a law", a_forged_record_breaks_a_law },
		{ "an id is used once for ever", an_id_is_used_once_for_ever },
		{ "the tree knows what hashes do not", the_tree_knows_what_hashes_do_not },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
