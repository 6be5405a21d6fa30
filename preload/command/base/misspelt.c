#include "originbypass/command/base/misspelt.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "originbypass/command/base/nearest.h"
#include "originbypass/command/base/text.h"
#include "originbypass/config/source.h"

static const char PREFIX[] = "ORIGIN_BYPASS_";

/*
 * If a name begins like ours (also without underscores or in small letters), returns what follows the prefix; otherwise
 * NULL.
 */
static const char *rest_of(const char *name) {
    static const char letters[] = "ORIGINBYPASS";
    for (size_t matched = 0; letters[matched] != '\0'; name++) {
        if (*name == '_')
            continue;
        if ((*name & ~0x20) != letters[matched++])
            return NULL;
    }
    return name + strspn(name, "_");
}

enum { VARIABLES = CONFIG_OWN_VARIABLES + 1 };

/* The names of the variables that are read, without the prefix. */
static void list_variables(const char *names[static VARIABLES]) {
    for (enum config_variable i = 0; i < CONFIG_OWN_VARIABLES; i++)
        names[i] = config_variable_name(i) + strlen(PREFIX);
    names[CONFIG_OWN_VARIABLES] = "LIBRARY"; /* read by the command and by scripts */
}

static bool is_read(const char *name, const char *const names[static VARIABLES]) {
    if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
        return false;
    for (size_t i = 0; i < VARIABLES; i++)
        if (strcmp(name + strlen(PREFIX), names[i]) == 0)
            return true;
    return false;
}

enum { SLIPS = 4 }; /* fewer of them are in a name that is ours; more, and it may be anybody's */

/* For a slip in the prefix itself: the variable that is meant, without the prefix; NULL: none. */
static const char *meant_in_full(const char *name) {
    const char *names[CONFIG_OWN_VARIABLES];
    for (enum config_variable i = 0; i < CONFIG_OWN_VARIABLES; i++)
        names[i] = config_variable_name(i);
    const char *meant = nearest_word_within(name, names, CONFIG_OWN_VARIABLES, SLIPS);
    return meant == NULL ? NULL : meant + strlen(PREFIX);
}

static void tell_misspelt(const char *name, const char *meant, void (*tell)(const char *text, void *context),
                          void *context) {
    char *escaped = text_escape(name);
    char *text = meant == NULL ? text_format("%s is not read", escaped)
                               : text_format("%s is not read: did you mean %s%s?", escaped, PREFIX, meant);
    tell(text, context);
    free(text);
    free(escaped);
}

/* For a service, Kubernetes sets variables that begin with its name, such as ORIGINBYPASS_SERVICE_HOST. */
static bool may_be_meant_for_us(const char *name, const char *meant) {
    return meant != NULL || strncmp(name, PREFIX, strlen(PREFIX)) == 0;
}

static void look_at_variable(const char *entry, void (*tell)(const char *text, void *context), void *context) {
    const char *names[VARIABLES];
    list_variables(names);
    char *name = text_format("%.*s", (int)strcspn(entry, "="), entry);
    const char *rest = rest_of(name);
    const char *meant = rest != NULL ? nearest_word(rest, names, VARIABLES) : meant_in_full(name);
    if ((rest != NULL || meant != NULL) && !is_read(name, names) && may_be_meant_for_us(name, meant))
        tell_misspelt(name, meant, tell, context);
    free(name);
}

void misspelt_variables(void (*tell)(const char *text, void *context), void *context) {
    for (char **entry = environ; *entry != NULL; entry++)
        look_at_variable(*entry, tell, context);
}

void misspelt_variables_in(const char *environment, size_t size, void (*tell)(const char *text, void *context),
                           void *context) {
    for (const char *entry = environment; entry < environment + size; entry += strlen(entry) + 1)
        look_at_variable(entry, tell, context);
}
