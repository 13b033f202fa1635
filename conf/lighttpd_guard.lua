-- lighttpd_guard.lua: tells a back end behind lighttpd's proxy.server who it is. mod_magnet runs this
-- twice: before the guard was asked, and after it let the visitor in. What the visitor sent under these
-- names goes, in each spelling that a back end may take for the same. lighttpd sends no empty header.
local r = lighty.r
local names = {
	["Remote-User"] = "GATE_USER", ["Remote-Groups"] = "GATE_GROUPS",
	["Remote-Name"] = "GATE_NAME", ["Remote-Email"] = "GATE_EMAIL"
}
local taken, sent = {}, {}

for name in pairs(names) do
	taken[name:lower()] = true
end
for name in pairs(r.req_header) do
	if taken[name:lower():gsub("[^a-z0-9]", "-")] then
		sent[#sent + 1] = name
	end
end
for _, name in ipairs(sent) do
	r.req_header[name] = nil
end
for name, variable in pairs(names) do
	r.req_header[name] = r.req_env[variable] or ""
end
return 0
