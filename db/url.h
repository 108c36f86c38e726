/* The connection string, which may hold a password: what is wrong with it is told without
 * repeating it. */
#ifndef DB_URL_H
#define DB_URL_H

#include "db/database.h"

/* Can libpq read it, and is each part what it seems? In a URL whose password has a bare "@" or "/"
 * the rest of the password is taken for the host, the port or the database's name, and would be
 * repeated in libpq's messages. False: `why`, which quotes nothing of it. */
bool url_check(const char *url, char why[static DATABASE_WHY_MAX]);

#endif
