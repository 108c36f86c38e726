// From an account and a state to its health, liquidation prices, liquidation and penalty.
'use strict';

// Sums and products here have at most 120 digits, so that they are exact. A quotient is cut twice
// in one direction, which is as good as once.
const { Decimal: Default } = require('decimal.js');
const Decimal = Default.clone({ precision: 120, toExpNeg: -40, toExpPos: 60 });
const { ROUND_DOWN, ROUND_UP } = Decimal;
const Down = Decimal.clone({ precision: 60, rounding: ROUND_DOWN });
const Up = Decimal.clone({ precision: 60, rounding: ROUND_UP });
const ZERO = new Decimal(0);
const ONE = new Decimal(1);

class Refused extends Error {}

const floor = (value, places) => value.toDecimalPlaces(places, ROUND_DOWN);
const ceil = (value, places) => value.toDecimalPlaces(places, ROUND_UP);
const divideDown = (a, b, places) => new Decimal(floor(Down.div(a, b), places));
const divideUp = (a, b, places) => new Decimal(ceil(Up.div(a, b), places));
const text = value => value === null ? null : value.toString();

function open(market, state, legs) {
    return (legs || []).map(leg => {
        const rules = market.assets[leg.asset];
        if (!rules || !Object.hasOwn(state.prices, leg.asset))
            throw new Refused(`unknown asset, or one without a price: ${leg.asset}`);
        return {
            asset: leg.asset, quantity: new Decimal(leg.quantity), rules,
            price: new Decimal(state.prices[leg.asset]), value: ZERO, weighed: ZERO,
        };
    });
}

function readSide(rows, sign) {
    const levels = rows.map(
        ([price, size]) => ({ price: new Decimal(price), size: new Decimal(size) }));
    for (let i = 1; i < levels.length; i++)
        if (levels[i].price.cmp(levels[i - 1].price) * sign < 0)
            throw new Refused('bids descend, asks ascend');
    return levels;
}

function readVenues(venues) {
    const names = new Set(venues.map(venue => venue.venue));
    if (names.size < venues.length)
        throw new Refused('two venues of one name');
    return venues.map(venue => {
        const bids = readSide(venue.bids, -1);
        const asks = readSide(venue.asks, 1);
        if (bids.length && asks.length && bids[0].price.gte(asks[0].price))
            throw new Refused('crossed book');
        return { venue: venue.venue, keep: ONE.minus(venue.fee_rate), bids };
    });
}

function reprice(position, asset, price) {
    for (const leg of [...position.collateral, ...position.debt])
        if (leg.asset === asset)
            leg.price = price;
}

// Collateral down, debt up, to the quote's unit; weighted to 18 places.
function healthOf(market, position) {
    let collateral = ZERO, support = ZERO, debt = ZERO;
    for (const leg of position.collateral) {
        leg.value = floor(leg.quantity.times(leg.price), market.quote_places);
        leg.weighed = floor(leg.value.times(leg.rules.threshold), 18);
        collateral = collateral.plus(leg.value);
        support = support.plus(leg.weighed);
    }
    for (const leg of position.debt) {
        leg.value = leg.weighed = ceil(leg.quantity.times(leg.price), market.quote_places);
        debt = debt.plus(leg.value);
    }
    const isOwed = !debt.isZero();
    return {
        status: isOwed && support.lt(debt) ? 'liquidatable' : 'healthy',
        ratio: isOwed ? divideDown(support, debt, 18) : null,
        support, requirement: debt, collateral, debt, equity: collateral.minus(debt),
        ltv: collateral.isZero() ? null : divideUp(debt, collateral, 18),
    };
}

// support - requirement = base - fall P, as the price P of one asset moves.
function lineOf(position, asset) {
    let base = ZERO, fall = ZERO;
    for (const leg of position.collateral)
        if (leg.asset === asset)
            fall = fall.minus(leg.quantity.times(leg.rules.threshold));
        else
            base = base.plus(leg.weighed);
    for (const leg of position.debt)
        if (leg.asset === asset)
            fall = fall.plus(leg.quantity);
        else
            base = base.minus(leg.weighed);
    return { base, fall };
}

