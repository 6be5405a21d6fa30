#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_CAPTURE_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_CAPTURE_H

#include "originbypass/command/doctor/doctor_common.h"

/** Find out whether something else answers in place of the upstreams. */
void doctor_capture(struct doctor *doctor);

#endif
