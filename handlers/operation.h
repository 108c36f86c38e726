/* What an operator, a load balancer and a reader of a problem ask. */
#ifndef HANDLERS_OPERATION_H
#define HANDLERS_OPERATION_H

#include "server/request.h"

extern const struct record version_answer_record, readiness_record, problem_page_record;

enum problem get_livez(struct request *request, struct reply *reply);
enum problem get_readyz(struct request *request, struct reply *reply);
enum problem get_version(struct request *request, struct reply *reply);
enum problem get_metrics(struct request *request, struct reply *reply);
enum problem get_openapi(struct request *request, struct reply *reply);
enum problem get_problem(struct request *request, struct reply *reply);

#endif
