#include "originbypass/guest/descriptor.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * The sockets that are open, so that a copy of the process can close them: it has the descriptors of all threads, and
 * none of the threads but one. Only sockets: a file may be open under two numbers, and one of them be the program's. A
 * place is written by the thread that has it; `taken` is set last. Descriptors for which there is no place are not
 * known.
 */
struct socket_place {
    _Atomic uint32_t taken; /* PLACE_... */
    struct descriptor descriptor;
};
enum { PLACE_FREE, PLACE_CHANGING, PLACE_TAKEN };
enum { PLACE_COUNT = 1024 };

static struct socket_place places[PLACE_COUNT];

/* The number of a place, plus one; 0: there is none. */
static uint16_t write_down(const struct descriptor *descriptor) {
    for (size_t i = 0; i < PLACE_COUNT; i++) {
        struct socket_place *place = &places[((size_t)descriptor->number + i) % PLACE_COUNT];
        uint32_t vacant = PLACE_FREE;
        if (!atomic_compare_exchange_strong(&place->taken, &vacant, PLACE_CHANGING))
            continue;
        place->descriptor = *descriptor;
        atomic_store(&place->taken, PLACE_TAKEN);
        return (uint16_t)(place - places + 1);
    }
    return 0;
}

static void strike_out(const struct descriptor *descriptor) {
    if (descriptor->place != 0)
        atomic_store(&places[descriptor->place - 1].taken, PLACE_FREE);
}

bool descriptor_take(struct descriptor *descriptor, int number) {
    struct stat status;
    *descriptor = DESCRIPTOR_NONE;
    if (number < 0 || fstat(number, &status) != 0)
        return false;
    *descriptor = (struct descriptor){.number = number, .device = status.st_dev, .inode = status.st_ino};
    if (S_ISSOCK(status.st_mode))
        descriptor->place = write_down(descriptor);
    return true;
}

bool descriptor_duplicate_above(struct descriptor *copy, int number) {
    static const int least[] = {1024, 512, STDERR_FILENO + 1};
    int duplicate = -1;
    for (size_t i = 0; duplicate == -1 && i < sizeof(least) / sizeof(least[0]); i++)
        duplicate = fcntl(number, F_DUPFD_CLOEXEC, least[i]);
    return descriptor_take(copy, duplicate);
}

bool descriptor_open_above(struct descriptor *file, const char *path, int flags, mode_t mode) {
    struct descriptor opened;
    if (!descriptor_take(&opened, open(path, flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, mode)))
        return false;
    if (descriptor_duplicate_above(file, opened.number))
        descriptor_close(&opened);
    else
        *file = opened;
    return true;
}

bool descriptor_is_ours(const struct descriptor *descriptor) {
    struct stat status;
    return descriptor->number >= 0 && fstat(descriptor->number, &status) == 0 && status.st_dev == descriptor->device &&
           status.st_ino == descriptor->inode;
}

void descriptor_close(struct descriptor *descriptor) {
    if (descriptor_is_ours(descriptor))
        close(descriptor->number);
    strike_out(descriptor);
    *descriptor = DESCRIPTOR_NONE;
}

void descriptors_adopt(void) {
    for (size_t i = 0; i < PLACE_COUNT; i++) {
        struct descriptor left = places[i].descriptor;
        if (atomic_load(&places[i].taken) == PLACE_TAKEN)
            descriptor_close(&left);
        atomic_store(&places[i].taken, PLACE_FREE);
    }
}
