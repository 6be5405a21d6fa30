#include "originbypass/command/programs/container.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "originbypass/command/base/text.h"
#include "originbypass/command/programs/proc_file.h"

static bool is_same_file(const char *pid, const char *file, const char *ours) {
    struct stat one, other;
    char *path = text_format("/proc/%s/%s", pid, file);
    bool same =
        stat(path, &one) == 0 && stat(ours, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
    free(path);
    return same;
}

static bool is_started_in_its_root(const char *pid) {
    char *root = proc_file_target(pid, "root"), *program = proc_file_target(pid, "exe");
    size_t length = root == NULL ? 0 : strlen(root);
    bool below = length > 0 && program != NULL && strncmp(program, root, length) == 0 && program[length] == '/';
    free(root);
    free(program);
    return below;
}

bool container_is_ours(const char *pid) {
    return is_same_file(pid, "root", "/") ||
           (is_same_file(pid, "ns/mnt", "/proc/self/ns/mnt") && !is_started_in_its_root(pid));
}
