/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_stop.c - the stop log: our own freezes and everybody's, resumes, cancels, rosters and
 * policies (policy/control.h), kept, receipted, handed on; and whether what is held allows an
 * evacuation (P5).  Next: watch_sweep.c.
 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_time.h"
#include "crypto/sha256.h"
#include "ipc/frame.h"
#include "watch/watch_self.h"

enum {
	REFUSED_AGAIN_MS = 5000, /* to one who may lack what came before */
	HAND_AGAIN_MS = 500,     /* between two complete hand-overs to a signer that differs */
	PUT_LIMIT_MS = 5000,     /* an unanswered STOP_PUT does not block the next for ever */
	WORDS_AGAIN_MS = 1000,   /* between two questions for the words of other watchers */
	ISSUE_EFFECTS = 16,      /* of a step: an issue and all that follows from it */
};

static struct bytes stop_raw(const struct watch *w, size_t place)
{
	return control_raw(&w->control, &w->control.entries[place]);
}

/* A freeze that binds. */
static bool binds(const struct watch *w, size_t place)
{
	return w->control.entries[place].state == CONTROL_BINDS;
}

/* A control document as it was judged, and why it is none. */
struct reading {
	struct doc d;
	struct control_news news;
	enum err e;
	char field[DOC_FIELD_MAX + 1];
	char words[POLICY_WORDS_MAX];
};

static bool read(struct watch *w, struct bytes raw, struct reading *r)
{
	struct doc_fault fault = { "", "" };
	struct policy_verdict v;

	r->e = doc_open(&r->d, raw, &w->genesis_id, &fault);
	if (r->e != ERR_OK) {
		(void)snprintf(r->field, sizeof r->field, "document");
		(void)snprintf(r->words, sizeof r->words, "%s",
			       fault.why != NULL && fault.why[0] != '\0' ? fault.why
									 : err_words(r->e));
		if (r->e == ERR_GENESIS) {
			doc_foreign_words(r->words, &r->d, &w->genesis_id);
		}
		return false;
	}
	v = control_check(&w->control, &r->d, &r->news);
	r->e = v.err;
	(void)snprintf(r->field, sizeof r->field, "%s%s%.40s", doc_type_name(r->d.type),
		       v.field[0] == '\0' ? "" : ".", v.field);
	policy_words(r->words, &v);
	return v.err == ERR_OK;
}

/* What we have called by its name before, also when others bring it back: the reason says it. */
static uint8_t own_crime(const struct watch *w, const struct doc_freeze *f)
{
	for (int c = 1; strcmp(f->issuer, w->config.watcher) == 0 && c <= WATCH_CRIME_KINDS; c++) {
		const char *name = watch_self_crime((enum watch_crime)c);

		if (strncmp(f->reason, name, strlen(name)) == 0) {
			return (uint8_t)c;
		}
	}
	return 0;
}

/* One freeze for each kind of crime says all that a freeze can say, as long as it binds. */
static void crimes_update(struct watch *w)
{
	memset(w->crimes_frozen, 0, sizeof w->crimes_frozen);
	for (size_t i = 0; i < w->control.n; i++) {
		if (binds(w, i) && w->stops[i].crime != 0) {
			w->crimes_frozen[w->stops[i].crime] = true;
		}
	}
}

/* What was called before the resume was written has been looked at by those who signed it. */
static void live_through(struct watch *w, uint64_t written_ms)
{
	for (size_t i = 0; i < w->called_n; i++) {
		w->called[i].lived = w->called[i].lived || w->called[i].time_ms <= written_ms;
	}
}

/* Words of other watchers count by the roster in force; they are asked for again. */
static void words_forget(struct watch *w)
{
	for (size_t i = 0; i < w->control.n; i++) {
		w->stops[i].words = 0;
	}
}

