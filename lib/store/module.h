/* store/module.h: stores of your own, from a shared object that the option store_module names. */
#ifndef GATE_STORE_MODULE_H
#define GATE_STORE_MODULE_H

#include "gate.h"

/* Loads the shared object and returns its stores, a NULL-ended array, which stay loaded until the
 * program ends. Returns NULL with the error set if the object can't be loaded, has no
 * GATE_STORE_MODULE, was built for another version of gate, or is a file that others than root
 * and this user can write to. */
const struct gate_store *const *gate_store_module_load(const char *path, struct gate_error *);

#endif
