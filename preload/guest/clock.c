#include "originbypass/guest/clock.h"

#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * The kernel's clock, by the function that the kernel maps into each process for it (vdso(7)), or by the system call.
 * Not by clock_gettime(3): a library that gives the program another time (faketime) may have it stand still, and then
 * no wait of ours would ever end.
 */
static int by_system_call(clockid_t id, struct timespec *time) {
    return (int)syscall(SYS_clock_gettime, id, time);
}

int (*clock_kernel)(clockid_t id, struct timespec *time) = by_system_call;

/* ---- the function in the vDSO ---- */

#if defined(__x86_64__)
static const char vdso_name[] = "__vdso_clock_gettime";
#elif defined(__aarch64__)
static const char vdso_name[] = "__kernel_clock_gettime";
#else
static const char vdso_name[] = "";
#endif

struct vdso {
    const char *base; /* what its addresses are relative to */
    const ElfW(Sym) * symbols;
    const char *names;
    const Elf32_Word *hash; /* DT_HASH: the second word is the number of symbols */
    const Elf32_Word *gnu_hash;
};

static const ElfW(Dyn) * find_dynamic(struct vdso *vdso, const ElfW(Ehdr) * header) {
    const ElfW(Phdr) *segment = (const void *)((const char *)header + header->e_phoff);
    const ElfW(Dyn) *dynamic = NULL;
    for (size_t i = 0; i < header->e_phnum; i++) {
        if (segment[i].p_type == PT_LOAD && vdso->base == NULL)
            vdso->base = (const char *)header + segment[i].p_offset - segment[i].p_vaddr;
        if (segment[i].p_type == PT_DYNAMIC)
            dynamic = (const void *)((const char *)header + segment[i].p_offset);
    }
    return dynamic;
}

static void read_dynamic(struct vdso *vdso, const ElfW(Dyn) * dynamic) {
    for (; dynamic != NULL && dynamic->d_tag != DT_NULL; dynamic++) {
        const void *place = vdso->base + dynamic->d_un.d_ptr;
        switch (dynamic->d_tag) {
        case DT_SYMTAB:
            vdso->symbols = place;
            break;
        case DT_STRTAB:
            vdso->names = place;
            break;
        case DT_HASH:
            vdso->hash = place;
            break;
        case DT_GNU_HASH:
            vdso->gnu_hash = place;
            break;
        default:
            break;
        }
    }
}

/* The last chain of a GNU hash table ends with the last symbol. */
static size_t count_by_gnu_hash(const Elf32_Word *table) {
    Elf32_Word bucket_count = table[0], first = table[1], bloom_size = table[2], last = 0;
    const Elf32_Word *buckets = table + 4 + bloom_size * (sizeof(ElfW(Addr)) / sizeof(*table));
    const Elf32_Word *chains = buckets + bucket_count;
    for (Elf32_Word i = 0; i < bucket_count; i++)
        if (buckets[i] > last)
            last = buckets[i];
    if (last < first)
        return first;
    while (!(chains[last - first] & 1))
        last++;
    return last + 1;
}

static size_t count_symbols(const struct vdso *vdso) {
    if (vdso->hash != NULL)
        return vdso->hash[1];
    return vdso->gnu_hash != NULL ? count_by_gnu_hash(vdso->gnu_hash) : 0;
}

static const void *find_vdso_function(const struct vdso *vdso, const char *name) {
    size_t count = vdso->symbols != NULL && vdso->names != NULL ? count_symbols(vdso) : 0;
    for (size_t i = 0; i < count; i++)
        if (vdso->symbols[i].st_shndx != SHN_UNDEF && strcmp(vdso->names + vdso->symbols[i].st_name, name) == 0)
            return vdso->base + vdso->symbols[i].st_value;
    return NULL;
}

void clock_load(void) {
    const ElfW(Ehdr) *header = (const void *)getauxval(AT_SYSINFO_EHDR); // NOLINT(performance-no-int-to-ptr)
    struct vdso vdso = {0};
    struct timespec now;
    if (header == NULL)
        return;
    read_dynamic(&vdso, find_dynamic(&vdso, header));
    const void *function = find_vdso_function(&vdso, vdso_name);
    int (*found)(clockid_t, struct timespec *) = NULL;
    memcpy(&found, &function, sizeof(found));
    if (found != NULL && found(CLOCK_MONOTONIC, &now) == 0)
        clock_kernel = found;
}

/* ---- sleep ---- */

_Atomic uint64_t clock_slept_ms;

static uint64_t as_ms(const struct timespec *time) {
    return (uint64_t)time->tv_sec * 1000 + (uint64_t)time->tv_nsec / 1000000;
}

/* What a clock reading takes, and what the kernel corrects: less is no sleep. */
#define SLEEP_LEAST_MS 100

void clock_notice_sleep(void) {
#ifdef CLOCK_BOOTTIME
    static _Atomic uint64_t ahead_ms = UINT64_MAX; /* how far that clock was ahead of ours when we looked first */
    struct timespec awake, all;
    if (clock_kernel(CLOCK_MONOTONIC, &awake) != 0 || clock_kernel(CLOCK_BOOTTIME, &all) != 0)
        return;
    uint64_t now_ahead_ms = as_ms(&all) - as_ms(&awake), first_ms = UINT64_MAX;
    if (atomic_compare_exchange_strong(&ahead_ms, &first_ms, now_ahead_ms))
        return;
    uint64_t slept_ms = now_ahead_ms > first_ms ? now_ahead_ms - first_ms : 0;
    uint64_t known_ms = atomic_load(&clock_slept_ms);
    if (slept_ms >= known_ms + SLEEP_LEAST_MS)
        atomic_compare_exchange_strong(&clock_slept_ms, &known_ms, slept_ms);
#endif
}
