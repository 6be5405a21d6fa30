#include "originbypass/command/base/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/command/base/memory.h"

static int is_printable(char c) {
    return c >= ' ' && c <= '~';
}

void text_print(FILE *stream, const char *text) {
    for (; *text != '\0'; text++) {
        if (is_printable(*text))
            fputc(*text, stream);
        else
            fprintf(stream, "\\x%02x", (unsigned char)*text);
    }
}

char *text_escape(const char *text) {
    char *escaped = NULL;
    size_t size = 0;
    FILE *stream = memory_checked(open_memstream(&escaped, &size));
    text_print(stream, text);
    fclose(stream);
    return memory_checked(escaped);
}

char *text_format(const char *format, ...) {
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    return memory_checked(length < 0 ? NULL : text);
}

const char *text_base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}
