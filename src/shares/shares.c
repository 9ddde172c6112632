/* SPDX-License-Identifier: Apache-2.0 */
/* Splitting and combining; names in comments are those of SLIP-0039. */
#include "shares/shares.h"

#include <string.h>

#include "base/check.h"
#include "crypto/crypto.h"
#include "crypto/sha256.h"
#include "shares/gf256.h"

enum {
	PLACE_SECRET = 255,
	PLACE_DIGEST = 254,
	DIGEST_BYTES = 4,
	ID_BYTES = 2,
	ROUNDS = 4,
	ROUND_COST = 2500,
};

_Static_assert((int)SHARES_SECRET_MAX == (int)GF256_ROW_MAX, "a row is a value");
_Static_assert((int)SHARES_MEMBERS_MAX == (int)GF256_POINTS_MAX, "all cards of a group are points");
_Static_assert((int)SHARES_GROUPS_MAX == (int)GF256_POINTS_MAX, "all groups are points");

/* What of a comparison of secrets may show: its result. */
static __attribute__((noinline)) bool verdict(bool good)
{
	volatile bool known = false;

	if (good) {
		known = true;
	}
	return known;
}

static bool passphrase_good(struct bytes passphrase)
{
	uint64_t bad = 0;

	if (passphrase.n > SHARES_PASSPHRASE_MAX) {
		return false;
	}
	for (size_t i = 0; i < passphrase.n; i++) {
		uint64_t c = passphrase.p[i];

		bad |= (c - ' ') >> 63 | ('~' - c) >> 63;
	}
	return verdict(bad == 0);
}

/* F(i, R): PBKDF2 with HMAC-SHA-256, one block of it.  in: half bytes; XORed into out. */
static void feistel_round(uint8_t *out, uint8_t i, const uint8_t *in, size_t half,
			  const struct share *head, struct bytes passphrase)
{
	static const uint8_t block[4] = { 0, 0, 0, 1 };
	uint8_t password[1 + SHARES_PASSPHRASE_MAX];
	uint8_t salt[6 + ID_BYTES + SHARES_SECRET_MAX / 2 + sizeof block];
	struct writer w = writer_make(salt, sizeof salt);
	struct hmac_sha256_key key;
	struct hash32 u, sum;

	password[0] = i;
	if (passphrase.n != 0) {
		memcpy(password + 1, passphrase.p, passphrase.n);
	}
	hmac_sha256_ready(&key, bytes_of(password, 1 + passphrase.n));
	if (!head->extendable) {
		const uint8_t id[ID_BYTES] = { (uint8_t)(head->id >> 8), (uint8_t)head->id };

		writer_bytes(&w, bytes_str("shamir"));
		writer_bytes(&w, bytes_of(id, sizeof id));
	}
	writer_bytes(&w, bytes_of(in, half));
	writer_bytes(&w, bytes_of(block, sizeof block));
	CHECK(!w.bad);
	hmac_sha256_with(&u, &key, bytes_of(salt, w.n));
	sum = u;
	for (uint32_t n = 1; n < (uint32_t)ROUND_COST << head->exponent; n++) {
		hmac_sha256_with(&u, &key, bytes_of(u.b, sizeof u.b));
		for (size_t k = 0; k < sizeof sum.b; k++) {
			sum.b[k] ^= u.b[k];
		}
	}
	for (size_t k = 0; k < half; k++) {
		out[k] ^= sum.b[k];
	}
	crypto_wipe(password, sizeof password);
	crypto_wipe(salt, sizeof salt);
	crypto_wipe(&key, sizeof key);
	crypto_wipe(&u, sizeof u);
	crypto_wipe(&sum, sizeof sum);
}

/* Encrypts, or decrypts by the rounds backwards: s (n bytes) in place. */
static void feistel(uint8_t *s, size_t n, bool backwards, const struct share *head,
		    struct bytes passphrase)
{
	size_t half = n / 2;
	uint8_t left[SHARES_SECRET_MAX / 2], right[SHARES_SECRET_MAX / 2];

	memcpy(left, s, half);
	memcpy(right, s + half, half);
	for (unsigned k = 0; k < ROUNDS; k++) {
		uint8_t kept[SHARES_SECRET_MAX / 2];

		memcpy(kept, right, half);
		feistel_round(left, (uint8_t)(backwards ? ROUNDS - 1 - k : k), right, half, head,
			      passphrase);
		memcpy(right, left, half);
		memcpy(left, kept, half);
		crypto_wipe(kept, sizeof kept);
	}
	memcpy(s, right, half);
	memcpy(s + half, left, half);
	crypto_wipe(left, sizeof left);
	crypto_wipe(right, sizeof right);
}

