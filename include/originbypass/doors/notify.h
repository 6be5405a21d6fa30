#ifndef ORIGINBYPASS_DOORS_NOTIFY_H
#define ORIGINBYPASS_DOORS_NOTIFY_H

#include <signal.h>
#include <sys/types.h>

/** What a program wants to happen when its requests are done (sigevent(7)). */
struct notification {
    struct sigevent event;
    pid_t process; /**< the process that asked, and gets the signal */
};

/** Copy what the program gave. NULL: no notification. */
void notify_prepare(struct notification *notification, const struct sigevent *event);

/**
 * Notify the program: queue the signal to the process, with si_code SI_ASYNCNL; or start a thread for the program's
 * function, with no signal blocked. If the system cannot provide another signal or thread, nothing happens, as with
 * libc. Thread-safe.
 */
void notify(const struct notification *notification);

#endif
