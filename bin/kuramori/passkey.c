/* SPDX-License-Identifier: Apache-2.0 */
/*
 * passkey.c - approve with a security key: what it is to be asked, and its answer handed in.
 *
 * The key is asked elsewhere, by a browser or another program with the options that `challenge`
 * prints; what comes back is judged here as the signers will judge it, so that a wrong answer is
 * seen by who can still ask again.  Nothing here is secret.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "cli.h"
#include "io/clock.h"
#include "io/file.h"
#include "policy/approvals.h"
#include "policy/proofs.h"
#include "policy/webauthn.h"

enum { BASE64_MAX = 4 * ((DOC_CLIENT_MAX + 2) / 3) };

static const char digits64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* base64url without padding (RFC 4648, 5) as WebAuthn's JSON has it; out: a NUL too. */
static void base64url_put(char out[BASE64_MAX + 1], struct bytes in)
{
	size_t n = 0;

	CHECK(in.n <= DOC_CLIENT_MAX);
	for (size_t i = 0; i < in.n; i += 3) {
		unsigned held = (unsigned)in.p[i] << 16;

		held |= i + 1 < in.n ? (unsigned)in.p[i + 1] << 8 : 0;
		held |= i + 2 < in.n ? in.p[i + 2] : 0;
		for (size_t k = 0; k < 4 && k <= in.n - i; k++) {
			out[n++] = digits64[held >> (18 - 6 * k) & 63];
		}
	}
	out[n] = '\0';
}

/* False: absent, no base64url, or more than cap bytes. */
static bool base64url_get(uint8_t *out, size_t cap, size_t *n, const json_t *in)
{
	const char *text = json_string_value(in);
	unsigned held = 0, bits = 0;

	*n = 0;
	if (text == NULL) {
		return false;
	}
	for (; *text != '\0'; text++) {
		const char *found = strchr(digits64, *text);

		if (found == NULL) {
			return false;
		}
		held = held << 6 | (unsigned)(found - digits64);
		bits += 6;
		if (bits >= 8) {
			if (*n == cap) {
				return false;
			}
			bits -= 8;
			out[(*n)++] = (uint8_t)(held >> bits);
		}
	}
	/* what is left over are the zeros of the last digit */
	return bits < 6 && (held & ((1u << bits) - 1)) == 0;
}

/* NULL: nobody of that name, or without a key. */
static const struct doc_person *person_of(const struct cli *c)
{
	for (size_t i = 0; i < c->roster.people_count; i++) {
		const struct doc_person *person = &c->roster.people[i];

		if (strcmp(person->id, c->person) == 0 && person->passkey_count > 0) {
			return person;
		}
	}
	return NULL;
}

/* PublicKeyCredentialRequestOptionsJSON (WebAuthn level 3, 5.10). */
static void print_options(const struct cli *c, const struct doc_person *person,
			  const struct hash32 *approval)
{
	char text[BASE64_MAX + 1];
	json_t *allowed = json_array();
	json_t *options;

	for (size_t i = 0; i < person->passkey_count; i++) {
		base64url_put(text, bytes_of(person->passkeys[i].credential,
					     person->passkeys[i].credential_n));
		(void)json_array_append_new(
		    allowed, json_pack("{s:s,s:s}", "id", text, "type", "public-key"));
	}
	webauthn_challenge(text, approval);
	options =
	    json_pack("{s:s,s:s,s:s,s:o}", "challenge", text, "rpId", c->roster.relying_party.id,
		      "userVerification", "required", "allowCredentials", allowed);
	(void)json_dumpf(options, stdout, c->json ? JSON_COMPACT : JSON_INDENT(2));
	(void)fputc('\n', stdout);
	json_decref(options);
}

int cli_challenge(struct cli *c, const char *id_hex, const char *path)
{
	static uint8_t raw[DOC_BYTES_MAX];
	struct writer w = writer_make(raw, sizeof raw);
	const struct doc_person *person;
	struct doc_approval approval;
	struct hash32 id;
	enum err e;
	int code = cli_subject(c, id_hex, &approval);

	if (code != 0) {
		return code;
	}
	person = person_of(c);
	if (person == NULL) {
		return cli_fail(ERR_SIGNER_UNKNOWN, "the roster names no security key of \"%s\"",
				c->person);
	}
	e = doc_approval_make(&w, &id, &approval, NULL);
	if (e == ERR_OK) {
		e = file_write_new(path, 0600, bytes_of(w.p, w.n));
	}
	if (e != ERR_OK) {
		return cli_fail(e, "%s: the approval is written into a new file", path);
	}
	print_options(c, person, &id);
	return 0;
}

