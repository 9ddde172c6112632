/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a file is read whole or refused, and written whole or not at all, whatever fails and
 * wherever the process dies; secrets are read only from files that nobody else can read.
 * Method: a directory of our own; every write, sync, rename and link of the module fails once, and
 * the process dies once at each of them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/attr.h"
#include "io/file.h"
#include "t.h"

static char dir[] = "/tmp/kuramori-file-XXXXXX";
static char path[64], other[96];
static uint8_t buf[64];

/*
 * The module's calls in front of libc's, counted together: at call fail_at one of them fails, or
 * the process dies; writes are cut to write_max bytes and interrupted every other time.
 */
static unsigned long ops, fail_at;
static bool die;
static size_t write_max;
static bool interrupt;

static bool fails(void)
{
	ops++;
	if (ops == fail_at && die) {
		_exit(9);
	}
	errno = EIO;
	return ops == fail_at;
}

ssize_t write(int fd, const void *p, size_t n)
{
	static bool interrupted;

	if (fd <= STDERR_FILENO) {
		return syscall(SYS_write, fd, p, n);
	}
	if (interrupt) {
		interrupted = !interrupted;
		if (interrupted) {
			errno = EINTR;
			return -1;
		}
	}
	if (fails()) {
		return -1;
	}
	return syscall(SYS_write, fd, p, write_max != 0 && n > write_max ? write_max : n);
}

int fsync(int fd)
{
	return fails() ? -1 : (int)syscall(SYS_fsync, fd);
}

int fchmod(int fd, mode_t mode)
{
	return fails() ? -1 : (int)syscall(SYS_fchmod, fd, mode);
}

