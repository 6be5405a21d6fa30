/*
 * futex(2) reads and changes a word of the caller's memory, file or not, and fails with EFAULT where that is gone. It
 * takes no descriptor and no right, is used by every libc, and reaches a mapped file also after chroot(2) and
 * setuid(2). No one ever waits on these words.
 */
#include "originbypass/metrics/kernel_store.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* An argument has 12 bits and a sign; what is more goes by a power of two. */
#define ARGUMENT_MAX 2047U

static bool add_by_futex(void *place, unsigned operation, unsigned argument) {
    static uint32_t unused;
    unsigned word = operation << 28 | (unsigned)FUTEX_OP_CMP_EQ << 24 | argument << 12;
    return syscall(SYS_futex, &unused, FUTEX_WAKE_OP_PRIVATE, 0, NULL, place, word) >= 0;
}

bool kernel_store(void *place, uint32_t old, uint32_t new) {
    uint32_t left = new - old;
    bool good = true;
    for (; left > ARGUMENT_MAX && good; left &= left - 1)
        good = add_by_futex(place, FUTEX_OP_ADD | FUTEX_OP_OPARG_SHIFT, (unsigned)__builtin_ctz(left));
    return good && (left == 0 || add_by_futex(place, FUTEX_OP_ADD, left));
}

bool kernel_has(const void *place, uint32_t word) {
    static const struct timespec no_time;
    return syscall(SYS_futex, place, FUTEX_WAIT_PRIVATE, word, &no_time, NULL, 0) != 0 && errno == ETIMEDOUT;
}
