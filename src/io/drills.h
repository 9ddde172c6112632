/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drills.h - restore drills out of a folder, for everybody who gives addresses of a key set out:
 * no valid drill, no new address (cold/cold_drill.h, docs/ceremony.md).
 */
#ifndef KURAMORI_IO_DRILLS_H
#define KURAMORI_IO_DRILLS_H

#include <stdint.h>

#include "cold/cold.h"

/*
 * May new addresses of these rules' holding be given out at now_ms?  Drills are the files of the
 * folder whose names begin with `drill`; more than COLD_DRILLS_MAX valid ones are not read.  What
 * is none does not count, and is told to refused (may be NULL) with its file's name.
 * ERR_NOT_FOUND (field "drill") no such folder; those of cold_drills_suffice().
 */
struct policy_verdict drills_judge(const char *folder, const struct cold_rules *rules,
				   uint64_t now_ms,
				   void (*refused)(const char *file,
						   const struct policy_verdict *verdict));

#endif
