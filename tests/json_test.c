/* Reading and writing JSON: single members, rows of texts with the fault they must get, and the way there and back. */
#include "record/json.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/instant.h"
#include "tests/generate.h"
#include "tests/sample.h"
#include "tests/suite.h"

/* Texts of sample_note, and the first fault of each; no code: it is accepted. */
struct row { const char *text, *code, *pointer; };

static const struct row rows[] = {
    { "{\"text\":\"a\"}", NULL, NULL },
    { " \t\r\n{ \"text\" :\n\"a\" , \"pinned\":true } ", NULL, NULL },
    { "{\"pinned\":null,\"text\":\"a\"}", NULL, NULL },
    { "{\"t\\u0065xt\":\"\\u0061\"}", NULL, NULL },
    { "{\"text\":\"\\ud83d\\ude00\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", NULL, NULL },
    { "{\"text\":\"\xF4\x8F\xBF\xBF\xEF\xBF\xBF\xED\x9F\xBF\xE0\xA0\x80\xC2\x80\x7F\"}", NULL, NULL },
    /* what is no JSON: the pointer says how far it was */
    { "", "not_json", "" },
    { " ", "not_json", "" },
    { "nul", "not_json", "" },
    { "{", "not_json", "" },
    { "{\"text\":\"a\"", "not_json", "" },
    { "{\"text\":\"a\",", "not_json", "" },
    { "{\"text\":\"a\",}", "not_json", "" },
    { "{,\"text\":\"a\"}", "not_json", "" },
    { "{\"text\":\"a\"]", "not_json", "" },
    { "{\"text\":\"a\" \"pinned\":true}", "not_json", "" },
    { "{\"text\"}", "not_json", "" },
    { "{\"text\",\"a\"}", "not_json", "" },
    { "{text:\"a\"}", "not_json", "" },
    { "{'text':\"a\"}", "not_json", "" },
    { "{\"text\":\"a\"}{}", "not_json", "" },
    { "{\"text\":\"a\"},", "not_json", "" },
    { "{\"text\":\"a\"}//", "not_json", "" },
    { "\xEF\xBB\xBF{\"text\":\"a\"}", "not_json", "" },
    { "{\"te\xFFxt\":\"a\"}", "not_json", "" },
    { "{\"text\":", "not_json", "/text" },
    { "{\"text\":}", "not_json", "/text" },
    { "{\"text\":\"a}", "not_json", "/text" },
    { "{\"text\":'a'}", "not_json", "/text" },
    { "{\"text\":\"\x01\"}", "not_json", "/text" },
    { "{\"text\":\"\n\"}", "not_json", "/text" },
    { "{\"text\":\"\\", "not_json", "/text" },
    { "{\"text\":\"\\x\"}", "not_json", "/text" },
    { "{\"text\":\"\\u12g4\"}", "not_json", "/text" },
    { "{\"text\":\"\\u12\"}", "not_json", "/text" },
    { "{\"text\":\"\\ud800\"}", "not_json", "/text" },
    { "{\"text\":\"\\udc00\"}", "not_json", "/text" },
    { "{\"text\":\"\\ud800\\u0041\"}", "not_json", "/text" },
    { "{\"text\":\"\\ud800\\ud800\"}", "not_json", "/text" },
    { "{\"text\":\"\x80\"}", "not_json", "/text" },
    { "{\"text\":\"\xC0\x80\"}", "not_json", "/text" },
    { "{\"text\":\"\xC1\xBF\"}", "not_json", "/text" },
    { "{\"text\":\"\xE0\x9F\xBF\"}", "not_json", "/text" },
    { "{\"text\":\"\xED\xA0\x80\"}", "not_json", "/text" },
    { "{\"text\":\"\xF0\x8F\xBF\xBF\"}", "not_json", "/text" },
    { "{\"text\":\"\xF4\x90\x80\x80\"}", "not_json", "/text" },
    { "{\"text\":\"\xF5\x80\x80\x80\"}", "not_json", "/text" },
    { "{\"text\":\"\xE2\x82\"}", "not_json", "/text" },
    { "{\"text\":\"\xE2\x82", "not_json", "/text" },
    { "{\"text\":truth}", "not_json", "/text" },
    { "{\"text\":[1,]}", "not_json", "/text" },
    { "{\"pinned\":tru}", "not_json", "/pinned" },
    { "{\"pinned\":nul}", "not_json", "/pinned" },
    /* the first fault of the text, a missing member at the object's end */
    { "{}", "missing_member", "/text" },
    { "{\"pinned\":true}", "missing_member", "/text" },
    { "{\"pinned\":1}", "wrong_type", "/pinned" },
    { "{\"text\":null}", "wrong_type", "/text" },
    { "null", "wrong_type", "" },
    { "[]", "wrong_type", "" },
    { "7", "wrong_type", "" },
    { "{\"text\":\"\"}", "out_of_bounds", "/text" },
    { "{\"text\":\"12345678901234567890123456789012345678901\"}", "out_of_bounds", "/text" },
    { "{\"text\":\"a\\u0000\"}", "bad_text", "/text" },
    /* names: any spelling, once; a pointer that RFC 6901 escapes */
    { "{\"text\":\"a\",\"text\":\"a\"}", "duplicate_member", "/text" },
    { "{\"text\":\"a\",\"\\u0074ext\":\"b\"}", "duplicate_member", "/text" },
    { "{\"text\":\"a\",\"text\":5}", "duplicate_member", "/text" },
    { "{\"Text\":\"a\"}", "unknown_member", "/Text" },
    { "{\"tex\":\"a\"}", "unknown_member", "/tex" },
    { "{\"text\\u0000\":\"a\"}", "bad_text", "/text\xEF\xBF\xBD" },
    { "{\"\\u0000\":\"a\"}", "bad_text", "/\xEF\xBF\xBD" },
    { "{\"\":\"a\"}", "unknown_member", "/" },
    { "{\"~a/b~1\":\"a\"}", "unknown_member", "/~0a~1b~01" },
    { "{\"\\ud83d\\ude00\\n\":\"a\"}", "unknown_member", "/\xF0\x9F\x98\x80\n" },
};

