#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_NAMES_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_NAMES_H

#include "originbypass/command/doctor/doctor_common.h"

/**
 * Check one host: its rule, what external DNS and libc say about it, and whether that is an edge. Ends its local
 * lookup.
 */
void doctor_name(const struct doctor *doctor, struct doctor_host *host);

#endif
