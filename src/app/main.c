/* main.c - the program `usher`: reads the command line and runs one command. */
#include <getopt.h>

#include "app/commands.h"
#include "app/config.h"
#include "app/seed_command.h"

static const char usage[] =
    "usher - seat booking for cinemas\n"
    "\n"
    "  usher serve [--demo] [--dev]   run the server\n"
    "  usher seed FILE.json           load a catalogue of movies, cinemas and showtimes\n"
    "  usher token --user ID [--role user|staff|admin] [--ttl 1h]\n"
    "                                 print a token for the API\n"
    "  usher backup FILE              copy the store, beside a running server\n"
    "  usher audit                    prove the rules of the data; exit 1 if one is broken\n"
    "  usher version                  print the version\n"
    "\n"
    "Options, each with its environment variable:\n"
    "  --port N     PORT         default 3000; 0 takes a free one\n"
    "  --host ADDR  HOST         default 127.0.0.1\n"
    "  --data DIR   USHER_DATA   default ./data\n"
    "  --demo                    fill an empty store with demo data, pay in a sandbox\n"
    "  --dev                     accept X-User-Id and unsigned webhooks, on loopback only\n"
    "  --help, --version\n"
    "\n"
    "The other settings are environment variables only: see docs/operations.md.\n";

enum option_code {
    OPTION_PORT = 1,
    OPTION_HOST,
    OPTION_DATA,
    OPTION_DEMO,
    OPTION_DEV,
    OPTION_USER,
    OPTION_ROLE,
    OPTION_TTL,
    OPTION_HELP,
    OPTION_VERSION
};

static const struct option options[] = {{"port", required_argument, NULL, OPTION_PORT},
                                        {"host", required_argument, NULL, OPTION_HOST},
                                        {"data", required_argument, NULL, OPTION_DATA},
                                        {"demo", no_argument, NULL, OPTION_DEMO},
                                        {"dev", no_argument, NULL, OPTION_DEV},
                                        {"user", required_argument, NULL, OPTION_USER},
                                        {"role", required_argument, NULL, OPTION_ROLE},
                                        {"ttl", required_argument, NULL, OPTION_TTL},
                                        {"help", no_argument, NULL, OPTION_HELP},
                                        {"version", no_argument, NULL, OPTION_VERSION},
                                        {NULL, 0, NULL, 0}};

struct arguments {
    struct config_flags flags;
    struct token_options token;
    const char *command;
    const char *file;
    bool help;
};

static bool take_option(struct arguments *arguments, int code)
{
    switch (code) {
    case OPTION_PORT:
        arguments->flags.port = optarg;
        return true;
    case OPTION_HOST:
        arguments->flags.host = optarg;
        return true;
    case OPTION_DATA:
        arguments->flags.data = optarg;
        return true;
    case OPTION_DEMO:
        arguments->flags.demo = true;
        return true;
    case OPTION_DEV:
        arguments->flags.dev = true;
        return true;
    case OPTION_USER:
        arguments->token.user = optarg;
        return true;
    case OPTION_ROLE:
        arguments->token.role = optarg;
        return true;
    case OPTION_TTL:
        arguments->token.ttl = optarg;
        return true;
    case OPTION_HELP:
    case 'h':
        arguments->help = true;
        return true;
    case OPTION_VERSION:
        arguments->command = "version";
        return true;
    default:
        return false; /* getopt has said what is wrong. */
    }
}

/* The command and at most one file; false, and said why, if there is anything else. */
static bool read_arguments(int count, char **texts, struct arguments *arguments)
{
    int code = 0;
    while ((code = getopt_long(count, texts, "h", options, NULL)) != -1) {
        if (!take_option(arguments, code)) return false;
    }
    if (optind < count) arguments->command = texts[optind++];
    if (optind < count) arguments->file = texts[optind++];
    if (optind == count) return true;
    fprintf(stderr, "usher: unexpected argument \"%s\"\n", texts[optind]);
    return false;
}

static bool is(const struct arguments *arguments, const char *command)
{
    return strcmp(arguments->command, command) == 0;
}

static int run(struct arguments *arguments, struct config *config)
{
    const bool takes_file = is(arguments, "seed") || is(arguments, "backup");
    if (takes_file && arguments->file == NULL) {
        fprintf(stderr, "usher %s: which file? usage: usher %s FILE\n", arguments->command,
                arguments->command);
        return EXIT_USAGE;
    }
    if (!takes_file && arguments->file != NULL) {
        fprintf(stderr, "usher: unexpected argument \"%s\"\n", arguments->file);
        return EXIT_USAGE;
    }
    if (is(arguments, "serve")) return serve_command(config);
    if (is(arguments, "seed")) return seed_command(arguments->file, config->data.text);
    if (is(arguments, "token")) return token_command(config, &arguments->token);
    if (is(arguments, "audit")) return audit_command(config);
    if (is(arguments, "backup")) return backup_command(config, arguments->file);
    fprintf(stderr, "usher: no command \"%s\"; see usher --help\n", arguments->command);
    return EXIT_USAGE;
}

int main(int count, char **texts)
{
    static struct config config;
    struct arguments arguments = {0};
    if (!read_arguments(count, texts, &arguments)) return EXIT_USAGE;
    if (arguments.help || (arguments.command != NULL && is(&arguments, "help"))) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    if (arguments.command == NULL) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (is(&arguments, "version")) {
        puts("usher " USHER_VERSION);
        return EXIT_SUCCESS;
    }
    if (!config_read(&config, &arguments.flags)) {
        fprintf(stderr, "usher: %s\n", config.message);
        return EXIT_USAGE;
    }
    log_set_level(config.log_level);
    log_set_format(config.log_format);
    const int exit_code = run(&arguments, &config);
    config_wipe(&config);
    return exit_code;
}