/* Values in a place where any value is unknown: only their syntax counts. */
static const char *const good_values[] = {
    "0", "-0", "1", "-1", "10", "1.5", "0.0", "1e5", "1E+5", "1e-5", "-0.0e0", "123456789012345678901234567890",
    "1e400", "\"\"", "\"\\u0000\"", "true", "false", "null", "[]", "[ ]", "{}", "{ }", "[1,2]", "[ 1 , 2 ]",
    "[[],{}]", "{\"a\":1,\"a\":2}", "{\"\":[{\"\":{}}]}", "\"\\uD834\\uDD1E\"",
};
static const char *const bad_values[] = {
    "", "01", "-", "+1", "-01", "00", "1.", ".5", "1e", "1e+", "1.e5", "0x10", "1_000", "1,", "Infinity", "NaN",
    "-Infinity", "True", "nulL", "truefalse", "[", "[1", "[1,", "[,1]", "[1 2]", "[1,]", "[1}", "{1:2}", "{\"a\"}",
    "{\"a\":}", "{\"a\":1,}", "{\"a\" 1}", "{,}", "\"", "\"\\", "\"\\u", "\"\t\"", "\"\x1f\"", "'a'", "/**/1", "\v1",
    "\xC2\xA0-1", "\"\\U0041\"", "\"\\uDD1E\\uD834\"", "]", "}", ":", "1 2",
};

static bool
read_text(const char *text, size_t bytes, struct arena *arena, struct sample *sample, struct faults *faults)
{
    faults_open(faults, 1);
    return json_read(&sample_record, text, bytes, arena, sample, faults);
}

START_TEST(a_text_gets_its_first_fault)
{
    const struct row  *row = &rows[_i];
    struct arena       arena;
    struct faults      faults;
    struct sample_note note;

    arena_open(&arena, 1 << 20);
    faults_open(&faults, 1);
    bool is_read = json_read(&sample_note_record, row->text, strlen(row->text), &arena, &note, &faults);
    ck_assert_msg(is_read == !row->code, "%s: %s", row->text, is_read ? "read" : faults.items[0].detail);
    ck_assert_uint_eq(faults.count, row->code ? 1 : 0);
    if (row->code) {
        ck_assert_str_eq(faults.items[0].code, row->code);
        ck_assert_str_eq(faults.items[0].pointer, row->pointer);
        ck_assert_uint_gt(strlen(faults.items[0].detail), 10);
    }
    arena_close(&arena);
}
END_TEST

/* Reads {"x": value} of a record that has no x; is the only fault that x is unknown (and text missing)? */
static bool
is_syntax_of_value(const char *value)
{
    char               text[512];
    struct arena       arena;
    struct faults      faults;
    struct sample_note note;

    snprintf(text, sizeof text, "{\"text\":\"a\",\"x\":%s}", value);
    arena_open(&arena, 1 << 20);
    faults_open(&faults, FAULTS_MAX);
    ck_assert(!json_read(&sample_note_record, text, strlen(text), &arena, &note, &faults));
    ck_assert_str_eq(faults.items[0].code, "unknown_member");
    ck_assert_str_eq(faults.items[0].pointer, "/x");
    ck_assert_uint_le(faults.count, 2);
    bool is_json = faults.count == 1;
    if (!is_json)
        ck_assert_str_eq(faults.items[1].code, "not_json");
    arena_close(&arena);
    return is_json;
}

START_TEST(unknown_values_must_be_json)
{
    for (size_t i = 0; i < COUNT_OF(good_values); i++)
        ck_assert_msg(is_syntax_of_value(good_values[i]), "%s", good_values[i]);
    for (size_t i = 0; i < COUNT_OF(bad_values); i++)
        ck_assert_msg(!is_syntax_of_value(bad_values[i]), "%s", bad_values[i]);
}
END_TEST

/* The root is one of the JSON_DEPTH_MAX. */
START_TEST(nesting_has_a_limit)
{
    char text[2 * JSON_DEPTH_MAX + 1];

    for (size_t depth = 1; depth <= JSON_DEPTH_MAX; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        text[2 * depth] = '\0';
        ck_assert_int_eq(is_syntax_of_value(text), depth < JSON_DEPTH_MAX);
    }
}
END_TEST

/* A record that holds itself: tables alone would not bound how deep a text goes. */
struct nest { struct nest *next; };
static const struct record nest_record;
static const struct field nest_fields[] = {
    POINTER_FIELD(nest, next, nest, .optional = true),
};
static const struct record nest_record = RECORD(nest, nest_fields);

