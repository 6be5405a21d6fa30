#ifndef ORIGINBYPASS_IN_FORCE_PUBLISHED_H
#define ORIGINBYPASS_IN_FORCE_PUBLISHED_H

#include <stdatomic.h>
#include <stdint.h>

#include "originbypass/config/parse.h"
#include "originbypass/metrics/counters_file.h"
#include "originbypass/values/name.h"

/*
 * What this process has in force, for `originbypass doctor --pid`: a record in the library's own writable memory. The
 * command finds it by its magic in the mappings of the library (/proc/PID/maps) and reads it with process_vm_readv(2).
 * The environment of a process would not do: many programs overwrite it, and it does not say what was refused.
 */

/** What became of the configuration. */
enum published_state {
    PUBLISHED_UNUSED,   /**< the library has not been loaded completely */
    PUBLISHED_NOTHING,  /**< nothing was configured at load */
    PUBLISHED_DISABLED, /**< ORIGIN_BYPASS_DISABLED */
    PUBLISHED_LEFT_OUT, /**< `programs` leaves this program alone */
    PUBLISHED_WAITING,  /**< read at load; the first lookup parses it. Hosts and upstreams are the variables' */
    PUBLISHED_IN_FORCE,
    PUBLISHED_REFUSED, /**< the first configuration was refused: no name is ours */
    PUBLISHED_FOREIGN, /**< the process has a libc that we do not serve: libc answers every call */
    PUBLISHED_STATE_LAST = PUBLISHED_FOREIGN,
};

#define PUBLISHED_MAGIC "originbypass:" /* and three NUL */
#define PUBLISHED_VERSION 3

/** A listed name that libc answered last, because external DNS did not. */
struct published_fallback {
    int64_t at_s;   /**< when (time(2)); 0: there is none here */
    char host[256]; /**< folded; as long as any name in DNS */
};

/** So many of them are kept, the latest ones. */
enum { PUBLISHED_FALLBACKS = 4 };

/** All texts end with a NUL within their room. A reader must not trust any of this: another process wrote it. */
struct published {
    char magic[16];
    uint32_t version;
    uint32_t size;             /**< of this structure */
    _Atomic uint32_t sequence; /**< odd while the rest changes */
    uint32_t state;            /**< enum published_state */
    uint32_t generation;       /**< of the configuration in force; 1: the first */
    uint32_t hosts_left_out;   /**< rules for which `hosts` had no room */
    int64_t loaded_s;          /**< when it took effect (time(2)) */
    int64_t refused_s;         /**< when a configuration was refused last, if none was accepted since; 0: never */
    char file[512];            /**< of the configuration; "": none, or its path is longer */
    char hosts[2048];          /**< the rules in force, as in ORIGIN_BYPASS_HOSTS */
    char upstreams[512];       /**< the general ones, as in ORIGIN_BYPASS_UPSTREAMS */
    char log_file[256]; /**< where messages go: a path, "stderr", or "none" if `log.level` is; "": not known yet */
    char error[512]; /**< why the configuration was refused, or its file not read, with file and line; "": no reason */
    uint64_t file_digest;           /**< of the file that is in force, or waits (config_source_digest()); 0: none */
    uint32_t is_plain;              /**< 1: beside `hosts` and `upstreams` nothing is set that decides an answer */
    uint32_t upstreams_of_variable; /**< 1: `upstreams` are those of ORIGIN_BYPASS_UPSTREAMS */
    uint32_t hosts_of_variable;     /**< 1: `hosts` are those of ORIGIN_BYPASS_HOSTS; 0: of the file */
    uint32_t hosts_replaced;        /**< rules of the file that have no effect, because the variable replaces them */
    char metrics_directory[256];    /**< of the counters; "": none, not known yet, or its path is longer */
    uint32_t
        counts_nothing; /**< 1: a directory is configured, and there was no file of counters when this took effect */
    _Atomic uint32_t fallbacks_sequence; /**< odd while `fallbacks` changes, which `sequence` does not tell */
    struct published_fallback fallbacks[PUBLISHED_FALLBACKS];
};

/** Record a state without a configuration in force. `source` is what was read at load; NULL: nothing. */
void publish_state(enum published_state state, const struct config_source *source);

/** Record a configuration in force, made from `source`. `load` says when it took effect. */
void publish_configuration(const struct config *config, const struct config_source *source,
                           const struct counters_load *load);

/** Record that a configuration was refused, at first or at a reload, as `load` says. What is in force stays. */
void publish_refusal(const struct counters_load *load);

/** Record that libc answers a listed name. Thread-safe: if another thread is just recording one, this one is lost. */
void publish_fallback(const struct name *name);

/** How many fallbacks are recorded. */
extern _Atomic uint32_t published_fallback_count;

/** Record that we answered the name, so that it is no longer libc's. Thread-safe. */
void publish_answer_in_full(const struct name *name);

/** The same, for every lookup: most of the time it costs one load from memory that nobody writes. */
static inline void publish_answer(const struct name *name) {
    if (atomic_load_explicit(&published_fallback_count, memory_order_relaxed) > 0)
        publish_answer_in_full(name);
}

/** In a new copy of the process: the thread that was recording a fallback is gone. */
void published_adopt(void);

#endif
