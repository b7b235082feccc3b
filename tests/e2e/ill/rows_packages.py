# SPDX-License-Identifier: ISC
"""The table for the packages that packages.py names: as they are, and one fault each."""

from __future__ import annotations

from host import OWN, PAM, Row
from rows import line

BEHIND = f"for s in login sshd su; do sed -i '/^auth.*pam_breakglass/{{h;d}};/common-auth/G' {PAM}$s; done"
ACCOUNT_BEHIND = f"for s in login sshd su; do sed -i '/^account.*pam_breakglass/{{h;d}};/common-account/G' {PAM}$s; done"


def only(*profiles: str) -> str:
    """Debian's stacks with these alone."""
    others = " ".join({"ldap", "sss", "krb5", "u2f", "google-authenticator"} - set(profiles))
    return f"DEBIAN_FRONTEND=noninteractive pam-auth-update --disable {others}; DEBIAN_FRONTEND=noninteractive pam-auth-update --enable unix {' '.join(profiles)}"


ROWS = [
    Row("well_all", "true"),
    Row("well_all_own", "true", account=OWN),
    *(Row(f"well_{p.replace('-', '_')}", only(p)) for p in ("sss", "krb5", "u2f", "google-authenticator")),
    Row("sss_stacks_behind", only("sss") + "; " + BEHIND, "PAM-01", "--fix"),
    Row("krb5_stacks_behind", only("krb5") + "; " + BEHIND, "PAM-01", "--fix"),
    Row("all_stacks_behind", BEHIND, "PAM-01", "--fix"),
    Row("sss_account_behind", only("sss") + "; " + ACCOUNT_BEHIND, "PAM-04 UNKNOWN"),
    Row("sss_account_behind_own", only("sss") + "; " + ACCOUNT_BEHIND, "PAM-09 RISK", account=OWN),
    Row("krb5_account_behind", only("krb5") + "; " + ACCOUNT_BEHIND, "PAM-09 RISK", account=OWN),
    Row("sss_required", line("auth required pam_sss.so"), "PAM-03", "--fix"),
    Row("sss_requisite", line("auth requisite pam_sss.so", "sshd"), "PAM-01", "--fix"),
    Row("sss_sufficient", line("auth sufficient pam_sss.so"), "PAM-23 RISK"),
    Row("sss_optional", line("auth optional pam_sss.so"), "PAM-23 RISK"),
    Row("sss_ignores_unknown", line("auth [default=bad success=ok user_unknown=ignore] pam_sss.so"), "PAM-04 UNKNOWN"),
    Row("sss_ignores_both", line("auth [default=bad success=ok user_unknown=ignore authinfo_unavail=ignore] pam_sss.so"), "PAM-23 RISK"),
    Row("sss_account", line("account required pam_sss.so"), "PAM-03", "--fix"),
    Row("sss_account_debian", line("account [default=bad success=ok user_unknown=ignore] pam_sss.so"), "PAM-04 UNKNOWN"),
    Row("sss_account_options", line("account required pam_sss.so ignore_unknown_user ignore_authinfo_unavail")),
    Row("sss_session", line("session required pam_sss.so"), "PAM-03"),
    Row("krb5_required", line("auth required pam_krb5.so"), "PAM-03", "--fix"),
    Row("krb5_required_own", line("auth required pam_krb5.so"), "PAM-03", "--fix", account=OWN),
    Row("krb5_minimum", line("auth required pam_krb5.so minimum_uid=1000"), "PAM-03 UNKNOWN"),
    Row("krb5_account", line("account required pam_krb5.so")),
    Row("krb5_session", line("session required pam_krb5.so")),
    Row("u2f_required", line("auth required pam_u2f.so"), "PAM-03", "--fix"),
    Row("u2f_requisite", line("auth requisite pam_u2f.so cue"), "PAM-01", "--fix"),
    Row("u2f_nouserok", line("auth required pam_u2f.so nouserok")),
    Row("u2f_sufficient", line("auth sufficient pam_u2f.so cue")),
    Row("google_required", line("auth required pam_google_authenticator.so"), "PAM-03", "--fix"),
    Row("google_nullok", line("auth required pam_google_authenticator.so nullok")),
    Row("google_sufficient", line("auth sufficient pam_google_authenticator.so"), "PAM-23 RISK"),
    Row("google_sufficient_nullok", line("auth sufficient pam_google_authenticator.so nullok"), "PAM-01 UNKNOWN"),
    Row("nss_sss_first", "sed -i 's/^passwd.*/passwd: sss files breakglass/' /etc/nsswitch.conf", "NSS-02 RISK"),
    Row("nss_sss_groups", "sed -i 's/^group.*/group: files sss/' /etc/nsswitch.conf", "NSS-03 RISK"),
    Row("faillock_silent", line("auth required pam_faillock.so preauth silent"), "PAM-05 RISK", account=OWN),
    Row("u2f_of_login", line("auth required pam_u2f.so", "login"), "PAM-03", "--fix"),
]
