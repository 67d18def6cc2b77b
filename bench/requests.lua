-- requests.lua - the requests of bench/run, made for wrk.
--
-- Arguments behind `--`: the kind of request, a file with tokens (one a line), a number to start
-- from, so that no two runs use the same seats or keys, the programme of bench/common.py, and
-- `hints` if the proxy shall be told the showtime. Who runs it counts, and stops before all seats
-- of a kind are sold.
local kind, tokens, start, hints
local users = {}
local count = 0

local function key(number)
  return string.format("%08x-%04x-4%03x-8%03x-%012x", math.floor(number / 65536) % 4294967296,
    number % 65536, os.time() % 4096, os.time() % 4096, number)
end

local SALE, SPREAD, SEATS, COLS

local function row_name(row)
  if row < 26 then return string.char(65 + row) end
  return "A" .. string.char(65 + row - 26)
end

local function seat(place)
  return row_name(math.floor(place / COLS)) .. (place % COLS + 1)
end

local function body(showtime, place)
  return string.format('{"showtime_id":"%024x","seats":["%s","%s"]}', showtime + 1, seat(place),
    seat(place + 1))
end

local function hold(showtime, place)
  wrk.headers["Authorization"] = "Bearer " .. users[count % #users + 1]
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["X-Idempotency-Key"] = key(start + count)
  if hints then wrk.headers["X-Showtime-Id"] = string.format("%024x", showtime + 1) end
  return wrk.format("POST", "/api/bookings/hold", nil, body(showtime, place))
end

local makers = {
  -- Two fresh seats a hold, one house after the other: what a sale looks like.
  fresh = function(number)
    local pair = number % (SALE * SEATS / 2)
    return hold(math.floor(pair * 2 / SEATS), pair * 2 % SEATS)
  end,
  -- The same, each hold in another house: as many turns as requests.
  spread = function(number)
    local pair = number % (SPREAD * SEATS / 2)
    return hold(SALE + pair % SPREAD, math.floor(pair / SPREAD) * 2 % SEATS)
  end,
  -- Seats that somebody has.
  taken = function() return hold(SALE + SPREAD, 0) end,
}

function init(arguments)
  kind, tokens, start = arguments[1], arguments[2], tonumber(arguments[3])
  SALE, SPREAD = tonumber(arguments[4]), tonumber(arguments[5])
  SEATS, COLS = tonumber(arguments[6]), tonumber(arguments[7])
  hints = arguments[8] == "hints"
  for line in io.lines(tokens) do users[#users + 1] = line end
end

function request()
  count = count + 1
  return makers[kind](start + count)
end
