/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a program becomes the user that its configuration names, or nobody.
 * Method: a file of users of our own, with lines that try to be another's.
 */
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "base/check.h"
#include "io/user.h"
#include "t.h"

static char path[] = "/tmp/kuramori-user-XXXXXX";

static void file_with(const char *text)
{
	FILE *f = fopen(path, "we");

	CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

static const char users[] = "root:x:0:0:root:/root:/bin/sh\n"
			    "# a remark\n"
			    "torn:x:12\n"
			    "minus:x:-1:-1::/:/bin/false\n"
			    "signer-a:x:501:502:the signer:/nonexistent:/bin/false\n"
			    "signer:x:503:504::/:/bin/false\n"
			    "signer:x:0:0:a second one of this name::\n"
			    "77:x:505:506:a name of digits::\n";

static void names(void)
{
	uid_t uid = 1;
	gid_t gid = 2;

	file_with(users);
	T_EQ(user_find(path, "signer-a", &uid, &gid), ERR_OK);
	T_EQ(uid, 501);
	T_EQ(gid, 502);
	/* the first line of a name counts, as everywhere */
	T_EQ(user_find(path, "signer", &uid, &gid), ERR_OK);
	T_EQ(uid, 503);
	T_EQ(gid, 504);
	T_EQ(user_find(path, "root", &uid, &gid), ERR_OK);
	T_EQ(uid, 0);
}

static void numbers(void)
{
	uid_t uid = 1;
	gid_t gid = 2;

	file_with(users);
	T_EQ(user_find(path, "501", &uid, &gid), ERR_OK);
	T_EQ(uid, 501);
	T_EQ(gid, 502);
	/* who stands nowhere */
	T_EQ(user_find(path, "64001", &uid, &gid), ERR_OK);
	T_EQ(uid, 64001);
	T_EQ(gid, 64001);
	/* digits are a number, whoever is called so */
	T_EQ(user_find(path, "77", &uid, &gid), ERR_OK);
	T_EQ(uid, 77);
	T_EQ(gid, 77);
	T_EQ(user_find(path, "4294967294", &uid, &gid), ERR_OK);
	T_EQ(uid, UINT32_MAX - 1);
}

static void nobody(void)
{
	static const char *const bad[] = { "",
					   "nobody-here",
					   "sign",
					   "signer-ab",
					   "Signer",
					   " 501",
					   "+501",
					   "-1",
					   "0x1f5",
					   "501 ",
					   "torn",
					   "# a remark",
					   "501:502",
					   "4294967295", /* -1: "unchanged" */
					   "18446744073709551616",
					   "99999999999999999999999" };

	file_with(users);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		uid_t uid = 1;
		gid_t gid = 2;

		T_EQ(user_find(path, bad[i], &uid, &gid), ERR_NOT_FOUND);
		T_EQ(uid, 1);
		T_EQ(gid, 2);
	}
}

static void no_file(void)
{
	uid_t uid = 1;
	gid_t gid = 2;

	T_EQ(user_find("/nonexistent/passwd", "signer", &uid, &gid), ERR_NOT_FOUND);
	T_EQ(uid, 1);
	T_EQ(user_find("/nonexistent/passwd", "501", &uid, &gid), ERR_OK);
	T_EQ(uid, 501);
	T_EQ(gid, 501);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "names", names },
		{ "numbers", numbers },
		{ "nobody", nobody },
		{ "no file", no_file },
	};
	int fd = mkstemp(path);
	int result;

	CHECK(fd >= 0 && close(fd) == 0);
	result = t_main(cases, ARRAY_LEN(cases), argc, argv);
	(void)unlink(path);
	return result;
}
