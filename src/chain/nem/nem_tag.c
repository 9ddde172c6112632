/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_tag.h"

#include <string.h>

#include "base/words.h"
#include "chain/nem/nem_effects.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_network.h"
#include "chain/nem/nem_time.h"

/* ---- what the caller says is judged first ---- */

static enum err check_address(const struct nem_address *a, uint8_t network)
{
	struct nem_address parsed;

	if (memchr(a->text, '\0', sizeof a->text) == NULL) {
		return ERR_ADDRESS;
	}
	return nem_address_parse(&parsed, network, bytes_str(a->text), NULL);
}

/* Structs may have been filled in by hand: a text without its NUL would be read past its end. */
static bool id_ok(const struct nem_mosaic_id *id)
{
	return memchr(id->space.text, '\0', sizeof id->space.text) != NULL &&
	       memchr(id->name, '\0', sizeof id->name) != NULL && nem_mosaic_id_ok(id);
}

static enum err check_taggers(const struct nem_tag_facts *f)
{
	if (f->taggers > NEM_TAGGERS_MAX) {
		return ERR_FULL;
	}
	for (size_t i = 0; i < f->taggers; i++) {
		if (!id_ok(&f->tagger[i].mosaic)) {
			return ERR_FIELD_RANGE;
		}
		for (size_t k = 0; k < i; k++) {
			if (nem_mosaic_id_eq(&f->tagger[i].mosaic, &f->tagger[k].mosaic)) {
				return ERR_FIELD_RANGE;
			}
		}
	}
	return ERR_OK;
}

static enum err check_mosaics(const struct nem_tag_facts *f)
{
	for (size_t i = 0; i < f->owneds; i++) {
		if (!id_ok(&f->owned[i].id)) {
			return ERR_FIELD_RANGE;
		}
		for (size_t k = 0; k < i; k++) {
			if (nem_mosaic_id_eq(&f->owned[i].id, &f->owned[k].id)) {
				return ERR_FIELD_RANGE;
			}
		}
	}
	for (size_t i = 0; i < f->definitions; i++) {
		if (!id_ok(&f->definition[i].id)) {
			return ERR_FIELD_RANGE;
		}
		for (size_t k = 0; k < i; k++) {
			if (nem_mosaic_id_eq(&f->definition[i].id, &f->definition[k].id)) {
				return ERR_FIELD_RANGE;
			}
		}
	}
	return ERR_OK;
}

static enum err check_spaces(const struct nem_tag_facts *f)
{
	for (size_t i = 0; i < f->spaces; i++) {
		const struct nem_tag_space *s = &f->space[i];
		struct nem_namespace parsed;
		enum err err;

		if (memchr(s->root.text, '\0', sizeof s->root.text) == NULL ||
		    nem_namespace_parse(&parsed, bytes_str(s->root.text), NULL) != ERR_OK ||
		    nem_namespace_levels(&parsed) != 1 || s->rented_height == 0 ||
		    s->rented_height > f->height) {
			return ERR_FIELD_RANGE;
		}
		for (size_t k = 0; k < i; k++) {
			if (nem_namespace_eq(&s->root, &f->space[k].root)) {
				return ERR_FIELD_RANGE;
			}
		}
		err = check_address(&s->owner, f->network);
		if (err != ERR_OK) {
			return err;
		}
	}
	return ERR_OK;
}

static enum err check_seen(const struct nem_tag_facts *f)
{
	for (size_t i = 0; i < f->seens; i++) {
		enum err err;

		if (f->seen[i].height == 0 || f->seen[i].height > f->height) {
			return ERR_FIELD_RANGE;
		}
		err = nem_tx_check(f->seen[i].tx);
		if (err != ERR_OK) {
			return err;
		}
		if (f->seen[i].tx->head.network != f->network) {
			return ERR_NETWORK;
		}
	}
	return ERR_OK;
}

static enum err check_facts(const struct nem_tag_facts *f)
{
	enum err err = check_address(&f->account, f->network);

	if (err == ERR_OK && f->height == 0) {
		err = ERR_FIELD_RANGE;
	}
	for (size_t i = 0; err == ERR_OK && i < f->services; i++) {
		err = check_address(&f->service[i], f->network);
	}
	if (err == ERR_OK) {
		err = check_taggers(f);
	}
	if (err == ERR_OK) {
		err = check_mosaics(f);
	}
	if (err == ERR_OK) {
		err = check_spaces(f);
	}
	if (err == ERR_OK) {
		err = check_seen(f);
	}
	return err;
}

