/* SPDX-License-Identifier: Apache-2.0 */
#include "token.h"

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <string.h>

#include "base/attr.h"
#include "base/check.h"
#include "cli.h"

enum { SLOTS_MAX = 32 };

struct token {
	void *library;
	CK_FUNCTION_LIST *f;
	CK_SESSION_HANDLE session;
	bool initialized;
};

static int refuse(const struct token_key *key, const char *what, CK_RV rv)
{
	return cli_fail(rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LOCKED ? ERR_UNAUTHORISED : ERR_IO,
			"token %s: %s: PKCS#11 says 0x%lx", key->module, words_of(what),
			(unsigned long)rv);
}

static void token_close(struct token *t)
{
	if (t->initialized) {
		(void)t->f->C_Finalize(NULL); /* ends its sessions; nothing is left to be done */
	}
	if (t->library != NULL) {
		(void)dlclose(t->library);
	}
}

static int token_load(struct token *t, const struct token_key *key)
{
	CK_C_GetFunctionList get = NULL;
	void *symbol;
	CK_RV rv;

	t->library = dlopen(key->module, RTLD_NOW | RTLD_LOCAL);
	symbol = t->library == NULL ? NULL : dlsym(t->library, "C_GetFunctionList");
	if (symbol == NULL) {
		return cli_fail(ERR_INPUT, "%s: not a PKCS#11 module", key->module);
	}
	/* POSIX: the address of a function fits; ISO C has no cast for it */
	memcpy(&get, &symbol, sizeof get);
	rv = get(&t->f);
	if (rv == CKR_OK && t->f == NULL) {
		rv = CKR_GENERAL_ERROR; /* a module that breaks its own rule */
	}
	if (rv == CKR_OK) {
		rv = t->f->C_Initialize(NULL);
		t->initialized = rv == CKR_OK;
	}
	return rv == CKR_OK ? 0 : refuse(key, N_("start"), rv);
}

/* The one object of this class with the key's label; CKR_OK and 0 objects are told apart. */
static CK_RV find(const struct token *t, const struct token_key *key, CK_OBJECT_CLASS class,
		  CK_OBJECT_HANDLE *object, CK_ULONG *found)
{
	char label[256];
	CK_ATTRIBUTE wanted[] = { { CKA_CLASS, &class, sizeof class },
				  { CKA_LABEL, label, strlen(key->label) } };
	CK_OBJECT_HANDLE two[2];
	CK_RV rv;

	*found = 0;
	if (strlen(key->label) >= sizeof label) {
		return CKR_ATTRIBUTE_VALUE_INVALID;
	}
	memcpy(label, key->label, strlen(key->label) + 1);
	rv = t->f->C_FindObjectsInit(t->session, wanted, ARRAY_LEN(wanted));
	if (rv != CKR_OK) {
		return rv;
	}
	rv = t->f->C_FindObjects(t->session, two, ARRAY_LEN(two), found);
	(void)t->f->C_FindObjectsFinal(t->session);
	*object = two[0];
	return rv;
}

/*
 * A session with the one token that has the public key.  It is looked for without a PIN: a PIN that
 * is tried at the wrong token uses up its tries.
 */
static int token_open(struct token *t, const struct token_key *key, CK_OBJECT_HANDLE *public_key)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG n = SLOTS_MAX;
	unsigned matches = 0;
	CK_SESSION_HANDLE session = 0;
	CK_RV rv;

	CHECK(t->f != NULL);
	rv = t->f->C_GetSlotList(CK_TRUE, slots, &n);
	if (rv != CKR_OK) {
		return refuse(key, N_("list of slots"), rv);
	}
	for (CK_ULONG i = 0; i < n; i++) {
		CK_OBJECT_HANDLE object = 0;
		CK_ULONG found = 0;

		rv = t->f->C_OpenSession(slots[i], CKF_SERIAL_SESSION, NULL, NULL, &t->session);
		if (rv == CKR_OK) {
			rv = find(t, key, CKO_PUBLIC_KEY, &object, &found);
		}
		if (rv == CKR_OK && found > 0) {
			matches += (unsigned)found;
			session = t->session;
			*public_key = object;
		}
	}
	t->session = session;
	if (matches != 1) {
		return cli_fail(ERR_NOT_FOUND,
				"token %s: %u keys are called %s; one is needed (token_key)",
				key->module, matches, key->label);
	}
	return 0;
}

