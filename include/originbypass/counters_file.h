#ifndef ORIGINBYPASS_COUNTERS_FILE_H
#define ORIGINBYPASS_COUNTERS_FILE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "originbypass/counters.h"

/*
 * The layout of a process's counters outside of it: a file that the process has mapped and counts in. Numbers are in
 * the byte order of the machine. Who reads it copies it (pread(2)) and never maps it: the file may become shorter.
 *
 *     octet 0      the header, below, and zeros
 *     octet 1024   COUNTER_BLOCKS blocks of COUNTER_PLACES 64-bit figures: a counter is the sum of its places
 *
 * The file is named NAMESPACE-PID-START.counters, in decimal: the inode of the PID namespace (pid_namespaces(7)), the
 * process's PID there, and when it started in clock ticks since boot (proc_pid_stat(5), field 22); 0 is unknown. A
 * process that executes another program goes on in the same file.
 */

/** The text "ocounter", on a machine that puts the least octet first. */
#define COUNTERS_FILE_MAGIC UINT64_C(0x7265746e756f636f)
/** Changes with everything but a new counter, which takes the next place. */
#define COUNTERS_FILE_LAYOUT 1

/** Which process it is. */
struct counters_identity {
    uint64_t pid_namespace;
    uint64_t start_ticks;
    uint32_t pid;
    uint32_t reserved; /**< zero */
};

/** What a process says of its configuration. */
struct counters_load {
    uint32_t generation; /**< 1: the one that it began with; 0: none so far */
    uint32_t successful; /**< 1: the last one that was read took effect; 0: it was refused, or could not be read */
    int64_t loaded_s;    /**< when the one in force took effect (time(2)) */
    int64_t refused_s;   /**< when one was refused last; 0: never */
    char error[512];     /**< why, with file and line; "" where the last one took effect */
};

struct counters_header {
    _Atomic uint64_t magic; /**< 0 until the file is whole */
    uint32_t layout;
    uint32_t counter_count; /**< of the library that wrote it: the places beyond are zero */
    uint32_t block_count, place_count;
    struct counters_identity identity;
    /**
     * 1: as long as the process has the file mapped, it is locked (flock(2), LOCK_SH), though no descriptor is open:
     * who gets LOCK_EX knows that the process is gone, in whatever namespace. 0: the file system has no such locks.
     */
    uint32_t held;
    char version[28];          /**< of the library */
    char program[64];          /**< the last part of argv[0] at load */
    _Atomic uint32_t sequence; /**< odd while `load` is written: copy it, and compare the sequence before and after */
    uint32_t reserved;
    struct counters_load load;
};

#define COUNTERS_HEADER_ROOM 1024

struct counters_file {
    union {
        struct counters_header header;
        uint8_t room[COUNTERS_HEADER_ROOM];
    };
    struct counter_block blocks[COUNTER_BLOCKS];
};

/** Room for a file's name, with its NUL. */
#define COUNTERS_FILE_NAME_SIZE 64
void counters_file_name(const struct counters_identity *identity, char name[static COUNTERS_FILE_NAME_SIZE]);

/** Read such a name. False: it is none. */
bool counters_file_parse_name(const char *name, struct counters_identity *identity);

/** The calling process's identity, whose PID is `pid`: not getpid(2)'s in a child of vfork(2). Opens files in /proc. */
struct counters_identity counters_identity_of(uint32_t pid);

/**
 * When the process with this PID in our namespace started, as in struct counters_identity. False: /proc does not tell,
 * or not of our namespace.
 */
bool counters_start_of(uint32_t pid, uint64_t *start_ticks);

/**
 * Make the process's file in an open directory, or take the one that it made before it executed this program, and map
 * it; at `place`, in place of another one, where that is not NULL. Nothing is open afterwards. The room is on the disk
 * before the file is mapped: a full disk is an error here, and no signal later. It stays mapped to the process's end.
 *
 * NULL: it can not be had; `fault` says why, a static text. Signals must be blocked. errno may change.
 */
struct counters_file *counters_file_make(int directory, const struct counters_identity *identity, const char *program,
                                         struct counters_file *place, const char **fault);

/** Write what is to be known of the configuration. For one thread at a time; readers see all of it or nothing. */
void counters_file_tell(struct counters_file *file, const struct counters_load *load);

/** Why a file can not be read. */
enum counters_fault {
    COUNTERS_READ,
    COUNTERS_UNFINISHED, /**< its process has not yet written it, or died before it had */
    COUNTERS_FOREIGN,    /**< no file of ours, or one of another layout */
};

/** A copy of a process's file. */
struct counters_copy {
    struct counters_identity identity;
    bool held; /**< as in the header */
    char version[28];
    char program[64];
    struct counters_load load;
    uint64_t figures[COUNTER_PLACES]; /**< the sums; places beyond those that this library knows too */
};

/** Copy an open file, without trust in what it says: texts have an end. 2 KiB of stack. errno may change. */
enum counters_fault counters_file_read(int descriptor, struct counters_copy *copy);

#endif
