#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_DESCRIPTORS_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_DESCRIPTORS_H

/**
 * Report if process `pid` has used up its descriptors (RLIMIT_NOFILE in getrlimit(2)): no lookup can open a socket
 * then.
 */
void doctor_descriptors(const char *pid, const char *about);

#endif
