/* The process that an operator asks about is often an entrypoint or a master: process 1 of a container. */
#include "originbypass/command/doctor/doctor_children.h"

#include <stdlib.h>
#include <string.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/doctor/findings.h"
#include "originbypass/command/programs/mapping.h"
#include "originbypass/command/programs/proc_file.h"
#include "originbypass/command/programs/workers.h"

enum { SHOWN_MAX = 5 };

/* False: it cannot be told, or the child has ended. */
static bool child_has_library(const char *pid, bool *has_library) {
    struct mapping mapping = {0};
    char *maps = proc_file_text(pid, "maps", NULL), *rest = maps;
    bool known = maps != NULL && maps[0] != '\0';
    *has_library = known && mapping_next_loaded(&rest, &mapping);
    free(maps);
    return known;
}

static void add_child(char **list, const char *pid) {
    char *name = proc_file_text(pid, "comm", NULL), *before = *list;
    int length = name == NULL ? 0 : (int)strcspn(name, "\n");
    *list = text_format("%s%s%s (%.*s)", before, before[0] == '\0' ? "" : ", ", pid, length, name == NULL ? "" : name);
    free(before);
    free(name);
}

static void tell_children(const char *about, const char *list, bool has_library, bool is_waiting) {
    struct finding finding = {FINDING_NOTE, "process-children", about,
                              "Ask for the one that does the lookups: --pid with its number"};
    if (list[0] == '\0')
        return;
    if (!has_library)
        findings_tell(&finding, "has started processes that have the library: %s", list);
    else if (is_waiting)
        findings_tell(&finding, "has looked up nothing since its program began, but has started processes that may: %s",
                      list);
    else
        findings_tell(&finding,
                      "has started processes that do not have the library: %s. What is between them may clear the "
                      "environment (env -i, sudo, su)",
                      list);
}

void doctor_children(const char *pid, const char *about, bool has_library, bool is_waiting) {
    struct workers children = workers_and_others(pid);
    char *with = memory_text(""), *without = memory_text("");
    size_t shown = 0;
    for (size_t i = 0; i < children.count && shown < SHOWN_MAX; i++) {
        bool its = false;
        if (child_has_library(children.pids[i], &its)) {
            add_child(its ? &with : &without, children.pids[i]);
            shown++;
        }
    }
    if (!has_library || is_waiting)
        tell_children(about, with, has_library, is_waiting);
    if (has_library)
        tell_children(about, without, has_library, false);
    free(without);
    free(with);
    workers_free(&children);
}
