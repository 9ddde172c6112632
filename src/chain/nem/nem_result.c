/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_result.h"

#include <stddef.h>

const char *nem_result_name(int code)
{
	switch (code) {
#define NEM(name, number) \
	case number:      \
		return #name;
#include "chain/nem/nem_result.def"
#undef NEM
	}
	return NULL;
}

bool nem_result_known(int code)
{
	return nem_result_name(code) != NULL;
}
