#ifndef ORIGINBYPASS_GUEST_DESCRIPTOR_H
#define ORIGINBYPASS_GUEST_DESCRIPTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * A descriptor of ours in somebody else's process. The program may close it at any moment (a daemon closes
 * them all) and get a socket of its own under the same number: so ask, before anything that changes what stands
 * behind the number, whether it is still ours.
 */
struct descriptor {
    int number; /**< -1: none */
    dev_t device;
    ino_t inode;
    uint16_t place; /**< where it is written down for copies of the process; 0: nowhere */
};

/** No descriptor: what a struct descriptor is before descriptor_take() and after descriptor_close(). */
#define DESCRIPTOR_NONE ((struct descriptor){.number = -1})

/** Take what open(2) or socket(2) has just returned. False where that was -1; errno is then still theirs. */
bool descriptor_take(struct descriptor *descriptor, int number);

/**
 * Copy a descriptor to a number above those that daemons close and take again, as far as the limit allows it: what is
 * examined and what is written must be the same file, also while another thread puts its socket at the number that we
 * began with. The first time the kernel may have to enlarge its table for that, which takes a program with threads some
 * milliseconds. False: there is no free number.
 */
bool descriptor_duplicate_above(struct descriptor *copy, int number);

/** open(2), without waiting and close-on-exec, and move the descriptor to such a number. False: errno tells why. */
bool descriptor_open_above(struct descriptor *file, const char *path, int flags, mode_t mode);

/** Whether the number still leads to what was taken. Thread-safe; errno may change. */
bool descriptor_is_ours(const struct descriptor *descriptor);

/**
 * In a new copy of the process: close the sockets that the threads of the original had open. Whoever has one of them in
 * hand (a lookup that a handler has interrupted, which makes the copy) finds that it is no longer its own.
 */
void descriptors_adopt(void);

/** Close it, if it is still ours; it is DESCRIPTOR_NONE then. errno may change. */
void descriptor_close(struct descriptor *descriptor);

#endif
