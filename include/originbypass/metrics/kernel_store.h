#ifndef ORIGINBYPASS_METRICS_KERNEL_STORE_H
#define ORIGINBYPASS_METRICS_KERNEL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Memory that is a file which others can make shorter at any moment: an instruction that touches it may end in SIGBUS.
 * Here the kernel touches it for us, and says EFAULT instead. Places are on boundaries of 4 octets. errno may change.
 */

/**
 * Change a word that has the value `old` to `new`. In between it only has values between the two. False: the memory is
 * not there any more, or the kernel cannot do this; nobody is hurt.
 */
bool kernel_store(void *place, uint32_t old, uint32_t new);

/** Whether the memory is there and the word in it is this one. */
bool kernel_has(const void *place, uint32_t word);

#endif
