/* Keys as lines, and Ed25519 by OpenSSL's one-shot calls (no digest: Ed25519 hashes by itself). */
#include "audit/key.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "audit/base64.h"
#include "audit/lines.h"
#include "record/scan.h"

enum { ID_TEXT_BYTES = 8 };

static uint32_t
code_point(const char *at, size_t count)
{
    static const uint8_t masks[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
    uint32_t             character = (uint8_t)at[0] & masks[count];

    for (size_t i = 1; i < count; i++)
        character = character << 6 | ((uint8_t)at[i] & 0x3F);
    return character;
}

/* Unicode's White_Space, all of it, and the ASCII controls. */
static bool
is_space_or_control(uint32_t character)
{
    return character <= 0x20 || character == 0x85 || character == 0xA0 || character == 0x1680 ||
           (character >= 0x2000 && character <= 0x200A) || character == 0x2028 ||
           character == 0x2029 || character == 0x202F || character == 0x205F || character == 0x3000;
}

bool
key_name_is_good(const char *name, size_t count)
{
    const char *end = name + count;

    if (count == 0 || count > KEY_NAME_BYTES_MAX)
        return false;
    while (name < end) {
        size_t bytes = utf8_character(name, end);
        if (!bytes || *name == '+' || is_space_or_control(code_point(name, bytes)))
            return false;
        name += bytes;
    }
    return true;
}

static uint32_t
id_of(const struct key *key)
{
    const uint8_t            type = (uint8_t)key->type;
    const struct digest_part parts[] = {
        { key->name, strlen(key->name) }, { "\n", 1 },
        { &type, 1 }, { key->public_bytes, KEY_BYTES },
    };
    struct digest digest = digest_of_parts(parts, sizeof parts / sizeof *parts);

    return (uint32_t)digest.bytes[0] << 24 | (uint32_t)digest.bytes[1] << 16 |
           (uint32_t)digest.bytes[2] << 8 | digest.bytes[3];
}

struct key
key_of(enum key_type type, const char *name, const uint8_t public_bytes[static KEY_BYTES])
{
    struct key key   = { .type = type };
    size_t     count = strlen(name);

    assert(key_name_is_good(name, count));
    memcpy(key.name, name, count);
    memcpy(key.public_bytes, public_bytes, KEY_BYTES);
    key.id = id_of(&key);
    return key;
}

/* Where OpenSSL had no memory to begin with, it does not look before it uses what it lacks. */
static bool
openssl_began(void)
{
    return OSSL_LIB_CTX_get0_global_default();
}

static EVP_PKEY *
private_key(const uint8_t seed[static KEY_BYTES])
{
    return openssl_began()
           ? EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, KEY_BYTES) : NULL;
}

static bool
derive_public(const uint8_t seed[static KEY_BYTES], uint8_t public_bytes[static KEY_BYTES])
{
    size_t    count = KEY_BYTES;
    EVP_PKEY *key = private_key(seed);
    bool      is_done = key && EVP_PKEY_get_raw_public_key(key, public_bytes, &count) == 1;

    EVP_PKEY_free(key);
    assert(!is_done || count == KEY_BYTES);
    return is_done;
}

struct signer
signer_of(enum key_type type, const char *name, const uint8_t seed[static KEY_BYTES])
{
    struct signer signer = { .key = { .name = "" } };
    uint8_t       public_bytes[KEY_BYTES];

    if (derive_public(seed, public_bytes)) {
        signer.key = key_of(type, name, public_bytes);
        memcpy(signer.seed, seed, KEY_BYTES);
    }
    return signer;
}

static void
write_line(const struct key *key, const uint8_t bytes[static KEY_BYTES], struct text *out)
{
    uint8_t typed[1 + KEY_BYTES] = { (uint8_t)key->type };

    memcpy(typed + 1, bytes, KEY_BYTES);
    text_format(out, "%s+%08" PRIx32 "+", key->name, key->id);
    base64_add(out, typed, sizeof typed);
    OPENSSL_cleanse(typed, sizeof typed);
}

void
key_write(const struct key *key, struct text *out)
{
    write_line(key, key->public_bytes, out);
}

void
signer_write(const struct signer *signer, struct text *out)
{
    text_add_string(out, "PRIVATE+KEY+");
    write_line(&signer->key, signer->seed, out);
}

static struct line
without_newline(struct line line)
{
    if (line.count && line.bytes[line.count - 1] == '\n')
        line.count--;
    return line;
}

