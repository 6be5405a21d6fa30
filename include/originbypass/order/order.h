#ifndef ORIGINBYPASS_ORDER_ORDER_H
#define ORIGINBYPASS_ORDER_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "originbypass/values/address.h"

/**
 * The order in which this libc's getaddrinfo(3) returns the addresses (RFC 3484 as glibc does it, with
 * gai.conf(5); on musl: order_musl()). `order` gets the positions 0 … count-1 of `addresses`, the best one first;
 * equals keep their order. A connected UDP socket for each address finds its source address; no packet is sent.
 *
 * Returns false where no order could be found (no descriptor, no memory): `order` is then the order given.
 * Thread-safe; takes no lock; every descriptor is close-on-exec and closed on return. errno may change.
 */
bool order_addresses(const struct address *addresses, size_t count, uint16_t *order);

#endif
