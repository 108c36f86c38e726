/* The JSON reader against Jansson: random and spoiled texts, on which both must agree.
 *
 * Syntax: Jansson takes exactly what the reader takes, but for three things, each excepted by its name below:
 *  - Jansson nests to 2048, the reader to JSON_DEPTH_MAX (a limit of its own, tested in json_test.c);
 *  - Jansson refuses numbers that its long long or double cannot hold; the grammar allows them, and where a number is read
 *    the reader refuses them, too;
 *  - Jansson cannot hold a NUL in a member's name; the grammar allows "\u0000".
 * Shape and values: a second reader, of Jansson's tree (judge.h). */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/json.h"
#include "tests/judge.h"
#include "tests/sample.h"
#include "tests/suite.h"

enum { ROUNDS = 6000, TEXT_MAX = 8192, RANDOM_DEPTH_MAX = 6 };

/* xorshift64*, Vigna 2014: the same texts in every run. */
static uint64_t
draw(uint64_t *state, uint64_t below)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (*state * UINT64_C(2685821657736338717) >> 33) % below;
}

static const char *const scalars[] = {
    "0", "-0", "7", "-12", "1.5", "1e3", "1E-2", "9007199254740991", "9007199254740992", "-9007199254740993",
    "123456789012345678901234567890", "1e400", "true", "false", "null", "\"\"", "\"a\"", "\"b:c\"", "\"0\"",
    "\"-0\"", "\"0.5\"", "\"1\"", "\"-3.25\"", "\"1.000000000000000001\"", "\"0.0000000000000000001\"",
    "\"170141183460469231731.687303715884105727\"", "\"170141183460469231731.687303715884105728\"",
    "\"-170141183460469231731.687303715884105728\"", "\"123456789.123456789\"", "\"12345678\"",
    "\"1234567.123456781234567812\"", "\"1234567.1234567812345678123\"", "\"00\"", "\"1.\"", "\".1\"", "\"+1\"",
    "\"1e2\"", "\"\\u0031\"", "\"\\u002d1\"", "\"2026-01-31T23:59:59Z\"", "\"2024-02-29T00:00:00.5Z\"",
    "\"2023-02-29T00:00:00Z\"", "\"buy\"", "\"sell\"", "\"fast\"", "\"b\\u0075y\"", "\"circle\"", "\"polygon\"",
    "\"by_rate\"", "\"in_steps\"", "\"\\ud83d\\ude00\"", "\"\\u0000\"", "\"\xC3\xA9\"", "\"\\n\\\"\\\\\"", "[]",
    "{}", "[[]]", "[\"1\",\"2\"]", "[[\"1\",\"2\"]]", "{\"text\":\"t\"}", "{\"a\":1,\"a\":2}", "{\"A\":\"1\"}",
    "{\"rate\":\"1\",\"rule\":\"by_rate\"}", "\"1 \"", "\"abcdefghi\"",
    "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"",
};

static const char *const scraps[] = {
    "\"", "\\", "\\u", "\\ud800", "\\udc00", "\\u0000", "{", "}", "[", "]", ",", ":", "-", ".", "e", "0", " ", "\n", "\t",
    "\x01", "\x7F", "\x80", "\xC3", "\xC3\xA9", "\xED\xA0\x80", "\xF0\x9F\x98\x80", "\xF4\x90\x80\x80", "\xEF\xBB\xBF", "null",
    "true", "tru", "\"x\":1", ",\"x\":", "/", "'", "//", "NaN",
};

struct buffer { char bytes[TEXT_MAX]; size_t count; };

static void
put(struct buffer *buffer, const char *text)
{
    size_t count = strlen(text);
    if (count > sizeof buffer->bytes - buffer->count)
        return;
    memcpy(buffer->bytes + buffer->count, text, count);
    buffer->count += count;
}