/* Eight lower hex digits. */
static bool
parse_id(struct line text, uint32_t *out)
{
    uint32_t id = 0;

    if (text.count != ID_TEXT_BYTES)
        return false;
    for (size_t i = 0; i < ID_TEXT_BYTES; i++) {
        char c = text.bytes[i];
        if ((c < '0' || c > '9') && (c < 'a' || c > 'f'))
            return false;
        id = id << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    *out = id;
    return true;
}

/* The first byte of what the base64 stands for. Keys of other types may be longer. */
static bool
parse_type(struct line base64, enum key_type *out)
{
    uint8_t first[3];
    size_t  count;

    if (!base64_measure(base64.bytes, 4, &count) || !base64_decode(base64.bytes, 4, first, count))
        return false;
    *out = first[0] == KEY_NOTE ? KEY_NOTE : KEY_COSIGNATURE;
    return first[0] == KEY_NOTE || first[0] == KEY_COSIGNATURE;
}

/* "name+id+base64": the name into `name`, the bytes after the type into `bytes`. Only Ed25519's
 * types are known. */
static enum verdict
parse_line(struct line line, struct key *key, uint8_t bytes[static KEY_BYTES])
{
    struct line name, id, base64, rest;
    uint8_t     typed[1 + KEY_BYTES];
    size_t      count;

    if (!line_cut(line, '+', &name, &rest) || !line_cut(rest, '+', &id, &base64) ||
        !key_name_is_good(name.bytes, name.count) || !parse_id(id, &key->id) ||
        !base64_measure(base64.bytes, base64.count, &count) || count < 2)
        return VERDICT_MALFORMED;
    memset(key->name, 0, sizeof key->name);
    memcpy(key->name, name.bytes, name.count);
    if (!parse_type(base64, &key->type))
        return VERDICT_UNKNOWN_TYPE;
    if (count != sizeof typed || !base64_decode(base64.bytes, base64.count, typed, sizeof typed))
        return VERDICT_MALFORMED;
    memcpy(bytes, typed + 1, KEY_BYTES);
    OPENSSL_cleanse(typed, sizeof typed);
    return VERDICT_GOOD;
}

enum verdict
key_parse(const char *text, size_t count, struct key *out)
{
    struct key   key;
    enum verdict verdict =
        parse_line(without_newline((struct line){ text, count }), &key, key.public_bytes);

    if (verdict != VERDICT_GOOD)
        return verdict;
    if (key.id != id_of(&key))
        return VERDICT_KEY_ID_DIFFERS;
    *out = key;
    return VERDICT_GOOD;
}

enum verdict
signer_parse(const char *text, size_t count, struct signer *out)
{
    struct line   line;
    struct key    key;
    struct signer signer;
    uint8_t       seed[KEY_BYTES];

    if (!line_starts(without_newline((struct line){ text, count }), "PRIVATE+KEY+", &line))
        return VERDICT_MALFORMED;
    enum verdict verdict = parse_line(line, &key, seed);
    if (verdict != VERDICT_GOOD)
        return verdict;
    signer = signer_of(key.type, key.name, seed);
    if (!*signer.key.name)
        verdict = VERDICT_NO_MEMORY;
    else if (key.id == signer.key.id)
        *out = signer;
    else
        verdict = VERDICT_KEY_ID_DIFFERS;
    OPENSSL_cleanse(seed, sizeof seed);
    signer_forget(&signer);
    return verdict;
}

bool
key_mode_is_private(mode_t mode)
{
    return S_ISREG(mode) && (mode & (S_IRWXG | S_IRWXO)) == 0;
}

bool
signer_sign(const struct signer *signer, const void *message, size_t count,
            uint8_t signature[static SIGNATURE_BYTES])
{
    EVP_PKEY   *key = private_key(signer->seed);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t      signature_count = SIGNATURE_BYTES;
    bool        is_done = key && context &&
                          EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
                          EVP_DigestSign(context, signature, &signature_count, message, count) == 1;

    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    assert(!is_done || signature_count == SIGNATURE_BYTES);
    return is_done;
}

static bool
verifies_once(const struct key *key, const void *message, size_t count,
              const uint8_t signature[static SIGNATURE_BYTES])
{
    EVP_PKEY *public_key =
        openssl_began()
        ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->public_bytes, KEY_BYTES) : NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool        verifies = public_key && context &&
        EVP_DigestVerifyInit(context, NULL, NULL, NULL, public_key) == 1 &&
        EVP_DigestVerify(context, signature, SIGNATURE_BYTES, message, count) == 1;

    EVP_MD_CTX_free(context);
    EVP_PKEY_free(public_key);
    return verifies;
}

/* OpenSSL takes memory for whatever it does; where there is none for the moment, a good signature
 * looks like a bad one. So it is asked again for a little while. */
enum { ATTEMPTS_MAX = 20, PAUSE_US = 10000 };

bool
key_verifies(const struct key *key, const void *message, size_t count,
             const uint8_t signature[static SIGNATURE_BYTES])
{
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        errno = 0;
        if (verifies_once(key, message, count, signature))
            return true;
        if (errno != ENOMEM)
            return false;
        usleep(PAUSE_US);
    }
    return false;
}

void
signer_forget(struct signer *signer)
{
    OPENSSL_cleanse(signer->seed, KEY_BYTES);
}
