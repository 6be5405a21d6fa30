#include "originbypass/command/doctor/read_published.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/programs/link_order.h"
#include "originbypass/command/programs/mapping.h"

enum { MAPPING_SIZE_MAX = 1 << 20, TRIES = 100 };

static const char NONE[] = "its library has no record of it; it is an older one";
static const char OTHER_VERSION[] = "its library is of another version than this command";

static const char DENIED[] = "this user may not read the memory of the process";

bool published_is_denied(const char *why) {
    return why == DENIED;
}

const char *published_find(const char *memory, size_t size) {
    static const char magic[sizeof(((struct published *)NULL)->magic)] = PUBLISHED_MAGIC;
    for (size_t at = 0; at + sizeof(struct published) <= size; at += _Alignof(struct published))
        if (memcmp(memory + at, magic, sizeof(magic)) == 0)
            return memory + at;
    return NULL;
}

static void end_text(char *text, size_t room) {
    text[room - 1] = '\0';
}

const char *published_check(struct published *record) {
    if (record->version != PUBLISHED_VERSION || record->size != sizeof(*record) || record->state > PUBLISHED_STATE_LAST)
        return OTHER_VERSION;
    if (record->state == PUBLISHED_UNUSED)
        return "its library has not been loaded completely";
    end_text(record->file, sizeof(record->file));
    end_text(record->hosts, sizeof(record->hosts));
    end_text(record->upstreams, sizeof(record->upstreams));
    end_text(record->log_file, sizeof(record->log_file));
    end_text(record->error, sizeof(record->error));
    end_text(record->metrics_directory, sizeof(record->metrics_directory));
    for (size_t i = 0; i < PUBLISHED_FALLBACKS; i++)
        end_text(record->fallbacks[i].host, sizeof(record->fallbacks[i].host));
    return NULL;
}

/* The numbers that tell whether the record was changed while it was read: both, one after the other. */
static bool read_sequences(const char *pid, uint64_t address, uint32_t sequences[static 2]) {
    return link_order_read(pid, address + offsetof(struct published, sequence), &sequences[0], sizeof(sequences[0])) &&
           link_order_read(pid, address + offsetof(struct published, fallbacks_sequence), &sequences[1],
                           sizeof(sequences[1]));
}

/* A process that changes its record has done so after a moment, unless it was stopped in between. */
static const char *copy_record(const char *pid, uint64_t address, struct published *record) {
    for (int i = 0; i < TRIES; i++) {
        uint32_t before[2], after[2];
        if (!read_sequences(pid, address, before) || !link_order_read(pid, address, record, sizeof(*record)) ||
            !read_sequences(pid, address, after))
            return "its memory is no longer there";
        bool is_whole = before[0] == after[0] && before[0] % 2 == 0;
        bool has_whole_fallbacks = before[1] == after[1] && before[1] % 2 == 0;
        if (is_whole && has_whole_fallbacks)
            return published_check(record);
        if (is_whole && i == TRIES - 1) { /* a copy of a process whose thread was recording one */
            memset(record->fallbacks, 0, sizeof(record->fallbacks));
            return published_check(record);
        }
    }
    return "the process was stopped while it changed its configuration";
}

static const char *read_mapping(const char *pid, const struct mapping *mapping, struct published *record) {
    uint64_t size = mapping->end - mapping->start;
    if (!mapping->writable || mapping->end < mapping->start || size > MAPPING_SIZE_MAX)
        return NONE;
    char *memory = memory_zeroed(1, size);
    const char *why = NONE;
    if (!link_order_read(pid, mapping->start, memory, size)) {
        why = errno == EPERM ? DENIED : "its memory cannot be read";
    } else {
        const char *found = published_find(memory, size);
        if (found != NULL)
            why = copy_record(pid, mapping->start + (uint64_t)(found - memory), record);
    }
    free(memory);
    return why;
}

/* Of several copies, each of which has a record, the one that answers counts. */
const char *published_read(const char *pid, const char *maps, struct published *record) {
    struct mapping answering;
    bool one_counts = link_order_first(pid, maps, &answering) == LINK_ORDER_FIRST;
    char *text = memory_text(maps), *rest = text;
    struct mapping mapping = {0};
    const char *why = NONE;
    while (why == NONE && mapping_next(&rest, &mapping))
        if (!one_counts || (mapping.device == answering.device && mapping.inode == answering.inode))
            why = read_mapping(pid, &mapping, record);
    free(text);
    return why;
}
