/* SPDX-License-Identifier: Apache-2.0 */
#include "cards.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/check.h"
#include "crypto/crypto.h"
#include "io/random.h"
#include "io/words.h"

enum { ROW_WORDS = 4, COLUMN = 14, ROW_BYTES = ROW_WORDS * (COLUMN + 4) + 2 };

static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

static void catch (void (*how)(int), void (*background)(int))
{
	struct sigaction a = { .sa_handler = how };

	for (size_t i = 0; i < sizeof ending / sizeof ending[0]; i++) {
		(void)sigaction(ending[i], &a, NULL); /* no SA_RESTART: a read ends */
	}
	a.sa_handler = background;
	(void)sigaction(SIGTSTP, &a, NULL);
}

enum err cards_begin(void)
{
	if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) {
		(void)fprintf(stderr, _("kuramori-cold: cards are shown and typed at a terminal "
					"only: a file would keep them\n"));
		return ERR_INPUT;
	}
	catch (on_signal, SIG_IGN);
	return ERR_OK;
}

void cards_end(void)
{
	catch (SIG_DFL, SIG_DFL);
}

/* Around stdio, which would keep a copy. */
static void put(const char *p, size_t n)
{
	(void)fflush(stdout);
	while (n > 0) {
		ssize_t done = write(STDOUT_FILENO, p, n);

		if (done <= 0) {
			return; /* no screen, no card on it */
		}
		p += done;
		n -= (size_t)done;
	}
}

void cards_clear(void)
{
	static const char clear[] = "\033[H\033[2J\033[3J";

	put(clear, sizeof clear - 1);
}

/* ---- lines --------------------------------------------------------------------------------- */

static enum err line_read(char *out, size_t cap)
{
	size_t n = 0;
	char c = 0;

	while (stopped == 0) {
		ssize_t got = read(STDIN_FILENO, &c, 1);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return ERR_IO;
		}
		if (got == 0) {
			return ERR_STOPPING;
		}
		if (c == '\n') {
			out[n < cap ? n : cap - 1] = '\0';
			c = 0;
			return n < cap ? ERR_OK : ERR_TOO_LARGE;
		}
		if (n < cap) {
			out[n] = c;
			n++;
		}
	}
	return ERR_STOPPING;
}

enum err cards_line(const char *prompt, char *out, size_t cap, bool echo)
{
	struct termios before, quiet;
	enum err e;

	if (echo) {
		(void)printf("%s ", prompt);
		(void)fflush(stdout);
		return line_read(out, cap);
	}
	if (tcgetattr(STDIN_FILENO, &before) != 0) {
		return ERR_IO;
	}
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) != 0) {
		return ERR_IO;
	}
	/* only now: who sees it types unseen */
	(void)printf("%s ", prompt);
	(void)fflush(stdout);
	e = line_read(out, cap);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	(void)printf("\n");
	return e;
}

static bool printable(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text < ' ' || *text > '~') {
			return false;
		}
	}
	return true;
}

enum err cards_passphrase(struct cards *c, bool twice)
{
	for (;;) {
		enum err e = cards_line(_("passphrase of the cards, empty for none:"),
					c->passphrase, SHARES_PASSPHRASE_MAX + 1, false);

		if (e == ERR_OK && twice) {
			e = cards_line(_("the same again:"), c->again, SHARES_PASSPHRASE_MAX + 1,
				       false);
		}
		if (e != ERR_OK && e != ERR_TOO_LARGE) {
			return e;
		}
		if (e != ERR_OK || !printable(c->passphrase)) {
			(void)printf(_("only letters, digits and signs of ASCII, at most 256: "
				       "every program must be able to type it\n"));
		} else if (twice && strcmp(c->passphrase, c->again) != 0) {
			(void)printf(_("these differ\n"));
		} else {
			return ERR_OK;
		}
	}
}

/* ---- words --------------------------------------------------------------------------------- */

static size_t count_words(const char *text)
{
	size_t n = *text != '\0';

	for (; *text != '\0'; text++) {
		n += *text == ' ';
	}
	return n;
}

