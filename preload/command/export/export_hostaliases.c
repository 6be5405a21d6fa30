#include <stdio.h>
#include <string.h>

#include "originbypass/command/export/export_formats.h"

static void write_hostaliases_rule(const struct export *export, const struct host_rule *rule) {
    if (rule->excluded)
        export_comment(export, rule, "needs no line: what has none keeps its name");
    else if (rule->kind != RULE_NAME)
        export_comment(export, rule, "not expressed: an alias is of one name");
    else if (rule->settings->query_name == NULL)
        export_comment(export, rule, "not expressed: it says nothing of another name");
    else if (strchr(rule->name, '.') != NULL)
        export_comment(export, rule,
                       "not expressed: libc only looks up aliases for names without a dot; it would be %s",
                       rule->settings->query_name);
    else
        printf("%s %s\n", rule->name, rule->settings->query_name);
}

static bool write_hostaliases(const struct export *export) {
    for (size_t i = 0; i < export->config->rule_count; i++)
        write_hostaliases_rule(export, &export->config->rules[i]);
    return true;
}

const struct export_format export_hostaliases = {
    .name = "hostaliases",
    .use = "Set HOSTALIASES to the path of this file, in the environment of a program that asks libc\n"
           "(hostname(7)). The local DNS is asked, for the other name.",
    .write = write_hostaliases,
};
