#include "originbypass/command/run/hosts_file.h"

#include <string.h>
#include <strings.h>

bool hosts_file_lists(const char *word, size_t length, const char *const *names, size_t count) {
    if (length > 0 && word[length - 1] == '.')
        length--;
    for (size_t i = 0; i < count; i++)
        if (strlen(names[i]) == length && strncasecmp(names[i], word, length) == 0)
            return true;
    return false;
}

static bool is_blank_in_hosts(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/* A line of a hosts file, and the position from which the next word is searched. */
struct words {
    const char *at, *end;
};

/* The next word. Its length is 0 if there are no more. A comment has no words. */
static const char *next_host_word(struct words *words, size_t *length) {
    while (words->at < words->end && is_blank_in_hosts(*words->at))
        words->at++;
    const char *word = words->at;
    while (words->at < words->end && !is_blank_in_hosts(*words->at) && *words->at != '#')
        words->at++;
    *length = (size_t)(words->at - word);
    return word;
}

/* Counts how many names of the line are among these, and how many are not. The first word is the address. */
static void count_names(struct words words, const char *const *names, size_t count, size_t *listed, size_t *others) {
    size_t length = 0;
    *listed = *others = 0;
    (void)next_host_word(&words, &length);
    for (const char *word = next_host_word(&words, &length); length > 0; word = next_host_word(&words, &length))
        (*(hosts_file_lists(word, length, names, count) ? listed : others))++;
}

static void write_others(FILE *stream, struct words words, const char *const *names, size_t count) {
    size_t length = 0;
    const char *address = next_host_word(&words, &length);
    fwrite(address, 1, length, stream);
    for (const char *word = next_host_word(&words, &length); length > 0; word = next_host_word(&words, &length)) {
        if (hosts_file_lists(word, length, names, count))
            continue;
        fputc(' ', stream);
        fwrite(word, 1, length, stream);
    }
    fputc('\n', stream);
}

static void write_line_without(FILE *stream, const char *line, size_t length, const char *const *names, size_t count) {
    struct words words = {line, line + length};
    size_t listed = 0, others = 0;
    count_names(words, names, count, &listed, &others);
    if (listed == 0) {
        fwrite(line, 1, length, stream);
        fputc('\n', stream);
    } else if (others > 0) {
        write_others(stream, words, names, count);
    }
}

void hosts_file_write_without(FILE *stream, const char *text, size_t size, const char *const *names, size_t count) {
    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        size_t length = end == NULL ? size : (size_t)(end - text);
        size_t taken = end == NULL ? size : length + 1;
        write_line_without(stream, text, length, names, count);
        text += taken;
        size -= taken;
    }
}
