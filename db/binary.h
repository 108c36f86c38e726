/* Values of binary results. Only for db/. */
#ifndef DB_BINARY_H
#define DB_BINARY_H

#include <endian.h>
#include <string.h>

#include <libpq-fe.h>

#include "audit/digest.h"

static inline int64_t
binary_bigint(const PGresult *rows, int row, int column)
{
    uint64_t big;

    memcpy(&big, PQgetvalue(rows, row, column), sizeof big);
    return (int64_t)be64toh(big);
}

/* since 1970-01-01; PostgreSQL counts from 2000 */
static inline int64_t
binary_date(const PGresult *rows, int row, int column)
{
    uint32_t big;

    memcpy(&big, PQgetvalue(rows, row, column), sizeof big);
    return (int32_t)be32toh(big) + 10957;
}

static inline bool
binary_digest(const PGresult *rows, int row, int column, struct digest *out)
{
    if (PQgetlength(rows, row, column) != DIGEST_BYTES)
        return false;
    memcpy(out->bytes, PQgetvalue(rows, row, column), DIGEST_BYTES);
    return true;
}

#endif
