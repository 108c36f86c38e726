/* One price from several sources, and whether to act on it. */
#include "risk/oracle.h"

#include <assert.h>
#include <string.h>

#include "risk/elementary.h"
#include "risk/statistic.h"

#define SECOND_US INT64_C(1000000)

const char *const source_fate_names[] = {
    [SOURCE_USED] = "used", [SOURCE_UNKNOWN] = "unknown",
    [SOURCE_FROM_THE_FUTURE] = "from_the_future", [SOURCE_SUPERSEDED] = "superseded",
    [SOURCE_CONTRADICTORY] = "contradictory", [SOURCE_NOT_POSITIVE] = "not_positive",
    [SOURCE_STALE] = "stale", [SOURCE_UNSURE] = "unsure", NULL,
};

const char *
source_fate_name(enum source_fate fate)
{
    return source_fate_names[fate];
}

const char *
oracle_verdict_name(enum oracle_verdict verdict)
{
    switch (verdict) {
    case ORACLE_ACCEPT: return "accept";
    case ORACLE_DEFER:  return "defer";
    case ORACLE_REJECT: return "reject";
    }
    return "reject";
}

const char *
oracle_reason_name(enum oracle_reason reason)
{
    switch (reason) {
    case ORACLE_USUAL:                 return NULL;
    case ORACLE_NO_HISTORY:            return "no_history";
    case ORACLE_CONFIRMED_DEVIATION:   return "confirmed_deviation";
    case ORACLE_SEQUENCER_DOWN:        return "sequencer_down";
    case ORACLE_UNCONFIRMED_DEVIATION: return "unconfirmed_deviation";
    case ORACLE_ATTACK_PAYS:           return "attack_pays";
    case ORACLE_STALE:                 return "stale";
    case ORACLE_NO_QUORUM:             return "no_quorum";
    }
    return NULL;
}

struct council {
    const struct oracle_settings *settings;
    const struct source_price    *reports;
    size_t                        count;
    double                        volatility;
    int64_t                       now;
};

/* None: the market lists its sources, and not this one. */
static struct decimal
trust_of(const struct council *council, const char *source)
{
    const struct oracle_settings *settings = council->settings;
    for (size_t i = 0; i < settings->sources_count; i++)
        if (!strcmp(settings->sources[i].source, source))
            return settings->sources[i].weight;
    return settings->sources_count > 0 ? DECIMAL_NONE : decimal_one;
}

/* Microseconds, below 0 for the future. Two instants lie less than 2^63 apart. */
static int64_t
age_of(const struct council *council, const struct source_price *report)
{
    return council->now - report->observed_at;
}

static bool
is_from_the_future(const struct council *council, const struct source_price *report)
{
    return age_of(council, report) < -council->settings->clock_skew_s * SECOND_US;
}

/* Against every other report of the same name that has a time to believe: the newest stands, the
 * first of those that repeat each other, and none of those that contradict each other. */
static enum source_fate
fate_among_its_own(const struct council *council, size_t i)
{
    const struct source_price *report = &council->reports[i];
    enum source_fate fate = SOURCE_USED;
    for (size_t j = 0; j < council->count; j++) {
        const struct source_price *other = &council->reports[j];
        if (j == i || strcmp(other->source, report->source) != 0 ||
            is_from_the_future(council, other) || other->observed_at < report->observed_at)
            continue;
        if (other->observed_at > report->observed_at)
            return SOURCE_SUPERSEDED;
        if (decimal_compare(other->price, report->price) != 0 ||
            decimal_compare(other->confidence, report->confidence) != 0)
            fate = SOURCE_CONTRADICTORY;
        else if (j < i && fate == SOURCE_USED)
            fate = SOURCE_SUPERSEDED;
    }
    return fate;
}

