/* Problems as RFC 9457 documents. */
#include "server/document.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "record/json.h"

enum { INSTANCE_MAX = 200, TYPE_MAX = 80 };

static const struct field problem_error_fields[] = {
    TEXT_FIELD(problem_error, pointer, .form = TEXT_ANY, .max = FAULT_POINTER_MAX - 1),
    TEXT_FIELD(problem_error, code, .min = 1, .max = 64),
    TEXT_FIELD(problem_error, detail, .form = TEXT_ANY, .max = FAULT_DETAIL_MAX - 1),
};
static const struct record problem_error_record = RECORD(problem_error, problem_error_fields);

static const struct field problem_document_fields[] = {
    TEXT_FIELD   (problem_document, type,     .form = TEXT_ANY, .min = 1, .max = TYPE_MAX - 1),
    TEXT_FIELD   (problem_document, title,    .form = TEXT_ANY, .min = 1, .max = 160),
    INTEGER_FIELD(problem_document, status,   .min = 400, .max = 599),
    TEXT_FIELD   (problem_document, detail,   .form = TEXT_ANY, .max = 239, .optional = true),
    TEXT_FIELD   (problem_document, instance, .form = TEXT_ANY, .min = 1, .max = INSTANCE_MAX - 1),
    TEXT_FIELD   (problem_document, code,     .min = 1, .max = PROBLEM_CODE_MAX - 1),
    LIST_FIELD   (problem_document, errors, problem_error, .max = FAULTS_MAX),
};
const struct record problem_document_record = {
    .name   = "problem",
    .size   = sizeof(struct problem_document),
    .fields = problem_document_fields,
    .count  = COUNT_OF(problem_document_fields),
};

void
problem_code(enum problem problem, char code[static PROBLEM_CODE_MAX])
{
    const char *slug = problem_info(problem)->slug;
    size_t      i    = 0;

    assert(strlen(slug) < PROBLEM_CODE_MAX);
    for (; slug[i]; i++)
        code[i] = (char)(slug[i] == '-' ? '_' : slug[i]);
    code[i] = '\0';
}

static void
add_errors(const struct faults *faults, struct arena *arena, struct problem_document *document)
{
    document->errors = arena_alloc(arena, faults->count, sizeof *document->errors);
    if (!document->errors)
        return;
    for (size_t i = 0; i < faults->count; i++) {
        const struct fault *fault = &faults->items[i];
        document->errors[i] = (struct problem_error){ fault->pointer, fault->code, fault->detail };
    }
    document->errors_count = faults->count;
}

void
document_write(enum problem problem, const struct request *request, const struct reply *reply,
               struct text *out)
{
    const struct problem_info *info = problem_info(problem);
    char                       type[TYPE_MAX], instance[INSTANCE_MAX], code[PROBLEM_CODE_MAX];

    snprintf(type, sizeof type, "/problems/%s", info->slug);
    snprintf(instance, sizeof instance, "%.150s#%s", request->path, request->trace_id);
    problem_code(problem, code);
    struct problem_document document = {
        .type     = type,
        .title    = info->title,
        .status   = info->status,
        .detail   = reply->detail[0] ? reply->detail : NULL,
        .instance = instance,
        .code     = code,
    };
    add_errors(&reply->faults, request->arena, &document);
    json_write(&problem_document_record, &document, JSON_DECLARED, out);
}
