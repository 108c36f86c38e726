/* The decisions that stand in the log, for auditors: searched page by page, and exported. */
#ifndef HANDLERS_DECISIONS_H
#define HANDLERS_DECISIONS_H

#include "db/decisions_find.h"
#include "server/request.h"

/* ?kind=&market=&account=&status=&parameters_version=&from=&to=, and of a list &limit=&cursor=&order=,
 * of an export &from_index=&documents=. */
struct decisions_query {
    int         kind;                     /* enum; DECISION_KIND_ANY */
    const char *market, *account, *status;
    int64_t     parameters_version, from, to;
    int64_t     limit;
    const char *cursor;
    int         order;
    int64_t     from_index;
    bool        documents;
};

void decisions_filter(const struct decisions_query *query, struct decision_filter *out);

/* GET /v1/decisions. On a worker. */
extern const struct record decisions_query_record, decision_list_record;
enum problem list_decisions(struct request *request, struct reply *reply);

/* GET /v1/decisions/export. On a producer. */
extern const struct record export_query_record;
enum problem export_decisions(struct request *request, struct reply *reply);

#endif
