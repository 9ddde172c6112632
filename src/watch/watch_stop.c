/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_stop.c - the stop log: our own freezes and everybody's, kept, receipted, handed on; and
 * whether what is held allows an evacuation (P5).  Next: watch_sweep.c.
 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "crypto/sha256.h"
#include "ipc/frame.h"
#include "watch/watch_self.h"

enum {
	HAND_AGAIN_MS = 500, /* between two complete hand-overs to a signer that differs */
	PUT_LIMIT_MS = 5000, /* an unanswered STOP_PUT does not block the next for ever */
	ISSUE_EFFECTS = 16,  /* of a step: an issue and all that follows from it */
};

/* SHA-256 over the sorted ids; zero when there are none. */
static void head_update(struct watch *w)
{
	const struct hash32 *sorted[WATCH_STOPS_MAX];
	struct sha256 s;

	if (w->stops_n == 0) {
		memset(&w->stop_head, 0, sizeof w->stop_head);
		return;
	}
	for (size_t i = 0; i < w->stops_n; i++) {
		size_t at = i;

		while (at > 0 && hash32_cmp(sorted[at - 1], &w->stops[i].id) > 0) {
			sorted[at] = sorted[at - 1];
			at--;
		}
		sorted[at] = &w->stops[i].id;
	}
	sha256_init(&s);
	for (size_t i = 0; i < w->stops_n; i++) {
		sha256_update(&s, bytes_of(sorted[i]->b, sizeof sorted[i]->b));
	}
	sha256_final(&s, &w->stop_head);
}

static struct watch_stop *stop_find(struct watch *w, const struct hash32 *id)
{
	for (size_t i = 0; i < w->stops_n; i++) {
		if (hash32_eq(&w->stops[i].id, id)) {
			return &w->stops[i];
		}
	}
	return NULL;
}

static struct bytes stop_raw(const struct watch *w, const struct watch_stop *s)
{
	return bytes_of(w->stop_bytes + s->at, s->n);
}

/*
 * The last place of each issuer is for a freeze that asks for evacuation: he who has frozen many
 * times can still say that the money must move.
 */
static bool has_place(const struct watch *w, const char *issuer, bool evacuate, size_t n)
{
	size_t max = evacuate ? WATCH_STOPS_EACH_MAX : WATCH_STOPS_EACH_MAX - 1;
	size_t each = 0;

	for (size_t i = 0; i < w->stops_n; i++) {
		each += strcmp(w->stops[i].issuer, issuer) == 0;
	}
	return w->stops_n < WATCH_STOPS_MAX && each < max &&
	       n <= sizeof w->stop_bytes - w->stop_used;
}

static const struct key32 *issuer_key(const struct watch *w, const char *issuer, bool *officer)
{
	*officer = false;
	for (size_t i = 0; i < w->roster.people_count; i++) {
		const struct doc_person *p = &w->roster.people[i];

		if (strcmp(p->id, issuer) == 0) {
			*officer = (p->roles & DOC_ROLE_OFFICER) != 0;
			return *officer ? &p->key : NULL;
		}
	}
	for (size_t i = 0; i < w->roster.watcher_count; i++) {
		if (strcmp(w->roster.watchers[i].id, issuer) == 0) {
			return &w->roster.watchers[i].key;
		}
	}
	return NULL;
}

bool watch_stop_read(const struct watch *w, struct bytes raw, struct doc *d, struct doc_freeze *f,
		     bool *officer, enum err *e, const char **field, const char **words)
{
	const struct key32 *key;
	struct doc_fault fault = { "", "" };

	*field = "freeze";
	*e = doc_open(d, raw, &w->genesis_id, &fault);
	if (*e == ERR_OK) {
		*e = d->type == DOC_FREEZE ? doc_freeze_read(d, f, &fault) : ERR_TYPE;
	}
	if (*e != ERR_OK) {
		*words = fault.why != NULL && fault.why[0] != '\0' ? fault.why : err_words(*e);
		return false;
	}
	key = issuer_key(w, f->issuer, officer);
	if (key == NULL) {
		*e = ERR_SIGNER_UNKNOWN;
		*field = "freeze.issuer";
		*words = "neither an officer nor a watcher of the roster";
		return false;
	}
	if (!doc_signed_by(d, key)) {
		*e = d->signature_count == 0 ? ERR_UNSIGNED : ERR_SIGNATURE;
		*field = "freeze.signatures";
		*words = "not signed by its issuer";
		return false;
	}
	return true;
}

