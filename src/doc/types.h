/* SPDX-License-Identifier: Apache-2.0 */
/*
 * types.h - the bodies of all documents as structs, with their readers and writers.
 *
 * One table of fields per type (types.c) drives reader and writer; docs/documents.md is compared
 * with the tables by a test.  Conventions: integers are u64 (0 to 2^53 - 1 in the text); amounts
 * are decimal strings in the text and struct money of ASSET_XEM here; strings end in a NUL; lists
 * have a count beside them; enums are words.  All fields are required and no others are allowed.
 */
#ifndef KURAMORI_DOC_TYPES_H
#define KURAMORI_DOC_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/money.h"
#include "doc/document.h"

enum {
	DOC_NAME_MAX = 64, /* people, customers, watchers: 1 to 64 of [A-Za-z0-9._:-] */
	DOC_ADDRESS_CHARS = 40,
	DOC_MESSAGE_MAX = 1024,
	DOC_EVIDENCE_MAX = 4096,
	DOC_DATA_MAX = 2048,
	DOC_REASON_MAX = 500,
	DOC_DETAIL_MAX = 500,
	DOC_FIELD_MAX = 64,
	DOC_SLUG_MAX = 64,
	DOC_BOXES_MAX = 160,
	DOC_SPARES_MAX = 64,
	DOC_HOT_MAX = 16,
	DOC_CLOSING_BYTES_MAX = 2048, /* of an envelope that is kept; a reason of escapes fits */
	DOC_CLOSING_PROOF_MAX = 6144, /* and an assertion behind it, however long */
	DOC_PEOPLE_MAX = 32,
	DOC_BACKENDS_MAX = 8,
	DOC_SIGNERS = 2,
	DOC_WATCHERS_MAX = 8,
	DOC_TIERS_MAX = 8,
	DOC_DESTINATIONS_MAX = 64, /* of the allow-list */
	DOC_HOURS_MAX = 8,
	DOC_PASSKEYS_MAX = 3, /* of one person: 32 people with as many fit an envelope */
	DOC_CREDENTIAL_MAX = 128,
	DOC_PASSKEY_KEY_MAX = 64,
	DOC_SOURCES_MAX = 5,   /* of prices */
	DOC_RELYING_MAX = 253, /* a host name */
	DOC_ORIGINS_MAX = 4,
	DOC_ORIGIN_MAX = 300,
	DOC_GOVERNANCE_MAX = 8, /* signatures that an envelope holds */
	DOC_LIFTS_MAX = 128,    /* of one resume: as many as can bind at once */
	DOC_STRUCK_MAX = 32,    /* keys that one resume strikes */
	DOC_BALANCES_MAX = 32,
	DOC_STATUS_MAX = 40,
	DOC_STATUS_VALUE_MAX = 256,
	DOC_ENTRIES_MAX = 32, /* transfers of one posting */
	DOC_ENTRY_REASON_MAX = 160,
	DOC_RATE_MAX = 20,
	/* of one assertion: WebAuthn sets no limits; devices stay far below these */
	DOC_AUTHENTICATOR_MAX = 512,
	DOC_CLIENT_MAX = 2048,
	DOC_ASSERTION_MAX = 128,
	DOC_ATTEMPTS_MAX = 4,       /* of one order: each later one needs a till closed for it */
	DOC_MARK_KEY = 32,          /* of a mark and a registration: the key made for it */
	DOC_MARK_PART = 16,         /* of a mark, for each watcher */
	DOC_REGISTRATION_PART = 48, /* of a registration, likewise */
	DOC_MARK_MAX = DOC_MARK_KEY + DOC_WATCHERS_MAX * DOC_MARK_PART,
	DOC_REGISTRATION_MAX = DOC_MARK_KEY + DOC_WATCHERS_MAX * DOC_REGISTRATION_PART,
	DOC_HOLDERS_MAX = 32, /* of cold keys; NEM takes no more cosigners of one account */
	DOC_TALLIED_MAX = 4,  /* accounts of one tally */
	DOC_TALLY_AGE_MAX_MS = 24 * 3600 * 1000,
};

/* How long a drill may be good for: a year.  Paper fades, and so does what people remember. */
#define DOC_DRILL_MAX_MS (UINT64_C(366) * 24 * 3600 * 1000)

/* "nem" */
enum doc_chain { DOC_CHAIN_NEM = 1 };

