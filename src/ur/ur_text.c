/* SPDX-License-Identifier: Apache-2.0 */
#include "ur/ur_text.h"

#include "ur/ur.h"

enum { DIRECT_MAX = 23, NEXT_8 = 24, NEXT_16 = 25, NEXT_32 = 26 };

void ur_cbor_put(struct writer *w, unsigned major, uint32_t value)
{
	uint8_t head[5] = { 0, (uint8_t)(value >> 24), (uint8_t)(value >> 16),
			    (uint8_t)(value >> 8), (uint8_t)value };
	unsigned info = NEXT_32;
	size_t n = 4;

	if (value <= DIRECT_MAX) {
		info = value;
		n = 0;
	} else if (value <= UINT8_MAX) {
		info = NEXT_8;
		n = 1;
	} else if (value <= UINT16_MAX) {
		info = NEXT_16;
		n = 2;
	}
	/* the first byte goes right before the last n of the number */
	head[4 - n] = (uint8_t)(major << 5 | info);
	writer_bytes(w, bytes_of(head + 4 - n, 1 + n));
}

uint32_t ur_cbor_get(struct reader *r, unsigned major)
{
	struct bytes first = reader_bytes(r, 1);
	unsigned info = first.n == 1 ? first.p[0] & 0x1fU : 0;
	uint32_t value = info;

	if (r->bad || first.p[0] >> 5 != major || info > NEXT_32) {
		r->bad = true;
		return 0;
	}
	if (info > DIRECT_MAX) {
		static const uint32_t least[] = { DIRECT_MAX + 1, UINT8_MAX + 1, UINT16_MAX + 1 };
		struct bytes rest = reader_bytes(r, (size_t)1 << (info - NEXT_8));

		value = 0;
		for (size_t i = 0; i < rest.n; i++) {
			value = value << 8 | rest.p[i];
		}
		if (r->bad || value < least[info - NEXT_8]) {
			r->bad = true;
			return 0;
		}
	}
	return value;
}

bool ur_type_good(struct bytes type)
{
	if (type.n == 0 || type.n > UR_TYPE_MAX) {
		return false;
	}
	for (size_t i = 0; i < type.n; i++) {
		uint8_t c = type.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-') {
			return false;
		}
	}
	return true;
}

void ur_wrap(struct writer *w, struct bytes content)
{
	if (content.n > UINT32_MAX) {
		w->bad = true;
		return;
	}
	ur_cbor_put(w, UR_CBOR_BYTES, (uint32_t)content.n);
	writer_bytes(w, content);
}

enum err ur_unwrap(struct bytes *content, struct bytes message)
{
	struct reader r = reader_make(message);
	struct bytes inside = reader_bytes(&r, ur_cbor_get(&r, UR_CBOR_BYTES));

	if (!reader_done(&r)) {
		return ERR_INPUT;
	}
	*content = inside;
	return ERR_OK;
}
