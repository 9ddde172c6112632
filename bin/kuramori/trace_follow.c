/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_follow.c - `kuramori trace follow`: takes what is new from a node into the store, and says
 * when stolen coins reach a label.
 *
 * The store stays open and the engine stays alive: a round costs what its blocks cost
 * (trace_run_on()).  Where that cannot be, because the chain was rolled back too deep or labels
 * have changed, the case is followed from the beginning again, and that is said.
 *
 * What was alerted is kept by transaction and receiver.  What the chain takes back waits until the
 * end of the round: if the same transaction has brought the same coins again, nothing is said;
 * otherwise it is withdrawn, and alerted again where it comes again.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/check.h"
#include "base/hex.h"
#include "io/random.h"
#include "trace.h"
#include "trace_command.h"
#include "trace_words.h"

enum { POLL_S = 10, POLL_MAX_S = 86400 };

/* One transaction that brought stolen coins to a label. */
struct alert {
	struct hash32 tx;
	char to[COLUMNS_TEXT_MAX];
	uint64_t height;
	uint64_t moved[TRACE_POLICIES]; /* of all its legs to that account */
};

/* A file of labels as it was read: if it is another now, it is read again. */
struct version {
	struct timespec changed;
	off_t bytes;
	ino_t file;
};

struct following {
	struct cli *c;
	const struct casefile *file;
	const char *case_path, *store, *node;
	uint64_t from_height, undo;
	bool check;
	struct cli_trace_nem *nem; /* NULL: to be opened */
	struct trace_run run;
	bool live;                  /* run follows what the store had at the last round */
	struct trace_run_news news; /* what the run has not seen yet */
	struct version labels[CASEFILE_LABELS_MAX];
	struct alert *alerts; /* by height */
	size_t n, cap;
	struct alert *waiting; /* by transaction and receiver: taken back in this round */
	size_t waiting_n;
	bool labels_changed; /* why they wait, if not for the chain */
	uint64_t restarts;
};

/* ---- what is said ------------------------------------------------------------------------ */

static void put_json(json_t *o)
{
	CHECK(o != NULL);
	CHECK(json_dumpf(o, stdout, JSON_COMPACT) == 0);
	printf("\n");
	json_decref(o);
}

/* What each rule moved by the transaction. */
static json_t *moved_json(const struct following *f, const struct alert *a)
{
	json_t *o = json_object();

	CHECK(o != NULL);
	for (unsigned p = 0; p < f->file->policies_n; p++) {
		char digits[24];

		(void)snprintf(digits, sizeof digits, "%" PRIu64, a->moved[p]);
		CHECK(json_object_set_new(o, trace_policy_name(f->file->policies[p]),
					  json_string(digits)) == 0);
	}
	return o;
}

static void tell(const struct following *f, const struct alert *a, uint64_t time_s,
		 const struct trace_label *label)
{
	char hex[65], time[TRACE_PICTURE_TIME_MAX];

	hex_put(hex, bytes_of(a->tx.b, sizeof a->tx.b));
	trace_picture_time(time, time_s);
	if (f->c->json) {
		put_json(json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:o}", "alert", "reached", "label",
				   label->label, "category", label->category, "tx", hex, "to",
				   a->to, "height", (json_int_t)a->height, "time_s",
				   (json_int_t)time_s, "moved", moved_json(f, a)));
		return;
	}
	printf(
	    _("%s UTC, height %" PRIu64 ": stolen coins reached %s (%s) at %s, transaction %s\n"),
	    time, a->height, label->label, label->category, a->to, hex);
	for (unsigned p = 0; p < f->file->policies_n; p++) {
		char amount[CASEFILE_AMOUNT_MAX];

		casefile_amount(amount, f->file, a->moved[p]);
		if (trace_policy_counts(f->file->policies[p])) {
			printf("    %s %s\n", trace_policy_name(f->file->policies[p]), amount);
		}
	}
}

static void withdraw(const struct following *f, const struct alert *a)
{
	char hex[65];

	hex_put(hex, bytes_of(a->tx.b, sizeof a->tx.b));
	if (f->c->json) {
		put_json(json_pack("{s:s,s:s,s:s,s:I,s:s}", "alert", "withdrawn", "tx", hex, "to",
				   a->to, "height", (json_int_t)a->height, "because",
				   f->labels_changed ? "labels" : "chain"));
	} else if (f->labels_changed) {
		printf(_("WITHDRAWN: by the labels as they are now, transaction %s to %s of height "
			 "%" PRIu64 " is no alert, or brings other coins\n"),
		       hex, a->to, a->height);
	} else {
		printf(_("WITHDRAWN: transaction %s to %s of height %" PRIu64
			 " is not on the chain any more, or brings other coins\n"),
		       hex, a->to, a->height);
	}
}

