/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces, mosaics and remote links as the REST interface asks for them (nem.md 5.2, 5.3). */
#include "base/check.h"
#include "nis/nis_asset.h"
#include "nis/nis_chain.h"

static struct nis_view confirmed(const struct nis *n)
{
	struct nis_view v;

	nis_state_view_init(&v, &n->state);
	return v;
}

/* What the whole network has without anybody's transaction (nem.md 5.3). */
static const struct nem_mosaic_definition *xem_definition(void)
{
	static struct nem_mosaic_definition d = {
		.description_bytes = sizeof "reserved xem mosaic" - 1,
		.description = "reserved xem mosaic",
		.properties = { .divisibility = NEM_DIVISIBILITY_MAX,
				.initial_supply = NEM_SUPPLY_MICRO / NEM_XEM_MICRO,
				.supply_mutable = false,
				.transferable = true },
	};

	d.creator = nem_sink_namespace_key;
	d.id = nem_mosaic_xem;
	return &d;
}

static bool is_nem(const struct nem_namespace *name)
{
	return nem_namespace_eq(name, &nem_mosaic_xem.space);
}

static bool describe(const struct nis *n, const struct nis_view *v, uint32_t number,
		     struct nis_namespace *out)
{
	const struct nem_namespace *name = &n->state.names.name[number];
	struct nis_root root;

	if (!nis_asset_namespace(v, name, &root)) {
		return false;
	}
	*out = (struct nis_namespace){ .id = (uint64_t)number + 1,
				       .name = *name,
				       .owner = n->state.address[root.owner],
				       .height = root.height,
				       .active = nis_asset_active(v, name, n->link_n) };
	return true;
}

bool nis_namespace(const struct nis *n, const struct nem_namespace *name, struct nis_namespace *out)
{
	struct nis_view v = confirmed(n);
	uint32_t number = nis_asset_find_name(&n->state, name);

	if (is_nem(name)) {
		*out = (struct nis_namespace){ .name = *name, .height = INT64_MAX, .active = true };
		nem_address_from_key(&out->owner, &nem_sink_namespace_key, n->network);
		return true;
	}
	return number != NIS_MAP_NONE && describe(n, &v, number, out);
}

/* Numbers below before_id (0: all), which is a number + 1. */
static uint32_t first_below(uint64_t before_id, size_t n)
{
	return (uint32_t)(before_id == 0 || before_id > n ? n : before_id - 1);
}

size_t nis_roots(const struct nis *n, uint64_t before_id, struct nis_namespace *out, size_t cap)
{
	struct nis_view v = confirmed(n);
	size_t found = 0;

	for (uint32_t i = first_below(before_id, n->state.names.n); i > 0 && found < cap; i--) {
		if (nem_namespace_levels(&n->state.names.name[i - 1]) == 1) {
			found += describe(n, &v, i - 1, &out[found]);
		}
	}
	return found;
}

static bool is_child(const struct nem_namespace *name, const struct nem_namespace *parent)
{
	struct bytes child = nem_namespace_bytes(name);
	struct bytes above = nem_namespace_bytes(parent);

	return nem_namespace_levels(name) == nem_namespace_levels(parent) + 1 &&
	       child.n > above.n && child.p[above.n] == '.' &&
	       bytes_eq(bytes_of(child.p, above.n), above);
}

size_t nis_namespaces_of(const struct nis *n, const struct nem_address *owner,
			 const struct nem_namespace *parent, uint64_t before_id,
			 struct nis_namespace *out, size_t cap)
{
	struct nis_view v = confirmed(n);
	size_t found = 0;

	for (uint32_t i = first_below(before_id, n->state.names.n); i > 0 && found < cap; i--) {
		struct nis_namespace one;

		if (describe(n, &v, i - 1, &one) && one.active &&
		    nem_address_eq(&one.owner, owner) &&
		    (parent == NULL || is_child(&one.name, parent))) {
			out[found++] = one;
		}
	}
	return found;
}

static bool describe_mosaic(const struct nis *n, const struct nis_view *v, uint32_t number,
			    struct nis_mosaic_info *out)
{
	struct nis_mosaic m;

