/* store/mongodb/mongodb.h: the MongoDB store. */
#ifndef GATE_STORE_MONGODB_MONGODB_H
#define GATE_STORE_MONGODB_MONGODB_H

#include "gate.h"

extern const struct gate_store gate_store_mongodb, gate_store_mongodb_srv;

#endif
