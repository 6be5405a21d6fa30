#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_UPSTREAMS_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_UPSTREAMS_H

#include "originbypass/command/doctor/doctor_common.h"

/** Check each upstream over UDP and TCP, and whether the network blocks all of them. Sets `udp` and `tcp` of each. */
void doctor_upstreams(struct doctor *doctor);

#endif
