/* The administrator's command: what every subcommand shares. */
#ifndef BG_ADMIN_ADMIN_H
#define BG_ADMIN_ADMIN_H

/* How the program ends; the manual lists the same numbers. */
enum admin_exit {
    ADMIN_GOOD = 0,
    ADMIN_FINDING = 1, /* something is wrong on this host, or a refusal */
    ADMIN_USAGE = 2,
    ADMIN_CANNOT = 3 /* could not run: not root, a file is missing, the system refused */
};

/* One line of the table in main.c. argv[0] is the subcommand's own name. */
struct subcommand {
    const char *name, *help;
    enum admin_exit (*run)(int argc, char **argv);
};

enum admin_exit cmd_init(int argc, char **argv);
enum admin_exit cmd_share(int argc, char **argv);
enum admin_exit cmd_key(int argc, char **argv);
enum admin_exit cmd_journal(int argc, char **argv);
enum admin_exit cmd_alert(int argc, char **argv);
enum admin_exit cmd_status(int argc, char **argv);
enum admin_exit cmd_disable(int argc, char **argv);
enum admin_exit cmd_enable(int argc, char **argv);

/* Find argv[1] in a table that ends with a NULL name and run it; prints `usage` for --help or a wrong word.
 */
enum admin_exit admin_dispatch(const struct subcommand *table, const char *usage, int argc, char **argv);

#endif