static size_t random_of(size_t threshold, size_t n)
{
	return threshold == 1 ? 0 : (threshold - 2) * n + (n - DIGEST_BYTES);
}

enum err shares_need(const struct shares_plan *plan, size_t n, size_t *cards, size_t *random)
{
	size_t all = 0;
	size_t bytes;

	if (plan->group_threshold < 1 || plan->group_threshold > plan->group_count ||
	    plan->group_count > SHARES_GROUPS_MAX || plan->exponent > SHARES_EXPONENT_MAX) {
		return ERR_FIELD_RANGE;
	}
	if (n < SHARES_SECRET_MIN || n > SHARES_SECRET_MAX || n % 2 != 0) {
		return ERR_INPUT;
	}
	bytes = ID_BYTES + random_of(plan->group_threshold, n);
	for (size_t g = 0; g < plan->group_count; g++) {
		size_t threshold = plan->groups[g].threshold;
		size_t count = plan->groups[g].count;

		if (threshold < 1 || threshold > count || count > SHARES_MEMBERS_MAX ||
		    (threshold == 1 && count > 1)) {
			return ERR_FIELD_RANGE;
		}
		all += count;
		bytes += random_of(threshold, n);
	}
	*cards = all;
	*random = bytes;
	return ERR_OK;
}

/* D: four bytes of HMAC-SHA-256 of the secret under R, and R, which stands behind them. */
static void digest(uint8_t out[DIGEST_BYTES], const uint8_t *secret, const uint8_t *d, size_t n)
{
	struct hash32 h;

	hmac_sha256(&h, bytes_of(d + DIGEST_BYTES, n - DIGEST_BYTES), bytes_of(secret, n));
	memcpy(out, h.b, DIGEST_BYTES);
	crypto_wipe(&h, sizeof h);
}

/* SplitSecret(): rows of n bytes for the places 0..count - 1. */
static void split(struct gf256_point *rows, size_t threshold, size_t count, const uint8_t *secret,
		  size_t n, struct reader *random)
{
	struct gf256_point base[GF256_POINTS_MAX]; /* what the polynomials are made to go through */

	for (size_t i = 0; i < count; i++) {
		rows[i].x = (uint8_t)i;
		memcpy(rows[i].y, secret, n);
	}
	if (threshold == 1) {
		return;
	}
	base[0].x = PLACE_SECRET;
	memcpy(base[0].y, secret, n);
	base[1].x = PLACE_DIGEST;
	memcpy(base[1].y + DIGEST_BYTES, reader_bytes(random, n - DIGEST_BYTES).p,
	       n - DIGEST_BYTES);
	digest(base[1].y, secret, base[1].y, n);
	for (size_t i = 0; i < threshold - 2; i++) {
		memcpy(rows[i].y, reader_bytes(random, n).p, n);
		base[2 + i] = rows[i];
	}
	for (size_t i = threshold - 2; i < count; i++) {
		gf256_interpolate(rows[i].y, n, (uint8_t)i, base, threshold);
	}
	crypto_wipe(base, sizeof base);
}

enum err shares_split(struct share *out, const struct shares_plan *plan, struct bytes secret,
		      struct bytes passphrase, struct bytes random)
{
	struct gf256_point groups[SHARES_GROUPS_MAX] = { 0 }, members[SHARES_MEMBERS_MAX] = { 0 };
	struct share head = { 0 };
	uint8_t encrypted[SHARES_SECRET_MAX];
	struct reader r = reader_make(random);
	struct bytes id;
	size_t cards, want;
	enum err e = shares_need(plan, secret.n, &cards, &want);

	if (e != ERR_OK) {
		return e;
	}
	if (random.n != want) {
		return ERR_INPUT;
	}
	if (!passphrase_good(passphrase)) {
		return ERR_FIELD_RANGE;
	}
	id = reader_bytes(&r, ID_BYTES);
	head.id = (uint16_t)((id.p[0] & 0x7fU) << 8 | id.p[1]);
	head.extendable = plan->extendable;
	head.exponent = plan->exponent;
	head.group_threshold = plan->group_threshold;
	head.group_count = plan->group_count;
	head.n = (uint8_t)secret.n;
	memcpy(encrypted, secret.p, secret.n);
	feistel(encrypted, secret.n, false, &head, passphrase);
	split(groups, plan->group_threshold, plan->group_count, encrypted, secret.n, &r);
	for (uint8_t g = 0; g < plan->group_count; g++) {
		head.group = g;
		head.member_threshold = plan->groups[g].threshold;
		split(members, plan->groups[g].threshold, plan->groups[g].count, groups[g].y,
		      secret.n, &r);
		for (uint8_t m = 0; m < plan->groups[g].count; m++) {
			*out = head;
			out->member = m;
			memcpy(out->value, members[m].y, secret.n);
			out++;
		}
	}
	CHECK(reader_done(&r));
	crypto_wipe(groups, sizeof groups);
	crypto_wipe(members, sizeof members);
	crypto_wipe(encrypted, sizeof encrypted);
	crypto_wipe_stack();
	return ERR_OK;
}

