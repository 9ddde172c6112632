/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_main.h - what a fuzz target is made of, and its plain main().
 *
 * A target defines init() and run().  With -DKURAMORI_LIBFUZZER (clang, -fsanitize=fuzzer) they
 * become a libFuzzer target; otherwise main() replays every file of the folders given, then runs
 * changed copies of them: --rounds N (default 20,000), --seed N (KURAMORI_SEED, default 1).  A run
 * that returns has held its properties; one that does not aborts.
 */
#ifndef KURAMORI_TESTS_FUZZ_MAIN_H
#define KURAMORI_TESTS_FUZZ_MAIN_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void init(void);
static void run(const uint8_t *p, size_t n);

/* A property of the target; on in every build. */
#define FUZZ_CHECK(x)                                                                 \
	do {                                                                          \
		if (!(x)) {                                                           \
			(void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x); \
			abort();                                                      \
		}                                                                     \
	} while (0)

#ifdef KURAMORI_LIBFUZZER

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	init();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	run(p, n);
	return 0;
}

#else

enum { FUZZ_FILES_MAX = 512, FUZZ_BYTES_MAX = 131072 };

static struct fuzz_file {
	uint8_t *p;
	size_t n;
} fuzz_files[FUZZ_FILES_MAX];

static size_t fuzz_file_count;
static uint64_t fuzz_state;

static uint64_t fuzz_random(void)
{
	uint64_t z = (fuzz_state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* 0 <= result < n; n > 0. */
static size_t fuzz_below(size_t n)
{
	return (size_t)(fuzz_random() % n);
}

static int fuzz_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In order of names, so that a seed means the same everywhere. */
static void fuzz_load(const char *folder)
{
	static char *names[FUZZ_FILES_MAX];
	size_t count = 0;
	struct dirent *entry;
	DIR *d = opendir(folder);

	FUZZ_CHECK(d != NULL);
	while ((entry = readdir(d)) != NULL) {
		if (entry->d_name[0] != '.') {
			FUZZ_CHECK(count < FUZZ_FILES_MAX);
			names[count] = strdup(entry->d_name);
			FUZZ_CHECK(names[count] != NULL);
			count++;
		}
	}
	(void)closedir(d);
	qsort(names, count, sizeof names[0], fuzz_compare);
	for (size_t i = 0; i < count; i++) {
		struct fuzz_file *f = &fuzz_files[fuzz_file_count];
		char path[4096];
		FILE *file;

		FUZZ_CHECK(fuzz_file_count < FUZZ_FILES_MAX);
		(void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		file = fopen(path, "rb");
		FUZZ_CHECK(file != NULL);
		f->p = malloc(FUZZ_BYTES_MAX);
		FUZZ_CHECK(f->p != NULL);
		f->n = fread(f->p, 1, FUZZ_BYTES_MAX, file);
		(void)fclose(file);
		free(names[i]);
		fuzz_file_count++;
	}
}

/* One change to p of *n bytes; room for FUZZ_BYTES_MAX. */
static void fuzz_change(uint8_t *p, size_t *n)
{
	size_t at = fuzz_below(*n + 1);
	size_t len = 1 + fuzz_below(16);
	const struct fuzz_file *other = &fuzz_files[fuzz_below(fuzz_file_count)];

	switch (fuzz_below(6)) {
	case 0: /* a bit */
		if (at < *n) {
			p[at] ^= (uint8_t)(1u << fuzz_below(8));
		}
		break;
	case 1: /* a byte */
		if (at < *n) {
			p[at] = (uint8_t)fuzz_random();
		}
		break;
	case 2: /* the end */
		*n = at;
		break;
	case 3: /* some bytes less */
		len = len < *n - at ? len : *n - at;
		memmove(p + at, p + at + len, *n - at - len);
		*n -= len;
		break;
	case 4: /* some bytes twice */
		len = len < *n - at ? len : *n - at;
		if (*n + len <= FUZZ_BYTES_MAX) {
			memmove(p + at + len, p + at, *n - at);
			*n += len;
		}
		break;
	default: /* a piece of another */
		if (other->n > 0) {
			size_t from = fuzz_below(other->n);

			len = 1 + fuzz_below(other->n - from);
			if (len <= *n - at) {
				memcpy(p + at, other->p + from, len);
			}
		}
		break;
	}
}

int main(int argc, char **argv)
{
	static uint8_t copy[FUZZ_BYTES_MAX];
	const char *seed = getenv("KURAMORI_SEED");
	unsigned long rounds = 20000;

	fuzz_state = seed != NULL ? strtoull(seed, NULL, 10) : 1;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
			rounds = strtoul(argv[++i], NULL, 10);
		} else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
			fuzz_state = strtoull(argv[++i], NULL, 10);
		} else {
			fuzz_load(argv[i]);
		}
	}
	FUZZ_CHECK(fuzz_file_count > 0);
	printf("seed %llu, %zu files, %lu rounds\n", (unsigned long long)fuzz_state,
	       fuzz_file_count, rounds);
	init();
	run(NULL, 0);
	for (size_t i = 0; i < fuzz_file_count; i++) {
		run(fuzz_files[i].p, fuzz_files[i].n);
	}
	for (unsigned long r = 0; r < rounds; r++) {
		const struct fuzz_file *f = &fuzz_files[fuzz_below(fuzz_file_count)];
		size_t n = f->n;

		if (n > 0) {
			memcpy(copy, f->p, n);
		}
		for (size_t changes = 1 + fuzz_below(4); changes > 0; changes--) {
			fuzz_change(copy, &n);
		}
		run(copy, n);
	}
	for (size_t i = 0; i < fuzz_file_count; i++) {
		free(fuzz_files[i].p);
	}
	return 0;
}

#endif
#endif
