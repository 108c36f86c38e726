/* What is no HTTP the library refuses by itself, with a page in HTML, of which one names the library. It
 * has no setting for that, but makes each page with a function that it offers to everybody and looks up
 * by its name, and of two with one name the program's is found before a library's: with this one, such
 * an answer is its status alone. Where a build of the library finds its own, its pages are sent. */
#include <microhttpd.h>
#include <stdlib.h>

struct MHD_Response *
MHD_create_response_from_buffer(size_t count, void *page, enum MHD_ResponseMemoryMode mode)
{
    (void)count, (void)page, (void)mode;

    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback(0, NULL, free);
    if (response) {
        MHD_add_response_header(response, "Cache-Control", "no-store");
        MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    }
    return response;
}
