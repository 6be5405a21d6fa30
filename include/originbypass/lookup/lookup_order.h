#ifndef ORIGINBYPASS_LOOKUP_LOOKUP_ORDER_H
#define ORIGINBYPASS_LOOKUP_LOOKUP_ORDER_H

#include <stdint.h>

#include "originbypass/lookup/lookup_state.h"

/** A place in an order: which type's answer, and which address in it. */
#define ORDER_TYPE(place) ((place) >> 15)
#define ORDER_POSITION(place) ((place)&0x7fff)

/**
 * Write the places of the wanted addresses to `places`, in libc's order; there are lookup_address_count() of them. If
 * no order can be found, A's come first and then AAAA's (in musl from 1.2.4 on, AAAA's come first), in DNS order. The
 * order is remembered with the answer for a second.
 */
void lookup_order(struct lookup *lookup, uint16_t *places);

#endif
