/* One thread that keeps memory in step with the database, and the database in order. */
#ifndef DB_HOUSEKEEPER_H
#define DB_HOUSEKEEPER_H

#include "db/database.h"

struct housekeeper;

struct housekeeper *housekeeper_open(struct database *database);
bool                housekeeper_is_up(const struct housekeeper *housekeeper);     /* it hears of changes */
void                housekeeper_close(struct housekeeper *housekeeper);

#endif