/* "till", "purse", "deposit" */
enum doc_hot_kind { DOC_HOT_TILL = 1, DOC_HOT_PURSE = 2, DOC_HOT_DEPOSIT = 3 };

/* "a" cosigns, "b" wraps.  From 0: an index. */
enum doc_signer { DOC_SIGNER_A = 0, DOC_SIGNER_B = 1 };

/* bits of doc_person.roles: "approver", "auditor", "officer" */
enum doc_role { DOC_ROLE_APPROVER = 1, DOC_ROLE_AUDITOR = 2, DOC_ROLE_OFFICER = 4 };

/* "eddsa": Ed25519; "es256": ECDSA over P-256 and SHA-256 (RFC 8152, WebAuthn) */
enum doc_algorithm { DOC_ALGORITHM_EDDSA = 1, DOC_ALGORITHM_ES256 = 2 };

/* bits of doc_policy.destination_kinds, what an order may pay to: "box", "customer", "purse" */
enum doc_destination_kind { DOC_TO_BOX = 1, DOC_TO_CUSTOMER = 2, DOC_TO_PURSE = 4 };

/* "hot" */
enum doc_vault { DOC_VAULT_HOT = 1 };

/* "yes", "no" */
enum doc_decision { DOC_DECISION_YES = 1, DOC_DECISION_NO = 2 };

/* "half-up": from half of the smallest unit on, up */
enum doc_rounding { DOC_ROUNDING_HALF_UP = 1 };

/* "all" */
enum doc_scope { DOC_SCOPE_ALL = 1 };

/* "cosign", "wrap" */
enum doc_attest_kind { DOC_ATTEST_COSIGN = 1, DOC_ATTEST_WRAP = 2 };

/* 40 characters of base32 and a NUL.  Only the form is judged here; the rest is chain's. */
struct doc_address {
	char text[DOC_ADDRESS_CHARS + 1];
};

struct doc_hot {
	enum doc_hot_kind kind;
	struct key32 public_key; /* of the multisig account */
	struct doc_address spare;
};

/*
 * genesis.  Beyond the form: needed <= holders; boxes, spares, hot keys distinct; each hot spare
 * stands in spares and no two hot accounts share one.
 */
struct doc_genesis {
	size_t box_count;
	struct doc_address boxes[DOC_BOXES_MAX];
	enum doc_chain chain;
	uint64_t chain_network;      /* 1 to 255; NEM development is 152 (0x98) */
	struct hash32 chain_nemesis; /* hash of block 1 */
	size_t hot_count;
	struct doc_hot hot[DOC_HOT_MAX];
	struct hash32 policy; /* doc_zero_id() of the first policy */

	struct {
		uint64_t holders; /* 2 to 32 */
		uint64_t needed;  /* 2 to holders, at most 8 */
	} recovery;
	struct hash32 roster; /* doc_zero_id() of the first roster */
	size_t spare_count;
	struct doc_address spares[DOC_SPARES_MAX];
};

struct doc_party {
	char id[DOC_NAME_MAX + 1];
	struct key32 key;
};

/* A security key or passkey: what WebAuthn calls a public key credential. */
struct doc_passkey {
	enum doc_algorithm algorithm;
	size_t credential_n; /* at least 1 */
	uint8_t credential[DOC_CREDENTIAL_MAX];
	size_t key_n; /* eddsa: 32, the public key; es256: 64, x and y, big-endian */
	uint8_t key[DOC_PASSKEY_KEY_MAX];
};

struct doc_person {
	char id[DOC_NAME_MAX + 1];
	struct key32 key;
	size_t passkey_count;
	struct doc_passkey passkeys[DOC_PASSKEYS_MAX];
	uint32_t roles; /* bits of enum doc_role */
};

struct doc_origin {
	char origin[DOC_ORIGIN_MAX + 1]; /* "https://approve.example" */
};

/* Whom a passkey signs for (WebAuthn 5.1.3): its host name, and the pages that may ask. */
struct doc_relying_party {
	char id[DOC_RELYING_MAX + 1]; /* "": nobody */
	size_t origin_count;
	struct doc_origin origins[DOC_ORIGINS_MAX];
};

struct doc_signer_entry {
	struct key32 attest_key; /* signs attestations and receipts: Ed25519 */
	struct key32 chain_key;  /* the cosigner key on chain: Ed25519-Keccak on NEM */
	enum doc_signer id;
};

