/* openapi.yaml says what the code does: operations are routes, schemas are records, problems are
 * those of problem.def. */
#include <stdio.h>
#include <string.h>

#include "commands/commands.h"
#include "handlers/routes.h"
#include "server/document.h"
#include "tests/openapi.h"
#include "tests/schema.h"
#include "tests/suite.h"

/* Read once: the tests are forked from this process. What they make is kept until they end. */
static struct {
    json_t        *document, *kept;
    struct schemas schemas;
} contract;

static void
open_contract(void)
{
    char why[OPENAPI_WHY_MAX];

    contract.document = openapi_read("openapi.yaml", why);
    ck_assert_msg(contract.document != NULL, "openapi.yaml: %s", why);
    contract.kept          = json_array();
    contract.schemas.count = 0;
    schemas_add(&contract.schemas, &problem_document_record);
    for (const struct route *route = routes; route->path; route++) {
        if (route->body)
            schemas_add(&contract.schemas, route->body);
        if (route->answer)
            schemas_add(&contract.schemas, route->answer);
    }
}

static void
close_contract(void)
{
    json_decref(contract.document);
    json_decref(contract.kept);
}

static json_t *
keep(json_t *made)
{
    json_array_append_new(contract.kept, made);
    return made;
}

static size_t
routes_count(void)
{
    size_t count = 0;
    while (routes[count].path)
        count++;
    return count;
}

static const json_t *
find(const char *pointer)
{
    return openapi_find(contract.document, pointer);
}

static const json_t *
member(const json_t *object, const char *name)
{
    return openapi_resolve(contract.document, json_object_get(object, name));
}

static const char *
text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static const json_t *
operation_of(const struct route *route)
{
    char method[16];

    for (size_t i = 0; i < sizeof method; i++) {
        method[i] = route->method[i] >= 'A' && route->method[i] <= 'Z'
                        ? (char)(route->method[i] + ('a' - 'A'))
                        : route->method[i];
        if (!method[i])
            break;
    }
    return json_object_get(json_object_get(find("/paths"), route->path), method);
}

static void
assert_equal(const char *name, const json_t *actual, const json_t *expected)
{
    ck_assert_msg(json_equal(actual, expected), "%s\n  stands as %s\n  should be %s", name,
                  json_dumps(actual, JSON_ENCODE_ANY | JSON_SORT_KEYS),
                  json_dumps(expected, JSON_ENCODE_ANY | JSON_SORT_KEYS));
}

START_TEST(route_is_an_operation)
{
    const struct route *route = &routes[_i];
    const json_t       *operation = operation_of(route);

    ck_assert_msg(operation != NULL, "openapi.yaml has no %s %s", route->method, route->path);
    ck_assert_str_eq(text_of(operation, "operationId"), route->operation);
    ck_assert_msg(json_array_size(json_object_get(operation, "tags")) == 1, "%s: one tag",
                  route->operation);
}
END_TEST

START_TEST(operation_is_a_route)
{
    const char *path, *method;
    json_t     *item, *operation;
    size_t      count = 0;

    json_object_foreach((json_t *)find("/paths"), path, item)
        json_object_foreach(item, method, operation) {
            bool is_route = false;
            for (const struct route *route = routes; route->path; route++)
                is_route |= operation_of(route) == operation;
            ck_assert_msg(is_route, "no route is %s %s", method, path);
            count++;
        }
    ck_assert_uint_eq(count, routes_count());
}
END_TEST

/* The operation's parameter of this name and place; NULL: none. */
static const json_t *
parameter_of(const json_t *operation, const char *name, const char *in)
{
    const json_t *parameters = json_object_get(operation, "parameters");

    for (size_t i = 0; i < json_array_size(parameters); i++) {
        const json_t *parameter = openapi_resolve(contract.document, json_array_get(parameters, i));
        if (!strcmp(text_of(parameter, "name"), name) && !strcmp(text_of(parameter, "in"), in))
            return parameter;
    }
    return NULL;
}

