/* The versions of a market's parameters: listed, compared. On workers. */
#ifndef HANDLERS_VERSIONS_H
#define HANDLERS_VERSIONS_H

#include "server/request.h"

extern const struct record version_listed_record;
extern const struct record versions_query_record, version_list_record, diff_query_record,
                           parameters_diff_record;

enum problem list_versions(struct request *request, struct reply *reply);
enum problem diff_versions(struct request *request, struct reply *reply);

#endif
