/* SPDX-License-Identifier: Apache-2.0 */
/* The picture of a case: which accounts are drawn, what is folded, in which column of time. */
#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "cli.h"
#include "trace_picture.h"

extern char **environ;

enum {
	LABEL_COLUMNS = 28,
	WIDTH_MAX = 160, /* tenths of a point */
	WIDTH_MIN = 8,
	NONE = -1,
	DEPTHS = 4, /* small accounts are folded by how far they are behind a drawn one */
	TEXT_CAP = 256,
	THIN = 200, /* a line below such a part of the widest is no sight, and is only counted */
};

/* A box: one account, or a group of small ones behind one source. */
struct box {
	size_t account;   /* of a single one */
	uint64_t members; /* 1, or how many are folded */
	uint64_t first_s, last_s, order;
	uint64_t came, held;
	unsigned column;
	bool folded;
};

struct line {
	size_t from, to;
	uint64_t amount, transfers;
};

struct drawing {
	const struct trace_picture *p;
	size_t *box_of; /* of each account */
	struct box *boxes;
	size_t boxes_n;
	struct line *lines;
	size_t lines_n;
	unsigned columns;
	bool back;       /* some line runs to who stands further left */
	uint64_t inside; /* transfers within a box */
	uint64_t small_n, small;
	uint64_t widest;
};

static uint64_t more(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static void *room(size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	CHECK(p != NULL);
	return p;
}

void trace_picture_time(char out[TRACE_PICTURE_TIME_MAX], uint64_t time_s)
{
	time_t t = (time_t)time_s;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(out, TRACE_PICTURE_TIME_MAX, "%Y-%m-%d %H:%M", &tm) == 0) {
		(void)snprintf(out, TRACE_PICTURE_TIME_MAX, "%" PRIu64 " s", time_s);
	}
}

/* ---- which accounts are drawn ------------------------------------------------------------ */

struct weight {
	uint64_t amount;
	uint64_t order;
	size_t account;
	int rank; /* 2: always; 1: before plain ones */
};

static int heaviest(const void *a, const void *b)
{
	const struct weight *x = a, *y = b;

	if (x->rank != y->rank) {
		return x->rank > y->rank ? -1 : 1;
	}
	if (x->amount != y->amount) {
		return x->amount > y->amount ? -1 : 1;
	}
	return x->order < y->order ? -1 : x->order > y->order;
}

static int earliest(const void *a, const void *b)
{
	const struct box *const *x = a, *const *y = b;

	return (*x)->order < (*y)->order ? -1 : (*x)->order > (*y)->order;
}

/* What came to each account, seeds counted, and from whom most of it. */
static void inflows(const struct trace_picture *p, uint64_t *came, int64_t *source)
{
	uint64_t *most = room(p->accounts_n, sizeof *most);

	for (size_t i = 0; i < p->accounts_n; i++) {
		came[i] = p->accounts[i].seeded;
		source[i] = NONE;
	}
	for (size_t i = 0; i < p->flows_n; i++) {
		const struct trace_picture_flow *f = &p->flows[i];

		if (f->from == f->to) {
			continue;
		}
		came[f->to] = more(came[f->to], f->amount);
		/* only from who had it before: the way back to a source ends */
		if (f->amount > most[f->to] &&
		    p->accounts[f->from].order < p->accounts[f->to].order) {
			most[f->to] = f->amount;
			source[f->to] = f->from;
		}
	}
	free(most);
}

static struct box box_of_account(const struct trace_picture *p, size_t i, uint64_t came)
{
	const struct trace_picture_account *a = &p->accounts[i];

	return (struct box){ .account = i,
			     .members = 1,
			     .first_s = a->first_s,
			     .last_s = a->first_s,
			     .order = a->order,
			     .came = came,
			     .held = a->held };
}