/* Replaces `drop` bytes from `at` on. */
static void
splice(struct buffer *buffer, size_t at, size_t drop, const char *text, size_t count)
{
    if (buffer->count - drop + count > sizeof buffer->bytes)
        return;
    memmove(buffer->bytes + at + count, buffer->bytes + at + drop, buffer->count - at - drop);
    memcpy(buffer->bytes + at, text, count);
    buffer->count += count - drop;
}

static void
put_random(struct buffer *buffer, uint64_t *state, int depth)
{
    static const char *const spaces[] = { "", "", "", " ", "\n\t" };
    bool     is_object = draw(state, 2) == 0;
    uint64_t items     = draw(state, 4);

    if (depth == 0 || draw(state, 3) == 0) {
        put(buffer, scalars[draw(state, COUNT_OF(scalars))]);
        return;
    }
    put(buffer, is_object ? "{" : "[");
    for (uint64_t i = 0; i < items; i++) {
        put(buffer, i ? "," : "");
        put(buffer, spaces[draw(state, COUNT_OF(spaces))]);
        put(buffer, is_object ? (draw(state, 2) ? "\"a\":" : "\"\\u00e9\" : ") : "");
        put_random(buffer, state, depth - 1);
        put(buffer, spaces[draw(state, COUNT_OF(spaces))]);
    }
    put(buffer, is_object ? "}" : "]");
}

/* One small harm: bytes dropped, doubled, changed, or a scrap put in. */
static void
spoil(struct buffer *buffer, uint64_t *state)
{
    if (buffer->count == 0)
        return;
    size_t      at    = draw(state, buffer->count);
    size_t      left  = buffer->count - at;
    size_t      drop  = 1 + draw(state, left < 4 ? left : 4);
    const char *scrap = scraps[draw(state, COUNT_OF(scraps))];
    char        doubled[8];

    drop = drop < left ? drop : left;
    switch (draw(state, 4)) {
    case 0:
        splice(buffer, at, drop, "", 0);
        break;
    case 1:
        memcpy(doubled, buffer->bytes + at, drop);
        splice(buffer, at, 0, doubled, drop);
        break;
    case 2:
        buffer->bytes[at] = (char)(buffer->bytes[at] ^ (char)(1 << draw(state, 8)));
        break;
    default:
        splice(buffer, at, draw(state, 2) ? drop : 0, scrap, strlen(scrap));
    }
}

static bool
is_excepted(enum json_error_code code)
{
    return code == json_error_numeric_overflow || code == json_error_null_byte_in_key ||
           code == json_error_stack_overflow;
}

