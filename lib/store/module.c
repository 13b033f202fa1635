/* store/module.c: stores of your own, from a shared object that the option store_module names. */
#include "config.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "store/module.h"

/* Returns 0 if only root and this process's user can have written the file, else -1 with the error
 * set: what is loaded runs with the rights of this process. */
static int
check_owner(const char *path, struct gate_error *error)
{
	struct stat st;

	if (*path != '/') /* the loader looks elsewhere for a name without a slash */
		return gate_fail(error, GATE_EOPTION, "store_module: %s is no absolute path", path);
	if (stat(path, &st) < 0)
		return gate_fail_errno(error, GATE_EOPTION, "store_module: %s", path);
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & 0022) != 0)
		return gate_fail(error, GATE_EOPTION,
		    "store_module: others can write to %s, which runs as this user: chown root it, "
		    "and chmod go-w",
		    path);
	return 0;
}

const struct gate_store *const *
gate_store_module_load(const char *path, struct gate_error *error)
{
	const struct gate_store_module *module;
	void *object;

	if (check_owner(path, error) < 0)
		return NULL;
	object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (object == NULL) {
		gate_fail(error, GATE_EOPTION, "store_module: %s", dlerror());
		return NULL;
	}
	module = dlsym(object, "gate_store_module");
	if (module == NULL)
		gate_fail(error, GATE_EOPTION,
		    "store_module: %s has no GATE_STORE_MODULE, see gate(3)", path);
	else if (strcmp(module->version, GATE_VERSION) != 0 ||
	    module->store_size != sizeof(struct gate_store) ||
	    module->record_size != sizeof(struct gate_record))
		gate_fail(error, GATE_EOPTION,
		    "store_module: %s was built for another version of gate: build it again", path);
	else
		return module->stores;
	dlclose(object);
	return NULL;
}
