/* An account's figures under the versions that are coming. */
#include <string.h>

#include "risk/effective.h"
#include "risk/edition.h"
#include "risk/figures.h"
#include "risk/liquidation_price.h"
#include "risk/question.h"

/* The rules of that version in today's state of the market. NULL: a figure does not fit. */
static const struct parameters *
rules_of(const struct parameters *parameters, const struct prospect *prospect,
         const struct question *question, struct effective_asset *assets)
{
    struct effective effective;

    if (!prospect->rules || !effective_differs(parameters, question->snapshot))
        return parameters;
    return effective_rules(parameters, question->snapshot, &question->account, prospect->rules,
                           assets, &effective);
}

static void
fill_price(const struct prospect *prospect, const struct position *position,
           const struct valuation *valuation, struct upcoming *out)
{
    struct liquidation_price rows[PRICES_OF_ASSET_MAX];
    const struct liquidation_price *row = rows;
    size_t count;
    int    asset = prospect->asset ? position_asset(position, prospect->asset)
                                   : POSITION_ASSET_NONE;

    out->liquidation_price_reason = REASON_NO_POSITION;
    if (asset == POSITION_ASSET_NONE)
        return;
    out->liquidation_price_reason = REASON_OVERFLOW;
    if (!liquidation_price_of(position, valuation, (size_t)asset, rows, &count) || count == 0)
        return;
    for (size_t i = 0; i < count; i++)
        if (rows[i].direction == prospect->direction)
            row = &rows[i];
    out->liquidation_price        = row->price;
    out->liquidation_price_reason = row->price_reason;
}

static void
fill(const struct prospect *prospect, const struct edition *edition,
     const struct question *question, struct upcoming *out)
{
    struct effective_asset assets[ASSETS_MAX];
    struct position        position;
    struct valuation       valuation;
    struct faults          faults;
    const struct parameters *rules = rules_of(edition->parameters, prospect, question, assets);

    *out = (struct upcoming){
        .parameters_version = edition->version, .parameters_sha256 = edition->sha256,
        .active_at = edition->active_at, .full_at = edition_full_at(edition),
        .health_ratio = DECIMAL_NONE, .health_ratio_reason = REASON_OVERFLOW,
        .liquidation_price = DECIMAL_NONE, .liquidation_price_reason = REASON_OVERFLOW,
    };
    if (!rules)
        return;
    faults_open(&faults, 1);
    if (!position_open(rules, &question->account, question->state, out->full_at, &position,
                       &faults)) {
        out->health_ratio_reason = out->liquidation_price_reason = REASON_NOT_RECOGNISED;
        return;
    }
    if (!health_compute(&position, &valuation))
        return;
    out->health_ratio        = valuation.health.ratio;
    out->health_ratio_reason = valuation.health.ratio_reason;
    fill_price(prospect, &position, &valuation, out);
}

size_t
upcoming_fill(const struct prospect *prospect, const struct question *question,
              struct upcoming out[static UPCOMING_MAX])
{
    size_t count = 0;

    for (; count < prospect->count && count < UPCOMING_MAX; count++)
        fill(prospect, &prospect->editions[count], question, &out[count]);
    return count;
}
