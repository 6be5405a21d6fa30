#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_NAMES_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_NAMES_H

#include "originbypass/command/doctor/doctor_common.h"

/**
 * Check one host: its rule, what a program gets for it from external DNS or libc, and whether that is an edge. If the
 * host is not listed, only libc's answer counts. Ends its local lookup.
 */
void doctor_name(const struct doctor *doctor, struct doctor_host *host);

#endif
