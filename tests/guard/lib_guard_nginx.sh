# lib_guard_nginx.sh: the guard's snippets for a test's own nginx; sourced behind lib_guard.sh.

# guard_snippets: copies them to $dir/conf, with this test's socket and folder: nginx looks for included files
# beside its own. They count in nginx's http block.
guard_snippets() {
	mkdir "$dir/conf"
	cp "$src"/conf/gate_{guard*,errors_page,params} "$dir/conf/"
	sed -i "s#/run/gate/auth.sock#$dir/run/auth.sock#; s#/usr/share/gate/errors#$build/errors#
		s#include gate_#include $dir/conf/gate_#" "$dir"/conf/gate_*
	nginx_http="include $dir/conf/gate_guard_http;"
}
