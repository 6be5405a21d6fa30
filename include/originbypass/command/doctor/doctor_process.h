#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_PROCESS_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Check whether a process has the library, and report what it has in force. `hosts` are those that it should list.
 * True: the process needs a restart.
 */
bool doctor_process(const char *pid, const char *const *hosts, size_t host_count);

#endif
