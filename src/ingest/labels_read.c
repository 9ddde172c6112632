/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of labels: CSV and TagPack YAML. */
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "crypto/sha256.h"
#include "ingest/labels.h"

enum what { ADDRESS, LABEL, CATEGORY, CONFIDENCE, SOURCE, WHATS };

static const char *const names[WHATS] = {
	[ADDRESS] = "address",       [LABEL] = "label",   [CATEGORY] = "category",
	[CONFIDENCE] = "confidence", [SOURCE] = "source",
};

/* How sure a kind of source is (the scale of the TagPack format). */
static const struct {
	const char *name;
	uint8_t level;
} scale[] = {
	{ "ownership", 100 },
	{ "override", 100 },
	{ "ledger_immanent", 100 },
	{ "manual_transaction", 90 },
	{ "service_api", 70 },
	{ "forensic", 70 },
	{ "forensic_investigation", 70 },
	{ "authority_data", 60 },
	{ "trusted_provider", 50 },
	{ "service_data", 50 },
	{ "forensic_data", 50 },
	{ "web_crawl", 20 },
	{ "untrusted_transaction", 10 },
	{ "heuristic", 10 },
	{ "unknown", 5 },
};

static enum err confidence_of(uint8_t *out, struct bytes text, struct ingest_fault *fault)
{
	uint64_t n = 0;

	if (text.n == 0) {
		*out = 5; /* unknown */
		return ERR_OK;
	}
	for (size_t i = 0; i < ARRAY_LEN(scale); i++) {
		if (bytes_eq(text, bytes_str(scale[i].name))) {
			*out = scale[i].level;
			return ERR_OK;
		}
	}
	if (ingest_number(&n, "confidence", text, fault) != ERR_OK || n > LABELS_CONFIDENCE_MAX) {
		ingest_fault_say(fault, "confidence",
				 "is neither 0 to 100 nor a word of the TagPack scale");
		return ERR_FIELD_RANGE;
	}
	*out = (uint8_t)n;
	return ERR_OK;
}

/* A text for people: no control characters, so that a list cannot write on somebody's terminal. */
static enum err text_ok(const char *field, struct bytes text, struct ingest_fault *fault)
{
	if (text.n > LABELS_TEXT_MAX) {
		ingest_fault_say(fault, field, "is longer than %d bytes", LABELS_TEXT_MAX);
		return ERR_FIELD_RANGE;
	}
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < ' ' || text.p[i] == 0x7f) {
			ingest_fault_say(fault, field, "has a control character at byte %zu",
					 i + 1);
			return ERR_FIELD_RANGE;
		}
	}
	return ERR_OK;
}

static enum err take(struct labels *l, const struct bytes text[WHATS], size_t list,
		     struct ingest_fault *fault)
{
	struct label_new tag = { text[ADDRESS], text[LABEL], text[CATEGORY], text[SOURCE], 0 };
	enum err e = ingest_address("address", tag.address, fault);

	for (int i = ADDRESS; e == ERR_OK && i <= LABEL; i++) {
		if (text[i].n == 0) {
			ingest_fault_say(fault, names[i], "is missing");
			e = ERR_FIELD_MISSING;
		}
	}
	for (int i = LABEL; e == ERR_OK && i < WHATS; i++) {
		e = text_ok(names[i], text[i], fault);
	}
	if (e == ERR_OK) {
		e = confidence_of(&tag.confidence, text[CONFIDENCE], fault);
	}
	return e == ERR_OK ? labels_add(l, &tag, list) : e;
}

static enum err begin(struct labels *l, struct bytes title, struct bytes file, size_t *list,
		      uint64_t *line, struct ingest_fault *fault)
{
	struct hash32 hash;

	*line = 0;
	*fault = (struct ingest_fault){ "", "" };
	if (labels_sealed(l)) {
		return ERR_STATE;
	}
	if (file.n > LABELS_FILE_MAX) {
		ingest_fault_say(fault, "", "the file is larger than %d bytes", LABELS_FILE_MAX);
		return ERR_TOO_LARGE;
	}
	sha256(&hash, file);
	return labels_list(l, title, &hash, list);
}

/* ---- CSV ---- */

static enum err csv_header(const struct bytes *field, size_t n, int8_t *what,
			   struct ingest_fault *fault)
{
	unsigned seen = 0;

