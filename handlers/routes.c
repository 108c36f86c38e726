/* The table of operations. */
#include "handlers/routes.h"

#include "audit/proof.h"
#include "handlers/answers.h"
#include "handlers/batch.h"
#include "handlers/decide.h"
#include "handlers/impact.h"
#include "handlers/decisions.h"
#include "handlers/log.h"
#include "handlers/governance.h"
#include "handlers/guardian.h"
#include "handlers/markets.h"
#include "handlers/operation.h"
#include "handlers/presets.h"
#include "handlers/proposals.h"
#include "handlers/replay.h"
#include "handlers/snapshots.h"
#include "handlers/stored.h"
#include "handlers/versions.h"
#include "handlers/votes.h"
#include "handlers/watch.h"
#include "risk/question.h"
#include "risk/snapshot.h"

enum {
    WITH_DEPTH = 4 << 20,                     /* bytes of a body that may hold 20,000 levels */
    PROPOSAL_BYTES_MAX = 1 << 20,
    VOTE_BYTES_MAX = 16 << 10,
};

#define TEXT "text/plain; charset=utf-8"

const struct route routes[] = {
    { .method = "POST", .path = "/v1/previews", .role = ROLE_PREVIEW, .body = &question_record,
      .body_bytes_max = WITH_DEPTH, .answer = &preview_record, .status = 201, .handle = create_preview,
      .complete = complete_decision, .operation = "createPreview" },
    { .method = "POST", .path = "/v1/previews/batch", .role = ROLE_PREVIEW,
      .body = &preview_batch_record, .body_bytes_max = WITH_DEPTH,
      .answer = &preview_batch_answer_record, .status = 201, .runs_on = RUNS_ON_WORKER,
      .handle = create_preview_batch, .complete = complete_preview_batch,
      .operation = "createPreviewBatch" },
    { .method = "POST", .path = "/v1/penalties", .role = ROLE_PREVIEW, .body = &question_record,
      .body_bytes_max = WITH_DEPTH, .answer = &penalty_answer_record, .status = 201, .handle = create_penalty,
      .complete = complete_decision, .operation = "createPenalty" },
    { .method = "POST", .path = "/v1/liquidation-prices", .role = ROLE_PREVIEW, .body = &question_record,
      .body_bytes_max = WITH_DEPTH, .answer = &liquidation_price_answer_record, .status = 201,
      .handle = create_liquidation_price, .complete = complete_decision, .operation = "createLiquidationPrice" },
    { .method = "POST", .path = "/v1/suggestions", .role = ROLE_PREVIEW, .body = &question_record,
      .body_bytes_max = WITH_DEPTH, .answer = &suggestion_answer_record, .status = 201, .handle = create_suggestion,
      .complete = complete_decision, .operation = "createSuggestion" },
    { .method = "GET", .path = "/v1/decisions/export", .role = ROLE_AUDIT, .query = &export_query_record,
      .media_type = "application/x-ndjson", .status = 200, .runs_on = RUNS_ON_PRODUCER,
      .handle = export_decisions, .operation = "exportDecisions" },
    { .method = "GET", .path = "/v1/decisions/{decision}", .role = ROLE_PREVIEW, .or_role = ROLE_AUDIT,
      .answer = &preview_record, .status = 200, .runs_on = RUNS_ON_WORKER, .handle = get_decision,
      .operation = "getDecision" },
    { .method = "GET", .path = "/v1/decisions", .role = ROLE_AUDIT, .query = &decisions_query_record,
      .answer = &decision_list_record, .status = 200, .runs_on = RUNS_ON_WORKER, .handle = list_decisions,
      .operation = "listDecisions" },
    { .method = "GET", .path = "/v1/decisions/{decision}/replay", .role = ROLE_PREVIEW, .or_role = ROLE_AUDIT,
      .answer = &replay_answer_record, .status = 200, .runs_on = RUNS_ON_WORKER, .handle = get_decision_replay,
      .operation = "getDecisionReplay" },
    { .method = "GET", .path = "/v1/decisions/{decision}/proof", .role = ROLE_PREVIEW, .or_role = ROLE_AUDIT,
      .answer = &decision_proof_record, .status = 200, .runs_on = RUNS_ON_WORKER, .handle = get_decision_proof,
      .operation = "getDecisionProof" },

    { .method = "GET", .path = "/v1/markets", .query = &market_query_record, .answer = &market_list_record,
      .status = 200, .handle = list_markets, .operation = "listMarkets" },
    { .method = "GET", .path = "/v1/markets/{market}", .answer = &market_summary_record, .status = 200,
      .handle = get_market, .operation = "getMarket" },
    { .method = "GET", .path = "/v1/markets/{market}/parameters", .query = &parameters_query_record,
      .answer = &parameters_answer_record, .status = 200, .handle = get_parameters, .operation = "getParameters" },
    { .method = "GET", .path = "/v1/markets/{market}/parameters/versions",
      .query = &versions_query_record, .answer = &version_list_record, .status = 200,
      .runs_on = RUNS_ON_WORKER, .handle = list_versions, .operation = "listVersions" },
    { .method = "GET", .path = "/v1/markets/{market}/parameters/diff", .query = &diff_query_record,
      .answer = &parameters_diff_record, .status = 200, .runs_on = RUNS_ON_WORKER,
      .handle = diff_versions, .operation = "diffVersions" },
    { .method = "GET", .path = "/v1/markets/{market}/parameters/stream",
      .media_type = "text/event-stream", .status = 200, .runs_on = RUNS_ON_WORKER,
      .handle = watch_parameters, .operation = "watchParameters" },
    { .method = "POST", .path = "/v1/markets/{market}/guardian-actions", .role = ROLE_GUARD,
      .body = &guardian_action_record, .body_bytes_max = PROPOSAL_BYTES_MAX,
      .answer = &proposal_answer_record, .status = 201, .runs_on = RUNS_ON_WORKER,
      .idempotency_key_required = true, .handle = create_guardian_action,
      .operation = "createGuardianAction" },
    { .method = "POST", .path = "/v1/proposals", .role = ROLE_PROPOSE,
      .body = &new_proposal_record, .body_bytes_max = PROPOSAL_BYTES_MAX,
      .answer = &proposal_answer_record, .status = 201, .runs_on = RUNS_ON_WORKER,
      .idempotency_key_required = true, .handle = create_proposal,
      .operation = "createProposal" },
    { .method = "GET", .path = "/v1/proposals", .query = &proposal_query_record,
      .answer = &proposal_list_record, .status = 200, .runs_on = RUNS_ON_WORKER,
      .handle = list_proposals, .operation = "listProposals" },
    { .method = "GET", .path = "/v1/proposals/{proposal}", .answer = &proposal_answer_record,
      .status = 200, .runs_on = RUNS_ON_WORKER, .handle = get_proposal,
      .operation = "getProposal" },
    { .method = "GET", .path = "/v1/proposals/{proposal}/impact", .role = ROLE_PROPOSE,
      .or_role = ROLE_APPROVE, .or_third_role = ROLE_AUDIT, .query = &impact_query_record,
      .answer = &impact_answer_record, .status = 200, .runs_on = RUNS_ON_PRODUCER,
      .handle = get_impact, .operation = "getImpact" },
    { .method = "POST", .path = "/v1/proposals/{proposal}/approvals", .role = ROLE_APPROVE,
      .body = &new_approval_record, .body_bytes_max = VOTE_BYTES_MAX,
      .answer = &proposal_answer_record, .status = 201, .runs_on = RUNS_ON_WORKER,
      .idempotency_key_required = true, .handle = create_approval,
      .operation = "createApproval" },
    { .method = "POST", .path = "/v1/proposals/{proposal}/rejection", .role = ROLE_APPROVE,
      .or_role = ROLE_GUARD, .body = &proposal_ending_record, .body_bytes_max = VOTE_BYTES_MAX,
      .answer = &proposal_answer_record, .status = 201, .runs_on = RUNS_ON_WORKER,
      .idempotency_key_required = true, .handle = create_rejection,
      .operation = "createRejection" },
    { .method = "POST", .path = "/v1/proposals/{proposal}/cancellation", .role = ROLE_PROPOSE,
      .or_role = ROLE_ADMIN, .body = &proposal_ending_record, .body_bytes_max = VOTE_BYTES_MAX,
      .answer = &proposal_answer_record, .status = 201, .runs_on = RUNS_ON_WORKER,
      .idempotency_key_required = true, .handle = create_cancellation,
      .operation = "createCancellation" },
    { .method = "PUT", .path = "/v1/markets/{market}/snapshot", .role = ROLE_FEED, .body = &snapshot_push_record,
      .body_bytes_max = WITH_DEPTH, .answer = &snapshot_receipt_record, .status = 200, .runs_on = RUNS_ON_WORKER,
      .handle = put_snapshot, .operation = "putSnapshot" },
    { .method = "GET", .path = "/v1/markets/{market}/snapshot", .role = ROLE_PREVIEW, .or_role = ROLE_FEED,
      .answer = &snapshot_record, .status = 200, .handle = get_latest_snapshot, .operation = "getLatestSnapshot" },
    { .method = "GET", .path = "/v1/snapshots/{sha256}", .role = ROLE_PREVIEW, .or_role = ROLE_AUDIT,
      .answer = &snapshot_record, .status = 200, .runs_on = RUNS_ON_WORKER, .handle = get_snapshot,
      .operation = "getSnapshot" },
    { .method = "GET", .path = "/v1/presets", .answer = &preset_list_record, .status = 200, .handle = list_presets,
      .operation = "listPresets" },
    { .method = "GET", .path = "/v1/presets/{name}", .answer = &parameters_record, .status = 200,
      .handle = get_preset, .operation = "getPreset" },

    { .method = "GET", .path = "/log/checkpoint", .media_type = TEXT, .status = 200, .any_origin = true,
      .handle = get_log_checkpoint, .operation = "getLogCheckpoint" },
    { .method = "GET", .path = "/log/checkpoint/{size}", .media_type = TEXT, .status = 200, .any_origin = true,
      .runs_on = RUNS_ON_WORKER, .handle = get_log_checkpoint_of_size, .operation = "getLogCheckpointOfSize" },
    { .method = "GET", .path = "/log/vkey", .media_type = TEXT, .status = 200, .any_origin = true,
      .handle = get_log_vkey, .operation = "getLogVkey" },
    { .method = "GET", .path = "/log/receipt-vkey", .media_type = TEXT, .status = 200, .any_origin = true,
      .handle = get_log_receipt_vkey, .operation = "getLogReceiptVkey" },
    { .method = "GET", .path = "/log/tile/{rest*}", .media_type = "application/octet-stream", .status = 200,
      .any_origin = true, .runs_on = RUNS_ON_WORKER, .handle = get_log_tile, .operation = "getLogTile" },
    { .method = "GET", .path = "/log/proof/inclusion", .query = &inclusion_query_record,
      .answer = &inclusion_proof_record, .status = 200, .any_origin = true, .runs_on = RUNS_ON_WORKER,
      .handle = get_log_inclusion, .operation = "getLogInclusion" },
    { .method = "GET", .path = "/log/proof/consistency", .query = &consistency_query_record,
      .answer = &consistency_proof_record, .status = 200, .any_origin = true, .runs_on = RUNS_ON_WORKER,
      .handle = get_log_consistency, .operation = "getLogConsistency" },
    { .method = "GET", .path = "/log/proof/{index}.tlog-proof", .query = &log_proof_query_record,
      .media_type = TEXT, .status = 200, .any_origin = true, .runs_on = RUNS_ON_WORKER,
      .handle = get_log_proof, .operation = "getLogProof" },
    { .method = "GET", .path = "/log/records", .role = ROLE_AUDIT, .query = &log_records_query_record,
      .media_type = "application/x-ndjson", .status = 200, .runs_on = RUNS_ON_PRODUCER,
      .handle = list_log_records, .operation = "listLogRecords" },
    { .method = "GET", .path = "/log/records/{index}", .role = ROLE_AUDIT, .answer = &log_record_record,
      .status = 200, .runs_on = RUNS_ON_WORKER, .handle = get_log_record, .operation = "getLogRecord" },

    { .method = "GET", .path = "/livez", .is_unmetered = true,
      .media_type = "text/plain; charset=utf-8", .status = 200,
      .handle = get_livez, .operation = "getLivez" },
    { .method = "GET", .path = "/readyz", .is_unmetered = true,
      .answer = &readiness_record, .status = 200, .handle = get_readyz,
      .operation = "getReadyz" },
    { .method = "GET", .path = "/version", .answer = &version_answer_record, .status = 200, .handle = get_version,
      .operation = "getVersion" },
    { .method = "GET", .path = "/metrics", .is_unmetered = true,
      .media_type = "text/plain; version=0.0.4; charset=utf-8", .status = 200,
      .handle = get_metrics, .operation = "getMetrics" },
    { .method = "GET", .path = "/openapi.yaml", .media_type = "application/yaml", .status = 200,
      .handle = get_openapi, .operation = "getOpenapi" },
    { .method = "GET", .path = "/problems/{slug}", .answer = &problem_page_record, .status = 200,
      .handle = get_problem, .operation = "getProblem" },
    { .path = NULL },
};
