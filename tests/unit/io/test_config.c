/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a configuration means one thing or is refused with file and line.
 * Method: a table of wrong files with the exact words expected; flags over the file; help names
 * all.
 */
#include "base/attr.h"
#include "io/config.h"
#include "t.h"

struct values {
	char socket[32];
	char peer[3][16];
	uint32_t port;
	uint64_t big;
	bool loud;
	char place[24];
};

static const struct config_row rows[] = {
	{ "socket", CONFIG_PATH, NULL, 0, 0, CONFIG_FIELD(values, socket), NULL, "Where." },
	{ "peer#_name", CONFIG_STRING, "", 0, 0, CONFIG_ARRAY(values, peer), NULL, "Who." },
	{ "port", CONFIG_U32, "7890", 1, 65535, CONFIG_FIELD(values, port), NULL, "Port." },
	{ "big", CONFIG_U64, "1", 0, UINT64_MAX, CONFIG_FIELD(values, big), NULL, "Big." },
	{ "loud", CONFIG_BOOL, "no", 0, 0, CONFIG_FIELD(values, loud), NULL, "Loud." },
	{ "place", CONFIG_PLACE, "", 0, 0, CONFIG_FIELD(values, place), NULL, "Place." },
};
static const struct config_program program = {
	.name = "test", .summary = "a test", .rows = rows, .n = ARRAY_LEN(rows), .json = true
};

static void good_file(void)
{
	static const char text[] = "# comment\n\n socket = /run/x \nport=1\npeer1_name = a b\n"
				   "peer2_name = c\nloud = yes\nbig = 18446744073709551615";
	struct values v;
	char error[CONFIG_ERROR_MAX];

	T_EQ(config_text(&program, &v, "f", text, sizeof text - 1, error), ERR_OK);
	T_STR(v.socket, "/run/x");
	T_STR(v.peer[0], "a b");
	T_STR(v.peer[1], "c");
	T_STR(v.peer[2], "");
	T_EQ(v.port, 1);
	T_CHECK(v.big == UINT64_MAX && v.loud);
	T_EQ(config_text(&program, &v, "f", "socket=/x\nplace=a://b", 21, error), ERR_OK);
	T_STR(v.place, "a://b");
	T_EQ(config_text(&program, &v, "f", "socket=/x\nplace=/b", 18, error), ERR_OK);
	T_STR(v.place, "/b");
}

static void wrong_files(void)
{
	static const struct {
		const char *text, *error;
	} bad[] = {
		{ "", "the key `socket` is required" },
		{ "socket = /x\nsocket = /x\n", "f:2: the key `socket` stands here twice" },
		{ "socket\n", "f:1: the line is not `key = value`" },
		{ "\n\nnope = 1\n", "f:3: the key `nope` is not known" },
		{ "socket = \n", "f:1: the value of `socket` is empty" },
		{ "socket = x\n", "f:1: `socket` must be an absolute path" },
		{ "place = x\n", "f:1: `place` must be an absolute path" },
		{ "place = a:/b\n", "f:1: `place` must be an absolute path" },
		{ "place = \n", "f:1: the value of `place` is empty" },
		{ "place = a://0123456789abcdefghij\n",
		  "f:1: the value of `place` is longer than 23 bytes" },
		{ "port = 0\n", "f:1: `port` must be from 1 to 65535" },
		{ "port = 65536\n", "f:1: `port` must be from 1 to 65535" },
		{ "port = 4294967297\n", "f:1: `port` must be from 1 to 65535" },
		{ "port = 01\n", "f:1: `port` must be a decimal number" },
		{ "port = -1\n", "f:1: `port` must be a decimal number" },
		{ "big = 18446744073709551616\n", "f:1: `big` must be a decimal number" },
		{ "loud = true\n", "f:1: `loud` must be yes or no" },
		{ "peer4_name = a\n", "f:1: the key `peer4_name` is not known" },
		{ "peer0_name = a\n", "f:1: the key `peer0_name` is not known" },
		{ "peer01_name = a\n", "f:1: the key `peer01_name` is not known" },
		{ "peer_name = a\n", "f:1: the key `peer_name` is not known" },
		{ "Port = 1\n", "f:1: the key is not 1 to 63 characters of a-z, 0-9 and _" },
		{ "= 1\n", "f:1: the key is not 1 to 63 characters of a-z, 0-9 and _" },
		{ "peer1_name = a\x1b[2J\n", "f:1: the value of `peer#_name` has a character that "
					     "is not printable ASCII" },
		{ "peer1_name = 0123456789abcdef\n",
		  "f:1: the value of `peer#_name` is longer than 15 bytes" },
		{ "socket = /x\npeer2_name = a\n", "the entries of `peer#_name` are not numbered "
						   "1, 2, 3 without a gap" },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct values v;
		char error[CONFIG_ERROR_MAX];

		T_EQ(config_text(&program, &v, "f", bad[i].text, strlen(bad[i].text), error),
		     ERR_CONFIG);
		T_STR(error, bad[i].error);
	}
}