/*
 * roster.  Beyond the form: ids distinct among back ends, holders, people and watchers, and no key
 * (attest keys, chain keys and passkeys' too) stands twice, nor a credential; a passkey's key has
 * the length of its algorithm; exactly signers a and b, in this order; watchers_needed is at most
 * the number of watchers and more than half of it, prices_needed the same of price sources, or both
 * are none; who has passkeys has a relying party, whose id is empty if and only if it has no
 * origins; number 1 if and only if previous is zero, and it is no recovery.
 */
struct doc_roster {
	size_t backend_count;
	struct doc_party backends[DOC_BACKENDS_MAX];
	struct hash32 genesis;
	uint64_t governance; /* so many officers make a successor, a policy, a grant, a resume */
	size_t holder_count; /* 0: a lost quorum of officers is lost for ever */
	struct doc_party holders[DOC_HOLDERS_MAX]; /* who recover it: cold holders, by attest key */
	uint64_t number;
	size_t people_count;
	struct doc_person people[DOC_PEOPLE_MAX];
	struct hash32 previous;
	size_t source_count;
	struct doc_party price_sources[DOC_SOURCES_MAX];
	uint64_t prices_needed; /* sources that must agree on a price */
	bool recovery;          /* holders of the one before it signed it (policy/recovery.h) */
	struct doc_relying_party relying_party;
	size_t signer_count;
	struct doc_signer_entry signers[DOC_SIGNERS];
	bool software_approvals; /* doc_person.key approves; else passkeys alone do */
	size_t watcher_count;
	struct doc_party watchers[DOC_WATCHERS_MAX];
	uint64_t watchers_needed;
};

struct doc_tier {
	uint64_t approvals; /* 0 to 16 */
	uint64_t delay_ms;  /* 0 to 30 days: a judge must have known the order this long */
	struct money up_to; /* inclusive */
};

/* An address of the allow-list, and whose it is. */
struct doc_destination {
	struct doc_address address;
	char name[DOC_NAME_MAX + 1];
};

/* A time of the week, in UTC, in which no payment may carry more. */
struct doc_hours {
	uint64_t days;        /* 1 to 127: bit 0 is Monday */
	uint64_t from_minute; /* of the day, 0 to 1,439 */
	struct money payment_max;
	uint64_t to_minute; /* 1 to 1,440, after from_minute: the first that is out again */
};

/* Caps in yen over all assets together. */
struct doc_yen {
	uint64_t age_max_ms; /* of a price, 1 or more */
	u128 day_max;        /* whole yen */
	u128 hour_max;
	uint64_t jump_max_bp; /* how far a price may be from the one before it */
};

/*
 * policy.  Beyond the form: tiers rise strictly in up_to and do not fall in approvals or delay;
 * destinations are in byte order of their addresses, none twice; hours end after they begin;
 * number 1 if and only if previous is zero.  An amount above the last tier is refused by whoever
 * applies it.
 */
struct doc_policy {
	size_t tier_count;
	struct doc_tier approval_tiers[DOC_TIERS_MAX];
	uint32_t asset;          /* ASSET_XEM */
	uint64_t attempt_life_s; /* 1 to 86,400: NIS takes deadlines of at most 24 hours */
	uint64_t clock_skew_ms;  /* 1 or more */
	struct money day_max;
	uint64_t destination_cooling_ms; /* a listed address counts as such only this much later */
	uint32_t destination_kinds;      /* bits of enum doc_destination_kind */
	size_t destination_count;
	struct doc_destination destinations[DOC_DESTINATIONS_MAX];
	uint64_t fee_bp_max;  /* the same of the amount, in basis points: 1 to 1,000,000 */
	struct money fee_max; /* the whole network fee of one payment */
	struct hash32 genesis;
	uint64_t grant_life_max_ms; /* 0: there are no grants */
	uint64_t heartbeat_age_ms;  /* 1 or more */
	uint64_t hot_ceiling_bp;    /* 0 to 10,000 */
	struct money hour_max;
	size_t hours_count;
	struct doc_hours hours[DOC_HOURS_MAX];
	uint64_t loosening_ms; /* 1 or more: how long what loosens is announced before it counts */
	uint64_t number;
	uint64_t order_life_ms; /* 1 or more */
	struct money payment_max;
	struct hash32 previous;
	struct money till_max;
	struct money unapproved_day_max; /* budget of the tier without approvals */
	struct money unlisted_max; /* to an address that is not among destinations; 0: nothing */
	size_t yen_count;          /* 0: there are no caps in yen */
	struct doc_yen yen[1];
};

