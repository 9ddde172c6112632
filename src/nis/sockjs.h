/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sockjs.h - the framing of SockJS on its websocket transport (sockjs-protocol 0.3.3, "WebSocket"):
 * o, h, a["text"], c[code,"reason"] from the server, ["text"] from the client; and the loose JSON
 * that nem-sdk puts into its messages.
 */
#ifndef KURAMORI_NIS_SOCKJS_H
#define KURAMORI_NIS_SOCKJS_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

/*
 * A client's message: a JSON array whose first member is a string; out gets that string (UTF-8,
 * NULs in it are its own), which is never longer than in.  NIS takes the first and forgets the rest
 * (SP:NisWebAppWebsocketInitializer.java, decode()), and so does this; an empty message, which says
 * nothing, gives *n = 0.
 * ERR_INPUT: not JSON, no array, an empty one, or one that begins with something else; ERR_FULL:
 * more than cap bytes.
 */
MUST_CHECK enum err sockjs_read(uint8_t *out, size_t cap, size_t *n, struct bytes in);

/* Appends a["text"], in ASCII: all else is escaped.  text must be UTF-8; what is not becomes
 * U+FFFD.  At most six times the bytes of text, and four. */
void sockjs_put(struct writer *w, struct bytes text);
/* Appends c[code,"reason"]; reason is ASCII without quotes or backslashes. */
void sockjs_put_close(struct writer *w, unsigned code, const char *reason);

/*
 * The string that `name` has in an object of one level, as NIS's parser reads it (json-smart,
 * permissive; nem-sdk sends {'account':'T...'}): names and strings in single or double quotes or
 * bare.  No escapes: a backslash is ERR_INPUT.  Of a repeated name the last counts.
 * *value is a view of text.
 * ERR_INPUT: no such object, or one with an object or array in it; ERR_FIELD_MISSING: not in it,
 * or null; ERR_FIELD_TYPE: a number, true or false.
 */
MUST_CHECK enum err sockjs_loose_string(struct bytes text, const char *name, struct bytes *value);

#endif
