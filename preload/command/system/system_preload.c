#include "originbypass/command/system/system_preload.h"

#include <string.h>
#include <sys/stat.h>

#include "originbypass/command/programs/program.h"

const char SYSTEM_FILE[] = "/etc/ld.so.preload";

bool system_is_ours(const char *path) {
    static const char name[] = "liboriginbypass.so";
    const char *slash = strrchr(path, '/');
    return strncmp(slash == NULL ? path : slash + 1, name, strlen(name)) == 0;
}

bool system_file_is_private(void) {
    struct stat file;
    return stat(SYSTEM_FILE, &file) == 0 && (file.st_mode & S_IROTH) == 0;
}

bool system_has_musl(void) {
    struct program shell;
    bool musl = program_inspect("/bin/sh", &shell) == 0 && program_is_of_musl(&shell);
    program_free(&shell);
    return musl;
}
