/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shares.h - a secret as cards of words, some of which bring it back: SLIP-0039 (docs/shares.md).
 *
 * A master secret is encrypted under a passphrase, split among groups, and each group's part among
 * the members of the group.  group_threshold groups bring the secret back, each by as many members
 * as its own threshold says; fewer know nothing of it.  One member's part is a card: 20 words for
 * 16 bytes, 33 for 32, 59 for 64.
 *
 * No input or output, no randomness of its own, no allocation.  No branch and no address depends
 * on a secret, a word or the length of a word (tests/gates/ctime_edk.c); what shows is the length
 * of a card's text, its number of words, the head of a card (everything in struct share but its
 * value), and what a fault says.  What was secret on the stack is wiped.  crypto_init() comes
 * first.
 */
#ifndef KURAMORI_SHARES_SHARES_H
#define KURAMORI_SHARES_SHARES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum {
	SHARES_WORDS = 1024,
	SHARES_WORD_MAX = 8, /* letters; the first four are enough to know a word */
	SHARES_SECRET_MIN = 16,
	SHARES_SECRET_MAX = 64,
	SHARES_CARD_WORDS_MAX = 59,
	SHARES_TEXT_BYTES = SHARES_CARD_WORDS_MAX * (SHARES_WORD_MAX + 1), /* with the NUL */
	SHARES_GROUPS_MAX = 16,
	SHARES_MEMBERS_MAX = 16,
	SHARES_CARDS_MAX = SHARES_GROUPS_MAX * SHARES_MEMBERS_MAX,
	SHARES_PASSPHRASE_MAX = 256,
	SHARES_EXPONENT_MAX = 15,
};

/* A card: its head, which is no secret, and its value, which is one. */
struct share {
	uint16_t id;      /* 15 bits: the same on all cards of a set */
	bool extendable;  /* the id is no salt: new sets of the same secret can be made */
	uint8_t exponent; /* 10,000 << exponent rounds stand before a guess of the passphrase */
	uint8_t group;    /* 0..group_count - 1 */
	uint8_t group_threshold;  /* 1..group_count */
	uint8_t group_count;      /* 1..SHARES_GROUPS_MAX */
	uint8_t member;           /* 0..SHARES_MEMBERS_MAX - 1 */
	uint8_t member_threshold; /* 1..SHARES_MEMBERS_MAX */
	uint8_t n;                /* bytes of value, as many as the secret has */
	uint8_t value[SHARES_SECRET_MAX];
};

/* What is wrong with a card, or with several together. */
enum shares_fault_kind {
	SHARES_GOOD,
	/* of one card: shares_read() */
	SHARES_WORD,     /* word number `word` is not on the list, or empty */
	SHARES_LENGTH,   /* no card has so many words: `word` says how many there are */
	SHARES_CHECKSUM, /* a word is not the one that was written down: number `word`, if it is one
			    word only; 0 if it is not known which (or the order is wrong) */
	SHARES_PADDING,  /* nobody's card: bits that are always zero are not */
	SHARES_THRESHOLD, /* nobody's card: more groups are needed than there are */
	/* of several: shares_combine() and shares_verify() */
	SHARES_NONE,            /* no card, or more than SHARES_CARDS_MAX */
	SHARES_OTHER_SET,       /* `card` is of another set than most of the others, as `other` */
	SHARES_OTHER_THRESHOLD, /* `card` and `other` differ on how many their group needs */
	SHARES_SAME_CARD,       /* `card` is `other` once more */
	SHARES_SAME_MEMBER,     /* `card` and `other` have one number and differ: one is forged */
	SHARES_SURPLUS_CARD,    /* `group` has more cards than it needs: leave `card` out */
	SHARES_SURPLUS_GROUP, /* more groups than needed: leave `group` out (`card` is its first) */
	SHARES_TOO_FEW_CARDS, /* `group` needs `missing` more cards */
	SHARES_TOO_FEW_GROUPS, /* cards of `missing` more groups are needed */
	SHARES_GROUP_DIGEST,   /* the cards of `group` do not fit together: one is forged */
	SHARES_SET_DIGEST,     /* the groups do not fit together: a group is forged */
	SHARES_OTHER_SECRET,   /* shares_verify(): another secret, or another passphrase */
};

struct shares_fault {
	enum shares_fault_kind kind;
	size_t card;  /* counted from 0, as the caller gave them */
	size_t other; /* likewise */
	size_t word;  /* counted from 1 */
	uint8_t group;
	uint8_t missing;
};

