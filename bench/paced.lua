-- The load of load.lua at a pace: each connection rests so many milliseconds before a request. The
-- further argument behind those of load.lua says how many.
dofile((debug.getinfo(1, "S").source:sub(2):match("(.*/)") or "") .. "load.lua")
local unpaced, rest = init, 0

function init(args)
   rest = tonumber(args[7])
   unpaced(args)
end

function delay()
   return rest
end