/* Gives each account its box. */
static void fold(struct drawing *d)
{
	const struct trace_picture *p = d->p;
	unsigned most = p->most == 0 ? TRACE_PICTURE_ACCOUNTS : p->most;
	struct weight *w = room(p->accounts_n, sizeof *w);
	uint64_t *came = room(p->accounts_n, sizeof *came);
	int64_t *source = room(p->accounts_n, sizeof *source);
	size_t group[DEPTHS] = { 0 }; /* 1 + box of those so far behind a drawn one */
	size_t drawn = p->accounts_n < most ? p->accounts_n : most;

	inflows(p, came, source);
	for (size_t i = 0; i < p->accounts_n; i++) {
		enum trace_picture_kind kind = p->accounts[i].kind;

		w[i] = (struct weight){ .amount = came[i],
					.order = p->accounts[i].order,
					.account = i,
					.rank = kind == TRACE_PICTURE_SEED    ? 2
						: kind == TRACE_PICTURE_PLAIN ? 0
									      : 1 };
		d->box_of[i] = SIZE_MAX;
	}
	qsort(w, p->accounts_n, sizeof *w, heaviest);
	for (size_t i = 0; i < drawn; i++) {
		size_t a = w[i].account;

		d->box_of[a] = d->boxes_n;
		d->boxes[d->boxes_n++] = box_of_account(p, a, came[a]);
	}
	for (size_t i = drawn; i < p->accounts_n; i++) {
		size_t a = w[i].account, root = a, depth = 0;
		struct box *b;

		while (d->box_of[root] >= drawn && source[root] != NONE) {
			root = (size_t)source[root];
			depth++;
		}
		depth = depth >= DEPTHS ? DEPTHS - 1 : depth;
		if (group[depth] == 0) {
			d->boxes[d->boxes_n] = box_of_account(p, a, 0);
			d->boxes[d->boxes_n].members = 0;
			d->boxes[d->boxes_n].held = 0;
			d->boxes[d->boxes_n].folded = true;
			group[depth] = ++d->boxes_n;
		}
		b = &d->boxes[group[depth] - 1];
		d->box_of[a] = group[depth] - 1;
		b->members++;
		b->held = more(b->held, p->accounts[a].held);
		b->came = more(b->came, p->accounts[a].seeded);
		if (p->accounts[a].order < b->order) {
			b->order = p->accounts[a].order;
			b->first_s = p->accounts[a].first_s;
		}
		b->last_s = p->accounts[a].first_s > b->last_s ? p->accounts[a].first_s : b->last_s;
	}
	free(w);
	free(came);
	free(source);
}

static int by_ends(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	if (x->from != y->from) {
		return x->from < y->from ? -1 : 1;
	}
	return x->to < y->to ? -1 : x->to > y->to;
}

static int by_amount(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return x->amount > y->amount ? -1 : x->amount < y->amount ? 1 : by_ends(a, b);
}

/* Of n lines, the largest first: those that a person can see, and the largest into each box. */
static void keep_lines(struct drawing *d, size_t n)
{
	bool *led = room(d->boxes_n, sizeof *led);

	d->lines_n = 0;
	for (size_t i = 0; i < n; i++) {
		struct line l = d->lines[i];

		if (led[l.to] &&
		    (d->lines_n >= TRACE_PICTURE_FLOWS || l.amount < d->widest / THIN)) {
			d->small_n += l.transfers;
			d->small = more(d->small, l.amount);
			continue;
		}
		led[l.to] = true;
		d->lines[d->lines_n++] = l;
	}
	free(led);
}

/* One line between two boxes; the smallest beyond what a person can see are counted. */
static void draw_lines(struct drawing *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->p->flows_n; i++) {
		const struct trace_picture_flow *f = &d->p->flows[i];
		size_t from = d->box_of[f->from], to = d->box_of[f->to];

		if (from == to) {
			d->inside += f->transfers;
			continue;
		}
		d->lines[d->lines_n++] = (struct line){ from, to, f->amount, f->transfers };
		if (d->boxes[to].folded) {
			d->boxes[to].came = more(d->boxes[to].came, f->amount);
		}
	}
	qsort(d->lines, d->lines_n, sizeof *d->lines, by_ends);
	for (size_t i = 0; i < d->lines_n; i++) {
		if (n > 0 && by_ends(&d->lines[n - 1], &d->lines[i]) == 0) {
			d->lines[n - 1].amount = more(d->lines[n - 1].amount, d->lines[i].amount);
			d->lines[n - 1].transfers += d->lines[i].transfers;
		} else {
			d->lines[n++] = d->lines[i];
		}
	}
	qsort(d->lines, n, sizeof *d->lines, by_amount);
	d->widest = n > 0 ? d->lines[0].amount : 0;
	keep_lines(d, n);
}

/* It stands at the right end: an exchange, or a service that passes nothing on. */
static bool is_service(const struct drawing *d, const struct box *b)
{
	enum trace_picture_kind kind = d->p->accounts[b->account].kind;
	size_t me = (size_t)(b - d->boxes);

	for (size_t k = 0; kind == TRACE_PICTURE_SERVICE && k < d->lines_n; k++) {
		if (d->lines[k].from == me) {
			return false;
		}
	}
	return !b->folded && kind >= TRACE_PICTURE_EXCHANGE;
}

