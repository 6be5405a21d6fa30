#include "originbypass/command/programs/system_loader.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/own_command.h"
#include "originbypass/command/base/roots_own.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/programs/elf_file.h"
#include "originbypass/command/programs/loader_list.h"

/* The path is in every program of musl. */
#ifdef __aarch64__
static const char MUSL[] = "/lib/ld-musl-aarch64.so.1";
#else
static const char MUSL[] = "/lib/ld-musl-x86_64.so.1";
#endif

/* The library serves both, and finds out in the process which libc it is. */
bool system_loader_is_of_musl(const char *path) {
    return strncmp(text_base_name(path), "ld-musl-", 8) == 0;
}

bool system_loader_is_other(const char *path) {
    const char *own = elf_own_loader();
    return own != NULL && strcmp(text_base_name(own), text_base_name(path)) != 0 && !system_loader_is_of_musl(path);
}

/* Ours has been run already. */
const char *system_loader_for(const char *path) {
    if (!system_loader_is_of_musl(path))
        return elf_own_loader();
    return roots_own_is(MUSL) ? MUSL : NULL;
}

/* What each kind of complaint begins with, and how much of that is left out. */
static const struct {
    const char *beginning;
    size_t left_out;
} COMPLAINTS[] = {{"ERROR: ld.so: ", 14}, {"Error loading ", 6}, {"Error relocating ", 6}};

/* Of what that file lists beside, it says nothing of the library. */
static bool is_about_the_list(const char *line) {
    static const char list[] = "from /etc/ld.so.preload ";
    return memmem(line, strcspn(line, "\n"), list, sizeof(list) - 1) != NULL;
}

/* The first complaint that begins like this; NULL: none. */
static const char *find_complaint(const char *objects, const char *beginning) {
    const char *line = strstr(objects, beginning);
    while (line != NULL && is_about_the_list(line))
        line = strstr(line + 1, beginning);
    return line;
}

/* For the caller to free. NULL: the library is among the objects that the loader maps. */
static char *complaint_in(const char *objects, const char *library) {
    const char *line = NULL;
    for (size_t i = 0; line == NULL && i < sizeof(COMPLAINTS) / sizeof(COMPLAINTS[0]); i++) {
        line = find_complaint(objects, COMPLAINTS[i].beginning);
        line = line == NULL ? NULL : line + COMPLAINTS[i].left_out;
    }
    if (line == NULL)
        return strstr(objects, library) != NULL ? NULL : memory_text("the library is not among what it maps");
    size_t length = strcspn(line, "\n");
    length -= length > 0 && line[length - 1] == '.';
    return text_format("%.*s", (int)length, line);
}

/*
 * What it lists is this command itself with the library: the program could name auditors (DT_AUDIT in ld.so(8)). This
 * command is not of musl, whose loader lists itself.
 */
char *system_loader_refusal(const char *loader, const char *library, bool *known) {
    int status = 0;
    char *command = system_loader_is_of_musl(loader) ? memory_text(loader) : own_command_path();
    char *objects = command == NULL ? NULL : loader_list(loader, command, library, &status);
    char *refusal = objects == NULL ? NULL : complaint_in(objects, library);
    *known = objects != NULL;
    free(objects);
    free(command);
    return refusal;
}

char *system_loader_fault(const char *library) {
    if (dlopen(library, RTLD_NOW | RTLD_LOCAL) != NULL)
        return NULL;
    return memory_text(dlerror()); // NOLINT(concurrency-mt-unsafe): there is one thread
}
