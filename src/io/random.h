/* SPDX-License-Identifier: Apache-2.0 */
/*
 * random.h - randomness from the kernel, for shells; cores get theirs passed in.
 */
#ifndef KURAMORI_IO_RANDOM_H
#define KURAMORI_IO_RANDOM_H

#include <stddef.h>

/* Fills p with n bytes of getrandom(2).  Dies if the kernel gives none: there is no second best. */
void random_fill(void *p, size_t n);

#endif
