/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_json.h - the JSON of NIS, both ways (nem.md 2.7, 2.9, 5): for the shells of the node, the
 * watcher and the server.  A library of its own (dep_chain_json): jansson allocates, so nothing
 * that holds a key links it.
 *
 * Reading follows NIS: integers must be integers, keys in any order, unknown keys ignored, hex in
 * either case, what is not there is {} or null.  What is read must then be canonical: it passes
 * nem_tx_check(). Every json_t that is returned belongs to the caller (json_decref); NULL only when
 * memory ends or an amount or fee is beyond 2^63-1, which no node accepts. *where (may be NULL)
 * names the field that is wrong; static storage.
 */
#ifndef KURAMORI_CHAIN_NEM_JSON_H
#define KURAMORI_CHAIN_NEM_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "chain/nem/nem_block.h"
#include "chain/nem/nem_result.h"
#include "chain/nem/nem_tx.h"

/* With `signature` (and `signatures` of a multisig) for NEM_SIGNED, without for NEM_SIGNING. */
json_t *nem_json_tx(const struct nem_tx *tx, enum nem_form form);

/*
 * ERR_INPUT (not an object), ERR_FIELD_MISSING, ERR_FIELD_TYPE, ERR_FIELD_RANGE, ERR_TYPE,
 * ERR_VERSION, ERR_NETWORK, ERR_ADDRESS and the errors of nem_tx_check().
 */
MUST_CHECK enum err nem_json_tx_read(struct nem_tx *out, uint8_t network, const json_t *j,
				     enum nem_form form, const char **where);

/*
 * An unsigned transaction that a person or another library wrote: entries and mosaics in any order
 * and mosaics named twice are put into the one form of NIS (nem_tx_canonicalise()).
 */
MUST_CHECK enum err nem_json_tx_read_any_order(struct nem_tx *out, uint8_t network, const json_t *j,
					       const char **where);

/* The MosaicDefinition of nem.md 5.3, and {"namespaceId","name"}. */
json_t *nem_json_definition(const struct nem_mosaic_definition *definition);
json_t *nem_json_mosaic_id(const struct nem_mosaic_id *id);
/* The errors of the fields and of nem_mosaic_definition_check(). */
MUST_CHECK enum err nem_json_definition_read(struct nem_mosaic_definition *out, uint8_t network,
					     const json_t *j, const char **where);

/* {"meta":{"innerHash","id","hash","height"},"transaction"} */
struct nem_json_meta {
	uint64_t id;     /* of this node's database: never a global name (nem.md 5.2.1) */
	uint64_t height; /* NEM_JSON_UNCONFIRMED_HEIGHT: not in a block */
	struct hash32 hash;
	bool has_inner_hash;
	struct hash32 inner_hash;
};

#define NEM_JSON_UNCONFIRMED_HEIGHT UINT64_C(9007199254740991)

/* Hashes are computed from tx. */
json_t *nem_json_pair(const struct nem_tx *tx, uint64_t id, uint64_t height);

/*
 * Reads a pair and believes it only if the hashes it states are those of the transaction
 * (ERR_MISMATCH otherwise).  Other errors as nem_json_tx_read().
 */
MUST_CHECK enum err nem_json_pair_read(struct nem_tx *tx, struct nem_json_meta *meta,
				       uint8_t network, const json_t *j, const char **where);

/* {"meta":{"data":innerHash|null},"transaction"}: an entry of unconfirmedTransactions. */
json_t *nem_json_unconfirmed(const struct nem_tx *tx);
MUST_CHECK enum err nem_json_unconfirmed_read(struct nem_tx *tx, uint8_t network, const json_t *j,
					      const char **where);

/* Block JSON as of /block/at/public and /chain/last-block: no hash in it. */
json_t *nem_json_block(const struct nem_block *block);

/*
 * Writes the signed form into buffer (NEM_BLOCK_BYTES_MAX suffices) and gives a view of it.
 * The errors of nem_json_tx_read() and nem_block_decode(); ERR_FULL (buffer).
 */
MUST_CHECK enum err nem_json_block_read(struct bytes *signed_form, uint8_t *buffer,
					size_t buffer_bytes, uint8_t network, const json_t *j,
					const char **where);

/* ExplorerBlock of /local/chain/blocks-after and /local/block/at (nem.md 5.1). */
json_t *nem_json_explorer_block(const struct nem_block *block, uint64_t difficulty,
				const struct nem_address *beneficiary);

/* Reads the `block` in it and checks the stated hash of the block and of each transaction:
 * ERR_MISMATCH.  Otherwise as nem_json_block_read(). */
MUST_CHECK enum err nem_json_explorer_block_read(struct bytes *signed_form, uint8_t *buffer,
						 size_t buffer_bytes, uint8_t network,
						 const json_t *j, const char **where);

/* {"data":hex of the signing form,"signature":hex}: the body of /transaction/announce.  NULL also
 * if the form is longer than NEM_ANNOUNCE_BYTES_MAX, which no node would read whole. */
json_t *nem_json_announce(const struct nem_tx *tx);

/* The raw bytes and signature of an announce body; data is the caller's NEM_ANNOUNCE_BYTES_MAX.
 * ERR_FIELD_MISSING, ERR_FIELD_TYPE, ERR_FIELD_RANGE (hex), ERR_TOO_LARGE. */
MUST_CHECK enum err nem_json_announce_read(uint8_t data[NEM_ANNOUNCE_BYTES_MAX], size_t *data_bytes,
					   struct sig64 *signature, const json_t *j,
					   const char **where);

/* NemAnnounceResult.  inner_hash may be NULL ({}). */
json_t *nem_json_result(enum nem_result code, const struct hash32 *hash,
			const struct hash32 *inner_hash);

/* The code of a NemAnnounceResult and the hash in it (*has_hash false for {}).
 * ERR_FIELD_MISSING, ERR_FIELD_TYPE, ERR_NODE (type is not 1, or code and message disagree). */
MUST_CHECK enum err nem_json_result_read(enum nem_result *code, struct hash32 *hash, bool *has_hash,
					 const json_t *j, const char **where);

/* {"data":"hex"} or {} for NULL. */
json_t *nem_json_hash(const struct hash32 *hash);

#endif
