/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "ingest/transfer.h"

static json_t *load(void **root, struct bytes line, size_t most, struct ingest_fault *fault)
{
	json_error_t error;

	json_decref(*root);
	*root = NULL;
	if (line.n > most) {
		ingest_fault_say(fault, "", "is longer than %zu bytes", most);
		return NULL;
	}
	*root = json_loadb((const char *)line.p, line.n, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object((json_t *)*root)) {
		ingest_fault_say(fault, "", "is not a JSON object: %.100s",
				 *root == NULL ? error.text : "another value");
		return NULL;
	}
	return *root;
}

static bool blank(struct bytes line)
{
	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] != ' ' && line.p[i] != '\r' && line.p[i] != '\t') {
			return false;
		}
	}
	return true;
}

enum { NUMBER_TEXT = 24 };

/* The text of a member: a string, or a whole number, which is put into room. */
static enum err text_of(struct bytes *out, char room[NUMBER_TEXT], const char *name,
			const json_t *j, struct ingest_fault *fault)
{
	if (json_is_string(j)) {
		*out = bytes_of(json_string_value(j), json_string_length(j));
		return ERR_OK;
	}
	if (json_is_integer(j) && json_integer_value(j) >= 0) {
		int n = snprintf(room, NUMBER_TEXT, "%" JSON_INTEGER_FORMAT, json_integer_value(j));

		*out = bytes_of(room, (size_t)n);
		return ERR_OK;
	}
	ingest_fault_say(fault, name,
			 "is neither a string nor a whole number (above 2^63 - 1: a string)");
	return ERR_FIELD_TYPE;
}

void ingest_json_init(struct ingest_json *r)
{
	r->root = NULL;
}

void ingest_json_free(struct ingest_json *r)
{
	json_decref(r->root);
	r->root = NULL;
}

enum err ingest_json_line(struct ingest_json *r, struct bytes line, struct ingest_transfer *out,
			  struct ingest_fault *fault)
{
	char room[INGEST_FIELDS][NUMBER_TEXT];
	struct bytes field[INGEST_FIELDS];
	const json_t *j;

	if (blank(line)) {
		return ERR_WAIT;
	}
	j = load(&r->root, line, INGEST_LINE_MAX, fault);
	if (j == NULL) {
		return line.n > INGEST_LINE_MAX ? ERR_TOO_LARGE : ERR_INPUT;
	}
	memset(field, 0, sizeof field);
	for (int k = 0; k < INGEST_FIELDS; k++) {
		const char *name = ingest_transfer_names[k];
		const json_t *member = json_object_get(j, name);
		enum err e;

		if (member == NULL || json_is_null(member)) {
			if (k >= INGEST_FROM && k <= INGEST_AMOUNT && member == NULL) {
				ingest_fault_say(fault, name, "is missing");
				return ERR_FIELD_MISSING;
			}
			continue;
		}
		e = text_of(&field[k], room[k], name, member, fault);
		if (e != ERR_OK) {
			return e;
		}
	}
	return ingest_transfer_take(out, field, fault);
}

/* ---- UTXO ---- */

void ingest_utxo_init(struct ingest_utxo *r)
{
	memset(r, 0, sizeof *r);
}

void ingest_utxo_free(struct ingest_utxo *r)
{
	json_decref(r->root);
	free(r->input);
	free(r->output);
	memset(r, 0, sizeof *r);
}

static enum err number_of(uint64_t *out, const char *name, const json_t *j,
			  struct ingest_fault *fault)
{
	char room[NUMBER_TEXT];
	struct bytes text;
	enum err e;

	if (j == NULL || json_is_null(j)) {
		ingest_fault_say(fault, name, "is missing");
		return ERR_FIELD_MISSING;
	}
	e = text_of(&text, room, name, j, fault);
	return e == ERR_OK ? ingest_number(out, name, text, fault) : e;
}

static enum err id_of(struct hash32 *out, const char *name, const json_t *j,
		      struct ingest_fault *fault)
{
	if (!json_is_string(j)) {
		ingest_fault_say(fault, name, "is missing, or is no string");
		return j == NULL ? ERR_FIELD_MISSING : ERR_FIELD_TYPE;
	}
	return ingest_txid(out, name, bytes_of(json_string_value(j), json_string_length(j)), fault);
}

static enum err input_of(struct ingest_input *out, const json_t *j, size_t i,
			 struct ingest_fault *fault)
{
	uint64_t index = 0;
	char name[48];
	enum err e;

