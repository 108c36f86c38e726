/* Ten thousand generated accounts through the engine: prints how many were answered, and the SHA-256 of all answers. Builds
 * by different compilers must print the same (tests/reproduce.sh). */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/digest.h"
#include "handlers/answers.h"
#include "record/json.h"
#include "risk/preview.h"
#include "risk/workings.h"

enum { ACCOUNTS = 10000, REQUEST_MAX = 1 << 16, ARENA_MAX = 8 << 20, LEVELS = 12 };

#define NOW_US INT64_C(1767225600000000)

struct request { uint64_t seed; char text[REQUEST_MAX]; size_t count; };

/* splitmix64: the same numbers everywhere. */
static uint64_t
draw(struct request *request)
{
    uint64_t x = request->seed += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static unsigned
pick(struct request *request, unsigned count)
{
    return (unsigned)(draw(request) % count);
}

/* Numbers for one put(): drawn before it, because C does not say in which order arguments are computed. */
struct draws { unsigned each[8]; };

static struct draws
draw_some(struct request *request)
{
    struct draws draws;

    for (size_t i = 0; i < COUNT_OF(draws.each); i++)
        draws.each[i] = (unsigned)(draw(request) >> 33);
    return draws;
}

/* ' stands for ". */
__attribute__((format(printf, 2, 3)))
static void
put(struct request *request, const char *format, ...)
{
    char   *at = request->text + request->count;
    va_list list;

    va_start(list, format);
    int count = vsnprintf(at, sizeof request->text - request->count, format, list);
    va_end(list);
    if (count < 0 || (size_t)count >= sizeof request->text - request->count)
        abort();
    for (char *byte = at; *byte; byte++)
        if (*byte == '\'')
            *byte = '"';
    request->count += (size_t)count;
}

/* A whole part below `whole`, and up to 18 places. */
static void
put_number(struct request *request, unsigned whole)
{
    struct draws n;
    n = draw_some(request);
    put(request, "'%u.%09u%u'", n.each[0] % whole, n.each[1] % 1000000000, 1 + n.each[2] % 9);
}

/* Below 1. */
static void
put_rate(struct request *request, unsigned least, unsigned most)
{
    struct draws n;
    n = draw_some(request);
    put(request, "'0.%03u%u'", least + (n.each[0] % (most - least)), 1 + n.each[1] % 9);
}

static void
put_asset(struct request *request, const char *name)
{
    struct draws n;
    put(request, "'%s':{'unit':'0.%s1','price_unit':'0.00000001','opening_weight':'0.1','volatility_floor':'0.05',",
        name, "0000000");
    put(request, "'penalty_rate':");
    put_rate(request, 10, 150);
    put(request, ",'threshold':");
    put_rate(request, 500, 900);
    n = draw_some(request);
    put(request, ",'closing_fee_rate':'0.000%u','beta':'%u.%u'", n.each[0] % 10, n.each[1] % 2, n.each[2] % 10);
    n = draw_some(request);
    put(request, ",'brackets':[{'from_notional':'0','rate':'0.004'},{'from_notional':'%u','rate':'0.01'},"
                 "{'from_notional':'%u','rate':'0.05'}]", 1000 + n.each[0] % 50000, 100000 + n.each[1] % 900000);
    if (pick(request, 4) == 0)
        put(request, ",'pre_liquidation':{'threshold':'0.4','close_start_rate':'0.1','close_end_rate':'0.5',"
                     "'penalty_start_rate':'0.01','penalty_end_rate':'0.02'}");
    put(request, "}");
}

static void
put_document(struct request *request)
{
    struct draws n;
    static const char *const closes[] = {
        "{'rule':'full'}", "{'rule':'full','scope':'account'}", "{'rule':'fraction','rate':'0.5','of':'position'}",
        "{'rule':'fraction','rate':'0.2','minimum_value':'100'}", "{'rule':'target_health','health':'1.1'}",
        "{'rule':'target_health','health':'1.25','steps':'value'}", "{'rule':'within_slippage'}",
    };
    static const char *const dusts[] = {
        "{'rule':'none'}", "{'rule':'full','debt_value':'100','collateral_value':'100'}",
        "{'rule':'leave_minimum','debt_value':'50','collateral_value':'50'}",
    };
    static const char *const penalties[] = {
        "{'rule':'fixed'}", "{'rule':'fixed','form':'discount'}", "{'rule':'from_threshold','slope':'0.3','cap_rate':'0.15'}",
        "{'rule':'by_health','health_for_max':'0.8','minimum_factor':'0.1'}",
        "{'rule':'optimal','rate_unit':'0.000001','floor_rate':'0.002','cap_rate':'0.2','equity_cap':true}",
        "{'rule':'optimal','bad_debt_weight':'0','equity_weight':'0.2'}",
    };

    n = draw_some(request);
    put(request, "'parameters':{'quote':{'unit':'%s'},'assets':{",
        n.each[0] % 2 ? "0.000001" : "0.000000000000000001");
    put_asset(request, "A");
    put(request, ",");
    put_asset(request, "B");
    n = draw_some(request);
    put(request, ",'S':{'unit':'0.000001','price_unit':'0.00000001','threshold':'0.9','beta':'0','borrow_rate':'0.05'}},"
                 "'trigger':{'rule':'%s'},'close':%s,'dust':%s,'penalty':%s,",
        n.each[0] % 2 ? "below" : "at_or_below", closes[n.each[1] % COUNT_OF(closes)],
        dusts[n.each[2] % COUNT_OF(dusts)], penalties[n.each[3] % COUNT_OF(penalties)]);
    n = draw_some(request);
    put(request, "'split':{'protocol_rate':'0.1','insurance_rate':'0.2'},'execution':{'latency_s':%u,'gas':'%u',"
                 "'inclusion_probability':'0.%u','slippage_tolerance_rate':'0.%u'},"
                 "'suggestions':{'hedge':%s,'capital_rate':'0.08'}},",
        n.each[0] % 3600, n.each[1] % 20, 1 + n.each[2] % 9, 1 + n.each[3] % 9,
        n.each[4] % 2 ? "true" : "false");
}

static void
put_account(struct request *request)
{
    struct draws n;
    bool has_pair = pick(request, 3) > 0;

    n = draw_some(request);
    put(request, "'account':{'cash':'%s%u.5'", (n.each[0] % 5) ? "" : "-", n.each[1] % 3000);
    if (has_pair) {
        put(request, ",'collateral':[{'asset':'A','quantity':");
        put_number(request, 40);
        put(request, "},{'asset':'B','quantity':");
        put_number(request, 400);
        n = draw_some(request);
        put(request, "}],'debt':[{'asset':'S','quantity':'%u.%06u'}]", 1000 + n.each[0] % 90000, n.each[1] % 1000000);
    }
    n = draw_some(request);
    if (!has_pair || pick(request, 4) == 0)
        put(request, ",'perps':[{'asset':'A','quantity':'%s%u.%u','entry_price':'%u.25'}]", n.each[0] % 2 ? "-" : "",
            n.each[1] % 30, 1 + n.each[2] % 9, 1500 + n.each[3] % 1000);
    n = draw_some(request);
    put(request, ",'wallet':[{'asset':'S','quantity':'%u'},{'asset':'A','quantity':'%u'}]},", n.each[0] % 5000,
        n.each[1] % 5);
}

static void
put_side(struct request *request, const char *name, unsigned cents, int step)
{
    struct draws n;
    put(request, "'%s':[", name);
    for (unsigned i = 0; i < LEVELS; i++) {
        n = draw_some(request);
        put(request, "%s['%u.%02u','%u.%03u']", i ? "," : "", cents / 100, cents % 100, n.each[0] % 6, n.each[1] % 1000);
        cents = (unsigned)((int)cents + step * (1 + (int)pick(request, 300)));
    }
    put(request, "]");
}

static void
put_depth(struct request *request, const char *asset, unsigned cents)
{
    struct draws n;
    put(request, "'%s':[{'venue':'book','kind':'book','fee_rate':'0.001',", asset);
    put_side(request, "bids", cents - 20, -1);
    put(request, ",");
    put_side(request, "asks", cents + 20, 1);
    put(request, "}");
    if (pick(request, 2))
        put(request, ",{'venue':'pool','kind':'constant_product','fee_rate':'0.003','base':'%u','quote':'%u'}", 1000,
            cents * 10);
    n = draw_some(request);
    if (pick(request, 3) == 0)
        put(request, ",{'venue':'ranges','kind':'concentrated','fee_rate':'0.0005','price':'%u.%02u','ranges':[{'lower':'%u',"
                     "'upper':'%u','liquidity':'%u'}]}", cents / 100, cents % 100, cents / 125, cents / 80,
            1000 + n.each[0] % 9000);
    n = draw_some(request);
    if (pick(request, 3) == 0)
        put(request, ",{'venue':'desk','kind':'quoted','notional':'%u','slippage_rate':'0.01'}", 1000 + n.each[0] % 500000);
    put(request, "]");
}

static void
put_state(struct request *request)
{
    struct draws n;
    unsigned a = 100000 + pick(request, 150000);
    unsigned b = 3000 + pick(request, 9000);

    n = draw_some(request);
    put(request, "'state':{'prices':{'A':'%u.%02u','B':'%u.%02u','S':'1.000%u'},'volatility':{'A':'%u.%u','B':'0.%u'},"
                 "'volume':{'A':'%u'},'depth':{", a / 100, a % 100, b / 100, b % 100, n.each[0] % 10, n.each[1] % 3,
        1 + n.each[2] % 9, 1 + n.each[3] % 9, 1000000 + n.each[4] % 100000000);
    put_depth(request, "A", a);
    put(request, ",");
    put_depth(request, "B", b);
    put(request, "}}");
}

/* The canonical figures, and the workings, of one account; false: the rules refuse the question. */
static bool
answer(struct request *request, struct text *out, struct arena *arena)
{
    struct draws n;
    static const char *const wheres[] = { "trigger", "mark" };
    struct question      question;
    struct answer       *given = arena_alloc(arena, 1, sizeof *given);
    struct figures_room *room = arena_alloc(arena, 1, sizeof *room);
    struct faults       *faults = arena_alloc(arena, 2, sizeof *faults);

    request->count = 0;
    put(request, "{");
    put_document(request);
    put_account(request);
    put_state(request);
    n = draw_some(request);
    put(request, ",'at':'%s','workings':true}", wheres[(n.each[0] % 2)]);
    faults_open(&faults[0], FAULTS_MAX);
    faults_open(&faults[1], FAULTS_MAX);
    if (!json_read(&question_record, request->text, request->count, arena, &question, &faults[0]) ||
        !parameters_accept(question.parameters, &faults[0], &faults[1]) ||
        !state_accept(question.state, "/state", &faults[0])) {
        fprintf(stderr, "%s %s %s\n%s\n", faults->items[0].pointer, faults->items[0].code, faults->items[0].detail,
                request->text);
        exit(EXIT_FAILURE);
    }
    if (preview_compute(question.parameters, &question, NOW_US, PARTS_ALL, room, &given->figures, &faults[0]) != RISK_OK)
        return false;
    json_write(preview_kind.figures, given, JSON_CANONICAL, out);
    workings_write(&question, NOW_US, &given->figures, preview_kind.answer, out);
    return true;
}

int
main(void)
{
    struct request *request = calloc(1, sizeof *request);
    struct digest   all = { { 0 } };
    unsigned        answered = 0;
    char            text[DIGEST_TEXT_MAX];

    for (unsigned i = 0; request && i < ACCOUNTS; i++) {
        struct arena arena;
        struct text  out;
        arena_open(&arena, ARENA_MAX);
        text_open(&out, &arena, 8192, ARENA_MAX / 2);
        text_add_hex(&out, all.bytes, sizeof all.bytes);
        answered += answer(request, &out, &arena);
        all = digest_of(out.bytes, out.count);
        arena_close(&arena);
    }
    free(request);
    digest_format(&all, text);
    printf("%u of %d accounts answered, %s\n", answered, ACCOUNTS, text);
    return answered > ACCOUNTS / 2 ? EXIT_SUCCESS : EXIT_FAILURE;
}
