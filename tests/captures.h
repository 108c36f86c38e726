/* Captured market data of the shared folder as a request's venues. */
#ifndef TESTS_CAPTURES_H
#define TESTS_CAPTURES_H

/* The JSON list of venues that a file of the shared folder's data holds: one book (fee 0.0005), or
 * one concentrated pool (fee 0.003) from a map of ticks. NULL, and it says so, where it is not
 * there. The caller frees it. */
char *capture_read(const char *name);

#endif
