/* The reader of YAML and the validator: what they take, and what they refuse. */
#include "tests/openapi.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "record/record.h"
#include "tests/suite.h"

/* expect: canonical JSON; NULL: refused. */
static const struct { const char *yaml, *expect; } texts[] = {
    { "a: 1", "{\"a\":1}" },
    { "a: -17\nb: 007", "{\"a\":-17,\"b\":7}" },
    { "a: '1'\nb: \"2\"", "{\"a\":\"1\",\"b\":\"2\"}" },
    { "a: 3.1.0\nb: 0.2.0", "{\"a\":\"3.1.0\",\"b\":\"0.2.0\"}" },
    { "a: true\nb: false\nc: null\nd:\ne: ~",
      "{\"a\":true,\"b\":false,\"c\":null,\"d\":null,\"e\":null}" },
    { "a: 'null'\nb: yes\nc: off", "{\"a\":\"null\",\"b\":\"yes\",\"c\":\"off\"}" },
    { "a: -x\nb: 2026-01-01T00:00:00Z", "{\"a\":\"-x\",\"b\":\"2026-01-01T00:00:00Z\"}" },
    { "a: [x, {b: c}, []]", "{\"a\":[\"x\",{\"b\":\"c\"},[]]}" },
    { "a: |\n  one\n  two\n", "{\"a\":\"one\\ntwo\\n\"}" },
    { "[1, 2]", "[1,2]" },
    { "a: 1.5", NULL },
    { "a: -0.5", NULL },
    { "a: 1\na: 2", NULL },
    { "a: &x 1\nb: *x", NULL },
    { "a: &x [1]\nb: *x", NULL },
    { "a: !!str 1", NULL },
    { "? [1]\n: 2", NULL },
    { "a: [1", NULL },
    { "", NULL },
};

START_TEST(yaml_is_read_as_json)
{
    char  path[] = "/tmp/bw-openapi-XXXXXX";
    char  why[OPENAPI_WHY_MAX];
    int   fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");

    fputs(texts[_i].yaml, file);
    fclose(file);
    json_t *document = openapi_read(path, why);
    unlink(path);
    if (!texts[_i].expect) {
        ck_assert_ptr_null(document);
        return;
    }
    ck_assert_msg(document != NULL, "%s", why);
    json_t *expected = json_loads(texts[_i].expect, 0, NULL);
    ck_assert_msg(json_equal(document, expected), "%s", texts[_i].yaml);
    json_decref(expected);
    json_decref(document);
}
END_TEST

#define DEFINITIONS \
    "{\"d\":{\"a/b\":{\"type\":\"string\"},\"loop\":{\"$ref\":\"#/d/loop\"}," \
    "\"twice\":{\"$ref\":\"#/d/a~1b\"}}}"

