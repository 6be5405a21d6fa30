#ifndef ORIGINBYPASS_GUEST_AT_FORK_H
#define ORIGINBYPASS_GUEST_AT_FORK_H

/** Have libc call a function in the child of each fork(2), as pthread_atfork(3) does; with any libc. */
void at_fork_in_child(void (*function)(void));

#endif
