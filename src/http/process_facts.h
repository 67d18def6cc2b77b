/* process_facts.h - what the kernel says of this process, for the metrics.
 *
 * Thread: any.
 */
#pragma once

#include <stdint.h>

struct process_facts {
    uint64_t resident_size; /* Bytes in memory. */
    uint64_t virtual_size;
    uint64_t cpu_micros; /* User and system, of all threads. */
    uint64_t open_files;
    uint64_t open_files_max;
};

/* What cannot be read is 0. */
struct process_facts process_facts_read(void);
