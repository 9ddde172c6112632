/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_command.h - what the files of `kuramori policy` share.
 */
#ifndef KURAMORI_BIN_POLICY_COMMAND_H
#define KURAMORI_BIN_POLICY_COMMAND_H

#include <jansson.h>

#include "cli.h"
#include "policy/policy.h"

/*
 * Opens any document of the configured genesis; if it is a policy, reads it into *out.  *d views
 * bytes that stay until the call after the next.  0 or an exit code, said on stderr.
 */
int policy_read(struct cli *c, const char *path, struct doc *d, struct doc_policy *out);

/* The same of policy_file: a policy, and if it is the first the one that genesis names. */
int cli_policy_in_force(struct cli *c, struct doc *d, struct doc_policy *out);

enum { POLICY_TELL_MAX = 512 };

/* What policy_words() says, in the person's language. */
void policy_tell(char out[POLICY_TELL_MAX], const struct policy_verdict *v);

/* One line on stdout; takes the reference. */
void policy_print_json(json_t *o);

/* `policy explain ORDER|- [NAME=VALUE...]`: exit code 1 if the order would be refused. */
int policy_case_explain(struct cli *c, const char *order, const char *const *facts, size_t n);

/* `policy test POLICY CASES`: exit code 1 if a case is judged otherwise than it says. */
int policy_case_test(struct cli *c, const char *policy, const char *cases);

#endif
