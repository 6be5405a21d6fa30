#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_WAY_OUT_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_WAY_OUT_H

#include "originbypass/command/doctor/doctor_common.h"

/** Report whether the network keeps the upstreams away. How each is reached must be known. */
void doctor_way_out(const struct doctor *doctor);

/** The remedy if packets to port 53 of an upstream do not arrive. */
extern const char doctor_open_the_way[];

/** The remedy if this host does not let them out for this user. */
extern const char doctor_own_firewall[];

/** The remedy if only queries with EDNS do not arrive. */
extern const char doctor_let_edns_pass[];

/** The remedy if this host itself does not let them out. */
extern const char doctor_own_firewall_on_edns[];

/** The remedy if only short replies arrive. */
extern const char doctor_let_long_replies_pass[];

#endif