START_TEST(records_nest_no_deeper_than_values)
{
    for (size_t depth = 1; depth < 2 * JSON_DEPTH_MAX; depth++) {
        struct arena  arena;
        struct faults faults;
        struct text   text;
        struct nest   nest;
        arena_open(&arena, 1 << 20);
        text_open(&text, &arena, 0, 1 << 12);
        for (size_t i = 1; i < depth; i++)
            text_add_string(&text, "{\"next\":");
        text_add_string(&text, "{}");
        for (size_t i = 1; i < depth; i++)
            text_add_string(&text, "}");
        faults_open(&faults, 1);
        bool is_read = json_read(&nest_record, text.bytes, text.count, &arena, &nest, &faults);
        ck_assert_int_eq(is_read, depth <= JSON_DEPTH_MAX);
        ck_assert(is_read || !strcmp(faults.items[0].code, "not_json"));
        arena_close(&arena);
    }
}
END_TEST

/* After every kind of container, good or bad, as much depth is left as before. */
START_TEST(siblings_are_not_depth)
{
    static const char *const before[] = {
        "\"points\":[[1,2],[3,4]]", "\"prices\":{\"A\":\"1\"}", "\"note\":{\"text\":\"n\"}",
        "\"rule\":{\"rule\":\"by_rate\",\"rate\":\"1\"}", "\"points\":[[1],[1,2,3],[[1],{}]]",
        "\"tags\":[\"1\",\"2\",\"3\",\"4\",\"5\"]", "\"groups\":{\"a\":[],\"b\":[],\"c\":[],\"d\":[],\"e\":[]}",
        "\"rule\":{\"rule\":\"odd\"}", "\"rule\":{}", "\"note\":[[]]", "\"points\":[]", "\"prices\":{}",
    };
    char deep[2 * JSON_DEPTH_MAX];

    memset(deep, '[', sizeof deep / 2);
    memset(deep + sizeof deep / 2, ']', sizeof deep / 2);
    for (size_t i = 0; i < COUNT_OF(before); i++) {
        char          text[512];
        struct arena  arena;
        struct faults faults;
        struct sample sample;
        for (size_t depth = JSON_DEPTH_MAX - 1; depth <= JSON_DEPTH_MAX; depth++) {
            int count = snprintf(text, sizeof text, "{%s,\"x\":%.*s}", before[i], (int)(2 * depth),
                                 deep + sizeof deep / 2 - depth);
            arena_open(&arena, 1 << 20);
            faults_open(&faults, FAULTS_MAX);
            ck_assert(!json_read(&sample_record, text, (size_t)count, &arena, &sample, &faults));
            bool is_bad = !strcmp(faults.items[faults.count - 1].code, "not_json");
            ck_assert_msg(is_bad == (depth == JSON_DEPTH_MAX), "%s", text);
            arena_close(&arena);
        }
    }
}
END_TEST

/* Escapes at the borders of UTF-8's lengths, in values and in names of tags, cases, keys and members. */
START_TEST(escapes_are_the_characters_they_name)
{
    static const char borders[] =
        "{\"text\":\"\\u0001\\u007f\\u0080\\u07FF\\u0800\\uffff\\uD800\\uDC00\\udbff\\udfff\"}";
    static const char names[] =
        "{\"id\":\"\\u0061-1\",\"quantity\":0,\"r\\u0061te\":\"\\u0031\",\"ratio\":null,\"urgent\":true,"
        "\"made_at\":\"1970-01-01T00:00:00\\u005A\",\"side\":\"s\\u0065ll\",\"note\":{\"text\":\"n\"},"
        "\"reply\":null,\"points\":[[1,2]],\"prices\":{\"AB\":1,\"A\":2,\"\\u0042\":3},"
        "\"rule\":{\"steps\":2,\"rul\\u0065\":\"\\u0069n_steps\"}}";
    struct arena       arena;
    struct faults      faults;
    struct sample_note note;
    struct sample      sample;

    arena_open(&arena, 1 << 20);
    faults_open(&faults, 1);
    ck_assert(json_read(&sample_note_record, borders, sizeof borders - 1, &arena, &note, &faults));
    ck_assert_str_eq(note.text, "\x01\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF");
    bool is_read = json_read(&sample_record, names, sizeof names - 1, &arena, &sample, &faults);
    ck_assert_msg(is_read, "%s %s", faults.items[0].pointer, faults.items[0].code);
    ck_assert_str_eq(sample.id, "a-1");
    ck_assert(sample.rate.units == DECIMAL_ONE_UNITS);
    ck_assert_int_eq(sample.side, 1);
    ck_assert_uint_eq(sample.prices_count, 3);
    ck_assert_str_eq(sample.prices[2].asset, "B");
    ck_assert_int_eq(sample.rule.rule, 1);
    arena_close(&arena);
}
END_TEST

