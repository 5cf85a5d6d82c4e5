-- The load of load.lua with bodies of so many bytes: the text of the message is as long as it
-- takes. The further argument behind those of load.lua says how many.
dofile((debug.getinfo(1, "S").source:sub(2):match("(.*/)") or "") .. "load.lua")
local shared, said = init, ""
local body = '{"spec":{"percent_done":{"total":1000000000,"completed":%d,"message":' ..
   '{"id":"com.acme.copied","default_message":"%s","args":[]}}}}'

function init(args)
   local bare = #body:format(tonumber(args[6]), "")
   said = string.rep("x", tonumber(args[7]) - bare)
   shared(args)
end

function request()
   turn = turn + 1
   if turn > #paths then turn, round = 1, round + 1 end
   return wrk.format("PATCH", paths[turn], nil, body:format(round, said))
end
