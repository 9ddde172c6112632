/* SPDX-License-Identifier: Apache-2.0 */
/* trace_command.h - the commands of `kuramori trace` that work on a case; each returns an exit
 * code. w: the words behind the command's own. */
#ifndef KURAMORI_BIN_TRACE_COMMAND_H
#define KURAMORI_BIN_TRACE_COMMAND_H

#include "cli.h"
#include "trace_picture.h"
#include "trace_run.h"

/* `case new FILE NAME=VALUE...`, `case check FILE [STORE]` */
int trace_case_command(struct cli *c, const char *const *w, size_t n);
/* `demo coincheck FOLDER [seed=N]` */
int trace_demo_command(struct cli *c, const char *const *w, size_t n);
/* `report CASE STORE [NAME=VALUE...]` */
int trace_report_command(struct cli *c, const char *const *w, size_t n);
/* `bounds CASE STORE deposit=TX/ADDRESS|account=ADDRESS...` */
int trace_bounds_command(struct cli *c, const char *const *w, size_t n);
/* What a report begins with: the case, the ledger, the labels, where following ends. */
void trace_report_head(const struct trace_run *r);
/* What it ends with, if there is a bundle of this id. */
void trace_report_foot(const char *bundle, bool left_out);
/* `path CASE STORE ADDRESS [NAME=VALUE...]` */
int trace_path_command(struct cli *c, const char *const *w, size_t n);
/* `pedigree STORE ASSET TX ADDRESS` */
int trace_pedigree_command(struct cli *c, const char *const *w, size_t n);
/* The bundle that `pedigree` writes for the case line of one.  0 or an exit code, said on stderr.
 */
int trace_pedigree_again(FILE *out, struct hash32 *id, size_t *transfers, const char *store,
			 json_t *question);
/* `follow CASE STORE HOST:PORT [NAME=VALUE...]` */
int trace_follow_command(struct cli *c, const char *const *w, size_t n);
/* `verify BUNDLE STORE` */
int trace_compare(const struct cli *c, const char *path, const char *store);

/* The picture of one policy of a run; what it has is freed by trace_picture_free(). */
void trace_picture_make(struct trace_picture *p, const struct trace_run *r, unsigned policy);
void trace_picture_free(struct trace_picture *p);

#endif
