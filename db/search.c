/* The members that records are searched by. */
#include "db/search.h"

#include "record/json_member.h"
#include "record/record.h"
#include "record/value.h"

static struct span
text_of(struct span object, const char *name)
{
    struct span text;

    return object.count && json_member_text(object.bytes, object.count, name, &text)
         ? text : (struct span){ 0 };
}

static struct span
object_of(struct span object, const char *name)
{
    struct span value;

    return object.count && json_member(object.bytes, object.count, name, &value)
         ? value : (struct span){ 0 };
}

static int64_t
integer_of(struct span object, const char *name)
{
    struct span value = object_of(object, name);
    int64_t     integer;

    return value.count && integer_parse(value.bytes, value.count, &integer) ? integer
                                                                            : INTEGER_NONE;
}

/* A parameters record has its version as a member of its own, a decision in `parameters`. */
static int64_t
version_of(struct span record)
{
    int64_t version = integer_of(record, "version");

    return version != INTEGER_NONE ? version : integer_of(object_of(record, "parameters"), "version");
}

bool
search_row_of(const char *record, size_t count, struct search_row *out)
{
    struct span whole = { .bytes = record, .count = count };

    *out = (struct search_row){
        .kind      = text_of(whole, "kind"),
        .id        = text_of(whole, "id"),
        .operation = text_of(whole, "operation"),
        .market    = text_of(whole, "market"),
        .actor     = text_of(whole, "actor"),
        .account   = text_of(object_of(object_of(whole, "inputs"), "account"), "id"),
        .status    = text_of(object_of(object_of(whole, "figures"), "health"), "status"),
        .ts        = integer_of(whole, "ts"),
        .parameters_version = version_of(whole),
    };
    return out->kind.count && out->ts != INTEGER_NONE;
}