static void tell_again(const struct following *f, const char *why)
{
	if (f->c->json) {
		put_json(json_pack("{s:s,s:s}", "notice", "restarted", "because", why));
	} else {
		printf(_("Followed again from the beginning of the ledger: %s\n"), words_of(why));
	}
}

/* ---- alerts ------------------------------------------------------------------------------ */

static int by_what(const void *a, const void *b)
{
	const struct alert *x = a, *y = b;
	int order = hash32_cmp(&x->tx, &y->tx);

	return order != 0 ? order : strcmp(x->to, y->to);
}

static struct alert *alert_new(struct following *f)
{
	if (f->n == f->cap) {
		f->cap = f->cap == 0 ? 64 : 2 * f->cap;
		f->alerts = realloc(f->alerts, f->cap * sizeof *f->alerts);
		CHECK(f->alerts != NULL);
	}
	return &f->alerts[f->n++];
}

/* Alerts of blocks above a height are not believed before they come again. */
static void take_back(struct following *f, uint64_t height)
{
	size_t n = f->n;

	while (n > 0 && f->alerts[n - 1].height > height) {
		n--;
	}
	if (n == f->n) {
		return;
	}
	f->waiting = realloc(f->waiting, (f->waiting_n + f->n - n) * sizeof *f->waiting);
	CHECK(f->waiting != NULL);
	memcpy(f->waiting + f->waiting_n, f->alerts + n, (f->n - n) * sizeof *f->waiting);
	f->waiting_n += f->n - n;
	f->n = n;
	qsort(f->waiting, f->waiting_n, sizeof *f->waiting, by_what);
}

/* It was told already, of the same coins.  Of others it is withdrawn first. */
static bool was_told(struct following *f, const struct alert *a)
{
	struct alert *w = f->waiting_n == 0
			      ? NULL
			      : bsearch(a, f->waiting, f->waiting_n, sizeof *f->waiting, by_what);
	bool same;

	if (w == NULL) {
		return false;
	}
	same = true;
	for (unsigned p = 0; p < TRACE_POLICIES; p++) {
		same = same && w->moved[p] == a->moved[p];
	}
	if (!same) {
		withdraw(f, w);
	}
	f->waiting_n--;
	memmove(w, w + 1, (size_t)(f->waiting + f->waiting_n - w) * sizeof *w);
	return same;
}

static const struct trace_label *label_of(const struct trace_run *r, uint32_t account)
{
	uint32_t owner =
	    r->view.owner != NULL && r->view.owner[account] != 0 ? r->view.owner[account] : account;
	char text[COLUMNS_TEXT_MAX];

	columns_name_text(text, columns_view_name(&r->view, owner));
	return trace_labels_find(r->labels, text);
}

/* Adds what each rule brought with a transfer; false: no rule that counts brought anything. */
static bool add_moves(struct alert *a, const struct trace_run *r, size_t k)
{
	bool some = false;

	for (unsigned p = 0; p < r->n; p++) {
		const struct trace_run_move *m = trace_run_move(r, k, p);

		if (m->units > 0 && m->kind != TRACE_EVAPORATED) {
			a->moved[p] += m->units;
			some = some || trace_policy_counts(r->file->policies[p]);
		}
	}
	return some;
}

/* All legs of one transaction to one account, from leg k of the touched ones on.  NULL: no alert.
 * Legs are neighbours. */
