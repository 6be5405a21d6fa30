#include "originbypass/config/keys.h"

#include <string.h>

#include "originbypass/config/host_rules.h"
#include "originbypass/config/pinned.h"
#include "originbypass/config/prefix_lists.h"
#include "originbypass/config/programs.h"
#include "originbypass/values/name.h"

/* A key of the configuration file. A table of them ends with a key without a name. */
struct config_key {
    const char *name;
    void (*read)(struct config_reader *reader, const struct config_node *node); /* NULL: a number */
    size_t offset;             /* of a number: in struct host_settings */
    uint32_t minimum, maximum; /* of a number */
};

#define SETTING(member) offsetof(struct host_settings, member)

static const char *known_keys(const struct config_reader *reader, const struct config_key *keys) {
    const char *listed = keys->name;
    while ((++keys)->name != NULL)
        listed = arena_print(reader->scratch, "%s, %s", listed, keys->name);
    return listed;
}

static void refuse_key(const struct config_reader *reader, const struct config_node *node,
                       const struct config_key *keys) {
    const char *where = reader->host != NULL ? "a host" : "the configuration";
    if (reader->group != NULL)
        where = arena_print(reader->scratch, "%s%s", reader->group, reader->host != NULL ? " of a host" : "");
    config_errors_add(reader->errors, config_value_place(reader, node), "%s is not a key of %s: expected %s",
                      config_errors_quote(reader->errors, node->name, strlen(node->name)), where,
                      known_keys(reader, keys));
}

static void read_key(struct config_reader *reader, const struct config_node *node, const struct config_key *key) {
    if (key->read != NULL) {
        key->read(reader, node);
        return;
    }
    uint32_t *number = (uint32_t *)((char *)reader->settings + key->offset);
    config_value_number(reader, node, key->minimum, key->maximum, number);
}

static void read_keys(struct config_reader *reader, const struct config_node *group, const struct config_key *keys) {
    for (size_t i = 0; i < group->count; i++) {
        const struct config_node *node = &group->children[i];
        const struct config_key *key = keys;
        while (key->name != NULL && strcmp(key->name, node->name) != 0)
            key++;
        if (key->name != NULL)
            read_key(reader, node, key);
        else
            refuse_key(reader, node, keys);
    }
}

static bool read_key_group(struct config_reader *reader, const struct config_node *node,
                           const struct config_key *keys) {
    if (node->kind != CONFIG_NODE_GROUP) {
        config_value_refuse(reader, node, "a group, as in { KEY = VALUE; }");
        return false;
    }
    reader->group = node->name;
    read_keys(reader, node, keys);
    reader->group = NULL;
    return true;
}

static void read_fallback(struct config_reader *reader, const struct config_node *node) {
    static const char *const words[] = {"libc", "never", NULL};
    unsigned index = 0;
    if (config_value_word(reader, node, words, &index))
        reader->settings->fallback_never = index == 1;
}

static void read_family(struct config_reader *reader, const struct config_node *node) {
    static const char *const words[] = {[FAMILY_ANY] = "any", [FAMILY_IPV4] = "ipv4", [FAMILY_IPV6] = "ipv6", NULL};
    unsigned index = 0;
    if (config_value_word(reader, node, words, &index))
        reader->settings->family = (enum family_choice)index;
}

static void read_when(struct config_reader *reader, const struct config_node *node) {
    static const char *const words[] = {[WHEN_ALWAYS] = "always", [WHEN_EDGE] = "edge", NULL};
    unsigned index = 0;
    if (config_value_word(reader, node, words, &index))
        reader->settings->when = (enum when_choice)index;
}

static void read_edges(struct config_reader *reader, const struct config_node *node) {
    reader->settings->edges = config_prefix_lists_read(reader, node);
}

static const struct config_key QUERY_KEYS[] = {
    {.name = "timeout_ms", .offset = SETTING(query.timeout_ms), .minimum = 1, .maximum = 60000},
    {.name = "hedge_ms", .offset = SETTING(query.hedge_ms), .minimum = 1, .maximum = 60000},
    {.name = "deadline_ms", .offset = SETTING(query.deadline_ms), .minimum = 1, .maximum = 60000},
    {.name = NULL},
};

static void read_query(struct config_reader *reader, const struct config_node *node) {
    const struct query_settings *query = &reader->settings->query;
    if (read_key_group(reader, node, QUERY_KEYS) && query->hedge_ms >= query->deadline_ms)
        config_errors_add(reader->errors, config_value_place(reader, node),
                          "query.hedge_ms is %u: expected less than deadline_ms, which is %u, or no other upstream is "
                          "asked when one is silent",
                          query->hedge_ms, query->deadline_ms);
}

