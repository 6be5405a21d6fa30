#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_PLAIN_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_PLAIN_H

#include <stdint.h>

#include "originbypass/values/address.h"

/*
 * A question over UDP as programs asked before EDNS (RFC 6891), which the library always uses: a firewall may drop all
 * others. Sent by our own hand, so that what the kernel says to it is known.
 */

/** A question under way. */
struct doctor_plain {
    int descriptor; /**< -1: it could not be sent */
    int error;      /**< why not (errno) */
    uint16_t id;
};

/** What became of it. */
enum doctor_plain_result {
    PLAIN_NOT_ASKED,
    PLAIN_SILENT,    /**< no reply until now, or it could not be sent */
    PLAIN_HEARD,     /**< the server replied, whatever it was */
    PLAIN_FORBIDDEN, /**< this host's own firewall does not let this user send it (EPERM) */
};

/** Send a question for the A records of a name. */
struct doctor_plain doctor_plain_begin(const struct server_address *server, const char *name);

/** See what has arrived; does not wait. Closes the descriptor. */
enum doctor_plain_result doctor_plain_end(struct doctor_plain *question);

#endif
