#include "originbypass/config/prefix_set.h"

#include <string.h>

#include "originbypass/config/prefix.h"
#include "originbypass/config/set_file.h"
#include "originbypass/values/prefix_sets.h"

/* More than all the networks that are announced in the Internet. */
enum { PREFIXES_MAX = 1000000 };

static bool names_file(const char *name) {
    return strncmp(name, CONFIG_SET_FILE_PREFIX "/", strlen(CONFIG_SET_FILE_PREFIX "/")) == 0;
}

bool config_prefix_set_is_name(const char *text) {
    return names_file(text) || prefix_sets_find(text) != NULL;
}

/* ---- a file's lines: one prefix each; what follows a # is for people ---- */

struct lines {
    const char *at, *end;
    int number; /* of the line that was found last */
};

struct set_line {
    const char *text;
    size_t length;
};

static bool is_blank_in_set(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

static struct set_line trimmed(const char *text, size_t length) {
    const char *comment = memchr(text, '#', length);
    if (comment != NULL)
        length = (size_t)(comment - text);
    while (length > 0 && is_blank_in_set(text[length - 1]))
        length--;
    while (length > 0 && is_blank_in_set(*text)) {
        text++;
        length--;
    }
    return (struct set_line){text, length};
}

/* The next line that is not empty. False: there is no more. */
static bool next_line(struct lines *lines, struct set_line *line) {
    while (lines->at < lines->end) {
        const char *newline = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));
        *line = trimmed(lines->at, (size_t)(newline - lines->at));
        lines->at = newline + 1;
        lines->number++;
        if (line->length > 0)
            return true;
    }
    return false;
}

/* With the newline that follows the last octet. */
static struct lines lines_of(const struct config_set_file *file) {
    return (struct lines){.at = file->text, .end = file->text + file->size + 1};
}

/* ---- a file ---- */

static const struct config_set_file *find_file(const struct config_reader *reader, const struct config_node *node) {
    return config_set_files_find(reader->set_files, node->text + strlen(CONFIG_SET_FILE_PREFIX));
}

static size_t count_set_lines(const struct config_set_file *file) {
    struct lines lines = lines_of(file);
    struct set_line line;
    size_t count = 0;
    while (next_line(&lines, &line))
        count++;
    return count;
}

static size_t read_lines(const struct config_reader *reader, const struct config_set_file *file,
                         struct prefix_entry *entries) {
    struct config_place place = {.file = arena_text(reader->memory, file->path, strlen(file->path))};
    struct lines lines = lines_of(file);
    struct set_line line;
    size_t count = 0;
    while (next_line(&lines, &line)) {
        const char *fault = config_prefix_parse(reader, line.text, line.length, &entries[count++]);
        if (fault == NULL)
            continue;
        place.line = lines.number;
        config_errors_add(reader->errors, place, "%s %s", config_errors_quote(reader->errors, line.text, line.length),
                          fault);
        return 0;
    }
    if (count == 0)
        config_errors_add(reader->errors, place, "the file has no prefix: expected one on each line");
    return count;
}

static const char *file_fault(const struct config_reader *reader, const struct config_set_file *file) {
    if (file == NULL)
        return arena_print(reader->scratch,
                           "was not read at the program's start: expected a path without escapes, and no more "
                           "than %d files",
                           CONFIG_SET_FILES_MAX);
    if (file->fault != NULL)
        return arena_print(reader->scratch, "cannot be used: %s", file->fault);
    if (count_set_lines(file) > PREFIXES_MAX)
        return arena_print(reader->scratch, "has more than %d prefixes", PREFIXES_MAX);
    return NULL;
}

/* ---- any set ---- */

static size_t count_prefixes(const char *const *prefixes) {
    size_t count = 0;
    while (prefixes[count] != NULL)
        count++;
    return count;
}

size_t config_prefix_set_size(const struct config_reader *reader, const struct config_node *node) {
    if (!names_file(node->text))
        return count_prefixes(prefix_sets_find(node->text));
    const struct config_set_file *file = find_file(reader, node);
    return file_fault(reader, file) == NULL ? count_set_lines(file) : 0;
}

static size_t read_compiled_in(const char *name, struct prefix_entry *entries) {
    const char *const *prefixes = prefix_sets_find(name);
    size_t count = 0;
    for (; prefixes[count] != NULL; count++)
        prefix_parse(prefixes[count], strlen(prefixes[count]), &entries[count]);
    return count;
}

static size_t read_set(const struct config_reader *reader, const struct config_node *node,
                       struct prefix_entry *entries) {
    const struct config_set_file *file = find_file(reader, node);
    const char *fault = file_fault(reader, file);
    if (fault == NULL)
        return read_lines(reader, file, entries);
    config_value_fault(reader, node, fault);
    return 0;
}

size_t config_prefix_set_read(const struct config_reader *reader, const struct config_node *node,
                              struct prefix_entry *entries) {
    const char *name = arena_text(reader->memory, node->text, strlen(node->text));
    size_t count = names_file(node->text) ? read_set(reader, node, entries) : read_compiled_in(node->text, entries);
    for (size_t i = 0; i < count; i++) {
        entries[i].set = name;
        entries[i].line = node->line;
    }
    return name == NULL ? 0 : count;
}
