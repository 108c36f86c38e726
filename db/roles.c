/* SET ROLE, where it can be done. */
#include "db/roles.h"

#include <libpq-fe.h>

/* Refused (from PostgreSQL 16 on, who is a member may still not take the role): it goes on without. A role
 * that another database of the server made, and that has no rights in this one, is of no use. */
bool
role_become_writer(struct connection *connection)
{
    static const char sql[] =
        "SELECT set_config('role', r.rolname, false) FROM pg_roles AS r"
        " WHERE r.rolname = 'audit_writer' AND pg_has_role(current_user, r.oid, 'MEMBER')"
        " AND has_table_privilege(r.oid, 'audit.body', 'INSERT')"
        " AND has_table_privilege(r.oid, 'audit.pending', 'INSERT')"
        " AND has_table_privilege(r.oid, 'breakwater.idempotency', 'INSERT')"
        " AND has_table_privilege(r.oid, 'breakwater.proposal', 'SELECT')"
        " AND has_any_column_privilege(r.oid, 'breakwater.market', 'UPDATE')";

    run_command(connection, sql, NULL, 0, NULL);
    return connection_is_up(connection);
}
