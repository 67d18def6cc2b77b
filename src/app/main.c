/* main.c - the program `usher`: reads the command line and runs one command. */
#include <getopt.h>
#include <signal.h>

#include "app/cluster.h"
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
    "  usher export FILE              write everything of the store, to move it elsewhere\n"
    "  usher import FILE              read that into an empty store\n"
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
    "`usher COMMAND --help` says more of one. The other settings are environment variables only:\n"
    "see docs/operations.md.\n";

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
    uint32_t given; /* A bit for each option. */
    const char *command;
    const char *file;
    bool help;
};

static int run_serve(struct config *config, const struct arguments *arguments)
{
    (void)arguments;
    return serve_command(config);
}

static int run_seed(struct config *config, const struct arguments *arguments)
{
    if (config_slice(&config->mongo_uri).size > 0) return cluster_seed(config, arguments->file);
    return seed_command(arguments->file, config->data.text);
}

static int run_token(struct config *config, const struct arguments *arguments)
{
    return token_command(config, &arguments->token);
}

static int run_backup(struct config *config, const struct arguments *arguments)
{
    if (config_slice(&config->mongo_uri).size > 0) {
        fputs("usher backup: MONGO_URI is set, and this copies an embedded store: copy a MongoDB "
              "with mongodump\n",
              stderr);
        return EXIT_USAGE;
    }
    return backup_command(config, arguments->file);
}

static int run_audit(struct config *config, const struct arguments *arguments)
{
    (void)arguments;
    return audit_command(config);
}

static int run_export(struct config *config, const struct arguments *arguments)
{
    return export_command(config, arguments->file);
}

static int run_import(struct config *config, const struct arguments *arguments)
{
    return import_command(config, arguments->file);
}

static int run_version(struct config *config, const struct arguments *arguments)
{
    (void)config;
    (void)arguments;
    puts("usher " USHER_VERSION);
    return EXIT_SUCCESS;
}

#define TAKES(code) (1U << OPTION_##code)

struct command_entry {
    const char *name;
    bool takes_file;
    bool needs_settings;
    uint32_t options; /* A bit for each that it takes. */
    int (*run)(struct config *config, const struct arguments *arguments);
    const char *help;
};

static const struct command_entry commands[] = {
    {"serve", false, true, TAKES(PORT) | TAKES(HOST) | TAKES(DATA) | TAKES(DEMO) | TAKES(DEV),
     run_serve,
     "usher serve [--port N] [--host ADDR] [--data DIR] [--demo] [--dev]\n"
     "\n"
     "Runs the server until SIGTERM or SIGINT. Needs JWT_SECRET, unless --demo or --dev.\n"
     "--demo fills an empty store with a made-up programme, and plays the payment gateway.\n"
     "\n"
     "With MONGO_URI set, it is one of several instances that share that database, and keeps\n"
     "nothing in --data. It waits for a database that does not answer, with its port open.\n"
     "\n"
     "  MONGO_URI      mongodb://[user:password@]host[:port][,...]/database[?options]\n"
     "  REDIS_URL      redis://[[user]:password@]host[:port][/database]; default none\n"
     "  LOCK           best-effort (default), or required: 409 without the lock in Redis\n"
     "  USHER_WRITERS  threads that write, 1 to 16; default 8\n"
     "  USHER_READERS  threads that read, 1 to 16; default 4\n"
     "\n"
     "All settings: docs/operations.md\n"},
    {"seed", true, true, TAKES(DATA), run_seed,
     "usher seed FILE.json [--data DIR]\n"
     "\n"
     "Loads a catalogue, whole or not at all, while no server uses the folder. With MONGO_URI\n"
     "set, into that database, beside running instances; running it again completes it.\n"
     "docs/catalogue.md describes the file.\n"},
    {"token", false, true, TAKES(DATA) | TAKES(USER) | TAKES(ROLE) | TAKES(TTL), run_token,
     "usher token --user ID [--role user|staff|admin] [--ttl 1h] [--data DIR]\n"
     "\n"
     "Prints a token for the API, signed with JWT_SECRET or with the secret of a demo.\n"
     "--ttl: a number with s, m, h or d.\n"},
    {"backup", true, true, TAKES(DATA), run_backup,
     "usher backup FILE [--data DIR]\n"
     "\n"
     "Copies the store as it is at one moment, beside a running server. FILE must not exist.\n"
     "To restore, copy it back as usher.db while no server runs. A MongoDB (MONGO_URI) is\n"
     "copied with mongodump.\n"},
    {"audit", false, true, TAKES(DATA), run_audit,
     "usher audit [--data DIR]\n"
     "\n"
     "Recomputes every seat, counter and payment from the data, beside running servers or\n"
     "not, and prints each rule that is broken. It only reads. With MONGO_URI the data are\n"
     "those of the shared database; what instances have yet to write is counted, and breaks\n"
     "no rule. Exit code 0 if every rule holds, 1 if one is broken, 2 if the data cannot be\n"
     "read.\n"},
    {"export", true, true, TAKES(DATA), run_export,
     "usher export FILE|- [--data DIR]\n"
     "\n"
     "Writes everything of the store (of MONGO_URI, or of the folder) to FILE, for usher import.\n"
     "FILE must not exist; it has the store's keys in it: keep it as safe as the store.\n"
     "Stop the server first, with MongoDB all instances: what comes later is not in FILE.\n"
     "Exit code 1 if the store cannot be written out as it is.\n"},
    {"import", true, true, TAKES(DATA), run_import,
     "usher import FILE|- [--data DIR]\n"
     "\n"
     "Reads what usher export wrote into the store (of MONGO_URI, or of the folder), which must\n"
     "be empty, while no server uses it. All of it or nothing: an import that was killed is\n"
     "begun again. Exit code 1, and nothing is imported, if FILE is refused. docs/moving.md\n"},
    {"version", false, false, 0, run_version, "usher version\n\nPrints the version.\n"},
};