// Liquidated below base / fall, rounded up, or above it, rounded down.
function liquidationPrice(position, leg, health) {
    const { base, fall } = lineOf(position, leg.asset);
    const places = leg.rules.price_unit_places;
    const row = { asset: leg.asset, direction: null, price: null, price_reason: null };

    if (base.lt(0) && fall.lt(0)) {
        row.direction = 'below';
        row.price = divideUp(base.neg(), fall.neg(), places);
    } else if (base.gt(0) && fall.gt(0)) {
        row.direction = 'above';
        row.price = divideDown(base, fall, places);
    }
    if (health.requirement.isZero())
        row.price_reason = 'no_debt';
    else if (health.status === 'liquidatable')
        row.price_reason = 'already_liquidatable';
    else if (!row.price)
        row.price_reason = 'never';
    return row;
}

// Each asset once, in the account's order.
function assetsOf(position) {
    const found = new Map();
    for (const leg of [...position.collateral, ...position.debt])
        if (!found.has(leg.asset))
            found.set(leg.asset, leg);
    return [...found.values()];
}

// Value times volatility: what the account depends on most.
function weightOf(position, asset, state) {
    let net = ZERO;
    for (const leg of position.collateral)
        if (leg.asset === asset)
            net = net.plus(leg.quantity);
    for (const leg of position.debt)
        if (leg.asset === asset)
            net = net.minus(leg.quantity);
    const volatility = Number((state.volatility || {})[asset] || 0);
    return Math.abs(net.toNumber() * Number(state.prices[asset])) * Math.max(volatility, 1e-3);
}

function mainRow(position, state, rows) {
    let main = null, best = -1;
    for (const row of rows) {
        const weight = weightOf(position, row.asset, state);
        const wasPriced = main && main.price;
        if (wasPriced && !row.price)
            continue;
        if (weight > best || (row.price && !wasPriced)) {
            best = weight;
            main = row;
        }
    }
    return main;
}

const largest = legs => legs.reduce(
    (best, leg) => !best || best.value.lt(leg.value) ? leg : best, null);

// The best net price first, then the first venue; paid at the price that the books have moved to.
function walk(venues, quantity, from, to, places) {
    const stops = venues.map(venue => ({
        next: 0, taken: ZERO, gross: ZERO,
        net: venue.bids.length ? venue.bids[0].price.times(venue.keep) : null,
    }));
    const fills = [];
    let left = quantity, filled = ZERO, proceeds = ZERO;

    while (left.gt(0)) {
        const best = stops.reduce((found, stop, i) =>
            stop.net && (found < 0 || stop.net.gt(stops[found].net)) ? i : found, -1);
        if (best < 0)
            break;
        const stop = stops[best];
        const { bids, keep } = venues[best];
        const { price, size: offered } = bids[stop.next++];
        const size = offered.lt(left) ? offered : left;
        stop.taken = stop.taken.plus(size);
        stop.gross = stop.gross.plus(price.times(size));
        stop.net = stop.next < bids.length ? bids[stop.next].price.times(keep) : null;
        left = left.minus(size);
    }
    venues.forEach((venue, i) => {
        const { taken, gross } = stops[i];
        if (taken.isZero())
            return;
        const brought = divideDown(gross.times(venue.keep).times(to), from, places);
        fills.push({ venue: venue.venue, quantity: text(taken), proceeds: text(brought) });
        filled = filled.plus(taken);
        proceeds = proceeds.plus(brought);
    });
    return { fills, filled, proceeds };
}

// What may be repaid, at most `most`, and what that seizes.
function settle(collateral, debt, most, multiplier) {
    const paid = debt.price.times(multiplier);
    const seize = divideDown(most.times(paid), collateral.price, collateral.rules.unit_places);
    if (seize.lte(collateral.quantity))
        return { repay: most, seize, isCut: false };
    const worth = collateral.quantity.times(collateral.price);
    const repay = divideUp(worth, paid, debt.rules.unit_places);
    return { repay: repay.lt(most) ? repay : most, seize: collateral.quantity, isCut: true };
}

