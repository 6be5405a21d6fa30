#include "originbypass/config/hosts.h"

#include <string.h>
#include <strings.h>

#include "originbypass/config/host_rules.h"
#include "originbypass/config/keys.h"

/* Short for { name = "*"; when = "edge"; }. A host of this name is written with a final dot. */
static const char AUTO[] = "auto";

static bool is_auto(const char *text) {
    return strcasecmp(text, AUTO) == 0;
}

/* The general settings with `when = "edge"`. NULL: no memory. */
static const struct host_settings *auto_settings(const struct config_reader *reader, const struct config_node *node) {
    struct host_settings *settings = arena_allocate(reader->memory, sizeof(*settings));
    if (settings == NULL)
        return NULL;
    *settings = reader->config->general;
    settings->when = WHEN_EDGE;
    config_keys_check_when(reader, settings, node);
    return settings;
}

static const struct host_settings *read_settings(const struct config_reader *reader, const struct config_node *group,
                                                 const char *host) {
    struct host_settings *settings = arena_allocate(reader->memory, sizeof(*settings));
    if (settings == NULL)
        return NULL;
    *settings = reader->config->general;
    struct config_reader of_host = *reader;
    of_host.settings = settings;
    of_host.host = host;
    config_keys_read_host(&of_host, group);
    if (settings->upstreams != reader->config->general.upstreams)
        settings->others = reader->config->general.upstreams;
    return settings;
}

static void read_host_group(const struct config_reader *reader, struct config_host_rules *rules,
                            const struct config_node *group) {
    const struct config_node *name = config_keys_find(group, "name");
    if (name == NULL || name->kind != CONFIG_NODE_STRING) {
        config_errors_add(reader->errors, config_value_place(reader, name == NULL ? group : name),
                          "a host has no name: expected name = \"HOST\" in its group");
        return;
    }
    if (name->text[0] == '!') {
        config_value_fault(reader, name,
                           "is excluded, so settings have no effect: expected a string instead of a group");
        return;
    }
    if (is_auto(name->text)) {
        config_value_fault(reader, name,
                           "has no settings of its own: expected name = \"*\" and when = \"edge\" in the group");
        return;
    }
    const struct host_settings *settings = &reader->config->general;
    if (group->count > 1)
        settings = read_settings(reader, group, name->text);
    config_host_rules_add(rules, reader, name, settings);
}

/* `automatic`: the settings of the word `auto`, where it has occurred. */
static void read_host_string(const struct config_reader *reader, struct config_host_rules *rules,
                             const struct config_node *host, const struct host_settings **automatic) {
    if (host->text[0] == '!' && is_auto(host->text + 1)) {
        config_value_fault(reader, host, "excludes nothing: expected \"!*\", or no word at all");
        return;
    }
    if (!is_auto(host->text)) {
        config_host_rules_add(rules, reader, host, &reader->config->general);
        return;
    }
    if (*automatic == NULL)
        *automatic = auto_settings(reader, host);
    struct config_node all = *host;
    all.text = "*";
    config_host_rules_add(rules, reader, &all, *automatic);
}

void config_hosts_read(struct config_reader *reader, const struct config_node *hosts) {
    struct config_host_rules rules = {0};
    const struct host_settings *automatic = NULL;
    if (hosts->kind != CONFIG_NODE_LIST) {
        config_value_refuse(reader, hosts, "a list, as in ( \"cdn.example.com\", \"*.example.net\" )");
        return;
    }
    if (!config_host_rules_prepare(&rules, reader, hosts->count))
        return;
    for (size_t i = 0; i < hosts->count; i++) {
        const struct config_node *host = &hosts->children[i];
        if (host->kind == CONFIG_NODE_STRING)
            read_host_string(reader, &rules, host, &automatic);
        else if (host->kind == CONFIG_NODE_GROUP)
            read_host_group(reader, &rules, host);
        else
            config_value_fault(reader, host, "is not a host: expected a string, or a group { name = \"HOST\"; }");
    }
    reader->config->rules = rules.list;
    reader->config->rule_count = rules.count;
}
