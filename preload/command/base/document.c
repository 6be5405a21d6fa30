#include "originbypass/command/base/document.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/guest/json.h"

enum { DEPTH_MAX = 32 };

static struct {
    char closing;
    bool filled;
} levels[DEPTH_MAX];
static size_t depth;
static bool in_one_line;

void document_in_one_line(void) {
    in_one_line = true;
}

static void begin_line(void) {
    if (!in_one_line)
        printf("\n%*s", (int)(2 * depth), "");
}

static void print_string(const char *text) {
    size_t room = 6 * strlen(text) + 2; /* an octet becomes at most \u001b */
    struct json_text json = {.octets = memory_zeroed(room, 1), .limit = room};
    json_append_string(&json, text);
    fwrite(json.octets, 1, json.length, stdout);
    free(json.octets);
}

static void begin_value(const char *key) {
    if (depth > 0) {
        if (levels[depth - 1].filled)
            putchar(',');
        levels[depth - 1].filled = true;
        begin_line();
    }
    if (key != NULL) {
        print_string(key);
        fputs(": ", stdout);
    }
}

static void begin_level(const char *key, char opening, char closing) {
    begin_value(key);
    putchar(opening);
    levels[depth].closing = closing;
    levels[depth].filled = false;
    depth++;
}

void document_begin_object(const char *key) {
    begin_level(key, '{', '}');
}

void document_begin_array(const char *key) {
    begin_level(key, '[', ']');
}

void document_end(void) {
    depth--;
    if (levels[depth].filled)
        begin_line();
    putchar(levels[depth].closing);
    if (depth == 0)
        putchar('\n');
}

void document_text(const char *key, const char *text) {
    begin_value(key);
    if (text == NULL)
        fputs("null", stdout);
    else
        print_string(text);
}

void document_number(const char *key, int64_t number) {
    begin_value(key);
    printf("%" PRId64, number);
}

void document_thousandths(const char *key, int64_t number) {
    begin_value(key);
    printf("%" PRId64 ".%03" PRId64, number / 1000, number % 1000);
}

void document_boolean(const char *key, bool value) {
    begin_value(key);
    fputs(value ? "true" : "false", stdout);
}
