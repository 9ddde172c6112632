/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drills.c - no valid drill, no new deposit address: whoever asks for a customer's deposit message
 * gets it only while as many cold holders as a recovery needs have shown that their cards bring
 * their keys back (cold/cold_drill.h, docs/ceremony.md).
 *
 * People put the files into one folder: `holding`, `roster-2` and on (the successors of the first
 * roster, which the configuration names), and drills under any name that begins with `drill`.
 * They are read again when somebody asks and the last look is older than DRILLS_LOOK_MS; what is
 * wrong with them goes to who asked and into the log.  Coins that come in by messages given out
 * before are booked as ever: this keeps nothing that is on the chain from its owner.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/words.h"
#include "cold/cold.h"
#include "io/clock.h"
#include "io/drills.h"
#include "io/file.h"
#include "io/notes.h"
#include "server.h"

enum { DRILLS_LOOK_MS = 1000, ROSTERS_MAX = 16, PLACE_MAX = 2 * SERVER_PATH_MAX };

static_assert((int)ROSTERS_MAX <= (int)COLD_ROSTERS_MAX, "cold_rules_open() takes no more");

struct drills {
	struct cold_rules rules;
	struct policy_verdict verdict; /* of the last look */
	uint64_t looked_ms;            /* 0: never */
	uint8_t *room;                 /* of one look */
	size_t room_n, room_cap;
};

enum { ROOM_BYTES = (ROSTERS_MAX + 2) * DOC_BYTES_MAX };

/* A whole file into the room, without an editor's line feed. */
static enum err take(struct drills *d, const char *path, size_t max, struct bytes *out)
{
	uint8_t *at = d->room + d->room_n;
	size_t n = 0;
	enum err e;

	CHECK(d->room_cap - d->room_n >= max);
	e = file_read(path, at, max, &n);
	if (e == ERR_OK) {
		n -= n > 0 && at[n - 1] == '\n';
		*out = bytes_of(at, n);
		d->room_n += n;
	}
	return e;
}

static enum err place(char out[PLACE_MAX], const char *folder, const char *name)
{
	int n = snprintf(out, PLACE_MAX, "%s/%s", folder, name);

	return n > 0 && n < PLACE_MAX ? ERR_OK : ERR_TOO_LARGE;
}

static struct policy_verdict refused(enum err e, const char *field, const char *words)
{
	return (struct policy_verdict){ .err = e, .field = field, .words = words };
}

/* Genesis and first roster are the server's own; what follows stands in the folder. */
static struct policy_verdict look_rules(struct drills *d, const struct server_config *c)
{
	struct bytes genesis = { .n = 0 }, holding = { .n = 0 }, rosters[ROSTERS_MAX];
	char path[PLACE_MAX], name[32];
	size_t n = 1;
	enum err e = take(d, c->genesis_file, DOC_BYTES_MAX, &genesis);

	if (e == ERR_OK) {
		e = take(d, c->roster_file, DOC_BYTES_MAX, &rosters[0]);
	}
	if (e != ERR_OK) {
		return refused(e, "roster", N_("the first roster cannot be read"));
	}
	while (n < ROSTERS_MAX) {
		(void)snprintf(name, sizeof name, "roster-%zu", n + 1);
		e = place(path, c->drill_folder, name);
		e = e == ERR_OK ? take(d, path, DOC_BYTES_MAX, &rosters[n]) : e;
		if (e == ERR_NOT_FOUND) {
			break;
		}
		if (e != ERR_OK) {
			return refused(e, "roster",
				       N_("a roster of the drill folder cannot be read"));
		}
		n++;
	}
	e = place(path, c->drill_folder, "holding");
	e = e == ERR_OK ? take(d, path, DOC_BYTES_MAX, &holding) : e;
	if (e != ERR_OK) {
		return refused(e, "holding",
			       N_("the drill folder has no holding that can be read"));
	}
	return cold_rules_open(&d->rules, genesis, rosters, n, holding);
}

static void told(const char *file, const struct policy_verdict *v)
{
	NOTES(NOTES_UNUSUAL, "drill-refused", notes_text("file", file),
	      notes_text("field", v->field), notes_text("detail", v->words));
}

static void look(struct server *s, struct drills *d)
{
	static uint8_t room[ROOM_BYTES];
	struct policy_verdict v;

	d->room = room;
	d->room_n = 0;
	d->room_cap = sizeof room;
	v = look_rules(d, &s->config);
	if (v.err == ERR_OK) {
		v = drills_judge(s->config.drill_folder, &d->rules, clock_wall_ms(), told);
	}
	if (v.err != d->verdict.err || d->looked_ms == 0) {
		NOTES(v.err == ERR_OK ? NOTES_INFO : NOTES_UNUSUAL, "drills",
		      notes_text("field", v.field), notes_text("detail", v.words));
	}
	d->verdict = v;
	d->looked_ms = clock_mono_ms();
}

bool drills_refuse(struct server *s, uint64_t tag)
{
	static struct drills d;
	uint8_t room[512];
	struct writer w = writer_make(room, sizeof room);

	if (s->config.drill_folder[0] == '\0') {
		return false;
	}
	if (d.looked_ms == 0 || clock_mono_ms() - d.looked_ms >= DRILLS_LOOK_MS) {
		look(s, &d);
	}
	if (d.verdict.err == ERR_OK) {
		return false;
	}
	/* whatever is wrong with the files, to who asks it is one thing: not now */
	payout_put_refusal(&w, ERR_STALE, d.verdict.field, d.verdict.words, "%s");
	CHECK(!w.bad);
	api_answer(&s->api, tag, bytes_of(room, w.n));
	return true;
}
