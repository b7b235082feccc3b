/* SPDX-License-Identifier: ISC */
/* What status tells of check. */
#include <string.h>
#include "admin/check/check.h"
#include "admin/check/output.h"
#include "admin/conf/conffile.h"
#include "admin/ui.h"

/* In full: what shuts an account out, and a fault of what breakglass itself has set up. */
static bool is_told(const struct check_finding *f)
{
    return f->severity == CHECK_BLOCK || (f->severity == CHECK_RISK && check_rule(f->rule)->ours);
}

void check_for_status(const struct check_findings *found, json_t *root)
{
    int n[CHECK_UNKNOWN + 1] = {0};

    for (size_t i = 0; i < found->n; i++) {
        n[found->of[i].severity]++;
        if (is_told(&found->of[i]))
            check_show(&found->of[i]);
    }
    (void)json_object_set_new(root, "check",
                              json_pack("{s:i, s:i, s:i, s:i}", "block", n[CHECK_BLOCK], "risk",
                                        n[CHECK_RISK], "warn", n[CHECK_WARN], "unknown", n[CHECK_UNKNOWN]));
    if (found->n > 0)
        ui_text("check: %d BLOCK, %d RISK, %d WARN, %d UNKNOWN; \"breakglass check\" tells them.\n",
                n[CHECK_BLOCK], n[CHECK_RISK], n[CHECK_WARN], n[CHECK_UNKNOWN]);
}

static bool is_of(const struct check_finding *f, const char *family)
{
    return strncmp(check_rule(f->rule)->said.id, family, strlen(family)) == 0;
}

/* A file by its name, or that of a service of PAM, whose fault may be in one that it includes. */
static bool is_about(const struct check_finding *f, const char *path)
{
    const char *service = check_says(f->says, "pam_service");
    size_t dir = strlen(PAM_DIR);

    return strcmp(check_says(f->says, "file"), path) == 0 ||
           (is_of(f, "PAM-") && strncmp(path, PAM_DIR, dir) == 0 && strcmp(path + dir + 1, service) == 0);
}

bool check_names_file(const void *found, const char *path)
{
    const struct check_findings *all = found;

    for (size_t i = 0; i < all->n; i++)
        if (is_told(&all->of[i]) && is_about(&all->of[i], path))
            return true;
    return false;
}

/* Has any of these rules a finding, or one that cannot be told? account NULL: whomever it is about. */
static bool any_of(const struct check_findings *found, const enum check_rule_name *rules, size_t n,
                   const char *account)
{
    for (size_t i = 0; i < found->n; i++)
        for (size_t k = 0; k < n; k++) {
            const char *about = check_says(found->of[i].says, "account");
            if (found->of[i].rule == rules[k] &&
                (account == NULL || *about == '\0' || strcmp(about, account) == 0))
                return true;
        }
    return false;
}

bool check_libc_knows(const struct check_findings *found, const char *account)
{
    static const enum check_rule_name rules[] = {
        CHECK_ACC_LIBC,   CHECK_ACC_LIBC_LOOKS,  CHECK_ACC_OTHER,  CHECK_ACC_OTHER_LOOKS, CHECK_ACC_NUMBER,
        CHECK_NSS_ABSENT, CHECK_NSS_BROKEN,      CHECK_NSS_NEVER,  CHECK_NSS_LOST,        CHECK_NSS_MODULE,
        CHECK_NSS_STALE,  CHECK_NSS_STALE_LOOKS, CHECK_NSS_UNKNOWN};

    return !any_of(found, rules, sizeof rules / sizeof *rules, account);
}

bool check_modules_sound(const struct check_findings *found)
{
    static const enum check_rule_name rules[] = {CHECK_PAM_MODULE, CHECK_PAM_MODULE_OWNER,
                                                 CHECK_PAM_PROGRAM_GONE, CHECK_PAM_PROGRAM_ELSE,
                                                 CHECK_NSS_MODULE};

    return !any_of(found, rules, sizeof rules / sizeof *rules, NULL);
}

bool check_sshd_sound(const struct check_findings *found, const char *server)
{
    for (size_t i = 0; i < found->n; i++)
        if (is_told(&found->of[i]) && is_of(&found->of[i], "SSH-") &&
            strcmp(check_says(found->of[i].says, "pam_service"), server) == 0)
            return false;
    return true;
}
