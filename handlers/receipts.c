/* Receipts. */
#include "handlers/receipts.h"

#include <string.h>

#include "audit/receipt.h"
#include "db/log_keys.h"
#include "handlers/service.h"
#include "server/accept.h"

enum { RECEIPT_BYTES_MAX = 1024 };

/* A batch has many. */
static bool
says_so(const struct reply *reply)
{
    for (size_t i = 0; i < reply->headers_count; i++)
        if (!strcmp(reply->headers[i].name, "Preference-Applied"))
            return true;
    return false;
}

bool
receipt_make(struct request *request, const struct digest *commitment, struct reply *reply,
             const char **receipt)
{
    struct receipt promise = { .commitment = *commitment, .ts_ms = request->now_us / 1000 };
    struct text    out;

    *receipt = NULL;
    if (strcmp(request->method, "POST") != 0 || !prefers(request->prefer, "receipt"))
        return true;
    text_open(&out, request->arena, RECEIPT_BYTES_MAX, RECEIPT_BYTES_MAX);
    receipt_sign(&promise, &request->service->log_keys->receipt, &out);
    text_add(&out, "", 1);
    if (!says_so(reply))
        reply_add_header(reply, "Preference-Applied", "receipt");
    *receipt = out.bytes;
    return !out.is_full;
}