int cli_ask_key(const struct cli *c, const struct doc *d)
{
	const struct doc_person *person = person_of(c);
	enum err e;

	if (!doc_provable(d->type)) {
		return cli_fail(ERR_CONFIG, "prove_file: a %s is signed by a software key",
				doc_type_name(d->type));
	}
	if (person == NULL) {
		return cli_fail(ERR_SIGNER_UNKNOWN, "the roster names no security key of \"%s\"",
				c->person);
	}
	e = file_write_new(c->prove_file, 0600, d->raw);
	if (e != ERR_OK) {
		return cli_fail(e, "%s: a new file is written, none is overwritten", c->prove_file);
	}
	print_options(c, person, &d->id);
	return CLI_ASKED;
}

/* AuthenticationResponseJSON (WebAuthn level 3, 5.1); more may stand in it. */
static bool answer_get(struct doc_assertion *out, const json_t *in)
{
	const json_t *response = json_object_get(in, "response");

	return base64url_get(out->credential, sizeof out->credential, &out->credential_n,
			     json_object_get(in, "id")) &&
	       base64url_get(out->authenticator_data, sizeof out->authenticator_data,
			     &out->authenticator_data_n,
			     json_object_get(response, "authenticatorData")) &&
	       base64url_get(out->client_data, sizeof out->client_data, &out->client_data_n,
			     json_object_get(response, "clientDataJSON")) &&
	       base64url_get(out->signature, sizeof out->signature, &out->signature_n,
			     json_object_get(response, "signature"));
}

static int answer_read(const struct cli *c, struct doc_assertion *out)
{
	static uint8_t text[DOC_BYTES_MAX];
	json_error_t fault;
	json_t *all;
	size_t n = 0;
	int code = cli_read(c->passkey_file, text, sizeof text, &n);

	if (code != 0) {
		return code;
	}
	all = json_loadb((const char *)text, n, JSON_REJECT_DUPLICATES, &fault);
	if (all == NULL) {
		return cli_fail(ERR_INPUT, "%s, line %d: %s", c->passkey_file, fault.line,
				fault.text);
	}
	if (!answer_get(out, all)) {
		code = cli_fail(ERR_INPUT,
				"%s is no answer of a security key: id, and in response "
				"authenticatorData, clientDataJSON and signature, in base64url",
				c->passkey_file);
	}
	json_decref(all);
	return code;
}

/* As the signers will, but for counts, which only they know. */
static int judge(const struct cli *c, const struct doc *approval, const struct doc *proof,
		 enum doc_decision *decision)
{
	static struct approvals_set set;
	struct approvals_question q = { .roster = &c->roster,
					.initiator = "",
					.roles = DOC_ROLE_APPROVER | DOC_ROLE_OFFICER,
					.until_ms = clock_wall_ms() };
	struct approvals_count count;
	struct policy_verdict v;

	set.n = 0;
	if (approvals_add(&set, approval, NULL) != ERR_OK ||
	    approvals_add(&set, proof, NULL) != ERR_OK) {
		return cli_fail(ERR_INPUT, "this is not one approval");
	}
	q.subject_type = set.one[0].said.subject_type;
	q.subject = &set.one[0].said.subject;
	v = approvals_judge(&set, &q, &count);
	if (v.err != ERR_OK) {
		return cli_fail(v.err, "%s: %s", v.field, words_of(v.words));
	}
	if (strcmp(set.one[0].said.person, c->person) != 0) {
		return cli_fail(ERR_MISMATCH, "this approval is of %s, and you are %s",
				set.one[0].said.person, c->person);
	}
	*decision = set.one[0].said.decision;
	return 0;
}

