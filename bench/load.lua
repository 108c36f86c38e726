-- For wrk, by bench/goals.py: posts the file named by BENCH_BODY to BENCH_PATH again and again, and
-- prints the line that preview.lua prints.
dofile("bench/preview.lua")
wrk.path = os.getenv("BENCH_PATH")
wrk.body = assert(io.open(os.getenv("BENCH_BODY"), "rb")):read("*a")
local key = os.getenv("BENCH_KEY")
if key then wrk.headers["Authorization"] = "Bearer " .. key end
