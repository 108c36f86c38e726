/* Log lines as records. A line that cannot be written whole is lost, and nobody is
 * told: there is nowhere to say it. */
#include "server/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "record/json.h"

enum { LINE_BYTES_MAX = 4096, EVENT_DETAIL_MAX = 1024, EVENT_ARENA_MAX = 16 << 10 };

struct log_event { int64_t time; int level; const char *event, *detail; };

static const char *const level_names[] = { "info", "warning", "error", NULL };

static const struct field log_request_fields[] = {
    INSTANT_FIELD(log_request, time),
    CHOICE_FIELD (log_request, level, .choices = level_names),
    TEXT_FIELD   (log_request, trace_id, .max = 32),
    TEXT_FIELD   (log_request, method, .form = TEXT_ANY, .max = 32),
    TEXT_FIELD   (log_request, path, .form = TEXT_ANY, .max = 2048),
    TEXT_FIELD   (log_request, operation, .max = 64, .optional = true),
    INTEGER_FIELD(log_request, status, .max = 599),
    TEXT_FIELD   (log_request, code, .max = 64, .optional = true),
    INTEGER_FIELD(log_request, elapsed_us, .max = INT64_MAX),
    TEXT_FIELD   (log_request, address, .max = 64, .optional = true),
    TEXT_FIELD   (log_request, key_id, .max = 64, .optional = true),
    INTEGER_FIELD(log_request, bytes_in, .max = INT64_MAX),
    INTEGER_FIELD(log_request, bytes_out, .max = INT64_MAX),
    TEXT_FIELD   (log_request, ending, .max = 16, .optional = true),
};
const struct record log_request_record = RECORD(log_request, log_request_fields);

static const struct field log_event_fields[] = {
    INSTANT_FIELD(log_event, time),
    CHOICE_FIELD (log_event, level, .choices = level_names),
    TEXT_FIELD   (log_event, event, .max = 64),
    TEXT_FIELD   (log_event, detail, .form = TEXT_ANY, .max = EVENT_DETAIL_MAX - 1),
};
static const struct record log_event_record = RECORD(log_event, log_event_fields);

static void
write_line(int fd, const struct record *record, const void *line, struct arena *arena)
{
    struct text text;

    text_open(&text, arena, 512, LINE_BYTES_MAX);
    json_write(record, line, JSON_DECLARED, &text);
    text_add(&text, "\n", 1);
    if (text.is_full)
        return;
    ssize_t written = write(fd, text.bytes, text.count);
    (void)written;
}

static enum log_level
level_of(int64_t status)
{
    if (status == 0 || status == 503)
        return LOG_LEVEL_WARNING;
    return status >= 500 ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO;
}

void
log_request(int fd, struct log_request *line, struct arena *arena)
{
    if (fd < 0)
        return;
    line->level = (int)level_of(line->status);
    write_line(fd, &log_request_record, line, arena);
}

void
log_event(int fd, enum log_level level, const char *event, const char *detail_format, ...)
{
    struct timespec now;
    struct arena    arena;
    char            detail[EVENT_DETAIL_MAX];
    va_list         list;

    if (fd < 0)
        return;
    va_start(list, detail_format);
    vsnprintf(detail, sizeof detail, detail_format, list);
    va_end(list);
    clock_gettime(CLOCK_REALTIME, &now);
    struct log_event line = {
        .time   = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000,
        .level  = (int)level,
        .event  = event,
        .detail = detail,
    };
    arena_open(&arena, EVENT_ARENA_MAX);
    write_line(fd, &log_event_record, &line, &arena);
    arena_close(&arena);
}
