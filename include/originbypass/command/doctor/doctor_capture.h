#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_CAPTURE_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_CAPTURE_H

#include "originbypass/command/doctor/doctor_common.h"

/** Whether something answers in the upstreams' place. */
void doctor_capture(struct doctor *doctor);

#endif