	if (!nis_asset_mosaic_at(v, number, &m)) {
		return false;
	}
	*out = (struct nis_mosaic_info){
		.id = (uint64_t)number + 1,
		.definition = m.definition,
		.supply = m.supply,
		.active = nis_asset_active(v, &m.definition->id.space, n->link_n),
	};
	return true;
}

bool nis_mosaic(const struct nis *n, const struct nem_mosaic_id *id, struct nis_mosaic_info *out)
{
	struct nis_view v = confirmed(n);
	uint32_t number = nis_asset_find_mosaic(&n->state, id);

	if (nem_mosaic_is_xem(id)) {
		*out = (struct nis_mosaic_info){ .definition = xem_definition(),
						 .supply = NEM_SUPPLY_MICRO / NEM_XEM_MICRO,
						 .active = true };
		return true;
	}
	return number != NIS_MAP_NONE && describe_mosaic(n, &v, number, out);
}

size_t nis_mosaics(const struct nis *n, const struct nem_namespace *space,
		   const struct nem_address *creator, uint64_t before_id,
		   struct nis_mosaic_info *out, size_t cap)
{
	struct nis_view v = confirmed(n);
	size_t found = 0;

	for (uint32_t i = first_below(before_id, n->state.mosaics.n); i > 0 && found < cap; i--) {
		struct nis_mosaic_info one;
		struct nem_address by;

		if (!describe_mosaic(n, &v, i - 1, &one) || !one.active) {
			continue;
		}
		nem_address_from_key(&by, &one.definition->creator, n->network);
		if ((space == NULL || nem_namespace_eq(space, &one.definition->id.space)) &&
		    (creator == NULL || nem_address_eq(creator, &by))) {
			out[found++] = one;
		}
	}
	return found;
}

size_t nis_owned(const struct nis *n, const struct nem_address *address, struct nem_mosaic *out,
		 size_t cap)
{
	struct nis_view v = confirmed(n);
	uint32_t account = nis_state_find(&n->state, address);
	size_t found = 0;

	if (cap == 0) {
		return 0;
	}
	out[found++] = (struct nem_mosaic){ .id = nem_mosaic_xem,
					    .quantity = nis_state_get(&v, account)->balance };
	for (uint32_t i = 0; i < n->state.mosaics.n && found < cap; i++) {
		struct nis_mosaic m;
		uint64_t quantity;

		if (!nis_asset_mosaic_at(&v, i, &m) ||
		    !nis_asset_active(&v, &n->state.mosaics.id[i].space, n->link_n)) {
			continue;
		}
		quantity = nis_asset_quantity(&v, account, &m);
		if (quantity > 0) {
			out[found++] = (struct nem_mosaic){ .id = n->state.mosaics.id[i],
							    .quantity = quantity };
		}
	}
	return found;
}

enum nis_remote_state nis_remote_state(const struct nis *n, const struct nem_address *address,
				       struct nem_address *forwarded)
{
	struct nis_view v = confirmed(n);
	struct nis_remote link = nis_asset_remote(&v, nis_state_find(&n->state, address));

	if (forwarded != NULL) {
		*forwarded =
		    link.exists && link.is_remote &&
			    nis_asset_remote_status(&link, n->link_n) != NIS_REMOTE_INACTIVE
			? n->state.address[link.partner]
			: *address;
	}
	switch (nis_asset_remote_status(&link, n->link_n)) {
	case NIS_REMOTE_OWNER_ACTIVATING:
		return NIS_REMOTE_STATE_ACTIVATING;
	case NIS_REMOTE_OWNER_ACTIVE:
		return NIS_REMOTE_STATE_ACTIVE;
	case NIS_REMOTE_OWNER_DEACTIVATING:
		return NIS_REMOTE_STATE_DEACTIVATING;
	case NIS_REMOTE_ACTIVATING:
	case NIS_REMOTE_ACTIVE:
	case NIS_REMOTE_DEACTIVATING:
		return NIS_REMOTE_STATE_REMOTE;
	case NIS_REMOTE_NOT_SET:
	case NIS_REMOTE_OWNER_INACTIVE:
	case NIS_REMOTE_INACTIVE:
		break;
	}
	return NIS_REMOTE_STATE_INACTIVE;
}
