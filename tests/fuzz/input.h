/* A fuzzer's bytes, taken from the front; past their end all is 0. */
#ifndef TESTS_FUZZ_INPUT_H
#define TESTS_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "record/decimal.h"

struct input { const uint8_t *at, *end; };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static inline size_t
input_left(const struct input *input)
{
    return (size_t)(input->end - input->at);
}

static inline uint8_t
input_byte(struct input *input)
{
    return input->at < input->end ? *input->at++ : 0;
}

static inline uint64_t
input_word(struct input *input)
{
    uint64_t word = 0;

    for (int i = 0; i < 8; i++)
        word = word << 8 | input_byte(input);
    return word;
}

/* Up to the next byte `separator`, or to the end. */
static inline struct input
input_part(struct input *input, uint8_t separator)
{
    const uint8_t *cut = input->at < input->end
                         ? memchr(input->at, separator, input_left(input)) : NULL;
    struct input   part = { input->at, cut ? cut : input->end };

    input->at = cut ? cut + 1 : input->end;
    return part;
}

/* A number of so many bits as the first byte says, then its bits: all magnitudes are as likely. */
static inline struct decimal
input_decimal(struct input *input)
{
    uint8_t  form  = input_byte(input);
    unsigned width = form & 0x7F;
    uint128  bits  = (uint128)input_word(input) << 64;

    bits |= width > 64 ? input_word(input) : 0;
    int128 units = width ? (int128)(bits >> (128 - width)) : 0;
    return (struct decimal){ form & 0x80 ? -units : units };
}

#endif
