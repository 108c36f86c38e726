/* What a guardian does at once, alone, and only in the safer direction. On workers. */
#ifndef HANDLERS_GUARDIAN_H
#define HANDLERS_GUARDIAN_H

#include "server/request.h"

extern const struct record guardian_action_record;

enum problem create_guardian_action(struct request *request, struct reply *reply);

#endif
