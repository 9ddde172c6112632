/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_other_none.c - in place of nem_other.c, for a program that moves XEM and changes who holds an
 * account, and does nothing else (kuramori-cold): no other type passes nem_tx_check(), so none is
 * ever hashed, written or signed.  Linked instead of nem_other.c, never beside it.
 */
#include "base/check.h"
#include "chain/nem/nem_other.h"

enum err nem_other_check(enum nem_type type, const struct nem_header *h, const union nem_body *body)
{
	(void)type;
	(void)h;
	(void)body;
	return ERR_TYPE;
}

void nem_other_put(struct writer *w, enum nem_type type, const union nem_body *body)
{
	(void)w;
	(void)type;
	(void)body;
	check_failed(__FILE__, __LINE__, "a type that this program knows");
}

enum err nem_other_get(struct reader *r, enum nem_type type, union nem_body *body)
{
	(void)r;
	(void)type;
	(void)body;
	return ERR_TYPE;
}

enum err nem_other_check_mosaics(const struct nem_transfer *t, uint8_t version)
{
	(void)version;
	return t->mosaics == 0 ? ERR_OK : ERR_TYPE;
}

void nem_other_sort_mosaics(struct nem_transfer *t)
{
	(void)t;
}

/* None, as NIS writes it. */
void nem_other_put_mosaics(struct writer *w, const struct nem_transfer *t)
{
	CHECK(t->mosaics == 0);
	writer_u32(w, 0);
}

enum err nem_other_get_mosaics(struct reader *r, struct nem_transfer *t)
{
	(void)t;
	return reader_u32(r) == 0 && !r->bad ? ERR_OK : ERR_TYPE;
}