START_TEST(both_take_the_same_for_json)
{
    uint64_t state = 88172645463325252;
    size_t   taken = 0, refused = 0;

    for (int round = 0; round < ROUNDS * 4; round++) {
        struct buffer      buffer = { .count = 0 };
        struct arena       arena;
        struct faults      faults;
        struct sample_note note;
        json_error_t       error;
        put(&buffer, "{\"text\":\"a\",\"x\":");
        put_random(&buffer, &state, RANDOM_DEPTH_MAX);
        put(&buffer, "}");
        for (uint64_t harms = draw(&state, 3); harms > 0; harms--)
            spoil(&buffer, &state);
        json_t *tree = json_loadb(buffer.bytes, buffer.count, JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
        if (!tree && is_excepted(json_error_code(&error)))
            continue;
        arena_open(&arena, 1 << 20);
        faults_open(&faults, FAULTS_MAX);
        json_read(&sample_note_record, buffer.bytes, buffer.count, &arena, &note, &faults);
        const struct fault *last   = &faults.items[faults.count - 1];
        bool                is_bad = faults.count > 0 && !strcmp(last->code, "not_json");
        ck_assert_msg(is_bad == !tree, "%s; %s: %.*s", tree ? "taken" : error.text,
                      is_bad ? last->detail : "taken", (int)buffer.count, buffer.bytes);
        *(tree ? &taken : &refused) += 1;
        json_decref(tree);
        arena_close(&arena);
    }
    ck_assert_uint_gt(taken, ROUNDS / 2);
    ck_assert_uint_gt(refused, ROUNDS / 2);
}
END_TEST

/* The members of every object in a random order, some of them left out. */
static json_t *
shuffle(const json_t *json, uint64_t *state)
{
    const char *keys[64];
    size_t      count = 0;
    const char *key;
    json_t     *value;

    if (json_is_array(json)) {
        json_t *array = json_array();
        for (size_t i = 0; i < json_array_size(json); i++)
            json_array_append_new(array, shuffle(json_array_get(json, i), state));
        return array;
    }
    if (!json_is_object(json))
        return json_deep_copy(json);
    json_object_foreach((json_t *)(uintptr_t)json, key, value)
        keys[count++] = key;
    json_t *object = json_object();
    for (; count > 0; count--) {
        size_t      chosen = draw(state, count);
        const char *taken  = keys[chosen];
        keys[chosen]       = keys[count - 1];
        if (draw(state, 60) > 0)
            json_object_set_new(object, taken, shuffle(json_object_get(json, taken), state));
    }
    return object;
}

/* Replaces a string or a number by a scalar: from a random byte on, the next of them. */
static void
replace_value(struct buffer *buffer, uint64_t *state)
{
    size_t      at    = draw(state, buffer->count);
    const char *value = scalars[draw(state, COUNT_OF(scalars))];

    while (at < buffer->count && !(buffer->bytes[at] == ':' || buffer->bytes[at] == '['))
        at++;
    size_t end = ++at;
    while (end < buffer->count && !strchr(",]}", buffer->bytes[end]))
        end++;
    if (end < buffer->count)
        splice(buffer, at, end - at, value, strlen(value));
}

static void
make_sample_text(struct buffer *buffer, const json_t *good, uint64_t *state)
{
    static const size_t flags[] = { JSON_COMPACT, JSON_INDENT(3), JSON_ENSURE_ASCII, 0 };
    json_t *tree = shuffle(good, state);
    char   *text = json_dumps(tree, flags[draw(state, COUNT_OF(flags))]);

    buffer->count = 0;
    put(buffer, text);
    free(text);
    json_decref(tree);
    for (uint64_t changes = draw(state, 3); changes > 0; changes--)
        replace_value(buffer, state);
    if (draw(state, 4) == 0)
        spoil(buffer, state);
}

START_TEST(both_read_the_same_values)
{
    uint64_t      state = 1181783497276652981;
    size_t        taken = 0;
    json_t       *good  = json_loads(sample_good, 0, NULL);
    struct judge judge;

    judge_open(&judge);
    for (int round = 0; round < ROUNDS; round++) {
        struct buffer buffer;
        struct arena  arena;
        struct faults faults;
        struct sample sample;
        make_sample_text(&buffer, good, &state);
        json_t *tree   = json_loadb(buffer.bytes, buffer.count, JSON_REJECT_DUPLICATES, NULL);
        bool    wanted = tree && judge_record(&judge, &sample_record, tree, NULL);
        arena_open(&arena, 1 << 20);
        faults_open(&faults, 1);
        bool is_read = json_read(&sample_record, buffer.bytes, buffer.count, &arena, &sample, &faults);
        ck_assert_msg(is_read == wanted, "%s %s: %.*s", is_read ? "taken" : faults.items[0].code,
                      is_read ? "" : faults.items[0].pointer, (int)buffer.count, buffer.bytes);
        ck_assert_msg(!is_read || judge_record(&judge, &sample_record, tree, (const char *)&sample),
                      "another value: %.*s", (int)buffer.count, buffer.bytes);
        taken += is_read;
        json_decref(tree);
        arena_close(&arena);
    }
    ck_assert_uint_gt(taken, ROUNDS / 20);
    ck_assert_uint_lt(taken, ROUNDS / 2);
    judge_close(&judge);
    json_decref(good);
}
END_TEST

Suite *
json_oracle_suite(void)
{
    Suite *suite = suite_create("json_oracle");
    TCase *tests = tcase_create("json_oracle");

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, both_take_the_same_for_json);
    tcase_add_test(tests, both_read_the_same_values);
    suite_add_tcase(suite, tests);
    return suite;
}
