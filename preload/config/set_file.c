#include "originbypass/config/set_file.h"

#include <limits.h>
#include <string.h>
#include <sys/mman.h>

#include "originbypass/config/tokens.h"

static const char STRING_START[] = "\"" CONFIG_SET_FILE_PREFIX "/";

static struct config_set_file *read_set_file(const char *path, enum config_trust trust) {
    struct config_file file;
    const char *fault = config_file_open(path, trust, &file);
    size_t path_size = strlen(path) + 1, size = fault == NULL ? config_file_size(&file) : 0;
    size_t memory_size = sizeof(struct config_set_file) + path_size + size + 2;
    void *memory = mmap(NULL, memory_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct config_set_file *set_file = memory == MAP_FAILED ? NULL : memory;
    if (set_file != NULL) {
        char *own_path = (char *)(set_file + 1), *text = own_path + path_size;
        memcpy(own_path, path, path_size);
        if (fault == NULL) {
            fault = config_file_read(&file, text);
            if (fault != NULL)
                file.stamp = (struct config_stamp){0}; /* to be read again as it is */
        }
        *set_file = (struct config_set_file){.path = own_path,
                                             .stamp = file.stamp,
                                             .fault = fault,
                                             .text = fault == NULL ? text : NULL,
                                             .size = size,
                                             .memory_size = memory_size};
    }
    config_file_close(&file);
    return set_file;
}

/* The path in a string with its quotes. A string with escapes is not looked into: no path needs one. */
static bool read_path(const struct config_token *token, char path[static PATH_MAX]) {
    size_t before = strlen(STRING_START) - strlen("/");
    if (token->length < before + 2 || token->length - before > PATH_MAX ||
        memcmp(token->start, STRING_START, strlen(STRING_START)) != 0 ||
        memchr(token->start, '\\', token->length) != NULL)
        return false;
    size_t length = token->length - before - 1;
    memcpy(path, token->start + before, length);
    path[length] = '\0';
    return true;
}

struct config_set_file *config_set_files_read(const char *text, size_t size, enum config_trust trust) {
    struct config_scanner scanner = {text, text + size, 1};
    struct config_set_file *files = NULL;
    char path[PATH_MAX];
    size_t count = 0;
    /* Most configurations name none, and need not be looked through token by token at load. */
    if (memmem(text, size, STRING_START, strlen(STRING_START)) == NULL)
        return NULL;
    while (count < CONFIG_SET_FILES_MAX) {
        struct config_token token = config_tokens_next_value(&scanner);
        if (token.kind == CONFIG_TOKEN_END)
            break;
        if (!read_path(&token, path) || config_set_files_find(files, path) != NULL)
            continue;
        struct config_set_file *file = read_set_file(path, trust);
        if (file == NULL)
            break;
        file->next = files;
        files = file;
        count++;
    }
    return files;
}

const struct config_set_file *config_set_files_find(const struct config_set_file *files, const char *path) {
    while (files != NULL && strcmp(files->path, path) != 0)
        files = files->next;
    return files;
}

void config_set_files_release(struct config_set_file *files) {
    while (files != NULL) {
        struct config_set_file *next = files->next;
        munmap(files, files->memory_size);
        files = next;
    }
}
