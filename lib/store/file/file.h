/* store/file/file.h: the two stores that keep records in files, file: and memory:. */
#ifndef GATE_STORE_FILE_FILE_H
#define GATE_STORE_FILE_FILE_H

#include "gate.h"

extern const struct gate_store gate_store_file, gate_store_memory;

#endif
