#ifndef ORIGINBYPASS_COMMAND_DNS_LOCAL_H
#define ORIGINBYPASS_COMMAND_DNS_LOCAL_H

#include "originbypass/command/dns/address_set.h"

/**
 * What libc itself answers for a name, without the library, also where this command has it preloaded. Returns what
 * getaddrinfo(3) returns; the addresses are added to the set.
 */
int local_resolve(const char *host, struct address_set *set);

#endif