static enum err flags(struct values *v, struct config_result *r, char *a, char *b, char *c, char *d)
{
	char name[] = "test";
	char *argv[] = { name, a, b, c, d, NULL };
	int argc = 1;

	while (argv[argc] != NULL) {
		argc++;
	}
	return config_load(&program, v, argc, argv, r);
}

static void flag_cases(void)
{
	char socket[] = "--socket", x[] = "x", port[] = "--port", five[] = "5", nope[] = "--nope";
	char peer[] = "--peer1-name", help[] = "--help", json[] = "--json", one[] = "-x";
	char config[] = "--config", slash[] = "/", nowhere[] = "/nowhere", null[] = "/dev/null";
	struct values v;
	struct config_result r;

	T_EQ(flags(&v, &r, socket, x, port, five), ERR_OK);
	T_STR(v.socket, "x");
	T_EQ(v.port, 5);
	T_EQ(flags(&v, &r, socket, x, peer, x), ERR_OK);
	T_STR(v.peer[0], "x");
	T_EQ(flags(&v, &r, socket, x, json, NULL), ERR_OK);
	T_CHECK(r.json && r.action == CONFIG_RUN);
	T_EQ(flags(&v, &r, help, NULL, NULL, NULL), ERR_OK);
	T_EQ(r.action, CONFIG_HELP);
	T_EQ(flags(&v, &r, NULL, NULL, NULL, NULL), ERR_CONFIG);
	/* who forgot --config is told where nothing was found, and who named a folder, that */
	T_STR(r.error, "the key `socket` is required; there is no /etc/kuramori/test.conf, "
		       "--config names another file");
	T_EQ(flags(&v, &r, config, slash, NULL, NULL), ERR_CONFIG);
	T_STR(r.error, "/: this is not a regular file");
	T_EQ(flags(&v, &r, config, nowhere, NULL, NULL), ERR_CONFIG);
	T_STR(r.error, "/nowhere: there is no such thing");
	T_EQ(flags(&v, &r, config, null, NULL, NULL), ERR_CONFIG);
	T_STR(r.error, "/dev/null: this is not a regular file");
	T_EQ(flags(&v, &r, socket, NULL, NULL, NULL), ERR_USAGE);
	T_EQ(flags(&v, &r, socket, x, socket, x), ERR_USAGE);
	T_EQ(flags(&v, &r, nope, x, NULL, NULL), ERR_USAGE);
	T_EQ(flags(&v, &r, one, NULL, NULL, NULL), ERR_USAGE);
	T_EQ(flags(&v, &r, x, NULL, NULL, NULL), ERR_USAGE);
	T_EQ(flags(&v, &r, port, x, NULL, NULL), ERR_USAGE);
}

static void help_names_every_key(void)
{
	static char text[16384];

	T_CHECK(config_help(&program, text, sizeof text) > 0);
	T_CHECK(strstr(text, "--socket PATH") && strstr(text, "--peerN-name") &&
		strstr(text, "default 7890") && strstr(text, "(required)"));
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "a good file", good_file },
		{ "wrong files, with line and words", wrong_files },
		{ "flags", flag_cases },
		{ "help names every key", help_names_every_key },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