static const struct trace_label *reach_of(struct alert *a, const struct following *f, size_t k)
{
	const struct trace_run *r = &f->run;
	size_t event = r->events[k];
	uint32_t to = r->c.to[event], tx = r->c.tx[event];
	const struct trace_label *label = label_of(r, to), *from;
	bool some = false;

	for (size_t i = k; i > 0 && r->c.tx[r->events[i - 1]] == tx; i--) {
		if (r->c.to[r->events[i - 1]] == to) {
			return NULL; /* counted with the first of them */
		}
	}
	*a = (struct alert){ .height = trace_run_block(r, event)->height };
	if (label == NULL || a->height < f->from_height) {
		return NULL;
	}
	for (size_t i = k; i < r->events_n && r->c.tx[r->events[i]] == tx; i++) {
		if (r->c.to[r->events[i]] != to) {
			continue;
		}
		from = label_of(r, r->c.from[r->events[i]]);
		if (from == NULL || strcmp(from->label, label->label) != 0 ||
		    strcmp(from->category, label->category) != 0) {
			some = add_moves(a, r, i) || some;
		}
	}
	memcpy(a->tx.b, r->view.txids + (size_t)32 * tx, sizeof a->tx.b);
	columns_name_text(a->to, columns_view_name(&r->view, to));
	return some ? label : NULL;
}

/* What the touched transfers of this round mean, and what of the taken back ones came again. */
static void compare(struct following *f)
{
	for (size_t k = 0; k < f->run.events_n; k++) {
		struct alert a;
		const struct trace_label *label = reach_of(&a, f, k);

		if (label == NULL) {
			continue;
		}
		if (!was_told(f, &a)) {
			tell(f, &a, trace_run_block(&f->run, f->run.events[k])->time_s, label);
		}
		*alert_new(f) = a;
	}
	for (size_t i = 0; i < f->waiting_n; i++) {
		withdraw(f, &f->waiting[i]);
	}
	f->waiting_n = 0;
	f->labels_changed = false;
}

/* ---- a round ----------------------------------------------------------------------------- */

/* What the files of labels are now; true: not what they were. */
static bool look_at_labels(struct following *f)
{
	bool changed = false;

	for (size_t i = 0; i < f->file->labels_n; i++) {
		char *path = casefile_beside(f->case_path, f->file->labels[i].file);
		struct version now = { .bytes = -1 }, *was = &f->labels[i];
		struct stat st;

		if (stat(path, &st) == 0) {
			now = (struct version){ st.st_mtim, st.st_size, st.st_ino };
		}
		changed = changed || now.bytes != was->bytes || now.file != was->file ||
			  now.changed.tv_sec != was->changed.tv_sec ||
			  now.changed.tv_nsec != was->changed.tv_nsec;
		*was = now;
		free(path);
	}
	return changed;
}

/* The state of the run must be that of one who follows the case from the beginning. */
static int check(const struct following *f)
{
	struct trace_run whole = { .file = NULL };
	struct hash32 mine, other;
	int code = trace_run_open(&whole, f->file, f->case_path, f->store, 0, 0);

	if (code == 0) {
		char hex[65];

		trace_engine_certify(f->run.engine);
		trace_engine_digest(f->run.engine, &mine);
		trace_engine_digest(whole.engine, &other);
		CHECK(hash32_eq(&mine, &other));
		hex_put(hex, bytes_of(mine.b, sizeof mine.b));
		if (f->c->json) {
			put_json(json_pack("{s:s,s:I,s:s,s:I}", "notice", "checked", "height",
					   (json_int_t)f->run.height, "state", hex, "restarts",
					   (json_int_t)f->restarts));
		} else {
			printf(_("Checked at height %" PRIu64
				 ": the same as followed from the beginning\n"),
			       f->run.height);
		}
	}
	trace_run_free(&whole);
	return code;
}

static int begin(struct following *f)
{
	int code;

	trace_run_free(&f->run);
	(void)look_at_labels(f);
	code = trace_run_open(&f->run, f->file, f->case_path, f->store, 0, (unsigned)f->undo);
	f->live = code == 0;
	if (!f->live) {
		trace_run_free(&f->run);
	}
	return code;
}

/* The case, to where the store is now. */
static int catch_up(struct following *f)
{
	const char *again = NULL;
	bool was_live = f->live;
	uint64_t before = f->run.view.generation;
	int code = 0;

	if (f->live && look_at_labels(f)) {
		f->labels_changed = true;
		again = N_("the files of labels have changed");
	} else if (f->live) {
		code = trace_run_on(&f->run, &f->news, &again);
		if (code == 0 && again == NULL && f->news.undos > 0) {
			take_back(f, f->news.kept);
		}
	}
	f->live = f->live && code == 0 && again == NULL;
	f->news = (struct trace_run_news){ .undos = 0 };
	if (code == 0 && !f->live) {
		code = begin(f);
		if (code == 0) {
			take_back(f, 0);
		}
	}
	if (again != NULL) {
		f->restarts++;
		tell_again(f, again);
	}
	if (code == 0) {
		bool news = !was_live || again != NULL || f->run.view.generation != before;

		compare(f);
		code = f->check && news ? check(f) : 0;
	}
	(void)fflush(stdout);
	return code;
}

