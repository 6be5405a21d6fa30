#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_CONFIGURATION_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_CONFIGURATION_H

#include <stdbool.h>

#include "originbypass/command/doctor/doctor_common.h"

/** Whether a configuration is there, good, and where changes to it are seen. False: there is no use in going on. */
bool doctor_configuration(const struct doctor *doctor);

#endif
