/* A record describes a C struct once; JSON, SQL rows, settings, openapi.yaml and the
 * tests' bad inputs are read from it. */
#ifndef RECORD_RECORD_H
#define RECORD_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/decimal.h"

enum field_kind {
    FIELD_TEXT,       /* const char *            a JSON string */
    FIELD_INTEGER,    /* int64_t                 a JSON integer within +-(2^53-1) */
    FIELD_DECIMAL,    /* struct decimal          a decimal string, or such an integer */
    FIELD_FLAG,       /* bool                    true or false */
    FIELD_INSTANT,    /* int64_t microseconds    "2026-01-31T23:59:59.000Z" (fraction optional) */
    FIELD_CHOICE,     /* int, index in choices   one of some strings */
    FIELD_RECORD,     /* struct x, struct x *    an object; items may be a variant */
    FIELD_LIST,       /* struct x *, size_t      an array of items */
    FIELD_MAP,        /* struct x *, size_t      an object; an item's key is a text of struct x */
    FIELD_OBJECT,     /* const char *            an object of any members, as its JSON stands */
};

/* What a text may hold. Names are contract.md's: [A-Za-z0-9._:-]. */
enum text_form { TEXT_NAME, TEXT_ANY, TEXT_SHA256 };

/* What an optional member without `initial` holds when it is left out: these,
 * DECIMAL_NONE, INSTANT_NONE, NULL, false. */
#define INTEGER_NONE INT64_MIN
#define CHOICE_NONE  (-1)

/* 2^53 - 1, RFC 7493: what every JSON reader keeps exactly. */
#define INTEGER_MAX  INT64_C(9007199254740991)

/* Keys of a map are texts of the field's `form`, of 1 to KEY_BYTES_MAX
 * bytes. FIELDS_MAX: of one record. */
enum { KEY_BYTES_MAX = 64, FIELDS_MAX = 64 };

struct record;

/* A list's JSON as it was read, in canonical form; count 0: not known. */
struct spelling { const char *bytes; size_t count; };

struct field {
    const char           *name;           /* one name: in C, in JSON, in SQL */
    enum field_kind       kind;
    /* may be left out (or null): then `initial`, or none / NULL / 0 / an absent record */
    bool                  optional;
    /* written as null where there is none; an optional one is left out instead */
    bool                  nullable;
    /* FIELD_RECORD: the member is a pointer, NULL where absent */
    bool                  pointer;
    enum text_form        form;           /* FIELD_TEXT */
    /* the value where it is left out, in its text form; NULL: none */
    const char           *initial;
    size_t                offset;
    size_t                count_offset;   /* FIELD_LIST, FIELD_MAP */
    size_t                key_offset;     /* FIELD_MAP: of the key in an item */
    /* FIELD_LIST of tuples of decimals: of its struct spelling, 0: it has none. The reader fills
     * it where the text makes that cheap, the writer copies it: whoever changes an item after
     * reading takes it away. */
    size_t                spelling_offset;
    /* an integer's value; a text's bytes; a list's or map's items */
    int64_t               min, max;
    const struct decimal *at_least, *above, *at_most;   /* FIELD_DECIMAL: NULL where unbounded */
    const char *const    *choices;        /* FIELD_CHOICE: NULL-ended */
    const struct record  *items;          /* FIELD_RECORD, FIELD_LIST, FIELD_MAP */
};

struct record_case { const char *name; const struct record *record; };

struct record {
    /* its schema in openapi.yaml is this name in PascalCase */
    const char               *name;
    size_t                    size;
    const struct field       *fields;
    size_t                    count;
    bool                      tuple;      /* its JSON is an array of its members, in order */
    /* its JSON is its only member's, without an object around it (maps) */
    bool                      bare;
    /* A variant: `tag` names the JSON member that chooses the case; the int at tag_offset is
     * the case's index. Each case's record describes the same struct (members that the case
     * does not have keep their zero). */
    const char               *tag;
    size_t                    tag_offset;
    const struct record_case *cases;
    size_t                    cases_count;
};