static bool same_set(const struct share *a, const struct share *b)
{
	return a->id == b->id && a->extendable == b->extendable && a->exponent == b->exponent &&
	       a->group_threshold == b->group_threshold && a->group_count == b->group_count &&
	       a->n == b->n;
}

/* A card of the set that most cards are of; of equal ones the first. */
static size_t most_common(const struct share *cards, size_t count)
{
	size_t best = 0;
	size_t most = 0;

	for (size_t i = 0; i < count; i++) {
		size_t like = 0;

		for (size_t j = 0; j < count; j++) {
			like += same_set(&cards[i], &cards[j]);
		}
		if (like > most) {
			most = like;
			best = i;
		}
	}
	return best;
}

/* Each card against the whole and against those before it. */
static enum err check_cards(const struct share *cards, size_t count, struct shares_fault *fault)
{
	size_t model = most_common(cards, count);

	for (size_t i = 0; i < count; i++) {
		fault->card = i;
		fault->other = model;
		fault->group = cards[i].group;
		if (!same_set(&cards[i], &cards[model])) {
			fault->kind = SHARES_OTHER_SET;
			return ERR_MISMATCH;
		}
		for (size_t j = 0; j < i; j++) {
			fault->other = j;
			if (cards[i].group != cards[j].group) {
				continue;
			}
			if (cards[i].member_threshold != cards[j].member_threshold) {
				fault->kind = SHARES_OTHER_THRESHOLD;
				return ERR_MISMATCH;
			}
			if (cards[i].member != cards[j].member) {
				continue;
			}
			if (verdict(crypto_eq(cards[i].value, cards[j].value, cards[i].n))) {
				fault->kind = SHARES_SAME_CARD;
				return ERR_EXISTS;
			}
			fault->kind = SHARES_SAME_MEMBER;
			return ERR_MISMATCH;
		}
	}
	*fault = (struct shares_fault){ .kind = SHARES_GOOD };
	return ERR_OK;
}

/* The cards of a group, as far as they were given. */
struct given {
	size_t given, needed;
	size_t first, last; /* places among the cards */
};

static size_t count_groups(struct given *groups, const struct share *cards, size_t count)
{
	size_t present = 0;

	for (size_t i = 0; i < count; i++) {
		struct given *g = &groups[cards[i].group];

		if (g->given == 0) {
			present++;
			g->first = i;
			g->needed = cards[i].member_threshold;
		}
		g->given++;
		g->last = i;
	}
	return present;
}

/*
 * Exactly what is needed was given.  Said is what helps first: what is too much is left out (of
 * groups one that is not complete), then what is missing is fetched.
 */
static enum err check_counts(const struct given *groups, size_t present, size_t needed,
			     struct shares_fault *fault)
{
	size_t partial = SHARES_GROUPS_MAX, last = 0;

	for (size_t g = 0; g < SHARES_GROUPS_MAX; g++) {
		if (groups[g].given == 0) {
			continue;
		}
		last = g;
		if (groups[g].given > groups[g].needed) {
			*fault = (struct shares_fault){ .kind = SHARES_SURPLUS_CARD,
							.card = groups[g].last,
							.group = (uint8_t)g };
			return ERR_EXISTS;
		}
		if (groups[g].given < groups[g].needed && partial == SHARES_GROUPS_MAX) {
			partial = g;
		}
	}
	if (present > needed) {
		size_t g = partial < SHARES_GROUPS_MAX ? partial : last;

		*fault = (struct shares_fault){ .kind = SHARES_SURPLUS_GROUP,
						.card = groups[g].first,
						.group = (uint8_t)g };
		return ERR_EXISTS;
	}
	if (partial < SHARES_GROUPS_MAX) {
		*fault = (struct shares_fault){ .kind = SHARES_TOO_FEW_CARDS,
						.card = groups[partial].first,
						.group = (uint8_t)partial,
						.missing = (uint8_t)(groups[partial].needed -
								     groups[partial].given) };
		return ERR_FIELD_MISSING;
	}
	if (present < needed) {
		*fault = (struct shares_fault){ .kind = SHARES_TOO_FEW_GROUPS,
						.missing = (uint8_t)(needed - present) };
		return ERR_FIELD_MISSING;
	}
	return ERR_OK;
}

