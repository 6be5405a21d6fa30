#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_PROCESS_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_PROCESS_H

#include <stdbool.h>

/** Whether the library is in a process. True: the process needs a restart. */
bool doctor_process(const char *pid);

#endif
