/* The columns of breakwater.api_key, and how a key is read from them. */
#include "db/key_row.h"

#include <string.h>

#include "db/row.h"
#include "record/instant.h"

static const struct field key_row_fields[] = {
    NAME_FIELD   (key_row, id),
    NAME_FIELD   (key_row, holder),
    TEXT_FIELD   (key_row, roles),
    TEXT_FIELD   (key_row, sha256, .form = TEXT_SHA256),
    INSTANT_FIELD(key_row, created_at),
    INSTANT_FIELD(key_row, revoked_at, .nullable = true),
    INSTANT_FIELD(key_row, used_at, .nullable = true),
    INSTANT_FIELD(key_row, expires_at, .nullable = true),
    INTEGER_FIELD(key_row, rate, .max = 1000000),
    INTEGER_FIELD(key_row, burst, .max = 1000000),
    TEXT_FIELD   (key_row, old_sha256, .max = DIGEST_TEXT_MAX - 1, .optional = true),
    INSTANT_FIELD(key_row, old_until, .nullable = true),
};
const struct record key_row_record = RECORD(key_row, key_row_fields);

const char key_columns_sql[] =
    "id, holder, roles, encode(sha256, 'hex') AS sha256, created_at, revoked_at, used_at, expires_at,"
    " coalesce(rate, 0) AS rate, coalesce(burst, 0) AS burst,"
    " encode(old_sha256, 'hex') AS old_sha256, old_until";

static int64_t
or_zero(int64_t instant_us)
{
    return instant_us == INSTANT_NONE ? 0 : instant_us;
}

bool
key_row_read(const PGresult *rows, int row, struct caller_key *out)
{
    struct key_row read;

    if (!row_read(&key_row_record, rows, row, &read) || strlen(read.id) >= sizeof out->id ||
        strlen(read.holder) >= sizeof out->holder)
        return false;
    *out = (struct caller_key){
        .created_at = read.created_at,
        .revoked_at = or_zero(read.revoked_at),
        .used_at    = or_zero(read.used_at),
        .expires_at = or_zero(read.expires_at),
        .old_until  = or_zero(read.old_until),
        .rate       = read.rate,
        .burst      = read.burst,
    };
    memcpy(out->id, read.id, strlen(read.id));
    memcpy(out->holder, read.holder, strlen(read.holder));
    return key_roles_parse(read.roles, &out->roles) && digest_parse(read.sha256, &out->sha256) &&
           (!out->old_until || digest_parse(read.old_sha256, &out->old_sha256));
}
