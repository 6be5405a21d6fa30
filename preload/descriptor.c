#include "originbypass/descriptor.h"

#include <sys/stat.h>
#include <unistd.h>

bool descriptor_take(struct descriptor *descriptor, int number) {
    struct stat status;
    *descriptor = DESCRIPTOR_NONE;
    if (number < 0 || fstat(number, &status) != 0)
        return false;
    *descriptor = (struct descriptor){.number = number, .device = status.st_dev, .inode = status.st_ino};
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
    *descriptor = DESCRIPTOR_NONE;
}
