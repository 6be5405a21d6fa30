/* The machine-wide configuration file, before every program gets the library. */
#include "originbypass/command/system/system_configuration.h"

#include <unistd.h>

#include "originbypass/command/base/cli.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/config/parse.h"
#include "originbypass/config/source.h"

static bool machine_has_file(void) {
    return access(CONFIG_DEFAULT_FILE, F_OK) == 0;
}

/* The caller must pass it to config_free(). */
static struct config *read_file(void) {
    struct config_source source;
    if (!config_source_read_file(&source, CONFIG_DEFAULT_FILE))
        memory_checked(NULL);
    struct config *config = memory_checked(config_parse_source(&source));
    config_source_release(&source);
    return config;
}

static void complain_of_error(const struct config_error *error) {
    if (error->line == 0)
        cli_complain("%s: %s", error->file, error->reason);
    else
        cli_complain("%s:%d: %s", error->file, error->line, error->reason);
}

static bool complain_of_file_errors(const struct config *config) {
    for (size_t i = 0; i < config->error_count; i++)
        complain_of_error(&config->errors[i]);
    if (config->error_count > 0)
        cli_complain("%s is refused: correct it, try it with originbypass check %s, and enable again; nothing has been "
                     "changed",
                     CONFIG_DEFAULT_FILE, CONFIG_DEFAULT_FILE);
    return config->error_count > 0;
}

static bool lists_hosts(const struct config *config) {
    for (size_t i = 0; i < config->rule_count; i++)
        if (!config->rules[i].excluded)
            return true;
    return false;
}

bool system_configuration_check(void) {
    if (!machine_has_file())
        return true;
    struct config *config = read_file();
    bool refused = complain_of_file_errors(config);
    config_free(config);
    return !refused;
}

void system_configuration_warn(void) {
    if (!machine_has_file()) {
        cli_complain(
            "warning: nothing changes yet: %s does not exist; list the hosts there, and restart the programs that "
            "have started before",
            CONFIG_DEFAULT_FILE);
        return;
    }
    struct config *config = read_file();
    if (!lists_hosts(config))
        cli_complain("warning: nothing changes yet: libc answers every lookup until a host is listed in %s",
                     CONFIG_DEFAULT_FILE);
    config_free(config);
}
