#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_UPSTREAMS_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_UPSTREAMS_H

#include "originbypass/command/doctor/doctor_common.h"

/** Each upstream over UDP and TCP, and whether the way to all of them is barred. Fills in `udp` and `tcp`. */
void doctor_upstreams(struct doctor *doctor);

#endif
