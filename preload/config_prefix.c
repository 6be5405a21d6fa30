#include "originbypass/config_prefix.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A set in a file of the user's own: `file:/etc/originbypass/byoip.txt`. */
static const char FILE_SET[] = "file:";

static const char *const NAMED_SETS[] = {"cloudflare", "private", "bogon"};

static bool is_set(const char *text) {
    if (strncmp(text, FILE_SET, strlen(FILE_SET)) == 0)
        return text[strlen(FILE_SET)] == '/';
    for (size_t i = 0; i < sizeof(NAMED_SETS) / sizeof(NAMED_SETS[0]); i++) {
        if (strcmp(text, NAMED_SETS[i]) == 0)
            return true;
    }
    return false;
}

/* The octets of `address` without those of its bits that stand behind the prefix. */
static struct address masked(struct address address, unsigned length) {
    for (unsigned i = 0; i < address_size(address.family); i++) {
        unsigned kept = length > i * 8 ? length - i * 8 : 0;
        if (kept < 8)
            address.octets[i] &= (uint8_t)(0xff00 >> kept);
    }
    return address;
}

static bool parse_length(const char *text, unsigned maximum, uint8_t *length) {
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 3 || text[digits] != '\0')
        return false;
    unsigned value = (unsigned)strtoul(text, NULL, 10);
    *length = (uint8_t)value;
    return value <= maximum;
}

/* Returns NULL, or what is wrong, in words that go on behind the text. */
static const char *parse_prefix(const struct config_reader *reader, const char *text, struct prefix_entry *entry) {
    const char *slash = strchr(text, '/');
    size_t length = slash == NULL ? strlen(text) : (size_t)(slash - text);
    if (!address_parse_part(text, length, &entry->address))
        return "is no prefix and no set: expected ADDRESS, ADDRESS/LENGTH, \"cloudflare\", \"private\", \"bogon\" or "
               "\"file:/ABSOLUTE/PATH\"";
    unsigned bits = 8 * (unsigned)address_size(entry->address.family);
    entry->length = (uint8_t)bits;
    if (slash != NULL && !parse_length(slash + 1, bits, &entry->length))
        return config_memory_print(reader->scratch, "has no length from 0 to %u behind the slash", bits);
    struct address network = masked(entry->address, entry->length);
    if (memcmp(network.octets, entry->address.octets, bits / 8) == 0)
        return NULL;
    char expected[INET6_ADDRSTRLEN];
    inet_ntop(network.family, network.octets, expected, sizeof(expected));
    return config_memory_print(reader->scratch, "has bits set behind its length: expected %s/%u", expected,
                               entry->length);
}

static bool parse_entry(const struct config_reader *reader, const struct config_node *node,
                        struct prefix_entry *entry) {
    *entry = (struct prefix_entry){.line = node->line};
    if (is_set(node->text)) {
        entry->set = config_memory_text(reader->memory, node->text, strlen(node->text));
        return true;
    }
    const char *fault = parse_prefix(reader, node->text, entry);
    if (fault != NULL)
        config_value_fault(reader, node, fault);
    return fault == NULL;
}

static int compare(const void *left, const void *right) {
    const struct prefix_entry *a = left;
    const struct prefix_entry *b = right;
    if (a->set != NULL && b->set != NULL)
        return strcmp(a->set, b->set);
    if (a->set != NULL || b->set != NULL)
        return a->set != NULL ? 1 : -1;
    if (a->address.family != b->address.family)
        return a->address.family < b->address.family ? -1 : 1;
    int order = memcmp(a->address.octets, b->address.octets, address_size(a->address.family));
    return order != 0 ? order : (int)a->length - (int)b->length;
}

static void sort_and_unite(struct prefix_list *list) {
    qsort(list->entries, list->count, sizeof(list->entries[0]), compare);
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (kept == 0 || compare(&list->entries[kept - 1], &list->entries[i]) != 0)
            list->entries[kept++] = list->entries[i];
    }
    list->count = kept;
}

const struct prefix_list *config_prefix_list(const struct config_reader *reader, const struct config_node *node) {
    if (!config_value_strings(reader, node) || node->count == 0)
        return NULL;
    struct prefix_list *list =
        config_memory_take(reader->memory, sizeof(*list) + node->count * sizeof(list->entries[0]));
    if (list == NULL)
        return NULL;
    for (size_t i = 0; i < node->count; i++)
        list->count += parse_entry(reader, &node->children[i], &list->entries[list->count]);
    sort_and_unite(list);
    return list->count == 0 ? NULL : list;
}

static const char *entry_text(const struct config_reader *reader, const struct prefix_entry *entry) {
    if (entry->set != NULL)
        return config_errors_quote(reader->errors, entry->set, strlen(entry->set));
    char address[INET6_ADDRSTRLEN];
    inet_ntop(entry->address.family, entry->address.octets, address, sizeof(address));
    return config_memory_print(reader->scratch, "%s/%u", address, entry->length);
}

/* A host's own list may stand against a general one: each entry has the line that it came from. */
static void tell_conflict(const struct config_reader *reader, const struct prefix_entry *reject,
                          const struct prefix_entry *accept) {
    const char *whose = "";
    if (reader->host != NULL)
        whose = config_memory_print(reader->scratch, " for host %s",
                                    config_errors_quote(reader->errors, reader->host, strlen(reader->host)));
    config_errors_add(reader->errors, (struct config_place){.file = reader->file, .line = reject->line},
                      "%s is rejected here and accepted in line %d%s: expected in one list only",
                      entry_text(reader, reject), accept->line, whose);
}

void config_prefix_compare(const struct config_reader *reader) {
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
        const struct prefix_entry *same =
            bsearch(entry, longer->entries, longer->count, sizeof(longer->entries[0]), compare);
        if (same != NULL)
            tell_conflict(reader, reject_is_shorter ? entry : same, reject_is_shorter ? same : entry);
    }
}