int cli_approve_passkey(struct cli *c, const char *path)
{
	static uint8_t raw[DOC_BYTES_MAX], proof_raw[DOC_BYTES_MAX], body[DOC_BYTES_MAX];
	static struct doc_assertion assertion;
	static char answer[65536];
	struct writer w = writer_make(proof_raw, sizeof proof_raw);
	struct writer both = writer_make(body, sizeof body);
	struct doc_fault fault = { .why = "" };
	enum doc_decision decision = DOC_DECISION_NO;
	struct doc d, proof;
	size_t n = 0;
	enum err e;
	int code = cli_documents(c, true);

	if (code == 0) {
		code = cli_read(path, raw, sizeof raw, &n);
	}
	if (code != 0) {
		return code;
	}
	e = doc_open(&d, bytes_of(raw, n), &c->genesis_id, &fault);
	if (e != ERR_OK || d.type != DOC_APPROVAL) {
		return cli_fail(e != ERR_OK ? e : ERR_TYPE,
				"%s: not the approval that kuramori challenge wrote", path);
	}
	code = answer_read(c, &assertion);
	if (code != 0) {
		return code;
	}
	assertion.approval = d.id;
	assertion.genesis = c->genesis_id;
	e = doc_assertion_make(&w, NULL, &assertion, NULL);
	if (e == ERR_OK) {
		e = doc_open(&proof, bytes_of(w.p, w.n), &c->genesis_id, &fault);
	}
	if (e != ERR_OK) {
		return cli_fail(e, "%s: it makes no assertion", c->passkey_file);
	}
	code = judge(c, &d, &proof, &decision);
	if (code != 0) {
		return code;
	}
	writer_bytes(&both, bytes_str("{\"documents\":["));
	writer_bytes(&both, d.raw);
	writer_bytes(&both, bytes_str(","));
	writer_bytes(&both, proof.raw);
	writer_bytes(&both, bytes_str("]}"));
	if (both.bad) {
		return cli_fail(ERR_TOO_LARGE, "approval and assertion");
	}
	code = cli_hand_in(c, bytes_of(both.p, both.n), answer, sizeof answer);
	if (code != 0) {
		return code;
	}
	if (c->json) {
		printf("%s\n", answer);
	} else {
		printf(_("%s said %s\n"), c->person,
		       decision == DOC_DECISION_YES ? _("yes") : _("no"));
	}
	return 0;
}

/* As everybody will judge it, but for counts and what only the journals know. */
static int judge_proofs(const struct cli *c, const struct doc *d)
{
	const struct doc_person *person = person_of(c);
	struct proofs proofs;
	struct policy_verdict v = proofs_judge(&proofs, d, COUNTERS_NO_TIME, &c->roster);

	if (v.err != ERR_OK) {
		return cli_fail(v.err, "%s: %s", v.field, words_of(v.words));
	}
	return person != NULL && proofs_of(&proofs, person) != NULL
		   ? 0
		   : cli_fail(ERR_MISMATCH,
			      "this is the answer of somebody else's key, and you "
			      "are %s",
			      c->person);
}

static int hand_on(struct cli *c, const char *path, const struct doc *d)
{
	static char answer[65536];
	int code;

	switch ((unsigned)d->type) {
	case DOC_FREEZE:
	case DOC_CLOSING:
	case DOC_CANCEL:
		return cli_stop_tell(c, d);
	case DOC_DAY:
		code = cli_hand_in(c, d->raw, answer, sizeof answer);
		if (code == 0 && c->json) {
			printf("%s\n", answer);
		} else if (code == 0) {
			printf(_("the server has it; signers look at it beside the next payment "
				 "without approvals\n"));
		}
		return code;
	default:
		return cli_go_on(c, path, d);
	}
}

int cli_prove(struct cli *c, const char *path)
{
	static uint8_t raw[DOC_BYTES_MAX], proof[DOC_BYTES_MAX], whole[DOC_BYTES_MAX];
	static struct doc_assertion assertion;
	struct writer w = writer_make(proof, sizeof proof);
	struct writer both = writer_make(whole, sizeof whole);
	struct doc_fault fault = { .why = "" };
	struct doc d, proved;
	size_t n = 0;
	enum err e;
	int code = cli_documents(c, true);

	if (code == 0) {
		code = cli_read(path, raw, sizeof raw, &n);
	}
	if (code != 0) {
		return code;
	}
	e = doc_open(&d, bytes_of(raw, n), &c->genesis_id, &fault);
	if (e != ERR_OK || !doc_provable(d.type)) {
		return cli_fail(e != ERR_OK ? e : ERR_TYPE, "%s: not what --prove-file wrote",
				path);
	}
	code = answer_read(c, &assertion);
	if (code != 0) {
		return code;
	}
	assertion.approval = d.id;
	assertion.genesis = c->genesis_id;
	e = doc_assertion_make(&w, NULL, &assertion, NULL);
	if (e == ERR_OK) {
		e = doc_add_proof(&both, &d, bytes_of(w.p, w.n));
	}
	if (e == ERR_OK) {
		e = doc_open(&proved, bytes_of(both.p, both.n), &c->genesis_id, &fault);
	}
	if (e != ERR_OK) {
		return cli_fail(e, "%s: it makes no assertion", c->passkey_file);
	}
	code = judge_proofs(c, &proved);
	return code != 0 ? code : hand_on(c, path, &proved);
}
