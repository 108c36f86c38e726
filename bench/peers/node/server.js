// The peers' work with Fastify, pg and decimal.js: an account and the depth of its assets in, its
// health, liquidation price, liquidation and penalty out, recorded in PostgreSQL first.
//
// usage: node server.js PORT CONNECTION MARKET.json PROCESSES; ends with its standard input.
'use strict';

const cluster = require('node:cluster');
const fs = require('node:fs');
const fastify = require('fastify');
const { Pool } = require('pg');
const { compute, Refused } = require('./compute');
const { question, answer, refusal } = require('./schemas');

const BODY_BYTES_MAX = 1 << 20;
const [port, connection, marketFile, processes] = process.argv.slice(2);

function options() {
    const found = Object.fromEntries(connection.split(' ').map(word => word.split('=')));
    return { host: found.host, user: found.user, database: found.dbname,
        max: Number(found.pool_max_conns) };
}

function serve() {
    const market = JSON.parse(fs.readFileSync(marketFile));
    const pool = new Pool(options());
    const strict = { removeAdditional: false, coerceTypes: false, useDefaults: false };
    const app = fastify({ bodyLimit: BODY_BYTES_MAX, ajv: { customOptions: strict } });

    app.setErrorHandler((error, request, reply) => {
        const status = error instanceof Refused ? 422 : error.statusCode || 503;
        reply.code(status).type('application/problem+json').send({ status, detail: error.message });
    });
    app.post('/v1/penalties', {
        schema: { body: question, response: { 201: answer, '4xx': refusal, '5xx': refusal } },
    }, async (request, reply) => {
        const said = compute(market, request.body);
        // Whose account it is and what was said, but not the depth, which is most of it.
        const record = JSON.stringify({ account: request.body.account, answer: said });
        const result = await pool.query({
            name: 'insert', text: 'INSERT INTO decisions (record) VALUES ($1) RETURNING id',
            values: [record],
        });
        said.decision = Number(result.rows[0].id);
        reply.code(201).header('Location', `/v1/decisions/${said.decision}`);
        return said;
    });
    app.listen({ host: '127.0.0.1', port: Number(port) });
}

if (cluster.isPrimary) {
    for (let i = 0; i < Number(processes); i++)
        cluster.fork();
    cluster.on('exit', () => process.exit(1));
    process.stdin.resume().on('end', () => process.exit(0));
} else {
    serve();
}
