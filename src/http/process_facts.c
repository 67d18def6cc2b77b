#include "http/process_facts.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/slice.h"

/* Sizes in pages: all, and what is in memory. */
static void read_sizes(struct process_facts *facts)
{
    char text[128];
    const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    const ssize_t size = read(file, text, sizeof text);
    (void)close(file);
    if (size <= 0) return;
    struct slice rest = {text, (size_t)size};
    const struct slice all = slice_cut(rest, ' ', &rest);
    const struct slice resident = slice_cut(rest, ' ', &rest);
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t pages = 0;
    if (slice_to_number(all, UINT32_MAX, &pages)) facts->virtual_size = pages * page;
    if (slice_to_number(resident, UINT32_MAX, &pages)) facts->resident_size = pages * page;
}

static uint64_t micros_of(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec;
}

/* The names in the folder, without `.`, `..` and the folder's own descriptor. */
static uint64_t count_open_files(void)
{
    enum { NOT_OURS = 3 };
    DIR *folder = opendir("/proc/self/fd");
    uint64_t count = 0;
    if (folder == NULL) return 0;
    while (readdir(folder) != NULL) count++;
    (void)closedir(folder);
    return count > NOT_OURS ? count - NOT_OURS : 0;
}

struct process_facts process_facts_read(void)
{
    struct process_facts facts = {.open_files = count_open_files()};
    struct rusage usage;
    struct rlimit files;
    read_sizes(&facts);
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        facts.cpu_micros = micros_of(usage.ru_utime) + micros_of(usage.ru_stime);
    }
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) facts.open_files_max = files.rlim_cur;
    return facts;
}
