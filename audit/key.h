/* Keys of signed notes (c2sp.org/signed-note): Ed25519 (RFC 8032), as verifier keys and signer keys
 * on one line each. */
#ifndef AUDIT_KEY_H
#define AUDIT_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "audit/verdict.h"
#include "record/text.h"

enum { KEY_NAME_BYTES_MAX = 255, KEY_BYTES = 32, SIGNATURE_BYTES = 64 };

/* The signature type byte: what the key signs. The log's own notes and receipts; a witness's
 * cosignatures (tlog-cosignature). */
enum key_type { KEY_NOTE = 0x01, KEY_COSIGNATURE = 0x04 };

struct key {
    char          name[KEY_NAME_BYTES_MAX + 1];
    enum key_type type;
    uint32_t      id;         /* SHA-256(name || 0x0A || type || public key)[:4], big-endian */
    uint8_t       public_bytes[KEY_BYTES];
};

/* `seed` is RFC 8032's 32-byte private key, not the expanded one. */
struct signer { struct key key; uint8_t seed[KEY_BYTES]; };

/* Not empty, at most 255 bytes of UTF-8 without Unicode spaces, control characters and '+'. An
 * origin is such a name. */
bool key_name_is_good(const char *name, size_t count);

/* The name must be good. Where there is no memory for it, the signer has none. */
struct key key_of(enum key_type type, const char *name,
                  const uint8_t public_bytes[static KEY_BYTES]);
struct signer signer_of(enum key_type type, const char *name, const uint8_t seed[static KEY_BYTES]);

/* The line of a vkey file, "name+9f274363+BASE64(type || public key)", and of an skey file,
 * "PRIVATE+KEY+name+9f274363+BASE64(type || seed)"; without a newline. */
void key_write(const struct key *key, struct text *out);
void signer_write(const struct signer *signer, struct text *out);

/* Such a line and nothing else, but for one newline at its end, which may be missing. MALFORMED,
 * UNKNOWN_TYPE, KEY_ID_DIFFERS; of a signer also NO_MEMORY. */
enum verdict key_parse(const char *text, size_t count, struct key *out);
enum verdict signer_parse(const char *text, size_t count, struct signer *out);

/* Is a file with this st_mode one that a seed may be in: an ordinary file on which group and others
 * have no right? */
bool key_mode_is_private(mode_t mode);

/* False: no memory. */
bool signer_sign(const struct signer *signer, const void *message, size_t count,
                 uint8_t signature[static SIGNATURE_BYTES]);
bool key_verifies(const struct key *key, const void *message, size_t count,
                  const uint8_t signature[static SIGNATURE_BYTES]);

void signer_forget(struct signer *signer);                 /* overwrites the seed */

#endif
