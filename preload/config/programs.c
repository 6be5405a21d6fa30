#include "originbypass/config/programs.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "originbypass/config/tokens.h"

enum { PATTERN_SIZE = 2 * PATH_MAX, ARGUMENTS_SIZE = 256 * 1024, PROCESS_FILE_SIZE = 64 };

static bool matches_an_argument(const char *pattern, const char *arguments, size_t size) {
    const char *end = arguments + size;
    for (; arguments < end; arguments += strlen(arguments) + 1) {
        if (fnmatch(pattern, arguments, 0) == 0)
            return true;
    }
    return false;
}

bool programs_match(const char *pattern, const char *path, const char *arguments, size_t size) {
    char path_pattern[PATTERN_SIZE];
    const char *colon = strchr(pattern, ':');
    size_t length = colon == NULL ? strlen(pattern) : (size_t)(colon - pattern);
    if (path == NULL || length >= sizeof(path_pattern))
        return false;
    memcpy(path_pattern, pattern, length);
    path_pattern[length] = '\0';
    return fnmatch(path_pattern, path, 0) == 0 && (colon == NULL || matches_an_argument(colon + 1, arguments, size));
}

bool programs_is_pattern(const char *text) {
    return text[0] != '\0' && strchr("/*?[", text[0]) != NULL && strchr(text, '\\') == NULL;
}

/* ---- a process ---- */

struct process_image {
    const char *process; /* its entry in /proc */
    const char *path;    /* NULL: nobody knows it */
    const char *arguments;
    size_t arguments_size;
    char *mapped; /* the arguments' memory, where they are not the caller's; NULL: not looked at so far, or none */
    char path_room[PATH_MAX];
};

/* What AT_EXECFN tells in its place, the caller of execve(2) makes up. */
static void find_path(struct process_image *image) {
    static const char deleted[] = " (deleted)";
    char link[PROCESS_FILE_SIZE], *path = image->path_room;
    snprintf(link, sizeof(link), "/proc/%s/exe", image->process);
    ssize_t length = readlink(link, path, sizeof(image->path_room) - 1);
    if (length <= 0)
        return;
    path[length] = '\0';
    char *end = path + length - strlen(deleted);
    /* An upgrade may have replaced the file since it was executed. */
    if (end > path && strcmp(end, deleted) == 0)
        *end = '\0';
    image->path = path;
}

static size_t read_command_line(const char *process, char *memory) {
    char file[PROCESS_FILE_SIZE];
    size_t size = 0;
    ssize_t count;
    snprintf(file, sizeof(file), "/proc/%s/cmdline", process);
    int descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (descriptor < 0)
        return 0;
    while ((count = read(descriptor, memory + size, ARGUMENTS_SIZE - 1 - size)) > 0 || (count < 0 && errno == EINTR))
        size += count > 0 ? (size_t)count : 0;
    close(descriptor);
    return size;
}

