/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_result.h - the result codes of NIS validation: the `code` and `message` of a reply to
 * /transaction/announce (nem.md 5.4.1, appendix A).
 */
#ifndef KURAMORI_CHAIN_NEM_RESULT_H
#define KURAMORI_CHAIN_NEM_RESULT_H

#include <stdbool.h>

enum nem_result {

#define NEM(name, number) NEM_##name = (number),
#include "chain/nem/nem_result.def"
#undef NEM
};

/* "SUCCESS", "FAILURE_PAST_DEADLINE", ...: exactly NIS's spelling.  NULL for an unknown number. */
const char *nem_result_name(int code);

/* True if the number stands in nem_result.def. */
bool nem_result_known(int code);

#endif