/* ---- look-ups ---- */

static uint64_t find_held(const struct nem_tag_facts *f, const struct nem_mosaic_id *id)
{
	for (size_t i = 0; i < f->owneds; i++) {
		if (nem_mosaic_id_eq(&f->owned[i].id, id)) {
			return f->owned[i].quantity;
		}
	}
	return 0;
}

static const struct nem_mosaic_definition *find_definition(const struct nem_tag_facts *f,
							   const struct nem_mosaic_id *id)
{
	for (size_t i = 0; i < f->definitions; i++) {
		if (nem_mosaic_id_eq(&f->definition[i].id, id)) {
			return &f->definition[i];
		}
	}
	return NULL;
}

/* The rental that stands at this height; NULL if it lapsed. */
static const struct nem_tag_space *find_space(const struct nem_tag_facts *f,
					      const struct nem_mosaic_id *id)
{
	struct nem_namespace root;

	nem_namespace_root(&root, &id->space);
	for (size_t i = 0; i < f->spaces; i++) {
		if (nem_namespace_eq(&f->space[i].root, &root)) {
			return f->height - f->space[i].rented_height < NEM_RENTAL_BLOCKS
				   ? &f->space[i]
				   : NULL;
		}
	}
	return NULL;
}

static bool is_service(const struct nem_tag_facts *f)
{
	for (size_t i = 0; i < f->services; i++) {
		if (nem_address_eq(&f->service[i], &f->account)) {
			return true;
		}
	}
	return false;
}

/* The transfer in it to the account, or NULL; *signer is whose transfer it is. */
static const struct nem_transfer *find_transfer(const struct nem_tag_facts *f,
						const struct nem_tx *tx,
						const struct key32 **signer)
{
	const struct nem_transfer *t = NULL;

	if (tx->type == NEM_TRANSFER) {
		t = &tx->transfer;
		*signer = &tx->head.signer;
	} else if (tx->type == NEM_MULTISIG && tx->multisig.inner.type == NEM_TRANSFER) {
		/* Whose coins move is the inner's signer; the wrapper's is only a cosigner. */
		t = &tx->multisig.inner.transfer;
		*signer = &tx->multisig.inner.head.signer;
	}
	return t != NULL && nem_address_eq(&t->recipient, &f->account) ? t : NULL;
}

static bool has_moved(const struct nem_transfer *t, unsigned at)
{
	uint64_t moved;

	return nem_mosaic_moved(&moved, t->amount_micro, t->mosaic[at].quantity) == ERR_OK &&
	       moved > 0;
}

struct receipts {
	uint64_t first; /* height of the creator's first; 0: none */
	bool foreign;   /* somebody else's */
};

/*
 * Before `rented` the name was another's: if the mosaic now is not the trusted one, only what is
 * older than this rental can be the trusted one.  0: any height counts.
 */
static struct receipts find_receipts(const struct nem_tag_facts *f, const struct nem_tagger *t,
				     uint64_t rented)
{
	struct receipts out = { 0, false };

	for (size_t i = 0; i < f->seens; i++) {
		const struct key32 *signer = NULL;
		const struct nem_transfer *x = find_transfer(f, f->seen[i].tx, &signer);

		for (unsigned k = 0; x != NULL && k < x->mosaics; k++) {
			uint64_t height = f->seen[i].height;

			if (!nem_mosaic_id_eq(&x->mosaic[k].id, &t->mosaic) || !has_moved(x, k)) {
				continue;
			}
			if (!t->creator_known || !key32_eq(signer, &t->creator) ||
			    (rented != 0 && height >= rented)) {
				out.foreign = true;
			} else if (out.first == 0 || height < out.first) {
				out.first = height;
			}
		}
	}
	return out;
}

/* ---- one tagger ---- */

