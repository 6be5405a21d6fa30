#include "originbypass/config_tree.h"

#include <libconfig.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/config_text.h"
#include "originbypass/tame.h"

/*
 * libconfig's tree is copied at once, for the sake of its lines: libconfig gives a value in a list that of the token
 * *behind* it. So lines come from the text's own tokens, which stand in the order of the tree.
 *
 * Its versions do not agree on numbers: some take 010 for octal, others know 0b11, or refuse what does not fit instead
 * of cutting it without a word. So numbers come from the text too, and libconfig is shown a 0 in the place of each.
 */
struct copy {
    struct config_scanner scanner;
    struct config_memory *memory;
};

/* What begins a setting or a value. */
static struct config_token next_beginning(struct copy *copy) {
    struct config_token token;
    do {
        token = config_text_next(&copy->scanner);
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
    node->text = config_memory_text(copy->memory, text, length);
}

static void copy_node(struct copy *copy, const config_setting_t *setting, struct config_node *node);

/* config_grammar_check() has limited the depth. */
// NOLINTNEXTLINE(misc-no-recursion)
static void copy_children(struct copy *copy, const config_setting_t *setting, struct config_node *node) {
    size_t count = (size_t)config_setting_length(setting);
    node->children = config_memory_take(copy->memory, count * sizeof(*node->children));
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
        node->name = config_memory_text(copy->memory, token.start, token.length);
        token = next_beginning(copy);
    }
    if (node->kind == CONFIG_NODE_LIST || node->kind == CONFIG_NODE_GROUP)
        copy_children(copy, setting, node);
    else
        copy_value(copy, setting, &token, node);
}

/* The text with a 0 in the place of each number. NULL: no memory. */
static const char *without_numbers(const char *text, size_t size, struct config_memory *memory) {
    struct config_scanner scanner = {text, text + size, 1};
    char *copy = config_memory_take(memory, size + 2);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text, size + 1);
    for (struct config_token token; (token = config_text_next(&scanner)).kind != CONFIG_TOKEN_END;) {
        if (token.kind != CONFIG_TOKEN_NUMBER)
            continue;
        memset(copy + (token.start - text), ' ', token.length);
        copy[token.start - text] = '0';
    }
    return copy;
}

/* What the end of the process is kept from: see tame_call(). */
struct reading {
    config_t config;
    const char *text;
    int good;
};

static void read_text(void *context) {
    struct reading *reading = context;
    config_init(&reading->config);
    reading->good = config_read_string(&reading->config, reading->text);
}

/* libconfig does not look whether malloc(3) gave it anything: ask for about as much as it will need beforehand. */
static bool is_memory_enough(size_t size, size_t value_count) {
    enum { PER_VALUE = 192, AT_LEAST = 64 * 1024 };
    void *volatile memory = malloc(AT_LEAST + 2 * size + value_count * PER_VALUE); /* volatile, or clang asks nobody */
    bool enough = memory != NULL;
    free(memory);
    return enough;
}

/* config_grammar_check() lets nothing pass of which this is known. */
static void tell_refusal(const char *file, const config_t *config, struct config_errors *errors) {
    struct config_place place = {.file = file, .line = config_error_line(config)};
    config_errors_add(errors, place, "libconfig refuses the configuration");
}

static bool read_with_libconfig(struct reading *reading, size_t size, size_t value_count) {
    locale_t locale = uselocale((locale_t)0); /* libconfig sets the thread's locale, and does not put it back */
    bool finished = is_memory_enough(size, value_count) && tame_call(read_text, reading);
    uselocale(locale);
    return finished;
}

const struct config_node *config_tree_read(const char *file, const char *text, size_t size, size_t value_count,
                                           struct config_memory *memory, struct config_errors *errors) {
    struct config_node *root = config_memory_take(memory, sizeof(*root));
    struct reading reading = {.text = without_numbers(text, size, memory)};
    if (root == NULL || reading.text == NULL || !read_with_libconfig(&reading, size, value_count)) {
        memory->exhausted = true;
        return NULL;
    }
    if (reading.good) {
        struct copy copy = {{text, text + size, 1}, memory};
        root->kind = CONFIG_NODE_GROUP;
        copy_children(&copy, config_root_setting(&reading.config), root);
    } else {
        tell_refusal(file, &reading.config, errors);
        root = NULL;
    }
    config_destroy(&reading.config);
    return memory->exhausted ? NULL : root;
}

static size_t count_words(const char *text, const char *separators) {
    size_t count = 0;
    for (text += strspn(text, separators); *text != '\0'; text += strspn(text, separators)) {
        text += strcspn(text, separators);
        count++;
    }
    return count;
}

const struct config_node *config_tree_words(const char *text, struct config_memory *memory) {
    static const char separators[] = ", \t\r\n\f\v";
    struct config_node *list = config_memory_take(memory, sizeof(*list));
    size_t count = count_words(text, separators);
    struct config_node *words = config_memory_take(memory, count * sizeof(*words));
    if (list == NULL || words == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        text += strspn(text, separators);
        size_t length = strcspn(text, separators);
        words[i] = (struct config_node){.kind = CONFIG_NODE_STRING};
        words[i].text = config_memory_text(memory, text, length);
        text += length;
    }
    *list = (struct config_node){.kind = CONFIG_NODE_LIST, .count = count, .children = words};
    return memory->exhausted ? NULL : list;
}