/* What we have called by its name before, also when others bring it back: the reason says it. */
static void own_recall(struct watch *w, const struct doc_freeze *f, uint64_t time_ms)
{
	if (strcmp(f->issuer, w->config.watcher) != 0) {
		return;
	}
	w->freezes_made++;
	w->freeze_wall_ms = time_ms;
	for (int c = 1; c <= WATCH_CRIME_KINDS; c++) {
		const char *name = watch_self_crime((enum watch_crime)c);

		if (strncmp(f->reason, name, strlen(name)) == 0) {
			w->crimes_frozen[c] = true;
		}
	}
}

/* The table's part: used alike when a freeze comes in, is made, and is replayed. */
static struct watch_stop *stop_keep(struct watch *w, const struct doc *d,
				    const struct doc_freeze *f, bool officer, uint64_t sequence,
				    uint64_t time_ms)
{
	struct watch_stop *s = &w->stops[w->stops_n++];

	memset(s, 0, sizeof *s);
	s->id = d->id;
	s->at = (uint32_t)w->stop_used;
	s->n = (uint32_t)d->raw.n;
	s->sequence = sequence;
	s->time_ms = time_ms;
	s->evacuate = f->evacuate;
	s->has_evidence = f->evidence_n > 0;
	s->officer = officer;
	(void)snprintf(s->issuer, sizeof s->issuer, "%s", f->issuer);
	memcpy(w->stop_bytes + w->stop_used, d->raw.p, d->raw.n);
	w->stop_used += d->raw.n;
	head_update(w);
	own_recall(w, f, time_ms);
	return s;
}

/* Commits a valid freeze that is not held yet.  NULL: no place. */
static struct watch_stop *stop_take(struct watch *w, const struct doc *d,
				    const struct doc_freeze *f, bool officer, const char *alarm,
				    struct effects *out)
{
	struct log_record r = { .kind = LOG_WATCH_STOP, .id = watch_self_short(&d->id) };
	struct log_record a = { .kind = LOG_WATCH_ALARM, .id = watch_self_short(&d->id) };
	uint64_t sequence = w->chain.next_sequence;
	struct log_batch b;

	if (!has_place(w, f->issuer, f->evacuate, d->raw.n)) {
		return NULL;
	}
	watch_self_begin(w, &b);
	CHECK(watch_self_add(w, &b, &r, &d->raw) == ERR_OK);
	if (alarm != NULL) {
		struct bytes words = bytes_str(alarm);

		CHECK(watch_self_add(w, &b, &a, &words) == ERR_OK);
	}
	watch_self_commit(w, &b, out);
	return stop_keep(w, d, f, officer, sequence, w->wall_ms);
}

enum err watch_stop_replay(struct watch *w, uint64_t sequence, uint64_t time_ms, struct bytes blob)
{
	static struct doc_freeze f;
	const char *field;
	const char *words;
	struct doc d;
	bool officer;
	enum err e;

	if (!watch_stop_read(w, blob, &d, &f, &officer, &e, &field, &words) ||
	    stop_find(w, &d.id) != NULL) {
		return ERR_CORRUPT;
	}
	if (!has_place(w, f.issuer, f.evacuate, blob.n)) {
		return ERR_FULL;
	}
	(void)stop_keep(w, &d, &f, officer, sequence, time_ms);
	return ERR_OK;
}

static bool evidence_shows(const struct watch *w, struct bytes raw)
{
	static struct doc_freeze f;
	struct doc d;

	return doc_open(&d, raw, &w->genesis_id, NULL) == ERR_OK && d.type == DOC_FREEZE &&
	       doc_freeze_read(&d, &f, NULL) == ERR_OK && f.evacuate &&
	       watch_chain_theft(w, bytes_of(f.evidence, f.evidence_n));
}

/* Different officers among those that we hold who say that it must be evacuated. */
static size_t officers(const struct watch *w, const struct watch_stop **first,
		       const struct watch_stop **second)
{
	size_t n = 0;

	for (size_t i = 0; i < w->stops_n; i++) {
		const struct watch_stop *s = &w->stops[i];

		if (!s->officer || !s->evacuate) {
			continue;
		}
		if (n == 0) {
			*first = s;
			n = 1;
		} else if (n == 1 && strcmp((*first)->issuer, s->issuer) != 0) {
			*second = s;
			n = 2;
		}
	}
	return n;
}

