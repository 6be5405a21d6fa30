#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_ADDRESSES_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_ADDRESSES_H

#include "originbypass/command/dns/address_set.h"

/**
 * Connect to each address at a port (in decimal) over TCP, and report those that do not take the connection. An address
 * without a route is left out. `about` is what the finding is about.
 */
void doctor_addresses(const struct address_set *set, const char *port, const char *about);

#endif