/* Where word number `at`, from 1, stands in a text with one blank between words; *n letters. */
static const char *word_at(const char *text, size_t at, size_t *n)
{
	while (--at > 0 && strchr(text, ' ') != NULL) {
		text = strchr(text, ' ') + 1;
	}
	*n = strcspn(text, " ");
	return text;
}

/* Puts what was typed behind a text: small letters, one blank between words.  False: no room. */
static bool join(char *text, size_t cap, const char *line)
{
	size_t n = strlen(text);
	bool gap = n > 0;

	for (; *line != '\0'; line++) {
		bool blank = *line == ' ' || *line == '\t' || *line == '\r';
		char letter = *line >= 'A' && *line <= 'Z' ? (char)(*line + ('a' - 'A')) : *line;

		if (blank) {
			gap = n > 0;
			continue;
		}
		if (n + 2 >= cap) {
			return false;
		}
		if (gap) {
			text[n++] = ' ';
		}
		gap = false;
		text[n++] = letter;
		text[n] = '\0';
	}
	return true;
}

/* ---- faults -------------------------------------------------------------------------------- */

static void say(size_t number, const char *words)
{
	(void)fprintf(stderr, _("card %zu: %s\n"), number, words);
}

static void card_fault(const struct shares_fault *f, size_t number)
{
	switch ((unsigned)f->kind) {
	case SHARES_WORD:
		(void)fprintf(stderr, _("card %zu, word %zu: not on the list of words\n"), number,
			      f->word);
		break;
	case SHARES_LENGTH:
		(void)fprintf(stderr,
			      _("card %zu: it has %zu words, and no such card has as many: a line "
				"was left out or typed twice\n"),
			      number, f->word);
		break;
	case SHARES_CHECKSUM:
		if (f->word != 0) {
			(void)fprintf(stderr,
				      _("card %zu, word %zu: not the word that was written down\n"),
				      number, f->word);
		} else {
			say(number, _("several words, or their order, are not what was written "
				      "down: compare all"));
		}
		break;
	default:
		say(number, _("no program makes such a card: treat it as forged"));
		break;
	}
}

static void several_fault(const struct shares_fault *f)
{
	switch ((unsigned)f->kind) {
	case SHARES_OTHER_SET:
		say(f->card + 1, _("of another set than the others: the first two words are the "
				   "same on all cards of a set"));
		break;
	case SHARES_OTHER_THRESHOLD:
	case SHARES_SAME_MEMBER:
		(void)fprintf(stderr,
			      _("card %zu and card %zu contradict each other: one is forged\n"),
			      f->card + 1, f->other + 1);
		break;
	case SHARES_SAME_CARD:
		(void)fprintf(stderr, _("card %zu: the same as card %zu\n"), f->card + 1,
			      f->other + 1);
		break;
	case SHARES_SURPLUS_CARD:
	case SHARES_SURPLUS_GROUP:
		say(f->card + 1, _("more than are needed: its group has enough, or the others do"));
		break;
	case SHARES_TOO_FEW_CARDS:
		(void)printf(_("group %u needs %u more cards\n"), f->group + 1U, f->missing);
		break;
	case SHARES_TOO_FEW_GROUPS:
		(void)printf(_("cards of %u more groups are needed\n"), f->missing);
		break;
	case SHARES_GROUP_DIGEST:
		(void)fprintf(stderr,
			      _("the cards of group %u do not fit together: one is forged\n"),
			      f->group + 1U);
		break;
	case SHARES_SET_DIGEST:
		(void)fprintf(stderr, _("the groups do not fit together: one is forged\n"));
		break;
	default:
		(void)fprintf(stderr, _("these are no cards that bring a key back\n"));
		break;
	}
}

void cards_fault(const struct shares_fault *f, size_t number)
{
	(void)fflush(stdout);
	if (f->kind <= SHARES_THRESHOLD) {
		card_fault(f, number);
	} else {
		several_fault(f);
	}
}

/* ---- typing -------------------------------------------------------------------------------- */

/* Judges what was typed so far, `before` bytes of it before the last line.  ERR_WAIT: go on. */
static enum err judge(struct cards *c, size_t number, size_t words, size_t before, bool over,
		      struct share *out)
{
	struct shares_fault fault;
	enum err e = shares_read(out, bytes_str(c->typed), &fault);
	size_t n = count_words(c->typed);

