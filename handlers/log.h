/* The transparency log over HTTP (log.md 3 to 5): checkpoints, keys, tiles, proofs, and the records
 * behind the entries. Nothing is served that the published checkpoint does not cover. */
#ifndef HANDLERS_LOG_H
#define HANDLERS_LOG_H

#include "server/request.h"

struct published;

/* From memory. */
enum problem get_log_checkpoint(struct request *request, struct reply *reply);
enum problem get_log_vkey(struct request *request, struct reply *reply);
enum problem get_log_receipt_vkey(struct request *request, struct reply *reply);

/* On a worker. */
enum problem get_log_checkpoint_of_size(struct request *request, struct reply *reply);
enum problem get_log_tile(struct request *request, struct reply *reply);

/* log_proofs.c, on a worker. */
extern const struct record inclusion_query_record, consistency_query_record, log_proof_query_record,
                           decision_proof_record;
enum problem get_log_inclusion(struct request *request, struct reply *reply);
enum problem get_log_consistency(struct request *request, struct reply *reply);
enum problem get_log_proof(struct request *request, struct reply *reply);          /* .tlog-proof */
enum problem get_decision_proof(struct request *request, struct reply *reply);

/* log_records.c, on a worker; a range on a producer, since it is streamed. */
extern const struct record log_records_query_record, log_record_record;
enum problem list_log_records(struct request *request, struct reply *reply);
enum problem get_log_record(struct request *request, struct reply *reply);

/* For these files. The published checkpoint in the request's arena; NULL: nothing is published, or
 * no memory, and `problem` says which. */
const struct published *log_checkpoint_now(struct request *request, struct reply *reply,
                                           enum problem *problem);
/* A number in the path, args[0], in its one spelling: percent-encoding is another one. */
enum problem log_path_integer(struct request *request, struct reply *reply, int64_t *out);
enum problem log_refuse_query(struct reply *reply, const char *parameter, const char *code,
                              const char *detail);
enum problem log_not_covered(struct reply *reply, int64_t published_size);

#endif
