/* store/module.c: stores of your own, from a shared object that the option store_module names. */
#include "config.h"

#include <dlfcn.h>

#include "base/error.h"
#include "store/module.h"

const struct gate_store *const *
gate_store_module_load(const char *path, struct gate_error *error)
{
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const struct gate_store_module *module;

	if (object == NULL) {
		gate_fail(error, GATE_EOPTION, "store_module: %s", dlerror());
		return NULL;
	}
	module = dlsym(object, "gate_store_module");
	if (module == NULL)
		gate_fail(error, GATE_EOPTION,
		    "store_module: %s has no GATE_STORE_MODULE, see gate(3)", path);
	else if (module->size != sizeof(struct gate_store))
		gate_fail(error, GATE_EOPTION,
		    "store_module: %s was built for another version of gate: build it again", path);
	else
		return module->stores;
	dlclose(object);
	return NULL;
}
