-- For wrk: posts one preview again and again, with two venues of 50 levels a side, and prints a line
-- for bench/audited.sh: requests a second, p50 and p99 in milliseconds, the longest wait in
-- milliseconds, answers that were not 2xx, and connections that failed or timed out.

local levels = 50

local function side(first, step)
    local rows = {}
    for i = 0, levels - 1 do
        rows[i + 1] = string.format('["%.2f","%.4f"]', first + step * i, 0.5 + 0.137 * i)
    end
    return "[" .. table.concat(rows, ",") .. "]"
end

local function venue(name, spread)
    return string.format('{"venue":"%s","kind":"book","fee_rate":"0.001","bids":%s,"asks":%s}', name,
        side(2000 - spread, -0.25), side(2000 + spread, 0.25))
end

wrk.method = "POST"
wrk.path = "/v1/previews"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"market":"eth-usd","account":{"id":"acct-1",'
    .. '"collateral":[{"asset":"ETH","quantity":"10"}],"debt":[{"asset":"USDC","quantity":"12000"}],'
    .. '"wallet":[{"asset":"USDC","quantity":"2000"}]},'
    .. '"state":{"prices":{"ETH":"2000","USDC":"1"},"volatility":{"ETH":"0.8"},'
    .. '"depth":{"ETH":[' .. venue("one", 0.25) .. "," .. venue("two", 0.5) .. "]}}}"

function done(summary, latency)
    local errors = summary.errors
    print(string.format("measured %.0f %.2f %.2f %.1f %d %d",
        summary.requests / summary.duration * 1e6, latency:percentile(50) / 1e3,
        latency:percentile(99) / 1e3, latency.max / 1e3, errors.status,
        errors.connect + errors.read + errors.write + errors.timeout))
end
