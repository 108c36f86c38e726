/* The depth of one asset from its JSON, as a request writes it, for the tests of what is computed from it. */
#ifndef TESTS_VENUES_H
#define TESTS_VENUES_H

#include "record/arena.h"
#include "risk/depth.h"

struct market { struct arena arena; struct state state; const struct asset_depth *depth; };

/* `venues`: the JSON list of an asset's venues, in which ' may stand for ". Fails the test where it is
 * not accepted. */
void market_open(struct market *market, const char *venues);
void market_close(struct market *market);

/* A number from its text; fails the test where it is none. */
struct decimal number(const char *text);

/* The market's depth at a price, to 1e-18. */
struct depth depth_at(const struct market *market, enum depth_side side, const char *price);

/* A walk that must fit. */
struct walk walk_of(const struct depth *depth, const char *quantity);

/* The net price at the margin of an order, in double. */
double margin_of(const struct depth *depth, double quantity);

#define BOOK_A "{'venue':'book','kind':'book','fee_rate':'0'," \
               "'bids':[['100','10'],['99','20'],['98','30']]}"
#define BOOK_5 "{'venue':'book','kind':'book','fee_rate':'0.0005'," \
               "'bids':[['100','10'],['99','20'],['98','30'],['95','50']]}"
#define CP_30  "{'venue':'cp','kind':'constant_product','fee_rate':'0.003','base':'1000','quote':'100000'}"
#define V3_5   "{'venue':'v3','kind':'concentrated','fee_rate':'0.0005','price':'100'," \
               "'ranges':[{'lower':'90','upper':'110','liquidity':'50000'}]}"
#define THREE  "[" BOOK_5 "," CP_30 "," V3_5 "]"

#endif
