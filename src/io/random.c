/* SPDX-License-Identifier: Apache-2.0 */
#include "io/random.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

#include "base/check.h"

void random_fill(void *p, size_t n)
{
	uint8_t *at = p;

	while (n > 0) {
		ssize_t got = getrandom(at, n, 0);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		CHECK(got > 0);
		at += got;
		n -= (size_t)got;
	}
}