/* What we hold moves the signers to evacuate, as far as we can know. */
static bool convincing(const struct watch *w)
{
	const struct watch_stop *one;
	const struct watch_stop *two;

	for (size_t i = 0; i < w->stops_n; i++) {
		if (w->stops[i].verified && !w->stops[i].refused) {
			return true;
		}
	}
	return officers(w, &one, &two) == 2;
}

/* ---- our own ------------------------------------------------------------------------------- */

static void freeze_make(struct watch *w, struct writer *raw, bool evacuate, struct bytes evidence,
			const char *reason)
{
	static struct doc_freeze f;
	struct sha256 s;
	struct hash32 nonce;
	uint8_t count[8];

	memset(&f, 0, sizeof f);
	f.evacuate = evacuate && evidence.n > 0;
	CHECK(evidence.n <= sizeof f.evidence);
	f.evidence_n = evidence.n;
	if (evidence.n > 0) {
		memcpy(f.evidence, evidence.p, evidence.n);
	}
	f.genesis = w->genesis_id;
	(void)snprintf(f.issuer, sizeof f.issuer, "%s", w->config.watcher);
	le64_put(count, w->freezes_made);
	sha256_init(&s);
	sha256_update(&s, bytes_str("kuramori watch freeze nonce v1\n"));
	sha256_update(&s, bytes_of(w->config.boot_random, sizeof w->config.boot_random));
	sha256_update(&s, bytes_of(count, sizeof count));
	sha256_final(&s, &nonce);
	memcpy(f.nonce, nonce.b, sizeof f.nonce);
	(void)snprintf(f.reason, sizeof f.reason, "%s", reason);
	f.scope = DOC_SCOPE_ALL;
	f.time_ms = w->wall_ms;
	CHECK(doc_freeze_make(raw, NULL, &f, w->config.freeze_secret) == ERR_OK);
}

/* For later: the freeze that says enough today may turn out to show nothing. */
static void evidence_keep(struct watch *w, struct bytes evidence, const struct hash32 *about)
{
	struct watch_kept *k = &w->kept[w->kept_at];

	for (size_t i = 0; i < WATCH_KEPT_MAX; i++) {
		if (w->kept[i].n > 0 && hash32_eq(&w->kept[i].about, about)) {
			return;
		}
	}
	CHECK(evidence.n <= sizeof k->raw);
	k->n = (uint32_t)evidence.n;
	k->about = *about;
	memcpy(k->raw, evidence.p, evidence.n);
	w->kept_at = (w->kept_at + 1) % WATCH_KEPT_MAX;
}

/* True if a freeze was made: what is held must be weighed again then. */
static bool issue(struct watch *w, enum watch_crime crime, bool evacuate, struct bytes evidence,
		  const struct hash32 *about, const char *words, struct effects *out)
{
	static struct doc_freeze f;
	struct writer raw = writer_make(w->text, sizeof w->text);
	char reason[DOC_REASON_MAX + 1];
	const char *field;
	const char *why;
	struct watch_stop *s;
	struct doc d;
	bool officer;
	bool shows;
	bool again;
	enum err e;

	if (crime == WATCH_CRIME_RECORD && watch_self_called(w, about, crime)) {
		return false;
	}
	shows = evacuate && evidence.n > 0 && watch_chain_theft(w, evidence);
	again = shows && !convincing(w);
	/*
	 * One freeze for each kind of crime says all that a freeze can say, as long as it does:
	 * the signers evacuate on evidence that they can verify.
	 */
	if ((w->crimes_frozen[crime] && !again) || effects_free(out) < 4) {
		watch_self_alarm(w, crime, about, words, out);
		if (shows) {
			evidence_keep(w, evidence, about);
		}
		return false;
	}
	(void)snprintf(reason, sizeof reason, "%s", words);
	if (strncmp(words, watch_self_crime(crime), strlen(watch_self_crime(crime))) != 0) {
		(void)snprintf(reason, sizeof reason, "%s: %s", watch_self_crime(crime), words);
	}
	/* A reason is text: what a stranger put into it is cut to plain characters. */
	for (char *c = reason; *c != '\0'; c++) {
		*c = *c >= ' ' && *c <= '~' ? *c : '?';
	}
	freeze_make(w, &raw, evacuate, evidence, reason);
	CHECK(watch_stop_read(w, bytes_of(raw.p, raw.n), &d, &f, &officer, &e, &field, &why));
	s = stop_take(w, &d, &f, officer, reason, out);
	if (s == NULL) {
		/* Everybody has been stopped by what fills the table. */
		watch_self_alarm(w, crime, about, words, out);
		return false;
	}
	w->alarms++;
	CHECK(w->crimes_frozen[crime]);
	effects_note(out, "broken freeze %s", reason);
	watch_stop_pump(w, out);
	return true;
}

