/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cold_restore.h - a key that came back from cards, and what it does not know any more.
 *
 * The journal binds a key: which refill of a box it signed, how much within its limit's window.
 * Cards bring the key back and not the journal; a copy of the journal may be older than what the
 * key signed last.  No document that anybody can hand over proves that nothing came after it, so
 * what the lost journal forbade is forbidden by time (docs/decisions/0038-a-restored-key-waits.md):
 * the journal says that the key was restored, and from then on nothing is signed until
 *
 *   whatever was signed before has left the limit's window, by our clock and by the watchers'
 *   chain, whichever is slower;
 *   whatever refill was signed before has run out behind a block that nothing undoes: its deadline
 *   was at most COLD_RESTORED_MS after the restore.  The tallies say that the box is untouched.
 *
 * What a copy of the old journal knows stays known and binds longer.
 */
#ifndef KURAMORI_COLD_COLD_RESTORE_H
#define KURAMORI_COLD_COLD_RESTORE_H

#include "chain/nem/nem_time.h"
#include "cold/cold.h"

enum {
	/* a refill signed at the moment of the restore: a day of deadline, how far it may have been
	 * ahead, and as much again for the lost machine's clock as a watcher's chain may be off */
	COLD_RESTORED_MS = NEM_TIME_DEADLINE_MAX_S * 1000 + COLD_AHEAD_MS + COLD_LAG_MS,
};

/*
 * An answer that this key gave before it was lost: *answers becomes the place behind it, if that is
 * more.  It shortens nothing; the new journal counts on from there, so that none of its answers
 * stands where watchers know another.  Refused: the errors of doc_open() and doc_answer_read();
 * ERR_SIGNATURE not this key's; ERR_CLOCK our clock is behind it; ERR_FIELD_RANGE a place that no
 * journal comes to.
 */
struct policy_verdict cold_restore_answer(uint64_t *answers, const struct cold_rules *rules,
					  const struct cold_secrets *secrets, struct bytes raw,
					  uint64_t now_ms);

/*
 * Writes into the journal that the key was restored now, under these rules, whose roster and
 * holding are from now on the oldest that are taken.  c: begun, by cold_begin() or by the replay of
 * a copy of the old journal, which is then the journal's beginning.  answers: how many the key has
 * given, as far as its own answers tell (cold_restore_answer(); 0: nobody knows of any).
 * Refused: ERR_STATE not begun or broken, or the copy was used with a newer roster or holding;
 * ERR_GENESIS the copy is of another one; ERR_CLOCK our clock is behind the copy; the errors of
 * append(): c is broken then.  buffer as in cold_begin().
 */
struct policy_verdict cold_restore(struct cold *c, const struct cold_secrets *secrets,
				   const struct cold_rules *rules, uint64_t answers,
				   uint64_t now_ms, const struct cold_journal *journal,
				   uint8_t *buffer);

/* What cold_restore() says of a copy of the old journal, before anything is made of it. */
struct policy_verdict cold_restore_judge(const struct cold *c, const struct cold_rules *rules,
					 uint64_t now_ms);

/* The first moment, by our clock, at which a restored key may sign; 0: it was never restored. */
uint64_t cold_restored_until(const struct cold *c, const struct cold_rules *rules);

#endif
