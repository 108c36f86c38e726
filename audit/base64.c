/* Base64, strictly. OpenSSL's decoder lets white space and leftover bits pass, so that one
 * signature would have many lines. */
#include "audit/base64.h"

#include <stdint.h>
#include <string.h>

/* The 64 characters, and the padding. */
static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

enum { PADDING = 64 };

void
base64_add(struct text *out, const void *bytes, size_t count)
{
    const uint8_t *from = bytes;

    for (size_t i = 0; i < count; i += 3) {
        size_t   left  = count - i;
        uint32_t three = (uint32_t)from[i] << 16;
        char     four[4];
        if (left > 1)
            three |= (uint32_t)from[i + 1] << 8;
        if (left > 2)
            three |= from[i + 2];
        four[0] = alphabet[three >> 18];
        four[1] = alphabet[three >> 12 & 63];
        four[2] = alphabet[left > 1 ? three >> 6 & 63 : PADDING];
        four[3] = alphabet[left > 2 ? three & 63 : PADDING];
        text_add(out, four, sizeof four);
    }
}

static int
six_bits(char character)
{
    if (character >= 'A' && character <= 'Z')
        return character - 'A';
    if (character >= 'a' && character <= 'z')
        return character - 'a' + 26;
    if (character >= '0' && character <= '9')
        return character - '0' + 52;
    if (character == '+')
        return 62;
    return character == '/' ? 63 : -1;
}

/* Four characters to the bytes they stand for. Padding, at most two, is allowed in the last four.
 * How many bytes; 0: bad. */
static size_t
decode_four(const char four[static 4], bool is_last, uint8_t three[static 3])
{
    size_t   padding = is_last ? (size_t)(four[3] == '=') + (four[3] == '=' && four[2] == '=') : 0;
    uint32_t bits    = 0;

    for (size_t i = 0; i < 4; i++) {
        int value = i < 4 - padding ? six_bits(four[i]) : 0;
        if (value < 0)
            return 0;
        bits = bits << 6 | (uint32_t)value;
    }
    if ((padding == 1 && bits & 0xFF) || (padding == 2 && bits & 0xFFFF))
        return 0;
    three[0] = (uint8_t)(bits >> 16);
    three[1] = (uint8_t)(bits >> 8);
    three[2] = (uint8_t)bits;
    return 3 - padding;
}

bool
base64_measure(const char *text, size_t text_count, size_t *count)
{
    size_t bytes = 0;

    if (text_count % 4)
        return false;
    for (size_t i = 0; i < text_count; i += 4) {
        uint8_t three[3];
        size_t  got = decode_four(text + i, i + 4 == text_count, three);
        if (!got)
            return false;
        bytes += got;
    }
    *count = bytes;
    return true;
}

bool
base64_decode(const char *text, size_t text_count, void *out, size_t count)
{
    uint8_t *to = out;
    size_t   measured;

    if (!base64_measure(text, text_count, &measured) || measured != count)
        return false;
    for (size_t i = 0; i < text_count; i += 4) {
        uint8_t three[3];
        size_t  got = decode_four(text + i, i + 4 == text_count, three);
        memcpy(to, three, got);
        to += got;
    }
    return true;
}
