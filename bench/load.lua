-- One load for wrk: PATCH or GET over many tasks in turn, so that no task has two requests on
-- their way. Arguments: method, path prefix, token, file with the task ids, number of threads.
local threads_made = 0

function setup(thread)
   thread:set("number", threads_made)
   threads_made = threads_made + 1
end

function init(args)
   method, prefix, wrk.headers["vmware-api-session-id"] = args[1], args[2], args[3]
   wrk.headers["Content-Type"] = "application/json"
   local threads, row = tonumber(args[5]), 0
   paths, turn, round = {}, 0, tonumber(args[6])
   for id in io.lines(args[4]) do
      if row % threads == number then paths[#paths + 1] = prefix .. id end
      row = row + 1
   end
end

local body = '{"spec":{"status":"RUNNING","percent_done":{"total":1000000000,"completed":%d,' ..
   '"message":{"id":"com.acme.backup.copied","default_message":"%d MiB of web-01 copied to the ' ..
   'archive, two more disks are waiting","args":["%d","web-01"],"params":[{"key":"done","value":' ..
   '{"i":%d}},{"key":"machine","value":{"s":"web-01"}}]}},"description":{"id":"com.acme.backup",' ..
   '"default_message":"Back up web-01","args":["web-01"]}}}'

function request()
   turn = turn + 1
   if turn > #paths then turn, round = 1, round + 1 end
   if method == "GET" then return wrk.format("GET", paths[turn]) end
   return wrk.format(method, paths[turn], nil, body:format(round, round, round, round))
end

function done(summary, latency, _)
   local errors = summary.errors
   io.write(string.format(
      '\n{"requests":%d,"seconds":%f,"p50_ms":%f,"p99_ms":%f,"max_ms":%f,"refused":%d,"broken":%d}\n',
      summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
      latency:percentile(99) / 1e3, latency.max / 1e3, errors.status,
      errors.connect + errors.read + errors.write + errors.timeout))
end
