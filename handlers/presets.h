/* Ready parameter documents, one a peer: files of handlers/presets/, carried inside the program. */
#ifndef HANDLERS_PRESETS_H
#define HANDLERS_PRESETS_H

#include "server/request.h"

extern const struct record preset_list_record;

enum problem list_presets(struct request *request, struct reply *reply);
enum problem get_preset(struct request *request, struct reply *reply);

#endif