void watch_stop_issue(struct watch *w, enum watch_crime crime, bool evacuate, struct bytes evidence,
		      const struct hash32 *about, const char *words, struct effects *out)
{
	if (issue(w, crime, evacuate, evidence, about, words, out)) {
		watch_stop_weigh(w, out);
	}
}

/* ---- what others bring --------------------------------------------------------------------- */

void watch_stop_offer(struct watch *w, struct bytes raw, struct effects *out)
{
	static struct doc_freeze f;
	const char *field;
	const char *words;
	struct doc d;
	bool officer;
	enum err e;

	if (effects_free(out) < 8 ||
	    !watch_stop_read(w, raw, &d, &f, &officer, &e, &field, &words) ||
	    stop_find(w, &d.id) != NULL || stop_take(w, &d, &f, officer, NULL, out) == NULL) {
		return;
	}
	effects_note(out, "broken stopped issuer=%s evidence_bytes=%zu", f.issuer, f.evidence_n);
	watch_stop_weigh(w, out);
}

void watch_stop_receipt(struct watch *w, const struct event *event, const struct hash32 *id,
			uint64_t sequence, uint64_t time_ms, struct effects *out)
{
	struct doc_receipt receipt = {
		.document = *id, .genesis = w->genesis_id, .sequence = sequence, .time_ms = time_ms
	};
	struct writer text = writer_make(w->text, sizeof w->text);
	struct bytes item;

	(void)snprintf(receipt.holder, sizeof receipt.holder, "%s", w->config.watcher);
	CHECK(doc_receipt_make(&text, NULL, &receipt, w->config.freeze_secret) == ERR_OK);
	item = bytes_of(text.p, text.n);
	watch_self_send(w, event->channel, MSGS_REPLY(event->number), event->request_id, &item, 1,
			out);
}

void watch_stop_put(struct watch *w, const struct event *event, struct effects *out)
{
	static struct doc_freeze f;
	struct watch_stop *s;
	struct bytes item;
	const char *field;
	const char *words;
	struct doc d;
	bool officer;
	size_t n = 0;
	enum err e;

	if (frame_items_all(event->body, &item, 1, &n) != ERR_OK || n != 1) {
		watch_self_refuse(w, event, ERR_INPUT, "body",
				  "exactly one freeze or closing is expected", out);
		return;
	}
	if (watch_closing_is(w, item)) {
		watch_closing_put(w, event, item, out);
		return;
	}
	if (!watch_stop_read(w, item, &d, &f, &officer, &e, &field, &words)) {
		watch_self_refuse(w, event, e, field, words, out);
		return;
	}
	s = stop_find(w, &d.id);
	if (s == NULL) {
		s = stop_take(w, &d, &f, officer, NULL, out);
		if (s == NULL) {
			watch_self_refuse(w, event, ERR_FULL, "freeze",
					  "no place for more stop documents; we are frozen already",
					  out);
			return;
		}
		effects_note(out, "broken stopped issuer=%s evidence_bytes=%zu", f.issuer,
			     f.evidence_n);
	}
	watch_stop_receipt(w, event, &s->id, s->sequence, s->time_ms, out);
	watch_stop_weigh(w, out);
}

void watch_stop_get(struct watch *w, const struct event *event, struct effects *out)
{
	struct bytes items[FRAME_ITEMS_MAX];
	size_t bytes = 0;
	size_t n = 0;

	for (size_t i = 0; i < w->stops_n && n < FRAME_ITEMS_MAX; i++) {
		size_t more = FRAME_ITEM_HEADER_BYTES + w->stops[i].n;

		if (bytes + more > FRAME_BODY_MAX) {
			break;
		}
		bytes += more;
		items[n++] = stop_raw(w, &w->stops[i]);
	}
	watch_self_send(w, event->channel, MSGS_REPLY(event->number), event->request_id, items, n,
			out);
}

/* ---- weighing ------------------------------------------------------------------------------ */

/*
 * Looks again at every piece of evidence: what was a theft when it was seen may be explained by an
 * attestation that came later, and then it shows nothing to anybody.
 */
