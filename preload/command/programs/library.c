#include "originbypass/command/programs/library.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "originbypass/command/base/cli.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/own_command.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/base/variable.h"
#include "originbypass/command/programs/elf_file.h"
#include "originbypass/command/programs/preload_fault.h"
#include "originbypass/command/programs/system_loader.h"

static const char NAME[] = "liboriginbypass.so";

/* The first path that matches a pattern of glob(3); the caller must free(3) it. */
static char *first_of(const char *pattern) {
    glob_t found;
    int error = glob(pattern, 0, NULL, &found); // NOLINT(concurrency-mt-unsafe): there is one thread
    char *path = error == 0 ? memory_text(found.gl_pathv[0]) : NULL;
    globfree(&found);
    return path;
}

static char *find_beside_command(void) {
    char *directory = own_command_path();
    if (directory == NULL)
        return NULL;
    *strrchr(directory, '/') = '\0';
    char *beside = text_format("%s/%s", directory, NAME);
    char *above = text_format("%s/../lib/%s", directory, NAME);
    char *path = realpath(beside, NULL);
    if (path == NULL)
        path = realpath(above, NULL);
    free(above);
    free(beside);
    free(directory);
    return path;
}

static char *find_installed(void) {
    static const char *const directories[] = {"/usr/local/lib", "/usr/lib", "/usr/lib/*-linux-*", "/usr/lib64"};
    char *path = NULL;
    for (size_t i = 0; path == NULL && i < sizeof(directories) / sizeof(directories[0]); i++) {
        char *pattern = text_format("%s/%s", directories[i], NAME);
        path = first_of(pattern);
        free(pattern);
    }
    return path;
}

static char *absolute(const char *path) {
    if (path[0] == '/')
        return memory_text(path);
    char *directory = memory_checked(getcwd(NULL, 0));
    char *whole = text_format("%s/%s", directory, path);
    free(directory);
    return whole;
}

char *library_find(void) {
    char *named = variable_get("ORIGIN_BYPASS_LIBRARY");
    char *path = named != NULL ? absolute(named) : find_beside_command();
    free(named);
    return path != NULL ? path : find_installed();
}

static bool is_loadable(const char *library) {
    char *fault = preload_fault(NULL, library), *refusal = fault == NULL ? system_loader_fault(library) : NULL;
    if (fault != NULL)
        cli_complain("%s: %s", library, fault);
    else if (refusal != NULL)
        cli_complain("%s: the loader refuses it: %s", library, refusal);
    bool loadable = fault == NULL && refusal == NULL;
    free(refusal);
    free(fault);
    return loadable;
}

void library_complain_of_none(void) {
    char *command = own_command_path();
    cli_complain("no %s beside %s, in ../lib of it, or in /usr/local/lib and /usr/lib; say where it is in "
                 "ORIGIN_BYPASS_LIBRARY",
                 NAME, command == NULL ? "this command" : command);
    free(command);
}

char *library_find_loadable(void) {
    char *library = library_find();
    if (library == NULL)
        library_complain_of_none();
    if (library == NULL || is_loadable(library))
        return library;
    free(library);
    return NULL;
}

static bool is_in_preload(const char *preload, const char *library) {
    size_t length = strlen(library);
    for (const char *at = preload; (at = strstr(at, library)) != NULL; at += length)
        if ((at == preload || strchr(" :", at[-1]) != NULL) && strchr(" :", at[length]) != NULL)
            return true;
    return false;
}

char *library_needs(const char *library) {
    struct elf_file elf;
    struct stat status;
    char *version = NULL;
    int descriptor = open(library, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return memory_text("a libc that is not known");
    if (fstat(descriptor, &status) == 0 && elf_begin(&elf, descriptor, (uint64_t)status.st_size) == ELF_NATIVE) {
        version = elf_version_needed(&elf, "GLIBC_");
        elf_end(&elf);
    }
    close(descriptor);
    char *needs = version == NULL ? memory_text("a libc that is not known") : text_format("glibc %s or later", version);
    free(version);
    return needs;
}

char *library_preload(const char *library) {
    const char *preload = secure_getenv("LD_PRELOAD");
    if (preload == NULL || preload[0] == '\0')
        return memory_text(library);
    if (is_in_preload(preload, library))
        return memory_text(preload);
    return text_format("%s:%s", library, preload);
}
