#ifndef ORIGINBYPASS_LOOKUP_LOOKUP_ORDER_H
#define ORIGINBYPASS_LOOKUP_LOOKUP_ORDER_H

#include <stdint.h>

#include "originbypass/lookup/lookup_state.h"

/** A place in an order: which type's answer, and which address in it. */
#define ORDER_TYPE(place) ((place) >> 15)
#define ORDER_POSITION(place) ((place)&0x7fff)

/**
 * The places of the wanted addresses in libc's order, lookup_address_count() of them; A's in DNS order and then AAAA's
 * where no order can be found. Written to `places`. Remembered with the answer for a second.
 */
void lookup_order(struct lookup *lookup, uint16_t *places);

#endif