/*
 * How much would run to the left if this folded box stood before drawn column `gap`.  gaps: of
 * folded boxes; those that are not `placed` yet do not count.
 */
static uint64_t runs_back(const struct drawing *d, size_t me, unsigned gap, const unsigned *gaps,
			  const bool *placed)
{
	uint64_t sum = 0;

	for (size_t k = 0; k < d->lines_n; k++) {
		size_t from = d->lines[k].from, to = d->lines[k].to, other = from == me ? to : from;
		const struct box *b = &d->boxes[other];
		bool in = to == me, back;

		if ((!in && from != me) || is_service(d, b) || (b->folded && !placed[other])) {
			continue;
		}
		if (b->folded) {
			back = in ? gaps[other] > gap : gaps[other] <= gap;
		} else {
			back = in ? b->column >= gap : b->column < gap;
		}
		sum = back ? more(sum, d->lines[k].amount) : sum;
	}
	return sum;
}

/*
 * Small accounts have no moment: they were busy all the time.  Each folded box gets a column of its
 * own where the least runs to the left, and of such places the first.  n: columns so far.
 */
static unsigned place_folded(struct drawing *d, struct box **at, unsigned n)
{
	unsigned *gap = room(d->boxes_n, sizeof *gap), *shift = room(n + 1, sizeof *shift);
	bool *placed = room(d->boxes_n, sizeof *placed);
	unsigned before = 0;

	for (size_t i = 0; i < d->boxes_n; i++) {
		size_t me = (size_t)(at[i] - d->boxes);
		uint64_t least = UINT64_MAX;

		for (unsigned g = 0; at[i]->folded && g <= n; g++) {
			uint64_t back = runs_back(d, me, g, gap, placed);

			gap[me] = back < least ? g : gap[me];
			least = back < least ? back : least;
		}
		placed[me] = at[i]->folded;
	}
	for (unsigned g = 0; g <= n; g++) {
		for (size_t i = 0; i < d->boxes_n; i++) {
			if (at[i]->folded && gap[at[i] - d->boxes] == g) {
				at[i]->column = g + before++;
			}
		}
		shift[g] = before;
	}
	for (size_t i = 0; i < d->boxes_n; i++) {
		if (!at[i]->folded && !is_service(d, at[i])) {
			at[i]->column += shift[at[i]->column];
		}
	}
	free(gap);
	free(shift);
	free(placed);
	return n + before;
}

/* Is there a line between the two, or from `a` through a folded box to `b`? */
static bool joined(const struct drawing *d, size_t a, size_t b)
{
	for (size_t k = 0; k < d->lines_n; k++) {
		const struct line *l = &d->lines[k];

		if ((l->from == a && l->to == b) || (l->from == b && l->to == a)) {
			return true;
		}
		for (size_t j = 0; l->from == a && d->boxes[l->to].folded && j < d->lines_n; j++) {
			if (d->lines[j].from == l->to && d->lines[j].to == b) {
				return true;
			}
		}
	}
	return false;
}

/* The first column from `column` on that lies behind all of its kind who had coins before. */
static unsigned behind(const struct drawing *d, size_t me, unsigned column)
{
	bool service = is_service(d, &d->boxes[me]);

	for (size_t i = 0; i < d->boxes_n; i++) {
		const struct box *b = &d->boxes[i];

		if (b->order < d->boxes[me].order && !b->folded && is_service(d, b) == service &&
		    b->column >= column && joined(d, i, me)) {
			column = b->column + 1;
		}
	}
	return column;
}

/* At the right end: coins come to services all the time.  One that gets coins from another one
 * stands behind it. */
static void place_services(struct drawing *d, struct box **at)
{
	unsigned last = 0, first = d->columns;

	for (size_t i = 0; i < d->boxes_n; i++) {
		size_t me = (size_t)(at[i] - d->boxes);

		if (is_service(d, at[i])) {
			at[i]->column = behind(d, me, first);
			last = at[i]->column > last ? at[i]->column : last;
			d->columns = last + 1;
		}
	}
}

/*
 * Columns of time: boxes in the order in which coins first came to them, and each at least one
 * column behind those who had them before and share a line with it; then services.
 */