	if (fault.kind == SHARES_WORD) {
		/* what stood in the lines before was on the list */
		cards_fault(&fault, number);
		crypto_wipe(c->typed + before, sizeof c->typed - before);
		(void)printf(_("type this line again; %zu words are taken\n"),
			     count_words(c->typed));
		return ERR_WAIT;
	}
	if (n < words && !over) {
		return ERR_WAIT;
	}
	if (n != words) {
		fault = (struct shares_fault){ .kind = SHARES_LENGTH, .word = n };
		e = ERR_INPUT;
	}
	if (e != ERR_OK) {
		cards_fault(&fault, number);
		crypto_wipe(c->typed, sizeof c->typed);
		(void)printf(_("type this card again, from its first word\n"));
		return ERR_WAIT;
	}
	return ERR_OK;
}

enum err cards_type(struct cards *c, size_t number, size_t words, struct share *out)
{
	enum err e = ERR_WAIT;

	crypto_wipe(c->typed, sizeof c->typed);
	(void)printf(_("card %zu: type its %zu words, on as many lines as you like\n"), number,
		     words);
	while (e == ERR_WAIT) {
		size_t before = strlen(c->typed);
		bool fits;

		e = cards_line(">", c->line, sizeof c->line, true);
		if (e != ERR_OK && e != ERR_TOO_LARGE) {
			break;
		}
		fits = e == ERR_OK && join(c->typed, sizeof c->typed, c->line);
		if (!fits) {
			struct shares_fault fault = { .kind = SHARES_LENGTH, .word = 0 };

			fault.word = count_words(c->typed);
			cards_fault(&fault, number);
			crypto_wipe(c->typed, sizeof c->typed);
			e = ERR_WAIT;
			continue;
		}
		if (c->typed[0] == '\0') {
			e = ERR_NOT_FOUND;
			break;
		}
		e = judge(c, number, words, before, strlen(c->typed) == before, out);
	}
	crypto_wipe(c->line, sizeof c->line);
	return e;
}

/* The card must be shown again: the first word that differs is named. */
static void differs(const struct cards *c, size_t i)
{
	size_t at = 1, a = 0, b = 0;
	const char *x, *y;

	do {
		x = word_at(c->shown, at, &a);
		y = word_at(c->typed, at, &b);
		at++;
	} while (at <= SHARES_CARD_WORDS_MAX && bytes_eq(bytes_of(x, a), bytes_of(y, b)));
	(void)fflush(stdout);
	(void)fprintf(stderr, _("card %zu, word %zu: not the word that was shown\n"), i + 1,
		      at - 1);
}

/* Some of the words, which the kernel's randomness names. */
static enum err read_some(struct cards *c, size_t i, size_t want, size_t count)
{
	enum err e = ERR_OK;

	for (size_t at = 1; e == ERR_OK && at <= count && want > 0; at++) {
		uint32_t dice;
		char prompt[64];
		const char *word;
		size_t n;

		random_fill(&dice, sizeof dice);
		if (dice % (count - at + 1) >= want) {
			continue;
		}
		want--;
		(void)snprintf(prompt, sizeof prompt, _("card %zu, word %zu:"), i + 1, at);
		e = cards_line(prompt, c->line, sizeof c->line, true);
		crypto_wipe(c->typed, sizeof c->typed);
		word = word_at(c->shown, at, &n);
		if (e == ERR_OK && (!join(c->typed, sizeof c->typed, c->line) ||
				    !bytes_eq(bytes_str(c->typed), bytes_of(word, n)))) {
			(void)fprintf(stderr,
				      _("card %zu, word %zu: not the word that was shown\n"), i + 1,
				      at);
			e = ERR_MISMATCH;
		}
	}
	crypto_wipe(c->line, sizeof c->line);
	return e == ERR_TOO_LARGE ? ERR_MISMATCH : e;
}

enum err cards_read_back(struct cards *c, size_t i, size_t words)
{
	size_t count;
	struct share typed;
	enum err e;