/* request.  amount is at least 1. */
struct doc_request {
	struct money amount;
	uint32_t asset;
	char customer[DOC_NAME_MAX + 1];
	struct doc_address destination;
	struct hash32 genesis;
	size_t message_n;
	uint8_t message[DOC_MESSAGE_MAX]; /* bytes, message_n of them */
	struct id128 request_id;          /* UUIDv7 */
	uint64_t time_ms;
};

/* order.  amount is at least 1; expires_ms is after created_ms. */
struct doc_order {
	struct money amount;
	uint32_t asset;
	enum doc_chain chain;
	uint64_t created_ms;
	struct doc_address destination;
	uint64_t expires_ms;
	struct money fee_max;
	struct hash32 genesis;
	size_t message_n;
	uint8_t message[DOC_MESSAGE_MAX];
	uint64_t network;      /* 1 to 255 */
	struct hash32 request; /* id of the request document */
	struct id128 request_id;
	enum doc_vault vault;
};

/* attempt.  number is 1: later attempts need a proof that version 1 has no field for. */
struct doc_attempt {
	struct key32 account;    /* public key of the till */
	uint64_t deadline_nem_s; /* NEM seconds below 2^31, after timestamp_nem_s */
	struct money fee_cosign;
	struct money fee_inner;
	struct money fee_outer;
	struct hash32 genesis;
	uint64_t number;
	struct hash32 order;
	uint64_t timestamp_nem_s;
};

struct doc_approval {
	enum doc_decision decision;
	struct hash32 genesis;
	char person[DOC_NAME_MAX + 1];
	struct hash32 subject;
	enum doc_type subject_type; /* DOC_ORDER, DOC_PLAN, DOC_POSTING */
	uint64_t time_ms;
};

/*
 * assertion: what a person's security key signed (WebAuthn 7.2), instead of doc_person.key's
 * signature under the approval that it names.  policy/assertion.h says when it holds.
 */
struct doc_assertion {
	struct hash32 approval; /* id of the approval document: the challenge */
	size_t authenticator_data_n;
	uint8_t authenticator_data[DOC_AUTHENTICATOR_MAX];
	size_t client_data_n;
	uint8_t client_data[DOC_CLIENT_MAX]; /* the bytes of clientDataJSON */
	size_t credential_n;
	uint8_t credential[DOC_CREDENTIAL_MAX];
	struct hash32 genesis;
	size_t signature_n;
	uint8_t signature[DOC_ASSERTION_MAX]; /* es256: DER; eddsa: 64 bytes */
};

struct doc_freeze {
	bool evacuate;
	size_t evidence_n;                  /* 0: none */
	uint8_t evidence[DOC_EVIDENCE_MAX]; /* one complete verifiable NEM transaction */
	struct hash32 genesis;
	char issuer[DOC_NAME_MAX + 1]; /* id of a person or watcher */
	uint8_t nonce[16];
	char reason[DOC_REASON_MAX + 1]; /* 0 to 500 bytes of UTF-8 */
	enum doc_scope scope;
	uint64_t time_ms;
};

/*
 * cancel: this roster or policy, which waits because it loosens, never comes into force.  One
 * person's word.
 */
struct doc_cancel {
	struct hash32 document; /* id of what it stops */
	struct hash32 genesis;
	char person[DOC_NAME_MAX + 1];   /* id of an officer, approver or holder */
	char reason[DOC_REASON_MAX + 1]; /* 0 to 500 bytes of UTF-8 */
	uint64_t time_ms;
};

struct doc_lift {
	struct hash32 id;
};

struct doc_struck {
	size_t key_n; /* 32: a software key, or of a passkey (eddsa); 64: es256 */
	uint8_t key[DOC_PASSKEY_KEY_MAX];
};

/*
 * resume: the stop documents that it names bind no more, now or when they come back; the keys that
 * it strikes count no more, anywhere.  Beyond the form: it does one of the two; ids and keys in
 * byte order, none twice; keys have 32 or 64 bytes.
 */
