/* What changes in a market's parameters, told as it happens: server-sent events. */
#ifndef HANDLERS_WATCH_H
#define HANDLERS_WATCH_H

#include "server/request.h"

/* From now on what the cache of markets learns is published. */
void watch_open(struct service *service);

enum problem watch_parameters(struct request *request, struct reply *reply);      /* on a worker */

#endif