#define COUNT_OF(list) (sizeof(list) / sizeof *(list))
#define RECORD(type, list) \
    { .name = #type, .size = sizeof(struct type), .fields = list, .count = COUNT_OF(list) }
#define TUPLE(type, list) \
    { .name = #type, .size = sizeof(struct type), .fields = list, .count = COUNT_OF(list), \
      .tuple = true }
#define BARE(type, list) \
    { .name = #type, .size = sizeof(struct type), .fields = list, .count = COUNT_OF(list), \
      .bare = true }
#define VARIANT(type, tag_member, list) \
    { .name = #type, .size = sizeof(struct type), .tag = #tag_member, .cases = list, \
      .cases_count = COUNT_OF(list), \
      .tag_offset = offsetof(struct type, tag_member) + MEMBER_IS(type, tag_member, int) }

/* Zero, or a compile error when the member is not of the C type its kind needs. */
#define MEMBER_IS(type, member, c_type) \
    (0 * sizeof(_Generic(((struct type *)0)->member, c_type: 0)))
#define FIELD_OF(type, member, c_type, k, ...) \
    { .name = #member, .kind = k, \
      .offset = offsetof(struct type, member) + MEMBER_IS(type, member, c_type), __VA_ARGS__ }

#define TEXT_FIELD(type, member, ...) \
    FIELD_OF(type, member, const char *, FIELD_TEXT, __VA_ARGS__)
#define NAME_FIELD(type, member, ...) \
    FIELD_OF(type, member, const char *, FIELD_TEXT, .min = 1, .max = 64, __VA_ARGS__)
#define INTEGER_FIELD(type, member, ...) \
    FIELD_OF(type, member, int64_t, FIELD_INTEGER, __VA_ARGS__)
#define DECIMAL_FIELD(type, member, ...) \
    FIELD_OF(type, member, struct decimal, FIELD_DECIMAL, __VA_ARGS__)
#define FLAG_FIELD(type, member, ...) \
    FIELD_OF(type, member, bool, FIELD_FLAG, __VA_ARGS__)
#define INSTANT_FIELD(type, member, ...) \
    FIELD_OF(type, member, int64_t, FIELD_INSTANT, __VA_ARGS__)
#define CHOICE_FIELD(type, member, ...) \
    FIELD_OF(type, member, int, FIELD_CHOICE, __VA_ARGS__)
#define RECORD_FIELD(type, member, item_type, ...) \
    FIELD_OF(type, member, struct item_type, FIELD_RECORD, .items = &item_type##_record, \
             __VA_ARGS__)
#define POINTER_FIELD(type, member, item_type, ...) \
    FIELD_OF(type, member, struct item_type *, FIELD_RECORD, .pointer = true, \
             .items = &item_type##_record, __VA_ARGS__)
#define OBJECT_FIELD(type, member, ...) \
    FIELD_OF(type, member, const char *, FIELD_OBJECT, __VA_ARGS__)
#define LIST_FIELD(type, member, item_type, ...) \
    FIELD_OF(type, member, struct item_type *, FIELD_LIST, .items = &item_type##_record, \
             .count_offset = offsetof(struct type, member##_count) + \
                             MEMBER_IS(type, member##_count, size_t), __VA_ARGS__)
#define SPELLED_LIST_FIELD(type, member, item_type, ...) \
    LIST_FIELD(type, member, item_type, \
               .spelling_offset = offsetof(struct type, member##_spelling) + \
                                  MEMBER_IS(type, member##_spelling, struct spelling), \
               __VA_ARGS__)
#define MAP_FIELD(type, member, item_type, key, ...) \
    FIELD_OF(type, member, struct item_type *, FIELD_MAP, .items = &item_type##_record, \
             .key_offset = offsetof(struct item_type, key) + \
                           MEMBER_IS(item_type, key, const char *), \
             .count_offset = offsetof(struct type, member##_count) + \
                             MEMBER_IS(type, member##_count, size_t), __VA_ARGS__)

#endif
