#include "originbypass/command/doctor/doctor_descriptors.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/command/base/text.h"
#include "originbypass/command/doctor/findings.h"
#include "originbypass/command/programs/proc_file.h"

/* The soft limit, from /proc/PID/limits (proc(5)). 0: there is none, or it is not known. */
static unsigned long limit_of(const char *pid) {
    static const char line[] = "\nMax open files";
    char *limits = proc_file_text(pid, "limits", NULL);
    const char *found = limits == NULL ? NULL : strstr(limits, line);
    unsigned long limit = found == NULL ? 0 : strtoul(found + strlen(line), NULL, 10);
    free(limits);
    return limit;
}

/* The limit is on the number that a new descriptor gets. Those above it are from before the limit was lowered. */
static unsigned long count_below(const char *pid, unsigned long limit) {
    char *path = text_format("/proc/%s/fd", pid);
    DIR *directory = opendir(path);
    unsigned long count = 0;
    for (struct dirent *entry;
         directory != NULL && (entry = readdir(directory)) != NULL;) // NOLINT(concurrency-mt-unsafe)
        count += isdigit((unsigned char)entry->d_name[0]) && strtoul(entry->d_name, NULL, 10) < limit;
    if (directory != NULL)
        closedir(directory);
    free(path);
    return count;
}

void doctor_descriptors(const char *pid, const char *about) {
    unsigned long limit = limit_of(pid);
    char *remedy = text_format("See what it leaves open (ls -l /proc/%s/fd), or raise the limit where it is started: "
                               "ulimit -n, in systemd LimitNOFILE, in Docker --ulimit nofile",
                               pid);
    if (limit > 0 && count_below(pid, limit) >= limit)
        findings_tell(&(struct finding){FINDING_CAUSE, "process-descriptors", about, remedy},
                      "has used up its %lu descriptors: neither the library nor libc can open a socket for a lookup",
                      limit);
    free(remedy);
}
