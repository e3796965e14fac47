-- wrk: asks the paths of the file $PATHS by turns, $RATE of them a second whatever the answers take,
-- and prints what came of it as a line of JSON.
local ffi = require("ffi")
ffi.cdef("typedef struct { long seconds; long nanoseconds; } moment; int clock_gettime(int, moment *);")

local paths, turn, slot = {}, 0, nil
local interval = 1 / tonumber(os.getenv("RATE"))
local moment = ffi.new("moment")
local threads = {}
hits, misses, stale, refused, failed = 0, 0, 0, 0, 0

for path in io.lines(os.getenv("PATHS")) do
  paths[#paths + 1] = path
end

local function now()
  ffi.C.clock_gettime(1, moment)
  return tonumber(moment.seconds) + tonumber(moment.nanoseconds) / 1e9
end

function setup(thread)
  threads[#threads + 1] = thread
end

function init()
  wrk.headers["x-api-key"] = os.getenv("API_KEY")
end

function delay()
  local moment = now()
  slot = math.max((slot or moment) + interval, moment) -- what came too late is not made up for
  return (slot - moment) * 1000
end

function request()
  turn = turn % #paths + 1
  return wrk.format("GET", paths[turn])
end

function response(status, headers)
  local cached = headers["X-Cache"] or headers["x-cache"]
  if status == 200 and cached == "Hit" then hits = hits + 1 end
  if status == 200 and cached == "Miss" then misses = misses + 1 end
  if headers["Stale"] or headers["stale"] then stale = stale + 1 end
  if status == 429 then refused = refused + 1 elseif status ~= 200 then failed = failed + 1 end
end

function done(summary, latency)
  local thread = threads[1]
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.3f, "p50_ms": %.2f, "p95_ms": %.2f, "broken": %d, "hits": %d, '
      .. '"misses": %d, "stale": %d, "refused": %d, "failed": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(95) / 1e3,
    errors.connect + errors.read + errors.write + errors.timeout, thread:get("hits"),
    thread:get("misses"), thread:get("stale"), thread:get("refused"), thread:get("failed")
  ))
end
