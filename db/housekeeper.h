/* One thread that keeps memory in step with the database, and the database in order. */
#ifndef DB_HOUSEKEEPER_H
#define DB_HOUSEKEEPER_H

#include "db/database.h"

struct housekeeper;

struct housekeeper *housekeeper_open(struct database *database);
/* it hears of changes */
bool                housekeeper_is_up(const struct housekeeper *housekeeper);
void                housekeeper_close(struct housekeeper *housekeeper);

#endif