static enum source_fate
fate_of(const struct council *council, size_t i)
{
    const struct oracle_settings *settings = council->settings;
    const struct source_price *report = &council->reports[i];
    enum source_fate fate;
    if (decimal_is_none(trust_of(council, report->source)))
        return SOURCE_UNKNOWN;
    if (is_from_the_future(council, report))
        return SOURCE_FROM_THE_FUTURE;
    fate = fate_among_its_own(council, i);
    if (fate != SOURCE_USED)
        return fate;
    if (decimal_sign(report->price) <= 0)
        return SOURCE_NOT_POSITIVE;
    if (age_of(council, report) > settings->age_max_s * SECOND_US)
        return SOURCE_STALE;
    if (decimal_sign(report->confidence) < 0 ||
        decimal_compare_products(report->confidence, decimal_one, report->price,
                                 settings->confidence_max_rate) > 0)
        return SOURCE_UNSURE;
    return SOURCE_USED;
}

/* A report that counts, as statistics. */
struct statement { double price, confidence, floor_rate; };

static double
confidence_rate_of(const struct statement *statement)
{
    return real_max(statement->confidence / statement->price, statement->floor_rate);
}

static double
weight_of(const struct council *council, const struct source_price *report,
          const struct statement *statement)
{
    double price = statement->price;
    double width = real_max(statement->confidence, statement->floor_rate * price);
    double age_us = real_max((double)age_of(council, report), 0);
    double drift = price * council->volatility;
    double variance = width * width + drift * drift * (age_us / (SECOND_US * SECONDS_PER_YEAR));
    double trust = council->settings->sources_count
                 ? statistic_of(trust_of(council, report->source)) : 1;
    return trust / variance;
}

/* Of 1 to SOURCES_MAX numbers. */
static double
lower_median(const double *numbers, size_t count)
{
    double sorted[SOURCES_MAX] = { 0 };
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        for (; at > 0 && sorted[at - 1] > numbers[i]; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = numbers[i];
    }
    return sorted[(count - 1) / 2];
}

/* A report that counts, and its place in the list. */
struct voice { struct decimal price; double weight; };

/* By price, then by weight: sums do not depend on the reports' order. */
static void
insert(struct voice *voices, size_t at, struct voice voice)
{
    for (; at > 0; at--) {
        int order = decimal_compare(voices[at - 1].price, voice.price);
        if (order < 0 || (order == 0 && voices[at - 1].weight <= voice.weight))
            break;
        voices[at] = voices[at - 1];
    }
    voices[at] = voice;
}

/* p + (q - p) / 2 for p <= q, down; both above 0, so that nothing overflows. */
static struct decimal
midpoint(struct decimal p, struct decimal q)
{
    return (struct decimal){ p.units + (q.units - p.units) / 2 };
}

/* The weights up to a voice are summed from below, those past it from above: where both halves hold
 * the same weights their sums are the same to the bit, and an exact half is seen as one. */
static struct decimal
weighted_median(const struct voice *voices, size_t count)
{
    double above[SOURCES_MAX + 1];
    double below = 0;
    size_t at = 0;
    above[count] = 0;
    for (size_t i = count; i > 0; i--)
        above[i - 1] = above[i] + voices[i - 1].weight;
    for (; at + 1 < count; at++) {
        below += voices[at].weight;
        if (below >= above[at + 1])
            break;
    }
    if (at + 1 < count && below == above[at + 1])
        return midpoint(voices[at].price, voices[at + 1].price);
    return voices[at].price;
}

/* Weights of the reports that count, to their places in `out`, then the cap. */
static void
weigh(const struct council *council, struct aggregate *out)
{
    double floor_rate = statistic_of(council->settings->confidence_floor_rate);
    double weights[SOURCES_MAX];
    double confidences[SOURCES_MAX];
    size_t used = 0;
    double cap;
    for (size_t i = 0; i < council->count; i++) {
        const struct source_price *report = &council->reports[i];
        if (out->judgements[i].fate != SOURCE_USED)
            continue;
        struct statement statement = { statistic_of(report->price),
                                       statistic_of(report->confidence), floor_rate };
        out->judgements[i].weight = weight_of(council, report, &statement);
        weights[used] = out->judgements[i].weight;
        confidences[used++] = confidence_rate_of(&statement);
    }
    cap = lower_median(weights, used);
    for (size_t i = 0; i < council->count; i++)
        out->judgements[i].weight = real_min(out->judgements[i].weight, cap);
    out->confidence_rate = lower_median(confidences, used);
}

