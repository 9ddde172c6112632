/* SPDX-License-Identifier: Apache-2.0 */
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECRETS_MAX = 8 };

static struct {
	void *p;
	size_t n;
} secrets[SECRETS_MAX];

void check_secret(void *p, size_t n)
{
	for (size_t i = 0; i < SECRETS_MAX; i++) {
		if (secrets[i].p == NULL) {
			secrets[i].p = p;
			secrets[i].n = n;
			return;
		}
	}
	check_failed(__FILE__, __LINE__, "room for another secret region");
}

void check_secret_forget(const void *p)
{
	for (size_t i = 0; i < SECRETS_MAX; i++) {
		if (secrets[i].p == p) {
			secrets[i].p = NULL;
			secrets[i].n = 0;
		}
	}
}

void check_failed(const char *file, int line, const char *expression)
{
	for (size_t i = 0; i < SECRETS_MAX; i++) {
		if (secrets[i].p != NULL) {
			explicit_bzero(secrets[i].p, secrets[i].n);
		}
	}
	(void)fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, expression);
	abort();
}
