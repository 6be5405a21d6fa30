#include "originbypass/command/doctor/doctor_preload.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/doctor/findings.h"
#include "originbypass/command/programs/foreign_file.h"
#include "originbypass/command/programs/preload_fault.h"

static const char SEPARATORS[] = " :";

/* The library that is missing may be ours. */
static void tell_fault(const char *about, const char *path, const char *fault) {
    bool ours = strstr(path, "originbypass") != NULL;
    findings_tell(&(struct finding){ours ? FINDING_CAUSE : FINDING_NOTE, "preload", about, preload_fault_remedy(fault)},
                  "LD_PRELOAD names %s, which the loader ignores: %s", path, fault);
}

/* Meant as one path, though the loader takes it for several. */
static bool is_one_file(const char *pid, const char *value) {
    if (strpbrk(value, SEPARATORS) == NULL)
        return false;
    int descriptor = pid == NULL ? foreign_file_open(value, UINT64_MAX, NULL)
                                 : foreign_file_open_of(pid, value, 0, UINT64_MAX, NULL);
    if (descriptor >= 0)
        close(descriptor);
    return descriptor >= 0;
}

/* A name without a slash is searched for in the loader's directories, and `$` begins a word that it expands. */
static bool is_path(const char *entry) {
    return strchr(entry, '/') != NULL && strchr(entry, '$') == NULL;
}

void doctor_preload(const char *pid, const char *about, const char *value) {
    if (value == NULL)
        return;
    if (is_one_file(pid, value)) {
        tell_fault(about, value, PRELOAD_FAULT_SEPARATOR);
        return;
    }
    char *entries = memory_text(value), *rest = NULL;
    for (char *entry = strtok_r(entries, SEPARATORS, &rest); entry != NULL; entry = strtok_r(NULL, SEPARATORS, &rest)) {
        char *fault = is_path(entry) ? preload_fault(pid, entry) : NULL;
        if (fault != NULL)
            tell_fault(about, entry, fault);
        free(fault);
    }
    free(entries);
}