void
oracle_aggregate(const struct oracle_settings *settings, const struct source_price *reports,
                 size_t count, double volatility, int64_t now_us, struct aggregate *out)
{
    struct council council = { settings, reports, count, volatility, now_us };
    struct voice voices[SOURCES_MAX];
    size_t used = 0;
    assert(count <= SOURCES_MAX);
    *out = (struct aggregate){ .price = DECIMAL_NONE };
    for (size_t i = 0; i < count; i++) {
        out->judgements[i].fate = fate_of(&council, i);
        out->used_count += out->judgements[i].fate == SOURCE_USED;
        out->stale_count += out->judgements[i].fate == SOURCE_STALE;
    }
    if (out->used_count == 0)
        return;
    weigh(&council, out);
    for (size_t i = 0; i < count; i++)
        if (out->judgements[i].fate == SOURCE_USED)
            insert(voices, used++, (struct voice){ reports[i].price, out->judgements[i].weight });
    for (size_t i = 0; i < used; i++)
        out->weight += voices[i].weight;
    out->price = weighted_median(voices, used);
}

double
deviation_bound(double z, double volatility, double window_s, double gap_s, double confidence_rate)
{
    double rest = real_max(window_s - gap_s, 0) / window_s;
    double variance_s = gap_s + rest * rest * rest * window_s / 3;
    return z * volatility * real_sqrt(variance_s / SECONDS_PER_YEAR) + confidence_rate;
}

/* ln(price / q) of two numbers above 0. */
static double
log_ratio(struct decimal price, double q)
{
    double p = statistic_of(price);
    return p > q / 2 && p < q * 2 ? real_log1p((p - q) / q) : real_log(p) - real_log(q);
}

static size_t
count_confirming(const struct oracle_question *question, double reference,
                 const struct oracle_answer *answer)
{
    int sign = answer->deviation < 0 ? -1 : 1;
    size_t count = 0;
    for (size_t i = 0; i < question->reports_count; i++)
        if (answer->aggregate.judgements[i].fate == SOURCE_USED)
            count += sign * log_ratio(question->reports[i].price, reference) > answer->bound;
    return count;
}

static void
compare(const struct oracle_settings *settings, const struct oracle_question *question,
        struct oracle_answer *answer)
{
    const struct oracle_reference *reference = &question->reference;
    const struct oracle_gain *gain = &question->gain;
    answer->gain = real_max(gain->was_liquidatable ? 0 : gain->account, gain->feed);
    answer->has_reference = !decimal_is_none(reference->price);
    if (!answer->has_reference)
        return;
    double base = statistic_of(reference->price);
    answer->deviation = log_ratio(answer->aggregate.price, base);
    answer->bound = deviation_bound(statistic_of(settings->deviation_z), question->volatility,
                                    reference->window_s, reference->gap_s,
                                    answer->aggregate.confidence_rate);
    answer->confirming_count = count_confirming(question, base, answer);
    answer->push = depth_push_cost(question->depth, answer->aggregate.price, answer->deviation);
    answer->has_cost = answer->push.venues_count > 0;
}

static void
reject(struct oracle_answer *answer, enum oracle_reason reason)
{
    answer->verdict = ORACLE_REJECT;
    answer->reason = reason;
}

static void
accept(struct oracle_answer *answer, enum oracle_reason reason, struct decimal slice_rate)
{
    answer->verdict = ORACLE_ACCEPT;
    answer->reason = reason;
    answer->slice_rate = slice_rate;
}

