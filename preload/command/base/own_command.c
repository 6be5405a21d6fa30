#include "originbypass/command/base/own_command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "originbypass/command/base/cli.h"
#include "originbypass/command/base/memory.h"

char *own_command_path(void) {
    char *path = realpath("/proc/self/exe", NULL);
    if (path != NULL)
        return path;
    const char *executed = (const char *)getauxval(AT_EXECFN); // NOLINT(performance-no-int-to-ptr)
    return executed == NULL ? NULL : realpath(executed, NULL);
}

void own_command_start_again(int argc, char **argv) {
    char *command = own_command_path();
    char **again = memory_zeroed((size_t)argc + 2, sizeof(*again));
    again[0] = command;
    memcpy(again + 1, argv, (size_t)argc * sizeof(*again));
    if (command != NULL)
        execv(command, again);
    cli_complain("this command cannot start itself again: %s", strerror(errno)); // NOLINT(concurrency-mt-unsafe)
    free(again);
    free(command);
}