/* The table's part: used alike when a document comes in, is made, and is replayed. */
static void keep(struct watch *w, const struct reading *r, uint64_t sequence, uint64_t time_ms,
		 const struct policy_time *then)
{
	size_t place = w->control.n;
	bool freeze = r->d.type == DOC_FREEZE;
	uint8_t crime = freeze ? own_crime(w, &w->control.news.freeze) : 0;
	bool own = freeze && strcmp(w->control.news.freeze.issuer, w->config.watcher) == 0;
	uint64_t written_ms = r->d.type == DOC_RESUME ? w->control.news.resume.time_ms : 0;

	(void)control_take(&w->control, &r->d, &r->news, sequence, time_ms, then);
	if (r->d.type == DOC_ROSTER || r->d.type == DOC_RESUME) {
		words_forget(w); /* who said them may stand elsewhere, or be struck */
	}
	w->stops[place].crime = crime;
	if (own) {
		w->freezes_made++;
		w->freeze_wall_ms = time_ms;
	}
	live_through(w, written_ms);
	crimes_update(w);
}

/* Commits what read() has allowed and we do not hold yet. */
static void take(struct watch *w, const struct reading *r, const struct log_record *alarm,
		 const char *words, struct effects *out)
{
	struct policy_time now = watch_self_now(w);
	struct log_record record = { .kind = LOG_WATCH_STOP,
				     .id = watch_self_short(&r->d.id),
				     .amount = (u128)r->d.type };
	uint64_t sequence = w->chain.next_sequence;
	struct log_batch b;

	le32_put(record.debit.b, now.chain_s);
	watch_self_begin(w, &b);
	CHECK(watch_self_add(w, &b, &record, &r->d.raw) == ERR_OK);
	if (alarm != NULL) {
		struct log_record a = *alarm;
		struct bytes blob = bytes_str(words);

		CHECK(watch_self_add(w, &b, &a, &blob) == ERR_OK);
		watch_self_call(w, a.debit.b[0], &a.ref, w->wall_ms);
	}
	watch_self_commit(w, &b, out);
	if (r->d.type == DOC_FREEZE && alarm == NULL) {
		effects_note(out, "broken stopped issuer=%s evidence_bytes=%zu", r->news.issuer,
			     w->control.news.freeze.evidence_n);
	} else if (r->d.type != DOC_FREEZE) {
		effects_note(out, "%s control type=%s waits=%d forks=%d",
			     r->news.recovery ? "broken" : "unusual",
			     control_type_name(r->d.type, r->news.recovery), r->news.loosens,
			     r->news.forks);
	}
	keep(w, r, sequence, w->wall_ms, &now);
}

enum err watch_stop_replay(struct watch *w, const struct log_record *r, uint64_t sequence,
			   struct bytes blob)
{
	const struct policy_time then = { .own_ms = r->time_ms,
					  .wall_ms = r->time_ms,
					  .chain_s = le32_get(r->debit.b) };
	static struct reading reading;

	if (!read(w, blob, &reading) || reading.news.known) {
		return reading.e == ERR_FULL ? ERR_FULL : ERR_CORRUPT;
	}
	keep(w, &reading, sequence, r->time_ms, &then);
	return ERR_OK;
}

/* ---- what has waited ----------------------------------------------------------------------- */

/* How a roster or policy came into force: debit [4] of a WATCH_RULES record. */
enum rules_by { BY_CLOCKS = 0, A_WORD = 1, BY_WORDS = 2 };

/* A roster or policy in this place waits here. */
static bool rules_wait(const struct watch *w, size_t place)
{
	const struct control_entry *e = &w->control.entries[place];

	return (e->type == DOC_ROSTER || e->type == DOC_POLICY) && e->state == CONTROL_WAITS;
}

/* control.n: it does not wait here. */
static size_t waiting_place(struct watch *w, const struct hash32 *id)
{
	const struct control_entry *e = control_find(&w->control, id);
	size_t place = e == NULL ? w->control.n : (size_t)(e - w->control.entries);

	return place < w->control.n && rules_wait(w, place) ? place : w->control.n;
}

bool watch_stop_waits(struct watch *w, const struct hash32 *id)
{
	return waiting_place(w, id) < w->control.n;
}

void watch_stop_ask(struct watch *w, const struct hash32 *id)
{
	size_t place = waiting_place(w, id);

	if (place == w->control.n ||
	    (w->words_mono_ms != 0 && w->mono_ms - w->words_mono_ms < WORDS_AGAIN_MS)) {
		return;
	}
	w->words_mono_ms = w->mono_ms;
	for (size_t i = DOC_SIGNERS; i < ARRAY_LEN(w->dest); i++) {
		w->stops[place].handed[i] = WATCH_NOT_HANDED; /* the answer brings the word */
	}
}

