/* SHA-256 by OpenSSL, random bytes by the kernel. */
/* SHA256_Init and its like are asked for by name, as of OpenSSL 1.1: they run the same code for the
 * processor at hand as EVP does, without a look-up of the provider, a lock and two allocations for
 * each digest, which cost more than the hashing of a short record. */
#define OPENSSL_API_COMPAT 10100

#include "audit/digest.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

struct digest_stream { SHA256_CTX context; };

static struct digest_stream
begin(void)
{
    struct digest_stream stream;
    int                  is_done = SHA256_Init(&stream.context);

    assert(is_done == 1);
    return stream;
}

static struct digest
end(struct digest_stream *stream)
{
    struct digest digest;
    int           is_done = SHA256_Final(digest.bytes, &stream->context);

    assert(is_done == 1);
    return digest;
}

struct digest
digest_of_parts(const struct digest_part *parts, size_t parts_count)
{
    struct digest_stream stream = begin();

    for (size_t i = 0; i < parts_count; i++)
        digest_stream_add(&stream, parts[i].bytes, parts[i].count);
    return end(&stream);
}

struct digest
digest_of(const void *bytes, size_t count)
{
    return digest_of_parts(&(struct digest_part){ bytes, count }, 1);
}

struct digest_stream *
digest_stream_open(void)
{
    struct digest_stream *stream = malloc(sizeof *stream);

    if (stream)
        *stream = begin();
    return stream;
}

void
digest_stream_add(struct digest_stream *stream, const void *bytes, size_t count)
{
    int is_done = SHA256_Update(&stream->context, count ? bytes : "", count);

    assert(is_done == 1);
}

struct digest
digest_stream_close(struct digest_stream *stream)
{
    struct digest digest = end(stream);

    free(stream);
    return digest;
}

void
digest_format(const struct digest *digest, char text[static DIGEST_TEXT_MAX])
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        text[2 * i]     = hex[digest->bytes[i] >> 4];
        text[2 * i + 1] = hex[digest->bytes[i] & 15];
    }
    text[DIGEST_TEXT_MAX - 1] = '\0';
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

bool
digest_parse(const char *text, struct digest *out)
{
    struct digest digest;

    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        int high = hex_digit(text[2 * i]);
        int low  = high < 0 ? -1 : hex_digit(text[2 * i + 1]);
        if (low < 0)
            return false;
        digest.bytes[i] = (uint8_t)(high << 4 | low);
    }
    if (text[DIGEST_TEXT_MAX - 1])
        return false;
    *out = digest;
    return true;
}

bool
digest_equal(const struct digest *a, const struct digest *b)
{
    return !CRYPTO_memcmp(a->bytes, b->bytes, DIGEST_BYTES);
}

void
random_fill(void *bytes, size_t count)
{
    uint8_t *at = bytes;

    while (count) {
        ssize_t got = getrandom(at, count, 0);
        assert(got >= 0 || errno == EINTR);
        if (got > 0) {
            at    += got;
            count -= (size_t)got;
        }
    }
}