int rename(const char *from, const char *to)
{
	return fails() ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

static bool old_disk; /* knows no RENAME_NOREPLACE */

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	if (old_disk) {
		errno = EINVAL;
		return -1;
	}
	return fails() ? -1 : (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
}

int link(const char *from, const char *to)
{
	return fails() ? -1 : (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}

static void no_failures(void)
{
	ops = fail_at = 0;
	die = interrupt = false;
	write_max = 0;
}

/* Names in dir, and whether one of them is a temporary file. */
static int entries(int *temporary)
{
	DIR *d = opendir(dir);
	int n = 0;

	*temporary = 0;
	if (d == NULL) {
		return -1;
	}
	for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
		n += e->d_name[0] != '.';
		*temporary += strstr(e->d_name, ".tmp-") != NULL;
	}
	(void)closedir(d);
	return n;
}

static bool holds(const char *p, const char *want)
{
	size_t n = 0;

	return file_read(p, buf, sizeof buf, &n) == ERR_OK && n == strlen(want) &&
	       memcmp(buf, want, n) == 0;
}

static bool put(const char *p, const char *text, mode_t mode)
{
	int fd = open(p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool well = fd >= 0 && syscall(SYS_write, fd, text, strlen(text)) == (long)strlen(text) &&
		    syscall(SYS_fchmod, fd, mode) == 0;

	if (fd >= 0) {
		(void)close(fd);
	}
	return well;
}

static void reading(void)
{
	uint8_t small[4];
	size_t n = 77;

	no_failures();
	T_EQ(file_read(path, small, sizeof small, &n), ERR_NOT_FOUND);
	T_CHECK(put(path, "", 0644));
	T_EQ(file_read(path, small, sizeof small, &n), ERR_OK);
	T_EQ(n, 0);
	n = 77;
	for (size_t size = 1; size <= 6; size++) {
		T_CHECK(put(path, &"abcdef"[6 - size], 0644));
		T_EQ(file_read(path, small, sizeof small, &n), size <= 4 ? ERR_OK : ERR_TOO_LARGE);
		T_EQ(n, size <= 4 ? size : 4);
	}
	T_EQ(file_read(path, small, 0, &n), ERR_TOO_LARGE);
	n = 77;
	T_EQ(file_read(dir, small, sizeof small, &n), ERR_INPUT);
	(void)snprintf(other, sizeof other, "%s/x", path);
	T_EQ(file_read(other, small, sizeof small, &n), ERR_NOT_FOUND);
	T_EQ(file_read("", small, sizeof small, &n), ERR_NOT_FOUND);
	T_EQ(file_read("/dev/null", small, sizeof small, &n), ERR_INPUT);
	(void)snprintf(other, sizeof other, "%s/fifo", dir);
	T_EQ(mkfifo(other, 0600), 0);
	T_EQ(file_read(other, small, sizeof small, &n), ERR_INPUT); /* and does not wait */
	T_EQ(n, 77);
	(void)unlink(other);
	(void)unlink(path);
}

static void private_reading(void)
{
	static const uint8_t zero[8];
	uint8_t secret[8];
	size_t n = 77;

	no_failures();
	for (unsigned mode = 0; mode <= 07777; mode++) {
		bool well = mode == 0400 || mode == 0600;
		enum err e;

		if ((mode & 0400) == 0 && geteuid() != 0) {
			continue; /* we ourselves could not open it */
		}
		T_CHECK(put(path, "secret", mode));
		memset(secret, 0x55, sizeof secret);
		e = file_read_private(path, secret, sizeof secret, &n);
		(void)unlink(path);
		T_EQ(e, well ? ERR_OK : ERR_POLICY);
		if (!well) {
			T_MEM(secret, zero, sizeof secret);
		}
	}
	T_EQ(n, 6);
	n = 77;
	T_CHECK(put(path, "nine-char", 0600));
	memset(secret, 0x55, sizeof secret);
	T_EQ(file_read_private(path, secret, sizeof secret, &n), ERR_TOO_LARGE);
	T_MEM(secret, zero, sizeof secret);
	(void)snprintf(other, sizeof other, "%s/link", dir);
	T_EQ(symlink(path, other), 0);
	memset(secret, 0x55, sizeof secret);
	T_EQ(file_read_private(other, secret, sizeof secret, &n), ERR_POLICY);
	T_MEM(secret, zero, sizeof secret);
	T_EQ(file_read(other, buf, sizeof buf, &n), ERR_OK); /* only secrets are that strict */
	n = 77;
	(void)unlink(other);
	if (geteuid() == 0) {
		T_EQ(chown(path, 1, 1), 0);
		T_EQ(file_read_private(path, secret, sizeof secret, &n), ERR_POLICY);
	}
	(void)unlink(path);
	T_EQ(file_read_private(path, secret, sizeof secret, &n), ERR_NOT_FOUND);
	T_EQ(file_read_private(dir, secret, sizeof secret, &n), ERR_INPUT);
	T_EQ(n, 77);
}

static void writing(void)
{
	struct stat st;
	mode_t before = umask(077);
	int temporary;

	no_failures();
	T_EQ(file_write(path, 0644, bytes_str("one")), ERR_OK);
	T_CHECK(holds(path, "one"));
	T_CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0644);
	(void)umask(0);
	T_EQ(file_write(path, 0400, bytes_str("second")), ERR_OK);
	T_CHECK(holds(path, "second"));
	T_CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0400);
	(void)umask(before);
	for (int old = 0; old < 2; old++) {
		old_disk = old == 1;
		T_EQ(file_write_new(path, 0600, bytes_str("third")), ERR_EXISTS);
		T_CHECK(holds(path, "second"));
	}
	old_disk = false;
	(void)unlink(path);
	T_EQ(file_write_new(path, 0600, bytes_of(NULL, 0)), ERR_OK);
	T_CHECK(holds(path, ""));
	T_CHECK(stat(path, &st) == 0 && st.st_nlink == 1);
	(void)snprintf(other, sizeof other, "%s/none/x", dir);
	T_EQ(file_write(other, 0600, bytes_str("x")), ERR_NOT_FOUND);
	T_EQ(file_write_new(other, 0600, bytes_str("x")), ERR_NOT_FOUND);
	T_EQ(file_write(dir, 0600, bytes_str("x")), ERR_IO); /* a directory stands there */
	T_EQ(file_write("", 0600, bytes_str("x")), ERR_IO);
	T_EQ(entries(&temporary), 1);
	T_EQ(temporary, 0);
	/* A link in the place is replaced, not followed; a dangling one is somebody's all the same.
	 */
	(void)snprintf(other, sizeof other, "%s/link", dir);
	T_EQ(symlink("nowhere", other), 0);
	T_EQ(file_write_new(other, 0600, bytes_str("x")), ERR_EXISTS);
	T_EQ(unlink(other), 0);
	T_EQ(symlink(path, other), 0);
	T_EQ(file_write(other, 0600, bytes_str("x")), ERR_OK);
	T_CHECK(holds(path, "") && holds(other, "x"));
	(void)unlink(other);
	(void)unlink(path);
}

