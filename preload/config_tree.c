#include "originbypass/config_tree.h"

#include <libconfig.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/config_text.h"
#include "originbypass/tame.h"

/*
 * libconfig's tree is copied at once, for the sake of two things: a value in a list has the line of the token
 * *behind* it in libconfig, and an integer that does not fit is cut without a word. So each value's line, and each
 * number, come from the text itself, whose values stand in the same order as those of the tree.
 */
struct copy {
    struct config_scanner values;
    struct config_memory *memory;
};

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

static void copy_value(struct copy *copy, const config_setting_t *setting, struct config_node *node) {
    struct config_token token = config_text_next_value(&copy->values);
    node->line = token.line;
    if (node->kind == CONFIG_NODE_STRING) {
        const char *text = config_setting_get_string(setting);
        node->text = config_memory_text(copy->memory, text, strlen(text));
    } else {
        node->text = config_memory_text(copy->memory, token.start, token.length);
    }
}

/* config_text_check() has limited the depth. */
// NOLINTNEXTLINE(misc-no-recursion)
static void copy_node(struct copy *copy, const config_setting_t *setting, struct config_node *node) {
    node->kind = kind_of(config_setting_type(setting));
    node->line = (int)config_setting_source_line(setting);
    const char *name = config_setting_name(setting);
    if (name != NULL)
        node->name = config_memory_text(copy->memory, name, strlen(name));
    if (node->kind != CONFIG_NODE_LIST && node->kind != CONFIG_NODE_GROUP) {
        copy_value(copy, setting, node);
        return;
    }
    size_t count = (size_t)config_setting_length(setting);
    node->children = config_memory_take(copy->memory, count * sizeof(*node->children));
    if (node->children == NULL)
        return;
    node->count = count;
    for (size_t i = 0; i < count; i++)
        copy_node(copy, config_setting_get_elem(setting, (unsigned int)i), &node->children[i]);
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

static const char *line_start(const char *text, int line) {
    while (--line > 0 && strchr(text, '\n') != NULL)
        text = strchr(text, '\n') + 1;
    return text + strspn(text, " \t\r\f");
}

static int last_line(const char *text, size_t size) {
    struct config_scanner scanner = {text, text + size, 1};
    struct config_token token;
    int line = 1;
    while ((token = config_text_next(&scanner)).kind != CONFIG_TOKEN_END)
        line = token.line;
    return line;
}

static void tell_error(const char *file, struct reading *reading, size_t size, struct config_errors *errors) {
    struct config_place place = {.file = file, .line = config_error_line(&reading->config)};
    const char *found = line_start(reading->text, place.line);
    const char *where = config_errors_quote(errors, found, strcspn(found, "\r\n"));
    if (*found == '\0') {
        place.line = last_line(reading->text, size);
        where = "the end of the file";
    }
    config_errors_add(errors, place, "%s at or before %s", config_error_text(&reading->config), where);
}

/* libconfig does not look whether malloc(3) gave it anything: ask for about as much as it will need beforehand. */
static bool is_memory_enough(size_t size, size_t value_count) {
    enum { PER_VALUE = 192, AT_LEAST = 64 * 1024 };
    void *volatile memory = malloc(AT_LEAST + 2 * size + value_count * PER_VALUE); /* volatile, or clang asks nobody */
    bool enough = memory != NULL;
    free(memory);
    return enough;
}

const struct config_node *config_tree_read(const char *file, const char *text, size_t size, size_t value_count,
                                           struct config_memory *memory, struct config_errors *errors) {
    struct reading reading = {.text = text};
    struct config_node *root = config_memory_take(memory, sizeof(*root));
    locale_t locale = uselocale((locale_t)0); /* libconfig sets the thread's locale, and does not put it back */
    bool finished = root != NULL && is_memory_enough(size, value_count) && tame_call(read_text, &reading);
    uselocale(locale);
    if (!finished) {
        memory->exhausted = true;
        return NULL;
    }
    if (reading.good) {
        struct copy copy = {{text, text + size, 1}, memory};
        copy_node(&copy, config_root_setting(&reading.config), root);
    } else {
        tell_error(file, &reading, size, errors);
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