/* What is new, and what it means.  0 or an exit code, said on stderr. */
static int round_once(struct following *f)
{
	struct cli_trace_done done = { .rows = 0 };
	bool broken = false;
	int code = 0;

	if (f->nem == NULL) {
		struct columns_options options = { .source = COLUMNS_FROM_NEM };

		random_fill(options.seed, sizeof options.seed);
		code = cli_trace_nem_open(&f->nem, f->c, f->store, f->node, &options);
		if (code != 0) {
			return code;
		}
	}
	code = cli_trace_nem_round(f->nem, 0, &done, &broken);
	if (done.undos > 0) {
		f->news.kept =
		    f->news.undos == 0 || done.kept < f->news.kept ? done.kept : f->news.kept;
		f->news.undos += done.undos;
	}
	if (broken) {
		cli_trace_nem_close(f->nem);
		f->nem = NULL;
	}
	/* the good blocks of a node that fails later are told; but what was taken back may come
	   again with the next answer */
	if (code == 0 || (f->news.undos == 0 && done.rows > 0)) {
		int caught = catch_up(f);

		code = code != 0 ? code : caught;
	}
	return code;
}

/* Where the store stood before: who asked the last time knows what is below. */
static uint64_t next_height(const char *store)
{
	struct columns_list list = { .n = 0 };
	struct columns_fault fault;
	uint64_t next = 0;

	if (columns_list(&list, store, &fault) == ERR_OK) {
		next = list.blocks == 0 ? 0 : list.tip.height + 1;
		columns_list_free(&list);
	}
	return next;
}

/* yes, or not there. */
static int word_yes(const char *const *w, size_t n, const char *name, bool *out)
{
	const char *said = trace_words_value(w, n, name);

	*out = said != NULL;
	return said == NULL || strcmp(said, "yes") == 0
		   ? 0
		   : cli_fail(ERR_USAGE, "%s=%.20s: yes is all that there is", name, said);
}

int trace_follow_command(struct cli *c, const char *const *w, size_t n)
{
	static const char *const known[] = {
		"from_height", "poll_s", "once", "undo", "check", NULL
	};
	struct following f = { .c = c, .undo = COLUMNS_UNDO_MAX };
	struct casefile file = { .json = NULL };
	uint64_t poll_s = POLL_S;
	bool once = false, first = true;
	int code;

	if (n < 3) {
		return cli_fail(
		    ERR_USAGE, "it is: kuramori trace follow CASE STORE HOST:PORT [NAME=VALUE...]");
	}
	f.case_path = w[0];
	f.store = w[1];
	f.node = w[2];
	f.file = &file;
	f.from_height = next_height(f.store);
	code = trace_words_check(w + 3, n - 3, known);
	code = code != 0
		   ? code
		   : trace_words_number(w + 3, n - 3, "from_height", JSON_INT_MAX, &f.from_height);
	code = code != 0 ? code : trace_words_number(w + 3, n - 3, "poll_s", POLL_MAX_S, &poll_s);
	code =
	    code != 0 ? code : trace_words_number(w + 3, n - 3, "undo", COLUMNS_UNDO_MAX, &f.undo);
	code = code != 0 ? code : word_yes(w + 3, n - 3, "once", &once);
	code = code != 0 ? code : word_yes(w + 3, n - 3, "check", &f.check);
	code = code != 0 ? code : casefile_read(&file, w[0]);
	if (code == 0 && file.generated && !c->json) {
		printf(_("GENERATED DATA: this is not a real ledger, and nobody in it is real\n"));
	}
	/* the first round shows whether case, store and node are what they should be; later ones
	   outlive a node that is down */
	while (code == 0) {
		code = round_once(&f);
		if (once || (first && code != 0)) {
			break;
		}
		code = 0;
		first = false;
		(void)poll(NULL, 0, poll_s == 0 ? 1 : (int)poll_s * 1000);
	}
	trace_run_free(&f.run);
	cli_trace_nem_close(f.nem);
	free(f.alerts);
	free(f.waiting);
	casefile_free(&file);
	return code;
}
