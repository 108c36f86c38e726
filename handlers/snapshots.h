/* Market state: pushed by feeds, read by all who preview. */
#ifndef HANDLERS_SNAPSHOTS_H
#define HANDLERS_SNAPSHOTS_H

#include "server/request.h"

extern const struct record snapshot_receipt_record;

enum problem put_snapshot(struct request *request, struct reply *reply);          /* on a worker */
enum problem get_latest_snapshot(struct request *request, struct reply *reply);
enum problem get_snapshot(struct request *request, struct reply *reply);          /* by its hash; on a worker */

#endif
