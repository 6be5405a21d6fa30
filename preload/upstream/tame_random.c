#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <time.h>

#include "originbypass/upstream/tame.h"

/*
 * c-ares gets its random octets from getrandom(2), and from nothing that belongs to the program. It would seed a
 * generator of its own with rand(), in later versions after srand(). Or it would call arc4random_buf() of glibc 2.36
 * and later, which older versions of glibc do not have and which ends the process if getrandom(2) is forbidden.
 */
int __wrap_rand(void);
void __wrap_srand(unsigned seed);
void __wrap_arc4random_buf(void *octets, size_t size);

/* If getrandom(2) is forbidden, only the time and the kernel's random octets for this process (AT_RANDOM) remain. */
static uint64_t random_without_kernel(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const uint64_t *given = (const uint64_t *)getauxval(AT_RANDOM); // NOLINT(performance-no-int-to-ptr)
    uint64_t value = (uint64_t)now.tv_nsec * UINT64_C(0x9e3779b97f4a7c15) ^ (given == NULL ? 0 : given[0]);
    return value ^ value >> 29;
}

/*
 * A key takes 31 numbers. They are drawn all at once, and numbers that are left over are not used
 * (tame_forget_random()).
 */
#define NUMBERS_DRAWN 32
static __thread uint32_t numbers[NUMBERS_DRAWN];
static __thread uint32_t numbers_left;

int __wrap_rand(void) {
    if (numbers_left == 0) {
        if (getrandom(numbers, sizeof(numbers), GRND_NONBLOCK) != (ssize_t)sizeof(numbers))
            return (int)(random_without_kernel() & RAND_MAX);
        numbers_left = NUMBERS_DRAWN;
    }
    return (int)(numbers[--numbers_left] & RAND_MAX);
}

void __wrap_srand(unsigned seed) {
    (void)seed;
}

void __wrap_arc4random_buf(void *octets, size_t size) {
    if (getrandom(octets, size, GRND_NONBLOCK) == (ssize_t)size)
        return;
    uint64_t number;
    for (size_t at = 0; at < size; at += sizeof(number)) {
        number = random_without_kernel();
        memcpy((uint8_t *)octets + at, &number, size - at < sizeof(number) ? size - at : sizeof(number));
    }
}

void tame_forget_random(void) {
    numbers_left = 0;
    memset(numbers, 0, sizeof(numbers));
}
