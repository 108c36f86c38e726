/* The second reader: Jansson's tree against a record, by regular expressions, timegm and GMP. */
#include "tests/judge.h"

#include <assert.h>
#include <gmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TEXT_MAX = 8192 };

static bool judge_field(const struct judge *judge, const struct field *field, const json_t *json, const char *in);

static void
compile(regex_t *regex, const char *pattern, int flags)
{
    int failed = regcomp(regex, pattern, REG_EXTENDED | flags);
    assert(!failed);
}

void
judge_open(struct judge *judge)
{
    compile(&judge->decimal, "^-?(0|[1-9][0-9]*)(\\.[0-9]{1,18})?$", REG_NOSUB);
    compile(&judge->name, "^[A-Za-z0-9._:-]*$", REG_NOSUB);
    compile(&judge->sha256, "^[0-9a-f]{64}$", REG_NOSUB);
    compile(&judge->instant,
            "^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(\\.[0-9]{1,6})?Z$", 0);
}

void
judge_close(struct judge *judge)
{
    regfree(&judge->decimal);
    regfree(&judge->name);
    regfree(&judge->sha256);
    regfree(&judge->instant);
}

/* NULL: no string, or one with a NUL, which no record holds. */
static const char *
text_of(const json_t *json)
{
    const char *text = json_string_value(json);
    return text && strlen(text) == json_string_length(json) ? text : NULL;
}

static bool
matches(const regex_t *pattern, const char *text)
{
    return regexec(pattern, text, 0, NULL, 0) == 0;
}

static bool
judge_text(const struct judge *judge, const struct field *field, const json_t *json, const char *member)
{
    const char *text  = text_of(json);
    int64_t     bytes = (int64_t)json_string_length(json);

    if (!text || (field->form == TEXT_NAME && !matches(&judge->name, text)))
        return false;
    if (field->form == TEXT_SHA256 ? !matches(&judge->sha256, text) : bytes < field->min || bytes > field->max)
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
    int status = mpz_set_str(units, digits, 10);
    assert(status == 0);
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
judge_decimal(const struct judge *judge, const struct field *field, const json_t *json, const char *member)
{
    char        digits[32];
    const char *text    = text_of(json);
    int64_t     integer = json_integer_value(json);
    mpz_t       units;

    if (json_is_integer(json)) {
        snprintf(digits, sizeof digits, "%lld", (long long)integer);
        text = digits;
        if (integer > INTEGER_MAX || integer < -INTEGER_MAX)
            return false;
    }
    if (!text || !matches(&judge->decimal, text))
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
judge_instant(const struct judge *judge, const json_t *json, const char *member)
{
    const char *text = text_of(json);
    regmatch_t  part[8];
    char        fraction[8] = "000000";

    if (!text || regexec(&judge->instant, text, 8, part, 0) != 0)
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
    const char *text = text_of(json);
    for (int i = 0; text && field->choices[i]; i++)
        if (!strcmp(field->choices[i], text))
            return !member || *(const int *)member == i;
    return false;
}

static bool
judge_list(const struct judge *judge, const struct field *field, const json_t *json, const char *in)
{
    int64_t     count = (int64_t)json_array_size(json);
    const char *items = in ? *(const char *const *)(in + field->offset) : NULL;

    if (!json_is_array(json) || count < field->min || count > field->max)
        return false;
    if (in && (int64_t)*(const size_t *)(in + field->count_offset) != count)
        return false;
    for (int64_t i = 0; i < count; i++)
        if (!judge_record(judge, field->items, json_array_get(json, (size_t)i),
                          items ? items + (size_t)i * field->items->size : NULL))
            return false;
    return true;
}

static bool
judge_key(const struct judge *judge, const struct field *field, const char *key, const char *item)
{
    size_t bytes = strlen(key);
    if (bytes < 1 || bytes > KEY_BYTES_MAX || (field->form == TEXT_NAME && !matches(&judge->name, key)))
        return false;
    return !item || !strcmp(key, *(const char *const *)(item + field->key_offset));
}

/* Jansson keeps the members of an object in the order of the text. */
static bool
judge_map(const struct judge *judge, const struct field *field, const json_t *json, const char *in)
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
        if (!judge_key(judge, field, key, item) || !judge_record(judge, field->items, value, item))
            return false;
        item = item ? item + field->items->size : NULL;
    }
    return true;
}

