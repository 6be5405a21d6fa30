#ifndef ORIGINBYPASS_CONFIG_HOST_RULES_H
#define ORIGINBYPASS_CONFIG_HOST_RULES_H

#include "originbypass/config/value.h"

/** The host rules of one source, each once. */
struct config_host_rules {
    struct host_rule *list;
    size_t count;
    uint32_t *slots; /**< a hash table of positions in the list, plus one */
    uint32_t mask;
};

/** Make room for so many rules. False: no memory. */
bool config_host_rules_prepare(struct config_host_rules *rules, const struct config_reader *reader, size_t capacity);

/**
 * Add the rule that the string `node` writes, to be answered by `settings`. A rule that is there with the same
 * settings is left out; one that contradicts another, and what is no rule, is told as an error.
 */
void config_host_rules_add(struct config_host_rules *rules, const struct config_reader *reader,
                           const struct config_node *node, const struct host_settings *settings);

/** Whether the text is a host name that may be asked for; otherwise what is wrong with it, as config_value_fault()
 * wants. */
const char *config_host_rules_name_fault(const char *text);

#endif