static bool take_option(struct arguments *arguments, int code)
{
    if (code < OPTION_HELP) arguments->given |= 1U << code;
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
    if (optind < count && arguments->command == NULL) arguments->command = texts[optind++];
    if (optind < count) arguments->file = texts[optind++];
    if (optind == count) return true;
    fprintf(stderr, "usher: unexpected argument \"%s\"\n", texts[optind]);
    return false;
}

static const struct command_entry *find_command(const char *name)
{
    for (size_t index = 0; index < sizeof commands / sizeof *commands; index++) {
        if (strcmp(commands[index].name, name) == 0) return &commands[index];
    }
    return NULL;
}

/* Has the command what it needs, and nothing that it would leave out of account? */
static bool fits(const struct command_entry *command, const struct arguments *arguments)
{
    for (const struct option *option = options; option->name != NULL; option++) {
        const uint32_t bit = 1U << option->val;
        if ((arguments->given & bit & ~command->options) == 0) continue;
        fprintf(stderr, "usher %s: takes no --%s\n", command->name, option->name);
        return false;
    }
    if (command->takes_file && arguments->file == NULL) {
        fprintf(stderr, "usher %s: which file? usage: usher %s FILE\n", command->name,
                command->name);
        return false;
    }
    if (!command->takes_file && arguments->file != NULL) {
        fprintf(stderr, "usher: unexpected argument \"%s\"\n", arguments->file);
        return false;
    }
    return true;
}

static int run(const struct command_entry *command, const struct arguments *arguments)
{
    static struct config config;
    if (command->needs_settings && !config_read(&config, &arguments->flags)) {
        fprintf(stderr, "usher: %s\n", config.message);
        return EXIT_USAGE;
    }
    if (command->needs_settings) {
        log_set_level(config.log_level);
        log_set_format(config.log_format);
    }
    const int exit_code = command->run(&config, arguments);
    config_wipe(&config);
    return exit_code;
}

int main(int count, char **texts)
{
    struct arguments arguments = {0};
    mongo_connection_unlink_counters();
    /* A limit on the size of files is an error to be told, not a way to die. */
    (void)signal(SIGXFSZ, SIG_IGN);
    if (!read_arguments(count, texts, &arguments)) return EXIT_USAGE;
    const char *name = arguments.command;
    if (name == NULL || strcmp(name, "help") == 0) {
        const bool asked = arguments.help || name != NULL;
        fputs(usage, asked ? stdout : stderr);
        return asked ? EXIT_SUCCESS : EXIT_USAGE;
    }
    const struct command_entry *command = find_command(name);
    if (command == NULL) {
        fprintf(stderr, "usher: no command \"%s\"; see usher --help\n", name);
        return EXIT_USAGE;
    }
    if (arguments.help) {
        fputs(command->help, stdout);
        return EXIT_SUCCESS;
    }
    return fits(command, &arguments) ? run(command, &arguments) : EXIT_USAGE;
}
