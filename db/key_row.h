/* A key as its row in the database. Only for db/. */
#ifndef DB_KEY_ROW_H
#define DB_KEY_ROW_H

#include <libpq-fe.h>

#include "db/keys.h"
#include "record/record.h"

struct key_row {
    const char *id, *holder, *roles, *sha256;
    int64_t     created_at, revoked_at, used_at, expires_at, rate, burst;
    const char *old_sha256;
    int64_t     old_until;
};

extern const struct record key_row_record;
extern const char          key_columns_sql[];

bool key_row_read(const PGresult *rows, int row, struct caller_key *out);

#endif
