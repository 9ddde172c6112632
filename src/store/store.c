/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.c - what all engines share: the order of calls, the chain of batches, the broken state.
 */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"

void store_init(struct store *s, const struct store_engine *engine, const char *path)
{
	memset(s, 0, sizeof(*s));
	s->engine = engine;
	s->phase = STORE_OPENED;
	(void)snprintf(s->path, sizeof(s->path), "%s", path);
}

void store_fault_set(struct store_fault *fault, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(fault->text, sizeof(fault->text), format, args);
	va_end(args);
	CHECK(n >= 0);
}

static enum err wrong_phase(struct store *s)
{
	switch (s->phase) {
	case STORE_OPENED:
		store_fault_set(&s->fault, "%s: not replayed yet", s->path);
		break;
	case STORE_READY:
		store_fault_set(&s->fault, "%s: replayed already", s->path);
		break;
	case STORE_BROKEN:
		/* The text of the first failure stays: it is the one that matters. */
		break;
	case STORE_CLOSED:
		store_fault_set(&s->fault, "%s: closed", s->path);
		break;
	}
	return ERR_STATE;
}

/* One batch to be written: it verifies, and it follows what ends at sequence and head. */
static enum err check_one(struct store *s, struct store_batch *out, struct bytes batch,
			  uint64_t sequence, const struct hash32 *head)
{
	const struct log_batch_head *h = &out->view.head;

	out->bytes = batch;
	/* What cannot be read back must not be acknowledged: the next start would refuse it. */
	if (log_batch_check(&out->view, batch) != ERR_OK) {
		store_fault_set(&s->fault, "%s: a batch to be written does not verify", s->path);
		return ERR_CORRUPT;
	}
	if (h->first_sequence != sequence || !hash32_eq(&h->previous, head)) {
		store_fault_set(&s->fault,
				"%s: a batch to be written starts at %llu, wanted %llu%s", s->path,
				(unsigned long long)h->first_sequence, (unsigned long long)sequence,
				h->first_sequence == sequence ? " with another hash" : "");
		return ERR_MISMATCH;
	}
	return ERR_OK;
}

enum err store_append_all(struct store *s, const struct bytes *batches, size_t n)
{
	struct store_batch all[STORE_GROUP_MAX];
	uint64_t sequence = s->next_sequence;
	const struct hash32 *head = &s->head;
	uint64_t size = 0;
	enum err e;

	CHECK(n >= 1 && n <= STORE_GROUP_MAX);
	if (s->phase != STORE_READY) {
		return wrong_phase(s);
	}
	for (size_t i = 0; i < n; i++) {
		e = check_one(s, &all[i], batches[i], sequence, head);
		if (e != ERR_OK) {
			return e;
		}
		sequence += all[i].view.head.count;
		head = &all[i].view.head.hash;
		size += batches[i].n;
	}
	e = s->engine->append(s, all, n);
	if (e != ERR_OK) {
		return e;
	}
	s->next_sequence = sequence;
	s->head = *head;
	s->size_bytes += size;
	return ERR_OK;
}

enum err store_append(struct store *s, struct bytes batch)
{
	return store_append_all(s, &batch, 1);
}

enum err store_beat(struct store *s)
{
	if (s->phase != STORE_READY) {
		return wrong_phase(s);
	}
	return s->engine->beat == NULL ? ERR_OK : s->engine->beat(s);
}

enum err store_replay(struct store *s, uint8_t *buffer, size_t cap, store_each each, void *context)
{
	enum err e;

	if (s->phase != STORE_OPENED) {
		return wrong_phase(s);
	}
	CHECK(cap >= STORE_BUFFER_MIN);
	e = s->engine->replay(s, buffer, cap, each, context);
	s->phase = e == ERR_OK ? STORE_READY : STORE_BROKEN;
	return e;
}

enum err store_blob_get(struct store *s, struct bytes *out, uint8_t *buffer, size_t cap,
			const struct hash32 *name)
{
	if (s->phase != STORE_READY) {
		return wrong_phase(s);
	}
	return s->engine->blob_get(s, out, buffer, cap, name);
}

/* May a single batch or record be asked for? */
static enum err readable(struct store *s, bool has)
{
	if (s->phase != STORE_READY) {
		return wrong_phase(s);
	}
	if (!has) {
		store_fault_set(&s->fault, "%s: a journal of this kind is read from its start only",
				s->path);
		return ERR_TYPE;
	}
	return ERR_OK;
}

enum err store_batch_get(struct store *s, struct bytes *out, uint8_t *buffer, size_t cap,
			 uint64_t sequence)
{
	enum err e = readable(s, s->engine->batch_get != NULL);

	return e == ERR_OK ? s->engine->batch_get(s, out, buffer, cap, sequence) : e;
}

enum err store_record_get(struct store *s, uint8_t out[LOG_RECORD_BYTES], uint64_t sequence)
{
	enum err e = readable(s, s->engine->record_get != NULL);

	return e == ERR_OK ? s->engine->record_get(s, out, sequence) : e;
}

enum err store_follows(struct store *s, const struct log_batch_head *head)
{
	unsigned long long first = head->first_sequence, next = s->next_sequence;

	if (first > next) {
		store_fault_set(
		    &s->fault,
		    "%s: records %llu to %llu are missing: the next batch begins at %llu", s->path,
		    next, first - 1, first);
	} else if (first < next) {
		store_fault_set(
		    &s->fault,
		    "%s: damaged at record %llu: a batch of record %llu stands twice, or "
		    "out of its place",
		    s->path, next, first);
	} else if (!hash32_eq(&head->previous, &s->head)) {
		store_fault_set(
		    &s->fault,
		    "%s: damaged at record %llu: a batch does not follow the one before: "
		    "one of the two was exchanged or written anew",
		    s->path, next);
	} else {
		return ERR_OK;
	}
	return ERR_CORRUPT;
}

enum err store_sync_directory(const char *path, struct store_fault *fault)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t n = slash == NULL ? 0 : (size_t)(slash - path);
	enum err e = ERR_OK;
	int fd;

	CHECK(n < sizeof(directory)); /* open() has taken the longer path before */
	if (slash == NULL) {
		memcpy(directory, ".", 2);
	} else {
		memcpy(directory, path, n);
		memcpy(directory + n, n == 0 ? "/" : "", n == 0 ? 2 : 1);
	}
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0) {
		store_fault_set(fault, "%s: cannot sync the directory: %s", path, strerror(errno));
		e = ERR_IO;
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	return e;
}

void store_close(struct store *s)
{
	if (s->phase != STORE_CLOSED) {
		s->engine->close(s);
		s->phase = STORE_CLOSED;
	}
}
