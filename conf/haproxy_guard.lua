-- haproxy_guard.lua: asks gate's guard before HAProxy (2.6 or later) hands a request to a back end, through the
-- server of gate_guard_forward. haproxy_guard.cfg says how to use it. HAProxy goes on if a script fails: so
-- the action must be followed by the line that denies whom the variable txn.gate_passes does not let in.
local guard = "http://127.0.0.1:9080/"
local timeout = 15000 -- milliseconds; nginx gives up before

-- what the guard wants to know of a visitor's headers; all others stay here
local asked = {
	"cookie", "accept", "user-agent", "origin", "sec-fetch-mode", "access-control-request-method"
}
-- what the back end gets, from the guard alone
local told = {["remote-user"] = true, ["remote-groups"] = true, ["remote-name"] = true, ["remote-email"] = true}
-- what belongs to one connection, or what HAProxy writes itself
local own = {
	["connection"] = true, ["keep-alive"] = true, ["transfer-encoding"] = true, ["content-length"] = true,
	["date"] = true, ["server"] = true
}

local function question(txn)
	local headers = {}
	local sent = txn.http:req_get_headers()

	for _, name in ipairs(asked) do
		if sent[name] then
			headers[name] = {}
			for _, value in pairs(sent[name]) do
				table.insert(headers[name], value)
			end
		end
	end
	headers["x-forwarded-for"] = {txn.f:src()}
	headers["x-forwarded-proto"] = {txn.f:ssl_fc() == 1 and "https" or "http"}
	headers["x-forwarded-method"] = {txn.f:method()}
	headers["x-forwarded-uri"] = {txn.f:pathq()}
	return headers
end

local function first(headers, name)
	for _, value in pairs(headers[name] or {}) do
		return value
	end
end

-- A header of the visitor's that a back end may take for one of the guard's goes, in any spelling.
local function pass(txn, headers)
	for name in pairs(txn.http:req_get_headers()) do
		if told[(name:lower():gsub("[^a-z0-9]", "-"))] then
			txn.http:req_del_header(name)
		end
	end
	for name in pairs(told) do
		txn.http:req_set_header(name, first(headers, name) or "")
	end
	-- a cookie that is due, and what then no cache may keep
	if headers["set-cookie"] then
		txn:set_var("txn.gate_cookie", first(headers, "set-cookie"))
		txn:set_var("txn.gate_cache", first(headers, "cache-control") or "private, no-store")
	end
	-- where the back end says nothing of caches: what is guarded is for this visitor; no cache on the way may keep
	-- it, the browser asks again before it shows a file, and keeps no page
	local opens_page = first(txn.http:req_get_headers(), "sec-fetch-mode") == "navigate"
	txn:set_var("txn.gate_kept", opens_page and "private, no-store" or "private, no-cache")
	txn:set_var("txn.gate_passes", true)
end

local function refuse(txn, answer)
	local reply = txn:reply{status = answer.status, reason = answer.reason, body = answer.body}

	for name, values in pairs(answer.headers) do
		for _, value in pairs(own[name] and {} or values) do
			reply:add_header(name, value)
		end
	end
	txn:done(reply)
end

local refusals = {[302] = true, [303] = true, [401] = true, [403] = true, [503] = true}

local function gate_guard(txn, word)
	local answer = core.httpclient():get{url = guard .. word, headers = question(txn), timeout = timeout}

	if answer.status == 200 then
		pass(txn, answer.headers)
	elseif refusals[answer.status] then
		refuse(txn, answer)
	end
end

core.register_action("gate_guard", {"http-req"}, gate_guard, 1)
