/*
 * Implementation notes
 *
 * A stack belongs to the thread that has taken it, which is named by its process and number. It is given back after the
 * call. A thread that has jumped out of the call, with siglongjmp(3) in a signal handler, finds its stack again at its
 * next call: it is the thread's, but the thread is not on it. The stack of a thread that has ended in a call (it was
 * cancelled) is taken by another thread, if there is no free one. Nobody takes one of another process: a copy of a
 * process may go on in the middle of a call, with another number.
 *
 * A signal handler that calls us while its thread is on a stack of ours, or on a signal stack, stays there: how deep it
 * is called tells whether the thread is inside of a lookup (process.c).
 */
#include "originbypass/guest/stack.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "originbypass/guest/process.h"

#if defined(__x86_64__)

static __attribute__((noinline)) void call_on(char *top, void (*work)(void *context), void *context) {
    __asm__ volatile("mov %%rsp, %%rbx\n\t"
                     "mov %[top], %%rsp\n\t"
                     "call *%[work]\n\t"
                     "mov %%rbx, %%rsp"
                     : "+D"(context)
                     : [top] "r"(top), [work] "r"(work)
                     : "rax", "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3",
                       "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
                       "xmm15", "memory", "cc");
}

#elif defined(__aarch64__)

static __attribute__((noinline)) void call_on(char *top, void (*work)(void *context), void *context) {
    register void *argument __asm__("x0") = context;
    __asm__ volatile("mov x19, sp\n\t"
                     "mov sp, %[top]\n\t"
                     "blr %[work]\n\t"
                     "mov sp, x19"
                     : "+r"(argument)
                     : [top] "r"(top), [work] "r"(work)
                     : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
                       "x16", "x17", "x18", "x19", "x30", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9",
                       "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23",
                       "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31", "memory", "cc");
}

#endif

/* A call of ours fits into NEEDED octets. libc is called on a stack of ours too, if it answers for us. */
enum { NEEDED = 40 * 1024, SIZE = 128 * 1024, GUARD = 64 * 1024, STACKS = 4096 };

/* So many stay mapped when they are given back. */
enum { KEPT = 16 };

struct stack {
    _Atomic uint64_t owner; /* 0: free */
    char *_Atomic memory;   /* NULL: not mapped yet */
};
static struct stack stacks[STACKS];

/* ---- the rest of the thread's stack ---- */

static int (*get_attributes)(pthread_t thread, pthread_attr_t *attributes);
static int (*get_stack)(const pthread_attr_t *attributes, void **low, size_t *size);

void stack_load(void) {
    void *attributes = libc_is_musl() ? dlsym(RTLD_DEFAULT, "pthread_getattr_np") : NULL;
    void *stack = libc_is_musl() ? dlsym(RTLD_DEFAULT, "pthread_attr_getstack") : NULL;
    memcpy(&get_attributes, &attributes, sizeof(attributes));
    memcpy(&get_stack, &stack, sizeof(stack));
}

/* Where a thread's stack begins and ends. It does not change. */
static __thread struct {
    uintptr_t low, high; /* both 0: it is large, or not known */
    bool is_known;
} own;

static bool is_first_thread(void) {
    return syscall(SYS_gettid) == getpid();
}

/* The first thread's stack grows up to a limit that is never small. */
static __attribute__((noinline)) void find_own(void) {
    pthread_attr_t attributes;
    void *low;
    size_t size;
    int error = errno;
    own.is_known = true;
    if (get_attributes == NULL || get_stack == NULL || is_first_thread() ||
        get_attributes(pthread_self(), &attributes) != 0)
        return;
    if (get_stack(&attributes, &low, &size) == 0) {
        own.low = (uintptr_t)low;
        own.high = own.low + size;
    }
    pthread_attr_destroy(&attributes);
    errno = error;
}

/* Whether the thread is on its own stack, and near its end. */
static bool is_narrow(uintptr_t frame) {
    if (!own.is_known)
        find_own();
    return frame >= own.low && frame < own.high && frame - own.low < NEEDED;
}

/* ---- stacks of ours ---- */

static uint64_t thread_id(void) {
    return (uint64_t)getpid() << 32 | (uint32_t)syscall(SYS_gettid);
}

static bool has_ended(uint64_t owner, uint64_t self) {
    return owner != 0 && owner >> 32 == self >> 32 &&
           syscall(SYS_tgkill, (pid_t)(owner >> 32), (pid_t)(uint32_t)owner, 0) != 0 && errno == ESRCH;
}

static char *map_stack(void) {
    char *memory = mmap(NULL, GUARD + SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    if (mmap(memory + GUARD, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
        MAP_FAILED)
        return memory;
    munmap(memory, GUARD + SIZE);
    return NULL;
}

static void give_back(struct stack *stack) {
    int error = errno;
    if (stack >= stacks + KEPT) {
        munmap(atomic_load(&stack->memory), GUARD + SIZE);
        atomic_store(&stack->memory, NULL);
    }
    errno = error;
    atomic_store_explicit(&stack->owner, 0, memory_order_release);
}

/* The stack is the thread's. NULL: no memory. */
static struct stack *map_once(struct stack *stack) {
    if (atomic_load(&stack->memory) == NULL)
        atomic_store(&stack->memory, map_stack());
    if (atomic_load(&stack->memory) != NULL)
        return stack;
    atomic_store_explicit(&stack->owner, 0, memory_order_release);
    return NULL;
}

/* The stack that the thread has jumped out of. Nothing that it has written there may look as if it were still inside.
 */
static struct stack *find_left(uint64_t self) {
    for (struct stack *stack = stacks; stack < stacks + STACKS; stack++)
        if (atomic_load_explicit(&stack->owner, memory_order_relaxed) == self) {
            madvise(atomic_load(&stack->memory) + GUARD, SIZE, MADV_DONTNEED);
            return stack;
        }
    return NULL;
}

static struct stack *take_if(uint64_t self, bool (*may_take)(uint64_t owner, uint64_t self)) {
    for (struct stack *stack = stacks; stack < stacks + STACKS; stack++) {
        uint64_t owner = atomic_load_explicit(&stack->owner, memory_order_relaxed);
        if (may_take(owner, self) && atomic_compare_exchange_strong(&stack->owner, &owner, self))
            return map_once(stack);
    }
    return NULL;
}

static bool is_free(uint64_t owner, uint64_t self) {
    (void)self;
    return owner == 0;
}

/* NULL: there is none. errno may change. */
static struct stack *find_stack(uint64_t self, struct stack *left) {
    struct stack *stack = left != NULL ? left : take_if(self, is_free);
    return stack != NULL ? stack : take_if(self, has_ended);
}

static void run_on(struct stack *stack, void (*work)(void *context), void *context) {
    call_on(atomic_load(&stack->memory) + GUARD + SIZE, work, context);
    give_back(stack);
}

void stack_run_with_room(void (*work)(void *context), void *context) {
    if (!is_narrow((uintptr_t)__builtin_frame_address(0))) {
        work(context);
        return;
    }
    int error = errno;
    uint64_t self = thread_id();
    struct stack *left = find_left(self);
    /* A call from within another one goes to libc before it needs much. */
    bool is_within = left == NULL && process_is_marked();
    struct stack *stack = is_within ? NULL : find_stack(self, left);
    errno = error;
    if (is_within)
        work(context);
    else if (stack != NULL)
        run_on(stack, work, context);
}
