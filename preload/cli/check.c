#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "originbypass/cli/command.h"
#include "originbypass/cli/document.h"
#include "originbypass/cli/text.h"
#include "originbypass/config.h"
#include "originbypass/config_source.h"

static void print_error(const struct config_error *error) {
    if (error->variable != NULL)
        printf("%s: ", error->variable);
    else if (error->line == 0)
        printf("%s: ", error->file);
    else
        printf("%s:%d: ", error->file, error->line);
    text_print(stdout, error->reason);
    putchar('\n');
}

static struct config *read_configuration(const char *path) {
    struct config_source source;
    if (!(path == NULL ? config_source_take(&source, CONFIG_DEFAULT_FILE, false)
                       : config_source_take_file(&source, path)))
        return NULL;
    struct config *config = config_parse_source(&source);
    config_source_release(&source);
    return config;
}

static int run(int argc, char **argv) {
    if (cli_option(argc, argv, "", NULL) != -1 || argc - optind > 1)
        return cli_usage();
    struct config *config = read_configuration(argv[optind]);
    if (config == NULL)
        return CLI_BAD;
    for (size_t i = 0; i < config->error_count; i++)
        print_error(&config->errors[i]);
    int status = config->error_count == 0 ? CLI_GOOD : CLI_BAD;
    config_free(config);
    return status;
}

const struct cli_command cli_check = {
    .name = "check",
    .summary = "Say whether a configuration is good, and what it means",
    .usage = "[FILE]",
    .help = "Reads FILE, or what the library would read.\n",
    .run = run,
};
