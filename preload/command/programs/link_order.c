#include "originbypass/command/programs/link_order.h"

#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/programs/proc_file.h"

/* More of either than any program has. */
enum { OBJECTS_MAX = 4096, ENTRIES_MAX = 1024 };

bool link_order_read(const char *pid, uint64_t address, void *to, uint64_t size) {
    struct iovec local = {to, size};
    // NOLINTNEXTLINE(performance-no-int-to-ptr): an address in another process
    struct iovec remote = {(void *)(uintptr_t)address, size};
    return process_vm_readv((pid_t)strtol(pid, NULL, 10), &local, 1, &remote, 1, 0) == (ssize_t)size;
}

/* --- the list of its loader --------------------------------------------------------------------------------------- */

/* Where the headers of its program are: what the kernel told the process (getauxval(3)). */
static bool read_headers_place(const char *pid, uint64_t *address, uint64_t *count) {
    size_t size = 0;
    char *octets = proc_file_text(pid, "auxv", &size);
    *address = *count = 0;
    for (size_t at = 0; octets != NULL && at + sizeof(Elf64_auxv_t) <= size; at += sizeof(Elf64_auxv_t)) {
        Elf64_auxv_t entry;
        memcpy(&entry, octets + at, sizeof(entry));
        if (entry.a_type == AT_PHDR)
            *address = entry.a_un.a_val;
        if (entry.a_type == AT_PHNUM)
            *count = entry.a_un.a_val;
    }
    free(octets);
    return *address != 0 && *count > 0 && *count < ENTRIES_MAX;
}

/* The address of the program's dynamic section; 0: it is not known. */
static uint64_t dynamic_of(const char *pid) {
    uint64_t address, count, bias = 0, dynamic = 0;
    if (!read_headers_place(pid, &address, &count))
        return 0;
    for (uint64_t i = 0; i < count; i++) {
        Elf64_Phdr header;
        if (!link_order_read(pid, address + i * sizeof(header), &header, sizeof(header)))
            return 0;
        if (header.p_type == PT_PHDR)
            bias = address - header.p_vaddr;
        if (header.p_type == PT_DYNAMIC)
            dynamic = header.p_vaddr;
    }
    return dynamic == 0 ? 0 : dynamic + bias;
}

/* The first object of the list; 0: it is not known. */
static uint64_t first_object(const char *pid) {
    uint64_t dynamic = dynamic_of(pid);
    Elf64_Dyn entry = {.d_tag = DT_NULL};
    for (size_t i = 0; dynamic != 0 && i < ENTRIES_MAX; i++) {
        if (!link_order_read(pid, dynamic + i * sizeof(entry), &entry, sizeof(entry)) || entry.d_tag == DT_NULL)
            return 0;
        if (entry.d_tag == DT_DEBUG)
            break;
    }
    struct r_debug debug;
    if (entry.d_tag != DT_DEBUG || !link_order_read(pid, entry.d_un.d_ptr, &debug, sizeof(debug)))
        return 0;
    return (uintptr_t)debug.r_map;
}

/* --- the copies --------------------------------------------------------------------------------------------------- */

static bool are_of_one_file(const struct mapping *one, const struct mapping *other) {
    return one->device == other->device && one->inode == other->inode;
}

static enum link_order find_copy(const char *maps, struct mapping *mapping) {
    char *text = memory_text(maps), *rest = text;
    struct mapping other;
    enum link_order found = mapping_next_loaded(&rest, mapping) ? LINK_ORDER_ONLY : LINK_ORDER_NONE;
    while (found == LINK_ORDER_ONLY && mapping_next_loaded(&rest, &other))
        if (!are_of_one_file(mapping, &other))
            found = LINK_ORDER_UNKNOWN;
    free(text);
    return found;
}

/* Whether the address is in a copy; then its executable mapping. */
static bool is_in_copy(const char *maps, uint64_t address, struct mapping *mapping) {
    char *text = memory_text(maps), *rest = text;
    struct mapping around, loaded;
    bool inside = false, found = false;
    while (!inside && mapping_next(&rest, &around))
        inside = around.start <= address && address < around.end;
    free(text);
    rest = text = memory_text(maps);
    while (inside && !found && mapping_next_loaded(&rest, &loaded))
        found = are_of_one_file(&loaded, &around);
    if (found)
        *mapping = loaded;
    free(text);
    return found;
}

/* The loader writes its part of a mapping at load, so the section may be in one that is writable or read-only. */
static bool find_first(const char *pid, const char *maps, struct mapping *mapping) {
    uint64_t at = first_object(pid);
    for (size_t i = 0; at != 0 && i < OBJECTS_MAX; i++) {
        struct link_map object;
        if (!link_order_read(pid, at, &object, sizeof(object)))
            return false;
        if (is_in_copy(maps, (uintptr_t)object.l_ld, mapping))
            return true;
        at = (uintptr_t)object.l_next;
    }
    return false;
}

enum link_order link_order_first(const char *pid, const char *maps, struct mapping *mapping) {
    enum link_order found = find_copy(maps, mapping);
    return found == LINK_ORDER_UNKNOWN && find_first(pid, maps, mapping) ? LINK_ORDER_FIRST : found;
}
