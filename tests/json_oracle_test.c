/* The JSON reader against Jansson: random and spoiled texts, on which both must agree.
 *
 * Syntax: Jansson takes exactly what the reader takes, but for three things, each excepted by its name below:
 *  - Jansson nests to 2048, the reader to JSON_DEPTH_MAX (a limit of its own, tested in json_test.c);
 *  - Jansson refuses numbers that its long long or double cannot hold; the grammar allows them, and where a number is read
 *    the reader refuses them, too;
 *  - Jansson cannot hold a NUL in a member's name; the grammar allows "\u0000".
 * Shape and values: a second reader, of Jansson's tree, written for this test: regular expressions, timegm, GMP. */
#include <assert.h>
#include <gmp.h>
#include <jansson.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "record/instant.h"
#include "record/json.h"
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

/* The second reader. It says whether a value is of the right shape, and, given a struct, whether that holds the value. */
struct oracle { regex_t decimal, name, sha256, instant; };

static bool judge_record(const struct oracle *oracle, const struct record *record, const json_t *json, const char *in);
static bool judge_field(const struct oracle *oracle, const struct field *field, const json_t *json, const char *in);

static void
oracle_open(struct oracle *oracle)
{
    int flags = REG_EXTENDED;
    ck_assert(!regcomp(&oracle->decimal, "^-?(0|[1-9][0-9]*)(\\.[0-9]{1,18})?$", flags | REG_NOSUB));
    ck_assert(!regcomp(&oracle->name, "^[A-Za-z0-9._:-]*$", flags | REG_NOSUB));
    ck_assert(!regcomp(&oracle->sha256, "^[0-9a-f]{64}$", flags | REG_NOSUB));
    ck_assert(!regcomp(&oracle->instant,
                       "^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(\\.[0-9]{1,6})?Z$", flags));
}

static void
oracle_close(struct oracle *oracle)
{
    regfree(&oracle->decimal);
    regfree(&oracle->name);
    regfree(&oracle->sha256);
    regfree(&oracle->instant);
}

static bool
matches(const regex_t *pattern, const char *text)
{
    return regexec(pattern, text, 0, NULL, 0) == 0;
}

static bool
judge_text(const struct oracle *oracle, const struct field *field, const json_t *json, const char *member)
{
    const char *text  = json_string_value(json);
    int64_t     bytes = (int64_t)json_string_length(json);

    if (!text || (field->form == TEXT_NAME && !matches(&oracle->name, text)))
        return false;
    if (field->form == TEXT_SHA256 ? !matches(&oracle->sha256, text) : bytes < field->min || bytes > field->max)
        return false;
    return !member || (*(const char *const *)member && !strcmp(text, *(const char *const *)member));
}

static bool
judge_integer(const struct field *field, const json_t *json, const char *member)
{
    int64_t integer = json_integer_value(json);
    return json_is_integer(json) && integer >= field->min && integer <= field->max &&
           (!member || integer == *(const int64_t *)member);
}

static void
mpz_set_int128(mpz_t out, int128 units)
{
    uint128 magnitude = units < 0 ? 0 - (uint128)units : (uint128)units;
    mpz_set_ui(out, (unsigned long)(magnitude >> 64));
    mpz_mul_2exp(out, out, 64);
    mpz_add_ui(out, out, (unsigned long)magnitude);
    if (units < 0)
        mpz_neg(out, out);
}

/* The units of a text that matches the pattern: its digits, with zeros up to 18 places. */
static void
units_of_text(mpz_t units, const char *text)
{
    char        digits[TEXT_MAX + 32];
    const char *point  = strchr(text, '.');
    size_t      places = point ? strlen(point + 1) : 0;
    size_t      count  = 0;

    for (; *text && count < TEXT_MAX; text++)
        if (*text != '.')
            digits[count++] = *text;
    for (; places < DECIMAL_PLACES; places++)
        digits[count++] = '0';
    digits[count] = '\0';
    ck_assert_int_eq(mpz_set_str(units, digits, 10), 0);
}

static int
compare_units(const mpz_t units, int128 other_units)
{
    mpz_t other;
    mpz_init(other);
    mpz_set_int128(other, other_units);
    int order = mpz_cmp(units, other);
    mpz_clear(other);
    return order;
}

static bool
is_in_bounds(const struct field *field, const mpz_t units, const char *member)
{
    return compare_units(units, DECIMAL_MAX_UNITS) <= 0 && compare_units(units, -DECIMAL_MAX_UNITS) >= 0 &&
           (!field->at_least || compare_units(units, field->at_least->units) >= 0) &&
           (!field->above || compare_units(units, field->above->units) > 0) &&
           (!field->at_most || compare_units(units, field->at_most->units) <= 0) &&
           (!member || compare_units(units, ((const struct decimal *)member)->units) == 0);
}