static void place(struct drawing *d)
{
	struct box **at = room(d->boxes_n, sizeof(void *));
	unsigned column = 0;
	bool any = false;

	for (size_t i = 0; i < d->boxes_n; i++) {
		at[i] = &d->boxes[i];
	}
	qsort(at, d->boxes_n, sizeof(void *), earliest);
	for (size_t i = 0; i < d->boxes_n; i++) {
		size_t me = (size_t)(at[i] - d->boxes);

		if (at[i]->folded || is_service(d, at[i])) {
			continue;
		}
		any = true;
		column = behind(d, me, column);
		at[i]->column = column;
	}
	d->columns = place_folded(d, at, any ? column + 1 : 0);
	place_services(d, at);
	for (size_t k = 0; k < d->lines_n; k++) {
		d->back =
		    d->back || d->boxes[d->lines[k].to].column <= d->boxes[d->lines[k].from].column;
	}
	free(at);
}

static void drawing_make(struct drawing *d, const struct trace_picture *p)
{
	*d = (struct drawing){ .p = p };
	d->box_of = room(p->accounts_n, sizeof *d->box_of);
	d->boxes = room(p->accounts_n, sizeof *d->boxes);
	d->lines = room(p->flows_n, sizeof *d->lines);
	fold(d);
	draw_lines(d);
	place(d);
}

static void drawing_free(struct drawing *d)
{
	free(d->box_of);
	free(d->boxes);
	free(d->lines);
}

/* ---- words ------------------------------------------------------------------------------- */

/*
 * Text inside a quoted string of DOT.  A backslash and a quote would end or bend the string, and
 * Graphviz turns &#x202e; into the character: so an ampersand is spelled out too.
 */
static void put_dot(FILE *out, const char *dirty, size_t columns)
{
	char clean[TEXT_CAP];

	casefile_clean(clean, sizeof clean, dirty, columns);
	for (const char *c = clean; *c != '\0'; c++) {
		if (*c == '&') {
			(void)fputs("&amp;", out); /* not words */
		} else {
			if (*c == '"' || *c == '\\') {
				(void)fputc('\\', out);
			}
			(void)fputc(*c, out);
		}
	}
}

static void put_xml(FILE *out, const char *dirty)
{
	char clean[TEXT_CAP];

	casefile_clean(clean, sizeof clean, dirty, sizeof clean);
	for (const char *c = clean; *c != '\0'; c++) {
		switch (*c) {
		case '&':
			(void)fputs("&amp;", out); /* not words */
			break;
		case '<':
			(void)fputs("&lt;", out); /* not words */
			break;
		case '>':
			(void)fputs("&gt;", out); /* not words */
			break;
		case '"':
			(void)fputs("&quot;", out); /* not words */
			break;
		default:
			(void)fputc(*c, out);
		}
	}
}

/* Whole ones with separators; what is below one to the last digit. */
static void amount_text(char out[CASEFILE_AMOUNT_MAX], const struct casefile *c, uint64_t units)
{
	uint64_t one = 1;

	for (unsigned i = 0; i < c->decimals; i++) {
		one *= 10;
	}
	casefile_amount(out, c, units >= one ? units / one * one : units);
}

/* In a quoted string. */
static void put_amount(FILE *out, const struct casefile *c, uint64_t units)
{
	char text[CASEFILE_AMOUNT_MAX];

	amount_text(text, c, units);
	put_dot(out, text, sizeof text);
}

/* In a label that is written like HTML. */
static void put_html_amount(FILE *out, const struct casefile *c, uint64_t units)
{
	char text[CASEFILE_AMOUNT_MAX];

	amount_text(text, c, units);
	put_xml(out, text);
}

static void put_short(FILE *out, const char *address)
{
	size_t n = strlen(address);
	char text[32];

	if (n <= 16) {
		put_dot(out, address, LABEL_COLUMNS);
	} else {
		(void)snprintf(text, sizeof text, "%.6s..%s", address, address + n - 6);
		put_dot(out, text, LABEL_COLUMNS);
	}
}

/* not words: a picture goes to people of every language, and must be the same for all */
static const struct look {
	const char *fill, *border;
} looks[] = {
	[TRACE_PICTURE_PLAIN] = { "#ffffff", "#555555" },
	[TRACE_PICTURE_SEED] = { "#f6b7ae", "#a01c0f" },
	[TRACE_PICTURE_THIEF] = { "#fbe6e2", "#a01c0f" },
	[TRACE_PICTURE_EXCHANGE] = { "#b5d3f3", "#12508c" },
	[TRACE_PICTURE_SERVICE] = { "#dcc7ee", "#5b2b86" },
	[TRACE_PICTURE_END] = { "#e4e4e4", "#777777" },
};

