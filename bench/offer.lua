-- For wrk, by bench/overload.py: as load.lua, but each connection asks by its own clock, every
-- BENCH_PAUSE_MS, whatever the answer was.
dofile("bench/load.lua")
local pause_ms = tonumber(os.getenv("BENCH_PAUSE_MS"))
function delay() return pause_ms / 2 + math.random(0, pause_ms) end
