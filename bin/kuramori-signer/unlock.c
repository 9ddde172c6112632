/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "crypto/crypto.h"
#include "io/loop.h"
#include "io/notes.h"
#include "ipc/frame.h"
#include "ipc/msgs.h"
#include "signer.h"

struct unlock {
	struct loop loop;
	struct unix_server server;
	struct loop_timer end;
	const struct hash32 *genesis_id;
	struct bytes sealed_key;
	struct signer_secrets *secrets;
	unsigned wrong;
	enum err result;
};

static void on_end(void *ctx)
{
	struct unlock *u = ctx;

	loop_end(&u->loop);
}

static void on_stop(void *ctx)
{
	struct unlock *u = ctx;

	u->result = ERR_STOPPING;
	loop_end(&u->loop);
}

/* The answer leaves before the loop ends. */
static void finish(struct unlock *u, enum err result)
{
	u->result = result;
	loop_timer_set(&u->loop, &u->end, 0, 0);
}

static void answer(struct unlock *u, uint32_t channel, uint64_t id, enum err e)
{
	struct doc_refusal refusal = { .genesis = *u->genesis_id, .field = "passphrase" };
	uint8_t frame[4096];
	uint8_t raw[2048];
	struct frame_builder b = frame_begin(frame, sizeof frame, MSGS_REPLY(SIGNER_UNLOCK), id);
	struct writer w = writer_make(raw, sizeof raw);
	struct bytes out;

	if (e != ERR_OK) {
		(void)strncpy(refusal.code, err_slug(e), sizeof refusal.code - 1);
		(void)strncpy(refusal.detail, "the sealed key does not open",
			      sizeof refusal.detail - 1);
		CHECK(doc_refusal_make(&w, NULL, &refusal, NULL) == ERR_OK);
		frame_add(&b, bytes_of(w.p, w.n));
	}
	CHECK(frame_end(&b, &out) == ERR_OK);
	if (unix_send(&u->server, channel, out) != ERR_OK) {
		NOTES(NOTES_UNUSUAL, "unlock-answer-lost", notes_u64("channel", channel));
	}
}

static void on_frame(void *ctx, uint32_t channel, uint16_t role, uint16_t number, uint64_t id,
		     struct bytes body)
{
	struct unlock *u = ctx;
	struct bytes passphrase;
	size_t items = 0;
	size_t n = 0;
	enum err e;

	(void)role; /* this server has one listener, and the gate one message for it */
	CHECK(number == SIGNER_UNLOCK);
	e = frame_items_all(body, &passphrase, 1, &items);
	if (e == ERR_OK && items != 1) {
		e = ERR_INPUT;
	}
	if (e == ERR_OK) {
		e = seal_open(u->secrets->sealed, &n, u->sealed_key, passphrase);
	}
	if (e == ERR_OK && n != SIGNER_SECRET_BYTES) {
		crypto_wipe(u->secrets->sealed, sizeof u->secrets->sealed);
		e = ERR_KEY;
	}
	if (e == ERR_OK) {
		signer_secrets_derive(u->secrets);
		finish(u, ERR_OK);
	} else {
		u->wrong++;
		NOTES(NOTES_UNUSUAL, "unlock-refused", notes_err(e), notes_u64("tries", u->wrong));
		if (u->wrong >= SIGNER_UNLOCK_TRIES) {
			finish(u, ERR_UNAUTHORISED);
		}
	}
	answer(u, channel, id, e);
}

void signer_channels_serve(struct signer_channels *channels, struct unix_server *s, struct loop *l,
			   const struct gate_table *t)
{
	uint8_t *places = channels->buffers + channels->n * (SIGNER_IN_BYTES + SIGNER_OUT_BYTES);

	unix_server_init(s, l, t, channels->channel, channels->n, channels->buffers,
			 SIGNER_IN_BYTES, SIGNER_OUT_BYTES);
	unix_server_lend(s, places, SIGNER_LARGE, FRAME_BYTES_MAX);
}

enum err signer_unlock(const struct signer_config *config, const struct hash32 *genesis_id,
		       struct bytes sealed_key, struct signer_channels *channels,
		       struct signer_secrets *secrets)
{
	static struct unlock u;
	static struct gate_table table;
	enum err e;
	int fd = -1;

	u = (struct unlock){ .genesis_id = genesis_id,
			     .sealed_key = sealed_key,
			     .secrets = secrets,
			     .result = ERR_STOPPING };
	u.end.on = on_end;
	u.end.ctx = &u;
	msgs_signer_table(&table);
	e = loop_init(&u.loop);
	if (e != ERR_OK) {
		return e;
	}
	loop_on_stop(&u.loop, on_stop, &u);
	signer_channels_serve(channels, &u.server, &u.loop, &table);
	u.server.on_frame = on_frame;
	u.server.ctx = &u;
	e = unix_listen(config->unlock_socket, 0600, &fd);
	if (e == ERR_OK) {
		e = unix_server_listen(&u.server, fd, ROLE_UNLOCK, 2);
	}
	if (e == ERR_OK) {
		NOTES(NOTES_INFO, "locked", notes_text("unlock_socket", config->unlock_socket));
		e = loop_run(&u.loop);
	}
	if (e == ERR_OK) {
		e = u.result;
	}
	unix_server_close(&u.server);
	loop_close(&u.loop);
	(void)unlink(config->unlock_socket); /* a dead socket file is replaced at the next start */
	/* the passphrase came through here */
	crypto_wipe(channels->buffers, channels->buffers_n);
	return e;
}