static const struct { const char *schema; const char *value; bool is_valid; } cases[] = {
    { "{}", "1", true },
    { "{\"type\":\"string\"}", "\"x\"", true },
    { "{\"type\":\"string\"}", "1", false },
    { "{\"type\":\"integer\"}", "1", true },
    { "{\"type\":\"integer\"}", "1.0", false },
    { "{\"type\":\"boolean\"}", "false", true },
    { "{\"type\":\"boolean\"}", "0", false },
    { "{\"type\":\"number\"}", "1", false },
    { "{\"type\":[\"string\",\"null\"]}", "null", true },
    { "{\"type\":[\"string\",\"null\"]}", "false", false },
    { "{\"enum\":[\"a\",null]}", "null", true },
    { "{\"enum\":[\"a\",null]}", "\"b\"", false },
    { "{\"const\":\"a\"}", "\"a\"", true },
    { "{\"const\":\"a\"}", "\"A\"", false },
    { "{\"required\":[\"a\"]}", "{\"a\":null}", true },
    { "{\"required\":[\"a\"]}", "{\"b\":1}", false },
    { "{\"required\":[\"a\"]}", "[]", true },
    { "{\"properties\":{\"a\":{\"type\":\"string\"}}}", "{\"a\":\"x\",\"b\":1}", true },
    { "{\"properties\":{\"a\":{\"type\":\"string\"}}}", "{\"a\":1}", false },
    { "{\"properties\":{\"a\":{}},\"additionalProperties\":false}", "{\"a\":1}", true },
    { "{\"properties\":{\"a\":{}},\"additionalProperties\":false}", "{\"b\":1}", false },
    { "{\"additionalProperties\":{\"type\":\"string\"}}", "{\"b\":1}", false },
    { "{\"additionalProperties\":{\"type\":\"string\"}}", "{\"b\":\"1\"}", true },
    { "{\"propertyNames\":{\"pattern\":\"^[a-z]$\"}}", "{\"b\":1}", true },
    { "{\"propertyNames\":{\"pattern\":\"^[a-z]$\"}}", "{\"B\":1}", false },
    { "{\"items\":{\"type\":\"string\"}}", "[\"a\",\"b\"]", true },
    { "{\"items\":{\"type\":\"string\"}}", "[\"a\",1]", false },
    { "{\"prefixItems\":[{\"type\":\"string\"}]}", "[\"a\",1]", true },
    { "{\"prefixItems\":[{\"type\":\"string\"}]}", "[1]", false },
    { "{\"prefixItems\":[{}],\"items\":{\"type\":\"string\"}}", "[1,\"a\"]", true },
    { "{\"prefixItems\":[{}],\"items\":{\"type\":\"string\"}}", "[1,2]", false },
    { "{\"oneOf\":[{\"type\":\"string\"},{\"type\":\"integer\"}]}", "1", true },
    { "{\"oneOf\":[{\"type\":\"string\"},{\"type\":\"integer\"}]}", "null", false },
    { "{\"oneOf\":[{\"type\":\"string\"},{\"const\":\"a\"}]}", "\"a\"", false },
    { "{\"anyOf\":[{\"type\":\"string\"},{\"const\":\"a\"}]}", "\"a\"", true },
    { "{\"anyOf\":[{\"type\":\"string\"},{\"const\":\"a\"}]}", "1", false },
    { "{\"minimum\":2,\"maximum\":3}", "2", true },
    { "{\"minimum\":2,\"maximum\":3}", "1", false },
    { "{\"minimum\":2,\"maximum\":3}", "4", false },
    { "{\"minLength\":2,\"maxLength\":2}", "\"\xC3\xA9\xC3\xA9\"", true },
    { "{\"minLength\":2}", "\"\xC3\xA9\"", false },
    { "{\"maxLength\":1}", "\"ab\"", false },
    { "{\"minItems\":1,\"maxItems\":2}", "[1]", true },
    { "{\"minItems\":1}", "[]", false },
    { "{\"maxItems\":1}", "[1,2]", false },
    { "{\"minProperties\":1}", "{}", false },
    { "{\"maxProperties\":1}", "{\"a\":1,\"b\":2}", false },
    { "{\"pattern\":\"^-?(0|[1-9][0-9]*)$\"}", "\"-10\"", true },
    { "{\"pattern\":\"^-?(0|[1-9][0-9]*)$\"}", "\"01\"", false },
    { "{\"pattern\":\"[\"}", "\"x\"", false },
    { "{\"x-above\":\"0\"}", "\"0.000000000000000001\"", true },
    { "{\"x-above\":\"0\"}", "\"0\"", false },
    { "{\"x-at-least\":\"0.5\"}", "\"0.5\"", true },
    { "{\"x-at-least\":\"0.5\"}", "\"0.499999999999999999\"", false },
    { "{\"x-at-most\":\"10\"}", "\"10\"", true },
    { "{\"x-at-most\":\"10\"}", "\"10.1\"", false },
    { "{\"$ref\":\"#/d/a~1b\"}", "\"x\"", true },
    { "{\"$ref\":\"#/d/a~1b\"}", "1", false },
    { "{\"$ref\":\"#/d/twice\"}", "1", false },
    { "{\"$ref\":\"#/d/a~1b\",\"maxLength\":1}", "\"xy\"", false },
    { "{\"$ref\":\"#/d/none\"}", "\"x\"", false },
    { "{\"$ref\":\"#/d/loop\"}", "\"x\"", false },
    { "{\"description\":\"x\",\"default\":1}", "2", true },
    { "{\"multipleOf\":2}", "2", false },
    { "true", "2", false },
};

START_TEST(schema_holds)
{
    json_t *document = json_loads(DEFINITIONS, 0, NULL);
    json_t *schema = json_loads(cases[_i].schema, JSON_DECODE_ANY, NULL);
    json_t *value = json_loads(cases[_i].value, JSON_DECODE_ANY, NULL);
    char    why[OPENAPI_WHY_MAX] = "";

    ck_assert_ptr_nonnull(schema);
    ck_assert_ptr_nonnull(value);
    bool is_valid = openapi_validate(document, schema, value, why);
    ck_assert_msg(is_valid == cases[_i].is_valid, "%s of %s: %s", cases[_i].value,
                  cases[_i].schema, why);
    ck_assert(is_valid || why[0]);
    json_decref(document);
    json_decref(schema);
    json_decref(value);
}
END_TEST

START_TEST(fault_says_where)
{
    static const char text[] = "{\"properties\":{\"a\":{\"items\":{\"required\":[\"b\"]}}}}";
    json_t *schema = json_loads(text, 0, NULL);
    json_t *value = json_loads("{\"a\":[{\"b\":1},{}]}", 0, NULL);
    char    why[OPENAPI_WHY_MAX];

    ck_assert(!openapi_validate(NULL, schema, value, why));
    ck_assert_str_eq(why, "/a/1: b is missing");
    json_decref(schema);
    json_decref(value);
}
END_TEST

Suite *
openapi_suite(void)
{
    Suite *suite = suite_create("openapi");
    TCase *tcase = tcase_create("openapi");

    tcase_add_loop_test(tcase, yaml_is_read_as_json, 0, COUNT_OF(texts));
    tcase_add_loop_test(tcase, schema_holds, 0, COUNT_OF(cases));
    tcase_add_test(tcase, fault_says_where);
    suite_add_tcase(suite, tcase);
    return suite;
}