/* For so many seconds, rounded up; at least one. */
static void
defer(struct oracle_answer *answer, enum oracle_reason reason, double wait_s)
{
    int64_t whole = (int64_t)wait_s;
    answer->verdict = ORACLE_DEFER;
    answer->reason = reason;
    answer->retry_after_s = whole + ((double)whole < wait_s);
    if (answer->retry_after_s < 1)
        answer->retry_after_s = 1;
}

/* safety * gain > cost, where both are known. */
static bool
attack_pays(const struct oracle_settings *settings, const struct oracle_answer *answer)
{
    return answer->has_cost &&
           answer->gain * statistic_of(settings->safety_factor) > answer->push.cost;
}

static struct decimal
slice_in_a_crash(const struct oracle_settings *settings, const struct oracle_answer *answer)
{
    static const struct decimal millionth = DECIMAL_MICRO_OF(1);
    double rate = answer->bound / real_abs(answer->deviation);
    struct decimal slice = decimal_zero;
    if (attack_pays(settings, answer))
        rate = real_min(rate, answer->push.cost /
                              (answer->gain * statistic_of(settings->safety_factor)));
    if (!decimal_of_rate(rate, millionth, ROUND_DOWN, &slice) ||
        decimal_compare(slice, settings->slice_floor_rate) < 0)
        return settings->slice_floor_rate;
    return slice;
}

/* When a window that takes in the price at an even pace has reached the trigger. */
static double
wait_for_trigger(const struct oracle_question *question, const struct oracle_answer *answer)
{
    struct decimal trigger = question->gain.trigger_price;
    double part;
    if (decimal_is_none(trigger) || decimal_sign(trigger) <= 0)
        return question->reference.window_s;
    part = log_ratio(trigger, statistic_of(question->reference.price)) / answer->deviation;
    return part > 0 && part < 1 ? question->reference.window_s * part
                                : question->reference.window_s;
}

/* Of a price that stands: the quorum is met and there is something to compare with. */
static void
judge_price(const struct oracle_settings *settings, const struct oracle_question *question,
            struct oracle_answer *answer)
{
    double distance = real_abs(answer->deviation);
    bool is_confirmed = answer->confirming_count >= (size_t)settings->quorum;
    if (distance > answer->bound && is_confirmed)
        accept(answer, ORACLE_CONFIRMED_DEVIATION, slice_in_a_crash(settings, answer));
    else if (distance > answer->bound)
        defer(answer, ORACLE_UNCONFIRMED_DEVIATION,
              question->reference.window_s * (1 - answer->bound / distance));
    else if (attack_pays(settings, answer))
        defer(answer, ORACLE_ATTACK_PAYS, wait_for_trigger(question, answer));
    else
        accept(answer, ORACLE_USUAL, decimal_one);
}

void
oracle_judge(const struct oracle_settings *settings, const struct oracle_question *question,
             struct oracle_answer *answer)
{
    const struct aggregate *aggregate = &answer->aggregate;
    size_t quorum = (size_t)settings->quorum;
    *answer = (struct oracle_answer){ .slice_rate = decimal_zero };
    oracle_aggregate(settings, question->reports, question->reports_count, question->volatility,
                     question->now, &answer->aggregate);
    if (aggregate->used_count + aggregate->stale_count < quorum) {
        reject(answer, ORACLE_NO_QUORUM);
        return;
    }
    if (aggregate->used_count < quorum) {
        reject(answer, ORACLE_STALE);
        return;
    }
    compare(settings, question, answer);
    if (question->sequencer_down)
        defer(answer, ORACLE_SEQUENCER_DOWN, (double)settings->retry_s);
    else if (!answer->has_reference)
        accept(answer, ORACLE_NO_HISTORY, decimal_one);
    else
        judge_price(settings, question, answer);
}
