#ifndef ORIGINBYPASS_ORDER_SOURCE_ADDRESS_H
#define ORIGINBYPASS_ORDER_SOURCE_ADDRESS_H

#include <stdbool.h>

#include "originbypass/guest/descriptor.h"
#include "originbypass/values/address.h"

/**
 * A UDP socket that is connected to one destination after the other and is asked for its own address: that is the
 * source address the kernel would take. No packet is sent.
 */
struct source_probe {
    struct descriptor socket;
    sa_family_t family; /**< the socket's: an IPv6 one goes to IPv4 destinations too */
    bool exhausted;     /**< there was no descriptor or no memory for a socket */
};

/** A probe before its first destination. */
#define SOURCE_PROBE_NEW ((struct source_probe){.socket = DESCRIPTOR_NONE})

/** Find the source address for a destination, of the same family. False: it cannot be reached. errno may change. */
bool source_find(struct source_probe *probe, const struct address *destination, struct address *source);

/** Close the socket. */
void source_end(struct source_probe *probe);

#endif