/*
 * Reads the words of a card: lower case, one blank between words, none around them.
 * ERR_INPUT (SHARES_WORD, SHARES_LENGTH), ERR_KEY (SHARES_CHECKSUM, SHARES_PADDING,
 * SHARES_THRESHOLD).  Any error in up to three words is found; where a single one is, is said.
 * *out is written only on ERR_OK and is then as secret as the words; *fault always, its `card`
 * is 0.
 */
MUST_CHECK enum err shares_read(struct share *out, struct bytes text, struct shares_fault *fault);

/*
 * The words of a card with one blank between them and NULs up to the end of out.  *s comes from
 * shares_split() or shares_read(): a head out of its ranges is the caller's bug and stops the
 * process.  The caller wipes out.
 */
void shares_text(char out[SHARES_TEXT_BYTES], const struct share *s);

struct shares_plan {
	uint8_t group_threshold;
	uint8_t group_count;

	struct {
		uint8_t threshold;
		uint8_t count;
	} groups[SHARES_GROUPS_MAX];

	uint8_t exponent; /* 0..SHARES_EXPONENT_MAX; each step doubles the time of a guess */
	bool extendable;  /* what new sets are (the id is no salt) */
};

/*
 * How many cards the plan makes and how many random bytes they take for a secret of n bytes.
 * ERR_FIELD_RANGE: 1 <= threshold <= count <= 16 does not hold for the groups or the members of
 * one; a group of several cards with threshold 1 (each alone would do: give copies of one card);
 * an exponent above its maximum.  ERR_INPUT: n is odd or not SHARES_SECRET_MIN..SHARES_SECRET_MAX.
 * *cards and *random are written only on ERR_OK.
 */
MUST_CHECK enum err shares_need(const struct shares_plan *plan, size_t n, size_t *cards,
				size_t *random);

/*
 * Splits secret.  out: room for *cards of shares_need(), in the order of groups and members.
 * passphrase: up to SHARES_PASSPHRASE_MAX printable ASCII characters, may be empty.  random:
 * exactly *random of shares_need(), fit for keys, never used before.  The caller wipes out, secret
 * and random.  Blocks while the passphrase is stretched (10 ms and more; twice as long for each
 * step of the exponent).
 * As shares_need(); ERR_INPUT also if random has another length, ERR_FIELD_RANGE if the
 * passphrase is too long or has another character.  out is written only on ERR_OK.
 */
MUST_CHECK enum err shares_split(struct share *out, const struct shares_plan *plan,
				 struct bytes secret, struct bytes passphrase, struct bytes random);

/*
 * The secret that the cards make: out, *n bytes.  Exactly as many cards of exactly as many groups
 * as are needed, in any order (SLIP-0039, "Combining the shares").  Another passphrase than that
 * of the split brings another secret and no error: that is the format's wish.  The caller wipes
 * out.
 * ERR_FIELD_MISSING: SHARES_NONE, SHARES_TOO_FEW_CARDS, SHARES_TOO_FEW_GROUPS.
 * ERR_MISMATCH: SHARES_OTHER_SET, SHARES_OTHER_THRESHOLD, SHARES_SAME_MEMBER,
 * SHARES_GROUP_DIGEST, SHARES_SET_DIGEST.  ERR_EXISTS: SHARES_SAME_CARD, SHARES_SURPLUS_CARD,
 * SHARES_SURPLUS_GROUP.  ERR_FIELD_RANGE: the passphrase (*fault is SHARES_GOOD).
 * out and *n are written only on ERR_OK, *fault always.
 */
MUST_CHECK enum err shares_combine(uint8_t out[SHARES_SECRET_MAX], size_t *n,
				   const struct share *cards, size_t count, struct bytes passphrase,
				   struct shares_fault *fault);

/*
 * What is kept of a secret to know it again: HMAC-SHA-256 of a fixed text under it.  It tells
 * nothing of the secret itself; who holds enough cards can try passphrases on it, as on a public
 * key.
 */
void shares_mark(struct hash32 *out, struct bytes secret);

/*
 * Whether the cards and the passphrase bring back the secret of that mark; the secret leaves this
 * function in no form.  As shares_combine(); ERR_MISMATCH with SHARES_OTHER_SECRET if it is
 * another one.
 */
MUST_CHECK enum err shares_verify(const struct hash32 *mark, const struct share *cards,
				  size_t count, struct bytes passphrase,
				  struct shares_fault *fault);

#endif