/* not words: a language of a program */
#define FOLDED_FILL   "#f3f1e7"
#define FOLDED_BORDER "#8a8157"
#define FOLDED_LINE   "#b9ae7f"
#define PLAIN_TABLE   "<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"1\""
#define LINE_TABLE    PLAIN_TABLE " BGCOLOR=\"white\">"

static void put_box(FILE *out, const struct drawing *d, size_t i)
{
	const struct box *b = &d->boxes[i];
	const struct trace_picture_account *a = &d->p->accounts[b->account];
	const struct casefile *c = d->p->the_case;

	if (b->folded) {
		(void)fprintf(out,
			      "  b%zu [style=\"filled,dashed,rounded\", fillcolor=\"" FOLDED_FILL
			      "\", color=\"" FOLDED_BORDER "\", label=\"",
			      i); /* not words */
		(void)fprintf(out, "%" PRIu64 " small account%s\\n", b->members,
			      b->members == 1 ? "" : "s"); /* not words */
		(void)fputs("came in: ", out);             /* not words */
		put_amount(out, c, b->came);
		(void)fputs("\\n", out);
	} else {
		(void)fprintf(out,
			      "  b%zu [style=\"filled,rounded\", fillcolor=\"%s\", color=\"%s\", "
			      "penwidth=%s, label=\"",
			      i, looks[a->kind].fill, looks[a->kind].border,
			      b->held > 0 ? "2.2" : "1"); /* not words */
		if (a->label[0] != '\0') {
			put_dot(out, a->label, LABEL_COLUMNS);
			(void)fputs("\\n", out);
		}
		if (a->address[0] != '\0') {
			put_short(out, a->address);
			(void)fputs("\\n", out);
		}
	}
	if (is_service(d, b)) {
		char text[TRACE_PICTURE_TIME_MAX];

		trace_picture_time(text, b->first_s);
		(void)fprintf(out, "since %s\\n", text); /* not words */
	}
	if (a->seeded > 0 && !b->folded) {
		(void)fputs("stolen ", out); /* not words */
		put_amount(out, c, a->seeded);
		(void)fputs("\\n", out);
	}
	if (b->held > 0) {
		(void)fputs("stays ", out); /* not words */
		put_amount(out, c, b->held);
		(void)fputs("\\n", out);
	} else if (b->came > 0) {
		(void)fputs("all passed on\\n", out); /* not words */
	}
	(void)fputs("\"];\n", out);
}

/*
 * A line that runs to the left is written the other way round, with its arrow at its tail: so
 * Graphviz keeps room for its label as for any other.
 */
static void put_line(FILE *out, const struct drawing *d, const struct line *l)
{
	/* in 128 bits: amounts are as large as they like */
	u128 width = d->widest == 0 ? 0 : (u128)l->amount * WIDTH_MAX / d->widest;
	unsigned w = width < WIDTH_MIN ? WIDTH_MIN : (unsigned)width;
	bool back = d->boxes[l->to].column <= d->boxes[l->from].column;
	const struct trace_picture_account *to = &d->p->accounts[d->boxes[l->to].account];
	const char *color = d->boxes[l->to].folded               ? FOLDED_LINE
			    : to->kind == TRACE_PICTURE_EXCHANGE ? "#5a93cf"
			    : to->kind == TRACE_PICTURE_SERVICE  ? "#9c74c2"
								 : "#c9796d";

	(void)fprintf(out,
		      "  b%zu -> b%zu [penwidth=%u.%u, arrowsize=0.%02u, color=\"%s\", "
		      "weight=%u, %slabel=<" LINE_TABLE "<TR><TD>",
		      back ? l->to : l->from, back ? l->from : l->to, w / 10, w % 10,
		      w <= 20   ? 60
		      : w <= 60 ? 1200 / w
				: 20,
		      color, 1 + w / 8, back ? "dir=back, style=dashed, " : ""); /* not words */
	put_html_amount(out, d->p->the_case, l->amount);
	if (l->transfers > 1) {
		(void)fprintf(out, "</TD></TR><TR><TD>%" PRIu64 " transfers",
			      l->transfers); /* not words */
	}
	(void)fputs("</TD></TR></TABLE>>];\n", out); /* not words */
}

