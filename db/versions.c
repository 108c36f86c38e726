/* The versions of a market, with who proposed each. */
#include "db/versions.h"

#include "db/rows.h"

static const struct field version_listed_fields[] = {
    INTEGER_FIELD(version_listed, version),
    INSTANT_FIELD(version_listed, created_at),
    INSTANT_FIELD(version_listed, active_at),
    TEXT_FIELD   (version_listed, sha256),
    TEXT_FIELD   (version_listed, proposal, .nullable = true),
    TEXT_FIELD   (version_listed, holder, .nullable = true),
    TEXT_FIELD   (version_listed, why, .nullable = true),
};
static const struct record version_listed_row = RECORD(version_listed, version_listed_fields);

#define COLUMNS \
    "SELECT v.version, v.created_at, v.active_at, encode(v.sha256, 'hex') AS sha256, v.proposal," \
    " p.holder, v.why FROM breakwater.parameters v" \
    " LEFT JOIN breakwater.proposal p ON p.id = v.proposal WHERE v.market = $1"

enum find
versions_list(struct connection *connection, const struct versions_wanted *wanted,
              struct arena *arena, struct version_listed **items, size_t *count)
{
    static const char newest[] = COLUMNS " AND ($2::bigint = 0 OR v.version < $2::bigint)"
                                         " ORDER BY v.version DESC LIMIT $3::bigint";
    static const char oldest[] = COLUMNS " AND v.version > $2::bigint"
                                         " ORDER BY v.version LIMIT $3::bigint";
    char              room[2][ARG_INTEGER_MAX];
    const struct arg  args[] = { ARG_TEXT(wanted->market), arg_integer(wanted->beyond, room[0]),
                                 arg_integer(wanted->limit, room[1]) };
    void             *found_items = NULL;
    enum find         found = find_structs(connection, wanted->is_ascending ? oldest : newest, args,
                                           3, &version_listed_row, arena, &found_items, count);

    *items = found_items;
    return found;
}
