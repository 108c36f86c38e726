// The request and the answer as JSON Schemas: Fastify checks the one and writes the other by them.
'use strict';

const decimal = { type: 'string', pattern: '^-?(0|[1-9][0-9]*)(\\.[0-9]{1,18})?$' };
const quantity = { type: 'string', pattern: '^(0|[1-9][0-9]*)(\\.[0-9]{1,18})?$' };
const positive = { type: 'string', pattern: '^(?!0(\\.0+)?$)(0|[1-9][0-9]*)(\\.[0-9]{1,18})?$' };
const name = { type: 'string', pattern: '^[A-Za-z0-9._:-]{1,64}$' };
const rate = { type: 'string', pattern: '^0(\\.[0-9]{1,18})?$' };

function record(properties, required) {
    return { type: 'object', properties, required, additionalProperties: false };
}

const legs = { type: 'array', items: record({ asset: name, quantity }, ['asset', 'quantity']) };
const level = { type: 'array', items: [positive, quantity], minItems: 2, maxItems: 2 };
const side = { type: 'array', items: level };
const venue = record(
    { venue: name, kind: { const: 'book' }, fee_rate: rate, bids: side, asks: side },
    ['venue', 'kind', 'fee_rate', 'bids', 'asks']);

exports.question = record({
    market: name,
    account: record({ id: name, collateral: legs, debt: legs, wallet: legs }, ['id']),
    state: record({
        prices: { type: 'object', additionalProperties: quantity },
        volatility: { type: 'object', additionalProperties: quantity },
        depth: { type: 'object', additionalProperties: { type: 'array', items: venue } },
    }, ['prices']),
    at: { enum: ['mark', 'trigger'] },
}, ['market', 'account', 'state']);

const figure = { type: 'string', nullable: true };
const word = { type: 'string', nullable: true };
const fill = record({ venue: word, quantity: decimal, proceeds: decimal });

exports.answer = record({
    decision: { type: 'integer' },
    health: record({ status: word, ratio: figure, support: decimal, requirement: decimal,
        collateral: decimal, debt: decimal, equity: decimal, ltv: figure }),
    liquidation_prices: { type: 'array', items: record({ asset: word, direction: word,
        price: figure, price_reason: word }) },
    liquidation: record({ at: word, reason: word, collateral: word, debt: word, repay: figure,
        seize: figure, limited_by: word, bad_debt: figure, average_price: figure,
        slippage_rate: figure, unfilled: figure,
        fills: { type: 'array', items: fill } }),
    penalty: record({ rate: figure, amount: figure }),
});
exports.refusal = record({ status: { type: 'integer' }, detail: { type: 'string' } });
