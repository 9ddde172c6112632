/* SPDX-License-Identifier: Apache-2.0 */
#include "io/user.h"

#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* True if all of it is a number that can be a user's. */
static bool number_of(const char *user, uid_t *out)
{
	char *end = NULL;
	unsigned long long number;

	if (user[0] == '\0' || user[strspn(user, "0123456789")] != '\0') {
		return false;
	}
	errno = 0;
	number = strtoull(user, &end, 10);
	if (errno != 0 || number >= UINT32_MAX) {
		return false;
	}
	*out = (uid_t)number;
	return true;
}

enum err user_find(const char *file, const char *user, uid_t *uid, gid_t *gid)
{
	FILE *f = fopen(file, "re");
	const struct passwd *line = NULL;
	uid_t number = 0;
	bool by_number = number_of(user, &number);
	enum err e = ERR_NOT_FOUND;

	while (e != ERR_OK && f != NULL && (line = fgetpwent(f)) != NULL) {
		if (by_number ? line->pw_uid == number : strcmp(line->pw_name, user) == 0) {
			*uid = line->pw_uid;
			*gid = line->pw_gid;
			e = ERR_OK;
		}
	}
	if (e != ERR_OK && by_number) {
		*uid = number;
		*gid = number;
		e = ERR_OK;
	}
	if (f != NULL) {
		(void)fclose(f);
	}
	return e;
}
