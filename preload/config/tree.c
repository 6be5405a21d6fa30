#include "originbypass/config/tree.h"

#include <libconfig.h>
#include <string.h>

#include "originbypass/config/tame_libconfig.h"
#include "originbypass/config/tokens.h"

/*
 * libconfig's tree is copied at once, for the sake of its lines: libconfig gives a value in a list that of the token
 * *behind* it. So lines come from the text's own tokens, which are in the order of the tree.
 *
 * Its versions do not agree on numbers: some take 010 for octal, others know 0b11, or refuse what does not fit instead
 * of cutting it without a word. So numbers come from the text too, and libconfig is shown a 0 instead of each.
 */
struct copy {
    struct config_scanner scanner;
    struct arena *memory;
};

/* What begins a setting or a value. */
static struct config_token next_beginning(struct copy *copy) {
    struct config_token token;
    do {
        token = config_tokens_next(&copy->scanner);
    } while (token.kind == CONFIG_TOKEN_MARK || token.kind == CONFIG_TOKEN_CLOSE);
    return token;
}

static enum config_node_kind kind_of(int type) {
    switch (type) {
    case CONFIG_TYPE_GROUP:
        return CONFIG_NODE_GROUP;
    case CONFIG_TYPE_LIST:
    case CONFIG_TYPE_ARRAY:
        return CONFIG_NODE_LIST;
    case CONFIG_TYPE_STRING:
        return CONFIG_NODE_STRING;
    case CONFIG_TYPE_BOOL:
        return CONFIG_NODE_BOOLEAN;
    default:
        return CONFIG_NODE_NUMBER;
    }
}

static void copy_value(struct copy *copy, const config_setting_t *setting, const struct config_token *token,
                       struct config_node *node) {
    const char *text = node->kind == CONFIG_NODE_STRING ? config_setting_get_string(setting) : token->start;
    size_t length = node->kind == CONFIG_NODE_STRING ? strlen(text) : token->length;
    node->line = token->line;
    node->text = arena_text(copy->memory, text, length);
}

static void copy_node(struct copy *copy, const config_setting_t *setting, struct config_node *node);

/* config_grammar_check() has limited the depth. */
// NOLINTNEXTLINE(misc-no-recursion)
static void copy_children(struct copy *copy, const config_setting_t *setting, struct config_node *node) {
    size_t count = (size_t)config_setting_length(setting);
    node->children = arena_allocate(copy->memory, count * sizeof(*node->children));
    if (node->children == NULL)
        return;
    node->count = count;
    for (size_t i = 0; i < count; i++)
        copy_node(copy, config_setting_get_elem(setting, (unsigned int)i), &node->children[i]);
}

/* A setting's group or list has the line of its name. */
// NOLINTNEXTLINE(misc-no-recursion)
static void copy_node(struct copy *copy, const config_setting_t *setting, struct config_node *node) {
    struct config_token token = next_beginning(copy);
    node->kind = kind_of(config_setting_type(setting));
    node->line = token.line;
    if (token.kind == CONFIG_TOKEN_NAME) {
        node->name = arena_text(copy->memory, token.start, token.length);
        token = next_beginning(copy);
    }
    if (node->kind == CONFIG_NODE_LIST || node->kind == CONFIG_NODE_GROUP)
        copy_children(copy, setting, node);
    else
        copy_value(copy, setting, &token, node);
}

/* The text with a 0 instead of each number. NULL: no memory. */
static const char *without_numbers(const char *text, size_t size, struct arena *memory) {
    struct config_scanner scanner = {text, text + size, 1};
    char *copy = arena_allocate(memory, size + 2);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text, size + 1);
    for (struct config_token token; (token = config_tokens_next(&scanner)).kind != CONFIG_TOKEN_END;) {
        if (token.kind != CONFIG_TOKEN_NUMBER)
            continue;
        memset(copy + (token.start - text), ' ', token.length);
        copy[token.start - text] = '0';
    }
    return copy;
}

/* A reading of a text, in the memory that libconfig has for it. */
struct tree_reading {
    const char *file, *text, *without_numbers;
    size_t size;
    struct arena *memory;
    struct config_errors *errors;
    struct config_node *root; /* NULL: refused */
};

/* config_grammar_check() lets nothing pass of which this is known. */
static void tell_libconfig_refusal(struct tree_reading *reading, const config_t *config) {
    struct config_place place = {.file = reading->file, .line = config_error_line(config)};
    config_errors_add(reading->errors, place, "libconfig refuses the configuration");
    reading->root = NULL;
}

static void read_tree(void *context) {
    struct tree_reading *reading = context;
    config_t config;
    config_init(&config);
    if (!config_read_string(&config, reading->without_numbers)) {
        tell_libconfig_refusal(reading, &config);
        return;
    }
    struct copy copy = {{reading->text, reading->text + reading->size, 1}, reading->memory};
    reading->root->kind = CONFIG_NODE_GROUP;
    copy_children(&copy, config_root_setting(&config), reading->root);
}

static size_t count_brackets(const char *text, size_t size) {
    size_t count = 0;
    for (size_t i = 0; i < size; i++)
        count += text[i] == '(' || text[i] == '[' || text[i] == '{';
    return count;
}

/*
 * More than any libconfig takes. It has the text once, and each name and string twice, the second in a buffer that
 * grows; for a value its setting, and for a list or group places for its first values. What it does not touch costs
 * nothing.
 */
static size_t memory_for(const char *text, size_t size, size_t value_count) {
    enum { AT_LEAST = 64 * 1024, PER_OCTET = 6, PER_VALUE = 160, PER_LIST = 320 };
    return AT_LEAST + PER_OCTET * size + PER_VALUE * value_count + PER_LIST * count_brackets(text, size);
}

const struct config_node *config_tree_read(const char *file, const char *text, size_t size, size_t value_count,
                                           struct arena *memory, struct config_errors *errors) {
    struct tree_reading reading = {.file = file, .text = text, .size = size, .memory = memory, .errors = errors};
    reading.root = arena_allocate(memory, sizeof(*reading.root));
    reading.without_numbers = without_numbers(text, size, memory);
    if (memory->exhausted)
        return NULL;
    if (!tame_call(read_tree, &reading, memory_for(text, size, value_count)))
        memory->exhausted = true;
    return memory->exhausted ? NULL : reading.root;
}

static size_t count_words(const char *text, const char *separators) {
    size_t count = 0;
    for (text += strspn(text, separators); *text != '\0'; text += strspn(text, separators)) {
        text += strcspn(text, separators);
        count++;
    }
    return count;
}

const struct config_node *config_tree_words(const char *text, struct arena *memory) {
    static const char separators[] = ", \t\r\n\f\v";
    struct config_node *list = arena_allocate(memory, sizeof(*list));
    size_t count = count_words(text, separators);
    struct config_node *words = arena_allocate(memory, count * sizeof(*words));
    if (list == NULL || words == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        text += strspn(text, separators);
        size_t length = strcspn(text, separators);
        words[i] = (struct config_node){.kind = CONFIG_NODE_STRING};
        words[i].text = arena_text(memory, text, length);
        text += length;
    }
    *list = (struct config_node){.kind = CONFIG_NODE_LIST, .count = count, .children = words};
    return memory->exhausted ? NULL : list;
}
