#include "originbypass/command/doctor/doctor_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/reload_file.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/doctor/doctor_record.h"
#include "originbypass/command/programs/as_process.h"
#include "originbypass/command/programs/container.h"
#include "originbypass/config/parse.h"
#include "originbypass/config/source.h"

/* The answers of look(), which go through a pipe. With ANSWER_READ come the digest of the file and its fault. */
static const char ANSWER_GONE[] = "gone", ANSWER_LOST[] = "lost", ANSWER_READ[] = "read ";

static void write_fault(const char *path, const struct config_source *source, const struct config *config, char *to,
                        size_t room) {
    const struct config_error *error = config->errors;
    const char *fault = source->fault != NULL ? source->fault : reload_file_fault(path);
    if (fault != NULL || (config->error_count > 0 && error->line == 0))
        snprintf(to, room, "%s: %s", fault != NULL || error->file == NULL ? path : error->file,
                 fault != NULL ? fault : error->reason);
    else if (config->error_count > 0)
        snprintf(to, room, "%s:%d: %s", error->file, error->line, error->reason);
    else
        to[0] = '\0';
}

static const char *digest_of_file(const char *path) {
    static char answer[512], fault[sizeof(answer) - 32];
    struct config_source source;
    if (!config_source_read_file(&source, path))
        return NULL;
    struct config *config = memory_checked(config_parse_source(&source));
    write_fault(path, &source, config, fault, sizeof(fault));
    snprintf(answer, sizeof(answer), "%s%016" PRIx64 "%s", ANSWER_READ, config_source_digest(&source), fault);
    config_free(config);
    config_source_release(&source);
    return answer;
}

/* A question for as_process(), which always has an answer if it can be asked. */
static const char *look(const char *path) {
    struct stat status;
    if (stat(path, &status) == 0 || (errno != ENOENT && errno != ENOTDIR))
        return digest_of_file(path);
    return lstat(path, &status) == 0 ? ANSWER_LOST : ANSWER_GONE;
}

static struct doctor_file file_of_answer(const struct published *record, const char *answer) {
    char *end = NULL;
    if (strcmp(answer, ANSWER_GONE) == 0)
        return (struct doctor_file){.state = DOCTOR_FILE_GONE};
    if (strcmp(answer, ANSWER_LOST) == 0)
        return (struct doctor_file){.state = DOCTOR_FILE_LOST};
    char *digits = text_format("%.16s", answer + strlen(ANSWER_READ));
    uint64_t digest = strtoull(digits, &end, 16);
    free(digits);
    const char *fault = answer + strlen(ANSWER_READ) + 16;
    if (digest == record->file_digest)
        return (struct doctor_file){.state = DOCTOR_FILE_CURRENT};
    if (fault[0] == '\0')
        return (struct doctor_file){.state = DOCTOR_FILE_NEXT};
    return (struct doctor_file){DOCTOR_FILE_REFUSED, memory_text(fault)};
}

/* Its path leads elsewhere now. Where it led before can be told if the process has no mounts of its own. */
static struct doctor_file file_of_changed_root(const char *pid, const struct published *record) {
    const char *answer = container_is_ours(pid) ? look(record->file) : NULL;
    if (answer == NULL)
        return (struct doctor_file){.state = DOCTOR_FILE_UNKNOWN};
    struct doctor_file file = file_of_answer(record, answer);
    if (file.state == DOCTOR_FILE_CURRENT)
        return file;
    doctor_file_free(&file);
    return (struct doctor_file){.state = DOCTOR_FILE_MISSED};
}

/* 0: we may not read it either. */
static uint64_t digest_for_us(const char *pid, const char *path) {
    struct config_source source;
    char *inside = text_format("/proc/%s/root%s", pid, path);
    uint64_t digest = config_source_read_file(&source, inside) ? config_source_digest(&source) : 0;
    config_source_release(&source);
    free(inside);
    return digest;
}

/* A process that has dropped its rights read the file before. What it may not read need not have changed. */
static bool is_barred(const char *pid, const struct published *record, const char *answer) {
    static const char unread[] = "0000000000000000";
    if (strncmp(answer, ANSWER_READ, strlen(ANSWER_READ)) != 0 ||
        strncmp(answer + strlen(ANSWER_READ), unread, strlen(unread)) != 0)
        return false;
    uint64_t digest = digest_for_us(pid, record->file);
    return digest == 0 || digest == record->file_digest;
}

struct doctor_file doctor_file_of(const char *pid, const struct published *record) {
    if (record->file[0] != '/')
        return (struct doctor_file){.state = DOCTOR_FILE_NONE};
    if (doctor_record_changed_root(pid))
        return file_of_changed_root(pid, record);
    char *answer = as_process(pid, look, record->file);
    struct doctor_file file = {.state = DOCTOR_FILE_UNKNOWN};
    if (answer != NULL)
        file = file_of_answer(record, answer);
    if (file.state == DOCTOR_FILE_REFUSED && is_barred(pid, record, answer))
        file.state = DOCTOR_FILE_BARRED;
    free(answer);
    return file;
}

void doctor_file_free(struct doctor_file *file) {
    free(file->fault);
    file->fault = NULL;
}

bool doctor_file_is_former(const struct doctor_file *file) {
    return file->state == DOCTOR_FILE_REFUSED || file->state == DOCTOR_FILE_MISSED || file->state == DOCTOR_FILE_GONE ||
           file->state == DOCTOR_FILE_LOST;
}