static bool
judge_decimal(const struct oracle *oracle, const struct field *field, const json_t *json, const char *member)
{
    char        digits[32];
    const char *text    = json_string_value(json);
    int64_t     integer = json_integer_value(json);
    mpz_t       units;

    if (json_is_integer(json)) {
        snprintf(digits, sizeof digits, "%lld", (long long)integer);
        text = digits;
        if (integer > INTEGER_MAX || integer < -INTEGER_MAX)
            return false;
    }
    if (!text || !matches(&oracle->decimal, text))
        return false;
    mpz_init(units);
    units_of_text(units, text);
    bool is_good = is_in_bounds(field, units, member);
    mpz_clear(units);
    return is_good;
}

static int
number_of(const char *text, const regmatch_t *part)
{
    return (int)strtol(text + part->rm_so, NULL, 10);
}

static bool
judge_instant(const struct oracle *oracle, const json_t *json, const char *member)
{
    const char *text = json_string_value(json);
    regmatch_t  part[8];
    char        fraction[8] = "000000";

    if (!text || regexec(&oracle->instant, text, 8, part, 0) != 0)
        return false;
    struct tm wanted = { .tm_year = number_of(text, &part[1]) - 1900, .tm_mon = number_of(text, &part[2]) - 1,
                         .tm_mday = number_of(text, &part[3]), .tm_hour = number_of(text, &part[4]),
                         .tm_min = number_of(text, &part[5]), .tm_sec = number_of(text, &part[6]) };
    struct tm again  = wanted;
    int64_t   second = timegm(&again);
    if (again.tm_mday != wanted.tm_mday || again.tm_mon != wanted.tm_mon || again.tm_hour != wanted.tm_hour ||
        again.tm_min != wanted.tm_min || again.tm_sec != wanted.tm_sec || wanted.tm_year < 70)
        return false;
    if (part[7].rm_so >= 0)
        memcpy(fraction, text + part[7].rm_so + 1, (size_t)(part[7].rm_eo - part[7].rm_so - 1));
    return !member || *(const int64_t *)member == second * 1000000 + strtol(fraction, NULL, 10);
}

static bool
judge_choice(const struct field *field, const json_t *json, const char *member)
{
    const char *text = json_string_value(json);
    for (int i = 0; text && field->choices[i]; i++)
        if (!strcmp(field->choices[i], text))
            return !member || *(const int *)member == i;
    return false;
}

static bool
judge_list(const struct oracle *oracle, const struct field *field, const json_t *json, const char *in)
{
    int64_t     count = (int64_t)json_array_size(json);
    const char *items = in ? *(const char *const *)(in + field->offset) : NULL;

    if (!json_is_array(json) || count < field->min || count > field->max)
        return false;
    if (in && (int64_t)*(const size_t *)(in + field->count_offset) != count)
        return false;
    for (int64_t i = 0; i < count; i++)
        if (!judge_record(oracle, field->items, json_array_get(json, (size_t)i),
                          items ? items + (size_t)i * field->items->size : NULL))
            return false;
    return true;
}

static bool
judge_key(const struct oracle *oracle, const struct field *field, const char *key, const char *item)
{
    size_t bytes = strlen(key);
    if (bytes < 1 || bytes > KEY_BYTES_MAX || (field->form == TEXT_NAME && !matches(&oracle->name, key)))
        return false;
    return !item || !strcmp(key, *(const char *const *)(item + field->key_offset));
}

/* Jansson keeps the members of an object in the order of the text. */
static bool
judge_map(const struct oracle *oracle, const struct field *field, const json_t *json, const char *in)
{
    int64_t     count = (int64_t)json_object_size(json);
    const char *item  = in ? *(const char *const *)(in + field->offset) : NULL;
    const char *key;
    json_t     *value;

    if (!json_is_object(json) || count < field->min || count > field->max)
        return false;
    if (in && (int64_t)*(const size_t *)(in + field->count_offset) != count)
        return false;
    json_object_foreach((json_t *)(uintptr_t)json, key, value) {
        if (!judge_key(oracle, field, key, item) || !judge_record(oracle, field->items, value, item))
            return false;
        item = item ? item + field->items->size : NULL;
    }
    return true;
}

/* A member that is left out or null: what the struct must hold. */
static bool
judge_nothing(const struct oracle *oracle, const struct field *field, const char *in)
{
    if (field->kind == FIELD_RECORD && !field->pointer) {
        json_t *empty   = json_object();
        bool    is_good = judge_record(oracle, field->items, empty, in ? in + field->offset : NULL);
        json_decref(empty);
        return is_good;
    }
    if (!in)
        return true;
    if (field->initial) {
        json_t *given = field->kind == FIELD_INTEGER ? json_integer(strtol(field->initial, NULL, 10))
                        : field->kind == FIELD_FLAG  ? json_boolean(!strcmp(field->initial, "true"))
                                                     : json_string(field->initial);
        bool is_good = judge_field(oracle, field, given, in);
        json_decref(given);
        return is_good;
    }
    const char *member = in + field->offset;
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_RECORD:
    case FIELD_OBJECT:
        return *(const char *const *)member == NULL;
    case FIELD_INTEGER:
    case FIELD_INSTANT:
        return *(const int64_t *)member == INT64_MIN;
    case FIELD_DECIMAL:
        return decimal_is_none(*(const struct decimal *)member);
    case FIELD_FLAG:
        return !*(const bool *)member;
    case FIELD_CHOICE:
        return *(const int *)member == -1;
    case FIELD_LIST:
    case FIELD_MAP:
        return *(const size_t *)(in + field->count_offset) == 0;
    }
    return false;
}

