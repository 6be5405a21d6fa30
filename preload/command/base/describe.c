#include "originbypass/command/base/describe.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/config/source.h"

/* ---- a list that is being built: its items, one after the other ---- */

struct item_list {
    FILE *stream;
    const char *separator;
    size_t count, size;
    char *text;
};

/* The list must not be moved until list_end(), because the stream has its address. */
static void list_begin(struct item_list *list, const char *separator) {
    *list = (struct item_list){.separator = separator};
    list->stream = memory_checked(open_memstream(&list->text, &list->size));
}

static void list_add(struct item_list *list, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void list_add(struct item_list *list, const char *format, ...) {
    va_list arguments;
    if (list->count++ > 0)
        fputs(list->separator, list->stream);
    va_start(arguments, format);
    vfprintf(list->stream, format, arguments);
    va_end(arguments);
}

static void list_take(struct item_list *list, const char *format, char *item) __attribute__((format(printf, 2, 0)));
static void list_take(struct item_list *list, const char *format, char *item) {
    list_add(list, format, item);
    free(item);
}

static char *list_end(struct item_list *list) {
    fclose(list->stream);
    return memory_checked(list->text);
}

static char *list_end_or_none(struct item_list *list) {
    if (list->count == 0)
        list_add(list, "none");
    return list_end(list);
}

/* ---- */

char *describe_address(const struct address *address) {
    char text[INET6_ADDRSTRLEN];
    address_text(address, text);
    return memory_text(text);
}

char *describe_server(const struct server_address *server) {
    char text[SERVER_ADDRESS_TEXT_SIZE];
    server_address_text(server, text);
    return memory_text(text);
}

char *describe_rule(const struct host_rule *rule) {
    static const char *const leads[] = {[RULE_NAME] = "", [RULE_BELOW] = "*.", [RULE_ALL] = "*"};
    return text_format("%s%s%s", rule->excluded ? "!" : "", leads[rule->kind], rule->name);
}

char *describe_place(const struct config *config, const struct host_rule *rule) {
    if (rule->line == 0)
        return memory_text(config_variable_name(CONFIG_VARIABLE_HOSTS));
    return text_format("%s:%d", config->file, rule->line);
}

char *describe_prefix(const struct prefix_entry *entry) {
    char text[PREFIX_TEXT_SIZE];
    prefix_text(entry, text);
    return entry->set == NULL ? memory_text(text) : text_format("%s of \"%s\"", text, entry->set);
}

char *describe_servers(const struct server_list *servers) {
    struct item_list list;
    list_begin(&list, ", ");
    for (size_t i = 0; i < servers->count; i++)
        list_take(&list, "%s", describe_server(&servers->servers[i]));
    return list_end_or_none(&list);
}

static void list_add_addresses(struct item_list *list, const struct answer *answer) {
    for (size_t i = 0; answer != NULL && i < answer->address_count; i++) {
        struct address address = answer_address(answer, i);
        list_take(list, "%s", describe_address(&address));
    }
}

char *describe_pinned(const struct host_settings *settings) {
    struct item_list list;
    list_begin(&list, ", ");
    list_add_addresses(&list, settings->pinned_ipv4);
    list_add_addresses(&list, settings->pinned_ipv6);
    return list_end_or_none(&list);
}

/* A set is mentioned once, at its first prefix, with the number of its prefixes. */
static bool is_told(const struct prefix_list *prefixes, size_t place) {
    for (size_t i = 0; i < place; i++)
        if (prefixes->entries[i].set != NULL && strcmp(prefixes->entries[i].set, prefixes->entries[place].set) == 0)
            return true;
    return false;
}

static size_t count_of_set(const struct prefix_list *prefixes, const char *set) {
    size_t count = 0;
    for (size_t i = 0; i < prefixes->count; i++)
        count += prefixes->entries[i].set != NULL && strcmp(prefixes->entries[i].set, set) == 0;
    return count;
}

char *describe_prefixes(const struct prefix_list *prefixes) {
    struct item_list list;
    list_begin(&list, ", ");
    for (size_t i = 0; prefixes != NULL && i < prefixes->count; i++) {
        const struct prefix_entry *entry = &prefixes->entries[i];
        if (entry->set == NULL)
            list_take(&list, "%s", describe_prefix(entry));
        else if (!is_told(prefixes, i))
            list_add(&list, "%s (%zu prefixes)", entry->set, count_of_set(prefixes, entry->set));
    }
    return list_end_or_none(&list);
}

const char *describe_family(enum family_choice family) {
    static const char *const words[] = {[FAMILY_ANY] = "any", [FAMILY_IPV4] = "ipv4", [FAMILY_IPV6] = "ipv6"};
    return words[family];
}

const char *describe_when(enum when_choice when) {
    static const char *const words[] = {[WHEN_ALWAYS] = "always", [WHEN_EDGE] = "edge"};
    return words[when];
}

const char *describe_cache_mode(enum cache_mode mode) {
    static const char *const words[] = {[CACHE_STALE] = "stale", [CACHE_PINNED] = "pinned", [CACHE_TTL] = "ttl"};
    return words[mode];
}

const char *describe_log_level(enum log_level level) {
    static const char *const words[] = {"debug", "info", "warn", "error", "none"};
    return words[level];
}

const char *describe_fallback(const struct host_settings *settings) {
    return settings->fallback_never ? "never" : "libc";
}

static void list_number(struct item_list *list, const char *key, uint32_t own, uint32_t general) {
    if (own != general)
        list_add(list, "%s = %" PRIu32, key, own);
}

static void list_cache(struct item_list *list, const struct cache_settings *own, const struct cache_settings *general) {
    if (own->mode != general->mode)
        list_add(list, "cache.mode = %s", describe_cache_mode(own->mode));
    list_number(list, "cache.stale_window_s", own->stale_window_s, general->stale_window_s);
    list_number(list, "cache.stale_wait_ms", own->stale_wait_ms, general->stale_wait_ms);
    list_number(list, "cache.min_ttl_s", own->min_ttl_s, general->min_ttl_s);
    list_number(list, "cache.max_ttl_s", own->max_ttl_s, general->max_ttl_s);
    list_number(list, "cache.negative_ttl_s", own->negative_ttl_s, general->negative_ttl_s);
}

char *describe_differences(const struct host_settings *settings, const struct host_settings *general) {
    struct item_list list;
    list_begin(&list, "; ");
    if (settings->fallback_never != general->fallback_never)
        list_add(&list, "fallback = %s", describe_fallback(settings));
    if (settings->family != general->family)
        list_add(&list, "family = %s", describe_family(settings->family));
    if (settings->when != general->when)
        list_add(&list, "when = %s", describe_when(settings->when));
    if (settings->edges != general->edges)
        list_take(&list, "edges = %s", describe_prefixes(settings->edges));
    if (settings->reject != general->reject)
        list_take(&list, "reject = %s", describe_prefixes(settings->reject));
    if (settings->accept != general->accept)
        list_take(&list, "accept = %s", describe_prefixes(settings->accept));
    if (settings->strict != general->strict)
        list_add(&list, "strict = %s", settings->strict ? "true" : "false");
    list_cache(&list, &settings->cache, &general->cache);
    return list_end(&list);
}

static void list_who_is_asked(struct item_list *list, const struct host_settings *settings,
                              const struct host_settings *general) {
    if (settings->pinned_ipv4 != NULL) {
        list_take(list, "always %s", describe_pinned(settings));
        return;
    }
    if (settings->upstreams != general->upstreams)
        list_take(list, "%s", describe_servers(settings->upstreams));
    else
        list_add(list, "the upstreams");
    if (settings->query_name != NULL)
        list_add(list, "asked for %s", settings->query_name);
}

char *describe_way(const struct host_rule *rule, const struct host_settings *general) {
    struct item_list list;
    if (rule->excluded)
        return memory_text("libc");
    list_begin(&list, "; ");
    list_who_is_asked(&list, rule->settings, general);
    char *differences = describe_differences(rule->settings, general);
    if (differences[0] != '\0')
        list_add(&list, "%s", differences);
    free(differences);
    return list_end(&list);
}