	shares_text(c->shown, &c->card[i]);
	count = count_words(c->shown);
	if (words < count) {
		e = read_some(c, i, words, count);
	} else {
		e = cards_type(c, i + 1, count, &typed);
		if (e == ERR_OK && strcmp(c->typed, c->shown) != 0) {
			differs(c, i);
			e = ERR_MISMATCH;
		}
		crypto_wipe(&typed, sizeof typed);
	}
	crypto_wipe(c->shown, sizeof c->shown);
	crypto_wipe(c->typed, sizeof c->typed);
	return e == ERR_NOT_FOUND ? ERR_MISMATCH : e;
}

/* ---- a set --------------------------------------------------------------------------------- */

void cards_show(struct cards *c, size_t i, const struct shares_plan *plan)
{
	const struct share *s = &c->card[i];
	char row[ROW_BYTES];
	size_t count;

	cards_clear();
	(void)printf(_("card %zu of %zu: group %u, card %u of its %u, of which %u are needed\n"),
		     i + 1, c->n, s->group + 1U, s->member + 1U, plan->groups[s->group].count + 0U,
		     s->member_threshold + 0U);
	(void)printf(_("groups that are needed: %u of %u\n\n"), s->group_threshold + 0U,
		     s->group_count + 0U);
	shares_text(c->shown, s);
	count = count_words(c->shown);
	for (size_t first = 1; first <= count; first += ROW_WORDS) {
		size_t n = 0;

		for (size_t at = first; at < first + ROW_WORDS && at <= count; at++) {
			size_t letters;
			const char *word = word_at(c->shown, at, &letters);

			n += (size_t)snprintf(row + n, sizeof row - n, "%3zu %-*.*s", at,
					      COLUMN - 3, (int)letters, word);
		}
		row[n++] = '\n';
		put(row, n);
	}
	(void)printf("\n");
	crypto_wipe(row, sizeof row);
	crypto_wipe(c->shown, sizeof c->shown);
}

/* The card that a fault names is left out. */
static void leave_out(struct cards *c, size_t at)
{
	for (size_t i = at; i + 1 < c->n; i++) {
		c->card[i] = c->card[i + 1];
	}
	c->n--;
	crypto_wipe(&c->card[c->n], sizeof c->card[c->n]);
	(void)printf(_("it is left out; %zu cards are taken\n"), c->n);
}

/* ERR_OK: these suffice.  ERR_WAIT: more are needed. */
static enum err enough(struct cards *c)
{
	struct shares_fault fault;
	size_t n;
	/* under whatever passphrase: whether they fit does not depend on it */
	enum err e = shares_combine(c->secret, &n, c->card, c->n, bytes_str(""), &fault);

	crypto_wipe(c->secret, sizeof c->secret);
	if (e == ERR_OK) {
		return ERR_OK;
	}
	cards_fault(&fault, 0);
	switch ((unsigned)fault.kind) {
	case SHARES_TOO_FEW_CARDS:
	case SHARES_TOO_FEW_GROUPS:
		return ERR_WAIT;
	case SHARES_GROUP_DIGEST:
	case SHARES_SET_DIGEST:
	case SHARES_NONE:
		return ERR_MISMATCH;
	default:
		leave_out(c, fault.card);
		return ERR_WAIT;
	}
}

enum err cards_collect(struct cards *c, size_t words)
{
	enum err e = ERR_WAIT;

	c->n = 0;
	while (e == ERR_WAIT) {
		if (c->n == COLD_CARDS_MAX) {
			return ERR_FULL;
		}
		e = cards_type(c, c->n + 1, words, &c->card[c->n]);
		cards_clear();
		if (e == ERR_NOT_FOUND) {
			(void)printf(_("these do not suffice; Ctrl-C ends\n"));
			e = ERR_WAIT;
			continue;
		}
		if (e == ERR_OK && c->card[c->n].exponent > COLD_CARDS_EXPONENT_MAX) {
			say(c->n + 1, _("its passphrase would be counted for too long: no card of "
					"ours is so"));
			e = ERR_WAIT;
		} else if (e == ERR_OK) {
			(void)printf(_("card %zu is taken\n"), c->n + 1);
			c->n++;
			e = enough(c);
		}
	}
	crypto_wipe(c->typed, sizeof c->typed);
	return e;
}