function badDebt(market, position, collateral, debt, { repay, seize }) {
    if (position.collateral.some(leg => leg.quantity.gt(leg === collateral ? seize : ZERO)))
        return ZERO;
    return position.debt.reduce((sum, leg) => {
        const left = leg === debt ? leg.quantity.minus(repay) : leg.quantity;
        return sum.plus(ceil(left.times(leg.price), market.quote_places));
    }, ZERO);
}

// All of the largest debt for the largest collateral, as far as that and the depth go.
function liquidate(market, position, state, depth, at) {
    const collateral = largest(position.collateral);
    const debt = largest(position.debt);
    const none = { at, reason: null, collateral: null, debt: null, repay: null, seize: null,
        limited_by: null, bad_debt: null, average_price: null, slippage_rate: null, unfilled: null,
        fills: [] };
    const free = { rate: null, amount: null };

    if (!debt || debt.quantity.isZero())
        return { liquidation: { ...none, reason: 'no_debt' }, penalty: free };
    if (!collateral)
        return {
            liquidation: { ...none, reason: 'no_collateral', debt: debt.asset, repay: '0',
                seize: '0', limited_by: 'collateral',
                bad_debt: text(badDebt(market, position, null, null, {})) },
            penalty: { ...free, amount: '0' },
        };
    const places = market.quote_places;
    const multiplier = ONE.plus(collateral.rules.penalty_rate);
    const venues = depth[collateral.asset] || [];
    const from = new Decimal(state.prices[collateral.asset]);
    let limitedBy = 'debt', beyond = ZERO;
    let deal = settle(collateral, debt, debt.quantity, multiplier);
    let walked = walk(venues, deal.seize, from, collateral.price, places);

    if (venues.length && walked.filled.lt(deal.seize)) {
        beyond = deal.seize.minus(walked.filled);
        const paid = divideDown(walked.filled.times(collateral.price), debt.price.times(multiplier),
            debt.rules.unit_places);
        limitedBy = 'depth';
        deal = settle(collateral, debt, paid.lt(debt.quantity) ? paid : debt.quantity, multiplier);
        walked = walk(venues, deal.seize, from, collateral.price, places);
    }
    const { repay, seize, isCut } = deal;
    const { fills, filled, proceeds } = walked;
    const unfilled = seize.minus(filled);
    const bonus = seize.minus(divideDown(seize, multiplier, collateral.rules.unit_places));
    const isSold = filled.gt(0);
    return {
        liquidation: {
            at, reason: null, collateral: collateral.asset, debt: debt.asset, repay: text(repay),
            seize: text(seize),
            limited_by: isCut ? 'collateral' : limitedBy,
            bad_debt: text(badDebt(market, position, collateral, debt, deal)),
            average_price: isSold ? text(divideDown(proceeds, filled, 18)) : null,
            slippage_rate: isSold
                ? text(ONE.minus(divideDown(proceeds, filled.times(collateral.price), 18))) : null,
            unfilled: venues.length ? text(unfilled.gt(beyond) ? unfilled : beyond) : null, fills,
        },
        penalty: { rate: collateral.rules.penalty_rate,
            amount: text(ceil(bonus.times(collateral.price), places)) },
    };
}

function compute(market, { account, state, at }) {
    const position = {
        collateral: open(market, state, account.collateral),
        debt: open(market, state, account.debt),
    };
    const depth = {};
    for (const [asset, venues] of Object.entries(state.depth || {}))
        depth[asset] = readVenues(venues);
    const health = healthOf(market, position);
    const rows = assetsOf(position).map(leg => liquidationPrice(position, leg, health));
    const main = mainRow(position, state, rows);
    const isMoved = at !== 'mark' && main && main.price && health.status !== 'liquidatable';
    if (isMoved) {
        reprice(position, main.asset, main.price);
        healthOf(market, position);
    }
    return {
        health: Object.fromEntries(Object.entries(health).map(
            ([name, value]) => [name, value instanceof Decimal ? text(value) : value])),
        liquidation_prices: rows.map(row => ({ ...row, price: row.price && text(row.price) })),
        ...liquidate(market, position, state, depth, isMoved ? 'trigger' : 'mark'),
    };
}

module.exports = { compute, Refused };
