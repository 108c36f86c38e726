-- For wrk: previews of accounts that differ, each in a state of its own, and a line that says how many.

local body = '{"market":"eth-usd","account":{"id":"acct-%d","collateral":[{"asset":"ETH","quantity":"10"}],'
    .. '"debt":[{"asset":"USDC","quantity":"%d"}]},"state":{"prices":{"ETH":"%.4f","USDC":"1"},'
    .. '"volatility":{"ETH":"0.8"},"depth":{"ETH":[{"venue":"desk","kind":"quoted",'
    .. '"notional":"500000","slippage_rate":"0.01"}]}}}'
local threads = 0

function setup(thread)
    thread:set("first", threads * 10000000)
    threads = threads + 1
end

function init()
    count = first
end

function request()
    count = count + 1
    return wrk.format("POST", "/v1/previews", { ["Content-Type"] = "application/json" },
        string.format(body, count, 8000 + count % 9000, 1990 + count % 200000 * 0.0001))
end
