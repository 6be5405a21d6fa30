#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_PLAIN_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_PLAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "originbypass/values/address.h"

/*
 * A question over UDP as programs asked before EDNS (RFC 6891), which the library always uses: a firewall may drop all
 * others, or replies that are longer than 512 octets, which only EDNS allows. Sent by our own hand, so that what the
 * kernel says to it is known.
 */

/** A question under way. */
struct doctor_plain {
    int descriptor; /**< -1: it could not be sent */
    int error;      /**< why not (errno) */
    uint16_t id;
    uint64_t until_ms; /**< how long to wait for the reply, by clock_now_ms() */
};

/** What became of it. */
enum doctor_plain_result {
    PLAIN_NOT_ASKED,
    PLAIN_SILENT,    /**< no reply until now, or it could not be sent */
    PLAIN_HEARD,     /**< the server replied, whatever it was */
    PLAIN_TRUNCATED, /**< the same, and its answer is longer than 512 octets (TC, RFC 1035) */
    PLAIN_FORBIDDEN, /**< this host's own firewall does not let this user send it (EPERM) */
};

/** Send a question for the A records of a name, and wait at most this long for the reply, from now on. */
struct doctor_plain doctor_plain_begin(const struct server_address *server, const char *name, uint32_t timeout_ms);

/** Whether this host's own firewall forbids the same question with EDNS. Sends it, and waits for nothing. */
bool doctor_plain_forbids_edns(const struct server_address *server, const char *name);

/** Wait for the reply. Closes the descriptor. */
enum doctor_plain_result doctor_plain_end(struct doctor_plain *question);

#endif
