/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/agenda.h"

#include "base/pages.h"

enum err agenda_make(struct agenda *a, size_t n)
{
	/* n has a bit, too; and a search begins at the word after any */
	const size_t words = (n >> 6) + 1;
	const size_t some = (words >> 6) + 1;

	*a = (struct agenda){ .n = n, .bytes = (words + some) * sizeof(uint64_t) };
	a->words = pages_take(a->bytes);
	if (a->words == NULL) {
		return ERR_FULL;
	}
	a->some = a->words + words;
	(void)agenda_put(a, n);
	return ERR_OK;
}

void agenda_free(struct agenda *a)
{
	pages_give(a->words, a->bytes);
	*a = (struct agenda){ 0 };
}