struct doc_resume {
	size_t lift_count;
	struct doc_lift freezes[DOC_LIFTS_MAX];
	struct hash32 genesis;
	char initiator[DOC_NAME_MAX + 1]; /* id of an officer, whose signature stands there too */
	uint8_t nonce[16];
	char reason[DOC_REASON_MAX + 1]; /* 0 to 500 bytes of UTF-8 */
	enum doc_scope scope;
	size_t struck_count;
	struct doc_struck struck[DOC_STRUCK_MAX];
	uint64_t time_ms;
};

/* closing: this hot account pays no more, for ever, and is emptied to its spare box. */
struct doc_closing {
	struct key32 account;
	struct hash32 genesis;
	char issuer[DOC_NAME_MAX + 1];   /* id of an officer */
	char reason[DOC_REASON_MAX + 1]; /* 0 to 500 bytes of UTF-8 */
	uint64_t time_ms;
};

/* It is small enough to be kept: both bounds above. */
static inline bool doc_closing_fits(const struct doc *d)
{
	return d->raw.n - d->proofs.n <= DOC_CLOSING_BYTES_MAX &&
	       d->proofs.n <= DOC_CLOSING_PROOF_MAX;
}

/* An account by kind and name, as books_account_id() takes them: "customer", "c000001". */
struct doc_posting_side {
	char kind[DOC_SLUG_MAX + 1];
	char name[DOC_NAME_MAX + 1];
};

struct doc_posting_entry {
	u128 amount;    /* of asset, at least 1 */
	uint32_t asset; /* ASSET_XEM, ASSET_JPY */
	struct doc_posting_side credit, debit;
	struct id128 id; /* of the transfer: what was booked under it once is never booked again */
	char reason[DOC_ENTRY_REASON_MAX + 1]; /* 1 to 160 bytes of UTF-8 */
};

/*
 * posting: transfers that people book, all or none.  Beyond the form: at least one entry; no id
 * stands twice; no entry has the same account on both sides.
 */
struct doc_posting {
	size_t entry_count;
	struct doc_posting_entry entries[DOC_ENTRIES_MAX];
	struct hash32 genesis;
	char initiator[DOC_NAME_MAX + 1]; /* id of a person */
	char reason[DOC_REASON_MAX + 1];  /* 1 to 500 bytes of UTF-8 */
	uint64_t time_ms;
};

/*
 * plan: a refund.  What customers lost of one asset is paid in another at a fixed rate, to each by
 * his row (books/refund.h).  Beyond the form: rate is a decimal_parse() number above zero;
 * head is zero if and only if sequence is: then the rows are what people say they are, else each
 * row is at most what the books owed that customer when the journal had `sequence` records and
 * this head.
 */
struct doc_plan {
	uint64_t as_of_ms;  /* the moment that the rows speak of */
	uint32_t asset;     /* ASSET_XEM: what was lost */
	uint32_t currency;  /* ASSET_JPY: what is paid */
	uint64_t customers; /* rows, at least 1 */
	struct hash32 genesis;
	struct hash32 head;
	char initiator[DOC_NAME_MAX + 1]; /* id of a person */
	u128 lost;                        /* sum of the rows in asset, at least 1 */
	u128 paid;                        /* sum of the rows in currency, at least 1 */
	char rate[DOC_RATE_MAX + 1];      /* "88.549": yen for one XEM */
	char reason[DOC_REASON_MAX + 1];  /* 1 to 500 bytes of UTF-8 */
	struct hash32 root;               /* RFC 6962 tree over the rows */
	enum doc_rounding rounding;
	struct hash32 rows; /* SHA-256 of the file of rows */
	uint64_t sequence;
	uint64_t time_ms;
};

/*
 * exclusion: this attempt is dead (docs/decisions/0009).  The till that pays it is closed, and on
 * the chain that the watcher follows the attempt stands in no block up to height.  final_height is
 * at least NEM_FOLLOW_REWRITE_MAX below height; residue and largest are what the till held after
 * block final_height, and at most after any block from there to height.
 */
struct doc_exclusion {
	struct key32 account; /* of the till */
	struct hash32 attempt;
	struct hash32 block;   /* at height */
	struct hash32 closing; /* the one that the watcher holds */
	uint64_t final_height;
	uint64_t final_time_nem_s; /* of that block: later than the attempt's deadline */
	struct hash32 genesis;
	uint64_t height;
	struct hash32 inner_hash;
	struct money largest;
	struct money residue;
	uint64_t time_ms;
	char watcher[DOC_NAME_MAX + 1];
};