/* The mapping's last octet stays NUL: the last argument may be cut. */
static void find_arguments(struct process_image *image) {
    if (image->arguments != NULL)
        return;
    void *memory = mmap(NULL, ARGUMENTS_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return;
    image->arguments = image->mapped = memory;
    image->arguments_size = read_command_line(image->process, memory);
}

static bool matches(struct process_image *image, const char *pattern) {
    if (strchr(pattern, ':') == NULL)
        return programs_match(pattern, image->path, "", 0);
    find_arguments(image);
    size_t name_size = image->arguments_size == 0 ? 0 : strlen(image->arguments) + 1;
    if (name_size >= image->arguments_size)
        return false;
    return programs_match(pattern, image->path, image->arguments + name_size, image->arguments_size - name_size);
}

/* ---- the file's text ---- */

/* What a list of patterns says of a process. */
enum list_verdict { LIST_MATCHES_NOT, LIST_MATCHES, LIST_FAULTY };

static bool is_token_named(const struct config_token *token, const char *name) {
    return token->kind == CONFIG_TOKEN_NAME && token->length == strlen(name) &&
           memcmp(token->start, name, token->length) == 0;
}

static bool copy_pattern(const struct config_token *token, char pattern[static PATTERN_SIZE]) {
    size_t length = token->length - strlen("\"\"");
    if (token->kind != CONFIG_TOKEN_STRING || length >= PATTERN_SIZE)
        return false;
    memcpy(pattern, token->start + 1, length);
    pattern[length] = '\0';
    return programs_is_pattern(pattern);
}

/* The scanner is after the list's name, and then after the list. */
static enum list_verdict read_list(struct config_scanner *scanner, struct process_image *image, size_t *count) {
    char pattern[PATTERN_SIZE];
    enum list_verdict verdict = LIST_MATCHES_NOT;
    struct config_token token = config_tokens_next(scanner);
    if (token.kind != CONFIG_TOKEN_MARK || config_tokens_next(scanner).kind != CONFIG_TOKEN_OPEN)
        return LIST_FAULTY;
    while ((token = config_tokens_next(scanner)).kind != CONFIG_TOKEN_CLOSE) {
        if (token.kind == CONFIG_TOKEN_MARK)
            continue;
        if (!copy_pattern(&token, pattern))
            return LIST_FAULTY;
        ++*count;
        if (verdict == LIST_MATCHES_NOT && matches(image, pattern))
            verdict = LIST_MATCHES;
    }
    return verdict;
}

/* The scanner is after the group's brace. */
static bool group_leaves_alone(struct config_scanner *scanner, struct process_image *image) {
    bool excluded = false, included = true;
    struct config_token token;
    while ((token = config_tokens_next(scanner)).kind != CONFIG_TOKEN_CLOSE && token.kind != CONFIG_TOKEN_END) {
        size_t count = 0;
        enum list_verdict verdict = LIST_MATCHES_NOT;
        if (is_token_named(&token, "include")) {
            verdict = read_list(scanner, image, &count);
            included = count == 0 || verdict == LIST_MATCHES;
        } else if (is_token_named(&token, "exclude")) {
            verdict = read_list(scanner, image, &count);
            excluded = verdict == LIST_MATCHES;
        }
        if (verdict == LIST_FAULTY)
            return false;
    }
    return excluded || !included;
}

/* Behind the brace of the outermost group `programs`. */
static bool find_group(struct config_scanner *scanner) {
    int depth = 0;
    struct config_token token;
    while ((token = config_tokens_next(scanner)).kind != CONFIG_TOKEN_END) {
        if (token.kind == CONFIG_TOKEN_OPEN)
            depth++;
        else if (token.kind == CONFIG_TOKEN_CLOSE)
            depth--;
        else if (depth == 0 && is_token_named(&token, "programs") &&
                 config_tokens_next(scanner).kind == CONFIG_TOKEN_MARK)
            return config_tokens_next(scanner).kind == CONFIG_TOKEN_OPEN;
    }
    return false;
}

/* Most configurations have no such group, and need not be looked through token by token at load. */
static bool begin_group(struct config_scanner *scanner, const char *text, size_t size) {
    static const char name[] = "programs";
    *scanner = (struct config_scanner){text, text + size, 1};
    return memmem(text, size, name, strlen(name)) != NULL && find_group(scanner);
}

bool programs_leave_process(const char *text, size_t size, const char *pid) {
    struct config_scanner scanner;
    if (!begin_group(&scanner, text, size))
        return false;
    struct process_image image = {.process = pid};
    find_path(&image);
    bool left = group_leaves_alone(&scanner, &image);
    if (image.mapped != NULL)
        munmap(image.mapped, ARGUMENTS_SIZE);
    return left;
}

bool programs_leave_alone(const char *text, size_t size) {
    return programs_leave_process(text, size, "self");
}

bool programs_leave_program(const char *text, size_t size, const char *path, const char *arguments,
                            size_t arguments_size) {
    struct config_scanner scanner;
    struct process_image image = {.path = path, .arguments = arguments, .arguments_size = arguments_size};
    return begin_group(&scanner, text, size) && group_leaves_alone(&scanner, &image);
}
