-- wrk's side of a run: sends the bodies of a file one after the other, and writes what it saw as one line of JSON.
local requests, at = {}, 0

function init(arguments)
  local headers = { ["content-type"] = "application/json", ["accept"] = "application/json" }
  if arguments[2] ~= "-" then headers["authorization"] = "Bearer " .. arguments[2] end
  for body in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("POST", nil, headers, body)
  end
  at = tonumber(arguments[3]) % #requests
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    '{"requests": %d, "seconds": %.6f, "bytes": %d, "failures": %d, "p50_ms": %.4f, "p99_ms": %.4f}',
    summary.requests, summary.duration / 1e6, summary.bytes,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
