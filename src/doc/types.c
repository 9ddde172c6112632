/* SPDX-License-Identifier: Apache-2.0 */
#include "doc/types.h"

#include <string.h>

#include "base/check.h"
#include "base/decimal.h"
#include "doc/table.h"

/*
 * Order of this file: words, tables of fields, rules beyond the form, and the functions that
 * types.def promises.  A new field is one row; a new type is a table, a row in types.def and one in
 * docs.  Each function names its own table, and the table its rule: a program that reads few types
 * is linked with these alone.
 */

#define NEM_S_MAX    ((UINT64_C(1) << 31) - 1) /* NIS keeps times in a signed int of 32 bits */
#define DAY_S        86400
#define DELAY_MAX_MS (UINT64_C(30) * DAY_S * 1000)

static const struct doc_word words_asset[] = { { "nem:xem", ASSET_XEM }, { NULL, 0 } };
static const struct doc_word words_chain[] = { { "nem", DOC_CHAIN_NEM }, { NULL, 0 } };
static const struct doc_word words_vault[] = { { "hot", DOC_VAULT_HOT }, { NULL, 0 } };
static const struct doc_word words_scope[] = { { "all", DOC_SCOPE_ALL }, { NULL, 0 } };
static const struct doc_word words_hot[] = {
	{ "deposit", DOC_HOT_DEPOSIT },
	{ "purse", DOC_HOT_PURSE },
	{ "till", DOC_HOT_TILL },
	{ NULL, 0 },
};
static const struct doc_word words_role[] = {
	{ "approver", DOC_ROLE_APPROVER },
	{ "auditor", DOC_ROLE_AUDITOR },
	{ "officer", DOC_ROLE_OFFICER },
	{ NULL, 0 },
};
static const struct doc_word words_signer[] = {
	{ "a", DOC_SIGNER_A },
	{ "b", DOC_SIGNER_B },
	{ NULL, 0 },
};
static const struct doc_word words_algorithm[] = {
	{ "eddsa", DOC_ALGORITHM_EDDSA },
	{ "es256", DOC_ALGORITHM_ES256 },
	{ NULL, 0 },
};
static const struct doc_word words_to[] = {
	{ "box", DOC_TO_BOX },
	{ "customer", DOC_TO_CUSTOMER },
	{ "purse", DOC_TO_PURSE },
	{ NULL, 0 },
};
static const struct doc_word words_decision[] = {
	{ "no", DOC_DECISION_NO },
	{ "yes", DOC_DECISION_YES },
	{ NULL, 0 },
};
static const struct doc_word words_approved[] = {
	{ "order", DOC_ORDER },
	{ "plan", DOC_PLAN },
	{ "posting", DOC_POSTING },
	{ NULL, 0 },
};
static const struct doc_word words_booked[] = {
	{ "jpy", ASSET_JPY },
	{ "nem:xem", ASSET_XEM },
	{ NULL, 0 },
};
static const struct doc_word words_currency[] = { { "jpy", ASSET_JPY }, { NULL, 0 } };
static const struct doc_word words_rounding[] = {
	{ "half-up", DOC_ROUNDING_HALF_UP },
	{ NULL, 0 },
};
static const struct doc_word words_attested[] = {
	{ "attempt", DOC_ATTEMPT },
	{ "sweep", DOC_SWEEP },
	{ NULL, 0 },
};
static const struct doc_word words_attest_kind[] = {
	{ "cosign", DOC_ATTEST_COSIGN },
	{ "wrap", DOC_ATTEST_WRAP },
	{ NULL, 0 },
};

#define MEMBER(type, member) \
	.offset = offsetof(struct type, member), .size = sizeof(((struct type *)NULL)->member)
#define COUNT(type, member) .count_offset = offsetof(struct type, member)

/* Rows by kind: the text's name, the struct, the member. */
#define TEXT(name, type, m, least, most)                                            \
	{                                                                           \
		name, DOC_KIND_TEXT, MEMBER(type, m), .min = (least), .max = (most) \
	}
#define NAME(name, type, m)                                                         \
	{                                                                           \
		name, DOC_KIND_NAME, MEMBER(type, m), .min = 1, .max = DOC_NAME_MAX \
	}
#define SLUG(name, type, m)                                                         \
	{                                                                           \
		name, DOC_KIND_SLUG, MEMBER(type, m), .min = 1, .max = DOC_SLUG_MAX \
	}
#define ADDRESS(name, type, m)                          \
	{                                               \
		name, DOC_KIND_ADDRESS, MEMBER(type, m) \
	}
#define ADDRESSES(name, type, m, n, most)                                                \
	{                                                                                \
		name, DOC_KIND_ADDRESSES, MEMBER(type, m), .max = (most), COUNT(type, n) \
	}
#define HEX(name, type, m)                          \
	{                                           \
		name, DOC_KIND_HEX, MEMBER(type, m) \
	}
#define DATA(name, type, m, n, most)                                                \
	{                                                                           \
		name, DOC_KIND_DATA, MEMBER(type, m), .max = (most), COUNT(type, n) \
	}
#define UUID(name, type, m)                          \
	{                                            \
		name, DOC_KIND_UUID, MEMBER(type, m) \
	}
#define AMOUNT(name, type, m, least)                                   \
	{                                                              \
		name, DOC_KIND_AMOUNT, MEMBER(type, m), .min = (least) \
	}
#define UNITS(name, type, m, least)                                   \
	{                                                             \
		name, DOC_KIND_UNITS, MEMBER(type, m), .min = (least) \
	}
#define INT(name, type, m, least, most)                                            \
	{                                                                          \
		name, DOC_KIND_INT, MEMBER(type, m), .min = (least), .max = (most) \
	}
#define BOOL(name, type, m)                          \
	{                                            \
		name, DOC_KIND_BOOL, MEMBER(type, m) \
	}
#define WORD(name, type, m, list)                                     \
	{                                                             \
		name, DOC_KIND_WORD, MEMBER(type, m), .words = (list) \
	}
#define WORDS(name, type, m, list)                                     \
	{                                                              \
		name, DOC_KIND_WORDS, MEMBER(type, m), .words = (list) \
	}
#define OBJECT(name, type, m, table)                                   \
	{                                                              \
		name, DOC_KIND_OBJECT, MEMBER(type, m), .of = &(table) \
	}
#define LIST(name, type, m, n, table, most)                                          \
	{                                                                            \
		name, DOC_KIND_LIST, MEMBER(type, m), .max = (most), COUNT(type, n), \
						      .of = &(table)                 \
	}