START_TEST(every_kind_of_member_is_read)
{
    struct arena  arena;
    struct faults faults;
    struct sample sample;

    arena_open(&arena, 1 << 20);
    bool is_read = read_text(sample_good, strlen(sample_good), &arena, &sample, &faults);
    ck_assert_msg(is_read, "%s %s %s", faults.items[0].pointer, faults.items[0].code,
                  faults.items[0].detail);
    ck_assert_str_eq(sample.id, "a-1");
    ck_assert_str_eq(sample.title, "T\xC3\xBCtel \"q\" \\ \x01/");
    ck_assert_uint_eq(strlen(sample.sha256), 64);
    ck_assert_int_eq(sample.quantity, -7);
    ck_assert_int_eq(sample.retries, 10);
    ck_assert(sample.rate.units == (int128)DECIMAL_ONE_UNITS / 40);
    ck_assert(sample.fee.units == -3 * (int128)DECIMAL_ONE_UNITS);
    ck_assert(decimal_is_none(sample.ratio));
    ck_assert(sample.urgent);
    ck_assert(!sample.hidden);
    ck_assert_int_eq(sample.made_at, 1769903999000000);
    ck_assert_int_eq(sample.until, 946598400250000);
    ck_assert_int_eq(sample.side, 1);
    ck_assert_int_eq(sample.mode, 2);
    ck_assert_int_eq(sample.limits.tries, 1);
    ck_assert_int_eq(sample.limits.side, 0);
    ck_assert_str_eq(sample.note.text, "n");
    ck_assert_str_eq(sample.remark->text, "r");
    ck_assert_ptr_null(sample.reply);
    ck_assert_uint_eq(sample.points_count, 2);
    ck_assert(sample.points[1].price.units == 2000 * (int128)DECIMAL_ONE_UNITS);
    ck_assert_uint_eq(sample.tags_count, 2);
    ck_assert_str_eq(sample.tags[1].tag, "y");
    ck_assert_uint_eq(sample.prices_count, 3);
    ck_assert_str_eq(sample.prices[2].asset, "BTC");
    ck_assert_uint_eq(sample.groups_count, 2);
    ck_assert_str_eq(sample.groups[0].name, "\xF0\x9F\x98\x80");
    ck_assert_uint_eq(sample.groups[0].shapes_count, 2);
    ck_assert_int_eq(sample.groups[0].shapes[1].kind, 1);
    ck_assert_uint_eq(sample.groups[0].shapes[1].corners_count, 3);
    ck_assert_uint_eq(sample.groups[1].shapes_count, 0);
    ck_assert_int_eq(sample.rule.rule, 1);
    ck_assert_int_eq(sample.rule.steps, 9);
    arena_close(&arena);
}
END_TEST

/* Only what is required; the rest takes its initial value or is none. */
START_TEST(members_that_are_left_out_take_their_initial_value)
{
    static const char text[] =
        "{\"id\":\"a\",\"quantity\":-0,\"rate\":1,\"ratio\":\"-0\",\"urgent\":false,"
        "\"made_at\":\"1970-01-01T00:00:00Z\",\"side\":\"buy\",\"note\":{\"text\":\"n\"},\"reply\":null,"
        "\"points\":[[9007199254740991,-0]],\"prices\":{\"A\":\"\\u0031\"},\"title\":null,\"tags\":null,"
        "\"limits\":null,\"rule\":{\"steps\":1,\"rule\":\"in_steps\"}}";
    struct arena  arena;
    struct faults faults;
    struct sample sample;

    arena_open(&arena, 1 << 20);
    bool is_read = read_text(text, sizeof text - 1, &arena, &sample, &faults);
    ck_assert_msg(is_read, "%s %s", faults.items[0].pointer, faults.items[0].detail);
    ck_assert_ptr_null(sample.title);
    ck_assert_ptr_null(sample.sha256);
    ck_assert_int_eq(sample.quantity, 0);
    ck_assert_int_eq(sample.retries, INTEGER_NONE);
    ck_assert(sample.fee.units == (int128)DECIMAL_ONE_UNITS / 1000);
    ck_assert(sample.ratio.units == 0);
    ck_assert(sample.hidden);
    ck_assert_int_eq(sample.until, INSTANT_NONE);
    ck_assert_int_eq(sample.mode, CHOICE_NONE);
    ck_assert(sample.limits.low.units == -3 * (int128)DECIMAL_ONE_UNITS / 2);
    ck_assert(decimal_is_none(sample.limits.high));
    ck_assert_int_eq(sample.limits.tries, 3);
    ck_assert_int_eq(sample.limits.side, 1);
    ck_assert(!sample.note.pinned);
    ck_assert_ptr_null(sample.remark);
    ck_assert_uint_eq(sample.tags_count, 0);
    ck_assert_uint_eq(sample.groups_count, 0);
    ck_assert(sample.points[0].price.units == INTEGER_MAX * (int128)DECIMAL_ONE_UNITS);
    ck_assert(sample.prices[0].price.units == DECIMAL_ONE_UNITS);
    ck_assert(sample.rule.rate.units == DECIMAL_ONE_UNITS / 2);
    arena_close(&arena);
}
END_TEST

START_TEST(with_more_than_one_fault_wanted_it_goes_on)
{
    static const char text[] =
        "{\"x\":[{}],\"id\":\"a b\",\"id\":1,\"quantity\":1.0,\"rate\":0.5,\"points\":[[1],[1,2,3],{},[0,\"x\"]],"
        "\"prices\":{\"A\":true,\"A\":1,\"\":2},\"rule\":{\"rule\":\"odd\",\"x\":1},\"note\":{},\"side\":\"\"}";
    static const char *const wanted[] = {
        "unknown_member /x", "bad_text /id", "duplicate_member /id", "wrong_type /quantity",
        "not_a_decimal /rate", "too_few /points/0", "too_many /points/1", "wrong_type /points/2",
        "out_of_bounds /points/3/0", "not_a_decimal /points/3/1", "wrong_type /prices/A",
        "duplicate_member /prices/A", "bad_text /prices/", "unknown_rule /rule/rule",
        "missing_member /note/text", "unknown_choice /side", "missing_member /ratio",
        "missing_member /urgent", "missing_member /made_at", "missing_member /reply",
    };
    struct arena  arena;
    struct faults faults;
    struct sample sample;

    arena_open(&arena, 1 << 20);
    for (size_t max = 1; max <= FAULTS_MAX; max++) {
        faults_open(&faults, max);
        ck_assert(!json_read(&sample_record, text, sizeof text - 1, &arena, &sample, &faults));
        ck_assert_uint_eq(faults.count, max < COUNT_OF(wanted) ? max : COUNT_OF(wanted));
        ck_assert_uint_eq(faults.missed, 0);
        for (size_t i = 0; i < faults.count; i++) {
            char found[FAULT_POINTER_MAX + 40];
            snprintf(found, sizeof found, "%s %s", faults.items[i].code, faults.items[i].pointer);
            ck_assert_str_eq(found, wanted[i]);
        }
    }
    arena_close(&arena);
}
END_TEST

