/* Each way a request can fail, described once in problem.def. */
#ifndef SERVER_PROBLEM_H
#define SERVER_PROBLEM_H

enum problem {
    PROBLEM_NONE,
#define PROBLEM(name, status, slug, title) PROBLEM_##name,
#include "server/problem.def"
#undef PROBLEM
    PROBLEM_COUNT
};

struct problem_info {
    unsigned    status;
    const char *slug;
    const char *title;
};

const struct problem_info *problem_info(enum problem problem);     /* not of PROBLEM_NONE */
const struct problem_info *problem_find(const char *slug);         /* NULL: none */

#endif
