/* A document, an account and prices in a few words, opened as a position.
 * Texts are JSON with ' for ". */
#ifndef TESTS_SCENE_H
#define TESTS_SCENE_H

#include "record/arena.h"
#include "risk/health.h"

/* What is NULL is plain: no assets, below, full, no dust rule, a fixed penalty, nothing. */
struct scene_text {
    const char *assets, *trigger, *close, *dust, *penalty;
    const char *more;                             /* further groups, each after a comma */
    const char *account, *prices, *liquidator;
    int64_t     now_us;
};

struct scene {
    struct arena      arena;
    struct parameters parameters;
    struct account    account;
    struct state      state;
    struct liquidator liquidator;
    struct position   position;
    struct valuation  valuation;                  /* as health_compute left it */
};

/* Everything must be read and accepted, or the test fails. scene_read leaves the position out. */
void scene_read(struct scene *scene, struct scene_text text);
void scene_open(struct scene *scene, struct scene_text text);
void scene_close(struct scene *scene);

struct decimal decimal_of(const char *text);      /* "none": DECIMAL_NONE */
void check_decimal(struct decimal number, const char *expected);          /* exactly */
void check_near(struct decimal number, const char *expected, const char *tolerance);

#endif
