#include "originbypass/config/prefix_lists.h"

#include <string.h>

#include "originbypass/config/prefix.h"
#include "originbypass/config/prefix_set.h"

static size_t count_entries(const struct config_reader *reader, const struct config_node *node) {
    size_t count = 0;
    for (size_t i = 0; i < node->count; i++) {
        const struct config_node *item = &node->children[i];
        count += config_prefix_set_is_name(item->text) ? config_prefix_set_size(reader, item) : 1;
    }
    return count;
}

/* Returns how many entries were written. */
static size_t read_item(const struct config_reader *reader, const struct config_node *node,
                        struct prefix_entry *entries) {
    if (config_prefix_set_is_name(node->text))
        return config_prefix_set_read(reader, node, entries);
    entries->line = node->line;
    const char *fault = config_prefix_parse(reader, node->text, strlen(node->text), entries);
    if (fault != NULL)
        config_value_fault(reader, node, fault);
    return fault == NULL;
}

static const struct prefix_list *read_items(const struct config_reader *reader, const struct config_node *node) {
    struct prefix_list *list =
        arena_allocate(reader->memory, sizeof(*list) + count_entries(reader, node) * sizeof(list->entries[0]));
    if (list == NULL)
        return NULL;
    for (size_t i = 0; i < node->count; i++)
        list->count += read_item(reader, &node->children[i], &list->entries[list->count]);
    prefixes_arrange(list);
    return list->count == 0 ? NULL : list;
}

const struct prefix_list *config_prefix_lists_read(const struct config_reader *reader, const struct config_node *node) {
    return config_value_strings(reader, node) ? read_items(reader, node) : NULL;
}

const struct prefix_list *config_prefix_lists_of_set(const struct config_reader *reader, const char *set) {
    struct config_node name = {.kind = CONFIG_NODE_STRING, .text = set};
    return read_items(reader, &(struct config_node){.kind = CONFIG_NODE_LIST, .count = 1, .children = &name});
}

/* `10.0.0.0/8`, `"private"` where both lists have the set, `10.0.0.0/8 of "private"` */
static const char *entry_text(const struct config_reader *reader, const struct prefix_entry *entry,
                              const struct prefix_entry *other) {
    char prefix[PREFIX_TEXT_SIZE];
    prefix_text(entry, prefix);
    const char *set = entry->set == NULL ? NULL : config_errors_quote(reader->errors, entry->set, strlen(entry->set));
    if (set != NULL && other->set != NULL && strcmp(entry->set, other->set) == 0)
        return set;
    return arena_print(reader->scratch, "%s%s%s", prefix, set == NULL ? "" : " of ", set == NULL ? "" : set);
}

/* A host's own list can contradict a general one. Each entry has the line that it came from. */
static void tell_conflict(const struct config_reader *reader, const struct prefix_entry *reject,
                          const struct prefix_entry *accept) {
    const char *whose = "";
    if (reader->host != NULL)
        whose = arena_print(reader->scratch, " for host %s",
                            config_errors_quote(reader->errors, reader->host, strlen(reader->host)));
    config_errors_add(reader->errors, (struct config_place){.file = reader->file, .line = reject->line},
                      "%s is rejected here and accepted in line %d%s: expected in only one list",
                      entry_text(reader, reject, accept), accept->line, whose);
}

void config_prefix_lists_compare(const struct config_reader *reader) {
    const struct prefix_list *reject = reader->settings->reject;
    const struct prefix_list *accept = reader->settings->accept;
    if (reject == NULL || accept == NULL)
        return;
    /* Walk the shorter list: ten thousand hosts may each have a short one beside one long general one. */
    bool reject_is_shorter = reject->count <= accept->count;
    const struct prefix_list *shorter = reject_is_shorter ? reject : accept;
    const struct prefix_list *longer = reject_is_shorter ? accept : reject;
    for (size_t i = 0; i < shorter->count; i++) {
        const struct prefix_entry *entry = &shorter->entries[i];
        const struct prefix_entry *same = prefixes_find(longer, entry);
        if (same == NULL || (same->set == NULL) != (entry->set == NULL))
            continue;
        tell_conflict(reader, reject_is_shorter ? entry : same, reject_is_shorter ? same : entry);
        return; /* two sets may have much in common, and the first prefix tells which they are */
    }
}
