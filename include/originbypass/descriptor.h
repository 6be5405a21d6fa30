#ifndef ORIGINBYPASS_DESCRIPTOR_H
#define ORIGINBYPASS_DESCRIPTOR_H

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
