#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_CONFIGURATION_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_CONFIGURATION_H

#include <stdbool.h>

#include "originbypass/command/doctor/doctor_common.h"

/**
 * Check whether there is a configuration, whether it is valid, and whether changes to it are noticed. False: further
 * checks make no sense.
 */
bool doctor_configuration(const struct doctor *doctor);

#endif
