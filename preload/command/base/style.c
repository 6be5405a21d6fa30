#include "originbypass/command/base/style.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* SGR sequences (ECMA-48, section 8.3.117). */
static const char *const BEGIN[] = {
    [STYLE_PLAIN] = "",        [STYLE_HEAD] = "\033[1m",   [STYLE_GOOD] = "\033[32m",
    [STYLE_NOTE] = "\033[33m", [STYLE_BAD] = "\033[1;31m",
};

/* Not getenv(3): the linker replaces it, for the linked archives, by a function that finds nothing (tame_files.c). */
static bool is_set(const char *variable) {
    const char *value = secure_getenv(variable);
    return value != NULL && value[0] != '\0';
}

static bool has_colours(FILE *stream) {
    const char *terminal = secure_getenv("TERM");
    return isatty(fileno(stream)) && !is_set("NO_COLOR") && is_set("TERM") && strcmp(terminal, "dumb") != 0;
}

const char *style_begin(FILE *stream, enum style style) {
    return style != STYLE_PLAIN && has_colours(stream) ? BEGIN[style] : "";
}

const char *style_end(FILE *stream, enum style style) {
    return style != STYLE_PLAIN && has_colours(stream) ? "\033[0m" : "";
}
