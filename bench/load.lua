-- For wrk, by bench/goals.py: posts the file named by BENCH_BODY to BENCH_PATH again and again, and
-- prints the line that preview.lua prints. Where the file says COUNTED, each request says a number
-- of its own; else no line of Lua runs per request.
dofile("bench/preview.lua")
wrk.path = os.getenv("BENCH_PATH")
wrk.body = assert(io.open(os.getenv("BENCH_BODY"), "rb")):read("*a")
local key = os.getenv("BENCH_KEY")
if key then wrk.headers["Authorization"] = "Bearer " .. key end

local first, last = wrk.body:find("COUNTED", 1, true)
if first then
    local before, after = wrk.body:sub(1, first - 1), wrk.body:sub(last + 1)
    local threads = 0

    function setup(thread)
        threads = threads + 1
        thread:set("count", threads * 100000000 + os.time() % 50 * 1000000)
    end

    function request()
        count = count + 1
        return wrk.format(nil, nil, nil, before .. count .. after)
    end
end
