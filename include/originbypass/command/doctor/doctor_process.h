#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_PROCESS_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_PROCESS_H

#include <stdbool.h>

/** Check whether a process has the library. True: the process needs a restart. */
bool doctor_process(const char *pid);

#endif
