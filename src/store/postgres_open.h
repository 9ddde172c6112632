/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_open.h - the way into a database and what is judged there.  For postgres*.c alone. */
#ifndef KURAMORI_STORE_POSTGRES_OPEN_H
#define KURAMORI_STORE_POSTGRES_OPEN_H

#include "store/postgres.h"

/* Sets the fault "WHERE: WHY" and returns ERR_CONFIG. */
enum err postgres_config_fault(struct store_postgres *p, const char *where, const char *why);

/* Sets the fault that a commit would wait for no replica though one must be; ERR_POLICY. */
enum err postgres_no_standby(struct store_postgres *p);

/* Sets the fault that the database has a part of a backup, and what to do; ERR_STATE. */
enum err postgres_half_restored(struct store_postgres *p);

/*
 * Connection, server, settings, tables, statements, by p->options.  create: an empty database gets
 * our tables; else ERR_MISMATCH.  Errors as store_postgres_open(); the connection may be there.
 */
enum err postgres_start(struct store_postgres *p, bool create);

#endif
