/*
 * Implementation notes
 *
 * This file is about what the process and its threads may do to us at any moment.
 *
 * Copies (fork, _Fork, a raw clone). One word in a page with MADV_WIPEONFORK is 1 in the process that wrote it, and 0
 * in every copy of its memory. A fork handler alone would miss _Fork() and clone(); comparing getpid() would take a
 * child of vfork(), which shares our memory, for a copy. Before Linux 4.14 only the fork handler tells. The first
 * caller in a copy adopts everything (process_adopt_copy()); the others wait for it.
 *
 * A call of ours blocks signals and disables cancellation, except while it waits. So a handler runs only where no lock
 * is taken and no table is half written, and may jump away from there for good.
 *
 * The mark says that a thread is inside a lookup: a second call by the same thread, from a signal handler or from an
 * allocator that resolves, goes to libc. The mark of a lookup that was jumped out of has to be told from one that goes
 * on. In this order:
 *  1. its deadline is over: gone;
 *  2. the new call has its frame at the height of the old frame or above, and is not on a signal stack: gone;
 *  3. the word in the old frame is not what was written there, or its memory is not mapped: gone;
 *  4. otherwise the thread is inside.
 *
 * The end of a thread is seen by a key's destructor. It clears up what was left behind by a jump, or by a cancellation
 * inside libc. pthread_cleanup_push() is in another library than libc before glibc 2.34.
 *
 * Waits are bare system calls (poll, futex), with the caller's signal mask and cancellation state put back for their
 * time. If a filter of system calls forbids poll, the sockets are looked at every 10 ms.
 *
 * Threads are started with all signals blocked and 128 KiB of stack, and never if the program has installed a filter
 * of system calls since load: the filter may kill the process for clone().
 */
#include "originbypass/guest/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "originbypass/guest/clock.h"

enum copy_state { COPY_NEW = 0, COPY_SETTLED, COPY_ADOPTING };
static _Atomic uint32_t without_page = COPY_SETTLED;
_Atomic uint32_t *process_copy_state = &without_page;
_Static_assert(COPY_SETTLED == 1, "as process_is_copy() has it");

/* ---- filters of system calls ---- */

/*
 * A program that has put itself under such a filter (seccomp(2)) since it was loaded may be killed for a thread that it
 * did not ask for. Its status says how many filters it has (since Linux 5.9), or only whether it has any.
 */
static long filters_at_load;

static long count_filters(void) {
    static const char *const words[] = {"\nSeccomp_filters:", "\nSeccomp:"};
    char text[4096];
    long count = 0;
    int status = open("/proc/thread-self/status", O_RDONLY | O_CLOEXEC);
    ssize_t size = status < 0 ? -1 : read(status, text, sizeof(text) - 1);
    if (status >= 0)
        close(status);
    text[size > 0 ? size : 0] = '\0';
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && count == 0; i++) {
        const char *found = strstr(text, words[i]);
        count = found == NULL ? 0 : strtol(found + strlen(words[i]), NULL, 10);
    }
    return count;
}

/* ---- the root directory, and copies ---- */

static struct stat root;
static bool root_is_known;

bool process_is_at_home(void) {
    struct stat now;
    return root_is_known && stat("/", &now) == 0 && now.st_dev == root.st_dev && now.st_ino == root.st_ino;
}

static void make_page(void) {
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return;
    if (madvise(page, size, MADV_WIPEONFORK) != 0) {
        munmap(page, size);
        return;
    }
    process_copy_state = page;
    atomic_store(process_copy_state, COPY_SETTLED);
}

static void (*clear_up)(void), (*adopt)(void);
static pthread_key_t at_thread_end;
static bool has_key;
static void end_thread(void *unused);

void process_load(void (*clear_up_after_a_jump)(void), void (*adopt_in_a_copy)(void)) {
    clear_up = clear_up_after_a_jump;
    adopt = adopt_in_a_copy;
    root_is_known = stat("/", &root) == 0;
    has_key = pthread_key_create(&at_thread_end, end_thread) == 0;
    filters_at_load = count_filters();
    make_page();
}

void process_forked(void) {
    atomic_store(process_copy_state, COPY_NEW);
}

void process_adopt_copy(void) {
    if (atomic_load_explicit(process_copy_state, memory_order_acquire) == COPY_SETTLED)
        return;
    uint32_t new = COPY_NEW;
    if (atomic_compare_exchange_strong(process_copy_state, &new, COPY_ADOPTING)) {
        adopt();
        atomic_store(process_copy_state, COPY_SETTLED);
        return;
    }
    while (atomic_load(process_copy_state) == COPY_ADOPTING)
        sched_yield();
}

static void all_signals_but_faults(sigset_t *set) {
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
    sigfillset(set);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        sigdelset(set, faults[i]);
}

void process_section_begin(struct process_section *section) {
    section->error = errno;
    sigset_t block;
    all_signals_but_faults(&block);
    pthread_sigmask(SIG_BLOCK, &block, &section->signals);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &section->cancel_state);
}

