/* SPDX-License-Identifier: Apache-2.0 */
#include "io/catalogue.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "crypto/sha256.h"

#ifndef KURAMORI_LOCALEDIR
#error "KURAMORI_LOCALEDIR comes from the build"
#endif

/* D/po, if this program runs as D/bin/NAME/NAME, whatever its name is: several share a catalogue.
 */
static bool built_here(char *out, size_t cap)
{
	char tail[256];
	ssize_t n = readlink("/proc/self/exe", out, cap - 1);
	const char *name;
	int tail_n;

	if (n <= 0 || (size_t)n + 1 >= cap) {
		return false;
	}
	out[n] = '\0';
	name = strrchr(out, '/');
	if (name == NULL) {
		return false;
	}
	tail_n = snprintf(tail, sizeof tail, "/bin%s%s", name, name);
	if (tail_n < 0 || (size_t)tail_n >= sizeof tail || n <= tail_n ||
	    strcmp(out + n - tail_n, tail) != 0) {
		return false;
	}
	(void)snprintf(out + n - tail_n, (size_t)tail_n, "/po");
	return access(out, R_OK | X_OK) == 0;
}

const char *catalogue_place(char out[CATALOGUE_PLACE_MAX])
{
	return built_here(out, CATALOGUE_PLACE_MAX) ? out : KURAMORI_LOCALEDIR;
}

bool catalogue_is_ours(const char *place, const char *program, const struct words_catalogue *c)
{
	char path[PATH_MAX];
	uint8_t part[16384];
	struct sha256 hash;
	struct hash32 found;
	ssize_t got = 0;
	int fd = -1;
	int n = snprintf(path, sizeof path, "%s/%s/LC_MESSAGES/%s.mo", place, c->language, program);

	if (n <= 0 || (size_t)n >= sizeof path || (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0) {
		return false;
	}
	sha256_init(&hash);
	while ((got = read(fd, part, sizeof part)) > 0) {
		sha256_update(&hash, bytes_of(part, (size_t)got));
	}
	(void)close(fd);
	sha256_final(&hash, &found);
	return got == 0 && hash32_eq(&found, &c->sha256);
}
