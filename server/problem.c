/* The problems of problem.def as a table. */
#include "server/problem.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static const struct problem_info problems[PROBLEM_COUNT] = {
#define PROBLEM(name, status, slug, title) [PROBLEM_##name] = { status, slug, title },
#include "server/problem.def"
#undef PROBLEM
};

const struct problem_info *
problem_info(enum problem problem)
{
    assert(problem > PROBLEM_NONE);
    assert(problem < PROBLEM_COUNT);
    return &problems[problem];
}

const struct problem_info *
problem_find(const char *slug)
{
    for (size_t i = PROBLEM_NONE + 1; i < PROBLEM_COUNT; i++)
        if (!strcmp(problems[i].slug, slug))
            return &problems[i];
    return NULL;
}
