/* What sshd does around this dialogue: how long it waits, and why it refuses an account by itself. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "config/sshdconf.h"
#include "login/login.h"

#define CONFIG     BG_SYSCONFDIR "/ssh/sshd_config"
#define GRACE_GOOD 300u /* seconds that are enough for everybody */

enum bg_err sshd_say_grace(struct login *L)
{
    unsigned seconds = decide_is_sshd(&L->hello) ? bg_sshd_grace(CONFIG) : 0;

    if (seconds == 0 || seconds >= GRACE_GOOD)
        return BG_OK;
    return login_say(L, BG_STYLE_INFO, BG_M_SSHD_GRACE, BG_ARGS(BG_DIGITS(seconds)));
}

static bool can_be_run(const char *shell)
{
    struct stat st;

    return stat(shell, &st) == 0 && S_ISREG(st.st_mode) && access(shell, X_OK) == 0;
}

enum bg_err sshd_refused(struct login *L)
{
    static struct bg_sshd_user user;
    static struct bg_sshd_rule rule;
    char why[PATH_MAX + 160];

    bg_sshd_user(&L->account, BG_SYSCONFDIR "/group", &user);
    /* not the line's text: who reads this is nobody yet, and it may name other people */
    if (!can_be_run(L->account.shell))
        (void)snprintf(why, sizeof why, "its shell %s is missing or cannot be run", L->account.shell);
    else if (!bg_sshd_excludes(CONFIG, &user, L->account.uid == 0, &rule))
        (void)snprintf(why, sizeof why, "by a rule that \"breakglass status\" names");
    else if (rule.number == 0)
        (void)snprintf(why, sizeof why, "by the default of %s, for no Match block names it", rule.key);
    else
        (void)snprintf(why, sizeof why, "by %s in %s, line %u", rule.key, rule.file, rule.number);
    return login_refuse(L, BG_M_SSHD_JUNK, BG_ARGS(L->account.name, why));
}
