#include "originbypass/command/programs/started.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "originbypass/command/base/file_text.h"
#include "originbypass/command/programs/proc_file.h"

/* The time at which the machine was started. */
static int64_t booted_s(void) {
    static const char field[] = "\nbtime ";
    char *text = file_text("/proc/stat", NULL);
    const char *found = text == NULL ? NULL : strstr(text, field);
    int64_t seconds = found == NULL ? 0 : strtoll(found + strlen(field), NULL, 10);
    free(text);
    return seconds;
}

int64_t process_started_s(const char *pid) {
    enum { FIELD = 22, FIRST_AFTER_NAME = 3 }; /* of /proc/PID/stat; the name may contain blanks and parentheses */
    char *text = proc_file_text(pid, "stat", NULL);
    const char *at = text == NULL ? NULL : strrchr(text, ')');
    for (int i = FIRST_AFTER_NAME; at != NULL && i <= FIELD; i++) {
        at = strchr(at + 1, ' ');
    }
    int64_t booted = booted_s(), ticks = at == NULL ? 0 : strtoll(at, NULL, 10);
    free(text);
    return ticks == 0 || booted == 0 ? 0 : booted + ticks / sysconf(_SC_CLK_TCK);
}
