#ifndef ORIGINBYPASS_GUEST_ATOMICS_H
#define ORIGINBYPASS_GUEST_ATOMICS_H

#include <stdatomic.h>

/* What readers take no lock for: who loads a value sees all that was stored before it. */
#define LOAD(place) atomic_load_explicit(&(place), memory_order_acquire)
#define STORE(place, value) atomic_store_explicit(&(place), value, memory_order_release)

#endif