/* Keys of every length around what a pointer holds, of characters of 1 to 4 bytes, and of what is escaped. */
START_TEST(a_pointer_of_a_hostile_key_is_cut_between_characters)
{
    static const char *const characters[] = { "a", "~", "/", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80" };
    char text[2048];

    for (size_t i = 0; i < COUNT_OF(characters); i++)
        for (size_t length = 50; length < 300; length++) {
            struct arena       arena;
            struct faults      faults;
            struct sample_note note;
            size_t             count = 0;
            text[count++] = '{';
            text[count++] = '"';
            for (size_t k = 0; k < length; k++)
                count += (size_t)snprintf(text + count, sizeof text - count, "%s", characters[i]);
            count += (size_t)snprintf(text + count, sizeof text - count, "z\":1}");
            arena_open(&arena, 1 << 20);
            faults_open(&faults, 1);
            ck_assert(!json_read(&sample_note_record, text, count, &arena, &note, &faults));
            const char *pointer = faults.items[0].pointer;
            size_t      bytes   = strlen(pointer);
            bool        is_cut  = !strncmp(pointer, "...", 3);
            json_t     *as_json = json_string(pointer);
            ck_assert_ptr_nonnull(as_json);               /* valid UTF-8 */
            json_decref(as_json);
            ck_assert_int_eq(pointer[bytes - 1], 'z');
            ck_assert_int_eq(is_cut, 2 + length * (i == 1 || i == 2 ? 2 : strlen(characters[i])) > 255);
            ck_assert(!is_cut || bytes > 255 - 4);
            ck_assert(is_cut || pointer[0] == '/');
            for (const char *at = pointer + 3; *at; at++)
                ck_assert((i != 1 && i != 2) || *at != (i == 1 ? '0' : '1') || at[-1] == '~');
            arena_close(&arena);
        }
}
END_TEST

/* Memory for one byte more at a time, until it suffices. */
struct holder { const char *any, *other; };

static const struct field holder_fields[] = {
    OBJECT_FIELD(holder, any),
    OBJECT_FIELD(holder, other, .optional = true),
};
static const struct record holder_record = RECORD(holder, holder_fields);

START_TEST(an_object_of_any_members_stays_as_it_stands)
{
    static const struct { const char *text, *any, *code; } cases[] = {
        { "{\"any\":{ \"b\" : [1, 2.5e3, null], \"a\":{}}}",
          "{ \"b\" : [1, 2.5e3, null], \"a\":{}}", NULL },
        { "{\"any\":{},\"other\":null}", "{}", NULL },
        { "{\"any\":[]}", NULL, "wrong_type" },
        { "{\"any\":null}", NULL, "wrong_type" },
        { "{\"any\":\"{}\"}", NULL, "wrong_type" },
        { "{\"any\":{\"a\":01}}", NULL, "not_json" },
        { "{\"other\":{}}", NULL, "missing_member" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena  arena;
        struct faults faults;
        struct holder holder;
        struct text   out;
        arena_open(&arena, 1 << 16);
        faults_open(&faults, 1);
        bool is_read = json_read(&holder_record, cases[i].text, strlen(cases[i].text), &arena,
                                 &holder, &faults);
        ck_assert_int_eq(is_read, cases[i].any != NULL);
        if (is_read) {
            ck_assert_str_eq(holder.any, cases[i].any);
            text_open(&out, &arena, 0, 1 << 12);
            json_write(&holder_record, &holder, JSON_DECLARED, &out);
            ck_assert_uint_eq(out.count, strlen(cases[i].any) + sizeof "{\"any\":}" - 1);
        } else {
            ck_assert_str_eq(faults.items[0].code, cases[i].code);
        }
        arena_close(&arena);
    }
}
END_TEST

START_TEST(memory_that_fails_is_a_fault_and_no_crash)
{
    struct arena  arena;
    struct faults faults;
    struct sample sample;
    bool          is_read = false;
    size_t        failed  = 0;

    for (size_t used_max = 0; !is_read; used_max++) {
        arena_open(&arena, used_max);
        faults_open(&faults, FAULTS_MAX);
        is_read = json_read(&sample_record, sample_good, strlen(sample_good), &arena, &sample, &faults);
        ck_assert(is_read || !strcmp(faults.items[0].code, "out_of_memory"));
        failed += !is_read;
        arena_close(&arena);
    }
    ck_assert_uint_gt(failed, 300);
    ck_assert_uint_lt(failed, 8192);
}
END_TEST

static void
check_bad_input(void *context, const char *text, size_t bytes, const char *code, const char *pointer)
{
    size_t       *count = context;
    struct arena  arena;
    struct faults faults;
    struct sample sample;

    arena_open(&arena, 1 << 20);
    ck_assert_msg(!read_text(text, bytes, &arena, &sample, &faults), "%s %s: accepted: %.200s", code,
                  pointer, text);
    ck_assert_msg(!strcmp(faults.items[0].code, code), "%s, not %s, %s: %.200s", faults.items[0].code,
                  code, pointer, text);
    ck_assert_msg(!strcmp(faults.items[0].pointer, pointer), "%s, not %s, %s: %.200s",
                  faults.items[0].pointer, pointer, code, text);
    faults_open(&faults, FAULTS_MAX);
    ck_assert(!json_read(&sample_record, text, bytes, &arena, &sample, &faults));
    ck_assert_msg(faults.count == 1, "%zu faults, %s at %s: %s: %s", faults.count, code, pointer,
                  faults.items[1].pointer, text);
    ck_assert_str_eq(faults.items[0].code, code);
    ck_assert_str_eq(faults.items[0].pointer, pointer);
    arena_close(&arena);
    ++*count;
}

START_TEST(each_bad_input_has_its_fault_at_its_place)
{
    size_t count = 0;
    generate_bad_inputs(&sample_record, sample_good, check_bad_input, &count);
    ck_assert_uint_gt(count, 500);
}
END_TEST

static char *
write_text(const struct record *record, const void *in, enum json_order order)
{
    struct arena arena;
    struct text  text;

    arena_open(&arena, 1 << 20);
    text_open(&text, &arena, 0, 1 << 16);
    json_write(record, in, order, &text);
    ck_assert(!text.is_full);
    char *copy = strndup(text.bytes, text.count);
    arena_close(&arena);
    return copy;
}

/* Jansson sorts by bytes, which differs from RFC 8785 only where U+10000 and above meet U+E000..U+FFFF; those keys, the
 * groups', are taken out here and have a test of their own. */
START_TEST(canonical_text_is_that_of_an_independent_writer)
{
    struct arena  arena;
    struct faults faults;
    struct sample sample;
    json_t       *tree = json_loads(sample_good, JSON_REJECT_DUPLICATES, NULL);

    json_object_del(tree, "groups");
    char *input = json_dumps(tree, JSON_COMPACT);
    json_object_set_new(tree, "groups", json_object());
    char *wanted = json_dumps(tree, JSON_COMPACT | JSON_SORT_KEYS);
    arena_open(&arena, 1 << 20);
    ck_assert(read_text(input, strlen(input), &arena, &sample, &faults));
    char *canonical = write_text(&sample_record, &sample, JSON_CANONICAL);
    ck_assert_str_eq(canonical, wanted);
    free(canonical);
    free(wanted);
    free(input);
    json_decref(tree);
    arena_close(&arena);
}
END_TEST

START_TEST(what_is_written_is_read_as_the_same)
{
    struct arena  arena;
    struct faults faults;
    struct sample first, second;

    arena_open(&arena, 1 << 20);
    ck_assert(read_text(sample_good, strlen(sample_good), &arena, &first, &faults));
    for (int order = JSON_DECLARED; order <= JSON_CANONICAL; order++) {
        char *text = write_text(&sample_record, &first, (enum json_order)order);
        ck_assert(read_text(text, strlen(text), &arena, &second, &faults));
        char *again = write_text(&sample_record, &second, (enum json_order)order);
        ck_assert_str_eq(again, text);
        json_t *wanted = json_loads(sample_good, 0, NULL);
        json_t *found  = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        ck_assert(json_equal(wanted, found));
        json_decref(wanted);
        json_decref(found);
        free(again);
        free(text);
    }
    arena_close(&arena);
}
END_TEST

START_TEST(nothing_is_left_out_or_null_as_its_field_says)
{
    struct sample_point point = { DECIMAL_OF(1), DECIMAL_MICRO_OF(2500000) };
    struct sample_price price = { "a\"b", DECIMAL_OF(-1) };
    struct sample       sample = {
        .id = "i", .quantity = INTEGER_MAX, .retries = INTEGER_NONE, .rate = DECIMAL_OF(1), .fee = DECIMAL_NONE,
        .ratio = DECIMAL_NONE, .until = INSTANT_NONE, .made_at = 1999, .mode = CHOICE_NONE,
        .limits = { DECIMAL_NONE, DECIMAL_NONE, INTEGER_NONE, CHOICE_NONE }, .note = { "", false },
        .points = &point, .points_count = 1, .prices = &price, .prices_count = 1,
        .rule = { .rule = 0, .rate = DECIMAL_OF(0) },
    };
    char *text = write_text(&sample_record, &sample, JSON_DECLARED);
    ck_assert_str_eq(text, "{\"id\":\"i\",\"title\":null,\"quantity\":9007199254740991,\"rate\":\"1\","
                           "\"ratio\":null,\"urgent\":false,\"hidden\":false,"
                           "\"made_at\":\"1970-01-01T00:00:00.001Z\",\"side\":\"buy\",\"mode\":null,"
                           "\"limits\":{\"high\":null},\"note\":{\"text\":\"\",\"pinned\":false},"
                           "\"reply\":null,\"points\":[[\"1\",\"2.5\"]],\"prices\":{\"a\\\"b\":\"-1\"},"
                           "\"groups\":{},\"rule\":{\"rule\":\"by_rate\",\"rate\":\"0\"}}");
    free(text);
    text = write_text(&sample_record, &sample, JSON_CANONICAL);
    ck_assert_ptr_nonnull(strstr(text, "\"rule\":{\"rate\":\"0\",\"rule\":\"by_rate\"},\"side\""));
    free(text);
}
END_TEST

/* RFC 8785, 3.2.3: its example's keys in its order, and the corners of UTF-16. */
START_TEST(canonical_keys_are_sorted_by_utf16_units)
{
    static const char *const ordered[] = {
        "", "\r", "1", "11", "2", "~", "\xC2\x80", "\xC3\xB6", "\xE2\x82\xAC", "\xED\x9F\xBF", "\xF0\x90\x80\x80",
        "\xF0\x9F\x98\x82", "\xF4\x8F\xBF\xBF", "\xEE\x80\x80", "\xEF\xAC\xB3", "\xEF\xBF\xBD",
    };
    struct sample_group groups[COUNT_OF(ordered)];
    struct sample       sample = {
        .id = "i", .note = { "n", false }, .groups = groups, .groups_count = COUNT_OF(ordered),
        .ratio = DECIMAL_NONE, .mode = 0,
    };
    for (size_t turn = 0; turn < COUNT_OF(ordered); turn++) {
        for (size_t i = 0; i < COUNT_OF(ordered); i++)
            groups[i] = (struct sample_group){ .name = ordered[(i * 5 + turn) % COUNT_OF(ordered)] };
        char *text = write_text(&sample_record, &sample, JSON_CANONICAL);
        char *at   = strstr(text, "\"groups\":{");
        ck_assert_ptr_nonnull(at);
        at += strlen("\"groups\":{");
        for (size_t i = 0; i < COUNT_OF(ordered); i++) {
            char entry[32];
            const char *name = *ordered[i] == '\r' ? "\\r" : ordered[i];
            int count = snprintf(entry, sizeof entry, "%s\"%s\":[]", i ? "," : "", name);
            ck_assert_msg(!strncmp(at, entry, (size_t)count), "%s at %s", entry, at);
            at += count;
        }
        free(text);
    }
}
END_TEST

START_TEST(strings_have_the_shortest_escapes)
{
    char         all[0x80];
    struct arena arena;
    struct text  text;

    for (int byte = 1; byte < 0x80; byte++)
        all[byte - 1] = (char)byte;
    all[0x7F] = '\0';
    arena_open(&arena, 1 << 20);
    text_open(&text, &arena, 0, 1000);
    json_write_string(&text, all);
    json_write_string(&text, "\xC3\xA9\xF0\x9F\x98\x80");
    const char wanted[] =
        "\"\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e\\u000f\\u0010\\u0011"
        "\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a\\u001b\\u001c\\u001d\\u001e\\u001f"
        " !\\\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\\\]^_`"
        "abcdefghijklmnopqrstuvwxyz{|}~\x7F\"\"\xC3\xA9\xF0\x9F\x98\x80\"";
    ck_assert_uint_eq(text.count, sizeof wanted - 1);
    ck_assert(!memcmp(text.bytes, wanted, text.count));
    arena_close(&arena);
}
END_TEST

/* Every maximum below the text's length, and every memory below what it needs. */
START_TEST(a_text_that_does_not_fit_is_full)
{
    struct arena  arena, small;
    struct faults faults;
    struct sample sample;
    struct text   text;

    arena_open(&arena, 1 << 20);
    ck_assert(read_text(sample_good, strlen(sample_good), &arena, &sample, &faults));
    char  *whole = write_text(&sample_record, &sample, JSON_CANONICAL);
    size_t count = strlen(whole);
    for (size_t max = 0; max < 4 * count; max++) {
        arena_open(&small, 1 << 20);
        text_open(&text, &small, 16, max);
        json_write(&sample_record, &sample, JSON_CANONICAL, &text);
        ck_assert_int_eq(text.is_full, max < count);
        ck_assert_uint_le(text.count, max);
        arena_close(&small);
        arena_open(&small, max);
        text_open(&text, &small, 16, 1 << 16);
        json_write(&sample_record, &sample, JSON_CANONICAL, &text);
        ck_assert(text.is_full || text.count == count);
        arena_close(&small);
    }
    free(whole);
    arena_close(&arena);
}
END_TEST

static const struct field *
field_named(const char *name)
{
    for (size_t i = 0; i < sample_record.count; i++)
        if (!strcmp(sample_record.fields[i].name, name))
            return &sample_record.fields[i];
    return NULL;
}

/* Values as the environment gives them. */
static const struct { const char *field, *text, *code; } settings[] = {
    { "id", "a-1", NULL }, { "id", "", "out_of_bounds" }, { "id", "a b", "bad_text" },
    { "title", "\xC3\xA9", NULL }, { "title", "\xC3", "bad_text" },
    { "sha256", "", "bad_text" },
    { "quantity", "-60", NULL }, { "quantity", "9007199254740992", "out_of_bounds" },
    { "quantity", "99999999999999999999999999999999999999", "out_of_bounds" },
    { "quantity", "-9007199254740992", "out_of_bounds" }, { "quantity", "", "wrong_type" },
    { "quantity", "-", "wrong_type" }, { "quantity", "1.0", "wrong_type" },
    { "quantity", "01", "wrong_type" }, { "quantity", " 1", "wrong_type" },
    { "quantity", "1x", "wrong_type" }, { "retries", "11", "out_of_bounds" },
    { "rate", "0.5", NULL }, { "rate", "1e-1", "not_a_decimal" }, { "rate", "0", "out_of_bounds" },
    { "rate", "1.000000000000000001", "out_of_bounds" },
    { "fee", "0.0000000000000000001", "not_a_decimal" }, { "fee", "1e21", "not_a_decimal" },
    { "fee", "1000000000000000000000", "overflow" },
    { "urgent", "true", NULL }, { "urgent", "false", NULL }, { "urgent", "1", "wrong_type" },
    { "made_at", "2026-01-31T23:59:59Z", NULL }, { "made_at", "now", "not_an_instant" },
    { "mode", "very_fast", NULL }, { "mode", "very", "unknown_choice" }, { "mode", "", "unknown_choice" },
    { "points", "[]", "wrong_type" }, { "note", "{}", "wrong_type" }, { "prices", "{}", "wrong_type" },
};

START_TEST(a_setting_is_read_into_its_member)
{
    struct arena  arena;
    struct faults faults;
    struct sample sample = { 0 };
    char          pointer[32];

    arena_open(&arena, 1 << 20);
    faults_open(&faults, 1);
    bool is_read =
        field_read_text(field_named(settings[_i].field), settings[_i].text, &arena, &sample, &faults);
    ck_assert_msg(is_read == !settings[_i].code, "%s", settings[_i].text);
    if (settings[_i].code) {
        snprintf(pointer, sizeof pointer, "/%s", settings[_i].field);
        ck_assert_str_eq(faults.items[0].code, settings[_i].code);
        ck_assert_str_eq(faults.items[0].pointer, pointer);
    }
    arena_close(&arena);
}
END_TEST

START_TEST(a_detail_says_what_would_do)
{
    static const struct { const char *field, *text, *detail; } details[] = {
        { "rate", "0.1234567890123456789",
          "a decimal has at most 18 places after the point, written as a string like \"0.025\"" },
        { "rate", "2", "this decimal is at most 1" },
        { "rate", "-1", "this decimal is above 0" },
        { "retries", "11", "this integer is from 0 to 10" },
        { "mode", "x", "this is one of \"slow\", \"fast\" or \"very_fast\"" },
        { "made_at", "x", "a time is in UTC, written like \"2026-01-31T23:59:59.000Z\"" },
    };
    for (size_t i = 0; i < COUNT_OF(details); i++) {
        struct arena  arena;
        struct faults faults;
        struct sample sample;
        arena_open(&arena, 1 << 20);
        faults_open(&faults, 1);
        field_read_text(field_named(details[i].field), details[i].text, &arena, &sample, &faults);
        ck_assert_uint_eq(faults.count, 1);
        ck_assert_str_eq(faults.items[0].detail, details[i].detail);
        arena_close(&arena);
    }
}
END_TEST

START_TEST(faults_past_the_maximum_are_counted)
{
    struct faults faults;
    char          long_text[1000];

    memset(long_text, 'x', sizeof long_text);
    for (size_t i = 402; i + 3 <= 999; i += 3)
        memcpy(long_text + i, "\xE2\x82\xAC", 3);
    long_text[999] = '\0';
    faults_open(&faults, 2);
    fault_add(&faults, "/a", "overflow", "%s %d", "detail", 5);
    fault_add(&faults, long_text, "overflow", "%s%s", "ab", long_text + 402);
    fault_add(&faults, "/c", "overflow", "x");
    ck_assert_uint_eq(faults.count, 2);
    ck_assert_uint_eq(faults.missed, 1);
    ck_assert_str_eq(faults.items[0].pointer, "/a");
    ck_assert_str_eq(faults.items[0].detail, "detail 5");
    ck_assert_uint_eq(strlen(faults.items[1].pointer), 3 + 252);       /* "..." and whole characters */
    ck_assert_uint_eq(strlen(faults.items[1].detail), 2 + 156);        /* of at most 159 bytes */
    ck_assert_str_eq(faults.items[1].detail + 155, "\xE2\x82\xAC");
}
END_TEST

Suite *
json_suite(void)
{
    Suite *suite = suite_create("json");
    TCase *tests = tcase_create("json");

    tcase_add_loop_test(tests, a_text_gets_its_first_fault, 0, COUNT_OF(rows));
    tcase_add_test(tests, unknown_values_must_be_json);
    tcase_add_test(tests, nesting_has_a_limit);
    tcase_add_test(tests, records_nest_no_deeper_than_values);
    tcase_add_test(tests, siblings_are_not_depth);
    tcase_add_test(tests, escapes_are_the_characters_they_name);
    tcase_add_test(tests, every_kind_of_member_is_read);
    tcase_add_test(tests, members_that_are_left_out_take_their_initial_value);
    tcase_add_test(tests, with_more_than_one_fault_wanted_it_goes_on);
    tcase_add_test(tests, a_pointer_of_a_hostile_key_is_cut_between_characters);
    tcase_add_test(tests, an_object_of_any_members_stays_as_it_stands);
    tcase_add_test(tests, memory_that_fails_is_a_fault_and_no_crash);
    tcase_add_test(tests, canonical_text_is_that_of_an_independent_writer);
    tcase_add_test(tests, what_is_written_is_read_as_the_same);
    tcase_add_test(tests, nothing_is_left_out_or_null_as_its_field_says);
    tcase_add_test(tests, canonical_keys_are_sorted_by_utf16_units);
    tcase_add_test(tests, strings_have_the_shortest_escapes);
    tcase_add_test(tests, a_text_that_does_not_fit_is_full);
    tcase_add_loop_test(tests, a_setting_is_read_into_its_member, 0, COUNT_OF(settings));
    tcase_add_test(tests, a_detail_says_what_would_do);
    tcase_add_test(tests, faults_past_the_maximum_are_counted);
    tcase_add_test(tests, each_bad_input_has_its_fault_at_its_place);
    suite_add_tcase(suite, tests);
    return suite;
}
