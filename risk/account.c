/* The account and a liquidator's wish, member by member. rules.md 1. */
#include "risk/account.h"

#define NOT_NEGATIVE .at_least = &decimal_zero
#define OPTIONAL     .optional = true

static const struct field leg_fields[] = {
    NAME_FIELD   (leg, asset),
    DECIMAL_FIELD(leg, quantity, NOT_NEGATIVE),
};
static const struct record leg_record = RECORD(leg, leg_fields);

static const struct field perp_fields[] = {
    NAME_FIELD   (perp, asset),
    DECIMAL_FIELD(perp, quantity),
    DECIMAL_FIELD(perp, entry_price, .above = &decimal_zero),
};
static const struct record perp_record = RECORD(perp, perp_fields);

static const struct field account_fields[] = {
    NAME_FIELD   (account, id, OPTIONAL),
    NAME_FIELD   (account, category, OPTIONAL),
    INTEGER_FIELD(account, opened_version, .min = 1, .max = INTEGER_MAX, OPTIONAL),
    DECIMAL_FIELD(account, cash, OPTIONAL, .initial = "0"),
    LIST_FIELD   (account, collateral, leg, .max = LEGS_MAX, OPTIONAL),
    LIST_FIELD   (account, debt, leg, .max = LEGS_MAX, OPTIONAL),
    LIST_FIELD   (account, perps, perp, .max = LEGS_MAX, OPTIONAL),
    LIST_FIELD   (account, wallet, leg, .max = LEGS_MAX, OPTIONAL),
};
const struct record account_record = RECORD(account, account_fields);

static const struct field liquidator_fields[] = {
    NAME_FIELD   (liquidator, collateral, OPTIONAL),
    NAME_FIELD   (liquidator, debt, OPTIONAL),
    DECIMAL_FIELD(liquidator, repay, NOT_NEGATIVE, OPTIONAL),
    DECIMAL_FIELD(liquidator, seize, NOT_NEGATIVE, OPTIONAL),
    NAME_FIELD   (liquidator, perp, OPTIONAL),
    DECIMAL_FIELD(liquidator, quantity, NOT_NEGATIVE, OPTIONAL),
    DECIMAL_FIELD(liquidator, fill_price, NOT_NEGATIVE, OPTIONAL),
    DECIMAL_FIELD(liquidator, buy_with, NOT_NEGATIVE, OPTIONAL),
};
const struct record liquidator_record = RECORD(liquidator, liquidator_fields);
