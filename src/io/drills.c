/* SPDX-License-Identifier: Apache-2.0 */
#include "io/drills.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "cold/cold_drill.h"
#include "io/file.h"
#include "policy/verdict.h"

enum { PATH_ROOM = 1024 };

static bool path_of(char out[PATH_ROOM], const char *folder, const char *name)
{
	int n = snprintf(out, PATH_ROOM, "%s/%s", folder, name);

	return n > 0 && n < PATH_ROOM;
}

struct policy_verdict drills_judge(const char *folder, const struct cold_rules *rules,
				   uint64_t now_ms,
				   void (*refused)(const char *file,
						   const struct policy_verdict *verdict))
{
	static uint8_t room[COLD_DRILLS_MAX][COLD_DRILL_BYTES];
	struct bytes raw[COLD_DRILLS_MAX];
	const struct dirent *entry;
	char path[PATH_ROOM];
	size_t n = 0;
	DIR *dir = opendir(folder);

	if (dir == NULL) {
		return refuse(ERR_NOT_FOUND, "drill", "the drill folder cannot be read");
	}
	while (n < COLD_DRILLS_MAX && (entry = readdir(dir)) != NULL) {
		const struct doc_holder *h;
		struct policy_verdict v;
		size_t size;

		/* what cannot be read, or is larger than any drill, is none */
		if (strncmp(entry->d_name, "drill", 5) != 0 ||
		    !path_of(path, folder, entry->d_name) ||
		    file_read(path, room[n], sizeof room[n], &size) != ERR_OK) {
			continue;
		}
		/* an editor's line feed at the end of a file is no part of the document */
		size -= size > 0 && room[n][size - 1] == '\n';
		raw[n] = bytes_of(room[n], size);
		v = cold_drill_valid(&h, rules, raw[n], now_ms);
		if (v.err == ERR_OK) {
			n++;
		} else if (refused != NULL) {
			refused(entry->d_name, &v);
		}
	}
	(void)closedir(dir);
	return cold_drills_suffice(rules, raw, n, now_ms);
}