/* The mosaic stands as the tagger made it, under a rental that is the tagger's. */
static enum nem_tag_verdict judge_living(struct nem_tag *tag, const struct receipts *r,
					 bool transferable)
{
	if (!transferable) {
		tag->reasons |= NEM_TAG_BOUND;
	}
	if (tag->held == 0) {
		return r->first != 0 ? NEM_TAG_LIFTED : NEM_TAG_NONE;
	}
	if (r->first != 0) {
		return NEM_TAG_IN_EFFECT;
	}
	tag->reasons |= r->foreign ? NEM_TAG_PASSED_ON : NEM_TAG_SOURCE_UNSEEN;
	return transferable ? NEM_TAG_UNPROVEN : NEM_TAG_IN_EFFECT;
}

/* Another made this mosaic, whatever its name. */
static enum nem_tag_verdict judge_usurped(struct nem_tag *tag, const struct receipts *r,
					  bool rental_known)
{
	tag->reasons |= NEM_TAG_OTHER_CREATOR;
	if (r->first != 0) {
		/* Without the height of the rental it may be the usurper's mosaic, sent back. */
		return rental_known ? NEM_TAG_HISTORY : NEM_TAG_UNPROVEN;
	}
	return tag->held > 0 || r->foreign ? NEM_TAG_ALIKE : NEM_TAG_NONE;
}

/* NEM_TAG_NONE: the account has nothing to do with this tagger. */
static enum nem_tag_verdict judge(struct nem_tag *tag, const struct nem_tag_facts *f,
				  const struct nem_tagger *t)
{
	const struct nem_mosaic_definition *d = find_definition(f, &t->mosaic);
	const struct nem_tag_space *space = find_space(f, &t->mosaic);
	bool usurped = t->creator_known && d != NULL && !key32_eq(&d->creator, &t->creator);
	struct nem_address creator;
	struct receipts r;

	nem_address_from_key(&creator, &t->creator, f->network);
	if (t->creator_known && nem_address_eq(&creator, &f->account)) {
		return NEM_TAG_NONE;
	}
	if (space != NULL && t->creator_known && !nem_address_eq(&space->owner, &creator)) {
		tag->reasons |= NEM_TAG_RERENTED;
		r = find_receipts(f, t, space->rented_height);
	} else {
		r = find_receipts(f, t, 0);
	}
	tag->held = find_held(f, &t->mosaic);
	tag->height = r.first;
	tag->reasons |= r.first != 0 ? NEM_TAG_BY_CREATOR : 0u;
	if (!t->creator_known) {
		tag->reasons |= NEM_TAG_KEY_UNKNOWN;
		return tag->held > 0 || r.foreign ? NEM_TAG_UNPROVEN : NEM_TAG_NONE;
	}
	if (usurped) {
		return judge_usurped(tag, &r, space != NULL);
	}
	if (space == NULL) {
		tag->reasons |= NEM_TAG_LAPSED;
	}
	if (d == NULL) {
		tag->reasons |= NEM_TAG_NO_DEFINITION;
	}
	if (space != NULL && d != NULL && (tag->reasons & NEM_TAG_RERENTED) == 0) {
		return judge_living(tag, &r, d->properties.transferable);
	}
	if (r.first != 0) {
		return NEM_TAG_HISTORY;
	}
	if (tag->held == 0) {
		return NEM_TAG_NONE;
	}
	tag->reasons |= r.foreign ? NEM_TAG_PASSED_ON : NEM_TAG_SOURCE_UNSEEN;
	return NEM_TAG_UNPROVEN;
}

/* ---- look-alikes ---- */

enum { SKELETON_MAX = NEM_MOSAIC_ID_MAX };

