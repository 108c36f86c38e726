/* An account in trouble and its market, as the parts of risk/ that judge it meet them. */
#ifndef TESTS_PLIGHT_H
#define TESTS_PLIGHT_H

#include "risk/situation.h"
#include "risk/suggest.h"
#include "tests/scene.h"

struct plight {
    struct scene        scene;
    struct situation    situation;
    struct figures      figures;
    struct figures_room room;
};

/* `main`: the asset whose price decides. text.prices may go on after its brace with further members
 * of the state ("{...},'volatility':{...}"). The horizon is the document's. Fails the test where
 * something is not accepted. */
struct plight *plight_open(struct scene_text text, const char *main);
void plight_close(struct plight *plight);

/* Fills the suggestions; cost NULL: not known. */
void plight_suggest(struct plight *plight, const struct cost_of_liquidation *cost);

/* The first of that action (of that asset; NULL: any); NULL: there is none. */
const struct suggestion *plight_find(const struct plight *plight, enum action action,
                                     const char *asset);

#endif
