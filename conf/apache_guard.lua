-- apache_guard.lua: asks gate's guard on its unix socket before Apache serves a place; for mod_lua, by
-- apache_guard_socket.conf. It needs Debian's package lua-socket. Apache goes on if a hook returns no number, so
-- this one always returns one.
local unix = require "socket.unix"

local path = "/run/gate/auth.sock"
local timeout = 10        -- seconds, for each step
local answer_max = 65536  -- bytes of an answer

-- the types of FastCGI's records that are needed here
local BEGIN_REQUEST, END_REQUEST, PARAMS, STDOUT = 1, 3, 4, 6
local AUTHORIZER = "\0\2\0\0\0\0\0\0" -- and the connection is closed after it

-- what the guard wants to know of a visitor's headers; all others stay here
local asked = {
	"Host", "Cookie", "Accept", "User-Agent", "Origin", "Sec-Fetch-Mode", "Access-Control-Request-Method",
	"X-Forwarded-For", "X-Forwarded-Proto"
}
-- what else the place's configuration may say, as variables
local settings = {"GATE_REQUIRE", "GATE_TOUCH", "GATE_PREFLIGHT", "GATE_PEER"}
local identity = {"GATE_USER", "GATE_GROUPS", "GATE_NAME", "GATE_EMAIL"}

local function record(kind, content)
	return string.pack(">BBI2I2BB", 1, kind, 1, #content, 0, 0) .. content
end

local function length(text)
	return #text < 128 and string.pack("B", #text) or string.pack(">I4", #text + 0x80000000)
end

local function parameters(r)
	local list = {}
	local function add(name, value)
		if value then
			list[#list + 1] = length(name) .. length(value) .. name .. value
		end
	end

	add("GATE_GUARD", "apache")
	for _, name in ipairs(settings) do
		add(name, r.subprocess_env[name])
	end
	add("REQUEST_METHOD", r.method)
	add("REQUEST_URI", r.the_request:match("^%S+ +(%S+)"))
	add("SERVER_PROTOCOL", r.protocol)
	add("SERVER_NAME", r.server_name)
	add("SERVER_PORT", tostring(r.port))
	add("REMOTE_ADDR", r.useragent_ip)
	add("HTTPS", r.is_https and "on" or nil)
	for _, name in ipairs(asked) do
		add("HTTP_" .. name:upper():gsub("-", "_"), r.headers_in[name])
	end
	return table.concat(list)
end

local function question(r)
	local content, records = parameters(r), {record(BEGIN_REQUEST, AUTHORIZER)}

	for at = 1, #content, 32768 do
		records[#records + 1] = record(PARAMS, content:sub(at, at + 32767))
	end
	records[#records + 1] = record(PARAMS, "")
	return table.concat(records)
end

-- Returns all that the guard writes, or nothing if it does not come to its end.
local function read(connection)
	local text = ""

	while #text <= answer_max do
		local head = connection:receive(8)
		if not head then
			return
		end
		local _, kind, _, size, padding = string.unpack(">BBI2I2B", head)
		local content = size + padding > 0 and connection:receive(size + padding) or ""
		if #content < size + padding then
			return
		elseif kind == STDOUT then
			text = text .. content:sub(1, size)
		elseif kind == END_REQUEST then
			return text
		end
	end
end

local function ask(r)
	local connection = unix.stream()
	connection:settimeout(timeout)
	local text = connection:connect(path) and connection:send(question(r)) and read(connection)
	connection:close()
	return text
end

-- Returns status, header lines by their names in lower case, and the body.
local function parse(text)
	local head, body = text:match("^(.-\r\n)\r\n(.*)$")
	local lines = {}

	for name, value in (head or ""):gmatch("([^:\r\n]+): *([^\r\n]*)\r\n") do
		lines[name:lower()] = value
	end
	return tonumber((lines["status"] or ""):match("^%d+")), lines, body
end

local function pass(r, lines)
	for _, name in ipairs(identity) do
		r.subprocess_env[name] = lines["variable-" .. name:lower()] or ""
	end
	if r.subprocess_env["GATE_USER"] ~= "" then
		r.user = r.subprocess_env["GATE_USER"]
	end
	-- a cookie that is due, and what then no cache may keep
	for _, name in ipairs({"Set-Cookie", "Cache-Control"}) do
		if lines[name:lower()] then
			r.err_headers_out[name] = lines[name:lower()]
		end
	end
	return apache2.OK
end

local refusals = {[302] = true, [303] = true, [401] = true, [403] = true, [503] = true}

local function refuse(r, status, lines, body)
	for name, value in pairs(lines) do
		if name ~= "status" and name ~= "content-type" and name ~= "content-length" then
			r.err_headers_out[name] = value
		end
	end
	-- the page itself says that it is UTF-8
	r.subprocess_env["suppress-error-charset"] = "1"
	if body ~= "" then
		r:custom_response(status, body)
	end
	return status
end

local function judge(r)
	local text = ask(r)
	local status, lines, body

	if text then
		status, lines, body = parse(text)
	end
	if status == 200 then
		return pass(r, lines)
	elseif refusals[status] then
		return refuse(r, status, lines, body)
	end
	r:err("the guard on " .. path .. " does not answer: nobody passes")
	return 503
end

function gate_guard(r)
	local good, status = pcall(judge, r)

	if good and math.type(status) == "integer" then
		return status
	end
	r:err("apache_guard.lua: " .. tostring(status))
	return 503
end
