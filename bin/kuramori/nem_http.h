/* SPDX-License-Identifier: Apache-2.0 */
/* nem_http.h - one question to a NEM node. */
#ifndef KURAMORI_BIN_NEM_HTTP_H
#define KURAMORI_BIN_NEM_HTTP_H

#include <jansson.h>

#include "nem.h"

/*
 * GET (body NULL) or POST of http://node PATH.  0: an HTTP answer came; *status is its status and
 * *out its JSON, which the caller gives back (json_decref), NULL if it is none.  Else an exit code,
 * said on stderr, and *out NULL.
 */
int cli_nem_ask(const struct cli *c, const char *node, const char *path, const json_t *body,
		unsigned *status, json_t **out);

#endif
