/* The service on one screen. */
#ifndef HANDLERS_ROUTES_H
#define HANDLERS_ROUTES_H

#include "server/route.h"

extern const struct route routes[];           /* ended by a row without a path */

#endif