static CK_MECHANISM oaep(CK_RSA_PKCS_OAEP_PARAMS *parameters)
{
	*parameters = (CK_RSA_PKCS_OAEP_PARAMS){ .hashAlg = CKM_SHA_1,
						 .mgf = CKG_MGF1_SHA1,
						 .source = CKZ_DATA_SPECIFIED };
	return (CK_MECHANISM){ CKM_RSA_PKCS_OAEP, parameters, sizeof *parameters };
}

int token_encrypt(const struct token_key *key, struct bytes in, uint8_t out[TOKEN_BYTES_MAX],
		  size_t *n)
{
	struct token t = { 0 };
	uint8_t plain[TOKEN_BYTES_MAX];
	CK_RSA_PKCS_OAEP_PARAMS parameters;
	CK_MECHANISM mechanism = oaep(&parameters);
	CK_OBJECT_HANDLE object = 0;
	CK_ULONG out_n = TOKEN_BYTES_MAX;
	CK_RV rv;
	int code = in.n > sizeof plain ? cli_fail(ERR_TOO_LARGE, "too much for one RSA key")
				       : token_load(&t, key);

	if (code == 0) {
		code = token_open(&t, key, &object);
	}
	if (code == 0) {
		memcpy(plain, in.p, in.n);
		rv = t.f->C_EncryptInit(t.session, &mechanism, object);
		if (rv == CKR_OK) {
			rv = t.f->C_Encrypt(t.session, plain, in.n, out, &out_n);
		}
		explicit_bzero(plain, sizeof plain);
		code = rv == CKR_OK ? 0 : refuse(key, N_("encrypt (RSA-OAEP)"), rv);
	}
	token_close(&t);
	if (code == 0) {
		*n = out_n;
	}
	return code;
}

int token_decrypt(const struct token_key *key, const char *pin, struct bytes in,
		  uint8_t out[TOKEN_BYTES_MAX], size_t *n)
{
	struct token t = { 0 };
	uint8_t wrapped[TOKEN_BYTES_MAX];
	char pin_copy[256];
	CK_RSA_PKCS_OAEP_PARAMS parameters;
	CK_MECHANISM mechanism = oaep(&parameters);
	CK_OBJECT_HANDLE object = 0;
	CK_ULONG found = 0;
	CK_ULONG out_n = TOKEN_BYTES_MAX;
	CK_RV rv;
	int code = in.n > sizeof wrapped || strlen(pin) >= sizeof pin_copy
		       ? cli_fail(ERR_TOO_LARGE, "no wrapped passphrase, or no PIN")
		       : token_load(&t, key);

	if (code == 0) {
		code = token_open(&t, key, &object);
	}
	if (code == 0) {
		memcpy(wrapped, in.p, in.n);
		memcpy(pin_copy, pin, strlen(pin) + 1);
		rv = t.f->C_Login(t.session, CKU_USER, (CK_UTF8CHAR *)pin_copy, strlen(pin_copy));
		explicit_bzero(pin_copy, sizeof pin_copy);
		code = rv == CKR_OK ? 0 : refuse(key, N_("login with this PIN"), rv);
	}
	if (code == 0) {
		rv = find(&t, key, CKO_PRIVATE_KEY, &object, &found);
		if (rv == CKR_OK && found != 1) {
			rv = CKR_KEY_HANDLE_INVALID;
		}
		if (rv == CKR_OK) {
			rv = t.f->C_DecryptInit(t.session, &mechanism, object);
		}
		if (rv == CKR_OK) {
			rv = t.f->C_Decrypt(t.session, wrapped, in.n, out, &out_n);
		}
		code = rv == CKR_OK ? 0 : refuse(key, "decrypt (RSA-OAEP)", rv);
	}
	token_close(&t);
	if (code == 0) {
		*n = out_n;
	}
	return code;
}
