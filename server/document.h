/* Problems as RFC 9457 documents: the one place where they become JSON. */
#ifndef SERVER_DOCUMENT_H
#define SERVER_DOCUMENT_H

#include "record/text.h"
#include "server/request.h"

struct problem_error { const char *pointer, *code, *detail; };

struct problem_document {
    const char           *type;           /* "/problems/{slug}", which this server answers */
    const char           *title;
    int64_t               status;
    const char           *detail;
    const char           *instance;       /* the request's path, and its trace id as a fragment */
    const char           *code;           /* the slug with _ for - */
    struct problem_error *errors;
    size_t                errors_count;
};

extern const struct record problem_document_record;      /* named "problem" */

enum { PROBLEM_CODE_MAX = 48 };

void problem_code(enum problem problem, char code[static PROBLEM_CODE_MAX]);

/* `reply` gives the detail and the errors. What finds no room in the arena is left out. */
void document_write(enum problem problem, const struct request *request, const struct reply *reply,
                    struct text *out);

#endif
