/* Texts to numbers, times and choices, within the bounds of their field;
 * each refusal says what would do. */
#include "record/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "record/instant.h"
#include "record/json.h"
#include "record/scan.h"

enum { SHA256_HEX_BYTES = 64, INTEGER_DIGITS_MAX = 16 };      /* 2^53 - 1 has 16 digits */

/* What a value is read for. */
struct target {
    const struct field *field;
    struct arena       *arena;
    char               *out, *member;
    const struct place *place;
    struct faults      *faults;
};

static bool
is_name_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
           (byte >= 'A' && byte <= 'Z') || byte == '.' || byte == '_' || byte == ':' || byte == '-';
}

static bool
is_name(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (!is_name_byte(text[i]))
            return false;
    return true;
}

static bool
is_sha256(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (!(text[i] >= '0' && text[i] <= '9') && !(text[i] >= 'a' && text[i] <= 'f'))
            return false;
    return bytes == SHA256_HEX_BYTES;
}

static bool
is_utf8_without_nul(const char *text, size_t bytes)
{
    const char *end = text + bytes;
    for (size_t count; text < end; text += count) {
        count = utf8_character(text, end);
        if (count == 0 || *text == '\0')
            return false;
    }
    return true;
}

bool
text_has_form(enum text_form form, const char *text, size_t bytes)
{
    switch (form) {
    case TEXT_NAME:
        return is_name(text, bytes);
    case TEXT_SHA256:
        return is_sha256(text, bytes);
    case TEXT_ANY:
        return is_utf8_without_nul(text, bytes);
    }
    return false;
}

static bool
read_text(const struct target *target, const char *text, size_t bytes)
{
    static const char *const forms[] = {
        [TEXT_NAME]   = "a name is made of the characters A-Z a-z 0-9 . _ : -",
        [TEXT_SHA256] = "a SHA-256 is 64 digits, each of 0-9 and a-f",
        [TEXT_ANY]    = "a text is UTF-8 and has no NUL character",
    };
    const struct field *field = target->field;

    if (!text_has_form(field->form, text, bytes)) {
        fault_add_at(target->faults, target->place, "bad_text", "%s", forms[field->form]);
        return false;
    }
    if (field->form != TEXT_SHA256 &&
        ((int64_t)bytes < field->min || (int64_t)bytes > field->max)) {
        fault_add_at(target->faults, target->place, "out_of_bounds",
                     "this text has %" PRId64 " to %" PRId64 " bytes of UTF-8; it was given %zu",
                     field->min, field->max, bytes);
        return false;
    }
    const char *copy = arena_copy(target->arena, text, bytes);
    if (!copy) {
        fault_add_at(target->faults, target->place, "out_of_memory",
                     "the request needs more memory than it may have; send less");
        return false;
    }
    memcpy(target->member, &copy, sizeof copy);
    return true;
}

bool
integer_parse(const char *text, size_t bytes, int64_t *out)
{
    bool        is_negative = bytes > 0 && text[0] == '-';
    const char *digits      = text + is_negative;
    size_t      count       = bytes - is_negative;
    int64_t     magnitude   = 0;

    if (count == 0 || (count > 1 && digits[0] == '0'))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return false;
        magnitude = i < INTEGER_DIGITS_MAX ? magnitude * 10 + (digits[i] - '0') : INT64_MAX;
    }
    *out = is_negative ? -magnitude : magnitude;
    return true;
}

static bool
read_integer(const struct target *target, const char *text, size_t bytes)
{
    const struct field *field = target->field;
    int64_t             integer;

    if (!integer_parse(text, bytes, &integer)) {
        fault_add_at(target->faults, target->place, "wrong_type",
                     "an integer has digits only, such as 60, without a fraction or an exponent");
        return false;
    }
    if (integer < -INTEGER_MAX || integer > INTEGER_MAX || integer < field->min ||
        integer > field->max) {
        fault_add_at(target->faults, target->place, "out_of_bounds",
                     "this integer is from %" PRId64 " to %" PRId64, field->min, field->max);
        return false;
    }
    memcpy(target->member, &integer, sizeof integer);
    return true;
}

static bool
refuse_decimal_text(const struct target *target, enum decimal_fault fault)
{
    switch (fault) {
    case DECIMAL_GOOD:
        return true;
    case DECIMAL_MALFORMED:
        fault_add_at(target->faults, target->place, "not_a_decimal",
                     "a decimal is written as a string like \"-12.5\": digits and one point, "
                     "no exponent, no leading zero");
        return false;
    case DECIMAL_TOO_PRECISE:
        fault_add_at(target->faults, target->place, "not_a_decimal",
                     "a decimal has at most 18 places after the point, "
                     "written as a string like \"0.025\"");
        return false;
    case DECIMAL_OVERFLOWS:
        fault_add_at(target->faults, target->place, "overflow",
                     "a decimal is at most 1.7e20 either way; count larger amounts in larger lots");
        return false;
    }
    return false;
}

static bool
refuse_bound(const struct place *place, struct faults *faults, const char *relation,
             const struct decimal *bound)
{
    char text[DECIMAL_TEXT_MAX];
    decimal_format(*bound, text);
    fault_add_at(faults, place, "out_of_bounds", "this decimal is %s %s", relation, text);
    return false;
}

