/* SPDX-License-Identifier: ISC */
/*
 * The kinds of system files that we edit, as one table: where they are, how our lines are added to a text,
 * looked for and stripped. init, its undo and status walk the table; they know none of the kinds.
 */
#ifndef BG_ADMIN_CONF_CONFFILE_H
#define BG_ADMIN_CONF_CONFFILE_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include "admin/admin.h"
#include "admin/conf/sysfile.h"
#include "admin/rows.h"
#include "base/err.h"
#include "base/msg.h"

/* Why a file is refused: a message and what fills it, mostly file, line, and a PAM type or a database. */
struct conf_problem {
    const struct bg_message *id; /* NULL: the finding was shown already */
    char arg[3][256];
};

/* Fill *why; returns BG_E_REFUSED. */
BG_MUST_CHECK enum bg_err conf_refuse(struct conf_problem *why, const struct bg_message *id, const char *file,
                                      unsigned line, const char *what);

/* One file, and what its text may depend on. */
struct conf_job {
    const char *path;
    const char *text;                /* NULL: there is no such file */
    bool vendor;                     /* the text is the vendor's: there is no file at path yet */
    const struct account_rows *rows; /* the accounts as they will be */
    const struct sysedits *edits;    /* other files as they will be; NULL: as they are */
};

struct conffile {
    const char *name;   /* in JSON, and for conf_plan */
    const char *path;   /* a file, or a folder */
    const char *files;  /* a folder's usual files, comma-separated; NULL: path is one file */
    const char *shared; /* a file whose name begins so is shared by several programs: never edited */
    mode_t mode;        /* of a file that is made; 0: 0644 */
    bool alone;         /* a file that has nothing but our lines goes with them */
    bool extra;         /* a file of it that cannot take our lines is told of and left out; init goes on */
    const char *const
        *vendor; /* folders, up to NULL: a file of that name counts while there is none at path */
    const struct sysowner *owner; /* the program that writes the file; NULL: we do */

    /* Is this kind on this host? No function: yes. */
    bool (*here)(void);

    /*
     * The text with our lines, malloced into *out (equal when nothing is missing). BG_E_NOENT: left out, and
     * a note says why. BG_E_REFUSED with *why: in such a file our lines would not work.
     */
    enum bg_err (*add)(const struct conf_job *job, char **out, struct conf_problem *why);
    /* BG_OK: sound. BG_E_NOENT: nothing to check on this host. BG_E_REFUSED with *why: missing or faulty. */
    enum bg_err (*look)(const struct conf_job *job, struct conf_problem *why);
    /* The text without our lines, malloced; NULL when out of memory. No function: the whole file is ours. */
    char *(*strip)(const char *text);
    /* Does the program accept its files as they are, and let `row` (unless NULL) in? Shows why not. */
    bool (*check)(const struct account_row *row, bool quiet);
    /* Tell the running program that its files have changed. */
    void (*reload)(void);
};

/* In the order of writing; undo goes backwards. */
enum conf_kind {
    CONF_PAM = 0,  /* services that open the account's door: all of our lines */
    CONF_SESSIONS, /* services that only root or cron starts for somebody: our session line, for the record */
    CONF_SONIC,    /* hooks of a platform: only there */
    CONF_VYOS_COMMIT,
    CONF_VYOS_BOOT,
    CONF_SSHD_RUN, /* where a configuration is made for sshd at each start: the Include line that it lacks */
    CONF_SSHD,
    CONF_SSHD_OWN, /* an sshd of our own: only where it was asked for */
    CONF_SSHD_UNIT,
    CONF_SSHD_KEEP,
    CONF_NSCD,
    CONF_AUDIT,  /* where auditd is */
    CONF_RESCUE, /* only where it was asked for */
    CONF_EMERGENCY,
    CONF_NSSWITCH,   /* last, because every running program remembers a module that failed to load */
    CONF_AUTHSELECT, /* the same file, where authselect writes it */
    CONFFILES
};
extern const struct conffile conffiles[CONFFILES];
#define PAM_DIR      BG_SYSCONFDIR "/pam.d"
#define CONF_WATCHED "sudo,sudo-i,doas,runuser,runuser-l,cron,crond,atd,polkit-1,systemd-run0,other"
/* VyOS and others start sshd with a configuration that is made each time. */
#define SSHD_RUN_CONFIG "/run/sshd/sshd_config"