static void a_planted_temporary_file(void)
{
	char planted[128];
	int temporary;

	no_failures();
	T_CHECK(put(other, "theirs", 0666));
	for (int i = 0; i < 8; i++) {
		(void)snprintf(planted, sizeof planted, "%s.tmp-%ld-%d", path, (long)getpid(), i);
		T_EQ(symlink(other, planted), 0);
		/* Never written through; seven are walked round, and eight are too many. */
		T_EQ(file_write(path, 0600, bytes_str("ours")), i < 7 ? ERR_OK : ERR_IO);
		T_CHECK(holds(other, "theirs"));
		T_CHECK(holds(path, "ours"));
	}
	T_EQ(entries(&temporary), 10);
	for (int i = 0; i < 8; i++) {
		(void)snprintf(planted, sizeof planted, "%s.tmp-%ld-%d", path, (long)getpid(), i);
		(void)unlink(planted);
	}
	(void)unlink(other);
	(void)unlink(path);
}

static void short_writes(void)
{
	char text[41];

	no_failures();
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	for (write_max = 1; write_max <= sizeof text; write_max++) {
		interrupt = write_max % 2 == 0;
		T_EQ(file_write(path, 0600, bytes_str(text)), ERR_OK);
		T_CHECK(holds(path, text));
	}
	(void)unlink(path);
}

/* Each call fails once: the old content and an error, or the new; never a temporary file left. */
static void every_failure(void)
{
	for (int fresh = 0; fresh < 3; fresh++) {
		old_disk = fresh == 2;
		for (unsigned long at = 1;; at++) {
			int temporary;
			enum err e;

			no_failures();
			(void)unlink(path);
			if (fresh == 0) {
				T_CHECK(put(path, "old", 0600));
			}
			write_max = 2;
			fail_at = at;
			e = fresh == 0 ? file_write(path, 0600, bytes_str("newer"))
				       : file_write_new(path, 0600, bytes_str("newer"));
			if (ops < at) {
				T_EQ(e, ERR_OK);
				T_EQ(at, 8); /* 3 writes, chmod, sync, rename or link, sync */
				break;
			}
			T_EQ(e, ERR_IO);
			if (at == 7) {
				T_CHECK(holds(path, "newer")); /* perhaps not durable */
			} else {
				T_CHECK(fresh == 0 ? holds(path, "old") : access(path, F_OK) != 0);
			}
			T_CHECK(entries(&temporary) >= 0 && temporary == 0);
		}
	}
	old_disk = false;
	(void)unlink(path);
}

/* What a dead process leaves: at most the one file it was writing. */
static int sweep(void)
{
	char name[400];
	DIR *d = opendir(dir);
	int n = 0;

	if (d == NULL) {
		return -1;
	}
	for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
		if (strstr(e->d_name, ".tmp-") != NULL) {
			(void)snprintf(name, sizeof name, "%s/%s", dir, e->d_name);
			n += unlink(name) == 0;
		}
	}
	(void)closedir(d);
	return n;
}

static void every_death(void)
{
	for (int fresh = 0; fresh < 3; fresh++) {
		int status = 0;

		old_disk = fresh == 2;
		for (unsigned long at = 1; at <= 7; at++) {
			pid_t pid;

			no_failures();
			(void)unlink(path);
			if (fresh == 0) {
				T_CHECK(put(path, "old", 0600));
			}
			(void)fflush(NULL);
			pid = fork();
			if (pid == 0) {
				write_max = 2;
				fail_at = at;
				die = true;
				_exit((fresh == 0 ? file_write(path, 0600, bytes_str("newer"))
						  : file_write_new(path, 0600,
								   bytes_str("newer"))) == ERR_OK
					  ? 0
					  : 1);
			}
			T_CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
			T_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 9);
			if (at == 7) {
				T_CHECK(holds(path, "newer"));
			} else {
				T_CHECK(fresh == 0 ? holds(path, "old") : access(path, F_OK) != 0);
			}
			/* The next process is not in the way of what the dead one left. */
			T_EQ(file_write(path, 0600, bytes_str("next")), ERR_OK);
			T_CHECK(holds(path, "next"));
			T_EQ(sweep(), at == 7 ? 0 : 1);
		}
	}
	old_disk = false;
	(void)unlink(path);
}

