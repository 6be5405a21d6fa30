#include "originbypass/command/programs/static_loaders.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "originbypass/command/base/roots_own.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/programs/elf_file.h"
#include "originbypass/command/programs/foreign_file.h"

enum { OF_GLIBC, OF_MUSL };

#ifdef __aarch64__
const char *const static_loaders[STATIC_LOADERS] = {"/lib/ld-linux-aarch64.so.1", "/lib/ld-musl-aarch64.so.1"};
#else
const char *const static_loaders[STATIC_LOADERS] = {"/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1"};
#endif

/* For the caller to free. NULL: there is no shell, or it is static. */
static char *loader_of_shell(void) {
    struct elf_file elf;
    uint64_t size = 0;
    char *loader = NULL;
    int descriptor = foreign_file_open("/bin/sh", UINT64_MAX, &size);
    if (descriptor >= 0 && elf_begin(&elf, descriptor, size) == ELF_NATIVE) {
        loader = elf_loader(&elf);
        elf_end(&elf);
    }
    if (descriptor >= 0)
        close(descriptor);
    return loader;
}

/* Systems of musl may have glibc's loader, too, for programs from elsewhere (gcompat), and the other way round. */
static const char *find_loader(void) {
    char *named = loader_of_shell();
    const char *found = NULL;
    for (size_t i = 0; i < STATIC_LOADERS && named != NULL && found == NULL; i++)
        if (strcmp(text_base_name(named), text_base_name(static_loaders[i])) == 0)
            found = static_loaders[i];
    for (size_t i = 0; i < STATIC_LOADERS && found == NULL; i++)
        if (access(static_loaders[i], F_OK) == 0)
            found = static_loaders[i];
    free(named);
    return found;
}

const char *static_loaders_system(void) {
    const char *found = find_loader();
    return found != NULL && roots_own_is(found) ? found : NULL;
}

bool static_loaders_are_of_musl(void) {
    return find_loader() != static_loaders[OF_GLIBC];
}
