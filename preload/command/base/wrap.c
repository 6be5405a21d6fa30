#include "originbypass/command/base/wrap.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { WIDTH_MIN = 40 }; /* below that, broken lines are harder to read than those that the terminal breaks */

size_t wrap_width(FILE *stream) {
    struct winsize size = {0};
    int descriptor = fileno(stream);
    if (!isatty(descriptor) || ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col < WIDTH_MIN)
        return 0;
    return size.ws_col;
}

void wrap_print(FILE *stream, const char *text, size_t column, size_t indent, size_t width) {
    size_t blanks = 0; /* before the next word */
    while (width > 0 && *text != '\0') {
        size_t word = strcspn(text, " ");
        if (blanks > 0 && column + blanks + word > width) {
            fputc('\n', stream);
            column = 0;
            blanks = indent;
        }
        fprintf(stream, "%*s%.*s", (int)blanks, "", (int)word, text);
        column += blanks + word;
        blanks = strspn(text + word, " ");
        text += word + blanks;
    }
    fprintf(stream, "%s\n", text);
}