static size_t
count_parameters(const json_t *operation, const char *in)
{
    const json_t *parameters = json_object_get(operation, "parameters");
    size_t        count = 0;

    for (size_t i = 0; i < json_array_size(parameters); i++)
        count += !strcmp(
            text_of(openapi_resolve(contract.document, json_array_get(parameters, i)), "in"), in);
    return count;
}

START_TEST(path_has_its_parameters)
{
    const struct route *route = &routes[_i];
    const json_t       *operation = operation_of(route);
    size_t              count = 0;

    for (const char *at = strchr(route->path, '{'); at; at = strchr(at + 1, '{'), count++) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(at + 1, "*}"), at + 1);
        const json_t *parameter = parameter_of(operation, name, "path");
        ck_assert_msg(parameter != NULL, "%s: no parameter %s", route->operation, name);
        ck_assert_msg(json_is_true(json_object_get(parameter, "required")), "%s: %s is required",
                      route->operation, name);
        ck_assert_msg(json_object_get(parameter, "example") != NULL, "%s: %s has no example",
                      route->operation, name);
    }
    ck_assert_msg(count_parameters(operation, "path") == count, "%s: %zu parameters in its path",
                  route->operation, count);
}
END_TEST

START_TEST(query_is_its_record)
{
    const struct route *route = &routes[_i];
    const json_t       *operation = operation_of(route);
    size_t              count = route->query ? route->query->count : 0;

    for (size_t i = 0; i < count; i++) {
        const struct field *field = &route->query->fields[i];
        const json_t       *parameter = parameter_of(operation, field->name, "query");
        ck_assert_msg(parameter != NULL, "%s: no parameter %s", route->operation, field->name);
        ck_assert_int_eq(json_is_true(json_object_get(parameter, "required")), !field->optional);
        ck_assert_msg(json_object_get(parameter, "example") != NULL, "%s: %s has no example",
                      route->operation, field->name);
        assert_equal(field->name,
                     keep(schema_actual(contract.document, &contract.schemas,
                                        json_object_get(parameter, "schema"))),
                     keep(schema_of_field(field)));
    }
    ck_assert_msg(count_parameters(operation, "query") == count, "%s: %zu parameters in its query",
                  route->operation, count);
}
END_TEST

START_TEST(post_takes_an_idempotency_key)
{
    const struct route *route = &routes[_i];
    const json_t       *parameter = parameter_of(operation_of(route), "Idempotency-Key", "header");

    ck_assert_msg((parameter != NULL) == !strcmp(route->method, "POST"), "%s", route->operation);
    ck_assert_int_eq(json_is_true(json_object_get(parameter, "required")),
                     route->idempotency_key_required);
}
END_TEST

static const json_t *
schema_in(const json_t *node, const char *media_type)
{
    return json_object_get(json_object_get(json_object_get(node, "content"), media_type), "schema");
}

static json_t *
reference_to(const char *record)
{
    char name[SCHEMA_NAME_MAX];
    schema_name(record, name);
    return keep(json_pack("{s: s+}", "$ref", "#/components/schemas/", name));
}

START_TEST(body_is_its_record)
{
    const struct route *route = &routes[_i];
    const json_t       *body = member(operation_of(route), "requestBody");

    ck_assert_msg((body != NULL) == (route->body != NULL), "%s", route->operation);
    if (!body)
        return;
    ck_assert(json_is_true(json_object_get(body, "required")));
    ck_assert_uint_eq(json_object_size(json_object_get(body, "content")), 1);
    assert_equal(route->operation, schema_in(body, "application/json"),
                 reference_to(route->body->name));
    ck_assert_msg(find("/components/schemas") && json_object_size(json_object_get(json_object_get(
                      json_object_get(body, "content"), "application/json"), "examples")) > 0,
                  "%s: no example", route->operation);
}
END_TEST

