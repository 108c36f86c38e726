/* Rights by need: a connection gives up those that its work does not need. Only for db/. */
#ifndef DB_ROLES_H
#define DB_ROLES_H

#include "db/database.h"

/* From then on the connection may insert what it records, and never change or delete it (the role
 * audit_writer). Where the database has no such role, or we may not take it, all stays as it is. False:
 * the database does not answer. */
bool role_become_writer(struct connection *connection);

#endif