static void directories(void)
{
	struct stat st;
	char deep[160], long_path[PATH_MAX + 8];
	mode_t before = umask(0);

	no_failures();
	(void)snprintf(deep, sizeof deep, "%s/d/e//f", dir);
	T_EQ(file_mkdir(deep, 0700), ERR_OK);
	T_CHECK(stat(deep, &st) == 0 && (st.st_mode & 07777) == 0700);
	T_EQ(file_mkdir(deep, 0755), ERR_OK); /* is there: stays as it is */
	T_CHECK(stat(deep, &st) == 0 && (st.st_mode & 07777) == 0700);
	(void)snprintf(deep, sizeof deep, "%s/d/e", dir);
	T_CHECK(stat(deep, &st) == 0 && (st.st_mode & 07777) == 0755);
	(void)snprintf(deep, sizeof deep, "%s/d/slash//", dir);
	T_EQ(file_mkdir(deep, 0700), ERR_OK);
	T_CHECK(stat(deep, &st) == 0 && (st.st_mode & 07777) == 0700);
	(void)umask(before);
	T_EQ(file_mkdir("/", 0700), ERR_OK);
	T_EQ(file_mkdir("///", 0700), ERR_OK);
	T_EQ(file_mkdir("", 0700), ERR_IO);
	T_CHECK(put(path, "a file", 0600));
	T_EQ(file_mkdir(path, 0700), ERR_EXISTS);
	(void)snprintf(deep, sizeof deep, "%s/x", path);
	T_EQ(file_mkdir(deep, 0700), ERR_EXISTS); /* its parent is a file */
	memset(long_path, 'a', sizeof long_path - 1);
	long_path[0] = '/';
	long_path[sizeof long_path - 1] = '\0';
	T_EQ(file_mkdir(long_path, 0700), ERR_IO);
	(void)unlink(path);
	static const char *const made[] = { "d/slash", "d/e/f", "d/e", "d" };
	for (size_t i = 0; i < ARRAY_LEN(made); i++) {
		(void)snprintf(deep, sizeof deep, "%s/%s", dir, made[i]);
		T_EQ(rmdir(deep), 0);
	}
}

static void user_config(void)
{
	char out[160] = "unwritten", config[128], want[160];

	no_failures();
	(void)unsetenv("XDG_CONFIG_HOME");
	(void)unsetenv("HOME");
	T_EQ(file_user_config(out, sizeof out, "kuramori"), ERR_NOT_FOUND);
	T_EQ(setenv("HOME", "relative", 1), 0);
	T_EQ(file_user_config(out, sizeof out, "kuramori"), ERR_NOT_FOUND);
	T_EQ(setenv("HOME", dir, 1), 0);
	T_EQ(file_user_config(out, sizeof out, "kuramori"), ERR_NOT_FOUND);
	(void)snprintf(config, sizeof config, "%s/.config/kuramori", dir);
	T_EQ(file_mkdir(config, 0700), ERR_OK);
	(void)snprintf(want, sizeof want, "%s/kuramori.conf", config);
	T_EQ(mkdir(want, 0700), 0);
	T_EQ(file_user_config(out, sizeof out, "kuramori"), ERR_NOT_FOUND); /* no file */
	T_EQ(rmdir(want), 0);
	T_CHECK(put(want, "x = 1\n", 0600));
	T_EQ(file_user_config(out, sizeof out, "kuramori"), ERR_OK);
	T_STR(out, want);
	T_EQ(file_user_config(out, strlen(want), "kuramori"), ERR_TOO_LARGE);
	T_EQ(file_user_config(out, strlen(want) + 1, "kuramori"), ERR_OK);
	/* The one that is set wins, even if nothing is there. */
	T_EQ(setenv("XDG_CONFIG_HOME", "/nowhere-at-all", 1), 0);
	T_EQ(file_user_config(out, sizeof out, "kuramori"), ERR_NOT_FOUND);
	(void)snprintf(out, sizeof out, "%s/.config", dir);
	T_EQ(setenv("XDG_CONFIG_HOME", out, 1), 0);
	(void)unsetenv("HOME");
	T_EQ(file_user_config(out, sizeof out, "kuramori"), ERR_OK);
	T_STR(out, want);
	(void)unlink(want);
	(void)rmdir(config);
	(void)snprintf(config, sizeof config, "%s/.config", dir);
	T_EQ(rmdir(config), 0);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "reading", reading },
		{ "reading secrets", private_reading },
		{ "writing", writing },
		{ "a planted temporary file", a_planted_temporary_file },
		{ "short and interrupted writes", short_writes },
		{ "every call fails once", every_failure },
		{ "death at every call", every_death },
		{ "directories", directories },
		{ "a person's own configuration", user_config },
	};
	int result;

	if (mkdtemp(dir) == NULL) {
		return 1;
	}
	(void)snprintf(path, sizeof path, "%s/file", dir);
	result = t_main(cases, ARRAY_LEN(cases), argc, argv);
	if (rmdir(dir) != 0) {
		printf("# something is left in %s\n", dir);
	}
	return result;
}
