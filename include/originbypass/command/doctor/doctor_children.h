#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_CHILDREN_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_CHILDREN_H

#include <stdbool.h>

/**
 * Report children of process `pid` that may be the ones that matter: they have the library and the process does not, or
 * the other way round, or the process itself `is_waiting`, because it has looked up nothing. `about` is how the process
 * is called in the report.
 */
void doctor_children(const char *pid, const char *about, bool has_library, bool is_waiting);

#endif