/* The column's first moment; the last one's too where it spans more than a minute. */
static void put_axis(FILE *out, const struct drawing *d, unsigned column)
{
	uint64_t first = UINT64_MAX, last = 0;
	bool folded = false, service = false;
	char text[TRACE_PICTURE_TIME_MAX], end[TRACE_PICTURE_TIME_MAX];

	for (size_t i = 0; i < d->boxes_n; i++) {
		if (d->boxes[i].column == column) {
			first = d->boxes[i].first_s < first ? d->boxes[i].first_s : first;
			last = d->boxes[i].last_s > last ? d->boxes[i].last_s : last;
			folded = d->boxes[i].folded;
			service = is_service(d, &d->boxes[i]);
		}
	}
	trace_picture_time(text, first);
	trace_picture_time(end, last);
	(void)fprintf(
	    out, "  t%u [shape=plaintext, group=axis, fontcolor=\"#666666\", fontsize=10, label=\"",
	    column);                                              /* not words */
	(void)fputs(folded ? "small flows, folded\\n" : "", out); /* not words */
	if (service) {
		(void)fputs("exchanges and services", out); /* not words */
	} else if (strcmp(text, end) == 0) {
		(void)fputs(text, out);
	} else {
		(void)fprintf(out, "%s\\n.. %s", text,
			      strncmp(text, end, 10) == 0 ? end + 11 : end);
	}
	(void)fputs("\"];\n", out);
	if (column > 0) {
		(void)fprintf(out,
			      "  t%u -> t%u [color=\"#bbbbbb\", arrowsize=0.5, weight=1000];\n",
			      column - 1, column); /* not words */
	}
	(void)fprintf(out, "  { rank=same; t%u;", column); /* not words */
	for (size_t i = 0; i < d->boxes_n; i++) {
		if (d->boxes[i].column == column) {
			(void)fprintf(out, " b%zu;", i);
		}
	}
	(void)fputs(" }\n", out);
}

/* A word of the legend on the ground, and in the frame, that it explains. */
static void put_swatch(FILE *out, const char *fill, const char *border, const char *style,
		       unsigned width, const char *what)
{
	(void)fprintf(out,
		      "<TD BORDER=\"%u\" CELLPADDING=\"3\" STYLE=\"rounded%s\" BGCOLOR=\"%s\" "
		      "COLOR=\"%s\">%s</TD><TD WIDTH=\"8\"></TD>",
		      width, style, fill, border, what); /* not words */
}

/* What each colour and line means; only of what is in this picture. */
static void put_legend(FILE *out, const struct drawing *d)
{
	static const char *const words[] = {
		[TRACE_PICTURE_SEED] = "where the stolen coins were first",
		[TRACE_PICTURE_THIEF] = "labelled as the thief's",
		[TRACE_PICTURE_PLAIN] = "no label",
		[TRACE_PICTURE_EXCHANGE] = "exchange",
		[TRACE_PICTURE_SERVICE] = "other labelled service",
		[TRACE_PICTURE_END] = "fees, burnt",
	}; /* not words: see looks */
	bool seen[ARRAY_LEN(words)] = { false }, folded = false;

	for (size_t i = 0; i < d->boxes_n; i++) {
		seen[d->p->accounts[d->boxes[i].account].kind] |= !d->boxes[i].folded;
		folded = folded || d->boxes[i].folded;
	}
	(void)fputs(PLAIN_TABLE "><TR>", out); /* not words */
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (seen[i]) {
			put_swatch(out, looks[i].fill, looks[i].border, "", 1, words[i]);
		}
	}
	if (folded) {
		put_swatch(out, FOLDED_FILL, FOLDED_BORDER, ",dashed", 1,
			   "small flows, folded and counted"); /* not words */
	}
	put_swatch(out, looks[0].fill, looks[0].border, "", 3, "coins stay here"); /* not words */
	(void)fputs(
	    "</TR></TABLE></TD></TR><TR><TD>time runs from left to right; the widest line is ",
	    out); /* not words */
	put_html_amount(out, d->p->the_case, d->widest);
	(void)fputs(", the others are in proportion", out); /* not words */
	(void)fputs(d->back ? "; a broken line runs back, to who had coins before" : "",
		    out); /* not words */
}

static void put_rest_counts(FILE *out, const struct drawing *d, uint64_t folded)
{
	(void)fprintf(out,
		      "%" PRIu64 " small account%s folded; %" PRIu64
		      " transfers inside boxes and %" PRIu64 " in small flows (",
		      folded, folded == 1 ? " is" : "s are", d->inside, d->small_n); /* not words */
	put_html_amount(out, d->p->the_case, d->small);
	(void)fputs(") have no line", out); /* not words */
}