static void read_mode(struct config_reader *reader, const struct config_node *node) {
    static const char *const words[] = {[CACHE_STALE] = "stale", [CACHE_PINNED] = "pinned", [CACHE_TTL] = "ttl", NULL};
    unsigned index = 0;
    if (config_value_word(reader, node, words, &index))
        reader->settings->cache.mode = (enum cache_mode)index;
}

static void read_max_entries(struct config_reader *reader, const struct config_node *node) {
    if (reader->host == NULL)
        config_value_number(reader, node, 1, 1000000, &reader->config->max_entries);
    else
        config_value_refuse(reader, node,
                            "no such key here: it applies to the whole cache, so set it in the general cache group");
}

/* A month, which is longer than anybody should be served an old address; RFC 8767's week; RFC 2308's day. */
static const struct config_key CACHE_KEYS[] = {
    {.name = "mode", .read = read_mode},
    {.name = "stale_window_s", .offset = SETTING(cache.stale_window_s), .minimum = 0, .maximum = 30 * 86400},
    {.name = "stale_wait_ms", .offset = SETTING(cache.stale_wait_ms), .minimum = 0, .maximum = 60000},
    {.name = "max_entries", .read = read_max_entries},
    {.name = "min_ttl_s", .offset = SETTING(cache.min_ttl_s), .minimum = 0, .maximum = 7 * 86400},
    {.name = "max_ttl_s", .offset = SETTING(cache.max_ttl_s), .minimum = 1, .maximum = 7 * 86400},
    {.name = "negative_ttl_s", .offset = SETTING(cache.negative_ttl_s), .minimum = 0, .maximum = 86400},
    {.name = NULL},
};

static void read_cache(struct config_reader *reader, const struct config_node *node) {
    struct cache_settings *cache = &reader->settings->cache;
    const struct cache_settings before = *cache;
    if (!read_key_group(reader, node, CACHE_KEYS) || cache->min_ttl_s <= cache->max_ttl_s)
        return;
    config_errors_add(reader->errors, config_value_place(reader, node),
                      "cache.min_ttl_s is %u: expected no more than max_ttl_s, which is %u", cache->min_ttl_s,
                      cache->max_ttl_s);
    *cache = before; /* or each host's own cache group would be refused for it as well */
}

static void read_reject(struct config_reader *reader, const struct config_node *node) {
    reader->settings->reject = config_prefix_lists_read(reader, node);
}

static void read_accept(struct config_reader *reader, const struct config_node *node) {
    reader->settings->accept = config_prefix_lists_read(reader, node);
}

static void read_strict(struct config_reader *reader, const struct config_node *node) {
    config_value_boolean(reader, node, &reader->settings->strict);
}

static const struct config_key ANSWERS_KEYS[] = {
    {.name = "reject", .read = read_reject},
    {.name = "accept", .read = read_accept},
    {.name = "strict", .read = read_strict},
    {.name = NULL},
};

static void read_answers_group(struct config_reader *reader, const struct config_node *node) {
    if (read_key_group(reader, node, ANSWERS_KEYS))
        config_prefix_lists_compare(reader);
}

/* A pattern is matched with the executable's whole path, so that it cannot begin with a letter. */
static const char *const *read_patterns(struct config_reader *reader, const struct config_node *node, size_t *count) {
    if (!config_value_strings(reader, node))
        return NULL;
    const char **patterns = arena_allocate(reader->memory, node->count * sizeof(*patterns));
    if (patterns == NULL)
        return NULL;
    for (size_t i = 0; i < node->count; i++) {
        const char *text = node->children[i].text;
        if (!programs_is_pattern(text))
            config_value_fault(reader, &node->children[i],
                               "matches no executable: expected a pattern for its whole path, as in \"*/nginx\", "
                               "without a backslash");
        patterns[i] = arena_text(reader->memory, text, strlen(text));
    }
    *count = node->count;
    return patterns;
}

static void read_include(struct config_reader *reader, const struct config_node *node) {
    reader->config->program_include = read_patterns(reader, node, &reader->config->include_count);
}

static void read_exclude(struct config_reader *reader, const struct config_node *node) {
    reader->config->program_exclude = read_patterns(reader, node, &reader->config->exclude_count);
}

static const struct config_key PROGRAMS_KEYS[] = {
    {.name = "include", .read = read_include},
    {.name = "exclude", .read = read_exclude},
    {.name = NULL},
};

static void read_programs(struct config_reader *reader, const struct config_node *node) {
    read_key_group(reader, node, PROGRAMS_KEYS);
}