void process_section_end(const struct process_section *section) {
    pthread_setcancelstate(section->cancel_state, NULL);
    pthread_sigmask(SIG_SETMASK, &section->signals, NULL);
    errno = section->error;
}

/* ---- the mark of a thread that is inside ---- */

/*
 * Stacks grow downwards: a call from within has its frame below the one that waits. A call from further down may also
 * come from a function that was called since a jump: then the word in the old frame has mostly been overwritten, and if
 * not, the mark ends with the lookup's deadline.
 */
struct mark {
    uint64_t until_ms;       /* 0: the thread is not inside */
    uintptr_t frame;         /* of the innermost function of ours that is known */
    _Atomic uint32_t *token; /* in the frame that has set the mark */
    uint32_t serial;         /* what the token is, as long as nobody has overwritten it */
};
static __thread struct mark mark;

bool process_is_marked(void) {
    return mark.until_ms != 0;
}

/* The stack may have been unmapped meanwhile, with its thread of the program's own making: so the kernel looks. */
static bool token_is_there(void) {
    const struct timespec no_time = {0};
    return syscall(SYS_futex, mark.token, FUTEX_WAIT_PRIVATE, mark.serial, &no_time, NULL, 0) != 0 &&
           errno == ETIMEDOUT;
}

static bool is_on_signal_stack(void) {
    stack_t stack;
    return sigaltstack(NULL, &stack) == 0 && stack.ss_flags & SS_ONSTACK;
}

/* The frame of a function that is called from where `frame` was taken is below it. */
static bool is_called_from_within(uintptr_t frame) {
    int error = errno;
    bool within = (frame < mark.frame || is_on_signal_stack()) && token_is_there();
    errno = error;
    return within;
}

/* The address of its frame tells how deep a call is: such a function needs a frame of its own. */
#define OWN_FRAME __attribute__((noinline))

OWN_FRAME bool process_enter(struct process_section *section, uint64_t deadline_ms) {
    static __thread uint32_t serial;
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    bool is_left_behind = mark.until_ms != 0 && !process_is_copy();
    if (is_left_behind && mark.until_ms > clock_now_ms() && is_called_from_within(frame))
        return false;
    process_section_begin(section);
    atomic_store_explicit(&section->token, ++serial, memory_order_relaxed);
    mark = (struct mark){deadline_ms, frame, &section->token, serial};
    if (has_key)
        pthread_setspecific(at_thread_end, &mark);
    if (is_left_behind && clear_up != NULL)
        clear_up();
    return true;
}

void process_leave(const struct process_section *section) {
    mark.until_ms = 0;
    if (has_key)
        pthread_setspecific(at_thread_end, NULL);
    process_section_end(section);
}

/* ---- the end of a thread ---- */

static __thread struct process_rest rest;

/* A thread that has jumped out of us, and never came back; or that was cancelled in a call of ours to libc. */
static void end_thread(void *unused) {
    (void)unused;
    struct process_section section;
    struct process_rest left = rest;
    process_section_begin(&section);
    rest.release = NULL;
    if (mark.until_ms != 0 && !process_is_copy() && clear_up != NULL)
        clear_up();
    mark.until_ms = 0;
    if (left.release != NULL)
        left.release(left.what);
    process_section_end(&section);
}

bool process_expose(struct process_rest *before, void (*release)(void *const what[static PROCESS_REST_MAX]),
                    void *const what[static PROCESS_REST_MAX]) {
    *before = rest;
    if (!has_key || pthread_setspecific(at_thread_end, &mark) != 0)
        return false;
    memcpy(rest.what, what, sizeof(rest.what));
    rest.release = release;
    return true;
}

void process_cover(const struct process_rest *before) {
    rest = *before;
    if (has_key && rest.release == NULL)
        pthread_setspecific(at_thread_end, NULL);
}

/* ---- waits ---- */

/*
 * The waits are bare system calls, no cancellation points. Those of a lookup have the caller's mask and cancellation
 * state in force: who jumps out of a signal handler must not be left with ours.
 */
static uintptr_t let_in(const struct process_section *section, sigset_t *ours, uintptr_t frame) {
    uintptr_t outer = mark.frame;
    mark.frame = frame;
    pthread_setcancelstate(section->cancel_state, NULL);
    pthread_sigmask(SIG_SETMASK, &section->signals, ours);
    return outer;
}

static void keep_out(const sigset_t *ours, uintptr_t outer) {
    pthread_sigmask(SIG_SETMASK, ours, NULL);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    mark.frame = outer;
}