/* Stands it among the answers of other operations, as where one reads what any of them answered? */
static bool
is_one_of_answers(const json_t *schema, const json_t *wanted)
{
    const json_t *choices = json_object_get(schema, "oneOf");
    bool          is_there = false;

    for (size_t i = 0; i < json_array_size(choices); i++) {
        bool is_answer = false;
        for (const struct route *route = routes; route->path; route++)
            is_answer |= route->answer &&
                         json_equal(json_array_get(choices, i), reference_to(route->answer->name));
        if (!is_answer)
            return false;
        is_there |= json_equal(json_array_get(choices, i), wanted);
    }
    return is_there;
}

/* Other forms of an answer, for those who ask with Accept, carry their own text. */
static void
assert_others_are_text(const json_t *content, const char *media_type)
{
    const char *name;
    json_t     *media;

    json_object_foreach((json_t *)content, name, media)
        if (strcmp(name, media_type) != 0)
            ck_assert_str_eq(text_of(json_object_get(media, "schema"), "type"), "string");
}

START_TEST(answer_is_its_record)
{
    const struct route *route = &routes[_i];
    const char         *full = route->media_type ? route->media_type : "application/json";
    char                status[16], media_type[64];

    snprintf(status, sizeof status, "%u", route->status);
    snprintf(media_type, sizeof media_type, "%.*s", (int)strcspn(full, ";"), full);
    const json_t *response = member(json_object_get(operation_of(route), "responses"), status);
    const json_t *schema = schema_in(response, media_type);
    ck_assert_msg(schema != NULL, "%s: no answer %s of %s", route->operation, status, media_type);
    assert_others_are_text(json_object_get(response, "content"), media_type);
    if (!route->answer)
        ck_assert_str_eq(text_of(schema, "type"), "string");
    else if (!is_one_of_answers(schema, reference_to(route->answer->name)))
        assert_equal(route->operation, schema, reference_to(route->answer->name));
}
END_TEST

START_TEST(refusal_is_a_problem)
{
    const json_t *responses = json_object_get(operation_of(&routes[_i]), "responses");
    const char   *status;
    json_t       *node;

    json_object_foreach((json_t *)responses, status, node) {
        const json_t *response = openapi_resolve(contract.document, node);
        ck_assert_msg(response != NULL, "%s %s leads nowhere", routes[_i].operation, status);
        if (status[0] < '4')
            continue;
        ck_assert_uint_eq(json_object_size(json_object_get(response, "content")), 1);
        assert_equal(status, schema_in(response, "application/problem+json"),
                     reference_to("problem"));
    }
}
END_TEST

/* One requirement a role that will do; {} where a decision may be asked for without a key
 * (handlers/service.c). */
START_TEST(security_is_its_roles)
{
    const struct route *route = &routes[_i];
    json_t             *expected = keep(json_array());
    const json_t       *operation = operation_of(route);
    const json_t       *security = json_object_get(operation, "security");

    if (route->role != ROLE_ANYONE)
        json_array_append_new(expected, json_pack("{s: [s]}", "key", role_names[route->role]));
    if (route->or_role != ROLE_ANYONE)
        json_array_append_new(expected, json_pack("{s: [s]}", "key", role_names[route->or_role]));
    if (route->or_third_role != ROLE_ANYONE)
        json_array_append_new(expected,
                              json_pack("{s: [s]}", "key", role_names[route->or_third_role]));
    if (route->role == ROLE_PREVIEW)
        json_array_append_new(expected, json_object());
    assert_equal(route->operation, security, expected);
    ck_assert(find("/components/securitySchemes/key") != NULL);
}
END_TEST

START_TEST(schema_is_its_record)
{
    const struct schema *schema = &contract.schemas.items[_i];
    const json_t        *stands = json_object_get(find("/components/schemas"), schema->name);

    ck_assert_msg(stands != NULL, "no schema %s", schema->name);
    ck_assert_msg(text_of(stands, "description")[0], "%s: no description", schema->name);
    json_t     *actual = keep(schema_actual(contract.document, &contract.schemas, stands));
    json_t     *expected = keep(schema_expected(schema));
    json_t     *properties = json_object_get(expected, "properties");
    const char *name;
    json_t     *property;
    json_object_foreach(properties, name, property) {
        char place[2 * SCHEMA_NAME_MAX];
        snprintf(place, sizeof place, "%s.%s", schema->name, name);
        json_t *one = json_object_get(json_object_get(actual, "properties"), name);
        ck_assert_msg(one != NULL, "no member %s", place);
        assert_equal(place, one, property);
    }
    assert_equal(schema->name, actual, expected);
}
END_TEST