	for (size_t i = 0; i < n; i++) {
		what[i] = -1;
		for (int k = 0; k < WHATS; k++) {
			if (bytes_eq(field[i], bytes_str(names[k]))) {
				if ((seen & 1U << k) != 0) {
					ingest_fault_say(fault, names[k],
							 "stands twice in the header");
					return ERR_FIELD_UNKNOWN;
				}
				seen |= 1U << k;
				what[i] = (int8_t)k;
			}
		}
	}
	if ((seen & 3U) != 3U) {
		ingest_fault_say(fault, (seen & 1U) == 0 ? "address" : "label",
				 "is not in the header: the first line names the columns");
		return ERR_FIELD_MISSING;
	}
	return ERR_OK;
}

static enum err csv_lines(struct labels *l, struct bytes file, size_t list, uint8_t *room,
			  uint64_t *line, struct ingest_fault *fault)
{
	struct bytes field[INGEST_COLUMNS_MAX];
	int8_t what[INGEST_COLUMNS_MAX];
	size_t columns = 0, n = 0;
	enum err e = ERR_OK;

	while (e == ERR_OK && file.n > 0) {
		const uint8_t *stop = memchr(file.p, '\n', file.n);
		size_t bytes = stop != NULL ? (size_t)(stop - file.p) : file.n;
		struct bytes at = bytes_of(file.p, bytes);
		struct bytes mine[WHATS];

		file = bytes_of(file.p + bytes + (stop != NULL ? 1 : 0),
				file.n - bytes - (stop != NULL ? 1 : 0));
		(*line)++;
		if (at.n > 0 && at.p[at.n - 1] == '\r') {
			at.n--;
		}
		if (at.n == 0) {
			continue;
		}
		if (at.n > INGEST_LINE_MAX) {
			ingest_fault_say(fault, "", "is longer than %d bytes", INGEST_LINE_MAX);
			return ERR_TOO_LARGE;
		}
		e = ingest_csv_split(field, INGEST_COLUMNS_MAX, &n, room, at, fault);
		if (e == ERR_OK && columns == 0) {
			e = csv_header(field, n, what, fault);
			columns = n;
			continue;
		}
		if (e == ERR_OK && n != columns) {
			ingest_fault_say(fault, "", "has %zu fields, the header %zu", n, columns);
			e = ERR_FIELD_MISSING;
		}
		if (e == ERR_OK) {
			memset(mine, 0, sizeof mine);
			for (size_t i = 0; i < n; i++) {
				if (what[i] >= 0) {
					mine[what[i]] = field[i];
				}
			}
			e = take(l, mine, list, fault);
		}
	}
	if (e == ERR_OK && columns == 0) {
		ingest_fault_say(fault, "", "the file is empty");
		e = ERR_INPUT;
	}
	return e;
}

enum err labels_csv(struct labels *l, const char *name, struct bytes file, uint64_t *line,
		    struct ingest_fault *fault)
{
	size_t tags = labels_n(l), lists = labels_lists(l), list = 0;
	enum err e = begin(l, bytes_str(name), file, &list, line, fault);
	uint8_t *room;

	if (e != ERR_OK) {
		return e;
	}
	room = malloc(INGEST_LINE_MAX);
	e = room != NULL ? csv_lines(l, file, list, room, line, fault) : ERR_FULL;
	free(room);
	if (e != ERR_OK) {
		labels_cut(l, tags, lists);
	}
	return e;
}

/* ---- TagPack ---- */

struct pack {
	struct labels *l;
	yaml_document_t *document;
	size_t list;
	uint64_t skipped;
	uint64_t *line;
	struct ingest_fault *fault;
};

static struct bytes scalar(const yaml_node_t *node)
{
	return node != NULL && node->type == YAML_SCALAR_NODE
		   ? bytes_of(node->data.scalar.value, node->data.scalar.length)
		   : bytes_of(NULL, 0);
}

/* The value of a key of a mapping; NULL: not there. */
static yaml_node_t *member(yaml_document_t *d, const yaml_node_t *map, const char *key)
{
	for (const yaml_node_pair_t *p = map->data.mapping.pairs.start;
	     p < map->data.mapping.pairs.top; p++) {
		if (bytes_eq(scalar(yaml_document_get_node(d, p->key)), bytes_str(key))) {
			return yaml_document_get_node(d, p->value);
		}
	}
	return NULL;
}

static enum err text_member(const struct pack *k, const yaml_node_t *map, const char *key,
			    struct bytes *out)
{
	const yaml_node_t *node = member(k->document, map, key);

	if (node == NULL) {
		return ERR_OK;
	}
	if (node->type != YAML_SCALAR_NODE) {
		*k->line = node->start_mark.line + 1;
		ingest_fault_say(k->fault, key, "is no text");
		return ERR_FIELD_TYPE;
	}
	*out = scalar(node);
	return ERR_OK;
}

