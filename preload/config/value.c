#include "originbypass/config/value.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct config_place config_value_place(const struct config_reader *reader, const struct config_node *node) {
    if (reader->variable != NULL)
        return (struct config_place){.variable = reader->variable};
    return (struct config_place){.file = reader->file, .line = node->line};
}

/* `query.timeout_ms`, `cache.mode of host "api.example.com"`, `ORIGIN_BYPASS_LOG_LEVEL` */
static const char *full_name(const struct config_reader *reader, const struct config_node *node) {
    if (reader->variable != NULL)
        return reader->variable;
    const char *group = reader->group == NULL ? "" : reader->group;
    const char *dot = reader->group == NULL ? "" : ".";
    if (reader->host == NULL)
        return arena_print(reader->scratch, "%s%s%s", group, dot, node->name);
    return arena_print(reader->scratch, "%s%s%s of host %s", group, dot, node->name,
                       config_errors_quote(reader->errors, reader->host, strlen(reader->host)));
}

static const char *described(const struct config_reader *reader, const struct config_node *node) {
    switch (node->kind) {
    case CONFIG_NODE_LIST:
        return "a list";
    case CONFIG_NODE_GROUP:
        return "a group";
    case CONFIG_NODE_STRING:
        return config_errors_quote(reader->errors, node->text, strlen(node->text));
    case CONFIG_NODE_NUMBER:
    case CONFIG_NODE_BOOLEAN:
        break;
    }
    return arena_print(reader->scratch, "%.80s", node->text);
}

void config_value_refuse(const struct config_reader *reader, const struct config_node *node, const char *expected) {
    config_errors_add(reader->errors, config_value_place(reader, node), "%s is %s: expected %s",
                      full_name(reader, node), described(reader, node), expected);
}

void config_value_fault(const struct config_reader *reader, const struct config_node *node, const char *fault) {
    config_errors_add(reader->errors, config_value_place(reader, node), "%s %s", described(reader, node), fault);
}

/* libconfig's own reading cuts what does not fit; strtoll(3) gives its greatest value, which is out of any range. */
static bool parse_number(const char *text, long long *number) {
    bool hexadecimal = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    char *end = NULL;
    *number = strtoll(text, &end, hexadecimal ? 16 : 10);
    return strcmp(end, "") == 0 || strcmp(end, "L") == 0 || strcmp(end, "LL") == 0;
}

bool config_value_number(const struct config_reader *reader, const struct config_node *node, uint32_t minimum,
                         uint32_t maximum, uint32_t *number) {
    long long value = 0;
    if (node->kind == CONFIG_NODE_NUMBER && parse_number(node->text, &value) && value >= minimum && value <= maximum) {
        *number = (uint32_t)value;
        return true;
    }
    config_value_refuse(reader, node, arena_print(reader->scratch, "a whole number from %u to %u", minimum, maximum));
    return false;
}

bool config_value_boolean(const struct config_reader *reader, const struct config_node *node, bool *boolean) {
    if (node->kind == CONFIG_NODE_BOOLEAN) {
        *boolean = node->text[0] == 't' || node->text[0] == 'T';
        return true;
    }
    config_value_refuse(reader, node, "true or false");
    return false;
}

bool config_value_word(const struct config_reader *reader, const struct config_node *node, const char *const *words,
                       unsigned *index) {
    const char *listed = "";
    for (unsigned i = 0; words[i] != NULL; i++) {
        if (node->kind == CONFIG_NODE_STRING && strcmp(node->text, words[i]) == 0) {
            *index = i;
            return true;
        }
        const char *before = i == 0 ? "" : words[i + 1] == NULL ? " or " : ", ";
        listed = arena_print(reader->scratch, "%s%s\"%s\"", listed, before, words[i]);
    }
    config_value_refuse(reader, node, listed);
    return false;
}

bool config_value_strings(const struct config_reader *reader, const struct config_node *node) {
    static const char expected[] = "a list of strings, as in [ \"one\", \"two\" ]";
    bool good = node->kind == CONFIG_NODE_LIST;
    if (!good)
        config_value_refuse(reader, node, expected);
    for (size_t i = 0; good && i < node->count; i++) {
        struct config_node item = node->children[i];
        item.name = node->name;
        if (item.kind != CONFIG_NODE_STRING) {
            config_value_refuse(reader, &item, expected);
            good = false;
        }
    }
    return good;
}

static bool is_absolute_path(const struct config_node *node) {
    return node->kind == CONFIG_NODE_STRING && node->text[0] == '/' && strlen(node->text) < PATH_MAX;
}

static const char *copied(const struct config_reader *reader, const struct config_node *node) {
    return arena_text(reader->memory, node->text, strlen(node->text));
}

void config_value_log_file(struct config_reader *reader, const struct config_node *node) {
    if (is_absolute_path(node) || (node->kind == CONFIG_NODE_STRING && strcmp(node->text, "stderr") == 0))
        reader->config->log_file = copied(reader, node);
    else
        config_value_refuse(reader, node, "\"stderr\", or the absolute path of a file");
}

void config_value_log_level(struct config_reader *reader, const struct config_node *node) {
    if (node->kind != CONFIG_NODE_STRING || !log_level_parse(node->text, &reader->config->log_level))
        config_value_refuse(reader, node, "\"debug\", \"info\", \"warn\", \"error\" or \"none\"");
}

void config_value_metrics_directory(struct config_reader *reader, const struct config_node *node) {
    if (node->kind == CONFIG_NODE_STRING && node->text[0] == '\0')
        reader->config->metrics_directory = NULL;
    else if (is_absolute_path(node))
        reader->config->metrics_directory = copied(reader, node);
    else
        config_value_refuse(reader, node, "the absolute path of a directory, or \"\" for none");
}

static void add_upstream(struct server_list *list, const struct server_address *server) {
    for (size_t i = 0; i < list->count; i++) {
        if (server_address_equal(&list->servers[i], server))
            return;
    }
    list->servers[list->count++] = *server;
}

void config_value_upstreams(struct config_reader *reader, const struct config_node *node) {
    if (!config_value_strings(reader, node))
        return;
    if (node->count == 0 || node->count > CONFIG_UPSTREAMS_MAX) {
        config_errors_add(reader->errors, config_value_place(reader, node), "%s has %zu servers: expected 1 to %d",
                          full_name(reader, node), node->count, CONFIG_UPSTREAMS_MAX);
        return;
    }
    struct server_list *list = arena_allocate(reader->memory, sizeof(*list) + node->count * sizeof(list->servers[0]));
    if (list == NULL)
        return;
    for (size_t i = 0; i < node->count; i++) {
        struct server_address server;
        const char *fault = server_address_parse(node->children[i].text, &server);
        if (fault == NULL)
            add_upstream(list, &server);
        else
            config_value_fault(reader, &node->children[i], fault);
    }
    if (list->count > 0)
        reader->settings->upstreams = list;
}
