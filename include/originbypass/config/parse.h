#ifndef ORIGINBYPASS_CONFIG_PARSE_H
#define ORIGINBYPASS_CONFIG_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "originbypass/config/config.h"
#include "originbypass/config/source.h"

/** What config_load() has found. */
enum config_at_load {
    CONFIG_AT_LOAD_GIVEN,
    CONFIG_AT_LOAD_NONE,     /**< no variable sets hosts or a file, and there is no file */
    CONFIG_AT_LOAD_DISABLED, /**< ORIGIN_BYPASS_DISABLED is set */
    CONFIG_AT_LOAD_LEFT_OUT, /**< the file's `programs` leave this program alone */
};

/**
 * Read the environment (secure_getenv(3)) and the file's bytes as they are now, to be parsed later: the
 * program may chroot(2) or drop its privileges in between. Nothing is parsed and nothing printed. Called
 * once, at load, by one thread. Allocates only by mmap(2), because malloc(3) may not be ready yet.
 *
 * If it returns anything but CONFIG_AT_LOAD_GIVEN, there is nothing to do: libc answers every call, and config_parse()
 * is not needed.
 */
enum config_at_load config_load(void);

/**
 * Parse what config_load() has read. NULL only if there is no memory; a broken one has errors and no rules.
 * Prints nothing, changes no state, takes no lock: threads may parse at the same time, each its own.
 * In secure mode (preload/README.md, rule 12) the environment is empty and only the compiled-in path counts.
 */
struct config *config_parse(void);

/** What config_load() has read: all zeros before, and if there is nothing to do. */
const struct config_source *config_loaded(void);

/** Read its files as they are now, for a reload (config_source_read_again()). */
bool config_load_again(struct config_source *source, const struct config_source *before);

/**
 * Parse what config_source_read() has read (source.h): for a reload, tools and tests. As config_parse(); the
 * configuration keeps nothing of the source.
 */
struct config *config_parse_source(const struct config_source *source);

/** Parse this text as the file `file` (for messages) with no environment: for tools and tests. As config_parse(). */
struct config *config_parse_text(const char *file, const char *text, size_t size);

/** Free a configuration; NULL is allowed. Nobody may use it any more. */
void config_free(struct config *config);

#endif
