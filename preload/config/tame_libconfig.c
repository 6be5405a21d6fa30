#include <locale.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "originbypass/config/tame_libconfig.h"

/*
 * libconfig does not look whether malloc(3) gave it anything (before 1.8), or ends the process where it did not. So its
 * memory is one mapping, which goes back as a whole, and where that ends the call is left: libconfig never sees that
 * there is none, and nothing of the program's allocator is in its hands.
 *
 * What grows does so to powers of two, so that a list may grow step by step, and a block that was given back is taken
 * again where it is large enough for certain.
 */
struct block {
    size_t capacity;
    struct block *next; /* of those that were given back */
    char octets[];
};
enum { SMALLEST = 16, POWERS = 64 };
_Static_assert(sizeof(struct block) % _Alignof(max_align_t) == 0, "what a block holds is aligned for anything");

struct heap {
    jmp_buf way_out;
    char *unused, *end;
    struct block *given_back[POWERS];
};

/* The memory of this thread's tame_call(). */
static __thread struct heap *heap;

/* The names belong to the linker, which gives them to libconfig instead of libc's (see the Makefile). */
FILE *__wrap_stdin, *__wrap_stdout, *__wrap_stderr;
_Noreturn void __wrap_exit(int status);
_Noreturn void __wrap_abort(void);
int __wrap___fprintf_chk(FILE *stream, int flag, const char *format, ...);
int __wrap_fprintf(FILE *stream, const char *format, ...);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void __wrap_free(void *memory);
char *__wrap_strdup(const char *text);
char *__wrap___strdup(const char *text);
locale_t __wrap_newlocale(int mask, const char *name, locale_t base);
locale_t __wrap_uselocale(locale_t locale);
void __wrap_freelocale(locale_t locale);

/* ---- the call ---- */

static struct heap *map_heap(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    struct heap *mapped = memory;
    mapped->unused = (char *)(mapped + 1) + (-sizeof(*mapped) & (_Alignof(max_align_t) - 1));
    mapped->end = (char *)memory + size;
    return mapped;
}

bool tame_call(void (*call)(void *context), void *context, size_t memory_size) {
    const size_t size = memory_size + sizeof(struct heap) + SMALLEST;
    struct heap *const mapped = map_heap(size);
    if (mapped == NULL)
        return false;
    heap = mapped;
    volatile bool finished = false;
    if (setjmp(mapped->way_out) == 0) {
        call(context);
        finished = true;
    }
    heap = NULL;
    munmap(mapped, size);
    return finished;
}

/* ---- its end ---- */

_Noreturn void __wrap_exit(int status) {
    if (heap != NULL)
        longjmp(heap->way_out, 1);
    _Exit(status);
}

_Noreturn void __wrap_abort(void) {
    __wrap_exit(EXIT_FAILURE);
}

/* ---- memory ---- */

static size_t rounded(size_t size) {
    return size <= SMALLEST ? SMALLEST : (size + SMALLEST - 1) & ~(size_t)(SMALLEST - 1);
}

/* The greatest power of two that is in a size. Sizes end long before the octets of size_t do. */
static unsigned power_within(size_t size) {
    return 63 - (unsigned)__builtin_clzll(size);
}

/* The least power of two that has room for a size. */
static unsigned power_around(size_t size) {
    return power_within(2 * rounded(size) - 1);
}

static struct block *block_of(void *memory) {
    return (struct block *)(void *)((char *)memory - offsetof(struct block, octets));
}

static struct block *cut_block(size_t capacity) {
    size_t left = (size_t)(heap->end - heap->unused);
    if (left < sizeof(struct block) || left - sizeof(struct block) < capacity)
        __wrap_exit(EXIT_FAILURE);
    struct block *block = (struct block *)(void *)heap->unused;
    heap->unused += sizeof(*block) + capacity;
    block->capacity = capacity;
    return block;
}

void *__wrap_malloc(size_t size) {
    if (heap == NULL || size >= PTRDIFF_MAX / 2)
        __wrap_exit(EXIT_FAILURE);
    struct block **fitting = &heap->given_back[power_around(size)], *block = *fitting;
    if (block != NULL)
        *fitting = block->next;
    else
        block = cut_block(rounded(size));
    return block->octets;
}

void *__wrap_calloc(size_t count, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        __wrap_exit(EXIT_FAILURE);
    return memset(__wrap_malloc(total), 0, total);
}

void __wrap_free(void *memory) {
    if (memory == NULL)
        return;
    struct block *block = block_of(memory), **others = &heap->given_back[power_within(block->capacity)];
    block->next = *others;
    *others = block;
}

void *__wrap_realloc(void *memory, size_t size) {
    size_t capacity = memory == NULL ? 0 : block_of(memory)->capacity;
    if (memory != NULL && size <= capacity)
        return memory;
    if (size >= PTRDIFF_MAX / 2)
        __wrap_exit(EXIT_FAILURE);
    void *larger = __wrap_malloc((size_t)1 << power_around(size));
    if (memory != NULL)
        memcpy(larger, memory, capacity);
    __wrap_free(memory);
    return larger;
}

char *__wrap_strdup(const char *text) {
    size_t size = strlen(text) + 1;
    return memcpy(__wrap_malloc(size), text, size);
}

char *__wrap___strdup(const char *text) {
    return __wrap_strdup(text);
}

/* ---- the locale ---- */

/*
 * libconfig makes a locale for the sake of strtod(3), does not put the thread's own back, and does not look whether
 * there was memory for it: then it would free that one. It is shown no number that has a locale (tree.c).
 */
locale_t __wrap_newlocale(int mask, const char *name, locale_t base) {
    (void)mask;
    (void)name;
    return base;
}

locale_t __wrap_uselocale(locale_t locale) {
    return locale;
}

void __wrap_freelocale(locale_t locale) {
    (void)locale;
}

/* ---- standard error, which for it is NULL ---- */

int __wrap___fprintf_chk(FILE *stream, int flag, const char *format, ...) {
    (void)stream;
    (void)flag;
    (void)format;
    return 0;
}

int __wrap_fprintf(FILE *stream, const char *format, ...) {
    (void)stream;
    (void)format;
    return 0;
}
