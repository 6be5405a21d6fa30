/*
 * Each thread counts in private memory (counters.h), and now and then the thread that has just counted writes the sums
 * to the process's file.
 *
 * Why not count in the file itself, mapped: who may write to it can make it shorter, and the next count is SIGBUS for
 * the program. Why not write(2) to it: that takes a descriptor that stays, which the program may close and get a file
 * of its own under the number; or the path, which is out of reach after setuid(2) and chroot(2). So the file stays
 * mapped, but only the kernel touches it (kernel_store.h): with no descriptor, no right and no limit in the way, and
 * EFAULT where it has become shorter. What is written outlives a process that is killed.
 *
 * How often: at once, as long as that is 32 times in a row or less; in the long run once in 10 ms. So nothing is
 * missing of a process that looks up a name now and then, whenever it ends; one that does so all the time loses at most
 * what it has counted in its last 10 ms where it is killed, and pays a few microseconds for each of these.
 */
#include "originbypass/metrics/metrics.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "originbypass/guest/atomics.h"
#include "originbypass/guest/clock.h"
#include "originbypass/guest/log.h"
#include "originbypass/guest/process.h"
#include "originbypass/metrics/counters_directory.h"

#define STEP_MS UINT64_C(10)
#define STEPS_IN_A_ROW 32

_Atomic uint64_t metrics_due_ms = UINT64_MAX;

static uint32_t pid;

/* Who sets it to true has written the directory's name. */
static atomic_bool is_wanted;
static char directory[PATH_MAX];

/* What was told last; the sequence is odd while it changes. */
#define LOAD_WORDS (sizeof(struct counters_load) / sizeof(uint64_t))
_Static_assert(sizeof(struct counters_load) % sizeof(uint64_t) == 0, "it is a number of words");
static _Atomic uint64_t told[LOAD_WORDS];
static _Atomic uint32_t told_sequence;

/* Its one user is who finds `calls` at zero; he goes on for those who come meanwhile. */
static atomic_uint calls;
static struct counters_writer writer;
static struct counters_load latest;

/* Not getpid(3), which an old libc remembers. */
static uint32_t pid_now(void) {
    return (uint32_t)syscall(SYS_getpid);
}

void metrics_load(void) {
    pid = pid_now();
}

/* ---- writing ---- */

/* Copies of the process begin with metrics off, and do not tell it again. */
static void turn_off(const char *why) {
    log_write(LOG_LEVEL_ERROR, "metrics are off", FIELDS(log_text("directory", directory), log_text("reason", why)));
    counters_file_leave(&writer);
    STORE(metrics_due_ms, UINT64_MAX);
    STORE(is_wanted, false);
}

/* Nothing is allocated: the program's allocator may look up names, and would wait for us to be a copy no longer. */
static const char *make_counters_file(void) {
    struct descriptor opened;
    struct counters_identity identity = counters_identity_of(pid);
    const char *fault = counters_directory_open(directory, &opened);
    if (fault == NULL)
        fault = counters_file_make(opened.number, &identity, log_program(), &writer);
    descriptor_close(&opened);
    return fault;
}

/* What is just changing is told again afterwards. */
static void store_last_told(void) {
    struct counters_load load;
    uint64_t words[LOAD_WORDS];
    uint32_t sequence = LOAD(told_sequence);
    for (size_t i = 0; i < LOAD_WORDS; i++)
        words[i] = LOAD(told[i]);
    if (sequence % 2 != 0 || LOAD(told_sequence) != sequence)
        return;
    memcpy(&load, words, sizeof(load));
    latest = load;
}

static const char *fault_of_writing(int error) {
    return error == EFAULT ? "its file there has been made shorter"
                           : "the kernel, or a filter of system calls, does not let it write there (FUTEX_WAKE_OP)";
}

static void write_figures(void) {
    uint64_t figures[COUNTER_COUNT];
    const char *fault = writer.mapped == NULL ? make_counters_file() : NULL;
    if (fault != NULL) {
        turn_off(fault);
        return;
    }
    if (writer.mapped == NULL)
        return;
    store_last_told();
    counters_read(figures);
    if (!counters_file_write(&writer, figures, &latest))
        turn_off(fault_of_writing(errno));
}

/* A child of vfork(2) has our memory, and leaves this to us; so does a copy that nothing has told us of. */
static bool may_write(void) {
    return LOAD(is_wanted) && pid_now() == pid;
}

/* Signals are blocked. */
static void write_or_leave_it_to_who_writes(void) {
    unsigned seen = 1;
    if (atomic_fetch_add(&calls, 1) > 0)
        return;
    do {
        seen = atomic_load(&calls);
        if (may_write())
            write_figures();
    } while (!atomic_compare_exchange_strong(&calls, &seen, 0));
}

static void write_in_peace(void) {
    struct process_section section;
    process_section_begin(&section);
    write_or_leave_it_to_who_writes();
    process_section_end(&section);
}

void metrics_write_now(uint64_t now_ms) {
    uint64_t due_ms = LOAD(metrics_due_ms);
    uint64_t earliest_ms = now_ms > STEPS_IN_A_ROW * STEP_MS ? now_ms - STEPS_IN_A_ROW * STEP_MS : 0;
    if (due_ms > now_ms)
        return;
    uint64_t next_ms = (due_ms > earliest_ms ? due_ms : earliest_ms) + STEP_MS;
    if (!atomic_compare_exchange_strong(&metrics_due_ms, &due_ms, next_ms))
        return;
    write_in_peace();
}

void metrics_end(void) {
    if (LOAD(is_wanted))
        write_in_peace();
}

/* ---- beginning ---- */

static void begin_at_once(void) {
    STORE(is_wanted, true);
    STORE(metrics_due_ms, 0);
    write_or_leave_it_to_who_writes();
}

void metrics_begin(const char *wanted) {
    if (wanted == NULL || LOAD(is_wanted) || !process_is_at_home() || strlen(wanted) >= sizeof(directory))
        return;
    strncpy(directory, wanted, sizeof(directory) - 1);
    begin_at_once();
}

/* The sequence is odd already where a copy was made in the middle of it. */
static void store_load(const struct counters_load *load) {
    uint64_t words[LOAD_WORDS];
    memcpy(words, load, sizeof(words));
    atomic_fetch_or(&told_sequence, 1);
    for (size_t i = 0; i < LOAD_WORDS; i++)
        STORE(told[i], words[i]);
    atomic_fetch_add(&told_sequence, 1);
}

void metrics_tell(const struct counters_load *load) {
    store_load(load);
    if (LOAD(is_wanted))
        write_or_leave_it_to_who_writes();
}

void metrics_adopt(void) {
    bool wanted = LOAD(is_wanted);
    counters_file_leave(&writer);
    atomic_store(&calls, 0);
    STORE(is_wanted, false);
    STORE(metrics_due_ms, UINT64_MAX);
    metrics_load();
    if (wanted && process_is_at_home())
        begin_at_once();
}