/* Another watcher of the roster in force says it, of something that waits here; its place, or -1.
 */
static int word_of(struct watch *w, struct bytes raw, size_t *place)
{
	struct doc_maturity said;
	struct doc d;

	if (doc_open(&d, raw, &w->genesis_id, NULL) != ERR_OK || d.type != DOC_MATURITY ||
	    doc_maturity_read(&d, &said, NULL) != ERR_OK) {
		return -1;
	}
	*place = waiting_place(w, &said.document);
	for (size_t i = 0; *place < w->control.n && i < w->roster.watcher_count; i++) {
		const struct doc_party *p = &w->roster.watchers[i];

		if (strcmp(p->id, said.watcher) == 0 && strcmp(p->id, w->config.watcher) != 0 &&
		    doc_signed_by(&d, &p->key)) {
			return (int)i;
		}
	}
	return -1;
}

/*
 * With ourselves, if the roster in force has us, as many as must say yes to a payment; at least one
 * other.  Of what is held up here as many without us: one that was away, and can read no resume of
 * the officers who are to come, still follows the others, and one bought watcher does not put
 * holders before officers.
 */
static bool words_suffice(const struct watch *w, size_t place)
{
	const unsigned n = (unsigned)__builtin_popcount(w->stops[place].words);
	const bool own =
	    watch_stands(w) && !control_held_up(&w->control, &w->control.entries[place]);

	return n > 0 && n + own >= w->roster.watchers_needed;
}

static void word_take(struct watch *w, struct bytes raw, struct effects *out)
{
	struct log_record r = { .kind = LOG_WATCH_RULES };
	struct log_batch b;
	size_t place = 0;
	int who = word_of(w, raw, &place);

	if (who < 0 || (w->stops[place].words >> who & 1) != 0 || effects_free(out) < 8) {
		return;
	}
	r.id = watch_self_short(&w->control.entries[place].id);
	r.debit.b[4] = A_WORD;
	watch_self_begin(w, &b);
	if (watch_self_add(w, &b, &r, &raw) != ERR_OK) {
		return;
	}
	watch_self_commit(w, &b, out);
	w->stops[place].words |= (uint8_t)(1u << who);
	effects_note(out, "unusual maturity watcher=%s type=%s", w->roster.watchers[who].id,
		     doc_type_name(w->control.entries[place].type));
}

/* It is in force now.  False: nothing of this name waits or runs. */
static bool activate(struct watch *w, const struct log_record *r, uint64_t time_ms,
		     const struct policy_time *then)
{
	for (size_t i = 0; i < w->control.n; i++) {
		struct id128 name = watch_self_short(&w->control.entries[i].id);

		if (id128_eq(&name, &r->id) && rules_wait(w, i)) {
			w->stops[i].matured = r->debit.b[4] == BY_CLOCKS;
		}
	}
	if (!control_activate(&w->control, &r->id, time_ms, then)) {
		return false;
	}
	words_forget(w);
	return true;
}

enum err watch_stop_replay_rules(struct watch *w, const struct log_record *r, struct bytes blob)
{
	const struct policy_time then = { .own_ms = r->time_ms,
					  .wall_ms = r->time_ms,
					  .chain_s = le32_get(r->debit.b) };
	size_t place = 0;
	int who;

	if (r->debit.b[4] == BY_CLOCKS || r->debit.b[4] == BY_WORDS) {
		return activate(w, r, r->time_ms, &then) ? ERR_OK : ERR_CORRUPT;
	}
	who = r->debit.b[4] == A_WORD ? word_of(w, blob, &place) : -1;
	if (who < 0) {
		return ERR_CORRUPT;
	}
	w->stops[place].words |= (uint8_t)(1u << who);
	return ERR_OK;
}

