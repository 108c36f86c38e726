/* Health, version, metrics, the contract itself. */
#include "handlers/operation.h"

#include <stdio.h>

#include "db/housekeeper.h"
#include "db/writer.h"
#include "handlers/answers.h"
#include "handlers/service.h"
#include "record/assets.h"
#include "server/metrics.h"

struct readiness { bool ready; bool database; bool stopping; };

static const struct field readiness_fields[] = {
    FLAG_FIELD(readiness, ready),
    FLAG_FIELD(readiness, database),
    FLAG_FIELD(readiness, stopping),
};
const struct record readiness_record = RECORD(readiness, readiness_fields);

struct version_answer { const char *name, *version, *build; };

static const struct field version_answer_fields[] = {
    NAME_FIELD(version_answer, name),
    TEXT_FIELD(version_answer, version, .form = TEXT_ANY, .min = 1, .max = 64),
    TEXT_FIELD(version_answer, build, .form = TEXT_ANY, .min = 1, .max = 64),
};
const struct record version_answer_record = RECORD(version_answer, version_answer_fields);

struct problem_page { const char *slug, *title; int64_t status; };

static const struct field problem_page_fields[] = {
    NAME_FIELD   (problem_page, slug),
    TEXT_FIELD   (problem_page, title, .form = TEXT_ANY, .min = 1, .max = 128),
    INTEGER_FIELD(problem_page, status, .min = 400, .max = 599),
};
const struct record problem_page_record = RECORD(problem_page, problem_page_fields);

/* The process runs, whatever its surroundings do. */
enum problem
get_livez(struct request *request, struct reply *reply)
{
    (void)request;
    reply->bytes = "ok\n";
    reply->count = 3;
    return PROBLEM_NONE;
}

/* Decisions can be made durable now: 200; else 503, so that a load balancer turns elsewhere. */
enum problem
get_readyz(struct request *request, struct reply *reply)
{
    const struct service *service = request->service;
    struct readiness     *answer = arena_alloc(request->arena, 1, sizeof *answer);

    if (!answer)
        return PROBLEM_INTERNAL;
    answer->database = writer_is_up(service->writer);
    answer->stopping = service->is_stopping;
    answer->ready    = answer->database && !answer->stopping;
    if (!answer->ready)
        return answer->stopping ? PROBLEM_STOPPING : PROBLEM_DATABASE_AWAY;
    reply->answer = answer;
    return PROBLEM_NONE;
}

enum problem
get_version(struct request *request, struct reply *reply)
{
    struct version_answer *answer = arena_alloc(request->arena, 1, sizeof *answer);

    if (!answer)
        return PROBLEM_INTERNAL;
    *answer = (struct version_answer){
        "breakwater", request->service->engine_version, request->service->engine_build
    };
    reply->answer = answer;
    return PROBLEM_NONE;
}

enum problem
get_metrics(struct request *request, struct reply *reply)
{
    struct text out;

    text_open(&out, request->arena, 16384, 1 << 20);
    metrics_write(request->service->metrics, &out);
    reply->bytes = out.bytes;
    reply->count = out.count;
    return out.is_full ? PROBLEM_INTERNAL : PROBLEM_NONE;
}

enum problem
get_openapi(struct request *request, struct reply *reply)
{
    const struct asset_file *file = asset_find("openapi.yaml");

    (void)request;
    if (!file)
        return PROBLEM_INTERNAL;
    reply->bytes = file->bytes;
    reply->count = file->count;
    return PROBLEM_NONE;
}

enum problem
get_problem(struct request *request, struct reply *reply)
{
    const struct problem_info *info = problem_find(request->args[0]);
    struct problem_page       *answer = arena_alloc(request->arena, 1, sizeof *answer);

    if (!answer)
        return PROBLEM_INTERNAL;
    if (!info) {
        snprintf(reply->detail, sizeof reply->detail, "no problem of this service is called \"%.64s\"", request->args[0]);
        return PROBLEM_NO_SUCH_PROBLEM;
    }
    *answer = (struct problem_page){ info->slug, info->title, (int64_t)info->status };
    reply->answer = answer;
    return PROBLEM_NONE;
}
