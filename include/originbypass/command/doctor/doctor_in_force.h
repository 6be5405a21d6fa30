#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_IN_FORCE_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_IN_FORCE_H

#include <stdbool.h>
#include <stddef.h>

#include "originbypass/in_force/published.h"

/**
 * Report what process `pid` has in force: its hosts, what was refused, whether it lists `hosts`, and where its messages
 * go. `about` is how the process is called in the report.
 */
void doctor_in_force(const char *about, const char *pid, const struct published *record, const char *const *hosts,
                     size_t host_count);

#endif