/* RecoverSecret(): whether the digest fits. */
static bool recover(uint8_t *out, size_t n, const struct gf256_point *rows, size_t count)
{
	uint8_t d[SHARES_SECRET_MAX], want[DIGEST_BYTES];
	bool good;

	if (count == 1) {
		memcpy(out, rows[0].y, n);
		return true;
	}
	gf256_interpolate(out, n, PLACE_SECRET, rows, count);
	gf256_interpolate(d, n, PLACE_DIGEST, rows, count);
	digest(want, out, d, n);
	good = verdict(crypto_eq(want, d, sizeof want));
	crypto_wipe(d, sizeof d);
	crypto_wipe(want, sizeof want);
	return good;
}

/* The encrypted secret of cards that are as many as needed. */
static enum err recover_all(uint8_t out[SHARES_SECRET_MAX], const struct given *groups,
			    const struct share *cards, size_t count, struct shares_fault *fault)
{
	struct gf256_point rows[SHARES_GROUPS_MAX] = { 0 }, members[SHARES_MEMBERS_MAX] = { 0 };
	size_t found = 0;
	enum err e = ERR_OK;

	for (uint8_t g = 0; g < SHARES_GROUPS_MAX && e == ERR_OK; g++) {
		size_t m = 0;

		if (groups[g].given == 0) {
			continue;
		}
		for (size_t i = groups[g].first; i < count; i++) {
			if (cards[i].group == g) {
				members[m].x = cards[i].member;
				memcpy(members[m].y, cards[i].value, cards[i].n);
				m++;
			}
		}
		rows[found].x = g;
		if (!recover(rows[found].y, cards[0].n, members, m)) {
			*fault = (struct shares_fault){ .kind = SHARES_GROUP_DIGEST,
							.card = groups[g].first,
							.group = g };
			e = ERR_MISMATCH;
		}
		found++;
	}
	if (e == ERR_OK && !recover(out, cards[0].n, rows, found)) {
		*fault = (struct shares_fault){ .kind = SHARES_SET_DIGEST };
		e = ERR_MISMATCH;
	}
	crypto_wipe(rows, sizeof rows);
	crypto_wipe(members, sizeof members);
	return e;
}

enum err shares_combine(uint8_t out[SHARES_SECRET_MAX], size_t *n, const struct share *cards,
			size_t count, struct bytes passphrase, struct shares_fault *fault)
{
	struct given groups[SHARES_GROUPS_MAX] = { 0 };
	uint8_t secret[SHARES_SECRET_MAX];
	size_t present;
	enum err e;

	*fault = (struct shares_fault){ .kind = SHARES_GOOD };
	if (!passphrase_good(passphrase)) {
		return ERR_FIELD_RANGE;
	}
	if (count == 0 || count > SHARES_CARDS_MAX) {
		fault->kind = SHARES_NONE;
		return ERR_FIELD_MISSING;
	}
	e = check_cards(cards, count, fault);
	if (e != ERR_OK) {
		return e;
	}
	present = count_groups(groups, cards, count);
	e = check_counts(groups, present, cards[0].group_threshold, fault);
	if (e != ERR_OK) {
		return e;
	}
	e = recover_all(secret, groups, cards, count, fault);
	if (e == ERR_OK) {
		feistel(secret, cards[0].n, true, &cards[0], passphrase);
		memcpy(out, secret, cards[0].n);
		*n = cards[0].n;
	}
	crypto_wipe(secret, sizeof secret);
	crypto_wipe_stack();
	return e;
}

void shares_mark(struct hash32 *out, struct bytes secret)
{
	hmac_sha256(out, secret, bytes_str("kuramori: mark of a secret kept as shares, 1"));
	crypto_wipe_stack();
}

enum err shares_verify(const struct hash32 *mark, const struct share *cards, size_t count,
		       struct bytes passphrase, struct shares_fault *fault)
{
	uint8_t secret[SHARES_SECRET_MAX];
	struct hash32 got;
	size_t n = 0;
	enum err e = shares_combine(secret, &n, cards, count, passphrase, fault);

	if (e != ERR_OK) {
		return e;
	}
	shares_mark(&got, bytes_of(secret, n));
	crypto_wipe(secret, sizeof secret);
	if (!verdict(crypto_eq(&got, mark, sizeof got))) {
		*fault = (struct shares_fault){ .kind = SHARES_OTHER_SECRET };
		return ERR_MISMATCH;
	}
	return ERR_OK;
}