#define TABLE_OF(type, sense)                                                                   \
	static const struct doc_table table_##type = { fields_##type, ARRAY_LEN(fields_##type), \
						       sizeof(struct doc_##type), sense }
#define TABLE(type) TABLE_OF(type, NULL)
/* with a rule beyond the form, which stands below */
#define TABLE_SENSED(type)                                                     \
	static enum err sense_##type(const void *in, struct doc_fault *fault); \
	TABLE_OF(type, sense_##type)

/* clang-format off */
struct doc_recovery {
	uint64_t holders;
	uint64_t needed;
};

static const struct doc_field fields_recovery[] = {
	INT("holders", doc_recovery, holders, 2, 32), /* NEM: at most 32 cosigners */
	INT("needed", doc_recovery, needed, 2, DOC_SIGNATURES_MAX), /* all sign one document */
};
TABLE(recovery);
static_assert(sizeof(struct doc_recovery) == sizeof(((struct doc_genesis *)NULL)->recovery),
	      "the same members as doc_genesis.recovery");

static const struct doc_field fields_hot[] = {
	WORD("kind", doc_hot, kind, words_hot),
	HEX("public_key", doc_hot, public_key),
	ADDRESS("spare", doc_hot, spare),
};
TABLE(hot);

static const struct doc_field fields_genesis[] = {
	ADDRESSES("boxes", doc_genesis, boxes, box_count, DOC_BOXES_MAX),
	WORD("chain", doc_genesis, chain, words_chain),
	HEX("chain_nemesis", doc_genesis, chain_nemesis),
	INT("chain_network", doc_genesis, chain_network, 1, 255),
	LIST("hot", doc_genesis, hot, hot_count, table_hot, DOC_HOT_MAX),
	HEX("policy", doc_genesis, policy),
	OBJECT("recovery", doc_genesis, recovery, table_recovery),
	HEX("roster", doc_genesis, roster),
	ADDRESSES("spares", doc_genesis, spares, spare_count, DOC_SPARES_MAX),
};
TABLE_SENSED(genesis);

static const struct doc_field fields_party[] = {
	NAME("id", doc_party, id),
	HEX("key", doc_party, key),
};
TABLE(party);

static const struct doc_field fields_passkey[] = {
	WORD("algorithm", doc_passkey, algorithm, words_algorithm),
	DATA("credential", doc_passkey, credential, credential_n, DOC_CREDENTIAL_MAX),
	DATA("key", doc_passkey, key, key_n, DOC_PASSKEY_KEY_MAX),
};
TABLE(passkey);

static const struct doc_field fields_origin[] = {
	TEXT("origin", doc_origin, origin, 1, DOC_ORIGIN_MAX),
};
TABLE(origin);

static const struct doc_field fields_relying_party[] = {
	TEXT("id", doc_relying_party, id, 0, DOC_RELYING_MAX),
	LIST("origins", doc_relying_party, origins, origin_count, table_origin, DOC_ORIGINS_MAX),
};
TABLE(relying_party);

static const struct doc_field fields_person[] = {
	NAME("id", doc_person, id),
	HEX("key", doc_person, key),
	LIST("passkeys", doc_person, passkeys, passkey_count, table_passkey, DOC_PASSKEYS_MAX),
	WORDS("roles", doc_person, roles, words_role),
};
TABLE(person);

static const struct doc_field fields_signer_entry[] = {
	HEX("attest_key", doc_signer_entry, attest_key),
	HEX("chain_key", doc_signer_entry, chain_key),
	WORD("id", doc_signer_entry, id, words_signer),
};
TABLE(signer_entry);

static const struct doc_field fields_roster[] = {
	LIST("backends", doc_roster, backends, backend_count, table_party, DOC_BACKENDS_MAX),
	HEX("genesis", doc_roster, genesis),
	INT("governance", doc_roster, governance, 1, DOC_GOVERNANCE_MAX),
	LIST("holders", doc_roster, holders, holder_count, table_party, DOC_HOLDERS_MAX),
	INT("number", doc_roster, number, 1, JSON_INT_MAX),
	LIST("people", doc_roster, people, people_count, table_person, DOC_PEOPLE_MAX),
	HEX("previous", doc_roster, previous),
	LIST("price_sources", doc_roster, price_sources, source_count, table_party, DOC_SOURCES_MAX),
	INT("prices_needed", doc_roster, prices_needed, 0, DOC_SOURCES_MAX),
	BOOL("recovery", doc_roster, recovery),
	OBJECT("relying_party", doc_roster, relying_party, table_relying_party),
	LIST("signers", doc_roster, signers, signer_count, table_signer_entry, DOC_SIGNERS),
	BOOL("software_approvals", doc_roster, software_approvals),
	LIST("watchers", doc_roster, watchers, watcher_count, table_party, DOC_WATCHERS_MAX),
	INT("watchers_needed", doc_roster, watchers_needed, 1, DOC_WATCHERS_MAX),
};
TABLE_SENSED(roster);

static const struct doc_field fields_tier[] = {
	INT("approvals", doc_tier, approvals, 0, 16),
	INT("delay_ms", doc_tier, delay_ms, 0, DELAY_MAX_MS),
	AMOUNT("up_to", doc_tier, up_to, 0),
};
TABLE(tier);

static const struct doc_field fields_destination[] = {
	ADDRESS("address", doc_destination, address),
	NAME("name", doc_destination, name),
};
TABLE(destination);

static const struct doc_field fields_hours[] = {
	INT("days", doc_hours, days, 1, 127),
	INT("from_minute", doc_hours, from_minute, 0, 1439),
	AMOUNT("payment_max", doc_hours, payment_max, 0),
	INT("to_minute", doc_hours, to_minute, 1, 1440),
};
TABLE(hours);

static const struct doc_field fields_yen[] = {
	INT("age_max_ms", doc_yen, age_max_ms, 1, JSON_INT_MAX),
	UNITS("day_max", doc_yen, day_max, 0),
	UNITS("hour_max", doc_yen, hour_max, 0),
	INT("jump_max_bp", doc_yen, jump_max_bp, 1, 10000),
};
TABLE(yen);

static const struct doc_field fields_policy[] = {
	LIST("approval_tiers", doc_policy, approval_tiers, tier_count, table_tier, DOC_TIERS_MAX),
	WORD("asset", doc_policy, asset, words_asset),
	INT("attempt_life_s", doc_policy, attempt_life_s, 1, DAY_S),
	INT("clock_skew_ms", doc_policy, clock_skew_ms, 1, JSON_INT_MAX),
	AMOUNT("day_max", doc_policy, day_max, 0),
	INT("destination_cooling_ms", doc_policy, destination_cooling_ms, 0, JSON_INT_MAX),
	WORDS("destination_kinds", doc_policy, destination_kinds, words_to),
	LIST("destinations", doc_policy, destinations, destination_count, table_destination,
	     DOC_DESTINATIONS_MAX),
	INT("fee_bp_max", doc_policy, fee_bp_max, 1, 1000000),
	AMOUNT("fee_max", doc_policy, fee_max, 0),
	HEX("genesis", doc_policy, genesis),
	INT("grant_life_max_ms", doc_policy, grant_life_max_ms, 0, JSON_INT_MAX),
	INT("heartbeat_age_ms", doc_policy, heartbeat_age_ms, 1, JSON_INT_MAX),
	INT("hot_ceiling_bp", doc_policy, hot_ceiling_bp, 0, 10000),
	AMOUNT("hour_max", doc_policy, hour_max, 0),
	LIST("hours", doc_policy, hours, hours_count, table_hours, DOC_HOURS_MAX),
	INT("loosening_ms", doc_policy, loosening_ms, 1, JSON_INT_MAX),
	INT("number", doc_policy, number, 1, JSON_INT_MAX),
	INT("order_life_ms", doc_policy, order_life_ms, 1, JSON_INT_MAX),
	AMOUNT("payment_max", doc_policy, payment_max, 0),
	HEX("previous", doc_policy, previous),
	AMOUNT("till_max", doc_policy, till_max, 0),
	AMOUNT("unapproved_day_max", doc_policy, unapproved_day_max, 0),
	AMOUNT("unlisted_max", doc_policy, unlisted_max, 0),
	LIST("yen", doc_policy, yen, yen_count, table_yen, 1),
};
TABLE_SENSED(policy);

static const struct doc_field fields_request[] = {
	AMOUNT("amount", doc_request, amount, 1),
	WORD("asset", doc_request, asset, words_asset),
	NAME("customer", doc_request, customer),
	ADDRESS("destination", doc_request, destination),
	HEX("genesis", doc_request, genesis),
	DATA("message", doc_request, message, message_n, DOC_MESSAGE_MAX),
	UUID("request_id", doc_request, request_id),
	INT("time_ms", doc_request, time_ms, 0, JSON_INT_MAX),
};
TABLE(request);

static const struct doc_field fields_order[] = {
	AMOUNT("amount", doc_order, amount, 1),
	WORD("asset", doc_order, asset, words_asset),
	WORD("chain", doc_order, chain, words_chain),
	INT("created_ms", doc_order, created_ms, 0, JSON_INT_MAX),
	ADDRESS("destination", doc_order, destination),
	INT("expires_ms", doc_order, expires_ms, 0, JSON_INT_MAX),
	AMOUNT("fee_max", doc_order, fee_max, 0),
	HEX("genesis", doc_order, genesis),
	DATA("message", doc_order, message, message_n, DOC_MESSAGE_MAX),
	INT("network", doc_order, network, 1, 255),
	HEX("request", doc_order, request),
	UUID("request_id", doc_order, request_id),
	WORD("vault", doc_order, vault, words_vault),
};
TABLE_SENSED(order);

static const struct doc_field fields_attempt[] = {
	HEX("account", doc_attempt, account),
	INT("deadline_nem_s", doc_attempt, deadline_nem_s, 0, NEM_S_MAX),
	AMOUNT("fee_cosign", doc_attempt, fee_cosign, 0),
	AMOUNT("fee_inner", doc_attempt, fee_inner, 0),
	AMOUNT("fee_outer", doc_attempt, fee_outer, 0),
	HEX("genesis", doc_attempt, genesis),
	INT("number", doc_attempt, number, 1, DOC_ATTEMPTS_MAX),
	HEX("order", doc_attempt, order),
	INT("timestamp_nem_s", doc_attempt, timestamp_nem_s, 0, NEM_S_MAX),
};
TABLE_SENSED(attempt);

static const struct doc_field fields_approval[] = {
	WORD("decision", doc_approval, decision, words_decision),
	HEX("genesis", doc_approval, genesis),
	NAME("person", doc_approval, person),
	HEX("subject", doc_approval, subject),
	WORD("subject_type", doc_approval, subject_type, words_approved),
	INT("time_ms", doc_approval, time_ms, 0, JSON_INT_MAX),
};
TABLE(approval);

static const struct doc_field fields_freeze[] = {
	BOOL("evacuate", doc_freeze, evacuate),
	DATA("evidence", doc_freeze, evidence, evidence_n, DOC_EVIDENCE_MAX),
	HEX("genesis", doc_freeze, genesis),
	NAME("issuer", doc_freeze, issuer),
	HEX("nonce", doc_freeze, nonce),
	TEXT("reason", doc_freeze, reason, 0, DOC_REASON_MAX),
	WORD("scope", doc_freeze, scope, words_scope),
	INT("time_ms", doc_freeze, time_ms, 0, JSON_INT_MAX),
};
TABLE(freeze);

static const struct doc_field fields_cancel[] = {
	HEX("document", doc_cancel, document),
	HEX("genesis", doc_cancel, genesis),
	NAME("person", doc_cancel, person),
	TEXT("reason", doc_cancel, reason, 0, DOC_REASON_MAX),
	INT("time_ms", doc_cancel, time_ms, 0, JSON_INT_MAX),
};
TABLE(cancel);

static const struct doc_field fields_lift[] = {
	HEX("id", doc_lift, id),
};
TABLE(lift);

static const struct doc_field fields_struck[] = {
	DATA("key", doc_struck, key, key_n, DOC_PASSKEY_KEY_MAX),
};
TABLE(struck);

static const struct doc_field fields_resume[] = {
	LIST("freezes", doc_resume, freezes, lift_count, table_lift, DOC_LIFTS_MAX),
	HEX("genesis", doc_resume, genesis),
	NAME("initiator", doc_resume, initiator),
	HEX("nonce", doc_resume, nonce),
	TEXT("reason", doc_resume, reason, 0, DOC_REASON_MAX),
	WORD("scope", doc_resume, scope, words_scope),
	LIST("struck", doc_resume, struck, struck_count, table_struck, DOC_STRUCK_MAX),
	INT("time_ms", doc_resume, time_ms, 0, JSON_INT_MAX),
};
TABLE_SENSED(resume);

static const struct doc_field fields_closing[] = {
	HEX("account", doc_closing, account),
	HEX("genesis", doc_closing, genesis),
	NAME("issuer", doc_closing, issuer),
	TEXT("reason", doc_closing, reason, 0, DOC_REASON_MAX),
	INT("time_ms", doc_closing, time_ms, 0, JSON_INT_MAX),
};
TABLE(closing);

static const struct doc_field fields_exclusion[] = {
	HEX("account", doc_exclusion, account),
	HEX("attempt", doc_exclusion, attempt),
	HEX("block", doc_exclusion, block),
	HEX("closing", doc_exclusion, closing),
	INT("final_height", doc_exclusion, final_height, 1, JSON_INT_MAX),
	INT("final_time_nem_s", doc_exclusion, final_time_nem_s, 0, NEM_S_MAX),
	HEX("genesis", doc_exclusion, genesis),
	INT("height", doc_exclusion, height, 1, JSON_INT_MAX),
	HEX("inner_hash", doc_exclusion, inner_hash),
	AMOUNT("largest", doc_exclusion, largest, 0),
	AMOUNT("residue", doc_exclusion, residue, 0),
	INT("time_ms", doc_exclusion, time_ms, 0, JSON_INT_MAX),
	NAME("watcher", doc_exclusion, watcher),
};
TABLE(exclusion);

static const struct doc_field fields_day[] = {
	INT("a_sequence", doc_day, a_sequence, 0, JSON_INT_MAX),
	AMOUNT("a_unapproved", doc_day, a_unapproved, 0),
	INT("b_sequence", doc_day, b_sequence, 0, JSON_INT_MAX),
	AMOUNT("b_unapproved", doc_day, b_unapproved, 0),
	HEX("genesis", doc_day, genesis),
	HEX("list", doc_day, list),
	NAME("person", doc_day, person),
	INT("time_ms", doc_day, time_ms, 0, JSON_INT_MAX),
};
TABLE(day);

static const struct doc_field fields_price[] = {
	WORD("asset", doc_price, asset, words_asset),
	WORD("currency", doc_price, currency, words_currency),
	HEX("genesis", doc_price, genesis),
	TEXT("rate", doc_price, rate, 1, DOC_RATE_MAX),
	NAME("source", doc_price, source),
	INT("time_ms", doc_price, time_ms, 0, JSON_INT_MAX),
};
TABLE_SENSED(price);

static const struct doc_field fields_grant[] = {
	ADDRESS("destination", doc_grant, destination),
	INT("from_ms", doc_grant, from_ms, 0, JSON_INT_MAX),
	HEX("genesis", doc_grant, genesis),
	TEXT("reason", doc_grant, reason, 1, DOC_REASON_MAX),
	INT("until_ms", doc_grant, until_ms, 0, JSON_INT_MAX),
	AMOUNT("up_to", doc_grant, up_to, 1),
};
TABLE_SENSED(grant);

static const struct doc_field fields_assertion[] = {
	HEX("approval", doc_assertion, approval),
	DATA("authenticator_data", doc_assertion, authenticator_data, authenticator_data_n,
	     DOC_AUTHENTICATOR_MAX),
	DATA("client_data", doc_assertion, client_data, client_data_n, DOC_CLIENT_MAX),
	DATA("credential", doc_assertion, credential, credential_n, DOC_CREDENTIAL_MAX),
	HEX("genesis", doc_assertion, genesis),
	DATA("signature", doc_assertion, signature, signature_n, DOC_ASSERTION_MAX),
};
TABLE(assertion);

static const struct doc_field fields_sweep[] = {
	HEX("account", doc_sweep, account),
	AMOUNT("amount", doc_sweep, amount, 1),
	INT("deadline_nem_s", doc_sweep, deadline_nem_s, 0, NEM_S_MAX),
	ADDRESS("destination", doc_sweep, destination),
	AMOUNT("fee_cosign", doc_sweep, fee_cosign, 0),
	AMOUNT("fee_inner", doc_sweep, fee_inner, 0),
	AMOUNT("fee_outer", doc_sweep, fee_outer, 0),
	HEX("genesis", doc_sweep, genesis),
	INT("timestamp_nem_s", doc_sweep, timestamp_nem_s, 0, NEM_S_MAX),
};
TABLE_SENSED(sweep);

static const struct doc_field fields_balance[] = {
	HEX("account", doc_balance, account),
	AMOUNT("confirmed", doc_balance, confirmed, 0),
	AMOUNT("promised", doc_balance, promised, 0),
	AMOUNT("remaining", doc_balance, remaining, 0),
};
TABLE(balance);

static const struct doc_field fields_heartbeat[] = {
	LIST("balances", doc_heartbeat, balances, balance_count, table_balance, DOC_BALANCES_MAX),
	HEX("block", doc_heartbeat, block),
	INT("chain_time_nem_s", doc_heartbeat, chain_time_nem_s, 0, NEM_S_MAX),
	HEX("genesis", doc_heartbeat, genesis),
	INT("height", doc_heartbeat, height, 0, JSON_INT_MAX),
	HEX("nonce", doc_heartbeat, nonce),
	HEX("policy", doc_heartbeat, policy),
	HEX("records_head", doc_heartbeat, records_head),
	INT("records_sequence", doc_heartbeat, records_sequence, 0, JSON_INT_MAX),
	HEX("roster", doc_heartbeat, roster),
	WORD("signer", doc_heartbeat, signer, words_signer),
	INT("stop_count", doc_heartbeat, stop_count, 0, JSON_INT_MAX),
	HEX("stop_head", doc_heartbeat, stop_head),
	NAME("watcher", doc_heartbeat, watcher),
};
TABLE_SENSED(heartbeat);

static const struct doc_field fields_attestation[] = {
	DATA("data", doc_attestation, data, data_n, DOC_DATA_MAX),
	HEX("genesis", doc_attestation, genesis),
	HEX("head", doc_attestation, head),
	HEX("inner_hash", doc_attestation, inner_hash),
	WORD("kind", doc_attestation, kind, words_attest_kind),
	HEX("policy", doc_attestation, policy),
	HEX("previous", doc_attestation, previous),
	HEX("program", doc_attestation, program),
	HEX("roster", doc_attestation, roster),
	INT("sequence", doc_attestation, sequence, 0, JSON_INT_MAX),
	WORD("signer", doc_attestation, signer, words_signer),
	HEX("subject", doc_attestation, subject),
	WORD("subject_type", doc_attestation, subject_type, words_attested),
	INT("time_ms", doc_attestation, time_ms, 0, JSON_INT_MAX),
};
TABLE(attestation);

static const struct doc_field fields_ack[] = {
	HEX("attestation", doc_ack, attestation),
	HEX("genesis", doc_ack, genesis),
	INT("time_ms", doc_ack, time_ms, 0, JSON_INT_MAX),
	NAME("watcher", doc_ack, watcher),
};
TABLE(ack);

static const struct doc_field fields_receipt[] = {
	HEX("document", doc_receipt, document),
	HEX("genesis", doc_receipt, genesis),
	NAME("holder", doc_receipt, holder),
	INT("sequence", doc_receipt, sequence, 0, JSON_INT_MAX),
	INT("time_ms", doc_receipt, time_ms, 0, JSON_INT_MAX),
};
TABLE(receipt);

static const struct doc_field fields_maturity[] = {
	HEX("document", doc_maturity, document),
	HEX("genesis", doc_maturity, genesis),
	NAME("watcher", doc_maturity, watcher),
};
TABLE(maturity);

static const struct doc_field fields_holder[] = {
	HEX("attest_key", doc_holder, attest_key),
	NAME("id", doc_holder, id),
	HEX("key", doc_holder, key),
	DATA("registration", doc_holder, registration, registration_n, DOC_REGISTRATION_MAX),
};
TABLE(holder);

static const struct doc_field fields_holding[] = {
	HEX("genesis", doc_holding, genesis),
	LIST("holders", doc_holding, holders, holder_count, table_holder, DOC_HOLDERS_MAX),
	AMOUNT("limit", doc_holding, limit, 0),
	INT("number", doc_holding, number, 1, JSON_INT_MAX),
	HEX("previous", doc_holding, previous),
	AMOUNT("residue_max", doc_holding, residue_max, 0),
	INT("tally_age_ms", doc_holding, tally_age_ms, 1, DOC_TALLY_AGE_MAX_MS),
	INT("window_ms", doc_holding, window_ms, 1, JSON_INT_MAX),
};
TABLE_SENSED(holding);

static const struct doc_field fields_cosigner[] = {
	HEX("key", doc_cosigner, key),
};
TABLE(cosigner);

static const struct doc_field fields_tallied[] = {
	HEX("account", doc_tallied, account),
	AMOUNT("balance", doc_tallied, balance, 0),
	LIST("cosigners", doc_tallied, cosigners, cosigner_count, table_cosigner, DOC_HOLDERS_MAX),
	INT("needed", doc_tallied, needed, 1, DOC_HOLDERS_MAX),
	INT("open", doc_tallied, open, 0, JSON_INT_MAX),
	AMOUNT("received", doc_tallied, received, 0),
	AMOUNT("spent", doc_tallied, spent, 0),
};
TABLE(tallied);

static const struct doc_field fields_tally[] = {
	LIST("accounts", doc_tally, accounts, account_count, table_tallied, DOC_TALLIED_MAX),
	HEX("block", doc_tally, block),
	INT("chain_time_nem_s", doc_tally, chain_time_nem_s, 0, NEM_S_MAX),
	INT("final_time_nem_s", doc_tally, final_time_nem_s, 0, NEM_S_MAX),
	HEX("genesis", doc_tally, genesis),
	INT("height", doc_tally, height, 1, JSON_INT_MAX),
	INT("time_ms", doc_tally, time_ms, 0, JSON_INT_MAX),
	NAME("watcher", doc_tally, watcher),
};
TABLE_SENSED(tally);

static const struct doc_field fields_refill[] = {
	HEX("account", doc_refill, account),
	AMOUNT("amount", doc_refill, amount, 1),
	LIST("cosigners", doc_refill, cosigners, cosigner_count, table_cosigner, DOC_HOLDERS_MAX),
	INT("deadline_nem_s", doc_refill, deadline_nem_s, 0, NEM_S_MAX),
	ADDRESS("destination", doc_refill, destination),
	AMOUNT("fee_cosign", doc_refill, fee_cosign, 0),
	AMOUNT("fee_inner", doc_refill, fee_inner, 0),
	AMOUNT("fee_outer", doc_refill, fee_outer, 0),
	HEX("genesis", doc_refill, genesis),
	HEX("initiator", doc_refill, initiator),
	HEX("previous", doc_refill, previous),
	NAME("proposer", doc_refill, proposer),
	INT("time_ms", doc_refill, time_ms, 0, JSON_INT_MAX),
	INT("timestamp_nem_s", doc_refill, timestamp_nem_s, 0, NEM_S_MAX),
};
TABLE_SENSED(refill);

static const struct doc_field fields_answer[] = {
	HEX("genesis", doc_answer, genesis),
	HEX("head", doc_answer, head),
	NAME("holder", doc_answer, holder),
	HEX("holding", doc_answer, holding),
	HEX("inner_hash", doc_answer, inner_hash),
	WORD("kind", doc_answer, kind, words_attest_kind),
	DATA("mark", doc_answer, mark, mark_n, DOC_MARK_MAX),
	HEX("refill", doc_answer, refill),
	INT("sequence", doc_answer, sequence, 0, JSON_INT_MAX),
	HEX("signature", doc_answer, signature),
	AMOUNT("spent", doc_answer, spent, 0),
	INT("time_ms", doc_answer, time_ms, 0, JSON_INT_MAX),
};
TABLE_SENSED(answer);

static const struct doc_field fields_drill[] = {
	HEX("attest_key", doc_drill, attest_key),
	HEX("genesis", doc_drill, genesis),
	NAME("holder", doc_drill, holder),
	HEX("holding", doc_drill, holding),
	HEX("key", doc_drill, key),
	INT("time_ms", doc_drill, time_ms, 0, JSON_INT_MAX),
	INT("valid_until_ms", doc_drill, valid_until_ms, 0, JSON_INT_MAX),
};
TABLE_SENSED(drill);

static const struct doc_field fields_signature[] = {
	HEX("attestation", doc_signature, attestation),
	HEX("genesis", doc_signature, genesis),
	HEX("signature", doc_signature, signature),
};
TABLE(signature);

static const struct doc_field fields_nonce[] = {
	BOOL("frozen", doc_nonce, frozen),
	HEX("genesis", doc_nonce, genesis),
	HEX("head", doc_nonce, head),
	HEX("nonce", doc_nonce, nonce),
	INT("sequence", doc_nonce, sequence, 0, JSON_INT_MAX),
	WORD("signer", doc_nonce, signer, words_signer),
	INT("stop_count", doc_nonce, stop_count, 0, JSON_INT_MAX),
	HEX("stop_head", doc_nonce, stop_head),
};
TABLE(nonce);

static const struct doc_field fields_cursor[] = {
	INT("after", doc_cursor, after, 0, JSON_INT_MAX),
	HEX("genesis", doc_cursor, genesis),
};
TABLE(cursor);

static const struct doc_field fields_refusal[] = {
	SLUG("code", doc_refusal, code),
	TEXT("detail", doc_refusal, detail, 0, DOC_DETAIL_MAX),
	TEXT("field", doc_refusal, field, 0, DOC_FIELD_MAX),
	HEX("genesis", doc_refusal, genesis),
};
TABLE(refusal);

static const struct doc_field fields_status_line[] = {
	NAME("name", doc_status_line, name),
	TEXT("value", doc_status_line, value, 0, DOC_STATUS_VALUE_MAX),
};
TABLE(status_line);

static const struct doc_field fields_status[] = {
	LIST("detail", doc_status, detail, detail_count, table_status_line, DOC_STATUS_MAX),
	HEX("genesis", doc_status, genesis),
	TEXT("program", doc_status, program, 1, DOC_NAME_MAX),
};
TABLE(status);

static const struct doc_field fields_posting_side[] = {
	SLUG("kind", doc_posting_side, kind),
	NAME("name", doc_posting_side, name),
};
TABLE(posting_side);

static const struct doc_field fields_posting_entry[] = {
	UNITS("amount", doc_posting_entry, amount, 1),
	WORD("asset", doc_posting_entry, asset, words_booked),
	OBJECT("credit", doc_posting_entry, credit, table_posting_side),
	OBJECT("debit", doc_posting_entry, debit, table_posting_side),
	HEX("id", doc_posting_entry, id),
	TEXT("reason", doc_posting_entry, reason, 1, DOC_ENTRY_REASON_MAX),
};
TABLE(posting_entry);

static const struct doc_field fields_posting[] = {
	LIST("entries", doc_posting, entries, entry_count, table_posting_entry, DOC_ENTRIES_MAX),
	HEX("genesis", doc_posting, genesis),
	NAME("initiator", doc_posting, initiator),
	TEXT("reason", doc_posting, reason, 1, DOC_REASON_MAX),
	INT("time_ms", doc_posting, time_ms, 0, JSON_INT_MAX),
};
TABLE_SENSED(posting);

static const struct doc_field fields_plan[] = {
	INT("as_of_ms", doc_plan, as_of_ms, 0, JSON_INT_MAX),
	WORD("asset", doc_plan, asset, words_asset),
	WORD("currency", doc_plan, currency, words_currency),
	INT("customers", doc_plan, customers, 1, JSON_INT_MAX),
	HEX("genesis", doc_plan, genesis),
	HEX("head", doc_plan, head),
	NAME("initiator", doc_plan, initiator),
	UNITS("lost", doc_plan, lost, 1),
	UNITS("paid", doc_plan, paid, 1),
	TEXT("rate", doc_plan, rate, 1, DOC_RATE_MAX),
	TEXT("reason", doc_plan, reason, 1, DOC_REASON_MAX),
	HEX("root", doc_plan, root),
	WORD("rounding", doc_plan, rounding, words_rounding),
	HEX("rows", doc_plan, rows),
	INT("sequence", doc_plan, sequence, 0, JSON_INT_MAX),
	INT("time_ms", doc_plan, time_ms, 0, JSON_INT_MAX),
};
TABLE_SENSED(plan);
/* clang-format on */

static_assert(sizeof(enum doc_type) == sizeof(uint32_t) &&
		  sizeof(enum doc_signer) == sizeof(uint32_t) &&
		  sizeof(enum doc_hot_kind) == sizeof(uint32_t),
	      "tables move words as 32 bits");
static_assert(sizeof(struct doc_genesis) <= 16384 && sizeof(struct doc_posting) <= 16384 &&
		  sizeof(struct doc_roster) <= 49152,
	      "structs fit a signer's arena and stack");

const struct doc_table *doc_table_of(enum doc_type type)
{
	switch (type) {
#define DOC(NAME_, name, number, version, signed_by) \
	case DOC_##NAME_:                            \
		return &table_##name;
#include "doc/types.def"
#undef DOC
	}
	check_failed(__FILE__, __LINE__, "a known type of document");
}

/*
 * ---- rules beyond the form ----
 *
 * in: a struct of this type whose every member is within its own bounds.
 */

static enum err sense_genesis(const void *in, struct doc_fault *fault)
{
	const struct doc_genesis *g = in;

	if (g->recovery.needed > g->recovery.holders) {
		return doc_table_fault(fault, ERR_FIELD_RANGE, "recovery.needed",
				       "more are needed than there are holders");
	}
	for (size_t i = 0; i < g->box_count; i++) {
		for (size_t k = 0; k < i; k++) {
			if (strcmp(g->boxes[i].text, g->boxes[k].text) == 0) {
				return doc_table_fault(fault, ERR_FIELD_RANGE, "boxes",
						       "an address stands twice");
			}
		}
	}
	for (size_t i = 0; i < g->spare_count; i++) {
		for (size_t k = 0; k < i; k++) {
			if (strcmp(g->spares[i].text, g->spares[k].text) == 0) {
				return doc_table_fault(fault, ERR_FIELD_RANGE, "spares",
						       "an address stands twice");
			}
		}
	}
	for (size_t i = 0; i < g->hot_count; i++) {
		bool listed = false;

		for (size_t k = 0; k < i; k++) {
			if (key32_eq(&g->hot[i].public_key, &g->hot[k].public_key)) {
				return doc_table_fault(fault, ERR_FIELD_RANGE, "hot",
						       "an account stands twice");
			}
			if (strcmp(g->hot[i].spare.text, g->hot[k].spare.text) == 0) {
				return doc_table_fault(fault, ERR_FIELD_RANGE, "hot",
						       "two accounts share a spare box");
			}
		}
		for (size_t k = 0; k < g->spare_count; k++) {
			listed = listed || strcmp(g->hot[i].spare.text, g->spares[k].text) == 0;
		}
		if (!listed) {
			return doc_table_fault(fault, ERR_FIELD_RANGE, "hot",
					       "a spare box does not stand in spares");
		}
	}
	return ERR_OK;
}

/* Number 1 is the first of its line and nothing else is. */
static enum err sense_line(uint64_t number, const struct hash32 *previous, struct doc_fault *fault)
{
	if ((number == 1) != hash32_is_zero(previous)) {
		return doc_table_fault(fault, ERR_FIELD_RANGE, "previous",
				       "number 1 has no predecessor, all others have one");
	}
	return ERR_OK;
}

enum {
	ROSTER_IDS = DOC_BACKENDS_MAX + DOC_HOLDERS_MAX + DOC_PEOPLE_MAX + DOC_SOURCES_MAX +
		     DOC_WATCHERS_MAX,
	ROSTER_KEYS = ROSTER_IDS + 2 * DOC_SIGNERS,
};

/* One person, one key, one vote: who stands twice would count twice. */
static enum err sense_roster_distinct(const struct doc_roster *r, struct doc_fault *fault)
{
	const struct key32 *keys[ROSTER_KEYS];
	const char *ids[ROSTER_IDS];
	size_t n = 0;
	size_t id_count;

	for (size_t i = 0; i < r->backend_count; i++) {
		ids[n] = r->backends[i].id;
		keys[n++] = &r->backends[i].key;
	}
	for (size_t i = 0; i < r->holder_count; i++) {
		ids[n] = r->holders[i].id;
		keys[n++] = &r->holders[i].key;
	}
	for (size_t i = 0; i < r->people_count; i++) {
		ids[n] = r->people[i].id;
		keys[n++] = &r->people[i].key;
	}
	for (size_t i = 0; i < r->source_count; i++) {
		ids[n] = r->price_sources[i].id;
		keys[n++] = &r->price_sources[i].key;
	}
	for (size_t i = 0; i < r->watcher_count; i++) {
		ids[n] = r->watchers[i].id;
		keys[n++] = &r->watchers[i].key;
	}
	id_count = n;
	for (size_t i = 0; i < r->signer_count; i++) {
		keys[n++] = &r->signers[i].attest_key;
		keys[n++] = &r->signers[i].chain_key;
	}
	CHECK(n <= ROSTER_KEYS && id_count <= ROSTER_IDS);
	for (size_t i = 0; i < id_count; i++) {
		/* receipts name their holder: a watcher must not pass for a signer */
		if (strcmp(ids[i], "a") == 0 || strcmp(ids[i], "b") == 0) {
			return doc_table_fault(fault, ERR_FIELD_RANGE, ids[i],
					       "the ids a and b belong to the signers");
		}
		for (size_t k = 0; k < i; k++) {
			if (strcmp(ids[i], ids[k]) == 0) {
				return doc_table_fault(fault, ERR_FIELD_RANGE, ids[i],
						       "an id stands twice in the roster");
			}
		}
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (key32_eq(keys[i], keys[k])) {
				return doc_table_fault(fault, ERR_FIELD_RANGE,
						       i < id_count ? ids[i] : "signers",
						       "a key stands twice in the roster");
			}
		}
	}
	return ERR_OK;
}

static size_t passkey_bytes(enum doc_algorithm algorithm)
{
	switch (algorithm) {
	case DOC_ALGORITHM_EDDSA:
		return 32;
	case DOC_ALGORITHM_ES256:
		return 64;
	}
	check_failed(__FILE__, __LINE__, "a known algorithm");
}

/* A passkey of two people would be one hand with two votes. */
static enum err sense_passkey(const struct doc_roster *r, size_t person, size_t at,
			      struct doc_fault *fault)
{
	const struct doc_passkey *mine = &r->people[person].passkeys[at];
	struct bytes key = bytes_of(mine->key, mine->key_n);
	struct bytes credential = bytes_of(mine->credential, mine->credential_n);
	const char *id = r->people[person].id;

	if (mine->key_n != passkey_bytes(mine->algorithm)) {
		return doc_table_fault(fault, ERR_FIELD_RANGE, id,
				       "a passkey's key has 32 bytes for eddsa, 64 for es256");
	}
	if (mine->credential_n == 0) {
		return doc_table_fault(fault, ERR_FIELD_RANGE, id, "a passkey has a credential id");
	}
	for (size_t i = 0; i < r->people_count; i++) {
		if (bytes_eq(key, bytes_of(r->people[i].key.b, sizeof r->people[i].key.b))) {
			return doc_table_fault(fault, ERR_FIELD_RANGE, id,
					       "a passkey's key stands elsewhere in the roster");
		}
	}
	for (size_t i = 0; i <= person; i++) {
		size_t n = i < person ? r->people[i].passkey_count : at;

		for (size_t k = 0; k < n; k++) {
			const struct doc_passkey *other = &r->people[i].passkeys[k];

			if (bytes_eq(key, bytes_of(other->key, other->key_n)) ||
			    bytes_eq(credential,
				     bytes_of(other->credential, other->credential_n))) {
				return doc_table_fault(fault, ERR_FIELD_RANGE, id,
						       "a passkey stands twice in the roster");
			}
		}
	}
	return ERR_OK;
}

static enum err sense_passkeys(const struct doc_roster *r, struct doc_fault *fault)
{
	bool nobody = r->relying_party.id[0] == '\0';
	enum err e = ERR_OK;

	if (nobody != (r->relying_party.origin_count == 0)) {
		return doc_table_fault(fault, ERR_FIELD_RANGE, "relying_party",
				       "an id and origins, or neither");
	}
	for (size_t i = 0; e == ERR_OK && i < r->people_count; i++) {
		if (nobody && r->people[i].passkey_count > 0) {
			return doc_table_fault(fault, ERR_FIELD_RANGE, "relying_party",
					       "passkeys sign for a relying party");
		}
		for (size_t k = 0; e == ERR_OK && k < r->people[i].passkey_count; k++) {
			e = sense_passkey(r, i, k, fault);
		}
	}
	return e;
}

static enum err sense_sources(const struct doc_roster *r, struct doc_fault *fault)
{
	if (r->prices_needed > r->source_count) {
		return doc_table_fault(fault, ERR_FIELD_RANGE, "prices_needed",
				       "more are needed than there are sources");
	}
	if (r->source_count > 0 && 2 * r->prices_needed <= r->source_count) {
		return doc_table_fault(fault, ERR_FIELD_RANGE, "prices_needed",
				       "two groups of so few could name two prices");
	}
	return ERR_OK;
}

static enum err sense_roster(const void *in, struct doc_fault *fault)
{
	const struct doc_roster *r = in;
	enum err e = sense_line(r->number, &r->previous, fault);

	if (e != ERR_OK) {
		return e;
	}
	if (r->recovery && r->number == 1) {
		return doc_table_fault(fault, ERR_FIELD_RANGE, "recovery",
				       "number 1 has nobody who could recover it");
	}
	if (r->signer_count != DOC_SIGNERS || r->signers[0].id != DOC_SIGNER_A ||
	    r->signers[1].id != DOC_SIGNER_B) {
		return doc_table_fault(fault, ERR_FIELD_RANGE, "signers",
				       "the signers are a and b, in this order");
	}
	if (r->watchers_needed > r->watcher_count) {
		return doc_table_fault(fault, ERR_FIELD_RANGE, "watchers_needed",
				       "more are needed than there are watchers");
	}
	if (2 * r->watchers_needed <= r->watcher_count) {
		/* P7: whoever acknowledged a record must be among any who unlock the signer */
		return doc_table_fault(fault, ERR_FIELD_RANGE, "watchers_needed",
				       "two groups of so few could know nothing of each other");
	}
	e = sense_roster_distinct(r, fault);
	if (e == ERR_OK) {
		e = sense_sources(r, fault);
	}
	return e == ERR_OK ? sense_passkeys(r, fault) : e;
}

static enum err sense_policy(const void *in, struct doc_fault *fault)
{
	const struct doc_policy *p = in;

	for (size_t i = 1; i < p->tier_count; i++) {
		const struct doc_tier *lower = &p->approval_tiers[i - 1];
		const struct doc_tier *upper = &p->approval_tiers[i];

		if (money_cmp(&lower->up_to, &upper->up_to) >= 0 ||
		    lower->approvals > upper->approvals || lower->delay_ms > upper->delay_ms) {
			return doc_table_fault(
			    fault, ERR_FIELD_RANGE, "approval_tiers",
			    "larger amounts come later, need no fewer people and wait no less");
		}
	}
	for (size_t i = 1; i < p->destination_count; i++) {
		if (strcmp(p->destinations[i - 1].address.text, p->destinations[i].address.text) >=
		    0) {
			return doc_table_fault(fault, ERR_FIELD_RANGE, "destinations",
					       "addresses in byte order, none twice");
		}
	}
	for (size_t i = 0; i < p->hours_count; i++) {
		if (p->hours[i].to_minute <= p->hours[i].from_minute) {
			return doc_table_fault(fault, ERR_FIELD_RANGE, "hours",
					       "to_minute is not after from_minute");
		}
	}
	return sense_line(p->number, &p->previous, fault);
}

static enum err sense_times(uint64_t first, uint64_t last, const char *field,
			    struct doc_fault *fault)
{
	return last > first ? ERR_OK
			    : doc_table_fault(fault, ERR_FIELD_RANGE, field,
					      "this time is not after the one it follows");
}

static enum err sense_heartbeat(const void *in, struct doc_fault *fault)
{
	const struct doc_heartbeat *h = in;

	for (size_t i = 0; i < h->balance_count; i++) {
		for (size_t k = 0; k < i; k++) {
			if (key32_eq(&h->balances[i].account, &h->balances[k].account)) {
				return doc_table_fault(fault, ERR_FIELD_RANGE, "balances",
						       "an account stands twice");
			}
		}
	}
	return ERR_OK;
}

static enum err sense_posting(const void *in, struct doc_fault *fault)
{
	const struct doc_posting *p = in;

	if (p->entry_count == 0) {
		return doc_table_fault(fault, ERR_FIELD_RANGE, "entries",
				       "a posting has at least one entry");
	}
	for (size_t i = 0; i < p->entry_count; i++) {
		const struct doc_posting_entry *x = &p->entries[i];

		for (size_t k = 0; k < i; k++) {
			if (id128_eq(&x->id, &p->entries[k].id)) {
				return doc_table_fault(fault, ERR_FIELD_RANGE, "entries",
						       "an id stands twice");
			}
		}
		if (strcmp(x->debit.kind, x->credit.kind) == 0 &&
		    strcmp(x->debit.name, x->credit.name) == 0) {
			return doc_table_fault(fault, ERR_FIELD_RANGE, "entries",
					       "an entry has the same account on both sides");
		}
	}
	return ERR_OK;
}

static enum err sense_rate(const char *text, struct doc_fault *fault)
{
	struct decimal rate;

	if (decimal_parse(&rate, bytes_str(text)) != ERR_OK || rate.units == 0) {
		return doc_table_fault(fault, ERR_FIELD_RANGE, "rate",
				       "a decimal number above zero, as short as it can be");
	}
	return ERR_OK;
}

static enum err sense_plan(const void *in, struct doc_fault *fault)
{
	const struct doc_plan *p = in;
	enum err e = sense_rate(p->rate, fault);

	if (e != ERR_OK) {
		return e;
	}
	if ((p->sequence == 0) != hash32_is_zero(&p->head)) {
		return doc_table_fault(fault, ERR_FIELD_RANGE, "head",
				       "a moment of the journal is named by sequence and head");
	}
	return ERR_OK;
}

static bool struck_rise(const struct doc_struck *a, const struct doc_struck *b)
{
	return bytes_cmp(bytes_of(a->key, a->key_n), bytes_of(b->key, b->key_n)) < 0;
}

static enum err sense_resume(const void *in, struct doc_fault *fault)
{
	const struct doc_resume *r = in;

	if (r->lift_count == 0 && r->struck_count == 0) {
		return doc_table_fault(fault, ERR_FIELD_RANGE, "freezes",
				       "it neither lifts anything nor strikes a key");
	}
	for (size_t i = 1; i < r->lift_count; i++) {
		if (hash32_cmp(&r->freezes[i - 1].id, &r->freezes[i].id) >= 0) {
			return doc_table_fault(fault, ERR_FIELD_RANGE, "freezes",
					       "ids in byte order, none twice");
		}
	}
	for (size_t i = 0; i < r->struck_count; i++) {
		if (r->struck[i].key_n != 32 && r->struck[i].key_n != 64) {
			return doc_table_fault(fault, ERR_FIELD_RANGE, "struck",
					       "a key has 32 bytes, or 64 for es256");
		}
		if (i > 0 && !struck_rise(&r->struck[i - 1], &r->struck[i])) {
			return doc_table_fault(fault, ERR_FIELD_RANGE, "struck",
					       "keys in byte order, none twice");
		}
	}
	return ERR_OK;
}

/* Nothing, or a key and whole parts, one at least. */
static bool whole_parts(size_t n, size_t part)
{
	return n == 0 || (n > DOC_MARK_KEY && (n - DOC_MARK_KEY) % part == 0);
}

static enum err sense_answer(const void *in, struct doc_fault *fault)
{
	const struct doc_answer *a = in;

	return whole_parts(a->mark_n, DOC_MARK_PART)
		   ? ERR_OK
		   : doc_table_fault(fault, ERR_FIELD_RANGE, "mark", "a key and whole parts");
}

/* One person, one key: who stood twice would sign twice. */
static enum err sense_holding(const void *in, struct doc_fault *fault)
{
	const struct doc_holding *h = in;

	for (size_t i = 0; i < h->holder_count; i++) {
		const struct doc_holder *mine = &h->holders[i];

		if (key32_eq(&mine->key, &mine->attest_key)) {
			return doc_table_fault(fault, ERR_FIELD_RANGE, "holders",
					       "a key stands twice");
		}
		if (!whole_parts(mine->registration_n, DOC_REGISTRATION_PART)) {
			return doc_table_fault(fault, ERR_FIELD_RANGE, "holders",
					       "a key and whole parts");
		}
		for (size_t k = 0; k < i; k++) {
			const struct doc_holder *other = &h->holders[k];

			if (strcmp(mine->id, other->id) == 0) {
				return doc_table_fault(fault, ERR_FIELD_RANGE, "holders",
						       "an id stands twice");
			}
			if (key32_eq(&mine->key, &other->key) ||
			    key32_eq(&mine->key, &other->attest_key) ||
			    key32_eq(&mine->attest_key, &other->key) ||
			    key32_eq(&mine->attest_key, &other->attest_key)) {
				return doc_table_fault(fault, ERR_FIELD_RANGE, "holders",
						       "a key stands twice");
			}
		}
	}
	return sense_line(h->number, &h->previous, fault);
}

static enum err sense_cosigners(const struct doc_cosigner *c, size_t n, struct doc_fault *fault)
{
	for (size_t i = 1; i < n; i++) {
		if (bytes_cmp(bytes_of(c[i - 1].key.b, sizeof c[i].key.b),
			      bytes_of(c[i].key.b, sizeof c[i].key.b)) >= 0) {
			return doc_table_fault(fault, ERR_FIELD_RANGE, "cosigners",
					       "keys in byte order, none twice");
		}
	}
	return ERR_OK;
}

static enum err sense_tally(const void *in, struct doc_fault *fault)
{
	const struct doc_tally *t = in;
	enum err e = ERR_OK;

	if (t->account_count == 0) {
		return doc_table_fault(fault, ERR_FIELD_RANGE, "accounts",
				       "a tally is of at least one account");
	}
	if (t->final_time_nem_s > t->chain_time_nem_s) {
		return doc_table_fault(fault, ERR_FIELD_RANGE, "final_time_nem_s",
				       "what is final is later than the chain itself");
	}
	for (size_t i = 0; e == ERR_OK && i < t->account_count; i++) {
		const struct doc_tallied *a = &t->accounts[i];
		struct money held;

		for (size_t k = 0; k < i; k++) {
			if (key32_eq(&a->account, &t->accounts[k].account)) {
				return doc_table_fault(fault, ERR_FIELD_RANGE, "accounts",
						       "an account stands twice");
			}
		}
		if (money_sub(&held, &a->received, &a->spent) != ERR_OK ||
		    !money_eq(&held, &a->balance)) {
			return doc_table_fault(fault, ERR_FIELD_RANGE, "balance",
					       "not what came in without what went out");
		}
		if (a->needed > a->cosigner_count) {
			return doc_table_fault(fault, ERR_FIELD_RANGE, "needed",
					       "more are needed than there are cosigners");
		}
		e = sense_cosigners(a->cosigners, a->cosigner_count, fault);
	}
	return e;
}

static enum err sense_refill(const void *in, struct doc_fault *fault)
{
	const struct doc_refill *r = in;
	enum err e = sense_times(r->timestamp_nem_s, r->deadline_nem_s, "deadline_nem_s", fault);

	if (e != ERR_OK) {
		return e;
	}
	if (r->cosigner_count == 0) {
		return doc_table_fault(fault, ERR_FIELD_RANGE, "cosigners",
				       "one key alone moves no box");
	}
	for (size_t i = 0; i < r->cosigner_count; i++) {
		if (key32_eq(&r->cosigners[i].key, &r->initiator)) {
			return doc_table_fault(fault, ERR_FIELD_RANGE, "cosigners",
					       "the initiator does not cosign");
		}
	}
	return sense_cosigners(r->cosigners, r->cosigner_count, fault);
}

static enum err sense_drill(const void *in, struct doc_fault *fault)
{
	const struct doc_drill *d = in;

	if (key32_eq(&d->key, &d->attest_key)) {
		return doc_table_fault(fault, ERR_FIELD_RANGE, "attest_key", "a key stands twice");
	}
	if (d->valid_until_ms > d->time_ms && d->valid_until_ms - d->time_ms > DOC_DRILL_MAX_MS) {
		return doc_table_fault(fault, ERR_FIELD_RANGE, "valid_until_ms",
				       "longer than any drill is good for");
	}
	return sense_times(d->time_ms, d->valid_until_ms, "valid_until_ms", fault);
}

static enum err sense_order(const void *in, struct doc_fault *fault)
{
	const struct doc_order *o = in;

	return sense_times(o->created_ms, o->expires_ms, "expires_ms", fault);
}

static enum err sense_attempt(const void *in, struct doc_fault *fault)
{
	const struct doc_attempt *a = in;

	return sense_times(a->timestamp_nem_s, a->deadline_nem_s, "deadline_nem_s", fault);
}

static enum err sense_sweep(const void *in, struct doc_fault *fault)
{
	const struct doc_sweep *s = in;

	return sense_times(s->timestamp_nem_s, s->deadline_nem_s, "deadline_nem_s", fault);
}

static enum err sense_grant(const void *in, struct doc_fault *fault)
{
	const struct doc_grant *g = in;

	return sense_times(g->from_ms, g->until_ms, "until_ms", fault);
}

static enum err sense_price(const void *in, struct doc_fault *fault)
{
	const struct doc_price *p = in;

	return sense_rate(p->rate, fault);
}

/* ---- readers and writers ---- */

union any_body {
#define DOC(NAME_, name, number, version, signed_by) struct doc_##name name;
#include "doc/types.def"
#undef DOC
};

/* out: room for the struct, or NULL. */
static enum err read_body(const struct doc *d, enum doc_type type, const struct doc_table *t,
			  void *out, struct doc_fault *fault)
{
	union any_body any;
	enum err e;

	if (d->type != type) {
		return doc_table_fault(fault, ERR_TYPE, "type",
				       "another type of document is expected here");
	}
	e = doc_table_read(t, d->body, &any, fault);
	if (e == ERR_OK && t->sense != NULL) {
		e = t->sense(&any, fault);
	}
	if (e == ERR_OK && out != NULL) {
		memcpy(out, &any, t->size);
	}
	return e;
}

static enum err write_body(struct writer *out, const struct doc_table *t, const void *in,
			   struct doc_fault *fault)
{
	struct writer before = *out;
	enum err e = doc_table_write(t, out, in, fault);

	if (e == ERR_OK && t->sense != NULL) {
		e = t->sense(in, fault);
	}
	if (e != ERR_OK) {
		*out = before;
	}
	return e;
}

static enum err make(struct writer *out, struct hash32 *id, enum doc_type type,
		     const struct doc_table *t, const void *in, const uint8_t *secret,
		     struct doc_fault *fault)
{
	struct writer before = *out;
	size_t start = doc_envelope_begin(out);
	enum err e = out->bad
			 ? doc_table_fault(fault, ERR_TOO_LARGE, "", "the document does not fit")
			 : write_body(out, t, in, fault);

	if (e == ERR_OK) {
		e = doc_envelope_end(out, start, id, type, secret, fault);
	}
	if (e != ERR_OK) {
		*out = before;
	}
	return e;
}

enum err doc_check(const struct doc *d, struct doc_fault *fault)
{
	return read_body(d, d->type, doc_table_of(d->type), NULL, fault);
}

enum err doc_write(struct writer *out, enum doc_type type, const void *in, struct doc_fault *fault)
{
	return write_body(out, doc_table_of(type), in, fault);
}

enum err doc_make(struct writer *out, struct hash32 *id, enum doc_type type, const void *in,
		  const uint8_t *secret, struct doc_fault *fault)
{
	return make(out, id, type, doc_table_of(type), in, secret, fault);
}

#define DOC(NAME_, name, number, version, signed_by)                                   \
	enum err doc_##name##_read(const struct doc *d, struct doc_##name *out,        \
				   struct doc_fault *fault)                            \
	{                                                                              \
		return read_body(d, DOC_##NAME_, &table_##name, out, fault);           \
	}                                                                              \
	enum err doc_##name##_write(struct writer *out, const struct doc_##name *in)   \
	{                                                                              \
		return write_body(out, &table_##name, in, NULL);                       \
	}                                                                              \
	enum err doc_##name##_make(struct writer *out, struct hash32 *id,              \
				   const struct doc_##name *in, const uint8_t *secret) \
	{                                                                              \
		return make(out, id, DOC_##NAME_, &table_##name, in, secret, NULL);    \
	}
#include "doc/types.def"
#undef DOC