START_TEST(every_schema_is_a_record_or_known)
{
    static const char *const known[] = {
        "Decimal", "DecimalOrNull", "Name",    "NameOrNull",
        "Sha256",  "Sha256OrNull",  "Instant", "InstantOrNull", "Reason",
    };
    const char *name;
    json_t     *schema;

    json_object_foreach((json_t *)find("/components/schemas"), name, schema) {
        bool is_known = false;
        for (size_t i = 0; i < contract.schemas.count; i++)
            is_known |= !strcmp(contract.schemas.items[i].name, name);
        for (size_t i = 0; i < COUNT_OF(known); i++)
            is_known |= !strcmp(known[i], name);
        ck_assert_msg(is_known, "%s is no record's schema", name);
        ck_assert_msg(text_of(schema, "description")[0], "%s: no description", name);
    }
}
END_TEST

/* Of problem.def, in its order. */
START_TEST(problem_codes_are_those_of_the_code)
{
    json_t *expected = keep(json_array());

    for (int problem = PROBLEM_NONE + 1; problem < PROBLEM_COUNT; problem++) {
        char code[PROBLEM_CODE_MAX];
        problem_code((enum problem)problem, code);
        json_array_append_new(expected, json_string(code));
    }
    assert_equal("the enum of Problem.code",
                 find("/components/schemas/Problem/properties/code/enum"), expected);
}
END_TEST

/* Each response of a status shows each problem of it; what is answered before an operation is
 * found, and a failure of the service itself, are no operation's answers. */
START_TEST(problem_is_shown_by_an_example)
{
    const struct problem_info *info = problem_info((enum problem)_i);
    char                       code[PROBLEM_CODE_MAX], type[80];
    const char                *name;
    json_t                    *response;
    bool                       is_answered = false, is_shown = false;

    problem_code((enum problem)_i, code);
    snprintf(type, sizeof type, "/problems/%s", info->slug);
    json_object_foreach((json_t *)find("/components/responses"), name, response) {
        const json_t *examples = json_object_get(
            openapi_find(response, "/content/application~1problem+json"), "examples");
        const json_t *first = json_object_iter_value(json_object_iter((json_t *)examples));
        const json_t *example = openapi_find(json_object_get(examples, code), "/value");
        is_answered |= json_integer_value(openapi_find(first, "/value/status")) == info->status;
        is_shown |= example != NULL;
        if (!example)
            continue;
        ck_assert_str_eq(text_of(example, "code"), code);
        ck_assert_str_eq(text_of(example, "type"), type);
        ck_assert_str_eq(text_of(example, "title"), info->title);
        ck_assert_int_eq(json_integer_value(json_object_get(example, "status")), info->status);
    }
    bool is_of_no_operation = _i == PROBLEM_NO_SUCH_ROUTE;
    ck_assert_msg(is_shown == (is_answered && !is_of_no_operation), "%s: its example", code);
}
END_TEST

static void
validate(const char *name, const json_t *schema, const json_t *value)
{
    char why[OPENAPI_WHY_MAX];
    ck_assert_msg(openapi_validate(contract.document, schema, value, why), "%s: %s", name, why);
}

static void
validate_examples(const char *name, const json_t *content)
{
    const char *media_type, *key;
    json_t     *media, *one;

    json_object_foreach((json_t *)content, media_type, media) {
        const json_t *schema = json_object_get(media, "schema");
        if (json_object_get(media, "example"))
            validate(name, schema, json_object_get(media, "example"));
        json_object_foreach(json_object_get(media, "examples"), key, one) {
            char place[128];
            snprintf(place, sizeof place, "%s, example %s", name, key);
            validate(place, schema, member(openapi_resolve(contract.document, one), "value"));
        }
    }
}

