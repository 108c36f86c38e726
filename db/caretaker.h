/* One thread for the slow work on the log: bodies of days that are too old go (log.md 9), and once a day
 * the whole log is checked as an auditor would check it (log.md 7). */
#ifndef DB_CARETAKER_H
#define DB_CARETAKER_H

#include "db/sequencer.h"

struct caretaker;

struct caretaker_settings {
    int64_t            retention_days;        /* 0: bodies are kept for ever */
    int64_t            check_every_s;         /* 0: a day */
    struct sequencer  *sequencer;             /* signs no more once a check finds a fault; may be NULL */
    const struct key  *key;                   /* that the log's checkpoints are signed with */
};

struct caretaker *caretaker_open(struct database *database, const struct caretaker_settings *settings);
void              caretaker_close(struct caretaker *caretaker);

#endif
