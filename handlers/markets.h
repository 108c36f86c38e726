/* The markets and the parameters in force: answered from memory. */
#ifndef HANDLERS_MARKETS_H
#define HANDLERS_MARKETS_H

#include "server/request.h"

extern const struct record market_query_record, market_list_record, market_summary_record, parameters_query_record,
                           parameters_answer_record;

enum problem list_markets(struct request *request, struct reply *reply);
enum problem get_market(struct request *request, struct reply *reply);
enum problem get_parameters(struct request *request, struct reply *reply);

#endif
