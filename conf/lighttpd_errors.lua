-- lighttpd_errors.lua: gives lighttpd's own error pages, of server.errorfile-prefix, their header lines.
-- mod_magnet runs this on each answer. What a program or a back end answers stays as it is.
local r = lighty.r
local status = r.req_item.http_status

if status >= 400 and r.req_attr["physical.path"]:sub(-9) == "/" .. status .. ".html" then
	local lines = r.resp_header

	lines["Content-Type"] = "text/html; charset=utf-8"
	if status == 503 then
		lines["Retry-After"] = "1"
	end
	lines["Cache-Control"] = "no-store"
	lines["X-Content-Type-Options"] = "nosniff"
	lines["Referrer-Policy"] = "same-origin"
	-- the page has a style sheet, maybe a logo, and neither scripts nor forms
	lines["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; " ..
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
end
return 0