static int time_left_ms(uint64_t until_ms) {
    uint64_t now_ms = clock_now_ms();
    uint64_t left_ms = until_ms > now_ms ? until_ms - now_ms : 0;
    return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

/* As poll(2). Where libc has no such system call (arm64), its poll(3) is this. */
static int poll_descriptors(struct pollfd *descriptors, size_t count, int left_ms) {
#ifdef SYS_poll
    return (int)syscall(SYS_poll, descriptors, count, left_ms);
#else
    struct timespec left = {.tv_sec = left_ms / 1000, .tv_nsec = (long)(left_ms % 1000) * 1000000};
    return (int)syscall(SYS_ppoll, descriptors, count, &left, NULL, _NSIG / CHAR_BIT);
#endif
}

/* How often sockets are looked at where the kernel does not tell us of them. */
#define LOOK_MS 10

/* A filter of system calls may forbid the wait. Our sockets do not block, so each is tried. */
static int report_all_ready(struct pollfd *descriptors, size_t count, int left_ms) {
    const struct timespec moment = {.tv_nsec = (long)(left_ms < LOOK_MS ? left_ms : LOOK_MS) * 1000000};
    syscall(SYS_nanosleep, &moment, NULL);
    for (size_t i = 0; i < count; i++)
        descriptors[i].revents = descriptors[i].events;
    return (int)count;
}

OWN_FRAME int process_poll(const struct process_section *section, struct pollfd *descriptors, size_t count,
                           uint64_t until_ms) {
    sigset_t ours;
    int left_ms = time_left_ms(until_ms);
    uintptr_t outer = let_in(section, &ours, (uintptr_t)__builtin_frame_address(0));
    int ready = poll_descriptors(descriptors, count, left_ms);
    if (ready < 0 && errno != EINTR)
        ready = report_all_ready(descriptors, count, left_ms);
    keep_out(&ours, outer);
    if (ready >= 0)
        return ready;
    for (size_t i = 0; i < count; i++)
        descriptors[i].revents = 0;
    return 0;
}

/*
 * Cancellation stays disabled, as where libc waits for requests: pthread_cancel(3) interrupts such a wait with a signal
 * in some libcs (2.36), and in others (2.41) it does not.
 */
int process_await(const struct process_section *section, _Atomic uint32_t *word, uint32_t value,
                  const struct timespec *until) {
    sigset_t ours;
    pthread_sigmask(SIG_SETMASK, &section->signals, &ours);
    long waited =
        syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, until, NULL, (uint32_t)FUTEX_BITSET_MATCH_ANY);
    int error = waited == 0 ? 0 : errno;
    pthread_sigmask(SIG_SETMASK, &ours, NULL);
    return error == EAGAIN ? 0 : error;
}

OWN_FRAME void process_wait(const struct process_section *section, _Atomic uint32_t *word, uint32_t value,
                            uint64_t until_ms) {
    sigset_t ours;
    int left_ms = time_left_ms(until_ms);
    const struct timespec left = {.tv_sec = left_ms / 1000, .tv_nsec = (long)(left_ms % 1000) * 1000000};
    uintptr_t outer = let_in(section, &ours, (uintptr_t)__builtin_frame_address(0));
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, &left, NULL, 0);
    keep_out(&ours, outer);
}

OWN_FRAME void process_call(const struct process_section *section, void (*work)(void *argument), void *argument) {
    sigset_t ours;
    uintptr_t outer = let_in(section, &ours, (uintptr_t)__builtin_frame_address(0));
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    work(argument);
    keep_out(&ours, outer);
}

void process_wake(_Atomic uint32_t *word) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

struct thread_work {
    void (*work)(void *argument);
    void *argument;
};

static void *thread_main(void *given) {
    struct thread_work work = *(struct thread_work *)given;
    free(given);
    work.work(work.argument);
    return NULL;
}

static int start_detached(const pthread_attr_t *attributes, void (*work)(void *argument), void *argument) {
    if (count_filters() != filters_at_load)
        return EPERM;
    struct thread_work *given = malloc(sizeof(*given));
    if (given == NULL)
        return ENOMEM;
    *given = (struct thread_work){work, argument};
    sigset_t all, before;
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&thread, attributes, thread_main, given);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0)
        free(given);
    return error;
}

/* c-ares and libc's own calls fit well into it; a refresh needs no more than a program's thread of 32 KiB. */
#define THREAD_STACK_SIZE ((size_t)128 * 1024)

bool process_start_thread(void (*work)(void *argument), void *argument) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, THREAD_STACK_SIZE);
    int error = start_detached(&attributes, work, argument);
    pthread_attr_destroy(&attributes);
    /* A stack has the program's thread-local storage in it, and for some it is too small. */
    return error == EINVAL ? process_start_thread_with(NULL, work, argument) : error == 0;
}

bool process_start_thread_with(const pthread_attr_t *attributes, void (*work)(void *argument), void *argument) {
    pthread_attr_t usual;
    if (attributes != NULL)
        return start_detached(attributes, work, argument) == 0;
    pthread_attr_init(&usual);
    pthread_attr_setdetachstate(&usual, PTHREAD_CREATE_DETACHED);
    bool started = start_detached(&usual, work, argument) == 0;
    pthread_attr_destroy(&usual);
    return started;
}
