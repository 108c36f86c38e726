/* The members that records are searched by. */
#include "db/search.h"

#include <string.h>

#include "db/decisions.h"
#include "record/json_member.h"
#include "record/record.h"
#include "record/value.h"

/* A string without escapes, without its quotes; anything else is not searched by. */
static struct span
text_in(struct span value)
{
    return value.count >= 2 && *value.bytes == '"'
         ? (struct span){ .bytes = value.bytes + 1, .count = value.count - 2 } : (struct span){ 0 };
}

static struct span
member_of(struct span object, const char *name)
{
    struct span value;

    return object.count && json_member(object.bytes, object.count, name, &value)
         ? value : (struct span){ 0 };
}

static int64_t
integer_in(struct span value)
{
    int64_t integer;

    return value.count && integer_parse(value.bytes, value.count, &integer) ? integer
                                                                            : INTEGER_NONE;
}

/* A parameters record has its version as a member of its own, a decision in `parameters`. */
bool
search_row_of(const char *record, size_t count, struct search_row *out)
{
    enum { ACTOR, FIGURES, ID, INPUTS, KIND, MARKET, OPERATION, PARAMETERS, TS, VERSION, MEMBERS };
    static const char *const names[MEMBERS] = { "actor", "figures", "id", "inputs", "kind", "market",
                                                "operation", "parameters", "ts", "version" };
    struct span members[MEMBERS];

    if (!json_members(record, count, names, MEMBERS, members))
        return false;
    *out = (struct search_row){
        .kind      = text_in(members[KIND]),
        .id        = text_in(members[ID]),
        .operation = text_in(members[OPERATION]),
        .market    = text_in(members[MARKET]),
        .actor     = text_in(members[ACTOR]),
        .account   = text_in(member_of(member_of(members[INPUTS], "account"), "id")),
        .status    = text_in(member_of(member_of(members[FIGURES], "health"), "status")),
        .ts        = integer_in(members[TS]),
        .parameters_version = members[VERSION].count ? integer_in(members[VERSION])
                                                     : integer_in(member_of(members[PARAMETERS], "version")),
    };
    return out->kind.count && out->ts != INTEGER_NONE;
}

static void
add_name(struct text *out, const char *name)
{
    if (name)
        text_add_string(out, name);
    text_add(out, "\t", 1);
}

void
search_terms_write(const struct search_terms *terms, struct text *out)
{
    text_add_integer(out, terms->day);
    text_add(out, "\t", 1);
    add_name(out, terms->operation);
    add_name(out, terms->market);
    add_name(out, terms->account);
    add_name(out, terms->actor);
    add_name(out, terms->status);
    text_add_integer(out, terms->ts);
    text_add(out, "\t", 1);
    if (terms->parameters_version != INTEGER_NONE)
        text_add_integer(out, terms->parameters_version);
    text_add(out, "\n", 1);
}

enum {
    TERM_DAY, TERM_OPERATION, TERM_MARKET, TERM_ACCOUNT, TERM_ACTOR, TERM_STATUS, TERM_TS, TERM_VERSION, TERMS,
};

/* False: there are more columns, or fewer. */
static bool
split(struct span line, struct span out[static TERMS])
{
    const char *at = line.bytes, *end = line.bytes + line.count;

    for (size_t i = 0; i < TERMS; i++) {
        const char *tab = memchr(at, '\t', (size_t)(end - at));
        if (!tab != (i == TERMS - 1))
            return false;
        const char *stop = tab ? tab : end;
        out[i] = (struct span){ .bytes = at, .count = (size_t)(stop - at) };
        at     = tab ? tab + 1 : end;
    }
    return true;
}

bool
search_terms_read(struct span line, struct search_row *out, int64_t *day)
{
    static const char kind[] = "decision";
    struct span       columns[TERMS];

    if (!line.count || !split(line, columns))
        return false;
    *day = integer_in(columns[TERM_DAY]);
    *out = (struct search_row){
        .kind      = { .bytes = kind, .count = sizeof kind - 1 },
        .operation = columns[TERM_OPERATION],
        .market    = columns[TERM_MARKET],
        .account   = columns[TERM_ACCOUNT],
        .actor     = columns[TERM_ACTOR],
        .status    = columns[TERM_STATUS],
        .ts        = integer_in(columns[TERM_TS]),
        .parameters_version = integer_in(columns[TERM_VERSION]),
    };
    return *day >= 0 && *day <= DECISION_DAY_MAX && out->operation.count && out->ts != INTEGER_NONE;
}