START_TEST(examples_are_valid)
{
    const struct route *route = &routes[_i];
    const json_t       *operation = operation_of(route);
    const char         *status;
    json_t             *response;

    validate_examples(route->operation, member(member(operation, "requestBody"), "content"));
    json_object_foreach((json_t *)json_object_get(operation, "responses"), status, response)
        validate_examples(status, member(openapi_resolve(contract.document, response), "content"));
    for (size_t i = 0; i < json_array_size(json_object_get(operation, "parameters")); i++) {
        const json_t *parameter = openapi_resolve(
            contract.document, json_array_get(json_object_get(operation, "parameters"), i));
        if (json_object_get(parameter, "example"))
            validate(text_of(parameter, "name"), json_object_get(parameter, "schema"),
                     json_object_get(parameter, "example"));
    }
}
END_TEST

/* As wide as is comfortable to read, and the version of the program that carries it. */
START_TEST(document_is_of_this_version)
{
    ck_assert_str_eq(text_of(find("/info"), "version"), BREAKWATER_VERSION);
    ck_assert_str_eq(text_of(contract.document, "openapi"), "3.1.0");
}
END_TEST

START_TEST(lines_have_at_most_100_columns)
{
    char   line[1024];
    FILE  *file = fopen("openapi.yaml", "r");
    size_t number = 0;

    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file)) {
        number++;
        ck_assert_msg(strcspn(line, "\n") <= 100, "line %zu has %zu columns", number,
                      strcspn(line, "\n"));
    }
    fclose(file);
}
END_TEST

/* How many schemas there will be, before the fixture has run. */
static int
count_schemas(void)
{
    struct schemas schemas = { .count = 0 };

    schemas_add(&schemas, &problem_document_record);
    for (const struct route *route = routes; route->path; route++) {
        if (route->body)
            schemas_add(&schemas, route->body);
        if (route->answer)
            schemas_add(&schemas, route->answer);
    }
    return (int)schemas.count;
}

static TCase *
add_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);

    tcase_add_unchecked_fixture(tcase, open_contract, close_contract);
    suite_add_tcase(suite, tcase);
    return tcase;
}

Suite *
contract_suite(void)
{
    Suite *suite = suite_create("contract");
    TCase *operations = add_case(suite, "operations");
    TCase *schemas = add_case(suite, "schemas");
    TCase *problems = add_case(suite, "problems");
    TCase *text = add_case(suite, "text");
    int    count = (int)routes_count();

    tcase_add_loop_test(operations, route_is_an_operation, 0, count);
    tcase_add_test(operations, operation_is_a_route);
    tcase_add_loop_test(operations, path_has_its_parameters, 0, count);
    tcase_add_loop_test(operations, query_is_its_record, 0, count);
    tcase_add_loop_test(operations, post_takes_an_idempotency_key, 0, count);
    tcase_add_loop_test(operations, body_is_its_record, 0, count);
    tcase_add_loop_test(operations, answer_is_its_record, 0, count);
    tcase_add_loop_test(operations, refusal_is_a_problem, 0, count);
    tcase_add_loop_test(operations, security_is_its_roles, 0, count);
    tcase_add_loop_test(operations, examples_are_valid, 0, count);
    tcase_add_loop_test(schemas, schema_is_its_record, 0, count_schemas());
    tcase_add_test(schemas, every_schema_is_a_record_or_known);
    tcase_add_test(problems, problem_codes_are_those_of_the_code);
    tcase_add_loop_test(problems, problem_is_shown_by_an_example, PROBLEM_NONE + 1, PROBLEM_COUNT);
    tcase_add_test(text, document_is_of_this_version);
    tcase_add_test(text, lines_have_at_most_100_columns);
    return suite;
}
