#include "app/demo_secret.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/hex.h"
#include "base/random.h"

enum { SECRET_SIZE = 32, SECRET_TEXT_SIZE = 2 * SECRET_SIZE, PATH_SIZE = 1100 };

static bool write_new(const char *path)
{
    char text[SECRET_TEXT_SIZE];
    unsigned char secret[SECRET_SIZE];
    const int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return false;
    random_fill(secret, sizeof secret);
    hex_format(secret, sizeof secret, text);
    const bool written = write(file, text, sizeof text) == sizeof text && fsync(file) == 0;
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(text, sizeof text);
    return close(file) == 0 && written;
}

static bool read_old(const char *path, struct config_text *ret_secret)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) return false;
    const ssize_t size = read(file, ret_secret->text, sizeof ret_secret->text - 1);
    close(file);
    if (size < JWT_SECRET_SIZE_MIN) {
        errno = EINVAL;
        return false;
    }
    ret_secret->text[size] = '\0';
    return true;
}

bool demo_secret_read(struct slice folder, bool make, struct config_text *ret_secret,
                      char message[CONFIG_MESSAGE_SIZE_MAX])
{
    char path[PATH_SIZE];
    CHECK(folder.size < CONFIG_TEXT_SIZE_MAX);
    snprintf(path, sizeof path, "%.*s", (int)folder.size, folder.data);
    if (make && mkdir(path, 0700) != 0 && errno != EEXIST) {
        snprintf(message, CONFIG_MESSAGE_SIZE_MAX, "the folder \"%.100s\" cannot be made: %s", path,
                 strerror(errno));
        return false;
    }
    snprintf(path, sizeof path, "%.*s/jwt-secret", (int)folder.size, folder.data);
    if (read_old(path, ret_secret)) return true;
    if (errno == ENOENT && make && write_new(path) && read_old(path, ret_secret)) return true;
    snprintf(message, CONFIG_MESSAGE_SIZE_MAX, "the secret \"%.100s\" cannot be %s: %s", path,
             make ? "made" : "read", strerror(errno));
    return false;
}