	(void)snprintf(name, sizeof name, "inputs[%zu].txid", i);
	e = id_of(&out->tx, name, json_object_get(j, "txid"), fault);
	if (e == ERR_OK) {
		(void)snprintf(name, sizeof name, "inputs[%zu].vout", i);
		e = number_of(&index, name, json_object_get(j, "vout"), fault);
	}
	if (e == ERR_OK && index >= INGEST_UTXO_PUTS_MAX) {
		ingest_fault_say(fault, name, "is %d or more", INGEST_UTXO_PUTS_MAX);
		e = ERR_FIELD_RANGE;
	}
	out->index = (uint32_t)index;
	return e;
}

static enum err output_of(struct ingest_output *out, const json_t *j, size_t i,
			  struct ingest_fault *fault)
{
	const json_t *address = json_object_get(j, "address");
	char name[48];
	enum err e;

	(void)snprintf(name, sizeof name, "outputs[%zu].amount", i);
	e = number_of(&out->amount, name, json_object_get(j, "amount"), fault);
	out->address = bytes_of(NULL, 0);
	if (e != ERR_OK || address == NULL || json_is_null(address)) {
		return e;
	}
	(void)snprintf(name, sizeof name, "outputs[%zu].address", i);
	if (!json_is_string(address)) {
		ingest_fault_say(fault, name, "is no string");
		return ERR_FIELD_TYPE;
	}
	out->address = bytes_of(json_string_value(address), json_string_length(address));
	return ingest_address(name, out->address, fault);
}

static enum err room_for(void **p, size_t *cap, size_t n, size_t size)
{
	void *more;

	if (n <= *cap) {
		return ERR_OK;
	}
	more = realloc(*p, n * size);
	if (more == NULL) {
		return ERR_FULL;
	}
	*p = more;
	*cap = n;
	return ERR_OK;
}

static enum err puts_of(struct ingest_utxo *r, struct ingest_utxo_tx *t, const json_t *j,
			struct ingest_fault *fault)
{
	const json_t *inputs = json_object_get(j, "inputs"),
		     *outputs = json_object_get(j, "outputs");
	void *input = r->input, *output = r->output;
	enum err e;

	if ((inputs != NULL && !json_is_array(inputs)) || !json_is_array(outputs)) {
		ingest_fault_say(fault, json_is_array(outputs) ? "inputs" : "outputs",
				 "is missing, or is no array");
		return ERR_FIELD_TYPE;
	}
	t->inputs_n = json_array_size(inputs);
	t->outputs_n = json_array_size(outputs);
	if (t->inputs_n > INGEST_UTXO_PUTS_MAX || t->outputs_n > INGEST_UTXO_PUTS_MAX ||
	    t->outputs_n == 0 || (t->inputs_n == 0) != t->coinbase) {
		ingest_fault_say(
		    fault, "inputs",
		    "a transaction has 1 to %d outputs and as many inputs, a coinbase no "
		    "input",
		    INGEST_UTXO_PUTS_MAX);
		return ERR_FIELD_RANGE;
	}
	e = room_for(&input, &r->inputs_cap, t->inputs_n, sizeof r->input[0]);
	r->input = input;
	if (e == ERR_OK) {
		e = room_for(&output, &r->outputs_cap, t->outputs_n, sizeof r->output[0]);
		r->output = output;
	}
	for (size_t i = 0; e == ERR_OK && i < t->inputs_n; i++) {
		e = input_of(&r->input[i], json_array_get(inputs, i), i, fault);
	}
	for (size_t i = 0; e == ERR_OK && i < t->outputs_n; i++) {
		e = output_of(&r->output[i], json_array_get(outputs, i), i, fault);
	}
	t->input = r->input;
	t->output = r->output;
	return e;
}

enum err ingest_utxo_line(struct ingest_utxo *r, struct bytes line, struct ingest_utxo_tx *out,
			  struct ingest_fault *fault)
{
	struct ingest_utxo_tx t;
	const json_t *j, *time;
	char room[NUMBER_TEXT];
	struct bytes text;
	enum err e;

	if (blank(line)) {
		return ERR_WAIT;
	}
	j = load(&r->root, line, INGEST_UTXO_LINE_MAX, fault);
	if (j == NULL) {
		return line.n > INGEST_UTXO_LINE_MAX ? ERR_TOO_LARGE : ERR_INPUT;
	}
	memset(&t, 0, sizeof t);
	e = number_of(&t.height, "height", json_object_get(j, "height"), fault);
	time = json_object_get(j, "time");
	if (e == ERR_OK && time != NULL && !json_is_null(time)) {
		e = text_of(&text, room, "time", time, fault);
		e = e == ERR_OK ? ingest_time(&t.time_s, "time", text, fault) : e;
	}
	if (e == ERR_OK) {
		e = id_of(&t.tx, "txid", json_object_get(j, "txid"), fault);
	}
	if (e == ERR_OK) {
		t.coinbase = json_is_true(json_object_get(j, "coinbase"));
		e = puts_of(r, &t, j, fault);
	}
	if (e == ERR_OK) {
		*out = t;
	}
	return e;
}
