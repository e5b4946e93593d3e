-- wrk sends the ready-made requests of the file named by $REQUESTS, each once: six digits of length, then the request.
-- Its result is one line of JSON.

local file
times_over = 0

function init()
  file = assert(io.open(os.getenv("REQUESTS"), "rb"))
end

function request()
  local length = file:read(6)
  if not length then
    -- From here on every webhook is a duplicate: the result tells, and the run does not count.
    times_over = times_over + 1
    file:seek("set", 0)
    length = file:read(6)
  end
  return file:read(tonumber(length))
end

local thread

function setup(only_one)
  thread = only_one
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%.6f,"p50_ms":%.3f,"p99_ms":%.3f,"refused":%d,"broken":%d,"times_over":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout, thread:get("times_over")))
end
