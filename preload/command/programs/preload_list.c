#include "originbypass/command/programs/preload_list.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"

static const char BLANKS[] = " \t:";
static const char SEPARATORS[] = " \t:\n";
static const char ENDS[] = " \t:\n#";

const char PRELOAD_LIST_FORBIDDEN[] = " \t\n\v\f\r:#$";

/* Finds the first entry at or after `at`, and its length. NULL: there is none. */
static const char *next_entry(const char *at, size_t *length) {
    at += strspn(at, SEPARATORS);
    while (*at == '#') {
        at += strcspn(at, "\n");
        at += strspn(at, SEPARATORS);
    }
    *length = strcspn(at, ENDS);
    return *at == '\0' ? NULL : at;
}

struct preload_list preload_list_read(const char *text) {
    struct preload_list list = {0};
    size_t length = 0;
    for (const char *at = text; (at = next_entry(at, &length)) != NULL; at += length) {
        list.paths = memory_resize(list.paths, list.count + 1, sizeof(list.paths[0]));
        list.paths[list.count++] = text_format("%.*s", (int)length, at);
    }
    return list;
}

void preload_list_free(struct preload_list *list) {
    for (size_t i = 0; i < list->count; i++)
        free(list->paths[i]);
    free(list->paths);
}

/* The path goes to the end, so that everything before it is read as it was. */
char *preload_list_with(const char *text, const char *path) {
    size_t length = strlen(text);
    bool ended = length == 0 || text[length - 1] == '\n';
    return ended ? text_format("%s%s\n", text, path) : text_format("%s\n%s", text, path);
}

static bool is_blank_in_list(char c) {
    return c != '\0' && strchr(BLANKS, c) != NULL;
}

/* Removes the entry at `at` and its separator from the text. Returns where the rest begins. */
static char *cut_entry(const char *text, char *at, size_t length) {
    char *begin = at, *end = at + length, *next = end + strspn(end, BLANKS);
    bool last = strchr("\n#", *next) != NULL; /* the last one in its line; the NUL counts as an end too */
    while (last && begin > text && is_blank_in_list(begin[-1]))
        begin--;
    bool first = begin == text || begin[-1] == '\n';
    if (first || *next != '#')
        end = next;
    if (first && *end == '\n')
        end++;
    else if (first && *end == '\0' && begin > text)
        begin--;
    memmove(begin, end, strlen(end) + 1);
    return begin;
}

char *preload_list_without(const char *text, const char *path) {
    char *rest = memory_text(text);
    size_t length = 0;
    const char *found;
    for (char *at = rest; (found = next_entry(at, &length)) != NULL;) {
        at = rest + (found - rest);
        bool same = length == strlen(path) && memcmp(at, path, length) == 0;
        at = same ? cut_entry(rest, at, length) : at + length;
    }
    return rest;
}
