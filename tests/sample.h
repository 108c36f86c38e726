/* A record with every kind of field, for the tests of JSON; none of the service's own. */
#ifndef TESTS_SAMPLE_H
#define TESTS_SAMPLE_H

#include "record/record.h"

struct sample_point { struct decimal price, size; };                 /* a tuple */
struct sample_price { const char *asset; struct decimal price; };    /* bare, in a map */

struct sample_shape {                                                /* a variant by `kind` */
    int                  kind;
    const char          *label;
    struct decimal       radius;
    struct sample_point *corners;
    size_t               corners_count;
};

struct sample_rule { int rule; struct decimal rate; int64_t steps; };   /* a variant by `rule` */
struct sample_note { const char *text; bool pinned; };
struct sample_limits { struct decimal low, high; int64_t tries; int side; };   /* all optional */
struct sample_group { const char *name; struct sample_shape *shapes; size_t shapes_count; };   /* bare list, in a map */
struct sample_tag { const char *tag; };                              /* bare */

struct sample {
    const char          *id, *title, *sha256;
    int64_t              quantity, retries;
    struct decimal       rate, fee, ratio;
    bool                 urgent, hidden;
    int64_t              made_at, until;
    int                  side, mode;
    struct sample_limits limits;
    struct sample_note   note;
    struct sample_note  *remark, *reply;
    struct sample_point *points;
    size_t               points_count;
    struct sample_tag   *tags;
    size_t               tags_count;
    struct sample_price *prices;
    size_t               prices_count;
    struct sample_group *groups;
    size_t               groups_count;
    struct sample_rule   rule;
};

extern const struct record sample_record, sample_note_record;
extern const char sample_good[];       /* a text of it with every member */

#endif