/* The fields that map says; those that it does not stay as they are (the header's). */
static enum err fields_of(const struct pack *k, const yaml_node_t *map, struct bytes text[WHATS])
{
	const yaml_node_t *concepts = member(k->document, map, "concepts");
	enum err e = ERR_OK;

	if (concepts != NULL && concepts->type == YAML_SEQUENCE_NODE &&
	    concepts->data.sequence.items.start < concepts->data.sequence.items.top) {
		text[CATEGORY] = scalar(
		    yaml_document_get_node(k->document, concepts->data.sequence.items.start[0]));
	}
	for (int i = 0; e == ERR_OK && i < WHATS; i++) {
		e = text_member(k, map, names[i], &text[i]);
	}
	return e;
}

static enum err tags_of(struct pack *k, const yaml_node_t *root)
{
	struct bytes header[WHATS] = { { NULL, 0 } };
	const yaml_node_t *tags = member(k->document, root, "tags");
	enum err e = fields_of(k, root, header);

	if (e == ERR_OK && (tags == NULL || tags->type != YAML_SEQUENCE_NODE)) {
		*k->line = (tags != NULL ? tags : root)->start_mark.line + 1;
		ingest_fault_say(k->fault, "tags", "is missing, or is no list");
		e = ERR_FIELD_MISSING;
	}
	if (e != ERR_OK) {
		return e;
	}
	for (const yaml_node_item_t *i = tags->data.sequence.items.start;
	     e == ERR_OK && i < tags->data.sequence.items.top; i++) {
		const yaml_node_t *node = yaml_document_get_node(k->document, *i);
		struct bytes text[WHATS];

		*k->line = node->start_mark.line + 1;
		if (node->type != YAML_MAPPING_NODE) {
			ingest_fault_say(k->fault, "tags", "has an entry that is no tag");
			return ERR_FIELD_TYPE;
		}
		memcpy(text, header, sizeof text);
		e = fields_of(k, node, text);
		if (e == ERR_OK && text[ADDRESS].n == 0 &&
		    member(k->document, node, "tx_hash") != NULL) {
			k->skipped++;
			continue;
		}
		if (e == ERR_OK) {
			e = take(k->l, text, k->list, k->fault);
		}
	}
	return e;
}

static enum err read_pack(struct labels *l, const char *name, yaml_document_t *document,
			  struct bytes file, uint64_t *skipped, uint64_t *line,
			  struct ingest_fault *fault)
{
	const yaml_node_t *root = yaml_document_get_root_node(document);
	struct pack k = { .l = l, .document = document, .line = line, .fault = fault };
	struct bytes title = bytes_str(name), creator = bytes_of(NULL, 0);
	enum err e;

	*line = 1;
	if (root == NULL || root->type != YAML_MAPPING_NODE) {
		ingest_fault_say(fault, "",
				 "is no TagPack: a mapping with title, creator and tags");
		return ERR_INPUT;
	}
	e = text_member(&k, root, "title", &title);
	if (e == ERR_OK) {
		e = text_member(&k, root, "creator", &creator);
	}
	if (e == ERR_OK) {
		e = text_ok("title", title, fault);
	}
	if (e == ERR_OK && creator.n == 0) {
		ingest_fault_say(fault, "creator", "is missing: a list is somebody's word");
		e = ERR_FIELD_MISSING;
	}
	if (e == ERR_OK) {
		e = begin(l, title, file, &k.list, line, fault);
	}
	if (e == ERR_OK) {
		e = tags_of(&k, root);
	}
	*skipped = k.skipped;
	return e;
}

enum err labels_tagpack(struct labels *l, const char *name, struct bytes file, uint64_t *skipped,
			uint64_t *line, struct ingest_fault *fault)
{
	size_t tags = labels_n(l), lists = labels_lists(l);
	yaml_document_t document;
	yaml_parser_t parser;
	enum err e;

	*skipped = *line = 0;
	if (labels_sealed(l)) {
		return ERR_STATE;
	}
	if (yaml_parser_initialize(&parser) == 0) {
		return ERR_FULL;
	}
	yaml_parser_set_input_string(&parser, file.p, file.n);
	if (yaml_parser_load(&parser, &document) == 0) {
		*line = parser.problem_mark.line + 1;
		ingest_fault_say(fault, "", "is no YAML: %.100s",
				 parser.problem != NULL ? parser.problem : "it cannot be read");
		yaml_parser_delete(&parser);
		return ERR_INPUT;
	}
	e = read_pack(l, name, &document, file, skipped, line, fault);
	yaml_document_delete(&document);
	yaml_parser_delete(&parser);
	if (e != ERR_OK) {
		labels_cut(l, tags, lists);
	}
	return e;
}
