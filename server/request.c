/* What a handler fills. */
#include "server/request.h"

#include <assert.h>

void
request_forget(struct request *request)
{
    arena_close(request->fleeting);
    request->body = NULL;
}

/* Member by member: the faults' 14 KB are written only by what finds one. */
void
reply_open(struct reply *reply)
{
    reply->status        = 0;
    reply->answer        = NULL;
    reply->bytes         = NULL;
    reply->count         = 0;
    reply->media_type    = NULL;
    reply->headers_count = 0;
    reply->retry_after_s = 0;
    reply->detail[0]     = '\0';
    reply->waits         = false;
    reply->pending       = NULL;
    faults_open(&reply->faults, FAULTS_MAX);
}

void
reply_add_header(struct reply *reply, const char *name, const char *value)
{
    assert(reply->headers_count < REPLY_HEADERS_MAX);
    reply->headers[reply->headers_count++] = (struct header){ name, value };
}