bool
value_put_decimal(const struct field *field, struct decimal value, void *out,
                  const struct place *place, struct faults *faults)
{
    if (field->at_least && decimal_compare(value, *field->at_least) < 0)
        return refuse_bound(place, faults, "at least", field->at_least);
    if (field->above && decimal_compare(value, *field->above) <= 0)
        return refuse_bound(place, faults, "above", field->above);
    if (field->at_most && decimal_compare(value, *field->at_most) > 0)
        return refuse_bound(place, faults, "at most", field->at_most);
    memcpy((char *)out + field->offset, &value, sizeof value);
    return true;
}

static bool
read_decimal(const struct target *target, const char *text, size_t bytes)
{
    struct decimal     value;
    enum decimal_fault fault = decimal_parse(text, bytes, &value);

    if (fault != DECIMAL_GOOD)
        return refuse_decimal_text(target, fault);
    return value_put_decimal(target->field, value, target->out, target->place, target->faults);
}

static bool
read_flag(const struct target *target, const char *text, size_t bytes)
{
    bool is_true = bytes == 4 && !memcmp(text, "true", 4);

    if (!is_true && !(bytes == 5 && !memcmp(text, "false", 5))) {
        fault_add_at(target->faults, target->place, "wrong_type", "this is true or false");
        return false;
    }
    memcpy(target->member, &is_true, sizeof is_true);
    return true;
}

static bool
read_instant(const struct target *target, const char *text, size_t bytes)
{
    int64_t instant_us;

    if (!instant_parse(text, bytes, &instant_us)) {
        fault_add_at(target->faults, target->place, "not_an_instant",
                     "a time is in UTC, written like \"2026-01-31T23:59:59.000Z\"");
        return false;
    }
    memcpy(target->member, &instant_us, sizeof instant_us);
    return true;
}

void
choices_format(const char *const *choices, char text[static FAULT_DETAIL_MAX])
{
    size_t count = (size_t)snprintf(text, FAULT_DETAIL_MAX, "this is one of ");
    for (size_t i = 0; choices[i] && count < FAULT_DETAIL_MAX; i++) {
        const char *between = i == 0 ? "" : choices[i + 1] ? ", " : " or ";
        count += (size_t)snprintf(text + count, FAULT_DETAIL_MAX - count, "%s\"%s\"", between,
                                  choices[i]);
    }
}

static bool
read_choice(const struct target *target, const char *text, size_t bytes)
{
    const char *const *choices = target->field->choices;
    char               detail[FAULT_DETAIL_MAX];

    for (int i = 0; choices[i]; i++)
        if (strlen(choices[i]) == bytes && !memcmp(choices[i], text, bytes)) {
            memcpy(target->member, &i, sizeof i);
            return true;
        }
    choices_format(choices, detail);
    fault_add_at(target->faults, target->place, "unknown_choice", "%s", detail);
    return false;
}

bool
value_read(const struct field *field, const char *text, size_t bytes, struct arena *arena,
           void *out, const struct place *place, struct faults *faults)
{
    const struct target target = { field, arena, out, (char *)out + field->offset, place, faults };

    switch (field->kind) {
    case FIELD_TEXT:
        return read_text(&target, text, bytes);
    case FIELD_INTEGER:
        return read_integer(&target, text, bytes);
    case FIELD_DECIMAL:
        return read_decimal(&target, text, bytes);
    case FIELD_FLAG:
        return read_flag(&target, text, bytes);
    case FIELD_INSTANT:
        return read_instant(&target, text, bytes);
    case FIELD_CHOICE:
        return read_choice(&target, text, bytes);
    case FIELD_RECORD:
    case FIELD_LIST:
    case FIELD_MAP:
    case FIELD_OBJECT:
        break;
    }
    fault_add_at(faults, place, "wrong_type", "this is not one value that a text can say");
    return false;
}

bool
value_leave_out(const struct field *field, struct arena *arena, void *out,
                const struct place *place, struct faults *faults)
{
    char *member = (char *)out + field->offset;

    if (field->initial)
        return value_read(field, field->initial, strlen(field->initial), arena, out, place, faults);
    switch (field->kind) {
    case FIELD_DECIMAL:
        memcpy(member, &DECIMAL_NONE, sizeof(struct decimal));
        break;
    case FIELD_INTEGER:
        memcpy(member, &(int64_t){ INTEGER_NONE }, sizeof(int64_t));
        break;
    case FIELD_INSTANT:
        memcpy(member, &(int64_t){ INSTANT_NONE }, sizeof(int64_t));
        break;
    case FIELD_CHOICE:
        memcpy(member, &(int){ CHOICE_NONE }, sizeof(int));
        break;
    case FIELD_TEXT:
    case FIELD_FLAG:
    case FIELD_RECORD:
    case FIELD_LIST:
    case FIELD_MAP:
    case FIELD_OBJECT:
        break;                         /* their zero: NULL, false, nothing */
    }
    return true;
}

bool
field_read_text(const struct field *field, const char *text, struct arena *arena, void *out,
                struct faults *faults)
{
    const struct place place = { .name = field->name, .count = strlen(field->name) };

    return value_read(field, text, strlen(text), arena, out, &place, faults);
}
