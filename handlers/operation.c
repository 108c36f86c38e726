/* Health, version, metrics, the contract itself. */
#include "handlers/operation.h"

#include <stdio.h>
#include <string.h>

#include "db/disk.h"
#include "db/markets.h"
#include "db/sequencer.h"
#include "db/snapshots.h"
#include "db/writer.h"
#include "handlers/answers.h"
#include "handlers/service.h"
#include "handlers/witnesses.h"
#include "record/assets.h"
#include "server/metrics.h"

static const char *const log_conditions[] = { "signed", "late", "blocked", "halted", NULL };
enum log_condition { LOG_SIGNED, LOG_LATE, LOG_BLOCKED, LOG_HALTED };

struct readiness {
    bool        ready, database, stopping;
    int         log;
    const char *log_detail;
};

static const struct field readiness_fields[] = {
    FLAG_FIELD(readiness, ready),
    FLAG_FIELD(readiness, database),
    FLAG_FIELD(readiness, stopping),
    CHOICE_FIELD(readiness, log, .choices = log_conditions),
    TEXT_FIELD(readiness, log_detail, .optional = true, .form = TEXT_ANY, .min = 1, .max = 512),
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

/* What is told to who has a key, and on this machine: versions, and what goes on inside. */
static bool
may_look_inside(const struct request *request)
{
    return request->caller.key_id || service_is_near(request);
}

/* What ails the log does not keep decisions from being recorded: it is told, and stays 200. */
static bool
tell_of_log(struct request *request, struct readiness *answer)
{
    struct sequencer_status status;
    struct witnesses_status witnesses;

    sequencer_status(request->service->sequencer, &status);
    answer->log = status.is_halted                             ? LOG_HALTED
                : status.blocked_instances                     ? LOG_BLOCKED
                : status.merge_delay_us > MERGE_DELAY_ALARM_US ? LOG_LATE : LOG_SIGNED;
    witnesses_status(request->service->witnesses, &witnesses);
    const char *why = *status.why ? status.why : witnesses.why;
    if (!*why || !may_look_inside(request))
        return true;
    answer->log_detail = arena_copy(request->arena, why, strlen(why));
    return answer->log_detail;
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
    if (!disk_has_room(service->disk))
        return PROBLEM_DISK_FULL;
    if (!tell_of_log(request, answer))
        return PROBLEM_INTERNAL;
    reply->answer = answer;
    return PROBLEM_NONE;
}

enum problem
get_version(struct request *request, struct reply *reply)
{
    struct version_answer *answer = arena_alloc(request->arena, 1, sizeof *answer);

    if (!answer)
        return PROBLEM_INTERNAL;
    if (!may_look_inside(request)) {
        snprintf(reply->detail, sizeof reply->detail, "give a key of any role");
        return PROBLEM_KEY_UNKNOWN;
    }
    *answer = (struct version_answer){
        "breakwater", request->service->engine_version, request->service->engine_build
    };
    reply->answer = answer;
    return PROBLEM_NONE;
}

static void
write_log_metrics(const struct sequencer *sequencer, struct witnesses *asked, struct text *out)
{
    struct sequencer_status status;
    struct witnesses_status witnesses;

    sequencer_status(sequencer, &status);
    witnesses_status(asked, &witnesses);
    metrics_write_one(out, "breakwater_log_entries", "gauge", "Entries of the log.", status.size);
    metrics_write_one(out, "breakwater_log_published_entries", "gauge",
                      "Entries that the published checkpoint covers.", status.published_size);
    metrics_write_one(out, "breakwater_log_pending", "gauge",
                      "Records that wait for their place in the log; counted up to a million and one.",
                      status.waiting);
    metrics_write_one(out, "breakwater_log_merge_delay_microseconds", "gauge",
                      "How long the oldest of them waits.", status.merge_delay_us);
    metrics_write_one(out, "breakwater_log_blocked_instances", "gauge",
                      "Instances whose records are left alone: one is missing, or differs.",
                      status.blocked_instances);
    metrics_write_one(out, "breakwater_log_halted", "gauge",
                      "1: the log is not the one that was signed, and is not signed any more.",
                      status.is_halted);
    metrics_write_one(out, "breakwater_log_witnesses_alarmed", "gauge",
                      "Witnesses that refuse to cosign, or speak nonsense.", witnesses.alarmed);
}

static void
write_writer_metrics(const struct writer *writer, struct text *out)
{
    struct writer_status status;

    writer_status(writer, &status);
    metrics_write_one(out, "breakwater_writer_queue", "gauge", "Decisions that wait to be durable.",
                      status.queued);
    metrics_write_one(out, "breakwater_writer_decisions_total", "counter", "Decisions made durable.",
                      status.written);
    metrics_write_one(out, "breakwater_writer_commits_total", "counter",
                      "Transactions that they were in: decisions over this is the size of a batch.",
                      status.commits);
    metrics_write_one(out, "breakwater_writer_commit_microseconds_total", "counter",
                      "What those transactions took, from BEGIN until they were durable.",
                      status.commit_us);
}

/* Where it is known. */
static void
write_disk_metrics(struct disk *disk, struct text *out)
{
    struct disk_status status;

    if (!disk)
        return;
    disk_status(disk, &status);
    metrics_write_one(out, "breakwater_disk_bytes", "gauge", "Of the database's disk.",
                      status.bytes);
    metrics_write_one(out, "breakwater_disk_available_bytes", "gauge",
                      "Of them, those that PostgreSQL can still write.", status.available_bytes);
    metrics_write_one(out, "breakwater_disk_full", "gauge",
                      "1: less than a twentieth is left, and decisions are refused.",
                      status.is_full);
}

/* Of the market whose latest snapshot is the oldest. */
static void
write_snapshot_age(struct request *request, struct text *out)
{
    const struct markets *markets = markets_hold(request->service->markets);
    int64_t               oldest_us = request->now_us;

    for (size_t i = 0; i < markets->count; i++) {
        const struct kept_snapshot *latest =
            snapshot_hold(request->service->snapshots, markets->items[i].market);
        if (latest && latest->snapshot.observed_at < oldest_us)
            oldest_us = latest->snapshot.observed_at;
        snapshot_release(latest);
    }
    markets_release(request->service->markets, markets);
    metrics_write_one(out, "breakwater_snapshot_age_microseconds", "gauge",
                      "Since the oldest of the markets' latest snapshots was taken.",
                      request->now_us - oldest_us);
}

enum problem
get_metrics(struct request *request, struct reply *reply)
{
    struct text out;

    text_open(&out, request->arena, 16384, 1 << 20);
    metrics_write(request->service->metrics, &out);
    write_log_metrics(request->service->sequencer, request->service->witnesses, &out);
    write_writer_metrics(request->service->writer, &out);
    write_disk_metrics(request->service->disk, &out);
    write_snapshot_age(request, &out);
    limits_write(request->service->limits, &out);
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
