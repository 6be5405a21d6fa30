/* Stands in for a loader that is slow: the kernel starts it in the place of the real one. It waits until somebody
 * writes to GO, and runs sleep(1) with LIBRARY preloaded. Built with -nostdlib, since nobody relocates it.
 */
#include "without_libc.h"

#ifndef GO
#define GO "/dev/null"
#define LIBRARY "liboriginbypass.so"
#endif

void _start(void) {
    static char octet;
    static const char *const arguments[] = {"sleep", "60", 0};
    static const char *const variables[] = {"LD_PRELOAD=" LIBRARY, "ORIGIN_BYPASS_HOSTS=cdn.example.com", 0};
    call(SYS_read, open_to_read(GO), (long)&octet, 1);
    call(SYS_execve, (long)"/bin/sleep", (long)arguments, (long)variables);
    call(SYS_exit_group, 1, 0, 0);
}
