/* Building situations for tests. */
#include "tests/plight.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "risk/liquidation_price.h"

struct plight *
plight_open(struct scene_text text, const char *main)
{
    struct plight *plight = malloc(sizeof *plight);
    struct situation *situation = &plight->situation;
    struct figures *figures = &plight->figures;

    ck_assert_ptr_nonnull(plight);
    scene_open(&plight->scene, text);
    figures_open(figures, &plight->room);
    ck_assert(liquidation_prices(&plight->scene.position, &plight->scene.valuation,
                                 figures->liquidation_prices, &figures->liquidation_prices_count));
    *situation = (struct situation){
        .parameters = &plight->scene.parameters,
        .state = &plight->scene.state,
        .account = &plight->scene.account,
        .horizon_s = plight->scene.parameters.suggestions.horizon_s,
        .now = plight->scene.position,
        .valuation_now = plight->scene.valuation,
        .at = AT_MARK,
        .main_asset = position_asset(&plight->scene.position, main),
    };
    for (size_t i = figures->liquidation_prices_count; i > 0; i--)
        if (!strcmp(figures->liquidation_prices[i - 1].asset, main))
            situation->main = &figures->liquidation_prices[i - 1];
    return plight;
}

void
plight_close(struct plight *plight)
{
    scene_close(&plight->scene);
    free(plight);
}

void
plight_suggest(struct plight *plight, const struct cost_of_liquidation *cost)
{
    ck_assert(suggestions_fill(&plight->situation, cost, &plight->figures, &plight->room));
}

const struct suggestion *
plight_find(const struct plight *plight, enum action action, const char *asset)
{
    for (size_t i = 0; i < plight->figures.suggestions_count; i++) {
        const struct suggestion *suggestion = &plight->figures.suggestions[i];
        if (suggestion->action == (int)action &&
            (!asset || (suggestion->asset && !strcmp(suggestion->asset, asset))))
            return suggestion;
    }
    return NULL;
}
