#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_LOCAL_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_LOCAL_H

/** Why libc has no answer (local_end()), and what is wrong with /etc/resolv.conf. The caller must free(3) the text. */
char *doctor_local_why(int problem);

/**
 * Report that a program gets libc's answer for this host, and libc has no answer. If libc's DNS has failed, each of its
 * name servers is asked, to say which of them are silent.
 */
void doctor_local_failure(const char *host, int problem);

#endif
