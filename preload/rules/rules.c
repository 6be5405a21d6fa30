#include "originbypass/rules/rules.h"

#include <stdlib.h>
#include <string.h>

/* One open-addressed table for both kinds of named rules; the kind is part of the key. */
struct rules {
    const struct config *config;
    const struct host_rule *all; /* the rule `*`, if any */
    uint32_t mask;
    const struct host_rule *slots[];
};

/*
 * A name is hashed from its end, so that the hash of every suffix that begins after a dot falls out of one
 * walk over the name.
 */
static uint32_t hash_step(uint32_t hash, char c) {
    return (hash ^ (uint8_t)c) * UINT32_C(16777619);
}

static uint32_t hash_finish(uint32_t hash, enum rule_kind kind) {
    hash += (uint32_t)kind * UINT32_C(0x9e3779b9);
    hash ^= hash >> 15;
    hash *= UINT32_C(0x85ebca6b);
    return hash ^ hash >> 13;
}

static const uint32_t HASH_START = UINT32_C(2166136261);

static uint32_t hash_name(const char *text, size_t length) {
    uint32_t hash = HASH_START;
    while (length-- > 0)
        hash = hash_step(hash, text[length]);
    return hash;
}

static const struct host_rule *find_host_rule(const struct rules *rules, const char *text, uint32_t hash,
                                              enum rule_kind kind) {
    for (uint32_t i = hash_finish(hash, kind) & rules->mask;; i = (i + 1) & rules->mask) {
        const struct host_rule *rule = rules->slots[i];
        if (rule == NULL || (rule->kind == kind && strcmp(rule->name, text) == 0))
            return rule;
    }
}

static void insert(struct rules *rules, const struct host_rule *rule) {
    if (rule->kind == RULE_ALL) {
        rules->all = rule;
        return;
    }
    uint32_t i = hash_finish(hash_name(rule->name, strlen(rule->name)), rule->kind) & rules->mask;
    while (rules->slots[i] != NULL)
        i = (i + 1) & rules->mask;
    rules->slots[i] = rule;
}

struct rules *rules_build(const struct config *config) {
    size_t slots = 8;
    while (slots < config->rule_count * 2)
        slots *= 2;
    struct rules *rules = calloc(1, sizeof(*rules) + slots * sizeof(rules->slots[0]));
    if (rules == NULL)
        return NULL;
    rules->config = config;
    rules->mask = (uint32_t)slots - 1;
    for (size_t i = 0; i < config->rule_count; i++)
        insert(rules, &config->rules[i]);
    return rules;
}

void rules_free(struct rules *rules) {
    free(rules);
}

const struct config *rules_config(const struct rules *rules) {
    return rules->config;
}

/*
 * Names that only mean something on this host or in this cluster, and that no public DNS answers for:
 * RFC 6761 (localhost), RFC 6762 (local), RFC 7686 (onion), RFC 8375 (home.arpa), ICANN's `internal`, and Kubernetes'
 * service names.
 */
static bool is_local_by_nature(const struct name *name) {
    static const char *const homes[] = {"localhost", "local", "internal", "home.arpa", "onion", "svc", "cluster.local"};
    for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++) {
        size_t length = strlen(homes[i]);
        if (name->length < length || strcmp(name->text + name->length - length, homes[i]) != 0)
            continue;
        if (name->length == length || name->text[name->length - length - 1] == '.')
            return true;
    }
    return false;
}

bool rules_stays_at_home(const struct name *name) {
    return strchr(name->text, '.') == NULL || is_local_by_nature(name);
}

const struct host_rule *rules_match(const struct rules *rules, const struct name *name) {
    const struct host_rule *below = NULL;
    uint32_t hash = HASH_START;
    for (size_t i = name->length; i-- > 0;) {
        if (name->text[i] == '.') {
            /* The walk goes from short suffixes to long ones: the last match is the most specific. */
            const struct host_rule *rule = find_host_rule(rules, name->text + i + 1, hash, RULE_BELOW);
            if (rule != NULL)
                below = rule;
        }
        hash = hash_step(hash, name->text[i]);
    }
    const struct host_rule *exact = find_host_rule(rules, name->text, hash, RULE_NAME);
    if (exact != NULL)
        return exact;
    if (below != NULL)
        return below;
    return rules->all != NULL && !rules_stays_at_home(name) ? rules->all : NULL;
}

const struct host_settings *rules_settings(const struct rules *rules, const struct name *name) {
    const struct host_rule *rule = rules_match(rules, name);
    if (rule == NULL || rule->excluded || !name_is_host_name(name) || name_is_literal(name->text))
        return NULL;
    return rule->settings;
}
