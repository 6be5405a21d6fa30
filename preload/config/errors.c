#include "originbypass/config/errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The longest reason; with all else it fits into one message (liboriginbypass(7), DIAGNOSTICS). */
enum { REASON_SIZE = 1024 };

/* So many octets of a value are shown, each as `\xHH` at worst, in quotes, followed by three dots. */
enum { SHOWN_MAX = 80, QUOTED_SIZE = SHOWN_MAX * 4 + 5 };

static void append_error(struct config_errors *errors, struct config_place place, const char *reason) {
    if (errors->list == NULL)
        errors->list = arena_allocate(errors->memory, (CONFIG_ERRORS_MAX + 1) * sizeof(*errors->list));
    if (errors->list == NULL || reason == NULL)
        return;
    errors->list[errors->count++] = (struct config_error){place.file, place.line, place.variable, reason};
}

void config_errors_add(struct config_errors *errors, struct config_place place, const char *format, ...) {
    if (errors->count > CONFIG_ERRORS_MAX)
        return;
    if (errors->count == CONFIG_ERRORS_MAX) {
        append_error(errors, place, "there are more errors after this line; they are not listed");
        return;
    }
    char reason[REASON_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    append_error(errors, place, arena_text(errors->memory, reason, strlen(reason)));
}

const char *config_errors_quote(struct config_errors *errors, const char *text, size_t length) {
    static const char digits[] = "0123456789abcdef";
    char quoted[QUOTED_SIZE];
    char *end = quoted;
    *end++ = '"';
    for (size_t i = 0; i < length && i < SHOWN_MAX; i++) {
        unsigned char octet = (unsigned char)text[i];
        if (octet >= ' ' && octet <= '~') {
            *end++ = (char)octet;
        } else {
            *end++ = '\\';
            *end++ = 'x';
            *end++ = digits[octet >> 4];
            *end++ = digits[octet & 15];
        }
    }
    *end++ = '"';
    if (length > SHOWN_MAX) {
        memcpy(end, "...", 3);
        end += 3;
    }
    const char *copy = arena_text(errors->memory, quoted, (size_t)(end - quoted));
    return copy == NULL ? "a value" : copy;
}