static const struct config_key LOG_KEYS[] = {
    {.name = "level", .read = config_value_log_level},
    {.name = "file", .read = config_value_log_file},
    {.name = NULL},
};

static void read_log(struct config_reader *reader, const struct config_node *node) {
    read_key_group(reader, node, LOG_KEYS);
}

static const struct config_key METRICS_KEYS[] = {
    {.name = "directory", .read = config_value_metrics_directory},
    {.name = NULL},
};

static void read_metrics(struct config_reader *reader, const struct config_node *node) {
    read_key_group(reader, node, METRICS_KEYS);
}

static void note_hosts(struct config_reader *reader, const struct config_node *node) {
    reader->hosts = node;
}

static const struct config_key GENERAL_KEYS[] = {
    {.name = "hosts", .read = note_hosts},
    {.name = "upstreams", .read = config_value_upstreams},
    {.name = "fallback", .read = read_fallback},
    {.name = "family", .read = read_family},
    {.name = "when", .read = read_when},
    {.name = "edges", .read = read_edges},
    {.name = "query", .read = read_query},
    {.name = "cache", .read = read_cache},
    {.name = "answers", .read = read_answers_group},
    {.name = "programs", .read = read_programs},
    {.name = "log", .read = read_log},
    {.name = "metrics", .read = read_metrics},
    {.name = NULL},
};

void config_keys_read_general(struct config_reader *reader, const struct config_node *root) {
    read_keys(reader, root, GENERAL_KEYS);
    const struct config_node *when = config_keys_find(root, "when");
    if (when != NULL)
        config_keys_check_when(reader, reader->settings, when);
}

/* The rule has been made of it by now. */
static void pass_name(struct config_reader *reader, const struct config_node *node) {
    (void)reader;
    (void)node;
}

static void read_query_name(struct config_reader *reader, const struct config_node *node) {
    if (node->kind != CONFIG_NODE_STRING) {
        config_value_refuse(reader, node, "the name to ask for, as in \"origin.example.com\"");
        return;
    }
    const char *fault = config_host_rules_name_fault(node->text);
    struct name name;
    if (fault == NULL && name_fold(&name, node->text))
        reader->settings->query_name = arena_text(reader->memory, name.text, name.length);
    else
        config_value_fault(reader, node, fault);
}

static const struct config_key HOST_KEYS[] = {
    {.name = "name", .read = pass_name},
    {.name = "query", .read = read_query_name},
    {.name = "upstreams", .read = config_value_upstreams},
    {.name = "addresses", .read = config_pinned_addresses},
    {.name = "reject", .read = read_reject},
    {.name = "accept", .read = read_accept},
    {.name = "strict", .read = read_strict},
    {.name = "family", .read = read_family},
    {.name = "when", .read = read_when},
    {.name = "edges", .read = read_edges},
    {.name = "fallback", .read = read_fallback},
    {.name = "cache", .read = read_cache},
    {.name = NULL},
};

const struct config_node *config_keys_find(const struct config_node *group, const char *name) {
    for (size_t i = 0; i < group->count; i++) {
        if (strcmp(group->children[i].name, name) == 0)
            return &group->children[i];
    }
    return NULL;
}

/* After other errors, `edges` may be empty because of one. */
void config_keys_check_when(const struct config_reader *reader, const struct host_settings *settings,
                            const struct config_node *place) {
    if (settings->when == WHEN_EDGE && settings->edges == NULL && reader->errors->count == 0)
        config_errors_add(reader->errors, config_value_place(reader, place),
                          "when is \"edge\", but edges is empty, so that no address is one: expected at least one "
                          "prefix or set, as in [ \"cloudflare\" ]");
}

/* Pinned addresses are never asked for: a setting about asking shows that something else was meant. */
static void check_pinned(const struct config_reader *reader, const struct config_node *group) {
    static const char *const asking[] = {"query", "upstreams"};
    if (config_keys_find(group, "addresses") == NULL)
        return;
    for (size_t i = 0; i < sizeof(asking) / sizeof(asking[0]); i++) {
        const struct config_node *node = config_keys_find(group, asking[i]);
        if (node != NULL)
            config_errors_add(
                reader->errors, config_value_place(reader, node),
                "%s and addresses are both set, but with addresses no server is asked: expected one of the two",
                asking[i]);
    }
}

void config_keys_read_host(struct config_reader *reader, const struct config_node *group) {
    read_keys(reader, group, HOST_KEYS);
    if (config_keys_find(group, "reject") != NULL || config_keys_find(group, "accept") != NULL)
        config_prefix_lists_compare(reader);
    check_pinned(reader, group);
    config_keys_check_when(reader, reader->settings, group);
}
