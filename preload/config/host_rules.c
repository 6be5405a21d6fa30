#include "originbypass/config/host_rules.h"

#include <string.h>

#include "originbypass/config/hints.h"
#include "originbypass/values/name.h"

enum { LABEL_LENGTH_MAX = 63 };

static bool is_ascii_text(const char *text) {
    while (*text != '\0' && ((unsigned char)*text & 0x80) == 0)
        text++;
    return *text == '\0';
}

static bool has_long_label(const char *text) {
    while (strcspn(text, ".") <= LABEL_LENGTH_MAX) {
        text += strcspn(text, ".");
        if (*text++ == '\0')
            return false;
    }
    return true;
}

static const char *name_fault(const char *text, const struct name *name, bool folded) {
    if (text[0] == '\0')
        return "names no host: expected a host name";
    if (strchr(text, '/') != NULL)
        return "is not a host name: expected only the name, without scheme or path";
    if (!is_ascii_text(text))
        return *config_hints_of_text(text, strlen(text)) != '\0'
                   ? "has a character that only looks like an ASCII one, such as a curly quote: replace or remove it"
                   : "is not ASCII: expected the name's xn-- form (RFC 5891)";
    struct address address;
    if (address_parse(text, &address) || (strchr(text, ':') == NULL && name_is_literal(text)))
        return "is an IP address: expected a host name";
    if (text[0] == '.' || strstr(text, "..") != NULL)
        return "has an empty label: expected labels between single dots (for all names below: \"*.example.com\")";
    if (!folded)
        return "is too long: expected at most 253 octets";
    if (has_long_label(text))
        return "has a label that is too long: expected at most 63 octets between dots";
    if (strpbrk(text, "\"'") != NULL)
        return "has quotes around it: remove them";
    if (strchr(text, ';') != NULL)
        return "has a semicolon in it: separate hosts by commas or blanks";
    if (strchr(text, '*') != NULL)
        return "has a wildcard in the wrong place: expected \"*.example.com\" for all names below, or \"*\"";
    if (!name_is_host_name(name))
        return "is not a host name: expected only letters, digits, hyphens, underscores and dots";
    return NULL;
}

const char *config_host_rules_name_fault(const char *text) {
    struct name name;
    bool folded = name_fold(&name, text);
    return name_fault(text, &name, folded);
}

bool config_host_rules_prepare(struct config_host_rules *rules, const struct config_reader *reader, size_t capacity) {
    size_t slots = 8;
    while (slots < capacity * 2)
        slots *= 2;
    rules->list = arena_allocate(reader->memory, capacity * sizeof(*rules->list));
    rules->slots = arena_allocate(reader->scratch, slots * sizeof(*rules->slots));
    rules->mask = (uint32_t)(slots - 1);
    return rules->list != NULL && rules->slots != NULL;
}

/* Takes `!` and `*.` off. Returns what is left, which is "" for `*`. */
static const char *parse_kind(const char *text, struct host_rule *rule) {
    if (*text == '!') {
        rule->excluded = true;
        text++;
    }
    rule->kind = RULE_NAME;
    if (strcmp(text, "*") == 0) {
        rule->kind = RULE_ALL;
        return "";
    }
    if (strncmp(text, "*.", 2) == 0) {
        rule->kind = RULE_BELOW;
        return text + 2;
    }
    return text;
}

/* The slot of the rule with this kind and name, or the free one where it belongs. */
static uint32_t *find_slot(const struct config_host_rules *rules, enum rule_kind kind, const struct name *name) {
    uint32_t i = (name->hash + (uint32_t)kind * UINT32_C(0x9e3779b9)) & rules->mask;
    for (; rules->slots[i] != 0; i = (i + 1) & rules->mask) {
        const struct host_rule *rule = &rules->list[rules->slots[i] - 1];
        if (rule->kind == kind && strcmp(rule->name, name->text) == 0)
            break;
    }
    return &rules->slots[i];
}

static void tell_contradiction(const struct config_reader *reader, const struct config_node *node,
                               const struct host_rule *earlier) {
    const char *fault = "contradicts an earlier rule for the same name";
    if (earlier->line != 0)
        fault = arena_print(reader->scratch, "contradicts the rule for the same name in line %d", earlier->line);
    config_value_fault(reader, node, fault);
}

void config_host_rules_add(struct config_host_rules *rules, const struct config_reader *reader,
                           const struct config_node *node, const struct host_settings *settings) {
    struct host_rule rule = {.line = node->line, .settings = settings};
    struct name name = {.text = ""};
    const char *text = parse_kind(node->text, &rule);
    if (rule.kind != RULE_ALL) {
        bool folded = name_fold(&name, text);
        const char *fault = name_fault(text, &name, folded);
        if (fault != NULL) {
            config_value_fault(reader, node, fault);
            return;
        }
    }
    uint32_t *slot = find_slot(rules, rule.kind, &name);
    if (*slot != 0) {
        const struct host_rule *earlier = &rules->list[*slot - 1];
        if (earlier->excluded != rule.excluded || earlier->settings != rule.settings)
            tell_contradiction(reader, node, earlier);
        return;
    }
    rule.name = arena_text(reader->memory, name.text, name.length);
    if (rule.name == NULL)
        return;
    rules->list[rules->count++] = rule;
    *slot = (uint32_t)rules->count;
}
