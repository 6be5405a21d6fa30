#include "originbypass/command/base/roots_own.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A group of root's own (0) has nobody in it whom root has not let in. */
static bool is_closed(const char *path, mode_t type) {
    struct stat file;
    return stat(path, &file) == 0 && (file.st_mode & S_IFMT) == type && file.st_uid == 0 &&
           (file.st_mode & S_IWOTH) == 0 && ((file.st_mode & S_IWGRP) == 0 || file.st_gid == 0);
}

bool roots_own_is(const char *path) {
    char *real = realpath(path, NULL);
    bool closed = real != NULL && is_closed(real, S_IFREG);
    for (char *slash; closed && (slash = strrchr(real, '/')) != NULL;) {
        slash[slash == real] = '\0';
        closed = is_closed(real, S_IFDIR);
        *slash = '\0';
    }
    free(real);
    return closed;
}
