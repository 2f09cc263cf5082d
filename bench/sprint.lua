-- Sends each request of a file once, and ends when all are answered. A line of the file: path, cookie, body, by tabs.
-- Tells at the end what happened as one line of JSON: seconds from the first request to the last answer, and how often
-- each status came. `wrk` itself knows no number of requests, only a time.

local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long sec; long nsec; } moment;
  int clock_gettime(int clock, moment *now);
]]
local moment = ffi.new("moment")
local requests, claimed, turn, answered, began, statuses = {}, 0, 0, 0, nil, {}
local tried = false -- wrk asks for one request before it begins, to look at it

local function now()
  ffi.C.clock_gettime(1, moment)
  return tonumber(moment.sec) + tonumber(moment.nsec) / 1e9
end

function init(args)
  for line in io.lines(args[1]) do
    local path, cookie, body = line:match("^([^\t]*)\t([^\t]*)\t(.*)$")
    requests[#requests + 1] = wrk.format("POST", path, {
      ["Cookie"] = cookie,
      ["Content-Type"] = "application/x-www-form-urlencoded",
      ["Origin"] = args[2],
      ["X-Forwarded-Proto"] = "https",
      ["Host"] = wrk.headers["Host"],
    }, body)
  end
end

function delay() -- before each request of a connection, and some time before it is made: whoever may go on claims one
  if claimed == #requests then return 3600000 end -- all are under way: ask nothing more
  claimed = claimed + 1
  return 0
end

function request()
  if not tried then
    tried = true
    return requests[1]
  end
  began = began or now()
  turn = turn + 1
  return requests[turn]
end

function response(status)
  answered = answered + 1
  statuses[status] = (statuses[status] or 0) + 1
  if answered < #requests then return end
  local seconds, counts = now() - began, {}
  for code, count in pairs(statuses) do counts[#counts + 1] = string.format('"%d": %d', code, count) end
  io.write(string.format('RESULT {"seconds": %.6f, "statuses": {%s}}\n', seconds, table.concat(counts, ", ")))
  io.flush()
  os.exit(0)
end