/* The letters that an eye sees: no marks and blanks, digits as the letters they pass for. */
static size_t put_skeleton(char *out, size_t n, const char *text)
{
	static const char as_letter[] = "olzeasgtbg"; /* of 0..9 */

	for (const char *p = text; *p != '\0' && n < SKELETON_MAX; p++) {
		if (*p >= '0' && *p <= '9') {
			out[n++] = as_letter[*p - '0'];
		} else if (*p == 'i') {
			out[n++] = 'l';
		} else if (*p >= 'a' && *p <= 'z') {
			out[n++] = *p;
		}
	}
	return n;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Letters to put in, leave out or change to make b of a (Levenshtein). */
static unsigned count_edits(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned row[SKELETON_MAX + 1];

	for (size_t k = 0; k <= nb; k++) {
		row[k] = (unsigned)k;
	}
	for (size_t i = 1; i <= na; i++) {
		unsigned corner = row[0];

		row[0] = (unsigned)i;
		for (size_t k = 1; k <= nb; k++) {
			unsigned changed = corner + (a[i - 1] != b[k - 1]);

			corner = row[k];
			row[k] = least(changed, least(row[k], row[k - 1]) + 1);
		}
	}
	return row[nb];
}

static bool texts_alike(const char *a, size_t na, const char *b, size_t nb)
{
	size_t more = na > nb ? na - nb : nb - na;
	unsigned edits;

	/* Most mosaics differ more in length alone: an account stuffed with them costs little. */
	if (more > NEM_TAG_ALIKE_EDITS) {
		return false;
	}
	edits = count_edits(a, na, b, nb);
	return edits == 0 || (na >= NEM_TAG_ALIKE_CHARS && nb >= NEM_TAG_ALIKE_CHARS &&
			      edits <= NEM_TAG_ALIKE_EDITS);
}

/* The name alone (in any namespace), or the two names together. */
static bool ids_alike(const struct nem_mosaic_id *a, const struct nem_mosaic_id *b)
{
	char sa[SKELETON_MAX];
	char sb[SKELETON_MAX];
	size_t na = put_skeleton(sa, 0, a->name);
	size_t nb = put_skeleton(sb, 0, b->name);

	if (na > 0 && nb > 0 && texts_alike(sa, na, sb, nb)) {
		return true;
	}
	na = put_skeleton(sa, put_skeleton(sa, 0, a->space.text), a->name);
	nb = put_skeleton(sb, put_skeleton(sb, 0, b->space.text), b->name);
	return texts_alike(sa, na, sb, nb);
}

static void add_alike(struct nem_tags *out, const struct nem_tag_facts *f,
		      const struct nem_mosaic_id *id)
{
	struct nem_tag tag = { .mosaic = *id,
			       .verdict = NEM_TAG_ALIKE,
			       .reasons = NEM_TAG_OTHER_NAME };

	for (size_t i = 0; i < f->taggers; i++) {
		if (nem_mosaic_id_eq(&f->tagger[i].mosaic, id)) {
			return; /* judged by itself */
		}
	}
	for (size_t i = 0; i < out->n; i++) {
		if (nem_mosaic_id_eq(&out->tag[i].mosaic, id)) {
			return;
		}
	}
	while (tag.tagger < f->taggers && !ids_alike(&f->tagger[tag.tagger].mosaic, id)) {
		tag.tagger++;
	}
	if (tag.tagger == f->taggers) {
		return;
	}
	if (out->n == NEM_TAGS_MAX) {
		out->left_off++;
		return;
	}
	tag.held = find_held(f, id);
	out->tag[out->n++] = tag;
}

enum err nem_tag_read(struct nem_tags *out, const struct nem_tag_facts *f)
{
	enum err err = check_facts(f);

	if (err != ERR_OK) {
		return err;
	}
	memset(out, 0, sizeof *out);
	for (size_t i = 0; i < f->taggers; i++) {
		struct nem_tag tag = { .tagger = (unsigned)i, .mosaic = f->tagger[i].mosaic };
		enum nem_tag_verdict verdict = judge(&tag, f, &f->tagger[i]);

		if (verdict == NEM_TAG_NONE) {
			continue;
		}
		if (is_service(f)) {
			tag.reasons |= NEM_TAG_SERVICE;
			verdict = verdict == NEM_TAG_IN_EFFECT ? NEM_TAG_MISTAKEN : verdict;
		}
		tag.verdict = verdict;
		out->tag[out->n++] = tag;
	}
	for (size_t i = 0; i < f->owneds; i++) {
		if (f->owned[i].quantity > 0) {
			add_alike(out, f, &f->owned[i].id);
		}
	}
	return ERR_OK;
}

const char *nem_tag_verdict_name(enum nem_tag_verdict verdict)
{
	switch (verdict) {
	case NEM_TAG_NONE:
		return NULL;
	case NEM_TAG_IN_EFFECT:
		return N_("in effect");
	case NEM_TAG_HISTORY:
		return N_("history");
	case NEM_TAG_LIFTED:
		return N_("lifted");
	case NEM_TAG_MISTAKEN:
		return N_("mistaken");
	case NEM_TAG_UNPROVEN:
		return N_("unproven");
	case NEM_TAG_ALIKE:
		return N_("look-alike");
	}
	return NULL;
}

const char *nem_tag_reason_name(enum nem_tag_reason reason)
{
	switch (reason) {
	case NEM_TAG_BY_CREATOR:
		return N_("sent by the creator");
	case NEM_TAG_SOURCE_UNSEEN:
		return N_("no transfer of it seen");
	case NEM_TAG_PASSED_ON:
		return N_("sent by another than the creator");
	case NEM_TAG_BOUND:
		return N_("not transferable");
	case NEM_TAG_NO_DEFINITION:
		return N_("no such mosaic now");
	case NEM_TAG_LAPSED:
		return N_("namespace lapsed");
	case NEM_TAG_RERENTED:
		return N_("namespace rented by another");
	case NEM_TAG_OTHER_CREATOR:
		return N_("another creator");
	case NEM_TAG_OTHER_NAME:
		return N_("another name");
	case NEM_TAG_KEY_UNKNOWN:
		return N_("key of the tagger unknown");
	case NEM_TAG_SERVICE:
		return N_("account of a service");
	}
	return NULL;
}

/* ---- writing ---- */

static bool times_ok(uint32_t time_nem_s, uint32_t deadline_nem_s)
{
	return deadline_nem_s > time_nem_s &&
	       deadline_nem_s - time_nem_s <= NEM_TIME_DEADLINE_MAX_S;
}

struct known {
	const struct nem_mosaic_definition *definition;
	uint64_t supply;
};

static bool find_fee(void *context, const struct nem_mosaic_id *id, struct nem_fee_mosaic *out)
{
	const struct known *k = context;

	if (!nem_mosaic_id_eq(id, &k->definition->id)) {
		return false;
	}
	*out = (struct nem_fee_mosaic){ .supply = k->supply,
					.divisibility = k->definition->properties.divisibility };
	return true;
}

static bool find_levy(void *context, const struct nem_mosaic_id *id, struct nem_levy *out)
{
	const struct known *k = context;

	if (!nem_mosaic_id_eq(id, &k->definition->id)) {
		return false;
	}
	*out = k->definition->levy;
	return true;
}

static bool is_from_to(const struct chain_effect *e, const struct nem_address *from,
		       const struct nem_address *to)
{
	return strcmp(e->from.text, from->text) == 0 &&
	       strcmp(e->to.text, to == NULL ? "" : to->text) == 0;
}

static bool is_token(const struct chain_effects *all, const struct chain_effect *e,
		     const struct nem_mosaic_id *id)
{
	char text[NEM_MOSAIC_ID_MAX + 1];

	nem_mosaic_id_put(text, id);
	return e->token < all->tokens && strcmp(all->token[e->token].name, text) == 0;
}

/* The whole list of effects, not what was meant, is what the creator will sign. */
static bool only_tags(const struct chain_effects *all, const struct nem_address *from,
		      const struct nem_address *to, const struct nem_mosaic_id *id)
{
	return all->n == 2 && all->effect[0].kind == CHAIN_TOKEN_MOVE &&
	       all->effect[0].quantity == 1 && is_from_to(&all->effect[0], from, to) &&
	       is_token(all, &all->effect[0], id) && all->effect[1].kind == CHAIN_FEE &&
	       is_from_to(&all->effect[1], from, NULL);
}

static bool only_defines(const struct chain_effects *all, const struct nem_address *from,
			 const struct nem_address *sink, const struct nem_mosaic_id *id,
			 uint64_t supply)
{
	unsigned moves = 0;
	unsigned defines = 0;
	unsigned fees = 0;

	for (size_t i = 0; i < all->n; i++) {
		const struct chain_effect *e = &all->effect[i];

		if (e->kind == CHAIN_MOVE && is_from_to(e, from, sink)) {
			moves++;
		} else if (e->kind == CHAIN_TOKEN_DEFINE && is_from_to(e, from, NULL) &&
			   e->quantity == supply && is_token(all, e, id)) {
			defines++;
		} else if (e->kind == CHAIN_FEE && is_from_to(e, from, NULL)) {
			fees++;
		} else {
			return false;
		}
	}
	return moves == 1 && defines == 1 && fees == 1;
}

enum err nem_tag_define(struct nem_tx *out, uint8_t network, const struct key32 *creator,
			const struct nem_mosaic_id *mosaic, struct bytes description,
			uint64_t supply, uint32_t time_nem_s, uint32_t deadline_nem_s)
{
	struct nem_tx tx;
	struct nem_mosaic_definition *d = &tx.definition.mosaic;
	struct chain_effects effects;
	struct nem_address from;
	enum err err;

	if (!nem_network_known(network)) {
		return ERR_NETWORK;
	}
	if (!times_ok(time_nem_s, deadline_nem_s) || !id_ok(mosaic) || supply == 0) {
		return ERR_FIELD_RANGE;
	}
	if (description.n > NEM_DESCRIPTION_BYTES_MAX) {
		return ERR_TOO_LARGE;
	}
	memset(&tx, 0, sizeof tx);
	tx.type = NEM_DEFINITION;
	tx.head = (struct nem_header){ .network = network,
				       .version = 1,
				       .time_nem_s = time_nem_s,
				       .deadline_nem_s = deadline_nem_s,
				       .fee_micro = NEM_FEE_OTHER_MICRO,
				       .signer = *creator };
	d->creator = *creator;
	d->id = *mosaic;
	d->description_bytes = (uint16_t)description.n;
	if (description.n > 0) {
		memcpy(d->description, description.p, description.n);
	}
	d->properties =
	    (struct nem_mosaic_properties){ .initial_supply = supply, .supply_mutable = true };
	nem_address_from_key(&tx.definition.sink, &nem_sink_mosaic_key, network);
	tx.definition.creation_fee_micro = NEM_FEE_CREATION_MICRO;
	nem_tx_canonicalise(&tx);
	err = nem_effects_list(&effects, &tx);
	if (err == ERR_OK) {
		err = nem_fee_check(&tx);
	}
	if (err != ERR_OK) {
		return err;
	}
	nem_address_from_key(&from, creator, network);
	if (!only_defines(&effects, &from, &tx.definition.sink, mosaic, supply)) {
		return ERR_MISMATCH;
	}
	*out = tx;
	return ERR_OK;
}

enum err nem_tag_build(struct nem_tx *out, uint8_t network,
		       const struct nem_mosaic_definition *definition, uint64_t supply,
		       const struct nem_address *account, uint32_t time_nem_s,
		       uint32_t deadline_nem_s)
{
	struct known known = { definition, supply };
	const struct nem_fee_lookup fees = { &known, find_fee };
	const struct nem_effects_assets assets = { &known, find_levy };
	struct nem_tx tx;
	struct chain_effects effects;
	struct nem_address from;
	enum err err = check_address(account, network);

	if (err != ERR_OK) {
		return err;
	}
	if (!times_ok(time_nem_s, deadline_nem_s) || !id_ok(&definition->id) || supply == 0 ||
	    supply > NEM_QUANTITY_MAX) {
		return ERR_FIELD_RANGE;
	}
	if (definition->properties.divisibility != 0 || definition->properties.transferable ||
	    definition->levy.type != NEM_LEVY_NONE || nem_mosaic_is_xem(&definition->id)) {
		return ERR_ASSET;
	}
	nem_address_from_key(&from, &definition->creator, network);
	if (nem_address_eq(&from, account)) {
		return ERR_ONCE;
	}
	memset(&tx, 0, sizeof tx);
	tx.type = NEM_TRANSFER;
	tx.head = (struct nem_header){ .network = network,
				       .version = 2,
				       .time_nem_s = time_nem_s,
				       .deadline_nem_s = deadline_nem_s,
				       .signer = definition->creator };
	tx.transfer.recipient = *account;
	tx.transfer.amount_micro = NEM_TAG_MULTIPLIER;
	tx.transfer.mosaics = 1;
	tx.transfer.mosaic[0] = (struct nem_mosaic){ definition->id, 1 };
	nem_tx_canonicalise(&tx);
	err = nem_fee_minimum_of(&tx.head.fee_micro, &tx, &fees, NULL);
	if (err == ERR_OK) {
		err = nem_effects_list_with(&effects, &tx, &assets);
	}
	if (err != ERR_OK) {
		return err;
	}
	if (!only_tags(&effects, &from, account, &definition->id)) {
		return ERR_MISMATCH;
	}
	*out = tx;
	return ERR_OK;
}