/* What has no box or line of its own. */
static void put_rest(FILE *out, const struct drawing *d)
{
	const struct trace_picture *p = d->p;
	uint64_t folded = 0;

	for (size_t i = 0; i < d->boxes_n; i++) {
		folded += d->boxes[i].folded ? d->boxes[i].members : 0;
	}
	if (folded == 0 && d->small_n == 0) {
		(void)fputs("every account has its box, every flow its line", out); /* not words */
	} else {
		put_rest_counts(out, d, folded);
	}
	if (p->evaporated > 0) {
		(void)fputs("; below the floor: ", out); /* not words */
		put_html_amount(out, p->the_case, p->evaporated);
	}
}

static void put_title(FILE *out, const struct drawing *d)
{
	const struct trace_picture *p = d->p;
	char text[TRACE_PICTURE_TIME_MAX];

	trace_picture_time(text, p->time_s);
	/* not words: see looks */
	(void)fputs(PLAIN_TABLE ">", out);
	if (p->the_case->generated) {
		(void)fputs("<TR><TD><FONT POINT-SIZE=\"18\" COLOR=\"#a01c0f\"><B>GENERATED DATA, "
			    "NOT A REAL LEDGER</B></FONT></TD></TR>",
			    out); /* not words */
	}
	(void)fputs("<TR><TD><FONT POINT-SIZE=\"15\">Case ", out); /* not words */
	put_xml(out, p->the_case->name);
	(void)fprintf(out,
		      ": stolen coins by the rule \"%s\", as of height %" PRIu64
		      ", %s UTC</FONT></TD></TR><TR><TD>",
		      p->policy, p->height, text); /* not words */
	put_legend(out, d);
	(void)fputs("</TD></TR><TR><TD>", out); /* not words */
	put_rest(out, d);
	(void)fputs("</TD></TR><TR><TD>amounts of one and more are cut to whole ones here, the "
		    "report has every digit; one method of several, no legal advice"
		    "</TD></TR></TABLE>",
		    out); /* not words */
}

void trace_picture_dot(FILE *out, const struct trace_picture *p)
{
	struct drawing d;

	drawing_make(&d, p);
	/* not words: a language of a program */
	(void)fputs("digraph trace {\n"
		    "  graph [rankdir=LR, fontname=\"DejaVu Sans\", fontsize=11, labelloc=t, "
		    "nodesep=0.28, ranksep=0.5, bgcolor=white, pad=0.2, label=<",
		    out);
	put_title(out, &d);
	(void)fputs(
	    ">];\n"
	    "  node [shape=box, fontname=\"DejaVu Sans\", fontsize=10, margin=\"0.25,0.08\"];\n"
	    "  edge [fontname=\"DejaVu Sans\", fontsize=9, fontcolor=\"#333333\", "
	    "arrowsize=0.6];\n",
	    out); /* not words */
	for (size_t i = 0; i < d.boxes_n; i++) {
		put_box(out, &d, i);
	}
	for (unsigned c = 0; c < d.columns; c++) {
		put_axis(out, &d, c);
	}
	for (size_t i = 0; i < d.lines_n; i++) {
		put_line(out, &d, &d.lines[i]);
	}
	(void)fputs("}\n", out);
	drawing_free(&d);
}

/* ---- GraphML ----------------------------------------------------------------------------- */

static void put_key(FILE *out, const char *id, const char *of, const char *type)
{
	(void)fprintf(out, "  <key id=\"%s\" for=\"%s\" attr.name=\"%s\" attr.type=\"%s\"/>\n", id,
		      of, id, type); /* not words */
}

static void put_data(FILE *out, const char *key, const char *value)
{
	(void)fprintf(out, "<data key=\"%s\">", key); /* not words */
	put_xml(out, value);
	(void)fputs("</data>", out); /* not words */
}

static void put_number(FILE *out, const char *key, uint64_t value)
{
	(void)fprintf(out, "<data key=\"%s\">%" PRIu64 "</data>", key, value); /* not words */
}

