/* The members that records are searched by. */
#include "db/search.h"

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
