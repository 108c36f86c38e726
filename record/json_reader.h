/* What the parts of the JSON reader share. Private to record/json_*.c. */
#ifndef RECORD_JSON_READER_H
#define RECORD_JSON_READER_H

#include "record/arena.h"
#include "record/fault.h"
#include "record/record.h"
#include "record/scan.h"

struct reader {
    struct scan    scan;
    struct arena  *arena;
    struct faults *faults;
    unsigned       depth_left;
};

/* Functions that return bool say whether to go on: true also after a fault, once they
 * are past the value, unless it was the last that is wanted. After a fault of the
 * syntax or of memory nothing goes on. */
static inline bool
reader_may_go_on(const struct reader *reader)
{
    return reader->faults->count < reader->faults->max;
}

bool reader_refuse_syntax(struct reader *reader, const struct place *place);   /* returns false */
bool reader_refuse_memory(struct reader *reader, const struct place *place);   /* returns false */
/* Both skip the value. */
bool reader_refuse_type(struct reader *reader, const struct place *place, const char *wanted);
bool reader_refuse_name(struct reader *reader, const struct place *place, const char *code,
                        const char *detail);
bool reader_open(struct reader *reader, const struct place *place);   /* past the opening bracket */
bool reader_unescape(struct reader *reader, struct span *span, const struct place *place);

bool reader_read_record(struct reader *reader, const struct record *record, char *out,
                        const struct place *place);
bool reader_read_object(struct reader *reader, const struct record *record, char *out,
                        const struct place *place);
bool reader_read_field(struct reader *reader, const struct field *field, char *out,
                       const struct place *place);
bool reader_leave_out(struct reader *reader, const struct field *field, char *out,
                      const struct place *place);
bool reader_read_list(struct reader *reader, const struct field *field, char *out,
                      const struct place *place);
bool reader_read_map(struct reader *reader, const struct field *field, char *out,
                     const struct place *place);

#endif