void trace_picture_graphml(FILE *out, const struct trace_picture *p)
{
	static const char *const texts[] = { "address", "label", "category" };
	static const char *const numbers[] = { "seeded", "held", "first_s" };
	static const char *const of_flows[] = { "amount", "transfers", "from_s", "until_s" };

	/* amounts are texts: the longs of GraphML are signed */
	(void)fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		    "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n",
		    out); /* not words */
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		put_key(out, texts[i], "node", "string");
	}
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		put_key(out, numbers[i], "node", i < 2 ? "string" : "long");
	}
	for (size_t i = 0; i < ARRAY_LEN(of_flows); i++) {
		put_key(out, of_flows[i], "edge", i == 0 ? "string" : "long");
	}
	put_key(out, "policy", "graph", "string");
	put_key(out, "height", "graph", "long");
	put_key(out, "generated", "graph", "boolean");
	(void)fputs("  <graph edgedefault=\"directed\">", out); /* not words */
	put_data(out, "policy", p->policy);
	put_number(out, "height", p->height);
	put_data(out, "generated", p->the_case->generated ? "true" : "false");
	(void)fputc('\n', out);
	for (size_t i = 0; i < p->accounts_n; i++) {
		const struct trace_picture_account *a = &p->accounts[i];

		(void)fprintf(out, "    <node id=\"n%zu\">", i); /* not words */
		put_data(out, "address", a->address);
		put_data(out, "label", a->label);
		put_data(out, "category", a->category);
		put_number(out, "seeded", a->seeded);
		put_number(out, "held", a->held);
		put_number(out, "first_s", a->first_s);
		(void)fputs("</node>\n", out); /* not words */
	}
	for (size_t i = 0; i < p->flows_n; i++) {
		const struct trace_picture_flow *f = &p->flows[i];

		(void)fprintf(out, "    <edge source=\"n%" PRIu32 "\" target=\"n%" PRIu32 "\">",
			      f->from, f->to); /* not words */
		put_number(out, "amount", f->amount);
		put_number(out, "transfers", f->transfers);
		put_number(out, "from_s", f->first_s);
		put_number(out, "until_s", f->last_s);
		(void)fputs("</edge>\n", out); /* not words */
	}
	(void)fputs("  </graph>\n</graphml>\n", out); /* not words */
}

/* ---- SVG --------------------------------------------------------------------------------- */

/* Runs `dot -Tsvg` on a file that is unlinked already, into another one.  0 or an errno. */
static int run_dot(FILE *in, FILE *result, int *status)
{
	static char name[] = "dot", svg[] = "-Tsvg";
	char *const argv[] = { name, svg, NULL };
	posix_spawn_file_actions_t actions;
	pid_t child = 0;
	int e = posix_spawn_file_actions_init(&actions);

	CHECK(e == 0);
	e = posix_spawn_file_actions_adddup2(&actions, fileno(in), STDIN_FILENO);
	CHECK(e == 0);
	e = posix_spawn_file_actions_adddup2(&actions, fileno(result), STDOUT_FILENO);
	CHECK(e == 0);
	e = posix_spawnp(&child, name, &actions, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	while (e == 0 && waitpid(child, status, 0) < 0) {
		if (errno != EINTR) {
			e = errno;
		}
	}
	return e;
}

int trace_picture_svg(FILE *out, const struct trace_picture *p)
{
	FILE *in = tmpfile(), *result = tmpfile();
	char buffer[4096];
	int status = 0, e = 0, code = 0;
	size_t n;

	if (in == NULL || result == NULL) {
		code = cli_fail(ERR_IO, "a temporary file: %s", strerror(errno));
	} else {
		trace_picture_dot(in, p);
		if (fflush(in) != 0 || fseek(in, 0, SEEK_SET) != 0) {
			code = cli_fail(ERR_IO, "a temporary file: %s", strerror(errno));
		}
	}
	if (code == 0) {
		e = run_dot(in, result, &status);
		if (e != 0) {
			code =
			    cli_fail(ERR_IO,
				     "the program dot of Graphviz cannot be started (%s): install "
				     "the package graphviz, or ask for dot or graphml",
				     strerror(e));
		} else if (status != 0) {
			code = cli_fail(ERR_IO, "the program dot of Graphviz failed; dot=FILE "
						"writes what it was given");
		}
	}
	if (code == 0) {
		(void)fseek(result, 0, SEEK_SET);
		while ((n = fread(buffer, 1, sizeof buffer, result)) > 0) {
			(void)fwrite(buffer, 1, n, out);
		}
	}
	if (in != NULL) {
		(void)fclose(in);
	}
	if (result != NULL) {
		(void)fclose(result);
	}
	return code;
}