static bool
judge_field(const struct oracle *oracle, const struct field *field, const json_t *json, const char *in)
{
    const char *member = in ? in + field->offset : NULL;

    if (json_is_null(json))
        return (field->optional || field->nullable) && judge_nothing(oracle, field, in);
    switch (field->kind) {
    case FIELD_TEXT:
        return judge_text(oracle, field, json, member);
    case FIELD_INTEGER:
        return judge_integer(field, json, member);
    case FIELD_DECIMAL:
        return judge_decimal(oracle, field, json, member);
    case FIELD_FLAG:
        return json_is_boolean(json) && (!member || *(const bool *)member == json_is_true(json));
    case FIELD_INSTANT:
        return judge_instant(oracle, json, member);
    case FIELD_CHOICE:
        return judge_choice(field, json, member);
    case FIELD_RECORD:
        return judge_record(oracle, field->items, json,
                            member && field->pointer ? *(const char *const *)member : member);
    case FIELD_LIST:
        return judge_list(oracle, field, json, in);
    case FIELD_MAP:
        return judge_map(oracle, field, json, in);
    case FIELD_OBJECT:
        return json_is_object(json) && (!member || *(const char *const *)member);
    }
    return false;
}

static bool
judge_members(const struct oracle *oracle, const struct record *record, const json_t *json, size_t others,
              const char *in)
{
    size_t seen = others;
    for (size_t i = 0; i < record->count; i++) {
        const struct field *field = &record->fields[i];
        const json_t       *value = json_object_get(json, field->name);
        seen += value != NULL;
        if (value ? !judge_field(oracle, field, value, in) : !field->optional || !judge_nothing(oracle, field, in))
            return false;
    }
    return seen == json_object_size(json);
}

static bool
judge_variant(const struct oracle *oracle, const struct record *record, const json_t *json, const char *in)
{
    const char *tag = json_string_value(json_object_get(json, record->tag));
    for (size_t i = 0; tag && i < record->cases_count; i++)
        if (!strcmp(record->cases[i].name, tag))
            return (!in || *(const int *)(in + record->tag_offset) == (int)i) &&
                   judge_members(oracle, record->cases[i].record, json, 1, in);
    return false;
}

static bool
judge_tuple(const struct oracle *oracle, const struct record *record, const json_t *json, const char *in)
{
    if (!json_is_array(json) || json_array_size(json) != record->count)
        return false;
    for (size_t i = 0; i < record->count; i++)
        if (!judge_field(oracle, &record->fields[i], json_array_get(json, i), in))
            return false;
    return true;
}

static bool
judge_record(const struct oracle *oracle, const struct record *record, const json_t *json, const char *in)
{
    if (record->bare)
        return judge_field(oracle, &record->fields[0], json, in);
    if (record->tuple)
        return judge_tuple(oracle, record, json, in);
    if (!json_is_object(json))
        return false;
    return record->tag ? judge_variant(oracle, record, json, in) : judge_members(oracle, record, json, 0, in);
}

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
    struct oracle oracle;

    oracle_open(&oracle);
    for (int round = 0; round < ROUNDS; round++) {
        struct buffer buffer;
        struct arena  arena;
        struct faults faults;
        struct sample sample;
        make_sample_text(&buffer, good, &state);
        json_t *tree   = json_loadb(buffer.bytes, buffer.count, JSON_REJECT_DUPLICATES, NULL);
        bool    wanted = tree && judge_record(&oracle, &sample_record, tree, NULL);
        arena_open(&arena, 1 << 20);
        faults_open(&faults, 1);
        bool is_read = json_read(&sample_record, buffer.bytes, buffer.count, &arena, &sample, &faults);
        ck_assert_msg(is_read == wanted, "%s %s: %.*s", is_read ? "taken" : faults.items[0].code,
                      is_read ? "" : faults.items[0].pointer, (int)buffer.count, buffer.bytes);
        ck_assert_msg(!is_read || judge_record(&oracle, &sample_record, tree, (const char *)&sample),
                      "another value: %.*s", (int)buffer.count, buffer.bytes);
        taken += is_read;
        json_decref(tree);
        arena_close(&arena);
    }
    ck_assert_uint_gt(taken, ROUNDS / 20);
    ck_assert_uint_lt(taken, ROUNDS / 2);
    oracle_close(&oracle);
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
