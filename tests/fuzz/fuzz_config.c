#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/config/grammar.h"
#include "originbypass/config/parse.h"
#include "originbypass/config/programs.h"
#include "originbypass/config/source.h"
#include "originbypass/config/tokens.h"
#include "originbypass/config/tree.h"

/*
 * The configuration reader with any octets as input. After a '!' the input is the value of ORIGIN_BYPASS_HOSTS and,
 * after a newline, of ORIGIN_BYPASS_UPSTREAMS. After a '/' it is a file of prefixes, which a configuration names. Any
 * other input is a configuration.
 */

static void require(int condition) {
    if (!condition)
        abort();
}

static void check_error(const struct config_error *error, int lines) {
    require((error->file == NULL) != (error->variable == NULL));
    require(error->line >= 0 && error->line <= lines);
    require(error->reason != NULL);
    for (const char *c = error->reason; *c != '\0'; c++)
        require(*c >= ' ' && *c <= '~');
}

static void check_settings(const struct host_settings *settings) {
    require(settings->upstreams->count > 0);
    require((settings->pinned_ipv4 == NULL) == (settings->pinned_ipv6 == NULL));
    require(settings->cache.min_ttl_s <= settings->cache.max_ttl_s);
}

static void check_config(struct config *config, int lines) {
    require(config != NULL);
    for (size_t i = 0; i < config->error_count; i++)
        check_error(&config->errors[i], lines);
    require(config->error_count == 0 || config->rule_count == 0);
    for (size_t i = 0; i < config->rule_count; i++) {
        require(config->rules[i].line <= lines);
        require((config->rules[i].name[0] == '\0') == (config->rules[i].kind == RULE_ALL));
        check_settings(config->rules[i].settings);
    }
    if (config->error_count == 0)
        check_settings(&config->general);
    require(strcmp(config->log_file, "stderr") == 0 || config->log_file[0] == '/');
    config_free(config);
}

/* Lines and numbers come from our own tokens, so the tokens must be in the order of libconfig's tree. */
static void check_node(const struct config_node *node, struct config_scanner *scanner) {
    if (node->kind == CONFIG_NODE_LIST || node->kind == CONFIG_NODE_GROUP) {
        for (size_t i = 0; i < node->count; i++)
            check_node(&node->children[i], scanner);
        return;
    }
    struct config_token token = config_tokens_next_value(scanner);
    require((node->kind == CONFIG_NODE_STRING) == (token.kind == CONFIG_TOKEN_STRING));
    require((node->kind == CONFIG_NODE_BOOLEAN) == (token.kind == CONFIG_TOKEN_BOOLEAN));
    require((node->kind == CONFIG_NODE_NUMBER) == (token.kind == CONFIG_TOKEN_NUMBER));
    require(node->line == token.line);
}

/* What our grammar accepts, every version of libconfig must read. */
static void check_grammar(const char *text, size_t size) {
    struct arena memory = {0};
    struct config_errors errors = {.memory = &memory};
    size_t value_count = 0;
    if (config_grammar_check("fuzz", text, size, &errors, &value_count)) {
        struct config_scanner scanner = {text, text + size, 1};
        const struct config_node *root = config_tree_read("fuzz", text, size, value_count, &memory, &errors);
        require(root != NULL);
        check_node(root, &scanner);
        require(config_tokens_next_value(&scanner).kind == CONFIG_TOKEN_END);
    } else {
        require(errors.count == 1);
    }
    arena_release(memory.chunks);
}

static char *copy_with_newline(const uint8_t *data, size_t size) {
    char *text = malloc(size + 2);
    require(text != NULL);
    memcpy(text, data, size);
    memcpy(text + size, "\n", 2);
    return text;
}

static int count_lines(const char *text, size_t size) {
    int lines = 1;
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    return lines;
}

static void try_environment(char *text) {
    struct config_source source = {0};
    source.variables[CONFIG_VARIABLE_HOSTS] = text;
    char *newline = strchr(text, '\n');
    if (newline != NULL) {
        *newline = '\0';
        source.variables[CONFIG_VARIABLE_UPSTREAMS] = newline + 1;
    }
    check_config(config_parse_source(&source), 0);
}

static void check_prefixes(const struct prefix_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        require(prefixes_match(list, &list->entries[i].address) != NULL);
        require(prefixes_find(list, &list->entries[i]) == &list->entries[i]);
        require(list->entries[i].holder <= i);
    }
}

static void try_set_file(const char *text, size_t size) {
    static char configuration[] = "answers = { reject = [ \"file:/s\" ]; };\n";
    struct config_set_file file = {.path = "/s", .text = text, .size = size};
    struct config_source source = {
        .file = "fuzz", .text = configuration, .size = sizeof(configuration) - 2, .set_files = &file};
    struct config *config = config_parse_source(&source);
    require(config != NULL && config->error_count <= 1);
    if (config->error_count == 0)
        check_prefixes(config->general.reject);
    check_config(config, count_lines(text, size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = copy_with_newline(data, size);
    if (text[0] == '!') {
        try_environment(text + 1);
    } else if (text[0] == '/') {
        try_set_file(text + 1, size - 1);
    } else {
        check_grammar(text, size);
        programs_leave_alone(text, size);
        check_config(config_parse_text("fuzz", (const char *)data, size), count_lines(text, size));
    }
    free(text);
    return 0;
}