/*
 * day: a person has compared what left with the back end's own list, up to these attestations, and
 * found no difference (docs/policy.md).  X_unapproved: amounts and fees of all payments without
 * approvals that signer X attested up to and including the attestation with the number X_sequence,
 * since the beginning of its journal.
 */
struct doc_day {
	uint64_t a_sequence; /* 0: nothing of A's was compared */
	struct money a_unapproved;
	uint64_t b_sequence;
	struct money b_unapproved;
	struct hash32 genesis;
	struct hash32 list;            /* SHA-256 of the list that was compared */
	char person[DOC_NAME_MAX + 1]; /* of the roster */
	uint64_t time_ms;
};

/* price: what one whole coin costs.  Beyond the form: rate as in a plan. */
struct doc_price {
	uint32_t asset;
	uint32_t currency; /* ASSET_JPY */
	struct hash32 genesis;
	char rate[DOC_RATE_MAX + 1];   /* "88.549": yen for one XEM */
	char source[DOC_NAME_MAX + 1]; /* of the roster's price_sources */
	uint64_t time_ms;
};

/*
 * grant: for a while, payments to this address may carry up_to each, though it is not listed.
 * Beyond the form: until_ms is after from_ms; there is none without an end.
 */
struct doc_grant {
	struct doc_address destination;
	uint64_t from_ms;
	struct hash32 genesis;
	char reason[DOC_REASON_MAX + 1]; /* 1 to 500 bytes of UTF-8 */
	uint64_t until_ms;
	struct money up_to; /* at least 1 */
};

/* sweep.  amount is at least 1; deadline after timestamp. */
struct doc_sweep {
	struct key32 account;
	struct money amount;
	uint64_t deadline_nem_s;
	struct doc_address destination;
	struct money fee_cosign;
	struct money fee_inner;
	struct money fee_outer;
	struct hash32 genesis;
	uint64_t timestamp_nem_s;
};

struct doc_balance {
	struct key32 account;
	struct money confirmed;
	struct money promised;  /* attested by that signer and in no block yet: amounts and fees */
	struct money remaining; /* after what the pool holds */
};

/* heartbeat.  No account stands twice in balances. */
struct doc_heartbeat {
	size_t balance_count;
	struct doc_balance balances[DOC_BALANCES_MAX];
	struct hash32 block;
	uint64_t chain_time_nem_s;
	struct hash32 genesis;
	uint64_t height;
	struct hash32 nonce;
	struct hash32 policy;
	struct hash32 records_head; /* zero: none */
	uint64_t records_sequence;
	struct hash32 roster;
	enum doc_signer signer;
	uint64_t stop_count;
	struct hash32 stop_head;
	char watcher[DOC_NAME_MAX + 1];
};

struct doc_attestation {
	size_t data_n;
	uint8_t data[DOC_DATA_MAX]; /* the non-verifiable bytes that were signed */
	struct hash32 genesis;
	struct hash32 head; /* journal head before the batch that holds this */
	struct hash32 inner_hash;
	enum doc_attest_kind kind;
	struct hash32 policy; /* under which it was judged */
	/* this signer's newest attestation of a payment before it; zero: none.  So its payments are
	 * one chain, of which nothing can be left out when they are handed back (guard.h) */
	struct hash32 previous;
	struct hash32 program;
	struct hash32 roster; /* the same as policy */
	uint64_t sequence;
	enum doc_signer signer;
	struct hash32 subject;
	enum doc_type subject_type; /* DOC_ATTEMPT or DOC_SWEEP */
	uint64_t time_ms;
};

struct doc_ack {
	struct hash32 attestation;
	struct hash32 genesis;
	uint64_t time_ms;
	char watcher[DOC_NAME_MAX + 1];
};

struct doc_receipt {
	struct hash32 document;
	struct hash32 genesis;
	char holder[DOC_NAME_MAX + 1]; /* id of a signer ("a", "b") or watcher */
	uint64_t sequence;
	uint64_t time_ms;
};

/*
 * maturity: this roster or policy loosened, waited, and came into force at this watcher by its own
 * two clocks (docs/decisions/0033).  True for ever: what was in force once is not cancelled.
 */