/* What will be done to the system's files. */
struct conf_plan {
    struct sysedits edits;
    bool backwards;
    bool checked[CONFFILES]; /* that kind's check must pass afterwards */
    char stuck[PATH_MAX];    /* what undo_plan could not read or plan */
};

/*
 * Plan to add our lines to the files of each kind: NULL means the usual ones, "" none, anything else is a
 * list of a folder's files, separated by commas. Every finding is shown. ADMIN_GOOD, ADMIN_FINDING,
 * ADMIN_USAGE, ADMIN_CANNOT.
 */
enum admin_exit conf_plan(struct conf_plan *p, const struct account_rows *rows,
                          const char *const names[CONFFILES]);

/* Show all changes as diffs, and add them to a JSON array. */
void conf_show(const struct sysedits *e, json_t *changed);

/* Put all of the plan in place, check with `row` (or NULL), reload; or change nothing and show why. */
enum admin_exit conf_apply(struct conf_plan *p, const struct account_row *row);

/*
 * Are our edits in place, in every kind? {name: sound} is added to root, and findings are shown, but of a
 * file of which told() says that there is one already.
 */
typedef bool conf_told(const void *arg, const char *path);
void conf_look(const struct account_rows *rows, json_t *root, conf_told *told, const void *arg);

/*
 * How to take our edits back: UNDO_DIR holds a copy of each system file as it was before us, and a manifest
 * with the SHA-256 of what we wrote. A file that still has that hash gets its copy back, byte for byte; one
 * that somebody else has edited since loses exactly our lines.
 */
#define UNDO_DIR BG_STATEDIR "/undo"

/* Write copies and manifest for all planned edits. Call before the first is applied. */
BG_MUST_CHECK enum bg_err undo_prepare(const struct sysedits *e);

/* Plan to take everything back, whether the manifest knows of it or not. */
BG_MUST_CHECK enum bg_err undo_plan(struct conf_plan *p);

/* The same for some kinds alone. */
BG_MUST_CHECK enum bg_err undo_plan_kinds(struct conf_plan *p, const bool kinds[CONFFILES]);

/* Did an init of ours write this file? */
bool undo_knows(const char *path);

/* Forget copies and manifest, after the plan was applied. */
void undo_forget(void);

/* The same for kinds that are one file each. BG_E_IO ...: the manifest could not be written. */
BG_MUST_CHECK enum bg_err undo_forget_kinds(const bool kinds[CONFFILES]);

/* The text of the vendor's file that counts while there is none at path; *out is NULL without one. */
BG_MUST_CHECK enum bg_err conf_vendor(const struct conffile *k, const char *path, char **out);

/* As sysedits_add, with what the kind says of the file's owner. */
BG_MUST_CHECK enum bg_err conf_edit(struct sysedits *e, const struct conffile *k, const char *path, char *old,
                                    char *new);

/*
 * A file that init made from a vendor's: what has become of the two? same: the vendor's is what it was then,
 * or nothing is known. else: edited: somebody has edited ours, less our lines, since; stale: nobody has.
 */
enum undo_copy {
    UNDO_SAME = 0,
    UNDO_STALE,
    UNDO_EDITED
};
enum undo_copy undo_compare(const struct conffile *k, const char *path, const char *text);

/* The text without the first block that reads like this, malloced; NULL without memory. */
char *conf_without(const char *text, const char *block);

/* The folders of vendors' PAM services, up to NULL. */
extern const char *const pam_vendors[];