static void verify_again(struct watch *w)
{
	bool found = false;

	for (size_t i = 0; i < w->stops_n; i++) {
		struct watch_stop *s = &w->stops[i];

		s->verified =
		    !found && s->evacuate && s->has_evidence && evidence_shows(w, stop_raw(w, s));
		found = found || (s->verified && !s->refused);
	}
}

/* What is held, judged; an evacuation that it allows begins. */
static void weigh(struct watch *w, struct effects *out)
{
	const struct watch_stop *one;
	const struct watch_stop *two;
	bool allowed = false;

	verify_again(w);
	for (size_t i = 0; i < w->stops_n; i++) {
		allowed = allowed || w->stops[i].verified;
	}
	allowed = allowed || officers(w, &one, &two) == 2;
	if (allowed && !w->evacuating) {
		w->evacuating = true;
		if (effects_free(out) > 4) {
			effects_note(out, "broken evacuation begins stops=%zu", w->stops_n);
		}
		watch_sweep_derive(w, out);
	}
}

void watch_stop_weigh(struct watch *w, struct effects *out)
{
	weigh(w, out);
	/* The next theft that was called and not shown, when nothing else convinces the signers. */
	for (size_t i = 0; i < WATCH_KEPT_MAX && effects_free(out) >= ISSUE_EFFECTS; i++) {
		struct watch_kept *k = &w->kept[i];
		struct bytes raw = bytes_of(k->raw, k->n);

		if (k->n == 0 || convincing(w)) {
			continue;
		}
		if (watch_chain_theft(w, raw) &&
		    issue(w, WATCH_CRIME_THEFT, true, raw, &k->about,
			  "theft: shown again, what was shown before is explained", out)) {
			weigh(w, out);
		}
		k->n = 0;
	}
}

void watch_stop_refused(struct watch *w, uint32_t at, struct effects *out)
{
	for (size_t i = 0; i < w->stops_n; i++) {
		struct watch_stop *s = &w->stops[i];

		if (s->at == at && s->has_evidence && !s->refused) {
			s->refused = true;
			effects_note(out, "broken evidence_refused issuer=%s", s->issuer);
			watch_stop_weigh(w, out);
		}
	}
}

bool watch_stop_allows(const struct watch *w, const struct bytes *freezes, size_t n)
{
	static struct doc_freeze f;
	char officer_id[DOC_NAME_MAX + 1] = "";
	const struct watch_stop *one = NULL;
	const struct watch_stop *two = NULL;

	if (w->evacuating) {
		return true;
	}
	if (officers(w, &one, &two) > 0) {
		(void)snprintf(officer_id, sizeof officer_id, "%s", one->issuer);
	}
	for (size_t i = 0; i < n; i++) {
		const char *field;
		const char *words;
		struct doc d;
		bool officer;
		enum err e;

		if (!watch_stop_read(w, freezes[i], &d, &f, &officer, &e, &field, &words) ||
		    !f.evacuate) {
			continue;
		}
		if (watch_chain_theft(w, bytes_of(f.evidence, f.evidence_n))) {
			return true;
		}
		if (officer && officer_id[0] != '\0' && strcmp(officer_id, f.issuer) != 0) {
			return true;
		}
		if (officer) {
			(void)snprintf(officer_id, sizeof officer_id, "%s", f.issuer);
		}
	}
	return false;
}

size_t watch_stop_grounds(const struct watch *w, struct bytes *out, size_t cap)
{
	const struct watch_stop *one = NULL;
	const struct watch_stop *two = NULL;

	CHECK(cap >= 2);
	for (size_t i = 0; i < w->stops_n; i++) {
		if (w->stops[i].verified && !w->stops[i].refused) {
			out[0] = stop_raw(w, &w->stops[i]);
			return 1;
		}
	}
	if (officers(w, &one, &two) == 2) {
		out[0] = stop_raw(w, one);
		out[1] = stop_raw(w, two);
		return 2;
	}
	/* Refused by one signer, who may be the thief's: the other is asked all the same. */
	for (size_t i = 0; i < w->stops_n; i++) {
		if (w->stops[i].verified) {
			out[0] = stop_raw(w, &w->stops[i]);
			return 1;
		}
	}
	return 0;
}

/* ---- handing on ---------------------------------------------------------------------------- */

static void get_send(struct watch *w, struct watch_dest *d, struct effects *out)
{
	/* Signer and watcher tables agree on these numbers. */
	static_assert((int)SIGNER_STOP_GET == (int)WATCHER_STOP_GET, "one number");
	watch_self_send(w, d->channel, SIGNER_STOP_GET, ++w->requests_made, NULL, 0, out);
}

