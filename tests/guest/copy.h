/* _Fork(3), for glibc before 2.34, which has none: a copy of the process that no handler of pthread_atfork(3) notices.
 */
#ifndef COPY_H
#define COPY_H

#include <features.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __GLIBC__
#if !__GLIBC_PREREQ(2, 34)
static inline pid_t _Fork(void) {
    return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}
#endif
#endif

#endif
