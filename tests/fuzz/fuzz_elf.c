#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "originbypass/command/programs/elf_file.h"

/*
 * The reader of ELF files with any octets as input. The commands doctor and system status read the files of other
 * users' processes with it. Its texts must be terminated, and their content must come from the file.
 */

enum { TEXTS_MAX = 8 };

static void require(int condition) {
    if (!condition)
        abort();
}

static void check_text(char *text, const uint8_t *data, size_t size) {
    if (text == NULL)
        return;
    size_t length = strlen(text);
    require(length == 0 || memmem(data, size, text, length) != NULL);
    free(text);
}

static void read_all(const struct elf_file *elf, const uint8_t *data, size_t size) {
    static const char *const beginnings[] = {"libcares.so", "libc.so", NULL};
    check_text(elf_loader(elf), data, size);
    check_text(elf_needs(elf, beginnings), data, size);
    check_text(elf_version_needed(elf, "GLIBC_"), data, size);
    char *texts[TEXTS_MAX];
    size_t count = elf_dynamic_texts(elf, DT_NEEDED, texts, TEXTS_MAX);
    require(count <= TEXTS_MAX);
    for (size_t i = 0; i < count; i++)
        check_text(texts[i], data, size);
    (void)elf_imports(elf, "getaddrinfo");
    (void)elf_exports(elf, "getaddrinfo");
    (void)elf_has_section(elf, ".go.buildinfo");
}

static int file_of(const uint8_t *data, size_t size) {
    static int descriptor = -1;
    if (descriptor < 0)
        descriptor = memfd_create("elf", MFD_CLOEXEC);
    require(ftruncate(descriptor, 0) == 0 && pwrite(descriptor, data, size, 0) == (ssize_t)size);
    return descriptor;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct elf_file elf;
    if (elf_begin(&elf, file_of(data, size), size) == ELF_NATIVE) {
        read_all(&elf, data, size);
        elf_end(&elf);
    }
    return 0;
}
