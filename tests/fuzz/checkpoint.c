/* Checkpoints: read as a second reader reads them, and nobody's word but the log's own text passes for
 * it, whatever is done to a good note. The first byte chooses: the bytes themselves, or changes to a
 * note that the log signed; the bytes as a checkpoint that is signed, opened, and harmed. */
#include <assert.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/checkpoint.h"
#include "record/arena.h"
#include "record/scan.h"
#include "tests/fuzz/input.h"
#include "tests/notes.h"

enum { ARENA_BYTES_MAX = 1 << 20, NOTE_MAX = 4096 };

static struct key
key_of_line(const char *line)
{
    struct key   key;
    enum verdict verdict = key_parse(line, strlen(line), &key);
    assert(verdict == VERDICT_GOOD);
    return key;
}

static struct signer
signer_of_line(const char *line)
{
    struct signer signer;
    enum verdict  verdict = signer_parse(line, strlen(line), &signer);
    assert(verdict == VERDICT_GOOD);
    return signer;
}

/* Three lines, cut by memchr; the size by strtoll and snprintf, the root by OpenSSL. */
static bool
read_exactly(const char *text, size_t count, struct checkpoint *out)
{
    const char   *line[4] = { text };
    char          size[32], again[32], base64[64];
    unsigned char root[48];

    for (int i = 0; i < 3; i++) {
        const char *cut = memchr(line[i], '\n', (size_t)(text + count - line[i]));
        if (!cut)
            return false;
        line[i + 1] = cut + 1;
    }
    size_t origin_count = (size_t)(line[1] - line[0]) - 1, size_count = (size_t)(line[2] - line[1]) - 1;
    if (line[3] != text + count || !key_name_is_good(text, origin_count) || size_count >= sizeof size ||
        line[3] - line[2] != 45)
        return false;
    memcpy(out->origin, text, origin_count);
    out->origin[origin_count] = '\0';
    memcpy(size, line[1], size_count);
    size[size_count] = '\0';
    out->size = strtoll(size, NULL, 10);
    snprintf(again, sizeof again, "%lld", (long long)out->size);
    if (strcmp(size, again) || out->size < 0 || memchr(line[1], '\0', size_count))
        return false;
    if (EVP_DecodeBlock(root, (const unsigned char *)line[2], 44) != 33)
        return false;
    memcpy(&out->root, root, sizeof out->root);
    EVP_EncodeBlock((unsigned char *)base64, root, sizeof out->root);
    return !memcmp(base64, line[2], 44);
}

static void
try_text(const char *text, size_t count)
{
    struct checkpoint ours, wanted;
    bool              is_read = checkpoint_parse(text, count, &ours);

    assert(is_read == read_exactly(text, count, &wanted));
    if (!is_read)
        return;
    assert(!strcmp(ours.origin, wanted.origin));
    assert(ours.size == wanted.size);
    assert(!memcmp(&ours.root, &wanted.root, sizeof ours.root));
}

/* Whoever can make another text pass has forged Ed25519. */
static void
try_note(const char *bytes, size_t count)
{
    struct key        log = key_of_line(LOG_VKEY), witness = key_of_line(WITNESS1_VKEY);
    struct note       note;
    struct checkpoint checkpoint;
    int64_t           time_s;

    if (checkpoint_open(bytes, count, &log, &note, &checkpoint) != VERDICT_GOOD)
        return;
    assert(note.text.count == strlen(HEAD_TEXT));
    assert(!memcmp(note.text.bytes, HEAD_TEXT, note.text.count));
    assert(!memcmp(bytes, HEAD_TEXT, strlen(HEAD_TEXT)));
    assert(checkpoint.size == 8);
    assert(memmem(bytes, count, HEAD_LINE, strlen(HEAD_LINE)));
    if (cosignature_find(&note, &witness, &time_s) == VERDICT_GOOD)
        assert(time_s == 1700000000 || time_s == 1700000060);
}

/* A good note, with bytes replaced, put in and taken out, and lines of others. */
static void
try_changed(struct input *input)
{
    static const char *const lines[] = { HEAD_LINE, NEXT_LINE, WITNESS1_LINE, WITNESS1_LATER,
                                         UNKNOWN_LINE, NAMESAKE_LINE, "\n", HEAD_TEXT };
    char   note[NOTE_MAX] = HEAD_NOTE;
    size_t count = strlen(HEAD_NOTE);

    while (input_left(input) >= 3) {
        uint8_t     what = input_byte(input);
        size_t      at = input_byte(input) % (count + 1);
        const char *line = lines[what / 8 % (sizeof lines / sizeof *lines)];
        size_t      more = what % 8 == 0 ? strlen(line) : 1;
        if (count + more >= NOTE_MAX)
            break;
        switch (what % 4) {
        case 0:
            at = what % 8 ? at : what & 0x80 ? count : at;
            memmove(note + at + more, note + at, count - at);
            memcpy(note + at, what % 8 ? (const char *)input->at : line, more);
            count += more;
            break;
        case 1:
            if (at < count)
                memmove(note + at, note + at + 1, --count - at);
            break;
        default:
            if (at < count)
                note[at] = (char)(note[at] ^ input_byte(input));
        }
    }
    char *exact = malloc(count + 1);          /* so that no byte behind it is read */
    assert(exact);
    memcpy(exact, note, count);
    try_note(exact, count);
    free(exact);
}

/* Signed by the log: good as it is, and not with any one bit of it changed, unless a line is no
 * longer the log's. */
static void
try_signed(struct input *input)
{
    struct signer     log = signer_of_line(LOG_SKEY);
    struct checkpoint checkpoint = { .size = (int64_t)(input_word(input) >> 1) }, again;
    size_t            at = (size_t)input_word(input);
    uint8_t           bit = input_byte(input);
    struct arena      arena;
    struct text       text;
    struct note       note;

    memcpy(checkpoint.origin, log.key.name, sizeof checkpoint.origin);
    for (size_t i = 0; i < sizeof checkpoint.root; i++)
        ((uint8_t *)&checkpoint.root)[i] = input_byte(input);
    arena_open(&arena, ARENA_BYTES_MAX);
    text_open(&text, &arena, 0, NOTE_MAX);
    checkpoint_sign(&checkpoint, &log, 1, &text);
    assert(!text.is_full);
    assert(checkpoint_open(text.bytes, text.count, &log.key, &note, &again) == VERDICT_GOOD);
    assert(again.size == checkpoint.size);
    assert(!memcmp(&again.root, &checkpoint.root, sizeof again.root));
    try_text(note.text.bytes, note.text.count);
    text.bytes[at % text.count] = (char)(text.bytes[at % text.count] ^ 1 << bit % 8);
    assert(checkpoint_open(text.bytes, text.count, &log.key, &note, &again) != VERDICT_GOOD);
    arena_close(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct input input = { bytes, bytes + count };

    switch (input_byte(&input) % 4) {
    case 0:
        try_text((const char *)input.at, input_left(&input));
        break;
    case 1:
        try_note((const char *)input.at, input_left(&input));
        break;
    case 2:
        try_changed(&input);
        break;
    case 3:
        try_signed(&input);
        break;
    }
    return 0;
}