/* A member that is left out or null: what the struct must hold. */
static bool
judge_nothing(const struct judge *judge, const struct field *field, const char *in)
{
    if (field->kind == FIELD_RECORD && !field->pointer) {
        json_t *empty   = json_object();
        bool    is_good = judge_record(judge, field->items, empty, in ? in + field->offset : NULL);
        json_decref(empty);
        return is_good;
    }
    if (!in)
        return true;
    if (field->initial) {
        json_t *given = field->kind == FIELD_INTEGER ? json_integer(strtol(field->initial, NULL, 10))
                        : field->kind == FIELD_FLAG  ? json_boolean(!strcmp(field->initial, "true"))
                                                     : json_string(field->initial);
        bool is_good = judge_field(judge, field, given, in);
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
judge_field(const struct judge *judge, const struct field *field, const json_t *json, const char *in)
{
    const char *member = in ? in + field->offset : NULL;

    if (json_is_null(json))
        return (field->optional || field->nullable) && judge_nothing(judge, field, in);
    switch (field->kind) {
    case FIELD_TEXT:
        return judge_text(judge, field, json, member);
    case FIELD_INTEGER:
        return judge_integer(field, json, member);
    case FIELD_DECIMAL:
        return judge_decimal(judge, field, json, member);
    case FIELD_FLAG:
        return json_is_boolean(json) && (!member || *(const bool *)member == json_is_true(json));
    case FIELD_INSTANT:
        return judge_instant(judge, json, member);
    case FIELD_CHOICE:
        return judge_choice(field, json, member);
    case FIELD_RECORD:
        return judge_record(judge, field->items, json,
                            member && field->pointer ? *(const char *const *)member : member);
    case FIELD_LIST:
        return judge_list(judge, field, json, in);
    case FIELD_MAP:
        return judge_map(judge, field, json, in);
    case FIELD_OBJECT:
        return json_is_object(json) && (!member || *(const char *const *)member);
    }
    return false;
}

static bool
judge_members(const struct judge *judge, const struct record *record, const json_t *json, size_t others,
              const char *in)
{
    size_t seen = others;
    for (size_t i = 0; i < record->count; i++) {
        const struct field *field = &record->fields[i];
        const json_t       *value = json_object_get(json, field->name);
        seen += value != NULL;
        if (value ? !judge_field(judge, field, value, in) : !field->optional || !judge_nothing(judge, field, in))
            return false;
    }
    return seen == json_object_size(json);
}

static bool
judge_variant(const struct judge *judge, const struct record *record, const json_t *json, const char *in)
{
    const char *tag = text_of(json_object_get(json, record->tag));
    for (size_t i = 0; tag && i < record->cases_count; i++)
        if (!strcmp(record->cases[i].name, tag))
            return (!in || *(const int *)(in + record->tag_offset) == (int)i) &&
                   judge_members(judge, record->cases[i].record, json, 1, in);
    return false;
}

static bool
judge_tuple(const struct judge *judge, const struct record *record, const json_t *json, const char *in)
{
    if (!json_is_array(json) || json_array_size(json) != record->count)
        return false;
    for (size_t i = 0; i < record->count; i++)
        if (!judge_field(judge, &record->fields[i], json_array_get(json, i), in))
            return false;
    return true;
}

bool
judge_record(const struct judge *judge, const struct record *record, const json_t *json, const char *in)
{
    if (record->bare)
        return judge_field(judge, &record->fields[0], json, in);
    if (record->tuple)
        return judge_tuple(judge, record, json, in);
    if (!json_is_object(json))
        return false;
    return record->tag ? judge_variant(judge, record, json, in) : judge_members(judge, record, json, 0, in);
}