struct doc_maturity {
	struct hash32 document;
	struct hash32 genesis;
	char watcher[DOC_NAME_MAX + 1];
};

/* Who holds one cold key. */
struct doc_holder {
	struct key32 attest_key; /* signs answers: Ed25519 */
	char id[DOC_NAME_MAX + 1];
	struct key32 key; /* the cosigner key on chain: Ed25519-Keccak on NEM */
	uint8_t registration[DOC_REGISTRATION_MAX]; /* cold/cold_mark.h; empty: not registered */
	size_t registration_n;
};

/*
 * holding: how cold coins are held.  Who the holders are, what each may sign for, how much may stay
 * behind in a box, how old the watchers' word may be.  Beyond the form: ids distinct, and no key
 * stands twice; number 1 if and only if previous is zero; a registration is empty, or a key and
 * whole parts.
 */
struct doc_holding {
	struct hash32 genesis;
	size_t holder_count;
	struct doc_holder holders[DOC_HOLDERS_MAX];
	struct money limit; /* amounts and fees that one holder signs for within window_ms */
	uint64_t number;
	struct hash32 previous;
	struct money residue_max; /* what a refill may leave behind */
	uint64_t tally_age_ms;    /* 1 to DOC_TALLY_AGE_MAX_MS */
	uint64_t window_ms;       /* 1 or more */
};

struct doc_cosigner {
	struct key32 key;
};

struct doc_tallied {
	struct key32 account; /* public key */
	struct money balance;
	size_t cosigner_count;
	struct doc_cosigner cosigners[DOC_HOLDERS_MAX]; /* as the chain has them */
	uint64_t needed;                                /* of them; all: as many as there are */
	uint64_t open; /* payments of it that are signed or ahead, in no block, not excluded */
	struct money received;
	struct money spent; /* amounts and fees, all of them explained by documents */
};

/*
 * tally: what these accounts hold, by one watcher's own chain.  Beyond the form: at least one
 * account, none twice; received = balance + spent; cosigners in byte order, none twice, and at
 * least as many as needed; final_time_nem_s is not after chain_time_nem_s.
 */
struct doc_tally {
	size_t account_count;
	struct doc_tallied accounts[DOC_TALLIED_MAX];
	struct hash32 block; /* at height */
	uint64_t chain_time_nem_s;
	uint64_t final_time_nem_s; /* of the newest block that nothing can undo any more */
	struct hash32 genesis;
	uint64_t height;
	uint64_t time_ms;
	char watcher[DOC_NAME_MAX + 1];
};

/*
 * refill: one whole box to one purse or spare box (a transfer of NEM has one recipient).  Beyond
 * the form: the deadline is after the timestamp; at least one cosigner, in byte order, none twice,
 * none of them the initiator.
 */
struct doc_refill {
	struct key32 account; /* public key of the box */
	struct money amount;
	size_t cosigner_count;
	struct doc_cosigner cosigners[DOC_HOLDERS_MAX]; /* who cosign */
	uint64_t deadline_nem_s;
	struct doc_address destination;
	struct money fee_cosign;
	struct money fee_inner;
	struct money fee_outer;
	struct hash32 genesis;
	struct key32 initiator;          /* who wraps, and signs last */
	struct hash32 previous;          /* the refill of this box that it replaces; zero: none */
	char proposer[DOC_NAME_MAX + 1]; /* a person of the roster */
	uint64_t time_ms;
	uint64_t timestamp_nem_s;
};

/*
 * answer: what one cold holder signed, with where its journal stood, as an attestation says it.
 * Beyond the form: a mark is empty, or a key and whole parts.
 */
struct doc_answer {
	struct hash32 genesis;
	struct hash32 head;            /* journal head with the record of this answer in it */
	char holder[DOC_NAME_MAX + 1]; /* of the holding */
	struct hash32 holding;
	struct hash32 inner_hash;
	enum doc_attest_kind kind;
	uint8_t mark[DOC_MARK_MAX]; /* for watchers alone: cold/cold_mark.h */
	size_t mark_n;
	struct hash32 refill;
	uint64_t sequence; /* answers before it in that journal: a copy that lacks one says so */
	struct sig64 signature; /* of the cosignature or the wrapper, by the chain key */
	struct money spent;     /* this holder, within the window, this refill included */
	uint64_t time_ms;
};

