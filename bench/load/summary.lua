-- The figures of a run as one line of JSON, after wrk's own report.
function done(summary, latency)
  local e = summary.errors
  print(string.format(
    '\n{"requests":%d,"microseconds":%d,"bytes":%d,"failed":%d,"refused":%d,"p50":%d,"p99":%d}',
    summary.requests, summary.duration, summary.bytes, e.connect + e.read + e.write + e.timeout, e.status,
    latency:percentile(50), latency:percentile(99)))
end
