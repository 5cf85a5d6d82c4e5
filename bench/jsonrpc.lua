-- One load for wrk: updates over JSON-RPC of many tasks in turn, so that no task has two requests
-- on their way. Arguments: token, file with the task ids, number of threads, first progress.
local threads = {}

function setup(thread)
   -- It is a global of the thread, so nothing here may be called the same.
   thread:set("number", #threads)
   threads[#threads + 1] = thread
end

function init(args)
   wrk.headers["vmware-api-session-id"] = args[1]
   wrk.headers["Content-Type"] = "application/json"
   wrk.headers["vapi-service"] = "com.vmware.vcenter.extension.tasks"
   wrk.headers["vapi-operation"] = "update"
   local of, row = tonumber(args[3]), 0
   ids, turn, round, refused = {}, 0, tonumber(args[4]), 0
   for id in io.lines(args[2]) do
      if row % of == number then ids[#ids + 1] = id end
      row = row + 1
   end
end

local message = '{"STRUCTURE":{"com.vmware.vapi.std.localizable_message":{"id":"%s",' ..
   '"default_message":"%s","args":[%s],"params":{"OPTIONAL":null},"localized":{"OPTIONAL":null}}}}'
local copied = message:format("com.acme.backup.copied", "%d MiB of web-01 copied to the archive, " ..
   "two more disks are waiting", '"%d","web-01"')
local backup = message:format("com.acme.backup", "Back up web-01", '"web-01"')
local body = '{"jsonrpc":"2.0","id":"1","method":"invoke","params":{"serviceId":' ..
   '"com.vmware.vcenter.extension.tasks","operationId":"update","input":{"STRUCTURE":' ..
   '{"operation-input":{"task_id":"%s","spec":{"STRUCTURE":' ..
   '{"com.vmware.vcenter.extension.tasks.update_spec":{"status":{"OPTIONAL":"RUNNING"},' ..
   '"percent_done":{"OPTIONAL":{"STRUCTURE":{"com.vmware.cis.task.progress":{"total":1000000000,' ..
   '"completed":%d,"message":' .. copied .. '}}}},"description":{"OPTIONAL":' .. backup .. '},' ..
   '"error":{"OPTIONAL":null},"result":{"OPTIONAL":null},"start_time":{"OPTIONAL":null},' ..
   '"end_time":{"OPTIONAL":null}}}}}}},"ctx":{"appCtx":{"opId":"bench"}}}}'

function request()
   turn = turn + 1
   if turn > #ids then turn, round = 1, round + 1 end
   return wrk.format("POST", "/api", nil, body:format(ids[turn], round, round, round))
end

function response(_, headers, text)
   if not text:find('"output":null', 1, true) then refused = refused + 1 end
end

function done(summary, latency, _)
   local errors, all = summary.errors, 0
   for _, thread in ipairs(threads) do all = all + thread:get("refused") end
   io.write(string.format(
      '\n{"requests":%d,"seconds":%f,"p50_ms":%f,"p99_ms":%f,"max_ms":%f,"refused":%d,"broken":%d}\n',
      summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
      latency:percentile(99) / 1e3, latency.max / 1e3, all + errors.status,
      errors.connect + errors.read + errors.write + errors.timeout))
end
