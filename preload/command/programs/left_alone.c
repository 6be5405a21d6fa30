#include "originbypass/command/programs/left_alone.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "originbypass/command/base/file_text.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/programs/foreign_file.h"
#include "originbypass/config/config.h"
#include "originbypass/config/file.h"
#include "originbypass/config/programs.h"
#include "originbypass/config/source.h"

/* Arguments in the format of /proc/PID/cmdline, each with a NUL at its end. */
struct command_line {
    char *text;
    size_t size;
};

static void add_argument(struct command_line *line, const char *argument) {
    size_t size = strlen(argument) + 1;
    line->text = memory_resize(line->text, line->size + size, 1);
    memcpy(line->text + line->size, argument, size);
    line->size += size;
}

/* As the kernel builds it: the interpreter comes before its script. */
static struct command_line command_line_of(const struct program *program, char *const *arguments) {
    struct command_line line = {0};
    add_argument(&line, program->binary);
    if (strcmp(program->path, program->binary) != 0)
        add_argument(&line, program->path);
    while (*++arguments != NULL)
        add_argument(&line, *arguments);
    return line;
}

static bool is_left(const struct config_source *source, const struct program *program, char *const *arguments) {
    struct command_line line = command_line_of(program, arguments);
    char *path = realpath(program->binary, NULL); /* as /proc/PID/exe will show it */
    bool left = programs_leave_program(source->text, source->size, path, line.text, line.size);
    free(path);
    free(line.text);
    return left;
}

char *left_alone_program(const struct program *program, char *const *arguments) {
    struct config_source source;
    char *file = NULL;
    bool taken = config_source_read(&source, CONFIG_DEFAULT_FILE, false) && source.text != NULL;
    if (taken && is_left(&source, program, arguments))
        file = memory_text(source.file);
    config_source_release(&source);
    return file;
}

char *left_alone_process(const char *pid, const char *file) {
    const char *shown = file == NULL ? CONFIG_DEFAULT_FILE : file;
    size_t size = 0;
    int descriptor = shown[0] == '/' ? foreign_file_open_of(pid, shown, 0, CONFIG_SIZE_MAX, NULL) : -1;
    char *text = descriptor < 0 ? NULL : file_text_of(descriptor, &size);
    bool left = text != NULL && programs_leave_process(text, size, pid);
    if (descriptor >= 0)
        close(descriptor);
    free(text);
    return left ? memory_text(shown) : NULL;
}
