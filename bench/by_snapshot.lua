-- For wrk: posts a preview by the market's latest snapshot again and again, and prints the line that
-- preview.lua prints.
dofile("bench/preview.lua")
wrk.body = '{"market":"eth-usd","account":{"id":"acct-1",'
    .. '"collateral":[{"asset":"ETH","quantity":"10"}],"debt":[{"asset":"USDC","quantity":"12000"}],'
    .. '"wallet":[{"asset":"USDC","quantity":"2000"}]}}'
