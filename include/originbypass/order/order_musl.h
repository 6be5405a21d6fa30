#ifndef ORIGINBYPASS_ORDER_ORDER_MUSL_H
#define ORIGINBYPASS_ORDER_ORDER_MUSL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "originbypass/values/address.h"

/**
 * The order in which musl's getaddrinfo(3) returns the addresses, like order_addresses(): a number for each address,
 * made of RFC 3484's rules 1, 2, 5, 6, 8 and 9 with a fixed table. There is no gai.conf(5). If no IPv6 address is among
 * them, they stay in their order. Thread-safe; takes no lock; errno may change.
 */
bool order_musl(const struct address *addresses, size_t count, uint16_t *order);

#endif