void watch_stop_opened(struct watch *w, size_t dest, uint32_t channel, struct effects *out)
{
	w->dest[dest] = (struct watch_dest){ .up = true, .channel = channel };
	for (size_t i = 0; i < w->stops_n; i++) {
		w->stops[i].handed[dest] = false;
	}
	get_send(w, &w->dest[dest], out);
}

static bool receipt_good(const struct watch *w, size_t dest, const struct watch_stop *s,
			 struct bytes item, struct doc_receipt *r)
{
	struct doc d;

	if (doc_open(&d, item, &w->genesis_id, NULL) != ERR_OK || d.type != DOC_RECEIPT ||
	    doc_receipt_read(&d, r, NULL) != ERR_OK || !hash32_eq(&r->document, &s->id)) {
		return false;
	}
	if (dest < DOC_SIGNERS) {
		return doc_signed_by(&d, &w->roster.signers[dest].attest_key);
	}
	for (size_t i = 0; i < w->roster.watcher_count; i++) {
		if (strcmp(w->roster.watchers[i].id, r->holder) == 0) {
			return doc_signed_by(&d, &w->roster.watchers[i].key);
		}
	}
	return false;
}

static void put_reply(struct watch *w, size_t dest, struct bytes body, struct effects *out)
{
	struct watch_dest *d = &w->dest[dest];
	struct doc_receipt r;
	struct bytes item;
	size_t n = 0;

	if (!d->putting) {
		return;
	}
	d->putting = false;
	/* Not asked again before the next nonce or link shows that it is missing there. */
	w->stops[d->stop].handed[dest] = true;
	if (frame_items_all(body, &item, 1, &n) == ERR_OK && n == 1 &&
	    receipt_good(w, dest, &w->stops[d->stop], item, &r)) {
		effects_note(out, "info stop_held holder=%s sequence=%llu", r.holder,
			     (unsigned long long)r.sequence);
	} else {
		effects_note(out, "unusual stop_not_held dest=%zu", dest);
	}
}

void watch_stop_reply(struct watch *w, size_t dest, const struct event *event, struct effects *out)
{
	struct frame_items it = frame_items_make(event->body);
	struct bytes item;

	if (event->number == MSGS_REPLY(SIGNER_STOP_PUT)) {
		put_reply(w, dest, event->body, out);
		return;
	}
	if (event->number != MSGS_REPLY(SIGNER_STOP_GET)) {
		return;
	}
	while (frame_items_next(&it, &item)) {
		if (effects_free(out) < 12) {
			w->dest[dest].get_again = true;
			return;
		}
		watch_stop_offer(w, item, out);
	}
}

static void hand_again(struct watch *w, size_t signer, struct effects *out)
{
	struct watch_signer *k = &w->signer[signer];

	k->differs = false;
	k->handed_mono_ms = w->mono_ms;
	for (size_t i = 0; i < w->stops_n; i++) {
		w->stops[i].handed[signer] = false;
	}
	get_send(w, &w->dest[signer], out);
}

void watch_stop_pump(struct watch *w, struct effects *out)
{
	for (size_t i = 0; i < ARRAY_LEN(w->dest); i++) {
		struct watch_dest *d = &w->dest[i];
		bool waiting = d->putting && w->mono_ms - d->put_mono_ms < PUT_LIMIT_MS;

		if (!d->up || waiting || effects_free(out) < 8) {
			continue;
		}
		if (d->get_again) {
			d->get_again = false;
			get_send(w, d, out);
		}
		if (i < DOC_SIGNERS && w->signer[i].differs &&
		    (w->signer[i].handed_mono_ms == 0 ||
		     w->mono_ms - w->signer[i].handed_mono_ms >= HAND_AGAIN_MS)) {
			hand_again(w, i, out);
		}
		/* The newest first: it is the one that somebody waits for. */
		for (size_t k = w->stops_n; k > 0; k--) {
			struct watch_stop *s = &w->stops[k - 1];

			if (!s->handed[i]) {
				struct bytes raw = stop_raw(w, s);

				d->putting = true;
				d->stop = k - 1;
				d->put_mono_ms = w->mono_ms;
				watch_self_send(w, d->channel, SIGNER_STOP_PUT, ++w->requests_made,
						&raw, 1, out);
				break;
			}
		}
	}
}
