/* Settings from the environment: each member of `struct settings` is BREAKWATER_ and its name in
 * capitals, or a file that holds it, named by the same variable with _FILE behind it. */
#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

#include "record/arena.h"
#include "record/fault.h"
#include "record/record.h"

enum log_what  { LOG_NONE, LOG_EVENTS, LOG_REQUESTS };
enum dumping   { DUMPING_OFF, DUMPING_ON };
enum recording { RECORDING_OFF, RECORDING_ON };

struct settings {
    const char *listen;                   /* address and port */
    const char *database_url;             /* a secret; NULL: the private database */
    /* a directory on the database's disk; NULL: that of the private database, else none */
    const char *disk;
    /* the folder of the private database and of the first keys */
    const char *state;
    const char *origin;                   /* of the transparency log */
    const char *log_key;                  /* the file of the key that signs it */
    const char *log_key_next;             /* of the key that will take its place */
    const char *log_policy;               /* the file that names witnesses and their quorum */
    const char *log_authorities;          /* of the witnesses' certificates, a PEM file */
    const char *cors_origins;             /* separated by commas, or "*"; NULL: none */
    const char *tls_cert, *tls_key;       /* PEM files; NULL: plain HTTP */
    int64_t     threads;                  /* that listen */
    int64_t     workers;                  /* that query */
    const char *trusted_proxies;          /* address ranges, separated by commas; NULL: none */
    /* requests a second and at once, by key, by address, by address for previews without a key; rate
     * 0: no limit */
    int64_t     key_rate, key_burst, address_rate, address_burst, anonymous_rate, anonymous_burst;
    int64_t     connections_max;
    int64_t     connections_address_max;  /* of one address that is no trusted proxy; 0: all */
    int64_t     slow_s;                   /* that a slow client is granted; 0: for ever */
    int64_t     streams_max;              /* replies that are streamed at a time */
    int64_t     idle_s;
    int64_t     bodies_bytes_max;         /* of all bodies in flight */
    int64_t     cost_max;                 /* of computing one account's answer; a batch: 20 times */
    int64_t     queue_max;                /* decisions that wait for the database */
    int64_t     farewell_s;               /* /readyz says 503 so long before connections are refused */
    int64_t     retention_days;           /* bodies of decisions are kept; 0: for ever */
    int         log;                      /* enum log_what */
    int         cores;                    /* enum dumping: what memory holds may be dumped */
    /* enum recording; off: decisions are not recorded, for benchmarks only */
    int         record;
};

extern const struct record settings_record;

/* `environment` is NULL-ended, as `environ`. Texts are copied to `arena`. False: `faults` says
 * which variable is wrong, and what would do; their pointers are the names of variables. `warnings`
 * are of variables that no setting has. */
bool settings_read(char *const *environment, struct arena *arena, struct settings *settings,
                   struct faults *faults, struct faults *warnings);

#endif