void watch_stop_due(struct watch *w, struct effects *out)
{
	struct policy_time now = watch_self_now(w);
	const struct control_entry *e = control_due(&w->control, &now);
	struct log_record r = { .kind = LOG_WATCH_RULES };
	struct log_batch b;

	for (size_t i = 0; e == NULL && i < w->control.n; i++) {
		if (rules_wait(w, i) && words_suffice(w, i)) {
			e = &w->control.entries[i];
			r.debit.b[4] = BY_WORDS;
		}
	}
	if (e == NULL || effects_free(out) < 8) {
		return;
	}
	if (now.chain_s == 0) {
		/* no chain yet: by words alone; what it lists cools from now on by our host's clock
		 */
		(void)!nem_time_from_unix_ms(&now.chain_s, w->wall_ms);
	}
	r.id = watch_self_short(&e->id);
	le32_put(r.debit.b, now.chain_s);
	watch_self_begin(w, &b);
	CHECK(watch_self_add(w, &b, &r, NULL) == ERR_OK);
	watch_self_commit(w, &b, out);
	CHECK(activate(w, &r, w->wall_ms, &now));
	if (e->type == DOC_GRANT) {
		effects_note(out, "unusual grant state=\"%s\"", control_state_name(e->state));
		return;
	}
	effects_note(out, "unusual rules roster=%llu policy=%llu",
		     (unsigned long long)w->roster.number, (unsigned long long)w->policy.number);
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
static size_t officers(const struct watch *w, size_t *first, size_t *second)
{
	const struct control_entry *all = w->control.entries;
	size_t n = 0;

	for (size_t i = 0; i < w->control.n; i++) {
		if (!binds(w, i) || !all[i].officer || !all[i].evacuate) {
			continue;
		}
		if (n == 0) {
			*first = i;
			n = 1;
		} else if (n == 1 && strcmp(all[*first].issuer, all[i].issuer) != 0) {
			*second = i;
			n = 2;
		}
	}
	return n;
}

/* What we hold moves the signers to evacuate, as far as we can know. */
static bool convincing(const struct watch *w)
{
	size_t one = 0;
	size_t two = 0;

	for (size_t i = 0; i < w->control.n; i++) {
		if (binds(w, i) && w->stops[i].verified && !w->stops[i].refused) {
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
static void evidence_keep(struct watch *w, struct bytes evidence, const struct hash32 *about,
			  const struct hash32 *unit)
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
	k->unit = *unit;
	memcpy(k->raw, evidence.p, evidence.n);
	w->kept_at = (w->kept_at + 1) % WATCH_KEPT_MAX;
}

/* True if a freeze was made: what is held must be weighed again then. */
static bool issue(struct watch *w, enum watch_crime crime, bool evacuate, struct bytes evidence,
		  const struct hash32 *about, const struct hash32 *unit, const char *words,
		  struct effects *out)
{
	static struct reading r;
	struct log_record alarm = { .kind = LOG_WATCH_ALARM,
				    .id = watch_self_short(about),
				    .ref = watch_self_short(unit) };
	struct writer raw = writer_make(w->text, sizeof w->text);
	char reason[DOC_REASON_MAX + 1];
	bool shows;
	bool again;

	/* those who resumed knew of it; it binds no more, also when a chain is read again */
	if (watch_self_lived(w, crime, unit)) {
		return false;
	}
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
		watch_self_alarm(w, crime, about, unit, words, out);
		if (shows) {
			evidence_keep(w, evidence, about, unit);
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
	if (!read(w, bytes_of(raw.p, raw.n), &r)) {
		/* no place: everybody has been stopped by what fills the table; or a roster without
		 * us, under which our word stops nobody */
		watch_self_alarm(w, crime, about, unit, words, out);
		return false;
	}
	alarm.debit.b[0] = (uint8_t)crime;
	take(w, &r, &alarm, reason, out);
	w->alarms++;
	CHECK(w->crimes_frozen[crime]);
	effects_note(out, "broken freeze %s", reason);
	watch_stop_pump(w, out);
	return true;
}

void watch_stop_issue(struct watch *w, enum watch_crime crime, bool evacuate, struct bytes evidence,
		      const struct hash32 *about, const struct hash32 *unit, const char *words,
		      struct effects *out)
{
	if (issue(w, crime, evacuate, evidence, about, unit, words, out)) {
		watch_stop_weigh(w, out);
	}
}

/* ---- what others bring --------------------------------------------------------------------- */

/*
 * A resume lifts what those who signed it knew of.  What we have called since it was written, and
 * what no freeze of ours says any more, is said anew.
 */
static void call_again(struct watch *w, struct effects *out)
{
	const size_t known = w->called_n; /* what follows may call more */

	for (size_t i = 0; i < known; i++) {
		const struct watch_called *k = &w->called[i];
		enum watch_crime crime = (enum watch_crime)k->crime;
		struct bytes evidence = bytes_of(NULL, 0);
		struct hash32 unit = { { 0 } };

		if (k->lived || crime < 1 || crime > WATCH_CRIME_KINDS || w->crimes_frozen[crime]) {
			continue;
		}
		memcpy(unit.b, k->unit.b, sizeof k->unit.b);
		for (size_t e = 0; e < WATCH_KEPT_MAX; e++) {
			struct id128 name = watch_self_short(&w->kept[e].unit);

			if (w->kept[e].n > 0 && id128_eq(&name, &k->unit)) {
				evidence = bytes_of(w->kept[e].raw, w->kept[e].n);
			}
		}
		(void)issue(w, crime, evidence.n > 0, evidence, &unit, &unit,
			    "seen since the resume was written", out);
	}
}

/* What a document that was just taken changes for us. */
static void react(struct watch *w, const struct reading *r, struct effects *out)
{
	if (r->d.type == DOC_RESUME) {
		call_again(w, out);
	}
	watch_stop_weigh(w, out);
}

void watch_stop_offer(struct watch *w, struct bytes raw, struct effects *out)
{
	static struct reading r;

	if (effects_free(out) < 8 || !read(w, raw, &r) || r.news.known) {
		return;
	}
	take(w, &r, NULL, NULL, out);
	react(w, &r, out);
}

static struct bytes receipt_make(struct watch *w, struct writer *text, const struct hash32 *id,
				 uint64_t sequence, uint64_t time_ms)
{
	struct doc_receipt receipt = {
		.document = *id, .genesis = w->genesis_id, .sequence = sequence, .time_ms = time_ms
	};
	size_t at = text->n;

	(void)snprintf(receipt.holder, sizeof receipt.holder, "%s", w->config.watcher);
	CHECK(doc_receipt_make(text, NULL, &receipt, w->config.freeze_secret) == ERR_OK);
	return bytes_of(text->p + at, text->n - at);
}

/* Our word on what came into force here by our own clocks, for another watcher; else empty. */
static struct bytes word_make(struct watch *w, size_t place, struct writer *text)
{
	const struct control_entry *e = &w->control.entries[place];
	struct doc_maturity said = { .document = e->id, .genesis = w->genesis_id };
	size_t at = text->n;

	if (!w->stops[place].matured) {
		return bytes_of(NULL, 0);
	}
	(void)snprintf(said.watcher, sizeof said.watcher, "%s", w->config.watcher);
	CHECK(doc_maturity_make(text, NULL, &said, w->config.freeze_secret) == ERR_OK);
	return bytes_of(text->p + at, text->n - at);
}

/* The receipt, and to another watcher our word. */
static void put_answer(struct watch *w, const struct event *event, const struct control_entry *e,
		       struct effects *out)
{
	struct writer text = writer_make(w->text, sizeof w->text);
	struct bytes items[2];
	size_t n = 1;

	items[0] = receipt_make(w, &text, &e->id, e->sequence, e->time_ms);
	if (event->role == ROLE_PEER) {
		items[1] = word_make(w, (size_t)(e - w->control.entries), &text);
		n += items[1].n > 0;
	}
	watch_self_send(w, event->channel, MSGS_REPLY(event->number), event->request_id, items, n,
			out);
}

void watch_stop_receipt(struct watch *w, const struct event *event, const struct hash32 *id,
			uint64_t sequence, uint64_t time_ms, struct effects *out)
{
	struct writer text = writer_make(w->text, sizeof w->text);
	struct bytes item = receipt_make(w, &text, id, sequence, time_ms);

	watch_self_send(w, event->channel, MSGS_REPLY(event->number), event->request_id, &item, 1,
			out);
}

void watch_stop_put(struct watch *w, const struct event *event, struct effects *out)
{
	static struct reading r;
	const struct control_entry *kept;
	struct bytes item;
	bool fresh;
	size_t n = 0;

	if (frame_items_all(event->body, &item, 1, &n) != ERR_OK || n != 1) {
		watch_self_refuse(w, event, ERR_INPUT, "body",
				  "exactly one document that stops, starts or rules is expected",
				  out);
		return;
	}
	if (watch_closing_is(w, item)) {
		watch_closing_put(w, event, item, out);
		return;
	}
	if (!read(w, item, &r)) {
		watch_self_refuse(w, event, r.e, r.field, r.words, out);
		return;
	}
	fresh = !r.news.known;
	if (fresh) {
		take(w, &r, NULL, NULL, out);
	}
	kept = control_find(&w->control, &r.d.id);
	CHECK(kept != NULL);
	put_answer(w, event, kept, out);
	if (fresh) {
		react(w, &r, out);
	} else {
		watch_stop_weigh(w, out);
	}
}

void watch_stop_get(struct watch *w, const struct event *event, struct effects *out)
{
	struct bytes items[FRAME_ITEMS_MAX];
	size_t first = w->control.n;
	size_t bytes = 0;
	size_t n = 0;

	/* the newest that fit, in the order in which they came */
	for (size_t kept = 0; first > 0; first--) {
		size_t raw = stop_raw(w, first - 1).n;

		kept += raw > 0;
		bytes += raw == 0 ? 0 : FRAME_ITEM_HEADER_BYTES + raw;
		if (kept > FRAME_ITEMS_MAX || bytes > FRAME_BODY_MAX) {
			break;
		}
	}
	for (size_t i = first; i < w->control.n; i++) {
		if (stop_raw(w, i).n > 0) {
			items[n++] = stop_raw(w, i);
		}
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
	const struct control_entry *all = w->control.entries;
	bool found = false;

	for (size_t i = 0; i < w->control.n; i++) {
		struct watch_stop *s = &w->stops[i];

		s->verified = !found && binds(w, i) && all[i].evacuate && all[i].evidence &&
			      evidence_shows(w, stop_raw(w, i));
		found = found || (s->verified && !s->refused);
	}
}

/* What is held, judged; an evacuation that it allows begins, one that it allows no more ends. */
static void weigh(struct watch *w, struct effects *out)
{
	size_t one = 0;
	size_t two = 0;
	bool allowed = false;

	verify_again(w);
	for (size_t i = 0; i < w->control.n; i++) {
		allowed = allowed || w->stops[i].verified;
	}
	allowed = allowed || officers(w, &one, &two) == 2;
	if (allowed && !w->evacuating) {
		w->evacuating = true;
		if (effects_free(out) > 4) {
			effects_note(out, "broken evacuation begins stops=%zu", w->control.binding);
		}
		watch_sweep_derive(w, out);
	} else if (w->evacuating && w->control.binding == 0) {
		w->evacuating = false;
		watch_sweep_end(w);
		if (effects_free(out) > 4) {
			effects_note(out, "unusual evacuation ends");
		}
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
		if (watch_self_lived(w, WATCH_CRIME_THEFT, &k->unit)) {
			k->n = 0;
			continue;
		}
		if (watch_chain_theft(w, raw) &&
		    issue(w, WATCH_CRIME_THEFT, true, raw, &k->about, &k->unit,
			  "theft: shown again, what was shown before is explained", out)) {
			weigh(w, out);
		}
		k->n = 0;
	}
}

void watch_stop_refused(struct watch *w, size_t place, struct effects *out)
{
	const struct control_entry *e = &w->control.entries[place];

	if (place < w->control.n && e->evidence && !w->stops[place].refused) {
		w->stops[place].refused = true;
		effects_note(out, "broken evidence_refused issuer=%s", e->issuer);
		watch_stop_weigh(w, out);
	}
}

/*
 * A freeze that was evidence at this time: one that we hold was judged when it came, others are
 * judged now.  False: none, or lifted before.
 */
static bool freeze_counts(struct watch *w, struct bytes raw, uint64_t t_ms, struct doc_freeze *f,
			  bool *officer)
{
	static struct reading r;
	const struct control_entry *known;

	if (doc_open(&r.d, raw, &w->genesis_id, NULL) != ERR_OK || r.d.type != DOC_FREEZE ||
	    doc_freeze_read(&r.d, f, NULL) != ERR_OK) {
		return false;
	}
	known = control_find(&w->control, &r.d.id);
	if (known != NULL && known->state == CONTROL_LIFTED &&
	    t_ms > known->since_ms + w->policy.clock_skew_ms) {
		return false;
	}
	if (known != NULL && known->issuer[0] != '\0') {
		*officer = known->officer;
		return true;
	}
	/* full: its issuer was checked all the same */
	if (!read(w, raw, &r) && r.e != ERR_FULL) {
		return false;
	}
	*officer = r.news.officer;
	return true;
}

bool watch_stop_allows(struct watch *w, const struct bytes *freezes, size_t n, uint64_t t_ms)
{
	static struct doc_freeze f;
	char officer_id[DOC_NAME_MAX + 1] = "";
	size_t one = 0;
	size_t two = 0;

	if (w->evacuating) {
		return true;
	}
	if (officers(w, &one, &two) > 0) {
		(void)snprintf(officer_id, sizeof officer_id, "%s", w->control.entries[one].issuer);
	}
	for (size_t i = 0; i < n; i++) {
		bool officer = false;

		if (!freeze_counts(w, freezes[i], t_ms, &f, &officer) || !f.evacuate) {
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

size_t watch_stop_grounds(const struct watch *w, struct bytes *out, size_t cap, size_t *place)
{
	size_t one = 0;
	size_t two = 0;

	CHECK(cap >= 2);
	for (size_t i = 0; i < w->control.n; i++) {
		if (binds(w, i) && w->stops[i].verified && !w->stops[i].refused) {
			out[0] = stop_raw(w, i);
			*place = i;
			return 1;
		}
	}
	if (officers(w, &one, &two) == 2) {
		out[0] = stop_raw(w, one);
		out[1] = stop_raw(w, two);
		*place = one;
		return 2;
	}
	/* Refused by one signer, who may be the thief's: the other is asked all the same. */
	for (size_t i = 0; i < w->control.n; i++) {
		if (binds(w, i) && w->stops[i].verified) {
			out[0] = stop_raw(w, i);
			*place = i;
			return 1;
		}
	}
	return 0;
}

/*
 * Where a no stands in a signer's journal its own receipt says; what it signed before is no crime,
 * and what it has not been told yet it cannot defy.
 */
bool watch_stop_defied(const struct watch *w, unsigned signer, const struct hash32 *order,
		       const struct hash32 *request, uint64_t sequence)
{
	for (size_t i = 0; i < w->control.n; i++) {
		const struct control_entry *e = &w->control.entries[i];
		uint64_t at = w->stops[i].held_at[signer];

		if (e->type == DOC_CANCEL && at != 0 && sequence > at &&
		    (hash32_eq(&e->names, order) || hash32_eq(&e->names, request))) {
			return true;
		}
	}
	return false;
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
	for (size_t i = 0; i < w->control.n; i++) {
		w->stops[i].handed[dest] = WATCH_NOT_HANDED;
	}
	get_send(w, &w->dest[dest], out);
}

static bool receipt_good(const struct watch *w, size_t dest, const struct hash32 *id,
			 struct bytes item, struct doc_receipt *r)
{
	struct doc d;

	if (doc_open(&d, item, &w->genesis_id, NULL) != ERR_OK || d.type != DOC_RECEIPT ||
	    doc_receipt_read(&d, r, NULL) != ERR_OK || !hash32_eq(&r->document, id)) {
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

static void put_reply(struct watch *w, size_t dest, const struct event *event, struct effects *out)
{
	struct watch_dest *d = &w->dest[dest];
	struct doc_receipt r;
	struct bytes items[2];
	size_t n = 0;

	/* another one is that of a closing: whatever it says, there is nothing to be done */
	if (!d->putting || d->put_request != event->request_id) {
		return;
	}
	d->putting = false;
	/* Not asked again before the next nonce or link shows that it is missing there. */
	w->stops[d->stop].handed[dest] = WATCH_HELD;
	if (frame_items_all(event->body, items, 2, &n) == ERR_OK && n >= 1 &&
	    receipt_good(w, dest, &w->control.entries[d->stop].id, items[0], &r)) {
		if (n == 2 && dest >= DOC_SIGNERS) {
			word_take(w, items[1], out);
		}
		/* without its memory it counts from lower numbers than what it signed before */
		if (dest < DOC_SIGNERS && !w->signer[dest].rewound) {
			w->stops[d->stop].held_at[dest] = r.sequence;
		}
		effects_note(out, "info stop_held holder=%s sequence=%llu", r.holder,
			     (unsigned long long)r.sequence);
	} else {
		w->stops[d->stop].handed[dest] = WATCH_REFUSED;
		d->refused_mono_ms = w->mono_ms;
		effects_note(out, "unusual stop_not_held dest=%zu", dest);
	}
}

void watch_stop_reply(struct watch *w, size_t dest, const struct event *event, struct effects *out)
{
	struct frame_items it = frame_items_make(event->body);
	struct bytes item;

	if (event->number == MSGS_REPLY(SIGNER_STOP_PUT)) {
		put_reply(w, dest, event, out);
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
	for (size_t i = 0; i < w->control.n; i++) {
		w->stops[i].handed[signer] = WATCH_NOT_HANDED;
	}
	get_send(w, &w->dest[signer], out);
}

/* What it refused it may take now that it has what came before. */
static void refused_again(struct watch *w, size_t dest)
{
	w->dest[dest].refused_mono_ms = 0;
	for (size_t i = 0; i < w->control.n; i++) {
		if (w->stops[i].handed[dest] == WATCH_REFUSED) {
			w->stops[i].handed[dest] = WATCH_NOT_HANDED;
		}
	}
}

/*
 * Freezes first, and of them the newest: it is the one that somebody waits for.  The others in the
 * order in which they came, for each may need those before it.  control.n: there is none.
 */
static size_t next_to_hand(const struct watch *w, size_t dest)
{
	for (size_t i = w->control.n; i > 0; i--) {
		if (binds(w, i - 1) && w->stops[i - 1].handed[dest] == WATCH_NOT_HANDED) {
			return i - 1;
		}
	}
	for (size_t i = 0; i < w->control.n; i++) {
		if (!binds(w, i) && w->stops[i].handed[dest] == WATCH_NOT_HANDED &&
		    stop_raw(w, i).n > 0) {
			return i;
		}
	}
	return w->control.n;
}

/*
 * Closings are in no stop head, and a signer whose journal was put back may have forgotten them: it
 * has them all before it has a heartbeat of this link, without which it signs nothing.
 */
static void hand_closings(struct watch *w, struct watch_dest *d, struct effects *out)
{
	for (; d->closing_next < w->genesis.hot_count && effects_free(out) > 16;
	     d->closing_next++) {
		const struct watch_closing *c = &w->closings[d->closing_next];
		struct bytes raw = bytes_of(c->raw, c->n);

		if (c->closed) {
			watch_self_send(w, d->channel, SIGNER_STOP_PUT, ++w->requests_made, &raw, 1,
					out);
		}
	}
}

void watch_stop_pump(struct watch *w, struct effects *out)
{
	for (size_t i = 0; i < ARRAY_LEN(w->dest); i++) {
		struct watch_dest *d = &w->dest[i];
		bool waiting = d->putting && w->mono_ms - d->put_mono_ms < PUT_LIMIT_MS;
		size_t k;

		if (d->up && i < DOC_SIGNERS) {
			hand_closings(w, d, out);
		}
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
		if (d->refused_mono_ms != 0 &&
		    w->mono_ms - d->refused_mono_ms >= REFUSED_AGAIN_MS) {
			refused_again(w, i);
		}
		k = next_to_hand(w, i);
		if (k < w->control.n) {
			struct bytes raw = stop_raw(w, k);

			d->putting = true;
			d->stop = k;
			d->put_mono_ms = w->mono_ms;
			d->put_request = ++w->requests_made;
			watch_self_send(w, d->channel, SIGNER_STOP_PUT, d->put_request, &raw, 1,
					out);
		}
	}
}