/* The rows of the table. */
enum bg_err pam_add(const struct conf_job *job, char **out, struct conf_problem *why);
enum bg_err pam_look(const struct conf_job *job, struct conf_problem *why);
enum bg_err pam_session_add(const struct conf_job *job, char **out, struct conf_problem *why);
enum bg_err pam_session_look(const struct conf_job *job, struct conf_problem *why);
char *pam_strip(const char *text);
enum bg_err sshd_add(const struct conf_job *job, char **out, struct conf_problem *why);
enum bg_err sshd_look(const struct conf_job *job, struct conf_problem *why);
bool sshd_check(const struct account_row *row, bool quiet);
void sshd_reload(void);
enum bg_err sshd_run_add(const struct conf_job *job, char **out, struct conf_problem *why);
enum bg_err sshd_run_look(const struct conf_job *job, struct conf_problem *why);
char *sshd_run_strip(const char *text);
enum bg_err sshd_own_add(const struct conf_job *job, char **out, struct conf_problem *why);
enum bg_err sshd_own_look(const struct conf_job *job, struct conf_problem *why);
bool sshd_own_check(const struct account_row *row, bool quiet);
void sshd_own_reload(void);
enum bg_err sshd_unit_add(const struct conf_job *job, char **out, struct conf_problem *why);
enum bg_err sshd_unit_look(const struct conf_job *job, struct conf_problem *why);
enum bg_err sshd_keep_add(const struct conf_job *job, char **out, struct conf_problem *why);
enum bg_err sshd_keep_look(const struct conf_job *job, struct conf_problem *why);
bool hook_sonic_here(void), hook_commit_here(void), hook_boot_here(void);
enum bg_err hook_sonic_add(const struct conf_job *job, char **out, struct conf_problem *why);
enum bg_err hook_sonic_look(const struct conf_job *job, struct conf_problem *why);
enum bg_err hook_commit_add(const struct conf_job *job, char **out, struct conf_problem *why);
enum bg_err hook_commit_look(const struct conf_job *job, struct conf_problem *why);
enum bg_err hook_boot_add(const struct conf_job *job, char **out, struct conf_problem *why);
enum bg_err hook_boot_look(const struct conf_job *job, struct conf_problem *why);
char *hook_boot_strip(const char *text);
enum bg_err nscd_add(const struct conf_job *job, char **out, struct conf_problem *why);
enum bg_err nscd_look(const struct conf_job *job, struct conf_problem *why);
char *nscd_strip(const char *text);
void nscd_reload(void);
bool audit_here(void);
enum bg_err audit_add(const struct conf_job *job, char **out, struct conf_problem *why);
enum bg_err audit_look(const struct conf_job *job, struct conf_problem *why);
char *audit_strip(const char *text);
void audit_reload(void);
enum bg_err rescue_add(const struct conf_job *job, char **out, struct conf_problem *why);
enum bg_err rescue_look(const struct conf_job *job, struct conf_problem *why);
bool rescue_check(const struct account_row *row, bool quiet);
void rescue_reload(void);
enum bg_err nsswitch_add(const struct conf_job *job, char **out, struct conf_problem *why);
enum bg_err nsswitch_look(const struct conf_job *job, struct conf_problem *why);
char *nsswitch_strip(const char *text);
bool nsswitch_here(void);
enum bg_err authselect_add(const struct conf_job *job, char **out, struct conf_problem *why);
enum bg_err authselect_look(const struct conf_job *job, struct conf_problem *why);
char *authselect_strip(const char *text);
bool authselect_here(void);
extern const struct sysowner authselect_owner;

/* Make the folders that planned hooks need, and note which. Failed: *failed could not be made. */
BG_MUST_CHECK enum bg_err hook_folders(const struct sysedits *e, const char **failed);
/* Those that were noted go, where no hook of ours is left and nothing else is in them. */
void hook_folders_away(void);

/* Ask for an sshd of our own on that port. False: it cannot be there, the finding was shown. */
BG_MUST_CHECK bool sshd_instance_ask(unsigned port);
bool sshd_instance_is_set_up(void);
/* Make the folder that its files need, and remove it where nothing is in it. BG_E_IO: *failed. */
BG_MUST_CHECK enum bg_err sshd_own_folder(const struct sysedits *e, const char **failed);
void sshd_own_folder_away(void);

/* Has this host systemd's rescue and emergency mode? Has one of them our drop-in? */
bool rescue_here(void);
bool rescue_is_set_up(void);
/* Does root's password open nothing, so that sulogin lets nobody in? */
bool rescue_root_locked(void);
/* Make the folders of both drop-ins before they are written. BG_E_IO: *failed could not be made. */
BG_MUST_CHECK enum bg_err rescue_folders(const char **failed);
/* Remove them where nothing is in them, after the drop-ins are gone or were not written. */
void rescue_folders_away(void);

#endif