/*
 * drill: the cards of this holder were typed on a clean machine and brought back the keys that the
 * holding names (docs/ceremony.md); signed by attest_key, which was in that machine's memory alone.
 * Beyond the form: the two keys differ; valid_until_ms is later than time_ms, by at most
 * DOC_DRILL_MAX_MS.
 */
struct doc_drill {
	struct key32 attest_key;
	struct hash32 genesis;
	char holder[DOC_NAME_MAX + 1]; /* of the holding */
	struct hash32 holding;         /* that was compared with */
	struct key32 key;
	uint64_t time_ms;
	uint64_t valid_until_ms;
};

struct doc_signature {
	struct hash32 attestation;
	struct hash32 genesis;
	struct sig64 signature;
};

struct doc_nonce {
	bool frozen;
	struct hash32 genesis;
	struct hash32 head;
	struct hash32 nonce;
	uint64_t sequence;
	enum doc_signer signer;
	uint64_t stop_count;
	struct hash32 stop_head;
};

struct doc_cursor {
	uint64_t after;
	struct hash32 genesis;
};

struct doc_refusal {
	char code[DOC_SLUG_MAX + 1];     /* 1 to 64 of [a-z0-9-]: err_slug() */
	char detail[DOC_DETAIL_MAX + 1]; /* 0 to 500 bytes of UTF-8 */
	char field[DOC_FIELD_MAX + 1];   /* 0 to 64 bytes */
	struct hash32 genesis;
};

struct doc_status_line {
	char name[DOC_NAME_MAX + 1];
	char value[DOC_STATUS_VALUE_MAX + 1]; /* 0 to 256 bytes */
};

struct doc_status {
	size_t detail_count;
	struct doc_status_line detail[DOC_STATUS_MAX];
	struct hash32 genesis;
	char program[DOC_NAME_MAX + 1]; /* name of the program, as people know it; 1 to 64 bytes */
};

/* A name: 1 to DOC_NAME_MAX of [A-Za-z0-9._:-]. */
bool doc_name_ok(struct bytes text);

/*
 * For every type X of types.def:
 *
 * doc_X_read(d, out, fault): decodes the body of an opened document.  d->type must be X: ERR_TYPE
 *   otherwise.  fault may be NULL.  ERR_FIELD_MISSING, ERR_FIELD_UNKNOWN, ERR_FIELD_TYPE,
 *   ERR_FIELD_RANGE (range, length, words, and the rules beyond the form), ERR_AMOUNT,
 * ERR_OVERFLOW, ERR_ADDRESS; *out is untouched then, *fault written.
 *
 * doc_X_write(out, in): appends the canonical body.  ERR_FIELD_RANGE, ERR_INPUT (text),
 * ERR_ADDRESS, ERR_ASSET, ERR_OVERFLOW if a member could not be read back; ERR_TOO_LARGE if out is
 * too small; out stands as before then.
 *
 * doc_X_make(out, id, in, secret): appends the whole envelope under in->genesis, with one signature
 * if secret is not NULL.  id may be NULL.  Errors as doc_X_write().  The result opens again,
 * always.
 */
#define DOC(NAME, name, number, version, signed_by)                                              \
	MUST_CHECK enum err doc_##name##_read(const struct doc *d, struct doc_##name *out,       \
					      struct doc_fault *fault);                          \
	MUST_CHECK enum err doc_##name##_write(struct writer *out, const struct doc_##name *in); \
	MUST_CHECK enum err doc_##name##_make(struct writer *out, struct hash32 *id,             \
					      const struct doc_##name *in, const uint8_t *secret);
#include "doc/types.def"
#undef DOC

/*
 * The body is one that doc_X_read() accepts, whatever X d->type is; for those who store or carry
 * documents without acting on them.  Errors as doc_X_read().
 */
MUST_CHECK enum err doc_check(const struct doc *d, struct doc_fault *fault);

/* As doc_X_write() for in of the struct of this type, with the fault for people (may be NULL). */
MUST_CHECK enum err doc_write(struct writer *out, enum doc_type type, const void *in,
			      struct doc_fault *fault);

/* As doc_X_make() likewise. */
MUST_CHECK enum err doc_make(struct writer *out, struct hash32 *id, enum doc_type type,
			     const void *in, const uint8_t *secret, struct doc_fault *fault);

#endif
